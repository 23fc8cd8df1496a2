//! How an office writes number, book and day on its copies: settings with their first day (decision 18, domain.md §1.7).
//!
//! Does not count ([`crate::register`] does). A form is taken only when what it makes can be read again by whoever checks a copy: digits right
//! behind `Số chứng thực:`, and a day in the words of the form (NĐ 23/2015/NĐ-CP, annex).

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use crate::model::Unit;
use crate::{qr, time};

/// The longest form, in characters.
const LIMIT: usize = 60;
/// How long before its day a row is settled: nothing is added for a day that begins within this time, and nothing taken from it. A plan is judged
/// at one moment and committed at a later one, by what a function lives at most (29 s), what its clock is off and what a commit takes; numbers are
/// given beside it all the time. With this between them a number of the new day always reads a unit on which the plan has long been decided.
pub const SETTLED: SignedDuration = SignedDuration::from_mins(5);
/// How many rows an office plans ahead at most: one a month for eight years.
const MOST_AHEAD: usize = 100;
/// How many it has at most, with those that have begun: one a month for fifty years. They stay, because old copies were numbered by them; each
/// takes 330 bytes at most, and an item of the table 400 KB.
const MOST_EVER: usize = 600;
const NUMBER: &str = "{n}";
const DAY: &str = "Ngày {dd} tháng {mm} năm {yyyy}";

/// A series of numbers with its open book, and how they are written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Series {
    /// Suffix, e.g. `SCT/BS`.
    pub suffix: String,
    /// The open book, e.g. `01`.
    pub book: String,
    /// How number and day are written.
    pub written: Written,
}

/// How number and day are written. Only [`Written::parse`] makes one beside the usual.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Written {
    number: String,
    day: String,
}

impl Default for Written {
    fn default() -> Self {
        Self { number: NUMBER.to_owned(), day: DAY.to_owned() }
    }
}

impl Written {
    /// Reads two forms. Of a number: `{n}`, or `{nn}` for at least two digits, and what follows, as in `{n}/ĐT`. Of a day: `{d}` or `{dd}`,
    /// `{m}` or `{mm}`, and `{yyyy}` behind the words `ngày`, `tháng` and `năm`. `None`: it could not be read again.
    pub fn parse(number: &str, day: &str) -> Option<Written> {
        let written = Written { number: number.to_owned(), day: day.to_owned() };
        let rest = ["{nn}", "{n}"].iter().find_map(|mark| number.strip_prefix(mark))?;
        // Letters that every typeface of ours has; digits behind the number could be read as part of it, or as a year that passes.
        let known = |c: char| c.is_ascii_alphabetic() || matches!(c, 'Đ' | 'đ' | '/' | '-' | '.' | ' ');
        let number_reads = rest.chars().all(known);
        // Two days that share nothing: what stands for a part of one must stand for that part of the other.
        let days = [(2026, 1, 2), (2047, 12, 31)];
        let mut days = days.into_iter().filter_map(|(year, month, day)| Date::new(year, month, day).ok());
        let day_reads = days.all(|day| {
            let shown = written.day(day).to_lowercase().replace(' ', "");
            let (year, month, day) = (day.year(), day.month(), day.day());
            let days = [format!("{day:02}"), day.to_string()];
            let months = [format!("{month:02}"), month.to_string()];
            days.iter().any(|day| months.iter().any(|month| shown == format!("ngày{day}tháng{month}năm{year}")))
        });
        let fits = number.chars().count() <= LIMIT && day.chars().count() <= LIMIT;
        (fits && number_reads && day_reads).then_some(written)
    }

    /// The usual forms where nothing else is wished.
    ///
    /// `None`: as [`Written::parse`].
    pub fn wished(number: Option<&str>, day: Option<&str>) -> Option<Written> {
        Written::parse(number.unwrap_or(NUMBER), day.unwrap_or(DAY))
    }

    /// Both forms, as they are kept.
    pub fn forms(&self) -> (&str, &str) {
        (&self.number, &self.day)
    }

    /// A number as it is written.
    pub fn number(&self, number: u32) -> String {
        self.number.replace("{nn}", &format!("{number:02}")).replace("{n}", &number.to_string())
    }

