//! Make and judge: the whole life of a certified copy (R64–R68).

use pades::*;
use pki::ocsp::CertStatus;

use crate::common::{judge, *};

/// R64–R68: leader, seal, archive; every level is what it should be.
#[test]
fn a_copy_is_made_and_judged() {
    let pki = Pki::new();
    let made = make(&pki);
    assert!(
        made.sealed.starts_with(&made.signed) && made.signed.starts_with(&made.base),
        "every level keeps the bytes before it"
    );

    let archived = archive(&pki, &made.sealed, NOW + 120);
    assert!(archived.starts_with(&made.sealed));
    hand_out(&pki, &made, &archived);
    let report = judge(&archived, &pki);
    let text = serde_json::to_string_pretty(&report.to_json()).expect("JSON");
    assert_eq!(report.verdict, Verdict::Valid, "{text}");
    assert_eq!(report.kind, ReportKind::CertifiedCopy);
    assert_eq!(report.number, Some(facts()));
    let fields: Vec<(&str, Role, Level, Covers, Changes)> = report
        .signatures
        .iter()
        .map(|one| (one.field.as_str(), one.role, one.level, one.covers, one.changes_after))
        .collect();
    assert_eq!(
        fields,
        [
            ("Leader", Role::Leader, Level::BLTA, Covers::WholeRevision, Changes::Permitted),
            ("Seal", Role::Seal, Level::BLTA, Covers::WholeRevision, Changes::Permitted),
            ("Timestamp1", Role::Timestamp, Level::BLT, Covers::WholeFile, Changes::None),
        ],
        "{text}"
    );
    assert!(report.signatures.iter().all(|one| one.indication == Indication::TotalPassed), "{text}");
    assert_eq!(report.signatures[0].signed_at.as_deref(), Some("2026-11-23T14:05:31+07:00"));
    let results: Vec<CheckResult> = report.checks.iter().map(|check| check.result).collect();
    use CheckResult::{NotChecked, Pass};
    // R67: without a trusted list nothing is said about the licence.
    assert_eq!(results, [Pass, Pass, Pass, NotChecked, NotChecked]);
}

/// Times are whole seconds: an archive that is made in the second of the seal changes nothing.
#[test]
fn an_archive_may_be_quick() {
    let pki = Pki::new();
    let report = judge(&archive(&pki, &make(&pki).sealed, NOW + 60), &pki);
    assert_eq!(report.verdict, Verdict::Valid, "{:?}", report.reasons);
    let sources: Vec<TimeSource> = report.signatures.iter().map(|one| one.time_source).collect();
    assert_eq!(sources, [TimeSource::Timestamp; 3]);
}

/// Contract §2: the names and values of the JSON object.
#[test]
fn the_json_has_the_shape_of_the_contract() {
    let pki = Pki::new();
    let made = make(&pki);
    let json = judge(&archive(&pki, &made.sealed, NOW + 120), &pki).to_json();
    assert_eq!(json["file"], "a.pdf");
    assert_eq!(json["verdict"], "valid");
    assert_eq!(json["verdict_text"], "HỢP LỆ");
    assert_eq!(json["kind"], "certified_copy");
    let leader = &json["signatures"][0];
    for (key, value) in [
        ("kind", "signature"),
        ("role", "leader"),
        ("integrity", "intact"),
        ("covers", "whole_revision"),
        ("changes_after", "permitted"),
        ("indication", "TOTAL-PASSED"),
        ("level", "B-LTA"),
        ("certificate_path", "trusted"),
        ("revocation", "good"),
        ("time_source", "timestamp"),
    ] {
        assert_eq!(leader[key], value, "{key}");
    }
    assert!(leader["sub_indication"].is_null() && leader.get("sub_indication").is_some());
    assert_eq!(leader["signer"]["organisation"], "UBND xã Thử Nghiệm");
    assert_eq!(json["number"]["number"], 152);
    assert_eq!(json["number"]["suffix"], "SCT/BS");
    assert_eq!(json["checks"][4]["result"], "not_checked");
}

