//! The rules for what may follow a signature, one by one: what each allows and what it refuses. Each test has the name of its rule.

use pades::*;

use crate::common::{append, archive, classic, judge_as, sign, *};

pub(crate) fn stream(dict: &str, data: &str) -> String {
    format!("<<{dict}/Length {}>>\nstream\n{data}\nendstream", data.len())
}

fn drawing(text: &str) -> String {
    stream(
        "/Type/XObject/Subtype/Form/BBox[0 0 100 20]/Resources<</Font<</F1 5 0 R>>>>",
        &format!("BT /F1 9 Tf ({text}) Tj ET"),
    )
}

pub(crate) const CATALOG: &str = "/Type/Catalog/Pages 2 0 R/AcroForm 6 0 R/Version/1.6/PageMode/UseNone";
pub(crate) const PAGE: &str =
    "/Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents[4 0 R 90 0 R]/Resources<</Font<</F1 5 0 R>>>>";
pub(crate) const FORM: &str = "/SigFlags 3/DA(/F1 9 Tf)/DR<</Font<</F1 5 0 R>>>>";
pub(crate) const TEXT: &str = "/Type/Annot/Subtype/Widget/FT/Tx/T(t)/F 4/P 3 0 R/Rect[60 300 160 320]";

/// A form: two signature fields, a text field with its value drawn, a drawing that nothing uses, and a page that refers to nothing as 90.
pub(crate) fn form(lock: &str) -> Vec<u8> {
    let widget = |name: &str, left: u32, more: &str| {
        let right = left + 200;
        format!("<</Type/Annot/Subtype/Widget/FT/Sig/T({name})/F 132/P 3 0 R/Rect[{left} 100 {right} 180]{more}>>")
    };
    classic(&[
        format!("<<{CATALOG}>>"),
        "<</Type/Pages/Count 1/Kids[3 0 R]>>".to_owned(),
        format!("<<{PAGE}/Annots[7 0 R 8 0 R 9 0 R]>>"),
        stream("", "BT /F1 14 Tf 60 760 Td (Don) Tj ET"),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".to_owned(),
        format!("<<{FORM}/Fields[7 0 R 8 0 R 9 0 R]>>"),
        widget("A", 60, lock),
        widget("B", 300, ""),
        format!("<<{TEXT}/V(cu)/AP<</N 10 0 R>>>>"),
        drawing("cu"),
        drawing("khac"),
    ])
}

pub(crate) struct Signed {
    pub(crate) pki: Pki,
    pub(crate) file: Vec<u8>,
}

impl Signed {
    pub(crate) fn new(lock: &str) -> Signed {
        Signed::of(&form(lock))
    }

    /// A file of its own with an empty field `A`.
    pub(crate) fn of(file: &[u8]) -> Signed {
        let pki = Pki::new();
        let file = sign(&pki, file, &pki.leader, "A", None, false, NOW);
        Signed { pki, file }
    }

    pub(crate) fn report(&self, file: &[u8]) -> Report {
        judge_as(file, &self.pki.anchors(), NOW + 3600, Profile::General)
    }

    /// What the first signature says about later changes.
    pub(crate) fn changes(&self, file: &[u8]) -> Changes {
        let report = self.report(file);
        let first = report.signatures.iter().find(|one| one.field == "A");
        let first = first.unwrap_or_else(|| panic!("no first signature: {:?}", report.reasons));
        assert_eq!(first.integrity, Integrity::Intact, "{:?}", report.reasons);
        first.changes_after
    }

    pub(crate) fn after(&self, objects: &[(u32, &str)]) -> Changes {
        self.changes(&append(&self.file, objects))
    }

    pub(crate) fn allows(&self, what: &str, objects: &[(u32, &str)]) {
        let report = self.report(&append(&self.file, objects));
        assert_eq!(self.after(objects), Changes::Permitted, "{what}: {:?}", report.reasons);
    }

    pub(crate) fn refuses(&self, what: &str, objects: &[(u32, &str)]) {
        assert_eq!(self.after(objects), Changes::NotPermitted, "{what}");
    }

    fn catalog(&self, more: &str) -> String {
        format!("<<{CATALOG}{more}>>")
    }
}

fn places(file: &[u8], text: &[u8]) -> Vec<usize> {
    file.windows(text.len()).enumerate().filter(|(_, window)| *window == text).map(|(at, _)| at).collect()
}

