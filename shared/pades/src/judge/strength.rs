//! Until when an algorithm can be relied on: a dated table with the source of each row, no clock.
//!
//! The dates say until when a *new* value made with the algorithm is believed; what is proven to be older stays good
//! (ETSI EN 319 102-1 §5.2.7, §5.6.2.4). The sources are ETSI TS 119 312 (which builds on the SOG-IS agreed mechanisms; its
//! dates are those of its machine-readable form, TS 119 322), NIST and FIPS, and the Vietnamese rule of domain.md §4.3.
//! Where they differ, the earlier date counts, unless the Vietnamese rule in force says in words that the key is long enough.
//! No Vietnamese rule knows Ed448 or ML-DSA; they are believed by the standards that approve them, as no end is set.
//! PKCS#1 v1.5 with RSA of 3000 bits and more, which TS 119 312 V2.1.1 lets end on 2034-01-01, is not told from PSS.

use pki::{Certificate, DigestAlgorithm, KeyAlgorithm, Weakness};

use super::time::{DAY, days};

/// An end date, the name of what ends then, and who says so.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct End {
    /// Unix seconds: the first instant at which it is not believed any more.
    pub(crate) at: i64,
    pub(crate) name: &'static str,
    pub(crate) source: &'static str,
}

/// What a signature rests on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Mechanism {
    Digest(DigestAlgorithm),
    /// RSA with a modulus of fewer bits.
    Rsa {
        below: usize,
    },
    /// DSA with a p of fewer bits.
    Dsa {
        below: usize,
    },
    /// ECDSA with P-256, P-384 or P-521, and Ed25519: other curves are not verified.
    Curve,
    Ed448,
    MlDsa,
}

struct Row {
    of: Mechanism,
    /// Year, month, day of the first day after; `None`: no end is set.
    end: Option<(i64, i64, i64)>,
    name: &'static str,
    source: &'static str,
}

const fn row(of: Mechanism, end: Option<(i64, i64, i64)>, name: &'static str, source: &'static str) -> Row {
    Row { of, end, name, source }
}

/// Of several rows for one kind of key the first that fits counts.
static TABLE: &[Row] = {
    use DigestAlgorithm::{Md5, Sha1, Sha3_256, Sha3_384, Sha3_512, Sha224, Sha256, Sha384, Sha512, Shake256};
    use Mechanism::{Curve, Digest, Dsa, Ed448, MlDsa, Rsa};
    &[
        row(Digest(Md5), Some((2004, 8, 1)), "MD5", "ETSI TS 119 312 V1.5.1"),
        row(Digest(Sha1), Some((2012, 8, 1)), "SHA-1", "ETSI TS 119 312 V1.5.1"),
        row(Digest(Sha224), Some((2029, 1, 1)), "SHA-224", "ETSI TS 119 312 V2.1.1"),
        row(Digest(Sha256), None, "SHA-256", "ETSI TS 119 312 V2.1.1"),
        row(Digest(Sha384), None, "SHA-384", "ETSI TS 119 312 V2.1.1"),
        row(Digest(Sha512), None, "SHA-512", "ETSI TS 119 312 V2.1.1"),
        row(Digest(Sha3_256), None, "SHA3-256", "ETSI TS 119 312 V2.1.1"),
        row(Digest(Sha3_384), None, "SHA3-384", "ETSI TS 119 312 V2.1.1"),
        row(Digest(Sha3_512), None, "SHA3-512", "ETSI TS 119 312 V2.1.1"),
        row(Digest(Shake256), None, "SHAKE256", "FIPS 202; RFC 8419 §3.1"),
        row(Rsa { below: 1024 }, Some((2010, 8, 1)), "RSA < 1024", "ETSI TS 119 312 V1.5.1"),
        // TS 119 312 V1.5.1 says 2019-10-01 for 1024 and 1536 bits.
        row(Rsa { below: 2048 }, Some((2014, 1, 1)), "RSA < 2048", "NIST SP 800-131A; TT 15/2025/TT-BKHCN: RSA ≥ 2048"),
        // V2.1.1 says 2026-04-01, but TT 15/2025 holds 2048 bits long enough, and the signers of the State have them.
        row(Rsa { below: 3000 }, Some((2029, 1, 1)), "RSA < 3000", "ETSI TS 119 312 V1.5.1"),
        row(Rsa { below: usize::MAX }, None, "RSA ≥ 3000", "ETSI TS 119 312 V2.1.1"),
        row(Dsa { below: 2048 }, Some((2014, 1, 1)), "DSA < 2048", "NIST SP 800-131A"),
        // TS 119 312 V2.1.1 says 2026-04-01; the Vietnamese rule knows RSA and ECDSA only.
        row(Dsa { below: usize::MAX }, Some((2024, 2, 3)), "DSA", "FIPS 186-5 §1, which withdrew it"),
        row(Curve, None, "ECDSA ≥ 256, Ed25519", "ETSI TS 119 312 V2.1.1; TT 15/2025/TT-BKHCN: ECDSA ≥ 256"),
        row(Ed448, None, "Ed448", "FIPS 186-5 §7.1"),
        row(MlDsa, None, "ML-DSA", "FIPS 204"),
    ]
};

