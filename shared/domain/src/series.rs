//! How an office writes number, book and day on its copies: settings with their first day (decision 18, domain.md §1.7).
//!
//! Does not count ([`crate::register`] does). A form is taken only when what it makes can be read again by whoever checks a copy: digits right
//! behind `Số chứng thực:`, and a day in the words of the form (NĐ 23/2015/NĐ-CP, annex).

use jiff::civil::Date;

use crate::model::Unit;

/// The longest form, in characters.
const LIMIT: usize = 60;
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
        let known = |c: char| c.is_alphanumeric() || matches!(c, '/' | '-' | '.' | ' ');
        // Digits behind the number would be read as part of it; whoever reads passes over blanks.
        let number_reads = rest.chars().all(known) && !rest.trim_start().starts_with(char::is_numeric);
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

impl Unit {
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

    /// R68: what is written is read again by whoever checks a copy.
    #[test]
    fn r68_no_form_is_taken_that_could_not_be_read_again() {
        for number in ["", "152", "No {n}", "{n}1", "{n}{n}", "{n}<", "{n}\n", "{n} 5/ĐT", "{n}٣"] {
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
