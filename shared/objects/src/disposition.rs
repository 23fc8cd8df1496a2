//! `Content-Disposition` with a file name in any script (RFC 6266, RFC 8187).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What is not an `attr-char` (RFC 8187 §3.2.1).
const NOT_ATTR_CHAR: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// To be saved under this name. Old clients read `filename`, in which `_` stands for what ASCII has not.
pub(crate) fn attachment(name: &str) -> String {
    let name: String = name.chars().map(|c| if matches!(c, '/' | '\\') || c.is_control() { '_' } else { c }).collect();
    // `%` is left out too: some clients decode it in the plain form (RFC 6266 appendix D).
    let plain = |c: char| if c.is_ascii() && !matches!(c, '"' | '%') { c } else { '_' };
    let ascii: String = name.chars().map(plain).collect();
    format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{}", utf8_percent_encode(&name, NOT_ATTR_CHAR))
}

#[cfg(test)]
mod tests {
    use super::attachment;

    #[test]
    fn a_name_in_vietnamese_comes_in_both_forms() {
        let header = attachment("bản sao 152.pdf");
        assert_eq!(header, "attachment; filename=\"b_n sao 152.pdf\"; filename*=UTF-8''b%E1%BA%A3n%20sao%20152.pdf");
    }

    #[test]
    fn a_name_cannot_leave_its_quotes_its_line_or_its_folder() {
        let header = attachment("../a\"; x=\"\r\nSet-Cookie: y%2F\\.pdf");
        assert_eq!(header.matches('"').count(), 2, "{header}");
        assert!(!header.contains(['\r', '\n', '/', '\\']), "{header}");
        assert!(header.is_ascii());
    }
}
