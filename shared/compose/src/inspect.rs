//! Says what an uploaded file is, before anybody builds on it (R35, R36).

use image::DynamicImage;

use crate::guard;
use crate::page_image::drawn;
use crate::paper::paper;
use crate::pdf_in::{self, PdfPage, PdfScan};
use crate::picture::{Coded, Picture, kind, pictures};
use crate::quality::{Quality, look};
use crate::{Finding, Inspection, Kind, MAX_BYTES, Unusable, typefaces};

/// The least resolution of a scan, dots per inch (NĐ 30/2020, Annex I); one dot is forgiven for rounding.
const MIN_DPI: f32 = 199.0;
/// The most pixels of one file that are looked at, pages in their order: fifty A4 pages at 200 dpi. A PDF's pictures are decoded for this alone.
const LOOKED_AT: u64 = 200_000_000;

/// Finds out what arrived and whether it can become pages of a copy (R35, R36).
///
/// `declared_type` is the media type that the sender gave, or empty; a type of another kind is refused. Every image is decoded once;
/// a PDF is opened and checked and its pages are listed. Pages of a PDF that are one picture each are looked at like images, as many as time
/// allows; text and drawings are not drawn.
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
    guard::guarded(guard::lost(kind), || looked_at(bytes, kind))
}

fn looked_at(bytes: &[u8], kind: Kind) -> Result<Inspection, Unusable> {
    let mut found = Found { left: LOOKED_AT, ..Found::default() };
    if kind == Kind::Pdf {
        let scan = pdf_in::open(bytes)?;
        for page in &scan.pages {
            found.pdf_page(&scan, page);
        }
    } else {
        pictures(bytes, kind, &|_, _| true, &mut |picture| found.picture(&picture, kind))?;
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
    /// A page whose resolution cannot be told: text, lines, or something that we do not read.
    vector: bool,
    colour: bool,
    /// A page that was not looked at: that there is no colour cannot be said.
    unseen: bool,
    findings: Vec<Finding>,
    /// So many pixels may still be looked at.
    left: u64,
}

impl Found {
    fn dpi(&mut self, dpi: f32) {
        self.lowest = Some(self.lowest.map_or(dpi, |lowest| lowest.min(dpi)));
    }

    /// About the page that was noted last.
    fn note(&mut self, when: bool, code: &'static str) {
        if when {
            self.findings.push(Finding { page: u32::try_from(self.sizes.len()).unwrap_or(u32::MAX), code });
        }
    }

    fn look_at(&mut self, pixels: &DynamicImage, dpi: f32, lying: bool) {
        let count = u64::from(pixels.width()) * u64::from(pixels.height());
        if count > self.left {
            self.unseen |= pixels.color().has_color();
            return;
        }
        self.left -= count;
        let Quality { blank, blurred, skewed, colour } = look(pixels, dpi, lying);
        self.colour |= colour;
        self.note(blank, "page-blank");
        self.note(blurred, "page-blurred");
        self.note(skewed, "page-skewed");
    }

    fn picture(&mut self, picture: &Picture, kind: Kind) -> Result<(), Unusable> {
        let paper = paper(picture);
        self.sizes.push(paper.size);
        self.dpi(paper.dpi);
        self.unstated |= !paper.stated;
        // A page of a TIFF was decoded to get here; others have to show that they are whole.
        if kind == Kind::Tiff && u64::from(picture.width) * u64::from(picture.height) > self.left {
            self.unseen |= !matches!(picture.coded, Coded::Bits { .. } | Coded::Png { colours: 1, palette: None, .. });
            return Ok(());
        }
        let pixels = picture.pixels()?;
        if (pixels.width(), pixels.height()) != (picture.width, picture.height) {
            return Err(Unusable::ImageBroken("size".into()));
        }
        self.look_at(&pixels, paper.dpi, picture.orientation >= 5);
        Ok(())
    }

    fn pdf_page(&mut self, scan: &PdfScan, page: &PdfPage) {
        self.sizes.push(page.shown());
        let Some(drawn) = drawn(scan, page) else {
            (self.vector, self.unseen) = (true, true);
            return self.note(!typefaces::embedded(&scan.doc, page.resources.as_ref()), "font-not-embedded");
        };
        self.note(drawn.pictures.is_empty() && !drawn.more, "page-blank");
        self.vector |= drawn.more;
        drawn.dpi(page).into_iter().for_each(|dpi| self.dpi(dpi));
        self.note(drawn.more && !typefaces::embedded(&scan.doc, page.resources.as_ref()), "font-not-embedded");
        let picture = drawn.only().filter(|picture| picture.count() <= self.left);
        let Some((picture, pixels)) = picture.and_then(|one| one.decoded(&scan.doc).map(|pixels| (one, pixels))) else {
            self.unseen = true;
            return;
        };
        let [a, b, ..] = picture.on_page(page);
        self.look_at(&pixels, picture.dpi(page), b.abs() > a.abs());
    }

    fn conclude(self, kind: Kind) -> Inspection {
        let colour = if self.colour { Some(true) } else { (!self.unseen).then_some(false) };
        let about = |code: &str| self.findings.iter().any(|finding| finding.code == code);
        let told = [
            (self.lowest.is_some_and(|dpi| dpi < MIN_DPI), "scan-below-200dpi"),
            (self.unstated, "no-resolution"),
            (colour == Some(false), "not-colour"),
            (about("page-blank"), "page-blank"),
            (about("page-blurred"), "page-blurred"),
            (about("page-skewed"), "page-skewed"),
            (about("font-not-embedded"), "font-not-embedded"),
        ];
        let warnings = told.iter().filter(|(when, _)| *when).map(|(_, code)| (*code).to_owned()).collect();
        let pages = u32::try_from(self.sizes.len()).unwrap_or(u32::MAX);
        let dpi = if self.vector { None } else { self.lowest };
        Inspection { kind, pages, warnings, findings: self.findings, page_sizes_pt: self.sizes, dpi, colour }
    }
}
