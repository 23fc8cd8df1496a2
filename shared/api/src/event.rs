//! One event in, one answer out: HTTP by API Gateway (payload 2.0), stream records of the table, schedules.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use domain::ids::EventId;
use domain::model::{Learned, Outbox, Topic};
use domain::ports::{Chance, Fault};
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use lambda_http::lambda_runtime::{self, LambdaEvent, service_fn};
use lambda_http::request::LambdaRequest;
use lambda_http::{Body, Error, RequestExt};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::{Clock, Env, Problem, Reply, Request, Stopwatch, SystemChance};

/// What the edge needs: clock and chance.
#[derive(Clone)]
pub struct Edge {
    /// The clock.
    pub clock: Clock,
    /// Identities and secrets.
    pub chance: SystemChance,
}

impl Edge {
    /// From settings.
    pub fn new(env: &Env) -> Self {
        Self { clock: Clock::new(env), chance: SystemChance }
    }
}

/// A Lambda function of ours. Each part that a function has no event source for keeps its default.
pub trait Function: Send + Sync + 'static {
    /// The edge of this function.
    fn edge(&self) -> &Edge;

    /// Answers a request.
    fn http(&self, request: &Request) -> impl Future<Output = Result<Reply, Problem>> + Send {
        let _ = request;
        async { Err(Problem::new("not-found")) }
    }

    /// Does a piece of work; an error makes the stream deliver it again.
    fn work(&self, item: &Outbox) -> impl Future<Output = Result<(), Fault>> + Send {
        let _ = item;
        async { Ok(()) }
    }

    /// The same for work that came in one event with other work, which may have taken its time: `begun` is when the event came. Whoever
    /// would be cut off leaves it to the sweep.
    fn work_since(&self, item: &Outbox, begun: Stopwatch) -> impl Future<Output = Result<(), Fault>> + Send {
        let _ = begun;
        self.work(item)
    }

    /// Looks for what the stream lost and for what is due by time.
    fn tick(&self) -> impl Future<Output = Result<(), Fault>> + Send {
        async { Ok(()) }
    }
}

/// Answers one Lambda event.
///
/// # Errors
/// Only when the event is of no kind we know, or a schedule failed: the runtime then reports a failed invocation.
pub async fn handle(function: &impl Function, event: Value) -> Result<Value, Error> {
    if event.pointer("/requestContext/http").is_some() {
        return Ok(answer(function, event).await.into_event());
    }
    if let Some(records) = event.get("Records").and_then(Value::as_array) {
        return Ok(stream(function, records).await);
    }
    if event.get("detail-type").and_then(Value::as_str) == Some("Scheduled Event") {
        boxed(function.tick()).await?;
        return Ok(Value::Null);
    }
    Err("this event is of no kind that the function knows".into())
}

/// Forgets the type of a future: nested through ports and SDK it is deeper than the compiler looks.
fn boxed<'a, T>(work: impl Future<Output = T> + Send + 'a) -> Pin<Box<dyn Future<Output = T> + Send + 'a>> {
    Box::pin(work)
}

async fn answer(function: &impl Function, event: Value) -> Reply {
    let edge = function.edge();
    let request = match read(event, edge) {
        Ok(request) => request,
        Err(error) => {
            tracing::error!(%error, "an API Gateway event cannot be read");
            return Reply::empty(400);
        }
    };
    let reply = match boxed(function.http(&request)).await {
        Ok(reply) => reply,
        Err(problem) => problem.reply(&request),
    };
    tracing::info!(request_id = request.request_id, method = request.method, status = reply.status, "answered");
    reply.header("request-id", &request.request_id).header("x-content-type-options", "nosniff").varies()
}

