//! What CAs are asked about X.509 certificates in files of others, which bring no word of them whether they were revoked
//! (docs/decisions/0015).
//!
//! Asks nobody and reads no structure: what came is bytes with the times that stand in them. There is one inquiry for a certificate at a
//! time: whoever needs it while it is fresh gets the same answer, or hears the same reason why there is none.

use jiff::{SignedDuration, Timestamp};

use crate::model::{Sha256, Version};

/// How long a question may stay without an answer: as long as any work may (limits.md I16). Then it may be asked again.
const ASKED_FOR: SignedDuration = SignedDuration::from_mins(15);
/// The longest that an answer is used for without asking again, however much longer it calls itself good: a revocation that a CA
/// publishes is heard of within the hour.
const FRESH: SignedDuration = SignedDuration::from_hours(1);
/// The shortest: a service whose answers are over when they come is not asked more often. Also how long one is left alone that gave none.
const RESPITE: SignedDuration = SignedDuration::from_mins(2);
/// How long it is believed that there is nobody to ask: that changes with the settings of the installation or with the trust list.
const NOBODY: SignedDuration = SignedDuration::from_hours(1);
/// How long an answer without an end of its own is good (as `pki` has it).
const UNDATED: SignedDuration = SignedDuration::from_hours(24);

/// A question about one X.509 certificate and what came of it. It is replaced by the next version and never by the same one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Inquiry {
    /// SHA-256 over SHA-256 of the issuer's public key and the serial number: names nobody.
    pub id: Sha256,
    /// Since when it is as it is.
    pub at: Timestamp,
    /// Until when it is used as it is. One past its time may still be there.
    pub until: Timestamp,
    /// How far it is.
    pub state: InquiryState,
    /// Swap token.
    pub version: Version,
}

/// How far an inquiry is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum InquiryState {
    /// Somebody is to ask.
    Asked(Question),
    /// Asked; the certificate itself is no longer kept.
    Answered(Vec<Piece>),
    /// Asked, or not, to no avail.
    Failed(Cause),
}

/// What whoever asks has to know. It stays here only until the answer comes: an X.509 certificate may name a person.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Question {
    /// DER of the X.509 certificates from the one that is asked about to the trusted root.
    pub path: Vec<Vec<u8>>,
    /// When that path was valid, Unix seconds.
    pub valid_at: i64,
}

/// A piece of evidence that came, checked, and lies in the bucket under its digest.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Piece {
    /// What it is.
    pub kind: PieceKind,
    /// SHA-256 of its DER.
    pub sha256: Sha256,
    /// Its length in octets.
    pub size: u64,
    /// thisUpdate.
    pub this_update: Timestamp,
    /// nextUpdate.
    pub next_update: Option<Timestamp>,
}

/// What a piece of evidence is.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum PieceKind {
    /// OCSP response (RFC 6960).
    Ocsp,
    /// CRL (RFC 5280 §5).
    Crl,
}

impl PieceKind {
    /// Every kind.
    pub const ALL: [PieceKind; 2] = [PieceKind::Ocsp, PieceKind::Crl];

    /// As in paths of objects.
    pub fn name(self) -> &'static str {
        match self {
            PieceKind::Ocsp => "ocsp",
            PieceKind::Crl => "crl",
        }
    }

    /// Its media type (RFC 6960 appendix C.2, RFC 5280 §4.2.1.13).
    pub fn media_type(self) -> &'static str {
        match self {
            PieceKind::Ocsp => "application/ocsp-response",
            PieceKind::Crl => "application/pkix-crl",
        }
    }
}

/// Why there is no evidence; of several attempts the last in this order is told.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Cause {
    /// Whoever was to ask finds no path to a root that it trusts.
    Untrusted,
    /// The certificate names no address.
    NoAddress,
    /// The addresses are not among those that this installation may ask.
    HostNotAllowed,
    /// Nobody answers there.
    NoAnswer,
    /// What is answered cannot be used: about another certificate, by somebody without authority, of another time, or no answer at all.
    Unusable,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Cause; 5] =
        [Cause::Untrusted, Cause::NoAddress, Cause::HostNotAllowed, Cause::NoAnswer, Cause::Unusable];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Cause::Untrusted => "path-untrusted",
            Cause::NoAddress => "no-address",
            Cause::HostNotAllowed => "host-not-allowed",
            Cause::NoAnswer => "no-answer",
            Cause::Unusable => "answer-unusable",
        }
    }

    /// How long it is believed.
    fn believed(self) -> SignedDuration {
        match self {
            Cause::Untrusted | Cause::NoAddress | Cause::HostNotAllowed => NOBODY,
            Cause::NoAnswer | Cause::Unusable => RESPITE,
        }
    }
}

