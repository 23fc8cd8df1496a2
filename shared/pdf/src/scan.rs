//! The reconstructing reader: the file as viewers read it that look for `N G obj` instead of believing the cross-reference.
//!
//! Many viewers fall back to this when something about a file displeases them, each at its own discretion. So both readings must show
//! the same: [`Document::readings`] names every object for which they do not, and in which revisions. [`Document::rebuild`] opens a file
//! that has no usable cross-reference at all. Neither renders anything, and neither says whether a difference is permitted.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use crate::diff;
use crate::error::{Error, FindingKind, LimitKind};
use crate::lexer::{skip_space, unsigned};
use crate::object::{Dict, ObjId, Object};
use crate::objstm::ObjectStream;
use crate::reader::{Document, Shared};
use crate::revision::{Definitions, History, Location, Revision, XrefKind};
use crate::survey::{Header, Survey, TRAILER, survey};
use crate::xref::{self, Env, RawEntry};

/// Definitions off the cross-reference that are still looked at; more is an attack on time.
const STRAYS: usize = 20_000;
/// An object that a reconstructing reader sees otherwise than the cross-reference says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// The object; for another trailer the catalog that it names.
    pub id: ObjId,
    /// Where the other definition stands; the one that the cross-reference names where nothing is found by scanning.
    pub offset: usize,
    /// The first revision in which the two differ.
    pub from: usize,
    /// The first revision after that in which they do not, or differ anew.
    pub until: usize,
    /// Something in use leads to the object: a reader shows it.
    pub seen: bool,
    /// The other definition stands inside another object (a stream, a string): only careless readers find it.
    pub enclosed: bool,
}

/// One definition of a number, as far as a reconstructing reader can know it.
struct Candidate {
    /// Where it stands; for a member of an object stream where its container stands.
    position: usize,
    value: Value,
}

enum Value {
    /// The cross-reference knows it.
    Listed(u32),
    /// Only scanning finds it.
    Stray(Header),
    /// Only looking into a container finds it.
    Member(Object),
}

/// What scanning finds and the cross-reference does not name.
#[derive(Default)]
struct Strays {
    /// Between objects.
    open: Vec<Header>,
    /// Inside objects, and the revision of that object.
    enclosed: Vec<(Header, usize)>,
    /// Numbers whose listed place is no header.
    headless: BTreeSet<u32>,
}

