//! Objects that are two things at once: what may change in the one role shows in the other. Each was once accepted.

use pades::*;

use crate::common::{append, classic, judge, *};
use crate::readers::{FIELD, Made, PLAIN, drawing};
use crate::rules::{FORM, Signed, stream};

fn says(text: &str) -> String {
    drawing(&format!("BT /F1 14 Tf 60 700 Td ({text}) Tj ET"))
}

/// One page with an empty signature field `A` (7) and its content (4); the rest as it is asked for.
fn file(catalog: &str, kids: &str, content: &str, more: &[String]) -> Signed {
    let page = "/Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>/Annots[7 0 R]";
    let mut objects = vec![
        format!("<</Type/Catalog/Pages 2 0 R/AcroForm 6 0 R{catalog}>>"),
        format!("<</Type/Pages/MediaBox[0 0 595 842]/CropBox[0 0 300 300]/Rotate 90{kids}>>"),
        format!("<<{page}>>"),
        content.to_owned(),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".to_owned(),
        format!("<<{FORM}/Fields[7 0 R]>>"),
        FIELD.to_owned(),
    ];
    objects.extend(more.iter().cloned());
    Signed::of(&classic(&objects))
}

/// C12: viewers pass over a stream in `/Annots`, and draw it where it is a drawing.
#[test]
fn c12_a_stream_is_no_annotation() {
    let stamp = "<</Type/Annot/Subtype/Stamp/Rect[60 600 500 700]/AP<</N 9 0 R>>>>";
    let more = [stamp.to_owned(), says("100")];
    let signed = Made { annotations: "8 0 R 9 0 R", more: &more, ..PLAIN }.signed();
    signed.allows("the same again", &[(9, &says("100"))]);
    signed.refuses("other data", &[(9, &says("999"))]);
    let plain = "<</Type/XObject/Subtype/Form>>";
    signed.refuses("no stream any more", &[(9, plain)]);
}

/// C9 to C11: nor is it a field, whatever its dictionary says.
#[test]
fn c11_a_stream_is_no_field() {
    let named = |text: &str| says(text).replace("<</Type/XObject", "<</T(x)/FT/Tx/Type/XObject");
    let stamp = "<</Type/Annot/Subtype/Stamp/Rect[60 600 500 700]/AP<</N 9 0 R>>>>";
    let more = [stamp.to_owned(), named("100")];
    let signed = Made { annotations: "8 0 R", fields: "9 0 R", more: &more, ..PLAIN }.signed();
    signed.refuses("other data", &[(9, &named("999"))]);
    let form = PLAIN.form("").trim_start_matches("<<").trim_end_matches(">>").to_owned();
    PLAIN.signed().refuses("a form that is a stream", &[(6, &stream(&form, "BT ET"))]);
}

/// C5: a kid of the page tree that is a stream is no page, and its data do not go away.
#[test]
fn c5_a_stream_is_no_page() {
    let content = stream("", "BT /F1 14 Tf 60 760 Td (100) Tj ET");
    let signed = file("", "/Count 2/Kids[3 0 R 4 0 R]", &content, &[]);
    signed.refuses("a dictionary with the same keys", &[(4, "<</Length 34>>")]);
}

/// C5: an honest file may show one page twice.
#[test]
fn c5_a_page_may_stand_twice() {
    let content = stream("", "BT /F1 14 Tf 60 760 Td (100) Tj ET");
    let signed = file("", "/Count 2/Kids[3 0 R 3 0 R]", &content, &[]);
    signed.allows("nothing of it changes", &[(80, "(x)")]);
    signed.refuses("its content does", &[(4, &stream("", "BT ET"))]);
}

