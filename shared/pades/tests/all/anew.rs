//! What viewers draw anew when they are told to (`/NeedAppearances`), or draw because nobody else did (C11).

use pades::Changes;

use crate::readers::{Made, PLAIN};
use crate::rules::stream;

const BOX: &str = "/Type/Annot/Subtype/Widget/T(x)/P 3 0 R/Rect[60 300 160 320]";

fn form(resources: &str, content: &str) -> String {
    stream(&format!("/Type/XObject/Subtype/Form/BBox[0 0 100 20]{resources}"), content)
}

/// A field with a drawing is signed; then viewers are told to draw all fields anew.
fn anew(field: &str, drawing: &str) -> Changes {
    let more = [
        format!("<<{BOX}{field}>>"),
        drawing.to_owned(),
        "<</Type/Font/Subtype/Type1/BaseFont/ZapfDingbats>>".to_owned(),
        form("", "0 g 0 0 100 20 re S"),
    ];
    let made = Made { fields: "8 0 R", annotations: "8 0 R", more: &more, ..PLAIN };
    made.signed().after(&[(6, &made.form("/NeedAppearances true"))])
}

fn text(entries: &str) -> Changes {
    let drawing = form("/Resources<</Font<</F1 5 0 R>>>>", "BT /F1 9 Tf 2 6 Td (9000000) Tj ET");
    anew(&format!("/FT/Tx/V(9000000)/AP<</N 9 0 R>>{entries}"), &drawing)
}

/// In its default appearance a value has to be read: dark on its ground, no higher than the field, all of it, and in one piece.
#[test]
fn c11_a_value_that_is_drawn_anew_is_read() {
    for fine in [
        "/DA(/F1 0 Tf 0 g)",
        "/DA(0 0 1 rg /F1 12 Tf)",
        "/DA(/F1 12 Tf 1 g)/MK<</BG[0 0 .4]>>",
        "/DA(/F1 9 Tf)/MaxLen 7/Ff 16777216",
        "/DA(/F1 60 Tf)/MK<</R 90>>",
        "/DA(/F1 9 Tf 1 g)/F 2",
        "/DA(/F1 9 Tf)/DS(font: Helvetica 12pt; color:#000000)",
    ] {
        assert_eq!(text(fine), Changes::Permitted, "{fine}");
    }
    for other in [
        "/DA()",
        "/DA(/F1 9 Tf 1 g)",
        "/DA(/F1 9 Tf 1 1 .7 rg)",
        "/DA(/F1 9 Tf 0 g)/MK<</BG[0]>>",
        "/DA(/F1 200 Tf 0 g)",
        "/DA(/F1 .1 Tf 0 g)",
        "/DA(/F1 9 Tf 0 g 3 Tr)",
        "/DA(/F1 9 Tf)/MaxLen 4/Ff 16777216",
        "/DA(/F1 9 Tf)/Ff 16777216",
        "/DA(/F1 9 Tf)/MaxLen 4",
        "/DA(/F1 9 Tf)/Ff 8192",
        "/DA(/F1 9 Tf)/DS(color:#FFFFFF)",
        "/DA(/F1 9 Tf)/RV(<p style=\"color:#ffffff\">9000000</p>)",
    ] {
        assert_eq!(text(other), Changes::NotPermitted, "{other}");
    }
    let empty = form("", "/Tx BMC EMC");
    assert_eq!(anew("/FT/Tx/AP<</N 9 0 R>>", &empty), Changes::Permitted, "nothing is written, and nothing will be");
}

