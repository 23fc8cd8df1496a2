//! The signed record of a verification: what it is to a judge, that it comes out the same again, and what stops it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use casework::record::{Signer, signed};
use domain::ports::{Evidence, Fault, ReportKey, TrustServices};
use jiff::{SignedDuration, Timestamp};
use pades::{Policy, Profile, Report, ReportKind, Verdict};
use serde_json::{Value, json};
use testkit::*;

const PLACE: &str = "trust/report-signer.pem";

/// The key of an identity; `None` is silent.
struct Hand(Option<&'static Identity>);

impl ReportKey for Hand {
    async fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Fault> {
        let who = self.0.ok_or_else(|| Fault("no answer".into()))?;
        let sha256 = pki::digest(pki::DigestAlgorithm::Sha256, &[message]).try_into().expect("32 octets");
        Ok(who.key.sign(&sha256, 1))
    }
}

/// The service signs with the agency's certificate here; what matters is that it is one of our tree.
fn service() -> &'static Identity {
    &trees().ours.agency
}

/// Chain and lists as the operator puts them.
fn pem(world: &World) -> String {
    let chain = service().chain.iter().filter(|one| !one.is_self_signed()).map(pki::Certificate::to_pem);
    let list = |who: &Identity| {
        let url = format!("http://crl.{}.test/", who.leaf().common_name().expect("a name").to_lowercase());
        let der = run(world.fetch(Evidence::Crl, &url, None)).expect("a list");
        format!("-----BEGIN X509 CRL-----\n{}\n-----END X509 CRL-----\n", STANDARD.encode(der))
    };
    chain.chain([&trees().ours.ca, &trees().ours.root].map(list)).collect()
}

fn signer(pem: String) -> Result<Signer, Fault> {
    let world = office();
    signer_in(&world, pem, world.now())
}

fn signer_in(world: &World, pem: String, now: Timestamp) -> Result<Signer, Fault> {
    world.put_object(PLACE, pem.into_bytes());
    run(Signer::load(world, PLACE, now))
}

fn report() -> Value {
    json!({"id": "vrf_1", "file": "a.pdf", "verdict": "valid", "verdict_text": "HỢP LỆ", "verdict_text_en": "VALID",
           "kind": "certified_copy", "sha256": "ab".repeat(32), "size": 7, "checked_at": "2026-11-23T15:05:31+07:00",
           "policy": {"trust_list": 7}})
}

fn judged(world: &World, file: &[u8]) -> Report {
    let (anchors, extra) = (trees().anchors(), pki::path::Evidence::default());
    let at = world.now().as_second();
    let policy =
        Policy { anchors: &anchors, at, profile: Profile::Auto, extra: &extra, register: None, test_anchors: true };
    pades::judge(file, "bien-ban.pdf", &policy)
}

#[test]
fn a_signed_record_is_a_valid_signed_pdf_and_no_copy() {
    let world = office();
    let signer = signer(pem(&world)).expect("a signer");
    let file = run(signed(&Hand(Some(service())), &signer, &report(), world.now())).expect("a record");
    let found = judged(&world, &file);
    assert_eq!((found.verdict, found.kind), (Verdict::Valid, ReportKind::SignedPdf), "{}", found.to_json());
    let [signature] = found.signatures.as_slice() else { panic!("one signature") };
    assert_eq!(signature.field, compose::REPORT_FIELD);
    // what was signed is of one piece: a page that is changed is found out
    let at = file.windows(7).position(|bytes| bytes == b"/Annots").expect("a page");
    let changed: Vec<u8> = file.iter().enumerate().map(|(n, byte)| if n == at + 1 { b'B' } else { *byte }).collect();
    assert_eq!(judged(&world, &changed).verdict, Verdict::Invalid);
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    let world = office();
    let at = world.now();
    let made = |signer: &Signer, report: &Value| run(signed(&Hand(Some(service())), signer, report, at));
    let first = signer(pem(&world)).expect("a signer");
    let once = made(&first, &report()).expect("a record");
    assert_eq!(once, made(&first, &report()).expect("a record"));
    // newer lists are another end, and nothing but that
    let bare = pem(&world).split("-----BEGIN X509 CRL-----").next().map(str::to_owned).expect("the chain");
    let bare = made(&signer(bare).expect("a signer"), &report()).expect("a record");
    assert!(bare.len() < once.len() && once.starts_with(&bare));
    assert_eq!(judged(&world, &bare).verdict, Verdict::Indeterminate, "nothing is said about a revocation");
    let mut other = report();
    other["verdict"] = json!("invalid");
    assert!(!made(&first, &other).expect("a record").starts_with(&bare));
}

/// A certificate that was issued after the fact signs at its own beginning.
#[test]
fn no_signature_claims_a_time_before_its_certificate() {
    let world = office();
    let signer = signer(pem(&world)).expect("a signer");
    let early = Timestamp::from_second(service().leaf().not_before() - 86_400).expect("a time");
    let file = run(signed(&Hand(Some(service())), &signer, &report(), early)).expect("a record");
    let begun = Timestamp::from_second(service().leaf().not_before()).expect("a time");
    let claimed = judged(&world, &file).signatures[0].signed_at.clone().expect("a time");
    assert_eq!(claimed, domain::time::rfc3339(begun));
}

#[test]
fn what_is_wrong_leaves_no_record() {
    let world = office();
    let good = signer(pem(&world)).expect("a signer");
    let made = |hand: Hand| run(signed(&hand, &good, &report(), world.now()));
    assert!(made(Hand(None)).is_err(), "silence");
    assert!(made(Hand(Some(&trees().strangers.agency))).is_err(), "another key");
    assert!(run(signed(&Hand(Some(service())), &good, &json!({}), world.now())).is_err(), "no verdict");
    assert!(run(Signer::load(&office(), PLACE, world.now())).is_err(), "no certificate");
    let empty = office();
    empty.put_object(PLACE, b"-----BEGIN X509 CRL-----".to_vec());
    assert!(run(Signer::load(&empty, PLACE, world.now())).is_err(), "no chain");
    let revoked = office();
    revoked.revoke(service());
    let lists = pem(&revoked);
    assert!(signer_in(&office(), lists.clone(), revoked.now()).is_err(), "revoked");
    let year = revoked.now().saturating_add(SignedDuration::from_hours(300 * 24)).expect("a time");
    assert!(signer_in(&office(), lists, year).is_err(), "revoked, says a list that has ended");
    assert!(good.is_overdue(year) && !good.is_overdue(world.now()));
    let end = Timestamp::from_second(service().leaf().not_after()).expect("a time");
    let late = end.saturating_add(SignedDuration::from_hours(1)).expect("a time");
    world.put_object(PLACE, pem(&world).into_bytes());
    assert!(run(Signer::load(&world, PLACE, late)).is_err(), "the certificate has ended");
}
