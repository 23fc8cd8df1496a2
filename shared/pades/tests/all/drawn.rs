//! What a filled field shows is what it says (C11, shadow replace): fonts of one and of two bytes, old and new ones, and text that is drawn
//! so that it reads otherwise than it is written.

use pades::*;

use crate::common::*;
use crate::rules::{FORM, PAGE, Signed, TEXT, stream};

/// Codes 1 to 9 are the letters of "Nguyễn Vă".
const MAP: &str = "/CIDInit/ProcSet findresource begin begincmap 1 begincodespacerange<0000><FFFF>endcodespacerange \
    9 beginbfchar <0001><004E><0002><0067><0003><0075><0004><0079><0005><1EC5><0006><006E><0007><0020><0008><0056><0009><0103> \
    endbfchar endcmap";
/// The same letters for other glyphs.
const LIE: &str = "begincmap 1 begincodespacerange<0000><FFFF>endcodespacerange \
    1 beginbfrange <0009><0011>[<004E><0067><0075><0079><1EC5><006E><0020><0056><0103>] endbfrange endcmap";
/// "Nguyễn Vă" as a value.
const VALUE: &str = "<FEFF004E0067007500791EC5006E002000560103>";
const CODES: &str = "<000100020003000400050006000700080009>";

fn composite(map: u32) -> String {
    format!(
        "<</Type/Font/Subtype/Type0/BaseFont/X/Encoding/Identity-H/ToUnicode {map} 0 R\
         /DescendantFonts[<</Type/Font/Subtype/CIDFontType2/BaseFont/X/FontDescriptor<</FontFile2 4 0 R>>>>]>>"
    )
}

/// As [`crate::rules::form`], with two composite fonts in the form's resources: 12, and 14 without a map. 15 is reached by nothing.
fn signed() -> Signed {
    let fonts = "/F1 5 0 R/C 12 0 R/N 14 0 R/D 16 0 R/Z 17 0 R";
    let widget = |name: &str, left: u32| {
        let right = left + 200;
        format!("<</Type/Annot/Subtype/Widget/FT/Sig/T({name})/F 132/P 3 0 R/Rect[{left} 100 {right} 180]>>")
    };
    Signed::of(&classic(&[
        "<</Type/Catalog/Pages 2 0 R/AcroForm 6 0 R>>".to_owned(),
        "<</Type/Pages/Count 1/Kids[3 0 R]>>".to_owned(),
        format!("<<{PAGE}/Annots[7 0 R 8 0 R 9 0 R]>>"),
        stream("", ""),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>".to_owned(),
        format!("<<{}/Fields[7 0 R 8 0 R 9 0 R]>>", FORM.replace("/F1 5 0 R", fonts)),
        widget("A", 60),
        widget("B", 300),
        format!("<<{TEXT}/V(Ng)/AP<</N 18 0 R>>>>"),
        stream("", ""),
        "null".to_owned(),
        composite(13),
        stream("", MAP),
        composite(4),
        composite(13),
        "<</Type/Font/Subtype/TrueType/BaseFont/ABCDEF+X/FontDescriptor<</FontFile2 4 0 R>>\
         /Encoding<</Differences[49/nine 65/uni1EC5/g7]>>>>"
            .to_owned(),
        "<</Type/Font/Subtype/Type1/BaseFont/ZapfDingbats>>".to_owned(),
        stream(
            "/Type/XObject/Subtype/Form/BBox[0 0 100 20]/Resources<</Font<</C 19 0 R>>>>",
            "BT /C 9 Tf 2 5 Td <00010002> Tj ET",
        ),
        composite(20),
        stream("", MAP),
    ]))
}

struct Filled<'s> {
    signed: &'s Signed,
    value: &'s str,
    /// Resource and object of the font.
    font: (&'s str, u32),
    more: Vec<(u32, String)>,
}

impl Filled<'_> {
    /// What is said when the field gets this drawing: `None` where it is permitted.
    fn draws(&self, content: &str) -> Option<String> {
        let (name, id) = self.font;
        let field = format!("<<{TEXT}/V {}/AP<</N 60 0 R>>>>", self.value);
        let resources = format!("/Type/XObject/Subtype/Form/BBox[0 0 100 20]/Resources<</Font<</{name} {id} 0 R>>>>");
        let drawing = stream(&resources, content);
        let mut objects = vec![(9, field.as_str()), (60, drawing.as_str())];
        objects.extend(self.more.iter().map(|(number, text)| (*number, text.as_str())));
        let report = self.signed.report(&append(&self.signed.file, &objects));
        let first = report.signatures.iter().find(|one| one.field == "A").expect("the first signature");
        let said = |code: &str| first.reasons.iter().find(|reason| reason.code == code).cloned();
        if first.changes_after == Changes::Permitted {
            return None;
        }
        assert_eq!(first.changes_after, Changes::NotPermitted);
        assert_eq!(first.indication, Indication::TotalFailed, "fails closed");
        let unread = said("later-change-drawing-unread");
        let reason = unread.or_else(|| said("later-change-not-allowed")).expect("a reason");
        assert!(reason.text.vi.contains("ký") && reason.params["field"] == "A", "{reason:?}");
        Some(reason.params["rule"].clone())
    }

    fn shows(&self, codes: &str) -> Option<String> {
        self.draws(&format!("/Tx BMC q BT /{} 9 Tf 2 5 Td {codes} Tj ET Q EMC", self.font.0))
    }
}

