//! Looks at what a page of a scanned PDF draws: pictures, and whether anything else is visible (recognised text over a scan is not). A page
//! that is one picture can be measured; of one in bands or layers the resolution can be told.
//!
//! Understands DCTDecode, fax codings and plain or deflated samples of 1 or 8 bits, palettes among them; for everything else the answer is
//! "cannot be told". Looks into no form XObject: what is in one counts as something else.

use image::{DynamicImage, GrayImage, ImageFormat, Luma, RgbImage};
use lopdf::content::Operation;
use lopdf::{Dictionary, Document, Object, Stream};

use crate::content;
use crate::fax_in::{self, Coding};
use crate::jpeg;
use crate::pdf_in::{PdfPage, PdfScan};
use crate::picture::{MAX_PIXELS, decode, unpack};

/// The most that a page's content may inflate to for this look.
const MAX_CONTENT: usize = 2 << 20;
const MAX_OPERATIONS: usize = 100_000;
/// The most pictures of a page that are looked at: a scanner's bands and layers are fewer.
const MAX_PICTURES: usize = 256;
/// How much of a picture must lie under a finer one for the finer one's resolution to count; how much of a page a scan takes.
const COVERED: f32 = 0.5;

/// What a page draws.
pub(crate) struct Drawn<'a> {
    pub(crate) pictures: Vec<PageImage<'a>>,
    /// Whether text, lines, shadings or pictures inside the content are visible too, or cannot be ruled out.
    pub(crate) more: bool,
}

/// A picture on a page.
pub(crate) struct PageImage<'a> {
    stream: &'a Stream,
    /// From the unit square to the page's own space.
    matrix: [f32; 6],
    pub(crate) pixels: (u32, u32),
}

/// Follows a page's content. `None`: it cannot be read to its end, or is longer than this look may be.
pub(crate) fn drawn<'a>(scan: &'a PdfScan, page: &'a PdfPage) -> Option<Drawn<'a>> {
    let mut bytes = Vec::new();
    for id in &page.contents {
        let stream = scan.doc.get_object(*id).and_then(Object::as_stream).ok()?;
        bytes.extend(stream.get_plain_content_with_limit(MAX_CONTENT.saturating_sub(bytes.len())).ok()?);
        bytes.push(b'\n');
    }
    let operations = content::operations(&bytes)?;
    if operations.len() > MAX_OPERATIONS {
        return None;
    }
    let Followed { placed, states, hidden, mut more } = followed(&operations)?;
    let resources = page.resources.as_ref().and_then(|one| scan.doc.dereference(one).ok()?.1.as_dict().ok());
    more |= states.iter().any(|name| !resources.is_some_and(|all| is_plain_state(&scan.doc, all, name)));
    more |= hidden && resources.is_some_and(|all| has_drawn_letters(&scan.doc, all));
    if placed.is_empty() {
        return Some(Drawn { pictures: Vec::new(), more });
    }
    let objects = resources?.get_deref(b"XObject", &scan.doc).ok()?.as_dict().ok()?;
    let mut pictures = Vec::new();
    for (name, matrix) in placed {
        match objects.get_deref(&name, &scan.doc).and_then(Object::as_stream).ok().and_then(|one| picture(scan, one)) {
            Some((stream, pixels)) => pictures.push(PageImage { stream, matrix, pixels }),
            None => more = true,
        }
    }
    Some(Drawn { pictures, more })
}

impl<'a> Drawn<'a> {
    /// The page's only picture, if everything visible on the page is that picture.
    pub(crate) fn only(mut self) -> Option<PageImage<'a>> {
        (self.pictures.len() == 1 && !self.more).then(|| self.pictures.pop())?
    }

    /// The lowest resolution at which the page's pictures are shown; where one lies over another, the finer one's counts. Beside text or
    /// lines a picture is a figure, and only one of half the page is a scan.
    pub(crate) fn dpi(&self, page: &PdfPage) -> Option<f32> {
        let (wide, high) = page.shown();
        let scanned = |area: &[f32; 4]| !self.more || size(area) >= COVERED * wide * high;
        let told = self.pictures.iter().map(|one| (one.dpi(page), one.area(page)));
        let told: Vec<(f32, [f32; 4])> = told.filter(|(_, area)| scanned(area)).collect();
        let finest = |area: &[f32; 4]| {
            let over = told.iter().filter(|(_, other)| overlap(area, other) >= COVERED * size(area));
            over.map(|(dpi, _)| *dpi).fold(0.0, f32::max)
        };
        told.iter().map(|(_, area)| finest(area)).reduce(f32::min)
    }
}

