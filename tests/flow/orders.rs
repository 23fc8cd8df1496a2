//! Every order in which two runs can take their steps, from their first call to their last.
//!
//! Limits.md F3, F8, F14 (a run that sleeps anywhere and wakes up later is one of the orders), F20.

use casework::numbering;
use domain::ids::{CopyId, SessionId};
use domain::model::{Outbox, SessionState, Topic};
use testkit::*;

use crate::{archived, finish, number, state};

/// Does one item of work, whatever comes of it.
fn worker<'w>(world: &'w World, item: &Outbox) -> Run<'w> {
    let item = item.clone();
    Box::pin(async move { drop(work(world, &item).await) })
}

fn requested(copies: u8) -> (World, Vec<CopyId>) {
    let world = office();
    let copies: Vec<CopyId> = (1..=copies).map(|n| signed(&world, n)).collect();
    for copy in &copies {
        request_seal(&world, std::slice::from_ref(copy)).expect("a signed copy");
    }
    (world, copies)
}

/// I1, I2, I5: two sealers of one copy: one number, one file.
#[test]
fn two_sealers_of_one_copy() {
    let (world, copies) = requested(1);
    let item = the_work(&world, Topic::Seal);
    let seen = explore(
        &world,
        2,
        0,
        |world, _| worker(world, &item),
        |world, _| {
            until_sealed(world, &copies[0]);
            examine(world);
            assert_eq!((number(world, &copies[0]), world.look(|table| table.entries.len())), (Some(1), 1));
        },
    );
    assert!(seen.longest > 20, "{seen:?}");
}

/// R47, I1, I3: two copies of one register: the numbers are 1 and 2, whoever is first.
#[test]
fn two_copies_of_one_register() {
    let (world, copies) = requested(2);
    let items = waiting(&world);
    let mut first = std::collections::BTreeSet::new();
    let seen = explore(
        &world,
        2,
        0,
        |world, n| worker(world, &items[n]),
        |world, _| {
            copies.iter().for_each(|copy| until_sealed(world, copy));
            examine(world);
            let numbers: Vec<Option<u32>> = copies.iter().map(|copy| number(world, copy)).collect();
            assert!(numbers == [Some(1), Some(2)] || numbers == [Some(2), Some(1)], "{numbers:?}");
            first.insert(numbers);
        },
    );
    assert!(seen.longest > 20, "{seen:?}");
    assert_eq!(first.len(), 2, "both orders were met");
}

/// Tokens that were asked for since the last script.
fn tokens(world: &World) -> usize {
    world.calls().iter().filter(|call| call.name == "timestamp").count()
}

/// I5: two who time-stamp and embed one seal: whoever takes the work first does it, and nobody pays for a second token. When an answer is
/// lost, both may be at it: their tokens differ, so their files do, and one of them is the file.
#[test]
fn two_who_finish_one_seal() {
    let (world, copies) = requested(1);
    run(work(&world, &the_work(&world, Topic::Seal))).expect("a number");
    let item = the_work(&world, Topic::FinishSeal);
    world.script(&[]);
    for (faults, longest) in [(0, 8), (1, 12)] {
        let mut files = std::collections::BTreeSet::new();
        let seen = explore(
            &world,
            2,
            faults,
            |world, _| worker(world, &item),
            |world, _| {
                until_sealed(world, &copies[0]);
                examine(world);
                assert!(faults > 0 || tokens(world) == 1, "{} tokens", tokens(world));
                files.insert(copy_of(world, &copies[0]).state.file().map(|file| file.sha256));
            },
        );
        assert!(seen.longest > longest, "{seen:?}");
        assert!(files.len() >= 2, "either of them may be first");
    }
}

