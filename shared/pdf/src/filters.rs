//! Stream filters (ISO 32000-2 clause 7.4). Image filters (DCT, JPX, CCITT, JBIG2) and Crypt are not decoded.

use std::io::Write as _;

use flate2::{Compression, Decompress, FlushDecompress, Status, write::ZlibEncoder};

use crate::error::{Error, LimitKind};
use crate::lexer::{hex_digit, is_space};
use crate::lzw;
use crate::object::{Dict, Object};
use crate::parser::Budget;

/// One filter of a chain, resolved.
#[derive(Debug, Clone, Default)]
pub(crate) struct Step {
    pub(crate) name: Vec<u8>,
    /// `Predictor`, `Colors`, `BitsPerComponent`, `Columns`, `EarlyChange`.
    pub(crate) predictor: i64,
    pub(crate) colors: i64,
    pub(crate) bits: i64,
    pub(crate) columns: i64,
    pub(crate) early: bool,
}

impl Step {
    /// From a name and its parameters, whose values `resolve` follows.
    ///
    /// # Errors
    /// A parameter that is no integer: readers would make different things of it.
    pub(crate) fn new<'o>(
        name: &[u8],
        parms: Option<&'o Dict>,
        resolve: impl Fn(&'o Object) -> Result<&'o Object, Error>,
    ) -> Result<Step, Error> {
        let int = |key: &[u8], default| match parms.and_then(|dict| dict.get(key)).map(&resolve).transpose()? {
            None | Some(Object::Null) => Ok(default),
            Some(Object::Integer(value)) => Ok(*value),
            Some(_) => Err(Error::Structure("parameter of a filter is no integer")),
        };
        Ok(Step {
            name: name.to_vec(),
            predictor: int(b"Predictor", 1)?,
            colors: int(b"Colors", 1)?,
            bits: int(b"BitsPerComponent", 8)?,
            columns: int(b"Columns", 1)?,
            early: int(b"EarlyChange", 1)? != 0,
        })
    }
}

/// What came out, and whether a deflate stream lacked its end.
#[derive(Debug)]
pub(crate) struct Decoded {
    pub(crate) bytes: Vec<u8>,
    pub(crate) truncated: bool,
}

/// Runs a chain; no stage may give more than `max` bytes, all together no more than the budget has left.
pub(crate) fn run(budget: &Budget, steps: &[Step], raw: &[u8], max: usize) -> Result<Decoded, Error> {
    let mut current: Option<Vec<u8>> = None;
    let mut truncated = false;
    for step in steps {
        let input = current.as_deref().unwrap_or(raw);
        let left = budget.decoded_left();
        let result = one(step, input, max.min(left), &mut truncated);
        if matches!(result, Err(Error::Limit(_))) {
            // What was inflated before the limit struck was work too; otherwise many such streams would cost without end.
            budget.take_decoded(max.min(left))?;
        }
        let out = result?;
        budget.take_decoded(out.len())?;
        current = Some(out);
    }
    let bytes = match current {
        Some(bytes) => bytes,
        None if raw.len() > max => return Err(Error::Limit(LimitKind::DecodedStream)),
        None => raw.to_vec(),
    };
    Ok(Decoded { bytes, truncated })
}

fn one(step: &Step, input: &[u8], max: usize, truncated: &mut bool) -> Result<Vec<u8>, Error> {
    match step.name.as_slice() {
        b"FlateDecode" | b"Fl" => unpredict(step, inflate(input, max, truncated)?),
        b"LZWDecode" | b"LZW" => unpredict(step, lzw::decode(input, step.early, max)?),
        b"ASCIIHexDecode" | b"AHx" => ascii_hex(input),
        b"ASCII85Decode" | b"A85" => ascii85(input, max),
        b"RunLengthDecode" | b"RL" => run_length(input, max),
        _ => Err(unsupported(step)),
    }
}