/// C10 to C13: what draws has any names for its parts, also those of a field; filling the field in would change the drawing.
#[test]
fn c11_a_field_that_is_also_a_drawing_may_not_change() {
    for (state, set, to) in [("M", "/M 10 0 R", "/M 11 0 R"), ("V", "/V 10 0 R", "/V 11 0 R"), ("P", "", "/V(neu)")] {
        let stamp = format!("<</Type/Annot/Subtype/Stamp/Rect[60 600 500 700]/AS/{state}/AP<</N 9 0 R>>>>");
        let field = |set: &str| format!("<</FT/Tx/T(t)/Kids[12 0 R]{set}>>");
        let widget = "<</Type/Annot/Subtype/Widget/Parent 9 0 R/P 3 0 R/F 4/Rect[10 10 90 30]>>".to_owned();
        let more = [stamp, field(set), says("100"), says("999"), widget];
        let signed = Made { annotations: "8 0 R 12 0 R", fields: "9 0 R", more: &more, ..PLAIN }.signed();
        signed.refuses(state, &[(9, &field(to))]);
    }
    // Names of states are free, also for what leads back to a field elsewhere.
    let stamp = "<</Type/Annot/Subtype/Stamp/Rect[60 600 500 700]/AS/Parent/AP<</N<</Parent 9 0 R>>>>>>".to_owned();
    let field = |set: &str| format!("<</FT/Tx/T(t)/Kids[10 0 R]{set}>>");
    let widget = "<</Type/Annot/Subtype/Widget/Parent 9 0 R/P 3 0 R/F 4/Rect[10 10 90 30]>>".to_owned();
    let more = [stamp, field(""), widget];
    let signed = Made { annotations: "8 0 R 10 0 R", fields: "9 0 R", more: &more, ..PLAIN }.signed();
    signed.refuses("a state", &[(9, &field("/V(neu)"))]);
    // The same field where nothing else uses it.
    let field = |set: &str| format!("<</Type/Annot/Subtype/Widget/FT/Tx/T(t)/P 3 0 R/F 4/Rect[10 10 90 30]{set}>>");
    let signed = Made { annotations: "8 0 R", fields: "8 0 R", more: &[field("")], ..PLAIN }.signed();
    signed.allows("a date", &[(8, &field("/M(D:2026)"))]);
    for set in ["/M/D", "/M 5 0 R", "/F/x", "/Q(1)", "/AS(x)", "/DA 1", "/DS/x", "/TI(1)", "/I[(x)]", "/RV 1", "/AP 5"]
    {
        signed.refuses(
            set,
            &[(
                8,
                &field("").replace("/F 4", if set == "/F/x" { "" } else { "/F 4" }).replace(">>", &format!("{set}>>")),
            )],
        );
    }
}

/// C5: the same for attached files and for layers.
#[test]
fn c5_a_field_that_is_also_an_attachment_or_a_layer_may_not_change() {
    let field = |set: &str| format!("<</Type/Annot/Subtype/Widget/FT/Tx/T(t)/P 3 0 R/F 4/Rect[10 10 90 30]{set}>>");
    let content = stream("", "BT ET");
    for catalog in [
        "/OCProperties<</OCGs[]/D 8 0 R>>",
        "/Names<</EmbeddedFiles<</Names[(a)<</Type/Filespec/F(a)/EF 8 0 R>>]>>>>",
        "/Names<</JavaScript<</Names[(a)8 0 R]>>>>",
        "/OpenAction 8 0 R",
    ] {
        let form = format!("<<{FORM}/Fields[7 0 R 8 0 R]>>");
        let signed = file(catalog, "/Count 1/Kids[3 0 R]", &content, &[field("")]);
        assert_eq!(signed.after(&[(6, &form)]), Changes::NotPermitted, "no field comes");
        let mut objects = vec![
            format!("<</Type/Catalog/Pages 2 0 R/AcroForm 6 0 R{catalog}>>"),
            "<</Type/Pages/Count 1/Kids[3 0 R]>>".to_owned(),
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Annots[7 0 R 8 0 R]>>".to_owned(),
            content.clone(),
            "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".to_owned(),
            form,
            FIELD.to_owned(),
        ];
        objects.push(field(""));
        let signed = Signed::of(&classic(&objects));
        signed.refuses(catalog, &[(8, &field("/M(D:2026)"))]);
    }
}

/// C10: what a page annotation list is, it stays; a list that is no list some viewers read all the same.
#[test]
fn c13_annotations_are_a_list() {
    let signed = PLAIN.signed();
    let page = |annotations: &str| PLAIN.page("").replace("/Annots[7 0 R ]", annotations);
    signed.allows("the same again", &[(3, &PLAIN.page(""))]);
    signed.refuses("a stream", &[(3, &page("/Annots 20 0 R")), (20, &says("999"))]);
    signed.refuses("one annotation", &[(3, &page("/Annots 7 0 R"))]);
    let second = |list: u32| {
        format!("<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>/Annots {list} 0 R>>")
    };
    let more = [second(9), says("100"), says("999")];
    let signed = file("", "/Count 2/Kids[3 0 R 8 0 R]", &stream("", "BT ET"), &more);
    signed.allows("a stream from the beginning", &[(8, &second(9))]);
    signed.refuses("another stream", &[(8, &second(10))]);
}

