//! OCSP (RFC 6960, RFC 8954): ask and check. It fetches nothing and trusts nobody but the issuer it is given.

use std::cmp::Reverse;

use crate::asn1::{self, BIT_STRING, ENUMERATED, INTEGER, OCTET_STRING, OID, Reader, SEQUENCE, Tlv};
use crate::certificate::read_each;
use crate::interner::{Interner, Maker};
use crate::verify::{Scheme, digest_algorithm};
use crate::{Certificate, DigestAlgorithm, Error, Weakness, digest, extensions, oids, time};

/// The largest response, octets.
const MAX_LENGTH: usize = 1024 * 1024;
/// The most single responses, and embedded certificates.
const MAX_MEMBERS: usize = 64;
/// How long an answer without nextUpdate is taken as current, seconds: one day.
pub(crate) const MAX_AGE_WITHOUT_NEXT_UPDATE: i64 = 86_400;

const WHAT: &str = "OCSP response";

/// CertID by SHA-1, which is what deployed responders know (RFC 5019 §2.1.1).
pub(crate) fn cert_id(certificate: &Certificate, issuer: &Certificate) -> Result<Vec<u8>, Error> {
    let algorithm = asn1::sequence(&[&asn1::oid(&oids::SHA1), &asn1::tlv(asn1::NULL, &[])]);
    Ok(asn1::sequence(&[
        &algorithm,
        &asn1::octets(&digest(DigestAlgorithm::Sha1, &[certificate.issuer_der()])),
        &asn1::octets(&digest(DigestAlgorithm::Sha1, &[issuer.key_octets()?])),
        &asn1::tlv(INTEGER, &[certificate.raw_serial()]),
    ]))
}

/// The nonce extension (RFC 8954 §2.1): an OCTET STRING inside the extension's value.
pub(crate) fn nonce_extension(nonce: &[u8]) -> Vec<u8> {
    asn1::sequence(&[&asn1::oid(&oids::OCSP_NONCE), &asn1::octets(&asn1::octets(nonce))])
}

/// DER OCSPRequest for one certificate.
///
/// # Errors
/// [`Error::IssuerMismatch`] where `issuer` does not have the issuer's name.
pub fn request(cert: &Certificate, issuer: &Certificate, nonce: Option<&[u8]>) -> Result<Vec<u8>, Error> {
    if !crate::name::same(cert.issuer_der(), issuer.subject_der()) {
        return Err(Error::IssuerMismatch);
    }
    let list = asn1::sequence(&[&asn1::sequence(&[&cert_id(cert, issuer)?])]);
    let extensions = match nonce {
        Some(nonce) => asn1::tlv(0xa2, &[&asn1::sequence(&[&nonce_extension(nonce)])]),
        None => Vec::new(),
    };
    Ok(asn1::sequence(&[&asn1::sequence(&[&list, &extensions])]))
}

/// How evidence must lie to the instant asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Freshness {
    /// thisUpdate ≤ at ≤ nextUpdate, with a minute's tolerance.
    Current,
    /// As `Current`, or made later than `at`: it then speaks about the past (ETSI EN 319 102-1 §5.2.5).
    Historical,
}

/// What a responder or CRL says about one certificate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CertStatus {
    /// Not revoked.
    Good,
    /// Revoked (or on hold: reason 6).
    Revoked {
        /// Unix seconds.
        at: i64,
        /// CRLReason (RFC 5280 §5.3.1).
        reason: Option<u8>,
    },
    /// Unknown to the responder.
    Unknown,
}

/// How grave a reason for a revocation is (RFC 5280 §5.3.1): a hold may be lifted; after a change, a replacement or an end nobody else
/// has the key; whatever else there is, or no reason, may mean that others have it.
pub(crate) fn gravity(reason: Option<u8>) -> u8 {
    match reason {
        Some(6) => 0,
        Some(3..=5) => 1,
        _ => 2,
    }
}

/// The graver of two reasons, in whichever order.
pub(crate) fn gravest(one: Option<u8>, other: Option<u8>) -> Option<u8> {
    let key = |reason: Option<u8>| (gravity(reason), reason);
    if key(one) >= key(other) { one } else { other }
}

/// A checked answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OcspStatus {
    /// What the responder says.
    pub status: CertStatus,
    /// thisUpdate, Unix seconds.
    pub this_update: i64,
    /// nextUpdate, Unix seconds.
    pub next_update: Option<i64>,
    /// producedAt, Unix seconds.
    pub produced_at: i64,
    /// archiveCutoff, Unix seconds: answers about certificates that expired since are reliable.
    pub archive_cutoff: Option<i64>,
    /// invalidityDate of a revocation (RFC 6960 §4.4.5, RFC 5280 §5.3.2), Unix seconds: since when the issuer doubts the certificate.
    pub invalid_since: Option<i64>,
    /// The certificate that signed the response.
    pub responder: Certificate,
    /// True if `responder` is not the issuer itself.
    pub delegated: bool,
}

