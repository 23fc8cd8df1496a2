//! What X.509 certificates say about policies (RFC 5280 §4.2.1.4, .5, .11, .14). Qualifiers are not interpreted.

use const_oid::ObjectIdentifier;

use crate::Error;
use crate::asn1::{self, INTEGER, SEQUENCE, Tlv};

/// The most policies, and mappings, of one X.509 certificate.
const MAX_POLICIES: usize = 128;

/// PolicyConstraints.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct PolicyConstraints {
    pub(crate) require_explicit: Option<usize>,
    pub(crate) inhibit_mapping: Option<usize>,
}

/// certificatePolicies: at least one, none twice.
pub(crate) fn read(value: &[u8]) -> Result<Vec<ObjectIdentifier>, Error> {
    let what = "certificatePolicies";
    let mut found = Vec::new();
    for information in asn1::only(value, SEQUENCE, what)?.members(what, MAX_POLICIES)? {
        let oid = information.reader().any(what)?.oid().ok_or(Error::Malformed { what })?;
        if found.contains(&oid) {
            return Err(Error::Malformed { what });
        }
        found.push(oid);
    }
    if found.is_empty() { Err(Error::Malformed { what }) } else { Ok(found) }
}

/// policyMappings: pairs of the issuer's policy and the subject's.
pub(crate) fn read_mappings(value: &[u8]) -> Result<Vec<(ObjectIdentifier, ObjectIdentifier)>, Error> {
    let what = "policyMappings";
    let mut found = Vec::new();
    for pair in asn1::only(value, SEQUENCE, what)?.members(what, MAX_POLICIES)? {
        let mut reader = pair.reader();
        let mut oid = || reader.any(what)?.oid().ok_or(Error::Malformed { what });
        found.push((oid()?, oid()?));
        reader.finish(what)?;
    }
    if found.is_empty() { Err(Error::Malformed { what }) } else { Ok(found) }
}

/// policyConstraints: at least one field.
pub(crate) fn read_constraints(value: &[u8]) -> Result<PolicyConstraints, Error> {
    let what = "policyConstraints";
    let mut reader = asn1::only(value, SEQUENCE, what)?.reader();
    let require_explicit = reader.optional(0x80, what)?.map(|field| skip(&field, what)).transpose()?;
    let inhibit_mapping = reader.optional(0x81, what)?.map(|field| skip(&field, what)).transpose()?;
    reader.finish(what)?;
    if require_explicit.is_none() && inhibit_mapping.is_none() {
        return Err(Error::Malformed { what });
    }
    Ok(PolicyConstraints { require_explicit, inhibit_mapping })
}

/// inhibitAnyPolicy.
pub(crate) fn read_inhibit_any(value: &[u8]) -> Result<usize, Error> {
    let what = "inhibitAnyPolicy";
    skip(&asn1::only(value, INTEGER, what)?, what)
}

/// SkipCerts, and pathLenConstraint: a number that is not negative. More than any path is long is as good as no limit.
pub(crate) fn skip(field: &Tlv<'_>, what: &'static str) -> Result<usize, Error> {
    match field.content.first() {
        Some(first) if first & 0x80 == 0 => {
            Ok(asn1::small_integer(field.content, what).map_or(usize::MAX, |value| value.unsigned_abs() as usize))
        }
        _ => Err(Error::Malformed { what }),
    }
}
