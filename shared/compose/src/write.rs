//! Writes the base document: pages, fields, catalog, metadata; one revision, one classic cross-reference section (stack.md B1).
//!
//! Knows no clock and no chance: dates and the identifier come in.

use std::collections::{BTreeMap, HashMap};
use std::io::Write as _;

use lopdf::{Dictionary, Document, Object, ObjectId, Stream, StringFormat};
use sha2::{Digest, Sha256};

use crate::base::Sheet;
use crate::copy::reals;
use crate::moment::Moment;
use crate::text::Cut;
use crate::{Rect, Unusable};

/// The two signature fields and their page, counted from 1.
pub(crate) struct Fields {
    pub(crate) page: u32,
    pub(crate) leader: Rect,
    pub(crate) seal: Rect,
}

/// Everything that is still missing when the scans are in the target.
pub(crate) struct Finish<'a> {
    pub(crate) sheets: &'a [Sheet],
    /// Page, form and lower left corner of the wording.
    pub(crate) wording: (u32, ObjectId, (f32, f32)),
    /// Form and size of the sandbox mark.
    pub(crate) mark: Option<(ObjectId, (f32, f32))>,
    pub(crate) fields: &'a Fields,
    /// For the wording, and for the signatures to come.
    pub(crate) typefaces: &'a [ObjectId; 3],
    pub(crate) title: &'a str,
    pub(crate) unit: &'a str,
    pub(crate) leader: &'a str,
    pub(crate) place: Option<&'a str>,
    pub(crate) created: &'a Moment,
    /// Whether it says that it is PDF/A-2b.
    pub(crate) archival: bool,
    pub(crate) document_id: [u8; 16],
}

/// Distance of the sandbox mark's far edge from the left edge of a page, points.
const MARK_EDGE: f32 = 15.5;
/// Print, and locked against moving in a viewer (ISO 32000-1, 12.5.3).
const WIDGET_FLAGS: i64 = 4 | 128;

pub(crate) fn name(text: &str) -> Object {
    Object::Name(text.as_bytes().to_vec())
}

/// A text string in UTF-16BE with its mark (ISO 32000-1, 7.9.2.2).
pub(crate) fn text(value: &str) -> Object {
    let mut bytes = vec![0xFE, 0xFF];
    bytes.extend(value.encode_utf16().flat_map(u16::to_be_bytes));
    Object::String(bytes, StringFormat::Hexadecimal)
}

pub(crate) fn dict<const N: usize>(entries: [(&str, Object); N]) -> Dictionary {
    let mut out = Dictionary::new();
    entries.into_iter().for_each(|(key, value)| out.set(key, value));
    out
}

/// Deflates with the settings used everywhere here.
pub(crate) fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::new(7));
    // Writing to a vector cannot fail; were it to, the empty result would be seen by every reader of the file.
    encoder.write_all(bytes).and_then(|()| encoder.finish()).unwrap_or_default()
}

/// Adds what is missing and writes the file.
pub(crate) fn finish(mut target: Document, finish: &Finish<'_>) -> Result<Vec<u8>, Unusable> {
    let tree = target.new_object_id();
    let pages: Vec<ObjectId> = (0..finish.sheets.len()).map(|_| target.new_object_id()).collect();
    let field_page = index(finish.fields.page).and_then(|at| pages.get(at)).copied();
    let field_page = field_page.ok_or_else(|| Unusable::Compose("field page".into()))?;
    // Without an appearance until it is signed: were there one, EU DSS would call the seal's an undefined change behind the leader's signature.
    // So PDF/A (ISO 19005-2, 6.3.3) begins with the seal, which is before anybody gets the file.
    let leader = widget("Leader", "Chữ ký số của người thực hiện chứng thực", finish.fields.leader, field_page);
    let widgets = [target.add_object(leader), seal_widget(&mut target, finish.fields.seal, field_page)];
    for (at, (sheet, id)) in finish.sheets.iter().zip(&pages).enumerate() {
        let mut page = page(&mut target, finish, sheet, at);
        page.set("Parent", tree);
        if *id == field_page {
            page.set("Annots", Object::Array(widgets.iter().map(|id| Object::Reference(*id)).collect()));
        }
        target.objects.insert(*id, Object::Dictionary(page));
    }
    target.objects.insert(tree, Object::Dictionary(self::tree(&pages)));
    catalog(&mut target, finish, tree, &widgets);
    merge_equal_streams(&mut target);
    save(target)
}

/// The node above all pages.
pub(crate) fn tree(pages: &[ObjectId]) -> Dictionary {
    let kids = pages.iter().map(|id| Object::Reference(*id)).collect();
    let count = i64::try_from(pages.len()).unwrap_or(0);
    dict([("Type", name("Pages")), ("Kids", Object::Array(kids)), ("Count", count.into())])
}

fn index(page: u32) -> Option<usize> {
    usize::try_from(page).ok()?.checked_sub(1)
}

