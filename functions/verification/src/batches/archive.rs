//! An uploaded archive of many files, of which any one can be taken: a batch goes on where an earlier run ended.
//!
//! Does not judge. One file is in memory at a time. Names are labels; archives inside are files like others. What the archive says
//! of itself decides whether it is opened, and holds while it is unpacked: no file gives more bytes than were declared.

use std::io::{Read, Seek};

use domain::batch::MOST_ITEMS;

use crate::dossier::{self, File, Refused};
use crate::zipped::Zip;

/// Most bytes of all files: ten times the largest upload (decision 32).
const TOTAL_LIMIT: u64 = 1 << 30;

/// An archive whose table of contents was read.
pub(crate) struct Archive<R> {
    zip: Zip<R>,
}

impl<R: Read + Seek> Archive<R> {
    /// Reads the table of contents of an archive of `size` bytes.
    ///
    /// # Errors
    /// [`Refused`].
    pub(crate) fn read(reader: R, size: u64) -> Result<Self, Refused> {
        let zip = Zip::open(reader, MOST_ITEMS)?;
        let total = (0..zip.count()).fold(0_u64, |total, n| total.saturating_add(zip.size(n)));
        if total > dossier::growth(size).min(TOTAL_LIMIT) { Err(Refused::Bomb) } else { Ok(Self { zip }) }
    }

    /// How many files there are.
    pub(crate) fn count(&self) -> usize {
        self.zip.count()
    }

    /// The `n`th file, from 0, unpacked. Without bytes when it is encrypted, damaged, too large, larger than declared, or not there.
    pub(crate) fn file(&mut self, n: usize) -> File {
        match self.zip.size(n) {
            size if size > dossier::FILE_LIMIT => File { name: self.zip.name(n), bytes: None },
            _ => self.zip.file(n),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write as _};

    use zip::write::SimpleFileOptions;
    use zip::{CompressionMethod, ZipWriter};

    use super::*;

    fn archive(files: &[(String, Vec<u8>)]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        for (name, bytes) in files {
            if name.ends_with('/') {
                writer.add_directory(name.as_str(), options).expect("a folder");
            } else {
                writer.start_file(name.as_str(), options).expect("a file");
                writer.write_all(bytes).expect("bytes");
            }
        }
        writer.finish().expect("an archive").into_inner()
    }

    fn named(files: &[(&str, &[u8])]) -> Vec<u8> {
        archive(&files.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec())).collect::<Vec<_>>())
    }

    fn open(bytes: &[u8]) -> Result<Archive<Cursor<&[u8]>>, Refused> {
        Archive::read(Cursor::new(bytes), bytes.len() as u64)
    }

    #[test]
    fn any_file_can_be_taken_and_folders_are_none() {
        let bytes = named(&[("ho-so/", b""), ("ho-so/a.pdf", b"%PDF-a"), ("b\u{202e}.pdf", b"%PDF-b")]);
        let mut archive = open(&bytes).expect("an archive");
        assert_eq!(archive.count(), 2);
        for (n, name, text) in
            [(1, "b\u{fffd}.pdf", "%PDF-b"), (0, "ho-so/a.pdf", "%PDF-a"), (1, "b\u{fffd}.pdf", "%PDF-b")]
        {
            let file = archive.file(n);
            assert_eq!((file.name.as_str(), file.bytes.as_deref()), (name, Some(text.as_bytes())));
        }
        assert_eq!(archive.file(2).bytes, None);
    }

    #[test]
    fn a_thousand_files_are_opened_and_one_more_is_not() {
        let many = |count: usize| archive(&(0..count).map(|n| (format!("{n}.pdf"), b"x".to_vec())).collect::<Vec<_>>());
        assert_eq!(open(&many(MOST_ITEMS)).map(|archive| archive.count()).ok(), Some(MOST_ITEMS));
        assert_eq!(open(&many(MOST_ITEMS + 1)).err(), Some(Refused::Bomb));
    }

    #[test]
    fn what_grows_too_much_is_not_opened() {
        assert_eq!(open(&named(&[("a.pdf", &vec![0; 11 << 20])])).err(), Some(Refused::Bomb));
        let half = vec![0; 6 << 20];
        assert_eq!(open(&named(&[("a.pdf", &half), ("b.pdf", &half)])).err(), Some(Refused::Bomb), "the sum counts");
        assert_eq!(open(&named(&[("leer/", b"")])).err(), Some(Refused::Empty));
        assert_eq!(open(b"PK\x03\x04 and nothing").err(), Some(Refused::Broken));
    }

    /// F11: what hides a file is refused here as everywhere ([`crate::zipped`]).
    #[test]
    fn what_hides_a_file_is_refused() {
        let (one, other) = (named(&[("a.pdf", b"%PDF-broken")]), named(&[("b.pdf", b"%PDF-")]));
        assert_eq!(open(&[one, other].concat()).err(), Some(Refused::Ambiguous));
    }

    /// The table of contents declares less than comes out: the file has no bytes, and no more than declared were unpacked.
    #[test]
    fn a_file_that_lies_about_its_size_has_no_bytes() {
        let long = vec![7; 100_000];
        let mut bytes = named(&[("a.pdf", &long), ("b.pdf", b"%PDF-b")]);
        let declared = 100_000_u32.to_le_bytes();
        let places: Vec<usize> = (0..bytes.len() - 4).filter(|at| bytes[*at..*at + 4] == declared).collect();
        assert_eq!(places.len(), 2, "in the table and before the file");
        for at in places {
            bytes[at..at + 4].copy_from_slice(&10_u32.to_le_bytes());
        }
        let mut archive = open(&bytes).expect("an archive");
        assert_eq!(archive.file(0).bytes, None);
        assert_eq!(archive.file(1).bytes.as_deref(), Some(&b"%PDF-b"[..]));
    }
}
