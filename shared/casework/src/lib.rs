//! The work of the office, one module per task, over the ports.
//!
//! Does not know AWS, HTTP, clocks, chance or a runtime: `now` and ports are arguments. There is no recovery path: every
//! run loads and takes the next step (house rule 4). Rights are asked by the caller, before.

pub mod augment;
pub mod delivery;
pub mod examine;
pub mod leader;
pub mod numbering;
mod support;
pub mod workshop;

use domain::ports::Fault;
use domain::refusal::{Reason, Refusal};
use jiff::Timestamp;

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
