//! The document: opened by its cross-reference, parsed lazily, seen as of any revision.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::crypt::Cipher;
use crate::error::{Error, Finding, FindingKind, LimitKind};
use crate::filters::Step;
use crate::lexer::{Window, at};
use crate::limits::Limits;
use crate::load::header_end;
use crate::object::{Dict, ObjId, Object, Stream, StreamData};
use crate::objstm::StreamCache;
use crate::parser::{Budget, ValueSpan};
use crate::revision::{self, Definition, History, Location, Revision, XrefEntry};
use crate::scan;
use crate::source::{Source, Text};
use crate::survey::{self, Survey};
use crate::xref::{self, Env};

/// References followed in a row before it is a loop.
const CHAIN: usize = 32;
pub(crate) static NULL: Object = Object::Null;

#[derive(Debug)]
pub(crate) struct Shared<'a> {
    pub(crate) env: Env<'a>,
    header: usize,
    version: (u8, u8),
    pub(crate) history: History,
    pub(crate) encrypted: bool,
    /// Opened by the empty password.
    pub(crate) cipher: Option<Cipher>,
    /// Put together by scanning; was there a choice?
    rebuilt: Option<bool>,
    pub(crate) streams: Mutex<StreamCache>,
    /// Plain definitions by where they stand.
    pub(crate) by_offset: OnceLock<Vec<(usize, u32)>>,
    /// What a pass over the whole file found.
    pub(crate) survey: OnceLock<Result<Survey, Error>>,
}

/// A view of a PDF file. Cheap to clone; views share what has been parsed.
#[derive(Debug, Clone)]
pub struct Document<'a> {
    shared: Arc<Shared<'a>>,
    /// Revisions above this one do not exist in this view.
    view: usize,
    /// What only the streams of hybrid sections list does not exist in this view.
    shown_only: bool,
}

