//! API Gateway's HTTP API with Lambda proxy integrations, payload format 2.0, in front of the functions.
//!
//! It has the service's own answers: 404 for no route, 413, 500 and 503 are `{"message":…}`, not problem documents, for
//! no function made them. Not here: throttling, CORS configuration, authorizers, stages other than `$default`.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Query, Request, State};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt as _;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use crate::credentials::Credentials;
use crate::error::{Error, Result};
use crate::functions::{self, DEFAULT_ROUTE, Failure, FunctionSpec, Handler, PAYLOAD_LIMIT, Route};

/// The most bytes of a request body: 10 MB, a quota of HTTP APIs that cannot be raised
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>, "Payload size"). The same quota holds for
/// answers, where it is never reached: a Lambda's answer ends at [`PAYLOAD_LIMIT`], 6 MB with its base64
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>), so larger files go by presigned links.
pub const BODY_LIMIT: usize = 10 * 1024 * 1024;
/// An answer is not waited for any longer (quota of HTTP APIs).
pub const INTEGRATION_TIMEOUT: Duration = Duration::from_secs(30);
/// So much of a body that is too large is read and dropped, that the client is not cut off before it reads the answer.
const DRAIN_LIMIT: usize = 64 * 1024 * 1024;
/// Which header carries the request's identity back.
const REQUEST_ID: HeaderName = HeaderName::from_static("apigw-requestid");

/// Makes the HTTP API of `functions`.
///
/// # Errors
/// [`Error::Function`] when a function with routes has no handler; [`Error::Template`] when two routes are the same or
/// a pattern is malformed.
pub fn router(functions: &[FunctionSpec], handlers: BTreeMap<String, Handler>) -> Result<Router> {
    router_within(functions, handlers, INTEGRATION_TIMEOUT)
}

/// As [`router`], with another limit for answers than the service's.
///
/// # Errors
/// As [`router`].
pub fn router_within(
    functions: &[FunctionSpec],
    handlers: BTreeMap<String, Handler>,
    limit: Duration,
) -> Result<Router> {
    let mut entries = Vec::new();
    for function in functions.iter().filter(|function| !function.routes.is_empty()) {
        let handler = handlers.get(&function.name).cloned().ok_or_else(|| Error::Function {
            function: function.name.clone(),
            message: "it has routes and no handler".to_owned(),
        })?;
        let target = Arc::new(Target { name: function.name.clone(), timeout: function.timeout, handler });
        for route in &function.routes {
            entries.push(Entry { pattern: Pattern::parse(route)?, key: route.key(), target: Arc::clone(&target) });
        }
    }
    let table = Table::new(entries, limit)?;
    Ok(Router::new().fallback(answer).with_state(Arc::new(table)))
}

struct Target {
    name: String,
    timeout: Duration,
    handler: Handler,
}

struct Entry {
    pattern: Pattern,
    key: String,
    target: Arc<Target>,
}

/// The routes, the most specific first.
struct Table {
    entries: Vec<Entry>,
    limit: Duration,
}

struct Match<'a> {
    entry: &'a Entry,
    parameters: BTreeMap<&'a str, String>,
}

impl Table {
    fn new(mut entries: Vec<Entry>, limit: Duration) -> Result<Self> {
        entries.sort_by(|left, right| left.pattern.order().cmp(&right.pattern.order()));
        let mut neighbours = entries.iter().zip(entries.iter().skip(1));
        let twice = neighbours.find(|(first, second)| first.pattern.order() == second.pattern.order());
        if let Some((first, second)) = twice {
            let message = format!("the routes {} and {} take the same requests", first.key, second.key);
            return Err(Error::template("template.yaml", message));
        }
        Ok(Self { entries, limit })
    }

