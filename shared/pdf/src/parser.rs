//! From text to objects: recursive descent with a bound on depth and a budget for what it builds.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Error, LimitKind};
use crate::lexer::{Window, at, hex_digit, is_regular, keyword, skip_space, unsigned};
use crate::limits::Limits;
use crate::object::{Dict, ObjId, Object, PdfString};

/// Bytes of a file that allow for more values: those of the largest that is taken into memory.
const VALUED: u64 = 116 << 20;

/// What is left of the limits that a document consumes over its life.
#[derive(Debug)]
pub(crate) struct Budget {
    values: AtomicU64,
    decoded: AtomicU64,
    search: AtomicU64,
}

impl Budget {
    pub(crate) fn new(limits: &Limits, file: usize) -> Self {
        let file = file as u64;
        Budget {
            values: AtomicU64::new(limits.values_base as u64 + 4 * file.min(VALUED)),
            decoded: AtomicU64::new(limits.decoded_total as u64),
            search: AtomicU64::new((1 << 20) + 4 * file),
        }
    }

    fn take(counter: &AtomicU64, n: usize, kind: LimitKind) -> Result<(), Error> {
        let less = |left: u64| left.checked_sub(n as u64);
        counter.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).map_err(|_| Error::Limit(kind))?;
        Ok(())
    }

    pub(crate) fn take_values(&self, n: usize) -> Result<(), Error> {
        Self::take(&self.values, n, LimitKind::Values)
    }

    /// Charges bytes that were passed over without building anything, so that many objects cannot make the same bytes be read again
    /// and again. What is overdrawn shows at the next `take_values`.
    fn burn(&self, bytes: usize) {
        if bytes >= 64 {
            let less = |left: u64| Some(left.saturating_sub(bytes as u64 / 64));
            // The closure never refuses.
            let _ = self.values.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        }
    }

    pub(crate) fn take_decoded(&self, n: usize) -> Result<(), Error> {
        Self::take(&self.decoded, n, LimitKind::DecodedTotal)
    }

    pub(crate) fn take_search(&self, n: usize) -> Result<(), Error> {
        Self::take(&self.search, n, LimitKind::Search)
    }

    /// What is left now, for [`Budget::restore`].
    pub(crate) fn mark(&self) -> [u64; 3] {
        [&self.values, &self.decoded, &self.search].map(|counter| counter.load(Ordering::Relaxed))
    }

    /// Gives back what was taken since the mark: the same work is done again with a larger window.
    pub(crate) fn restore(&self, mark: [u64; 3]) {
        for (counter, left) in [&self.values, &self.decoded, &self.search].into_iter().zip(mark) {
            counter.store(left, Ordering::Relaxed);
        }
    }

    pub(crate) fn decoded_left(&self) -> usize {
        usize::try_from(self.decoded.load(Ordering::Relaxed)).unwrap_or(usize::MAX)
    }
}

/// Parses one direct object from a piece of text (no streams); what follows it is ignored.
///
/// # Errors
/// Text that is no object, or nested more than 100 deep.
pub fn parse_object(text: &[u8]) -> Result<Object, Error> {
    let limits = Limits::default();
    let budget = Budget::new(&limits, text.len());
    Parser::new(Window::whole(text), 0, limits.depth, &budget).value()
}

/// Key, and where the value stands.
pub(crate) type ValueSpan = (Vec<u8>, Range<usize>);

pub(crate) struct Parser<'b> {
    data: Window<'b>,
    /// The next byte to read.
    pub(crate) pos: usize,
    depth_left: usize,
    budget: &'b Budget,
    /// A dictionary named a key twice.
    pub(crate) duplicate: bool,
}

impl<'b> Parser<'b> {
    pub(crate) fn new(data: Window<'b>, pos: usize, depth: usize, budget: &'b Budget) -> Self {
        Parser { data, pos, depth_left: depth, budget, duplicate: false }
    }

    fn error(&self, reason: &'static str) -> Error {
        Error::Syntax { offset: self.pos, reason }
    }