impl<'a> Document<'a> {
    /// Reads header, cross-reference chain and trailers; objects are parsed when asked for.
    ///
    /// # Errors
    /// No header, no usable cross-reference, limits.
    pub fn open(bytes: &'a [u8], limits: &Limits) -> Result<Document<'a>, Error> {
        Document::open_text(Text::Whole(bytes), limits)
    }

    /// As [`Document::open`] for a file that is not in memory: it sees the same, and never holds more than a few windows of it.
    ///
    /// # Errors
    /// As [`Document::open`]; an object that is longer than 32 MiB without its data; bytes that cannot be had.
    pub fn open_source(source: &'a dyn Source, limits: &Limits) -> Result<Document<'a>, Error> {
        Document::open_text(Text::windows(source), limits)
    }

    fn open_text(text: Text<'a>, limits: &Limits) -> Result<Document<'a>, Error> {
        let (mut env, header) = environment(text, limits)?;
        let startxref = revision::last_startxref(&env)?.ok_or(Error::NoStartxref)?;
        if header > 0 {
            env.note(FindingKind::JunkBeforeHeader, 0, None);
            let moved = startxref.saturating_add(header);
            if xref::may_begin(&env, startxref)? && xref::may_begin(&env, moved)? {
                env.note(FindingKind::TwoBases, env.text.len().saturating_sub(1), None);
            }
            if !xref::begins(&env, startxref)? && xref::begins(&env, moved)? {
                env.base = header;
                env.note(FindingKind::OffsetsFromHeader, header, None);
            }
        }
        let history = revision::read(&env, startxref.saturating_add(env.base))?;
        Document::new(env, header, history, None)
    }

    /// Opens a file whose cross-reference is of no use, as viewers do that look for objects: the newest definition of each number counts, all
    /// in one revision. Such a file is never read otherwise than by [`Document::open`] where that can read it.
    ///
    /// # Errors
    /// No header, no catalog, limits.
    pub fn rebuild(bytes: &'a [u8], limits: &Limits) -> Result<Document<'a>, Error> {
        Document::rebuild_text(Text::Whole(bytes), limits)
    }

    /// As [`Document::rebuild`] for a file that is not in memory.
    ///
    /// # Errors
    /// As [`Document::rebuild`] and [`Document::open_source`].
    pub fn rebuild_source(source: &'a dyn Source, limits: &Limits) -> Result<Document<'a>, Error> {
        Document::rebuild_text(Text::windows(source), limits)
    }

    fn rebuild_text(text: Text<'a>, limits: &Limits) -> Result<Document<'a>, Error> {
        let (env, header) = environment(text, limits)?;
        let scan::Rebuilt { history, ambiguous } = scan::rebuild(&env)?;
        Document::new(env, header, history, Some(ambiguous))
    }

    fn new(env: Env<'a>, header: usize, history: History, rebuilt: Option<bool>) -> Result<Document<'a>, Error> {
        let view = history.revisions.len().checked_sub(1).ok_or(Error::NoStartxref)?;
        let version = env.look(header, |window| version(window, header))?;
        let encrypted = history.revisions.iter().any(|r| r.trailer.get(b"Encrypt").is_some_and(|v| !v.is_null()));
        let (streams, by_offset, survey) = (Mutex::default(), OnceLock::new(), OnceLock::new());
        let cipher = None;
        let mut shared =
            Shared { env, header, version, history, encrypted, cipher, rebuilt, streams, by_offset, survey };
        if encrypted {
            shared.cipher = shared.open_cipher(view);
        }
        Ok(Document { shared: Arc::new(shared), view, shown_only: false })
    }

    /// Was it opened by [`Document::rebuild`], and if so, could it have been put together otherwise too?
    #[must_use]
    pub fn rebuilt(&self) -> Option<bool> {
        self.shared.rebuilt
    }

    pub(crate) fn shared(&self) -> &Shared<'a> {
        &self.shared
    }

    /// The file as of a revision, also one that this view does not have.
    pub(crate) fn at_any_revision(&self, n: usize) -> Document<'a> {
        let view = n.min(self.shared.history.revisions.len().saturating_sub(1));
        Document { shared: Arc::clone(&self.shared), view, shown_only: self.shown_only }
    }

    /// Length of the whole file, whatever the view.
    #[must_use]
    pub fn file_len(&self) -> usize {
        self.shared.env.text.len()
    }

    /// Some bytes of the whole file; those behind its end are left out.
    ///
    /// # Errors
    /// Bytes that cannot be had; more than 32 MiB of a file that is not in memory.
    pub fn bytes(&self, range: Range<usize>) -> Result<Cow<'_, [u8]>, Error> {
        self.shared.env.text.bytes(range)
    }

    /// Goes over the whole file once, in order, piece by piece. What else needs such a pass ([`Document::readings`]) is found on the way.
    ///
    /// # Errors
    /// Bytes that cannot be had.
    pub fn pass(&self, mut each: impl FnMut(&[u8])) -> Result<(), Error> {
        let shared = &self.shared;
        if shared.env.text.whole().is_some() || shared.survey.get().is_some() {
            return shared.env.text.pass(0..self.file_len(), 0, |_, _, chunk| {
                each(chunk);
                Ok(true)
            });
        }
        // A second thread may have been first; it saw the same.
        let _ = shared.survey.set(Ok(survey::survey(&shared.env, &shared.quiet(), each)?));
        Ok(())
    }

    /// Where a word first stands wholly within a range of the file.
    ///
    /// # Errors
    /// Bytes that cannot be had.
    pub fn find_bytes(&self, word: &[u8], range: Range<usize>) -> Result<Option<usize>, Error> {
        self.shared.env.text.find(word, range)
    }

    /// Is there nothing but white space (ISO 32000-2 table 1) in a range of the file?
    ///
    /// # Errors
    /// Bytes that cannot be had.
    pub fn is_blank(&self, range: Range<usize>) -> Result<bool, Error> {
        self.shared.env.text.is_blank(range)
    }

    /// Is there nothing but white space and comments in a range of the file, and no comment that begins as a file does?
    ///
    /// # Errors
    /// Bytes that cannot be had.
    pub fn is_filler(&self, range: Range<usize>) -> Result<bool, Error> {
        self.shared.env.text.is_filler(range, true)
    }

    /// The limits it was opened with.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.shared.env.limits
    }

    /// Offset of `%PDF-`.
    #[must_use]
    pub fn header_offset(&self) -> usize {
        self.shared.header
    }

    /// What offsets written in the file count from: 0, or the header's offset.
    #[must_use]
    pub fn offset_base(&self) -> usize {
        self.shared.env.base
    }

    /// Version of the header (not of the catalog), such as (1, 7).
    #[must_use]
    pub fn version(&self) -> (u8, u8) {
        self.shared.version
    }

    /// Does a trailer of the file name `/Encrypt`? Strings and streams are read where the empty password opens it.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.shared.encrypted
    }

    /// Is it encrypted and not opened by the empty password? Then strings and streams are as they are written.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.shared.encrypted && self.shared.cipher.is_none()
    }

    /// Is the first revision linearized (its two sections were merged)?
    #[must_use]
    pub fn is_linearized(&self) -> bool {
        self.shared.history.linearized
    }

    /// The number of the first page by the linearization dictionary (annex F), where the file begins with one that names it.
    #[must_use]
    pub fn linearized_page(&self) -> Option<u32> {
        self.shared.history.linearization?.page
    }

    /// What was tolerated so far, sorted, at most 4,000 and one that says that there were more. Parsing more objects can add more.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        self.shared.env.findings.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }

    /// The trailer of the newest revision in this view.
    #[must_use]
    pub fn trailer(&self) -> &Dict {
        static EMPTY: std::sync::LazyLock<Dict> = std::sync::LazyLock::new(Dict::new);
        self.shared.history.revisions.get(self.view).map_or(&EMPTY, |revision| &revision.trailer)
    }

    /// Where `/Root` points.
    ///
    /// # Errors
    /// No such reference.
    pub fn catalog_id(&self) -> Result<ObjId, Error> {
        self.trailer().reference(b"Root").ok_or(Error::Structure("no /Root"))
    }

    /// The catalog.
    ///
    /// # Errors
    /// Missing or unreadable.
    pub fn catalog(&self) -> Result<&Dict, Error> {
        match self.object(self.catalog_id()?)? {
            Object::Dict(dict) => Ok(dict),
            _ => Err(Error::Structure("no catalog")),
        }
    }

    /// The object as of this view; `Null` where it is free or not defined, or defined with another generation.
    ///
    /// # Errors
    /// Unreadable, limits.
    pub fn object(&self, id: ObjId) -> Result<&Object, Error> {
        match self.find(id.num) {
            Some(definition) => self.shared.value(definition, Some(id.generation)),
            None => Ok(&NULL),
        }
    }

    /// Follows references (at most 32 in a row) to a value.
    ///
    /// # Errors
    /// As [`Document::object`].
    pub fn resolve<'o>(&'o self, object: &'o Object) -> Result<&'o Object, Error> {
        let mut object = object;
        for _ in 0..CHAIN {
            let Object::Ref(id) = object else { return Ok(object) };
            object = self.object(*id)?;
        }
        Err(Error::Structure("references in a loop"))
    }

    /// The key's value, resolved; `Null` where the key is missing.
    ///
    /// # Errors
    /// As [`Document::object`].
    pub fn get<'o>(&'o self, dict: &'o Dict, key: &[u8]) -> Result<&'o Object, Error> {
        dict.get(key).map_or(Ok(&NULL), |value| self.resolve(value))
    }

    fn definition(&self, id: ObjId) -> Option<&Definition> {
        self.shared.history.definitions.get(self.find(id.num)?)
    }

    fn find(&self, num: u32) -> Option<u32> {
        let definitions = &self.shared.history.definitions;
        if self.shown_only { definitions.find_shown(num, self.view) } else { definitions.find(num, self.view) }
    }

    /// Where the object is defined in this view; `None` where it never was (a free entry is `Some(Free)`).
    #[must_use]
    pub fn location(&self, id: ObjId) -> Option<Location> {
        self.definition(id).map(|definition| definition.location)
    }

    /// In which revision the definition seen in this view was made.
    #[must_use]
    pub fn defined_in(&self, id: ObjId) -> Option<usize> {
        self.definition(id).map(|definition| usize::from(definition.revision))
    }

    /// Value of a number in this view, whatever its generation; for comparing revisions.
    pub(crate) fn value_of(&self, num: u32) -> Result<&Object, Error> {
        match self.find(num) {
            Some(definition) => self.shared.value(definition, None),
            None => Ok(&NULL),
        }
    }

    /// Which definition counts for a number in this view.
    pub(crate) fn definition_at(&self, num: u32) -> Option<(u32, &Definition)> {
        let found = self.find(num)?;
        Some((found, self.shared.history.definitions.get(found)?))
    }

    /// Charges for a copy of a value that a hostile file could have made many times: by references one text of a file is written as often as
    /// it has room for them.
    ///
    /// # Errors
    /// The file has been copied from more than it may be.
    pub fn charge(&self, object: &Object) -> Result<(), Error> {
        let mut work = vec![object];
        while let Some(object) = work.pop() {
            self.shared.env.budget.take_values(1 + object.as_string().map_or(0, <[u8]>::len) / 64)?;
            match object {
                Object::Array(items) => work.extend(items),
                other => work.extend(other.as_dict().into_iter().flat_map(Dict::iter).map(|(_, value)| value)),
            }
        }
        Ok(())
    }

    /// From the object's number to after its `endobj`; `None` for objects in object streams.
    #[must_use]
    pub fn object_span(&self, id: ObjId) -> Option<Range<usize>> {
        self.plain_offset(id)?;
        self.shared.span(self.definition_at(id.num)?.0)
    }

    /// Bytes of the whole file that belong to no object of any revision, no cross-reference section, no end mark, and are neither white
    /// space nor comment. Reads every object; one that cannot be read does not account for its bytes.
    ///
    /// # Errors
    /// Limits.
    pub fn unaccounted(&self) -> Result<Vec<Range<usize>>, Error> {
        let shared = &self.shared;
        let mut spans = shared.history.spans.clone();
        for (n, definition) in shared.history.definitions.all.iter().enumerate() {
            let n = u32::try_from(n).map_err(|_| Error::Limit(LimitKind::Objects))?;
            match shared.value(n, None) {
                Err(limit @ Error::Limit(_)) => return Err(limit),
                Ok(_) if matches!(definition.location, Location::Offset(_)) => spans.extend(shared.span(n)),
                _ => {}
            }
        }
        spans.sort_by_key(|span| (span.start, span.end));
        let mut gaps = Vec::new();
        let mut done = 0;
        let end = self.file_len();
        for span in spans.into_iter().chain(std::iter::once(end..end)) {
            if span.start > done && !shared.env.text.is_filler(done..span.start, false)? {
                gaps.push(done..span.start);
            }
            done = done.max(span.end);
        }
        Ok(gaps)
    }

    fn plain_offset(&self, id: ObjId) -> Option<usize> {
        let definition = self.definition(id)?;
        match definition.location {
            Location::Offset(offset) if definition.generation == id.generation => Some(offset),
            _ => None,
        }
    }

    /// Where the value of a top-level key of the object's dictionary stands in the file, without white space around it.
    #[must_use]
    pub fn dict_value_span(&self, id: ObjId, key: &[u8]) -> Option<Range<usize>> {
        self.nested_value_span(id, &[key])
    }

    /// As [`Document::dict_value_span`] for a path of keys through direct dictionaries.
    #[must_use]
    pub fn nested_value_span(&self, id: ObjId, path: &[&[u8]]) -> Option<Range<usize>> {
        let env = &self.shared.env;
        let offset = self.plain_offset(id)?;
        let body = env.look(offset, |window| header_end(env, window, offset, id.num)).ok()??;
        let mut pos = body;
        let mut found = None;
        for key in path {
            let spans = env.look(pos, |window| {
                let mut spans: Vec<ValueSpan> = Vec::new();
                env.parser(window, pos).dict(Some(&mut spans)).ok().map(|_| spans)
            });
            let (_, span) = spans.ok()??.into_iter().rfind(|(name, _)| name == key)?;
            pos = span.start;
            found = Some(span);
        }
        found
    }

    /// Where the object's `/Contents` hexadecimal string stands: from `<` to after `>`.
    #[must_use]
    pub fn contents_span(&self, id: ObjId) -> Option<Range<usize>> {
        self.dict_value_span(id, b"Contents").filter(|span| self.is_hex(span.start))
    }

    /// The dictionary of an object, or one that begins at `start` within it: where it stands, and where its values do.
    pub(crate) fn dict_spans(&self, id: ObjId, start: Option<usize>) -> Option<(Range<usize>, Vec<ValueSpan>)> {
        let env = &self.shared.env;
        let offset = self.plain_offset(id)?;
        let body = env.look(offset, |window| header_end(env, window, offset, id.num)).ok()??;
        let start = start.unwrap_or(body);
        let read = env.look(start, |window| {
            let mut parser = env.parser(window, start);
            parser.skip_space();
            let (begin, mut spans) = (parser.pos, Vec::new());
            parser.dict(Some(&mut spans)).ok()?;
            Some((begin..parser.pos, spans))
        });
        read.ok()?
    }

    pub(crate) fn is_hex(&self, pos: usize) -> bool {
        let hex = |window: Window<'_>| at(window, pos, b"<") && !at(window, pos, b"<<");
        self.shared.env.look(pos, hex).unwrap_or(false)
    }

    /// The encoded bytes of a stream.
    ///
    /// # Errors
    /// A range that is not in this file.
    pub fn stream_raw<'s>(&'s self, stream: &'s Stream) -> Result<Cow<'s, [u8]>, Error> {
        self.shared.raw(stream)
    }

    /// Are the encoded bytes of a stream those of another stream, perhaps of another file? Neither is brought into memory. Of an encrypted file
    /// only streams of the same object number and generation are.
    ///
    /// # Errors
    /// A range that is not in its file; bytes that cannot be had.
    pub fn same_raw(&self, stream: &Stream, other: &Document<'_>, with: &Stream) -> Result<bool, Error> {
        let (one, two) = (&self.shared.env.text, &other.shared.env.text);
        self.shared.in_file(stream)?;
        other.shared.in_file(with)?;
        match (&stream.data, &with.data) {
            _ if self.same_place(stream, other, with) => Ok(true),
            // Before AES-256 the key depends on the object's number: the same octets in two objects are not the same data.
            _ if !self.shared.same_key(stream, &other.shared, with)? => Ok(false),
            _ if stream.data.len() != with.data.len() => Ok(false),
            (StreamData::InFile(range), StreamData::InFile(place)) => one.same(range, two, place),
            _ => Ok(self.stream_raw(stream)? == other.stream_raw(with)?),
        }
    }

    /// Do both streams lie in the same place, so that nothing has to be compared?
    pub(crate) fn same_place(&self, stream: &Stream, other: &Document<'_>, with: &Stream) -> bool {
        match (&stream.data, &with.data) {
            (StreamData::InFile(range), StreamData::InFile(place)) => {
                range == place && self.shared.env.text.is(&other.shared.env.text)
            }
            (StreamData::Owned(bytes), StreamData::Owned(others)) => std::ptr::eq(bytes.as_slice(), others.as_slice()),
            _ => false,
        }
    }

    /// The decoded bytes of a stream.
    ///
    /// # Errors
    /// Unsupported filters, bad data, limits.
    pub fn decode(&self, stream: &Stream) -> Result<Vec<u8>, Error> {
        let steps = self.steps(&stream.dict)?;
        self.shared.decoded(stream, &steps)
    }

    fn steps(&self, dict: &Dict) -> Result<Vec<Step>, Error> {
        if dict.contains(b"F") {
            return Err(Error::UnsupportedFilter("external file".into()));
        }
        let either = |long: &[u8], short: &[u8]| if dict.contains(long) { dict.get(long) } else { dict.get(short) };
        let names = either(b"Filter", b"\0").map_or(Ok(&NULL), |v| self.resolve(v))?;
        let parms = either(b"DecodeParms", b"DP").map_or(Ok(&NULL), |v| self.resolve(v))?;
        let names: &[Object] = match names {
            Object::Null => &[],
            Object::Array(list) => list,
            single => std::slice::from_ref(single),
        };
        if names.len() > self.limits().filters {
            return Err(Error::Limit(LimitKind::Filters));
        }
        let mut steps = Vec::with_capacity(names.len());
        for (n, name) in names.iter().enumerate() {
            let parm = match parms {
                Object::Array(list) => list.get(n).map_or(Ok(&NULL), |v| self.resolve(v))?,
                single if n == 0 => single,
                _ => &NULL,
            };
            let parm = match parm {
                Object::Null => None,
                Object::Dict(parm) => Some(parm),
                _ => return Err(Error::Structure("parameters of a filter are no dictionary")),
            };
            let name = self.resolve(name)?.as_name().ok_or(Error::Structure("filter is not a name"))?;
            steps.push(Step::new(name, parm, |value| self.resolve(value))?);
        }
        Ok(steps)
    }

    /// The revisions of this view, oldest first.
    #[must_use]
    pub fn revisions(&self) -> &[Revision] {
        self.shared.history.revisions.get(..=self.view).unwrap_or_default()
    }

    /// What a revision defines and frees, by number. Many writers list unchanged objects again: see [`Document::changed_objects`].
    #[must_use]
    pub fn entries(&self, revision: usize) -> Vec<XrefEntry> {
        let definitions = &self.shared.history.definitions;
        let range = definitions.ranges.get(revision).cloned().unwrap_or_default();
        let seen = |d: &&Definition| !(self.shown_only && d.hidden);
        let entry = |d: &Definition| XrefEntry {
            id: ObjId::new(d.num, d.generation),
            location: d.location,
            implicit: d.implicit,
        };
        definitions.all.get(range).unwrap_or_default().iter().filter(seen).map(entry).collect()
    }

    /// What stands in the file after the end of the newest revision (of the file, not of the view).
    #[must_use]
    pub fn trailing_bytes(&self) -> Range<usize> {
        let len = self.file_len();
        self.shared.history.revisions.last().map_or(len, |r| r.end).min(len)..len
    }

    /// The file as of revision `n` (from 0): later definitions do not exist.
    ///
    /// # Errors
    /// No such revision in this view.
    pub fn at_revision(&self, n: usize) -> Result<Document<'a>, Error> {
        if n > self.view {
            return Err(Error::Structure("no such revision"));
        }
        Ok(Document { shared: Arc::clone(&self.shared), view: n, shown_only: self.shown_only })
    }

