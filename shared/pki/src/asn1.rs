//! A small reader and writer of ASN.1 values as they stand in the bytes.
//!
//! The typed decoders of `der` and `cms` sort sets, refuse fractional seconds and give up on the first odd element;
//! signatures, however, are made over bytes as they are. So CMS, TSP, OCSP and CRL are walked with this reader, which
//! never re-encodes what it hands out. It does not interpret values beyond tag, length and content.

use std::borrow::Cow;

use const_oid::ObjectIdentifier;

use crate::Error;

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const NULL: u8 = 0x05;
pub(crate) const OID: u8 = 0x06;
pub(crate) const ENUMERATED: u8 = 0x0a;
pub(crate) const UTF8_STRING: u8 = 0x0c;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// Deepest nesting that is followed when BER is turned into definite lengths. A CMS with a time-stamp inside which
/// X.509 certificates are nested needs about 25.
const MAX_DEPTH: usize = 48;

/// One value: its identifier octet, its content and the whole encoding.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Tlv<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    pub(crate) full: &'a [u8],
}

struct Header {
    /// Octets of tag and length together.
    length: usize,
    /// `None` for the indefinite form.
    content: Option<usize>,
}

fn malformed(what: &'static str) -> Error {
    Error::Malformed { what }
}

fn header(bytes: &[u8]) -> Option<Header> {
    let (first, rest) = bytes.split_first()?;
    let mut used = 1usize;
    let mut rest = rest;
    if first & 0x1f == 0x1f {
        // High tag numbers occur in no structure that is read here; they are stepped over.
        loop {
            let (octet, after) = rest.split_first()?;
            rest = after;
            used += 1;
            if octet & 0x80 == 0 {
                break;
            }
            if used > 6 {
                return None;
            }
        }
    }
    let (octet, rest) = rest.split_first()?;
    used += 1;
    if octet & 0x80 == 0 {
        return Some(Header { length: used, content: Some(usize::from(*octet)) });
    }
    let count = usize::from(octet & 0x7f);
    if count == 0 {
        return Some(Header { length: used, content: None });
    }
    if count > 5 {
        return None;
    }
    let mut content = 0usize;
    for octet in rest.get(..count)? {
        content = content.checked_mul(256)?.checked_add(usize::from(*octet))?;
    }
    Some(Header { length: used + count, content: Some(content) })
}

