//! Account, letter, counter; once, and late rather than never.

use casework::download::{self, Link};
use casework::{Halt, Outcome};
use domain::ids::CopyId;
use domain::model::*;
use domain::ports::{Letter, Records, Write};
use jiff::SignedDuration;
use testkit::*;

use super::{archived, done, put_off, sealed, step};

/// The dossier's requester, changed.
fn requester(world: &World, account: bool, email: Option<&str>) {
    let case = world.look(|table| table.cases.get(&people::case(1)).cloned()).expect("a dossier");
    let requester =
        Requester { account: account.then(people::account), email: email.map(str::to_owned), ..case.requester.clone() };
    world.seed(vec![Write::Case(Case { requester, version: case.version + 1, ..case })]);
}

fn deliveries(world: &World) -> Vec<Delivery> {
    world.look(|table| table.deliveries.values().cloned().collect())
}

fn secret_in(letter: &Letter) -> String {
    let (_, rest) = letter.text.split_once("https://ctdt.test/d/").expect("a link");
    rest.chars().take_while(char::is_ascii_alphanumeric).collect()
}

/// R52: who has an account finds the copy there; no letter goes out.
#[test]
fn an_account_gets_the_copy_into_its_store() {
    let world = office();
    let id = archived(&world, 1);
    done(&world, Topic::Deliver);
    let listed = run(world.account_copies(&people::account())).expect("a list");
    assert_eq!(listed.iter().map(|(copy, _)| &copy.id).collect::<Vec<_>>(), [&id]);
    assert_eq!(listed.first().and_then(|(_, sent)| sent.sent_at), Some(world.now()));
    assert_eq!(world.letters(), []);
}

