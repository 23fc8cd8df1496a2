//! The bucket: everything is created once.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use domain::model::{Sha256, Stored};
use domain::ports::{Created, Fault, File, Looked, Objects, Presigned, Reading};

use super::{Call, Fate, Inner, Kind, World, sha256, silence};

/// Bytes with their digest, shared between the copies of a world.
#[derive(Clone)]
pub(crate) struct Object {
    pub(crate) bytes: Arc<Vec<u8>>,
    pub(crate) sha256: Sha256,
    /// How often the bucket has given the same bytes another name.
    renamed: u8,
}

impl std::fmt::Debug for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Object({} bytes, {:?})", self.bytes.len(), self.sha256)
    }
}

/// Everything that was ever stored in this process, by length: equal bytes are kept once and hashed once.
type Known = Mutex<HashMap<usize, Vec<Object>>>;

impl Object {
    fn new(bytes: Vec<u8>) -> Self {
        static KNOWN: OnceLock<Known> = OnceLock::new();
        let mut known = KNOWN.get_or_init(Known::default).lock().unwrap_or_else(PoisonError::into_inner);
        let alike = known.entry(bytes.len()).or_default();
        if let Some(same) = alike.iter().find(|object| *object.bytes == bytes) {
            return same.clone();
        }
        let object = Self { sha256: sha256(&bytes), bytes: Arc::new(bytes), renamed: 0 };
        alike.push(object.clone());
        object
    }

    /// Another body, another ETag.
    fn etag(&self) -> String {
        let begin: String = self.sha256.iter().take(8).map(|octet| format!("{octet:02x}")).collect();
        format!("\"{begin}-{}\"", self.renamed)
    }

    /// Refuses a body other than the one that is named.
    fn is(&self, etag: Option<&str>) -> Result<(), Fault> {
        match etag {
            Some(etag) if etag != self.etag() => Err(Fault("PreconditionFailed".into())),
            _ => Ok(()),
        }
    }
}

impl Inner {
    fn moves(&mut self, name: &'static str, octets: usize) {
        *self.moved.entry(name).or_default() += octets as u64;
    }
}

impl World {
    /// Puts bytes where a presigned upload or a seed would.
    ///
    /// # Panics
    /// When something is there.
    pub fn put_object(&self, path: &str, bytes: Vec<u8>) {
        let before = self.lock().objects.insert(path.to_owned(), Object::new(bytes));
        assert!(before.is_none(), "{path} is there already");
    }

    /// The bytes at a path, past the port.
    pub fn object(&self, path: &str) -> Option<Arc<Vec<u8>>> {
        self.lock().objects.get(path).map(|object| object.bytes.clone())
    }

    /// Every path that begins so, in order.
    pub fn paths(&self, prefix: &str) -> Vec<String> {
        self.lock().objects.keys().filter(|path| path.starts_with(prefix)).cloned().collect()
    }

    /// Calls the same bytes by another ETag, as a bucket does that was restored or stands in another region.
    ///
    /// # Panics
    /// When nothing is there.
    pub fn rename_body(&self, path: &str) {
        self.lock().objects.get_mut(path).expect("an object").renamed += 1;
    }

    /// Turns one bit of a stored object (F18). Gives back what turns it again.
    ///
    /// # Panics
    /// When nothing is there.
    pub fn flip(&self, path: &str, at: usize) {
        let mut inner = self.lock();
        let object = inner.objects.get_mut(path).expect("an object");
        let mut bytes = object.bytes.to_vec();
        *bytes.get_mut(at).expect("a byte") ^= 1;
        *object = Object::new(bytes);
    }
}

impl Objects for World {
    async fn create(&self, path: &str, bytes: Vec<u8>, _content_type: &str) -> Result<Created, Fault> {
        let create = |w: &mut Inner| {
            w.moves("create", bytes.len());
            if w.objects.contains_key(path) {
                return Ok(Created::Existed);
            }
            w.objects.insert(path.to_owned(), Object::new(bytes));
            Ok(Created::New)
        };
        self.act("create", create).await
    }

