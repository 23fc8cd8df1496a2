//! What a copy shows: sealed copies of papers of every shape, with every form of title, every letter of Vietnamese, with and without pictures.
//!
//! The copies stay in `target/tmp/looks`, each beside its base, with a list of what must be read on them: `tests/judges/test_looks.py` draws
//! them, compares and reads, and leaves the pages that carry a wording as pictures.

use std::path::Path;

use casework::Halt;
use casework::office::{self, By};
use compose::{Base, BaseSpec, Placement, Room, Wording};
use domain::ids::{CopyId, UserId};
use domain::model::{Look, Unit, User};
use domain::ports::Write;
use domain::refusal::Refusal;
use domain::series::{Series, Written};
use pades::{Policy, Profile, Verdict};
use serde_json::{Value, json};
use testkit::*;

const SIGNATURE: &[u8] = include_bytes!("chu-ky.png");
const SEAL: &[u8] = include_bytes!("con-dau.png");
const OWN: &str = "CHỦ TỊCH";
const IN_PLACE: &str = "KT. CHỦ TỊCH / PHÓ CHỦ TỊCH";
const AUTHORISED: &str = "TUQ. CHỦ TỊCH / GIÁM ĐỐC TRUNG TÂM PHỤC VỤ HÀNH CHÍNH CÔNG";
const DEMO: &str = "../infra/ctdt/sample/ban-goc.jpg";

/// A paper, and how its copy is made.
struct Case {
    name: &'static str,
    files: Vec<&'static str>,
    title_line: &'static str,
    leader: &'static str,
    document: String,
    pictures: bool,
    /// Another way to write the number.
    number: Option<&'static str>,
}

fn case(name: &'static str, files: &[&'static str]) -> Case {
    Case {
        name,
        files: files.to_vec(),
        title_line: OWN,
        leader: "Nguyễn Văn Mẫu",
        document: "Bằng tốt nghiệp cao đẳng nghề".into(),
        pictures: false,
        number: None,
    }
}

/// The 134 letters with marks: 66 vowels and đ, small and large, in words of six.
fn letters() -> String {
    let mut words = Vec::new();
    for base in ["a", "ă", "â", "e", "ê", "i", "o", "ô", "ơ", "u", "ư", "y"] {
        let small: String =
            ["", "\u{300}", "\u{309}", "\u{303}", "\u{301}", "\u{323}"].map(|m| format!("{base}{m}")).concat();
        words.extend([small.to_uppercase(), small]);
    }
    domain::identity::name(&format!("{} Đđ", words.join(" ")))
}

fn cases() -> Vec<Case> {
    let dozen = "vectors/scans/muoi-hai-trang.tif";
    let full = "vectors/scans/ngay-ngan.jpg";
    vec![
        case("a4-doc", &[DEMO]),
        case("a4-ngang", &["vectors/scans/khong-do-phan-giai.jpg"]),
        case("a3", &["vectors/scans/a3-ngang.jpg"]),
        case("the-can-cuoc", &["vectors/scans/the.jpg"]),
        case("kin-trang", &[full]),
        case("50-trang", &[dozen, dozen, dozen, dozen, full, full]),
        Case { leader: "Đặng Nguyễn Thuỳ Ưỡng Ỷ", document: letters(), ..case("moi-dau", &[DEMO]) },
        Case { title_line: IN_PLACE, ..case("ky-thay", &[DEMO]) },
        Case { title_line: AUTHORISED, number: Some("{nn}/ĐT"), ..case("thua-uy-quyen", &[DEMO]) },
        Case { title_line: IN_PLACE, pictures: true, ..case("co-anh", &[full]) },
        case("quoc-hieu", &["looks/quoc-hieu.jpg"]),
    ]
}

