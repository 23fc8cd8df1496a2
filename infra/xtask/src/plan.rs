//! Which stages there are, in which order, and which of them a run takes. Pure.

use clap::ValueEnum;

/// One step of `cargo xtask test`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Stage {
    /// Install what is missing.
    Tools,
    /// Formatting.
    Fmt,
    /// Lints.
    Clippy,
    /// cfn-lint on both templates.
    Template,
    /// Licences, sources and owners of dependencies.
    Deny,
    /// Unit, flow and house tests.
    Tests,
    /// The release build.
    Release,
    /// The main job on every kind of scan.
    Demo,
    /// pyHanko, qpdf and poppler on what the main job made.
    Judges,
    /// The pages in Chromium.
    Browser,
    /// Short mutation runs, and changed copies of our own.
    Fuzz,
}

/// In the order of a run: what fails fast and cheaply comes first.
const ALL: &[(Stage, &str)] = &[
    (Stage::Tools, "install what is missing, and say what"),
    (Stage::Fmt, "cargo fmt --check"),
    (Stage::Clippy, "cargo clippy --workspace --all-targets, warnings are errors"),
    (Stage::Template, "cfn-lint on template.yaml and infra/state.yaml"),
    (Stage::Deny, "cargo-deny: licences, sources, who may depend on what"),
    (Stage::Tests, "cargo test --workspace: units, flows, house rules, licences"),
    (Stage::Release, "cargo build --release"),
    (Stage::Demo, "the main job on every kind of scan, then `ctdt verify`"),
    (
        Stage::Judges,
        "pyHanko, qpdf and poppler judge the copies; flips and forgeries are rejected; peers sign through the HSM connector",
    ),
    (Stage::Browser, "the verify page and the phone in Chromium"),
    (Stage::Fuzz, "seeded mutations for a minute per kind of input; changed copies, none of them valid"),
];

/// What `--fast` leaves out (contract.md §1).
const SLOW: &[Stage] = &[Stage::Judges, Stage::Browser, Stage::Fuzz];

impl Stage {
    /// As it is typed.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

/// The stages of a run in their order, each with whether it runs: `only` these, or all, less the slow ones when `fast`.
pub(crate) fn chosen(fast: bool, only: &[Stage]) -> Vec<(Stage, bool)> {
    let named = |stage: &Stage| only.is_empty() || only.contains(stage);
    let runs = |stage: Stage| !(only.is_empty() && fast && SLOW.contains(&stage));
    ALL.iter().map(|(stage, _)| *stage).filter(named).map(|stage| (stage, runs(stage))).collect()
}

/// What a stage does, in one line.
pub(crate) fn about(stage: Stage) -> &'static str {
    ALL.iter().find(|(one, _)| *one == stage).map_or("", |(_, about)| about)
}

/// Prints the stages in order.
pub(crate) fn list() {
    for (stage, about) in ALL {
        println!("{:<9} {about}", stage.name());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(fast: bool, only: &[Stage]) -> Vec<Stage> {
        chosen(fast, only).into_iter().filter(|(_, runs)| *runs).map(|(stage, _)| stage).collect()
    }

    #[test]
    fn every_stage_runs_once_in_order() {
        assert_eq!(run(false, &[]), Stage::value_variants());
    }

    /// contract.md §1: `--fast` leaves out judges, browser and fuzz, and nothing else.
    #[test]
    fn fast_leaves_out_three() {
        let left_out: Vec<Stage> =
            chosen(true, &[]).into_iter().filter(|(_, runs)| !runs).map(|(stage, _)| stage).collect();
        assert_eq!(left_out, [Stage::Judges, Stage::Browser, Stage::Fuzz]);
    }

    #[test]
    fn only_keeps_the_order_of_the_plan() {
        assert_eq!(run(true, &[Stage::Fuzz, Stage::Fmt]), [Stage::Fmt, Stage::Fuzz]);
    }

    #[test]
    fn every_stage_has_a_line() {
        assert!(Stage::value_variants().iter().all(|stage| !about(*stage).is_empty()));
    }
}
