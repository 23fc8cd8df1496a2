//! Time-stamp requests read and answered (RFC 3161).

use super::{Sign, SignatureAlgorithm};
use crate::asn1::{self, BIT_STRING, BOOLEAN, INTEGER, OCTET_STRING, OID, SEQUENCE};
use crate::cms::{SignedDataParts, ess_attributes, sha256_identifier, signed_data};
use crate::verify::digest_algorithm;
use crate::{Certificate, DigestAlgorithm, Error, oids, time};

/// The largest request, octets.
const MAX_REQUEST: usize = 16 * 1024;

/// A TimeStampReq that was read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TimestampRequest {
    /// Digest algorithm of the imprint.
    pub imprint_algorithm: DigestAlgorithm,
    /// The digest to be stamped.
    pub imprint: Vec<u8>,
    /// Nonce, big-endian without leading zero octets.
    pub nonce: Option<Vec<u8>>,
    /// certReq: the answer is to carry the certificates.
    pub certificate_wanted: bool,
}

impl TimestampRequest {
    /// Reads a TimeStampReq (RFC 3161 §2.4.1).
    ///
    /// # Errors
    /// [`Error::Malformed`], [`Error::Limit`], [`Error::UnsupportedAlgorithm`].
    pub fn parse(der: &[u8]) -> Result<Self, Error> {
        let what = "time-stamp request";
        if der.len() > MAX_REQUEST {
            return Err(Error::Limit { what, limit: MAX_REQUEST });
        }
        let mut reader = asn1::only(der, SEQUENCE, what)?.reader();
        reader.expect(INTEGER, what)?;
        let mut imprint = reader.expect(SEQUENCE, what)?.reader();
        let imprint_algorithm = digest_algorithm(&imprint.expect(SEQUENCE, what)?)?;
        let hash = imprint.expect(OCTET_STRING, what)?.content.to_vec();
        if hash.len() != imprint_algorithm.length() {
            return Err(Error::Malformed { what });
        }
        reader.optional(OID, what)?;
        let nonce = reader.optional(INTEGER, what)?.map(|nonce| asn1::unsigned(nonce.content).to_vec());
        let certificate_wanted = reader.optional(BOOLEAN, what)?.is_some_and(|value| value.content != [0]);
        Ok(Self { imprint_algorithm, imprint: hash, nonce, certificate_wanted })
    }
}

/// What to put in a token. Take the values from the request, or others to make a wrong answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TimestampSpec {
    /// Dotted policy identifier.
    pub policy: String,
    /// Serial number, big-endian.
    pub serial: Vec<u8>,
    /// The time, Unix seconds.
    pub gen_time: i64,
    /// Digest algorithm of the imprint.
    pub imprint_algorithm: DigestAlgorithm,
    /// The digest that is stamped.
    pub imprint: Vec<u8>,
    /// Nonce, big-endian.
    pub nonce: Option<Vec<u8>>,
    /// Accuracy in seconds.
    pub accuracy_seconds: Option<u32>,
}

/// DER of a token (ContentInfo); `chain[0]` is the TSA, and all of `chain` is embedded.
///
/// # Errors
/// [`Error::SignerNotFound`] for an empty chain, [`Error::KeyMismatch`] where the algorithm is not the TSA key's,
/// [`Error::CannotEncode`].
pub fn timestamp_token(
    spec: &TimestampSpec,
    chain: &[Certificate],
    algorithm: SignatureAlgorithm,
    sign: Sign<'_>,
) -> Result<Vec<u8>, Error> {
    let signer = chain.first().ok_or(Error::SignerNotFound)?;
    if crate::cms::signature_identifier(&signer.key_algorithm())? != algorithm.identifier() {
        return Err(Error::KeyMismatch);
    }
    let content = info(spec)?;
    let message_digest = crate::digest(DigestAlgorithm::Sha256, &[&content]);
    let signed_attributes = ess_attributes(&oids::TST_INFO, &message_digest, signer);
    signed_data(&SignedDataParts {
        content_type: &oids::TST_INFO,
        content: Some(&content),
        certificates: chain,
        signer,
        digest_algorithm: &sha256_identifier(),
        signed_attributes: &signed_attributes,
        signature_algorithm: &algorithm.identifier(),
        signature: &algorithm.signature(&signed_attributes, sign),
        unsigned: &[],
    })
}

fn info(spec: &TimestampSpec) -> Result<Vec<u8>, Error> {
    let algorithm = asn1::sequence(&[&asn1::oid(&oids::oid_of(spec.imprint_algorithm))]);
    let accuracy = match spec.accuracy_seconds {
        Some(seconds) => asn1::sequence(&[&asn1::integer(&seconds.to_be_bytes())]),
        None => Vec::new(),
    };
    let nonce = spec.nonce.as_deref().map(asn1::integer).unwrap_or_default();
    Ok(asn1::sequence(&[
        &asn1::integer(&[1]),
        &asn1::dotted(&spec.policy)?,
        &asn1::sequence(&[&algorithm, &asn1::octets(&spec.imprint)]),
        &asn1::integer(&spec.serial),
        &time::generalized(spec.gen_time)?,
        &accuracy,
        &nonce,
    ]))
}

/// DER of a granted TimeStampResp around a token.
#[must_use]
pub fn timestamp_response(token: &[u8]) -> Vec<u8> {
    asn1::sequence(&[&asn1::sequence(&[&asn1::integer(&[0])]), token])
}

/// DER of a refusing TimeStampResp: status rejection (2) and one PKIFailureInfo bit (0 badAlg, 2 badRequest,
/// 5 badDataFormat, 14 timeNotAvailable, 25 systemFailure).
#[must_use]
pub fn timestamp_rejection(failure_bit: u8) -> Vec<u8> {
    let octet = usize::from(failure_bit / 8);
    let mut bits = vec![7 - failure_bit % 8];
    bits.resize(octet + 1, 0);
    bits.push(0x80 >> (failure_bit % 8));
    asn1::sequence(&[&asn1::sequence(&[&asn1::integer(&[2]), &asn1::tlv(BIT_STRING, &[&bits])])])
}
