//! Digests over byte ranges: the file is hashed once for all signatures (each covers a prefix of it but for its `/Contents`).

use std::cell::RefCell;
use std::collections::BTreeMap;

use pki::DigestAlgorithm;
use sha2::{Digest as _, Sha256};

/// Both parts of a byte range: up to `gap_start`, and from `gap_end` to `end`.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Ranges {
    pub(crate) gap_start: usize,
    pub(crate) gap_end: usize,
    pub(crate) end: usize,
}

pub(crate) struct Digests<'f> {
    file: &'f [u8],
    /// SHA-256 states at the start of each gap.
    prefixes: BTreeMap<usize, Sha256>,
    done: RefCell<BTreeMap<(Ranges, DigestAlgorithm), Vec<u8>>>,
}

impl<'f> Digests<'f> {
    /// Hashes the prefixes of all ranges in one pass.
    pub(crate) fn new(file: &'f [u8], ranges: &[Ranges]) -> Self {
        let mut starts: Vec<usize> =
            ranges.iter().map(|range| range.gap_start).filter(|at| *at <= file.len()).collect();
        starts.sort_unstable();
        starts.dedup();
        let mut prefixes = BTreeMap::new();
        let (mut state, mut at) = (Sha256::new(), 0);
        for start in starts {
            state.update(file.get(at..start).unwrap_or_default());
            prefixes.insert(start, state.clone());
            at = start;
        }
        Digests { file, prefixes, done: RefCell::default() }
    }

    pub(crate) fn of(&self, ranges: Ranges, algorithm: DigestAlgorithm) -> Vec<u8> {
        if let Some(known) = self.done.borrow().get(&(ranges, algorithm)) {
            return known.clone();
        }
        let tail = self.file.get(ranges.gap_end..ranges.end).unwrap_or_default();
        let value = match (algorithm, self.prefixes.get(&ranges.gap_start)) {
            (DigestAlgorithm::Sha256, Some(prefix)) => prefix.clone().chain_update(tail).finalize().to_vec(),
            _ => pki::digest(algorithm, &[self.file.get(..ranges.gap_start).unwrap_or_default(), tail]),
        };
        self.done.borrow_mut().insert((ranges, algorithm), value.clone());
        value
    }
}
