//! TIFF files as pictures, page by page: fax codings, LZW, Deflate, PackBits, JPEG, none; grey, colour, palettes, in strips, tiles or planes.
//!
//! Does not know Lab, floating point, the JPEG of TIFF's first years, Zstandard or planes in tiles: such pages are refused with a sentence that
//! does not call them damaged. Small
//! pictures of other pages and their masks are no pages.

use std::io::Cursor;

use image::DynamicImage;
use tiff::decoder::ifd::Value;
use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::tags::Tag;
use tiff::{ColorType, TiffError};

use crate::fax_in::{self, Coding, Page};
use crate::icc;
use crate::picture::{Coded, MAX_PIXELS, Picture, flattened};
use crate::{MAX_PAGES, Unusable};

/// How a Group 3 page is coded (TIFF 6.0, section 11).
const T4_OPTIONS: u16 = 292;
/// What a page is beside others (TIFF 6.0, section 8): bit 0 a smaller picture of another one, bit 2 its mask.
const NO_PAGE: u32 = 0b101;
/// The photometric interpretation of samples that are places in a table.
const PALETTE: u32 = 3;
/// The planar configuration in which each colour is a picture of its own.
const SEPARATE: u32 = 2;

/// The most that one file's pages may take to decode, in pixels of two tones: 300 pages A4 at 300 dpi have 2,610 million. Every page is decoded
/// once when the file arrives and once when the copy is made, each within the 29 seconds of a function (template.yaml). Measured in the development
/// profile on a shared core: those 300 pages in Group 4 take 3 s to look at and 8 s to compose.
const MAX_WORK: u64 = 2_700_000_000;
/// So many pixels of two tones take as long as one of colour, which is inflated, put together and deflated again: 0.3 microseconds in the
/// development profile, where the decoder is not optimised (70 million pixels, a file of 100 MB without loss: 20 s). 150 million pass: the largest
/// single page, or 38 pages A4 at 200 dpi. Colour in a PDF or JPEG is taken over as it is and does not count.
const COLOUR: u64 = 18;

type Reader<'a> = Decoder<Cursor<&'a [u8]>>;

fn broken(why: impl std::fmt::Display) -> Unusable {
    Unusable::ImageBroken(why.to_string().chars().take(160).collect())
}

fn unread(why: impl std::fmt::Display) -> Unusable {
    Unusable::ImageCoding(why.to_string().chars().take(160).collect())
}

/// What the decoder says: damaged, too much for its limits, or unknown to it.
fn refused(error: TiffError) -> Unusable {
    match error {
        TiffError::LimitsExceeded | TiffError::IntSizeError => Unusable::TooLarge,
        TiffError::UnsupportedError(error) => unread(error),
        other => broken(other),
    }
}

/// Gives every page to `each`, one at a time. Of pages that are not `wanted`, by their number and by how many there are, only the size is read:
/// their pictures are empty.
pub(crate) fn pictures(
    bytes: &[u8],
    wanted: &dyn Fn(u32, u32) -> bool,
    each: &mut dyn FnMut(Picture) -> Result<(), Unusable>,
) -> Result<(), Unusable> {
    let mut work = 0_u64;
    let mut count = 0;
    pages(bytes, &mut |_, reader| {
        let (width, height) = reader.dimensions().map_err(refused)?;
        let pixels = u64::from(width).saturating_mul(u64::from(height));
        work = work.saturating_add(pixels.saturating_mul(if is_bilevel(reader) { 1 } else { COLOUR }));
        count += 1;
        if work > MAX_WORK { Err(Unusable::TooLarge) } else { Ok(()) }
    })?;
    pages(bytes, &mut |page, reader| each(picture(bytes, reader, wanted(page, count))?))
}

fn is_bilevel(reader: &mut Reader<'_>) -> bool {
    let samples = tag(reader, Tag::SamplesPerPixel).unwrap_or(1);
    samples == 1 && reader.get_tag_u16_vec(Tag::BitsPerSample).map_or(true, |bits| bits == [1])
}

