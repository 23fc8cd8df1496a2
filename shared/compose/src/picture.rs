//! Image files as pages: what a JPEG, PNG or TIFF holds, decoded only as far as needed.
//!
//! A JPEG's and a plain PNG's compressed data go into the PDF as they are. Does not draw and does not know about pages of paper
//! beyond the resolution that the file states.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

use crate::exif::exif;
use crate::jpeg::{self, Colours};
use crate::{Kind, Unusable, icc};

/// The most pixels of one page: A3 at 600 dpi is 70 million.
pub(crate) const MAX_PIXELS: u64 = 150_000_000;
/// The longest side of an image, in pixels.
const MAX_SIDE: u32 = 30_000;

/// How a page's picture goes into the PDF.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Coded {
    /// DCTDecode, coefficients as they came; components 1 or 3; `direct` when PDF has to be told that they are red, green and blue.
    Jpeg { data: Vec<u8>, components: u8, direct: bool },
    /// FlateDecode with PNG predictors, the chunks of a PNG as they are.
    Png { data: Vec<u8>, colours: u8, bits: u8, palette: Option<Vec<u8>> },
    /// FlateDecode of packed bits, 0 is black.
    Bits { packed: Vec<u8> },
}

/// One page's picture.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Picture {
    /// Stored size in pixels, before the orientation is applied.
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// EXIF orientation, 1..=8.
    pub(crate) orientation: u8,
    /// Stated dots per inch along the stored axes.
    pub(crate) dpi: Option<(f32, f32)>,
    pub(crate) coded: Coded,
    /// The ICC profile of the samples.
    pub(crate) icc: Option<Vec<u8>>,
}

/// Beginnings of files that are something else, whatever stands further on: archives, pages of the web, PostScript, pictures.
const OTHERS: [&[u8]; 8] = [b"PK", b"<", b"\xef\xbb\xbf<", b"%!PS", b"GIF8", b"RIFF", b"BM", b"{\\rtf"];

/// Tells the kind of a file from its first bytes.
pub(crate) fn kind(bytes: &[u8]) -> Option<Kind> {
    let start = bytes.get(..bytes.len().min(1024))?;
    if start.starts_with(&[0xFF, 0xD8, 0xFF]) {
        Some(Kind::Jpeg)
    } else if start.starts_with(b"\x89PNG\r\n\x1a\n") {
        Some(Kind::Png)
    } else if [&b"II*\0"[..], b"MM\0*", b"II+\0", b"MM\0+"].iter().any(|magic| start.starts_with(magic)) {
        Some(Kind::Tiff)
    } else if OTHERS.iter().any(|other| start.starts_with(other)) {
        None
    } else if start.windows(5).any(|window| window == b"%PDF-") {
        // Scanners and mail gateways put lines before the header (ISO 32000-1, annex H, note 13).
        Some(Kind::Pdf)
    } else {
        None
    }
}

fn broken(why: impl std::fmt::Display) -> Unusable {
    Unusable::ImageBroken(why.to_string().chars().take(160).collect())
}

fn unread(why: impl std::fmt::Display) -> Unusable {
    Unusable::ImageCoding(why.to_string().chars().take(160).collect())
}

/// What a decoder says: damaged, too much for its limits, or unknown to it.
fn refused(error: image::ImageError) -> Unusable {
    match error {
        image::ImageError::Limits(_) => Unusable::TooLarge,
        image::ImageError::Unsupported(error) => unread(error),
        other => broken(other),
    }
}

fn check_size(width: u32, height: u32) -> Result<(), Unusable> {
    if width == 0 || height == 0 {
        return Err(broken("no pixels"));
    }
    let pixels = u64::from(width) * u64::from(height);
    if width > MAX_SIDE || height > MAX_SIDE || pixels > MAX_PIXELS { Err(Unusable::TooLarge) } else { Ok(()) }
}

/// Gives every page's picture of an image file to `each`, one at a time; of many pages only those that are `wanted` are decoded, by their number
/// and by how many there are.
pub(crate) fn pictures(
    bytes: &[u8],
    kind: Kind,
    wanted: &dyn Fn(u32, u32) -> bool,
    each: &mut dyn FnMut(Picture) -> Result<(), Unusable>,
) -> Result<(), Unusable> {
    match kind {
        Kind::Jpeg => each(jpeg(bytes)?),
        Kind::Png => each(png(bytes)?),
        Kind::Tiff => crate::tiff_in::pictures(bytes, wanted, each),
        Kind::Pdf => Err(Unusable::TypeNotAccepted),
    }
}

