//! The turn of the year (limits.md §2.3, 6; F7).

use domain::copy::CopyState;
use domain::model::{Topic, Unit};
use domain::ports::Write;
use domain::series::{Series, Written};
use jiff::Timestamp;
use testkit::*;

use crate::{finish, house_findings};

fn at(text: &str) -> Timestamp {
    text.parse().expect("a literal")
}

/// R47, F7: 31 December 16:59:59Z is still the old year in Viet Nam, 17:00:00Z is the new one; the stored moment decides,
/// however late the work is done.
#[test]
fn the_legal_year_is_that_of_the_request() {
    let world = office();
    let copies = [signed(&world, 1), signed(&world, 2), signed(&world, 3)];
    world.set_now(at("2026-12-31T16:59:58Z"));
    request_seal(&world, &copies[..1]).expect("a signed copy");
    finish(&world);
    world.set_now(at("2026-12-31T16:59:59Z"));
    request_seal(&world, &copies[1..2]).expect("a signed copy");
    world.set_now(at("2026-12-31T17:00:00Z"));
    request_seal(&world, &copies[2..]).expect("a signed copy");
    // Both are numbered in the new year, the later one perhaps first.
    finish(&world);
    let texts: Vec<String> =
        copies.iter().filter_map(|copy| Some(copy_of(&world, copy).state.number()?.text())).collect();
    let wanted = ["1, quyển số 01/2026 - SCT/BS", "2, quyển số 01/2026 - SCT/BS", "1, quyển số 01/2027 - SCT/BS"];
    assert_eq!(texts, wanted);
    assert_eq!((house_findings(&world, 2026), house_findings(&world, 2027)), (vec![], vec![]));
}

/// F7: a clock that steps back between two steps holds nothing up for longer than it stepped, and the stored moment stays.
#[test]
fn a_clock_that_steps_back() {
    let world = office();
    let copy = signed(&world, 1);
    world.set_now(at("2026-12-31T17:05:00Z"));
    request_seal(&world, std::slice::from_ref(&copy)).expect("a signed copy");
    world.set_now(at("2026-12-31T16:55:00Z"));
    finish(&world);
    let CopyState::Sealed { number, .. } = copy_of(&world, &copy).state else { panic!("not sealed") };
    assert_eq!((number.number, number.year), (1, 2027));
}

/// R47: a number is shown by the forms that it was given by, whatever stands in the office's settings when it is sealed.
#[test]
fn a_number_keeps_the_forms_that_it_was_given_by() {
    let world = office();
    let copy = signed(&world, 1);
    request_seal(&world, std::slice::from_ref(&copy)).expect("a signed copy");
    world.habits(|habits| habits.key = Habit::Silent);
    let order = due_first(&world, Topic::Seal);
    assert!(run(work(&world, &order)).is_err(), "the number is spent, and nothing is sealed");
    let CopyState::Numbered { number, prepared: None, .. } = copy_of(&world, &copy).state else {
        panic!("not numbered")
    };
    world.habits(|habits| habits.key = Habit::Right);
    let sealed = |world: &World| {
        finish(world);
        let CopyState::Sealed { sealed, .. } = copy_of(world, &copy).state else { panic!("not sealed") };
        sealed.sha256
    };
    let changed = world.clone();
    let written = Written::parse("{nn}/ĐT", "ngày {d} tháng {m} năm {yyyy}").expect("readable");
    let series = Series { suffix: number.suffix, book: number.book, written };
    let unit = Unit { later_series: vec![("2026-01-01".parse().expect("literal"), series)], ..unit_of(&changed) };
    changed.seed(vec![Write::Unit(unit)]);
    assert_eq!(sealed(&changed), sealed(&world));
}
