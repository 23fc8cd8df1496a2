//! X.509 paths, CMS signatures (RFC 5652), time-stamps (RFC 3161), OCSP (RFC 6960) and CRLs (RFC 5280): build and check.
//!
//! What this crate does NOT do: it opens no connection, reads no clock, draws no random bytes and holds no private key.
//! Every instant is an argument (`i64`, Unix seconds, UTC); every signature to be made is asked for through a closure.
//! It knows nothing of PDF: byte ranges, revisions and `/Contents` belong to the crates `pdf` and `pades`.
//! No type of the libraries underneath (x509-cert, cms, aws-lc-rs) is seen from outside.

mod asn1;
mod certificate;
mod digest;
mod error;
mod extensions;
mod hasher;
mod interner;
mod name;
mod oids;
mod time;
mod verify;

pub mod cms;
pub mod crl;
pub mod issue;
pub mod ocsp;
pub mod path;
pub mod trustlist;
pub mod tsp;

pub use certificate::{Certificate, KeyAlgorithm};
pub use digest::{DigestAlgorithm, digest};
pub use error::{Error, Weakness};
pub use hasher::Hasher;
pub use interner::Interner;
pub use name::is_deceptive;
