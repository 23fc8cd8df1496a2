//! What makes functions run locally: the template's reading, the gateway, the stream pump and the Runtime API.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use local::credentials::Credentials;
use local::endpoints::dynamodb::DynamoDb;
use local::endpoints::kms::Kms;
use local::endpoints::s3::S3;
use local::functions::{self, FunctionSpec, Handler, Route, StreamSource};
use local::gateway;
use local::pump::{Pattern, Pump};
use local::resources;
use local::runtime_api::Process;
use local::sdk::Endpoints;
use local::serve::{self, Stop, StopHandle};
use serde_json::{Value, json};
use tokio::sync::{Notify, mpsc};

/// Long enough for a loaded machine; reached only when a test fails.
const PATIENCE: Duration = Duration::from_secs(20);

fn spec(name: &str, routes: &[&str]) -> FunctionSpec {
    let route = |key: &&str| match key.split_once(' ') {
        Some((method, path)) => Route { method: method.to_owned(), path_pattern: path.to_owned() },
        None => Route { method: "ANY".to_owned(), path_pattern: (*key).to_owned() },
    };
    FunctionSpec {
        name: name.to_owned(),
        environment: BTreeMap::new(),
        timeout: Duration::from_secs(15),
        memory_mb: 128,
        routes: routes.iter().map(route).collect(),
        streams: Vec::new(),
        schedules: Vec::new(),
    }
}

fn handler<F, A>(function: F) -> Handler
where
    F: Fn(Value) -> A + Send + Sync + 'static,
    A: Future<Output = Result<Value, String>> + Send + 'static,
{
    Arc::new(move |event| Box::pin(function(event)))
}

/// A handler that passes each event on, and answers 200.
fn recorder() -> (Handler, mpsc::UnboundedReceiver<Value>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let recorder = handler(move |event| {
        let _ = sender.send(event);
        async { Ok(json!({"statusCode": 200, "body": "ok"})) }
    });
    (recorder, receiver)
}

async fn next<T>(receiver: &mut mpsc::UnboundedReceiver<T>) -> T {
    tokio::time::timeout(PATIENCE, receiver.recv()).await.expect("in time").expect("open")
}

struct Server {
    url: String,
    _stop: StopHandle,
}

fn serve(router: axum::Router) -> Server {
    let listener = serve::bind("test", 0).expect("a port");
    let url = serve::base_url(&listener).expect("an address");
    let (handle, stop) = Stop::channel();
    drop(serve::spawn(listener, router, stop).expect("serves"));
    Server { url, _stop: handle }
}

fn gateway(functions: &[(FunctionSpec, Handler)]) -> Server {
    let specs: Vec<FunctionSpec> = functions.iter().map(|(spec, _)| spec.clone()).collect();
    let handlers = functions.iter().map(|(spec, handler)| (spec.name.clone(), Arc::clone(handler))).collect();
    serve(gateway::router(&specs, handlers).expect("a router"))
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().expect("a client")
}

/// Sends bytes as they stand, and returns the whole answer. What a client library would repair arrives unrepaired.
async fn raw(server: &Server, request: &str) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let address = server.url.trim_start_matches("http://");
    let mut stream = tokio::net::TcpStream::connect(address).await.expect("connects");
    stream.write_all(request.as_bytes()).await.expect("writes");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("reads");
    answer
}

/// Takes out what differs from run to run, after a look at its shape.
fn settle(event: &mut Value, port: &str) {
    let context = &mut event["requestContext"];
    assert_eq!(context["requestId"].as_str().map(str::len), Some(32));
    assert!(context["timeEpoch"].as_i64() > Some(1_700_000_000_000));
    let time = context["time"].as_str().expect("a time");
    assert!(time.len() == 26 && time.ends_with(" +0000") && time.as_bytes()[2] == b'/', "{time}");
    let trace = event["headers"]["x-amzn-trace-id"].as_str().expect("a trace").to_owned();
    assert!(trace.starts_with("Root=1-") && trace.len() == 40, "{trace}");
    for (place, value) in [("requestId", json!("ID")), ("time", json!("TIME")), ("timeEpoch", json!(0))] {
        event["requestContext"][place] = value;
    }
    event["headers"]["x-amzn-trace-id"] = json!("TRACE");
    assert_eq!(event["headers"]["x-forwarded-port"], port);
    event["headers"]["x-forwarded-port"] = json!("PORT");
}

/// The event of API Gateway's payload format 2.0, as its documentation shows it: the path decoded, the query both ways,
/// cookies in their own field, repeated headers and parameters joined by commas.
#[tokio::test]
async fn the_event_of_a_get() {
    let (function, mut events) = recorder();
    let server = gateway(&[(spec("things", &["GET /v1/things/{id}/parts/{part}"]), function)]);
    let request = "GET /v1/things/a%20b/parts/%C4%91%E1%BB%93?name=L%C3%AA+L%E1%BB%A3i&x=1&x=2%2C3&plus=%2B&empty HTTP/1.1\r\n\
                   Host: api.example.vn:8443\r\nUser-Agent: test/1\r\nAccept: a/b\r\nAccept: c/d\r\nX-Mixed-Case: One\r\n\
                   Cookie: a=1; b=2\r\nCookie: c=3\r\nX-Forwarded-For: 203.0.113.9\r\nConnection: close\r\n\r\n";
    let answer = raw(&server, request).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(answer.contains("apigw-requestid: "), "{answer}");
    let mut event = next(&mut events).await;
    settle(&mut event, "8443");
    let golden = json!({
        "version": "2.0",
        "routeKey": "GET /v1/things/{id}/parts/{part}",
        "rawPath": "/v1/things/a b/parts/đồ",
        "rawQueryString": "name=L%C3%AA+L%E1%BB%A3i&x=1&x=2%2C3&plus=%2B&empty",
        "cookies": ["a=1", "b=2", "c=3"],
        "headers": {
            "accept": "a/b,c/d",
            "content-length": "0",
            "host": "api.example.vn:8443",
            "user-agent": "test/1",
            "x-amzn-trace-id": "TRACE",
            "x-forwarded-for": "203.0.113.9,127.0.0.1",
            "x-forwarded-port": "PORT",
            "x-forwarded-proto": "http",
            "x-mixed-case": "One",
        },
        "queryStringParameters": {"empty": "", "name": "Lê Lợi", "plus": "+", "x": "1,2,3"},
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "local",
            "domainName": "api.example.vn",
            "domainPrefix": "api",
            "http": {
                "method": "GET",
                "path": "/v1/things/a b/parts/đồ",
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "test/1",
            },
            "requestId": "ID",
            "routeKey": "GET /v1/things/{id}/parts/{part}",
            "stage": "$default",
            "time": "TIME",
            "timeEpoch": 0,
        },
        "pathParameters": {"id": "a b", "part": "đồ"},
        "isBase64Encoded": false,
    });
    assert_eq!(event, golden);
}

