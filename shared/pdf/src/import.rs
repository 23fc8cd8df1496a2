//! Copies objects of another document into an increment.

use std::collections::BTreeMap;

use crate::error::{Error, LimitKind};
use crate::increment::Increment;
use crate::object::{Dict, ObjId, Object, Stream, StreamData};
use crate::reader::Document;
use crate::walk::Page;

/// Copies from one source document; objects copied once are shared by later copies.
#[derive(Debug)]
pub struct Importer<'i, 'o, 'a> {
    target: &'i mut Increment,
    source: &'o Document<'a>,
    copied: BTreeMap<ObjId, ObjId>,
    steps: usize,
    /// Encoded stream bytes that may still be copied; honest streams do not overlap, so the file's length is enough.
    bytes: usize,
}

/// A page that became a form XObject: it covers `[0 0 width height]` when drawn with the identity matrix, upright.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ImportedForm {
    /// The form XObject.
    pub id: ObjId,
    /// Points.
    pub width: f64,
    /// Points.
    pub height: f64,
}

impl<'i, 'o, 'a> Importer<'i, 'o, 'a> {
    pub(crate) fn new(target: &'i mut Increment, source: &'o Document<'a>) -> Self {
        let (steps, bytes) = (source.limits().steps, source.file_len());
        Importer { target, source, copied: BTreeMap::new(), steps, bytes }
    }

    /// Deep-copies a value with everything it reaches.
    ///
    /// # Errors
    /// Limits, unreadable or encrypted source.
    pub fn object(&mut self, object: &Object) -> Result<Object, Error> {
        if self.source.is_encrypted() {
            return Err(Error::Encrypted);
        }
        let mut queue = Vec::new();
        let copy = self.value(object, &mut queue)?;
        while let Some((from, to)) = queue.pop() {
            let source = self.source;
            let copy = self.value(source.object(from)?, &mut queue)?;
            self.target.set(to, copy);
        }
        Ok(copy)
    }

    /// Copies one value; its references get new numbers and go to the queue. Recursion is as deep as the reader let values nest.
    fn value(&mut self, object: &Object, queue: &mut Vec<(ObjId, ObjId)>) -> Result<Object, Error> {
        self.steps = self.steps.checked_sub(1).ok_or(Error::Limit(LimitKind::Steps))?;
        Ok(match object {
            Object::Ref(id) => match self.copied.get(id) {
                Some(known) => Object::Ref(*known),
                None if self.source.object(*id)?.is_null() => Object::Null,
                None => {
                    let fresh = self.target.allocate();
                    self.copied.insert(*id, fresh);
                    queue.push((*id, fresh));
                    Object::Ref(fresh)
                }
            },
            Object::Array(items) => {
                Object::Array(items.iter().map(|item| self.value(item, queue)).collect::<Result<_, _>>()?)
            }
            Object::Dict(dict) => Object::Dict(self.dict(dict, queue)?),
            Object::Stream(stream) => {
                let raw = self.source.stream_raw(stream)?;
                self.bytes = self.bytes.checked_sub(raw.len()).ok_or(Error::Limit(LimitKind::FileBytes))?;
                let mut direct = stream.dict.clone();
                // The writer sets the length; an indirect one need not come along.
                direct.remove(b"Length");
                let dict = self.dict(&direct, queue)?;
                Object::Stream(Box::new(Stream { dict, data: StreamData::Owned(raw.into_owned()) }))
            }
            other => other.clone(),
        })
    }

    fn dict(&mut self, dict: &Dict, queue: &mut Vec<(ObjId, ObjId)>) -> Result<Dict, Error> {
        let mut copy = Dict::new();
        for (key, value) in dict.iter() {
            copy.set(key, self.value(value, queue)?);
        }
        Ok(copy)
    }

    /// Makes a form XObject of the page: its box is the media box, rotation is undone, contents are joined and deflated.
    ///
    /// # Errors
    /// As [`Importer::object`]; no such page.
    pub fn page_as_form(&mut self, page: usize) -> Result<ImportedForm, Error> {
        if self.source.is_encrypted() {
            return Err(Error::Encrypted);
        }
        let source = self.source;
        let pages = source.pages()?;
        let page = pages.get(page).ok_or(Error::Structure("no such page"))?;
        let content = source.page_content(page)?;
        let (matrix, width, height) = upright(page);
        let mut form = Dict::new()
            .with("Type", Object::name("XObject"))
            .with("Subtype", Object::name("Form"))
            .with("BBox", page.media_box.to_object())
            .with("Matrix", Object::Array(matrix.map(Object::Real).to_vec()));
        let resources = source.page_resources(page)?.cloned().unwrap_or_default();
        form.set("Resources", self.object(&Object::Dict(resources))?);
        if let Some(group) = source.object(page.id)?.as_dict().and_then(|dict| dict.get(b"Group")) {
            form.set("Group", self.object(group)?);
        }
        let id = self.target.add_stream(form, content, true);
        Ok(ImportedForm { id, width, height })
    }
}

/// The matrix that puts the page's box upright at the origin, and the size it then has. `/Rotate` turns clockwise.
fn upright(page: &Page) -> ([f64; 6], f64, f64) {
    let b = page.media_box;
    let (w, h) = (b.width(), b.height());
    match page.rotate {
        90 => ([0.0, -1.0, 1.0, 0.0, -b.y0, b.x1], h, w),
        180 => ([-1.0, 0.0, 0.0, -1.0, b.x1, b.y1], w, h),
        270 => ([0.0, 1.0, -1.0, 0.0, b.y1, -b.x0], h, w),
        _ => ([1.0, 0.0, 0.0, 1.0, -b.x0, -b.y0], w, h),
    }
}
