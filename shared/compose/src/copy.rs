//! Copies what a page needs from one document into another, and leaves the rest behind.
//!
//! Never copies catalogs, page nodes, annotations, metadata, actions or private data; a reference to something missing becomes null.

use std::collections::HashMap;

use lopdf::{Dictionary, Document, Object, ObjectId, Stream};

use crate::pdf_in::{MAX_DEPTH, PdfPage};
use crate::{Unusable, jpeg};

/// Keys that are never copied, wherever they stand.
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
/// Entries of a resource dictionary that are copied.
const RESOURCES: [&[u8]; 7] = [b"ExtGState", b"ColorSpace", b"Pattern", b"Shading", b"XObject", b"Font", b"Properties"];
/// The most that the contents of one page may inflate to when several streams are joined.
const MAX_CONTENT: usize = 64 << 20;
/// The most objects that are copied from one file.
const MAX_OBJECTS: usize = 300_000;

fn broken(why: impl std::fmt::Display) -> Unusable {
    Unusable::PdfBroken(why.to_string().chars().take(160).collect())
}

/// A copy in progress from one source document.
pub(crate) struct Copier<'a> {
    source: &'a Document,
    target: &'a mut Document,
    known: HashMap<ObjectId, ObjectId>,
    todo: Vec<(ObjectId, ObjectId)>,
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
            let group = self.value(group, 0)?;
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
                    dict.set(key, self.value(&value.clone(), 0)?);
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
            let value = if key == b"Properties" { self.properties(value) } else { self.value(&value.clone(), 0)? };
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
    fn value(&mut self, value: &Object, depth: usize) -> Result<Object, Unusable> {
        if depth > MAX_DEPTH {
            return Err(broken("nesting"));
        }
        Ok(match value {
            Object::Reference(id) => self.reference(*id)?,
            Object::Array(items) => {
                Object::Array(items.iter().map(|item| self.value(item, depth + 1)).collect::<Result<_, _>>()?)
            }
            Object::Dictionary(dict) => self.dictionary(dict, depth)?.map_or(Object::Null, Object::Dictionary),
            Object::Stream(_) => Object::Null,
            plain => plain.clone(),
        })
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
                self.value(value, depth + 1)?
            };
            if !matches!(value, Object::Null) {
                out.set(key.clone(), value);
            }
        }
        Ok(Some(out))
    }

    fn reference(&mut self, id: ObjectId) -> Result<Object, Unusable> {
        if let Some(known) = self.known.get(&id) {
            return Ok(Object::Reference(*known));
        }
        let kept = match self.source.get_object(id) {
            Ok(Object::Dictionary(dict)) => {
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
        self.known.insert(id, new);
        self.todo.push((id, new));
        Ok(Object::Reference(new))
    }

    /// Copies everything that was referred to, and what that refers to.
    fn finish(&mut self) -> Result<(), Unusable> {
        while let Some((old, new)) = self.todo.pop() {
            let source = self.source;
            let object = match source.get_object(old).map_err(broken)? {
                Object::Stream(stream) => {
                    let mut dict = self.dictionary(&stream.dict, 0)?.unwrap_or_default();
                    let content = plain_data(stream);
                    dict.set("Length", i64::try_from(content.len()).map_err(broken)?);
                    Object::Stream(Stream::new(dict, content).with_compression(false))
                }
                other => self.value(&other.clone(), 0)?,
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
