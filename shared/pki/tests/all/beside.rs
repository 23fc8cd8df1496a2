//! The files of others, which are no part of the project: in `../shared/corpora` beside it, or where `CORPORA` says. Shared by the tests of
//! `pki` and of `pades`.

use std::io::Write as _;
use std::path::{Path, PathBuf};

/// The folder, where it holds `part`. Where it does not lie beside the project, that is told past the test runner, which keeps what passing
/// tests print to itself: `cargo xtask test` repeats such lines at the end and counts them as skipped.
#[expect(clippy::disallowed_methods, reason = "a setting of the person who runs the tests, not of the program")]
pub(crate) fn corpora(part: &str, left_out: &str) -> Option<PathBuf> {
    let given = std::env::var_os("CORPORA").map(PathBuf::from);
    let folder = given.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora"));
    if folder.join(part).exists() {
        return Some(folder);
    }
    let told = format!("\nSKIPPED: {left_out} (there is no {})\n", folder.join(part).display());
    std::io::stderr().write_all(told.as_bytes()).expect("told");
    None
}
