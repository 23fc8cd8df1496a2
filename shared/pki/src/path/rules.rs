//! The rules a complete path must keep: RFC 5280 §6.1, and what the leaf is to be used for.

use super::names::Constraints;
use super::policies::Policies;
use super::{Inputs, Purpose, conformance};
use crate::{Certificate, Error, oids};

/// Extensions that may be critical because they are processed, here or by [`super::revocation`].
const PROCESSED: [const_oid::ObjectIdentifier; 13] = [
    oids::BASIC_CONSTRAINTS,
    oids::KEY_USAGE,
    oids::EXTENDED_KEY_USAGE,
    oids::SUBJECT_ALT_NAME,
    oids::NAME_CONSTRAINTS,
    oids::CERTIFICATE_POLICIES,
    oids::POLICY_MAPPINGS,
    oids::POLICY_CONSTRAINTS,
    oids::INHIBIT_ANY_POLICY,
    oids::CRL_DISTRIBUTION_POINTS,
    oids::AUTHORITY_KEY_ID,
    oids::SUBJECT_KEY_ID,
    oids::OCSP_NOCHECK,
];

/// Checks a chain leaf..anchor at an instant; `fuel` counts the comparisons of names down.
///
/// The anchor's own constraints count as well (RFC 5937): who limits a root means it.
pub(super) fn check(
    chain: &[Certificate],
    at: i64,
    purpose: Purpose,
    inputs: &Inputs,
    fuel: &mut usize,
) -> Result<(), Error> {
    let (Some((leaf, _)), Some((anchor, path))) = (chain.split_first(), chain.split_last()) else {
        return Err(Error::PathRule { rule: "empty path" });
    };
    if chain.iter().any(|member| !member.valid_at(at)) {
        return Err(Error::NotValidAt { what: not_valid(chain, at) });
    }
    check_purpose(leaf, purpose)?;
    if inputs.conforming {
        conformance::check(chain)?;
    }
    if path.is_empty() {
        return Ok(());
    }
    let mut state = State::new(anchor, path.len(), inputs)?;
    let mut issuer = anchor;
    for (index, member) in path.iter().enumerate().rev() {
        member.verify_issued_by(issuer)?;
        state.process(member, index == 0, fuel)?;
        if index > 0 {
            state.prepare(member)?;
        }
        issuer = member;
    }
    state.policies.finish(leaf.facts(), inputs)
}

/// Which member is outside its validity, for people.
fn not_valid(chain: &[Certificate], at: i64) -> &'static str {
    match chain.iter().position(|member| !member.valid_at(at)) {
        Some(0) => "the leaf X.509 certificate",
        Some(index) if index + 1 == chain.len() => "the trust anchor",
        _ => "an intermediate X.509 certificate",
    }
}

/// The state variables of §6.1.2.
struct State<'a> {
    policies: Policies,
    constraints: Constraints<'a>,
    path_length: usize,
}

impl<'a> State<'a> {
    fn new(anchor: &'a Certificate, length: usize, inputs: &Inputs) -> Result<Self, Error> {
        let mut state = Self {
            policies: Policies::new(length, inputs),
            constraints: Constraints::default(),
            path_length: inputs.max_intermediates.unwrap_or(length),
        };
        check_critical(anchor)?;
        // A root of version 1 has no extensions to say so.
        if anchor.version() >= 3 || !anchor.facts().present.is_empty() {
            check_issuer(anchor)?;
        }
        state.limit(anchor);
        Ok(state)
    }

    /// §6.1.3, but for signature, validity and name, which were checked; and what §6.1.4 (o) and §6.1.5 (f) say of critical extensions.
    fn process(&mut self, member: &Certificate, last: bool, fuel: &mut usize) -> Result<(), Error> {
        check_critical(member)?;
        let self_issued = member.is_self_issued();
        if last || !self_issued {
            self.constraints.check(member, fuel)?;
        }
        self.policies.process(member.facts(), self_issued, last)
    }

    /// §6.1.4.
    fn prepare(&mut self, member: &'a Certificate) -> Result<(), Error> {
        let self_issued = member.is_self_issued();
        self.policies.prepare(member.facts(), self_issued)?;
        check_issuer(member)?;
        if !self_issued {
            let left = self.path_length.checked_sub(1);
            self.path_length = left.ok_or(Error::PathRule { rule: "basicConstraints: path length" })?;
        }
        self.limit(member);
        Ok(())
    }

    /// §6.1.4 (g), (m).
    fn limit(&mut self, issuer: &'a Certificate) {
        if let Some(subtrees) = &issuer.facts().subtrees {
            self.constraints.add(subtrees);
        }
        self.path_length = self.path_length.min(issuer.facts().path_length.unwrap_or(usize::MAX));
    }
}

/// §6.1.4 (k), (n).
fn check_issuer(issuer: &Certificate) -> Result<(), Error> {
    if !issuer.is_ca() {
        return Err(Error::PathRule { rule: "basicConstraints: an issuer is not a CA" });
    }
    if issuer.facts().key_usage.is_some_and(|usage| !usage.key_cert_sign) {
        return Err(Error::PathRule { rule: "keyUsage: an issuer may not sign X.509 certificates" });
    }
    Ok(())
}

/// Every critical extension is known, and those that limit the path can be read.
pub(super) fn check_critical(member: &Certificate) -> Result<(), Error> {
    let facts = member.facts();
    if let Some(error) = &facts.unreadable {
        return Err(error.clone());
    }
    let known = |oid: &_| PROCESSED.contains(oid) || *oid == oids::QC_STATEMENTS && facts.qualified;
    let unknown = facts.present.iter().find(|(oid, critical)| *critical && !known(oid));
    match unknown {
        Some((oid, _)) => Err(Error::CriticalExtension { oid: oid.to_string() }),
        None => Ok(()),
    }
}

fn check_purpose(leaf: &Certificate, purpose: Purpose) -> Result<(), Error> {
    let facts = leaf.facts();
    let may_sign = leaf.allows_digital_signature_or_non_repudiation();
    let (allowed, purpose) = match purpose {
        Purpose::Any => return Ok(()),
        Purpose::Signing => {
            let other = [oids::KP_SERVER_AUTH, oids::KP_CODE_SIGNING, oids::KP_TIME_STAMPING, oids::KP_OCSP_SIGNING];
            let extended = facts.extended.as_ref();
            let elsewhere = extended.is_some_and(|e| e.purposes.iter().all(|purpose| other.contains(purpose)));
            (may_sign && !elsewhere, "signing documents")
        }
        Purpose::Timestamping => (may_sign && leaf.has_timestamping_eku_only_critical(), "time-stamping"),
        Purpose::OcspSigning => (may_sign && leaf.has_ocsp_signing_eku(), "OCSP signing"),
    };
    if allowed { Ok(()) } else { Err(Error::KeyUsage { purpose }) }
}
