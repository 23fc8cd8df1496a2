//! What a scanned PDF may not have: signatures, scripts, launch actions, files inside, forms, hidden layers (R35, validation.md §2.4 E).
//!
//! Looks at every object of the file, reachable or not. Harmless leftovers (links, outlines, metadata) are not refused; they are simply
//! not copied.

use lopdf::{Dictionary, Document, Object};

use crate::Unusable;
use crate::pdf_in::MAX_DEPTH;

/// Action types that do more than move about in the document.
const ACTIONS: [&[u8]; 12] = [
    b"JavaScript",
    b"Launch",
    b"ImportData",
    b"SubmitForm",
    b"ResetForm",
    b"Rendition",
    b"Movie",
    b"Sound",
    b"GoToE",
    b"Hide",
    b"SetOCGState",
    b"RichMediaExecute",
];
/// Annotations that may be left behind: they show nothing of the paper.
const SILENT: [&[u8]; 2] = [b"Link", b"Popup"];

/// Refuses a document for the first reason found; a signature counts before everything else.
pub(crate) fn check(doc: &Document) -> Result<(), Unusable> {
    for object in doc.objects.values() {
        walk(object, &signed)?;
    }
    for object in doc.objects.values() {
        walk(object, &active)?;
    }
    let Ok(catalog) = doc.catalog() else { return Err(Unusable::PdfBroken("catalog".into())) };
    form(doc, catalog)?;
    layers(doc, catalog)?;
    if catalog.has(b"Collection") { Err(refuse("portfolio")) } else { Ok(()) }
}

fn refuse(what: &str) -> Unusable {
    Unusable::PdfActiveContent(what.to_owned())
}

type Judge = dyn Fn(&Dictionary) -> Result<(), Unusable>;

/// Shows every dictionary inside an object to the judge.
fn walk(object: &Object, judge: &Judge) -> Result<(), Unusable> {
    let mut todo = vec![(object, 0_usize)];
    while let Some((object, depth)) = todo.pop() {
        if depth > MAX_DEPTH {
            return Err(Unusable::PdfBroken("nesting".into()));
        }
        let dict = match object {
            Object::Array(items) => {
                todo.extend(items.iter().map(|item| (item, depth + 1)));
                continue;
            }
            Object::Dictionary(dict) => dict,
            Object::Stream(stream) => &stream.dict,
            _ => continue,
        };
        judge(dict)?;
        todo.extend(dict.iter().map(|(_, item)| (item, depth + 1)));
    }
    Ok(())
}

fn name<'a>(dict: &'a Dictionary, key: &[u8]) -> &'a [u8] {
    dict.get(key).and_then(Object::as_name).unwrap_or_default()
}

fn signed(dict: &Dictionary) -> Result<(), Unusable> {
    let kind = name(dict, b"Type");
    let signature = dict.has(b"ByteRange") && dict.has(b"Contents");
    let filled = name(dict, b"FT") == b"Sig" && dict.has(b"V");
    if signature || filled || kind == b"DocTimeStamp" { Err(Unusable::PdfAlreadySigned) } else { Ok(()) }
}

fn active(dict: &Dictionary) -> Result<(), Unusable> {
    if dict.has(b"JS") || dict.has(b"JavaScript") || name(dict, b"S") == b"JavaScript" {
        return Err(refuse("JavaScript"));
    }
    if let Some(action) = ACTIONS.iter().find(|action| name(dict, b"S") == **action) {
        return Err(refuse(&String::from_utf8_lossy(action)));
    }
    if dict.has(b"EmbeddedFiles") || dict.has(b"EF") || name(dict, b"Type") == b"EmbeddedFile" {
        return Err(refuse("tệp đính kèm / embedded file"));
    }
    if dict.has(b"XFA") {
        return Err(refuse("XFA"));
    }
    if dict.has(b"FFilter") || dict.has(b"Length") && dict.has(b"F") && !dict.has(b"Rect") {
        return Err(refuse("external stream"));
    }
    let subtype = name(dict, b"Subtype");
    if subtype == b"PS" || name(dict, b"Subtype2") == b"PS" {
        return Err(refuse("PostScript"));
    }
    let annotation = name(dict, b"Type") == b"Annot" || dict.has(b"Rect") && dict.has(b"Subtype");
    if annotation && subtype == b"Widget" {
        return Err(Unusable::PdfHasForm);
    }
    if annotation && !SILENT.contains(&subtype) {
        return Err(refuse(&format!("annotation {}", String::from_utf8_lossy(subtype))));
    }
    Ok(())
}

fn form(doc: &Document, catalog: &Dictionary) -> Result<(), Unusable> {
    let Ok(form) = catalog.get_deref(b"AcroForm", doc).and_then(Object::as_dict) else { return Ok(()) };
    let fields = form.get_deref(b"Fields", doc).and_then(Object::as_array);
    if fields.is_ok_and(|fields| !fields.is_empty()) { Err(Unusable::PdfHasForm) } else { Ok(()) }
}

/// Layers that are switched off, or that a viewer switches by itself, would appear when the layers are taken away: refused. All others are
/// simply content (ISO 32000-1, 8.11).
fn layers(doc: &Document, catalog: &Dictionary) -> Result<(), Unusable> {
    let Ok(properties) = catalog.get_deref(b"OCProperties", doc).and_then(Object::as_dict) else { return Ok(()) };
    for object in doc.objects.values() {
        walk(object, &shown_with_its_layers)?;
    }
    let Ok(default) = properties.get_deref(b"D", doc).and_then(Object::as_dict) else { return Ok(()) };
    let listed = |key: &[u8]| default.get_deref(key, doc).and_then(Object::as_array).is_ok_and(|list| !list.is_empty());
    if listed(b"OFF") || listed(b"AS") || name(default, b"BaseState") == b"OFF" {
        return Err(refuse("hidden layers"));
    }
    Ok(())
}

/// Content that is seen when layers are off, or by an expression over layers (ISO 32000-1, 8.11.2.2).
fn shown_with_its_layers(dict: &Dictionary) -> Result<(), Unusable> {
    let policy = name(dict, b"P");
    let membership = name(dict, b"Type") == b"OCMD";
    let reversed = membership && (dict.has(b"VE") || !policy.is_empty() && policy != b"AllOn" && policy != b"AnyOn");
    if reversed { Err(refuse("hidden layers")) } else { Ok(()) }
}