/// R65, decision 20: without revocation evidence nothing is called valid.
#[test]
fn a_sealed_copy_without_evidence_cannot_be_told() {
    let pki = Pki::new();
    let made = make(&pki);
    let report = judge(&made.sealed, &pki);
    assert_eq!(report.verdict, Verdict::Indeterminate);
    assert!(codes(&report).contains(&"revocation-unknown"));
    let levels: Vec<Level> = report.signatures.iter().map(|one| one.level).collect();
    assert_eq!(levels, [Level::BT, Level::BT]);

    let leaf = |who: &Identity| who.chain[0].clone();
    let extra = pki::path::Evidence {
        certificates: Vec::new(),
        ocsps: [&pki.leader, &pki.agency, &pki.tsa]
            .iter()
            .map(|who| pki.ocsp(&leaf(who), CertStatus::Good, NOW + 90))
            .collect(),
        crls: vec![pki.crl(NOW - 100)],
    };
    let anchors = pki.anchors();
    let policy = Policy {
        anchors: &anchors,
        at: NOW + 3600,
        profile: Profile::Auto,
        extra: &extra,
        register: None,
        test_anchors: true,
    };
    let report = pades::judge(&made.sealed, "a.pdf", &policy);
    assert_eq!(report.verdict, Verdict::Valid, "{:?}", report.reasons);
    assert_eq!(
        codes(&report),
        ["later-change-allowed", "register-not-asked", "wording-unread", "test-certificate", "trust-list-absent"]
    );
}

/// R65: revoked before signing is invalid, after signing valid with a note.
#[test]
fn revocation_is_judged_at_the_time_of_signing() {
    let pki = Pki::new();
    let made = make(&pki);
    let anchors = pki.anchors();
    let judge_with = |status: CertStatus| {
        let extra = pki::path::Evidence {
            certificates: Vec::new(),
            ocsps: vec![
                pki.ocsp(&pki.leader.chain[0], status, NOW + 90),
                pki.ocsp(&pki.agency.chain[0], CertStatus::Good, NOW + 90),
                pki.ocsp(&pki.tsa.chain[0], CertStatus::Good, NOW + 90),
            ],
            crls: vec![pki.crl(NOW - 100)],
        };
        let policy = Policy {
            anchors: &anchors,
            at: NOW + 3600,
            profile: Profile::Auto,
            extra: &extra,
            register: None,
            test_anchors: false,
        };
        pades::judge(&made.sealed, "a.pdf", &policy)
    };
    let before = judge_with(CertStatus::Revoked { at: NOW - 500, reason: Some(1) });
    assert_eq!(before.verdict, Verdict::Invalid);
    assert_eq!(codes(&before)[0], "certificate-revoked-before");
    assert_eq!(before.signatures[0].revocation, Revocation::Revoked);
    let after = judge_with(CertStatus::Revoked { at: NOW + 30, reason: None });
    assert_eq!(after.verdict, Verdict::Valid, "{:?}", after.reasons);
    assert!(codes(&after).contains(&"certificate-revoked-after"));
}

/// R62, decision 43: an unknown root is no proof of anything wrong, and no proof of anything right.
#[test]
fn an_unknown_root_cannot_be_told() {
    let pki = Pki::new();
    let archived = archive(&pki, &make(&pki).sealed, NOW + 120);
    let report = judge_as(&archived, &[], NOW + 3600, Profile::Auto);
    assert_eq!(report.verdict, Verdict::Indeterminate);
    assert!(
        report
            .signatures
            .iter()
            .all(|one| one.integrity == Integrity::Intact && one.certificate_path == PathStatus::Untrusted)
    );
}

/// R68: the register speaks last.
#[test]
fn the_register_is_compared() {
    let pki = Pki::new();
    let archived = archive(&pki, &make(&pki).sealed, NOW + 120);
    let (anchors, extra) = (pki.anchors(), pki::path::Evidence::default());
    let with = |register: RegisterFacts| {
        let register = Some(register);
        let policy = Policy {
            anchors: &anchors,
            at: NOW + 3600,
            profile: Profile::Auto,
            extra: &extra,
            register,
            test_anchors: false,
        };
        pades::judge(&archived, "a.pdf", &policy)
    };
    let digest: [u8; 32] = pki::digest(pki::DigestAlgorithm::Sha256, &[&archived]).try_into().expect("32 bytes");
    let right = RegisterFacts { status: RegisterStatus::Active, facts: Some(facts()), sha256: vec![digest] };
    assert_eq!(with(right.clone()).verdict, Verdict::Valid);
    assert_eq!(with(right.clone()).checks[4].result, CheckResult::Pass);
    let number = EcopyFacts { number: 153, ..facts() };
    let wrong = with(RegisterFacts { facts: Some(number), ..right.clone() });
    assert_eq!((wrong.verdict, codes(&wrong)[0]), (Verdict::Invalid, "register-mismatch"));
    let other = with(RegisterFacts { sha256: vec![[0; 32]], ..right.clone() });
    assert_eq!(other.verdict, Verdict::Invalid);
    let gone = |decision: Option<(&str, &str)>| {
        let decision = decision.map(|(number, date)| (number.to_owned(), date.to_owned()));
        let status = RegisterStatus::Annulled { decision, entered: "02/12/2026".to_owned() };
        let gone = with(RegisterFacts { status, ..right.clone() });
        assert_eq!((gone.verdict, codes(&gone)[0]), (Verdict::Invalid, "annulled"));
        assert!(gone.summary.contains(&gone.reasons[0].text.vi), "{}", gone.summary);
        gone.reasons[0].text.clone()
    };
    let said = gone(Some(("12/QĐ", "01/12/2026")));
    assert_eq!(said.vi, "Bản chứng thực này đã bị huỷ theo quyết định 12/QĐ, ngày 01/12/2026.");
    assert_eq!(said.en, "This certified copy was annulled by decision 12/QĐ of 01/12/2026.");
    let said = gone(None);
    assert_eq!(said.vi, "Bản chứng thực này đã bị huỷ, ghi sổ ngày 02/12/2026.");
    assert_eq!(said.en, "This certified copy was annulled, entered in the register on 02/12/2026.");
    assert_eq!(with(RegisterFacts { status: RegisterStatus::Unknown, ..right }).verdict, Verdict::Indeterminate);
}

