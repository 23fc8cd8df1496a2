//! Does a field's appearance say what its value says (shadow replace, C11)?
//!
//! Reads only simple fonts and plain text operators; whatever else is drawn is answered with "unknown".

use pdf::{Dict, Document, ObjId, Object};

use super::compare::Stop;

/// The answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Drawn {
    /// No appearance: viewers draw the value themselves.
    Nothing,
    /// The appearance shows the value.
    Same,
    /// It shows something else.
    Other,
    /// It cannot be read here.
    Unknown,
}

/// Multiline, password and comb do not change which letters are drawn, except password.
const PASSWORD: i64 = 1 << 13;
/// Operands kept while reading a content stream.
const OPERANDS: usize = 512;

pub(crate) fn drawn_value(
    document: &Document<'_>,
    kind: &[u8],
    field: &Dict,
    widgets: &[ObjId],
) -> Result<Drawn, Stop> {
    let mut result = Drawn::Nothing;
    for widget in widgets {
        let Some(dict) = document.object(*widget)?.as_dict() else { continue };
        let drawn = match kind {
            b"Tx" => text_field(document, field, dict)?,
            b"Btn" => button(document, field, dict)?,
            b"Ch" => choice(document, field, dict)?,
            _ => Drawn::Unknown,
        };
        result = match (result, drawn) {
            (Drawn::Other, _) | (_, Drawn::Other) => Drawn::Other,
            (Drawn::Unknown, _) | (_, Drawn::Unknown) => Drawn::Unknown,
            (Drawn::Nothing, other) => other,
            (same, _) => same,
        };
    }
    Ok(result)
}

fn text_field(document: &Document<'_>, field: &Dict, widget: &Dict) -> Result<Drawn, Stop> {
    let Some(text) = normal_text(document, widget)? else { return Ok(Drawn::Nothing) };
    let value = document.get(field, b"V")?;
    let flags = document.get(field, b"Ff")?.as_int().unwrap_or(0);
    let value = match value {
        Object::Null => String::new(),
        Object::String(string) => pdf::decode_text(&string.bytes),
        _ => return Ok(Drawn::Unknown),
    };
    // A format script draws another text than the value by design.
    if flags & PASSWORD != 0 || field.contains(b"AA") || !value.is_ascii() {
        return Ok(Drawn::Unknown);
    }
    Ok(match text {
        Text::Unreadable => Drawn::Unknown,
        Text::Read(text) if squeeze(&text) == squeeze(&value) => Drawn::Same,
        Text::Read(_) => Drawn::Other,
    })
}

/// A button's state must be one that its appearance has, and the one that the value names, or off.
fn button(document: &Document<'_>, field: &Dict, widget: &Dict) -> Result<Drawn, Stop> {
    let appearance = document.get(widget, b"AP")?;
    let Some(normal) = appearance.as_dict() else { return Ok(Drawn::Nothing) };
    let states = document.get(normal, b"N")?;
    let Object::Dict(states) = states else { return Ok(Drawn::Unknown) };
    let state = document.get(widget, b"AS")?.as_name().unwrap_or(b"Off").to_vec();
    let value = document.get(field, b"V")?.as_name().unwrap_or(b"Off").to_vec();
    let known = state == b"Off" || states.contains(&state);
    Ok(if known && (state == value || state == b"Off") { Drawn::Same } else { Drawn::Other })
}

/// A list may draw all its options; the chosen one must be among what is drawn.
fn choice(document: &Document<'_>, field: &Dict, widget: &Dict) -> Result<Drawn, Stop> {
    let Some(text) = normal_text(document, widget)? else { return Ok(Drawn::Nothing) };
    let Text::Read(text) = text else { return Ok(Drawn::Unknown) };
    let Object::String(value) = document.get(field, b"V")? else { return Ok(Drawn::Unknown) };
    let value = pdf::decode_text(&value.bytes);
    let mut shown = vec![value.clone()];
    for option in document.get(field, b"Opt")?.as_array().unwrap_or_default() {
        if let Some([export, display]) = document.resolve(option)?.as_array() {
            let (export, display) = (document.resolve(export)?, document.resolve(display)?);
            if export.as_string().map(pdf::decode_text).as_ref() == Some(&value) {
                shown.extend(display.as_string().map(pdf::decode_text));
            }
        }
    }
    if shown.iter().any(|text| !text.is_ascii()) {
        return Ok(Drawn::Unknown);
    }
    let text = squeeze(&text);
    Ok(if shown.iter().any(|shown| text.contains(&squeeze(shown))) { Drawn::Same } else { Drawn::Other })
}