/// Goes through the directories and shows those of pages, with their number from 1.
fn pages(bytes: &[u8], each: &mut dyn FnMut(u32, &mut Reader<'_>) -> Result<(), Unusable>) -> Result<(), Unusable> {
    let mut reader = Decoder::new(Cursor::new(bytes)).map_err(refused)?.with_limits(limits());
    let mut found = 0_u32;
    // Of a picture of pictures only the directories are looked at, so that what is no page cannot be there without end.
    for _ in 0..2 * MAX_PAGES {
        if tag(&mut reader, Tag::NewSubfileType).unwrap_or(0) & NO_PAGE == 0 {
            found += 1;
            if found > MAX_PAGES {
                return Err(Unusable::TooManyPages { found, limit: MAX_PAGES });
            }
            each(found, &mut reader)?;
        }
        if !reader.more_images() {
            return if found == 0 { Err(broken("no page")) } else { Ok(()) };
        }
        reader.next_image().map_err(refused)?;
    }
    Err(broken("too many directories"))
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.decoding_buffer_size = 512 << 20;
    limits.ifd_value_size = 1 << 20;
    limits.intermediate_buffer_size = 128 << 20;
    limits
}

fn tag(reader: &mut Reader<'_>, tag: Tag) -> Option<u32> {
    reader.find_tag_unsigned(tag).ok().flatten()
}

fn picture(bytes: &[u8], reader: &mut Reader<'_>, wanted: bool) -> Result<Picture, Unusable> {
    let (width, height) = reader.dimensions().map_err(refused)?;
    if width == 0 || height == 0 {
        return Err(broken("no pixels"));
    }
    if width > 30_000 || height > 30_000 || u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(Unusable::TooLarge);
    }
    tiled(reader)?;
    let orientation = tag(reader, Tag::Orientation).and_then(|n| u8::try_from(n).ok()).unwrap_or(1);
    let dpi = resolution(reader);
    let coded = match tag(reader, Tag::Compression).unwrap_or(1) {
        _ if !wanted => Coded::Bits { packed: Vec::new() },
        method @ 2..=4 => Coded::Bits { packed: fax_page(bytes, reader, method, (width, height))? },
        _ if tag(reader, Tag::PhotometricInterpretation) == Some(PALETTE) => indexed(bytes, reader, (width, height))?,
        _ => decoded(reader, (width, height))?,
    };
    let icc = profile(reader, &coded);
    let orientation = if (1..=8).contains(&orientation) { orientation } else { 1 };
    Ok(Picture { width, height, orientation, dpi, coded, icc })
}

/// Tiles (TIFF 6.0, section 15) that the decoders here do not put together: of fax codings, and of separate planes, over which the decoder
/// stumbles (an assertion of tiff 0.11.3).
fn tiled(reader: &mut Reader<'_>) -> Result<(), Unusable> {
    let tiles = [Tag::TileWidth, Tag::TileLength, Tag::TileOffsets].into_iter();
    if !tiles.into_iter().any(|one| reader.find_tag(one).ok().flatten().is_some()) {
        return Ok(());
    }
    if matches!(tag(reader, Tag::Compression), Some(2..=4)) {
        return Err(unread("a fax coding in tiles"));
    }
    let apart = tag(reader, Tag::PlanarConfiguration) == Some(SEPARATE);
    if apart && tag(reader, Tag::SamplesPerPixel).unwrap_or(1) > 1 {
        Err(unread("separate planes in tiles"))
    } else {
        Ok(())
    }
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
    let coding = match (method, tag(reader, Tag::Unknown(T4_OPTIONS)).unwrap_or(0) & 1) {
        (2, _) => Coding::Runs,
        (4, _) => Coding::Group4,
        (_, 0) => Coding::OneDimensional,
        _ => Coding::TwoDimensional,
    };
    let offsets = reader.get_tag_u64_vec(Tag::StripOffsets).map_err(refused)?;
    let lengths = reader.get_tag_u64_vec(Tag::StripByteCounts).map_err(refused)?;
    let rows = tag(reader, Tag::RowsPerStrip).unwrap_or(size.1).clamp(1, size.1);
    let reversed = tag(reader, Tag::FillOrder) == Some(2);
    let mut packed = Vec::new();
    let mut left = size.1;
    for (offset, length) in offsets.iter().zip(&lengths) {
        let start = usize::try_from(*offset).map_err(broken)?;
        let end =
            usize::try_from(*length).ok().and_then(|length| start.checked_add(length)).ok_or(Unusable::TooLarge)?;
        let data = bytes.get(start..end).ok_or_else(|| broken("a strip outside the file"))?;
        let input = data.iter().map(|byte| if reversed { byte.reverse_bits() } else { *byte });
        let count = rows.min(left);
        let page = Page { coding, width: size.0, rows: count as usize, aligned: false };
        packed.extend(fax_in::packed(input, page).ok_or_else(|| broken("damaged fax data"))?);
        left -= count;
    }
    if left > 0 {
        return Err(broken("missing strips"));
    }
    // PhotometricInterpretation 0: white is zero, the usual sense of fax data; 1 turns it round.
    if tag(reader, Tag::PhotometricInterpretation) == Some(1) {
        packed.iter_mut().for_each(|byte| *byte = !*byte);
    }
    Ok(packed)
}

