//! `/DSS` (C8): material may come, never be something else.

use std::collections::BTreeMap;

use pdf::{Dict, Document, ObjId, Object, Stream};

use super::compare::{Stop, Stops};
use super::{Class, Step};

const STORE_KEYS: &[&[u8]] = &[b"Type", b"VRI", b"Certs", b"CRLs", b"OCSPs"];
const ENTRY_KEYS: &[&[u8]] = &[b"Type", b"Cert", b"CRL", b"OCSP", b"TU", b"TS"];

/// Which streams of the new state were looked at, as which kind, and whether they are material: the lists for each signature name those of
/// the whole file again.
type Known = BTreeMap<(ObjId, Kind), bool>;

impl Step<'_, '_> {
    pub(super) fn store(&mut self, old: &Dict, new: &Dict) -> Result<(), Stop> {
        if self.same(old, new, b"DSS", Stops::None)? {
            return Ok(());
        }
        let (before, after) = (self.before, self.after);
        let (was, is) = (before.get(old, b"DSS")?, after.get(new, b"DSS")?);
        let object = new.reference(b"DSS");
        let Object::Dict(is) = is else {
            self.forbid("dss-shape", object);
            return Ok(());
        };
        let empty = Dict::new();
        let was = was.as_dict().unwrap_or(&empty);
        let mut known = Known::new();
        let mut fine = is.iter().all(|(key, _)| STORE_KEYS.contains(&key)) && !is.has_duplicates();
        fine &= !was.contains(b"VRI") || is.contains(b"VRI");
        for (key, kind) in [(&b"Certs"[..], Kind::Signed), (b"CRLs", Kind::Signed), (b"OCSPs", Kind::Answer)] {
            fine &= self.is_material_list(is, key, kind, &mut known)?;
        }
        let replaced = object.is_some_and(|id| self.is_fresh(id));
        fine &= self.entries_fine(was, is, replaced, &mut known)?;
        let class = if fine { Class::Material } else { Class::Forbidden };
        self.push(class, "dss", object, None);
        Ok(())
    }

