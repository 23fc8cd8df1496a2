//! The key in a SIM (RSA-2048, RSA-3072, P-256), and chance. PIN and PUK are kept as salted PBKDF2 values.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512,
    RsaKeyPair, RsaSignatureEncoding,
};
use aws_lc_rs::{digest, pbkdf2, rand};
use der::Decode as _;
use serde::{Deserialize, Serialize};

use crate::Error;

const PIN_ROUNDS: NonZeroU32 = match NonZeroU32::new(10_000) {
    Some(n) => n,
    None => NonZeroU32::MIN,
};

/// What kind of key a SIM has.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) enum KeyKind {
    #[default]
    #[serde(rename = "rsa-2048")]
    Rsa2048,
    #[serde(rename = "rsa-3072")]
    Rsa3072,
    #[serde(rename = "p-256")]
    P256,
}

/// A signing key with its encodings.
pub(crate) enum SimKey {
    Rsa(RsaKeyPair),
    /// For digests of SHA-256 only.
    P256(EcdsaKeyPair),
}

impl SimKey {
    /// A fresh key; RSA takes tens of milliseconds.
    pub(crate) fn generate(kind: KeyKind) -> Result<SimKey, Error> {
        let rsa = |size| RsaKeyPair::generate(size).map(SimKey::Rsa).map_err(|_| failed("no key could be made"));
        match kind {
            KeyKind::Rsa2048 => rsa(KeySize::Rsa2048),
            KeyKind::Rsa3072 => rsa(KeySize::Rsa3072),
            KeyKind::P256 => {
                let made = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING);
                made.map(SimKey::P256).map_err(|_| failed("no key could be made"))
            }
        }
    }

    pub(crate) fn from_pkcs8(kind: KeyKind, der: &[u8]) -> Result<SimKey, Error> {
        let read = match kind {
            KeyKind::P256 => EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, der).map(SimKey::P256),
            KeyKind::Rsa2048 | KeyKind::Rsa3072 => RsaKeyPair::from_pkcs8(der).map(SimKey::Rsa),
        };
        read.map_err(|_| failed("a stored key cannot be read"))
    }

    pub(crate) fn pkcs8(&self) -> Result<Vec<u8>, Error> {
        match self {
            SimKey::Rsa(pair) => {
                let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| failed("a key cannot be encoded"))?;
                Ok(der.as_ref().to_vec())
            }
            SimKey::P256(pair) => {
                let der = pair.to_pkcs8v1().map_err(|_| failed("a key cannot be encoded"))?;
                Ok(der.as_ref().to_vec())
            }
        }
    }

    /// DER SubjectPublicKeyInfo (RFC 5280 §4.1.2.7).
    pub(crate) fn spki(&self) -> Result<Vec<u8>, Error> {
        let told = |der: Result<PublicKeyX509Der<'_>, _>| {
            der.map(|der| der.as_ref().to_vec())
                .map_err(|_: aws_lc_rs::error::Unspecified| failed("a public key cannot be encoded"))
        };
        match self {
            SimKey::Rsa(pair) => told(pair.public_key().as_der()),
            SimKey::P256(pair) => told(pair.public_key().as_der()),
        }
    }

    /// Length of the modulus or of the curve in bits.
    pub(crate) fn bits(&self) -> usize {
        match self {
            SimKey::Rsa(pair) => pair.public_modulus_len().saturating_mul(8),
            SimKey::P256(_) => 256,
        }
    }

    pub(crate) fn is_rsa(&self) -> bool {
        matches!(self, SimKey::Rsa(_))
    }

    /// Signs a digest of SHA-256, SHA-384 or SHA-512, told by its length: RSASSA-PKCS1-v1_5 (RFC 8017 §8.2), the
    /// DigestInfo is made here; or ECDSA as DER (RFC 3279 §2.2.3).
    pub(crate) fn sign(&self, hash: &[u8]) -> Result<Vec<u8>, Error> {
        let (algorithm, padding): (_, &'static RsaSignatureEncoding) = match hash.len() {
            32 => (&digest::SHA256, &RSA_PKCS1_SHA256),
            48 => (&digest::SHA384, &RSA_PKCS1_SHA384),
            64 => (&digest::SHA512, &RSA_PKCS1_SHA512),
            _ => return Err(failed("not a digest of SHA-2")),
        };
        let hash = digest::Digest::import_less_safe(hash, algorithm).map_err(|_| failed("not a digest of SHA-2"))?;
        match self {
            SimKey::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign_digest(padding, &hash, &mut signature).map_err(|_| failed("signing failed"))?;
                Ok(signature)
            }
            SimKey::P256(pair) => {
                let signed = pair.sign_digest(&hash).map_err(|_| failed("signing failed"))?;
                Ok(signed.as_ref().to_vec())
            }
        }
    }
}