fn jpeg(bytes: &[u8]) -> Result<Picture, Unusable> {
    let found = jpeg::read(bytes).ok_or_else(|| broken("incomplete JPEG"))?;
    check_size(found.width, found.height)?;
    let (width, height, orientation, dpi) = (found.width, found.height, found.orientation, found.dpi);
    let (coded, icc) = match (found.plain, found.components) {
        (true, 3) if found.colours == Colours::Ambiguous => return Err(unread("colours that readers disagree about")),
        (true, components @ (1 | 3)) => {
            let direct = components == 3 && found.colours == Colours::DirectByName;
            (Coded::Jpeg { data: found.data, components, direct }, found.icc)
        }
        (true, 4) => (recode_jpeg(&found.data)?, None),
        _ => return Err(unread("a JPEG coding that PDF does not know")),
    };
    Ok(Picture { width, height, orientation, dpi, coded, icc })
}

/// A four-colour JPEG becomes an RGB one: PDF viewers disagree about inverted CMYK.
fn recode_jpeg(data: &[u8]) -> Result<Coded, Unusable> {
    let rgb = decode(data, ImageFormat::Jpeg)?.to_rgb8();
    let mut out = Vec::new();
    let mut encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut out, 90);
    encoder.encode_image(&rgb).map_err(broken)?;
    Ok(Coded::Jpeg { data: out, components: 3, direct: false })
}

/// Decodes an image within fixed limits of memory.
pub(crate) fn decode(data: &[u8], format: ImageFormat) -> Result<DynamicImage, Unusable> {
    let mut reader = ImageReader::with_format(Cursor::new(data), format);
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(1 << 30);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(refused)?;
    let (width, height) = decoder.dimensions();
    check_size(width, height)?;
    DynamicImage::from_decoder(decoder).map_err(refused)
}

/// The chunks of a PNG that matter here.
#[derive(Default)]
struct PngChunks {
    header: Vec<u8>,
    palette: Option<Vec<u8>>,
    transparent: bool,
    dpi: Option<(f32, f32)>,
    orientation: Option<u8>,
    profile: Option<Vec<u8>>,
    data: Vec<u8>,
    ended: bool,
}

fn png_chunks(bytes: &[u8]) -> Option<PngChunks> {
    let mut chunks = PngChunks::default();
    let mut at = 8_usize;
    while !chunks.ended {
        let length = usize::try_from(u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?)).ok()?;
        let name = bytes.get(at.checked_add(4)?..at.checked_add(8)?)?;
        let start = at.checked_add(8)?;
        let body = bytes.get(start..start.checked_add(length)?)?;
        match name {
            b"IHDR" => chunks.header = body.to_vec(),
            b"PLTE" => chunks.palette = Some(body.to_vec()),
            b"tRNS" => chunks.transparent = true,
            b"pHYs" => chunks.dpi = phys(body),
            // PNG 3rd edition, 11.3.4.5: one block, as in a JPEG.
            b"eXIf" => chunks.orientation = exif(body).0,
            b"iCCP" => chunks.profile = Some(body.to_vec()),
            b"IDAT" => chunks.data.extend_from_slice(body),
            b"IEND" => chunks.ended = true,
            _ => {}
        }
        at = start.checked_add(length)?.checked_add(4)?;
    }
    Some(chunks)
}

fn phys(body: &[u8]) -> Option<(f32, f32)> {
    let x = u32::from_be_bytes(body.get(..4)?.try_into().ok()?);
    let y = u32::from_be_bytes(body.get(4..8)?.try_into().ok()?);
    (*body.get(8)? == 1).then_some((x as f32 * 0.0254, y as f32 * 0.0254))
}