/// The container: its own text is not hashed, and may only hold pairs of digits.
#[test]
fn a3_contents_holds_pairs_of_digits_only() {
    let signed = Signed::new("");
    let end = *places(&signed.file, b"0000>").last().expect("padding");
    let mut other = signed.file.clone();
    other[end + 2..end + 4].copy_from_slice(b"  ");
    let report = signed.report(&other);
    assert_eq!(report.signatures[0].covers, Covers::Partial, "{:?}", report.reasons);
    assert_eq!(signed.report(&signed.file).signatures[0].covers, Covers::WholeFile);
}

#[test]
fn a8_nothing_but_an_end_of_line_follows() {
    let signed = Signed::new("");
    assert_eq!(signed.changes(&[&signed.file[..], b"\r\n"].concat()), Changes::None);
    for tail in [&b"x"[..], b"%comment\n", b"4 0 obj\n(x)\nendobj\n"] {
        assert_eq!(signed.changes(&[&signed.file[..], tail].concat()), Changes::NotPermitted);
    }
}

/// What only a scanning reader finds is compared with what the cross-reference says.
#[test]
fn a9_two_readers_see_the_same() {
    let signed = Signed::new("");
    let inside = |text: &str| append(&signed.file, &[(80, &format!("(x)\nendobj\n{text}\n81 0 obj (y)"))]);
    let hidden = inside(&format!("4 0 obj\n{}\nendobj", stream("", "BT (gia) Tj ET")));
    assert_eq!(signed.changes(&hidden), Changes::NotPermitted);
    let header = append(&signed.file, &[(80, "(x)\nendobj\n%PDF-1.7\n81 0 obj (y)")]);
    assert_eq!(signed.changes(&header), Changes::NotPermitted, "a second header");
    // The same in what is signed: not clear, whoever is asked.
    let twice = |content: &str| {
        let file = form("");
        let at = *places(&file, b"xref\n0 ").first().expect("a table");
        let stray = format!("4 0 obj\n{}\nendobj\n", stream("", content));
        let tail = String::from_utf8_lossy(&file[at..]).into_owned();
        let tail = tail.replace(&format!("startxref\n{at}"), &format!("startxref\n{}", at + stray.len()));
        let file = [&file[..at], stray.as_bytes(), tail.as_bytes()].concat();
        sign(&signed.pki, &file, &signed.pki.leader, "A", None, false, NOW)
    };
    let report = signed.report(&twice("BT (gia) Tj ET"));
    assert!(codes(&report).contains(&"two-readings"), "{:?}", report.reasons);
    assert_eq!(report.signatures[0].indication, Indication::Indeterminate);
    assert_ne!(report.verdict, Verdict::Valid);
    let report = signed.report(&twice("BT /F1 14 Tf 60 760 Td (Don) Tj ET"));
    assert!(!codes(&report).contains(&"two-readings"), "the same text twice is no difference: {:?}", report.reasons);
}

/// A file without a usable cross-reference is never valid, and only a signature that reaches its end counts.
#[test]
fn a5_a_file_that_was_put_together_is_not_valid() {
    let signed = Signed::new("");
    let base = signed.file.clone();
    let damaged = sign(&signed.pki, &base, &signed.pki.agency, "B", None, false, NOW + 5);
    let last = *places(&damaged, b"startxref").last().expect("a word");
    let mut broken = damaged.clone();
    broken[last..last + 9].copy_from_slice(b"startxxxx");
    for at in places(&damaged, b"startxref") {
        broken[at..at + 9].copy_from_slice(b"startxxxx");
    }
    let report = signed.report(&broken);
    assert!(codes(&report).contains(&"pdf-rebuilt"), "{:?}", report.reasons);
    assert!(report.signatures.iter().any(|one| one.covers == Covers::Partial), "{:?}", report.reasons);
    assert_ne!(report.verdict, Verdict::Valid);
}

#[test]
fn b1_an_approval_allows_forms_and_no_annotations() {
    let signed = Signed::new("");
    let new = drawing("moi");
    let filled = format!("<<{TEXT}/V(moi)/AP<</N 20 0 R>>>>");
    signed.allows("filled in", &[(9, &filled), (20, &new)]);
    let note = "<</Type/Annot/Subtype/Text/Rect[0 0 9 9]/Contents(x)>>";
    signed.refuses("a note", &[(3, &format!("<<{PAGE}/Annots[7 0 R 8 0 R 9 0 R 20 0 R]>>")), (20, note)]);
}

#[test]
fn b4_a_lock_names_the_fields_that_stay() {
    let new = drawing("moi");
    let filled = format!("<<{TEXT}/V(moi)/AP<</N 20 0 R>>>>");
    let objects = [(9, filled.as_str()), (20, new.as_str())];
    for (action, fields, open) in [
        ("Include", "(t)", false),
        ("Include", "(B)", true),
        ("Exclude", "(t)", true),
        ("Exclude", "(B)", false),
        ("All", "", false),
    ] {
        let signed = Signed::new(&format!("/Lock<</Type/SigFieldLock/Action/{action}/Fields[{fields}]>>"));
        let expected = if open { Changes::Permitted } else { Changes::NotPermitted };
        assert_eq!(signed.after(&objects), expected, "{action} {fields}");
    }
}

