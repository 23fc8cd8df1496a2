//! What evidence is worth to a judge: lists that say two things, that look back or come too late, or that rest on an algorithm that has ended
//! (ETSI EN 319 102-1 §5.2.5–§5.2.7); time-stamps that name no signer; and several paths, of which the best is told, in any order (R65–R67).

use pades::*;
use pki::Certificate;
use pki::issue::{self, Attribute, CertificateSpec, ExtendedKeyUsage, KeyUsage, SignatureAlgorithm};
use pki::ocsp::CertStatus;
use pki::trustlist::{Kind, Period, Provider, Service, Status, Tree, TrustList};

use crate::common::*;
use crate::past::{DAY, authority, evidence, good, judged, leader_alone, root_crl, stored};
use crate::rewritten::{Row, listed, unbound};

const COMPROMISED: Option<u8> = Some(1);
const SUPERSEDED: Option<u8> = Some(4);
const REMOVED: Option<u8> = Some(8);

/// A leader and an authority directly under the root: one list of the root tells of both.
fn flat() -> Pki {
    let mut pki = Pki::new();
    pki.leader = issue_one(7, &[(Attribute::CommonName, "Trần Thị Mẫu")], Some(&pki.root), |_| {});
    pki.tsa = issue_one(9, &[(Attribute::CommonName, "TSA riêng")], Some(&pki.root), authority);
    pki
}

fn row(who: &Identity, at: i64, reason: Option<u8>) -> Row {
    Row { serial: who.chain[0].serial(), at, reason, invalid_since: None }
}

fn root_rows(pki: &Pki, at: i64, rows: &[Row]) -> Vec<u8> {
    listed(&root_crl(pki, at, &[]), rows, &|tbs| pki.root.key.sign(tbs))
}

/// Verdict, first reason, and the sub-indication of the first signature.
fn told(report: &Report) -> (Verdict, &str, Option<&str>) {
    let first = report.reasons.first().map_or("", |reason| reason.code.as_str());
    (report.verdict, first, report.signatures.first().and_then(|one| one.sub_indication.as_deref()))
}

/// RFC 5280 §5.3, R65: the earliest and gravest of two entries counts, whichever stands first; removeFromCRL in a complete list hides no
/// other entry and makes nobody good.
#[test]
fn r65_a_list_that_says_two_things() {
    let pki = flat();
    let signed = leader_alone(&pki, true, NOW);
    let with = |rows: &[Row]| {
        let report = judged(&pki, &signed, NOW + 3600, &evidence(vec![], vec![root_rows(&pki, NOW + 90, rows)]));
        (report.verdict, report.reasons[0].code.clone())
    };
    let before = (Verdict::Invalid, "certificate-revoked-before".to_owned());
    for late in [row(&pki.leader, NOW + 60, SUPERSEDED), row(&pki.leader, NOW - 40 * DAY, REMOVED)] {
        let early = || row(&pki.leader, NOW - 30 * DAY, COMPROMISED);
        let copy = Row { serial: late.serial.clone(), ..late };
        assert_eq!(with(&[late, early()]), before);
        assert_eq!(with(&[early(), copy]), before);
    }
    let removed = with(&[row(&pki.leader, NOW - 40 * DAY, REMOVED)]);
    assert_eq!(removed, (Verdict::Indeterminate, "revocation-unknown".to_owned()));
    assert_eq!(with(&[row(&pki.leader, NOW + 60, SUPERSEDED)]).0, Verdict::Valid);
}

