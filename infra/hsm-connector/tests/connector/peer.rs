//! A token, a test PKI and a running connector, each in a folder of its own.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, PublicKeyData as _,
};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Where Debian has SoftHSM2.
pub(crate) const LIBRARY: &str = "/usr/lib/softhsm/libsofthsm2.so";
pub(crate) const PIN: &str = "246802";
pub(crate) const TOKEN: &str = "a bearer token of a test, long enough";
pub(crate) const OTHER_TOKEN: &str = "the bearer token of another client";
pub(crate) const SHA256: &str = "2.16.840.1.101.3.4.2.1";

/// Whether the machine has what these tests need; says what is left out when not.
pub(crate) fn there() -> bool {
    let all = Path::new(LIBRARY).exists() && Path::new("/usr/bin/pkcs11-tool").exists();
    if !all {
        println!("SKIPPED: SoftHSM2 or OpenSC is not installed");
    }
    all
}

fn done(command: &mut Command) {
    let output = command.output().expect("starts");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A CA.
pub(crate) struct Ca {
    pub(crate) pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Ca {
    pub(crate) fn new(organisation: &str) -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = named(organisation, "Root");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).expect("a root").pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    pub(crate) fn leaf(&self, key: &KeyPair, change: impl FnOnce(&mut CertificateParams)) -> rcgen::Certificate {
        let mut params = named("UBND xã Thử", "Con dấu");
        change(&mut params);
        params.signed_by(key, &self.issuer).expect("a leaf")
    }
}

fn named(organisation: &str, name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::OrganizationName, organisation);
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

/// SHA-256 of a key's SubjectPublicKeyInfo.
pub(crate) fn pin(key: &KeyPair) -> String {
    sha256(&key.subject_public_key_info())
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes))
}

/// A folder with a SoftHSM2 token and what the connector needs beside it.
pub(crate) struct Agency {
    pub(crate) folder: TempDir,
    pub(crate) ca: Ca,
    pub(crate) keys: Vec<KeyPair>,
    pub(crate) approver: KeyPair,
}

impl Agency {
    /// A token with these keys under the identifiers 01, 02 and so on.
    pub(crate) fn new(organisation: &str, keys: Vec<KeyPair>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let agency = Self { folder, ca: Ca::new(organisation), keys, approver: p256() };
        fs::create_dir(agency.path("tokens")).expect("a folder");
        let conf = format!("directories.tokendir = {}\n", agency.path("tokens").display());
        agency.write("softhsm2.conf", conf.as_bytes());
        agency.write("pin", PIN.as_bytes());
        agency.write("ca.pem", agency.ca.pem.as_bytes());
        agency.write("approver.pem", agency.approver.public_key_pem().as_bytes());
        let init = ["--init-token", "--free", "--label", "seal", "--so-pin", "13579135", "--pin", PIN];
        done(agency.tool("softhsm2-util").args(init));
        for (number, key) in (1..).zip(&agency.keys) {
            agency.bring(number, key);
        }
        agency
    }

    fn bring(&self, number: usize, key: &KeyPair) {
        let id = format!("{number:02}");
        self.write("key.pem", key.serialize_pem().as_bytes());
        let import = ["--token", "seal", "--pin", PIN, "--label", &id, "--id", &id, "--import"];
        done(self.tool("softhsm2-util").args(import).arg(self.path("key.pem")));
        self.write("leaf.der", self.ca.leaf(key, |_| {}).der());
        let write = ["--module", LIBRARY, "--token-label", "seal", "--login", "--pin", PIN, "--type", "cert"];
        let write = [&write[..], &["--id", &id, "--label", &id, "--write-object"]].concat();
        done(self.tool("pkcs11-tool").args(write).arg(self.path("leaf.der")));
    }

