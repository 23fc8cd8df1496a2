//! The file that is judged: in memory, or read piece by piece.

use std::sync::OnceLock;

use pdf::{Limits, Source, Unread};
use sha2::{Digest as _, Sha256};

/// The longest file that is judged without being in memory.
const LONGEST: usize = 1 << 30;
/// Bytes that are read at once to hash a file that is not judged.
const PIECE: usize = 256 << 10;

/// A file that is judged. Says nothing about what is in it.
#[derive(Clone, Copy)]
pub enum File<'f> {
    /// In memory.
    Bytes(&'f [u8]),
    /// Read where it is asked.
    Source(&'f dyn Source),
}

impl<'f> From<&'f [u8]> for File<'f> {
    fn from(bytes: &'f [u8]) -> Self {
        File::Bytes(bytes)
    }
}

impl<'f> From<&'f Vec<u8>> for File<'f> {
    fn from(bytes: &'f Vec<u8>) -> Self {
        File::Bytes(bytes)
    }
}

impl File<'_> {
    pub(crate) fn len(&self) -> usize {
        match self {
            File::Bytes(bytes) => bytes.len(),
            File::Source(source) => source.len(),
        }
    }

    pub(crate) fn limits(&self) -> Limits {
        match self {
            File::Bytes(_) => Limits::default(),
            File::Source(_) => Limits { file_bytes: LONGEST, ..Limits::default() },
        }
    }

    /// SHA-256 of all bytes.
    ///
    /// # Errors
    /// Some of them could not be had.
    pub fn sha256(&self) -> Result<[u8; 32], Unread> {
        let source = match self {
            File::Bytes(bytes) => return Ok(Sha256::digest(bytes).into()),
            File::Source(source) => source,
        };
        let (mut state, mut piece, mut at) = (Sha256::new(), vec![0; PIECE], 0);
        while at < source.len() {
            let wanted = piece.get_mut(..PIECE.min(source.len() - at)).unwrap_or_default();
            match source.read_at(at, wanted)? {
                0 => return Err(Unread("the file is shorter than it was".to_owned())),
                read => {
                    state.update(wanted.get(..read).unwrap_or_default());
                    at += read;
                }
            }
        }
        Ok(state.finalize().into())
    }
}

/// A source that remembers whether it failed: who reads a file tolerantly may go on without what could not be read.
pub(crate) struct Watched<'s> {
    source: &'s dyn Source,
    failed: OnceLock<Unread>,
}

impl<'s> Watched<'s> {
    pub(crate) fn new(source: &'s dyn Source) -> Self {
        Watched { source, failed: OnceLock::new() }
    }

    /// The first failure.
    pub(crate) fn failure(&self) -> Option<Unread> {
        self.failed.get().cloned()
    }

    fn note(&self, unread: Unread) -> Unread {
        self.failed.get_or_init(|| unread).clone()
    }
}

impl Source for Watched<'_> {
    fn len(&self) -> usize {
        self.source.len()
    }

    fn window(&self) -> usize {
        self.source.window()
    }

    fn read_at(&self, offset: usize, into: &mut [u8]) -> Result<usize, Unread> {
        if let Some(failure) = self.failure() {
            return Err(failure);
        }
        match self.source.read_at(offset, into) {
            Ok(0) if !into.is_empty() => Err(self.note(Unread("the file is shorter than it was".to_owned()))),
            Ok(read) => Ok(read.min(into.len())),
            Err(unread) => Err(self.note(unread)),
        }
    }
}
