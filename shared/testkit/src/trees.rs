//! The test PKI: one tree that is trusted and one that is not. Everything is synthetic and made once per process.

use std::sync::OnceLock;

use pki::Certificate;
use pki::issue::{self, Attribute, CertificateSpec, ExtendedKeyUsage, KeyUsage};

use crate::keys::{Identity, Key};

/// 2020-01-01T00:00:00Z and 2045-01-01T00:00:00Z: tests travel between.
const VALIDITY: (i64, i64) = (1_577_836_800, 2_366_841_600);

/// Until when whose X.509 certificates hold, and from when on the authority stamps with its next ones: Unix seconds.
#[derive(Clone, Copy, Debug)]
struct Lives {
    people: i64,
    tsa: [i64; 3],
    changes: [i64; 2],
    /// Whether the authority stands directly below the root, so that the end of the issuing authority is not its own.
    tsa_below_root: bool,
}

/// Everybody lives long, but the authority's first X.509 certificate ends with 2030; it stamps with the next one from 10 July 2030 on.
const LONG: Lives = Lives {
    people: VALIDITY.1,
    tsa: [1_924_992_000, VALIDITY.1, VALIDITY.1],
    changes: [1_909_872_000, VALIDITY.1],
    tsa_below_root: false,
};

/// People and offices end with 2028, the authority's X.509 certificates with 2032 and 2037; it changes each time on 10 July of the
/// year in which one ends.
const SHORT: Lives = Lives {
    people: 1_861_920_000,
    tsa: [1_988_150_400, 2_145_916_800, VALIDITY.1],
    changes: [1_973_030_400, 2_130_796_800],
    tsa_below_root: true,
};

/// A tree with everybody in it.
#[derive(Debug)]
pub struct Tree {
    /// The root.
    pub root: Identity,
    /// The issuing authority.
    pub ca: Identity,
    /// A leader (P-256).
    pub leader: Identity,
    /// An agency whose key is RSA, as in AWS KMS (decision 10).
    pub agency: Identity,
    /// An agency whose key is P-256: it never signs twice alike.
    pub agency_p256: Identity,
    /// The time-stamping authority with its first key and the next two.
    tsa: [Identity; 3],
    /// When it changes them, Unix seconds.
    changes: [i64; 2],
}

/// The trees.
#[derive(Debug)]
pub struct Trees {
    /// The configured one.
    pub ours: Tree,
    /// The other one: people and offices of the same names, other keys.
    pub strangers: Tree,
}

static TREES: OnceLock<Trees> = OnceLock::new();

/// The trees of this process.
pub fn trees() -> &'static Trees {
    TREES.get_or_init(|| Trees {
        ours: tree("ours", 1, Key::p256, Key::rsa, LONG),
        strangers: tree("strangers", 2, Key::p256, Key::rsa, LONG),
    })
}

/// Gives everybody in this process an RSA-2048 key, as the tree of the Government and most CAs in the country have them: for figures
/// that are to be compared with those of others. Without effect once somebody has asked for [`trees`].
pub fn all_rsa() {
    TREES.get_or_init(|| Trees {
        ours: tree("ours", 1, Key::rsa, Key::rsa, LONG),
        strangers: tree("strangers", 2, Key::rsa, Key::rsa, LONG),
    });
}

/// Gives everybody in this process X.509 certificates that end in two years, and the authority, which stands directly below the root, three
/// that follow each other until 2045: for copies that are looked at when their signers' have ended. Without effect once somebody has
/// asked for [`trees`].
pub fn all_short_lived() {
    TREES.get_or_init(|| Trees {
        ours: tree("ours", 1, Key::p256, Key::rsa, SHORT),
        strangers: tree("strangers", 2, Key::p256, Key::rsa, SHORT),
    });
}

impl Trees {
    /// The configured roots.
    pub fn anchors(&self) -> Vec<Certificate> {
        vec![self.ours.root.leaf().clone()]
    }
}

impl Tree {
    /// Who issues under a name of the hosts `http://<what>.<name>.test/`.
    pub(crate) fn issuer(&self, name: &str) -> Option<&Identity> {
        [&self.root, &self.ca].into_iter().find(|who| host_of(who.leaf()) == name)
    }

    /// Whose key may seal.
    pub(crate) fn offices(&self) -> [&Identity; 2] {
        [&self.agency, &self.agency_p256]
    }