/// Binary bodies travel as base64, and nothing is said about what the request does not have.
#[tokio::test]
async fn the_event_of_a_binary_post() {
    let (function, mut events) = recorder();
    let server = gateway(&[(spec("verify", &["POST /v1/verifications"]), function)]);
    let body: &[u8] = b"%PDF-1.7\n\x00\xff\xfe";
    let post = client().post(format!("{}/v1/verifications", server.url)).header("content-type", "application/pdf");
    let response = post.header("user-agent", "test/1").body(body).send().await.expect("an answer");
    assert_eq!(response.status(), 200);
    let mut event = next(&mut events).await;
    let port = server.url.rsplit(':').next().expect("a port").to_owned();
    settle(&mut event, &port);
    let golden = json!({
        "version": "2.0",
        "routeKey": "POST /v1/verifications",
        "rawPath": "/v1/verifications",
        "rawQueryString": "",
        "headers": {
            "accept": "*/*",
            "content-length": "12",
            "content-type": "application/pdf",
            "host": format!("127.0.0.1:{port}"),
            "user-agent": "test/1",
            "x-amzn-trace-id": "TRACE",
            "x-forwarded-for": "127.0.0.1",
            "x-forwarded-port": "PORT",
            "x-forwarded-proto": "http",
        },
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "local",
            "domainName": "127.0.0.1",
            "domainPrefix": "127",
            "http": {
                "method": "POST",
                "path": "/v1/verifications",
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "test/1",
            },
            "requestId": "ID",
            "routeKey": "POST /v1/verifications",
            "stage": "$default",
            "time": "TIME",
            "timeEpoch": 0,
        },
        "body": "JVBERi0xLjcKAP/+",
        "isBase64Encoded": true,
    });
    assert_eq!(event, golden);
}

/// Which bodies pass as text: measured on AWS, and not what one would guess.
#[tokio::test]
async fn text_and_binary_bodies() {
    let (function, mut events) = recorder();
    let server = gateway(&[(spec("any", &["$default"]), function)]);
    let cases: [(Option<&str>, &[u8], Value, bool); 9] = [
        (Some("application/json"), "{\"a\":\"đ\"}".as_bytes(), json!("{\"a\":\"đ\"}"), false),
        (Some("Application/JSON; charset=utf-8"), b"{}", json!("{}"), false),
        (Some("text/csv"), b"a,b", json!("a,b"), false),
        (Some("application/xml"), b"<a/>", json!("<a/>"), false),
        (Some("application/problem+json"), b"{}", json!("e30="), true),
        (Some("application/x-www-form-urlencoded"), b"a=1", json!("YT0x"), true),
        (None, b"a", json!("YQ=="), true),
        (Some("text/plain"), b"\xff", json!("/w=="), true),
        (Some("application/pdf"), b"", Value::Null, false),
    ];
    for (kind, body, text, encoded) in cases {
        let mut request = client().put(format!("{}/x", server.url)).body(body);
        if let Some(kind) = kind {
            request = request.header("content-type", kind);
        }
        request.send().await.expect("an answer");
        let event = next(&mut events).await;
        assert_eq!(
            (event.get("body").unwrap_or(&Value::Null), &event["isBase64Encoded"]),
            (&text, &json!(encoded)),
            "{kind:?}"
        );
    }
}

