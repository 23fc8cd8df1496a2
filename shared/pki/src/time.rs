//! ASN.1 times and Unix seconds. Fractions of a second are read and cut; offsets are applied.

use crate::Error;
use crate::asn1::{GENERALIZED_TIME, Tlv, UTC_TIME, tlv};

/// Tolerance between clocks, seconds (domain.md §4.1: at most 60 s).
pub(crate) const SKEW: i64 = 60;

/// Days since 1970-01-01 of a date of the proleptic Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let of_era = shifted.rem_euclid(400);
    let month_index = (month + 9) % 12;
    let of_year = (153 * month_index + 2) / 5 + day - 1;
    let day_of_era = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Year, month and day of a day number.
fn date(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let of_year = day_of_era - (365 * of_era + of_era / 4 - of_era / 100);
    let month_index = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    (of_era + era * 400 + i64::from(month <= 2), month, day)
}

struct Digits<'a>(&'a [u8]);

impl Digits<'_> {
    fn take(&mut self, count: usize) -> Option<i64> {
        let digits = self.0.get(..count)?;
        let mut value = 0i64;
        for digit in digits {
            if !digit.is_ascii_digit() {
                return None;
            }
            value = value * 10 + i64::from(digit - b'0');
        }
        self.0 = self.0.get(count..)?;
        Some(value)
    }

    fn digit_follows(&self) -> bool {
        self.0.first().is_some_and(u8::is_ascii_digit)
    }
}

fn read(tag: u8, text: &[u8]) -> Option<i64> {
    let mut digits = Digits(text);
    let year = match tag {
        UTC_TIME => {
            let short = digits.take(2)?;
            if short < 50 { 2000 + short } else { 1900 + short }
        }
        GENERALIZED_TIME => digits.take(4)?,
        _ => return None,
    };
    let (month, day, hour) = (digits.take(2)?, digits.take(2)?, digits.take(2)?);
    let minute = digits.take(2)?;
    let second = if digits.digit_follows() { digits.take(2)? } else { 0 };
    if let Some(b'.' | b',') = digits.0.first() {
        digits.0 = digits.0.get(1..)?;
        while digits.digit_follows() {
            digits.take(1)?;
        }
    }
    let valid = (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second <= 60;
    if !valid {
        return None;
    }
    let offset = read_offset(&mut digits)?;
    let seconds = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
    Some(seconds - offset)
}

fn read_offset(digits: &mut Digits<'_>) -> Option<i64> {
    let (sign, rest) = digits.0.split_first()?;
    digits.0 = rest;
    let offset = match sign {
        b'Z' => 0,
        b'+' | b'-' => {
            let (hours, minutes) = (digits.take(2)?, digits.take(2)?);
            let amount = hours * 3_600 + minutes * 60;
            if *sign == b'+' { amount } else { -amount }
        }
        _ => return None,
    };
    if digits.0.is_empty() { Some(offset) } else { None }
}

/// Unix seconds of a UTCTime or GeneralizedTime.
pub(crate) fn unix(value: &Tlv<'_>, what: &'static str) -> Result<i64, Error> {
    read(value.tag, value.content).ok_or(Error::Malformed { what })
}

fn text(at: i64, what: &'static str) -> Result<(i64, String), Error> {
    let (year, month, day) = date(at.div_euclid(86_400));
    if !(1950..=9999).contains(&year) {
        return Err(Error::CannotEncode { what });
    }
    let of_day = at.rem_euclid(86_400);
    let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
    Ok((year, format!("{month:02}{day:02}{hour:02}{minute:02}{second:02}Z")))
}

/// GeneralizedTime of Unix seconds.
pub(crate) fn generalized(at: i64) -> Result<Vec<u8>, Error> {
    let (year, rest) = text(at, "time")?;
    Ok(tlv(GENERALIZED_TIME, &[format!("{year:04}{rest}").as_bytes()]))
}

/// UTCTime until 2049, GeneralizedTime from 2050 (RFC 5280 §4.1.2.5).
pub(crate) fn validity(at: i64) -> Result<Vec<u8>, Error> {
    let (year, rest) = text(at, "time")?;
    if year >= 2050 {
        return generalized(at);
    }
    Ok(tlv(UTC_TIME, &[format!("{:02}{rest}", year % 100).as_bytes()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(tag: u8, text: &str) -> Option<i64> {
        read(tag, text.as_bytes())
    }

    /// Fractions, offsets and the UTCTime century rule.
    #[test]
    fn reads_what_responders_write() {
        assert_eq!(parse(GENERALIZED_TIME, "20261123070531Z"), Some(1_795_417_531));
        assert_eq!(parse(GENERALIZED_TIME, "20261123070531.123Z"), Some(1_795_417_531));
        assert_eq!(parse(GENERALIZED_TIME, "20261123140531+0700"), Some(1_795_417_531));
        assert_eq!(parse(UTC_TIME, "700101000000Z"), Some(0));
        assert_eq!(parse(UTC_TIME, "491231235959Z"), Some(2_524_607_999));
        for bad in ["", "2026", "20261323070531Z", "20261123070531", "20261123070531Zx", "2026112307053aZ"] {
            assert_eq!(parse(GENERALIZED_TIME, bad), None, "{bad}");
        }
    }

    /// Writing and reading agree over the whole range, leap days included.
    #[test]
    fn writing_and_reading_agree() {
        for at in (-600_000_000i64..5_000_000_000).step_by(86_399 * 37) {
            let encoded = validity(at).expect("in range");
            let value = crate::asn1::Reader::new(&encoded).any("time").expect("just written");
            assert_eq!(unix(&value, "time"), Ok(at));
        }
    }
}
