//! X.509 v3 certificates: read, show, and check who issued them.
//!
//! Every certificate is read twice, by x509-cert and by x509-parser, and once more octet by octet for what signatures
//! lie over. A difference between the readers is an error: what people see must be what is decided upon.
//! Time, constraints and revocation are not looked at here; see [`crate::path`].

use std::fmt;
use std::sync::Arc;

use der::Decode as _;
use x509_cert::certificate::{CertificateInner, Raw};
use x509_parser::prelude::FromDer as _;

use crate::asn1::{self, BIT_STRING, INTEGER, SEQUENCE, Tlv};
use crate::extensions::Facts;
use crate::interner::{Interner, Maker};
use crate::verify::{PublicKey, Scheme};
use crate::{Error, Weakness, digest, name, oids};

/// The largest X.509 certificate that is read, octets. Real ones with a photograph or many names stay below 32 KiB.
const MAX_LENGTH: usize = 64 * 1024;
/// The most X.509 certificates in one PEM text.
const MAX_PEM: usize = 512;

/// What kind of public key a certificate holds.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum KeyAlgorithm {
    /// RSA with a modulus of so many bits.
    Rsa {
        /// Length of the modulus.
        bits: usize,
    },
    /// NIST P-256.
    P256,
    /// NIST P-384.
    P384,
    /// NIST P-521.
    P521,
    /// Ed25519.
    Ed25519,
    /// Ed448.
    Ed448,
    /// ML-DSA-44 (FIPS 204).
    MlDsa44,
    /// ML-DSA-65 (FIPS 204).
    MlDsa65,
    /// ML-DSA-87 (FIPS 204).
    MlDsa87,
    /// DSA, withdrawn by FIPS 186-5: read in old paths, and always weak.
    Dsa {
        /// Length of p; `None` where the parameters are the issuer's (RFC 3279 §2.3.2).
        bits: Option<usize>,
    },
    /// Anything else, by object identifier; signatures with such a key cannot be checked.
    Other(String),
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa { bits } => write!(f, "RSA {bits}"),
            Self::P256 => f.write_str("ECDSA P-256"),
            Self::P384 => f.write_str("ECDSA P-384"),
            Self::P521 => f.write_str("ECDSA P-521"),
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::Ed448 => f.write_str("Ed448"),
            Self::MlDsa44 => f.write_str("ML-DSA-44"),
            Self::MlDsa65 => f.write_str("ML-DSA-65"),
            Self::MlDsa87 => f.write_str("ML-DSA-87"),
            Self::Dsa { bits: Some(bits) } => write!(f, "DSA {bits}"),
            Self::Dsa { bits: None } => f.write_str("DSA"),
            Self::Other(oid) => f.write_str(oid),
        }
    }
}

#[derive(Clone)]
struct Inner {
    der: Vec<u8>,
    /// As it is counted: 1 to 3.
    version: u8,
    tbs: Vec<u8>,
    serial: Vec<u8>,
    subject: Vec<u8>,
    issuer: Vec<u8>,
    subject_text: String,
    issuer_text: String,
    not_before: i64,
    not_after: i64,
    spki: Vec<u8>,
    key: PublicKey,
    facts: Facts,
    signature_algorithm: Vec<u8>,
    signature: Vec<u8>,
    maker: Maker,
}

/// An X.509 certificate. Cheap to clone; equality, order and hash are by DER.
#[derive(Clone)]
pub struct Certificate(Arc<Inner>);

