//! Time and proof (ETSI EN 319 102-1 §5.2–§5.6): every sub-indication that a signed PDF can have, and what later time-stamps save.

use pades::*;
use pki::issue::{self, Attribute, CertificateSpec, ExtendedKeyUsage, KeyUsage, RevokedEntry, SignatureAlgorithm};
use pki::ocsp::CertStatus;
use pki::path::Evidence;

use crate::common::*;

pub(crate) const DAY: i64 = 86_400;

/// A file judged at an instant with material from outside.
pub(crate) fn judged(pki: &Pki, file: &[u8], at: i64, extra: &Evidence) -> Report {
    let anchors = pki.anchors();
    let policy =
        Policy { anchors: &anchors, at, profile: Profile::General, extra, register: None, test_anchors: false };
    pades::judge(file, "a.pdf", &policy)
}

/// Sub-indication of the first signature.
fn sub(report: &Report) -> Option<&str> {
    report.signatures.first().and_then(|one| one.sub_indication.as_deref())
}

#[track_caller]
fn expect(report: &Report, main: Indication, wanted: &str, code: &str) {
    let one = report.signatures.first().expect("a signature");
    assert_eq!((one.indication, sub(report)), (main, Some(wanted)), "{:?}", report.reasons);
    assert!(codes(report).contains(&code), "{code}: {:?}", report.reasons);
}

pub(crate) fn leader_alone(pki: &Pki, stamped: bool, at: i64) -> Vec<u8> {
    sign(pki, &base(), &pki.leader, "Leader", None, stamped, at)
}

pub(crate) fn authority(spec: &mut CertificateSpec) {
    spec.key_usage = vec![KeyUsage::DigitalSignature];
    spec.extended_key_usage = vec![ExtendedKeyUsage::TimeStamping];
    spec.extended_key_usage_critical = true;
    spec.not_after = NOW + 20 * YEAR;
}

/// A PKI whose root lasts, whose CA ends after 100 days and whose leader after 90; the authority stands directly under the root.
pub(crate) fn short_lived() -> Pki {
    let mut pki = Pki::with(&|who, spec| match who {
        "root" => spec.not_after = NOW + 20 * YEAR,
        "ca" => spec.not_after = NOW + 100 * DAY,
        _ => spec.not_after = NOW + 90 * DAY,
    });
    pki.tsa = issue_one(9, &[(Attribute::CommonName, "TSA dài hạn")], Some(&pki.root), authority);
    pki
}

pub(crate) fn root_crl(pki: &Pki, at: i64, revoked: &[(&Identity, i64, Option<u8>)]) -> Vec<u8> {
    let revoked = revoked.iter().map(|(who, at, reason)| {
        let serial = who.chain.first().expect("a leaf").serial();
        RevokedEntry { serial, at: *at, reason: *reason }
    });
    let spec = issue::CrlSpec {
        this_update: at,
        next_update: Some(at + 30 * DAY),
        number: 1,
        revoked: revoked.collect(),
        ..Default::default()
    };
    let root = pki.root.chain.first().expect("a root");
    issue::crl(&spec, root, SignatureAlgorithm::EcdsaSha256, &|tbs| pki.root.key.sign(tbs)).expect("a CRL")
}

pub(crate) fn good(pki: &Pki, who: &Identity, at: i64) -> Vec<u8> {
    pki.ocsp(who.chain.first().expect("a leaf"), CertStatus::Good, at)
}

/// `/DSS` and a document time-stamp at `at` by `pki.tsa`.
pub(crate) fn stored(pki: &Pki, file: &[u8], ocsps: &[Vec<u8>], crls: &[Vec<u8>], at: i64) -> Vec<u8> {
    let item = |der| Material { der, fields: Vec::new() };
    let material = LongTerm {
        certificates: Vec::new(),
        ocsps: ocsps.iter().map(|der| item(der.as_slice())).collect(),
        crls: crls.iter().map(|der| item(der.as_slice())).collect(),
    };
    let prepared = prepare_archive(file, &material).expect("an archive");
    let token = pki.token(signed_digest(&prepared.file, prepared.contents.clone()), at);
    embed(&prepared.file, prepared.contents, &token).expect("embedded")
}

pub(crate) fn evidence(ocsps: Vec<Vec<u8>>, crls: Vec<Vec<u8>>) -> Evidence {
    Evidence { certificates: Vec::new(), ocsps, crls }
}

