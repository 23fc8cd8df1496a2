//! A credential: the key in the token, its X.509 certificate and the chain above it.
//!
//! Checks at the start that the chain is one, by its signatures; revocation is the verifier's business. Looks at every
//! signature before it leaves: a token that answers with another key, or a mechanism that was misunderstood, is found here.

use aws_lc_rs::digest::{self, Digest};
use aws_lc_rs::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use x509_parser::prelude::{FromDer as _, X509Certificate};
use x509_parser::public_key::PublicKey;

use crate::scheme::{Algorithm, Hash, Scheme};

/// The shortest RSA key, in bits (SP 800-131A rev. 2 §3).
const RSA_LEAST: usize = 2048;
/// How the organisation of our test CAs begins: nobody takes such a name for a real one.
const TEST: &str = "CTDT Test";
/// The longest chain.
const LONGEST_CHAIN: usize = 6;
/// secp256r1 (RFC 5480 §2.1.1.1).
pub(crate) const P256: &str = "1.2.840.10045.3.1.7";
/// secp384r1.
pub(crate) const P384: &str = "1.3.132.0.34";

/// What a key is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// RSA of so many bits; whether the token has PSS.
    Rsa {
        /// Length of the modulus.
        bits: usize,
        /// CKM_RSA_PKCS_PSS is there.
        pss: bool,
    },
    /// ECDSA on P-256.
    P256,
    /// ECDSA on P-384.
    P384,
}

/// Why a credential will not do.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("credential {0}: {1}")]
pub struct Unfit(pub String, pub &'static str);

/// A key that is offered.
#[derive(Clone, Debug)]
pub struct Credential {
    /// CSC `credentialID`.
    pub id: String,
    /// CKA_ID.
    pub key_id: Vec<u8>,
    /// DER, leaf first.
    pub chain: Vec<Vec<u8>>,
    /// What the key is.
    pub kind: Kind,
    /// Names and times, as CSC shows them.
    pub shown: Shown,
    /// Seconds of Unix: not before, not after.
    times: (i64, i64),
    /// The public key as aws-lc wants it.
    public: Vec<u8>,
    /// Whether the chain ends at a test CA.
    test: bool,
}

/// What `credentials/info` shows of the certificate.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Distinguished name of the issuer.
    pub issuer: String,
    /// Distinguished name of the subject.
    pub subject: String,
    /// Serial number in hexadecimal.
    pub serial: String,
}

impl Credential {
    /// A credential of the token's certificate and the chain above it, leaf first. `pss` says whether the token has PSS.
    ///
    /// # Errors
    /// When the chain is none, is too long, or the key is of a kind that is not offered.
    pub fn new(id: &str, key_id: &[u8], chain: Vec<Vec<u8>>, pss: bool) -> Result<Self, Unfit> {
        let unfit = |why| Unfit(id.to_owned(), why);
        if chain.is_empty() || chain.len() > LONGEST_CHAIN {
            return Err(unfit("a chain has 1 to 6 members"));
        }
        let read: Result<Vec<X509Certificate<'_>>, _> =
            chain.iter().map(|der| X509Certificate::from_der(der).map(|(_, read)| read)).collect();
        let read = read.map_err(|_| unfit("the chain cannot be read"))?;
        let linked = |pair: &[X509Certificate<'_>]| {
            pair[0].issuer() == pair[1].subject() && pair[0].verify_signature(Some(pair[1].public_key())).is_ok()
        };
        if !read.windows(2).all(linked) {
            return Err(unfit("each member of the chain must be signed by the next"));
        }
        let leaf = &read[0];
        let (kind, public) = key(leaf, pss).ok_or_else(|| unfit("the key must be RSA of 2048 bits, P-256 or P-384"))?;
        let validity = leaf.validity();
        Ok(Self {
            id: id.to_owned(),
            key_id: key_id.to_vec(),
            kind,
            shown: Shown {
                issuer: leaf.issuer().to_string(),
                subject: leaf.subject().to_string(),
                serial: hex::encode(leaf.raw_serial()),
            },
            times: (validity.not_before.timestamp(), validity.not_after.timestamp()),
            public,
            test: read.last().is_some_and(is_test_root),
            chain,
        })
    }

    /// Whether the chain ends at the root of a test CA.
    #[must_use]
    pub fn is_for_tests(&self) -> bool {
        self.test
    }

    /// Not before and not after, in seconds of Unix.
    #[must_use]
    pub fn times(&self) -> (i64, i64) {
        self.times
    }

    /// Whether the certificate is in its time.
    #[must_use]
    pub fn is_in_time(&self, second: i64) -> bool {
        (self.times.0..=self.times.1).contains(&second)
    }

    /// What can be asked of the key. A curve is used with the digest of its own strength.
    #[must_use]
    pub fn algorithms(&self) -> Vec<Algorithm> {
        let all = |scheme| Hash::ALL.map(|hash| Algorithm { scheme, hash });
        match self.kind {
            Kind::Rsa { pss: false, .. } => all(Scheme::RsaPkcs1).to_vec(),
            Kind::Rsa { pss: true, .. } => [all(Scheme::RsaPkcs1), all(Scheme::RsaPss)].concat(),
            Kind::P256 => vec![Algorithm { scheme: Scheme::Ecdsa, hash: Hash::Sha256 }],
            Kind::P384 => vec![Algorithm { scheme: Scheme::Ecdsa, hash: Hash::Sha384 }],
        }
    }

