//! Keys in KMS: the agencies' sealing keys behind [`domain::ports::SealKey`], the key of the verification service behind
//! [`domain::ports::ReportKey`], the deployment's key for QR codes behind [`domain::ports::QrKey`].
//!
//! Does not choose: one algorithm for each kind of key, one message type (decisions 10 and 16; the key policies pin both), the
//! key of the unit that is named or the one there is. Does not verify what it signs nor the signature; casework does both.

use std::error::Error;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_kms::Client;
use aws_sdk_kms::config::timeout::TimeoutConfig;
use aws_sdk_kms::error::ProvideErrorMetadata;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{MessageType, SigningAlgorithmSpec};
use domain::ids::UnitId;
use domain::ports::{Fault, QrKey, ReportKey, SealKey};

/// The longest message of `MessageType=RAW`, in bytes (KMS API reference, `Sign`).
const MESSAGE_LIMIT: usize = 4096;
/// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 §8.2).
const RSA: SigningAlgorithmSpec = SigningAlgorithmSpec::RsassaPkcs1V15Sha256;
/// Pure Ed25519 (RFC 8032 §5.1, FIPS 186-5 §7.6); KMS takes it with `MessageType=RAW` alone.
const ED25519: SigningAlgorithmSpec = SigningAlgorithmSpec::Ed25519Sha512;
/// Time to connect.
const CONNECT: Duration = Duration::from_secs(2);
/// Time for one attempt.
const ATTEMPT: Duration = Duration::from_secs(5);
/// Time for an operation with the SDK's retries.
const OPERATION: Duration = Duration::from_secs(15);

/// The keys whose aliases begin alike: `{prefix}{unit}`.
#[derive(Clone, Debug)]
pub struct KmsKey {
    client: Client,
    alias_prefix: String,
}

impl KmsKey {
    /// A client for the keys under `alias_prefix` (`alias/ctdt-seal-`). Does not connect.
    #[must_use]
    pub fn new(aws: &SdkConfig, alias_prefix: String) -> Self {
        Self { client: client(aws), alias_prefix }
    }
}

impl SealKey for KmsKey {
    async fn sign(&self, unit: &UnitId, message: &[u8]) -> Result<Vec<u8>, Fault> {
        sign(&self.client, format!("{}{unit}", self.alias_prefix), RSA, message).await
    }
}

/// The one key of the verification service.
#[derive(Clone, Debug)]
pub struct KmsReportKey {
    client: Client,
    alias: String,
}

impl KmsReportKey {
    /// A client for the key called `alias` (`alias/ctdt-dev-report`). Does not connect.
    #[must_use]
    pub fn new(aws: &SdkConfig, alias: String) -> Self {
        Self { client: client(aws), alias }
    }
}

impl ReportKey for KmsReportKey {
    async fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Fault> {
        sign(&self.client, self.alias.clone(), RSA, message).await
    }
}

/// The one key for QR codes.
#[derive(Clone, Debug)]
pub struct KmsQrKey {
    client: Client,
    alias: String,
}

impl KmsQrKey {
    /// A client for the key called `alias` (`alias/ctdt-dev-qr`). Does not connect.
    #[must_use]
    pub fn new(aws: &SdkConfig, alias: String) -> Self {
        Self { client: client(aws), alias }
    }
}

impl QrKey for KmsQrKey {
    async fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Fault> {
        sign(&self.client, self.alias.clone(), ED25519, message).await
    }
}

fn client(aws: &SdkConfig) -> Client {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(OPERATION)
        .build();
    Client::from_conf(aws_sdk_kms::config::Builder::from(aws).timeout_config(timeouts).build())
}

async fn sign(
    client: &Client,
    alias: String,
    algorithm: SigningAlgorithmSpec,
    message: &[u8],
) -> Result<Vec<u8>, Fault> {
    if message.is_empty() || message.len() > MESSAGE_LIMIT {
        return Err(Fault(format!("seal: {} bytes are not a message to sign", message.len())));
    }
    let request = client.sign().key_id(alias).message(Blob::new(message));
    let request = request.message_type(MessageType::Raw).signing_algorithm(algorithm.clone());
    let answer = request.send().await.map_err(|error| fault(&error))?;
    match (answer.signing_algorithm, answer.signature) {
        (Some(used), Some(signature)) if used == algorithm && !signature.as_ref().is_empty() => {
            Ok(signature.into_inner())
        }
        _ => Err(Fault("seal: KMS answered without the signature that was asked for".into())),
    }
}

/// What failed, for the operator. The service's own code and message where there is one.
fn fault(error: &(impl ProvideErrorMetadata + Error + 'static)) -> Fault {
    match error.code() {
        Some(code) => Fault(format!("seal: {code}: {}", error.message().unwrap_or("-"))),
        None => Fault(format!("seal: {}", chain(error))),
    }
}

/// A failure and what caused it.
fn chain(error: &(dyn Error + 'static)) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {}", chain(cause)),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use aws_config::{BehaviorVersion, Region};

    use super::*;

    /// The limit is ours as well: a document must never travel to a signing service.
    #[tokio::test]
    async fn a_message_that_is_none_is_not_sent() {
        let aws = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("ap-southeast-1"))
            .endpoint_url("http://127.0.0.1:9")
            .build();
        let (key, report) = (KmsKey::new(&aws, "alias/t-".into()), KmsReportKey::new(&aws, "alias/t".into()));
        let qr = KmsQrKey::new(&aws, "alias/t".into());
        for message in [vec![], vec![0; MESSAGE_LIMIT + 1]] {
            let Fault(why) = key.sign(&UnitId::new([1; 16]), &message).await.expect_err("too short or too long");
            assert!(why.contains("not a message"), "{why}");
            let Fault(why) = report.sign(&message).await.expect_err("too short or too long");
            assert!(why.contains("not a message"), "{why}");
            let Fault(why) = qr.sign(&message).await.expect_err("too short or too long");
            assert!(why.contains("not a message"), "{why}");
        }
    }
}
