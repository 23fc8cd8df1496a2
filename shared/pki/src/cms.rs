//! CMS SignedData (RFC 5652) as PDF signatures and time-stamps use it: build, read and verify.
//!
//! Trust is not judged here: a signature that verifies may come from anybody (see [`crate::path`]).
//! Reading is tolerant where signers in the field are sloppy and the meaning is still one: BER lengths, zero padding,
//! unsorted attributes, odd certificates in the bag. What is signed is hashed exactly as it stands in the bytes.

mod apart;
mod attributes;
mod build;
mod exact;

use std::cell::Cell;

use const_oid::ObjectIdentifier;

pub use apart::{Apart, check_attributes, message_digest};
pub(crate) use build::{SignedDataParts, ess_attributes, sha256_identifier, signature_identifier, signed_data};
pub use build::{add_timestamp, assemble, signature_value, signed_attributes, verify_raw, verify_rsa_sha1};

use crate::asn1::{self, INTEGER, OCTET_STRING, OID, Reader, SEQUENCE, SET, Tlv};
use crate::certificate::read_each;
use crate::interner::Interner;
use crate::verify::{Scheme, content_digest_algorithm};
use crate::{Certificate, DigestAlgorithm, Error, Weakness, digest, name, oids, time};
use attributes::{Attribute, SignedAttributes};

/// The largest CMS that is read, octets. Signatures that carry CRLs inside reach a few megabytes.
const MAX_LENGTH: usize = 16 * 1024 * 1024;
/// The most certificates, CRLs or SignerInfos in one SignedData.
const MAX_MEMBERS: usize = 128;

/// Viet Nam's offset from UTC, seconds, and how far from it a claim may lie (domain.md §4.1).
const LOCAL_TIME: i64 = 7 * 3_600;
const LOCAL_TOLERANCE: i64 = 3_600;

const WHAT: &str = "CMS";

/// What follows the CMS in `/Contents`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Trailing {
    /// Nothing.
    None,
    /// Zero octets only: the reserved space that was not used.
    Zeros,
    /// Something else, a covert channel (validation.md rule A3).
    Other,
}

/// The signer identifier (RFC 5652 §5.3).
#[derive(Clone, Debug)]
enum SignerId {
    IssuerAndSerial { issuer: Vec<u8>, serial: Vec<u8> },
    SubjectKeyId(Vec<u8>),
}

#[derive(Clone, Debug)]
struct SignerInfo {
    id: SignerId,
    digest_algorithm: Vec<u8>,
    signed: Option<SignedAttributes>,
    signature_algorithm: Vec<u8>,
    signature: Vec<u8>,
    unsigned: Vec<Attribute>,
}

/// A SignedData that was read. Nothing is verified before [`SignedData::verify`].
#[derive(Clone, Debug)]
pub struct SignedData {
    der: Vec<u8>,
    trailing: Trailing,
    content_type: ObjectIdentifier,
    content: Option<Vec<u8>>,
    certificates: Vec<Certificate>,
    unreadable: usize,
    crls: Vec<Vec<u8>>,
    ocsps: Vec<Vec<u8>>,
    signers: usize,
    signer: Option<SignerInfo>,
}

/// What was verified about one signature.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Verified {
    /// The signer's certificate; not judged.
    pub signer: Certificate,
    /// Digest algorithm over the content.
    pub digest_algorithm: DigestAlgorithm,
    /// Name of the signature algorithm, for display.
    pub signature_algorithm: String,
    /// False for a signature made directly over the content (legacy).
    pub has_signed_attributes: bool,
    /// Weak cryptography that was met.
    pub weak: Vec<Weakness>,
}

impl SignedData {
    /// Reads the value of `/Contents`, at most 16 MiB: one ContentInfo, DER or BER, then anything.
    ///
    /// # Errors
    /// [`Error::Malformed`], [`Error::Limit`]. Not: a wrong number of signers (see [`SignedData::signers`]).
    pub fn parse(contents: &[u8]) -> Result<Self, Error> {
        Self::parse_in(contents, &Interner::default())
    }

