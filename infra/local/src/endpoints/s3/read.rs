//! Answers to reads: objects, heads and lists.

use std::collections::BTreeSet;
use std::fs;
use std::io::SeekFrom;

use bytes::Bytes;
use futures_util::stream;
use s3s::dto::*;
use s3s::{S3Result, s3_error};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};

use super::meta::{Checksums, Meta};
use super::service::{timestamp, user_metadata};

const CHUNK: u64 = 256 * 1024;
const PAGE: i32 = 1000;

fn part(file: tokio::fs::File, length: u64) -> StreamingBlob {
    StreamingBlob::wrap(SyncStream(std::sync::Mutex::new(Box::pin(stream::try_unfold(
        (file, length),
        |(mut file, left)| async move {
            if left == 0 {
                return Ok::<_, std::io::Error>(None);
            }
            let mut buffer = vec![0; usize::try_from(left.min(CHUNK)).unwrap_or(0)];
            file.read_exact(&mut buffer).await?;
            let read = buffer.len() as u64;
            Ok(Some((Bytes::from(buffer), (file, left.saturating_sub(read)))))
        },
    )))))
}

type Chunks = std::pin::Pin<Box<dyn futures_util::Stream<Item = Result<Bytes, std::io::Error>> + Send>>;

/// The blob type wants `Sync`, which a stream made of futures is not.
struct SyncStream(std::sync::Mutex<Chunks>);

impl futures_util::Stream for SyncStream {
    type Item = Result<Bytes, std::io::Error>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        let chunks = self.0.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        chunks.as_mut().poll_next(context)
    }
}

/// The whole body of a version's file.
pub(super) fn whole(file: fs::File, size: u64) -> StreamingBlob {
    part(tokio::fs::File::from_std(file), size)
}

/// A GetObject answer, with a range if one is asked for.
pub(super) async fn object(
    meta: Meta,
    file: fs::File,
    range: Option<Range>,
    checksum_mode: bool,
) -> S3Result<GetObjectOutput> {
    let bounds = match range {
        Some(range) => range.check(meta.size).map_err(|_| s3_error!(InvalidRange))?,
        None => 0..meta.size,
    };
    let length = bounds.end.saturating_sub(bounds.start);
    let mut file = tokio::fs::File::from_std(file);
    file.seek(SeekFrom::Start(bounds.start)).await.map_err(|error| s3_error!(error, InternalError))?;
    let content_range =
        range.is_some().then(|| format!("bytes {}-{}/{}", bounds.start, bounds.end.saturating_sub(1), meta.size));
    // a checksum of the whole object would be wrong beside a part of it
    let sums = if checksum_mode && length == meta.size { meta.checksums } else { Checksums::default() };
    let checksum_type = sums.kind();
    Ok(GetObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        body: Some(part(file, length)),
        cache_control: meta.headers.cache_control,
        checksum_crc32: sums.crc32,
        checksum_crc32c: sums.crc32c,
        checksum_crc64nvme: sums.crc64nvme,
        checksum_sha1: sums.sha1,
        checksum_sha256: sums.sha256,
        checksum_type,
        content_disposition: meta.headers.content_disposition,
        content_encoding: meta.headers.content_encoding,
        content_language: meta.headers.content_language,
        content_length: i64::try_from(length).ok(),
        content_range,
        content_type: meta.headers.content_type.or_else(|| Some("binary/octet-stream".to_owned())),
        e_tag: Some(ETag::Strong(meta.etag)),
        last_modified: Some(timestamp(meta.modified_ms)),
        metadata: user_metadata(meta.headers.user),
        object_lock_mode: meta.retention.as_ref().map(|it| ObjectLockMode::from(it.mode.clone())),
        object_lock_retain_until_date: meta.retention.as_ref().map(|it| timestamp(it.until_ms)),
        ssekms_key_id: meta.encryption.as_ref().and_then(|it| it.key_id.clone()),
        server_side_encryption: meta.encryption.map(|it| ServerSideEncryption::from(it.algorithm)),
        version_id: meta.version_id,
        ..Default::default()
    })
}

/// A HeadObject answer.
pub(super) fn head(meta: Meta, checksum_mode: bool) -> HeadObjectOutput {
    let sums = if checksum_mode { meta.checksums } else { Checksums::default() };
    let checksum_type = sums.kind();
    HeadObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        cache_control: meta.headers.cache_control,
        checksum_crc32: sums.crc32,
        checksum_crc32c: sums.crc32c,
        checksum_crc64nvme: sums.crc64nvme,
        checksum_sha1: sums.sha1,
        checksum_sha256: sums.sha256,
        checksum_type,
        content_disposition: meta.headers.content_disposition,
        content_encoding: meta.headers.content_encoding,
        content_language: meta.headers.content_language,
        content_length: i64::try_from(meta.size).ok(),
        content_type: meta.headers.content_type.or_else(|| Some("binary/octet-stream".to_owned())),
        e_tag: Some(ETag::Strong(meta.etag)),
        last_modified: Some(timestamp(meta.modified_ms)),
        metadata: user_metadata(meta.headers.user),
        object_lock_mode: meta.retention.as_ref().map(|it| ObjectLockMode::from(it.mode.clone())),
        object_lock_retain_until_date: meta.retention.as_ref().map(|it| timestamp(it.until_ms)),
        ssekms_key_id: meta.encryption.as_ref().and_then(|it| it.key_id.clone()),
        server_side_encryption: meta.encryption.map(|it| ServerSideEncryption::from(it.algorithm)),
        version_id: meta.version_id,
        ..Default::default()
    }
}