/// R53, decision 22: a letter has one link and nobody's name or number, and only the digest of its secret is kept.
#[test]
fn a_letter_carries_a_link_and_nothing_of_a_person() {
    let world = office();
    archived(&world, 1);
    requester(&world, false, Some("mau@example.test"));
    done(&world, Topic::Deliver);
    let letters = world.letters();
    let [letter] = letters.as_slice() else { panic!("{letters:?}") };
    let secret = secret_in(letter);
    assert_eq!((letter.to.as_str(), secret.len()), ("mau@example.test", 32));
    assert!(secret.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert_eq!(letter.text.matches("://").count(), 1);
    for personal in ["Trần Thị Mẫu", "000000000002", "84900000002", "Bằng tốt nghiệp"] {
        assert!(!letter.text.contains(personal) && !letter.subject.contains(personal), "{personal}");
    }
    assert!(letter.text.contains("1, quyển số 01/2026 - SCT/BS") && letter.subject.contains("MAU-261123-0001-K"));
    let kept = deliveries(&world);
    let [kept] = kept.as_slice() else { panic!("{kept:?}") };
    let digest = pki::digest(pki::DigestAlgorithm::Sha256, &[secret.as_bytes()]);
    assert_eq!(kept.link_digest.map(|kept| kept.to_vec()), Some(digest));
    assert_eq!((kept.sent_at, &kept.id), (Some(world.now()), &letter.id));
}

/// A mail service that is down: the letter waits, the delivery stays the same, the link that counts is the last one.
#[test]
fn a_letter_is_tried_again_under_the_same_delivery() {
    let world = office();
    archived(&world, 1);
    requester(&world, false, Some("mau@example.test"));
    world.habits(|habits| habits.mail = Habit::Silent);
    put_off(&world, Topic::Deliver);
    let first = deliveries(&world);
    assert!(first.iter().all(|one| one.sent_at.is_none()) && first.len() == 1);
    world.habits(|habits| habits.mail = Habit::Right);
    done(&world, Topic::Deliver);
    let second = deliveries(&world);
    assert_eq!(
        second.iter().map(|one| &one.id).collect::<Vec<_>>(),
        first.iter().map(|one| &one.id).collect::<Vec<_>>()
    );
    assert_ne!(second.first().and_then(|one| one.link_digest), first.first().and_then(|one| one.link_digest));
    assert_eq!(world.letters().len(), 1);
}

/// The letter has left and the record of it is lost: it is written again, and no second letter leaves.
#[test]
fn a_lost_record_sends_no_second_letter() {
    let world = office();
    archived(&world, 1);
    requester(&world, false, Some("mau@example.test"));
    let item = the_work(&world, Topic::Deliver);
    let probe = world.clone();
    probe.script(&[]);
    run(work(&probe, &item)).expect("a delivery");
    let calls = probe.calls().len();
    let mut fates = vec![Fate::Works; calls - 1];
    fates.push(Fate::Lost);
    world.script(&fates);
    assert_eq!(run(work(&world, &item)), Ok(Outcome::Done));
    assert_eq!(world.letters().len(), 1);
    assert!(deliveries(&world).iter().all(|one| one.sent_at.is_some()));
}

/// Without account and address a person hands over: the delivery waits, the machine is done.
#[test]
fn the_counter_needs_no_machine() {
    let world = office();
    archived(&world, 1);
    requester(&world, false, None);
    done(&world, Topic::Deliver);
    let kept = deliveries(&world);
    assert!(kept.iter().all(|one| one.channel == Channel::Counter && one.sent_at.is_none()) && kept.len() == 1);
}

/// Decision 11: a copy waits for its archive for a quarter of an hour, is delivered then as it is, and never twice.
#[test]
fn a_late_archive_does_not_hold_up_the_copy() {
    let world = office();
    sealed(&world, 1);
    requester(&world, false, Some("mau@example.test"));
    world.habits(|habits| habits.tsa = Habit::Silent);
    let order = the_work(&world, Topic::Deliver);
    assert_eq!(order.due_at.duration_since(world.now()), SignedDuration::from_mins(15));
    // The stream brings the order at once; nothing is due.
    assert_eq!(step(&world, Topic::Deliver), Ok(Outcome::Later(order.due_at)));
    world.wait(SignedDuration::from_secs(15 * 60 - 1));
    assert_eq!(step(&world, Topic::Deliver), Ok(Outcome::Later(order.due_at)));
    assert_eq!(world.letters(), []);
    world.wait(SignedDuration::from_secs(1));
    done(&world, Topic::Deliver);
    assert_eq!(world.letters().len(), 1);
    world.habits(|habits| habits.tsa = Habit::Right);
    done(&world, Topic::Archive);
    done(&world, Topic::Deliver);
    assert_eq!((world.letters().len(), deliveries(&world).len()), (1, 1));
}

/// An archive in time takes the late order back.
#[test]
fn an_archive_in_time_leaves_one_order() {
    let world = office();
    archived(&world, 1);
    let order = the_work(&world, Topic::Deliver);
    assert_eq!(order.due_at, world.now());
}

/// R111: what was annulled before it was delivered is not delivered.
#[test]
fn an_annulled_copy_stays() {
    let world = office();
    let id = archived(&world, 1);
    run(casework::numbering::annul(&world, &id, &people::keeper(), &people::annulment(world.now()), world.now()))
        .expect("annulled");
    done(&world, Topic::Deliver);
    assert_eq!(deliveries(&world), []);
}

/// A delivered letter: the world, its copy, the secret of its link.
fn linked() -> (World, CopyId, String) {
    let world = office();
    let copy = archived(&world, 1);
    requester(&world, false, Some("mau@example.test"));
    done(&world, Topic::Deliver);
    let secret = secret_in(world.letters().first().expect("a letter"));
    (world, copy, secret)
}

fn look(world: &World, secret: &str) -> Result<Link, Halt> {
    run(download::look(world, world, secret, world.now()))
}

fn ask(world: &World, secret: &str) -> Result<Link, Halt> {
    run(download::ask(world, world, world, world, secret, world.now()))
}

fn open(world: &World, secret: &str, code: &str) -> Result<Link, Halt> {
    run(download::open(world, world, secret, code, world.now()))
}

/// The code of the last letter.
fn code_in(world: &World) -> String {
    let text = world.letters().last().expect("a letter").text.clone();
    text.split(|sign: char| !sign.is_ascii_digit()).find(|part| part.len() == 6).expect("six digits").to_owned()
}

fn wrong(code: &str) -> String {
    format!("{}{}", if code.starts_with('1') { '2' } else { '1' }, &code[1..])
}

#[track_caller]
fn refused(result: Result<Link, Halt>, code: &str) {
    match result {
        Err(Halt::Refused(refusal)) => assert_eq!(refusal.code(), code),
        other => panic!("{code} is promised: {other:?}"),
    }
}

/// Decision 22: the link shows no address and changes nothing; the code opens the archived file, once.
#[test]
fn a_code_opens_the_file_once() {
    let (world, _, secret) = linked();
    let before = deliveries(&world);
    let link = look(&world, &secret).expect("a link");
    assert_eq!((link.masked.as_str(), link.code_until), ("m***@example.test", None));
    assert_eq!((deliveries(&world), world.letters().len()), (before, 1), "looking changes nothing");
    refused(open(&world, &secret, "000000"), "code-wrong");
    ask(&world, &secret).expect("a code");
    let letters = world.letters();
    assert_eq!(letters.last().map(|letter| letter.to.as_str()), Some("mau@example.test"));
    let code = code_in(&world);
    let kept = format!("{:?}", deliveries(&world));
    assert!(!kept.contains(&code) && !kept.contains(&secret), "{kept}");
    refused(open(&world, &secret, &wrong(&code)), "code-wrong");
    let opened = open(&world, &secret, &format!(" {code} ")).expect("the file");
    assert!(opened.file.path.ends_with("-archived.pdf"), "{:?}", opened.file);
    refused(open(&world, &secret, &code), "code-wrong");
}

/// Api.md row 69: five tries, and the code is dead even for who knows it.
#[test]
fn five_wrong_codes_end_a_code() {
    let (world, _, secret) = linked();
    ask(&world, &secret).expect("a code");
    let code = code_in(&world);
    for _ in 0..download::TRIES {
        refused(open(&world, &secret, &wrong(&code)), "code-wrong");
    }
    refused(open(&world, &secret, &code), "code-wrong");
    refused(ask(&world, &secret), "quota-exceeded");
    world.wait(SignedDuration::from_secs(60));
    ask(&world, &secret).expect("another code");
    open(&world, &secret, &code_in(&world)).expect("the file");
}

/// A code lives ten minutes; asking twice in a minute sends one letter; ten codes a day are all.
#[test]
fn codes_are_few_and_short_lived() {
    let (world, _, secret) = linked();
    ask(&world, &secret).expect("a code");
    ask(&world, &secret).expect("the same");
    assert_eq!(world.letters().len(), 2);
    let code = code_in(&world);
    world.wait(SignedDuration::from_secs(601));
    refused(open(&world, &secret, &code), "code-wrong");
    for _ in 1..10 {
        ask(&world, &secret).expect("a code");
        world.wait(SignedDuration::from_secs(60));
    }
    refused(ask(&world, &secret), "quota-exceeded");
    world.wait(SignedDuration::from_hours(24));
    ask(&world, &secret).expect("the next day");
}

/// A link that is unknown, too old, replaced, or whose copy was annulled opens nothing.
#[test]
fn links_end() {
    let (world, id, secret) = linked();
    refused(look(&world, &secret.replace(|sign: char| sign.is_ascii_digit(), "f")), "not-found");
    let delivered = deliveries(&world).remove(0);
    world.seed(vec![Write::Delivery(Delivery {
        link_digest: Some([7; 32]),
        version: delivered.version + 1,
        ..delivered.clone()
    })]);
    refused(ask(&world, &secret), "link-revoked");
    world.seed(vec![Write::Delivery(Delivery { version: delivered.version + 2, ..delivered })]);
    look(&world, &secret).expect("a link");
    world.wait(SignedDuration::from_hours(30 * 24 + 1));
    refused(look(&world, &secret), "link-expired");
    let copy = run(world.copy(&id)).expect("a table").expect("a copy");
    assert!(matches!(copy.state, domain::copy::CopyState::Sealed { .. }));
}

/// The mail service is away: the client hears of it, and the next try sends a code at once.
#[test]
fn a_code_that_did_not_leave_is_forgotten() {
    let (world, _, secret) = linked();
    world.habits(|habits| habits.mail = Habit::Silent);
    assert!(matches!(ask(&world, &secret), Err(Halt::Failed(_))));
    world.habits(|habits| habits.mail = Habit::Right);
    ask(&world, &secret).expect("a code");
    open(&world, &secret, &code_in(&world)).expect("the file");
}
