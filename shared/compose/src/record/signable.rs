//! A record that can be signed: the finished pages, an attachment and an empty signature field, in one revision.

use lopdf::{Document, Object, ObjectId, Stream, StringFormat};
use sha2::{Digest, Sha256};

use crate::Unusable;
use crate::moment::Moment;
use crate::write::{deflate, dict, name, save, text};

/// Name of the field in which a record is signed: neither of the fields of a certified copy, so that no record is taken for one.
pub const REPORT_FIELD: &str = "Report";
/// What the attachment is called.
const ATTACHMENT: &str = "bao-cao.json";
/// Print, and locked against moving in a viewer (ISO 32000-1, 12.5.3).
const WIDGET_FLAGS: i64 = 4 | 128;

/// Adds attachment and field. The same arguments give the same bytes: the identifier is that of the attachment.
pub(super) fn finish(mut target: Document, attachment: &[u8], at: &Moment) -> Result<Vec<u8>, Unusable> {
    let broken = |error: lopdf::Error| Unusable::Compose(error.to_string());
    let first = target.get_pages().into_values().next().ok_or_else(|| Unusable::Compose("no page".into()))?;
    let file = attach(&mut target, attachment, at);
    let field = target.add_object(field(first));
    let form = target.add_object(dict([("Fields", Object::Array(vec![field.into()])), ("SigFlags", 3_i64.into())]));
    let names = Object::Array(vec![text(ATTACHMENT), file.into()]);
    let catalog = target.catalog_mut().map_err(broken)?;
    catalog.set("AcroForm", form);
    catalog.set("AF", Object::Array(vec![file.into()]));
    catalog.set("Names", dict([("EmbeddedFiles", Object::Dictionary(dict([("Names", names)])))]));
    let page = target.get_dictionary_mut(first).map_err(broken)?;
    page.set("Annots", Object::Array(vec![field.into()]));
    let identifier = Sha256::digest(attachment).get(..16).unwrap_or_default().to_vec();
    let identifier = Object::String(identifier, StringFormat::Hexadecimal);
    target.trailer.set("ID", Object::Array(vec![identifier.clone(), identifier]));
    save(target)
}

/// The report as an associated file (ISO 32000-2, 14.13): the data that the pages were made from.
fn attach(target: &mut Document, attachment: &[u8], at: &Moment) -> ObjectId {
    let size = i64::try_from(attachment.len()).unwrap_or(i64::MAX);
    let parameters = dict([
        ("Size", size.into()),
        ("CreationDate", Object::string_literal(at.pdf.as_str())),
        ("ModDate", Object::string_literal(at.pdf.as_str())),
    ]);
    let embedded = dict([
        ("Type", name("EmbeddedFile")),
        ("Subtype", name("application/json")),
        ("Filter", name("FlateDecode")),
        ("Params", Object::Dictionary(parameters)),
    ]);
    let embedded = target.add_object(Stream::new(embedded, deflate(attachment)).with_compression(false));
    target.add_object(dict([
        ("Type", name("Filespec")),
        ("F", Object::string_literal(ATTACHMENT)),
        ("UF", text(ATTACHMENT)),
        ("Desc", text("Báo cáo kiểm tra / verification report")),
        ("AFRelationship", name("Data")),
        ("EF", Object::Dictionary(dict([("F", embedded.into()), ("UF", embedded.into())]))),
    ]))
}

/// It is drawn nowhere: the pages say who signs.
fn field(page: ObjectId) -> lopdf::Dictionary {
    dict([
        ("Type", name("Annot")),
        ("Subtype", name("Widget")),
        ("FT", name("Sig")),
        ("T", Object::string_literal(REPORT_FIELD)),
        ("TU", text("Chữ ký số của dịch vụ kiểm tra")),
        ("F", WIDGET_FLAGS.into()),
        ("Rect", Object::Array(vec![0_i64.into(); 4])),
        ("P", page.into()),
    ])
}
