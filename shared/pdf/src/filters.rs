//! Stream filters (ISO 32000-2 clause 7.4). Image filters (DCT, JPX, CCITT, JBIG2) and Crypt are not decoded.

use flate2::{Compress, Compression, FlushCompress, Status};
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};

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

/// Straight into the result, without the window of 32 KiB that a stream of unknown end needs: a file has dozens of streams, and most are small.
fn inflate(input: &[u8], max: usize, truncated: &mut bool) -> Result<Vec<u8>, Error> {
    const CHUNK: usize = 32 << 10;
    /// Beneath the fastest loop of the decoder, and more than most structures need.
    const LEAST: usize = 1 << 10;
    const FLAGS: u32 = inflate_flags::TINFL_FLAG_PARSE_ZLIB_HEADER
        | inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF
        | inflate_flags::TINFL_FLAG_HAS_MORE_INPUT;
    if input.is_empty() {
        // `/Length 0` with a filter: written by honest producers for empty contents.
        return Ok(Vec::new());
    }
    // One more than may come out, so that what fits exactly is told from what goes on.
    let most = max.saturating_add(1);
    let mut state = Box::<DecompressorOxide>::default();
    let mut out = vec![0; input.len().saturating_mul(4).clamp(LEAST, CHUNK).min(most)];
    let (mut read, mut written) = (0, 0);
    loop {
        let rest = input.get(read..).unwrap_or_default();
        let (status, used, made) = decompress(&mut state, rest, &mut out, written, FLAGS);
        read += used;
        written += made;
        if written > max {
            return Err(Error::Limit(LimitKind::DecodedStream));
        }
        match status {
            TINFLStatus::Done => break,
            // Doubling, but not beyond what may come out anyway.
            TINFLStatus::HasMoreOutput => {
                let longer = out.len().saturating_add(out.len().clamp(CHUNK, 4 << 20));
                out.resize(longer.min(most), 0);
            }
            // All input was used and more was wanted: honest files with a short `/Length` end so.
            TINFLStatus::NeedsMoreInput if written == 0 => {
                return Err(Error::Decode { filter: "FlateDecode", reason: "data ends too early" });
            }
            TINFLStatus::NeedsMoreInput => {
                *truncated = true;
                break;
            }
            _ => return Err(Error::Decode { filter: "FlateDecode", reason: "no deflate data" }),
        }
    }
    out.truncate(written);
    Ok(out)
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
    Deflater::default().deflate(bytes)
}

/// What deflates one stream after the other. Its tables, 300 KB, are made once, for the first.
#[derive(Debug, Default)]
pub(crate) struct Deflater(Option<Compress>);

impl Deflater {
    /// As [`encode_flate`].
    pub(crate) fn deflate(&mut self, bytes: &[u8]) -> Vec<u8> {
        let compress = self.0.get_or_insert_with(|| Compress::new(Compression::default(), true));
        compress.reset();
        let mut out = Vec::with_capacity(bytes.len() / 2 + LEAST_ROOM);
        loop {
            let taken = usize::try_from(compress.total_in()).unwrap_or(usize::MAX);
            let rest = bytes.get(taken..).unwrap_or_default();
            match compress.compress_vec(rest, &mut out, FlushCompress::Finish) {
                Ok(Status::StreamEnd) => return out,
                Ok(Status::Ok | Status::BufError) => out.reserve(out.len().max(LEAST_ROOM)),
                // Into memory it does not fail; nothing at all would still be caught by every reader.
                Err(_) => return Vec::new(),
            }
        }
    }
}

/// Octets that are always there for what is left of a deflated stream.
const LEAST_ROOM: usize = 64;

#[cfg(test)]
mod tests {
    use flate2::{Decompress, FlushDecompress, Status};
    use proptest::prelude::*;

    use super::*;

    /// One after the other, whatever went before: the octets that the library's own writer makes of each alone.
    #[test]
    fn a_stream_does_not_depend_on_those_before() {
        use std::io::Write as _;
        let mut deflater = Deflater::default();
        let noise =
            |length: u32| (0..length).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect::<Vec<u8>>();
        for bytes in [vec![], noise(1), noise(300), vec![7; 100_000], noise(100_000), b"q Q ".repeat(5_000), noise(63)]
        {
            let mut alone = flate2::write::ZlibEncoder::new(Vec::new(), Compression::default());
            let alone = alone.write_all(&bytes).and_then(|()| alone.finish()).expect("memory");
            assert_eq!(deflater.deflate(&bytes), alone, "{} octets", bytes.len());
            assert_eq!(encode_flate(&bytes), alone, "{} octets", bytes.len());
        }
    }

    /// What another loop around a window of 32 KiB makes of it; `None`: no deflate data.
    fn windowed(input: &[u8]) -> Option<(Vec<u8>, bool)> {
        let mut inflater = Decompress::new(true);
        let mut out = Vec::with_capacity(1 << 20);
        loop {
            let rest = input.get(usize::try_from(inflater.total_in()).ok()?..)?;
            let before = (rest.len(), out.len());
            let status = inflater.decompress_vec(rest, &mut out, FlushDecompress::None).ok()?;
            let left = input.len() - usize::try_from(inflater.total_in()).ok()?;
            if status == Status::StreamEnd {
                return Some((out, false));
            }
            if (left, out.len()) == before {
                return (!out.is_empty()).then_some((out, true));
            }
        }
    }

    /// `a`, then three more from one octet back; from two octets back there is nothing to be copied.
    #[test]
    fn nothing_is_copied_from_before_the_beginning() {
        let mut truncated = false;
        let right = b"\x78\x9c\x4b\x04\x02\x00\x03\xce\x01\x85";
        assert_eq!(inflate(right, 100, &mut truncated).expect("deflate data"), b"aaaa");
        let wrong = b"\x78\x9c\x4b\x04\x42\x00\x03\xce\x01\x85";
        assert!(inflate(wrong, 100, &mut truncated).is_err());
        assert!(!truncated);
    }

    proptest! {
        /// Whole streams, cut ones and damaged ones: the same octets, the same word about the end.
        #[test]
        fn inflating_without_a_window_gives_the_same(
            pieces in prop::collection::vec((any::<u8>(), 1usize..3000), 1..12),
            cut in 0usize..400,
            damage in prop::option::of((any::<prop::sample::Index>(), any::<u8>())),
        ) {
            let plain: Vec<u8> = pieces.iter().flat_map(|(byte, count)| (0..*count).map(move |at| byte ^ ((at * at) >> 7) as u8)).collect();
            let mut packed = encode_flate(&plain);
            packed.truncate(packed.len().saturating_sub(cut).max(1));
            if let Some((at, byte)) = damage {
                *at.get_mut(&mut packed) ^= byte;
            }
            let mut truncated = false;
            let ours = inflate(&packed, 1 << 20, &mut truncated).ok().map(|bytes| (bytes, truncated));
            // A window of zeros takes a distance to before the beginning, which RFC 1951 §3.2.3 forbids and zlib refuses too.
            let windowed = windowed(&packed);
            prop_assert!(ours == windowed || damage.is_some() && ours.is_none(), "of {} octets", packed.len());
            // What fits exactly is taken, one octet less is a limit.
            if let Some((bytes, _)) = ours.filter(|(bytes, _)| !bytes.is_empty()) {
                let mut cut_short = false;
                prop_assert!(inflate(&packed, bytes.len(), &mut cut_short).is_ok());
                prop_assert!(matches!(inflate(&packed, bytes.len() - 1, &mut cut_short), Err(Error::Limit(_))));
            }
        }
    }
}
