//! The policies of a path (RFC 5280 §6.1.2 to §6.1.5), as the graph of RFC 9618: one node per policy and depth, so that
//! mappings cannot make it grow exponentially as the tree of RFC 5280 does.

use std::collections::{BTreeMap, BTreeSet};

use const_oid::ObjectIdentifier;

use crate::extensions::Facts;
use crate::oids::ANY_POLICY;
use crate::{Error, path::Inputs};

const NULL_SET: Error = Error::PathRule { rule: "certificatePolicies: no policy holds for the whole path" };
const MAPPED_ANY: Error = Error::PathRule { rule: "policyMappings: anyPolicy cannot be mapped" };

/// One policy at one depth.
#[derive(Clone, Debug, Default)]
struct Node {
    /// expected_policy_set: what it is called in the next X.509 certificate.
    expected: BTreeSet<ObjectIdentifier>,
    /// Policies of the depth before from which it comes.
    parents: BTreeSet<ObjectIdentifier>,
}

type Level = BTreeMap<ObjectIdentifier, Node>;

/// valid_policy_graph, explicit_policy, policy_mapping and inhibit_anyPolicy.
pub(super) struct Policies {
    /// By depth, the anchor's first. An empty last level is the NULL graph.
    levels: Vec<Level>,
    explicit: usize,
    mapping: usize,
    any: usize,
}

fn node(expected: ObjectIdentifier, parents: BTreeSet<ObjectIdentifier>) -> Node {
    Node { expected: BTreeSet::from([expected]), parents }
}

impl Policies {
    /// §6.1.2 for a path of `length` members, the anchor not counted.
    pub(super) fn new(length: usize, inputs: &Inputs) -> Self {
        let first = |now: bool| if now { 0 } else { length + 1 };
        Self {
            levels: vec![Level::from([(ANY_POLICY, node(ANY_POLICY, BTreeSet::new()))])],
            explicit: first(inputs.explicit_policy),
            mapping: first(inputs.inhibit_policy_mapping),
            any: first(inputs.inhibit_any_policy),
        }
    }

    /// §6.1.3 (d) to (f).
    pub(super) fn process(&mut self, facts: &Facts, self_issued: bool, last: bool) -> Result<(), Error> {
        let before = self.levels.last().cloned().unwrap_or_default();
        let mut level = Level::new();
        for policy in facts.policies.iter().flatten().filter(|policy| **policy != ANY_POLICY) {
            let mut parents = expecting(&before, policy);
            if parents.is_empty() && before.contains_key(&ANY_POLICY) {
                parents.insert(ANY_POLICY);
            }
            if !parents.is_empty() {
                level.insert(*policy, node(*policy, parents));
            }
        }
        let names_any = facts.policies.iter().flatten().any(|policy| *policy == ANY_POLICY);
        if names_any && (self.any > 0 || self_issued && !last) {
            let expected: BTreeSet<_> = before.values().flat_map(|node| node.expected.iter().copied()).collect();
            for policy in expected {
                level.entry(policy).or_insert_with(|| node(policy, expecting(&before, &policy)));
            }
        }
        self.levels.push(level);
        if self.explicit == 0 && self.is_null() { Err(NULL_SET) } else { Ok(()) }
    }

    fn is_null(&self) -> bool {
        self.levels.last().is_none_or(BTreeMap::is_empty)
    }

    /// §6.1.4 (a), (b), (h), (i), (j).
    pub(super) fn prepare(&mut self, facts: &Facts, self_issued: bool) -> Result<(), Error> {
        if facts.mappings.iter().any(|(issuer, subject)| *issuer == ANY_POLICY || *subject == ANY_POLICY) {
            return Err(MAPPED_ANY);
        }
        self.map(facts);
        if !self_issued {
            for counter in [&mut self.explicit, &mut self.mapping, &mut self.any] {
                *counter = counter.saturating_sub(1);
            }
        }
        let constraints = facts.policy_constraints;
        self.explicit = self.explicit.min(constraints.require_explicit.unwrap_or(usize::MAX));
        self.mapping = self.mapping.min(constraints.inhibit_mapping.unwrap_or(usize::MAX));
        self.any = self.any.min(facts.inhibit_any.unwrap_or(usize::MAX));
        Ok(())
    }

    /// §6.1.4 (b).
    fn map(&mut self, facts: &Facts) {
        let may_map = self.mapping > 0;
        let Some(level) = self.levels.last_mut() else { return };
        let mut mapped: BTreeMap<ObjectIdentifier, BTreeSet<ObjectIdentifier>> = BTreeMap::new();
        for (issuer, subject) in &facts.mappings {
            mapped.entry(*issuer).or_default().insert(*subject);
        }
        for (policy, subjects) in mapped {
            if !may_map {
                level.remove(&policy);
            } else if let Some(node) = level.get_mut(&policy) {
                node.expected = subjects;
            } else if level.contains_key(&ANY_POLICY) {
                level.insert(policy, Node { expected: subjects, parents: BTreeSet::from([ANY_POLICY]) });
            }
        }
    }

    /// §6.1.5 (a), (b), (g) for the last X.509 certificate.
    pub(super) fn finish(mut self, facts: &Facts, inputs: &Inputs) -> Result<(), Error> {
        self.explicit = self.explicit.saturating_sub(1);
        if facts.policy_constraints.require_explicit == Some(0) {
            self.explicit = 0;
        }
        if self.explicit > 0 {
            return Ok(());
        }
        let found = self.authority_constrained();
        let wanted = |policy: &ObjectIdentifier| inputs.policies.iter().any(|wanted| *wanted == policy.to_string());
        let holds = !found.is_empty()
            && (inputs.policies.is_empty() || found.contains(&ANY_POLICY) || found.iter().any(wanted));
        if holds { Ok(()) } else { Err(NULL_SET) }
    }

    /// Policies, in the words of the anchor's domain, under which the path is valid (RFC 9618 §5.4).
    fn authority_constrained(&self) -> BTreeSet<ObjectIdentifier> {
        let mut found = BTreeSet::new();
        let Some(last) = self.levels.last() else { return found };
        let mut current: BTreeSet<_> = last.keys().copied().collect();
        if current.contains(&ANY_POLICY) {
            found.insert(ANY_POLICY);
        }
        for level in self.levels.iter().skip(1).rev() {
            let mut before = BTreeSet::new();
            for policy in &current {
                let Some(node) = level.get(policy) else { continue };
                if *policy != ANY_POLICY && node.parents.contains(&ANY_POLICY) {
                    found.insert(*policy);
                }
                before.extend(node.parents.iter().copied());
            }
            current = before;
        }
        found
    }
}

/// Policies of a level that expect `policy` in the next X.509 certificate.
fn expecting(level: &Level, policy: &ObjectIdentifier) -> BTreeSet<ObjectIdentifier> {
    level.iter().filter(|(_, node)| node.expected.contains(policy)).map(|(policy, _)| *policy).collect()
}
