//! Keys of the test PKI. A key never signs twice alike; what it signed is remembered, so that repeated runs are cheap.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256};
use aws_lc_rs::{digest, rsa};
use pki::Certificate;
use pki::issue::SignatureAlgorithm;

/// Different signatures that an ECDSA key makes over one message. Few, because each makes another file to be verified.
const VARIANTS: u64 = 3;

/// A private key that signs with SHA-256.
pub struct Key {
    pair: Pair,
    made: Mutex<Signatures>,
}

/// By what was signed and by turn.
type Signatures = HashMap<([u8; 32], u64), Vec<u8>>;

enum Pair {
    Rsa(rsa::KeyPair),
    P256(EcdsaKeyPair),
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({:?})", self.algorithm())
    }
}

impl Key {
    fn new(pair: Pair) -> Self {
        Self { pair, made: Mutex::default() }
    }

    pub(crate) fn rsa() -> Self {
        Self::new(Pair::Rsa(rsa::KeyPair::generate(rsa::KeySize::Rsa2048).expect("an RSA key")))
    }

    pub(crate) fn p256() -> Self {
        Self::new(Pair::P256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a P-256 key")))
    }

    pub(crate) fn algorithm(&self) -> SignatureAlgorithm {
        match self.pair {
            Pair::Rsa(_) => SignatureAlgorithm::RsaSha256,
            Pair::P256(_) => SignatureAlgorithm::EcdsaSha256,
        }
    }

    pub(crate) fn spki(&self) -> Vec<u8> {
        let der: Result<PublicKeyX509Der<'_>, _> = match &self.pair {
            Pair::Rsa(pair) => pair.public_key().as_der(),
            Pair::P256(pair) => pair.public_key().as_der(),
        };
        der.expect("a public key").as_ref().to_vec()
    }

    /// Signs a SHA-256 value: RSASSA-PKCS1-v1_5, or ECDSA as DER. `turn` chooses among the signatures an ECDSA key makes.
    pub fn sign(&self, sha256: &[u8; 32], turn: u64) -> Vec<u8> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.entry((*sha256, turn % VARIANTS)).or_insert_with(|| self.fresh(sha256)).clone()
    }

    fn fresh(&self, sha256: &[u8; 32]) -> Vec<u8> {
        let hash = digest::Digest::import_less_safe(sha256, &digest::SHA256).expect("a SHA-256 value");
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign_digest(&RSA_PKCS1_SHA256, &hash, &mut signature).expect("an RSA signature");
                signature
            }
            Pair::P256(pair) => pair.sign_digest(&hash).expect("an ECDSA signature").as_ref().to_vec(),
        }
    }

    /// For structures that are made once: no memory.
    pub(crate) fn sign_message(&self, message: &[u8]) -> Vec<u8> {
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).expect("an RSA signature");
                signature
            }
            Pair::P256(pair) => pair.sign(&SystemRandom::new(), message).expect("an ECDSA signature").as_ref().to_vec(),
        }
    }
}

/// A key with its X.509 chain, leaf first.
#[derive(Debug)]
pub struct Identity {
    /// The key.
    pub key: Key,
    /// The chain, root included.
    pub chain: Vec<Certificate>,
}

impl Identity {
    /// The X.509 certificate of the key.
    pub fn leaf(&self) -> &Certificate {
        self.chain.first().expect("a leaf")
    }

    /// The chain without the root, as it is enrolled: DER, leaf first.
    pub fn enrolled(&self) -> Vec<Vec<u8>> {
        self.chain.iter().filter(|one| !one.is_self_signed()).map(|one| one.der().to_vec()).collect()
    }
}
