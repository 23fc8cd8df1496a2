//! Base32 of RFC 4648 §6 without padding: the densest text that a QR code's alphanumeric mode (ISO/IEC 18004 §7.4.4) and an
//! address both carry. Letters of either case are read, upper case is written.

const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Bytes as text.
pub(super) fn encode(bytes: &[u8]) -> String {
    bytes.chunks(5).flat_map(group).collect()
}

/// Up to five bytes as up to eight letters.
fn group(bytes: &[u8]) -> impl Iterator<Item = char> {
    let bits = bytes.iter().zip([32, 24, 16, 8, 0]).fold(0_u64, |bits, (byte, shift)| bits | u64::from(*byte) << shift);
    let letters = (bytes.len() * 8).div_ceil(5);
    (0..letters).map(move |at| {
        let index = (bits >> (35 - 5 * at)) & 31;
        // The index has five bits, the alphabet 32 letters.
        ALPHABET.get(index as usize).copied().map_or('A', char::from)
    })
}

/// Text as bytes; `None` for any other letter, for a length that no bytes have, and for set bits behind the last byte: one text
/// for one value, but for the case of its letters.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 5 / 8);
    let (mut bits, mut held) = (0_u32, 0_u32);
    for letter in text.bytes() {
        bits = (bits << 5) | value(letter)?;
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held).ok()?);
            bits &= (1 << held) - 1;
        }
    }
    (held < 5 && bits == 0).then_some(bytes)
}

fn value(letter: u8) -> Option<u32> {
    let upper = letter.to_ascii_uppercase();
    match upper {
        b'A'..=b'Z' => Some(u32::from(upper - b'A')),
        b'2'..=b'7' => Some(u32::from(upper - b'2') + 26),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4648 §10, without the padding.
    #[test]
    fn the_vectors_of_the_standard() {
        let all = ["", "MY", "MZXQ", "MZXW6", "MZXW6YQ", "MZXW6YTB", "MZXW6YTBOI"];
        for (length, text) in all.into_iter().enumerate() {
            let bytes = &b"foobar"[..length];
            assert_eq!(encode(bytes), text);
            assert_eq!(decode(text).as_deref(), Some(bytes));
            assert_eq!(decode(&text.to_lowercase()).as_deref(), Some(bytes));
        }
    }

    /// Every text of up to three letters of the alphabet, and one beyond it: what is read is what would be written.
    #[test]
    fn one_text_for_one_value() {
        let letters: Vec<char> = ALPHABET.iter().map(|byte| char::from(*byte)).chain(['1', '=', 'Đ']).collect();
        let mut texts = vec![String::new()];
        for length in 1..=3 {
            let longest: Vec<String> =
                texts.iter().filter(|text| text.chars().count() == length - 1).cloned().collect();
            texts.extend(longest.iter().flat_map(|text| letters.iter().map(move |letter| format!("{text}{letter}"))));
        }
        let mut read = 0;
        for text in texts {
            if let Some(bytes) = decode(&text) {
                assert_eq!(encode(&bytes), text);
                read += 1;
            }
        }
        // Nothing; one byte is two letters; two bytes are four, so three letters are nobody's.
        assert_eq!(read, 1 + 256);
    }
}
