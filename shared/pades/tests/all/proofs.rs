//! Which time-stamp proves something (ETSI EN 319 102-1 §5.6.2), what the file once showed (C8), and what the check of the trust service and
//! of the claimed time say (R66, R67).

use pades::*;
use pki::issue::{self, Attribute, ExtendedKeyUsage, KeyUsage, SignatureAlgorithm};
use pki::ocsp::CertStatus;
use pki::path::Evidence;

use crate::common::{append, archive, judge, *};
use crate::past::{DAY, authority, evidence, good, judged, leader_alone, root_crl, short_lived, stored};

fn has(report: &Report, code: &str) -> bool {
    codes(report).contains(&code)
}

/// A leader who has expired, archived by an authority of which nobody says whether it was revoked; with an answer about it, and without.
fn expired(told: bool, revoked: Option<u8>, at: i64) -> Report {
    let mut pki = short_lived();
    pki.tsa = issue_one(9, &[(Attribute::CommonName, "TSA dưới CA")], Some(&pki.ca), authority);
    let signed = leader_alone(&pki, false, NOW);
    let mut ocsps = vec![good(&pki, &pki.leader, NOW + 60)];
    ocsps.extend(told.then(|| good(&pki, &pki.tsa, NOW + 60)));
    let archived = stored(&pki, &signed, &ocsps, &[root_crl(&pki, NOW + 30, &[])], NOW + 120);
    let status = |reason| pki::ocsp::CertStatus::Revoked { at: NOW - DAY, reason };
    let late: Vec<Vec<u8>> =
        revoked.into_iter().map(|reason| pki.ocsp(&pki.tsa.chain[0], status(Some(reason)), NOW + 2 * DAY)).collect();
    judged(&pki, &archived, at, &evidence(late, Vec::new()))
}

/// §5.6.2: a document time-stamp proves something only where it passed. By one whose revocation nobody knows an expired signer is not saved,
/// and the file is not called invalid either.
#[test]
fn an_unconfirmed_time_stamp_proves_nothing() {
    let late = NOW + 95 * DAY;
    let proven = expired(true, None, late);
    assert_eq!(proven.verdict, Verdict::Valid, "{:?}", proven.reasons);
    let unknown = expired(false, None, late);
    assert_eq!(unknown.verdict, Verdict::Indeterminate, "{:?}", unknown.reasons);
    assert!(has(&unknown, "certificate-expired-unproven") && has(&unknown, "timestamp-not-relied-on"));
    assert!(unknown.evidence.iter().all(|one| one.proven_by.is_none()), "{:?}", unknown.evidence);
    // While the signer's certificate lasts, nothing is to be proven: the honest file stays valid, and the remark is made.
    let young = expired(false, None, NOW + DAY);
    assert_eq!(young.verdict, Verdict::Valid, "{:?}", young.reasons);
    assert!(has(&young, "timestamp-not-relied-on"));
    let revoked = expired(true, Some(1), late);
    assert_eq!(revoked.verdict, Verdict::Indeterminate, "{:?}", revoked.reasons);
}

/// R66: evidence about the newest authority may also come from the caller, as it is known today.
#[test]
fn the_newest_time_stamp_is_confirmed_from_outside() {
    let mut pki = short_lived();
    pki.tsa = issue_one(9, &[(Attribute::CommonName, "TSA dưới CA")], Some(&pki.ca), authority);
    let signed = leader_alone(&pki, false, NOW);
    let material = [good(&pki, &pki.leader, NOW + 60)];
    let archived = stored(&pki, &signed, &material, &[root_crl(&pki, NOW + 30, &[])], NOW + 120);
    let told = evidence(vec![good(&pki, &pki.tsa, NOW + 94 * DAY)], Vec::new());
    let report = judged(&pki, &archived, NOW + 95 * DAY, &told);
    assert_eq!(report.verdict, Verdict::Valid, "{:?}", report.reasons);
}

