//! A dossier as the roll-up of its copies (decision 27). Does not decide about copies.

use crate::copy::CopyState;
use crate::model::{Case, CaseStatus};

/// Where a dossier stands for the people who follow it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Progress {
    /// At the desk.
    Received,
    /// With the leader, not opened for signing.
    Submitted,
    /// A prompt may be out for at least one copy.
    LeaderSigning,
    /// Every copy has the leader's signature.
    LeaderSigned,
    /// At least one copy is being numbered and sealed.
    Sealing,
    /// Every copy is sealed (or its number is void, or it was annulled).
    Completed,
    /// Sent back to the desk.
    Returned,
    /// Refused in writing.
    Refused,
    /// Withdrawn.
    Cancelled,
}

impl Progress {
    /// The name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Progress::Received => "received",
            Progress::Submitted => "submitted",
            Progress::LeaderSigning => "leader_signing",
            Progress::LeaderSigned => "leader_signed",
            Progress::Sealing => "sealing",
            Progress::Completed => "completed",
            Progress::Returned => "returned",
            Progress::Refused => "refused",
            Progress::Cancelled => "cancelled",
        }
    }
}

/// Whether an official found that a ground of Article 22 applies: the dossier can only be refused then (R27). `false`
/// also while nobody has answered.
pub fn ground_applies(case: &Case) -> bool {
    case.checklist.iter().flatten().any(|(_, applies)| *applies)
}

/// Rolls up. The dossier is as far as its last copy; cancelled copies do not count while another one lives.
pub fn progress(status: CaseStatus, copies: &[&CopyState]) -> Progress {
    match status {
        CaseStatus::Received => return Progress::Received,
        CaseStatus::Returned => return Progress::Returned,
        CaseStatus::Refused => return Progress::Refused,
        CaseStatus::Cancelled => return Progress::Cancelled,
        CaseStatus::Submitted => {}
    }
    let live: Vec<Progress> = copies.iter().filter_map(|state| of(state)).collect();
    let Some(least) = live.iter().min().copied() else {
        return if copies.is_empty() { Progress::Submitted } else { Progress::Cancelled };
    };
    // Some copies ahead of others: work is going on, so say the step that is being done rather than the one not begun.
    if live.contains(&Progress::Sealing) || (least < Progress::Completed && live.contains(&Progress::Completed)) {
        return Progress::Sealing;
    }
    if least == Progress::Submitted && live.iter().any(|p| *p > Progress::Submitted) {
        return Progress::LeaderSigning;
    }
    least
}

fn of(state: &CopyState) -> Option<Progress> {
    match state {
        CopyState::Cancelled => None,
        CopyState::Draft | CopyState::Submitted { .. } => Some(Progress::Submitted),
        CopyState::AwaitingSignature { .. } => Some(Progress::LeaderSigning),
        CopyState::Signed { .. } => Some(Progress::LeaderSigned),
        CopyState::SealRequested { .. } | CopyState::Numbered { .. } => Some(Progress::Sealing),
        CopyState::Sealed { .. } | CopyState::Annulled { .. } | CopyState::Void { .. } => Some(Progress::Completed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::*;
    use crate::model::{Number, Stored};

    fn file() -> Stored {
        Stored { path: "p".into(), sha256: [0; 32], size: 1, midstate: None, etag: None }
    }

    /// R50: completed only when every copy is.
    #[test]
    fn a_dossier_is_as_far_as_its_last_copy() {
        let at = jiff::Timestamp::UNIX_EPOCH;
        let number = Number { number: 1, book: "01".into(), year: 2026, suffix: "SCT/BS".into() };
        let session = SessionId::new([1; 16]);
        let submitted = CopyState::Submitted { base: file() };
        let awaiting = CopyState::AwaitingSignature { base: file(), session: session.clone() };
        let signed = CopyState::Signed { signed: file(), signed_at: at };
        let sealed = CopyState::Sealed { number, sealed: file(), sealed_at: at, session, archived: None, renewals: 0 };
        let cancelled = CopyState::Cancelled;
        let case = |copies: &[&CopyState]| progress(CaseStatus::Submitted, copies);
        assert_eq!(case(&[&submitted, &submitted]), Progress::Submitted);
        assert_eq!(case(&[&submitted, &awaiting]), Progress::LeaderSigning);
        assert_eq!(case(&[&submitted, &signed]), Progress::LeaderSigning);
        assert_eq!(case(&[&signed, &signed]), Progress::LeaderSigned);
        assert_eq!(case(&[&signed, &sealed]), Progress::Sealing);
        assert_eq!(case(&[&sealed, &cancelled]), Progress::Completed);
        assert_eq!(case(&[&cancelled]), Progress::Cancelled);
        assert_eq!(progress(CaseStatus::Returned, &[&sealed]), Progress::Returned);
    }
}
