//! The calls that only a sandbox has (contract.md §3): personas, clock, mailbox, phones, the test PKI's roots, faults,
//! reset. They stand in no template, so no deployed stack has them.
//!
//! Written as the functions are, over `api`'s requests and problems; the simulator's own errors become problems of the
//! catalogue, in both languages.

use std::sync::Arc;

use api::{Problem, Reply, Request};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::any;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method, StatusCode, header};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::clock::{self, Clock};
use crate::directory::{DirectoryFault, Outage, shown};
use crate::endpoints::ses::Mailbox;
use crate::error::Error;
use crate::people::PEOPLE;
use crate::pump::Pump;
use crate::reset::Reset;
use crate::responders::{FaultChange, Faults, FileFault, OcspFault, TsaFault};
use crate::seed;
use crate::simulator::{Said, Simulator, encoded};
use crate::testpki::{Issued, TestPki};
use crate::tokens::Issuer;
use crate::usb::UsbTokens;

mod desk;

/// Sandbox bodies are small.
const BODY_LIMIT: usize = 64 * 1024;
/// What the drawn handset is told of a request.
const PASSED_ON: [HeaderName; 4] =
    [header::ACCEPT, header::ACCEPT_LANGUAGE, header::CONTENT_TYPE, HeaderName::from_static("sec-fetch-site")];
/// What is told of the handset's answers.
const PASSED_BACK: [HeaderName; 6] = [
    header::CONTENT_TYPE,
    header::LOCATION,
    header::CACHE_CONTROL,
    header::CONTENT_SECURITY_POLICY,
    header::REFERRER_POLICY,
    header::X_CONTENT_TYPE_OPTIONS,
];

/// Everything that a sandbox call can reach.
pub(crate) struct Sandbox {
    pub(crate) clock: Clock,
    pub(crate) pki: Arc<TestPki>,
    pub(crate) faults: Arc<Faults>,
    pub(crate) outage: Arc<Outage>,
    pub(crate) simulator: Arc<Simulator>,
    pub(crate) usb: UsbTokens,
    pub(crate) issuer: Issuer,
    /// Whether there are personas.
    pub(crate) seeded: bool,
    /// Of the embedded cloud; beside another one its calls are not there.
    pub(crate) own: Option<Own>,
}

/// What only the embedded cloud has.
pub(crate) struct Own {
    pub(crate) mailbox: Arc<Mailbox>,
    pub(crate) pump: Arc<Mutex<Pump>>,
    pub(crate) reset: Reset,
}

/// The sandbox's part of the HTTP port: `/v1/sandbox`, and the handset under `/phone`.
pub(crate) fn routes(sandbox: Sandbox) -> Router {
    Router::new()
        .route("/v1/sandbox", any(answer))
        .route("/v1/sandbox/{*rest}", any(answer))
        .route("/phone", any(handset))
        .route("/phone/{*rest}", any(handset))
        .with_state(Arc::new(sandbox))
}

async fn answer(State(sandbox): State<Arc<Sandbox>>, request: axum::extract::Request) -> Response {
    let (request, whole) = read(request).await;
    let result = if whole { sandbox.http(&request).await } else { Err(Problem::new("body-too-large")) };
    let reply = result.unwrap_or_else(|problem| problem.reply(&request));
    respond(reply.header("request-id", &request.request_id).header("x-content-type-options", "nosniff"))
}

/// The request in `api`'s form, and whether its body came whole.
async fn read(request: axum::extract::Request) -> (Request, bool) {
    let (parts, body) = request.into_parts();
    let query = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri).map(|query| query.0).unwrap_or_default();
    let path = parts.uri.path().to_owned();
    let segments = path.split('/').filter(|it| !it.is_empty());
    let segments = segments.map(|it| percent_decode_str(it).decode_utf8_lossy().into_owned()).collect();
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = parts.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    let body = to_bytes(body, BODY_LIMIT).await;
    let whole = body.is_ok();
    let request = Request {
        method: parts.method.as_str().to_owned(),
        path,
        segments,
        query: query.into_iter().collect(),
        headers,
        body: body.unwrap_or_default().into(),
        source_ip: String::new(),
        request_id: format!("req_{}", uuid::Uuid::now_v7().simple()),
    };
    (request, whole)
}

