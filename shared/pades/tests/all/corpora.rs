//! Agreement with the corpora of signed PDFs, where they lie beside the project (R64). Left out aloud where they do not.
//!
//! Differences stand with their reasons in `exceptions.toml`; one that is no difference any more fails the test too.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use pades::{Changes, Covers, Integrity, Policy, Profile, Report, ReportKind};

/// The most of a processor's time that one file may take, hostile or not, in a build for development.
const TIME: Duration = Duration::from_secs(5);

/// What this thread has taken of a processor's time; other work on the machine does not count.
fn spent() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(told.split_whitespace().next().and_then(|nanoseconds| nanoseconds.parse().ok()).unwrap_or(0))
}

fn judge(act: impl FnOnce(&Policy<'_>) -> Report) -> Report {
    let extra = pki::path::Evidence::default();
    act(&Policy {
        anchors: &[],
        at: 1_795_417_531,
        profile: Profile::Auto,
        extra: &extra,
        register: None,
        test_anchors: false,
    })
}

/// contract.md §2: signatures exist, each is intact, none is partial, none has changes that are not permitted.
fn accepts(report: &Report) -> bool {
    report.kind != ReportKind::Unreadable
        && !report.signatures.is_empty()
        && report.signatures.iter().all(|one| {
            one.integrity == Integrity::Intact
                && one.covers != Covers::Partial
                && one.changes_after != Changes::NotPermitted
        })
}

struct Row {
    file: String,
    category: String,
    expected: String,
    detail: String,
}

/// What came out for one file: `None` where the manifest asks for nothing but an answer.
struct Outcome {
    file: String,
    category: String,
    expected: String,
    agrees: Option<bool>,
    accepted: bool,
    word: &'static str,
    said: String,
    took: Duration,
}

fn rows(folder: &Path) -> Vec<Row> {
    let manifest = std::fs::read_to_string(folder.join("manifest.tsv")).expect("a readable manifest");
    let row = |line: &str| {
        let columns: Vec<&str> = line.split('\t').collect();
        let column = |at: usize| columns.get(at).map(|text| (*text).to_owned());
        Some(Row { file: column(0)?, category: column(3)?, expected: column(4)?, detail: column(5)? })
    };
    manifest.lines().skip(1).filter_map(row).collect()
}

/// `"file" = "reason"` per line; everything else is a comment.
fn exceptions() -> BTreeMap<String, String> {
    let text = include_str!("exceptions.toml");
    let pair = |line: &str| {
        let (file, reason) = line.strip_prefix('"')?.split_once("\" = \"")?;
        Some((file.to_owned(), reason.strip_suffix('"')?.to_owned()))
    };
    text.lines().filter_map(pair).collect()
}

fn outcome(folder: &Path, row: &Row) -> Option<Outcome> {
    let bytes = std::fs::read(folder.join(&row.file)).ok()?;
    let before = spent();
    let report = judge(|policy| pades::judge(&bytes, &row.file, policy));
    let took = spent().saturating_sub(before);
    // T4: read piece by piece the file gets the same report. Tiny windows only on small files: there each byte costs a read.
    let window = if bytes.len() < 100_000 { 3 + bytes.len() % 700 } else { 8192 };
    let parts = judge(|policy| crate::sources::piecemeal(&bytes, &row.file, window, policy));
    assert_eq!(parts.to_json(), report.to_json(), "{}, window {window}", row.file);
    let agrees = match row.expected.as_str() {
        "ACCEPT" => Some(accepts(&report)),
        "REJECT" | "NO_SIGNATURE" => Some(!accepts(&report)),
        _ => None,
    };
    let reasons = report.reasons.iter().take(3).map(|reason| format!("{}: {}", reason.code, reason.text.en));
    let said = format!("expected {} [{}], said {}", row.expected, row.detail, reasons.collect::<Vec<_>>().join(" | "));
    let (file, category, expected) = (row.file.clone(), row.category.clone(), row.expected.clone());
    Some(Outcome { file, category, expected, agrees, accepted: accepts(&report), word: word(&report), said, took })
}

/// What the judge said, in one word: no cryptography is missing from "accepted", and trust is no part of it.
fn word(report: &Report) -> &'static str {
    let broken = |one: &pades::SignatureReport| one.integrity != Integrity::Intact || one.covers == Covers::Partial;
    match report.kind {
        ReportKind::Unreadable => "unreadable",
        ReportKind::Unsigned => "unsigned",
        _ if accepts(report) => "accepted",
        _ if report.signatures.iter().any(broken) => "broken",
        _ => "changed",
    }
}

