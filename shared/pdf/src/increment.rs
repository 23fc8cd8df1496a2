//! The incremental writer: appends a revision and leaves every byte before it alone (ISO 32000-2 clause 7.5.6).

use std::collections::BTreeMap;
use std::ops::Range;

use crate::error::Error;
use crate::filters::{Deflater, encode_flate};
use crate::object::{Dict, ObjId, Object, Stream, StreamData};
use crate::reader::Document;
use crate::revision::XrefKind;
use crate::write::Writer;

/// A revision being made. Nothing is written before [`Increment::finish`].
#[derive(Debug)]
pub struct Increment {
    next: u32,
    objects: BTreeMap<ObjId, Object>,
    deflater: Deflater,
}

/// A finished revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// Length of the file before.
    pub base_len: usize,
    /// What is to be appended to it (begins with an end-of-line where the file lacks one).
    pub tail: Vec<u8>,
    /// For each written object where it stands in the whole file, from its number to after `endobj`.
    pub offsets: BTreeMap<ObjId, Range<usize>>,
    /// For each written object where its [`Object::Raw`] values stand in the whole file, in the order of the text.
    pub raws: BTreeMap<ObjId, Vec<Range<usize>>>,
}

impl Finished {
    /// Base and tail together. `base` must be the bytes the revision was made on.
    #[must_use]
    pub fn whole(&self, base: &[u8]) -> Vec<u8> {
        let mut whole = Vec::with_capacity(base.len() + self.tail.len());
        whole.extend_from_slice(base);
        whole.extend_from_slice(&self.tail);
        whole
    }

    /// Length of the whole file.
    #[must_use]
    pub fn whole_len(&self) -> usize {
        self.base_len + self.tail.len()
    }

    /// Overwrites bytes of the tail at an offset of the whole file; `false` where that is not wholly inside the tail.
    pub fn patch(&mut self, at: usize, bytes: &[u8]) -> bool {
        let Some(start) = at.checked_sub(self.base_len) else { return false };
        let place = start.checked_add(bytes.len()).and_then(|end| self.tail.get_mut(start..end));
        let Some(place) = place else { return false };
        place.copy_from_slice(bytes);
        true
    }
}

impl Increment {
    /// Begins a revision on the newest view of a document.
    ///
    /// # Errors
    /// Encrypted documents, an older view, bytes before the header.
    pub fn new(document: &Document<'_>) -> Result<Increment, Error> {
        updatable(document)?;
        let (next, objects) = (document.next_number().max(1), BTreeMap::new());
        Ok(Increment { next, objects, deflater: Deflater::default() })
    }

    /// A fresh object number, generation 0.
    pub fn allocate(&mut self) -> ObjId {
        let id = ObjId::new(self.next, 0);
        self.next = self.next.saturating_add(1);
        id
    }

    /// Defines an object: a new one, or a new value for an existing one.
    pub fn set(&mut self, id: ObjId, object: impl Into<Object>) {
        self.objects.insert(id, object.into());
    }

    /// Allocates and defines.
    pub fn add(&mut self, object: impl Into<Object>) -> ObjId {
        let id = self.allocate();
        self.set(id, object);
        id
    }

    /// Defines a stream; `compress` deflates it and sets `/Filter`. `/Length` is set by `finish`.
    pub fn set_stream(&mut self, id: ObjId, mut dict: Dict, bytes: Vec<u8>, compress: bool) {
        let bytes = if compress {
            dict.set("Filter", Object::name("FlateDecode"));
            dict.remove(b"DecodeParms");
            self.deflater.deflate(&bytes)
        } else {
            bytes
        };
        self.set(id, Object::Stream(Box::new(Stream { dict, data: StreamData::Owned(bytes) })));
    }

    /// Allocates and defines a stream.
    pub fn add_stream(&mut self, dict: Dict, bytes: Vec<u8>, compress: bool) -> ObjId {
        let id = self.allocate();
        self.set_stream(id, dict, bytes, compress);
        id
    }

    /// What has been defined so far under this id.
    #[must_use]
    pub fn get(&self, id: ObjId) -> Option<&Object> {
        self.objects.get(&id)
    }

    /// Writes the revision. `document` is the one it was begun on. `second_id` becomes the second element of `/ID` (the first stays; where
    /// there is none both are `second_id`); `None` keeps `/ID` as it is. The section is a table where the newest one is a table or a
    /// hybrid, a stream where it is a stream.
    ///
    /// # Errors
    /// A document that cannot be updated, more than 4 GiB.
    pub fn finish(self, document: &Document<'_>, second_id: Option<&[u8]>) -> Result<Finished, Error> {
        updatable(document)?;
        let newest = document.revisions().last().ok_or(Error::NotUpdatable("no revision"))?;
        let base_len = document.file_len();
        let mut writer = Writer::default();
        if !matches!(document.bytes(base_len.saturating_sub(1)..base_len)?.as_ref(), [b'\n' | b'\r']) {
            writer.out.push(b'\n');
        }
        let mut made = Finished { base_len, tail: Vec::new(), offsets: BTreeMap::new(), raws: BTreeMap::new() };
        for (id, object) in &self.objects {
            let start = writer.out.len();
            writer.text(&format!("{} {} obj\n", id.num, id.generation));
            body(&mut writer, document, object)?;
            writer.text("\nendobj");
            made.offsets.insert(*id, base_len + start..base_len + writer.out.len());
            writer.out.push(b'\n');
            let raws: Vec<_> = writer.raws.drain(..).map(|r| base_len + r.start..base_len + r.end).collect();
            if !raws.is_empty() {
                made.raws.insert(*id, raws);
            }
        }
        let prev = i64::try_from(newest.xref_offset).map_err(|_| Error::NotUpdatable("too large"))?;
        let trailer = trailer(document, prev, second_id);
        let section = base_len + writer.out.len();
        if u32::try_from(section).is_err() {
            return Err(Error::NotUpdatable("too large"));
        }
        match newest.kind {
            XrefKind::Table | XrefKind::Hybrid => table(&mut writer, &made.offsets, trailer, self.next),
            XrefKind::Stream => stream(&mut writer, &made.offsets, trailer, self.next, section),
        }
        writer.text(&format!("startxref\n{section}\n%%EOF\n"));
        made.tail = writer.out;
        Ok(made)
    }
}

