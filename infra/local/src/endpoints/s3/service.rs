//! The S3 operations this project and its outside judges use, over [`Disk`].
//!
//! Not here: ACLs, tagging, website, replication, lifecycle (rules are not run), POST forms, select.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use s3s::dto::*;
use s3s::{S3, S3Request, S3Response, S3Result, s3_error};

use super::body::{self, Received, Stated};
use super::disk::{Condition, Disk, Refusal};
use super::meta::{BucketConfig, Checksums, CorsRule, Encryption, Headers, Meta, Retention, new_version_id};

/// The service behind the S3 endpoint.
#[derive(Debug, Clone)]
pub(super) struct Objects {
    pub(super) disk: Arc<Disk>,
    pub(super) region: String,
}

impl From<Refusal> for s3s::S3Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NoSuchBucket => s3_error!(NoSuchBucket),
            Refusal::NoSuchKey => s3_error!(NoSuchKey),
            Refusal::NoSuchVersion => s3_error!(NoSuchVersion),
            Refusal::BucketExists => s3_error!(BucketAlreadyOwnedByYou),
            Refusal::Precondition(header) => {
                s3_error!(PreconditionFailed, "At least one of the pre-conditions you specified did not hold: {header}")
            }
            Refusal::Locked => s3_error!(AccessDenied, "Access Denied because object protected by object lock."),
            Refusal::Io(error) => s3_error!(error, InternalError),
        }
    }
}

pub(super) fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

pub(super) fn timestamp(ms: i64) -> Timestamp {
    let since = Duration::from_millis(u64::try_from(ms).unwrap_or(0));
    Timestamp::from(SystemTime::UNIX_EPOCH + since)
}

fn millis(timestamp: &Timestamp) -> S3Result<i64> {
    let mut text = Vec::new();
    let written = timestamp.format(TimestampFormat::DateTime, &mut text);
    let text = written.ok().and_then(|()| String::from_utf8(text).ok());
    let parsed = text.and_then(|text| text.parse::<jiff::Timestamp>().ok());
    parsed.map(|at| at.as_millisecond()).ok_or_else(|| s3_error!(InvalidArgument, "a date could not be read"))
}

pub(super) fn condition(if_match: Option<ETagCondition>, if_none_match: Option<ETagCondition>) -> S3Result<Condition> {
    match (if_match, if_none_match) {
        (None, None) => Ok(Condition::None),
        (None, Some(ETagCondition::Any)) => Ok(Condition::Absent),
        (None, Some(ETagCondition::ETag(_))) => Err(s3_error!(NotImplemented, "If-None-Match on a write takes only *")),
        (Some(ETagCondition::Any), None) => Ok(Condition::Present),
        (Some(ETagCondition::ETag(tag)), None) => Ok(Condition::ETag(tag.into_value())),
        (Some(_), Some(_)) => Err(s3_error!(NotImplemented, "If-Match together with If-None-Match")),
    }
}

/// What a write says about encryption and retention, with the bucket's defaults.
pub(super) struct Protection {
    pub(super) encryption: Option<Encryption>,
    pub(super) retention: Option<Retention>,
    pub(super) legal_hold: bool,
}

pub(super) fn protection(
    config: &BucketConfig,
    encryption: Option<(ServerSideEncryption, Option<String>)>,
    lock: (Option<ObjectLockMode>, Option<Timestamp>, Option<ObjectLockLegalHoldStatus>),
) -> S3Result<Protection> {
    let (mode, until, hold) = lock;
    let retention = match (mode, until) {
        (Some(mode), Some(until)) => Some(Retention { mode: mode.as_str().to_owned(), until_ms: millis(&until)? }),
        (None, None) => None,
        _ => return Err(s3_error!(InvalidArgument, "object lock mode and retain-until date come together")),
    };
    let legal_hold = hold.is_some_and(|hold| hold.as_str() == ObjectLockLegalHoldStatus::ON);
    if (retention.is_some() || legal_hold) && !config.object_lock {
        return Err(s3_error!(InvalidRequest, "Bucket is missing Object Lock Configuration"));
    }
    if retention.as_ref().is_some_and(|retention| retention.until_ms <= now_ms()) {
        return Err(s3_error!(InvalidArgument, "The retain until date must be in the future!"));
    }
    let encryption = encryption
        .map(|(algorithm, key_id)| Encryption { algorithm: algorithm.as_str().to_owned(), key_id })
        .or_else(|| config.encryption.clone());
    Ok(Protection { encryption, retention, legal_hold })
}