impl Document<'_> {
    /// Where a reconstructing reader sees something else, in the whole file, whatever the view. Empty for honest files, and then cheap: one
    /// pass over the bytes.
    ///
    /// # Errors
    /// Limits: then nothing is known.
    pub fn readings(&self) -> Result<Vec<Reading>, Error> {
        let shared = self.shared();
        let headers = shared.survey()?.headers()?;
        let strays = strays(shared, headers)?;
        let mut more = members_off_the_list(shared)?;
        let mut readings = self.other_trailers(&strays)?;
        for stray in &strays.open {
            self.container_members(stray, &mut more)?;
        }
        let mut numbers = backwards(shared);
        numbers.extend(strays.open.iter().map(|header| header.id.num));
        numbers.extend(&strays.headless);
        numbers.extend(more.keys());
        let mut open: HashMap<u32, Vec<Header>> = HashMap::new();
        for header in &strays.open {
            open.entry(header.id.num).or_default().push(*header);
        }
        let mut reached = Reached::new(self);
        for num in numbers {
            let mut candidates = self.listed(num, headers);
            candidates.extend(open.remove(&num).into_iter().flatten().map(|header| {
                let value = Value::Stray(header);
                Candidate { position: header.offset, value }
            }));
            candidates.extend(more.remove(&num).into_iter().flatten());
            candidates.sort_by_key(|candidate| candidate.position);
            self.compare(num, &candidates, &mut reached, &mut readings)?;
        }
        for (header, revision) in &strays.enclosed {
            self.inside(*header, *revision, &mut reached, &mut readings)?;
        }
        Ok(readings)
    }

    /// The definitions of a number that the cross-reference names and a scan finds.
    fn listed(&self, num: u32, headers: &[Header]) -> Vec<Candidate> {
        let shared = self.shared();
        let definitions = &shared.history.definitions;
        let one = |&n: &u32| {
            let (position, plain) = position(shared, n)?;
            let found = !plain || headers.binary_search_by_key(&position, |header| header.offset).is_ok();
            found.then_some(Candidate { position, value: Value::Listed(n) })
        };
        definitions.of_number(num).iter().filter_map(one).collect()
    }

    /// Goes through the revisions that change anything about a number.
    fn compare(
        &self,
        num: u32,
        candidates: &[Candidate],
        reached: &mut Reached<'_, '_>,
        readings: &mut Vec<Reading>,
    ) -> Result<(), Error> {
        let shared = self.shared();
        let revisions = &shared.history.revisions;
        let mut events: BTreeSet<usize> =
            candidates.iter().map(|candidate| revision_at(revisions, candidate.position)).collect();
        let definitions = &shared.history.definitions;
        let listed = |&n: &u32| definitions.get(n).map(|definition| usize::from(definition.revision));
        events.extend(definitions.of_number(num).iter().filter_map(listed));
        let events: Vec<usize> = events.into_iter().collect();
        for (at, &view) in events.iter().enumerate() {
            let end = revisions.get(view).map_or(usize::MAX, |one| one.end);
            let scanned = candidates.iter().rev().find(|candidate| candidate.position < end);
            let strict = definitions.find(num, view);
            if matches!((scanned.map(|one| &one.value), strict), (Some(Value::Listed(a)), Some(b)) if *a == b) {
                continue;
            }
            if self.same_value(num, scanned, strict)? {
                continue;
            }
            let place =
                scanned.map(|one| one.position).or_else(|| strict.and_then(|n| position(shared, n)).map(|p| p.0));
            readings.push(Reading {
                id: ObjId::new(num, 0),
                offset: place.unwrap_or(0),
                from: view,
                until: events.get(at + 1).copied().unwrap_or(usize::MAX),
                seen: reached.contains(view, num)?,
                enclosed: false,
            });
        }
        Ok(())
    }

    fn same_value(&self, num: u32, scanned: Option<&Candidate>, strict: Option<u32>) -> Result<bool, Error> {
        let shared = self.shared();
        let null = Object::Null;
        let parsed;
        let seen = match scanned.map(|candidate| &candidate.value) {
            None => Ok(&null),
            Some(Value::Listed(n)) => shared.value(*n, None),
            Some(Value::Member(object)) => Ok(object),
            Some(Value::Stray(header)) => {
                parsed = shared.at_header(*header);
                parsed.as_ref().map_err(Error::clone)
            }
        };
        let listed = strict.map_or(Ok(&null), |n| shared.value(n, None));
        match (seen, listed) {
            (Ok(seen), Ok(listed)) => diff::same_without_following(self, seen, listed),
            (Err(limit @ Error::Limit(_)), _) | (_, Err(limit @ Error::Limit(_))) => Err(limit),
            // Neither reader gets anything out of it.
            (Err(_), Err(_)) => Ok(true),
            // A header without an object shows nothing.
            (Err(_), Ok(listed)) => Ok(listed.is_null() || num == 0),
            (Ok(seen), Err(_)) => Ok(seen.is_null()),
        }
    }

    /// A definition inside another object: compared with what is in force in that object's revision.
    fn inside(
        &self,
        header: Header,
        revision: usize,
        reached: &mut Reached<'_, '_>,
        readings: &mut Vec<Reading>,
    ) -> Result<(), Error> {
        let num = header.id.num;
        let strict = self.shared().history.definitions.find(num, revision);
        let candidate = Candidate { position: header.offset, value: Value::Stray(header) };
        if !self.same_value(num, Some(&candidate), strict)? && reached.contains(revision, num)? {
            let (from, until) = (revision, usize::MAX);
            readings.push(Reading { id: header.id, offset: header.offset, from, until, seen: true, enclosed: true });
        }
        Ok(())
    }

    /// Trailers that no section owns and that name another catalog.
    fn other_trailers(&self, strays: &Strays) -> Result<Vec<Reading>, Error> {
        let shared = self.shared();
        let mut found = Vec::new();
        for &word in shared.survey()?.trailers()? {
            let owned = shared.history.spans.iter().any(|span| span.contains(&word)) || self.is_inside(word);
            if owned {
                continue;
            }
            if found.len() > STRAYS {
                return Err(Error::Limit(LimitKind::Steps));
            }
            let env = &shared.env;
            if let Ok(dict) =
                env.read(word + TRAILER.len(), |window| env.parser(window, word + TRAILER.len()).dict(None))
            {
                found.extend(self.other_root(&dict, word));
            }
        }
        for header in &strays.open {
            if let Ok(Object::Stream(stream)) = shared.at_header(*header)
                && stream.dict.is_type(b"XRef")
            {
                found.extend(self.other_root(&stream.dict, header.offset));
            }
        }
        Ok(found)
    }

    fn other_root(&self, dict: &Dict, offset: usize) -> Option<Reading> {
        let revisions = &self.shared().history.revisions;
        let from = revision_at(revisions, offset);
        let root = dict.reference(b"Root")?;
        let own = revisions.get(from).or(revisions.last()).and_then(|revision| revision.trailer.reference(b"Root"));
        (own != Some(root)).then_some(Reading { id: root, offset, from, until: from + 1, seen: true, enclosed: false })
    }

    /// Does this place lie in an object of the cross-reference?
    fn is_inside(&self, offset: usize) -> bool {
        let shared = self.shared();
        shared.listed_before(offset).is_some_and(|(_, n)| shared.span(n).is_some_and(|span| span.contains(&offset)))
    }

    /// An object stream that only scanning finds brings its members.
    fn container_members(&self, stray: &Header, more: &mut BTreeMap<u32, Vec<Candidate>>) -> Result<(), Error> {
        let shared = self.shared();
        let Ok(Object::Stream(stream)) = shared.at_header(*stray) else { return Ok(()) };
        if !stream.dict.is_type(b"ObjStm") {
            return Ok(());
        }
        let container = match shared.object_stream(&stream) {
            Ok(container) => container,
            Err(limit @ Error::Limit(_)) => return Err(limit),
            Err(_) => return Ok(()),
        };
        take_members(&shared.env, &container, stray.offset, |_| true, more)
    }
}

