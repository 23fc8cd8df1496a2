//! The Mobile-ID face (SK's MID REST API) under `/mid-api`: `certificate`, `signature`, `authentication`, and the sessions
//! with a long poll.
//!
//! Answers in its own words (remote-signing.md §1b): what a phone refuses is a COMPLETE session with a result, never an HTTP
//! error; a second prompt ends with DELIVERY_ERROR. It does not look at the national identity number beyond its length,
//! keeps it nowhere, and takes every relying party that knows [`RELYING_PARTY`] and [`RELYING_PARTY_NAME`].

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::csc::{garbage, misbehave};
use crate::engine::{Engine, No, Order, Sim};
use crate::net::Wire;
use crate::scenario::Scenario;
use crate::sim::{Check, Format, Refusal, Transaction};
use crate::{RELYING_PARTY, RELYING_PARTY_NAME};

/// Seconds that a prompt stays open (MID: about two minutes).
const SECONDS: i64 = 120;
/// Longest texts: GSM-7 septets and UCS-2 units (MID REST §3.2).
const GSM_TEXT: usize = 100;
const UCS2_TEXT: usize = 50;
/// Bounds of the long poll in milliseconds (MID REST §3.3): shorter and longer wishes are brought to them.
const SHORTEST_POLL: u64 = 1_000;
const DEFAULT_POLL: u64 = 10_000;
const LONGEST_POLL: u64 = 60_000;
/// How often a waiting question looks again.
const LOOK: Duration = Duration::from_millis(50);

type Shared = State<Arc<Engine>>;

pub(crate) fn routes() -> Router<Arc<Engine>> {
    Router::new()
        .route("/mid-api/certificate", post(certificate))
        .route("/mid-api/signature", post(start))
        .route("/mid-api/signature/session/{id}", get(signature_session))
        .route("/mid-api/authentication", post(start))
        .route("/mid-api/authentication/session/{id}", get(authentication_session))
}

