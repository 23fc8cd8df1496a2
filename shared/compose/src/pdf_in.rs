//! Opens a scanned PDF behind gates and finds its pages.
//!
//! Does not judge signatures and repairs nothing after a signature: a signed file is refused. The gates are those of stack.md B1:
//! encryption is told from the raw bytes before anything is parsed, decompression has a limit, and the sum of all parsed objects
//! has one too, because overlapping streams cost memory out of all proportion.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashSet;

use lopdf::{Dictionary, Document, LoadOptions, Object, ObjectId};

use crate::{MAX_BYTES, MAX_PAGES, Unusable};

/// The most that one object stream or cross-reference stream may inflate to while loading.
const MAX_STREAM: usize = 16 << 20;
/// Above this size a file with a broken cross-reference table is refused: rebuilding takes quadratic time on hostile files.
const MAX_REBUILD: usize = 1 << 10;
/// The most that the contents of all pages may inflate to together; drawings of a whole book have less.
const MAX_CONTENTS: usize = 256 << 20;
/// The most nodes (values in arrays and dictionaries) of all parsed objects together.
const MAX_NODES: u64 = 6_000_000;
/// The deepest nesting of direct values and of the page tree.
pub(crate) const MAX_DEPTH: usize = 64;

/// A page of a scanned PDF, with what it inherits.
#[derive(Clone, Debug)]
pub(crate) struct PdfPage {
    /// The visible box: left, bottom, right, top.
    pub(crate) bounds: [f32; 4],
    /// Quarter turns clockwise, 0..=3.
    pub(crate) turns: u8,
    /// Points per unit.
    pub(crate) unit: f32,
    pub(crate) resources: Option<Object>,
    pub(crate) contents: Vec<ObjectId>,
    pub(crate) group: Option<Object>,
}

/// A scanned PDF that passed the gates.
pub(crate) struct PdfScan {
    pub(crate) doc: Document,
    pub(crate) pages: Vec<PdfPage>,
}

fn broken(why: impl std::fmt::Display) -> Unusable {
    Unusable::PdfBroken(why.to_string().chars().take(160).collect())
}

#[derive(Clone, Copy, Default)]
struct Budget {
    bytes: u64,
    nodes: u64,
    blown: bool,
}

thread_local! {
    // lopdf takes its filter as a plain function pointer, so what the filter counts has to live beside it.
    static BUDGET: Cell<Budget> = const { Cell::new(Budget { bytes: 0, nodes: 0, blown: false }) };
}

/// Counts every object while it is loaded and drops what exceeds the budget.
fn count(id: ObjectId, object: &mut Object) -> Option<(ObjectId, Object)> {
    let mut budget = BUDGET.get();
    budget.nodes = budget.nodes.saturating_sub(nodes(object));
    if let Object::Stream(stream) = object {
        let length = stream.content.len() as u64;
        if length > budget.bytes {
            budget.blown = true;
            stream.content = Vec::new();
        }
        budget.bytes = budget.bytes.saturating_sub(length);
    }
    budget.blown |= budget.nodes == 0;
    BUDGET.set(budget);
    if budget.blown {
        return None;
    }
    // Members of object streams are taken from what is returned, other objects from the argument: a stream is never a member.
    let returned = if matches!(object, Object::Stream(_)) { Object::Null } else { object.clone() };
    Some((id, returned))
}

/// The number of values in an object, itself included; nesting deeper than [`MAX_DEPTH`] costs the whole budget.
fn nodes(object: &Object) -> u64 {
    let mut total = 0_u64;
    let mut todo = vec![(object, 0_usize)];
    while let Some((object, depth)) = todo.pop() {
        total += 1;
        if depth > MAX_DEPTH {
            return MAX_NODES;
        }
        match object {
            Object::Array(items) => todo.extend(items.iter().map(|item| (item, depth + 1))),
            Object::Dictionary(dict) => todo.extend(dict.iter().map(|(_, item)| (item, depth + 1))),
            Object::Stream(stream) => todo.extend(stream.dict.iter().map(|(_, item)| (item, depth + 1))),
            _ => {}
        }
    }
    total
}

