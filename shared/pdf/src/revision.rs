//! Revisions: what each cross-reference section of the `/Prev` chain defines, and where it lies in the file.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::sync::OnceLock;

use crate::error::{Error, FindingKind, LimitKind};
use crate::lexer::{Window, at, line_end, skip_blank, skip_eol, skip_space, unsigned};
use crate::load::Loaded;
use crate::object::{Dict, ObjId};
use crate::xref::{self, Env, RawEntry, Section};

/// The kind of a cross-reference section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum XrefKind {
    /// `xref` … `trailer`.
    Table,
    /// A cross-reference stream (ISO 32000-2 clause 7.5.8).
    Stream,
    /// A table whose trailer has `/XRefStm` (clause 7.5.8.4).
    Hybrid,
}

/// Where an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Location {
    /// Not in use.
    Free,
    /// At this offset from the start of the file.
    Offset(usize),
    /// In an object stream.
    Compressed {
        /// Number of the object stream.
        container: u32,
        /// Index within it.
        index: u32,
    },
}

/// One entry of a revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct XrefEntry {
    /// The object; for a free entry the generation that the next use would have.
    pub id: ObjId,
    /// Where it is.
    pub location: Location,
    /// Not listed by the section: it changed because its object stream was written anew.
    pub implicit: bool,
}

/// One revision, oldest first. A linearized file's two sections are one revision.
#[derive(Debug, Clone, PartialEq)]
pub struct Revision {
    /// Position in `Document::revisions`, from 0.
    pub index: usize,
    /// First byte that belongs to it (the previous revision's `end`; 0 for the first).
    pub start: usize,
    /// After the `F` of its `%%EOF` (or after the number of `startxref` where there is no marker).
    pub eof: usize,
    /// `eof` plus the one end-of-line behind it, if there is one.
    pub end: usize,
    /// Where the section that `startxref` names begins.
    pub xref_offset: usize,
    /// Its kind.
    pub kind: XrefKind,
    /// Trailer dictionary (for a cross-reference stream its dictionary).
    pub trailer: Dict,
}

/// One definition of one object by one revision, with its parsed value once it was asked for.
#[derive(Debug)]
pub(crate) struct Definition {
    pub(crate) num: u32,
    pub(crate) generation: u16,
    pub(crate) revision: u16,
    pub(crate) implicit: bool,
    /// Only the stream of a hybrid section lists it.
    pub(crate) hidden: bool,
    pub(crate) location: Location,
    pub(crate) cell: OnceLock<Box<Loaded>>,
}

/// All definitions, and which of them count.
#[derive(Debug, Default)]
pub(crate) struct Definitions {
    pub(crate) all: Vec<Definition>,
    /// Which part of `all` each revision made.
    pub(crate) ranges: Vec<Range<usize>>,
    /// Positions of real (re)definitions, by number, then revision. Entries that only list again what was there are left out.
    by_number: Vec<u32>,
    /// The same without what only the streams of hybrid sections list; empty where nothing is hidden.
    shown: Option<Vec<u32>>,
}

/// The revisions of a file.
#[derive(Debug)]
pub(crate) struct History {
    pub(crate) revisions: Vec<Revision>,
    pub(crate) definitions: Definitions,
    pub(crate) linearized: bool,
    pub(crate) linearization: Option<Linearization>,
    /// Where sections, trailers and end marks lie; unordered.
    pub(crate) spans: Vec<Range<usize>>,
}

fn bad(offset: usize, reason: &'static str) -> Error {
    Error::BadXref { offset, reason }
}

/// The number that the last `startxref` of the file announces.
pub(crate) fn last_startxref(env: &Env<'_>) -> Result<Option<usize>, Error> {
    let Some(word) = env.text.find_last(b"startxref")? else { return Ok(None) };
    let number = env.look(word, |window| unsigned(window, skip_space(window, word + 9)))?;
    Ok(number.and_then(|(offset, _)| usize::try_from(offset).ok()))
}

