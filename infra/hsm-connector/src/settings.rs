//! The configuration file (YAML) and the files it names. Holds no secret itself: PIN and keys stand in files of their own.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// The longest configuration, PIN or PEM file, in bytes: a chain of six of RSA-8192 takes 20 KB.
const LONGEST: u64 = 64 * 1024;
/// The longest PIN, in bytes (PKCS#11 leaves it to the token; none known takes more).
const LONGEST_PIN: usize = 255;
/// Most clients: one for each stage of the deployment and a few to spare.
const MOST_CLIENTS: usize = 16;
/// Most credentials: an agency's seals.
const MOST_CREDENTIALS: usize = 32;

/// Why the configuration will not do.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct BadSetting(pub(crate) String);

fn bad(why: impl Into<String>) -> BadSetting {
    BadSetting(why.into())
}

/// The configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Name of the connector: `info` shows it, and approvals name it as their audience.
    pub name: String,
    /// TLS with client authentication. Without it only a loopback address is listened on.
    pub tls: Option<TlsSettings>,
    /// Who may ask.
    pub clients: Vec<ClientSettings>,
    /// Where the keys are.
    pub token: TokenSettings,
    /// What is offered.
    pub credentials: Vec<CredentialSettings>,
    /// Who says that a digest may be signed.
    pub profile: Profile,
    /// PEM files of the P-256 keys whose approvals count.
    #[serde(default)]
    pub approval_keys: Vec<PathBuf>,
    /// Calls a minute and client.
    #[serde(default = "rate")]
    pub calls_per_minute: u32,
}

/// Three calls a copy, and twice as many copies as the busiest office makes.
fn rate() -> u32 {
    120
}

/// The server's key and whom it lets in. PEM files.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsSettings {
    /// Private key.
    pub key: PathBuf,
    /// X.509 certificates, leaf first.
    pub chain: PathBuf,
    /// The CA of the clients.
    pub client_ca: PathBuf,
}

/// A client. Everything that is given must be right.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientSettings {
    /// Name, for the log and for what a SAD is bound to.
    pub name: String,
    /// SHA-256 of the SubjectPublicKeyInfo of its TLS key, hexadecimal.
    pub spki_sha256: Option<String>,
    /// SHA-256 of its bearer token, hexadecimal. A token has 128 bits of chance or more: it is not stretched.
    pub token_sha256: Option<String>,
}

/// A PKCS#11 token.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenSettings {
    /// The vendor's library.
    pub library: PathBuf,
    /// CKA_LABEL of the token.
    pub label: String,
    /// A file with the user's PIN that nobody else may read.
    pub pin_file: PathBuf,
}

/// A key that is offered.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialSettings {
    /// CSC `credentialID`.
    pub id: String,
    /// CKA_ID, hexadecimal.
    pub key_id: String,
    /// PEM of the CAs above the token's certificate, nearest first, to the root.
    pub chain: Option<PathBuf>,
}

/// Who says that a digest may be signed.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// `signing-request`, by its signature.
    Approved,
    /// Nobody. Only for keys of a test CA.
    Open,
}

impl Settings {
    /// Reads the file. Paths in it are taken from its folder.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn load(path: &Path) -> Result<Self, BadSetting> {
        let text = file(path)?;
        let text = String::from_utf8(text).map_err(|_| bad(format!("{}: is not UTF-8", path.display())))?;
        let mut settings: Self =
            serde_yaml_ng::from_str(&text).map_err(|error| bad(format!("{}: {error}", path.display())))?;
        settings.below(path.parent().unwrap_or(Path::new("")));
        settings.check()?;
        Ok(settings)
    }

    fn below(&mut self, folder: &Path) {
        let mut paths: Vec<&mut PathBuf> = vec![&mut self.token.library, &mut self.token.pin_file];
        paths.extend(self.approval_keys.iter_mut());
        paths.extend(self.credentials.iter_mut().filter_map(|credential| credential.chain.as_mut()));
        if let Some(tls) = &mut self.tls {
            paths.extend([&mut tls.key, &mut tls.chain, &mut tls.client_ca]);
        }
        for path in paths {
            *path = folder.join(&*path);
        }
    }

    /// What needs no file to be judged.
    fn check(&self) -> Result<(), BadSetting> {
        if self.tls.is_none() && !self.listen.ip().is_loopback() {
            return Err(bad("without `tls` only a loopback address may be listened on"));
        }
        if !(1..=MOST_CLIENTS).contains(&self.clients.len()) {
            return Err(bad(format!("1 to {MOST_CLIENTS} clients")));
        }
        if !(1..=MOST_CREDENTIALS).contains(&self.credentials.len()) {
            return Err(bad(format!("1 to {MOST_CREDENTIALS} credentials")));
        }
        if self.name.is_empty() || self.calls_per_minute == 0 {
            return Err(bad("`name` and `calls_per_minute` may not be nothing"));
        }
        for credential in &self.credentials {
            let same = self.credentials.iter().filter(|other| other.id == credential.id).count();
            if credential.id.is_empty() || same > 1 || credential.key_id.is_empty() {
                return Err(bad("each credential has an `id` of its own and a `key_id`"));
            }
        }
        for client in &self.clients {
            if client.name.is_empty() || self.clients.iter().filter(|other| other.name == client.name).count() > 1 {
                return Err(bad("each client has a name of its own"));
            }
            if self.tls.is_some() && client.spki_sha256.is_none() {
                return Err(bad(format!("client {}: `spki_sha256` is missing", client.name)));
            }
            if self.tls.is_none() && (client.token_sha256.is_none() || client.spki_sha256.is_some()) {
                return Err(bad(format!("client {}: without `tls`, `token_sha256` and nothing else", client.name)));
            }
            for digest in client.spki_sha256.iter().chain(&client.token_sha256) {
                self::digest(digest)?;
            }
        }
        match (self.profile, self.approval_keys.is_empty()) {
            (Profile::Approved, true) => Err(bad("profile `approved` needs `approval_keys`")),
            (Profile::Open, false) => Err(bad("profile `open` asks nobody: `approval_keys` must be left out")),
            _ => Ok(()),
        }
    }
}

