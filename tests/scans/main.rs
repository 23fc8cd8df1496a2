//! Every scan that intake accepts becomes a copy with both signatures, time-stamps and evidence, which the judge calls valid.
//!
//! The copies stay in `target/tmp/scans`, with a list of where the wording stands: `tests/judges/test_scans.py` draws them and holds every page
//! against its input.

mod table;

use std::path::Path;

use compose::{BaseSpec, Placement, Wording};
use pades::{Policy, Profile, Verdict};
use serde_json::{Value, json};
use table::{Row, bytes, rows};
use testkit::{office, receive, request_seal, sign_until, submit, sweep, trees};

fn wording(row: &Row) -> Wording {
    Wording {
        template_id: "default".into(),
        unit_name: "ỦY BAN NHÂN DÂN XÃ MẪU".into(),
        place: "Xã Mẫu".into(),
        leader_title_line: "KT. CHỦ TỊCH / PHÓ CHỦ TỊCH".into(),
        leader_name: "Nguyễn Văn Mẫu".into(),
        document_title: row.what.chars().take(80).collect(),
        document_pages: 1,
        room: compose::Room::default(),
    }
}

/// What intake makes of the files; without the mark of the sandbox, which stands in the margin of every page.
fn composed(row: &Row) -> compose::Base {
    let scans: Vec<Vec<u8>> = row.files.iter().map(|file| bytes(file)).collect();
    let spec = BaseSpec {
        scans: scans.iter().map(Vec::as_slice).collect(),
        wording: wording(row),
        placement: Placement::Auto,
        sandbox_mark: false,
        created: "2026-11-23T14:05:31+07:00".into(),
        document_id: [7; 16],
    };
    compose::base(&spec).unwrap_or_else(|unusable| panic!("{}: {unusable}", row.name()))
}

/// From the leader's desk to the archive.
fn archived(base: Vec<u8>) -> (Vec<u8>, i64) {
    let world = office();
    let copy = receive(&world, 1);
    submit(&world, &copy, base);
    sign_until(&world, &copy);
    request_seal(&world, std::slice::from_ref(&copy)).expect("a signed copy");
    sweep(&world);
    let files = world.paths("numbers/").into_iter().filter_map(|path| world.object(&path));
    let file = files.max_by_key(|file| file.len()).expect("an archived copy");
    (file.to_vec(), world.now().as_second())
}

/// Makes the copy of a row, has it judged, and leaves it in the folder.
fn copy(row: &Row, name: &str, folder: &Path) -> Value {
    let base = composed(row);
    let (file, at) = archived(base.pdf);
    let (anchors, extra) = (trees().anchors(), pki::path::Evidence::default());
    let policy =
        Policy { anchors: &anchors, at, profile: Profile::Ecopy, extra: &extra, register: None, test_anchors: true };
    let report = pades::judge(&file, name, &policy);
    assert_eq!(report.verdict, Verdict::Valid, "{}: {:#?}", row.name(), report.reasons);
    std::fs::write(folder.join(name), &file).expect("a place for copies");
    let place = base.placement;
    json!({
        "files": row.files, "pdf": name, "pages": base.pages, "not_archival": base.not_archival.map(compose::NotArchival::code),
        "placement": {"page": place.page, "x": place.x, "y": place.y, "w": place.w, "h": place.h, "added_page": place.added_page},
    })
}

/// R35–R53 for every kind of scan.
#[test]
fn accepted_scans_become_valid_copies() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("scans");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).expect("an old folder goes away");
    }
    std::fs::create_dir_all(&folder).expect("a place for copies");
    let (_, rows) = rows();
    let accepted: Vec<&Row> = rows.iter().filter(|row| row.outcome == "accepted").collect();
    assert!(accepted.len() > 100, "the table is read whole");
    let made: Vec<Value> =
        accepted.iter().enumerate().map(|(at, row)| copy(row, &format!("{:03}.pdf", at + 1), &folder)).collect();
    // Last: who finds the list finds every copy.
    std::fs::write(folder.join("index.json"), Value::from(made).to_string()).expect("a place for copies");
}