const WORDS: [&str; 5] = ["accepted", "broken", "changed", "unsigned", "unreadable"];

/// Counts per category and expectation, as a table.
fn table(outcomes: &[Outcome]) -> String {
    let mut rows: BTreeMap<(&str, &str), BTreeMap<&str, usize>> = BTreeMap::new();
    for one in outcomes {
        let row = rows.entry((&one.category, &one.expected)).or_default();
        *row.entry(one.word).or_default() += 1;
    }
    let mut text = format!("{:<22} {:<14}", "category", "expected");
    text.extend(WORDS.map(|word| format!("{word:>11}")));
    for ((category, expected), counts) in rows {
        text.push_str(&format!("\n{category:<22} {expected:<14}"));
        text.extend(WORDS.map(|word| format!("{:>11}", counts.get(word).copied().unwrap_or(0))));
    }
    text
}

/// All rows, on as many threads as there are processors.
fn outcomes(folder: &Path, rows: &[Row]) -> Vec<Outcome> {
    let (next, found) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(row) = rows.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let one = outcome(folder, row);
                    found.lock().expect("no thread panicked").extend(one);
                }
            });
        }
    });
    found.into_inner().expect("no thread panicked")
}

/// Every file ends in bounded time, and every verdict that the manifest asserts is given, but for the listed exceptions.
#[test]
fn verdicts_agree_with_the_manifest() {
    let left_out = "verdicts were not compared with those of the corpora";
    let Some(folder) = crate::beside::corpora("manifest.tsv", left_out) else { return };
    let rows = rows(&folder);
    let (outcomes, exceptions) = (outcomes(&folder, &rows), exceptions());
    assert!(outcomes.len() > 400, "only {} files of the corpora could be read", outcomes.len());
    let mut wrong = Vec::new();
    for one in &outcomes {
        if one.took > TIME {
            wrong.push(format!("{}: took {:?}", one.file, one.took));
        }
        match (one.agrees, exceptions.get(&one.file)) {
            (Some(false), None) => wrong.push(format!("{}: {}", one.file, one.said)),
            (Some(true), Some(reason)) => wrong.push(format!("{}: agrees now, is no exception: {reason}", one.file)),
            _ => {}
        }
    }
    for file in exceptions.keys().filter(|file| !outcomes.iter().any(|one| one.file == **file)) {
        wrong.push(format!("{file}: an exception without a file"));
    }
    println!("{}", table(&outcomes));
    let of = |expected: &'static str| outcomes.iter().filter(move |one| one.expected == expected);
    let accepted = of("ACCEPT").filter(|one| one.accepted).count();
    println!("{accepted} of {} ACCEPT accepted", of("ACCEPT").count());
    for one in of("REJECT").filter(|one| one.accepted) {
        println!("accepted against its label: {} ({})", one.file, exceptions.get(&one.file).map_or("", String::as_str));
    }
    let asserted = outcomes.iter().filter(|one| one.agrees.is_some()).count();
    println!("{} files, {asserted} asserted, {} exceptions", outcomes.len(), exceptions.len());
    assert!(wrong.is_empty(), "{} of {asserted}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(accepted * 100 >= of("ACCEPT").count() * 95, "less than 95 of 100 honest files are accepted");
}

/// Whoever reads the divergences finds each file that is judged otherwise than its source says.
#[test]
fn every_exception_is_explained_in_the_divergences() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/DIVERGENCES.md");
    let text = std::fs::read_to_string(path).expect("docs/DIVERGENCES.md");
    for file in exceptions().keys() {
        let row = text.lines().find(|line| line.starts_with('|') && line.contains(&format!("`{file}`")));
        let row = row.unwrap_or_else(|| panic!("{file} has no row in docs/DIVERGENCES.md"));
        let columns: Vec<&str> = row.split('|').map(str::trim).filter(|column| !column.is_empty()).collect();
        assert!(columns.len() == 4 && columns.iter().all(|column| column.len() > 3), "{file}: {row}");
    }
}
