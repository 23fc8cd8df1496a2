//! The installation's own secret: what outsiders may hold or cause, and must neither make nor read, is keyed with it.
//!
//! Protects no data at rest and signs nothing for others. Each use has a label, so that no value of one is a value of another.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::model::Sha256;
use jiff::Timestamp;

use crate::Problem;

/// The fewest characters of the secret: 128 bits in hexadecimal.
const SHORTEST: usize = 32;
/// The longest cursor that is looked at.
const CURSOR_LIMIT: usize = 400;
/// Octets of the authentication code in a cursor (RFC 2104 §5: at least half of the digest).
const CODE: usize = 16;

/// The secret, ready for HMAC-SHA-256 (RFC 2104).
#[derive(Clone)]
pub struct Secret(hmac::Key);

impl Secret {
    /// From its text; `None` when that is shorter than 32 characters.
    pub fn new(text: &str) -> Option<Self> {
        (text.chars().count() >= SHORTEST).then(|| Self(hmac::Key::new(hmac::HMAC_SHA256, text.as_bytes())))
    }

    /// A digest of `parts` that nobody makes or reverses without the secret.
    pub fn digest(&self, label: &str, parts: &[&str]) -> Sha256 {
        let mut context = hmac::Context::with_key(&self.0);
        for part in std::iter::once(&label).chain(parts) {
            // Each part with its length: no two lists of parts are the same octets.
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
        let mut digest = [0; 32];
        digest.copy_from_slice(context.sign().as_ref());
        digest
    }

    /// A cursor (api.md §5.3): opaque to the client, good for `list` alone and before `until`.
    pub fn cursor(&self, list: &str, place: &str, until: Timestamp) -> String {
        let until = until.as_second().to_string();
        let code = self.digest("cursor", &[list, &until, place]);
        let code = code.get(..CODE).unwrap_or_default();
        URL_SAFE_NO_PAD.encode([code, until.as_bytes(), b" ", place.as_bytes()].concat())
    }

    /// The place at which a cursor of `list` stands.
    ///
    /// # Errors
    /// `validation-failed` for what is no cursor of this list, `cursor-expired`.
    pub fn place(&self, list: &str, cursor: &str, now: Timestamp) -> Result<String, Problem> {
        let read = self.read(list, cursor);
        let (place, until) = read.ok_or_else(|| Problem::new("validation-failed").query("after", "cursor"))?;
        if until <= now.as_second() { Err(Problem::new("cursor-expired")) } else { Ok(place) }
    }

    fn read(&self, list: &str, cursor: &str) -> Option<(String, i64)> {
        if cursor.len() > CURSOR_LIMIT {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (code, told) = bytes.split_at_checked(CODE)?;
        let (until, place) = std::str::from_utf8(told).ok()?.split_once(' ')?;
        let wanted = self.digest("cursor", &[list, until, place]);
        aws_lc_rs::constant_time::verify_slices_are_equal(code, wanted.get(..CODE)?).ok()?;
        Some((place.to_owned(), until.parse().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Secret {
        Secret::new(&"0".repeat(32)).expect("long enough")
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    #[test]
    fn a_short_secret_is_none() {
        for short in ["", "0", &"0".repeat(31)] {
            assert!(Secret::new(short).is_none(), "{short:?}");
        }
    }

    #[test]
    fn no_two_lists_of_parts_have_one_digest() {
        let one = good();
        assert_ne!(one.digest("a", &["bc", "d"]), one.digest("a", &["b", "cd"]));
        assert_ne!(one.digest("a", &["b"]), one.digest("b", &["a"]));
        assert_ne!(one.digest("a", &["b"]), Secret::new(&"1".repeat(32)).expect("long enough").digest("a", &["b"]));
    }

    #[test]
    fn a_cursor_is_good_for_its_list_and_its_time() {
        let (one, place) = (good(), "2026-11-23T07:05:31.987Z#copy_x y");
        let cursor = one.cursor("list", place, at(100));
        assert!(!cursor.contains("copy"), "opaque");
        assert_eq!(one.place("list", &cursor, at(99)).expect("good"), place);
        let code = |list: &str, cursor: &str, now| one.place(list, cursor, at(now)).expect_err("refused").code();
        assert_eq!(code("list", &cursor, 100), "cursor-expired");
        assert_eq!(code("other", &cursor, 99), "validation-failed");
        let mut bytes = URL_SAFE_NO_PAD.decode(&cursor).expect("base64");
        for at in 0..bytes.len() {
            bytes[at] ^= 1;
            assert_eq!(code("list", &URL_SAFE_NO_PAD.encode(&bytes), 99), "validation-failed", "octet {at}");
            bytes[at] ^= 1;
        }
        for none in ["", "abc", "****", &"A".repeat(401)] {
            assert_eq!(code("list", none, 99), "validation-failed", "{none}");
        }
    }
}