/// C3, same tokens: a missing key, `null`, and a reference to nothing; a value and a reference to the same value. Readers differ on all of them.
#[test]
fn c3_a_key_that_says_nothing_is_not_a_missing_key() {
    let content = stream("", "BT /F1 14 Tf 60 760 Td (100) Tj ET");
    let signed = file("", "/Count 1/Kids[3 0 R]", &content, &[]);
    let page = "<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>/Annots[7 0 R]>>";
    let with = |entry: &str| page.replace(">>/Annots", &format!(">>{entry}/Annots"));
    signed.allows("the same again", &[(3, page)]);
    for entry in ["/Rotate null", "/CropBox null", "/Rotate 999 0 R", "/CropBox 999 0 R"] {
        signed.refuses(entry, &[(3, &with(entry))]);
    }
    signed.refuses(
        "resources elsewhere",
        &[(3, &page.replace("<</Font<</F1 5 0 R>>>>", " 80 0 R")), (80, "<</Font<</F1 5 0 R>>>>")],
    );
    signed.refuses("a font elsewhere", &[(5, "<</Type/Font/Subtype 80 0 R/BaseFont/Helvetica>>"), (80, "/Type1")]);
    signed.refuses("a font with null", &[(5, "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Widths null>>")]);
    signed.refuses(
        "a widget's kind elsewhere",
        &[(7, &FIELD.replace("/Subtype/Widget", "/Subtype 80 0 R")), (80, "/Widget")],
    );
}

/// B4: a field without a name is outside of every list of names.
#[test]
fn b4_a_new_field_has_a_name() {
    let signed = PLAIN.signed();
    let form = format!("<<{FORM}/Fields[7 0 R 20 0 R]>>");
    let page = PLAIN.page("").replace("7 0 R ]", "7 0 R 20 0 R]");
    let field = |name: &str| format!("<</Type/Annot/Subtype/Widget/FT/Sig{name}/P 3 0 R/F 132/Rect[0 0 0 0]>>");
    signed.allows("with a name", &[(3, &page), (6, &form), (20, &field("/T(S)"))]);
    signed.refuses("an empty name", &[(3, &page), (6, &form), (20, &field("/T()"))]);
    signed.refuses("no name", &[(3, &page), (6, &form), (20, &field(""))]);
}

/// C10: the trees of a tagged file are compared however they are written, and what comes is tags of new widgets.
#[test]
fn c10_trees_of_a_tagged_file_keep_their_entries() {
    let element = |text: &str| format!("<</Type/StructElem/S/P/P 8 0 R/Pg 3 0 R/K 0/ActualText({text})>>");
    for tree in ["<</Nums[0 NINE 0 R]>>", "11 0 R", "<</Kids[<</Nums[0 NINE 0 R]>>]>>"] {
        let root = |nine: &str| format!("<</Type/StructTreeRoot/K[9 0 R]/ParentTree {}>>", tree.replace("NINE", nine));
        let leaf = |nine: &str| format!("<</Nums[0 {nine} 0 R]>>");
        let more = [root("9"), element("100"), element("999"), leaf("9")];
        let signed = file("/StructTreeRoot 8 0 R", "/Count 1/Kids[3 0 R]", &stream("", "BT ET"), &more);
        signed.allows(tree, &[(8, &root("9")), (11, &leaf("9"))]);
        signed.refuses(tree, &[(8, &root("10")), (11, &leaf("10"))]);
        let grown = |leaf: &str| leaf.replace("0 9 0 R", "0 9 0 R 1 10 0 R");
        signed.refuses(tree, &[(8, &grown(&root("9"))), (11, &grown(&leaf("9")))]);
        signed.refuses("an element's text", &[(9, &element("999"))]);
    }
}

/// R68: behind its seal a copy gets what the house writes, and nothing that only looks like nothing.
#[test]
fn r68_a_copy_is_not_written_to_behind_its_seal() {
    let pki = Pki::new();
    let sealed = make(&pki).sealed;
    let told = |file: &[u8]| {
        let report = judge(file, &pki);
        assert_ne!(report.verdict, Verdict::Valid);
        let rules = report.reasons.iter().filter(|reason| reason.code == "later-change-not-of-a-copy");
        rules.map(|reason| reason.params["rule"].clone()).next()
    };
    let document = pdf::Document::open(&sealed, &pdf::Limits::default()).expect("a copy");
    let font = (1..40).find_map(|num| {
        let span = document.object_span(pdf::ObjId::new(num, 0))?;
        let text = String::from_utf8_lossy(&sealed[span]).into_owned();
        let body = text.split_once("obj")?.1.trim_end_matches("endobj").trim().to_owned();
        (body.starts_with("<<") && !body.contains("stream") && !body.contains("/Contents")).then_some((num, body))
    });
    let (num, body) = font.expect("an object");
    assert_eq!(told(&append(&sealed, &[(num, &body)])).as_deref(), Some("object-written-again"));
    assert_eq!(told(&append(&sealed, &[])).as_deref(), Some("revision-without-change"));
    let commented = append(&[&sealed[..], b"%4 0 obj\n"].concat(), &[]);
    assert_eq!(told(&commented).as_deref(), Some("comment"));
}
