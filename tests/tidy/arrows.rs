//! Who may depend on whom: the table of ARCHITECTURE.md, held against `cargo metadata`.

use std::collections::BTreeSet;

use crate::sources::{no, workspace};

/// Package → packages of ours that it may name. A package without a row may not exist.
const ARROWS: &[(&str, &[&str])] = &[
    // pure
    ("pdf", &[]),
    ("pki", &[]),
    ("pades", &["pdf", "pki"]),
    ("compose", &[]),
    ("domain", &["pades"]),
    ("casework", &["compose", "domain", "pades", "pdf", "pki"]),
    ("web", &["pades"]),
    // adapters: the domain's ports, and types of pki where an outside answer is one
    ("directory", &["domain"]),
    ("mail", &["domain"]),
    ("objects", &["domain"]),
    ("remote-signing", &["domain", "pki"]),
    ("seal", &["domain", "pki"]),
    ("store", &["domain"]),
    ("trust-services", &["domain", "pki"]),
    // edge
    ("api", &["domain"]),
    // functions
    ("accounts", &["api", "casework", "compose", "directory", "domain", "objects", "store"]),
    ("appointment", &["api", "domain", "store"]),
    ("augmentation", &["api", "casework", "domain", "objects", "pades", "pki", "store", "trust-services"]),
    ("console", &["api", "web"]),
    ("delivery", &["api", "casework", "domain", "mail", "objects", "store", "web"]),
    ("examiner", &["api", "casework", "domain", "objects", "pades", "pki", "store"]),
    ("intake", &["api", "casework", "compose", "directory", "domain", "objects", "store"]),
    ("numbering", &["api", "casework", "compose", "domain", "objects", "pades", "pki", "seal", "store"]),
    ("register", &["api", "casework", "domain", "store"]),
    ("signing-callback", &["api", "casework", "domain", "objects", "pades", "pki", "remote-signing", "store"]),
    (
        "signing-request",
        &["api", "casework", "compose", "domain", "objects", "pades", "pki", "remote-signing", "store"],
    ),
    ("verification", &["api", "casework", "compose", "domain", "objects", "pades", "pki", "seal", "store", "web"]),
    // infra: the program mounts everything; the simulator (decision 35) and the connector, which stand elsewhere, nothing
    ("hsm-connector", &[]),
    ("local", &["api", "casework", "domain", "pades", "pki", "store", "objects"]),
    ("simpki", &[]),
    ("xtask", &[]),
    ("testkit", &["casework", "compose", "domain", "pades", "pdf", "pki"]),
    ("tests", &[]),
];

/// The program mounts every function and the local cloud; only test packages may not be in it.
const PROGRAM: &str = "ctdt";
const NOT_IN_THE_PROGRAM: &[&str] = &["testkit", "tests", "xtask"];

/// Foreign package → packages of ours that may name it as a normal dependency.
const OUTSIDE: &[(&str, &[&str])] = &[
    ("aws-sdk-dynamodb", &["local", "store"]),
    ("aws-sdk-kms", &["local", "seal"]),
    ("aws-sdk-s3", &["local", "objects"]),
    ("aws-sdk-sesv2", &["local", "mail"]),
    ("lambda_http", &["api"]),
    ("lambda_runtime", &["api"]),
    ("reqwest", &["ctdt", "directory", "local", "remote-signing", "simpki", "trust-services", "xtask"]),
    ("axum", &["ctdt", "hsm-connector", "local", "simpki"]),
    // the one way to a key in a token, and it is in no function
    ("cryptoki", &["hsm-connector"]),
    ("maud", &["simpki", "web"]),
    ("lopdf", &["compose"]),
];

/// Cores that know no AWS, HTTP, clock, chance or runtime.
pub(crate) const PURE: &[&str] = &["casework", "compose", "domain", "pades", "pdf", "pki", "web"];
/// What no core may link, even through others.
const IMPURE: &[&str] =
    &["aws-config", "aws-sdk-", "axum", "hyper", "lambda_", "reqwest", "tokio", "tracing-subscriber"];
/// Who may name tokio: functions (their main), what runs servers, and `trust-services`, which resolves a host name itself so
/// that the address it checked is the address it connects to; and `objects`, where a judge that waits for the parts of a file sits on a
/// thread of its own.
const RUNTIME: &[&str] = &["ctdt", "hsm-connector", "local", "objects", "simpki", "trust-services", "xtask"];

