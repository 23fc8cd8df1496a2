//! What the two signature fields show. Each function draws a form of exactly the field's size, with the typefaces that stand in the base: the
//! signing step writes it as the field's normal appearance.
//!
//! The text says who signed and when, in the colours of NĐ 30/2020 (blue, red). A picture of the handwritten signature or of the seal stands
//! over it where the wording kept room; neither field reaches into the other, so the seal is beside the signature and not on it (decision 18).

use fast_qr::{ECL, QRBuilder};

use crate::block::{LEADER_HEIGHT, SEAL_HEIGHT};
use crate::canvas::{Canvas, Line};
use crate::facsimile::{self, Facsimile};
use crate::text::{BLACK, BLUE, Cut, Fonts, Ink, RED};
use crate::{LeaderText, SealText, Unusable};

/// The longest text of a QR code, in any mode: what `domain::qr` makes is shorter (decision 16).
pub const QR_BYTES: usize = 311;
/// A module is never printed smaller than 0.33 mm, in points: four dots of a laser printer, three of a scan at 300 dpi.
const SMALLEST_MODULE: f32 = 0.33 / 25.4 * 72.0;
/// Light modules on each side of a code (ISO/IEC 18004 §6.3.8).
const QUIET: usize = 4;

/// What a signature's field shows: a form XObject (ISO 32000-1, 8.10) that does not stand in a file yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Appearance {
    /// Width and height in points; its lower left corner is the origin.
    pub size: (f32, f32),
    /// The content stream, as it is.
    pub content: Vec<u8>,
    /// The typefaces that it names: each stands under this name in the base's /AcroForm /DR /Font.
    pub typefaces: Vec<&'static str>,
    /// The picture that it names.
    pub picture: Option<Pixels>,
}

/// A picture with its mask, 8 bits a component.
#[derive(Clone, Debug, PartialEq)]
pub struct Pixels {
    /// What the content calls it.
    pub name: &'static str,
    /// Pixels of a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// DeviceRGB, three octets a pixel.
    pub rgb: Vec<u8>,
    /// Opacity, one octet a pixel.
    pub alpha: Vec<u8>,
}

/// What the leader's field shows, `size` points large.
///
/// # Errors
/// [`Unusable::TextUnusable`] when a text has a sign that does not stand in every copy, or does not fit, even in the smallest type of 5 points; what is wrong with the picture.
pub fn leader_appearance(size: (f32, f32), text: &LeaderText<'_>) -> Result<Appearance, Unusable> {
    check(size)?;
    let fonts = Fonts::get()?;
    let title = crate::block::title_lines(fonts, text.title_line)?.join(" – ");
    let mut rows = vec![(Cut::Bold, format!("Người ký: {}", fonts.clean_everyday("name", text.name)?))];
    rows.push((Cut::Regular, format!("Chức danh: {title}")));
    if let Some(organisation) = text.organisation {
        rows.push((Cut::Regular, format!("Cơ quan: {}", fonts.clean_everyday("organisation", organisation)?)));
    }
    rows.push((
        Cut::Regular,
        format!("Thời gian ký: {}", fonts.clean_everyday("signed_at_text", text.signed_at_text)?),
    ));
    let picture = text.picture.map(|png| facsimile::read(png, Facsimile::Signature)).transpose()?;
    let (height, above) = below(size.1, LEADER_HEIGHT);
    let (x, width) = (9.0, size.0 - 13.0);
    let lines = column(fonts, &rows, (x, width, height - 4.0), BLUE)?;
    let mut canvas = Canvas::new(size);
    picture_above(&mut canvas, picture, Facsimile::Signature, (size.0, above));
    canvas.from((0.0, above));
    canvas.rule((3.0, 3.0), (3.0, height - 3.0), 1.6, BLUE);
    lines.iter().for_each(|line| canvas.text(line));
    canvas.appearance()
}

/// Of a field's height what is written on, and what is left over it for a picture.
fn below(height: f32, written: f32) -> (f32, f32) {
    let written = height.min(written);
    (written, height - written)
}

/// The picture in the upper part of a field; none where no room was kept.
fn picture_above(canvas: &mut Canvas, pixels: Option<image::RgbaImage>, of: Facsimile, (wide, high): (f32, f32)) {
    // What can be recognised, and what keeps it from the lines below.
    const LEAST: f32 = 20.0;
    const APART: f32 = 4.0;
    if let Some(pixels) = pixels.filter(|_| high >= LEAST) {
        facsimile::draw(canvas, pixels, of, (0.0, 0.0, wide, high - APART));
    }
}

