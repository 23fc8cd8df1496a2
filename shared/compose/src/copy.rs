//! Copies what a page needs from one document into another, and leaves the rest behind.
//!
//! Never copies catalogs, page nodes, annotations, metadata, actions or private data; a reference to something missing becomes null.

use std::collections::HashMap;

use lopdf::{Dictionary, Document, Object, ObjectId, Stream};

use crate::pdf_in::{MAX_DEPTH, PdfPage};
use crate::{Unusable, jpeg};

/// Keys that are never copied, wherever the standard gives them a meaning. In [`NAMES`] a key is whatever somebody called a thing.
const DROPPED: [&[u8]; 23] = [
    b"AA",
    b"A",
    b"JS",
    b"OC",
    b"OPI",
    b"Metadata",
    b"PieceInfo",
    b"LastModified",
    b"StructParent",
    b"StructParents",
    b"Alternates",
    b"AF",
    b"Measure",
    b"PtData",
    b"Annots",
    b"Parent",
    b"Dest",
    b"Thumb",
    b"Ref",
    b"PresSteps",
    b"ID",
    b"Popup",
    // How a viewer smooths a picture; forbidden in PDF/A (ISO 19005-2, 6.2.8.2).
    b"Interpolate",
];
/// Kinds of dictionaries that are never copied.
const LEFT_BEHIND: [&[u8]; 10] = [
    b"Catalog",
    b"Pages",
    b"Page",
    b"Annot",
    b"Action",
    b"Sig",
    b"Filespec",
    b"StructTreeRoot",
    b"StructElem",
    b"OCMD",
];
/// Entries whose dictionaries go by free names: resources (ISO 32000-1, 7.8.3), the letters of a Type 3 typeface (table 112), the inks of
/// a colour space (table 71).
const NAMES: [&[u8]; 8] =
    [b"ExtGState", b"ColorSpace", b"Pattern", b"Shading", b"XObject", b"Font", b"CharProcs", b"Colorants"];
/// Entries of a resource dictionary that are copied.
const RESOURCES: [&[u8]; 7] = [b"ExtGState", b"ColorSpace", b"Pattern", b"Shading", b"XObject", b"Font", b"Properties"];
/// The most that the contents of one page may inflate to when several streams are joined.
const MAX_CONTENT: usize = 64 << 20;
/// The most objects that are copied from one file.
const MAX_OBJECTS: usize = 300_000;

fn broken(why: impl std::fmt::Display) -> Unusable {
    Unusable::PdfBroken(why.to_string().chars().take(160).collect())
}

/// What a dictionary's keys are.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
enum Keys {
    /// Words of the standard.
    Words,
    /// Free names.
    Names,
}

/// A copy in progress from one source document.
pub(crate) struct Copier<'a> {
    source: &'a Document,
    target: &'a mut Document,
    known: HashMap<(ObjectId, Keys), ObjectId>,
    todo: Vec<(ObjectId, Keys, ObjectId)>,
}

impl<'a> Copier<'a> {
    pub(crate) fn new(source: &'a Document, target: &'a mut Document) -> Self {
        Self { source, target, known: HashMap::new(), todo: Vec::new() }
    }

    /// Makes a form XObject of a page: the visible box clips, the matrix turns it upright at the origin.
    pub(crate) fn page_as_form(&mut self, page: &PdfPage) -> Result<ObjectId, Unusable> {
        let mut form = self.contents(page)?;
        form.dict.set("Type", Object::Name(b"XObject".to_vec()));
        form.dict.set("Subtype", Object::Name(b"Form".to_vec()));
        form.dict.set("BBox", reals(&page.bounds));
        form.dict.set("Matrix", reals(&page.matrix()));
        let resources = match &page.resources {
            Some(resources) => self.resources(resources)?,
            None => Dictionary::new(),
        };
        form.dict.set("Resources", resources);
        if let Some(group) = &page.group {
            let group = self.value(group, Keys::Words, 0)?;
            if !matches!(group, Object::Null) {
                form.dict.set("Group", group);
            }
        }
        let id = self.target.add_object(form);
        self.finish()?;
        Ok(id)
    }

    /// One stream with the page's contents: the stream as it is when there is one, else all of them joined.
    fn contents(&mut self, page: &PdfPage) -> Result<Stream, Unusable> {
        let streams: Vec<&Stream> = page
            .contents
            .iter()
            .filter_map(|id| self.source.get_object(*id).and_then(Object::as_stream).ok())
            .collect();
        if let [single] = streams.as_slice() {
            let mut dict = Dictionary::new();
            for key in [&b"Filter"[..], b"DecodeParms"] {
                if let Ok(value) = single.dict.get_deref(key, self.source) {
                    dict.set(key, self.value(&value.clone(), Keys::Words, 0)?);
                }
            }
            return Ok(Stream::new(dict, single.content.clone()).with_compression(true));
        }
        let mut joined = Vec::new();
        for stream in streams {
            if stream.dict.has(b"Filter") && stream.filters().is_err() {
                return Err(broken("content filter"));
            }
            let room = MAX_CONTENT.saturating_sub(joined.len());
            joined.extend(stream.get_plain_content_with_limit(room).map_err(broken)?);
            joined.push(b'\n');
        }
        let mut stream = Stream::new(Dictionary::new(), joined);
        stream.compress().map_err(broken)?;
        Ok(stream)
    }

