//! Every order in which several runs can take their steps, to the end.
//!
//! A run between two port calls does not look at the world, and what it does next depends only on what it has heard. So
//! two prefixes of schedules after which every run has heard the same and the world is the same have the same futures, and
//! only one is followed. A call that looks at what nobody changes any more is taken at once, because nothing that others do
//! before or after it makes a difference. Nothing else is left out.

use std::collections::HashSet;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use domain::model::Sha256;

use crate::world::{Fate, Kind, World};

/// A run over a world.
pub type Run<'w> = Pin<Box<dyn Future<Output = ()> + 'w>>;

/// One step of a schedule: whose turn it is, and what becomes of the call.
type Step = (usize, Fate);

/// How much was seen.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Explored {
    /// Different situations.
    pub situations: usize,
    /// Different ends, each looked at once.
    pub ends: usize,
    /// The longest schedule, in steps.
    pub longest: usize,
}

/// Lets `runs` runs take their steps in every order, with at most `faults` calls that are not answered, and looks at
/// every end. `start` makes the n-th run over a world; the worlds are copies of `from`.
pub fn explore(
    from: &World,
    runs: usize,
    faults: usize,
    start: impl for<'w> Fn(&'w World, usize) -> Run<'w>,
    mut at_end: impl FnMut(&World, &[Step]),
) -> Explored {
    let mut seen: HashSet<Sha256> = HashSet::new();
    let mut explored = Explored::default();
    let mut todo: Vec<Vec<Step>> = vec![Vec::new()];
    while let Some(mut schedule) = todo.pop() {
        let world = from.clone();
        world.listen();
        let mut stage = Stage::new(&world, runs, &start);
        schedule.iter().for_each(|step| stage.take(*step));
        // One branch is followed to its end; the others wait.
        while seen.insert(stage.situation()) {
            explored.situations += 1;
            explored.longest = explored.longest.max(schedule.len());
            let spent = schedule.iter().filter(|(_, fate)| *fate != Fate::Works).count();
            let mut choices = stage.choices(spent < faults).into_iter();
            let Some(first) = choices.next() else {
                explored.ends += 1;
                at_end(&world, &schedule);
                break;
            };
            todo.extend(choices.map(|choice| [schedule.as_slice(), &[choice]].concat()));
            stage.take(first);
            schedule.push(first);
        }
    }
    explored
}

struct Stage<'w> {
    world: &'w World,
    runs: Vec<Option<Run<'w>>>,
}

impl<'w> Stage<'w> {
    /// Every run goes to its first call.
    fn new(world: &'w World, runs: usize, start: &impl Fn(&'w World, usize) -> Run<'w>) -> Self {
        let mut stage = Self { world, runs: (0..runs).map(|run| Some(start(world, run))).collect() };
        (0..runs).for_each(|run| stage.poll(run));
        stage
    }

    fn take(&mut self, (run, fate): Step) {
        self.world.next_fate(fate);
        self.poll(run);
    }

    fn poll(&mut self, run: usize) {
        self.world.turn(run);
        let mut context = Context::from_waker(Waker::noop());
        let slot = self.runs.get_mut(run).expect("a run");
        if let Some(future) = slot
            && let Poll::Ready(()) = future.as_mut().poll(&mut context)
        {
            *slot = None;
        }
        self.world.turn(0);
    }

    /// What can happen next: one of the runs that are not done, and every fate of the call in which it pauses.
    fn choices(&self, faults: bool) -> Vec<Step> {
        let paused: Vec<usize> = (0..self.runs.len()).filter(|run| self.runs[*run].is_some()).collect();
        let stands = |run: &&usize| self.world.asked(**run).is_some_and(|call| call.kind == Kind::Stand);
        let paused = paused.iter().find(stands).map_or(paused.clone(), |run| vec![*run]);
        let fates = |run: usize| match self.world.asked(run) {
            Some(call) if faults => call.kind.fates(),
            _ => &[Fate::Works],
        };
        paused.into_iter().flat_map(|run| fates(run).iter().map(move |fate| (run, *fate))).collect()
    }

    /// The number of faults already spent is in what the runs have heard, or in the world.
    fn situation(&self) -> Sha256 {
        let done: Vec<bool> = self.runs.iter().map(Option::is_none).collect();
        let mut text = self.world.digest().to_vec();
        text.extend(done.iter().map(|done| u8::from(*done)));
        crate::world::sha256(&text)
    }
}
