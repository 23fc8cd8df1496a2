//! The wording of a certified copy (lời chứng, R68): what is drawn is compared with what the seal says for machines and who sealed.

use std::path::Path;

use pades::*;

use crate::common::{judge, *};
use crate::rules::stream;

/// A font whose code 1 stands for the first text, 2 for the second.
fn font(map: u32, texts: &[&str]) -> [String; 2] {
    let utf16 = |text: &str| text.encode_utf16().map(|unit| format!("{unit:04X}")).collect::<String>();
    let lines: String = texts.iter().zip(1..).map(|(text, code)| format!("<{code:04X}> <{}>\n", utf16(text))).collect();
    let count = texts.len();
    let text =
        format!("1 begincodespacerange <0000> <FFFF> endcodespacerange {count} beginbfchar\n{lines}endbfchar endcmap");
    let font = "<</Type/Font/Subtype/Type0/BaseFont/X/Encoding/Identity-H/DescendantFonts[<</Type/Font/Subtype/CIDFontType2\
                /BaseFont/X/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>>>]";
    [format!("{font}/ToUnicode {map} 0 R>>"), stream("", &text)]
}

fn shows(codes: std::ops::RangeInclusive<usize>) -> String {
    codes.map(|code| format!("BT /F9 9 Tf 10 {} Td <{code:04X}> Tj ET\n", 700 - 12 * code)).collect()
}

/// A page with this sentence and the two fields, and a typeface for these lines; the sentence stands in a form within a form.
fn page(sentence: &str, lines: &[&str]) -> Vec<u8> {
    let form = |drawn: &str, resources: &str| {
        stream(&format!("/Type/XObject/Subtype/Form/BBox[0 0 595 842]/Resources<<{resources}>>"), drawn)
    };
    let widget = |name: &str, rect: &str, more: &str| {
        format!("<</Type/Annot/Subtype/Widget/FT/Sig/T({name})/F 132/P 3 0 R/Rect[{rect}]{more}>>")
    };
    let [font, map] = font(12, &[&[sentence], lines].concat());
    classic(&[
        "<</Type/Catalog/Pages 2 0 R/AcroForm 6 0 R>>".to_owned(),
        "<</Type/Pages/Count 1/Kids[3 0 R]>>".to_owned(),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R\
         /Resources<</Font<</F1 5 0 R>>/XObject<</Wording 9 0 R>>>>/Annots[7 0 R 8 0 R]>>"
            .to_owned(),
        stream("", "BT /F1 14 Tf 60 760 Td (Ban sao chung thuc) Tj ET /Wording Do"),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".to_owned(),
        "<</Fields[7 0 R 8 0 R]/SigFlags 1/DR<</Font<</F9 11 0 R>>>>>>".to_owned(),
        widget("Leader", "60 100 260 180", ""),
        widget("Seal", "300 100 540 220", "/Lock<</Type/SigFieldLock/Action/All>>"),
        form("/Inner Do", "/XObject<</Inner 10 0 R>>"),
        form(&shows(1..=1), "/Font<</F9 11 0 R>>"),
        font,
        map,
    ])
}

const SENTENCE: &str = "CHỨNG THỰC BẢN SAO ĐÚNG VỚI BẢN CHÍNH";
const LINES: [&str; 5] = [
    "Số chứng thực: 152",
    "Quyển số: 01/2026 - SCT/BS",
    "Ngày 23 tháng 11 năm 2026",
    "ỦY BAN NHÂN DÂN XÃ THỬ NGHIỆM",
    "Đã ký số bằng chứng thư số của cơ quan",
];

/// The seal draws so many of the lines.
fn seal(pki: &Pki, signed: &[u8], lines: usize) -> Vec<u8> {
    let content = shows(2..=1 + lines);
    let drawing = Appearance { size: (240.0, 120.0), content: content.as_bytes(), typefaces: &["F9"], picture: None };
    let plan = SignaturePlan {
        field: SEAL_FIELD,
        chain: &pki.agency.chain,
        name: "UBND xã Thử Nghiệm",
        reason: "",
        location: "",
        signed_at: "D:20261123140631+07'00'",
        appearance: Some(drawing),
        token_room: 0,
        ecopy: Some(facts()),
    };
    let prepared = prepare(signed, &plan).expect("prepared");
    let raw = pki.agency.key.sign(&prepared.signed_attributes);
    let token = pki.token(timestamp_imprint(&raw), NOW + 60);
    let chain = &pki.agency.chain;
    finished(&prepared, &raw, chain, Some(&token)).expect("finished")
}

/// A copy whose page and seal say what they should, step by step.
pub(crate) fn worded(pki: &Pki) -> Made {
    let base = page(SENTENCE, &LINES);
    let signed = sign(pki, &base, &pki.leader, LEADER_FIELD, None, true, NOW);
    let sealed = seal(pki, &signed, LINES.len());
    Made { base, signed, sealed }
}

