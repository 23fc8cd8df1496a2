//! Quotas of whoever asks without a token: how much in a minute and in a day (api.md §5.9).
//!
//! Windows are fixed, not sliding: they begin with the minute and with the Vietnamese day, so that around a boundary twice the
//! minute's share may pass. Counts nothing and knows no address: the caller says what was counted.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use crate::time;

/// Seconds of the shorter window.
pub const MINUTE_S: u32 = 60;
/// Seconds of the longer one.
pub const DAY_S: u32 = 86_400;

/// How many calls each window allows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Allowance {
    /// In a minute.
    pub minute: u32,
    /// In a Vietnamese day.
    pub day: u32,
}

/// The windows in which an instant lies.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Windows {
    /// The Vietnamese day.
    pub day: Date,
    /// Its minute, 0 to 1439.
    pub minute: u16,
    /// Seconds until the next minute, 1 to 60.
    pub minute_left_s: u32,
    /// Seconds until the next day, 1 to 86,400.
    pub day_left_s: u32,
    /// When the day is over.
    pub day_ends: Timestamp,
}

impl Windows {
    /// Those of `now`. A second that has begun counts as not yet over: who waits as told is not early.
    pub fn at(now: Timestamp) -> Self {
        let civil = time::civil(now);
        let (hour, minute, second) = (civil.hour().unsigned_abs(), civil.minute().unsigned_abs(), civil.second());
        let second = u32::from(second.unsigned_abs());
        let minute = u16::from(hour) * 60 + u16::from(minute);
        let day_left_s = DAY_S - u32::from(minute) * MINUTE_S - second;
        let begun = now.as_second();
        let day_ends = Timestamp::from_second(begun.saturating_add(i64::from(day_left_s))).unwrap_or(Timestamp::MAX);
        Self { day: civil.date(), minute, minute_left_s: MINUTE_S - second, day_left_s, day_ends }
    }

    /// Until when a count of this day is of use: an hour more, for clocks that differ.
    pub fn kept_until(&self) -> Timestamp {
        self.day_ends.saturating_add(SignedDuration::from_hours(1)).unwrap_or(Timestamp::MAX)
    }
}

/// What a caller has used, this call included when it was granted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Spent {
    /// Whether this call was within both windows. One that was not has used up nothing.
    pub granted: bool,
    /// Calls in the minute.
    pub minute: u32,
    /// Calls in the day.
    pub day: u32,
}

/// One window as the caller is told of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Told {
    /// Calls that it allows.
    pub quota: u32,
    /// Its length, in seconds.
    pub window_s: u32,
    /// Calls that are left.
    pub remaining: u32,
    /// Seconds until it begins anew.
    pub reset_s: u32,
    /// Whether it is why this call was refused.
    pub violated: bool,
}

/// Minute and day, in this order.
pub fn told(allowed: Allowance, spent: Spent, windows: &Windows) -> [Told; 2] {
    let window = |quota: u32, used: u32, window_s, reset_s| {
        let remaining = quota.saturating_sub(used);
        Told { quota, window_s, remaining, reset_s, violated: !spent.granted && remaining == 0 }
    };
    [
        window(allowed.minute, spent.minute, MINUTE_S, windows.minute_left_s),
        window(allowed.day, spent.day, DAY_S, windows.day_left_s),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Windows {
        Windows::at(text.parse().expect("literal"))
    }

    /// The day is the Vietnamese one: it turns at 17:00:00Z.
    #[test]
    fn windows_begin_with_the_minute_and_the_vietnamese_day() {
        let last = at("2026-11-23T16:59:59.999Z");
        assert_eq!((last.day.to_string().as_str(), last.minute), ("2026-11-23", 1439));
        assert_eq!((last.minute_left_s, last.day_left_s), (1, 1));
        let first = at("2026-11-23T17:00:00Z");
        assert_eq!((first.day.to_string().as_str(), first.minute), ("2026-11-24", 0));
        assert_eq!((first.minute_left_s, first.day_left_s), (60, DAY_S));
        assert_eq!(last.day_ends.to_string(), "2026-11-23T17:00:00Z");
        assert_eq!(first.day_ends.to_string(), "2026-11-24T17:00:00Z");
        assert!(first.kept_until() > first.day_ends);
    }

    #[test]
    fn what_is_told_says_which_window_is_used_up() {
        let (allowed, windows) = (Allowance { minute: 60, day: 1000 }, at("2026-11-23T07:05:29Z"));
        let of = |granted, minute, day| told(allowed, Spent { granted, minute, day }, &windows);
        let [minute, day] = of(true, 60, 60);
        assert_eq!((minute.remaining, minute.reset_s, minute.violated), (0, 31, false), "the sixtieth was granted");
        assert_eq!((day.remaining, day.violated), (940, false));
        let [minute, day] = of(false, 60, 60);
        assert_eq!((minute.violated, day.violated), (true, false));
        let [minute, day] = of(false, 3, 1000);
        assert_eq!((minute.violated, day.violated, day.remaining), (false, true, 0));
        let [minute, day] = of(false, 61, 2000);
        assert_eq!((minute.remaining, day.remaining), (0, 0), "a smaller allowance than yesterday's overflows nothing");
    }
}
