//! From a gateway's error to our code for it.
//!
//! Does not believe everything: while the person is being asked, only what concerns the person or the SIM ends the session;
//! that our token or our request is wrong is the operator's trouble, and the deadline decides.

use reqwest::StatusCode;

use crate::wire::CscError;

/// When the error came.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum Stage {
    /// Before the person was asked: any refusal means that nothing is shown.
    Start,
    /// Afterwards.
    Poll,
}

/// The words of remote-signing.md §1a, and what we refuse ourselves.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Refusal {
    /// The person said no.
    UserRejected,
    /// The person did not answer in time.
    UserTimeout,
    /// The PIN is blocked.
    PinBlocked,
    /// The phone is off or out of reach.
    Unreachable,
    /// The phone shows another prompt.
    Busy,
    /// The SIM has no key or no certificate.
    NotEnrolled,
    /// The certificate is revoked.
    CertRevoked,
    /// The certificate has expired.
    CertExpired,
    /// The gateway finds the signature invalid, or the certificate expired: it says no more.
    Invalid,
    /// The gateway does not take our request.
    BadRequest,
    /// The gateway does not take our token.
    Unauthorized,
    /// The gateway did not work before anybody was asked.
    Backend,
    /// The credential is not under the sole control of the person, or not for so many digests.
    Unfit,
}

impl Refusal {
    const ALL: [(Self, &'static str, &'static str); 13] = [
        (Self::UserRejected, "UserRejected", "user-rejected"),
        (Self::UserTimeout, "UserTimeout", "user-timeout"),
        (Self::PinBlocked, "PinBlocked", "pin-blocked"),
        (Self::Unreachable, "Unreachable", "unreachable"),
        (Self::Busy, "Busy", "busy"),
        (Self::NotEnrolled, "NotEnrolled", "not-enrolled"),
        (Self::CertRevoked, "CertRevoked", "cert-revoked"),
        (Self::CertExpired, "CertExpired", "cert-expired"),
        (Self::Invalid, "", "signature-invalid"),
        (Self::BadRequest, "BadRequest", "bad-request"),
        (Self::Unauthorized, "Unauthorized", "unauthorized"),
        (Self::Backend, "Backend", "backend"),
        (Self::Unfit, "", "credential-unfit"),
    ];

    /// Our code.
    pub(crate) fn code(self) -> &'static str {
        Self::ALL.into_iter().find(|(refusal, ..)| *refusal == self).map_or("backend", |(_, _, code)| code)
    }

    /// The handle of a session that was refused at once. Nobody was asked, so nobody has said no or nothing: a gateway that denies then denies us.
    pub(crate) fn handle(self) -> String {
        let told = if matches!(self, Self::UserRejected | Self::UserTimeout) { Self::Unauthorized } else { self };
        format!("no:{}", told.code())
    }

    /// Whether it ends a session when it comes then.
    pub(crate) fn counts(self, stage: Stage) -> bool {
        stage == Stage::Start || self.is_final()
    }

    /// Whether it concerns the person or the SIM.
    fn is_final(self) -> bool {
        !matches!(self, Self::BadRequest | Self::Unauthorized | Self::Backend | Self::Busy | Self::Unfit)
    }
}

/// The refusal that an error states, if it is one. `None` is silence: a server's own failure, an answer of something that
/// is no gateway, and at [`Stage::Poll`] what is not final.
pub(crate) fn read(stage: Stage, status: StatusCode, body: &[u8]) -> Option<Refusal> {
    if !status.is_client_error() {
        return None;
    }
    let stated: CscError = serde_json::from_slice(body).ok()?;
    let word = stated.error_description.split(':').next().unwrap_or_default().trim();
    let by_word = Refusal::ALL.into_iter().find(|(_, theirs, _)| !theirs.is_empty() && *theirs == word);
    let refusal = by_word.map_or_else(|| by_name(&stated.error), |(refusal, ..)| Some(refusal))?;
    refusal.counts(stage).then_some(refusal)
}

/// By the standard's error names (CSC §10.1), where the description has no word that we know.
fn by_name(error: &str) -> Option<Refusal> {
    match error {
        "access_denied" => Some(Refusal::UserRejected),
        "expired_token" => Some(Refusal::UserTimeout),
        "temporarily_unavailable" => Some(Refusal::Busy),
        "invalid_request" | "invalid_scope" | "invalid_hash" => Some(Refusal::BadRequest),
        "invalid_token" | "unauthorized_client" => Some(Refusal::Unauthorized),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Whoever was not asked has not refused.
    #[test]
    fn a_person_who_was_not_asked_is_not_blamed() {
        let refused = read(Stage::Start, StatusCode::FORBIDDEN, br#"{"error": "access_denied"}"#);
        assert_eq!(refused.map(Refusal::handle).as_deref(), Some("no:unauthorized"));
        assert_eq!(Refusal::UserTimeout.handle(), "no:unauthorized");
        assert_eq!(Refusal::NotEnrolled.handle(), "no:not-enrolled");
    }

    fn said(stage: Stage, status: u16, error: &str, description: &str) -> Option<&'static str> {
        let body = json!({"error": error, "error_description": description}).to_string();
        read(stage, StatusCode::from_u16(status).expect("a status"), body.as_bytes()).map(Refusal::code)
    }

    #[test]
    fn a_person_who_says_no_is_heard_at_any_time() {
        for stage in [Stage::Start, Stage::Poll] {
            assert_eq!(said(stage, 400, "access_denied", "UserRejected"), Some("user-rejected"));
            assert_eq!(said(stage, 400, "access_denied", "PinBlocked: three tries"), Some("pin-blocked"));
            assert_eq!(said(stage, 400, "expired_token", "the token has expired"), Some("user-timeout"));
            assert_eq!(said(stage, 403, "access_denied", ""), Some("user-rejected"));
        }
    }

    #[test]
    fn our_own_mistakes_end_a_session_only_before_the_prompt() {
        for (status, error, word, code) in [
            (400, "invalid_request", "BadRequest: hashes", "bad-request"),
            (401, "invalid_token", "Unauthorized", "unauthorized"),
            (429, "temporarily_unavailable", "Busy", "busy"),
        ] {
            assert_eq!(said(Stage::Start, status, error, word), Some(code));
            assert_eq!(said(Stage::Poll, status, error, word), None, "{code}");
        }
    }

    /// House rule 5: what is not clearly a "no" is none.
    #[test]
    fn a_broken_server_refuses_nothing() {
        assert_eq!(said(Stage::Start, 500, "access_denied", "UserRejected"), None);
        assert_eq!(said(Stage::Start, 302, "access_denied", "UserRejected"), None);
        assert_eq!(said(Stage::Start, 400, "teapot", "Backend of another kind"), None);
        assert_eq!(read(Stage::Start, StatusCode::FORBIDDEN, b"<html>proxy</html>"), None);
    }

    #[test]
    fn codes_are_distinct() {
        let mut codes: Vec<_> = Refusal::ALL.iter().map(|(_, _, code)| *code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), Refusal::ALL.len());
    }
}
