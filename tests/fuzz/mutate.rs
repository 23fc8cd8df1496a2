//! Mutations that know what they change: bytes of anything, words and numbers of a PDF, elements of DER, a signature inside a PDF.

use crate::chance::Chance;

/// Words that mean something to a reader of PDF.
const WORDS: &[&[u8]] = &[
    b"obj",
    b"endobj",
    b"stream\n",
    b"endstream",
    b"xref",
    b"trailer",
    b"startxref",
    b"%%EOF",
    b"R",
    b"<<",
    b">>",
    b"[",
    b"]",
    b"(",
    b")",
    b"<",
    b">",
    b"null",
    b"true",
    b"/Type",
    b"/Pages",
    b"/Page",
    b"/Kids",
    b"/Count",
    b"/Parent",
    b"/Prev",
    b"/Size",
    b"/Root",
    b"/Length",
    b"/Filter",
    b"/FlateDecode",
    b"/ASCIIHexDecode",
    b"/LZWDecode",
    b"/DecodeParms",
    b"/Predictor 15",
    b"/ObjStm",
    b"/XRef",
    b"/W",
    b"/Index",
    b"/First",
    b"/Extends",
    b"/Encrypt",
    b"/Standard",
    b"/CFM/AESV2",
    b"/StmF/Identity",
    b"/Crypt",
    b"/Type/XRef",
    b"/Extends 1 0 R",
    b"\n4 0 obj\n",
    b"%PDF-1.7",
    b"lost.word",
    b"/AcroForm",
    b"/Fields",
    b"/Annots",
    b"/FT",
    b"/Sig",
    b"/V",
    b"/ByteRange",
    b"/Contents",
    b"/SubFilter",
    b"/Lock",
    b"/Reference",
    b"/TransformMethod",
    b"/DocMDP",
    b"/FieldMDP",
    b"/Perms",
    b"/DSS",
    b"/VRI",
    b"/Certs",
    b"/OCSPs",
    b"/CRLs",
    b"/XFA",
    b"/OpenAction",
    b"/JavaScript",
    b"/EmbeddedFiles",
    b"/ID",
    b"1 0 R",
    b"2 0 R",
    b"0 0 R",
];

/// Numbers at which arithmetic breaks.
const NUMBERS: &[&[u8]] = &[
    b"0",
    b"-1",
    b"1",
    b"255",
    b"256",
    b"65535",
    b"65536",
    b"2147483647",
    b"2147483648",
    b"4294967295",
    b"4294967296",
    b"9223372036854775807",
    b"18446744073709551616",
    b"99999999999999999999",
    b"0.000001",
    b"-0",
    b"+1",
    b"1e9",
];

/// Bytes of anything: flipped, dropped, doubled, overwritten, cut.
pub(crate) fn bytes(start: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut file = start.to_vec();
    for _ in 0..=chance.below(6) {
        let range = chance.range(file.len(), 64);
        match chance.below(6) {
            0 => flip(&mut file, chance),
            1 => drop(file.drain(range)),
            2 => {
                let again = file.get(range.clone()).unwrap_or_default().to_vec();
                replace(&mut file, range.start..range.start, &again);
            }
            3 => file.truncate(range.start),
            4 => {
                let noise: Vec<u8> = range.clone().map(|_| (chance.next() & 0xff) as u8).collect();
                replace(&mut file, range, &noise);
            }
            _ => {
                let same = [0x00, 0xff, b' ', b'0'].get(chance.below(4)).copied().unwrap_or(0);
                let run = vec![same; range.len()];
                replace(&mut file, range, &run);
            }
        }
    }
    file
}

/// A PDF: its words and numbers, a revision of another file behind it, or a signature inside it.
pub(crate) fn pdf(start: &[u8], other: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut file = match chance.below(10) {
        0 => bytes(start, chance),
        1 => signature(start, chance).unwrap_or_else(|| start.to_vec()),
        2 => {
            let (head, tail) = (chance.below(start.len()), chance.below(other.len()));
            [start.get(..head).unwrap_or_default(), other.get(tail..).unwrap_or_default()].concat()
        }
        3 => [start, other].concat(),
        4 => [start, &update(start, chance)].concat(),
        _ => start.to_vec(),
    };
    for _ in 0..=chance.below(4) {
        match chance.below(3) {
            0 => word(&mut file, chance),
            1 => number(&mut file, chance),
            _ => flip(&mut file, chance),
        }
    }
    file
}

fn flip(file: &mut [u8], chance: &mut Chance) {
    let (place, bit) = (chance.below(file.len()), chance.below(8));
    if let Some(byte) = file.get_mut(place) {
        *byte ^= 1 << bit;
    }
}

fn replace(file: &mut Vec<u8>, range: std::ops::Range<usize>, with: &[u8]) {
    let end = range.end.min(file.len());
    file.splice(range.start.min(end)..end, with.iter().copied());
}

/// Puts a word where another stands, or between two.
fn word(file: &mut Vec<u8>, chance: &mut Chance) {
    let (Some(wanted), Some(met)) = (chance.one_of(WORDS), chance.one_of(WORDS)) else { return };
    let from = chance.below(file.len());
    match find(file, met, from) {
        Some(at) => replace(file, at..at + met.len(), wanted),
        None => replace(file, from..from, wanted),
    }
}

