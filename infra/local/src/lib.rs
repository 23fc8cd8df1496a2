//! The local cloud: DynamoDB, S3, KMS, SES, test PKI, stream pump and router.

pub mod cfn;
pub mod clock;
pub mod credentials;
pub mod endpoints;
pub mod error;
pub mod files;
pub mod resources;
pub mod responders;
pub mod serve;
pub mod testpki;

pub use error::{Error, Result};
