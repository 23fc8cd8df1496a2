//! Copies that are looked at years later: when their signers' X.509 certificates have ended, when one was revoked meanwhile, and when
//! their document time-stamps were renewed, by the office's own steps (`casework::augment`).
//!
//! The files stay in `target/tmp/later`, with a list of when each is judged and what is right: `tests/judges/test_later.py` asks the others.

use std::path::{Path, PathBuf};

use compose::{BaseSpec, Placement, Wording};
use domain::ids::CopyId;
use domain::ports::{Evidence as Kind, TrustServices as _};
use jiff::{SignedDuration, Timestamp};
use pades::{LongTerm, Material, Policy, Profile, Report, Verdict};
use pki::path::Evidence;
use serde_json::{Value, json};
use testkit::*;

/// The photographed page of the demonstration.
const SCAN: &[u8] = include_bytes!("../../infra/ctdt/sample/ban-goc.jpg");
/// Half a year after the copy was made somebody's X.509 certificate is revoked.
const REVOKED: &str = "2027-05-01T00:00:00Z";
/// Five years after: those of leader and office ended with 2028, the authority's first lasts until the end of 2032.
const FIVE_YEARS: &str = "2031-11-23T08:00:00Z";
/// When the authority stamps with its second and its third X.509 certificate, and each time the copy is renewed.
const RENEWED: [&str; 2] = ["2032-07-11T00:00:00Z", "2037-07-11T00:00:00Z"];

fn at(text: &str) -> Timestamp {
    text.parse().expect("literal")
}

fn base() -> Vec<u8> {
    let spec = BaseSpec {
        scans: vec![SCAN],
        wording: Wording {
            template_id: "default".into(),
            unit_name: "ỦY BAN NHÂN DÂN XÃ MẪU".into(),
            place: "Xã Mẫu".into(),
            leader_title_line: "KT. CHỦ TỊCH / PHÓ CHỦ TỊCH".into(),
            leader_name: "Nguyễn Văn Mẫu".into(),
            document_title: "Bằng tốt nghiệp cao đẳng nghề".into(),
            document_pages: 1,
            room: compose::Room::default(),
        },
        placement: Placement::Auto,
        sandbox_mark: false,
        created: "2026-11-23T14:05:31+07:00".into(),
        document_id: [7; 16],
    };
    let base = compose::base(&spec).expect("a base");
    assert!(base.not_archival.is_none(), "the base claims PDF/A, so that veraPDF has something to hold it to");
    base.pdf
}

/// An office with a copy that is sealed and not yet archived.
fn sealed() -> (World, CopyId) {
    all_short_lived();
    let world = office();
    let copy = receive(&world, 1);
    submit(&world, &copy, base());
    sign_until(&world, &copy);
    request_seal(&world, std::slice::from_ref(&copy)).expect("a signed copy");
    until_sealed(&world, &copy);
    (world, copy)
}

/// The newest file of a copy.
fn file(world: &World, copy: &CopyId) -> Vec<u8> {
    let copy = copy_of(world, copy);
    world.object(&copy.state.file().expect("a file").path).expect("the file").to_vec()
}

/// What the lists of both authorities say at a moment.
fn lists(world: &World, when: Timestamp) -> Vec<Vec<u8>> {
    world.set_now(when);
    let of = |name: &str| run(world.fetch(Kind::Crl, &format!("http://crl.{name}.test/"), None)).expect("a CRL");
    vec![of("ours-root"), of("ours-ca")]
}

/// The file with these lists in `/DSS` and a document time-stamp of the moment over them.
fn with_lists(world: &World, file: &[u8], lists: &[Vec<u8>], tree: &Tree) -> Vec<u8> {
    let crls = lists.iter().map(|der| Material { der, fields: Vec::new() }).collect();
    // What the second time-stamp needs: the lists are of its moment, and they cover its authority too.
    let certificates = vec![Material { der: tree.ca.leaf().der(), fields: Vec::new() }];
    let prepared =
        pades::prepare_archive(file, &LongTerm { certificates, ocsps: Vec::new(), crls }).expect("an archive");
    let imprint = pades::signed_digest(&prepared.file, prepared.contents.clone());
    let response = run(world.timestamp(&pki::tsp::request(&imprint, &[9; 16]), |answer| Ok(answer.to_vec())))
        .expect("a time-stamp");
    let token = pki::tsp::check_response(&response, &imprint, &[9; 16]).expect("a token");
    pades::embed(&prepared.file, prepared.contents, token.der()).expect("room for a token")
}

fn judged(file: &[u8], when: Timestamp, crls: &[Vec<u8>]) -> Report {
    let extra = Evidence { crls: crls.to_vec(), ..Evidence::default() };
    let anchors = trees().anchors();
    let policy = Policy {
        anchors: &anchors,
        at: when.as_second(),
        profile: Profile::Ecopy,
        extra: &extra,
        register: None,
        test_anchors: true,
    };
    pades::judge(file, "later.pdf", &policy)
}

/// Where the files go, and what the list says about them.
struct Shelf {
    folder: PathBuf,
    list: Vec<Value>,
}

impl Shelf {
    fn new() -> Shelf {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("later");
        if folder.exists() {
            std::fs::remove_dir_all(&folder).expect("an old folder goes away");
        }
        std::fs::create_dir_all(&folder).expect("a place for copies");
        std::fs::write(folder.join("trust.pem"), trees().ours.root.leaf().to_pem()).expect("a place for copies");
        Shelf { folder, list: Vec::new() }
    }