fn png(bytes: &[u8]) -> Result<Picture, Unusable> {
    let chunks = png_chunks(bytes).ok_or_else(|| broken("incomplete PNG"))?;
    let header: &[u8; 13] = chunks.header.as_slice().try_into().map_err(|_| broken("no PNG header"))?;
    let [w0, w1, w2, w3, h0, h1, h2, h3, bits, colour, _, _, interlaced] = *header;
    let (width, height) = (u32::from_be_bytes([w0, w1, w2, w3]), u32::from_be_bytes([h0, h1, h2, h3]));
    check_size(width, height)?;
    let plain = interlaced == 0 && !chunks.transparent && bits <= 8;
    let coded = match colour {
        0 if plain => Coded::Png { data: chunks.data, colours: 1, bits, palette: None },
        2 if plain => Coded::Png { data: chunks.data, colours: 3, bits, palette: None },
        3 if plain && palette_fits(chunks.palette.as_deref(), bits) => {
            Coded::Png { data: chunks.data, colours: 1, bits, palette: chunks.palette }
        }
        _ => flattened(&decode(bytes, ImageFormat::Png)?)?,
    };
    let components = match (&coded, colour) {
        (Coded::Png { colours, .. }, 0 | 2 | 4 | 6) => *colours,
        // A palette's colours are the profile's.
        _ => 3,
    };
    let icc = chunks.profile.and_then(|chunk| icc::inflated(&chunk, components));
    Ok(Picture { width, height, orientation: chunks.orientation.unwrap_or(1), dpi: chunks.dpi, coded, icc })
}

fn palette_fits(palette: Option<&[u8]>, bits: u8) -> bool {
    palette
        .is_some_and(|palette| !palette.is_empty() && palette.len() % 3 == 0 && palette.len() / 3 <= 1 << bits.min(8))
}

/// Flattens on white, reduces to 8 bits, and packs as a PNG whose chunks PDF can use.
pub(crate) fn flattened(image: &DynamicImage) -> Result<Coded, Unusable> {
    let flat = if image.color().has_color() { flat_rgb(image) } else { flat_grey(image) };
    let mut file = Vec::new();
    let encoder = image::codecs::png::PngEncoder::new_with_quality(
        &mut file,
        image::codecs::png::CompressionType::Default,
        image::codecs::png::FilterType::Adaptive,
    );
    flat.write_with_encoder(encoder).map_err(broken)?;
    let chunks = png_chunks(&file).ok_or_else(|| broken("PNG"))?;
    let colours = if flat.color().has_color() { 3 } else { 1 };
    Ok(Coded::Png { data: chunks.data, colours, bits: 8, palette: None })
}

fn over_white(value: u8, alpha: u8) -> u8 {
    let mixed = u32::from(value) * u32::from(alpha) + 255 * (255 - u32::from(alpha));
    u8::try_from((mixed + 127) / 255).unwrap_or(255)
}

fn flat_rgb(image: &DynamicImage) -> DynamicImage {
    if !image.color().has_alpha() {
        return DynamicImage::ImageRgb8(image.to_rgb8());
    }
    let rgba = image.to_rgba8();
    let flat = image::RgbImage::from_fn(rgba.width(), rgba.height(), |x, y| {
        let [r, g, b, a] = rgba.get_pixel(x, y).0;
        image::Rgb([over_white(r, a), over_white(g, a), over_white(b, a)])
    });
    DynamicImage::ImageRgb8(flat)
}

fn flat_grey(image: &DynamicImage) -> DynamicImage {
    if !image.color().has_alpha() {
        return DynamicImage::ImageLuma8(image.to_luma8());
    }
    let grey = image.to_luma_alpha8();
    let flat = image::GrayImage::from_fn(grey.width(), grey.height(), |x, y| {
        let [value, alpha] = grey.get_pixel(x, y).0;
        image::Luma([over_white(value, alpha)])
    });
    DynamicImage::ImageLuma8(flat)
}

impl Picture {
    /// Size in pixels as shown, after the orientation.
    pub(crate) fn shown(&self) -> (u32, u32) {
        if self.orientation >= 5 { (self.height, self.width) } else { (self.width, self.height) }
    }

    /// Dots per inch along the shown axes.
    pub(crate) fn shown_dpi(&self) -> Option<(f32, f32)> {
        self.dpi.map(|(x, y)| if self.orientation >= 5 { (y, x) } else { (x, y) })
    }

