//! Making SignedData: first the attributes to be signed, then, with the raw signature, the whole.

use const_oid::ObjectIdentifier;

use super::{MAX_LENGTH, WHAT};
use crate::asn1::{self, INTEGER, NULL, OCTET_STRING, OID, SEQUENCE, SET, Tlv};
use crate::verify::{Scheme, ecdsa_der, not_written};
use crate::{Certificate, DigestAlgorithm, Error, KeyAlgorithm, oids};

/// DER of SignedAttributes under the tag SET OF (0x31): the very bytes that are to be signed, about 110 octets and
/// far below the 4,096 that AWS KMS signs raw.
///
/// contentType id-data, messageDigest (SHA-256 of the byte range) and ESS signing-certificate-v2 by SHA-256 without
/// issuerSerial. No signingTime: in PAdES the time is `/M` (ETSI EN 319 142-1 §6.3).
///
/// # Errors
/// [`Error::UnsupportedAlgorithm`] where the signer's key is of a kind that this crate does not write.
pub fn signed_attributes(message_digest: &[u8; 32], signer: &Certificate) -> Result<Vec<u8>, Error> {
    signer.key().own_scheme()?;
    Ok(ess_attributes(&oids::DATA, message_digest, signer))
}

/// The three attributes for any content type.
pub(crate) fn ess_attributes(content_type: &ObjectIdentifier, message_digest: &[u8], signer: &Certificate) -> Vec<u8> {
    let ess_id = asn1::sequence(&[&asn1::octets(&signer.sha256())]);
    let signing_certificate = asn1::sequence(&[&asn1::sequence(&[&ess_id])]);
    let members = vec![
        attribute(&oids::CONTENT_TYPE, &asn1::oid(content_type)),
        attribute(&oids::MESSAGE_DIGEST, &asn1::octets(message_digest)),
        attribute(&oids::SIGNING_CERTIFICATE_V2, &signing_certificate),
    ];
    asn1::tlv(SET, &[&asn1::sorted(members)])
}

pub(super) fn attribute(oid: &ObjectIdentifier, value: &[u8]) -> Vec<u8> {
    asn1::sequence(&[&asn1::oid(oid), &asn1::tlv(SET, &[value])])
}

/// The signature as it stands in structures, and so what a signature time-stamp is about: ECDSA as DER even if the signer
/// gave r‖s. Not verified here.
#[must_use]
pub fn signature_value(raw_signature: &[u8], signer: &Certificate) -> Vec<u8> {
    match signer.key().coordinate_length() {
        Some(length) => ecdsa_der(raw_signature, length),
        None => raw_signature.to_vec(),
    }
}

/// Checks a raw signature (RSA PKCS#1 v1.5 or ECDSA, SHA-256; ECDSA as DER or r‖s) over the attributes.
///
/// # Errors
/// [`Error::SignatureInvalid`], [`Error::UnsupportedAlgorithm`].
pub fn verify_raw(signed_attributes: &[u8], raw_signature: &[u8], signer: &Certificate) -> Result<(), Error> {
    let scheme = signer.key().own_scheme()?;
    signer.key().verify(scheme, signed_attributes, &signature_value(raw_signature, signer))
}

/// The detached CMS: DER, one signer (`chain[0]`), all of `chain` embedded (a root is not needed), and optionally a
/// signature time-stamp. The raw signature is verified first, so a CMS that comes out verifies.
///
/// # Errors
/// As [`verify_raw`]; [`Error::SignerNotFound`] for an empty chain; [`Error::EssMismatch`] where the attributes were
/// made for another certificate; [`Error::Malformed`], [`Error::Limit`].
pub fn assemble(
    signed_attributes: &[u8],
    raw_signature: &[u8],
    chain: &[Certificate],
    timestamp: Option<&[u8]>,
) -> Result<Vec<u8>, Error> {
    let signer = chain.first().ok_or(Error::SignerNotFound)?;
    let attributes = asn1::only(signed_attributes, SET, WHAT)?;
    verify_raw(signed_attributes, raw_signature, signer)?;
    match super::SignedAttributes::read(&attributes)?.ess(signer) {
        Some(Ok(_)) => {}
        Some(Err(error)) => return Err(error),
        None => return Err(Error::EssMismatch),
    }
    let unsigned = timestamp.map(timestamp_attribute).transpose()?.unwrap_or_default();
    signed_data(&SignedDataParts {
        content_type: &oids::DATA,
        content: None,
        certificates: chain,
        signer,
        digest_algorithm: &sha256_identifier(),
        signed_attributes,
        signature_algorithm: &signature_identifier(&signer.key_algorithm())?,
        signature: &signature_value(raw_signature, signer),
        unsigned: &unsigned,
    })
}

