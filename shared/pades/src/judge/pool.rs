//! Everything that can help to build and judge paths, and where in the file it lies.

use std::collections::{HashMap, HashSet};

use pdf::{Document, ObjId, Object};
use pki::path::Evidence;
use pki::{DigestAlgorithm, Interner};

use super::crypto::Crypto;
use super::find::Found;
use super::proof::{Origins, sha256};
use crate::policy::Policy;

/// OCSP responses, and CRLs, of one judgement: as many as `pki::path::revocation` looks at. With more nothing is judged: the one that is
/// left out might be the one that tells of a revocation.
const ITEMS: usize = 512;
/// X.509 certificates of one judgement; a path is searched among 2,048.
const CERTIFICATES: usize = 2000;
/// Entries of `/DSS` lists looked at over all revisions.
const LOOKS: usize = 200_000;

/// Material of the file, with and without what the caller brings.
pub(crate) struct Pool<'i> {
    /// What this judgement has read.
    pub(crate) interner: &'i Interner,
    /// From the file only.
    pub(crate) embedded: Evidence,
    /// From the file and from the caller.
    pub(crate) all: Evidence,
    /// Nothing came from the caller: both lists are the same.
    pub(crate) alone: bool,
    pub(crate) has_store: bool,
    pub(crate) origins: Origins,
}

/// What the `/DSS` of every revision holds, and where in the file it lies. What a file once showed stays known: a later update may
/// replace the store, and cannot make a revocation forgotten (C8).
#[derive(Default)]
pub(crate) struct Store {
    pub(crate) evidence: Evidence,
    origins: Origins,
    /// Items that an earlier revision lists and the newest does not.
    pub(crate) removed: usize,
}

impl Store {
    /// Reads `/DSS` in all revisions, once for a judgement. What cannot be read holds nothing.
    ///
    /// # Errors
    /// More material than is looked at, or bytes that cannot be had.
    pub(crate) fn read(document: &Document<'_>, interner: &Interner) -> Result<Self, pdf::Error> {
        let (read, known) = (HashMap::new(), HashSet::new());
        let mut gatherer = Gatherer { interner, store: Store::default(), read, known, looks: 0 };
        let mut newest = HashSet::new();
        for index in 0..document.revisions().len() {
            newest = gatherer.revision(&document.at_revision(index)?)?;
        }
        let Gatherer { mut store, known, .. } = gatherer;
        store.removed = known.difference(&newest).count();
        Ok(store)
    }
}

impl<'i> Pool<'i> {
    /// Collects what all `/DSS` and all signatures embed.
    ///
    /// # Errors
    /// More than is looked at.
    pub(crate) fn new(
        store: Store,
        found: &[Found],
        cryptos: &[Crypto],
        policy: &Policy<'_>,
        interner: &'i Interner,
    ) -> Result<Self, pdf::Error> {
        let Store { evidence: mut embedded, mut origins, .. } = store;
        let has_store = !embedded.certificates.is_empty() || !embedded.ocsps.is_empty() || !embedded.crls.is_empty();
        for (found, crypto) in found.iter().zip(cryptos) {
            // A time-stamp in the revision of a signature cannot cover what stands in that signature's own gap.
            let from = found.brought + 1;
            let stamped = crypto.stamps.iter().flat_map(|stamp| &stamp.certificates);
            for certificate in crypto.certificates.iter().chain(stamped) {
                origins.note(certificate.sha256(), from);
                embedded.certificates.push(certificate.clone());
            }
            for (list, own) in [(&mut embedded.ocsps, &crypto.ocsps), (&mut embedded.crls, &crypto.crls)] {
                own.iter().for_each(|der| origins.note(sha256(der), from));
                list.extend(own.iter().cloned());
            }
        }
        dedup(&mut embedded);
        let extra = policy.extra;
        let alone = extra.certificates.is_empty() && extra.ocsps.is_empty() && extra.crls.is_empty();
        let mut all = embedded.clone();
        all.certificates.extend(extra.certificates.iter().cloned());
        all.ocsps.extend(extra.ocsps.iter().cloned());
        all.crls.extend(extra.crls.iter().cloned());
        dedup(&mut all);
        bounded(&all)?;
        Ok(Self { interner, embedded, all, alone, has_store, origins })
    }
}

fn dedup(evidence: &mut Evidence) {
    let mut seen = HashSet::new();
    evidence.certificates.retain(|certificate| seen.insert(certificate.sha256()));
    // Nobody has signed the order of the lists in `/DSS`.
    evidence.certificates.sort_unstable();
    for list in [&mut evidence.ocsps, &mut evidence.crls] {
        list.sort_unstable();
        list.dedup();
    }
}

/// The document-wide lists of `/DSS` in all revisions; VRI entries only repeat them.
///
/// # Errors
/// As [`Store::read`].
pub(crate) fn store(document: &Document<'_>) -> Result<Evidence, pdf::Error> {
    Ok(Store::read(document, &Interner::default())?.evidence)
}

/// Reads the lists of one revision after the other.
struct Gatherer<'i> {
    interner: &'i Interner,
    store: Store,
    /// Streams that were read, by number and by the revision that wrote them: the digest of what they hold.
    read: HashMap<(ObjId, Option<usize>, usize), Option<[u8; 32]>>,
    /// Everything that was listed, by kind.
    known: HashSet<(usize, [u8; 32])>,
    looks: usize,
}

