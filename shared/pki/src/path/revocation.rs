//! Was a member of the path revoked at an instant? Decided from the evidence given, and from nothing else.
//!
//! Evidence made after the instant is welcome: it knows more about it (ETSI EN 319 102-1 §5.2.5). Evidence that ran out
//! before the instant says nothing, unless it already knows of a revocation. No evidence means unknown, never good.
//! What was made later than the asker's own now is no evidence, and what was made by an algorithm that the asker does not
//! believe any more makes nobody good ([`Question`]). A revocation later than the instant whose invalidityDate lies before
//! it leaves the question open: the issuer itself says that others may have had the key (RFC 5280 §5.3.2).
//!
//! Who signs evidence with another key than the issuer's is asked about in turn: CRL signers (RFC 5280 §6.3.3 (f) with
//! §6.1.3 (a)(3)), and delegated OCSP responders without id-pkix-ocsp-nocheck (RFC 6960 §4.2.2.2.1). What a revoked one
//! signed is refused. Where nothing at hand answers, neither makes anybody good; only a revocation is believed. The
//! questions end after a few steps, and so do circles: nobody vouches for himself.

use std::cell::Cell;
use std::cmp::Reverse;
use std::collections::HashSet;
use std::rc::Rc;

use super::crls::Lists;
use crate::extensions::names::Reasons;
use crate::interner::Interner;
use crate::ocsp::{CertStatus, Freshness, OcspStatus, Response, gravity};
use crate::{Certificate, Error, Weakness, time};

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
    /// A member was revoked after the instant, and its issuer says that it was not to be trusted any more at the instant.
    Doubted {
        /// Which member.
        certificate: Certificate,
        /// When it was revoked, Unix seconds.
        at: i64,
        /// invalidityDate, Unix seconds, at or before the instant.
        since: i64,
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
    /// invalidityDate (RFC 5280 §5.3.2), Unix seconds: since when its issuer doubts the certificate.
    pub invalid_since: Option<i64>,
}

impl LaterRevocation {
    /// The last instant, Unix seconds, of which nothing speaks against the certificate.
    #[must_use]
    pub fn stood_until(&self) -> i64 {
        self.invalid_since.map_or(self.at, |since| since.min(self.at)).saturating_sub(1)
    }
}

/// Whether "good" is still believed of evidence (its octets) with these weaknesses, signed by a key of the path or by this other X.509
/// certificate.
pub type Belief<'b> = dyn Fn(&[u8], &[Weakness], Option<&Certificate>) -> bool + 'b;

/// What is asked of evidence, and which the asker believes.
#[derive(Clone, Copy)]
pub struct Question<'q> {
    /// The instant asked about, Unix seconds.
    pub at: i64,
    /// The asker's own now, Unix seconds: what was made later, by more than clocks differ, is no evidence.
    pub now: i64,
    /// A revocation is always believed.
    pub believes: &'q Belief<'q>,
}

impl Question<'_> {
    /// About this instant; evidence of whatever time and algorithm is believed.
    #[must_use]
    pub fn of(at: i64) -> Question<'static> {
        Question { at, now: i64::MAX, believes: &|_, _, _| true }
    }

    fn is_to_come(&self, made: i64) -> bool {
        made > self.now.saturating_add(time::SKEW)
    }
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
    pub(super) invalid_since: Option<i64>,
    pub(super) fresh: bool,
    pub(super) this_update: i64,
    /// The reasons for a revocation that it knows of.
    pub(super) reasons: Reasons,
    /// Whether who signed is known not to have been revoked, and by an algorithm that is believed; if not, only a revocation counts.
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
    evidence: &'a Evidence,
    question: Question<'a>,
    /// Signers of evidence that were asked about.
    vouched: Cell<usize>,
}

/// Whether the members of `chain` (leaf..anchor) were revoked at `at` (Unix seconds). The last one, the anchor, is not
/// asked about, nor an OCSP responder with id-pkix-ocsp-nocheck as leaf.
#[must_use]
pub fn revocation(chain: &[Certificate], evidence: &Evidence, at: i64) -> Revocation {
    revocation_in(chain, evidence, Question::of(at), &Interner::default())
}