fn updatable(document: &Document<'_>) -> Result<(), Error> {
    if document.is_encrypted() {
        return Err(Error::Encrypted);
    }
    if document.is_older_view() {
        return Err(Error::NotUpdatable("not the newest revision"));
    }
    if document.header_offset() > 0 {
        return Err(Error::NotUpdatable("bytes before the header"));
    }
    Ok(())
}

fn body(writer: &mut Writer, document: &Document<'_>, object: &Object) -> Result<(), Error> {
    let Object::Stream(stream) = object else {
        writer.object(object);
        return Ok(());
    };
    let bytes = document.stream_raw(stream)?;
    let length = i64::try_from(bytes.len()).map_err(|_| Error::NotUpdatable("too large"))?;
    let mut dict = stream.dict.clone();
    dict.set("Length", length);
    writer.dict(&dict);
    writer.stream_data(&bytes);
    Ok(())
}

/// What every trailer has: `/Root`, `/Info`, `/ID`, `/Prev`; without `/Size`.
fn trailer(document: &Document<'_>, prev: i64, second_id: Option<&[u8]>) -> Dict {
    let old = document.trailer();
    let mut dict = Dict::new();
    for key in ["Root", "Info"] {
        if let Some(value) = old.get(key.as_bytes()) {
            dict.set(key, value.clone());
        }
    }
    let ids = document.get(old, b"ID").ok().and_then(Object::as_array).unwrap_or_default();
    let first = ids.first().and_then(Object::as_string);
    let second = second_id.or_else(|| ids.get(1).and_then(Object::as_string));
    if let Some(second) = second {
        dict.set("ID", vec![Object::hex(first.unwrap_or(second)), Object::hex(second)]);
    }
    dict.set("Prev", prev);
    dict
}

/// Runs of consecutive numbers.
fn runs(offsets: &BTreeMap<ObjId, Range<usize>>) -> Vec<Vec<(ObjId, usize)>> {
    let mut runs: Vec<Vec<(ObjId, usize)>> = Vec::new();
    for (id, range) in offsets {
        match runs.last_mut() {
            Some(run) if run.last().is_some_and(|(last, _)| last.num.checked_add(1) == Some(id.num)) => {
                run.push((*id, range.start));
            }
            _ => runs.push(vec![(*id, range.start)]),
        }
    }
    runs
}

fn table(writer: &mut Writer, offsets: &BTreeMap<ObjId, Range<usize>>, mut trailer: Dict, size: u32) {
    writer.text("xref\n");
    for run in runs(offsets) {
        let first = run.first().map_or(0, |(id, _)| id.num);
        writer.text(&format!("{first} {}\n", run.len()));
        for (id, offset) in run {
            // Exactly 20 bytes an entry (clause 7.5.4).
            writer.text(&format!("{offset:010} {:05} n \n", id.generation));
        }
    }
    trailer.set("Size", i64::from(size));
    writer.text("trailer\n");
    writer.dict(&trailer);
    writer.out.push(b'\n');
}

fn stream(writer: &mut Writer, offsets: &BTreeMap<ObjId, Range<usize>>, mut trailer: Dict, next: u32, section: usize) {
    let own = ObjId::new(next, 0);
    let mut all = offsets.clone();
    all.insert(own, section..section);
    let mut index = Vec::new();
    let mut rows: Vec<u8> = Vec::with_capacity(all.len() * 7);
    for run in runs(&all) {
        let first = run.first().map_or(0, |(id, _)| id.num);
        index.extend([Object::Integer(first.into()), Object::Integer(run.len() as i64)]);
        for (id, offset) in run {
            rows.push(1);
            rows.extend(u32::try_from(offset).unwrap_or(u32::MAX).to_be_bytes());
            rows.extend(id.generation.to_be_bytes());
        }
    }
    let data = encode_flate(&rows);
    trailer.set("Type", Object::name("XRef"));
    trailer.set("Size", i64::from(next.saturating_add(1)));
    trailer.set("Index", index);
    trailer.set("W", [1, 4, 2].map(Object::Integer).to_vec());
    trailer.set("Filter", Object::name("FlateDecode"));
    trailer.set("Length", data.len() as i64);
    writer.text(&format!("{} 0 obj\n", own.num));
    writer.dict(&trailer);
    writer.stream_data(&data);
    writer.text("\nendobj\n");
}
