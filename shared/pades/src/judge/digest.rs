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
    /// SHA-256 states at the start of each gap, and at the ends of revisions that are asked for.
    prefixes: BTreeMap<usize, Sha256>,
    whole: [u8; 32],
    done: RefCell<BTreeMap<(Ranges, DigestAlgorithm), Vec<u8>>>,
}

impl<'f> Digests<'f> {
    /// Hashes the file once: for every range, every prefix in `ends`, and itself.
    pub(crate) fn new(file: &'f [u8], ranges: &[Ranges], ends: &[usize]) -> Self {
        let starts = ranges.iter().map(|range| range.gap_start);
        let mut cuts: Vec<usize> = starts.chain(ends.iter().copied()).filter(|at| *at <= file.len()).collect();
        cuts.sort_unstable();
        cuts.dedup();
        let mut prefixes = BTreeMap::new();
        let (mut state, mut at) = (Sha256::new(), 0);
        for cut in cuts {
            state.update(file.get(at..cut).unwrap_or_default());
            prefixes.insert(cut, state.clone());
            at = cut;
        }
        state.update(file.get(at..).unwrap_or_default());
        Digests { file, prefixes, whole: state.finalize().into(), done: RefCell::default() }
    }

    /// SHA-256 of the file.
    pub(crate) fn whole(&self) -> [u8; 32] {
        self.whole
    }

    /// SHA-256 of the file's first `end` bytes; `None` where it was not asked for.
    pub(crate) fn prefix(&self, end: usize) -> Option<[u8; 32]> {
        self.prefixes.get(&end).map(|state| state.clone().finalize().into())
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

#[cfg(test)]
mod tests {
    use super::*;

    /// One pass gives what separate passes give.
    #[test]
    fn one_pass_serves_all() {
        let file: Vec<u8> = (0..50_000u32).map(|at| (at % 251) as u8).collect();
        let ranges = [(100, 300, 1_000), (2_000, 2_500, 9_000), (40_000, 49_000, 50_000)]
            .map(|(gap_start, gap_end, end)| Ranges { gap_start, gap_end, end });
        let digests = Digests::new(&file, &ranges, &[1_000, 9_000, 60_000]);
        for range in ranges {
            let parts: [&[u8]; 2] = [&file[..range.gap_start], &file[range.gap_end..range.end]];
            for algorithm in [DigestAlgorithm::Sha256, DigestAlgorithm::Sha512] {
                assert_eq!(digests.of(range, algorithm), pki::digest(algorithm, &parts));
            }
        }
        let plain = |end: usize| pki::digest(DigestAlgorithm::Sha256, &[&file[..end]]);
        assert_eq!(digests.whole().to_vec(), plain(50_000));
        assert_eq!(digests.prefix(9_000).map(|digest| digest.to_vec()), Some(plain(9_000)));
        assert_eq!((digests.prefix(60_000), digests.prefix(7)), (None, None));
    }
}
