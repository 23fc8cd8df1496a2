//! ICC profiles that come with pictures: what their colours are meant to be.
//!
//! Converts nothing: a profile goes into the PDF as it is (ICCBased, ISO 32000-1, 8.6.5.5). Whatever is not plainly a profile for the
//! picture's components is left behind, and the picture is taken as the plain colours that most readers would show.

use std::io::Read as _;

/// How a piece of a profile begins in a JPEG's APP2 segment (ICC.1:2010, annex B.4).
pub(crate) const MARK: &[u8] = b"ICC_PROFILE\0";
/// The longest profile: those of cameras and scanners have 0.5 to 100 kB, tables for printing a few MB.
pub(crate) const LONGEST: usize = 1 << 20;
/// The header and the count of tags (ICC.1:2010, 7.2).
const HEADER: usize = 132;

/// A profile in the pieces of APP2 segments.
#[derive(Default)]
pub(crate) struct Pieces(Vec<(u8, Vec<u8>)>);

impl Pieces {
    /// Notes a piece: its number from 1, the count of all, its bytes.
    pub(crate) fn add(&mut self, body: &[u8]) {
        if let [number, _, piece @ ..] = body {
            self.0.push((*number, piece.to_vec()));
        }
    }

    /// The profile, when every piece is there once and it is one for so many components.
    pub(crate) fn whole(mut self, components: u8) -> Option<Vec<u8>> {
        self.0.sort_by_key(|(number, _)| *number);
        let in_order = self.0.iter().zip(1_u8..).all(|((number, _), wanted)| *number == wanted);
        let whole = self.0.into_iter().flat_map(|(_, piece)| piece).take(LONGEST + 1).collect();
        usable(whole, components).filter(|_| in_order)
    }
}

/// The profile of a PNG's iCCP chunk: a name, a method, deflated bytes (PNG 3rd edition, 11.3.2.3).
pub(crate) fn inflated(chunk: &[u8], components: u8) -> Option<Vec<u8>> {
    let name = chunk.iter().position(|byte| *byte == 0)?;
    let data = chunk.get(name.checked_add(2)?..)?;
    let mut whole = Vec::new();
    flate2::read::ZlibDecoder::new(data).take(LONGEST as u64 + 1).read_to_end(&mut whole).ok()?;
    usable(whole, components)
}

/// The profile itself, if it is one that a PDF may have for these components (ICC.1:2010, 7.2; ISO 19005-2, 6.2.4.2: version 4 at most).
pub(crate) fn usable(profile: Vec<u8>, components: u8) -> Option<Vec<u8>> {
    let space: &[u8] = match components {
        1 => b"GRAY",
        3 => b"RGB ",
        _ => return None,
    };
    let field = |at: usize| profile.get(at..at.checked_add(4)?);
    let says = u32::from_be_bytes(field(0)?.try_into().ok()?);
    let sound = usize::try_from(says) == Ok(profile.len())
        && (HEADER..=LONGEST).contains(&profile.len())
        && profile.get(8).is_some_and(|version| (2..=4).contains(version))
        && [&b"scnr"[..], b"mntr", b"prtr", b"spac"].contains(&field(12)?)
        && field(16)? == space
        && [&b"XYZ "[..], b"Lab "].contains(&field(20)?)
        && field(36)? == b"acsp";
    sound.then_some(profile)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile() -> Vec<u8> {
        let mut made = vec![0; 200];
        made[..4].copy_from_slice(&200_u32.to_be_bytes());
        made[8] = 2;
        made[12..24].copy_from_slice(b"mntrRGB XYZ ");
        made[36..40].copy_from_slice(b"acsp");
        made
    }

    #[test]
    fn only_a_profile_for_these_components_counts() {
        assert_eq!(usable(profile(), 3), Some(profile()));
        assert_eq!((usable(profile(), 1), usable(profile(), 4)), (None, None));
        for (at, value) in [(3, 0), (8, 5), (13, b'x'), (17, b'x'), (20, b'x'), (36, b'x')] {
            let mut wrong = profile();
            wrong[at] = value;
            assert_eq!(usable(wrong, 3), None, "byte {at}");
        }
        assert_eq!(usable(profile()[..150].to_vec(), 3), None, "cut");
    }

    /// Pieces come in any order; one that is missing or there twice makes no profile.
    #[test]
    fn pieces_are_put_together() {
        let whole = |numbers: &[u8]| {
            let mut pieces = Pieces::default();
            for number in numbers {
                let piece = if *number == 1 { &profile()[..100] } else { &profile()[100..] };
                pieces.add(&[&[*number, 2], piece].concat());
            }
            pieces.whole(3)
        };
        assert_eq!(whole(&[2, 1]), Some(profile()));
        assert_eq!((whole(&[1]), whole(&[2]), whole(&[1, 1, 2])), (None, None, None));
        assert_eq!(whole(&[1, 3]), None, "as long as it should be, and one piece is of somebody else");
    }
}
