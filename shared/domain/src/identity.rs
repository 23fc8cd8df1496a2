//! Identity numbers, phones and names: one written form each, and when two people are the same (domain.md §3.6, R32,
//! R52, R54).
//!
//! Does not ask any directory and does not say whether a number was ever given to anybody.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Longest accepted name, in characters.
pub const NAME_LIMIT: usize = 200;

/// The text is not an identity number of this kind.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a number of this kind")]
pub struct WrongIdentity;

/// An identity number in its one written form.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Identity {
    /// The number without blanks.
    pub number: String,
    /// A nine-digit CMND: no longer valid since 2025, but found in old accounts.
    pub legacy: bool,
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Reads an identity number. `kind` is `citizen_id`, `passport`, `organisation_code` or `tax_code`.
///
/// # Errors
/// [`WrongIdentity`]; the text is not repeated in it.
pub fn identity(kind: &str, text: &str) -> Result<Identity, WrongIdentity> {
    let number: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let (fits, legacy) = match kind {
        "citizen_id" => (digits(&number) && matches!(number.len(), 9 | 12), number.len() == 9),
        "passport" => {
            let fits = (6..=20).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_alphanumeric());
            (fits, false)
        }
        "tax_code" => (is_tax_code(&number), false),
        "organisation_code" => (is_tax_code(&number) || crate::unit_code::UnitCode::parse(&number).is_ok(), false),
        _ => (false, false),
    };
    if fits { Ok(Identity { number: number.to_ascii_uppercase(), legacy }) } else { Err(WrongIdentity) }
}

fn is_tax_code(number: &str) -> bool {
    match number.split_once('-') {
        None => number.len() == 10 && digits(number),
        Some((head, branch)) => head.len() == 10 && digits(head) && branch.len() == 3 && digits(branch),
    }
}

/// A Vietnamese mobile number as E.164.
///
/// # Errors
/// [`WrongIdentity`].
pub fn phone(text: &str) -> Result<String, WrongIdentity> {
    let bare: String = text.chars().filter(|c| !matches!(c, ' ' | '.' | '-')).collect();
    let national = if let Some(rest) = bare.strip_prefix("+84") {
        rest
    } else if let Some(rest) = bare.strip_prefix("84").filter(|rest| rest.len() == 9) {
        rest
    } else {
        bare.strip_prefix('0').ok_or(WrongIdentity)?
    };
    let mobile = national.len() == 9 && digits(national) && national.starts_with(['3', '5', '7', '8', '9']);
    if mobile { Ok(format!("+84{national}")) } else { Err(WrongIdentity) }
}

/// Whether the text can be an e-mail address: one `@`, a dot in the domain, no blanks, at most 254 characters. The only
/// real check is a letter that arrives.
pub fn is_email(text: &str) -> bool {
    let Some((local, host)) = text.rsplit_once('@') else { return false };
    let clean = |part: &str| part.chars().all(|c| !c.is_whitespace() && !c.is_control() && !"<>,;\"@".contains(c));
    text.chars().count() <= 254
        && !local.is_empty()
        && clean(local)
        && clean(host)
        && host.split('.').count() >= 2
        && host.split('.').all(|label| !label.is_empty())
}

/// A name in its one written form: NFC, single blanks, no control characters.
pub fn name(text: &str) -> String {
    let plain: String =
        text.nfc().filter(|c| !c.is_control()).map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
    plain.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Why a text that people read is not taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum WrongText {
    /// Nothing is left of it.
    #[error("no text")]
    Missing,
    /// More characters than allowed.
    #[error("too long")]
    TooLong,
    /// A character that steers instead of being read, or that no typeface of a printed document has.
    #[error("U+{:04X} is no sign of a text", u32::from(*.0))]
    Sign(char),
}

/// A text in its one written form, as [`name`]; `limit` counts characters. What [`name`] would drop is refused here: a
/// register must not hold another text than was sent. Does not know a typeface; the composer does.
///
/// # Errors
/// [`WrongText`].
pub fn text(text: &str, limit: usize) -> Result<String, WrongText> {
    if let Some(sign) = text.chars().find(|sign| !is_readable(*sign)) {
        return Err(WrongText::Sign(sign));
    }
    let written = name(text);
    match written.chars().count() {
        0 => Err(WrongText::Missing),
        count if count > limit => Err(WrongText::TooLong),
        _ => Ok(written),
    }
}

/// Not control characters, marks of direction and of width zero (what is shown would differ from what is stored), line
/// ends, private signs, and nothing above the basic plane, where emoji are.
fn is_readable(sign: char) -> bool {
    !pades::is_deceptive(sign)
        && u32::from(sign) <= 0xffff
        && !matches!(sign, '\u{e000}'..='\u{f8ff}' | '\u{feff}'..='\u{ffff}')
}

/// Letters of the Latin alphabet only: Vietnamese without its marks, for comparing and for phones that know no more.
pub fn folded(text: &str) -> String {
    text.nfd()
        .filter(|c| !is_combining_mark(*c))
        .map(|c| match c {
            'đ' => 'd',
            'Đ' => 'D',
            other => other,
        })
        .collect()
}

/// Whether two identities are one person's, for delivery into an account.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Match {
    /// Same kind and number, same name.
    Same,
    /// Same kind and number; the names differ in accents or capitals only. Delivered with a note.
    AccentsLost,
    /// Not the same, or not certainly: no automatic delivery.
    No,
}

