//! Public keys and signature schemes; the cryptography itself is aws-lc's, but for a few old and new RSA digests, DSA and Ed448.

mod dsa;
mod pure;
mod rsa;

use aws_lc_rs::digest as lc_digest;
use aws_lc_rs::rsa::RsaPssSaltLength;
use aws_lc_rs::signature::{self as lc, VerificationAlgorithm};

use crate::asn1::{INTEGER, NULL, Reader, SEQUENCE, Tlv, bit_octets, small_integer};
use crate::{DigestAlgorithm, Error, KeyAlgorithm, Weakness, digest, oids};
pub(crate) use pure::Pure;

/// ShakeOutputLen with Ed448 (RFC 8419 §3.1).
pub(crate) const SHAKE256_BITS: i64 = 512;
/// The shortest RSA modulus that is not reported (TT 15/2025/TT-BKHCN: RSA at least 2048).
const RSA_BITS_WANTED: usize = 2048;

/// A public key ready for verification.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct PublicKey {
    pub(crate) algorithm: KeyAlgorithm,
    /// PKCS#1 RSAPublicKey, uncompressed or compressed point, or the octets of EdDSA and ML-DSA as they are.
    octets: Vec<u8>,
    padding: Padding,
    /// Of a DSA key that does not inherit them.
    group: Option<dsa::Group>,
}

/// What an RSA key says about the padding (RFC 4055 §1.2, §3.3).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Padding {
    /// rsaEncryption, or no RSA key.
    Any,
    /// id-RSASSA-PSS without parameters.
    Pss,
    /// id-RSASSA-PSS with parameters: this digest, and a salt at least so long.
    PssWith { digest: DigestAlgorithm, salt: u16 },
}

impl Padding {
    fn allows(self, scheme: Scheme) -> bool {
        match (self, scheme) {
            (Self::Any, _) | (Self::Pss, Scheme::Pss { .. }) => true,
            (Self::PssWith { digest: wanted, salt: least }, Scheme::Pss { digest, salt }) => {
                digest == wanted && salt >= least
            }
            _ => false,
        }
    }
}

/// How a signature was made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Scheme {
    Pkcs1(DigestAlgorithm),
    Pss { digest: DigestAlgorithm, salt: u16 },
    Ecdsa(DigestAlgorithm),
    Dsa(DigestAlgorithm),
    Pure(Pure),
}

impl PublicKey {
    /// From the DER of a SubjectPublicKeyInfo.
    pub(crate) fn from_spki(spki: &Tlv<'_>) -> Result<Self, Error> {
        let what = "subject public key";
        let mut reader = spki.reader();
        let mut algorithm = reader.expect(SEQUENCE, what)?.reader();
        let bits = reader.any(what)?;
        let octets = bit_octets(bits.content, what)?.to_vec();
        let oid = algorithm.any(what)?.oid().ok_or(Error::Malformed { what })?;
        let mut padding = Padding::Any;
        if oid == oids::RSASSA_PSS {
            padding = read_padding(&mut algorithm)?;
        }
        let mut group = None;
        let algorithm = match oid {
            oids::RSA_ENCRYPTION | oids::RSASSA_PSS => KeyAlgorithm::Rsa { bits: modulus_bits(&octets)? },
            oids::EC_PUBLIC_KEY => match algorithm.any(what)?.oid() {
                Some(oids::P256) => KeyAlgorithm::P256,
                Some(oids::P384) => KeyAlgorithm::P384,
                Some(oids::P521) => KeyAlgorithm::P521,
                Some(curve) => KeyAlgorithm::Other(curve.to_string()),
                None => KeyAlgorithm::Other(oid.to_string()),
            },
            oids::ED25519 => KeyAlgorithm::Ed25519,
            // What cannot be read is shown all the same, and verifies nothing.
            oids::DSA => match dsa::Group::read(&mut algorithm) {
                Ok(read) => {
                    group = read;
                    KeyAlgorithm::Dsa { bits: group.as_ref().map(dsa::Group::bits) }
                }
                Err(_) => KeyAlgorithm::Other(oid.to_string()),
            },
            other => match Pure::named(&other).filter(|scheme| scheme.fits(&octets) && algorithm.is_empty()) {
                Some(scheme) => scheme.key(),
                None => KeyAlgorithm::Other(other.to_string()),
            },
        };
        Ok(Self { algorithm, octets, padding, group })
    }

