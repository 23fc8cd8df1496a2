//! Multipart uploads: a directory per upload, one sealed file per part, joined at completion.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use s3s::crypto::{Checksum as _, Md5};
use s3s::dto::*;
use s3s::{S3Request, S3Result, s3_error};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::body::{self, Received, Stated};
use super::disk::{self, Staged};
use super::meta::{Checksums, Headers, Meta, new_version_id};
use super::service::{Objects, condition, now_ms, protection, timestamp};
use crate::files;

const SMALLEST_PART: u64 = 5 * 1024 * 1024;
const MOST_PARTS: i32 = 10_000;

#[derive(Serialize, Deserialize)]
struct Upload {
    v: u32,
    key: String,
    meta: Meta,
    algorithm: Option<String>,
    full_object: bool,
}

/// A part as the client names it in the completion.
struct Wanted {
    path: PathBuf,
    stored: Meta,
}

impl Objects {
    pub(super) async fn create_upload(
        &self,
        input: CreateMultipartUploadInput,
    ) -> S3Result<CreateMultipartUploadOutput> {
        let config = self.disk.config(&input.bucket)?;
        let lock = (input.object_lock_mode, input.object_lock_retain_until_date, input.object_lock_legal_hold_status);
        let encryption = input.server_side_encryption.map(|algorithm| (algorithm, input.ssekms_key_id));
        let protection = protection(&config, encryption, lock)?;
        let id = Uuid::new_v4();
        let full_object = input.checksum_type.as_ref().is_some_and(|it| it.as_str() == ChecksumType::FULL_OBJECT);
        let upload = Upload {
            v: 1,
            key: input.key.clone(),
            algorithm: input.checksum_algorithm.as_ref().map(|it| it.as_str().to_owned()),
            full_object,
            meta: Meta {
                key: input.key.clone(),
                headers: Headers {
                    content_type: input.content_type,
                    content_encoding: input.content_encoding,
                    content_disposition: input.content_disposition,
                    content_language: input.content_language,
                    cache_control: input.cache_control,
                    user: input.metadata.unwrap_or_default().into_iter().collect(),
                },
                encryption: protection.encryption,
                retention: protection.retention,
                legal_hold: protection.legal_hold,
                ..Meta::default()
            },
        };
        let path = self.disk.upload_path(&input.bucket, id);
        fs::create_dir(&path).map_err(|error| s3_error!(error, InternalError))?;
        let json = serde_json::to_vec(&upload).map_err(|error| s3_error!(error, InternalError))?;
        files::replace(&path.join("upload.json"), &json).map_err(|error| s3_error!(error, InternalError))?;
        Ok(CreateMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(id.simple().to_string()),
            checksum_algorithm: input.checksum_algorithm,
            checksum_type: input.checksum_type,
            ..Default::default()
        })
    }

    fn upload(&self, bucket: &str, key: &str, id: &str) -> S3Result<(PathBuf, Upload)> {
        self.disk.config(bucket)?;
        let id = Uuid::parse_str(id).map_err(|_| s3_error!(NoSuchUpload))?;
        let path = self.disk.upload_path(bucket, id);
        let json = fs::read(path.join("upload.json")).map_err(|_| s3_error!(NoSuchUpload))?;
        let upload: Upload = serde_json::from_slice(&json).map_err(|error| s3_error!(error, InternalError))?;
        if upload.key != key {
            return Err(s3_error!(NoSuchUpload));
        }
        Ok((path, upload))
    }

    pub(super) async fn receive_part(&self, req: S3Request<UploadPartInput>) -> S3Result<UploadPartOutput> {
        let input = req.input;
        if !(1..=MOST_PARTS).contains(&input.part_number) {
            return Err(s3_error!(InvalidArgument, "Part number must be an integer between 1 and 10000, inclusive"));
        }
        let (path, upload) = self.upload(&input.bucket, &input.key, &input.upload_id)?;
        let checksums = Checksums {
            crc32: input.checksum_crc32,
            crc32c: input.checksum_crc32c,
            crc64nvme: input.checksum_crc64nvme,
            sha1: input.checksum_sha1,
            sha256: input.checksum_sha256,
            composite: false,
        };
        let upload_algorithm = upload.algorithm.clone();
        let algorithm = input.checksum_algorithm.or_else(|| upload.algorithm.map(ChecksumAlgorithm::from));
        let stated = Stated::new(&req.headers, checksums, algorithm, input.content_md5);
        let told = upload_algorithm.as_deref();
        if stated.checksums.names().iter().any(|name| Some(*name) != told) {
            // As S3 says it.
            return Err(s3_error!(
                InvalidRequest,
                "Checksum Type mismatch occurred, expected checksum Type: {}",
                told.unwrap_or("null")
            ));
        }
        let received = body::receive(&self.disk, input.body, stated, req.trailing_headers).await?;
        let meta = self.keep_part(&path, input.part_number, input.key, received)?;
        Ok(UploadPartOutput {
            e_tag: Some(ETag::Strong(meta.etag)),
            checksum_crc32: meta.checksums.crc32,
            checksum_crc32c: meta.checksums.crc32c,
            checksum_crc64nvme: meta.checksums.crc64nvme,
            checksum_sha1: meta.checksums.sha1,
            checksum_sha256: meta.checksums.sha256,
            ..Default::default()
        })
    }

    fn keep_part(&self, upload: &Path, number: i32, key: String, mut received: Received) -> S3Result<Meta> {
        let meta = Meta {
            key,
            size: received.size,
            etag: hex::encode(received.md5),
            modified_ms: now_ms(),
            checksums: received.checksums.clone(),
            ..Meta::default()
        };
        self.disk.seal(&received.staged, &meta).map_err(|error| s3_error!(error, InternalError))?;
        received.staged.keep_as(&part_path(upload, number)).map_err(|_| s3_error!(NoSuchUpload))?;
        Ok(meta)
    }

    /// A part that is a range of another object, or all of it.
    pub(super) async fn copy_part(&self, input: UploadPartCopyInput) -> S3Result<UploadPartCopyOutput> {
        if !(1..=MOST_PARTS).contains(&input.part_number) {
            return Err(s3_error!(InvalidArgument, "Part number must be an integer between 1 and 10000, inclusive"));
        }
        let (path, upload) = self.upload(&input.bucket, &input.key, &input.upload_id)?;
        let CopySource::Bucket { bucket, key, version_id } = input.copy_source else {
            return Err(s3_error!(NotImplemented, "copy from an access point"));
        };
        let (source, file) = self.disk.open_version(&bucket, &key, version_id.as_deref())?;
        let dates = (input.copy_source_if_modified_since.as_ref(), input.copy_source_if_unmodified_since.as_ref());
        let (same, other) = (input.copy_source_if_match.as_ref(), input.copy_source_if_none_match.as_ref());
        Self::judge_read(&source, same, other, dates).map_err(|_| s3_error!(PreconditionFailed))?;
        if input.copy_source_range.is_some() {
            return Err(s3_error!(NotImplemented, "copy of a range"));
        }
        let blob = super::read::whole(file, source.size);
        let stated = Stated { algorithm: upload.algorithm.map(ChecksumAlgorithm::from), ..Stated::default() };
        let received = body::receive(&self.disk, Some(blob), stated, None).await?;
        let meta = self.keep_part(&path, input.part_number, input.key, received)?;
        let result = CopyPartResult {
            e_tag: Some(ETag::Strong(meta.etag)),
            last_modified: Some(timestamp(meta.modified_ms)),
            checksum_sha256: meta.checksums.sha256,
            checksum_crc32: meta.checksums.crc32,
            ..Default::default()
        };
        Ok(UploadPartCopyOutput { copy_part_result: Some(result), ..Default::default() })
    }

    pub(super) fn uploaded_parts(&self, input: ListPartsInput) -> S3Result<ListPartsOutput> {
        let (path, _) = self.upload(&input.bucket, &input.key, &input.upload_id)?;
        let entries = fs::read_dir(&path).map_err(|error| s3_error!(error, InternalError))?;
        let mut parts: Vec<Part> = entries
            .filter_map(|entry| {
                let path = entry.ok()?.path();
                let number = path.file_name()?.to_str()?.strip_prefix("part-")?.parse().ok()?;
                let meta = disk::read_trailer(&path).ok()??;
                Some(Part {
                    part_number: Some(number),
                    size: i64::try_from(meta.size).ok(),
                    e_tag: Some(ETag::Strong(meta.etag)),
                    last_modified: Some(timestamp(meta.modified_ms)),
                    checksum_crc32: meta.checksums.crc32,
                    checksum_sha256: meta.checksums.sha256,
                    ..Default::default()
                })
            })
            .collect();
        parts.sort_by_key(|part| part.part_number);
        Ok(ListPartsOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(input.upload_id),
            parts: Some(parts),
            is_truncated: Some(false),
            ..Default::default()
        })
    }

    pub(super) async fn complete_upload(
        &self,
        input: CompleteMultipartUploadInput,
    ) -> S3Result<CompleteMultipartUploadOutput> {
        let (path, upload) = self.upload(&input.bucket, &input.key, &input.upload_id)?;
        let condition = condition(input.if_match, input.if_none_match)?;
        let parts = input.multipart_upload.and_then(|it| it.parts).unwrap_or_default();
        let wanted = wanted_parts(&path, &parts)?;
        let metas: Vec<Meta> = wanted.iter().map(|part| part.stored.clone()).collect();
        let staged = self.disk.stage();
        let full = upload.full_object.then(|| upload.algorithm.clone()).flatten();
        let joined = tokio::task::spawn_blocking(move || join(staged, &wanted, full.as_deref()));
        let joined = joined.await.map_err(|error| s3_error!(error, InternalError))?;
        let mut received = joined.map_err(|error| s3_error!(error, InternalError))?;
        if !upload.full_object {
            received.checksums = composite(upload.algorithm.as_deref(), &metas);
        }
        let meta = Meta {
            version_id: Some(new_version_id()),
            size: received.size,
            etag: format!("{}-{}", hex::encode(received.md5), metas.len()),
            modified_ms: now_ms(),
            checksums: received.checksums.clone(),
            ..upload.meta
        };
        let meta = self.publish(&input.bucket, received, meta, condition).await?;
        let _ = fs::remove_dir_all(&path);
        let checksum_type = meta.checksums.kind();
        Ok(CompleteMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            e_tag: Some(ETag::Strong(meta.etag)),
            version_id: meta.version_id,
            checksum_crc32: meta.checksums.crc32,
            checksum_crc32c: meta.checksums.crc32c,
            checksum_crc64nvme: meta.checksums.crc64nvme,
            checksum_sha1: meta.checksums.sha1,
            checksum_sha256: meta.checksums.sha256,
            checksum_type,
            ..Default::default()
        })
    }

    pub(super) fn abort_upload(&self, input: &AbortMultipartUploadInput) -> S3Result<AbortMultipartUploadOutput> {
        let (path, _) = self.upload(&input.bucket, &input.key, &input.upload_id)?;
        fs::remove_dir_all(path).map_err(|error| s3_error!(error, InternalError))?;
        Ok(AbortMultipartUploadOutput::default())
    }
}

