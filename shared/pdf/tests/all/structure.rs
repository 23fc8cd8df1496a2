//! Pages and fields: trees with what they hand down.

use pdf::{Error, ObjId, Rect};

use crate::files::{classic, open};

/// ISO 32000-2 §7.7.3: boxes, turns and resources come from above; corners in any order.
#[test]
fn pages_inherit() {
    let file = classic(&[
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Count 3/Kids[3 0 R 4 0 R]/MediaBox[300 200 0 0]/Rotate -90/Resources<<>>>>",
        "<</Type/Page/Parent 2 0 R>>",
        "<</Type/Pages/Parent 2 0 R/Kids[5 0 R 6 0 R 99 0 R]/Rotate 450/CropBox[1 2 3 4]>>",
        "<</Type/Page/Parent 4 0 R/MediaBox[0 0 10 10]/Resources<</Font<<>>>>>>",
        "<</Parent 4 0 R>>",
    ]);
    let document = open(&file);
    let pages = document.pages().expect("pages");
    let seen: Vec<_> =
        pages.iter().map(|page| (page.id.num, page.rotate, page.media_box.width(), page.resources_at)).collect();
    let at = |number: u32| Some(ObjId::new(number, 0));
    assert_eq!(seen, [(3, 270, 300.0, at(2)), (5, 90, 10.0, at(5)), (6, 90, 300.0, at(2))]);
    assert_eq!(pages[2].crop_box, Some(Rect { x0: 1.0, y0: 2.0, x1: 3.0, y1: 4.0 }));
}

/// A tree that is none is refused.
#[test]
fn page_trees_with_loops_are_refused() {
    for kids in ["2 0 R", "3 0 R 3 0 R"] {
        let file = classic(&[
            "<</Type/Catalog/Pages 2 0 R>>",
            &format!("<</Type/Pages/Kids[{kids}]>>"),
            "<</Type/Pages/Kids[]>>",
        ]);
        assert_eq!(open(&file).pages(), Err(Error::Structure("page node reached twice")), "{kids}");
    }
}

/// ISO 32000-2 §12.7.4: names are joined, types and values come from above, widgets are told from fields.
#[test]
fn fields_are_listed() {
    let file = classic(&[
        "<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[4 0 R 7 0 R 4 0 R]>>>>",
        "<</Type/Pages/Kids[3 0 R]>>",
        "<</Type/Page/Annots[6 0 R 7 0 R]>>",
        "<</T(a)/FT/Tx/V(x)/Kids[5 0 R]>>",
        "<</T(b)/Kids[6 0 R]>>",
        "<</Subtype/Widget/Rect[1 2 3 4]>>",
        "<</T(c)/FT/Sig/Subtype/Widget/Rect[5 6 7 8]/V 8 0 R/Lock<</Action/All>>>>",
        "<</Type/Sig/ByteRange[0 10 20 30]/Contents<00ff>>>",
    ]);
    let document = open(&file);
    let fields = document.fields().expect("fields");
    let seen: Vec<_> = fields
        .iter()
        .map(|field| (field.full_name.as_str(), field.field_type.as_deref(), field.widgets.len()))
        .collect();
    assert_eq!(seen, [("a.b", Some(&b"Tx"[..]), 1), ("c", Some(&b"Sig"[..]), 1)]);
    assert_eq!(fields[0].value.as_ref().and_then(pdf::Object::as_string), Some(&b"x"[..]));
    assert_eq!(fields[1].page, Some(ObjId::new(3, 0)));
    assert!(fields[1].lock.is_some());
    let signatures = document.signatures().expect("signatures");
    let [one] = signatures.as_slice() else { panic!("{signatures:?}") };
    assert_eq!(one.byte_range(), Some([0, 10, 20, 30]));
    let contents = document.signature_text(one).and_then(|text| text.contents).expect("a place");
    assert_eq!(&file[contents], b"<00ff>");
    let range = document.signature_text(one).and_then(|text| text.byte_range).expect("a place");
    assert_eq!(&file[range], b"[0 10 20 30]");
}