fn end_of(fits: impl Fn(Mechanism) -> bool) -> Option<End> {
    let row = TABLE.iter().find(|row| fits(row.of))?;
    let (year, month, day) = row.end?;
    Some(End { at: days(year, month, day) * DAY, name: row.name, source: row.source })
}

fn of_digest(algorithm: DigestAlgorithm) -> Option<End> {
    end_of(|row| row == Mechanism::Digest(algorithm))
}

fn of_rsa(bits: usize) -> Option<End> {
    end_of(|row| matches!(row, Mechanism::Rsa { below } if bits < below))
}

/// `None` bits: a length that nobody told is not the longest.
fn of_dsa(bits: Option<usize>) -> Option<End> {
    end_of(|row| matches!(row, Mechanism::Dsa { below } if bits.unwrap_or(0) < below))
}

fn of_weakness(weakness: &Weakness) -> Option<End> {
    match weakness {
        Weakness::WeakDigest(algorithm)
        | Weakness::WeakBinding(algorithm)
        | Weakness::WeakSignatureDigest(algorithm) => of_digest(*algorithm),
        Weakness::ShortKey { bits } => of_rsa(*bits),
        Weakness::Dsa { bits } => of_dsa(*bits),
    }
}

fn of_key(key: &KeyAlgorithm) -> Option<End> {
    match key {
        KeyAlgorithm::Rsa { bits } => of_rsa(*bits),
        KeyAlgorithm::Dsa { bits } => of_dsa(*bits),
        KeyAlgorithm::P256 | KeyAlgorithm::P384 | KeyAlgorithm::P521 | KeyAlgorithm::Ed25519 => {
            end_of(|row| row == Mechanism::Curve)
        }
        KeyAlgorithm::Ed448 => end_of(|row| row == Mechanism::Ed448),
        KeyAlgorithm::MlDsa44 | KeyAlgorithm::MlDsa65 | KeyAlgorithm::MlDsa87 => end_of(|row| row == Mechanism::MlDsa),
        // Verifies nothing.
        KeyAlgorithm::Other(_) => None,
    }
}

