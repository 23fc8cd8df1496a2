//! Every function folder is complete, and its sample event is one that its event sources send.

use serde_json::Value;

use crate::sources::{exists, functions, no, text};
use crate::template::{deployed, events};

/// What every function folder holds.
const FILES: &[&str] = &["Cargo.toml", "README.md", "event.json", "src/lib.rs", "src/main.rs"];

#[test]
fn every_function_folder_is_complete() {
    let mut findings = Vec::new();
    for function in functions() {
        let missing = FILES.iter().filter(|file| !exists(&format!("functions/{function}/{file}")));
        findings.extend(missing.map(|file| format!("functions/{function} has no {file}")));
    }
    no(findings);
}

/// The README of a function says event, rights and failure modes, so that an operator need not read code at night.
#[test]
fn every_function_readme_says_the_three_things() {
    let mut findings = Vec::new();
    for function in functions() {
        let readme = text(&format!("functions/{function}/README.md"));
        let missing = ["## Events", "## Rights", "## When it fails"].into_iter().filter(|part| !readme.contains(part));
        findings.extend(missing.map(|part| format!("functions/{function}/README.md has no `{part}`")));
    }
    no(findings);
}

#[test]
fn every_sample_event_is_one_that_comes() {
    let routes = crate::routes::routes();
    let mut findings = Vec::new();
    for (function, (_, properties)) in deployed() {
        let event: Value = serde_json::from_str(&text(&format!("functions/{function}/event.json")))
            .unwrap_or_else(|error| panic!("functions/{function}/event.json: {error}"));
        let fits = if let Some(http) = event.pointer("/requestContext/http") {
            let key = event["routeKey"].as_str().unwrap_or_default();
            let raw = event["rawPath"].as_str().unwrap_or_default();
            http["path"] == event["rawPath"]
                && routes.iter().any(|r| r.function == function && r.key() == key && fits_path(&r.path, raw))
        } else if event["Records"].is_array() {
            !events(properties, "DynamoDB").is_empty()
        } else {
            event["detail-type"] == "Scheduled Event" && !events(properties, "Schedule").is_empty()
        };
        if !fits {
            findings.push(format!("functions/{function}/event.json comes from no event source of it"));
        }
    }
    no(findings);
}

fn fits_path(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
    pattern.len() == path.len()
        && pattern.iter().zip(&path).all(|(p, s)| p == s || (p.starts_with('{') && !s.is_empty()))
}