#[derive(Clone, Debug)]
struct Single {
    algorithm: DigestAlgorithm,
    name_hash: Vec<u8>,
    key_hash: Vec<u8>,
    serial: Vec<u8>,
    status: CertStatus,
    this_update: i64,
    next_update: Option<i64>,
    archive_cutoff: Option<i64>,
    invalid_since: Option<i64>,
}

/// An OCSP response with status successful. Nothing is verified before [`Response::check`].
#[derive(Clone, Debug)]
pub struct Response {
    der: Vec<u8>,
    tbs: Vec<u8>,
    scheme: Scheme,
    signature: Vec<u8>,
    responder: ResponderId,
    produced_at: i64,
    singles: Vec<Single>,
    nonce: Option<Vec<u8>>,
    certificates: Vec<Certificate>,
    maker: Maker,
}

/// ResponderID (RFC 6960 §4.2.1).
#[derive(Clone, Debug)]
enum ResponderId {
    /// DER name.
    ByName(Vec<u8>),
    /// SHA-1 of the key's octets.
    ByKey(Vec<u8>),
}

impl ResponderId {
    fn read(choice: &Tlv<'_>) -> Result<Self, Error> {
        match choice.tag {
            0xa1 => Ok(Self::ByName(choice.reader().expect(SEQUENCE, WHAT)?.full.to_vec())),
            0xa2 => Ok(Self::ByKey(choice.reader().expect(OCTET_STRING, WHAT)?.content.to_vec())),
            _ => Err(Error::Malformed { what: WHAT }),
        }
    }

    fn names(&self, candidate: &Certificate) -> bool {
        match self {
            Self::ByName(name) => crate::name::same(name, candidate.subject_der()),
            Self::ByKey(hash) => candidate.key_octets().is_ok_and(|key| digest(DigestAlgorithm::Sha1, &[key]) == *hash),
        }
    }
}

/// What comparing a responder's name or key with a certificate's costs at the most, microseconds.
const NAMED: u64 = 4;

impl Response {
    /// Reads an OCSPResponse of at most 1 MiB. Fractions of seconds, which RFC 6960 forbids, are read.
    ///
    /// # Errors
    /// [`Error::OcspRefused`] for an error status; [`Error::CriticalExtension`]; [`Error::UnsupportedAlgorithm`];
    /// [`Error::Malformed`], [`Error::Limit`].
    pub fn parse(der: &[u8]) -> Result<Self, Error> {
        Self::parse_in(der, &Interner::default())
    }

    /// As [`Response::parse`]; X.509 certificates are read through `interner`.
    pub(crate) fn parse_in(der: &[u8], interner: &Interner) -> Result<Self, Error> {
        if der.len() > MAX_LENGTH {
            return Err(Error::Limit { what: WHAT, limit: MAX_LENGTH });
        }
        let whole = asn1::Reader::new(der).expect(SEQUENCE, WHAT)?;
        let mut outer = whole.reader();
        let status = asn1::small_integer(outer.expect(ENUMERATED, WHAT)?.content, WHAT)?;
        if status != 0 {
            return Err(Error::OcspRefused { status: u8::try_from(status).unwrap_or(u8::MAX) });
        }
        let mut bytes = outer.expect(0xa0, WHAT)?.reader().expect(SEQUENCE, WHAT)?.reader();
        if bytes.expect(OID, WHAT)?.oid() != Some(oids::OCSP_BASIC) {
            return Err(Error::Malformed { what: WHAT });
        }
        let basic = asn1::only(bytes.expect(OCTET_STRING, WHAT)?.content, SEQUENCE, WHAT)?;
        let mut read = read_basic(&basic, interner)?;
        read.der = whole.full.to_vec();
        Ok(read)
    }

    /// The response, without what may have followed it.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// producedAt, Unix seconds.
    #[must_use]
    pub fn produced_at(&self) -> i64 {
        self.produced_at
    }

    /// Nonce, if any.
    #[must_use]
    pub fn nonce(&self) -> Option<&[u8]> {
        self.nonce.as_deref()
    }

    /// Compares the nonce with the one sent. Many responders leave it out: `required` decides about those.
    ///
    /// # Errors
    /// [`Error::OcspNonce`].
    pub fn check_nonce(&self, nonce: &[u8], required: bool) -> Result<(), Error> {
        match &self.nonce {
            Some(echoed) if echoed == nonce => Ok(()),
            None if !required => Ok(()),
            _ => Err(Error::OcspNonce),
        }
    }

