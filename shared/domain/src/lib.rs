//! The case file, the copy, the register, and the rules. Knows no AWS, HTTP, clock, randomness or runtime.

pub mod batch;
pub mod breaker;
pub mod casefile;
pub mod copy;
pub mod deadline;
pub mod decide;
pub mod document_type;
pub mod fee;
pub mod identity;
pub mod ids;
pub mod inquiry;
pub mod model;
pub mod paths;
pub mod pause;
pub mod ports;
pub mod qr;
pub mod quota;
pub mod readable;
pub mod refusal;
pub mod register;
pub mod renewal;
pub mod series;
pub mod session;
pub mod time;
pub mod title;
pub mod unit_code;