impl Certificate {
    /// Reads one DER certificate of at most 64 KiB.
    ///
    /// # Errors
    /// [`Error::Malformed`], [`Error::Limit`], and [`Error::ReadingsDiffer`] where two readers see different things.
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        Self::read(der, Maker::default())
    }

    /// As [`Certificate::from_der`]; whose checks are paid for by `maker`.
    pub(crate) fn read(der: &[u8], maker: Maker) -> Result<Self, Error> {
        if der.len() > MAX_LENGTH {
            return Err(Error::Limit { what: "X.509 certificate", limit: MAX_LENGTH });
        }
        let mut inner = walk(der)?;
        inner.maker = maker;
        // Its times begin with 1970; UTCTime with 1950 (RFC 5280 §4.1.2.5.1). Then two readers have to do.
        if inner.not_before >= 0 && inner.not_after >= 0 {
            let decoded =
                CertificateInner::<Raw>::from_der(der).map_err(|_| Error::Malformed { what: "X.509 certificate" })?;
            compare_typed(&inner, &decoded)?;
        }
        compare_second(&inner)?;
        Ok(Self(Arc::new(inner)))
    }

    /// All certificates of a PEM text, in order; other PEM blocks are stepped over.
    ///
    /// # Errors
    /// As [`Certificate::from_der`]; [`Error::Malformed`] for broken armour or Base64.
    pub fn from_pem_many(pem: &str) -> Result<Vec<Self>, Error> {
        let what = "PEM";
        let mut found = Vec::new();
        let mut rest = pem;
        while let Some(at) = rest.find("-----BEGIN CERTIFICATE-----") {
            let block = rest.get(at..).ok_or(Error::Malformed { what })?;
            let end = "-----END CERTIFICATE-----";
            let stop = block.find(end).ok_or(Error::Malformed { what })? + end.len();
            let armoured = block.get(..stop).ok_or(Error::Malformed { what })?;
            if found.len() >= MAX_PEM {
                return Err(Error::Limit { what, limit: MAX_PEM });
            }
            let unix = armoured.replace("\r\n", "\n");
            let (_, der) = der::pem::decode_vec(unix.as_bytes()).map_err(|_| Error::Malformed { what })?;
            found.push(Self::from_der(&der)?);
            rest = block.get(stop..).unwrap_or("");
        }
        Ok(found)
    }

    /// The certificate as it was read.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// PEM text with line ends LF.
    #[must_use]
    pub fn to_pem(&self) -> String {
        der::pem::encode_string("CERTIFICATE", der::pem::LineEnding::LF, self.der()).unwrap_or_default()
    }

    /// RFC 4514 text of the subject; letters are kept, deceptive control characters are escaped.
    #[must_use]
    pub fn subject(&self) -> String {
        self.0.subject_text.clone()
    }

    /// RFC 4514 text of the issuer.
    #[must_use]
    pub fn issuer(&self) -> String {
        self.0.issuer_text.clone()
    }

    /// The last common name of the subject.
    #[must_use]
    pub fn common_name(&self) -> Option<String> {
        name::values(&self.0.subject, &oids::AT_COMMON_NAME).pop()
    }

    /// The last organisation of the subject.
    #[must_use]
    pub fn organisation(&self) -> Option<String> {
        name::values(&self.0.subject, &oids::AT_ORGANISATION).pop()
    }

    /// All user ids of the subject (`CCCD:…`, `MST:…`, domain.md §4.2). Personal data: never log them.
    #[must_use]
    pub fn user_ids(&self) -> Vec<String> {
        name::values(&self.0.subject, &oids::AT_USER_ID)
    }

    /// Serial number, lower-case hex without leading zero octets.
    #[must_use]
    pub fn serial_hex(&self) -> String {
        hex::encode(self.serial())
    }

    /// Serial number, big-endian without leading zero octets.
    #[must_use]
    pub fn serial(&self) -> Vec<u8> {
        asn1::unsigned(&self.0.serial).to_vec()
    }

    /// Begin of validity, Unix seconds.
    #[must_use]
    pub fn not_before(&self) -> i64 {
        self.0.not_before
    }

    /// End of validity, Unix seconds, inclusive.
    #[must_use]
    pub fn not_after(&self) -> i64 {
        self.0.not_after
    }

    /// Whether the validity covers the instant.
    #[must_use]
    pub fn valid_at(&self, at: i64) -> bool {
        (self.0.not_before..=self.0.not_after).contains(&at)
    }

    /// SHA-256 of the DER.
    #[must_use]
    pub fn sha256(&self) -> [u8; 32] {
        digest::sha256(self.der())
    }

    /// Whether basicConstraints says CA.
    #[must_use]
    pub fn is_ca(&self) -> bool {
        self.0.facts.is_ca
    }

    /// Whether subject and issuer are the same name.
    #[must_use]
    pub fn is_self_issued(&self) -> bool {
        name::same(&self.0.subject, &self.0.issuer)
    }

    /// Whether it verifies under its own key.
    #[must_use]
    pub fn is_self_signed(&self) -> bool {
        self.verify_issued_by(self).is_ok()
    }

    /// Kind and size of the key.
    #[must_use]
    pub fn key_algorithm(&self) -> KeyAlgorithm {
        self.0.key.algorithm.clone()
    }

    /// DER SubjectPublicKeyInfo.
    #[must_use]
    pub fn spki_der(&self) -> Vec<u8> {
        self.0.spki.clone()
    }

    /// OCSP responders named in authorityInfoAccess. Strangers write these: check before fetching.
    #[must_use]
    pub fn ocsp_urls(&self) -> Vec<String> {
        self.0.facts.ocsp_urls.clone()
    }

    /// Places of CRLs named in cRLDistributionPoints. Strangers write these: check before fetching.
    #[must_use]
    pub fn crl_urls(&self) -> Vec<String> {
        self.0.facts.crl_urls.clone()
    }

    /// Places of delta CRLs named in freshestCRL (RFC 5280 §4.2.1.15). Strangers write these: check before fetching.
    #[must_use]
    pub fn delta_crl_urls(&self) -> Vec<String> {
        self.0.facts.delta_urls.clone()
    }

    /// Places of the issuer's certificate named in authorityInfoAccess. Strangers write these: check before fetching.
    #[must_use]
    pub fn issuer_urls(&self) -> Vec<String> {
        self.0.facts.issuer_urls.clone()
    }

    /// keyUsage is absent, or has digitalSignature or nonRepudiation.
    #[must_use]
    pub fn allows_digital_signature_or_non_repudiation(&self) -> bool {
        self.0.facts.key_usage.is_none_or(|usage| usage.digital_signature || usage.non_repudiation)
    }

    /// extKeyUsage is absent, or names a use besides servers, their clients, code, time-stamps and OCSP. People sign documents with
    /// X.509 certificates for mail, for documents (RFC 9336), for a vendor's documents, for any use, or for no named use; a client's use
    /// beside one of these is common, alone it is a sign-in.
    #[must_use]
    pub fn may_sign_documents(&self) -> bool {
        let machines = [
            oids::KP_SERVER_AUTH,
            oids::KP_CLIENT_AUTH,
            oids::KP_CODE_SIGNING,
            oids::KP_TIME_STAMPING,
            oids::KP_OCSP_SIGNING,
        ];
        self.0.facts.extended.as_ref().is_none_or(|e| e.purposes.iter().any(|purpose| !machines.contains(purpose)))
    }

    /// extKeyUsage is critical and names id-kp-timeStamping alone (RFC 3161 §2.3).
    #[must_use]
    pub fn has_timestamping_eku_only_critical(&self) -> bool {
        self.0.facts.extended.as_ref().is_some_and(|e| e.critical && e.purposes == [oids::KP_TIME_STAMPING])
    }

    /// extKeyUsage names id-kp-OCSPSigning (RFC 6960 §4.2.2.2).
    #[must_use]
    pub fn has_ocsp_signing_eku(&self) -> bool {
        self.0.facts.has_purpose(&oids::KP_OCSP_SIGNING)
    }

    /// id-pkix-ocsp-nocheck is present (RFC 6960 §4.2.2.2.1).
    #[must_use]
    pub fn has_ocsp_nocheck(&self) -> bool {
        self.0.facts.ocsp_nocheck
    }

    /// Whether `issuer` has the issuer's name and its key made this certificate's signature.
    /// Time, CA flag and key usage are not looked at.
    ///
    /// # Errors
    /// [`Error::IssuerMismatch`], [`Error::UnsupportedAlgorithm`], [`Error::KeyMismatch`], [`Error::KeyParameters`],
    /// [`Error::SignatureInvalid`].
    pub fn verify_issued_by(&self, issuer: &Self) -> Result<(), Error> {
        if !name::same(&self.0.issuer, &issuer.0.subject) {
            return Err(Error::IssuerMismatch);
        }
        let check = || issuer.key().verify(self.scheme()?, &self.0.tbs, &self.0.signature);
        self.0.maker.is(issuer.key(), self.0.tbs.len(), check)
    }

    /// This one with the DSA parameters of its issuer, where it leaves out its own; `None`: nothing is inherited.
    pub(crate) fn inheriting(&self, issuer: &Self) -> Option<Self> {
        let key = self.key().inheriting(issuer.key())?;
        Some(Self(Arc::new(Inner { key, ..Inner::clone(&self.0) })))
    }

    /// As [`Maker::spend`].
    pub(crate) fn spend(&self, cost: u64) -> Result<(), Error> {
        self.0.maker.spend(cost)
    }

    pub(crate) fn key(&self) -> &PublicKey {
        &self.0.key
    }

    pub(crate) fn facts(&self) -> &Facts {
        &self.0.facts
    }

    /// Content octets of the serial INTEGER, to be written again as they are.
    pub(crate) fn raw_serial(&self) -> &[u8] {
        &self.0.serial
    }

    pub(crate) fn version(&self) -> u8 {
        self.0.version
    }

    pub(crate) fn subject_der(&self) -> &[u8] {
        &self.0.subject
    }

    pub(crate) fn issuer_der(&self) -> &[u8] {
        &self.0.issuer
    }

    /// Octets of the subject public key, without the algorithm: what OCSP and key identifiers hash.
    pub(crate) fn key_octets(&self) -> Result<&[u8], Error> {
        let what = "subject public key";
        let mut reader = asn1::only(&self.0.spki, SEQUENCE, what)?.reader();
        reader.expect(SEQUENCE, what)?;
        asn1::bit_octets(reader.expect(BIT_STRING, what)?.content, what)
    }

    fn scheme(&self) -> Result<Scheme, Error> {
        let algorithm = asn1::only(&self.0.signature_algorithm, SEQUENCE, "signature algorithm")?;
        Scheme::read(&algorithm, None)
    }

    /// What about this certificate's signature, made by `issuer`, should no longer be relied on.
    pub(crate) fn weaknesses_under(&self, issuer: &Self) -> Vec<Weakness> {
        self.scheme().map(|scheme| issuer.key().weaknesses(scheme)).unwrap_or_default()
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der() == other.der()
    }
}

