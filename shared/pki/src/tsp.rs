//! Time-stamps (RFC 3161, RFC 5816): ask for one, check the answer, read and verify tokens.
//!
//! Whether the authority is trusted is [`crate::path`]'s matter; genTime is never shifted or corrected.

use crate::asn1::{self, BOOLEAN, GENERALIZED_TIME, INTEGER, OCTET_STRING, OID, SEQUENCE, Tlv};
use crate::cms::SignedData;
use crate::interner::Interner;
use crate::verify::digest_algorithm;
use crate::{Certificate, DigestAlgorithm, Error, Weakness, oids, time};

/// The largest answer of an authority, octets (stack.md B6 caps the fetch at 64 KiB; archived ones may hold CRLs).
const MAX_LENGTH: usize = 1024 * 1024;

const WHAT: &str = "time-stamp";

/// DER TimeStampReq over a SHA-256 imprint, with nonce and certReq TRUE. Take at least 8 random octets as nonce.
#[must_use]
pub fn request(imprint_sha256: &[u8; 32], nonce: &[u8]) -> Vec<u8> {
    let algorithm = asn1::sequence(&[&asn1::oid(&oids::SHA256)]);
    asn1::sequence(&[
        &asn1::integer(&[1]),
        &asn1::sequence(&[&algorithm, &asn1::octets(imprint_sha256)]),
        &asn1::integer(nonce),
        &asn1::tlv(BOOLEAN, &[&[0xff]]),
    ])
}

/// Checks a TimeStampResp against what was asked: status, imprint, nonce, signature, ESS binding and the TSA's
/// extended key usage. The path to a trusted root is not checked here.
///
/// # Errors
/// [`Error::TimestampRefused`], [`Error::TimestampImprint`], [`Error::TimestampNonce`], [`Error::TimestampKeyUsage`],
/// [`Error::SignedAttribute`] (no ESS binding), and what [`Token::parse`] and [`Token::verify`] give.
pub fn check_response(response: &[u8], imprint_sha256: &[u8; 32], nonce: &[u8]) -> Result<Token, Error> {
    let token = Token::parse(granted(response)?)?;
    if token.info.algorithm != DigestAlgorithm::Sha256 || token.info.imprint != imprint_sha256 {
        return Err(Error::TimestampImprint);
    }
    if token.nonce().map(asn1::unsigned) != Some(asn1::unsigned(nonce)) {
        return Err(Error::TimestampNonce);
    }
    if !token.signed.has_ess() {
        return Err(Error::SignedAttribute { attribute: "signing-certificate" });
    }
    let facts = token.verify(&|_| imprint_sha256.to_vec())?;
    if !facts.signer.has_timestamping_eku_only_critical() {
        return Err(Error::TimestampKeyUsage);
    }
    if !facts.signer.valid_at(facts.gen_time) {
        return Err(Error::NotValidAt { what: "time-stamp signer" });
    }
    Ok(token)
}

/// The token inside a granted response.
fn granted(response: &[u8]) -> Result<&[u8], Error> {
    if response.len() > MAX_LENGTH {
        return Err(Error::Limit { what: WHAT, limit: MAX_LENGTH });
    }
    let mut reader = asn1::only(response, SEQUENCE, WHAT)?.reader();
    let mut info = reader.expect(SEQUENCE, WHAT)?.reader();
    let status = asn1::small_integer(info.expect(INTEGER, WHAT)?.content, WHAT)?;
    if !matches!(status, 0 | 1) {
        return Err(Error::TimestampRefused { status, failure: failure_bit(&mut info) });
    }
    let token = reader.rest();
    if token.is_empty() { Err(Error::NotATimestamp) } else { Ok(token) }
}

/// The first bit set in PKIFailureInfo, if any.
fn failure_bit(info: &mut asn1::Reader<'_>) -> Option<u8> {
    info.optional(SEQUENCE, WHAT).ok()?;
    let bits = info.optional(asn1::BIT_STRING, WHAT).ok()??;
    let octets = bits.content.get(1..)?;
    let (at, octet) = octets.iter().enumerate().find(|(_, octet)| **octet != 0)?;
    u8::try_from(at * 8 + octet.leading_zeros() as usize).ok()
}

/// TSTInfo (RFC 3161 §2.4.2).
#[derive(Clone, Debug)]
struct TstInfo {
    algorithm: DigestAlgorithm,
    imprint: Vec<u8>,
    serial: Vec<u8>,
    gen_time: i64,
    nonce: Option<Vec<u8>>,
}

/// A time-stamp token that was read. Nothing is verified before [`Token::verify`].
#[derive(Clone, Debug)]
pub struct Token {
    signed: SignedData,
    info: TstInfo,
}

/// What a verified token says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TimestampFacts {
    /// The time, Unix seconds; fractions are cut.
    pub gen_time: i64,
    /// The TSA's certificate; not judged.
    pub signer: Certificate,
    /// All embedded certificates.
    pub certificates: Vec<Certificate>,
    /// Weak cryptography that was met.
    pub weak: Vec<Weakness>,
    /// Whether the token says which X.509 certificate signed it (ESSCertID of RFC 3161 §2.4.2, or ESSCertIDv2 of RFC 5816 §2.2.1, both
    /// demanded). If not, it goes with every one on the same key, and nothing is to be relied on.
    pub bound: bool,
}

impl Token {
    /// Reads a token; octets after it (the padding of `/Contents`) are left out.
    ///
    /// # Errors
    /// [`Error::NotATimestamp`] for a CMS without TSTInfo; [`Error::Malformed`], [`Error::Limit`],
    /// [`Error::UnsupportedAlgorithm`].
    pub fn parse(der: &[u8]) -> Result<Self, Error> {
        Self::parse_in(der, &Interner::default())
    }