    fn find(&self, method: &Method, path: &str) -> Option<Match<'_>> {
        self.entries.iter().find_map(|entry| {
            let parameters = entry.pattern.parameters(method, path)?;
            Some(Match { entry, parameters })
        })
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Segment {
    Literal(String),
    Variable(String),
    Greedy(String),
}

impl Segment {
    fn parse(text: &str) -> Option<Self> {
        let inner = text.strip_prefix('{').map(|rest| rest.strip_suffix('}'));
        let name = |name: &str| (!name.is_empty() && !name.contains(['{', '}', '+'])).then(|| name.to_owned());
        match inner {
            None => (!text.contains(['{', '}'])).then(|| Self::Literal(text.to_owned())),
            Some(inner) => match inner?.strip_suffix('+') {
                Some(greedy) => name(greedy).map(Self::Greedy),
                None => name(inner?).map(Self::Variable),
            },
        }
    }
}

/// Which requests a route takes. Without segments it is `$default`.
struct Pattern {
    method: Option<String>,
    segments: Option<Vec<Segment>>,
}

impl Pattern {
    fn parse(route: &Route) -> Result<Self> {
        let malformed = || Error::template("template.yaml", format!("the route {} is malformed", route.key()));
        let method = (route.method != "ANY").then(|| route.method.clone());
        if route.path_pattern == DEFAULT_ROUTE {
            return Ok(Self { method, segments: None });
        }
        let path = route.path_pattern.strip_prefix('/').ok_or_else(malformed)?;
        let segments: Option<Vec<Segment>> = path.split('/').map(Segment::parse).collect();
        let segments = segments.ok_or_else(malformed)?;
        let greedy = segments.iter().position(|segment| matches!(segment, Segment::Greedy(_)));
        if greedy.is_some_and(|at| at + 1 != segments.len()) {
            return Err(malformed());
        }
        Ok(Self { method, segments: Some(segments) })
    }

    /// What is tried first: a literal before a variable before the greedy one, segment by segment from the left, then
    /// a method before ANY; `$default` comes last. Patterns of equal order take the same requests.
    fn order(&self) -> (bool, Vec<(u8, &str)>, bool, Option<&str>) {
        let segments = self.segments.as_deref().unwrap_or_default();
        let segments = segments.iter().map(|segment| match segment {
            Segment::Literal(literal) => (0, literal.as_str()),
            Segment::Variable(_) => (1, ""),
            Segment::Greedy(_) => (2, ""),
        });
        (self.segments.is_none(), segments.collect(), self.method.is_none(), self.method.as_deref())
    }