/// The first end among what was met in a signature and in the keys of its path; `None` where nothing has an end.
pub(crate) fn first_end<'w>(weak: impl Iterator<Item = &'w Weakness>, chain: &[Certificate]) -> Option<End> {
    let keys = chain.iter().filter_map(|member| of_key(&member.key_algorithm()));
    weak.filter_map(of_weakness).chain(keys).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The instants by another reckoning than the table's: `date -u -d DAY +%s`.
    const DAYS: &[(&str, Option<i64>)] = &[
        ("MD5", Some(1_091_318_400)),
        ("SHA-1", Some(1_343_779_200)),
        ("SHA-224", Some(1_861_920_000)),
        ("SHA-256", None),
        ("SHA-384", None),
        ("SHA-512", None),
        ("SHA3-256", None),
        ("SHA3-384", None),
        ("SHA3-512", None),
        ("SHAKE256", None),
        ("RSA < 1024", Some(1_280_620_800)),
        ("RSA < 2048", Some(1_388_534_400)),
        ("RSA < 3000", Some(1_861_920_000)),
        ("RSA ≥ 3000", None),
        ("DSA < 2048", Some(1_388_534_400)),
        ("DSA", Some(1_706_918_400)),
        ("ECDSA ≥ 256, Ed25519", None),
        ("Ed448", None),
        ("ML-DSA", None),
    ];

    /// Every row: found by what it is about and by nothing else, at its day, under its own name, with a source.
    #[test]
    fn every_row_is_found() {
        assert_eq!(TABLE.len(), DAYS.len());
        for (row, (name, at)) in TABLE.iter().zip(DAYS) {
            assert_eq!(row.name, *name);
            assert!(row.source.chars().any(|sign| sign.is_ascii_digit()), "{name}: no source");
            let found = match row.of {
                Mechanism::Digest(algorithm) => {
                    assert_eq!(algorithm.name(), *name);
                    [Weakness::WeakDigest(algorithm), Weakness::WeakSignatureDigest(algorithm)].map(|w| of_weakness(&w))
                }
                Mechanism::Rsa { below } => [
                    of_key(&KeyAlgorithm::Rsa { bits: below - 1 }),
                    of_weakness(&Weakness::ShortKey { bits: below - 1 }),
                ],
                Mechanism::Dsa { below } => {
                    let bits = Some(below - 1);
                    [of_key(&KeyAlgorithm::Dsa { bits }), of_weakness(&Weakness::Dsa { bits })]
                }
                Mechanism::Curve => [KeyAlgorithm::P256, KeyAlgorithm::Ed25519].map(|key| of_key(&key)),
                Mechanism::Ed448 => [KeyAlgorithm::Ed448, KeyAlgorithm::Ed448].map(|key| of_key(&key)),
                Mechanism::MlDsa => [KeyAlgorithm::MlDsa44, KeyAlgorithm::MlDsa87].map(|key| of_key(&key)),
            };
            for end in found {
                assert_eq!(end.map(|end| (end.name, end.at)), at.map(|at| (*name, at)), "{name}");
            }
        }
    }

    /// No digest and no kind of key is without a row, and the ends of keys rise with their length.
    #[test]
    fn nothing_falls_through() {
        use DigestAlgorithm::{Md5, Sha1, Sha3_256, Sha3_384, Sha3_512, Sha224, Sha256, Sha384, Sha512, Shake256};
        for algorithm in [Md5, Sha1, Sha224, Sha256, Sha384, Sha512, Sha3_256, Sha3_384, Sha3_512, Shake256] {
            assert!(TABLE.iter().any(|row| row.of == Mechanism::Digest(algorithm)));
            assert_eq!(algorithm.is_weak(), of_digest(algorithm).is_some(), "what ends is reported by `pki`");
        }
        let names = |bits: &[usize], of: &dyn Fn(usize) -> Option<End>| -> Vec<&str> {
            bits.iter().map(|bits| of(*bits).map_or("", |end| end.name)).collect()
        };
        let rsa = names(&[0, 512, 1023, 1024, 1900, 2047, 2048, 2999, 3000, 4096, 16_384], &of_rsa);
        let (short, old, now) = ("RSA < 1024", "RSA < 2048", "RSA < 3000");
        assert_eq!(rsa, [short, short, short, old, old, old, now, now, "", "", ""]);
        let dsa = names(&[512, 1024, 2047, 2048, 3072], &|bits| of_dsa(Some(bits)));
        assert_eq!(dsa, ["DSA < 2048", "DSA < 2048", "DSA < 2048", "DSA", "DSA"]);
        assert_eq!(of_dsa(None).map(|end| end.name), Some("DSA < 2048"));
        assert_eq!(of_key(&KeyAlgorithm::Other("1.3.132.0.10".to_owned())), None);
    }

    /// What ends first decides.
    #[test]
    fn the_first_end_decides() {
        let both = [Weakness::WeakSignatureDigest(DigestAlgorithm::Sha1), Weakness::WeakDigest(DigestAlgorithm::Md5)];
        assert_eq!(first_end(both.iter(), &[]), of_digest(DigestAlgorithm::Md5));
        assert_eq!(first_end([Weakness::Dsa { bits: Some(2048) }].iter(), &[]).map(|end| end.name), Some("DSA"));
        assert_eq!(first_end([].iter(), &[]), None);
    }
}