    /// As [`SignedData::parse`]; X.509 certificates are read through `interner`.
    ///
    /// # Errors
    /// As [`SignedData::parse`].
    pub fn parse_in(contents: &[u8], interner: &Interner) -> Result<Self, Error> {
        if contents.len() > MAX_LENGTH {
            return Err(Error::Limit { what: WHAT, limit: MAX_LENGTH });
        }
        let (definite, used) = asn1::definite(contents, WHAT)?;
        let rest = contents.get(used..).unwrap_or_default();
        let trailing = match rest {
            [] => Trailing::None,
            rest if rest.iter().all(|octet| *octet == 0) => Trailing::Zeros,
            _ => Trailing::Other,
        };
        let mut info = asn1::only(&definite, SEQUENCE, WHAT)?.reader();
        if info.any(WHAT)?.oid() != Some(oids::SIGNED_DATA) {
            return Err(Error::Malformed { what: WHAT });
        }
        let explicit = info.expect(0xa0, WHAT)?;
        let body = explicit.reader().expect(SEQUENCE, WHAT)?;
        let mut read = read_signed_data(&body, interner)?;
        read.der = definite.to_vec();
        read.trailing = trailing;
        Ok(read)
    }

    /// The ContentInfo with definite lengths, without what follows it.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// What followed the ContentInfo.
    #[must_use]
    pub fn trailing(&self) -> Trailing {
        self.trailing
    }

    /// Dotted identifier of the encapsulated content type.
    #[must_use]
    pub fn content_type(&self) -> String {
        self.content_type.to_string()
    }

    /// The encapsulated content, if any.
    #[must_use]
    pub fn encapsulated_content(&self) -> Option<&[u8]> {
        self.content.as_deref()
    }

    /// Number of SignerInfo structures; PAdES wants exactly one, [`SignedData::verify`] too.
    #[must_use]
    pub fn signers(&self) -> usize {
        self.signers
    }

    /// Embedded certificates that could be read, without repetitions.
    #[must_use]
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// Number of embedded certificates that could not be read.
    #[must_use]
    pub fn unreadable_certificates(&self) -> usize {
        self.unreadable
    }

    /// The embedded certificate that the signer identifier names; of several the one that the ESS attribute names, too.
    #[must_use]
    pub fn signer_certificate(&self) -> Option<&Certificate> {
        self.find_signer(&[])
    }

    /// The messageDigest attribute; not compared with anything.
    #[must_use]
    pub fn message_digest(&self) -> Option<&[u8]> {
        let signed = self.signer.as_ref()?.signed.as_ref()?;
        signed.message_digest().ok()
    }

    /// The digest algorithm over the content.
    ///
    /// # Errors
    /// [`Error::UnsupportedAlgorithm`], or [`Error::SignerCount`] where there is no signer.
    pub fn digest_algorithm(&self) -> Result<DigestAlgorithm, Error> {
        let signer = self.signer.as_ref().ok_or(Error::SignerCount { found: 0 })?;
        let algorithm = asn1::only(&signer.digest_algorithm, SEQUENCE, WHAT)?;
        content_digest_algorithm(&algorithm)
    }

    /// The signingTime attribute, Unix seconds: the signer's claim, sometimes local time mislabelled as UTC
    /// (domain.md §4.1), handed on as it stands.
    #[must_use]
    pub fn signing_time(&self) -> Option<i64> {
        let signed = self.signer.as_ref()?.signed.as_ref()?;
        let value = signed.single(&oids::SIGNING_TIME)?;
        time::unix(&Reader::new(value).any(WHAT).ok()?, WHAT).ok()
    }

    /// Whether signingTime looks like Vietnamese local time (UTC+7) that was labelled UTC: it lies seven hours, give or
    /// take one, after `proven` (Unix seconds: the genTime of a time-stamp, which is never shifted itself).
    #[must_use]
    pub fn signing_time_is_local(&self, proven: i64) -> bool {
        let ahead = self.signing_time().map(|claimed| claimed.saturating_sub(proven));
        ahead.is_some_and(|ahead| (LOCAL_TIME - LOCAL_TOLERANCE..=LOCAL_TIME + LOCAL_TOLERANCE).contains(&ahead))
    }

    /// Whether the ESS signing-certificate attribute (v1 or v2, RFC 5035) names the signer's certificate.
    /// `None`: there is no such attribute, or the certificate is not embedded.
    #[must_use]
    pub fn ess_certificate_ok(&self) -> Option<bool> {
        let signed = self.signer.as_ref()?.signed.as_ref()?;
        signed.ess(self.signer_certificate()?).map(|found| found.is_ok())
    }

    /// The signature value.
    #[must_use]
    pub fn signature_value(&self) -> &[u8] {
        self.signer.as_ref().map_or(&[], |signer| signer.signature.as_slice())
    }

