//! The local cloud: DynamoDB, S3, KMS, SES, test PKI, stream pump and router.

pub mod clock;
pub mod credentials;
pub mod endpoints;
pub mod error;
pub mod files;
pub mod serve;

pub use error::{Error, Result};
