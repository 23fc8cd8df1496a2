//! Every fate of every call, on the way from the request for a seal to the delivered copy.
//!
//! Limits.md F1, F2, F3, F13, F14; I1, I2, I3, I5, I8, I9, I10, I11, I16.

use std::ops::Range;

use domain::ids::CopyId;
use domain::model::Topic;
use testkit::*;

use crate::{archived, finish, house_findings, number, state};

const COPY: u8 = 1;

/// A copy whose seal was requested.
fn requested() -> (World, CopyId) {
    let world = office();
    let copy = signed(&world, COPY);
    request_seal(&world, std::slice::from_ref(&copy)).expect("a signed copy");
    (world, copy)
}

/// Does what waits under one topic until nothing does, without a fault.
fn settle(world: &World, topic: Topic) {
    while let Some(item) = waiting(world).into_iter().find(|item| item.topic == topic) {
        run(work(world, &item)).expect("work without faults");
    }
}

/// Tries every script over the window, and asserts at every end: one number, one file.
fn up_to_the_seal(world: &World, copy: &CopyId, window: Range<usize>, faults: usize) -> Tried {
    every_fate(world, window, faults, |world| {
        until_sealed(world, copy);
        examine(world);
        assert_eq!((number(world, copy), world.look(|table| table.entries.len())), (Some(1), 1));
        assert_eq!(world.paths("numbers/").len(), 1);
    })
}

/// R46, R47, I1–I5, F1, F2: the full product of {works, lost, happened but the answer was lost} over the first nine calls of
/// numbering: 3^9 = 19,683 scripts.
#[test]
fn the_full_product_over_the_first_nine_calls_of_numbering() {
    let (world, copy) = requested();
    let tried = up_to_the_seal(&world, &copy, 0..9, 9);
    assert_eq!(tried.scripts, 19_683, "{tried:?}");
}

/// I5, F1, F2: the same over the first nine calls once the number is spent: preparing, storing, signing, recording.
#[test]
fn the_full_product_over_the_first_nine_calls_of_sealing() {
    let (world, copy) = requested();
    let tried = up_to_the_seal(&world, &copy, 7..16, 9);
    assert_eq!(tried.scripts, 19_683, "{tried:?}");
}

/// I5, F2, F11: the same over the first nine calls of time-stamping and embedding the seal.
#[test]
fn the_full_product_over_the_first_nine_calls_of_finishing_the_seal() {
    let (world, copy) = requested();
    settle(&world, Topic::Seal);
    let tried = up_to_the_seal(&world, &copy, 0..9, 9);
    assert_eq!(tried.scripts, 19_683, "{tried:?}");
}

/// I11, I16, F1, F2: one fault, and every pair of faults, anywhere between the request and the sealed copy.
#[test]
fn all_singles_and_pairs_up_to_the_seal() {
    let (world, copy) = requested();
    let tried = up_to_the_seal(&world, &copy, 0..usize::MAX, 2);
    assert!(tried.runs > 500, "{tried:?}");
}

/// I7, I10, I11, F1, F2: one fault, and every pair of faults, anywhere between the sealed and the delivered copy.
#[test]
fn all_singles_and_pairs_from_the_seal_to_the_delivery() {
    let (world, copy) = requested();
    settle(&world, Topic::Seal);
    settle(&world, Topic::FinishSeal);
    let tried = every_fate(&world, 0..usize::MAX, 2, |world| {
        finish(world);
        assert_eq!((number(world, &copy), state(world, &copy)), (Some(1), "sealed"));
        assert_eq!(world.paths("numbers/").len(), 2, "one sealed object and one archived one");
        assert!(archived(world, &copy).is_some());
        assert_eq!(world.look(|table| table.deliveries.len()), 1);
    });
    assert!(tried.runs > 200, "{tried:?}");
}

/// F1, F13: killed at every await point, before and after every effect; whoever comes next takes the next step.
#[test]
fn killed_at_every_step() {
    for topic in [Topic::Seal, Topic::FinishSeal, Topic::Archive, Topic::Deliver] {
        let (world, copy) = requested();
        Topic::ALL
            .into_iter()
            .skip_while(|before| *before != Topic::Seal)
            .take_while(|before| *before != topic)
            .for_each(|before| settle(&world, before));
        let item = due_first(&world, topic);
        for steps in 0.. {
            let world = world.clone();
            let ended = run_for(work(&world, &item), steps);
            finish(&world);
            assert_eq!((number(&world, &copy), archived(&world, &copy).is_some()), (Some(1), true));
            assert_eq!(house_findings(&world, 2026), vec![]);
            if ended {
                assert!(steps > 3, "{topic:?} ends after {steps} steps");
                break;
            }
        }
    }
}

