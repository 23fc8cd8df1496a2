//! The main job on every kind of scan (contract.md §1), each run with its own local cloud.
//!
//! Judges nothing itself but exit codes: the copies are left for the judges.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::python::ctdt;
use crate::readme;
use crate::shell::{Failure, Log, cargo, results, root};
use crate::stages;
use crate::tally::{Tally, tail};

/// Scans that must end in a valid copy.
const ACCEPTED: &[&str] = &[
    "anh-xoay-exif.jpg",
    "anh.png",
    "nhieu-trang.tif",
    "cairo.pdf",
    "ghostscript.pdf",
    "img2pdf.pdf",
    "libreoffice.pdf",
    "qpdf-linearized.pdf",
    "qpdf-object-streams.pdf",
];

/// Scans that must be refused, each with its code.
const REFUSED: &[(&str, &str)] = &[("bieu-mau.pdf", "pdf-active-content"), ("da-ky.pdf", "pdf-already-signed")];

/// What one run may take after the build on two cores that do nothing else.
const PROMISED: Duration = Duration::from_secs(15);
/// When a run is ended.
const LIMIT: Duration = Duration::from_secs(120);

/// Where the results lie, one folder per scan.
pub(crate) fn folder() -> PathBuf {
    results().join("demo")
}

/// The result of the built-in scan.
pub(crate) fn built_in() -> PathBuf {
    folder().join("built-in")
}

/// A scan to which a page is added for the wording.
const ADDED: &str = "libreoffice.pdf";

/// The result of the scan that gets a page of its own for the wording.
pub(crate) fn added() -> PathBuf {
    folder().join(ADDED.replace('.', "-"))
}

/// The two copies that documents show.
pub(crate) fn for_pictures(log: &Log) -> Result<(), Failure> {
    fresh()?;
    log.run(Command::new(ctdt()).arg("demo").arg("--out").arg(built_in()), LIMIT)?;
    accepted(log, ADDED)
}

fn fresh() -> Result<(), Failure> {
    let folder = folder();
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))
}

/// Every scan; goes on after a failure, so that one look tells all.
pub(crate) fn all(log: &Log) -> Result<Tally, Failure> {
    fresh()?;
    let mut tally = Tally::default();
    let mut troubles = Vec::new();
    let mut note = |done: Result<(), Failure>| match done {
        Ok(()) => tally.passed += 1,
        Err(why) => troubles.push(why),
    };
    note(as_promised(log));
    note(readme::run(log));
    for scan in ACCEPTED {
        note(accepted(log, scan));
    }
    for (scan, code) in REFUSED {
        note(refused(log, scan, code));
    }
    if troubles.is_empty() { Ok(tally) } else { Err(troubles.join("; ")) }
}

/// The command that README shows, in the time that it promises, and the verdict of `ctdt verify` on what it made.
fn as_promised(log: &Log) -> Result<(), Failure> {
    // The promise is about the time after the build.
    stages::release(log)?;
    let begun = Instant::now();
    log.run(cargo().args(["run", "--release", "--", "demo", "--out"]).arg(built_in()), LIMIT)?;
    let took = begun.elapsed();
    log.say(&format!("built-in scan: {} ms", took.as_millis()))?;
    if took > PROMISED {
        return Err(format!("the demonstration took {} s, promised are {} s", took.as_secs(), PROMISED.as_secs()));
    }
    let (copy, trust) = (built_in().join("ban-sao.pdf"), built_in().join("trust.pem"));
    log.run(Command::new(ctdt()).arg("verify").arg("--trust").arg(&trust).arg(&copy), LIMIT)?;
    log.run(Command::new(ctdt()).args(["verify", "--json", "--trust"]).arg(&trust).arg(&copy), LIMIT)
}

fn command(scan: &str) -> Command {
    let mut command = Command::new(ctdt());
    let name = scan.replace('.', "-");
    command.arg("demo").arg("--scan").arg(root().join("tests/scans").join(scan)).arg("--out").arg(folder().join(name));
    command
}

fn accepted(log: &Log, scan: &str) -> Result<(), Failure> {
    let begun = Instant::now();
    log.run(&mut command(scan), LIMIT)?;
    log.say(&format!("{scan}: {} ms", begun.elapsed().as_millis()))
}

fn refused(log: &Log, scan: &str, code: &str) -> Result<(), Failure> {
    let status = log.status(&mut command(scan), LIMIT)?;
    let said = tail(&log.text(), 3);
    if status.success() || !said.contains(code) {
        return Err(format!("{scan} should be refused with {code}; it ended with {status}"));
    }
    log.say(&format!("{scan}: refused, {code}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scan_is_in_the_repository() {
        for scan in ACCEPTED.iter().chain(REFUSED.iter().map(|(scan, _)| scan)) {
            assert!(root().join("tests/scans").join(scan).is_file(), "{scan}");
        }
    }

    #[test]
    fn every_scan_of_the_repository_is_run() {
        let known = |name: &str| ACCEPTED.contains(&name) || REFUSED.iter().any(|(scan, _)| *scan == name);
        for entry in std::fs::read_dir(root().join("tests/scans")).expect("a folder").flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let scan = [".pdf", ".jpg", ".png", ".tif"].iter().any(|end| name.ends_with(end));
            assert!(!scan || known(&name), "{name} is run by nothing");
        }
    }
}
