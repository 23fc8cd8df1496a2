//! x509-limbo, 208 cases, where the corpora lie beside the project. Left out, aloud, where they do not.
//!
//! The cases are about TLS servers and clients. What is TLS about them (the peer's name, the extended key usage) is
//! checked here; the path, the lists and the demands of RFC 5280 §4 are the crate's. Differences stand with their
//! reasons in `limbo-exceptions.toml`; one that is no difference any more fails the test too.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use pki::crl::Crl;
use pki::path::{Evidence, Inputs, Purpose, build_with, revocation};
use pki::{Certificate, Error, KeyAlgorithm};
use serde_json::Value;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// 2024-06-01, where a case names no instant: the suite's certificates last from 1970 to 2969.
const AT: i64 = 1_717_200_000;
/// An answer must come within this time, in an unoptimised build; most take below 10 ms.
const LONGEST: Duration = Duration::from_secs(5);

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn list<'a>(value: &'a Value, key: &str) -> Vec<&'a str> {
    let list = value[key].as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(Value::as_str).collect()
}

fn read_pem(texts: &[&str]) -> Result<Vec<Certificate>, Error> {
    Ok(texts.iter().map(|text| Certificate::from_pem_many(text)).collect::<Result<Vec<_>, _>>()?.concat())
}

/// What is unreadable is no issuer.
fn read_readable(texts: &[&str]) -> Vec<Certificate> {
    texts.iter().filter_map(|text| Certificate::from_pem_many(text).ok()).flatten().collect()
}

fn der_of(pem: &str) -> Vec<u8> {
    let (_, der) = x509_parser::pem::parse_x509_pem(pem.as_bytes()).expect("PEM");
    der.contents
}