/// The unsigned attribute around a time-stamp token (RFC 3161 appendix A).
fn timestamp_attribute(token: &[u8]) -> Result<Vec<u8>, Error> {
    let (definite, _) = asn1::definite(token, "time-stamp token")?;
    asn1::only(&definite, SEQUENCE, "time-stamp token")?;
    Ok(attribute(&oids::TIME_STAMP_TOKEN, &definite))
}

/// What a SignedData is put together from.
pub(crate) struct SignedDataParts<'a> {
    pub(crate) content_type: &'a ObjectIdentifier,
    pub(crate) content: Option<&'a [u8]>,
    pub(crate) certificates: &'a [Certificate],
    pub(crate) signer: &'a Certificate,
    /// AlgorithmIdentifier.
    pub(crate) digest_algorithm: &'a [u8],
    /// Under the tag SET OF.
    pub(crate) signed_attributes: &'a [u8],
    /// AlgorithmIdentifier.
    pub(crate) signature_algorithm: &'a [u8],
    pub(crate) signature: &'a [u8],
    /// Attributes one after the other.
    pub(crate) unsigned: &'a [u8],
}

/// AlgorithmIdentifier of SHA-256, parameters absent (RFC 5754 §2).
pub(crate) fn sha256_identifier() -> Vec<u8> {
    asn1::sequence(&[&asn1::oid(&oids::SHA256)])
}

/// AlgorithmIdentifier for what this crate writes.
pub(crate) fn signature_identifier(key: &KeyAlgorithm) -> Result<Vec<u8>, Error> {
    match key {
        KeyAlgorithm::Rsa { .. } => Ok(asn1::sequence(&[&asn1::oid(&oids::SHA256_WITH_RSA), &asn1::tlv(NULL, &[])])),
        KeyAlgorithm::P256 | KeyAlgorithm::P384 | KeyAlgorithm::P521 => {
            Ok(asn1::sequence(&[&asn1::oid(&oids::ECDSA_SHA256)]))
        }
        other => Err(not_written(other)),
    }
}

/// ContentInfo with SignedData, sets in DER order.
pub(crate) fn signed_data(parts: &SignedDataParts<'_>) -> Result<Vec<u8>, Error> {
    let attributes = asn1::only(parts.signed_attributes, SET, WHAT)?;
    let sid = asn1::sequence(&[parts.signer.issuer_der(), &asn1::tlv(INTEGER, &[parts.signer.raw_serial()])]);
    let unsigned = if parts.unsigned.is_empty() { Vec::new() } else { asn1::tlv(0xa1, &[parts.unsigned]) };
    let signer_info = asn1::sequence(&[
        &asn1::integer(&[1]),
        &sid,
        parts.digest_algorithm,
        &asn1::tlv(0xa0, &[attributes.content]),
        parts.signature_algorithm,
        &asn1::octets(parts.signature),
        &unsigned,
    ]);
    let content = match parts.content {
        Some(content) => asn1::tlv(0xa0, &[&asn1::octets(content)]),
        None => Vec::new(),
    };
    let mut certificates: Vec<Vec<u8>> = parts.certificates.iter().map(|c| c.der().to_vec()).collect();
    certificates.sort();
    certificates.dedup();
    let certificates = if certificates.is_empty() { Vec::new() } else { asn1::tlv(0xa0, &[&certificates.concat()]) };
    // RFC 5652 §5.1: 1 for id-data with plain certificates and issuerAndSerial, 3 for other content.
    let version = if *parts.content_type == oids::DATA { 1 } else { 3 };
    let body = asn1::sequence(&[
        &asn1::integer(&[version]),
        &asn1::tlv(SET, &[parts.digest_algorithm]),
        &asn1::sequence(&[&asn1::oid(parts.content_type), &content]),
        &certificates,
        &asn1::tlv(SET, &[&signer_info]),
    ]);
    Ok(asn1::sequence(&[&asn1::oid(&oids::SIGNED_DATA), &asn1::tlv(0xa0, &[&body])]))
}

