//! The keys: made once, kept as PKCS#8 in files only the owner may read.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest::{self, Digest};
use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaEncoding, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::credentials::Credentials;
use crate::error::{Error, Result};
use crate::files;

/// What a key is. Names as in KMS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeySpec {
    /// RSA, 2,048 bits.
    #[serde(rename = "RSA_2048")]
    Rsa2048,
    /// RSA, 3,072 bits.
    #[serde(rename = "RSA_3072")]
    Rsa3072,
    /// RSA, 4,096 bits.
    #[serde(rename = "RSA_4096")]
    Rsa4096,
    /// ECDSA on P-256.
    #[serde(rename = "ECC_NIST_P256")]
    P256,
    /// ECDSA on P-384.
    #[serde(rename = "ECC_NIST_P384")]
    P384,
    /// Ed25519.
    #[serde(rename = "ECC_NIST_EDWARDS25519")]
    Ed25519,
    /// A symmetric key; it has a name and nothing else here.
    #[serde(rename = "SYMMETRIC_DEFAULT")]
    Symmetric,
}

const RSA_ALGORITHMS: &[&str] = &[
    "RSASSA_PKCS1_V1_5_SHA_256",
    "RSASSA_PKCS1_V1_5_SHA_384",
    "RSASSA_PKCS1_V1_5_SHA_512",
    "RSASSA_PSS_SHA_256",
    "RSASSA_PSS_SHA_384",
    "RSASSA_PSS_SHA_512",
];

/// Pure Ed25519 (RFC 8032 §5.1).
const ED25519: &str = "ED25519_SHA_512";

impl KeySpec {
    const ALL: [Self; 7] =
        [Self::Rsa2048, Self::Rsa3072, Self::Rsa4096, Self::P256, Self::P384, Self::Ed25519, Self::Symmetric];

    /// The spec with this name in KMS.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|spec| spec.name() == name)
    }

    /// The name in KMS.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rsa2048 => "RSA_2048",
            Self::Rsa3072 => "RSA_3072",
            Self::Rsa4096 => "RSA_4096",
            Self::P256 => "ECC_NIST_P256",
            Self::P384 => "ECC_NIST_P384",
            Self::Ed25519 => "ECC_NIST_EDWARDS25519",
            Self::Symmetric => "SYMMETRIC_DEFAULT",
        }
    }

    pub(super) const fn usage(self) -> &'static str {
        match self {
            Self::Symmetric => "ENCRYPT_DECRYPT",
            _ => "SIGN_VERIFY",
        }
    }

    pub(super) const fn algorithms(self) -> &'static [&'static str] {
        match self {
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => RSA_ALGORITHMS,
            Self::P256 => &["ECDSA_SHA_256"],
            Self::P384 => &["ECDSA_SHA_384"],
            // Ed25519ph, which KMS offers beside it, is asked by nobody here.
            Self::Ed25519 => &[ED25519],
            Self::Symmetric => &[],
        }
    }

    pub(super) fn knows(algorithm: &str) -> bool {
        Self::ALL.iter().any(|spec| spec.algorithms().contains(&algorithm)) || algorithm == "ECDSA_SHA_512"
    }
}

/// What a key's policy pins; `None` pins nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRules {
    /// `kms:SigningAlgorithm`
    pub signing_algorithm: Option<String>,
    /// `kms:MessageType`, `RAW` or `DIGEST`
    pub message_type: Option<String>,
}

