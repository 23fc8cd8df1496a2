//! The responders of the test PKI on loopback: OCSP (RFC 6960), CRL and AIA files (RFC 5280), TSA (RFC 3161).
//!
//! Plain HTTP, as such services are. Answers are made fresh each time, from the clock that comes in (decision 42); nothing
//! is cached or pre-signed.

mod faults;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pki::issue::{
    CrlSpec, OcspAnswer, OcspAsked, OcspRequest, OcspSpec, RevokedEntry, TimestampRequest, TimestampSpec, crl,
    ocsp_error, ocsp_response, timestamp_rejection, timestamp_response, timestamp_token,
};
use pki::ocsp::CertStatus;

pub use self::faults::{FaultChange, FaultSet, Faults, FileFault, MAX_DELAY_MS, OcspFault, TsaFault, WrongAnswers};
use crate::testpki::{Ca, Error, Holder, TestPki, serial};

/// Largest request, in bytes.
pub const MAX_REQUEST: usize = 64 * 1024;
/// Seconds that an OCSP answer or CRL is good for.
pub const VALIDITY_SECONDS: i64 = 7 * 86_400;
/// The TSA's policy, under the enterprise number for examples (RFC 5612).
pub const TSA_POLICY: &str = "1.3.6.1.4.1.32473.1.1";
/// How long "never" is: longer than any client waits.
const SILENCE: Duration = Duration::from_secs(600);
/// OCSPResponseStatus values (RFC 6960 §4.2.1).
const MALFORMED_REQUEST: u8 = 1;
const INTERNAL_ERROR: u8 = 2;
const TRY_LATER: u8 = 3;
const UNAUTHORIZED: u8 = 6;
/// PKIFailureInfo bits (RFC 3161 §2.4.2).
const BAD_DATA_FORMAT: u8 = 5;
const SYSTEM_FAILURE: u8 = 25;
/// Not an ASN.1 element: the length is longer than what follows.
const GARBAGE: &[u8] = &[0x30, 0x84, 0x7f, 0xff, 0xff, 0xff, 0x00, 0x01, 0x02];

/// The shared clock, in Unix seconds.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

#[derive(Clone)]
struct Shared {
    pki: Arc<TestPki>,
    clock: Clock,
    faults: Arc<Faults>,
}

/// What the responders' port serves: `/ocsp/{ca}`, `/crl/{ca}.crl`, `/aia/{ca}.cer`, `/tsa`, `/tsa-behind`.
pub fn routes(pki: Arc<TestPki>, clock: Clock, faults: Arc<Faults>) -> Router {
    Router::new()
        .route("/ocsp/{ca}", post(ocsp_post))
        .route("/ocsp/{ca}/{*request}", get(ocsp_get))
        .route("/crl/{file}", get(crl_file))
        .route("/aia/{file}", get(aia_file))
        .route("/tsa", post(tsa))
        .route("/tsa-behind", post(tsa_behind))
        .layer(DefaultBodyLimit::max(MAX_REQUEST))
        .with_state(Shared { pki, clock, faults })
}

fn send(kind: &'static str, body: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store")], body).into_response()
}