fn page(target: &mut Document, finish: &Finish<'_>, sheet: &Sheet, at: usize) -> Dictionary {
    let mut content = String::new();
    let mut objects = Dictionary::new();
    let mut draw = |key: &str, id: ObjectId, matrix: [f32; 6]| {
        let [a, b, c, d, e, f] = matrix.map(short);
        content.push_str(&format!("q {a} {b} {c} {d} {e} {f} cm /{key} Do Q\n"));
        objects.set(key, id);
    };
    if let Some((body, matrix)) = sheet.body {
        draw("Scan", body, matrix);
    }
    let (page, form, corner) = finish.wording;
    if index(page) == Some(at) {
        draw("Wording", form, [1.0, 0.0, 0.0, 1.0, corner.0, corner.1]);
    }
    if let Some((mark, (length, _))) = finish.mark {
        let scale = ((sheet.size.1 - 8.0) / length).clamp(0.05, 1.0);
        let bottom = (sheet.size.1 - length * scale) / 2.0;
        draw("Mark", mark, [0.0, scale, -scale, 0.0, MARK_EDGE, bottom]);
    }
    let content = target.add_object(Stream::new(Dictionary::new(), content.into_bytes()).with_compression(false));
    dict([
        ("Type", name("Page")),
        ("MediaBox", reals(&[0.0, 0.0, rounded(sheet.size.0), rounded(sheet.size.1)])),
        ("Resources", Object::Dictionary(dict([("XObject", Object::Dictionary(objects))]))),
        ("Contents", content.into()),
    ])
}

fn rounded(value: f32) -> f32 {
    (value * 100.0).round() / 100.0
}