impl KeyRules {
    pub(super) fn allow(&self, algorithm: &str, kind: MessageType) -> bool {
        self.signing_algorithm.as_deref().is_none_or(|pinned| pinned == algorithm)
            && self.message_type.as_deref().is_none_or(|pinned| pinned == kind.name())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MessageType {
    Raw,
    Digest,
}

impl MessageType {
    const fn name(self) -> &'static str {
        match self {
            Self::Raw => "RAW",
            Self::Digest => "DIGEST",
        }
    }
}

#[derive(Debug)]
enum Material {
    Rsa(Box<RsaKeyPair>),
    Ecdsa(Box<EcdsaKeyPair>),
    Ed25519(Box<Ed25519KeyPair>),
    None,
}

/// One key.
#[derive(Debug)]
pub struct Key {
    id: String,
    spec: KeySpec,
    description: String,
    rules: KeyRules,
    created_s: i64,
    enabled: AtomicBool,
    pkcs8: Option<Vec<u8>>,
    material: Material,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    v: u32,
    id: String,
    spec: KeySpec,
    description: String,
    rules: KeyRules,
    created_s: i64,
    enabled: bool,
    pkcs8: Option<String>,
}

fn failed<E>(what: &'static str) -> impl FnOnce(E) -> Error {
    move |_| Error::Key(what.to_owned())
}

fn generate(spec: KeySpec) -> Result<Option<Vec<u8>>> {
    let rsa = |size| -> Result<Option<Vec<u8>>> {
        let pair = RsaKeyPair::generate(size).map_err(failed("RSA generation failed"))?;
        let der: Pkcs8V1Der<'_> = pair.as_der().map_err(failed("RSA encoding failed"))?;
        Ok(Some(der.as_ref().to_vec()))
    };
    let ecdsa = |algorithm| -> Result<Option<Vec<u8>>> {
        let der =
            EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new()).map_err(failed("ECDSA generation failed"))?;
        Ok(Some(der.as_ref().to_vec()))
    };
    match spec {
        KeySpec::Rsa2048 => rsa(KeySize::Rsa2048),
        KeySpec::Rsa3072 => rsa(KeySize::Rsa3072),
        KeySpec::Rsa4096 => rsa(KeySize::Rsa4096),
        KeySpec::P256 => ecdsa(&signature::ECDSA_P256_SHA256_ASN1_SIGNING),
        KeySpec::P384 => ecdsa(&signature::ECDSA_P384_SHA384_ASN1_SIGNING),
        KeySpec::Ed25519 => {
            let der = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new());
            Ok(Some(der.map_err(failed("Ed25519 generation failed"))?.as_ref().to_vec()))
        }
        KeySpec::Symmetric => Ok(None),
    }
}

fn load(spec: KeySpec, pkcs8: Option<&[u8]>) -> Result<Material> {
    let bytes = || pkcs8.ok_or_else(|| Error::Key("the private key is missing".to_owned()));
    let ecdsa = |algorithm, bytes: &[u8]| {
        EcdsaKeyPair::from_pkcs8(algorithm, bytes)
            .map(|pair| Material::Ecdsa(Box::new(pair)))
            .map_err(failed("not an ECDSA key"))
    };
    match spec {
        KeySpec::Rsa2048 | KeySpec::Rsa3072 | KeySpec::Rsa4096 => {
            RsaKeyPair::from_pkcs8(bytes()?).map(|pair| Material::Rsa(Box::new(pair))).map_err(failed("not an RSA key"))
        }
        KeySpec::P256 => ecdsa(&signature::ECDSA_P256_SHA256_ASN1_SIGNING, bytes()?),
        KeySpec::P384 => ecdsa(&signature::ECDSA_P384_SHA384_ASN1_SIGNING, bytes()?),
        KeySpec::Ed25519 => Ed25519KeyPair::from_pkcs8(bytes()?)
            .map(|pair| Material::Ed25519(Box::new(pair)))
            .map_err(failed("not an Ed25519 key")),
        KeySpec::Symmetric => Ok(Material::None),
    }
}

fn hash_of(algorithm: &str) -> &'static digest::Algorithm {
    match algorithm.rsplit('_').next() {
        Some("384") => &digest::SHA384,
        Some("512") => &digest::SHA512,
        _ => &digest::SHA256,
    }
}

fn rsa_encoding(algorithm: &str) -> &'static dyn RsaEncoding {
    match algorithm {
        "RSASSA_PKCS1_V1_5_SHA_384" => &signature::RSA_PKCS1_SHA384,
        "RSASSA_PKCS1_V1_5_SHA_512" => &signature::RSA_PKCS1_SHA512,
        "RSASSA_PSS_SHA_256" => &signature::RSA_PSS_SHA256,
        "RSASSA_PSS_SHA_384" => &signature::RSA_PSS_SHA384,
        "RSASSA_PSS_SHA_512" => &signature::RSA_PSS_SHA512,
        _ => &signature::RSA_PKCS1_SHA256,
    }
}