/// Buttons get the mark or the caption that their `/MK` names: it has to be the one that they showed.
#[test]
fn c11_a_button_that_is_drawn_anew_shows_what_it_showed() {
    let marks = "/Resources<</Font<</ZaDb 10 0 R>>>>";
    let check = |caption: &str, shown: &str| {
        let states = format!("/FT/Btn/V/Yes/AS/Yes/AP<</N<</Yes 9 0 R/Off 11 0 R>>>>{caption}");
        anew(&states, &form(marks, &format!("q 0 g 0 0 100 20 re S BT /ZaDb 9 Tf 2 6 Td {shown} Tj ET Q")))
    };
    assert_eq!(check("/MK<</CA(8)>>", "(8)"), Changes::Permitted);
    assert_eq!(check("", "(4)"), Changes::Permitted, "the usual mark");
    assert_eq!(check("/MK<</CA(4)>>", "(8)"), Changes::NotPermitted, "a cross becomes a tick");
    assert_eq!(check("", "(8)"), Changes::NotPermitted);
    let drawn = anew("/FT/Btn/V/Yes/AS/Yes/AP<</N<</Yes 9 0 R>>>>", &form("", "0 0 m 20 20 l S"));
    assert_eq!(drawn, Changes::NotPermitted, "a cross of lines");
    let off = anew("/FT/Btn/V/Off/AS/Off/AP<</N<</Off 9 0 R>>>>", &form(marks, "BT /ZaDb 9 Tf (8) Tj ET"));
    assert_eq!(off, Changes::NotPermitted, "what is off was drawn as on");
    let push = |caption: &str| {
        let drawing =
            form("/Resources<</Font<</F1 5 0 R>>>>", ".9 g 0 0 100 20 re f 0 g BT /F1 9 Tf 2 6 Td (Print) Tj ET");
        anew(&format!("/FT/Btn/Ff 65536/AP<</N 9 0 R>>/MK<</CA({caption})>>"), &drawing)
    };
    assert_eq!(push("Print"), Changes::Permitted, "honest programs set the flag for forms with push buttons");
    assert_eq!(push("Pay"), Changes::NotPermitted);
}

/// A field that nobody draws is drawn by the viewer: not larger than it is, and no other text for a pointer.
#[test]
fn c11_a_value_without_a_drawing_is_read_as_well() {
    let filled = |entries: &str, more: &str| {
        let made =
            Made { fields: "8 0 R", annotations: "8 0 R", more: &[format!("<<{BOX}/FT/Tx{entries}>>")], ..PLAIN };
        let field = format!("<<{BOX}/FT/Tx{entries}{more}>>");
        let drawing = form("/Resources<</Font<</F1 5 0 R>>>>", "BT /F1 9 Tf 2 6 Td (100) Tj ET");
        let other = form("/Resources<</Font<</F1 5 0 R>>>>", "BT /F1 9 Tf 2 6 Td (999) Tj ET");
        let hidden = form("/OC 50 0 R/Resources<</Font<</F1 5 0 R>>>>", "BT /F1 9 Tf 2 6 Td (100) Tj ET");
        made.signed().after(&[(8, &field), (60, &drawing), (61, &other), (62, &hidden)])
    };
    assert_eq!(filled("/DA(/F1 9 Tf)", "/V(100)"), Changes::Permitted);
    let removed = |drawn: &str| {
        let field = |more: &str| format!("<<{BOX}/FT/Tx/V(100)/DA(/F1 9 Tf){more}>>");
        let drawing = form("/Resources<</Font<</F1 5 0 R>>>>", &format!("BT /F1 9 Tf 2 6 Td ({drawn}) Tj ET"));
        let more = [field("/AP<</N 9 0 R>>"), drawing];
        let made = Made { fields: "8 0 R", annotations: "8 0 R", more: &more, ..PLAIN };
        made.signed().after(&[(8, &field(""))])
    };
    assert_eq!(removed("999"), Changes::NotPermitted, "a signed drawing is taken away");
    assert_eq!(filled("/DA(/F1 90 Tf)", "/V(100)"), Changes::NotPermitted);
    assert_eq!(filled("/DA(/F1 9 Tf 1 g)", "/V(100)"), Changes::NotPermitted);
    assert_eq!(filled("/V(100)", "/DA(/F1 90 Tf)"), Changes::NotPermitted, "the value is as it was");
    assert_eq!(filled("/DA(/F1 9 Tf)", "/V(100)/AP<</N 60 0 R/D 60 0 R>>"), Changes::Permitted);
    assert_eq!(filled("/DA(/F1 9 Tf)", "/V(100)/AP<</N 60 0 R/R 61 0 R>>"), Changes::NotPermitted);
    assert_eq!(filled("/DA(/F1 9 Tf)", "/V(100)/AP<</N 62 0 R>>"), Changes::NotPermitted);
}
