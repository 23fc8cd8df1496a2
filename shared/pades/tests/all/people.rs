//! Who signed a certified copy, for whom and when (R65, R66, R68): a person of the agency, the agency, each with a key of its own, in fields that
//! hide nothing.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use pades::*;
use pki::issue::{Attribute, CertificateSpec, KeyUsage};

use crate::common::{judge, *};
use crate::over::rebuilt;
use crate::rules::stream;

const WARD: &str = "UBND xã Thử Nghiệm";

type Name = Vec<(Attribute, &'static str)>;

fn named(name: &Name) -> Vec<(Attribute, String)> {
    name.iter().map(|(attribute, text)| (*attribute, (*text).to_owned())).collect()
}

/// A copy where one of them has another name.
fn with(who: &str, name: &Name) -> Report {
    let pki = Pki::with(&|one, spec: &mut CertificateSpec| {
        if one == who {
            spec.subject = named(name);
        }
    });
    judge(&archive(&pki, &make(&pki).sealed, NOW + 120), &pki)
}

/// What is said of the signers.
fn said(report: &Report) -> (Verdict, Vec<&str>) {
    let ours = |code: &&str| code.contains("agency") || code.starts_with("leader");
    (report.verdict, codes(report).into_iter().filter(ours).collect())
}

/// R68: a seal is an agency's: no identity number of a person, however it is written, and an organisation.
#[test]
fn r68_a_seal_is_no_persons() {
    use Attribute::{CommonName, Country, Organisation, OrganisationalUnit, SerialNumber, UserId};
    let base = || vec![(Country, "VN"), (Organisation, WARD)];
    let and = |more: &[(Attribute, &'static str)]| [base(), more.to_vec()].concat();
    for fine in [
        and(&[(CommonName, "Ủy ban nhân dân xã Thử Nghiệm")]),
        and(&[(CommonName, WARD), (UserId, "MST:0100000000")]),
        and(&[(CommonName, WARD), (SerialNumber, "0100000000")]),
        and(&[(OrganisationalUnit, "Một cửa"), (CommonName, "Phòng Tư pháp")]),
    ] {
        assert_eq!(said(&with("agency", &fine)), (Verdict::Valid, vec![]), "{fine:?}");
    }
    for personal in [
        and(&[(CommonName, WARD), (UserId, "CCCD:000000000000")]),
        and(&[(CommonName, WARD), (UserId, "cccd: 000000000000")]),
        and(&[(CommonName, WARD), (SerialNumber, "CMND:000000000")]),
        and(&[(CommonName, WARD), (SerialNumber, "IDCVN-000000000000")]),
        vec![(Country, "VN"), (CommonName, WARD)],
    ] {
        assert_eq!(
            said(&with("agency", &personal)),
            (Verdict::Invalid, vec!["not-agency-certificate"]),
            "{personal:?}"
        );
    }
    let unclear = with("agency", &and(&[(CommonName, "Trần Thị Mẫu")]));
    assert_eq!(said(&unclear), (Verdict::Valid, vec!["agency-certificate-unclear"]), "{:?}", unclear.reasons);
}

/// R68: one key behind two X.509 certificates is one signer.
#[test]
fn r68_two_signers_have_two_keys() {
    use Attribute::{CommonName, Country, Organisation};
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).expect("a key");
    let key =
        || Key::P256(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref()).expect("the same key"));
    let mut pki = Pki::new();
    let fill = |spec: &mut CertificateSpec| {
        spec.key_usage = vec![KeyUsage::DigitalSignature, KeyUsage::NonRepudiation];
        spec.ocsp_urls = vec!["http://ocsp.example.invalid/".to_owned()];
    };
    let person = [(Country, "VN"), (Organisation, WARD), (CommonName, "Nguyễn Văn Mẫu")];
    let agency = [(Country, "VN"), (Organisation, WARD), (CommonName, WARD)];
    pki.leader = issue_to(key(), 13, &person, Some(&pki.ca), fill);
    pki.agency = issue_to(key(), 14, &agency, Some(&pki.ca), fill);
    let report = judge(&archive(&pki, &make(&pki).sealed, NOW + 120), &pki);
    assert_eq!(said(&report), (Verdict::Invalid, vec!["not-agency-certificate"]), "{:?}", report.reasons);
}

/// R65: leader and agency of different units are told, and so is a leader of whom nothing says to whom they belong. One agency is written in
/// many ways, and a unit within the body above is an agency.
#[test]
fn r65_the_leader_belongs_to_the_agency() {
    use Attribute::{CommonName, Country, Organisation, OrganisationalUnit};
    let person = |more: &[(Attribute, &'static str)]| {
        [vec![(Country, "VN")], more.to_vec(), vec![(CommonName, "Nguyễn Văn Mẫu")]].concat()
    };
    for fine in [
        person(&[(Organisation, "Uỷ ban nhân dân xã Thử Nghiệm")]),
        person(&[(Organisation, "UBND XÃ THỬ NGHIỆM")]),
        vec![(Country, "VN"), (Organisation, WARD), (CommonName, "Sơn Văn Mẫu")],
        person(&[(Organisation, "UBND tỉnh Mẫu"), (OrganisationalUnit, WARD)]),
        person(&[(Organisation, "UBND tỉnh Mẫu"), (OrganisationalUnit, "Văn phòng"), (OrganisationalUnit, WARD)]),
    ] {
        assert_eq!(said(&with("leader", &fine)), (Verdict::Valid, vec![]), "{fine:?}");
    }
    for (code, name) in [
        ("leader-agency-differs", person(&[(Organisation, "UBND xã Thử Nghiêm")])),
        ("leader-agency-differs", person(&[(Organisation, "UBND tỉnh Mẫu"), (OrganisationalUnit, "UBND xã Khác")])),
        ("leader-agency-unknown", person(&[])),
        ("leader-certificate-unclear", vec![(Country, "VN"), (Organisation, WARD), (CommonName, WARD)]),
        ("leader-certificate-unclear", vec![(Country, "VN"), (Organisation, WARD), (CommonName, "Công ty Mẫu")]),
    ] {
        assert_eq!(said(&with("leader", &name)), (Verdict::Valid, vec![code]), "{name:?}");
    }
}

/// R66: a copy that tells a day of another week than its time-stamps is told.
#[test]
fn r66_a_copy_of_another_day_is_told() {
    let pki = Pki::new();
    let after = |days: i64| {
        let at = NOW + days * 86_400;
        let signed = sign(&pki, &base(), &pki.leader, "Leader", None, true, at);
        let sealed = sign(&pki, &signed, &pki.agency, "Seal", Some(facts()), true, at + 60);
        judge_as(&archive(&pki, &sealed, at + 120), &pki.anchors(), at + 3600, Profile::Auto)
    };
    let told = |report: &Report| -> Vec<String> {
        let days = report.reasons.iter().filter(|reason| reason.code == "copy-day-differs");
        days.map(|reason| format!("{}: {} {}", reason.params["field"], reason.params["day"], reason.params["proven"]))
            .collect()
    };
    for days in [0, 7] {
        let report = after(days);
        assert_eq!((report.verdict, told(&report)), (Verdict::Valid, vec![]), "{days}: {:?}", report.reasons);
    }
    let late = after(40);
    let both = vec!["Leader: 23/11/2026 02/01/2027".to_owned(), "Seal: 23/11/2026 02/01/2027".to_owned()];
    assert_eq!((late.verdict, told(&late)), (Verdict::Valid, both), "{:?}", late.reasons);
}

/// Decision 18: the fields stand beside each other on free paper.
#[test]
fn r68_fields_hide_nothing() {
    let pki = Pki::new();
    let with = |rect: &str| {
        let text = String::from_utf8_lossy(&base()).replace('\u{fffd}', "x");
        let base = rebuilt(&text.replace("Rect[300 100 540 220]", &format!("Rect[{rect}]")));
        let signed = sign(&pki, &base, &pki.leader, "Leader", None, true, NOW);
        let sealed = sign(&pki, &signed, &pki.agency, "Seal", Some(facts()), true, NOW + 60);
        let report = judge(&archive(&pki, &sealed, NOW + 120), &pki);
        let told = report.reasons.iter().filter(|reason| reason.code == "copy-structure");
        let told: Vec<String> = told.map(|reason| reason.params["detail_en"].clone()).collect();
        (report.verdict, told.join("; "))
    };
    assert_eq!(with("300 100 540 220"), (Verdict::Valid, String::new()));
    assert_eq!(with("260 100 540 220"), (Verdict::Valid, String::new()), "edge to edge");
    let over = "the two fields lie over each other";
    let text = "the seal's field lies over text of the page";
    let wide = "the seal's field takes more than a quarter of its page";
    assert_eq!(with("200 100 440 220"), (Verdict::Invalid, over.to_owned()));
    assert_eq!(with("40 700 280 820"), (Verdict::Invalid, text.to_owned()));
    assert_eq!(with("0 200 595 600"), (Verdict::Invalid, wide.to_owned()));
    assert_eq!(with("0 0 595 842"), (Verdict::Invalid, [over, wide, text].join("; ")));
}

/// A copy whose seal stands at 60–300 × 700–820 of a page that paints this, and what is said of its fields' places.
fn sealed_over(content: &str) -> (Verdict, Vec<(String, String)>) {
    let pki = Pki::new();
    let widget = |name: &str, rect: &str, more: &str| {
        format!("<</Type/Annot/Subtype/Widget/FT/Sig/T({name})/F 132/P 3 0 R/Rect[{rect}]{more}>>")
    };
    let base = classic(&[
        "<</Type/Catalog/Pages 2 0 R/AcroForm 6 0 R>>".to_owned(),
        "<</Type/Pages/Count 1/Kids[3 0 R]>>".to_owned(),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Annots[7 0 R 8 0 R]\
         /Resources<</Font<</F1 5 0 R/T3 9 0 R>>/XObject<</Loop 10 0 R>>>>>>"
            .to_owned(),
        stream("", content),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".to_owned(),
        "<</Fields[7 0 R 8 0 R]/SigFlags 1>>".to_owned(),
        widget("Leader", "60 100 260 180", ""),
        widget("Seal", "60 700 300 820", "/Lock<</Type/SigFieldLock/Action/All>>"),
        "<</Type/Font/Subtype/Type3/FontBBox[0 0 1 1]/FontMatrix[1 0 0 1 0 0]/CharProcs<<>>/FirstChar 97/LastChar 97\
         /Widths[0]/Encoding<</Differences[97/a]>>>>"
            .to_owned(),
        stream("/Type/XObject/Subtype/Form/BBox[0 0 999 999]/Resources<</XObject<</F 10 0 R>>>>", "/F Do"),
    ]);
    let signed = sign(&pki, &base, &pki.leader, "Leader", None, true, NOW);
    let sealed = sign(&pki, &signed, &pki.agency, "Seal", Some(facts()), true, NOW + 60);
    let report = judge(&archive(&pki, &sealed, NOW + 120), &pki);
    let told =
        report.reasons.iter().filter(|reason| ["copy-structure", "copy-structure-unclear"].contains(&&*reason.code));
    let told = told.map(|reason| (reason.code.clone(), reason.params["detail_en"].clone())).collect();
    (report.verdict, told)
}

/// A seal that a second page lists hides what is written there, and a copy holds no other files.
#[test]
fn r68_a_seal_stands_on_one_page() {
    let pki = Pki::new();
    let copy = |catalog: &str, second: &str| {
        let widget = |name: &str, rect: &str, more: &str| {
            format!("<</Type/Annot/Subtype/Widget/FT/Sig/T({name})/F 132/Rect[{rect}]{more}>>")
        };
        let page = |annotations: &str| {
            format!("<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Annots[{annotations}]>>")
        };
        let base = classic(&[
            format!("<</Type/Catalog/Pages 2 0 R/AcroForm 6 0 R{catalog}>>"),
            "<</Type/Pages/Count 2/Kids[3 0 R 5 0 R]>>".to_owned(),
            page("7 0 R 8 0 R"),
            stream("", "0 0 20 20 re f"),
            page(second),
            "<</Fields[7 0 R 8 0 R]/SigFlags 1>>".to_owned(),
            widget("Leader", "60 100 260 180", ""),
            widget("Seal", "60 700 300 820", "/Lock<</Type/SigFieldLock/Action/All>>"),
        ]);
        let signed = sign(&pki, &base, &pki.leader, "Leader", None, true, NOW);
        let sealed = sign(&pki, &signed, &pki.agency, "Seal", Some(facts()), true, NOW + 60);
        judge(&archive(&pki, &sealed, NOW + 120), &pki).verdict
    };
    assert_eq!(copy("", ""), Verdict::Valid);
    assert_eq!(copy("", "8 0 R"), Verdict::Invalid, "on two pages");
    for other in ["/Collection<</D(x)>>", "/AF[]", "/Names<</EmbeddedFiles<</Names[]>>>>"] {
        assert_eq!(copy(other, ""), Verdict::Invalid, "{other}");
    }
}

/// F: text under a field is found whatever stands before it and whatever colour it has.
#[test]
fn f_text_under_a_seal_is_found_behind_anything() {
    const UNDER: &str = "BT /F1 14 Tf 100 760 Td (Ban sao) Tj ET";
    let over = ("copy-structure".to_owned(), "the seal's field lies over text of the page".to_owned());
    for before in [
        "",
        "BT /T3 1 Tf 10 10 Td (a) Tj ET",
        "BT 10 10 Td ( ) Tj ET",
        "BT /Absent 9 Tf 10 10 Td (a) Tj ET",
        "0 g 60 700 240 120 re f 1 g",
        ") }",
        "BI /W 1/H 1/BPC 8/CS/G ID x\nEI",
    ] {
        let (verdict, told) = sealed_over(&format!("{before} {UNDER}"));
        assert_eq!((verdict, told.first()), (Verdict::Invalid, Some(&over)), "{before}");
    }
    // A line whose places are not known says nothing about the next one.
    let (verdict, told) = sealed_over("BT /T3 1 Tf 10 10 Td (a) Tj /F1 14 Tf 90 750 Td (Ban sao) Tj ET");
    assert_eq!((verdict, told.first()), (Verdict::Invalid, Some(&over)));
}

/// F: what cannot be read to its end, or measured, is not known to leave a field free.
#[test]
fn f_what_cannot_be_measured_is_not_free() {
    let unclear = |fields: &str| vec![("copy-structure-unclear".to_owned(), fields.to_owned())];
    let both = unclear("text under the leader's field; text under the seal's field");
    let nested = format!("{} {}", "q ".repeat(257), "Q ".repeat(257));
    for content in [
        "BT /T3 1 Tf 10 10 Td (a) Tj ET",
        "BT /T3 1 Tf 3 Tr 10 10 Td (a) Tj ET",
        "BT 10 10 Td (a) Tj ET",
        "BT /T3 1 Tf 10 10 Td (a) Tj /F1 14 Tf (a) Tj ET",
        nested.as_str(),
        "--1 Tc BT /F1 14 Tf 100 760 Td (Ban sao) Tj ET",
        "BT /F1 14 Tf 100 760 Td (Ban sao Tj ET",
        "/Loop Do",
        "BI /W 1/H 1/BPC 8/CS/G ID x\nEI %\x01\nBT /F1 14 Tf 100 760 Td (Ban sao) Tj ET\nEI Q",
    ] {
        assert_eq!(sealed_over(content), (Verdict::Indeterminate, both.clone()), "{content}");
    }
    let clipped = "60 90 300 100 re W n BT /T3 1 Tf 10 10 Td (a) Tj ET";
    assert_eq!(sealed_over(clipped), (Verdict::Indeterminate, unclear("text under the leader's field")));
    for content in [
        "",
        "0 0 20 20 re W n BT /T3 1 Tf 10 10 Td (a) Tj ET",
        "BT 3 Tr 10 10 Td (a) Tj /F1 14 Tf 100 760 Td (Ban sao) Tj ET",
        "BT 10 10 Td () Tj ET",
        "q 595 0 0 842 0 0 cm BI /W 1/H 1/BPC 8/CS/G ID x\nEI Q",
    ] {
        assert_eq!(sealed_over(content), (Verdict::Valid, vec![]), "{content}");
    }
}

/// An update that leads readers past the signed revision: the file was signed, and that is told.
#[test]
fn a_signature_that_is_hidden_is_told() {
    let pki = Pki::new();
    let made = make(&pki);
    let startxref = |file: &[u8]| {
        let text = String::from_utf8_lossy(file).into_owned();
        let last = text.rsplit("startxref\n").next().expect("one").lines().next().expect("a line").to_owned();
        last.parse::<usize>().expect("an offset")
    };
    let past = |file: &[u8]| {
        let section = format!(
            "xref\n0 0\ntrailer\n<</Size 30/Root 1 0 R/Prev {}>>\nstartxref\n{}\n%%EOF\n",
            startxref(&made.base),
            file.len()
        );
        [file, section.as_bytes()].concat()
    };
    let report = judge(&past(&made.signed), &pki);
    assert_eq!((report.verdict, codes(&report)[0]), (Verdict::Invalid, "signature-hidden"), "{:?}", report.reasons);
    let report = judge(&past(&made.base), &pki);
    assert_eq!((report.verdict, codes(&report)[0]), (Verdict::Invalid, "no-signature"), "{:?}", report.reasons);
}