    fn peek(&self) -> Option<u8> {
        self.data.get(self.pos)
    }

    pub(crate) fn skip_space(&mut self) {
        self.pos = self.after_space(self.pos);
    }

    fn after_space(&self, pos: usize) -> usize {
        let next = skip_space(self.data, pos);
        self.budget.burn(next - pos);
        next
    }

    /// Takes the keyword if it stands here (white space before it skipped only then).
    pub(crate) fn take_keyword(&mut self, word: &[u8]) -> bool {
        let start = self.after_space(self.pos);
        let Some(end) = keyword(self.data, start, word) else { return false };
        self.pos = end;
        true
    }

    /// `num gen obj`
    pub(crate) fn indirect_header(&mut self) -> Option<ObjId> {
        let start = self.after_space(self.pos);
        let (num, end) = unsigned(self.data, start)?;
        let next = self.after_space(end);
        let (generation, end) = unsigned(self.data, next)?;
        let next = self.after_space(end);
        if !at(self.data, next, b"obj") {
            return None;
        }
        self.pos = next + 3;
        Some(ObjId::new(u32::try_from(num).ok()?, u16::try_from(generation).ok()?))
    }

    /// The next object.
    pub(crate) fn value(&mut self) -> Result<Object, Error> {
        self.budget.take_values(1)?;
        self.skip_space();
        match self.peek() {
            None => Err(self.error("end of data")),
            Some(b'/') => Ok(Object::Name(self.name()?)),
            Some(b'(') => self.literal(),
            Some(b'[') => self.nested(Self::array),
            Some(b'<') if at(self.data, self.pos, b"<<") => self.nested(|p| Ok(Object::Dict(p.dict(None)?))),
            Some(b'<') => self.hex(),
            Some(b'0'..=b'9' | b'+' | b'-' | b'.') => self.number_or_reference(),
            Some(_) => self.word(),
        }
    }

    fn nested(&mut self, read: impl FnOnce(&mut Self) -> Result<Object, Error>) -> Result<Object, Error> {
        self.depth_left = self.depth_left.checked_sub(1).ok_or(Error::Limit(LimitKind::Depth))?;
        let value = read(self)?;
        self.depth_left += 1;
        Ok(value)
    }

    fn word(&mut self) -> Result<Object, Error> {
        for (word, value) in
            [(&b"true"[..], Object::Bool(true)), (b"false", Object::Bool(false)), (b"null", Object::Null)]
        {
            if let Some(end) = keyword(self.data, self.pos, word) {
                self.pos = end;
                return Ok(value);
            }
        }
        Err(self.error("unknown word"))
    }

    fn array(&mut self) -> Result<Object, Error> {
        self.pos += 1;
        let mut items = Vec::new();
        loop {
            self.skip_space();
            if self.peek() == Some(b']') {
                self.pos += 1;
                return Ok(Object::Array(items));
            }
            items.push(self.value()?);
        }
    }

    /// A dictionary; with `spans` also where each value stands.
    pub(crate) fn dict(&mut self, mut spans: Option<&mut Vec<ValueSpan>>) -> Result<Dict, Error> {
        self.skip_space();
        if !at(self.data, self.pos, b"<<") {
            return Err(self.error("dictionary expected"));
        }
        self.pos += 2;
        let mut dict = Dict::new();
        loop {
            self.skip_space();
            if at(self.data, self.pos, b">>") {
                self.pos += 2;
                return Ok(dict);
            }
            if self.peek() != Some(b'/') {
                return Err(self.error("key expected"));
            }
            let key = self.name()?;
            self.skip_space();
            let start = self.pos;
            // A key without a value before `>>` is found in honest files; it reads as null.
            let value = if at(self.data, start, b">>") { Object::Null } else { self.value()? };
            if let Some(spans) = spans.as_deref_mut() {
                spans.push((key.clone(), start..self.pos));
            }
            if dict.put(key, value) {
                dict.mark_duplicate();
                self.duplicate = true;
            }
        }
    }