/// RFC 5280 §5.3.2, R65: revoked after signing, and doubted by its issuer since before: it cannot be told, and the sentence says why. The same
/// of the authority that stamped, and of a CA.
#[test]
fn r65_an_invalidity_date_before_signing() {
    let pki = flat();
    let signed = leader_alone(&pki, true, NOW);
    let doubt = |who: &Identity, since| Row { invalid_since: Some(since), ..row(who, NOW + 60, COMPROMISED) };
    let with =
        |rows: &[Row]| judged(&pki, &signed, NOW + 3600, &evidence(vec![], vec![root_rows(&pki, NOW + 90, rows)]));
    let report = with(&[doubt(&pki.leader, NOW - 30 * DAY)]);
    assert_eq!(told(&report), (Verdict::Indeterminate, "certificate-doubted", Some("REVOKED_NO_POE")));
    assert_eq!(report.reasons[0].params.get("rule").map(String::as_str), Some("RFC 5280 §5.3.2"));
    assert!(report.reasons[0].text.vi.contains("Trần Thị Mẫu"), "{:?}", report.reasons[0]);
    assert!(!codes(&report).contains(&"certificate-revoked-after"), "that would say that it stays valid");
    let report = with(&[doubt(&pki.leader, NOW + 1)]);
    assert_eq!(report.verdict, Verdict::Valid, "{:?}", report.reasons);
    assert!(codes(&report).contains(&"certificate-revoked-after"));
    // Of an authority: what it stamped since is nobody's word, and what it stamped before needs a proof from before.
    for since in [NOW - DAY, NOW + 30] {
        let report = with(&[doubt(&pki.tsa, since)]);
        assert!(codes(&report).contains(&"tsa-revoked"), "{:?}", report.reasons);
        assert_eq!(report.signatures[0].time_source, TimeSource::Claimed);
    }
    let pki = Pki::new();
    let signed = leader_alone(&pki, true, NOW);
    let crl = root_rows(&pki, NOW + 90, &[doubt(&pki.ca, NOW - DAY)]);
    let ocsps = vec![good(&pki, &pki.leader, NOW + 90), good(&pki, &pki.tsa, NOW + 90)];
    let report = judged(&pki, &signed, NOW + 3600, &evidence(ocsps, vec![crl]));
    assert_eq!(report.signatures[0].sub_indication.as_deref(), Some("REVOKED_CA_NO_POE"), "{:?}", report.reasons);
}

/// EN 319 102-1 §5.2.5: whoever asks about an earlier instant asks what could be known then; what is made later says nothing, good or bad.
#[test]
fn evidence_from_after_the_judgement_says_nothing() {
    let pki = flat();
    let signed = leader_alone(&pki, true, NOW);
    let made = NOW + 700 * DAY;
    for rows in [vec![], vec![row(&pki.leader, NOW - DAY, COMPROMISED)]] {
        let crl = if rows.is_empty() { root_crl(&pki, made, &[]) } else { root_rows(&pki, made, &rows) };
        let at = |at: i64| judged(&pki, &signed, at, &evidence(vec![], vec![crl.clone()])).verdict;
        assert_eq!((at(NOW + 3600), at(made - 61)), (Verdict::Indeterminate, Verdict::Indeterminate));
        // Clocks differ by a minute.
        assert_eq!(at(made - 60), if rows.is_empty() { Verdict::Valid } else { Verdict::Invalid });
    }
}

