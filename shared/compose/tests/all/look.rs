//! How the result looks, as far as a program can tell: text that comes out again, boxes that do not overlap, fonts inside the file.
//!
//! Uses poppler where it is installed, and says aloud where it is not.

use std::path::PathBuf;
use std::process::Command;

use compose::{Appearance, LeaderText, Placement, SealText, Unusable};
use lopdf::Object;

use crate::read::{base, bytes, read, spec};

const SAMPLE: &str = "infra/ctdt/sample/ban-goc.jpg";
const MARK: &str = "BẢN THỬ NGHIỆM – KHÔNG CÓ GIÁ TRỊ";

/// Runs a program of poppler on a file; `None` where it is not installed.
fn poppler(program: &str, arguments: &[&str], name: &str, pdf: &[u8]) -> Option<String> {
    let path: PathBuf = std::env::temp_dir().join(format!("compose-{}-{name}.pdf", std::process::id()));
    std::fs::write(&path, pdf).expect("a place for temporary files");
    let ran = Command::new(program)
        .args(arguments)
        .arg(&path)
        .args(if program == "pdftotext" { &["-"][..] } else { &[] })
        .output();
    // A file that stays behind in the folder for temporary files harms nobody.
    let _ = std::fs::remove_file(&path);
    let Ok(ran) = ran else {
        eprintln!("LEFT OUT: {program} (poppler-utils) is not installed; the look of {name} was not examined");
        return None;
    };
    assert!(ran.status.success(), "{program} {name}: {}", String::from_utf8_lossy(&ran.stderr));
    Some(String::from_utf8(ran.stdout).expect("UTF-8"))
}

fn leader(size: (f32, f32)) -> Appearance {
    compose::leader_appearance(size, &LEADER).expect("an appearance")
}

/// The base with nothing on its page but what a signature shows, with those of the base's typefaces that it says it names.
fn alone(base: &[u8], drawn: &Appearance) -> Vec<u8> {
    let mut doc = lopdf::Document::load_mem(base).expect("a base");
    let form = doc.catalog().and_then(|catalog| catalog.get_deref(b"AcroForm", &doc)).and_then(Object::as_dict);
    let resources = form.and_then(|form| form.get(b"DR")).and_then(Object::as_dict).expect("resources");
    let here = resources.get(b"Font").and_then(Object::as_dict).expect("typefaces");
    let mut fonts = lopdf::Dictionary::new();
    drawn.typefaces.iter().for_each(|name| fonts.set(*name, here.get(name.as_bytes()).expect("a typeface").clone()));
    let mut resources = lopdf::Dictionary::new();
    resources.set("Font", fonts);
    let content = doc.add_object(lopdf::Stream::new(lopdf::Dictionary::new(), drawn.content.clone()));
    let first = *doc.get_pages().get(&1).expect("a page");
    let page = doc.get_dictionary_mut(first).expect("a page");
    page.set("Contents", content);
    page.set("Resources", resources);
    page.set("MediaBox", vec![0.into(), 0.into(), drawn.size.0.into(), drawn.size.1.into()]);
    page.remove(b"Annots");
    let mut out = Vec::new();
    doc.save_to(&mut out).expect("a file");
    out
}

const LEADER: LeaderText<'_> = LeaderText {
    name: "Nguyễn Văn Mẫu",
    title_line: "KT. CHỦ TỊCH / PHÓ CHỦ TỊCH",
    organisation: Some("UBND xã Thử Nghiệm"),
    signed_at_text: "2026-11-25T14:05:31+07:00",
    picture: None,
};

const SEAL: SealText<'_> = SealText {
    number: "152",
    book: "01/2026",
    suffix: "SCT/BS",
    date_text: "Ngày 25 tháng 11 năm 2026",
    unit_name: "ỦY BAN NHÂN DÂN XÃ THỬ NGHIỆM",
    qr_payload: "HTTPS://CHUNGTHUC.EXAMPLE.VN/Q/AGIPVSX6BUYDAMBOGAYC4MBRFZEDKNACGAYQMU2DKQXUEUYAAAAJQJTCAAAQEAYEAUDAP3ITGKUS6NTDTXUEJDJGIHW6BREDZXPLPY3ISV4ZTSFCPGMAPGMIFXSXJWLFJMKAFR3T5VEC6GWM2VYMIZCA6VAGMRMEK5RDKCU37YFQ",
    picture: None,
};