/// Function → what must not be linked into it, whatever the way.
const NEVER_LINKED: &[(&str, &[&str])] = &[
    // public, with a key for records alone (0012): no way out, nothing that sends
    ("verification", &["aws-sdk-sesv2", "directory", "mail", "remote-signing", "reqwest", "trust-services"]),
    // the holder of the agencies' keys has no egress (decision 11)
    ("numbering", &["aws-sdk-sesv2", "directory", "mail", "remote-signing", "reqwest", "trust-services"]),
    // the egress holder has no key (decision 11)
    ("augmentation", &["aws-sdk-kms", "seal"]),
    ("console", &["aws-config", "aws-sdk-dynamodb", "aws-sdk-s3", "reqwest", "store"]),
    ("simpki", &["casework", "domain", "pades", "store"]),
    // the holder of an agency's own key asks nobody and knows no document
    ("hsm-connector", &["aws-config", "domain", "pades", "reqwest", "store"]),
];

#[test]
fn arrows_point_inwards() {
    let ours: BTreeSet<&str> = workspace().ours().map(|package| package.name.as_str()).collect();
    let mut findings = Vec::new();
    for package in workspace().ours() {
        let used = package.normal.iter().map(String::as_str).filter(|name| ours.contains(name));
        if package.name == PROGRAM {
            let wrong = used.filter(|name| NOT_IN_THE_PROGRAM.contains(name));
            findings.extend(wrong.map(|name| format!("{PROGRAM} → {name}: tests do not belong into the program")));
            continue;
        }
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == package.name) else {
            findings.push(format!("{} has no row in ARROWS: a new package is architecture", package.name));
            continue;
        };
        let wrong = used.filter(|name| !allowed.contains(name));
        findings.extend(wrong.map(|name| format!("{} → {name}: this arrow is not in the table", package.name)));
    }
    let gone = ARROWS.iter().filter(|(name, _)| !ours.contains(name));
    findings.extend(gone.map(|(name, _)| format!("{name} has a row in ARROWS but no package")));
    no(findings);
}

#[test]
fn tests_stay_away_from_functions_and_adapters() {
    let tests = workspace().ours().find(|package| package.name == "tests").expect("the package `tests`");
    let allowed = ["api", "casework", "compose", "domain", "pades", "pdf", "pki", "testkit"];
    let ours: BTreeSet<&str> = workspace().ours().map(|package| package.name.as_str()).collect();
    let wrong = tests.dev.iter().filter(|name| ours.contains(name.as_str()) && !allowed.contains(&name.as_str()));
    no(wrong.map(|name| format!("tests → {name}: whole-house tests run on cores and testkit")).collect());
}

#[test]
fn the_outside_has_one_door_each() {
    let mut findings = Vec::new();
    for package in workspace().ours() {
        for (foreign, doors) in OUTSIDE {
            if package.normal.contains(*foreign) && !doors.contains(&package.name.as_str()) {
                findings.push(format!("{} → {foreign}: only {} may", package.name, doors.join(", ")));
            }
        }
        let runs = package.folder.starts_with("functions/") || RUNTIME.contains(&package.name.as_str());
        if package.normal.contains("tokio") && !runs {
            findings.push(format!("{} → tokio: only functions and servers have a runtime", package.name));
        }
    }
    no(findings);
}

#[test]
fn cores_link_nothing_impure() {
    let mut findings = Vec::new();
    for core in PURE {
        let linked = workspace().closure(core);
        let wrong = linked.iter().filter(|name| IMPURE.iter().any(|bad| name.starts_with(bad)));
        findings.extend(wrong.map(|name| format!("{core} links {name}")));
    }
    no(findings);
}

#[test]
fn what_is_not_linked_cannot_be_abused() {
    let mut findings = Vec::new();
    for (package, never) in NEVER_LINKED {
        let linked = workspace().closure(package);
        let wrong = never.iter().filter(|name| linked.contains(**name));
        findings.extend(wrong.map(|name| format!("{package} links {name}")));
    }
    let keys = workspace().ours().filter(|p| p.folder.starts_with("functions/"));
    let with_key = keys.filter(|p| workspace().closure(&p.name).contains("aws-sdk-kms")).map(|p| p.name.as_str());
    // Which key is whose: `rights::each_key_has_one_hand`.
    assert_eq!(with_key.collect::<Vec<_>>(), ["numbering", "verification"], "two keys, two holders");
    no(findings);
}

#[test]
fn every_folder_is_a_member_and_has_its_name() {
    let mut findings = Vec::new();
    for above in ["functions", "infra", "shared"] {
        for folder in crate::sources::folders(above) {
            let path = format!("{above}/{folder}");
            if !crate::sources::exists(&format!("{path}/Cargo.toml")) {
                if above != "infra" {
                    findings.push(format!("{path} has no Cargo.toml"));
                }
                continue;
            }
            match workspace().ours().find(|package| package.folder == path) {
                None => findings.push(format!("{path} is no member of the workspace")),
                Some(package) if package.name != folder => findings.push(format!("{path} is called {}", package.name)),
                Some(_) => {}
            }
        }
    }
    no(findings);
}
