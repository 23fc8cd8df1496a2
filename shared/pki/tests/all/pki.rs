//! A small test PKI: root (RSA) → CA (P-256) → leader (RSA), seal (P-256), TSA, OCSP responder.

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256,
};
use pki::Certificate;
use pki::issue::{
    Attribute, CertificateSpec, ExtendedKeyUsage, KeyUsage, SignatureAlgorithm, TimestampSpec, certificate,
};

/// 2026-11-23T07:05:31Z.
pub(crate) const NOW: i64 = 1_795_417_531;
pub(crate) const DAY: i64 = 86_400;

/// A key of either kind.
pub(crate) enum Key {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
}

impl Key {
    pub(crate) fn rsa() -> Self {
        Self::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).expect("an RSA key"))
    }

    pub(crate) fn ec() -> Self {
        Self::Ec(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a P-256 key"))
    }

    /// The same P-256 key, answering r‖s as SIM applets do.
    pub(crate) fn fixed(&self) -> Self {
        let Self::Ec(pair) = self else { panic!("only for P-256") };
        let pkcs8 = pair.to_pkcs8v1().expect("exportable");
        Self::Ec(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref()).expect("the same key"))
    }

    pub(crate) fn spki(&self) -> Vec<u8> {
        let der: PublicKeyX509Der<'_> = match self {
            Self::Rsa(pair) => pair.public_key().as_der().expect("SPKI"),
            Self::Ec(pair) => pair.public_key().as_der().expect("SPKI"),
        };
        der.as_ref().to_vec()
    }

    pub(crate) fn algorithm(&self) -> SignatureAlgorithm {
        match self {
            Self::Rsa(_) => SignatureAlgorithm::RsaSha256,
            Self::Ec(_) => SignatureAlgorithm::EcdsaSha256,
        }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).expect("an RSA signature");
                signature
            }
            Self::Ec(pair) => pair.sign(&random, message).expect("an ECDSA signature").as_ref().to_vec(),
        }
    }
}

/// Somebody with a key and a certificate.
pub(crate) struct Holder {
    pub(crate) key: Key,
    pub(crate) cert: Certificate,
}

/// A specification with the usual fields filled.
pub(crate) fn spec(name: &str, serial: u8, key: &Key) -> CertificateSpec {
    CertificateSpec {
        serial: vec![0x5a, serial],
        subject: vec![
            (Attribute::Country, "VN".to_owned()),
            (Attribute::Organisation, "Ủy ban nhân dân phường Thử Nghiệm".to_owned()),
            (Attribute::CommonName, name.to_owned()),
        ],
        not_before: NOW - 100 * DAY,
        not_after: NOW + 900 * DAY,
        spki_der: key.spki(),
        ..CertificateSpec::default()
    }
}

pub(crate) fn issue(spec: &CertificateSpec, by: Option<&Holder>, key: Key) -> Holder {
    let cert = match by {
        Some(by) => certificate(spec, Some(&by.cert), by.key.algorithm(), &|tbs| by.key.sign(tbs)),
        None => certificate(spec, None, key.algorithm(), &|tbs| key.sign(tbs)),
    };
    Holder { cert: cert.expect("an X.509 certificate"), key }
}

pub(crate) fn ca_spec(name: &str, serial: u8, key: &Key) -> CertificateSpec {
    CertificateSpec {
        ca: Some(None),
        key_usage: vec![KeyUsage::KeyCertSign, KeyUsage::CrlSign],
        not_before: NOW - 1_000 * DAY,
        not_after: NOW + 5_000 * DAY,
        ..spec(name, serial, key)
    }
}

pub(crate) fn signer_spec(name: &str, serial: u8, key: &Key) -> CertificateSpec {
    CertificateSpec {
        key_usage: vec![KeyUsage::DigitalSignature, KeyUsage::NonRepudiation],
        ocsp_urls: vec!["http://127.0.0.1:9/ocsp".to_owned()],
        issuer_urls: vec!["http://127.0.0.1:9/ca.crt".to_owned()],
        crl_urls: vec!["http://127.0.0.1:9/ca.crl".to_owned()],
        policies: vec!["1.3.6.1.4.1.32473.1".to_owned()],
        ..spec(name, serial, key)
    }
}

/// The whole.
pub(crate) struct Pki {
    pub(crate) root: Holder,
    pub(crate) ca: Holder,
    pub(crate) leader: Holder,
    pub(crate) seal: Holder,
    pub(crate) tsa: Holder,
    pub(crate) responder: Holder,
}

impl Pki {
    pub(crate) fn new() -> Self {
        let key = Key::rsa();
        let root = issue(&ca_spec("CA gốc thử nghiệm", 1, &key), None, key);
        let key = Key::ec();
        let ca = issue(
            &CertificateSpec { ca: Some(Some(0)), ..ca_spec("CA phục vụ cơ quan Nhà nước", 2, &key) },
            Some(&root),
            key,
        );
        let key = Key::rsa();
        let leader = issue(&signer_spec("Nguyễn Văn Ký", 3, &key), Some(&ca), key);
        let key = Key::ec();
        let seal = issue(&signer_spec("Con dấu cơ quan", 4, &key), Some(&ca), key);
        let key = Key::ec();
        let tsa = CertificateSpec {
            key_usage: vec![KeyUsage::DigitalSignature],
            extended_key_usage: vec![ExtendedKeyUsage::TimeStamping],
            extended_key_usage_critical: true,
            ..spec("Máy chủ dấu thời gian", 5, &key)
        };
        let tsa = issue(&tsa, Some(&ca), key);
        let key = Key::ec();
        let responder = CertificateSpec {
            key_usage: vec![KeyUsage::DigitalSignature],
            extended_key_usage: vec![ExtendedKeyUsage::OcspSigning],
            ocsp_nocheck: true,
            ..spec("Máy chủ OCSP", 6, &key)
        };
        let responder = issue(&responder, Some(&ca), key);
        Self { root, ca, leader, seal, tsa, responder }
    }

    /// A token over a SHA-256 imprint.
    pub(crate) fn token(&self, spec: &TimestampSpec) -> Vec<u8> {
        let chain = [self.tsa.cert.clone(), self.ca.cert.clone()];
        pki::issue::timestamp_token(spec, &chain, self.tsa.key.algorithm(), &|tbs| self.tsa.key.sign(tbs))
            .expect("a token")
    }
}

pub(crate) fn timestamp_spec(imprint: &[u8], nonce: Option<&[u8]>) -> TimestampSpec {
    TimestampSpec {
        policy: "1.3.6.1.4.1.32473.2".to_owned(),
        serial: vec![1, 2, 3],
        gen_time: NOW,
        imprint_algorithm: pki::DigestAlgorithm::Sha256,
        imprint: imprint.to_vec(),
        nonce: nonce.map(<[u8]>::to_vec),
        accuracy_seconds: Some(1),
    }
}

/// SHA-256 as an array.
pub(crate) fn sha256(data: &[u8]) -> [u8; 32] {
    pki::digest(pki::DigestAlgorithm::Sha256, &[data]).try_into().expect("32 octets")
}