/// Evidence and a document time-stamp count as no change at any level (C8, C9).
#[test]
fn b5_evidence_never_counts() {
    let signed = Signed::new("");
    let archived = archive(&signed.pki, &make(&signed.pki).sealed, NOW + 120);
    let report = signed.report(&archived);
    assert!(report.signatures.iter().all(|one| one.changes_after != Changes::NotPermitted), "{:?}", report.reasons);
}

#[test]
fn c2_nothing_in_use_is_freed() {
    let signed = Signed::new("");
    let text = String::from_utf8_lossy(&signed.file).into_owned();
    let prev = text.rsplit("startxref\n").next().and_then(|rest| rest.lines().next()).expect("an offset").to_owned();
    let freeing = |number: u32| {
        let at = signed.file.len();
        let table = format!(
            "xref\n{number} 1\n0000000000 00001 f \ntrailer\n<</Size 95/Root 1 0 R/Prev {prev}>>\nstartxref\n{at}\n%%EOF\n"
        );
        [&signed.file[..], table.as_bytes()].concat()
    };
    assert_eq!(signed.changes(&freeing(4)), Changes::NotPermitted);
    assert_eq!(signed.changes(&freeing(93)), Changes::Permitted, "a number that was never in use");
}

/// What lends itself to a later change is named, and is no violation.
#[test]
fn e_shadows_are_named() {
    let signed = Signed::new("");
    let report = signed.report(&signed.file);
    let reason = report.reasons.iter().find(|reason| reason.code == "shadow-capable").expect("a reason");
    assert!(reason.text.en.contains("90 0") && reason.text.en.contains("B"), "{reason:?}");
    assert_eq!(signed.changes(&signed.file), Changes::None);
    let archived = archive(&signed.pki, &make(&signed.pki).sealed, NOW + 120);
    assert!(!codes(&signed.report(&archived)).contains(&"shadow-capable"), "nothing is left open");
}

/// E: scripts, private data of programs and hidden widgets are named, wherever they stand; none is a violation.
#[test]
fn e_what_runs_or_hides_is_named() {
    let form = |change: &dyn Fn(String) -> String| {
        let text = String::from_utf8_lossy(&form("")).replace('\u{fffd}', "x");
        Signed::of(&crate::over::rebuilt(&change(text)))
    };
    let named = |change: &dyn Fn(String) -> String| -> String {
        let signed = form(change);
        let report = signed.report(&signed.file);
        let reason = report.reasons.iter().find(|reason| reason.code == "shadow-capable").expect("a reason");
        assert_eq!(explain(&reason.code).expect("a row").severity, Severity::Note);
        assert_eq!(signed.changes(&signed.file), Changes::None);
        reason.text.en.clone()
    };
    let plain = named(&|text| text);
    for word in ["JavaScript", "private data", "hidden"] {
        assert!(!plain.contains(word), "{plain}");
    }
    let script = "<</S/JavaScript/JS(1)>>";
    for (more, said) in [
        (format!("/OpenAction{script}"), "JavaScript in object 1 0"),
        (format!("/Names<</JavaScript<</Names[(a){script}]>>>>"), "JavaScript that runs when the file is opened"),
        ("/PieceInfo<</a<<>>>>".to_owned(), "/PieceInfo"),
    ] {
        let said_now = named(&|text| text.replace("/PageMode", &format!("{more}/PageMode")));
        assert!(said_now.contains(said), "{more}: {said_now}");
    }
    for (more, said) in [
        (format!("/AA<</K{script}>>"), "JavaScript in object 9 0"),
        (format!("/A<</S/Named/N/NextPage/Next[{script}]>>"), "JavaScript in object 9 0"),
        ("/A<</S/Rendition/JS(1)>>".to_owned(), "JavaScript in object 9 0"),
        ("/PieceInfo<</a<<>>>>".to_owned(), "private data of a program in object 9 0"),
    ] {
        let said_now = named(&|text| text.replace("/FT/Tx/T(t)", &format!("/FT/Tx/T(t){more}")));
        assert!(said_now.contains(said), "{more}: {said_now}");
    }
    let page = named(&|text| text.replace("/Type/Page/", "/PieceInfo<<>>/Type/Page/"));
    assert!(page.contains("private data of a program in object 3 0"), "{page}");
    for flags in ["/F 2", "/F 32", "/F 34"] {
        let hidden = named(&|text| text.replace("/T(t)/F 4", &format!("/T(t){flags}")));
        assert!(hidden.contains("hidden form control, object 9 0"), "{flags}: {hidden}");
    }
    for shown in ["/F 36", "/F 0", "/F 2/Rect[0 0 0 0]"] {
        let text = named(&|text| {
            text.replace("/T(t)/F 4", &format!("/T(t){shown}")).replace("0 0]/P 3 0 R/Rect[60 300 160 320]", "0 0]")
        });
        assert!(!text.contains("hidden"), "{shown}: {text}");
    }
}

