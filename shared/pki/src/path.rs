//! Certification paths (RFC 5280 §6) and the revocation status of their members.
//!
//! Paths are searched, and each candidate is judged by RFC 5280 §6.1 (basic constraints, path length, names and name
//! constraints, policies, key usage, critical extensions, validity) with signatures checked by aws-lc. Nothing is
//! fetched: what is missing is named, so that somebody with a network can get it.

mod conformance;
mod crls;
mod names;
mod policies;
mod revocation;
mod rules;

pub use revocation::{
    Belief, Evidence, EvidenceItem, LaterRevocation, Question, Revocation, RevocationStatus, revocation, revocation_in,
};

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::{Certificate, Error, Weakness, name};

/// The longest path, anchor included. Real government paths have three or four members.
const MAX_PATH: usize = 10;
/// The most certificates that are considered as issuers.
const MAX_POOL: usize = 2_048;
/// The most issuer signatures that are tried in one search.
const MAX_TRIES: usize = 400;
/// The most valid paths that one search offers. A CA that was renewed twice has three.
const MAX_OFFERS: usize = 16;

/// What the leaf is to be used for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Purpose {
    /// Signing documents: keyUsage, if present, has digitalSignature or nonRepudiation; extKeyUsage, if present, is not
    /// only for servers, code, time-stamps or OCSP.
    Signing,
    /// Time-stamps: extKeyUsage is critical and only id-kp-timeStamping (RFC 3161 §2.3).
    Timestamping,
    /// OCSP responses: extKeyUsage has id-kp-OCSPSigning.
    OcspSigning,
    /// The leaf's usage is not looked at.
    Any,
}

/// What RFC 5280 §6.1.1 asks for besides path, time and anchor. The default asks for nothing: any policy will do.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Inputs {
    /// user-initial-policy-set, dotted identifiers; empty: any-policy. It counts only where a policy is required, by
    /// `explicit_policy` or by a CA of the path (§6.1.5 (g)).
    pub policies: Vec<String>,
    /// initial-explicit-policy: the path must be valid for one of `policies`.
    pub explicit_policy: bool,
    /// initial-policy-mapping-inhibit.
    pub inhibit_policy_mapping: bool,
    /// initial-any-policy-inhibit.
    pub inhibit_any_policy: bool,
    /// The most intermediates that are not self-issued; `None`: as many as a path may have.
    pub max_intermediates: Option<usize>,
    /// Also demand what RFC 5280 §4 demands of a CA that issues, e.g. key identifiers and critical flags. Signatures of
    /// people are not refused for such slips of their CA.
    pub conforming: bool,
}

/// Result of path building.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// A valid path to an anchor.
    Trusted,
    /// The path ends at a self-signed certificate that is no anchor.
    Untrusted,
    /// The issuer of the chain's last member is missing.
    Incomplete,
    /// A path breaks a rule.
    Invalid {
        /// The first broken rule.
        reason: Error,
    },
}

impl Outcome {
    /// Which finding tells most when no path is trusted.
    fn rank(&self) -> u8 {
        match self {
            Self::Trusted => 3,
            Self::Invalid { .. } => 2,
            Self::Untrusted => 1,
            Self::Incomplete => 0,
        }
    }
}

/// The path that was found, or the one that came farthest.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PathReport {
    /// What came out.
    pub outcome: Outcome,
    /// Leaf first; the anchor last where one was reached.
    pub chain: Vec<Certificate>,
    /// Weak cryptography on the way (the anchor's own signature does not count).
    pub weak: Vec<Weakness>,
}

impl PathReport {
    /// Whether a valid path to an anchor was found.
    #[must_use]
    pub fn is_trusted(&self) -> bool {
        self.outcome == Outcome::Trusted
    }
}

