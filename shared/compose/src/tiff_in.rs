//! TIFF files as pictures, page by page: bilevel CCITT (Group 3 one-dimensional, Group 4), LZW, Deflate, PackBits, JPEG, none.
//!
//! Does not know Group 3 two-dimensional, palettes, Lab, floating point or planar colour: such pages are refused as `image-broken`.

use std::io::Cursor;

use image::DynamicImage;
use tiff::ColorType;
use tiff::decoder::ifd::Value;
use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::tags::Tag;

use crate::picture::{Coded, MAX_PIXELS, Picture, flattened};
use crate::{MAX_PAGES, Unusable};

/// Six end-of-line codes: the decoder wants them after the last line, a TIFF strip often leaves them out (ITU-T T.4, 4.1.4).
const RETURN_TO_CONTROL: [u8; 9] = [0x00, 0x10, 0x01, 0x00, 0x10, 0x01, 0x00, 0x10, 0x01];

type Reader<'a> = Decoder<Cursor<&'a [u8]>>;

fn broken(why: impl std::fmt::Display) -> Unusable {
    Unusable::ImageBroken(why.to_string().chars().take(160).collect())
}

/// Gives every page to `each`, one at a time.
pub(crate) fn pictures(bytes: &[u8], each: &mut dyn FnMut(Picture) -> Result<(), Unusable>) -> Result<(), Unusable> {
    let mut limits = Limits::default();
    limits.decoding_buffer_size = 512 << 20;
    limits.ifd_value_size = 1 << 20;
    limits.intermediate_buffer_size = 128 << 20;
    let mut reader = Decoder::new(Cursor::new(bytes)).map_err(broken)?.with_limits(limits);
    let mut found = 0_u32;
    loop {
        found += 1;
        if found > MAX_PAGES {
            return Err(Unusable::TooManyPages { found, limit: MAX_PAGES });
        }
        each(picture(bytes, &mut reader)?)?;
        if !reader.more_images() {
            return Ok(());
        }
        reader.next_image().map_err(broken)?;
    }
}

fn tag(reader: &mut Reader<'_>, tag: Tag) -> Option<u32> {
    reader.find_tag_unsigned(tag).ok().flatten()
}

fn picture(bytes: &[u8], reader: &mut Reader<'_>) -> Result<Picture, Unusable> {
    let (width, height) = reader.dimensions().map_err(broken)?;
    if width == 0 || height == 0 {
        return Err(broken("no pixels"));
    }
    if width > 30_000 || height > 30_000 || u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(Unusable::TooLarge);
    }
    let orientation = tag(reader, Tag::Orientation).and_then(|n| u8::try_from(n).ok()).unwrap_or(1);
    let dpi = resolution(reader);
    let coded = match tag(reader, Tag::Compression).unwrap_or(1) {
        method @ (3 | 4) => Coded::Bits { packed: fax_page(bytes, reader, method, (width, height))? },
        _ => decoded(reader, (width, height))?,
    };
    Ok(Picture { width, height, orientation: if (1..=8).contains(&orientation) { orientation } else { 1 }, dpi, coded })
}

fn resolution(reader: &mut Reader<'_>) -> Option<(f32, f32)> {
    let per_inch = match tag(reader, Tag::ResolutionUnit).unwrap_or(2) {
        2 => 1.0,
        3 => 2.54,
        _ => return None,
    };
    let mut rational = |tag| match reader.find_tag(tag).ok().flatten()? {
        Value::Rational(over, under) if under != 0 => Some(over as f32 / under as f32 * per_inch),
        _ => None,
    };
    Some((rational(Tag::XResolution)?, rational(Tag::YResolution)?))
}

/// The strips of a fax-coded page, decoded to packed bits with 0 as black.
fn fax_page(bytes: &[u8], reader: &mut Reader<'_>, method: u32, size: (u32, u32)) -> Result<Vec<u8>, Unusable> {
    let width = u16::try_from(size.0).map_err(broken)?;
    let two_dimensional = tag(reader, Tag::Unknown(292)).unwrap_or(0) & 1 == 1;
    if method == 3 && two_dimensional {
        return Err(broken("CCITT Group 3 two-dimensional"));
    }
    let offsets = reader.get_tag_u64_vec(Tag::StripOffsets).map_err(broken)?;
    let lengths = reader.get_tag_u64_vec(Tag::StripByteCounts).map_err(broken)?;
    let rows = tag(reader, Tag::RowsPerStrip).unwrap_or(size.1).clamp(1, size.1);
    // PhotometricInterpretation 0: white is zero, the usual sense of fax data; 1 turns it round.
    let inverted = tag(reader, Tag::PhotometricInterpretation) == Some(1);
    let reversed = tag(reader, Tag::FillOrder) == Some(2);
    let mut page = Bits::new(size, inverted);
    for (index, (offset, length)) in offsets.iter().zip(&lengths).enumerate() {
        let start = usize::try_from(*offset).map_err(broken)?;
        let end =
            usize::try_from(*length).ok().and_then(|length| start.checked_add(length)).ok_or(Unusable::TooLarge)?;
        let data = bytes.get(start..end).ok_or_else(|| broken("a strip outside the file"))?;
        let input = data.iter().map(|byte| if reversed { byte.reverse_bits() } else { *byte });
        let first = index.saturating_mul(rows as usize);
        let count = rows.min(size.1.saturating_sub(u32::try_from(first).unwrap_or(u32::MAX)));
        page.strip(method, input, (first, count as usize), width)?;
    }
    Ok(page.packed)
}

/// A bilevel page in the making.
struct Bits {
    packed: Vec<u8>,
    stride: usize,
    inverted: bool,
}