    /// This key with the DSA parameters of its issuer's; `None` where it has its own, or there are none to inherit
    /// (RFC 5280 §6.1.4 (d), (e)).
    pub(crate) fn inheriting(&self, issuer: &Self) -> Option<Self> {
        if self.algorithm != (KeyAlgorithm::Dsa { bits: None }) {
            return None;
        }
        let group = issuer.group.clone()?;
        Some(Self { algorithm: issuer.algorithm.clone(), group: Some(group), ..self.clone() })
    }

    /// Octets of one coordinate of the curve.
    pub(crate) fn coordinate_length(&self) -> Option<usize> {
        match self.algorithm {
            KeyAlgorithm::P256 => Some(32),
            KeyAlgorithm::P384 => Some(48),
            KeyAlgorithm::P521 => Some(66),
            _ => None,
        }
    }

    /// The scheme this crate writes with this key: SHA-256 with PKCS#1 v1.5 or ECDSA.
    pub(crate) fn own_scheme(&self) -> Result<Scheme, Error> {
        match &self.algorithm {
            KeyAlgorithm::Rsa { .. } => Ok(Scheme::Pkcs1(DigestAlgorithm::Sha256)),
            KeyAlgorithm::P256 | KeyAlgorithm::P384 | KeyAlgorithm::P521 => Ok(Scheme::Ecdsa(DigestAlgorithm::Sha256)),
            other => Err(not_written(other)),
        }
    }

    /// What one check costs, microseconds, roughly and rather too much.
    pub(crate) fn cost(&self) -> u64 {
        match &self.algorithm {
            KeyAlgorithm::Rsa { bits } => (*bits as u64).pow(2) / 200_000 + 5,
            KeyAlgorithm::P256 | KeyAlgorithm::Ed25519 => 80,
            KeyAlgorithm::P384 => 400,
            KeyAlgorithm::P521 | KeyAlgorithm::MlDsa44 | KeyAlgorithm::MlDsa65 | KeyAlgorithm::MlDsa87 => 800,
            KeyAlgorithm::Ed448 | KeyAlgorithm::Dsa { .. } => 4_000,
            KeyAlgorithm::Other(_) => 5,
        }
    }

    /// Checks a signature over `message`.
    pub(crate) fn verify(&self, scheme: Scheme, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        if let Scheme::Pure(pure) = scheme {
            if Pure::of(&self.algorithm) != Some(pure) {
                return Err(Error::KeyMismatch);
            }
            return pure.verify(&self.octets, message, signature);
        }
        let algorithm = scheme.digest().ok_or(Error::KeyMismatch)?;
        self.verify_digest(scheme, &digest(algorithm, &[message]), signature)
    }

