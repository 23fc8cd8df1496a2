//! Where everything stands in a zip archive, read without the library and held against every place that tells the same (APPNOTE.TXT §4.3).
//!
//! Archives are read in two ways: by the table at their end, and from the front, entry by entry. Here both have to tell the same files,
//! and every byte belongs to something: the entries one behind the other from the first byte, the table, the end record, and its comment
//! up to the last byte. Unpacks nothing; does not decode names.

use std::collections::HashSet;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;

use super::Refused;

const ENTRY: &[u8] = b"PK\x03\x04";
const TABLE: &[u8] = b"PK\x01\x02";
const END: &[u8] = b"PK\x05\x06";
const LONG_END: &[u8] = b"PK\x06\x06";
const LOCATOR: &[u8] = b"PK\x06\x07";
const DESCRIPTOR: &[u8] = b"PK\x07\x08";
/// Octets of the heads, without what varies.
const ENTRY_HEAD: u64 = 30;
const TABLE_HEAD: u64 = 46;
const END_HEAD: u64 = 22;
const LONG_END_HEAD: u64 = 56;
const LOCATOR_HEAD: u64 = 20;
/// Octets of the longest comment.
const COMMENT: u64 = 0xffff;
/// Flags (§4.4.4): encrypted; sizes and checksum stand behind the data.
const ENCRYPTED: u64 = 1;
const DESCRIBED: u64 = 8;
/// The extra field of long numbers (§4.5.3).
const LONG: u64 = 1;

/// One entry, as the table tells it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Entry {
    /// Its name, as it is written.
    pub(super) name: Vec<u8>,
    /// Where its head stands.
    pub(super) head: u64,
    /// Octets in the archive.
    pub(super) packed: u64,
    /// Octets when it is unpacked.
    pub(super) size: u64,
    pub(super) checksum: u64,
    method: u64,
    flags: u64,
}

/// The entries in the order of the table, at most `most` of them.
///
/// # Errors
/// [`Refused::Broken`] for what is no archive or cannot be read; [`Refused::Bomb`] for too many entries; [`Refused::Ambiguous`] where
/// two programs could find different files.
pub(super) fn entries<R: Read + Seek>(reader: &mut R, most: u64) -> Result<Vec<Entry>, Refused> {
    let end = End::find(reader)?;
    if end.count > most {
        return Err(Refused::Bomb);
    }
    let entries = end.table(reader)?;
    let mut names = HashSet::new();
    if !entries.iter().all(|entry| names.insert(entry.name.as_slice())) {
        return Err(Refused::Ambiguous);
    }
    one_behind_the_other(reader, &entries, end.table.start)?;
    Ok(entries)
}

/// What the end record says of the table.
struct End {
    table: Range<u64>,
    count: u64,
}

impl End {
    /// The last end record of the file, whose comment ends with it.
    fn find<R: Read + Seek>(reader: &mut R) -> Result<End, Refused> {
        let length = reader.seek(SeekFrom::End(0)).map_err(|_| Refused::Broken)?;
        let from = length.saturating_sub(END_HEAD + COMMENT);
        let tail = piece(reader, from, length - from)?;
        let place = tail.windows(END.len()).rposition(|four| four == END).ok_or(Refused::Broken)?;
        let record = tail.get(place..).filter(|record| record.len() as u64 >= END_HEAD).ok_or(Refused::Broken)?;
        if record.len() as u64 != END_HEAD + number(record, 20, 2) {
            return Err(Refused::Ambiguous);
        }
        let at = from + place as u64;
        let short = [number(record, 8, 2), number(record, 10, 2), number(record, 12, 4), number(record, 16, 4)];
        let (told, ends) = match Self::long(reader, at)? {
            Some((long, ends)) => {
                // Who knows no long numbers reads the short ones.
                let fits = |(short, long): (&u64, &u64)| short == long || [0xffff, 0xffff_ffff].contains(short);
                (Some(long).filter(|long| short.iter().zip(long).all(fits)), ends)
            }
            None => (Some(short), at),
        };
        let [here, count, size, start] = told.ok_or(Refused::Ambiguous)?;
        let whole = here == count && number(record, 4, 4) == 0 && start.checked_add(size) == Some(ends);
        if whole { Ok(End { table: start..ends, count }) } else { Err(Refused::Ambiguous) }
    }