/// As [`revocation`]; evidence is read through `interner`, which may know it from an earlier question.
#[must_use]
pub fn revocation_in(
    chain: &[Certificate],
    evidence: &Evidence,
    question: Question<'_>,
    interner: &Interner,
) -> Revocation {
    let mut result = Revocation::empty();
    let refused = &mut result.refused;
    let ocsps = read_all(&evidence.ocsps, |der| interner.response(der), EvidenceItem::Ocsp, refused);
    let crls = read_all(&evidence.crls, |der| interner.crl(der), EvidenceItem::Crl, refused);
    if evidence.ocsps.len().max(evidence.crls.len()) > MAX_ITEMS {
        // One of those that were left out may have known of a revocation.
        interner.leave_unfinished();
    }
    let lists = Lists::new(crls, chain, &evidence.certificates);
    let parsed = Parsed { ocsps, lists, evidence, question, vouched: Cell::new(0) };
    let mut missing = Vec::new();
    let mut doubted = None;
    for (index, (member, issuer)) in chain.iter().zip(chain.iter().skip(1)).enumerate() {
        if index == 0 && member.has_ocsp_nocheck() && member.has_ocsp_signing_eku() {
            continue;
        }
        let certificate = member.clone();
        match member_status(member, issuer, &parsed, question.at, 0, &mut result) {
            Member::Revoked { at, reason } => {
                result.status = RevocationStatus::Revoked { certificate, at, reason };
                return result;
            }
            Member::Doubted { at, since } => {
                doubted = doubted.or(Some(RevocationStatus::Doubted { certificate, at, since }));
            }
            Member::Good => {}
            Member::Unknown => missing.push(certificate),
        }
    }
    if let Some(doubted) = doubted {
        result.status = doubted;
    } else if !missing.is_empty() {
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

/// What holds of one member.
enum Member {
    Good,
    Revoked { at: i64, reason: Option<u8> },
    Doubted { at: i64, since: i64 },
    Unknown,
}

/// Status of one member; notes what was relied on, and revocations after the instant.
fn member_status(
    member: &Certificate,
    issuer: &Certificate,
    parsed: &Parsed<'_>,
    at: i64,
    depth: usize,
    result: &mut Revocation,
) -> Member {
    let statements = statements(member, issuer, parsed, at, depth, result);
    let revocations = revocations(&statements, at);
    if let Some((earliest, statement)) = revocations.first()
        && earliest.at <= at
    {
        rely_on(statement, result);
        return Member::Revoked { at: earliest.at, reason: earliest.reason };
    }
    let later = |one: &Dated| LaterRevocation {
        certificate: member.clone(),
        at: one.at,
        reason: one.reason,
        invalid_since: one.invalid_since,
    };
    result.later.extend(revocations.iter().map(|(one, _)| later(one)));
    result.later.dedup();
    let doubt = revocations.iter().filter_map(|(one, statement)| Some((one.invalid_since?, one.at, statement)));
    if let Some((since, revoked, statement)) = doubt.min_by_key(|(since, revoked, _)| (*since, *revoked))
        && since <= at
    {
        rely_on(statement, result);
        return Member::Doubted { at: revoked, since };
    }
    // It was revoked only later, which says that it was good before.
    if let Some((_, statement)) = revocations.iter().find(|(_, statement)| statement.fresh && statement.vouched) {
        rely_on(statement, result);
        return Member::Good;
    }
    good_by(&statements, at, result)
}

/// A revocation.
struct Dated {
    at: i64,
    reason: Option<u8>,
    invalid_since: Option<i64>,
}

/// What tells of a revocation, the earliest first, of equally early ones the gravest. It stays true after the evidence ran out, so
/// freshness does not matter for it; only a hold that newer evidence shows lifted by the instant does not count.
fn revocations(statements: &[Statement], at: i64) -> Vec<(Dated, &Statement)> {
    let lifted = |held: &Statement| {
        matches!(held.status, CertStatus::Revoked { reason: Some(6), .. })
            && statements.iter().any(|newer| {
                newer.status == CertStatus::Good
                    && (held.this_update.saturating_add(1)..=at).contains(&newer.this_update)
            })
    };
    let dated = |statement| match statement {
        &Statement { status: CertStatus::Revoked { at, reason }, invalid_since, .. } => {
            Some((Dated { at, reason, invalid_since }, statement))
        }
        _ => None,
    };
    let mut found: Vec<_> = statements.iter().filter(|statement| !lifted(statement)).filter_map(dated).collect();
    found.sort_by_key(|(one, _)| (one.at, Reverse(gravity(one.reason)), one.reason, one.invalid_since));
    found
}

/// Whether what says "good" covers all reasons.
fn good_by(statements: &[Statement], at: i64, result: &mut Revocation) -> Member {
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
        return Member::Unknown;
    }
    needed.into_iter().for_each(|statement| rely_on(statement, result));
    Member::Good
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
        match parsed.answers(*index, response, member, issuer, depth) {
            Ok(Answers { statuses, support, refused }) => {
                let item = EvidenceItem::Ocsp(*index);
                let vouched = refused.is_none();
                result.refused.extend(refused.map(|error| (item, error)));
                let counts = statuses.into_iter().filter(|one| vouched || one.status != CertStatus::Good);
                found.extend(counts.map(|status| Statement {
                    items: vec![item],
                    reasons: Reasons::ALL,
                    vouched,
                    status: status.status,
                    invalid_since: status.invalid_since,
                    fresh: status.is_fresh(member, at, Freshness::Historical),
                    this_update: status.this_update,
                    responder: status.delegated.then_some(status.responder),
                    support: support.clone(),
                }));
            }
            Err(error) => result.refused.push((EvidenceItem::Ocsp(*index), error)),
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

/// What one response says about a member, by whichever responder stands best.
struct Answers {
    statuses: Vec<OcspStatus>,
    support: Support,
    /// Why "good" is not believed.
    refused: Option<Error>,
}

impl Parsed<'_> {
    /// A key may have several X.509 certificates: one that was revoked says nothing, one that stands is preferred.
    fn answers(
        &self,
        index: usize,
        response: &Response,
        member: &Certificate,
        issuer: &Certificate,
        depth: usize,
    ) -> Result<Answers, Error> {
        let by = response.lookup(member, issuer, &self.evidence.certificates)?;
        let mut best = Err(Error::OcspResponder);
        for mut statuses in by {
            statuses.retain(|one| !self.question.is_to_come(one.this_update.max(one.produced_at)));
            let Some(first) = statuses.first() else { return Err(Error::NotFresh { what: "OCSP response" }) };
            let (support, refused) = match self.responder(first, issuer, depth) {
                Standing::Good(support) => (support, self.weak(EvidenceItem::Ocsp(index), response, first)),
                Standing::Unknown => (Support::default(), Some(Error::OcspResponderUnknown)),
                Standing::Revoked => continue,
            };
            let answers = Answers { statuses, support, refused };
            if answers.refused.is_none() {
                return Ok(answers);
            }
            best = best.or(Ok(answers));
        }
        best
    }

    fn weak(&self, item: EvidenceItem, response: &Response, status: &OcspStatus) -> Option<Error> {
        let weak = response.weaknesses(&status.responder);
        let believed = self.believes(item, &weak, status.delegated.then_some(&status.responder));
        (!believed).then_some(Error::WeakEvidence)
    }

    /// Whether "good" is believed of an item that was signed with these weaknesses.
    pub(super) fn believes(&self, item: EvidenceItem, weak: &[Weakness], signer: Option<&Certificate>) -> bool {
        let octets = match item {
            EvidenceItem::Ocsp(index) => self.evidence.ocsps.get(index),
            EvidenceItem::Crl(index) => self.evidence.crls.get(index),
        };
        octets.is_some_and(|octets| (self.question.believes)(octets, weak, signer))
    }

    /// Whether something was made later than the asker asks.
    pub(super) fn is_to_come(&self, made: i64) -> bool {
        self.question.is_to_come(made)
    }

    /// Whether the responder was not revoked when it answered. The issuer itself, which is asked about as a member, and a responder with
    /// nocheck need nothing (RFC 6960 §4.2.2.2.1).
    fn responder(&self, status: &OcspStatus, issuer: &Certificate, depth: usize) -> Standing {
        if !status.delegated || status.responder.has_ocsp_nocheck() {
            return Standing::Good(Support::default());
        }
        self.standing(&[status.responder.clone(), issuer.clone()], status.produced_at, depth)
    }

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
                Member::Revoked { .. } => return Standing::Revoked,
                Member::Good => {}
                Member::Doubted { .. } | Member::Unknown => known = false,
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