impl Gatherer<'_> {
    /// What one revision lists. A list that cannot be read holds nothing.
    fn revision(&mut self, view: &Document<'_>) -> Result<HashSet<(usize, [u8; 32])>, pdf::Error> {
        let mut listed = HashSet::new();
        let Some(dict) =
            bearable(view.catalog().and_then(|catalog| view.get(catalog, b"DSS")))?.and_then(Object::as_dict)
        else {
            return Ok(listed);
        };
        for (kind, key) in [&b"Certs"[..], b"OCSPs", b"CRLs"].into_iter().enumerate() {
            let list = bearable(view.get(dict, key))?.and_then(Object::as_array).unwrap_or_default();
            for item in list {
                self.looks += 1;
                if self.looks > LOOKS {
                    return Err(pdf::Error::Limit(pdf::LimitKind::Objects));
                }
                listed.extend(self.item(view, item, kind)?.map(|sha256| (kind, sha256)));
            }
        }
        Ok(listed)
    }

    fn item(&mut self, view: &Document<'_>, item: &Object, kind: usize) -> Result<Option<[u8; 32]>, pdf::Error> {
        let Object::Ref(id) = item else { return Ok(None) };
        let place = (*id, view.defined_in(*id), kind);
        if let Some(known) = self.read.get(&place) {
            return Ok(*known);
        }
        let der = match bearable(view.resolve(item))? {
            Some(Object::Stream(stream)) => bearable(view.decode(stream))?,
            _ => None,
        };
        let digest = der.as_ref().map(|der| sha256(der));
        if let (Some(der), Some(digest)) = (der, digest) {
            self.take(der, digest, kind, place.1.unwrap_or(view.revisions().len().saturating_sub(1)))?;
        }
        self.read.insert(place, digest);
        Ok(digest)
    }

    fn take(&mut self, der: Vec<u8>, digest: [u8; 32], kind: usize, written: usize) -> Result<(), pdf::Error> {
        self.store.origins.note(digest, written);
        if !self.known.insert((kind, digest)) {
            return Ok(());
        }
        let evidence = &mut self.store.evidence;
        match kind {
            0 => evidence.certificates.extend(self.interner.certificate(&der)),
            1 => evidence.ocsps.push(der),
            _ => evidence.crls.push(der),
        }
        bounded(evidence)
    }
}

/// What is wrong with one object is its own affair; what exceeds a limit or cannot be had leaves nothing known about the rest.
fn bearable<T>(read: Result<T, pdf::Error>) -> Result<Option<T>, pdf::Error> {
    match read {
        Ok(value) => Ok(Some(value)),
        Err(error @ (pdf::Error::Limit(_) | pdf::Error::Unread(_))) => Err(error),
        Err(_) => Ok(None),
    }
}

fn bounded(evidence: &Evidence) -> Result<(), pdf::Error> {
    let fits =
        evidence.certificates.len() <= CERTIFICATES && evidence.ocsps.len() <= ITEMS && evidence.crls.len() <= ITEMS;
    if fits { Ok(()) } else { Err(pdf::Error::Limit(pdf::LimitKind::Objects)) }
}

/// Names of `/VRI` entries of the newest `/DSS` that belong to nothing in the file: a name is the digest of a signature's `/Contents`, of a
/// time-stamp or of a piece of evidence (ISO 32000-2 table 262). Writers count the padding in or not.
pub(crate) fn strangers(
    document: &Document<'_>,
    found: &[Found],
    cryptos: &[Crypto],
    evidence: &Evidence,
) -> Vec<String> {
    let entries = document.catalog().and_then(|catalog| document.get(catalog, b"DSS")).ok().and_then(Object::as_dict);
    let entries = entries.and_then(|dict| document.get(dict, b"VRI").ok()?.as_dict());
    let names: Vec<String> = entries
        .into_iter()
        .flatten()
        .filter(|(key, _)| *key != b"Type")
        .map(|(key, _)| String::from_utf8_lossy(key).to_ascii_lowercase())
        .take(ITEMS)
        .collect();
    if names.is_empty() {
        return names;
    }
    let containers = cryptos.iter().filter_map(|crypto| crypto.container.as_ref());
    let tokens: Vec<Vec<u8>> = containers.clone().flat_map(pki::cms::SignedData::timestamp_tokens).collect();
    let mut named: Vec<&[u8]> = found.iter().map(|one| one.contents.as_slice()).collect();
    named.extend(containers.map(pki::cms::SignedData::der));
    named.extend(tokens.iter().chain(&evidence.ocsps).chain(&evidence.crls).map(Vec::as_slice));
    // Usual names are SHA-1 of a signature, so most digests are never needed: an item is hashed only while a name is unexplained.
    let mut left = names;
    for by in [DigestAlgorithm::Sha1, DigestAlgorithm::Sha256] {
        for bytes in &named {
            if left.is_empty() {
                return left;
            }
            let digest = hex::encode(pki::digest(by, &[bytes]));
            left.retain(|name| *name != digest);
        }
    }
    left
}
