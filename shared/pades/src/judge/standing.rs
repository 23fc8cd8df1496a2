//! The standing of one X.509 certificate at one instant: path, revocation, and whether what says so can itself be believed.
//!
//! Past validation (ETSI EN 319 102-1 §5.6.2): the chain is walked from the anchor down. What a CA signed is believed when it
//! existed before the CA's own chain ended: by expiry, by revocation, or by the end of an algorithm. That end is the control time.
//! Existence is proven by document time-stamps, or by being here now. Freshness (§5.2.5): evidence speaks about an instant that
//! lies in its own window or before its making; what was made after the instant of the judgement is none. Algorithms (§5.2.7): what an
//! algorithm made after its end makes nobody good.
//!
//! Where there are several paths, the one that stands best is told, whatever the order of `/DSS`.

use std::cell::Cell;

use pki::path::{
    Evidence, EvidenceItem, Inputs, LaterRevocation, Outcome, PathReport, Purpose, Question, RevocationStatus,
    build_until, revocation_in,
};
use pki::{Certificate, Weakness};

use super::pool::Pool;
use super::proof::{Existence, Proof, bytes, sha256};
use super::strength::{self, End};
use crate::policy::Policy;
use crate::report::{PathStatus, Revocation};
use crate::wanted::{self, Wanted};

/// Why a chain is not believed after its control time.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Limit {
    /// Validity of this member ends.
    Expiry(String),
    /// This member was revoked.
    Revocation(String),
    /// The algorithm ends.
    Algorithm(End),
}

/// Until when what a chain signed is believed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Control {
    /// Unix seconds; itself included.
    pub(crate) until: i64,
    pub(crate) limit: Option<Limit>,
}

impl Control {
    const NEVER: Control = Control { until: i64::MAX, limit: None };

    fn tighten(&mut self, until: i64, limit: impl FnOnce() -> Limit) {
        if until < self.until {
            *self = Control { until, limit: Some(limit()) };
        }
    }

    pub(crate) fn earlier(self, other: Control) -> Control {
        if other.until < self.until { other } else { self }
    }

    pub(crate) const fn endless() -> Control {
        Control::NEVER
    }
}

/// Evidence that says "good" but is not proven to be old enough.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Unproven {
    /// An intermediate X.509 certificate (subject).
    Certificate(String),
    /// OCSP or CRL about this member (subject); its issuer's chain expired.
    Evidence(String),
    /// OCSP or CRL about this member (subject); its issuer was revoked.
    RevokedIssuer(String),
}

/// An item that was relied on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Used {
    /// `certificate`, `ocsp` or `crl`.
    pub(crate) kind: &'static str,
    pub(crate) sha256: [u8; 32],
    /// Subject of an X.509 certificate; of the member that other evidence is about.
    pub(crate) about: String,
    pub(crate) existence: Option<Existence>,
    /// It lies in the file.
    pub(crate) embedded: bool,
}

/// What is known about one X.509 certificate at one instant.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    pub(crate) path: PathStatus,
    pub(crate) broken: Option<pki::Error>,
    pub(crate) revocation: Revocation,
    /// The status is unknown although a responder answered: nothing says that it was not itself revoked (RFC 6960 §4.2.2.2.1).
    pub(crate) unvouched: bool,
    /// The status is unknown because only an algorithm that has ended says "good".
    pub(crate) outworn: Option<End>,
    /// The status is unknown because this member was revoked later, and its issuer doubts it since before (RFC 5280 §5.3.2).
    pub(crate) doubted: Option<Certificate>,
    /// Members whose status is unknown.
    pub(crate) wanted: Vec<Wanted>,
    /// Revoked when, and whether it is the leaf.
    pub(crate) revoked: Option<(i64, bool)>,
    pub(crate) later: Vec<LaterRevocation>,
    pub(crate) embedded_good: bool,
    pub(crate) weak: Vec<Weakness>,
    pub(crate) chain: Vec<Certificate>,
    pub(crate) used: Vec<Used>,
    pub(crate) unproven: Option<Unproven>,
    /// Control time of what the leaf signed.
    pub(crate) control: Control,
    /// Until when the evidence relied on is believed without a further time-stamp.
    pub(crate) evidence_until: Control,
}

/// How far a path is from one of which nothing is to be said; the least is preferred.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Faults {
    /// Whoever issued was not licensed.
    unlicensed: bool,
    /// From good over unknown and doubted to revoked.
    revocation: u8,
    /// Its evidence is not proven to be old enough.
    unproven: bool,
    /// It does not stand any more at the instant of the judgement.
    ended: bool,
}

