//! The size of the page that a picture becomes.

use crate::block::A4;
use crate::picture::Picture;

/// Resolutions that a file may state and be believed, dots per inch.
const PLAUSIBLE: std::ops::RangeInclusive<f32> = 72.0..=1200.0;
/// Sides of a page that a stated resolution may lead to, points: a small card to A2.
const SIDES: std::ops::RangeInclusive<f32> = 100.0..=1700.0;

/// What cameras and messengers state without knowing (72, 96) makes no page larger than A3: a scanner of larger sheets is not that coarse.
const COARSE: f32 = 150.0;
const COARSE_SIDE: f32 = 1200.0;

/// A page for one picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Paper {
    pub(crate) size: (f32, f32),
    /// Where the picture lies: x, y, w, h, y upwards.
    pub(crate) image: (f32, f32, f32, f32),
    /// Effective resolution, dots per inch.
    pub(crate) dpi: f32,
    /// Whether the file's resolution was believed.
    pub(crate) stated: bool,
}

/// The page of the stated resolution when that is plausible, else A4 upright or lying, the picture as large as fits and central.
pub(crate) fn paper(picture: &Picture) -> Paper {
    let (wide, high) = picture.shown();
    let (wide, high) = (wide as f32, high as f32);
    if let Some((x, y)) = picture.shown_dpi() {
        let size = (wide * 72.0 / x, high * 72.0 / y);
        let longest = if x.min(y) < COARSE { COARSE_SIDE } else { *SIDES.end() };
        let fits = |side: &f32| SIDES.contains(side) && *side <= longest;
        if [x, y].iter().all(|dpi| PLAUSIBLE.contains(dpi)) && [size.0, size.1].iter().all(fits) {
            return Paper { size, image: (0.0, 0.0, size.0, size.1), dpi: x.min(y), stated: true };
        }
    }
    let size = if wide > high { (A4.1, A4.0) } else { A4 };
    let scale = (size.0 / wide).min(size.1 / high);
    let (w, h) = (wide * scale, high * scale);
    Paper { size, image: ((size.0 - w) / 2.0, (size.1 - h) / 2.0, w, h), dpi: 72.0 / scale, stated: false }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Coded;

    fn page(pixels: (u32, u32), dpi: f32) -> Paper {
        let coded = Coded::Bits { packed: Vec::new() };
        paper(&Picture { width: pixels.0, height: pixels.1, orientation: 1, dpi: Some((dpi, dpi)), coded, icc: None })
    }

    /// A photograph that a messenger made small and that says 72 is no poster; a sheet that was scanned is as large as it is.
    #[test]
    fn a_photograph_is_no_poster() {
        assert_eq!((page((1280, 960), 72.0).size, page((1280, 960), 72.0).stated), ((A4.1, A4.0), false));
        assert!(!page((1920, 1080), 96.0).stated);
        assert!(page((595, 842), 72.0).stated && page((842, 1191), 72.0).stated);
        assert!(
            page((3508, 4961), 300.0).stated && page((2480, 3508), 150.0).stated && page((3300, 4680), 200.0).stated
        );
    }
}
