//! Counts what programs say about their tests, and collects what they left out. Pure.

use std::ops::AddAssign;

/// Marks a line that tells of something that was not checked. Any program may print one; all are repeated at the end.
pub(crate) const LEFT_OUT: &str = "SKIPPED";

/// How many tests passed, failed and were skipped.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

/// The sum of all closing lines of cargo's and pytest's runners in a log.
pub(crate) fn count(log: &str) -> Tally {
    let mut sum = Tally::default();
    for line in log.lines() {
        sum += closing_line(line.trim()).unwrap_or_default();
    }
    sum
}

/// `test result: ok. 3 passed; 0 failed; 1 ignored; …` or `==== 2 failed, 30 passed, 1 skipped in 4.20s ====`.
fn closing_line(line: &str) -> Option<Tally> {
    let cargo = line.strip_prefix("test result: ").and_then(|rest| rest.split_once(". ")).map(|(_, counts)| counts);
    let pytest = || {
        let bare = line.trim_matches('=').trim();
        let (counts, time) = bare.rsplit_once(" in ")?;
        (time.contains('s') && counts.starts_with(|c: char| c.is_ascii_digit())).then_some(counts)
    };
    let mut tally = Tally::default();
    for part in cargo.or_else(pytest)?.split([';', ',']) {
        let Some((number, kind)) = part.trim().split_once(' ') else { continue };
        let Ok(number) = number.parse::<u64>() else { continue };
        match kind.trim() {
            "passed" => tally.passed += number,
            "failed" | "error" | "errors" => tally.failed += number,
            "ignored" | "skipped" => tally.skipped += number,
            _ => {}
        }
    }
    Some(tally)
}

/// The lines that tell what was left out, each once.
pub(crate) fn left_out(log: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for line in log.lines().map(str::trim) {
        let told = line.strip_prefix(LEFT_OUT).map(|rest| rest.trim_start_matches([':', ' ']));
        if let Some(told) = told.filter(|told| !told.is_empty() && !found.iter().any(|one| one == told)) {
            found.push(told.to_owned());
        }
    }
    found
}

/// Every test that failed by its name, with the beginning of what it said. In a long log the tail is about something else.
pub(crate) fn failed(log: &str, lines: usize) -> String {
    let lines_of = |name: &str| {
        let head = format!("---- {name} stdout ----");
        let own = log.lines().skip_while(|line| *line != head).skip(1);
        own.take_while(|line| !line.starts_with("---- ") && *line != "failures:")
            .take(lines)
            .fold(format!("FAILED {name}"), |all, line| all + "\n    " + line)
    };
    let cargo = log.lines().filter_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... FAILED")).map(lines_of);
    let pytest =
        log.lines().filter(|line| line.starts_with("FAILED ") || line.starts_with("ERROR ")).map(str::to_owned);
    cargo.chain(pytest).collect::<Vec<_>>().join("\n")
}

/// The last lines of a log.
pub(crate) fn tail(log: &str, lines: usize) -> String {
    let all: Vec<&str> = log.lines().collect();
    all.get(all.len().saturating_sub(lines)..).unwrap_or_default().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_and_pytest_are_added_up() {
        let log = "test a ... ok\n\
            test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 7 filtered out; finished in 0.00s\n\
            test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s\n\
            ======== 2 failed, 30 passed, 1 skipped, 4 warnings in 12.20s ========\n\
            5 passed in 1.00s\n\
            1 error in 0.10s\n";
        assert_eq!(count(log), Tally { passed: 39, failed: 5, skipped: 2 });
    }

    #[test]
    fn other_lines_are_not_counted() {
        assert_eq!(count("compiled 3 crates in 4s\nwe are in 2 places\ntest result\n"), Tally::default());
    }

    #[test]
    fn what_is_left_out_is_told_once() {
        let log =
            "SKIPPED: no corpora\nSKIPPED\n  SKIPPED: no corpora\nSKIPPED [1] test_a.py:3: no fonts\nnot SKIPPED: x\n";
        assert_eq!(left_out(log), ["no corpora", "[1] test_a.py:3: no fonts"]);
    }

    #[test]
    fn a_failed_test_is_told_with_its_words() {
        let log = "test a ... ok\ntest m::b ... FAILED\nsuccesses:\n---- a stdout ----\nfine\n\nfailures:\n\n---- m::b stdout ----\n\
            one\ntwo\nthree\n\nfailures:\n    m::b\nFAILED tests/test_a.py::test_x - assert 1 == 2\n";
        assert_eq!(failed(log, 2), "FAILED m::b\n    one\n    two\nFAILED tests/test_a.py::test_x - assert 1 == 2");
        assert_eq!(failed("test a ... ok\n", 2), "");
    }

    #[test]
    fn the_tail_is_the_end() {
        assert_eq!(tail("a\nb\nc\n", 2), "b\nc");
        assert_eq!(tail("a\n", 5), "a");
    }

    #[test]
    fn the_sum_is_the_plain_closing_line() {
        assert_eq!(Tally { passed: 4, failed: 0, skipped: 1 }.to_string(), "4 passed, 0 failed, 1 skipped");
    }
}