fn size([left, bottom, right, top]: &[f32; 4]) -> f32 {
    (right - left).max(0.0) * (top - bottom).max(0.0)
}

fn overlap(one: &[f32; 4], other: &[f32; 4]) -> f32 {
    size(&[one[0].max(other[0]), one[1].max(other[1]), one[2].min(other[2]), one[3].min(other[3])])
}

/// The stream and its size in pixels, if it is a picture of a sane size.
fn picture<'a>(scan: &'a PdfScan, stream: &'a Stream) -> Option<(&'a Stream, (u32, u32))> {
    if stream.dict.get(b"Subtype").and_then(Object::as_name).ok()? != b"Image" {
        return None;
    }
    let side = |key: &[u8]| u32::try_from(stream.dict.get_deref(key, &scan.doc).ok()?.as_i64().ok()?).ok();
    let pixels = (side(b"Width")?, side(b"Height")?);
    let sane = pixels.0 > 0 && pixels.1 > 0 && u64::from(pixels.0) * u64::from(pixels.1) <= MAX_PIXELS;
    sane.then_some((stream, pixels))
}

/// Whether a graphics state changes nothing of how a picture looks: opaque, mixed as usual, without a mask (ISO 32000-1, table 58).
fn is_plain_state(doc: &Document, resources: &Dictionary, name: &[u8]) -> bool {
    let state = resources.get_deref(b"ExtGState", doc).and_then(Object::as_dict);
    let Ok(state) = state.and_then(|all| all.get_deref(name, doc)).and_then(Object::as_dict) else { return false };
    state.iter().all(|(key, value)| {
        let value = doc.dereference(value).map_or(value, |(_, value)| value);
        match key.as_slice() {
            b"Type" | b"LW" | b"LC" | b"LJ" | b"ML" | b"D" | b"RI" | b"Font" | b"FL" | b"SM" | b"SA" | b"TK"
            | b"AIS" => true,
            b"CA" | b"ca" => value.as_float().is_ok_and(|alpha| alpha == 1.0),
            b"BM" => value.as_name().is_ok_and(|mode| mode == b"Normal" || mode == b"Compatible"),
            b"SMask" => value.as_name().is_ok_and(|mask| mask == b"None"),
            b"OP" | b"op" => value.as_bool().is_ok_and(|over| !over),
            b"OPM" => true,
            _ => false,
        }
    })
}

/// Whether a typeface's letters are drawings: those are visible in every mode (9.3.6).
fn has_drawn_letters(doc: &Document, resources: &Dictionary) -> bool {
    let fonts = resources.get_deref(b"Font", doc).and_then(Object::as_dict).into_iter().flatten();
    fonts.into_iter().any(|(_, font)| {
        let font = doc.dereference(font).ok().and_then(|(_, font)| font.as_dict().ok());
        font.is_some_and(|font| {
            font.get_deref(b"Subtype", doc).and_then(Object::as_name).is_ok_and(|it| it == b"Type3")
        })
    })
}

type Placed = Vec<(Vec<u8>, [f32; 6])>;

/// What a content does.
#[derive(Default)]
struct Followed {
    /// Names of the XObjects drawn, and where.
    placed: Placed,
    /// Names of the graphics states that it sets.
    states: Vec<Vec<u8>>,
    /// Whether it sets text that is invisible.
    hidden: bool,
    /// Whether anything else is visible.
    more: bool,
}