/// What is said of the structure of a copy whose base was changed so, with more objects from number 9 on. Whoever signed it, the guarded door
/// says the same.
fn told_of_copy(from: &str, to: &str, more: &[String]) -> Option<String> {
    let pki = Pki::new();
    let text = String::from_utf8_lossy(&base()).replace('\u{fffd}', "x");
    assert!(text.contains(from), "{from}");
    let more: String =
        more.iter().enumerate().map(|(at, body)| format!("{} 0 obj\n{body}\nendobj\n", at + 9)).collect();
    let base = crate::over::rebuilt(&text.replace(from, to).replacen("xref\n", &format!("{more}xref\n"), 1));
    let signed = sign(&pki, &base, &pki.leader, "Leader", None, true, NOW);
    let sealed = sign(&pki, &signed, &pki.agency, "Seal", Some(facts()), true, NOW + 60);
    let report = judge_as(&archive(&pki, &sealed, NOW + 120), &pki.anchors(), NOW + 3600, Profile::Auto);
    let told: Vec<&str> = report
        .reasons
        .iter()
        .filter(|reason| reason.code == "copy-structure")
        .map(|reason| reason.text.en.as_str())
        .collect();
    let verdict = if told.is_empty() { Verdict::Valid } else { Verdict::Invalid };
    assert_eq!(report.verdict, verdict, "{to}: {:?}", report.reasons);
    let (leader, anchors) = (pki.leader.chain[0].der().to_vec(), pki.anchors());
    let expected =
        Expected { field: "Leader", signer_der: &leader, base: Beginning::of(&base), at: NOW + 60, anchors: &anchors };
    let refused = verify_signature(&signed, &expected).err().map(|rejection| rejection.code);
    assert_eq!(refused, (!told.is_empty()).then_some("copy-structure"), "{to}");
    (!told.is_empty()).then(|| told.join(" "))
}

/// E in a certified copy: what could show something else later is not of a copy, nor is a text field; and no copy with it is accepted from
/// whoever signed it.
#[test]
fn e_a_copy_has_no_text_fields_scripts_or_hidden_widgets() {
    let told = |from: &str, to: &str, more: &[&str]| {
        told_of_copy(from, to, &more.iter().map(|one| (*one).to_owned()).collect::<Vec<String>>())
    };
    assert_eq!(told("/Type/Catalog", "/Type/Catalog", &[]), None);
    let script = "/Type/Catalog/OpenAction<</S/JavaScript/JS(1)>>";
    assert!(told("/Type/Catalog", script, &[]).is_some_and(|said| said.contains("/OpenAction")));
    let scripts = "/Type/Catalog/Names<</JavaScript<</Names[(a)<</S/JavaScript/JS(1)>>]>>>>";
    assert!(told("/Type/Catalog", scripts, &[]).is_some_and(|said| said.contains("JavaScript")));
    let private = told("/Type/Page/", "/PieceInfo<</a<<>>>>/Type/Page/", &[]);
    assert!(private.is_some_and(|said| said.contains("private data")));
    let widget = "<</Type/Annot/Subtype/Widget/FT/Tx/T(t)/V(a)/F 4/P 3 0 R/Rect[60 300 160 320]>>";
    let field = told("/Fields[7 0 R 8 0 R]", "/Fields[7 0 R 8 0 R 9 0 R]", &[widget]);
    assert!(field.is_some_and(|said| said.contains("another form field: “t”")));
    let hidden = "<</Type/Annot/Subtype/Widget/F 2/P 3 0 R/Rect[60 300 160 320]>>";
    let hidden = told("/Annots[7 0 R 8 0 R]", "/Annots[7 0 R 8 0 R 9 0 R]", &[hidden]);
    assert!(hidden.is_some_and(|said| said.contains("hidden form control")));
    assert!(
        told("/Contents 4 0 R", "/Contents[4 0 R 90 0 R]", &[])
            .is_some_and(|said| said.contains("missing object 90 0"))
    );
}

