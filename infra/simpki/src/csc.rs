//! The CSC API v2 face (Cloud Signature Consortium, 2.0.0.2, §§8–11): `info`, `credentials/list`, `credentials/info`,
//! `credentials/authorize`, `credentials/authorizeCheck`, `signatures/signHash`.
//!
//! No `signDoc`, no asynchronous mode, no v1 names. `credentials/authorize` is idempotent by `clientData`, which the
//! standard does not promise. A refusal is HTTP 400 (429 for a busy SIM) whose `error_description` is one of the words of
//! remote-signing.md §1a: `UserRejected`, `UserTimeout`, `PinBlocked`, `Unreachable`, `Busy`, `NotEnrolled`.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, post};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use der::Decode as _;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use x509_cert::Certificate;

use crate::engine::{Engine, No, Order, Sim, same};
use crate::net::Wire;
use crate::scenario::Scenario;
use crate::sim::{Check, Format, Refusal, Transaction};
use crate::{MULTISIGN, PROMPT_SECONDS};

const SHA256: &str = "2.16.840.1.101.3.4.2.1";
const RSA: &str = "1.2.840.113549.1.1.1";
const RSA_SHA256: &str = "1.2.840.113549.1.1.11";
const EC: &str = "1.2.840.10045.2.1";
const ECDSA_SHA256: &str = "1.2.840.10045.4.3.2";
const AUTH_OBJECT: &str = "PIN";
/// How late a slow gateway is.
const SLOW: Duration = Duration::from_secs(5);
/// How long a silent gateway keeps a connection open before it closes it.
const SILENCE: Duration = Duration::from_secs(600);

type Shared = State<Arc<Engine>>;

pub(crate) fn routes() -> Router<Arc<Engine>> {
    Router::new()
        .route("/csc/v2/info", any(info))
        .route("/csc/v2/credentials/list", post(list))
        .route("/csc/v2/credentials/info", post(credential_info))
        .route("/csc/v2/credentials/authorize", post(authorize))
        .route("/csc/v2/credentials/authorizeCheck", post(authorize_check))
        .route("/csc/v2/signatures/signHash", post(sign_hash))
}

/// An answer that is no success.
struct Fail(StatusCode, &'static str, String);

impl Fail {
    fn bad(why: impl Into<String>) -> Fail {
        Fail(StatusCode::BAD_REQUEST, "invalid_request", format!("BadRequest: {}", why.into()))
    }
}

impl From<No> for Fail {
    fn from(no: No) -> Fail {
        let refused = |status, error, why: Refusal| Fail(status, error, why.code().to_owned());
        match no {
            No::Refused(Refusal::Busy) => {
                refused(StatusCode::TOO_MANY_REQUESTS, "temporarily_unavailable", Refusal::Busy)
            }
            No::Refused(Refusal::UserTimeout) => {
                refused(StatusCode::BAD_REQUEST, "expired_token", Refusal::UserTimeout)
            }
            No::Refused(why) => refused(StatusCode::BAD_REQUEST, "access_denied", why),
            No::Unknown(what) => Fail::bad(format!("invalid parameter {what}")),
            No::Contradicts(why) => Fail::bad(why),
            No::OtherHashes => Fail(
                StatusCode::FORBIDDEN,
                "invalid_hash",
                "BadRequest: the hashes are not those of the SAD".to_owned(),
            ),
            No::WrongPin(_) | No::WrongPuk(_) => Fail::bad("PIN"),
            No::Broken => Fail(StatusCode::INTERNAL_SERVER_ERROR, "server_error", "Backend".to_owned()),
        }
    }
}

type Answer = Result<Response, Fail>;

fn send(answer: Answer) -> Response {
    match answer {
        Ok(response) => response,
        Err(Fail(status, error, why)) => {
            let mut response = (status, axum::Json(json!({"error": error, "error_description": why}))).into_response();
            if status == StatusCode::UNAUTHORIZED {
                response.headers_mut().insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Bearer"));
            }
            response
        }
    }
}

/// Whether the request carries the client's token.
pub(crate) fn authorized(engine: &Engine, headers: &HeaderMap) -> bool {
    let value = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()).unwrap_or_default();
    value
        .split_once(' ')
        .is_some_and(|(kind, token)| kind.eq_ignore_ascii_case("bearer") && same(token.trim(), &engine.token))
}

