//! What is laid over signed content (C10, C12, WARN_OVERLAP): told in the general profile, refused in a certified copy, and never told of
//! empty fields that were there when the document was signed.

use pades::*;

use crate::common::*;
use crate::rules::{FORM, PAGE, Signed, form, stream};

/// A page with these entries, this content and the fields A (signed later, 60–260 × 100–180) and B (300–500 × 100–180).
fn page(more: &str, content: &str) -> Vec<u8> {
    let widget = |name: &str, left: u32| {
        let right = left + 200;
        format!("<</Type/Annot/Subtype/Widget/FT/Sig/T({name})/F 132/P 3 0 R/Rect[{left} 100 {right} 180]>>")
    };
    classic(&[
        "<</Type/Catalog/Pages 2 0 R/AcroForm 6 0 R>>".to_owned(),
        "<</Type/Pages/Count 1/Kids[3 0 R]>>".to_owned(),
        format!("<<{}/Annots[7 0 R 8 0 R]>>", entries(more)),
        stream("", content),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".to_owned(),
        "<</Fields[7 0 R 8 0 R]/SigFlags 3>>".to_owned(),
        widget("A", 60),
        widget("B", 300),
        stream("/Type/XObject/Subtype/Form/BBox[0 0 50 50]/Matrix[1 0 0 1 10 10]", "0 0 50 50 re f"),
        stream("/Type/XObject/Subtype/Image/Width 1/Height 1/BitsPerComponent 8/ColorSpace/DeviceGray", "x"),
        wide_font(),
        stream("/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</F 12 0 R>>>>", "/F Do"),
        "<</Type/ExtGState/BM/Difference>>".to_owned(),
        "<</Type/Font/Subtype/Type3/FontBBox[0 0 1 1]/FontMatrix[1 0 0 1 0 0]/CharProcs<<>>>>".to_owned(),
    ])
}

/// Its glyphs are an em wide, but for number 1.
fn wide_font() -> String {
    "<</Type/Font/Subtype/Type0/Encoding/Identity-H/BaseFont/X/DescendantFonts[<</Subtype/CIDFontType2/DW 1000/W[1[100]]>>]>>"
        .to_owned()
}

fn entries(more: &str) -> String {
    format!(
        "/Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R/W 11 0 R/T3 14 0 R>>\
         /XObject<</Form 9 0 R/Image 10 0 R/Loop 12 0 R>>/ExtGState<</Odd 13 0 R>>>>{more}"
    )
}

/// A new signature field with this rectangle, in a revision of its own.
fn with_field(signed: &Signed, page: &str, rect: &str, more: &str) -> Vec<u8> {
    let field = format!("<</Type/Annot/Subtype/Widget/FT/Sig/T(C)/P 3 0 R/Rect[{rect}]{more}>>");
    let objects = [
        (3, format!("<<{page}/Annots[7 0 R 8 0 R 60 0 R]>>")),
        (6, "<</Fields[7 0 R 8 0 R 60 0 R]/SigFlags 3>>".to_owned()),
        (60, field),
    ];
    let objects: Vec<(u32, &str)> = objects.iter().map(|(number, text)| (*number, text.as_str())).collect();
    append(&signed.file, &objects)
}

/// The rule of the warning, where there is one. With or without: the change stays permitted.
fn warned(signed: &Signed, file: &[u8]) -> Option<String> {
    let report = signed.report(file);
    let first = report.signatures.iter().find(|one| one.field == "A").expect("the first signature");
    assert_eq!(first.changes_after, Changes::Permitted, "{:?}", report.reasons);
    let reason = first.reasons.iter().find(|reason| reason.code == "later-change-covers")?;
    assert_eq!(reason.params["page"], "1");
    assert_eq!(explain(&reason.code).expect("a row").severity, Severity::Note);
    Some(reason.params["rule"].clone())
}

fn said(more: &str, content: &str, rect: &str, flags: &str) -> Option<String> {
    let signed = Signed::of(&page(more, content));
    warned(&signed, &with_field(&signed, &entries(more), rect, flags))
}

const TEXT: &str = "BT /F1 14 Tf 60 760 Td (Don) Tj ET";