/// §5.5: the certificate expired before the proven time, or was not yet valid then.
#[test]
fn outside_its_validity_when_signing() {
    let expired = Pki::with(&|who, spec| {
        if who == "leader" {
            spec.not_after = NOW - 10;
        }
    });
    let report = judged(&expired, &leader_alone(&expired, true, NOW), NOW + 3600, &Evidence::default());
    expect(&report, Indication::TotalFailed, "EXPIRED", "certificate-expired-at-signing");
    assert_eq!(report.verdict, Verdict::Invalid);

    let early = Pki::with(&|who, spec| {
        if who == "leader" {
            spec.not_before = NOW + 1000;
        }
    });
    let report = judged(&early, &leader_alone(&early, true, NOW), NOW + 3600, &Evidence::default());
    expect(&report, Indication::TotalFailed, "NOT_YET_VALID", "certificate-not-yet-valid");
}

/// §5.2.6: expired by now and no proof of the time; it matters whether it was ever revoked.
#[test]
fn out_of_bounds_without_a_proof() {
    let pki = short_lived();
    let file = leader_alone(&pki, false, NOW);
    let late = NOW + 95 * DAY;
    expect(
        &judged(&pki, &file, late, &Evidence::default()),
        Indication::Indeterminate,
        "OUT_OF_BOUNDS_NO_POE",
        "certificate-expired-unproven",
    );
    let until_the_end =
        evidence(vec![good(&pki, &pki.leader, NOW + 90 * DAY - 60)], vec![root_crl(&pki, NOW + 80 * DAY, &[])]);
    expect(
        &judged(&pki, &file, late, &until_the_end),
        Indication::Indeterminate,
        "OUT_OF_BOUNDS_NOT_REVOKED",
        "certificate-expired-unproven",
    );
}

/// §5.2.6, §5.6: revoked, with and without a proof that the signature is older; the leaf or the CA above it.
#[test]
fn revoked_with_and_without_a_proof() {
    let pki = Pki::new();
    let crl = vec![root_crl(&pki, NOW + 90, &[])];
    let at = |when: i64| {
        evidence(
            vec![
                pki.ocsp(&pki.leader.chain[0], CertStatus::Revoked { at: when, reason: Some(1) }, NOW + 90),
                good(&pki, &pki.tsa, NOW + 90),
            ],
            crl.clone(),
        )
    };
    let bare = leader_alone(&pki, false, NOW);
    let report = judged(&pki, &bare, NOW + 3600, &at(NOW + 30));
    expect(&report, Indication::Indeterminate, "REVOKED_NO_POE", "certificate-revoked-unproven");
    let report = judged(&pki, &leader_alone(&pki, true, NOW), NOW + 3600, &at(NOW - 30));
    expect(&report, Indication::TotalFailed, "REVOKED", "certificate-revoked-before");

    let ca = evidence(
        vec![good(&pki, &pki.leader, NOW + 90)],
        vec![root_crl(&pki, NOW + 90, &[(&pki.ca, NOW - 30, Some(1))])],
    );
    let report = judged(&pki, &bare, NOW + 3600, &ca);
    expect(&report, Indication::Indeterminate, "REVOKED_CA_NO_POE", "ca-revoked");
}

/// §5.6.2: what a CA signed is believed when it existed before the CA's end: the chain has expired, the archive holds.
#[test]
fn an_archive_outlives_its_chain() {
    let pki = short_lived();
    let signed = leader_alone(&pki, true, NOW);
    let (ocsp, crl) = (good(&pki, &pki.leader, NOW + 60), root_crl(&pki, NOW + 30, &[]));
    let late = NOW + 200 * DAY;

    let archived = stored(&pki, &signed, std::slice::from_ref(&ocsp), std::slice::from_ref(&crl), NOW + 120);
    let report = judged(&pki, &archived, late, &Evidence::default());
    assert_eq!(report.verdict, Verdict::Valid, "{:?}", report.reasons);
    assert!(codes(&report).contains(&"certificate-expired-now"));
    let proven = |kind: EvidenceKind| {
        report.evidence.iter().filter(|one| one.kind == kind).all(|one| one.proven_by.as_deref() == Some("Timestamp1"))
    };
    assert!(proven(EvidenceKind::Ocsp) && proven(EvidenceKind::Crl), "{:?}", report.evidence);

    let loose = evidence(vec![ocsp.clone()], vec![crl.clone()]);
    let report = judged(&pki, &signed, late, &loose);
    expect(&report, Indication::Indeterminate, "REVOCATION_OUT_OF_BOUNDS_NO_POE", "evidence-unproven");
    assert_eq!(
        judged(&pki, &signed, NOW + 50 * DAY, &loose).verdict,
        Verdict::Valid,
        "while the CA stands nothing is to be proven"
    );

    let too_late = stored(&pki, &signed, &[ocsp], &[crl, root_crl(&pki, NOW + 149 * DAY, &[])], NOW + 150 * DAY);
    let report = judged(&pki, &too_late, late, &Evidence::default());
    expect(&report, Indication::Indeterminate, "REVOCATION_OUT_OF_BOUNDS_NO_POE", "evidence-unproven");
}

