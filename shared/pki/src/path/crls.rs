//! CRLs about one member of a path (RFC 5280 §6.3.3): partitioned, for some reasons, indirect, continued by deltas, and
//! signed with another key or by another authority than the X.509 certificate.
//!
//! Who signs a CRL needs a path of its own to the same anchor, valid when the list was made, and nobody on it may have been
//! revoked by then: known from the other evidence, or the list is not used (§6.3.3 (f), §6.1.3 (a)(3)).

use std::cell::OnceCell;
use std::rc::Rc;

use super::revocation::{EvidenceItem, MAX_DEPTH, Parsed, Standing, Statement, Support};
use super::{Inputs, Purpose, build_until};
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
    crl: Rc<Crl>,
    /// Found once for each distance from the member: a list is asked about several.
    signers: [OnceCell<Result<Signer, Error>>; MAX_DEPTH + 1],
}

/// Who signed a list.
#[derive(Clone)]
struct Signer {
    certificate: Certificate,
    /// What says that it was not revoked; `None`: nothing does, and only what the list says of revocations is believed.
    support: Option<Support>,
}

impl<'a> Lists<'a> {
    /// `chain` is leaf..anchor; `pool` is not trusted.
    pub(super) fn new(crls: Vec<(usize, Rc<Crl>)>, chain: &'a [Certificate], pool: &'a [Certificate]) -> Self {
        let list = |(index, crl)| List { index, crl, signers: Default::default() };
        Self { lists: crls.into_iter().map(list).collect(), chain, pool }
    }
}

