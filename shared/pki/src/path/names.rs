//! Name constraints (RFC 5280 §4.2.1.10, §6.1.3 (b) and (c), §6.1.4 (g)).
//!
//! A constraint of a form that is not understood refuses every name of that form; so does a name or constraint that is
//! malformed. What a constraint says about wildcards in host names RFC 5280 leaves open; here a pattern is outside a
//! permitted subtree unless all of its names are inside, and inside an excluded one if any of its names is.

use crate::extensions::names::{ADDRESS, DIRECTORY, General, HOST, LOCATION, MAILBOX, Subtrees};
use crate::{Certificate, Error, name, oids};

/// Comparisons of a name with a constraint in one search. The largest honest path needs some thousands; each costs
/// well below a microsecond (directory names: some).
pub(super) const MAX_COMPARISONS: usize = 250_000;

const OUTSIDE: Error = Error::PathRule { rule: "nameConstraints: a name is outside the permitted subtrees" };
const EXCLUDED: Error = Error::PathRule { rule: "nameConstraints: a name is excluded" };
const MALFORMED: Error = Error::PathRule { rule: "nameConstraints: a name or constraint cannot be understood" };

/// permitted_subtrees and excluded_subtrees.
#[derive(Default)]
pub(super) struct Constraints<'a>(Vec<&'a Subtrees>);

impl<'a> Constraints<'a> {
    /// §6.1.4 (g): permitted subtrees intersect, excluded ones unite.
    pub(super) fn add(&mut self, subtrees: &'a Subtrees) {
        self.0.push(subtrees);
    }

    /// §6.1.3 (b), (c): the subject and every alternative name. `fuel` counts comparisons down.
    pub(super) fn check(&self, certificate: &Certificate, fuel: &mut usize) -> Result<(), Error> {
        if self.0.is_empty() {
            return Ok(());
        }
        let names = names(certificate);
        for subtrees in &self.0 {
            let bases = subtrees.permitted.len() + subtrees.excluded.len();
            let limit = Error::Limit { what: "comparisons with name constraints", limit: MAX_COMPARISONS };
            *fuel = fuel.checked_sub(names.len().saturating_mul(bases)).ok_or(limit)?;
            for name in &names {
                check_one(name, subtrees)?;
            }
        }
        Ok(())
    }
}

/// The names that constraints are about; addresses in the subject only where there is no alternative name.
fn names(certificate: &Certificate) -> Vec<General> {
    let mut names = certificate.facts().alternative.clone();
    if names.is_empty() {
        for mailbox in name::values(certificate.subject_der(), &oids::AT_EMAIL) {
            names.push(General { form: MAILBOX, value: mailbox.into_bytes() });
        }
    }
    if !name::is_empty(certificate.subject_der()) {
        names.push(General { form: DIRECTORY, value: certificate.subject_der().to_vec() });
    }
    names
}

fn check_one(name: &General, subtrees: &Subtrees) -> Result<(), Error> {
    let of_form = |list: &'_ [General]| list.iter().filter(|base| base.form == name.form).cloned().collect::<Vec<_>>();
    for base in of_form(&subtrees.excluded) {
        if is_within(name, &base, Side::Excluded)? {
            return Err(EXCLUDED);
        }
    }
    let permitted = of_form(&subtrees.permitted);
    let mut inside = permitted.is_empty();
    for base in permitted {
        inside |= is_within(name, &base, Side::Permitted)?;
    }
    if inside { Ok(()) } else { Err(OUTSIDE) }
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Side {
    Permitted,
    Excluded,
}

fn is_within(name: &General, base: &General, side: Side) -> Result<bool, Error> {
    let within = match name.form {
        DIRECTORY => Some(name::is_within(&name.value, &base.value)),
        ADDRESS => address_within(&name.value, &base.value),
        HOST => ascii(name).zip(ascii(base)).and_then(|(name, base)| host_within(&name, &base, side)),
        MAILBOX => text(name).zip(text(base)).and_then(|(name, base)| mailbox_within(name, base)),
        LOCATION => text(name).zip(ascii(base)).and_then(|(name, base)| location_within(name, &base)),
        _ => None,
    };
    within.ok_or(MALFORMED)
}

fn text(name: &General) -> Option<&str> {
    std::str::from_utf8(&name.value).ok().filter(|text| text.is_ascii())
}

fn ascii(name: &General) -> Option<String> {
    text(name).map(str::to_ascii_lowercase)
}

/// Letters, digits, hyphens and underscores between single dots.
pub(super) fn is_host(host: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len()) && label.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_')
    };
    host.len() <= 253 && host.split('.').all(label)
}

