//! What is drawn before anybody is asked to sign: the same as will be drawn afterwards.

use casework::Workshop as _;
use casework::workshop::{self, LeaderMark, SealMark};
use compose::Unusable;
use domain::ids::CopyId;
use domain::model::{Look, Number, Unit, User};
use domain::series::{Series, Written};
use testkit::*;

fn spec<'s>(scan: &'s [u8], look: &Look, unit: &Unit) -> compose::BaseSpec<'s> {
    compose::BaseSpec {
        scans: vec![scan],
        wording: compose::Wording {
            template_id: "default".into(),
            unit_name: unit.name.to_uppercase(),
            place: unit.place.clone(),
            leader_title_line: look.title.text(),
            leader_name: look.name.clone(),
            document_title: "Bằng tốt nghiệp".into(),
            document_pages: 1,
            room: compose::Room::default(),
        },
        placement: compose::Placement::Auto,
        sandbox_mark: true,
        created: "2026-11-23T14:05:31+07:00".into(),
        document_id: [7; 16],
    }
}

fn rehearsed(leader: &User, unit: &Unit) -> Result<compose::Base, Unusable> {
    let look = Look::of(leader, unit).expect("a mandate");
    let scan = scan("Ban chinh");
    workshop::base(&spec(&scan, &look, unit), (&CopyId::new([1; 16]), &look), (leader, unit), NOW)
}

/// With the longest number of the series that holds, in the fields as they are read from the file.
fn both_are_made(base: &compose::Base, leader: &User, unit: &Unit) {
    let look = Look::of(leader, unit).expect("a mandate");
    let held = pades::Held::whole(&base.pdf);
    let mark = LeaderMark { leader, look: &look, picture: None, unit, token_room: 0, at: NOW };
    bench().prepare_leader(&held, &mark).expect("the leader's revision");
    let Series { suffix, book, written } = unit.series_on(domain::time::day(NOW));
    let number = Number { number: u32::MAX, book, year: 2026, suffix };
    let (copy, qr) = (CopyId::new([1; 16]), "a".repeat(compose::QR_BYTES));
    let mark = SealMark {
        unit,
        number: &number,
        written: &written,
        unit_name: &unit.name,
        picture: None,
        copy: &copy,
        token_room: 0,
        decided_at: NOW,
        qr: &qr,
    };
    bench().prepare_seal(&held, &mark).expect("the seal's revision");
}

/// R37, R46: names of every length: what is taken at submission can be signed and sealed, and what could not be is refused there.
#[test]
fn what_is_taken_can_be_drawn() {
    let world = office();
    let (leader, unit) = (user_of(&world, &people::leader()), unit_of(&world));
    let long = "Ủy ban nhân dân phường Nguyễn Thượng Hiền thuộc thành phố trực thuộc trung ương ".repeat(5);
    let (mut taken, mut refused) = (0, 0_u32);
    for length in (1..400).step_by(7) {
        let name: String = long.chars().take(length).collect();
        let unit = Unit { name, ..unit.clone() };
        match rehearsed(&leader, &unit) {
            Ok(base) => {
                both_are_made(&base, &leader, &unit);
                taken = length;
            }
            Err(Unusable::TextUnusable(_)) => refused += 1,
            Err(other) => panic!("{length}: {other}"),
        }
    }
    println!("names of {taken} letters are taken, {refused} longer ones not");
    assert!(taken >= 100 && refused > 0);
}

/// Small letters whose capitals are usual and that are not usual themselves: the wording is set in capitals, the signatures are not.
#[test]
fn letters_are_looked_at_as_they_will_be_set() {
    let world = office();
    let (leader, unit) = (user_of(&world, &people::leader()), unit_of(&world));
    for letter in ["ß", "ı", "ſ", "ﬀ"] {
        let unit = Unit { name: format!("Ủy ban {letter}"), ..unit.clone() };
        let look = Look::of(&leader, &unit).expect("a mandate");
        assert!(compose::base(&spec(&scan("Ban chinh"), &look, &unit)).is_ok(), "{letter} hides behind its capital");
        let told = rehearsed(&leader, &unit).map(|_| ()).expect_err("refused");
        assert!(matches!(told, Unusable::TextUnusable(_)), "{letter}: {told}");
    }
}

