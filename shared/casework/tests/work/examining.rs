//! What the examiner finds: each wrong thing, once.

use domain::copy::CopyState;
use domain::model::*;
use domain::ports::Write;
use jiff::SignedDuration;
use testkit::*;

use super::{archived, found, key_has_signed, public_of, sealed};

#[test]
fn an_empty_series_has_no_faults() {
    assert_eq!(found(&office()), []);
}

/// I3: a gap, and a line beyond the counter.
#[test]
fn the_register_is_counted() {
    let world = office();
    archived(&world, 1);
    let counter = Counter { unit: people::unit(), suffix: "SCT/BS".into(), year: 2026, last: 2 };
    world.seed(vec![Write::Counter(counter.clone())]);
    assert_eq!(found(&world), [(2, "number-missing")]);
    let number = Number { number: 3, book: "01".into(), year: 2026, suffix: "SCT/BS".into() };
    let (copy, case) = (people::copy(1), people::case(1));
    let entry = Entry { unit: people::unit(), number, copy, case, written: None, at: world.now() };
    world.seed(vec![Write::Entry(entry)]);
    assert_eq!(found(&world), [(2, "number-missing"), (3, "number-beyond-counter")]);
    world.seed(vec![Write::Counter(Counter { last: 3, ..counter })]);
    assert_eq!(found(&world), [(2, "number-missing"), (3, "copy-twice"), (3, "copy-differs")].to_vec().as_slice());
}

/// I6, F18: one bit of a file, in the seal or after it.
#[test]
fn every_bit_counts() {
    let world = office();
    let id = archived(&world, 1);
    let CopyState::Sealed { sealed, archived: Some(archived), .. } = copy_of(&world, &id).state else { panic!() };
    for file in [&sealed, &archived] {
        let at = usize::try_from(file.size / 2).expect("small");
        world.flip(&file.path, at);
        assert!(found(&world).contains(&(1, "object-differs")), "{}", file.path);
        world.flip(&file.path, at);
        assert_eq!(found(&world), []);
    }
}

/// I6: what the public reads is what is stored.
#[test]
fn public_facts_are_compared() {
    let world = office();
    let id = archived(&world, 1);
    let public = public_of(&world, &id);
    let wrong = PublicCopy { digests: vec![[7; 32]], version: public.version + 1, ..public.clone() };
    world.seed(vec![Write::PublicCopy(wrong)]);
    assert_eq!(found(&world), [(1, "public-differs")]);
    let annulled = PublicCopy { annulled_at: Some(world.now()), version: public.version + 2, ..public.clone() };
    world.seed(vec![Write::PublicCopy(annulled)]);
    assert_eq!(found(&world), [(1, "public-differs")]);
    let annulled_by = Some(people::annulment(world.now()).decision);
    world.seed(vec![Write::PublicCopy(PublicCopy { annulled_by, version: public.version + 3, ..public })]);
    assert_eq!(found(&world), [(1, "public-differs")]);
}

/// I16: work in progress is no fault, work that stands still is one.
#[test]
fn what_waits_too_long_is_found() {
    let world = office();
    key_has_signed(&world, 1);
    assert_eq!(found(&world), []);
    world.wait(SignedDuration::from_secs(15 * 60 + 1));
    assert_eq!(found(&world), [(1, "number-waits")]);

    let world = office();
    sealed(&world, 1);
    assert_eq!(found(&world), []);
    world.wait(SignedDuration::from_secs(15 * 60 + 1));
    assert_eq!(found(&world), [(1, "archive-waits")]);
}

/// R111: an annulled copy is in order, file and all.
#[test]
fn an_annulled_copy_is_in_order() {
    let world = office();
    let id = archived(&world, 1);
    run(casework::numbering::annul(&world, &id, &people::keeper(), &people::annulment(world.now()), world.now()))
        .expect("annulled");
    assert_eq!(found(&world), []);
}

/// I8: a change without a line of history.
#[test]
fn history_is_counted() {
    let world = office();
    let id = archived(&world, 1);
    let copy = copy_of(&world, &id);
    world.seed(vec![Write::Copy(Copy { version: copy.version + 1, ..copy })]);
    assert_eq!(found(&world), [(1, "history-differs")]);
}

/// Decision 18: roots that are not configured trust nothing.
#[test]
fn other_roots_trust_nothing() {
    let world = office();
    archived(&world, 1);
    let unit = unit_of(&world);
    let findings = run(casework::examine::series(&world, &world, &[], &unit, "SCT/BS", 2026, world.now()));
    let findings = findings.expect("answers");
    assert_eq!(findings.iter().map(|one| one.wrong).collect::<Vec<_>>(), [casework::examine::Wrong::FileNotValid]);
    assert!(findings.iter().all(|one| one.to_string().starts_with("số 1: tệp không kiểm tra được là hợp lệ / ")));
}