/// Reads the chain of sections and orders it into revisions.
pub(crate) fn read(env: &Env<'_>, startxref: usize) -> Result<History, Error> {
    let sections = chain(env, startxref)?;
    let linearization = linearization(env)?;
    let linear = linearization.is_some();
    let groups = group(env, sections, linear)?;
    let mut revisions: Vec<Revision> = Vec::new();
    let mut listed: Vec<Vec<RawEntry>> = Vec::new();
    let mut linearized = false;
    let mut spans = Vec::new();
    for (index, group) in groups.iter().enumerate() {
        linearized |= linear && group.len() == 2;
        let Some(first) = group.first() else { continue };
        let next = groups.get(index + 1).and_then(|g| g.first()).map_or(env.text.len(), |s| s.offset);
        let start = revisions.last().map_or(0, |r| r.end);
        let sections_end = group.iter().map(|s| s.end).max().unwrap_or(0);
        let Tail { word, eof, end } = tail(env, sections_end, next, first.offset)?;
        spans.push(word..end);
        if group.len() > 1 {
            spans.push(env.look(first.end, |window| first_page_mark(window, first.end))?);
        }
        spans.extend(group.iter().flat_map(|s| s.hybrid.clone().into_iter().chain(std::iter::once(s.offset..s.end))));
        if end <= start || sections_end > next {
            return Err(bad(first.offset, "sections overlap"));
        }
        let (kind, trailer) = (first.kind, first.trailer.clone());
        revisions.push(Revision { index, start, eof, end, xref_offset: first.offset, kind, trailer });
        listed.push(merged(env, group));
    }
    let definitions = Definitions::build(env, listed)?;
    if let Some(length) = linearization.and_then(|found| found.length) {
        note_reached(env, &revisions, length);
    }
    Ok(History { revisions, definitions, linearized, linearization, spans })
}

/// Viewers heed the dictionary of a linearized file only while `/L` is the length of the file.
fn note_reached(env: &Env<'_>, revisions: &[Revision], length: usize) {
    let reached = revisions.iter().skip(1).find(|revision| revision.start < length && length <= revision.end);
    if let Some(revision) = reached {
        let place = revision.end.min(env.text.len().saturating_sub(1));
        env.note(FindingKind::LinearizedLength, place, None);
    } else if revisions.len() > 1 && length == env.text.len() {
        env.note(FindingKind::LinearizedLength, length.saturating_sub(1), None);
    }
}

/// Newest first.
fn chain(env: &Env<'_>, startxref: usize) -> Result<Vec<Section>, Error> {
    let mut sections: Vec<Section> = Vec::new();
    let mut seen = HashSet::new();
    let mut left = env.limits.objects;
    let mut next = Some(startxref);
    let mut told = env.text.len().saturating_sub(1);
    while let Some(offset) = next {
        if sections.len() >= env.limits.revisions {
            return Err(Error::Limit(LimitKind::Revisions));
        }
        let section = xref::read(env, offset, told, left)?;
        if !seen.insert(section.offset) {
            return Err(bad(section.offset, "/Prev loop"));
        }
        left = left.saturating_sub(section.entries.len());
        (next, told) = (section.prev, section.offset);
        sections.push(section);
    }
    Ok(sections)
}

/// What the linearization dictionary says (annex F).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Linearization {
    /// `/L`, as an offset in this file.
    length: Option<usize>,
    /// `/O`
    pub(crate) page: Option<u32>,
}

/// The first object of the file, where it says `/Linearized`.
fn linearization(env: &Env<'_>) -> Result<Option<Linearization>, Error> {
    let header = env.text.find(b"%PDF-", 0..1024 + 8)?;
    env.look(header.unwrap_or(0), |window| {
        let mut parser = env.parser(window, header.map_or(0, |header| line_end(window, header)));
        parser.indirect_header()?;
        let dict = parser.dict(None).ok().filter(|dict| dict.contains(b"Linearized"))?;
        let number = |key: &[u8]| dict.get(key)?.as_number().filter(|v| *v >= 0.0 && *v < 1e15).map(|v| v as usize);
        let page = number(b"O").and_then(|page| u32::try_from(page).ok());
        Some(Linearization { length: number(b"L"), page })
    })
}

