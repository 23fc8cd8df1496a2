//! What verifications leave behind: reports, verdicts, and who is told of an annulment.

use jiff::Timestamp;

use super::Sha256;
use crate::ids::*;

/// A report that somebody asked to keep.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeptReport {
    /// Its identifier: 128 secret bits, for a visitor without a name it is the only key to the report.
    pub id: VerificationId,
    /// Whose it is; `None`: whoever has the identifier.
    pub owner: Option<UserId>,
    /// The copy of ours that the file is, when it is one.
    pub copy: Option<CopyId>,
    /// When the file was judged.
    pub at: Timestamp,
    /// How long it is kept.
    pub until: Timestamp,
    /// The report, as JSON.
    pub report: String,
}

/// What was found about a file of ours when it was judged last: another reading of the same bytes finds the same.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeptVerdict {
    /// The file.
    pub sha256: Sha256,
    /// Sequence of the trust list in use then.
    pub trust_list: u64,
    /// When.
    pub at: Timestamp,
    /// The report, as JSON.
    pub report: String,
}

/// Somebody who verified a copy and is told when it is annulled later.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Watch {
    /// Which copy.
    pub copy: CopyId,
    /// Which verification; stands in the key, because an address may not.
    pub verification: VerificationId,
    /// Who.
    pub who: Watcher,
    /// When it was verified.
    pub at: Timestamp,
    /// How long the wish is kept.
    pub until: Timestamp,
}

/// Who is told.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Watcher {
    /// A client or officer: by an event.
    User(UserId),
    /// A visitor who left an address: by a letter.
    Email(String),
}