/// E in a certified copy: no annotation but the fields' own, and nothing that acts, wherever it stands and whatever it does.
#[test]
fn e_in_a_copy_nothing_acts_and_nothing_is_stamped() {
    let other = "an annotation that is no signature field";
    let annotations = ("/Annots[7 0 R 8 0 R]", "/Annots[7 0 R 8 0 R 9 0 R]");
    for annotation in [
        "/Subtype/Stamp/F 4/AP<</N 10 0 R>>",
        "/Subtype/Stamp/F 4/AP<</N 11 0 R/R 10 0 R>>",
        "/Subtype/Stamp/F 288/AP<</N 10 0 R>>",
        "/Subtype/Link/A<</S/Launch/F(x.exe)>>",
        "/Subtype/Link/Dest[3 0 R/Fit]",
        "/Subtype/Widget",
        "/Subtype/Popup",
    ] {
        let more = [
            format!("<</Type/Annot/Rect[50 690 350 720]{annotation}>>"),
            stream("/Type/XObject/Subtype/Form/BBox[0 0 300 40]", "1 g 0 0 300 40 re f"),
            stream("/Type/XObject/Subtype/Form/BBox[0 0 300 40]", ""),
        ];
        let told = told_of_copy(annotations.0, annotations.1, &more);
        assert!(told.as_ref().is_some_and(|said| said.contains(other)), "{annotation}: {told:?}");
    }
    for list in ["/Annots[7 0 R 8 0 R<</Type/Annot/Subtype/Stamp/Rect[50 690 350 720]>>]", "/Annots[7 0 R 8 0 R null]"]
    {
        assert!(told_of_copy(annotations.0, list, &[]).is_some_and(|said| said.contains(other)), "{list}");
    }
    let hide = "<</S/Hide/T(Seal)/H false>>";
    for (from, to, object) in [
        ("/Type/Page/Parent", format!("/Type/Page/AA<</O{hide}>>/Parent"), "3 0"),
        ("/T(Leader)", "/T(Leader)/A<</S/URI/URI(http://a.example)>>".to_owned(), "7 0"),
        ("/T(Leader)", "/T(Leader)/A<<>>".to_owned(), "7 0"),
        ("/T(Seal)", format!("/T(Seal)/AA<</E{hide}>>"), "8 0"),
        ("/Type/Catalog", "/Type/Catalog/Outlines<</First<</Title(a)/A<</S/GoTo/D[3 0 R/Fit]>>>>>>".to_owned(), "1 0"),
    ] {
        let told = told_of_copy(from, &to, &[]);
        let expected = format!("an action in object {object}");
        assert!(told.as_ref().is_some_and(|said| said.contains(&expected)), "{to}: {told:?}");
    }
}

/// F: no number of objects hides one.
#[test]
fn f_what_acts_is_found_behind_many_objects() {
    let junk = 20_001;
    let list: String = (0..junk).map(|at| format!("{} 0 R ", at + 10)).collect();
    let mut more = vec!["<</K<</S/JavaScript/JS(1)>>>>".to_owned()];
    more.extend((0..junk).map(|at| format!("<</N {at}>>")));
    let told = told_of_copy("/Type/Page/", &format!("/Last[9 0 R]/Many[{list}]/Type/Page/"), &more);
    assert!(told.as_ref().is_some_and(|said| said.contains("JavaScript in object 9 0")), "{told:?}");
}

#[test]
fn c3_the_same_again_is_allowed() {
    Signed::new("").allows("the page tree again", &[(2, "<</Kids[3 0 R] /Count 1 /Type/Pages>>")]);
}

#[test]
fn c4_a_new_object_fills_no_gap() {
    let signed = Signed::new("");
    signed.allows("an object that nothing refers to", &[(60, "(x)")]);
    let content = stream("", "BT /F1 14 Tf 60 700 Td (them) Tj ET");
    signed.refuses("the content that the page referred to", &[(90, &content)]);
    signed.refuses("an unused object becomes another", &[(11, &drawing("moi"))]);
}

#[test]
fn c5_the_catalog_keeps_what_it_says() {
    let signed = Signed::new("");
    let raised = signed.catalog("").replace("/1.6", "/2.0");
    signed.allows("a higher version", &[(1, &raised)]);
    signed.allows("an extension", &[(1, &signed.catalog("/Extensions<</ADBE<</BaseVersion/1.7/ExtensionLevel 8>>>>"))]);
    signed.refuses("a lower version", &[(1, &signed.catalog("").replace("/1.6", "/1.3"))]);
    for more in [
        "/OpenAction<</S/JavaScript/JS(1)>>",
        "/AA<<>>/Names<</JavaScript<<>>>>",
        "/OCProperties<<>>",
        "/Outlines 60 0 R",
        "/PageLabels<</Nums[0<<>>]>>",
        "/Dests<</a[3 0 R/Fit]>>",
        "/URI<</Base(x)>>",
        "/Collection<</D(x)>>",
        "/Requirements[<<>>]",
        "/AF[<<>>]",
        "/OutputIntents[<<>>]",
        "/PieceInfo<</a<<>>>>",
        "/Perms<</DocMDP 60 0 R/UR3 60 0 R>>",
    ] {
        signed.refuses(more, &[(1, &signed.catalog(more)), (60, "<</Type/Outlines/Title(x)>>")]);
    }
}