/// RFC 3161 §2.4.2, RFC 5816 §2.2.1, R66: a time-stamp without ESSCertID proves no time, neither of a signature nor of the file.
#[test]
fn r66_a_time_stamp_that_names_no_signer() {
    let pki = flat();
    let loose = |token: &[u8]| unbound(token, &|attributes| pki.tsa.key.sign(attributes));
    let extra = evidence(vec![], vec![root_crl(&pki, NOW + 90, &[])]);
    let judged = |file: &[u8]| judged(&pki, file, NOW + 3600, &extra);
    let plan = SignaturePlan {
        field: "Leader",
        chain: &pki.leader.chain,
        name: "Trần Thị Mẫu",
        reason: "Thử nghiệm",
        location: "xã Thử Nghiệm",
        signed_at: "D:20261123140531+07'00'",
        appearance: None,
        token_room: 0,
        ecopy: None,
    };
    let prepared = prepare(&base(), &plan).expect("prepared");
    let raw = pki.leader.key.sign(&prepared.signed_attributes);
    let token = pki.token(timestamp_imprint(&raw), NOW);
    let with = |token: &[u8]| finished(&prepared, &raw, &pki.leader.chain, Some(token)).expect("finished");
    assert_eq!(judged(&with(&token)).verdict, Verdict::Valid);
    let report = judged(&with(&loose(&token)));
    assert_eq!((report.verdict, codes(&report)[0]), (Verdict::Indeterminate, "timestamp-unbound"));
    assert_eq!(report.signatures[0].time_source, TimeSource::Claimed);
    assert_eq!(report.signatures[0].integrity, Integrity::Intact);

    let archive = |change: &dyn Fn(&[u8]) -> Vec<u8>| {
        let material = LongTerm { certificates: vec![], ocsps: vec![], crls: vec![] };
        let prepared = prepare_archive(&with(&token), &material).expect("an archive");
        let token = pki.token(signed_digest(&prepared.file, prepared.contents.clone()), NOW + 120);
        judged(&embed(&prepared.file, prepared.contents, &change(&token)).expect("embedded"))
    };
    let last = |report: &Report| {
        let one = report.signatures.last().expect("the archive");
        (one.indication, one.sub_indication.clone(), one.integrity)
    };
    assert_eq!(last(&archive(&|token| token.to_vec())), (Indication::TotalPassed, None, Integrity::Intact));
    let unproven = archive(&loose);
    let refused = Some("SIG_CONSTRAINTS_FAILURE".to_owned());
    assert_eq!(last(&unproven), (Indication::Indeterminate, refused, Integrity::Intact));
    assert!(codes(&unproven).contains(&"timestamp-not-relied-on"), "{:?}", unproven.reasons);
    assert!(unproven.evidence.iter().all(|one| one.proven_by.as_deref() != Some("Timestamp1")));
}

/// EN 319 102-1 §5.2.7, TS 119 312: an answer by an algorithm that had ended when it was there makes nobody good; one that is proven to be older
/// does. Here a responder with RSA 2048, which ends with the year 2028.
#[test]
fn an_answer_by_an_algorithm_that_has_ended() {
    let mut pki = Pki::with(&|_, spec| spec.not_after = NOW + 20 * YEAR);
    pki.tsa = issue_one(9, &[(Attribute::CommonName, "TSA riêng")], Some(&pki.root), authority);
    let name = [(Attribute::CommonName, "OCSP thử nghiệm")];
    let responder = issue_to(Key::generate_rsa(), 6, &name, Some(&pki.ca), |spec| {
        spec.key_usage = vec![KeyUsage::DigitalSignature];
        spec.extended_key_usage = vec![ExtendedKeyUsage::OcspSigning];
        spec.ocsp_nocheck = true;
        spec.not_after = NOW + 20 * YEAR;
    });
    let answer = |status, at: i64| {
        let id = issue::OcspAsked::new(&pki.leader.chain[0], &pki.ca.chain[0]).expect("a CertID");
        let answer = issue::OcspAnswer { asked: id, status, this_update: at, next_update: Some(at + DAY) };
        let spec = issue::OcspSpec { produced_at: at, answers: vec![answer], nonce: None };
        let own = std::slice::from_ref(&responder.chain[0]);
        let sign = |tbs: &[u8]| responder.key.sign(tbs);
        issue::ocsp_response(&spec, &own[0], own, SignatureAlgorithm::RsaSha256, &sign).expect("an answer")
    };
    let signed = leader_alone(&pki, true, NOW);
    let late = NOW + 3 * YEAR;
    let with =
        |ocsps: Vec<Vec<u8>>, at: i64| judged(&pki, &signed, late, &evidence(ocsps, vec![root_crl(&pki, at, &[])]));
    let report = with(vec![answer(CertStatus::Good, late - 60)], late - 60);
    let expected = (Verdict::Indeterminate, "weak-algorithm", Some("CRYPTO_CONSTRAINTS_FAILURE_NO_POE"));
    assert_eq!(told(&report), expected);
    assert!(report.reasons[0].text.vi.starts_with("Chứng cứ thu hồi") && report.reasons[0].text.vi.contains("RSA"));
    assert!(!codes(&report).contains(&"revocation-unknown"), "one cause: {:?}", report.reasons);
    // Where more is lacking than strength, that is said.
    let report = judged(&pki, &signed, late, &evidence(vec![answer(CertStatus::Good, late - 60)], vec![]));
    assert!(codes(&report).contains(&"revocation-unknown"), "{:?}", report.reasons);
    // Beside a strong answer it does no harm; a revocation is believed of a weak one too; and of what is older it is.
    let strong = good(&pki, &pki.leader, late - 90);
    let report = with(vec![answer(CertStatus::Good, late - 60), strong], late - 60);
    assert_eq!(report.verdict, Verdict::Valid, "{:?}", report.reasons);
    let revoked = CertStatus::Revoked { at: NOW - DAY, reason: COMPROMISED };
    let report = with(vec![answer(revoked, late - 60)], late - 60);
    assert_eq!(report.verdict, Verdict::Invalid, "{:?}", report.reasons);
    let (ocsp, crl) = (answer(CertStatus::Good, NOW + 60), root_crl(&pki, NOW + 60, &[]));
    let archived = stored(&pki, &signed, &[ocsp], &[crl], NOW + 120);
    let report = judged(&pki, &archived, late, &evidence(vec![], vec![root_crl(&pki, late - 60, &[])]));
    assert_eq!(report.verdict, Verdict::Valid, "{:?}", report.reasons);
}

