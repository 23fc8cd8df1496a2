//! Fax codings line by line: modified Huffman, Group 3 one- and two-dimensional (ITU-T T.4), Group 4 (T.6).
//!
//! Does not guess: a line that does not add up ends the page, where a fax machine would go on with the line before. Uncompressed mode is not
//! known. What follows an end mark is the white of the paper, which some encoders leave out.

use std::convert::Infallible;

use fax::maps::{Mode, black, mode, white};
use fax::{BitReader as _, ByteReader};

/// The coding of a page's lines.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Coding {
    /// Runs, each line from a byte on (TIFF 6.0, section 10).
    Runs,
    /// Group 3, every line by itself.
    OneDimensional,
    /// Group 3, lines by themselves and lines by the one before, as the bit after each end of line says.
    TwoDimensional,
    /// Group 4.
    Group4,
}

/// A page's lines as the data code them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page {
    pub(crate) coding: Coding,
    pub(crate) width: u32,
    pub(crate) rows: usize,
    /// Each line begins with a byte (`/EncodedByteAlign`).
    pub(crate) aligned: bool,
}

/// Zeros after the data: the decoding tables look further than the last code.
const AFTER: [u8; 4] = [0; 4];

/// Decodes to packed bits, 0 is black, rows from a byte on. `None`: the data are damaged.
pub(crate) fn packed(data: impl Iterator<Item = u8>, page: Page) -> Option<Vec<u8>> {
    let stride = usize::try_from(page.width.div_ceil(8)).ok()?;
    let mut out = vec![0xFF; stride.checked_mul(page.rows)?];
    let mut lines = Lines::new(data, page)?;
    for row in out.chunks_mut(stride.max(1)).take(page.rows) {
        match lines.next()? {
            Line::Changes => darken(row, &lines.current, page.width),
            Line::End => break,
        }
    }
    Some(out)
}

/// Clears the bits of the black runs: from each even change to the odd one after it.
fn darken(row: &mut [u8], changes: &[u32], width: u32) {
    for run in changes.chunks(2) {
        let (from, to) = (run.first().copied().unwrap_or(width), run.get(1).copied().unwrap_or(width));
        let (from, to) = (from as usize, to.min(width) as usize);
        // A byte at a time where the run fills one.
        for byte in from / 8..to.div_ceil(8) {
            let (first, last) = (from.saturating_sub(byte * 8).min(8), to.saturating_sub(byte * 8).min(8));
            let run = (0xFF_u16 >> first) & !(0xFF_u16 >> last);
            if let Some(byte) = row.get_mut(byte) {
                *byte &= !(run as u8);
            }
        }
    }
}

enum Line {
    /// The changes of the line stand in `current`.
    Changes,
    /// The end mark.
    End,
}

type Bytes<'a> = Box<dyn Iterator<Item = Result<u8, Infallible>> + 'a>;

struct Lines<'a> {
    reader: ByteReader<Bytes<'a>>,
    page: Page,
    /// Where the colour changes, strictly rising, the first time from white to black.
    current: Vec<u32>,
    reference: Vec<u32>,
}

impl<'a> Lines<'a> {
    fn new(data: impl Iterator<Item = u8> + 'a, page: Page) -> Option<Self> {
        let bytes: Bytes<'a> = Box::new(data.chain(AFTER).map(Ok));
        Some(Self { reader: ByteReader::new(bytes).ok()?, page, current: Vec::new(), reference: Vec::new() })
    }

    fn next(&mut self) -> Option<Line> {
        std::mem::swap(&mut self.reference, &mut self.current);
        self.current.clear();
        let by_itself = match self.page.coding {
            Coding::Runs | Coding::Group4 => self.page.coding == Coding::Runs,
            Coding::OneDimensional | Coding::TwoDimensional => match self.ends_of_line()? {
                Some(by_itself) => by_itself,
                None => return Some(Line::End),
            },
        };
        if self.page.aligned || self.page.coding == Coding::Runs {
            let rest = self.reader.bits_to_byte_boundary();
            self.skip(rest)?;
        }
        if by_itself {
            self.runs()?
        } else {
            return self.changes();
        }
        Some(Line::Changes)
    }

    /// Passes the end-of-line code before a line, with its fill; two in a row end the page. Gives whether the line stands by itself.
    fn ends_of_line(&mut self) -> Option<Option<bool>> {
        let mut codes = 0;
        let mut by_itself = self.page.coding == Coding::OneDimensional;
        while self.reader.peek(11) == Some(0) {
            while self.reader.peek(1)? == 0 {
                self.skip(1)?;
            }
            self.skip(1)?;
            codes += 1;
            if self.page.coding == Coding::TwoDimensional {
                by_itself = self.reader.peek(1)? == 1;
                self.skip(1)?;
            }
            if codes > 1 {
                return Some(None);
            }
        }
        // Without the code before it, nobody says which of the two a line is.
        let told = codes == 1 || self.page.coding == Coding::OneDimensional;
        told.then_some(Some(by_itself))
    }