/// Literal before variable before greedy before `$default`, a method before ANY; nothing is repaired.
#[tokio::test]
async fn route_priorities() {
    let (function, mut events) = recorder();
    let (other, mut others) = recorder();
    let routes = [
        "GET /",
        "GET /pets",
        "GET /pets/{id}",
        "GET /pets/dog",
        "GET /pets/dog/{n}",
        "GET /pets/{id}/toys",
        "POST /pets/{id}",
        "GET /files/{proxy+}",
    ];
    let server = gateway(&[
        (spec("pets", &routes), function),
        (spec("others", &["ANY /pets/{proxy+}", "ANY /pets/{id}"]), other),
    ]);
    let cases = [
        ("GET", "/", Some("GET /")),
        ("GET", "/pets", Some("GET /pets")),
        ("GET", "/pets/dog", Some("GET /pets/dog")),
        ("GET", "/pets/cat", Some("GET /pets/{id}")),
        ("GET", "/pets/dog/1", Some("GET /pets/dog/{n}")),
        ("GET", "/pets/dog/toys", Some("GET /pets/dog/{n}")),
        ("GET", "/pets/cat/toys", Some("GET /pets/{id}/toys")),
        ("GET", "/pets/cat/toys/1", Some("ANY /pets/{proxy+}")),
        ("POST", "/pets/dog", Some("POST /pets/{id}")),
        ("DELETE", "/pets/dog", Some("ANY /pets/{id}")),
        ("DELETE", "/pets/dog/1", Some("ANY /pets/{proxy+}")),
        ("GET", "/files/a/b%20c/d", Some("GET /files/{proxy+}")),
        ("GET", "/files", None),
        ("GET", "/files/", None),
        ("GET", "/pets/", None),
        ("GET", "/PETS", None),
        ("HEAD", "/pets", None),
        ("OPTIONS", "/pets", None),
        ("POST", "/", None),
        ("GET", "//pets", None),
    ];
    for (method, path, expected) in cases {
        let request = client().request(method.parse().expect("a method"), format!("{}{path}", server.url));
        let response = request.send().await.expect("an answer");
        let Some(expected) = expected else {
            assert_eq!(response.status(), 404, "{method} {path}");
            assert_eq!(response.headers()["content-type"], "application/json");
            if method != "HEAD" {
                assert_eq!(response.text().await.expect("text"), r#"{"message":"Not Found"}"#, "{method} {path}");
            }
            continue;
        };
        assert_eq!(response.status(), 200, "{method} {path}");
        let event = if expected.starts_with("ANY") { next(&mut others).await } else { next(&mut events).await };
        assert_eq!(event["routeKey"], expected, "{method} {path}");
        if path.starts_with("/files/") {
            assert_eq!(event["pathParameters"], json!({"proxy": "a/b c/d"}));
        }
    }
    assert!(events.try_recv().is_err() && others.try_recv().is_err());
}

#[tokio::test]
async fn the_default_route_takes_the_rest() {
    let (function, mut events) = recorder();
    let server = gateway(&[(spec("some", &["GET /a", "$default"]), function)]);
    for (path, key) in [("/a", "GET /a"), ("/b/c", "$default"), ("/", "$default")] {
        client().get(format!("{}{path}", server.url)).send().await.expect("an answer");
        let event = next(&mut events).await;
        assert_eq!((&event["routeKey"], event.get("pathParameters")), (&json!(key), None));
    }
}

#[test]
fn routes_that_cannot_be_told_apart_or_read_are_refused() {
    for routes in [
        ["GET /a/{x}", "GET /a/{y}"],
        ["GET /a", "GET /a"],
        ["GET /{p+}/a", "GET /b"],
        ["GET /{", "GET /b"],
        ["GET /a{x}", "GET /b"],
        ["GET /{}", "GET /b"],
    ] {
        let (function, _) = recorder();
        let refused = gateway::router(&[spec("f", &routes)], BTreeMap::from([("f".to_owned(), function)]));
        assert!(refused.is_err(), "{routes:?}");
    }
    let refused = gateway::router(&[spec("f", &["GET /a"])], BTreeMap::new()).expect_err("no handler");
    assert!(refused.to_string().contains("function f"), "{refused}");
}

fn text<'a>(headers: &'a reqwest::header::HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Answers, as payload format 2.0 maps them; a malformed one is the function's fault and the client sees 500.
#[tokio::test]
async fn answers_are_mapped() {
    let echo = handler(|event| async move {
        let body = event["body"].as_str().unwrap_or_default().to_owned();
        match body.as_str() {
            "error" => Err("no".to_owned()),
            "panic" => panic!("as the test wants"),
            _ => serde_json::from_str(&body).map_err(|error| error.to_string()),
        }
    });
    let server = gateway(&[(spec("echo", &["POST /"]), echo)]);
    let ask = async |answer: &str| {
        let post = client().post(&server.url).header("content-type", "text/plain").body(answer.to_owned());
        let response = post.send().await.expect("an answer");
        let headers = response.headers().clone();
        (response.status().as_u16(), headers, response.bytes().await.expect("a body").to_vec())
    };

    let full = json!({
        "statusCode": 201, "headers": {"Content-Type": "text/html; charset=utf-8", "x-number": 3, "content-length": "99"},
        "cookies": ["a=1; HttpOnly", "b=2"], "body": "<p>đ</p>", "isBase64Encoded": false,
    });
    let (status, headers, body) = ask(&full.to_string()).await;
    assert_eq!((status, body.as_slice()), (201, "<p>đ</p>".as_bytes()));
    assert_eq!(text(&headers, "content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(text(&headers, "x-number"), Some("3"));
    assert_eq!(headers.get_all("set-cookie").iter().collect::<Vec<_>>(), ["a=1; HttpOnly", "b=2"]);

    let (status, headers, body) = ask(r#"{"statusCode":303,"headers":{"location":"/x"}}"#).await;
    assert_eq!((status, text(&headers, "location"), body.len()), (303, Some("/x"), 0));
    assert!(headers.get("content-type").is_none());

    let (_, headers, body) = ask(r#"{"statusCode":200,"body":"/wA=","isBase64Encoded":true}"#).await;
    assert_eq!((text(&headers, "content-type"), body), (Some("text/plain; charset=utf-8"), vec![255, 0]));

    let (status, headers, body) = ask(r#"{"hello":1}"#).await;
    assert_eq!(
        (status, text(&headers, "content-type"), body),
        (200, Some("application/json"), br#"{"hello":1}"#.to_vec())
    );

    for wrong in [
        "error",
        "panic",
        r#"{"statusCode":99}"#,
        r#"{"statusCode":"x"}"#,
        r#"{"statusCode":200,"body":{}}"#,
        r#"{"statusCode":200,"body":"*","isBase64Encoded":true}"#,
        r#"{"statusCode":200,"headers":{"a b":"c"}}"#,
        r#"{"statusCode":200,"headers":{"a":"x\ny"}}"#,
    ] {
        let (status, headers, body) = ask(wrong).await;
        assert_eq!(
            (status, text(&headers, "content-type"), body.as_slice()),
            (500, Some("application/json"), br#"{"message":"Internal Server Error"}"#.as_slice()),
            "{wrong}"
        );
    }
}

/// The function's own timeout is an error of the function, the gateway's limit is 503; a function that nobody waits for
/// runs on.
#[tokio::test]
async fn timeouts() {
    let ended = Arc::new(Notify::new());
    let mark = Arc::clone(&ended);
    let slow = handler(move |event| {
        let mark = Arc::clone(&mark);
        async move {
            if event["rawPath"] == "/never" {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(Duration::from_millis(400)).await;
            mark.notify_one();
            Ok(json!({"statusCode": 200}))
        }
    });
    let mut short = spec("short", &["GET /never"]);
    short.timeout = Duration::from_millis(50);
    let specs = [short, spec("long", &["GET /slow"])];
    let handlers = BTreeMap::from([("short".to_owned(), Arc::clone(&slow)), ("long".to_owned(), slow)]);
    let server = serve(gateway::router_within(&specs, handlers, Duration::from_millis(150)).expect("a router"));
    let response = client().get(format!("{}/never", server.url)).send().await.expect("an answer");
    assert_eq!(
        (response.status().as_u16(), response.text().await.expect("text")),
        (500, r#"{"message":"Internal Server Error"}"#.to_owned())
    );
    let response = client().get(format!("{}/slow", server.url)).send().await.expect("an answer");
    assert_eq!(
        (response.status().as_u16(), response.text().await.expect("text")),
        (503, r#"{"message":"Service Unavailable"}"#.to_owned())
    );
    tokio::time::timeout(PATIENCE, ended.notified()).await.expect("it ran on after the 503");

    let client = client().get(format!("{}/slow", server.url)).timeout(Duration::from_millis(60)).send().await;
    assert!(client.is_err(), "the client has left");
    tokio::time::timeout(PATIENCE, ended.notified()).await.expect("it ran on after the client left");
}

/// 10 MiB is the gateway's limit, and 6 MiB the invocation's: a binary body grows by a third.
#[tokio::test]
async fn bodies_that_are_too_large() {
    let (function, mut events) = recorder();
    let server = gateway(&[(spec("any", &["$default"]), function)]);
    let mib = 1024 * 1024;
    for (length, status) in [(4 * mib, 200), (5 * mib, 413), (10 * mib + 1, 413), (20 * mib, 413)] {
        let post = client().post(&server.url).header("content-type", "application/pdf").body(vec![b'x'; length]);
        let response = post.send().await.expect("an answer");
        assert_eq!(response.status(), status, "{length}");
        if status == 413 {
            assert_eq!(response.text().await.expect("text"), r#"{"message":"Request Entity Too Large"}"#);
        } else {
            next(&mut events).await;
        }
    }
    assert!(events.try_recv().is_err());
}

fn credentials() -> Credentials {
    Credentials::default()
}

fn parameters() -> BTreeMap<String, String> {
    let needed = [
        "TokenJwks",
        "DirectoryUrl",
        "DirectoryToken",
        "GatewayUrl",
        "GatewayToken",
        "TsaUrls",
        "TrustListPins",
        "TrustHosts",
        "PublicUrl",
        "Sender",
        "EdgeKey",
    ];
    needed.into_iter().map(|name| (name.to_owned(), format!("<{name}>"))).collect()
}

fn exports() -> BTreeMap<String, String> {
    let names = [
        "TableName",
        "TableArn",
        "TableStreamArn",
        "DocumentsBucket",
        "DocumentsBucketArn",
        "DataKeyArn",
        "SealKeyId",
        "SealKeyArn",
        "SealKeyAlias",
        "ReportKeyArn",
        "ReportKeyAlias",
    ];
    names.into_iter().map(|name| (format!("ctdt-dev-{name}"), format!("({name})"))).collect()
}

fn template() -> Vec<FunctionSpec> {
    functions::read(&parameters(), &exports(), &credentials()).expect("template.yaml is understood")
}

#[test]
fn the_template_is_read() {
    let functions = template();
    let names: Vec<&str> = functions.iter().map(|function| function.name.as_str()).collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    let all = [
        "accounts",
        "appointment",
        "augmentation",
        "console",
        "delivery",
        "examiner",
        "intake",
        "numbering",
        "register",
        "signing-callback",
        "signing-request",
        "verification",
    ];
    assert_eq!(sorted, all, "decision 4");
    let of = |name: &str| functions.iter().find(|function| function.name == name).expect("a function");
    let numbering = of("numbering");
    assert_eq!(numbering.environment["TABLE_NAME"], "(TableName)");
    assert_eq!(numbering.environment["SEAL_KEY_ALIAS_PREFIX"], "alias/ctdt-seal-");
    assert_eq!(numbering.environment["AWS_LC_SYS_NO_JITTER_ENTROPY"], "1", "from Globals");
    assert_eq!((numbering.timeout, numbering.memory_mb), (Duration::from_secs(180), 1024), "its own");
    assert_eq!((of("register").timeout, of("register").memory_mb), (Duration::from_secs(29), 512), "from Globals");
    assert!(numbering.routes.is_empty(), "decision 23");
    assert_eq!(numbering.schedules, [Duration::from_secs(60)]);
    assert_eq!(of("examiner").schedules, [Duration::from_secs(86_400)]);
    let [source] = numbering.streams.as_slice() else { panic!("one stream") };
    assert_eq!(
        (source.arn.as_str(), source.batch_size, source.max_retries, source.bisect),
        ("(TableStreamArn)", 10, 20, true)
    );
    assert_eq!(
        source.filters,
        [
            json!({"eventName": ["INSERT"], "dynamodb": {"NewImage": {"kind": {"S": ["outbox"]}, "topic": {"S": ["seal"]}}}})
        ]
    );
    assert_eq!(of("augmentation").streams.iter().map(|source| source.filters.len()).collect::<Vec<_>>(), [3]);
    for function in &functions {
        assert!(function.environment.values().all(|value| !value.contains("${")), "{}", function.name);
        let sources = function.routes.len() + function.streams.len() + function.schedules.len();
        assert!(sources > 0, "{} has no event source (decision 30)", function.name);
    }
}

/// Each route of the template leads to its function, whatever stands in its variables.
#[tokio::test]
async fn every_route_of_the_template_is_reached() {
    let functions = template();
    let (sender, mut seen) = mpsc::unbounded_channel();
    let named = |function: &FunctionSpec| {
        let (name, sender) = (function.name.clone(), sender.clone());
        let handler = handler(move |event: Value| {
            let _ = sender.send((name.clone(), event["routeKey"].clone()));
            async { Ok(json!({"statusCode": 204})) }
        });
        (function.name.clone(), handler)
    };
    let server = serve(gateway::router(&functions, functions.iter().map(named).collect()).expect("a router"));
    let client = client();
    let mut count = 0;
    for function in &functions {
        for route in &function.routes {
            let segment =
                |segment: &str| if segment.starts_with('{') { "case_0%C4%91".to_owned() } else { segment.to_owned() };
            let pattern = if route.path_pattern == "$default" { "/to/nowhere" } else { &route.path_pattern };
            let path: Vec<String> = pattern.split('/').map(segment).collect();
            let request = client.request(
                route.method.replace("ANY", "PUT").parse().expect("a method"),
                format!("{}{}", server.url, path.join("/")),
            );
            assert_eq!(request.send().await.expect("an answer").status(), 204, "{}", route.key());
            assert_eq!(next(&mut seen).await, (function.name.clone(), json!(route.key())));
            count += 1;
        }
    }
    assert_eq!(count, functions::TEMPLATE.matches("RouteKey:").count());
}

/// What is not understood stops the start, with the place.
#[test]
fn a_template_that_is_not_understood_is_refused() {
    let read = |text: &str| functions::read_text(text, &parameters(), &exports(), &credentials());
    let whole = functions::TEMPLATE;
    assert!(read(whole).is_ok());
    let changes = [
        ("rate(1 minute)", "cron(0 1 * * ? *)", "is no rate"),
        (
            "            BatchSize: 10",
            "            BatchSize: 10\n            MaximumBatchingWindowInSeconds: 2",
            "MaximumBatchingWindowInSeconds",
        ),
        ("ParallelizationFactor: 10", "ParallelizationFactor: 11", "ParallelizationFactor"),
        ("            MaximumRetryAttempts: 20\n", "", "MaximumRetryAttempts"),
        ("StartingPosition: TRIM_HORIZON", "StartingPosition: LATEST", "TRIM_HORIZON"),
        ("[ReportBatchItemFailures]", "[]", "ReportBatchItemFailures"),
        (r#"{"S":["seal"]}"#, r#"{"S":[{"prefix":"se"}]}"#, "prefix"),
        ("Type: AWS::SQS::Queue", "Type: AWS::SNS::Topic", "AWS::SNS::Topic"),
        ("          Type: DynamoDB", "          Type: Kinesis", "Kinesis"),
        ("TOKEN_JWKS: !Ref TokenJwks", "TOKEN_JWKS: !Ref Tokens", "Tokens"),
        ("TOKEN_JWKS: !Ref TokenJwks", "TOKEN_JWKS: !FindInMap [A, B, C]", "FindInMap"),
        ("RouteKey: GET /v1/units\n", "RouteKey: /v1/units\n", "is no route key"),
        ("RouteKey: GET /v1/units\n", "RouteKey: GET /v1/fees\n", "stands twice"),
        ("PayloadFormatVersion: \"2.0\"", "PayloadFormatVersion: \"1.0\"", "2.0"),
        ("integrations/${AppointmentIntegration}", "integrations/${Api}", "is no target"),
        ("{Binary: intake}", "{Binary: appointment}", "appointment"),
        ("{Binary: intake}", "{}", "Binary"),
    ];
    for (from, to, message) in changes {
        assert!(whole.contains(from), "{from}");
        let error = read(&whole.replacen(from, to, 1)).expect_err(from).to_string();
        assert!(error.contains(message), "{from}: {error}");
    }
    let error = functions::read(&BTreeMap::new(), &exports(), &credentials()).expect_err("parameters are missing");
    assert!(error.to_string().contains("TokenJwks"), "{error}");
    let error = functions::read(&parameters(), &BTreeMap::new(), &credentials()).expect_err("exports are missing");
    assert!(error.to_string().contains("ctdt-dev-Table"), "{error}");
}

/// EventBridge's semantics for exact values; anything else is refused.
#[test]
fn filter_patterns() {
    let event = json!({"eventName": "INSERT", "n": 3, "flag": true, "none": null, "tags": ["a", "b"], "dynamodb": {"NewImage": {"kind": {"S": "outbox"}}}});
    let cases = [
        (json!({"eventName": ["INSERT"]}), true),
        (json!({"eventName": ["MODIFY", "INSERT"]}), true),
        (json!({"eventName": ["MODIFY", "REMOVE"]}), false),
        (json!({"eventName": ["insert"]}), false),
        (json!({"eventName": ["INSERT"], "n": [4]}), false),
        (json!({"n": [3]}), true),
        (json!({"n": ["3"]}), false),
        (json!({"flag": [true], "none": [null]}), true),
        (json!({"tags": ["b", "z"]}), true),
        (json!({"tags": ["z"]}), false),
        (json!({"missing": ["x"]}), false),
        (json!({"missing": [null]}), false),
        (json!({"dynamodb": {"NewImage": {"kind": {"S": ["outbox"]}}}}), true),
        (json!({"dynamodb": {"NewImage": {"kind": {"N": ["outbox"]}}}}), false),
        (json!({"dynamodb": {"OldImage": {"kind": {"S": ["outbox"]}}}}), false),
        (json!({"dynamodb": ["x"]}), false),
        (json!({"eventName": {"x": ["y"]}}), false),
    ];
    for (pattern, passes) in cases {
        assert_eq!(Pattern::parse(&pattern).expect("a pattern").matches(&event), passes, "{pattern}");
    }
    for wrong in [
        json!({}),
        json!([]),
        json!({"a": []}),
        json!({"a": "b"}),
        json!({"a": {}}),
        json!({"a": [{"exists": true}]}),
        json!({"a": [["b"]]}),
        json!({"$or": [{"a": ["b"]}]}),
        json!({"a": {"b": [{"anything-but": "c"}]}}),
    ] {
        assert!(Pattern::parse(&wrong).is_err(), "{wrong}");
    }
}

/// The embedded services with what state.yaml declares.
struct Cloud {
    dynamodb: DynamoDb,
    table: aws_sdk_dynamodb::Client,
    name: String,
    stream: String,
    _kept: (Kms, S3, StopHandle),
}

impl Cloud {
    async fn start() -> Self {
        let (handle, stop) = Stop::channel();
        let bind = || serve::bind("test", 0).expect("a port");
        let dynamodb = DynamoDb::start(bind(), None, stop.clone()).expect("DynamoDB");
        let s3 = S3::start(bind(), None, &credentials(), stop.clone()).expect("S3");
        let kms = Kms::start(bind(), None, &credentials(), stop).expect("KMS");
        let endpoints = Endpoints {
            dynamodb: dynamodb.url().to_owned(),
            s3: s3.url().to_owned(),
            kms: kms.url().to_owned(),
            sesv2: String::new(),
        };
        let sdk = endpoints.config(&credentials());
        let state = resources::create(&sdk, kms.keys(), &credentials(), &BTreeMap::new()).await.expect("state.yaml");
        let table = aws_sdk_dynamodb::Client::new(&sdk);
        let output = |name: &str| state.output(name).expect("an output").to_owned();
        Self { table, name: output("TableName"), stream: output("TableStreamArn"), dynamodb, _kept: (kms, s3, handle) }
    }

    async fn put(&self, subject: &str, topic: &str) {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let put = self
            .table
            .put_item()
            .table_name(&self.name)
            .item("pk", text(&format!("OUTBOX#{subject}")))
            .item("sk", text("-"));
        put.item("kind", text("outbox"))
            .item("topic", text(topic))
            .item("subject", text(subject))
            .send()
            .await
            .expect("written");
    }

    fn function(&self, name: &str, topic: &str) -> FunctionSpec {
        let filter = json!({"eventName": ["INSERT"], "dynamodb": {"NewImage": {"kind": {"S": ["outbox"]}, "topic": {"S": [topic]}}}});
        let mut function = spec(name, &[]);
        function.streams = vec![StreamSource {
            arn: self.stream.clone(),
            filters: vec![filter],
            batch_size: 10,
            max_retries: 2,
            bisect: true,
        }];
        function
    }

    async fn pump(&self, directory: Option<&Path>, functions: &[(FunctionSpec, Handler)]) -> (Pump, StopHandle) {
        let (handle, stop) = Stop::channel();
        let specs: Vec<FunctionSpec> = functions.iter().map(|(spec, _)| spec.clone()).collect();
        let handlers = functions.iter().map(|(spec, handler)| (spec.name.clone(), Arc::clone(handler))).collect();
        let pump = Pump::start(self.dynamodb.url(), directory, &specs, &handlers, stop).await.expect("a pump");
        (pump, handle)
    }
}

fn subjects(event: &Value) -> Vec<String> {
    let subject =
        |record: &Value| record["dynamodb"]["NewImage"]["subject"]["S"].as_str().unwrap_or_default().to_owned();
    event["Records"].as_array().expect("records").iter().map(subject).collect()
}

/// How a function answers a batch.
type How = fn(&Value) -> Result<Value, String>;

/// A function that does subjects in order, and cannot do those that start with "poison".
fn worker(how: How) -> (Handler, mpsc::UnboundedReceiver<Vec<String>>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let worker = handler(move |event: Value| {
        let _ = sender.send(subjects(&event));
        let answer = how(&event);
        async move { answer }
    });
    (worker, receiver)
}

/// As our functions do: the first failure is named and ends the batch.
fn names_the_first(event: &Value) -> Result<Value, String> {
    let poison = subjects(event).iter().position(|subject| subject.starts_with("poison"));
    let number = poison.map(|at| event["Records"][at]["dynamodb"]["SequenceNumber"].clone());
    Ok(
        json!({"batchItemFailures": number.map(|number| json!({"itemIdentifier": number})).into_iter().collect::<Vec<_>>()}),
    )
}

fn fails_whole(event: &Value) -> Result<Value, String> {
    if subjects(event).iter().any(|subject| subject.starts_with("poison")) {
        Err("poisoned".to_owned())
    } else {
        Ok(Value::Null)
    }
}

fn names_a_stranger(event: &Value) -> Result<Value, String> {
    let poison = subjects(event).iter().any(|subject| subject.starts_with("poison"));
    Ok(if poison {
        json!({"batchItemFailures": [{"itemIdentifier": "1"}]})
    } else {
        json!({"batchItemFailures": null})
    })
}

/// One INSERT is one record, exactly as Lambda delivers it; what the filter does not want never arrives.
#[tokio::test]
async fn an_insert_is_delivered_once() {
    let cloud = Cloud::start().await;
    let (function, mut events) = recorder();
    let (_pump, _stop) = cloud.pump(None, &[(cloud.function("numbering", "seal"), function)]).await;
    cloud.put("other", "deliver").await;
    cloud.put("one", "seal").await;
    cloud
        .table
        .delete_item()
        .table_name(&cloud.name)
        .key("pk", AttributeValue::S("OUTBOX#one".into()))
        .key("sk", AttributeValue::S("-".into()))
        .send()
        .await
        .expect("deleted");
    cloud.put("two", "seal").await;
    cloud.put("two", "seal").await;
    cloud.put("three", "seal").await;
    let first = next(&mut events).await;
    let mut all = subjects(&first);
    while !all.contains(&"three".to_owned()) {
        all.extend(subjects(&next(&mut events).await));
    }
    assert_eq!(all, ["one", "two", "three"]);
    let mut record = first["Records"][0].clone();
    let image = &record["dynamodb"];
    assert_eq!(
        image["NewImage"],
        json!({"pk": {"S": "OUTBOX#one"}, "sk": {"S": "-"}, "kind": {"S": "outbox"}, "topic": {"S": "seal"}, "subject": {"S": "one"}})
    );
    assert_eq!(
        (&image["Keys"], &image["StreamViewType"]),
        (&json!({"pk": {"S": "OUTBOX#one"}, "sk": {"S": "-"}}), &json!("NEW_AND_OLD_IMAGES"))
    );
    assert!(
        image["SequenceNumber"]
            .as_str()
            .is_some_and(|number| number.len() >= 21 && number.bytes().all(|b| b.is_ascii_digit()))
    );
    assert!(
        image["ApproximateCreationDateTime"].as_f64().is_some()
            && image["SizeBytes"].as_i64() > Some(0)
            && image.get("OldImage").is_none()
    );
    assert_eq!(record["eventID"].as_str().map(str::len), Some(32));
    record.as_object_mut().expect("an object").retain(|name, _| name != "eventID" && name != "dynamodb");
    assert_eq!(
        record,
        json!({"eventName": "INSERT", "eventVersion": "1.1", "eventSource": "aws:dynamodb", "awsRegion": "dynoxide", "eventSourceARN": cloud.stream})
    );
    assert_eq!(first.as_object().map(serde_json::Map::len), Some(1));
}

/// A record that cannot be done is tried again, given up and recorded; those around it are done in order, and another
/// function does not wait meanwhile.
#[tokio::test]
async fn failed_work_is_retried_then_given_up() {
    let cases: [(How, &[&[&str]], &str); 3] = [
        (
            names_the_first,
            &[&["a", "poison", "b", "c"], &["poison", "b", "c"], &["poison"], &["poison"], &["poison"], &["b", "c"]],
            "reported",
        ),
        (
            fails_whole,
            &[&["a", "poison", "b", "c"], &["a", "poison"], &["a"], &["poison"], &["poison"], &["poison"], &["b", "c"]],
            "poisoned",
        ),
        (
            names_a_stranger,
            &[&["a", "poison", "b", "c"], &["a", "poison"], &["a"], &["poison"], &["poison"], &["poison"], &["b", "c"]],
            "names no record",
        ),
    ];
    let cloud = Cloud::start().await;
    for subject in ["a", "poison", "b", "c"] {
        cloud.put(subject, "seal").await;
    }
    cloud.put("mail", "deliver").await;
    for (how, expected, trouble) in cases {
        let (function, mut batches) = worker(how);
        let (other, mut others) = worker(names_the_first);
        let functions =
            [(cloud.function("numbering", "seal"), function), (cloud.function("delivery", "deliver"), other)];
        let folder = tempfile::tempdir().expect("a folder");
        let (mut pump, stop) = cloud.pump(Some(folder.path()), &functions).await;
        for batch in expected {
            assert_eq!(next(&mut batches).await, *batch);
        }
        assert_eq!(next(&mut others).await, ["mail"]);
        stop.stop();
        pump.ended().await;
        let failed = pump.failed_work().expect("readable");
        let [entry] = failed.as_slice() else { panic!("one entry: {failed:?}") };
        assert_eq!(entry["requestContext"]["condition"], "RetryAttemptsExhausted");
        assert_eq!(entry["requestContext"]["approximateInvokeCount"], 3);
        assert!(
            entry["responsePayload"]["errorMessage"].as_str().is_some_and(|message| message.contains(trouble)),
            "{entry}"
        );
        let batch = &entry["DDBStreamBatchInfo"];
        assert_eq!((&batch["batchSize"], &batch["streamArn"]), (&json!(1), &json!(cloud.stream)));
        assert!(batch["startSequenceNumber"].is_string() && batch["startSequenceNumber"] == batch["endSequenceNumber"]);
        assert!(batch["shardId"].as_str().is_some_and(|shard| shard.starts_with("shardId-")));
        assert!(batches.try_recv().is_err());
    }
}

/// Without bisect the batch is given up as one.
#[tokio::test]
async fn without_bisect_the_whole_batch_is_given_up() {
    let cloud = Cloud::start().await;
    for subject in ["a", "poison", "b"] {
        cloud.put(subject, "seal").await;
    }
    let mut function = cloud.function("numbering", "seal");
    function.streams[0].bisect = false;
    let (handler, mut batches) = worker(fails_whole);
    let (mut pump, stop) = cloud.pump(None, &[(function, handler)]).await;
    for _ in 0..3 {
        assert_eq!(next(&mut batches).await, ["a", "poison", "b"]);
    }
    cloud.put("c", "seal").await;
    assert_eq!(next(&mut batches).await, ["c"]);
    stop.stop();
    pump.ended().await;
    let failed = pump.failed_work().expect("kept in memory");
    assert_eq!(
        failed.iter().map(|entry| entry["DDBStreamBatchInfo"]["batchSize"].clone()).collect::<Vec<_>>(),
        [json!(3)]
    );
}

/// A restart goes on where the last run was: what was done is not done again, what was not done is not lost, not even
/// when the process was killed in the middle of a batch.
#[tokio::test]
async fn a_restart_continues_from_the_checkpoint() {
    let cloud = Cloud::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let functions = |handler: Handler| [(cloud.function("numbering", "seal"), handler)];
    cloud.put("one", "seal").await;
    cloud.put("two", "seal").await;
    let (function, mut batches) = worker(names_the_first);
    let (mut pump, stop) = cloud.pump(Some(folder.path()), &functions(function)).await;
    let mut done = next(&mut batches).await;
    while done.len() < 2 {
        done.extend(next(&mut batches).await);
    }
    stop.stop();
    pump.ended().await;
    drop(pump);

    cloud.put("three", "seal").await;
    let started = Arc::new(Notify::new());
    let mark = Arc::clone(&started);
    let hangs = handler(move |event: Value| {
        assert_eq!(subjects(&event), ["three"]);
        mark.notify_one();
        async { std::future::pending().await }
    });
    let (other, mut others) = worker(names_the_first);
    let both = [(cloud.function("numbering", "seal"), hangs), (cloud.function("delivery", "deliver"), other)];
    let (pump, stop) = cloud.pump(Some(folder.path()), &both).await;
    tokio::time::timeout(PATIENCE, started.notified()).await.expect("three alone was delivered");
    // another function's progress is written meanwhile: the second mail comes after the first one's position was
    for mail in ["mail", "more mail"] {
        cloud.put(mail, "deliver").await;
        assert_eq!(next(&mut others).await, [mail]);
    }
    drop((pump, stop));

    let (function, mut batches) = worker(names_the_first);
    let (mut pump, stop) = cloud.pump(Some(folder.path()), &functions(function)).await;
    assert_eq!(next(&mut batches).await, ["three"]);
    cloud.put("four", "seal").await;
    assert_eq!(next(&mut batches).await, ["four"]);
    stop.stop();
    pump.ended().await;

    // the positions of another stream say nothing about this one
    let positions = folder.path().join("stream-positions.json");
    let text = std::fs::read_to_string(&positions).expect("positions");
    std::fs::write(&positions, text.replace(&cloud.stream, "arn:another")).expect("written");
    let (function, mut batches) = worker(names_the_first);
    let (_pump, _stop) = cloud.pump(Some(folder.path()), &functions(function)).await;
    assert_eq!(next(&mut batches).await, ["one", "two", "three", "four"]);
}

/// What a restart need not read again is remembered, though nothing was done.
#[tokio::test]
async fn records_of_no_interest_move_the_position() {
    let cloud = Cloud::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    cloud.put("mail", "deliver").await;
    let (function, _) = worker(names_the_first);
    let (other, mut others) = worker(names_the_first);
    let functions = [(cloud.function("numbering", "seal"), function), (cloud.function("delivery", "deliver"), other)];
    let (mut pump, stop) = cloud.pump(Some(folder.path()), &functions).await;
    assert_eq!(next(&mut others).await, ["mail"]);
    stop.stop();
    pump.ended().await;
    let text = std::fs::read_to_string(folder.path().join("stream-positions.json")).expect("positions");
    let kept: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(kept["positions"]["numbering"], kept["positions"]["delivery"]);
    assert_ne!(kept["positions"]["numbering"], "0");
}

/// Schedules run at the start and when nudged, one run at a time; nudges during a run make one more.
#[tokio::test]
async fn schedules_run_at_once_and_when_nudged() {
    let running = Arc::new(AtomicUsize::new(0));
    let (sender, mut runs) = mpsc::unbounded_channel();
    let gate = Arc::new(Notify::new());
    let (counter, pass) = (Arc::clone(&running), Arc::clone(&gate));
    let sweep = handler(move |event: Value| {
        let (counter, pass, sender) = (Arc::clone(&counter), Arc::clone(&pass), sender.clone());
        async move {
            assert_eq!(counter.fetch_add(1, Ordering::SeqCst), 0, "runs overlap");
            let _ = sender.send(event);
            pass.notified().await;
            counter.fetch_sub(1, Ordering::SeqCst);
            Err("a failure does not end the schedule".to_owned())
        }
    });
    let mut function = spec("delivery", &[]);
    function.schedules = vec![Duration::from_secs(3_600)];
    let (handle, stop) = Stop::channel();
    let handlers = BTreeMap::from([("delivery".to_owned(), sweep)]);
    let mut pump =
        Pump::start("http://127.0.0.1:9", None, &[function], &handlers, stop).await.expect("no stream is read");
    let event = next(&mut runs).await;
    assert_eq!(
        (&event["detail-type"], &event["source"], &event["detail"]),
        (&json!("Scheduled Event"), &json!("aws.events"), &json!({}))
    );
    assert!(event["resources"][0].as_str().is_some_and(|rule| rule.starts_with("arn:aws:events:")));
    for _ in 0..2 {
        pump.nudge();
        pump.nudge();
        assert!(runs.try_recv().is_err(), "the run before is not over");
        gate.notify_one();
        next(&mut runs).await;
    }
    gate.notify_one();
    handle.stop();
    pump.ended().await;
    assert_eq!(running.load(Ordering::SeqCst), 0);
    assert!(runs.try_recv().is_err());
}

#[tokio::test]
async fn event_sources_without_a_handler_are_refused() {
    let mut function = spec("delivery", &[]);
    function.schedules = vec![Duration::from_secs(60)];
    let (_handle, stop) = Stop::channel();
    let refused = Pump::start("http://127.0.0.1:9", None, &[function], &BTreeMap::new(), stop).await;
    assert!(refused.expect_err("no handler").to_string().contains("delivery"));
}

fn runtime() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fake-runtime.sh")
}

fn lambda() -> FunctionSpec {
    let mut function = spec("things", &[]);
    function.environment.insert("TABLE_NAME".to_owned(), "ctdt-test".to_owned());
    function.environment.insert("EXTRA".to_owned(), "template".to_owned());
    function
}

fn variables(all: &[(&str, &str)]) -> BTreeMap<String, String> {
    all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// An unmodified runtime gets its invocations, and its environment is Lambda's and the template's, not ours.
#[tokio::test]
async fn a_process_answers() {
    let process = Process::start(&runtime(), &lambda(), &variables(&[("EXTRA", "wins")])).await.expect("it starts");
    let invoke = process.handler();
    let first = invoke(json!({"n": 1})).await.expect("an answer");
    assert_eq!(
        (&first["event"], &first["table"], &first["extra"], &first["inherited"]),
        (&json!({"n": 1}), &json!("ctdt-test"), &json!("wins"), &json!("none"))
    );
    assert!(first["arn"].as_str().is_some_and(|arn| arn.ends_with(":function:things")), "{first}");
    assert!(first["left_ms"].as_i64().is_some_and(|left| (1..=15_000).contains(&left)), "{first}");
    let second = invoke(json!({"n": 2})).await.expect("an answer");
    assert_eq!((&second["event"], &second["pid"]), (&json!({"n": 2}), &first["pid"]), "one process for all");
    assert_eq!(invoke(json!("fail")).await, Err("Broken: it is broken".to_owned()));
    assert_eq!(invoke(json!("stray")).await, Ok(json!({"stray": 400})), "only the running invocation can be answered");
}

/// A crash fails the invocation that ran, with the last words, and the next one finds a new process; so does a timeout.
#[tokio::test]
async fn a_process_that_crashes_is_started_again() {
    let mut function = lambda();
    function.timeout = Duration::from_secs(2);
    let process = Process::start(&runtime(), &function, &BTreeMap::new()).await.expect("it starts");
    let invoke = process.handler();
    let pid = async |invoke: &Handler| invoke(json!({"n": 1})).await.expect("an answer")["pid"].clone();
    let first = pid(&invoke).await;
    let error = invoke(json!("crash")).await.expect_err("it crashed");
    assert!(error.contains("Runtime exited: exit status: 7") && error.contains("dying of"), "{error}");
    let second = pid(&invoke).await;
    assert_ne!(first, second);
    assert_eq!(invoke(json!("hang")).await, Err("Task timed out after 2.00 seconds".to_owned()));
    assert_ne!(pid(&invoke).await, second);
}

/// So many invocations run at once as there are processes: two meet, which one after the other could not.
#[tokio::test]
async fn processes_run_side_by_side() {
    let process = Process::start_many(&runtime(), &lambda(), &BTreeMap::new(), 2).await.expect("they start");
    let folder = tempfile::tempdir().expect("a folder");
    let invoke = process.handler();
    let event = json!({"meet": folder.path().to_string_lossy()});
    let (one, two) = tokio::join!(invoke(event.clone()), invoke(event));
    assert_ne!(one.expect("an answer")["pid"], two.expect("an answer")["pid"]);
}

/// A function that does not come up says why.
#[tokio::test]
async fn errors_at_the_start_are_told() {
    let start = async |binary: &Path, mode: &str| {
        let started = Process::start(binary, &lambda(), &variables(&[("START", mode)])).await;
        started.expect_err("it does not start").to_string()
    };
    assert_eq!(start(&runtime(), "error").await, "function things: Missing: TABLE_NAME is not set");
    let error = start(&runtime(), "exit").await;
    assert!(error.contains("exit status: 3") && error.contains("nothing works today"), "{error}");
    let error = start(Path::new("/nowhere/bootstrap"), "").await;
    assert!(error.contains("/nowhere/bootstrap cannot be started"), "{error}");
}

/// No process outlives its owner.
#[tokio::test]
async fn processes_end_with_their_owner() {
    let alive = |pid: &Value| Path::new("/proc").join(pid.to_string()).exists();
    let process = Process::start(&runtime(), &lambda(), &BTreeMap::new()).await.expect("it starts");
    let pid = process.handler()(json!({})).await.expect("an answer")["pid"].clone();
    assert!(alive(&pid));
    let invoke = process.handler();
    process.ended().await;
    assert!(!alive(&pid));
    assert!(invoke(json!({})).await.is_err());

    let process = Process::start(&runtime(), &lambda(), &BTreeMap::new()).await.expect("it starts");
    let invoke = process.handler();
    let pid = invoke(json!({})).await.expect("an answer")["pid"].clone();
    let working = tokio::spawn(invoke(json!("hang")));
    let command = || std::fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("comm")).unwrap_or_default();
    tokio::time::timeout(PATIENCE, async {
        while command() != "sleep\n" {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("it hangs");
    drop(process);
    assert!(working.await.expect("no panic").is_err());
    let gone = async {
        while alive(&pid) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.expect("killed");
}

/// A panic or an error of a function reaches the caller as a message.
#[tokio::test]
async fn invocations_fail_with_a_message() {
    let calls = Arc::new(Mutex::new(0));
    let function = handler(move |_| {
        *calls.lock().expect("no panic holds it") += 1;
        async { panic!("as the test wants") }
    });
    let failure = functions::invoke(&function, Value::Null, PATIENCE).await.expect_err("it panics");
    assert!(failure.to_string().contains("panic"), "{failure}");
}