impl Objects {
    pub(super) async fn publish(
        &self,
        bucket: &str,
        received: Received,
        meta: Meta,
        condition: Condition,
    ) -> S3Result<Meta> {
        let (disk, bucket) = (Arc::clone(&self.disk), bucket.to_owned());
        let written = tokio::task::spawn_blocking(move || {
            disk.seal(&received.staged, &meta)?;
            disk.commit(&bucket, received.staged, meta, &condition)
        });
        Ok(written.await.map_err(|error| s3_error!(error, InternalError))??)
    }

    async fn put(&self, req: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        let input = req.input;
        let config = self.disk.config(&input.bucket)?;
        let condition = condition(input.if_match, input.if_none_match)?;
        let checksums = Checksums {
            crc32: input.checksum_crc32,
            crc32c: input.checksum_crc32c,
            crc64nvme: input.checksum_crc64nvme,
            sha1: input.checksum_sha1,
            sha256: input.checksum_sha256,
            composite: false,
        };
        let lock = (input.object_lock_mode, input.object_lock_retain_until_date, input.object_lock_legal_hold_status);
        let encryption = input.server_side_encryption.map(|algorithm| (algorithm, input.ssekms_key_id));
        let protection = protection(&config, encryption, lock)?;
        let md5 = input.content_md5;
        let stated = Stated::new(&req.headers, checksums, input.checksum_algorithm, md5.clone());
        let digest_stated = md5.is_some() || !stated.checksums.is_empty() || stated.trailer.is_some();
        if protection.retention.is_some() && !digest_stated {
            return Err(s3_error!(
                InvalidRequest,
                "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters"
            ));
        }
        let received = body::receive(&self.disk, input.body, stated, req.trailing_headers).await?;
        let meta = Meta {
            key: input.key,
            version_id: Some(new_version_id()),
            size: received.size,
            etag: hex::encode(received.md5),
            modified_ms: now_ms(),
            checksums: received.checksums.clone(),
            headers: Headers {
                content_type: input.content_type,
                content_encoding: input.content_encoding.and_then(without_aws_chunked),
                content_disposition: input.content_disposition,
                content_language: input.content_language,
                cache_control: input.cache_control,
                user: input.metadata.unwrap_or_default().into_iter().collect(),
            },
            encryption: protection.encryption,
            retention: protection.retention,
            legal_hold: protection.legal_hold,
            delete_marker: false,
        };
        let meta = self.publish(&input.bucket, received, meta, condition).await?;
        Ok(S3Response::new(put_output(meta)))
    }

    /// The version a read asks for, after its preconditions (RFC 9110 §13.2.2).
    pub(super) fn judge_read(
        meta: &Meta,
        if_match: Option<&ETagCondition>,
        if_none_match: Option<&ETagCondition>,
        (modified_since, unmodified_since): (Option<&Timestamp>, Option<&Timestamp>),
    ) -> S3Result<()> {
        let same = |condition: &ETagCondition| match condition {
            ETagCondition::Any => true,
            ETagCondition::ETag(tag) => tag.value() == meta.etag,
        };
        // HTTP dates have seconds only
        let modified_ms = meta.modified_ms - meta.modified_ms.rem_euclid(1000);
        match (if_match, unmodified_since) {
            (Some(condition), _) if !same(condition) => return Err(s3_error!(PreconditionFailed)),
            (None, Some(since)) if modified_ms > millis(since)? => return Err(s3_error!(PreconditionFailed)),
            _ => {}
        }
        match (if_none_match, modified_since) {
            (Some(condition), _) if same(condition) => Err(s3_error!(NotModified)),
            (None, Some(since)) if modified_ms <= millis(since)? => Err(s3_error!(NotModified)),
            _ => Ok(()),
        }
    }

