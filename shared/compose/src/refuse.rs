//! Why a file, a place or a wording cannot be used: one code and one sentence per language each.

use thiserror::Error;

/// The most pages that one copy may have (decision 32).
pub const MAX_PAGES: u32 = 300;
/// The most bytes that one scan may have (decision 32).
pub const MAX_BYTES: usize = 100 * 1024 * 1024;

/// Why something cannot become (part of) a copy. [`Unusable::code`] is the code of the HTTP API.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum Unusable {
    /// No bytes, or no scan at all.
    #[error("the file is empty")]
    Empty,
    /// Neither PDF, JPEG, PNG nor TIFF, or not what the sender declared.
    #[error("the file is not a PDF, JPEG, PNG or TIFF, or not of the declared type")]
    TypeNotAccepted,
    /// A password or an encryption dictionary.
    #[error("the PDF is encrypted")]
    PdfEncrypted,
    /// Something that acts or hides: scripts, launch actions, embedded files, XFA, rich media.
    #[error("the PDF has active content: {0}")]
    PdfActiveContent(String),
    /// A signature stands in the file; embedding it would break it.
    #[error("the PDF is already signed")]
    PdfAlreadySigned,
    /// Form fields, which a copy never has.
    #[error("the PDF has a form with fields")]
    PdfHasForm,
    /// Damaged, or built in a way that cannot be read safely.
    #[error("the PDF cannot be read: {0}")]
    PdfBroken(String),
    /// Damaged.
    #[error("the image cannot be read: {0}")]
    ImageBroken(String),
    /// Sound for all we know, but coded in a way that is not read here.
    #[error("the image is coded in a way that is not read: {0}")]
    ImageCoding(String),
    /// More pages than allowed.
    #[error("{found} pages, at most {limit}")]
    TooManyPages {
        /// Pages found (or the first number above the limit).
        found: u32,
        /// Pages allowed.
        limit: u32,
    },
    /// More bytes or pixels than allowed.
    #[error("the file is too large")]
    TooLarge,
    /// The chosen place is not on a page, or is too small for the wording.
    #[error("the place is outside the page or too small")]
    PlacementOutside,
    /// The chosen place would cover content, or nobody can tell that it would not.
    #[error("the place would cover content")]
    PlacementCoversContent,
    /// No template of this name, or none in force on that day.
    #[error("no wording template {id} in force on {on}")]
    TemplateExpired {
        /// Template asked for.
        id: String,
        /// Day asked for, `YYYY-MM-DD`.
        on: String,
    },
    /// A text of the wording is missing, too long or has signs that the typeface lacks.
    #[error("the text {0} cannot be set")]
    TextUnusable(String),
    /// A picture of a signature or seal is none: `png`, `bytes`, `pixels`, `transparent`, `empty`, `colour`.
    #[error("the picture of a signature or seal breaks the rule {0}")]
    Facsimile(&'static str),
    /// The composed file could not be written: a fault of ours, not of the scan.
    #[error("composing failed: {0}")]
    Compose(String),
}

