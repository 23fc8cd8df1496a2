//! OCSP requests read and answered (RFC 6960), and CRLs (RFC 5280 §5).

use super::{Sign, SignatureAlgorithm, authority_key_id, extension, extra, key_id};
use crate::asn1::{self, ENUMERATED, INTEGER, OCTET_STRING, SEQUENCE};
use crate::ocsp::{CertStatus, cert_id, nonce_extension, unwrap_nonce};
use crate::verify::digest_algorithm;
use crate::{Certificate, DigestAlgorithm, Error, digest, extensions, oids, time};

/// The largest OCSP request, octets.
const MAX_REQUEST: usize = 64 * 1024;
/// The most certificates asked for in one request.
const MAX_ASKED: usize = 64;

/// One certificate asked for in an OCSPRequest.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OcspAsked {
    /// DER CertID, to be echoed as it came.
    pub cert_id: Vec<u8>,
    /// Serial, big-endian without leading zero octets.
    pub serial: Vec<u8>,
}

impl OcspAsked {
    /// CertID (SHA-1, as deployed clients use) of a certificate, for answers nobody asked for.
    ///
    /// # Errors
    /// [`Error::Malformed`] where the issuer's key cannot be read.
    pub fn new(cert: &Certificate, issuer: &Certificate) -> Result<Self, Error> {
        Ok(Self { cert_id: cert_id(cert, issuer)?, serial: cert.serial() })
    }

    /// Whether the hashes of the issuer's name and key are this issuer's.
    #[must_use]
    pub fn is_issued_by(&self, issuer: &Certificate) -> bool {
        let what = "CertID";
        let check = || -> Result<bool, Error> {
            let mut reader = asn1::only(&self.cert_id, SEQUENCE, what)?.reader();
            let algorithm = digest_algorithm(&reader.expect(SEQUENCE, what)?)?;
            let name = reader.expect(OCTET_STRING, what)?.content;
            let key = reader.expect(OCTET_STRING, what)?.content;
            Ok(name == digest(algorithm, &[issuer.subject_der()]) && key == digest(algorithm, &[issuer.key_octets()?]))
        };
        check().unwrap_or(false)
    }
}

/// An OCSPRequest that was read; a signature on it is not looked at.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OcspRequest {
    /// Certificates asked for.
    pub asked: Vec<OcspAsked>,
    /// Nonce, if any.
    pub nonce: Option<Vec<u8>>,
}

impl OcspRequest {
    /// Reads an OCSPRequest (RFC 6960 §4.1.1).
    ///
    /// # Errors
    /// [`Error::Malformed`], [`Error::Limit`].
    pub fn parse(der: &[u8]) -> Result<Self, Error> {
        let what = "OCSP request";
        if der.len() > MAX_REQUEST {
            return Err(Error::Limit { what, limit: MAX_REQUEST });
        }
        let mut reader = asn1::only(der, SEQUENCE, what)?.reader().expect(SEQUENCE, what)?.reader();
        reader.optional(0xa0, what)?;
        reader.optional(0xa1, what)?;
        let mut asked = Vec::new();
        for request in reader.expect(SEQUENCE, what)?.members(what, MAX_ASKED)? {
            let id = request.reader().expect(SEQUENCE, what)?;
            let serial = id.members(what, 8)?.into_iter().nth(3).filter(|serial| serial.tag == INTEGER);
            let serial = serial.ok_or(Error::Malformed { what })?;
            asked.push(OcspAsked { cert_id: id.full.to_vec(), serial: asn1::unsigned(serial.content).to_vec() });
        }
        let mut nonce = None;
        if let Some(explicit) = reader.optional(0xa2, what)? {
            let list = extensions::read(&explicit.reader().expect(SEQUENCE, what)?)?;
            let found = list.iter().find(|extension| extension.oid == oids::OCSP_NONCE);
            nonce = found.map(|extension| unwrap_nonce(extension.value));
        }
        Ok(Self { asked, nonce })
    }
}

/// One answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OcspAnswer {
    /// About which certificate.
    pub asked: OcspAsked,
    /// What is said about it.
    pub status: CertStatus,
    /// thisUpdate, Unix seconds.
    pub this_update: i64,
    /// nextUpdate, Unix seconds.
    pub next_update: Option<i64>,
}

/// What to put in an OCSP response.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OcspSpec {
    /// producedAt, Unix seconds.
    pub produced_at: i64,
    /// Answers, in the order of the request.
    pub answers: Vec<OcspAnswer>,
    /// Nonce to echo; another one makes a wrong answer.
    pub nonce: Option<Vec<u8>>,
}

