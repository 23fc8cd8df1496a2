//! Makes the pages of a certified copy: scans become clean pages, the wording (lời chứng) and the two empty signature fields are
//! added, and the appearances of the signatures are drawn.
//!
//! Does not sign, does not judge signed files, knows no clock, no chance, no network and no store: the same arguments give
//! the same bytes. Text of a scanned PDF is kept; everything that can act is refused or left behind (validation.md §2.4 E).
#![forbid(unsafe_code)]

mod appearance;
mod base;
mod block;
mod canvas;
mod content;
mod copy;
mod exif;
mod facsimile;
mod fax_in;
mod free;
mod guard;
mod icc;
mod inspect;
mod jpeg;
mod moment;
mod page_image;
mod paper;
mod pdf_gate;
mod pdf_in;
mod pdfa;
mod picture;
mod program;
mod quality;
mod record;
mod refuse;
mod srgb;
mod template;
mod text;
mod tiff_in;
mod typefaces;
mod write;

pub use appearance::{Appearance, Pixels, QR_BYTES, leader_appearance, seal_appearance};
pub use base::{base, place};
pub use facsimile::{FACSIMILE_BYTES, Facsimile, facsimile};
pub use inspect::inspect;
pub use record::{REPORT_FIELD, Signing, attached_report, report, report_to_sign};
pub use refuse::{MAX_BYTES, MAX_PAGES, Unusable};
pub use template::{Day, Template, template, templates};
pub use text::unset_sign;

/// What kind of file arrived.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// A PDF of any version, classic or with object streams.
    Pdf,
    /// A JPEG, baseline or progressive.
    Jpeg,
    /// A PNG.
    Png,
    /// A TIFF with one or more pages.
    Tiff,
}

/// Something about one page that an official should look at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Finding {
    /// Page, from 1.
    pub page: u32,
    /// `page-blank` (nothing on it), `page-blurred` (letters without edges), `page-skewed` (2 degrees and more), `font-not-embedded` (a
    /// typeface that other machines replace).
    pub code: &'static str,
}

/// What [`inspect`] found out about one uploaded file.
#[derive(Clone, Debug, PartialEq)]
pub struct Inspection {
    /// The kind, told from the bytes and not from the declared type.
    pub kind: Kind,
    /// Pages, at least 1.
    pub pages: u32,
    /// Codes of what an official should look at: `scan-below-200dpi`, `no-resolution` (none stated), `not-colour`, and those of
    /// [`Self::findings`], each once.
    pub warnings: Vec<String>,
    /// What an official should look at, page by page.
    pub findings: Vec<Finding>,
    /// Width and height of each page as shown, in points.
    pub page_sizes_pt: Vec<(f32, f32)>,
    /// The lowest effective resolution of the scan's pages, dots per inch; `None` when it cannot be told (PDF with text or vectors).
    pub dpi: Option<f32>,
    /// Whether any page has colour; `None` when it cannot be told (PDF with text or vectors, or with pictures that are not decoded).
    pub colour: Option<bool>,
}

/// The texts of the wording block. All are NFC-normalised before they are set; none may be longer than 400 characters.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Wording {
    /// The template's name; `default` always exists.
    pub template_id: String,
    /// The unit that attests, e.g. `ỦY BAN NHÂN DÂN XÃ HƯNG HÀ`.
    pub unit_name: String,
    /// Where the unit sits, e.g. `Hưng Hà`; empty when not wanted. Stands in the metadata only: a copy's wording names no place (domain.md §2.3).
    pub place: String,
    /// Line or lines over the leader's name, separated by ` / ` or a line break, e.g. `KT. CHỦ TỊCH / PHÓ CHỦ TỊCH`.
    pub leader_title_line: String,
    /// The leader's full name.
    pub leader_name: String,
    /// Title of the original.
    pub document_title: String,
    /// Pages of the original.
    pub document_pages: u32,
    /// For which pictures there is to be room.
    pub room: Room,
}

/// Pictures that the signatures may show, and for which the wording keeps room.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Room {
    /// The leader's handwritten signature.
    pub signature: bool,
    /// The office's seal.
    pub seal: bool,
}

/// Where the wording shall go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Placement {
    /// The free space of the last page, else an added page.
    Auto,
    /// A chosen place: points from the lower left corner of the page as shown, pages counted from 1.
    At {
        /// Page, from 1.
        page: u32,
        /// Left edge, points.
        x: f32,
        /// Lower edge, points.
        y: f32,
        /// Width, points; at least [`BLOCK_MIN`].
        w: f32,
        /// Height, points; at least [`BLOCK_MIN`].
        h: f32,
    },
}