fn stream(der: &[u8]) -> String {
    format!("<</Length {}/Filter/ASCIIHexDecode>>\nstream\n{}>\nendstream", 2 * der.len() + 1, hex::encode(der))
}

/// The file with a `/DSS` of these X.509 certificates and CRLs, in this order.
fn in_store(file: &[u8], certificates: &[Certificate], crls: &[Vec<u8>]) -> Vec<u8> {
    let items: Vec<(u32, String)> = (300..)
        .zip(certificates.iter().map(Certificate::der).chain(crls.iter().map(Vec::as_slice)))
        .map(|(at, der)| (at, stream(der)))
        .collect();
    let list = |items: &[(u32, String)]| items.iter().map(|(at, _)| format!("{at} 0 R ")).collect::<String>();
    let (certs, crls) = items.split_at(certificates.len());
    let store = format!("<</Certs[{}]/CRLs[{}]>>", list(certs), list(crls));
    let mut objects: Vec<(u32, &str)> =
        vec![(1, "<</Type/Catalog/Pages 2 0 R/AcroForm 6 0 R/DSS 200 0 R>>"), (200, &store)];
    objects.extend(items.iter().map(|(at, text)| (*at, text.as_str())));
    append(file, &objects)
}

const CA: [KeyUsage; 2] = [KeyUsage::KeyCertSign, KeyUsage::CrlSign];

/// The CA's key certified again.
fn again(pki: &Pki, serial: u8, above: &Identity, usage: &[KeyUsage]) -> Certificate {
    let ca = &pki.ca.chain[0];
    let spec = CertificateSpec {
        serial: vec![0x40, serial],
        subject: vec![(Attribute::Country, "VN".to_owned()), (Attribute::CommonName, "CA thử nghiệm".to_owned())],
        not_before: ca.not_before() + i64::from(serial),
        not_after: ca.not_after(),
        spki_der: ca.spki_der(),
        ca: Some(None),
        key_usage: usage.to_vec(),
        ..CertificateSpec::default()
    };
    let issued =
        issue::certificate(&spec, above.chain.first(), SignatureAlgorithm::EcdsaSha256, &|tbs| above.key.sign(tbs));
    issued.expect("issued")
}

