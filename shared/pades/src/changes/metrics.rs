//! How far the strings of a font reach (ISO 32000-2 §9.2.4): what the font's dictionary says, not its program.

use std::collections::BTreeMap;

use pdf::{Dict, Document, Object};

/// How much narrower than it is a letter may be said to be.
const NARROWER: f64 = 0.8;
/// Widths of a composite font that are read: each of its glyphs once, and a few twice.
const WIDTHS: usize = 70_000;

#[derive(Debug)]
pub(super) enum Metrics {
    /// One byte, one glyph; widths in thousandths from the first code on. They are clear where each is a number, and the last code is the one that
    /// is named; viewers bring the glyphs of some.
    Simple { first: i64, widths: Vec<f64>, missing: f64, clear: bool, brought: bool },
    /// Two bytes, one glyph; widths by glyph.
    Wide { other: f64, widths: BTreeMap<u32, f64> },
    /// Some code of one to four bytes is one glyph: at most one an octet, in either direction.
    Loose { vertical: bool },
    /// Glyphs are drawings of any size.
    Unbounded,
}

/// A string: its length in ems, its glyphs, and those among them that widen with word spacing or draw nothing.
pub(super) struct Run {
    pub(super) advance: f64,
    pub(super) glyphs: f64,
    pub(super) spaces: f64,
    pub(super) blanks: f64,
    pub(super) vertical: bool,
}

impl Metrics {
    pub(super) fn read(view: &Document<'_>, font: &Object) -> Result<Metrics, pdf::Error> {
        let Some(dict) = view.resolve(font)?.as_dict() else { return Ok(Metrics::Unbounded) };
        match view.get(dict, b"Subtype")?.as_name() {
            Some(b"Type3") => Ok(Metrics::Unbounded),
            Some(b"Type0") => composite(view, dict),
            _ => simple(view, dict),
        }
    }

    /// What reading it cost, in bytes.
    pub(super) fn cost(&self) -> u64 {
        match self {
            Metrics::Simple { widths, .. } => 64 + 8 * widths.len() as u64,
            Metrics::Wide { widths, .. } => 64 + 24 * widths.len() as u64,
            Metrics::Loose { .. } | Metrics::Unbounded => 64,
        }
    }

    pub(super) fn is_vertical(&self) -> bool {
        matches!(self, Metrics::Loose { vertical: true })
    }

    /// Ems that a string takes at most, where its letters stand one behind the other; `None` where the font says that they do not.
    pub(super) fn reach(&self, text: &[u8]) -> Option<f64> {
        const BLANKS: std::ops::RangeInclusive<f64> = 0.0..=2000.0;
        const LETTERS: std::ops::RangeInclusive<f64> = 150.0..=2000.0;
        let mut ems = 0.0;
        match self {
            Metrics::Simple { widths, missing, .. } if widths.is_empty() => {
                let courier = *missing < 1000.0;
                ems += text.iter().map(|byte| if courier { 0.6 } else { widest(*byte) }).sum::<f64>();
            }
            // Of a code without a width viewers think that it has none.
            Metrics::Simple { clear: false, .. } => return None,
            Metrics::Simple { first, widths, missing, brought, .. } => {
                for byte in text {
                    let at = usize::try_from(i64::from(*byte) - first).ok();
                    let width = at.and_then(|at| widths.get(at));
                    let own = 1000.0 * NARROWER * narrowest(*byte, *missing < 1000.0);
                    let sound = match byte {
                        _ if byte.is_ascii_whitespace() => BLANKS,
                        b'!'..=b'~' if *brought => own..=2000.0,
                        _ => LETTERS,
                    };
                    ems += width.filter(|width| sound.contains(width))? / 1000.0;
                }
            }
            Metrics::Wide { other, widths } => {
                for pair in text.chunks(2) {
                    let code = pair.iter().fold(0u32, |sum, byte| sum << 8 | u32::from(*byte));
                    // Marks that combine take no width.
                    ems += Some(widths.get(&code).unwrap_or(other)).filter(|width| BLANKS.contains(width))? / 1000.0;
                }
            }
            Metrics::Loose { vertical: false } => ems += text.len() as f64,
            Metrics::Loose { vertical: true } | Metrics::Unbounded => return None,
        }
        Some(ems)
    }