/// A responder that the CA delegated for a day.
fn responder(pki: &Pki, nocheck: bool) -> Identity {
    issue_one(6, &[(Attribute::CommonName, "OCSP thử nghiệm")], Some(&pki.ca), |spec| {
        spec.key_usage = vec![KeyUsage::DigitalSignature];
        spec.extended_key_usage = vec![ExtendedKeyUsage::OcspSigning];
        spec.ocsp_nocheck = nocheck;
        spec.not_after = NOW + DAY;
    })
}

/// What it says about somebody: good, a minute after [`NOW`].
fn answer_by(pki: &Pki, responder: &Identity, who: &Identity) -> Vec<u8> {
    let answer = issue::OcspAnswer {
        asked: issue::OcspAsked::new(&who.chain[0], &pki.ca.chain[0]).expect("a CertID"),
        status: CertStatus::Good,
        this_update: NOW + 60,
        next_update: Some(NOW + DAY),
    };
    let spec = issue::OcspSpec { produced_at: NOW + 60, answers: vec![answer], nonce: None };
    let own = &responder.chain[0];
    issue::ocsp_response(&spec, own, std::slice::from_ref(own), SignatureAlgorithm::EcdsaSha256, &|tbs| {
        responder.key.sign(tbs)
    })
    .expect("an answer")
}

/// RFC 6960 §4.2.2.2.1: a responder without nocheck makes nobody good before it is known that it was not revoked itself; the
/// cause is named, for the signer and for the time-stamping authority.
#[test]
fn a_responder_that_nobody_vouches_for() {
    let pki = Pki::new();
    let (bound, crl) = (responder(&pki, false), root_crl(&pki, NOW + 30, &[]));
    let signed = leader_alone(&pki, true, NOW);
    let (leader, tsa) = (answer_by(&pki, &bound, &pki.leader), answer_by(&pki, &bound, &pki.tsa));
    let with = |ocsps: Vec<Vec<u8>>| judged(&pki, &signed, NOW + 3600, &evidence(ocsps, vec![crl.clone()]));
    let report = with(vec![leader.clone(), good(&pki, &pki.tsa, NOW + 60)]);
    expect(&report, Indication::Indeterminate, "TRY_LATER", "responder-unvouched");
    assert!(!codes(&report).contains(&"revocation-unknown"), "one cause: {:?}", report.reasons);
    let report = with(vec![good(&pki, &pki.leader, NOW + 60), tsa.clone()]);
    expect(&report, Indication::Indeterminate, "TRY_LATER", "tsa-responder-unvouched");
    // It does not vouch for itself, but the CA may.
    let itself = answer_by(&pki, &bound, &bound);
    let report = with(vec![leader.clone(), tsa.clone(), itself]);
    expect(&report, Indication::Indeterminate, "TRY_LATER", "responder-unvouched");
    let report = with(vec![leader, tsa, good(&pki, &bound, NOW + 30)]);
    assert_eq!(report.verdict, Verdict::Valid, "{:?}", report.reasons);
}

