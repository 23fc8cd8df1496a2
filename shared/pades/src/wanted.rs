//! What would have told: X.509 certificates whose revocation nobody at hand knows, for whoever can ask the CA and judge again.
//!
//! Fetches nothing. Only members of paths that end at a trusted anchor are named, and only for signatures whose value is good: the
//! addresses are then those that a trusted CA has written, and not a stranger's (limits.md §5, SSRF).

use pki::Certificate;

/// The most X.509 certificates that one judgement names: a file with a dozen signers of two CAs, time-stamped by two authorities. What
/// is beyond is named by the next judgement, when these are known.
const MOST: usize = 32;

/// One X.509 certificate whose revocation is not known.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Wanted {
    /// From this certificate over its issuer to a trusted anchor.
    pub path: Vec<Certificate>,
    /// When the path was found valid, Unix seconds.
    pub at: i64,
    /// Fields whose judgement lacks it.
    pub fields: Vec<String>,
}

impl Wanted {
    /// The certificate.
    #[must_use]
    pub fn certificate(&self) -> Option<&Certificate> {
        self.path.first()
    }

    /// Where its CA says that it answers: OCSP responders, then places of CRLs.
    #[must_use]
    pub fn addresses(&self) -> Vec<String> {
        let named = self.path.first().map(|one| [one.ocsp_urls(), one.crl_urls()].concat());
        named.unwrap_or_default().into_iter().filter(|url| is_web(url)).collect()
    }
}

/// Whether a URL is one of HTTP. CAs name directories (LDAP) too.
#[must_use]
pub fn is_web(url: &str) -> bool {
    let begins = |scheme: &str| url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    begins("http://") || begins("https://")
}

/// Those of a chain that are not known, each with its own path.
pub(crate) fn along(chain: &[Certificate], missing: &[Certificate], at: i64) -> Vec<Wanted> {
    let places = missing.iter().filter_map(|one| chain.iter().position(|member| member == one));
    let paths = places.filter_map(|place| chain.get(place..)).filter(|path| path.len() > 1);
    paths.map(|path| Wanted { path: path.to_vec(), at, fields: Vec::new() }).collect()
}

/// Each certificate once, with all fields that lack it.
pub(crate) fn gather<'w>(wanted: impl Iterator<Item = (&'w str, &'w [Wanted])>) -> Vec<Wanted> {
    let mut all: Vec<Wanted> = Vec::new();
    for (field, one) in wanted.flat_map(|(field, list)| list.iter().map(move |one| (field, one))) {
        let known = all.iter().position(|known| known.certificate() == one.certificate());
        let known = known.unwrap_or_else(|| {
            all.push(one.clone());
            all.len() - 1
        });
        if let Some(known) = all.get_mut(known)
            && !known.fields.iter().any(|name| name == field)
        {
            known.fields.push(field.to_owned());
        }
    }
    all.truncate(MOST);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_web_is_asked() {
        for url in ["http://ocsp.example.vn/", "HTTPS://crl.example.vn/a.crl"] {
            assert!(is_web(url), "{url}");
        }
        for url in ["ldap://crl.example.vn/cn=a", "file:///etc/passwd", "ftp://a.vn", "http:/a.vn", "", "đ"] {
            assert!(!is_web(url), "{url}");
        }
    }
}