/// Equal, or so many labels more on the left.
fn is_below(host: &str, base: &str) -> bool {
    host.strip_suffix(base).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

fn host_within(name: &str, base: &str, side: Side) -> Option<bool> {
    let pattern = name.strip_prefix("*.");
    let host = pattern.unwrap_or(name);
    if !is_host(host) || !base.is_empty() && !is_host(base) {
        return None;
    }
    // `*.a` stands for all names one label below `a`, so it touches a base just below `a` too.
    let touches = pattern.is_some() && side == Side::Excluded && base.split_once('.').is_some_and(|(_, up)| up == host);
    Some(base.is_empty() || is_below(host, base) || touches)
}

/// A mailbox against a mailbox, all mailboxes of a host, or (with a leading dot) of the hosts below a domain.
fn mailbox_within(name: &str, base: &str) -> Option<bool> {
    let (local, host) = mailbox(name)?;
    let host = host.to_ascii_lowercase();
    if base.contains('@') {
        let (base_local, base_host) = mailbox(base)?;
        return Some(local == base_local && host == base_host.to_ascii_lowercase());
    }
    domain_within(&host, &base.to_ascii_lowercase())
}

fn mailbox(text: &str) -> Option<(&str, &str)> {
    let (local, host) = text.split_once('@')?;
    (!local.is_empty() && is_host(host)).then_some((local, host))
}

/// `.a` is everything below `a`, without `a`; `a` is `a` alone.
fn domain_within(host: &str, base: &str) -> Option<bool> {
    let domain = base.strip_prefix('.').unwrap_or(base);
    if !is_host(domain) {
        return None;
    }
    Some(if domain.len() == base.len() { host == base } else { host != domain && is_below(host, domain) })
}

/// The host of a URI; without one, or with an address in its place, it cannot be compared (§4.2.1.10).
fn location_within(location: &str, base: &str) -> Option<bool> {
    let (_, rest) = location.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
    let host = place.split_once(':').map_or(place, |(host, _)| host).to_ascii_lowercase();
    let is_address = host.rsplit('.').next().is_some_and(|last| last.bytes().all(|c| c.is_ascii_digit()));
    if !is_host(&host) || is_address {
        return None;
    }
    domain_within(&host, base)
}

/// An IPv4 or IPv6 address against address and mask; the mask must be a prefix (RFC 4632).
fn address_within(address: &[u8], base: &[u8]) -> Option<bool> {
    let length = base.len() / 2;
    if !matches!(base.len(), 8 | 32) || !matches!(address.len(), 4 | 16) {
        return None;
    }
    let (network, mask) = base.split_at(length);
    let ones: u32 = mask.iter().map(|octet| octet.leading_ones()).sum();
    let prefix = mask.iter().enumerate().all(|(at, octet)| {
        let wanted = ones.saturating_sub(u32::try_from(at).unwrap_or(u32::MAX).saturating_mul(8)).min(8);
        octet.leading_ones() == wanted && octet.count_ones() == wanted
    });
    if !prefix {
        return None;
    }
    let inside = address.iter().zip(network).zip(mask).all(|((octet, net), mask)| octet & mask == net & mask);
    Some(address.len() == length && inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn within(form: u8, name: &[u8], base: &[u8]) -> Option<bool> {
        let general = |value: &[u8]| General { form, value: value.to_vec() };
        is_within(&general(name), &general(base), Side::Permitted).ok()
    }

    /// §4.2.1.10: labels are added on the left, never letters.
    #[test]
    fn hosts_are_compared_by_labels() {
        let host = |name: &str, base: &str| within(HOST, name.as_bytes(), base.as_bytes());
        assert_eq!(host("a.example.vn", "Example.VN"), Some(true));
        assert_eq!(host("example.vn", "example.vn"), Some(true));
        assert_eq!(host("anexample.vn", "example.vn"), Some(false));
        assert_eq!((host(".example.vn", "example.vn"), host("a.vn", ".vn"), host("a.vn", "*.vn")), (None, None, None));
        assert_eq!(host("*.example.vn", "example.vn"), Some(true));
        assert_eq!(host("*.example.vn", "a.example.vn"), Some(false));
        assert_eq!(host_within("*.example.vn", "a.example.vn", Side::Excluded), Some(true));
        assert_eq!(host_within("*.example.vn", "b.a.example.vn", Side::Excluded), Some(false));
    }

    /// One mailbox, one host, or the hosts below a domain; the local part keeps its case.
    #[test]
    fn mailboxes_and_locations_have_hosts() {
        let mailbox = |name: &str, base: &str| within(MAILBOX, name.as_bytes(), base.as_bytes());
        assert_eq!((mailbox("a@x.vn", "a@X.vn"), mailbox("A@x.vn", "a@x.vn")), (Some(true), Some(false)));
        assert_eq!((mailbox("a@x.vn", "x.vn"), mailbox("a@y.x.vn", "x.vn")), (Some(true), Some(false)));
        assert_eq!((mailbox("a@x.vn", ".x.vn"), mailbox("a@y.x.vn", ".x.vn")), (Some(false), Some(true)));
        assert_eq!((mailbox("a@b@x.vn", "x.vn"), mailbox("a", "x.vn")), (None, None));
        let location = |name: &str, base: &str| within(LOCATION, name.as_bytes(), base.as_bytes());
        assert_eq!(location("http://me@x.vn:80/a?b", "x.vn"), Some(true));
        assert_eq!(location("http://y.x.vn", ".x.vn"), Some(true));
        assert_eq!((location("urn:x", "x.vn"), location("http://10.0.0.1/", "x.vn")), (None, None));
    }

    /// Masks are prefixes, and the families do not meet.
    #[test]
    fn addresses_are_masked() {
        let address = |name: &[u8], base: &[u8]| within(ADDRESS, name, base);
        assert_eq!(address(&[192, 0, 2, 9], &[192, 0, 2, 0, 255, 255, 255, 0]), Some(true));
        assert_eq!(address(&[192, 0, 3, 9], &[192, 0, 2, 0, 255, 255, 254, 0]), Some(true));
        assert_eq!(address(&[192, 0, 4, 9], &[192, 0, 2, 0, 255, 255, 254, 0]), Some(false));
        assert_eq!(address(&[192, 0, 2, 9], &[192, 0, 2, 0, 255, 0, 255, 0]), None);
        assert_eq!(address(&[192, 0, 2, 9], &[192, 0, 2, 0, 255, 255, 1, 0]), None);
        assert_eq!(address(&[0; 16], &[0; 8]), Some(false));
        assert_eq!(address(&[0; 5], &[0; 8]), None);
    }
}