/// Members of `container` that are wanted, as candidates at its place.
fn take_members(
    env: &Env<'_>,
    container: &ObjectStream,
    position: usize,
    wanted: impl Fn(u32) -> bool,
    more: &mut BTreeMap<u32, Vec<Candidate>>,
) -> Result<(), Error> {
    for (index, num) in container.numbers().enumerate() {
        if !wanted(num) {
            continue;
        }
        if more.len() > STRAYS {
            return Err(Error::Limit(LimitKind::Steps));
        }
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        match container.object(env, num, index) {
            Ok((object, ..)) => {
                more.entry(num).or_default().push(Candidate { position, value: Value::Member(object) });
            }
            Err(limit @ Error::Limit(_)) => return Err(limit),
            Err(_) => {}
        }
    }
    Ok(())
}

/// Members of object streams of later revisions that no cross-reference names. The first revision is left out: it cannot come after a
/// signature.
fn members_off_the_list(shared: &Shared<'_>) -> Result<BTreeMap<u32, Vec<Candidate>>, Error> {
    let definitions = &shared.history.definitions;
    let mut more = BTreeMap::new();
    for (n, definition) in definitions.all.iter().enumerate().filter(|(_, definition)| definition.revision > 0) {
        let Location::Offset(offset) = definition.location else { continue };
        let n = u32::try_from(n).map_err(|_| Error::Limit(LimitKind::Objects))?;
        let Ok(Object::Stream(stream)) = shared.value(n, None) else { continue };
        if !stream.dict.is_type(b"ObjStm") {
            continue;
        }
        let view = usize::from(definition.revision);
        let container = match shared.container(definition.num, view) {
            Ok(container) => container,
            Err(limit @ Error::Limit(_)) => return Err(limit),
            Err(_) => continue,
        };
        let off_the_list = |num: u32| {
            let here = |definition: &crate::revision::Definition| matches!(definition.location, Location::Compressed { container, .. } if definitions.find(container, definition.revision.into()) == Some(n));
            !definitions.of_number(num).iter().filter_map(|&known| definitions.get(known)).any(here)
        };
        take_members(&shared.env, &container, shared.after_space(offset), off_the_list, &mut more)?;
    }
    Ok(more)
}

