//! Was a member of the path revoked at an instant? Decided from the evidence given, and from nothing else.
//!
//! Evidence made after the instant is welcome: it knows more about it (ETSI EN 319 102-1 §5.2.5). Evidence that ran out
//! before the instant says nothing, unless it already knows of a revocation. No evidence means unknown, never good.
//!
//! Who signs evidence with another key than the issuer's is asked about in turn: CRL signers (RFC 5280 §6.3.3 (f) with
//! §6.1.3 (a)(3)), and delegated OCSP responders without id-pkix-ocsp-nocheck (RFC 6960 §4.2.2.2.1). What a revoked one
//! signed is refused. Where nothing at hand answers, neither makes anybody good; only a revocation is believed. The
//! questions end after a few steps, and so do circles: nobody vouches for himself.

use std::cell::Cell;
use std::collections::HashSet;
use std::rc::Rc;

use super::crls::Lists;
use crate::extensions::names::Reasons;
use crate::interner::Interner;
use crate::ocsp::{CertStatus, Freshness, OcspStatus, Response};
use crate::{Certificate, Error};

/// The most OCSP responses and the most CRLs that are looked at.
const MAX_ITEMS: usize = 512;

/// How many steps a question about a signer of evidence may lie from the member that was asked about.
pub(super) const MAX_DEPTH: usize = 3;
/// The most signers of evidence that are asked about, over all members.
const MAX_VOUCHED: usize = 64;

/// Material for path building and revocation. Nothing in it is trusted.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// Certificates: issuers, OCSP responders.
    pub certificates: Vec<Certificate>,
    /// DER OCSP responses.
    pub ocsps: Vec<Vec<u8>>,
    /// DER CRLs.
    pub crls: Vec<Vec<u8>>,
}

/// Index into [`Evidence`].
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum EvidenceItem {
    /// Index into `ocsps`.
    Ocsp(usize),
    /// Index into `crls`.
    Crl(usize),
}

/// Status of the chain at the instant asked for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RevocationStatus {
    /// There is evidence for each member, and none was revoked.
    Good,
    /// A member was revoked at or before the instant.
    Revoked {
        /// Which member.
        certificate: Certificate,
        /// When, Unix seconds.
        at: i64,
        /// CRLReason (RFC 5280 §5.3.1).
        reason: Option<u8>,
    },
    /// Nothing usable is known about some members.
    Unknown {
        /// Members without usable evidence, leaf first.
        missing: Vec<Certificate>,
    },
}

/// A revocation after the instant asked for. It does not change the status; it is to be shown.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LaterRevocation {
    /// Which member.
    pub certificate: Certificate,
    /// When, Unix seconds.
    pub at: i64,
    /// CRLReason (RFC 5280 §5.3.1).
    pub reason: Option<u8>,
}

/// Result of the revocation check.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Revocation {
    /// What holds at the instant.
    pub status: RevocationStatus,
    /// Items relied on, for the members and for who signed the evidence about them: what a DSS must hold.
    pub used: Vec<EvidenceItem>,
    /// Delegated OCSP responders and foreign CRL signers relied on: what a DSS must hold besides the chain.
    pub responders: Vec<Certificate>,
    /// Members revoked after the instant.
    pub later: Vec<LaterRevocation>,
    /// Items about a member that could not be used, and those that could not be read, of whomever they may be; and why.
    pub refused: Vec<(EvidenceItem, Error)>,
}

impl Revocation {
    fn empty() -> Self {
        Self {
            status: RevocationStatus::Good,
            used: Vec::new(),
            responders: Vec::new(),
            later: Vec::new(),
            refused: Vec::new(),
        }
    }

    /// Whether each member was good.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.status == RevocationStatus::Good
    }
}

/// One verified statement about one member.
pub(super) struct Statement {
    /// What it stands on: one item, or a complete CRL and its delta.
    pub(super) items: Vec<EvidenceItem>,
    pub(super) status: CertStatus,
    pub(super) fresh: bool,
    pub(super) this_update: i64,
    /// The reasons for a revocation that it knows of.
    pub(super) reasons: Reasons,
    /// Whether who signed is known not to have been revoked; if not, only a revocation is believed.
    pub(super) vouched: bool,
    /// Who signed, where it is not the issuer.
    pub(super) responder: Option<Certificate>,
    /// What says that who signed was not revoked.
    pub(super) support: Support,
}

/// What the standing of a signer of evidence rests on.
#[derive(Clone, Debug, Default)]
pub(super) struct Support {
    items: Vec<EvidenceItem>,
    responders: Vec<Certificate>,
}

/// Whether a signer of evidence stood when it signed.
pub(super) enum Standing {
    /// Nobody below the anchor was revoked.
    Good(Support),
    Revoked,
    Unknown,
}

