//! A zip archive in which everybody finds the same files: opened, held against its bytes, its files unpacked.
//!
//! The one place where archives are opened, for a dossier ([`crate::dossier`]), a batch and `ctdt verify`. What hides a file from the
//! judge and shows it to whoever unpacks the same archive is refused: equal names, archives one behind the other, bytes that belong to
//! no entry, entries over each other, counts that do not fit. Judges nothing, writes nothing to disk: names are labels. Archives inside
//! are files like others.

mod layout;

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader, Read, Seek};

use flate2::Crc;
use flate2::bufread::DeflateDecoder;
use zip::{CompressionMethod, ZipArchive};

use self::layout::Entry;

/// Letters of a name that are shown.
const NAME_LIMIT: usize = 200;
/// A folder that a careless writer has packed takes so many octets.
const PACKED_FOLDER: u64 = 2;

/// Why an archive is not opened.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refused {
    /// It cannot be read as an archive.
    Broken,
    /// Two programs could find different files in it.
    Ambiguous,
    /// It is beyond a bound.
    Bomb,
    /// There is no file in it.
    Empty,
}

impl Refused {
    /// What is said of an archive in which two programs could find different files, in Vietnamese and English.
    pub const AMBIGUOUS: (&'static str, &'static str) = (
        "Tệp zip có tên lặp lại hoặc dữ liệu ngoài các tệp đã khai: mỗi phần mềm có thể thấy những tệp khác nhau",
        "The zip archive repeats a name or holds data beside the files that it lists: programs may find different files in it",
    );
}

/// One file of an archive.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct File {
    /// Its name, shortened, without signs that steer a screen, and no other file's of the archive.
    pub name: String,
    /// Its bytes; `None` when it is encrypted, damaged or packed in a way that is not read.
    pub bytes: Option<Vec<u8>>,
}

/// A file, and where it stands in the table.
struct Listed {
    at: usize,
    name: String,
    entry: Entry,
}

/// An archive whose table of contents was read.
pub(crate) struct Zip<R> {
    archive: ZipArchive<R>,
    files: Vec<Listed>,
}

impl<R: Read + Seek> Zip<R> {
    /// Reads the table of contents, with at most `most` files and as many folders. What a reader cannot read is taken for broken: who
    /// has a reader that can fail asks it.
    ///
    /// # Errors
    /// [`Refused`].
    pub(crate) fn open(mut reader: R, most: usize) -> Result<Self, Refused> {
        let entries = layout::entries(&mut reader, 2 * most as u64)?;
        let archive = ZipArchive::new(reader).map_err(|_| Refused::Broken)?;
        // Names may be told in a second way, in an extra field, which the library takes.
        let same = |(at, entry): (usize, &Entry)| {
            archive.by_index_data(at).is_ok_and(|one| {
                (one.header_start(), one.compressed_size(), one.size()) == (entry.head, entry.packed, entry.size)
            })
        };
        if archive.len() != entries.len() || !entries.iter().enumerate().all(same) {
            return Err(Refused::Ambiguous);
        }
        let mut taken = HashSet::new();
        let files = entries.into_iter().enumerate().filter(|(_, entry)| !is_folder(entry));
        let files: Vec<Listed> = files
            .map(|(at, entry)| {
                let written = archive.name_for_index(at).and_then(Result::ok);
                let written = written.unwrap_or_else(|| String::from_utf8_lossy(&entry.name));
                let name = distinct(shown(&written), &mut taken);
                Listed { at, name, entry }
            })
            .collect();
        match files.len() {
            0 => Err(Refused::Empty),
            count if count > most => Err(Refused::Bomb),
            _ => Ok(Self { archive, files }),
        }
    }

    /// How many files there are.
    pub(crate) fn count(&self) -> usize {
        self.files.len()
    }

    /// How long the `n`th file says it is; 0 where there is none.
    pub(crate) fn size(&self, n: usize) -> u64 {
        self.files.get(n).map_or(0, |file| file.entry.size)
    }

    /// What the `n`th file is called; nothing where there is none.
    pub(crate) fn name(&self, n: usize) -> String {
        self.files.get(n).map(|file| file.name.clone()).unwrap_or_default()
    }

    /// The `n`th file, from 0, unpacked: as long as it says it is, and no longer. No name and no bytes where there is none.
    pub(crate) fn file(&mut self, n: usize) -> File {
        File { name: self.name(n), bytes: self.unpacked(n) }
    }

    fn unpacked(&mut self, n: usize) -> Option<Vec<u8>> {
        let Listed { at, entry, .. } = self.files.get(n)?;
        let known = self.archive.by_index_data(*at).ok().filter(|known| !known.encrypted())?;
        let (method, size, most) = (known.compression(), entry.size, entry.size.saturating_add(1));
        let mut packed = BufReader::new(self.archive.by_index_raw(*at).ok()?);
        let mut bytes = Vec::new();
        match method {
            CompressionMethod::Stored => packed.by_ref().take(most).read_to_end(&mut bytes),
            CompressionMethod::Deflated => DeflateDecoder::new(&mut packed).take(most).read_to_end(&mut bytes),
            _ => return None,
        }
        .ok()?;
        let mut checksum = Crc::new();
        checksum.update(&bytes);
        // What stands behind the end of the packed data is an entry for those who read from the front.
        let whole = packed.fill_buf().ok()?.is_empty();
        let same = bytes.len() as u64 == size && u64::from(checksum.sum()) == entry.checksum;
        (whole && same).then_some(bytes)
    }
}

/// A folder that holds data is a file to those who unpack it.
fn is_folder(entry: &Entry) -> bool {
    matches!(entry.name.last(), Some(b'/' | b'\\')) && entry.size == 0 && entry.packed <= PACKED_FOLDER
}

/// A name as it is shown.
pub(crate) fn shown(name: &str) -> String {
    pades::cleaned(name, NAME_LIMIT)
}

/// A name that no file before has: names that differ in what is not shown stay different.
fn distinct(name: String, taken: &mut HashSet<String>) -> String {
    let numbered = (2..).map(|number| format!("{name} ({number})"));
    let free = std::iter::once(name.clone()).chain(numbered).find(|name| !taken.contains(name)).unwrap_or(name);
    taken.insert(free.clone());
    free
}

#[cfg(test)]
mod tests;
