//! Whether the typefaces of a PDF's page stand in the file. One that does not is replaced by whatever the reader's machine has, so the page may
//! look otherwise there, and in thirty years it will.
//!
//! Does not look at what is written, only at what could be written with.

use std::collections::HashSet;

use lopdf::{Dictionary, Document, Object};

/// The most form XObjects that are entered.
const MAX_FORMS: usize = 1_000;

/// Whether every typeface that a page's resources name is embedded (ISO 32000-1, 9.9), those of its forms among them.
pub(crate) fn embedded(doc: &Document, resources: Option<&Object>) -> bool {
    let mut entered = HashSet::new();
    let mut todo: Vec<&Dictionary> = resources.and_then(|one| dictionary(doc, one)).into_iter().collect();
    while let Some(resources) = todo.pop() {
        let list = |key: &[u8]| resources.get_deref(key, doc).and_then(Object::as_dict).into_iter().flatten();
        if list(b"Font").any(|(_, font)| dictionary(doc, font).is_some_and(|font| !stands_here(doc, font))) {
            return false;
        }
        for (_, object) in list(b"XObject") {
            let new = object.as_reference().is_ok_and(|id| entered.len() < MAX_FORMS && entered.insert(id));
            let Some(form) = doc.dereference(object).ok().and_then(|(_, one)| one.as_stream().ok()).filter(|_| new)
            else {
                continue;
            };
            todo.extend(form.dict.get(b"Resources").ok().and_then(|one| dictionary(doc, one)));
        }
    }
    true
}

fn dictionary<'a>(doc: &'a Document, object: &'a Object) -> Option<&'a Dictionary> {
    doc.dereference(object).ok()?.1.as_dict().ok()
}

fn stands_here(doc: &Document, font: &Dictionary) -> bool {
    match font.get(b"Subtype").and_then(Object::as_name).unwrap_or_default() {
        // Its letters are drawings.
        b"Type3" => true,
        b"Type0" => {
            let below = font.get_deref(b"DescendantFonts", doc).and_then(Object::as_array);
            let below = below.ok().and_then(|all| dictionary(doc, all.first()?));
            below.is_some_and(|font| has_program(doc, font))
        }
        // No typeface at all: what nobody can draw with looks the same everywhere.
        b"" => true,
        _ => has_program(doc, font),
    }
}

fn has_program(doc: &Document, font: &Dictionary) -> bool {
    let descriptor = font.get_deref(b"FontDescriptor", doc).and_then(Object::as_dict);
    descriptor.is_ok_and(|one| [&b"FontFile"[..], b"FontFile2", b"FontFile3"].iter().any(|key| one.has(key)))
}
