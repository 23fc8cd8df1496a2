//! What RFC 5280 §4 demands of those who issue, and §6 does not ask of those who judge.
//!
//! An honest signature is not refused for a slip of its CA, so this is checked only on demand ([`super::Inputs::conforming`]).

use super::names::is_host;
use crate::extensions::names::{ADDRESS, HOST, MAILBOX};
use crate::{Certificate, Error, asn1, name, oids};

/// The longest serial number, octets (§4.1.2.2).
const MAX_SERIAL: usize = 20;

/// The first departure in a chain leaf..anchor.
pub(super) fn check(chain: &[Certificate]) -> Result<(), Error> {
    let last = chain.len().saturating_sub(1);
    for (index, member) in chain.iter().enumerate() {
        check_serial(member, index == last)?;
        check_fields(member)?;
        check_criticality(member)?;
        if index > 0 || member.is_ca() {
            check_ca(member)?;
        } else {
            check_end_entity(member)?;
        }
        // Of an anchor only name and key are looked for (§6.1.1 (d)): who signed it, nobody asks.
        if index < last && member.facts().authority_key_id.is_none() {
            return rule("authorityKeyIdentifier is missing (RFC 5280 §4.2.1.1)");
        }
    }
    Ok(())
}

fn rule(rule: &'static str) -> Result<(), Error> {
    Err(Error::PathRule { rule })
}

/// Anchors in use have the number 0, so of them only "not negative" is asked.
fn check_serial(member: &Certificate, is_anchor: bool) -> Result<(), Error> {
    let serial = member.raw_serial();
    let positive =
        serial.first().is_some_and(|first| first & 0x80 == 0) && (is_anchor || asn1::unsigned(serial) != [0]);
    if !positive || serial.len() > MAX_SERIAL {
        return rule("the serial number is not a positive number of at most 20 octets (RFC 5280 §4.1.2.2)");
    }
    Ok(())
}

fn check_fields(member: &Certificate) -> Result<(), Error> {
    if name::is_empty(member.issuer_der()) {
        return rule("the issuer's name is empty (RFC 5280 §4.1.2.4)");
    }
    if !member.facts().present.is_empty() && member.version() != 3 {
        return rule("extensions without version 3 (RFC 5280 §4.1.2.1)");
    }
    if member.facts().access_is_unreadable {
        return rule("authorityInfoAccess cannot be read (RFC 5280 §4.2.2.1)");
    }
    Ok(())
}

/// Where §4.2 says MUST about the critical flag.
fn check_criticality(member: &Certificate) -> Result<(), Error> {
    let facts = member.facts();
    let never = [oids::AUTHORITY_KEY_ID, oids::SUBJECT_KEY_ID, oids::AUTHORITY_INFO_ACCESS, oids::FRESHEST_CRL];
    if never.iter().any(|oid| facts.is_critical(oid) == Some(true)) {
        return rule("an extension is critical that must not be (RFC 5280 §4.2)");
    }
    let always = [oids::NAME_CONSTRAINTS, oids::POLICY_CONSTRAINTS, oids::INHIBIT_ANY_POLICY];
    let silent = always.iter().any(|oid| facts.is_critical(oid) == Some(false));
    let alone = name::is_empty(member.subject_der()) && facts.is_critical(&oids::SUBJECT_ALT_NAME) == Some(false);
    if silent || alone {
        return rule("an extension is not critical that must be (RFC 5280 §4.2)");
    }
    Ok(())
}

fn check_ca(member: &Certificate) -> Result<(), Error> {
    let facts = member.facts();
    if facts.is_critical(&oids::BASIC_CONSTRAINTS) != Some(true) {
        return rule("basicConstraints of a CA are missing or not critical (RFC 5280 §4.2.1.9)");
    }
    if facts.subject_key_id.is_none() {
        return rule("subjectKeyIdentifier of a CA is missing (RFC 5280 §4.2.1.2)");
    }
    if name::is_empty(member.subject_der()) {
        return rule("the subject of a CA is empty (RFC 5280 §4.1.2.6)");
    }
    if facts.path_length.is_some() && facts.key_usage.is_none_or(|usage| !usage.key_cert_sign) {
        return rule("a path length without keyCertSign (RFC 5280 §4.2.1.9)");
    }
    Ok(())
}

fn check_end_entity(member: &Certificate) -> Result<(), Error> {
    let facts = member.facts();
    if facts.key_usage.is_some_and(|usage| usage.key_cert_sign) {
        return rule("keyCertSign without being a CA (RFC 5280 §4.2.1.9)");
    }
    if facts.subtrees.is_some() {
        return rule("nameConstraints outside a CA (RFC 5280 §4.2.1.10)");
    }
    if facts.extended.as_ref().is_some_and(|extended| extended.purposes.is_empty()) {
        return rule("extKeyUsage without a purpose (RFC 5280 §4.2.1.12)");
    }
    for name in &facts.alternative {
        let text = std::str::from_utf8(&name.value).unwrap_or("");
        let proper = match name.form {
            HOST => is_preferred_host(text),
            ADDRESS => matches!(name.value.len(), 4 | 16),
            MAILBOX => text.split_once('@').is_some_and(|(local, host)| !local.is_empty() && is_preferred_host(host)),
            _ => true,
        };
        if !proper {
            return rule("an alternative name is malformed (RFC 5280 §4.2.1.6)");
        }
    }
    Ok(())
}

/// The preferred name syntax (RFC 1034 §3.5 as RFC 1123 §2.1 changes it); a wildcard as the first label is left alone.
fn is_preferred_host(host: &str) -> bool {
    let host = host.strip_prefix("*.").unwrap_or(host);
    let label = |label: &str| !label.starts_with('-') && !label.ends_with('-') && !label.contains('_');
    let numeric = host.rsplit('.').next().is_some_and(|last| last.bytes().all(|c| c.is_ascii_digit()));
    is_host(host) && !numeric && host.split('.').all(label)
}
