//! Figures of the pure cores (contract.md §5), each beside its baseline, measured back to back.
//!
//! `figures [verify | seal | profile | profile-seal]… [--rsa] [--keep FOLDER]`; the profiles are work for a profiler and tell nothing. The files are made by the house itself in memory, with its test keys:
//! P-256, or RSA-2048 for everybody with `--rsa`. Nothing is asserted of the figures here: they are read by people.

mod clock;
mod copies;
mod seal;
mod verify;

use std::path::Path;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let keep = arguments.iter().position(|word| word == "--keep").and_then(|at| arguments.get(at + 1)).map(Path::new);
    let rsa = arguments.iter().any(|word| word == "--rsa");
    if rsa {
        testkit::all_rsa();
    }
    let wants = |name: &str| arguments.iter().any(|one| one == name);
    if wants("verify") {
        verify::verify(if rsa { "-rsa2048" } else { "" }, keep);
    }
    if wants("profile") {
        verify::profile();
    }
    if wants("profile-seal") {
        seal::profile();
    }
    if wants("seal") {
        seal::seal(if rsa { "-rsa2048" } else { "" }, keep);
    }
}
