//! Work for functions, and whose answer it waits for.

use jiff::{SignedDuration, Timestamp};

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
    /// What earlier tries have paid for and could not use.
    pub learned: Learned,
}

/// What time-stamps that were not used have shown, so that the next try does not pay for the same news again.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Learned {
    /// Octets of the longest token that did not fit; 0 when each did.
    pub token_length: u32,
    /// X.509 chains of authorities that stamped and about which the file knew nothing yet: DER, leaf first; the newest chain first.
    pub authorities: Vec<Vec<Vec<u8>>>,
}

impl Learned {
    /// As many authorities are remembered as may be configured.
    pub const MOST: usize = 4;

    /// With one more authority; the one that was learned of longest ago makes room for it.
    #[must_use]
    pub fn with_authority(mut self, chain: Vec<Vec<u8>>) -> Self {
        self.authorities.retain(|known| known.first() != chain.first());
        self.authorities.insert(0, chain);
        self.authorities.truncate(Self::MOST);
        self
    }

    /// With room for a token of so many octets.
    #[must_use]
    pub fn with_token(self, length: usize) -> Self {
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        Self { token_length: self.token_length.max(length), ..self }
    }
}

/// Leads from a step that was put off to its order, for people to see; written each time with the order, which decides what is told.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PutOff {
    /// What the order asks for.
    pub topic: Topic,
    /// With what.
    pub subject: String,
    /// The order.
    pub order: EventId,
    /// The table may forget it then: a day after the order was put off for the last time.
    pub until: Timestamp,
}

impl PutOff {
    /// What leads to this order for a day.
    pub fn of(order: &Outbox, now: Timestamp) -> Self {
        let until = now.checked_add(SignedDuration::from_hours(24)).unwrap_or(now);
        Self { topic: order.topic, subject: order.subject.clone(), order: order.id.clone(), until }
    }

    /// Whether this is its order, and it waits.
    pub fn leads_to(&self, order: &Outbox) -> bool {
        self.order == order.id && self.topic == order.topic && self.subject == order.subject && order.waits.is_some()
    }
}

/// Whose answer work waits for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum WaitsFor {
    /// A time-stamping authority's.
    Timestamp,
    /// That of an OCSP responder or a CRL host.
    Revocation,
    /// Nobody's: the last try came upon something of ours that has to be put right.
    Repair,
}

impl WaitsFor {
    /// The name that clients read.
    pub fn name(self) -> &'static str {
        match self {
            WaitsFor::Timestamp => "timestamp",
            WaitsFor::Revocation => "revocation",
            WaitsFor::Repair => "repair",
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
    /// `signing-callback`: ask the gateway about a session of which it says something (subject: session).
    FollowLeader,
}

impl Topic {
    /// Every topic.
    pub const ALL: [Topic; 10] = [
        Topic::FinishLeader,
        Topic::Seal,
        Topic::FinishSeal,
        Topic::Archive,
        Topic::Deliver,
        Topic::Aftercare,
        Topic::JudgeBatch,
        Topic::FetchEvidence,
        Topic::Renew,
        Topic::FollowLeader,
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
            Topic::FollowLeader => "follow_leader",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Who stamps today comes first, each stands once, and the list does not grow.
    #[test]
    fn the_last_authorities_are_remembered() {
        let chain = |name: u8| vec![vec![name], vec![99]];
        let after = |names: &[u8]| {
            let learned = names.iter().fold(Learned::default(), |known, name| known.with_authority(chain(*name)));
            learned.authorities.iter().map(|chain| chain[0][0]).collect::<Vec<_>>()
        };
        assert_eq!(after(&[1, 2, 1]), [1, 2]);
        assert_eq!(after(&[1, 2, 3, 4, 5]), [5, 4, 3, 2]);
        let lengths = [7, 9, 8].into_iter().fold(Learned::default(), Learned::with_token);
        assert_eq!(lengths.token_length, 9);
    }
}