/// Oldest first; a section whose `/Prev` points forward belongs to the same revision as the one it points to.
fn group(env: &Env<'_>, sections: Vec<Section>, linear: bool) -> Result<Vec<Vec<Section>>, Error> {
    let mut groups: Vec<Vec<Section>> = Vec::new();
    for section in sections.into_iter().rev() {
        let forward = groups.last().and_then(|g| g.first()).is_some_and(|older| older.offset > section.offset);
        match groups.as_mut_slice() {
            [only] if forward && only.len() == 1 => {
                if !linear {
                    env.note(FindingKind::ForwardPrev, section.offset, None);
                }
                only.insert(0, section);
            }
            _ if forward => return Err(bad(section.offset, "/Prev points forward")),
            _ => groups.push(vec![section]),
        }
    }
    Ok(groups)
}

/// Where `startxref` stands and the revision ends: after its number and `%%EOF`; without and with the end-of-line.
struct Tail {
    word: usize,
    eof: usize,
    end: usize,
}

fn tail(env: &Env<'_>, from: usize, limit: usize, xref_offset: usize) -> Result<Tail, Error> {
    let none = Tail { word: from, eof: from, end: from };
    let here = env.look(from, |window| {
        let word = skip_space(window, from);
        at(window, word, b"startxref").then_some(word)
    })?;
    let word = match here {
        Some(word) => word,
        None => {
            env.note(FindingKind::BytesBeforeStartxref, from, None);
            let Some(found) = env.text.find(b"startxref", from..limit.max(from))? else {
                env.note(FindingKind::MissingEof, from, None);
                return Ok(none);
            };
            found
        }
    };
    let number = env.look(word, |window| unsigned(window, skip_blank(window, word + 9)))?;
    let Some((announced, number_end)) = number else {
        env.note(FindingKind::MissingEof, word, None);
        return Ok(none);
    };
    let announced = usize::try_from(announced).unwrap_or(usize::MAX).saturating_add(env.base);
    if announced != xref_offset && env.look(announced, |window| skip_blank(window, announced))? != xref_offset {
        env.note(FindingKind::StartxrefDiffers, word, None);
    }
    if let Some((eof, end)) = env.look(number_end, |window| end_mark(window, number_end))? {
        return Ok(Tail { word, eof, end });
    }
    env.note(FindingKind::MissingEof, number_end, None);
    let end = env.look(number_end, |window| skip_eol(window, number_end))?;
    Ok(Tail { word, eof: number_end, end })
}

/// `%%EOF` behind white space and other comments: after its `F`, without and with the end-of-line.
fn end_mark(text: Window<'_>, pos: usize) -> Option<(usize, usize)> {
    let mut pos = skip_blank(text, pos);
    while text.get(pos) == Some(b'%') && !at(text, pos, b"%%EOF") {
        pos = skip_blank(text, line_end(text, pos));
    }
    at(text, pos, b"%%EOF").then(|| (pos + 5, skip_eol(text, pos + 5)))
}

/// The end mark behind the first-page section of a linearized file: its number is 0 or anything (annex F.3.4).
fn first_page_mark(text: Window<'_>, from: usize) -> Range<usize> {
    let word = skip_blank(text, from);
    let number = at(text, word, b"startxref").then(|| unsigned(text, skip_blank(text, word + 9)));
    let end = number.flatten().map_or(from, |(_, end)| end);
    let mark = skip_blank(text, end);
    if at(text, mark, b"%%EOF") { from..mark + 5 } else { from..end }
}

