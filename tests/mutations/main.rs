//! A forger at work on our own attested copies: none of the changed files is valid (limits.md T16).
//!
//! The copies are made in memory by the house itself. Every change is one of a named class and comes from a seed, so that a failure
//! names how to repeat it. Files whose decoded bytes are the same as before (hexadecimal case of `/Contents`) are no change: those
//! must stay valid, else a judge that rejects everything would pass. What no signature covers (blanks behind the end of the file, the
//! certificates beside the last time-stamp's signature) is counted apart: there either answer passes. `MUTATIONS` says how many, `MUTATIONS_SEED` from where.
//!
//! A seed is one change of one class, but the signatures of the copies are made anew by each run (ECDSA draws a random number):
//! a change of a signature's digits may not repeat. `MUTATIONS_KEEP` names a folder that keeps each file that was judged wrongly.

#[path = "../fuzz/chance.rs"]
mod chance;
mod changes;
mod copies;
#[path = "../fuzz/mutate.rs"]
mod mutate;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use chance::Chance;
use changes::CLASSES;
use copies::Copies;
use pades::{Policy, Profile, Verdict};
use pki::Certificate;
use pki::path::Evidence;

/// Changes of a run that nobody asked for by number.
const RUNS: u64 = 1_000;
/// Shown of what went wrong.
const SHOWN: usize = 20;

/// What became of the files of a class.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    same: u64,
    unsigned: u64,
    valid: u64,
    unknown: u64,
    invalid: u64,
}

struct Judge {
    anchors: Vec<Certificate>,
    extra: Evidence,
    at: i64,
}

impl Judge {
    fn verdict(&self, file: &[u8], profile: Profile) -> Verdict {
        let (anchors, extra) = (&self.anchors, &self.extra);
        let policy = Policy { anchors, at: self.at, profile, extra, register: None, test_anchors: false };
        pades::judge(file, "a.pdf", &policy).verdict
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// The change that a seed means; `None` where its class finds nothing to change there.
fn changed(copies: &Copies, seed: u64) -> Option<(&'static str, Vec<u8>)> {
    let (name, change) = CLASSES.get(usize::try_from(seed).ok()? % CLASSES.len())?;
    let mut chance = Chance::new(seed);
    Some((name, change(copies, &mut chance)?))
}

struct Found {
    tallies: BTreeMap<&'static str, Tally>,
    wrong: Vec<String>,
}

fn look(judge: &Judge, copies: &Copies, seed: u64, found: &Mutex<Found>) {
    let Some((class, file)) = changed(copies, seed) else { return };
    let (same, outside) = (copies.is_genuine(&file), copies.is_outside(&file));
    // What is no certified copy any more could still pass as some signed file.
    let profile = if seed.is_multiple_of(4) { Profile::General } else { Profile::Auto };
    let verdict = judge.verdict(&file, profile);
    let mut found = found.lock().expect("no thread panicked");
    let tally = found.tallies.entry(class).or_default();
    match verdict {
        _ if same => tally.same += 1,
        Verdict::Valid if outside => tally.unsigned += 1,
        Verdict::Valid => tally.valid += 1,
        Verdict::Indeterminate => tally.unknown += 1,
        Verdict::Invalid => tally.invalid += 1,
    }
    let valid = verdict == Verdict::Valid;
    if same != valid && !(outside && valid) {
        let what = if same { "the same file is not valid" } else { "a changed file is valid" };
        let repeat = format!("MUTATIONS=1 MUTATIONS_SEED={seed} cargo test -p tests --test mutations");
        found.wrong.push(format!("{class}: {what} ({profile:?}): {repeat}"));
        if let Some(folder) = std::env::var_os("MUTATIONS_KEEP") {
            std::fs::write(std::path::Path::new(&folder).join(format!("{seed}.pdf")), &file).expect("a folder to keep");
        }
    }
}

fn table(found: &Found) -> String {
    let mut text = format!(
        "{:<34}{:>9}{:>9}{:>9}{:>9}{:>9}",
        "class of change", "same", "unsigned", "valid", "unknown", "invalid"
    );
    for (class, tally) in &found.tallies {
        let Tally { same, unsigned, valid, unknown, invalid } = tally;
        text.push_str(&format!("\n{class:<34}{same:>9}{unsigned:>9}{valid:>9}{unknown:>9}{invalid:>9}"));
    }
    text
}

#[test]
fn no_changed_copy_is_valid() {
    let (copies, at) = Copies::make();
    let judge = Judge { anchors: testkit::trees().anchors(), extra: Evidence::default(), at };
    for (file, valid) in copies.states() {
        assert_eq!(judge.verdict(file, Profile::Auto) == Verdict::Valid, valid, "a genuine file");
    }
    let (runs, first) = (number("MUTATIONS").unwrap_or(RUNS), number("MUTATIONS_SEED").unwrap_or(0));
    let (next, found) = (AtomicU64::new(first), Mutex::new(Found { tallies: BTreeMap::new(), wrong: Vec::new() }));
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + runs {
                        break;
                    }
                    look(&judge, &copies, seed, &found);
                }
            });
        }
    });
    let mut found = found.into_inner().expect("no thread panicked");
    found.wrong.sort();
    println!("{}", table(&found));
    let made: u64 = found.tallies.values().map(|one| one.unsigned + one.valid + one.unknown + one.invalid).sum();
    let outside: u64 = found.tallies.values().map(|one| one.unsigned).sum();
    println!("{made} changed files of {} classes, {} wrong verdicts", found.tallies.len(), found.wrong.len());
    println!("{outside} files valid that differ only in what no signature covers");
    assert!(made * 10 >= runs * 8 || runs < 100, "only {made} of {runs} changes could be made");
    let shown: Vec<&str> = found.wrong.iter().map(String::as_str).take(SHOWN).collect();
    assert!(found.wrong.is_empty(), "{} wrong verdicts:\n{}", found.wrong.len(), shown.join("\n"));
}
