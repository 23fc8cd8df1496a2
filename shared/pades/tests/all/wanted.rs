//! What would have told: named only where a trusted CA is the one to ask, and enough to judge the file for good.

use pades::*;
use pki::ocsp::CertStatus;
use pki::path::Evidence;

use crate::common::{Identity, NOW, Pki, archive, base, classic, codes, issue_one, judge_as, make, sign};

const SOON: i64 = NOW + 3600;

fn wanted(file: &[u8], pki: &Pki) -> Vec<Wanted> {
    judge_as(file, &pki.anchors(), SOON, Profile::Auto).wanted
}

fn with(pki: &Pki, file: &[u8], extra: &Evidence) -> Report {
    let anchors = pki.anchors();
    let policy =
        Policy { anchors: &anchors, at: SOON, profile: Profile::Auto, extra, register: None, test_anchors: false };
    pades::judge(file, "a.pdf", &policy)
}

/// What a CA would say about everything that is wanted.
fn told(pki: &Pki, wanted: &[Wanted], leader: CertStatus) -> Evidence {
    let mut evidence = Evidence::default();
    for one in wanted {
        let certificate = one.certificate().expect("a certificate");
        if certificate.is_ca() {
            evidence.crls.push(pki.crl(SOON - 10));
        } else {
            let status = if *certificate == pki.leader.chain[0] { leader } else { CertStatus::Good };
            evidence.ocsps.push(pki.ocsp(certificate, status, SOON - 10));
        }
    }
    evidence
}

/// A sealed file without evidence: two signers, their CA and the authority are asked about, each once, by its own path.
#[test]
fn everybody_on_trusted_paths_is_wanted_once() {
    let pki = Pki::new();
    let all = wanted(&make(&pki).sealed, &pki);
    let of = |who: &Identity| {
        let found = all.iter().find(|one| one.certificate() == who.chain.first());
        found.unwrap_or_else(|| panic!("{:?}", all.iter().map(|one| one.certificate()).collect::<Vec<_>>()))
    };
    assert_eq!(all.len(), 4);
    for (who, fields) in [
        (&pki.leader, &["Leader"][..]),
        (&pki.agency, &["Seal"]),
        (&pki.ca, &["Leader", "Seal"]),
        (&pki.tsa, &["Leader", "Seal"]),
    ] {
        assert_eq!(of(who).path, who.chain);
        assert_eq!(of(who).fields, fields);
    }
    assert_eq!(of(&pki.leader).addresses(), ["http://ocsp.example.invalid/"]);
    assert_eq!(of(&pki.ca).addresses(), ["http://crl.example.invalid/root.crl"]);
    assert_eq!(of(&pki.leader).at, NOW, "when it was signed");
}

/// `/Contents` of the only signature.
fn contents(file: &[u8]) -> Vec<u8> {
    let key = file.windows(9).rposition(|part| part == b"/Contents").expect("a signature");
    let at = key + file[key..].iter().position(|byte| *byte == b'<').expect("a beginning") + 1;
    let end = at + file[at..].iter().position(|byte| *byte == b'>').expect("an end");
    hex::decode(&file[at..end]).expect("hexadecimal")
}

/// With what was wanted the answer is found, and the report says which of its evidence is not in the file. A revocation is heard too.
#[test]
fn what_was_wanted_decides() {
    let pki = Pki::new();
    let sealed = make(&pki).sealed;
    let lacking = wanted(&sealed, &pki);
    let good = with(&pki, &sealed, &told(&pki, &lacking, CertStatus::Good));
    assert_eq!((good.verdict, good.wanted.len()), (Verdict::Valid, 0), "{:?}", codes(&good));
    let brought: Vec<EvidenceKind> =
        good.evidence.iter().filter(|one| one.origin == Some(Origin::Fetched)).map(|one| one.kind).collect();
    use EvidenceKind::{Crl, Ocsp};
    assert_eq!(brought, [Ocsp, Ocsp, Ocsp, Crl]);
    assert!(good.signatures.iter().all(|one| one.level == Level::BT), "the file shows what it shows");
    let revoked = CertStatus::Revoked { at: NOW - 60, reason: Some(1) };
    let bad = with(&pki, &sealed, &told(&pki, &lacking, revoked));
    assert_eq!(bad.verdict, Verdict::Invalid);
    assert!(codes(&bad).contains(&"certificate-revoked-before"), "{:?}", codes(&bad));
}

/// What a file brings itself has no origin, and nothing more is wanted of it.
#[test]
fn a_file_with_its_evidence_wants_nothing() {
    let pki = Pki::new();
    let report = judge_as(&archive(&pki, &make(&pki).sealed, NOW + 120), &pki.anchors(), SOON, Profile::Auto);
    let unconfirmed =
        |one: &Wanted| one.certificate() == pki.tsa.chain.first() || one.certificate() == pki.ca.chain.first();
    assert!(
        report.wanted.iter().all(unconfirmed),
        "{:?}",
        report.wanted.iter().map(|one| &one.fields).collect::<Vec<_>>()
    );
    assert!(report.evidence.iter().all(|one| one.origin.is_none()));
}

