//! The local cloud: DynamoDB, S3, KMS, SES, test PKI, stream pump and router.

pub mod beside;
pub mod cfn;
pub mod clock;
pub mod credentials;
pub mod cut;
pub mod directory;
pub mod endpoints;
pub mod error;
pub mod files;
pub mod functions;
pub mod gateway;
pub mod invoke;
mod people;
mod places;
pub mod pump;
mod reset;
pub mod resources;
pub mod responders;
pub mod runtime_api;
mod sandbox;
pub mod sdk;
mod seed;
pub mod serve;
mod simulator;
pub mod stack;
mod surroundings;
pub mod testpki;
pub mod tokens;
mod usb;

pub use error::{Error, Result};
pub use simulator::CALLBACK_SECRET_VARIABLE;
pub use surroundings::{CALLBACK_SECRET, PROMPTS_IN_VAIN};
