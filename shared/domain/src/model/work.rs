//! Work for functions, and whose answer it waits for.

use jiff::Timestamp;

use crate::ids::*;

/// One thing to be done by a function, written in the same transaction as the state (decision 16).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Outbox {
    /// Its identity.
    pub id: EventId,
    /// What is to be done.
    pub topic: Topic,
    /// With what: the id of the copy, session, batch or inquiry.
    pub subject: String,
    /// Since when it waits.
    pub at: Timestamp,
    /// Earliest next attempt by the sweeper.
    pub due_at: Timestamp,
    /// For whose answer, since it was tried and put off; for people to see, no step depends on it.
    pub waits: Option<WaitsFor>,
}

/// Whose answer work waits for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum WaitsFor {
    /// A time-stamping authority's.
    Timestamp,
    /// That of an OCSP responder or a CRL host.
    Revocation,
}

impl WaitsFor {
    /// The name that clients read.
    pub fn name(self) -> &'static str {
        match self {
            WaitsFor::Timestamp => "timestamp",
            WaitsFor::Revocation => "revocation",
        }
    }
}

/// What an outbox item asks for, and so which function takes it.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Topic {
    /// `augmentation`: timestamp, embed and verify a leader's signature (subject: session).
    FinishLeader,
    /// `numbering`: number and seal (subject: session).
    Seal,
    /// `augmentation`: timestamp, embed and verify a seal (subject: copy).
    FinishSeal,
    /// `augmentation`: add `/DSS` and a document timestamp (subject: copy).
    Archive,
    /// `delivery`: tell the requester, put into the account's store (subject: copy).
    Deliver,
    /// `delivery`: tell whoever verified the copy that it was annulled since (subject: copy).
    Aftercare,
    /// `verification`: judge the next files of a batch (subject: batch).
    JudgeBatch,
    /// `augmentation`: ask about an X.509 certificate in a file of others (subject: inquiry, hexadecimal).
    FetchEvidence,
    /// `augmentation`: the next document time-stamp of an archived copy, years later (subject: copy).
    Renew,
}

impl Topic {
    /// Every topic.
    pub const ALL: [Topic; 9] = [
        Topic::FinishLeader,
        Topic::Seal,
        Topic::FinishSeal,
        Topic::Archive,
        Topic::Deliver,
        Topic::Aftercare,
        Topic::JudgeBatch,
        Topic::FetchEvidence,
        Topic::Renew,
    ];

    /// The name in the table and in stream filters.
    pub fn name(self) -> &'static str {
        match self {
            Topic::FinishLeader => "finish_leader",
            Topic::Seal => "seal",
            Topic::FinishSeal => "finish_seal",
            Topic::Archive => "archive",
            Topic::Deliver => "deliver",
            Topic::Aftercare => "aftercare",
            Topic::JudgeBatch => "judge_batch",
            Topic::FetchEvidence => "fetch_evidence",
            Topic::Renew => "renew",
        }
    }
}
