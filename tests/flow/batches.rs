//! A batch of verifications under every fate and order: each file gets one answer, none is lost, and it ends once.
//!
//! Limits.md F1, F2, F3, F4, F8, F14; I10, I11, I16.

use std::sync::atomic::{AtomicI64, Ordering};

use casework::batch::{asked, step};
use casework::{Halt, Outcome};
use domain::batch::*;
use domain::ids::*;
use domain::model::{Outbox, Topic};
use jiff::SignedDuration;
use testkit::*;

fn id() -> BatchId {
    BatchId::new([0xba; 16])
}

/// A batch of a copy, a file that is no PDF, a link that leads nowhere, and the copy again.
fn world() -> World {
    let world = office();
    let copy = Reference::Copy(CopyId::new([0xc0; 16]));
    let list = vec![copy.clone(), Reference::Upload(UploadId::new([0xa0; 16])), Reference::Link([0xb0; 32]), copy];
    ask(&world, list);
    world
}

fn ask(world: &World, list: Vec<Reference>) {
    let now = world.now();
    let batch = Batch {
        id: id(),
        owner: people::clerk(),
        at: now,
        until: now + SignedDuration::from_hours(24),
        ended_at: None,
        total: u32::try_from(list.len()).expect("few"),
        done: 0,
        tally: Tally::default(),
        expected: vec![],
        candidates: vec![],
        untitled: 0,
        holder: None,
        crashes: 0,
        faults: 0,
        version: 1,
    };
    world.seed(asked(batch, BatchSource::List(list), world));
}

fn batch(world: &World) -> Batch {
    world.look(|table| table.batches.get(&id()).cloned()).expect("a batch")
}

fn items(world: &World) -> Vec<BatchItem> {
    world.look(|table| table.batch_items.values().cloned().collect())
}

/// What must be so at every moment: as many items as are done, and with each report exactly one item.
fn holds(world: &World) {
    let (batch, items) = (batch(world), items(world));
    assert!(batch.done <= batch.total, "{batch:?}");
    assert_eq!(items.iter().map(|item| item.n).collect::<Vec<_>>(), (0..batch.done).collect::<Vec<_>>());
    let named: Vec<VerificationId> = items.iter().filter_map(|item| item.verification.clone()).collect();
    let mut kept: Vec<VerificationId> = world.look(|table| table.reports.keys().cloned().collect());
    kept.sort_by_key(|id| named.iter().position(|name| name == id));
    assert_eq!(kept, named, "a report that no item names, or an item without its report");
    let Tally { valid, invalid, indeterminate, unjudged } = batch.tally;
    assert_eq!(valid + invalid + indeterminate + unjudged, batch.done);
    assert_eq!(batch.ended_at.is_some(), batch.state() == BatchState::Done);
}

/// The sweepers come until nothing waits; then every file has the answer that it has without faults.
fn ends(world: &World) {
    sweep(world);
    holds(world);
    let answers: Vec<Option<Answer>> = items(world).iter().map(|item| item.answer).collect();
    assert_eq!(answers, [Some(Answer::Valid), Some(Answer::Invalid), None, Some(Answer::Valid)]);
    assert_eq!((batch(world).state(), batch(world).holder), (BatchState::Done, None));
    assert!(settled(world), "{:?}", waiting(world));
}

/// Does one item of work, whatever comes of it.
fn worker<'w>(world: &'w World, item: &Outbox) -> Run<'w> {
    let item = item.clone();
    Box::pin(async move { drop(work(world, &item).await) })
}

fn judge(world: &World, item: &Outbox) -> Result<Outcome, Halt> {
    run(work(world, item))
}

/// One run judges each file once and leaves no work; an answer that is lost costs a look and no wait for the sweep.
#[test]
fn one_run_ends_a_batch() {
    const OPEN: usize = 4;
    for fates in [vec![], vec![Fate::Lost], vec![Fate::AnswerLost]] {
        let world = world();
        let item = the_work(&world, Topic::JudgeBatch);
        let lost = usize::from(fates == [Fate::Lost]);
        world.script(&[vec![Fate::Works; OPEN], fates].concat());
        assert_eq!(judge(&world, &item), Ok(Outcome::Done));
        assert_eq!((batch(&world).state(), settled(&world)), (BatchState::Done, true));
        assert_eq!(world.calls().iter().filter(|call| call.name == "judge").count(), 4 + lost);
        ends(&world);
    }
}

/// F1, F2: one fault, and every pair of faults, anywhere in the run.
#[test]
fn all_singles_and_pairs_of_a_batch() {
    let tried = every_fate(&world(), 0..usize::MAX, 2, |world| {
        // A stream that was told of a fault comes again.
        let item = the_work(world, Topic::JudgeBatch);
        let _ = judge(world, &item);
        holds(world);
        ends(world);
    });
    assert!(tried.runs > 200, "{tried:?}");
}

/// F1, F3: killed at every await, before and after every effect; whoever comes next goes on at the first file without an answer.
#[test]
fn a_batch_is_killed_at_every_step() {
    for steps in 0.. {
        let world = world();
        let item = the_work(&world, Topic::JudgeBatch);
        let ended = run_for(work(&world, &item), steps);
        holds(&world);
        let before = items(&world);
        ends(&world);
        assert_eq!(items(&world)[..before.len()], before, "an answer that was seen is another one");
        if ended {
            assert!(steps > 10, "a batch ends after {steps} steps");
            break;
        }
    }
}

