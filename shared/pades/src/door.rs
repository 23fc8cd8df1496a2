//! The guarded door: values that only a successful verification can make (house.md, pair assertions).

use crate::report::Level;

/// What a signature must be so that the state machine may accept it.
#[derive(Clone, Debug)]
pub struct Expected<'a> {
    /// Field that must hold the signature.
    pub field: &'a str,
    /// DER of the signer's X.509 certificate, exactly.
    pub signer_der: &'a [u8],
    /// Bytes the file must begin with: what was shown to the signer.
    pub base: &'a [u8],
    /// The instant of the verification, Unix seconds.
    pub at: i64,
    /// Trust anchors.
    pub anchors: &'a [pki::Certificate],
}

/// Why the door stays closed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{code}: {text}")]
pub struct Rejection {
    /// Stable code of the catalogue.
    pub code: &'static str,
    /// Detail in English, for operators.
    pub text: String,
}

/// A signature that was verified; only [`verify_signature`] makes one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Verified {
    field: String,
    signer_sha256: [u8; 32],
    signed_at: i64,
    level: Level,
    base_sha256: [u8; 32],
    file_sha256: [u8; 32],
    size: u64,
}

impl Verified {
    /// Field that holds the signature.
    pub fn field(&self) -> &str {
        &self.field
    }
    /// SHA-256 of the signer's X.509 certificate.
    pub fn signer_sha256(&self) -> [u8; 32] {
        self.signer_sha256
    }
    /// Time of the signature's time-stamp, Unix seconds.
    pub fn signed_at(&self) -> i64 {
        self.signed_at
    }
    /// Level that the file shows.
    pub fn level(&self) -> Level {
        self.level
    }
    /// SHA-256 of the bytes that the signer was shown.
    pub fn base_sha256(&self) -> [u8; 32] {
        self.base_sha256
    }
    /// SHA-256 of the signed file.
    pub fn file_sha256(&self) -> [u8; 32] {
        self.file_sha256
    }
    /// Bytes of the signed file.
    pub fn size(&self) -> u64 {
        self.size
    }
}

/// What an archived file must be.
#[derive(Clone, Debug)]
pub struct ExpectedArchive<'a> {
    /// The sealed file that it must begin with.
    pub sealed: &'a [u8],
    /// Field and DER of the signer's X.509 certificate, in the order of signing.
    pub signers: &'a [(&'a str, &'a [u8])],
    /// The instant of the verification, Unix seconds.
    pub at: i64,
    /// Trust anchors.
    pub anchors: &'a [pki::Certificate],
}

/// An archived file that was verified; only [`verify_archive`] makes one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct VerifiedArchive {
    level: Level,
    archived_at: i64,
    sealed_sha256: [u8; 32],
    file_sha256: [u8; 32],
    size: u64,
}

impl VerifiedArchive {
    /// Lowest level of the signatures: B-LTA.
    pub fn level(&self) -> Level {
        self.level
    }
    /// Time of the document time-stamp, Unix seconds.
    pub fn archived_at(&self) -> i64 {
        self.archived_at
    }
    /// SHA-256 of the sealed file inside.
    pub fn sealed_sha256(&self) -> [u8; 32] {
        self.sealed_sha256
    }
    /// SHA-256 of the archived file.
    pub fn file_sha256(&self) -> [u8; 32] {
        self.file_sha256
    }
    /// Bytes of the archived file.
    pub fn size(&self) -> u64 {
        self.size
    }
}

/// Verifies one signature as the last thing that happened to a file.
///
/// Signature `field` must be intact, made by exactly `signer_der`, cover the whole file, whose first bytes are `base`, and carry a valid
/// time-stamp token. Does not ask for revocation: that is the report's and the archive's job.
///
/// # Errors
/// [`Rejection`] with the first rule that fails.
pub fn verify_signature(_file: &[u8], _expected: &Expected<'_>) -> Result<Verified, Rejection> {
    unimplemented!()
}

/// Verifies a file that was archived: both signatures, DSS and document time-stamp (B-LTA).
///
/// # Errors
/// [`Rejection`] with the first rule that fails.
pub fn verify_archive(_file: &[u8], _expected: &ExpectedArchive<'_>) -> Result<VerifiedArchive, Rejection> {
    unimplemented!()
}
