//! LZW as the `LZWDecode` filter uses it (ISO 32000-2 clause 7.4.4).

use crate::error::{Error, LimitKind};

const CLEAR: usize = 256;
const END: usize = 257;
const FIRST: usize = 258;
const TABLE: usize = 4096;

struct Bits<'a> {
    data: &'a [u8],
    pos: usize,
    hold: u32,
    have: u32,
}

impl Bits<'_> {
    fn read(&mut self, width: u32) -> Option<usize> {
        while self.have < width {
            let byte = *self.data.get(self.pos)?;
            self.pos += 1;
            self.hold = self.hold << 8 | u32::from(byte);
            self.have += 8;
        }
        self.have -= width;
        let code = self.hold >> self.have & ((1 << width) - 1);
        self.hold &= (1 << self.have) - 1;
        Some(code as usize)
    }
}

/// Decodes at most `max` bytes. `early` is `/EarlyChange` (1 by default): codes grow one code early.
pub(crate) fn decode(data: &[u8], early: bool, max: usize) -> Result<Vec<u8>, Error> {
    let bad = |reason| Error::Decode { filter: "LZWDecode", reason };
    let mut bits = Bits { data, pos: 0, hold: 0, have: 0 };
    let mut out: Vec<u8> = Vec::new();
    // Each code above 257 is a piece of the output: where it starts and how long it is.
    let mut pieces: Vec<(usize, usize)> = Vec::with_capacity(TABLE);
    let mut last: Option<(usize, usize)> = None;
    loop {
        let size = FIRST + pieces.len() + usize::from(early);
        let width = match size {
            0..=511 => 9,
            512..=1023 => 10,
            1024..=2047 => 11,
            _ => 12,
        };
        let Some(code) = bits.read(width) else { return Ok(out) };
        if code == END {
            return Ok(out);
        }
        if code == CLEAR {
            pieces.clear();
            last = None;
            continue;
        }
        if let Some((start, len)) = last
            && FIRST + pieces.len() < TABLE
        {
            // The last piece and the byte that is written next.
            pieces.push((start, len + 1));
        }
        let start = out.len();
        if code < CLEAR {
            out.push((code & 0xff) as u8);
        } else {
            let &(from, len) = pieces.get(code - FIRST).ok_or(bad("unknown code"))?;
            if out.len() + len > max {
                return Err(Error::Limit(LimitKind::DecodedStream));
            }
            for offset in 0..len {
                let byte = *out.get(from + offset).ok_or(bad("code before its text"))?;
                out.push(byte);
            }
        }
        if out.len() > max {
            return Err(Error::Limit(LimitKind::DecodedStream));
        }
        last = Some((start, out.len() - start));
    }
}