fn part_path(upload: &Path, number: i32) -> PathBuf {
    upload.join(format!("part-{number:05}"))
}

/// The parts the completion names, each compared with what was received.
fn wanted_parts(path: &Path, parts: &[CompletedPart]) -> S3Result<Vec<Wanted>> {
    let mut wanted = Vec::with_capacity(parts.len());
    let mut previous = 0;
    for part in parts {
        let number = part.part_number.ok_or_else(|| s3_error!(InvalidPart))?;
        if number <= previous {
            return Err(s3_error!(InvalidPartOrder));
        }
        previous = number;
        let path = part_path(path, number);
        let stored = disk::read_trailer(&path).ok().flatten().ok_or_else(|| s3_error!(InvalidPart))?;
        let same_tag = part.e_tag.as_ref().is_some_and(|tag| tag.value() == stored.etag);
        let sums = [
            (&part.checksum_crc32, &stored.checksums.crc32),
            (&part.checksum_crc32c, &stored.checksums.crc32c),
            (&part.checksum_crc64nvme, &stored.checksums.crc64nvme),
            (&part.checksum_sha1, &stored.checksums.sha1),
            (&part.checksum_sha256, &stored.checksums.sha256),
        ];
        if !same_tag || sums.iter().any(|(stated, stored)| stated.is_some() && stated != stored) {
            return Err(s3_error!(InvalidPart));
        }
        wanted.push(Wanted { path, stored });
    }
    let Some((_, all_but_last)) = wanted.split_last() else {
        return Err(s3_error!(InvalidRequest, "You must specify at least one part"));
    };
    if all_but_last.iter().any(|part| part.stored.size < SMALLEST_PART) {
        return Err(s3_error!(EntityTooSmall));
    }
    Ok(wanted)
}

