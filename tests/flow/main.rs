//! Whole-house runs in memory: the rules as a table, every fate of every call, every order of two runs, and everybody
//! outside behaving wrongly.
//!
//! Does not go over HTTP and starts nothing: the ports are `testkit`'s, files and signatures are real.

mod batches;
mod calls;
mod fates;
mod inquiries;
mod job;
mod leader;
mod letters;
mod moved;
mod orders;
mod outside;
mod seeds;
mod shapes;
mod transitions;
mod year;

use domain::copy::CopyState;
use domain::ids::CopyId;
use domain::model::Stored;
use testkit::{World, copy_of, examine, run, sweep, trees, unit_of};

/// Lets the sweepers finish, and looks at everything.
fn finish(world: &World) {
    sweep(world);
    examine(world);
}

/// What the examiner of the house finds in the series of a year. Its eyes are not those of `testkit::examine`.
fn house_findings(world: &World, year: i16) -> Vec<casework::examine::Finding> {
    let (unit, anchors) = (unit_of(world), trees().anchors());
    let look = casework::examine::series(world, world, &anchors, &unit, &unit.first_suffix, year, world.now());
    run(look).expect("the ports answer")
}

/// The name of the state of a copy.
fn state(world: &World, copy: &CopyId) -> &'static str {
    copy_of(world, copy).state.name()
}

/// The number of a copy.
fn number(world: &World, copy: &CopyId) -> Option<u32> {
    copy_of(world, copy).state.number().map(|number| number.number)
}

/// The file of a copy at level B-LTA, once there.
fn archived(world: &World, copy: &CopyId) -> Option<Stored> {
    match copy_of(world, copy).state {
        CopyState::Sealed { archived, .. } => archived,
        _ => None,
    }
}