fn respond(reply: Reply) -> Response {
    let mut response = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(reply.body)).unwrap_or_else(|error| {
        tracing::error!(%error, "a sandbox answer has a header that is none");
        let mut broken = Response::new(Body::empty());
        *broken.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        broken
    })
}

/// Passes a request for the handset's page on to the simulator.
async fn handset(State(sandbox): State<Arc<Sandbox>>, request: axum::extract::Request) -> Response {
    let uri = request.uri().path_and_query().map_or("/phone", |it| it.as_str()).to_owned();
    let method = request.method().clone();
    let headers = only(request.headers(), &PASSED_ON);
    let (request, whole) = read(request).await;
    if !whole {
        return respond(Problem::new("body-too-large").reply(&request));
    }
    match sandbox.simulator.call(method, &uri, headers, Bytes::from(request.body.clone())).await {
        Ok(said) => {
            let mut response = Response::new(Body::from(said.body));
            *response.status_mut() = said.status;
            *response.headers_mut() = only(&said.headers, &PASSED_BACK);
            response
        }
        Err(error) => respond(unreachable(&error).reply(&request)),
    }
}

fn only(headers: &HeaderMap, names: &[HeaderName]) -> HeaderMap {
    names.iter().filter_map(|name| Some((name.clone(), headers.get(name)?.clone()))).collect()
}

fn unreachable(error: &Error) -> Problem {
    tracing::error!(%error, "the simulator cannot be reached");
    Problem::new("gateway-unavailable")
}