    fn resources(&mut self, resources: &Object) -> Result<Dictionary, Unusable> {
        let mut out = Dictionary::new();
        let Ok((_, Object::Dictionary(dict))) = self.source.dereference(resources) else { return Ok(out) };
        for key in RESOURCES {
            let Ok(value) = dict.get_deref(key, self.source) else { continue };
            let value = match key {
                b"Properties" => self.properties(value),
                _ => self.value(&value.clone(), Keys::Names, 0)?,
            };
            if let Object::Dictionary(entries) = value
                && !entries.is_empty()
            {
                out.set(key, entries);
            }
        }
        Ok(out)
    }

    /// Property lists keep their names, so that marked content stays well-formed, but nothing in them.
    fn properties(&self, value: &Object) -> Object {
        let mut out = Dictionary::new();
        if let Ok(dict) = value.as_dict() {
            dict.iter().for_each(|(name, _)| out.set(name.clone(), Dictionary::new()));
        }
        Object::Dictionary(out)
    }

    /// Copies a direct value; references become references into the target.
    fn value(&mut self, value: &Object, keys: Keys, depth: usize) -> Result<Object, Unusable> {
        if depth > MAX_DEPTH {
            return Err(broken("nesting"));
        }
        Ok(match value {
            Object::Reference(id) => self.reference(*id, keys)?,
            Object::Array(items) => {
                let items = items.iter().map(|item| self.value(item, Keys::Words, depth + 1));
                Object::Array(items.collect::<Result<_, _>>()?)
            }
            Object::Dictionary(dict) if keys == Keys::Names => Object::Dictionary(self.names(dict, depth)?),
            Object::Dictionary(dict) => self.dictionary(dict, depth)?.map_or(Object::Null, Object::Dictionary),
            Object::Stream(_) => Object::Null,
            plain => plain.clone(),
        })
    }

    /// Every entry, whatever it is called.
    fn names(&mut self, dict: &Dictionary, depth: usize) -> Result<Dictionary, Unusable> {
        let mut out = Dictionary::new();
        for (name, value) in dict.iter() {
            let value = self.value(value, Keys::Words, depth + 1)?;
            if !matches!(value, Object::Null) {
                out.set(name.clone(), value);
            }
        }
        Ok(out)
    }

    fn dictionary(&mut self, dict: &Dictionary, depth: usize) -> Result<Option<Dictionary>, Unusable> {
        let kind = dict.get(b"Type").and_then(Object::as_name).unwrap_or_default();
        if LEFT_BEHIND.contains(&kind) {
            return Ok(None);
        }
        let mut out = Dictionary::new();
        for (key, value) in dict.iter() {
            if DROPPED.contains(&key.as_slice()) {
                continue;
            }
            let value = if key == b"Properties" {
                self.source.dereference(value).map_or(Object::Null, |(_, value)| self.properties(value))
            } else {
                let keys = if NAMES.contains(&key.as_slice()) { Keys::Names } else { Keys::Words };
                self.value(value, keys, depth + 1)?
            };
            if !matches!(value, Object::Null) {
                out.set(key.clone(), value);
            }
        }
        Ok(Some(out))
    }

    fn reference(&mut self, id: ObjectId, keys: Keys) -> Result<Object, Unusable> {
        if let Some(known) = self.known.get(&(id, keys)) {
            return Ok(Object::Reference(*known));
        }
        let kept = match self.source.get_object(id) {
            Ok(Object::Dictionary(dict)) if keys == Keys::Words => {
                !LEFT_BEHIND.contains(&dict.get(b"Type").and_then(Object::as_name).unwrap_or_default())
            }
            Ok(Object::Null) | Err(_) => false,
            Ok(_) => true,
        };
        if !kept {
            return Ok(Object::Null);
        }
        if self.known.len() >= MAX_OBJECTS {
            return Err(broken("too many objects"));
        }
        let new = self.target.new_object_id();
        self.known.insert((id, keys), new);
        self.todo.push((id, keys, new));
        Ok(Object::Reference(new))
    }

    /// Copies everything that was referred to, and what that refers to.
    fn finish(&mut self) -> Result<(), Unusable> {
        while let Some((old, keys, new)) = self.todo.pop() {
            let source = self.source;
            let object = match source.get_object(old).map_err(broken)? {
                Object::Stream(stream) => {
                    // What is drawn from it would be missing without a word.
                    let dict = self.dictionary(&stream.dict, 0)?;
                    let mut dict = dict.ok_or_else(|| broken("a stream that says it is something else"))?;
                    let content = plain_data(stream);
                    dict.set("Length", i64::try_from(content.len()).map_err(broken)?);
                    Object::Stream(Stream::new(dict, content).with_compression(false))
                }
                other => self.value(&other.clone(), keys, 0)?,
            };
            self.target.objects.insert(new, object);
        }
        Ok(())
    }
}

