//! `/DSS` (C8): material may come, never be something else.

use pdf::{Dict, Document, Object, Stream};

use super::compare::{Stop, Stops};
use super::{Class, Step};

const STORE_KEYS: &[&[u8]] = &[b"Type", b"VRI", b"Certs", b"CRLs", b"OCSPs"];
const ENTRY_KEYS: &[&[u8]] = &[b"Type", b"Cert", b"CRL", b"OCSP", b"TU", b"TS"];

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
        let mut fine = is.iter().all(|(key, _)| STORE_KEYS.contains(&key)) && !is.has_duplicates();
        fine &= !was.contains(b"VRI") || is.contains(b"VRI");
        for key in [&b"Certs"[..], b"CRLs", b"OCSPs"] {
            fine &= self.is_material_list(is, key)?;
        }
        let replaced = object.is_some_and(|id| self.is_fresh(id));
        fine &= self.entries_fine(was, is, replaced)?;
        let class = if fine { Class::Material } else { Class::Forbidden };
        self.push(class, "dss", object, None);
        Ok(())
    }

    /// What one store says about a signature stays in it; a store that is replaced by a new object is judged by what it holds.
    fn entries_fine(&self, was: &Dict, is: &Dict, replaced: bool) -> Result<bool, Stop> {
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
            for key in [&b"Cert"[..], b"CRL", b"OCSP"] {
                fine &= self.is_material_list(entry, key)?;
            }
            if !fine {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// An array of references to streams of material. What was there may go; what stays under its number stays what it was.
    fn is_material_list(&self, dict: &Dict, key: &[u8]) -> Result<bool, Stop> {
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
            if !stays || !is_material(after, stream) {
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

/// A stream that holds one DER SEQUENCE and nothing else, without keys that would make it anything else.
fn is_material(document: &Document<'_>, stream: &Stream) -> bool {
    let keys: &[&[u8]] = &[b"Length", b"Filter", b"DecodeParms", b"Type"];
    let plain = stream.dict.iter().all(|(key, _)| keys.contains(&key));
    plain && document.decode(stream).is_ok_and(|bytes| is_sequence(&bytes))
}

/// Tag, length and as many bytes as the length says (X.690 §8.1), give or take a line end that a writer counted in.
fn is_sequence(bytes: &[u8]) -> bool {
    let (first, rest) = match bytes {
        [0x30, first, rest @ ..] => (*first, rest),
        _ => return false,
    };
    let octets = usize::from(first & 0x7f);
    let (length, body) = match first {
        0..0x80 => (Some(octets), rest),
        // Of indefinite length: only its end would tell.
        0x80 => return rest.ends_with(&[0, 0]),
        _ => {
            let (length, body) = rest.split_at_checked(octets.min(8)).unwrap_or_default();
            let number =
                length.iter().try_fold(0usize, |sum, octet| sum.checked_mul(256)?.checked_add((*octet).into()));
            (number.filter(|_| octets <= 8), body)
        }
    };
    length.and_then(|length| body.get(length..)).is_some_and(|after| after.iter().all(|b| matches!(b, b'\r' | b'\n')))
}

#[cfg(test)]
mod tests {
    use super::is_sequence;

    #[test]
    fn only_one_whole_sequence_is_material() {
        for good in
            [&[0x30, 0][..], &[0x30, 1, 5], &[0x30, 0x81, 1, 5], &[0x30, 0x82, 0, 1, 5, b'\n'], &[0x30, 0x80, 0, 0]]
        {
            assert!(is_sequence(good), "{good:?}");
        }
        let text = b"0 0 595 842 re f";
        for bad in [&[][..], &[0x30], &[0x31, 0], &[0x30, 2, 5], &[0x30, 0, 5], &[0x30, 0xff, 1], text] {
            assert!(!is_sequence(bad), "{bad:?}");
        }
    }
}