/// R64, R66: the last time-stamp of a copy by a stranger, or by an authority whose key others may hold, leaves the copy undecided.
#[test]
fn the_last_time_stamp_of_a_copy_is_not_anybodys() {
    let pki = Pki::new();
    let archived = archive(&pki, &make(&pki).sealed, NOW + 120);
    assert_eq!(judge(&archived, &pki).verdict, Verdict::Valid);
    let mut other = Pki::new();
    other.ca =
        issue_one(2, &[(Attribute::CommonName, "CA thử nghiệm")], Some(&pki.root), |spec| spec.ca = Some(None));
    let stranger = stored(&other, &archived, &[], &[], NOW + 180);
    let report = judge(&stranger, &pki);
    assert_eq!((report.verdict, has(&report, "tsa-untrusted")), (Verdict::Indeterminate, true), "{:?}", report.reasons);

    let mut fallen = Pki::new();
    fallen.tsa = issue_one(9, &[(Attribute::CommonName, "TSA lộ khóa")], Some(&pki.root), authority);
    let crl = root_crl(&pki, NOW + 300, &[(&fallen.tsa, NOW + 60, Some(1))]);
    let revoked = stored(&fallen, &archived, &[], &[], NOW + 180);
    let extra = evidence(Vec::new(), vec![crl]);
    let anchors = pki.anchors();
    let policy = Policy {
        anchors: &anchors,
        at: NOW + 3600,
        profile: Profile::Auto,
        extra: &extra,
        register: None,
        test_anchors: false,
    };
    let report = pades::judge(&revoked, "a.pdf", &policy);
    assert_eq!((report.verdict, has(&report, "tsa-revoked")), (Verdict::Indeterminate, true), "{:?}", report.reasons);
}

fn stream(der: &[u8]) -> String {
    format!("<</Length {}/Filter/ASCIIHexDecode>>\nstream\n{}>\nendstream", 2 * der.len() + 1, hex::encode(der))
}

/// C8: an update that puts an older CRL in the place of the one that tells of a revocation makes nothing forgotten, and is told.
#[test]
fn c8_a_replaced_store_is_not_forgotten() {
    let mut pki = Pki::new();
    pki.leader = issue_one(7, &[(Attribute::CommonName, "Trần Thị Mẫu")], Some(&pki.root), |_| {});
    pki.tsa = issue_one(9, &[(Attribute::CommonName, "TSA riêng")], Some(&pki.root), authority);
    let signed = leader_alone(&pki, true, NOW);
    let revoking = root_crl(&pki, NOW - 60, &[(&pki.leader, NOW - DAY, Some(1))]);
    let older = root_crl(&pki, NOW - 2 * DAY, &[]);
    let catalog = |store: u32| format!("<</Type/Catalog/Pages 2 0 R/AcroForm 6 0 R/DSS {store} 0 R>>");
    let with = |file: &[u8], at: u32, crl: &[u8]| {
        let (store, item) = (format!("<</CRLs[{} 0 R]>>", at + 1), stream(crl));
        append(file, &[(1, &catalog(at)), (at, &store), (at + 1, &item)])
    };
    let honest = judged(&pki, &with(&signed, 200, &older), NOW + 3600, &Evidence::default());
    assert_eq!(honest.verdict, Verdict::Valid, "{:?}", honest.reasons);
    assert!(!has(&honest, "store-item-removed"));
    let shown = with(&signed, 200, &revoking);
    let hidden = judged(&pki, &with(&shown, 300, &older), NOW + 3600, &Evidence::default());
    assert_eq!(hidden.verdict, Verdict::Invalid, "{:?}", hidden.reasons);
    assert!(has(&hidden, "certificate-revoked-before"), "{:?}", hidden.reasons);
    let told = hidden.reasons.iter().find(|reason| reason.code == "store-item-removed").expect("told");
    assert_eq!(told.params.get("count").map(String::as_str), Some("1"));
}

