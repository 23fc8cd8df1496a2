//! Trust lists: status over time, the signed file, and every reason to leave the last good list in place.

use ::pki::path::Purpose;
use ::pki::trustlist::{
    Accepted, Kind, Period, Provider, Rejected, Rules, Service, Standing, Status, Tree, TrustList, accept, assemble,
    open, pin, read, to_be_signed, write,
};
use ::pki::{Certificate, Error};

use crate::pki::{DAY, Holder, Key, NOW, ca_spec, issue, signer_spec};

use ::pki::issue::{Attribute, CertificateSpec, certificate};

const GRANTED: i64 = NOW - 900 * DAY;
const WITHDRAWN: i64 = NOW - 10 * DAY;

/// The operator, and a tree with names that do not say that they are made for this test.
struct House {
    operator: Holder,
    root: Holder,
    ca: Holder,
    leader: Holder,
}

fn plain(spec: CertificateSpec, name: &str) -> CertificateSpec {
    let subject = vec![(Attribute::Organisation, "Cơ quan Mẫu".to_owned()), (Attribute::CommonName, name.to_owned())];
    CertificateSpec { subject, ..spec }
}

fn house() -> House {
    let key = Key::ec();
    let operator = issue(&plain(signer_spec("", 1, &key), "Vận hành"), None, key);
    let key = Key::ec();
    let root = issue(&plain(ca_spec("", 2, &key), "Gốc"), None, key);
    let key = Key::ec();
    let ca = issue(&plain(ca_spec("", 3, &key), "Cấp dưới"), Some(&root), key);
    let key = Key::ec();
    let leader = issue(&plain(signer_spec("", 4, &key), "Người ký"), Some(&ca), key);
    House { operator, root, ca, leader }
}

fn service(kind: Kind, certificate: &Certificate, history: &[(Status, i64)]) -> Service {
    let history = history.iter().map(|(status, from)| Period { status: *status, from: *from }).collect();
    Service { kind, name: "Dịch vụ".to_owned(), certificate: certificate.clone(), history }
}

fn list(house: &House, sequence: u64, ca: &[(Status, i64)]) -> TrustList {
    let services = vec![
        service(Kind::Root, &house.root.cert, &[(Status::Granted, GRANTED)]),
        service(Kind::SigningCa, &house.ca.cert, ca),
    ];
    TrustList {
        sequence,
        issued_at: NOW - DAY,
        next_update: NOW + 30 * DAY,
        operator: "Đơn vị vận hành".to_owned(),
        test: false,
        providers: vec![Provider { name: "Nhà cung cấp".to_owned(), tree: Tree::Government, services }],
    }
}

fn signed(json: &[u8], by: &Holder) -> Vec<u8> {
    let attributes = to_be_signed(json, &by.cert).expect("attributes");
    assemble(json, &by.cert, &by.key.sign(&attributes)).expect("a signed list")
}

fn file(house: &House, list: &TrustList) -> Vec<u8> {
    signed(&write(list).expect("JSON"), &house.operator)
}

fn rules(pins: &[[u8; 32]]) -> Rules<'_> {
    Rules { pins, production: true, now: NOW }
}

/// A licence that ended later does not harm what was signed under it (R67).
#[test]
fn history_decides_by_the_time_of_signing() {
    let house = house();
    let list = list(&house, 1, &[(Status::Granted, GRANTED), (Status::Withdrawn, WITHDRAWN)]);
    let chain = [&house.leader, &house.ca, &house.root].map(|holder| holder.cert.clone());
    let at = |time: i64| list.standing(&chain, Purpose::Signing, time);
    assert!(matches!(at(WITHDRAWN - 1), Standing::Granted(found) if found.certificate == house.ca.cert));
    assert!(matches!(at(WITHDRAWN), Standing::Withdrawn { since: WITHDRAWN, .. }));
    assert!(matches!(at(GRANTED - 1), Standing::NotYet(_)));
    // A root vouches for no issuing CA that is not listed, and a signing CA is no time-stamping authority.
    let foreign = [house.leader.cert.clone(), house.root.cert.clone()];
    assert_eq!(list.standing(&foreign, Purpose::Signing, NOW), Standing::NotListed);
    assert_eq!(list.standing(&chain, Purpose::Timestamping, NOW), Standing::NotListed);
    assert_eq!(list.standing(&[], Purpose::Signing, NOW), Standing::NotListed);
}

