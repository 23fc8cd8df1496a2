//! Pictures that an office may have drawn in the signatures of its copies: a leader's handwritten signature, blue, and the office's seal,
//! red, both with a transparent ground (NĐ 30/2020/NĐ-CP, Annex I; domain.md §1.10).
//!
//! Does not know whose they are, and proves nothing: what counts is the digital signature around them. What is not plainly such a picture is
//! refused when an office brings it, so that no copy is held up by one later.

use std::io::Cursor;

use image::{ImageFormat, ImageReader, RgbaImage};

use crate::Unusable;
use crate::canvas::{Canvas, Down};
use crate::guard;
use crate::picture::decode;

/// The most bytes of such a picture: it stands in every copy (30 KB is usual for a seal at 600 dpi).
pub const FACSIMILE_BYTES: u64 = 256 * 1024;
/// The most pixels of a side: the 36 mm of a seal at 600 dpi are 850.
const MAX_SIDE: u32 = 1_000;
/// The fewest: 36 mm at 72 dpi.
const MIN_SIDE: u32 = 100;
/// A pixel of at least this opacity is ink, one of less than [`CLEAR`] is ground.
const OPAQUE: u8 = 128;
const CLEAR: u8 = 16;
/// How much of the picture must be ground, how much may be ink at least, and how much of the ink must have the colour, in hundredths.
const GROUND: usize = 20;
const INKED: usize = 1;
const COLOURED: usize = 90;

/// What a picture shows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Facsimile {
    /// A handwritten signature, blue.
    Signature,
    /// An office's seal, red.
    Seal,
}

/// Whether a PNG may be drawn as this.
///
/// # Errors
/// [`Unusable::Facsimile`] with the first rule that it breaks; [`Unusable::ImageBroken`].
pub fn facsimile(png: &[u8], of: Facsimile) -> Result<(), Unusable> {
    read(png, of).map(|_| ())
}

/// The pixels of a picture that may be drawn.
pub(crate) fn read(png: &[u8], of: Facsimile) -> Result<RgbaImage, Unusable> {
    guard::guarded(Unusable::Facsimile("png"), || looked_at(png, of))
}

fn looked_at(png: &[u8], of: Facsimile) -> Result<RgbaImage, Unusable> {
    use Unusable::Facsimile as Refused;
    if png.len() as u64 > FACSIMILE_BYTES {
        return Err(Refused("bytes"));
    }
    let broken = |error: image::ImageError| Unusable::ImageBroken(error.to_string().chars().take(160).collect());
    if image::guess_format(png).ok() != Some(ImageFormat::Png) {
        return Err(Refused("png"));
    }
    let (wide, high) =
        ImageReader::with_format(Cursor::new(png), ImageFormat::Png).into_dimensions().map_err(broken)?;
    let sides = MIN_SIDE..=MAX_SIDE;
    if !sides.contains(&wide.max(high)) || wide.min(high) < MIN_SIDE / 4 || wide.max(high) > MAX_SIDE {
        return Err(Refused("pixels"));
    }
    let pixels = decode(png, ImageFormat::Png)?.to_rgba8();
    let all = pixels.pixels().len();
    let ground = pixels.pixels().filter(|pixel| pixel[3] < CLEAR).count();
    let ink: Vec<_> = pixels.pixels().filter(|pixel| pixel[3] >= OPAQUE).collect();
    if ground * 100 < all * GROUND {
        return Err(Refused("transparent"));
    }
    if ink.len() * 100 < all * INKED {
        return Err(Refused("empty"));
    }
    let coloured = ink.iter().filter(|pixel| has_colour(pixel.0, of)).count();
    if coloured * 100 < ink.len() * COLOURED {
        return Err(Refused("colour"));
    }
    Ok(pixels)
}

/// Plainly blue, plainly red.
fn has_colour([red, green, blue, _]: [u8; 4], of: Facsimile) -> bool {
    match of {
        Facsimile::Signature => blue > red.saturating_add(40) && blue >= green,
        Facsimile::Seal => red > blue.saturating_add(60) && red > green.saturating_add(60),
    }
}

/// Draws it as large as fits into a place, at its right edge for a seal (beside the signature), else in its middle.
pub(crate) fn draw(canvas: &mut Canvas, pixels: RgbaImage, of: Facsimile, (x, y, w, h): Down) {
    let (wide, high) = (pixels.width() as f32, pixels.height() as f32);
    let scale = (w / wide).min(h / high);
    let (shown, tall) = (wide * scale, high * scale);
    let left = match of {
        Facsimile::Signature => x + (w - shown) / 2.0,
        Facsimile::Seal => x + w - shown,
    };
    canvas.picture(pixels, (left, y + (h - tall) / 2.0, shown, tall));
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgba;

    const BLUE: Rgba<u8> = Rgba([16, 52, 150, 255]);
    const RED: Rgba<u8> = Rgba([200, 16, 30, 255]);
    const NOTHING: Rgba<u8> = Rgba([0, 0, 0, 0]);

    fn png(side: (u32, u32), ink: Rgba<u8>, ground: Rgba<u8>) -> Vec<u8> {
        let image = RgbaImage::from_fn(side.0, side.1, |x, y| if (x + y) % 40 < 8 { ink } else { ground });
        let mut out = Cursor::new(Vec::new());
        image.write_to(&mut out, ImageFormat::Png).expect("a PNG");
        out.into_inner()
    }

    fn why(bytes: &[u8], of: Facsimile) -> Option<&'static str> {
        match facsimile(bytes, of) {
            Ok(()) => None,
            Err(Unusable::Facsimile(why)) => Some(why),
            Err(other) => panic!("{other}"),
        }
    }

    /// R43, R49: blue on nothing is a signature, red on nothing is a seal, and nothing else is either.
    #[test]
    fn pictures_are_what_they_should_be() {
        use Facsimile::{Seal, Signature};
        let (blue, red) = (png((400, 160), BLUE, NOTHING), png((400, 400), RED, NOTHING));
        assert_eq!((why(&blue, Signature), why(&red, Seal)), (None, None));
        assert_eq!((why(&blue, Seal), why(&red, Signature)), (Some("colour"), Some("colour")));
        let black = png((400, 160), Rgba([0, 0, 0, 255]), NOTHING);
        assert_eq!((why(&black, Signature), why(&black, Seal)), (Some("colour"), Some("colour")));
        assert_eq!(why(&png((400, 400), RED, Rgba([255, 255, 255, 255])), Seal), Some("transparent"));
        assert_eq!(why(&png((400, 400), NOTHING, NOTHING), Seal), Some("empty"));
        assert_eq!(why(&png((MAX_SIDE + 1, 400), RED, NOTHING), Seal), Some("pixels"));
        assert_eq!(why(&png((99, 99), RED, NOTHING), Seal), Some("pixels"));
        assert_eq!(why(&png((400, 24), BLUE, NOTHING), Signature), Some("pixels"));
        assert_eq!(why(b"\xff\xd8\xff\xe0 not a PNG", Seal), Some("png"));
        assert_eq!(why(&vec![0; 256 * 1024 + 1], Seal), Some("bytes"));
        assert!(matches!(facsimile(&red[..red.len() / 2], Seal), Err(Unusable::ImageBroken(_))));
    }
}