    /// Whether a signature (DER for ECDSA) is this key's over the digest.
    #[must_use]
    pub fn verifies(&self, algorithm: Algorithm, hash: &[u8], value: &[u8]) -> bool {
        let Some(verification) = verification(self.kind, algorithm) else { return false };
        let known = match algorithm.hash {
            Hash::Sha256 => &digest::SHA256,
            Hash::Sha384 => &digest::SHA384,
            Hash::Sha512 => &digest::SHA512,
        };
        let Ok(hash) = Digest::import_less_safe(hash, known) else { return false };
        UnparsedPublicKey::new(verification, &self.public).verify_digest(&hash, value).is_ok()
    }
}

fn verification(kind: Kind, algorithm: Algorithm) -> Option<&'static dyn VerificationAlgorithm> {
    Some(match (kind, algorithm.scheme, algorithm.hash) {
        (Kind::Rsa { .. }, Scheme::RsaPkcs1, Hash::Sha256) => &signature::RSA_PKCS1_2048_8192_SHA256,
        (Kind::Rsa { .. }, Scheme::RsaPkcs1, Hash::Sha384) => &signature::RSA_PKCS1_2048_8192_SHA384,
        (Kind::Rsa { .. }, Scheme::RsaPkcs1, Hash::Sha512) => &signature::RSA_PKCS1_2048_8192_SHA512,
        (Kind::Rsa { .. }, Scheme::RsaPss, Hash::Sha256) => &signature::RSA_PSS_2048_8192_SHA256,
        (Kind::Rsa { .. }, Scheme::RsaPss, Hash::Sha384) => &signature::RSA_PSS_2048_8192_SHA384,
        (Kind::Rsa { .. }, Scheme::RsaPss, Hash::Sha512) => &signature::RSA_PSS_2048_8192_SHA512,
        (Kind::P256, Scheme::Ecdsa, Hash::Sha256) => &signature::ECDSA_P256_SHA256_ASN1,
        (Kind::P384, Scheme::Ecdsa, Hash::Sha384) => &signature::ECDSA_P384_SHA384_ASN1,
        _ => return None,
    })
}

/// The kind of the leaf's key and its bytes: `RSAPublicKey` (RFC 8017 A.1.1), or the point.
fn key(leaf: &X509Certificate<'_>, pss: bool) -> Option<(Kind, Vec<u8>)> {
    let spki = leaf.public_key();
    let bytes = spki.subject_public_key.data.to_vec();
    match spki.parsed().ok()? {
        PublicKey::RSA(rsa) if rsa.key_size() >= RSA_LEAST => Some((Kind::Rsa { bits: rsa.key_size(), pss }, bytes)),
        PublicKey::EC(_) => {
            let curve = spki.algorithm.parameters.as_ref()?.as_oid().ok()?;
            match curve.to_id_string().as_str() {
                P256 => Some((Kind::P256, bytes)),
                P384 => Some((Kind::P384, bytes)),
                _ => None,
            }
        }
        _ => None,
    }
}

fn is_test_root(last: &X509Certificate<'_>) -> bool {
    let mut organisations = last.subject().iter_organization();
    let named = organisations.any(|name| name.as_str().is_ok_and(|name| name.starts_with(TEST)));
    named && last.subject() == last.issuer() && last.verify_signature(None).is_ok()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

    pub(crate) fn params(organisation: &str, name: &str) -> CertificateParams {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::OrganizationName, organisation);
        params.distinguished_name.push(DnType::CommonName, name);
        params
    }

    /// A root of that organisation and a leaf for the key: DER, leaf first.
    pub(crate) fn chain(organisation: &str, key: &KeyPair) -> Vec<Vec<u8>> {
        let above = KeyPair::generate().expect("a key");
        let mut root = params(organisation, "Root");
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let own = root.self_signed(&above).expect("a root");
        let issuer = Issuer::new(root, above);
        let leaf = params("UBND xã Thử", "Con dấu").signed_by(key, &issuer).expect("a leaf");
        vec![leaf.der().to_vec(), own.der().to_vec()]
    }

    #[test]
    fn a_chain_is_held_together_by_signatures() {
        let key = KeyPair::generate().expect("a key");
        let (one, two) = (chain("CTDT Test A", &key), chain("CTDT Test A", &key));
        assert!(Credential::new("a", &[1], one.clone(), false).is_ok());
        assert!(
            Credential::new("a", &[1], vec![one[0].clone(), two[1].clone()], false).is_err(),
            "same name, other key"
        );
        assert!(Credential::new("a", &[1], vec![], false).is_err());
        assert!(Credential::new("a", &[1], vec![b"no".to_vec()], false).is_err());
        assert!(Credential::new("a", &[1], vec![one[1].clone(); 7], false).is_err());
    }

    #[test]
    fn a_test_root_is_known_by_its_name_and_its_signature() {
        let key = KeyPair::generate().expect("a key");
        let is_test = |chain: Vec<Vec<u8>>| Credential::new("a", &[1], chain, false).expect("fit").is_for_tests();
        assert!(is_test(chain("CTDT Test A", &key)));
        assert!(!is_test(chain("Ban Cơ yếu Chính phủ", &key)));
        assert!(!is_test(chain("CTDT Test A", &key)[..1].to_vec()), "the root is left out");
    }

    #[test]
    fn a_foreign_signature_is_seen() {
        let key = KeyPair::generate().expect("a key");
        let credential = Credential::new("a", &[1], chain("CTDT Test A", &key), false).expect("fit");
        let algorithm = credential.algorithms()[0];
        assert!(!credential.verifies(algorithm, &[1; 32], &[0; 70]));
        assert!(!credential.verifies(algorithm, &[1; 31], &[0; 70]));
        let rsa = Algorithm { scheme: Scheme::RsaPkcs1, hash: Hash::Sha256 };
        assert!(!credential.verifies(rsa, &[1; 32], &[0; 256]));
    }
}