fn failed(error: impl std::fmt::Display) -> Problem {
    tracing::error!(%error, "a sandbox call failed");
    Problem::new("internal")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockIn {
    now: Option<String>,
    advance_s: Option<i64>,
}

/// The switches of api.md row 101 and issue 2; what is absent stays.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultsIn {
    tsa: Option<TsaFault>,
    tsa_behind: Option<bool>,
    ocsp: Option<OcspFault>,
    crl: Option<FileFault>,
    aia: Option<FileFault>,
    delay_ms: Option<u64>,
    directory: Option<DirectoryFault>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RevokeIn {
    serial: String,
    at: Option<String>,
    reason: Option<u8>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

impl Sandbox {
    async fn http(&self, request: &Request) -> Result<Reply, Problem> {
        let (method, path) = request.route();
        match (method, path.as_slice()) {
            ("GET", ["v1", "sandbox", "personas"]) => self.personas(),
            ("GET", ["v1", "sandbox", "people"]) => Ok(self.people()),
            ("GET", ["v1", "sandbox", "clock"]) => Ok(self.time()),
            ("POST", ["v1", "sandbox", "clock"]) => self.move_clock(request).await,
            ("GET", ["v1", "sandbox", "mailbox"]) => Ok(list(json!(self.own()?.mailbox.letters()))),
            ("GET", ["v1", "sandbox", "trust.pem"]) => Ok(self.trust()),
            ("GET", ["v1", "sandbox", "phones", msisdn]) => self.phone(Method::GET, msisdn, "", request).await,
            ("POST", ["v1", "sandbox", "phones", msisdn, act @ ("confirm" | "reject" | "scenario")]) => {
                self.phone(Method::POST, msisdn, &format!("/{act}"), request).await
            }
            ("GET", ["v1", "sandbox", "phones", msisdn, "scenario"]) => {
                self.phone(Method::GET, msisdn, "/scenario", request).await
            }
            ("GET", ["v1", "sandbox", "usb-tokens", owner]) => self.usb_token(owner),
            ("POST", ["v1", "sandbox", "usb-tokens", owner, "sign"]) => self.usb_sign(owner, request),
            ("GET", ["v1", "sandbox", "faults"]) => Ok(self.switches()),
            ("POST", ["v1", "sandbox", "faults"]) => self.switch(request),
            ("GET", ["v1", "sandbox", "revocations"]) => self.issued(),
            ("POST", ["v1", "sandbox", "revocations"]) => self.revoke(request),
            ("GET", ["v1", "sandbox", "failed-work"]) => self.failed_work().await,
            ("POST", ["v1", "sandbox", "reset"]) => self.begin_again(request).await,
            (_, path) => Err(elsewhere(path)),
        }
    }

    fn own(&self) -> Result<&Own, Problem> {
        self.own.as_ref().ok_or_else(|| Problem::new("not-found"))
    }

    fn personas(&self) -> Result<Reply, Problem> {
        let data =
            if self.seeded { seed::personas(&self.issuer, self.clock.now()).map_err(failed)? } else { Vec::new() };
        Ok(list(Value::Array(data)))
    }

    fn people(&self) -> Reply {
        list(PEOPLE.iter().map(shown).collect())
    }

    fn time(&self) -> Reply {
        let now = clock::rfc3339(self.clock.now());
        Reply::json(200, &json!({"now": now, "offset_s": self.clock.offset_s()}))
    }

    async fn move_clock(&self, request: &Request) -> Result<Reply, Problem> {
        let body: ClockIn = request.json()?;
        match (body.now, body.advance_s) {
            (Some(now), None) => {
                let now: Timestamp = now.parse().map_err(|_| Problem::invalid("/now", "rfc3339"))?;
                self.clock.set_now(now).map_err(|error| too_far(&error, "/now"))?;
            }
            (None, Some(seconds)) => self.clock.advance_s(seconds).map_err(|error| too_far(&error, "/advance_s"))?,
            _ => return Err(Problem::invalid("", "exactly_one_of_now_and_advance_s")),
        }
        if let Some(own) = &self.own {
            own.pump.lock().await.nudge();
        }
        Ok(self.time())
    }

    fn trust(&self) -> Reply {
        Reply::bytes(200, "application/x-pem-file", self.pki.trust_pem().into_bytes())
    }

    async fn phone(&self, method: Method, msisdn: &str, act: &str, request: &Request) -> Result<Reply, Problem> {
        // A body that is not JSON, or too long, ends here; the simulator knows which members there are.
        let body = match (&method, act) {
            (&Method::POST, "/confirm" | "/scenario") => request.value()?,
            _ => Value::Null,
        };
        let all = match request.query.get("all").map(String::as_str) {
            None | Some("false") => "",
            Some("true") => "?all=true",
            Some(_) => return Err(Problem::new("validation-failed").query("all", "true_or_false")),
        };
        let path = format!("/phones/{}{act}{all}", encoded(msisdn));
        let said = self.simulator.json(method, &path, &body).await.map_err(|error| unreachable(&error))?;
        if said.status.is_success() { Ok(Reply::json(200, &said.json())) } else { Err(refused(&said, act)) }
    }

    fn switches(&self) -> Reply {
        let mut all = json!(self.faults.get());
        if let Value::Object(map) = &mut all {
            map.insert("directory".to_owned(), json!(self.outage.get()));
            map.insert("wrong_answers".to_owned(), json!(self.faults.wrong_answers()));
        }
        Reply::json(200, &all)
    }

    fn switch(&self, request: &Request) -> Result<Reply, Problem> {
        let FaultsIn { tsa, tsa_behind, ocsp, crl, aia, delay_ms, directory } = request.json()?;
        self.faults.change(FaultChange { tsa, tsa_behind, ocsp, crl, aia, delay_ms });
        if let Some(fault) = directory {
            self.outage.set(fault);
        }
        Ok(self.switches())
    }

    fn issued(&self) -> Result<Reply, Problem> {
        let issued = self.pki.issued().map_err(failed)?;
        Ok(list(issued.iter().map(shown_certificate).collect()))
    }

    fn revoke(&self, request: &Request) -> Result<Reply, Problem> {
        let body: RevokeIn = request.json()?;
        let at = match body.at {
            Some(at) => at.parse().map_err(|_| Problem::invalid("/at", "rfc3339"))?,
            None => self.clock.now(),
        };
        match self.pki.revoke(&body.serial, at.as_second(), body.reason).map_err(failed)? {
            true => Ok(Reply::json(200, &json!({"serial": body.serial, "at": clock::rfc3339(at)}))),
            false => Err(Problem::new("not-found")),
        }
    }

    async fn failed_work(&self) -> Result<Reply, Problem> {
        let work = self.own()?.pump.lock().await.failed_work().map_err(failed)?;
        Ok(list(Value::Array(work)))
    }

    async fn begin_again(&self, request: &Request) -> Result<Reply, Problem> {
        if !request.body.is_empty() {
            let Nothing {} = request.json()?;
        }
        let own = self.own()?;
        self.faults.off();
        self.outage.set(DirectoryFault::None);
        self.usb.calm();
        self.clock.set_offset_s(0).map_err(failed)?;
        own.reset.run().await.map_err(failed)?;
        own.mailbox.clear().map_err(failed)?;
        Ok(self.time())
    }
}

/// Every address of the sandbox with its methods; `*` stands for a phone's number or for whoever has a token.
const ADDRESSES: &[(&str, &str)] = &[
    ("personas", "GET"),
    ("people", "GET"),
    ("clock", "GET, POST"),
    ("mailbox", "GET"),
    ("trust.pem", "GET"),
    ("phones/*", "GET"),
    ("phones/*/confirm", "POST"),
    ("phones/*/reject", "POST"),
    ("phones/*/scenario", "GET, POST"),
    ("usb-tokens/*", "GET"),
    ("usb-tokens/*/sign", "POST"),
    ("faults", "GET, POST"),
    ("revocations", "GET, POST"),
    ("failed-work", "GET"),
    ("reset", "POST"),
];

/// The problem of a request that nothing here answers: an unknown address, or a known one with another method.
fn elsewhere(path: &[&str]) -> Problem {
    let here = path.get(2..).unwrap_or_default();
    let takes = |pattern: &str| {
        let parts: Vec<&str> = pattern.split('/').collect();
        parts.len() == here.len() && parts.iter().zip(here).all(|(part, segment)| *part == "*" || part == segment)
    };
    match ADDRESSES.iter().find(|(pattern, _)| takes(pattern)) {
        Some((_, methods)) => Problem::new("method-not-allowed").allow(methods),
        None => Problem::new("not-found"),
    }
}

fn too_far(error: &Error, pointer: &str) -> Problem {
    match error {
        Error::Io { .. } => failed(error),
        _ => Problem::invalid(pointer, "at_most_100_years"),
    }
}

fn list(data: Value) -> Reply {
    Reply::json(200, &json!({"data": data}))
}

fn shown_certificate(issued: &Issued) -> Value {
    let revoked_at = issued.revoked_at.and_then(|at| Timestamp::from_second(at).ok()).map(clock::rfc3339);
    json!({
        "serial": issued.serial, "issuer": issued.issuer.name(), "purpose": issued.purpose,
        "subject": issued.certificate.subject(), "revoked_at": revoked_at,
    })
}

/// The simulator's error as a problem of the catalogue.
fn refused(said: &Said, act: &str) -> Problem {
    let body = said.json();
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    match text("code").as_str() {
        "not-found" => {
            Problem::new("not-found").detail("Không có điện thoại thử nghiệm này.", "There is no such test phone.")
        }
        "no-prompt" => Problem::new("wrong-state").with("state", "no-prompt").with("allowed", json!([])).detail(
            "Không có yêu cầu ký nào trên màn hình điện thoại.",
            "No signing request is on the phone's screen.",
        ),
        "refused" => Problem::new("wrong-state").with("state", text("detail")).with("allowed", json!([])).detail(
            "SIM không thực hiện được; mã PIN có thể đã bị khóa.",
            "The SIM cannot do it; its PIN may be blocked.",
        ),
        "wrong-pin" => wrong_pin(&text("detail")),
        "validation-failed" => match act {
            "/scenario" => Problem::invalid("/name", "unknown_value").detail(
                "Không có kịch bản thử này; GET cùng địa chỉ cho biết các tên.",
                "There is no such scenario; GET of the same address tells the names.",
            ),
            "/confirm" => {
                Problem::invalid("/pin", "text").detail("PIN phải là chuỗi chữ số.", "The PIN must be a text.")
            }
            _ => Problem::invalid("", "simulator").detail("Dữ liệu gửi tới điện thoại không hợp lệ.", text("detail")),
        },
        _ => {
            tracing::error!(status = %said.status, %body, "the simulator gave an unexpected answer");
            Problem::new("gateway-unavailable")
        }
    }
}

fn wrong_pin(detail: &str) -> Problem {
    let left = detail.strip_prefix("tries_left=").and_then(|left| left.parse::<u8>().ok());
    let problem = Problem::invalid("/pin", "wrong-pin");
    match left {
        Some(left) => problem
            .with("tries_left", left)
            .detail(format!("Sai mã PIN, còn {left} lần thử."), format!("Wrong PIN, {left} tries are left.")),
        None => problem.detail("Sai mã PIN.", "Wrong PIN."),
    }
}
