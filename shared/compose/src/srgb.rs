//! The profile of sRGB that a copy's device colours are meant in (PDF/A's output intent, ISO 19005-2, 6.2.3).
//!
//! Written out by hand from IEC 61966-2-1 and ICC.1:2010, so that the bytes belong to nobody else: white and primaries adapted to D50,
//! the curve as a parametric one. Names no maker and bears a fixed date.

/// Signature and body of each tag, in the order of the file.
fn tags() -> Vec<(&'static [u8; 4], Vec<u8>)> {
    let curve = || numbers(b"para", &[3 << 16, 157_286, 62_119, 3_417, 5_072, 2_651]);
    vec![
        (b"desc", text("sRGB IEC 61966-2-1")),
        (b"cprt", text("No rights reserved")),
        (b"wtpt", numbers(b"XYZ ", &[63_190, 65_536, 54_061])),
        (b"rXYZ", numbers(b"XYZ ", &[28_578, 14_581, 912])),
        (b"gXYZ", numbers(b"XYZ ", &[25_240, 46_981, 6_362])),
        (b"bXYZ", numbers(b"XYZ ", &[9_372, 3_974, 46_787])),
        // How D65 was adapted to D50 (Bradford).
        (b"chad", numbers(b"sf32", &[68_674, 1_502, -3_290, 1_939, 64_912, -1_119, -605, 988, 49_262])),
        (b"rTRC", curve()),
        (b"gTRC", curve()),
        (b"bTRC", curve()),
    ]
}

/// A body of big-endian words of 32 bits: fixed-point numbers of 16 and 16 bits; in `para` the first is the function's number.
fn numbers(kind: &[u8; 4], values: &[i32]) -> Vec<u8> {
    let mut body = [&kind[..], &[0; 4]].concat();
    body.extend(values.iter().flat_map(|value| value.to_be_bytes()));
    body
}

/// A text in one language (mluc), UTF-16BE.
fn text(value: &str) -> Vec<u8> {
    let letters: Vec<u8> = value.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let length = u32::try_from(letters.len()).unwrap_or(0);
    let head = [1, 12, u32::from_be_bytes(*b"enUS"), length, 28];
    let head: Vec<u8> = head.iter().flat_map(|word| word.to_be_bytes()).collect();
    [&b"mluc\0\0\0\0"[..], &head, &letters].concat()
}

/// The whole profile, version 4.2, for a display.
pub(crate) fn profile() -> Vec<u8> {
    let tags = tags();
    let word = |value: usize| u32::try_from(value).unwrap_or(0).to_be_bytes();
    let mut table = word(tags.len()).to_vec();
    let mut bodies = Vec::new();
    let start = 128 + 4 + 12 * tags.len();
    for (name, body) in &tags {
        table.extend([&name[..], &word(start + bodies.len()), &word(body.len())].concat());
        bodies.extend(body);
        bodies.resize(bodies.len().next_multiple_of(4), 0);
    }
    let mut out = word(start + bodies.len()).to_vec();
    out.extend(b"\0\0\0\0\x04\x20\0\0mntrRGB XYZ ");
    // 2026-01-01 00:00:00, six words of 16 bits.
    out.extend([2026_u16, 1, 1, 0, 0, 0].iter().flat_map(|part| part.to_be_bytes()));
    out.extend(b"acsp");
    out.resize(68, 0);
    // D50, the illuminant of the connection space.
    out.extend([63_190_i32, 65_536, 54_061].iter().flat_map(|part| part.to_be_bytes()));
    out.resize(128, 0);
    [out, table, bodies].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decision 32: what a copy names as its output intent passes the rule for the profiles of others; white is the sum of the primaries.
    #[test]
    fn the_profile_is_one_for_rgb() {
        let made = profile();
        assert_eq!(crate::icc::usable(made.clone(), 3), Some(made));
        for axis in 0..3 {
            let at = |tag: &[u8; 4]| {
                let (_, body) = tags().into_iter().find(|(name, _)| *name == tag).expect("a tag");
                i32::from_be_bytes(body[8 + 4 * axis..12 + 4 * axis].try_into().expect("a word"))
            };
            assert!((at(b"rXYZ") + at(b"gXYZ") + at(b"bXYZ") - at(b"wtpt")).abs() <= 2, "axis {axis}");
        }
    }
}
