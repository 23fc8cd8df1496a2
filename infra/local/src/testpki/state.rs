//! What the test PKI keeps under `DIR/pki/pki.json`, replaced whole by a rename.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::Error;

/// Bytes as base64 in JSON.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Der(pub(super) Vec<u8>);

impl Serialize for Der {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Der {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map(Der).map_err(serde::de::Error::custom)
    }
}

/// An authority, responder or stranger with its key.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct StoredKey {
    pub(super) id: String,
    pub(super) pkcs8: Der,
    pub(super) certificate: Der,
}

/// The key on a person's USB Token.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct StoredToken {
    pub(super) owner: String,
    pub(super) pkcs8: Der,
}

/// A certificate that an issuing CA issued for a key of somebody else.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct StoredLeaf {
    pub(super) issuer: String,
    pub(super) purpose: String,
    pub(super) serial: String,
    pub(super) spki: Der,
    pub(super) certificate: Der,
}

/// A revocation; `serial` is lower-case hex.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct StoredRevocation {
    pub(super) serial: String,
    pub(super) at: i64,
    pub(super) reason: Option<u8>,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct State {
    pub(super) responder_base_url: String,
    pub(super) keys: Vec<StoredKey>,
    pub(super) leaves: Vec<StoredLeaf>,
    #[serde(default)]
    pub(super) tokens: Vec<StoredToken>,
    pub(super) revocations: Vec<StoredRevocation>,
}

/// Where the state lies; nowhere without a folder.
pub(super) struct Place(Option<PathBuf>);

impl Place {
    pub(super) fn open(dir: Option<&Path>) -> Result<Place, Error> {
        let Some(dir) = dir else { return Ok(Place(None)) };
        let folder = dir.join("pki");
        std::fs::create_dir_all(&folder).map_err(|e| Error::File(folder.clone(), e.to_string()))?;
        Ok(Place(Some(folder.join("pki.json"))))
    }

    pub(super) fn read(&self) -> Result<Option<State>, Error> {
        let Some(path) = &self.0 else { return Ok(None) };
        match std::fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|e| Error::File(path.clone(), e.to_string())),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(Error::File(path.clone(), e.to_string())),
        }
    }

    pub(super) fn write(&self, state: &State) -> Result<(), Error> {
        let Some(path) = &self.0 else { return Ok(()) };
        let next = path.with_extension("next");
        let bytes = serde_json::to_vec_pretty(state).map_err(|e| Error::File(path.clone(), e.to_string()))?;
        let written =
            std::fs::write(&next, bytes).and_then(|()| private(&next)).and_then(|()| std::fs::rename(&next, path));
        written.map_err(|e| Error::File(path.clone(), e.to_string()))
    }
}

/// Private keys lie in this file: the owner only.
#[cfg(unix)]
fn private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
}

/// Elsewhere the folder's own rights have to do.
#[cfg(not(unix))]
fn private(_path: &Path) -> std::io::Result<()> {
    Ok(())
}
