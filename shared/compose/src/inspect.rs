//! Says what an uploaded file is, before anybody builds on it (R35, R36).

use image::DynamicImage;

use crate::paper::paper;
use crate::picture::{Picture, kind, pictures};
use crate::{Inspection, Kind, MAX_BYTES, Unusable, page_image, pdf_in};

/// The least resolution of a scan, dots per inch (NĐ 30/2020, Annex I); one dot is forgiven for rounding.
const MIN_DPI: f32 = 199.0;

/// Finds out what arrived and whether it can become pages of a copy (R35, R36).
///
/// `declared_type` is the media type that the sender gave, or empty; a type of another kind is refused. Every image is decoded once;
/// a PDF is opened and checked, its pages are listed, nothing is drawn.
///
/// # Errors
/// The reason, with the API's code.
pub fn inspect(bytes: &[u8], declared_type: &str) -> Result<Inspection, Unusable> {
    if bytes.is_empty() {
        return Err(Unusable::Empty);
    }
    if bytes.len() > MAX_BYTES {
        return Err(Unusable::TooLarge);
    }
    let kind = kind(bytes).ok_or(Unusable::TypeNotAccepted)?;
    if !declared(declared_type, kind) {
        return Err(Unusable::TypeNotAccepted);
    }
    let mut found = Found::default();
    if kind == Kind::Pdf {
        let scan = pdf_in::open(bytes)?;
        for page in &scan.pages {
            found.sizes.push(page.shown());
            match page_image::only_image(&scan, page) {
                Some(image) => found.dpi(image.dpi(page)),
                None => found.vector = true,
            }
        }
    } else {
        pictures(bytes, kind, &mut |picture| found.picture(&picture))?;
    }
    Ok(found.conclude(kind))
}

fn declared(declared_type: &str, kind: Kind) -> bool {
    let essence = declared_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let own: &[&str] = match kind {
        Kind::Pdf => &["application/pdf", "application/x-pdf"],
        Kind::Jpeg => &["image/jpeg", "image/jpg", "image/pjpeg"],
        Kind::Png => &["image/png"],
        Kind::Tiff => &["image/tiff", "image/tif", "image/x-tiff"],
    };
    matches!(essence.as_str(), "" | "application/octet-stream" | "binary/octet-stream")
        || own.contains(&essence.as_str())
}

#[derive(Default)]
struct Found {
    sizes: Vec<(f32, f32)>,
    lowest: Option<f32>,
    unstated: bool,
    /// A page that is more than one picture: neither resolution nor colour can be told.
    vector: bool,
    colour: bool,
}

impl Found {
    fn dpi(&mut self, dpi: f32) {
        self.lowest = Some(self.lowest.map_or(dpi, |lowest| lowest.min(dpi)));
    }

    fn picture(&mut self, picture: &Picture) -> Result<(), Unusable> {
        let paper = paper(picture);
        self.sizes.push(paper.size);
        self.dpi(paper.dpi);
        self.unstated |= !paper.stated;
        let pixels = picture.pixels()?;
        if (pixels.width(), pixels.height()) != (picture.width, picture.height) {
            return Err(Unusable::ImageBroken("size".into()));
        }
        self.colour |= has_colour(&pixels);
        Ok(())
    }

    fn conclude(self, kind: Kind) -> Inspection {
        let mut warnings = Vec::new();
        let mut warn = |when: bool, code: &str| {
            if when {
                warnings.push(code.to_owned());
            }
        };
        let colour = if kind == Kind::Pdf { None } else { Some(self.colour) };
        warn(self.lowest.is_some_and(|dpi| dpi < MIN_DPI), "scan-below-200dpi");
        warn(self.unstated, "no-resolution");
        warn(colour == Some(false), "not-colour");
        let pages = u32::try_from(self.sizes.len()).unwrap_or(u32::MAX);
        let dpi = if self.vector { None } else { self.lowest };
        Inspection { kind, pages, warnings, page_sizes_pt: self.sizes, dpi, colour }
    }
}

/// Whether more than one pixel in a thousand has a clear hue.
fn has_colour(image: &DynamicImage) -> bool {
    if !image.color().has_color() {
        return false;
    }
    let rgb = image.to_rgb8();
    let hued = rgb.pixels().filter(|pixel| {
        let [r, g, b] = pixel.0;
        r.max(g).max(b) - r.min(g).min(b) > 40
    });
    hued.count().saturating_mul(1000) > (rgb.width() as usize).saturating_mul(rgb.height() as usize)
}