/// Path and revocation of `certificate` at `at` (Unix seconds), believed on the proofs that are there.
///
/// `licensed` says of a path whether whoever issued may (R67).
pub(crate) fn standing(
    certificate: &Certificate,
    pool: &Pool<'_>,
    policy: &Policy<'_>,
    proofs: &[Proof],
    at: i64,
    purpose: Purpose,
    licensed: &dyn Fn(&[Certificate]) -> bool,
) -> Standing {
    let mut best: Option<(Faults, Standing)> = None;
    let mut takes = |path: &PathReport| {
        let mut one = Standing::new(path.clone());
        one.ask(certificate, pool, policy, proofs, at, purpose);
        let faults = one.faults(!licensed(&one.chain), policy.at);
        // Who issued says it by the same key on every path: no other path undoes that the certificate itself was revoked. So all are looked
        // at, though the first may be good.
        let settled = one.against_itself(certificate);
        if settled || best.as_ref().is_none_or(|(known, _)| faults < *known) {
            best = Some((faults, one));
        }
        settled
    };
    let (pool, inputs) = (&pool.all.certificates, Inputs::default());
    let found = build_until(certificate, pool, policy.anchors, at, purpose, &inputs, &mut takes);
    best.map_or_else(|| Standing::new(found), |(_, best)| best)
}

impl Standing {
    /// Nothing is known of a path but what it is.
    fn new(path: PathReport) -> Self {
        let (status, broken) = match path.outcome {
            Outcome::Trusted => (PathStatus::Trusted, None),
            Outcome::Untrusted => (PathStatus::Untrusted, None),
            Outcome::Incomplete => (PathStatus::Incomplete, None),
            Outcome::Invalid { reason } => (PathStatus::Invalid, Some(reason)),
        };
        Self {
            path: status,
            broken,
            revocation: Revocation::NotChecked,
            unvouched: false,
            outworn: None,
            doubted: None,
            wanted: Vec::new(),
            revoked: None,
            later: Vec::new(),
            embedded_good: false,
            weak: path.weak,
            chain: path.chain,
            used: Vec::new(),
            unproven: None,
            control: Control::endless(),
            evidence_until: Control::endless(),
        }
    }

    fn faults(&self, unlicensed: bool, now: i64) -> Faults {
        let revocation = match (self.revocation, &self.doubted) {
            (Revocation::Revoked, _) => 3,
            (_, Some(_)) => 2,
            (Revocation::Good, None) => 0,
            (Revocation::Unknown | Revocation::NotChecked, None) => 1,
        };
        let (unproven, ended) = (self.unproven.is_some(), self.control.until < now);
        Faults { unlicensed, revocation, unproven, ended }
    }

    /// Whether the leaf itself was revoked, or is doubted.
    fn against_itself(&self, leaf: &Certificate) -> bool {
        matches!(self.revoked, Some((_, true))) || self.doubted.as_ref() == Some(leaf)
    }

    fn ask(
        &mut self,
        leaf: &Certificate,
        pool: &Pool<'_>,
        policy: &Policy<'_>,
        proofs: &[Proof],
        at: i64,
        purpose: Purpose,
    ) {
        let belief = Belief { pool, policy, proofs, ended: Cell::new(None) };
        let answer = belief.about(&self.chain, &pool.all, at);
        self.later = answer.later.clone();
        self.revocation = match &answer.status {
            RevocationStatus::Good => Revocation::Good,
            RevocationStatus::Unknown { missing } => {
                self.wanted = wanted::along(&self.chain, missing, at);
                self.outworn = belief.outworn(&self.chain, at);
                Revocation::Unknown
            }
            RevocationStatus::Doubted { certificate, .. } => {
                self.doubted = Some(certificate.clone());
                Revocation::Unknown
            }
            RevocationStatus::Revoked { certificate, at, .. } => {
                self.revoked = Some((*at, certificate == leaf));
                Revocation::Revoked
            }
        };
        self.unvouched = self.revocation == Revocation::Unknown
            && answer.refused.iter().any(|(_, error)| *error == pki::Error::OcspResponderUnknown);
        let keeps = purpose == Purpose::Timestamping;
        self.control = control(&self.chain, &self.later, &self.weak, keeps);
        self.note_used(&answer, pool, proofs);
        let ended = answer.responders.iter().map(Certificate::not_after).min().unwrap_or(i64::MAX);
        if self.revocation == Revocation::Good {
            self.responders(ended, policy);
            self.embedded_good = self.is_embedded(leaf, &belief, at);
            self.prove(&belief, at);
        }
    }

    /// Of a leaf that is good.
    fn is_embedded(&self, leaf: &Certificate, belief: &Belief<'_>, at: i64) -> bool {
        let pool = belief.pool;
        let good = pool.alone || belief.about(&self.chain, &pool.embedded, at).is_good();
        let members = self.chain.iter().take(self.chain.len().saturating_sub(1));
        good && members.into_iter().all(|member| member == leaf || pool.embedded.certificates.contains(member))
    }

    fn note_used(&mut self, answer: &pki::path::Revocation, pool: &Pool<'_>, proofs: &[Proof]) {
        let certificates =
            self.chain.iter().chain(&answer.responders).map(|one| ("certificate", one.sha256(), one.subject()));
        let items = answer.used.iter().filter_map(|item| {
            let kind = if matches!(item, EvidenceItem::Ocsp(_)) { "ocsp" } else { "crl" };
            Some((kind, sha256(bytes(&pool.all, *item)?), String::new()))
        });
        let used = certificates.chain(items).map(|(kind, sha256, about)| Used {
            kind,
            sha256,
            about,
            existence: pool.origins.existence(&sha256, proofs),
            embedded: pool.origins.knows(&sha256),
        });
        self.used = used.collect();
    }

