//! The port to the token that holds the keys.

use std::future::Future;

use crate::scheme::Algorithm;

/// Digests to sign with one key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Task {
    /// CKA_ID of the key.
    pub key_id: Vec<u8>,
    /// How.
    pub algorithm: Algorithm,
    /// What, in order; each as long as the algorithm says.
    pub digests: Vec<Vec<u8>>,
}

/// Why a token did not sign.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TokenError {
    /// It is not there, or is no longer the one it was (CKR_TOKEN_NOT_PRESENT, CKR_DEVICE_REMOVED).
    #[error("the token is not present")]
    Absent,
    /// It refused the PIN (CKR_PIN_INCORRECT). Not tried again: the next tries would lock it.
    #[error("the token refused the PIN; it is not tried again before a restart")]
    PinIncorrect,
    /// The PIN is locked, has expired or was never set (CKR_PIN_LOCKED, CKR_PIN_EXPIRED, CKR_USER_PIN_NOT_INITIALIZED).
    #[error("the PIN of the token is locked, over or not set")]
    PinLocked,
    /// The session is gone (CKR_SESSION_HANDLE_INVALID, CKR_USER_NOT_LOGGED_IN and their like). It is opened again.
    #[error("the session with the token is gone")]
    SessionLost,
    /// Somebody at the device said no (CKR_FUNCTION_CANCELED).
    #[error("cancelled at the token")]
    Canceled,
    /// Too many tasks wait already.
    #[error("too many tasks wait for the token")]
    Busy,
    /// The key or the library will not do.
    #[error("{0}")]
    Unsuited(String),
    /// Anything else, for the log.
    #[error("token: {0}")]
    Failed(String),
}

/// A token. One task at a time; how many may wait is the adapter's limit.
pub trait Token: Send + Sync + 'static {
    /// Signs all digests or none. RSA as it is, ECDSA as r‖s: what PKCS#11 gives. The caller verifies.
    fn sign(&self, task: Task) -> impl Future<Output = Result<Vec<Vec<u8>>, TokenError>> + Send;
}
