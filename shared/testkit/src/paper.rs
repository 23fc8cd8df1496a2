//! Small documents. Real scans and real pages are `compose`'s matter; here only their shape counts.

/// A classic file (ISO 32000-2 §7.5.4) of objects 1…n; object 1 is the catalog.
fn classic(objects: &[String]) -> Vec<u8> {
    let mut file = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    // Pictures first, as the composer writes them.
    let (large, small): (Vec<_>, Vec<_>) = objects.iter().enumerate().partition(|(_, object)| object.len() > 10_000);
    let mut places = vec![0; objects.len()];
    for (at, object) in large.into_iter().chain(small) {
        places[at] = file.len();
        file.extend(format!("{} 0 obj\n{object}\nendobj\n", at + 1).into_bytes());
    }
    for place in places {
        table.push_str(&format!("{place:010} 00000 n \n"));
    }
    let start = file.len();
    let size = objects.len() + 1;
    file.extend(format!("{table}trailer\n<</Size {size}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n").into_bytes());
    file
}

fn drawing(text: &str) -> String {
    let text = format!("BT /F1 14 Tf 60 760 Td ({text}) Tj ET");
    format!("<</Length {}>>\nstream\n{text}\nendstream", text.len())
}

const PAGES: &str = "<</Type/Pages/Count 1/Kids[3 0 R]>>";
const FONT: &str = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>";
const PAGE: &str = "/Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>";

/// The typefaces that signatures are drawn with: a sign is its own number, as the composer has it, and there are no letters.
const TYPEFACE: &str = "<</Type/Font/Subtype/Type0/BaseFont/X/Encoding/Identity-H/ToUnicode 10 0 R/DescendantFonts[<</Type/Font\
                        /Subtype/CIDFontType2/BaseFont/X/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>>>]>>";
const MAP: &str = "begincmap 1 begincodespacerange <0000> <FFFF> endcodespacerange 3 beginbfrange <0020> <007E> <0020> <00C0> <01B0> <00C0> <1EA0> <1EF9> <1EA0> endbfrange endcmap";

/// What a citizen brings: one page that says `text` (ASCII, no brackets).
pub fn scan(text: &str) -> Vec<u8> {
    classic(&[
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        PAGES.to_owned(),
        format!("<<{PAGE}>>"),
        drawing(text),
        FONT.to_owned(),
    ])
}

/// What a leader is shown: one page that says `text`, and the two empty signature fields; the seal's field locks all
/// (decision 8).
pub fn base(text: &str) -> Vec<u8> {
    classic(&signable(&format!("<<{PAGE}/Annots[7 0 R 8 0 R]>>"), drawing(text)))
}

/// The same, but the page is a picture of so many octets, as a scan is. They are no JPEG: who judges signatures decodes no picture.
pub fn pictured_base(octets: usize) -> Vec<u8> {
    let page = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Annots[7 0 R 8 0 R]\
                /Resources<</Font<</F1 5 0 R>>/XObject<</Im1 11 0 R>>>>>>";
    let content = "q 595 0 0 842 0 0 cm /Im1 Do Q BT /F1 14 Tf 60 760 Td (ban sao) Tj ET";
    let content = format!("<</Length {}>>\nstream\n{content}\nendstream", content.len());
    let data = "ban sao ".repeat(octets.div_ceil(8));
    let picture = format!(
        "<</Type/XObject/Subtype/Image/Width 2480/Height 3508/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/DCTDecode/Length {}>>\n\
         stream\n{data}\nendstream",
        data.len()
    );
    let mut objects = signable(page, content).to_vec();
    objects.push(picture);
    classic(&objects)
}

fn signable(page: &str, content: String) -> [String; 10] {
    [
        "<</Type/Catalog/Pages 2 0 R/AcroForm 6 0 R>>".to_owned(),
        PAGES.to_owned(),
        page.to_owned(),
        content,
        FONT.to_owned(),
        "<</Fields[7 0 R 8 0 R]/SigFlags 1/DR<</Font<</CTDT-Regular 9 0 R/CTDT-Bold 9 0 R/CTDT-Italic 9 0 R>>>>>>"
            .to_owned(),
        "<</Type/Annot/Subtype/Widget/FT/Sig/T(Leader)/F 132/P 3 0 R/Rect[60 100 280 200]>>".to_owned(),
        "<</Type/Annot/Subtype/Widget/FT/Sig/T(Seal)/F 132/P 3 0 R/Rect[300 100 560 240]\
         /Lock<</Type/SigFieldLock/Action/All>>>>"
            .to_owned(),
        TYPEFACE.to_owned(),
        format!("<</Length {}>>\nstream\n{MAP}\nendstream", MAP.len()),
    ]
}
