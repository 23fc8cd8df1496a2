//! CRLs about one member of a path (RFC 5280 §6.3.3): partitioned, for some reasons, indirect, continued by deltas, and
//! signed with another key or by another authority than the X.509 certificate.
//!
//! Who signs a CRL needs a path of its own to the same anchor. Whether such a signer is itself revoked is asked of the
//! lists that its own issuer signed directly; going on from there could go round in a circle (RFC 5280 names no end).

use std::cell::OnceCell;

use super::revocation::{EvidenceItem, Statement};
use super::{Inputs, Purpose, build_with};
use crate::crl::{Crl, CrlStatus, Entry};
use crate::extensions::names::{DIRECTORY, General, Point, Reasons};
use crate::ocsp::{CertStatus, Freshness};
use crate::{Certificate, Error, name};

/// The most certificates that are tried as the signer of one CRL.
const MAX_SIGNERS: usize = 16;

/// The CRLs at hand, with what their signers are found to be.
pub(super) struct Lists<'a> {
    lists: Vec<List>,
    chain: &'a [Certificate],
    pool: &'a [Certificate],
}

struct List {
    index: usize,
    crl: Crl,
    /// Found once: a list is asked about several members.
    signer: OnceCell<Result<Certificate, Error>>,
}

impl<'a> Lists<'a> {
    /// `chain` is leaf..anchor; `pool` is not trusted.
    pub(super) fn new(crls: Vec<(usize, Crl)>, chain: &'a [Certificate], pool: &'a [Certificate]) -> Self {
        let list = |(index, crl)| List { index, crl, signer: OnceCell::new() };
        Self { lists: crls.into_iter().map(list).collect(), chain, pool }
    }

    /// What the lists say about a member. Lists about it that cannot be used are named in `refused`.
    pub(super) fn statements(
        &self,
        member: &Certificate,
        issuer: &Certificate,
        at: i64,
        refused: &mut Vec<(EvidenceItem, Error)>,
    ) -> Vec<Statement> {
        let mut found = Vec::new();
        for list in self.lists.iter().filter(|list| !list.crl.is_delta() && concerns(&list.crl, member)) {
            match self.read(list, member, issuer) {
                Ok(read) => found.extend(self.weigh(list, &read, member, at)),
                Err(error) => refused.push((EvidenceItem::Crl(list.index), error)),
            }
        }
        found
    }

    /// When the issuer's own lists say that a certificate of his was revoked, fresh or not.
    pub(super) fn revoked_since(&self, certificate: &Certificate, issuer: &Certificate) -> Option<i64> {
        let looked_up = self.lists.iter().filter_map(|list| list.crl.lookup(certificate, issuer).ok());
        let dates = looked_up.filter_map(|found| match found.status {
            CertStatus::Revoked { at, .. } => Some(at),
            _ => None,
        });
        dates.min()
    }

    /// §6.3.3 (b) to (j) for one complete list.
    fn read(&self, list: &List, member: &Certificate, issuer: &Certificate) -> Result<Read, Error> {
        let crl = &list.crl;
        crl.check_kind(member)?;
        let reasons = reasons_at(crl, member)?;
        let signer = self.signer(list)?;
        let entry = crl.find(member)?;
        let foreign = (signer.spki_der() != issuer.spki_der()).then(|| signer.clone());
        Ok(Read { entry, reasons, foreign, signer })
    }

    /// The list alone, and together with the deltas that continue it.
    fn weigh(&self, list: &List, read: &Read, member: &Certificate, at: i64) -> Vec<Statement> {
        let statement = |items: Vec<&List>, status: CrlStatus| Statement {
            items: items.into_iter().map(|list| EvidenceItem::Crl(list.index)).collect(),
            fresh: status.is_fresh(member, at, Freshness::Historical),
            status: status.status,
            this_update: status.this_update,
            reasons: read.reasons,
            responder: read.foreign.clone(),
        };
        let mut found = Vec::new();
        for delta in self.lists.iter().filter(|delta| delta.crl.continues(&list.crl)) {
            // §6.3.3 (h): the delta is signed with the same key.
            let by_same_key = delta.crl.verify(&read.signer).is_ok();
            let Some(entry) = by_same_key.then(|| delta.crl.find(member).ok()).flatten() else { continue };
            // §6.3.3 (i), (j): what the delta does not know the complete list decides.
            let entry = if entry == Entry::Absent { read.entry } else { entry };
            found.push(statement(vec![list, delta], delta.crl.status(entry.status())));
        }
        // A hold that a delta in force lifts is not to be read from the complete list.
        let lifted = matches!(read.entry, Entry::Revoked { reason: Some(6), .. })
            && found.iter().any(|newer| newer.fresh && newer.status == CertStatus::Good && newer.this_update <= at);
        let overtaken = found.iter().any(|newer| newer.fresh && newer.status != CertStatus::Good);
        if !lifted && !overtaken {
            found.push(statement(vec![list], list.crl.status(read.entry.status())));
        }
        found
    }

