//! What a signature's field shows: a content stream over typefaces that stand in the file already, and one picture (decision 26).

use pades::{Appearance, Error, Pixels, SignaturePlan, prepare};

use crate::common::*;

fn prepared(pki: &Pki, drawn: Appearance<'_>) -> Result<Vec<u8>, Error> {
    let plan = SignaturePlan {
        field: "Leader",
        chain: &pki.leader.chain,
        name: "Nguyễn Văn Mẫu",
        reason: "",
        location: "",
        signed_at: "D:20261123140531+07'00'",
        appearance: Some(drawn),
        token_room: 0,
        ecopy: None,
    };
    prepare(&base(), &plan).map(|prepared| prepared.file)
}

/// A typeface that the file does not have is not replaced by another, and a picture has as many pixels as it says.
#[test]
fn what_is_not_there_is_not_drawn() {
    let pki = Pki::new();
    let (rgb, alpha) = ([200_u8, 16, 30, 16, 52, 150], [255_u8, 0]);
    let pixels = Pixels { name: "Picture", width: 2, height: 1, rgb: &rgb, alpha: &alpha };
    let plain = appearance();
    let absent = Appearance { typefaces: &["CTDT-Regular"], ..plain };
    assert!(matches!(prepared(&pki, absent), Err(Error::Unsuitable(_))));
    for wrong in [
        Pixels { width: 3, ..pixels },
        Pixels { height: 2, ..pixels },
        Pixels { rgb: &rgb[1..], ..pixels },
        Pixels { alpha: &alpha[1..], ..pixels },
        Pixels { width: u32::MAX, height: u32::MAX, ..pixels },
    ] {
        assert!(
            matches!(prepared(&pki, Appearance { picture: Some(wrong), ..plain }), Err(Error::Plan(_))),
            "{wrong:?}"
        );
    }
    let file = prepared(&pki, Appearance { picture: Some(pixels), ..plain }).expect("prepared");
    let text = String::from_utf8_lossy(&file);
    for part in ["/XObject <</Picture ", "/SMask ", "/BBox ["] {
        assert!(text.contains(part), "{part}");
    }
}
