//! The connector as its clients and its operator see it: the real program over SoftHSM2, over TLS and plain loopback.
//!
//! Without SoftHSM2 and OpenSC on the machine nothing is tested here, and the output says so; `cargo xtask test` installs them.

mod client;
mod guide;
mod mutual;
mod peer;
mod refusals;
mod signing;
