//! When a dossier must be done (NĐ 23/2015 Art. 7 and 21; domain.md §1.5, R55).
//!
//! Does not know any holiday by itself: calendars are data with dates. "After 15:00" means strictly later than 15:00:00
//! in Vietnamese time.

use jiff::Timestamp;
use jiff::civil::{Date, Time, Weekday, date, time};

use crate::time;

/// Working days of an office, as data.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Calendar {
    /// Public holidays that fall on weekdays.
    pub holidays: Vec<Date>,
    /// Weekend days that are worked because of a swap.
    pub swapped: Vec<Date>,
    /// Whether the office opens on Saturdays.
    pub saturdays: bool,
    /// The last moment of receipt that is still done on the same day.
    pub same_day_until: Time,
    /// Close of the working day: the hour of every deadline.
    pub closes: Time,
}

impl Default for Calendar {
    /// Monday to Friday, 15:00 rule, close at 17:00, no holidays.
    fn default() -> Self {
        Calendar {
            holidays: vec![],
            swapped: vec![],
            saturdays: false,
            same_day_until: time(15, 0, 0, 0),
            closes: time(17, 0, 0, 0),
        }
    }
}

impl Calendar {
    /// The fixed public holidays of a year plus what a decision adds for it (Tết, the Hùng Kings' day, swaps).
    pub fn with_holidays(mut self, days: &[Date]) -> Self {
        self.holidays.extend_from_slice(days);
        self
    }

    /// Whether the office works on a day.
    pub fn works(&self, day: Date) -> bool {
        if self.swapped.contains(&day) {
            return true;
        }
        if self.holidays.contains(&day) {
            return false;
        }
        match day.weekday() {
            Weekday::Sunday => false,
            Weekday::Saturday => self.saturdays,
            _ => true,
        }
    }

    fn next_working(&self, day: Date) -> Date {
        let mut next = day;
        // A calendar without any working day in a year is broken data; the bound ends the search on the last day tried.
        for _ in 0..366 {
            next = next.tomorrow().unwrap_or(Date::MAX);
            if self.works(next) {
                break;
            }
        }
        next
    }
}

/// Public holidays with fixed dates of the solar calendar, and those of the lunar one for the years that are decided.
/// Data, to be extended each year.
pub const HOLIDAYS: &[Date] = &[
    date(2026, 1, 1),
    date(2026, 2, 16),
    date(2026, 2, 17),
    date(2026, 2, 18),
    date(2026, 2, 19),
    date(2026, 2, 20),
    date(2026, 4, 27),
    date(2026, 4, 30),
    date(2026, 5, 1),
    date(2026, 9, 1),
    date(2026, 9, 2),
    date(2027, 1, 1),
    date(2027, 4, 30),
    date(2027, 9, 2),
    date(2027, 9, 3),
];

/// Why the dossier is due when it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Rule {
    /// On the day of receipt.
    SameDay,
    /// Received after 15:00 or on a day off.
    NextWorkingDay,
    /// By at most two working days (Art. 21).
    Extended,
}

impl Rule {
    /// The name in the API (`due_rule`).
    pub fn name(self) -> &'static str {
        match self {
            Rule::SameDay => "same_day",
            Rule::NextWorkingDay => "next_working_day",
            Rule::Extended => "extended",
        }
    }
}

/// The deadline and its rule. `extension` counts working days; more than [`MAX_EXTENSION`] needs a written agreement and
/// is the caller's decision.
pub fn due(received_at: Timestamp, calendar: &Calendar, extension: u8) -> (Timestamp, Rule) {
    let received = time::civil(received_at);
    let same_day = calendar.works(received.date()) && received.time() <= calendar.same_day_until;
    let mut day = if same_day { received.date() } else { calendar.next_working(received.date()) };
    for _ in 0..extension {
        day = calendar.next_working(day);
    }
    let rule = match (extension, same_day) {
        (0, true) => Rule::SameDay,
        (0, false) => Rule::NextWorkingDay,
        _ => Rule::Extended,
    };
    (time::instant(day.to_datetime(calendar.closes)), rule)
}

