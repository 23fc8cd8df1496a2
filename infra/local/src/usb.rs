//! The people's USB Tokens, with what stands between a page and a key: the PIN and its three tries.
//!
//! Stands for a token in its reader with its driver. It is no program at the desk (VGCA Sign Service): pages are tested
//! against a look-alike of that one over SoftHSM2 (`tests/peers`).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::people::Actor;
use crate::testpki::{Error, TestPki};

/// Wrong PINs in a row before a token is blocked, as drivers are delivered.
const TRIES: u8 = 3;

/// What a token says to a page.
#[derive(Debug)]
pub(crate) enum Said {
    /// RSA PKCS#1 v1.5 over the digest.
    Signature(Vec<u8>),
    WrongPin {
        tries_left: u8,
    },
    Blocked,
}

/// All tokens. Wrong tries are forgotten when the stack is started again or reset.
pub(crate) struct UsbTokens {
    pki: Arc<TestPki>,
    wrong: Mutex<BTreeMap<&'static str, u8>>,
}

impl UsbTokens {
    pub(crate) fn new(pki: Arc<TestPki>) -> Self {
        Self { pki, wrong: Mutex::default() }
    }

    /// Wrong PINs that somebody's token still takes; `None` for people without one.
    pub(crate) fn tries_left(&self, owner: &Actor) -> Option<u8> {
        owner.usb_token.map(|_| TRIES.saturating_sub(self.wrong_of(owner)))
    }

    /// Asks a token for a signature; `None` for people without one.
    ///
    /// # Errors
    /// [`Error`] when the key cannot be read or used.
    pub(crate) fn sign(&self, owner: &'static Actor, pin: &str, digest: &[u8; 32]) -> Result<Option<Said>, Error> {
        let Some(token) = owner.usb_token else { return Ok(None) };
        let left = TRIES.saturating_sub(self.wrong_of(owner));
        if left == 0 {
            return Ok(Some(Said::Blocked));
        }
        if pin != token.pin {
            self.count(owner);
            return Ok(Some(Said::WrongPin { tries_left: left.saturating_sub(1) }));
        }
        self.lock().remove(owner.key);
        Ok(self.pki.token_signs(owner.key, digest)?.map(Said::Signature))
    }

    /// As new.
    pub(crate) fn calm(&self) {
        self.lock().clear();
    }

    fn wrong_of(&self, owner: &Actor) -> u8 {
        self.lock().get(owner.key).copied().unwrap_or_default()
    }

    fn count(&self, owner: &'static Actor) {
        let mut wrong = self.lock();
        let count = wrong.entry(owner.key).or_default();
        *count = count.saturating_add(1);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<&'static str, u8>> {
        // A count is written whole, so a panic elsewhere leaves it readable.
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