/// RFC 6960 §4.2.2.2: a delegated responder's answers outlive its own short-lived certificate only where they are stamped.
#[test]
fn a_responder_that_has_expired() {
    let pki = Pki::new();
    let responder = responder(&pki, true);
    let ocsp = answer_by(&pki, &responder, &pki.leader);
    let (tsa, crl) = (good(&pki, &pki.tsa, NOW + 60), root_crl(&pki, NOW + 30, &[]));
    let signed = leader_alone(&pki, true, NOW);
    let loose = evidence(vec![ocsp.clone(), tsa.clone()], vec![crl.clone()]);
    assert_eq!(judged(&pki, &signed, NOW + 3600, &loose).verdict, Verdict::Valid);
    let report = judged(&pki, &signed, NOW + 2 * DAY, &loose);
    expect(&report, Indication::Indeterminate, "REVOCATION_OUT_OF_BOUNDS_NO_POE", "evidence-unproven");
    let archived = stored(&pki, &signed, &[ocsp, tsa], &[crl], NOW + 120);
    let report = judged(&pki, &archived, NOW + 2 * DAY, &Evidence::default());
    assert_eq!(report.verdict, Verdict::Valid, "{:?}", report.reasons);
}

/// §5.6.2: a CA that was revoked later takes with it what nothing proves to be older.
#[test]
fn a_ca_that_is_revoked_later() {
    let mut pki = Pki::new();
    pki.tsa = issue_one(9, &[(Attribute::CommonName, "TSA riêng")], Some(&pki.root), authority);
    let signed = leader_alone(&pki, true, NOW);
    let (ocsp, crl) = (good(&pki, &pki.leader, NOW + 60), root_crl(&pki, NOW + 30, &[]));
    let fallen = root_crl(&pki, NOW + 2 * DAY, &[(&pki.ca, NOW + DAY, Some(1))]);
    let late = NOW + 3 * DAY;
    let report = judged(&pki, &signed, late, &evidence(vec![ocsp.clone()], vec![crl.clone(), fallen.clone()]));
    expect(&report, Indication::Indeterminate, "REVOKED_CA_NO_POE", "evidence-unproven");
    let archived = stored(&pki, &signed, &[ocsp], &[crl], NOW + 120);
    let report = judged(&pki, &archived, late, &evidence(Vec::new(), vec![fallen]));
    assert_eq!(report.verdict, Verdict::Valid, "{:?}", report.reasons);
    assert!(codes(&report).contains(&"certificate-revoked-after"));
}

/// §5.6.2: an intermediate certificate itself has to be older than the end of its issuer.
#[test]
fn an_intermediate_certificate_is_proven_too() {
    let mut pki = Pki::with(&|who, spec| {
        if who == "root" {
            spec.not_after = NOW + 300 * DAY;
        }
    });
    let above = issue_one(8, &[(Attribute::CommonName, "Gốc khác")], None, |spec| {
        spec.ca = Some(None);
        spec.key_usage = vec![KeyUsage::KeyCertSign, KeyUsage::CrlSign];
        spec.not_after = NOW + 20 * YEAR;
    });
    pki.tsa = issue_one(9, &[(Attribute::CommonName, "TSA riêng")], Some(&above), authority);
    let about_tsa = {
        let spec = issue::CrlSpec {
            this_update: NOW - 60,
            next_update: Some(NOW + 30 * DAY),
            number: 1,
            ..Default::default()
        };
        issue::crl(&spec, &above.chain[0], SignatureAlgorithm::EcdsaSha256, &|tbs| above.key.sign(tbs)).expect("a CRL")
    };
    let ca = pki.ca.chain[0].clone();
    pki.leader.chain.truncate(1);
    let signed = leader_alone(&pki, true, NOW);
    let material = [good(&pki, &pki.leader, NOW + 60)];
    let archived = stored(&pki, &signed, &material, &[root_crl(&pki, NOW + 30, &[]), about_tsa], NOW + 120);
    let anchors = [pki.root.chain[0].clone(), above.chain[0].clone()];
    let extra = Evidence { certificates: vec![ca], ..Evidence::default() };
    let at = |at: i64| {
        let policy = Policy {
            anchors: &anchors,
            at,
            profile: Profile::General,
            extra: &extra,
            register: None,
            test_anchors: false,
        };
        pades::judge(&archived, "a.pdf", &policy)
    };
    assert_eq!(at(NOW + 200 * DAY).verdict, Verdict::Valid, "{:?}", at(NOW + 200 * DAY).reasons);
    expect(&at(NOW + 400 * DAY), Indication::Indeterminate, "NO_POE", "evidence-unproven");
}