fn read(event: Value, edge: &Edge) -> Result<Request, Error> {
    let event: ApiGatewayV2httpRequest = serde_json::from_value(event)?;
    let raw_path = event.raw_path.clone().unwrap_or_else(|| "/".into());
    let source_ip = event.request_context.http.source_ip.clone().unwrap_or_default();
    let http: lambda_http::http::Request<Body> = LambdaRequest::ApiGatewayV2(event).into();
    let query = http.query_string_parameters();
    let query: BTreeMap<String, String> = query.iter().rev_first();
    let mut headers = BTreeMap::new();
    for (name, value) in http.headers() {
        headers
            .entry(name.as_str().to_owned())
            .or_insert_with(|| String::from_utf8_lossy(value.as_bytes()).into_owned());
    }
    let request_id = headers.get("request-id").filter(|id| is_request_id(id)).cloned();
    let request_id = request_id.unwrap_or_else(|| new_request_id(edge));
    let segments = raw_path.split('/').filter(|s| !s.is_empty());
    Ok(Request {
        method: http.method().as_str().to_owned(),
        segments: segments.map(|s| percent_decode_str(s).decode_utf8_lossy().into_owned()).collect(),
        path: raw_path,
        query,
        headers,
        body: http.body().to_vec(),
        source_ip,
        request_id,
    })
}

fn is_request_id(text: &str) -> bool {
    (8..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

fn new_request_id(edge: &Edge) -> String {
    format!("req_{}", hex::encode(edge.chance.uuid(edge.clock.now())))
}

/// Does the records in order; the first failure stops the batch and is reported with everything after it, so that the
/// order per shard is kept (`ReportBatchItemFailures`).
async fn stream(function: &impl Function, records: &[Value]) -> Value {
    let begun = Stopwatch::start();
    for record in records {
        let Some(item) = outbox(record) else { continue };
        if let Err(fault) = boxed(function.work_since(&item, begun)).await {
            tracing::warn!(topic = item.topic.name(), subject = item.subject, %fault, "work failed and will be delivered again");
            let id = record.pointer("/dynamodb/SequenceNumber").cloned().unwrap_or(Value::Null);
            return json!({"batchItemFailures": [{"itemIdentifier": id}]});
        }
    }
    json!({"batchItemFailures": []})
}

/// The outbox item of an INSERT; its attributes are those of `store`'s items.
fn outbox(record: &Value) -> Option<Outbox> {
    if record.get("eventName").and_then(Value::as_str) != Some("INSERT") {
        return None;
    }
    let text =
        |name: &str| record.pointer(&format!("/dynamodb/NewImage/{name}/S")).and_then(Value::as_str).map(str::to_owned);
    let topic = text("topic")?;
    Some(Outbox {
        id: EventId::parse(&text("id")?).ok()?,
        topic: Topic::ALL.into_iter().find(|known| known.name() == topic)?,
        subject: text("subject")?,
        at: text("at")?.parse().ok()?,
        due_at: text("due_at")?.parse().ok()?,
        waits: None,
        learned: Learned::default(),
    })
}

/// A function as a value: JSON event in, JSON answer out.
pub type Handler = Arc<dyn Fn(Value) -> Pin<Box<dyn Future<Output = Result<Value, String>> + Send>> + Send + Sync>;

/// Makes a function a [`Handler`], for the local cloud.
pub fn handler(function: impl Function) -> Handler {
    let function = Arc::new(function);
    Arc::new(move |event| {
        let function = Arc::clone(&function);
        Box::pin(async move { handle(&*function, event).await.map_err(|error| error.to_string()) })
    })
}

/// Runs a function under the Lambda runtime until the environment is taken away.
///
/// # Errors
/// When the function cannot be built (a missing setting), or the runtime cannot be reached.
pub async fn serve<F: Function>(function: F) -> Result<(), Error> {
    lambda_http::tracing::init_default_subscriber();
    let function = &function;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| handle(function, event.payload))).await
}

/// The first value of each name.
trait FirstValues {
    fn rev_first(self) -> BTreeMap<String, String>;
}

impl<'a, I: Iterator<Item = (&'a str, &'a str)>> FirstValues for I {
    fn rev_first(self) -> BTreeMap<String, String> {
        let mut map = BTreeMap::new();
        for (name, value) in self {
            map.entry(name.to_owned()).or_insert_with(|| value.to_owned());
        }
        map
    }
}
