//! The digest algorithms that signatures name.

use sha2::Digest as _;

use crate::Hasher;

/// Digest algorithms that are recognised. MD5, SHA-1 and SHA-224 are read in old signatures and reported as weak; they are never written.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum DigestAlgorithm {
    /// MD5, 16 bytes; broken.
    Md5,
    /// SHA-1, 20 bytes; weak.
    Sha1,
    /// SHA-224, 28 bytes; at its end.
    Sha224,
    /// SHA-256, 32 bytes.
    Sha256,
    /// SHA-384, 48 bytes.
    Sha384,
    /// SHA-512, 64 bytes.
    Sha512,
    /// SHA3-256, 32 bytes.
    Sha3_256,
    /// SHA3-384, 48 bytes.
    Sha3_384,
    /// SHA3-512, 64 bytes.
    Sha3_512,
    /// SHAKE256 with 64 bytes, the digest beside Ed448 (RFC 8419 §3.1).
    Shake256,
}

impl DigestAlgorithm {
    /// Length of the digest in bytes.
    #[must_use]
    pub const fn length(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha224 => 28,
            Self::Sha256 | Self::Sha3_256 => 32,
            Self::Sha384 | Self::Sha3_384 => 48,
            Self::Sha512 | Self::Sha3_512 | Self::Shake256 => 64,
        }
    }

    /// Whether relying on it for signatures is advised against. SHA-224 still is relied on, but its end is set
    /// (ETSI TS 119 312 V2.1.1).
    #[must_use]
    pub const fn is_weak(self) -> bool {
        matches!(self, Self::Md5 | Self::Sha1 | Self::Sha224)
    }

    /// Usual name, e.g. `SHA-256`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha1 => "SHA-1",
            Self::Sha224 => "SHA-224",
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
            Self::Sha3_256 => "SHA3-256",
            Self::Sha3_384 => "SHA3-384",
            Self::Sha3_512 => "SHA3-512",
            Self::Shake256 => "SHAKE256",
        }
    }
}

/// Digest of the parts as if they were one piece.
#[must_use]
pub fn digest(algorithm: DigestAlgorithm, parts: &[&[u8]]) -> Vec<u8> {
    fn over<D: sha2::Digest>(parts: &[&[u8]]) -> Vec<u8> {
        let mut state = D::new();
        for part in parts {
            state.update(part);
        }
        state.finalize().to_vec()
    }
    fn by_lc(algorithm: &'static aws_lc_rs::digest::Algorithm, parts: &[&[u8]]) -> Vec<u8> {
        let mut state = aws_lc_rs::digest::Context::new(algorithm);
        for part in parts {
            state.update(part);
        }
        state.finish().as_ref().to_vec()
    }
    match algorithm {
        DigestAlgorithm::Md5 => over::<md5::Md5>(parts),
        DigestAlgorithm::Sha1 => over::<sha1::Sha1>(parts),
        DigestAlgorithm::Sha224 => over::<sha2::Sha224>(parts),
        DigestAlgorithm::Sha256 => over::<sha2::Sha256>(parts),
        DigestAlgorithm::Sha384 => over::<sha2::Sha384>(parts),
        DigestAlgorithm::Sha512 => over::<sha2::Sha512>(parts),
        DigestAlgorithm::Sha3_256 => by_lc(&aws_lc_rs::digest::SHA3_256, parts),
        DigestAlgorithm::Sha3_384 => by_lc(&aws_lc_rs::digest::SHA3_384, parts),
        DigestAlgorithm::Sha3_512 => by_lc(&aws_lc_rs::digest::SHA3_512, parts),
        DigestAlgorithm::Shake256 => {
            let mut state = Hasher::new(algorithm);
            for part in parts {
                state.update(part);
            }
            state.finish()
        }
    }
}

/// SHA-256 of one piece.
pub(crate) fn sha256(data: &[u8]) -> [u8; 32] {
    sha2::Sha256::digest(data).into()
}
