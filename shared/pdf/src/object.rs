//! The eight kinds of objects of ISO 32000-2 clause 7.3, and references.

use std::fmt;
use std::ops::Range;

/// Number and generation of an indirect object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjId {
    /// Object number.
    pub num: u32,
    /// Generation number.
    pub generation: u16,
}

impl ObjId {
    /// `num` `generation` `R`.
    #[must_use]
    pub const fn new(num: u32, generation: u16) -> Self {
        ObjId { num, generation }
    }
}

impl fmt::Display for ObjId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.num, self.generation)
    }
}

/// A string; how it was written matters only for writing it again.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PdfString {
    /// Decoded bytes.
    pub bytes: Vec<u8>,
    /// Written as `<…>` and not as `(…)`.
    pub hex: bool,
}

/// A PDF object.
#[derive(Debug, Clone, PartialEq)]
pub enum Object {
    /// `null`; also what an undefined reference resolves to.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer.
    Integer(i64),
    /// A real.
    Real(f64),
    /// A name, `#xx` decoded, without the slash.
    Name(Vec<u8>),
    /// A string.
    String(PdfString),
    /// An array.
    Array(Vec<Object>),
    /// A dictionary.
    Dict(Dict),
    /// A stream (only as a whole indirect object).
    Stream(Box<Stream>),
    /// An indirect reference.
    Ref(ObjId),
    /// For writers only: bytes that go out as they are (placeholders to be patched). No reader makes it.
    Raw(Vec<u8>),
}

impl Object {
    /// A name.
    #[must_use]
    pub fn name(text: &str) -> Object {
        Object::Name(text.as_bytes().to_vec())
    }

    /// A literal string of these bytes. For human text use [`crate::encode_text`] first.
    #[must_use]
    pub fn string(bytes: impl Into<Vec<u8>>) -> Object {
        Object::String(PdfString { bytes: bytes.into(), hex: false })
    }

    /// A hexadecimal string of these bytes.
    #[must_use]
    pub fn hex(bytes: impl Into<Vec<u8>>) -> Object {
        Object::String(PdfString { bytes: bytes.into(), hex: true })
    }

    /// The integer, if it is one.
    #[must_use]
    pub fn as_int(&self) -> Option<i64> {
        if let Object::Integer(value) = self { Some(*value) } else { None }
    }

    /// The number, integer or real.
    #[must_use]
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Object::Integer(value) => Some(*value as f64),
            Object::Real(value) => Some(*value),
            _ => None,
        }
    }

    /// The boolean, if it is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        if let Object::Bool(value) = self { Some(*value) } else { None }
    }

    /// The name's bytes.
    #[must_use]
    pub fn as_name(&self) -> Option<&[u8]> {
        if let Object::Name(value) = self { Some(value) } else { None }
    }

    /// The string's bytes.
    #[must_use]
    pub fn as_string(&self) -> Option<&[u8]> {
        if let Object::String(value) = self { Some(&value.bytes) } else { None }
    }

    /// The array.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Object]> {
        if let Object::Array(value) = self { Some(value) } else { None }
    }

    /// The dictionary; for a stream its dictionary.
    #[must_use]
    pub fn as_dict(&self) -> Option<&Dict> {
        match self {
            Object::Dict(value) => Some(value),
            Object::Stream(value) => Some(&value.dict),
            _ => None,
        }
    }

    /// The dictionary, where it is not that of a stream: a stream is another kind of object, even with the same keys (clause 7.3.8.1).
    #[must_use]
    pub fn as_plain_dict(&self) -> Option<&Dict> {
        if let Object::Dict(value) = self { Some(value) } else { None }
    }

    /// The stream.
    #[must_use]
    pub fn as_stream(&self) -> Option<&Stream> {
        if let Object::Stream(value) = self { Some(value) } else { None }
    }

    /// The reference.
    #[must_use]
    pub fn as_ref_id(&self) -> Option<ObjId> {
        if let Object::Ref(value) = self { Some(*value) } else { None }
    }

    /// Is it `null`?
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Object::Null)
    }
}

impl From<i64> for Object {
    fn from(value: i64) -> Self {
        Object::Integer(value)
    }
}

impl From<f64> for Object {
    fn from(value: f64) -> Self {
        Object::Real(value)
    }
}

impl From<bool> for Object {
    fn from(value: bool) -> Self {
        Object::Bool(value)
    }
}

impl From<ObjId> for Object {
    fn from(value: ObjId) -> Self {
        Object::Ref(value)
    }
}

impl From<Dict> for Object {
    fn from(value: Dict) -> Self {
        Object::Dict(value)
    }
}

impl From<Vec<Object>> for Object {
    fn from(value: Vec<Object>) -> Self {
        Object::Array(value)
    }
}

/// Above this many entries a dictionary keeps a sorted index, so that lookups stay cheap in hostile dictionaries.
const INDEXED_FROM: usize = 16;

#[derive(Debug, Clone, Default)]
struct Inner {
    entries: Vec<(Vec<u8>, Object)>,
    /// Positions of `entries` in the order of their keys; empty while there are few.
    sorted: Vec<u32>,
    duplicate: bool,
}

/// A dictionary that keeps the order of its keys and remembers whether a key came twice.
#[derive(Debug, Clone, Default)]
pub struct Dict(Box<Inner>);

impl PartialEq for Dict {
    fn eq(&self, other: &Self) -> bool {
        self.0.entries == other.0.entries
    }
}

impl Dict {
    /// An empty dictionary.
    #[must_use]
    pub fn new() -> Self {
        Dict::default()
    }

