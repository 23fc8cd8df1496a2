//! The one function that decides every transition of a copy (house.md §3.5). The table of what it says is frozen in
//! `tests/flow/transitions.txt`.
//!
//! Does not look at rights, calendars or registers: whoever calls has asked those. The two doors that need proof,
//! signature and seal, open only for values that the verifier alone can make, and compare what those say with what the
//! copy expects.

use jiff::Timestamp;
use pades::{LEADER_FIELD, Level, SEAL_FIELD, Verified, VerifiedArchive};

use crate::copy::CopyState;
use crate::ids::*;
use crate::model::*;
use crate::refusal::{Reason, Refusal};
use crate::time;

/// What may be asked of a copy.
#[derive(Clone, Debug)]
pub enum Command<'a> {
    /// Freeze: the file that the leader will see.
    Submit {
        /// Wording and both empty signature fields are in it.
        base: Stored,
    },
    /// Back to the desk, by the leader (return) or the clerk (recall).
    Return,
    /// The leader has the preview open.
    Open {
        /// SHA-256 of the very bytes that were shown.
        preview: Sha256,
    },
    /// A prompt may go out under this session.
    RequestLeader {
        /// Our session, committed before anybody is called.
        session: SessionId,
    },
    /// The session ended without a signature.
    LapseLeader {
        /// Which; another session's end is nothing to this copy.
        session: &'a SessionId,
    },
    /// The leader has signed.
    RecordSignature {
        /// The session that was allowed to sign.
        session: &'a SessionId,
        /// What the verifier found.
        verified: &'a Verified,
        /// SHA-256 of the leader's enrolled X.509 certificate.
        signer: Sha256,
        /// Where the file is.
        signed: Stored,
    },
    /// Number and seal are asked for.
    RequestSeal {
        /// The session.
        session: SessionId,
        /// The legal moment.
        decided_at: Timestamp,
    },
    /// The leader's signature did not verify when it was looked at again: no number is spent.
    RejectSeal {
        /// The session.
        session: &'a SessionId,
    },
    /// The number is spent.
    AssignNumber {
        /// The session.
        session: &'a SessionId,
        /// The next of the series.
        number: Number,
    },
    /// The seal's revision is stored and the agency key has signed it.
    RecordSealPrepared {
        /// The revision.
        prepared: PreparedRevision,
        /// The raw signature value, verified.
        signature: Vec<u8>,
    },
    /// The agency's X.509 certificate was renewed between signing and embedding: prepare again, same number.
    RenewSeal,
    /// The seal is on it.
    RecordSeal {
        /// What the verifier found.
        verified: &'a Verified,
        /// SHA-256 of the agency's X.509 certificate.
        signer: Sha256,
        /// Where the file is.
        sealed: Stored,
    },
    /// The long-term level is there.
    RecordArchive {
        /// What the verifier found.
        verified: &'a VerifiedArchive,
        /// Where the file is.
        archived: Stored,
    },
    /// A further document time-stamp carries the archive on (ETSI EN 319 142-1 §5.5).
    RecordRenewal {
        /// What the verifier found; the file before is the archive that the copy has.
        verified: &'a VerifiedArchive,
        /// Where the file is.
        renewed: Stored,
    },
    /// The copy loses its value (R111).
    Annul {
        /// By which decision and why.
        annulment: Annulment,
    },
    /// The number was spent for nothing (decision 21).
    Void {
        /// Why.
        reason: String,
    },
    /// Withdrawn before a number.
    Cancel,
}

impl Command<'_> {
    /// The name in `transitions.txt` and in `allowed`.
    pub fn name(&self) -> &'static str {
        match self {
            Command::Submit { .. } => "submit",
            Command::Return => "return",
            Command::Open { .. } => "open",
            Command::RequestLeader { .. } => "request_leader",
            Command::LapseLeader { .. } => "lapse_leader",
            Command::RecordSignature { .. } => "record_signature",
            Command::RequestSeal { .. } => "request_seal",
            Command::RejectSeal { .. } => "reject_seal",
            Command::AssignNumber { .. } => "assign_number",
            Command::RecordSealPrepared { .. } => "record_seal_prepared",
            Command::RenewSeal => "renew_seal",
            Command::RecordSeal { .. } => "record_seal",
            Command::RecordArchive { .. } => "record_archive",
            Command::RecordRenewal { .. } => "record_renewal",
            Command::Annul { .. } => "annul",
            Command::Void { .. } => "void",
            Command::Cancel => "cancel",
        }
    }

    /// The past fact in the history.
    fn action(&self) -> &'static str {
        match self {
            Command::Submit { .. } => "copy.submitted",
            Command::Return => "copy.returned",
            Command::Open { .. } => "copy.opened",
            Command::RequestLeader { .. } => "copy.leader_asked",
            Command::LapseLeader { .. } => "copy.leader_lapsed",
            Command::RecordSignature { .. } => "copy.leader_signed",
            Command::RequestSeal { .. } => "copy.seal_requested",
            Command::RejectSeal { .. } => "copy.seal_rejected",
            Command::AssignNumber { .. } => "copy.numbered",
            Command::RecordSealPrepared { .. } => "copy.seal_signed",
            Command::RenewSeal => "copy.seal_renewed",
            Command::RecordSeal { .. } => "copy.sealed",
            Command::RecordArchive { .. } => "copy.archived",
            Command::RecordRenewal { .. } => "copy.renewed",
            Command::Annul { .. } => "copy.annulled",
            Command::Void { .. } => "copy.voided",
            Command::Cancel => "copy.cancelled",
        }
    }
}