/// What the seal's field shows, `size` points large: number, book, date, unit and QR code (R47, R49, decision 9).
///
/// # Errors
/// As [`leader_appearance`]; [`Unusable::TextUnusable`] when a text does not fit, even in the smallest type of 5 points, or when the QR code is longer than 311 bytes or
/// its modules would be smaller than 0.33 mm.
pub fn seal_appearance(size: (f32, f32), text: &SealText<'_>) -> Result<Appearance, Unusable> {
    check(size)?;
    let fonts = Fonts::get()?;
    let unit = fonts.clean_everyday("unit_name", text.unit_name)?;
    let book = fonts.clean_everyday("book", text.book)?;
    let suffix = fonts.clean_everyday("suffix", text.suffix)?;
    let rows = [
        (Cut::Bold, format!("Số chứng thực: {}", fonts.clean_everyday("number", text.number)?), BLACK, 12.0),
        (Cut::Regular, format!("Quyển số: {book} - {suffix}"), BLACK, 11.0),
        (Cut::Italic, fonts.clean_everyday("date_text", text.date_text)?, BLACK, 10.5),
        (Cut::Bold, unit, RED, 10.0),
        (Cut::Regular, "Đã ký số bằng chứng thư số của cơ quan".to_owned(), RED, 8.0),
    ];
    let picture = text.picture.map(|png| facsimile::read(png, Facsimile::Seal)).transpose()?;
    let (height, above) = below(size.1, SEAL_HEIGHT);
    let qr = qr_modules(text.qr_payload)?;
    let needed = (qr.len() + 2 * QUIET) as f32 * SMALLEST_MODULE;
    // The quiet zone may reach to the frame: the larger the modules, the coarser the scanner that reads them.
    let side = (height - 3.0).min((size.0 * 0.42).max(needed));
    if side < needed {
        return Err(Unusable::TextUnusable("qr_payload".into()));
    }
    let (x, width) = (side + 4.0, size.0 - side - 10.0);
    let lines = seal_lines(fonts, &rows, (x, width, height - 8.0))?;
    let mut canvas = Canvas::new(size);
    picture_above(&mut canvas, picture, Facsimile::Seal, (size.0, above));
    canvas.from((0.0, above));
    canvas.frame((0.0, 0.0, size.0, height), 1.2, RED);
    draw_qr(&mut canvas, &qr, (1.5, (height - side) / 2.0, side));
    lines.iter().for_each(|line| canvas.text(line));
    canvas.appearance()
}

/// A field must be between 40 × 20 and 2,000 × 2,000 points.
fn check(size: (f32, f32)) -> Result<(), Unusable> {
    let fits = (40.0..=2000.0).contains(&size.0) && (20.0..=2000.0).contains(&size.1);
    if fits { Ok(()) } else { Err(Unusable::PlacementOutside) }
}

/// Sets rows of one size in a column `(x, width, height)`, as large as fits from 9.5 points down.
fn column(fonts: &Fonts, rows: &[(Cut, String)], area: (f32, f32, f32), ink: Ink) -> Result<Vec<Line>, Unusable> {
    let mut size = 9.5_f32;
    while size >= 5.0 {
        let scaled: Vec<_> = rows.iter().map(|(cut, text)| (*cut, text.clone(), ink, size)).collect();
        if let Some(lines) = stack(fonts, (&scaled, 0), area, 1.0) {
            return Ok(lines);
        }
        size -= 0.5;
    }
    Err(Unusable::TextUnusable("appearance".into()))
}

/// Sets rows of their own sizes, all scaled down together until they fit.
fn seal_lines(fonts: &Fonts, rows: &[(Cut, String, Ink, f32)], area: (f32, f32, f32)) -> Result<Vec<Line>, Unusable> {
    for percent in (50..=100).rev().step_by(5) {
        if let Some(lines) = stack(fonts, (rows, WHOLE), area, percent as f32 / 100.0) {
            return Ok(lines);
        }
    }
    Err(Unusable::TextUnusable("seal".into()))
}

/// Number and book, the first two rows of a seal, are read as one: they are set smaller rather than broken.
const WHOLE: usize = 2;
/// The smallest type, in points.
const SMALLEST: f32 = 5.0;

/// The size at which the text stands on one line; the wanted one where even the smallest type is too wide.
fn on_one_line(fonts: &Fonts, (cut, size): (Cut, f32), text: &str, width: f32) -> f32 {
    let wide = fonts.width(cut, size, text);
    if wide <= width {
        return size;
    }
    // A hair less, so that the rounding of the division does not break the line after all.
    let fits = size * width / wide * 0.995;
    if fits < SMALLEST { size } else { fits }
}

