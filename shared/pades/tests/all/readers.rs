//! What one reader draws and another does not: updates that look like nothing, or like filling in, and show something else. Each was once
//! accepted.

use pades::*;

use crate::common::{classic, judge, *};
use crate::over::doc_mdp_of;
use crate::rules::{CATALOG, FORM, Signed, stream};

/// One page with an empty signature field `A` (7) and whatever else is given: entries of the form, fields, annotations, objects from 8 on.
pub(crate) struct Made<'m> {
    pub(crate) form: &'m str,
    pub(crate) fields: &'m str,
    pub(crate) page: &'m str,
    pub(crate) annotations: &'m str,
    pub(crate) more: &'m [String],
}

pub(crate) const PLAIN: Made<'static> = Made { form: "", fields: "", page: "", annotations: "", more: &[] };
pub(crate) const FIELD: &str = "<</Type/Annot/Subtype/Widget/FT/Sig/T(A)/F 132/P 3 0 R/Rect[60 100 260 180]>>";

impl Made<'_> {
    pub(crate) fn page(&self, entries: &str) -> String {
        let resources = if entries.contains("/Resources") { "" } else { "/Resources<</Font<</F1 5 0 R>>>>" };
        let annotations = self.annotations;
        format!(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R{resources}{entries}/Annots[7 0 R {annotations}]>>"
        )
    }

    pub(crate) fn form(&self, entries: &str) -> String {
        format!("<<{FORM}{entries}/Fields[7 0 R {}]>>", self.fields)
    }

    pub(crate) fn signed(&self) -> Signed {
        let mut objects = vec![
            format!("<<{CATALOG}>>"),
            "<</Type/Pages/Count 1/Kids[3 0 R]>>".to_owned(),
            self.page(self.page),
            stream("", "BT /F1 14 Tf 60 760 Td (100) Tj ET"),
            "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".to_owned(),
            self.form(self.form),
            FIELD.to_owned(),
        ];
        objects.extend(self.more.iter().cloned());
        Signed::of(&classic(&objects))
    }
}

pub(crate) fn drawing(operators: &str) -> String {
    stream("/Type/XObject/Subtype/Form/BBox[0 0 595 842]/Resources<</Font<</F1 5 0 R>>>>", operators)
}

/// C3: the same data in another encoding, with a parameter that a reader may not follow, or a length that a reader may believe.
#[test]
fn c3_another_encoding_is_another_stream() {
    let signed = PLAIN.signed();
    let data = "BT /F1 14 Tf 60 760 Td (100) Tj ET";
    let hex: String = data.bytes().map(|byte| format!("{byte:02x}")).collect();
    signed.allows("the same again", &[(4, &stream("", data))]);
    signed.refuses("hexadecimal", &[(4, &stream("/Filter/ASCIIHexDecode", &format!("{hex}>")))]);
    signed.refuses("the same data with another entry", &[(4, &stream("/Metadata 5 0 R", data))]);
    let parameters = "/Filter/ASCIIHexDecode/DecodeParms<</Predictor 80 0 R/Columns 4>>";
    signed.refuses("a parameter elsewhere", &[(4, &stream(parameters, &format!("{hex}>"))), (80, "12")]);
    signed.refuses("cut short", &[(4, &format!("<</Length 9>>\nstream\n{data}\nendstream"))]);
}

/// C3: a page that is turned by 180 stands on its head; one that is turned by 180.0 does not, for some readers.
#[test]
fn c3_an_integer_is_no_real() {
    let signed = Made { page: "/Rotate 180", ..PLAIN }.signed();
    signed.allows("the same again", &[(3, &PLAIN.page("/Rotate 180"))]);
    signed.refuses("a real", &[(3, &PLAIN.page("/Rotate 180.0"))]);
    // Where any number will do, writers that write an object again shorten it.
    let page = PLAIN.page("/Rotate 180");
    signed.allows("a box", &[(3, &page.replace("595 842", "595.0 842.00"))]);
    signed.refuses("another box", &[(3, &page.replace("595 842", "595.1 842"))]);
}

/// C3: the same within dictionaries, in what a page draws with even where a number of either kind will do.
#[test]
fn c3_an_integer_is_no_real_however_deep() {
    let field = |more: &str| {
        format!(
            "<</Type/Annot/Subtype/Widget/FT/Tx/T(t)/P 3 0 R/F 4/Rect[10 10 30 30]/MK<</R 90>>/BS<</W 1.0>>{more}>>"
        )
    };
    let image = |width: &str, decode: &str| {
        stream(&format!("/Subtype/Image/Width {width}/Height 1/Decode[{decode}]/ColorSpace/DeviceGray"), "ab")
    };
    let more = [field(""), image("2", "0 1")];
    let page = "/Resources<</Font<</F1 5 0 R>>/XObject<</I 9 0 R>>>>";
    let signed = Made { fields: "8 0 R", annotations: "8 0 R", page, more: &more, ..PLAIN }.signed();
    signed.allows("the same again", &[(8, &more[0]), (9, &more[1])]);
    signed.allows("the width of a line", &[(8, &field("").replace("/W 1.0", "/W 1"))]);
    signed.refuses("a turned field", &[(8, &field("").replace("/R 90", "/R 90.0"))]);
    signed.refuses("the width of an image", &[(9, &image("2.0", "0 1"))]);
    signed.refuses("what an image's samples mean", &[(9, &image("2", "0.0 1"))]);
}

