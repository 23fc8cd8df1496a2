//! Signatures over the message itself, no digest of it: EdDSA (RFC 8032) and ML-DSA (FIPS 204), both pure and without a context.
//!
//! Ed25519 and ML-DSA are aws-lc's; Ed448 is RustCrypto's (decision 13).

use aws_lc_rs::signature::{self as lc, VerificationAlgorithm};
use const_oid::ObjectIdentifier;
use ed448_goldilocks::{Signature, VerifyingKey};

use crate::{DigestAlgorithm, Error, KeyAlgorithm, oids};

/// Octets of an Ed448 key, and of each half of a signature.
const ED448_OCTETS: usize = 57;

/// The one scheme of a key. Key and signature have the same identifier, which takes no parameters (RFC 8410 §3, RFC 9881 §2).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Pure {
    Ed25519,
    Ed448,
    MlDsa44,
    MlDsa65,
    MlDsa87,
}

impl Pure {
    const ALL: [Self; 5] = [Self::Ed25519, Self::Ed448, Self::MlDsa44, Self::MlDsa65, Self::MlDsa87];

    pub(super) fn named(oid: &ObjectIdentifier) -> Option<Self> {
        Self::ALL.into_iter().find(|scheme| scheme.oid() == *oid)
    }

    pub(crate) fn of(key: &KeyAlgorithm) -> Option<Self> {
        Self::ALL.into_iter().find(|scheme| scheme.key() == *key)
    }

    pub(crate) const fn oid(self) -> ObjectIdentifier {
        match self {
            Self::Ed25519 => oids::ED25519,
            Self::Ed448 => oids::ED448,
            Self::MlDsa44 => oids::ML_DSA_44,
            Self::MlDsa65 => oids::ML_DSA_65,
            Self::MlDsa87 => oids::ML_DSA_87,
        }
    }

    pub(super) const fn key(self) -> KeyAlgorithm {
        match self {
            Self::Ed25519 => KeyAlgorithm::Ed25519,
            Self::Ed448 => KeyAlgorithm::Ed448,
            Self::MlDsa44 => KeyAlgorithm::MlDsa44,
            Self::MlDsa65 => KeyAlgorithm::MlDsa65,
            Self::MlDsa87 => KeyAlgorithm::MlDsa87,
        }
    }

    /// Octets of the public key (RFC 8032 §5.1.5, §5.2.5; FIPS 204 table 2).
    const fn key_octets(self) -> usize {
        match self {
            Self::Ed25519 => 32,
            Self::Ed448 => ED448_OCTETS,
            Self::MlDsa44 => 1312,
            Self::MlDsa65 => 1952,
            Self::MlDsa87 => 2592,
        }
    }

    /// Octets of a signature (RFC 8032 §5.1.6, §5.2.6; FIPS 204 table 2).
    const fn signature_octets(self) -> usize {
        match self {
            Self::Ed25519 => 64,
            Self::Ed448 => 2 * ED448_OCTETS,
            Self::MlDsa44 => 2420,
            Self::MlDsa65 => 3309,
            Self::MlDsa87 => 4627,
        }
    }

    /// Whether a key may be written so. aws-lc would also take a whole SubjectPublicKeyInfo for the octets of a key.
    pub(super) fn fits(self, octets: &[u8]) -> bool {
        octets.len() == self.key_octets()
    }

    /// Whether a CMS may name this digest of its content (RFC 8419 §3.1; RFC 9882 §3.3: as long as the scheme is strong).
    /// Ed25519 is taken with others than SHA-512 too, as ever: the digest is judged for itself.
    pub(super) fn takes(self, digest: DigestAlgorithm) -> bool {
        match self {
            Self::Ed25519 => digest != DigestAlgorithm::Shake256,
            Self::Ed448 => digest == DigestAlgorithm::Shake256,
            Self::MlDsa44 => digest.length() >= 32,
            Self::MlDsa65 => digest.length() >= 48,
            Self::MlDsa87 => digest.length() >= 64,
        }
    }

    pub(super) fn verify(self, key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), Error> {
        if signature.len() != self.signature_octets() {
            return Err(Error::SignatureInvalid);
        }
        let by_lc = |with: &dyn VerificationAlgorithm| {
            with.verify_sig(key, message, signature).map_err(|_| Error::SignatureInvalid)
        };
        match self {
            Self::Ed25519 => by_lc(&lc::ED25519),
            Self::Ed448 => ed448(key, message, signature).ok_or(Error::SignatureInvalid),
            Self::MlDsa44 => by_lc(&lc::ML_DSA_44),
            Self::MlDsa65 => by_lc(&lc::ML_DSA_65),
            Self::MlDsa87 => by_lc(&lc::ML_DSA_87),
        }
    }
}

/// RFC 8032 §5.2.7, without the factor 4. The library refuses an S of the order or more, and points outside the subgroup; what it
/// would read in more than one way is refused before.
fn ed448(key: &[u8], message: &[u8], signature: &[u8]) -> Option<()> {
    let key: &[u8; ED448_OCTETS] = key.try_into().ok()?;
    let r = signature.first_chunk::<ED448_OCTETS>()?;
    if !is_canonical(key) || !is_canonical(r) {
        return None;
    }
    let key = VerifyingKey::from_bytes(key).ok()?;
    key.verify_raw(&Signature::from_slice(signature).ok()?, message).ok()
}

/// y below p = 2^448 − 2^224 − 1, little-endian, and of the last octet nothing but the sign of x (RFC 8032 §5.2.2, §5.2.3).
fn is_canonical(point: &[u8; ED448_OCTETS]) -> bool {
    let [y @ .., sign] = point;
    let p = |at: usize| if at == 28 { 0xfe } else { 0xff };
    sign & 0x7f == 0 && y.iter().copied().rev().lt((0..y.len()).rev().map(p))
}

#[cfg(test)]
mod tests;