/// Compares two people: kind and number, then the name (R54).
pub fn compare(left: (&str, &str, &str), right: (&str, &str, &str)) -> Match {
    let ((kind_l, number_l, name_l), (kind_r, number_r, name_r)) = (left, right);
    let numbers = (identity(kind_l, number_l), identity(kind_r, number_r));
    let (Ok(number_l), Ok(number_r)) = numbers else { return Match::No };
    if kind_l != kind_r || number_l != number_r {
        return Match::No;
    }
    let (name_l, name_r) = (name(name_l), name(name_r));
    if name_l.is_empty() {
        Match::No
    } else if name_l.to_lowercase() == name_r.to_lowercase() {
        Match::Same
    } else if folded(&name_l).to_lowercase() == folded(&name_r).to_lowercase() {
        Match::AccentsLost
    } else {
        Match::No
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R32, domain.md §10.
    #[test]
    fn identity_numbers() {
        let ok = |kind, text| identity(kind, text).map(|i| i.legacy);
        assert_eq!(ok("citizen_id", "079085001234"), Ok(false));
        assert_eq!(ok("citizen_id", "0790 8500 1234"), Ok(false));
        assert_eq!(ok("citizen_id", "07908500123"), Err(WrongIdentity));
        assert_eq!(ok("citizen_id", "012345678"), Ok(true));
        assert_eq!(ok("tax_code", "0123456789"), Ok(false));
        assert_eq!(ok("tax_code", "0123456789-199"), Ok(false));
        assert_eq!(ok("tax_code", "0123456789-19"), Err(WrongIdentity));
        assert_eq!(ok("citizen_id", "٠٧٩٠٨٥٠٠١٢٣٤"), Err(WrongIdentity));
        assert_eq!(ok("passport", "C1234567"), Ok(false));
        assert_eq!(ok("other", "1"), Err(WrongIdentity));
    }

    /// domain.md §10: three ways of writing, one number.
    #[test]
    fn phones() {
        for text in ["0912345678", "+84912345678", "84912345678", "091 234 5678"] {
            assert_eq!(phone(text), Ok("+84912345678".into()), "{text}");
        }
        for text in ["", "0212345678", "091234567", "09123456789", "+1912345678", "+840912345678"] {
            assert_eq!(phone(text), Err(WrongIdentity), "{text}");
        }
    }

    /// R54, domain.md §10.
    #[test]
    fn matching_for_delivery() {
        let an = ("citizen_id", "079085001234", "Nguyễn Văn An");
        assert_eq!(compare(an, ("citizen_id", "079085001234", "nguyễn  văn an")), Match::Same);
        assert_eq!(compare(an, ("citizen_id", "079085001234", "NGUYEN VAN AN")), Match::AccentsLost);
        assert_eq!(compare(an, ("citizen_id", "079085001235", "Nguyễn Văn An")), Match::No);
        assert_eq!(compare(an, ("citizen_id", "079085001234", "Nguyễn An Văn")), Match::No);
        assert_eq!(compare(an, ("passport", "079085001234", "Nguyễn Văn An")), Match::No);
        assert_eq!(compare(("citizen_id", "079085001234", " "), ("citizen_id", "079085001234", "")), Match::No);
        let decomposed: String = "Nguyễn Văn An".nfd().collect();
        assert_eq!(compare(an, ("citizen_id", "079085001234", &decomposed)), Match::Same);
    }

    /// R34.
    #[test]
    fn emails() {
        for text in ["an@example.vn", "a.n+x@mail.example.vn", "an@xn--exmple-cua.vn"] {
            assert!(is_email(text), "{text}");
        }
        for text in [
            "",
            "an",
            "an@",
            "@example.vn",
            "an@example",
            "a n@example.vn",
            "an@example..vn",
            "a@b@c.vn",
            "an@example.vn\r\nBcc: x@y.vn",
        ] {
            assert!(!is_email(text), "{text}");
        }
    }

    /// What steers is refused, not dropped: two texts that look alike must not be two entries, and none may lie.
    #[test]
    fn texts_that_steer_are_refused() {
        assert_eq!(text("  Nguyễn  Văn An ", 200), Ok("Nguyễn Văn An".into()));
        assert_eq!(text("Bằng “cao đẳng” – số 12/Đ.", 200), Ok("Bằng “cao đẳng” – số 12/Đ.".into()));
        let decomposed: String = "Nguyễn Văn An".nfd().collect();
        assert_eq!(text(&decomposed, 13), Ok("Nguyễn Văn An".into()));
        assert_eq!((text(" ", 9), text("ab", 1)), (Err(WrongText::Missing), Err(WrongText::TooLong)));
        for sign in [
            '\0',
            '\n',
            '\t',
            '\u{7f}',
            '\u{9f}',
            '\u{ad}',
            '\u{115f}',
            '\u{200b}',
            '\u{200e}',
            '\u{2028}',
            '\u{202a}',
            '\u{202e}',
            '\u{2066}',
            '\u{2069}',
            '\u{3164}',
            '\u{e000}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{1f600}',
        ] {
            assert_eq!(text(&format!("Nguyễn{sign} An"), 200), Err(WrongText::Sign(sign)), "{sign:?}");
        }
    }

    #[test]
    fn folding_keeps_ascii() {
        assert_eq!(folded("Ủy ban nhân dân xã Đồng Mẫu"), "Uy ban nhan dan xa Dong Mau");
    }
}
