//! Runs the stages in order, stops at the first failure, and tells at the end what ran, what it counted and what was left out.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::plan::{Stage, about};
use crate::shell::{Failure, Log, cargo, root};
use crate::tally::{Tally, count, failed, left_out, tail};
use crate::{demo, python, tools};

/// How much of a log is shown when its stage fails.
const TAIL: usize = 80;
/// How much of what a failed test said is shown again.
const TOLD: usize = 30;
/// The longest that a build with its tests may take on two cores from empty caches.
const BUILD: Duration = Duration::from_secs(55 * 60);
/// How long each target of the fuzzer runs in a whole run.
const FUZZ_SECONDS: u64 = 60;
/// How many changed copies a whole run judges: three minutes of CPU, since a development build needs 9 ms for each.
const CHANGED_COPIES: u64 = 20_000;
/// The longest that a changed copy takes on a busy machine.
const ONE_COPY: Duration = Duration::from_millis(50);

/// The longest that the large models take on a busy machine.
const MODELS: Duration = Duration::from_secs(60 * 60);
/// Drawn schedules of a night, and the longest that they may take: a tenth of a second each, and patience.
const SCHEDULES: &str = "100000";
const NIGHT: Duration = Duration::from_secs(8 * 60 * 60);

/// Changed copies of a night.
const COPIES_OF_A_NIGHT: u64 = 100_000;

/// What became of a stage.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Outcome {
    Passed(Tally),
    Failed(Tally),
    LeftOut,
    NotReached,
}

struct Row {
    stage: Stage,
    outcome: Outcome,
    took: Duration,
    notes: Vec<String>,
}

/// Runs a plan.
///
/// # Errors
/// The first stage that failed.
pub(crate) fn run(plan: &[(Stage, bool)]) -> Result<(), Failure> {
    let begun = Instant::now();
    let mut rows = Vec::new();
    let mut failed = None;
    for (stage, runs) in plan {
        rows.push(match (runs, &failed) {
            (false, _) => resting(*stage, Outcome::LeftOut),
            (true, Some(_)) => resting(*stage, Outcome::NotReached),
            (true, None) => one(*stage),
        });
        if rows.last().is_some_and(|row| matches!(row.outcome, Outcome::Failed(_))) {
            failed = Some(*stage);
        }
    }
    summary(&rows, begun.elapsed());
    failed.map_or(Ok(()), |stage| Err(format!("stage {} failed", stage.name())))
}

fn resting(stage: Stage, outcome: Outcome) -> Row {
    Row { stage, outcome, took: Duration::ZERO, notes: Vec::new() }
}

fn one(stage: Stage) -> Row {
    println!("\n=== {} — {}", stage.name(), about(stage));
    let begun = Instant::now();
    let log = Log::new(&stage.name());
    let done = log.as_ref().map_err(Clone::clone).and_then(|log| perform(stage, log));
    let (took, text) = (begun.elapsed(), log.as_ref().map(Log::text).unwrap_or_default());
    let outcome = match done {
        Ok(tally) => {
            println!("--- {} passed in {}: {tally}", stage.name(), shown(took));
            Outcome::Passed(tally)
        }
        Err(why) => {
            println!("{}\n{}", tail(&text, TAIL), failed(&text, TOLD));
            println!("--- {} FAILED after {}: {why}", stage.name(), shown(took));
            println!("    repeat it alone: cargo xtask test --only {}", stage.name());
            println!("    {}", room());
            Outcome::Failed(at_least_one_failed(count(&text)))
        }
    };
    Row { stage, outcome, took, notes: left_out(&text) }
}

/// What is left of the disk: a linker that ran out of it says only that it failed.
fn room() -> String {
    let told = std::process::Command::new("df").args(["-h", "--output=avail,size,target"]).arg(root()).output();
    let text = told.map(|told| String::from_utf8_lossy(&told.stdout).into_owned()).unwrap_or_default();
    format!("free on the disk (free, size, where): {}", text.lines().last().unwrap_or("unknown").trim())
}

