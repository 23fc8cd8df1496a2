use std::collections::BTreeSet;

use super::conditions::Condition;
use super::laws::Law;
use super::search::{Found, search};
use super::*;

/// A condition as the tables below write it.
type Guard = (&'static str, &'static str);

const ABSENT: &str = "attribute_not_exists(pk)";
const HEAD_BEGINS: Guard = ("REG/NEXT", ABSENT);
const HEAD_GOES_ON: Guard = ("REG/NEXT", "last = :before");
const NUMBER: Guard = ("REG/NO", ABSENT);
const COPY: Guard = ("DOC/HEAD", "version = :before");
const HISTORY: Guard = ("HISTORY/EVENT", ABSENT);
const WORK: Guard = ("OUTBOX", ABSENT);
const FACTS: Guard = ("COPY", ABSENT);
const BY_NUMBER: Guard = ("PUBNO", "attribute_not_exists(pk) OR copy = :copy");
const BY_DIGEST: Guard = ("DIGEST", "attribute_not_exists(pk) OR copy = :copy");
const PAPER: Guard = ("PAPER", ABSENT);
const FILE: Guard = ("object", "If-None-Match: *");

/// Conditions that no schedule needs, because whatever is written anew there is what was there. [`nobody_needs`] holds them to it.
const WITHOUT_NEED: &[(Guard, &str)] = &[
    (BY_DIGEST, "two copies never have the same bytes, so no digest leads to two"),
    (PAPER, "type and title of a copy with a number never change"),
];

/// So many copies with so many runs for each.
fn sealers(copies: usize, runs: usize) -> Vec<Job> {
    (0..copies).flat_map(|copy| (0..runs).map(move |maker| Job::Seal { copy, maker })).collect()
}

/// Two runs that seal a copy and one that makes its number void.
fn with_a_void() -> Vec<Job> {
    [sealers(1, 2), vec![Job::Void { copy: 0 }]].concat()
}

fn scope(jobs: Vec<Job>) -> Scope {
    Scope { jobs, ..Scope::default() }
}

fn without(guards: &[Guard]) -> Vec<Condition> {
    let condition = |(kind, expression): &Guard| Condition { kind: (*kind).into(), expression: (*expression).into() };
    guards.iter().map(condition).collect()
}

/// Follows everything; every law holds, and there are at least so many situations.
fn holds(what: &str, scope: &Scope, least: usize) -> Found {
    let found = search(scope, None);
    let Found { situations, steps, tables, ends, .. } = found;
    println!("model: {what}: {situations} situations, {steps} steps, {tables} tables, {ends} ends");
    assert!(found.broken.is_empty(), "{what}: {:#?}", found.broken);
    assert!(ends > 0 && situations >= least, "{what}: {situations} situations, {ends} ends: is everything in it?");
    found
}

/// T13, I1–I3, I5, I8: two copies, two runs for each, from the request to the sealed file.
#[test]
fn two_copies_sealed_by_two_runs_each() {
    holds("two copies, two runs each", &scope(sealers(2, 2)), 70_000);
}

/// T13: three copies race for the head of the series, each by two runs, up to the number.
#[test]
fn three_copies_numbered_by_two_runs_each() {
    let scope = Scope { numbers_only: true, ..scope(sealers(3, 2)) };
    holds("three copies, two runs each, to the number", &scope, 25_000);
}

/// T13: three copies from the request to the sealed file.
#[test]
fn three_copies_sealed() {
    holds("three copies, one run each", &scope(sealers(3, 1)), 7_000);
}

/// Decision 21: a number is sealed or void, never both.
#[test]
fn a_number_is_sealed_or_void() {
    holds("one copy, two runs, and one that makes it void", &scope(with_a_void()), 300);
}

/// The same where the key signs again under the number: a run that was frozen when somebody sent the revision back may still create its file, so
/// a number under which the key has ever signed is never void.
#[test]
fn a_number_that_was_signed_is_never_void() {
    let jobs = [with_a_void(), vec![Job::Renew { copy: 0 }]].concat();
    holds("one copy, two runs, one that makes it void, one that sends it back", &scope(jobs), 900);
}

/// A name that chance gives twice stops the second run, and takes nobody's work away.
#[test]
fn a_repeated_name_takes_no_work_away() {
    let found = search(&Scope { fault: Fault::NamesRepeat, ..scope(sealers(2, 1)) }, None);
    assert!(found.broken.is_empty(), "{:#?}", found.broken);
}

/// limits.md T13 at length: millions of situations, for a night.
#[test]
#[ignore = "minutes: `cargo xtask nightly`"]
fn three_copies_sealed_by_five_runs() {
    let jobs = [sealers(2, 2), vec![Job::Seal { copy: 2, maker: 0 }]].concat();
    holds("three copies, two of them by two runs", &scope(jobs), 1_000_000);
}