struct Fail(StatusCode, &'static str);

impl Fail {
    fn bad(why: &'static str) -> Fail {
        Fail(StatusCode::BAD_REQUEST, why)
    }
}

impl From<No> for Fail {
    fn from(no: No) -> Fail {
        match no {
            No::Unknown(_) => Fail(StatusCode::NOT_FOUND, "SessionID not found"),
            No::Contradicts(why) => Fail::bad(why),
            No::Refused(why) => Fail::bad(why.code()),
            No::OtherHashes | No::WrongPin(_) | No::WrongPuk(_) => Fail::bad("bad request"),
            No::Broken => Fail(StatusCode::INTERNAL_SERVER_ERROR, "internal error"),
        }
    }
}

fn send(answer: Result<Value, Fail>) -> Response {
    match answer {
        Ok(value) => Json(value).into_response(),
        Err(Fail(status, why)) => (status, Json(json!({ "error": why }))).into_response(),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asker {
    #[serde(rename = "relyingPartyUUID")]
    relying_party_uuid: String,
    relying_party_name: String,
    phone_number: String,
    national_identity_number: String,
}

impl Asker {
    fn check(&self) -> Result<(), Fail> {
        if self.relying_party_uuid != RELYING_PARTY || self.relying_party_name != RELYING_PARTY_NAME {
            return Err(Fail(StatusCode::UNAUTHORIZED, "unknown relying party"));
        }
        let number = &self.national_identity_number;
        if !(9..=12).contains(&number.len()) || !number.bytes().all(|b| b.is_ascii_digit()) {
            return Err(Fail::bad("nationalIdentityNumber must be 9 to 12 digits"));
        }
        Ok(())
    }
}

fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Fail> {
    serde_json::from_slice(body).map_err(|_| Fail::bad("the body is not the expected JSON"))
}

async fn certificate(State(engine): Shared, body: Bytes) -> Response {
    send(read::<Asker>(&body).and_then(|asked| {
        asked.check()?;
        let sim = engine.sim_by_msisdn(&asked.phone_number);
        let leaf = sim.and_then(|sim| sim.data.chain.first().cloned());
        Ok(leaf.map_or(json!({"result": "NOT_FOUND"}), |leaf| json!({"result": "OK", "cert": leaf})))
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StartIn {
    #[serde(flatten)]
    asker: Asker,
    hash: String,
    hash_type: String,
    language: String,
    #[serde(default)]
    display_text: String,
    #[serde(default)]
    display_text_format: TextFormat,
}

#[derive(Clone, Copy, Default, Deserialize, Eq, PartialEq)]
enum TextFormat {
    #[default]
    #[serde(rename = "GSM-7")]
    Gsm7,
    #[serde(rename = "UCS-2")]
    Ucs2,
}

impl StartIn {
    fn hash(&self, sim: Option<&Sim>) -> Result<Vec<u8>, Fail> {
        let length = match self.hash_type.as_str() {
            "SHA256" => 32,
            "SHA384" => 48,
            "SHA512" => 64,
            _ => return Err(Fail::bad("hashType must be SHA256, SHA384 or SHA512")),
        };
        if length != 32 && sim.is_some_and(|sim| !sim.key.is_rsa()) {
            return Err(Fail::bad("keys of P-256 sign SHA256 only"));
        }
        let hash = STANDARD.decode(&self.hash).ok().filter(|hash| hash.len() == length);
        hash.ok_or_else(|| Fail::bad("hash must be base64 of a digest of hashType"))
    }

    fn check_text(&self) -> Result<(), Fail> {
        let fits = match self.display_text_format {
            TextFormat::Gsm7 => crate::text::gsm_length(&self.display_text).is_some_and(|n| n <= GSM_TEXT),
            TextFormat::Ucs2 => self.display_text.encode_utf16().count() <= UCS2_TEXT,
        };
        if !fits {
            return Err(Fail::bad("displayText is too long or not in the alphabet of displayTextFormat"));
        }
        let known = matches!(self.language.as_str(), "ENG" | "EST" | "LIT" | "RUS");
        if known { Ok(()) } else { Err(Fail::bad("language must be ENG, EST, LIT or RUS")) }
    }
}

/// The four digits on both screens: the first six and the last seven bits of the digest (MID REST §2.4).
fn verification_code(hash: &[u8]) -> String {
    let first = u16::from(hash.first().copied().unwrap_or(0) >> 2);
    let last = u16::from(hash.last().copied().unwrap_or(0) & 0x7f);
    format!("{:04}", (first << 7) | last)
}

async fn start(State(engine): Shared, ConnectInfo(wire): ConnectInfo<Wire>, body: Bytes) -> Response {
    let started = read::<StartIn>(&body).and_then(|asked| {
        asked.asker.check()?;
        asked.check_text()?;
        let sim = engine.sim_by_msisdn(&asked.asker.phone_number);
        let code = verification_code(&asked.hash(sim.as_ref())?);
        let order = Order {
            credential_id: sim.map(|sim| sim.data.credential_id).unwrap_or_default(),
            client_data: None,
            hints: false,
            once: false,
            hashes: vec![asked.hash],
            description: format!("MA {code}. {}", asked.display_text),
            seconds: SECONDS,
            format: Format::Bare,
        };
        let (transaction, scenario) = engine.authorize_or_record(order)?;
        if scenario == Scenario::LostStart && engine.lose_once(&transaction.handle, true)? {
            wire.cut();
        }
        Ok(json!({ "sessionID": transaction.handle }))
    });
    send(started)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PollIn {
    timeout_ms: Option<u64>,
}

async fn signature_session(
    State(engine): Shared,
    ConnectInfo(wire): ConnectInfo<Wire>,
    Path(id): Path<String>,
    Query(asked): Query<PollIn>,
) -> Response {
    session(&engine, &wire, &id, asked.timeout_ms, false).await
}

async fn authentication_session(
    State(engine): Shared,
    ConnectInfo(wire): ConnectInfo<Wire>,
    Path(id): Path<String>,
    Query(asked): Query<PollIn>,
) -> Response {
    session(&engine, &wire, &id, asked.timeout_ms, true).await
}

/// Waits until the session is complete or the poll has run out, in real time.
async fn session(engine: &Engine, wire: &Wire, id: &str, wish: Option<u64>, with_leaf: bool) -> Response {
    let patience = wish.unwrap_or(DEFAULT_POLL).clamp(SHORTEST_POLL, LONGEST_POLL);
    let wait = async {
        loop {
            match engine.check(id) {
                Ok((Check::Waiting, _)) => tokio::time::sleep(LOOK).await,
                other => return other,
            }
        }
    };
    let waited = tokio::time::timeout(Duration::from_millis(patience), wait).await;
    let (check, scenario) = match waited.unwrap_or_else(|_| engine.check(id)) {
        Ok(checked) => checked,
        Err(no) => return send(Err(no.into())),
    };
    if let Some(fault) = misbehave(engine, id, scenario, wire).await {
        return fault;
    }
    match check {
        Check::Waiting => send(Ok(json!({"state": "RUNNING"}))),
        Check::Refused(why) => send(Ok(json!({"state": "COMPLETE", "result": result(why)}))),
        Check::Granted(..) => done(engine, wire, id, with_leaf),
    }
}

/// What a refusal is called here.
fn result(why: Refusal) -> &'static str {
    match why {
        Refusal::UserRejected => "USER_CANCELLED",
        Refusal::UserTimeout => "TIMEOUT",
        Refusal::PinBlocked => "SIM_ERROR",
        Refusal::Unreachable => "PHONE_ABSENT",
        Refusal::Busy => "DELIVERY_ERROR",
        Refusal::NotEnrolled | Refusal::CertificateExpired | Refusal::CertificateRevoked => "NOT_MID_CLIENT",
    }
}

fn done(engine: &Engine, wire: &Wire, id: &str, with_leaf: bool) -> Response {
    let signed = engine.collect(id).and_then(|(transaction, sim)| {
        let lose = sim.data.scenario == Scenario::LostAnswer && engine.lose_once(id, false)?;
        Ok((transaction, sim, lose))
    });
    let (transaction, sim, lose) = match signed {
        Ok(signed) => signed,
        Err(no) => return send(Err(no.into())),
    };
    if lose {
        wire.cut();
    }
    if sim.data.scenario == Scenario::Garbage {
        return garbage();
    }
    let mut out = complete(&transaction, &sim, &engine.sent(&transaction, sim.data.scenario));
    if with_leaf {
        out["cert"] = json!(transaction.certificate.as_ref().or(sim.data.chain.first()));
    }
    send(Ok(out))
}

fn complete(transaction: &Transaction, sim: &Sim, signatures: &[String]) -> Value {
    let length = transaction.hashes.first().and_then(|hash| STANDARD.decode(hash).ok()).map_or(0, |hash| hash.len());
    let hash = match length {
        48 => "SHA384",
        64 => "SHA512",
        _ => "SHA256",
    };
    let key = if sim.key.is_rsa() { "RSA" } else { "EC" };
    let value = signatures.first();
    json!({"state": "COMPLETE", "result": "OK",
        "signature": {"value": value, "algorithm": format!("{hash}With{key}Encryption")}})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_has_four_digits() {
        assert_eq!(verification_code(&[0xff, 0, 0xff]), "8191");
        assert_eq!(verification_code(&[0x03, 0, 0x80]), "0000");
        assert_eq!(verification_code(&[0x04, 0, 0x01]), "0129");
    }
}
