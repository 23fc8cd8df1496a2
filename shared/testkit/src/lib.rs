//! In-memory ports with fates and pauses, a test PKI, and whoever looks after the world afterwards.
//!
//! Does not decide anything and holds no rule of the office: the conditions of a commit are those that
//! [`domain::ports::Write`] documents, and everything else is asked of the real crates. Nothing here is for production: keys
//! live in memory, the clock stands still until it is moved, and chance is counted, so that every run can be repeated.
//!
//! The fakes are as nasty as the real thing: a call can be lost, a call can happen and its answer be lost, the index may be
//! behind, a transaction refuses the same item twice, two tokens about one hash differ, and no key signs twice alike.

mod bench;
mod desk;
mod examine;
mod explore;
mod fates;
mod keys;
mod paper;
mod polling;
mod trees;
mod world;

pub use bench::{Bench, bench};
pub use desk::*;
pub use examine::{examine, findings};
pub use explore::{Explored, Run, explore};
pub use fates::{Tried, every_fate};
pub use keys::{Identity, Key};
pub use paper::{base, pictured_base, scan};
pub use polling::{pause, run, run_beside, run_for};
pub use trees::{Tree, Trees, all_rsa, all_short_lived, trees};
pub use world::{Call, Fate, Habit, Habits, Kind, Table, World};