fn squeeze(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

enum Text {
    Read(String),
    Unreadable,
}

/// Text of `/AP /N`; `None` without an appearance.
fn normal_text(document: &Document<'_>, widget: &Dict) -> Result<Option<Text>, Stop> {
    let appearance = document.get(widget, b"AP")?;
    let Some(appearance) = appearance.as_dict() else { return Ok(None) };
    let normal = document.get(appearance, b"N")?;
    let Object::Stream(stream) = normal else {
        return Ok(if normal.is_null() { None } else { Some(Text::Unreadable) });
    };
    let Ok(content) = document.decode(stream) else { return Ok(Some(Text::Unreadable)) };
    let fonts = document.get(&stream.dict, b"Resources")?.as_dict();
    let fonts = match fonts {
        Some(resources) => document.get(resources, b"Font")?.as_dict(),
        None => None,
    };
    for (_, font) in fonts.into_iter().flatten() {
        let font = document.resolve(font)?;
        let simple = font.as_dict().is_some_and(|dict| matches!(dict.name(b"Subtype"), Some(b"Type1" | b"TrueType")));
        if !simple {
            return Ok(Some(Text::Unreadable));
        }
    }
    Ok(Some(shown_text(&content)))
}

/// Everything that Tj, TJ, ' and " show, in the order of the stream.
fn shown_text(content: &[u8]) -> Text {
    let mut shown: Vec<u8> = Vec::new();
    let mut operands: Vec<Vec<u8>> = Vec::new();
    let mut rest = content;
    while let Some((&byte, tail)) = rest.split_first() {
        match byte {
            b'(' => {
                let (string, after) = literal(tail);
                operands.push(string);
                rest = after;
            }
            b'<' if tail.first() != Some(&b'<') => {
                let end = tail.iter().position(|b| *b == b'>').unwrap_or(tail.len());
                operands.push(hexadecimal(tail.get(..end).unwrap_or_default()));
                rest = tail.get(end + 1..).unwrap_or_default();
            }
            b'%' => {
                let end = tail.iter().position(|b| matches!(b, b'\r' | b'\n')).unwrap_or(tail.len());
                rest = tail.get(end..).unwrap_or_default();
            }
            b'/' => rest = tail.get(word(tail)..).unwrap_or_default(),
            b'\'' | b'"' => {
                operands.drain(..).for_each(|string| shown.extend(string));
                rest = tail;
            }
            b'A'..=b'Z' | b'a'..=b'z' => {
                let end = word(rest);
                match rest.get(..end).unwrap_or_default() {
                    b"Tj" | b"TJ" => operands.drain(..).for_each(|string| shown.extend(string)),
                    b"Do" | b"BI" | b"sh" => return Text::Unreadable,
                    _ => operands.clear(),
                }
                rest = rest.get(end.max(1)..).unwrap_or_default();
            }
            _ => rest = tail,
        }
        if operands.len() > OPERANDS {
            return Text::Unreadable;
        }
    }
    match String::from_utf8(shown) {
        Ok(text) if text.is_ascii() => Text::Read(text),
        _ => Text::Unreadable,
    }
}

fn word(text: &[u8]) -> usize {
    text.iter()
        .position(|b| !b.is_ascii_alphanumeric() && !matches!(b, b'*' | b'_' | b'-' | b'.' | b'+' | b'#'))
        .unwrap_or(text.len())
}

fn literal(text: &[u8]) -> (Vec<u8>, &[u8]) {
    let mut string = Vec::new();
    let mut depth = 0usize;
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        at += 1;
        match byte {
            b'\\' => {
                let (value, used) = escaped(text.get(at..).unwrap_or_default());
                string.extend(value);
                at += used;
            }
            b')' if depth == 0 => break,
            b')' => {
                depth -= 1;
                string.push(byte);
            }
            b'(' => {
                depth += 1;
                string.push(byte);
            }
            _ => string.push(byte),
        }
    }
    (string, text.get(at..).unwrap_or_default())
}

fn escaped(text: &[u8]) -> (Option<u8>, usize) {
    match text {
        [b'n', ..] => (Some(b'\n'), 1),
        [b'r', ..] => (Some(b'\r'), 1),
        [b't', ..] => (Some(b'\t'), 1),
        [b'b' | b'f', ..] => (Some(b' '), 1),
        [b'\r', b'\n', ..] => (None, 2),
        [b'\r' | b'\n', ..] => (None, 1),
        [b'0'..=b'7', ..] => {
            let digits = text.iter().take(3).take_while(|b| (b'0'..=b'7').contains(*b)).count();
            let value = text.iter().take(digits).fold(0u32, |sum, b| sum * 8 + u32::from(b - b'0'));
            (Some((value & 0xff) as u8), digits)
        }
        [other, ..] => (Some(*other), 1),
        [] => (None, 0),
    }
}

fn hexadecimal(text: &[u8]) -> Vec<u8> {
    let digits: Vec<u8> =
        text.iter().filter_map(|b| char::from(*b).to_digit(16)).map(|digit| (digit & 15) as u8).collect();
    digits.chunks(2).map(|pair| (pair.first().unwrap_or(&0) << 4) | pair.get(1).unwrap_or(&0)).collect()
}
