//! CRLs (RFC 5280 §5): check one certificate against one CRL. Delta CRLs, indirect CRLs and CRLs for some reasons only
//! are refused, never half understood.

use crate::asn1::{self, BIT_STRING, ENUMERATED, INTEGER, Reader, SEQUENCE, Tlv};
use crate::ocsp::{CertStatus, Freshness, Window, is_fresh};
use crate::verify::Scheme;
use crate::{Certificate, Error, extensions, name, oids, time};

/// The largest CRL, octets (stack.md B6 caps the fetch at 20 MiB).
const MAX_LENGTH: usize = 32 * 1024 * 1024;

const WHAT: &str = "CRL";

/// A checked look-up.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CrlStatus {
    /// Good or revoked, never unknown.
    pub status: CertStatus,
    /// thisUpdate, Unix seconds.
    pub this_update: i64,
    /// nextUpdate, Unix seconds.
    pub next_update: Option<i64>,
    /// expiredCertsOnCRL, Unix seconds: certificates that expired since are kept on the CRL.
    pub expired_certs_on_crl: Option<i64>,
}

/// issuingDistributionPoint (RFC 5280 §5.2.5), as far as it is processed.
#[derive(Clone, Debug, Default)]
struct Scope {
    /// Locations of the distribution point; `None` where it names none.
    urls: Option<Vec<String>>,
    only_user: bool,
    only_ca: bool,
}

/// A CRL that was read. Nothing is verified before [`Crl::check`].
#[derive(Clone, Debug)]
pub struct Crl {
    der: Vec<u8>,
    /// Offset and length of tbsCertList in `der`.
    tbs: (usize, usize),
    scheme: Scheme,
    signature: Vec<u8>,
    issuer: Vec<u8>,
    issuer_text: String,
    this_update: i64,
    next_update: Option<i64>,
    /// Offset and length of the entries in `der`.
    revoked: (usize, usize),
    number: Option<Vec<u8>>,
    expired_certs_on_crl: Option<i64>,
    scope: Option<Scope>,
}

impl Crl {
    /// Reads a DER CRL of at most 32 MiB; entries are only walked when looked up.
    ///
    /// # Errors
    /// [`Error::CrlScope`] for a kind that is not processed; [`Error::CriticalExtension`];
    /// [`Error::UnsupportedAlgorithm`]; [`Error::Malformed`], [`Error::Limit`].
    pub fn parse(der: &[u8]) -> Result<Self, Error> {
        if der.len() > MAX_LENGTH {
            return Err(Error::Limit { what: WHAT, limit: MAX_LENGTH });
        }
        let whole = Reader::new(der).expect(SEQUENCE, WHAT)?;
        let mut outer = whole.reader();
        let tbs = outer.expect(SEQUENCE, WHAT)?;
        let algorithm = outer.expect(SEQUENCE, WHAT)?;
        let signature = asn1::bit_octets(outer.expect(BIT_STRING, WHAT)?.content, WHAT)?.to_vec();
        outer.finish(WHAT)?;
        let mut reader = tbs.reader();
        reader.optional(INTEGER, WHAT)?;
        if reader.expect(SEQUENCE, WHAT)?.full != algorithm.full {
            return Err(Error::Malformed { what: "signature algorithm named twice differently" });
        }
        let issuer = reader.expect(SEQUENCE, WHAT)?.full;
        let this_update = time::unix(&reader.any(WHAT)?, WHAT)?;
        let next_update = match reader.peek() {
            Some(asn1::UTC_TIME | asn1::GENERALIZED_TIME) => Some(time::unix(&reader.any(WHAT)?, WHAT)?),
            _ => None,
        };
        let revoked = reader.optional(SEQUENCE, WHAT)?.map_or(&[][..], |list| list.content);
        let mut crl = Self {
            der: whole.full.to_vec(),
            tbs: span(der, tbs.full),
            scheme: Scheme::read(&algorithm, None)?,
            signature,
            issuer: issuer.to_vec(),
            issuer_text: name::display(issuer)?,
            this_update,
            next_update,
            revoked: span(der, revoked),
            number: None,
            expired_certs_on_crl: None,
            scope: None,
        };
        if let Some(explicit) = reader.optional(0xa0, WHAT)? {
            crl.take_extensions(&explicit.reader().expect(SEQUENCE, WHAT)?)?;
        }
        reader.finish(WHAT)?;
        Ok(crl)
    }