/// §5.6.2.4: a strong algorithm that became weak: what is proven to be older stays.
#[test]
fn algorithms_end() {
    let long = |_: &str, spec: &mut CertificateSpec| spec.not_after = NOW + 20 * YEAR;
    let mut pki = Pki::with(&long);
    let name = [(Attribute::Organisation, "UBND xã Thử Nghiệm"), (Attribute::CommonName, "Trần Thị Mẫu")];
    pki.leader = issue_to(Key::generate_rsa(), 7, &name, Some(&pki.ca), |spec| {
        spec.key_usage = vec![KeyUsage::DigitalSignature, KeyUsage::NonRepudiation];
        spec.not_after = NOW + 20 * YEAR;
    });
    let late = NOW + 6 * YEAR;
    let fresh =
        |at: i64| evidence(vec![good(&pki, &pki.leader, at), good(&pki, &pki.tsa, at)], vec![root_crl(&pki, at, &[])]);
    let report = judged(&pki, &leader_alone(&pki, false, NOW), late, &fresh(late - 60));
    expect(&report, Indication::Indeterminate, "CRYPTO_CONSTRAINTS_FAILURE_NO_POE", "weak-algorithm");
    let report = judged(&pki, &leader_alone(&pki, true, late - 100), late, &fresh(late - 60));
    expect(&report, Indication::Indeterminate, "CRYPTO_CONSTRAINTS_FAILURE", "weak-algorithm");
    let report = judged(&pki, &leader_alone(&pki, true, NOW), late, &fresh(NOW + 60));
    assert_eq!(report.verdict, Verdict::Valid, "{:?}", report.reasons);
    assert!(codes(&report).contains(&"weak-algorithm-in-time"));
}

/// §5.5.4: what covers another signature cannot be older than it.
#[test]
fn time_runs_forward() {
    let pki = Pki::new();
    let signed = leader_alone(&pki, true, NOW);
    let sealed = sign(&pki, &signed, &pki.agency, "Seal", Some(facts()), true, NOW - 600);
    let extra = evidence(
        vec![good(&pki, &pki.leader, NOW + 90), good(&pki, &pki.agency, NOW + 90), good(&pki, &pki.tsa, NOW + 90)],
        vec![root_crl(&pki, NOW - 1000, &[])],
    );
    let report = judged(&pki, &sealed, NOW + 3600, &extra);
    let seal = &report.signatures[1];
    assert_eq!(
        (seal.indication, seal.sub_indication.as_deref()),
        (Indication::Indeterminate, Some("TIMESTAMP_ORDER_FAILURE"))
    );
    assert!(codes(&report).contains(&"timestamp-order"));
    let sealed = sign(&pki, &signed, &pki.agency, "Seal", Some(facts()), true, NOW - 30);
    assert_eq!(
        judged(&pki, &sealed, NOW + 3600, &extra).verdict,
        Verdict::Valid,
        "clocks of authorities may differ by a minute"
    );
}

/// RFC 3161 §4: after a compromise every time-stamp needs a proof; one of an authority that merely stopped does not.
#[test]
fn an_authority_that_is_revoked_later() {
    let mut pki = Pki::new();
    pki.tsa = issue_one(9, &[(Attribute::CommonName, "TSA riêng")], Some(&pki.root), authority);
    let signed = leader_alone(&pki, true, NOW);
    let ocsp = good(&pki, &pki.leader, NOW + 60);
    let late = NOW + 3 * DAY;
    let with = |reason: u8| {
        evidence(
            vec![ocsp.clone()],
            vec![root_crl(&pki, NOW + 30, &[]), root_crl(&pki, NOW + 2 * DAY, &[(&pki.tsa, NOW + DAY, Some(reason))])],
        )
    };
    assert_eq!(judged(&pki, &signed, late, &with(5)).verdict, Verdict::Valid);
    let broken = judged(&pki, &signed, late, &with(1));
    assert!(codes(&broken).contains(&"tsa-revoked"), "{:?}", broken.reasons);
    assert_eq!(broken.signatures[0].time_source, TimeSource::Claimed);
}