#[test]
fn c10_a_new_signature_over_content_is_told() {
    let told = |rect: &str, flags: &str| said("", TEXT, rect, flags);
    let (content, annotation) = (Some("covers-content".to_owned()), Some("covers-annotation".to_owned()));
    assert_eq!(told("300 500 400 550", "/F 4"), None, "over nothing");
    assert_eq!(told("50 750 200 780", "/F 4"), content, "over text");
    assert_eq!(told("200 780 50 750", "/F 4"), content, "corners the other way round");
    assert_eq!(told("50 750.0 50 780", "/F 4"), None, "without an area");
    assert_eq!(told("-500 -500 900 900", "/F 4"), annotation, "larger than the page");
    assert_eq!(told("400 150 520 300", "/F 4"), annotation, "over another field");
    assert_eq!(told("500 100 560 180", "/F 4"), None, "beside it, edge to edge");
    assert_eq!(told("50 750 200 780", "/F 2"), None, "hidden");
    assert_eq!(told("50 750 200 780", "/F 32"), None, "not on the screen, nor on paper");
    assert_eq!(told("50 750 200 780", "/F 36"), content, "not on the screen, but on paper");
    assert_eq!(told("50 750 200", "/F 4"), Some("covers-unclear".to_owned()), "no rectangle");
}

/// The rectangle turns and grows with its page; one that does not rotate stands elsewhere.
#[test]
fn c10_turned_and_stretched_pages_are_measured_in_their_own_coordinates() {
    for more in
        ["/Rotate 90", "/Rotate 270", "/Rotate -90", "/UserUnit 3", "/Rotate 180/UserUnit 2.5/CropBox[30 30 500 800]"]
    {
        assert_eq!(said(more, TEXT, "50 750 200 780", "/F 4").as_deref(), Some("covers-content"), "{more}");
        assert_eq!(said(more, TEXT, "300 500 400 550", "/F 4"), None, "{more}");
    }
    // 100 wide and 10 high, upright below its upper left corner (60, 700): on a page turned by 90 degrees it reaches up to 800.
    let rect = "60 690 160 700";
    assert_eq!(said("/Rotate 90", TEXT, rect, "/F 4"), None);
    assert_eq!(said("", TEXT, rect, "/F 20"), None);
    assert_eq!(said("/Rotate 90", TEXT, rect, "/F 20").as_deref(), Some("covers-content"));
}

/// What a content stream paints, and what it only seems to.
#[test]
fn c10_ink_is_what_a_page_paints() {
    let (content, unclear, nothing) = (Some("covers-content"), Some("covers-unclear"), None);
    // The new rectangle lies over 200–300 × 400–500.
    let cases: &[(&str, Option<&str>)] = &[
        ("", nothing),
        ("210 410 20 20 re f", content),
        ("210 410 20 20 re n", nothing),
        ("210 410 20 20 re 1 g f", nothing),
        ("1 1 1 rg 0 0 595 842 re f 0 0 10 10 re f", nothing),
        ("/Odd gs 1 g 210 410 20 20 re f", content),
        ("q 1 g Q 210 410 20 20 re f", content),
        ("/DeviceRGB cs 1 1 1 sc 210 410 20 20 re f", nothing),
        ("/Spot cs 1 scn 210 410 20 20 re f", content),
        ("100 450 m 400 450 l S", content),
        ("100 450 m 150 450 l S", nothing),
        ("100 380 m 400 380 l 50 w S", content),
        ("0 0 m 100 900 400 900 500 0 c S", content),
        ("1 0 0 1 200 400 cm 10 10 20 20 re f", content),
        ("q 1 0 0 1 200 400 cm Q 10 10 20 20 re f", nothing),
        ("0 100 -100 0 300 400 cm 0 0 1 1 re f", content),
        ("q 50 0 0 50 220 420 cm /Image Do Q", content),
        ("q 50 0 0 50 320 420 cm /Image Do Q", nothing),
        ("1 0 0 1 200 400 cm /Form Do", content),
        ("1 0 0 1 300 400 cm /Form Do", nothing),
        ("/Absent Do", nothing),
        ("1 0 0 1 200 400 cm /Loop Do", unclear),
        ("q 50 0 0 50 220 420 cm BI /W 1/H 1/BPC 8/CS/G ID x\nEI Q", content),
        ("BI /W 1/H 1/BPC 8/CS/G ID x EI\nEI 210 410 20 20 re f", content),
        ("/Shading sh", content),
        ("0 0 50 50 re W n /Shading sh", nothing),
        ("0 0 50 50 re W n 210 410 20 20 re f", nothing),
        ("q 0 0 50 50 re W n Q 210 410 20 20 re f", content),
        ("BT /F1 12 Tf 210 450 Td (a) Tj ET", content),
        ("BT /F1 12 Tf 210 450 Td 3 Tr (a) Tj ET", nothing),
        ("BT /F1 12 Tf 210 450 Td 1 g (a) Tj ET", nothing),
        ("BT /F1 12 Tf 210 450 Td (  ) Tj ET", nothing),
        ("BT /F1 12 Tf 100 450 Td (a) Tj ET", nothing),
        ("BT /F1 12 Tf 100 450 Td [(a)-9000(b)] TJ ET", content),
        ("BT /F1 12 Tf 100 450 Td (abcdefghijkl) Tj ET", content),
        ("BT /W 12 Tf 100 450 Td <00010001000100010001000100010001000100010001> Tj ET", nothing),
        ("BT /W 12 Tf 100 450 Td <00020002000200020002000200020002000200020002> Tj ET", content),
        ("BT /F1 12 Tf 1 0 0 1 210 450 Tm (a) Tj ET", content),
        ("BT /F1 12 Tf 20 TL 210 520 Td T* T* (a) Tj ET", content),
        ("BT /F1 12 Tf 210 520 Td 0 -40 TD (a) ' ET", content),
        ("BT /F1 12 Tf 0 1 -1 0 250 300 Tm (abcdefghijklmn) Tj ET", content),
        ("BT /T3 12 Tf 10 10 Td (a) Tj ET", unclear),
        ("BT 10 10 Td (a) Tj ET", unclear),
        ("(a", unclear),
    ];
    for (painted, expected) in cases {
        let found = said("", painted, "200 400 300 500", "/F 4");
        assert_eq!(found.as_deref(), *expected, "{painted}");
    }
}