    /// A day as it is written.
    pub fn day(&self, day: Date) -> String {
        let (on, month) = (day.day(), day.month());
        let text = self.day.replace("{dd}", &format!("{on:02}")).replace("{d}", &on.to_string());
        let text = text.replace("{mm}", &format!("{month:02}")).replace("{m}", &month.to_string());
        text.replace("{yyyy}", &format!("{:04}", day.year()))
    }
}

/// Why a series is not begun.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum WrongSeries {
    /// Not 1 to 16 letters of Vietnamese offices, digits or `/ - .`.
    #[error("the suffix")]
    Suffix,
    /// Not 1 to 16 letters of Vietnamese offices, digits or `/ - .`.
    #[error("the book")]
    Book,
    /// Numbers may have been given on that day.
    #[error("a day that has begun")]
    Begun,
    /// A series counts from 1, and no year has two beginnings (NĐ 23/2015/NĐ-CP art. 13, domain.md §1.7).
    #[error("another suffix within a year")]
    WithinYear,
    /// Two rows of one day.
    #[error("a day twice")]
    Twice,
    /// A row that begins within minutes, changed or taken away.
    #[error("a day that is about to begin")]
    Settled,
    /// As many as an office may plan.
    #[error("too many rows")]
    TooMany,
    /// As many as an office may ever have.
    #[error("too many rows with those that have begun")]
    TooManyEver,
}

impl Series {
    /// A suffix and a book that stand in the wording, in a QR code and in keys.
    ///
    /// # Errors
    /// [`WrongSeries::Suffix`], [`WrongSeries::Book`].
    pub fn new(suffix: &str, book: &str, written: Written) -> Result<Series, WrongSeries> {
        let known = |c: char| c.is_ascii() || matches!(c, 'Đ' | 'đ');
        let fits = |text: &str| qr::says(text) && text.chars().all(known);
        if !fits(suffix) || !suffix.starts_with(char::is_alphabetic) {
            return Err(WrongSeries::Suffix);
        }
        if !fits(book) {
            return Err(WrongSeries::Book);
        }
        Ok(Series { suffix: suffix.to_owned(), book: book.to_owned(), written })
    }
}

