//! Writing objects as text: deterministic, in the order of the dictionary's keys.

use std::ops::Range;

use crate::lexer::is_regular;
use crate::object::{Dict, Object, PdfString, StreamData};

/// The text of an object. A stream is written with the bytes it owns; a stream that lies in a file is written as its dictionary only
/// (the increment writer copies its bytes).
#[must_use]
pub fn serialize(object: &Object) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.object(object);
    writer.out
}

/// Text being made, with the places of raw values.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    pub(crate) out: Vec<u8>,
    pub(crate) raws: Vec<Range<usize>>,
}

impl Writer {
    pub(crate) fn text(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    /// Writes an object. Depth is that of the value in memory, which a reader has bounded.
    pub(crate) fn object(&mut self, object: &Object) {
        match object {
            Object::Null => self.text("null"),
            Object::Bool(value) => self.text(if *value { "true" } else { "false" }),
            Object::Integer(value) => self.text(&value.to_string()),
            Object::Real(value) => self.real(*value),
            Object::Name(name) => self.name(name),
            Object::String(string) => self.string(string),
            Object::Array(items) => {
                self.out.push(b'[');
                for (n, item) in items.iter().enumerate() {
                    if n > 0 {
                        self.out.push(b' ');
                    }
                    self.object(item);
                }
                self.out.push(b']');
            }
            Object::Dict(dict) => self.dict(dict),
            Object::Stream(stream) => {
                self.dict(&stream.dict);
                if let StreamData::Owned(bytes) = &stream.data {
                    self.stream_data(bytes);
                }
            }
            Object::Ref(id) => self.text(&format!("{} {} R", id.num, id.generation)),
            Object::Raw(bytes) => {
                let start = self.out.len();
                self.out.extend_from_slice(bytes);
                self.raws.push(start..self.out.len());
            }
        }
    }

    pub(crate) fn stream_data(&mut self, bytes: &[u8]) {
        self.text("\nstream\n");
        self.out.extend_from_slice(bytes);
        self.text("\nendstream");
    }

    pub(crate) fn dict(&mut self, dict: &Dict) {
        self.text("<<");
        for (n, (key, value)) in dict.iter().enumerate() {
            if n > 0 {
                self.out.push(b' ');
            }
            self.name(key);
            self.out.push(b' ');
            self.object(value);
        }
        self.text(">>");
    }

    fn real(&mut self, value: f64) {
        if !value.is_finite() {
            return self.text("0.0");
        }
        let text = value.to_string();
        self.text(&text);
        if !text.contains('.') {
            self.text(".0");
        }
    }

    fn name(&mut self, name: &[u8]) {
        self.out.push(b'/');
        for &byte in name {
            if is_regular(byte) && byte != b'#' && byte.is_ascii_graphic() {
                self.out.push(byte);
            } else {
                self.text(&format!("#{byte:02X}"));
            }
        }
    }

    fn string(&mut self, string: &PdfString) {
        if string.hex {
            const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
            self.out.push(b'<');
            for &byte in &string.bytes {
                let digit = |value: u8| DIGITS.get(usize::from(value)).copied().unwrap_or(b'0');
                self.out.extend([digit(byte >> 4), digit(byte & 15)]);
            }
            self.out.push(b'>');
            return;
        }
        self.out.push(b'(');
        for &byte in &string.bytes {
            match byte {
                b'(' | b')' | b'\\' => self.out.extend([b'\\', byte]),
                b'\r' => self.text("\\r"),
                b'\n' => self.text("\\n"),
                _ => self.out.push(byte),
            }
        }
        self.out.push(b')');
    }
}