    async fn copy(&self, req: S3Request<CopyObjectInput>) -> S3Result<S3Response<CopyObjectOutput>> {
        let input = req.input;
        let CopySource::Bucket { bucket, key, version_id } = input.copy_source else {
            return Err(s3_error!(NotImplemented, "copy from an access point"));
        };
        let config = self.disk.config(&input.bucket)?;
        let (source, file) = self.disk.open_version(&bucket, &key, version_id.as_deref())?;
        Self::judge_read(
            &source,
            input.copy_source_if_match.as_ref(),
            input.copy_source_if_none_match.as_ref(),
            (input.copy_source_if_modified_since.as_ref(), input.copy_source_if_unmodified_since.as_ref()),
        )
        .map_err(|_| s3_error!(PreconditionFailed))?;
        let lock = (input.object_lock_mode, input.object_lock_retain_until_date, input.object_lock_legal_hold_status);
        let encryption = input.server_side_encryption.map(|algorithm| (algorithm, input.ssekms_key_id));
        let protection = protection(&config, encryption, lock)?;
        let blob = super::read::whole(file, source.size);
        let algorithm = source.checksums.names().first().map(|name| ChecksumAlgorithm::from_static(name));
        let stated = Stated { algorithm, ..Stated::default() };
        let received = body::receive(&self.disk, Some(blob), stated, None).await?;
        let replace = input.metadata_directive.is_some_and(|it| it.as_str() == MetadataDirective::REPLACE);
        let headers = if replace {
            Headers {
                content_type: input.content_type,
                content_encoding: input.content_encoding,
                content_disposition: input.content_disposition,
                content_language: input.content_language,
                cache_control: input.cache_control,
                user: input.metadata.unwrap_or_default().into_iter().collect(),
            }
        } else {
            source.headers
        };
        let meta = Meta {
            key: input.key,
            version_id: Some(new_version_id()),
            size: received.size,
            etag: hex::encode(received.md5),
            modified_ms: now_ms(),
            checksums: received.checksums.clone(),
            headers,
            encryption: protection.encryption,
            retention: protection.retention,
            legal_hold: protection.legal_hold,
            delete_marker: false,
        };
        let meta = self.publish(&input.bucket, received, meta, Condition::None).await?;
        let result = CopyObjectResult {
            e_tag: Some(ETag::Strong(meta.etag)),
            last_modified: Some(timestamp(meta.modified_ms)),
            checksum_sha256: meta.checksums.sha256,
            checksum_crc32: meta.checksums.crc32,
            ..Default::default()
        };
        let output =
            CopyObjectOutput { copy_object_result: Some(result), version_id: meta.version_id, ..Default::default() };
        Ok(S3Response::new(output))
    }

    fn remove(&self, bucket: &str, object: &ObjectIdentifier, bypass: bool) -> Result<DeletedObject, Refusal> {
        let version = object.version_id.as_deref();
        let removed = self.disk.delete(bucket, &object.key, version, now_ms(), bypass)?;
        let marker = removed.filter(|meta| meta.delete_marker);
        Ok(DeletedObject {
            delete_marker: marker.is_some().then_some(true),
            delete_marker_version_id: marker.and_then(|meta| meta.version_id),
            key: Some(object.key.clone()),
            version_id: object.version_id.clone(),
        })
    }
}