impl Parsed<'_> {
    /// What the lists say about a member. Lists about it that cannot be used are named in `refused`.
    pub(super) fn statements_of_lists(
        &self,
        member: &Certificate,
        issuer: &Certificate,
        at: i64,
        depth: usize,
        refused: &mut Vec<(EvidenceItem, Error)>,
    ) -> Vec<Statement> {
        let mut found = Vec::new();
        for list in self.lists().lists.iter().filter(|list| !list.crl.is_delta() && concerns(&list.crl, member)) {
            match self.read(list, member, issuer, depth) {
                Ok(read) => {
                    let weighed = self.weigh(list, &read, member, at, refused);
                    if !read.vouched {
                        let what = "whether the signer of the CRL was revoked is not known";
                        refused.push((EvidenceItem::Crl(list.index), Error::NotAnIssuer { what }));
                    } else if !self.carries(list, &read) {
                        refused.push((EvidenceItem::Crl(list.index), Error::WeakEvidence));
                    }
                    found.extend(weighed.into_iter().filter(|one| one.vouched || one.status != CertStatus::Good));
                }
                Err(error) => refused.push((EvidenceItem::Crl(list.index), error)),
            }
        }
        found
    }

    /// §6.3.3 (b) to (j) for one complete list.
    fn read(&self, list: &List, member: &Certificate, issuer: &Certificate, depth: usize) -> Result<Read, Error> {
        let crl = &list.crl;
        if self.is_to_come(crl.this_update()) {
            return Err(Error::NotFresh { what: "CRL" });
        }
        crl.check_kind(member)?;
        let reasons = reasons_at(crl, member)?;
        let signer = self.signer(list, depth)?;
        let entry = crl.find(member)?;
        let is_foreign = signer.certificate.spki_der() != issuer.spki_der();
        let vouched = signer.support.is_some() || vouches_for_itself(crl, &signer, member);
        Ok(Read { entry, reasons, is_foreign, signer, vouched })
    }

    /// Whether the algorithm that a list was signed by still makes somebody good.
    fn carries(&self, list: &List, read: &Read) -> bool {
        let signer = &read.signer.certificate;
        self.believes(EvidenceItem::Crl(list.index), &list.crl.weaknesses(signer), read.is_foreign.then_some(signer))
    }

    /// The list alone, and together with the deltas that continue it.
    fn weigh(
        &self,
        list: &List,
        read: &Read,
        member: &Certificate,
        at: i64,
        refused: &mut Vec<(EvidenceItem, Error)>,
    ) -> Vec<Statement> {
        let statement = |items: Vec<&List>, status: CrlStatus| Statement {
            vouched: read.vouched && items.iter().all(|list| self.carries(list, read)),
            items: items.into_iter().map(|list| EvidenceItem::Crl(list.index)).collect(),
            invalid_since: status.invalid_since,
            fresh: status.is_fresh(member, at, Freshness::Historical),
            status: status.status,
            this_update: status.this_update,
            reasons: read.reasons,
            responder: read.is_foreign.then(|| read.signer.certificate.clone()),
            support: read.signer.support.clone().unwrap_or_default(),
        };
        let mut found = Vec::new();
        let known = |delta: &&List| delta.crl.continues(&list.crl) && !self.is_to_come(delta.crl.this_update());
        for delta in self.lists().lists.iter().filter(known) {
            // §6.3.3 (h): the delta is signed with the same key.
            let by_same_key = delta.crl.verify(&read.signer.certificate);
            let entry = match by_same_key.and_then(|()| delta.crl.find(member)) {
                Ok(entry) => entry,
                Err(error) => {
                    refused.push((EvidenceItem::Crl(delta.index), error));
                    continue;
                }
            };
            // §6.3.3 (i), (j): what the delta does not know the complete list decides.
            let entry = if entry == Entry::Absent { read.entry } else { entry };
            found.push(statement(vec![list, delta], delta.crl.status(entry)));
        }
        // A hold that a delta in force lifts is not to be read from the complete list.
        let lifted = matches!(read.entry, Entry::Revoked { reason: Some(6), .. })
            && found.iter().any(|newer| {
                newer.fresh && newer.vouched && newer.status == CertStatus::Good && newer.this_update <= at
            });
        let overtaken = found.iter().any(|newer| newer.fresh && newer.status != CertStatus::Good);
        if !lifted && !overtaken {
            found.push(statement(vec![list], list.crl.status(read.entry)));
        }
        found
    }

    /// §6.3.3 (f), (g): who signed, by a key of the path or by one with a path of its own to the same anchor.
    fn signer(&self, list: &List, depth: usize) -> Result<Signer, Error> {
        let known = list.signers.get(depth).ok_or(Error::Limit { what: "signers of signers", limit: MAX_DEPTH })?;
        known.get_or_init(|| self.find_signer(&list.crl, depth)).clone()
    }

    fn find_signer(&self, crl: &Crl, depth: usize) -> Result<Signer, Error> {
        let mut problem = Error::SignatureInvalid;
        let mut unproven = None;
        let named = |candidate: &&Certificate| name::same(candidate.subject_der(), crl.issuer_der());
        let Lists { chain, pool, .. } = *self.lists();
        for candidate in chain.iter().skip(1).filter(named) {
            match crl.verify(candidate) {
                // Its own standing is asked for as a member of the chain.
                Ok(()) => return Ok(Signer { certificate: candidate.clone(), support: Some(Support::default()) }),
                Err(error) => problem = error,
            }
        }
        // In an order of their own: which of many are left out is not for whoever wrote the pool to say.
        let mut others: Vec<&Certificate> = pool.iter().filter(named).collect();
        others.sort_unstable();
        others.dedup();
        for candidate in others.into_iter().take(MAX_SIGNERS) {
            match crl.verify(candidate).and_then(|()| self.check_foreign(candidate, crl.this_update(), depth)) {
                Ok(Some(support)) => return Ok(Signer { certificate: candidate.clone(), support: Some(support) }),
                Ok(None) => unproven = Some(Signer { certificate: candidate.clone(), support: None }),
                // A wrong key says less than a right key without authority.
                Err(Error::SignatureInvalid | Error::KeyMismatch) => {}
                Err(error) => problem = error,
            }
        }
        unproven.ok_or(problem)
    }

    /// A path from another signer to the anchor of the chain, valid when the list was made, with nobody on it revoked by then.
    fn check_foreign(&self, signer: &Certificate, at: i64, depth: usize) -> Result<Option<Support>, Error> {
        let Lists { chain, pool, .. } = *self.lists();
        let anchor = chain.last().map(std::slice::from_ref).unwrap_or_default();
        let mut all = chain.to_vec();
        all.extend_from_slice(pool);
        let mut found = Err(Error::NotAnIssuer { what: "the signer of the CRL has no path to the same anchor" });
        build_until(signer, &all, anchor, at, Purpose::Any, &Inputs::default(), &mut |path| {
            match self.standing(&path.chain, at, depth) {
                Standing::Good(support) => found = Ok(Some(support)),
                Standing::Unknown => found = Ok(None),
                Standing::Revoked if found.is_err() => {
                    found = Err(Error::NotAnIssuer { what: "the signer of the CRL was revoked" });
                }
                Standing::Revoked => {}
            }
            matches!(found, Ok(Some(_)))
        });
        found
    }
}

/// What one complete list says.
struct Read {
    entry: Entry,
    reasons: Reasons,
    /// Signed with another key than that of the member's issuer.
    is_foreign: bool,
    signer: Signer,
    /// Whether the signer is known not to have been revoked.
    vouched: bool,
}

/// Whether the issuer of the signer itself named this very signer as the one to ask about it (cRLIssuer): there is nobody
/// else to ask. A list that merely covers its signer does not vouch for it.
fn vouches_for_itself(crl: &Crl, signer: &Signer, member: &Certificate) -> bool {
    let mut named = member.facts().points.iter().flat_map(|point| &point.issuers);
    signer.certificate == *member && named.any(|issuer| name::same(issuer, crl.issuer_der()))
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
