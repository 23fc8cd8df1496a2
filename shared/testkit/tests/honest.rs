//! The fakes are judged too: a fake that is kinder than the real thing makes every test above it worthless.

use std::collections::BTreeSet;

use domain::ids::*;
use domain::model::*;
use domain::ports::*;
use testkit::*;

fn counter(last: u32) -> Write {
    Write::Counter(Counter { unit: people::unit(), suffix: "SCT/BS".into(), year: 2026, last })
}

fn entry(number: u32, n: u8) -> Write {
    let number = Number { number, book: "01".into(), year: 2026, suffix: "SCT/BS".into() };
    Write::Entry(Entry {
        unit: people::unit(),
        number,
        copy: people::copy(n),
        case: people::case(n),
        written: None,
        at: NOW,
    })
}

fn public(n: u8, number: u32, digest: u8, version: Version) -> Write {
    Write::PublicCopy(PublicCopy {
        copy: people::copy(n),
        unit: people::unit(),
        unit_code: "000.00.01.H54".into(),
        number: Number { number, book: "01".into(), year: 2026, suffix: "SCT/BS".into() },
        sealed_at: NOW,
        digests: vec![[digest; 32]],
        annulled_at: None,
        annulled_by: None,
        version,
    })
}

fn event(seq: Version) -> Write {
    let (subject, action) = ("x".to_owned(), "x".to_owned());
    Write::Event(Event { subject, seq, actor: (&people::clerk()).into(), action, at: NOW })
}

fn outbox(n: u8) -> Outbox {
    Outbox {
        id: EventId::new([n; 16]),
        topic: Topic::Seal,
        subject: "x".into(),
        at: NOW,
        due_at: NOW,
        waits: None,
        learned: Learned::default(),
    }
}

fn commit(world: &World, writes: Vec<Write>) -> Result<(), CommitError> {
    run(world.commit(writes))
}

/// Every condition that `domain::ports::Write` documents.
#[test]
fn the_table_holds_its_conditions() {
    let world = office();
    let copy = receive(&world, 1);
    let copy = copy_of(&world, &copy);
    let version = |version| Write::Copy(Copy { version, ..copy.clone() });
    let no = Err(CommitError::Conflict);
    assert_eq!(commit(&world, vec![version(1)]), no, "the stored version is 1");
    assert_eq!(commit(&world, vec![version(3)]), no, "a version is left out");
    assert_eq!(commit(&world, vec![version(2)]), Ok(()));
    assert_eq!(commit(&world, vec![counter(2)]), no, "the first number is 1");
    assert_eq!(commit(&world, vec![counter(1), entry(1, 1)]), Ok(()));
    assert_eq!(commit(&world, vec![counter(1)]), no, "1 was given");
    assert_eq!(commit(&world, vec![counter(3)]), no, "a number is left out");
    assert_eq!(commit(&world, vec![counter(2), entry(1, 2)]), no, "the number is spent");
    assert_eq!(world.look(|table| table.counters.values().map(|c| c.last).collect::<Vec<_>>()), [1], "all or nothing");
    assert_eq!(commit(&world, vec![event(1)]), Ok(()));
    assert_eq!(commit(&world, vec![event(1)]), no, "a line of history is there");
    assert_eq!(commit(&world, vec![public(1, 1, 1, 1)]), Ok(()));
    assert_eq!(commit(&world, vec![public(2, 1, 2, 1)]), no, "the number leads to another copy");
    assert_eq!(commit(&world, vec![public(2, 2, 1, 1)]), no, "the digest leads to another copy");
    assert_eq!(commit(&world, vec![public(1, 1, 1, 2)]), Ok(()));
    assert_eq!(commit(&world, vec![Write::Outbox(outbox(1))]), Ok(()));
    assert_eq!(commit(&world, vec![Write::Outbox(outbox(1))]), no, "the work is there");
    assert_eq!(commit(&world, vec![Write::OutboxDone(outbox(1).id)]), Ok(()));
    assert_eq!(commit(&world, vec![Write::OutboxDone(outbox(1).id)]), Ok(()), "fine when it is gone");
    assert_eq!(commit(&world, vec![Write::OutboxLater(outbox(1).id, NOW)]), no, "it is gone");
}

/// The limits of a DynamoDB transaction; and whoever runs into them is told on.
#[test]
fn the_table_refuses_what_no_transaction_is() {
    let world = office();
    assert_eq!(commit(&world, (1..=100).map(event).collect()), Ok(()));
    assert_eq!(findings(&world).len(), 1, "lines about nothing");
    assert!(matches!(commit(&world, (201..=301).map(event).collect()), Err(CommitError::Unknown(_))));
    assert!(matches!(commit(&world, vec![event(400), event(400)]), Err(CommitError::Unknown(_))));
    assert_eq!(findings(&world).len(), 3);
}