/// Whether the first pixel of an octet is its lowest bit (TIFF 6.0, section 8, FillOrder), where that can be told: the decoder knows nothing of
/// it, and in packed data it means something else to everybody.
fn reversed(reader: &mut Reader<'_>) -> Result<bool, Unusable> {
    if tag(reader, Tag::FillOrder) != Some(2) {
        return Ok(false);
    }
    let plain = tag(reader, Tag::Compression).unwrap_or(1) == 1;
    let few = tag(reader, Tag::BitsPerSample).unwrap_or(1) == 1;
    if plain && few { Ok(true) } else { Err(unread("octets that are filled from below")) }
}

/// The samples of a page, one after another, 8 bits each unless they are fewer and packed.
fn samples(reader: &mut Reader<'_>) -> Result<Vec<u8>, Unusable> {
    let mut read = DecodingResult::U8(Vec::new());
    let layout = reader.read_image_to_buffer(&mut read).map_err(refused)?;
    let (bytes, wide) = match read {
        DecodingResult::U8(data) => (data, 1),
        DecodingResult::U16(data) => (data.into_iter().map(|value| (value >> 8) as u8).collect(), 2),
        _ => return Err(unread("samples of an unusual kind")),
    };
    let plane = layout.plane_stride.map_or(bytes.len(), |stride| stride.get() / wide);
    if layout.planes <= 1 || bytes.len() != plane.saturating_mul(layout.planes) {
        return if layout.planes <= 1 { Ok(bytes) } else { Err(Unusable::TooLarge) };
    }
    let planes: Vec<&[u8]> = bytes.chunks(plane.max(1)).collect();
    Ok((0..plane).flat_map(|at| planes.iter().filter_map(move |plane| plane.get(at).copied())).collect())
}

/// What the samples beyond a colour are (TIFF 6.0, section 18).
#[derive(Clone, Copy, Eq, PartialEq)]
enum Extra {
    /// Nothing that is known, or nothing is said: not looked at, so that nothing disappears.
    Unknown,
    /// How much of a colour covers what is behind, which is in the colour already.
    Associated,
    /// The same, and not in the colour.
    Alpha,
}

fn extra(reader: &mut Reader<'_>) -> Extra {
    match reader.get_tag_u16_vec(Tag::ExtraSamples).ok().as_deref() {
        Some([1, ..]) => Extra::Associated,
        Some([2, ..]) => Extra::Alpha,
        _ => Extra::Unknown,
    }
}

