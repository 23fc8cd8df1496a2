//! A file on disk as a source of the judge: read where it is asked, never as a whole.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::Path;

use pades::{Source, Unread};

/// An opened regular file that may not change while it is read.
#[derive(Debug)]
pub(crate) struct Disk {
    file: File,
    state: State,
}

/// What changes with every write, as far as the file system's clock goes.
#[derive(Debug, Eq, PartialEq)]
struct State {
    bytes: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl State {
    fn of(known: &Metadata) -> State {
        let (modified, changed) = ((known.mtime(), known.mtime_nsec()), (known.ctime(), known.ctime_nsec()));
        State { bytes: known.len(), modified, changed }
    }
}

impl Disk {
    /// Opens a regular file; a pipe or a device could keep us waiting for ever.
    pub(crate) fn open(path: &Path) -> io::Result<Disk> {
        let regular =
            |known: Metadata| if known.is_file() { Ok(known) } else { Err(io::Error::other("not a regular file")) };
        regular(std::fs::metadata(path)?)?;
        let file = File::open(path)?;
        // What stands under a name may be exchanged; what is open is not.
        let state = State::of(&regular(file.metadata()?)?);
        Ok(Disk { file, state })
    }

    /// Length in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        self.state.bytes
    }

    /// What was found out about the file, unless somebody wrote to it meanwhile: then parts of different files were seen.
    pub(crate) fn unchanged<T>(&self, look: impl FnOnce() -> Result<T, Unread>) -> Result<T, Unread> {
        let found = look()?;
        let state = self.file.metadata().map(|known| State::of(&known)).map_err(|error| Unread(error.to_string()))?;
        if state == self.state {
            Ok(found)
        } else {
            Err(Unread("tệp đang bị ghi / the file is being written".to_owned()))
        }
    }
}

impl Source for Disk {
    fn len(&self) -> usize {
        usize::try_from(self.state.bytes).unwrap_or(usize::MAX)
    }

    fn read_at(&self, offset: usize, into: &mut [u8]) -> Result<usize, Unread> {
        loop {
            match self.file.read_at(into, offset as u64) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => return read.map_err(|error| Unread(error.to_string())),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_those_of_the_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.pdf");
        std::fs::write(&path, b"0123456789").expect("written");
        let disk = Disk::open(&path).expect("a file");
        let mut piece = [0; 4];
        assert_eq!((disk.read_at(3, &mut piece), &piece), (Ok(4), b"3456"));
        assert_eq!((disk.read_at(8, &mut piece), &piece), (Ok(2), b"8956"));
        assert_eq!((disk.len(), disk.unchanged(|| Ok(7))), (10, Ok(7)));
    }

    /// Nothing is said about a file that was written to, longer or not, while it was read.
    #[test]
    fn a_file_that_changes_is_not_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.pdf");
        for later in [&b"0123456780"[..], b"0123456789 and more", b"0"] {
            std::fs::write(&path, b"0123456789").expect("written");
            let old = std::time::SystemTime::UNIX_EPOCH;
            File::options().write(true).open(&path).and_then(|file| file.set_modified(old)).expect("a time");
            let disk = Disk::open(&path).expect("a file");
            let written = disk.unchanged(|| std::fs::write(&path, later).map_err(|error| Unread(error.to_string())));
            assert!(written.is_err_and(|unread| unread.0.contains("being written")));
        }
    }
}
