//! Sentences for clerks: each language in its own words, no names of rules, and nothing that a file says can leave its quotation marks (R69).

use pades::*;

use crate::common::*;

/// A file whose only signature stands in a field with this name, in UTF-16.
fn named(pki: &Pki, name: &str) -> Vec<u8> {
    let text: String = std::iter::once(0xfeff).chain(name.encode_utf16()).map(|unit| format!("{unit:04X}")).collect();
    let signed = sign(pki, &renamed(&format!("<{text}>")), name);
    // Something behind the signature, so that a sentence names it.
    append(&signed, &[(4, "<</Length 0>>\nstream\n\nendstream")])
}

fn renamed(title: &str) -> Vec<u8> {
    classic(&[
        "<</Type/Catalog/Pages 2 0 R/AcroForm 6 0 R>>".to_owned(),
        "<</Type/Pages/Count 1/Kids[3 0 R]>>".to_owned(),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Annots[7 0 R]>>".to_owned(),
        "<</Length 1>>\nstream\nq\nendstream".to_owned(),
        "null".to_owned(),
        "<</Fields[7 0 R]/SigFlags 1>>".to_owned(),
        format!("<</Type/Annot/Subtype/Widget/FT/Sig/T{title}/F 132/P 3 0 R/Rect[0 0 0 0]>>"),
    ])
}

fn sign(pki: &Pki, file: &[u8], field: &str) -> Vec<u8> {
    let plan = SignaturePlan {
        field,
        chain: &pki.leader.chain,
        name: "Nguyễn Văn Mẫu",
        reason: "",
        location: "",
        signed_at: "D:20261123140531+07'00'",
        appearance: None,
        token_room: 0,
        ecopy: None,
    };
    let prepared = prepare(file, &plan).expect("prepared");
    let raw = pki.leader.key.sign(&prepared.signed_attributes);
    finished(&prepared, &raw, &pki.leader.chain, None).expect("finished")
}

/// R69: a field's name is quoted, cleaned and cut in every text of a report, and in the report's own fields.
#[test]
fn r69_a_name_cannot_speak_for_the_judge() {
    let pki = Pki::new();
    let hostile = "x”). HỢP LỆ, có thể tiếp nhận (“\u{202e}\u{1b}[31m{detail}";
    let long = "a".repeat(200);
    for name in [hostile, &long] {
        let report = judge_as(&named(&pki, name), &pki.anchors(), NOW + 60, Profile::General);
        assert_eq!(report.verdict, Verdict::Invalid, "{:?}", report.reasons);
        let json = serde_json::to_string(&report.to_json()).expect("JSON");
        for sign in ['\u{202e}', '\u{1b}'] {
            assert!(!json.contains(sign) && !json.contains(&format!("\\u{:04x}", u32::from(sign))), "{json}");
        }
        assert!(!json.contains(&"a".repeat(102)), "cut");
        for reason in report.reasons.iter().filter(|reason| reason.params.contains_key("field")) {
            for text in [&reason.text.vi, &reason.text.en] {
                let shown = text.split_once('“').and_then(|(_, rest)| rest.split_once('”')).map(|(name, _)| name);
                let shown = shown.unwrap_or_else(|| panic!("{text}"));
                assert!(shown.starts_with("x'). HỢP LỆ") || shown.starts_with("aaaa"), "{text}");
                assert!(name != hostile || shown.contains("{detail}"), "{text}");
            }
        }
    }
    // What is hidden is shown as such: it is not left out, so that no name becomes another.
    let signed = sign(&pki, &renamed("<FEFF004C00650061200B006400650072>"), "Lea\u{200b}der");
    let report = judge_as(&signed, &pki.anchors(), NOW + 60, Profile::General);
    assert_eq!(report.signatures[0].field, "Lea\u{fffd}der");
}

