//! The size of the page that a picture becomes.

use crate::block::A4;
use crate::picture::Picture;

/// Resolutions that a file may state and be believed, dots per inch.
const PLAUSIBLE: std::ops::RangeInclusive<f32> = 72.0..=1200.0;
/// Sides of a page that a stated resolution may lead to, points: a small card to A2.
const SIDES: std::ops::RangeInclusive<f32> = 100.0..=1700.0;

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
        let believed =
            [x, y].iter().all(|dpi| PLAUSIBLE.contains(dpi)) && [size.0, size.1].iter().all(|s| SIDES.contains(s));
        if believed {
            return Paper { size, image: (0.0, 0.0, size.0, size.1), dpi: x.min(y), stated: true };
        }
    }
    let size = if wide > high { (A4.1, A4.0) } else { A4 };
    let scale = (size.0 / wide).min(size.1 / high);
    let (w, h) = (wide * scale, high * scale);
    Paper { size, image: ((size.0 - w) / 2.0, (size.1 - h) / 2.0, w, h), dpi: 72.0 / scale, stated: false }
}
