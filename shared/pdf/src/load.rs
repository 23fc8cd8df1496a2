//! Objects are read when they are asked for: from where the cross-reference says, or from their object stream, decrypted, once.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Arc, OnceLock, PoisonError};

use crate::crypt::Cipher;
use crate::error::{Error, FindingKind};
use crate::filters::{self, Step};
use crate::lexer::{Window, skip_space, unsigned};
use crate::object::{Dict, ObjId, Object, Stream, StreamData};
use crate::objstm::ObjectStream;
use crate::reader::{NULL, Shared};
use crate::revision::{Definition, Location};
use crate::survey::{self, Header, Survey};
use crate::xref::{self, Env};

/// Stretches without a listed object that are worth a look at what they are.
const LONG: usize = 64 << 10;

/// After `num gen obj`, where that is the header of this number.
pub(crate) fn header_end(env: &Env<'_>, text: Window<'_>, offset: usize, num: u32) -> Option<usize> {
    let mut parser = env.parser(text, offset);
    parser.indirect_header().filter(|found| found.num == num)?;
    Some(parser.pos)
}

/// An object as it was read.
#[derive(Debug)]
pub(crate) struct Loaded {
    value: Result<Object, Error>,
    /// Where the text of the value ends, or the data of a stream; `None` for what stands in no place of its own.
    end: Option<usize>,
}

/// What stands behind the header of an object.
struct Written {
    value: Object,
    end: usize,
    duplicate: bool,
    /// Where the data of a stream begin.
    data: Option<usize>,
    ended: bool,
}

/// `None` for an object without a value.
fn written(env: &Env<'_>, text: Window<'_>, pos: usize) -> Result<Option<Written>, Error> {
    let mut parser = env.parser(text, pos);
    if parser.take_keyword(b"endobj") {
        return Ok(None);
    }
    let value = parser.value()?;
    let (end, duplicate) = (parser.pos, parser.duplicate);
    let data = matches!(value, Object::Dict(_)).then(|| xref::data_start(text, parser.pos)).flatten();
    let ended = data.is_none() && parser.take_keyword(b"endobj");
    Ok(Some(Written { value, end, duplicate, data, ended }))
}