/// Colours on white, where the samples behind them are not what an ordinary picture has.
fn on_white(data: &[u8], samples: usize, extra: Extra) -> Vec<u8> {
    let pixel = |pixel: &[u8]| {
        let (colours, behind) = pixel.split_at(samples.saturating_sub(1).min(pixel.len()));
        let light = match extra {
            Extra::Associated => 255 - behind.first().copied().unwrap_or(255),
            _ => 0,
        };
        colours.iter().map(|colour| colour.saturating_add(light)).collect::<Vec<u8>>()
    };
    data.chunks_exact(samples).flat_map(pixel).collect()
}

fn decoded(reader: &mut Reader<'_>, size: (u32, u32)) -> Result<Coded, Unusable> {
    let colour = reader.colortype().map_err(refused)?;
    let extra = extra(reader);
    let reversed = reversed(reader)?;
    let mut data = samples(reader)?;
    if reversed {
        data.iter_mut().for_each(|byte| *byte = byte.reverse_bits());
    }
    match colour {
        ColorType::Gray(1) => Ok(Coded::Bits { packed: data }),
        ColorType::Gray(bits @ (2 | 4)) => grey(size, spread(&data, size, bits, 255 / ((1 << bits) - 1))),
        ColorType::Gray(8 | 16) => grey(size, data),
        ColorType::GrayA(8 | 16) if extra != Extra::Alpha => grey(size, on_white(&data, 2, extra)),
        ColorType::RGBA(8 | 16) if extra != Extra::Alpha => rgb(size, on_white(&data, 4, extra)),
        ColorType::GrayA(8 | 16) => with(size, data, |size, data| {
            image::GrayAlphaImage::from_raw(size.0, size.1, data).map(DynamicImage::ImageLumaA8)
        }),
        ColorType::RGB(8 | 16) => rgb(size, data),
        ColorType::RGBA(8 | 16) => with(size, data, |size, data| {
            image::RgbaImage::from_raw(size.0, size.1, data).map(DynamicImage::ImageRgba8)
        }),
        ColorType::YCbCr(8) => rgb(size, data.chunks_exact(3).flat_map(ycbcr).collect()),
        ColorType::CMYK(8 | 16) => rgb(size, data.chunks_exact(4).flat_map(cmyk).collect()),
        other => Err(unread(format!("{other:?}"))),
    }
}

/// A page whose samples are places in a table of colours (TIFF 6.0, section 5). The decoder knows no tables, so it is told that they are
/// grey: of a copy of the file, with this one word changed.
fn indexed(bytes: &[u8], reader: &mut Reader<'_>, size: (u32, u32)) -> Result<Coded, Unusable> {
    let bits = tag(reader, Tag::BitsPerSample).and_then(|bits| u8::try_from(bits).ok()).unwrap_or(1);
    let table = reader.get_tag_u16_vec(Tag::ColorMap).map_err(refused)?;
    let colours = table.len() / 3;
    if !matches!(bits, 1 | 2 | 4 | 8) || colours != 1 << bits {
        return Err(broken("palette"));
    }
    let at =
        reader.ifd_pointer().and_then(|pointer| usize::try_from(pointer.0).ok()).ok_or_else(|| broken("palette"))?;
    let grey = as_grey(bytes, at).ok_or_else(|| broken("palette"))?;
    let mut copy = Decoder::new(Cursor::new(grey.as_slice())).map_err(refused)?.with_limits(limits());
    while copy.ifd_pointer() != reader.ifd_pointer() {
        copy.next_image().map_err(refused)?;
    }
    let mut data = samples(&mut copy)?;
    if reversed(reader)? {
        data.iter_mut().for_each(|byte| *byte = byte.reverse_bits());
    }
    let data = if bits == 8 { data } else { spread(&data, size, bits, 1) };
    let colour = |place: &u8| {
        let part =
            |channel: usize| table.get(channel * colours + usize::from(*place)).map_or(0, |value| (value >> 8) as u8);
        [part(0), part(1), part(2)]
    };
    rgb(size, data.iter().flat_map(colour).collect())
}