/// Numbers whose newer definitions stand before older ones.
fn backwards(shared: &Shared<'_>) -> BTreeSet<u32> {
    let definitions = &shared.history.definitions;
    let mut numbers = BTreeSet::new();
    let mut last: Option<(u32, usize)> = None;
    for &n in definitions.in_order() {
        let Some(definition) = definitions.get(n) else { continue };
        let before = last.filter(|(num, _)| *num == definition.num);
        let place = position(shared, n).map(|(position, _)| position);
        if let Some((_, before)) = before
            && place.is_none_or(|place| place < before)
        {
            numbers.insert(definition.num);
        }
        last = place.or(before.map(|(_, before)| before)).map(|place| (definition.num, place));
    }
    numbers
}

/// Where a definition stands, and whether it is a plain object (a compressed one stands where its container does).
fn position(shared: &Shared<'_>, n: u32) -> Option<(usize, bool)> {
    let definitions = &shared.history.definitions;
    let definition = definitions.get(n)?;
    match definition.location {
        Location::Free => None,
        Location::Offset(offset) => Some((shared.after_space(offset), true)),
        Location::Compressed { container, .. } => {
            let home = definitions.get(definitions.find(container, definition.revision.into())?)?;
            let Location::Offset(offset) = home.location else { return None };
            Some((shared.after_space(offset), false))
        }
    }
}

fn strays(shared: &Shared<'_>, headers: &[Header]) -> Result<Strays, Error> {
    let mut strays = Strays::default();
    let mut rest = headers.iter().peekable();
    let mut unlisted: Vec<Header> = Vec::new();
    for &(offset, n) in shared.by_offset() {
        while let Some(header) = rest.next_if(|header| header.offset < offset) {
            unlisted.push(*header);
        }
        let num = shared.history.definitions.get(n).map_or(0, |definition| definition.num);
        match rest.peek() {
            Some(header) if header.offset == offset && header.id.num == num => {
                rest.next();
            }
            // Two entries name one place: the first of them took the header.
            _ if headers
                .binary_search_by_key(&offset, |header| header.offset)
                .ok()
                .and_then(|at| headers.get(at))
                .is_some_and(|header| header.id.num == num) => {}
            _ => {
                strays.headless.insert(num);
            }
        }
    }
    unlisted.extend(rest);
    for header in unlisted {
        if shared.history.spans.iter().any(|span| span.contains(&header.offset)) {
            continue;
        }
        let around = shared.listed_before(header.offset);
        let around = around.filter(|(_, n)| shared.span(*n).is_some_and(|span| span.contains(&header.offset)));
        match around.and_then(|(_, n)| shared.history.definitions.get(n)) {
            None => strays.open.push(header),
            Some(definition) if definition.revision > 0 => {
                strays.enclosed.push((header, definition.revision.into()));
            }
            Some(_) => {}
        }
        if strays.open.len() + strays.enclosed.len() > STRAYS {
            return Err(Error::Limit(LimitKind::Steps));
        }
    }
    Ok(strays)
}

/// The revision whose bytes these are; what stands behind the last one comes after all of them.
fn revision_at(revisions: &[Revision], offset: usize) -> usize {
    revisions.partition_point(|revision| revision.end <= offset)
}