/// C3: a number that stands in two places is looked at in both: in one any number will do, in the other an integer only.
#[test]
fn c3_a_number_in_two_places_is_looked_at_in_both() {
    let hidden = "<</Type/Annot/Subtype/FreeText/P 3 0 R/Rect[10 10 90 90]/Border[0 0 9 0 R]/F 9 0 R>>";
    let more = [hidden.to_owned(), "2".to_owned()];
    let signed = Made { annotations: "8 0 R", more: &more, ..PLAIN }.signed();
    signed.allows("the same again", &[(9, "2")]);
    signed.refuses("a flag that some readers take for none", &[(9, "2.0")]);
    let page = "/ArtBox[0 0 8 0 R 8 0 R]/Rotate 8 0 R";
    let signed = Made { page, more: &["90".to_owned()], ..PLAIN }.signed();
    signed.refuses("a page that some readers turn", &[(8, "90.0")]);
}

/// C10: ground and border of an empty field are drawn by the viewer, and nobody answers for them.
#[test]
fn c10_an_empty_signature_field_draws_nothing() {
    let signed = PLAIN.signed();
    let added = |more: &str| {
        let field = format!("<</Type/Annot/Subtype/Widget/FT/Sig/T(New)/F 4/P 3 0 R/Rect[300 300 400 350]{more}>>");
        let page = PLAIN.page("").replace("/Annots[7 0 R", "/Annots[7 0 R 20 0 R");
        let form = format!("<<{FORM}/Fields[7 0 R 20 0 R]>>");
        signed.after(&[(3, &page), (6, &form), (20, &field)])
    };
    assert_eq!(added(""), Changes::Permitted);
    for drawn in ["/MK<</BG[1 1 1]/BC[0 0 0]>>", "/Border[0 0 120]", "/BS<</W 60>>"] {
        assert_eq!(added(drawn), Changes::NotPermitted, "{drawn}");
    }
}

/// C6: objects beyond `/Size` are null for some readers. Told, and never in a copy.
#[test]
fn c6_nothing_in_use_is_cut_off_in_a_copy() {
    let pki = Pki::new();
    let sealed = make(&pki).sealed;
    let cut = |size: &str| {
        let file = append(&sealed, &[(80, "(x)")]);
        let at = file.windows(5).rposition(|window| window == b"/Size").expect("a size");
        let text = String::from_utf8_lossy(&file[at..]).into_owned();
        let digits: String = text[6..].chars().take_while(char::is_ascii_digit).collect();
        [&file[..at], text.replacen(&digits, size, 1).as_bytes()].concat()
    };
    let told = |file: &[u8]| {
        let report = judge(file, &pki);
        report.reasons.iter().any(|reason| format!("{:?}", reason.params).contains("trailer-size"))
    };
    assert!(told(&cut("4")), "{:?}", judge(&cut("4"), &pki).reasons);
    assert!(!told(&cut("900")));
}

/// C13: what the page draws with is also an entry of the form, which an update may extend.
#[test]
fn c13_what_is_drawn_with_is_frozen_wherever_it_stands() {
    let font = "/Type/Font/Subtype/Type1/BaseFont/Helvetica";
    let made = Made { page: "/Resources<</Font 6 0 R>>", form: "/X 5 0 R", ..PLAIN };
    let signed = made.signed();
    let other = format!("/DR<</Font<</F1 5 0 R>>{font}/Encoding<</Differences[49/nine]>>>>");
    let form = PLAIN.form("/X 5 0 R").replace("/DR<</Font<</F1 5 0 R>>>>", &other);
    signed.refuses("the form is the page's fonts", &[(6, &form)]);
    let elsewhere = Made { form: "/X 5 0 R", ..PLAIN }.signed();
    elsewhere.allows("the form is the form", &[(6, &form)]);
}