/// Follows the matrix. `None`: an operator has other operands than its own, and viewers take one or another of them.
fn followed(operations: &[Operation]) -> Option<Followed> {
    const UNIT: [f32; 6] = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0];
    let (mut matrix, mut invisible) = (UNIT, false);
    let mut stack = Vec::new();
    let mut found = Followed::default();
    for operation in operations {
        match operation.operator.as_str() {
            "q" => stack.push((matrix, invisible)),
            // One too many changes nothing.
            "Q" => (matrix, invisible) = stack.pop().unwrap_or((matrix, invisible)),
            "cm" => matrix = multiply(six(&operation.operands)?, matrix),
            "Tr" => invisible = only(&operation.operands)?.as_i64().ok()? == 3,
            "Tj" | "TJ" | "'" | "\"" if invisible => found.hidden = true,
            "Tj" | "TJ" | "'" | "\"" => found.more = true,
            "gs" => found.states.push(only(&operation.operands)?.as_name().ok()?.to_vec()),
            "Do" => {
                if found.placed.len() >= MAX_PICTURES {
                    return None;
                }
                found.placed.push((only(&operation.operands)?.as_name().ok()?.to_vec(), matrix));
            }
            "f" | "F" | "f*" | "B" | "B*" | "b" | "b*" | "S" | "s" | "sh" | "BI" | "ID" | "EI" => {
                found.more = true;
            }
            _ => {}
        }
    }
    Some(found)
}

fn only(operands: &[Object]) -> Option<&Object> {
    if let [only] = operands { Some(only) } else { None }
}

fn six(operands: &[Object]) -> Option<[f32; 6]> {
    let numbers: Option<Vec<f32>> = operands.iter().map(|operand| operand.as_float().ok()).collect();
    numbers?.try_into().ok()
}

/// First `first`, then `second`, both as row vectors (ISO 32000-1, 8.3.4).
pub(crate) fn multiply(first: [f32; 6], second: [f32; 6]) -> [f32; 6] {
    let [a, b, c, d, e, f] = first;
    let [g, h, i, j, k, l] = second;
    [a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + l]
}