/// A stage can fail without a test that failed: a build error, a time limit.
fn at_least_one_failed(tally: Tally) -> Tally {
    Tally { failed: tally.failed.max(1), ..tally }
}

/// A stage without a runner of tests counts as one.
fn at_least_one_passed(tally: Tally) -> Tally {
    if tally == Tally::default() { Tally { passed: 1, ..tally } } else { tally }
}

fn perform(stage: Stage, log: &Log) -> Result<Tally, Failure> {
    match stage {
        Stage::Tools => tools::install(log),
        Stage::Fmt => log.run(cargo().args(["fmt", "--all", "--", "--check", "--color=never"]), BUILD),
        Stage::Clippy => {
            log.run(cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]), BUILD)
        }
        Stage::Template => python::template(log),
        Stage::Deny => python::deny(log),
        Stage::Tests => tests(log),
        Stage::Release => release(log),
        Stage::Demo => return demo::all(log),
        Stage::Judges => python::judges(log),
        Stage::Browser => python::browser(log, false),
        Stage::Fuzz => mutations(log, FUZZ_SECONDS, 1, None).and_then(|()| copies(log, CHANGED_COPIES, 0)),
    }?;
    Ok(at_least_one_passed(count(&log.text())))
}

fn tests(log: &Log) -> Result<(), Failure> {
    let mut command = cargo();
    // Output of passing tests is shown too: they say there what they skip.
    command.args(["test", "--workspace", "--no-fail-fast", "--", "--show-output"]);
    if let Some(corpora) = corpora() {
        command.env("CORPORA", corpora);
    }
    log.run(&mut command, BUILD)
}

/// The foreign signed files, unless the environment names them: a folder `shared/corpora` beside the checkout.
pub(crate) fn corpora() -> Option<PathBuf> {
    let beside = root().join("../shared/corpora");
    let given = std::env::var_os("CORPORA").map(PathBuf::from);
    given.or_else(|| beside.join("manifest.tsv").is_file().then_some(beside))
}

/// The release build of the program.
pub(crate) fn release(log: &Log) -> Result<(), Failure> {
    log.run(cargo().args(["build", "--release"]), BUILD)
}

/// Every target of the fuzzer, or one by its name. With the whole workspace, so that nothing is built a second time with other features.
fn mutations(log: &Log, seconds: u64, seed: u64, kind: Option<&str>) -> Result<(), Failure> {
    let mut command = cargo();
    command.args(["test", "--workspace", "--test", "fuzz", "--", "--show-output"]);
    command.args(kind.map(|kind| format!("{kind}_survives")));
    command.env("FUZZ_SECONDS", seconds.to_string()).env("FUZZ_SEED", seed.to_string());
    if let Some(corpora) = corpora() {
        command.env("CORPORA", corpora);
    }
    log.run(&mut command, Duration::from_secs(10 * seconds) + BUILD)
}

/// Changed copies of our own, none of which may be valid.
fn copies(log: &Log, number: u64, seed: u64) -> Result<(), Failure> {
    let mut command = cargo();
    // The others of that program ran among the tests.
    let one = ["no_changed_copy_is_valid", "--show-output"];
    command.args(["test", "--workspace", "--test", "mutations", "--"]).args(one);
    command.env("MUTATIONS", number.to_string()).env("MUTATIONS_SEED", seed.to_string());
    let limit = ONE_COPY.saturating_mul(u32::try_from(number).unwrap_or(u32::MAX));
    log.run(&mut command, limit + BUILD)
}

/// `cargo xtask fuzz`: a number of changed copies, or the targets of the fuzzer for a time each.
///
/// # Errors
/// When a mutation was not survived, or a changed copy is valid.
pub(crate) fn fuzz(seconds: u64, seed: u64, kind: Option<&str>, changed: Option<u64>) -> Result<(), Failure> {
    let log = Log::new("fuzz")?;
    let done = match changed {
        Some(number) => copies(&log, number, seed),
        None => mutations(&log, seconds, seed, kind),
    };
    println!("{}", tail(&log.text(), TAIL));
    done
}

