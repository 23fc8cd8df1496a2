//! CPU of the measuring thread, and the lines that figures are told in.

use std::hint::black_box;

use rustix::time::{ClockId, clock_gettime};
use serde_json::json;
use sha2::{Digest, Sha256};

/// The least that is measured in all, milliseconds, and the fewest repetitions; the best counts, since noise only adds.
const LONG: f64 = 400.0;
const RUNS: usize = 7;
/// The most repetitions.
const MANY: usize = 400;

/// CPU of this thread so far, milliseconds, to the nanosecond.
pub(crate) fn cpu_ms() -> f64 {
    let told = clock_gettime(ClockId::ThreadCPUTime);
    told.tv_sec as f64 * 1e3 + told.tv_nsec as f64 / 1e6
}

/// The least CPU that `act` takes.
pub(crate) fn best(mut act: impl FnMut()) -> f64 {
    let begun = cpu_ms();
    let mut least = f64::INFINITY;
    for run in 0..MANY {
        if run >= RUNS && cpu_ms() - begun >= LONG {
            break;
        }
        let before = cpu_ms();
        act();
        least = least.min(cpu_ms() - before);
    }
    least
}

/// One SHA-256 pass over the same bytes.
pub(crate) fn one_pass(bytes: &[u8]) -> f64 {
    best(|| {
        let _ = black_box(Sha256::digest(black_box(bytes)));
    })
}

/// One figure against one SHA-256 pass (contract.md §5).
pub(crate) fn tell(bench: &str, case: &str, value: f64, baseline_value: f64) {
    let rounded = |number: f64| (number * 1000.0).round() / 1000.0;
    println!(
        "{}",
        json!({"bench": bench, "case": case, "value": rounded(value), "unit": "ms_cpu", "baseline": "sha256_one_pass",
            "baseline_value": rounded(baseline_value), "ratio": rounded(value / baseline_value)})
    );
}