/// What the rules say yes to. It is nothing until a store has committed it.
#[must_use = "a decision is nothing until it is committed"]
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The copy after it, version included.
    pub copy: Copy,
    /// Its line of history.
    pub event: Event,
}

/// Decides. Pure and closed: every pair of state and command has an answer.
///
/// # Errors
/// [`Refusal`]: the state does not allow it, or a proof is not about this copy.
pub fn decide(copy: &Copy, command: Command<'_>, by: &UserId, now: Timestamp) -> Result<Decision, Refusal> {
    let action = command.action();
    let opened = opened(copy, &command, now);
    let state = next(copy, command, by, now)?;
    let version = copy.version + 1;
    let since = if state.name() == copy.state.name() { copy.since } else { now };
    let after = Copy { state, opened, since, changed_by: by.clone(), changed_at: now, version, ..copy.clone() };
    let event =
        Event { subject: copy.id.to_string(), seq: version, actor: by.into(), action: action.to_owned(), at: now };
    Ok(Decision { copy: after, event })
}

/// What the leader has seen is forgotten when the file may change.
fn opened(copy: &Copy, command: &Command<'_>, now: Timestamp) -> Option<(Sha256, Timestamp)> {
    match command {
        Command::Submit { .. } | Command::Return => None,
        Command::Open { preview } => Some((*preview, now)),
        _ => copy.opened,
    }
}

fn next(copy: &Copy, command: Command<'_>, by: &UserId, now: Timestamp) -> Result<CopyState, Refusal> {
    use CopyState as S;
    match (&copy.state, command) {
        (S::Draft, Command::Submit { base }) => Ok(S::Submitted { base }),
        (S::Submitted { .. }, Command::Return) => Ok(S::Draft),
        (S::Submitted { base }, Command::Open { .. }) => Ok(S::Submitted { base: base.clone() }),
        (S::Submitted { base }, Command::RequestLeader { session }) => {
            Ok(S::AwaitingSignature { base: base.clone(), session })
        }
        (S::AwaitingSignature { base, session: ours }, Command::LapseLeader { session }) if ours == session => {
            Ok(S::Submitted { base: base.clone() })
        }
        (
            S::AwaitingSignature { base, session: ours },
            Command::RecordSignature { session, verified, signer, signed },
        ) if ours == session => {
            agree(verified, LEADER_FIELD, base, signer, &signed)?;
            Ok(S::Signed { signed, signed_at: instant(verified.signed_at())? })
        }
        (S::Signed { signed, signed_at }, Command::RequestSeal { session, decided_at }) => {
            Ok(S::SealRequested { signed: signed.clone(), signed_at: *signed_at, session, decided_at })
        }
        (S::SealRequested { signed, signed_at, session: ours, .. }, Command::RejectSeal { session })
            if ours == session =>
        {
            Ok(S::Signed { signed: signed.clone(), signed_at: *signed_at })
        }
        (
            S::SealRequested { signed, signed_at, session: ours, decided_at },
            Command::AssignNumber { session, number },
        ) if ours == session => Ok(S::Numbered {
            signed: signed.clone(),
            signed_at: *signed_at,
            session: ours.clone(),
            decided_at: *decided_at,
            number,
            prepared: None,
            key_used: false,
        }),
        (S::Numbered { .. } | S::Sealed { .. }, command) => forward(copy, command, by, now),
        (S::Annulled { .. }, Command::Annul { .. }) => Err(Reason::AlreadyAnnulled.into()),
        (S::Draft | S::Submitted { .. } | S::Signed { .. }, Command::Cancel) => Ok(S::Cancelled),
        (S::AwaitingSignature { .. }, Command::Cancel | Command::Return) => Err(Reason::SigningStarted.into()),
        (_, Command::Submit { .. }) => Err(Reason::CopyFrozen.into()),
        (state, _) => Err(wrong_state(state)),
    }
}