/// limits.md §2.3, 7: there is no epoch of a writing region in the head of the series. A table that goes back, by a replica that was behind or a
/// restored copy, gives a number again; the file under it is what shows it. So one region writes, and after a restoration the
/// register is examined against the bucket before anybody is numbered.
#[test]
fn a_table_that_goes_back_gives_a_number_again() {
    let found = search(&Scope { fault: Fault::FailOver, ..scope(sealers(2, 1)) }, Some(Law::OneFile));
    assert!(found.broken.contains_key(&Law::OneFile), "it is safe now: say so in docs/decisions/0024");
}

/// What a mutant leaves out, what it leaves out beside it because that would still hold the law, and the law that breaks then.
struct Mutant {
    guard: Guard,
    beside: &'static [Guard],
    law: Law,
    jobs: fn() -> Vec<Job>,
    fault: Fault,
}

impl Mutant {
    /// The law holds by this condition, and by no other.
    fn is_caught(&self) {
        let found = |guards: &[Guard]| {
            let scope = Scope { without: without(guards), fault: self.fault, ..scope((self.jobs)()) };
            search(&scope, Some(self.law))
        };
        let with = found(self.beside);
        assert!(!with.broken.contains_key(&self.law), "the condition does not hold it: {:#?}", with.broken[&self.law]);
        let mutant = found(&[self.beside, &[self.guard]].concat());
        let way = mutant.broken.get(&self.law);
        let way = way.unwrap_or_else(|| panic!("{:?} is not missed by {:?}", self.guard, self.law));
        println!(
            "model: without {:?} and {:?}: {:?} breaks after {} steps",
            self.guard,
            self.beside,
            self.law,
            way.len()
        );
    }
}

macro_rules! mutants {
    ($($name:ident: $guard:expr, $beside:expr, $law:expr, $jobs:expr, $fault:expr;)+) => {
        /// Every condition of the commits has a mutant here, or a reason in [`WITHOUT_NEED`].
        const MUTANTS: &[Mutant] =
            &[$(Mutant { guard: $guard, beside: $beside, law: $law, jobs: $jobs, fault: $fault },)+];

        mod without_a_condition {
            use super::*;
            $(#[test]
            fn $name() {
                Mutant { guard: $guard, beside: $beside, law: $law, jobs: $jobs, fault: $fault }.is_caught();
            })+
        }
    };
}

// Most laws are held twice: the head of the series and the number, the copy and its line of history. So one alone is not missed, and a mutant
// leaves out the other as well.
mutants! {
    a_series_begins_twice: HEAD_BEGINS, &[NUMBER], Law::OneCopy, || sealers(2, 1), Fault::None;
    a_series_goes_on_twice: HEAD_GOES_ON, &[NUMBER], Law::OneCopy, || sealers(3, 1), Fault::None;
    a_number_is_given_twice: NUMBER, &[HEAD_BEGINS, HEAD_GOES_ON], Law::OneCopy, || sealers(2, 1), Fault::None;
    a_copy_is_numbered_twice: COPY, &[HISTORY], Law::OneCopy, with_a_void, Fault::None;
    a_line_of_history_is_written_twice: HISTORY, &[COPY], Law::OneCopy, with_a_void, Fault::None;
    a_name_of_work_is_taken_twice: WORK, &[], Law::Work, || sealers(2, 1), Fault::NamesRepeat;
    a_file_is_replaced: FILE, &[], Law::OneFile, with_a_void, Fault::None;
    the_public_facts_are_replaced: FACTS, &[COPY, HISTORY, WORK, PAPER], Law::Kept("COPY"), || sealers(1, 2), Fault::None;
    a_number_leads_elsewhere: BY_NUMBER, &[HEAD_BEGINS, NUMBER, FILE], Law::Kept("PUBNO"), || sealers(2, 1), Fault::None;
}

/// The list of conditions comes from the commits themselves: a new one without a mutant fails here, and a mutant without its condition.
#[test]
fn every_condition_has_a_mutant() {
    let mut found = search(&scope(sealers(2, 1)), None).conditions;
    found.extend(search(&scope(with_a_void()), None).conditions);
    found.insert(Condition::of_objects());
    let listed = MUTANTS.iter().map(|mutant| mutant.guard).chain(WITHOUT_NEED.iter().map(|(guard, _)| *guard));
    let listed: BTreeSet<Condition> = without(&listed.collect::<Vec<_>>()).into_iter().collect();
    assert_eq!(found, listed);
}

/// Without any condition at all everything else goes wrong, and these are still not missed.
#[test]
fn nobody_needs() {
    let guards: Vec<Guard> = MUTANTS.iter().map(|mutant| mutant.guard).chain([BY_DIGEST, PAPER]).collect();
    for jobs in [with_a_void(), sealers(2, 1)] {
        let found = search(&Scope { without: without(&guards), ..scope(jobs) }, None);
        assert!(found.broken.len() > 3, "{:?}", found.broken.keys());
        for ((kind, _), why) in WITHOUT_NEED {
            assert!(!found.broken.contains_key(&Law::Kept(kind)), "{why}: {:#?}", found.broken);
        }
    }
}