/// Loads a file, refuses what must be refused, and lists the pages.
pub(crate) fn open(bytes: &[u8]) -> Result<PdfScan, Unusable> {
    if bytes.is_empty() {
        return Err(Unusable::Empty);
    }
    if bytes.len() > MAX_BYTES {
        return Err(Unusable::TooLarge);
    }
    let head = bytes.get(..bytes.len().min(1024)).unwrap_or(bytes);
    let start = head.windows(5).position(|window| window == b"%PDF-").ok_or(Unusable::TypeNotAccepted)?;
    let bytes = bytes.get(start..).unwrap_or_default();
    if names_encryption(bytes) {
        return Err(Unusable::PdfEncrypted);
    }
    BUDGET.set(Budget { bytes: bytes.len() as u64 + (1 << 20), nodes: MAX_NODES, blown: false });
    let options = LoadOptions {
        filter: Some(count),
        strict: bytes.len() > MAX_REBUILD,
        max_decompressed_size: Some(MAX_STREAM),
        ..LoadOptions::default()
    };
    let doc = Document::load_mem_with_options(&plain_header(bytes), options).map_err(|error| unread(bytes, error))?;
    if BUDGET.get().blown {
        return Err(broken("too complex"));
    }
    if doc.is_encrypted() || doc.was_encrypted() || doc.trailer.has(b"Encrypt") {
        return Err(Unusable::PdfEncrypted);
    }
    crate::pdf_gate::check(&doc)?;
    let pages = pages(&doc)?;
    contents(&doc, &pages)?;
    Ok(PdfScan { doc, pages })
}

/// Why a file does not load. One that says that it is signed is called so: its signature is the reason to ask for the paper, and often
/// the reason why it is built as it is.
fn unread(bytes: &[u8], error: lopdf::Error) -> Unusable {
    let signed = bytes.windows(10).any(|window| window == b"/ByteRange");
    if signed { Unusable::PdfAlreadySigned } else { broken(error) }
}

/// Inflates what the pages draw, all of it within one limit: a page that nobody can draw is no page, and one that takes gigabytes does not
/// go into a copy.
fn contents(doc: &Document, pages: &[PdfPage]) -> Result<(), Unusable> {
    let mut left = MAX_CONTENTS;
    let mut seen = HashSet::new();
    for id in pages.iter().flat_map(|page| &page.contents).filter(|id| seen.insert(**id)) {
        let stream = doc.get_object(*id).and_then(Object::as_stream).map_err(broken)?;
        let plain =
            stream.get_plain_content_with_limit(left).map_err(|error| broken(format!("page content: {error}")))?;
        left -= plain.len().min(left);
    }
    Ok(())
}

/// The file with nothing but white space behind the version on its first line: libtiff and some scanners write more there, which the strict
/// reader does not take. No offset changes.
fn plain_header(bytes: &[u8]) -> Cow<'_, [u8]> {
    let line = bytes.iter().take(64).position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(0);
    let version = bytes.iter().skip(5).position(|byte| !matches!(byte, b'0'..=b'9' | b'.')).map_or(line, |at| at + 5);
    if version >= line {
        return Cow::Borrowed(bytes);
    }
    let mut plain = bytes.to_vec();
    plain.iter_mut().take(line).skip(version).for_each(|byte| *byte = b'\n');
    Cow::Owned(plain)
}

/// Whether a trailer names an encryption dictionary: `/Encrypt` followed by a reference or a dictionary, escapes of names resolved.
fn names_encryption(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| *byte == b'/') {
        rest = rest.get(at + 1..).unwrap_or_default();
        if let Some(after) = strip_name(rest, b"Encrypt") {
            let value = after.trim_ascii_start();
            if value.starts_with(b"<<") || value.first().is_some_and(u8::is_ascii_digit) && is_reference(value) {
                return true;
            }
        }
    }
    false
}

/// Strips a name written with or without `#xx` escapes; the next byte must end the name.
fn strip_name<'a>(mut bytes: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    for wanted in name {
        let (byte, used) = match bytes {
            [b'#', high, low, ..] => (u8::try_from(hex(*high)? * 16 + hex(*low)?).ok()?, 3),
            [byte, ..] => (*byte, 1),
            [] => return None,
        };
        if byte != *wanted {
            return None;
        }
        bytes = bytes.get(used..)?;
    }
    let ends = bytes.first().is_none_or(|byte| !byte.is_ascii_alphanumeric() && *byte != b'#');
    ends.then_some(bytes)
}

fn hex(digit: u8) -> Option<u32> {
    char::from(digit).to_digit(16)
}

fn is_reference(value: &[u8]) -> bool {
    let line = value.get(..value.len().min(32)).unwrap_or_default();
    let mut words = line.split(|byte| byte.is_ascii_whitespace()).filter(|word| !word.is_empty());
    let digits = |word: Option<&[u8]>| word.is_some_and(|word| word.iter().all(u8::is_ascii_digit));
    digits(words.next()) && digits(words.next()) && words.next().is_some_and(|word| word.starts_with(b"R"))
}

/// What a page inherits from the nodes above it.
#[derive(Clone, Default)]
struct Inherited {
    resources: Option<Object>,
    media: Option<[f32; 4]>,
    crop: Option<[f32; 4]>,
    rotate: i64,
}

