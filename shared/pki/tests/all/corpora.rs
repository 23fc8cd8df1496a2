//! NIST PKITS, 246 cases, where the corpora lie beside the project. Left out, aloud, where they do not.
//!
//! Differences stand with their reasons in `exceptions.toml`; one that is no difference any more fails the test too.

use std::collections::BTreeMap;
use std::path::Path;

use pki::Certificate;
use pki::path::{Evidence, Inputs, Purpose, RevocationStatus, build_with, revocation};
use serde_json::Value;

use crate::beside::corpora;

/// 2020-01-01, inside the validity of the suite's certificates (2010 to 2030).
const AT: i64 = 1_577_836_800;
const ANCHOR: &str = "TrustAnchorRootCertificate.crt";
const ANCHOR_CRL: &str = "TrustAnchorRootCRL.crl";

/// `"name" = "reason"` per line; everything else is a comment.
fn exceptions() -> BTreeMap<String, String> {
    let pair = |line: &str| {
        let (name, reason) = line.strip_prefix('"')?.split_once("\" = \"")?;
        Some((name.to_owned(), reason.strip_suffix('"')?.to_owned()))
    };
    include_str!("exceptions.toml").lines().filter_map(pair).collect()
}

fn names(case: &Value, key: &str) -> Vec<String> {
    let list = case.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The initial values of RFC 5280 §6.1.1 that a case asks for.
fn inputs(case: &Value) -> Inputs {
    let params = &case["params"];
    let flag = |key: &str| params.get(key).and_then(Value::as_bool).unwrap_or(false);
    Inputs {
        policies: names(params, "user_initial_policy_set"),
        explicit_policy: flag("initial_explicit_policy"),
        inhibit_policy_mapping: flag("initial_policy_mapping_inhibit"),
        inhibit_any_policy: flag("initial_any_policy_inhibit"),
        ..Inputs::default()
    }
}

/// Whether the path is valid and, where the case asks, nothing on it is revoked or unknown. Err: an X.509 certificate cannot be read.
fn holds(folder: &Path, case: &Value) -> Result<bool, pki::Error> {
    let read = |kind: &str, name: &str| std::fs::read(folder.join(kind).join(name)).expect("a file of the suite");
    let leaf = Certificate::from_der(&read("certs", case["cert"].as_str().expect("a leaf")))?;
    let others = names(case, "other_certs");
    let pool = others.iter().map(|name| Certificate::from_der(&read("certs", name))).collect::<Result<Vec<_>, _>>()?;
    let anchors = [Certificate::from_der(&read("certs", ANCHOR))?];
    let path = build_with(&leaf, &pool, &anchors, AT, Purpose::Any, &inputs(case));
    if !path.is_trusted() || case.get("revocation") == Some(&Value::Bool(false)) {
        return Ok(path.is_trusted());
    }
    let mut crls: Vec<Vec<u8>> = names(case, "crls").iter().map(|name| read("crls", name)).collect();
    crls.push(read("crls", ANCHOR_CRL));
    let evidence = Evidence { certificates: pool, ocsps: Vec::new(), crls };
    let found = revocation(&path.chain, &evidence, AT);
    // Whoever is told that nothing is known must be able to see why, where a list was given.
    if matches!(found.status, RevocationStatus::Unknown { .. }) && !names(case, "crls").is_empty() {
        println!("{}: {:?}", case["name"], found.refused);
    }
    Ok(found.is_good())
}

/// RFC 5280 §6 as NIST tests it.
#[test]
fn paths_are_judged_as_nist_says() {
    let Some(folder) = corpora("certs/nist-pkits/pkits.json", "paths were not compared with NIST PKITS") else {
        return;
    };
    let folder = folder.join("certs/nist-pkits");
    let text = std::fs::read_to_string(folder.join("pkits.json")).expect("a list of cases");
    let cases: Vec<Value> = serde_json::from_str(&text).expect("JSON");
    let exceptions = exceptions();
    let mut wrong = Vec::new();
    for case in &cases {
        let name = case["name"].as_str().expect("a name");
        let expected = case.get("error").is_none();
        let found = holds(&folder, case);
        let agrees = matches!(found, Ok(found) if found == expected) || (found.is_err() && !expected);
        match (agrees, exceptions.get(name)) {
            (false, None) => wrong.push(format!("{name}: expected {expected}, found {found:?}")),
            (true, Some(reason)) => wrong.push(format!("{name}: agrees now, is no exception: {reason}")),
            _ => {}
        }
    }
    assert_eq!(cases.len(), 246);
    println!("NIST PKITS: {} of {} as NIST says", cases.len() - wrong.len() - exceptions.len(), cases.len());
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}