fn filled<'s>(signed: &'s Signed, value: &'s str, font: (&'s str, u32)) -> Filled<'s> {
    Filled { signed, value, font, more: Vec::new() }
}

const UNREADABLE: &str = "drawing-unreadable";
const DIFFER: &str = "value-and-appearance-differ";

#[test]
fn c11_vietnamese_text_in_a_font_that_was_there_is_read() {
    let signed = signed();
    let old = filled(&signed, VALUE, ("C", 12));
    assert_eq!(old.shows(CODES), None);
    assert_eq!(old.shows("<0001000200030004000500060008>").as_deref(), Some(DIFFER), "another text");
    assert_eq!(old.shows("<00AA>").as_deref(), Some(UNREADABLE), "a glyph without letters");
    assert_eq!(filled(&signed, "(Ng)", ("C", 12)).shows("<00010002>"), None);
    assert_eq!(filled(&signed, "(Ng)", ("N", 14)).shows("<00010002>").as_deref(), Some(UNREADABLE), "no map");
}

/// Shadow replace with a font of one's own: the map says what the value says, the glyphs something else.
#[test]
fn c11_a_new_font_is_not_believed() {
    let signed = signed();
    let other = "<0009000A000B000C000D000E000F00100011>";
    let mut new = filled(&signed, VALUE, ("C", 70));
    new.more = vec![(70, composite(71)), (71, stream("", LIE))];
    assert_eq!(new.shows(other).as_deref(), Some(UNREADABLE), "a new font with a map");
    new.more = vec![(70, composite(13))];
    assert_eq!(new.shows(CODES).as_deref(), Some(UNREADABLE), "a new font with an old map");
    let unused = filled(&signed, VALUE, ("C", 15));
    assert_eq!(unused.shows(CODES).as_deref(), Some(UNREADABLE), "one that lay ready, and that nothing reached");
    let mut renamed = filled(&signed, VALUE, ("C", 12));
    renamed.more = vec![(13, stream("", LIE))];
    assert!(renamed.shows(other).is_some(), "the map of an old font is written anew");
    // One that only the field's own drawing used: that may be overwritten, and is believed no more.
    let own = filled(&signed, "(Ng)", ("C", 19));
    assert_eq!(own.shows("<00010002>"), None);
    let mut own = filled(&signed, VALUE, ("C", 19));
    own.more = vec![(20, stream("", LIE))];
    assert_eq!(own.shows(other).as_deref(), Some(UNREADABLE), "its map is written anew");
    // Of one byte: embedded with shuffled glyphs, by differences, or of a name that promises pictures.
    let one_byte = |font: &str| {
        let mut new = filled(&signed, "(1000)", ("N", 70));
        new.more = vec![(70, font.to_owned())];
        new.shows("(1000)")
    };
    let descriptor = "/FontDescriptor<</FontFile2 4 0 R>>/Encoding/WinAnsiEncoding";
    assert_eq!(one_byte("<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"), None);
    assert_eq!(
        one_byte(&format!("<</Type/Font/Subtype/TrueType/BaseFont/Arial{descriptor}>>")).as_deref(),
        Some(UNREADABLE)
    );
    assert_eq!(one_byte("<</Type/Font/Subtype/Type1/BaseFont/Wingdings>>").as_deref(), Some(UNREADABLE));
    // Widths of some letters, of none, and narrower than any.
    let widths = |last: u32, widths: &str| {
        format!("<</Type/Font/Subtype/TrueType/BaseFont/Arial/FirstChar 48/LastChar {last}/Widths[{widths}]>>")
    };
    assert_eq!(one_byte(&widths(50, "556 556 0")), None, "a width that is not used");
    for odd in [(49, "556"), (48, "556"), (48, "556 556"), (49, "null 556"), (49, "160 556"), (49, "0 556")] {
        assert_eq!(one_byte(&widths(odd.0, odd.1)).as_deref(), Some(UNREADABLE), "{odd:?}");
    }
    assert_eq!(one_byte("<</Type/Font/Subtype/Type3/CharProcs<<>>>>").as_deref(), Some(UNREADABLE));
    let differences = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding<</Differences[49/nine]>>>>";
    assert_eq!(one_byte(differences).as_deref(), Some(DIFFER), "1 is drawn as 9");
}

