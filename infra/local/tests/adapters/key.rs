//! `seal` against the KMS endpoint. Touches decision 10 (RAW, PKCS#1 v1.5, pinned by the key policy).

use aws_sdk_kms::Client;
use aws_sdk_kms::error::ProvideErrorMetadata as _;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{MessageType, SigningAlgorithmSpec};
use domain::ids::UnitId;
use domain::ports::{Fault, SealKey as _};
use pki::Certificate;
use seal::KmsKey;

use crate::cloud::{NOBODY, PKI, all_at, cloud};

const PREFIX: &str = "alias/adapters-";

/// The certificate that the test PKI gives to the unit's key.
async fn certificate(unit: &UnitId) -> Certificate {
    let cloud = cloud().await;
    let (keys, unit) = (cloud.kms.keys().clone(), unit.to_string());
    let made = tokio::task::spawn_blocking(move || {
        let spki = cloud.state.unit_seal_key(&keys, PREFIX, &unit).expect("a key");
        PKI.agency_chain("UBND xã Thử Nghiệm", "UBND tỉnh Thử Nghiệm", &spki).expect("a chain")
    });
    Certificate::from_der(&made.await.expect("no panic")[0]).expect("DER")
}

#[tokio::test]
async fn the_seal_verifies_under_the_units_certificate_and_no_other() {
    let key = KmsKey::new(&cloud().await.sdk, PREFIX.into());
    let (one, two) = (UnitId::new([1; 16]), UnitId::new([2; 16]));
    let (first, second) = (certificate(&one).await, certificate(&two).await);
    for message in [b"x".to_vec(), vec![0x31; 200], vec![7; 4_096]] {
        let signature = key.sign(&one, &message).await.expect("a signature");
        assert_eq!(signature.len(), 384, "RSA-3072");
        pki::cms::verify_raw(&message, &signature, &first).expect("it verifies");
        assert!(pki::cms::verify_raw(&message, &signature, &second).is_err(), "another unit's key");
        assert!(pki::cms::verify_raw(b"other", &signature, &first).is_err(), "another message");
    }
    let signature = key.sign(&two, b"x").await.expect("a signature");
    pki::cms::verify_raw(b"x", &signature, &second).expect("it verifies");
}

#[tokio::test]
async fn what_has_no_key_gets_no_seal() {
    let key = KmsKey::new(&cloud().await.sdk, PREFIX.into());
    let Fault(why) = key.sign(&UnitId::new([3; 16]), b"x").await.expect_err("no key");
    assert!(why.contains("NotFoundException"), "{why}");
    for message in [vec![], vec![0; 4_097]] {
        assert!(key.sign(&UnitId::new([1; 16]), &message).await.is_err());
    }
}

/// The policy of `infra/state.yaml` holds for every unit's key: no digest of a stranger's choice, no other algorithm.
#[tokio::test]
async fn the_policy_pins_message_type_and_algorithm() {
    let unit = UnitId::new([4; 16]);
    certificate(&unit).await;
    let client = Client::new(&cloud().await.sdk);
    let sign = |kind: MessageType, algorithm: SigningAlgorithmSpec| {
        let request = client.sign().key_id(format!("{PREFIX}{unit}")).message(Blob::new([7; 32]));
        request.message_type(kind).signing_algorithm(algorithm).send()
    };
    use SigningAlgorithmSpec::{RsassaPkcs1V15Sha256, RsassaPkcs1V15Sha512, RsassaPssSha256};
    assert!(sign(MessageType::Raw, RsassaPkcs1V15Sha256).await.is_ok());
    for (kind, algorithm) in [
        (MessageType::Digest, RsassaPkcs1V15Sha256),
        (MessageType::Raw, RsassaPssSha256),
        (MessageType::Raw, RsassaPkcs1V15Sha512),
    ] {
        let refused = sign(kind, algorithm).await.expect_err("refused");
        assert_eq!(refused.code(), Some("AccessDeniedException"));
    }
}

#[tokio::test]
async fn silence_is_a_fault() {
    let dead = KmsKey::new(&all_at(NOBODY), PREFIX.into());
    assert!(dead.sign(&UnitId::new([1; 16]), b"x").await.is_err());
}