    fn position(&self, key: &[u8]) -> Result<usize, usize> {
        let inner = &*self.0;
        if inner.sorted.is_empty() {
            return inner.entries.iter().position(|(k, _)| k == key).ok_or(0);
        }
        let found = inner.sorted.binary_search_by(|&at| {
            let entry = inner.entries.get(at as usize).map_or(&[][..], |(k, _)| k.as_slice());
            entry.cmp(key)
        })?;
        inner.sorted.get(found).map(|&at| at as usize).ok_or(found)
    }

    /// The value of the key, unresolved. With duplicate keys the last one.
    #[must_use]
    pub fn get(&self, key: &[u8]) -> Option<&Object> {
        let at = self.position(key).ok()?;
        self.0.entries.get(at).map(|(_, value)| value)
    }

    /// Sets a key, in place where it exists, otherwise at the end.
    pub fn set(&mut self, key: impl Into<Vec<u8>>, value: impl Into<Object>) {
        self.put(key.into(), value.into());
    }

    /// Chainable [`Dict::set`].
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Object>) -> Self {
        self.set(key, value);
        self
    }

    /// As `set`; tells whether the key was there. The reader uses it to notice duplicates.
    pub(crate) fn put(&mut self, key: Vec<u8>, value: Object) -> bool {
        match self.position(&key) {
            Ok(at) => {
                if let Some(entry) = self.0.entries.get_mut(at) {
                    entry.1 = value;
                }
                true
            }
            Err(at) => {
                let inner = &mut *self.0;
                let new = u32::try_from(inner.entries.len()).unwrap_or(u32::MAX);
                inner.entries.push((key, value));
                if !inner.sorted.is_empty() {
                    inner.sorted.insert(at, new);
                } else if inner.entries.len() > INDEXED_FROM {
                    self.index();
                }
                false
            }
        }
    }

    fn index(&mut self) {
        let inner = &mut *self.0;
        let mut sorted: Vec<u32> = (0..u32::try_from(inner.entries.len()).unwrap_or(u32::MAX)).collect();
        let entries = &inner.entries;
        sorted.sort_by(|a, b| {
            let key = |at: &u32| entries.get(*at as usize).map(|(k, _)| k);
            key(a).cmp(&key(b))
        });
        inner.sorted = sorted;
    }

    pub(crate) fn mark_duplicate(&mut self) {
        self.0.duplicate = true;
    }

    /// Removes a key and returns its value.
    pub fn remove(&mut self, key: &[u8]) -> Option<Object> {
        let at = self.position(key).ok()?;
        let (_, value) = self.0.entries.remove(at);
        if self.0.entries.len() > INDEXED_FROM {
            self.index();
        } else {
            self.0.sorted.clear();
        }
        Some(value)
    }

    /// Did the text name a key twice?
    #[must_use]
    pub fn has_duplicates(&self) -> bool {
        self.0.duplicate
    }

    /// Keys and values in the order of the text.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &Object)> {
        self.0.entries.iter().map(|(key, value)| (key.as_slice(), value))
    }

    /// As [`Dict::iter`], to change values in place.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (&[u8], &mut Object)> {
        self.0.entries.iter_mut().map(|(key, value)| (key.as_slice(), value))
    }

    /// Number of keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.entries.len()
    }

    /// No keys?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.entries.is_empty()
    }

    /// Does it have the key?
    #[must_use]
    pub fn contains(&self, key: &[u8]) -> bool {
        self.position(key).is_ok()
    }

    /// The key's direct name.
    #[must_use]
    pub fn name(&self, key: &[u8]) -> Option<&[u8]> {
        self.get(key).and_then(Object::as_name)
    }

    /// The key's direct integer.
    #[must_use]
    pub fn int(&self, key: &[u8]) -> Option<i64> {
        self.get(key).and_then(Object::as_int)
    }

    /// The key's direct string.
    #[must_use]
    pub fn string(&self, key: &[u8]) -> Option<&[u8]> {
        self.get(key).and_then(Object::as_string)
    }

    /// The key's direct array.
    #[must_use]
    pub fn array(&self, key: &[u8]) -> Option<&[Object]> {
        self.get(key).and_then(Object::as_array)
    }

    /// The key's direct dictionary.
    #[must_use]
    pub fn dict(&self, key: &[u8]) -> Option<&Dict> {
        match self.get(key) {
            Some(Object::Dict(dict)) => Some(dict),
            _ => None,
        }
    }

    /// The key's reference.
    #[must_use]
    pub fn reference(&self, key: &[u8]) -> Option<ObjId> {
        self.get(key).and_then(Object::as_ref_id)
    }

    /// Is `/Type` this name?
    #[must_use]
    pub fn is_type(&self, name: &[u8]) -> bool {
        self.name(b"Type") == Some(name)
    }
}

impl<'d> IntoIterator for &'d Dict {
    type Item = (&'d [u8], &'d Object);
    type IntoIter = std::vec::IntoIter<(&'d [u8], &'d Object)>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter().collect::<Vec<_>>().into_iter()
    }
}

/// Where a stream's encoded bytes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamData {
    /// In the file the object was read from.
    InFile(Range<usize>),
    /// In memory (made by a writer).
    Owned(Vec<u8>),
}

impl StreamData {
    /// How many bytes they are.
    pub(crate) fn len(&self) -> usize {
        match self {
            StreamData::InFile(range) => range.len(),
            StreamData::Owned(bytes) => bytes.len(),
        }
    }
}

/// A stream: dictionary and encoded bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Stream {
    /// The stream's dictionary.
    pub dict: Dict,
    /// The encoded bytes.
    pub data: StreamData,
}
