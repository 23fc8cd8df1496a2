//! Keys of the test authorities: RSA-2048 and P-256, made once and stored as PKCS#8.

use aws_lc_rs::digest::{Digest, SHA256};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256};
use aws_lc_rs::{rand, rsa};
use pki::issue::SignatureAlgorithm;

use super::Error;

/// Which kind of key an authority has. Both trees use another one, so that both are met all the time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Rsa,
    P256,
}

/// A private key that signs with SHA-256.
pub(crate) enum Key {
    Rsa(rsa::KeyPair),
    P256(EcdsaKeyPair),
}

impl Key {
    pub(super) fn generate(kind: Kind) -> Result<Key, Error> {
        let made = match kind {
            Kind::Rsa => rsa::KeyPair::generate(rsa::KeySize::Rsa2048).map(Key::Rsa),
            Kind::P256 => EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map(Key::P256),
        };
        made.map_err(|_| Error::Key("no key could be made"))
    }

    pub(super) fn from_pkcs8(kind: Kind, der: &[u8]) -> Result<Key, Error> {
        let read = match kind {
            Kind::Rsa => rsa::KeyPair::from_pkcs8(der).map(Key::Rsa),
            Kind::P256 => EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, der).map(Key::P256),
        };
        read.map_err(|_| Error::Key("a stored key cannot be read"))
    }

    pub(super) fn pkcs8(&self) -> Result<Vec<u8>, Error> {
        let der = match self {
            Key::Rsa(key) => AsDer::<Pkcs8V1Der<'_>>::as_der(key).map(|d| d.as_ref().to_vec()),
            Key::P256(key) => key.to_pkcs8v1().map(|d| d.as_ref().to_vec()),
        };
        der.map_err(|_| Error::Key("a key cannot be encoded"))
    }

    /// DER SubjectPublicKeyInfo.
    pub(super) fn spki(&self) -> Result<Vec<u8>, Error> {
        let der: Result<PublicKeyX509Der<'_>, _> = match self {
            Key::Rsa(key) => key.public_key().as_der(),
            Key::P256(key) => key.public_key().as_der(),
        };
        der.map(|d| d.as_ref().to_vec()).map_err(|_| Error::Key("a public key cannot be encoded"))
    }

    pub(crate) fn algorithm(&self) -> SignatureAlgorithm {
        match self {
            Key::Rsa(_) => SignatureAlgorithm::RsaSha256,
            Key::P256(_) => SignatureAlgorithm::EcdsaSha256,
        }
    }

    /// Signs; ECDSA as DER. An empty answer, which verifies nowhere, when the library fails.
    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Key::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                match key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature) {
                    Ok(()) => signature,
                    Err(_) => Vec::new(),
                }
            }
            Key::P256(key) => key.sign(&SystemRandom::new(), message).map(|s| s.as_ref().to_vec()).unwrap_or_default(),
        }
    }

    /// Signs what was hashed with SHA-256 elsewhere, as a token does; `None` when the library fails.
    pub(super) fn sign_digest(&self, digest: &[u8; 32]) -> Option<Vec<u8>> {
        let digest = Digest::import_less_safe(digest, &SHA256).ok()?;
        match self {
            Key::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign_digest(&RSA_PKCS1_SHA256, &digest, &mut signature).ok()?;
                Some(signature)
            }
            Key::P256(key) => key.sign_digest(&digest).map(|value| value.as_ref().to_vec()).ok(),
        }
    }
}

/// A fresh positive serial of 16 bytes whose first byte is not zero (RFC 5280 §4.1.2.2).
pub(crate) fn serial() -> Result<Vec<u8>, Error> {
    let mut bytes = [0_u8; 16];
    rand::fill(&mut bytes).map_err(|_| Error::Key("no random bytes"))?;
    if let Some(first) = bytes.first_mut() {
        *first = (*first & 0x3f) | 0x40;
    }
    Ok(bytes.to_vec())
}
