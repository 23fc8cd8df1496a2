//! The signed QR code in the seal's appearance (decision 16): what the register says of a number, with an Ed25519 signature
//! (RFC 8032) of the deployment, small enough to be printed.
//!
//! Proves nothing about the paper that it stands on and gives no access to the copy: whoever sees a code can print it again. It
//! says that this deployment gave this number on this day for scans whose digest begins so. Holds no private key, draws no code,
//! asks no register.
//!
//! Version 1, in bytes; whole numbers are big-endian, texts have one byte of length before them:
//!
//! ```text
//! 1   version, 0x01
//! 4   key       the first bytes of its RFC 7638 thumbprint
//! 1+n unit      code of QCVN 102:2016/BTTTT or QĐ 20/2020/QĐ-TTg
//! 1+n book      UTF-8, NFC
//! 1+n suffix    UTF-8, NFC
//! 4   number    from 1
//! 2   day       of the legal moment in Vietnam, days since 2000-01-01; the number's year is its year
//! 8   scans     the first bytes of the digest over the digests of the scans
//! 64  signature Ed25519 over the 10 bytes "ctdt-qr-1\n" and all bytes before it
//! ```
//!
//! There is one encoding for one meaning: no optional part, no length that could be written otherwise, nothing behind the
//! signature. [`Code::read`] refuses everything else.

mod base32;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use jiff::civil::Date;
use unicode_normalization::is_nfc;

use crate::model::{Number, Sha256};
use crate::time;
use crate::unit_code::UnitCode;

/// The version of the format.
const VERSION: u8 = 1;
/// Before everything that is signed, so that no signature over another thing is one over a code.
const DOMAIN: &[u8; 10] = b"ctdt-qr-1\n";
/// Bytes of an Ed25519 signature (RFC 8032 §5.1.6).
const SIGNATURE: usize = 64;
/// The first day that is written, as 0; the last one is 2179-06-06.
const FIRST_DAY: Date = jiff::civil::date(2000, 1, 1);
/// The longest book and the longest suffix, in bytes of UTF-8. With the longest unit code a code has 153 bytes, which are 245
/// letters; behind [`MAX_BASE`] they fill a QR code of version 10, level M (ISO/IEC 18004, table 7: 311 letters).
const MAX_TEXT: usize = 16;
/// The longest code, in bytes.
const MAX_BYTES: usize = 1 + 4 + 36 + 2 * (1 + MAX_TEXT) + 4 + 2 + 8 + SIGNATURE;
/// The longest address before the payload, in bytes.
pub const MAX_BASE: usize = 60;
/// The longest text that is looked at: an address of another deployment may be longer than ours.
const MAX_LETTERS: usize = 512;
/// What stands between the address of a deployment and the payload.
const PLACE: &str = "/Q/";

/// The text is no code of this format.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a code of this format")]
pub struct NotOurs;

/// Why a code cannot be made.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a QR code cannot say this {0}")]
pub struct Unsayable(pub &'static str);

/// Which key signed: the first four bytes of the RFC 7638 thumbprint of its JWK (RFC 8037).
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct KeyId(pub [u8; 4]);

impl std::fmt::Display for KeyId {
    /// Eight hexadecimal digits, lower case: the `kid` of the published key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A published key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Key {
    /// Its name in codes.
    pub id: KeyId,
    /// The public key (RFC 8032 §5.1.5).
    pub public: [u8; 32],
}

impl Key {
    /// The key with the name that follows from it.
    #[must_use]
    pub fn new(public: [u8; 32]) -> Self {
        // RFC 7638 §3: the required members in the order of their names, without blanks; RFC 8037 §2 says which.
        let jwk = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, URL_SAFE_NO_PAD.encode(public));
        let thumbprint = digest(&SHA256, jwk.as_bytes());
        let mut id = [0; 4];
        id.iter_mut().zip(thumbprint.as_ref()).for_each(|(to, from)| *to = *from);
        Self { id: KeyId(id), public }
    }
}

/// What a code says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Statement {
    /// Code of the unit.
    pub unit_code: String,
    /// The number; its year is that of the day.
    pub number: Number,
    /// The day of the legal moment, by Vietnam's calendar.
    pub day: Date,
    /// How the digest over the digests of the scans begins.
    pub scans: [u8; 8],
}