/// SSRF: no stranger's certificate is asked about, nor one whose signature is not good, whatever addresses stand in it.
#[test]
fn nobody_is_asked_on_a_strangers_word() {
    let (pki, stranger) = (Pki::new(), Pki::new());
    let sealed = make(&stranger).sealed;
    assert!(wanted(&sealed, &pki).is_empty(), "no path to a trusted anchor");
    // A value that is not by the key of whoever is named: anybody can name anybody.
    let mut forged = sign(&pki, &base(), &pki.leader, "Leader", None, false, NOW);
    let hole = contents(&forged);
    let container = pki::cms::SignedData::parse(&hole).expect("a container");
    let value = hex::encode_upper(container.signature_value());
    let at = forged.windows(value.len()).position(|part| part.eq_ignore_ascii_case(value.as_bytes())).expect("a value");
    let last = at + value.len() - 1;
    forged[last] = if forged[last] == b'0' { b'1' } else { b'0' };
    let report = judge_as(&forged, &pki.anchors(), SOON, Profile::General);
    assert_eq!(report.signatures[0].integrity, Integrity::Broken);
    assert_eq!(report.signatures[0].certificate_path, PathStatus::Trusted);
    assert!(report.wanted.is_empty(), "nobody knows who made it");
    let mut changed = make(&pki).sealed;
    let at = changed.windows(4).position(|part| part == b"Ban ").expect("the text");
    changed[at] = b'b';
    assert!(wanted(&changed, &pki).is_empty(), "changed");
}

/// However many signers a file has, one judgement names 32; with their evidence the next one names the others.
#[test]
fn one_judgement_names_so_many() {
    let pki = Pki::new();
    let names: Vec<String> = (0..34).map(|n| format!("S{n}")).collect();
    let kids = |from: usize| (0..names.len()).map(|n| format!("{} 0 R", from + n)).collect::<Vec<_>>().join(" ");
    let mut objects = vec![
        "<</Type/Catalog/Pages 2 0 R/AcroForm 4 0 R>>".to_owned(),
        "<</Type/Pages/Count 1/Kids[3 0 R]>>".to_owned(),
        format!("<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<<>>/Annots[{}]>>", kids(5)),
        format!("<</Fields[{}]/SigFlags 1>>", kids(5)),
    ];
    let field = |name: &String| format!("<</Type/Annot/Subtype/Widget/FT/Sig/T({name})/F 132/P 3 0 R/Rect[0 0 0 0]>>");
    objects.extend(names.iter().map(field));
    let mut file = classic(&objects);
    for (n, name) in names.iter().enumerate() {
        use pki::issue::{Attribute::CommonName, KeyUsage};
        let serial = 0x40 + u8::try_from(n).expect("few");
        let who = issue_one(serial, &[(CommonName, name.as_str())], Some(&pki.ca), |spec| {
            spec.key_usage = vec![KeyUsage::DigitalSignature, KeyUsage::NonRepudiation];
        });
        file = sign(&pki, &file, &who, name, None, false, NOW);
    }
    let first = judge_as(&file, &pki.anchors(), SOON, Profile::General);
    assert_eq!((first.signatures.len(), first.wanted.len()), (34, 32), "{:?}", codes(&first));
    let anchors = pki.anchors();
    let extra = told(&pki, &first.wanted, CertStatus::Good);
    let policy = Policy {
        anchors: &anchors,
        at: SOON,
        profile: Profile::General,
        extra: &extra,
        register: None,
        test_anchors: false,
    };
    // 34 leaves and their CA.
    assert_eq!(pades::judge(&file, "a.pdf", &policy).wanted.len(), 3);
}

/// R67: whose CA is on no list is judged by nobody's word about revocation, so nobody is asked; the authority is listed and is.
#[test]
fn a_ca_without_a_licence_is_not_asked() {
    use pki::trustlist::{Kind, Period, Provider, Service, Status, Tree, TrustList};
    let pki = Pki::new();
    let service = |kind, who: &Identity| Service {
        kind,
        name: "dịch vụ".to_owned(),
        certificate: who.chain[0].clone(),
        history: vec![Period { status: Status::Granted, from: 0 }],
    };
    let asked = |services| {
        let providers = vec![Provider { name: "thử nghiệm".to_owned(), tree: Tree::Government, services }];
        let operator = "thử nghiệm".to_owned();
        let (issued_at, next_update) = (NOW, NOW + 86_400);
        let list = TrustList { sequence: 1, issued_at, next_update, operator, test: true, providers };
        let (anchors, extra) = (list.anchors(), Evidence::default());
        let policy = Policy {
            anchors: &anchors,
            at: SOON,
            profile: Profile::Auto,
            extra: &extra,
            register: None,
            test_anchors: false,
        };
        let report = judge_listed(&make(&pki).sealed, "a.pdf", &policy, &list);
        report.wanted.iter().filter_map(|one| one.certificate().cloned()).collect::<Vec<_>>()
    };
    let (root, tsa, ca) =
        (service(Kind::Root, &pki.root), service(Kind::Tsa, &pki.tsa), service(Kind::SigningCa, &pki.ca));
    let people = [pki.leader.chain[0].clone(), pki.agency.chain[0].clone()];
    let without = asked(vec![root.clone(), tsa.clone()]);
    assert!(without.contains(&pki.tsa.chain[0]) && people.iter().all(|one| !without.contains(one)));
    let with = asked(vec![root, tsa, ca]);
    assert!(people.iter().all(|one| with.contains(one)));
}