    /// Embedded certificates.
    #[must_use]
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// Whether one of the answers is about this certificate; cheap, nothing is verified.
    #[must_use]
    pub fn is_about(&self, cert: &Certificate, issuer: &Certificate) -> bool {
        self.answers(cert, issuer).is_ok()
    }

    /// Checks answer, signature, authority and time: what the response says about `cert` at `at` (Unix seconds). Of several answers
    /// about it a revocation counts, unless it is a hold and a newer answer says good; else the newest.
    ///
    /// # Errors
    /// [`Error::OcspOtherCertificate`], [`Error::OcspResponder`], [`Error::OcspResponderId`], [`Error::SignatureInvalid`],
    /// [`Error::NotFresh`]. Whether a delegated responder was itself revoked is [`crate::path::revocation`]'s matter.
    pub fn check(
        &self,
        cert: &Certificate,
        issuer: &Certificate,
        at: i64,
        freshness: Freshness,
    ) -> Result<OcspStatus, Error> {
        let single = weightiest(&self.answers(cert, issuer)?).ok_or(Error::OcspOtherCertificate)?;
        let (responder, delegated) = self.responders(issuer, &[])?.into_iter().next().ok_or(Error::OcspResponder)?;
        let status = self.status(single, &responder, delegated);
        if status.is_fresh(cert, at, freshness) { Ok(status) } else { Err(Error::NotFresh { what: "OCSP response" }) }
    }

    /// As `check`, without judging the time: every answer about this certificate, by each whom the issuer may have had answer; a
    /// delegated responder may also come from `pool`. Never empty.
    pub(crate) fn lookup(
        &self,
        cert: &Certificate,
        issuer: &Certificate,
        pool: &[Certificate],
    ) -> Result<Vec<Vec<OcspStatus>>, Error> {
        let answers = self.answers(cert, issuer)?;
        let by = |(responder, delegated): (Certificate, bool)| {
            answers.iter().map(|single| self.status(single, &responder, delegated)).collect()
        };
        Ok(self.responders(issuer, pool)?.into_iter().map(by).collect())
    }

    fn status(&self, single: &Single, responder: &Certificate, delegated: bool) -> OcspStatus {
        OcspStatus {
            status: single.status,
            this_update: single.this_update,
            next_update: single.next_update,
            produced_at: self.produced_at,
            archive_cutoff: single.archive_cutoff,
            invalid_since: single.invalid_since,
            responder: responder.clone(),
            delegated,
        }
    }

    /// What about the signature that `responder` made should no longer be relied on.
    pub(crate) fn weaknesses(&self, responder: &Certificate) -> Vec<Weakness> {
        responder.key().weaknesses(self.scheme)
    }

    /// The answers about this certificate.
    fn answers(&self, cert: &Certificate, issuer: &Certificate) -> Result<Vec<&Single>, Error> {
        let key = issuer.key_octets()?;
        let about = |single: &&Single| {
            let revoked = matches!(single.status, CertStatus::Revoked { .. });
            let same = if revoked { asn1::same_revoked_serial } else { asn1::same_integer };
            same(&single.serial, cert.raw_serial())
                && single.name_hash == digest(single.algorithm, &[cert.issuer_der()])
                && single.key_hash == digest(single.algorithm, &[key])
        };
        let found: Vec<&Single> = self.singles.iter().filter(about).collect();
        if found.is_empty() { Err(Error::OcspOtherCertificate) } else { Ok(found) }
    }

    /// Whether this key made the signature, whoever it belongs to.
    fn verify(&self, signer: &Certificate) -> Result<(), Error> {
        let key = signer.key();
        self.maker.is(key, self.tbs.len(), || key.verify(self.scheme, &self.tbs, &self.signature))
    }

