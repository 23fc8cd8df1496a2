//! `seal` against the KMS endpoint. Touches decision 10 (RAW, PKCS#1 v1.5, pinned by the key policy) and, for QR codes, decision 16
//! (RAW, pure Ed25519).

use aws_sdk_kms::Client;
use aws_sdk_kms::error::ProvideErrorMetadata as _;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{MessageType, SigningAlgorithmSpec};
use domain::ids::UnitId;
use domain::ports::{Fault, QrKey as _, ReportKey as _, SealKey as _};
use domain::qr::{Key, Standing, Statement};
use pki::Certificate;
use seal::{KmsKey, KmsQrKey, KmsReportKey};

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

/// The service has one key of its own, under the same rules as a unit's, and no unit's key.
#[tokio::test]
async fn the_service_signs_with_its_own_key() {
    let cloud = cloud().await;
    let alias = cloud.state.output("ReportKeyAlias").expect("an output").to_owned();
    let spki = cloud.state.report_key(cloud.kms.keys()).expect("a key");
    let pem = PKI.report_signer("Dịch vụ thử", "Mẫu", &spki, crate::cloud::NOW).expect("certificates and lists");
    let chain = Certificate::from_pem_many(&pem).expect("PEM");
    let signature = KmsReportKey::new(&cloud.sdk, alias.clone()).sign(b"x").await.expect("a signature");
    pki::cms::verify_raw(b"x", &signature, &chain[0]).expect("it verifies");
    assert_eq!(KmsReportKey::new(&cloud.sdk, alias.clone()).sign(b"x").await.expect("a signature"), signature);
    let client = Client::new(&cloud.sdk);
    let digest = client.sign().key_id(alias).message(Blob::new([7; 32])).message_type(MessageType::Digest);
    let refused = digest.signing_algorithm(SigningAlgorithmSpec::RsassaPkcs1V15Sha256).send().await;
    assert_eq!(refused.expect_err("refused").code(), Some("AccessDeniedException"));
}

/// Decision 16: one key of another kind signs codes, the same twice, and its policy lets nobody sign otherwise with it.
#[tokio::test]
async fn codes_are_signed_with_the_deployments_key() {
    let cloud = cloud().await;
    let alias = cloud.state.output("QrKeyAlias").expect("an output").to_owned();
    let spki = cloud.state.qr_key(cloud.kms.keys()).expect("a key");
    assert_eq!(spki.len(), 44, "RFC 8410");
    let key = Key::new(spki[12..].try_into().expect("32 bytes"));
    let number = domain::model::Number { number: 152, book: "01".into(), year: 2026, suffix: "SCT/BS".into() };
    let at = "2026-11-25T00:00:00Z".parse().expect("a moment");
    let said = Statement::new("000.00.01.H54", &number, at, &[7; 32]).expect("sayable");
    let message = said.to_be_signed(key.id).expect("sayable");
    let (one, two) = (KmsQrKey::new(&cloud.sdk, alias.clone()), KmsQrKey::new(&cloud.sdk, alias.clone()));
    let signature = one.sign(&message).await.expect("a signature");
    assert_eq!(two.sign(&message).await.expect("a signature"), signature, "two sealers make the same bytes");
    let code = said.signed(key.id, signature.try_into().expect("64 bytes")).expect("sayable");
    assert_eq!(code.check(&[key]), Standing::Genuine);

    let client = Client::new(&cloud.sdk);
    let sign = |kind: MessageType, algorithm: SigningAlgorithmSpec| {
        let request = client.sign().key_id(&alias).message(Blob::new([7; 64]));
        request.message_type(kind).signing_algorithm(algorithm).send()
    };
    use SigningAlgorithmSpec::{Ed25519Sha512, RsassaPkcs1V15Sha256};
    let refused = sign(MessageType::Digest, Ed25519Sha512).await.expect_err("a digest");
    assert_eq!(refused.code(), Some("AccessDeniedException"));
    let refused = sign(MessageType::Raw, RsassaPkcs1V15Sha256).await.expect_err("another algorithm");
    assert_eq!(refused.code(), Some("InvalidKeyUsageException"));
    // Without a policy KMS itself takes no digest for this algorithm.
    let made = client.create_key().key_spec(aws_sdk_kms::types::KeySpec::EccNistEdwards25519);
    let made = made.key_usage(aws_sdk_kms::types::KeyUsageType::SignVerify).send().await.expect("a key");
    let id = made.key_metadata().expect("its description").key_id().to_owned();
    let request = client.sign().key_id(&id).message(Blob::new([7; 64])).message_type(MessageType::Digest);
    let refused = request.signing_algorithm(Ed25519Sha512).send().await.expect_err("a digest");
    assert_eq!(refused.code(), Some("ValidationException"));
}

#[tokio::test]
async fn silence_is_a_fault() {
    let dead = KmsKey::new(&all_at(NOBODY), PREFIX.into());
    assert!(dead.sign(&UnitId::new([1; 16]), b"x").await.is_err());
    assert!(KmsReportKey::new(&all_at(NOBODY), "alias/x".into()).sign(b"x").await.is_err());
    assert!(KmsQrKey::new(&all_at(NOBODY), "alias/x".into()).sign(b"x").await.is_err());
}

/// A service that takes the request and says nothing: the answer is a fault, well before an HTTP API gives up (29 s).
#[tokio::test]
async fn a_silent_key_is_not_waited_for_long() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let silent = all_at(&format!("http://{}", listener.local_addr().expect("an address")));
    let began = std::time::Instant::now();
    assert!(KmsReportKey::new(&silent, "alias/x".into()).sign(b"x").await.is_err());
    assert!(began.elapsed() < std::time::Duration::from_secs(20), "{:?}", began.elapsed());
}
