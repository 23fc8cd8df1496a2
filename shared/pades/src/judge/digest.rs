//! Digests over byte ranges: one pass over the file for each algorithm, however many signatures there are (each covers a prefix of the
//! file but for its `/Contents`).

use std::cell::RefCell;
use std::collections::BTreeMap;

use pdf::Document;
use pki::{DigestAlgorithm, Hasher};

use crate::held::Held;

/// Both parts of a byte range: up to `gap_start`, and from `gap_end` to `end`.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Ranges {
    pub(crate) gap_start: usize,
    pub(crate) gap_end: usize,
    pub(crate) end: usize,
}

/// What one pass with one algorithm gave.
struct Passed {
    ranges: BTreeMap<Ranges, Vec<u8>>,
    /// Of the file's first bytes, up to each place that was asked for.
    prefixes: BTreeMap<usize, Vec<u8>>,
    whole: Vec<u8>,
}

pub(crate) struct Digests<'d> {
    document: &'d Document<'d>,
    ranges: Vec<Ranges>,
    sha256: Passed,
    /// Other algorithms, once a signature names them.
    others: RefCell<BTreeMap<DigestAlgorithm, Passed>>,
}

impl<'d> Digests<'d> {
    /// Passes over the file once, with SHA-256: for every range, every prefix in `ends`, and the whole.
    ///
    /// # Errors
    /// Bytes that cannot be had.
    pub(crate) fn new(document: &'d Document<'d>, ranges: &[Ranges], ends: &[usize]) -> Result<Self, pdf::Error> {
        let sha256 = pass(document, DigestAlgorithm::Sha256, ranges, ends)?;
        Ok(Digests { document, ranges: ranges.to_vec(), sha256, others: RefCell::default() })
    }

    /// The same for a file whose end is held: from a state before the first range that ends there.
    pub(crate) fn of_end(document: &'d Document<'d>, file: &Held<'_>, ranges: &[Ranges]) -> Self {
        let first = ranges.iter().map(|range| range.gap_start).min();
        let (at, state, rest) = file.hashed_to(first.unwrap_or(file.size()));
        let mut pass = Pass::new(state, at, ranges, &[]);
        pass.take(rest);
        Digests { document, ranges: ranges.to_vec(), sha256: pass.finish(), others: RefCell::default() }
    }

    /// SHA-256 of the file.
    pub(crate) fn whole(&self) -> [u8; 32] {
        self.sha256.whole.as_slice().try_into().unwrap_or_default()
    }

    /// SHA-256 of the file's first `end` bytes; `None` where it was not asked for.
    pub(crate) fn prefix(&self, end: usize) -> Option<[u8; 32]> {
        self.sha256.prefixes.get(&end)?.as_slice().try_into().ok()
    }

    /// Empty where the range was not asked for, or the file cannot be read any more: nobody signed that.
    pub(crate) fn of(&self, ranges: Ranges, algorithm: DigestAlgorithm) -> Vec<u8> {
        if algorithm == DigestAlgorithm::Sha256 {
            return self.sha256.ranges.get(&ranges).cloned().unwrap_or_default();
        }
        let mut others = self.others.borrow_mut();
        if !others.contains_key(&algorithm)
            && let Ok(passed) = pass(self.document, algorithm, &self.ranges, &[])
        {
            others.insert(algorithm, passed);
        }
        others.get(&algorithm).and_then(|passed| passed.ranges.get(&ranges)).cloned().unwrap_or_default()
    }
}

fn pass(
    document: &Document<'_>,
    algorithm: DigestAlgorithm,
    ranges: &[Ranges],
    ends: &[usize],
) -> Result<Passed, pdf::Error> {
    let mut pass = Pass::new(Hasher::new(algorithm), 0, ranges, ends);
    document.pass(|chunk| pass.take(chunk))?;
    Ok(pass.finish())
}

/// The state of a pass: the digest of all that went by, and a clone for each range whose gap was reached.
struct Pass {
    at: usize,
    state: Hasher,
    /// Places where something has to be kept, last first.
    cuts: Vec<usize>,
    waiting: Vec<Ranges>,
    ends: Vec<usize>,
    forks: Vec<(Ranges, Hasher)>,
    prefixes: BTreeMap<usize, Vec<u8>>,
}

