//! The key in a SIM, and chance. RSA-2048 only; the PIN is kept as a salted PBKDF2 value.

use std::num::NonZeroU32;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use aws_lc_rs::{digest, pbkdf2, rand};

use crate::Error;

const PIN_ROUNDS: NonZeroU32 = match NonZeroU32::new(10_000) {
    Some(n) => n,
    None => NonZeroU32::MIN,
};

/// A signing key with its encodings.
pub(crate) struct SimKey {
    pair: KeyPair,
}

impl SimKey {
    /// A fresh RSA-2048 key; tens of milliseconds.
    pub(crate) fn generate() -> Result<SimKey, Error> {
        let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| failed("no key could be made"))?;
        Ok(SimKey { pair })
    }

    pub(crate) fn from_pkcs8(der: &[u8]) -> Result<SimKey, Error> {
        let pair = KeyPair::from_pkcs8(der).map_err(|_| failed("a stored key cannot be read"))?;
        Ok(SimKey { pair })
    }

    pub(crate) fn pkcs8(&self) -> Result<Vec<u8>, Error> {
        let der: Pkcs8V1Der<'_> = self.pair.as_der().map_err(|_| failed("a key cannot be encoded"))?;
        Ok(der.as_ref().to_vec())
    }

    /// DER SubjectPublicKeyInfo (RFC 5280 §4.1.2.7).
    pub(crate) fn spki(&self) -> Result<Vec<u8>, Error> {
        let der: PublicKeyX509Der<'_> =
            self.pair.public_key().as_der().map_err(|_| failed("a public key cannot be encoded"))?;
        Ok(der.as_ref().to_vec())
    }

    /// Modulus length in bits.
    pub(crate) fn bits(&self) -> usize {
        self.pair.public_modulus_len().saturating_mul(8)
    }

    /// RSASSA-PKCS1-v1_5 (RFC 8017 §8.2) of a SHA-256 value: the DigestInfo is made here.
    pub(crate) fn sign_sha256(&self, hash: &[u8]) -> Result<Vec<u8>, Error> {
        let hash =
            digest::Digest::import_less_safe(hash, &digest::SHA256).map_err(|_| failed("not a SHA-256 value"))?;
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair.sign_digest(&RSA_PKCS1_SHA256, &hash, &mut signature).map_err(|_| failed("signing failed"))?;
        Ok(signature)
    }
}

/// SHA-256.
pub(crate) fn sha256(data: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, data).as_ref().to_vec()
}

/// `N` random bytes in lower-case hex.
pub(crate) fn random_hex<const N: usize>() -> Result<String, Error> {
    let mut bytes = [0_u8; N];
    rand::fill(&mut bytes).map_err(|_| failed("no random bytes"))?;
    Ok(hex::encode(bytes))
}

/// What is stored of a PIN.
pub(crate) fn pin_hash(salt: &str, pin: &str) -> String {
    let mut out = [0_u8; 32];
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, PIN_ROUNDS, salt.as_bytes(), pin.as_bytes(), &mut out);
    hex::encode(out)
}

/// Whether a PIN is the stored one.
pub(crate) fn pin_fits(salt: &str, stored: &str, pin: &str) -> bool {
    let Ok(stored) = hex::decode(stored) else { return false };
    pbkdf2::verify(pbkdf2::PBKDF2_HMAC_SHA256, PIN_ROUNDS, salt.as_bytes(), pin.as_bytes(), &stored).is_ok()
}

fn failed(why: &str) -> Error {
    Error::State(why.to_owned())
}