    pub(crate) fn tool(&self, name: &str) -> Command {
        let mut command = Command::new(name);
        command.env("SOFTHSM2_CONF", self.path("softhsm2.conf"));
        command
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).expect("written");
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o600)).expect("private");
    }

    /// The configuration for plain loopback, with two clients.
    pub(crate) fn settings(&self) -> Value {
        let credentials: Vec<Value> = (1..=self.keys.len())
            .map(|n| json!({"id": format!("key-{n}"), "key_id": format!("{n:02}"), "chain": "ca.pem"}))
            .collect();
        json!({
            "listen": "127.0.0.1:0", "name": "hsm",
            "clients": [{"name": "ctdt", "token_sha256": sha256(TOKEN.as_bytes())},
                {"name": "other", "token_sha256": sha256(OTHER_TOKEN.as_bytes())}],
            "token": {"library": LIBRARY, "label": "seal", "pin_file": "pin"},
            "credentials": credentials, "profile": "approved", "approval_keys": ["approver.pem"],
        })
    }

    fn start(&self, settings: &Value) -> Child {
        self.write("connector.yaml", settings.to_string().as_bytes());
        self.tool(env!("CARGO_BIN_EXE_hsm-connector"))
            .arg(self.path("connector.yaml"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(fs::File::create(self.path("log")).expect("a log"))
            .spawn()
            .expect("starts")
    }

    /// A connector that serves.
    pub(crate) fn run(&self, settings: &Value) -> Running {
        let mut child = self.start(settings);
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
        let address = line.trim().strip_prefix("READY ").map(str::to_owned);
        let address = address.unwrap_or_else(|| panic!("not ready: {}", self.log()));
        Running { child, address }
    }

    /// What a connector says that does not start.
    pub(crate) fn refused(&self, settings: &Value) -> String {
        let mut child = self.start(settings);
        let mut said = String::new();
        // One line and no more: one that starts after all goes on for ever.
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut said).expect("text");
        if !said.is_empty() {
            drop(Running { child, address: String::new() });
            panic!("it started: {said}");
        }
        assert!(!child.wait().expect("ends").success());
        self.log()
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path("log")).expect("a log")
    }

    /// An approval by `signing-request`, five minutes long.
    pub(crate) fn approval(&self, credential: &str, hashes: &[Vec<u8>]) -> String {
        let now = jiff::Timestamp::now().as_second();
        let claims = json!({"aud": "hsm", "sub": "session-1", "iat": now, "exp": now + 300, "credentialID": credential,
            "hashAlgorithmOID": SHA256, "hashes": encoded(hashes)});
        let kind = Some("approval+jwt".to_owned());
        let header = jsonwebtoken::Header { typ: kind, ..jsonwebtoken::Header::new(jsonwebtoken::Algorithm::ES256) };
        let key = jsonwebtoken::EncodingKey::from_ec_der(&self.approver.serialize_der());
        jsonwebtoken::encode(&header, &claims, &key).expect("a JWS")
    }
}

/// A connector that ends with its test.
pub(crate) struct Running {
    child: Child,
    pub(crate) address: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    /// Asks with a bearer token: status and body.
    pub(crate) async fn ask(&self, token: &str, path: &str, body: &Value) -> (u16, Value) {
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let request = client.post(format!("{}/csc/{path}", self.address)).bearer_auth(token).json(body);
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    }

    /// Authorises these digests as client `ctdt`.
    pub(crate) async fn sad(&self, agency: &Agency, credential: &str, hashes: &[Vec<u8>]) -> String {
        let body = authorize(credential, hashes, &agency.approval(credential, hashes));
        let (status, answer) = self.ask(TOKEN, "v2/credentials/authorize", &body).await;
        assert_eq!(status, 200, "{answer}");
        answer["SAD"].as_str().expect("a text").to_owned()
    }
}

pub(crate) fn p256() -> KeyPair {
    KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).expect("a key")
}

pub(crate) fn rsa(size: rcgen::RsaKeySize) -> KeyPair {
    KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, size).expect("a key")
}

pub(crate) fn hashes(number: u8) -> Vec<Vec<u8>> {
    (1..=number).map(|byte| vec![byte; 32]).collect()
}

pub(crate) fn encoded(hashes: &[Vec<u8>]) -> Vec<String> {
    hashes.iter().map(|hash| STANDARD.encode(hash)).collect()
}

pub(crate) fn authorize(credential: &str, hashes: &[Vec<u8>], approval: &str) -> Value {
    json!({"credentialID": credential, "numSignatures": hashes.len(), "hashes": encoded(hashes),
        "hashAlgorithmOID": SHA256, "clientData": approval})
}

pub(crate) fn sign(credential: &str, hashes: &[Vec<u8>], sad: &str, algorithm: &str) -> Value {
    json!({"credentialID": credential, "SAD": sad, "hashes": encoded(hashes), "hashAlgorithmOID": SHA256,
        "signAlgo": algorithm})
}

/// Server and client keys in PEM for a test of TLS.
pub(crate) fn for_server(params: &mut CertificateParams) {
    params.subject_alt_names = vec![rcgen::SanType::IpAddress([127, 0, 0, 1].into())];
}

pub(crate) fn for_client(params: &mut CertificateParams) {
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
}
