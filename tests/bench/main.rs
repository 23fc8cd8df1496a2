//! Figures of the pure cores (contract.md §5): CPU of the measuring thread, against one SHA-256 pass over the same bytes, back to back.
//!
//! The files are made by the house itself in memory, with its test keys. Nothing is asserted here: figures are read by people.

use std::hint::black_box;

use domain::ids::CopyId;
use pades::{Policy, Profile, Verdict};
use pki::path::Evidence;
use serde_json::json;
use sha2::{Digest, Sha256};
use testkit::{World, base, office, receive, request_seal, sign_until, submit, sweep};

/// Repetitions; the best counts, since noise only adds.
const RUNS: usize = 7;
const SIZES: [(&str, usize); 3] = [("small", 1_000), ("1MB", 1_000_000), ("20MB", 20_000_000)];

/// CPU of this thread so far, milliseconds; the scheduler counts nanoseconds.
fn cpu_ms() -> f64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux tells a thread's CPU");
    let spent: u64 = told.split_whitespace().next().and_then(|text| text.parse().ok()).expect("nanoseconds");
    spent as f64 / 1e6
}

fn best(mut act: impl FnMut()) -> f64 {
    let one = |act: &mut dyn FnMut()| {
        let before = cpu_ms();
        act();
        cpu_ms() - before
    };
    (0..RUNS).map(|_| one(&mut act)).fold(f64::INFINITY, f64::min)
}

fn one_pass(bytes: &[u8]) -> f64 {
    best(|| {
        let _ = black_box(Sha256::digest(black_box(bytes)));
    })
}

fn tell(bench: &str, case: &str, value: f64, baseline_value: f64) {
    let rounded = |number: f64| (number * 1000.0).round() / 1000.0;
    println!(
        "{}",
        json!({"bench": bench, "case": case, "value": rounded(value), "unit": "ms_cpu", "baseline": "sha256_one_pass",
            "baseline_value": rounded(baseline_value), "ratio": rounded(value / baseline_value)})
    );
}

/// A copy on the leader's desk whose page has so many bytes.
fn submitted(size: usize) -> (World, CopyId) {
    let world = office();
    let copy = receive(&world, 1);
    submit(&world, &copy, base(&"ban sao ".repeat(size / 8)));
    (world, copy)
}

/// From the leader's desk to the archive: both signatures, three time-stamps, evidence, every verification on the way.
fn seal_it(world: &World, copy: &CopyId) {
    sign_until(world, copy);
    request_seal(world, std::slice::from_ref(copy)).expect("a seal");
    sweep(world);
}

fn archived(world: &World) -> Vec<u8> {
    let paths = world.paths("numbers/");
    let files = paths.iter().filter_map(|path| world.object(path));
    files.max_by_key(|file| file.len()).map(|file| file.to_vec()).expect("an archived copy")
}

fn verify(case: &str, size: usize) {
    let (world, copy) = submitted(size);
    seal_it(&world, &copy);
    let file = archived(&world);
    let (anchors, extra) = (testkit::trees().anchors(), Evidence::default());
    let at = world.now().as_second();
    let policy =
        Policy { anchors: &anchors, at, profile: Profile::Ecopy, extra: &extra, register: None, test_anchors: false };
    let report = pades::judge(&file, "a.pdf", &policy);
    assert_eq!(report.verdict, Verdict::Valid, "{:?}", report.reasons);
    let value = best(|| drop(black_box(pades::judge(black_box(&file), "a.pdf", &policy))));
    tell("verify", case, value, one_pass(&file));
}

fn seal(case: &str, size: usize) {
    let mut value = f64::INFINITY;
    let mut file = Vec::new();
    for _ in 0..RUNS {
        let (world, copy) = submitted(size);
        let before = cpu_ms();
        seal_it(&world, &copy);
        value = value.min(cpu_ms() - before);
        file = archived(&world);
    }
    tell("seal", case, value, one_pass(&file));
}

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let wants = |name: &str| asked.is_empty() || asked.iter().any(|one| one == name);
    for (case, size) in SIZES {
        if wants("verify") {
            verify(case, size);
        }
        if wants("seal") {
            seal(case, size);
        }
    }
}