impl Pass {
    /// `state` has taken the first `at` bytes. What has to be kept before them is not kept.
    fn new(state: Hasher, at: usize, ranges: &[Ranges], ends: &[usize]) -> Pass {
        let mut waiting: Vec<Ranges> = ranges.iter().copied().filter(|range| range.gap_start >= at).collect();
        waiting.sort_unstable();
        waiting.dedup();
        let mut cuts: Vec<usize> = waiting.iter().map(|range| range.gap_start).chain(ends.iter().copied()).collect();
        cuts.sort_unstable_by(|a, b| b.cmp(a));
        cuts.dedup();
        Pass { at, state, cuts, waiting, ends: ends.to_vec(), forks: Vec::new(), prefixes: BTreeMap::new() }
    }

    /// Takes the piece that follows.
    fn take(&mut self, chunk: &[u8]) {
        let (from, to) = (self.at, self.at + chunk.len());
        let part = |start: usize, end: usize| {
            let (start, end) = (start.clamp(from, to) - from, end.clamp(from, to) - from);
            chunk.get(start..end).unwrap_or_default()
        };
        while let Some(cut) = self.cuts.pop_if(|cut| *cut <= to) {
            self.state.update(part(self.at, cut));
            self.at = cut;
            self.cut();
        }
        self.state.update(part(self.at, to));
        self.at = to;
        for (range, fork) in &mut self.forks {
            fork.update(part(range.gap_end, range.end));
        }
    }

    fn cut(&mut self) {
        let (at, state) = (self.at, &self.state);
        let reached = self.waiting.extract_if(.., |range| range.gap_start == at);
        self.forks.extend(reached.map(|range| (range, state.clone())));
        if self.ends.contains(&at) {
            self.prefixes.insert(at, state.clone().finish());
        }
    }

    fn finish(self) -> Passed {
        let ranges = self.forks.into_iter().map(|(range, fork)| (range, fork.finish())).collect();
        Passed { ranges, prefixes: self.prefixes, whole: self.state.finish() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One pass gives what separate passes give, wherever the pieces end.
    #[test]
    fn one_pass_serves_all() {
        let file: Vec<u8> = (0..50_000u32).map(|at| (at % 251) as u8).collect();
        let ranges = [(100, 300, 1_000), (100, 400, 2_000), (2_000, 2_500, 9_000), (40_000, 49_000, 50_000)]
            .map(|(gap_start, gap_end, end)| Ranges { gap_start, gap_end, end });
        let ends = [1_000, 9_000, 50_000, 60_000];
        for (size, algorithm) in [
            (1, DigestAlgorithm::Sha256),
            (99, DigestAlgorithm::Sha512),
            (100, DigestAlgorithm::Sha256),
            (4096, DigestAlgorithm::Sha3_256),
            (50_000, DigestAlgorithm::Sha256),
        ] {
            let mut pass = Pass::new(Hasher::new(algorithm), 0, &ranges, &ends);
            file.chunks(size).for_each(|chunk| pass.take(chunk));
            let passed = pass.finish();
            for range in ranges {
                let parts: [&[u8]; 2] = [&file[..range.gap_start], &file[range.gap_end..range.end]];
                assert_eq!(passed.ranges.get(&range), Some(&pki::digest(algorithm, &parts)), "{size}");
            }
            let plain = |end: usize| pki::digest(algorithm, &[&file[..end]]);
            assert_eq!(passed.whole, plain(50_000));
            assert_eq!(passed.prefixes.get(&9_000), Some(&plain(9_000)));
            assert_eq!(passed.prefixes.get(&50_000), Some(&plain(50_000)));
            assert_eq!((passed.prefixes.get(&60_000), passed.prefixes.get(&7)), (None, None));
        }
    }

    /// A pass that begins later gives the same, but for what was to be kept before.
    #[test]
    fn a_pass_may_begin_later() {
        let file: Vec<u8> = (0..5_000u32).map(|at| (at % 251) as u8).collect();
        let range = |gap_start, gap_end, end| Ranges { gap_start, gap_end, end };
        let ranges = [range(100, 300, 1_000), range(2_000, 2_500, 5_000)];
        let mut state = Hasher::new(DigestAlgorithm::Sha256);
        state.update(&file[..1_500]);
        let mut pass = Pass::new(state, 1_500, &ranges, &[]);
        pass.take(&file[1_500..]);
        let passed = pass.finish();
        let plain = pki::digest(DigestAlgorithm::Sha256, &[&file[..2_000], &file[2_500..]]);
        assert_eq!(passed.ranges, BTreeMap::from([(ranges[1], plain)]), "nothing is said of the first");
        assert_eq!(passed.whole, pki::digest(DigestAlgorithm::Sha256, &[&file]));
    }
}
