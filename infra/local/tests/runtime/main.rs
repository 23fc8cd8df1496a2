//! What makes functions run locally: the template's reading, the gateway, the stream pump and the Runtime API.

mod events;
mod processes;
mod pump;
mod template;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use local::credentials::Credentials;
use local::functions::{FunctionSpec, Handler, Route};
use local::gateway;
use local::serve::{self, Stop, StopHandle};
use serde_json::{Value, json};
use tokio::sync::mpsc;

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

fn credentials() -> Credentials {
    Credentials::default()
}