/// Checks the token and reads the body.
fn read<T: DeserializeOwned>(engine: &Engine, headers: &HeaderMap, body: &Bytes) -> Result<T, Fail> {
    if !authorized(engine, headers) {
        return Err(Fail(StatusCode::UNAUTHORIZED, "invalid_token", "Unauthorized".to_owned()));
    }
    serde_json::from_slice(body).map_err(|e| Fail::bad(e.to_string()))
}

async fn info() -> Response {
    axum::Json(json!({
        "specs": "2.0.0.2",
        "name": "CTDT Test SIM PKI",
        "logo": "https://example.invalid/logo.png",
        "region": "VN",
        "lang": "vi-VN",
        "description": "Trình giả lập cổng ký SIM PKI (khóa thử nghiệm, không có giá trị pháp lý)",
        "authType": ["external"],
        "asynchronousOperationMode": false,
        "methods": ["info", "credentials/list", "credentials/info", "credentials/authorize", "credentials/authorizeCheck",
            "signatures/signHash"],
        "signAlgorithms": {"algos": [RSA, RSA_SHA256, ECDSA_SHA256]},
        "signature_formats": {"formats": ["P"]},
        "conformance_levels": ["Ades-B-B"],
    }))
    .into_response()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListIn {
    #[serde(rename = "userID")]
    user_id: String,
    #[serde(default)]
    credential_info: bool,
    #[serde(default)]
    certificates: Certificates,
}

#[derive(Clone, Copy, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Certificates {
    None,
    #[default]
    Single,
    Chain,
}