/// F3, F8, F14: two runs of the same event in every order, with one fault anywhere.
#[test]
fn two_runs_of_one_event() {
    let from = office();
    ask(&from, vec![Reference::Copy(CopyId::new([0xc0; 16])), Reference::Upload(UploadId::new([0xa0; 16]))]);
    let item = the_work(&from, Topic::JudgeBatch);
    let seen = explore(
        &from,
        2,
        1,
        |world, _| worker(world, &item),
        |world, _| {
            holds(world);
            sweep(world);
            holds(world);
            assert_eq!((batch(world).done, batch(world).state(), settled(world)), (2, BatchState::Done, true));
        },
    );
    assert!(seen.longest > 8, "{seen:?}");
}

/// Whoever slept longer than it may hold a batch wakes up beside another run: the later answer is thrown away.
#[test]
fn who_wakes_up_too_late_changes_nothing() {
    for steps in 1..12 {
        let world = world();
        let item = the_work(&world, Topic::JudgeBatch);
        let mut late = Box::pin(work(&world, &item));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let woken = (0..steps).any(|_| std::future::Future::poll(late.as_mut(), &mut context).is_ready());
        assert!(!woken);
        world.wait(HELD);
        judge(&world, &item).expect("works");
        let (after, answers) = (batch(&world), items(&world));
        run(late).expect("nothing to do");
        assert_eq!((batch(&world), items(&world)), (after, answers));
        ends(&world);
    }
}

/// F4, I10: events that come again change nothing; one for a batch that is held waits for it.
#[test]
fn events_of_a_batch_that_come_again_change_nothing() {
    let world = world();
    let item = the_work(&world, Topic::JudgeBatch);
    run_for(work(&world, &item), 4);
    let held = batch(&world);
    assert!(held.holder.is_some());
    assert!(matches!(judge(&world, &item), Ok(Outcome::Later(_))));
    assert_eq!(batch(&world), held);
    ends(&world);
    let (before, answers) = (batch(&world), items(&world));
    for days in [0, 3] {
        world.wait(SignedDuration::from_hours(24 * days));
        judge(&world, &item).expect("nothing to do");
    }
    assert_eq!((batch(&world), items(&world)), (before, answers));
    assert!(settled(&world));
}

/// A run whose time is over hands the batch to the next event, and no file is asked about twice.
#[test]
fn a_long_batch_is_handed_on() {
    let world = world();
    let mut handed = 0;
    while let Some(item) = waiting(&world).into_iter().find(|item| item.topic == Topic::JudgeBatch) {
        // The clock goes on while it is looked at.
        let looks = AtomicI64::new(0);
        let clock = || world.now() + SignedDuration::from_secs(4 * looks.fetch_add(1, Ordering::Relaxed));
        run(step(&world, &world, &world, clock, &item)).expect("works");
        holds(&world);
        assert_eq!(batch(&world).holder, None);
        handed += 1;
        assert!(handed < 10, "it does not end");
    }
    assert!(handed > 1, "one run did it all");
    assert_eq!(world.calls().iter().filter(|call| call.name == "judge").count(), 4);
    ends(&world);
}

/// A file that kills whoever judges it is given up, and the others get their answers (I11).
#[test]
fn a_file_that_kills_is_given_up() {
    let world = world();
    let judging = |world: &World| world.look(|table| table.batches.get(&id()).map(|batch| batch.done));
    for _ in 0..=MOST_CRASHES {
        let item = the_work(&world, Topic::JudgeBatch);
        // It opens and takes the batch, reads the plan, and dies in the judge.
        assert!(!run_for(work(&world, &item), 4));
        assert_eq!(judging(&world), Some(0));
        world.wait(HELD);
    }
    sweep(&world);
    holds(&world);
    let items = items(&world);
    assert_eq!((items.len(), items[0].answer, items[0].problem.as_deref()), (4, None, Some("pdf-too-complex")));
    assert_eq!((items[1].answer, items[3].answer), (Some(Answer::Invalid), Some(Answer::Valid)));
}

/// What gives no answer for a quarter of an hour is told, and nobody waits for it for ever (I16).
#[test]
fn a_file_that_nobody_gives_is_told() {
    let world = world();
    let item = the_work(&world, Topic::JudgeBatch);
    for _ in 0..MOST_FAULTS {
        world.script(&[Fate::Works, Fate::Works, Fate::Works, Fate::Lost]);
        assert!(matches!(judge(&world, &item), Ok(Outcome::Later(_))));
    }
    judge(&world, &item).expect("works");
    assert_eq!(items(&world)[0].problem.as_deref(), Some("service-unavailable"));
    assert_eq!((items(&world).len(), batch(&world).tally.unjudged), (4, 2));
}

/// What is no longer kept is not worked on.
#[test]
fn a_batch_past_its_time_is_left() {
    let world = world();
    let item = the_work(&world, Topic::JudgeBatch);
    world.wait(SignedDuration::from_hours(24));
    judge(&world, &item).expect("nothing to do");
    assert_eq!((batch(&world).done, settled(&world)), (0, true));
}

/// The owner hears of a later annulment of each valid copy.
#[test]
fn the_owner_watches_the_copies_of_a_batch() {
    let world = world();
    ends(&world);
    let watches = world.look(|table| table.watches.values().cloned().collect::<Vec<_>>());
    assert!(!watches.is_empty());
    for watch in watches {
        assert!(world.look(|table| table.reports.contains_key(&watch.verification)), "{watch:?}");
    }
}