/// What is in use, per revision, worked out when asked for.
struct Reached<'d, 'a> {
    document: &'d Document<'a>,
    known: HashMap<usize, Option<BTreeSet<u32>>>,
}

impl<'d, 'a> Reached<'d, 'a> {
    fn new(document: &'d Document<'a>) -> Self {
        Reached { document, known: HashMap::new() }
    }

    /// What cannot be followed to its end reaches everything.
    fn contains(&mut self, view: usize, num: u32) -> Result<bool, Error> {
        if !self.known.contains_key(&view) {
            if self.known.len() > 64 {
                return Ok(true);
            }
            let seen = self.document.at_any_revision(view);
            let all = seen.reachable(&Object::Dict(seen.trailer().clone()));
            let numbers = all.ok().map(|ids| ids.into_iter().map(|id| id.num).collect());
            self.known.insert(view, numbers);
        }
        Ok(self.known.get(&view).and_then(Option::as_ref).is_none_or(|numbers| numbers.contains(&num)))
    }
}

/// A file put together again from its objects.
pub(crate) struct Rebuilt {
    pub(crate) history: History,
    /// A number is defined twice with different values, or there are two catalogs to choose from.
    pub(crate) ambiguous: bool,
}

/// Objects by number, newest first found last; streams are passed over by their length where `endstream` follows.
pub(crate) fn rebuild(env: &Env<'_>) -> Result<Rebuilt, Error> {
    let survey = survey(env, &[], |_| {})?;
    let all = survey.headers()?;
    let newest: HashMap<u32, usize> = all.iter().map(|header| (header.id.num, header.offset)).collect();
    let mut entries: BTreeMap<u32, RawEntry> = BTreeMap::new();
    let mut texts: HashMap<u32, Range<usize>> = HashMap::new();
    let mut containers: BTreeMap<u32, ObjectStream> = BTreeMap::new();
    let mut trailers = trailers(env, &survey)?;
    let (mut done, mut ambiguous, mut catalogs) = (0, false, BTreeSet::new());
    for &header in all {
        if header.offset < done {
            continue;
        }
        let Some(found) = object_at(env, header, &newest)? else { continue };
        done = found.end;
        let num = header.id.num;
        let location = Location::Offset(header.offset);
        entries.insert(num, RawEntry { num, generation: header.id.generation, location, hidden: false });
        if let Some(older) = texts.insert(num, header.offset..found.end) {
            ambiguous |= !env.text.same(&older, &env.text, &(header.offset..found.end))?;
        }
        containers.remove(&num);
        if found.dict.is_type(b"Catalog") {
            catalogs.insert(header.id);
        }
        if found.dict.is_type(b"XRef") && found.dict.contains(b"Root") {
            trailers.push((header.offset, found.dict));
        } else if let Some(container) = found.container {
            containers.insert(num, container);
        }
    }
    for (&num, container) in &containers {
        for (index, member) in container.numbers().enumerate() {
            let index = u32::try_from(index).map_err(|_| Error::Limit(LimitKind::Objects))?;
            let location = Location::Compressed { container: num, index };
            let entry = RawEntry { num: member, generation: 0, location, hidden: false };
            ambiguous |= entries.insert(member, entry).is_some();
        }
    }
    trailers.sort_by_key(|(offset, _)| *offset);
    let roots: BTreeSet<ObjId> = trailers.iter().filter_map(|(_, dict)| dict.reference(b"Root")).collect();
    ambiguous |= roots.len().max(catalogs.len()) > 1;
    let trailer = match (trailers.pop(), catalogs.first()) {
        (Some((_, trailer)), _) => trailer,
        (None, Some(catalog)) => Dict::new().with("Root", *catalog),
        (None, None) => return Err(Error::Structure("no /Root")),
    };
    let history = one_revision(env, trailer, entries)?;
    env.note(FindingKind::Rebuilt, 0, None);
    Ok(Rebuilt { history, ambiguous })
}

