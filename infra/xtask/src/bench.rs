//! Benches of contract.md §5: one JSON line per figure.
//!
//! Measures only what is real today; another name is refused, with the names that are.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::shell::{Failure, Log, cargo, results, root, shown, target};
use crate::{python, tools};

type Bench = fn() -> Result<(), Failure>;

/// The benches that there are.
const NAMES: &[(&str, Bench)] =
    &[("memory", memory), ("numbering", numbering), ("seal", seal), ("start", start), ("verify", verify)];

/// From empty caches: every function with the SDK.
const BUILD: Duration = Duration::from_secs(45 * 60);

/// Runs a bench by name.
///
/// # Errors
/// An unknown name, or what stopped the measurement.
pub(crate) fn run(name: &str) -> Result<(), Failure> {
    let names: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
    match NAMES.iter().find(|(known, _)| *known == name) {
        Some((_, bench)) => bench(),
        None => Err(format!("no bench `{name}` yet; there is: {}", names.join(", "))),
    }
}

/// CPU of the pure cores, against one SHA-256 pass.
fn figures(arguments: &[&str]) -> Result<(), Failure> {
    let bench = ["bench", "--quiet", "--package", "tests", "--bench", "figures", "--"];
    shows(cargo().args(bench).args(arguments))
}

/// CPU of a judgement, with P-256 and with RSA keys; then the same files before pyHanko and pdfsig.
fn verify() -> Result<(), Failure> {
    let log = Log::new("bench-verify")?;
    tools::install(&log)?;
    let folder = fresh("bench-verify")?;
    let kept = folder.to_string_lossy();
    figures(&["verify", "--keep", &kept])?;
    figures(&["verify", "--rsa", "--keep", &kept])?;
    shows(python::tool("python").arg(root().join("tests/bench/peers.py")).arg(&folder))
}

/// CPU and bytes of signing, with P-256 and with RSA keys; then the same papers signed by pyHanko.
fn seal() -> Result<(), Failure> {
    let log = Log::new("bench-seal")?;
    tools::install(&log)?;
    let folder = fresh("bench-seal")?;
    let kept = folder.to_string_lossy();
    figures(&["seal", "--keep", &kept])?;
    figures(&["seal", "--rsa", "--keep", &kept])?;
    shows(python::tool("python").arg(root().join("tests/bench/peers.py")).arg(&folder))
}

/// An empty folder for the files of a bench.
fn fresh(name: &str) -> Result<PathBuf, Failure> {
    let folder = results().join(name);
    let told = |error: std::io::Error| format!("{}: {error}", folder.display());
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(told)?;
    }
    std::fs::create_dir_all(&folder).map_err(told)?;
    Ok(folder)
}

/// Peak memory of judging files on disk.
fn memory() -> Result<(), Failure> {
    shows(cargo().args(["bench", "--quiet", "--package", "tests", "--bench", "memory"]))
}

/// Numbers against the embedded DynamoDB, beside the pattern that may skip.
fn numbering() -> Result<(), Failure> {
    shows(cargo().args(["bench", "--quiet", "--package", "local", "--bench", "numbering"]))
}

/// CPU of every function until it asks for its first event.
fn start() -> Result<(), Failure> {
    let log = Log::new("bench-start")?;
    tools::install(&log)?;
    log.run(cargo().args(["build", "--release", "--workspace", "--bins"]), BUILD)?;
    let mut measure = python::tool("python");
    measure.arg(root().join("tests/bench/start.py")).arg(target().join("release"));
    shows(&mut measure)
}

/// Runs a program whose figures go to our own standard output.
fn shows(command: &mut Command) -> Result<(), Failure> {
    let status = command.current_dir(root()).stdin(Stdio::null()).status();
    match status.map_err(|error| format!("`{}` does not start: {error}", shown(command)))? {
        status if status.success() => Ok(()),
        status => Err(format!("`{}` ended with {status}", shown(command))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_bench_names_the_known_ones() {
        assert_eq!(
            run("nothing"),
            Err("no bench `nothing` yet; there is: memory, numbering, seal, start, verify".to_owned())
        );
    }
}