/// I5: two who archive one copy: one archived object, and it verifies.
#[test]
fn two_who_archive_one_copy() {
    let (world, copies) = requested(1);
    until_sealed(&world, &copies[0]);
    world.script(&[]);
    let item = the_work(&world, Topic::Archive);
    let seen = explore(
        &world,
        2,
        0,
        |world, _| worker(world, &item),
        |world, _| {
            finish(world);
            assert_eq!(tokens(world), 1, "nothing failed, so nobody paid for a second one");
            assert!(archived(world, &copies[0]).is_some());
        },
    );
    assert!(seen.longest > 12, "{seen:?}");
}

/// I7: two who deliver one copy: one delivery.
#[test]
fn two_who_deliver_one_copy() {
    let (world, copies) = requested(1);
    until_sealed(&world, &copies[0]);
    run(work(&world, &the_work(&world, Topic::Archive))).expect("an archive");
    let item = due_first(&world, Topic::Deliver);
    explore(
        &world,
        2,
        0,
        |world, _| worker(world, &item),
        |world, _| {
            finish(world);
            assert_eq!(world.look(|table| table.deliveries.len()), 1);
        },
    );
}

/// A copy with the leader whose preview was opened, and somebody who asks for the phone.
fn opened(copies: u8) -> (World, Vec<CopyId>) {
    let world = office();
    let copies: Vec<CopyId> = (1..=copies).map(|n| receive(&world, n)).collect();
    for (n, copy) in copies.iter().enumerate() {
        submit(&world, copy, base(&format!("Ban sao {n}")));
        open(&world, copy).expect("a preview");
    }
    (world, copies)
}

/// F20, F21: the leader asks twice at once for one copy: one session, one prompt.
#[test]
fn two_prompts_for_one_copy() {
    let (world, copies) = opened(1);
    let seen = explore(
        &world,
        2,
        0,
        |world, _| asking(world, &copies[0]),
        |world, _| {
            assert_eq!(world.all_prompts().values().sum::<u32>(), 1);
            finish(world);
            assert_eq!(state(world, &copies[0]), "signed");
            assert_eq!(world.look(|table| table.sessions.len()), 1);
        },
    );
    assert!(seen.longest > 10, "{seen:?}");
}

fn asking<'w>(world: &'w World, copy: &CopyId) -> Run<'w> {
    let copy = copy.clone();
    Box::pin(async move { drop(asked_leader(world, &[copy]).await) })
}

/// I4, I9, F4: the answer of the phone and a cancellation meet: either the copy is signed or it is back with the leader, and
/// a late answer never counts.
#[test]
fn an_answer_meets_a_cancellation() {
    let (world, copies) = opened(1);
    let session = ask_leader(&world, &copies).expect("a prompt").id;
    let mut ends = std::collections::BTreeSet::new();
    explore(
        &world,
        2,
        0,
        |world, n| following(world, &session, n == 1),
        |world, _| {
            let stored = world.look(|table| table.sessions[&session].state);
            finish(world);
            let wanted = match stored {
                SessionState::Cancelled | SessionState::Cancelling => "submitted",
                SessionState::Timestamping => "signed",
                other => panic!("{other:?}"),
            };
            assert_eq!(state(world, &copies[0]), wanted);
            ends.insert(wanted);
        },
    );
    assert_eq!(ends.len(), 2, "either of them may be first");
}

fn following<'w>(world: &'w World, session: &SessionId, cancel: bool) -> Run<'w> {
    let session = session.clone();
    let now = world.now();
    Box::pin(async move {
        if cancel {
            drop(casework::leader::cancel(world, &session, now).await);
        } else {
            drop(casework::leader::step(world, world, world, &session, &|| now).await);
        }
    })
}

/// F3: two polls of one session, and two who finish it.
#[test]
fn two_who_follow_one_session() {
    let (world, copies) = opened(1);
    let session = ask_leader(&world, &copies).expect("a prompt").id;
    explore(
        &world,
        2,
        0,
        |world, _| following(world, &session, false),
        |world, _| {
            assert_eq!(waiting(world).len(), 1, "one order to finish");
        },
    );
    run(following(&world, &session, false));
    let item = the_work(&world, Topic::FinishLeader);
    world.script(&[]);
    for (faults, longest) in [(0, 8), (1, 12)] {
        let seen = explore(
            &world,
            2,
            faults,
            |world, _| worker(world, &item),
            |world, _| {
                finish(world);
                assert!(faults > 0 || tokens(world) == 1, "{} tokens", tokens(world));
                assert_eq!(state(world, &copies[0]), "signed");
            },
        );
        assert!(seen.longest > longest, "{seen:?}");
    }
}

