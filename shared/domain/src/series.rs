//! How an office writes number, book and day on its copies: settings with their first day (decision 18, domain.md §1.7).
//!
//! Does not count ([`crate::register`] does). A form is taken only when what it makes can be read again by whoever checks a copy: digits right
//! behind `Số chứng thực:`, and a day in the words of the form (NĐ 23/2015/NĐ-CP, annex).

use jiff::civil::Date;

use crate::model::Unit;
use crate::qr;

/// The longest form, in characters.
const LIMIT: usize = 60;
/// How many rows an office has at most: one a month for eight years.
const MOST_ROWS: usize = 100;
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
    /// As many as an office may have.
    #[error("too many rows")]
    TooMany,
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
    /// The same office with what begins on days that have not begun; rows whose day has begun stay, since numbers stand under them. Books and
    /// forms change on any day, and numbers go on; another suffix begins with a year.
    ///
    /// # Errors
    /// The place of the first wrong row in `later`, and [`WrongSeries::Begun`], [`WrongSeries::Twice`], [`WrongSeries::WithinYear`] or
    /// [`WrongSeries::TooMany`].
    pub fn with_later(&self, today: Date, later: Vec<(Date, Series)>) -> Result<Unit, (usize, WrongSeries)> {
        let begun = || self.later_series.iter().filter(|(from, _)| *from <= today).cloned();
        for (at, (from, series)) in later.iter().enumerate() {
            let others = || later.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, row)| row);
            let before = others().filter(|(day, _)| day < from).max_by_key(|(day, _)| *day);
            let before = before.map_or_else(|| self.series_on(today).suffix, |(_, series)| series.suffix.clone());
            let wrong = match () {
                () if *from <= today => WrongSeries::Begun,
                () if others().any(|(day, _)| day == from) => WrongSeries::Twice,
                () if before != series.suffix && from.day_of_year() != 1 => WrongSeries::WithinYear,
                () => continue,
            };
            return Err((at, wrong));
        }
        let mut rows: Vec<_> = begun().chain(later).collect();
        rows.sort_by_key(|(from, _)| *from);
        match rows.len() {
            0..=MOST_ROWS => Ok(Unit { later_series: rows, ..self.clone() }),
            _ => Err((0, WrongSeries::TooMany)),
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
        let today = day("2026-06-30");
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
        assert_eq!(after.with_later(day("2027-01-01"), vec![]).expect("taken").later_series.len(), 3);
    }

    /// As many as an office may have, and not one more, those that have begun counted.
    #[test]
    fn an_office_has_no_more_than_a_hundred_series() {
        let first = day("2026-07-01");
        let many = |count: i64| {
            let from = |n| first.checked_add(jiff::Span::new().days(n)).expect("a day");
            (0..count).map(|n| (from(n), rows(&[("2026-07-01", "SCT/BS", "03")])[0].1.clone())).collect::<Vec<_>>()
        };
        let unit = Unit { later_series: rows(&[("2026-02-01", "SCT/BS", "02")]), ..unit("SCT/BS") };
        assert!(unit.with_later(day("2026-06-30"), many(99)).is_ok());
        assert_eq!(unit.with_later(day("2026-06-30"), many(100)).expect_err("refused"), (0, WrongSeries::TooMany));
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
