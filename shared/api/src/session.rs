//! How the API shows a signing session (api.md rows 42 and 43).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::model::{PreparedRevision, Purpose, Session, SessionItem, SessionState};
use domain::time::rfc3339;
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Seconds a client waits between two polls (decision 7).
const POLL_AFTER_S: u32 = 1;

/// A session as JSON. Shows no phone number and no signature value. Of a desk flow that waits it shows what the token has to
/// sign, and which X.509 certificate has to be on it: a page cannot do its part without.
pub fn session_view(session: &Session, now: Timestamp) -> Value {
    let left = session.expires_at.duration_since(now).as_secs().max(0);
    let waits = matches!(session.state, SessionState::Sending | SessionState::Waiting);
    json!({
        "id": session.id.as_str(), "purpose": purpose(session.purpose), "method": session.method,
        "state": state(session.state), "verification_code": session.verification_code,
        "display_text": session.display_text, "expires_at": rfc3339(session.expires_at),
        "seconds_left": if waits { left } else { 0 },
        "items": session.items.iter().map(|item| shown(item, session)).collect::<Vec<_>>(),
        "poll_after": if session.state.is_closed() { Value::Null } else { json!(POLL_AFTER_S) },
        "links": {"self": format!("/v1/sign-sessions/{}", session.id)},
    })
}

fn shown(item: &SessionItem, session: &Session) -> Value {
    let at_the_desk = session.method == "usb" && session.state == SessionState::Waiting;
    let ended = match (&item.problem, item.done) {
        (Some(_), _) => "failed",
        (None, true) => "done",
        (None, false) => state(session.state),
    };
    let mut shown = json!({"copy_id": item.copy.as_str(), "state": ended});
    if let (Some(problem), Value::Object(map)) = (&item.problem, &mut shown) {
        map.insert("problem".into(), json!(problem));
    }
    if let (true, Some(prepared), Value::Object(map)) = (at_the_desk, &item.prepared, &mut shown) {
        map.insert("to_be_signed".into(), to_be_signed(prepared));
    }
    shown
}

/// Both forms in which tokens are asked: a digest (VGCA Sign Service, CKM_RSA_PKCS behind a DigestInfo, CKM_ECDSA), or the
/// message that a token hashes by itself (CKM_SHA256_RSA_PKCS). The message is the DER of the SignedAttributes (RFC 5652 §5.4).
fn to_be_signed(prepared: &PreparedRevision) -> Value {
    let message = &prepared.signed_attributes;
    json!({
        "digest_algorithm": "SHA256", "digest": STANDARD.encode(Sha256::digest(message)),
        "message": STANDARD.encode(message),
    })
}

fn purpose(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::LeaderSign => "leader_sign",
        Purpose::Seal => "seal",
    }
}

fn state(state: SessionState) -> &'static str {
    match state {
        SessionState::Sending => "sending",
        SessionState::Waiting => "waiting",
        SessionState::Checking => "checking",
        SessionState::Timestamping => "timestamping",
        SessionState::Done => "done",
        SessionState::Failed => "failed",
        SessionState::Expired => "expired",
        // The prompt may still be on the phone; for whoever asks it is over.
        SessionState::Cancelling | SessionState::Cancelled => "cancelled",
        SessionState::Superseded => "superseded",
        SessionState::Unknown => "unknown",
    }
}