/// C8: of more evidence than is looked at, some would stay unread, and that might be what tells of a revocation.
#[test]
fn c8_too_much_evidence_gives_no_verdict() {
    let pki = Pki::new();
    let signed = leader_alone(&pki, true, NOW);
    for (number, enough) in [(512, true), (513, false)] {
        let items: Vec<(u32, String)> = (0..number).map(|at: u32| (300 + at, stream(&at.to_be_bytes()))).collect();
        let list: String = items.iter().map(|(at, _)| format!("{at} 0 R ")).collect();
        let store = format!("<</CRLs[{list}]>>");
        let catalog = "<</Type/Catalog/Pages 2 0 R/AcroForm 6 0 R/DSS 200 0 R>>";
        let mut objects: Vec<(u32, &str)> = vec![(1, catalog), (200, &store)];
        objects.extend(items.iter().map(|(at, text)| (*at, text.as_str())));
        let report = judged(&pki, &append(&signed, &objects), NOW + 60, &Evidence::default());
        assert_eq!(has(&report, "pdf-too-complex"), !enough, "{number}: {:?}", report.reasons);
        assert_ne!(report.verdict, Verdict::Valid);
    }
}

/// C8: an entry for a signature that the file does not have is told; those that this house writes belong to something.
#[test]
fn c8_entries_that_belong_to_nothing_are_told() {
    let pki = Pki::new();
    let signed = leader_alone(&pki, true, NOW);
    let catalog = "<</Type/Catalog/Pages 2 0 R/AcroForm 6 0 R/DSS 200 0 R>>";
    let store = "<</VRI<</DEADBEEFDEADBEEFDEADBEEFDEADBEEFDEADBEEF<<>>>>>>";
    let report = judged(&pki, &append(&signed, &[(1, catalog), (200, store)]), NOW + 60, &Evidence::default());
    let told = report.reasons.iter().find(|reason| reason.code == "store-entry-unmatched").expect("told");
    assert!(told.text.vi.contains("deadbeef"), "{told:?}");
    let own = judge(&archive(&pki, &make(&pki).sealed, NOW + 120), &pki);
    assert!(!has(&own, "store-entry-unmatched") && !has(&own, "store-item-removed"), "{:?}", own.reasons);
}

/// R67: roots that the caller names say nothing about a licence; only a trusted list does.
#[test]
fn r67_without_a_list_the_licence_is_not_checked() {
    let pki = Pki::new();
    let report = judge(&archive(&pki, &make(&pki).sealed, NOW + 120), &pki);
    let check = report.checks.iter().find(|check| check.id == CheckId::TrustService).expect("five checks");
    assert_eq!((report.verdict, check.result), (Verdict::Valid, CheckResult::NotChecked));
    assert_eq!(check.reasons.iter().map(|reason| reason.code.as_str()).collect::<Vec<_>>(), ["trust-list-absent"]);
}

/// domain.md §10: genTime 03:00:00Z; 10:00:05Z is local time, 03:00:40Z is fine, 05:00:00Z is suspicious, and so are days (R66).
#[test]
fn r66_a_claimed_time_after_the_time_stamp_is_told() {
    let pki = Pki::new();
    let material = |at: i64| {
        evidence(
            vec![good(&pki, &pki.leader, at + 90), good(&pki, &pki.tsa, at + 90)],
            vec![root_crl(&pki, at - 1000, &[])],
        )
    };
    let remarks = ["time-off-by-7h", "time-claimed-later", "time-claimed-days-later"];
    // The signer claims NOW; the time-stamp is so many seconds older.
    for (older, code) in [
        (40, None),
        (0, None),
        (-3 * DAY, None),
        (2 * 3600, Some("time-claimed-later")),
        (7 * 3600 + 5, Some("time-off-by-7h")),
        (3 * DAY, Some("time-claimed-days-later")),
    ] {
        let at = NOW - older;
        let report = judged(&pki, &leader_alone(&pki, true, at), NOW.max(at) + 3600, &material(at));
        assert_eq!(report.verdict, Verdict::Valid, "{older}: {:?}", report.reasons);
        let told: Vec<&str> = codes(&report).into_iter().filter(|code| remarks.contains(code)).collect();
        assert_eq!(told, code.into_iter().collect::<Vec<_>>(), "{older}");
    }
}