/// Renewal (§5.6.3): the second time-stamp carries the first over the end of its authority.
#[test]
fn a_time_stamp_is_carried_by_the_next() {
    let mut pki = short_lived();
    let old = issue_one(7, &[(Attribute::CommonName, "TSA ngắn hạn")], Some(&pki.root), |spec| {
        authority(spec);
        spec.not_after = NOW + 60 * DAY;
    });
    let young = std::mem::replace(&mut pki.tsa, old);
    let signed = leader_alone(&pki, true, NOW);
    let archived =
        stored(&pki, &signed, &[good(&pki, &pki.leader, NOW + 60)], &[root_crl(&pki, NOW + 30, &[])], NOW + 120);
    let late = NOW + 200 * DAY;
    let lapsed = judged(&pki, &archived, late, &Evidence::default());
    assert_eq!(lapsed.verdict, Verdict::Indeterminate);
    assert!(codes(&lapsed).contains(&"tsa-expired-unproven"), "{:?}", lapsed.reasons);
    assert_eq!(lapsed.signatures[1].sub_indication.as_deref(), Some("OUT_OF_BOUNDS_NO_POE"));

    pki.tsa = young;
    let crl = root_crl(&pki, NOW + 49 * DAY, &[]);
    let renewed = stored(&pki, &archived, &[], &[crl], NOW + 50 * DAY);
    let report = judged(&pki, &renewed, late, &Evidence::default());
    assert_eq!(report.verdict, Verdict::Valid, "{:?}", report.reasons);
    let first = report
        .evidence
        .iter()
        .find(|one| one.kind == EvidenceKind::Timestamp && one.about == "Timestamp1")
        .expect("the first");
    assert_eq!(first.proven_by.as_deref(), Some("Timestamp2"));
}

/// What ends first without a further time-stamp, and when the next one should be there.
#[test]
fn the_report_says_until_when() {
    let pki = short_lived();
    let signed = leader_alone(&pki, true, NOW);
    let material = [good(&pki, &pki.leader, NOW + 60)];
    let crl = [root_crl(&pki, NOW + 30, &[])];
    let provable =
        |report: &Report| report.provable.clone().map(|p| (p.until.get(..10).map(str::to_owned), p.because.en));
    let loose = judged(&pki, &signed, NOW + 3600, &evidence(material.to_vec(), crl.to_vec()));
    let (until, because) = provable(&loose).expect("an end");
    assert_eq!(until.as_deref(), Some("2027-03-03"), "the CA's end: its evidence is not yet stamped");
    assert!(because.contains("CA thử nghiệm"), "{because}");
    let archived = judged(&pki, &stored(&pki, &signed, &material, &crl, NOW + 120), NOW + 3600, &Evidence::default());
    let (until, because) = provable(&archived).expect("an end");
    assert_eq!(until.as_deref(), Some("2046-11-18"), "the authority's end");
    assert!(because.contains("TSA dài hạn"), "{because}");
    assert_eq!(archived.provable.map(|p| p.renew_by.get(..10).map(str::to_owned)), Some(Some("2046-05-22".to_owned())));
}

/// R67: who issued had to be licensed when it was signed; a licence that ended later changes nothing.
#[test]
fn the_issuer_is_licensed_at_the_time_of_signing() {
    use pki::trustlist::{Kind, Period, Provider, Service, Status, Tree, TrustList};
    let pki = Pki::new();
    let archived = archive(&pki, &make(&pki).sealed, NOW + 120);
    let granted = |from| Period { status: Status::Granted, from };
    let service = |kind, who: &Identity, history: Vec<Period>| Service {
        kind,
        name: "dịch vụ".to_owned(),
        certificate: who.chain[0].clone(),
        history,
    };
    let with = |history: Option<Vec<Period>>| {
        let mut services =
            vec![service(Kind::Root, &pki.root, vec![granted(0)]), service(Kind::Tsa, &pki.tsa, vec![granted(0)])];
        services.extend(history.map(|history| service(Kind::SigningCa, &pki.ca, history)));
        let list = TrustList {
            sequence: 1,
            issued_at: NOW,
            next_update: NOW + DAY,
            operator: "thử nghiệm".to_owned(),
            test: true,
            providers: vec![Provider { name: "thử nghiệm".to_owned(), tree: Tree::Government, services }],
        };
        let (anchors, extra) = (list.anchors(), Evidence::default());
        let policy = Policy {
            anchors: &anchors,
            at: NOW + 3600,
            profile: Profile::Auto,
            extra: &extra,
            register: None,
            test_anchors: false,
        };
        judge_listed(&archived, "a.pdf", &policy, &list)
    };
    let withdrawn = |from| Period { status: Status::Withdrawn, from };
    assert_eq!(with(Some(vec![granted(0)])).verdict, Verdict::Valid, "{:?}", with(Some(vec![granted(0)])).reasons);
    assert_eq!(with(Some(vec![granted(0), withdrawn(NOW + 900)])).verdict, Verdict::Valid);
    let ended = with(Some(vec![granted(0), withdrawn(NOW - 900)]));
    assert_eq!((ended.verdict, codes(&ended)[0]), (Verdict::Invalid, "ca-not-licensed"));
    assert_eq!(ended.checks[3].result, CheckResult::Fail);
    assert_eq!(with(Some(vec![granted(NOW + 900)])).verdict, Verdict::Invalid);
    let unknown = with(None);
    assert_eq!((unknown.verdict, codes(&unknown)[0]), (Verdict::Indeterminate, "ca-unknown"));
}