/// R47: every series that is settled for later is looked at, too, and one that is over is not.
#[test]
fn series_that_are_settled_are_looked_at() {
    let world = office();
    let (leader, unit) = (user_of(&world, &people::leader()), unit_of(&world));
    let row = |from: &str, suffix: &str| {
        let series = Series { suffix: suffix.into(), book: "01".into(), written: Written::default() };
        (from.parse().expect("literal"), series)
    };
    let with = |rows: Vec<_>| rehearsed(&leader, &Unit { later_series: rows, ..unit.clone() }).map(|_| ());
    let told = Err(Unusable::TextUnusable("suffix".into()));
    assert_eq!(with(vec![row("2030-01-01", "SCTĐT/BS")]), Ok(()));
    assert_eq!(with(vec![row("2030-01-01", "漢")]), told);
    assert_eq!(with(vec![row("2029-01-01", "漢"), row("2030-01-01", "SCT/BS")]), told);
    assert_eq!(with(vec![row("2020-01-01", "漢")]), told, "it holds today");
    assert_eq!(with(vec![row("2020-01-01", "漢"), row("2021-01-01", "SCT/BS")]), Ok(()));
}

/// A white page of so many points that is one picture, as a PDF.
fn white(wide: u32, high: u32) -> Vec<u8> {
    let content = format!("q {wide} 0 0 {high} 0 0 cm /Im Do Q");
    let picture =
        "/Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceGray/BitsPerComponent 8/Decode[1 0]/Length 1";
    let page = format!(
        "/Type/Page/Parent 2 0 R/MediaBox[0 0 {wide} {high}]/Resources<</XObject<</Im 5 0 R>>>>/Contents 4 0 R"
    );
    let mut file = "%PDF-1.7\n".to_owned();
    let mut table = "xref\n0 6\n0000000000 65535 f \n".to_owned();
    for (number, object) in (1..).zip([
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        "<</Type/Pages/Count 1/Kids[3 0 R]>>".to_owned(),
        format!("<<{page}>>"),
        format!("<</Length {}>>\nstream\n{content}\nendstream", content.len()),
        format!("<<{picture}>>\nstream\n!\nendstream"),
    ]) {
        table.push_str(&format!("{:010} 00000 n \n", file.len()));
        file.push_str(&format!("{number} 0 obj\n{object}\nendobj\n"));
    }
    let start = file.len();
    format!("{file}{table}trailer\n<</Size 6/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n").into_bytes()
}

/// R37: no number is spent on a copy that our own judge would call invalid: on a low page the seal's field takes more than a quarter.
#[test]
fn a_place_that_a_judge_refuses_is_refused_before() {
    let world = office();
    let (leader, unit) = (user_of(&world, &people::leader()), unit_of(&world));
    let look = Look::of(&leader, &unit).expect("a mandate");
    let (mut taken, mut refused) = (0, 0);
    for (wide, high) in [(500, 320), (700, 180), (842, 180), (1000, 180), (1190, 180)] {
        let scan = white(wide, high);
        let (w, h) = (wide as f32, high as f32);
        let placement = compose::Placement::At { page: 1, x: 0.0, y: 0.0, w, h };
        let spec = compose::BaseSpec { placement, ..spec(&scan, &look, &unit) };
        let free = compose::base(&spec).map(|base| pades::fields_stand_free(&pades::Held::whole(&base.pdf)));
        let free = free.expect("a base").expect("a base that can be signed");
        let of = (&CopyId::new([1; 16]), &look);
        let made = workshop::base(&spec, of, (&leader, &unit), NOW).map(|_| ());
        assert_eq!(made, if free { Ok(()) } else { Err(Unusable::PlacementCoversContent) }, "{wide} by {high}");
        *(if free { &mut taken } else { &mut refused }) += 1;
    }
    println!("{taken} places are taken, {refused} are not");
    assert!(taken > 0 && refused > 0);
}
