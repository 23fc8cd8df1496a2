//! Documents that cannot go stale silently: hashes of the code they describe, commands, links.

use std::collections::BTreeSet;
use std::path::Path;

use regex_lite::Regex;
use sha2::{Digest, Sha256};

use crate::sources::{exists, files, no, root, text};

/// Document → the source it describes line by line.
const DESCRIBES: &[(&str, &str)] =
    &[("docs/ISSUING.md", "shared/domain/src/decide.rs"), ("docs/DATA_MODEL.md", "shared/store/src/keys.rs")];

/// Commands that documents may show, each run by something: the name says by what.
const COMMANDS: &[(&str, &str)] = &[
    ("cargo run --release -- demo", "the demo test of `cargo xtask test`"),
    ("cargo run --release -- demo --scan my-scan.jpg --out out", "the demo test of `cargo xtask test`"),
    ("cargo run --release -- dev", "the contract test"),
    ("cargo run --release -- dev --port 8080 --data .ctdt", "the restart test"),
    ("cargo run --release -- verify --trust out/trust.pem out/ban-sao.pdf", "the demo test of `cargo xtask test`"),
    (
        "cargo run --release -- verify --json --trust out/trust.pem out/ban-sao.pdf",
        "the demo test of `cargo xtask test`",
    ),
    ("cargo xtask test", ".ci/run"),
    ("cargo xtask test --fast", "a part of `cargo xtask test`"),
    ("cargo xtask bench NAME", "benches"),
    ("cargo test -p tests --test tidy", "`cargo xtask test`"),
    ("UPDATE_EXPECT=1 cargo test -p tests --test tidy", "people, then the same test without it"),
    ("UPDATE_EXPECT=1 cargo test -p api --test problems", "people, then the same test without it"),
    ("cargo fmt --all", "`cargo xtask test`"),
    ("cargo clippy --workspace --all-targets -- -D warnings", "`cargo xtask test`"),
    // deployment, by hand with an account
    ("pip install aws-sam-cli cargo-lambda", "by hand"),
    ("sam build --beta-features", "by hand"),
    ("sam validate --lint", "by hand"),
    (
        "sam deploy --template-file infra/state.yaml --stack-name ctdt-dev-state --parameter-overrides Stage=dev",
        "by hand",
    ),
    ("sam deploy --guided --stack-name ctdt-dev --capabilities CAPABILITY_IAM", "by hand"),
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

#[test]
fn commands_in_documents_are_run_by_something() {
    let mut findings = Vec::new();
    for path in ["README.md", "CONTRIBUTING.md"] {
        let mut inside = false;
        for line in text(path).lines() {
            if line.starts_with("```") {
                inside = line == "```sh";
                continue;
            }
            let command = line.split(" #").next().unwrap_or_default().trim();
            if inside && !command.is_empty() && !COMMANDS.iter().any(|(known, _)| *known == command) {
                findings.push(format!("{path}: `{command}` is run by nothing"));
            }
        }
        assert!(!inside, "{path}: a code block does not end");
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