/// §5.2.2, §5.2.7: the container, the digest, the value.
#[test]
fn broken_in_three_ways() {
    let pki = Pki::new();
    let file = leader_alone(&pki, false, NOW);
    let none = Evidence::default();
    let replaced = |from: &str, to: &str| {
        let at = file.windows(from.len()).position(|part| part == from.as_bytes()).expect("is there");
        let mut changed = file.clone();
        changed[at..at + from.len()].copy_from_slice(to.as_bytes());
        changed
    };
    let changed = replaced("Ban sao", "Ban sau");
    expect(&judged(&pki, &changed, NOW + 60, &none), Indication::TotalFailed, "HASH_FAILURE", "content-changed");
    let cms = contents(&file);
    let value = hex::encode_upper(pki::cms::SignedData::parse(&cms).expect("a CMS").signature_value());
    let mut wrong = value.clone();
    let last = wrong.pop().expect("a digit");
    wrong.push(if last == '0' { '1' } else { '0' });
    expect(
        &judged(&pki, &replaced(&value, &wrong), NOW + 60, &none),
        Indication::TotalFailed,
        "SIG_CRYPTO_FAILURE",
        "signature-wrong",
    );
    let garbled = replaced(&hex::encode_upper(&cms[..4]), "00000000");
    expect(&judged(&pki, &garbled, NOW + 60, &none), Indication::TotalFailed, "FORMAT_FAILURE", "signature-malformed");
}

/// §5.2.3, §5.2.6: no signer's certificate, no chain, a chain that breaks a rule; §5.2.8: constraints of the field.
#[test]
fn signer_chain_and_constraints() {
    let pki = Pki::new();
    let file = leader_alone(&pki, false, NOW);
    let none = Evidence::default();
    let (cms, bare) = (contents(&file), without_certificates(&contents(&file)));
    let hole = hex::encode_upper(&cms);
    let at = file.windows(hole.len()).position(|part| part == hole.as_bytes()).expect("is there");
    let mut nobody = file.clone();
    let filling = format!("{}{}", hex::encode(&bare), "0".repeat(hole.len() - 2 * bare.len()));
    nobody[at..at + hole.len()].copy_from_slice(filling.as_bytes());
    let report = judged(&pki, &nobody, NOW + 60, &none);
    expect(&report, Indication::Indeterminate, "NO_SIGNING_CERTIFICATE_FOUND", "signer-certificate-missing");

    let root = Evidence { certificates: pki.root.chain.clone(), ..Evidence::default() };
    let stranger = judged(&Pki::new(), &file, NOW + 60, &root);
    expect(&stranger, Indication::Indeterminate, "NO_CERTIFICATE_CHAIN_FOUND", "ca-unknown");

    let misused = Pki::with(&|who, spec| {
        if who == "leader" {
            spec.key_usage = vec![KeyUsage::KeyEncipherment];
        }
    });
    let report = judged(&misused, &leader_alone(&misused, false, NOW), NOW + 60, &none);
    expect(&report, Indication::Indeterminate, "CHAIN_CONSTRAINTS_FAILURE", "certificate-path-invalid");

    let constrained = base_with("/SV<</Ff 64/DigestMethod[/SHA512]>>");
    let report = judged(&pki, &sign(&pki, &constrained, &pki.leader, "Leader", None, false, NOW), NOW + 60, &none);
    expect(&report, Indication::Indeterminate, "SIG_CONSTRAINTS_FAILURE", "seed-value-violated");

    expect(&judged(&pki, &file, NOW + 60, &none), Indication::Indeterminate, "TRY_LATER", "revocation-unknown");
}

