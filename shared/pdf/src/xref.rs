//! Cross-reference sections: tables and streams, one at a time (ISO 32000-2 clauses 7.5.4 and 7.5.8).

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use crate::error::{Error, Finding, FindingKind, LimitKind};
use crate::filters::{self, Step};
use crate::lexer::{at, find, keyword, skip_blank, skip_eol, skip_space, unsigned};
use crate::limits::Limits;
use crate::object::{Dict, ObjId, Object};
use crate::parser::{Budget, Parser};
use crate::revision::{Location, XrefKind};

/// What reading needs everywhere: the bytes, what is allowed, what was noticed.
#[derive(Debug)]
pub(crate) struct Env<'a> {
    pub(crate) bytes: &'a [u8],
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

    pub(crate) fn parser(&self, pos: usize) -> Parser<'_> {
        Parser::new(self.bytes, pos, self.limits.depth, &self.budget)
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

/// Does a section begin here (after white space)?
pub(crate) fn begins(env: &Env<'_>, offset: usize) -> bool {
    let start = skip_blank_near(env.bytes, offset, 64);
    at(env.bytes, start, b"xref") || env.parser(start).indirect_header().is_some()
}

/// Where the section that was announced at `offset` really begins: there, or a few bytes beside.
fn locate(env: &Env<'_>, offset: usize) -> Result<usize, Error> {
    let start = skip_blank_near(env.bytes, offset, 64);
    if begins(env, start) {
        return Ok(start);
    }
    let from = offset.saturating_sub(16);
    let to = offset.saturating_add(24);
    let table = find(env.bytes, b"xref", from, to).filter(|&p| !at(env.bytes, p.saturating_sub(5), b"startxref"));
    let line = |p: &usize| env.bytes.get(p.wrapping_sub(1)).is_some_and(|b| matches!(b, b'\n' | b'\r'));
    let near = table.or_else(|| (from..to).filter(line).find(|&p| env.parser(p).indirect_header().is_some()));
    let near = near.ok_or(bad(offset, "no section here"))?;
    env.note(FindingKind::StartxrefOff, offset, None);
    Ok(near)
}

/// Reads the section announced at `offset`. `left` is how many entries may still come.
pub(crate) fn read(env: &Env<'_>, offset: usize, left: usize) -> Result<Section, Error> {
    if offset >= env.bytes.len() {
        return Err(bad(offset, "outside the file"));
    }
    let start = locate(env, offset)?;
    if let Some(pos) = at(env.bytes, start, b"xref").then_some(start + 4) {
        let mut section = table(env, start, pos, left)?;
        merge_hybrid(env, &mut section, left)?;
        return Ok(section);
    }
    stream(env, start, left)
}

fn table(env: &Env<'_>, start: usize, mut pos: usize, left: usize) -> Result<Section, Error> {
    let mut entries = Vec::new();
    loop {
        pos = skip_space(env.bytes, pos);
        if at(env.bytes, pos, b"trailer") {
            break;
        }
        let (first, end) = unsigned(env.bytes, pos).ok_or(bad(pos, "subsection expected"))?;
        let (count, end) = unsigned(env.bytes, skip_blank(env.bytes, end)).ok_or(bad(pos, "count expected"))?;
        let count = usize::try_from(count).map_err(|_| bad(pos, "count"))?;
        if count > left.saturating_sub(entries.len()) {
            return Err(Error::Limit(LimitKind::Objects));
        }
        pos = subsection(env, end, first, count, &mut entries)?;
    }
    let mut parser = env.parser(pos + 7);
    let trailer = parser.dict(None)?;
    if parser.duplicate {
        env.note(FindingKind::DuplicateKey, pos, None);
    }
    let prev = previous(env, &trailer, start);
    let kind = if trailer.contains(b"XRefStm") { XrefKind::Hybrid } else { XrefKind::Table };
    Ok(Section { offset: start, end: parser.pos, kind, entries, trailer, prev, hybrid: None })
}

fn subsection(
    env: &Env<'_>,
    mut pos: usize,
    mut first: u64,
    count: usize,
    entries: &mut Vec<RawEntry>,
) -> Result<usize, Error> {
    for n in 0..count {
        pos = skip_blank(env.bytes, pos);
        let (offset, end) = unsigned(env.bytes, pos).ok_or(bad(pos, "entry expected"))?;
        let (generation, end) = unsigned(env.bytes, skip_blank(env.bytes, end)).ok_or(bad(pos, "entry expected"))?;
        let mark = skip_blank(env.bytes, end);
        let used = match env.bytes.get(mark) {
            Some(b'n') => true,
            Some(b'f') => false,
            _ => return Err(bad(mark, "n or f expected")),
        };
        pos = mark + 1;
        if n == 0 && first == 1 && !used && offset == 0 && generation == 65535 {
            env.note(FindingKind::XrefShifted, pos, None);
            first = 0;
        }
        let num = u32::try_from(first + n as u64).map_err(|_| bad(pos, "object number"))?;
        let generation = u16::try_from(generation).map_err(|_| bad(pos, "generation"))?;
        let offset = usize::try_from(offset).map_err(|_| bad(pos, "offset"))?;
        if used && offset == 0 {
            env.note(FindingKind::ZeroOffset, pos, Some(ObjId::new(num, generation)));
        }
        let location =
            if used && offset > 0 { Location::Offset(offset.saturating_add(env.base)) } else { Location::Free };
        entries.push(RawEntry { num, generation, location, hidden: false });
    }
    Ok(pos)
}