    /// DER of every id-aa-timeStampToken in the unsigned attributes.
    #[must_use]
    pub fn timestamp_tokens(&self) -> Vec<Vec<u8>> {
        let Some(signer) = &self.signer else { return Vec::new() };
        let tokens = signer.unsigned.iter().filter(|attribute| attribute.oid == oids::TIME_STAMP_TOKEN);
        tokens.flat_map(|attribute| attribute.values.iter().cloned()).collect()
    }

    /// CRLs that came along (SignedData.crls and adbe-revocationInfoArchival); not judged.
    #[must_use]
    pub fn embedded_crls(&self) -> Vec<Vec<u8>> {
        let mut all = self.crls.clone();
        all.extend(self.archival(0xa0));
        all
    }

    /// OCSP responses that came along; not judged.
    #[must_use]
    pub fn embedded_ocsps(&self) -> Vec<Vec<u8>> {
        let mut all = self.ocsps.clone();
        all.extend(self.archival(0xa1));
        all
    }

    /// Verifies the one signature over the bytes whose digest `content_digest` gives (the byte range of the PDF).
    ///
    /// # Errors
    /// [`Error::SignerCount`], [`Error::SignerNotFound`], [`Error::SignedAttribute`], [`Error::DigestMismatch`],
    /// [`Error::EssMismatch`], [`Error::EncapsulatedContent`], [`Error::SignatureInvalid`], [`Error::KeyMismatch`],
    /// [`Error::UnsupportedAlgorithm`], [`Error::DigestNotAllowed`], [`Error::Malformed`].
    pub fn verify(&self, content_digest: &dyn Fn(DigestAlgorithm) -> Vec<u8>) -> Result<Verified, Error> {
        self.verify_with(content_digest, &[])
    }

    /// As [`SignedData::verify`]; the signer's certificate may also come from `pool` (a DSS, say).
    ///
    /// # Errors
    /// As [`SignedData::verify`].
    pub fn verify_with(
        &self,
        content_digest: &dyn Fn(DigestAlgorithm) -> Vec<u8>,
        pool: &[Certificate],
    ) -> Result<Verified, Error> {
        let Some(content) = self.content.as_deref() else {
            return self.verify_content(content_digest, pool);
        };
        // adbe.pkcs7.sha1 (ISO 32000-1 table 257): the content is the SHA-1 of the byte range.
        if self.content_type != oids::DATA || content.len() != DigestAlgorithm::Sha1.length() {
            return Err(Error::EncapsulatedContent);
        }
        if content_digest(DigestAlgorithm::Sha1) != content {
            return Err(Error::DigestMismatch);
        }
        let mut verified = self.verify_content(&|algorithm| digest(algorithm, &[content]), pool)?;
        add_weakness(&mut verified.weak, Weakness::WeakDigest(DigestAlgorithm::Sha1));
        Ok(verified)
    }

    /// The cryptography, whatever the content is.
    pub(crate) fn verify_content(
        &self,
        content_digest: &dyn Fn(DigestAlgorithm) -> Vec<u8>,
        pool: &[Certificate],
    ) -> Result<Verified, Error> {
        let signer = match (&self.signer, self.signers) {
            (Some(signer), 1) => signer,
            (_, found) => return Err(Error::SignerCount { found }),
        };
        let candidates = self.candidates(pool);
        if candidates.is_empty() {
            return Err(Error::SignerNotFound);
        }
        let digest_algorithm = self.digest_algorithm()?;
        let algorithm = asn1::only(&signer.signature_algorithm, SEQUENCE, WHAT)?;
        let scheme = Scheme::read(&algorithm, Some(digest_algorithm))?;
        scheme.check_content_digest(digest_algorithm)?;
        let mut weak = Vec::new();
        let tried = Cell::new(false);
        // One check of a signature goes without saying; more are paid for.
        let pay = |one: &Certificate| if tried.replace(true) { one.spend(one.key().cost()) } else { Ok(()) };
        let certificate = if let Some(signed) = &signer.signed {
            signed.check_single_values()?;
            signed.check_content(&self.content_type, &content_digest(digest_algorithm))?;
            let bound = |candidate: &Certificate| signed.ess(candidate).transpose();
            let (certificate, binding) = first_right(&candidates, |candidate| {
                let binding = bound(candidate)?;
                signed.check_algorithm_protection(&signer.digest_algorithm)?;
                pay(candidate)?;
                signed.verify(candidate, scheme, &signer.signature)?;
                Ok(binding)
            })?;
            if let Some(binding) = binding.filter(|binding| binding.is_weak()) {
                add_weakness(&mut weak, Weakness::WeakBinding(binding));
            }
            certificate
        } else {
            let algorithm = scheme.digest().unwrap_or(digest_algorithm);
            let content = content_digest(algorithm);
            let by = |candidate: &Certificate| {
                pay(candidate)?;
                candidate.key().verify_digest(scheme, &content, &signer.signature)
            };
            first_right(&candidates, by)?.0
        };
        if digest_algorithm.is_weak() {
            add_weakness(&mut weak, Weakness::WeakDigest(digest_algorithm));
        }
        for weakness in certificate.key().weaknesses(scheme) {
            add_weakness(&mut weak, weakness);
        }
        Ok(Verified {
            signer: certificate.clone(),
            digest_algorithm,
            signature_algorithm: scheme.name(),
            has_signed_attributes: signer.signed.is_some(),
            weak,
        })
    }