/// The entries of a revision's sections, one per number, by number. The first section wins; within a section the last entry.
fn merged(env: &Env<'_>, group: &[Section]) -> Vec<RawEntry> {
    let mut entries: BTreeMap<u32, RawEntry> = BTreeMap::new();
    for section in group {
        let mut here: HashMap<u32, RawEntry> = HashMap::with_capacity(section.entries.len());
        for entry in &section.entries {
            if here.insert(entry.num, *entry).is_some() {
                let id = ObjId::new(entry.num, entry.generation);
                env.note(FindingKind::DuplicateXrefEntry, section.offset, Some(id));
            }
        }
        for (num, entry) in here {
            entries.entry(num).or_insert(entry);
        }
    }
    entries.into_values().collect()
}

impl Definitions {
    pub(crate) fn build(env: &Env<'_>, listed: Vec<Vec<RawEntry>>) -> Result<Definitions, Error> {
        let implicit = implied(env, &listed)?;
        let mut made = Definitions::default();
        for (revision, (entries, implied)) in listed.iter().zip(implicit).enumerate() {
            let start = made.all.len();
            let revision = u16::try_from(revision).map_err(|_| Error::Limit(LimitKind::Revisions))?;
            for (entry, implicit) in entries.iter().map(|e| (e, false)).chain(implied.iter().map(|e| (e, true))) {
                let RawEntry { num, generation, location, hidden } = *entry;
                let cell = OnceLock::new();
                made.all.push(Definition { num, generation, revision, implicit, hidden, location, cell });
            }
            made.ranges.push(start..made.all.len());
        }
        made.by_number = real_definitions(&made.all, true);
        if made.all.iter().any(|definition| definition.hidden) {
            made.shown = Some(real_definitions(&made.all, false));
        }
        made.note_hybrid_conflicts(env);
        Ok(made)
    }

    /// A reader that does not know hybrid sections sees the older definition of what only the stream lists: the two must not differ.
    fn note_hybrid_conflicts(&self, env: &Env<'_>) {
        for pair in self.by_number.windows(2) {
            let [old, new] = pair else { continue };
            let (Some(old), Some(new)) = (self.get(*old), self.get(*new)) else { continue };
            if new.hidden && !old.hidden && old.num == new.num && old.location != Location::Free {
                env.note(FindingKind::HybridConflict, 0, Some(ObjId::new(new.num, new.generation)));
            }
        }
    }

    /// The definition of a number that counts as of a revision.
    pub(crate) fn find(&self, num: u32, view: usize) -> Option<u32> {
        find_in(&self.by_number, &self.all, num, view)
    }

    /// All definitions of a number, oldest first.
    pub(crate) fn of_number(&self, num: u32) -> &[u32] {
        let number = |n: &u32| self.get(*n).map_or(0, |definition| definition.num);
        let (from, to) =
            (self.by_number.partition_point(|n| number(n) < num), self.by_number.partition_point(|n| number(n) <= num));
        self.by_number.get(from..to).unwrap_or_default()
    }

    /// All definitions by number, then revision.
    pub(crate) fn in_order(&self) -> &[u32] {
        &self.by_number
    }

    /// As [`Definitions::find`], as a reader sees it that does not know hybrid sections.
    pub(crate) fn find_shown(&self, num: u32, view: usize) -> Option<u32> {
        find_in(self.shown.as_ref().unwrap_or(&self.by_number), &self.all, num, view)
    }

    /// Is there anything that only the streams of hybrid sections list?
    pub(crate) fn hides_something(&self) -> bool {
        self.shown.is_some()
    }

    pub(crate) fn get(&self, definition: u32) -> Option<&Definition> {
        self.all.get(definition as usize)
    }
}