/// Decision 21, I3, I9: somebody voids the number while it is being sealed: it is void and nothing is sealed, or it is sealed
/// and was not voided.
#[test]
fn a_void_meets_a_sealer() {
    let (world, copies) = requested(1);
    world.habits(|habits| habits.key = Habit::Refusing);
    drop(run(work(&world, &the_work(&world, Topic::Seal))));
    world.habits(|habits| habits.key = Habit::Right);
    let item = the_work(&world, Topic::Seal);
    let mut ends = std::collections::BTreeSet::new();
    explore(
        &world,
        2,
        0,
        |world, n| if n == 0 { worker(world, &item) } else { voider(world, &copies[0]) },
        |world, _| {
            finish(world);
            assert_eq!(number(world, &copies[0]), Some(1));
            ends.insert(state(world, &copies[0]));
        },
    );
    assert_eq!(ends, ["sealed", "void"].into());
}

fn voider<'w>(world: &'w World, copy: &CopyId) -> Run<'w> {
    let (copy, now) = (copy.clone(), world.now());
    Box::pin(async move { drop(numbering::void(world, &copy, &people::keeper(), "khóa hỏng", now).await) })
}

fn annuller<'w>(world: &'w World, copy: &CopyId) -> Run<'w> {
    let (copy, now) = (copy.clone(), world.now());
    Box::pin(async move { drop(numbering::annul(world, &copy, &people::keeper(), &people::annulment(now), now).await) })
}

/// R111, I6: an annulment meets the archive: the copy is annulled, and what anybody reads says so.
#[test]
fn an_annulment_meets_an_archive() {
    let (world, copies) = requested(1);
    until_sealed(&world, &copies[0]);
    let item = the_work(&world, Topic::Archive);
    explore(
        &world,
        2,
        0,
        |world, n| if n == 0 { worker(world, &item) } else { annuller(world, &copies[0]) },
        |world, _| {
            finish(world);
            assert_eq!(state(world, &copies[0]), "annulled");
            assert!(world.look(|table| table.public[&copies[0]].annulled_by.is_some()));
        },
    );
}

/// F20: the leader asks for two copies at once, from two screens: each is signed once, by its own prompt. (That one SIM
/// shows one prompt at a time is the gateway's to keep; our own look at open sessions comes from the index.)
#[test]
fn two_prompts_for_two_copies() {
    let (world, copies) = opened(2);
    explore(
        &world,
        2,
        0,
        |world, n| asking(world, &copies[n]),
        |world, _| {
            assert_eq!(world.all_prompts().len(), 1, "one phone: the other is told that it is busy");
            copies.iter().for_each(|copy| sign_until(world, copy));
            finish(world);
            assert_eq!(world.all_prompts().len(), 2);
            assert!(copies.iter().all(|copy| state(world, copy) == "signed"));
        },
    );
}

/// F1, F2 on top of two sealers: every order, and in every order every single fault.
#[test]
fn two_sealers_and_one_fault() {
    let (world, copies) = requested(1);
    let item = the_work(&world, Topic::Seal);
    let seen = explore(
        &world,
        2,
        1,
        |world, _| worker(world, &item),
        |world, _| {
            while let Some(item) = waiting(world).into_iter().find(|item| item.topic == Topic::Seal) {
                run(work(world, &item)).expect("work without faults");
            }
            examine(world);
            assert_eq!(number(world, &copies[0]), Some(1));
        },
    );
    assert!(seen.situations > 5_000, "{seen:?}");
}