/// R68: two X.509 certificates of anybody make the form of a copy. Who has not asked the register does not say that it is one.
#[test]
fn without_a_register_nobody_is_told_to_accept_a_copy() {
    let pki = Pki::new();
    let archived = archive(&pki, &make(&pki).sealed, NOW + 120);
    let (anchors, extra) = (pki.anchors(), pki::path::Evidence::default());
    let digest: [u8; 32] = pki::digest(pki::DigestAlgorithm::Sha256, &[&archived]).try_into().expect("32 bytes");
    let right = RegisterFacts { status: RegisterStatus::Active, facts: Some(facts()), sha256: vec![digest] };
    let with = |register: Option<RegisterFacts>| {
        let (at, profile) = (NOW + 3600, Profile::Auto);
        let policy = Policy { anchors: &anchors, at, profile, extra: &extra, register, test_anchors: false };
        pades::judge(&archived, "a.pdf", &policy)
    };
    let (asked, alone) = (with(Some(right)), with(None));
    for report in [&asked, &alone] {
        assert_eq!((report.verdict, report.kind), (Verdict::Valid, ReportKind::CertifiedCopy), "{:?}", report.reasons);
    }
    assert!(!codes(&asked).contains(&"register-not-asked") && codes(&alone).contains(&"register-not-asked"));
    assert_eq!((asked.action.as_str(), asked.action_en.as_str()), ("Có thể tiếp nhận.", "You may accept it."));
    assert!(asked.summary.contains("đúng người ký") && asked.summary_en.contains("by the right signers"));
    assert!(alone.summary.contains("chưa đối chiếu sổ") && alone.summary_en.contains("the register was not asked"));
    for claim in ["đúng người ký", "hợp lệ", "right signers", "valid", "Có thể tiếp nhận", "may accept it."]
    {
        for said in [&alone.summary, &alone.summary_en, &alone.action, &alone.action_en] {
            assert!(!said.contains(claim), "{said}");
        }
    }
    let check = alone.checks.iter().find(|check| check.id == CheckId::Register).expect("a check");
    assert_eq!(check.result, CheckResult::NotChecked);
    assert!(check.reasons.iter().any(|reason| reason.code == "register-not-asked"), "{:?}", check.reasons);
}

/// R68: the rules of a certified copy.
#[test]
fn a_copy_needs_both_signatures_in_order() {
    let pki = Pki::new();
    let made = make(&pki);
    let half = judge(&made.signed, &pki);
    assert!(codes(&half).contains(&"only-one-signature"), "{:?}", half.reasons);
    assert_eq!(half.verdict, Verdict::Invalid);

    let first = sign(&pki, &base(), &pki.agency, "Seal", Some(facts()), true, NOW);
    let second = sign(&pki, &first, &pki.leader, "Leader", None, true, NOW + 60);
    let report = judge(&second, &pki);
    assert!(codes(&report).contains(&"wrong-order"), "{:?}", report.reasons);

    let signed = sign(&pki, &base(), &pki.leader, "Leader", None, true, NOW);
    let person = sign(&pki, &signed, &pki.leader, "Seal", Some(facts()), true, NOW + 60);
    assert!(codes(&judge(&person, &pki)).contains(&"not-agency-certificate"));
    let bare = sign(&pki, &signed, &pki.agency, "Seal", None, true, NOW + 60);
    assert!(codes(&judge(&bare, &pki)).contains(&"number-missing"));
    let untimed = sign(&pki, &signed, &pki.agency, "Seal", Some(facts()), false, NOW + 60);
    assert!(codes(&judge(&untimed, &pki)).contains(&"timestamp-required"));
}

