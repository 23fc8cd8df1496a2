//! Dates as they stand in PDF files and in reports. No clock.

/// Seconds between UTC and Vietnamese time.
const VIETNAM: i64 = 7 * 3600;
pub(crate) const DAY: i64 = 86_400;

/// Days from 1970-01-01 to a date of the proleptic Gregorian calendar.
pub(crate) fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// Unix seconds of a PDF date (ISO 32000-2 §7.9.4), `D:YYYYMMDDHHmmSSOHH'mm'`; parts from the month on may be missing.
/// Without a zone it is read as UTC. `None` where it is no such date.
pub(crate) fn parse_pdf_date(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?;
    let text = text.strip_prefix("D:").unwrap_or(text);
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if !(4..=14).contains(&digits) || digits % 2 != 0 {
        return None;
    }
    let part = |at: usize, len: usize, missing: i64| -> Option<i64> {
        if at >= digits { Some(missing) } else { text.get(at..at + len)?.parse().ok() }
    };
    let (year, month, day) = (part(0, 4, 0)?, part(4, 2, 1)?, part(6, 2, 1)?);
    let (hour, minute, second) = (part(8, 2, 0)?, part(10, 2, 0)?, part(12, 2, 0)?);
    let in_range = (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second <= 60;
    if !in_range {
        return None;
    }
    let zone = zone_seconds(text.get(digits..)?)?;
    Some(days(year, month, day) * DAY + hour * 3600 + minute * 60 + second - zone)
}

fn zone_seconds(text: &str) -> Option<i64> {
    let sign = match text.bytes().next() {
        None | Some(b'Z') => return Some(0),
        Some(b'+') => 1,
        Some(b'-') => -1,
        Some(_) => return None,
    };
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let hours: i64 = digits.get(..2)?.parse().ok()?;
    let minutes: i64 = digits.get(2..4).map_or(Some(0), |part| part.parse().ok())?;
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

/// The day in Vietnamese time of an instant, in days since 1970-01-01.
pub(crate) fn day(at: i64) -> i64 {
    at.saturating_add(VIETNAM).div_euclid(DAY)
}

/// A day as it is written in Viet Nam.
pub(crate) fn written_day(day: i64) -> String {
    let (year, month, day) = civil(day.clamp(-719_162, 2_932_896));
    format!("{day:02}/{month:02}/{year:04}")
}

/// RFC 3339 at +07:00, without fractions.
pub(crate) fn rfc3339(at: i64) -> String {
    let local = at.clamp(-62_135_596_800, 253_402_300_799).saturating_add(VIETNAM);
    let (year, month, day) = civil(local.div_euclid(DAY));
    let second = local.rem_euclid(DAY);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}+07:00")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pdf_dates_become_instants() {
        assert_eq!(parse_pdf_date(b"D:20261123140531+07'00'"), Some(1_795_417_531));
        assert_eq!(parse_pdf_date(b"D:20261123070531Z"), Some(1_795_417_531));
        assert_eq!(parse_pdf_date(b"D:2026"), parse_pdf_date(b"D:20260101000000Z"));
        for wrong in [&b"D:20261323"[..], b"heute", b"D:2026112314053", b"D:20261123140531+7", b""] {
            assert_eq!(parse_pdf_date(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn instants_are_shown_in_vietnamese_time() {
        assert_eq!(rfc3339(1_795_417_531), "2026-11-23T14:05:31+07:00");
        assert_eq!(rfc3339(0), "1970-01-01T07:00:00+07:00");
        assert_eq!(rfc3339(951_782_399), "2000-02-29T06:59:59+07:00");
    }
}