    /// The matrix that puts the unit square of the stored picture upright into `(x, y, w, h)`, y upwards (EXIF 2.3, 4.6.4 A).
    pub(crate) fn matrix(&self, (x, y, w, h): (f32, f32, f32, f32)) -> [f32; 6] {
        match self.orientation {
            2 => [-w, 0.0, 0.0, h, x + w, y],
            3 => [-w, 0.0, 0.0, -h, x + w, y + h],
            4 => [w, 0.0, 0.0, -h, x, y + h],
            5 => [0.0, -h, -w, 0.0, x + w, y + h],
            6 => [0.0, -h, w, 0.0, x, y + h],
            7 => [0.0, h, w, 0.0, x, y],
            8 => [0.0, h, -w, 0.0, x + w, y],
            _ => [w, 0.0, 0.0, h, x, y],
        }
    }

    /// Decodes the whole picture, stored orientation. Fails when the data are damaged.
    pub(crate) fn pixels(&self) -> Result<DynamicImage, Unusable> {
        match &self.coded {
            Coded::Jpeg { data, .. } => decode(data, ImageFormat::Jpeg),
            Coded::Png { .. } => decode(&self.as_png()?, ImageFormat::Png),
            Coded::Bits { packed } => Ok(unpack(self.width, self.height, packed)),
        }
    }

    /// A PNG file around the chunks.
    fn as_png(&self) -> Result<Vec<u8>, Unusable> {
        let Coded::Png { data, colours, bits, palette } = &self.coded else { return Err(broken("not a PNG")) };
        let colour = match (palette, colours) {
            (Some(_), _) => 3,
            (None, 3) => 2,
            _ => 0,
        };
        let mut header = Vec::with_capacity(13);
        header.extend(self.width.to_be_bytes());
        header.extend(self.height.to_be_bytes());
        header.extend([*bits, colour, 0, 0, 0]);
        let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
        chunk(&mut out, b"IHDR", &header)?;
        if let Some(palette) = palette {
            chunk(&mut out, b"PLTE", palette)?;
        }
        chunk(&mut out, b"IDAT", data)?;
        chunk(&mut out, b"IEND", &[])?;
        Ok(out)
    }
}

fn chunk(out: &mut Vec<u8>, name: &[u8; 4], body: &[u8]) -> Result<(), Unusable> {
    let length = u32::try_from(body.len()).map_err(|_| Unusable::TooLarge)?;
    let mut sum = flate2::Crc::new();
    sum.update(name);
    sum.update(body);
    out.extend(length.to_be_bytes());
    out.extend(name);
    out.extend(body);
    out.extend(sum.sum().to_be_bytes());
    Ok(())
}

/// Packed bits, 0 is black, to a grey image.
pub(crate) fn unpack(width: u32, height: u32, packed: &[u8]) -> DynamicImage {
    let stride = width.div_ceil(8) as usize;
    let mut grey = image::GrayImage::from_pixel(width, height, image::Luma([255]));
    for (row, pixels) in packed.chunks(stride.max(1)).zip(grey.rows_mut()) {
        for (x, pixel) in pixels.enumerate() {
            let dark = row.get(x / 8).is_some_and(|byte| byte & (0x80 >> (x % 8)) == 0);
            if dark {
                *pixel = image::Luma([0]);
            }
        }
    }
    DynamicImage::ImageLuma8(grey)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A photograph that was turned into a PNG is as upright as it was.
    #[test]
    fn a_png_says_how_it_is_held() {
        let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
        chunk(&mut file, b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 2, 8, 0, 0, 0, 0]).expect("a chunk");
        let turned = [&b"MM\0*\0\0\0\x08\0\x01"[..], &[0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0], &[0; 4]].concat();
        chunk(&mut file, b"eXIf", &turned).expect("a chunk");
        chunk(&mut file, b"IDAT", &crate::write::deflate(&[0, 7, 0, 9])).expect("a chunk");
        chunk(&mut file, b"IEND", &[]).expect("a chunk");
        let picture = png(&file).expect("a picture");
        assert_eq!((picture.orientation, picture.shown()), (6, (2, 1)));
        assert!(picture.pixels().is_ok());
    }
}
