//! Where one local cloud keeps its things: the data directory with its lock, and the ports that must stay.
//!
//! ```text
//! DIR/lock            held while a stack runs; the system lets go of it when the process dies
//! DIR/ports.json      the port of every listener; the responders' stands inside certificates (decision 42)
//! DIR/clock-offset    seconds, shared with the simulator and the functions
//! DIR/dynamodb.sqlite DIR/s3 DIR/kms DIR/mailbox DIR/pki DIR/simpki DIR/token-key.p8
//! ```

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener as StdListener};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::error::{Error, Result};
use crate::{files, serve};

/// Ports that are to be kept are taken below the range from which systems take ports for outgoing connections (on Linux
/// from 32768): there they are free again at the next start.
const KEPT_PORTS: std::ops::Range<u16> = 20_000..30_000;
/// How many ports of the range are tried before any free one is taken.
const PORT_TRIES: usize = 50;
/// How long a kept port that is taken is waited for: a process that was killed may still be going.
const PORT_PATIENCE: Duration = Duration::from_secs(2);
const PORT_PAUSE: Duration = Duration::from_millis(50);

/// The data directory, or a temporary one that goes with the stack.
#[derive(Debug)]
pub(crate) struct Places {
    root: PathBuf,
    kept: bool,
    // both are held for as long as the stack runs
    _lock: Option<File>,
    _temporary: Option<TempDir>,
}

/// How long the lock of a killed process may last: a child that it was starting has it until it is a program of its own.
const LINGERING: Duration = Duration::from_secs(2);

impl Places {
    /// Opens `data` and locks it; without it a temporary directory holds what other processes must see.
    ///
    /// # Errors
    /// [`Error::Busy`] when another process holds the lock, [`Error::Io`].
    pub(crate) fn open(data: Option<&Path>) -> Result<Self> {
        let Some(data) = data else {
            let temporary = tempfile::tempdir().map_err(Error::io(std::env::temp_dir()))?;
            let root = temporary.path().to_owned();
            return Ok(Self { root, kept: false, _lock: None, _temporary: Some(temporary) });
        };
        files::directory(data)?;
        let root = fs::canonicalize(data).map_err(Error::io(data))?;
        private(&root)?;
        let lock = lock(&root)?;
        files::sweep(&root)?;
        Ok(Self { root, kept: true, _lock: Some(lock), _temporary: None })
    }

    /// A path that exists for this process and its children, kept or not.
    pub(crate) fn shared(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// A path for what survives a restart; `None` when nothing is kept.
    pub(crate) fn kept(&self, name: &str) -> Option<PathBuf> {
        self.kept.then(|| self.root.join(name))
    }

    /// The data directory itself; `None` when nothing is kept.
    pub(crate) fn data(&self) -> Option<&Path> {
        self.kept.then_some(self.root.as_path())
    }
}

fn lock(root: &Path) -> Result<File> {
    let path = root.join("lock");
    let mut file = File::options().create(true).truncate(false).write(true).open(&path).map_err(Error::io(&path))?;
    match patient(&file) {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(Error::Busy(root.to_owned())),
        Err(TryLockError::Error(error)) => return Err(Error::Io { path, source: error }),
    }
    // For a person who looks who it is; nothing reads it.
    file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(Error::io(&path))?;
    Ok(file)
}

/// Takes the lock, with patience for one whose holder was just killed.
fn patient(file: &File) -> std::result::Result<(), TryLockError> {
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) if begun.elapsed() < LINGERING => thread::sleep(LINGERING / 100),
            done => return done,
        }
    }
}

/// Keys and personal data of the sandbox lie below: the owner only.
fn private(root: &Path) -> Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(root, fs::Permissions::from_mode(0o700)).map_err(Error::io(root))?;
    }
    #[cfg(not(unix))]
    let _ = root;
    Ok(())
}

/// What becomes of a kept port that somebody else has taken meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// The stack does not start: the address is written down where it cannot be changed.
    Must,
    /// Another one is taken.
    Should,
}

/// The ports of a stack, by the listener's name.
#[derive(Debug)]
pub(crate) struct Ports {
    file: Option<PathBuf>,
    known: BTreeMap<String, u16>,
}

