//! What is judged: a file on disk, which is never held, or what came out of an archive.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use pades::{Source, Unread};

use crate::disk::Disk;

/// One thing to judge.
#[derive(Debug)]
pub(super) enum Matter {
    Disk(Disk),
    Unpacked(Vec<u8>),
}

impl Matter {
    /// Length in bytes.
    pub(super) fn bytes(&self) -> u64 {
        match self {
            Self::Disk(disk) => disk.bytes(),
            Self::Unpacked(bytes) => bytes.len() as u64,
        }
    }

    /// What was found out, unless somebody wrote to the file meanwhile.
    pub(super) fn unchanged<T>(&self, look: impl FnOnce() -> Result<T, Unread>) -> Result<T, Unread> {
        match self {
            Self::Disk(disk) => disk.unchanged(look),
            Self::Unpacked(_) => look(),
        }
    }
}

impl Source for Matter {
    fn len(&self) -> usize {
        match self {
            Self::Disk(disk) => disk.len(),
            Self::Unpacked(bytes) => bytes.len(),
        }
    }

    fn read_at(&self, offset: usize, into: &mut [u8]) -> Result<usize, Unread> {
        let bytes = match self {
            Self::Disk(disk) => return disk.read_at(offset, into),
            Self::Unpacked(bytes) => bytes,
        };
        let rest = bytes.get(offset..).unwrap_or_default();
        let count = rest.len().min(into.len());
        into.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        Ok(count)
    }
}

/// The bytes of a regular file; `None` where it is longer than `limit`. A pipe or a device could keep us waiting for ever.
pub(super) fn read(path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let known = std::fs::metadata(path)?;
    if !known.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    let mut bytes = Vec::new();
    // The file may grow while it is read.
    File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= limit).then_some(bytes))
}