impl Inquiry {
    /// A new one, in the place of one that is over, if there was one.
    #[must_use]
    pub fn begun(id: Sha256, before: Option<&Inquiry>, question: Question, now: Timestamp) -> Self {
        let version = before.map_or(0, |before| before.version) + 1;
        Self { id, at: now, until: later(now, ASKED_FOR), state: InquiryState::Asked(question), version }
    }

    /// Whether it may be asked again: its time is over.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.until <= now
    }

    /// What is to be asked, while somebody is to ask.
    pub fn question(&self, now: Timestamp) -> Option<&Question> {
        match &self.state {
            InquiryState::Asked(question) if !self.is_over(now) => Some(question),
            _ => None,
        }
    }

    /// With the answer: used until the first piece ends, for an hour at most.
    #[must_use]
    pub fn answered(&self, pieces: Vec<Piece>, now: Timestamp) -> Self {
        let ends = pieces.iter().map(|piece| piece.next_update.unwrap_or(later(piece.this_update, UNDATED)));
        let until = ends.min().unwrap_or(now).clamp(later(now, RESPITE), later(now, FRESH));
        self.next(InquiryState::Answered(pieces), now, until)
    }

    /// Without an answer, and why.
    #[must_use]
    pub fn failed(&self, cause: Cause, now: Timestamp) -> Self {
        self.next(InquiryState::Failed(cause), now, later(now, cause.believed()))
    }

    fn next(&self, state: InquiryState, at: Timestamp, until: Timestamp) -> Self {
        Self { id: self.id, at, until, state, version: self.version + 1 }
    }
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_795_000_000 + second).expect("in range")
    }

    fn asked() -> Inquiry {
        Inquiry::begun([1; 32], None, Question { path: vec![vec![0x30]], valid_at: 0 }, at(0))
    }

    fn piece(this_update: i64, next_update: Option<i64>) -> Piece {
        let (this_update, next_update) = (at(this_update), next_update.map(at));
        Piece { kind: PieceKind::Ocsp, sha256: [2; 32], size: 9, this_update, next_update }
    }

    fn good_for(pieces: &[Piece]) -> i64 {
        asked().answered(pieces.to_vec(), at(0)).until.duration_since(at(0)).as_secs()
    }

    /// An answer is used as long as it says, and neither for days nor for seconds.
    #[test]
    fn an_answer_is_fresh_for_an_hour_at_most() {
        assert_eq!(good_for(&[piece(-10, Some(600))]), 600);
        assert_eq!(good_for(&[piece(-10, Some(600)), piece(-10, Some(300))]), 300);
        assert_eq!(good_for(&[piece(-10, Some(7 * 86_400))]), 3600);
        assert_eq!(good_for(&[piece(-10, None)]), 3600);
        assert_eq!(good_for(&[piece(-86_400 + 900, None)]), 900);
        assert_eq!(good_for(&[piece(-10, Some(1))]), 120);
        assert_eq!(good_for(&[piece(-10, Some(-5))]), 120);
        assert_eq!(good_for(&[]), 120);
    }

    /// What is settled keeps no X.509 certificate, and each step is another version.
    #[test]
    fn the_question_goes_with_the_answer() {
        let asked = asked();
        assert!(asked.question(at(0)).is_some() && asked.question(at(900)).is_none());
        for settled in [asked.answered(vec![piece(0, None)], at(5)), asked.failed(Cause::NoAnswer, at(5))] {
            assert_eq!((settled.question(at(5)), settled.version, settled.at), (None, 2, at(5)));
        }
        let again = Inquiry::begun([1; 32], Some(&asked), Question { path: vec![], valid_at: 0 }, at(901));
        assert_eq!((again.version, asked.is_over(at(899)), asked.is_over(at(900))), (2, false, true));
    }

    /// A service that is silent is left alone for minutes, a setting is believed for longer.
    #[test]
    fn a_failure_is_believed_for_a_while() {
        for cause in Cause::ALL {
            let seconds = asked().failed(cause, at(0)).until.duration_since(at(0)).as_secs();
            let silent = matches!(cause, Cause::NoAnswer | Cause::Unusable);
            assert_eq!(seconds, if silent { 120 } else { 3600 }, "{cause:?}");
        }
    }
}
