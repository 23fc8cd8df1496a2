//! An agency's key in an HSM, offered to our own functions by the CSC API (Cloud Signature Consortium), versions 2.0.0.2
//! and 1.0.4, from one handler.
//!
//! It stands in the agency's network (decision 23a), never in a Lambda. It is no hash oracle: a digest is signed only when
//! `signing-request` has approved it with a key of its own (decision 19), by a SAD that lives 60 s, is spent by its first
//! use, and is bound to the credential, the digests in their order and the client (EN 419 241-1, SCAL 2). It makes no CMS,
//! keeps nothing, knows no documents and offers no person's key. The PIN of the token comes from a file and goes to the
//! token; it is never tried again once it was refused.
//!
//! [`connector`] decides and knows no HTTP, clock or chance; [`token::Token`] and [`approval::Approval`] are its ports.

pub mod approval;
pub mod connector;
pub mod credential;
mod grants;
mod http;
mod members;
mod pkcs11;
mod refusal;
pub mod scheme;
pub mod settings;
mod start;
mod tls;
pub mod token;

pub use refusal::Refusal;
pub use start::{StartError, run};
