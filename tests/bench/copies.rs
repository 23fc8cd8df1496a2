//! Certified copies of any size, made by the house itself in memory, with its test keys.

use domain::ids::CopyId;
use testkit::{World, office, pictured_base, receive, request_seal, sign_until, submit, sweep};

/// A copy on the leader's desk whose page has so many bytes.
pub(crate) fn submitted(size: usize) -> (World, CopyId) {
    let world = office();
    let copy = receive(&world, 1);
    submit(&world, &copy, pictured_base(size));
    (world, copy)
}

/// From the leader's desk to the archive: both signatures, three time-stamps, evidence, every verification on the way.
pub(crate) fn seal_it(world: &World, copy: &CopyId) {
    sign_until(world, copy);
    request_seal(world, std::slice::from_ref(copy)).expect("a seal");
    sweep(world);
}

/// The largest file of the register: the archived copy.
pub(crate) fn archived(world: &World) -> Vec<u8> {
    let paths = world.paths("numbers/");
    let files = paths.iter().filter_map(|path| world.object(path));
    files.max_by_key(|file| file.len()).map(|file| file.to_vec()).expect("an archived copy")
}

/// An archived copy of so many bytes, and the instant of the world that made it.
pub(crate) fn made(size: usize) -> (Vec<u8>, i64) {
    let (world, copy) = submitted(size);
    seal_it(&world, &copy);
    (archived(&world), world.now().as_second())
}
