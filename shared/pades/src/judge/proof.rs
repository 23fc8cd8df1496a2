//! Proofs of existence (ETSI EN 319 102-1 §5.6.2): which time-stamp proves that what existed at which time.
//!
//! A document time-stamp proves everything in the bytes that it covers: signature values, their time-stamps, and the material of
//! `/DSS`. A signature time-stamp proves the one signature value. What no time-stamp covers exists now, and nothing more is known.

use std::collections::HashMap;

use pki::path::{Evidence, EvidenceItem};

/// A document time-stamp that passed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Proof {
    /// Name of its field.
    pub(crate) field: String,
    /// Revision that it covers.
    pub(crate) revision: usize,
    /// Unix seconds.
    pub(crate) time: i64,
}

/// An instant by which something existed, and the time-stamp that says so.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Existence {
    /// Unix seconds.
    pub(crate) time: i64,
    /// Field of the time-stamp; for a time-stamp inside a signature the field of that signature.
    pub(crate) by: String,
}

/// The earliest proof about bytes that lie before the end of revision `from`.
pub(crate) fn earliest(proofs: &[Proof], from: usize) -> Option<Existence> {
    let covering = proofs.iter().filter(|proof| proof.revision >= from);
    covering.map(|proof| Existence { time: proof.time, by: proof.field.clone() }).min()
}

/// Where embedded material lies: the first revision whose proof covers it, by SHA-256.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origins(HashMap<[u8; 32], usize>);

impl Origins {
    /// Notes that the bytes lie before the end of revision `from`; of several places the earliest counts.
    pub(crate) fn note(&mut self, sha256: [u8; 32], from: usize) {
        self.0.entry(sha256).and_modify(|known| *known = from.min(*known)).or_insert(from);
    }

    /// Whether the bytes lie in the file.
    pub(crate) fn knows(&self, sha256: &[u8; 32]) -> bool {
        self.0.contains_key(sha256)
    }

    pub(crate) fn existence(&self, sha256: &[u8; 32], proofs: &[Proof]) -> Option<Existence> {
        earliest(proofs, *self.0.get(sha256)?)
    }
}

pub(crate) fn sha256(der: &[u8]) -> [u8; 32] {
    sha2::Digest::finalize(<sha2::Sha256 as sha2::Digest>::new_with_prefix(der)).into()
}

/// The bytes of an item.
pub(crate) fn bytes(evidence: &Evidence, item: EvidenceItem) -> Option<&[u8]> {
    match item {
        EvidenceItem::Ocsp(at) => evidence.ocsps.get(at).map(Vec::as_slice),
        EvidenceItem::Crl(at) => evidence.crls.get(at).map(Vec::as_slice),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proof(field: &str, revision: usize, time: i64) -> Proof {
        Proof { field: field.to_owned(), revision, time }
    }

    /// Only what a time-stamp covers is proven by it, and the earliest proof counts.
    #[test]
    fn the_earliest_covering_proof_counts() {
        let proofs = [proof("Late", 5, 50), proof("Early", 3, 30)];
        let time = |from| earliest(&proofs, from).map(|found| (found.time, found.by));
        assert_eq!(time(2), Some((30, "Early".to_owned())));
        assert_eq!(time(3), Some((30, "Early".to_owned())));
        assert_eq!(time(4), Some((50, "Late".to_owned())));
        assert_eq!(time(6), None);
    }

    /// The same bytes in two places are as old as the older place.
    #[test]
    fn material_is_as_old_as_its_first_place() {
        let mut origins = Origins::default();
        origins.note([1; 32], 5);
        origins.note([1; 32], 3);
        origins.note([1; 32], 4);
        let proofs = [proof("T", 3, 30)];
        assert_eq!(origins.existence(&[1; 32], &proofs).map(|found| found.time), Some(30));
        assert_eq!(origins.existence(&[2; 32], &proofs), None);
    }
}
