//! What a house with taps on its services writes down while it works ([`Stack::overheard`](crate::stack::Stack::overheard)).

use std::collections::BTreeSet;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::job::PATIENCE;

/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);

/// Partition keys in the line of a request to the table.
pub(crate) fn keys(line: &str) -> BTreeSet<String> {
    let parts = line.split("\\\"pk\\\":{\\\"S\\\":\\\"").skip(1);
    parts.filter_map(|rest| rest.split('\\').next().map(str::to_owned)).collect()
}

/// The log of a house, from a moment on.
pub(crate) struct Overheard<'a> {
    log: &'a Path,
    from: u64,
}

impl<'a> Overheard<'a> {
    /// What comes from now on.
    pub(crate) fn from_now(log: &'a Path) -> Self {
        Self { log, from: std::fs::metadata(log).expect("a log").len() }
    }

    /// The lines that hold all of these words, so far.
    pub(crate) fn lines(&self, words: &[&str]) -> Vec<String> {
        let mut log = std::fs::File::open(self.log).expect("a log");
        let mut bytes = Vec::new();
        log.seek(SeekFrom::Start(self.from)).and_then(|_| log.read_to_end(&mut bytes)).expect("a log");
        let text = String::from_utf8_lossy(&bytes);
        text.lines().filter(|line| words.iter().all(|word| line.contains(word))).map(str::to_owned).collect()
    }

    /// The same, as soon as there are `count` of them.
    pub(crate) async fn until(&self, count: usize, words: &[&str]) -> Vec<String> {
        let until = Instant::now() + PATIENCE;
        loop {
            let lines = self.lines(words);
            if lines.len() >= count {
                return lines;
            }
            assert!(Instant::now() < until, "{} of {count} lines with {words:?}", lines.len());
            tokio::time::sleep(LOOK).await;
        }
    }
}