/// A font that an update brought, unused, is not an old one for the next update.
#[test]
fn c11_a_font_of_an_update_is_not_believed_by_the_next() {
    let signed = signed();
    let field = |drawing: u32| format!("<<{TEXT}/V(Ng)/AP<</N {drawing} 0 R>>>>");
    let drawing = |font: &str, codes: &str| {
        let fonts = "/Resources<</Font<</F1 5 0 R/N 70 0 R>>>>";
        let dict = format!("/Type/XObject/Subtype/Form/BBox[0 0 100 20]{fonts}");
        stream(&dict, &format!("BT /{font} 9 Tf 2 5 Td {codes} Tj ET"))
    };
    let (first, map) = (drawing("F1", "(Ng)"), stream("", LIE));
    let once = append(&signed.file, &[(9, &field(60)), (60, &first), (70, &composite(71)), (71, &map)]);
    assert_eq!(signed.changes(&once), Changes::Permitted, "nothing uses it");
    let next = drawing("N", "<0009000A>");
    assert_eq!(signed.changes(&append(&once, &[(9, &field(61)), (61, &next)])), Changes::NotPermitted);
}

#[test]
fn c11_encodings_of_one_byte_are_read() {
    let signed = signed();
    assert_eq!(filled(&signed, "(H\\351 & 'a')", ("F1", 5)).shows("(H\\351 & 'a')"), None, "Latin letters");
    assert_eq!(filled(&signed, "(9)", ("D", 16)).shows("(1)"), None, "by its differences");
    assert_eq!(filled(&signed, "<FEFF1EC5>", ("D", 16)).shows("(A)"), None, "by a number");
    assert_eq!(filled(&signed, "(1)", ("D", 16)).shows("(1)").as_deref(), Some(DIFFER));
    assert_eq!(
        filled(&signed, "(B)", ("D", 16)).shows("(B)").as_deref(),
        Some(UNREADABLE),
        "a name that means nothing"
    );
    assert_eq!(filled(&signed, "(4)", ("Z", 17)).shows("(4)").as_deref(), Some(UNREADABLE), "pictures");
}

