//! Which letters the codes of a font stand for: by its encoding (ISO 32000-2 §9.6.5) or its `/ToUnicode` (§9.10.3). Believes what it reads;
//! whether it may is asked elsewhere.

use std::collections::BTreeMap;

use pdf::{Dict, Document, Object};

use super::content::{Operators, Value};

/// Codes that one map may name: all of two bytes, and a few twice.
const CODES: usize = 70_000;
/// Code ranges of one map. ISO 32000-1 annex C allows 100 in one block.
const RANGES: usize = 100;
/// Octets that one code may stand for (ISO 32000-2 §9.10.3).
const LETTERS: usize = 512;
/// Letters that all codes of a map stand for: most stand for one, ligatures for three.
const ALL: usize = 4 * CODES;

/// Letters by code.
#[derive(Debug)]
pub(super) enum Letters {
    Bytes(Box<[Option<char>; 256]>),
    Codes(Map),
    Unknown,
}

impl Letters {
    /// The text of a string; `None` where a code is not known, or where it is longer than `most` octets: a code of one octet may stand for
    /// hundreds of letters.
    pub(super) fn read(&self, text: &[u8], most: usize) -> Option<String> {
        match self {
            Letters::Bytes(_) if text.len() > most => None,
            Letters::Bytes(table) => text.iter().map(|byte| table.get(usize::from(*byte)).copied().flatten()).collect(),
            Letters::Codes(map) => map.read(text, most),
            Letters::Unknown => text.is_empty().then(String::new),
        }
    }

    /// What it holds, in octets of memory: a code of a map stands there with what it stands for, each in a place of its own.
    pub(super) fn cost(&self) -> u64 {
        const CODE: u64 = 128;
        match self {
            Letters::Bytes(table) => 4 * table.len() as u64,
            Letters::Codes(map) => CODE * map.codes.len() as u64 + map.letters as u64,
            Letters::Unknown => 1,
        }
    }
}

/// A `/ToUnicode` map.
#[derive(Debug, Default)]
pub(super) struct Map {
    /// First and last code of each range of codes, of the same length.
    ranges: Vec<(Vec<u8>, Vec<u8>)>,
    codes: BTreeMap<Vec<u8>, String>,
    /// Octets of all of them.
    letters: usize,
}

impl Map {
    /// Reads the map; `None` where it is none, names another map, says two things of one code, or is too large.
    pub(super) fn parse(text: &[u8]) -> Option<Map> {
        let mut map = Map::default();
        let mut operators = Operators::new(text);
        while let Some(operator) = operators.step().ok()? {
            match operator {
                b"endcodespacerange" => map.codespace(operators.operands())?,
                b"endbfchar" => map.characters(operators.operands())?,
                b"endbfrange" => map.character_ranges(operators.operands())?,
                b"usecmap" => return None,
                _ => {}
            }
        }
        Some(map)
    }