/// A8: behind the end of line of the last end mark stands at most one more, and no other white space.
#[test]
fn a8_only_one_more_end_of_line_follows() {
    let pki = Pki::new();
    let signed = leader_alone(&pki, true, NOW);
    assert!(signed.ends_with(b"%%EOF\n"));
    let mark = &signed[..signed.len() - 1];
    for (tail, refused) in [
        ("\n", false),
        ("\n\r\n", false),
        ("\n\n", false),
        ("\n\n\n", true),
        ("\n ", true),
        ("\n \n", true),
        ("\n\0", true),
        ("\nx", true),
    ] {
        let file = [mark, tail.as_bytes()].concat();
        let report = judged(&pki, &file, NOW + 60, &Evidence::default());
        assert_eq!(has(&report, "bytes-after-last-signature"), refused, "{tail:?}: {:?}", report.reasons);
    }
}

/// Limits (F): a store of many answers that many keys may have signed costs the product of both; that has an end, and no verdict.
#[test]
fn a_storm_of_keys_and_answers_has_no_verdict() {
    const MANY: u8 = 160;
    let pki = Pki::new();
    let signed = leader_alone(&pki, true, NOW);
    // An answer names its responder by the key, so all have one.
    let kind = &aws_lc_rs::signature::ECDSA_P256_SHA256_ASN1_SIGNING;
    let Key::P256(pair) = Key::generate() else { panic!("a P-256 key") };
    let pair = pair.to_pkcs8v1().expect("exportable");
    let responder = |serial: u8| {
        let key = aws_lc_rs::signature::EcdsaKeyPair::from_pkcs8(kind, pair.as_ref()).expect("the same key");
        issue_to(Key::P256(key), serial, &[(Attribute::CommonName, "Kẻ lạ")], None, |spec| {
            spec.key_usage = vec![KeyUsage::DigitalSignature];
            spec.extended_key_usage = vec![ExtendedKeyUsage::OcspSigning];
        })
    };
    let strangers: Vec<Identity> = (0..MANY).map(responder).collect();
    let (first, absent) = (&strangers[0].chain[0], Key::generate());
    let (leader, ca) = (&pki.leader.chain[0], &pki.ca.chain[0]);
    let answer = |at: i64| {
        let asked = issue::OcspAsked::new(leader, ca).expect("a CertID");
        let answer =
            issue::OcspAnswer { asked, status: CertStatus::Good, this_update: at, next_update: Some(at + DAY) };
        let spec = issue::OcspSpec { produced_at: at, answers: vec![answer], nonce: None };
        // Nobody's key made it, so each of them is tried.
        issue::ocsp_response(&spec, first, &[], SignatureAlgorithm::EcdsaSha256, &|tbs| absent.sign(tbs))
            .expect("issued")
    };
    let with = |answers: u32| {
        let keys = (0u32..).zip(&strangers).map(|(at, one)| (300 + at, stream(one.chain[0].der())));
        let answers = (0..answers).map(|at| (600 + at, stream(&answer(NOW + i64::from(at)))));
        let (keys, answers): (Vec<_>, Vec<_>) = (keys.collect(), answers.collect());
        let list = |items: &[(u32, String)]| items.iter().map(|(at, _)| format!("{at} 0 R ")).collect::<String>();
        let store = format!("<</Certs[{}]/OCSPs[{}]>>", list(&keys), list(&answers));
        let mut objects: Vec<(u32, &str)> =
            vec![(1, "<</Type/Catalog/Pages 2 0 R/AcroForm 6 0 R/DSS 200 0 R>>"), (200, &store)];
        objects.extend(keys.iter().chain(&answers).map(|(at, text)| (*at, text.as_str())));
        judged(&pki, &append(&signed, &objects), NOW + 60, &Evidence::default())
    };
    assert!(!has(&with(2), "pdf-too-complex"));
    let report = with(MANY.into());
    assert_eq!(report.verdict, Verdict::Indeterminate);
    assert!(has(&report, "pdf-too-complex"), "{:?}", report.reasons);
}
