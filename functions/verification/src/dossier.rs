//! A whole dossier as a zip archive, opened within bounds.
//!
//! Does not judge and does not write anything to disk. Archives inside archives are not opened; they are files that are no PDF. Bounds
//! hold whatever the archive says of itself: no file gives more bytes than it says.

use std::io::{Cursor, Read, Seek};

use crate::zipped::Zip;
pub(crate) use crate::zipped::shown;
pub use crate::zipped::{File, Refused};

/// Most files, and most folders.
const MOST_FILES: usize = 100;
/// Most bytes of one file: the reader's own limit.
pub(crate) const FILE_LIMIT: u64 = 110 << 20;
/// Most bytes of all files.
const TOTAL_LIMIT: u64 = 200 << 20;
/// An archive that grows more than this is a bomb: scans are compressed already.
const MOST_GROWTH: u64 = 100;
/// Below this size, growth is of no matter.
const HARMLESS: u64 = 10 << 20;

/// Whether bytes begin as a zip archive does (APPNOTE.TXT §4.3.7).
#[must_use]
pub fn is_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04")
}

/// An archive whose table of contents was read.
pub struct Dossier<R> {
    zip: Zip<R>,
    next: usize,
    left: u64,
}

impl<'a> Dossier<Cursor<&'a [u8]>> {
    /// Reads the table of contents of an archive in memory.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn open(bytes: &'a [u8]) -> Result<Self, Refused> {
        Self::read(Cursor::new(bytes), u64::try_from(bytes.len()).unwrap_or(u64::MAX))
    }
}

impl<R: Read + Seek> Dossier<R> {
    /// Reads the table of contents of an archive of `size` bytes. What a reader cannot read is taken for broken: who has a reader
    /// that can fail asks it.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn read(reader: R, size: u64) -> Result<Self, Refused> {
        let zip = Zip::open(reader, MOST_FILES)?;
        Ok(Self { zip, next: 0, left: TOTAL_LIMIT.min(growth(size)) })
    }

    /// The next file; one at a time, so that only one is in memory. `None` at the end.
    ///
    /// # Errors
    /// [`Refused::Bomb`] when what came out so far and this file are beyond the bounds.
    pub fn next_file(&mut self) -> Result<Option<File>, Refused> {
        let at = self.next;
        if at >= self.zip.count() {
            return Ok(None);
        }
        self.next += 1;
        let size = self.zip.size(at);
        if size > FILE_LIMIT {
            return Err(Refused::Bomb);
        }
        self.left = self.left.checked_sub(size).ok_or(Refused::Bomb)?;
        Ok(Some(self.zip.file(at)))
    }
}

/// So many bytes may come out of an archive of `size` bytes.
pub(crate) fn growth(size: u64) -> u64 {
    HARMLESS.max(size.saturating_mul(MOST_GROWTH))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;
    use zip::write::SimpleFileOptions;
    use zip::{CompressionMethod, ZipWriter};

    fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        for (name, bytes) in files {
            if name.ends_with('/') {
                writer.add_directory(*name, options).expect("a folder");
            } else {
                writer.start_file(*name, options).expect("a file");
                writer.write_all(bytes).expect("bytes");
            }
        }
        writer.finish().expect("an archive").into_inner()
    }

    fn files(bytes: &[u8]) -> Result<Vec<File>, Refused> {
        let mut dossier = Dossier::open(bytes)?;
        let mut all = Vec::new();
        while let Some(file) = dossier.next_file()? {
            all.push(file);
        }
        Ok(all)
    }

    #[test]
    fn files_come_out_in_order_and_folders_do_not() {
        let bytes = archive(&[("ho-so/", b""), ("ho-so/a.pdf", b"%PDF-"), ("b\u{202e}fdp.exe", b"x")]);
        let found = files(&bytes).expect("files");
        let names: Vec<&str> = found.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["ho-so/a.pdf", "b\u{fffd}fdp.exe"]);
        assert_eq!(found[0].bytes.as_deref(), Some(&b"%PDF-"[..]));
        assert!(is_zip(&bytes) && !is_zip(b"%PDF-1.7"));
    }

    #[test]
    fn bounds_hold_whatever_the_archive_says() {
        let zeros = vec![0; 11 << 20];
        assert_eq!(files(&archive(&[("a.pdf", &zeros)])), Err(Refused::Bomb));
        let many: Vec<String> = (0..101).map(|n| format!("{n}.pdf")).collect();
        let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), &b"x"[..])).collect();
        assert_eq!(files(&archive(&many)), Err(Refused::Bomb));
        let parts = [("a", &zeros[..6 << 20]), ("b", &zeros[..6 << 20])];
        assert_eq!(files(&archive(&parts)), Err(Refused::Bomb), "the sum counts");
    }

    #[test]
    fn what_is_no_archive_is_refused() {
        assert_eq!(files(b"PK\x03\x04 and nothing"), Err(Refused::Broken));
        assert_eq!(files(&archive(&[("leer/", b"")])), Err(Refused::Empty));
        let mut cut = archive(&[("a.pdf", b"%PDF-1.7 and some more text that is packed")]);
        cut[45] ^= 0xff;
        assert_eq!(files(&cut).expect("an entry")[0].bytes, None, "a damaged entry is told, not skipped");
    }

    /// F11: what hides a file is refused here as everywhere ([`crate::zipped`]).
    #[test]
    fn what_hides_a_file_is_refused() {
        let (one, other) = (archive(&[("a.pdf", b"%PDF-broken")]), archive(&[("b.pdf", b"%PDF-")]));
        assert_eq!(files(&[one, other].concat()), Err(Refused::Ambiguous));
    }

    /// An archive inside is a file like others.
    #[test]
    fn nothing_is_opened_twice() {
        let inner = archive(&[("a.pdf", b"%PDF-")]);
        let found = files(&archive(&[("in.zip", &inner)])).expect("files");
        assert_eq!(found[0].bytes.as_deref(), Some(&inner[..]));
    }
}