/// A signer who stands in the list as a CA is not its own issuer, and a withdrawn root takes its CAs along.
#[test]
fn the_whole_path_counts() {
    let house = house();
    let mut list = list(&house, 1, &[(Status::Granted, GRANTED)]);
    let own = [house.ca.cert.clone(), house.root.cert.clone()];
    assert_eq!(list.standing(&own, Purpose::Signing, NOW), Standing::NotListed);
    let chain = [&house.leader, &house.ca, &house.root].map(|holder| holder.cert.clone());
    list.providers[0].services[0].history.push(Period { status: Status::Withdrawn, from: WITHDRAWN });
    assert!(matches!(list.standing(&chain, Purpose::Signing, NOW), Standing::Withdrawn { since: WITHDRAWN, .. }));
    assert_eq!((list.anchors().len(), list.anchors_at(NOW).len(), list.anchors_at(WITHDRAWN - 1).len()), (1, 0, 1));
    assert_eq!(list.issuers(), std::slice::from_ref(&house.ca.cert));
}

/// A CA whose certificate was renewed for the same key is still the CA of the list.
#[test]
fn the_same_key_under_the_same_name_is_the_same_service() {
    let house = house();
    let list = list(&house, 1, &[(Status::Granted, GRANTED)]);
    let renewed = plain(ca_spec("", 77, &house.ca.key), "Cấp dưới");
    let by = &house.root;
    let renewed = certificate(&renewed, Some(&by.cert), by.key.algorithm(), &|tbs| by.key.sign(tbs)).expect("renewed");
    let chain = [house.leader.cert.clone(), renewed, house.root.cert.clone()];
    assert!(matches!(list.standing(&chain, Purpose::Signing, NOW), Standing::Granted(_)));
    let key = Key::ec();
    let other = issue(&plain(ca_spec("", 3, &key), "Cấp dưới"), Some(&house.root), key);
    let chain = [house.leader.cert.clone(), other.cert, house.root.cert.clone()];
    assert_eq!(list.standing(&chain, Purpose::Signing, NOW), Standing::NotListed);
}

/// R67: a CA that stands in the list several times: the status that began last counts, of statuses that began together the withdrawal, and
/// never the order; for the anchors too.
#[test]
fn a_service_that_is_listed_twice() {
    const LATER: i64 = WITHDRAWN + DAY;
    let house = house();
    let chain = [&house.leader, &house.ca, &house.root].map(|holder| holder.cert.clone());
    let granted = [(Status::Granted, GRANTED)];
    let withdrawn = [(Status::Granted, GRANTED), (Status::Withdrawn, WITHDRAWN)];
    for (own, other, before, after) in [
        (&granted[..], &withdrawn[..], "granted", "withdrawn"),
        (&withdrawn, &[(Status::Granted, LATER)], "granted", "granted"),
        (&granted, &[(Status::Withdrawn, GRANTED)], "withdrawn", "withdrawn"),
        (&[(Status::Granted, LATER)], &granted, "granted", "granted"),
        (&[(Status::Granted, LATER)], &[(Status::Granted, LATER + DAY)], "not yet", "granted"),
    ] {
        for (first, second) in [(own, other), (other, own)] {
            for kind in [Kind::SigningCa, Kind::Root] {
                let mut list = list(&house, 1, &granted);
                let (place, certificate) = if kind == Kind::Root { (0, &house.root.cert) } else { (1, &house.ca.cert) };
                list.providers[0].services[place] = service(kind, certificate, first);
                let services = vec![service(kind, certificate, second)];
                list.providers.push(Provider { name: "Khác".to_owned(), tree: Tree::National, services });
                for (at, expected) in [(WITHDRAWN - 1, before), (LATER, after)] {
                    let said = match list.standing(&chain, Purpose::Signing, at) {
                        Standing::Granted(_) => "granted",
                        Standing::Withdrawn { .. } => "withdrawn",
                        Standing::NotYet(_) => "not yet",
                        Standing::NotListed => "not listed",
                    };
                    assert_eq!(said, expected, "{kind:?} {first:?} {second:?} at {at}");
                    assert_eq!(list.anchors_at(at).is_empty(), kind == Kind::Root && said != "granted");
                }
            }
        }
    }
}

#[test]
fn a_list_comes_back_as_it_was_written() {
    let house = house();
    let list = list(&house, 7, &[(Status::Granted, GRANTED), (Status::Withdrawn, WITHDRAWN)]);
    let json = write(&list).expect("JSON");
    assert_eq!(read(&json), Ok(list.clone()));
    assert_eq!(open(&file(&house, &list), &rules(&[pin(&house.operator.cert)])), Ok(list.clone()));
    assert!(list.is_overdue(list.next_update) && !list.is_overdue(list.next_update - 1));
}

