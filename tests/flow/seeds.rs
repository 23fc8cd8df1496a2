//! Drawn schedules: several runs of every function over several copies, with faults everywhere, clocks that jump, and an index that is behind.
//!
//! The other files enumerate few runs and few faults to the end; here are many of both at once. A seed is a schedule, for ever: a failure names
//! it, and `FLOW_SEED=n FLOW_SEEDS=1` repeats it. Limits.md T14; F1–F4, F7, F8, F11, F13–F15, F20; I1–I6, I8–I11 and I16 at each end, by both
//! examiners, and one delivery each (I7). I12 to I15 are about slots, judgements, logs and rights, which no run here touches.

#[path = "../fuzz/chance.rs"]
#[expect(dead_code, reason = "the fuzzer draws more than numbers")]
mod chance;

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::task::{Context, Poll, Waker};

use domain::ids::{CopyId, SessionId};
use domain::model::{Outbox, Purpose, Session, Topic};
use jiff::{SignedDuration, Timestamp};
use testkit::*;

use crate::{archived, finish, house_findings, number, state};
use chance::Chance;

/// Schedules in `cargo test`: within two minutes of CPU in a development build. A night has 100,000 (`cargo xtask nightly`).
const SEEDS: u64 = 2_000;
/// Steps of one schedule: twice what all the work takes without faults.
const STEPS: usize = 160;
/// Runs at once.
const RUNS: usize = 3;
/// The clock is set by at most so many seconds, either way (F7).
const SKEW: usize = 15 * 60;

/// What a run does: an item of work, or a look at an open session.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Role {
    Work(&'static str),
    Follow,
}

/// What becomes of a run at a call.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Blow {
    /// The call does not happen, and no answer comes: an error, or a time-out.
    Lost,
    /// The call happens, and no answer comes.
    AnswerLost,
    /// The function is killed while it waits for the call: it does not happen, and nobody is told.
    Killed,
}

/// An await point: which function, which call, and which one of that name in the run.
type Point = (Role, &'static str, usize);

/// A run that is under way.
struct Going<'w> {
    role: Role,
    run: Run<'w>,
    made: BTreeMap<&'static str, usize>,
    /// The call for which it waits.
    at: Option<Call>,
}

impl<'w> Going<'w> {
    fn worker(world: &'w World, item: &Outbox) -> Self {
        let item = item.clone();
        Self::new(Role::Work(item.topic.name()), Box::pin(async move { drop(work(world, &item).await) }))
    }

    fn follower(world: &'w World, session: SessionId) -> Self {
        let follow = async move { drop(casework::leader::step(world, world, world, &session, &|| world.now()).await) };
        Self::new(Role::Follow, Box::pin(follow))
    }

    fn new(role: Role, run: Run<'w>) -> Self {
        Self { role, run, made: BTreeMap::new(), at: None }
    }

    /// The point at which it stands.
    fn point(&self, call: Call) -> Point {
        (self.role, call.name, self.made.get(call.name).map_or(1, |made| made + 1))
    }

    /// Goes on to its next call. Gives the points that it has passed, the first of them with this fate, and whether it is over.
    fn step(&mut self, world: &World, fate: Fate) -> (Vec<(Point, Kind)>, bool) {
        world.script(&[fate]);
        let over = self.run.as_mut().poll(&mut Context::from_waker(Waker::noop())) == Poll::Ready(());
        self.at = world.paused();
        let mut points = Vec::new();
        for call in world.calls() {
            points.push((self.point(call), call.kind));
            *self.made.entry(call.name).or_default() += 1;
        }
        (points, over)
    }
}

/// Two copies that wait for their numbers under two sessions, and one that the leader is asked to sign, an hour before the year ends.
fn office_at_work() -> (World, [CopyId; 3]) {
    let world = office();
    let copies = [signed(&world, 1), signed(&world, 2), receive(&world, 3)];
    world.set_now("2026-12-31T16:00:00Z".parse().expect("a literal"));
    submit(&world, &copies[2], base("Ban sao 3"));
    open(&world, &copies[2]).expect("a preview");
    ask_leader(&world, &copies[2..]).expect("a prompt");
    for copy in &copies[..2] {
        request_seal(&world, std::slice::from_ref(copy)).expect("a signed copy");
    }
    (world, copies)
}

/// The same some time later: one copy waits for its archive, one for the time-stamp of its seal, one for the leader.
fn office_later() -> (World, [CopyId; 3]) {
    let (world, copies) = office_at_work();
    for topic in [Topic::Seal, Topic::Seal, Topic::FinishSeal] {
        let item = waiting(&world).into_iter().find(|item| item.topic == topic).expect("work");
        run(work(&world, &item)).expect("done");
    }
    assert_eq!(copies.each_ref().map(|copy| state(&world, copy)), ["sealed", "numbered", "awaiting_signature"]);
    (world, copies)
}

fn open_sessions(world: &World) -> Vec<SessionId> {
    let open = |session: &&Session| !session.state.is_terminal() && session.purpose == Purpose::LeaderSign;
    world.look(|table| table.sessions.values().filter(open).map(|session| session.id.clone()).collect())
}

/// Somebody begins: mostly with what waits, sometimes with what has come before.
fn begin<'w>(world: &'w World, chance: &mut Chance) -> Option<Going<'w>> {
    let sessions = open_sessions(world);
    if !sessions.is_empty() && chance.below(4) == 0 {
        return Some(Going::follower(world, sessions[chance.below(sessions.len())].clone()));
    }
    let again = chance.below(4) == 0;
    let mut items = if again { world.look(|table| table.stream.clone()) } else { waiting(world) };
    items.retain(|item| item.topic != Topic::Renew);
    (!items.is_empty()).then(|| Going::worker(world, &items[chance.below(items.len())]))
}