/// The pages in order. Walks at most [`MAX_PAGES`] pages and never the same node twice.
fn pages(doc: &Document) -> Result<Vec<PdfPage>, Unusable> {
    let root =
        doc.catalog().and_then(|catalog| catalog.get(b"Pages")).and_then(Object::as_reference).map_err(broken)?;
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    let mut todo = vec![(root, Inherited::default(), 0_usize)];
    while let Some((id, above, depth)) = todo.pop() {
        if depth > MAX_DEPTH || !seen.insert(id) || seen.len() > 20_000 {
            return Err(broken("page tree"));
        }
        let node = doc.get_dictionary(id).map_err(|_| broken("page tree"))?;
        let here = inherit(doc, node, &above);
        match node.get_deref(b"Kids", doc) {
            Ok(Object::Array(kids)) => {
                // What is no reference is a page for some readers and none for others (ISO 32000-1, table 29).
                let kids: Result<Vec<ObjectId>, _> = kids.iter().map(Object::as_reference).collect();
                let kids = kids.map_err(|_| broken("page tree"))?;
                todo.extend(kids.into_iter().rev().map(|kid| (kid, here.clone(), depth + 1)));
            }
            _ => found.push(page(doc, node, &here)?),
        }
        let count = u32::try_from(found.len()).unwrap_or(u32::MAX);
        if count > MAX_PAGES {
            let said =
                doc.get_dictionary(root).and_then(|node| node.get(b"Count")).and_then(Object::as_i64).unwrap_or(0);
            return Err(Unusable::TooManyPages {
                found: count.max(u32::try_from(said).unwrap_or(count)),
                limit: MAX_PAGES,
            });
        }
    }
    let said = doc.get_dictionary(root).and_then(|node| node.get_deref(b"Count", doc)).and_then(Object::as_i64);
    match (found.len(), said) {
        (0, _) => Err(broken("no pages")),
        // Some readers go by the count, others by the pages.
        (there, Ok(said)) if usize::try_from(said) != Ok(there) => Err(broken(format!("{there} pages, {said} said"))),
        _ => Ok(found),
    }
}

fn inherit(doc: &Document, node: &Dictionary, above: &Inherited) -> Inherited {
    let bounds = |key: &[u8]| node.get_deref(key, doc).ok().and_then(|value| rectangle(doc, value));
    Inherited {
        resources: node.get(b"Resources").ok().cloned().or_else(|| above.resources.clone()),
        media: bounds(b"MediaBox").or(above.media),
        crop: bounds(b"CropBox").or(above.crop),
        rotate: node.get_deref(b"Rotate", doc).and_then(Object::as_i64).unwrap_or(above.rotate),
    }
}

/// Four numbers as left, bottom, right, top.
fn rectangle(doc: &Document, value: &Object) -> Option<[f32; 4]> {
    let numbers: Vec<f32> = value.as_array().ok()?.iter().filter_map(|item| number(doc, item)).collect();
    let &[a, b, c, d] = numbers.as_slice() else { return None };
    numbers.iter().all(|number| number.is_finite()).then(|| [a.min(c), b.min(d), a.max(c), b.max(d)])
}

fn number(doc: &Document, value: &Object) -> Option<f32> {
    doc.dereference(value).ok()?.1.as_float().ok()
}

fn page(doc: &Document, node: &Dictionary, here: &Inherited) -> Result<PdfPage, Unusable> {
    let media = here.media.unwrap_or([0.0, 0.0, 612.0, 792.0]);
    let crop = here.crop.unwrap_or(media);
    let bounds = [media[0].max(crop[0]), media[1].max(crop[1]), media[2].min(crop[2]), media[3].min(crop[3])];
    let bounds = if bounds[2] - bounds[0] > 1.0 && bounds[3] - bounds[1] > 1.0 { bounds } else { media };
    let unit = node.get_deref(b"UserUnit", doc).ok().and_then(|value| number(doc, value)).unwrap_or(1.0);
    let sides = [(bounds[2] - bounds[0]) * unit, (bounds[3] - bounds[1]) * unit];
    if !(unit > 0.0 && sides.iter().all(|side| (3.0..=14_400.0).contains(side))) {
        return Err(broken("page size"));
    }
    let contents = match node.get(b"Contents") {
        Ok(value) => content_ids(doc, value)?,
        Err(_) => Vec::new(),
    };
    let turns = u8::try_from(here.rotate.rem_euclid(360) / 90).unwrap_or(0);
    let group = node.get(b"Group").ok().cloned();
    Ok(PdfPage { bounds, turns, unit, resources: here.resources.clone(), contents, group })
}

