//! Which hosts may be asked for what a stranger's certificate names.
//!
//! Does not connect. Two gates: the URL's host must be listed, and the address that a listed name leads to must not be
//! private, since whoever owns a name may point it anywhere (server-side request forgery through AIA and CDP).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// The allow-list.
pub(crate) struct Hosts(Vec<Host>);

/// One entry: a name or address as it stands in a URL, and a port unless it is the scheme's usual one.
struct Host {
    name: String,
    port: Option<u16>,
}

impl Hosts {
    /// Reads entries; `None` when one of them is neither `host` nor `host:port`.
    pub(crate) fn parse(entries: &[&str]) -> Option<Self> {
        entries.iter().map(|entry| host(entry)).collect::<Option<Vec<_>>>().map(Self)
    }

    /// The URL, if its host is listed. No other scheme than HTTP, no user in it.
    pub(crate) fn admit(&self, url: &str) -> Option<Url> {
        let url = Url::parse(url).ok()?;
        let plain = matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none();
        let name = url.host_str()?;
        let listed = |host: &Host| host.name == name && host.port == url.port();
        (plain && self.0.iter().any(listed)).then_some(url)
    }

    /// The entries that are addresses.
    fn addresses(&self) -> Vec<IpAddr> {
        self.0.iter().filter_map(|host| host.name.trim_matches(['[', ']']).parse().ok()).collect()
    }
}

fn host(entry: &str) -> Option<Host> {
    let url = Url::parse(&format!("http://{entry}")).ok()?;
    let name = url.host_str()?.to_owned();
    let port = url.port();
    // Only what is nothing but host and port comes back as it was written.
    let same = [Some(name.clone()), port.map(|port| format!("{name}:{port}")), Some(format!("{name}:80"))];
    same.iter().flatten().any(|text| text.eq_ignore_ascii_case(entry)).then_some(Host { name, port })
}

/// A resolver that gives no private address, except a listed one. Addresses in a URL are not resolved and so do not come
/// here: they are allowed only as entries of the list.
pub(crate) struct Guard {
    listed: Arc<[IpAddr]>,
}

impl Guard {
    pub(crate) fn new(hosts: &Hosts) -> Self {
        Self { listed: hosts.addresses().into() }
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let listed = Arc::clone(&self.listed);
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let found: Vec<_> = found.into_iter().filter(|at| may_connect(at.ip(), &listed)).collect();
            if found.is_empty() {
                return Err("the name leads to no public address".into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

fn may_connect(address: IpAddr, listed: &[IpAddr]) -> bool {
    listed.contains(&address) || is_public(address)
}

/// Whether an address belongs to the public internet (IANA special-purpose address registries, RFC 6890).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or_else(|| is_public_v6(v6), is_public_v4),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_multicast()
        || a == 0
        // shared by carriers (RFC 6598), IETF protocols (RFC 6890), benchmarks (RFC 2544), reserved (RFC 1112)
        || (a == 100 && b & 0xc0 == 64)
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && b & 0xfe == 18)
        || a >= 240)
}

/// Global unicast is `2000::/3`; of it, documentation (RFC 3849) and the ways in which IPv4 hides (6to4, Teredo) are out.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    a & 0xe000 == 0x2000 && !(a == 0x2002 || (a == 0x2001 && (b == 0xdb8 || b < 0x200)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_hosts_are_asked() {
        let hosts =
            Hosts::parse(&["OCSP.example.vn", "crl.example.vn:8080", "127.0.0.1:4711", "[::1]:80"]).expect("hosts");
        for url in [
            "http://ocsp.example.vn/a?b=c",
            "https://ocsp.example.vn",
            "http://crl.example.vn:8080/x.crl",
            "http://127.0.0.1:4711/ocsp",
            "http://[::1]/",
        ] {
            assert!(hosts.admit(url).is_some(), "{url}");
        }
        for url in [
            "http://ocsp.example.vn:22/",
            "http://crl.example.vn/",
            "http://127.0.0.1/",
            "http://127.0.0.1:4712/",
            "http://evil.example/?ocsp.example.vn",
            "http://ocsp.example.vn.evil.example/",
            "http://ocsp.example.vn@evil.example/",
            "http://user@ocsp.example.vn/",
            "ldap://ocsp.example.vn/",
            "file:///etc/passwd",
            "",
        ] {
            assert!(hosts.admit(url).is_none(), "{url}");
        }
    }

    /// The forms in which an address can be written all mean the same host.
    #[test]
    fn an_address_in_disguise_is_not_listed() {
        let hosts = Hosts::parse(&["ocsp.example.vn"]).expect("hosts");
        for url in ["http://2130706433/", "http://0x7f.1/", "http://0177.0.0.1/", "http://[::ffff:127.0.0.1]/"] {
            assert!(hosts.admit(url).is_none(), "{url}");
        }
    }

    #[test]
    fn a_name_may_not_lead_into_a_private_network() {
        for address in [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.31.0.1",
            "192.0.0.1",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2001:db8::1",
            "2001::1",
            "2002:a00:1::",
        ] {
            assert!(!is_public(address.parse().expect(address)), "{address}");
        }
        for address in
            ["1.1.1.1", "100.128.0.1", "172.32.0.1", "198.20.0.1", "203.162.0.1", "2001:ee0::1", "2606:4700::1"]
        {
            assert!(is_public(address.parse().expect(address)), "{address}");
        }
    }

    #[test]
    fn a_listed_address_may_be_private() {
        let hosts = Hosts::parse(&["10.1.2.3", "[fd00::1]:8080", "tsa.example.vn"]).expect("hosts");
        let listed = hosts.addresses();
        assert!(may_connect("10.1.2.3".parse().expect("v4"), &listed));
        assert!(may_connect("fd00::1".parse().expect("v6"), &listed));
        assert!(!may_connect("10.1.2.4".parse().expect("v4"), &listed));
    }
}