    /// An answer of a delegated responder is believed when it existed before the responder's own X.509 certificate ended.
    fn responders(&mut self, ended: i64, policy: &Policy<'_>) {
        let answers = self.used.iter().filter(|used| used.kind == "ocsp");
        let since = answers.map(|used| used.existence.as_ref().map_or(policy.at, |proof| proof.time)).max();
        if since.is_some_and(|since| since > ended) {
            self.unproven = Some(Unproven::Evidence("OCSP".to_owned()));
        }
    }

    /// Whether the chain's certificates and evidence existed before the chains that signed them ended.
    fn prove(&mut self, belief: &Belief<'_>, at: i64) {
        let Belief { pool, policy, proofs, .. } = *belief;
        for (index, pair) in self.chain.windows(2).enumerate() {
            let [member, _] = pair else { continue };
            let above = self.chain.get(index + 1..).unwrap_or_default();
            let control = control(above, &self.later, &[], false);
            let existence = |sha256: &[u8; 32]| pool.origins.existence(sha256, proofs).map(|proof| proof.time);
            let believed = |sha256: &[u8; 32]| existence(sha256).unwrap_or(policy.at) <= control.until;
            if control.until >= policy.at {
                // Everything exists now: nothing to prove, as long as the chain above stands.
                let bare = self.used.iter().any(|used| used.kind != "certificate" && used.existence.is_none());
                if bare {
                    self.evidence_until = self.evidence_until.clone().earlier(control);
                }
                continue;
            }
            // The leaf's own existence is that of the signature which names it.
            if index > 0 && !believed(&member.sha256()) {
                self.unproven = Some(Unproven::Certificate(member.subject()));
                return;
            }
            let old = |list: &[Vec<u8>]| list.iter().filter(|der| believed(&sha256(der))).cloned().collect();
            let evidence = Evidence {
                certificates: pool.all.certificates.clone(),
                ocsps: old(&pool.all.ocsps),
                crls: old(&pool.all.crls),
            };
            if !belief.about(pair, &evidence, at).is_good() {
                let subject = member.subject();
                self.unproven = Some(match control.limit {
                    Some(Limit::Revocation(_)) => Unproven::RevokedIssuer(subject),
                    _ => Unproven::Evidence(subject),
                });
                return;
            }
        }
    }
}

/// Which evidence is believed: none from after the judgement, and none by an algorithm that had ended before the evidence is known to
/// have been there.
struct Belief<'b> {
    pool: &'b Pool<'b>,
    policy: &'b Policy<'b>,
    proofs: &'b [Proof],
    /// The first end for which something was not believed.
    ended: Cell<Option<End>>,
}

impl Belief<'_> {
    fn about(&self, chain: &[Certificate], evidence: &Evidence, at: i64) -> pki::path::Revocation {
        let believes = |der: &[u8], weak: &[Weakness], signer: Option<&Certificate>| {
            let Some(end) = strength::first_end(weak.iter(), signer.map_or(&[], std::slice::from_ref)) else {
                return true;
            };
            let proven = self.pool.origins.existence(&sha256(der), self.proofs);
            let believed = proven.map_or(self.policy.at, |proof| proof.time) < end.at;
            if !believed {
                self.ended.set(self.ended.get().into_iter().chain([end]).min());
            }
            believed
        };
        let question = Question { at, now: self.policy.at, believes: &believes };
        revocation_in(chain, evidence, question, self.pool.interner)
    }

    /// The end of an algorithm but for which an unknown chain would be good.
    fn outworn(&self, chain: &[Certificate], at: i64) -> Option<End> {
        let ended = self.ended.get()?;
        let question = Question { now: self.policy.at, ..Question::of(at) };
        revocation_in(chain, &self.pool.all, question, self.pool.interner).is_good().then_some(ended)
    }
}

/// The control time of what the first member signed.
///
/// `keeps`: an authority's time-stamps outlive a revocation that only says that it stopped or changed (RFC 3161 §4).
fn control(chain: &[Certificate], later: &[LaterRevocation], weak: &[Weakness], keeps: bool) -> Control {
    let mut control = Control::endless();
    for (index, member) in chain.iter().enumerate() {
        control.tighten(member.not_after(), || Limit::Expiry(member.subject()));
        for revoked in later.iter().filter(|revoked| revoked.certificate == *member) {
            if !(keeps && index == 0 && matches!(revoked.reason, Some(3..=5))) {
                control.tighten(revoked.stood_until(), || Limit::Revocation(member.subject()));
            }
        }
    }
    // The anchor's own signature does not count, its key does.
    if let Some(end) = strength::first_end(weak.iter(), chain) {
        control.tighten(end.at.saturating_sub(1), || Limit::Algorithm(end));
    }
    control
}
