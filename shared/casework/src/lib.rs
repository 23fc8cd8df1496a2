//! The work of the office, one module per task, over the ports.
//!
//! Does not know AWS, HTTP, clocks, chance or a runtime: `now` and ports are arguments. There is no recovery path: every
//! run loads and takes the next step (house rule 4). Rights are asked by the caller, before.

pub mod aftercare;
mod answer;
pub mod augment;
pub mod batch;
mod beside;
pub mod delivery;
pub mod download;
pub mod examine;
mod facsimile;
pub mod inquiry;
pub mod leader;
pub mod numbering;
pub mod office;
pub mod qr;
pub mod record;
mod statement;
mod support;
pub mod trust;
pub mod waiting;
pub mod workshop;

use domain::ports::Fault;
use jiff::Timestamp;

pub use beside::{beside, by_turns, in_turn};
pub use domain::refusal::Halt;
pub use workshop::{Workbench, Workshop};

/// What became of an outbox item.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// Nothing is left to do; the item is gone.
    Done,
    /// Not yet; the item says when the sweeper shall try again.
    Later(Timestamp),
}

/// What a stream or a sweeper has to hear about an outbox item: only a fault is worth another delivery of the same event.
/// [`Outcome::Later`] is in the item itself, and a refusal is an answer of the rules that no repetition changes.
///
/// # Errors
/// The [`Fault`] of the work.
pub fn settled(work: Result<Outcome, Halt>) -> Result<(), Fault> {
    match work {
        Ok(Outcome::Done | Outcome::Later(_)) | Err(Halt::Refused(_)) => Ok(()),
        Err(Halt::Failed(fault)) => Err(fault),
    }
}
