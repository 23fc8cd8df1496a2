//! Vietnamese legal time: UTC+7 all year, without daylight saving.
//!
//! Does not read a clock; instants come in as arguments.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};

/// Hours east of Greenwich.
pub const OFFSET: Offset = Offset::constant(7);

/// The civil date and time in Vietnam at `at`.
pub fn civil(at: Timestamp) -> DateTime {
    OFFSET.to_datetime(at)
}

/// The calendar day in Vietnam at `at`.
pub fn day(at: Timestamp) -> Date {
    civil(at).date()
}

/// A day as people write it in Vietnam: `26/11/2026`.
pub fn shown(day: Date) -> String {
    day.strftime("%d/%m/%Y").to_string()
}

/// RFC 3339 with the explicit offset `+07:00`, whole seconds (api.md §5.2).
pub fn rfc3339(at: Timestamp) -> String {
    format!("{}+07:00", civil(at).strftime("%Y-%m-%dT%H:%M:%S"))
}

/// The instant of a civil time in Vietnam.
pub fn instant(at: DateTime) -> Timestamp {
    // Unwrap safety: a fixed offset has no gaps, and jiff's civil range lies within its instants for offsets under a day.
    at.to_zoned(TimeZone::fixed(OFFSET)).map(|z| z.timestamp()).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R49, domain.md §10: the legal year turns at 17:00:00Z.
    #[test]
    fn the_year_turns_at_seventeen_hours_utc() {
        let before: Timestamp = "2026-12-31T16:59:59Z".parse().expect("literal");
        let after: Timestamp = "2026-12-31T17:00:00Z".parse().expect("literal");
        assert_eq!((civil(before).year(), civil(after).year()), (2026, 2027));
        assert_eq!(rfc3339(after), "2027-01-01T00:00:00+07:00");
        assert_eq!(instant(civil(after)), after);
        assert_eq!((shown(day(before)).as_str(), shown(day(after)).as_str()), ("31/12/2026", "01/01/2027"));
    }
}