/// RFC 5280 §6, R65: a CA that was certified again because the first was revoked: the path that stands is told, whatever lies first in `/DSS`,
/// and whichever is the younger.
#[test]
fn r65_another_path_may_stand() {
    for revoked_is_young in [false, true] {
        let mut pki = Pki::new();
        pki.tsa = issue_one(9, &[(Attribute::CommonName, "TSA riêng")], Some(&pki.root), authority);
        let (first, second) = (pki.ca.chain[0].clone(), again(&pki, 20, &pki.root, &CA));
        let [gone, stands] = if revoked_is_young { [&second, &first] } else { [&first, &second] };
        pki.leader.chain.truncate(1);
        let signed = leader_alone(&pki, true, NOW);
        let gone_row = Row { serial: gone.serial(), at: NOW - 5 * DAY, reason: SUPERSEDED, invalid_since: None };
        let crl = root_rows(&pki, NOW - 60, std::slice::from_ref(&gone_row));
        let extra = evidence(vec![good(&pki, &pki.leader, NOW + 60)], vec![]);
        let asked = |certificates: &[Certificate]| {
            let file = in_store(&signed, certificates, std::slice::from_ref(&crl));
            judged(&pki, &file, NOW + 3600, &extra)
        };
        let both = [gone.clone(), stands.clone()];
        let turned = [stands.clone(), gone.clone()];
        for report in [asked(&both), asked(&turned), asked(&turned[..1])] {
            assert_eq!(report.verdict, Verdict::Valid, "{:?}", report.reasons);
        }
        assert_eq!(told(&asked(&both[..1])), (Verdict::Indeterminate, "ca-revoked", Some("REVOKED_CA_NO_POE")));
        // The leader itself was revoked by that key: no path undoes it.
        let revoked =
            pki.ocsp(&pki.leader.chain[0], CertStatus::Revoked { at: NOW - DAY, reason: COMPROMISED }, NOW + 60);
        let file = in_store(&signed, &turned, std::slice::from_ref(&crl));
        let report = judged(&pki, &file, NOW + 3600, &evidence(vec![revoked], vec![]));
        assert_eq!(report.verdict, Verdict::Invalid, "{:?}", report.reasons);
    }
}

/// R65: the CA's own list says that the signer was revoked. That the CA was certified again, without the right to sign lists, and once lost
/// its first X.509 certificate, opens no path on which the list is not read.
#[test]
fn r65_no_other_path_undoes_a_revocation() {
    let mut pki = Pki::new();
    pki.tsa = issue_one(9, &[(Attribute::CommonName, "TSA riêng")], Some(&pki.root), authority);
    let (first, second) = (pki.ca.chain[0].clone(), again(&pki, 20, &pki.root, &[KeyUsage::KeyCertSign]));
    pki.leader.chain.truncate(1);
    let signed = leader_alone(&pki, true, NOW);
    let of_first = Row { serial: first.serial(), at: NOW - 5 * DAY, reason: SUPERSEDED, invalid_since: None };
    let by_root = root_rows(&pki, NOW - 60, &[of_first]);
    let list = issue::CrlSpec { this_update: NOW + 60, next_update: Some(NOW + DAY), number: 1, ..Default::default() };
    let sign = |tbs: &[u8]| pki.ca.key.sign(tbs);
    let list = issue::crl(&list, &first, SignatureAlgorithm::EcdsaSha256, &sign).expect("a CRL");
    let of_leader = row(&pki.leader, NOW - DAY, COMPROMISED);
    let by_ca = listed(&list, std::slice::from_ref(&of_leader), &sign);
    let extra = evidence(vec![good(&pki, &pki.leader, NOW + 60)], vec![]);
    for order in [[first.clone(), second.clone()], [second, first]] {
        let file = in_store(&signed, &order, &[by_root.clone(), by_ca.clone()]);
        let report = judged(&pki, &file, NOW + 3600, &extra);
        assert_eq!(told(&report), (Verdict::Invalid, "certificate-revoked-before", Some("REVOKED")));
    }
}