    /// Checks a signature over a message of which only the digest is known. Impossible for EdDSA and ML-DSA.
    pub(crate) fn verify_digest(&self, scheme: Scheme, digest: &[u8], signature: &[u8]) -> Result<(), Error> {
        let algorithm = scheme.digest().ok_or(Error::KeyMismatch)?;
        if !self.padding.allows(scheme) {
            return Err(Error::KeyMismatch);
        }
        if let (Scheme::Pkcs1(_), KeyAlgorithm::Rsa { bits }) = (scheme, &self.algorithm)
            && lc_pkcs1(algorithm, *bits).is_none()
        {
            return rsa::verify(&self.octets, algorithm, digest, signature);
        }
        if let (Scheme::Dsa(_), KeyAlgorithm::Dsa { .. }) = (scheme, &self.algorithm) {
            let group = self.group.as_ref().ok_or(Error::KeyParameters)?;
            return group.verify(&self.octets, digest, signature);
        }
        let lc_algorithm = lc_algorithm(algorithm).ok_or_else(|| unsupported(&oids::oid_of(algorithm)))?;
        let imported = lc_digest::Digest::import_less_safe(digest, lc_algorithm).map_err(|_| Error::DigestMismatch)?;
        let check = |with: &dyn VerificationAlgorithm| {
            with.verify_digest_sig(&self.octets, &imported, signature).map_err(|_| Error::SignatureInvalid)
        };
        match (scheme, &self.algorithm) {
            (Scheme::Pkcs1(algorithm), KeyAlgorithm::Rsa { bits }) => {
                check(lc_pkcs1(algorithm, *bits).ok_or_else(|| unsupported(&oids::RSA_ENCRYPTION))?)
            }
            (Scheme::Pss { digest, salt }, KeyAlgorithm::Rsa { .. }) => {
                let parameters = match digest {
                    DigestAlgorithm::Sha256 => lc::RSA_PSS_2048_8192_SHA256,
                    DigestAlgorithm::Sha384 => lc::RSA_PSS_2048_8192_SHA384,
                    DigestAlgorithm::Sha512 => lc::RSA_PSS_2048_8192_SHA512,
                    _ => return Err(unsupported(&oids::RSASSA_PSS)),
                };
                check(&parameters.with_pss_salt_length(RsaPssSaltLength::Custom(salt)))
            }
            (Scheme::Ecdsa(algorithm), key) => check(ecdsa(algorithm, key)?),
            _ => Err(Error::KeyMismatch),
        }
    }

    /// What about key and scheme should no longer be relied on.
    pub(crate) fn weaknesses(&self, scheme: Scheme) -> Vec<Weakness> {
        let mut weak = Vec::new();
        if let Some(algorithm) = scheme.digest().filter(|algorithm| algorithm.is_weak()) {
            weak.push(Weakness::WeakSignatureDigest(algorithm));
        }
        if let KeyAlgorithm::Rsa { bits } = self.algorithm
            && bits < RSA_BITS_WANTED
        {
            weak.push(Weakness::ShortKey { bits });
        }
        match self.algorithm {
            KeyAlgorithm::Dsa { bits } => weak.push(Weakness::Dsa { bits }),
            _ if matches!(scheme, Scheme::Dsa(_)) => weak.push(Weakness::Dsa { bits: None }),
            _ => {}
        }
        weak
    }
}