impl PageImage<'_> {
    /// From the unit square of the picture to the shown page.
    pub(crate) fn on_page(&self, page: &PdfPage) -> [f32; 6] {
        multiply(self.matrix, page.matrix())
    }

    /// The lower of the two resolutions at which the picture is shown, dots per inch.
    pub(crate) fn dpi(&self, page: &PdfPage) -> f32 {
        let [a, b, c, d, _, _] = self.on_page(page);
        let across = self.pixels.0 as f32 * 72.0 / a.hypot(b).max(0.1);
        let down = self.pixels.1 as f32 * 72.0 / c.hypot(d).max(0.1);
        across.min(down)
    }

    /// The box around the picture on the shown page: left, bottom, right, top.
    fn area(&self, page: &PdfPage) -> [f32; 4] {
        let [a, b, c, d, e, f] = self.on_page(page);
        let range =
            |at: f32, one: f32, other: f32| (at + one.min(0.0) + other.min(0.0), at + one.max(0.0) + other.max(0.0));
        let ((left, right), (bottom, top)) = (range(e, a, c), range(f, b, d));
        [left, bottom, right, top]
    }

    /// How many pixels it has.
    pub(crate) fn count(&self) -> u64 {
        u64::from(self.pixels.0) * u64::from(self.pixels.1)
    }

    /// The decoded picture.
    pub(crate) fn decoded(&self, doc: &Document) -> Option<DynamicImage> {
        let dict = &self.stream.dict;
        if dict.has(b"SMask") || dict.has(b"Mask") || dict.has(b"ImageMask") {
            return None;
        }
        let image = match self.stream.filters().unwrap_or_default().as_slice() {
            [b"DCTDecode"] => self.jpeg(doc).filter(|_| !dict.has(b"Decode"))?,
            [b"CCITTFaxDecode"] => self.turned_round(doc, self.fax(doc)?)?,
            [] | [b"FlateDecode"] => self.turned_round(doc, self.samples(doc)?)?,
            _ => return None,
        };
        ((image.width(), image.height()) == self.pixels).then_some(image)
    }

    /// A JPEG whose components are what the picture says they are: of other inks a high value is dark.
    fn jpeg(&self, doc: &Document) -> Option<DynamicImage> {
        let space = space(doc, self.stream.dict.get_deref(b"ColorSpace", doc).ok()?)?;
        let components = jpeg::read(&self.stream.content)?.components;
        let same = matches!(space, Space::Plain(wanted) if wanted == usize::from(components));
        same.then(|| decode(&self.stream.content, ImageFormat::Jpeg).ok())?
    }

    /// Light for dark where `/Decode` says so for every component (ISO 32000-1, 8.9.5.2); any other is not followed.
    fn turned_round(&self, doc: &Document, mut image: DynamicImage) -> Option<DynamicImage> {
        let Ok(decode) = self.stream.dict.get_deref(b"Decode", doc) else { return Some(image) };
        let numbers: Vec<f32> = decode.as_array().ok()?.iter().filter_map(|one| one.as_float().ok()).collect();
        let all = |pair: [f32; 2]| !numbers.is_empty() && numbers.chunks(2).all(|one| one == pair);
        if all([1.0, 0.0]) {
            image.invert();
            return Some(image);
        }
        all([0.0, 1.0]).then_some(image)
    }

    /// The page of a fax coding (ISO 32000-1, table 11); its words of 0 and 1 are what the stencil or the grey says.
    fn fax(&self, doc: &Document) -> Option<DynamicImage> {
        let none = Dictionary::new();
        let given = self.stream.dict.get_deref(b"DecodeParms", doc).ok().and_then(|parms| match parms {
            Object::Array(all) => doc.dereference(all.first()?).ok()?.1.as_dict().ok(),
            one => one.as_dict().ok(),
        });
        let parms = given.unwrap_or(&none);
        let number =
            |key: &[u8], otherwise: i64| parms.get_deref(key, doc).and_then(Object::as_i64).unwrap_or(otherwise);
        let truth = |key: &[u8]| parms.get_deref(key, doc).and_then(Object::as_bool).unwrap_or(false);
        if number(b"Columns", 1728) != i64::from(self.pixels.0) || self.grey_bits(doc)? != 1 {
            return None;
        }
        let coding = match number(b"K", 0) {
            0 => Coding::OneDimensional,
            ..0 => Coding::Group4,
            _ => Coding::TwoDimensional,
        };
        let rows = usize::try_from(self.pixels.1).ok()?;
        let page = fax_in::Page { coding, width: self.pixels.0, rows, aligned: truth(b"EncodedByteAlign") };
        let mut packed = fax_in::packed(self.stream.content.iter().copied(), page)?;
        if truth(b"BlackIs1") {
            packed.iter_mut().for_each(|byte| *byte = !*byte);
        }
        Some(unpack(self.pixels.0, self.pixels.1, &packed))
    }

    /// Bits per sample of a grey picture.
    fn grey_bits(&self, doc: &Document) -> Option<i64> {
        let dict = &self.stream.dict;
        let grey = matches!(space(doc, dict.get_deref(b"ColorSpace", doc).ok()?)?, Space::Plain(1));
        grey.then(|| dict.get_deref(b"BitsPerComponent", doc).ok()?.as_i64().ok())?
    }

    fn samples(&self, doc: &Document) -> Option<DynamicImage> {
        let dict = &self.stream.dict;
        let bits = dict.get_deref(b"BitsPerComponent", doc).ok()?.as_i64().ok()?;
        let space = space(doc, dict.get_deref(b"ColorSpace", doc).ok()?)?;
        let (wide, high) = self.pixels;
        let row = (wide as usize).checked_mul(space.components())?;
        let stride = if bits == 1 { row.div_ceil(8) } else { row };
        let whole = stride.checked_mul(high as usize)?;
        let data = self.stream.get_plain_content_with_limit(whole.checked_add(1 << 16)?).ok()?;
        let data = data.get(..whole)?.to_vec();
        match (bits, space) {
            (8, Space::Plain(3)) => RgbImage::from_raw(wide, high, data).map(DynamicImage::ImageRgb8),
            (8, Space::Plain(1)) => GrayImage::from_raw(wide, high, data).map(DynamicImage::ImageLuma8),
            (8, Space::Table(table)) => {
                let colour = |place: &u8| table.get(usize::from(*place)).copied().unwrap_or_default();
                RgbImage::from_raw(wide, high, data.iter().flat_map(colour).collect()).map(DynamicImage::ImageRgb8)
            }
            (1, Space::Plain(1)) => Some(unpack(wide, high, &data)),
            (1, Space::Table(table)) => {
                let dark = |place: usize| table.get(place).copied().unwrap_or_default().into_iter().min().unwrap_or(0);
                let tones = [Luma([dark(0)]), Luma([dark(1)])];
                let pixel = |x: u32, y: u32| {
                    let byte = data.get(y as usize * stride + x as usize / 8).copied().unwrap_or(0);
                    tones[usize::from(byte >> (7 - x % 8) & 1)]
                };
                Some(DynamicImage::ImageLuma8(GrayImage::from_fn(wide, high, pixel)))
            }
            _ => None,
        }
    }
}