/// The right letters in the wrong places, or not to be seen, are not what the value says.
#[test]
fn c11_text_runs_on_and_shows() {
    let signed = signed();
    let field = filled(&signed, "(1900)", ("F1", 5));
    for honest in [
        "0.9 g 0 0 100 20 re f 1 w 0 0 100 20 re S /Tx BMC q 1 1 98 18 re W n BT /F1 9 Tf 0 g 2 5 Td (1900) Tj ET Q EMC",
        "q BT /F1 9 Tf 5 5 Td (1) Tj 20 0 Td (9) Tj 20 0 Td (0) Tj 20 0 Td (0) Tj ET Q",
        "q BT /F1 9 Tf 1 0 0 1 2 15 Tm (19) Tj 0 -10 Td (00) Tj ET Q",
        "q BT /F1 9 Tf 12 TL 2 15 Td (19) Tj T* [(0)-20(0)] TJ ET Q",
        "BT /Absent 9 Tf 2 5 Td (1900) Tj ET",
        "/Tx BMC q 2 2 96 16 re W n q BT /F1 9 Tf 0 0 1 rg 0 Tc 0 Tw 100 Tz 0 Ts 0 Tr 1 0 0 1 4 6 Tm (19) Tj (00) Tj ET Q Q EMC",
        "q BT /F1 9 Tf 2 12 Td (19) Tj ET Q q BT /F1 9 Tf 2 2 Td [(0) 80 (0)] TJ ET Q",
        // Light letters on a dark ground, and a ground that is not below them.
        "0 0 .5 rg 0 0 100 20 re f BT /F1 9 Tf 1 g 2 5 Td (1900) Tj ET",
        "0 g 0 0 1 20 re f BT /F1 9 Tf 2 5 Td (1900) Tj ET",
        "BT /F1 9 Tf 2 Tr .3 w 0 g 0 G 2 5 Td (1900) Tj ET",
        "BT /F1 9 Tf 2 5 Td [(19) () -20 (00)] TJ ET",
        // A comb, a ground of four lines, and a bevel.
        "0 G .5 w 25 0 m 25 20 l S 50 0 m 50 20 l S BT /F1 9 Tf 5 5 Td (19) Tj 25 0 Td (0) Tj 25 0 Td (0) Tj ET",
        "0 0 .5 rg 0 0 m 0 20 l 100 20 l 100 0 l h f BT /F1 9 Tf 1 g 2 5 Td (1900) Tj ET",
        "1 g 1 1 m 1 19 l 99 19 l 98 18 l 2 18 l 2 2 l f 0 g BT /F1 9 Tf 2 5 Td (1900) Tj ET",
        "/Span<</Lang(vi)>>BDC q 2 0 0 2 0 0 cm BT /F1 4.5 Tf 1 2.5 Td (1900) Tj ET Q EMC",
    ] {
        assert_eq!(field.draws(honest), None, "{honest}");
    }
    for dishonest in [
        "BT /F1 9 Tf 20 5 Td (1) Tj -10 0 Td (9) Tj 30 0 Td (00) Tj ET",
        "BT /F1 9 Tf 1 0 0 1 20 5 Tm (1) Tj 1 0 0 1 10 5 Tm (9) Tj 1 0 0 1 30 5 Tm (00) Tj ET",
        "BT /F1 9 Tf 2 5 Td [(1)2000(9)-2000(00)] TJ ET",
        "BT /F1 9 Tf 2 2 Td (19) Tj 0 10 Td (00) Tj ET",
        "BT /F1 9 Tf 2 5 Td 3 Tr (1900) Tj ET",
        "BT /F1 9 Tf -1 0 0 1 50 5 Tm (1900) Tj ET",
        "BT /F1 -9 Tf 50 5 Td (1900) Tj ET",
        "q 1 0 0 1 40 0 cm BT /F1 9 Tf 2 5 Td (1) Tj ET Q BT /F1 9 Tf 2 5 Td (900) Tj ET",
        "BT /F1 9 Tf 2 5 Td (1900) Tj ET 1 g 0 0 100 20 re f 0 g 10 2 m 10 15 l S",
        "BT /F1 9 Tf 2 5 Td (1900) Tj ET 0 0 m 9 9 9 9 0 9 c S",
        "BT /F1 9 Tf 2 5 Td (1900) Tj ET /X Do",
        "BT /F1 9 Tf 2 5 Td (1900) Tj ET BI /W 1/H 1/BPC 8/CS/G ID x\nEI",
        "BT /Z 9 Tf 2 5 Td (1900) Tj ET",
        "BT 2 5 Td (1900) Tj ET",
        "BT /F1 9 Tf 2 5 Td (1900) Tj (",
        // Not to be seen: above the field, cut off, a line of dots, pressed together.
        "BT /F1 9 Tf 2 5 Td 500 Ts (1) Tj 0 Ts (900) Tj ET",
        "q 1 1 11.7 18 re W n BT /F1 9 Tf 2 5 Td (1900) Tj ET Q",
        "q 2 0 0 1 0 0 cm 1 1 10 18 re W n BT /F1 9 Tf 2 5 Td (1900) Tj ET Q",
        // As light as paper, or in a colour of which nothing is known; pushed aside by spaces.
        "BT /F1 9 Tf 1 g 2 5 Td (1900) Tj ET",
        "q 1 1 1 rg BT /F1 9 Tf 2 5 Td (1) Tj 0 g (900) Tj ET Q",
        "BT /F1 9 Tf 0 0 0 0 k 2 5 Td (1900) Tj ET",
        "BT /F1 9 Tf 1 Tr 1 G 2 5 Td (1900) Tj ET",
        "/DeviceRGB cs 1 1 1 sc BT /F1 9 Tf 2 5 Td (1900) Tj ET",
        "/Cs1 cs 0 sc BT /F1 9 Tf 2 5 Td (1900) Tj ET",
        "BT /F1 4 Tf 2 5 Td (1                  900) Tj ET",
        "BT /F1 4 Tf 2 5 Td (1         ) Tj (         900) Tj ET",
        "q 0 0 1 1 re W n BT /F1 9 Tf 2 5 Td (1) Tj ET Q BT /F1 9 Tf 10 5 Td (900) Tj ET",
        "q 0 0 100 6 re W n BT /F1 9 Tf 2 5 Td (1900) Tj ET Q",
        "q 0 0 9 0 m 9 9 l 0 9 l h W n BT /F1 9 Tf 2 5 Td (1900) Tj ET Q",
        "BT /F1 0.1 Tf 2 5 Td (1) Tj /F1 9 Tf (900) Tj ET",
        "BT /F1 9 Tf .01 0 0 .01 2 5 Tm (1) Tj 1 0 0 1 2 5 Tm (900) Tj ET",
        "BT /F1 9 Tf 5 Tz 2 5 Td (1) Tj 100 Tz (900) Tj ET",
        "BT /F1 9 Tf 200 5 Td (1) Tj -198 -6 Td (900) Tj ET",
        "BT /F1 9 Tf -30 5 Td (1) Tj 32 0 Td (900) Tj ET",
        // In another order than it is read: over itself, set back in steps or by every letter, on nearly the same line.
        "BT /F1 9 Tf 2 5 Td (1      0) Tj 12 0 Td (9) Tj 30 0 Td (0) Tj ET",
        "BT /F1 9 Tf 50 5 Td [(1) 400 400 (900)] TJ ET",
        "BT /F1 9 Tf 60 5 Td -20 Tc (1900) Tj ET",
        "BT /F1 9 Tf 60 5 Td 0 -20 (1900) \" ET",
        "BT /F1 9 Tf 50 5 Td (00) Tj -45 -.5 Td (19) Tj ET",
        // Set back by an empty string, and by every letter; written in a size that nobody reads.
        "BT /F1 9 Tf 50 5 Td [(1) 400 () 400 () 400 (900)] TJ ET",
        "BT /F1 9 Tf 50 5 Td [(1) 400 (900)] TJ ET",
        "BT /F1 9 Tf 50 5 Td [400 (1900)] TJ ET",
        "BT /F1 9 Tf 50 5 Td -.9 Tc [(1) 200 (9) 200 (0) 200 (0)] TJ ET",
        "BT /F1 9 Tf 2 5 Td (1) Tj /F1 2 Tf (900) Tj ET",
        "BT /F1 9 Tf 2 5 Td (19) Tj 40 Tz (00) Tj 250 Tz 8 0 Td (0) Tj ET",
        // As dark as its ground, or a part of it; lines that hide it, or that are all there is of it.
        "0 g 0 0 100 20 re f BT /F1 9 Tf 0 g 2 5 Td (1900) Tj ET",
        "0 g 0 0 10 20 re f BT /F1 9 Tf 0 g 2 5 Td (1900) Tj ET",
        "0 0 .5 rg 0 0 10 20 re f BT /F1 9 Tf 1 g 2 5 Td (1900) Tj ET",
        "0 G 40 w 0 10 m 100 10 l S BT /F1 9 Tf 0 g 2 5 Td (1900) Tj ET",
        "/Cs1 cs 0 sc 0 0 100 20 re f BT /F1 9 Tf 0 g 2 5 Td (1900) Tj ET",
        "BT /F1 9 Tf 1 1 .74 rg 2 5 Td (1900) Tj ET",
        "BT /F1 9 Tf 0 0 .26 0 k 2 5 Td (1900) Tj ET",
        "BT /F1 9 Tf 2 Tr 3 w 1 G 2 5 Td (1900) Tj ET",
        "BT /F1 9 Tf 2 Tr 1 g 0 G 2 5 Td (1900) Tj ET",
        "BT /F1 9 Tf 1 Tr 0 G [.01 10000] 5 d 2 5 Td (1900) Tj ET",
        // Pushed out at the right.
        "BT /F1 9 Tf 2 5 Td (1) Tj 97 0 Td (900) Tj ET",
        "BT /F1 9 Tf 25 Tc 2 5 Td (1900) Tj ET",
        "BT /F1 9 Tf 12 5 Td [(1)-2900(9)-2900(0)-2900(0)] TJ ET",
        // Letters of lines or boxes, struck out, in a corner.
        "0 G 10 2 m 10 15 l S BT /F1 9 Tf 2 5 Td (1900) Tj ET",
        "0 G 0 0 m 100 20 l S BT /F1 9 Tf 2 5 Td (1900) Tj ET",
        "0 G 0 9 m 100 9 l S BT /F1 9 Tf 2 5 Td (1900) Tj ET",
        "0 g 20 4 30 10 re f BT /F1 9 Tf 2 5 Td (1900) Tj ET",
        "20 4 30 10 re S BT /F1 9 Tf 2 5 Td (1900) Tj ET",
        "0 g 20 9 m 30 12 l 40 9 l f BT /F1 9 Tf 2 5 Td (1900) Tj ET",
        "BT /F1 3 Tf 0 g 2 5 Td (1900) Tj ET",
        "BT /F1 9 Tf .75 g 2 5 Td (1900) Tj ET",
        // What stands there and belongs nowhere takes a string along.
        "BT /F1 9 Tf 2 5 Td (19) Tj (00) } Tj ET",
        "BT /F1 9 Tf 2 5 Td (19) Tj (00) ) Tj ET",
        "BT /F1 9 Tf 2 5 Td (19) Tj (00) > Tj ET",
        // On a box that is thought to lie there, behind letters narrower than they may be.
        "0 g 30 0 70 20 re f BT /F1 9 Tf 2 5 Td (19) Tj 1 g (00) Tj ET",
        // May be hidden; drawn by some viewers only.
        "/OC/X BDC BT /F1 9 Tf 2 5 Td (1900) Tj ET EMC",
        "BT /F1 9 Tf 2 5 Td (1) Tj /Absent 9 Tf (900) Tj ET",
        // What one viewer shows and the other does not: operands that do not belong there, and text in states that do not nest.
        "BT /F1 9 Tf 2 5 Td [(1900)<</A(0)>>] TJ ET",
        "BT /F1 9 Tf 2 5 Td (1) /x Tj (900) Tj ET",
        "BT /F1 9 Tf 2 5 Td (1) (900) Tj ET",
        "BT /F1 9 Tf 2 5 Td q (1900) Tj Q ET",
        "BT /F1 9 Tf BT 2 5 Td (1900) Tj ET ET",
        "/F1 9 Tf 2 5 Td (1900) Tj",
        "BT /F1 9 Tf 2 5 Td (1900) Tj",
        "BT /F1 9 Tf 2 5 Td (1900) Tj ET 0 0 m 50 9 l S",
        "Q BT /F1 9 Tf 2 5 Td (1900) Tj ET",
        "BT /F1 9 Tf 2 5 Td .5 Tr (1900) Tj ET",
        "BT /F1 9 Tf 2 5 Td (1900) Tj ET BX EX",
    ] {
        assert_eq!(field.draws(dishonest).as_deref(), Some(UNREADABLE), "{dishonest}");
    }
    assert_eq!(field.draws("BT /F1 9 Tf 2 5 Td (9100) Tj ET").as_deref(), Some(DIFFER));
    for honest in [
        "q /DeviceGray cs 1 sc 0 sc BT /F1 9 Tf 2 5 Td (1900) Tj ET Q",
        "q 1 g 0 0 100 20 re f Q BT /F1 9 Tf 2 5 Td (1900) Tj ET",
    ] {
        assert_eq!(field.draws(honest), None, "{honest}");
    }
}

