//! How the API shows a signing session (api.md rows 42 and 43).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::ids::UserId;
use domain::model::{PreparedRevision, Purpose, Session, SessionItem, SessionState};
use domain::time::rfc3339;
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Seconds a client waits between two polls (decision 7).
const POLL_AFTER_S: u32 = 1;

/// A session as JSON, for whoever looks at it. Shows no phone number and no signature value. Of a desk flow that waits it shows
/// what the token has to sign, to whoever opened it alone: their page cannot do its part without, and nobody else has a part in it.
pub fn session_view(session: &Session, viewer: &UserId, now: Timestamp) -> Value {
    let left = session.expires_at.duration_since(now).as_secs().max(0);
    let waits = matches!(session.state, SessionState::Sending | SessionState::Waiting);
    json!({
        "id": session.id.as_str(), "purpose": purpose(session.purpose), "method": session.method,
        "state": state(session.state), "verification_code": session.verification_code,
        "display_text": session.display_text, "expires_at": rfc3339(session.expires_at),
        "seconds_left": if waits { left } else { 0 },
        "items": session.items.iter().map(|item| shown(item, session, viewer)).collect::<Vec<_>>(),
        "poll_after": if session.state.is_closed() { Value::Null } else { json!(POLL_AFTER_S) },
        "links": {"self": format!("/v1/sign-sessions/{}", session.id)},
    })
}

fn shown(item: &SessionItem, session: &Session, viewer: &UserId) -> Value {
    let at_the_desk = session.method == "usb" && session.state == SessionState::Waiting && session.user == *viewer;
    let ended = match (&item.problem, item.done) {
        (Some(_), _) => "failed",
        (None, true) => "done",
        (None, false) => state(session.state),
    };
    let mut shown = json!({"copy_id": item.copy.as_str(), "state": ended});
    if let (Some(problem), Value::Object(map)) = (&item.problem, &mut shown) {
        map.insert("problem".into(), json!(problem));
        let (vi, en) = words(problem);
        map.insert("text".into(), json!({"vi": vi, "en": en}));
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

/// Why there is no signature, as a person reads it: what phones and gateways say (remote-signing.md §1a), then the catalogue of
/// problems. A code that neither knows is told as what it is, an end without a signature.
fn words(problem: &str) -> (&'static str, &'static str) {
    let outside = ENDS.iter().find(|(code, ..)| *code == problem).map(|(_, vi, en)| (*vi, *en));
    let known = outside.or_else(|| crate::code(problem).map(|code| code.title));
    known.unwrap_or(("Phiên ký kết thúc mà không có chữ ký.", "The session ended without a signature."))
}

const ENDS: [(&str, &str, &str); 15] = [
    ("expired", "Hết thời hạn mà chưa có chữ ký.", "The time was over before there was a signature."),
    ("cancelled", "Phiên ký đã được hủy.", "The session was cancelled."),
    ("user-rejected", "Người ký đã từ chối trên điện thoại.", "The signer refused on the phone."),
    ("user-timeout", "Người ký không trả lời trên điện thoại.", "The signer did not answer on the phone."),
    ("pin-blocked", "Mã PIN ký số trên SIM đã bị khóa.", "The signing PIN of the SIM is blocked."),
    ("unreachable", "Điện thoại tắt máy hoặc ngoài vùng phủ sóng.", "The phone is switched off or out of reach."),
    ("busy", "Điện thoại đang hiện một yêu cầu ký khác.", "The phone shows another request."),
    ("not-enrolled", "Số điện thoại chưa có chứng thư ký số.", "The phone has no signing credential."),
    ("cert-revoked", "Chứng thư ký số đã bị thu hồi.", "The signing credential is revoked."),
    ("cert-expired", "Chứng thư ký số đã hết hạn.", "The signing credential has expired."),
    (
        "signature-invalid",
        "Cổng ký số báo chữ ký không hợp lệ hoặc chứng thư đã hết hạn.",
        "The signing gateway finds the signature invalid or the credential expired.",
    ),
    (
        "bad-request",
        "Cổng ký số không nhận yêu cầu của hệ thống.",
        "The signing gateway does not take the system's request.",
    ),
    ("unauthorized", "Cổng ký số không nhận hệ thống này.", "The signing gateway does not take this system."),
    ("backend", "Cổng ký số gặp lỗi.", "The signing gateway failed."),
    (
        "credential-unfit",
        "Chứng thư này không do riêng người ký kiểm soát.",
        "This credential is not under the signer's sole control.",
    ),
];

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

#[cfg(test)]
mod tests {
    use domain::ids::{CopyId, SessionId, UnitId};
    use domain::model::Stored;

    use super::*;

    fn at_the_desk(state: SessionState) -> Session {
        let tail = Stored { path: "tail".into(), sha256: [0; 32], size: 1, midstate: None, etag: None };
        let prepared =
            PreparedRevision { tail, contents_start: 0, contents_end: 1, signed_attributes: b"attributes".to_vec() };
        let item = SessionItem {
            copy: CopyId::new([3; 16]),
            prepared: Some(prepared),
            signature: None,
            done: false,
            problem: None,
        };
        Session {
            id: SessionId::new([1; 16]),
            purpose: Purpose::LeaderSign,
            method: "usb".into(),
            shape: domain::model::Shape::Raw,
            user: UserId::new([7; 16]),
            unit: UnitId::new([2; 16]),
            items: vec![item],
            state,
            verification_code: "4298".into(),
            display_text: "MA 4298".into(),
            handle: None,
            created_at: Timestamp::UNIX_EPOCH,
            expires_at: Timestamp::UNIX_EPOCH,
            late: None,
            version: 1,
        }
    }

    /// What the token has to sign is shown while it is waited for, and to nobody but whoever opened the session.
    #[test]
    fn what_a_token_has_to_sign_is_its_owners_alone() {
        for (viewer, method, state, shown) in [
            (7, "usb", SessionState::Waiting, true),
            (8, "usb", SessionState::Waiting, false),
            (7, "sim", SessionState::Waiting, false),
            (7, "usb", SessionState::Timestamping, false),
        ] {
            let session = Session { method: method.into(), ..at_the_desk(state) };
            let view = session_view(&session, &UserId::new([viewer; 16]), Timestamp::UNIX_EPOCH);
            let item = &view["items"][0];
            assert_eq!(item.get("to_be_signed").is_some(), shown, "{viewer} {method}: {view}");
        }
    }
}