    /// Whether an ESS signing-certificate attribute is present at all.
    #[must_use]
    pub fn has_ess(&self) -> bool {
        let signed = self.signer.as_ref().and_then(|signer| signer.signed.as_ref());
        signed.is_some_and(SignedAttributes::has_ess)
    }

    pub(crate) fn content_type_is(&self, oid: &ObjectIdentifier) -> bool {
        self.content_type == *oid
    }

    /// Who signed, as far as names tell: an embedded certificate, or one of `known`.
    fn find_signer<'a>(&'a self, known: &'a [Certificate]) -> Option<&'a Certificate> {
        let candidates = self.candidates(known);
        let signed = self.signer.as_ref()?.signed.as_ref();
        let named = |one: &&&Certificate| signed.and_then(|signed| signed.ess(one)).is_some_and(|found| found.is_ok());
        candidates.iter().find(named).or_else(|| candidates.first()).copied()
    }

    /// The certificates that the signer identifier fits, the embedded ones before those of `pool`, in an order of their own: a bag is not
    /// signed. Issuer and serial number are the same only by mistake, a key identifier whenever a key is certified again.
    fn candidates<'a>(&'a self, pool: &'a [Certificate]) -> Vec<&'a Certificate> {
        let fitting = |among: &'a [Certificate]| {
            let mut found: Vec<&Certificate> = among.iter().filter(|certificate| self.fits(certificate)).collect();
            found.sort_unstable();
            found.dedup();
            found
        };
        let mut found = fitting(&self.certificates);
        let others: Vec<&Certificate> = fitting(pool).into_iter().filter(|other| !found.contains(other)).collect();
        found.extend(others);
        found
    }

    fn fits(&self, certificate: &Certificate) -> bool {
        match self.signer.as_ref().map(|signer| &signer.id) {
            Some(SignerId::IssuerAndSerial { issuer, serial }) => {
                asn1::same_integer(certificate.raw_serial(), serial) && name::same(certificate.issuer_der(), issuer)
            }
            Some(SignerId::SubjectKeyId(id)) => certificate.facts().subject_key_id.as_ref() == Some(id),
            None => false,
        }
    }

    /// One list of adbe-revocationInfoArchival (ISO 32000-2 §12.8.3.3.2).
    fn archival(&self, tag: u8) -> Vec<Vec<u8>> {
        let list = || -> Option<Vec<Vec<u8>>> {
            let signed = self.signer.as_ref()?.signed.as_ref()?;
            let value = asn1::only(signed.single(&oids::ADBE_REVOCATION)?, SEQUENCE, WHAT).ok()?;
            let members = value.members(WHAT, 8).ok()?;
            let explicit = members.iter().find(|member| member.tag == tag)?;
            let sequence = explicit.reader().expect(SEQUENCE, WHAT).ok()?;
            let items = sequence.members(WHAT, MAX_MEMBERS).ok()?;
            Some(items.iter().map(|item| item.full.to_vec()).collect())
        };
        list().unwrap_or_default()
    }
}

/// The first certificate by which everything is right, and what was found out. If there is none: what is wrong with one whose key at least
/// is named, or else with the first.
fn first_right<'a, T>(
    candidates: &[&'a Certificate],
    check: impl Fn(&Certificate) -> Result<T, Error>,
) -> Result<(&'a Certificate, T), Error> {
    let mut wrong = None;
    for candidate in candidates {
        match check(candidate) {
            Ok(found) => return Ok((candidate, found)),
            Err(error) if wrong.is_none() || wrong == Some(Error::EssMismatch) => wrong = Some(error),
            Err(_) => {}
        }
    }
    Err(wrong.unwrap_or(Error::SignerNotFound))
}