/// From the number on the only way is forward, or void.
fn forward(copy: &Copy, command: Command<'_>, by: &UserId, now: Timestamp) -> Result<CopyState, Refusal> {
    use CopyState as S;
    match (&copy.state, command) {
        (
            S::Numbered { signed, signed_at, session, decided_at, number, prepared: None, key_used: _ },
            Command::RecordSealPrepared { prepared, signature },
        ) => Ok(S::Numbered {
            signed: signed.clone(),
            signed_at: *signed_at,
            session: session.clone(),
            decided_at: *decided_at,
            number: number.clone(),
            prepared: Some((prepared, signature)),
            key_used: true,
        }),
        (
            S::Numbered { signed, signed_at, session, decided_at, number, prepared: Some(_), key_used: _ },
            Command::RenewSeal,
        ) => Ok(S::Numbered {
            signed: signed.clone(),
            signed_at: *signed_at,
            session: session.clone(),
            decided_at: *decided_at,
            number: number.clone(),
            prepared: None,
            key_used: true,
        }),
        (
            S::Numbered { signed, session, number, prepared: Some(_), .. },
            Command::RecordSeal { verified, signer, sealed },
        ) => {
            agree(verified, SEAL_FIELD, signed, signer, &sealed)?;
            Ok(S::Sealed {
                number: number.clone(),
                sealed,
                sealed_at: instant(verified.signed_at())?,
                session: session.clone(),
                archived: None,
                renewals: 0,
            })
        }
        // Once the agency key has signed, a finished seal may exist somewhere, or be made yet by a run that was frozen.
        (S::Numbered { number, prepared: None, key_used: false, .. }, Command::Void { reason }) => {
            Ok(S::Void { number: number.clone(), by: by.clone(), reason })
        }
        (S::Sealed { .. }, Command::RecordArchive { verified, archived: file }) => carried(copy, None, verified, file),
        (S::Sealed { archived: Some(before), .. }, Command::RecordRenewal { verified, renewed }) => {
            carried(copy, Some(before), verified, renewed)
        }
        (S::Sealed { number, sealed, sealed_at, archived, .. }, Command::Annul { annulment }) => {
            dated(&annulment.decision, *sealed_at, now)?;
            let file = archived.as_ref().unwrap_or(sealed).clone();
            Ok(S::Annulled { number: number.clone(), file, at: now, annulment: Some(annulment) })
        }
        (_, Command::Submit { .. }) => Err(Reason::CopyFrozen.into()),
        (_, Command::Cancel | Command::Return) => Err(Reason::AlreadyNumbered.into()),
        (state, _) => Err(wrong_state(state)),
    }
}

/// The copy at the long-term level: archived first, when there is no file `before` at that level, else renewed.
fn carried(
    copy: &Copy,
    before: Option<&Stored>,
    verified: &VerifiedArchive,
    file: Stored,
) -> Result<CopyState, Refusal> {
    let mut state = copy.state.clone();
    let CopyState::Sealed { sealed, archived, renewals, .. } = &mut state else { return Err(wrong_state(&copy.state)) };
    if archived.as_ref() != before {
        return Err(wrong_state(&copy.state));
    }
    agree_archive(verified, before.unwrap_or(sealed), &file)?;
    *renewals = before.map_or(0, |_| renewals.saturating_add(1));
    *archived = Some(file);
    Ok(state)
}

fn wrong_state(state: &CopyState) -> Refusal {
    Refusal::WrongState { state: state.name(), allowed: state.allowed() }
}

/// The verifier has compared bytes with what the caller expected; here what it found is compared with what the copy
/// expects (pair assertion). B-T is the least: without a timestamp there is no time of signing.
fn agree(verified: &Verified, field: &str, base: &Stored, signer: Sha256, file: &Stored) -> Result<(), Refusal> {
    if verified.signer_sha256() != signer {
        return Err(Reason::WrongCertificate.into());
    }
    let same = verified.field() == field
        && verified.level() >= Level::BT
        && verified.base_sha256() == base.sha256
        && verified.file_sha256() == file.sha256
        && verified.size() == file.size;
    if same { Ok(()) } else { Err(Reason::SignatureDoesNotVerify.into()) }
}

/// `before` is the file that it was made of. The time-stamp over the whole file is a new one when the file has grown.
fn agree_archive(verified: &VerifiedArchive, before: &Stored, file: &Stored) -> Result<(), Refusal> {
    let same = verified.level() == Level::BLTA
        && verified.sealed_sha256() == before.sha256
        && file.size > before.size
        && verified.file_sha256() == file.sha256
        && verified.size() == file.size;
    if same { Ok(()) } else { Err(Reason::SignatureDoesNotVerify.into()) }
}

/// A decision is about a copy that exists, and was made before it is carried out. Days are those of Vietnam.
fn dated(decision: &AnnulmentDecision, sealed_at: Timestamp, now: Timestamp) -> Result<(), Refusal> {
    let (code, detail) = match decision.date {
        date if date > time::day(now) => {
            ("in_the_future", ("Ngày quyết định chưa tới.", "The day of the decision has not come."))
        }
        date if date < time::day(sealed_at) => {
            let en = "The decision is older than the seal of the copy.";
            ("before_sealing", ("Ngày quyết định trước ngày đóng dấu bản sao.", en))
        }
        _ => return Ok(()),
    };
    Err(Refusal::Invalid { pointer: "/decision_date".into(), code, detail: (detail.0.into(), detail.1.into()) })
}

fn instant(seconds: i64) -> Result<Timestamp, Refusal> {
    // A time outside jiff's years is no time of signing.
    Timestamp::from_second(seconds).map_err(|_| Reason::SignatureDoesNotVerify.into())
}
