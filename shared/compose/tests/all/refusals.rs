//! What must not become a page, each with the code that the HTTP API promises (api.md row 25).

use compose::{Placement, Unusable};

use crate::read::{base, bytes, spec};
use crate::table::list::{self, rows};

/// R35, R36: inspection and composing refuse the same files with the same code (the table holds which), and say why in both languages.
#[test]
fn each_refusal_is_said_in_both_languages() {
    let (_, rows) = rows();
    let refused: Vec<_> = rows.into_iter().filter(|row| row.outcome != "accepted" && row.files.len() == 1).collect();
    assert!(refused.len() > 50);
    for row in refused {
        let scan = list::bytes(&row.name());
        let inspected = compose::inspect(&scan, "").expect_err(&row.name());
        let composed = base(&scan).expect_err(&row.name());
        assert_eq!((inspected.code(), composed.code()), (row.outcome.as_str(), row.outcome.as_str()), "{}", row.name());
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

/// Decision 32: 100 MB and 300 pages, of one file and of all files of a document together.
#[test]
fn a_document_has_one_limit() {
    let half = vec![0xFF; 51 << 20];
    let whole = vec![0xFF; (100 << 20) + 1];
    assert_eq!(compose::inspect(&whole, "").expect_err("over the limit").code(), "file-too-large");
    let code = |scans| compose::base(&spec(scans, Placement::Auto)).expect_err("refused").code();
    assert_eq!(code(vec![&whole]), "file-too-large");
    assert_eq!(code(vec![&half, &half]), "file-too-large");
    assert_eq!(code(vec![&half]), "type-not-accepted", "51 MB are not too large");
    let (most, one) = (bytes("tests/vectors/scans/300-trang.pdf"), bytes("tests/vectors/scans/the.jpg"));
    assert_eq!(code(vec![&most, &one]), "too-many-pages");
}

/// A sound file at which a decoder of others stumbles is answered (an assertion of tiff 0.11.3); and it is not called damaged.
#[test]
fn tiles_are_not_called_damage() {
    for name in ["o-gach-mat-mau-rieng.tif", "o-gach-g4.tif"] {
        let scan = bytes(&format!("tests/vectors/scans/{name}"));
        for refused in [compose::inspect(&scan, "").map(|_| ()), base(&scan).map(|_| ())] {
            assert!(matches!(refused, Err(Unusable::ImageCoding(_))), "{name}: {refused:?}");
        }
    }
}