/// A SHA-256 in hexadecimal.
pub(crate) fn digest(text: &str) -> Result<[u8; 32], BadSetting> {
    let bytes = hex::decode(text).unwrap_or_default();
    bytes.try_into().map_err(|_| bad("a SHA-256 has 64 hexadecimal digits"))
}

/// A file of at most [`LONGEST`] bytes.
pub(crate) fn file(path: &Path) -> Result<Vec<u8>, BadSetting> {
    let told = |error: std::io::Error| bad(format!("{}: {error}", path.display()));
    if fs::metadata(path).map_err(told)?.len() > LONGEST {
        return Err(bad(format!("{}: longer than {LONGEST} bytes", path.display())));
    }
    fs::read(path).map_err(told)
}

/// The PIN of a file that only its owner may read. Nothing of it is ever told.
pub(crate) fn pin(path: &Path) -> Result<String, BadSetting> {
    private(path)?;
    let text = String::from_utf8(file(path)?).unwrap_or_default();
    let pin = text.trim_end_matches(['\r', '\n']);
    if pin.is_empty() || pin.len() > LONGEST_PIN {
        return Err(bad(format!("{}: holds no PIN", path.display())));
    }
    Ok(pin.to_owned())
}

/// Refuses a file that others may read.
pub(crate) fn private(path: &Path) -> Result<(), BadSetting> {
    let about = fs::metadata(path).map_err(|error| bad(format!("{}: {error}", path.display())))?;
    if about.permissions().mode() & 0o077 != 0 {
        return Err(bad(format!("{}: others may read it (chmod 600)", path.display())));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "
listen: 127.0.0.1:0
name: hsm
clients: [{name: ctdt, token_sha256: 0000000000000000000000000000000000000000000000000000000000000000}]
token: {library: lib.so, label: t, pin_file: pin}
credentials: [{id: seal, key_id: '01'}]
profile: open
";

    fn judged(text: &str) -> Result<Settings, BadSetting> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.yaml");
        fs::write(&path, text).expect("written");
        Settings::load(&path)
    }

    #[test]
    fn a_configuration_is_read_and_judged() {
        let good = judged(GOOD).expect("good");
        assert!(good.token.pin_file.is_absolute(), "below the folder of the file");
        for (from, to) in [
            ("127.0.0.1:0", "0.0.0.0:0"),
            ("token_sha256: 00", "token_sha256: 0"),
            ("token_sha256", "spki_sha256"),
            ("profile: open", "profile: approved"),
            ("profile: open", "profile: open\napproval_keys: [a.pem]"),
            ("profile: open", "profile: open\npin: 1234"),
            ("[{id: seal, key_id: '01'}]", "[]"),
            ("[{id", "[{id: seal, key_id: '02'}, {id"),
            ("key_id: '01'", "key_id: ''"),
            ("name: hsm", "name: ''"),
            ("clients: [", "clients: [{name: ctdt}, "),
        ] {
            assert!(judged(&GOOD.replace(from, to)).is_err(), "{to}");
        }
    }

    #[test]
    fn a_pin_that_others_may_read_is_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("pin");
        fs::write(&path, "1234\n").expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("set");
        assert!(pin(&path).is_err());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("set");
        assert_eq!(pin(&path), Ok("1234".to_owned()));
        fs::write(&path, "\n").expect("written");
        assert!(pin(&path).is_err());
    }
}
