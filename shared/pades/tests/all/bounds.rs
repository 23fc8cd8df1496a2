//! What a small file may make of itself in memory: by references one text is said as often as there is room for them, and by a font's map one
//! octet is a page of letters. Such a file is not judged to its end, and never takes gigabytes.

use pades::*;

use crate::common::{append, classic, codes};
use crate::readers::{FIELD, Made, PLAIN};
use crate::rules::{FORM, PAGE, Signed, stream};

/// So many references to one object.
fn times(object: u32, count: usize) -> String {
    format!("{object} 0 R ").repeat(count)
}

fn too_complex(report: &Report) -> bool {
    report.verdict == Verdict::Indeterminate && codes(report) == ["pdf-too-complex"]
}

/// A signed page with one field, object 7, and one object that it refers to, object 8.
fn with_field(field: String, other: String) -> Signed {
    let objects = [
        "<</Type/Catalog/Pages 2 0 R/AcroForm 6 0 R>>".to_owned(),
        "<</Type/Pages/Count 1/Kids[3 0 R]>>".to_owned(),
        format!("<<{PAGE}/Annots[7 0 R]>>"),
        stream("", "BT ET"),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".to_owned(),
        format!("<<{FORM}/Fields[7 0 R]>>"),
        field,
        other,
    ];
    Signed::of(&classic(&objects))
}

/// A locked field whose lock names one long name again and again.
#[test]
fn f_names_of_locked_fields_are_bounded() {
    let with = |count: usize| {
        let lock = format!("/Lock<</Type/SigFieldLock/Action/Include/Fields[{}]>>", times(8, count));
        let name = format!("({})", "n".repeat(100_000));
        with_field(FIELD.replace(">>", &format!("{lock}>>")), name)
    };
    let few = with(3);
    assert_eq!(few.report(&few.file).signatures[0].changes_after, Changes::None);
    let many = with(2_000);
    assert!(too_complex(&many.report(&many.file)), "{:?}", codes(&many.report(&many.file)));
}

/// The same for what the form's author allows.
#[test]
fn f_names_of_seed_values_are_bounded() {
    for (flag, key) in [(2, "SubFilter"), (64, "DigestMethod"), (8, "Reasons")] {
        let with = |count: usize| {
            let seed = format!("/SV<</Ff {flag}/{key}[{}]>>", times(8, count));
            let field = FIELD.replace(">>", &format!("{seed}>>"));
            let signed = with_field(field, format!("({})", "n".repeat(100_000)));
            signed.report(&signed.file)
        };
        assert!(codes(&with(3)).contains(&"seed-value-violated"), "{key}: {:?}", codes(&with(3)));
        assert!(too_complex(&with(2_000)), "{key}: {:?}", codes(&with(2_000)));
    }
}

/// C11: options of a choice that are one long text.
#[test]
fn f_options_of_a_choice_are_bounded() {
    let with = |count: usize| {
        let field = |value: &str, drawn: u32| {
            format!(
                "<</Type/Annot/Subtype/Widget/FT/Ch/T(c)/P 3 0 R/F 4/Rect[10 10 90 30]/Opt[(1)(2){}]/V({value})\
                 /AP<</N {drawn} 0 R>>>>",
                times(10, count)
            )
        };
        let text = |words: &str| {
            stream(
                "/Type/XObject/Subtype/Form/BBox[0 0 80 20]/Resources<</Font<</F1 5 0 R>>>>",
                &format!("BT /F1 9 Tf 2 6 Td ({words}) Tj ET"),
            )
        };
        let more = [field("1", 9), text("1"), format!("({})", "n".repeat(100_000))];
        let signed = Made { fields: "8 0 R", annotations: "8 0 R", more: &more, ..PLAIN }.signed();
        let file = append(&signed.file, &[(8, &field("2", 80)), (80, &text("2"))]);
        let report = signed.report(&file);
        (signed.changes(&file), codes(&report).contains(&"later-change-not-compared"))
    };
    assert_eq!(with(3), (Changes::Permitted, false));
    assert_eq!(with(2_000), (Changes::NotPermitted, true));
}