fn copy(pki: &Pki, sentence: &str, lines: &[&str]) -> Vec<u8> {
    let signed = sign(pki, &page(sentence, lines), &pki.leader, LEADER_FIELD, None, true, NOW);
    archive(pki, &seal(pki, &signed, lines.len()), NOW + 120)
}

/// What is said of the wording and the agency.
fn said(report: &Report) -> Vec<(&str, &str)> {
    let ours = |reason: &&Reason| reason.code.starts_with("wording-") || reason.code.contains("agency-");
    let ours = report.reasons.iter().filter(ours);
    ours.map(|reason| (reason.code.as_str(), reason.params.get("detail_en").map_or("", String::as_str))).collect()
}

fn with_line(at: usize, line: &'static str) -> [&'static str; 5] {
    let mut lines = LINES;
    lines[at] = line;
    lines
}

/// R68: the number that people read is the one that the seal carries for machines.
#[test]
fn r68_the_number_on_the_page_is_that_of_the_seal() {
    let pki = Pki::new();
    let right = judge(&copy(&pki, SENTENCE, &LINES), &pki);
    assert_eq!((right.verdict, said(&right)), (Verdict::Valid, vec![]), "{:?}", right.reasons);
    for (at, line, detail) in [
        (0, "Số chứng thực: 153", "the number"),
        (0, "Số chứng thực: 1520", "the number"),
        (0, "Số chứng thực: ", "the number"),
        (1, "Quyển số: 02/2026 - SCT/BS", "book, year or series"),
        (1, "Quyển số: 01/2025 - SCT/BS", "book, year or series"),
        (1, "Quyển số: 01/2026 - SCT/CK", "book, year or series"),
    ] {
        let report = judge(&copy(&pki, SENTENCE, &with_line(at, line)), &pki);
        assert_eq!(report.verdict, Verdict::Invalid, "{line}: {:?}", report.reasons);
        assert_eq!(said(&report), [("wording-differs", detail)], "{line}");
        assert_eq!(report.checks[4].result, CheckResult::Fail);
    }
    let padded = judge(&copy(&pki, SENTENCE, &with_line(0, "Số chứng thực: 0152")), &pki);
    assert_eq!((padded.verdict, said(&padded)), (Verdict::Valid, vec![]));
}

/// R68: who sealed is who the wording names; the register may say that it is, under another name.
#[test]
fn r68_the_agency_of_the_wording_sealed() {
    let pki = Pki::new();
    let other = copy(&pki, SENTENCE, &with_line(3, "ỦY BAN NHÂN DÂN XÃ KHÁC"));
    let report = judge(&other, &pki);
    assert_eq!((report.verdict, said(&report)), (Verdict::Invalid, vec![("agency-differs", "")]));
    let reason = &report.reasons[0];
    assert_eq!(
        reason.text.vi,
        "Cơ quan đóng dấu khác cơ quan trong lời chứng (“ỦY BAN NHÂN DÂN XÃ KHÁC” / “UBND xã Thử Nghiệm”)."
    );
    assert_eq!(report.action, "Không tiếp nhận; hỏi lại cơ quan cấp.");
    for other in ["ỦY BAN NHÂN DÂN XÃ THỬ NGHIÊM", "UBND xã Thử Nghiệm Tịnh", "UBND xã Thử Nghiệm Quan Mẫu"]
    {
        let report = judge(&copy(&pki, SENTENCE, &with_line(3, other)), &pki);
        assert_eq!((report.verdict, said(&report)), (Verdict::Invalid, vec![("agency-differs", "")]), "{other}");
    }
    for same in ["UBND xã Thử Nghiệm", "Uỷ ban nhân dân xã Thử Nghiệm, tỉnh Mẫu"] {
        let report = judge(&copy(&pki, SENTENCE, &with_line(3, same)), &pki);
        assert_eq!((report.verdict, said(&report)), (Verdict::Valid, vec![]), "{same}");
    }
    // The register that knows this very file knows who issued it: the agency is called otherwise by now.
    let (anchors, extra) = (pki.anchors(), pki::path::Evidence::default());
    let digest: [u8; 32] = pki::digest(pki::DigestAlgorithm::Sha256, &[&other]).try_into().expect("32 bytes");
    let asked = |register: RegisterFacts| {
        let policy = Policy {
            anchors: &anchors,
            at: NOW + 3600,
            profile: Profile::Auto,
            extra: &extra,
            register: Some(register),
            test_anchors: false,
        };
        pades::judge(&other, "a.pdf", &policy)
    };
    let knows = RegisterFacts { status: RegisterStatus::Active, facts: Some(facts()), sha256: vec![digest] };
    let renamed = asked(knows.clone());
    assert_eq!(
        (renamed.verdict, said(&renamed)),
        (Verdict::Valid, vec![("agency-renamed", "")]),
        "{:?}",
        renamed.reasons
    );
    for (what, register) in [
        ("another file", RegisterFacts { sha256: vec![[0; 32]], ..knows.clone() }),
        ("no digest", RegisterFacts { sha256: vec![], ..knows.clone() }),
        ("another number", RegisterFacts { facts: Some(EcopyFacts { number: 1, ..facts() }), ..knows.clone() }),
        ("nothing", RegisterFacts { status: RegisterStatus::Unknown, facts: None, sha256: vec![] }),
    ] {
        let report = asked(register);
        assert_eq!((report.verdict, said(&report)), (Verdict::Invalid, vec![("agency-differs", "")]), "{what}");
    }
}