    /// As [`Token::parse`]; X.509 certificates are read through `interner`.
    ///
    /// # Errors
    /// As [`Token::parse`].
    pub fn parse_in(der: &[u8], interner: &Interner) -> Result<Self, Error> {
        let signed = SignedData::parse_in(der, interner)?;
        if !signed.content_type_is(&oids::TST_INFO) {
            return Err(Error::NotATimestamp);
        }
        let content = signed.encapsulated_content().ok_or(Error::NotATimestamp)?;
        let info = read_info(&asn1::only(content, SEQUENCE, WHAT)?)?;
        Ok(Self { signed, info })
    }

    /// The token's ContentInfo, without padding.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        self.signed.der()
    }

    /// The CMS structure that the token is.
    #[must_use]
    pub fn into_signed_data(self) -> SignedData {
        self.signed
    }

    /// What followed the token in the bytes it was read from.
    #[must_use]
    pub fn trailing(&self) -> crate::cms::Trailing {
        self.signed.trailing()
    }

    /// genTime, Unix seconds; fractions are cut.
    #[must_use]
    pub fn gen_time(&self) -> i64 {
        self.info.gen_time
    }

    /// Serial number, lower-case hex.
    #[must_use]
    pub fn serial_hex(&self) -> String {
        hex::encode(asn1::unsigned(&self.info.serial))
    }

    /// Digest algorithm of the imprint.
    #[must_use]
    pub fn imprint_algorithm(&self) -> DigestAlgorithm {
        self.info.algorithm
    }

    /// The digest that was stamped.
    #[must_use]
    pub fn imprint(&self) -> &[u8] {
        &self.info.imprint
    }

    /// Nonce, big-endian without leading zero octets.
    #[must_use]
    pub fn nonce(&self) -> Option<&[u8]> {
        self.info.nonce.as_deref().map(asn1::unsigned)
    }

    /// Embedded certificates.
    #[must_use]
    pub fn certificates(&self) -> &[Certificate] {
        self.signed.certificates()
    }

    /// The TSA's certificate, if embedded.
    #[must_use]
    pub fn signer_certificate(&self) -> Option<&Certificate> {
        self.signed.signer_certificate()
    }

    /// Verifies imprint and signature. `data_digest` gives the digest of the stamped data.
    ///
    /// # Errors
    /// [`Error::TimestampImprint`], and what [`SignedData::verify`] gives for the token's own signature.
    pub fn verify(&self, data_digest: &dyn Fn(DigestAlgorithm) -> Vec<u8>) -> Result<TimestampFacts, Error> {
        self.verify_with(data_digest, &[])
    }

    /// As [`Token::verify`]; the TSA's certificate may also come from `pool` (a DSS, say).
    ///
    /// # Errors
    /// As [`Token::verify`].
    pub fn verify_with(
        &self,
        data_digest: &dyn Fn(DigestAlgorithm) -> Vec<u8>,
        pool: &[Certificate],
    ) -> Result<TimestampFacts, Error> {
        if data_digest(self.info.algorithm) != self.info.imprint {
            return Err(Error::TimestampImprint);
        }
        let content = self.signed.encapsulated_content().ok_or(Error::NotATimestamp)?;
        let verified = self.signed.verify_content(&|algorithm| crate::digest(algorithm, &[content]), pool)?;
        if !verified.has_signed_attributes {
            return Err(Error::SignedAttribute { attribute: "message-digest" });
        }
        let mut weak = verified.weak;
        let imprint = Weakness::WeakDigest(self.info.algorithm);
        if self.info.algorithm.is_weak() && !weak.contains(&imprint) {
            weak.push(imprint);
        }
        Ok(TimestampFacts {
            gen_time: self.info.gen_time,
            signer: verified.signer,
            certificates: self.signed.certificates().to_vec(),
            weak,
            bound: self.signed.has_ess(),
        })
    }
}

fn read_info(info: &Tlv<'_>) -> Result<TstInfo, Error> {
    let mut reader = info.reader();
    reader.expect(INTEGER, WHAT)?;
    reader.expect(OID, WHAT)?;
    let mut imprint = reader.expect(SEQUENCE, WHAT)?.reader();
    let algorithm = digest_algorithm(&imprint.expect(SEQUENCE, WHAT)?)?;
    let hash = imprint.expect(OCTET_STRING, WHAT)?.content;
    if hash.len() != algorithm.length() {
        return Err(Error::Malformed { what: WHAT });
    }
    let serial = reader.expect(INTEGER, WHAT)?.content.to_vec();
    let gen_time = time::unix(&reader.expect(GENERALIZED_TIME, WHAT)?, WHAT)?;
    // accuracy, ordering, nonce, tsa and extensions follow; only a critical extension may not be stepped over.
    reader.optional(SEQUENCE, WHAT)?;
    reader.optional(BOOLEAN, WHAT)?;
    let nonce = reader.optional(INTEGER, WHAT)?.map(|nonce| nonce.content.to_vec());
    reader.optional(0xa0, WHAT)?;
    if let Some(extensions) = reader.optional(0xa1, WHAT)?
        && let Some(critical) = crate::extensions::read(&extensions)?.iter().find(|extension| extension.critical)
    {
        return Err(Error::CriticalExtension { oid: critical.oid.to_string() });
    }
    Ok(TstInfo { algorithm, imprint: hash.to_vec(), serial, gen_time, nonce })
}
