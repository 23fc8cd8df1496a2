//! The catalogue of reasons is full (R69): what is said has a sentence, a cause and an act in two languages, and a rule.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use pades::{explanations, rule};

/// At least forty, none twice, every text there and in its own language.
#[test]
fn every_row_is_whole() {
    let rows = explanations();
    assert!(rows.len() >= 40, "{} rows", rows.len());
    let codes: BTreeSet<&str> = rows.iter().map(|row| row.code).collect();
    assert_eq!(codes.len(), rows.len(), "a code stands twice");
    for row in rows {
        for text in [row.vi, row.en, row.action_vi, row.action_en] {
            assert!(text.ends_with('.') && text.len() > 8, "{}: {text:?}", row.code);
        }
        assert!(!row.vi.is_ascii() && !row.action_vi.is_ascii(), "{}: Vietnamese has its marks", row.code);
        assert!(row.en.is_ascii() && row.action_en.is_ascii(), "{}: English", row.code);
        assert!(!rule(row.code).is_empty(), "{} has no rule", row.code);
        let places = |text: &str| -> BTreeSet<String> {
            text.split('{').skip(1).filter_map(|part| part.split('}').next()).map(str::to_owned).collect()
        };
        assert_eq!(places(row.vi), places(row.en), "{}: both languages say the same facts", row.code);
    }
    let sentences: BTreeSet<&str> = rows.iter().map(|row| row.vi).collect();
    assert_eq!(sentences.len(), rows.len(), "a sentence stands twice");
}

/// What the judge says has a row, and every row is said by somebody: by the judge, or by a caller of [`pades::refuse`].
#[test]
fn the_judge_says_what_the_catalogue_knows() {
    let mut sources = files(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/judge").as_path());
    // Words for rules, not codes.
    sources.retain(|path| !path.ends_with("words.rs"));
    sources.push(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/door.rs"));
    let spoken: BTreeMap<String, PathBuf> = sources
        .iter()
        .flat_map(|path| {
            said(&std::fs::read_to_string(path).expect("source")).into_iter().map(|code| (code, path.clone()))
        })
        .collect();
    let rows: BTreeSet<&str> = explanations().iter().map(|row| row.code).collect();
    for (code, path) in &spoken {
        assert!(rows.contains(code.as_str()), "{code} in {} has no row", path.display());
    }
    let silent: Vec<&&str> =
        rows.iter().filter(|code| !spoken.contains_key(**code) && !OTHERS.contains(*code)).collect();
    assert_eq!(silent, [&""; 0], "nobody says these");
}

/// What others say: the program that cannot open a file or waits no longer.
const OTHERS: &[&str] = &["file-reading-note", "file-unreadable", "reader-failed"];

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Codes are the kebab-case literals with a hyphen that a source hands to `Reason` or pairs with a sub-indication.
fn said(source: &str) -> Vec<String> {
    let body = source.split("#[cfg(test)]").next().unwrap_or_default();
    // Facts that fill a sentence, and rules, not codes.
    let facts = ["cross-reference", "default-resources"];
    let literals = body.split('"').skip(1).step_by(2);
    let kebab = |text: &&str| {
        !facts.contains(text)
            && text.contains('-')
            && text.chars().all(|sign| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == '-')
    };
    literals
        .filter(kebab)
        .map(str::to_owned)
        .chain(body.contains("\"annulled\"").then(|| "annulled".to_owned()))
        .collect()
}
