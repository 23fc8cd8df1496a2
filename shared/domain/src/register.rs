//! The register book: which year a number belongs to, and what one allocation writes (domain.md §1.7, R47–R49).
//!
//! Does not load or commit. The counter belongs to unit, suffix and legal year; a new book in mid-year goes on counting
//! because the book is printed with the number and is no part of the series.

use jiff::Timestamp;

use crate::copy::CopyState;
use crate::decide::{Command, Decision, decide};
use crate::ids::UserId;
use crate::model::*;
use crate::refusal::{Reason, Refusal};
use crate::series::Series;
use crate::time;

/// The legal year of a decision: Vietnamese time, fixed when the seal was requested, never by a retry.
pub fn legal_year(decided_at: Timestamp) -> i16 {
    time::civil(decided_at).year()
}

/// What one allocation writes, all in one transaction.
#[must_use = "an allocation is nothing until it is committed"]
#[derive(Clone, Debug, PartialEq)]
pub struct Allocation {
    /// The head of the series after it.
    pub counter: Counter,
    /// The spent number.
    pub entry: Entry,
    /// The copy that has it.
    pub decision: Decision,
}

/// Takes the next number of the unit's electronic series for a copy whose seal was requested.
///
/// `head` is the stored counter of the unit's suffix and the copy's legal year; `None` means no number was given yet.
///
/// # Errors
/// [`Refusal`] when the copy does not wait for a number, or the series is exhausted (2^32 − 1).
pub fn allocate(
    copy: &Copy,
    unit: &Unit,
    head: Option<&Counter>,
    by: &UserId,
    now: Timestamp,
) -> Result<Allocation, Refusal> {
    let (session, decided_at) = match &copy.state {
        CopyState::SealRequested { session, decided_at, .. } => (session, *decided_at),
        state => return Err(Refusal::WrongState { state: state.name(), allowed: state.allowed() }),
    };
    let year = legal_year(decided_at);
    let last = head.map_or(0, |counter| counter.last).checked_add(1).ok_or(Reason::BookClosed)?;
    let Series { suffix, book, written } = unit.series_on(time::day(decided_at));
    let number = Number { number: last, book, year, suffix };
    let decision = decide(copy, Command::AssignNumber { session, number: number.clone() }, by, now)?;
    let counter = Counter { unit: unit.id.clone(), suffix: number.suffix.clone(), year, last };
    let (copy, case) = (copy.id.clone(), copy.case.clone());
    let entry = Entry { unit: unit.id.clone(), number, copy, case, written: Some(written), at: now };
    Ok(Allocation { counter, entry, decision })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::ids::*;
    use crate::series::Written;

    pub(crate) fn unit(book: &str, suffix: &str) -> Unit {
        Unit {
            id: UnitId::new([9; 16]),
            code: "000.00.01.H54".into(),
            name: "Ủy ban nhân dân xã Mẫu".into(),
            short_name: "MAU".into(),
            address: String::new(),
            place: "Xã Mẫu".into(),
            province: "Tỉnh Mẫu".into(),
            enabled: true,
            first_suffix: suffix.into(),
            first_book: book.into(),
            later_series: vec![],
            slot_capacity: 1,
            seal_chain: vec![],
            leaders: vec![],
            seal_picture: None,
            changed: Changed::first(),
        }
    }

    fn copy(id: u8, decided_at: &str) -> Copy {
        let at: Timestamp = decided_at.parse().expect("literal");
        Copy {
            id: CopyId::new([id; 16]),
            case: CaseId::new([1; 16]),
            unit: UnitId::new([9; 16]),
            type_id: "degree".into(),
            title: "Bằng".into(),
            issuer: None,
            original_number: None,
            pages: 1,
            uploads: vec![],
            attestation: None,
            leader: None,
            look: None,
            opened: None,
            token_length: 0,
            state: CopyState::SealRequested {
                signed: Stored { path: "p".into(), sha256: [0; 32], size: 1, midstate: None, etag: None },
                signed_at: at,
                session: SessionId::new([2; 16]),
                decided_at: at,
            },
            since: at,
            due_at: at,
            changed_by: UserId::new([3; 16]),
            changed_at: at,
            version: 4,
        }
    }

    fn take(copy: &Copy, unit: &Unit, head: Option<&Counter>) -> Allocation {
        let now: Timestamp = "2026-06-01T00:00:00Z".parse().expect("literal");
        allocate(copy, unit, head, &UserId::new([3; 16]), now).expect("waits for a number")
    }

    /// R47, domain.md §10: the first number of a year is 1 whatever the year before reached; the stored decision fixes
    /// the year even when the retry runs in the next one.
    #[test]
    fn the_year_is_that_of_the_decision() {
        let head = |year, last| Counter { unit: UnitId::new([9; 16]), suffix: "SCT/BS".into(), year, last };
        let old = take(&copy(1, "2025-12-31T16:59:59Z"), &unit("03", "SCT/BS"), Some(&head(2025, 8411)));
        assert_eq!((old.entry.number.number, old.entry.number.year), (8412, 2025));
        assert_eq!(old.entry.number.text(), "8412, quyển số 03/2025 - SCT/BS");
        let new = take(&copy(2, "2025-12-31T17:00:00Z"), &unit("03", "SCT/BS"), None);
        assert_eq!((new.entry.number.number, new.entry.number.year, new.counter.last), (1, 2026, 1));
        assert_eq!(new.entry.number.text(), "1, quyển số 03/2026 - SCT/BS");
    }

    /// R47, domain.md §1.7: a new book in mid-year takes the next number of the book before.
    #[test]
    fn a_new_book_goes_on_counting() {
        let head = take(
            &copy(1, "2026-05-01T01:00:00Z"),
            &unit("01", "SCT/BS"),
            Some(&Counter { unit: UnitId::new([9; 16]), suffix: "SCT/BS".into(), year: 2026, last: 499 }),
        )
        .counter;
        let next = take(&copy(2, "2026-05-01T02:00:00Z"), &unit("02", "SCT/BS"), Some(&head));
        assert_eq!((next.entry.number.number, next.entry.number.book.as_str()), (501, "02"));
    }

    /// R48: one number per original; whoever has one gets no second.
    #[test]
    fn a_numbered_copy_takes_no_second_number() {
        let unit = unit("01", "SCT/BS");
        let first = take(&copy(1, "2026-05-01T01:00:00Z"), &unit, None);
        let again =
            allocate(&first.decision.copy, &unit, Some(&first.counter), &UserId::new([3; 16]), Timestamp::UNIX_EPOCH);
        assert_eq!(again.expect_err("has one").code(), "wrong-state");
    }

    /// R47: paper and electronic series of one unit count apart because the suffix is part of the series.
    #[test]
    fn another_suffix_is_another_series() {
        let electronic = take(&copy(1, "2026-05-01T01:00:00Z"), &unit("01", "SCTĐT/BS"), None);
        assert_eq!((electronic.counter.suffix.as_str(), electronic.counter.last), ("SCTĐT/BS", 1));
    }

    /// R47, domain.md §10: both series of a unit reach 17; neither stops the other, and the texts tell them apart.
    #[test]
    fn two_series_reach_the_same_number() {
        let taken = |suffix: &str| {
            let head = Counter { unit: UnitId::new([9; 16]), suffix: suffix.into(), year: 2026, last: 16 };
            take(&copy(1, "2026-05-01T01:00:00Z"), &unit("01", suffix), Some(&head))
        };
        let (paper, electronic) = (taken("SCT/BS"), taken("SCTĐT/BS"));
        assert_eq!((paper.counter.last, electronic.counter.last), (17, 17));
        assert_ne!(paper.counter.suffix, electronic.counter.suffix);
        assert_ne!(paper.entry.number.text(), electronic.entry.number.text());
    }

    /// R48, domain.md §10: a dossier with three originals takes three numbers, whatever the number of copies of each.
    #[test]
    fn a_dossier_of_three_originals_takes_three_numbers() {
        let mut head = None;
        let numbers = [1, 2, 3].map(|original| {
            let taken = take(&copy(original, "2026-05-01T01:00:00Z"), &unit("01", "SCT/BS"), head.as_ref());
            head = Some(taken.counter);
            taken.entry.number.number
        });
        assert_eq!(numbers, [1, 2, 3]);
    }

    /// R47, decision 18: what holds is what held on the day of the decision, also when the retry runs later; another suffix counts anew.
    #[test]
    fn settings_hold_from_their_day_on() {
        let row = |from: &str, suffix: &str, book: &str| {
            let series = Series { suffix: suffix.into(), book: book.into(), written: Written::default() };
            (from.parse().expect("literal"), series)
        };
        let later_series = vec![row("2026-03-01", "SCT/BS", "02"), row("2026-05-01", "SCTĐT/BS", "01")];
        let unit = Unit { later_series, ..unit("01", "SCT/BS") };
        let taken = |at: &str| take(&copy(1, at), &unit, None).entry.number;
        for (at, suffix, book) in [
            ("2026-02-28T16:59:59Z", "SCT/BS", "01"),
            ("2026-02-28T17:00:00Z", "SCT/BS", "02"),
            ("2026-04-30T16:59:59Z", "SCT/BS", "02"),
            ("2026-04-30T17:00:00Z", "SCTĐT/BS", "01"),
        ] {
            assert_eq!((taken(at).suffix.as_str(), taken(at).book.as_str()), (suffix, book), "{at}");
        }
        assert_eq!(unit.suffixes(), ["SCT/BS", "SCTĐT/BS"]);
    }

    /// Decision 21: a series that cannot count further stops; it never starts again.
    #[test]
    fn an_exhausted_series_stops() {
        let head = Counter { unit: UnitId::new([9; 16]), suffix: "SCT/BS".into(), year: 2026, last: u32::MAX };
        let refused = allocate(
            &copy(1, "2026-05-01T01:00:00Z"),
            &unit("01", "SCT/BS"),
            Some(&head),
            &UserId::new([3; 16]),
            Timestamp::UNIX_EPOCH,
        );
        assert_eq!(refused.expect_err("full").code(), "book-closed");
    }
}