/// The world around the runs changes: the clock, the index, the authorities.
fn weather(world: &World, chance: &mut Chance) {
    let seconds = i64::try_from(chance.below(SKEW)).unwrap_or(0);
    match chance.below(6) {
        0 => world.wait(SignedDuration::from_secs(seconds)),
        1 => world.wait(SignedDuration::from_secs(-seconds)),
        2 => world.index_stands(),
        3 => world.index_follows(),
        4 => world.habits(|habits| habits.tsa = Habit::WRONG[chance.below(Habit::WRONG.len())]),
        _ => world.habits(|habits| habits.tsa = Habit::Right),
    }
}

fn fate(chance: &mut Chance) -> Fate {
    match chance.below(8) {
        0 => Fate::Lost,
        1 => Fate::AnswerLost,
        _ => Fate::Works,
    }
}

/// One schedule, with everything that has hit anybody. Gives the latest moment that the clock has shown.
fn schedule(world: &World, seed: u64, hit: &mut BTreeSet<(Point, Blow)>) -> Timestamp {
    let mut chance = Chance::new(seed);
    let mut latest = world.now();
    let mut going: Vec<Going<'_>> = Vec::new();
    for _ in 0..STEPS {
        latest = latest.max(world.now());
        match chance.below(24) {
            0..=2 if going.len() < RUNS => going.extend(begin(world, &mut chance)),
            3 if !going.is_empty() => {
                let killed = going.swap_remove(chance.below(going.len()));
                hit.extend(killed.at.map(|call| (killed.point(call), Blow::Killed)));
            }
            4 => weather(world, &mut chance),
            _ if going.is_empty() => going.extend(begin(world, &mut chance)),
            _ => {
                let one = chance.below(going.len());
                let fate = fate(&mut chance);
                let (points, over) = going[one].step(world, fate);
                let blow = match (fate, points.first()) {
                    (Fate::AnswerLost, Some((_, Kind::Act))) => Some(Blow::AnswerLost),
                    (Fate::Works, _) => None,
                    _ => Some(Blow::Lost),
                };
                hit.extend(points.first().zip(blow).map(|((point, _), blow)| (*point, blow)));
                if over {
                    drop(going.swap_remove(one));
                }
            }
        }
    }
    latest
}

/// After the last fault everything gets where it belongs by itself, but for the people who ask again; then everything is looked at.
fn settles(world: &World, copies: &[CopyId], latest: Timestamp) {
    world.script(&[]);
    world.habits(|habits| *habits = Habits::default());
    world.index_follows();
    world.set_now(latest);
    sweep(world);
    sign_until(world, &copies[2]);
    sweep(world);
    if state(world, &copies[2]) == "signed" {
        request_seal(world, &copies[2..]).expect("a signed copy");
    }
    finish(world);
    for year in [2026, 2027] {
        assert_eq!(house_findings(world, year), vec![]);
    }
    for copy in copies {
        assert!(number(world, copy).is_some() && archived(world, copy).is_some(), "{copy} is {}", state(world, copy));
    }
    let (entries, deliveries) = world.look(|table| (table.entries.len(), table.deliveries.len()));
    assert_eq!((entries, deliveries), (copies.len(), copies.len()));
}

/// Every await point of the work without a fault, and whether the call acts.
fn points_without_faults(from: &World) -> BTreeMap<Point, Kind> {
    let world = from.clone();
    let mut all = BTreeMap::new();
    let mut to_its_end = |mut going: Going<'_>| {
        while {
            let (points, over) = going.step(&world, Fate::Works);
            all.extend(points);
            !over
        } {}
    };
    let follow = |session| Going::follower(&world, session);
    open_sessions(&world).into_iter().map(follow).for_each(&mut to_its_end);
    while let Some(item) = waiting(&world).into_iter().find(|item| item.topic != Topic::Renew) {
        to_its_end(Going::worker(&world, &item));
    }
    all
}

fn from_environment(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// T14: nothing that must never be, at the end of any schedule; and every await point of every function was hit in every way.
#[test]
fn drawn_schedules_settle() {
    let offices = [office_at_work(), office_later()];
    let points = points_without_faults(&offices[0].0);
    let (first, seeds) = (from_environment("FLOW_SEED", 1), from_environment("FLOW_SEEDS", SEEDS));
    let mut hit = BTreeSet::new();
    for seed in first..first.saturating_add(seeds) {
        let (world, copies) = &offices[usize::from(seed % 2 == 0)];
        let world = world.clone();
        let done = catch_unwind(AssertUnwindSafe(|| {
            let latest = schedule(&world, seed, &mut hit);
            settles(&world, copies, latest);
        }));
        if let Err(why) = done {
            println!("seed {seed}: FLOW_SEED={seed} FLOW_SEEDS=1 repeats it");
            resume_unwind(why);
        }
    }
    let wanted = points.iter().flat_map(|(point, kind)| {
        let blows: &[Blow] = match kind {
            Kind::Act => &[Blow::Lost, Blow::AnswerLost, Blow::Killed],
            Kind::Look | Kind::Stand => &[Blow::Lost, Blow::Killed],
        };
        blows.iter().map(|blow| (*point, *blow))
    });
    let wanted: Vec<_> = wanted.collect();
    let missed: Vec<_> = wanted.iter().filter(|one| !hit.contains(one)).collect();
    let (faults, all) = (wanted.len() - missed.len(), wanted.len());
    println!("{seeds} schedules; {} await points, {faults} of {all} faults at them met", points.len());
    assert!(points.len() > 60, "{points:?}");
    assert!(missed.is_empty() || seeds < SEEDS, "never met: {missed:?}");
}