/// F2, F21, I11: the request for a seal itself is lost or its answer is; whoever asks again when the copy still waits gets one
/// session, one number.
#[test]
fn all_singles_and_pairs_of_the_request() {
    let world = office();
    let copy = signed(&world, COPY);
    let tried = every_fate(&world, 0..usize::MAX, 2, |world| {
        while state(world, &copy) == "signed" {
            drop(request_seal(world, std::slice::from_ref(&copy)));
        }
        until_sealed(world, &copy);
        examine(world);
        assert_eq!((number(world, &copy), world.look(|table| table.sessions.len())), (Some(1), 1));
    });
    assert!(tried.runs > 500, "{tried:?}");
}

/// F3, F4, I10: every event of the stream comes again, in the order and against it, at once and three days later; nothing
/// changes, and nobody gets a second letter.
#[test]
fn events_that_come_again_change_nothing() {
    let (world, copy) = requested();
    finish(&world);
    let before = (copy_of(&world, &copy), world.letters(), world.paths(""));
    let stream = world.look(|table| table.stream.clone());
    assert!(stream.len() >= 4, "{stream:?}");
    for days in [0, 3] {
        world.wait(jiff::SignedDuration::from_hours(24 * days));
        for item in stream.iter().chain(stream.iter().rev()) {
            run(work(&world, item)).expect("nothing to do");
        }
    }
    examine(&world);
    assert_eq!((copy_of(&world, &copy), world.letters(), world.paths("")), before);
    assert!(settled(&world));
}

/// F4, I10: an event that comes before its time finds nothing to do, and the work is done all the same.
#[test]
fn events_that_come_too_early_do_no_harm() {
    let (world, copy) = requested();
    let seal = the_work(&world, Topic::Seal);
    for topic in Topic::ALL {
        let early = domain::model::Outbox { topic, subject: copy.to_string(), ..seal.clone() };
        let early = domain::model::Outbox { id: domain::ids::EventId::new([9; 16]), ..early };
        run(work(&world, &early)).expect("nothing to do yet");
        assert_eq!(state(&world, &copy), "seal_requested");
    }
    finish(&world);
    assert_eq!((number(&world, &copy), archived(&world, &copy).is_some()), (Some(1), true));
}

/// House rule 7: whoever comes after somebody who was killed between creating a file and recording it looks first: nothing is
/// asked of anybody outside again, and the file that is there is the one.
#[test]
fn who_comes_later_looks_first() {
    for (topic, ending) in [(Topic::FinishSeal, "-sealed.pdf"), (Topic::Archive, "-archived.pdf")] {
        let (world, copy) = requested();
        Topic::ALL.into_iter().skip(1).take_while(|before| *before != topic).for_each(|before| settle(&world, before));
        let item = the_work(&world, topic);
        let there = |world: &World| world.paths("numbers/").into_iter().find(|path| path.ends_with(ending));
        let steps = (1..).find(|steps| {
            let world = world.clone();
            run_for(work(&world, &item), *steps);
            there(&world).is_some()
        });
        assert!(!run_for(work(&world, &item), steps.expect("the file is created")));
        let file = world.object(&there(&world).expect("the file"));
        world.habits(|habits| (habits.tsa, habits.ocsp, habits.crl) = (Habit::Silent, Habit::Silent, Habit::Silent));
        // Whoever was killed had taken the work for as long as it could have lived.
        world.wait(casework::augment::LEASE);
        run(work(&world, &the_work(&world, topic))).expect("nothing is asked of anybody");
        let recorded = copy_of(&world, &copy).state.file().and_then(|file| world.object(&file.path));
        assert!(file.is_some() && recorded == file, "{topic:?}: {}", state(&world, &copy));
        examine(&world);
    }
}

/// R48: the copies of one request get their numbers in their order, and twenty of them fit into one transaction.
#[test]
fn a_batch_of_twenty_is_numbered_in_its_order() {
    let world = office();
    let copies: Vec<CopyId> = (1..=20).map(|n| signed(&world, n)).collect();
    request_seal(&world, &copies).expect("twenty signed copies");
    finish(&world);
    let numbers: Vec<Option<u32>> = copies.iter().map(|copy| number(&world, copy)).collect();
    assert_eq!(numbers, (1..=20).map(Some).collect::<Vec<_>>());
}