    /// §6.3.3 (f), (g): who signed, by a key of the path or by one with a path of its own to the same anchor.
    fn signer(&self, list: &List) -> Result<Certificate, Error> {
        list.signer.get_or_init(|| self.find_signer(&list.crl)).clone()
    }

    fn find_signer(&self, crl: &Crl) -> Result<Certificate, Error> {
        let mut problem = Error::SignatureInvalid;
        let named = |candidate: &&Certificate| name::same(candidate.subject_der(), crl.issuer_der());
        let issuers = self.chain.get(1..).unwrap_or_default();
        for candidate in issuers.iter().filter(named) {
            match crl.verify(candidate) {
                Ok(()) => return Ok(candidate.clone()),
                Err(error) => problem = error,
            }
        }
        for candidate in self.pool.iter().filter(named).take(MAX_SIGNERS) {
            match crl.verify(candidate).and_then(|()| self.check_foreign(candidate, crl.this_update())) {
                Ok(()) => return Ok(candidate.clone()),
                // A wrong key says less than a right key without authority.
                Err(Error::SignatureInvalid | Error::KeyMismatch) => {}
                Err(error) => problem = error,
            }
        }
        Err(problem)
    }

    /// A path from another signer to the anchor of the chain, valid when the list was made, with nobody on it known as revoked.
    fn check_foreign(&self, signer: &Certificate, at: i64) -> Result<(), Error> {
        let anchor = self.chain.last().map(std::slice::from_ref).unwrap_or_default();
        let mut pool = self.chain.to_vec();
        pool.extend_from_slice(self.pool);
        let report = build_with(signer, &pool, anchor, at, Purpose::Any, &Inputs::default());
        if !report.is_trusted() {
            return Err(Error::NotAnIssuer { what: "the signer of the CRL has no path to the same anchor" });
        }
        let revoked = report
            .chain
            .iter()
            .zip(report.chain.iter().skip(1))
            .any(|(member, issuer)| self.revoked_since(member, issuer).is_some_and(|since| since <= at));
        if revoked { Err(Error::NotAnIssuer { what: "the signer of the CRL was revoked" }) } else { Ok(()) }
    }
}

/// What one complete list says.
struct Read {
    entry: Entry,
    reasons: Reasons,
    /// The signer, where it signed with another key than the issuer of the member.
    foreign: Option<Certificate>,
    signer: Certificate,
}

/// Whether the list is by the member's issuer or by an authority that the member names.
fn concerns(crl: &Crl, member: &Certificate) -> bool {
    let mut named = member.facts().points.iter().flat_map(|point| &point.issuers);
    crl.is_about(member) || named.any(|issuer| name::same(issuer, crl.issuer_der()))
}

/// §6.3.3 (b)(1), (b)(2)(i), (d): for which reasons the list answers about the member, over all points that lead to it.
fn reasons_at(crl: &Crl, member: &Certificate) -> Result<Reasons, Error> {
    // A list that no point names still counts if it is the issuer's for everything (the last paragraph of §6.3.3).
    let implied = Point::default();
    let points = member.facts().points.iter().chain(std::iter::once(&implied));
    let own = crl.scope().reasons.unwrap_or(Reasons::ALL);
    let leading = points.filter(|point| leads_to(point, crl, member));
    let reasons = leading.map(|point| own.and(point.reasons.unwrap_or(Reasons::ALL))).reduce(Reasons::or);
    reasons.ok_or(Error::CrlScope { what: "other distribution point" })
}

fn leads_to(point: &Point, crl: &Crl, member: &Certificate) -> bool {
    let scope = crl.scope();
    let by_right_issuer = if point.issuers.is_empty() {
        crl.is_about(member)
    } else {
        scope.indirect && point.issuers.iter().any(|issuer| name::same(issuer, crl.issuer_der()))
    };
    by_right_issuer
        && match &scope.point {
            None => true,
            Some(own) => {
                let own = own.complete(crl.issuer_der());
                names_of(point, crl).iter().any(|name| own.iter().any(|own| own.same(name)))
            }
        }
}

/// The names of a point; of one without a name its CRL issuers.
fn names_of(point: &Point, crl: &Crl) -> Vec<General> {
    match &point.name {
        Some(name) => name.complete(crl.issuer_der()),
        None => point.issuers.iter().map(|issuer| General { form: DIRECTORY, value: issuer.clone() }).collect(),
    }
}
