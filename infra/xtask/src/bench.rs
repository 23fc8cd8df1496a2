//! Benches of contract.md §5: one JSON line per figure.
//!
//! Measures only what is real today; a name that is not here is refused, with the names that are.

use crate::shell::Failure;

/// Runs a bench by name.
///
/// # Errors
/// An unknown name, or what stopped the measurement.
pub(crate) fn run(name: &str) -> Result<(), Failure> {
    Err(format!("no bench `{name}`"))
}
