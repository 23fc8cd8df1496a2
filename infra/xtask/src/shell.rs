//! Starts other programs: output into a log, a sign of life every minute, an end when they take too long.
//!
//! Ends only what it started. Reads and writes nothing but logs.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Why a step could not be done, for the person at the terminal.
pub(crate) type Failure = String;

/// Between two looks at a running program.
const LOOK: Duration = Duration::from_millis(50);
/// Between two signs of life: a silent terminal looks like a hang.
const SIGN_OF_LIFE: Duration = Duration::from_secs(60);

/// The checkout.
pub(crate) fn root() -> PathBuf {
    let here =
        std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    here.ancestors().nth(2).map_or(here.clone(), Path::to_path_buf)
}

/// Where cargo builds.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |folder| root().join(folder))
}

/// The folder of logs and results.
pub(crate) fn results() -> PathBuf {
    target().join("xtask")
}

/// The cargo that started us.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.env("CARGO_TERM_COLOR", "never");
    // Neither is used again on a fresh machine, and together they are more than half of a `target` that fills its disk.
    if std::env::var_os("CI").is_some() {
        command.env("CARGO_INCREMENTAL", "0").env("CARGO_PROFILE_DEV_DEBUG", "0");
    }
    command
}

/// A log that grows; every program of a stage writes into the same.
#[derive(Debug)]
pub(crate) struct Log {
    path: PathBuf,
}

impl Log {
    /// Starts an empty log.
    pub(crate) fn new(name: &str) -> Result<Log, Failure> {
        let path = results().join(format!("{name}.log"));
        let folder = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        File::create(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Log { path })
    }

    /// Where it stands.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Everything so far.
    pub(crate) fn text(&self) -> String {
        std::fs::read(&self.path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// Adds a line and shows it.
    pub(crate) fn say(&self, line: &str) -> Result<(), Failure> {
        println!("  {line}");
        writeln!(self.open()?, "{line}").map_err(|error| format!("{}: {error}", self.path.display()))
    }

    fn open(&self) -> Result<File, Failure> {
        OpenOptions::new().append(true).open(&self.path).map_err(|error| format!("{}: {error}", self.path.display()))
    }

    /// Runs a program to its end in the checkout, within `limit`.
    ///
    /// # Errors
    /// When it cannot be started, takes too long or ends with another status than 0.
    pub(crate) fn run(&self, command: &mut Command, limit: Duration) -> Result<(), Failure> {
        let status = self.status(command, limit)?;
        if status.success() { Ok(()) } else { Err(format!("`{}` ended with {status}", shown(command))) }
    }

    /// As [`Log::run`], for programs whose status is an answer.
    ///
    /// # Errors
    /// When it cannot be started or takes too long.
    pub(crate) fn status(&self, command: &mut Command, limit: Duration) -> Result<ExitStatus, Failure> {
        let mut out = self.open()?;
        let told = format!("$ {}", shown(command));
        writeln!(out, "{told}").map_err(|error| format!("{}: {error}", self.path.display()))?;
        let both = out.try_clone().map_err(|error| error.to_string())?;
        command.current_dir(root()).stdin(Stdio::null()).stdout(out).stderr(both);
        let child = command.spawn().map_err(|error| format!("`{}` does not start: {error}", shown(command)))?;
        self.wait(child, limit).map_err(|why| format!("`{}` {why}", shown(command)))
    }

    fn wait(&self, mut child: Child, limit: Duration) -> Result<ExitStatus, Failure> {
        let begun = Instant::now();
        let mut told = begun;
        loop {
            if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
                return Ok(status);
            }
            if begun.elapsed() > limit {
                end(&mut child);
                return Err(format!("took longer than {} s and was ended", limit.as_secs()));
            }
            if told.elapsed() > SIGN_OF_LIFE {
                told = Instant::now();
                let text = self.text();
                let last = text.lines().last().unwrap_or_default();
                println!("  … {} s: {}", begun.elapsed().as_secs(), last.chars().take(100).collect::<String>());
            }
            sleep(LOOK);
        }
    }
}

/// A command as a person would type it.
pub(crate) fn shown(command: &Command) -> String {
    let parts = std::iter::once(command.get_program()).chain(command.get_args());
    parts.map(|part| part.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// Ends a program and what it started: `cargo test` has a child that would go on alone.
pub(crate) fn end(child: &mut Child) {
    for process in descendants(child.id()) {
        // The process may have ended by itself meanwhile.
        let _ = Command::new("kill").args(["-KILL", &process.to_string()]).stderr(Stdio::null()).status();
    }
    let _ = child.kill();
    let _ = child.wait();
}

fn descendants(of: u32) -> Vec<u32> {
    let parents: Vec<(u32, u32)> = std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_string_lossy().parse().ok())
        .filter_map(|process: u32| {
            let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
            Some((process, parent_in(&stat)?))
        })
        .collect();
    below(of, &parents)
}

/// The fourth field of `/proc/PID/stat`; the second is a name in brackets that may hold anything.
fn parent_in(stat: &str) -> Option<u32> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

/// Everything below a process, given (process, parent) pairs.
fn below(of: u32, parents: &[(u32, u32)]) -> Vec<u32> {
    let mut found = vec![of];
    let mut at = 0;
    while let Some(parent) = found.get(at).copied() {
        found.extend(
            parents
                .iter()
                .filter(|(process, above)| *above == parent && *process != parent)
                .map(|(process, _)| *process),
        );
        at += 1;
    }
    found.split_off(1)
}

/// Whether a command can be found.
pub(crate) fn exists(command: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(command).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parent_is_read_past_a_strange_name() {
        assert_eq!(parent_in("12 (a b) c) S 7 12 12 0"), Some(7));
        assert_eq!(parent_in("12"), None);
    }

    #[test]
    fn children_of_children_are_found_and_nobody_else() {
        assert_eq!(below(2, &[(1, 0), (2, 1), (3, 2), (4, 3), (5, 1), (6, 2)]), [3, 6, 4]);
        assert_eq!(below(9, &[(1, 0), (2, 1)]), Vec::<u32>::new());
    }

    #[test]
    fn a_command_is_shown_as_typed() {
        assert_eq!(shown(Command::new("qpdf").args(["--check", "a.pdf"])), "qpdf --check a.pdf");
    }
}
