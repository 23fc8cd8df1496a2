//! Whether the pages as they were taken over may stand in a PDF/A-2b (ISO 19005-2; decision 32). The claim stands in the signed base, so it is
//! decided here, before anybody signs; the tests have veraPDF confirm it.
//!
//! An allow-list over what is in the target: pictures, and pages that draw nothing but pictures and plain shapes in grey or RGB. Whatever is
//! not plainly on the list gets no claim, also where a closer look might allow it: a page with typefaces, transparency or patterns. Changes
//! nothing and refuses no scan.

use lopdf::content::Operation;
use lopdf::{Dictionary, Document, Object, ObjectId, Stream};

use crate::{NotArchival, content, icc};

/// The most that a page's content may inflate to for this look: pages of pictures have some hundred bytes.
const MAX_CONTENT: usize = 2 << 20;
/// How deep q may be nested (ISO 19005-2, 6.1.13).
const MAX_SAVED: usize = 28;
/// Operators of pages that draw pictures and plain shapes.
const OPERATORS: [&str; 33] = [
    "q", "Q", "cm", "Do", "w", "J", "j", "M", "d", "m", "l", "c", "v", "y", "h", "re", "W", "W*", "n", "S", "s", "f",
    "F", "f*", "B", "B*", "b", "b*", "g", "G", "rg", "RG", "i",
];
const FORM_KEYS: [&[u8]; 8] =
    [b"Type", b"Subtype", b"BBox", b"Matrix", b"Resources", b"Filter", b"DecodeParms", b"Length"];
const IMAGE_KEYS: [&[u8]; 12] = [
    b"Type",
    b"Subtype",
    b"Width",
    b"Height",
    b"ColorSpace",
    b"BitsPerComponent",
    b"ImageMask",
    b"Decode",
    b"Filter",
    b"DecodeParms",
    b"Length",
    b"Name",
];
/// Codings without rules of their own. LZW is forbidden (6.1.7.2); JPEG 2000 has conditions that are not looked at here (6.2.8.3).
const FILTERS: [&[u8]; 7] = [
    b"FlateDecode",
    b"DCTDecode",
    b"CCITTFaxDecode",
    b"JBIG2Decode",
    b"RunLengthDecode",
    b"ASCII85Decode",
    b"ASCIIHexDecode",
];

/// The first reason why one of these bodies of pages (a picture or a page's form) may not stand in a PDF/A-2b.
pub(crate) fn obstacle(target: &Document, bodies: impl Iterator<Item = ObjectId>) -> Option<NotArchival> {
    bodies.into_iter().find_map(|id| match target.get_object(id) {
        Ok(Object::Stream(stream)) => body(target, stream).err(),
        _ => Some(NotArchival::Content),
    })
}

type Fits = Result<(), NotArchival>;

fn require(holds: bool, otherwise: NotArchival) -> Fits {
    if holds { Ok(()) } else { Err(otherwise) }
}

fn body(doc: &Document, stream: &Stream) -> Fits {
    match stream.dict.get(b"Subtype").and_then(Object::as_name) {
        Ok(b"Image") => image(doc, stream),
        Ok(b"Form") => form(doc, stream),
        _ => Err(NotArchival::Content),
    }
}

fn only(dict: &Dictionary, keys: &[&[u8]], otherwise: NotArchival) -> Fits {
    require(dict.iter().all(|(key, _)| keys.contains(&key.as_slice())), otherwise)
}

fn form(doc: &Document, form: &Stream) -> Fits {
    require(!form.dict.has(b"Group"), NotArchival::Transparency)?;
    only(&form.dict, &FORM_KEYS, NotArchival::Content)?;
    filters(form)?;
    let none = Dictionary::new();
    let resources = form.dict.get_deref(b"Resources", doc).and_then(Object::as_dict).unwrap_or(&none);
    require(!resources.has(b"Font"), NotArchival::Typefaces)?;
    require(!resources.has(b"ExtGState"), NotArchival::Transparency)?;
    only(resources, &[b"XObject"], NotArchival::Content)?;
    let objects = resources.get_deref(b"XObject", doc).and_then(Object::as_dict).unwrap_or(&none);
    for (_, object) in objects {
        let found = doc.dereference(object).ok().and_then(|(_, one)| one.as_stream().ok());
        let picture =
            found.filter(|one| one.dict.get(b"Subtype").and_then(Object::as_name).is_ok_and(|it| it == b"Image"));
        image(doc, picture.ok_or(NotArchival::Content)?)?;
    }
    let drawing = form.get_plain_content_with_limit(MAX_CONTENT).map_err(|_| NotArchival::Content)?;
    drawn(&content::operations(&drawing).ok_or(NotArchival::Content)?, objects)
}