/// A number without an exponent and without a long tail.
pub(crate) fn short(value: f32) -> String {
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn widget(field: &str, tip: &str, rect: Rect, page: ObjectId) -> Dictionary {
    dict([
        ("Type", name("Annot")),
        ("Subtype", name("Widget")),
        ("FT", name("Sig")),
        ("T", Object::string_literal(field)),
        ("TU", text(tip)),
        ("F", WIDGET_FLAGS.into()),
        ("Rect", reals(&[rect.x, rect.y, rounded(rect.x + rect.w), rounded(rect.y + rect.h)])),
        ("P", page.into()),
    ])
}

/// The seal's field locks every field when it is signed (decision 8); /Lock is an indirect object (ISO 32000-1, table 232).
fn seal_widget(target: &mut Document, rect: Rect, page: ObjectId) -> ObjectId {
    let lock = target.add_object(dict([("Type", name("SigFieldLock")), ("Action", name("All"))]));
    let mut seal = widget("Seal", "Chữ ký số của cơ quan (con dấu), số chứng thực", rect, page);
    seal.set("Lock", lock);
    target.add_object(seal)
}

fn catalog(target: &mut Document, finish: &Finish<'_>, tree: ObjectId, widgets: &[ObjectId]) {
    let fields = widgets.iter().map(|id| Object::Reference(*id)).collect();
    let mut fonts = Dictionary::new();
    Cut::ALL.into_iter().for_each(|cut| fonts.set(cut.resource(), *cut.of(finish.typefaces)));
    let form = target.add_object(dict([
        ("Fields", Object::Array(fields)),
        ("SigFlags", 3_i64.into()),
        ("DR", Object::Dictionary(dict([("Font", Object::Dictionary(fonts))]))),
    ]));
    let stream_dict = dict([("Type", name("Metadata")), ("Subtype", name("XML"))]);
    let metadata = Stream::new(stream_dict, xmp(finish).into_bytes()).with_compression(false);
    let metadata = target.add_object(metadata);
    let mut catalog = dict([
        ("Type", name("Catalog")),
        ("Pages", tree.into()),
        ("AcroForm", form.into()),
        ("Metadata", metadata.into()),
        ("Lang", Object::string_literal("vi-VN")),
        ("ViewerPreferences", Object::Dictionary(dict([("DisplayDocTitle", true.into())]))),
    ]);
    if finish.archival {
        catalog.set("OutputIntents", Object::Array(vec![output_intent(target).into()]));
    }
    let catalog = target.add_object(catalog);
    let info = target.add_object(dict([
        ("Title", text(finish.title)),
        ("Producer", Object::string_literal("ctdt")),
        ("CreationDate", Object::string_literal(finish.created.pdf.as_str())),
    ]));
    let id = Object::String(finish.document_id.to_vec(), StringFormat::Hexadecimal);
    target.trailer =
        dict([("Root", catalog.into()), ("Info", info.into()), ("ID", Object::Array(vec![id.clone(), id]))]);
}

/// What colours of the device are meant: sRGB, with the profile in the file (ISO 19005-2, 6.2.3).
fn output_intent(target: &mut Document) -> ObjectId {
    let profile = dict([("N", 3_i64.into()), ("Filter", name("FlateDecode"))]);
    let profile = target.add_object(Stream::new(profile, deflate(&crate::srgb::profile())).with_compression(false));
    target.add_object(dict([
        ("Type", name("OutputIntent")),
        ("S", name("GTS_PDFA1")),
        ("OutputConditionIdentifier", Object::string_literal("sRGB IEC61966-2.1")),
        ("Info", Object::string_literal("sRGB IEC61966-2.1")),
        ("DestOutputProfile", profile.into()),
    ]))
}

/// The mark that this file was converted from paper, for machines (Law 20/2023/QH15, Art. 12).
fn xmp(finish: &Finish<'_>) -> String {
    let [title, unit, leader, when] = [finish.title, finish.unit, finish.leader, &finish.created.xmp].map(escaped);
    let place =
        finish.place.map_or_else(String::new, |place| format!("<dc:coverage>{}</dc:coverage>\n", escaped(place)));
    let claim =
        if finish.archival { "<pdfaid:part>2</pdfaid:part>\n<pdfaid:conformance>B</pdfaid:conformance>\n" } else { "" };
    let id: String = finish.document_id.iter().map(|byte| format!("{byte:02x}")).collect();
    format!(
        "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n\
<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\n\
<rdf:Description rdf:about=\"\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:pdf=\"http://ns.adobe.com/pdf/1.3/\" \
xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\" xmlns:xmpMM=\"http://ns.adobe.com/xap/1.0/mm/\" xmlns:pdfaid=\"http://www.aiim.org/pdfa/ns/id/\">\n\
<dc:format>application/pdf</dc:format>\n\
<dc:title><rdf:Alt><rdf:li xml:lang=\"x-default\">{title}</rdf:li></rdf:Alt></dc:title>\n\
<dc:language><rdf:Bag><rdf:li>vi-VN</rdf:li></rdf:Bag></dc:language>\n\
<dc:source>Bản chính dạng văn bản giấy (paper original)</dc:source>\n\
<dc:description><rdf:Alt><rdf:li xml:lang=\"x-default\">Chuyển đổi từ bản chính dạng văn bản giấy bởi {unit}; \
người thực hiện chứng thực: {leader}</rdf:li>\
<rdf:li xml:lang=\"en\">Digitised from paper by {unit}</rdf:li></rdf:Alt></dc:description>\n\
<dc:publisher><rdf:Bag><rdf:li>{unit}</rdf:li></rdf:Bag></dc:publisher>\n\
{claim}{place}<pdf:Producer>ctdt</pdf:Producer>\n<xmp:CreateDate>{when}</xmp:CreateDate>\n\
<xmpMM:DocumentID>urn:ctdt:{id}</xmpMM:DocumentID>\n\
</rdf:Description></rdf:RDF></x:xmpmeta>\n<?xpacket end=\"r\"?>\n"
    )
}

fn escaped(value: impl AsRef<str>) -> String {
    value.as_ref().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn has_reference(object: &Object) -> bool {
    match object {
        Object::Reference(_) => true,
        Object::Array(items) => items.iter().any(has_reference),
        Object::Dictionary(dict) => dict.iter().any(|(_, item)| has_reference(item)),
        Object::Stream(stream) => stream.dict.iter().any(|(_, item)| has_reference(item)),
        _ => false,
    }
}

/// Streams that refer to nothing and are equal byte for byte are written once.
fn merge_equal_streams(target: &mut Document) {
    let mut first: HashMap<[u8; 32], ObjectId> = HashMap::new();
    let mut replace: BTreeMap<ObjectId, ObjectId> = BTreeMap::new();
    for (id, object) in &target.objects {
        let Object::Stream(stream) = object else { continue };
        if stream.content.len() < 64 || has_reference(object) {
            continue;
        }
        let mut hash = Sha256::new();
        hash.update(format!("{:?}", stream.dict).as_bytes());
        hash.update(&stream.content);
        let same = *first.entry(hash.finalize().into()).or_insert(*id);
        if same != *id {
            replace.insert(*id, same);
        }
    }
    if replace.is_empty() {
        return;
    }
    replace.keys().for_each(|id| {
        target.objects.remove(id);
    });
    target.objects.values_mut().for_each(|object| redirect(object, &replace));
    target.trailer.iter_mut().for_each(|(_, object)| redirect(object, &replace));
}

fn redirect(object: &mut Object, replace: &BTreeMap<ObjectId, ObjectId>) {
    match object {
        Object::Reference(id) => *id = replace.get(id).copied().unwrap_or(*id),
        Object::Array(items) => items.iter_mut().for_each(|item| redirect(item, replace)),
        Object::Dictionary(dict) => dict.iter_mut().for_each(|(_, item)| redirect(item, replace)),
        Object::Stream(stream) => stream.dict.iter_mut().for_each(|(_, item)| redirect(item, replace)),
        _ => {}
    }
}

/// One subsection of the cross-reference table: numbering without gaps.
pub(crate) fn save(mut target: Document) -> Result<Vec<u8>, Unusable> {
    target.prune_objects();
    target.renumber_objects();
    target.reference_table.cross_reference_type = lopdf::xref::XrefType::CrossReferenceTable;
    if usize::try_from(target.max_id).ok() != Some(target.objects.len()) {
        return Err(Unusable::Compose("numbering".into()));
    }
    let mut out = Vec::new();
    target.save_to(&mut out).map_err(|error| Unusable::Compose(error.to_string()))?;
    // A revision ends with a line end inside its own bytes, so that an appended revision starts cleanly.
    out.push(b'\n');
    Ok(out)
}