impl Unusable {
    /// The code that the HTTP API answers (api.md row 25 and row 33).
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty-file",
            Self::TypeNotAccepted => "type-not-accepted",
            Self::PdfEncrypted => "pdf-encrypted",
            Self::PdfActiveContent(_) | Self::PdfHasForm => "pdf-active-content",
            Self::PdfAlreadySigned => "pdf-already-signed",
            Self::PdfBroken(_) => "pdf-broken",
            Self::ImageBroken(_) | Self::ImageCoding(_) => "image-broken",
            Self::TooManyPages { .. } => "too-many-pages",
            Self::TooLarge => "file-too-large",
            Self::PlacementOutside | Self::Facsimile(_) => "validation-failed",
            Self::PlacementCoversContent => "placement-covers-content",
            Self::TemplateExpired { .. } => "template-expired",
            Self::TextUnusable(_) => "validation-failed",
            Self::Compose(_) => "compose-failed",
        }
    }

    /// The sentence for an official, in Vietnamese.
    #[must_use]
    pub fn vi(&self) -> String {
        match self {
            Self::Empty => "Tệp rỗng.".into(),
            Self::TypeNotAccepted => "Chỉ nhận tệp PDF, JPEG, PNG hoặc TIFF, đúng với loại đã khai.".into(),
            Self::PdfEncrypted => "Tệp PDF có mật khẩu hoặc bị mã hoá. Hãy quét lại bản chính.".into(),
            Self::PdfActiveContent(what) => format!("Tệp PDF có nội dung động ({what}). Hãy quét lại bản chính."),
            Self::PdfAlreadySigned => {
                "Tệp PDF đã có chữ ký số. Bản sao chỉ được tạo từ bản chính giấy; hãy quét bản chính.".into()
            }
            Self::PdfHasForm => "Tệp PDF có biểu mẫu điền được. Hãy quét lại bản chính.".into(),
            Self::PdfBroken(why) => format!("Tệp PDF bị hỏng, không đọc được ({why}). Hãy quét lại bản chính."),
            Self::ImageBroken(why) => format!("Tệp ảnh bị hỏng, không đọc được ({why}). Hãy quét lại bản chính."),
            Self::ImageCoding(why) => format!(
                "Tệp ảnh được lưu theo cách mà hệ thống chưa đọc được ({why}). Hãy lưu lại dưới dạng JPEG, PNG hoặc TIFF thông thường, hoặc \
                 quét lại bản chính."
            ),
            Self::TooManyPages { found, limit } => format!("Bản quét có {found} trang, nhiều nhất {limit} trang."),
            Self::TooLarge => {
                "Tệp quá lớn: hơn 100 MB, hoặc quá nhiều điểm ảnh. Hãy quét ở 200–300 dpi hoặc tách thành nhiều tệp."
                    .into()
            }
            Self::PlacementOutside => "Vị trí lời chứng nằm ngoài trang hoặc quá nhỏ.".into(),
            Self::PlacementCoversContent => "Lời chứng che mất nội dung của trang. Hãy chọn chỗ trống khác.".into(),
            Self::TemplateExpired { id, on } => format!("Không có mẫu lời chứng “{id}” có hiệu lực ngày {on}."),
            Self::TextUnusable(what) => {
                let (what, _) = text_name(what);
                format!("Không in được {what} trên bản sao: bị thiếu, quá dài hoặc có ký tự không in được.")
            }
            Self::Facsimile(why) => facsimile(why).0.into(),
            Self::Compose(_) => "Không tạo được tệp bản sao. Hãy báo bộ phận kỹ thuật.".into(),
        }
    }

    /// The same sentence in English.
    #[must_use]
    pub fn en(&self) -> String {
        match self {
            Self::Empty => "The file is empty.".into(),
            Self::TypeNotAccepted => "Only PDF, JPEG, PNG or TIFF is accepted, as declared.".into(),
            Self::PdfEncrypted => "The PDF has a password or is encrypted. Scan the original again.".into(),
            Self::PdfActiveContent(what) => format!("The PDF has active content ({what}). Scan the original again."),
            Self::PdfAlreadySigned => {
                "The PDF is already signed. A copy is made from a paper original only; scan the original.".into()
            }
            Self::PdfHasForm => "The PDF has a form that can be filled. Scan the original again.".into(),
            Self::PdfBroken(why) => format!("The PDF is damaged and cannot be read ({why}). Scan the original again."),
            Self::ImageBroken(why) => {
                format!("The image is damaged and cannot be read ({why}). Scan the original again.")
            }
            Self::ImageCoding(why) => format!(
                "The image is stored in a way that is not read here ({why}). Save it again as a JPEG, a PNG or an ordinary TIFF, or scan the \
                 original again."
            ),
            Self::TooManyPages { found, limit } => format!("The scan has {found} pages; at most {limit} are allowed."),
            Self::TooLarge => {
                "The file is too large: over 100 MB, or too many pixels. Scan at 200–300 dpi, or split it.".into()
            }
            Self::PlacementOutside => "The place of the wording is outside the page or too small.".into(),
            Self::PlacementCoversContent => "The wording would cover content of the page. Choose a free place.".into(),
            Self::TemplateExpired { id, on } => format!("No wording template “{id}” is in force on {on}."),
            Self::TextUnusable(what) => {
                let (_, what) = text_name(what);
                format!("The copy cannot show {what}: it is missing, too long or has signs without a glyph.")
            }
            Self::Facsimile(why) => facsimile(why).1.into(),
            Self::Compose(_) => "The copy could not be composed. Tell the technical staff.".into(),
        }
    }
}

/// What officials call a text.
fn text_name(field: &str) -> (&'static str, &'static str) {
    match field {
        "leader_name" | "name" => ("họ tên người ký", "the leader's name"),
        "leader_title_line" => ("chức danh người ký", "the leader's title"),
        "unit_name" | "organisation" => ("tên cơ quan", "the office's name"),
        "place" => ("địa danh của cơ quan", "the office's place"),
        "document_title" => ("tên giấy tờ", "the document's title"),
        "document_pages" => ("số trang của bản chính", "the number of pages"),
        "suffix" => ("ký hiệu của số chứng thực", "the suffix of the series"),
        "book" => ("quyển số", "the book"),
        "number" => ("số chứng thực", "the number"),
        "date_text" => ("ngày chứng thực", "the date"),
        "signed_at_text" => ("thời gian ký", "the time of signing"),
        "qr_payload" => ("mã QR", "the QR code"),
        "appearance" => {
            ("khung chữ ký của người ký (họ tên, chức danh, tên cơ quan)", "the leader's field (name, title, office)")
        }
        "seal" => ("khung dấu (số, quyển số, ngày, tên cơ quan)", "the seal's field (number, book, date, office)"),
        _ => ("lời chứng", "the wording"),
    }
}

/// What is wrong with a picture of a signature or seal.
fn facsimile(why: &str) -> (&'static str, &'static str) {
    match why {
        "png" => ("Ảnh chữ ký, ảnh con dấu phải là tệp PNG.", "A picture of a signature or seal must be a PNG."),
        "bytes" => ("Tệp ảnh lớn hơn 256 KB.", "The picture has more than 256 KB."),
        "pixels" => {
            ("Cạnh dài của ảnh phải từ 100 đến 1.000 điểm ảnh.", "The longer side must have 100 to 1,000 pixels.")
        }
        "transparent" => ("Nền của ảnh phải trong suốt.", "The ground of the picture must be transparent."),
        "empty" => ("Ảnh trống.", "There is nothing on the picture."),
        _ => ("Chữ ký phải màu xanh, con dấu phải màu đỏ.", "A signature must be blue, a seal red."),
    }
}
