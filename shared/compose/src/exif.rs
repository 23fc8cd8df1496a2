//! Reads orientation and density out of an EXIF block.
//!
//! Reads no other field. Never follows a pointer twice and never reads outside the block.

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
