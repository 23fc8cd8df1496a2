//! Seeding (`/admin`, with the client's token) and the phones as JSON (`/phones`, what the sandbox passes on).
//!
//! Errors are `application/problem+json` with `code`, `title` and `detail`.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use der::{Decode as _, Encode as _};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use x509_cert::Certificate;

use crate::csc::authorized;
use crate::engine::{Engine, Enrolment, No, Press};
use crate::keys::KeyKind;
use crate::scenario::Scenario;
use crate::sim::Transaction;

/// Longest chain that is taken.
const MAX_CHAIN: usize = 5;

type Shared = State<Arc<Engine>>;

pub(crate) fn routes() -> Router<Arc<Engine>> {
    Router::new()
        .route("/admin/subscribers", post(enrol))
        .route("/admin/subscribers/{msisdn}/chain", put(chain))
        .route("/admin/subscribers/{msisdn}/unblock", post(unblock))
        .route("/phones/{msisdn}", get(prompts))
        .route("/phones/{msisdn}/confirm", post(confirm))
        .route("/phones/{msisdn}/reject", post(reject))
        .route("/phones/{msisdn}/puk", post(puk))
        .route("/phones/{msisdn}/scenario", get(scenario_now).post(scenario))
}

fn problem(status: StatusCode, code: &str, vi: &str, detail: &str) -> Response {
    let body = json!({"type": format!("urn:ctdt:sandbox:{code}"), "status": status.as_u16(), "code": code, "title": vi, "detail": detail});
    (status, [(header::CONTENT_TYPE, "application/problem+json")], body.to_string()).into_response()
}

fn refuse(no: No) -> Response {
    match no {
        No::Unknown("prompt") => problem(
            StatusCode::CONFLICT,
            "no-prompt",
            "Không có yêu cầu ký nào trên màn hình.",
            "no prompt is on the screen",
        ),
        No::Unknown(what) => problem(StatusCode::NOT_FOUND, "not-found", "Không tìm thấy.", what),
        No::Refused(why) => problem(StatusCode::CONFLICT, "refused", "SIM không thực hiện được.", why.code()),
        No::WrongPin(left) => {
            let title = format!("Sai mã PIN, còn {left} lần.");
            problem(StatusCode::UNPROCESSABLE_ENTITY, "wrong-pin", &title, &format!("tries_left={left}"))
        }
        No::WrongPuk(left) => {
            let title = format!("Sai mã PUK, còn {left} lần.");
            problem(StatusCode::UNPROCESSABLE_ENTITY, "wrong-puk", &title, &format!("tries_left={left}"))
        }
        No::Contradicts(why) => {
            problem(StatusCode::UNPROCESSABLE_ENTITY, "validation-failed", "Dữ liệu không hợp lệ.", why)
        }
        No::OtherHashes => {
            problem(StatusCode::UNPROCESSABLE_ENTITY, "validation-failed", "Dữ liệu không hợp lệ.", "hashes")
        }
        No::Broken => problem(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Lỗi trình giả lập.", "internal error"),
    }
}

fn send(answer: Result<Value, No>) -> Response {
    answer.map_or_else(refuse, |value| Json(value).into_response())
}

fn parse<T: DeserializeOwned>(body: &Bytes) -> Result<T, No> {
    serde_json::from_slice(body).map_err(|_| No::Contradicts("the body is not the expected JSON"))
}

fn guarded(engine: &Engine, headers: &HeaderMap, work: impl FnOnce() -> Result<Value, No>) -> Response {
    if !authorized(engine, headers) {
        return problem(StatusCode::UNAUTHORIZED, "unauthenticated", "Cần mã truy cập.", "bearer token");
    }
    send(work())
}

#[derive(Deserialize)]
struct EnrolIn {
    msisdn: String,
    name: String,
    pin: String,
    puk: Option<String>,
    /// `rsa-2048` (when nothing is said), `rsa-3072`, `p-256`.
    key: Option<KeyKind>,
}

async fn enrol(State(engine): Shared, headers: HeaderMap, body: Bytes) -> Response {
    guarded(&engine, &headers, || {
        let asked: EnrolIn = parse(&body)?;
        let sim = engine.enrol(&Enrolment {
            msisdn: &asked.msisdn,
            name: &asked.name,
            pin: &asked.pin,
            puk: asked.puk.as_deref(),
            kind: asked.key,
        })?;
        Ok(json!({"credentialID": sim.credential_id, "spki": sim.spki}))
    })
}

#[derive(Deserialize)]
struct ChainIn {
    certificates: Vec<String>,
}

async fn chain(State(engine): Shared, Path(msisdn): Path<String>, headers: HeaderMap, body: Bytes) -> Response {
    guarded(&engine, &headers, || {
        let asked: ChainIn = parse(&body)?;
        let sim = engine.sim_by_msisdn(&msisdn).ok_or(No::Unknown("phone"))?;
        if leaf_spki(&asked.certificates)? != sim.data.spki {
            return Err(No::Contradicts("the first certificate has another public key"));
        }
        let sim = engine.change(&msisdn, |s| s.chain = asked.certificates)?;
        Ok(json!({"credentialID": sim.credential_id, "certificates": sim.chain.len()}))
    })
}

/// The base64 of the leaf's SubjectPublicKeyInfo; every member must be an X.509 certificate.
fn leaf_spki(chain: &[String]) -> Result<String, No> {
    if chain.is_empty() || chain.len() > MAX_CHAIN {
        return Err(No::Contradicts("certificates must have 1 to 5 members"));
    }
    let mut leaf = None;
    for text in chain {
        let parsed = STANDARD.decode(text).ok().and_then(|der| Certificate::from_der(&der).ok());
        let spki = parsed.and_then(|c| c.tbs_certificate().subject_public_key_info().to_der().ok());
        let spki = spki.ok_or(No::Contradicts("certificates must be base64 of DER X.509 certificates"))?;
        leaf.get_or_insert(spki);
    }
    leaf.map(|spki| STANDARD.encode(spki)).ok_or(No::Contradicts("certificates must have 1 to 5 members"))
}

async fn unblock(State(engine): Shared, Path(msisdn): Path<String>, headers: HeaderMap) -> Response {
    guarded(&engine, &headers, || {
        let sim = engine.change(&msisdn, |s| (s.wrong_pins, s.wrong_puks) = (0, 0))?;
        Ok(json!({"credentialID": sim.credential_id, "tries_left": sim.tries_left()}))
    })
}

#[derive(Deserialize)]
struct PromptsIn {
    #[serde(default)]
    all: bool,
}

async fn prompts(State(engine): Shared, Path(msisdn): Path<String>, Query(asked): Query<PromptsIn>) -> Response {
    send(engine.prompts(&msisdn, asked.all).map(|(sim, prompts)| {
        let data: Vec<Value> = prompts.iter().map(prompt).collect();
        json!({"data": data, "tries_left": sim.tries_left(), "scenario": sim.scenario})
    }))
}

fn prompt(p: &Transaction) -> Value {
    let time = |t: i64| jiff::Timestamp::from_second(t).map(vietnam).unwrap_or_default();
    json!({"id": p.id, "text": p.text, "code": p.code, "created_at": time(p.created_at), "expires_at": time(p.expires_at), "state": p.state})
}

/// RFC 3339 with Vietnam's offset, as everywhere in the API.
fn vietnam(at: jiff::Timestamp) -> String {
    at.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(7))).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

