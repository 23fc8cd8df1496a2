//! The trees hold together, and a second start finds what the first one made.

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use pki::path::{Outcome, Purpose, build};
use pki::trustlist::{Accepted, Rejected, Rules, Standing, accept, open};
use pki::{Certificate, KeyAlgorithm};

use super::{Ca, TestPki, YEAR};

const NOW: i64 = 1_795_000_000;
const BASE: &str = "http://127.0.0.1:9";

fn spki() -> Vec<u8> {
    let key = KeyPair::generate(KeySize::Rsa2048).expect("a key");
    let der: PublicKeyX509Der<'_> = key.public_key().as_der().expect("an encoding");
    der.as_ref().to_vec()
}

fn read(chain: &[Vec<u8>]) -> Vec<Certificate> {
    chain.iter().map(|der| Certificate::from_der(der).expect("DER")).collect()
}

fn roots(pki: &TestPki) -> Vec<Certificate> {
    Certificate::from_pem_many(&pki.trust_pem()).expect("PEM")
}

/// Agencies and leaders chain to the government root, others and the TSA to the national root (domain.md §4.2).
#[test]
fn both_trees_are_trusted_under_their_roots() {
    let pki = TestPki::open(None, BASE, NOW).expect("a PKI");
    let anchors = roots(&pki);
    assert_eq!(anchors.len(), 2);
    let (agency, person, citizen) = (spki(), spki(), spki());
    let chains = [
        (pki.agency_chain("UBND xã Thử Nghiệm", "UBND tỉnh Thử Nghiệm", &agency), &agency, Ca::GovernmentRoot),
        (pki.person_chain("Nguyễn Văn Thử", "UBND xã Thử Nghiệm", &person), &person, Ca::GovernmentRoot),
        (pki.public_chain("Trần Thị Thử", "Công ty Thử Nghiệm", &citizen), &citizen, Ca::NationalRoot),
    ];
    for (chain, key, root) in chains {
        let chain = read(&chain.expect("a chain"));
        let leaf = &chain[0];
        assert_eq!(leaf.spki_der(), *key);
        assert!(leaf.allows_digital_signature_or_non_repudiation());
        let report = build(leaf, &chain, &anchors, NOW, Purpose::Signing);
        assert_eq!(report.outcome, Outcome::Trusted);
        assert_eq!(report.chain.last(), Some(&pki.authority(root).expect("a root")));
        assert!(report.weak.is_empty());
        let late = build(leaf, &chain, &anchors, NOW + 4 * YEAR, Purpose::Signing);
        assert!(matches!(late.outcome, Outcome::Invalid { .. }), "expired: {:?}", late.outcome);
        let government = [pki.authority(Ca::GovernmentRoot).expect("a root")];
        assert_eq!(build(leaf, &chain, &government, NOW, Purpose::Signing).is_trusted(), root == Ca::GovernmentRoot);
    }
    let tsa = pki.tsa_certificate();
    assert!(tsa.has_timestamping_eku_only_critical());
    let pool = [pki.authority(Ca::Public).expect("a CA")];
    assert!(build(&tsa, &pool, &anchors, NOW, Purpose::Timestamping).is_trusted());
}

/// The trust list of the sandbox: both trees with their services, signed with the pinned key, and never for a live stack (R62).
#[test]
fn the_trust_list_is_signed_and_for_tests_only() {
    let pki = TestPki::open(None, BASE, NOW).expect("a PKI");
    let pin: [u8; 32] = hex::decode(pki.trust_list_pin()).expect("hex").try_into().expect("32 octets");
    let file = pki.trust_list().expect("a list");
    let rules = Rules { pins: &[pin], production: false, now: NOW };
    let list = open(&file, &rules).expect("a good list");
    assert_eq!(list.anchors(), roots(&pki));
    let chain = read(&pki.agency_chain("UBND xã Thử Nghiệm", "UBND tỉnh Thử Nghiệm", &spki()).expect("a chain"));
    let path = build(&chain[0], &chain, &list.anchors(), NOW, Purpose::Signing).chain;
    assert!(matches!(list.standing(&path, Purpose::Signing, NOW), Standing::Granted(_)));
    let path = build(&pki.tsa_certificate(), &list.issuers(), &list.anchors(), NOW, Purpose::Timestamping).chain;
    assert!(matches!(list.standing(&path, Purpose::Timestamping, NOW), Standing::Granted(_)));
    assert!(matches!(open(&file, &Rules { production: true, ..rules }), Err(Rejected::Test(_))));
    let again = pki.trust_list().expect("a list");
    assert_eq!(accept(&again, Some(&list), &rules), Ok(Accepted::Same), "a restart changes nothing");
}

/// Names are Vietnamese and keep their marks; the leaf names its responders.
#[test]
fn a_leaf_says_who_it_is_and_where_to_ask() {
    let pki = TestPki::open(None, BASE, NOW).expect("a PKI");
    let key = spki();
    let leaf = &read(&pki.agency_chain("UBND xã Thử Nghiệm", "UBND tỉnh Thử Nghiệm", &key).expect("a chain"))[0];
    assert_eq!(leaf.common_name().as_deref(), Some("UBND xã Thử Nghiệm"));
    assert_eq!(leaf.organisation().as_deref(), Some("UBND tỉnh Thử Nghiệm"));
    assert_eq!(leaf.ocsp_urls(), ["http://127.0.0.1:9/ocsp/government"]);
    assert_eq!(leaf.crl_urls(), ["http://127.0.0.1:9/crl/government.crl"]);
    assert_eq!(leaf.issuer_urls(), ["http://127.0.0.1:9/aia/government.cer"]);
    assert!(pki.trust_pem().matches("BEGIN CERTIFICATE").count() == 2);
    for root in roots(&pki) {
        assert!(root.subject().contains("CTDT Test"), "{}", root.subject());
        assert!(matches!(root.key_algorithm(), KeyAlgorithm::Rsa { bits: 2048 } | KeyAlgorithm::P256));
    }
}

/// The same key gets the same certificate, also after a restart; another address is refused, for it stands inside.
#[test]
fn a_second_start_finds_everything() {
    let folder = tempfile::tempdir().expect("a folder");
    let key = spki();
    let (pem, chain, serial) = {
        let pki = TestPki::open(Some(folder.path()), BASE, NOW).expect("a PKI");
        let chain = pki.agency_chain("Đơn vị A", "Tỉnh A", &key).expect("a chain");
        assert_eq!(pki.agency_chain("Đơn vị A", "Tỉnh A", &key).expect("a chain"), chain);
        let serial = read(&chain)[0].serial_hex();
        assert!(pki.revoke(&serial, NOW + 5, Some(4)).expect("written"));
        assert!(pki.revoke(&serial, NOW + 9, Some(1)).expect("written"), "known, and nothing changes");
        assert!(!pki.revoke("00ff", NOW, None).expect("nothing to write"));
        (pki.trust_pem(), chain, serial)
    };
    let pki = TestPki::open(Some(folder.path()), BASE, NOW + 1000).expect("a PKI");
    assert_eq!(pki.trust_pem(), pem);
    assert_eq!(pki.agency_chain("Đơn vị A", "Tỉnh A", &key).expect("a chain"), chain);
    let issued = pki.issued().expect("readable");
    assert_eq!(issued.len(), 1);
    assert_eq!((issued[0].serial.as_str(), issued[0].revoked_at), (serial.as_str(), Some(NOW + 5)));
    assert!(TestPki::open(Some(folder.path()), "http://127.0.0.1:10", NOW).is_err());
}