fn file(path: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// An office whose leader signs as the case says.
fn office_for(case: &Case) -> World {
    let world = office();
    let leader = user_of(&world, &people::leader());
    let unit = unit_of(&world);
    let from = "2026-01-01".parse().expect("literal");
    let written = |number: &str| Written::parse(number, "Ngày {dd} tháng {mm} năm {yyyy}").expect("readable");
    let series = |number| Series { suffix: unit.first_suffix.clone(), book: "02".into(), written: written(number) };
    let later_series = case.number.map(|number| (from, series(number))).into_iter().collect();
    world.seed(vec![
        Write::User(User { name: case.leader.into(), mandate: Some(people::mandate(case.title_line)), ..leader }),
        Write::Unit(Unit { later_series, ..unit }),
    ]);
    if case.pictures {
        let (leader, unit) = (user_of(&world, &people::leader()), unit_of(&world));
        let (by, signature, seal) = (by(&leader.id), Some(SIGNATURE.to_vec()), Some(SEAL.to_vec()));
        run(office::show_signature(&world, &world, &leader, signature, by)).expect("a signature");
        run(office::show_seal(&world, &world, &unit, seal, by)).expect("a seal");
    }
    world
}

/// What intake makes of the files (functions/intake, `spec`).
fn composed(case: &Case, world: &World) -> Base {
    let scans: Vec<Vec<u8>> = case.files.iter().map(|path| file(path)).collect();
    let unit = unit_of(world);
    let look = Look::of(&user_of(world, &people::leader()), &unit).expect("a mandate");
    let spec = BaseSpec {
        scans: scans.iter().map(Vec::as_slice).collect(),
        wording: Wording {
            template_id: "default".into(),
            unit_name: unit.name.to_uppercase(),
            place: unit.place,
            leader_title_line: look.title.text(),
            leader_name: look.name,
            document_title: case.document.clone(),
            document_pages: 1,
            room: Room { signature: look.signature_picture.is_some(), seal: look.seal_picture.is_some() },
        },
        placement: Placement::Auto,
        sandbox_mark: false,
        created: "2026-11-23T14:05:31+07:00".into(),
        document_id: [7; 16],
    };
    compose::base(&spec).unwrap_or_else(|unusable| panic!("{}: {unusable}", case.name))
}

/// From the leader's desk to the archive.
fn archived(world: &World, base: &[u8]) -> (Vec<u8>, CopyId) {
    let copy = receive(world, 1);
    submit(world, &copy, base.to_vec());
    sign_until(world, &copy);
    request_seal(world, std::slice::from_ref(&copy)).expect("a signed copy");
    sweep(world);
    let path = copy_of(world, &copy).state.file().expect("a file").path.clone();
    (world.object(&path).expect("the file").to_vec(), copy)
}

/// Makes the copy of a case, has it judged, and leaves it in the folder.
fn made(case: &Case, folder: &Path) -> Value {
    let world = office_for(case);
    let base = composed(case, &world);
    let (copy, _) = archived(&world, &base.pdf);
    let (anchors, extra) = (trees().anchors(), pki::path::Evidence::default());
    let at = world.now().as_second();
    let policy =
        Policy { anchors: &anchors, at, profile: Profile::Ecopy, extra: &extra, register: None, test_anchors: true };
    let report = pades::judge(&copy, case.name, &policy);
    assert_eq!(report.verdict, Verdict::Valid, "{}: {:#?}", case.name, report.reasons);
    let unread = report.reasons.iter().filter(|reason| reason.code.starts_with("wording-"));
    assert_eq!(unread.count(), 0, "{}: {:#?}", case.name, report.reasons);
    let name = format!("{}.pdf", case.name);
    std::fs::write(folder.join(&name), &copy).expect("a place for copies");
    std::fs::write(folder.join(format!("{}.base.pdf", case.name)), &base.pdf).expect("a place for copies");
    let (place, rect) = (base.placement, |rect: compose::Rect| json!([rect.x, rect.y, rect.w, rect.h]));
    let lines: Vec<&str> = case.title_line.split(" / ").collect();
    let number = case
        .number
        .map_or("Số chứng thực: 1 Quyển số: 01/2026 - SCT/BS", |_| "Số chứng thực: 01/ĐT Quyển số: 02/2026 - SCT/BS");
    json!({
        "name": case.name, "files": case.files, "pdf": name, "pages": base.pages, "pictures": case.pictures,
        "archival": base.not_archival.is_none(),
        "placement": {"page": place.page, "x": place.x, "y": place.y, "w": place.w, "h": place.h, "added_page": place.added_page},
        "fields": [rect(base.leader_rect), rect(base.seal_rect)],
        "reads": [
            lines.join(" "), case.leader, case.document, number, "Ngày 23 tháng 11 năm 2026", "CHỨNG THỰC BẢN SAO ĐÚNG VỚI BẢN CHÍNH",
            format!("Người ký: {} Chức danh: {}", case.leader, lines.join(" – ")),
        ],
    })
}

/// R37, R43, R47, R49: every paper becomes a valid copy that says what it must.
#[test]
fn copies_of_every_shape_are_valid() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("looks");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).expect("an old folder goes away");
    }
    std::fs::create_dir_all(&folder).expect("a place for copies");
    assert_eq!(letters().chars().filter(|letter| !letter.is_ascii()).count(), 134);
    let rows: Vec<Value> = cases().iter().map(|case| made(case, &folder)).collect();
    // Last: who finds the list finds every copy.
    std::fs::write(folder.join("index.json"), Value::from(rows).to_string()).expect("a place for copies");
}

