//! Cross-reference sections: tables and streams, one at a time (ISO 32000-2 clauses 7.5.4 and 7.5.8).

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use crate::error::{Error, Finding, FindingKind, LimitKind};
use crate::filters::{self, Step};
use crate::lexer::{Window, at, keyword, skip_blank, skip_blank_near, skip_eol, skip_space, unsigned};
use crate::limits::Limits;
use crate::object::{Dict, ObjId, Object};
use crate::parser::{Budget, Parser};
use crate::revision::{Location, XrefKind};
use crate::source::Text;

/// What reading needs everywhere: the text, what is allowed, what was noticed.
#[derive(Debug)]
pub(crate) struct Env<'a> {
    pub(crate) text: Text<'a>,
    pub(crate) limits: Limits,
    pub(crate) budget: Budget,
    /// What offsets in the file count from.
    pub(crate) base: usize,
    pub(crate) findings: Mutex<BTreeSet<Finding>>,
}

const FINDINGS: usize = 4000;

impl Env<'_> {
    pub(crate) fn note(&self, kind: FindingKind, offset: usize, object: Option<ObjId>) {
        let mut findings = self.findings.lock().unwrap_or_else(PoisonError::into_inner);
        let finding = Finding { kind, offset, object };
        if findings.len() < FINDINGS {
            findings.insert(finding);
        } else if !findings.contains(&finding) {
            findings.insert(Finding { kind: FindingKind::TooMany, offset: 0, object: None });
        }
    }

    pub(crate) fn parser<'w>(&'w self, window: Window<'w>, pos: usize) -> Parser<'w> {
        Parser::new(window, pos, self.limits.depth, &self.budget)
    }

    /// [`Text::look`]
    pub(crate) fn look<T>(&self, from: usize, read: impl Fn(Window<'_>) -> T) -> Result<T, Error> {
        self.text.look(&self.budget, from, read)
    }

    /// [`Text::read`]
    pub(crate) fn read<T>(&self, from: usize, read: impl Fn(Window<'_>) -> Result<T, Error>) -> Result<T, Error> {
        self.text.read(&self.budget, from, read)
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct RawEntry {
    pub(crate) num: u32,
    pub(crate) generation: u16,
    pub(crate) location: Location,
    /// Only the stream of a hybrid section lists it.
    pub(crate) hidden: bool,
}

#[derive(Debug)]
pub(crate) struct Section {
    pub(crate) offset: usize,
    /// After the trailer dictionary, or after the stream object.
    pub(crate) end: usize,
    pub(crate) kind: XrefKind,
    pub(crate) entries: Vec<RawEntry>,
    pub(crate) trailer: Dict,
    pub(crate) prev: Option<usize>,
    /// Where the stream of a hybrid section lies.
    pub(crate) hybrid: Option<std::ops::Range<usize>>,
}

fn bad(offset: usize, reason: &'static str) -> Error {
    Error::BadXref { offset, reason }
}

/// Could some reader find a section here, or a few bytes beside?
pub(crate) fn may_begin(env: &Env<'_>, offset: usize) -> Result<bool, Error> {
    Ok(begins(env, offset)? || env.look(offset, |window| beside(env, window, offset))?.is_some())
}

/// Does a section begin here (after white space)?
pub(crate) fn begins(env: &Env<'_>, offset: usize) -> Result<bool, Error> {
    env.look(offset, |window| begins_at(env, window, skip_blank_near(window, offset, 64)))
}

fn begins_at(env: &Env<'_>, window: Window<'_>, start: usize) -> bool {
    at(window, start, b"xref") || env.parser(window, start).indirect_header().is_some()
}

/// Where the section that was announced at `offset` really begins: there, or a few bytes beside. `told` is the place that says so.
fn locate(env: &Env<'_>, offset: usize, told: usize) -> Result<usize, Error> {
    let exact = env.look(offset, |window| {
        let start = skip_blank_near(window, offset, 64);
        begins_at(env, window, skip_blank_near(window, start, 64)).then_some(start)
    })?;
    if let Some(start) = exact {
        return Ok(start);
    }
    let near = env.look(offset, |window| beside(env, window, offset))?.ok_or(bad(offset, "no section here"))?;
    env.note(FindingKind::StartxrefOff, told, None);
    Ok(near)
}

fn beside(env: &Env<'_>, window: Window<'_>, offset: usize) -> Option<usize> {
    let (from, to) = (offset.saturating_sub(16), offset.saturating_add(24).min(env.text.len()));
    let table = (from..to.saturating_sub(3)).find(|&p| at(window, p, b"xref"));
    let table = table.filter(|&p| !at(window, p.saturating_sub(5), b"startxref"));
    let line = |p: &usize| p.checked_sub(1).is_some_and(|p| matches!(window.get(p), Some(b'\n' | b'\r')));
    table.or_else(|| (from..to).filter(line).find(|&p| env.parser(window, p).indirect_header().is_some()))
}

/// Reads the section announced at `offset` by what stands at `told`. `left` is how many entries may still come.
pub(crate) fn read(env: &Env<'_>, offset: usize, told: usize, left: usize) -> Result<Section, Error> {
    if offset >= env.text.len() {
        return Err(bad(offset, "outside the file"));
    }
    let start = locate(env, offset, told)?;
    if env.look(start, |window| at(window, start, b"xref"))? {
        let mut section = table(env, start, start + 4, left)?;
        merge_hybrid(env, &mut section, left)?;
        return Ok(section);
    }
    stream(env, start, left)
}

fn table(env: &Env<'_>, start: usize, mut pos: usize, left: usize) -> Result<Section, Error> {
    let mut entries = Vec::new();
    let mut exact = true;
    while let Some((first, count, end)) = env.read(pos, |window| subsection_head(window, pos))? {
        exact &= env.look(pos, |window| is_blank(window, pos) && !is_comment(window, pos))?;
        let count = usize::try_from(count).map_err(|_| bad(pos, "count"))?;
        if count > left.saturating_sub(entries.len()) {
            return Err(Error::Limit(LimitKind::Objects));
        }
        pos = subsection(env, end, first, count, &mut entries)?;
    }
    let (trailer, word, end, duplicate) = env.read(pos, |window| {
        let word = skip_space(window, pos);
        let mut parser = env.parser(window, word + 7);
        Ok((parser.dict(None)?, word, parser.pos, parser.duplicate))
    })?;
    exact &=
        env.look(pos, |window| !is_comment(window, pos))? && env.look(word + 7, |window| opens(window, word + 7))?;
    if !exact {
        env.note(FindingKind::XrefForm, start, None);
    }
    if duplicate {
        env.note(FindingKind::DuplicateKey, word, None);
    }
    let prev = previous(env, &trailer, start);
    let kind = if trailer.contains(b"XRefStm") { XrefKind::Hybrid } else { XrefKind::Table };
    Ok(Section { offset: start, end, kind, entries, trailer, prev, hybrid: None })
}

fn is_blank(window: Window<'_>, pos: usize) -> bool {
    skip_blank(window, pos) > pos
}

/// Is there more than white space before the next word?
fn is_comment(window: Window<'_>, pos: usize) -> bool {
    skip_blank(window, pos) != skip_space(window, pos)
}

/// Does a dictionary begin here, after nothing but white space?
fn opens(window: Window<'_>, pos: usize) -> bool {
    at(window, skip_blank(window, pos), b"<<")
}

/// First number, count, and where they end; `None` at the trailer.
fn subsection_head(window: Window<'_>, pos: usize) -> Result<Option<(u64, u64, usize)>, Error> {
    let pos = skip_space(window, pos);
    if at(window, pos, b"trailer") {
        return Ok(None);
    }
    let (first, end) = unsigned(window, pos).ok_or(bad(pos, "subsection expected"))?;
    let (count, end) = unsigned(window, skip_blank(window, end)).ok_or(bad(pos, "count expected"))?;
    Ok(Some((first, count, end)))
}

fn subsection(
    env: &Env<'_>,
    mut pos: usize,
    mut first: u64,
    count: usize,
    entries: &mut Vec<RawEntry>,
) -> Result<usize, Error> {
    let (mut exact, mut expected) = (true, None);
    for n in 0..count {
        let line = env.read(pos, |window| table_line(window, pos))?;
        if exact && !(line.exact && expected.is_none_or(|start| start == line.start)) {
            exact = false;
            env.note(FindingKind::XrefForm, line.start, None);
        }
        expected = Some(line.start + ENTRY);
        pos = line.end;
        if n == 0 && first == 1 && !line.used && line.offset == 0 && line.generation == 65535 {
            env.note(FindingKind::XrefShifted, pos, None);
            first = 0;
        }
        let num = u32::try_from(first + n as u64).map_err(|_| bad(pos, "object number"))?;
        let generation = u16::try_from(line.generation).map_err(|_| bad(pos, "generation"))?;
        let offset = usize::try_from(line.offset).map_err(|_| bad(pos, "offset"))?;
        if line.used && offset == 0 {
            env.note(FindingKind::ZeroOffset, pos, Some(ObjId::new(num, generation)));
        }
        let location =
            if line.used && offset > 0 { Location::Offset(offset.saturating_add(env.base)) } else { Location::Free };
        entries.push(RawEntry { num, generation, location, hidden: false });
    }
    Ok(pos)
}

/// Bytes of an entry, its end of line with it (clause 7.5.4).
const ENTRY: usize = 20;

/// One entry of a table as it is written.
struct Line {
    start: usize,
    /// As the clause wants it, to the byte.
    exact: bool,
    offset: u64,
    generation: u64,
    used: bool,
    /// After `n` or `f`.
    end: usize,
}

fn table_line(window: Window<'_>, pos: usize) -> Result<Line, Error> {
    let pos = skip_blank(window, pos);
    let (offset, end) = unsigned(window, pos).ok_or(bad(pos, "entry expected"))?;
    let (generation, end) = unsigned(window, skip_blank(window, end)).ok_or(bad(pos, "entry expected"))?;
    let mark = skip_blank(window, end);
    let used = match window.get(mark) {
        Some(b'n') => true,
        Some(b'f') => false,
        _ => return Err(bad(mark, "n or f expected")),
    };
    Ok(Line { start: pos, exact: is_exact(window, pos), offset, generation, used, end: mark + 1 })
}

fn is_exact(window: Window<'_>, pos: usize) -> bool {
    let byte = |n: usize| window.get(pos + n).unwrap_or(0);
    let digits = (0..10).chain(11..16).all(|n| byte(n).is_ascii_digit());
    let ends = matches!([byte(18), byte(19)], [b' ', b'\r' | b'\n'] | [b'\r', b'\n']);
    digits && byte(10) == b' ' && byte(16) == b' ' && ends
}

/// An offset that a section names. Readers make different things of one that is not whole, or that stands elsewhere: it is followed where it
/// can be, and noted.
fn named(env: &Env<'_>, dict: &Dict, key: &[u8], section: usize) -> Option<usize> {
    let value = dict.get(key).filter(|value| !value.is_null())?;
    let offset = value.as_number().filter(|v| *v >= 1.0 && *v < 1e15).map(|v| v as usize);
    if offset.is_none() || value.as_int().is_none() {
        env.note(FindingKind::BadPrev, section, None);
    }
    Some(offset?.saturating_add(env.base))
}

/// ISO 32000-1 annex C: indirect objects of a file that readers accept.
const MOST_OBJECTS: i64 = 8_388_607;

fn previous(env: &Env<'_>, trailer: &Dict, section: usize) -> Option<usize> {
    if trailer.int(b"Size").is_none_or(|size| !(1..=MOST_OBJECTS + 1).contains(&size)) {
        env.note(FindingKind::BadPrev, section, None);
    }
    named(env, trailer, b"Prev", section)
}

/// Adds the objects that only `/XRefStm` knows (clause 7.5.8.4: the stream is consulted after the table).
fn merge_hybrid(env: &Env<'_>, section: &mut Section, left: usize) -> Result<(), Error> {
    let Some(offset) = named(env, &section.trailer, b"XRefStm", section.offset) else { return Ok(()) };
    let start = locate(env, offset, section.offset)?;
    let hidden = stream(env, start, left.saturating_sub(section.entries.len()))?;
    let mut known: std::collections::HashMap<u32, usize> =
        section.entries.iter().enumerate().map(|(n, entry)| (entry.num, n)).collect();
    section.hybrid = Some(hidden.offset..hidden.end);
    for entry in hidden.entries {
        let entry = RawEntry { hidden: true, ..entry };
        match known.get(&entry.num).and_then(|&n| section.entries.get_mut(n)) {
            // The table comes first for every reader; what it calls free is what it hides.
            Some(shown) if shown.location == Location::Free => *shown = entry,
            Some(_) => {}
            None => {
                known.insert(entry.num, section.entries.len());
                section.entries.push(entry);
            }
        }
    }
    Ok(())
}

fn stream(env: &Env<'_>, start: usize, left: usize) -> Result<Section, Error> {
    let (id, dict, data, duplicate) = env.read(start, |window| {
        let mut parser = env.parser(window, start);
        let id = parser.indirect_header().ok_or(bad(start, "no stream here"))?;
        let dict = parser.dict(None)?;
        Ok((id, dict, data_start(window, parser.pos), parser.duplicate))
    })?;
    if duplicate {
        env.note(FindingKind::DuplicateKey, start, Some(id));
    }
    if !dict.is_type(b"XRef") {
        return Err(bad(start, "not a cross-reference stream"));
    }
    let data = data.ok_or(bad(start, "no stream data"))?;
    let length = dict.int(b"Length").and_then(|v| usize::try_from(v).ok());
    let range = data_range(env, data, length, Some(id))?;
    let rows = rows(&dict, start)?;
    let total: usize = rows.iter().fold(0, |sum, (_, count)| sum.saturating_add(*count));
    // A bomb of entries may not cost more than the file can honestly have.
    if total > left.min(20_000 + env.text.len()) {
        return Err(Error::Limit(LimitKind::Objects));
    }
    let widths = widths(&dict, start)?;
    let row = widths.iter().sum::<usize>();
    let raw = env.text.bytes(range.clone())?;
    let max = env.limits.decoded_stream.min(row.saturating_mul(total).saturating_mul(2).saturating_add(4096));
    let decoded = filters::run(&env.budget, &direct_steps(&dict, &env.limits)?, &raw, max)?;
    let entries = entries(env, &decoded.bytes, &rows, widths, start)?;
    let end = env.look(range.end, |window| object_end(window, range.end))?;
    let prev = previous(env, &dict, start);
    Ok(Section { offset: start, end, kind: XrefKind::Stream, entries, trailer: dict, prev, hybrid: None })
}

fn widths(dict: &Dict, start: usize) -> Result<[usize; 3], Error> {
    let array = dict.array(b"W").unwrap_or_default();
    let mut widths = [0; 3];
    for (n, width) in widths.iter_mut().enumerate() {
        let value = array.get(n).and_then(Object::as_int).filter(|v| (0..=8).contains(v));
        *width = value.and_then(|v| usize::try_from(v).ok()).ok_or(bad(start, "/W"))?;
    }
    if widths.iter().sum::<usize>() == 0 {
        return Err(bad(start, "/W"));
    }
    Ok(widths)
}

fn rows(dict: &Dict, start: usize) -> Result<Vec<(u64, usize)>, Error> {
    let number = |object: &Object| object.as_int().and_then(|v| u32::try_from(v).ok());
    match dict.get(b"Index") {
        None => {
            let size = dict.get(b"Size").and_then(number).ok_or(bad(start, "/Size"))?;
            Ok(vec![(0, size as usize)])
        }
        Some(Object::Array(index)) => {
            let pair = |pair: &[Object]| match pair {
                [first, count] => Some((u64::from(number(first)?), number(count)? as usize)),
                _ => None,
            };
            index.chunks(2).map(|c| pair(c).ok_or(bad(start, "/Index"))).collect()
        }
        Some(_) => Err(bad(start, "/Index")),
    }
}

/// Filters of a stream whose dictionary must be direct.
pub(crate) fn direct_steps(dict: &Dict, limits: &Limits) -> Result<Vec<Step>, Error> {
    let indirect = || Error::UnsupportedFilter("indirect".into());
    let direct = |value| if matches!(value, &Object::Ref(_)) { Err(indirect()) } else { Ok(value) };
    let names: &[Object] = match dict.get(b"Filter") {
        None | Some(Object::Null) => &[],
        Some(Object::Array(list)) => list,
        Some(single) => std::slice::from_ref(single),
    };
    if names.len() > limits.filters {
        return Err(Error::Limit(LimitKind::Filters));
    }
    let parms: &[Object] = match dict.get(b"DecodeParms") {
        None | Some(Object::Null) => &[],
        Some(Object::Array(list)) => list,
        Some(single) => std::slice::from_ref(single),
    };
    let step = |(n, name): (usize, &Object)| {
        let name = name.as_name().ok_or_else(indirect)?;
        let parms = match parms.get(n) {
            None | Some(Object::Null) => None,
            Some(Object::Dict(parms)) => Some(parms),
            Some(_) => return Err(indirect()),
        };
        Step::new(name, parms, direct)
    };
    names.iter().enumerate().map(step).collect()
}

fn entries(
    env: &Env<'_>,
    data: &[u8],
    rows: &[(u64, usize)],
    widths: [usize; 3],
    start: usize,
) -> Result<Vec<RawEntry>, Error> {
    let width = widths.iter().sum::<usize>();
    let mut lines = data.chunks_exact(width);
    let mut entries = Vec::new();
    for &(first, count) in rows {
        for n in 0..count {
            let line = lines.next().ok_or(bad(start, "stream too short"))?;
            let num = u32::try_from(first + n as u64).map_err(|_| bad(start, "object number"))?;
            if let Some(entry) = entry(env, line, widths, num, start)? {
                entries.push(entry);
            }
        }
    }
    Ok(entries)
}

/// One row; unknown types read as null objects (clause 7.5.8.3), which here is: not listed.
fn entry(env: &Env<'_>, line: &[u8], widths: [usize; 3], num: u32, start: usize) -> Result<Option<RawEntry>, Error> {
    let (kind, rest) = line.split_at_checked(widths[0]).unwrap_or_default();
    let (second, third) = rest.split_at_checked(widths[1]).unwrap_or_default();
    let number = |field: &[u8]| field.iter().fold(0u64, |sum, &b| sum << 8 | u64::from(b));
    let kind = if kind.is_empty() { 1 } else { number(kind) };
    let (second, third) = (number(second), number(third));
    // Generations of free entries are sometimes written wider; they do not matter.
    let generation = u16::try_from(third).unwrap_or(u16::MAX);
    let location = match kind {
        0 => Location::Free,
        1 if second == 0 => {
            env.note(FindingKind::ZeroOffset, start, Some(ObjId::new(num, generation)));
            Location::Free
        }
        1 => {
            let offset = usize::try_from(second).map_err(|_| bad(start, "offset"))?;
            Location::Offset(offset.saturating_add(env.base))
        }
        2 => {
            let container = u32::try_from(second).map_err(|_| bad(start, "object stream number"))?;
            let index = u32::try_from(third).map_err(|_| bad(start, "object stream index"))?;
            let location = Location::Compressed { container, index };
            return Ok(Some(RawEntry { num, generation: 0, location, hidden: false }));
        }
        _ => {
            env.note(FindingKind::XrefEntryType, start, None);
            return Ok(None);
        }
    };
    Ok(Some(RawEntry { num, generation, location, hidden: false }))
}

/// After `stream` and its end-of-line, if that keyword stands here.
pub(crate) fn data_start(text: Window<'_>, pos: usize) -> Option<usize> {
    let mut end = keyword(text, skip_space(text, pos), b"stream")?;
    // Some writers put a blank between the keyword and its end-of-line.
    if at(text, end, b" \r") || at(text, end, b" \n") {
        end += 1;
    }
    Some(skip_eol(text, end))
}

/// The data of a stream: by its length where `endstream` follows there, otherwise by searching it.
pub(crate) fn data_range(
    env: &Env<'_>,
    start: usize,
    length: Option<usize>,
    id: Option<ObjId>,
) -> Result<std::ops::Range<usize>, Error> {
    let file = env.text.len();
    if let Some(end) = length.and_then(|len| start.checked_add(len)).filter(|end| *end <= file)
        && env.look(end, |window| at(window, skip_blank_near(window, end, 4), b"endstream"))?
    {
        return Ok(start..end);
    }
    let found = env.text.find(b"endstream", start..file)?;
    env.budget.take_search(found.unwrap_or(file).saturating_sub(start))?;
    let mut end = found.ok_or(Error::Syntax { offset: start, reason: "stream without end" })?;
    env.note(FindingKind::WrongLength, start, id);
    for mark in *b"\n\r" {
        if end > start && env.look(end, |window| window.get(end - 1) == Some(mark))? {
            end -= 1;
        }
    }
    Ok(start..end)
}

/// After `endstream` and `endobj`, as far as they stand here.
pub(crate) fn object_end(text: Window<'_>, pos: usize) -> usize {
    let next = skip_space(text, pos);
    let pos = if at(text, next, b"endstream") { next + 9 } else { pos };
    let next = skip_space(text, pos);
    if at(text, next, b"endobj") { next + 6 } else { pos }
}
