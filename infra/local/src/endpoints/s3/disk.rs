//! Objects on a disk: the index in memory, one file per version, nothing visible before it is whole.
//!
//! A version's file is the body, then a JSON trailer (key, digests, headers, retention), the trailer's length and a mark.
//! It is written under a temporary name, checked, synchronised, and renamed while the index is locked: so a crash leaves
//! either no object or a whole one, and of sixteen writers with `If-None-Match: *` exactly one finds the name free.
//! The index is rebuilt from the trailers at start.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::meta::{BucketConfig, Meta};
use crate::error::{Error, Result};
use crate::files;

const MARK: &[u8; 8] = b"CTDTOBJ1";
const TRAILER_LIMIT: u32 = 64 * 1024;

/// Why the store did not do what it was asked.
#[derive(Debug)]
pub(super) enum Refusal {
    NoSuchBucket,
    NoSuchKey,
    NoSuchVersion,
    BucketExists,
    Precondition(&'static str),
    Locked,
    Io(io::Error),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// A precondition of a write, judged at the moment the object becomes visible.
#[derive(Debug, Clone, Default)]
pub(super) enum Condition {
    #[default]
    None,
    /// `If-None-Match: *`
    Absent,
    /// `If-Match: *`
    Present,
    /// `If-Match: "etag"`
    ETag(String),
}

/// One version of one object.
#[derive(Debug, Clone)]
pub(super) struct Version {
    pub(super) meta: Meta,
    sequence: u64,
    path: PathBuf,
}

#[derive(Debug)]
struct Bucket {
    config: BucketConfig,
    /// Oldest version first.
    objects: BTreeMap<String, Vec<Version>>,
    next: u64,
}

/// The store.
#[derive(Debug)]
pub(super) struct Disk {
    root: PathBuf,
    durable: bool,
    buckets: Mutex<BTreeMap<String, Bucket>>,
}

/// A body that was written and checked but is not visible yet. Dropping it removes the file.
#[derive(Debug)]
pub(super) struct Staged {
    path: PathBuf,
    armed: bool,
}

impl Staged {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Moves the file to where it is not an object but is kept: a part of a multipart upload.
    pub(super) fn keep_as(&mut self, target: &Path) -> io::Result<()> {
        fs::rename(&self.path, target)?;
        self.armed = false;
        Ok(())
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if self.armed {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Trailer {
    v: u32,
    meta: Meta,
}

impl Disk {
    /// Opens the store and reads its index. `durable` synchronises every object to the device.
    pub(super) fn open(root: &Path, durable: bool) -> Result<Self> {
        let staging = root.join(".staging");
        files::directory(&staging)?;
        for entry in fs::read_dir(&staging).map_err(Error::io(&staging))? {
            let path = entry.map_err(Error::io(&staging))?.path();
            let _ = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        }
        let mut buckets = BTreeMap::new();
        for entry in fs::read_dir(root).map_err(Error::io(root))? {
            let entry = entry.map_err(Error::io(root))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if !name.starts_with('.') && entry.path().join("bucket.json").is_file() {
                buckets.insert(name, load_bucket(&entry.path()).map_err(Error::io(entry.path()))?);
            }
        }
        Ok(Self { root: root.to_owned(), durable, buckets: Mutex::new(buckets) })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Bucket>> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn create_bucket(&self, name: &str, config: BucketConfig) -> Result<(), Refusal> {
        let mut buckets = self.lock();
        if buckets.contains_key(name) {
            return Err(Refusal::BucketExists);
        }
        let path = self.root.join(name);
        fs::create_dir_all(path.join("objects"))?;
        fs::create_dir_all(path.join("uploads"))?;
        write_config(&path, &config)?;
        buckets.insert(name.to_owned(), Bucket { config, objects: BTreeMap::new(), next: 1 });
        Ok(())
    }

    pub(super) fn config(&self, bucket: &str) -> Result<BucketConfig, Refusal> {
        Ok(self.lock().get(bucket).ok_or(Refusal::NoSuchBucket)?.config.clone())
    }

    pub(super) fn configure(&self, bucket: &str, change: impl FnOnce(&mut BucketConfig)) -> Result<(), Refusal> {
        let mut buckets = self.lock();
        let entry = buckets.get_mut(bucket).ok_or(Refusal::NoSuchBucket)?;
        let mut config = entry.config.clone();
        change(&mut config);
        write_config(&self.root.join(bucket), &config)?;
        entry.config = config;
        Ok(())
    }

    pub(super) fn bucket_names(&self) -> Vec<String> {
        self.lock().keys().cloned().collect()
    }

    /// The directory of a multipart upload; it exists while the upload does.
    pub(super) fn upload_path(&self, bucket: &str, upload: uuid::Uuid) -> PathBuf {
        self.root.join(bucket).join("uploads").join(upload.simple().to_string())
    }

    /// A new, empty staging file.
    pub(super) fn stage(&self) -> Staged {
        Staged { path: self.root.join(".staging").join(uuid::Uuid::new_v4().simple().to_string()), armed: true }
    }

    /// Appends the trailer to a staged body and synchronises it.
    pub(super) fn seal(&self, staged: &Staged, meta: &Meta) -> io::Result<()> {
        let mut file = fs::OpenOptions::new().append(true).create(true).open(&staged.path)?;
        let json = serde_json::to_vec(&Trailer { v: 1, meta: meta.clone() })?;
        let length = u32::try_from(json.len()).ok().filter(|length| *length <= TRAILER_LIMIT);
        let length = length.ok_or_else(|| io::Error::other("metadata too large"))?;
        file.write_all(&json)?;
        file.write_all(&length.to_le_bytes())?;
        file.write_all(MARK)?;
        if self.durable { file.sync_data() } else { Ok(()) }
    }

    /// Makes a sealed body the newest version of its key, if `condition` holds at this moment.
    pub(super) fn commit(
        &self,
        bucket: &str,
        mut staged: Staged,
        mut meta: Meta,
        condition: &Condition,
    ) -> Result<Meta, Refusal> {
        let mut buckets = self.lock();
        let entry = buckets.get_mut(bucket).ok_or(Refusal::NoSuchBucket)?;
        let current = entry.objects.get(&meta.key).and_then(|versions| versions.last());
        judge(condition, current.filter(|version| !version.meta.delete_marker))?;
        if !entry.config.versioned {
            meta.version_id = None;
        }
        let sequence = entry.next;
        let path = object_path(&self.root.join(bucket), &meta.key, sequence);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::rename(&staged.path, &path)?;
        staged.armed = false;
        entry.next += 1;
        let versions = entry.objects.entry(meta.key.clone()).or_default();
        if !entry.config.versioned {
            for old in versions.drain(..) {
                let _ = fs::remove_file(&old.path);
            }
        }
        versions.push(Version { meta: meta.clone(), sequence, path });
        Ok(meta)
    }

    /// The newest version, or the named one, with its file opened while the index is locked: a delete or an overwrite
    /// in the next moment cannot take the file away.
    pub(super) fn open_version(
        &self,
        bucket: &str,
        key: &str,
        version: Option<&str>,
    ) -> Result<(Meta, fs::File), Refusal> {
        let buckets = self.lock();
        let found = find(buckets.get(bucket).ok_or(Refusal::NoSuchBucket)?, key, version)?;
        let file = fs::File::open(&found.path)?;
        Ok((found.meta.clone(), file))
    }

    pub(super) fn version(&self, bucket: &str, key: &str, version: Option<&str>) -> Result<Meta, Refusal> {
        let buckets = self.lock();
        Ok(find(buckets.get(bucket).ok_or(Refusal::NoSuchBucket)?, key, version)?.meta.clone())
    }

    /// Deletes: without a version a delete marker where the bucket is versioned, else the object; with a version that
    /// version, unless it is retained at `now_ms`.
    pub(super) fn delete(
        &self,
        bucket: &str,
        key: &str,
        version: Option<&str>,
        now_ms: i64,
        bypass: bool,
    ) -> Result<Option<Meta>, Refusal> {
        if version.is_none() && self.config(bucket)?.versioned {
            let meta = Meta::delete_marker(key, now_ms);
            let staged = self.stage();
            self.seal(&staged, &meta)?;
            return self.commit(bucket, staged, meta, &Condition::None).map(Some);
        }
        let mut buckets = self.lock();
        let entry = buckets.get_mut(bucket).ok_or(Refusal::NoSuchBucket)?;
        let Some(versions) = entry.objects.get_mut(key) else { return Ok(None) };
        let wanted = version.unwrap_or("null");
        let Some(index) = versions.iter().position(|candidate| candidate.meta.version_or_null() == wanted) else {
            return Ok(None);
        };
        let Some(candidate) = versions.get(index) else { return Ok(None) };
        if candidate.meta.retained(now_ms, bypass) {
            return Err(Refusal::Locked);
        }
        fs::remove_file(&candidate.path)?;
        let removed = versions.remove(index);
        if versions.is_empty() {
            entry.objects.remove(key);
        }
        Ok(Some(removed.meta))
    }

    /// The visible objects whose key begins with `prefix`, in key order.
    pub(super) fn list(&self, bucket: &str, prefix: &str) -> Result<Vec<Meta>, Refusal> {
        let buckets = self.lock();
        let entry = buckets.get(bucket).ok_or(Refusal::NoSuchBucket)?;
        let from = entry.objects.range(prefix.to_owned()..).take_while(|(key, _)| key.starts_with(prefix));
        Ok(from
            .filter_map(|(_, versions)| versions.last())
            .filter(|version| !version.meta.delete_marker)
            .map(|version| version.meta.clone())
            .collect())
    }

    /// All versions and delete markers under `prefix`: by key, newest first, with "is the newest".
    pub(super) fn list_versions(&self, bucket: &str, prefix: &str) -> Result<Vec<(Meta, bool)>, Refusal> {
        let buckets = self.lock();
        let entry = buckets.get(bucket).ok_or(Refusal::NoSuchBucket)?;
        let from = entry.objects.range(prefix.to_owned()..).take_while(|(key, _)| key.starts_with(prefix));
        Ok(from
            .flat_map(|(_, versions)| {
                versions.iter().rev().enumerate().map(|(age, version)| (version.meta.clone(), age == 0))
            })
            .collect())
    }
}

fn judge(condition: &Condition, current: Option<&Version>) -> Result<(), Refusal> {
    match (condition, current) {
        (Condition::Absent, Some(_)) => Err(Refusal::Precondition("If-None-Match")),
        (Condition::Present, None) => Err(Refusal::Precondition("If-Match")),
        (Condition::ETag(_), None) => Err(Refusal::NoSuchKey),
        (Condition::ETag(wanted), Some(version)) if *wanted != version.meta.etag => {
            Err(Refusal::Precondition("If-Match"))
        }
        _ => Ok(()),
    }
}

fn find<'a>(bucket: &'a Bucket, key: &str, version: Option<&str>) -> Result<&'a Version, Refusal> {
    let versions = bucket.objects.get(key).ok_or(Refusal::NoSuchKey)?;
    match version {
        None => versions.last().filter(|version| !version.meta.delete_marker).ok_or(Refusal::NoSuchKey),
        Some(wanted) => {
            versions.iter().find(|version| version.meta.version_or_null() == wanted).ok_or(Refusal::NoSuchVersion)
        }
    }
}

/// Keys may be 1,024 bytes and hold anything, file names not: the digest of the key is the name.
fn object_path(bucket: &Path, key: &str, sequence: u64) -> PathBuf {
    let digest = hex::encode(Sha256::digest(key.as_bytes()));
    let (shard, _) = digest.split_at(2);
    bucket.join("objects").join(shard).join(format!("{digest}-{sequence:016x}"))
}

fn write_config(path: &Path, config: &BucketConfig) -> io::Result<()> {
    let json = serde_json::to_vec_pretty(config)?;
    files::replace(&path.join("bucket.json"), &json).map_err(io::Error::other)
}

fn load_bucket(path: &Path) -> io::Result<Bucket> {
    let config: BucketConfig = serde_json::from_slice(&fs::read(path.join("bucket.json"))?)?;
    fs::create_dir_all(path.join("uploads"))?;
    let mut objects: BTreeMap<String, Vec<Version>> = BTreeMap::new();
    let mut next = 1;
    for shard in fs::read_dir(path.join("objects"))? {
        for entry in fs::read_dir(shard?.path())? {
            let path = entry?.path();
            let Some(version) = load_version(&path)? else { continue };
            next = next.max(version.sequence + 1);
            objects.entry(version.meta.key.clone()).or_default().push(version);
        }
    }
    for versions in objects.values_mut() {
        versions.sort_by_key(|version| version.sequence);
        if !config.versioned {
            // killed between the rename of the new version and the removal of the old one
            while versions.len() > 1 {
                let old = versions.remove(0);
                let _ = fs::remove_file(&old.path);
            }
        }
    }
    Ok(Bucket { config, objects, next })
}

fn load_version(path: &Path) -> io::Result<Option<Version>> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let sequence = name.rsplit_once('-').and_then(|(_, digits)| u64::from_str_radix(digits, 16).ok());
    let (Some(sequence), Some(meta)) = (sequence, read_trailer(path)?) else {
        tracing::warn!(path = %path.display(), "s3: a file that is not an object was left alone");
        return Ok(None);
    };
    Ok(Some(Version { meta, sequence, path: path.to_owned() }))
}

/// Reads the trailer of a sealed file; `None` when there is none.
pub(super) fn read_trailer(path: &Path) -> io::Result<Option<Meta>> {
    let mut file = fs::File::open(path)?;
    let mut end = [0_u8; 12];
    if file.metadata()?.len() < 12 {
        return Ok(None);
    }
    file.seek(SeekFrom::End(-12))?;
    file.read_exact(&mut end)?;
    let [a, b, c, d, mark @ ..] = end;
    let length = u32::from_le_bytes([a, b, c, d]);
    if mark != *MARK || length > TRAILER_LIMIT {
        return Ok(None);
    }
    file.seek(SeekFrom::End(-12 - i64::from(length)))?;
    let mut json = vec![0; length as usize];
    file.read_exact(&mut json)?;
    Ok(serde_json::from_slice::<Trailer>(&json).ok().map(|trailer| trailer.meta))
}
