//! The bucket: S3 behind [`domain::ports::Objects`].
//!
//! Does not know paths (`domain::paths` does), does not replace and does not delete: every object is created once, with
//! its SHA-256, under `If-None-Match: *`. Sets no Object Lock retention.

mod disposition;
mod extend;
mod part;
mod presign;
pub mod ranged;

use std::error::Error;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{Builder, RequestChecksumCalculation};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::ByteStream;
use aws_types::service_config::ServiceConfigKey;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::model::{Sha256, Stored};
use domain::ports::{Created, Fault, File, Looked, Objects, Presigned, Reading};
use sha2::Digest as _;
use tokio::sync::Semaphore;

use extend::Extension;
pub use part::Part;
use ranged::{Bounds, Object, Ranged};

/// Time to connect.
const CONNECT: Duration = Duration::from_secs(2);
/// Time for one attempt, up to the head of the answer. 100 MB (decision 32) must fit.
const ATTEMPT: Duration = Duration::from_secs(15);
/// Time for an operation with the SDK's retries, under the 29 s of the shortest function.
const OPERATION: Duration = Duration::from_secs(25);

/// Time to look at one object: 128 MiB in blocks, looked at to and fro, within what a function has.
const LOOKING_TIME: Duration = Duration::from_secs(60);
/// Blocks that are held meanwhile: the end of the file with its structure, and what is passed over. Several are looked at beside each other.
const LOOKING_BLOCKS: usize = 3;
/// So many objects are looked at beside each other, each with its blocks and a judge's window of at most 32 MiB: 44 MiB. The others wait, and
/// their time begins with their turn.
const LOOKS: usize = 8;

/// The bucket of this installation.
#[derive(Clone, Debug)]
pub struct Bucket {
    client: Client,
    name: String,
    looks: Arc<Semaphore>,
}

impl Bucket {
    /// A client for the bucket `name`. Does not connect.
    #[must_use]
    pub fn new(aws: &SdkConfig, name: String) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .operation_attempt_timeout(ATTEMPT)
            .operation_timeout(OPERATION)
            .build();
        let config = Builder::from(aws)
            .timeout_config(timeouts)
            // Only AWS resolves a host name per bucket.
            .force_path_style(has_own_endpoint(aws))
            // We state SHA-256 ourselves. A checksum of the SDK's choice in a presigned link would be that of no body.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .build();
        Self { client: Client::from_conf(config), name, looks: Arc::new(Semaphore::new(LOOKS)) }
    }
}

/// Whether the configuration names an endpoint instead of leaving it to the region: for all services, or for S3.
fn has_own_endpoint(aws: &SdkConfig) -> bool {
    let key = ServiceConfigKey::builder().service_id("S3").env("AWS_ENDPOINT_URL").profile("endpoint_url").build();
    let for_s3 = || aws.service_config()?.load_config(key.ok()?);
    aws.endpoint_url().is_some() || for_s3().is_some()
}

impl Objects for Bucket {
    async fn create(&self, path: &str, bytes: Vec<u8>, content_type: &str) -> Result<Created, Fault> {
        let digest: Sha256 = sha2::Sha256::digest(&bytes).into();
        self.put(path, bytes, &digest, content_type).await
    }

    async fn extend(&self, base: &Stored, tail: Vec<u8>, file: &Stored, content_type: &str) -> Result<Created, Fault> {
        extend::create(self, Extension { base, tail, file, content_type }).await
    }

    async fn part(&self, file: &Stored, range: Range<u64>) -> Result<Option<Vec<u8>>, Fault> {
        if range.is_empty() {
            return Ok(Some(Vec::new()));
        }
        Ok(Bucket::part(self, &file.path, range, file.etag.as_deref()).await?.map(|part| part.bytes))
    }

    async fn with_source<T: Send + 'static>(
        &self,
        path: &str,
        limit: u64,
        look: Reading<T>,
    ) -> Result<Option<Looked<T>>, Fault> {
        let _one = self.looks.acquire().await.map_err(|closed| Fault(format!("look at an object: {closed}")))?;
        let object = Object { bucket: self.clone(), path: path.to_owned() };
        let bounds = Bounds { length: limit, time: LOOKING_TIME, blocks: LOOKING_BLOCKS };
        let Some(source) = Ranged::open(object, bounds).await? else { return Ok(None) };
        let found = source.ask(move |source| Ok(look(File::Source(source.as_ref())))).await?;
        Ok(Some(Looked { found, etag: source.etag().to_owned() }))
    }

    async fn read(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, Fault> {
        match self.client.get_object().bucket(&self.name).key(path).send().await {
            Ok(found) => bounded(found, limit).await.map(Some),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_no_such_key()) => Ok(None),
            Err(error) => Err(fault("read an object", &error)),
        }
    }

    async fn presign_put(
        &self,
        path: &str,
        content_type: &str,
        size: u64,
        sha256: &Sha256,
    ) -> Result<Presigned, Fault> {
        presign::put(&self.client, &self.name, path, &presign::Body { content_type, size, sha256 }).await
    }

    async fn presign_get(&self, path: &str, filename: &str) -> Result<Presigned, Fault> {
        presign::get(&self.client, &self.name, path, filename).await
    }
}

impl Bucket {
    /// Sends bytes whose digest is known, as an object that must not exist.
    async fn put(&self, path: &str, bytes: Vec<u8>, digest: &Sha256, content_type: &str) -> Result<Created, Fault> {
        let sent = self
            .client
            .put_object()
            .bucket(&self.name)
            .key(path)
            .if_none_match("*")
            .content_type(content_type)
            .checksum_sha256(STANDARD.encode(digest))
            .body(ByteStream::from(bytes))
            .send()
            .await;
        match sent {
            Ok(_) => Ok(Created::New),
            Err(error) if existed(&error) => Ok(Created::Existed),
            Err(error) => Err(fault("create an object", &error)),
        }
    }
}

/// The condition did not hold. A conflict of two writers (409) is none of this: who won is not known yet.
///
/// The SDK sends a write again when an answer is lost, so the object may be ours; whoever is told so reads it.
fn existed<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    error.as_service_error().and_then(|refusal| refusal.code()) == Some("PreconditionFailed")
}

/// The body, at most `limit` bytes of it: the announced length is believed only when it is too long.
async fn bounded(found: GetObjectOutput, limit: u64) -> Result<Vec<u8>, Fault> {
    let too_long = || Fault(format!("read an object: longer than {limit} bytes"));
    let announced = found.content_length().and_then(|length| u64::try_from(length).ok()).unwrap_or(0);
    if announced > limit {
        return Err(too_long());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(announced).unwrap_or(0));
    let mut body = found.body;
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|error| Fault(format!("read an object: {}", chain(&error))))?;
        if (bytes.len() as u64).saturating_add(chunk.len() as u64) > limit {
            return Err(too_long());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// What failed, for the operator. The service's own code and message where there is one.
fn fault(what: &str, error: &(impl ProvideErrorMetadata + Error + 'static)) -> Fault {
    match error.code() {
        Some(code) => Fault(format!("{what}: {code}: {}", error.message().unwrap_or("-"))),
        None => Fault(format!("{what}: {}", chain(error))),
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
mod tests;