    /// The path's variables when this pattern takes the request.
    fn parameters(&self, method: &Method, path: &str) -> Option<BTreeMap<&str, String>> {
        if self.method.as_ref().is_some_and(|wanted| wanted != method.as_str()) {
            return None;
        }
        let mut parameters = BTreeMap::new();
        let Some(segments) = &self.segments else { return Some(parameters) };
        let mut rest = Some(path.strip_prefix('/')?);
        for segment in segments {
            let here = rest?;
            let (first, tail) = here.split_once('/').map_or((here, None), |(first, tail)| (first, Some(tail)));
            rest = tail;
            match segment {
                Segment::Literal(literal) if literal == first => {}
                Segment::Variable(name) if !first.is_empty() => {
                    parameters.insert(name.as_str(), first.to_owned());
                }
                Segment::Greedy(name) if !here.is_empty() => {
                    parameters.insert(name.as_str(), here.to_owned());
                    rest = None;
                }
                _ => return None,
            }
        }
        rest.is_none().then_some(parameters)
    }
}

/// An answer of the gateway itself.
type Refusal = (StatusCode, &'static str);
const BAD_REQUEST: Refusal = (StatusCode::BAD_REQUEST, "Bad Request");
const NOT_FOUND: Refusal = (StatusCode::NOT_FOUND, "Not Found");
const TOO_LARGE: Refusal = (StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
const FAILED: Refusal = (StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error");
const UNAVAILABLE: Refusal = (StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable");

async fn answer(State(table): State<Arc<Table>>, request: Request) -> Response {
    let id = uuid::Uuid::new_v4().simple().to_string();
    let mut response = match respond(&table, request, &id).await {
        Ok(response) => response,
        Err(refusal) => refused(refusal),
    };
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

fn refused((status, message): Refusal) -> Response {
    let mut response = Response::new(Body::from(json!({"message": message}).to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

async fn respond(table: &Table, request: Request, id: &str) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    let path = decoded(parts.uri.path())?;
    let found = table.find(&parts.method, &path).ok_or(NOT_FOUND)?;
    let body = read(body).await?;
    let target = Arc::clone(&found.entry.target);
    let event = event(&parts, &path, &found, &body, &Circumstances::now(id, &parts));
    if size(&event) > PAYLOAD_LIMIT {
        return Err(TOO_LARGE);
    }
    // on a task of its own: the function goes on when the client leaves or the gateway gives up
    let running = Arc::clone(&target);
    let running = tokio::spawn(async move { functions::invoke(&running.handler, event, running.timeout).await });
    let answer = match tokio::time::timeout(table.limit, running).await {
        Ok(joined) => joined.unwrap_or_else(|error| Err(Failure::Failed(error.to_string()))),
        Err(_) => {
            tracing::error!(function = target.name, "no answer within the gateway's limit");
            return Err(UNAVAILABLE);
        }
    };
    let answer = answer.map_err(|failure| {
        tracing::error!(function = target.name, request = id, %failure, "a function failed");
        // the function's limit is the gateway's: whoever fires first, the client sees the gateway's
        if target.timeout >= table.limit && matches!(failure, Failure::TimedOut(_)) { UNAVAILABLE } else { FAILED }
    })?;
    mapped(answer).map_err(|message| {
        tracing::error!(function = target.name, request = id, message, "a function's answer is malformed");
        FAILED
    })
}

/// HTTP APIs decode the path before they route, and cut it at a decoded question mark.
fn decoded(path: &str) -> Result<String, Refusal> {
    let path = percent_decode_str(path).decode_utf8().map_err(|_| BAD_REQUEST)?;
    Ok(path.split('?').next().unwrap_or_default().to_owned())
}

async fn read(body: Body) -> Result<Vec<u8>, Refusal> {
    let mut frames = body.into_data_stream();
    let mut bytes = Vec::new();
    let mut length = 0_usize;
    while let Some(frame) = frames.next().await {
        let frame = frame.map_err(|_| BAD_REQUEST)?;
        length = length.saturating_add(frame.len());
        if length > DRAIN_LIMIT {
            break;
        }
        if length > BODY_LIMIT {
            bytes.clear();
        } else {
            bytes.extend_from_slice(&frame);
        }
    }
    if length > BODY_LIMIT { Err(TOO_LARGE) } else { Ok(bytes) }
}

/// What an event tells that does not stand in the request.
struct Circumstances {
    id: String,
    trace: String,
    at: Timestamp,
    peer: IpAddr,
    account: String,
}

impl Circumstances {
    fn now(id: &str, parts: &Parts) -> Self {
        let at = Timestamp::now();
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let tail: String = uuid::Uuid::new_v4().simple().to_string().chars().take(24).collect();
        Self {
            id: id.to_owned(),
            trace: format!("Root=1-{:08x}-{tail}", at.as_second()),
            at,
            peer: peer.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |ConnectInfo(address)| address.ip()),
            account: Credentials::default().account,
        }
    }
}

/// The event of payload format 2.0.
fn event(parts: &Parts, path: &str, found: &Match<'_>, body: &[u8], about: &Circumstances) -> Value {
    let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.or(parts.uri.host()).unwrap_or("localhost");
    let domain = host.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(host, |(name, _)| name);
    let mut event = Map::new();
    event.insert("version".into(), json!("2.0"));
    event.insert("routeKey".into(), json!(found.entry.key));
    event.insert("rawPath".into(), json!(path));
    event.insert("rawQueryString".into(), json!(parts.uri.query().unwrap_or_default()));
    let cookies = cookies(&parts.headers);
    if !cookies.is_empty() {
        event.insert("cookies".into(), json!(cookies));
    }
    event.insert("headers".into(), Value::Object(headers(parts, host, body.len(), about)));
    let query = query(parts);
    if !query.is_empty() {
        event.insert("queryStringParameters".into(), Value::Object(query));
    }
    let user_agent = parts.headers.get(header::USER_AGENT).map_or_else(String::new, text);
    event.insert(
        "requestContext".into(),
        json!({
            "accountId": about.account,
            "apiId": "local",
            "domainName": domain,
            "domainPrefix": domain.split('.').next(),
            "http": {
                "method": parts.method.as_str(),
                "path": path,
                "protocol": format!("{:?}", parts.version),
                "sourceIp": about.peer.to_string(),
                "userAgent": user_agent,
            },
            "requestId": about.id,
            "routeKey": found.entry.key,
            "stage": "$default",
            "time": about.at.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            "timeEpoch": about.at.as_millisecond(),
        }),
    );
    if !found.parameters.is_empty() {
        event.insert("pathParameters".into(), json!(found.parameters));
    }
    let text = std::str::from_utf8(body).ok().filter(|_| is_text(&parts.headers));
    if !body.is_empty() {
        event.insert("body".into(), text.map_or_else(|| json!(STANDARD.encode(body)), |text| json!(text)));
    }
    event.insert("isBase64Encoded".into(), json!(!body.is_empty() && text.is_none()));
    Value::Object(event)
}

fn text(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

/// Measured on AWS: these types pass as text, everything else is base64, `application/problem+json`, forms and a missing
/// type among it.
fn is_text(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).map_or_else(String::new, text);
    let kind = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind.starts_with("text/")
        || matches!(kind.as_str(), "application/json" | "application/xml" | "application/javascript")
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    let lines: Vec<String> = headers.get_all(header::COOKIE).iter().map(text).collect();
    let cookies = lines.iter().flat_map(|line| line.split(';')).map(str::trim);
    cookies.filter(|cookie| !cookie.is_empty()).map(str::to_owned).collect()
}

/// The hop between client and gateway ends here, and cookies travel in a field of their own.
const DROPPED: [HeaderName; 10] = [
    header::COOKIE,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::EXPECT,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Names in lower case and in order, repeated ones joined by commas, with what the gateway adds.
fn headers(parts: &Parts, host: &str, length: usize, about: &Circumstances) -> Map<String, Value> {
    let mut joined: BTreeMap<String, String> = BTreeMap::new();
    let mut add = |name: &str, value: String| match joined.get_mut(name) {
        Some(before) => {
            before.push(',');
            before.push_str(&value);
        }
        None => {
            joined.insert(name.to_owned(), value);
        }
    };
    for (name, value) in parts.headers.iter().filter(|(name, _)| !DROPPED.contains(name)) {
        add(name.as_str(), text(value));
    }
    add("x-forwarded-for", about.peer.to_string());
    let set = [
        ("content-length", length.to_string()),
        ("host", host.to_owned()),
        ("x-amzn-trace-id", about.trace.clone()),
        ("x-forwarded-port", host.rsplit_once(':').map_or("80", |(_, port)| port).to_owned()),
        ("x-forwarded-proto", "http".to_owned()),
    ];
    joined.extend(set.map(|(name, value)| (name.to_owned(), value)));
    joined.into_iter().map(|(name, value)| (name, Value::String(value))).collect()
}

/// Decoded names and values, repeated names joined by commas.
fn query(parts: &Parts) -> Map<String, Value> {
    let pairs: Vec<(String, String)> = Query::try_from_uri(&parts.uri).map(|Query(pairs)| pairs).unwrap_or_default();
    let mut joined: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in pairs {
        joined.entry(name).or_default().push(value);
    }
    joined.into_iter().map(|(name, values)| (name, Value::String(values.join(",")))).collect()
}

/// The bytes of a value as JSON.
fn size(value: &Value) -> usize {
    struct Counter(usize);
    impl std::io::Write for Counter {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut counter = Counter(0);
    // a value always serialises, and the counter takes everything
    let _ = serde_json::to_writer(&mut counter, value);
    counter.0
}

/// The HTTP answer of a function's answer. Without `statusCode` the whole of it is the body of a 200.
fn mapped(answer: Value) -> Result<Response, String> {
    if size(&answer) > PAYLOAD_LIMIT {
        return Err(format!("the answer is over {PAYLOAD_LIMIT} bytes"));
    }
    let Some(status) = answer.get("statusCode") else {
        let body = answer.as_str().map_or_else(|| answer.to_string(), str::to_owned);
        let mut response = Response::new(Body::from(body));
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        return Ok(response);
    };
    let code = status.as_u64().or_else(|| status.as_str()?.parse().ok());
    let code = code.and_then(|code| u16::try_from(code).ok()).and_then(|code| StatusCode::from_u16(code).ok());
    let body = body(&answer)?;
    let empty = body.is_empty();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = code.ok_or_else(|| format!("statusCode is {status}"))?;
    for (name, value) in answer.get("headers").and_then(Value::as_object).into_iter().flatten() {
        let wrong = || format!("the header {name} is {value}");
        let value = match value {
            Value::String(value) => value.clone(),
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            _ => return Err(wrong()),
        };
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
        if key != header::CONTENT_LENGTH {
            response.headers_mut().insert(key, HeaderValue::from_str(&value).map_err(|_| wrong())?);
        }
    }
    for cookie in answer.get("cookies").and_then(Value::as_array).into_iter().flatten() {
        let value = cookie.as_str().and_then(|cookie| HeaderValue::from_str(cookie).ok());
        response.headers_mut().append(header::SET_COOKIE, value.ok_or_else(|| format!("a cookie is {cookie}"))?);
    }
    if !empty && !response.headers().contains_key(header::CONTENT_TYPE) {
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    }
    Ok(response)
}

fn body(answer: &Value) -> Result<Vec<u8>, String> {
    let encoded = answer.get("isBase64Encoded").and_then(Value::as_bool).unwrap_or(false);
    match answer.get("body") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(body)) if encoded => STANDARD.decode(body).map_err(|error| error.to_string()),
        Some(Value::String(body)) => Ok(body.clone().into_bytes()),
        Some(_) => Err("the body is no text".to_owned()),
    }
}
