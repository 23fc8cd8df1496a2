//! A forger at work on our own attested copies: none of the changed files is valid (limits.md T16).
//!
//! The copies are committed files that the house made. Every change is one of a named class and comes from a seed, so that a failure
//! names how to repeat it, on any machine. Files whose decoded bytes are the same as before (hexadecimal case of the last `/Contents`)
//! are no change: those must stay valid, else a judge that rejects everything would pass. No other file may be valid.
//! `MUTATIONS` says how many, `MUTATIONS_SEED` from where, `MUTATIONS_KEEP` names a folder for each file that was judged wrongly.
//!
//! Every fourth file is also judged as any signed file: there what no signature covers may change, as in the files of others. Every
//! eighth is judged with its whole report too, which must come to the same verdict.

#[path = "../fuzz/chance.rs"]
mod chance;
mod changes;
mod copies;
#[path = "../../shared/pki/tests/all/edits.rs"]
mod edits;
mod flips;
#[path = "../fuzz/mutate.rs"]
mod mutate;
mod updates;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use chance::Chance;
use changes::{CLASSES, STRANGER};
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
    invalid: u64,
    unknown: u64,
    same: u64,
    valid: u64,
}

pub(crate) struct Judge {
    anchors: Vec<Certificate>,
    extra: Evidence,
    at: i64,
}

impl Judge {
    pub(crate) fn of(copies: &Copies) -> Judge {
        Judge { anchors: vec![copies.root.clone()], extra: Evidence::default(), at: copies.at }
    }

    fn policy(&self, profile: Profile) -> Policy<'_> {
        let (anchors, extra) = (&self.anchors, &self.extra);
        Policy { anchors, at: self.at, profile, extra, register: None, test_anchors: false }
    }

    pub(crate) fn verdict(&self, file: &[u8], profile: Profile) -> Verdict {
        pades::verdict(file, &self.policy(profile))
    }

    /// The verdict with all its reasons; the short way must come to the same.
    pub(crate) fn in_full(&self, file: &[u8], profile: Profile) -> Verdict {
        pades::judge(file, "a.pdf", &self.policy(profile)).verdict
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

#[derive(Default)]
struct Found {
    tallies: BTreeMap<&'static str, Tally>,
    wrong: Vec<String>,
    /// Files judged as any signed file, and how many of them were valid because they differ only in what no signature covers.
    general: [u64; 2],
}

fn look(judge: &Judge, copies: &Copies, seed: u64, found: &Mutex<Found>) {
    let Some((class, file)) = changed(copies, seed) else { return };
    let same = copies.is_genuine(&file);
    let verdict = judge.verdict(&file, Profile::Auto);
    // What is no certified copy any more could still pass as some signed file.
    let general = seed.is_multiple_of(4).then(|| judge.verdict(&file, Profile::General) == Verdict::Valid);
    // A time-stamp that nobody believes is its own affair there, as long as nobody's word rests on it.
    let outside = general == Some(true) && (copies.is_outside(&file) || class == STRANGER);
    let in_full = seed.is_multiple_of(8).then(|| judge.in_full(&file, Profile::Auto));
    let mut found = found.lock().expect("no thread panicked");
    let tally = found.tallies.entry(class).or_default();
    match verdict {
        _ if same => tally.same += 1,
        Verdict::Valid => tally.valid += 1,
        Verdict::Indeterminate => tally.unknown += 1,
        Verdict::Invalid => tally.invalid += 1,
    }
    found.general[0] += u64::from(general.is_some());
    found.general[1] += u64::from(outside && !same);
    let wrong = match (same, verdict == Verdict::Valid) {
        (true, false) => Some("the same file is not valid"),
        (false, true) => Some("a changed file is valid"),
        _ if general == Some(true) && !outside => Some("a changed file is valid as a signed file"),
        _ if in_full.is_some_and(|full| full != verdict) => Some("the report says otherwise than the verdict alone"),
        _ => None,
    };
    if let Some(what) = wrong {
        let repeat = format!("MUTATIONS=1 MUTATIONS_SEED={seed} cargo test -p tests --test mutations");
        found.wrong.push(format!("{class}: {what}: {repeat}"));
        if let Some(folder) = std::env::var_os("MUTATIONS_KEEP") {
            std::fs::write(Path::new(&folder).join(format!("{seed}.pdf")), &file).expect("a folder to keep");
        }
    }
}

fn table(found: &Found) -> String {
    let row = |name: &str, of: [String; 5]| format!("{name:<34}{}", of.map(|cell| format!("{cell:>15}")).concat());
    let head = ["tried", "invalid", "indeterminate", "identical", "VALID"].map(str::to_owned);
    let mut rows = vec![row("class of change", head)];
    let mut sum = [0; 5];
    for (class, Tally { invalid, unknown, same, valid }) in &found.tallies {
        let of = [invalid + unknown + same + valid, *invalid, *unknown, *same, *valid];
        sum.iter_mut().zip(of).for_each(|(sum, of)| *sum += of);
        rows.push(row(class, of.map(|number| number.to_string())));
    }
    rows.push(row("all", sum.map(|number| number.to_string())));
    rows.join("\n")
}

/// Every thread takes the next number until there are none.
pub(crate) fn share(numbers: Range<u64>, each: impl Fn(u64) + Sync) {
    let next = AtomicU64::new(numbers.start);
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= numbers.end {
                        break;
                    }
                    each(number);
                }
            });
        }
    });
}

