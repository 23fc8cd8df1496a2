//! When an archived copy needs its next document time-stamp (ETSI EN 319 142-1 §5.5).
//!
//! Does not look at files: until when one proves itself is what the verifier says of it.

use jiff::{SignedDuration, Timestamp};

/// How long before the end the next time-stamp is due: 180 days, as the report tells whoever holds the file.
pub const MARGIN: SignedDuration = SignedDuration::from_hours(180 * 24);

/// The most renewals of one copy. With the one of archiving these are 25 document time-stamps, which the judge takes in one
/// file (`shared/pades/tests/all/renewals.rs`). An authority's X.509 certificate of five years makes them last a century.
pub const MOST: u32 = 24;

/// What is left of the time before a renewal may be tried again: a part of it, from an hour to a week.
const PARTS: i32 = 32;
const SHORTEST: SignedDuration = SignedDuration::from_hours(1);
const LONGEST: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The moment from which a file made at `from`, which proves itself until `until` (Unix seconds), is to be renewed. Of a file that
/// lives for less than two margins half of the time passes first, so that a renewal is never due at once.
pub fn due(from: Timestamp, until: i64) -> Timestamp {
    let left = left(from, until);
    let wait = left.checked_sub(MARGIN).unwrap_or_default().max(left / 2);
    // An end beyond the years of the calendar is due at no time that anybody lives to see.
    from.checked_add(wait).unwrap_or(Timestamp::MAX)
}

/// When to try again after a try that came to nothing: an authority is silent, or stamps with an X.509 certificate that ends no later.
pub fn again(now: Timestamp, until: i64) -> Timestamp {
    let wait = (left(now, until) / PARTS).clamp(SHORTEST, LONGEST);
    now.checked_add(wait).unwrap_or(Timestamp::MAX)
}

/// From a moment to the end; nothing when that is past.
fn left(from: Timestamp, until: i64) -> SignedDuration {
    let end = Timestamp::from_second(until).unwrap_or(Timestamp::MAX);
    end.duration_since(from).max(SignedDuration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("literal")
    }

    fn due_text(from: &str, until: &str) -> String {
        due(at(from), at(until).as_second()).to_string()
    }

    #[test]
    fn a_renewal_is_due_180_days_before_the_end() {
        assert_eq!(due_text("2026-11-23T00:00:00Z", "2031-01-01T00:00:00Z"), "2030-07-05T00:00:00Z");
        assert_eq!(due_text("2026-01-01T00:00:00Z", "2026-12-27T00:00:00Z"), "2026-06-30T00:00:00Z", "just 360 days");
    }

    #[test]
    fn a_short_life_is_halved_and_never_due_at_once() {
        assert_eq!(due_text("2026-01-01T00:00:00Z", "2026-01-11T00:00:00Z"), "2026-01-06T00:00:00Z");
        assert_eq!(due_text("2026-01-01T00:00:00Z", "2025-01-01T00:00:00Z"), "2026-01-01T00:00:00Z", "over");
    }

    #[test]
    fn what_never_ends_is_never_due() {
        let (from, far) = (at("2026-01-01T00:00:00Z"), at("9990-01-01T00:00:00Z"));
        assert!(due(from, i64::MAX) > far);
        assert_eq!(again(from, i64::MAX), at("2026-01-08T00:00:00Z"));
    }

    #[test]
    fn tries_come_closer_as_the_end_comes() {
        let wait = |until: &str| again(at("2026-01-01T00:00:00Z"), at(until).as_second()).to_string();
        assert_eq!(wait("2026-06-30T00:00:00Z"), "2026-01-06T15:00:00Z");
        assert_eq!(wait("2026-02-02T00:00:00Z"), "2026-01-02T00:00:00Z");
        assert_eq!(wait("2026-01-01T01:00:00Z"), "2026-01-01T01:00:00Z");
    }
}