impl Scheme {
    /// From an AlgorithmIdentifier. `digest` is what a CMS names beside a bare key algorithm.
    pub(crate) fn read(algorithm: &Tlv<'_>, digest: Option<DigestAlgorithm>) -> Result<Self, Error> {
        let what = "signature algorithm";
        let mut reader = algorithm.reader();
        let oid = reader.any(what)?.oid().ok_or(Error::Malformed { what })?;
        match oid {
            // Only as the signature of a CMS, where it is reported; nothing of a path or a status is believed on it.
            oids::MD5_WITH_RSA if digest.is_some() => Ok(Self::Pkcs1(DigestAlgorithm::Md5)),
            oids::SHA224_WITH_RSA => Ok(Self::Pkcs1(DigestAlgorithm::Sha224)),
            oids::SHA3_256_WITH_RSA => Ok(Self::Pkcs1(DigestAlgorithm::Sha3_256)),
            oids::SHA3_384_WITH_RSA => Ok(Self::Pkcs1(DigestAlgorithm::Sha3_384)),
            oids::SHA3_512_WITH_RSA => Ok(Self::Pkcs1(DigestAlgorithm::Sha3_512)),
            oids::SHA1_WITH_RSA | oids::SHA1_WITH_RSA_OIW => Ok(Self::Pkcs1(DigestAlgorithm::Sha1)),
            oids::SHA256_WITH_RSA => Ok(Self::Pkcs1(DigestAlgorithm::Sha256)),
            oids::SHA384_WITH_RSA => Ok(Self::Pkcs1(DigestAlgorithm::Sha384)),
            oids::SHA512_WITH_RSA => Ok(Self::Pkcs1(DigestAlgorithm::Sha512)),
            oids::ECDSA_SHA1 => Ok(Self::Ecdsa(DigestAlgorithm::Sha1)),
            oids::ECDSA_SHA256 => Ok(Self::Ecdsa(DigestAlgorithm::Sha256)),
            oids::ECDSA_SHA384 => Ok(Self::Ecdsa(DigestAlgorithm::Sha384)),
            oids::ECDSA_SHA512 => Ok(Self::Ecdsa(DigestAlgorithm::Sha512)),
            oids::DSA_SHA1 => Ok(Self::Dsa(DigestAlgorithm::Sha1)),
            oids::DSA_SHA224 => Ok(Self::Dsa(DigestAlgorithm::Sha224)),
            oids::DSA_SHA256 => Ok(Self::Dsa(DigestAlgorithm::Sha256)),
            oids::DSA_SHA384 => Ok(Self::Dsa(DigestAlgorithm::Sha384)),
            oids::DSA_SHA512 => Ok(Self::Dsa(DigestAlgorithm::Sha512)),
            oids::RSASSA_PSS => read_pss(&mut reader),
            oids::RSA_ENCRYPTION => digest.map(Self::Pkcs1).ok_or_else(|| unsupported(&oid)),
            oids::EC_PUBLIC_KEY => digest.map(Self::Ecdsa).ok_or_else(|| unsupported(&oid)),
            other => match Pure::named(&other) {
                // Other signers' slips are forgiven, as before; the newer schemes have none in use.
                Some(pure) if pure == Pure::Ed25519 || reader.is_empty() => Ok(Self::Pure(pure)),
                Some(_) => Err(Error::Malformed { what }),
                None => Err(unsupported(&other)),
            },
        }
    }

    /// Whether a CMS may name this digest of its content beside the scheme.
    pub(crate) fn check_content_digest(self, digest: DigestAlgorithm) -> Result<(), Error> {
        match self {
            Self::Pure(pure) if pure.takes(digest) => Ok(()),
            Self::Pure(Pure::Ed25519) => Err(unsupported(&oids::oid_of(digest))),
            Self::Pure(_) => Err(Error::DigestNotAllowed { digest: digest.name(), scheme: self.name() }),
            // RFC 8702 has schemes of its own for it, which are not read.
            _ if digest == DigestAlgorithm::Shake256 => Err(unsupported(&oids::SHAKE256)),
            _ => Ok(()),
        }
    }

    pub(crate) fn digest(self) -> Option<DigestAlgorithm> {
        match self {
            Self::Pkcs1(digest) | Self::Ecdsa(digest) | Self::Dsa(digest) | Self::Pss { digest, .. } => Some(digest),
            Self::Pure(_) => None,
        }
    }

    /// Name for display.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Pkcs1(digest) => format!("RSA PKCS#1 v1.5, {}", digest.name()),
            Self::Pss { digest, .. } => format!("RSA-PSS, {}", digest.name()),
            Self::Ecdsa(digest) => format!("ECDSA, {}", digest.name()),
            Self::Dsa(digest) => format!("DSA, {}", digest.name()),
            Self::Pure(pure) => pure.key().to_string(),
        }
    }
}

fn unsupported(oid: &const_oid::ObjectIdentifier) -> Error {
    Error::UnsupportedAlgorithm { oid: oid.to_string() }
}

/// For keys of a kind that this crate only reads.
pub(crate) fn not_written(key: &KeyAlgorithm) -> Error {
    match (Pure::of(key), key) {
        (Some(pure), _) => unsupported(&pure.oid()),
        (None, KeyAlgorithm::Other(oid)) => Error::UnsupportedAlgorithm { oid: oid.clone() },
        (None, _) => unsupported(&oids::DSA),
    }
}

/// Parameters of an id-RSASSA-PSS key; absent ones restrict nothing but the padding.
fn read_padding(reader: &mut Reader<'_>) -> Result<Padding, Error> {
    if reader.is_empty() {
        return Ok(Padding::Pss);
    }
    match read_pss(reader)? {
        Scheme::Pss { digest, salt } => Ok(Padding::PssWith { digest, salt }),
        _ => Ok(Padding::Pss),
    }
}

