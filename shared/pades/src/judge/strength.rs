//! Until when an algorithm can be relied on (ETSI TS 119 312, NIST SP 800-131A, TT 15/2025/TT-BKHCN): data, no clock.
//!
//! The dates say until when a *new* value made with the algorithm is believed; what is proven to be older stays good.

use pki::{Certificate, DigestAlgorithm, KeyAlgorithm, Weakness};

/// An end date and the name of what ends then.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct End {
    /// Unix seconds: the first instant at which it is not believed any more.
    pub(crate) at: i64,
    pub(crate) name: &'static str,
}

/// 2004-08-01.
const MD5: End = End { at: 1_091_318_400, name: "MD5" };
/// 2012-08-01.
const SHA1: End = End { at: 1_343_779_200, name: "SHA-1" };
/// 2010-08-01.
const RSA_SHORTER: End = End { at: 1_280_620_800, name: "RSA < 1024" };
/// 2014-01-01.
const RSA_1024: End = End { at: 1_388_534_400, name: "RSA < 2048" };
/// 2031-01-01.
const RSA_2048: End = End { at: 1_924_992_000, name: "RSA < 3000" };

fn of_weakness(weakness: &Weakness) -> End {
    match weakness {
        Weakness::WeakDigest(DigestAlgorithm::Md5) | Weakness::WeakSignatureDigest(DigestAlgorithm::Md5) => MD5,
        Weakness::ShortKey { bits } => rsa(*bits).unwrap_or(RSA_1024),
        _ => SHA1,
    }
}

fn rsa(bits: usize) -> Option<End> {
    match bits {
        ..1024 => Some(RSA_SHORTER),
        1024..2048 => Some(RSA_1024),
        2048..3000 => Some(RSA_2048),
        _ => None,
    }
}

/// The first end among what was met in a signature and in the keys of its path; `None` where nothing has an end.
pub(crate) fn first_end<'w>(weak: impl Iterator<Item = &'w Weakness>, chain: &[Certificate]) -> Option<End> {
    let keys = chain.iter().filter_map(|member| match member.key_algorithm() {
        KeyAlgorithm::Rsa { bits } => rsa(bits),
        _ => None,
    });
    weak.map(of_weakness).chain(keys).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stronger keys end later, and what ends first decides.
    #[test]
    fn ends_are_ordered() {
        let ends: Vec<i64> = [512, 1024, 2048].into_iter().filter_map(rsa).map(|end| end.at).collect();
        assert!(ends.is_sorted() && ends.len() == 3);
        assert_eq!((rsa(3000), rsa(4096)), (None, None));
        let both = [Weakness::WeakSignatureDigest(DigestAlgorithm::Sha1), Weakness::WeakDigest(DigestAlgorithm::Md5)];
        assert_eq!(first_end(both.iter(), &[]), Some(MD5));
        assert_eq!(first_end([].iter(), &[]), None);
    }
}
