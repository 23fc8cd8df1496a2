//! Reads the one form of time that this crate is given, RFC 3339 with offset, and writes it as PDF wants it (ISO 32000-1, 7.9.4).

use crate::Unusable;
use crate::template::Day;

/// A moment as given, checked field by field; no calendar arithmetic is done with it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Moment {
    pub(crate) day: Day,
    /// `D:20261125093000+07'00'`
    pub(crate) pdf: String,
    /// As given.
    pub(crate) xmp: String,
}

/// Reads `2026-11-25T09:30:00+07:00` or with `Z`; fractions of a second are dropped.
pub(crate) fn read(text: &str) -> Result<Moment, Unusable> {
    let bad = || Unusable::TextUnusable("created".into());
    if !text.is_ascii() {
        return Err(bad());
    }
    let number = |from: usize, len: usize| -> Option<u16> {
        let digits = text.get(from..from.checked_add(len)?)?;
        if digits.bytes().all(|digit| digit.is_ascii_digit()) { digits.parse().ok() } else { None }
    };
    let sign = |at: usize, allowed: &[u8]| text.as_bytes().get(at).is_some_and(|byte| allowed.contains(byte));
    let field = |from, len, least, most| number(from, len).filter(|n| (least..=most).contains(n)).ok_or_else(bad);
    let (year, month, day) = (field(0, 4, 1900, 9999)?, field(5, 2, 1, 12)?, field(8, 2, 1, 31)?);
    let (hour, minute, second) = (field(11, 2, 0, 23)?, field(14, 2, 0, 59)?, field(17, 2, 0, 60)?);
    let separators = [(4, &b"-"[..]), (7, b"-"), (10, b"Tt"), (13, b":"), (16, b":")];
    if !separators.iter().all(|(at, allowed)| sign(*at, allowed)) {
        return Err(bad());
    }
    let rest = text.get(19..).ok_or_else(bad)?;
    let zone =
        rest.strip_prefix('.').map_or(rest, |fraction| fraction.trim_start_matches(|c: char| c.is_ascii_digit()));
    let zone_pdf = match zone.as_bytes() {
        b"Z" | b"z" => "Z".to_owned(),
        [plus @ (b'+' | b'-'), h1, h2, b':', m1, m2] if [h1, h2, m1, m2].iter().all(|digit| digit.is_ascii_digit()) => {
            [*plus, *h1, *h2, b'\'', *m1, *m2, b'\''].iter().map(|byte| char::from(*byte)).collect()
        }
        _ => return Err(bad()),
    };
    let pdf = format!("D:{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}{zone_pdf}");
    Ok(Moment { day: (year, month as u8, day as u8), pdf, xmp: text.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_kept() {
        let moment = read("2026-11-25T09:30:05+07:00").expect("RFC 3339");
        assert_eq!((moment.day, moment.pdf.as_str()), ((2026, 11, 25), "D:20261125093005+07'00'"));
        assert_eq!(read("2026-11-25T09:30:05.123Z").expect("RFC 3339").pdf, "D:20261125093005Z");
        for bad in [
            "",
            "2026-11-25",
            "2026-13-25T09:30:05Z",
            "2026-11-25T09:30:05",
            "2026-11-25T09:30:05+7",
            "2026-11-25x09:30:05Z",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
