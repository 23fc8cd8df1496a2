//! Tells whether a page of a scanned PDF is one picture and nothing else (or with invisible recognised text over it), and gets at that
//! picture for measuring. What a scanner or a copier makes is of this kind.
//!
//! Understands DCTDecode and plain or deflated samples of 1 or 8 bits; for everything else the answer is "cannot be told".

use image::{DynamicImage, ImageFormat};
use lopdf::content::{Content, Operation};
use lopdf::{Dictionary, Document, Object, Stream};

use crate::pdf_in::{PdfPage, PdfScan};
use crate::picture::{MAX_PIXELS, decode};

/// The most that a page's content may inflate to for this look.
const MAX_CONTENT: usize = 2 << 20;
const MAX_OPERATIONS: usize = 100_000;

/// A page that is one picture.
pub(crate) struct PageImage<'a> {
    stream: &'a Stream,
    /// From the unit square to the page's own space.
    matrix: [f32; 6],
    pub(crate) pixels: (u32, u32),
}

/// The page's only picture, if everything visible on the page is that picture.
pub(crate) fn only_image<'a>(scan: &'a PdfScan, page: &'a PdfPage) -> Option<PageImage<'a>> {
    let mut bytes = Vec::new();
    for id in &page.contents {
        let stream = scan.doc.get_object(*id).and_then(Object::as_stream).ok()?;
        bytes.extend(stream.get_plain_content_with_limit(MAX_CONTENT.saturating_sub(bytes.len())).ok()?);
        bytes.push(b'\n');
    }
    let content = Content::decode(&bytes).ok()?;
    if content.operations.len() > MAX_OPERATIONS {
        return None;
    }
    let (name, matrix) = drawn(&content.operations)?;
    let doc = &scan.doc;
    let resources = doc.dereference(page.resources.as_ref()?).ok()?.1.as_dict().ok()?;
    let image =
        resources.get_deref(b"XObject", doc).ok()?.as_dict().ok()?.get_deref(&name, doc).ok()?.as_stream().ok()?;
    if image.dict.get(b"Subtype").and_then(Object::as_name).ok()? != b"Image" {
        return None;
    }
    let side = |key: &[u8]| u32::try_from(image.dict.get_deref(key, doc).ok()?.as_i64().ok()?).ok();
    let pixels = (side(b"Width")?, side(b"Height")?);
    let sane = pixels.0 > 0 && pixels.1 > 0 && u64::from(pixels.0) * u64::from(pixels.1) <= MAX_PIXELS;
    sane.then_some(PageImage { stream: image, matrix, pixels })
}

/// Follows the matrix; the name of the one picture drawn and where. `None` as soon as anything else is visible.
fn drawn(operations: &[Operation]) -> Option<(Vec<u8>, [f32; 6])> {
    let mut matrix = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0];
    let mut stack = Vec::new();
    let mut invisible = false;
    let mut found = None;
    for operation in operations {
        match operation.operator.as_str() {
            "q" => stack.push(matrix),
            "Q" => matrix = stack.pop().unwrap_or([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]),
            "cm" => matrix = multiply(six(&operation.operands)?, matrix),
            "Tr" => invisible = operation.operands.first()?.as_i64().ok()? == 3,
            "Tj" | "TJ" | "'" | "\"" if !invisible => return None,
            "Do" => {
                let name = operation.operands.first()?.as_name().ok()?.to_vec();
                if found.replace((name, matrix)).is_some() {
                    return None;
                }
            }
            "f" | "F" | "f*" | "B" | "B*" | "b" | "b*" | "S" | "s" | "sh" | "BI" | "ID" | "EI" => return None,
            _ => {}
        }
    }
    found
}

fn six(operands: &[Object]) -> Option<[f32; 6]> {
    let numbers: Vec<f32> = operands.iter().filter_map(|operand| operand.as_float().ok()).collect();
    numbers.try_into().ok()
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

    /// The decoded picture.
    pub(crate) fn decoded(&self, doc: &Document) -> Option<DynamicImage> {
        let dict = &self.stream.dict;
        if dict.has(b"SMask") || dict.has(b"Mask") || dict.has(b"Decode") || dict.has(b"ImageMask") {
            return None;
        }
        let filters = self.stream.filters().unwrap_or_default();
        let image = match filters.as_slice() {
            [b"DCTDecode"] => decode(&self.stream.content, ImageFormat::Jpeg).ok()?,
            [] | [b"FlateDecode"] => self.samples(doc, dict)?,
            _ => return None,
        };
        ((image.width(), image.height()) == self.pixels).then_some(image)
    }

    fn samples(&self, doc: &Document, dict: &Dictionary) -> Option<DynamicImage> {
        let bits = dict.get_deref(b"BitsPerComponent", doc).ok()?.as_i64().ok()?;
        let components = components(doc, dict.get_deref(b"ColorSpace", doc).ok()?)?;
        let (width, height) = (self.pixels.0 as usize, self.pixels.1 as usize);
        let row = width.checked_mul(components)?;
        let stride = if bits == 1 { row.div_ceil(8) } else { row };
        let data = self.stream.get_plain_content_with_limit(stride.checked_mul(height)?.checked_add(1 << 16)?).ok()?;
        let data = data.get(..stride.checked_mul(height)?)?.to_vec();
        match (bits, components) {
            (8, 3) => image::RgbImage::from_raw(self.pixels.0, self.pixels.1, data).map(DynamicImage::ImageRgb8),
            (8, 1) => image::GrayImage::from_raw(self.pixels.0, self.pixels.1, data).map(DynamicImage::ImageLuma8),
            (1, 1) => {
                let pixel = |x: u32, y: u32| {
                    let byte = data.get(y as usize * stride + x as usize / 8).copied().unwrap_or(0);
                    image::Luma([if byte & (0x80 >> (x % 8)) == 0 { 0 } else { 255 }])
                };
                let grey = image::GrayImage::from_fn(self.pixels.0, self.pixels.1, pixel);
                Some(DynamicImage::ImageLuma8(grey))
            }
            _ => None,
        }
    }
}

/// Colour components of a space in which small values are dark.
fn components(doc: &Document, space: &Object) -> Option<usize> {
    if let Ok(name) = space.as_name() {
        return match name {
            b"DeviceGray" | b"G" => Some(1),
            b"DeviceRGB" | b"RGB" => Some(3),
            _ => None,
        };
    }
    let items = space.as_array().ok()?;
    match items.first()?.as_name().ok()? {
        b"CalGray" => Some(1),
        b"CalRGB" => Some(3),
        b"ICCBased" => {
            let profile = doc.dereference(items.get(1)?).ok()?.1.as_stream().ok()?;
            match profile.dict.get(b"N").and_then(Object::as_i64).ok()? {
                1 => Some(1),
                3 => Some(3),
                _ => None,
            }
        }
        _ => None,
    }
}