impl Key {
    /// The key id, a UUID unless a template gave another.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn spec(&self) -> KeySpec {
        self.spec
    }

    pub(super) fn rules(&self) -> &KeyRules {
        &self.rules
    }

    pub(super) fn enabled(&self) -> bool {
        self.enabled.load(Ordering::Relaxed)
    }

    /// The public key as SubjectPublicKeyInfo (RFC 5280 §4.1.2.7); `None` for a symmetric key.
    #[must_use]
    pub fn public_der(&self) -> Option<Vec<u8>> {
        let der: PublicKeyX509Der<'_> = match &self.material {
            Material::Rsa(pair) => pair.public_key().as_der().ok()?,
            Material::Ecdsa(pair) => pair.public_key().as_der().ok()?,
            Material::Ed25519(pair) => pair.public_key().as_der().ok()?,
            Material::None => return None,
        };
        Some(der.as_ref().to_vec())
    }

    /// Signs; the algorithm must belong to the spec.
    pub(super) fn sign(&self, algorithm: &str, kind: MessageType, message: &[u8]) -> Result<Vec<u8>, String> {
        if let Material::Ed25519(pair) = &self.material {
            return match kind {
                MessageType::Raw => Ok(pair.sign(message).as_ref().to_vec()),
                MessageType::Digest => Err(format!("{algorithm} signing algorithm requires MessageType:RAW")),
            };
        }
        let hash = hash_of(algorithm);
        let digest = match kind {
            MessageType::Raw => digest::digest(hash, message),
            MessageType::Digest => Digest::import_less_safe(message, hash)
                .map_err(|_| format!("Digest is invalid length for algorithm {algorithm}."))?,
        };
        match &self.material {
            Material::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign_digest(rsa_encoding(algorithm), &digest, &mut signature)
                    .map_err(|_| "signing failed".to_owned())?;
                Ok(signature)
            }
            Material::Ecdsa(pair) => pair
                .sign_digest(&digest)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_| "signing failed".to_owned()),
            Material::Ed25519(_) | Material::None => Err("the key cannot sign".to_owned()),
        }
    }

    fn kept(&self) -> Kept {
        Kept {
            v: 1,
            id: self.id.clone(),
            spec: self.spec,
            description: self.description.clone(),
            rules: self.rules.clone(),
            created_s: self.created_s,
            enabled: self.enabled(),
            pkcs8: self.pkcs8.as_ref().map(|der| STANDARD.encode(der)),
        }
    }

    fn from_kept(kept: Kept) -> Result<Self> {
        let pkcs8 = kept.pkcs8.map(|text| STANDARD.decode(text)).transpose().map_err(failed("not base64"))?;
        Ok(Self {
            material: load(kept.spec, pkcs8.as_deref())?,
            id: kept.id,
            spec: kept.spec,
            description: kept.description,
            rules: kept.rules,
            created_s: kept.created_s,
            enabled: AtomicBool::new(kept.enabled),
            pkcs8,
        })
    }
}