    /// The time-stamping authority as it stamps at an instant, Unix seconds.
    pub fn tsa(&self, at: i64) -> &Identity {
        let [first, second, third] = &self.tsa;
        match self.changes {
            [_, last] if at >= last => third,
            [change, _] if at >= change => second,
            _ => first,
        }
    }
}

/// The name of an authority in URLs.
fn host_of(certificate: &Certificate) -> String {
    certificate.common_name().unwrap_or_default().to_lowercase()
}

/// `key` makes the keys of everybody but the agency whose key is RSA in every tree.
fn tree(name: &str, serial: u8, key: fn() -> Key, rsa: fn() -> Key, lives: Lives) -> Tree {
    use Attribute::{CommonName, Country, Organisation, UserId};
    let ca = |spec: &mut CertificateSpec| {
        spec.ca = Some(None);
        spec.key_usage = vec![KeyUsage::KeyCertSign, KeyUsage::CrlSign, KeyUsage::DigitalSignature];
    };
    let person = |spec: &mut CertificateSpec| {
        spec.key_usage = vec![KeyUsage::DigitalSignature, KeyUsage::NonRepudiation];
        spec.not_after = lives.people;
    };
    let stamp = |spec: &mut CertificateSpec| {
        spec.key_usage = vec![KeyUsage::DigitalSignature];
        spec.extended_key_usage = vec![ExtendedKeyUsage::TimeStamping];
        spec.extended_key_usage_critical = true;
    };
    let ward = "UBND xã Mẫu";
    let (root_name, ca_name) = (format!("{name}-root"), format!("{name}-ca"));
    let root = issued([serial, 1], &[(Country, "VN"), (CommonName, &root_name)], None, key(), ca);
    let sub = issued([serial, 2], &[(Country, "VN"), (CommonName, &ca_name)], Some(&root), key(), ca);
    let leader = [(Country, "VN"), (Organisation, ward), (CommonName, "Nguyễn Văn Mẫu"), (UserId, "CCCD:000000000001")];
    let leader = issued([serial, 3], &leader, Some(&sub), key(), person);
    let office = [(Country, "VN"), (Organisation, ward), (CommonName, ward)];
    let agency = issued([serial, 4], &office, Some(&sub), rsa(), person);
    let agency_p256 = issued([serial, 5], &office, Some(&sub), key(), person);
    let authority = [(Country, "VN"), (CommonName, "TSA mẫu")];
    let above = if lives.tsa_below_root { &root } else { &sub };
    let stamping = |serial_end: u8, ends: i64| {
        issued([serial, serial_end], &authority, Some(above), key(), |spec| {
            stamp(spec);
            spec.not_after = ends;
        })
    };
    let [first, second, third] = lives.tsa;
    let tsa = [stamping(6, first), stamping(7, second), stamping(8, third)];
    Tree { root, ca: sub, leader, agency, agency_p256, tsa, changes: lives.changes }
}

fn issued(
    serial: [u8; 2],
    name: &[(Attribute, &str)],
    above: Option<&Identity>,
    key: Key,
    fill: impl Fn(&mut CertificateSpec),
) -> Identity {
    let mut spec = CertificateSpec {
        serial: [&[0x40], &serial[..]].concat(),
        subject: name.iter().map(|(attribute, text)| (*attribute, (*text).to_owned())).collect(),
        not_before: VALIDITY.0,
        not_after: VALIDITY.1,
        spki_der: key.spki(),
        ..CertificateSpec::default()
    };
    fill(&mut spec);
    if let Some(above) = above {
        let host = host_of(above.leaf());
        spec.ocsp_urls = vec![format!("http://ocsp.{host}.test/")];
        spec.crl_urls = vec![format!("http://crl.{host}.test/")];
        spec.issuer_urls = vec![format!("http://aia.{host}.test/")];
    }
    let signer = above.map_or(&key, |identity| &identity.key);
    let issuer = above.map(Identity::leaf);
    let made = issue::certificate(&spec, issuer, signer.algorithm(), &|tbs| signer.sign_message(tbs));
    let mut chain = vec![made.expect("an X.509 certificate")];
    chain.extend(above.map(|identity| identity.chain.clone()).unwrap_or_default());
    Identity { key, chain }
}
