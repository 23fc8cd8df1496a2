//! The client against a server that is not ours: `certomancer-csc-dummy`, CSC v1, from PyPI.
//!
//! That server checks no token, no replay and no number of digests; those are tested against `hsm-connector`. Where it is
//! not installed (`cargo xtask test` does) nothing is tested here, and the output says so.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use aws_lc_rs::digest::{Digest, SHA256, digest};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey,
    VerificationAlgorithm,
};
use domain::ids::SessionId;
use domain::ports::{GatewayAnswer, RemoteSigning as _, SignOrder};
use rcgen::{KeyPair, PublicKeyData as _};
use remote_signing::{Consent, Gateway, Padding, Protocol, Version};

/// How long Python may take to begin on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

const CONFIGURATION: &str = r#"
external-url-prefix: "http://localhost:9"
keysets:
  peers:
    path-prefix: .
    keys:
      root: {path: root.pem}
      rsa: {path: rsa.pem}
      ec: {path: ec.pem}
pki-architectures:
  peers:
    keyset: peers
    entity-defaults: {country-name: VN, organization-name: CTDT Test}
    entities:
      root: {common-name: Root}
      rsa: {common-name: Con dau RSA}
      ec: {common-name: Con dau EC}
    certs:
      root:
        subject: root
        subject-key: root
        issuer: root
        authority-key: root
        validity: {valid-from: "2020-01-01T00:00:00+0000", valid-to: "2100-01-01T00:00:00+0000"}
      rsa:
        subject: rsa
        subject-key: rsa
        issuer: root
        authority-key: root
        validity: {valid-from: "2020-01-01T00:00:00+0000", valid-to: "2100-01-01T00:00:00+0000"}
      ec:
        subject: ec
        subject-key: ec
        issuer: root
        authority-key: root
        validity: {valid-from: "2020-01-01T00:00:00+0000", valid-to: "2100-01-01T00:00:00+0000"}
"#;

/// The server, which ends with its test.
struct Peer {
    child: Child,
    url: String,
    rsa: KeyPair,
    ec: KeyPair,
    _folder: tempfile::TempDir,
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The server's program, if it is installed; `none` and a word when not.
fn program() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tools/certomancer/bin/certomancer-csc");
    if path.exists() {
        return Some(path);
    }
    println!("SKIPPED: certomancer-csc-dummy is not installed in .tools/certomancer");
    None
}

fn p256() -> KeyPair {
    KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).expect("a key")
}

impl Peer {
    fn new(program: &Path) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let rsa = KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).expect("a key");
        let ec = p256();
        let root = p256();
        for (name, key) in [("root", &root), ("rsa", &rsa), ("ec", &ec)] {
            fs::write(folder.path().join(format!("{name}.pem")), key.serialize_pem()).expect("written");
        }
        fs::write(folder.path().join("certomancer.yml"), CONFIGURATION).expect("written");
        let free = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
        let log = fs::File::create(folder.path().join("log")).expect("a log");
        let both = log.try_clone().expect("a log");
        let mut command = Command::new(program);
        command.args(["certomancer.yml", &free.to_string(), "2"]).current_dir(folder.path());
        let child = command.stdin(Stdio::null()).stdout(log).stderr(both).spawn().expect("starts");
        let mut peer = Self { child, url: format!("http://127.0.0.1:{free}"), rsa, ec, _folder: folder };
        peer.wait(free);
        peer
    }

    fn wait(&mut self, port: u16) {
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let log = || fs::read_to_string(self._folder.path().join("log")).unwrap_or_default();
            let ended = self.child.try_wait().expect("a child");
            assert!(ended.is_none() && begun.elapsed() < PATIENCE, "it does not answer: {}", log());
            sleep(Duration::from_millis(50));
        }
    }

    fn gateway(&self, padding: Padding) -> Gateway {
        let protocol = Protocol { version: Version::V1, consent: Consent::AtOnce(None), padding };
        Gateway::speaking(&self.url, "a token that nobody reads", Duration::from_secs(10), protocol, None)
            .expect("a client")
    }
}

fn order(credential: &str, messages: &[Vec<u8>]) -> SignOrder {
    let hashes = messages.iter().map(|message| digest(&SHA256, message).as_ref().try_into().expect("32 bytes"));
    SignOrder {
        session: SessionId::new([1; 16]),
        credential_id: credential.to_owned(),
        display_text: "MA 4298. Dong dau".to_owned(),
        hashes: hashes.collect(),
    }
}

fn verifies(key: &KeyPair, by: &'static dyn VerificationAlgorithm, hash: &[u8], value: &[u8]) -> bool {
    let hash = Digest::import_less_safe(hash, &SHA256).expect("a digest");
    UnparsedPublicKey::new(by, key.der_bytes()).verify_digest(&hash, value).is_ok()
}

#[tokio::test]
async fn a_server_of_version_1_signs_for_us() {
    let Some(program) = program() else { return };
    let peer = Peer::new(&program);
    let messages: Vec<Vec<u8>> = (0..3).map(|number| vec![number; 200]).collect();
    for (credential, key, padding, by) in [
        ("peers/rsa", &peer.rsa, Padding::Pkcs1, &RSA_PKCS1_2048_8192_SHA256 as &'static dyn VerificationAlgorithm),
        ("peers/rsa", &peer.rsa, Padding::Pss, &RSA_PSS_2048_8192_SHA256),
        ("peers/ec", &peer.ec, Padding::Pkcs1, &ECDSA_P256_SHA256_ASN1),
    ] {
        let gateway = peer.gateway(padding);
        let order = order(credential, &messages);
        let handle = gateway.start(&order).await.expect("answers");
        let answer = gateway.poll(&order, &handle).await.expect("answers");
        let GatewayAnswer::Signed(values) = answer else { panic!("{credential} {padding:?}: {answer:?}") };
        assert_eq!(values.len(), messages.len());
        for (hash, value) in order.hashes.iter().zip(&values) {
            assert!(verifies(key, by, hash, value), "{credential} {padding:?}");
        }
    }
}

/// Its refusals are HTTP errors without the standard's body: silence, and no "no".
#[tokio::test]
async fn what_is_no_answer_of_the_standard_is_silence() {
    let Some(program) = program() else { return };
    let peer = Peer::new(&program);
    let gateway = peer.gateway(Padding::Pkcs1);
    let unknown = order("peers/none", &[vec![1]]);
    assert_eq!(gateway.start(&unknown).await, Ok("no:backend".to_owned()));
    assert!(gateway.poll(&unknown, "now:rsa").await.is_err());
    let many: Vec<Vec<u8>> = (0..11).map(|number| vec![number]).collect();
    assert_eq!(gateway.start(&order("peers/rsa", &many)).await, Ok("no:credential-unfit".to_owned()), "multisign 10");
}