impl Bits {
    fn new((width, height): (u32, u32), inverted: bool) -> Self {
        let stride = width.div_ceil(8) as usize;
        Self { packed: vec![0xFF; stride.saturating_mul(height as usize)], stride, inverted }
    }

    fn strip(
        &mut self,
        method: u32,
        input: impl Iterator<Item = u8>,
        (first, count): (usize, usize),
        width: u16,
    ) -> Result<(), Unusable> {
        let mut done = 0_usize;
        let mut line = |runs: &[u16]| {
            if done < count {
                self.line(first + done, runs, width);
                done += 1;
            }
        };
        let height = u16::try_from(count).map_err(broken)?;
        // Neither coding needs its end mark in a TIFF; what counts is that every line is there.
        let _end = if method == 4 {
            fax::decoder::decode_g4(input, width, Some(height), &mut line)
        } else {
            fax::decoder::decode_g3(input.chain(RETURN_TO_CONTROL), &mut line)
        };
        if done < count { Err(broken("damaged fax data")) } else { Ok(()) }
    }

    fn line(&mut self, row: usize, runs: &[u16], width: u16) {
        let start = row.saturating_mul(self.stride);
        let Some(line) = self.packed.get_mut(start..start.saturating_add(self.stride)) else { return };
        for (x, pel) in fax::decoder::pels(runs, width).enumerate() {
            let dark = (pel == fax::Color::Black) != self.inverted;
            if let (true, Some(byte)) = (dark, line.get_mut(x / 8)) {
                *byte &= !(0x80 >> (x % 8));
            }
        }
    }
}

fn decoded(reader: &mut Reader<'_>, size: (u32, u32)) -> Result<Coded, Unusable> {
    let colour = reader.colortype().map_err(broken)?;
    if tag(reader, Tag::PlanarConfiguration) == Some(2) && !matches!(colour, ColorType::Gray(_)) {
        return Err(broken("planar colour"));
    }
    let data = match reader.read_image().map_err(broken)? {
        DecodingResult::U8(data) => data,
        DecodingResult::U16(data) => data.into_iter().map(|value| (value >> 8) as u8).collect(),
        _ => return Err(broken("samples of an unusual kind")),
    };
    match colour {
        ColorType::Gray(1) => Ok(Coded::Bits { packed: data }),
        ColorType::Gray(bits @ (2 | 4)) => grey(size, spread(&data, size, bits, 255 / ((1 << bits) - 1))),
        ColorType::Gray(8 | 16) => grey(size, data),
        ColorType::GrayA(8 | 16) => with(size, data, |size, data| {
            image::GrayAlphaImage::from_raw(size.0, size.1, data).map(DynamicImage::ImageLumaA8)
        }),
        ColorType::RGB(8 | 16) => rgb(size, data),
        ColorType::RGBA(8 | 16) => with(size, data, |size, data| {
            image::RgbaImage::from_raw(size.0, size.1, data).map(DynamicImage::ImageRgba8)
        }),
        ColorType::YCbCr(8) => rgb(size, data.chunks_exact(3).flat_map(ycbcr).collect()),
        ColorType::CMYK(8 | 16) => rgb(size, data.chunks_exact(4).flat_map(cmyk).collect()),
        other => Err(broken(format!("{other:?}"))),
    }
}

type Build = fn((u32, u32), Vec<u8>) -> Option<DynamicImage>;

fn with(size: (u32, u32), data: Vec<u8>, build: Build) -> Result<Coded, Unusable> {
    flattened(&build(size, data).ok_or_else(|| broken("too few pixels"))?)
}

fn grey(size: (u32, u32), data: Vec<u8>) -> Result<Coded, Unusable> {
    with(size, data, |size, data| image::GrayImage::from_raw(size.0, size.1, data).map(DynamicImage::ImageLuma8))
}

fn rgb(size: (u32, u32), data: Vec<u8>) -> Result<Coded, Unusable> {
    with(size, data, |size, data| image::RgbImage::from_raw(size.0, size.1, data).map(DynamicImage::ImageRgb8))
}

/// Packed samples of 1, 2 or 4 bits to one byte each, times `factor`; rows start on a byte.
fn spread(data: &[u8], (width, height): (u32, u32), bits: u8, factor: u8) -> Vec<u8> {
    let per_byte = usize::from(8 / bits);
    let stride = (width as usize).div_ceil(per_byte);
    let mask = ((1_u16 << bits) - 1) as u8;
    let mut out = Vec::with_capacity((width as usize).saturating_mul(height as usize));
    for row in data.chunks(stride.max(1)).take(height as usize) {
        for x in 0..width as usize {
            let byte = row.get(x / per_byte).copied().unwrap_or(0);
            let shift = 8 - usize::from(bits) * (x % per_byte + 1);
            out.push(((byte >> shift) & mask).saturating_mul(factor));
        }
    }
    out
}

/// JFIF colours to RGB (ITU-T T.871, clause 7).
fn ycbcr(pixel: &[u8]) -> [u8; 3] {
    let &[y, cb, cr] = pixel else { return [0; 3] };
    let (y, cb, cr) = (f32::from(y), f32::from(cb) - 128.0, f32::from(cr) - 128.0);
    let clip = |value: f32| value.round().clamp(0.0, 255.0) as u8;
    [clip(y + 1.402 * cr), clip(y - 0.344_136 * cb - 0.714_136 * cr), clip(y + 1.772 * cb)]
}

fn cmyk(pixel: &[u8]) -> [u8; 3] {
    let &[c, m, y, k] = pixel else { return [0; 3] };
    let part = |ink: u8| u8::try_from((255 - u32::from(ink)) * (255 - u32::from(k)) / 255).unwrap_or(0);
    [part(c), part(m), part(y)]
}