/// Words with their boxes: left, top, right, bottom.
fn words(bbox: &str) -> Vec<([f32; 4], String)> {
    let word = |line: &str| {
        let line = line.trim().strip_prefix("<word ")?;
        let (attributes, rest) = line.split_once('>')?;
        let numbers: Vec<f32> =
            attributes.split('"').skip(1).step_by(2).filter_map(|number| number.parse().ok()).collect();
        Some((numbers.try_into().ok()?, rest.split('<').next()?.to_owned()))
    };
    bbox.lines().filter_map(word).collect()
}

fn assert_no_overlap(bbox: &str, what: &str) {
    let words = words(bbox);
    assert!(words.len() > 5, "{what}: {bbox}");
    for (at, (one, first)) in words.iter().enumerate() {
        for (other, second) in words.iter().skip(at + 1) {
            // Boxes are as high as the typeface's tallest letters: lines may touch by a little.
            let wide = one[2].min(other[2]) - one[0].max(other[0]);
            let high = one[3].min(other[3]) - one[1].max(other[1]);
            let line = (one[3] - one[1]).min(other[3] - other[1]);
            assert!(wide < 0.5 || high < 0.3 * line, "{what}: “{first}” and “{second}” overlap by {wide} × {high}");
        }
    }
}

/// R37: the wording, with every mark of every letter, comes out of the page again; nothing lies over anything.
#[test]
fn the_wording_reads_as_it_was_written() {
    let scan = bytes(SAMPLE);
    let made = base(&scan).expect("a base");
    let Some(text) = poppler("pdftotext", &["-layout"], "sample", &made.pdf) else { return };
    for wanted in [
        "CHỨNG THỰC BẢN SAO ĐÚNG VỚI BẢN CHÍNH",
        "Giấy chứng nhận mẫu số 000123",
        "KT. CHỦ TỊCH",
        "PHÓ CHỦ TỊCH",
        "Nguyễn Văn Mẫu",
    ] {
        assert!(text.contains(wanted), "“{wanted}” is missing in:\n{text}");
    }
    let bbox = poppler("pdftotext", &["-bbox"], "sample", &made.pdf).expect("installed");
    assert_no_overlap(&bbox, "the sample's page");
    let narrow = compose::base(&spec(vec![&bytes("tests/vectors/scans/exif-1.jpg")], Placement::Auto)).expect("a base");
    let bbox = poppler("pdftotext", &["-bbox", "-f", "2"], "added", &narrow.pdf).expect("installed");
    assert_no_overlap(&bbox, "the added page");
}

/// R47, R49: what the signatures draw reads as it was written.
#[test]
fn appearances_read_as_they_were_written() {
    let made = base(&bytes(SAMPLE)).expect("a base");
    let leader = leader((made.leader_rect.w, made.leader_rect.h));
    let seal = compose::seal_appearance((made.seal_rect.w, made.seal_rect.h), &SEAL).expect("an appearance");
    for (name, drawn, wanted) in [
        (
            "leader",
            &leader,
            vec!["Nguyễn Văn Mẫu", "KT. CHỦ TỊCH – PHÓ CHỦ TỊCH", "UBND xã Thử Nghiệm", "2026-11-25T14:05:31+07:00"],
        ),
        (
            "seal",
            &seal,
            vec!["Số chứng thực: 152", "Quyển số: 01/2026 - SCT/BS", "Ngày 25 tháng 11 năm 2026", "XÃ THỬ NGHIỆM"],
        ),
    ] {
        let pdf = &alone(&made.pdf, drawn);
        let Some(text) = poppler("pdftotext", &["-layout"], name, pdf) else { return };
        for wanted in wanted {
            assert!(text.contains(wanted), "{name}: “{wanted}” is missing in:\n{text}");
        }
        assert_no_overlap(&poppler("pdftotext", &["-bbox"], name, pdf).expect("installed"), name);
    }
}

