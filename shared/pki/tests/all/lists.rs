//! CRLs that say only a part, or are signed by somebody else (RFC 5280 §5.2, §6.3.3): each put together, and each abused once.

use pki::Error;
use pki::issue::{CertificateSpec, CrlSpec, KeyUsage, RevokedEntry, crl};
use pki::ocsp::CertStatus;
use pki::path::{Evidence, EvidenceItem, Revocation, RevocationStatus, revocation};

use crate::pki::{DAY, Holder, Key, NOW, Pki, ca_spec, issue, signer_spec};
use crate::revocation::ocsp_by;

const HOLD: u8 = 6;
const REMOVED: u8 = 8;

type Extra = (String, bool, Vec<u8>);

fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = u8::try_from(content.len()).expect("short");
    let head = if length < 0x80 { vec![tag, length] } else { vec![tag, 0x81, length] };
    [head, content].concat()
}

/// issuingDistributionPoint.
fn scope(fields: &[&[u8]]) -> Extra {
    ("2.5.29.28".to_owned(), true, tlv(0x30, fields))
}

fn point(url: &str) -> Vec<u8> {
    tlv(0xa0, &[&tlv(0xa0, &[&tlv(0x86, &[url.as_bytes()])])])
}

/// deltaCRLIndicator.
fn base(number: u8) -> Extra {
    ("2.5.29.27".to_owned(), true, vec![2, 1, number])
}

fn entry(holder: &Holder, at: i64, reason: u8) -> RevokedEntry {
    RevokedEntry { serial: holder.cert.serial(), at, reason: Some(reason) }
}

fn list(signer: &Holder, at: i64, number: u64, revoked: Vec<RevokedEntry>, extra: Vec<Extra>) -> Vec<u8> {
    let spec = CrlSpec { this_update: at, next_update: Some(at + DAY), number, revoked, extra_extensions: extra };
    crl(&spec, &signer.cert, signer.key.algorithm(), &|tbs| signer.key.sign(tbs)).expect("a CRL")
}

/// Of the leaf alone: the CA stands last, as if it were the anchor.
fn of_leaf(leaf: &Holder, anchor: &Holder, crls: Vec<Vec<u8>>, pool: &[&Holder]) -> Revocation {
    let certificates = pool.iter().map(|holder| holder.cert.clone()).collect();
    let chain = [leaf.cert.clone(), anchor.cert.clone()];
    revocation(&chain, &Evidence { certificates, ocsps: Vec::new(), crls }, NOW + 60)
}

fn is_revoked(found: &Revocation) -> bool {
    matches!(found.status, RevocationStatus::Revoked { .. })
}

/// A delta revokes, lifts a hold, and says nothing without the list that it continues.
#[test]
fn deltas_continue_a_complete_list() {
    let pki = Pki::new();
    let judge = |crls: Vec<Vec<u8>>| of_leaf(&pki.leader, &pki.ca, crls, &[]);
    let complete = || list(&pki.ca, NOW - 60, 5, vec![], vec![]);
    let delta = |base_number, number, entries| list(&pki.ca, NOW, number, entries, vec![base(base_number)]);
    let quiet = judge(vec![complete(), delta(5, 6, vec![])]);
    assert!(quiet.is_good());
    assert!(is_revoked(&judge(vec![complete(), delta(5, 6, vec![entry(&pki.leader, NOW, 1)])])));
    let alone = judge(vec![delta(5, 6, vec![])]);
    assert!(matches!(alone.status, RevocationStatus::Unknown { .. }));
    let held = || list(&pki.ca, NOW - 60, 5, vec![entry(&pki.leader, NOW - DAY, HOLD)], vec![]);
    let lifted = judge(vec![held(), delta(4, 6, vec![entry(&pki.leader, NOW, REMOVED)])]);
    assert!(lifted.is_good());
    assert_eq!(lifted.used, [EvidenceItem::Crl(0), EvidenceItem::Crl(1)]);
    // Made for a later base, made before the list, of another scope, or by another key: no continuation.
    let wrong = [
        delta(6, 7, vec![entry(&pki.leader, NOW, REMOVED)]),
        delta(3, 4, vec![entry(&pki.leader, NOW, REMOVED)]),
        list(&pki.ca, NOW, 6, vec![entry(&pki.leader, NOW, REMOVED)], vec![base(5), scope(&[&[0x81, 1, 0xff]])]),
        list(&Pki::new().ca, NOW, 6, vec![entry(&pki.leader, NOW, REMOVED)], vec![base(5)]),
    ];
    for delta in wrong {
        assert!(is_revoked(&judge(vec![held(), delta])));
    }
    // Signed by another key in the name, and with the key identifier, of the issuer.
    let lift = vec![entry(&pki.leader, NOW, REMOVED)];
    let spec =
        CrlSpec { this_update: NOW, next_update: None, number: 6, revoked: lift, extra_extensions: vec![base(5)] };
    let stranger = Key::ec();
    let forged = crl(&spec, &pki.ca.cert, stranger.algorithm(), &|tbs| stranger.sign(tbs)).expect("a CRL");
    assert!(is_revoked(&judge(vec![held(), forged])));
}