/// Searches a path from `leaf` over `pool` to one of `anchors` that is valid at `at` (Unix seconds).
///
/// The pool is not trusted; anchors are trusted by their DER, and their own validity is enforced. Policies are
/// processed with any-policy as the acceptable set ([`Inputs::default`]). Revocation is [`revocation`]'s matter.
#[must_use]
pub fn build(
    leaf: &Certificate,
    pool: &[Certificate],
    anchors: &[Certificate],
    at: i64,
    purpose: Purpose,
) -> PathReport {
    build_with(leaf, pool, anchors, at, purpose, &Inputs::default())
}

/// As [`build`], with the inputs of RFC 5280 §6.1.1.
#[must_use]
pub fn build_with(
    leaf: &Certificate,
    pool: &[Certificate],
    anchors: &[Certificate],
    at: i64,
    purpose: Purpose,
    inputs: &Inputs,
) -> PathReport {
    build_until(leaf, pool, anchors, at, purpose, inputs, &mut |_| true)
}

/// As [`build_with`], and the search goes on until a valid path is taken: RFC 5280 asks for one path, and another one may be
/// revoked, or not lawful, where this one is not. Valid paths are offered in an order that does not depend on the pool's, at most
/// 16 of them. What comes back is the path that was taken; if none was, the one that [`build_with`] would have found or another valid
/// one.
pub fn build_until(
    leaf: &Certificate,
    pool: &[Certificate],
    anchors: &[Certificate],
    at: i64,
    purpose: Purpose,
    inputs: &Inputs,
    takes: &mut dyn FnMut(&PathReport) -> bool,
) -> PathReport {
    let fuel = names::MAX_COMPARISONS;
    let mut search = Search { pool, anchors, at, purpose, inputs, takes, offers: 0, tries: 0, fuel, best: None };
    let mut chain = vec![leaf.clone()];
    if pool.len() > MAX_POOL {
        search.note(Outcome::Invalid { reason: Error::Limit { what: "pool of issuers", limit: MAX_POOL } }, &chain);
    } else {
        search.extend(&mut chain);
    }
    search.best.unwrap_or(PathReport { outcome: Outcome::Incomplete, chain, weak: Vec::new() })
}

struct Search<'a> {
    pool: &'a [Certificate],
    anchors: &'a [Certificate],
    at: i64,
    purpose: Purpose,
    inputs: &'a Inputs,
    takes: &'a mut dyn FnMut(&PathReport) -> bool,
    /// Valid paths that were offered.
    offers: usize,
    tries: usize,
    /// Comparisons of names that are left, for all candidates together.
    fuel: usize,
    best: Option<PathReport>,
}

