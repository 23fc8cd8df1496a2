//! One pass over all bytes of a file: where objects and trailers seem to begin, wherever they stand.

use std::ops::Range;

use memchr::memmem;

use crate::error::{Error, LimitKind};
use crate::lexer::{Window, is_regular, is_space, unsigned};
use crate::object::ObjId;
use crate::xref::Env;

/// Digits of a number that is still an object number, and blanks between the parts of a header.
const DIGITS: usize = 10;
const BLANKS: usize = 16;

/// `N G obj`, wherever it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) id: ObjId,
    /// Of the first digit.
    pub(crate) offset: usize,
}

/// What one pass over a file finds.
#[derive(Debug)]
pub(crate) struct Survey {
    /// By offset.
    headers: Result<Vec<Header>, Error>,
    /// Where the word `trailer` stands.
    trailers: Result<Vec<usize>, Error>,
}

/// What is looked at before a word: two numbers, the blanks around them, and the word before them.
const BEFORE: usize = 64;
const OBJ: &[u8] = b"obj";
pub(crate) const TRAILER: &[u8] = b"trailer";

/// Passes over the file once, and shows it to somebody else on the way. In `quiet` ranges (in order, apart from each other) nothing is looked
/// for: what begins there does not matter to the caller.
pub(crate) fn survey(env: &Env<'_>, quiet: &[Range<usize>], mut each: impl FnMut(&[u8])) -> Result<Survey, Error> {
    let mut found = Survey { headers: Ok(Vec::new()), trailers: Ok(Vec::new()) };
    let most = env.limits.objects;
    env.text.pass(0..env.text.len(), BEFORE, |at, tail, chunk| {
        each(chunk);
        if encloses(quiet, &(at.saturating_sub(BEFORE)..at + chunk.len())) {
            return Ok(true);
        }
        // Words that begin before the chunk or so near its beginning that what counts may stand before it.
        let seam: Vec<u8> = tail.iter().chain(chunk.iter().take(BEFORE + TRAILER.len())).copied().collect();
        let ends_here = |place: usize, word: &[u8]| place + word.len() > tail.len() && place < tail.len() + BEFORE;
        found.take(&seam, at - tail.len(), most, quiet, ends_here);
        found.take(chunk, at, most, quiet, |place, _| place >= BEFORE);
        Ok(true)
    })?;
    Ok(found)
}

/// Does one of the ranges, which are in order, have all of this one?
fn encloses(ranges: &[Range<usize>], wanted: &Range<usize>) -> bool {
    let at = ranges.partition_point(|range| range.end < wanted.end);
    ranges.get(at).is_some_and(|range| range.start <= wanted.start)
}

impl Survey {
    /// The words of a piece that stands at `base`, as far as their places are wanted.
    fn take(
        &mut self,
        piece: &[u8],
        base: usize,
        most: usize,
        quiet: &[Range<usize>],
        wanted: impl Fn(usize, &[u8]) -> bool,
    ) {
        let matters = |offset: usize| !encloses(quiet, &(offset..offset + 1));
        for word in memmem::find_iter(piece, OBJ).filter(|&word| wanted(word, OBJ)) {
            let header = header_before(piece, word).map(|header| Header { offset: base + header.offset, ..header });
            if let Some(header) = header.filter(|header| matters(header.offset)) {
                push(&mut self.headers, header, most);
            }
        }
        for word in memmem::find_iter(piece, TRAILER).filter(|&word| wanted(word, TRAILER) && matters(base + word)) {
            push(&mut self.trailers, base + word, most);
        }
    }

    pub(crate) fn headers(&self) -> Result<&[Header], Error> {
        self.headers.as_deref().map_err(Error::clone)
    }

    pub(crate) fn trailers(&self) -> Result<&[usize], Error> {
        self.trailers.as_deref().map_err(Error::clone)
    }

    /// Does the header of an object begin exactly here?
    pub(crate) fn begins_at(&self, offset: usize) -> bool {
        let headers = self.headers.as_deref().unwrap_or_default();
        headers.binary_search_by_key(&offset, |header| header.offset).is_ok()
    }
}

fn push<T>(list: &mut Result<Vec<T>, Error>, one: T, most: usize) {
    match list {
        Ok(found) if found.len() < most => found.push(one),
        Ok(_) => *list = Err(Error::Limit(LimitKind::Objects)),
        Err(_) => {}
    }
}

/// Reads backwards from `obj`.
fn header_before(bytes: &[u8], word: usize) -> Option<Header> {
    let (generation, start) = number_before(bytes, blanks_before(bytes, word))?;
    let blank = blanks_before(bytes, start);
    let (num, offset) = number_before(bytes, blank).filter(|_| blank < start)?;
    let before = bytes.get(..offset).unwrap_or_default();
    // Some writers set the first object of an update directly behind the last mark.
    let apart = before.last().is_none_or(|byte| !is_regular(*byte))
        || [&b"%%EOF"[..], b"endobj", b"endstream"].iter().any(|word| before.ends_with(word));
    let id = ObjId::new(u32::try_from(num).ok()?, u16::try_from(generation).ok()?);
    apart.then_some(Header { id, offset })
}

fn blanks_before(bytes: &[u8], end: usize) -> usize {
    let before = bytes.get(end.saturating_sub(BLANKS)..end).unwrap_or_default();
    end - before.iter().rev().take_while(|byte| is_space(**byte)).count()
}

fn number_before(bytes: &[u8], end: usize) -> Option<(u64, usize)> {
    let before = bytes.get(end.saturating_sub(DIGITS)..end)?;
    let start = end - before.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, after) = unsigned(Window::whole(bytes.get(..end)?), start)?;
    (after == end).then_some((number, start))
}
