//! What must not become a page, each with the code that the HTTP API promises (api.md row 25).

use compose::{Placement, Unusable};

use crate::read::{base, bytes, spec};

/// File and code.
const REFUSED: &[(&str, &str)] = &[
    ("tests/scans/da-ky.pdf", "pdf-already-signed"),
    ("tests/scans/bieu-mau.pdf", "pdf-active-content"),
    ("tests/vectors/scans/o-ky-trong.pdf", "pdf-active-content"),
    ("tests/vectors/scans/ma-lenh-khi-mo.pdf", "pdf-active-content"),
    ("tests/vectors/scans/ma-lenh-cua-trang.pdf", "pdf-active-content"),
    ("tests/vectors/scans/chay-chuong-trinh.pdf", "pdf-active-content"),
    ("tests/vectors/scans/tep-dinh-kem.pdf", "pdf-active-content"),
    ("tests/vectors/scans/chu-thich.pdf", "pdf-active-content"),
    ("tests/vectors/scans/lop-an.pdf", "pdf-active-content"),
    ("tests/vectors/scans/mat-khau.pdf", "pdf-encrypted"),
    ("tests/vectors/scans/mat-khau-rong.pdf", "pdf-encrypted"),
    ("tests/vectors/scans/khong-trang.pdf", "pdf-broken"),
    ("tests/vectors/scans/cut-duoi.pdf", "pdf-broken"),
    ("tests/vectors/scans/rong.pdf", "empty-file"),
    ("tests/vectors/scans/khong-phai-pdf.pdf", "type-not-accepted"),
    ("tests/vectors/scans/fax-g3-2d.tif", "image-broken"),
    ("tests/vectors/scans/bang-mau.tif", "image-broken"),
    ("tests/vectors/scans/mat-mau-rieng.tif", "image-broken"),
];

/// R35, R36: inspection and composing refuse the same files with the same code, and say why in both languages.
#[test]
fn each_refusal_has_its_code() {
    for (name, code) in REFUSED {
        let scan = bytes(name);
        let inspected = compose::inspect(&scan, "").expect_err(name);
        let composed = base(&scan).expect_err(name);
        assert_eq!((inspected.code(), composed.code()), (*code, *code), "{name}");
        assert!(!inspected.vi().is_empty() && !inspected.en().is_empty() && inspected.vi() != inspected.en());
    }
}

/// A signature counts before everything else that is wrong with a file.
#[test]
fn a_signed_form_is_called_signed() {
    assert_eq!(base(&bytes("tests/scans/da-ky.pdf")).expect_err("signed"), Unusable::PdfAlreadySigned);
    assert_eq!(base(&bytes("tests/scans/bieu-mau.pdf")).expect_err("a form"), Unusable::PdfHasForm);
}

/// A file must be what it was declared to be.
#[test]
fn the_declared_type_is_held_against_the_bytes() {
    let (photo, pdf) = (bytes("tests/vectors/scans/exif-1.jpg"), bytes("tests/scans/cairo.pdf"));
    for (scan, declared, fits) in [
        (&photo, "image/jpeg", true),
        (&photo, "IMAGE/JPEG; q=1", true),
        (&photo, "application/octet-stream", true),
        (&photo, "image/png", false),
        (&photo, "application/pdf", false),
        (&pdf, "application/pdf", true),
        (&pdf, "image/tiff", false),
        (&pdf, "text/html", false),
    ] {
        let code = compose::inspect(scan, declared).err().map(|error| error.code());
        assert_eq!(code, (!fits).then_some("type-not-accepted"), "{declared}");
    }
}

/// Nothing to copy is nothing to attest.
#[test]
fn no_scan_is_an_empty_file() {
    assert_eq!(compose::base(&spec(Vec::new(), Placement::Auto)).expect_err("nothing").code(), "empty-file");
    let photo = bytes("tests/vectors/scans/exif-1.jpg");
    assert_eq!(
        compose::base(&spec(vec![&photo, b""], Placement::Auto)).expect_err("one is empty").code(),
        "empty-file"
    );
}