/// The chains that a caller has to complete.
#[test]
fn the_wanted_evidence_names_signers_and_authorities() {
    let pki = Pki::new();
    let made = make(&pki);
    let shape = |file: &[u8]| -> Vec<(String, ChainPurpose, usize, bool)> {
        let chains = evidence_wanted(&Held::whole(file)).expect("chains");
        chains.into_iter().map(|chain| (chain.field, chain.purpose, chain.certificates.len(), chain.complete)).collect()
    };
    use ChainPurpose::{Signer, Timestamp};
    let people = |long: usize| {
        let one = |field: &str, purpose| (field.to_owned(), purpose, long, long == 3);
        vec![one("Leader", Signer), one("Leader", Timestamp), one("Seal", Signer), one("Seal", Timestamp)]
    };
    // No signature embeds the root; the store does.
    assert_eq!(shape(&made.sealed), people(2));
    let mut all = people(3);
    all.push(("Timestamp1".to_owned(), Timestamp, 3, true));
    assert_eq!(shape(&archive(&pki, &made.sealed, NOW + 120)), all);
}

/// Decision 11: renewal adds a further time-stamp and keeps the level.
#[test]
fn an_archive_can_be_renewed() {
    let pki = Pki::new();
    let archived = archive(&pki, &make(&pki).sealed, NOW + 120);
    let renewed = archive(&pki, &archived, NOW + 86_000);
    let report = judge_as(&renewed, &pki.anchors(), NOW + 86_400, Profile::Auto);
    assert_eq!(report.verdict, Verdict::Valid, "{:?}", report.reasons);
    assert_eq!(report.signatures.len(), 4);
}

/// Errors of making.
#[test]
fn making_refuses_what_it_cannot_do() {
    let pki = Pki::new();
    let made = make(&pki);
    let plan = |field| SignaturePlan {
        field,
        chain: &pki.leader.chain,
        name: "a",
        reason: "",
        location: "",
        signed_at: "D:20261123140531+07'00'",
        appearance: None,
        token_room: 0,
        ecopy: None,
    };
    assert_eq!(prepare(&made.base, &plan("Nobody")), Err(Error::FieldMissing("Nobody".to_owned())));
    assert_eq!(prepare(&made.signed, &plan("Leader")), Err(Error::FieldSigned("Leader".to_owned())));
    let prepared = prepare(&made.base, &plan("Leader")).expect("prepared");
    assert_eq!(prepared, prepare(&made.base, &plan("Leader")).expect("prepared again"), "making is deterministic");
    let reserve = (prepared.contents.len() - 2) / 2;
    let garbage = vec![0x30; reserve + 1];
    assert!(matches!(embed(&prepared.file, prepared.contents.clone(), &garbage), Err(Error::Pki(_))));
    let url = format!("http://crl.example.invalid/{}", "x".repeat(reserve));
    let wide = Pki::with(&|who, spec| {
        if who == "leader" {
            spec.crl_urls = vec![url.clone()];
        }
    });
    let attributes =
        pki::cms::signed_attributes(&signed_digest(&prepared.file, prepared.contents.clone()), &wide.leader.chain[0]);
    let attributes = attributes.expect("attributes");
    let large = pki::cms::assemble(&attributes, &wide.leader.key.sign(&attributes), &wide.leader.chain, None);
    let overflow = embed(&prepared.file, prepared.contents.clone(), &large.expect("a CMS"));
    assert!(matches!(overflow, Err(Error::DoesNotFit { needed, reserved }) if needed > reserve && reserved == reserve));
    let shifted = prepared.contents.start + 2..prepared.contents.end;
    assert_eq!(embed(&prepared.file, shifted, b"0"), Err(Error::WrongPlaceholder));
    assert_eq!(embed(&made.signed, prepared.contents.clone(), b"0"), Err(Error::WrongPlaceholder));
    let foreign = pki.agency.key.sign(&prepared.signed_attributes);
    let chain = &pki.leader.chain;
    assert!(finished(&prepared, &foreign, chain, None).is_err());
}