/// The smallest width and height of a wording block, in points.
pub const BLOCK_MIN: (f32, f32) = (400.0, 176.0);

/// A rectangle on a page as shown (after its /Rotate), in points from its lower left corner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rect {
    /// Left edge.
    pub x: f32,
    /// Lower edge.
    pub y: f32,
    /// Width.
    pub w: f32,
    /// Height.
    pub h: f32,
}

/// Where the wording was put.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlacedAt {
    /// Page, from 1.
    pub page: u32,
    /// Left edge, points.
    pub x: f32,
    /// Lower edge, points.
    pub y: f32,
    /// Width, points.
    pub w: f32,
    /// Height, points.
    pub h: f32,
    /// Whether the page was added for the wording.
    pub added_page: bool,
}

/// Everything that a base document is made of.
#[derive(Clone, Debug)]
pub struct BaseSpec<'a> {
    /// The scans in order, each a whole file.
    pub scans: Vec<&'a [u8]>,
    /// The texts of the wording.
    pub wording: Wording,
    /// Where the wording goes.
    pub placement: Placement,
    /// Whether every page bears the mark of the sandbox (decision 29).
    pub sandbox_mark: bool,
    /// When the base is made, RFC 3339 with offset, e.g. `2026-11-25T09:30:00+07:00`; its day chooses the template.
    pub created: String,
    /// Both elements of the file's /ID.
    pub document_id: [u8; 16],
}

/// A base document: the frozen bytes to which signatures are only appended (decision 41).
#[derive(Clone, Debug, PartialEq)]
pub struct Base {
    /// The file.
    pub pdf: Vec<u8>,
    /// Its pages.
    pub pages: u32,
    /// Where the wording stands.
    pub placement: PlacedAt,
    /// Why the file does not claim to be PDF/A-2b; `None`: it claims it, and with the seal it is one (until then the empty fields lack what
    /// they show).
    pub not_archival: Option<NotArchival>,
    /// The leader's field in default user space of its page (the /Rect of the widget).
    pub leader_rect: Rect,
    /// The seal's field in default user space of its page (the /Rect of the widget).
    pub seal_rect: Rect,
}

/// Why a scan's pages get no claim of PDF/A-2b (ISO 19005-2; decision 32). The copy is made all the same.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NotArchival {
    /// It writes with typefaces of its own, whose tables are not looked into.
    Typefaces,
    /// Masks of tones, graphics states or groups.
    Transparency,
    /// CMYK, separations and other colours that the output intent does not speak of.
    Colours,
    /// LZW, which is forbidden, or JPEG 2000, which has conditions.
    Coding,
    /// Something else that is not on the list of what may be drawn.
    Content,
}

impl NotArchival {
    /// A word for tables: `typefaces`, `transparency`, `colours`, `coding`, `content`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Typefaces => "typefaces",
            Self::Transparency => "transparency",
            Self::Colours => "colours",
            Self::Coding => "coding",
            Self::Content => "content",
        }
    }
}

/// What the leader's appearance shows.
#[derive(Clone, Copy, Debug)]
pub struct LeaderText<'a> {
    /// The leader's full name.
    pub name: &'a str,
    /// The lines over the name, as in [`Wording`].
    pub title_line: &'a str,
    /// The leader's office.
    pub organisation: Option<&'a str>,
    /// The moment, shown as given, e.g. `2026-11-25T14:05:31+07:00` (ISO 8601, Vietnam time zone, NĐ 30/2020).
    pub signed_at_text: &'a str,
    /// A PNG of the handwritten signature.
    pub picture: Option<&'a [u8]>,
}

/// What the seal's appearance shows.
#[derive(Clone, Copy, Debug)]
pub struct SealText<'a> {
    /// The number as it is written, e.g. `152`.
    pub number: &'a str,
    /// Book and year, e.g. `01/2026`.
    pub book: &'a str,
    /// Sign of the series, e.g. `SCT/BS`.
    pub suffix: &'a str,
    /// Date line, e.g. `Ngày 25 tháng 11 năm 2026`.
    pub date_text: &'a str,
    /// The unit whose seal it is.
    pub unit_name: &'a str,
    /// What the QR code holds.
    pub qr_payload: &'a str,
    /// A PNG of the seal.
    pub picture: Option<&'a [u8]>,
}