/// Two runs give the same bytes, and every piece of evidence is named by its digest.
#[test]
fn the_report_can_be_found_again() {
    let pki = Pki::new();
    let sealed = make(&pki).sealed;
    let archived = archive(&pki, &sealed, NOW + 120);
    let once = serde_json::to_vec(&crate::common::judge(&archived, &pki).to_json()).expect("JSON");
    assert_eq!(once, serde_json::to_vec(&crate::common::judge(&archived, &pki).to_json()).expect("JSON"));
    let report = crate::common::judge(&archived, &pki);
    let count = |kind: EvidenceKind| report.evidence.iter().filter(|one| one.kind == kind).count();
    use EvidenceKind::{Certificate, Crl, Ocsp, Signature, Timestamp};
    assert_eq!([Signature, Timestamp, Certificate, Ocsp, Crl].map(count), [2, 3, 5, 3, 1], "{:?}", report.evidence);
    let leaf = hex::encode(pki.leader.chain[0].sha256());
    let node = report.evidence.iter().find(|one| one.sha256 == leaf).expect("the leader's");
    assert_eq!((node.used_for.as_slice(), node.proven_by.as_deref()), (&["Leader".to_owned()][..], Some("Timestamp1")));
    assert!(report.reasons.iter().all(|reason| reason.params.get("rule").is_some_and(|rule| !rule.is_empty())));
}

/// Decoded `/Contents` of the only signature, without padding.
fn contents(file: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(file);
    let at = text.rfind("/Contents<").or_else(|| text.rfind("/Contents <")).expect("a signature");
    let from = at + text[at..].find('<').expect("a string") + 1;
    let to = from + text[from..].find('>').expect("an end");
    let padded = hex::decode(&text[from..to]).expect("hexadecimal");
    pki::cms::SignedData::parse(&padded).expect("a CMS").der().to_vec()
}

/// Head and content of the first DER element, and what follows it.
pub(crate) fn element(der: &[u8]) -> (u8, &[u8], &[u8]) {
    let (tag, first) = (der[0], usize::from(der[1]));
    let (head, length) = match first {
        0..=127 => (2, first),
        _ => {
            let octets = first & 0x7f;
            (2 + octets, der[2..2 + octets].iter().fold(0, |sum, octet| sum << 8 | usize::from(*octet)))
        }
    };
    (tag, &der[head..head + length], &der[head + length..])
}

fn wrap(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).expect("short").to_be_bytes();
    [&[tag, 0x82, length[0], length[1]][..], content].concat()
}

/// The CMS without its certificates.
fn without_certificates(cms: &[u8]) -> Vec<u8> {
    let (_, info, _) = element(cms);
    let (_, _, explicit) = element(info);
    let kind = &info[..info.len() - explicit.len()];
    let (_, signed, _) = element(element(explicit).1);
    let (mut rest, mut kept) = (signed, Vec::new());
    while !rest.is_empty() {
        let (tag, _, after) = element(rest);
        if tag != 0xa0 {
            kept.extend_from_slice(&rest[..rest.len() - after.len()]);
        }
        rest = after;
    }
    wrap(0x30, &[kind, &wrap(0xa0, &wrap(0x30, &kept))].concat())
}

/// Whoever asks about an instant before the signing gets no verdict: what was signed did not exist then.
#[test]
fn before_the_signing_nothing_is_valid() {
    let pki = Pki::new();
    let file = archive(&pki, &make(&pki).sealed, NOW + 120);
    let none = Evidence::default();
    assert_eq!(judged(&pki, &file, NOW + 180, &none).verdict, Verdict::Valid);
    for at in [0, NOW - 86_400, NOW - 120] {
        let report = judged(&pki, &file, at, &none);
        assert_ne!(report.verdict, Verdict::Valid, "{at}: {:?}", report.reasons);
        assert!(codes(&report).contains(&"timestamp-in-future"), "{at}: {:?}", report.reasons);
        assert!(!codes(&report).contains(&"certificate-expired-now"), "{at}: {:?}", report.reasons);
    }
}