impl Eq for Certificate {}

impl PartialOrd for Certificate {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Certificate {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.der().cmp(other.der())
    }
}

impl std::hash::Hash for Certificate {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.der().hash(state);
    }
}

/// Shows the fingerprint only: subjects hold personal data and must not slip into logs.
impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fingerprint = self.sha256();
        write!(f, "Certificate({}…)", hex::encode(fingerprint.get(..8).unwrap_or(&fingerprint)))
    }
}

/// Octet by octet: what signatures and identifiers lie over (RFC 5280 §4.1).
fn walk(der: &[u8]) -> Result<Inner, Error> {
    let what = "X.509 certificate";
    let mut outer = asn1::only(der, SEQUENCE, what)?.reader();
    let tbs = outer.expect(SEQUENCE, what)?;
    let signature_algorithm = outer.expect(SEQUENCE, what)?;
    let signature = outer.expect(BIT_STRING, what)?;
    outer.finish(what)?;
    let mut reader = tbs.reader();
    let version = match reader.optional(0xa0, what)? {
        Some(explicit) => asn1::small_integer(explicit.reader().expect(INTEGER, what)?.content, what)?,
        None => 0,
    };
    let serial = reader.expect(INTEGER, what)?;
    let inner_algorithm = reader.expect(SEQUENCE, what)?;
    if inner_algorithm.full != signature_algorithm.full {
        return Err(Error::Malformed { what: "signature algorithm named twice differently" });
    }
    let issuer = reader.expect(SEQUENCE, what)?;
    let mut validity = reader.expect(SEQUENCE, what)?.reader();
    let subject = reader.expect(SEQUENCE, what)?;
    let spki = reader.expect(SEQUENCE, what)?;
    reader.optional(0x81, what)?;
    reader.optional(0x82, what)?;
    let extensions = match reader.optional(0xa3, what)? {
        Some(explicit) => Some(explicit.reader().expect(SEQUENCE, what)?),
        None => None,
    };
    reader.finish(what)?;
    Ok(Inner {
        der: der.to_vec(),
        version: u8::try_from(version).unwrap_or(u8::MAX).saturating_add(1),
        tbs: tbs.full.to_vec(),
        serial: serial.content.to_vec(),
        subject: subject.full.to_vec(),
        issuer: issuer.full.to_vec(),
        subject_text: name::display(subject.full)?,
        issuer_text: name::display(issuer.full)?,
        not_before: crate::time::unix(&validity.any(what)?, what)?,
        not_after: crate::time::unix(&validity.any(what)?, what)?,
        spki: spki.full.to_vec(),
        key: PublicKey::from_spki(&spki)?,
        facts: Facts::read(extensions.as_ref())?,
        signature_algorithm: signature_algorithm.full.to_vec(),
        signature: asn1::bit_octets(signature.content, what)?.to_vec(),
        maker: Maker::default(),
    })
}

