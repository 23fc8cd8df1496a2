//! Receiving a body: to a staging file, hashed on the way, and compared with everything the client said about it
//! before anybody can see it.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt as _;
use http::HeaderMap;
use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Md5};
use s3s::dto::{ChecksumAlgorithm, StreamingBlob};
use s3s::{S3Result, TrailingHeaders, s3_error};
use tokio::io::{AsyncWriteExt as _, BufWriter};

use super::disk::{Disk, Staged};
use super::meta::Checksums;

/// The largest single PUT (S3: 5 GB; the design's largest scan is 100 MB).
const BODY_LIMIT: u64 = 5 * 1024 * 1024 * 1024;
const CHECKSUM_HEADER: &str = "x-amz-checksum-";

/// What the client stated about the body.
#[derive(Debug, Default)]
pub(super) struct Stated {
    pub(super) checksums: Checksums,
    pub(super) algorithm: Option<ChecksumAlgorithm>,
    pub(super) content_md5: Option<String>,
    pub(super) decoded_length: Option<u64>,
    pub(super) trailer: Option<String>,
}

impl Stated {
    pub(super) fn new(
        headers: &HeaderMap,
        checksums: Checksums,
        algorithm: Option<ChecksumAlgorithm>,
        content_md5: Option<String>,
    ) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        Self {
            checksums,
            algorithm,
            content_md5,
            decoded_length: text("x-amz-decoded-content-length").and_then(|value| value.parse().ok()),
            trailer: text("x-amz-trailer"),
        }
    }

    fn hasher(&self) -> ChecksumHasher {
        let mut wanted = self.checksums.names();
        let upper = self.trailer.as_deref().and_then(|name| name.strip_prefix(CHECKSUM_HEADER)).map(str::to_uppercase);
        let algorithm = self.algorithm.as_ref().map(ChecksumAlgorithm::as_str);
        wanted.extend(ALL.iter().filter(|name| Some(**name) == algorithm || Some(**name) == upper.as_deref()));
        hasher(&wanted)
    }
}

const ALL: [&str; 5] = [
    ChecksumAlgorithm::CRC32,
    ChecksumAlgorithm::CRC32C,
    ChecksumAlgorithm::CRC64NVME,
    ChecksumAlgorithm::SHA1,
    ChecksumAlgorithm::SHA256,
];

/// A hasher for the algorithms named as on the wire.
pub(super) fn hasher(names: &[&str]) -> ChecksumHasher {
    let has = |name: &str| names.contains(&name);
    ChecksumHasher {
        crc32: has(ChecksumAlgorithm::CRC32).then(Default::default),
        crc32c: has(ChecksumAlgorithm::CRC32C).then(Default::default),
        crc64nvme: has(ChecksumAlgorithm::CRC64NVME).then(Default::default),
        sha1: has(ChecksumAlgorithm::SHA1).then(Default::default),
        sha256: has(ChecksumAlgorithm::SHA256).then(Default::default),
    }
}

/// A body that arrived whole and is what the client said.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) staged: Staged,
    pub(super) size: u64,
    pub(super) md5: [u8; 16],
    pub(super) checksums: Checksums,
}

/// Receives a body.
///
/// # Errors
/// `IncompleteBody` when the stream breaks or is shorter than announced, `EntityTooLarge`, `BadDigest`,
/// `InvalidDigest` for a Content-MD5 that is not one.
pub(super) async fn receive(
    disk: &Arc<Disk>,
    body: Option<StreamingBlob>,
    stated: Stated,
    trailers: Option<TrailingHeaders>,
) -> S3Result<Received> {
    let mut stream = body.ok_or_else(|| s3_error!(IncompleteBody))?;
    let staged = disk.stage();
    let file = tokio::fs::File::create(staged.path()).await.map_err(|error| s3_error!(error, InternalError))?;
    let mut writer = BufWriter::with_capacity(256 * 1024, file);
    let mut md5 = Md5::new();
    let mut sums = stated.hasher();
    let mut size = 0_u64;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|error| s3_error!(IncompleteBody, "the body could not be read: {error}"))?;
        size = size.saturating_add(chunk.len() as u64);
        if size > BODY_LIMIT {
            return Err(s3_error!(EntityTooLarge));
        }
        md5.update(&chunk);
        sums.update(&chunk);
        writer.write_all(&chunk).await.map_err(|error| s3_error!(error, InternalError))?;
    }
    writer.flush().await.map_err(|error| s3_error!(error, InternalError))?;
    if stated.decoded_length.is_some_and(|announced| announced != size) {
        return Err(s3_error!(IncompleteBody, "the body is not as long as announced"));
    }
    let md5 = md5.finalize();
    let computed = Checksums::from(sums.finalize());
    check_md5(stated.content_md5.as_deref(), &md5)?;
    check_sums(stated.checksums, &computed, trailers)?;
    Ok(Received { staged, size, md5, checksums: computed })
}

fn check_md5(stated: Option<&str>, computed: &[u8; 16]) -> S3Result<()> {
    let Some(stated) = stated else { return Ok(()) };
    let stated = STANDARD.decode(stated).map_err(|_| s3_error!(InvalidDigest))?;
    if stated == computed {
        return Ok(());
    }
    Err(s3_error!(BadDigest, "The Content-MD5 you specified did not match what we received."))
}

fn check_sums(mut stated: Checksums, computed: &Checksums, trailers: Option<TrailingHeaders>) -> S3Result<()> {
    let trailers = trailers.and_then(|handle| handle.take()).unwrap_or_default();
    for name in ALL {
        let header = format!("{CHECKSUM_HEADER}{}", name.to_lowercase());
        if let Some(value) = trailers.get(header.as_str()).and_then(|value| value.to_str().ok()) {
            stated.set(name, value.to_owned());
        }
        if stated.value(name).is_some_and(|value| computed.value(name) != Some(value)) {
            return Err(s3_error!(BadDigest, "The {name} you specified did not match the calculated checksum."));
        }
    }
    Ok(())
}
