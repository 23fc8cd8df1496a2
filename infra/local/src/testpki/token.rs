//! The keys on people's USB Tokens. Whoever asks for a signature has given the PIN already: see `usb.rs`.

use super::keys::{Key, Kind};
use super::state::{Der, StoredToken};
use super::{Error, TestPki};

impl TestPki {
    /// The public key on somebody's token, made when there is none: DER SubjectPublicKeyInfo.
    ///
    /// # Errors
    /// [`Error`] when a key cannot be made or read, or the state cannot be written.
    pub(crate) fn token(&self, owner: &str) -> Result<Vec<u8>, Error> {
        if let Some(key) = self.key_of(owner)? {
            return key.spki();
        }
        let key = Key::generate(Kind::Rsa)?;
        let mut state = self.lock();
        let mut next = state.clone();
        next.tokens.push(StoredToken { owner: owner.to_owned(), pkcs8: Der(key.pkcs8()?) });
        self.place.write(&next)?;
        *state = next;
        key.spki()
    }

    /// RSA PKCS#1 v1.5 over a SHA-256 digest; `None` for nobody's token.
    ///
    /// # Errors
    /// [`Error`] when the key cannot be read or used.
    pub(crate) fn token_signs(&self, owner: &str, digest: &[u8; 32]) -> Result<Option<Vec<u8>>, Error> {
        let Some(key) = self.key_of(owner)? else { return Ok(None) };
        key.sign_digest(digest).map(Some).ok_or(Error::Key("a token could not sign"))
    }

    fn key_of(&self, owner: &str) -> Result<Option<Key>, Error> {
        let state = self.lock();
        let stored = state.tokens.iter().find(|token| token.owner == owner);
        stored.map(|token| Key::from_pkcs8(Kind::Rsa, &token.pkcs8.0)).transpose()
    }
}