/// S3 does not keep `aws-chunked`, it is only how the bytes travelled.
fn without_aws_chunked(encoding: String) -> Option<String> {
    let kept: Vec<&str> =
        encoding.split(',').map(str::trim).filter(|it| *it != "aws-chunked" && !it.is_empty()).collect();
    if kept.is_empty() { None } else { Some(kept.join(",")) }
}

fn put_output(meta: Meta) -> PutObjectOutput {
    let checksum_type = meta.checksums.kind();
    PutObjectOutput {
        e_tag: Some(ETag::Strong(meta.etag)),
        version_id: meta.version_id,
        checksum_crc32: meta.checksums.crc32,
        checksum_crc32c: meta.checksums.crc32c,
        checksum_crc64nvme: meta.checksums.crc64nvme,
        checksum_sha1: meta.checksums.sha1,
        checksum_sha256: meta.checksums.sha256,
        checksum_type,
        ssekms_key_id: meta.encryption.as_ref().and_then(|it| it.key_id.clone()),
        server_side_encryption: meta.encryption.map(|it| ServerSideEncryption::from(it.algorithm)),
        ..Default::default()
    }
}

#[async_trait::async_trait]
impl S3 for Objects {
    async fn create_bucket(&self, req: S3Request<CreateBucketInput>) -> S3Result<S3Response<CreateBucketOutput>> {
        let object_lock = req.input.object_lock_enabled_for_bucket.unwrap_or(false);
        let config = BucketConfig { versioned: object_lock, object_lock, ..BucketConfig::default() };
        self.disk.create_bucket(&req.input.bucket, config)?;
        let location = Some(format!("/{}", req.input.bucket));
        Ok(S3Response::new(CreateBucketOutput { location }))
    }

    async fn head_bucket(&self, req: S3Request<HeadBucketInput>) -> S3Result<S3Response<HeadBucketOutput>> {
        self.disk.config(&req.input.bucket)?;
        Ok(S3Response::new(HeadBucketOutput { bucket_region: Some(self.region.clone()), ..Default::default() }))
    }

    async fn list_buckets(&self, _: S3Request<ListBucketsInput>) -> S3Result<S3Response<ListBucketsOutput>> {
        let named = |name| Bucket { name: Some(name), ..Default::default() };
        let buckets = Some(self.disk.bucket_names().into_iter().map(named).collect());
        Ok(S3Response::new(ListBucketsOutput { buckets, ..Default::default() }))
    }

    async fn put_bucket_versioning(
        &self,
        req: S3Request<PutBucketVersioningInput>,
    ) -> S3Result<S3Response<PutBucketVersioningOutput>> {
        let status = req.input.versioning_configuration.status;
        let on = status.is_some_and(|status| status.as_str() == BucketVersioningStatus::ENABLED);
        if !on && self.disk.config(&req.input.bucket)?.object_lock {
            return Err(s3_error!(InvalidBucketState, "versioning cannot be suspended under Object Lock"));
        }
        self.disk.configure(&req.input.bucket, |config| config.versioned = on)?;
        Ok(S3Response::new(PutBucketVersioningOutput::default()))
    }

    async fn get_bucket_versioning(
        &self,
        req: S3Request<GetBucketVersioningInput>,
    ) -> S3Result<S3Response<GetBucketVersioningOutput>> {
        let on = self.disk.config(&req.input.bucket)?.versioned;
        let status = on.then(|| BucketVersioningStatus::from_static(BucketVersioningStatus::ENABLED));
        Ok(S3Response::new(GetBucketVersioningOutput { status, ..Default::default() }))
    }

    async fn put_bucket_encryption(
        &self,
        req: S3Request<PutBucketEncryptionInput>,
    ) -> S3Result<S3Response<PutBucketEncryptionOutput>> {
        let mut rules = req.input.server_side_encryption_configuration.rules.into_iter();
        let default = rules.find_map(|rule| rule.apply_server_side_encryption_by_default);
        let encryption = default
            .map(|it| Encryption { algorithm: it.sse_algorithm.as_str().to_owned(), key_id: it.kms_master_key_id });
        self.disk.configure(&req.input.bucket, |config| config.encryption = encryption)?;
        Ok(S3Response::new(PutBucketEncryptionOutput::default()))
    }

