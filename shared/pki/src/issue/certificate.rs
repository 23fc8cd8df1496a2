//! X.509 v3 certificates (RFC 5280 §4).

use const_oid::ObjectIdentifier;

use super::{Sign, SignatureAlgorithm, authority_key_id, extension, extra, key_id};
use crate::asn1::{self, BIT_STRING, BOOLEAN, SEQUENCE, SET, UTF8_STRING};
use crate::{Certificate, DigestAlgorithm, Error, digest, oids, time};

/// The longest serial number, octets (RFC 5280 §4.1.2.2).
const MAX_SERIAL: usize = 20;

/// Attribute types of names.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Attribute {
    /// C, two letters.
    Country,
    /// ST.
    State,
    /// L.
    Locality,
    /// O.
    Organisation,
    /// OU.
    OrganisationalUnit,
    /// CN.
    CommonName,
    /// title.
    Title,
    /// UID, in Viet Nam `CCCD:…` or `MST:…`.
    UserId,
    /// serialNumber.
    SerialNumber,
    /// emailAddress.
    Email,
}

impl Attribute {
    /// Identifier and string type: PrintableString and IA5String where RFC 5280 wants them, else UTF8String.
    fn encoding(self) -> (ObjectIdentifier, u8) {
        const PRINTABLE: u8 = 0x13;
        const IA5: u8 = 0x16;
        match self {
            Self::Country => (oids::AT_COUNTRY, PRINTABLE),
            Self::State => (oids::AT_STATE, UTF8_STRING),
            Self::Locality => (oids::AT_LOCALITY, UTF8_STRING),
            Self::Organisation => (oids::AT_ORGANISATION, UTF8_STRING),
            Self::OrganisationalUnit => (oids::AT_ORGANISATIONAL_UNIT, UTF8_STRING),
            Self::CommonName => (oids::AT_COMMON_NAME, UTF8_STRING),
            Self::Title => (oids::AT_TITLE, UTF8_STRING),
            Self::UserId => (oids::AT_USER_ID, UTF8_STRING),
            Self::SerialNumber => (oids::AT_SERIAL_NUMBER, PRINTABLE),
            Self::Email => (oids::AT_EMAIL, IA5),
        }
    }
}

/// keyUsage bits (RFC 5280 §4.2.1.3).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KeyUsage {
    /// Bit 0.
    DigitalSignature,
    /// Bit 1.
    NonRepudiation,
    /// Bit 2.
    KeyEncipherment,
    /// Bit 5.
    KeyCertSign,
    /// Bit 6.
    CrlSign,
}

impl KeyUsage {
    fn mask(self) -> u8 {
        match self {
            Self::DigitalSignature => 0x80,
            Self::NonRepudiation => 0x40,
            Self::KeyEncipherment => 0x20,
            Self::KeyCertSign => 0x04,
            Self::CrlSign => 0x02,
        }
    }
}

/// Extended key usages.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ExtendedKeyUsage {
    /// id-kp-timeStamping.
    TimeStamping,
    /// id-kp-OCSPSigning.
    OcspSigning,
    /// id-kp-emailProtection.
    EmailProtection,
    /// id-kp-serverAuth.
    ServerAuth,
    /// id-kp-clientAuth.
    ClientAuth,
    /// id-kp-documentSigning (RFC 9336).
    DocumentSigning,
}

impl ExtendedKeyUsage {
    fn oid(self) -> ObjectIdentifier {
        match self {
            Self::TimeStamping => oids::KP_TIME_STAMPING,
            Self::OcspSigning => oids::KP_OCSP_SIGNING,
            Self::EmailProtection => oids::KP_EMAIL_PROTECTION,
            Self::ServerAuth => oids::KP_SERVER_AUTH,
            Self::ClientAuth => oids::KP_CLIENT_AUTH,
            Self::DocumentSigning => oids::KP_DOCUMENT_SIGNING,
        }
    }
}

/// What to put in a certificate.
#[derive(Clone, Debug, Default)]
pub struct CertificateSpec {
    /// Big-endian positive serial, 1 to 20 octets.
    pub serial: Vec<u8>,
    /// One attribute per RDN, most general first.
    pub subject: Vec<(Attribute, String)>,
    /// Begin of validity, Unix seconds.
    pub not_before: i64,
    /// End of validity, Unix seconds, inclusive.
    pub not_after: i64,
    /// DER SubjectPublicKeyInfo of the subject.
    pub spki_der: Vec<u8>,
    /// `Some` makes a CA; the inner value is pathLenConstraint.
    pub ca: Option<Option<u8>>,
    /// keyUsage (critical); empty leaves it out.
    pub key_usage: Vec<KeyUsage>,
    /// extKeyUsage; empty leaves it out.
    pub extended_key_usage: Vec<ExtendedKeyUsage>,
    /// Whether extKeyUsage is critical.
    pub extended_key_usage_critical: bool,
    /// OCSP responders (authorityInfoAccess).
    pub ocsp_urls: Vec<String>,
    /// Places of the issuer's certificate (authorityInfoAccess).
    pub issuer_urls: Vec<String>,
    /// Places of the CRL (cRLDistributionPoints).
    pub crl_urls: Vec<String>,
    /// Dotted policy identifiers.
    pub policies: Vec<String>,
    /// id-pkix-ocsp-nocheck.
    pub ocsp_nocheck: bool,
    /// Further extensions (dotted identifier, critical, DER value), for wrong cases.
    pub extra_extensions: Vec<(String, bool, Vec<u8>)>,
}