    fn name(&mut self) -> Result<Vec<u8>, Error> {
        self.pos += 1;
        let len = self.data.run(self.pos, |byte| !is_regular(byte));
        let text = self.data.slice(self.pos, self.pos + len);
        self.pos += len;
        self.budget.take_values(1 + len / 32)?;
        if !text.contains(&b'#') {
            return Ok(text.to_vec());
        }
        let mut name = Vec::with_capacity(len);
        let mut at = 0;
        while let Some(&byte) = text.get(at) {
            let pair = (text.get(at + 1).and_then(|&b| hex_digit(b)), text.get(at + 2).and_then(|&b| hex_digit(b)));
            if let (b'#', (Some(high), Some(low))) = (byte, pair) {
                name.push(high << 4 | low);
                at += 3;
            } else {
                name.push(byte);
                at += 1;
            }
        }
        Ok(name)
    }

    fn hex(&mut self) -> Result<Object, Error> {
        let start = self.pos + 1;
        let len = self.data.until(start, b'>');
        self.budget.burn(len);
        if self.data.get(start + len).is_none() {
            return Err(self.error("hexadecimal string without end"));
        }
        let text = self.data.slice(start, start + len);
        let bytes = match hex_pairs(text) {
            Some(bytes) => bytes,
            None => hex_with_space(text).ok_or_else(|| self.error("no hexadecimal digit"))?,
        };
        self.pos = start + len + 1;
        Ok(Object::String(PdfString { bytes, hex: true }))
    }

    fn literal(&mut self) -> Result<Object, Error> {
        let start = self.pos;
        let mut bytes = Vec::new();
        let mut open = 0usize;
        loop {
            let Some(byte) = self.peek() else {
                self.budget.burn(self.pos - start);
                return Err(Error::Syntax { offset: start, reason: "string without end" });
            };
            self.pos += 1;
            match byte {
                b'(' => {
                    open += 1;
                    if open == 1 {
                        continue;
                    }
                }
                b')' => {
                    open -= 1;
                    if open == 0 {
                        self.budget.burn(self.pos - start);
                        return Ok(Object::String(PdfString { bytes, hex: false }));
                    }
                }
                b'\\' => {
                    bytes.extend(self.escape());
                    continue;
                }
                b'\r' => {
                    // An end-of-line in a string reads as one line feed (clause 7.3.4.2).
                    if self.peek() == Some(b'\n') {
                        self.pos += 1;
                    }
                    bytes.push(b'\n');
                    continue;
                }
                _ => {}
            }
            bytes.push(byte);
        }
    }

    fn escape(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.pos += 1;
        match byte {
            b'n' => Some(b'\n'),
            b'r' => Some(b'\r'),
            b't' => Some(b'\t'),
            b'b' => Some(8),
            b'f' => Some(12),
            b'\n' => None,
            b'\r' => {
                if self.peek() == Some(b'\n') {
                    self.pos += 1;
                }
                None
            }
            b'0'..=b'7' => {
                let mut value = u32::from(byte - b'0');
                for _ in 0..2 {
                    let Some(digit @ b'0'..=b'7') = self.peek() else { break };
                    value = value * 8 + u32::from(digit - b'0');
                    self.pos += 1;
                }
                // High-order overflow is ignored (clause 7.3.4.2).
                Some((value & 0xff) as u8)
            }
            other => Some(other),
        }
    }

    fn number_or_reference(&mut self) -> Result<Object, Error> {
        if let Some(id) = self.reference() {
            return Ok(Object::Ref(id));
        }
        let start = self.pos;
        while self.peek().is_some_and(|b| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.')) {
            self.pos += 1;
        }
        let text = self.data.slice(start, self.pos);
        self.budget.burn(text.len());
        number(text).ok_or(Error::Syntax { offset: start, reason: "not a number" })
    }