/// All keys and aliases.
#[derive(Debug)]
pub struct Keys {
    directory: Option<PathBuf>,
    region: String,
    account: String,
    keys: Mutex<BTreeMap<String, Arc<Key>>>,
    aliases: Mutex<BTreeMap<String, String>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Keys {
    pub(super) fn open(directory: Option<&Path>, credentials: &Credentials) -> Result<Self> {
        let mut keys = BTreeMap::new();
        let mut aliases = BTreeMap::new();
        if let Some(path) = directory {
            files::directory(path)?;
            files::sweep(path)?;
            private(path, 0o700)?;
            for entry in fs::read_dir(path).map_err(Error::io(path))? {
                let file = entry.map_err(Error::io(path))?.path();
                let bytes = fs::read(&file).map_err(Error::io(&file))?;
                let unreadable = |error: serde_json::Error| Error::Key(format!("{}: {error}", file.display()));
                if file.file_name().is_some_and(|name| name == "aliases.json") {
                    aliases = serde_json::from_slice(&bytes).map_err(unreadable)?;
                } else if file.extension().is_some_and(|extension| extension == "json") {
                    let key = Key::from_kept(serde_json::from_slice(&bytes).map_err(unreadable)?)?;
                    keys.insert(key.id.clone(), Arc::new(key));
                }
            }
        }
        Ok(Self {
            directory: directory.map(Path::to_owned),
            region: credentials.region.clone(),
            account: credentials.account.clone(),
            keys: Mutex::new(keys),
            aliases: Mutex::new(aliases),
        })
    }

    /// Makes a key with this id, or gives back the one that is there; its rules become `rules`.
    ///
    /// # Errors
    /// [`Error::Key`] when the key cannot be made or the id holds a key of another spec; [`Error::Io`].
    pub fn create(&self, id: &str, spec: KeySpec, description: &str, rules: KeyRules) -> Result<Arc<Key>> {
        let existing = lock(&self.keys).get(id).cloned();
        if let Some(key) = &existing {
            if key.spec != spec {
                return Err(Error::Key(format!("key {id} exists as {}, not {}", key.spec.name(), spec.name())));
            }
            if key.rules == rules {
                return Ok(Arc::clone(key));
            }
        }
        let kept = match existing {
            Some(key) => Kept { rules, ..key.kept() },
            None => Kept {
                v: 1,
                id: id.to_owned(),
                spec,
                description: description.to_owned(),
                rules,
                created_s: jiff::Timestamp::now().as_second(),
                enabled: true,
                pkcs8: generate(spec)?.map(|der| STANDARD.encode(der)),
            },
        };
        self.keep(&kept)?;
        let key = Arc::new(Key::from_kept(kept)?);
        lock(&self.keys).insert(id.to_owned(), Arc::clone(&key));
        Ok(key)
    }

    fn keep(&self, kept: &Kept) -> Result<()> {
        let Some(directory) = &self.directory else { return Ok(()) };
        let json = serde_json::to_vec_pretty(kept).map_err(|error| Error::Key(error.to_string()))?;
        let path = directory.join(format!("{}.json", kept.id));
        files::replace(&path, &json)?;
        private(&path, 0o600)
    }

    /// Points an alias (`alias/…`) at a key.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn set_alias(&self, alias: &str, key: &Key) -> Result<()> {
        let mut aliases = lock(&self.aliases);
        aliases.insert(alias.to_owned(), key.id.clone());
        let Some(directory) = &self.directory else { return Ok(()) };
        let json = serde_json::to_vec_pretty(&*aliases).map_err(|error| Error::Key(error.to_string()))?;
        files::replace(&directory.join("aliases.json"), &json)
    }

    /// A key by id, ARN, alias or alias ARN.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<Arc<Key>> {
        let name = name.strip_prefix("arn:aws:kms:").map_or(name, |rest| rest.splitn(3, ':').nth(2).unwrap_or(rest));
        let id = match name.strip_prefix("key/") {
            Some(id) => id.to_owned(),
            None if name.starts_with("alias/") => lock(&self.aliases).get(name).cloned()?,
            None => name.to_owned(),
        };
        lock(&self.keys).get(&id).cloned()
    }

    /// A key's ARN.
    #[must_use]
    pub fn arn(&self, key: &Key) -> String {
        format!("arn:aws:kms:{}:{}:key/{}", self.region, self.account, key.id)
    }

    pub(super) fn enable(&self, key: &Key, enabled: bool) -> Result<()> {
        key.enabled.store(enabled, Ordering::Relaxed);
        self.keep(&key.kept())
    }

    pub(super) fn describe(&self, key: &Key) -> Value {
        json!({
            "AWSAccountId": self.account,
            "KeyId": key.id,
            "Arn": self.arn(key),
            "CreationDate": key.created_s,
            "Enabled": key.enabled(),
            "Description": key.description,
            "KeyUsage": key.spec.usage(),
            "KeyState": if key.enabled() { "Enabled" } else { "Disabled" },
            "Origin": "AWS_KMS",
            "KeyManager": "CUSTOMER",
            "CustomerMasterKeySpec": key.spec.name(),
            "KeySpec": key.spec.name(),
            "SigningAlgorithms": key.spec.algorithms(),
            "MultiRegion": false,
        })
    }

    pub(super) fn list(&self) -> Vec<Value> {
        lock(&self.keys).values().map(|key| json!({"KeyId": key.id, "KeyArn": self.arn(key)})).collect()
    }

    pub(super) fn alias_list(&self) -> Vec<Value> {
        let arn = |name: &str| format!("arn:aws:kms:{}:{}:{name}", self.region, self.account);
        let aliases = lock(&self.aliases);
        aliases.iter().map(|(name, id)| json!({"AliasName": name, "AliasArn": arn(name), "TargetKeyId": id})).collect()
    }
}

/// Keys are for the owner alone.
fn private(path: &Path, mode: u32) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(Error::io(path))
}