/// Issues a certificate; `issuer: None` makes it self-signed. What comes out has been read back.
///
/// # Errors
/// [`Error::CannotEncode`] for a serial, name, time or identifier that does not fit; [`Error::Malformed`] for a broken
/// SubjectPublicKeyInfo. The signature is not verified.
pub fn certificate(
    spec: &CertificateSpec,
    issuer: Option<&Certificate>,
    algorithm: SignatureAlgorithm,
    sign: Sign<'_>,
) -> Result<Certificate, Error> {
    let serial = asn1::unsigned(&spec.serial);
    if serial.is_empty() || serial.len() > MAX_SERIAL || serial == [0] {
        return Err(Error::CannotEncode { what: "serial number" });
    }
    let subject = name(&spec.subject)?;
    let issuer_name = issuer.map_or(subject.as_slice(), Certificate::subject_der);
    let validity = asn1::sequence(&[&time::validity(spec.not_before)?, &time::validity(spec.not_after)?]);
    let extensions = extensions(spec, issuer)?;
    let tbs = asn1::sequence(&[
        &asn1::tlv(0xa0, &[&asn1::integer(&[2])]),
        &asn1::integer(serial),
        &algorithm.identifier(),
        issuer_name,
        &validity,
        &subject,
        &spec.spki_der,
        &asn1::tlv(0xa3, &[&asn1::sequence(&[&extensions])]),
    ]);
    Certificate::from_der(&algorithm.signed(&tbs, sign))
}

fn name(subject: &[(Attribute, String)]) -> Result<Vec<u8>, Error> {
    let mut rdns = Vec::new();
    for (attribute, value) in subject {
        let (oid, tag) = attribute.encoding();
        if tag != UTF8_STRING && !value.is_ascii() {
            return Err(Error::CannotEncode { what: "name" });
        }
        let pair = asn1::sequence(&[&asn1::oid(&oid), &asn1::tlv(tag, &[value.as_bytes()])]);
        rdns.extend(asn1::tlv(SET, &[&pair]));
    }
    Ok(asn1::sequence(&[&rdns]))
}

fn extensions(spec: &CertificateSpec, issuer: Option<&Certificate>) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    if let Some(path_length) = spec.ca {
        let length = path_length.map(|length| asn1::integer(&[length])).unwrap_or_default();
        let value = asn1::sequence(&[&asn1::tlv(BOOLEAN, &[&[0xff]]), &length]);
        out.extend(extension(&oids::BASIC_CONSTRAINTS, true, &value));
    }
    if !spec.key_usage.is_empty() {
        let bits = spec.key_usage.iter().fold(0, |bits, usage| bits | usage.mask());
        let unused = u8::try_from(bits.trailing_zeros()).unwrap_or(0);
        out.extend(extension(&oids::KEY_USAGE, true, &asn1::tlv(BIT_STRING, &[&[unused, bits]])));
    }
    if !spec.extended_key_usage.is_empty() {
        let purposes: Vec<u8> = spec.extended_key_usage.iter().flat_map(|usage| asn1::oid(&usage.oid())).collect();
        let value = asn1::sequence(&[&purposes]);
        out.extend(extension(&oids::EXTENDED_KEY_USAGE, spec.extended_key_usage_critical, &value));
    }
    let own_id = digest(DigestAlgorithm::Sha1, &[spki_octets(&spec.spki_der)?]);
    out.extend(extension(&oids::SUBJECT_KEY_ID, false, &asn1::octets(&own_id)));
    let issuer_id = issuer.map(key_id).transpose()?.unwrap_or(own_id);
    out.extend(authority_key_id(&issuer_id));
    out.extend(locations(spec)?);
    if !spec.policies.is_empty() {
        let mut policies = Vec::new();
        for policy in &spec.policies {
            policies.extend(asn1::sequence(&[&asn1::dotted(policy)?]));
        }
        out.extend(extension(&oids::CERTIFICATE_POLICIES, false, &asn1::sequence(&[&policies])));
    }
    if spec.ocsp_nocheck {
        out.extend(extension(&oids::OCSP_NOCHECK, false, &asn1::tlv(asn1::NULL, &[])));
    }
    out.extend(extra(&spec.extra_extensions)?);
    Ok(out)
}

fn spki_octets(spki: &[u8]) -> Result<&[u8], Error> {
    let what = "subject public key";
    let mut reader = asn1::only(spki, SEQUENCE, what)?.reader();
    reader.expect(SEQUENCE, what)?;
    asn1::bit_octets(reader.expect(BIT_STRING, what)?.content, what)
}

/// uniformResourceIdentifier of GeneralName.
fn url(text: &str) -> Result<Vec<u8>, Error> {
    if text.is_ascii() {
        Ok(asn1::tlv(0x86, &[text.as_bytes()]))
    } else {
        Err(Error::CannotEncode { what: "location" })
    }
}

fn locations(spec: &CertificateSpec) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    let mut access = Vec::new();
    for (method, urls) in [(oids::AD_OCSP, &spec.ocsp_urls), (oids::AD_CA_ISSUERS, &spec.issuer_urls)] {
        for text in urls {
            access.extend(asn1::sequence(&[&asn1::oid(&method), &url(text)?]));
        }
    }
    if !access.is_empty() {
        out.extend(extension(&oids::AUTHORITY_INFO_ACCESS, false, &asn1::sequence(&[&access])));
    }
    let mut points = Vec::new();
    for text in &spec.crl_urls {
        let full_name = asn1::tlv(0xa0, &[&asn1::tlv(0xa0, &[&url(text)?])]);
        points.extend(asn1::sequence(&[&full_name]));
    }
    if !points.is_empty() {
        out.extend(extension(&oids::CRL_DISTRIBUTION_POINTS, false, &asn1::sequence(&[&points])));
    }
    Ok(out)
}