/// Only known operators, every q with its Q, every object that is drawn among the resources.
fn drawn(operations: &[Operation], objects: &Dictionary) -> Fits {
    let mut saved = 0_usize;
    for operation in operations {
        let operator = operation.operator.as_str();
        let known = OPERATORS.contains(&operator);
        require(
            known,
            if matches!(operator, "BT" | "Tj" | "TJ") { NotArchival::Typefaces } else { NotArchival::Content },
        )?;
        saved = match operator {
            "q" => saved + 1,
            "Q" => saved.checked_sub(1).ok_or(NotArchival::Content)?,
            _ => saved,
        };
        require(saved <= MAX_SAVED, NotArchival::Content)?;
        let name = match operation.operands.as_slice() {
            [name] => name.as_name().ok(),
            _ => None,
        };
        require(operator != "Do" || name.is_some_and(|name| objects.has(name)), NotArchival::Content)?;
    }
    require(saved == 0, NotArchival::Content)
}

fn image(doc: &Document, image: &Stream) -> Fits {
    require(!image.dict.has(b"SMask") && !image.dict.has(b"SMaskInData"), NotArchival::Transparency)?;
    filters(image)?;
    only(&image.dict, &IMAGE_KEYS, NotArchival::Content)?;
    match image.dict.get_deref(b"ColorSpace", doc) {
        Ok(space) => colours(doc, space, false),
        Err(_) => {
            require(image.dict.get(b"ImageMask").and_then(Object::as_bool).unwrap_or(false), NotArchival::Colours)
        }
    }
}

fn filters(stream: &Stream) -> Fits {
    if !stream.dict.has(b"Filter") {
        return Ok(());
    }
    let named = stream.filters().map_err(|_| NotArchival::Coding)?;
    require(named.iter().all(|one| FILTERS.contains(one)), NotArchival::Coding)
}

/// Grey or RGB, of the device (the output intent says which), as a profile says, or a table of them.
fn colours(doc: &Document, space: &Object, in_table: bool) -> Fits {
    if let Ok(name) = space.as_name() {
        return require(matches!(name, b"DeviceGray" | b"DeviceRGB"), NotArchival::Colours);
    }
    let items = space.as_array().map_err(|_| NotArchival::Colours)?;
    let item = |at: usize| items.get(at).and_then(|one| doc.dereference(one).ok()).map(|(_, one)| one);
    match items.first().and_then(|kind| kind.as_name().ok()) {
        Some(b"ICCBased") => {
            let profile = item(1).and_then(|one| one.as_stream().ok()).ok_or(NotArchival::Colours)?;
            filters(profile)?;
            let components = match profile.dict.get(b"N").and_then(Object::as_i64) {
                Ok(1) => 1,
                Ok(3) => 3,
                _ => return Err(NotArchival::Colours),
            };
            let bytes = profile.get_plain_content_with_limit(icc::LONGEST + 1).map_err(|_| NotArchival::Colours)?;
            require(icc::usable(bytes, components).is_some(), NotArchival::Colours)
        }
        Some(b"Indexed") if !in_table => colours(doc, item(1).ok_or(NotArchival::Colours)?, true),
        _ => Err(NotArchival::Colours),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::write::dict;

    /// What stands behind something that is not understood may be drawn in any colour.
    #[test]
    fn a_content_that_is_not_read_to_its_end_gets_no_claim() {
        let fits = |content: &str| {
            let mut doc = Document::with_version("1.7");
            let form = Stream::new(dict([("Subtype", crate::write::name("Form"))]), content.as_bytes().to_vec());
            let id = doc.add_object(form);
            obstacle(&doc, std::iter::once(id))
        };
        assert_eq!(fits("q 0 g 0 0 9 9 re f Q"), None);
        assert_eq!(fits("q 0 % an honest comment\n g 0 0 9 9 re f Q"), None);
        for content in
            ["q Q } 0 0 0 1 k 0 0 9 9 re f", "q Q my_op 0 0 0 1 k", "q Q 0 % a\n 0 0 1 k", "q Q --1 i 0 0 0 1 k"]
        {
            assert_eq!(fits(content), Some(NotArchival::Content), "{content}");
        }
    }
}
