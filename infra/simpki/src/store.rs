//! The state on disk: one JSON file per SIM and per prompt, each replaced whole by a rename. Survives a killed process;
//! does not call `fsync`, so it does not promise to survive a power cut.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Error;
use crate::sim::{Subscriber, Transaction};

/// Files read at a start; more means a folder that is not ours.
const MAX_FILES: usize = 1_000_000;

pub(crate) struct Store {
    dir: Option<PathBuf>,
}

impl Store {
    /// Opens a folder, making it when it is missing; `None` keeps nothing.
    pub(crate) fn open(dir: Option<&Path>) -> Result<Store, Error> {
        if let Some(dir) = dir {
            for part in ["subscribers", "transactions"] {
                fs::create_dir_all(dir.join(part)).map_err(|e| failed(&dir.join(part), &e))?;
            }
        }
        Ok(Store { dir: dir.map(Path::to_path_buf) })
    }

    pub(crate) fn subscribers(&self) -> Result<Vec<Subscriber>, Error> {
        self.read_all("subscribers")
    }

    pub(crate) fn transactions(&self) -> Result<Vec<Transaction>, Error> {
        self.read_all("transactions")
    }

    pub(crate) fn put_subscriber(&self, sim: &Subscriber) -> Result<(), Error> {
        self.write("subscribers", &sim.credential_id, sim)
    }

    pub(crate) fn put_transaction(&self, transaction: &Transaction) -> Result<(), Error> {
        self.write("transactions", &transaction.id, transaction)
    }

    fn read_all<T: DeserializeOwned>(&self, part: &str) -> Result<Vec<T>, Error> {
        let Some(dir) = &self.dir else { return Ok(Vec::new()) };
        let folder = dir.join(part);
        let mut all = Vec::new();
        for entry in fs::read_dir(&folder).map_err(|e| failed(&folder, &e))? {
            let path = entry.map_err(|e| failed(&folder, &e))?.path();
            if path.extension().is_none_or(|e| e != "json") {
                continue;
            }
            if all.len() >= MAX_FILES {
                return Err(Error::State(format!("{}: too many files", folder.display())));
            }
            let bytes = fs::read(&path).map_err(|e| failed(&path, &e))?;
            all.push(serde_json::from_slice(&bytes).map_err(|e| failed(&path, &e.into()))?);
        }
        Ok(all)
    }

    fn write<T: Serialize>(&self, part: &str, name: &str, value: &T) -> Result<(), Error> {
        let Some(dir) = &self.dir else { return Ok(()) };
        let path = dir.join(part).join(format!("{name}.json"));
        let next = path.with_extension("next");
        let bytes = serde_json::to_vec_pretty(value).map_err(|e| failed(&path, &e.into()))?;
        fs::write(&next, bytes)
            .and_then(|()| private(&next))
            .and_then(|()| fs::rename(&next, &path))
            .map_err(|e| failed(&path, &e))
    }
}

/// Keys lie in these files: the owner only.
fn private(path: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    }
    if path.exists() { Ok(()) } else { Err(ErrorKind::NotFound.into()) }
}

fn failed(path: &Path, e: &std::io::Error) -> Error {
    Error::State(format!("{}: {e}", path.display()))
}