/// The second at which a case is judged; fractions are cut, as X.509 knows none (RFC 5280 §4.1.2.5).
fn instant(case: &Value) -> i64 {
    let Some(given) = case["validation_time"].as_str() else { return AT };
    let (date, time) = given.split_once('T').expect("a date and a time");
    let time = time.split_once('+').map_or(time, |(time, _)| time);
    let clock = time.split_once('.').map_or(time, |(clock, _)| clock);
    let numbers =
        |text: &str, by| text.split(by).map(|part: &str| part.parse::<i64>().expect("digits")).collect::<Vec<_>>();
    let ([year, month, day], [hour, minute, second]) = (&numbers(date, '-')[..], &numbers(clock, ':')[..]) else {
        panic!("{given}")
    };
    let years = (1970..*year).map(|year| 365 + i64::from(is_leap(year))).sum::<i64>();
    let lengths = [31, 28 + i64::from(is_leap(*year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let months = lengths.iter().take(usize::try_from(*month - 1).expect("a month")).sum::<i64>();
    (years + months + day - 1) * 86_400 + hour * 3_600 + minute * 60 + second
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Whether the case is as its file expects. `Err` says what refused it.
fn judge(case: &Value) -> Result<(), String> {
    let plain = |error: Error| error.to_string();
    let peer = text(case, "peer_certificate");
    let leaf = read_pem(&[peer]).map_err(plain)?.pop().ok_or("no leaf")?;
    let anchors = read_readable(&list(case, "trusted_certs"));
    let pool = read_readable(&list(case, "untrusted_intermediates"));
    let inputs = Inputs {
        max_intermediates: case["max_chain_depth"].as_u64().and_then(|depth| usize::try_from(depth).ok()),
        conforming: true,
        ..Inputs::default()
    };
    let at = instant(case);
    let report = build_with(&leaf, &pool, &anchors, at, Purpose::Any, &inputs);
    if !report.is_trusted() {
        return Err(format!("{:?}", report.outcome));
    }
    if !report.weak.is_empty() {
        return Err(format!("{:?}", report.weak));
    }
    check_key(&leaf.key_algorithm())?;
    check_peer(case, &der_of(peer))?;
    let lists = list(case, "crls");
    if lists.is_empty() {
        return Ok(());
    }
    let crls: Vec<Vec<u8>> = lists.iter().map(|pem| der_of(pem)).collect();
    for crl in &crls {
        Crl::parse(crl).and_then(|crl| crl.check_conforming()).map_err(plain)?;
    }
    let evidence = Evidence { certificates: pool, ocsps: Vec::new(), crls };
    let found = revocation(&report.chain, &evidence, at);
    if found.is_good() { Ok(()) } else { Err(format!("{:?} {:?}", found.status, found.refused)) }
}

/// A key that nothing would be believed on.
fn check_key(key: &KeyAlgorithm) -> Result<(), String> {
    match key {
        KeyAlgorithm::Rsa { bits } if *bits < 2048 => Err(format!("RSA of {bits} bits")),
        KeyAlgorithm::Other(oid) => Err(format!("a key of kind {oid}")),
        _ => Ok(()),
    }
}

/// What a TLS stack asks beyond the path: a name that was asked for, and a usage for its side.
fn check_peer(case: &Value, der: &[u8]) -> Result<(), String> {
    let (_, leaf) = X509Certificate::from_der(der).map_err(|error| error.to_string())?;
    let server = text(case, "validation_kind") == "SERVER";
    if let Ok(Some(usage)) = leaf.extended_key_usage() {
        let fits = if server { usage.value.server_auth } else { usage.value.client_auth };
        if !fits && !usage.value.any {
            return Err("extended key usage".to_owned());
        }
    }
    let name = &case["expected_peer_name"];
    if !server || name.is_null() {
        return Ok(());
    }
    let names = leaf.subject_alternative_name().map_err(|error| error.to_string())?;
    let names = names.map(|names| names.value.general_names.clone()).unwrap_or_default();
    let wanted = text(name, "value");
    let matches = names.iter().any(|name| match name {
        GeneralName::DNSName(pattern) => wanted.parse::<IpAddr>().is_err() && host_matches(pattern, wanted),
        GeneralName::IPAddress(octets) => wanted.parse::<IpAddr>().is_ok_and(|wanted| match wanted {
            IpAddr::V4(wanted) => *octets == wanted.octets(),
            IpAddr::V6(wanted) => *octets == wanted.octets(),
        }),
        _ => false,
    });
    if matches { Ok(()) } else { Err("another name".to_owned()) }
}

/// RFC 9525 §6.3: a wildcard is the whole first label, stands for one label, and has two labels after it.
fn host_matches(pattern: &str, host: &str) -> bool {
    let (pattern, host) = (pattern.to_ascii_lowercase(), host.to_ascii_lowercase());
    match pattern.strip_prefix("*.") {
        Some(rest) => rest.contains('.') && host.split_once('.').is_some_and(|(_, above)| above == rest),
        None => pattern == host,
    }
}

fn exceptions() -> BTreeMap<String, String> {
    let pair = |line: &str| {
        let (name, reason) = line.strip_prefix('"')?.split_once("\" = \"")?;
        Some((name.to_owned(), reason.strip_suffix('"')?.to_owned()))
    };
    include_str!("limbo-exceptions.toml").lines().filter_map(pair).collect()
}

/// Paths, constraints and lists as x509-limbo judges them, each within bounded time.
#[test]
fn paths_are_judged_as_limbo_says() {
    let part = "certs/limbo-nobettertls.json";
    let Some(folder) = crate::beside::corpora(part, "paths were not compared with x509-limbo") else { return };
    let json = std::fs::read_to_string(folder.join(part)).expect("a readable suite");
    let suite: Value = serde_json::from_str(&json).expect("JSON");
    let cases = suite["testcases"].as_array().expect("cases");
    let exceptions = exceptions();
    let mut wrong = Vec::new();
    for case in cases {
        let id = text(case, "id");
        let expected = text(case, "expected_result") == "SUCCESS";
        let begun = Instant::now();
        let found = judge(case);
        let took = begun.elapsed();
        if took > LONGEST {
            wrong.push(format!("{id}: took {took:?}"));
        }
        match (found.is_ok() == expected, exceptions.get(id)) {
            (false, None) => wrong.push(format!("{id} {}: {found:?}", case["features"])),
            (true, Some(reason)) => wrong.push(format!("{id}: agrees now, is no exception: {reason}")),
            _ => {}
        }
    }
    assert_eq!(cases.len(), 208);
    println!("x509-limbo: {} of {} as the suite says", cases.len() - wrong.len() - exceptions.len(), cases.len());
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}