/// Reads values one after the other.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// The next value, whatever its tag.
    pub(crate) fn any(&mut self, what: &'static str) -> Result<Tlv<'a>, Error> {
        let head = header(self.rest).ok_or_else(|| malformed(what))?;
        let length = head.content.ok_or_else(|| malformed(what))?;
        let end = head.length.checked_add(length).ok_or_else(|| malformed(what))?;
        let full = self.rest.get(..end).ok_or_else(|| malformed(what))?;
        let content = full.get(head.length..).ok_or_else(|| malformed(what))?;
        let tag = *full.first().ok_or_else(|| malformed(what))?;
        self.rest = self.rest.get(end..).ok_or_else(|| malformed(what))?;
        Ok(Tlv { tag, content, full })
    }

    /// The next value, which must have this tag.
    pub(crate) fn expect(&mut self, tag: u8, what: &'static str) -> Result<Tlv<'a>, Error> {
        if self.peek() == Some(tag) { self.any(what) } else { Err(malformed(what)) }
    }

    /// The next value if it has this tag.
    pub(crate) fn optional(&mut self, tag: u8, what: &'static str) -> Result<Option<Tlv<'a>>, Error> {
        if self.peek() == Some(tag) { self.any(what).map(Some) } else { Ok(None) }
    }

    /// Nothing may follow.
    pub(crate) fn finish(&self, what: &'static str) -> Result<(), Error> {
        if self.rest.is_empty() { Ok(()) } else { Err(malformed(what)) }
    }
}

impl<'a> Tlv<'a> {
    pub(crate) fn reader(&self) -> Reader<'a> {
        Reader::new(self.content)
    }

    pub(crate) fn oid(&self) -> Option<ObjectIdentifier> {
        if self.tag == OID { ObjectIdentifier::from_bytes(self.content).ok() } else { None }
    }

    /// The members of a constructed value, at most `limit`.
    pub(crate) fn members(&self, what: &'static str, limit: usize) -> Result<Vec<Tlv<'a>>, Error> {
        let mut reader = self.reader();
        let mut members = Vec::new();
        while !reader.is_empty() {
            if members.len() >= limit {
                return Err(Error::Limit { what, limit });
            }
            members.push(reader.any(what)?);
        }
        Ok(members)
    }
}

/// The only value in `bytes`; nothing may follow it.
pub(crate) fn only<'a>(bytes: &'a [u8], tag: u8, what: &'static str) -> Result<Tlv<'a>, Error> {
    let mut reader = Reader::new(bytes);
    let value = reader.expect(tag, what)?;
    reader.finish(what)?;
    Ok(value)
}

/// Content of an INTEGER without needless leading zero octets.
pub(crate) fn unsigned(content: &[u8]) -> &[u8] {
    let zeros = content.iter().take_while(|octet| **octet == 0).count();
    content.get(zeros.min(content.len().saturating_sub(1))..).unwrap_or(content)
}

/// Whether two INTEGERs are the same number: needless octets of the sign do not count, the sign does.
pub(crate) fn same_integer(one: &[u8], other: &[u8]) -> bool {
    fn shortest(mut content: &[u8]) -> &[u8] {
        while let [first, second, ..] = content {
            let needless = *first == 0 && second & 0x80 == 0 || *first == 0xff && second & 0x80 != 0;
            if !needless {
                break;
            }
            content = content.get(1..).unwrap_or_default();
        }
        content
    }
    shortest(one) == shortest(other)
}

/// The shortest number, octets, that can stand for nothing but itself: as long as the random ones that CAs must draw.
const UNMISTAKABLE: usize = 8;

/// Whether a serial number in a revocation is a certificate's: the same number, or a long negative one that is the
/// certificate's written without its leading zero. A short one may truly be another's (NIST PKITS 4.4.14), and a negative
/// number of a certificate is never taken for a positive one.
pub(crate) fn same_revoked_serial(listed: &[u8], serial: &[u8]) -> bool {
    let is_negative = |content: &[u8]| content.first().is_some_and(|first| first & 0x80 != 0);
    let shortened = is_negative(listed) && !is_negative(serial) && listed == unsigned(serial);
    same_integer(listed, serial) || shortened && listed.len() >= UNMISTAKABLE
}

/// A small INTEGER or ENUMERATED.
pub(crate) fn small_integer(content: &[u8], what: &'static str) -> Result<i64, Error> {
    let first = *content.first().ok_or_else(|| malformed(what))?;
    if content.len() > 8 {
        return Err(malformed(what));
    }
    let start = if first & 0x80 == 0 { 0i64 } else { -1i64 };
    Ok(content.iter().fold(start, |value, octet| (value << 8) | i64::from(*octet)))
}

/// Octets of a BIT STRING without unused bits.
pub(crate) fn bit_octets<'a>(content: &'a [u8], what: &'static str) -> Result<&'a [u8], Error> {
    match content.split_first() {
        Some((0, octets)) => Ok(octets),
        _ => Err(malformed(what)),
    }
}

/// The first value of `bytes` with definite lengths and unsplit octet strings, and how many octets it took.
///
/// Parts that already have definite lengths are handed on octet by octet, because signatures may lie over them.
pub(crate) fn definite<'a>(bytes: &'a [u8], what: &'static str) -> Result<(Cow<'a, [u8]>, usize), Error> {
    if let Some(plain) = plain(bytes, 0).and_then(|used| bytes.get(..used)) {
        return Ok((Cow::Borrowed(plain), plain.len()));
    }
    let mut out = Vec::new();
    let (used, changed) = rebuild(bytes, 0, &mut out, what)?;
    let original = bytes.get(..used).ok_or_else(|| malformed(what))?;
    Ok((if changed { Cow::Owned(out) } else { Cow::Borrowed(original) }, used))
}

/// How long the value is, if nothing in it has to be written anew; `None` where that takes a closer look.
fn plain(bytes: &[u8], depth: usize) -> Option<usize> {
    let head = header(bytes).filter(|_| depth <= MAX_DEPTH)?;
    let end = head.length.checked_add(head.content?)?;
    let mut members = bytes.get(head.length..end)?;
    let tag = *bytes.first()?;
    if tag & 0x20 == 0 {
        return Some(end);
    }
    while !members.is_empty() {
        members = members.get(plain(members, depth + 1)?..)?;
    }
    (tag != 0x24).then_some(end)
}

fn rebuild(bytes: &[u8], depth: usize, out: &mut Vec<u8>, what: &'static str) -> Result<(usize, bool), Error> {
    if depth > MAX_DEPTH {
        return Err(Error::Limit { what, limit: MAX_DEPTH });
    }
    let head = header(bytes).ok_or_else(|| malformed(what))?;
    let tag = *bytes.first().ok_or_else(|| malformed(what))?;
    let constructed = tag & 0x20 != 0;
    let Some(length) = head.content else {
        if !constructed {
            return Err(malformed(what));
        }
        return rebuild_indefinite(bytes, head.length, depth, out, what);
    };
    let end = head.length.checked_add(length).ok_or_else(|| malformed(what))?;
    let full = bytes.get(..end).ok_or_else(|| malformed(what))?;
    let content = full.get(head.length..).ok_or_else(|| malformed(what))?;
    if constructed {
        let mut inner = Vec::new();
        // What cannot be walked inside a definite length is left as it is: its reader will judge it.
        let walked = rebuild_members(content, depth, &mut inner, what);
        if let Err(limit @ Error::Limit { .. }) = walked {
            return Err(limit);
        }
        if matches!(walked, Ok(true)) || (tag == 0x24 && walked.is_ok()) {
            close(bytes, tag, &inner, out, what)?;
            return Ok((end, true));
        }
    }
    out.extend_from_slice(full);
    Ok((end, false))
}

fn rebuild_members(mut content: &[u8], depth: usize, out: &mut Vec<u8>, what: &'static str) -> Result<bool, Error> {
    let mut any = false;
    while !content.is_empty() {
        let (used, changed) = rebuild(content, depth + 1, out, what)?;
        any |= changed;
        content = content.get(used..).ok_or_else(|| malformed(what))?;
    }
    Ok(any)
}

fn rebuild_indefinite(
    bytes: &[u8],
    head: usize,
    depth: usize,
    out: &mut Vec<u8>,
    what: &'static str,
) -> Result<(usize, bool), Error> {
    let mut at = head;
    let mut inner = Vec::new();
    loop {
        let rest = bytes.get(at..).ok_or_else(|| malformed(what))?;
        if rest.starts_with(&[0, 0]) {
            break;
        }
        let (used, _) = rebuild(rest, depth + 1, &mut inner, what)?;
        at = at.checked_add(used).ok_or_else(|| malformed(what))?;
    }
    let tag = *bytes.first().ok_or_else(|| malformed(what))?;
    close(bytes, tag, &inner, out, what)?;
    Ok((at + 2, true))
}

/// Writes the rebuilt value; a constructed OCTET STRING becomes a primitive one.
fn close(bytes: &[u8], tag: u8, inner: &[u8], out: &mut Vec<u8>, what: &'static str) -> Result<(), Error> {
    if tag & 0x1f == 0x1f {
        return Err(malformed(what));
    }
    debug_assert!(!bytes.is_empty());
    if tag == 0x24 {
        let mut joined = Vec::with_capacity(inner.len());
        let mut reader = Reader::new(inner);
        while !reader.is_empty() {
            joined.extend_from_slice(reader.expect(OCTET_STRING, what)?.content);
        }
        out.extend_from_slice(&tlv(OCTET_STRING, &[&joined]));
    } else {
        out.extend_from_slice(&tlv(tag, &[inner]));
    }
    Ok(())
}

/// Encodes tag, length and the parts one after the other.
pub(crate) fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut out = Vec::with_capacity(length + 6);
    out.push(tag);
    if length < 0x80 {
        out.push(u8::try_from(length).unwrap_or(0x7f));
    } else {
        let octets = length.to_be_bytes();
        let significant = unsigned(&octets);
        out.push(0x80 | u8::try_from(significant.len()).unwrap_or(0x7f));
        out.extend_from_slice(significant);
    }
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}