    fn take_extensions(&mut self, list: &Tlv<'_>) -> Result<(), Error> {
        for extension in extensions::read(list)? {
            match extension.oid {
                oids::DELTA_CRL => return Err(Error::CrlScope { what: "delta" }),
                oids::ISSUING_DISTRIBUTION_POINT => self.scope = Some(read_scope(extension.value)?),
                oids::CRL_NUMBER => {
                    self.number = Some(asn1::only(extension.value, INTEGER, WHAT)?.content.to_vec());
                }
                oids::EXPIRED_CERTS_ON_CRL => {
                    self.expired_certs_on_crl = time::unix(&Reader::new(extension.value).any(WHAT)?, WHAT).ok();
                }
                oids::AUTHORITY_KEY_ID => {}
                other if extension.critical => return Err(Error::CriticalExtension { oid: other.to_string() }),
                _ => {}
            }
        }
        Ok(())
    }

    /// The CRL as it was read.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// RFC 4514 text of the issuer.
    #[must_use]
    pub fn issuer(&self) -> String {
        self.issuer_text.clone()
    }

    /// thisUpdate, Unix seconds.
    #[must_use]
    pub fn this_update(&self) -> i64 {
        self.this_update
    }

    /// nextUpdate, Unix seconds.
    #[must_use]
    pub fn next_update(&self) -> Option<i64> {
        self.next_update
    }

    /// cRLNumber, lower-case hex.
    #[must_use]
    pub fn number_hex(&self) -> Option<String> {
        self.number.as_deref().map(|number| hex::encode(asn1::unsigned(number)))
    }

    /// Whether the CRL bears the name of this certificate's issuer; cheap, nothing is verified.
    #[must_use]
    pub fn is_about(&self, cert: &Certificate) -> bool {
        name::same(&self.issuer, cert.issuer_der())
    }

    /// Checks name, scope, signature and time, and looks the serial up: what holds for `cert` at `at` (Unix seconds).
    ///
    /// # Errors
    /// [`Error::IssuerMismatch`], [`Error::NotAnIssuer`], [`Error::CrlScope`], [`Error::SignatureInvalid`],
    /// [`Error::NotFresh`], [`Error::CriticalExtension`] (in an entry), [`Error::Malformed`].
    pub fn check(
        &self,
        cert: &Certificate,
        issuer: &Certificate,
        at: i64,
        freshness: Freshness,
    ) -> Result<CrlStatus, Error> {
        let status = self.lookup(cert, issuer)?;
        if status.is_fresh(cert, at, freshness) { Ok(status) } else { Err(Error::NotFresh { what: WHAT }) }
    }

    /// As `check`, without judging the time.
    pub(crate) fn lookup(&self, cert: &Certificate, issuer: &Certificate) -> Result<CrlStatus, Error> {
        if !self.is_about(cert) || !name::same(&self.issuer, issuer.subject_der()) {
            return Err(Error::IssuerMismatch);
        }
        if issuer.facts().key_usage.is_some_and(|usage| !usage.crl_sign) {
            return Err(Error::NotAnIssuer { what: "keyUsage lacks cRLSign" });
        }
        self.check_scope(cert)?;
        issuer.key().verify(self.scheme, self.part(self.tbs)?, &self.signature)?;
        Ok(CrlStatus {
            status: self.find(&cert.serial())?,
            this_update: self.this_update,
            next_update: self.next_update,
            expired_certs_on_crl: self.expired_certs_on_crl,
        })
    }

    /// RFC 5280 §6.3.3 (b)(2).
    fn check_scope(&self, cert: &Certificate) -> Result<(), Error> {
        let Some(scope) = &self.scope else { return Ok(()) };
        if scope.only_user && cert.is_ca() {
            return Err(Error::CrlScope { what: "only end entities" });
        }
        if scope.only_ca && !cert.is_ca() {
            return Err(Error::CrlScope { what: "only CAs" });
        }
        match &scope.urls {
            Some(urls) if !cert.facts().crl_urls.iter().any(|url| urls.contains(url)) => {
                Err(Error::CrlScope { what: "other distribution point" })
            }
            _ => Ok(()),
        }
    }