impl Unit {
    /// The same office with what begins on days to come; rows whose day has begun stay, since numbers stand under them, and those whose day begins
    /// within [`SETTLED`] stay as they are. Books and forms change on any day, and numbers go on; another suffix begins with a year.
    ///
    /// # Errors
    /// The place of the first wrong row in `later`, and [`WrongSeries::Begun`], [`WrongSeries::Twice`] or [`WrongSeries::WithinYear`];
    /// [`WrongSeries::Settled`], [`WrongSeries::TooMany`] or [`WrongSeries::TooManyEver`] about all of them.
    pub fn with_later(&self, now: Timestamp, later: Vec<(Date, Series)>) -> Result<Unit, (usize, WrongSeries)> {
        let today = time::day(now);
        let settled = now.checked_add(SETTLED).map_or(today, time::day);
        // Whoever reads and writes back says again what is about to begin.
        let known = |row: &(Date, Series)| row.0 > today && self.later_series.contains(row);
        for (at, row) in later.iter().enumerate() {
            let (from, series) = row;
            let others = || later.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, row)| row);
            let before = others().filter(|(day, _)| day < from).max_by_key(|(day, _)| *day);
            let before = before.map_or_else(|| self.series_on(settled).suffix, |(_, series)| series.suffix.clone());
            let wrong = match () {
                () if *from <= settled && !known(row) => WrongSeries::Begun,
                () if others().any(|(day, _)| day == from) => WrongSeries::Twice,
                () if *from <= settled => continue,
                () if before != series.suffix && from.day_of_year() != 1 => WrongSeries::WithinYear,
                () => continue,
            };
            return Err((at, wrong));
        }
        let stay = || self.later_series.iter().filter(|(from, _)| *from <= settled);
        if stay().any(|row| row.0 > today && !later.contains(row)) {
            return Err((0, WrongSeries::Settled));
        }
        let mut rows: Vec<_> = stay().cloned().chain(later.into_iter().filter(|(from, _)| *from > settled)).collect();
        rows.sort_by_key(|(from, _)| *from);
        let ahead = rows.iter().filter(|(from, _)| *from > today).count();
        match (ahead, rows.len()) {
            (ahead, _) if ahead > MOST_AHEAD => Err((0, WrongSeries::TooMany)),
            (_, ever) if ever > MOST_EVER => Err((0, WrongSeries::TooManyEver)),
            _ => Ok(Unit { later_series: rows, ..self.clone() }),
        }
    }

    /// How it numbers on a day.
    pub fn series_on(&self, day: Date) -> Series {
        let began = self.later_series.iter().filter(|(from, _)| *from <= day).max_by_key(|(from, _)| *from);
        began.map_or_else(|| self.first_series(), |(_, series)| series.clone())
    }

    /// Every suffix that it has numbered under or will, each once.
    pub fn suffixes(&self) -> Vec<String> {
        let later = self.later_series.iter().map(|(_, series)| series.suffix.clone());
        let mut all: Vec<String> = std::iter::once(self.first_suffix.clone()).chain(later).collect();
        all.sort();
        all.dedup();
        all
    }

    fn first_series(&self) -> Series {
        Series { suffix: self.first_suffix.clone(), book: self.first_book.clone(), written: Written::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().expect("literal")
    }

    /// R47, domain.md §1.7: offices write their numbers in several ways.
    #[test]
    fn r47_numbers_and_days_are_written_as_the_office_does() {
        let usual = Written::default();
        assert_eq!(usual.number(152), "152");
        assert_eq!(usual.day(day("2026-02-05")), "Ngày 05 tháng 02 năm 2026");
        assert_eq!(Written::parse(NUMBER, DAY), Some(usual));
        let other = Written::parse("{nn}/ĐT", "ngày {d} tháng {m} năm {yyyy}").expect("readable");
        assert_eq!((other.number(7), other.number(152)), ("07/ĐT".to_owned(), "152/ĐT".to_owned()));
        assert_eq!(other.day(day("2026-02-05")), "ngày 5 tháng 2 năm 2026");
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("literal")
    }

    fn unit(suffix: &str) -> Unit {
        Unit { first_suffix: suffix.to_owned(), ..crate::register::tests::unit("01", suffix) }
    }

    fn rows(rows: &[(&str, &str, &str)]) -> Vec<(Date, Series)> {
        let series = |suffix, book| Series::new(suffix, book, Written::default()).expect("a series");
        rows.iter().map(|(from, suffix, book)| (day(from), series(suffix, book))).collect()
    }

    /// R47, domain.md §1.7: a book may change on any day to come, and numbers go on; another suffix begins with a year; what has begun stays.
    #[test]
    fn r47_a_series_begins_on_a_day_to_come() {
        let today = at("2026-06-30T05:00:00Z");
        let begun = rows(&[("2026-02-01", "SCT/BS", "02")]);
        let unit = Unit { later_series: begun.clone(), ..unit("SCT/BS") };
        let with = |later: &[(&str, &str, &str)]| unit.with_later(today, rows(later));
        for (later, wrong) in [
            (&[("2026-06-30", "SCT/BS", "03")][..], (0, WrongSeries::Begun)),
            (&[("2026-02-01", "SCT/BS", "03")], (0, WrongSeries::Begun)),
            (&[("2026-07-01", "SCTĐT/BS", "03")], (0, WrongSeries::WithinYear)),
            (&[("2027-01-02", "SCTĐT/BS", "01")], (0, WrongSeries::WithinYear)),
            (&[("2027-01-01", "SCTĐT/BS", "01"), ("2027-03-01", "SCT/BS", "02")], (1, WrongSeries::WithinYear)),
            // In whatever order they come.
            (&[("2027-03-01", "SCT/BS", "02"), ("2027-01-01", "SCTĐT/BS", "01")], (0, WrongSeries::WithinYear)),
            (&[("2026-08-01", "SCT/BS", "03"), ("2026-08-01", "SCT/BS", "04")], (0, WrongSeries::Twice)),
        ] {
            assert_eq!(with(later).expect_err("refused"), wrong, "{later:?}");
        }
        let later = [("2028-01-01", "SCT/BS", "01"), ("2026-07-01", "SCT/BS", "03"), ("2027-01-01", "SCTĐT/BS", "01")];
        let after = with(&later).expect("taken");
        let on = |text: &str| after.series_on(day(text));
        let shown = ["2026-01-31", "2026-06-30", "2026-07-01", "2026-12-31", "2027-01-01", "2028-01-01"].map(on);
        let shown = shown.map(|series| format!("{} {}", series.book, series.suffix));
        assert_eq!(shown, ["01 SCT/BS", "02 SCT/BS", "03 SCT/BS", "03 SCT/BS", "01 SCTĐT/BS", "01 SCT/BS"]);
        // What has not begun is taken back; what has begun is not.
        assert_eq!(after.with_later(today, vec![]).expect("taken").later_series, begun);
        assert_eq!(after.with_later(at("2027-01-01T05:00:00Z"), vec![]).expect("taken").later_series.len(), 3);
    }

    /// As many as an office may plan, and as it may ever have: not one more. What has begun hinders no plan.
    #[test]
    fn an_office_plans_a_hundred_series_and_has_six_hundred() {
        let now = at("2026-06-30T05:00:00Z");
        let row = || rows(&[("2026-07-01", "SCT/BS", "03")])[0].1.clone();
        let day_after = |n: usize| day("2026-07-01").checked_add(jiff::Span::new().days(n as i64)).expect("a day");
        let day_before = |n: usize| day("2026-06-30").checked_sub(jiff::Span::new().days(n as i64)).expect("a day");
        let plan = |begun: usize, ahead: usize| {
            let later_series = (0..begun).rev().map(|n| (day_before(n), row())).collect();
            let unit = Unit { later_series, ..unit("SCT/BS") };
            unit.with_later(now, (0..ahead).map(|n| (day_after(n), row())).collect())
                .map(|after| after.later_series.len())
        };
        assert_eq!((plan(1, 100), plan(1, 101)), (Ok(101), Err((0, WrongSeries::TooMany))));
        assert_eq!((plan(500, 100), plan(501, 100)), (Ok(600), Err((0, WrongSeries::TooManyEver))));
        assert_eq!((plan(600, 0), plan(599, 1)), (Ok(600), Ok(600)));
    }

    /// What is about to begin is neither added, changed nor taken away; who says it again is not refused.
    #[test]
    fn a_day_that_begins_within_minutes_is_settled() {
        let planned = rows(&[("2026-07-01", "SCT/BS", "03"), ("2026-08-01", "SCT/BS", "04")]);
        let with = |unit: &Unit, now: &str, later: &[(&str, &str, &str)]| {
            unit.with_later(at(now), rows(later)).map(|after| after.later_series.len())
        };
        let (bare, planned) = (unit("SCT/BS"), Unit { later_series: planned, ..unit("SCT/BS") });
        // Midnight of 1 July in Viet Nam is 17:00 UTC.
        for (now, settled) in
            [("2026-06-30T16:54:59Z", false), ("2026-06-30T16:55:00Z", true), ("2026-06-30T16:59:59Z", true)]
        {
            let refused = |wrong, free| if settled { Err((0, wrong)) } else { Ok(free) };
            assert_eq!(with(&bare, now, &[("2026-07-01", "SCT/BS", "03")]), refused(WrongSeries::Begun, 1), "{now}");
            assert_eq!(
                with(&planned, now, &[("2026-08-01", "SCT/BS", "04")]),
                refused(WrongSeries::Settled, 1),
                "{now}"
            );
            assert_eq!(with(&planned, now, &[("2026-07-01", "SCT/BS", "05")]), refused(WrongSeries::Begun, 1), "{now}");
            let again = [("2026-07-01", "SCT/BS", "03"), ("2026-09-01", "SCT/BS", "05")];
            assert_eq!(with(&planned, now, &again), Ok(2), "{now}");
        }
        assert_eq!(with(&planned, "2026-06-30T17:00:00Z", &[]), Ok(1), "it has begun, and is said no more");
    }

    /// Why an allocation need not name the version of the unit that it read: whatever is planned at a moment, every number that is decided up to
    /// five minutes later is given as before, and a later one reads the unit after the plan was written.
    #[test]
    fn no_plan_changes_how_a_number_of_the_next_minutes_is_given() {
        let before = Unit {
            later_series: rows(&[("2026-12-31", "SCT/BS", "09"), ("2027-01-01", "SCTĐT/BS", "01")]),
            ..unit("SCT/BS")
        };
        let days = ["2026-12-30", "2026-12-31", "2027-01-01", "2027-01-02"];
        let plans =
            days.iter().flat_map(|one| days.iter().map(move |two| (*one, *two))).chain([("", ""), ("2027-01-01", "")]);
        let series = |from: &str| {
            if from < "2027" {
                (day(from), rows(&[("2026-01-01", "SCT/BS", "7")])[0].1.clone())
            } else {
                (day(from), rows(&[("2026-01-01", "SCTĐT/BS", "8")])[0].1.clone())
            }
        };
        let mut taken = 0;
        for (one, two) in plans {
            let plan: Vec<_> = [one, two].into_iter().filter(|from| !from.is_empty()).map(series).collect();
            // Every ten seconds of the minutes around both midnights.
            for midnight in ["2026-12-30T17:00:00Z", "2026-12-31T17:00:00Z"] {
                for tens in -60..60 {
                    let now = at(midnight) + SignedDuration::from_secs(tens * 10);
                    let Ok(after) = before.with_later(now, plan.clone()) else { continue };
                    taken += 1;
                    for ahead in 0..=SETTLED.as_secs() {
                        let decided = time::day(now + SignedDuration::from_secs(ahead));
                        assert_eq!(after.series_on(decided), before.series_on(decided), "{plan:?} at {now}, {ahead} s");
                    }
                }
            }
        }
        assert!(taken > 500, "{taken} plans were taken");
    }

    /// R47: suffix and book stand in the wording, in the QR code and in keys.
    #[test]
    fn r47_a_series_has_the_letters_of_offices() {
        let new = |suffix: &str, book: &str| Series::new(suffix, book, Written::default()).map(|_| ());
        for suffix in ["SCT/BS", "SCTĐT/BS", "SCT-BS.2"] {
            assert_eq!(new(suffix, "01A"), Ok(()), "{suffix}");
        }
        for suffix in [
            "",
            "1/BS",
            "/BS",
            "SCT BS",
            "SCT#BS",
            "SCT/\u{4e2d}",
            "SCT\u{200b}",
            "SCT/BS/2026/ABCDE",
            "SC\u{110}\u{301}",
        ] {
            assert_eq!(new(suffix, "01"), Err(WrongSeries::Suffix), "{suffix}");
        }
        for book in ["", "quyển 1", "0 1", "01#", "12345678901234567"] {
            assert_eq!(new("SCT/BS", book), Err(WrongSeries::Book), "{book}");
        }
    }

    /// R68: what is written is read again by whoever checks a copy.
    #[test]
    fn r68_no_form_is_taken_that_could_not_be_read_again() {
        for number in [
            "",
            "152",
            "No {n}",
            "{n}1",
            "{n}{n}",
            "{n}<",
            "{n}\n",
            "{n} 5/ĐT",
            "{n}٣",
            "{n}/中",
            "{n}.000",
            "{n}/2026",
        ] {
            assert_eq!(Written::parse(number, DAY), None, "{number}");
        }
        for text in [
            "",
            "Ngày {dd}/{mm}/{yyyy}",
            "{yyyy}",
            "Ngày {mm} tháng {dd} năm {yyyy}",
            "Ngày 05 tháng {mm} năm {yyyy}",
            "Ngày {dd} tháng {mm} năm 2026",
            "Ngày {dd} tháng 01 năm {yyyy}",
            "Ngày 02 tháng 01 năm 2026",
            "Ngày {dd} tháng 12 năm {yyyy}",
            "Ngày 31 tháng {mm} năm 2047",
        ] {
            assert_eq!(Written::parse(NUMBER, text), None, "{text}");
        }
        assert_eq!(Written::parse(&format!("{{n}}{}", "x".repeat(LIMIT)), DAY), None);
    }
}