/// C11: one code that stands for a page of letters, drawn again and again.
#[test]
fn f_text_of_a_drawing_is_bounded() {
    let letters = |count: usize| "0061".repeat(count);
    let with = |count: usize, codes: usize| {
        let map = format!(
            "1 begincodespacerange <0000><FFFF> endcodespacerange 1 beginbfchar <0001><{}> endbfchar",
            letters(count)
        );
        let font =
            "<</Type/Font/Subtype/Type0/BaseFont/X/Encoding/Identity-H/ToUnicode 12 0 R/DescendantFonts[13 0 R]>>";
        let field = |value: String, drawn: u32| {
            format!(
                "<</Type/Annot/Subtype/Widget/FT/Tx/T(c)/P 3 0 R/F 4/Rect[10 10 90 30]/V({value})/AP<</N {drawn} 0 R>>>>"
            )
        };
        let text = |times: usize| {
            stream(
                "/Type/XObject/Subtype/Form/BBox[0 0 80 20]/Resources<</Font<</C 11 0 R>>>>",
                &format!("BT /C 9 Tf 2 6 Td <{}> Tj ET", "0001".repeat(times)),
            )
        };
        let more = [
            field(String::new(), 9),
            text(1),
            "null".to_owned(),
            font.to_owned(),
            stream("", &map),
            "<</Type/Font/Subtype/CIDFontType2/BaseFont/X/DW 500>>".to_owned(),
        ];
        let signed = Made { fields: "8 0 R", annotations: "8 0 R", form: "/XF 11 0 R", more: &more, ..PLAIN }.signed();
        signed.after(&[(8, &field("a".repeat(count * codes), 80)), (80, &text(codes))])
    };
    assert_eq!(with(4, 3), Changes::Permitted);
    assert_eq!(with(300, 3), Changes::NotPermitted, "no code stands for so much");
    assert_eq!(with(200, 2_000), Changes::NotPermitted, "nobody fills in so much");
}

/// C11: one font under many names, in a drawing and in the form's resources, is read once.
#[test]
fn f_a_font_of_many_names_is_read_once() {
    let names: Vec<String> = (0..1_500).map(|at| format!("W{at}")).collect();
    let each = |one: &dyn Fn(&String) -> String| names.iter().map(one).collect::<String>();
    let field = |value: &str, drawn: u32| {
        format!(
            "<</Type/Annot/Subtype/Widget/FT/Tx/T(c)/P 3 0 R/F 4/Rect[10 10 90 30]/V({value})/AP<</N {drawn} 0 R>>>>"
        )
    };
    let drawing = |content: &str| {
        let fonts = each(&|name| format!("/{name} 10 0 R"));
        let dict = format!("/Type/XObject/Subtype/Form/BBox[0 0 80 20]/Resources<</Font<</F1 5 0 R{fonts}>>>>");
        stream(&dict, &format!("{content} BT /F1 9 Tf 2 6 Td (2) Tj ET"))
    };
    let wide = "<</Type/Font/Subtype/Type0/BaseFont/X/Encoding/Identity-H/DescendantFonts[11 0 R]>>";
    let more = [
        field("", 9),
        drawing(""),
        wide.to_owned(),
        "<</Type/Font/Subtype/CIDFontType2/BaseFont/X/W[0 65535 500]>>".to_owned(),
    ];
    let made = Made { fields: "8 0 R", annotations: "8 0 R", more: &more, ..PLAIN };
    let signed = made.signed();
    let named = drawing(&each(&|name| format!("/{name} 9 Tf ")));
    assert_eq!(signed.after(&[(8, &field("2", 80)), (80, &named)]), Changes::Permitted);
    let resources = each(&|name| format!("/{name} 10 0 R"));
    let form = format!("<</SigFlags 3/DA(/F1 9 Tf)/DR<</Font<</F1 5 0 R{resources}>>>>/Fields[7 0 R 8 0 R]>>");
    let report = signed.report(&append(&signed.file, &[(6, &form)]));
    assert!(!codes(&report).contains(&"later-change-not-compared"), "{:?}", report.reasons);
}