impl Search<'_> {
    /// Depth first, at most [`MAX_PATH`] deep; true as soon as a valid path is taken.
    fn extend(&mut self, chain: &mut Vec<Certificate>) -> bool {
        let Some(last) = chain.last().cloned() else { return false };
        if self.anchors.contains(&last) {
            return self.judge(chain);
        }
        if last.is_self_signed() {
            self.note(Outcome::Untrusted, chain);
            return false;
        }
        if chain.len() >= MAX_PATH {
            self.note(Outcome::Invalid { reason: Error::Limit { what: "path", limit: MAX_PATH } }, chain);
            return false;
        }
        if let Err(reason) = last.spend(self.pool.len() as u64) {
            self.note(Outcome::Invalid { reason }, chain);
            return false;
        }
        let mut extended = false;
        for candidate in self.candidates(&last, chain) {
            self.tries += 1;
            if self.tries > MAX_TRIES {
                let reason = Error::Limit { what: "issuer signatures tried", limit: MAX_TRIES };
                self.note(Outcome::Invalid { reason }, chain);
                return false;
            }
            match last.verify_issued_by(&candidate) {
                // Inherited parameters are known when the path is complete; then it is checked again.
                Ok(()) | Err(Error::KeyParameters) => {
                    extended = true;
                    chain.push(candidate);
                    let found = self.extend(chain);
                    chain.pop();
                    if found {
                        return true;
                    }
                }
                // Another key of the same name says nothing; the named key and a wrong signature says much.
                Err(reason) if key_ids_agree(&last, &candidate) != Some(false) => {
                    self.note(Outcome::Invalid { reason }, chain);
                }
                Err(_) => {}
            }
        }
        if !extended {
            self.note(Outcome::Incomplete, chain);
        }
        false
    }

    /// Certificates with the issuer's name that are not yet in the chain: agreeing key identifiers first, then anchors, then the youngest,
    /// in whichever order the pool holds them.
    fn candidates(&self, last: &Certificate, chain: &[Certificate]) -> Vec<Certificate> {
        let mut known: BTreeSet<&[u8]> = chain.iter().map(Certificate::der).collect();
        let mut found: Vec<Certificate> = Vec::new();
        for candidate in self.anchors.iter().chain(self.pool) {
            if name::same(candidate.subject_der(), last.issuer_der()) && known.insert(candidate.der()) {
                found.push(candidate.clone());
            }
        }
        found.sort_by_cached_key(|candidate| {
            let other_key = key_ids_agree(last, candidate) == Some(false);
            (other_key, !self.anchors.contains(candidate), Reverse(candidate.not_before()), candidate.clone())
        });
        found
    }

    fn judge(&mut self, chain: &[Certificate]) -> bool {
        let chain = &inherit(chain);
        match rules::check(chain, self.at, self.purpose, self.inputs, &mut self.fuel) {
            Ok(()) => self.offer(chain),
            Err(reason) => {
                self.note(Outcome::Invalid { reason }, chain);
                false
            }
        }
    }

    fn offer(&mut self, chain: &[Certificate]) -> bool {
        let path = PathReport { outcome: Outcome::Trusted, chain: chain.to_vec(), weak: weaknesses(chain) };
        self.offers += 1;
        let taken = (self.takes)(&path);
        if taken || self.best.as_ref().is_none_or(|best| !best.is_trusted()) {
            self.best = Some(path);
        }
        taken || self.offers >= MAX_OFFERS
    }

    /// Keeps the report that tells most; of equals the longer chain, then the first.
    fn note(&mut self, outcome: Outcome, chain: &[Certificate]) {
        let key = |outcome: &Outcome, chain: &[Certificate]| {
            (outcome.rank(), chain.last().is_some_and(|last| self.anchors.contains(last)), chain.len())
        };
        if let Some(best) = &self.best
            && key(&best.outcome, &best.chain) >= key(&outcome, chain)
        {
            return;
        }
        self.best = Some(PathReport { outcome, chain: chain.to_vec(), weak: weaknesses(chain) });
    }
}

/// Every critical extension is processed, and those that limit a path can be read.
pub(crate) fn check_critical(member: &Certificate) -> Result<(), Error> {
    rules::check_critical(member)
}

/// Whether authorityKeyIdentifier names the candidate's key; `None` where one of them has no identifier.
fn key_ids_agree(last: &Certificate, candidate: &Certificate) -> Option<bool> {
    let wanted = last.facts().authority_key_id.as_ref()?;
    let offered = candidate.facts().subject_key_id.as_ref()?;
    Some(wanted == offered)
}

/// The chain, leaf..anchor, in which a key without parameters has its issuer's.
fn inherit(chain: &[Certificate]) -> Vec<Certificate> {
    let mut whole: Vec<Certificate> = Vec::with_capacity(chain.len());
    for member in chain.iter().rev() {
        let inherited = whole.last().and_then(|issuer| member.inheriting(issuer));
        whole.push(inherited.unwrap_or_else(|| member.clone()));
    }
    whole.reverse();
    whole
}

fn weaknesses(chain: &[Certificate]) -> Vec<Weakness> {
    let mut weak = Vec::new();
    for (member, issuer) in chain.iter().zip(chain.iter().skip(1)) {
        for weakness in member.weaknesses_under(issuer) {
            if !weak.contains(&weakness) {
                weak.push(weakness);
            }
        }
    }
    weak
}