/// R67: the CA stands under two roots, of which one has lost its licence: the licensed path is told, in any order.
#[test]
fn r67_the_licensed_path_is_told() {
    let mut pki = Pki::new();
    let other = issue_one(8, &[(Attribute::CommonName, "Gốc khác")], None, |spec| {
        spec.ca = Some(None);
        spec.key_usage = vec![KeyUsage::KeyCertSign, KeyUsage::CrlSign];
    });
    pki.tsa = issue_one(9, &[(Attribute::CommonName, "TSA riêng")], Some(&pki.root), authority);
    let (own, foreign) = (pki.ca.chain[0].clone(), again(&pki, 20, &other, &CA));
    pki.leader.chain.truncate(1);
    let signed = leader_alone(&pki, true, NOW);
    let of_other =
        issue::CrlSpec { this_update: NOW - 60, next_update: Some(NOW + DAY), number: 1, ..Default::default() };
    let sign = |tbs: &[u8]| other.key.sign(tbs);
    let of_other = issue::crl(&of_other, &other.chain[0], SignatureAlgorithm::EcdsaSha256, &sign).expect("a CRL");
    let crls = [root_crl(&pki, NOW - 60, &[]), of_other];
    let extra = evidence(vec![good(&pki, &pki.leader, NOW + 60)], vec![]);
    let history = |ends: bool| {
        let begun = Period { status: Status::Granted, from: 0 };
        let ended = Period { status: Status::Withdrawn, from: NOW - DAY };
        if ends { vec![begun, ended] } else { vec![begun] }
    };
    let asked = |certificates: &[Certificate], roots_end: [bool; 2]| {
        let service = |kind, certificate: &Certificate, ends| Service {
            kind,
            name: "dịch vụ".to_owned(),
            certificate: certificate.clone(),
            history: history(ends),
        };
        let services = vec![
            service(Kind::Root, &pki.root.chain[0], roots_end[0]),
            service(Kind::Root, &other.chain[0], roots_end[1]),
            service(Kind::SigningCa, &own, false),
            service(Kind::Tsa, &pki.tsa.chain[0], false),
        ];
        let list = TrustList {
            sequence: 1,
            issued_at: NOW,
            next_update: NOW + DAY,
            operator: "thử nghiệm".to_owned(),
            test: true,
            providers: vec![Provider { name: "thử nghiệm".to_owned(), tree: Tree::National, services }],
        };
        let anchors = list.anchors();
        let policy = Policy {
            anchors: &anchors,
            at: NOW + 3600,
            profile: Profile::General,
            extra: &extra,
            register: None,
            test_anchors: false,
        };
        judge_listed(&in_store(&signed, certificates, &crls), "a.pdf", &policy, &list)
    };
    let of_signer = |report: &Report| {
        let row = |reason: &&Reason| explanation(&reason.code) == Some(CheckId::TrustService);
        (report.signatures[0].indication, report.reasons.iter().find(row).map(|reason| reason.code.clone()))
    };
    for order in [[own.clone(), foreign.clone()], [foreign.clone(), own.clone()]] {
        for roots_end in [[false, false], [false, true]] {
            assert_eq!(of_signer(&asked(&order, roots_end)), (Indication::TotalPassed, None), "{roots_end:?}");
        }
        // The authority's root has ended too, so only the signer's path counts.
        let report = asked(&order, [true, false]);
        assert!(!codes(&report).contains(&"ca-not-licensed"), "{:?}", report.reasons);
        assert!(codes(&asked(&order, [true, true])).contains(&"ca-not-licensed"));
    }
    assert!(codes(&asked(std::slice::from_ref(&foreign), [false, true])).contains(&"ca-not-licensed"));
}

fn explanation(code: &str) -> Option<CheckId> {
    explain(code).map(|row| row.check)
}
