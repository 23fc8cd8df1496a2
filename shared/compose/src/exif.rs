//! Reads what a page's geometry needs from a JPEG's segments: size, components, density, orientation, where the picture ends.
//!
//! Reads no other EXIF field. Never follows a pointer twice and never reads outside the segment.

/// What the segments say.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct JpegFacts {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) components: u8,
    /// Bits per sample, and whether the coding is one that PDF's DCTDecode knows (baseline, extended, progressive Huffman).
    pub(crate) plain: bool,
    /// EXIF orientation 1..=8.
    pub(crate) orientation: u8,
    /// Dots per inch, from EXIF, else JFIF.
    pub(crate) dpi: Option<(f32, f32)>,
    /// Length up to and including the end marker.
    pub(crate) end: usize,
}

/// Walks the segments; `None` when they do not make a whole JPEG.
pub(crate) fn jpeg(bytes: &[u8]) -> Option<JpegFacts> {
    let mut facts = JpegFacts { orientation: 1, ..JpegFacts::default() };
    let (mut exif_dpi, mut jfif_dpi) = (None, None);
    let mut at = 2;
    if bytes.get(..2)? != [0xFF, 0xD8] {
        return None;
    }
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
        match marker {
            0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => frame(&mut facts, marker, body)?,
            0xE0 if body.starts_with(b"JFIF\0") => jfif_dpi = jfif(body),
            0xE1 if body.starts_with(b"Exif\0\0") => {
                let (orientation, dpi) = exif(body.get(6..)?);
                facts.orientation = orientation.unwrap_or(1);
                exif_dpi = dpi;
            }
            0xDA => at = skip_entropy(bytes, at)?,
            _ => {}
        }
    }
    facts.end = at;
    facts.dpi = exif_dpi.or(jfif_dpi);
    (facts.width > 0 && facts.height > 0).then_some(facts)
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

fn frame(facts: &mut JpegFacts, marker: u8, body: &[u8]) -> Option<()> {
    if facts.width != 0 {
        return None;
    }
    let bits = *body.first()?;
    facts.height = u32::from(be16(body, 1)?);
    facts.width = u32::from(be16(body, 3)?);
    facts.components = *body.get(5)?;
    facts.plain = bits == 8 && matches!(marker, 0xC0..=0xC2);
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

/// Orientation and density of the first directory of an EXIF block (TIFF 6.0; EXIF 2.3, 4.6.4).
pub(crate) fn exif(tiff: &[u8]) -> (Option<u8>, Option<(f32, f32)>) {
    read_directory(tiff).unwrap_or((None, None))
}

type Facts = (Option<u8>, Option<(f32, f32)>);

fn read_directory(tiff: &[u8]) -> Option<Facts> {
    let little = match tiff.get(..4)? {
        b"II*\0" => true,
        b"MM\0*" => false,
        _ => return None,
    };
    let u16_at = |at: usize| {
        let raw: [u8; 2] = tiff.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if little { u16::from_le_bytes(raw) } else { u16::from_be_bytes(raw) })
    };
    let u32_at = |at: usize| {
        let raw: [u8; 4] = tiff.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if little { u32::from_le_bytes(raw) } else { u32::from_be_bytes(raw) })
    };
    let rational = |entry: usize| {
        let at = usize::try_from(u32_at(entry.checked_add(8)?)?).ok()?;
        let (over, under) = (u32_at(at)?, u32_at(at.checked_add(4)?)?);
        (under != 0).then(|| over as f32 / under as f32)
    };
    let start = usize::try_from(u32_at(4)?).ok()?;
    let (mut orientation, mut x, mut y, mut unit) = (None, None, None, 2_u16);
    for index in 0..usize::from(u16_at(start)?.min(512)) {
        let entry = start.checked_add(2)?.checked_add(index.checked_mul(12)?)?;
        match u16_at(entry)? {
            0x0112 => orientation = u16_at(entry.checked_add(8)?).and_then(|n| u8::try_from(n).ok()),
            0x011A => x = rational(entry),
            0x011B => y = rational(entry),
            0x0128 => unit = u16_at(entry.checked_add(8)?)?,
            _ => {}
        }
    }
    let per_inch = if unit == 3 { 2.54 } else { 1.0 };
    let dpi = x.zip(y).map(|(x, y)| (x * per_inch, y * per_inch));
    Some((orientation.filter(|n| (1..=8).contains(n)), dpi))
}

fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An EXIF block with one orientation entry, in both byte orders.
    fn block(orientation: u8, little: bool) -> Vec<u8> {
        let mut out = if little { b"II*\0\x08\0\0\0\x01\0".to_vec() } else { b"MM\0*\0\0\0\x08\0\x01".to_vec() };
        let entry: [u8; 12] = if little {
            [0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0]
        } else {
            [0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]
        };
        out.extend(entry);
        out.extend([0; 4]);
        out
    }

    #[test]
    fn orientation_in_both_byte_orders() {
        for orientation in 1..=8 {
            for little in [true, false] {
                assert_eq!(exif(&block(orientation, little)).0, Some(orientation));
            }
        }
        assert_eq!(exif(&block(9, true)).0, None);
        assert_eq!(exif(b"II*\0\xFF\xFF\xFF\xFF"), (None, None));
    }
}
