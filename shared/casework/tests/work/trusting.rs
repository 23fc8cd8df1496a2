//! Which trust list is in use, and that a bad update changes nothing but the alarm.

use casework::trust::{Look, Source, TrustStore, look};
use domain::ports::{Fault, Objects};
use jiff::SignedDuration;
use pki::issue::{self, Attribute, CertificateSpec, KeyUsage, SignatureAlgorithm};
use pki::trustlist::{Kind, Period, Provider, Service, Status, Tree, TrustList, assemble, pin, to_be_signed, write};
use pki::{Certificate, DigestAlgorithm, digest};
use testkit::*;

const LIST: &str = "trust/list.p7m";
const BEFORE: &str = "trust/list.p7m.previous";

fn list(world: &World, sequence: u64) -> TrustList {
    let now = world.now().as_second();
    let root = Service {
        kind: Kind::Root,
        name: "Gốc".to_owned(),
        certificate: trees().ours.root.leaf().clone(),
        history: vec![Period { status: Status::Granted, from: now - 1_000 }],
    };
    let provider = Provider { name: "Nhà cung cấp".to_owned(), tree: Tree::Government, services: vec![root] };
    TrustList {
        sequence,
        issued_at: now - 60,
        next_update: now + 60,
        operator: "Đơn vị vận hành".to_owned(),
        test: false,
        providers: vec![provider],
    }
}

/// Signed by the leader of our tree, who is the operator here.
fn file(list: &TrustList) -> Vec<u8> {
    let operator = &trees().ours.leader;
    let json = write(list).expect("JSON");
    let attributes = to_be_signed(&json, operator.leaf()).expect("attributes");
    let sha256 = digest(DigestAlgorithm::Sha256, &[&attributes]).try_into().expect("32 octets");
    assemble(&json, operator.leaf(), &operator.key.sign(&sha256, 1)).expect("a signed list")
}

fn source() -> Source {
    let pin: String = pin(trees().ours.leader.leaf()).iter().map(|octet| format!("{octet:02x}")).collect();
    Source::new(LIST, &format!(" {pin},"), true).expect("a source")
}

fn seen(world: &World, objects: &impl Objects, last: Option<&TrustList>) -> (Option<u64>, Vec<&'static str>) {
    let Look { new, alarms } = run(look(objects, &source(), last, world.now()));
    (new.map(|loaded| loaded.list.sequence), alarms.iter().map(|alarm| alarm.code).collect())
}

/// A world whose bucket holds these lists.
fn office_with(current: Option<Vec<u8>>, before: Option<Vec<u8>>) -> World {
    let world = office();
    for (path, bytes) in [(LIST, current), (BEFORE, before)] {
        if let Some(bytes) = bytes {
            world.put_object(path, bytes);
        }
    }
    world
}

#[test]
fn a_good_list_is_taken_once() {
    let first = office();
    let (old, new) = (list(&first, 1), list(&first, 2));
    let world = office_with(Some(file(&new)), Some(file(&old)));
    assert_eq!(seen(&world, &world, None), (Some(2), vec![]));
    assert_eq!(seen(&world, &world, Some(&old)), (Some(2), vec![]));
    assert_eq!(seen(&world, &world, Some(&new)), (None, vec![]));
}

/// Warm: the last good list stays. Cold: the list before takes its place. Both ring.
#[test]
fn a_bad_update_changes_nothing_but_the_alarm() {
    let world = office();
    let (old, new) = (list(&world, 1), list(&world, 2));
    let mut broken = file(&new);
    if let Some(last) = broken.last_mut() {
        *last ^= 1;
    }
    for (bad, code) in [
        (Vec::new(), "trust-list-malformed"),
        (broken, "trust-list-signature"),
        (file(&TrustList { test: true, ..new.clone() }), "trust-list-test"),
    ] {
        let world = office_with(Some(bad), Some(file(&old)));
        assert_eq!(seen(&world, &world, Some(&old)), (None, vec![code]));
        assert_eq!(seen(&world, &world, None), (Some(1), vec![code]));
    }
    let gone = office_with(None, Some(file(&old)));
    assert_eq!(seen(&gone, &gone, None), (Some(1), vec!["trust-list-unreadable"]));
    let nothing = office();
    assert_eq!(seen(&nothing, &nothing, None), (None, vec!["trust-list-unreadable", "trust-list-unreadable"]));
}

