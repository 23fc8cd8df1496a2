//! Codes that people read out: `MAU-261123-0042-K`, unit short name, day, counter and check letter (api.md §5.1).
//!
//! Does not count: the counter comes in.

use jiff::civil::Date;

/// Letters that are not mistaken for digits; 23 of them, a prime, so that the weighted sum finds every wrong digit and
/// every swap of two digits.
const LETTERS: &[u8; 23] = b"ABCDEFGHJKMNPQRSTUVWXYZ";

fn value(byte: u8) -> usize {
    match byte {
        b'0'..=b'9' => usize::from(byte - b'0'),
        b'A'..=b'Z' => usize::from(byte - b'A') + 10,
        _ => 0,
    }
}

fn letter(body: &str) -> char {
    let bytes = body.bytes().filter(u8::is_ascii_alphanumeric);
    let sum: usize = bytes.enumerate().map(|(i, byte)| (i % 22 + 1) * value(byte.to_ascii_uppercase())).sum();
    LETTERS.get(sum % LETTERS.len()).map_or('?', |b| char::from(*b))
}

/// The code of the `counter`-th thing of a day at an office.
pub fn code(short_name: &str, day: Date, counter: u32) -> String {
    let body = format!("{short_name}-{}-{counter:04}", day.strftime("%y%m%d"));
    format!("{body}-{}", letter(&body))
}

/// Whether the check letter fits; capitals do not matter.
pub fn is_code(text: &str) -> bool {
    let text = text.to_ascii_uppercase();
    match text.rsplit_once('-') {
        Some((body, check)) => body.matches('-').count() == 2 && check.chars().eq([letter(body)]),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    /// R29: the code is stable, and a slip of the tongue is found.
    #[test]
    fn a_wrong_digit_or_a_swap_is_found() {
        let code = code("MAU", date(2026, 11, 23), 42);
        assert_eq!(code, "MAU-261123-0042-B");
        assert!(is_code(&code) && is_code(&code.to_lowercase()));
        let bytes = code.as_bytes();
        for i in 4..15 {
            for digit in b'0'..=b'9' {
                let mut wrong = bytes.to_vec();
                if !wrong[i].is_ascii_digit() || wrong[i] == digit {
                    continue;
                }
                wrong[i] = digit;
                assert!(!is_code(&String::from_utf8_lossy(&wrong)), "{}", String::from_utf8_lossy(&wrong));
            }
            let mut swapped = bytes.to_vec();
            swapped.swap(i, i + 1);
            let changed = swapped != bytes && swapped[i].is_ascii_digit() && swapped[i + 1].is_ascii_digit();
            assert!(!changed || !is_code(&String::from_utf8_lossy(&swapped)));
        }
        for bad in ["", "-", "MAU-261123-0042", "MAU-261123-0042-", "MAU-261123-0042-BB"] {
            assert!(!is_code(bad), "{bad}");
        }
    }
}