    fn skip(&mut self, bits: u8) -> Option<()> {
        self.reader.consume(bits).ok()
    }

    /// A run of one colour: make-up codes, then a terminating one.
    fn run(&mut self, dark: bool) -> Option<u32> {
        let mut sum = 0_u32;
        loop {
            let part = if dark { black::decode(&mut self.reader) } else { white::decode(&mut self.reader) }?;
            sum = sum.checked_add(u32::from(part)).filter(|sum| *sum <= self.page.width)?;
            if part < 64 {
                return Some(sum);
            }
        }
    }

    /// The colour changes here; twice at one place is no change.
    fn change(&mut self, at: u32) -> Option<()> {
        if at > self.page.width {
            return None;
        }
        if self.current.last() == Some(&at) {
            self.current.pop();
        } else if at < self.page.width {
            self.current.push(at);
        }
        Some(())
    }

    /// A line by itself (T.4, 4.1).
    fn runs(&mut self) -> Option<()> {
        let (mut at, mut dark) = (0, false);
        while at < self.page.width {
            at += self.run(dark)?;
            self.change(at)?;
            dark = !dark;
        }
        Some(())
    }

    /// A line by the one before (T.4, 4.2; T.6, 2.2).
    fn changes(&mut self) -> Option<Line> {
        let width = self.page.width;
        let (mut at, mut dark, mut first) = (0, false, true);
        while at < width {
            let (b1, b2) = self.above(at, dark, first);
            match mode::decode(&mut self.reader)? {
                Mode::Pass => at = b2,
                Mode::Vertical(shift) => {
                    let to = b1.checked_add_signed(i32::from(shift)).filter(|to| *to >= at)?;
                    self.change(to)?;
                    (at, dark) = (to, !dark);
                }
                Mode::Horizontal => {
                    let middle = at + self.run(dark)?;
                    let end = middle + self.run(!dark)?;
                    self.change(middle)?;
                    self.change(end)?;
                    at = end;
                }
                Mode::EOF if first => return Some(Line::End),
                Mode::EOF | Mode::Extension => return None,
            }
            first = false;
        }
        Some(Line::Changes)
    }

    /// The next two changes of the line above: the first to the right that ends a run of this colour there, and the one after.
    fn above(&self, at: u32, dark: bool, first: bool) -> (u32, u32) {
        let width = self.page.width;
        let right = self.reference.partition_point(|change| *change < at || *change == at && !first);
        let index = if (right % 2 == 1) == dark { right } else { right + 1 };
        let change = |index: usize| self.reference.get(index).copied().unwrap_or(width);
        (change(index), change(index + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(bits: &str) -> Vec<u8> {
        let bits: Vec<u8> = bits.bytes().filter(|sign| *sign != b' ').map(|sign| sign - b'0').collect();
        bits.chunks(8).map(|byte| byte.iter().enumerate().fold(0, |all, (at, bit)| all | bit << (7 - at))).collect()
    }

    fn lines(coding: Coding, rows: usize, bits: &str) -> Option<Vec<u8>> {
        packed(bytes(bits).into_iter(), Page { coding, width: 8, rows, aligned: false })
    }

    /// white 3, black 2, white 3: runs; then the same line by the one above (three vertical codes), then one shifted by one.
    #[test]
    fn every_coding_says_the_same() {
        let (end, line) = ("000000000001", "1000 11 1000");
        let wanted = Some(vec![0b1110_0111, 0b1110_0111]);
        assert_eq!(lines(Coding::Runs, 2, &format!("{line}000000 {line}")), wanted);
        assert_eq!(lines(Coding::OneDimensional, 2, &format!("{end}{line} 0000{end}{line}")), wanted);
        assert_eq!(lines(Coding::OneDimensional, 2, &format!("{line}{line}")), wanted, "without end-of-line codes");
        assert_eq!(lines(Coding::TwoDimensional, 2, &format!("{end}1{line} {end}0 1 1 1")), wanted);
        assert_eq!(lines(Coding::Group4, 2, "001 1000 11 1 1 1 1"), wanted);
        assert_eq!(lines(Coding::Group4, 2, "001 1000 11 1 011 011 1"), Some(vec![0b1110_0111, 0b1111_0011]));
        // The line above passes under: white all along.
        assert_eq!(lines(Coding::Group4, 2, "001 1000 11 1 0001 1"), Some(vec![0b1110_0111, 0xFF]));
    }

    #[test]
    fn what_does_not_add_up_is_damaged() {
        for (coding, bits) in [
            (Coding::Runs, "1000 11 1011"),
            (Coding::Group4, "001 1000 11 00000011"),
            (Coding::TwoDimensional, "1000 11 1000"),
            (Coding::OneDimensional, ""),
        ] {
            assert_eq!(lines(coding, 1, bits), None, "{coding:?} {bits}");
        }
        // An end mark before the last line: the rest is white.
        let ended = lines(Coding::Group4, 2, "001 1000 11 1 000000000001 000000000001");
        assert_eq!(ended, Some(vec![0b1110_0111, 0xFF]));
    }
}