fn failed(error: &Error) -> Response {
    tracing::error!(%error, "a responder of the test PKI failed");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

impl Shared {
    fn now(&self) -> i64 {
        (self.clock)()
    }

    /// The configured delay; then how the switches stand.
    async fn wait(&self) -> FaultSet {
        let set = self.faults.get();
        if set.delay_ms > 0 {
            tokio::time::sleep(Duration::from_millis(set.delay_ms)).await;
        }
        set
    }
}

async fn silence() -> Response {
    tokio::time::sleep(SILENCE).await;
    StatusCode::GATEWAY_TIMEOUT.into_response()
}

// ---- OCSP

async fn ocsp_post(State(shared): State<Shared>, Path(ca): Path<String>, body: Bytes) -> Response {
    ocsp(&shared, &ca, &body).await
}

/// RFC 6960 appendix A.1: the request stands in the path, base64 in URL encoding (axum has decoded it).
async fn ocsp_get(State(shared): State<Shared>, Path((ca, request)): Path<(String, String)>) -> Response {
    match STANDARD.decode(request.as_bytes()) {
        Ok(der) => ocsp(&shared, &ca, &der).await,
        Err(_) => send("application/ocsp-response", ocsp_error(MALFORMED_REQUEST)),
    }
}

async fn ocsp(shared: &Shared, ca: &str, request: &[u8]) -> Response {
    let Some(ca) = Ca::from_name(ca) else { return StatusCode::NOT_FOUND.into_response() };
    let fault = shared.wait().await.ocsp;
    if fault != OcspFault::None {
        shared.faults.misled(|wrong| wrong.ocsp += 1);
    }
    let body = match fault {
        OcspFault::Silence => return silence().await,
        OcspFault::Http500 => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        OcspFault::Garbage => GARBAGE.to_vec(),
        OcspFault::TryLater => ocsp_error(TRY_LATER),
        _ => ocsp_answer(shared, ca, request, fault).unwrap_or_else(|error| {
            tracing::error!(%error, "OCSP");
            ocsp_error(INTERNAL_ERROR)
        }),
    };
    send("application/ocsp-response", body)
}

fn ocsp_answer(shared: &Shared, ca: Ca, request: &[u8], fault: OcspFault) -> Result<Vec<u8>, Error> {
    let Ok(request) = OcspRequest::parse(request) else { return Ok(ocsp_error(MALFORMED_REQUEST)) };
    let issuer = &shared.pki.ca(ca)?.certificate;
    if request.asked.is_empty() || !request.asked.iter().all(|a| a.is_issued_by(issuer)) {
        return Ok(ocsp_error(UNAUTHORIZED));
    }
    let now = shared.now();
    let produced_at =
        if fault == OcspFault::Expired { now.saturating_sub(VALIDITY_SECONDS.saturating_mul(4)) } else { now };
    let mut answers = Vec::new();
    for asked in request.asked {
        let status = match fault {
            OcspFault::Unknown => CertStatus::Unknown,
            OcspFault::Revoked => CertStatus::Revoked { at: now.saturating_sub(86_400), reason: Some(1) },
            _ => shared.pki.status(ca, &asked.serial),
        };
        let asked = if fault == OcspFault::WrongCertId { OcspAsked::new(issuer, issuer)? } else { asked };
        let (this_update, next_update) = (produced_at, Some(produced_at.saturating_add(VALIDITY_SECONDS)));
        answers.push(OcspAnswer { asked, status, this_update, next_update });
    }
    let nonce = if fault == OcspFault::WrongNonce { Some(serial()?) } else { request.nonce };
    let spec = OcspSpec { produced_at, answers, nonce };
    let signer = if fault == OcspFault::Stranger { shared.pki.stranger() } else { shared.pki.ocsp_signer(ca)? };
    let key = &signer.key;
    // A CA that answers itself needs no certificate beside the answer: whoever asks has it.
    let embedded: Vec<_> = (signer.certificate != *issuer).then(|| signer.certificate.clone()).into_iter().collect();
    let sign = |tbs: &[u8]| if fault == OcspFault::WrongHash { key.sign(&[tbs, b"!"].concat()) } else { key.sign(tbs) };
    Ok(ocsp_response(&spec, &signer.certificate, &embedded, key.algorithm(), &sign)?)
}

// ---- files

async fn crl_file(State(shared): State<Shared>, Path(file): Path<String>) -> Response {
    let Some(ca) = file.strip_suffix(".crl").and_then(Ca::from_name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let fault = shared.wait().await.crl;
    if fault != FileFault::None {
        shared.faults.misled(|wrong| wrong.crl += 1);
    }
    match fault {
        FileFault::Silence => silence().await,
        FileFault::Http500 => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        FileFault::Garbage => send("application/pkix-crl", GARBAGE.to_vec()),
        FileFault::None | FileFault::Expired | FileFault::Stranger => match make_crl(&shared, ca, fault) {
            Ok(der) => send("application/pkix-crl", der),
            Err(error) => failed(&error),
        },
    }
}

fn make_crl(shared: &Shared, ca: Ca, fault: FileFault) -> Result<Vec<u8>, Error> {
    let age = if fault == FileFault::Expired { VALIDITY_SECONDS.saturating_mul(4) } else { 0 };
    let this_update = shared.now().saturating_sub(age);
    let revoked = shared.pki.revocations(ca).into_iter();
    let spec = CrlSpec {
        this_update,
        next_update: Some(this_update.saturating_add(VALIDITY_SECONDS)),
        // Grows with the clock, as RFC 5280 §5.2.3 wants, without a counter to keep.
        number: u64::try_from(this_update).unwrap_or(0),
        revoked: revoked.map(|(serial, at, reason)| RevokedEntry { serial, at, reason }).collect(),
        extra_extensions: Vec::new(),
    };
    let issuer = shared.pki.ca(ca)?;
    let key = if fault == FileFault::Stranger { &shared.pki.stranger().key } else { &issuer.key };
    Ok(crl(&spec, &issuer.certificate, key.algorithm(), &|tbs| key.sign(tbs))?)
}

async fn aia_file(State(shared): State<Shared>, Path(file): Path<String>) -> Response {
    let Some(ca) = file.strip_suffix(".cer").and_then(Ca::from_name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let fault = shared.wait().await.aia;
    if fault != FileFault::None {
        shared.faults.misled(|wrong| wrong.aia += 1);
    }
    let holder = match fault {
        FileFault::Silence => return silence().await,
        FileFault::Http500 => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        FileFault::Garbage => return send("application/pkix-cert", GARBAGE.to_vec()),
        FileFault::Stranger => Ok(shared.pki.stranger()),
        FileFault::None | FileFault::Expired => shared.pki.ca(ca),
    };
    match holder {
        Ok(holder) => send("application/pkix-cert", holder.certificate.der().to_vec()),
        Err(error) => failed(&error),
    }
}

// ---- TSA

async fn tsa(State(shared): State<Shared>, body: Bytes) -> Response {
    let fault = shared.wait().await.tsa;
    if fault != TsaFault::None {
        shared.faults.misled(|wrong| wrong.tsa += 1);
    }
    stamped(&shared, &body, fault).await
}

/// The second TSA: away, unless its switch is on.
async fn tsa_behind(State(shared): State<Shared>, body: Bytes) -> Response {
    if !shared.faults.get().tsa_behind {
        return StatusCode::NOT_FOUND.into_response();
    }
    stamped(&shared, &body, TsaFault::None).await
}

async fn stamped(shared: &Shared, body: &[u8], fault: TsaFault) -> Response {
    let answer = match fault {
        TsaFault::Silence => return silence().await,
        TsaFault::Http500 => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        TsaFault::Garbage => GARBAGE.to_vec(),
        TsaFault::Rejection => timestamp_rejection(SYSTEM_FAILURE),
        _ => stamp(shared, body, fault).unwrap_or_else(|error| {
            tracing::error!(%error, "TSA");
            timestamp_rejection(SYSTEM_FAILURE)
        }),
    };
    send("application/timestamp-reply", answer)
}

fn stamp(shared: &Shared, request: &[u8], fault: TsaFault) -> Result<Vec<u8>, Error> {
    let Ok(request) = TimestampRequest::parse(request) else { return Ok(timestamp_rejection(BAD_DATA_FORMAT)) };
    let mut spec = TimestampSpec {
        policy: TSA_POLICY.to_owned(),
        serial: serial()?,
        gen_time: shared.now(),
        imprint_algorithm: request.imprint_algorithm,
        imprint: request.imprint,
        nonce: request.nonce,
        accuracy_seconds: Some(1),
    };
    match fault {
        TsaFault::WrongNonce => spec.nonce = Some(serial()?),
        TsaFault::WrongImprint => spec.imprint.iter_mut().for_each(|byte| *byte ^= 0xff),
        _ => {}
    }
    let signer: &Holder = if fault == TsaFault::WrongCertificate { shared.pki.no_tsa() } else { shared.pki.tsa() };
    let mut chain = vec![signer.certificate.clone()];
    if request.certificate_wanted {
        chain.push(shared.pki.ca(Ca::Public)?.certificate.clone());
    }
    let key = &signer.key;
    let token = timestamp_token(&spec, &chain, key.algorithm(), &|attributes| key.sign(attributes))?;
    Ok(timestamp_response(&token))
}

#[cfg(test)]
mod tests;