    fn part(&self, (offset, length): (usize, usize)) -> Result<&[u8], Error> {
        self.der.get(offset..offset.saturating_add(length)).ok_or(Error::Malformed { what: WHAT })
    }

    /// Walks all entries: a broken or critical one must not hide behind an early hit.
    fn find(&self, serial: &[u8]) -> Result<CertStatus, Error> {
        let mut reader = Reader::new(self.part(self.revoked)?);
        let mut status = CertStatus::Good;
        while !reader.is_empty() {
            let mut entry = reader.expect(SEQUENCE, WHAT)?.reader();
            let matches = asn1::unsigned(entry.expect(INTEGER, WHAT)?.content) == serial;
            let date = entry.any(WHAT)?;
            let reason = match entry.optional(SEQUENCE, WHAT)? {
                Some(list) => read_entry_extensions(&list)?,
                None => None,
            };
            if matches && status == CertStatus::Good {
                status = CertStatus::Revoked { at: time::unix(&date, WHAT)?, reason };
            }
        }
        Ok(status)
    }
}

impl CrlStatus {
    pub(crate) fn is_fresh(&self, cert: &Certificate, at: i64, freshness: Freshness) -> bool {
        is_fresh(&Window {
            this_update: self.this_update,
            next_update: self.next_update,
            kept_since: self.expired_certs_on_crl,
            cert_not_after: cert.not_after(),
            revoked: matches!(self.status, CertStatus::Revoked { .. }),
            at,
            freshness,
        })
    }
}

/// Offset and length of a part of `whole`.
fn span(whole: &[u8], part: &[u8]) -> (usize, usize) {
    let offset = (part.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize);
    if part.is_empty() { (0, 0) } else { (offset, part.len()) }
}

fn read_entry_extensions(list: &Tlv<'_>) -> Result<Option<u8>, Error> {
    let mut reason = None;
    for extension in extensions::read(list)? {
        match extension.oid {
            oids::CRL_REASON => {
                let value = asn1::small_integer(asn1::only(extension.value, ENUMERATED, WHAT)?.content, WHAT)?;
                reason = u8::try_from(value).ok();
            }
            oids::CERTIFICATE_ISSUER => return Err(Error::CrlScope { what: "indirect" }),
            oids::INVALIDITY_DATE => {}
            other if extension.critical => return Err(Error::CriticalExtension { oid: other.to_string() }),
            _ => {}
        }
    }
    Ok(reason)
}

fn read_scope(value: &[u8]) -> Result<Scope, Error> {
    let mut scope = Scope::default();
    for field in asn1::only(value, SEQUENCE, WHAT)?.members(WHAT, 8)? {
        let set = field.content != [0];
        match field.tag {
            0xa0 => scope.urls = Some(read_point(&field)?),
            0x81 => scope.only_user = set,
            0x82 => scope.only_ca = set,
            0x83 => return Err(Error::CrlScope { what: "only some reasons" }),
            0x84 if set => return Err(Error::CrlScope { what: "indirect" }),
            0x85 if set => return Err(Error::CrlScope { what: "only attribute certificates" }),
            0x84 | 0x85 => {}
            _ => return Err(Error::Malformed { what: WHAT }),
        }
    }
    Ok(scope)
}

/// The locations in DistributionPointName; a name relative to the issuer is not processed.
fn read_point(field: &Tlv<'_>) -> Result<Vec<String>, Error> {
    let full = field.reader().any(WHAT)?;
    if full.tag != 0xa0 {
        return Err(Error::CrlScope { what: "relative distribution point" });
    }
    let names = full.members(WHAT, 32)?;
    let urls = names.iter().filter(|name| name.tag == 0x86);
    Ok(urls.map(|url| String::from_utf8_lossy(url.content).into_owned()).collect())
}