/// Whoever signed saw the empty field: what comes into it later is told of no more.
#[test]
fn c10_empty_fields_that_were_there_are_exempt() {
    let signed = Signed::of(&page("", "300 100 200 80 re f"));
    let second = sign(&signed.pki, &signed.file, &signed.pki.agency, "B", None, false, NOW + 60);
    assert_eq!(warned(&signed, &second), None);
    // One that came after the signature is none of them, whenever it was filled.
    let later = with_field(&signed, &entries(""), "310 110 400 170", "/F 132");
    let filled = sign(&signed.pki, &later, &signed.pki.agency, "C", None, false, NOW + 60);
    assert_eq!(warned(&signed, &filled).as_deref(), Some("covers-annotation"));
}

/// A copy's field that is new is refused there whatever it lies over; by the general rules the same file passes with a warning.
#[test]
fn c10_a_copy_refuses_what_the_general_profile_tells() {
    let pki = Pki::new();
    let sealed = make_unlocked(&pki);
    let page = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>/Annots[7 0 R 8 0 R 60 0 R]>>";
    let field = "<</Type/Annot/Subtype/Widget/FT/Sig/T(C)/F 4/P 3 0 R/Rect[50 750 200 780]>>";
    let file = append(&sealed, &[(3, page), (6, "<</Fields[7 0 R 8 0 R 60 0 R]/SigFlags 3>>"), (60, field)]);
    let general = judge_as(&file, &pki.anchors(), NOW + 3600, Profile::General);
    assert!(general.signatures.iter().all(|one| one.changes_after == Changes::Permitted), "{:?}", general.reasons);
    assert!(codes(&general).contains(&"later-change-covers"), "{:?}", general.reasons);
    for profile in [Profile::Ecopy, Profile::Auto] {
        let copy = judge_as(&file, &pki.anchors(), NOW + 3600, profile);
        assert_eq!(copy.verdict, Verdict::Invalid);
        assert!(codes(&copy).contains(&"later-change-not-of-a-copy"), "{:?}", copy.reasons);
    }
}

/// A sealed copy whose seal locks nothing: only so does the general profile permit a field behind it.
fn make_unlocked(pki: &Pki) -> Vec<u8> {
    let base = String::from_utf8_lossy(&base()).replace("/Lock<</Type/SigFieldLock/Action/All>>", &" ".repeat(38));
    let bytes: Vec<u8> = base.into_bytes();
    // The comment behind the header is no UTF-8; any four bytes do.
    let text = String::from_utf8_lossy(&bytes).replace('\u{fffd}', "x");
    let signed = sign(pki, text.as_bytes(), &pki.leader, "Leader", None, true, NOW);
    sign(pki, &signed, &pki.agency, "Seal", Some(facts()), true, NOW + 60)
}