    fn codespace(&mut self, operands: &[Value<'_>]) -> Option<()> {
        for pair in texts(operands)?.chunks(2) {
            let [first, last] = pair else { return None };
            let fits = first.len() == last.len() && (1..=4).contains(&first.len());
            if !fits || self.ranges.len() >= RANGES {
                return None;
            }
            self.ranges.push((first.to_vec(), last.to_vec()));
        }
        Some(())
    }

    fn characters(&mut self, operands: &[Value<'_>]) -> Option<()> {
        for pair in texts(operands)?.chunks(2) {
            let [code, letters] = pair else { return None };
            self.add(code.to_vec(), letters, 0)?;
        }
        Some(())
    }

    fn character_ranges(&mut self, operands: &[Value<'_>]) -> Option<()> {
        let mut rest = operands;
        while !rest.is_empty() {
            let [Value::Text(first), Value::Text(last), to, more @ ..] = rest else { return None };
            let (low, high) = (value(first)?, value(last)?);
            let count = high.checked_sub(low)?;
            if first.len() != last.len() || count > 0xffff {
                return None;
            }
            let code = |step: u32| (low + step).to_be_bytes().get(4 - first.len()..).map(<[u8]>::to_vec);
            rest = match to {
                Value::Text(letters) => {
                    for step in 0..=count {
                        self.add(code(step)?, letters, step)?;
                    }
                    more
                }
                Value::Open => {
                    let end = more.iter().position(|one| *one == Value::Close)?;
                    let (own, after) = more.split_at(end);
                    for (step, letters) in (0..=count).zip(texts(own)?) {
                        self.add(code(step)?, letters, 0)?;
                    }
                    after.get(1..)?
                }
                _ => return None,
            };
        }
        Some(())
    }

    /// `code` stands for these letters (UTF-16), the last of them `step` further.
    fn add(&mut self, code: Vec<u8>, letters: &[u8], step: u32) -> Option<()> {
        if letters.len() > LETTERS {
            return None;
        }
        let mut units: Vec<u16> = letters
            .chunks(2)
            .map(|pair| <[u8; 2]>::try_from(pair).ok().map(u16::from_be_bytes))
            .collect::<Option<_>>()?;
        let last = units.last_mut()?;
        *last = last.checked_add(u16::try_from(step).ok()?)?;
        let letters = String::from_utf16(&units).ok()?;
        if let Some(known) = self.codes.get(&code) {
            return (*known == letters).then_some(());
        }
        self.letters += letters.len();
        self.codes.insert(code, letters);
        (self.letters <= ALL && self.codes.len() <= CODES).then_some(())
    }

    fn read(&self, text: &[u8], most: usize) -> Option<String> {
        let mut read = String::new();
        let mut rest = text;
        while !rest.is_empty() {
            let fits = |(first, last): &&(Vec<u8>, Vec<u8>)| {
                let code = rest.get(..first.len()).unwrap_or_default();
                code.len() == first.len()
                    && (first.iter().zip(code)).zip(last).all(|((low, at), high)| low <= at && at <= high)
            };
            let length = self.ranges.iter().find(fits)?.0.len();
            let (code, after) = rest.split_at(length);
            let letters = self.codes.get(code)?;
            if read.len() + letters.len() > most {
                return None;
            }
            read.push_str(letters);
            rest = after;
        }
        Some(read)
    }
}

fn texts<'o>(operands: &'o [Value<'_>]) -> Option<Vec<&'o [u8]>> {
    operands.iter().map(|one| if let Value::Text(text) = one { Some(text.as_ref()) } else { None }).collect()
}

fn value(code: &[u8]) -> Option<u32> {
    let short = (1..=4).contains(&code.len());
    short.then(|| code.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte)))
}

/// The encoding of a simple font; `None` where a code of it is not known at all.
pub(super) fn encoding(view: &Document<'_>, font: &Dict) -> Result<Option<Box<[Option<char>; 256]>>, pdf::Error> {
    let named = view.get(font, b"Encoding")?;
    let (base, differences) = match named {
        Object::Name(name) => (Some(name.as_slice()), None),
        Object::Dict(dict) => (view.get(dict, b"BaseEncoding")?.as_name(), Some(view.get(dict, b"Differences")?)),
        _ => (None, None),
    };
    // Of an encoding with other letters, or with a name that viewers know or not, nothing is known.
    if !base.is_none_or(|base| KNOWN.contains(&base)) {
        return Ok(None);
    }
    let mut table = Box::new([None; 256]);
    for (code, letter) in table.iter_mut().enumerate() {
        *letter = u8::try_from(code).ok().and_then(|code| letter_of(base, code));
    }
    let mut code = 0usize;
    for one in differences.and_then(Object::as_array).unwrap_or_default() {
        match view.resolve(one)? {
            Object::Name(name) => {
                let Some(letter) = table.get_mut(code) else { return Ok(None) };
                *letter = glyph(name);
                code += 1;
            }
            other => match other.as_int().and_then(|code| usize::try_from(code).ok()) {
                Some(first) => code = first,
                None => return Ok(None),
            },
        }
    }
    Ok(Some(table))
}

/// Encodings whose letters of ASCII are those of ASCII (annex D.2).
const KNOWN: [&[u8]; 3] = [b"StandardEncoding", b"WinAnsiEncoding", b"MacRomanEncoding"];

/// 0x80 to 0x9f of WinAnsiEncoding (annex D.2); 0 is none.
const WIN: [u16; 32] = [
    0x20ac, 0, 0x201a, 0x192, 0x201e, 0x2026, 0x2020, 0x2021, 0x2c6, 0x2030, 0x160, 0x2039, 0x152, 0, 0x17d, 0, 0,
    0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x2dc, 0x2122, 0x161, 0x203a, 0x153, 0, 0x17e, 0x178,
];

fn letter_of(base: Option<&[u8]>, code: u8) -> Option<char> {
    let win = base == Some(b"WinAnsiEncoding");
    match code {
        // White space that writers leave in strings; no encoding has glyphs there.
        b'\t' | b'\n' | b'\r' => Some(' '),
        b'\'' | b'`' if base.is_none() || base == Some(b"StandardEncoding") => {
            Some(if code == b'`' { '\u{2018}' } else { '\u{2019}' })
        }
        b' '..=b'~' => Some(char::from(code)),
        0x80..=0x9f if win => {
            let letter = WIN.get(usize::from(code - 0x80)).copied().unwrap_or(0);
            char::from_u32(u32::from(letter)).filter(|letter| *letter != '\0')
        }
        0xa0..=0xff if win => Some(char::from(code)),
        _ => None,
    }
}

/// Glyph names of ASCII (Adobe Glyph List) in the order of their codes, but for letters, which name themselves.
const NAMES: &[(&str, char)] = &[
    ("space", ' '),
    ("exclam", '!'),
    ("quotedbl", '"'),
    ("numbersign", '#'),
    ("dollar", '$'),
    ("percent", '%'),
    ("ampersand", '&'),
    ("quotesingle", '\''),
    ("parenleft", '('),
    ("parenright", ')'),
    ("asterisk", '*'),
    ("plus", '+'),
    ("comma", ','),
    ("hyphen", '-'),
    ("period", '.'),
    ("slash", '/'),
    ("zero", '0'),
    ("one", '1'),
    ("two", '2'),
    ("three", '3'),
    ("four", '4'),
    ("five", '5'),
    ("six", '6'),
    ("seven", '7'),
    ("eight", '8'),
    ("nine", '9'),
    ("colon", ':'),
    ("semicolon", ';'),
    ("less", '<'),
    ("equal", '='),
    ("greater", '>'),
    ("question", '?'),
    ("at", '@'),
    ("bracketleft", '['),
    ("backslash", '\\'),
    ("bracketright", ']'),
    ("asciicircum", '^'),
    ("underscore", '_'),
    ("grave", '`'),
    ("braceleft", '{'),
    ("bar", '|'),
    ("braceright", '}'),
    ("asciitilde", '~'),
];

fn glyph(name: &[u8]) -> Option<char> {
    if let [letter @ (b'A'..=b'Z' | b'a'..=b'z')] = name {
        return Some(char::from(*letter));
    }
    let name = std::str::from_utf8(name).ok()?;
    let known = NAMES.iter().find(|(known, _)| *known == name).map(|(_, letter)| *letter);
    let digits = name.strip_prefix("uni").filter(|digits| digits.len() == 4);
    // Of what has a name of its own not every viewer finds the other.
    known.or_else(|| char::from_u32(u32::from_str_radix(digits?, 16).ok()?).filter(|letter| !letter.is_ascii()))
}

#[cfg(test)]
mod tests {
    use super::{Letters, Map};

    const HEAD: &str = "/CIDInit/ProcSet findresource begin 12 dict begin begincmap 1 begincodespacerange<0000><FFFF>endcodespacerange ";

    fn read(map: &str, text: &[u8]) -> Option<String> {
        Letters::Codes(Map::parse(format!("{HEAD}{map}endcmap").as_bytes())?).read(text, 100)
    }

    /// A few octets of a file do not become many of memory: neither by what a code stands for, nor by how often it is written.
    #[test]
    fn c11_a_map_makes_no_more_than_it_may() {
        let map = |letters: usize, last: &str| {
            format!("1 beginbfrange <0000><{last}><{}> endbfrange ", "0041".repeat(letters))
        };
        assert_eq!(read(&map(50, "0002"), b"\0\0\0\0").map(|text| text.len()), Some(100));
        assert_eq!(read(&map(50, "0002"), b"\0\0\0\0\0\0"), None, "too long a text");
        assert_eq!(read(&map(257, "0002"), b"\0\0"), None, "a code for 257 letters");
        assert_eq!(read(&map(60, "FFF0"), b"\0\0"), None, "many letters for many codes");
    }

    #[test]
    fn c11_a_map_gives_the_letters_of_codes() {
        let map = "2 beginbfchar <0003><0020> <0010><00660066> endbfchar \
                   2 beginbfrange <0041><0043><1EA0> <0050><0051>[<0110><D83DDE00>] endbfrange ";
        assert_eq!(read(map, b"\0A\0B\0C\0\x03\0\x10\0P\0Q").as_deref(), Some("ẠạẢ ffĐ😀"));
        assert_eq!(read(map, b"\0D"), None, "a code without letters");
        assert_eq!(read(map, b"\0"), None, "half a code");
        assert_eq!(read(map, b"").as_deref(), Some(""));
    }

    #[test]
    fn c11_what_is_no_clear_map_is_none() {
        for bad in [
            "1 beginbfchar <0041><0041> <0041><0042> endbfchar ",
            "1 beginbfchar <0041> endbfchar ",
            "1 beginbfchar <0041><41> endbfchar ",
            "1 beginbfchar <0041><D800> endbfchar ",
            "1 beginbfrange <0043><0041><0041> endbfrange ",
            "1 beginbfrange <0000><0002><FFFE> endbfrange ",
            "1 beginbfrange <00000000><FFFFFFFF><0041> endbfrange ",
            "/Other usecmap ",
            "1 begincodespacerange <00><0000> endcodespacerange ",
        ] {
            assert_eq!(read(bad, b"\0A"), None, "{bad}");
        }
        let wide = "1 beginbfrange <000000><00FFFF><0000> endbfrange 1 beginbfrange <010000><01FFFF><0000> endbfrange ";
        assert!(Map::parse(wide.as_bytes()).is_none(), "too many codes");
    }
}
