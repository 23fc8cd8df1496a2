//! Slots of an office: 30 minutes, from 08:00 to 11:30 and from 13:30 to 17:00 on working days.

use domain::deadline::{Calendar, HOLIDAYS};
use domain::time;
use jiff::civil::{Date, Time};
use jiff::{Span, Timestamp};

/// Begin of the first and of the last slot of each half of a day, in minutes.
const HALVES: [(i32, i32); 2] = [(8 * 60, 11 * 60), (13 * 60 + 30, 16 * 60 + 30)];
/// Length of a slot in minutes.
const LENGTH: i32 = 30;

/// The calendar of every office (issue 7 gives each its own).
pub(crate) fn calendar() -> Calendar {
    Calendar::default().with_holidays(HOLIDAYS)
}

/// Begins of the slots in `[from, to]`.
pub(crate) fn between(from: Date, to: Date) -> Vec<Timestamp> {
    let calendar = calendar();
    let days = from.series(Span::new().days(1)).take_while(|day| *day <= to).filter(|day| calendar.works(*day));
    days.flat_map(of_day).collect()
}

fn of_day(day: Date) -> Vec<Timestamp> {
    let minutes = HALVES.iter().flat_map(|(first, last)| (*first..=*last).step_by(30));
    minutes.map(|m| time::instant(day.to_datetime(minute(m)))).collect()
}

fn minute(of_day: i32) -> Time {
    Time::midnight().saturating_add(Span::new().minutes(of_day))
}

/// Whether a slot begins then.
pub(crate) fn is_start(at: Timestamp) -> bool {
    of_day(time::day(at)).contains(&at) && calendar().works(time::day(at))
}

/// Whether what is received then is due on the next working day (R30).
pub(crate) fn is_after_cutoff(at: Timestamp) -> bool {
    time::civil(at).time() > calendar().same_day_until
}

/// The end of the slot that begins then.
pub(crate) fn end(start: Timestamp) -> Timestamp {
    start.saturating_add(Span::new().minutes(LENGTH)).unwrap_or(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R21: only working days, only whole slots.
    #[test]
    fn working_days_only() {
        let (friday, monday) = (jiff::civil::date(2026, 11, 27), jiff::civil::date(2026, 11, 30));
        assert_eq!(between(friday, monday).len(), 28);
        let first: Timestamp = "2026-11-27T08:00:00+07:00".parse().expect("literal");
        assert_eq!(between(friday, friday)[0], first);
        assert!(is_start(first) && !is_start(end(first).saturating_add(Span::new().minutes(1)).expect("in range")));
        let saturday: Timestamp = "2026-11-28T08:00:00+07:00".parse().expect("literal");
        assert!(!is_start(saturday));
        let late: Timestamp = "2026-11-27T15:00:00+07:00".parse().expect("literal");
        assert!(!is_after_cutoff(late) && is_after_cutoff(end(late)));
    }
}
