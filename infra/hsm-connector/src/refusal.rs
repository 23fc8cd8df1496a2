//! What the connector says instead of an answer: HTTP status, `error` and `error_description` of CSC §10.1.
//!
//! The description begins with a word of our own gateway client, which tells it whether trying again is of use. It never
//! holds a SAD, a token, a PIN or what a token said: that stands in the log.

use crate::token::TokenError;

/// Why not.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// `error`.
    pub error: &'static str,
    /// `error_description`.
    pub description: String,
}

impl Refusal {
    fn new(status: u16, error: &'static str, description: impl Into<String>) -> Self {
        Self { status, error, description: description.into() }
    }

    /// The request is wrong.
    pub(crate) fn request(why: impl std::fmt::Display) -> Self {
        Self::new(400, "invalid_request", format!("BadRequest: {why}"))
    }

    /// Nobody that we know.
    pub(crate) fn caller() -> Self {
        Self::new(401, "invalid_token", "Unauthorized: no client of this service")
    }

    /// Nobody has approved these digests for this credential.
    pub(crate) fn unapproved() -> Self {
        Self::new(403, "access_denied", "Unauthorized: these digests are not approved")
    }

    /// The SAD is not one that this client may spend (any more).
    pub(crate) fn sad() -> Self {
        Self::new(400, "invalid_request", "BadRequest: Invalid parameter SAD")
    }

    /// The SAD was right and is too old.
    pub(crate) fn sad_expired() -> Self {
        Self::new(400, "expired_token", "BadRequest: the SAD has expired")
    }

    /// The SAD is for other digests, or another order of them.
    pub(crate) fn other_hashes() -> Self {
        Self::new(403, "invalid_hash", "BadRequest: the digests are not those of the SAD")
    }

    /// The credential's time is over or has not come.
    pub(crate) fn out_of_time() -> Self {
        Self::new(400, "access_denied", "CertExpired: the credential is outside its time")
    }

    /// More calls than the client may make.
    pub(crate) fn too_many() -> Self {
        Self::new(429, "temporarily_unavailable", "Busy: too many requests")
    }

    /// No method of the service.
    pub(crate) fn method() -> Self {
        Self::new(404, "invalid_request", "BadRequest: no such method")
    }

    /// Something is wrong here.
    pub(crate) fn broken() -> Self {
        Self::new(500, "server_error", "Backend")
    }

    /// It took too long.
    pub(crate) fn late() -> Self {
        Self::new(503, "temporarily_unavailable", "Backend: the token takes too long")
    }
}

impl From<&TokenError> for Refusal {
    fn from(error: &TokenError) -> Self {
        match error {
            TokenError::Absent | TokenError::SessionLost => {
                Self::new(503, "temporarily_unavailable", "Backend: the token does not answer")
            }
            TokenError::Busy => Self::new(429, "temporarily_unavailable", "Busy: too many tasks wait"),
            TokenError::Canceled => Self::new(400, "access_denied", "UserRejected: cancelled at the token"),
            TokenError::PinIncorrect | TokenError::PinLocked | TokenError::Unsuited(_) | TokenError::Failed(_) => {
                Self::broken()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes back by itself is a 503, what somebody decided a 400, and no client learns of a PIN.
    #[test]
    fn a_token_s_errors_are_told_apart() {
        for (error, status, word) in [
            (TokenError::Absent, 503, "Backend"),
            (TokenError::SessionLost, 503, "Backend"),
            (TokenError::Busy, 429, "Busy"),
            (TokenError::Canceled, 400, "UserRejected"),
            (TokenError::PinIncorrect, 500, "Backend"),
            (TokenError::PinLocked, 500, "Backend"),
            (TokenError::Failed("CKR_GENERAL_ERROR".to_owned()), 500, "Backend"),
        ] {
            let said = Refusal::from(&error);
            assert_eq!((said.status, said.description.split(':').next()), (status, Some(word)), "{error}");
            assert!(!said.description.contains("PIN") && !said.description.contains("CKR"), "{error}");
        }
    }
}