    /// Who may have signed: the issuer alone, or the responders that the issuer delegated (RFC 6960 §4.2.2.2), several where a key has
    /// several X.509 certificates. Never empty; in an order of their own.
    fn responders(&self, issuer: &Certificate, pool: &[Certificate]) -> Result<Vec<(Certificate, bool)>, Error> {
        let by = |key: &Certificate| {
            self.maker.spend(NAMED)?;
            if !self.responder.names(key) {
                return Err(Error::OcspResponder);
            }
            self.verify(key)
        };
        if by(issuer).is_ok() {
            return Ok(vec![(issuer.clone(), false)]);
        }
        let mut seen_signer = false;
        let mut found: Vec<Certificate> = Vec::new();
        for candidate in self.certificates.iter().chain(pool) {
            if !candidate.has_ocsp_signing_eku() && !self.certificates.contains(candidate) {
                continue;
            }
            if by(candidate).is_err() {
                continue;
            }
            seen_signer = true;
            let authorised = candidate.has_ocsp_signing_eku()
                && candidate.allows_digital_signature_or_non_repudiation()
                && candidate.valid_at(self.produced_at)
                && crate::path::check_critical(candidate).is_ok()
                && candidate.verify_issued_by(issuer).is_ok();
            if authorised {
                found.push(candidate.clone());
            }
        }
        if !found.is_empty() {
            found.sort_unstable();
            found.dedup();
            return Ok(found.into_iter().map(|responder| (responder, true)).collect());
        }
        let signed = |key: &Certificate| self.verify(key).is_ok();
        if !seen_signer && std::iter::once(issuer).chain(&self.certificates).any(signed) {
            return Err(Error::OcspResponderId);
        }
        // Someone else's good signature is a question of authority; no good signature at all is a forgery or damage.
        if seen_signer || self.certificates.is_empty() {
            Err(Error::OcspResponder)
        } else {
            Err(Error::SignatureInvalid)
        }
    }
}

/// Which of several answers about one X.509 certificate counts, in whichever order they stand.
fn weightiest<'s>(answers: &[&'s Single]) -> Option<&'s Single> {
    let lifted = |held: &Single| {
        matches!(held.status, CertStatus::Revoked { reason: Some(6), .. })
            && answers.iter().any(|newer| newer.status == CertStatus::Good && newer.this_update > held.this_update)
    };
    let revoked = answers.iter().filter(|one| !lifted(one)).filter_map(|one| match one.status {
        CertStatus::Revoked { at, reason } => Some((at, Reverse(gravity(reason)), reason, *one)),
        CertStatus::Good | CertStatus::Unknown => None,
    });
    let first = revoked.min_by_key(|(at, gravity, reason, _)| (*at, *gravity, *reason)).map(|(.., one)| one);
    // Of two equally new answers the worse one counts.
    let newest = || answers.iter().copied().max_by_key(|one| (one.this_update, one.status != CertStatus::Good));
    first.or_else(newest)
}

impl OcspStatus {
    pub(crate) fn is_fresh(&self, cert: &Certificate, at: i64, freshness: Freshness) -> bool {
        is_fresh(&Window {
            this_update: self.this_update,
            next_update: self.next_update,
            kept_since: self.archive_cutoff,
            cert_not_before: cert.not_before(),
            cert_not_after: cert.not_after(),
            revoked: matches!(self.status, CertStatus::Revoked { .. }),
            at,
            freshness,
        })
    }
}

/// What decides about the time of an OCSP answer or a CRL.
pub(crate) struct Window {
    pub(crate) this_update: i64,
    pub(crate) next_update: Option<i64>,
    /// archiveCutoff or expiredCertsOnCRL.
    pub(crate) kept_since: Option<i64>,
    pub(crate) cert_not_before: i64,
    pub(crate) cert_not_after: i64,
    pub(crate) revoked: bool,
    pub(crate) at: i64,
    pub(crate) freshness: Freshness,
}

pub(crate) fn is_fresh(window: &Window) -> bool {
    let end = window.next_update.unwrap_or(window.this_update.saturating_add(MAX_AGE_WITHOUT_NEXT_UPDATE));
    // What was said before there was such a certificate says nothing of it.
    if !window.revoked && window.this_update.saturating_add(time::SKEW) < window.cert_not_before {
        return false;
    }
    let begun = window.this_update <= window.at.saturating_add(time::SKEW);
    if begun && window.at <= end.saturating_add(time::SKEW) {
        return true;
    }
    if window.freshness == Freshness::Current || window.this_update < window.at {
        return false;
    }
    // Once a certificate has expired, its revocation may have been forgotten: "good" then needs a promise to keep it.
    let kept = window.this_update <= window.cert_not_after
        || window.kept_since.is_some_and(|since| since <= window.cert_not_after);
    window.revoked || kept
}