/// Whoever can replace one file gains nothing by an old list.
#[test]
fn nobody_goes_back() {
    let first = office();
    let (old, new) = (list(&first, 1), list(&first, 2));
    let world = office_with(Some(file(&old)), Some(file(&new)));
    assert_eq!(seen(&world, &world, None), (Some(2), vec!["trust-list-older"]));
    assert_eq!(seen(&world, &world, Some(&new)), (None, vec!["trust-list-older"]));
}

/// A late list stays in use and rings.
#[test]
fn an_overdue_list_stays_in_use() {
    let world = office();
    let due = TrustList { next_update: world.now().as_second(), ..list(&world, 1) };
    let world = office_with(Some(file(&due)), None);
    assert_eq!(seen(&world, &world, None), (Some(1), vec!["trust-list-overdue"]));
    assert_eq!(seen(&world, &world, Some(&due)), (None, vec!["trust-list-overdue"]));
}

fn silent(_: &'static str, _: &str) {}

/// R62, decision 18: the one door to roots. Without a list that may be used nothing starts; a live stack takes no list for tests
/// and no root that says so, a sandbox does.
#[test]
fn a_live_stack_opens_for_no_test_root() {
    let first = office();
    let fine = list(&first, 1);
    let mut testing = list(&first, 1);
    testing.providers[0].services[0].certificate = test_root();
    let open = |file: Option<Vec<u8>>, production: bool| {
        let world = office_with(file, None);
        let source = Source { production, ..source() };
        let store = run(TrustStore::open(&world, source, silent, world.now()));
        store.map(|store| run(store.now(&world, world.now())).anchors.clone())
    };
    assert_eq!(open(Some(file(&fine)), true), Ok(trees().anchors()[..1].to_vec()));
    for bad in [file(&TrustList { test: true, ..fine.clone() }), file(&testing)] {
        let Err(Fault(why)) = open(Some(bad.clone()), true) else { panic!("a live stack took a list for tests") };
        assert!(why.contains("trust-list-test"), "{why}");
        assert!(open(Some(bad), false).is_ok(), "a sandbox is for tests");
    }
    let Err(Fault(why)) = open(None, false) else { panic!("opened on nothing") };
    assert!(why.contains("trust-list-unreadable"), "{why}");
}

/// A root of the demonstration, which says in its organisation what it is.
fn test_root() -> Certificate {
    let tree = &trees().ours;
    let spec = CertificateSpec {
        serial: vec![1],
        subject: vec![(Attribute::Organisation, "CTDT Test".to_owned())],
        not_before: NOW.as_second() - 1_000,
        not_after: NOW.as_second() + 1_000,
        spki_der: tree.leader.leaf().spki_der(),
        ca: Some(None),
        key_usage: vec![KeyUsage::KeyCertSign],
        ..CertificateSpec::default()
    };
    let sign = |tbs: &[u8]| {
        let sha256 = digest(DigestAlgorithm::Sha256, &[tbs]).try_into().expect("32 octets");
        tree.leader.key.sign(&sha256, 1)
    };
    issue::certificate(&spec, None, SignatureAlgorithm::EcdsaSha256, &sign).expect("issued")
}

/// A process takes a new list up within minutes, and keeps the old one when the new one is bad.
#[test]
fn a_list_is_looked_for_again() {
    let first = office();
    let world = office_with(Some(file(&list(&first, 1))), None);
    let store = run(TrustStore::open(&world, source(), silent, world.now())).expect("a list");
    let sequence = |world: &World, minutes: i64| {
        run(store.now(world, first.now() + SignedDuration::from_mins(minutes))).loaded.list.sequence
    };
    let newer = office_with(Some(file(&list(&first, 2))), None);
    assert_eq!((sequence(&newer, 4), sequence(&newer, 5), sequence(&newer, 6)), (1, 2, 2));
    let bad = office_with(Some(Vec::new()), None);
    assert_eq!(sequence(&bad, 20), 2, "the last good one stays");
    let newest = office_with(Some(file(&list(&first, 3))), None);
    assert_eq!(sequence(&newest, 1), 3, "a clock that was set back looks at once");
}

#[test]
fn a_source_without_a_pin_is_none() {
    for pins in ["", ",", "00", &"zz".repeat(32), &"é0".repeat(32)] {
        assert!(Source::new(LIST, pins, true).is_err(), "{pins}");
    }
}
