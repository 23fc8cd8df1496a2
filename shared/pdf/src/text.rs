//! Text strings (ISO 32000-2 clause 7.9.2.2): UTF-16BE and UTF-8 with their marks, otherwise PDFDocEncoding (annex D.2).

/// 0x18 to 0x1F of PDFDocEncoding.
const LOW: [char; 8] = ['\u{2D8}', '\u{2C7}', '\u{2C6}', '\u{2D9}', '\u{2DD}', '\u{2DB}', '\u{2DA}', '\u{2DC}'];
/// 0x80 to 0xA0 of PDFDocEncoding.
const HIGH: [char; 33] = [
    '\u{2022}', '\u{2020}', '\u{2021}', '\u{2026}', '\u{2014}', '\u{2013}', '\u{192}', '\u{2044}', '\u{2039}',
    '\u{203A}', '\u{2212}', '\u{2030}', '\u{201E}', '\u{201C}', '\u{201D}', '\u{2018}', '\u{2019}', '\u{201A}',
    '\u{2122}', '\u{FB01}', '\u{FB02}', '\u{141}', '\u{152}', '\u{160}', '\u{178}', '\u{17D}', '\u{131}', '\u{142}',
    '\u{153}', '\u{161}', '\u{17E}', '\u{FFFD}', '\u{20AC}',
];

/// The text of a text string; what cannot be decoded becomes U+FFFD.
#[must_use]
pub fn decode_text(bytes: &[u8]) -> String {
    if let Some(rest) = bytes.strip_prefix(&[0xFE, 0xFF]) {
        let units = rest.chunks(2).map(|pair| match pair {
            [high, low] => u16::from_be_bytes([*high, *low]),
            _ => 0xFFFD,
        });
        return char::decode_utf16(units).map(|c| c.unwrap_or('\u{FFFD}')).collect();
    }
    if let Some(rest) = bytes.strip_prefix(&[0xEF, 0xBB, 0xBF]) {
        return String::from_utf8_lossy(rest).into_owned();
    }
    bytes.iter().map(|&byte| doc_encoding(byte)).collect()
}

fn doc_encoding(byte: u8) -> char {
    let table = |table: &[char], from: u8| table.get(usize::from(byte - from)).copied().unwrap_or('\u{FFFD}');
    match byte {
        0x18..=0x1F => table(&LOW, 0x18),
        0x80..=0xA0 => table(&HIGH, 0x80),
        0x7F | 0xAD => '\u{FFFD}',
        other => char::from(other),
    }
}

/// The bytes of a text string: as they are for printable ASCII, otherwise UTF-16BE with its mark.
#[must_use]
pub fn encode_text(text: &str) -> Vec<u8> {
    if text.bytes().all(|b| b.is_ascii_graphic() || matches!(b, b' ' | b'\n' | b'\r' | b'\t')) {
        return text.as_bytes().to_vec();
    }
    let mut bytes = vec![0xFE, 0xFF];
    bytes.extend(text.encode_utf16().flat_map(u16::to_be_bytes));
    bytes
}
