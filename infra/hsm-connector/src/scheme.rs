//! Digests and signature schemes: their OIDs, what a token is given for them and what it gives back.
//!
//! Pure. Signs nothing and verifies nothing.

use der::asn1::UintRef;
use der::{Encode as _, Sequence};

/// rsaEncryption (RFC 8017 appendix C): PKCS#1 v1.5, the digest is named beside it.
pub const RSA: &str = "1.2.840.113549.1.1.1";
/// id-RSASSA-PSS (RFC 8017 appendix C): the digest is named beside it.
pub const RSA_PSS: &str = "1.2.840.113549.1.1.10";
/// id-ecPublicKey (RFC 5480 §2.1.1): ECDSA, the digest is named beside it.
pub const EC: &str = "1.2.840.10045.2.1";

/// A digest of SHA-2 (FIPS 180-4).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Hash {
    /// 32 bytes.
    Sha256,
    /// 48 bytes.
    Sha384,
    /// 64 bytes.
    Sha512,
}

impl Hash {
    /// All that are offered.
    pub const ALL: [Self; 3] = [Self::Sha256, Self::Sha384, Self::Sha512];

    /// The last arc below NIST's 2.16.840.1.101.3.4.2.
    fn arc(self) -> u8 {
        match self {
            Self::Sha256 => 1,
            Self::Sha384 => 2,
            Self::Sha512 => 3,
        }
    }

    /// Length in bytes.
    #[must_use]
    pub fn length(self) -> u8 {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// The OID in dots.
    #[must_use]
    pub fn oid(self) -> String {
        format!("2.16.840.1.101.3.4.2.{}", self.arc())
    }

    /// By its OID.
    #[must_use]
    pub fn by_oid(oid: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|hash| hash.oid() == oid)
    }

    /// By its length: `credentials/authorize` of CSC v1 names no algorithm (§11.6 of 1.0.4).
    #[must_use]
    pub fn by_length(length: usize) -> Option<Self> {
        Self::ALL.into_iter().find(|hash| usize::from(hash.length()) == length)
    }

    /// `DigestInfo` (RFC 8017 §9.2, note 1), which CKM_RSA_PKCS signs: a bare digest would give a signature that fails.
    #[must_use]
    pub fn digest_info(self, digest: &[u8]) -> Vec<u8> {
        let length = self.length();
        let head = [0x30, 17 + length, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02];
        [&head, [self.arc(), 0x05, 0x00, 0x04, length].as_slice(), digest].concat()
    }

    /// `AlgorithmIdentifier` of the digest, with or without NULL: both are met (RFC 4055 §2.1).
    fn identifier(self, null: bool) -> Vec<u8> {
        let oid = [0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, self.arc()];
        let end: &[u8] = if null { &[0x05, 0x00] } else { &[] };
        wrapped(0x30, &[&oid, end].concat())
    }

    /// `RSASSA-PSS-params` (RFC 4055 §3.1) with MGF1 over the same digest and a salt of its length, in both spellings.
    #[must_use]
    pub fn pss_params(self) -> [Vec<u8>; 2] {
        [true, false].map(|null| {
            let hash = self.identifier(null);
            let mgf1 = [&[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08], hash.as_slice()].concat();
            let mask = wrapped(0x30, &mgf1);
            let salt = [0x02, 0x01, self.length()];
            wrapped(0x30, &[wrapped(0xa0, &hash), wrapped(0xa1, &mask), wrapped(0xa2, &salt)].concat())
        })
    }
}

/// A DER element of at most 127 bytes.
fn wrapped(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap_or(u8::MAX);
    [&[tag, length], content].concat()
}

/// How a digest is signed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scheme {
    /// RSASSA-PKCS1-v1_5 (RFC 8017 §8.2).
    RsaPkcs1,
    /// RSASSA-PSS (RFC 8017 §8.1).
    RsaPss,
    /// ECDSA (FIPS 186-5 §6).
    Ecdsa,
}

/// A scheme with its digest.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Algorithm {
    /// How.
    pub scheme: Scheme,
    /// What.
    pub hash: Hash,
}

/// The OIDs that name scheme and digest together (RFC 4055 §5, RFC 5758 §3.2).
const NAMED: [(&str, Scheme, Hash); 6] = [
    ("1.2.840.113549.1.1.11", Scheme::RsaPkcs1, Hash::Sha256),
    ("1.2.840.113549.1.1.12", Scheme::RsaPkcs1, Hash::Sha384),
    ("1.2.840.113549.1.1.13", Scheme::RsaPkcs1, Hash::Sha512),
    ("1.2.840.10045.4.3.2", Scheme::Ecdsa, Hash::Sha256),
    ("1.2.840.10045.4.3.3", Scheme::Ecdsa, Hash::Sha384),
    ("1.2.840.10045.4.3.4", Scheme::Ecdsa, Hash::Sha512),
];