/// C10: a signature field that nobody signed draws nothing, and one that was signed has the one widget that it had.
#[test]
fn c10_an_unsigned_field_draws_nothing() {
    let signed = PLAIN.signed();
    let page = |kids: &str| Made { annotations: kids, ..PLAIN }.page("");
    let form = Made { fields: "80 0 R", ..PLAIN }.form("");
    let field = |more: &str| format!("<</Type/Annot/Subtype/Widget/FT/Sig/T(B)/F 4/P 3 0 R/Rect[0 0 595 842]{more}>>");
    let with = |more: &str| {
        let (page, field) = (page("80 0 R"), field(more));
        signed.after(&[(3, &page), (6, &form), (80, &field), (81, &drawing("0 0 595 842 re f"))])
    };
    assert_eq!(with(""), Changes::Permitted);
    assert_eq!(with("/AP<</N 81 0 R>>"), Changes::NotPermitted);
}

/// C10, C11: a group of fields with a widget of its own, in a widget's place another, and a field with another parent.
#[test]
fn c11_widgets_of_groups_and_parents_stay() {
    let widget = |rect: &str, more: &str| format!("<</Type/Annot/Subtype/Widget/P 3 0 R/F 4/Rect[{rect}]{more}>>");
    let more = [
        "<</FT/Tx/T(group)/V(100)/Kids[9 0 R 10 0 R]>>".to_owned(),
        widget("10 10 60 30", "/Parent 8 0 R"),
        widget("10 40 60 60", "/T(part)/Parent 8 0 R"),
        "<</FT/Tx/T(other)/V(900)>>".to_owned(),
    ];
    let made = Made { fields: "8 0 R 11 0 R", annotations: "9 0 R 10 0 R", more: &more, ..PLAIN };
    let signed = made.signed();
    signed.allows("the same again", &[(9, &more[1])]);
    signed.refuses("moved", &[(9, &widget("0 0 595 842", "/Parent 8 0 R"))]);
    let drawn = widget("10 10 60 30", "/Parent 8 0 R/AP<</N 80 0 R>>");
    signed.refuses("drawn", &[(9, &drawn), (80, &drawing("0 0 595 842 re f"))]);
    signed.refuses("another parent", &[(10, &widget("10 40 60 60", "/T(part)/Parent 11 0 R"))]);
}

/// C11: a button is switched and never drawn anew.
#[test]
fn c11_a_button_is_only_switched() {
    let field = |more: &str| format!("<</Type/Annot/Subtype/Widget/FT/Btn/T(b)/P 3 0 R/F 4/Rect[10 10 30 30]{more}>>");
    let states = "/AP<</N<</Yes 9 0 R/Off 10 0 R>>>>";
    let more = [field(&format!("/V/Off/AS/Off{states}")), drawing("0 0 9 9 re f"), drawing("")];
    let signed = Made { fields: "8 0 R", annotations: "8 0 R", more: &more, ..PLAIN }.signed();
    let after = |more: &str| signed.after(&[(8, &field(more)), (80, &drawing("0 0 595 842 re f"))]);
    assert_eq!(after(&format!("/V/Yes/AS/Yes{states}")), Changes::Permitted);
    assert_eq!(after(&format!("/V/Yes/AS/Off{states}")), Changes::NotPermitted, "shows the contrary");
    assert_eq!(after(&format!("/V/Off/AS/Yes{states}")), Changes::NotPermitted, "its state alone");
    assert_eq!(after("/V/Off/AS/Off/AP<</N<</Yes 9 0 R/Off 80 0 R>>>>"), Changes::NotPermitted);
    assert_eq!(after("/V/Yes/AS/Yes/AP<</N<</Yes 80 0 R/Off 10 0 R>>>>"), Changes::NotPermitted);
    assert_eq!(after("/V/Off/AP<</N 80 0 R>>"), Changes::NotPermitted);
}

/// C11: of several buttons of one field the one that the value names is on.
#[test]
fn c11_the_chosen_button_is_on() {
    let states = |name: &str| format!("/AP<</N<</{name} 11 0 R/Off 12 0 R>>>>");
    let button = |state: &str, name: &str, left: u32| {
        let right = left + 20;
        format!(
            "<</Type/Annot/Subtype/Widget/Parent 8 0 R/P 3 0 R/F 4/Rect[{left} 10 {right} 30]/AS/{state}{}>>",
            states(name)
        )
    };
    let group = |value: &str| format!("<</FT/Btn/Ff 49152/T(b)/Kids[9 0 R 10 0 R]/V/{value}>>");
    let more = [group("yes"), button("yes", "yes", 10), button("Off", "no", 40), drawing("0 0 9 9 re f"), drawing("")];
    let signed = Made { fields: "8 0 R", annotations: "9 0 R 10 0 R", more: &more, ..PLAIN }.signed();
    let after = |value: &str, yes: &str, no: &str| {
        signed.after(&[(8, &group(value)), (9, &button(yes, "yes", 10)), (10, &button(no, "no", 40))])
    };
    assert_eq!(after("no", "Off", "no"), Changes::Permitted);
    assert_eq!(after("Off", "Off", "Off"), Changes::Permitted);
    assert_eq!(after("yes", "Off", "Off"), Changes::NotPermitted, "nothing is chosen any more");
    assert_eq!(after("no", "Off", "Off"), Changes::NotPermitted);
    assert_eq!(after("no", "yes", "no"), Changes::NotPermitted, "both are");
    assert_eq!(signed.after(&[(9, &button("Off", "yes", 10))]), Changes::NotPermitted, "by its widget alone");
}