    /// Count here, count, size and start from the long end record, and where that begins, when there is one before the end record.
    fn long<R: Read + Seek>(reader: &mut R, end: u64) -> Result<Option<([u64; 4], u64)>, Refused> {
        let Some(at) = end.checked_sub(LOCATOR_HEAD) else { return Ok(None) };
        let locator = piece(reader, at, LOCATOR_HEAD)?;
        if !locator.starts_with(LOCATOR) {
            return Ok(None);
        }
        let begins = number(&locator, 8, 8);
        if begins.checked_add(LONG_END_HEAD).is_none_or(|ends| ends > at) {
            return Err(Refused::Ambiguous);
        }
        let record = piece(reader, begins, LONG_END_HEAD)?;
        let ends = begins.checked_add(12).and_then(|from| from.checked_add(number(&record, 4, 8)));
        let alone = number(&locator, 4, 4) == 0 && number(&locator, 16, 4) <= 1 && number(&record, 16, 8) == 0;
        if !record.starts_with(LONG_END) || ends != Some(at) || !alone {
            return Err(Refused::Ambiguous);
        }
        Ok(Some(([24, 32, 40, 48].map(|place| number(&record, place, 8)), begins)))
    }

    /// The entries of the table, which fill it.
    fn table<R: Read + Seek>(&self, reader: &mut R) -> Result<Vec<Entry>, Refused> {
        let (mut entries, mut at) = (Vec::new(), self.table.start);
        for _ in 0..self.count {
            if at + TABLE_HEAD > self.table.end {
                return Err(Refused::Ambiguous);
            }
            let head = piece(reader, at, TABLE_HEAD)?;
            let [name, extra, comment] = [28, 30, 32].map(|place| number(&head, place, 2));
            let rest = piece(reader, at + TABLE_HEAD, name + extra)?;
            at += TABLE_HEAD + name + extra + comment;
            if !head.starts_with(TABLE) || at > self.table.end {
                return Err(Refused::Ambiguous);
            }
            let (name, extra) = rest.split_at(usize::try_from(name).unwrap_or(rest.len()).min(rest.len()));
            let short = [number(&head, 24, 4), number(&head, 20, 4), number(&head, 42, 4)];
            let [size, packed, head_at] = widened(short, extra).ok_or(Refused::Ambiguous)?;
            entries.push(Entry {
                name: name.to_vec(),
                head: head_at,
                packed,
                size,
                checksum: number(&head, 16, 4),
                method: number(&head, 10, 2),
                flags: number(&head, 8, 2),
            });
        }
        if at == self.table.end { Ok(entries) } else { Err(Refused::Ambiguous) }
    }
}

/// From the first byte to the table there is nothing but the entries, and the head of each says what the table says.
fn one_behind_the_other<R: Read + Seek>(reader: &mut R, entries: &[Entry], table: u64) -> Result<(), Refused> {
    let mut order: Vec<&Entry> = entries.iter().collect();
    order.sort_by_key(|entry| entry.head);
    let mut at = 0;
    for (place, entry) in order.iter().enumerate() {
        let next = order.get(place + 1).map_or(table, |next| next.head);
        if entry.head != at || !entry.reaches(reader, next)? {
            return Err(Refused::Ambiguous);
        }
        at = next;
    }
    Ok(())
}