fn add_weakness(weak: &mut Vec<Weakness>, weakness: Weakness) {
    if !weak.contains(&weakness) {
        weak.push(weakness);
    }
}

fn read_signed_data(body: &Tlv<'_>, interner: &Interner) -> Result<SignedData, Error> {
    let mut reader = body.reader();
    reader.expect(INTEGER, WHAT)?;
    reader.expect(SET, WHAT)?;
    let (content_type, content) = read_encapsulated(&reader.expect(SEQUENCE, WHAT)?)?;
    let (mut certificates, mut unreadable) = (Vec::new(), 0);
    if let Some(set) = reader.optional(0xa0, WHAT)? {
        (certificates, unreadable) = read_each(&set.members(WHAT, MAX_MEMBERS)?, interner);
    }
    let (mut crls, mut ocsps) = (Vec::new(), Vec::new());
    if let Some(set) = reader.optional(0xa1, WHAT)? {
        for member in set.members(WHAT, MAX_MEMBERS)? {
            match member.tag {
                SEQUENCE => crls.push(member.full.to_vec()),
                0xa1 => ocsps.extend(other_revocation(&member)),
                _ => {}
            }
        }
    }
    let infos = reader.expect(SET, WHAT)?.members(WHAT, MAX_MEMBERS)?;
    let signer = infos.first().map(read_signer_info).transpose()?;
    Ok(SignedData {
        der: Vec::new(),
        trailing: Trailing::None,
        content_type,
        content,
        certificates,
        unreadable,
        crls,
        ocsps,
        signers: infos.len(),
        signer,
    })
}

/// PKCS#7 allowed any type here; its octets are then the content (RFC 5652 §5.2.1). A time-stamp is younger: RFC 3161 §2.4.2 has an OCTET
/// STRING alone, and the tag is not signed.
fn one_content(content_type: &ObjectIdentifier, explicit: &Tlv<'_>) -> Result<Vec<u8>, Error> {
    let mut reader = explicit.reader();
    let value = reader.any(WHAT)?;
    reader.finish(WHAT)?;
    if *content_type == oids::TST_INFO && value.tag != OCTET_STRING {
        return Err(Error::NotATimestamp);
    }
    Ok(value.content.to_vec())
}

fn read_encapsulated(sequence: &Tlv<'_>) -> Result<(ObjectIdentifier, Option<Vec<u8>>), Error> {
    let mut reader = sequence.reader();
    let content_type = reader.expect(OID, WHAT)?.oid().ok_or(Error::Malformed { what: WHAT })?;
    let content = match reader.optional(0xa0, WHAT)? {
        Some(explicit) => Some(one_content(&content_type, &explicit)?),
        None => None,
    };
    reader.finish(WHAT)?;
    Ok((content_type, content))
}

/// OtherRevocationInfoFormat with an OCSP response (RFC 5940 §2.1).
fn other_revocation(member: &Tlv<'_>) -> Option<Vec<u8>> {
    let mut reader = member.reader();
    if reader.any(WHAT).ok()?.oid()? != oids::RI_OCSP_RESPONSE {
        return None;
    }
    Some(reader.any(WHAT).ok()?.full.to_vec())
}

fn read_signer_info(info: &Tlv<'_>) -> Result<SignerInfo, Error> {
    let mut reader = info.reader();
    reader.expect(INTEGER, WHAT)?;
    let sid = reader.any(WHAT)?;
    let id = match sid.tag {
        SEQUENCE => {
            let mut pair = sid.reader();
            let issuer = pair.expect(SEQUENCE, WHAT)?.full.to_vec();
            SignerId::IssuerAndSerial { issuer, serial: pair.expect(INTEGER, WHAT)?.content.to_vec() }
        }
        0x80 => SignerId::SubjectKeyId(sid.content.to_vec()),
        _ => return Err(Error::Malformed { what: WHAT }),
    };
    let digest_algorithm = reader.expect(SEQUENCE, WHAT)?.full.to_vec();
    let signed = reader.optional(0xa0, WHAT)?.map(|set| SignedAttributes::read(&set)).transpose()?;
    let signature_algorithm = reader.expect(SEQUENCE, WHAT)?.full.to_vec();
    let signature = reader.expect(OCTET_STRING, WHAT)?.content.to_vec();
    let unsigned = match reader.optional(0xa1, WHAT)? {
        Some(set) => attributes::read(&set)?,
        None => Vec::new(),
    };
    reader.finish(WHAT)?;
    Ok(SignerInfo { id, digest_algorithm, signed, signature_algorithm, signature, unsigned })
}