    /// The file as a reader sees it that does not know hybrid sections (clause 7.5.8.4); `None` where it sees the same.
    #[must_use]
    pub fn without_hidden(&self) -> Option<Document<'a>> {
        let hides = !self.shown_only && self.shared.history.definitions.hides_something();
        hides.then(|| Document { shared: Arc::clone(&self.shared), view: self.view, shown_only: true })
    }

    /// Does this view end before the file's newest revision?
    #[must_use]
    pub fn is_older_view(&self) -> bool {
        self.view + 1 < self.shared.history.revisions.len()
    }

    /// One more than the highest object number of this view.
    #[must_use]
    pub fn next_number(&self) -> u32 {
        let definitions = &self.shared.history.definitions;
        let range = |n: usize| definitions.ranges.get(n).and_then(|r| definitions.all.get(r.clone()));
        let highest = (0..=self.view).filter_map(range).flatten().map(|d| d.num).max().unwrap_or(0);
        let size = self.trailer().int(b"Size").and_then(|v| u32::try_from(v).ok()).unwrap_or(0);
        // A boastful /Size is not followed: numbers must fit what readers accept.
        highest.saturating_add(1).max(size.min(1 << 23))
    }
}

fn environment<'a>(text: Text<'a>, limits: &Limits) -> Result<(Env<'a>, usize), Error> {
    if text.len() > limits.file_bytes {
        return Err(Error::Limit(LimitKind::FileBytes));
    }
    let header = text.find(b"%PDF-", 0..1024 + 5)?.ok_or(Error::NoHeader)?;
    let budget = Budget::new(limits, text.len());
    let findings = Mutex::new(BTreeSet::new());
    Ok((Env { text, limits: limits.clone(), budget, base: 0, findings }, header))
}

fn version(text: Window<'_>, header: usize) -> (u8, u8) {
    let digit = |pos: usize| text.get(pos).filter(u8::is_ascii_digit).map_or(0, |b| b - b'0');
    (digit(header + 5), digit(header + 7))
}
