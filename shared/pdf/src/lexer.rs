//! Characters and tokens (ISO 32000-2 clause 7.2). Every function takes a position and returns one; none can fail by indexing.

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
pub(crate) fn skip_blank(data: &[u8], pos: usize) -> usize {
    let rest = data.get(pos..).unwrap_or_default();
    pos + rest.iter().position(|&b| !is_space(b)).unwrap_or(rest.len())
}

/// After white space and comments.
pub(crate) fn skip_space(data: &[u8], mut pos: usize) -> usize {
    loop {
        pos = skip_blank(data, pos);
        if data.get(pos) != Some(&b'%') {
            return pos;
        }
        pos = line_end(data, pos);
    }
}

/// The position of the next CR or LF, or the end.
pub(crate) fn line_end(data: &[u8], pos: usize) -> usize {
    let rest = data.get(pos..).unwrap_or_default();
    pos + rest.iter().position(|&b| b == b'\r' || b == b'\n').unwrap_or(rest.len())
}

/// After one end-of-line marker, if one stands here.
pub(crate) fn skip_eol(data: &[u8], pos: usize) -> usize {
    match (data.get(pos), data.get(pos + 1)) {
        (Some(b'\r'), Some(b'\n')) => pos + 2,
        (Some(b'\r' | b'\n'), _) => pos + 1,
        _ => pos,
    }
}

/// Does this text stand here?
pub(crate) fn at(data: &[u8], pos: usize, text: &[u8]) -> bool {
    data.get(pos..).is_some_and(|rest| rest.starts_with(text))
}

/// Does this keyword stand here, not followed by a regular character? Returns the position after it.
pub(crate) fn keyword(data: &[u8], pos: usize, word: &[u8]) -> Option<usize> {
    let end = pos.checked_add(word.len())?;
    (at(data, pos, word) && !data.get(end).is_some_and(|&b| is_regular(b))).then_some(end)
}

/// An unsigned integer of digits only.
pub(crate) fn unsigned(data: &[u8], pos: usize) -> Option<(u64, usize)> {
    let mut value: u64 = 0;
    let mut end = pos;
    while let Some(digit) = data.get(end).filter(|b| b.is_ascii_digit()) {
        value = value.checked_mul(10)?.checked_add(u64::from(digit - b'0'))?;
        end += 1;
    }
    (end > pos).then_some((value, end))
}

/// First place of `needle` at or after `from` and wholly before `to`.
pub(crate) fn find(data: &[u8], needle: &[u8], from: usize, to: usize) -> Option<usize> {
    let area = data.get(..to.min(data.len()))?;
    let first = *needle.first()?;
    let mut pos = from;
    loop {
        let rest = area.get(pos..)?;
        pos += rest.iter().position(|&b| b == first)?;
        if at(area, pos, needle) {
            return Some(pos);
        }
        pos += 1;
    }
}

/// Last place of `needle`.
pub(crate) fn find_last(data: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut area = data;
    loop {
        let pos = area.iter().rposition(|&b| b == first)?;
        if at(data, pos, needle) {
            return Some(pos);
        }
        area = area.get(..pos)?;
    }
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