/// Adds a signature time-stamp to a finished CMS; everything else stays octet by octet. The token is not verified.
///
/// # Errors
/// [`Error::Malformed`], [`Error::Limit`], [`Error::SignerCount`].
pub fn add_timestamp(cms: &[u8], timestamp: &[u8]) -> Result<Vec<u8>, Error> {
    if cms.len() > MAX_LENGTH {
        return Err(Error::Limit { what: WHAT, limit: MAX_LENGTH });
    }
    let (definite, _) = asn1::definite(cms, WHAT)?;
    let mut info = asn1::only(&definite, SEQUENCE, WHAT)?.reader();
    let kind = info.expect(OID, WHAT)?;
    let body = info.expect(0xa0, WHAT)?.reader().expect(SEQUENCE, WHAT)?;
    let members = body.members(WHAT, 8)?;
    let (infos, before) = members.split_last().ok_or(Error::Malformed { what: WHAT })?;
    let signers = infos.members(WHAT, super::MAX_MEMBERS)?;
    let [signer] = signers.as_slice() else { return Err(Error::SignerCount { found: signers.len() }) };
    let rebuilt = with_unsigned(signer, timestamp_attribute(timestamp)?)?;
    let mut inner: Vec<u8> = before.iter().flat_map(|member| member.full.iter().copied()).collect();
    inner.extend(asn1::tlv(SET, &[&rebuilt]));
    let body = asn1::sequence(&[&inner]);
    Ok(asn1::sequence(&[kind.full, &asn1::tlv(0xa0, &[&body])]))
}

fn with_unsigned(signer: &Tlv<'_>, attribute: Vec<u8>) -> Result<Vec<u8>, Error> {
    let members = signer.members(WHAT, 16)?;
    let mut attributes = vec![attribute];
    let mut inner = Vec::new();
    for (at, member) in members.iter().enumerate() {
        if member.tag == 0xa1 && at + 1 == members.len() {
            let present = member.members(WHAT, super::MAX_MEMBERS)?;
            attributes.extend(present.iter().map(|present| present.full.to_vec()));
        } else {
            inner.extend_from_slice(member.full);
        }
    }
    if !members.iter().any(|member| member.tag == OCTET_STRING) {
        return Err(Error::Malformed { what: WHAT });
    }
    inner.extend(asn1::tlv(0xa1, &[&asn1::sorted(attributes)]));
    Ok(asn1::sequence(&[&inner]))
}

/// Signatures that are no CMS at all: `/SubFilter /adbe.x509.rsa_sha1`, a PKCS#1 value in an OCTET STRING, with the
/// signer's certificate in `/Cert` (ISO 32000-1 §12.8.3.2). Despite the name other digests than SHA-1 occur.
///
/// # Errors
/// [`Error::Malformed`], [`Error::KeyMismatch`], [`Error::SignatureInvalid`].
pub fn verify_rsa_sha1(
    contents: &[u8],
    signer: &Certificate,
    content_digest: &dyn Fn(DigestAlgorithm) -> Vec<u8>,
) -> Result<super::Verified, Error> {
    let what = "RSA signature value";
    let (definite, _) = asn1::definite(contents, what)?;
    let signature = asn1::only(&definite, OCTET_STRING, what)?.content;
    use DigestAlgorithm::{Sha1, Sha256, Sha384, Sha512};
    for algorithm in [Sha1, Sha256, Sha384, Sha512] {
        let scheme = Scheme::Pkcs1(algorithm);
        match signer.key().verify_digest(scheme, &content_digest(algorithm), signature) {
            Ok(()) => {
                let mut weak = signer.key().weaknesses(scheme);
                if algorithm.is_weak() {
                    super::add_weakness(&mut weak, crate::Weakness::WeakDigest(algorithm));
                }
                return Ok(super::Verified {
                    signer: signer.clone(),
                    digest_algorithm: algorithm,
                    signature_algorithm: scheme.name(),
                    has_signed_attributes: false,
                    weak,
                });
            }
            Err(Error::SignatureInvalid | Error::UnsupportedAlgorithm { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::SignatureInvalid)
}
