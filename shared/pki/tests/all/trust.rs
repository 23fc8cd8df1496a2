//! Certificates and paths: what is shown, what is trusted, and each rule broken once.

use pki::issue::{Attribute, CertificateSpec, KeyUsage, SignatureAlgorithm, certificate};
use pki::path::{Inputs, Outcome, PathReport, Purpose, build, build_until};
use pki::{Certificate, Error, KeyAlgorithm};

use crate::pki::{DAY, Holder, Key, NOW, Pki, ca_spec, issue, signer_spec, spec};

fn outcome(leaf: &Holder, pool: &[&Holder], anchor: &Holder, at: i64, purpose: Purpose) -> Outcome {
    report(leaf, pool, anchor, at, purpose).outcome
}

fn report(leaf: &Holder, pool: &[&Holder], anchor: &Holder, at: i64, purpose: Purpose) -> PathReport {
    let pool: Vec<_> = pool.iter().map(|holder| holder.cert.clone()).collect();
    build(&leaf.cert, &pool, std::slice::from_ref(&anchor.cert), at, purpose)
}

/// What pages show: Vietnamese letters are kept, serial, validity, key, locations, PEM.
#[test]
fn certificates_show_what_they_are() {
    let pki = Pki::new();
    let leader = &pki.leader.cert;
    assert_eq!(leader.subject(), "CN=Nguyễn Văn Ký,O=Ủy ban nhân dân phường Thử Nghiệm,C=VN");
    assert_eq!(leader.issuer(), pki.ca.cert.subject());
    assert_eq!(leader.common_name().as_deref(), Some("Nguyễn Văn Ký"));
    assert_eq!(leader.organisation().as_deref(), Some("Ủy ban nhân dân phường Thử Nghiệm"));
    assert_eq!((leader.serial_hex(), leader.serial()), ("5a03".to_owned(), vec![0x5a, 3]));
    assert_eq!((leader.not_before(), leader.not_after()), (NOW - 100 * DAY, NOW + 900 * DAY));
    assert_eq!(leader.key_algorithm(), KeyAlgorithm::Rsa { bits: 2048 });
    assert_eq!(leader.key_algorithm().to_string(), "RSA 2048");
    assert_eq!(leader.ocsp_urls(), ["http://127.0.0.1:9/ocsp"]);
    assert_eq!(leader.crl_urls(), ["http://127.0.0.1:9/ca.crl"]);
    assert_eq!(leader.issuer_urls(), ["http://127.0.0.1:9/ca.crt"]);
    assert!(!leader.is_ca() && !leader.is_self_issued() && pki.root.cert.is_ca() && pki.root.cert.is_self_issued());
    assert!(pki.tsa.cert.has_timestamping_eku_only_critical() && pki.responder.cert.has_ocsp_nocheck());
    assert!(!format!("{leader:?}").contains("Nguyễn"), "subjects must not slip into logs");
    let text = format!("Ghi chú\n{}{}", leader.to_pem(), pki.ca.cert.to_pem().replace('\n', "\r\n"));
    let both = Certificate::from_pem_many(&text).expect("PEM");
    assert_eq!(both, [leader.clone(), pki.ca.cert.clone()]);
    assert_eq!(Certificate::from_pem_many("không có gì"), Ok(vec![]));
}

/// Names that try to deceive are escaped (RFC 4514 §2.4).
#[test]
fn deceptive_names_are_escaped() {
    let key = Key::ec();
    let name = "A, B+\u{202e}gnuhc\u{0}#";
    let spec = CertificateSpec { subject: vec![(Attribute::CommonName, name.to_owned())], ..spec("x", 9, &key) };
    let holder = issue(&spec, None, key);
    assert_eq!(holder.cert.subject(), "CN=A\\, B\\+\\E2\\80\\AEgnuhc\\00#");
}