/// C11: a choice draws its options and nothing else, and what was chosen is among them.
#[test]
fn c11_a_choice_draws_its_options() {
    let field = |value: &str, drawn: u32| {
        format!(
            "<</Type/Annot/Subtype/Widget/FT/Ch/T(c)/P 3 0 R/F 4/Rect[10 10 90 30]/Opt[(1)(2)[(ba)(3)]]/V({value})/AP<</N {drawn} 0 R>>>>"
        )
    };
    let text = |words: &str| {
        stream(
            "/Type/XObject/Subtype/Form/BBox[0 0 80 20]/Resources<</Font<</F1 5 0 R>>>>",
            &format!("BT /F1 9 Tf 2 6 Td ({words}) Tj ET"),
        )
    };
    let more = [field("1", 9), text("1")];
    let signed = Made { fields: "8 0 R", annotations: "8 0 R", more: &more, ..PLAIN }.signed();
    for (value, words, expected) in [
        ("2", "2", Changes::Permitted),
        ("2", "1 2 3", Changes::Permitted),
        ("ba", "3", Changes::Permitted),
        ("ba", "2 3", Changes::Permitted),
        ("2", "1", Changes::NotPermitted),
        ("2", "1 3", Changes::NotPermitted),
        ("2", "900 2", Changes::NotPermitted),
        ("2", "2 cho Mallory", Changes::NotPermitted),
        ("ba", "ba", Changes::NotPermitted),
    ] {
        assert_eq!(signed.after(&[(8, &field(value, 80)), (80, &text(words))]), expected, "{value}: {words}");
    }
    // What viewers mark is what was chosen.
    let marked = |index: &str| field("2", 80).replace("/V(2)", &format!("/V(2)/I[{index}]"));
    for (index, expected) in [
        ("1", Changes::Permitted),
        ("0", Changes::NotPermitted),
        ("0 1", Changes::NotPermitted),
        ("7", Changes::NotPermitted),
    ] {
        assert_eq!(signed.after(&[(8, &marked(index)), (80, &text("2"))]), expected, "/I {index}");
    }
    // A list draws a bar behind the chosen option, and behind no other.
    let list = |bar: &str| {
        stream(
            "/Type/XObject/Subtype/Form/BBox[0 0 80 20]/Resources<</Font<</F1 5 0 R>>>>",
            &format!(
                "1 g 0 0 80 20 re f .6 .75 .85 rg {bar} re f BT /F1 6 Tf 0 g 2 14 Td (1) Tj 0 -6 Td (2) Tj 0 -6 Td (3) Tj ET"
            ),
        )
    };
    for (bar, expected) in [
        ("1 6 78 6", Changes::Permitted),
        ("1 12 78 6", Changes::NotPermitted),
        ("1 6 78 12", Changes::NotPermitted),
        ("1 0 78 1", Changes::NotPermitted),
    ] {
        assert_eq!(signed.after(&[(8, &field("2", 80)), (80, &list(bar))]), expected, "{bar}");
    }
}

/// C12: at P=3 a note may go, a watermark may not.
#[test]
fn c12_only_notes_are_taken_away() {
    let annotation = |subtype: &str| format!("<</Type/Annot/Subtype/{subtype}/P 3 0 R/F 4/Rect[10 10 90 30]>>");
    for (subtype, expected) in [("Text", Changes::Permitted), ("Watermark", Changes::NotPermitted)] {
        // Object 11 is a drawing that nothing uses.
        let signed = doc_mdp_of(3, |text| {
            let (before, after) = text.split_once("\n11 0 obj\n").expect("object 11");
            let rest = after.split_once("\nendobj").expect("its end").1;
            format!("{before}\n11 0 obj\n{}\nendobj{rest}", annotation(subtype))
                .replace("/Annots[7 0 R 8 0 R 9 0 R]", "/Annots[7 0 R 8 0 R 9 0 R 11 0 R]")
        });
        let page = |list: &str| format!("<<{}/Annots[{list}]>>", crate::rules::PAGE);
        assert_eq!(signed.after(&[(3, &page("7 0 R 8 0 R 9 0 R 11 0 R"))]), Changes::Permitted, "{subtype} stays");
        assert_eq!(signed.after(&[(3, &page("7 0 R 8 0 R 9 0 R"))]), expected, "{subtype}");
    }
}
