//! A copy as a state machine (house.md §3.5): a closed enum whose states hold only what is true there.
//!
//! States store facts (digests, names, times), never tokens, so loading a copy needs no cryptography.

use jiff::Timestamp;

use crate::ids::*;
use crate::model::*;

/// Where a copy stands.
#[derive(Clone, Debug, PartialEq)]
pub enum CopyState {
    /// At the desk; everything may change.
    Draft,
    /// Frozen and waiting for the leader. `base` has the wording and both empty signature fields.
    Submitted {
        /// The file to be signed.
        base: Stored,
    },
    /// A prompt for the leader may be out.
    AwaitingSignature {
        /// The file to be signed.
        base: Stored,
        /// The session that may sign it; nobody else's answer counts.
        session: SessionId,
    },
    /// Signed by the leader, waiting for the seal-keeper.
    Signed {
        /// The file with the leader's signature and its timestamp.
        signed: Stored,
        /// When, by the timestamp.
        signed_at: Timestamp,
    },
    /// The seal-keeper has asked for number and seal.
    SealRequested {
        /// The file with the leader's signature.
        signed: Stored,
        /// When the leader signed.
        signed_at: Timestamp,
        /// The session.
        session: SessionId,
        /// The legal moment that fixes the year and the printed date (limits.md §2.3, 6).
        decided_at: Timestamp,
    },
    /// The number is spent; from here the only way is forward (or void).
    Numbered {
        /// The file with the leader's signature.
        signed: Stored,
        /// When the leader signed.
        signed_at: Timestamp,
        /// The session.
        session: SessionId,
        /// The legal moment.
        decided_at: Timestamp,
        /// The number.
        number: Number,
        /// The seal's revision as it was prepared and signed by the agency key, once it is.
        prepared: Option<(PreparedRevision, Vec<u8>)>,
        /// Whether a signature of the agency key was ever recorded under this number. Then a finished seal may exist somewhere, or be made yet by
        /// somebody who was frozen, and the number can no longer be made void. Of a signature that was not recorded nobody makes a file.
        key_used: bool,
    },
    /// Number and seal are on it; verified and stored.
    Sealed {
        /// The number.
        number: Number,
        /// The file at level B-T.
        sealed: Stored,
        /// When, by the timestamp.
        sealed_at: Timestamp,
        /// The seal session, to be told when everything is finished.
        session: SessionId,
        /// The newest file at level B-LTA, once there.
        archived: Option<Stored>,
        /// How often its document time-stamp was renewed: which generation `archived` is.
        renewals: u32,
    },
    /// Annulled after sealing (hủy bản sao, R111).
    Annulled {
        /// The number, which stays spent.
        number: Number,
        /// The last file.
        file: Stored,
        /// When.
        at: Timestamp,
        /// By which decision and why; copies that were annulled before decisions were kept have none.
        annulment: Option<Annulment>,
    },
    /// A number that was spent and never sealed (decision 21).
    Void {
        /// The number, never used again.
        number: Number,
        /// Who says so.
        by: UserId,
        /// Why.
        reason: String,
    },
    /// Withdrawn before anybody signed.
    Cancelled,
}

impl CopyState {
    /// The name in the API (`status`): contract.md §4 has `sealed` for both levels.
    pub fn name(&self) -> &'static str {
        match self {
            CopyState::Draft => "draft",
            CopyState::Submitted { .. } => "submitted",
            CopyState::AwaitingSignature { .. } => "awaiting_signature",
            CopyState::Signed { .. } => "signed",
            CopyState::SealRequested { .. } => "seal_requested",
            CopyState::Numbered { .. } => "numbered",
            CopyState::Sealed { .. } => "sealed",
            CopyState::Annulled { .. } => "annulled",
            CopyState::Void { .. } => "void",
            CopyState::Cancelled => "cancelled",
        }
    }
    /// The last file of the copy, for whoever reads it: nothing before submission.
    pub fn file(&self) -> Option<&Stored> {
        match self {
            CopyState::Draft | CopyState::Cancelled | CopyState::Void { .. } => None,
            CopyState::Submitted { base } | CopyState::AwaitingSignature { base, .. } => Some(base),
            CopyState::Signed { signed, .. }
            | CopyState::SealRequested { signed, .. }
            | CopyState::Numbered { signed, .. } => Some(signed),
            CopyState::Sealed { sealed, archived, .. } => Some(archived.as_ref().unwrap_or(sealed)),
            CopyState::Annulled { file, .. } => Some(file),
        }
    }

    /// The number, once it is spent.
    pub fn number(&self) -> Option<&Number> {
        match self {
            CopyState::Numbered { number, .. }
            | CopyState::Sealed { number, .. }
            | CopyState::Annulled { number, .. }
            | CopyState::Void { number, .. } => Some(number),
            _ => None,
        }
    }

    /// What may be asked of a copy that stands here, by the names of [`crate::decide::Command::name`].
    pub fn allowed(&self) -> Vec<&'static str> {
        match self {
            CopyState::Draft => vec!["submit", "cancel"],
            CopyState::Submitted { .. } => vec!["open", "request_leader", "return", "cancel"],
            CopyState::AwaitingSignature { .. } => vec!["record_signature", "lapse_leader"],
            CopyState::Signed { .. } => vec!["request_seal", "cancel"],
            CopyState::SealRequested { .. } => vec!["assign_number", "reject_seal"],
            CopyState::Numbered { prepared: None, key_used: false, .. } => vec!["record_seal_prepared", "void"],
            CopyState::Numbered { prepared: None, key_used: true, .. } => vec!["record_seal_prepared"],
            CopyState::Numbered { prepared: Some(_), .. } => vec!["record_seal", "renew_seal"],
            CopyState::Sealed { archived: None, .. } => vec!["record_archive", "annul"],
            CopyState::Sealed { archived: Some(_), .. } => vec!["record_renewal", "annul"],
            CopyState::Annulled { .. } | CopyState::Void { .. } | CopyState::Cancelled => vec![],
        }
    }
}