    async fn put_public_access_block(
        &self,
        req: S3Request<PutPublicAccessBlockInput>,
    ) -> S3Result<S3Response<PutPublicAccessBlockOutput>> {
        // Anonymous requests are refused with or without it; what was asked is kept.
        let block = &req.input.public_access_block_configuration;
        let on = block.restrict_public_buckets.unwrap_or(false);
        self.disk.configure(&req.input.bucket, |config| config.block_public_access = on)?;
        Ok(S3Response::new(PutPublicAccessBlockOutput::default()))
    }

    async fn put_bucket_cors(&self, req: S3Request<PutBucketCorsInput>) -> S3Result<S3Response<PutBucketCorsOutput>> {
        let rules = req.input.cors_configuration.cors_rules.into_iter().map(|rule| CorsRule {
            origins: rule.allowed_origins,
            methods: rule.allowed_methods,
            headers: rule.allowed_headers.unwrap_or_default(),
            expose: rule.expose_headers.unwrap_or_default(),
            max_age: rule.max_age_seconds,
        });
        let rules = rules.collect();
        self.disk.configure(&req.input.bucket, |config| config.cors = rules)?;
        Ok(S3Response::new(PutBucketCorsOutput::default()))
    }

    async fn get_bucket_location(
        &self,
        req: S3Request<GetBucketLocationInput>,
    ) -> S3Result<S3Response<GetBucketLocationOutput>> {
        self.disk.config(&req.input.bucket)?;
        let location_constraint = Some(BucketLocationConstraint::from(self.region.clone()));
        Ok(S3Response::new(GetBucketLocationOutput { location_constraint }))
    }

    async fn put_object(&self, req: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        self.put(req).await
    }

    async fn upload_part_copy(
        &self,
        req: S3Request<UploadPartCopyInput>,
    ) -> S3Result<S3Response<UploadPartCopyOutput>> {
        self.copy_part(req.input).await.map(S3Response::new)
    }

    async fn copy_object(&self, req: S3Request<CopyObjectInput>) -> S3Result<S3Response<CopyObjectOutput>> {
        self.copy(req).await
    }

    async fn get_object(&self, req: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        let input = req.input;
        let (meta, file) = self.disk.open_version(&input.bucket, &input.key, input.version_id.as_deref())?;
        if meta.delete_marker {
            return Err(s3_error!(MethodNotAllowed, "the version is a delete marker"));
        }
        let dates = (input.if_modified_since.as_ref(), input.if_unmodified_since.as_ref());
        Self::judge_read(&meta, input.if_match.as_ref(), input.if_none_match.as_ref(), dates)?;
        super::read::object(meta, file, input.range, input.checksum_mode.is_some()).await.map(S3Response::new)
    }

    async fn head_object(&self, req: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        let input = req.input;
        let meta = self.disk.version(&input.bucket, &input.key, input.version_id.as_deref())?;
        if meta.delete_marker {
            return Err(s3_error!(MethodNotAllowed, "the version is a delete marker"));
        }
        let dates = (input.if_modified_since.as_ref(), input.if_unmodified_since.as_ref());
        Self::judge_read(&meta, input.if_match.as_ref(), input.if_none_match.as_ref(), dates)?;
        Ok(S3Response::new(super::read::head(meta, input.checksum_mode.is_some())))
    }

    async fn list_objects_v2(&self, req: S3Request<ListObjectsV2Input>) -> S3Result<S3Response<ListObjectsV2Output>> {
        let prefix = req.input.prefix.clone().unwrap_or_default();
        let objects = self.disk.list(&req.input.bucket, &prefix)?;
        Ok(S3Response::new(super::read::list(req.input, objects)))
    }