/// Can this filter be decoded here?
pub(crate) fn supported(step: &Step) -> Result<(), Error> {
    const KNOWN: [&[u8]; 10] = [
        b"FlateDecode",
        b"Fl",
        b"LZWDecode",
        b"LZW",
        b"ASCIIHexDecode",
        b"AHx",
        b"ASCII85Decode",
        b"A85",
        b"RunLengthDecode",
        b"RL",
    ];
    if KNOWN.contains(&step.name.as_slice()) { Ok(()) } else { Err(unsupported(step)) }
}

fn unsupported(step: &Step) -> Error {
    Error::UnsupportedFilter(String::from_utf8_lossy(&step.name).chars().take(40).collect())
}

fn inflate(input: &[u8], max: usize, truncated: &mut bool) -> Result<Vec<u8>, Error> {
    const CHUNK: usize = 32 << 10;
    if input.is_empty() {
        // `/Length 0` with a filter: written by honest producers for empty contents.
        return Ok(Vec::new());
    }
    let mut inflater = Decompress::new(true);
    let mut out: Vec<u8> = Vec::new();
    loop {
        let read = usize::try_from(inflater.total_in()).unwrap_or(usize::MAX);
        let rest = input.get(read..).unwrap_or_default();
        let before = (inflater.total_in(), out.len());
        if out.capacity() - out.len() < CHUNK {
            // Doubling, but not beyond what may come out anyway.
            out.reserve_exact(CHUNK.max(out.len().min(4 << 20)));
        }
        let status = inflater
            .decompress_vec(rest, &mut out, FlushDecompress::None)
            .map_err(|_| Error::Decode { filter: "FlateDecode", reason: "no deflate data" })?;
        if out.len() > max {
            return Err(Error::Limit(LimitKind::DecodedStream));
        }
        if status == Status::StreamEnd {
            return Ok(out);
        }
        if (inflater.total_in(), out.len()) == before {
            // All input was used and more was wanted: honest files with a short `/Length` end so.
            *truncated = true;
            return if out.is_empty() {
                Err(Error::Decode { filter: "FlateDecode", reason: "data ends too early" })
            } else {
                Ok(out)
            };
        }
    }
}

fn ascii_hex(input: &[u8]) -> Result<Vec<u8>, Error> {
    let mut out = Vec::with_capacity(input.len() / 2);
    let mut half: Option<u8> = None;
    for &byte in input {
        if is_space(byte) {
            continue;
        }
        if byte == b'>' {
            break;
        }
        let digit = hex_digit(byte).ok_or(Error::Decode { filter: "ASCIIHexDecode", reason: "no digit" })?;
        half = match half {
            None => Some(digit),
            Some(high) => {
                out.push(high << 4 | digit);
                None
            }
        };
    }
    out.extend(half.map(|high| high << 4));
    Ok(out)
}

fn ascii85(input: &[u8], max: usize) -> Result<Vec<u8>, Error> {
    let bad = |reason| Error::Decode { filter: "ASCII85Decode", reason };
    let mut out = Vec::new();
    let mut group: Vec<u8> = Vec::with_capacity(5);
    let input = input.strip_prefix(b"<~").unwrap_or(input);
    for &byte in input.iter().filter(|b| !is_space(**b)) {
        match byte {
            b'~' => break,
            b'z' if group.is_empty() => out.extend([0; 4]),
            b'!'..=b'u' => {
                group.push(byte - b'!');
                if group.len() == 5 {
                    out.extend(group85(&group).ok_or(bad("group too large"))?);
                    group.clear();
                }
            }
            _ => return Err(bad("no digit")),
        }
        if out.len() > max {
            return Err(Error::Limit(LimitKind::DecodedStream));
        }
    }
    let have = group.len();
    if have == 1 {
        return Err(bad("lone digit"));
    }
    if have > 1 {
        group.resize(5, 84);
        let bytes = group85(&group).ok_or(bad("group too large"))?;
        out.extend(bytes.iter().take(have - 1));
    }
    Ok(out)
}

fn group85(group: &[u8]) -> Option<[u8; 4]> {
    let value = group.iter().try_fold(0u32, |sum, &digit| sum.checked_mul(85)?.checked_add(u32::from(digit)))?;
    Some(value.to_be_bytes())
}

