//! Small files that must be whole after a crash.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use crate::error::{Error, Result};

/// Writes `bytes` to `path` so that a reader (or the next start after SIGKILL) sees the old content or the new, never
/// a part: a temporary file in the same directory, synchronised, then renamed.
///
/// # Errors
/// [`Error::Io`].
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let temporary = path.with_extension(format!("{}.new", uuid::Uuid::new_v4().simple()));
    let write = || -> std::io::Result<()> {
        let mut file = fs::File::create(&temporary)?;
        file.write_all(bytes)?;
        file.sync_data()?;
        fs::rename(&temporary, path)
    };
    write().map_err(|source| {
        let _ = fs::remove_file(&temporary);
        Error::Io { path: path.to_owned(), source }
    })
}

/// Creates a directory with all its parents.
///
/// # Errors
/// [`Error::Io`].
pub fn directory(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(Error::io(path))
}

/// Removes what [`replace`] may have left behind when the process was killed between its two steps.
///
/// # Errors
/// [`Error::Io`] when the directory cannot be listed.
pub fn sweep(path: &Path) -> Result<()> {
    for entry in fs::read_dir(path).map_err(Error::io(path))? {
        let entry = entry.map_err(Error::io(path))?;
        if entry.path().extension().is_some_and(|extension| extension == "new") {
            let _ = fs::remove_file(entry.path());
        }
    }
    Ok(())
}