/// Rows one under the other, the first `whole` ones each on one line, the others wrapped, vertically centred; `None` when they are too high.
fn stack(
    fonts: &Fonts,
    (rows, whole): (&[(Cut, String, Ink, f32)], usize),
    (x, width, height): (f32, f32, f32),
    scale: f32,
) -> Option<Vec<Line>> {
    let mut lines = Vec::new();
    let mut y = 0.0;
    for (at, (cut, text, ink, size)) in rows.iter().enumerate() {
        let size = if at < whole { on_one_line(fonts, (*cut, size * scale), text, width) } else { size * scale };
        for part in fonts.wrap_even(*cut, size, text, width) {
            lines.push(Line { x, y: y + size, cut: *cut, size, ink: *ink, text: part });
            y += size * 1.25;
        }
    }
    if y > height {
        return None;
    }
    let shift = (height - y) / 2.0 + 2.0;
    lines.iter_mut().for_each(|line| line.y += shift);
    Some(lines)
}

/// The dark modules of a QR code, row by row.
fn qr_modules(payload: &str) -> Result<Vec<Vec<bool>>, Unusable> {
    let refuse = || Unusable::TextUnusable("qr_payload".into());
    if payload.is_empty() || payload.len() > QR_BYTES {
        return Err(refuse());
    }
    let code = QRBuilder::new(payload).ecl(ECL::M).build().map_err(|_| refuse())?;
    let cells = code.data.get(..code.size.saturating_mul(code.size)).ok_or_else(refuse)?;
    Ok(cells.chunks(code.size.max(1)).map(|row| row.iter().map(|module| module.value()).collect()).collect())
}

/// Draws the code in a square `(x, y, side)`, with its quiet zone of four modules.
fn draw_qr(canvas: &mut Canvas, modules: &[Vec<bool>], (x, y, side): (f32, f32, f32)) {
    let quiet = QUIET as f32 * side / (modules.len() + 2 * QUIET) as f32;
    canvas.modules(modules, (x + quiet, y + quiet), side - 2.0 * quiet, BLACK);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The dark modules of the code that `domain::qr` makes, as they stand in its vector.
    const SIGNED: &str = "HTTPS://CHUNGTHUC.EXAMPLE.VN/Q/AGIPVSX6BUYDAMBOGAYC4MBRFZEDKNACGAYQMU2DKQXUEUYAAAAJQJTCAAAQEAYEAUDAP3ITGKUS6NTDTXUEJDJGIHW6BREDZXPLPY3ISV4ZTSFCPGMAPGMIFXSXJWLFJMKAFR3T5VEC6GWM2VYMIZCA6VAGMRMEK5RDKCU37YFQ";

    /// Decision 16: version 8 for the usual texts, at most 10 for the longest in capitals, 13 for the longest in small letters.
    #[test]
    fn a_code_is_as_small_as_promised() {
        let version = |text: &str| (qr_modules(text).expect("a code").len() - 17) / 4;
        assert_eq!(version(SIGNED), 8);
        assert_eq!(version(&"A".repeat(311)), 10);
        assert_eq!(version(&"a".repeat(311)), 13);
        assert!(qr_modules(&"A".repeat(312)).is_err() && qr_modules("").is_err());
    }

    /// R49: a module has at least 0.33 mm in the narrowest seal that a page gets.
    #[test]
    fn modules_are_large_enough_to_be_read() {
        let text = SealText {
            number: "4294967295",
            book: "01/2026",
            suffix: "SCT/BS",
            date_text: "Ngày 25 tháng 11 năm 2026",
            unit_name: "ỦY BAN NHÂN DÂN PHƯỜNG MẪU SỐ MƯỜI HAI",
            qr_payload: SIGNED,
            picture: None,
        };
        let longest = "A".repeat(311);
        for qr_payload in [SIGNED, &longest] {
            let text = SealText { qr_payload, ..text };
            assert!(seal_appearance((196.0, 104.0), &text).is_ok(), "{}", qr_payload.len());
        }
        let flat = seal_appearance((400.0, 40.0), &text).err();
        assert!(matches!(flat, Some(Unusable::TextUnusable(what)) if what == "qr_payload"), "too flat for the code");
    }

    /// Also in the narrow seal beside a long unit name.
    #[test]
    fn number_and_book_stay_on_one_line() {
        let fonts = Fonts::get().expect("a typeface");
        let rows = [
            (Cut::Bold, "Số chứng thực: 100152".to_owned(), BLACK, 12.0),
            (Cut::Regular, "Quyển số: 01/2026 - SCT/BS".to_owned(), BLACK, 11.0),
            (Cut::Bold, "ỦY BAN NHÂN DÂN XÃ THỬ NGHIỆM".to_owned(), RED, 10.0),
        ];
        for width in [75.0, 90.0, 110.0, 200.0] {
            let lines = seal_lines(fonts, &rows, (0.0, width, 120.0)).expect("it fits");
            for whole in &rows[..2] {
                let line = lines.iter().find(|line| line.text == whole.1);
                let line = line.unwrap_or_else(|| panic!("“{}” is broken at {width}", whole.1));
                assert!(line.size >= SMALLEST && fonts.width(line.cut, line.size, &line.text) <= width);
            }
        }
    }
}