/// SEQUENCE of ready parts.
pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tlv(SEQUENCE, parts)
}

/// Members of a SET OF in DER order, without the header.
pub(crate) fn sorted(mut members: Vec<Vec<u8>>) -> Vec<u8> {
    members.sort();
    members.concat()
}

/// OBJECT IDENTIFIER.
pub(crate) fn oid(oid: &ObjectIdentifier) -> Vec<u8> {
    tlv(OID, &[oid.as_bytes()])
}

/// OBJECT IDENTIFIER from its dotted form.
pub(crate) fn dotted(text: &str) -> Result<Vec<u8>, Error> {
    let parsed = ObjectIdentifier::new(text).map_err(|_| Error::CannotEncode { what: "object identifier" })?;
    Ok(oid(&parsed))
}

/// Non-negative INTEGER from big-endian octets.
pub(crate) fn integer(value: &[u8]) -> Vec<u8> {
    let value = unsigned(value);
    match value.first() {
        None => tlv(INTEGER, &[&[0]]),
        Some(first) if first & 0x80 != 0 => tlv(INTEGER, &[&[0], value]),
        Some(_) => tlv(INTEGER, &[value]),
    }
}

/// OCTET STRING.
pub(crate) fn octets(value: &[u8]) -> Vec<u8> {
    tlv(OCTET_STRING, &[value])
}

/// BIT STRING of whole octets.
pub(crate) fn bits(value: &[u8]) -> Vec<u8> {
    tlv(BIT_STRING, &[&[0], value])
}

#[cfg(test)]
mod tests {
    use super::{same_integer, same_revoked_serial};

    /// A long number without its zero is found; a short one, and a negative one of the certificate, is another.
    #[test]
    fn a_revocation_without_the_leading_zero_is_found() {
        let (short, long) = ([0x9f; 7], [0x9f; 8]);
        let positive = |octets: &[u8]| [&[0], octets].concat();
        assert!(same_revoked_serial(&long, &positive(&long)) && same_revoked_serial(&long, &long));
        assert!(!same_revoked_serial(&short, &positive(&short)));
        assert!(!same_revoked_serial(&positive(&long), &long));
        assert!(!same_revoked_serial(&[0x7f; 8], &positive(&long)));
    }

    /// −1 is not 255, and 255 with a needless zero is 255.
    #[test]
    fn the_sign_of_an_integer_counts() {
        assert!(!same_integer(&[0xff], &[0, 0xff]) && same_integer(&[0, 0xff], &[0, 0, 0xff]));
        assert!(same_integer(&[0xff], &[0xff, 0xff]) && !same_integer(&[0x7f], &[0xff, 0x7f]));
        assert!(same_integer(&[0], &[0, 0]) && !same_integer(&[0], &[]));
    }
}
