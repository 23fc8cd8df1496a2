//! What is kept beside an object's bytes, and a bucket's settings.

use std::collections::BTreeMap;

use s3s::dto;
use serde::{Deserialize, Serialize};

/// A bucket's settings, as far as the local cloud acts on them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct BucketConfig {
    pub(super) versioned: bool,
    pub(super) object_lock: bool,
    pub(super) block_public_access: bool,
    pub(super) encryption: Option<Encryption>,
    pub(super) cors: Vec<CorsRule>,
}

/// One CORS rule, as S3 has them: `*` may stand once in an origin or a header.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct CorsRule {
    pub(super) origins: Vec<String>,
    pub(super) methods: Vec<String>,
    pub(super) headers: Vec<String>,
    pub(super) expose: Vec<String>,
    pub(super) max_age: Option<i32>,
}

/// Server-side encryption as it is reported. Locally the bytes are not encrypted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Encryption {
    pub(super) algorithm: String,
    pub(super) key_id: Option<String>,
}

/// Object Lock on one version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Retention {
    /// `GOVERNANCE` or `COMPLIANCE`
    pub(super) mode: String,
    pub(super) until_ms: i64,
}

/// The five additional checksums, base64 as on the wire.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Checksums {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) crc32: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) crc32c: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) crc64nvme: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sha1: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sha256: Option<String>,
    /// Made of the parts' checksums (`COMPOSITE`), not of the whole body.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) composite: bool,
}

impl Checksums {
    pub(super) fn is_empty(&self) -> bool {
        self.names().is_empty()
    }

    /// The algorithms that are set, by their names on the wire.
    pub(super) fn names(&self) -> Vec<&'static str> {
        [
            (dto::ChecksumAlgorithm::CRC32, &self.crc32),
            (dto::ChecksumAlgorithm::CRC32C, &self.crc32c),
            (dto::ChecksumAlgorithm::CRC64NVME, &self.crc64nvme),
            (dto::ChecksumAlgorithm::SHA1, &self.sha1),
            (dto::ChecksumAlgorithm::SHA256, &self.sha256),
        ]
        .into_iter()
        .filter_map(|(name, value)| value.is_some().then_some(name))
        .collect()
    }

    pub(super) fn value(&self, algorithm: &str) -> Option<&str> {
        match algorithm {
            dto::ChecksumAlgorithm::CRC32 => self.crc32.as_deref(),
            dto::ChecksumAlgorithm::CRC32C => self.crc32c.as_deref(),
            dto::ChecksumAlgorithm::CRC64NVME => self.crc64nvme.as_deref(),
            dto::ChecksumAlgorithm::SHA1 => self.sha1.as_deref(),
            dto::ChecksumAlgorithm::SHA256 => self.sha256.as_deref(),
            _ => None,
        }
    }

    pub(super) fn set(&mut self, algorithm: &str, value: String) {
        match algorithm {
            dto::ChecksumAlgorithm::CRC32 => self.crc32 = Some(value),
            dto::ChecksumAlgorithm::CRC32C => self.crc32c = Some(value),
            dto::ChecksumAlgorithm::CRC64NVME => self.crc64nvme = Some(value),
            dto::ChecksumAlgorithm::SHA1 => self.sha1 = Some(value),
            dto::ChecksumAlgorithm::SHA256 => self.sha256 = Some(value),
            _ => {}
        }
    }

    pub(super) fn kind(&self) -> Option<dto::ChecksumType> {
        if self.is_empty() {
            return None;
        }
        let kind = if self.composite { dto::ChecksumType::COMPOSITE } else { dto::ChecksumType::FULL_OBJECT };
        Some(dto::ChecksumType::from_static(kind))
    }
}

impl From<dto::Checksum> for Checksums {
    fn from(checksum: dto::Checksum) -> Self {
        Self {
            crc32: checksum.checksum_crc32,
            crc32c: checksum.checksum_crc32c,
            crc64nvme: checksum.checksum_crc64nvme,
            sha1: checksum.checksum_sha1,
            sha256: checksum.checksum_sha256,
            composite: false,
        }
    }
}

/// Headers that are stored and given back as they came.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Headers {
    pub(super) content_type: Option<String>,
    pub(super) content_encoding: Option<String>,
    pub(super) content_disposition: Option<String>,
    pub(super) content_language: Option<String>,
    pub(super) cache_control: Option<String>,
    pub(super) user: BTreeMap<String, String>,
}

/// Everything about one version but its bytes.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Meta {
    pub(super) key: String,
    /// `None` in a bucket without versions.
    pub(super) version_id: Option<String>,
    pub(super) size: u64,
    /// Without quotes.
    pub(super) etag: String,
    pub(super) modified_ms: i64,
    pub(super) checksums: Checksums,
    pub(super) headers: Headers,
    pub(super) encryption: Option<Encryption>,
    pub(super) retention: Option<Retention>,
    pub(super) legal_hold: bool,
    pub(super) delete_marker: bool,
}

impl Meta {
    pub(super) fn delete_marker(key: &str, now_ms: i64) -> Self {
        Self {
            key: key.to_owned(),
            version_id: Some(new_version_id()),
            modified_ms: now_ms,
            delete_marker: true,
            ..Self::default()
        }
    }

    pub(super) fn version_or_null(&self) -> &str {
        self.version_id.as_deref().unwrap_or("null")
    }

    /// Whether Object Lock forbids to delete this version. `bypass` is governance bypass.
    pub(super) fn retained(&self, now_ms: i64, bypass: bool) -> bool {
        let held = self.retention.as_ref().is_some_and(|retention| {
            retention.until_ms > now_ms && !(bypass && retention.mode == dto::ObjectLockMode::GOVERNANCE)
        });
        held || self.legal_hold
    }
}

/// A version id: random, so that nobody relies on an order.
pub(super) fn new_version_id() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}