fn content_ids(doc: &Document, value: &Object) -> Result<Vec<ObjectId>, Unusable> {
    let missing = || broken("page content");
    match value {
        Object::Null => Ok(Vec::new()),
        Object::Reference(id) => match doc.get_object(*id) {
            Ok(Object::Stream(_)) => Ok(vec![*id]),
            Ok(Object::Array(items)) => items.iter().map(|item| stream_id(doc, item).ok_or_else(missing)).collect(),
            Ok(Object::Null) => Ok(Vec::new()),
            _ => Err(missing()),
        },
        Object::Array(items) => items.iter().map(|item| stream_id(doc, item).ok_or_else(missing)).collect(),
        _ => Err(missing()),
    }
}

fn stream_id(doc: &Document, item: &Object) -> Option<ObjectId> {
    let id = item.as_reference().ok()?;
    matches!(doc.get_object(id), Ok(Object::Stream(_))).then_some(id)
}

impl PdfPage {
    /// Width and height as shown, points.
    pub(crate) fn shown(&self) -> (f32, f32) {
        let [left, bottom, right, top] = self.bounds;
        let (w, h) = ((right - left) * self.unit, (top - bottom) * self.unit);
        if self.turns % 2 == 1 { (h, w) } else { (w, h) }
    }

    /// From the page's own space to the shown page with its lower left corner at the origin.
    pub(crate) fn matrix(&self) -> [f32; 6] {
        let ([left, bottom, right, top], u) = (self.bounds, self.unit);
        match self.turns {
            1 => [0.0, -u, u, 0.0, -bottom * u, right * u],
            2 => [-u, 0.0, 0.0, -u, right * u, top * u],
            3 => [0.0, u, -u, 0.0, top * u, -left * u],
            _ => [u, 0.0, 0.0, u, -left * u, -bottom * u],
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use lopdf::Stream;

    use super::*;
    use crate::copy::reals;
    use crate::write::{dict, name};

    /// A file of one page of 300 by 300 points, over what `doc` has already.
    pub(crate) fn one_page(mut doc: Document, resources: Dictionary, content: &[u8]) -> Vec<u8> {
        let content = doc.add_object(Stream::new(Dictionary::new(), content.to_vec()));
        let tree = doc.new_object_id();
        let page = doc.add_object(dict([
            ("Type", name("Page")),
            ("Parent", tree.into()),
            ("MediaBox", reals(&[0.0, 0.0, 300.0, 300.0])),
            ("Resources", Object::Dictionary(resources)),
            ("Contents", content.into()),
        ]));
        let kids = Object::Array(vec![page.into()]);
        let pages = dict([("Type", name("Pages")), ("Kids", kids), ("Count", 1_i64.into())]);
        doc.objects.insert(tree, Object::Dictionary(pages));
        let catalog = doc.add_object(dict([("Type", name("Catalog")), ("Pages", tree.into())]));
        doc.trailer.set("Root", catalog);
        let mut out = Vec::new();
        doc.save_to(&mut out).expect("a file");
        out
    }

    /// R35: a password is told from the bytes alone, also when the name is written with escapes.
    #[test]
    fn encryption_is_seen_before_parsing() {
        assert!(names_encryption(b"trailer <</Encrypt 12 0 R>>"));
        assert!(names_encryption(b"trailer <</#45ncr#79pt <</Filter/Standard>>>>"));
        assert!(!names_encryption(b"trailer <</EncryptMetadata false /Encrypt /none>>"));
        assert!(!names_encryption(b"(a text about /Encrypt 12 apples)"));
    }

    #[test]
    fn only_the_header_line_is_made_plain() {
        for (given, plain) in [
            ("%PDF-1.4\n1 0 obj", "%PDF-1.4\n1 0 obj"),
            ("%PDF-1.1 \n%abc", "%PDF-1.1\n\n%abc"),
            ("%PDF-1.4%xyz\r\nabc", "%PDF-1.4\n\n\n\n\r\nabc"),
            ("%PDF-1.4", "%PDF-1.4"),
        ] {
            assert_eq!(plain_header(given.as_bytes()), plain.as_bytes(), "{given:?}");
        }
    }

    #[test]
    fn turned_pages_stand_upright() {
        for (turns, expected) in [(0, (20.0, 30.0)), (1, (30.0, 80.0)), (2, (80.0, 170.0)), (3, (170.0, 20.0))] {
            let page = PdfPage {
                bounds: [10.0, 20.0, 110.0, 220.0],
                turns,
                unit: 1.0,
                resources: None,
                contents: Vec::new(),
                group: None,
            };
            let [a, b, c, d, e, f] = page.matrix();
            let (x, y) = (30.0, 50.0);
            assert_eq!((a * x + c * y + e, b * x + d * y + f), expected, "{turns}");
        }
    }
}
