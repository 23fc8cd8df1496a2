//! Everything that can help to build and judge paths, and where in the file it lies.

use pdf::{Document, Object};
use pki::Interner;
use pki::path::Evidence;

use super::crypto::Crypto;
use super::find::Found;
use super::proof::{Origins, sha256};
use crate::policy::Policy;

/// Items read from one `/DSS` list.
const STORE_ITEMS: usize = 2000;

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

/// What the newest `/DSS` holds, and where in the file it lies.
pub(crate) struct Store {
    pub(crate) evidence: Evidence,
    origins: Origins,
}

impl Store {
    /// Reads `/DSS`, once for a judgement; one that cannot be read holds nothing.
    pub(crate) fn read(view: &Document<'_>, interner: &Interner) -> Self {
        let mut origins = Origins::default();
        let mut note = |der: &[u8], revision| origins.note(sha256(der), revision);
        let evidence = gather(view, interner, &mut note).unwrap_or_default();
        Self { evidence, origins }
    }
}

impl<'i> Pool<'i> {
    /// Collects what the newest `/DSS` and all signatures embed.
    pub(crate) fn new(
        store: Store,
        found: &[Found],
        cryptos: &[Crypto],
        policy: &Policy<'_>,
        interner: &'i Interner,
    ) -> Self {
        let Store { evidence: mut embedded, mut origins } = store;
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
        Self { interner, embedded, all, alone, has_store, origins }
    }
}

fn dedup(evidence: &mut Evidence) {
    let mut seen = std::collections::HashSet::new();
    evidence.certificates.retain(|certificate| seen.insert(certificate.sha256()));
    for list in [&mut evidence.ocsps, &mut evidence.crls] {
        list.sort_unstable();
        list.dedup();
    }
}

/// The document-wide lists of `/DSS`; VRI entries only repeat them.
pub(crate) fn store(view: &Document<'_>) -> Result<Evidence, pdf::Error> {
    gather(view, &Interner::default(), &mut |_, _| {})
}

/// As [`store`]; `seen` is told the bytes of each item and the revision that wrote them.
fn gather(
    view: &Document<'_>,
    interner: &Interner,
    seen: &mut dyn FnMut(&[u8], usize),
) -> Result<Evidence, pdf::Error> {
    let mut evidence = Evidence::default();
    let Some(store) = view.get(view.catalog()?, b"DSS")?.as_dict() else { return Ok(evidence) };
    let newest = view.revisions().len().saturating_sub(1);
    for key in [&b"Certs"[..], b"OCSPs", b"CRLs"] {
        for item in view.get(store, key)?.as_array().unwrap_or_default().iter().take(STORE_ITEMS) {
            let Object::Stream(stream) = view.resolve(item)? else { continue };
            let Ok(der) = view.decode(stream) else { continue };
            let written = match item {
                Object::Ref(id) => view.defined_in(*id),
                _ => None,
            };
            seen(&der, written.unwrap_or(newest));
            match key {
                b"Certs" => evidence.certificates.extend(interner.certificate(&der)),
                b"OCSPs" => evidence.ocsps.push(der),
                _ => evidence.crls.push(der),
            }
        }
    }
    Ok(evidence)
}
