//! The case file, the copy, the register, and the rules. Knows no AWS, HTTP, clock, randomness or runtime.

pub mod copy;
pub mod ids;
pub mod model;
pub mod ports;
pub mod time;