    fn reference(&mut self) -> Option<ObjId> {
        let (num, end) = unsigned(self.data, self.pos)?;
        let next = self.after_space(end);
        if next == end {
            return None;
        }
        let (generation, end) = unsigned(self.data, next)?;
        let next = self.after_space(end);
        if next == end {
            return None;
        }
        let end = keyword(self.data, next, b"R")?;
        let id = ObjId::new(u32::try_from(num).ok()?, u16::try_from(generation).ok()?);
        self.pos = end;
        Some(id)
    }
}

/// Digits only, two and two: what every signature is written as, and large. Most of it is padding, so zeros are passed sixteen at a time;
/// the rest without a branch or a table, so that the compiler takes many digits at once.
fn hex_pairs(text: &[u8]) -> Option<Vec<u8>> {
    /// A bit that no digit has.
    const NO_DIGIT: u8 = 0x80;
    let digit = |byte: u8| {
        let (number, letter) = (byte.wrapping_sub(b'0'), (byte | 0x20).wrapping_sub(b'a'));
        let letter = if letter < 6 { letter + 10 } else { NO_DIGIT };
        if number < 10 { number } else { letter }
    };
    let mut wrong = 0;
    let mut put = |byte: &mut u8, high: u8, low: u8| {
        let (high, low) = (digit(high), digit(low));
        wrong |= high | low;
        *byte = high << 4 | low;
    };
    if !text.len().is_multiple_of(2) {
        return None;
    }
    let mut bytes = vec![0; text.len() / 2];
    let (blocks, rest) = text.as_chunks::<16>();
    let (filled, last) = bytes.as_chunks_mut::<8>();
    for (bytes, block) in filled.iter_mut().zip(blocks).filter(|(_, block)| **block != [b'0'; 16]) {
        for (byte, [high, low]) in bytes.iter_mut().zip(block.as_chunks::<2>().0) {
            put(byte, *high, *low);
        }
    }
    for (byte, [high, low]) in last.iter_mut().zip(rest.as_chunks::<2>().0) {
        put(byte, *high, *low);
    }
    (wrong & NO_DIGIT == 0).then_some(bytes)
}

/// White space between digits, and a last digit alone, which counts as followed by 0 (clause 7.3.4.3).
fn hex_with_space(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 2);
    let mut half = None;
    for &byte in text.iter().filter(|byte| !crate::lexer::is_space(**byte)) {
        let digit = hex_digit(byte)?;
        half = match half {
            None => Some(digit),
            Some(high) => {
                bytes.push(high << 4 | digit);
                None
            }
        };
    }
    bytes.extend(half.map(|high: u8| high << 4));
    Some(bytes)
}

fn number(text: &[u8]) -> Option<Object> {
    let mut text = std::str::from_utf8(text).ok()?;
    // Some producers write a double minus; every common reader takes it as one.
    while text.starts_with("--") {
        text = text.get(1..)?;
    }
    if !text.contains('.') {
        if let Ok(value) = text.parse::<i64>() {
            return Some(Object::Integer(value));
        }
        return text.parse::<f64>().ok().map(Object::Real);
    }
    if matches!(text, "." | "-." | "+.") {
        return Some(Object::Real(0.0));
    }
    text.parse::<f64>().ok().map(Object::Real)
}

#[cfg(test)]
mod tests {
    use super::{hex_pairs, hex_with_space};

    /// The fast way says what the slow one says, wherever zeros, other digits and what is no digit stand.
    #[test]
    fn digits_are_read_many_at_a_time() {
        let zeros = [b'0'; 70];
        for len in 0..zeros.len() {
            let text = zeros.get(..len).expect("shorter");
            for at in 0..=len {
                for sign in [b'0', b'9', b'a', b'F', b'g', b'/', b':', b'@', 0x80] {
                    let mut text = text.to_vec();
                    text.splice(at..(at + 1).min(len), [sign]);
                    let wanted = text.len().is_multiple_of(2).then(|| hex_with_space(&text)).flatten();
                    assert_eq!(hex_pairs(&text), wanted, "{:?}", String::from_utf8_lossy(&text));
                }
            }
        }
    }
}