/// White space tells numbers and words apart: it comes and goes between strings only.
#[test]
fn c11_white_space_is_part_of_a_value() {
    let signed = signed();
    let field = filled(&signed, "(12 34)", ("F1", 5));
    for honest in ["(12 34) Tj", "[(12)-300(34)] TJ", "(12 ) Tj (34) Tj", "(12) Tj 0 -10 Td (34) Tj"] {
        assert_eq!(field.draws(&format!("BT /F1 9 Tf 2 12 Td {honest} ET")), None, "{honest}");
    }
    assert_eq!(field.draws("BT /F1 9 Tf 90 Tw 2 12 Td (12 34) Tj ET").as_deref(), Some(UNREADABLE), "pushed out");
    for other in ["(123 4) Tj", "(1234) Tj", "(12  34) Tj", "(12) Tj (34) Tj", "[(12)-40(34)] TJ"] {
        let said = field.draws(&format!("BT /F1 9 Tf 2 12 Td {other} ET"));
        assert_eq!(said.as_deref(), Some(DIFFER), "{other}");
    }
}

/// Where viewers are told to draw all fields anew, a field that was signed with another drawing than its value would show that value; so
/// would one whose rich text changes.
#[test]
fn c11_what_viewers_draw_anew_is_what_was_shown() {
    let text = |words: &str| {
        stream(
            "/Type/XObject/Subtype/Form/BBox[0 0 100 20]/Resources<</Font<</F1 5 0 R>>>>",
            &format!("BT /F1 9 Tf 2 6 Td ({words}) Tj ET"),
        )
    };
    let field = |more: &str| format!("<<{TEXT}{more}/AP<</N 9 0 R>>>>");
    let with = |more: &str| {
        let more = [field(more), text("100")];
        let made = crate::readers::Made { fields: "8 0 R", annotations: "8 0 R", more: &more, ..crate::readers::PLAIN };
        (made.signed(), made.form("/NeedAppearances true"), made.form("/NeedAppearances false"))
    };
    let (same, anew, not) = with("/V(100)");
    assert_eq!(same.after(&[(6, &anew)]), Changes::Permitted);
    assert_eq!(same.after(&[(6, &not)]), Changes::Permitted);
    for other in ["/V(1000000)", "", "/V(100)/RV(<p>1000000</p>)", "/V(100)/AA<<>>"] {
        let (signed, anew, not) = with(other);
        assert_eq!(signed.after(&[(6, &anew)]), Changes::NotPermitted, "{other}");
        assert_eq!(signed.after(&[(6, &not)]), Changes::Permitted, "{other}: nothing is drawn anew");
    }
    let (rich, ..) = with("/V(100)/Ff 33554432");
    let set = |more: &str| rich.after(&[(8, &field(&format!("/V(100)/Ff 33554432{more}")))]);
    assert_eq!(set("/RV(<body><p style=\"color:#000000\">1&#48;0</p></body>)"), Changes::Permitted);
    for other in ["/RV(<p>999999</p>)", "/RV(<p 100)", "/RV(<p>100<!-- x --></p>)", "/RV(<p>&unknown;100</p>)"] {
        assert_eq!(set(other), Changes::NotPermitted, "{other}");
    }
}