impl Algorithm {
    /// What `signAlgo` and the digest beside it mean; `None` when they mean nothing or contradict each other (CSC §11.10:
    /// the digest must be named with a bare RSA OID; here with every OID that does not name one).
    #[must_use]
    pub fn asked(sign_algo: &str, hash: Option<Hash>) -> Option<Self> {
        let bare = match sign_algo {
            RSA => Some(Scheme::RsaPkcs1),
            RSA_PSS => Some(Scheme::RsaPss),
            EC => Some(Scheme::Ecdsa),
            _ => None,
        };
        if let Some(scheme) = bare {
            return hash.map(|hash| Self { scheme, hash });
        }
        let (_, scheme, own) = NAMED.into_iter().find(|(oid, ..)| *oid == sign_algo)?;
        hash.is_none_or(|hash| hash == own).then_some(Self { scheme, hash: own })
    }

    /// The OIDs by which it may be asked for.
    #[must_use]
    pub fn oids(self) -> Vec<&'static str> {
        let bare = match self.scheme {
            Scheme::RsaPkcs1 => RSA,
            Scheme::RsaPss => RSA_PSS,
            Scheme::Ecdsa => EC,
        };
        let named = NAMED.into_iter().filter(|(_, scheme, hash)| (*scheme, *hash) == (self.scheme, self.hash));
        std::iter::once(bare).chain(named.map(|(oid, ..)| oid)).collect()
    }
}

/// `ECDSA-Sig-Value` (RFC 3279 §2.2.3).
#[derive(Sequence)]
struct EcdsaValue<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

/// From the r‖s of CKM_ECDSA (PKCS#11 §2.3.1) to what CMS and CSC want; `None` for bytes that are no pair.
#[must_use]
pub fn ecdsa_der(pair: &[u8]) -> Option<Vec<u8>> {
    if pair.is_empty() || !pair.len().is_multiple_of(2) {
        return None;
    }
    let (r, s) = pair.split_at(pair.len() / 2);
    EcdsaValue { r: UintRef::new(r).ok()?, s: UintRef::new(s).ok()? }.to_der().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_algorithm_is_asked_for_without_contradiction() {
        let rsa = Algorithm { scheme: Scheme::RsaPkcs1, hash: Hash::Sha256 };
        assert_eq!(Algorithm::asked("1.2.840.113549.1.1.11", None), Some(rsa));
        assert_eq!(Algorithm::asked(RSA, Some(Hash::Sha256)), Some(rsa));
        assert_eq!(Algorithm::asked(RSA, None), None);
        assert_eq!(Algorithm::asked(RSA_PSS, None), None);
        assert_eq!(Algorithm::asked("1.2.840.113549.1.1.11", Some(Hash::Sha384)), None);
        assert_eq!(Algorithm::asked("1.2.840.113549.1.1.5", Some(Hash::Sha256)), None, "SHA-1");
    }

    #[test]
    fn every_oid_that_is_offered_is_taken() {
        for scheme in [Scheme::RsaPkcs1, Scheme::RsaPss, Scheme::Ecdsa] {
            for hash in Hash::ALL {
                let offered = Algorithm { scheme, hash };
                let taken = offered.oids().into_iter().map(|oid| Algorithm::asked(oid, Some(hash)));
                assert!(taken.into_iter().all(|taken| taken == Some(offered)), "{offered:?}");
            }
        }
    }

    /// RFC 8017 §9.2 note 1, and RFC 4055 §3.1 as OpenSSL writes it.
    #[test]
    fn structures_are_the_standard_ones() {
        let info = Hash::Sha256.digest_info(&[7; 32]);
        assert_eq!(hex::encode(&info[..19]), "3031300d060960864801650304020105000420");
        assert_eq!(info[19..], [7; 32]);
        assert_eq!(hex::encode(&Hash::Sha512.digest_info(&[7; 64])[..19]), "3051300d060960864801650304020305000440");
        assert_eq!(
            hex::encode(&Hash::Sha256.pss_params()[0]),
            "3034a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d06096086480165030402010500a203020120"
        );
    }

    /// Leading zeros go, a high bit gets one: the integers are unsigned.
    #[test]
    fn a_pair_becomes_der() {
        let pair = [[0, 0, 1, 2], [0x80, 0, 0, 1]].concat();
        assert_eq!(hex::encode(ecdsa_der(&pair).expect("a pair")), "300b02020102020500 80000001".replace(' ', ""));
        assert_eq!(ecdsa_der(&[1, 2, 3]), None);
        assert_eq!(ecdsa_der(&[]), None);
    }
}