/// A DER ECDSA signature of P-256 as r‖s, 64 bytes (IEEE P1363); `None` when it is none.
pub(crate) fn concatenated(der: &[u8]) -> Option<Vec<u8>> {
    let [r, s]: [der::asn1::Uint; 2] = Vec::<der::asn1::Uint>::from_der(der).ok()?.try_into().ok()?;
    let mut out = vec![0_u8; 64];
    for (number, end) in [(r, 32_usize), (s, 64)] {
        let bytes = number.as_bytes();
        let start = end.checked_sub(bytes.len()).filter(|start| start.saturating_add(32) >= end)?;
        out.get_mut(start..end)?.copy_from_slice(bytes);
    }
    Some(out)
}

/// SHA-256.
pub(crate) fn sha256(data: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, data).as_ref().to_vec()
}

/// Where identifiers, handles, SADs, salts and nonces come from: the system, or a seed, for runs that shall be the same again.
/// Keys never come from a seed: aws-lc makes RSA keys of the system's chance alone.
pub(crate) struct Chance {
    seed: Option<u64>,
    drawn: AtomicU64,
}

impl Chance {
    /// With a seed, what was drawn for `stored` things before is not drawn again.
    pub(crate) fn new(seed: Option<u64>, stored: usize) -> Chance {
        let drawn = u64::try_from(stored).unwrap_or(u64::MAX).saturating_mul(DRAWS);
        Chance { seed, drawn: AtomicU64::new(drawn) }
    }

    /// `N` bytes, 32 at most.
    pub(crate) fn bytes<const N: usize>(&self) -> Result<[u8; N], Error> {
        let Some(seed) = self.seed else { return random() };
        let nth = self.drawn.fetch_add(1, Ordering::Relaxed);
        let block = sha256(&[seed.to_be_bytes(), nth.to_be_bytes()].concat());
        block.first_chunk().copied().ok_or_else(|| failed("more than 32 bytes at once"))
    }

    /// The same in lower-case hex.
    pub(crate) fn hex<const N: usize>(&self) -> Result<String, Error> {
        self.bytes::<N>().map(hex::encode)
    }
}

/// More than are drawn for one SIM or prompt, the repeats of a signing included.
const DRAWS: u64 = 1_000;

/// `N` random bytes.
fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0_u8; N];
    rand::fill(&mut bytes).map_err(|_| failed("no random bytes"))?;
    Ok(bytes)
}

/// `N` random bytes in lower-case hex.
pub(crate) fn random_hex<const N: usize>() -> Result<String, Error> {
    random::<N>().map(hex::encode)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_again_and_never_twice() {
        let drawn = |seed, stored| {
            let chance = Chance::new(seed, stored);
            [chance.hex::<16>().expect("bytes"), chance.hex::<16>().expect("bytes")]
        };
        assert_eq!(drawn(Some(1), 0), drawn(Some(1), 0));
        assert_ne!(drawn(Some(1), 0), drawn(Some(2), 0));
        assert_ne!(drawn(Some(1), 0)[0], drawn(Some(1), 0)[1]);
        assert_ne!(drawn(Some(1), 0), drawn(Some(1), 1), "a start with a folder");
        assert_ne!(drawn(None, 0), drawn(None, 0));
        assert!(Chance::new(Some(1), 0).bytes::<33>().is_err());
    }

    #[test]
    fn ecdsa_numbers_are_padded_to_32_bytes() {
        // r = 1, s = 2^255, which DER writes with a leading zero.
        let mut der = vec![0x30, 0x26, 2, 1, 1, 2, 33, 0, 0x80];
        der.extend([0_u8; 31]);
        let flat = concatenated(&der).expect("a signature");
        assert_eq!((flat.len(), flat[31], flat[32]), (64, 1, 0x80));
        assert_eq!(concatenated(&der[..30]), None);
    }
}