/// A DocMDP signature of this level: the field's lock is rewritten into a DocMDP of the same length before it is signed.
pub(crate) fn doc_mdp(level: u8) -> Signed {
    doc_mdp_of(level, |text| text)
}

/// The same of another form: `change` rewrites its text.
pub(crate) fn doc_mdp_of(level: u8, change: impl Fn(String) -> String) -> Signed {
    let pki = Pki::new();
    let base = String::from_utf8_lossy(&form("/Lock<</Type/SigFieldLock/Action/Include/Fields[(none)]>>"))
        .replace('\u{fffd}', "x")
        .replace("/Version/1.6/PageMode/UseNone", "/Version/1.6/Perms<</DocMDP 12 0 R>>");
    let base = rebuilt(&change(base));
    let plan = SignaturePlan {
        field: "A",
        chain: &pki.leader.chain,
        name: "",
        reason: "",
        location: "",
        signed_at: "D:20261123140531+07'00'",
        appearance: None,
        token_room: 0,
        ecopy: None,
    };
    let prepared = prepare(&base, &plan).expect("prepared");
    let mut file = prepared.file;
    for (from, to) in [("/FieldMDP", "/DocMDP"), ("/Action /Include", &format!("/P {level}"))] {
        let at = file.windows(from.len()).rposition(|window| window == from.as_bytes()).expect("a reference");
        file[at..at + from.len()].copy_from_slice(format!("{to:0$}", from.len()).as_bytes());
    }
    let leaf = pki.leader.chain.first().expect("a leaf");
    let digest = signed_digest(&file, prepared.contents.clone());
    let attributes = pki::cms::signed_attributes(&digest, leaf).expect("attributes");
    let raw = pki.leader.key.sign(&attributes);
    let prepared = Prepared { file, signed_attributes: attributes, ..prepared };
    let file = finished(&prepared, &raw, &pki.leader.chain, None).expect("signed");
    Signed { pki, file }
}

/// The same objects in a new file, since their lengths changed.
pub(crate) fn rebuilt(file: &str) -> Vec<u8> {
    let object = |part: &str| part.split_once(" 0 obj\n").map(|(_, body)| body.trim_end().to_owned());
    let body = file.split("xref\n").next().unwrap_or_default();
    classic(&body.split("\nendobj\n").filter_map(object).collect::<Vec<String>>())
}

/// EAA: at P=3 notes may come and change; one that paints over the page is told of, one that paints beside it or not at all is not.
#[test]
fn c12_a_note_over_content_is_told() {
    let signed = doc_mdp(3);
    let cover = stream("/Type/XObject/Subtype/Form/BBox[0 0 100 30]", "1 g 0 0 100 30 re f");
    let with = |note: &str| {
        let page = format!("<<{PAGE}/Annots[7 0 R 8 0 R 9 0 R 60 0 R]>>");
        append(&signed.file, &[(3, &page), (60, note), (61, &cover)])
    };
    let told = |note: &str| warned(&signed, &with(note));
    let note = |subtype: &str, rect: &str, more: &str| {
        format!("<</Type/Annot/Subtype/{subtype}/F 4/P 3 0 R/Rect[{rect}]/Contents(x){more}>>")
    };
    let (over, beside) = ("50 750 200 780", "300 500 400 550");
    for subtype in ["FreeText", "Highlight", "Ink", "Text"] {
        let drawn = note(subtype, over, "/AP<</N 61 0 R>>");
        assert_eq!(told(&drawn).as_deref(), Some("covers-content"), "{subtype}");
        assert_eq!(told(&note(subtype, beside, "/AP<</N 61 0 R>>")), None, "{subtype} beside");
    }
    assert_eq!(told(&note("Highlight", over, "")), None, "marked by the viewer, which lets the text show");
    assert_eq!(told(&note("FreeText", over, "")).as_deref(), Some("covers-content"), "painted by the viewer");
    assert_eq!(told(&note("Ink", over, "/AP<</N 61 0 R>>").replace("/F 4", "/F 2")), None, "hidden");
    // Moved from beside to over the text by a third revision.
    let moved =
        append(&with(&note("Ink", beside, "/AP<</N 61 0 R>>")), &[(60, &note("Ink", over, "/AP<</N 61 0 R>>"))]);
    assert_eq!(warned(&signed, &moved).as_deref(), Some("covers-content"));
    // Below P=3 no note may come at all.
    let strict = doc_mdp(2);
    let page = format!("<<{PAGE}/Annots[7 0 R 8 0 R 9 0 R 60 0 R]>>");
    strict.refuses("a note at P=2", &[(3, &page), (60, &note("Ink", beside, "/AP<</N 61 0 R>>")), (61, &cover)]);
}