/// `cargo xtask nightly`: what is too large for every day, the large models, 100,000 drawn schedules (limits.md T14) and 100,000 changed copies.
///
/// # Errors
/// When a law of the register is broken, or a changed copy is valid.
pub(crate) fn nightly() -> Result<(), Failure> {
    let log = Log::new("nightly")?;
    let large = ["test", "--workspace", "--lib", "--", "model::", "--ignored", "--show-output"];
    let drawn =
        ["test", "--workspace", "--test", "flow", "--", "--exact", "seeds::drawn_schedules_settle", "--nocapture"];
    let done = log
        .run(cargo().args(large), MODELS + BUILD)
        .and_then(|()| log.run(cargo().args(drawn).env("FLOW_SEEDS", SCHEDULES), NIGHT + BUILD))
        .and_then(|()| copies(&log, COPIES_OF_A_NIGHT, tonight()));
    println!("{}", tail(&log.text(), TAIL));
    done
}

/// Other changes every night: the day, counted from 1970. What a night found is found again with `cargo xtask fuzz --mutations 100000 --seed`.
fn tonight() -> u64 {
    std::time::SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs() / 86_400)
}

fn shown(time: Duration) -> String {
    let seconds = time.as_secs_f32();
    if seconds < 60.0 {
        format!("{seconds:.1} s")
    } else {
        format!("{} min {:02} s", time.as_secs() / 60, time.as_secs() % 60)
    }
}

fn summary(rows: &[Row], took: Duration) {
    println!("\n=== summary ({})", shown(took));
    for row in rows {
        let (word, tally) = match &row.outcome {
            Outcome::Passed(tally) => ("passed", tally.to_string()),
            Outcome::Failed(tally) => ("FAILED", tally.to_string()),
            Outcome::LeftOut => ("left out", "by the command line".to_owned()),
            Outcome::NotReached => ("NOT RUN", "an earlier stage failed".to_owned()),
        };
        println!("{:<9} {word:<9} {:>14}  {tally}", row.stage.name(), shown(row.took));
    }
    for (stage, note) in rows.iter().flat_map(|row| row.notes.iter().map(move |note| (row.stage, note))) {
        println!("LEFT OUT in {}: {note}", stage.name());
    }
    println!();
    println!("{}", sum(rows));
}

/// What a run counts to: a note counts as skipped unless a runner counted it, a stage that did not run as one skipped.
fn sum(rows: &[Row]) -> Tally {
    let mut sum = Tally::default();
    for row in rows {
        sum += match &row.outcome {
            Outcome::Passed(tally) | Outcome::Failed(tally) => {
                Tally { skipped: tally.skipped.max(row.notes.len() as u64), ..*tally }
            }
            Outcome::LeftOut | Outcome::NotReached => Tally { skipped: 1, ..Tally::default() },
        };
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(stage: Stage, outcome: Outcome, notes: &[&str]) -> Row {
        Row { stage, outcome, took: Duration::ZERO, notes: notes.iter().map(|note| (*note).to_owned()).collect() }
    }

    #[test]
    fn everything_that_did_not_run_is_counted() {
        let passed = Tally { passed: 5, failed: 0, skipped: 1 };
        let rows = [
            row(Stage::Tests, Outcome::Passed(passed), &["no corpora", "no fonts"]),
            row(Stage::Demo, Outcome::Failed(at_least_one_failed(Tally::default())), &[]),
            row(Stage::Judges, Outcome::NotReached, &[]),
            row(Stage::Fuzz, Outcome::LeftOut, &[]),
        ];
        assert_eq!(sum(&rows), Tally { passed: 5, failed: 1, skipped: 4 });
    }

    #[test]
    fn a_stage_without_tests_counts_as_one() {
        assert_eq!(at_least_one_passed(Tally::default()).passed, 1);
        let counted = Tally { passed: 7, ..Tally::default() };
        assert_eq!(at_least_one_passed(counted), counted);
    }

    #[test]
    fn times_are_readable() {
        assert_eq!(shown(Duration::from_millis(1500)), "1.5 s");
        assert_eq!(shown(Duration::from_secs(125)), "2 min 05 s");
    }
}