async fn list(State(engine): Shared, headers: HeaderMap, body: Bytes) -> Response {
    send(read::<ListIn>(&engine, &headers, &body).map(|asked| {
        let sim = engine.sim_by_msisdn(&asked.user_id).filter(|s| !s.data.chain.is_empty());
        let ids: Vec<_> = sim.iter().map(|s| s.data.credential_id.clone()).collect();
        let mut out = json!({ "credentialIDs": ids });
        if asked.credential_info {
            out["credentialInfos"] = sim.iter().map(|s| describe(s, asked.certificates, true)).collect();
        }
        axum::Json(out).into_response()
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InfoIn {
    #[serde(rename = "credentialID")]
    credential_id: String,
    #[serde(default)]
    certificates: Certificates,
}

async fn credential_info(State(engine): Shared, headers: HeaderMap, body: Bytes) -> Response {
    send(read::<InfoIn>(&engine, &headers, &body).and_then(|asked| {
        let sim = engine.sim(&asked.credential_id).ok_or(No::Unknown("credentialID"))?;
        Ok(axum::Json(describe(&sim, asked.certificates, false)).into_response())
    }))
}

fn describe(sim: &Sim, certificates: Certificates, with_id: bool) -> Value {
    let algorithms = if sim.key.is_rsa() { [RSA, RSA_SHA256] } else { [EC, ECDSA_SHA256] };
    let mut out = json!({
        "description": "SIM PKI",
        "key": {"status": "enabled", "algo": algorithms, "len": sim.key.bits()},
        "auth": {"mode": "explicit", "expression": AUTH_OBJECT, "objects": [
            {"type": "PasswordOOB", "id": AUTH_OBJECT, "format": "N", "label": "PIN", "description": "Mã PIN ký số nhập trên điện thoại"}]},
        "SCAL": "2",
        "multisign": MULTISIGN,
        "lang": "vi-VN",
    });
    if !sim.key.is_rsa() {
        out["key"]["curve"] = "1.2.840.10045.3.1.7".into();
    }
    if with_id {
        out["credentialID"] = sim.data.credential_id.clone().into();
    }
    if let Some(mut cert) = describe_cert(&sim.data.chain, certificates) {
        match sim.data.scenario {
            Scenario::CertificateExpired => cert["status"] = "expired".into(),
            Scenario::CertificateRevoked => cert["status"] = "revoked".into(),
            _ => {}
        }
        out["cert"] = cert;
    }
    out
}

fn describe_cert(chain: &[String], certificates: Certificates) -> Option<Value> {
    let leaf = Certificate::from_der(&STANDARD.decode(chain.first()?).ok()?).ok()?;
    let tbs = leaf.tbs_certificate();
    let time = |t: x509_cert::time::Time| {
        let d = t.to_date_time();
        format!("{:04}{:02}{:02}{:02}{:02}{:02}Z", d.year(), d.month(), d.day(), d.hour(), d.minutes(), d.seconds())
    };
    let mut cert = json!({
        "status": "valid",
        "issuerDN": tbs.issuer().to_string(),
        "serialNumber": hex::encode(tbs.serial_number().as_bytes()),
        "subjectDN": tbs.subject().to_string(),
        "validFrom": time(tbs.validity().not_before),
        "validTo": time(tbs.validity().not_after),
    });
    let shown = match certificates {
        Certificates::None => &[],
        Certificates::Single => chain.get(..1)?,
        Certificates::Chain => chain,
    };
    if !shown.is_empty() {
        cert["certificates"] = json!(shown);
    }
    Some(cert)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AuthorizeIn {
    #[serde(rename = "credentialID")]
    credential_id: String,
    num_signatures: usize,
    #[serde(default)]
    hashes: Vec<String>,
    #[serde(rename = "hashAlgorithmOID")]
    hash_algorithm_oid: Option<String>,
    #[serde(default)]
    auth_data: Vec<AuthData>,
    description: Option<String>,
    client_data: Option<String>,
}

#[derive(Deserialize)]
struct AuthData {
    id: String,
    value: Option<String>,
}

impl AuthorizeIn {
    fn order(self) -> Result<Order, Fail> {
        check_hashes(&self.hashes)?;
        if self.num_signatures != self.hashes.len() {
            return Err(Fail::bad("numSignatures must be the number of hashes (SCAL 2)"));
        }
        if self.hash_algorithm_oid.as_deref() != Some(SHA256) {
            return Err(Fail::bad("hashAlgorithmOID must be SHA-256"));
        }
        if self.auth_data.iter().any(|a| a.id != AUTH_OBJECT || a.value.is_some()) {
            return Err(Fail::bad("authData: the PIN is typed on the phone and nowhere else"));
        }
        let description = self.description.unwrap_or_default();
        if description.is_empty() || description.chars().count() > 500 {
            return Err(Fail::bad("description must have 1 to 500 characters"));
        }
        if self.client_data.as_ref().is_some_and(|d| d.is_empty() || d.len() > 200) {
            return Err(Fail::bad("clientData must have 1 to 200 bytes"));
        }
        Ok(Order {
            credential_id: self.credential_id,
            client_data: self.client_data,
            hashes: self.hashes,
            description,
            seconds: PROMPT_SECONDS,
            format: Format::Bare,
            hints: true,
            once: false,
        })
    }
}

fn check_hashes(hashes: &[String]) -> Result<(), Fail> {
    if hashes.is_empty() || hashes.len() > MULTISIGN {
        return Err(Fail::bad(format!("hashes must have 1 to {MULTISIGN} members")));
    }
    let sound = |h: &String| STANDARD.decode(h).is_ok_and(|d| d.len() == 32);
    if hashes.iter().all(sound) { Ok(()) } else { Err(Fail::bad("hashes must be base64 of 32 bytes each")) }
}

async fn authorize(
    State(engine): Shared,
    ConnectInfo(wire): ConnectInfo<Wire>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let shown = read::<AuthorizeIn>(&engine, &headers, &body).and_then(AuthorizeIn::order).and_then(|order| {
        let (transaction, scenario) = engine.authorize(order)?;
        let lose = scenario == Scenario::LostStart && engine.lose_once(&transaction.handle, true)?;
        Ok((transaction, scenario, lose))
    });
    let (transaction, scenario, lose) = match shown {
        Ok(shown) => shown,
        Err(fail) => return send(Err(fail)),
    };
    if scenario == Scenario::EarlyCallback {
        hint_first(&engine, &transaction).await;
    }
    if lose {
        wire.cut();
    }
    handle(&transaction.handle)
}

/// The client hears of the end before it knows of the beginning.
async fn hint_first(engine: &Engine, transaction: &Transaction) {
    let Some(messenger) = &engine.messenger else { return };
    if let Ok(Some(ended)) = engine.news_of(&transaction.handle, Scenario::EarlyCallback) {
        messenger.say(engine, &ended, Scenario::EarlyCallback).await;
    }
}

fn handle(handle: &str) -> Response {
    (StatusCode::ACCEPTED, axum::Json(json!({ "handle": handle }))).into_response()
}

#[derive(Deserialize)]
struct CheckIn {
    handle: String,
}

async fn authorize_check(
    State(engine): Shared,
    ConnectInfo(wire): ConnectInfo<Wire>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let asked = match read::<CheckIn>(&engine, &headers, &body) {
        Ok(asked) => asked,
        Err(e) => return send(Err(e)),
    };
    match engine.check(&asked.handle) {
        Err(no) => send(Err(no.into())),
        Ok((check, scenario)) => {
            if let Some(fault) = misbehave(&engine, &asked.handle, scenario, &wire).await {
                return fault;
            }
            send(match check {
                Check::Waiting => Ok(handle(&asked.handle)),
                Check::Granted(sad, left) => Ok(axum::Json(json!({"SAD": sad, "expiresIn": left})).into_response()),
                Check::Refused(why) => Err(No::Refused(why).into()),
            })
        }
    }
}

/// The scenarios that have nothing to do with what is answered.
pub(crate) async fn misbehave(engine: &Engine, handle: &str, scenario: Scenario, wire: &Wire) -> Option<Response> {
    match scenario {
        Scenario::Recovers if !engine.fail_twice(handle).unwrap_or(false) => {}
        Scenario::Slow => tokio::time::sleep(SLOW).await,
        Scenario::Silence => {
            tokio::time::sleep(SILENCE).await;
            wire.cut();
        }
        Scenario::ServerError | Scenario::Recovers => {
            return Some(send(Err(Fail(StatusCode::INTERNAL_SERVER_ERROR, "server_error", "Backend".to_owned()))));
        }
        _ => {}
    }
    None
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SignIn {
    #[serde(rename = "credentialID")]
    credential_id: String,
    #[serde(rename = "SAD")]
    sad: Option<String>,
    hashes: Vec<String>,
    #[serde(rename = "hashAlgorithmOID")]
    hash_algorithm_oid: Option<String>,
    sign_algo: String,
    sign_algo_params: Option<String>,
    operation_mode: Option<String>,
}

impl SignIn {
    /// Checks all that needs no state; gives the SAD.
    fn check(&self, rsa: bool) -> Result<&str, Fail> {
        check_hashes(&self.hashes)?;
        let hash_fits = match (self.sign_algo.as_str(), self.hash_algorithm_oid.as_deref()) {
            (RSA, oid) if rsa => oid == Some(SHA256),
            (RSA_SHA256, oid) if rsa => oid.is_none_or(|o| o == SHA256),
            (ECDSA_SHA256, oid) if !rsa => oid.is_none_or(|o| o == SHA256),
            _ => return Err(Fail::bad("signAlgo must be one of the key's")),
        };
        if !hash_fits {
            return Err(Fail::bad("hashAlgorithmOID must be SHA-256"));
        }
        if self.sign_algo_params.is_some() {
            return Err(Fail::bad("signAlgoParams: the algorithm has none"));
        }
        if self.operation_mode.as_deref().is_some_and(|m| m != "S") {
            return Err(Fail::bad("operationMode must be S"));
        }
        self.sad.as_deref().ok_or_else(|| Fail::bad("missing parameter SAD"))
    }
}

async fn sign_hash(
    State(engine): Shared,
    ConnectInfo(wire): ConnectInfo<Wire>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let signed = read::<SignIn>(&engine, &headers, &body).and_then(|asked| {
        let sim = engine.sim(&asked.credential_id).ok_or(No::Unknown("credentialID"))?;
        let sad = asked.check(sim.key.is_rsa())?;
        let (transaction, scenario) = engine.sign(&asked.credential_id, sad, &asked.hashes)?;
        let lose = scenario == Scenario::LostAnswer && engine.lose_once(&transaction.handle, false)?;
        Ok((transaction, scenario, lose))
    });
    let (transaction, scenario, lose) = match signed {
        Ok(signed) => signed,
        Err(e) => return send(Err(e)),
    };
    if lose {
        wire.cut();
    }
    if let Some(fault) = misbehave(&engine, &transaction.handle, scenario, &wire).await {
        return fault;
    }
    if scenario == Scenario::Garbage {
        return garbage();
    }
    axum::Json(json!({ "signatures": engine.sent(&transaction, scenario) })).into_response()
}

/// An answer that its header calls JSON and that is none.
pub(crate) fn garbage() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], vec![0x30, 0x82, 0xff, 0xff, 0x00, 0x7b]).into_response()
}
