//! CRLs (RFC 5280 §5): read any kind, and check one certificate against one complete CRL of its issuer.
//!
//! Delta CRLs, and CRLs for some reasons only, say too little alone: [`Crl::check`] refuses them, and
//! [`crate::path::revocation`] puts them together.

use crate::asn1::{self, BIT_STRING, ENUMERATED, INTEGER, Reader, SEQUENCE, Tlv};
use crate::extensions::locations;
use crate::extensions::names::{DIRECTORY, General, PointName, Reasons, read_all, read_points};
use crate::interner::Maker;
use crate::ocsp::{CertStatus, Freshness, Window, gravest, is_fresh};
use crate::verify::Scheme;
use crate::{Certificate, Error, Weakness, extensions, name, oids, time};

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
    /// invalidityDate of a revocation (RFC 5280 §5.3.2), Unix seconds: since when its issuer doubts the certificate.
    pub invalid_since: Option<i64>,
}

/// issuingDistributionPoint (RFC 5280 §5.2.5).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Scope {
    pub(crate) point: Option<PointName>,
    pub(crate) only_user: bool,
    pub(crate) only_ca: bool,
    pub(crate) only_attribute: bool,
    pub(crate) reasons: Option<Reasons>,
    pub(crate) indirect: bool,
}

/// What a list says about one serial number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Entry {
    Absent,
    Revoked {
        at: i64,
        reason: Option<u8>,
        invalid_since: Option<i64>,
    },
    /// removeFromCRL, in a delta CRL: the hold was lifted.
    Removed,
}

impl Entry {
    fn status(self) -> CertStatus {
        match self {
            Self::Revoked { at, reason, .. } => CertStatus::Revoked { at, reason },
            Self::Absent | Self::Removed => CertStatus::Good,
        }
    }

    /// What two entries about one serial number come to, in whichever order they stand: the earliest date and the gravest reason.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Absent, one) | (one, Self::Absent) => one,
            (Self::Removed, one) | (one, Self::Removed) => one,
            (
                Self::Revoked { at, reason, invalid_since },
                Self::Revoked { at: other, reason: second, invalid_since: since },
            ) => Self::Revoked {
                at: at.min(other),
                reason: gravest(reason, second),
                invalid_since: invalid_since.into_iter().chain(since).min(),
            },
        }
    }
}

/// CRLReason removeFromCRL (RFC 5280 §5.3.1).
const REMOVE_FROM_CRL: u8 = 8;

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
    scope: Scope,
    /// BaseCRLNumber: this is a delta CRL (RFC 5280 §5.2.4).
    base: Option<Vec<u8>>,
    authority_key_id: Option<Vec<u8>>,
    delta_urls: Vec<String>,
    number_is_critical: bool,
    maker: Maker,
}

/// Octets of entries that are walked in a microsecond, at the least.
const WALKED: u64 = 200;

impl Crl {
    /// Reads a DER CRL of at most 32 MiB; entries are only walked when looked up.
    ///
    /// # Errors
    /// [`Error::CriticalExtension`];
    /// [`Error::UnsupportedAlgorithm`]; [`Error::Malformed`], [`Error::Limit`].
    pub fn parse(der: &[u8]) -> Result<Self, Error> {
        Self::read(der, Maker::default())
    }