impl Statement {
    /// What is said of a number that was given at the legal moment `decided_at`.
    ///
    /// # Errors
    /// [`Unsayable`]: a text is too long or has other letters than digits, letters and `/ - .`; the number is 0, or of another
    /// year than its legal moment; the day lies outside 2000-01-01 … 2179-06-06.
    pub fn new(unit_code: &str, number: &Number, decided_at: Timestamp, scans: &Sha256) -> Result<Self, Unsayable> {
        let [a, b, c, d, e, f, g, h, ..] = *scans;
        let (day, scans) = (time::day(decided_at), [a, b, c, d, e, f, g, h]);
        let statement = Self { unit_code: unit_code.to_owned(), number: number.clone(), day, scans };
        statement.sayable()?;
        Ok(statement)
    }

    fn sayable(&self) -> Result<u16, Unsayable> {
        UnitCode::parse(&self.unit_code).map_err(|_| Unsayable("unit code"))?;
        if !says(&self.number.book) {
            return Err(Unsayable("book"));
        }
        if !says(&self.number.suffix) {
            return Err(Unsayable("suffix"));
        }
        if self.number.number == 0 {
            return Err(Unsayable("number"));
        }
        if self.number.year != self.day.year() {
            return Err(Unsayable("year"));
        }
        let days = FIRST_DAY.until(self.day).map(|span| span.get_days());
        days.ok().and_then(|days| u16::try_from(days).ok()).ok_or(Unsayable("day"))
    }

    /// All bytes before the signature.
    fn body(&self, key: KeyId) -> Result<Vec<u8>, Unsayable> {
        let day = self.sayable()?;
        let mut bytes = vec![VERSION];
        bytes.extend(key.0);
        for text in [&self.unit_code, &self.number.book, &self.number.suffix] {
            bytes.push(u8::try_from(text.len()).map_err(|_| Unsayable("text"))?);
            bytes.extend(text.as_bytes());
        }
        bytes.extend(self.number.number.to_be_bytes());
        bytes.extend(day.to_be_bytes());
        bytes.extend(self.scans);
        Ok(bytes)
    }

    /// What the key `key` has to sign, pure Ed25519.
    ///
    /// # Errors
    /// As for [`Statement::new`].
    pub fn to_be_signed(&self, key: KeyId) -> Result<Vec<u8>, Unsayable> {
        Ok([DOMAIN.as_slice(), &self.body(key)?].concat())
    }

    /// The code, with a signature over [`Statement::to_be_signed`]; it is not verified here.
    ///
    /// # Errors
    /// As for [`Statement::new`].
    pub fn signed(self, key: KeyId, signature: [u8; SIGNATURE]) -> Result<Code, Unsayable> {
        let body = self.body(key)?;
        Ok(Code { key, statement: self, body, signature })
    }
}

/// Whether a code can say this book or suffix.
pub(crate) fn says(text: &str) -> bool {
    (1..=MAX_TEXT).contains(&text.len()) && is_nfc(text) && text.chars().all(plain)
}

/// Letters of books and suffixes. Nothing that is shown as nothing, or turns a line around.
fn plain(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '/' | '-' | '.')
}

/// What became of a code's signature.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Standing {
    /// The published key of that name has signed exactly this.
    Genuine,
    /// It has not: the code was altered, or was never ours.
    Forged,
    /// No published key has that name: nothing can be told.
    UnknownKey,
}

/// A code that was read. It may be anybody's until [`Code::check`] says otherwise.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Code {
    /// Which key it names.
    pub key: KeyId,
    /// What it says.
    pub statement: Statement,
    body: Vec<u8>,
    signature: [u8; SIGNATURE],
}

impl Code {
    /// Reads the text of a QR code, `HTTPS://HOST/Q/PAYLOAD`, or its payload alone; letters of either case, blanks around it.
    /// Which host is named says nothing: the signature does not cover it, and it may change in the life of a print.
    ///
    /// # Errors
    /// [`NotOurs`]: longer than 512 bytes, another address, not base32, another version, or not the one encoding of what it says.
    pub fn read(text: &str) -> Result<Self, NotOurs> {
        let text = text.trim_ascii();
        if text.len() > MAX_LETTERS {
            return Err(NotOurs);
        }
        let payload = match text.rsplit_once('/') {
            Some((before, payload)) if is_address(before) => payload,
            Some(_) => return Err(NotOurs),
            None => text,
        };
        let bytes = base32::decode(payload).filter(|bytes| bytes.len() <= MAX_BYTES).ok_or(NotOurs)?;
        Self::parse(&bytes)
    }