    /// Ems that a string takes at least.
    pub(super) fn narrow(&self, text: &[u8]) -> f64 {
        match self {
            Metrics::Simple { widths, missing, .. } if widths.is_empty() => {
                text.iter().map(|byte| narrowest(*byte, *missing < 1000.0)).sum()
            }
            Metrics::Simple { .. } | Metrics::Wide { .. } => self.reach(text).unwrap_or(0.0),
            Metrics::Loose { .. } | Metrics::Unbounded => 0.0,
        }
    }

    /// Ems that the last letter of a string takes at least.
    pub(super) fn least(&self, text: &[u8], last: u8) -> f64 {
        match self {
            Metrics::Simple { widths, missing, .. } if widths.is_empty() => narrowest(last, *missing < 1000.0),
            Metrics::Simple { first, widths, missing, .. } => {
                let at = usize::try_from(i64::from(last) - first).ok();
                at.and_then(|at| widths.get(at)).unwrap_or(missing) / 1000.0
            }
            Metrics::Wide { other, widths } => {
                let code = text.chunks(2).next_back().unwrap_or_default();
                let code = code.iter().fold(0u32, |sum, byte| sum << 8 | u32::from(*byte));
                widths.get(&code).unwrap_or(other) / 1000.0
            }
            // Nobody sets those back.
            Metrics::Loose { .. } | Metrics::Unbounded => 0.0,
        }
    }

    /// The glyphs are those of viewers: no letter of ASCII is much narrower than they draw it, else letters lie over each other.
    pub(super) fn of_viewers(mut self) -> Self {
        if let Metrics::Simple { brought, .. } = &mut self {
            *brought = true;
        }
        self
    }

    /// `None` where it has no bounds.
    pub(super) fn measure(&self, text: &[u8]) -> Option<Run> {
        let count = text.len() as f64;
        let spaces = text.iter().filter(|byte| **byte == b' ').count() as f64;
        Some(match self {
            Metrics::Simple { first, widths, missing, .. } => {
                let width = |byte: &u8| {
                    let at = usize::try_from(i64::from(*byte) - first).ok();
                    at.and_then(|at| widths.get(at)).copied().unwrap_or(*missing)
                };
                let advance = text.iter().map(width).sum::<f64>() / 1000.0;
                Run { advance, glyphs: count, spaces, blanks: spaces, vertical: false }
            }
            Metrics::Wide { other, widths } => {
                let code = |pair: &[u8]| pair.iter().fold(0u32, |sum, byte| sum << 8 | u32::from(*byte));
                let width = |pair: &[u8]| widths.get(&code(pair)).copied().unwrap_or(*other);
                let advance = text.chunks(2).map(width).sum::<f64>() / 1000.0;
                Run { advance, glyphs: text.chunks(2).count() as f64, spaces: 0.0, blanks: 0.0, vertical: false }
            }
            Metrics::Loose { vertical } => {
                Run { advance: count, glyphs: count, spaces, blanks: 0.0, vertical: *vertical }
            }
            Metrics::Unbounded => return None,
        })
    }
}

/// Ems of a letter at most, in the fonts that viewers bring: Helvetica and Times in all their cuts, with their stand-ins (AFM, rounded up).
fn widest(byte: u8) -> f64 {
    match byte {
        b'0'..=b'9' => 0.556,
        b' ' | b'.' | b',' | b'/' | b'\\' | b'\'' | b'|' | b'i' | b'j' | b'l' => 0.28,
        b'!' | b'(' | b')' | b'-' | b':' | b';' | b'`' | b'f' | b't' | b'[' | b']' => 0.34,
        b'I' | b'r' | b'{' | b'}' => 0.48,
        b'm' | b'w' | b'&' => 0.9,
        b'M' | b'W' | b'@' | b'%' => 1.02,
        b'A'..=b'Z' => 0.79,
        b' '..=b'~' => 0.62,
        _ => 1.02,
    }
}