impl Ports {
    /// Reads what an earlier start wrote.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Port`] for a file that is not ours.
    pub(crate) fn open(places: &Places) -> Result<Self> {
        let file = places.kept("ports.json");
        let known = match &file {
            Some(path) => match fs::read(path) {
                Ok(bytes) => serde_json::from_slice(&bytes)
                    .map_err(|error| Error::Port(format!("{}: {error}", path.display())))?,
                Err(error) if error.kind() == ErrorKind::NotFound => BTreeMap::new(),
                Err(source) => return Err(Error::Io { path: path.clone(), source }),
            },
            None => BTreeMap::new(),
        };
        Ok(Self { file, known })
    }

    /// Binds a listener on loopback, where it was before if it was.
    ///
    /// # Errors
    /// [`Error::Port`], with a sentence for the person at the terminal.
    pub(crate) fn bind(&mut self, name: &str, keep: Keep) -> Result<StdListener> {
        if self.file.is_none() {
            return serve::bind(name, 0);
        }
        let again = self.known.get(name).map(|port| bind_patiently(name, *port));
        let listener = match (again, keep) {
            (Some(Ok(listener)), _) => listener,
            (Some(Err(error)), Keep::Must) => return Err(error),
            (Some(Err(_)), Keep::Should) | (None, _) => fresh(name)?,
        };
        self.note(name, &listener)?;
        Ok(listener)
    }

    /// Binds the port that a person asked for.
    ///
    /// # Errors
    /// [`Error::Port`].
    pub(crate) fn bind_exactly(&mut self, name: &str, port: u16) -> Result<StdListener> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let bound = StdListener::bind(address).and_then(|listener| {
            listener.set_nonblocking(true)?;
            Ok(listener)
        });
        let listener = bound.map_err(|error| {
            Error::Port(format!(
                "không mở được cổng {address} / cannot listen on {address}: {error}. Another program uses the port; choose \
                 another one with --port"
            ))
        })?;
        self.note(name, &listener)?;
        Ok(listener)
    }

    fn note(&mut self, name: &str, listener: &StdListener) -> Result<()> {
        let address = listener.local_addr().map_err(|error| Error::Port(format!("{name}: {error}")))?;
        self.known.insert(name.to_owned(), address.port());
        Ok(())
    }

    /// Writes the ports down, before anything carries one of them.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub(crate) fn save(&self) -> Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let text = serde_json::to_vec_pretty(&self.known).map_err(|error| Error::Port(error.to_string()))?;
        files::replace(file, &text)
    }
}

fn bind_patiently(name: &str, port: u16) -> Result<StdListener> {
    let mut left = PORT_PATIENCE;
    loop {
        match serve::bind(name, port) {
            Err(_) if !left.is_zero() => {
                thread::sleep(PORT_PAUSE);
                left = left.saturating_sub(PORT_PAUSE);
            }
            result => return result,
        }
    }
}

/// A free port of the range; any free one when the range seems full.
fn fresh(name: &str) -> Result<StdListener> {
    for _ in 0..PORT_TRIES {
        let (low, high) = (KEPT_PORTS.start, KEPT_PORTS.end);
        let (random, _) = uuid::Uuid::new_v4().as_u64_pair();
        let offset = u16::try_from(random % u64::from(high.abs_diff(low))).unwrap_or(0);
        if let Ok(listener) = serve::bind(name, low.saturating_add(offset)) {
            return Ok(listener);
        }
    }
    serve::bind(name, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_stack_per_directory_and_ports_stay() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        let port = {
            let places = Places::open(Some(&data)).expect("opens");
            assert!(matches!(Places::open(Some(&data)), Err(Error::Busy(_))));
            let mut ports = Ports::open(&places).expect("opens");
            let listener = ports.bind("responders", Keep::Must).expect("binds");
            ports.save().expect("saves");
            listener.local_addr().expect("an address").port()
        };
        assert!(KEPT_PORTS.contains(&port));
        let places = Places::open(Some(&data)).expect("opens again");
        let mut ports = Ports::open(&places).expect("reads");
        let listener = ports.bind("responders", Keep::Must).expect("binds again");
        assert_eq!(listener.local_addr().expect("an address").port(), port);
        // taken: the responders may not move, others may
        assert!(matches!(ports.bind("responders", Keep::Must), Err(Error::Port(_))));
        let moved = ports.bind("responders", Keep::Should).expect("another one");
        assert_ne!(moved.local_addr().expect("an address").port(), port);
    }
}