fn one_revision(env: &Env<'_>, trailer: Dict, entries: BTreeMap<u32, RawEntry>) -> Result<History, Error> {
    let eof = env.text.find_last(b"%%EOF")?.map_or(env.text.len(), |mark| mark + 5);
    let end = env.look(eof, |window| crate::lexer::skip_eol(window, eof))?;
    let revision = Revision { index: 0, start: 0, eof, end, xref_offset: eof, kind: XrefKind::Table, trailer };
    let definitions = Definitions::build(env, vec![entries.into_values().collect()])?;
    Ok(History { revisions: vec![revision], definitions, linearized: false, linearization: None, spans: Vec::new() })
}

/// Dictionaries behind `trailer` that name a catalog.
fn trailers(env: &Env<'_>, survey: &Survey) -> Result<Vec<(usize, Dict)>, Error> {
    let mut found = Vec::new();
    for &word in survey.trailers()? {
        if found.len() > STRAYS {
            return Err(Error::Limit(LimitKind::Steps));
        }
        match env.read(word + TRAILER.len(), |window| env.parser(window, word + TRAILER.len()).dict(None)) {
            Ok(dict) if dict.contains(b"Root") => found.push((word, dict)),
            Err(fatal @ (Error::Limit(_) | Error::Unread(_))) => return Err(fatal),
            _ => {}
        }
    }
    Ok(found)
}

struct Found {
    dict: Dict,
    container: Option<ObjectStream>,
    end: usize,
}

/// The object behind a header; `None` where there is none that can be read.
fn object_at(env: &Env<'_>, header: Header, newest: &HashMap<u32, usize>) -> Result<Option<Found>, Error> {
    let read = env.look(header.offset, |window| {
        let mut parser = env.parser(window, header.offset);
        parser.indirect_header()?;
        let value = parser.value();
        let dict = matches!(value, Ok(Object::Dict(_)));
        let data = if dict { xref::data_start(window, parser.pos) } else { None };
        Some(value.map(|value| (value, data, parser.pos)))
    })?;
    let (value, data, pos) = match read {
        Some(Ok(read)) => read,
        Some(Err(limit @ Error::Limit(_))) => return Err(limit),
        _ => return Ok(None),
    };
    let end = |pos: usize| env.look(pos, |window| xref::object_end(window, pos));
    let (dict, start) = match (value, data) {
        (Object::Dict(dict), Some(start)) => (dict, start),
        (Object::Dict(dict), None) => return Ok(Some(Found { dict, container: None, end: end(pos)? })),
        _ => return Ok(Some(Found { dict: Dict::new(), container: None, end: end(pos)? })),
    };
    let length = match dict.get(b"Length") {
        Some(Object::Integer(length)) => usize::try_from(*length).ok(),
        Some(Object::Ref(id)) => newest.get(&id.num).and_then(|&offset| integer_at(env, offset)),
        _ => None,
    };
    let range = match xref::data_range(env, start, length, Some(header.id)) {
        Ok(range) => range,
        Err(fatal @ (Error::Limit(_) | Error::Unread(_))) => return Err(fatal),
        Err(_) => return Ok(None),
    };
    let end = end(range.end)?;
    let container = if dict.is_type(b"ObjStm") && !dict.contains(b"Encrypt") {
        match ObjectStream::decode(env, &dict, &env.text.bytes(range)?) {
            Ok(container) => Some(container),
            Err(limit @ Error::Limit(_)) => return Err(limit),
            Err(_) => None,
        }
    } else {
        None
    };
    Ok(Some(Found { dict, container, end }))
}

fn integer_at(env: &Env<'_>, offset: usize) -> Option<usize> {
    let number = env.look(offset, |window| {
        let mut parser = env.parser(window, offset);
        parser.indirect_header()?;
        unsigned(window, skip_space(window, parser.pos))
    });
    usize::try_from(number.ok()??.0).ok()
}