fn join(staged: Staged, parts: &[Wanted], full: Option<&str>) -> io::Result<Received> {
    let mut target = fs::File::create(staged.path())?;
    let mut sums = body::hasher(&full.into_iter().collect::<Vec<_>>());
    let mut tags = Md5::new();
    let mut size = 0;
    let mut buffer = vec![0; 256 * 1024];
    for part in parts {
        let mut source = fs::File::open(&part.path)?.take(part.stored.size);
        loop {
            let read = source.read(&mut buffer)?;
            let Some(chunk) = buffer.get(..read).filter(|chunk| !chunk.is_empty()) else { break };
            sums.update(chunk);
            target.write_all(chunk)?;
        }
        size += part.stored.size;
        tags.update(&hex::decode(&part.stored.etag).unwrap_or_default());
    }
    Ok(Received { staged, size, md5: tags.finalize(), checksums: Checksums::from(sums.finalize()) })
}

/// The checksum of checksums: over the parts' raw digests, with the number of parts behind.
fn composite(algorithm: Option<&str>, parts: &[Meta]) -> Checksums {
    let Some(algorithm) = algorithm else { return Checksums::default() };
    let mut sums = body::hasher(&[algorithm]);
    for part in parts {
        let Some(raw) = part.checksums.value(algorithm).and_then(|text| STANDARD.decode(text).ok()) else {
            return Checksums::default();
        };
        sums.update(&raw);
    }
    let mut sums = Checksums::from(sums.finalize());
    if let Some(value) = sums.value(algorithm).map(|value| format!("{value}-{}", parts.len())) {
        sums.set(algorithm, value);
    }
    sums.composite = true;
    sums
}
