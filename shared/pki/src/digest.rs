//! The digest algorithms that signatures name.

use sha2::Digest as _;

/// Digest algorithms that are recognised. SHA-1 is read in old signatures and reported as weak; it is never written.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum DigestAlgorithm {
    /// SHA-1, 20 bytes; weak.
    Sha1,
    /// SHA-256, 32 bytes.
    Sha256,
    /// SHA-384, 48 bytes.
    Sha384,
    /// SHA-512, 64 bytes.
    Sha512,
}

impl DigestAlgorithm {
    /// Length of the digest in bytes.
    #[must_use]
    pub const fn length(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// Whether relying on it for signatures is advised against.
    #[must_use]
    pub const fn is_weak(self) -> bool {
        matches!(self, Self::Sha1)
    }

    /// Usual name, e.g. `SHA-256`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA-1",
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
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
    match algorithm {
        DigestAlgorithm::Sha1 => over::<sha1::Sha1>(parts),
        DigestAlgorithm::Sha256 => over::<sha2::Sha256>(parts),
        DigestAlgorithm::Sha384 => over::<sha2::Sha384>(parts),
        DigestAlgorithm::Sha512 => over::<sha2::Sha512>(parts),
    }
}

/// SHA-256 of one piece.
pub(crate) fn sha256(data: &[u8]) -> [u8; 32] {
    sha2::Sha256::digest(data).into()
}