    /// As [`Crl::parse`]; whose checks are paid for by `maker`.
    pub(crate) fn read(der: &[u8], maker: Maker) -> Result<Self, Error> {
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
            scope: Scope::default(),
            base: None,
            authority_key_id: None,
            delta_urls: Vec::new(),
            number_is_critical: false,
            maker,
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
                oids::DELTA_CRL => self.base = Some(asn1::only(extension.value, INTEGER, WHAT)?.content.to_vec()),
                oids::ISSUING_DISTRIBUTION_POINT => self.scope = read_scope(extension.value)?,
                oids::CRL_NUMBER => {
                    self.number_is_critical = extension.critical;
                    self.number = Some(asn1::only(extension.value, INTEGER, WHAT)?.content.to_vec());
                }
                oids::EXPIRED_CERTS_ON_CRL => {
                    self.expired_certs_on_crl = time::unix(&Reader::new(extension.value).any(WHAT)?, WHAT).ok();
                }
                oids::AUTHORITY_KEY_ID => self.authority_key_id = Some(extension.value.to_vec()),
                other if extension.critical => return Err(Error::CriticalExtension { oid: other.to_string() }),
                // A hint, so an undecodable one is none.
                oids::FRESHEST_CRL => {
                    self.delta_urls = read_points(extension.value).map_or_else(|_| Vec::new(), |read| locations(&read));
                }
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

    /// Places of the delta CRLs that continue this one, named in freshestCRL (RFC 5280 §5.2.6). Not verified here: check before fetching.
    #[must_use]
    pub fn delta_urls(&self) -> &[String] {
        &self.delta_urls
    }

    /// Whether only the changes since a complete CRL stand here (RFC 5280 §5.2.4).
    #[must_use]
    pub fn is_delta(&self) -> bool {
        self.base.is_some()
    }

    /// What RFC 5280 §5.2.3 demands of those who issue and §6.3 does not ask of those who judge: a number that is not critical.
    ///
    /// # Errors
    /// [`Error::CrlScope`].
    pub fn check_conforming(&self) -> Result<(), Error> {
        let conforming = self.number.is_some() && !self.number_is_critical;
        if conforming { Ok(()) } else { Err(Error::CrlScope { what: "without a number, or with a critical one" }) }
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
        if !self.is_about(cert) {
            return Err(Error::IssuerMismatch);
        }
        self.check_complete()?;
        self.check_kind(cert)?;
        self.check_point(cert)?;
        self.verify(issuer)?;
        Ok(self.status(self.find(cert)?))
    }

    fn check_complete(&self) -> Result<(), Error> {
        if self.is_delta() {
            return Err(Error::CrlScope { what: "delta" });
        }
        match self.scope.reasons {
            Some(_) => Err(Error::CrlScope { what: "only some reasons" }),
            None => Ok(()),
        }
    }

    /// A status with this list's times.
    pub(crate) fn status(&self, entry: Entry) -> CrlStatus {
        let invalid_since = match entry {
            Entry::Revoked { invalid_since, .. } => invalid_since,
            Entry::Absent | Entry::Removed => None,
        };
        CrlStatus {
            status: entry.status(),
            invalid_since,
            this_update: self.this_update,
            next_update: self.next_update,
            expired_certs_on_crl: self.expired_certs_on_crl,
        }
    }

    /// Whether `signer` bears the issuer's name, may sign CRLs (RFC 5280 §6.3.3 (f)), and signed this one.
    pub(crate) fn verify(&self, signer: &Certificate) -> Result<(), Error> {
        if !name::same(&self.issuer, signer.subject_der()) {
            return Err(Error::IssuerMismatch);
        }
        if signer.facts().key_usage.is_some_and(|usage| !usage.crl_sign) {
            return Err(Error::NotAnIssuer { what: "keyUsage lacks cRLSign" });
        }
        let key = signer.key();
        self.maker.is(key, self.tbs.1, || key.verify(self.scheme, self.part(self.tbs)?, &self.signature))
    }

    /// Whether this kind of certificate belongs here (RFC 5280 §6.3.3 (b)(2)(ii) to (iv)).
    pub(crate) fn check_kind(&self, cert: &Certificate) -> Result<(), Error> {
        let what = if self.scope.only_user && cert.is_ca() {
            "only end entities"
        } else if self.scope.only_ca && !cert.is_ca() {
            "only CAs"
        } else if self.scope.only_attribute {
            "only attribute certificates"
        } else {
            return Ok(());
        };
        Err(Error::CrlScope { what })
    }

    /// Whether the certificate names this list's distribution point, if the list has one.
    fn check_point(&self, cert: &Certificate) -> Result<(), Error> {
        let Some(own) = &self.scope.point else { return Ok(()) };
        let own = own.complete(&self.issuer);
        let named = cert.facts().points.iter().filter_map(|point| point.name.as_ref());
        let mut named = named.flat_map(|point| point.complete(&self.issuer));
        if named.any(|name| own.iter().any(|own| own.same(&name))) {
            Ok(())
        } else {
            Err(Error::CrlScope { what: "other distribution point" })
        }
    }

    /// What about the signature that `signer` made should no longer be relied on.
    pub(crate) fn weaknesses(&self, signer: &Certificate) -> Vec<Weakness> {
        signer.key().weaknesses(self.scheme)
    }

    pub(crate) fn scope(&self) -> &Scope {
        &self.scope
    }

    pub(crate) fn issuer_der(&self) -> &[u8] {
        &self.issuer
    }

    /// Whether this delta CRL continues `complete` (RFC 5280 §5.2.4, §6.3.3 (c)): same issuer, scope and key, and the
    /// numbers meet.
    pub(crate) fn continues(&self, complete: &Self) -> bool {
        let (Some(base), Some(own), Some(number)) = (&self.base, &self.number, &complete.number) else { return false };
        !complete.is_delta()
            && name::same(&self.issuer, &complete.issuer)
            && self.scope == complete.scope
            && self.authority_key_id == complete.authority_key_id
            && magnitude(base) <= magnitude(number)
            && magnitude(number) <= magnitude(own)
    }

    fn part(&self, (offset, length): (usize, usize)) -> Result<&[u8], Error> {
        self.der.get(offset..offset.saturating_add(length)).ok_or(Error::Malformed { what: WHAT })
    }

    /// Walks all entries: a broken or critical one must not hide behind an early hit, nor an earlier or graver revocation.
    /// Only a delta CRL may say removeFromCRL (RFC 5280 §5.3.1): elsewhere it makes nobody good.
    pub(crate) fn find(&self, cert: &Certificate) -> Result<Entry, Error> {
        let list = self.part(self.revoked)?;
        self.maker.spend(list.len() as u64 / WALKED)?;
        let mut reader = Reader::new(list);
        let mut found = Entry::Absent;
        // In an indirect CRL an entry names its issuer; the ones after it are of the same (§5.3.3).
        let mut is_own = self.is_about(cert);
        while !reader.is_empty() {
            let mut entry = reader.expect(SEQUENCE, WHAT)?.reader();
            let serial = entry.expect(INTEGER, WHAT)?.content;
            let date = entry.any(WHAT)?;
            let facts = match entry.optional(SEQUENCE, WHAT)? {
                Some(list) => read_entry_extensions(&list, self.scope.indirect)?,
                None => EntryFacts::default(),
            };
            if let Some(issuers) = facts.issuers {
                let own = |name: &General| name.form == DIRECTORY && name::same(&name.value, cert.issuer_der());
                is_own = issuers.iter().any(own);
            }
            if is_own && asn1::same_revoked_serial(serial, cert.raw_serial()) {
                found = found.and(match facts.reason {
                    Some(REMOVE_FROM_CRL) => Entry::Removed,
                    reason => {
                        Entry::Revoked { at: time::unix(&date, WHAT)?, reason, invalid_since: facts.invalid_since }
                    }
                });
            }
        }
        if found == Entry::Removed && !self.is_delta() {
            return Err(Error::CrlScope { what: "removeFromCRL in a complete CRL" });
        }
        Ok(found)
    }
}

/// A number that is not negative, comparable.
fn magnitude(content: &[u8]) -> (usize, &[u8]) {
    let octets = asn1::unsigned(content);
    (octets.len(), octets)
}

impl CrlStatus {
    pub(crate) fn is_fresh(&self, cert: &Certificate, at: i64, freshness: Freshness) -> bool {
        is_fresh(&Window {
            this_update: self.this_update,
            next_update: self.next_update,
            kept_since: self.expired_certs_on_crl,
            cert_not_before: cert.not_before(),
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

/// What the extensions of an entry say.
#[derive(Default)]
struct EntryFacts {
    reason: Option<u8>,
    invalid_since: Option<i64>,
    issuers: Option<Vec<General>>,
}

fn read_entry_extensions(list: &Tlv<'_>, indirect: bool) -> Result<EntryFacts, Error> {
    let mut facts = EntryFacts::default();
    for extension in extensions::read(list)? {
        match extension.oid {
            oids::CRL_REASON => {
                let value = asn1::small_integer(asn1::only(extension.value, ENUMERATED, WHAT)?.content, WHAT)?;
                facts.reason = u8::try_from(value).ok();
            }
            oids::CERTIFICATE_ISSUER if indirect => {
                facts.issuers = Some(read_all(&asn1::only(extension.value, SEQUENCE, WHAT)?, WHAT)?);
            }
            oids::CERTIFICATE_ISSUER => return Err(Error::CrlScope { what: "an entry of another issuer" }),
            oids::INVALIDITY_DATE => {
                facts.invalid_since = Some(time::unix(&Reader::new(extension.value).any(WHAT)?, WHAT)?)
            }
            other if extension.critical => return Err(Error::CriticalExtension { oid: other.to_string() }),
            _ => {}
        }
    }
    Ok(facts)
}

fn read_scope(value: &[u8]) -> Result<Scope, Error> {
    let mut scope = Scope::default();
    for field in asn1::only(value, SEQUENCE, WHAT)?.members(WHAT, 8)? {
        let set = field.content != [0];
        match field.tag {
            0xa0 => scope.point = Some(PointName::read(&field, WHAT)?),
            0x81 => scope.only_user = set,
            0x82 => scope.only_ca = set,
            0x83 => scope.reasons = Some(Reasons::read(field.content)?),
            0x84 => scope.indirect = set,
            0x85 => scope.only_attribute = set,
            _ => return Err(Error::Malformed { what: WHAT }),
        }
    }
    Ok(scope)
}