impl Entry {
    /// Whether the head in front of the data tells the same entry, and it ends where the next one begins.
    fn reaches<R: Read + Seek>(&self, reader: &mut R, next: u64) -> Result<bool, Refused> {
        if self.head.checked_add(ENTRY_HEAD).is_none_or(|data| data > next) {
            return Ok(false);
        }
        let head = piece(reader, self.head, ENTRY_HEAD)?;
        let [name, extra] = [26, 28].map(|place| number(&head, place, 2));
        let data = self.head + ENTRY_HEAD + name + extra;
        let Some(end) = data.checked_add(self.packed).filter(|end| *end <= next) else { return Ok(false) };
        let rest = piece(reader, self.head + ENTRY_HEAD, name + extra)?;
        let (name, extra) = rest.split_at(usize::try_from(name).unwrap_or(rest.len()).min(rest.len()));
        let flags = number(&head, 6, 2);
        let described = flags & DESCRIBED != 0;
        let Some([size, packed]) = widened([number(&head, 22, 4), number(&head, 18, 4)], extra) else {
            return Ok(false);
        };
        let told = [(size, self.size), (packed, self.packed), (number(&head, 14, 4), self.checksum)];
        let same = head.starts_with(ENTRY)
            && name == self.name
            && number(&head, 8, 2) == self.method
            && (flags ^ self.flags) & ENCRYPTED == 0
            // A writer that does not know them yet writes them behind the data.
            && told.iter().all(|(here, there)| here == there || (described && *here == 0));
        if !same || !described {
            return Ok(same && end == next);
        }
        self.is_described(&piece_up_to(reader, end, next)?)
    }

    /// Sizes and checksum behind the data (§4.3.9), with or without their mark, in four octets or eight; none where there are no data.
    fn is_described(&self, told: &[u8]) -> Result<bool, Refused> {
        let told = told.strip_prefix(DESCRIPTOR).unwrap_or(told);
        let says = |octets: usize| {
            told.len() == 4 + 2 * octets
                && number(told, 0, 4) == self.checksum
                && number(told, 4, octets) == self.packed
                && number(told, 4 + octets, octets) == self.size
        };
        Ok((told.is_empty() && self.packed == 0) || says(4) || says(8))
    }
}

/// What stands behind the data of an entry; no descriptor is longer.
fn piece_up_to<R: Read + Seek>(reader: &mut R, from: u64, to: u64) -> Result<Vec<u8>, Refused> {
    if to - from > 24 { Err(Refused::Ambiguous) } else { piece(reader, from, to - from) }
}

/// Numbers that do not fit into four octets stand in an extra field, in their order. `None` where one is not there.
fn widened<const N: usize>(mut short: [u64; N], extra: &[u8]) -> Option<[u64; N]> {
    let mut long = long_numbers(extra);
    for value in short.iter_mut().filter(|value| **value == 0xffff_ffff) {
        let (first, rest) = long.split_at_checked(8)?;
        (*value, long) = (number(first, 0, 8), rest);
    }
    Some(short)
}

/// The extra field of long numbers; empty where there is none.
fn long_numbers(mut extra: &[u8]) -> &[u8] {
    while let Some((head, rest)) = extra.split_at_checked(4) {
        let length = usize::try_from(number(head, 2, 2)).unwrap_or(usize::MAX);
        let Some((field, rest)) = rest.split_at_checked(length) else { break };
        if number(head, 0, 2) == LONG {
            return field;
        }
        extra = rest;
    }
    &[]
}

/// A number of that many octets, the lowest first.
fn number(bytes: &[u8], at: usize, octets: usize) -> u64 {
    let octets = bytes.iter().skip(at).take(octets).rev();
    octets.fold(0, |value, octet| value << 8 | u64::from(*octet))
}

fn piece<R: Read + Seek>(reader: &mut R, at: u64, octets: u64) -> Result<Vec<u8>, Refused> {
    let mut bytes = vec![0; usize::try_from(octets).map_err(|_| Refused::Broken)?];
    reader.seek(SeekFrom::Start(at)).map_err(|_| Refused::Broken)?;
    reader.read_exact(&mut bytes).map_err(|_| Refused::Broken)?;
    Ok(bytes)
}