fn previous(env: &Env<'_>, trailer: &Dict, section: usize) -> Option<usize> {
    let value = trailer.get(b"Prev")?;
    let offset = value.as_number().filter(|v| *v >= 1.0 && *v < 1e15).map(|v| v as usize);
    if offset.is_none() {
        env.note(FindingKind::BadPrev, section, None);
    }
    Some(offset?.saturating_add(env.base))
}

/// Adds the objects that only `/XRefStm` knows (clause 7.5.8.4: the stream is consulted after the table).
fn merge_hybrid(env: &Env<'_>, section: &mut Section, left: usize) -> Result<(), Error> {
    let Some(offset) = section.trailer.int(b"XRefStm").and_then(|v| usize::try_from(v).ok()) else { return Ok(()) };
    let offset = offset.saturating_add(env.base);
    let start = locate(env, offset)?;
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
    let mut parser = env.parser(start);
    let id = parser.indirect_header().ok_or(bad(start, "no stream here"))?;
    let dict = parser.dict(None)?;
    if parser.duplicate {
        env.note(FindingKind::DuplicateKey, start, Some(id));
    }
    if !dict.is_type(b"XRef") {
        return Err(bad(start, "not a cross-reference stream"));
    }
    let data = data_start(env.bytes, parser.pos).ok_or(bad(start, "no stream data"))?;
    let length = dict.int(b"Length").and_then(|v| usize::try_from(v).ok());
    let range = data_range(env, data, length, Some(id))?;
    let rows = rows(&dict, start)?;
    let total: usize = rows.iter().fold(0, |sum, (_, count)| sum.saturating_add(*count));
    // A bomb of entries may not cost more than the file can honestly have.
    if total > left.min(20_000 + env.bytes.len()) {
        return Err(Error::Limit(LimitKind::Objects));
    }
    let widths = widths(&dict, start)?;
    let row = widths.iter().sum::<usize>();
    let raw = env.bytes.get(range.clone()).unwrap_or_default();
    let max = env.limits.decoded_stream.min(row.saturating_mul(total).saturating_mul(2).saturating_add(4096));
    let decoded = filters::run(&env.budget, &direct_steps(&dict, &env.limits)?, raw, max)?;
    let entries = entries(env, &decoded.bytes, &rows, widths, start)?;
    let end = object_end(env.bytes, range.end);
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
    let parms = |n: usize| match dict.get(b"DecodeParms") {
        Some(Object::Dict(parms)) if n == 0 => Some(parms),
        Some(Object::Array(list)) => list.get(n).and_then(Object::as_dict),
        _ => None,
    };
    let names: Vec<&[u8]> = match dict.get(b"Filter") {
        None | Some(Object::Null) => Vec::new(),
        Some(Object::Name(name)) => vec![name],
        Some(Object::Array(list)) => list.iter().filter_map(Object::as_name).collect(),
        Some(_) => return Err(Error::UnsupportedFilter("indirect".into())),
    };
    if names.len() > limits.filters {
        return Err(Error::Limit(LimitKind::Filters));
    }
    Ok(names.iter().enumerate().map(|(n, name)| Step::new(name, parms(n))).collect())
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
        _ => return Ok(None),
    };
    Ok(Some(RawEntry { num, generation, location, hidden: false }))
}

/// After `stream` and its end-of-line, if that keyword stands here.
pub(crate) fn data_start(bytes: &[u8], pos: usize) -> Option<usize> {
    let mut end = keyword(bytes, skip_space(bytes, pos), b"stream")?;
    // Some writers put a blank between the keyword and its end-of-line.
    if at(bytes, end, b" \r") || at(bytes, end, b" \n") {
        end += 1;
    }
    Some(skip_eol(bytes, end))
}

/// The data of a stream: by its length where `endstream` follows there, otherwise by searching it.
pub(crate) fn data_range(
    env: &Env<'_>,
    start: usize,
    length: Option<usize>,
    id: Option<ObjId>,
) -> Result<std::ops::Range<usize>, Error> {
    if let Some(end) = length.and_then(|len| start.checked_add(len)).filter(|end| *end <= env.bytes.len())
        && at(env.bytes, skip_blank_near(env.bytes, end, 4), b"endstream")
    {
        return Ok(start..end);
    }
    let found = find(env.bytes, b"endstream", start, env.bytes.len());
    env.budget.take_search(found.unwrap_or(env.bytes.len()).saturating_sub(start))?;
    let mut end = found.ok_or(Error::Syntax { offset: start, reason: "stream without end" })?;
    env.note(FindingKind::WrongLength, start, id);
    if end > start && env.bytes.get(end - 1) == Some(&b'\n') {
        end -= 1;
    }
    if end > start && env.bytes.get(end - 1) == Some(&b'\r') {
        end -= 1;
    }
    Ok(start..end)
}

/// White space, but never more than `most` of it.
fn skip_blank_near(bytes: &[u8], pos: usize, most: usize) -> usize {
    let window = bytes.get(..pos.saturating_add(most).min(bytes.len())).unwrap_or(bytes);
    skip_blank(window, pos)
}

/// After `endstream` and `endobj`, as far as they stand here.
pub(crate) fn object_end(bytes: &[u8], pos: usize) -> usize {
    let next = skip_space(bytes, pos);
    let pos = if at(bytes, next, b"endstream") { next + 9 } else { pos };
    let next = skip_space(bytes, pos);
    if at(bytes, next, b"endobj") { next + 6 } else { pos }
}