/// A page of ListObjectsV2. The continuation token is the last key or common prefix given.
pub(super) fn list(input: ListObjectsV2Input, objects: Vec<Meta>) -> ListObjectsV2Output {
    let prefix = input.prefix.clone().unwrap_or_default();
    let limit = usize::try_from(input.max_keys.unwrap_or(PAGE).clamp(0, PAGE)).unwrap_or(0);
    let after = input.continuation_token.clone().or_else(|| input.start_after.clone()).unwrap_or_default();
    let mut contents = Vec::new();
    let mut prefixes = BTreeSet::new();
    let mut last = None;
    let mut truncated = false;
    for meta in objects {
        let rest = meta.key.get(prefix.len()..).unwrap_or_default();
        let cut = input.delimiter.as_deref().filter(|it| !it.is_empty()).and_then(|delimiter| {
            rest.find(delimiter).map(|at| format!("{prefix}{}{delimiter}", rest.get(..at).unwrap_or_default()))
        });
        let entry = cut.as_ref().unwrap_or(&meta.key);
        if entry.as_str() <= after.as_str() || cut.as_ref().is_some_and(|cut| prefixes.contains(cut)) {
            continue;
        }
        if contents.len() + prefixes.len() >= limit {
            truncated = limit > 0;
            break;
        }
        last = Some(entry.clone());
        match cut {
            Some(cut) => {
                prefixes.insert(cut);
            }
            None => contents.push(listed(meta)),
        }
    }
    ListObjectsV2Output {
        key_count: i32::try_from(contents.len() + prefixes.len()).ok(),
        max_keys: i32::try_from(limit).ok(),
        is_truncated: Some(truncated),
        next_continuation_token: last.filter(|_| truncated),
        contents: (!contents.is_empty()).then_some(contents),
        common_prefixes: (!prefixes.is_empty())
            .then(|| prefixes.into_iter().map(|prefix| CommonPrefix { prefix: Some(prefix) }).collect()),
        continuation_token: input.continuation_token,
        delimiter: input.delimiter,
        encoding_type: input.encoding_type,
        name: Some(input.bucket),
        prefix: input.prefix,
        start_after: input.start_after,
        ..Default::default()
    }
}

fn algorithms(sums: &Checksums) -> Option<Vec<ChecksumAlgorithm>> {
    let names = sums.names();
    (!names.is_empty()).then(|| names.into_iter().map(ChecksumAlgorithm::from_static).collect())
}

fn listed(meta: Meta) -> Object {
    Object {
        checksum_algorithm: algorithms(&meta.checksums),
        checksum_type: meta.checksums.kind(),
        e_tag: Some(ETag::Strong(meta.etag)),
        last_modified: Some(timestamp(meta.modified_ms)),
        size: i64::try_from(meta.size).ok(),
        storage_class: Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD)),
        key: Some(meta.key),
        ..Default::default()
    }
}

/// ListObjectVersions: everything under the prefix in one page (the local cloud's buckets are small).
pub(super) fn versions(input: ListObjectVersionsInput, all: Vec<(Meta, bool)>) -> ListObjectVersionsOutput {
    let mut versions = Vec::new();
    let mut markers = Vec::new();
    for (meta, newest) in all {
        let version_id = Some(meta.version_or_null().to_owned());
        let last_modified = Some(timestamp(meta.modified_ms));
        if meta.delete_marker {
            markers.push(DeleteMarkerEntry {
                is_latest: Some(newest),
                key: Some(meta.key),
                last_modified,
                owner: None,
                version_id,
            });
        } else {
            versions.push(ObjectVersion {
                checksum_algorithm: algorithms(&meta.checksums),
                checksum_type: meta.checksums.kind(),
                e_tag: Some(ETag::Strong(meta.etag)),
                is_latest: Some(newest),
                key: Some(meta.key),
                last_modified,
                size: i64::try_from(meta.size).ok(),
                version_id,
                ..Default::default()
            });
        }
    }
    ListObjectVersionsOutput {
        versions: (!versions.is_empty()).then_some(versions),
        delete_markers: (!markers.is_empty()).then_some(markers),
        is_truncated: Some(false),
        name: Some(input.bucket),
        prefix: input.prefix,
        ..Default::default()
    }
}
