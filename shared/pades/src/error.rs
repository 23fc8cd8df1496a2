//! What can go wrong while a signature is made.

use thiserror::Error as ThisError;

/// Why a signature could not be prepared, embedded or archived.
#[derive(Clone, Debug, PartialEq, ThisError)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be read or written.
    #[error("pdf: {0}")]
    Pdf(#[from] pdf::Error),
    /// A cryptographic structure cannot be read or built.
    #[error("pki: {0}")]
    Pki(#[from] pki::Error),
    /// The file has no signature field of this name.
    #[error("no signature field {0:?}")]
    FieldMissing(String),
    /// The field already holds a signature.
    #[error("signature field {0:?} is already signed")]
    FieldSigned(String),
    /// The file's structure does not allow this (what is wrong stands in the text).
    #[error("unsuitable document: {0}")]
    Unsuitable(&'static str),
    /// The CMS structure is larger than the place kept for it.
    #[error("the signature needs {needed} bytes, {reserved} are reserved")]
    DoesNotFit {
        /// Bytes of the CMS structure.
        needed: usize,
        /// Bytes kept in the file.
        reserved: usize,
    },
    /// The given range is not the `/Contents` placeholder of the file.
    #[error("the range does not delimit a signature placeholder")]
    WrongPlaceholder,
    /// A value of the plan is malformed or too long.
    #[error("plan: {0}")]
    Plan(&'static str),
}