    async fn list_object_versions(
        &self,
        req: S3Request<ListObjectVersionsInput>,
    ) -> S3Result<S3Response<ListObjectVersionsOutput>> {
        let prefix = req.input.prefix.clone().unwrap_or_default();
        let versions = self.disk.list_versions(&req.input.bucket, &prefix)?;
        Ok(S3Response::new(super::read::versions(req.input, versions)))
    }

    async fn delete_object(&self, req: S3Request<DeleteObjectInput>) -> S3Result<S3Response<DeleteObjectOutput>> {
        let input = req.input;
        let bypass = input.bypass_governance_retention.unwrap_or(false);
        let object = ObjectIdentifier { key: input.key, version_id: input.version_id, ..Default::default() };
        let deleted = self.remove(&input.bucket, &object, bypass)?;
        let output = DeleteObjectOutput {
            delete_marker: deleted.delete_marker,
            version_id: deleted.delete_marker_version_id.or(deleted.version_id),
            ..Default::default()
        };
        Ok(S3Response::new(output))
    }

    async fn delete_objects(&self, req: S3Request<DeleteObjectsInput>) -> S3Result<S3Response<DeleteObjectsOutput>> {
        let input = req.input;
        let bypass = input.bypass_governance_retention.unwrap_or(false);
        let mut deleted = Vec::new();
        let mut errors = Vec::new();
        for object in input.delete.objects {
            match self.remove(&input.bucket, &object, bypass) {
                Ok(done) => deleted.push(done),
                Err(refusal) => {
                    let error = s3s::S3Error::from(refusal);
                    errors.push(s3s::dto::Error {
                        code: Some(error.code().as_str().to_owned()),
                        key: Some(object.key),
                        message: error.message().map(str::to_owned),
                        version_id: object.version_id,
                    });
                }
            }
        }
        let some = |errors: Vec<s3s::dto::Error>| (!errors.is_empty()).then_some(errors);
        let output = DeleteObjectsOutput { deleted: Some(deleted), errors: some(errors), ..Default::default() };
        Ok(S3Response::new(output))
    }

    async fn get_object_retention(
        &self,
        req: S3Request<GetObjectRetentionInput>,
    ) -> S3Result<S3Response<GetObjectRetentionOutput>> {
        let input = req.input;
        let meta = self.disk.version(&input.bucket, &input.key, input.version_id.as_deref())?;
        let Some(retention) = meta.retention else {
            return Err(s3_error!(NoSuchObjectLockConfiguration));
        };
        let retention = ObjectLockRetention {
            mode: Some(ObjectLockRetentionMode::from(retention.mode)),
            retain_until_date: Some(timestamp(retention.until_ms)),
        };
        Ok(S3Response::new(GetObjectRetentionOutput { retention: Some(retention) }))
    }

    async fn create_multipart_upload(
        &self,
        req: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        self.create_upload(req.input).await.map(S3Response::new)
    }

    async fn upload_part(&self, req: S3Request<UploadPartInput>) -> S3Result<S3Response<UploadPartOutput>> {
        self.receive_part(req).await.map(S3Response::new)
    }

    async fn list_parts(&self, req: S3Request<ListPartsInput>) -> S3Result<S3Response<ListPartsOutput>> {
        self.uploaded_parts(req.input).map(S3Response::new)
    }

    async fn complete_multipart_upload(
        &self,
        req: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        self.complete_upload(req.input).await.map(S3Response::new)
    }

    async fn abort_multipart_upload(
        &self,
        req: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        self.abort_upload(&req.input).map(S3Response::new)
    }
}

/// User metadata as the wire types want it.
pub(super) fn user_metadata(user: BTreeMap<String, String>) -> Option<Metadata> {
    (!user.is_empty()).then(|| user.into_iter().collect())
}