/// I3–I5: the guarded door opens for exactly the expected signature.
#[test]
fn the_door_opens_only_for_the_expected_signature() {
    let pki = Pki::new();
    let made = make(&pki);
    let anchors = pki.anchors();
    let leader = pki.leader.chain[0].der().to_vec();
    let expected = Expected {
        field: "Leader",
        signer_der: &leader,
        base: Beginning::of(&made.base),
        at: NOW + 60,
        anchors: &anchors,
    };
    let verified = verify_signature(&made.signed, &expected).expect("opens");
    assert_eq!((verified.field(), verified.signed_at(), verified.level()), ("Leader", NOW, Level::BT));
    assert_eq!(verified.size(), made.signed.len() as u64);

    let code = |file: &[u8], expected: &Expected<'_>| verify_signature(file, expected).expect_err("stays closed").code;
    let other = pki.agency.chain[0].der().to_vec();
    assert_eq!(code(&made.signed, &Expected { signer_der: &other, ..expected.clone() }), "signer-mismatch");
    assert_eq!(code(&made.signed, &Expected { field: "Seal", ..expected.clone() }), "no-signature");
    assert_eq!(code(&made.signed, &Expected { anchors: &[], ..expected.clone() }), "chain-incomplete");
    assert_eq!(code(&made.sealed, &expected), "byte-range-gap", "a later revision");
    let foreign = b"%PDF-1.7 other".to_vec();
    assert_eq!(code(&made.signed, &Expected { base: Beginning::of(&foreign), ..expected.clone() }), "content-changed");
    let untimed = sign(&pki, &made.base, &pki.leader, "Leader", None, false, NOW);
    assert_eq!(code(&untimed, &expected), "timestamp-missing");
    let agency = pki.agency.chain[0].der().to_vec();
    let seal = Expected {
        field: "Seal",
        signer_der: &agency,
        base: Beginning::of(&made.signed),
        at: NOW + 120,
        anchors: &anchors,
    };
    assert_eq!(verify_signature(&made.sealed, &seal).expect("opens").signed_at(), NOW + 60);
}

/// Where nobody signed, the verdict is that of the time-stamp: nobody's word is not valid.
#[test]
fn a_time_stamp_alone_is_judged_by_its_own_trust() {
    let pki = Pki::new();
    let prepared = prepare_archive(&make(&pki).base, &LongTerm::default()).expect("prepared");
    let token = pki.token(signed_digest(&prepared.file, prepared.contents.clone()), NOW);
    let file = embed(&prepared.file, prepared.contents, &token).expect("embedded");
    let stranger = judge_as(&file, &[], NOW + 3600, Profile::General);
    assert_eq!(stranger.verdict, Verdict::Indeterminate, "{:?}", stranger.reasons);
    assert!(codes(&stranger).contains(&"tsa-untrusted"), "{:?}", stranger.reasons);
}

/// The archive's door.
#[test]
fn the_archive_is_verified_against_the_sealed_file() {
    let pki = Pki::new();
    let made = make(&pki);
    let archived = archive(&pki, &made.sealed, NOW + 120);
    let (leader, agency, anchors) = (pki.leader.chain[0].der(), pki.agency.chain[0].der(), pki.anchors());
    let signers = [("Leader", leader), ("Seal", agency)];
    let expected =
        ExpectedArchive { sealed: Beginning::of(&made.sealed), signers: &signers, at: NOW + 180, anchors: &anchors };
    let verified = verify_archive(&archived, &expected).expect("opens");
    assert_eq!((verified.level(), verified.archived_at()), (Level::BLTA, NOW + 120));
    assert!(verify_archive(&made.sealed, &expected).is_err());
    let swapped = [("Leader", agency), ("Seal", leader)];
    assert!(verify_archive(&archived, &ExpectedArchive { signers: &swapped, ..expected.clone() }).is_err());
    assert!(
        verify_archive(
            &archived,
            &ExpectedArchive { sealed: Beginning::of(&made.signed), signers: &signers[..1], ..expected }
        )
        .is_err()
    );
}

/// Writes the levels where `PADES_OUT` says, so that other judges can look at them.
#[expect(clippy::disallowed_methods, reason = "a setting of the person who runs the tests, not of the program")]
fn hand_out(pki: &Pki, made: &Made, archived: &[u8]) {
    let Ok(folder) = std::env::var("PADES_OUT") else { return };
    let root = pki.root.chain[0].to_pem();
    let files: [(&str, &[u8]); 5] = [
        ("base.pdf", &made.base),
        ("signed.pdf", &made.signed),
        ("sealed.pdf", &made.sealed),
        ("archived.pdf", archived),
        ("root.pem", root.as_bytes()),
    ];
    for (name, bytes) in files {
        std::fs::write(format!("{folder}/{name}"), bytes).expect("written");
    }
}