/// Ems of a letter at least, in the same fonts (AFM, rounded down).
fn narrowest(byte: u8, courier: bool) -> f64 {
    match byte {
        _ if courier => 0.6,
        b'0'..=b'9' => 0.5,
        b'\'' | b'|' => 0.18,
        b'i' | b'j' | b'l' => 0.22,
        b' ' | b'!' | b'"' | b'(' | b')' | b',' | b'-' | b'.' | b'/' | b':' | b';' | b'I' | b'[' | b']' | b'\\'
        | b'`' | b'f' | b'r' | b't' | b'{' | b'}' => 0.25,
        b'#'..=b'~' => 0.38,
        _ => 0.25,
    }
}

fn numbers(view: &Document<'_>, list: &[Object]) -> Result<Vec<f64>, pdf::Error> {
    list.iter().map(|one| Ok(view.resolve(one)?.as_number().unwrap_or(1000.0))).collect()
}

fn simple(view: &Document<'_>, dict: &Dict) -> Result<Metrics, pdf::Error> {
    let widths = numbers(view, view.get(dict, b"Widths")?.as_array().unwrap_or_default())?;
    let first = view.get(dict, b"FirstChar")?.as_int().unwrap_or(0);
    // Of the standard fonts only the widths of one are all the same; no other glyph of them is wider than an em.
    let courier = view.get(dict, b"BaseFont")?.as_name().is_some_and(|name| name.starts_with(b"Courier"));
    let list = view.get(dict, b"Widths")?.as_array().unwrap_or_default();
    let mut clear = true;
    for one in list {
        clear &= view.resolve(one)?.as_number().is_some();
    }
    let last = view.get(dict, b"LastChar")?;
    clear &= list.is_empty() || last.as_int() == Some(first.saturating_add(list.len() as i64 - 1));
    Ok(Metrics::Simple { first, widths, missing: if courier { 600.0 } else { 1000.0 }, clear, brought: false })
}

fn composite(view: &Document<'_>, dict: &Dict) -> Result<Metrics, pdf::Error> {
    let encoding = view.get(dict, b"Encoding")?.as_name();
    if encoding != Some(b"Identity-H") {
        // Of the predefined ones those whose name ends so are vertical; an embedded one may be.
        let vertical = encoding.is_none_or(|name| name.ends_with(b"V"));
        return Ok(Metrics::Loose { vertical });
    }
    let descendants = view.get(dict, b"DescendantFonts")?.as_array().unwrap_or_default();
    let Some(font) = descendants.first() else { return Ok(Metrics::Loose { vertical: false }) };
    let Some(font) = view.resolve(font)?.as_dict() else { return Ok(Metrics::Loose { vertical: false }) };
    let other = view.get(font, b"DW")?.as_number().unwrap_or(1000.0);
    let (mut widths, mut left) = (BTreeMap::new(), WIDTHS);
    let mut list = view.get(font, b"W")?.as_array().unwrap_or_default();
    while let [first, second, rest @ ..] = list {
        let Some(first) = view.resolve(first)?.as_int().and_then(|first| u32::try_from(first).ok()) else { break };
        let second = view.resolve(second)?;
        let last = second.as_int().and_then(|last| u32::try_from(last).ok()).unwrap_or(first).min(0xffff);
        let count = second.as_array().map_or((last + 1).saturating_sub(first) as usize, <[Object]>::len);
        // The same list again and again costs nothing in the file.
        let Some(still) = left.checked_sub(count) else { return Ok(Metrics::Loose { vertical: false }) };
        left = still;
        if let Some(own) = second.as_array() {
            widths.extend((first..).zip(numbers(view, own)?));
            list = rest;
            continue;
        }
        let [width, rest @ ..] = rest else { break };
        let width = view.resolve(width)?.as_number().unwrap_or(1000.0);
        widths.extend((first..=last).map(|code| (code, width)));
        list = rest;
    }
    Ok(Metrics::Wide { other, widths })
}
