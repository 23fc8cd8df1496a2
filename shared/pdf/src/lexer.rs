//! Characters and tokens (ISO 32000-2 clause 7.2). Every function takes a position and returns one; none can fail by indexing.

use std::cell::Cell;

/// A piece of a text, by the positions of the whole. Whatever is asked beyond its ends is remembered, so that nobody mistakes the end of
/// the piece for the end of the text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window<'w> {
    data: &'w [u8],
    /// Where it begins.
    base: usize,
    /// Where the text ends.
    len: usize,
    short: Option<&'w Cell<bool>>,
}

impl<'w> Window<'w> {
    /// The whole text.
    pub(crate) fn whole(data: &'w [u8]) -> Self {
        Window { data, base: 0, len: data.len(), short: None }
    }

    /// `data` stands at `base` in a text of `len` bytes; `short` is set when that was not enough.
    pub(crate) fn part(data: &'w [u8], base: usize, len: usize, short: &'w Cell<bool>) -> Self {
        Window { data, base, len, short: Some(short) }
    }

    /// What stands at `from` was not enough where the text goes on behind the window, or begins before it.
    fn miss(&self, from: usize) {
        if let Some(short) = self.short
            && (from < self.base || self.base + self.data.len() < self.len)
        {
            short.set(true);
        }
    }

    /// The byte at a position.
    pub(crate) fn get(&self, pos: usize) -> Option<u8> {
        let byte = pos.checked_sub(self.base).and_then(|at| self.data.get(at));
        if byte.is_none() {
            self.miss(pos);
        }
        byte.copied()
    }

    /// A range that was walked over before.
    pub(crate) fn slice(&self, from: usize, to: usize) -> &'w [u8] {
        let range = from.checked_sub(self.base).zip(to.checked_sub(self.base));
        let slice = range.and_then(|(from, to)| self.data.get(from..to));
        if slice.is_none() {
            self.miss(from);
        }
        slice.unwrap_or_default()
    }

    /// How many bytes from `pos` on are not what `ends` looks for; all of them where there is none.
    pub(crate) fn run(&self, pos: usize, ends: impl Fn(u8) -> bool) -> usize {
        let rest = self.rest(pos);
        let found = rest.iter().position(|&byte| ends(byte));
        if found.is_none() {
            self.miss(pos);
        }
        found.unwrap_or(rest.len())
    }

    /// As [`Window::run`], to the next such byte: for what may be long.
    pub(crate) fn until(&self, pos: usize, end: u8) -> usize {
        let rest = self.rest(pos);
        memchr::memchr(end, rest).unwrap_or_else(|| {
            self.miss(pos);
            rest.len()
        })
    }

    fn rest(&self, pos: usize) -> &'w [u8] {
        pos.checked_sub(self.base).and_then(|at| self.data.get(at..)).unwrap_or_default()
    }
}

/// White space of table 1.
pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | 9 | 10 | 12 | 13 | 32)
}

/// Delimiters of table 2.
pub(crate) fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

pub(crate) fn is_regular(byte: u8) -> bool {
    !is_space(byte) && !is_delimiter(byte)
}

/// After white space only.
pub(crate) fn skip_blank(data: Window<'_>, pos: usize) -> usize {
    pos + data.run(pos, |byte| !is_space(byte))
}

/// White space, but never more than `most` of it.
pub(crate) fn skip_blank_near(data: Window<'_>, pos: usize, most: usize) -> usize {
    let blank = |at: &usize| data.get(*at).is_some_and(is_space);
    pos + (pos..pos.saturating_add(most)).take_while(blank).count()
}

/// After white space and comments.
pub(crate) fn skip_space(data: Window<'_>, mut pos: usize) -> usize {
    loop {
        pos = skip_blank(data, pos);
        if data.get(pos) != Some(b'%') {
            return pos;
        }
        pos = line_end(data, pos);
    }
}

/// The position of the next CR or LF, or the end.
pub(crate) fn line_end(data: Window<'_>, pos: usize) -> usize {
    pos + data.run(pos, |byte| matches!(byte, b'\r' | b'\n'))
}

/// After one end-of-line marker, if one stands here.
pub(crate) fn skip_eol(data: Window<'_>, pos: usize) -> usize {
    match data.get(pos) {
        Some(b'\r') if data.get(pos + 1) == Some(b'\n') => pos + 2,
        Some(b'\r' | b'\n') => pos + 1,
        _ => pos,
    }
}

/// Does this text stand here?
pub(crate) fn at(data: Window<'_>, pos: usize, text: &[u8]) -> bool {
    let rest = data.rest(pos);
    if rest.len() < text.len() && text.starts_with(rest) {
        data.miss(pos);
    }
    rest.starts_with(text)
}

/// Does this keyword stand here, not followed by a regular character? Returns the position after it.
pub(crate) fn keyword(data: Window<'_>, pos: usize, word: &[u8]) -> Option<usize> {
    let end = pos.checked_add(word.len())?;
    (at(data, pos, word) && !data.get(end).is_some_and(is_regular)).then_some(end)
}

/// An unsigned integer of digits only.
pub(crate) fn unsigned(data: Window<'_>, pos: usize) -> Option<(u64, usize)> {
    let mut value: u64 = 0;
    let mut end = pos;
    while let Some(digit) = data.get(end).filter(u8::is_ascii_digit) {
        value = value.checked_mul(10)?.checked_add(u64::from(digit - b'0'))?;
        end += 1;
    }
    (end > pos).then_some((value, end))
}

/// The value of a hexadecimal digit.
pub(crate) fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}