fn run_length(input: &[u8], max: usize) -> Result<Vec<u8>, Error> {
    let bad = || Error::Decode { filter: "RunLengthDecode", reason: "data ends too early" };
    let mut out = Vec::new();
    let mut pos = 0;
    while let Some(&length) = input.get(pos) {
        pos += 1;
        let count = usize::from(length);
        match length {
            128 => break,
            0..=127 => {
                out.extend_from_slice(input.get(pos..=pos + count).ok_or_else(bad)?);
                pos += count + 1;
            }
            _ => {
                let byte = *input.get(pos).ok_or_else(bad)?;
                out.extend(std::iter::repeat_n(byte, 257 - count));
                pos += 1;
            }
        }
        if out.len() > max {
            return Err(Error::Limit(LimitKind::DecodedStream));
        }
    }
    Ok(out)
}

fn unpredict(step: &Step, data: Vec<u8>) -> Result<Vec<u8>, Error> {
    let bad = |reason| Error::Decode { filter: "Predictor", reason };
    if step.predictor < 2 {
        return Ok(data);
    }
    let ranges = (1..=32).contains(&step.colors) && matches!(step.bits, 1 | 2 | 4 | 8 | 16);
    if !ranges || !(1..=1 << 24).contains(&step.columns) {
        return Err(bad("parameters"));
    }
    let row_bits = usize::try_from(step.colors * step.bits * step.columns).map_err(|_| bad("parameters"))?;
    let row = row_bits.div_ceil(8);
    let pixel = usize::try_from(step.colors * step.bits).map_err(|_| bad("parameters"))?.div_ceil(8);
    match step.predictor {
        2 if step.bits == 8 => Ok(tiff(data, row, pixel)),
        2 => Err(bad("TIFF predictor of other than 8 bits")),
        10..=15 => png(&data, row, pixel),
        _ => Err(bad("unknown predictor")),
    }
}

fn tiff(mut data: Vec<u8>, row: usize, pixel: usize) -> Vec<u8> {
    for line in data.chunks_mut(row) {
        for at in pixel..line.len() {
            let left = line.get(at - pixel).copied().unwrap_or(0);
            if let Some(byte) = line.get_mut(at) {
                *byte = byte.wrapping_add(left);
            }
        }
    }
    data
}

fn png(data: &[u8], row: usize, pixel: usize) -> Result<Vec<u8>, Error> {
    let mut out: Vec<u8> = Vec::with_capacity(data.len());
    let mut above = vec![0u8; row.min(data.len())];
    let mut line: Vec<u8> = Vec::with_capacity(above.len());
    for chunk in data.chunks(row + 1) {
        let Some((&kind, bytes)) = chunk.split_first() else { break };
        line.clear();
        for (at, &byte) in bytes.iter().enumerate() {
            let left = if at >= pixel { line.get(at - pixel).copied().unwrap_or(0) } else { 0 };
            let up = above.get(at).copied().unwrap_or(0);
            let corner = if at >= pixel { above.get(at - pixel).copied().unwrap_or(0) } else { 0 };
            let guess = match kind {
                0 => 0,
                1 => left,
                2 => up,
                3 => ((u16::from(left) + u16::from(up)) / 2) as u8,
                4 => paeth(left, up, corner),
                _ => return Err(Error::Decode { filter: "Predictor", reason: "unknown PNG row" }),
            };
            line.push(byte.wrapping_add(guess));
        }
        out.extend_from_slice(&line);
        above.clear();
        above.extend_from_slice(&line);
    }
    Ok(out)
}

fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let (a, b, c) = (i16::from(left), i16::from(up), i16::from(corner));
    let guess = a + b - c;
    let (pa, pb, pc) = ((guess - a).abs(), (guess - b).abs(), (guess - c).abs());
    if pa <= pb && pa <= pc {
        left
    } else if pb <= pc {
        up
    } else {
        corner
    }
}

/// Deflates with a zlib wrapper, as `FlateDecode` wants it. Deterministic.
#[must_use]
pub fn encode_flate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::with_capacity(bytes.len() / 2), Compression::default());
    // Writing to memory cannot fail; an empty result would still be caught by every reader.
    encoder.write_all(bytes).and_then(|()| encoder.finish()).unwrap_or_default()
}