/// Puts a number where another stands.
fn number(file: &mut Vec<u8>, chance: &mut Chance) {
    let from = chance.below(file.len());
    let digit = |byte: &u8| byte.is_ascii_digit();
    let Some(at) = file.get(from..).and_then(|rest| rest.iter().position(digit)).map(|found| from + found) else {
        return;
    };
    let long = file.get(at..).map_or(0, |rest| rest.iter().take_while(|byte| digit(byte)).count());
    if let Some(wanted) = chance.one_of(NUMBERS) {
        replace(file, at..at + long, wanted);
    }
}

fn find(file: &[u8], word: &[u8], from: usize) -> Option<usize> {
    file.get(from..)?.windows(word.len()).position(|window| window == word).map(|found| from + found)
}

/// One more revision that overwrites some objects with others.
fn update(start: &[u8], chance: &mut Chance) -> Vec<u8> {
    let (id, target) = (1 + chance.below(20), 1 + chance.below(20));
    let (word, number) = (chance.one_of(WORDS).unwrap_or_default(), chance.one_of(NUMBERS).unwrap_or_default());
    let (word, number) = (String::from_utf8_lossy(word), String::from_utf8_lossy(number));
    let previous = String::from_utf8_lossy(start)
        .rsplit("startxref")
        .next()
        .and_then(|rest| rest.split_whitespace().next().map(str::to_owned))
        .unwrap_or_default();
    let body = [
        format!("<<{word} {number}/Kids[{target} 0 R]/Count {number}>>"),
        format!("[{target} 0 R {number} {target} 0 R]"),
        format!("<</Length {number}>>\nstream\n{word}\nendstream"),
        "null".to_owned(),
    ];
    let body = body.get(chance.below(body.len())).cloned().unwrap_or_default();
    let object = format!("{id} 0 obj\n{body}\nendobj\n");
    let xref = start.len() + object.len();
    format!(
        "{object}xref\n{id} 1\n{:010} 00000 n \ntrailer\n<</Size 40/Root {} 0 R/Prev {previous}>>\nstartxref\n{xref}\n%%EOF\n",
        start.len(),
        1 + chance.below(3),
    )
    .into_bytes()
}

/// The CMS of one signature is changed as DER and put back at its place.
fn signature(start: &[u8], chance: &mut Chance) -> Option<Vec<u8>> {
    let from = chance.below(start.len());
    let at = find(start, b"/Contents", from).or_else(|| find(start, b"/Contents", 0))?;
    let open = at + start.get(at..)?.iter().position(|byte| *byte == b'<')? + 1;
    let long = start.get(open..)?.iter().position(|byte| *byte == b'>')?;
    let hex = start.get(open..open + long)?;
    let cms: Vec<u8> =
        hex.chunks_exact(2).map_while(|pair| Some((value(pair.first()?)? << 4) | value(pair.get(1)?)?)).collect();
    let changed = der(&cms, chance);
    let mut text: Vec<u8> = changed.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).take(long).collect();
    text.resize(long, b'0');
    let mut file = start.to_vec();
    replace(&mut file, open..open + long, &text);
    Some(file)
}

fn value(digit: &u8) -> Option<u8> {
    char::from(*digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// DER: tags, lengths and whole elements.
pub(crate) fn der(start: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut file = start.to_vec();
    for _ in 0..=chance.below(3) {
        let elements = elements(&file);
        let Some(one) = elements.get(chance.below(elements.len())).cloned() else { return bytes(start, chance) };
        match chance.below(7) {
            0 => set(&mut file, one.start, chance),
            1 => set(&mut file, one.start + 1, chance),
            2 => drop(file.drain(one)),
            3 => {
                let again = file.get(one.clone()).unwrap_or_default().to_vec();
                replace(&mut file, one.start..one.start, &again);
            }
            4 => {
                // Indefinite length, as BER has it.
                if let Some(length) = file.get_mut(one.start + 1) {
                    *length = 0x80;
                }
            }
            5 => {
                let deep = [0x30, 0x80].repeat(1 + chance.below(2000));
                replace(&mut file, one.start..one.start, &deep);
            }
            _ => flip(&mut file, chance),
        }
    }
    file
}

fn set(file: &mut [u8], place: usize, chance: &mut Chance) {
    if let Some(byte) = file.get_mut(place) {
        *byte = (chance.next() & 0xff) as u8;
    }
}

/// Where elements stand, outer before inner, as far as the lengths make sense.
pub(crate) fn elements(der: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut found: Vec<std::ops::Range<usize>> = Vec::new();
    let mut open: Vec<std::ops::Range<usize>> = std::iter::once(0..der.len()).collect();
    while let Some(mut inside) = open.pop() {
        while let Some((whole, content)) = element(der, &inside) {
            inside.start = whole.end;
            if der.get(whole.start).is_some_and(|tag| tag & 0x20 != 0) {
                open.push(content);
            }
            found.push(whole);
        }
    }
    found
}

/// The element at the start of a stretch: all of it, and its content.
fn element(der: &[u8], inside: &std::ops::Range<usize>) -> Option<(std::ops::Range<usize>, std::ops::Range<usize>)> {
    let stretch = der.get(inside.clone())?;
    let first = usize::from(*stretch.get(1)?);
    let (head, length) = if first < 0x80 {
        (2, first)
    } else {
        let octets = stretch.get(2..2 + (first & 0x7f))?;
        let length =
            octets.iter().try_fold(0_usize, |sum, octet| sum.checked_mul(256)?.checked_add(usize::from(*octet)))?;
        (2 + octets.len(), length)
    };
    let end = head.checked_add(length).filter(|end| *end <= stretch.len())?;
    Some((inside.start..inside.start + end, inside.start + head..inside.start + end))
}
