//! Documents that cannot go stale silently: hashes of the code they describe, commands, links.

use std::collections::BTreeSet;
use std::path::Path;

use regex_lite::Regex;
use sha2::{Digest, Sha256};

use crate::sources::{exists, files, no, root, text};

/// Document → the source it describes line by line.
const DESCRIBES: &[(&str, &str)] =
    &[("docs/ISSUING.md", "shared/domain/src/decide.rs"), ("docs/DATA_MODEL.md", "shared/store/src/keys.rs")];

/// How the commands begin that `infra/xtask/src/readme.rs` reads from README.md and runs as they stand there.
const PROGRAM: &str = "cargo run --release -- ";

/// Why a command that a document shows is true.
enum Run {
    /// Something runs it: a file, and texts that stand there because of it.
    By(&'static str, &'static [&'static str]),
    /// Nothing in CI does, for a reason.
    ByHand(&'static str),
}

/// Every other command that README.md and CONTRIBUTING.md may show.
const COMMANDS: &[(&str, Run)] = &[
    ("cargo xtask test", Run::By(".ci/run", &["exec cargo xtask test"])),
    ("cargo xtask test --fast", Run::By("infra/xtask/src/plan.rs", &["fn fast_leaves_out_three"])),
    ("cargo test -p tests --test tidy", Run::By("infra/xtask/src/stages.rs", &[r#""test", "--workspace""#])),
    ("cargo fmt --all", Run::By("infra/xtask/src/stages.rs", &[r#""fmt", "--all", "--", "--check""#])),
    (
        "cargo clippy --workspace --all-targets -- -D warnings",
        Run::By("infra/xtask/src/stages.rs", &[r#""clippy", "--workspace", "--all-targets", "--", "-D", "warnings""#]),
    ),
    (
        "UPDATE_EXPECT=1 cargo test -p tests --test tidy",
        Run::ByHand("it rewrites frozen texts; CI runs the same test without it and finds what is not up to date"),
    ),
    ("UPDATE_EXPECT=1 cargo test -p api --test problems", Run::ByHand("as above")),
    (
        "python3 -m venv .tools/sam && .tools/sam/bin/pip install aws-sam-cli cargo-lambda",
        Run::ByHand("the tools of the lines below"),
    ),
    (r#"export PATH="$PWD/.tools/sam/bin:$PATH""#, Run::ByHand("as above")),
    (
        "sam validate --lint",
        Run::ByHand("sam is not installed by CI; cfn-lint, which it calls, is the stage `template` on both templates"),
    ),
    ("sam build --beta-features", Run::ByHand("a second release build of every function, too long for each change")),
    (
        "sam deploy --template-file infra/state.yaml --stack-name ctdt-dev-state --parameter-overrides Stage=dev",
        Run::ByHand("needs an account at AWS"),
    ),
    (
        "sam deploy --guided --stack-name ctdt-dev --capabilities CAPABILITY_IAM",
        Run::ByHand("needs an account at AWS, and asks"),
    ),
];

fn digest(path: &str) -> String {
    Sha256::digest(text(path).as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whoever changes the code reads the document again, and says so with UPDATE_EXPECT=1.
#[test]
fn documents_know_the_code_they_describe() {
    let mark = Regex::new(r"<!-- sha256 of ([a-z0-9_./-]+): ([0-9a-f]*) -->").expect("a pattern");
    let mut findings = Vec::new();
    for (document, source) in DESCRIBES {
        let old = text(document);
        let Some(found) = mark.captures(&old).filter(|found| found[1] == **source) else {
            findings.push(format!("{document} has no line `<!-- sha256 of {source}: … -->`"));
            continue;
        };
        let now = digest(source);
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            let line = format!("<!-- sha256 of {source}: {now} -->");
            std::fs::write(root().join(document), old.replace(&found[0], &line)).expect("write a document");
        } else if found[2] != now {
            findings.push(format!("{source} changed: read {document} again, then UPDATE_EXPECT=1"));
        }
    }
    no(findings);
}

fn documents() -> Vec<String> {
    let mut all = files("docs", &[".md"]);
    all.extend(files("functions", &[".md"]));
    all.extend(["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"].map(str::to_owned));
    all
}

/// The commands of a document's shell blocks.
fn commands(path: &str) -> Vec<String> {
    let (mut inside, mut found) = (false, Vec::new());
    for line in text(path).lines() {
        if line.starts_with("```") {
            inside = line == "```sh";
            continue;
        }
        let command = line.split(" #").next().unwrap_or_default().trim();
        found.extend((inside && !command.is_empty()).then(|| command.to_owned()));
    }
    assert!(!inside, "{path}: a code block does not end");
    found
}

/// A command that nothing runs and nobody has excused is not true for long.
#[test]
fn commands_in_documents_are_run_by_something() {
    let mut findings = Vec::new();
    let mut shown = BTreeSet::new();
    for path in ["README.md", "CONTRIBUTING.md"] {
        for command in commands(path) {
            let by_readme = path == "README.md" && command.starts_with(PROGRAM);
            if !by_readme && !COMMANDS.iter().any(|(known, _)| *known == command) {
                findings.push(format!("{path}: `{command}` is run by nothing"));
            }
            shown.insert(command);
        }
    }
    for (command, run) in COMMANDS {
        if !shown.contains(*command) {
            findings.push(format!("`{command}` has a row in COMMANDS and no document shows it"));
        }
        match run {
            Run::By(file, marks) => {
                let lacking = marks.iter().filter(|mark| !text(file).contains(*mark));
                findings.extend(lacking.map(|mark| format!("`{command}`: {file} has no `{mark}` any more")));
            }
            Run::ByHand(why) => assert!(!why.is_empty(), "{command}: why not?"),
        }
    }
    for (file, mark) in [("infra/xtask/src/readme.rs", PROGRAM), ("infra/xtask/src/demo.rs", "readme::run(log)")] {
        if !text(file).contains(mark) {
            findings.push(format!("{file} does not run what README.md shows"));
        }
    }
    no(findings);
}

#[test]
fn links_lead_somewhere() {
    let link = Regex::new(r"\]\(([^)\s]+)\)").expect("a pattern");
    let mut findings = Vec::new();
    for path in documents() {
        let here = Path::new(&path).parent().unwrap_or(Path::new(""));
        for found in link.captures_iter(&text(&path)) {
            let target = found[1].split('#').next().unwrap_or_default();
            let outside = target.is_empty() || target.contains("://") || target.starts_with("mailto:");
            if !outside && !exists(&here.join(target).to_string_lossy()) {
                findings.push(format!("{path}: nothing at {target}"));
            }
        }
    }
    no(findings);
}

/// Decisions are numbered without gap and say what they cost.
#[test]
fn decisions_are_pages_with_alternatives() {
    let mut numbers = BTreeSet::new();
    for path in files("docs/decisions", &[".md"]) {
        if path.ends_with("README.md") {
            continue;
        }
        let name = path.rsplit('/').next().unwrap_or_default();
        let number: usize = name.get(..4).and_then(|n| n.parse().ok()).unwrap_or_else(|| panic!("{path}: no number"));
        assert!(numbers.insert(number), "{path}: the number is taken");
        for part in ["## Decision", "## Alternatives", "## What it costs"] {
            assert!(text(&path).contains(part), "{path} has no `{part}`");
        }
    }
    assert!(numbers.iter().copied().eq(1..=numbers.len()), "numbers from 1 without a gap");
}

/// A page of decisions that somebody names is there, under the number and the name that is given.
#[test]
fn decisions_that_are_named_are_there() {
    let named = Regex::new(r"decisions/([0-9]{4})(-[a-z0-9.-]*[a-z0-9])?").expect("a pattern");
    let pages = files("docs/decisions", &[".md"]);
    let (mut findings, mut seen) = (Vec::new(), 0);
    for path in files("", &[".md", ".rs", ".py", ".toml", ".yaml", ".js"]) {
        for found in named.captures_iter(&text(&path)) {
            seen += 1;
            let name = found.get(2).map_or("-", |name| name.as_str());
            let page = format!("docs/decisions/{}{name}", &found[1]);
            if !pages.iter().any(|known| known.starts_with(&page)) {
                findings.push(format!("{path}: there is no {page}"));
            }
        }
    }
    assert!(seen > 20, "{seen} places name a decision");
    no(findings);
}

/// Words that people read in one spelling.
const SPELLINGS: [(&str, &str); 3] = [("khoá", "khóa"), ("Khoá", "Khóa"), ("USB token", "USB Token")];

/// The pictures of scans are other people's texts, and this file spells what it forbids.
#[test]
fn a_word_has_one_spelling() {
    let mut findings = Vec::new();
    for path in files("", &[".md", ".rs", ".yaml", ".js", ".css"]) {
        if path == "tests/tidy/documents.rs" {
            continue;
        }
        let text = text(&path);
        let other = SPELLINGS.iter().filter(|(other, _)| text.contains(other));
        findings.extend(other.map(|(other, word)| format!("{path}: `{other}` is spelled `{word}`")));
    }
    no(findings);
}