/// An appearance that cannot be read on paper is refused, not squeezed.
#[test]
fn what_does_not_fit_is_refused() {
    let long = "ỦY BAN NHÂN DÂN ".repeat(20);
    let text = SealText { unit_name: &long, ..SEAL };
    assert!(matches!(compose::seal_appearance((120.0, 40.0), &text), Err(Unusable::TextUnusable(_))));
    assert!(matches!(compose::seal_appearance((10.0, 10.0), &SEAL), Err(Unusable::PlacementOutside)));
    let empty = SealText { qr_payload: "", ..SEAL };
    assert!(matches!(compose::seal_appearance((240.0, 104.0), &empty), Err(Unusable::TextUnusable(_))));
}

/// What the signatures will say is set with letters that stand in every copy. Who cannot be named with them is refused when the base is made, not when a
/// leader has signed; the document's title may have any letter that the typeface has.
#[test]
fn names_have_letters_that_stand_in_every_copy() {
    let scan = bytes(SAMPLE);
    let with = |change: &dyn Fn(&mut compose::Wording)| {
        let mut spec = spec(vec![&scan], Placement::Auto);
        change(&mut spec.wording);
        compose::base(&spec).map(|_| ())
    };
    let refused = |field: &str| Err(Unusable::TextUnusable(field.to_owned()));
    assert_eq!(with(&|wording| wording.leader_name = "Иван Ж".into()), refused("leader_name"));
    assert_eq!(with(&|wording| wording.unit_name = "ОВД".into()), refused("unit_name"));
    assert_eq!(with(&|wording| wording.leader_title_line = "КОНСУЛ".into()), refused("leader_title_line"));
    assert_eq!(with(&|wording| wording.leader_name = "Y Ñuĕ Niê Kđăm".into()), Ok(()));
    assert_eq!(with(&|wording| wording.document_title = "Диплом о высшем образовании".into()), Ok(()));
    let name = LeaderText { name: "Иван Ж", ..LEADER };
    assert_eq!(compose::leader_appearance((180.0, 50.0), &name), Err(Unusable::TextUnusable("name".into())));
}

/// Text that a PDF already had is still text (decision 32), on the page where it was.
#[test]
fn text_of_a_pdf_is_kept() {
    for name in ["libreoffice", "cairo", "ghostscript", "qpdf-object-streams"] {
        let made = base(&bytes(&format!("tests/scans/{name}.pdf"))).expect("a base");
        let Some(text) = poppler("pdftotext", &["-f", "1", "-l", "1"], name, &made.pdf) else { return };
        assert!(text.contains("Giấy xác nhận số 000-MẪU, cấp cho người không có thật."), "{name}:\n{text}");
    }
}

/// Decision 29: in the sandbox every page bears the mark in its margin, and nowhere else does a page bear it.
#[test]
fn every_page_of_the_sandbox_bears_the_mark() {
    let (photo, pdf) = (bytes("tests/vectors/scans/fax-g4.tif"), bytes("tests/scans/libreoffice.pdf"));
    let marked = compose::base(&spec(vec![&photo, &pdf], Placement::Auto)).expect("a base");
    let pages = read(&marked.pdf);
    for page in 0..marked.pages as usize {
        let (_, [_, up, left, _, x, _]) = pages.drawn(page, "Mark");
        assert!(up > 0.0 && left < 0.0 && x < 20.0, "page {}: upwards, in the left margin", page + 1);
    }
    let plain = compose::base(&compose::BaseSpec { sandbox_mark: false, ..spec(vec![&photo], Placement::Auto) })
        .expect("a base");
    let Some(text) = poppler("pdftotext", &["-raw"], "marked", &marked.pdf) else { return };
    // Words that stand upright come one a line.
    assert_eq!(text.replace('\n', " ").matches(MARK).count(), marked.pages as usize, "{text}");
    let text = poppler("pdftotext", &["-raw"], "plain", &plain.pdf).expect("installed");
    assert!(!text.replace('\n', " ").contains(MARK), "{text}");
}

