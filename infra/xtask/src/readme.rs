//! Every command of README.md that starts the program, line by line as it stands there, in a folder of its own.
//!
//! Builds nothing: `cargo run --release --` is answered by what the stage before has built. `demo` proves it once with cargo.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::python::ctdt;
use crate::shell::{Failure, Log, end, results, root};

/// How the commands begin that are run here.
const PROGRAM: &str = "cargo run --release -- ";
/// How long one command may take.
const LIMIT: Duration = Duration::from_secs(120);
/// The port that the document names; it may be taken on this machine.
const PORT: &str = "8080";
/// What the document says to be under the address of `dev`.
const PAGES: [&str; 4] = ["/verify", "/phone", "/docs", "/v1/sandbox/personas"];

/// The commands of a document's shell blocks, as they are typed, without what explains them.
pub(crate) fn commands(document: &str) -> Vec<String> {
    let (mut inside, mut found) = (false, Vec::new());
    for line in document.lines() {
        if line.starts_with("```") {
            inside = line == "```sh";
        } else if inside {
            let command = line.split(" #").next().unwrap_or_default().trim();
            found.extend((!command.is_empty()).then(|| command.to_owned()));
        }
    }
    found
}

/// Runs them in their order.
///
/// # Errors
/// The first command that does not do what the document says.
pub(crate) fn run(log: &Log) -> Result<(), Failure> {
    let folder = fresh()?;
    let text = std::fs::read_to_string(root().join("README.md")).map_err(|error| format!("README.md: {error}"))?;
    let all = commands(&text).into_iter().filter(|command| command.starts_with(PROGRAM));
    let mut count = 0_usize;
    for command in all {
        log.say(&format!("README.md: {command}"))?;
        if command.starts_with(&format!("{PROGRAM}dev")) {
            served(&folder, &command)?;
        } else {
            log.run(&mut typed(&folder, &command), LIMIT)?;
        }
        count += 1;
    }
    left_behind(&folder)?;
    if count >= 4 { Ok(()) } else { Err(format!("README.md shows only {count} commands of the program")) }
}

/// An empty folder with the scan that the document speaks of, and a `cargo` that builds nothing.
fn fresh() -> Result<PathBuf, Failure> {
    let folder = results().join("readme");
    let trouble = |error: std::io::Error| format!("{}: {error}", folder.display());
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(trouble)?;
    }
    std::fs::create_dir_all(folder.join("bin")).map_err(trouble)?;
    let scan = root().join("tests/scans/anh-xoay-exif.jpg");
    std::fs::copy(&scan, folder.join("my-scan.jpg")).map_err(|error| format!("{}: {error}", scan.display()))?;
    let cargo = folder.join("bin/cargo");
    let program = ctdt();
    let script = format!(
        "#!/bin/sh\n[ \"$1 $2 $3\" = 'run --release --' ] || exit 64\nshift 3\nexec '{}' \"$@\"\n",
        program.display()
    );
    std::fs::write(&cargo, script).map_err(trouble)?;
    std::fs::set_permissions(&cargo, std::fs::Permissions::from_mode(0o755)).map_err(trouble)?;
    Ok(folder)
}

/// The command as a shell in that folder gets it.
fn typed(folder: &Path, command: &str) -> Command {
    let mut shell = Command::new("sh");
    let path = std::env::var("PATH").unwrap_or_default();
    shell.env("PATH", format!("{}:{path}", folder.join("bin").display()));
    shell.args(["-c", &format!("cd '{}' && exec {command}", folder.display())]);
    shell
}

/// `dev`: it says READY with its address, has its pages, and stops cleanly.
fn served(folder: &Path, command: &str) -> Result<(), Failure> {
    let free = TcpListener::bind(("127.0.0.1", 0)).and_then(|socket| socket.local_addr());
    let port = free.map_err(|error| format!("no free port: {error}"))?.port();
    let command = command.replace(PORT, &port.to_string());
    let mut child = typed(folder, &command)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("`{command}` does not start: {error}"))?;
    let looked = looked_at(&mut child, port);
    let stopped = looked.and_then(|()| stopped(&mut child));
    if stopped.is_err() {
        end(&mut child);
    }
    stopped.map_err(|why| format!("`{command}` {why}"))
}

fn looked_at(child: &mut Child, port: u16) -> Result<(), Failure> {
    let out = child.stdout.take().ok_or("has no output")?;
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        BufReader::new(out).lines().map_while(Result::ok).for_each(|line| drop(tell.send(line)))
    });
    let wanted = format!("READY http://127.0.0.1:{port}");
    let said = told.recv_timeout(LIMIT).map_err(|_| "says nothing".to_owned())?;
    if said != wanted {
        return Err(format!("says `{said}` instead of `{wanted}`"));
    }
    PAGES.iter().try_for_each(|page| match status(port, page) {
        Ok(200) => Ok(()),
        other => Err(format!("answers {other:?} to {page}")),
    })
}

fn status(port: u16, path: &str) -> std::io::Result<u16> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(LIMIT))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let line = String::from_utf8_lossy(&answer);
    line.split(' ').nth(1).and_then(|code| code.parse().ok()).ok_or_else(|| std::io::Error::other("no HTTP"))
}

fn stopped(child: &mut Child) -> Result<(), Failure> {
    let kill = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    kill.map_err(|error| error.to_string())?;
    let begun = Instant::now();
    while begun.elapsed() < LIMIT {
        match child.try_wait().map_err(|error| error.to_string())? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => return Err(format!("ended with {status}")),
            None => std::thread::sleep(Duration::from_millis(50)),
        }
    }
    Err("does not stop".to_owned())
}

/// The files that the document names, from `demo` with and without a folder; the state of `dev`.
fn left_behind(folder: &Path) -> Result<(), Failure> {
    let wanted = ["ctdt-demo", "out"].into_iter().flat_map(|place| {
        ["ban-sao.pdf", "trust.pem", "bien-ban.json", "bien-ban.pdf", "ma-qr.jwks.json"]
            .into_iter()
            .map(move |name| format!("{place}/{name}"))
    });
    let mut missing = wanted.chain([".ctdt".to_owned()]).filter(|name| !folder.join(name).exists());
    missing.next().map_or(Ok(()), |name| Err(format!("README.md promises {name}, and it is not there")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    fn document(name: &str) -> String {
        std::fs::read_to_string(root().join(name)).expect(name)
    }

    #[test]
    fn commands_are_lines_of_shell_blocks() {
        let text = "a\n```sh\ncargo x  # why\n\n# only why\n```\n```json\n{}\n```\n```sh\nb\n```\n";
        assert_eq!(commands(text), ["cargo x", "# only why", "b"]);
    }

    /// What is typed behind `cargo xtask` is understood as it is meant.
    #[test]
    fn every_xtask_of_the_documents_is_one() {
        let mut count = 0;
        for name in ["README.md", "CONTRIBUTING.md"] {
            for command in commands(&document(name)) {
                if command.starts_with("cargo xtask ") {
                    count += 1;
                    let parsed = crate::Cli::try_parse_from(command.split_whitespace().skip(1));
                    assert!(parsed.is_ok(), "{name}: {command}");
                }
            }
        }
        assert!(count >= 4, "{count}");
    }

    #[test]
    fn the_readme_shows_the_program() {
        let all = commands(&document("README.md"));
        for word in ["demo", "verify", "qr", "dev"] {
            assert!(all.iter().any(|command| command.starts_with(&format!("{PROGRAM}{word}"))), "{word}");
        }
    }
}
