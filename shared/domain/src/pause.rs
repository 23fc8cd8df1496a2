//! When a phone is left alone: prompts that were refused or not answered, counted for a quarter of an hour (remote-signing.md §4, prompt bombing).
//!
//! Does not say who asked: whoever can open sessions for a leader can wear the leader down, a stranger with a stolen session like a hurried office.

use jiff::{SignedDuration, Timestamp};

use crate::ids::UserId;
use crate::model::Version;

/// So many in [`WINDOW`], and no more is asked, where an operator says nothing else (remote-signing.md §4).
pub const MOST: usize = 3;
/// So many are remembered: the most that an operator may allow.
pub const KEPT: usize = 60;
/// How long one counts.
pub const WINDOW: SignedDuration = SignedDuration::from_mins(15);

/// Prompts that a person has refused or not answered, the last [`KEPT`] of them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unwanted {
    /// Whose phone.
    pub user: UserId,
    /// When each ended, oldest first.
    pub at: Vec<Timestamp>,
    /// Swap token.
    pub version: Version,
}

impl Unwanted {
    /// With one more. What counts no more is forgotten.
    pub fn with(before: Option<Unwanted>, user: &UserId, now: Timestamp) -> Unwanted {
        let (mut at, version) = before.map_or((Vec::new(), 0), |before| (before.at, before.version));
        at.retain(|one| counts(*one, now));
        at.push(now);
        at.sort_unstable();
        let surplus = at.len().saturating_sub(KEPT);
        at.drain(..surplus);
        Unwanted { user: user.clone(), at, version: version + 1 }
    }

    /// Until when nobody asks this phone, where it may be asked in vain `most` times ([`MOST`]; at least 1, at most [`KEPT`]). `None`: it may be asked.
    pub fn paused_until(&self, most: usize, now: Timestamp) -> Option<Timestamp> {
        let counted: Vec<_> = self.at.iter().filter(|one| counts(**one, now)).collect();
        // The oldest of the last so many is the first that counts no more.
        let oldest = counted.len().checked_sub(most.clamp(1, KEPT)).and_then(|at| counted.get(at))?;
        oldest.checked_add(WINDOW).ok()
    }

    /// After this, none of them counts.
    pub fn forgotten_at(&self) -> Timestamp {
        self.at.last().and_then(|last| last.checked_add(WINDOW).ok()).unwrap_or(Timestamp::MAX)
    }
}

fn counts(one: Timestamp, now: Timestamp) -> bool {
    now.duration_since(one) < WINDOW
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_795_417_531 + seconds).expect("a time")
    }

    fn after(times: &[i64]) -> Option<Unwanted> {
        let user = UserId::new([7; 16]);
        times.iter().fold(None, |before, time| Some(Unwanted::with(before, &user, at(*time))))
    }

    fn pause(times: &[i64], now: i64) -> Option<Timestamp> {
        after(times).and_then(|unwanted| unwanted.paused_until(MOST, at(now)))
    }

    /// remote-signing.md §4: three within 15 minutes, and not one less; the pause ends when the oldest of the last three is 15 minutes old.
    #[test]
    fn three_in_a_quarter_of_an_hour_are_enough() {
        assert_eq!((pause(&[], 0), pause(&[0, 200], 200)), (None, None));
        assert_eq!(pause(&[0, 200, 400], 400), Some(at(900)));
        assert_eq!(pause(&[0, 200, 400], 899), Some(at(900)));
        assert_eq!(pause(&[0, 200, 400], 900), None);
        assert_eq!(pause(&[0, 450, 900], 900), None, "the first counts no more");
        assert_eq!(pause(&[0, 450, 899], 899), Some(at(900)));
        assert_eq!(pause(&[0, 100, 200, 300], 300), Some(at(1_000)), "sessions that were open before go on");
    }

    /// A clock that stands behind writes an older moment; it is in its place.
    #[test]
    fn moments_stay_in_order_and_few() {
        let unwanted = after(&[10, 5, 20, 15]).expect("some");
        assert_eq!((unwanted.at.clone(), unwanted.version), (vec![at(5), at(10), at(15), at(20)], 4));
        let many: Vec<i64> = (0..100).collect();
        let many = after(&many).expect("some");
        assert_eq!((many.at.len(), many.at.first()), (KEPT, Some(&at(40))));
        assert_eq!(many.paused_until(usize::MAX, at(100)), Some(at(940)));
        assert_eq!(unwanted.forgotten_at(), at(920));
        assert_eq!(after(&[0, 2_000]).expect("some").at, [at(2_000)]);
    }
}