/// Lists for a part count for that part; "good" needs all reasons.
#[test]
fn parts_make_a_whole() {
    let pki = Pki::new();
    let judge = |crls: Vec<Vec<u8>>| of_leaf(&pki.leader, &pki.ca, crls, &[]);
    let here = point("http://127.0.0.1:9/ca.crl");
    let with = |fields: &[&[u8]], entries| list(&pki.ca, NOW, 5, entries, vec![scope(fields)]);
    assert!(judge(vec![with(&[&here], vec![])]).is_good());
    let elsewhere = judge(vec![with(&[&point("http://127.0.0.1:9/other.crl")], vec![])]);
    assert!(!elsewhere.is_good());
    assert_eq!(elsewhere.refused, [(EvidenceItem::Crl(0), Error::CrlScope { what: "other distribution point" })]);
    // keyCompromise and cACompromise; then the rest.
    let (first, rest): (&[u8], &[u8]) = (&[0x83, 2, 5, 0x60], &[0x83, 3, 7, 0x1f, 0x80]);
    assert!(!judge(vec![with(&[&here, first], vec![])]).is_good());
    let both = judge(vec![with(&[&here, first], vec![]), with(&[&here, rest], vec![])]);
    assert!(both.is_good());
    assert_eq!(both.used.len(), 2);
    let revoked = judge(vec![with(&[&here, first], vec![entry(&pki.leader, NOW, 1)])]);
    assert!(is_revoked(&revoked), "a revocation needs no other reason");
}

