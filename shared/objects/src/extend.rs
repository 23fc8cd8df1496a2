//! An object with more behind it: what is large is copied within the bucket and goes through nobody's hands.
//!
//! Does not look whether the result is what was meant: whoever made it reads it.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::model::Stored;
use domain::ports::{Created, Fault};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::Digest as _;

use crate::{Bucket, bounded, existed, fault};

/// What every part but the last must have at least (Amazon S3, "Multipart upload limits").
const SMALLEST_PART: u64 = 5 << 20;
/// What stays as it is in the name of a source.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// What is created, and of what.
pub(crate) struct Extension<'a> {
    pub(crate) base: &'a Stored,
    pub(crate) tail: Vec<u8>,
    pub(crate) file: &'a Stored,
    pub(crate) content_type: &'a str,
}

/// Creates the file, which must not exist.
pub(crate) async fn create(bucket: &Bucket, ask: Extension<'_>) -> Result<Created, Fault> {
    if ask.base.size < SMALLEST_PART { carried(bucket, ask).await } else { copied(bucket, ask).await }
}

/// A small base is read and sent.
async fn carried(bucket: &Bucket, ask: Extension<'_>) -> Result<Created, Fault> {
    let asked = bucket.client.get_object().bucket(&bucket.name).key(&ask.base.path);
    let found = asked.set_if_match(ask.base.etag.clone()).send().await;
    let mut whole = bounded(found.map_err(|error| fault("read an object", &error))?, ask.base.size).await?;
    whole.extend_from_slice(&ask.tail);
    bucket.put(&ask.file.path, whole, &ask.file.sha256, ask.content_type).await
}

/// A large one is a part that the bucket copies. Parts that nobody completes are cleared away by the bucket's rules.
async fn copied(bucket: &Bucket, ask: Extension<'_>) -> Result<Created, Fault> {
    let (client, name, path) = (&bucket.client, &bucket.name, &ask.file.path);
    // The algorithm of the parts' checksums is told before they come.
    let begun = client.create_multipart_upload().bucket(name).key(path).content_type(ask.content_type);
    let begun = begun.checksum_algorithm(ChecksumAlgorithm::Sha256).send().await;
    let begun = begun.map_err(|error| fault("begin an object", &error))?;
    let upload = begun.upload_id().ok_or_else(|| Fault("begin an object: no upload".into()))?;
    let source = format!("{name}/{}", utf8_percent_encode(&ask.base.path, PATH));
    let base = client.upload_part_copy().bucket(name).key(path).upload_id(upload).part_number(1).copy_source(source);
    let base = base.set_copy_source_if_match(ask.base.etag.clone());
    let digest = STANDARD.encode(sha2::Sha256::digest(&ask.tail));
    let tail = client.upload_part().bucket(name).key(path).upload_id(upload).part_number(2).checksum_sha256(&digest);
    let base = base.send().await.map_err(|error| fault("copy a part", &error))?;
    let sent = tail.body(ByteStream::from(ask.tail)).send().await;
    let tail = sent.map_err(|error| fault("send a part", &error))?;
    let base = base.copy_part_result().ok_or_else(|| Fault("copy a part: no result".into()))?;
    let part = |number, tag: Option<&str>, checksum: Option<&str>| {
        let part = CompletedPart::builder().part_number(number).set_e_tag(tag.map(str::to_owned));
        part.set_checksum_sha256(checksum.map(str::to_owned)).build()
    };
    let parts = CompletedMultipartUpload::builder().parts(part(1, base.e_tag(), base.checksum_sha256())).parts(part(
        2,
        tail.e_tag(),
        Some(&digest),
    ));
    let completed = client.complete_multipart_upload().bucket(name).key(path).upload_id(upload).if_none_match("*");
    match completed.multipart_upload(parts.build()).send().await {
        Ok(_) => Ok(Created::New),
        Err(error) if existed(&error) => Ok(Created::Existed),
        Err(error) => Err(fault("complete an object", &error)),
    }
}
