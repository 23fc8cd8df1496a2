//! The table of scans: every file of `tests/scans` and `tests/vectors/scans`, and some together, with what is said of it.

#[path = "../../../../tests/scans/table.rs"]
pub(crate) mod list;

use std::collections::BTreeSet;

use compose::{Inspection, Placement};

use crate::read::{file, spec};
use list::{Row, bytes, path, rows};

/// R35, R36: each file is accepted with what is known of it, or refused with its code; and composing says the same.
#[test]
fn every_scan_is_what_the_table_says() {
    let (head, rows) = rows();
    assert!(rows.len() > 150, "the table is read whole");
    let found: Vec<Row> = rows.iter().map(found).collect();
    for row in &found {
        composes_alike(row);
    }
    hold(&head, &rows, &found);
}

fn composes_alike(row: &Row) {
    let scans: Vec<Vec<u8>> = row.files.iter().map(|file| bytes(file)).collect();
    let made = compose::base(&spec(scans.iter().map(Vec::as_slice).collect(), Placement::Auto));
    let outcome = made.as_ref().map_or_else(|unusable| unusable.code(), |_| "accepted");
    assert_eq!(outcome, row.outcome, "{}: inspected and composed", row.name());
}

/// No file lies there unread.
#[test]
fn every_file_has_a_row() {
    let (_, rows) = rows();
    let told: BTreeSet<String> = rows.into_iter().flat_map(|row| row.files).collect();
    let mut there = BTreeSet::new();
    for folder in ["scans", "vectors/scans"] {
        for entry in std::fs::read_dir(file("tests").join(folder)).expect("a folder").flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let ours = ["rs", "py", "md", "tsv", "pyc"].iter().any(|end| name.ends_with(end)) || entry.path().is_dir();
            if !ours {
                there.insert(format!("{folder}/{name}"));
            }
        }
    }
    let unread: Vec<_> = there.difference(&told).collect();
    assert!(unread.is_empty(), "without a row in tests/scans/table.tsv: {unread:?}");
}

/// A row as intake fills it.
fn found(row: &Row) -> Row {
    let seen: Result<Vec<Inspection>, _> = row.files.iter().map(|file| compose::inspect(&bytes(file), "")).collect();
    let nothing = || "-".to_owned();
    match seen {
        Err(unusable) => Row {
            outcome: unusable.code().to_owned(),
            sizes: nothing(),
            dpi: nothing(),
            colour: nothing(),
            warnings: nothing(),
            ..row.clone()
        },
        Ok(seen) => Row {
            outcome: "accepted".to_owned(),
            sizes: sizes(&seen),
            dpi: each(&seen, |one| one.dpi.map_or("?".into(), |dpi| dpi.round().to_string())),
            colour: each(&seen, |one| match one.colour {
                Some(true) => "yes".into(),
                Some(false) => "no".into(),
                None => "?".into(),
            }),
            warnings: each(&seen, warnings),
            ..row.clone()
        },
    }
}

fn line(row: &Row) -> String {
    let Row { outcome, sizes, dpi, colour, warnings, what, .. } = row;
    [&row.name(), outcome, sizes, dpi, colour, warnings, what].map(String::as_str).join("\t")
}

fn each(seen: &[Inspection], tell: impl Fn(&Inspection) -> String) -> String {
    seen.iter().map(tell).collect::<Vec<_>>().join(" + ")
}

/// The codes; of those about single pages, which ones.
fn warnings(seen: &Inspection) -> String {
    let told = |code: &String| {
        let pages = seen.findings.iter().filter(|finding| finding.code == code).map(|finding| finding.page.to_string());
        let pages: Vec<String> = pages.collect();
        if pages.is_empty() { code.clone() } else { format!("{code}:{}", pages.join(",")) }
    };
    if seen.warnings.is_empty() { "-".to_owned() } else { seen.warnings.iter().map(told).collect::<Vec<_>>().join(" ") }
}

/// `420x297*3 595x842`: three pages of one size, then one of another.
fn sizes(seen: &[Inspection]) -> String {
    let all: Vec<String> =
        seen.iter().flat_map(|one| &one.page_sizes_pt).map(|(w, h)| format!("{w:.0}x{h:.0}")).collect();
    let told = |run: &[String]| if run.len() == 1 { run[0].clone() } else { format!("{}*{}", run[0], run.len()) };
    all.chunk_by(|a, b| a == b).map(told).collect::<Vec<_>>().join(" ")
}

/// Compares what was found with what is written; `UPDATE_EXPECT=1` writes down what was found instead.
#[expect(clippy::disallowed_methods, reason = "a test is told by its environment to write")]
fn hold(head: &str, rows: &[Row], found: &[Row]) {
    let lines = |rows: &[Row]| rows.iter().map(line).collect::<Vec<_>>();
    let (written, now) = (lines(rows), lines(found));
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(path(), format!("{head}\n{}\n", now.join("\n"))).expect("the table");
        return;
    }
    let differs: Vec<String> =
        written.iter().zip(&now).filter(|(a, b)| a != b).map(|(a, b)| format!("- {a}\n+ {b}")).collect();
    assert!(differs.is_empty(), "UPDATE_EXPECT=1 writes what was found; read the difference:\n{}", differs.join("\n"));
}