/// `q` keeps the font: what stands behind `Q` is drawn in the one before, whatever was set between them.
#[test]
fn c11_a_font_ends_with_its_state() {
    let signed = signed();
    let mut field = filled(&signed, "(9000)", ("F1", 5));
    field.more =
        vec![(70, "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding<</Differences[49/nine]>>>>".to_owned())];
    let with = |content: &str| {
        let dict = "/Type/XObject/Subtype/Form/BBox[0 0 100 20]/Resources<</Font<</A 5 0 R/B 70 0 R>>>>";
        let mut objects = vec![(9, format!("<<{TEXT}/V(9000)/AP<</N 60 0 R>>>>")), (60, stream(dict, content))];
        objects.extend(field.more.iter().cloned());
        let objects: Vec<(u32, &str)> = objects.iter().map(|(id, text)| (*id, text.as_str())).collect();
        signed.after(&objects)
    };
    assert_eq!(with("BT /B 9 Tf 2 5 Td (1000) Tj ET"), Changes::Permitted, "drawn as 9000");
    assert_eq!(with("/A 9 Tf q /B 9 Tf Q BT 2 5 Td (1000) Tj ET"), Changes::NotPermitted, "drawn as 1000");
}

/// Widths that put letters over each other, and encodings whose letters are others.
#[test]
fn c11_a_new_font_has_usual_widths_and_a_known_encoding() {
    let signed = signed();
    let with = |more: &str| {
        let mut field = filled(&signed, "(12)", ("N", 70));
        field.more = vec![(70, format!("<</Type/Font/Subtype/Type1/BaseFont/Helvetica{more}>>"))];
        field.shows("(12)")
    };
    assert_eq!(with("/Encoding/WinAnsiEncoding/FirstChar 49/LastChar 50/Widths[556 556]"), None);
    assert_eq!(with("/Encoding/MacRomanEncoding"), None);
    for odd in [
        "/Encoding/WinAnsiEncoding/FirstChar 49/LastChar 50/Widths[-2000 -2000]",
        "/Encoding/WinAnsiEncoding/FirstChar 49/LastChar 50/Widths[0 0]",
        "/Encoding/MacExpertEncoding",
        "/Encoding<</BaseEncoding/MacExpertEncoding>>",
        "/Encoding/Ours",
    ] {
        assert_eq!(with(odd).as_deref(), Some(UNREADABLE), "{odd}");
    }
}