/// RSASSA-PSS-params (RFC 4055 §3.1); the digests of content and mask must be the same.
fn read_pss(reader: &mut Reader<'_>) -> Result<Scheme, Error> {
    let what = "RSASSA-PSS parameters";
    let mut parameters = reader.expect(SEQUENCE, what)?.reader();
    let mut digest = DigestAlgorithm::Sha1;
    let mut mask = DigestAlgorithm::Sha1;
    let mut salt = 20i64;
    if let Some(value) = parameters.optional(0xa0, what)? {
        digest = digest_algorithm(&value.reader().expect(SEQUENCE, what)?)?;
    }
    if let Some(value) = parameters.optional(0xa1, what)? {
        let mut generator = value.reader().expect(SEQUENCE, what)?.reader();
        if generator.any(what)?.oid() != Some(oids::MGF1) {
            return Err(Error::Malformed { what });
        }
        mask = digest_algorithm(&generator.expect(SEQUENCE, what)?)?;
    }
    if let Some(value) = parameters.optional(0xa2, what)? {
        salt = small_integer(value.reader().expect(INTEGER, what)?.content, what)?;
    }
    // trailerField: 1 is the only one there is.
    if let Some(value) = parameters.optional(0xa3, what)?
        && value.reader().expect(INTEGER, what)?.content != [1]
    {
        return Err(Error::Malformed { what });
    }
    parameters.finish(what)?;
    if digest != mask {
        return Err(unsupported(&oids::RSASSA_PSS));
    }
    let salt = u16::try_from(salt).map_err(|_| Error::Malformed { what })?;
    Ok(Scheme::Pss { digest, salt })
}

/// The digest that an AlgorithmIdentifier names. The identifier of a signature algorithm is refused: it names no digest (RFC 5652 §10.1.1).
pub(crate) fn digest_algorithm(algorithm: &Tlv<'_>) -> Result<DigestAlgorithm, Error> {
    let what = "digest algorithm";
    let oid = algorithm.reader().any(what)?.oid().ok_or(Error::Malformed { what })?;
    oids::digest_of(&oid).ok_or_else(|| unsupported(&oid))
}

/// The digest over the content that a SignerInfo names: beside the others MD5, which nothing else is believed by, and SHAKE256 with 512
/// bits, which id-shake256 has by itself and id-shake256-len says (RFC 8702 §3.1, RFC 8419 §2.3).
pub(crate) fn content_digest_algorithm(algorithm: &Tlv<'_>) -> Result<DigestAlgorithm, Error> {
    let what = "digest algorithm";
    let mut reader = algorithm.reader();
    let oid = reader.any(what)?.oid().ok_or(Error::Malformed { what })?;
    match oid {
        oids::MD5 => Ok(DigestAlgorithm::Md5),
        oids::SHAKE256 if matches!(reader.peek(), None | Some(NULL)) => Ok(DigestAlgorithm::Shake256),
        oids::SHAKE256_LEN if small_integer(reader.expect(INTEGER, what)?.content, what)? == SHAKE256_BITS => {
            Ok(DigestAlgorithm::Shake256)
        }
        _ => digest_algorithm(algorithm),
    }
}

fn modulus_bits(pkcs1: &[u8]) -> Result<usize, Error> {
    let what = "RSA public key";
    let mut key = crate::asn1::only(pkcs1, SEQUENCE, what)?.reader();
    let modulus = crate::asn1::unsigned(key.expect(INTEGER, what)?.content);
    let first = modulus.first().map_or(0, |octet| octet.leading_zeros() as usize);
    Ok((modulus.len() * 8).saturating_sub(first))
}