/// R-verify: the path is built from a pool in any order and ends at the anchor.
#[test]
fn good_paths_are_trusted() {
    let pki = Pki::new();
    for leaf in [&pki.leader, &pki.seal] {
        let report = report(leaf, &[&pki.tsa, &pki.root, &pki.ca, &pki.leader], &pki.root, NOW, Purpose::Signing);
        assert!(report.is_trusted() && report.weak.is_empty());
        assert_eq!(report.chain, [leaf.cert.clone(), pki.ca.cert.clone(), pki.root.cert.clone()]);
    }
    assert_eq!(outcome(&pki.tsa, &[&pki.ca], &pki.root, NOW, Purpose::Timestamping), Outcome::Trusted);
    assert_eq!(outcome(&pki.responder, &[&pki.ca], &pki.root, NOW, Purpose::OcspSigning), Outcome::Trusted);
    // An intermediate may be the anchor, and the leaf itself too.
    assert_eq!(outcome(&pki.leader, &[], &pki.ca, NOW, Purpose::Signing), Outcome::Trusted);
    assert_eq!(outcome(&pki.leader, &[], &pki.leader, NOW, Purpose::Signing), Outcome::Trusted);
}

/// No anchor, no issuer, wrong time, wrong use: four different answers.
#[test]
fn what_is_missing_is_said() {
    let pki = Pki::new();
    let other = Pki::new();
    let missing = report(&pki.leader, &[], &pki.root, NOW, Purpose::Signing);
    assert_eq!((missing.outcome, missing.chain), (Outcome::Incomplete, vec![pki.leader.cert.clone()]));
    let untrusted = report(&pki.leader, &[&pki.ca, &pki.root], &other.root, NOW, Purpose::Signing);
    assert_eq!((untrusted.outcome, untrusted.chain.len()), (Outcome::Untrusted, 3));
    for at in [NOW - 200 * DAY, NOW + 1_000 * DAY, 0] {
        let late = outcome(&pki.leader, &[&pki.ca], &pki.root, at, Purpose::Signing);
        assert!(matches!(late, Outcome::Invalid { reason: Error::NotValidAt { .. } }), "{late:?}");
    }
    let wrong_use = outcome(&pki.leader, &[&pki.ca], &pki.root, NOW, Purpose::Timestamping);
    assert_eq!(wrong_use, Outcome::Invalid { reason: Error::KeyUsage { purpose: "time-stamping" } });
    let wrong_use = outcome(&pki.tsa, &[&pki.ca], &pki.root, NOW, Purpose::Signing);
    assert_eq!(wrong_use, Outcome::Invalid { reason: Error::KeyUsage { purpose: "signing documents" } });
}

/// The same names with other keys do not make a path.
#[test]
fn a_namesake_is_no_issuer() {
    let pki = Pki::new();
    let other = Pki::new();
    assert_eq!(pki.leader.cert.verify_issued_by(&other.ca.cert), Err(Error::SignatureInvalid));
    assert_eq!(pki.leader.cert.verify_issued_by(&pki.root.cert), Err(Error::IssuerMismatch));
    assert_eq!(outcome(&pki.leader, &[&other.ca], &other.root, NOW, Purpose::Signing), Outcome::Incomplete);
    // A forged leaf that names the right key is invalid, not merely incomplete.
    let mut der = pki.leader.cert.der().to_vec();
    let at = der.windows(2).position(|pair| pair == [0x5a, 3]).expect("the serial");
    der[at + 1] = 4;
    let forged = Certificate::from_der(&der).expect("still readable");
    let report =
        build(&forged, std::slice::from_ref(&pki.ca.cert), std::slice::from_ref(&pki.root.cert), NOW, Purpose::Signing);
    assert_eq!(report.outcome, Outcome::Invalid { reason: Error::SignatureInvalid });
}