    /// What one store says about a signature stays in it; a store that is replaced by a new object is judged by what it holds.
    fn entries_fine(&self, was: &Dict, is: &Dict, replaced: bool, known: &mut Known) -> Result<bool, Stop> {
        let (before, after) = (self.before, self.after);
        let (old, new) = (before.get(was, b"VRI")?, after.get(is, b"VRI")?);
        let new = match new {
            Object::Null => return Ok(old.is_null()),
            Object::Dict(dict) => dict,
            _ => return Ok(false),
        };
        for (key, entry) in old.as_dict().into_iter().flatten() {
            let now = new.get(key).unwrap_or(&Object::Null);
            let same = self.compare.difference(entry, now, Stops::None, None)?.is_none();
            let gone = replaced && now.is_null();
            if key != b"Type" && !same && !gone && !self.entry_stays(entry, now)? {
                return Ok(false);
            }
        }
        for (key, entry) in new {
            if key == b"Type" {
                continue;
            }
            self.compare.spend(1)?;
            // The key should be an upper-case SHA-1; other digests and lower case are seen and mean nothing else.
            let named = key.len() >= 40 && key.iter().all(u8::is_ascii_hexdigit);
            let Object::Dict(entry) = after.resolve(entry)? else { return Ok(false) };
            let mut fine = named && entry.iter().all(|(key, _)| ENTRY_KEYS.contains(&key));
            for (key, kind) in [(&b"Cert"[..], Kind::Signed), (b"CRL", Kind::Signed), (b"OCSP", Kind::Answer)] {
                fine &= self.is_material_list(entry, key, kind, known)?;
            }
            if !fine {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// An array of references to streams of material. What was there may go; what stays under its number stays what it was.
    fn is_material_list(&self, dict: &Dict, key: &[u8], kind: Kind, known: &mut Known) -> Result<bool, Stop> {
        let after = self.after;
        let list = match after.get(dict, key)? {
            Object::Null => return Ok(true),
            Object::Array(list) => list,
            _ => return Ok(false),
        };
        for item in list {
            let Object::Ref(id) = item else { return Ok(false) };
            let Object::Stream(stream) = after.resolve(item)? else { return Ok(false) };
            let stays = self.is_fresh(*id) || self.compare.difference(item, item, Stops::None, None)?.is_none();
            if !stays || !*known.entry((*id, kind)).or_insert_with(|| is_material(after, stream, kind)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// An entry may be written anew with other items, because a later verification fetches what it lacks; a whole kind may not vanish.
    fn entry_stays(&self, was: &Object, is: &Object) -> Result<bool, Stop> {
        let (was, is) = (self.before.resolve(was)?, self.after.resolve(is)?);
        let (Object::Dict(was), Object::Dict(is)) = (was, is) else { return Ok(false) };
        Ok([&b"Cert"[..], b"CRL", b"OCSP"].iter().all(|key| is.contains(key) || !was.contains(key)))
    }
}

/// What a stream of the store may hold.
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
enum Kind {
    /// An X.509 certificate or a CRL: three parts, the last a bit string (RFC 5280 §4.1, §5.1).
    Signed,
    /// An OCSP response, or the basic response in it (RFC 6960 §4.2.1).
    Answer,
}

/// A stream that holds one piece of material and nothing else, without keys that would make it anything else.
fn is_material(document: &Document<'_>, stream: &Stream, kind: Kind) -> bool {
    let keys: &[&[u8]] = &[b"Length", b"Filter", b"DecodeParms", b"Type"];
    let plain = stream.dict.iter().all(|(key, _)| keys.contains(&key));
    plain && document.decode(stream).is_ok_and(|bytes| has_shape(&bytes, kind))
}

const SEQUENCE: u8 = 0x30;
const BIT_STRING: u8 = 0x03;
const ENUMERATED: u8 = 0x0a;
const EXPLICIT: u8 = 0xa0;

/// One SEQUENCE with the parts of its kind, give or take a line end that a writer counted in. Only the outermost parts are looked at: what
/// they say is read where it is used as evidence.
fn has_shape(bytes: &[u8], kind: Kind) -> bool {
    let Some((SEQUENCE, inside, rest)) = element(bytes) else { return false };
    if !rest.iter().all(|byte| matches!(byte, b'\r' | b'\n')) {
        return false;
    }
    let tags = parts(inside);
    let signed = matches!(tags.as_slice(), [SEQUENCE, SEQUENCE, BIT_STRING]);
    let answer = matches!(tags.as_slice(), [ENUMERATED, EXPLICIT] | [SEQUENCE, SEQUENCE, BIT_STRING, EXPLICIT]);
    signed || matches!(kind, Kind::Answer) && answer
}

/// The tags of the first parts, until one cannot be read: then an impossible one stands at the end.
fn parts(mut inside: &[u8]) -> Vec<u8> {
    let mut tags = Vec::new();
    while !inside.is_empty() && tags.len() < 5 {
        let Some((tag, _, rest)) = element(inside) else {
            tags.push(0xff);
            break;
        };
        // The end of a value of indefinite length.
        if tag != 0 {
            tags.push(tag);
        }
        inside = rest;
    }
    tags
}

/// Tag, content and what follows (X.690 §8.1); a value of indefinite length reaches to the end.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let octets = usize::from(first & 0x7f);
    let (length, body) = match first {
        0..0x80 => (octets, rest),
        0x80 => return rest.ends_with(&[0, 0]).then_some((tag, rest.get(..rest.len() - 2)?, &[][..])),
        _ if octets > 8 => return None,
        _ => {
            let (length, body) = rest.split_at_checked(octets)?;
            let number = |sum: usize, octet: &u8| sum.checked_mul(256)?.checked_add((*octet).into());
            (length.iter().try_fold(0, number)?, body)
        }
    };
    let (content, rest) = body.split_at_checked(length)?;
    Some((tag, content, rest))
}

#[cfg(test)]
mod tests {
    use super::{Kind, has_shape};

    #[test]
    fn c8_only_material_has_the_shape_of_material() {
        let signed: &[u8] = &[0x30, 7, 0x30, 0, 0x30, 0, 3, 1, 0];
        let answer: &[u8] = &[0x30, 5, 0x0a, 1, 0, 0xa0, 0];
        let indefinite: &[u8] = &[0x30, 0x80, 0x30, 0, 0x30, 0, 3, 1, 0, 0, 0];
        for good in [signed, indefinite, &[signed, b"\r\n"].concat()] {
            assert!(has_shape(good, Kind::Signed) && has_shape(good, Kind::Answer), "{good:?}");
        }
        assert!(has_shape(answer, Kind::Answer) && !has_shape(answer, Kind::Signed));
        let text = b"0 0 595 842 re f";
        for bad in [&[][..], &[0x30], &[0x30, 0], &[0x31, 0], &[0x30, 2, 5], &[0x30, 2, 5, 0], &[0x30, 0xff, 1], text] {
            assert!(!has_shape(bad, Kind::Signed) && !has_shape(bad, Kind::Answer), "{bad:?}");
        }
        assert!(!has_shape(&[signed, b"q"].concat(), Kind::Signed), "something behind it");
    }
}
