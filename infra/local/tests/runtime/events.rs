//! The events that the gateway makes of requests, and the answers it makes of results.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::{PATIENCE, client, gateway, handler, next, raw, recorder, serve, settle, spec};

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