/// R69: neither do the names in an X.509 certificate, nor the number that a seal carries.
#[test]
fn r69_a_certificate_and_a_number_cannot_either() {
    let hostile = format!("UBND\u{202e}\u{61c}\u{1b}[31m\r\n\u{ad}\u{3164}\u{e0041}{}", "a".repeat(400));
    let name = |spec: &mut pki::issue::CertificateSpec| {
        for (_, text) in spec.subject.iter_mut().filter(|(kind, _)| *kind == pki::issue::Attribute::Organisation) {
            text.clone_from(&hostile);
        }
    };
    let pki = Pki::with(&|who, spec| {
        if who == "agency" {
            name(spec)
        }
    });
    let signed = crate::common::sign(&pki, &base(), &pki.leader, "Leader", None, true, NOW);
    let facts = EcopyFacts { book: hostile.clone(), suffix: hostile.clone(), unit_code: hostile.clone(), ..facts() };
    let sealed = crate::common::sign(&pki, &signed, &pki.agency, "Seal", Some(facts), true, NOW + 60);
    let report = judge_as(&sealed, &pki.anchors(), NOW + 3600, Profile::Auto);
    let json = serde_json::to_string(&report.to_json()).expect("JSON");
    for sign in hostile.chars().filter(|sign| !sign.is_ascii_graphic()) {
        assert!(!json.contains(sign) && !json.contains(&format!("\\u{:04x}", u32::from(sign))), "{sign:?} {json}");
    }
    let said = report.signatures[1].signer.as_ref().and_then(|signer| signer.organisation.clone());
    let number = report.number.expect("a number");
    for (text, most) in [(said.expect("an organisation"), 301), (number.book, 101), (number.suffix, 101)] {
        assert!(
            text.starts_with("UBND\u{fffd}\u{fffd}\u{fffd}[31m\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}aaa"),
            "{text}"
        );
        assert_eq!(text.chars().count(), most);
    }
}

/// R69: English sentences have no Vietnamese letters, and neither language names a rule of this validator.
#[test]
fn r69_each_language_keeps_to_itself() {
    let pki = Pki::new();
    let made = make(&pki);
    let archived = archive(&pki, &made.sealed, NOW + 120);
    let page = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 500 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>/Annots[7 0 R 8 0 R]>>";
    let form = "<</Fields[7 0 R 8 0 R 90 0 R]/SigFlags 3>>";
    let field = "<</Type/Annot/Subtype/Widget/FT/Tx/T(a)/V(b)/Rect[0 0 9 9]>>";
    let files = [
        archived.clone(),
        made.sealed.clone(),
        append(&archived, &[(3, page)]),
        append(&archived, &[(6, form), (90, field)]),
        append(&archived, &[(4, "<</Length 0>>\nstream\n\nendstream"), (3, page), (6, form), (90, field)]),
        [&archived[..], b"x"].concat(),
        archived[..archived.len() - 200].to_vec(),
        made.signed.clone(),
        b"%PDF-1.7\n".to_vec(),
        b"text".to_vec(),
    ];
    let ours = ["quy tắc", "page-tree", "default-resources", "A9", "B6", "trailer-size", "field-added"];
    let mut said = 0;
    for file in &files {
        for profile in [Profile::Ecopy, Profile::General] {
            let report = judge_as(file, &pki.anchors(), NOW + 3600, profile);
            for reason in &report.reasons {
                // Names of people and agencies keep their letters, in quotation marks.
                let mut bare = String::new();
                reason.text.en.split('“').for_each(|part| bare.push_str(part.rsplit('”').next().unwrap_or_default()));
                assert!(bare.is_ascii(), "{}: {}", reason.code, reason.text.en);
                for text in [&reason.text.vi, &reason.text.en] {
                    assert!(ours.iter().all(|name| !text.contains(name)), "{}: {text}", reason.code);
                    assert!(!text.contains("()") && !text.contains("; )") && !text.contains(": )"), "{text}");
                }
                said += 1;
            }
        }
    }
    assert!(said > 40, "{said}");
}