    /// Judges a file at each moment with these lists from outside, and leaves everything in the folder.
    fn put(&mut self, name: &str, file: &[u8], lists: &[Vec<u8>], moments: &[(&str, Verdict)]) {
        std::fs::write(self.folder.join(format!("{name}.pdf")), file).expect("a place for copies");
        let mut names = Vec::new();
        for (number, list) in lists.iter().enumerate() {
            names.push(format!("{name}-{number}.crl"));
            std::fs::write(self.folder.join(format!("{name}-{number}.crl")), list).expect("a place for copies");
        }
        for (when, verdict) in moments {
            let report = judged(file, at(when), lists);
            assert_eq!(report.verdict, *verdict, "{name} at {when}: {:#?}", report.reasons);
            let verdict = serde_json::to_value(verdict).expect("a word");
            let stamps = report.signatures.len().saturating_sub(2);
            self.list.push(json!({
                "name": name, "pdf": format!("{name}.pdf"), "crls": names, "at": when, "verdict": verdict, "stamps": stamps,
            }));
        }
    }

    /// Last: who finds the list finds every file.
    fn close(self) {
        std::fs::write(self.folder.join("index.json"), Value::from(self.list).to_string()).expect("a place for copies");
    }
}

/// R64, R67: the day after, five years later when both signers' X.509 certificates have ended, after half a year when the leader's or
/// the issuing authority's was revoked, and after one and two renewals; and what was revoked before it signed never.
#[test]
fn copies_hold_for_years_and_no_longer() {
    let (world, copy) = sealed();
    let bare = file(&world, &copy);
    let tree = &trees().ours;
    let archiving = world.clone();
    sweep(&archiving);
    let archived = file(&archiving, &copy);
    let mut shelf = Shelf::new();

    let valid = Verdict::Valid;
    let unknown = Verdict::Indeterminate;
    let (soon, after) = ("2026-11-24T08:00:00Z", "2027-05-03T00:00:00Z");
    // The authority's X.509 certificate has ended, and nobody renewed.
    let late = "2033-06-01T00:00:00Z";
    shelf.put("archived", &archived, &[], &[(soon, valid), (FIVE_YEARS, valid), (late, unknown)]);

    for (name, who) in [("leader", &tree.leader), ("office", office_of(&archiving)), ("issuer", &tree.ca)] {
        let world = archiving.clone();
        world.set_now(at(REVOKED));
        world.revoke(who);
        let lists = lists(&world, at(REVOKED) + SignedDuration::from_hours(24));
        shelf.put(&format!("{name}-revoked-later"), &archived, &lists, &[(after, valid)]);
        let told = with_lists(&world, &archived, &lists, tree);
        shelf.put(&format!("{name}-revoked-later-embedded"), &told, &[], &[(after, valid), (FIVE_YEARS, valid)]);
    }
    shelf.put(
        "leader-revoked-before",
        &revoked_before(&world, &bare),
        &[],
        &[(soon, Verdict::Invalid), (FIVE_YEARS, Verdict::Invalid)],
    );

    // The same with lists in the place of OCSP answers: what pyHanko can judge by itself.
    let listing = world.clone();
    listing.habits(|habits| habits.ocsp = Habit::Silent);
    sweep(&listing);
    let listed = file(&listing, &copy);
    shelf.put("by-lists", &listed, &[], &[(soon, valid), (FIVE_YEARS, valid), (late, unknown)]);
    for (name, who) in [("leader", &tree.leader), ("office", office_of(&listing)), ("issuer", &tree.ca)] {
        let world = listing.clone();
        world.set_now(at(REVOKED));
        world.revoke(who);
        let lists = lists(&world, at(REVOKED) + SignedDuration::from_hours(24));
        let told = with_lists(&world, &listed, &lists, tree);
        shelf.put(&format!("{name}-revoked-later-by-lists"), &told, &[], &[(after, valid), (FIVE_YEARS, valid)]);
    }

    let renewing = archiving.clone();
    for (number, when) in RENEWED.iter().enumerate() {
        renewing.set_now(at(when));
        sweep_once(&renewing);
        // The first run has learned who stamps now.
        renewing.wait(SignedDuration::from_mins(3));
        sweep_once(&renewing);
        let renewed = file(&renewing, &copy);
        assert!(renewed.starts_with(&archived), "a renewal only adds");
        let (last_year, over) =
            [("2037-06-01T00:00:00Z", "2038-06-01T00:00:00Z"), ("2044-06-01T00:00:00Z", "2045-06-01T00:00:00Z")]
                [number];
        shelf.put(&format!("renewed-{}", number + 1), &renewed, &[], &[(last_year, valid), (over, unknown)]);
    }
    shelf.close();
}

/// Whose key seals.
fn office_of(world: &World) -> &'static Identity {
    let enrolled = unit_of(world).seal_chain;
    let tree = &trees().ours;
    [&tree.agency, &tree.agency_p256].into_iter().find(|who| who.enrolled() == enrolled).expect("an office")
}

/// A copy whose leader had no right to sign any more since the day before; its evidence says so.
fn revoked_before(world: &World, sealed: &[u8]) -> Vec<u8> {
    let (world, now) = (world.clone(), world.now());
    world.set_now(NOW - SignedDuration::from_hours(24));
    world.revoke(&trees().ours.leader);
    let lists = lists(&world, now + SignedDuration::from_hours(2));
    with_lists(&world, sealed, &lists, &trees().ours)
}