/// The viewer scales what it draws to the field, and turns it: a drawing of another size is a line of dots.
#[test]
fn c11_a_drawing_has_the_size_of_its_field() {
    let signed = signed();
    let with = |dict: &str| {
        let field = format!("<<{TEXT}/V(1900)/AP<</N 60 0 R>>>>");
        let dict = format!("/Type/XObject/Subtype/Form/Resources<</Font<</F1 5 0 R>>>>{dict}");
        signed.after(&[(9, &field), (60, &stream(&dict, "BT /F1 9 Tf 2 5 Td (1900) Tj ET"))])
    };
    for fine in
        ["/BBox[0 0 100 20]", "/BBox[0 0 100 20]/Matrix[1 0 0 1 0 0]", "/BBox[0 0 20 100]/Matrix[0 1 -1 0 100 0]"]
    {
        assert_eq!(with(fine), Changes::Permitted, "{fine}");
    }
    for odd in [
        "",
        "/BBox[0 0 9000 20]",
        "/BBox[0 0 100 2000]",
        "/BBox[0 0 100 20]/Matrix[-1 0 0 1 0 0]",
        "/BBox[0 0 100 20]/Matrix[-1 0 0 -1 100 20]",
        "/BBox[0 0 100 20]/Matrix[1 null 0 0 1 0 0]",
        "/BBox[0 0 100 20]/Matrix[1 0 1 1 0 0]",
    ] {
        assert_eq!(with(odd), Changes::NotPermitted, "{odd}");
    }
}