impl Shared<'_> {
    pub(crate) fn value(&self, definition: u32, generation: Option<u16>) -> Result<&Object, Error> {
        let Some(found) = self.history.definitions.get(definition) else { return Ok(&NULL) };
        if found.location == Location::Free {
            return Ok(&NULL);
        }
        if let Some(wanted) = generation.filter(|g| *g != found.generation) {
            self.env.note(FindingKind::GenerationMismatch, 0, Some(ObjId::new(found.num, wanted)));
            return Ok(&NULL);
        }
        // Not `get_or_init`: reading may come back here through /Length, and the cell must not be held meanwhile.
        if found.cell.get().is_none() {
            let loaded = match self.load(found, true) {
                Ok((value, end)) => Loaded { value: Ok(value), end },
                Err(error) => Loaded { value: Err(error), end: None },
            };
            // Another thread may have been first; its value is the same.
            let _ = found.cell.set(Box::new(loaded));
        }
        found.cell.get().map_or(Ok(&NULL), |loaded| loaded.value.as_ref().map_err(Error::clone))
    }

    fn load(&self, definition: &Definition, compressed_length: bool) -> Result<(Object, Option<usize>), Error> {
        match definition.location {
            Location::Free => Ok((Object::Null, None)),
            Location::Offset(offset) => self.plain(definition, offset, compressed_length),
            Location::Compressed { container, index } => {
                let stream = self.container(container, definition.revision.into())?;
                let (value, exact, duplicate) = stream.object(&self.env, definition.num, index)?;
                let id = ObjId::new(definition.num, 0);
                if !exact {
                    self.env.note(FindingKind::ObjectStreamIndex, 0, Some(id));
                }
                if duplicate {
                    self.env.note(FindingKind::DuplicateKey, 0, Some(id));
                }
                Ok((value, None))
            }
        }
    }

    /// The newest `/Encrypt`. It is read before there is a cipher, so its own strings stay as they are, as they must.
    pub(crate) fn open_cipher(&self, view: usize) -> Option<Cipher> {
        let trailer = &self.history.revisions.get(view)?.trailer;
        let id = trailer.array(b"ID").and_then(|id| id.first()?.as_string()).unwrap_or_default();
        match trailer.get(b"Encrypt")? {
            Object::Ref(reference) => {
                let definition = self.history.definitions.find(reference.num, view)?;
                Cipher::open(self.value(definition, Some(reference.generation)).ok()?.as_dict()?, id)
            }
            direct => Cipher::open(direct.as_dict()?, id),
        }
    }

    /// A plain object, its strings decrypted, and where its value or its data end.
    fn plain(
        &self,
        definition: &Definition,
        offset: usize,
        compressed_length: bool,
    ) -> Result<(Object, Option<usize>), Error> {
        let (mut object, end) = self.written(definition, offset, compressed_length)?;
        if let Some(cipher) = &self.cipher {
            cipher.strings(ObjId::new(definition.num, definition.generation), &mut object);
        }
        Ok((object, end))
    }

    fn written(
        &self,
        definition: &Definition,
        offset: usize,
        compressed_length: bool,
    ) -> Result<(Object, Option<usize>), Error> {
        let (env, id) = (&self.env, ObjId::new(definition.num, definition.generation));
        let header = env.look(offset, |window| {
            let mut parser = env.parser(window, offset);
            parser.indirect_header().map(|found| (found, parser.pos))
        })?;
        let Some((found, body)) = header.filter(|(found, _)| found.num == id.num) else {
            // Who looks there finds nothing, and an undefined object is null (clause 7.3.10). Offset 0: the object tells where it counts.
            env.note(FindingKind::MissingObject, 0, Some(id));
            return Ok((Object::Null, None));
        };
        if found.generation != id.generation {
            env.note(FindingKind::GenerationMismatch, offset, Some(id));
        }
        // An object without a value: every reader takes it as null.
        let Some(text) = env.read(body, |window| written(env, window, body))? else {
            return Ok((Object::Null, Some(body)));
        };
        if text.duplicate {
            env.note(FindingKind::DuplicateKey, offset, Some(id));
        }
        if let (Object::Dict(dict), Some(start)) = (&text.value, text.data) {
            let length = self.length(dict, definition.revision.into(), compressed_length);
            let range = xref::data_range(env, start, length, Some(id))?;
            let end = Some(range.end);
            let (dict, data) = (dict.clone(), StreamData::InFile(range));
            return Ok((Object::Stream(Box::new(Stream { dict, data })), end));
        }
        if !text.ended {
            env.note(FindingKind::MissingEndobj, offset, Some(id));
        }
        Ok((text.value, Some(text.end)))
    }

    /// `/Length`, direct or one reference away. A compressed one is not read where that could come back to the same container.
    fn length(&self, dict: &Dict, view: usize, compressed: bool) -> Option<usize> {
        let value = match dict.get(b"Length")? {
            Object::Integer(value) => *value,
            Object::Ref(id) => {
                let definition = self.history.definitions.get(self.history.definitions.find(id.num, view)?)?;
                match definition.location {
                    Location::Offset(offset) => {
                        let number = self.env.look(offset, |window| {
                            let body = header_end(&self.env, window, offset, id.num)?;
                            unsigned(window, skip_space(window, body))
                        });
                        i64::try_from(number.ok()??.0).ok()?
                    }
                    Location::Compressed { container, index } if compressed => {
                        let stream = self.container(container, definition.revision.into()).ok()?;
                        stream.object(&self.env, id.num, index).ok()?.0.as_int()?
                    }
                    _ => return None,
                }
            }
            _ => return None,
        };
        usize::try_from(value).ok()
    }

    pub(crate) fn container(&self, num: u32, view: usize) -> Result<Arc<ObjectStream>, Error> {
        let id = ObjId::new(num, 0);
        let missing = Error::WrongObject { id, offset: num as usize };
        let found = self.history.definitions.find(num, view).ok_or(missing.clone())?;
        let cached = self.streams.lock().unwrap_or_else(PoisonError::into_inner).get(found);
        if let Some(stream) = cached {
            return Ok(stream);
        }
        let definition = self.history.definitions.get(found).ok_or(missing.clone())?;
        let Location::Offset(offset) = definition.location else { return Err(missing) };
        let (Object::Stream(stream), _) = self.load(definition, false)? else { return Err(missing) };
        let stream = Arc::new(self.object_stream(&stream)?);
        if stream.repeats() {
            self.env.note(FindingKind::DuplicateMember, offset, None);
        }
        let file = self.env.text.len();
        let room = (12 << 20) + if self.env.text.whole().is_some() { 2 * file } else { 0 };
        self.streams.lock().unwrap_or_else(PoisonError::into_inner).put(found, &stream, room);
        Ok(stream)
    }

    pub(crate) fn object_stream(&self, stream: &Stream) -> Result<ObjectStream, Error> {
        let steps = xref::direct_steps(&stream.dict, &self.env.limits)?;
        let data = self.decoded(stream, &steps)?;
        ObjectStream::of(&self.env, &stream.dict, data)
    }

    /// The object behind a header that the cross-reference may not know.
    pub(crate) fn at_header(&self, header: Header) -> Result<Object, Error> {
        let ObjId { num, generation } = header.id;
        let revision = u16::try_from(self.history.revisions.len().saturating_sub(1)).unwrap_or(u16::MAX);
        let (location, cell) = (Location::Offset(header.offset), OnceLock::new());
        let definition = Definition { num, generation, revision, implicit: false, hidden: false, location, cell };
        Ok(self.plain(&definition, header.offset, true)?.0)
    }

    /// Plain definitions, by where their number stands.
    pub(crate) fn by_offset(&self) -> &[(usize, u32)] {
        self.by_offset.get_or_init(|| {
            // In the order of the file, so that one window serves many.
            let mut places = self.listed_places();
            places.iter_mut().for_each(|(offset, _)| *offset = self.after_space(*offset));
            places.sort_unstable();
            places
        })
    }

    /// Plain definitions by where the cross-reference says that they stand, which may be a blank before their number.
    fn listed_places(&self) -> Vec<(usize, u32)> {
        let all = self.history.definitions.all.iter().enumerate();
        let place = |(n, definition): (usize, &Definition)| match definition.location {
            Location::Offset(offset) => Some((offset, u32::try_from(n).ok()?)),
            _ => None,
        };
        let mut places: Vec<(usize, u32)> = all.filter_map(place).collect();
        places.sort_unstable();
        places
    }

    /// Where the number of an object begins that is said to stand at `offset`. Where that cannot be read, nothing stands there.
    pub(crate) fn after_space(&self, offset: usize) -> usize {
        let header = |survey: &Survey| survey.begins_at(offset);
        if self.survey.get().is_some_and(|survey| survey.as_ref().is_ok_and(header)) {
            return offset;
        }
        self.env.look(offset, |window| skip_space(window, offset)).unwrap_or(offset)
    }

    /// What a pass over the whole file finds; made once. Left out is what begins within the data of long streams of the first revision:
    /// what only careless readers find there was there before anybody signed.
    pub(crate) fn survey(&self) -> Result<&Survey, Error> {
        let found = self.survey.get_or_init(|| survey::survey(&self.env, &self.quiet(), |_| {}));
        found.as_ref().map_err(Error::clone)
    }

    /// Data of long streams of the first revision in which no listed object stands: nearly all of a scan.
    pub(crate) fn quiet(&self) -> Vec<Range<usize>> {
        let places = self.listed_places();
        let mut quiet = Vec::new();
        for (at, &(offset, n)) in places.iter().enumerate() {
            let next = places.get(at + 1).map_or(self.env.text.len(), |(next, _)| *next);
            if next.saturating_sub(offset) < LONG {
                continue;
            }
            // Another entry that leads here over blanks may be of a later revision.
            let before = at.checked_sub(1).and_then(|before| places.get(before));
            let alone = before.is_none_or(|(before, _)| self.after_space(*before) < offset);
            let data = self.first_data(n).filter(|_| alone).map(|data| data.start..data.end.min(next));
            quiet.extend(data.filter(|data| data.len() >= LONG / 2));
        }
        quiet
    }

    /// The data of a stream that the first revision defines.
    fn first_data(&self, n: u32) -> Option<Range<usize>> {
        self.history.definitions.get(n).filter(|definition| definition.revision == 0)?;
        match self.value(n, None) {
            Ok(Object::Stream(stream)) => match &stream.data {
                StreamData::InFile(range) => Some(range.clone()),
                StreamData::Owned(_) => None,
            },
            _ => None,
        }
    }

    /// The last plain definition that begins at or before a place.
    pub(crate) fn listed_before(&self, offset: usize) -> Option<(usize, u32)> {
        let places = self.by_offset();
        places.get(places.partition_point(|(place, _)| *place <= offset).checked_sub(1)?).copied()
    }

    /// From the object's number to after its `endobj`, for a definition outside object streams.
    pub(crate) fn span(&self, definition: u32) -> Option<Range<usize>> {
        let found = self.history.definitions.get(definition)?;
        let Location::Offset(offset) = found.location else { return None };
        self.value(definition, None).ok()?;
        let end = found.cell.get().and_then(|loaded| loaded.end)?;
        Some(self.after_space(offset)..self.env.look(end, |window| xref::object_end(window, end)).ok()?)
    }

    /// The object whose text this place is in.
    fn owner(&self, offset: usize) -> Result<ObjId, Error> {
        let definition = self.listed_before(offset).and_then(|(_, n)| self.history.definitions.get(n));
        let definition = definition.ok_or(Error::Structure("stream of no object"))?;
        Ok(ObjId::new(definition.num, definition.generation))
    }

    /// Would equal octets of both streams be equal data? In encrypted files of one object only.
    pub(crate) fn same_key(&self, stream: &Stream, other: &Shared<'_>, with: &Stream) -> Result<bool, Error> {
        if !self.encrypted && !other.encrypted {
            return Ok(true);
        }
        match (&stream.data, &with.data) {
            (StreamData::InFile(one), StreamData::InFile(two)) => Ok(self.owner(one.start)? == other.owner(two.start)?),
            _ => Ok(self.encrypted == other.encrypted),
        }
    }

    /// Do the data of a stream lie in this file?
    pub(crate) fn in_file(&self, stream: &Stream) -> Result<(), Error> {
        match &stream.data {
            StreamData::InFile(range) if range.start > range.end || range.end > self.env.text.len() => {
                Err(Error::Structure("stream of another file"))
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn raw<'s>(&'s self, stream: &'s Stream) -> Result<Cow<'s, [u8]>, Error> {
        self.in_file(stream)?;
        match &stream.data {
            StreamData::Owned(bytes) => Ok(Cow::Borrowed(bytes)),
            StreamData::InFile(range) => self.env.text.bytes(range.clone()),
        }
    }

    pub(crate) fn decoded(&self, stream: &Stream, steps: &[Step]) -> Result<Vec<u8>, Error> {
        if self.env.text.whole().is_none() && !self.encrypted {
            // An image is not read to say that it is not decoded here.
            steps.first().map_or(Ok(()), filters::supported)?;
        }
        let raw = self.raw(stream)?;
        let most = self.env.limits.decoded_stream;
        let decoded = match (&self.cipher, &stream.data) {
            _ if !self.encrypted => filters::run(&self.env.budget, steps, &raw, most)?,
            (None, _) => return Err(Error::Encrypted),
            (Some(cipher), StreamData::InFile(range)) => {
                self.env.budget.take_decoded(raw.len())?;
                let plain = cipher.stream(self.owner(range.start)?, &stream.dict, &raw);
                // The crypt filter has been applied with that.
                let steps: Vec<Step> = steps.iter().filter(|step| step.name != b"Crypt").cloned().collect();
                filters::run(&self.env.budget, &steps, &plain, most)?
            }
            (Some(_), StreamData::Owned(_)) => filters::run(&self.env.budget, steps, &raw, most)?,
        };
        if decoded.truncated
            && let StreamData::InFile(range) = &stream.data
        {
            self.env.note(FindingKind::TruncatedData, range.start, None);
        }
        Ok(decoded.bytes)
    }
}