fn lc_algorithm(algorithm: DigestAlgorithm) -> Option<&'static lc_digest::Algorithm> {
    match algorithm {
        DigestAlgorithm::Sha1 => Some(&lc_digest::SHA1_FOR_LEGACY_USE_ONLY),
        DigestAlgorithm::Sha256 => Some(&lc_digest::SHA256),
        DigestAlgorithm::Sha384 => Some(&lc_digest::SHA384),
        DigestAlgorithm::Sha512 => Some(&lc_digest::SHA512),
        _ => None,
    }
}

/// aws-lc's own check, where it has one for this digest and length; the rest is [`rsa::verify`]'s.
fn lc_pkcs1(algorithm: DigestAlgorithm, bits: usize) -> Option<&'static dyn VerificationAlgorithm> {
    match (algorithm, bits < RSA_BITS_WANTED) {
        (DigestAlgorithm::Sha1, _) => Some(&lc::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY),
        (DigestAlgorithm::Sha256, _) => Some(&lc::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY),
        (DigestAlgorithm::Sha512, _) => Some(&lc::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY),
        (DigestAlgorithm::Sha384, false) => Some(&lc::RSA_PKCS1_2048_8192_SHA384),
        _ => None,
    }
}

fn ecdsa(algorithm: DigestAlgorithm, key: &KeyAlgorithm) -> Result<&'static dyn VerificationAlgorithm, Error> {
    use DigestAlgorithm::{Md5, Sha1, Sha3_256, Sha3_384, Sha3_512, Sha224, Sha256, Sha384, Sha512, Shake256};
    Ok(match (key, algorithm) {
        (_, Md5 | Sha224 | Sha3_256 | Sha3_384 | Sha3_512 | Shake256) => {
            return Err(unsupported(&oids::oid_of(algorithm)));
        }
        (KeyAlgorithm::P256, Sha1) => &lc::ECDSA_P256_SHA1_ASN1,
        (KeyAlgorithm::P256, Sha256) => &lc::ECDSA_P256_SHA256_ASN1,
        (KeyAlgorithm::P256, Sha384) => &lc::ECDSA_P256_SHA384_ASN1,
        (KeyAlgorithm::P256, Sha512) => &lc::ECDSA_P256_SHA512_ASN1,
        (KeyAlgorithm::P384, Sha1) => return Err(unsupported(&oids::ECDSA_SHA1)),
        (KeyAlgorithm::P384, Sha256) => &lc::ECDSA_P384_SHA256_ASN1,
        (KeyAlgorithm::P384, Sha384) => &lc::ECDSA_P384_SHA384_ASN1,
        (KeyAlgorithm::P384, Sha512) => &lc::ECDSA_P384_SHA512_ASN1,
        (KeyAlgorithm::P521, Sha1) => &lc::ECDSA_P521_SHA1_ASN1,
        (KeyAlgorithm::P521, Sha256) => &lc::ECDSA_P521_SHA256_ASN1,
        (KeyAlgorithm::P521, Sha384) => &lc::ECDSA_P521_SHA384_ASN1,
        (KeyAlgorithm::P521, Sha512) => &lc::ECDSA_P521_SHA512_ASN1,
        (KeyAlgorithm::Other(oid), _) => return Err(Error::UnsupportedAlgorithm { oid: oid.clone() }),
        _ => return Err(Error::KeyMismatch),
    })
}

/// An ECDSA signature as DER: raw r‖s (IEEE P1363, as SIM applets and PKCS#11 give it) is turned, DER stays as it is.
pub(crate) fn ecdsa_der(signature: &[u8], coordinate: usize) -> Vec<u8> {
    if signature.len() != 2 * coordinate || is_ecdsa_der(signature) {
        return signature.to_vec();
    }
    let (r, s) = signature.split_at(coordinate);
    crate::asn1::sequence(&[&crate::asn1::integer(r), &crate::asn1::integer(s)])
}

fn is_ecdsa_der(signature: &[u8]) -> bool {
    let what = "ECDSA signature";
    let Ok(value) = crate::asn1::only(signature, SEQUENCE, what) else { return false };
    let mut reader = value.reader();
    reader.expect(INTEGER, what).is_ok() && reader.expect(INTEGER, what).is_ok() && reader.is_empty()
}