/// Broken issuers: not a CA, no keyCertSign, path too long, critical extension, expired in between.
#[test]
fn issuers_must_keep_the_rules() {
    let pki = Pki::new();
    let rule = |spec: &dyn Fn(&Key) -> CertificateSpec| {
        let key = Key::ec();
        let middle = issue(&spec(&key), Some(&pki.root), key);
        let key = Key::ec();
        let leaf = issue(&signer_spec("Lá", 21, &key), Some(&middle), key);
        outcome(&leaf, &[&middle], &pki.root, NOW, Purpose::Signing)
    };
    let invalid = |rule| Outcome::Invalid { reason: Error::PathRule { rule } };
    assert_eq!(rule(&|key| ca_spec("Tốt", 20, key)), Outcome::Trusted);
    assert_eq!(
        rule(&|key| CertificateSpec { ca: None, ..ca_spec("Không CA", 20, key) }),
        invalid("basicConstraints: an issuer is not a CA")
    );
    assert_eq!(
        rule(&|key| CertificateSpec { key_usage: vec![KeyUsage::CrlSign], ..ca_spec("Không ký", 20, key) }),
        invalid("keyUsage: an issuer may not sign X.509 certificates")
    );
    let unknown = || vec![("1.3.6.1.4.1.32473.99".to_owned(), true, vec![5, 0])];
    assert_eq!(
        rule(&|key| CertificateSpec { extra_extensions: unknown(), ..ca_spec("Lạ", 20, key) }),
        Outcome::Invalid { reason: Error::CriticalExtension { oid: "1.3.6.1.4.1.32473.99".to_owned() } }
    );
    let expired = rule(&|key| CertificateSpec { not_after: NOW - DAY, ..ca_spec("Hết hạn", 20, key) });
    assert!(matches!(expired, Outcome::Invalid { reason: Error::NotValidAt { .. } }));

    // pki.ca has pathLenConstraint 0.
    let key = Key::ec();
    let below = issue(&ca_spec("CA con", 30, &key), Some(&pki.ca), key);
    let key = Key::ec();
    let leaf = issue(&signer_spec("Lá", 31, &key), Some(&below), key);
    let found = outcome(&leaf, &[&below, &pki.ca], &pki.root, NOW, Purpose::Signing);
    assert_eq!(found, invalid("basicConstraints: path length"));
}

/// A ring of issuers, and a crowd of namesakes, end in bounded time.
#[test]
fn hostile_pools_end() {
    let pki = Pki::new();
    let crowd: Vec<_> = (0..60u8)
        .map(|serial| {
            let key = Key::ec();
            issue(&ca_spec("CA phục vụ cơ quan Nhà nước", serial, &key), Some(&pki.root), key)
        })
        .collect();
    let pool: Vec<&Holder> = crowd.iter().chain([&pki.ca]).collect();
    assert_eq!(outcome(&pki.leader, &pool, &pki.root, NOW, Purpose::Signing), Outcome::Trusted);

    let (one_key, two_key) = (Key::ec(), Key::ec());
    let one = issue(&ca_spec("Một", 1, &one_key), None, one_key);
    let two = issue(&ca_spec("Hai", 2, &two_key), Some(&one), two_key);
    let ring = certificate(&ca_spec("Một", 3, &one.key), Some(&two.cert), SignatureAlgorithm::EcdsaSha256, &|tbs| {
        two.key.sign(tbs)
    });
    let report = build(&two.cert, &[ring.expect("issued"), two.cert.clone()], &[], NOW, Purpose::Any);
    assert!(!report.is_trusted());
}

/// RFC 5280 leaves it open; here an anchor that has ended anchors nothing.
#[test]
fn an_anchor_ends_too() {
    let key = Key::ec();
    let root = issue(&CertificateSpec { not_after: NOW + 10 * DAY, ..ca_spec("Gốc ngắn hạn", 1, &key) }, None, key);
    let key = Key::ec();
    let ca = issue(&ca_spec("CA", 2, &key), Some(&root), key);
    let key = Key::ec();
    let leaf = issue(&signer_spec("Nguyễn Văn Ký", 3, &key), Some(&ca), key);
    assert_eq!(outcome(&leaf, &[&ca], &root, NOW, Purpose::Signing), Outcome::Trusted);
    let reason = Error::NotValidAt { what: "the trust anchor" };
    assert_eq!(outcome(&leaf, &[&ca], &root, NOW + 20 * DAY, Purpose::Signing), Outcome::Invalid { reason });
}