/// What makes a preview: the same base for the same leader of the same office.
fn preview_of(world: &World, copy: &CopyId) -> (domain::model::Sha256, Vec<u8>) {
    let preview = open(world, copy).expect("a preview");
    (preview.sha256, preview.tail)
}

/// R37, Q2: a leader who gets another office, another name or another picture after submission signs what was submitted.
#[test]
fn a_later_change_of_office_changes_no_copy() {
    let world = office_for(&Case { title_line: IN_PLACE, pictures: true, ..case("", &[DEMO]) });
    let copy = receive(&world, 1);
    submit(&world, &copy, composed(&case("", &[DEMO]), &world).pdf);
    let before = preview_of(&world, &copy);
    let leader = user_of(&world, &people::leader());
    let without = Unit { seal_picture: None, ..unit_of(&world) };
    let now = |user: User| world.seed(vec![Write::User(user), Write::Unit(without.clone())]);
    // Nobody signs over an office or a name that is not theirs any more: the copy has to be submitted again.
    for other in [
        User { mandate: Some(people::mandate(OWN)), ..leader.clone() },
        User { name: "Nguyễn Mới".into(), ..leader.clone() },
    ] {
        now(other);
        assert!(preview_of(&world, &copy) == before, "the leader is shown something else than was submitted");
        let refused = ask_leader(&world, std::slice::from_ref(&copy)).expect_err("another office");
        assert_eq!(refused, domain::refusal::Reason::MandateExpired.into());
    }
    now(User { signature_picture: None, ..leader });
    assert!(preview_of(&world, &copy) == before, "the leader is shown something else than was submitted");
    sign_until(&world, &copy);
    let kept = copy_of(&world, &copy).look.expect("a look");
    assert_eq!((kept.name.as_str(), kept.title.text().as_str()), ("Nguyễn Văn Mẫu", IN_PLACE));
    assert!(kept.signature_picture.is_some() && kept.seal_picture.is_some());
}

/// Q2: nobody signs before the first day of the mandate or after the last.
#[test]
fn a_mandate_that_is_over_signs_nothing() {
    use domain::refusal::Reason;
    let world = office();
    let copy = receive(&world, 1);
    submit(&world, &copy, composed(&case("", &[DEMO]), &world).pdf);
    open(&world, &copy).expect("a preview");
    let leader = user_of(&world, &people::leader());
    let today = domain::time::day(world.now());
    let ending = |until| {
        let mandate = domain::model::Mandate { until: Some(until), ..people::mandate(OWN) };
        world.seed(vec![Write::User(User { mandate: Some(mandate), ..leader.clone() })]);
        ask_leader(&world, std::slice::from_ref(&copy))
    };
    let over = ending(today.yesterday().expect("a day"));
    assert_eq!(over.expect_err("over"), Reason::MandateExpired.into());
    ending(today).expect("its last day");
}

fn masks(file: &[u8]) -> usize {
    file.windows(6).filter(|window| window == b"/SMask").count()
}

/// R43, R49: pictures are drawn with what is transparent of them; one that is gone or was replaced by something else is left out, and the copy is made.
#[test]
fn a_picture_that_is_gone_holds_up_nobody() {
    let pictured = Case { pictures: true, ..case("", &[DEMO]) };
    let world = office_for(&pictured);
    let (whole, _) = archived(&world, &composed(&pictured, &world).pdf);
    assert_eq!(masks(&whole), 2);
    for digest in [[0x11; 32], [0x22; 32]] {
        let world = office_for(&pictured);
        // Of the second there is something under its name, which is not it.
        world.put_object(&domain::paths::seal_picture(&people::unit(), &[0x22; 32]), SEAL.to_vec());
        world.put_object(&domain::paths::signature_picture(&people::leader(), &[0x22; 32]), SIGNATURE.to_vec());
        let (leader, unit) = (user_of(&world, &people::leader()), unit_of(&world));
        world.seed(vec![
            Write::User(User { signature_picture: Some(digest), ..leader }),
            Write::Unit(Unit { seal_picture: Some(digest), ..unit }),
        ]);
        let (bare, copy) = archived(&world, &composed(&pictured, &world).pdf);
        assert_eq!((masks(&bare), copy_of(&world, &copy).state.name()), (0, "sealed"));
    }
}