/// Working days that may be added without a written agreement (Art. 21).
pub const MAX_EXTENSION: u8 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("{text}+07:00").parse().expect("literal")
    }

    fn day(received: &str, extension: u8, calendar: &Calendar) -> (String, &'static str) {
        let (due, rule) = due(at(received), calendar, extension);
        (time::day(due).to_string(), rule.name())
    }

    /// R55, domain.md §10: the vectors of the 15:00 rule. 2026-11-23 is a Monday.
    #[test]
    fn the_fifteen_hours_rule() {
        let plain = Calendar::default();
        let is = |received, extension, expected: (&str, &str)| {
            let (d, r) = day(received, extension, &plain);
            assert_eq!((d.as_str(), r), expected, "{received} + {extension}");
        };
        is("2026-11-23T14:59:59", 0, ("2026-11-23", "same_day"));
        is("2026-11-23T15:00:00", 0, ("2026-11-23", "same_day"));
        is("2026-11-23T15:00:00.001", 0, ("2026-11-24", "next_working_day"));
        is("2026-11-23T15:00:01", 0, ("2026-11-24", "next_working_day"));
        is("2026-11-27T15:30:00", 0, ("2026-11-30", "next_working_day"));
        is("2026-11-24T10:00:00", 2, ("2026-11-26", "extended"));
        is("2026-11-27T16:00:00", 2, ("2026-12-02", "extended"));
        is("2026-11-28T09:00:00", 0, ("2026-11-30", "next_working_day"));
    }

    /// R55: 29 April at 16:00 with 30 April and 1 May off.
    #[test]
    fn holidays_are_jumped() {
        let calendar = Calendar::default().with_holidays(HOLIDAYS);
        // 2026-05-01 is a Friday, so the weekend follows.
        assert_eq!(day("2026-04-29T16:00:00", 0, &calendar), ("2026-05-04".into(), "next_working_day"));
        assert_eq!(day("2026-04-30T09:00:00", 0, &calendar), ("2026-05-04".into(), "next_working_day"));
    }

    /// R55: the last day of the year is a day like others, and the first one of the next is off. 2026-12-31 is a Thursday.
    #[test]
    fn the_year_ends() {
        let calendar = Calendar::default().with_holidays(HOLIDAYS);
        assert_eq!(day("2026-12-31T15:00:00", 0, &calendar), ("2026-12-31".into(), "same_day"));
        assert_eq!(day("2026-12-31T15:00:01", 0, &calendar), ("2027-01-04".into(), "next_working_day"));
        assert_eq!(day("2026-12-31T23:59:59", 0, &calendar), ("2027-01-04".into(), "next_working_day"));
        assert_eq!(day("2027-01-01T00:00:00", 0, &calendar), ("2027-01-04".into(), "next_working_day"));
    }

    /// domain.md §1.5: swap days and Saturday offices are data.
    #[test]
    fn swaps_and_saturdays() {
        let saturday = Calendar { saturdays: true, ..Calendar::default() };
        assert_eq!(day("2026-11-27T15:30:00", 0, &saturday).0, "2026-11-28");
        let swapped = Calendar { swapped: vec![date(2026, 11, 29)], ..Calendar::default() };
        assert_eq!(day("2026-11-27T15:30:00", 0, &swapped).0, "2026-11-29");
    }

    #[test]
    fn a_calendar_without_working_days_ends() {
        let none = Calendar {
            holidays: (0..800).map(|n| date(2026, 1, 1).saturating_add(jiff::Span::new().days(n))).collect(),
            ..Calendar::default()
        };
        let (due, _) = due(at("2026-01-02T16:00:00"), &none, 2);
        assert!(due > at("2026-01-02T16:00:00"));
    }
}