/// Against x509-cert.
fn compare_typed(inner: &Inner, decoded: &CertificateInner<Raw>) -> Result<(), Error> {
    let tbs = decoded.tbs_certificate();
    let seconds = |time: &x509_cert::time::Time| i64::try_from(time.to_unix_duration().as_secs()).ok();
    if asn1::unsigned(tbs.serial_number().as_bytes()) != asn1::unsigned(&inner.serial) {
        return Err(Error::ReadingsDiffer { field: "serial" });
    }
    if seconds(&tbs.validity().not_before) != Some(inner.not_before)
        || seconds(&tbs.validity().not_after) != Some(inner.not_after)
    {
        return Err(Error::ReadingsDiffer { field: "validity" });
    }
    for (name, raw) in [(tbs.subject(), &inner.subject), (tbs.issuer(), &inner.issuer)] {
        let attributes: usize = name.as_ref().as_ref().iter().map(|rdn| rdn.as_ref().len()).sum();
        let encoded = der::Encode::to_der(name).map_err(|_| Error::ReadingsDiffer { field: "name" })?;
        if attributes == 0 && raw.len() > 2 || encoded.len() != raw.len() {
            return Err(Error::ReadingsDiffer { field: "name" });
        }
    }
    Ok(())
}

/// Against x509-parser, the second opinion (decision 19).
fn compare_second(inner: &Inner) -> Result<(), Error> {
    let (rest, second) = x509_parser::certificate::X509Certificate::from_der(&inner.der)
        .map_err(|_| Error::ReadingsDiffer { field: "structure" })?;
    if !rest.is_empty() {
        return Err(Error::ReadingsDiffer { field: "structure" });
    }
    if asn1::unsigned(second.raw_serial()) != asn1::unsigned(&inner.serial) {
        return Err(Error::ReadingsDiffer { field: "serial" });
    }
    if second.subject().as_raw() != inner.subject || second.issuer().as_raw() != inner.issuer {
        return Err(Error::ReadingsDiffer { field: "name" });
    }
    let validity = second.validity();
    if validity.not_before.timestamp() != inner.not_before || validity.not_after.timestamp() != inner.not_after {
        return Err(Error::ReadingsDiffer { field: "validity" });
    }
    if second.is_ca() != inner.facts.is_ca {
        return Err(Error::ReadingsDiffer { field: "basicConstraints" });
    }
    Ok(())
}

/// Reads what stands in a set of certificates; what cannot be read is counted, not fatal.
pub(crate) fn read_each(members: &[Tlv<'_>], interner: &Interner) -> (Vec<Certificate>, usize) {
    let mut read = Vec::new();
    let mut unreadable = 0;
    for member in members {
        match interner.certificate(member.full) {
            Ok(certificate) if !read.contains(&certificate) => read.push(certificate),
            Ok(_) => {}
            Err(_) => unreadable += 1,
        }
    }
    (read, unreadable)
}