/// Every typeface stands in the file: the copy looks the same in fifty years.
#[test]
fn typefaces_are_embedded() {
    let doc = lopdf::Document::load_mem(&base(&bytes(SAMPLE)).expect("a base").pdf).expect("a PDF");
    let is_descriptor = |dict: &&lopdf::Dictionary| {
        dict.get(b"Type").and_then(Object::as_name).is_ok_and(|name| name == b"FontDescriptor")
    };
    let descriptors: Vec<_> =
        doc.objects.values().filter_map(|object| object.as_dict().ok()).filter(is_descriptor).collect();
    assert_eq!(descriptors.len(), 3, "each cut once, for the wording and the signatures together");
    assert!(descriptors.iter().all(|dict| dict.has(b"FontFile2")));
}

/// R37: the wording goes where there is room, never over content, and an official may choose.
#[test]
fn the_wording_never_covers_content() {
    let scan = bytes(SAMPLE);
    let made = base(&scan).expect("a base");
    let placed = made.placement;
    assert!(
        !placed.added_page && placed.page == 1 && placed.y + placed.h < 300.0,
        "the lower third is free: {placed:?}"
    );
    let choose = |page, x, y, w, h| compose::place(&spec(vec![&scan], Placement::At { page, x, y, w, h }));
    assert_eq!(choose(1, 50.0, 500.0, 480.0, 200.0).expect_err("over the text").code(), "placement-covers-content");
    assert_eq!(choose(1, 300.0, 40.0, 480.0, 200.0).expect_err("over the edge").code(), "validation-failed");
    assert_eq!(choose(1, 50.0, 40.0, 100.0, 200.0).expect_err("too narrow").code(), "validation-failed");
    assert_eq!(choose(9, 50.0, 40.0, 480.0, 200.0).expect_err("no such page").code(), "validation-failed");
    let own = choose(1, placed.x, placed.y, placed.w, placed.h).expect("the place that was found");
    assert_eq!((own.page, own.added_page), (1, false));
    assert!(choose(2, 0.0, 0.0, 0.0, 0.0).expect("a page of its own").added_page);
    assert_eq!(
        compose::place(&spec(vec![&scan], Placement::Auto)).expect("a place"),
        placed,
        "placing is what composing does"
    );
    for field in [made.leader_rect, made.seal_rect] {
        let inside = field.x >= placed.x
            && field.y >= placed.y
            && field.x + field.w <= placed.x + placed.w
            && field.y + field.h <= placed.y + placed.h;
        assert!(inside, "the fields lie in the block");
    }
    let (one, other) = (made.leader_rect, made.seal_rect);
    assert!(one.x >= other.x + other.w || other.x >= one.x + one.w, "the fields do not touch");
}

/// R37: what a viewer shows behind a comment or behind an operator that is none is not written over; an honest comment costs no page.
#[test]
fn text_behind_a_stumbling_block_is_not_written_over() {
    for (name, added) in [("chu-giai-trong-lenh", true), ("lenh-khong-biet", true), ("chu-giai-that", false)] {
        let made = base(&bytes(&format!("tests/vectors/scans/{name}.pdf"))).expect("a base");
        assert_eq!(made.placement.added_page, added, "{name}");
        assert_eq!(made.not_archival.is_some(), added, "{name}");
    }
}

/// R37: faint letters are content, the grain of paper is none.
#[test]
fn faint_text_is_not_written_over() {
    for (name, added) in
        [("chu-nhat.png", true), ("chu-do-nhat.png", true), ("chu-xam.png", true), ("giay-san.jpg", false)]
    {
        let made = base(&bytes(&format!("tests/vectors/scans/{name}"))).expect("a base");
        assert_eq!(made.placement.added_page, added, "{name}");
    }
}
