//! Every accepted coding: number and size of pages, upright, inspection and base in agreement.

use compose::{Kind, Placement};

use crate::read::{base, bytes, read, spec};

/// The card of tests/vectors/scans at the resolution that it states.
const CARD: (f32, f32) = (419.76, 297.36);
/// A4 lying.
const A4_LYING: (f32, f32) = (841.89, 595.28);

fn near((a, b): (f32, f32), (c, d): (f32, f32)) -> bool {
    (a - c).abs() < 0.1 && (b - d).abs() < 0.1
}

/// The square is dark where it is to be seen, and the other corners are not.
fn stands_upright(pdf: &[u8], pages: usize, what: &str) {
    let read = read(pdf);
    for page in 0..pages {
        let tone = |right: f32, down: f32| read.tone(page, (right, down));
        let (x, y) = (32.0 / 583.0, 32.0 / 413.0);
        assert!(tone(x, y) < 90, "{what}, page {}: the square is not in the upper left corner", page + 1);
        for (right, down) in [(1.0 - x, y), (x, 1.0 - y), (1.0 - x, 1.0 - y)] {
            assert!(tone(right, down) > 180, "{what}, page {}: dark at {right} {down}", page + 1);
        }
    }
}

fn card(name: &str, kind: Kind, pages: u32, size: (f32, f32)) {
    let scan = bytes(&format!("tests/vectors/scans/{name}"));
    let seen = compose::inspect(&scan, "").unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!((seen.kind, seen.pages), (kind, pages), "{name}");
    let made = base(&scan).unwrap_or_else(|error| panic!("{name}: {error}"));
    // The card has no room for the wording; lying on A4 it has.
    let added = u32::from(size != A4_LYING);
    assert_eq!(made.pages, pages + added, "{name}");
    assert!(made.placement.added_page == (added == 1) && made.placement.page == made.pages, "{name}");
    let read = read(&made.pdf);
    assert_eq!(read.pages.len(), made.pages as usize);
    assert_eq!(seen.page_sizes_pt.len(), pages as usize);
    for (page, seen) in read.pages.iter().zip(&seen.page_sizes_pt) {
        assert!(near(page.size, size), "{name}: {:?} is not {size:?}", page.size);
        assert!(near(page.size, *seen), "{name}: inspected as {seen:?}, composed as {:?}", page.size);
    }
    if size == CARD {
        stands_upright(&made.pdf, pages as usize, name);
    }
}

/// R35: a photo is turned as its EXIF block says, all eight ways.
#[test]
fn photos_are_turned_upright() {
    for orientation in 1..=8 {
        card(&format!("exif-{orientation}.jpg"), Kind::Jpeg, 1, CARD);
    }
}

#[test]
fn jpegs_of_every_coding_become_pages() {
    for name in ["xam.jpg", "cmyk.jpg", "luy-tien.jpg"] {
        card(name, Kind::Jpeg, 1, CARD);
    }
    card("khong-do-phan-giai.jpg", Kind::Jpeg, 1, A4_LYING);
}

#[test]
fn pngs_of_every_coding_become_pages() {
    let all = ["xam", "den-trang", "xam-alpha", "bang-mau", "rgba", "xam-16-bit", "dan-xen", "mau-16-bit"];
    for name in all {
        card(&format!("{name}.png"), Kind::Png, 1, CARD);
    }
}

/// A clear part of a picture is the white of the paper.
#[test]
fn clear_parts_become_white() {
    let made = base(&bytes("tests/vectors/scans/rgba.png")).expect("a base");
    assert_eq!(read(&made.pdf).tone(0, (400.0 / 583.0, 350.0 / 413.0)), 255);
}

#[test]
fn tiffs_of_every_coding_become_pages() {
    for (name, pages) in
        [("fax-g4", 3), ("lzw", 3), ("deflate", 2), ("jpeg", 2), ("fax-g3", 1), ("packbits", 1), ("hon-hop", 2)]
    {
        card(&format!("{name}.tif"), Kind::Tiff, pages, CARD);
    }
    // 25 dpi is nothing that a scanner makes: the page becomes A4.
    card("khong-nen.tif", Kind::Tiff, 3, A4_LYING);
}