/// Many certificates of each CA make as many paths as there are combinations: the search counts its tries and says so.
#[test]
fn a_crowd_of_twins_is_given_up() {
    let names = ["Một", "Hai", "Ba", "Bốn"];
    let cas: Vec<Holder> = names
        .iter()
        .map(|name| {
            let key = Key::ec();
            issue(&ca_spec(name, 1, &key), None, key)
        })
        .collect();
    let mut crowd = Vec::new();
    for (name, pair) in names.iter().zip(cas.windows(2)) {
        let [own, above] = pair else { continue };
        crowd.extend((2..27).map(|serial| {
            let sign = |tbs: &[u8]| above.key.sign(tbs);
            certificate(&ca_spec(name, serial, &own.key), Some(&above.cert), SignatureAlgorithm::EcdsaSha256, &sign)
                .expect("issued")
        }));
    }
    let key = Key::ec();
    let leaf = issue(&signer_spec("Nguyễn Văn Ký", 60, &key), cas.first(), key);
    let report = build(&leaf.cert, &crowd, &[], NOW, Purpose::Signing);
    let reason = Error::Limit { what: "issuer signatures tried", limit: 400 };
    assert_eq!(report.outcome, Outcome::Invalid { reason });
}

/// What cannot be encoded is refused before signing.
#[test]
fn wrong_specifications_are_refused() {
    let key = Key::ec();
    let none = |_: &[u8]| -> Vec<u8> { panic!("must not be asked to sign") };
    for serial in [vec![], vec![0], vec![1; 21]] {
        let spec = CertificateSpec { serial, ..spec("x", 1, &key) };
        let refused = certificate(&spec, None, SignatureAlgorithm::EcdsaSha256, &none);
        assert_eq!(refused, Err(Error::CannotEncode { what: "serial number" }));
    }
    let spec = CertificateSpec { subject: vec![(Attribute::Country, "Việt".to_owned())], ..spec("x", 1, &key) };
    let refused = certificate(&spec, None, SignatureAlgorithm::EcdsaSha256, &none);
    assert_eq!(refused, Err(Error::CannotEncode { what: "name" }));
}

/// RFC 5280 §6: any valid path will do, so which of several is found is this crate's affair and not that of whoever orders the pool; and
/// the search goes on while a path is not taken.
#[test]
fn paths_are_offered_in_one_order() {
    let pki = Pki::new();
    let renewed = |serials: std::ops::Range<u8>| -> Vec<Certificate> {
        let one = |serial| {
            let spec = ca_spec("CA phục vụ cơ quan Nhà nước", serial, &pki.ca.key);
            certificate(&spec, Some(&pki.root.cert), pki.root.key.algorithm(), &|tbs| pki.root.key.sign(tbs))
        };
        serials.map(|serial| one(serial).expect("issued")).collect()
    };
    let offered = |pool: &[Certificate], most: usize| {
        let mut offered = Vec::new();
        let anchors = std::slice::from_ref(&pki.root.cert);
        let mut takes = |path: &PathReport| {
            offered.push(path.chain.clone());
            offered.len() == most
        };
        let inputs = Inputs::default();
        let found = build_until(&pki.leader.cert, pool, anchors, NOW, Purpose::Signing, &inputs, &mut takes);
        (offered, found)
    };
    let pool = [renewed(40..45), vec![pki.ca.cert.clone()]].concat();
    let mut turned = pool[..5].to_vec();
    turned.reverse();
    turned.insert(2, pki.ca.cert.clone());
    let (all, found) = offered(&pool, 0);
    assert_eq!((all.len(), &found.chain), (6, &all[0]), "none was taken");
    assert_eq!(offered(&turned, 0).0, all);
    let (some, found) = offered(&turned, 4);
    assert_eq!((some.len(), &found.chain), (4, &all[3]));
    let anchors = std::slice::from_ref(&pki.root.cert);
    assert_eq!(build(&pki.leader.cert, &turned, anchors, NOW, Purpose::Signing).chain, all[0]);
    assert_eq!(offered(&renewed(50..70), 0).0.len(), 16, "and no more");
}
