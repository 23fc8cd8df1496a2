//! Every combination of fates, enumerated instead of drawn.

use std::ops::Range;

use crate::world::{Call, Fate, World};

/// How much was tried.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Tried {
    /// Runs of the job.
    pub runs: u64,
    /// Scripts of fates that these runs stand for. A call that only looks has one way of failing and not two, because a
    /// lost question and a lost answer are the same for whoever asked; a call that is never made has one fate and not three.
    /// Where they are too many to be counted, this is the largest number.
    pub scripts: u64,
}

/// Does a job under every script in which at most `faults` of the calls in `window` (counted from 0, retries included)
/// fail, and every other call works. `job` gets a copy of `from`, and has to look at the end itself.
pub fn every_fate(from: &World, window: Range<usize>, faults: usize, job: impl Fn(&World)) -> Tried {
    let mut tried = Tried::default();
    let mut todo: Vec<Vec<Fate>> = vec![vec![Fate::Works; window.start]];
    while let Some(script) = todo.pop() {
        let world = from.clone();
        world.script(&script);
        job(&world);
        let calls = world.calls();
        tried.runs += 1;
        tried.scripts = tried.scripts.saturating_add(weight(&script, &calls, &window));
        let spent = script.iter().filter(|fate| **fate != Fate::Works).count();
        if spent == faults {
            continue;
        }
        // The run took the first path from here; every later call of it can fail instead.
        for (at, call) in calls.iter().enumerate().take(window.end).skip(script.len()) {
            for fate in call.kind.fates().iter().filter(|fate| **fate != Fate::Works) {
                let mut next = script.clone();
                next.resize(at, Fate::Works);
                next.push(*fate);
                todo.push(next);
            }
        }
    }
    tried
}

/// How many scripts over the window have this very run.
fn weight(script: &[Fate], calls: &[Call], window: &Range<usize>) -> u64 {
    let of = |at: usize| match (script.get(at), calls.get(at)) {
        (_, None) => 3,
        (Some(Fate::Lost), Some(call)) if call.kind.fates().len() == 2 => 2,
        _ => 1,
    };
    window.clone().take(64).map(of).fold(1, u64::saturating_mul)
}
