//! Installs what a fresh machine lacks, says what, and touches nothing that is there.
//!
//! Debian packages go through apt-get (with sudo unless root); Python packages go into `.tools/venv` of the checkout,
//! ministack and certomancer into `.tools/ministack` and `.tools/certomancer`.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::python;
use crate::shell::{Failure, Log, exists, root};

/// What the judges and the browser need: a command or a file, and the Debian package that brings it.
const DEBIAN: &[(&str, &str)] = &[
    ("qpdf", "qpdf"),
    ("pdffonts", "poppler-utils"),
    ("pdfinfo", "poppler-utils"),
    ("pdfsig", "poppler-utils"),
    ("pdftoppm", "poppler-utils"),
    ("pdftotext", "poppler-utils"),
    ("zbarimg", "zbar-tools"),
    ("softhsm2-util", "softhsm2"),
    ("pkcs11-tool", "opensc"),
    ("chromium", "chromium"),
    ("/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf", "fonts-noto-core"),
    ("python3", "python3-venv"),
];

/// Tries of a download: a registry may be out of reach for a moment.
const TRIES: u32 = 3;
const INSTALL: Duration = Duration::from_secs(900);

/// Installs what is missing.
///
/// # Errors
/// What could not be installed, and how to do it by hand.
pub(crate) fn install(log: &Log) -> Result<(), Failure> {
    let missing = missing(|what| if what.starts_with('/') { Path::new(what).exists() } else { exists(what) });
    if !missing.is_empty() {
        debian(log, &missing)?;
    }
    environment(log, &python::environment(), &root().join("tests/judges/requirements.txt"))?;
    environment(log, &python::mobile_environment(), &root().join("tests/judges/mobile/requirements.txt"))?;
    apart(log, "ministack", "infra/ctdt/tests/house/ministack.txt")?;
    apart(log, "certomancer", "tests/peers/certomancer.txt")
}

/// A program in an environment of its own: its libraries are not those of the judges. A machine that cannot have it leaves one
/// test out, and is told so.
fn apart(log: &Log, name: &str, pins: &str) -> Result<(), Failure> {
    match environment(log, &root().join(".tools").join(name), &root().join(pins)) {
        Ok(()) => Ok(()),
        Err(why) => log.say(&format!("SKIPPED: {name} is not installed ({why})")),
    }
}

fn missing(is_there: impl Fn(&str) -> bool) -> Vec<&'static str> {
    let mut packages: Vec<&str> = Vec::new();
    for (what, package) in DEBIAN {
        if !is_there(what) && !packages.contains(package) {
            packages.push(package);
        }
    }
    packages
}

fn debian(log: &Log, packages: &[&str]) -> Result<(), Failure> {
    if !exists("apt-get") {
        return Err(format!("no apt-get here: install {} by hand, then run again", packages.join(", ")));
    }
    log.say(&format!("installs Debian packages: {}", packages.join(" ")))?;
    let install: Vec<&str> =
        ["install", "-y", "--no-install-recommends"].into_iter().chain(packages.iter().copied()).collect();
    again(|| log.run(&mut apt_get(&["update"]), INSTALL))?;
    again(|| log.run(&mut apt_get(&install), INSTALL))
}

fn apt_get(arguments: &[&str]) -> Command {
    let root = std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    let mut command = Command::new(if root { "env" } else { "sudo" });
    // Another apt-get may be at work: wait for it instead of failing.
    command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-o", "DPkg::Lock::Timeout=300"]).args(arguments);
    command
}

/// A private Python environment in `folder` that holds exactly what `pins` says. The copy of it that lies in the folder is
/// written last: who finds it there, and the same, finds the whole.
fn environment(log: &Log, folder: &Path, pins: &Path) -> Result<(), Failure> {
    let wanted = std::fs::read_to_string(pins).map_err(|error| format!("{}: {error}", pins.display()))?;
    let stamp = folder.join("requirements.txt");
    if std::fs::read_to_string(&stamp).is_ok_and(|there| there == wanted) {
        return Ok(());
    }
    let named: Vec<&str> = wanted.lines().filter(|line| line.contains("==")).collect();
    log.say(&format!("installs into {}: {}", folder.display(), named.join(" ")))?;
    let make = |log: &Log| log.run(Command::new("python3").args(["-m", "venv"]).arg(folder), INSTALL);
    if make(log).is_err() {
        // Debian splits venv off from its python3.
        debian(log, &["python3-venv"])?;
        make(log)?;
    }
    let mut pip = Command::new(folder.join("bin/pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check", "--no-input", "--only-binary", ":all:", "-r"]);
    pip.arg(pins);
    again(|| log.run(&mut pip, INSTALL))?;
    std::fs::write(&stamp, wanted).map_err(|error| format!("{}: {error}", stamp.display()))
}

fn again(mut act: impl FnMut() -> Result<(), Failure>) -> Result<(), Failure> {
    let mut last = Ok(());
    for _ in 0..TRIES {
        last = act();
        if last.is_ok() {
            break;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_missing_is_installed_and_once() {
        assert_eq!(missing(|_| true), Vec::<&str>::new());
        assert_eq!(missing(|what| !what.starts_with("pdf")), ["poppler-utils"]);
        assert_eq!(missing(|what| !what.starts_with('/') && what != "qpdf"), ["qpdf", "fonts-noto-core"]);
    }

    #[test]
    fn a_download_is_tried_three_times() {
        let mut calls = 0;
        let done = again(|| {
            calls += 1;
            if calls < 3 { Err("no".to_owned()) } else { Ok(()) }
        });
        assert_eq!((done, calls), (Ok(()), 3));
    }
}