#[test]
fn c7_metadata_is_metadata() {
    let signed = Signed::new("");
    let xmp = "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><a/></x:xmpmeta>";
    let with = signed.catalog("/Metadata 60 0 R");
    signed.allows("XMP", &[(1, &with), (60, &stream("/Type/Metadata/Subtype/XML", xmp))]);
    let garbled = "<</Type/Metadata/Subtype/XML/Filter/FlateDecode/Length 3>>\nstream\nxyz\nendstream";
    signed.refuses("XMP that cannot be unpacked", &[(1, &with), (60, garbled)]);
    signed.refuses("no XMP", &[(1, &with), (60, &stream("/Type/Metadata", "0 0 1 1 re f"))]);
    let page = format!("<<{PAGE}/Annots[7 0 R 8 0 R 9 0 R]/Metadata 60 0 R>>");
    signed.refuses("of a page", &[(3, &page), (60, &stream("/Type/Metadata/Subtype/XML", xmp))]);
}

#[test]
fn c8_the_store_holds_material_only() {
    let signed = Signed::new("");
    let store = signed.catalog("/DSS<</Certs[60 0 R]>>");
    let certificate = signed.pki.root.chain.first().expect("a root").der().to_vec();
    let hex: String = certificate.iter().map(|byte| format!("{byte:02x}")).collect();
    let encoded = format!("<</Filter/ASCIIHexDecode/Length {}>>\nstream\n{hex}>\nendstream", hex.len() + 1);
    signed.allows("one that is one", &[(1, &store), (60, &encoded)]);
    signed.refuses("page content", &[(1, &store), (60, &stream("", "0 0 1 1 re f"))]);
    let garbled = "<</Filter/FlateDecode/Length 3>>\nstream\nxyz\nendstream";
    signed.refuses("what cannot be unpacked", &[(1, &store), (60, garbled)]);
    signed.refuses("another key", &[(1, &signed.catalog("/DSS<</Certs[60 0 R]/X 1>>")), (60, &encoded)]);
    signed.refuses("what is drawn elsewhere", &[(1, &signed.catalog("/DSS<</Certs[4 0 R]>>"))]);
}

#[test]
fn c10_a_signature_comes_into_an_empty_field() {
    let signed = Signed::new("");
    let second = sign(&signed.pki, &signed.file, &signed.pki.agency, "B", None, false, NOW + 60);
    assert_eq!(signed.changes(&second), Changes::Permitted);
    let fields = |more: &str| format!("<<{FORM}/Fields[7 0 R 8 0 R 9 0 R{more}]>>");
    let hidden = |kind: &str, more: &str| {
        format!("<</Type/Annot/Subtype/Widget/FT/{kind}/T(C)/F 132/P 3 0 R/Rect[0 0 0 0]{more}>>")
    };
    let page = format!("<<{PAGE}/Annots[7 0 R 8 0 R 9 0 R 60 0 R]>>");
    let grown = fields(" 60 0 R");
    signed.allows("a new field", &[(3, &page), (6, &grown), (60, &hidden("Sig", ""))]);
    signed.refuses("a new text field", &[(3, &page), (6, &grown), (60, &hidden("Tx", ""))]);
    signed.refuses("an action", &[(3, &page), (6, &grown), (60, &hidden("Sig", "/A<</S/JavaScript/JS(1)>>"))]);
    signed
        .refuses("a name with a period", &[(3, &page), (6, &grown), (60, &hidden("Sig", "").replace("(C)", "(C.d)"))]);
    signed.refuses("a name that is taken", &[(3, &page), (6, &grown), (60, &hidden("Sig", "").replace("(C)", "(B)"))]);
    signed.refuses("a field is gone", &[(6, &format!("<<{FORM}/Fields[7 0 R 9 0 R]>>"))]);
}