    fn parse(bytes: &[u8]) -> Result<Self, NotOurs> {
        let (body, signature) = bytes.split_last_chunk::<SIGNATURE>().ok_or(NotOurs)?;
        let mut rest = Rest(body);
        let [VERSION] = rest.take()? else { return Err(NotOurs) };
        let key = KeyId(rest.take()?);
        let (unit_code, book, suffix) = (rest.text()?, rest.text()?, rest.text()?);
        let number = u32::from_be_bytes(rest.take()?);
        let day = i32::from(u16::from_be_bytes(rest.take()?));
        let scans = rest.take()?;
        if !rest.0.is_empty() {
            return Err(NotOurs);
        }
        let day = FIRST_DAY.checked_add(jiff::Span::new().days(day)).map_err(|_| NotOurs)?;
        let number = Number { number, book, year: day.year(), suffix };
        let statement = Statement { unit_code, number, day, scans };
        // What could not be written is not read either.
        let again = statement.body(key).map_err(|_| NotOurs)?;
        if again != body {
            return Err(NotOurs);
        }
        Ok(Self { key, statement, body: again, signature: *signature })
    }

    /// Verifies the signature with the published keys.
    #[must_use]
    pub fn check(&self, keys: &[Key]) -> Standing {
        let Some(key) = keys.iter().find(|key| key.id == self.key) else { return Standing::UnknownKey };
        let message = [DOMAIN.as_slice(), &self.body].concat();
        match UnparsedPublicKey::new(&ED25519, key.public).verify(&message, &self.signature) {
            Ok(()) => Standing::Genuine,
            Err(_) => Standing::Forged,
        }
    }

    /// The bytes as base32: 172 letters for the usual texts.
    #[must_use]
    pub fn payload(&self) -> String {
        base32::encode(&[self.body.as_slice(), &self.signature].concat())
    }

    /// What is printed, behind the [`base`] of a deployment.
    #[must_use]
    pub fn text(&self, base: &str) -> String {
        format!("{base}{}", self.payload())
    }
}

/// What is not read yet.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], NotOurs> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or(NotOurs)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn text(&mut self) -> Result<String, NotOurs> {
        let [length] = self.take()?;
        let (text, rest) = self.0.split_at_checked(usize::from(length)).ok_or(NotOurs)?;
        self.0 = rest;
        std::str::from_utf8(text).map(str::to_owned).map_err(|_| NotOurs)
    }
}

/// `https://host/Q`, and `http` in a sandbox.
fn is_address(before: &str) -> bool {
    let lower = before.to_ascii_lowercase();
    let rest = lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://"));
    rest.and_then(|rest| rest.strip_suffix("/q")).is_some_and(|host| !host.is_empty())
}

/// What stands before the payload in print: the address of the deployment with scheme and host in capitals, which is the same
/// address (RFC 3986 §6.2.2.1) in the code's denser mode. A path keeps its letters; with small ones the code is drawn in
/// byte mode, larger and as good. `link_base` has no slash at its end.
///
/// # Errors
/// [`Unsayable`]: no `http` or `https` address with a host, with a query, a fragment or blanks in it, or longer than 60 bytes
/// with `/Q/`.
pub fn base(link_base: &str) -> Result<String, Unsayable> {
    let unsayable = || Unsayable("address");
    let (scheme, rest) = link_base.split_once("://").ok_or_else(unsayable)?;
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let fits = |letter: char| letter.is_ascii_graphic() && !matches!(letter, '?' | '#' | '@');
    let known = matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https");
    let base = format!("{}://{}{path}{PLACE}", scheme.to_ascii_uppercase(), host.to_ascii_uppercase());
    let whole = known && !host.is_empty() && !path.ends_with('/') && rest.chars().all(fits);
    (whole && base.len() <= MAX_BASE).then_some(base).ok_or_else(unsayable)
}

#[cfg(test)]
mod tests;