/// Lost: nothing happened. Answer lost: it happened. Both ways nobody says so.
#[test]
fn a_fate_is_what_it_is_called() {
    for (fate, happens) in [(Fate::Works, true), (Fate::Lost, false), (Fate::AnswerLost, true)] {
        let world = office();
        world.script(&[fate]);
        let said = commit(&world, vec![counter(1)]);
        assert_eq!(said.is_ok(), fate == Fate::Works);
        assert!(said.is_ok() || matches!(said, Err(CommitError::Unknown(_))), "no answer is not no");
        assert_eq!(world.look(|table| table.counters.len() == 1), happens);
        world.script(&[fate]);
        let said = run(world.create("x", vec![1], "text/plain"));
        assert_eq!((said.is_ok(), world.object("x").is_some()), (fate == Fate::Works, happens));
        world.script(&[fate]);
        assert_eq!(run(world.unit(&people::unit())).is_ok(), fate == Fate::Works);
    }
}

/// The bucket creates once.
#[test]
fn an_object_is_never_replaced() {
    let world = office();
    assert_eq!(run(world.create("x", vec![1], "text/plain")), Ok(Created::New));
    assert_eq!(run(world.create("x", vec![2], "text/plain")), Ok(Created::Existed));
    assert_eq!(run(world.read("x", 1)), Ok(Some(vec![1])));
    assert!(run(world.read("x", 0)).is_err(), "longer than the limit");
    assert_eq!(run(world.read("y", 1)), Ok(None));
}

/// One pause per call, before it does anything.
#[test]
fn a_call_begins_with_a_pause() {
    let world = office();
    assert!(!run_for(world.commit(vec![counter(1)]), 1));
    assert!(world.look(|table| table.counters.is_empty()));
    assert!(run_for(world.commit(vec![counter(1)]), 2));
}

/// A key and an authority that always said the same would hide that two seals differ (house.md §3.9).
#[test]
fn nobody_signs_twice_alike() {
    let world = office();
    let sign = || run(SealKey::sign(&world, &people::unit(), b"message")).expect("a signature");
    assert_ne!(sign(), sign());
    let request = pki::tsp::request(&[7; 32], &[1; 8]);
    let stamp = || run(world.timestamp(&request, |answer| Ok(answer.to_vec()))).expect("a time-stamp");
    assert_ne!(stamp(), stamp());
}

/// Adds one to a counter, as somebody would who loads, adds and commits, and tries once more.
fn adds<'w>(world: &'w World) -> Run<'w> {
    Box::pin(async move {
        for _ in 0..2 {
            let Ok(head) = world.counter(&people::unit(), "SCT/BS", 2026).await else { return };
            let next = head.map_or(1, |counter| counter.last + 1);
            if world.commit(vec![counter(next)]).await.is_ok() {
                return;
            }
        }
    })
}

fn last(world: &World) -> u32 {
    world.look(|table| table.counters.values().map(|counter| counter.last).sum())
}

/// What `explore` leaves out has the same ends as what it follows: three runs, and two with a fault, against every schedule
/// there is.
#[test]
fn exploring_misses_no_end() {
    for (runs, faults) in [(3, 0), (2, 1)] {
        let world = office();
        let mut explored = BTreeSet::new();
        let seen = explore(&world, runs, faults, |world, _| adds(world), |world, _| explored.extend([last(world)]));
        let mut every = BTreeSet::new();
        let schedules = schedules(&world, (runs, faults), &mut Vec::new(), &mut |world| every.extend([last(world)]));
        assert_eq!(explored, every, "{seen:?}");
        assert!(schedules > 3 * seen.ends && every.len() > 1, "{schedules} schedules, {seen:?}, {every:?}");
    }
}

/// Every schedule of some [`adds`], one by one; gives how many.
fn schedules(
    from: &World,
    (runs, faults): (usize, usize),
    taken: &mut Vec<(usize, Fate)>,
    at_end: &mut dyn FnMut(&World),
) -> usize {
    let world = from.clone();
    let mut futures: Vec<Option<Run<'_>>> = (0..runs).map(|_| Some(adds(&world))).collect();
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let mut step = |run: usize| {
        if let Some(future) = &mut futures[run]
            && future.as_mut().poll(&mut context).is_ready()
        {
            futures[run] = None;
        }
    };
    (0..runs).for_each(&mut step);
    for (run, fate) in taken.iter() {
        world.script(&[*fate]);
        step(*run);
    }
    let paused: Vec<usize> = (0..runs).filter(|run| futures[*run].is_some()).collect();
    if paused.is_empty() {
        at_end(&world);
        return 1;
    }
    drop(futures);
    let spent = taken.iter().filter(|(_, fate)| *fate != Fate::Works).count();
    let mut count = 0;
    for run in paused {
        for fate in Fate::ALL.into_iter().take(if spent < faults { 3 } else { 1 }) {
            taken.push((run, fate));
            count += schedules(from, (runs, faults), taken, at_end);
            taken.pop();
        }
    }
    count
}

/// Every script over three calls is tried, whatever was left out as being the same.
#[test]
fn every_script_is_counted() {
    let world = office();
    let tried = every_fate(&world, 0..3, 3, |world| {
        run(adds(world));
        run(adds(world));
    });
    assert_eq!(tried.scripts, 27, "{tried:?}");
    assert!(tried.runs < 27);
}
