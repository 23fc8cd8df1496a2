//! The segments of a JPEG: what a page's geometry and colours need, and the same picture without what the camera wrote beside it.
//!
//! Decodes nothing and changes no coefficient. Place, time, device, comments and the small pictures inside (EXIF, XMP, MPF) are left behind:
//! nobody sees them on the paper, and a copy would give them to everybody.

use crate::{exif, icc};

/// What the segments say.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Jpeg {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) components: u8,
    /// Whether the coding is one that PDF's DCTDecode knows (baseline, extended, progressive Huffman) with 8 bits a sample.
    pub(crate) plain: bool,
    /// EXIF orientation 1..=8.
    pub(crate) orientation: u8,
    /// Dots per inch, from EXIF, else JFIF.
    pub(crate) dpi: Option<(f32, f32)>,
    /// How three components are meant.
    pub(crate) colours: Colours,
    /// The ICC profile, if it is one for these components.
    pub(crate) icc: Option<Vec<u8>>,
    /// The file again, from its start mark to its end mark, without what a picture does not need.
    pub(crate) data: Vec<u8>,
}

/// What the samples of three components are.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Colours {
    /// Luminance and differences; every reader takes them so.
    #[default]
    Differences,
    /// Red, green and blue, said by the Adobe segment: every reader takes them so.
    Direct,
    /// Red, green and blue by the components' names alone: PDF has to be told (`/ColorTransform` 0).
    DirectByName,
    /// JFIF says differences and Adobe says none: readers disagree.
    Ambiguous,
}

/// What is noted on the way.
#[derive(Default)]
struct Notes {
    exif_dpi: Option<(f32, f32)>,
    jfif_dpi: Option<(f32, f32)>,
    jfif: bool,
    adobe: Option<u8>,
    named_rgb: bool,
    profile: icc::Pieces,
}

/// Walks the segments; `None` when they do not make a whole JPEG.
pub(crate) fn read(bytes: &[u8]) -> Option<Jpeg> {
    let mut found = Jpeg { orientation: 1, ..Jpeg::default() };
    let mut notes = Notes::default();
    let mut at = 2;
    if bytes.get(..2)? != [0xFF, 0xD8] {
        return None;
    }
    found.data.extend([0xFF, 0xD8]);
    loop {
        let marker = next_marker(bytes, &mut at)?;
        match marker {
            0xD9 => break,
            0x01 | 0xD0..=0xD7 => continue,
            0xD8 => return None,
            _ => {}
        }
        let length = usize::from(be16(bytes, at)?);
        let body = bytes.get(at.checked_add(2)?..at.checked_add(length)?)?;
        at = at.checked_add(length)?;
        note(&mut found, &mut notes, marker, body)?;
        keep(&mut found.data, marker, body)?;
        if marker == 0xDA {
            let end = skip_entropy(bytes, at)?;
            found.data.extend(bytes.get(at..end)?);
            at = end;
        }
    }
    found.data.extend([0xFF, 0xD9]);
    found.dpi = notes.exif_dpi.or(notes.jfif_dpi);
    found.colours = notes.colours();
    found.icc = notes.profile.whole(found.components);
    (found.width > 0 && found.height > 0).then_some(found)
}

impl Notes {
    /// Who wins: libjpeg believes JFIF, then Adobe, then the names; PDF readers believe Adobe, then the names or nothing.
    fn colours(&self) -> Colours {
        match (self.jfif, self.adobe) {
            (true, Some(0)) => Colours::Ambiguous,
            (false, Some(0)) => Colours::Direct,
            (false, None) if self.named_rgb => Colours::DirectByName,
            _ => Colours::Differences,
        }
    }
}

fn note(found: &mut Jpeg, notes: &mut Notes, marker: u8, body: &[u8]) -> Option<()> {
    match marker {
        0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => {
            frame(found, marker, body)?;
            notes.named_rgb = [6, 9, 12].map(|at| body.get(at)) == [b'R', b'G', b'B'].each_ref().map(Some);
        }
        0xE0 if body.starts_with(b"JFIF\0") => {
            notes.jfif = true;
            notes.jfif_dpi = jfif(body);
        }
        0xE1 if body.starts_with(b"Exif\0\0") => {
            let (orientation, dpi) = exif::exif(body.get(6..)?);
            found.orientation = orientation.unwrap_or(1);
            notes.exif_dpi = dpi;
        }
        0xE2 if body.starts_with(icc::MARK) => notes.profile.add(body.get(icc::MARK.len()..)?),
        0xEE if body.starts_with(b"Adobe") => notes.adobe = body.get(11).copied(),
        _ => {}
    }
    Some(())
}