/// Of stamps those that every viewer draws by their name; one with a picture of its own could show anything.
#[test]
fn c12_a_stamp_is_a_name() {
    let signed = doc_mdp(3);
    let page = format!("<<{PAGE}/Annots[7 0 R 8 0 R 9 0 R 60 0 R]>>");
    let picture = stream("/Type/XObject/Subtype/Form/BBox[0 0 100 30]", "1 g 0 0 100 30 re f");
    let stamp = |more: &str| format!("<</Type/Annot/Subtype/Stamp/F 4/P 3 0 R/Rect[300 500 400 550]{more}>>");
    let with = |more: &str| signed.after(&[(3, &page), (60, &stamp(more)), (61, &picture)]);
    for named in ["", "/Name/Approved", "/Name/NotForPublicRelease/Contents(x)"] {
        assert_eq!(with(named), Changes::Permitted, "{named}");
    }
    for drawn in ["/AP<</N 61 0 R>>", "/Name/Approved/AP<</N 61 0 R>>", "/Name/Ours", "/Name(Approved)", "/Name 62 0 R"]
    {
        assert_eq!(with(drawn), Changes::NotPermitted, "{drawn}");
    }
    let over = stamp("/Name/Draft").replace("300 500 400 550", "50 750 200 780");
    assert_eq!(warned(&signed, &append(&signed.file, &[(3, &page), (60, &over)])).as_deref(), Some("covers-content"));
}

/// C9: a document time-stamp that shows is a signature like others, however its rectangle and its flags are written.
#[test]
fn c9_a_time_stamp_that_shows_is_no_evidence() {
    let signed = Signed::new("/Lock<</Type/SigFieldLock/Action/All>>");
    let stamp = "<</Type/DocTimeStamp/SubFilter/ETSI.RFC3161/Filter/Adobe.PPKLite/ByteRange[0 1 2 3]/Contents<00>>>";
    let with = |rect: &str, flags: u32| {
        let field = format!(
            "<</Type/Annot/Subtype/Widget/FT/Sig/T(C)/F {flags}/P 3 0 R/Rect[{rect}]/V 61 0 R/AP<</N 10 0 R>>>>"
        );
        let page = format!("<<{PAGE}/Annots[7 0 R 8 0 R 9 0 R 60 0 R]>>");
        let form = format!("<<{FORM}/Fields[7 0 R 8 0 R 9 0 R 60 0 R]>>");
        let objects: [(u32, &str); 6] = [(3, &page), (6, &form), (60, &field), (61, stamp), (62, "500"), (63, "800")];
        signed.after(&objects)
    };
    assert_eq!(with("0 0 0 0", 132), Changes::Permitted, "evidence, which a lock does not concern");
    assert_eq!(with("0 0 500 800", 2), Changes::Permitted, "hidden");
    assert_eq!(with("0 0 500 800", 132), Changes::NotPermitted);
    assert_eq!(with("0 0 62 0 R 63 0 R", 132), Changes::NotPermitted, "sides by reference");
    assert_eq!(with("0 0 500 800", 36), Changes::NotPermitted, "on paper only");
    assert_eq!(with("0 0 500 800 9", 132), Changes::NotPermitted, "five sides");
}

/// A page that takes long to read is told to be unclear, and its signature stays what it is.
#[test]
fn c10_reading_for_ink_is_bounded() {
    let packed = |content: &[u8]| {
        let hex: String = pdf::encode_flate(content).iter().map(|byte| format!("{byte:02x}")).collect();
        stream("/Filter[/ASCIIHexDecode/FlateDecode]", &format!("{hex}>"))
    };
    let said = |content: &[u8]| {
        let base = String::from_utf8_lossy(&page("", "CONTENT")).replace('\u{fffd}', "x");
        let base = rebuilt(&base.replace(&stream("", "CONTENT"), &packed(content)));
        let signed = Signed::of(&base);
        warned(&signed, &with_field(&signed, &entries(""), "200 400 300 500", "/F 4"))
    };
    assert_eq!(said(&b"0 0 m\n".repeat(100_000)), None);
    assert_eq!(said(&b"0 0 m\n".repeat(1_500_000)).as_deref(), Some("covers-unclear"), "9 MB");
    assert_eq!(said(&b"q ".repeat(1_000)).as_deref(), Some("covers-unclear"), "nested too deeply");
}

