//! The adapters against the embedded endpoints: the ordinary SDK and HTTP clients over loopback, nothing replaced.
//!
//! What these endpoints never do (throttling, transaction conflicts, lost answers) comes from a scripted server in
//! [`script`]. All tests share one cloud on a runtime of its own and keep apart by identifiers.

mod annulments;
mod bucket;
mod cloud;
mod key;
mod letters;
mod mss;
mod phone;
mod quota;
mod script;
mod services;
mod table;
mod table_samples;