fn read_basic(basic: &Tlv<'_>, interner: &Interner) -> Result<Response, Error> {
    let mut reader = basic.reader();
    let data = reader.expect(SEQUENCE, WHAT)?;
    let scheme = Scheme::read(&reader.expect(SEQUENCE, WHAT)?, None)?;
    let signature = asn1::bit_octets(reader.expect(BIT_STRING, WHAT)?.content, WHAT)?.to_vec();
    let mut certificates = Vec::new();
    if let Some(explicit) = reader.optional(0xa0, WHAT)? {
        let list = explicit.reader().expect(SEQUENCE, WHAT)?;
        certificates = read_each(&list.members(WHAT, MAX_MEMBERS)?, interner).0;
    }
    let mut fields = data.reader();
    fields.optional(0xa0, WHAT)?;
    let responder = ResponderId::read(&fields.any(WHAT)?)?;
    let produced_at = time::unix(&fields.any(WHAT)?, WHAT)?;
    let list = fields.expect(SEQUENCE, WHAT)?.members(WHAT, MAX_MEMBERS)?;
    let singles = list.iter().filter_map(|single| read_single(single).transpose()).collect::<Result<Vec<_>, _>>()?;
    let nonce = read_response_extensions(&mut fields)?;
    Ok(Response {
        der: Vec::new(),
        tbs: data.full.to_vec(),
        scheme,
        signature,
        responder,
        produced_at,
        singles,
        nonce,
        certificates,
        maker: interner.maker(),
    })
}

fn read_response_extensions(fields: &mut Reader<'_>) -> Result<Option<Vec<u8>>, Error> {
    let Some(explicit) = fields.optional(0xa1, WHAT)? else { return Ok(None) };
    let mut nonce = None;
    for extension in extensions::read(&explicit.reader().expect(SEQUENCE, WHAT)?)? {
        if extension.oid == oids::OCSP_NONCE {
            nonce = Some(unwrap_nonce(extension.value));
        } else if extension.critical {
            return Err(Error::CriticalExtension { oid: extension.oid.to_string() });
        }
    }
    Ok(nonce)
}

/// Older responders put the bare octets where an OCTET STRING belongs.
pub(crate) fn unwrap_nonce(value: &[u8]) -> Vec<u8> {
    asn1::only(value, OCTET_STRING, WHAT).map_or(value, |inner| inner.content).to_vec()
}

/// One answer; `None` for one whose hash algorithm is unknown, as it cannot be ours.
fn read_single(single: &Tlv<'_>) -> Result<Option<Single>, Error> {
    let mut reader = single.reader();
    let id = reader.expect(SEQUENCE, WHAT)?;
    let status = read_status(&reader.any(WHAT)?)?;
    let this_update = time::unix(&reader.any(WHAT)?, WHAT)?;
    let next_update = match reader.optional(0xa0, WHAT)? {
        Some(explicit) => Some(time::unix(&explicit.reader().any(WHAT)?, WHAT)?),
        None => None,
    };
    let (mut archive_cutoff, mut invalid_since) = (None, None);
    if let Some(explicit) = reader.optional(0xa1, WHAT)? {
        for extension in extensions::read(&explicit.reader().expect(SEQUENCE, WHAT)?)? {
            if extension.oid == oids::OCSP_ARCHIVE_CUTOFF {
                archive_cutoff = Some(time::unix(&Reader::new(extension.value).any(WHAT)?, WHAT)?);
            } else if extension.oid == oids::INVALIDITY_DATE {
                invalid_since = Some(time::unix(&Reader::new(extension.value).any(WHAT)?, WHAT)?);
            } else if extension.critical {
                return Err(Error::CriticalExtension { oid: extension.oid.to_string() });
            }
        }
    }
    let mut id = id.reader();
    let Ok(algorithm) = digest_algorithm(&id.expect(SEQUENCE, WHAT)?) else { return Ok(None) };
    Ok(Some(Single {
        algorithm,
        name_hash: id.expect(OCTET_STRING, WHAT)?.content.to_vec(),
        key_hash: id.expect(OCTET_STRING, WHAT)?.content.to_vec(),
        serial: id.expect(INTEGER, WHAT)?.content.to_vec(),
        status,
        this_update,
        next_update,
        archive_cutoff,
        invalid_since,
    }))
}

fn read_status(status: &Tlv<'_>) -> Result<CertStatus, Error> {
    match status.tag {
        0x80 => Ok(CertStatus::Good),
        0x82 => Ok(CertStatus::Unknown),
        0xa1 => {
            let mut reader = status.reader();
            let at = time::unix(&reader.any(WHAT)?, WHAT)?;
            let reason = match reader.optional(0xa0, WHAT)? {
                Some(explicit) => {
                    let value = asn1::small_integer(explicit.reader().expect(ENUMERATED, WHAT)?.content, WHAT)?;
                    Some(u8::try_from(value).map_err(|_| Error::Malformed { what: WHAT })?)
                }
                None => None,
            };
            Ok(CertStatus::Revoked { at, reason })
        }
        _ => Err(Error::Malformed { what: WHAT }),
    }
}