/// Looks at annotations have a limit too; what lies beyond it is unclear.
#[test]
fn c10_looking_for_annotations_is_bounded() {
    let list = |from: u32, count: u32| (from..from + count).map(|number| format!(" {number} 0 R")).collect::<String>();
    let text = |count| format!("/Annots[7 0 R 8 0 R{}]", list(15, count));
    let base =
        String::from_utf8_lossy(&page("", "")).replace('\u{fffd}', "x").replace("/Annots[7 0 R 8 0 R]", &text(900));
    let notes = "<</Type/Annot/Subtype/Link/Rect[0 0 9 9]>>\nendobj\n";
    let notes: String = (15..915).map(|number| format!("{number} 0 obj\n{notes}")).collect();
    let signed = Signed::of(&rebuilt(&base.replacen("xref\n", &format!("{notes}xref\n"), 1)));
    let widget =
        |number: u32| format!("<</Type/Annot/Subtype/Widget/FT/Sig/T(N{number})/F 4/P 3 0 R/Rect[200 400 300 500]>>");
    let with = |count: u32| {
        let new = list(1000, count);
        let page = format!("<<{}/Annots[7 0 R 8 0 R{}{new}]>>", entries(""), list(15, 900));
        let mut objects = vec![(3, page), (6, format!("<</Fields[7 0 R 8 0 R{new}]/SigFlags 3>>"))];
        objects.extend((1000..1000 + count).map(|number| (number, widget(number))));
        let objects: Vec<(u32, &str)> = objects.iter().map(|(number, text)| (*number, text.as_str())).collect();
        warned(&signed, &append(&signed.file, &objects))
    };
    assert_eq!(with(10), None);
    assert_eq!(with(700).as_deref(), Some("covers-unclear"));
}

/// A widget of its own, for a field that had none or for a new one: measured like others, and it may do nothing.
#[test]
fn c10_separate_widgets_are_looked_at() {
    let base = String::from_utf8_lossy(&page("", TEXT))
        .replace('\u{fffd}', "x")
        .replace("/Annots[7 0 R 8 0 R]", "/Annots[7 0 R]");
    let field = "<</FT/Sig/T(B)>>\nendobj\n9 0 obj";
    let (head, rest) = base.split_once("8 0 obj\n").expect("the field");
    let tail = rest.split_once("9 0 obj").expect("the next").1;
    let signed = Signed::of(&rebuilt(&format!("{head}8 0 obj\n{field}{tail}")));
    let list = format!("<<{}/Annots[7 0 R 61 0 R]>>", entries(""));
    let widget = |parent: u32, rect: &str, more: &str| {
        format!("<</Type/Annot/Subtype/Widget/Parent {parent} 0 R/F 4/P 3 0 R/Rect[{rect}]{more}>>")
    };
    let signature = "<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached/ByteRange[0 1 2 3]/Contents<00>>>";
    let filled = |rect: &str, more: &str| {
        let widget = widget(8, rect, more);
        let field = "<</FT/Sig/T(B)/V 62 0 R/Kids[61 0 R]>>";
        append(&signed.file, &[(3, &list), (8, field), (61, &widget), (62, signature)])
    };
    assert_eq!(warned(&signed, &filled("300 500 400 550", "")), None);
    assert_eq!(warned(&signed, &filled("50 750 200 780", "")).as_deref(), Some("covers-content"));
    let new = |more: &str| {
        let (form, field) = ("<</Fields[7 0 R 8 0 R 60 0 R]/SigFlags 3>>", "<</FT/Sig/T(C)/Kids[61 0 R]>>");
        append(&signed.file, &[(3, &list), (6, form), (60, field), (61, &widget(60, "50 750 200 780", more))])
    };
    assert_eq!(warned(&signed, &new("")).as_deref(), Some("covers-content"));
    for more in ["/A<</S/JavaScript/JS(1)>>", "/AA<<>>", "/OC<<>>"] {
        assert_eq!(signed.changes(&filled("300 500 400 550", more)), Changes::NotPermitted, "{more}");
        assert_eq!(signed.changes(&new(more)), Changes::NotPermitted, "{more}");
    }
}
