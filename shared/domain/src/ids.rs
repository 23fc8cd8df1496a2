//! Identifiers: a type prefix and a UUIDv7 in Crockford base32, lower case (api.md §5.1).
//!
//! Does not make randomness: the 16 bytes of the UUID come in as an argument.

use std::fmt;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// 128 bits in groups of five.
const ENCODED_LEN: usize = 26;

/// The text is not an identifier of the wanted kind.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("expected an identifier that starts with {expected}_")]
pub struct WrongId {
    /// The prefix that was wanted, without the underscore.
    pub expected: &'static str,
}

fn encode(uuid: [u8; 16]) -> String {
    let bits = u128::from_be_bytes(uuid);
    (0..ENCODED_LEN).rev().map(|i| ALPHABET[((bits >> (5 * i)) & 31) as usize] as char).collect()
}

fn is_encoded(text: &str) -> bool {
    text.len() == ENCODED_LEN && text.bytes().all(|b| ALPHABET.contains(&b)) && text.as_bytes()[0] <= b'7'
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name(String);

        impl $name {
            /// The type prefix, without the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// Makes an identifier from the sixteen bytes of a UUIDv7.
            pub fn new(uuid: [u8; 16]) -> Self {
                Self(format!(concat!($prefix, "_{}"), encode(uuid)))
            }

            /// Reads an identifier from outside.
            ///
            /// # Errors
            /// [`WrongId`] when the prefix or the encoding is another one.
            pub fn parse(text: &str) -> Result<Self, WrongId> {
                match text.strip_prefix(concat!($prefix, "_")) {
                    Some(rest) if is_encoded(rest) => Ok(Self(text.to_owned())),
                    _ => Err(WrongId { expected: $prefix }),
                }
            }

            /// The whole text, prefix included.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

ids! {
    /// A visit booked at an office (lịch hẹn).
    AppointmentId = "apt";
    /// A case file (hồ sơ).
    CaseId = "case";
    /// One certified electronic copy: one original, one number, one PDF (bản sao).
    CopyId = "copy";
    /// A file on its way in.
    UploadId = "upl";
    /// A signing session.
    SessionId = "sgn";
    /// A delivery of a copy to a person.
    DeliveryId = "dlv";
    /// A verification report.
    VerificationId = "vrf";
    /// Many verifications asked for at once.
    BatchId = "vrb";
    /// An office (đơn vị).
    UnitId = "unit";
    /// A person or system that acts.
    UserId = "usr";
    /// A citizen's or organisation's account on the national portal, as our directory knows it.
    AccountId = "act";
    /// A register book (sổ).
    BookId = "book";
    /// An item of the outbox.
    EventId = "evt";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_stable() {
        assert_eq!(CaseId::new([0xff; 16]).as_str(), "case_7zzzzzzzzzzzzzzzzzzzzzzzzz");
        assert_eq!(CaseId::new([0; 16]).as_str(), "case_00000000000000000000000000");
    }

    #[test]
    fn another_prefix_or_alphabet_is_refused() {
        let id = CopyId::new([7; 16]);
        assert_eq!(CopyId::parse(id.as_str()), Ok(id.clone()));
        assert_eq!(CaseId::parse(id.as_str()), Err(WrongId { expected: "case" }));
        for bad in [
            "",
            "copy_",
            "copy_0",
            "copy_00000000000000000000000000U",
            "copy_0000000000000000000000000i",
            "copy_8zzzzzzzzzzzzzzzzzzzzzzzzz",
        ] {
            assert!(CopyId::parse(bad).is_err(), "{bad}");
        }
    }
}
