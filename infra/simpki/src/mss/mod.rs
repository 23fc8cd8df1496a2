//! The MSS face (ETSI TS 102 204) under `/mss/soap` (SOAP 1.2) and `/mss/json`: `MSS_SignatureReq`, `MSS_StatusReq`,
//! `MSS_ReceiptReq` in the mode `asynchClientServer`.
//!
//! Neither `synch` nor `asynchServerServer`, no registration, profile query or handshake. Codes and limits are those of FiCom
//! and Swisscom as in remote-signing.md §1a; a refusal is a fault whose subcode is `_` and the code.

mod bindings;
mod request;

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, State};
use axum::response::Response;
use axum::routing::post;

use crate::csc::{garbage, misbehave};
use crate::engine::{Engine, No, same};
use crate::mss::bindings::Binding;
use crate::mss::request::{Call, Common, SignatureReq};
use crate::net::Wire;
use crate::scenario::Scenario;
use crate::sim::{Check, Format, Refusal};

/// Seconds until the first status may be asked for, and between two of them (FiCom).
const FIRST_POLL: i64 = 20;
const NEXT_POLL: i64 = 5;

/// A code of TS 102 204 with what an operator reads.
#[derive(Debug)]
pub(crate) struct Fault(pub(crate) u16, pub(crate) &'static str);

impl From<Refusal> for Fault {
    fn from(why: Refusal) -> Fault {
        match why {
            Refusal::UserRejected => Fault(401, "USER_CANCEL"),
            Refusal::UserTimeout => Fault(208, "EXPIRED_TRANSACTION"),
            Refusal::PinBlocked => Fault(402, "PIN_NR_BLOCKED"),
            Refusal::Unreachable => Fault(209, "OTA_ERROR"),
            Refusal::Busy => Fault(406, "PB_SIGNATURE_PROCESS"),
            Refusal::NotEnrolled => Fault(105, "UNKNOWN_CLIENT"),
            Refusal::CertificateExpired => Fault(503, "INVALID_SIGNATURE"),
            Refusal::CertificateRevoked => Fault(501, "REVOKED_CERTIFICATE"),
        }
    }
}

impl From<No> for Fault {
    fn from(no: No) -> Fault {
        match no {
            No::Refused(why) => why.into(),
            No::Unknown("credentialID") => Refusal::NotEnrolled.into(),
            No::Broken => Fault(900, "INTERNAL_ERROR"),
            _ => Fault(101, "WRONG_PARAM"),
        }
    }
}

/// What is answered, whatever the binding.
pub(crate) struct Reply {
    /// The name of the response element.
    pub(crate) name: &'static str,
    pub(crate) common: Common,
    pub(crate) transaction: String,
    pub(crate) code: u16,
    pub(crate) message: &'static str,
    pub(crate) signature: Option<Signature>,
}

/// A signature in one of the two formats, all base64.
pub(crate) enum Signature {
    Cms(String),
    Pkcs1 { value: String, certificate: String },
}

pub(crate) fn routes() -> Router<Arc<Engine>> {
    Router::new().route("/mss/soap", post(soap)).route("/mss/json", post(json))
}

async fn soap(State(engine): State<Arc<Engine>>, ConnectInfo(wire): ConnectInfo<Wire>, body: Bytes) -> Response {
    answer(&engine, &wire, Binding::Soap, &body).await
}

async fn json(State(engine): State<Arc<Engine>>, ConnectInfo(wire): ConnectInfo<Wire>, body: Bytes) -> Response {
    answer(&engine, &wire, Binding::Json, &body).await
}

async fn answer(engine: &Engine, wire: &Wire, binding: Binding, body: &Bytes) -> Response {
    let call = match bindings::read(binding, body).and_then(|call| checked(engine, call)) {
        Ok(call) => call,
        Err(fault) => return bindings::refuse(binding, &fault),
    };
    let reply = match call {
        Call::Signature(asked) => start(engine, wire, asked),
        Call::Status(common, transaction) => match engine.check(&transaction) {
            Err(no) => Err(no.into()),
            Ok((check, scenario)) => {
                if let Some(fault) = misbehave(engine, &transaction, scenario, wire).await {
                    return fault;
                }
                if scenario == Scenario::Garbage {
                    return garbage();
                }
                status(engine, wire, common, transaction, check)
            }
        },
        Call::Receipt(common, transaction) => receipt(engine, common, transaction),
    };
    reply.map_or_else(|fault| bindings::refuse(binding, &fault), |reply| bindings::write(binding, &reply))
}

/// The password of the application provider.
fn checked(engine: &Engine, call: Call) -> Result<Call, Fault> {
    if same(&call.common().ap_pwd, &engine.token) { Ok(call) } else { Err(Fault(104, "UNAUTHORIZED_ACCESS")) }
}

fn start(engine: &Engine, wire: &Wire, asked: SignatureReq) -> Result<Reply, Fault> {
    let sim = engine.sim_by_msisdn(&asked.msisdn).ok_or(Refusal::NotEnrolled)?;
    let common = asked.common.clone();
    let order = asked.order(sim.data.credential_id, engine.now())?;
    let (transaction, scenario) = engine.authorize(order)?;
    if scenario == Scenario::LostStart && engine.lose_once(&transaction.handle, true)? {
        wire.cut();
    }
    Ok(Reply {
        name: "MSS_SignatureResp",
        common,
        transaction: transaction.handle,
        code: 100,
        message: "REQUEST_OK",
        signature: None,
    })
}

fn status(engine: &Engine, wire: &Wire, common: Common, transaction: String, check: Check) -> Result<Reply, Fault> {
    if !engine.polled(&transaction, FIRST_POLL, NEXT_POLL)? {
        return Err(Fault(101, "WRONG_PARAM: asked too early (20 s, then every 5 s)"));
    }
    let reply = |code, message, signature| Reply {
        name: "MSS_StatusResp",
        common,
        transaction: transaction.clone(),
        code,
        message,
        signature,
    };
    match check {
        Check::Waiting => Ok(reply(504, "OUTSTANDING_TRANSACTION", None)),
        // The state of an X.509 certificate is a status, what a phone says is a fault.
        Check::Refused(why @ (Refusal::CertificateExpired | Refusal::CertificateRevoked)) => {
            let Fault(code, message) = why.into();
            Ok(reply(code, message, None))
        }
        Check::Refused(why) => Err(why.into()),
        Check::Granted(..) => {
            let (signed, sim) = engine.collect(&transaction)?;
            if sim.data.scenario == Scenario::LostAnswer && engine.lose_once(&transaction, false)? {
                wire.cut();
            }
            let value = engine.sent(&signed, sim.data.scenario).into_iter().next().unwrap_or_default();
            let leaf = signed.certificate.clone().or_else(|| sim.data.chain.first().cloned()).unwrap_or_default();
            let signature = match signed.format {
                Format::Cms => Signature::Cms(value),
                Format::Bare => Signature::Pkcs1 { value, certificate: leaf },
            };
            Ok(reply(502, "VALID_SIGNATURE", Some(signature)))
        }
    }
}

/// A receipt ends nothing and starts nothing: the phone of a real gateway would show that it is done.
fn receipt(engine: &Engine, common: Common, transaction: String) -> Result<Reply, Fault> {
    engine.check(&transaction)?;
    let (code, message) = (100, "REQUEST_OK");
    Ok(Reply { name: "MSS_ReceiptResp", common, transaction, code, message, signature: None })
}
