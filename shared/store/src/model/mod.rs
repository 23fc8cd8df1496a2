//! Every order in which several runs can number, seal, make void and prepare anew the copies of one office, whatever is lost, killed, repeated or late (limits.md §2.4,
//! T13; docs/decisions/0024).
//!
//! Not a second description of the rules: what a run writes is decided by [`domain`], and turned into a transaction by [`crate::writes`]; the
//! model only carries out the transaction, with the very expressions that DynamoDB would be sent, on items in memory. Reads of one
//! item are consistent, a transaction is atomic, an object is created once: that is what is assumed of AWS. Signatures are made before, by the
//! real writer, and judged by the real verifier; during the search nothing is signed.
//!
//! A run remembers only what it has read since it began, so a run that was killed, that heard nothing, or that is delivered again is a run at its
//! beginning. None of these is counted, so there is no bound on them: a run may be anywhere for as long as it likes, and wake up then (F1, F2, F3,
//! F13, F14). Leases are left out, since nothing that is right may depend on them: every run may begin at any moment.
//!
//! Not in it: the sessions' items, which say how far the work is and not what is right, and any fail-over between regions but the one that
//! [`Fault::FailOver`] shows to go wrong.

mod conditions;
mod laws;
mod office;
mod search;
mod tests;

use std::collections::BTreeMap;

use conditions::Condition;
use office::{Office, Place, Row};

/// Most runs at once.
const RUNS: usize = 7;

/// A run of one function over one copy, delivered as often as anybody likes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Job {
    /// Number, seal, record; the last digit says whose file it makes, since no two runs make the same.
    Seal { copy: usize, maker: usize },
    /// Makes the number void while nothing was ever signed under it (decision 21).
    Void { copy: usize },
    /// Sends a signed revision back to the key: the agency's X.509 certificate was renewed, or a time-stamp did not fit.
    Renew { copy: usize },
}

/// Where a run stands: what it has read, and what it does next.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
enum Phase {
    /// It reads the copy next: new, killed and delivered again, or without an answer.
    Begins,
    /// It has read this copy, which waits for a number, and reads the head of the series next.
    Waits(Row),
    /// It commits this transaction next.
    Commits(u16),
    /// It has read this copy, whose seal is signed, and creates the file next.
    Creates(Row),
    /// It looks at the file under the number next.
    Looks(Row),
}

/// A situation. The tables are numbered, so that a situation is small.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
struct Situation {
    table: u32,
    /// The table to which a fail-over leads back.
    replica: Option<u32>,
    runs: [Phase; RUNS],
}

/// What is stored.
#[derive(Clone, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
struct Stored {
    items: BTreeMap<Place, Row>,
    /// Paths and whose file is there: copy and maker.
    objects: BTreeMap<String, (usize, usize)>,
}

/// What else may go wrong.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Fault {
    /// Nothing but what may always happen.
    #[default]
    None,
    /// Chance gives every run the same name for its work.
    NamesRepeat,
    /// The table is once replaced by an earlier one, as by a replica that was behind, or by a restored one, and everybody goes on.
    FailOver,
}

/// What is explored.
#[derive(Clone, Debug, Default)]
struct Scope {
    jobs: Vec<Job>,
    /// Conditions that are left out of every transaction.
    without: Vec<Condition>,
    fault: Fault,
    /// No run goes further than the number.
    numbers_only: bool,
}