/// A colour space in which small values are dark, or a table of colours.
enum Space {
    /// So many components: 1 or 3.
    Plain(usize),
    Table(Vec<[u8; 3]>),
}

impl Space {
    fn components(&self) -> usize {
        match self {
            Self::Plain(components) => *components,
            Self::Table(_) => 1,
        }
    }
}

fn space(doc: &Document, space: &Object) -> Option<Space> {
    if let Ok(name) = space.as_name() {
        return match name {
            b"DeviceGray" | b"G" => Some(Space::Plain(1)),
            b"DeviceRGB" | b"RGB" => Some(Space::Plain(3)),
            _ => None,
        };
    }
    let items = space.as_array().ok()?;
    let item = |at: usize| doc.dereference(items.get(at)?).ok().map(|(_, item)| item);
    match items.first()?.as_name().ok()? {
        b"CalGray" => Some(Space::Plain(1)),
        b"CalRGB" => Some(Space::Plain(3)),
        b"ICCBased" => match item(1)?.as_stream().ok()?.dict.get(b"N").and_then(Object::as_i64).ok()? {
            1 => Some(Space::Plain(1)),
            3 => Some(Space::Plain(3)),
            _ => None,
        },
        // A table in a space that is itself one would be no table any more (ISO 32000-1, 8.6.6.3).
        b"Indexed" if item(1)?.as_name().is_ok() || item(1)?.as_array().is_ok() => {
            let base = crate::page_image::space(doc, item(1)?)?;
            let bytes = match item(3)? {
                Object::String(bytes, _) => bytes.clone(),
                Object::Stream(stream) => stream.get_plain_content_with_limit(1024).ok()?,
                _ => return None,
            };
            let colours = bytes.chunks_exact(base.components()).map(|colour| match colour {
                [r, g, b] => [*r, *g, *b],
                [grey, ..] => [*grey; 3],
                [] => [0; 3],
            });
            matches!(base, Space::Plain(_)).then(|| Space::Table(colours.collect()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pdf_in::{self, tests::one_page};
    use crate::write::{dict, name};

    /// A page that is a JPEG in a colour space, drawn under a graphics state.
    fn page(jpeg: &[u8], (wide, high): (i64, i64), space: Object, state: Dictionary, content: &[u8]) -> Vec<u8> {
        let mut doc = Document::with_version("1.7");
        let picture = dict([
            ("Type", name("XObject")),
            ("Subtype", name("Image")),
            ("Width", wide.into()),
            ("Height", high.into()),
            ("ColorSpace", space),
            ("BitsPerComponent", 8_i64.into()),
            ("Filter", name("DCTDecode")),
        ]);
        let picture = doc.add_object(Stream::new(picture, jpeg.to_vec()).with_compression(false));
        let letters = dict([("Type", name("Font")), ("Subtype", name("Type3"))]);
        let resources = dict([
            ("XObject", Object::Dictionary(dict([("Im", picture.into())]))),
            ("ExtGState", Object::Dictionary(dict([("G", Object::Dictionary(state))]))),
            ("Font", Object::Dictionary(dict([("F", Object::Dictionary(letters))]))),
        ]);
        one_page(doc, resources, content)
    }

    /// Whether the page is one picture, and whether its content can be measured.
    fn told(file: &[u8]) -> (bool, bool) {
        let scan = pdf_in::open(file).expect("a scan");
        let only = drawn(&scan, &scan.pages[0]).expect("a content").only();
        (only.is_some(), only.is_some_and(|one| one.decoded(&scan.doc).is_some()))
    }

    fn coded(image: &DynamicImage) -> Vec<u8> {
        let mut out = Vec::new();
        image.write_to(&mut std::io::Cursor::new(&mut out), ImageFormat::Jpeg).expect("a JPEG");
        out
    }

    /// R37: only where high values are light the light is free. Of other inks nothing is told, so the wording gets a page.
    #[test]
    fn other_inks_are_not_measured() {
        let grey = coded(&DynamicImage::ImageLuma8(GrayImage::from_pixel(16, 16, Luma([200]))));
        let rgb = coded(&DynamicImage::ImageRgb8(RgbImage::new(16, 16)));
        let separation = Object::Array(vec![name("Separation"), name("Black"), name("DeviceGray"), Object::Null]);
        let draws = b"q 300 0 0 300 0 0 cm /Im Do Q";
        for (jpeg, space, wanted) in [
            (&grey, name("DeviceGray"), true),
            (&rgb, name("DeviceRGB"), true),
            (&rgb, name("DeviceGray"), false),
            (&grey, separation, false),
            (&rgb, name("DeviceCMYK"), false),
        ] {
            let file = page(jpeg, (16, 16), space.clone(), Dictionary::new(), draws);
            assert_eq!(told(&file), (true, wanted), "{space:?}");
        }
    }

    /// A picture that is mixed with what is behind it, or over which letters are drawn that no mode hides, is not all that is seen.
    #[test]
    fn what_changes_the_picture_is_more() {
        let grey = coded(&DynamicImage::ImageLuma8(GrayImage::from_pixel(16, 16, Luma([200]))));
        let draws = b"/G gs q 300 0 0 300 0 0 cm /Im Do Q";
        for (state, only) in [
            (dict([]), true),
            (dict([("ca", 1_i64.into()), ("BM", name("Normal")), ("SMask", name("None"))]), true),
            (dict([("ca", Object::Real(0.5))]), false),
            (dict([("BM", name("Difference"))]), false),
            (dict([("SMask", Object::Dictionary(Dictionary::new()))]), false),
            (dict([("TR", name("Invert"))]), false),
        ] {
            let file = page(&grey, (16, 16), name("DeviceGray"), state.clone(), draws);
            assert_eq!(told(&file), (only, only), "{state:?}");
        }
        let written = b"q 300 0 0 300 0 0 cm /Im Do Q BT 3 Tr /F 9 Tf (a) Tj ET";
        assert_eq!(told(&page(&grey, (16, 16), name("DeviceGray"), dict([]), written)), (false, false));
        let kept = b"300 0 0 300 0 0 cm Q /Im Do";
        let file = page(&grey, (16, 16), name("DeviceGray"), dict([]), kept);
        let scan = pdf_in::open(&file).expect("a scan");
        let only = drawn(&scan, &scan.pages[0]).and_then(Drawn::only).expect("a picture");
        assert_eq!(only.on_page(&scan.pages[0])[0], 300.0, "a Q too many takes nothing back");
        let unknown = b"/Other gs q 300 0 0 300 0 0 cm /Im Do Q";
        assert_eq!(told(&page(&grey, (16, 16), name("DeviceGray"), dict([]), unknown)), (false, false));
    }

    /// R37: text behind something that is not understood is text that viewers show. Such a page is not measured at all, so the wording gets a
    /// page of its own.
    #[test]
    fn text_behind_a_stumbling_block_is_not_written_over() {
        let grey = coded(&DynamicImage::ImageLuma8(GrayImage::from_pixel(16, 16, Luma([250]))));
        for stray in [
            "% a\n 15 Tf",
            "--1 Tc",
            "}",
            ")",
            "my_op",
            "99999999999999999999 TL",
            "1e-5 Tc",
            "true MP 3 0 Tr",
            "0 (",
            "/ MP",
        ] {
            let content = format!("q 300 0 0 300 0 0 cm /Im Do Q BT /F {stray} 60 40 Td (Da thu hoi) Tj ET");
            let file = page(&grey, (16, 16), name("DeviceGray"), dict([]), content.as_bytes());
            let scan = pdf_in::open(&file).expect("a scan");
            let seen = drawn(&scan, &scan.pages[0]);
            assert!(seen.is_none_or(|seen| seen.more && seen.only().is_none()), "{stray}");
        }
    }
}