#[derive(Deserialize)]
struct ConfirmIn {
    pin: String,
    id: Option<String>,
}

async fn confirm(State(engine): Shared, Path(msisdn): Path<String>, body: Bytes) -> Response {
    send(parse::<ConfirmIn>(&body).and_then(|asked| {
        let pressed = engine.press(&msisdn, asked.id.as_deref(), Press::Confirm(&asked.pin))?;
        Ok(prompt(&pressed))
    }))
}

async fn reject(State(engine): Shared, Path(msisdn): Path<String>) -> Response {
    send(engine.press(&msisdn, None, Press::Reject).map(|p| prompt(&p)))
}

#[derive(Deserialize)]
struct PukIn {
    puk: String,
    pin: String,
}

async fn puk(State(engine): Shared, Path(msisdn): Path<String>, body: Bytes) -> Response {
    send(parse::<PukIn>(&body).and_then(|asked| {
        let sim = engine.unblock(&msisdn, &asked.puk, &asked.pin)?;
        Ok(json!({"tries_left": sim.tries_left()}))
    }))
}

#[derive(Deserialize)]
struct ScenarioIn {
    name: Scenario,
}

async fn scenario(State(engine): Shared, Path(msisdn): Path<String>, body: Bytes) -> Response {
    send(parse::<ScenarioIn>(&body).and_then(|asked| {
        engine.change(&msisdn, |s| s.scenario = asked.name)?;
        Ok(json!({"name": asked.name}))
    }))
}

async fn scenario_now(State(engine): Shared, Path(msisdn): Path<String>) -> Response {
    let sim = engine.sim_by_msisdn(&msisdn).ok_or(No::Unknown("phone"));
    let names: Vec<String> = Scenario::ALL.iter().map(|(s, ..)| s.name()).collect();
    send(sim.map(|s| json!({"name": s.data.scenario, "names": names})))
}