/// The file with PhotometricInterpretation 1 in the directory at `at`.
fn as_grey(bytes: &[u8], at: usize) -> Option<Vec<u8>> {
    let little = bytes.first()? == &b'I';
    let number = |at: usize, length: usize| {
        let raw = bytes.get(at..at.checked_add(length)?)?;
        let digits: Vec<u8> = if little { raw.iter().rev().copied().collect() } else { raw.to_vec() };
        Some(digits.iter().fold(0_u64, |all, byte| all << 8 | u64::from(*byte)))
    };
    // BigTIFF counts with eight bytes and has entries of twenty.
    let (counted, entry, value) = if number(2, 2)? == 43 { (8, 20, 12) } else { (2, 12, 8) };
    let count = usize::try_from(number(at, counted)?).ok()?.min(4096);
    let first = at.checked_add(counted)?;
    let entries = (0..count).map(|index| first + index * entry);
    let found =
        entries.into_iter().find(|at| number(*at, 2) == Some(u64::from(Tag::PhotometricInterpretation.to_u16())))?;
    let mut copy = bytes.to_vec();
    let word = if little { [1, 0] } else { [0, 1] };
    copy.get_mut(found + value..found + value + 2)?.copy_from_slice(&word);
    Some(copy)
}

/// The ICC profile of a page, if it is one for what became of its samples.
fn profile(reader: &mut Reader<'_>, coded: &Coded) -> Option<Vec<u8>> {
    let components = match coded {
        Coded::Png { colours, palette: None, .. } => *colours,
        _ => return None,
    };
    // CMYK became RGB, whatever its profile said.
    icc::usable(reader.get_tag_u8_vec(Tag::IccProfile).ok()?, components)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture in one strip; of each entry its tag and its numbers of 16 bits.
    fn tiff(size: (u16, u16), entries: &[(u16, &[u16])], data: &[u8]) -> Vec<u8> {
        let mut all: Vec<(u16, &[u16])> = entries.to_vec();
        let (width, height, strip, length) = ([size.0], [size.1], [8_u16], [u16::try_from(data.len()).expect("small")]);
        all.extend([(256, &width[..]), (257, &height), (273, &strip), (278, &height), (279, &length)]);
        all.sort_unstable();
        let directory = 8 + data.len().next_multiple_of(2);
        let mut behind = directory + 2 + 12 * all.len() + 4;
        let mut out = b"II*\0".to_vec();
        out.extend(u32::try_from(directory).expect("small").to_le_bytes());
        out.extend(data);
        out.resize(directory, 0);
        out.extend(u16::try_from(all.len()).expect("few").to_le_bytes());
        let mut rest = Vec::new();
        for (tag, numbers) in &all {
            out.extend(tag.to_le_bytes());
            out.extend(3_u16.to_le_bytes());
            out.extend(u32::try_from(numbers.len()).expect("few").to_le_bytes());
            let raw: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
            if raw.len() <= 4 {
                out.extend(&raw);
                out.resize(out.len() + 4 - raw.len(), 0);
            } else {
                out.extend(u32::try_from(behind).expect("small").to_le_bytes());
                behind += raw.len();
                rest.extend(raw);
            }
        }
        out.extend([0; 4]);
        out.extend(rest);
        out
    }

    fn read(file: &[u8]) -> Result<Vec<[u8; 3]>, Unusable> {
        let mut pixels = Vec::new();
        pictures(file, &|_, _| true, &mut |picture| {
            pixels.extend(picture.pixels()?.to_rgb8().pixels().map(|pixel| pixel.0));
            Ok(())
        })?;
        Ok(pixels)
    }

    /// Octets that are filled from below are turned round where nothing is packed, and refused where nobody can say what that means.
    #[test]
    fn octets_are_filled_from_either_end() {
        let bits = |order: u16, method: u16, data: &[u8]| {
            read(&tiff((8, 1), &[(258, &[1]), (259, &[method]), (262, &[1]), (266, &[order]), (277, &[1])], data))
        };
        let plain = bits(1, 1, &[0b1100_0001]).expect("a picture");
        assert_eq!(
            plain.iter().map(|pixel| pixel[0] > 0).collect::<Vec<_>>(),
            [1, 1, 0, 0, 0, 0, 0, 1].map(|bit| bit == 1)
        );
        assert_eq!(bits(2, 1, &[0b1000_0011]).expect("a picture"), plain);
        assert!(matches!(bits(2, 32773, &[0, 0b1000_0011]), Err(Unusable::ImageCoding(_))));
    }

    /// What is sound but not read is not called damaged, and what the decoder may not read for its size is called large.
    #[test]
    fn refusals_say_what_is_wrong() {
        let grey = |bits: u16, samples: u16, method: u16| {
            let (bits, entries) = (vec![bits; usize::from(samples)], [method, 1, samples]);
            let [method, photometric, samples] = entries.each_ref().map(std::slice::from_ref);
            read(&tiff((2, 1), &[(258, &bits), (259, method), (262, photometric), (277, samples)], &[0; 8]))
        };
        assert!(grey(8, 1, 1).is_ok());
        for unread in [grey(12, 1, 1), grey(8, 2, 1), grey(8, 1, 50000)] {
            let sentence = unread.expect_err("not read");
            assert!(matches!(sentence, Unusable::ImageCoding(_)), "{sentence}");
            assert!(!sentence.vi().contains("hỏng") && !sentence.en().contains("damaged"), "{sentence}");
        }
        assert_eq!(refused(TiffError::LimitsExceeded), Unusable::TooLarge);
    }

    /// A colour that was mixed with its opacity already is laid on white as it is; a sample of which nothing is said hides nothing.
    #[test]
    fn a_fourth_sample_hides_nothing_that_it_should_not() {
        let four = |extra: Option<&[u16]>, pixel: [u8; 4]| {
            let mut entries: Vec<(u16, &[u16])> =
                vec![(258, &[8, 8, 8, 8]), (259, &[1]), (262, &[2]), (277, &[4]), (284, &[1])];
            entries.extend(extra.map(|extra| (338, extra)));
            read(&tiff((1, 1), &entries, &pixel)).expect("a picture")[0]
        };
        let near = |one: [u8; 3], other: [u8; 3]| one.iter().zip(other).all(|(a, b)| a.abs_diff(b) <= 1);
        // Half a red, mixed before and not.
        assert!(near(four(Some(&[1]), [128, 0, 0, 128]), [255, 127, 127]));
        assert!(near(four(Some(&[2]), [255, 0, 0, 128]), [255, 127, 127]));
        assert!(near(four(Some(&[0]), [10, 20, 30, 0]), [10, 20, 30]));
        assert!(near(four(None, [10, 20, 30, 0]), [10, 20, 30]));
    }

    /// A file of so many pages of 150 million pixels, of which it has none.
    fn hollow(pages: usize, bits: u16) -> Vec<u8> {
        let mut file = tiff((30_000, 5_000), &[(258, &[bits]), (259, &[1]), (262, &[1]), (277, &[1])], &[0; 8]);
        let start = 16;
        let directory = file[start..file.len() - 4].to_vec();
        for _ in 1..pages {
            let next = u32::try_from(file.len()).expect("small").to_le_bytes();
            let end = file.len() - 4;
            file[end..].copy_from_slice(&next);
            file.extend(&directory);
            file.extend([0; 4]);
        }
        file
    }

    /// What nobody can decode in time is refused before it is tried; what nobody asked for is not decoded.
    #[test]
    fn pages_have_so_many_pixels_together() {
        let walk = |pages: usize, bits: u16| {
            let mut seen = 0;
            pictures(&hollow(pages, bits), &|_, _| false, &mut |_| {
                seen += 1;
                Ok(())
            })
            .map(|()| seen)
        };
        assert_eq!((walk(18, 1), walk(1, 8)), (Ok(18), Ok(1)));
        assert_eq!((walk(19, 1), walk(2, 8)), (Err(Unusable::TooLarge), Err(Unusable::TooLarge)));
        let last = pictures(&hollow(3, 1), &|page, pages| page == pages, &mut |_| Ok(()));
        assert!(matches!(last, Err(Unusable::ImageBroken(_))), "the last one is decoded: {last:?}");
    }
}