/// After a change of keys the list is signed with the new one; its holder needs a path to the same anchor and cRLSign.
#[test]
fn another_key_of_the_issuer_may_sign() {
    let pki = Pki::new();
    let chain = [pki.leader.cert.clone(), pki.ca.cert.clone(), pki.root.cert.clone()];
    let name = "CA phục vụ cơ quan Nhà nước";
    let root_list = |revoked| list(&pki.root, NOW, 1, revoked, vec![]);
    let judge = |signer: &Holder, root: Vec<u8>| {
        let crls = vec![list(signer, NOW, 5, vec![], vec![]), root];
        let certificates = vec![signer.cert.clone()];
        revocation(&chain, &Evidence { certificates, ocsps: Vec::new(), crls }, NOW + 60)
    };
    let key = Key::ec();
    let next = issue(&ca_spec(name, 77, &key), Some(&pki.root), key);
    let found = judge(&next, root_list(vec![]));
    assert!(found.is_good());
    assert_eq!(found.responders, std::slice::from_ref(&next.cert), "a DSS must hold it");
    assert!(!judge(&next, root_list(vec![entry(&next, NOW - DAY, 1)])).is_good(), "the signer was revoked");
    // Nothing fresh says that the signer stands: what it lists counts, what it does not list does not.
    let old = list(&pki.root, NOW - 10 * DAY, 1, vec![], vec![]);
    let unknown = judge(&next, old.clone());
    let what = "whether the signer of the CRL was revoked is not known";
    assert!(unknown.refused.contains(&(EvidenceItem::Crl(0), Error::NotAnIssuer { what })));
    // Nor where only the signer is in doubt.
    let ocsps = vec![ocsp_by(&pki.root, false, &pki.ca, &pki.root, CertStatus::Good, NOW)];
    let crls = vec![list(&next, NOW, 5, vec![], vec![])];
    let doubtful = revocation(&chain, &Evidence { certificates: vec![next.cert.clone()], ocsps, crls }, NOW + 60);
    assert_eq!(doubtful.status, RevocationStatus::Unknown { missing: vec![pki.leader.cert.clone()] });
    let of_next = list(&next, NOW, 5, vec![entry(&pki.leader, NOW, 1)], vec![]);
    let evidence = Evidence { certificates: vec![next.cert.clone()], ocsps: Vec::new(), crls: vec![of_next, old] };
    assert!(is_revoked(&revocation(&chain, &evidence, NOW + 60)));
    let key = Key::ec();
    let stranger = issue(&ca_spec(name, 78, &key), None, key);
    assert!(!judge(&stranger, root_list(vec![])).is_good(), "a namesake under no anchor");
    let key = Key::ec();
    let spec = CertificateSpec { key_usage: vec![KeyUsage::KeyCertSign], ..ca_spec(name, 79, &key) };
    let without = issue(&spec, Some(&pki.root), key);
    assert!(!judge(&without, root_list(vec![])).is_good(), "no cRLSign");
    let key = Key::ec();
    let expired = CertificateSpec { not_after: NOW - DAY, ..ca_spec(name, 80, &key) };
    assert!(!judge(&issue(&expired, Some(&pki.root), key), root_list(vec![])).is_good(), "expired");
}

/// Another authority may sign if the certificate names it and the list says that it is indirect; entries name their issuers.
#[test]
fn another_authority_may_sign() {
    let pki = Pki::new();
    let key = Key::ec();
    let authority = issue(&ca_spec("Cơ quan công bố CRL", 90, &key), Some(&pki.root), key);
    let points = tlv(0x30, &[&tlv(0x30, &[&tlv(0xa2, &[&tlv(0xa4, &[&subject(&authority)])])])]);
    let key = Key::ec();
    let spec = CertificateSpec {
        crl_urls: vec![],
        extra_extensions: vec![("2.5.29.31".to_owned(), false, points)],
        ..signer_spec("Nguyễn Văn Khác", 91, &key)
    };
    let leaf = issue(&spec, Some(&pki.ca), key);
    let chain = [leaf.cert.clone(), pki.ca.cert.clone(), pki.root.cert.clone()];
    let judge = |crl: Vec<u8>| {
        let crls = vec![crl, list(&pki.root, NOW, 1, vec![], vec![])];
        let certificates = vec![authority.cert.clone()];
        revocation(&chain, &Evidence { certificates, ocsps: Vec::new(), crls }, NOW + 60)
    };
    let indirect = || vec![scope(&[&[0x84, 1, 0xff]])];
    assert!(judge(list(&authority, NOW, 5, vec![], indirect())).is_good());
    assert!(!judge(list(&authority, NOW, 5, vec![], vec![])).is_good(), "not indirect");
    // Without certificateIssuer an entry is about the authority's own serial numbers (§5.3.3).
    assert!(judge(list(&authority, NOW, 5, vec![entry(&leaf, NOW, 1)], indirect())).is_good());
    let other = [pki.seal.cert.clone(), pki.ca.cert.clone(), pki.root.cert.clone()];
    let crls = vec![list(&authority, NOW, 5, vec![], indirect()), list(&pki.root, NOW, 1, vec![], vec![])];
    let evidence = Evidence { certificates: vec![authority.cert.clone()], ocsps: Vec::new(), crls };
    assert!(!revocation(&other, &evidence, NOW + 60).is_good(), "the seal names no such authority");
}

/// DER of the subject: the issuer of a CRL stands in it as octets.
fn subject(holder: &Holder) -> Vec<u8> {
    let (_, read) = x509_parser::parse_x509_certificate(holder.cert.der()).expect("readable");
    read.subject().as_raw().to_vec()
}