/// Each bad update has its own name, and none takes the place of the list in use.
#[test]
fn bad_updates_are_refused_by_name() {
    let house = house();
    let pins = [pin(&house.operator.cert)];
    let rules = rules(&pins);
    let granted = [(Status::Granted, GRANTED)];
    let last = list(&house, 5, &granted);
    let refused = |file: &[u8]| accept(file, Some(&last), &rules).map_err(|why| why.code());
    let newer = list(&house, 6, &granted);
    assert_eq!(refused(&file(&house, &newer)), Ok(Accepted::New(newer.clone())));
    assert_eq!(refused(&file(&house, &last)), Ok(Accepted::Same));
    assert_eq!(refused(&file(&house, &list(&house, 4, &granted))), Err("trust-list-older"));
    let fork = TrustList { operator: "Ai đó".to_owned(), ..last.clone() };
    assert_eq!(refused(&file(&house, &fork)), Err("trust-list-forked"));
    let early = TrustList { issued_at: NOW + DAY, ..newer.clone() };
    assert_eq!(refused(&file(&house, &early)), Err("trust-list-not-yet"));
    let json = write(&newer).expect("JSON");
    assert_eq!(refused(&signed(&json, &house.leader)), Err("trust-list-signer"));
    for bad in [&b""[..], b"{}", &json, &file(&house, &newer)[1..]] {
        assert_eq!(refused(bad), Err("trust-list-malformed"));
    }
    let empty = String::from_utf8(json).expect("text").replace("\"root\"", "\"ocsp\"");
    assert_eq!(refused(&signed(empty.as_bytes(), &house.operator)), Err("trust-list-malformed"));
}

/// No bit of the file can be changed.
#[test]
fn a_changed_list_is_refused() {
    let house = house();
    let pins = [pin(&house.operator.cert)];
    let good = file(&house, &list(&house, 1, &[(Status::Granted, GRANTED)]));
    let json_at = good.windows(8).position(|window| window == b"sequence").expect("the JSON inside");
    for at in [json_at, json_at + 12, good.len() - 1, good.len() - 40] {
        let mut bad = good.clone();
        bad[at] ^= 1;
        assert!(open(&bad, &rules(&pins)).is_err(), "octet {at}");
    }
}

/// A test CA never reaches production (R62), whether the list says so or the certificate does.
#[test]
fn production_takes_no_test_list() {
    let house = house();
    let pins = [pin(&house.operator.cert)];
    let marked = TrustList { test: true, ..list(&house, 1, &[(Status::Granted, GRANTED)]) };
    let key = Key::ec();
    let root = issue(&ca_spec("CTDT Test Root", 9, &key), None, key);
    let mut hidden = list(&house, 1, &[(Status::Granted, GRANTED)]);
    hidden.providers[0].services.push(service(Kind::Root, &root.cert, &[(Status::Granted, GRANTED)]));
    for bad in [marked, hidden] {
        let file = file(&house, &bad);
        assert!(matches!(open(&file, &rules(&pins)), Err(Rejected::Test(_))));
        assert_eq!(open(&file, &Rules { production: false, ..rules(&pins) }), Ok(bad));
    }
}

#[test]
fn the_form_is_strict() {
    let house = house();
    let good = list(&house, 1, &[(Status::Granted, GRANTED), (Status::Withdrawn, WITHDRAWN)]);
    let json = String::from_utf8(write(&good).expect("JSON")).expect("text");
    for (from, to) in [
        ("ctdt-trust-list-1", "ctdt-trust-list-2"),
        ("\"granted\"", "\"revoked\""),
        ("\"sequence\"", "\"extra\": 1, \"sequence\""),
        ("\"signing_ca\"", "\"signingca\""),
        ("Đơn vị vận hành", " "),
        ("-----END CERTIFICATE-----", "-----END CERTIFICATE"),
        ("Z\"", "+07:00\""),
    ] {
        assert!(json.contains(from), "{from}");
        assert!(read(json.replace(from, to).as_bytes()).is_err(), "{from} → {to}");
    }
    let unordered = TrustList { ..list(&house, 1, &[(Status::Withdrawn, WITHDRAWN), (Status::Granted, GRANTED)]) };
    assert_eq!(write(&unordered), Err(Error::Malformed { what: "trust list: history" }));
    let mut leaf = good.clone();
    leaf.providers[0].services[1].certificate = house.leader.cert.clone();
    assert_eq!(write(&leaf), Err(Error::Malformed { what: "trust list: a CA that is none" }));
    assert_eq!(
        write(&TrustList { next_update: good.issued_at, ..good }),
        Err(Error::Malformed { what: "trust list: next_update" })
    );
}