/// Evidence after reading; what cannot be read is refused.
pub(super) struct Parsed<'a> {
    ocsps: Vec<(usize, Rc<Response>)>,
    lists: Lists<'a>,
    pool: &'a [Certificate],
    /// Signers of evidence that were asked about.
    vouched: Cell<usize>,
}

/// Whether the members of `chain` (leaf..anchor) were revoked at `at` (Unix seconds). The last one, the anchor, is not
/// asked about, nor an OCSP responder with id-pkix-ocsp-nocheck as leaf.
#[must_use]
pub fn revocation(chain: &[Certificate], evidence: &Evidence, at: i64) -> Revocation {
    revocation_in(chain, evidence, at, &Interner::default())
}

/// As [`revocation`]; evidence is read through `interner`, which may know it from an earlier question.
#[must_use]
pub fn revocation_in(chain: &[Certificate], evidence: &Evidence, at: i64, interner: &Interner) -> Revocation {
    let mut result = Revocation::empty();
    let refused = &mut result.refused;
    let ocsps = read_all(&evidence.ocsps, |der| interner.response(der), EvidenceItem::Ocsp, refused);
    let crls = read_all(&evidence.crls, |der| interner.crl(der), EvidenceItem::Crl, refused);
    if evidence.ocsps.len().max(evidence.crls.len()) > MAX_ITEMS {
        // One of those that were left out may have known of a revocation.
        interner.leave_unfinished();
    }
    let lists = Lists::new(crls, chain, &evidence.certificates);
    let parsed = Parsed { ocsps, lists, pool: &evidence.certificates, vouched: Cell::new(0) };
    let mut missing = Vec::new();
    for (index, (member, issuer)) in chain.iter().zip(chain.iter().skip(1)).enumerate() {
        if index == 0 && member.has_ocsp_nocheck() && member.has_ocsp_signing_eku() {
            continue;
        }
        match member_status(member, issuer, &parsed, at, 0, &mut result) {
            Some(CertStatus::Revoked { at, reason }) => {
                result.status = RevocationStatus::Revoked { certificate: member.clone(), at, reason };
                return result;
            }
            Some(_) => {}
            None => missing.push(member.clone()),
        }
    }
    if !missing.is_empty() {
        result.status = RevocationStatus::Unknown { missing };
    }
    result
}

fn read_all<T>(
    items: &[Vec<u8>],
    parse: impl Fn(&[u8]) -> Result<T, Error>,
    kind: impl Fn(usize) -> EvidenceItem,
    refused: &mut Vec<(EvidenceItem, Error)>,
) -> Vec<(usize, T)> {
    let mut read = Vec::new();
    // The same bytes twice say nothing more; they would only use up the questions about their signer.
    let mut known = HashSet::new();
    for (index, der) in items.iter().enumerate().take(MAX_ITEMS).filter(|(_, der)| known.insert(der.as_slice())) {
        match parse(der) {
            Ok(item) => read.push((index, item)),
            Err(error) => refused.push((kind(index), error)),
        }
    }
    if items.len() > MAX_ITEMS {
        refused.push((kind(MAX_ITEMS), Error::Limit { what: "items of evidence", limit: MAX_ITEMS }));
    }
    read
}

/// Status of one member, or `None` where nothing usable is known; notes what was relied on.
fn member_status(
    member: &Certificate,
    issuer: &Certificate,
    parsed: &Parsed<'_>,
    at: i64,
    depth: usize,
    result: &mut Revocation,
) -> Option<CertStatus> {
    let statements = statements(member, issuer, parsed, at, depth, result);
    let revoked_at = |statement: &Statement| match statement.status {
        CertStatus::Revoked { at, .. } => Some(at),
        _ => None,
    };
    // A revocation stays true after the evidence ran out, so freshness does not matter for it; only a hold that newer
    // evidence shows lifted by the instant does not count.
    let lifted = |statement: &Statement| {
        matches!(statement.status, CertStatus::Revoked { reason: Some(6), .. })
            && statements.iter().any(|newer| {
                newer.status == CertStatus::Good
                    && (statement.this_update.saturating_add(1)..=at).contains(&newer.this_update)
            })
    };
    let revocations = statements.iter().filter(|statement| !lifted(statement));
    if let Some(first) = revocations.filter(|s| revoked_at(s).is_some()).min_by_key(|s| revoked_at(s)) {
        if revoked_at(first).is_some_and(|when| when <= at) {
            rely_on(first, result);
            return Some(first.status);
        }
        if let CertStatus::Revoked { at, reason } = first.status {
            result.later.push(LaterRevocation { certificate: member.clone(), at, reason });
        }
        // It was revoked only later, which says that it was good before.
        if first.fresh && first.vouched {
            rely_on(first, result);
            return Some(CertStatus::Good);
        }
    }
    let good = statements.iter().filter(|statement| statement.fresh && statement.status == CertStatus::Good);
    let mut good: Vec<&Statement> = good.collect();
    // The evidence nearest to the instant, an OCSP response before a CRL: small in a DSS. Partial lists come last.
    good.sort_by_key(|s| {
        (s.reasons != Reasons::ALL, matches!(s.items.first(), Some(EvidenceItem::Crl(_))), s.this_update.abs_diff(at))
    });
    let mut known = Reasons::NONE;
    let mut needed = Vec::new();
    for statement in good {
        // §6.3.3 (e): only what adds a reason.
        if !known.cover(statement.reasons) {
            known = known.or(statement.reasons);
            needed.push(statement);
        }
        if known == Reasons::ALL {
            break;
        }
    }
    if known != Reasons::ALL {
        return None;
    }
    needed.into_iter().for_each(|statement| rely_on(statement, result));
    Some(CertStatus::Good)
}