    async fn extend(&self, base: &Stored, tail: Vec<u8>, file: &Stored, _content_type: &str) -> Result<Created, Fault> {
        let extend = |w: &mut Inner| {
            w.moves("extend", tail.len());
            if w.objects.contains_key(&file.path) {
                return Ok(Created::Existed);
            }
            let before = w.objects.get(&base.path).ok_or_else(|| Fault(format!("{} is not there", base.path)))?;
            before.is(base.etag.as_deref())?;
            let whole = [before.bytes.as_slice(), &tail].concat();
            w.objects.insert(file.path.clone(), Object::new(whole));
            Ok(Created::New)
        };
        self.act("extend", extend).await
    }

    async fn part(&self, file: &Stored, range: Range<u64>) -> Result<Option<Vec<u8>>, Fault> {
        let path = &file.path;
        let kind = if self.object(path).is_some() { Kind::Stand } else { Kind::Look };
        let fate = self.begin(Call { name: "part", kind }).await;
        let mut inner = self.lock();
        if fate != Fate::Works {
            inner.hears("part", &"silence");
            return Err(silence("part"));
        }
        let found = inner.objects.get(path).cloned();
        inner.hears("part", &(found.as_ref().map(|object| object.sha256), &range));
        found.as_ref().map_or(Ok(()), |object| object.is(file.etag.as_deref()))?;
        let cut = |bytes: &[u8]| {
            let at = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
            bytes.get(at(range.start)..at(range.end)).unwrap_or_default().to_vec()
        };
        let found = found.map(|object| cut(&object.bytes));
        inner.moves("part", found.as_ref().map_or(0, Vec::len));
        Ok(found)
    }

    async fn with_source<T: Send + 'static>(
        &self,
        path: &str,
        limit: u64,
        look: Reading<T>,
    ) -> Result<Option<Looked<T>>, Fault> {
        let kind = if self.object(path).is_some() { Kind::Stand } else { Kind::Look };
        let fate = self.begin(Call { name: "with_source", kind }).await;
        let found = {
            let mut inner = self.lock();
            if fate != Fate::Works {
                inner.hears("with_source", &"silence");
                return Err(silence("with_source"));
            }
            let found = inner.objects.get(path).cloned();
            inner.hears("with_source", &found.as_ref().map(|object| object.sha256));
            inner.moves("with_source", found.as_ref().map_or(0, |object| object.bytes.len()));
            found
        };
        match found {
            Some(object) if object.bytes.len() as u64 > limit => Err(Fault(format!("{path} is longer than {limit}"))),
            found => {
                Ok(found.map(|object| Looked { found: look(File::from(object.bytes.as_ref())), etag: object.etag() }))
            }
        }
    }

    async fn read(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, Fault> {
        // What is there stays as it is.
        let kind = if self.object(path).is_some() { Kind::Stand } else { Kind::Look };
        let fate = self.begin(Call { name: "read", kind }).await;
        let mut inner = self.lock();
        if fate != Fate::Works {
            inner.hears("read", &"silence");
            return Err(silence("read"));
        }
        let found = inner.objects.get(path).cloned();
        inner.hears("read", &found.as_ref().map(|object| object.sha256));
        match found {
            Some(object) if object.bytes.len() as u64 > limit => Err(Fault(format!("{path} is longer than {limit}"))),
            found => {
                inner.moves("read", found.as_ref().map_or(0, |object| object.bytes.len()));
                Ok(found.map(|object| object.bytes.to_vec()))
            }
        }
    }

    async fn presign_put(
        &self,
        path: &str,
        content_type: &str,
        size: u64,
        sha256: &Sha256,
    ) -> Result<Presigned, Fault> {
        let link = |_: &Inner| Presigned {
            url: format!("https://bucket.test/{path}"),
            headers: vec![
                ("content-type".into(), content_type.into()),
                ("content-length".into(), size.to_string()),
                ("x-amz-checksum-sha256".into(), format!("{sha256:?}")),
            ],
        };
        self.ask("presign_put", link).await
    }

    async fn presign_get(&self, path: &str, filename: &str) -> Result<Presigned, Fault> {
        let link = |_: &Inner| Presigned { url: format!("https://bucket.test/{path}?as={filename}"), headers: vec![] };
        self.ask("presign_get", link).await
    }
}
