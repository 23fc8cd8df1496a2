//! The turn of the year (limits.md §2.3, 6; F7).

use domain::copy::CopyState;
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