fn rely_on(statement: &Statement, result: &mut Revocation) {
    for item in statement.items.iter().chain(&statement.support.items) {
        if !result.used.contains(item) {
            result.used.push(*item);
        }
    }
    for responder in statement.responder.iter().chain(&statement.support.responders) {
        if !result.responders.contains(responder) {
            result.responders.push(responder.clone());
        }
    }
}

fn statements(
    member: &Certificate,
    issuer: &Certificate,
    parsed: &Parsed<'_>,
    at: i64,
    depth: usize,
    result: &mut Revocation,
) -> Vec<Statement> {
    let mut found = Vec::new();
    for (index, response) in parsed.ocsps.iter().filter(|(_, response)| response.is_about(member, issuer)) {
        let item = EvidenceItem::Ocsp(*index);
        let looked_up = response.lookup(member, issuer, parsed.pool);
        let checked = looked_up.and_then(|status| Ok((check_responder(&status, issuer, parsed, depth)?, status)));
        match checked {
            Ok((support, status)) => {
                let vouched = support.is_some();
                if !vouched {
                    result.refused.push((item, Error::OcspResponderUnknown));
                }
                if vouched || status.status != CertStatus::Good {
                    found.push(Statement {
                        items: vec![item],
                        reasons: Reasons::ALL,
                        vouched,
                        status: status.status,
                        fresh: status.is_fresh(member, at, Freshness::Historical),
                        this_update: status.this_update,
                        responder: status.delegated.then_some(status.responder),
                        support: support.unwrap_or_default(),
                    });
                }
            }
            Err(error) => result.refused.push((item, error)),
        }
    }
    found.extend(parsed.statements_of_lists(member, issuer, at, depth, &mut result.refused));
    for statement in found.iter().filter(|s| !s.fresh && s.status == CertStatus::Good) {
        for item in &statement.items {
            let what = if matches!(item, EvidenceItem::Crl(_)) { "CRL" } else { "OCSP response" };
            result.refused.push((*item, Error::NotFresh { what }));
        }
    }
    found
}

/// What says that the responder was not revoked when it answered; `None`: nothing does. The issuer itself, which is asked
/// about as a member, and a responder with nocheck need nothing (RFC 6960 §4.2.2.2.1). One that was revoked says nothing.
fn check_responder(
    status: &OcspStatus,
    issuer: &Certificate,
    parsed: &Parsed<'_>,
    depth: usize,
) -> Result<Option<Support>, Error> {
    if !status.delegated || status.responder.has_ocsp_nocheck() {
        return Ok(Some(Support::default()));
    }
    let path = [status.responder.clone(), issuer.clone()];
    match parsed.standing(&path, status.produced_at, depth) {
        Standing::Good(support) => Ok(Some(support)),
        Standing::Unknown => Ok(None),
        Standing::Revoked => Err(Error::OcspResponder),
    }
}

impl Parsed<'_> {
    /// Whether who signed evidence stood at `at`, by all evidence at hand; `path` is signer..anchor, `depth` the asker's.
    pub(super) fn standing(&self, path: &[Certificate], at: i64, depth: usize) -> Standing {
        let asked = self.vouched.get();
        if depth >= MAX_DEPTH || asked >= MAX_VOUCHED {
            return Standing::Unknown;
        }
        self.vouched.set(asked + 1);
        let mut found = Revocation::empty();
        let mut known = true;
        for (member, issuer) in path.iter().zip(path.iter().skip(1)) {
            match member_status(member, issuer, self, at, depth + 1, &mut found) {
                Some(CertStatus::Revoked { .. }) => return Standing::Revoked,
                Some(_) => {}
                None => known = false,
            }
        }
        if known {
            Standing::Good(Support { items: found.used, responders: found.responders })
        } else {
            Standing::Unknown
        }
    }

    pub(super) fn lists(&self) -> &Lists<'_> {
        &self.lists
    }
}