#[test]
fn no_changed_copy_is_valid() {
    let copies = Copies::committed();
    let judge = Judge::of(&copies);
    for (file, valid) in copies.states() {
        assert_eq!(judge.verdict(file, Profile::Auto) == Verdict::Valid, valid, "a genuine file");
    }
    let (runs, first) = (number("MUTATIONS").unwrap_or(RUNS), number("MUTATIONS_SEED").unwrap_or(0));
    let found = Mutex::new(Found::default());
    share(first..first + runs, |seed| look(&judge, &copies, seed, &found));
    let mut found = found.into_inner().expect("no thread panicked");
    found.wrong.sort();
    println!("{}", table(&found));
    let made: u64 = found.tallies.values().map(|one| one.valid + one.unknown + one.invalid).sum();
    println!("{made} changed files of {} classes, {} wrong verdicts", found.tallies.len(), found.wrong.len());
    println!(
        "as any signed file: {} judged, {} valid that differ only in what no signature covers",
        found.general[0], found.general[1]
    );
    assert!(made * 10 >= runs * 8 || runs < 100, "only {made} of {runs} changes could be made");
    let shown: Vec<&str> = found.wrong.iter().map(String::as_str).take(SHOWN).collect();
    assert!(found.wrong.is_empty(), "{} wrong verdicts:\n{}", found.wrong.len(), shown.join("\n"));
}

/// A run repeats: what a seed makes is the same file every time.
#[test]
fn a_seed_means_one_file() {
    let (once, again) = (Copies::committed(), Copies::committed());
    for seed in 0..4 * CLASSES.len() as u64 {
        let class = changed(&once, seed).map(|(class, _)| class);
        // What a stranger signs is signed anew.
        if class.is_some_and(|class| class != STRANGER) {
            assert!(changed(&once, seed) == changed(&again, seed), "{class:?}, seed {seed}");
        }
    }
}

/// What the house makes today is valid, as the committed copies are. `MUTATIONS_MAKE` puts it in their place.
#[test]
fn what_is_made_today_is_valid() {
    if std::env::var_os("MUTATIONS_MAKE").is_some() {
        Copies::commit();
    }
    for copies in [Copies::made(), Copies::committed()] {
        let judge = Judge::of(&copies);
        for (file, valid) in copies.states() {
            assert_eq!(judge.verdict(file, Profile::Auto) == Verdict::Valid, valid);
        }
    }
}