/// DER OCSPResponse with status successful, signed by `responder`, with `embed` (usually the responder) embedded.
///
/// # Errors
/// [`Error::CannotEncode`] for a time that does not fit.
pub fn ocsp_response(
    spec: &OcspSpec,
    responder: &Certificate,
    embed: &[Certificate],
    algorithm: SignatureAlgorithm,
    sign: Sign<'_>,
) -> Result<Vec<u8>, Error> {
    let mut answers = Vec::new();
    for answer in &spec.answers {
        answers.extend(single(answer)?);
    }
    let nonce = match &spec.nonce {
        Some(nonce) => asn1::tlv(0xa1, &[&asn1::sequence(&[&nonce_extension(nonce)])]),
        None => Vec::new(),
    };
    let key_hash = digest(DigestAlgorithm::Sha1, &[responder.key_octets()?]);
    let data = asn1::sequence(&[
        &asn1::tlv(0xa2, &[&asn1::octets(&key_hash)]),
        &time::generalized(spec.produced_at)?,
        &asn1::sequence(&[&answers]),
        &nonce,
    ]);
    let certificates: Vec<u8> = embed.iter().flat_map(|certificate| certificate.der().iter().copied()).collect();
    let certificates =
        if embed.is_empty() { Vec::new() } else { asn1::tlv(0xa0, &[&asn1::sequence(&[&certificates])]) };
    let signature = asn1::bits(&algorithm.signature(&data, sign));
    let basic = asn1::sequence(&[&data, &algorithm.identifier(), &signature, &certificates]);
    let bytes = asn1::sequence(&[&asn1::oid(&oids::OCSP_BASIC), &asn1::octets(&basic)]);
    Ok(asn1::sequence(&[&asn1::tlv(ENUMERATED, &[&[0]]), &asn1::tlv(0xa0, &[&bytes])]))
}

fn single(answer: &OcspAnswer) -> Result<Vec<u8>, Error> {
    let status = match answer.status {
        CertStatus::Good => asn1::tlv(0x80, &[]),
        CertStatus::Unknown => asn1::tlv(0x82, &[]),
        CertStatus::Revoked { at, reason } => {
            let reason = match reason {
                Some(reason) => asn1::tlv(0xa0, &[&asn1::tlv(ENUMERATED, &[&[reason]])]),
                None => Vec::new(),
            };
            asn1::tlv(0xa1, &[&time::generalized(at)?, &reason])
        }
    };
    let next_update = match answer.next_update {
        Some(at) => asn1::tlv(0xa0, &[&time::generalized(at)?]),
        None => Vec::new(),
    };
    Ok(asn1::sequence(&[&answer.asked.cert_id, &status, &time::generalized(answer.this_update)?, &next_update]))
}

/// DER OCSPResponse with an error status (1 malformedRequest, 2 internalError, 3 tryLater, 5 sigRequired,
/// 6 unauthorized).
#[must_use]
pub fn ocsp_error(status: u8) -> Vec<u8> {
    asn1::sequence(&[&asn1::tlv(ENUMERATED, &[&[status]])])
}

/// One revoked serial.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RevokedEntry {
    /// Serial, big-endian.
    pub serial: Vec<u8>,
    /// When, Unix seconds.
    pub at: i64,
    /// CRLReason; 0 (unspecified) should be `None` (RFC 5280 §5.3.1).
    pub reason: Option<u8>,
}

/// What to put in a CRL.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct CrlSpec {
    /// thisUpdate, Unix seconds.
    pub this_update: i64,
    /// nextUpdate, Unix seconds.
    pub next_update: Option<i64>,
    /// cRLNumber.
    pub number: u64,
    /// Revoked serials.
    pub revoked: Vec<RevokedEntry>,
    /// Further CRL extensions (dotted identifier, critical, DER value), for wrong cases.
    pub extra_extensions: Vec<(String, bool, Vec<u8>)>,
}

/// DER CRL v2 signed by `issuer`.
///
/// # Errors
/// [`Error::CannotEncode`] for a time or identifier that does not fit.
pub fn crl(
    spec: &CrlSpec,
    issuer: &Certificate,
    algorithm: SignatureAlgorithm,
    sign: Sign<'_>,
) -> Result<Vec<u8>, Error> {
    let mut entries = Vec::new();
    for entry in &spec.revoked {
        let reason = match entry.reason {
            Some(reason) => {
                let value = asn1::tlv(ENUMERATED, &[&[reason]]);
                asn1::sequence(&[&extension(&oids::CRL_REASON, false, &value)])
            }
            None => Vec::new(),
        };
        entries.extend(asn1::sequence(&[&asn1::integer(&entry.serial), &time::validity(entry.at)?, &reason]));
    }
    // The list itself is left out when nothing is revoked (RFC 5280 §5.1.2.6).
    let entries = if entries.is_empty() { Vec::new() } else { asn1::sequence(&[&entries]) };
    let next_update = spec.next_update.map(time::validity).transpose()?.unwrap_or_default();
    let number = extension(&oids::CRL_NUMBER, false, &asn1::integer(&spec.number.to_be_bytes()));
    let extensions = asn1::sequence(&[&authority_key_id(&key_id(issuer)?), &number, &extra(&spec.extra_extensions)?]);
    let tbs = asn1::sequence(&[
        &asn1::integer(&[1]),
        &algorithm.identifier(),
        issuer.subject_der(),
        &time::validity(spec.this_update)?,
        &next_update,
        &entries,
        &asn1::tlv(0xa0, &[&extensions]),
    ]);
    Ok(algorithm.signed(&tbs, sign))
}