/// Without a drawing the viewer makes one, and begins it with the default appearance.
#[test]
fn c11_a_default_appearance_only_chooses_the_type() {
    let signed = signed();
    let with = |default: &str| signed.after(&[(9, &format!("<<{TEXT}/V(0)/DA({default})>>"))]);
    for plain in ["/F1 9 Tf 0 g", "0 0 1 rg /F1 0 Tf", "/F1 12 Tf"] {
        assert_eq!(with(plain), Changes::Permitted, "{plain}");
    }
    for drawing in [
        "/F1 9 Tf ET BT 1 0 0 1 50 5 Tm \\(9999\\) Tj ET BT /F1 1 Tf",
        "/F1 0.1 Tf",
        "/F1 9 Tf 0 0 100 20 re f",
        "/F1 9 Tf 3 Tr",
        "9 Tf",
        "/F1 9 Tf 0",
        "/F1 9 Tf \\(",
    ] {
        assert_eq!(with(drawing), Changes::NotPermitted, "{drawing}");
    }
    let form = |default: &str| {
        let fonts = "/F1 5 0 R/C 12 0 R/N 14 0 R/D 16 0 R/Z 17 0 R";
        let entries = FORM.replace("/F1 5 0 R", fonts).replace("/DA(/F1 9 Tf)", default);
        format!("<<{entries}/Fields[7 0 R 8 0 R 9 0 R]>>")
    };
    for default in ["/DA(/F1 9 Tf (9) Tj)", "/DA(/F1 12 Tf 0 g)", "/DA(1 g)"] {
        assert_eq!(signed.after(&[(6, &form(default))]), Changes::NotPermitted, "that of the whole form: {default}");
    }
}

/// A field that nobody touches may name a font that the form lacks: who brings it later writes the field anew.
#[test]
fn c11_fonts_that_come_into_the_form_are_usual_ones() {
    let signed = signed();
    let named = |name: &str, font: &str| {
        let fonts = format!("/F1 5 0 R/C 12 0 R/N 14 0 R/D 16 0 R/Z 17 0 R{font}");
        let form = format!("<<{}/Fields[7 0 R 8 0 R 9 0 R]>>", FORM.replace("/F1 5 0 R", &fonts));
        let field = format!("<<{TEXT}/V(0)/DA(/{name} 9 Tf)>>");
        signed.after(&[(6, &form), (9, &field)])
    };
    let with = |font: &str| named("Helv", font);
    let shown = format!("/Own<<{}/ToUnicode 13 0 R>>", "/Type/Font/Subtype/Type1/BaseFont/Helvetica");
    assert_eq!(named("Helv", &shown), Changes::Permitted, "for the drawing of a signature");
    assert_eq!(named("Own", &shown), Changes::NotPermitted);
    let helvetica = "/Type/Font/Subtype/Type1/BaseFont/Helvetica";
    for usual in [
        format!("/Helv<<{helvetica}/Encoding/WinAnsiEncoding>>"),
        format!("/Helv<<{helvetica}/Encoding<</Type/Encoding/Differences[24/breve 128/bullet]>>>>"),
        "/ZaDb<</Type/Font/Subtype/Type1/BaseFont/ZapfDingbats>>".to_owned(),
    ] {
        assert_eq!(with(&usual), Changes::Permitted, "{usual}");
    }
    for odd in [
        format!("/Helv<<{helvetica}/Encoding<</Differences[49/nine]>>>>"),
        format!("/Helv<<{helvetica}/ToUnicode 13 0 R>>"),
        format!("/Helv<<{helvetica}/FirstChar 49/LastChar 49/Widths[0]>>"),
        "/Helv<</Type/Font/Subtype/Type1/BaseFont/ZapfDingbats>>".to_owned(),
        "/Helv<</Type/Font/Subtype/Type3/CharProcs<<>>>>".to_owned(),
        "/Helv 15 0 R".to_owned(),
    ] {
        assert_eq!(with(&odd), Changes::NotPermitted, "{odd}");
    }
}

#[test]
fn c11_a_drawing_that_cannot_be_unpacked_shows_nothing_known() {
    let signed = signed();
    let refused = |drawing: &str| {
        let field = format!("<<{TEXT}/V(1900)/AP<</N 60 0 R>>>>");
        signed.refuses(drawing, &[(9, &field), (60, drawing)]);
    };
    let dict = "/Type/XObject/Subtype/Form/BBox[0 0 100 20]/Resources<</Font<</F1 5 0 R>>>>";
    refused(&stream(&format!("{dict}/Filter/FlateDecode"), "xyz"));
    refused(&stream("/Type/XObject/Subtype/Form/BBox[0 0 100 20]", "BT /F1 9 Tf 2 5 Td (1900) Tj ET"));
    let field = format!("<<{TEXT}/V(1900)/AP<</N 60 0 R>>>>");
    signed.allows("the same, unpacked", &[(9, &field), (60, &stream(dict, "BT /F1 9 Tf 2 5 Td (1900) Tj ET"))]);
}