/// The data of a stream; of a JPEG without what the camera or scanner wrote beside the picture.
fn plain_data(stream: &Stream) -> Vec<u8> {
    let jpeg = stream.filters().is_ok_and(|filters| filters == [b"DCTDecode"]).then(|| jpeg::read(&stream.content));
    // What does not read as a JPEG stays as it is: viewers may read more than we do.
    jpeg.flatten().map_or_else(|| stream.content.clone(), |jpeg| jpeg.data)
}

/// An array of numbers.
pub(crate) fn reals(numbers: &[f32]) -> Object {
    Object::Array(numbers.iter().map(|number| Object::Real(*number)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pdf_in::{self, tests::one_page};
    use crate::write::{dict, name};

    fn copied(file: &[u8]) -> Result<(Document, ObjectId), Unusable> {
        let scan = pdf_in::open(file)?;
        let mut target = Document::with_version("1.7");
        let id = Copier::new(&scan.doc, &mut target).page_as_form(&scan.pages[0])?;
        Ok((target, id))
    }

    fn at<'d>(doc: &'d Document, from: &'d Object, path: &[&[u8]]) -> Option<&'d Object> {
        path.iter().try_fold(from, |at, key| {
            let dict = match doc.dereference(at).ok()?.1 {
                Object::Dictionary(dict) => dict,
                Object::Stream(stream) => &stream.dict,
                _ => return None,
            };
            Some(doc.dereference(dict.get(key).ok()?).ok()?.1)
        })
    }

    fn form(entries: Dictionary) -> Stream {
        let mut all =
            dict([("Type", name("XObject")), ("Subtype", name("Form")), ("BBox", reals(&[0.0, 0.0, 9.0, 9.0]))]);
        entries.iter().for_each(|(key, value)| all.set(key.clone(), value.clone()));
        Stream::new(all, b"0 0 9 9 re f".to_vec())
    }

    /// R35: pictures, letters and typefaces are copied whatever they are called, in maps of their own or in the page, while the same words are
    /// left behind where they mean something.
    #[test]
    fn what_is_called_like_a_word_is_copied() {
        let mut refused = Vec::new();
        for word in DROPPED.iter().chain(&LEFT_BEHIND) {
            let word = String::from_utf8(word.to_vec()).expect("ASCII");
            let mut doc = Document::with_version("1.7");
            let below = form(dict([("AA", Object::Dictionary(dict([("S", name("GoTo"))])))]));
            let below = doc.add_object(below);
            let own = dict([("XObject", Object::Dictionary(dict([(word.as_str(), below.into())])))]);
            let picture = doc.add_object(form(dict([("Resources", Object::Dictionary(own))])));
            let letter = doc.add_object(Stream::new(Dictionary::new(), b"9 0 d0 0 0 9 9 re f".to_vec()));
            let letters = doc.add_object(dict([(word.as_str(), letter.into())]));
            let font = doc.add_object(dict([
                ("Type", name("Font")),
                ("Subtype", name("Type3")),
                ("CharProcs", letters.into()),
                ("AA", name("acts")),
            ]));
            let fonts = doc.add_object(dict([(word.as_str(), font.into())]));
            let resources = dict([
                ("XObject", Object::Dictionary(dict([(word.as_str(), picture.into())]))),
                ("Font", fonts.into()),
            ]);
            let file = one_page(doc, resources, b"q Q");
            // Some are refused at the gate: nobody can tell a resource of that name from what acts.
            let Ok((target, id)) = copied(&file) else {
                refused.push(word);
                continue;
            };
            let page = target.get_object(id).expect("a form");
            let word = word.as_bytes();
            let inner = at(&target, page, &[b"Resources", b"XObject", word, b"Resources", b"XObject", word]);
            assert!(matches!(inner, Some(Object::Stream(_))), "{}", String::from_utf8_lossy(word));
            assert!(at(&target, inner.expect("a form"), &[b"AA"]).is_none());
            let font = at(&target, page, &[b"Resources", b"Font", word]);
            assert!(matches!(at(&target, font.expect("a typeface"), &[b"CharProcs", word]), Some(Object::Stream(_))));
            assert!(at(&target, font.expect("a typeface"), &[b"AA"]).is_none());
        }
        assert_eq!(refused, ["JS"]);
    }

    /// What would be missing on the page is told.
    #[test]
    fn a_picture_that_says_it_is_something_else_is_refused() {
        let mut doc = Document::with_version("1.7");
        let picture = doc.add_object(form(dict([("Type", name("StructElem"))])));
        let file = one_page(doc, dict([("XObject", Object::Dictionary(dict([("X", picture.into())])))]), b"/X Do");
        let told = copied(&file).map(|_| ());
        assert!(matches!(told, Err(Unusable::PdfBroken(_))), "{told:?}");
    }
}