/// Writes a segment again: tables, frames and scans as they are, of the applications' ones JFIF without its small picture, and Adobe.
fn keep(out: &mut Vec<u8>, marker: u8, body: &[u8]) -> Option<()> {
    let body = match marker {
        0xE0 if body.starts_with(b"JFIF\0") => [body.get(..12)?, &[0, 0]].concat(),
        0xEE if body.starts_with(b"Adobe") => body.get(..12)?.to_vec(),
        0xE0..=0xEF | 0xFE => return Some(()),
        _ => body.to_vec(),
    };
    out.extend([0xFF, marker]);
    out.extend(u16::try_from(body.len().checked_add(2)?).ok()?.to_be_bytes());
    out.extend(body);
    Some(())
}

/// Reads the two bytes of a marker, allowing fill bytes before it.
fn next_marker(bytes: &[u8], at: &mut usize) -> Option<u8> {
    if *bytes.get(*at)? != 0xFF {
        return None;
    }
    while *bytes.get(*at)? == 0xFF {
        *at = at.checked_add(1)?;
    }
    let marker = *bytes.get(*at)?;
    *at = at.checked_add(1)?;
    Some(marker)
}

fn frame(found: &mut Jpeg, marker: u8, body: &[u8]) -> Option<()> {
    if found.width != 0 {
        return None;
    }
    let bits = *body.first()?;
    found.height = u32::from(be16(body, 1)?);
    found.width = u32::from(be16(body, 3)?);
    found.components = *body.get(5)?;
    found.plain = bits == 8 && matches!(marker, 0xC0..=0xC2);
    Some(())
}

fn jfif(body: &[u8]) -> Option<(f32, f32)> {
    let per_inch = match body.get(7)? {
        1 => 1.0,
        2 => 2.54,
        _ => return None,
    };
    Some((f32::from(be16(body, 8)?) * per_inch, f32::from(be16(body, 10)?) * per_inch))
}

/// The next marker after entropy-coded data: not a stuffed zero, not a restart.
fn skip_entropy(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let rest = bytes.get(at..)?;
        let ff = rest.iter().position(|byte| *byte == 0xFF)?;
        at = at.checked_add(ff)?;
        match *bytes.get(at.checked_add(1)?)? {
            0x00 | 0xD0..=0xD7 => at = at.checked_add(2)?,
            0xFF => at = at.checked_add(1)?,
            _ => return Some(at),
        }
    }
}

fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len() + 2).expect("short").to_be_bytes();
        [&[0xFF, marker], length.as_slice(), body].concat()
    }

    /// A frame of three components with these names, and a scan of two bytes; no picture, but the segments of one.
    fn file(before: &[Vec<u8>], names: [u8; 3]) -> Vec<u8> {
        let [a, b, c] = names;
        let frame = segment(0xC0, &[8, 0, 9, 0, 7, 3, a, 0x11, 0, b, 0x11, 0, c, 0x11, 0]);
        let scan = segment(0xDA, &[1, a, 0, 0, 63, 0]);
        [vec![0xFF, 0xD8], before.concat(), frame, scan, vec![1, 0xFF, 0, 0xFF, 0xD3, 2], vec![0xFF, 0xD9], vec![9, 9]]
            .concat()
    }

    fn adobe(transform: u8) -> Vec<u8> {
        segment(0xEE, &[b"Adobe\0\x64\0\0\0\0".as_slice(), &[transform]].concat())
    }

    /// What the camera says of place and device is gone, what the picture needs is as it was.
    #[test]
    fn only_the_picture_is_kept() {
        let jfif = segment(0xE0, b"JFIF\0\x01\x01\x01\0\x48\0\x48\x01\x01abc");
        let camera = [segment(0xE1, b"Exif\0\0MM\0*GPS"), segment(0xE2, b"MPF\0x"), segment(0xFE, b"note")];
        let seen = read(&file(&[vec![jfif], camera.to_vec()].concat(), [1, 2, 3])).expect("segments");
        let plain = segment(0xE0, b"JFIF\0\x01\x01\x01\0\x48\0\x48\0\0");
        let wanted = file(&[plain], [1, 2, 3]);
        assert_eq!(seen.data, wanted.get(..wanted.len() - 2).expect("without what follows"));
        assert_eq!((seen.width, seen.height, seen.components, seen.dpi), (7, 9, 3, Some((72.0, 72.0))));
    }

    /// ISO 32000-1, table 13; T.871: who says what of the colours.
    #[test]
    fn what_readers_disagree_about_is_noticed() {
        let jfif = || segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
        let colours = |before: &[Vec<u8>], names| read(&file(before, names)).expect("segments").colours;
        assert_eq!(colours(&[jfif()], [1, 2, 3]), Colours::Differences);
        assert_eq!(colours(&[], *b"RGB"), Colours::DirectByName);
        assert_eq!(colours(&[adobe(0)], *b"RGB"), Colours::Direct);
        assert_eq!(colours(&[adobe(1)], *b"RGB"), Colours::Differences);
        assert_eq!(colours(&[jfif(), adobe(0)], *b"RGB"), Colours::Ambiguous);
    }
}