#[test]
fn c10_a_form_that_holds_signatures_goes_on_saying_so() {
    let signed = Signed::new("");
    let form = |flags: &str| format!("<<{}/Fields[7 0 R 8 0 R 9 0 R]>>", FORM.replace("/SigFlags 3", flags));
    signed.allows("the same", &[(6, &form("/SigFlags 3"))]);
    for lost in ["/SigFlags 1", "/SigFlags 2", "/SigFlags 0", "", "/SigFlags 7", "/SigFlags -1", "/SigFlags(3)"] {
        signed.refuses(lost, &[(6, &form(lost))]);
    }
}

#[test]
fn c11_a_field_draws_what_it_says() {
    let signed = Signed::new("");
    let field = |more: &str| format!("<<{TEXT}{more}>>");
    let new = drawing("moi");
    signed.allows("value and drawing", &[(9, &field("/V(moi)/AP<</N 20 0 R>>")), (20, &new)]);
    signed.allows("no drawing", &[(9, &field("/V(moi)"))]);
    signed.refuses("another drawing", &[(9, &field("/V(moi)/AP<</N 20 0 R>>")), (20, &drawing("khac"))]);
    signed.refuses("only the value", &[(9, &field("/V(moi)/AP<</N 10 0 R>>"))]);
    signed.refuses("a drawing that lay ready", &[(9, &field("/V(khac)/AP<</N 11 0 R>>"))]);
    let picture = stream("/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 11 0 R>>>>", "/X Do");
    signed.refuses("a drawing that uses it", &[(9, &field("/V(khac)/AP<</N 20 0 R>>")), (20, &picture)]);
    let moved = field("/V(cu)/AP<</N 10 0 R>>").replace("160 320", "260 320");
    signed.refuses("moved", &[(9, &moved)]);
    signed.refuses("renamed", &[(9, &field("/V(cu)/AP<</N 10 0 R>>").replace("(t)", "(u)"))]);
    signed.refuses("hidden", &[(9, &field("/V(cu)/AP<</N 10 0 R>>").replace("/F 4", "/F 2"))]);
    signed.refuses("not printed", &[(9, &field("/V(cu)/AP<</N 10 0 R>>").replace("/F 4", "/F 0"))]);
    signed.refuses("an action", &[(9, &field("/V(cu)/AP<</N 10 0 R>>/AA<</K<</S/JavaScript/JS(1)>>>>"))]);
    let other = format!("<<{FORM}/Fields[7 0 R 8 0 R 9 0 R]>>").replace("/F1 5 0 R", "/F1 60 0 R");
    signed.refuses("another font", &[(6, &other), (60, "<</Type/Font/Subtype/Type1/BaseFont/Symbol>>")]);
}

#[test]
fn c13_nothing_else_changes() {
    let signed = Signed::new("");
    let page = |more: &str| format!("<<{PAGE}/Annots[7 0 R 8 0 R 9 0 R]{more}>>");
    for more in
        ["/Rotate 90", "/CropBox[0 0 9 9]", "/UserUnit 2", "/Group<<>>", "/Trans<<>>/AA<<>>", "/PieceInfo<</a 1>>"]
    {
        signed.refuses(more, &[(3, &page(more))]);
    }
    signed.refuses("resources", &[(3, &page("").replace("/F1 5 0 R", "/F2 5 0 R"))]);
    signed.refuses("the signature", &[(7, "<</FT/Sig/T(A)>>")]);
    signed.refuses("the page tree", &[(2, "<</Type/Pages/Count 2/Kids[3 0 R 3 0 R]>>")]);
    signed.refuses("the order of tabs, without a new annotation", &[(3, &page("/Tabs/S"))]);
}

/// Where a comparison cannot be finished nothing is permitted.
#[test]
fn f_what_cannot_be_read_is_not_permitted() {
    let signed = Signed::new("");
    signed.refuses("an object that nothing refers to, and that is none", &[(60, "<</a")]);
    for (number, what) in [(4, "content"), (5, "a font"), (10, "a drawing")] {
        let file = append(&signed.file, &[(number, "<</a")]);
        assert_eq!(signed.changes(&file), Changes::NotPermitted, "{what}");
        let report = signed.report(&file);
        assert!(codes(&report).contains(&"later-change-unclear"), "{what}: {:?}", report.reasons);
    }
}