/// R43: what is no picture of a signature or seal is refused when it is brought, with the reason, and nothing is kept of it.
#[test]
fn what_is_no_picture_is_refused() {
    let world = office();
    let (leader, unit) = (user_of(&world, &people::leader()), unit_of(&world));
    let demo = file(DEMO);
    for png in [SIGNATURE, &demo] {
        let refused = run(office::show_seal(&world, &world, &unit, Some(png.to_vec()), by(&leader.id)));
        unusable(&refused.expect_err("no seal"));
    }
    for png in [SEAL, &demo] {
        let refused = run(office::show_signature(&world, &world, &leader, Some(png.to_vec()), by(&leader.id)));
        unusable(&refused.expect_err("no signature"));
    }
    assert_eq!((world.paths("units/"), world.paths("users/")), (vec![], vec![]));
    assert_eq!((unit_of(&world), user_of(&world, &leader.id)), (unit, leader));
}

fn unusable(refused: &Halt) {
    assert!(matches!(refused, Halt::Refused(Refusal::Invalid { pointer, .. }) if pointer == "/picture"), "{refused:?}");
}

fn by(user: &UserId) -> By<'_> {
    By { user, now: NOW }
}

/// R43, R104: a change is made once, by whoever saw the last one, with a line in the history; also when the answer is lost, and a picture can be
/// taken away again.
#[test]
fn a_change_is_made_once_and_by_whoever_saw_the_last() {
    let world = office();
    let (admin, before) = (people::keeper(), unit_of(&world));
    let bring = |unit: &Unit, png: Option<&[u8]>| {
        run(office::show_seal(&world, &world, unit, png.map(<[u8]>::to_vec), by(&admin)))
    };
    let after = bring(&before, Some(SEAL)).expect("a seal");
    assert_eq!((&after, after.changed.version), (&unit_of(&world), before.changed.version + 1));
    assert_eq!((after.changed.by.as_ref(), after.changed.at), (Some(&admin), Some(NOW)));
    assert_eq!(bring(&before, None).expect_err("stale"), Refusal::Stale.into());
    let bare = bring(&after, None).expect("taken away");
    assert_eq!((bare.seal_picture, &bare), (None, &unit_of(&world)));
    let lines = [(2, "unit.seal_picture_set".to_owned()), (3, "unit.seal_picture_removed".to_owned())];
    assert_eq!(history(&world, before.id.as_str()), lines);
}

/// I10: whatever becomes of each call, what is told is what stands, and there is no change without its line.
#[test]
fn a_change_survives_every_lost_call_and_answer() {
    let (leader, from) = (people::leader(), "2027-01-01".parse().expect("literal"));
    let series = Series::new("SCTĐT/BS", "01", Written::default()).expect("a series");
    for n in 0..81_usize {
        let fates = [n / 27, n / 9 % 3, n / 3 % 3, n % 3].map(|one| Fate::ALL[one]);
        let world = office();
        let (unit, user) = (unit_of(&world), user_of(&world, &leader));
        world.script(&fates);
        let planned = run(office::plan_series(&world, &unit, vec![(from, series.clone())], by(&leader)));
        world.script(&fates);
        let shown = run(office::show_signature(&world, &world, &user, Some(SIGNATURE.to_vec()), by(&leader)));
        world.script(&[]);
        let (unit_now, user_now) = (unit_of(&world), user_of(&world, &leader));
        assert!(planned.as_ref().ok().is_none_or(|told| *told == unit_now), "{fates:?}");
        assert!(shown.as_ref().ok().is_none_or(|told| *told == user_now), "{fates:?}");
        assert!(planned.is_ok() || !fates.iter().all(|fate| *fate == Fate::Works), "{fates:?}");
        for (subject, version) in
            [(unit.id.as_str(), unit_now.changed.version), (leader.as_str(), user_now.changed.version)]
        {
            let lines = u64::try_from(history(&world, subject).len()).expect("few");
            assert_eq!(lines + 1, version, "{fates:?}");
        }
    }
}

/// The lines about an office or a person.
fn history(world: &World, subject: &str) -> Vec<(u64, String)> {
    let mine = |table: &testkit::Table| {
        let lines = table.events.values().filter(|line| line.subject == subject);
        lines.map(|line| (line.seq, line.action.clone())).collect()
    };
    world.look(mine)
}