/// What a camera writes beside a picture, where it was taken among it, is in no copy; the picture's own data are, unchanged.
#[test]
fn places_and_devices_stay_behind() {
    let scan = bytes("tests/vectors/scans/dien-thoai.jpg");
    let has = |data: &[u8], what: &[u8]| data.windows(what.len()).any(|window| window == what);
    let camera: [&[u8]; 4] = [b"Exif\0", b"Dien thoai mau", b"ghi chu cua may anh", b"ICC_PROFILE"];
    assert!(camera[..3].iter().all(|words| has(&scan, words)), "the photograph tells");
    let made = base(&scan).expect("a base").pdf;
    assert!(camera.iter().all(|words| !has(&made, words)), "the copy does not");
    // From the first scan on, the JPEG is the one that came.
    let at = scan.windows(2).position(|pair| pair == [0xFF, 0xDA]).expect("a scan");
    assert!(has(&made, &scan[at..]), "not coded again");
    let phone = base(&bytes("tests/vectors/scans/anh-p3.jpg")).expect("a base").pdf;
    assert!(!has(&phone, b"MOTIONPHOTO") && has(&phone, b"/ICCBased"), "the profile stays, what follows does not");
    // The same in a PDF by others.
    let mut other = bytes("tests/vectors/scans/may-quet-jpeg.pdf");
    let jfif = other.windows(5).position(|window| window == b"JFIF\0").expect("a JPEG");
    other[jfif - 3] = 0xE1;
    other[jfif..jfif + 5].copy_from_slice(b"Exif\0");
    assert!(has(&base(&bytes("tests/vectors/scans/may-quet-jpeg.pdf")).expect("a base").pdf, b"JFIF\0"));
    let made = base(&other).expect("a base").pdf;
    assert!(has(&other, b"Exif\0") && !has(&made, b"Exif\0"), "of the first page's picture");
}

/// What a resolution or a colour is worth a look is said (R35).
#[test]
fn inspections_warn() {
    let warnings =
        |name: &str| compose::inspect(&bytes(&format!("tests/vectors/scans/{name}")), "").expect("accepted").warnings;
    assert_eq!(warnings("exif-6.jpg"), ["scan-below-200dpi"]);
    assert_eq!(warnings("khong-do-phan-giai.jpg"), ["scan-below-200dpi", "no-resolution"]);
    assert_eq!(warnings("fax-g4.tif"), ["scan-below-200dpi", "not-colour"]);
    assert!(
        compose::inspect(&bytes("infra/ctdt/sample/ban-goc.jpg"), "image/jpeg").expect("accepted").warnings.is_empty()
    );
}

/// R35: pages of a PDF keep what they show: the crop box, the turn, the unit.
#[test]
fn pages_of_a_pdf_keep_their_box_and_turn() {
    let made = base(&bytes("tests/vectors/scans/trang-xoay.pdf")).expect("a base");
    let pages = read(&made.pdf).pages;
    for (page, size) in pages.iter().zip([(420.0, 297.5), (297.5, 420.0), (420.0, 297.5), (297.5, 420.0)]) {
        assert!(near(page.size, size), "{:?}", page.size);
    }
    let tone = |page: usize, right: f32, down: f32| read(&made.pdf).tone(page, (right, down));
    let (x, y) = (32.0 / 583.0, 32.0 / 413.0);
    // Turned clockwise by 0, 90, 180, 270 degrees, the upper left corner goes round.
    for (page, (right, down)) in [(x, y), (1.0 - y, x), (1.0 - x, 1.0 - y), (y, 1.0 - x)].into_iter().enumerate() {
        assert!(tone(page, right, down) < 90, "page {}", page + 1);
    }
    let doubled = base(&bytes("tests/vectors/scans/don-vi-gap-doi.pdf")).expect("a base");
    assert!(near(read(&doubled.pdf).pages[0].size, (840.0, 595.0)));
    stands_upright(&doubled.pdf, 1, "doubled unit");
    stands_upright(&base(&bytes("tests/vectors/scans/lien-ket.pdf")).expect("a base").pdf, 1, "link");
}

/// R35: PDFs by the usual makers, as they come, linearized, with object streams.
#[test]
fn pdfs_of_the_usual_makers_become_pages() {
    for name in ["libreoffice", "cairo", "ghostscript", "img2pdf", "qpdf-linearized", "qpdf-object-streams"] {
        let scan = bytes(&format!("tests/scans/{name}.pdf"));
        let seen = compose::inspect(&scan, "application/pdf").unwrap_or_else(|error| panic!("{name}: {error}"));
        let made = base(&scan).unwrap_or_else(|error| panic!("{name}: {error}"));
        let pages = read(&made.pdf).pages;
        assert_eq!(seen.pages, 1, "{name}");
        assert!(near(pages[0].size, seen.page_sizes_pt[0]) && (pages[0].size.0 - 595.3).abs() < 0.3, "{name}");
    }
}

/// Several scans are one document, in the order given.
#[test]
fn scans_follow_each_other() {
    let (photo, fax, pdf) = (
        bytes("tests/vectors/scans/exif-6.jpg"),
        bytes("tests/vectors/scans/fax-g4.tif"),
        bytes("tests/scans/libreoffice.pdf"),
    );
    let made = compose::base(&spec(vec![&photo, &fax, &pdf], Placement::Auto)).expect("a base");
    assert_eq!(made.pages, 1 + 3 + 1 + 1);
    stands_upright(&made.pdf, 4, "photo and fax");
}

/// Decision 41: the same arguments give the same bytes.
#[test]
fn composing_is_deterministic() {
    for name in ["tests/vectors/scans/exif-5.jpg", "tests/scans/ghostscript.pdf", "tests/vectors/scans/hon-hop.tif"] {
        let scan = bytes(name);
        assert_eq!(base(&scan).expect("a base").pdf, base(&scan).expect("a base").pdf, "{name}");
    }
}