/// R66: the day that is drawn is that of the time-stamp, or of the same week.
#[test]
fn r66_the_day_of_the_wording_is_that_of_the_time_stamp() {
    let pki = Pki::new();
    for (line, told) in [
        ("Ngày 20 tháng 11 năm 2026", false),
        ("Ngày 29 tháng 11 năm 2026", false),
        ("Ngày 23 tháng 11 năm 2025", true),
        ("Ngày 23 tháng 12 năm 2026", true),
    ] {
        let report = judge(&copy(&pki, SENTENCE, &with_line(2, line)), &pki);
        assert_eq!(report.verdict, Verdict::Valid, "{line}");
        assert_eq!(codes(&report).contains(&"copy-day-differs"), told, "{line}: {:?}", report.reasons);
    }
}

/// R68: what cannot be read is said, and decides nothing.
#[test]
fn r68_a_wording_that_cannot_be_read_is_told() {
    let pki = Pki::new();
    let (sentence, drawing) = ("the sentence on the page", "number and agency in the drawing of the seal");
    let both = format!("{sentence}; {drawing}");
    for (words, lines, expected) in [
        ("Bản sao", &LINES[..], sentence),
        (SENTENCE, &LINES[..1], drawing),
        (SENTENCE, &[], drawing),
        ("", &["152"], both.as_str()),
    ] {
        let report = judge(&copy(&pki, words, lines), &pki);
        assert_eq!(
            (report.verdict, said(&report)),
            (Verdict::Valid, vec![("wording-unread", expected)]),
            "{words} {lines:?}"
        );
    }
}

/// R68: the seal says nothing that is not looked at: what stands before, between or behind what is read is told, and so is a seal that names
/// no agency.
#[test]
fn r68_nothing_else_on_a_seal_stays_untold() {
    let pki = Pki::new();
    let (more, none) = ("other text in the drawing of the seal", "the agency in the drawing of the seal");
    let other = "ỦY BAN NHÂN DÂN XÃ KHÁC";
    let [number, book, date, agency, sealed] = LINES;
    let both = format!("{none}; {more}");
    for (lines, expected) in [
        (vec![number, book, date, sealed], none),
        (vec![number, book, date, " ", sealed], none),
        (vec![number, book, date, "Đã ký số", other], both.as_str()),
        (vec![other, number, book, date, sealed], both.as_str()),
        (vec![other, number, book, date, agency, sealed], more),
        (vec![number, book, date, agency, sealed, other], more),
        (vec![number, book, date, agency, "Đã ký số", other], more),
        (vec![number, other, book, date, agency, sealed], more),
        (vec![number, book, "Ngày 23 ỦY BAN NHÂN DÂN XÃ KHÁC tháng 11 năm 2026", agency, sealed], more),
    ] {
        let report = judge(&copy(&pki, SENTENCE, &lines), &pki);
        let told = (report.verdict, said(&report));
        assert_eq!(told, (Verdict::Valid, vec![("wording-unread", expected)]), "{lines:?}");
    }
    let short = judge(&copy(&pki, SENTENCE, &with_line(4, "Đã ký số")), &pki);
    assert_eq!((short.verdict, said(&short)), (Verdict::Valid, vec![]));
}

/// What `compose` draws is read, letter by letter.
#[test]
fn r68_a_composed_copy_is_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/mutations/copies");
    let read = |name: &str| std::fs::read(folder.join(name)).expect("a committed file");
    let root = pki::Certificate::from_der(&read("root.der")).expect("a root");
    let at: i64 = String::from_utf8(read("at.txt")).expect("text").trim().parse().expect("an instant");
    let composed = judge_as(&read("composed.pdf"), std::slice::from_ref(&root), at, Profile::Auto);
    assert_eq!((composed.verdict, said(&composed)), (Verdict::Valid, vec![]), "{:?}", composed.reasons);
    // A page that holds no wording, under a seal that was composed.
    let bare = judge_as(&read("one.pdf"), &[root], at, Profile::Auto);
    assert_eq!((bare.verdict, said(&bare)), (Verdict::Valid, vec![("wording-unread", "the sentence on the page")]));
}