/// Positions of real (re)definitions, by number, then revision.
fn real_definitions(all: &[Definition], with_hidden: bool) -> Vec<u32> {
    let at = |n: u32| all.get(n as usize);
    let mut order: Vec<u32> = (0..u32::try_from(all.len()).unwrap_or(u32::MAX)).collect();
    order.retain(|&n| with_hidden || at(n).is_some_and(|definition| !definition.hidden));
    order.sort_by_key(|&n| at(n).map_or((0, 0), |d| (d.num, d.revision)));
    let same = |a: &Definition, b: &Definition| {
        a.num == b.num && a.location == b.location && (a.generation == b.generation || a.location == Location::Free)
    };
    // Plain objects first: whether a compressed one is only listed again depends on its container.
    let mut plain: Vec<u32> = Vec::with_capacity(order.len());
    for n in order {
        let Some(new) = at(n) else { continue };
        let again = plain.last().and_then(|&k| at(k)).is_some_and(|old| same(old, new) && !new.implicit);
        if !again || matches!(new.location, Location::Compressed { .. }) {
            plain.push(n);
        }
    }
    let mut real: Vec<u32> = Vec::with_capacity(plain.len());
    for &n in &plain {
        let Some(new) = at(n) else { continue };
        let again = match (real.last().and_then(|&k| at(k)), new.location) {
            (Some(old), Location::Compressed { container, .. }) if same(old, new) && !new.implicit => {
                let home = |definition: &Definition| find_in(&plain, all, container, definition.revision.into());
                home(old) == home(new)
            }
            _ => false,
        };
        if !again {
            real.push(n);
        }
    }
    real
}

fn find_in(order: &[u32], all: &[Definition], num: u32, view: usize) -> Option<u32> {
    let key = |n: &u32| all.get(*n as usize).map_or((0, 0), |d| (d.num, usize::from(d.revision)));
    let after = order.partition_point(|n| key(n) <= (num, view));
    let found = *order.get(after.checked_sub(1)?)?;
    (key(&found).0 == num).then_some(found)
}

/// Objects that change in a revision although it does not list them: their object stream was written anew under its old number.
fn implied(env: &Env<'_>, listed: &[Vec<RawEntry>]) -> Result<Vec<Vec<RawEntry>>, Error> {
    let mut implied: Vec<Vec<RawEntry>> = listed.iter().map(|_| Vec::new()).collect();
    let mut containers: HashMap<u32, Option<Location>> = HashMap::new();
    for entry in listed.iter().flatten() {
        if let Location::Compressed { container, .. } = entry.location {
            containers.insert(container, None);
        }
    }
    // What lives in each container now.
    let mut members: HashMap<u32, BTreeMap<u32, RawEntry>> = HashMap::new();
    let mut home: HashMap<u32, u32> = HashMap::new();
    let mut work = 0usize;
    for (revision, entries) in listed.iter().enumerate() {
        let own: HashSet<u32> = entries.iter().map(|e| e.num).collect();
        for entry in entries {
            let Some(known) = containers.get_mut(&entry.num) else { continue };
            let before = known.replace(entry.location);
            if before.is_none() || before == Some(entry.location) {
                continue;
            }
            let stale = members.get(&entry.num).map(|m| m.values().copied().collect::<Vec<_>>()).unwrap_or_default();
            work = work.saturating_add(stale.len());
            if work > env.limits.objects {
                return Err(Error::Limit(LimitKind::Objects));
            }
            for member in stale.into_iter().filter(|m| !own.contains(&m.num)) {
                env.note(FindingKind::ImplicitRedefinition, 0, Some(ObjId::new(member.num, 0)));
                if let Some(list) = implied.get_mut(revision) {
                    list.push(member);
                }
            }
        }
        for entry in entries {
            if let Some(old) = home.remove(&entry.num)
                && let Some(left) = members.get_mut(&old)
            {
                left.remove(&entry.num);
            }
            if let Location::Compressed { container, .. } = entry.location {
                members.entry(container).or_default().insert(entry.num, *entry);
                home.insert(entry.num, container);
            }
        }
    }
    Ok(implied)
}