/// What two readers may see differently is never passed, even where nothing else is to be said against the signatures.
#[test]
fn f_two_readings_leave_it_undecided() {
    let pki = Pki::new();
    let twice = |content: &str| {
        let file = String::from_utf8_lossy(&base()).replace('\u{fffd}', "x");
        let (objects, table) = file.split_once("xref\n").expect("a table");
        let stray = format!("4 0 obj\n{}\nendobj\n", stream("", content));
        let at = objects.len();
        let table = table.replace(&format!("startxref\n{at}"), &format!("startxref\n{}", at + stray.len()));
        let signed =
            sign(&pki, format!("{objects}{stray}xref\n{table}").as_bytes(), &pki.leader, "Leader", None, true, NOW);
        let sealed = sign(&pki, &signed, &pki.agency, "Seal", Some(facts()), true, NOW + 60);
        judge_as(&archive(&pki, &sealed, NOW + 120), &pki.anchors(), NOW + 3600, Profile::General)
    };
    let same = twice("BT /F1 14 Tf 60 760 Td (Ban sao chung thuc) Tj ET");
    assert_eq!((same.verdict, same.signatures[0].indication), (Verdict::Valid, Indication::TotalPassed));
    let other = twice("BT /F1 14 Tf 60 760 Td (Ban sao gia) Tj ET");
    assert_eq!(other.verdict, Verdict::Indeterminate);
    let first = &other.signatures[0];
    assert_eq!(first.indication, Indication::Indeterminate);
    assert_eq!(first.sub_indication.as_deref(), Some("FORMAT_FAILURE"));
}

/// What exceeds a limit of the reader is not put together from its objects instead: nothing is concluded.
#[test]
fn f_a_limit_leaves_it_undecided() {
    let signed = Signed::new("");
    let text = String::from_utf8_lossy(&signed.file).into_owned();
    let mut prev: usize =
        text.rsplit("startxref\n").next().and_then(|rest| rest.lines().next()?.parse().ok()).expect("an offset");
    let mut file = signed.file.clone();
    for _ in 0..4_100 {
        let at = file.len();
        let section = format!("xref\n0 0\ntrailer\n<</Size 20/Root 1 0 R/Prev {prev}>>\nstartxref\n{at}\n%%EOF\n");
        file.extend(section.into_bytes());
        prev = at;
    }
    let report = signed.report(&file);
    assert_eq!((report.verdict, codes(&report)), (Verdict::Indeterminate, vec!["pdf-too-complex"]));
}

/// What a scanning reader would see is too much to compare: then it is not known to be the same.
#[test]
fn f_too_many_readings_are_not_permitted() {
    let signed = Signed::new("");
    let with = |count| format!("({})", "\n700 0 obj null endobj".repeat(count));
    signed.allows("a few that nobody sees", &[(60, &with(5))]);
    let file = append(&signed.file, &[(60, &with(20_100))]);
    assert_eq!(signed.changes(&file), Changes::NotPermitted);
    assert!(codes(&signed.report(&file)).contains(&"later-change-unclear"));
}

/// Where there are too many oddities to keep, one that was dropped may be a later one.
#[test]
fn f_too_many_findings_are_not_permitted() {
    let with = |count: u32| {
        let numbers = 12..12 + count;
        let list: String = numbers.clone().map(|number| format!(" {number} 0 R")).collect();
        let odd: String = numbers.map(|number| format!("{number} 0 obj\n<</a 1/a 1>>\nendobj\n")).collect();
        let base = String::from_utf8_lossy(&form("")).replace('\u{fffd}', "x");
        let base = base.replace("/PageMode/UseNone", &format!("/PageMode/UseNone/Legal[{list}]"));
        let signed = Signed::of(&crate::over::rebuilt(&base.replacen("xref\n", &format!("{odd}xref\n"), 1)));
        signed.after(&[(2, "<</Kids[3 0 R] /Count 1 /Type/Pages>>")])
    };
    assert_eq!(with(10), Changes::Permitted, "oddities that were signed");
    assert_eq!(with(4_100), Changes::NotPermitted);
}

/// Ranges that cost more to hash than the file is worth leave it undecided.
#[test]
fn f_ranges_out_of_proportion_are_not_judged() {
    let with = |count: u32| {
        let fields: String = (0..count).map(|at| format!(" {} 0 R", 5 + 2 * at)).collect();
        let mut objects = vec![
            format!("<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[{fields}]>>>>"),
            "<</Type/Pages/Count 1/Kids[3 0 R]>>".to_owned(),
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>".to_owned(),
            stream("", &"x".repeat(5_000_000)),
        ];
        for at in 0..count {
            objects.push(format!("<</FT/Sig/T(a{at})/V {} 0 R>>", 6 + 2 * at));
            objects
                .push("<</Type/Sig/SubFilter/ETSI.CAdES.detached/ByteRange[0 9 20 5000000]/Contents<00>>>".to_owned());
        }
        judge_as(&classic(&objects), &[], NOW, Profile::General)
    };
    assert_eq!(with(2).verdict, Verdict::Invalid);
    let report = with(60);
    assert_eq!((report.verdict, codes(&report)), (Verdict::Indeterminate, vec!["pdf-too-complex"]));
}
