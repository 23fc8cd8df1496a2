//! Evidence for files of others (docs/decisions/0015): asked for once, fetched once, settled whatever happens, and by nobody's word but a
//! CA's that is trusted.
//!
//! Limits.md F1, F2, F3, F4, F8, F11, F14; I10, I11, I13, I16, SSRF.

use std::cell::RefCell;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use casework::inquiry::{self, Asked};
use casework::{Halt, Outcome};
use domain::ids::EventId;
use domain::inquiry::*;
use domain::model::{Outbox, Sha256, Topic};
use domain::ports::{Fault, Meter, Write};
use jiff::SignedDuration;
use pades::Wanted;
use pki::Certificate;
use pki::path::{RevocationStatus, revocation};
use testkit::*;

/// So many questions may be begun.
struct Room(AtomicU32);

impl Room {
    fn of(questions: u32) -> Self {
        Self(AtomicU32::new(questions))
    }
}

impl Meter for Room {
    async fn another(&self) -> Result<bool, Fault> {
        Ok(self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok())
    }
}

fn wanted(who: &Identity) -> Wanted {
    Wanted { path: who.chain.clone(), at: NOW.as_second(), fields: vec!["Leader".into()] }
}

/// The one who is asked about.
fn leader() -> Wanted {
    wanted(&trees().ours.leader)
}

fn id_of(wanted: &Wanted) -> Sha256 {
    inquiry::id(&wanted.path).expect("an issuer")
}

async fn asking(world: &World, wanted: &Wanted) -> Result<Asked, Fault> {
    inquiry::ask(world, &Room::of(1), world, wanted, world.now()).await
}

/// Asks until the table answers.
fn ask(world: &World, wanted: &Wanted) -> Inquiry {
    for _ in 0..9 {
        match run(asking(world, wanted)) {
            Ok(Asked::Known(inquiry)) => return inquiry,
            Ok(other) => panic!("{other:?}"),
            Err(_) => {}
        }
    }
    panic!("the table does not answer");
}

fn now(world: &World, wanted: &Wanted) -> Inquiry {
    world.look(|table| table.inquiries.get(&id_of(wanted)).cloned()).expect("an inquiry")
}

fn fetch(world: &World, item: &Outbox) -> Result<Outcome, Halt> {
    run(work(world, item))
}

/// A world in which one question waits, and its work.
fn asked() -> (World, Outbox) {
    let world = office();
    ask(&world, &leader());
    let item = the_work(&world, Topic::FetchEvidence);
    (world, item)
}

fn questions(world: &World) -> usize {
    world.look(|table| table.stream.iter().filter(|item| item.topic == Topic::FetchEvidence).count())
}

/// How often somebody outside was asked since the last script.
fn calls(world: &World) -> usize {
    world.calls().iter().filter(|call| matches!(call.name, "ocsp" | "crl")).count()
}

/// The same world for looking at: every call works, and none is counted.
fn aside(world: &World) -> World {
    let world = world.clone();
    world.script(&[]);
    world
}

/// What must be so at every moment: whatever is answered lies in the bucket, and what is settled keeps no certificate.
fn holds(world: &World) {
    let world = &aside(world);
    for inquiry in world.look(|table| table.inquiries.values().cloned().collect::<Vec<_>>()) {
        let evidence = run(inquiry::evidence(world, std::slice::from_ref(&inquiry), u64::MAX)).expect("is there");
        match &inquiry.state {
            InquiryState::Answered(pieces) => assert_eq!(evidence.ocsps.len() + evidence.crls.len(), pieces.len()),
            InquiryState::Asked(question) => assert!(!question.path.is_empty()),
            InquiryState::Failed(_) => assert!(evidence.ocsps.is_empty()),
        }
    }
}

/// What the evidence says of the one who was asked about.
fn says(world: &World, wanted: &Wanted) -> RevocationStatus {
    let world = &aside(world);
    let evidence = run(inquiry::evidence(world, &[now(world, wanted)], u64::MAX)).expect("is there");
    let path: Vec<Certificate> = wanted.path.iter().take(2).cloned().collect();
    revocation(&path, &evidence, world.now().as_second()).status
}

/// One question, one order, one call; whoever asks within the hour gets the same answer, and after it a new one.
#[test]
fn one_certificate_is_asked_about_once_in_an_hour() {
    let (world, item) = asked();
    assert_eq!(ask(&world, &leader()), now(&world, &leader()), "it is under way");
    assert_eq!(questions(&world), 1);
    world.script(&[]);
    assert_eq!(fetch(&world, &item), Ok(Outcome::Done));
    assert_eq!((calls(&world), settled(&world)), (1, true));
    holds(&world);
    assert_eq!(says(&world, &leader()), RevocationStatus::Good);
    let answered = now(&world, &leader());
    world.wait(SignedDuration::from_mins(59));
    assert_eq!(ask(&world, &leader()), answered);
    assert_eq!(questions(&world), 1);
    world.wait(SignedDuration::from_mins(1));
    let again = ask(&world, &leader());
    assert_eq!((again.version, again.question(world.now()).is_some()), (answered.version + 1, true));
    sweep(&world);
    assert_eq!((questions(&world), now(&world, &leader()).version), (2, again.version + 1));
    // Another certificate of the same CA is another question.
    ask(&world, &wanted(&trees().ours.agency));
    assert_eq!(questions(&world), 3);
}

/// A revocation is an answer.
#[test]
fn a_revocation_is_heard() {
    let (world, _) = asked();
    world.revoke(&trees().ours.leader);
    world.wait(SignedDuration::from_secs(1));
    sweep(&world);
    assert!(matches!(says(&world, &leader()), RevocationStatus::Revoked { .. }));
}

/// F4, I10: events that come again, late or early, change nothing and ask nobody.
#[test]
fn events_of_a_question_that_come_again_change_nothing() {
    let (world, item) = asked();
    sweep(&world);
    let before = (now(&world, &leader()), world.paths(""));
    world.script(&[]);
    for hours in [0, 72] {
        world.wait(SignedDuration::from_hours(hours));
        fetch(&world, &item).expect("nothing to do");
    }
    for subject in ["", "copy_00000000000000000000000000", &"0".repeat(64), &"zz".repeat(32)] {
        let odd = Outbox { id: EventId::new([9; 16]), subject: (*subject).to_owned(), ..item.clone() };
        fetch(&world, &odd).expect("nothing to do");
    }
    assert_eq!((now(&world, &leader()), world.paths("")), before);
    assert_eq!((calls(&world), settled(&world)), (0, true));
}

/// F1, F2: one fault, and every pair of faults, anywhere in asking and fetching: it settles, with the answer or with the reason.
#[test]
fn all_singles_and_pairs_of_a_question() {
    let failed = RefCell::new(0);
    let tried = every_fate(&office(), 0..usize::MAX, 2, |world| {
        ask(world, &leader());
        for item in waiting(world) {
            // A stream that was told of a fault comes again.
            let _ = fetch(world, &item);
            holds(world);
        }
        sweep(world);
        holds(world);
        match now(world, &leader()).state {
            InquiryState::Answered(_) => assert_eq!(says(world, &leader()), RevocationStatus::Good),
            InquiryState::Failed(cause) => {
                assert_eq!(cause, Cause::NoAnswer, "both services were silent");
                *failed.borrow_mut() += 1;
            }
            InquiryState::Asked(_) => panic!("it does not settle"),
        }
        assert!(settled(world), "{:?}", waiting(world));
    });
    assert!(tried.runs > 50 && *failed.borrow() == 1, "{tried:?}, {failed:?}");
}

/// F1, F3: killed at every await, before and after every effect.
#[test]
fn a_question_is_killed_at_every_step() {
    for steps in 0.. {
        let (world, item) = asked();
        let ended = run_for(work(&world, &item), steps);
        holds(&world);
        sweep(&world);
        holds(&world);
        assert_eq!((says(&world, &leader()), settled(&world)), (RevocationStatus::Good, true));
        if ended {
            assert!(steps > 3, "it ends after {steps} steps");
            break;
        }
    }
}

/// F3, F8, F14: the stream and the sweep side by side, in every order, with one fault anywhere: one answer counts.
#[test]
fn two_runs_of_one_question() {
    let (from, item) = asked();
    let seen = explore(
        &from,
        2,
        1,
        |world, _| {
            let item = item.clone();
            Box::pin(async move { drop(work(world, &item).await) })
        },
        |world, _| {
            holds(world);
            sweep(world);
            holds(world);
            assert_eq!((now(world, &leader()).version, settled(world)), (2, true));
        },
    );
    assert!(seen.longest > 8, "{seen:?}");
}

/// F3, F8: two files with the same signer at the same moment, with one fault anywhere: one question.
#[test]
fn two_who_ask_at_once_ask_once() {
    let seen = explore(
        &office(),
        2,
        1,
        |world, _| Box::pin(async move { drop(asking(world, &leader()).await) }),
        |world, _| {
            let (asked, begun) = (world.look(|table| table.inquiries.len()), questions(world));
            assert!(asked == begun && begun <= 1, "{asked} inquiries, {begun} orders");
            sweep(world);
            holds(world);
        },
    );
    assert!(seen.longest > 4, "{seen:?}");
}

/// F11: every wrong answer of both services: nothing is kept, the reason is told at once, and for two minutes nobody asks again.
#[test]
fn wrong_answers_are_no_evidence() {
    for wrong in Habit::WRONG {
        let (world, item) = asked();
        world.habits(|habits| (habits.ocsp, habits.crl) = (wrong, Habit::OtherCertificate));
        fetch(&world, &item).expect("a service that errs is no fault");
        let cause = Cause::Unusable;
        assert_eq!(now(&world, &leader()).state, InquiryState::Failed(cause), "{wrong:?}");
        assert!(settled(&world) && world.paths("evidence/").is_empty(), "{wrong:?}");
        world.habits(|habits| (habits.ocsp, habits.crl) = (Habit::Right, Habit::Right));
        world.wait(SignedDuration::from_secs(119));
        assert_eq!(ask(&world, &leader()).state, InquiryState::Failed(cause));
        assert_eq!(questions(&world), 1);
        world.wait(SignedDuration::from_secs(1));
        ask(&world, &leader());
        sweep(&world);
        assert_eq!(says(&world, &leader()), RevocationStatus::Good, "{wrong:?}");
    }
}

/// The list is asked where the responder says nothing.
#[test]
fn the_list_answers_where_the_responder_does_not() {
    for wrong in Habit::WRONG {
        let (world, item) = asked();
        world.habits(|habits| habits.ocsp = wrong);
        fetch(&world, &item).expect("works");
        holds(&world);
        assert_eq!(says(&world, &leader()), RevocationStatus::Good, "{wrong:?}");
        let kinds: Vec<String> = world.paths("evidence/");
        assert!(kinds.iter().all(|path| path.ends_with(".crl")), "{kinds:?}");
    }
}

/// Nobody answers, or nobody may be asked: the reason says which.
#[test]
fn the_reason_is_the_true_one() {
    let silent: fn(&mut Habits) = |habits| (habits.ocsp, habits.crl) = (Habit::Silent, Habit::Silent);
    let closed: fn(&mut Habits) = |habits| habits.closed = Some("http://");
    let half: fn(&mut Habits) = |habits| (habits.closed, habits.crl) = (Some("http://ocsp."), Habit::Silent);
    for (habit, cause, asks) in
        [(silent, Cause::NoAnswer, 2), (closed, Cause::HostNotAllowed, 0), (half, Cause::NoAnswer, 1)]
    {
        let (world, item) = asked();
        world.habits(habit);
        world.script(&[]);
        fetch(&world, &item).expect("settles");
        assert_eq!(now(&world, &leader()).state, InquiryState::Failed(cause));
        assert_eq!((calls(&world), settled(&world)), (asks, true), "{cause:?}");
    }
}

/// SSRF: whoever can write into the table still makes nobody ask anything but about the certificate of a trusted CA that the inquiry names.
#[test]
fn a_forged_question_asks_nobody() {
    let ders = |who: &Identity| who.chain.iter().map(|one| one.der().to_vec()).collect::<Vec<_>>();
    let (ours, strangers) = (&trees().ours, &trees().strangers);
    let mut mixed = ders(&strangers.leader);
    mixed.extend(ders(&ours.ca));
    let forged = [
        (id_of(&wanted(&strangers.leader)), ders(&strangers.leader)),
        (id_of(&leader()), ders(&ours.agency)),
        (id_of(&leader()), mixed),
        (id_of(&leader()), vec![]),
        (id_of(&leader()), vec![ours.leader.leaf().der().to_vec()]),
        (id_of(&leader()), vec![b"no certificate".to_vec(), ours.ca.leaf().der().to_vec()]),
    ];
    for (at, (id, path)) in forged.into_iter().enumerate() {
        let (world, real) = asked();
        let before = world.look(|table| table.inquiries.get(&id).cloned());
        let question = Question { path, valid_at: NOW.as_second() };
        world.seed(vec![Write::Inquiry(Inquiry::begun(id, before.as_ref(), question, world.now()))]);
        let subject: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
        world.script(&[]);
        fetch(&world, &Outbox { subject, ..real }).expect("settles");
        let state = world.look(|table| table.inquiries[&id].state.clone());
        assert_eq!((state, calls(&world)), (InquiryState::Failed(Cause::Untrusted), 0), "{at}");
    }
}

/// Only a new question is counted, and without room none is begun.
#[test]
fn questions_are_metered() {
    let (world, room) = (office(), Room::of(1));
    let mut all = [leader(), leader(), wanted(&trees().ours.agency)];
    let asked: Vec<Asked> =
        all.iter().map(|one| run(inquiry::ask(&world, &room, &world, one, world.now())).expect("works")).collect();
    assert!(matches!(&asked[..], [Asked::Known(one), Asked::Known(same), Asked::Postponed] if one == same));
    assert_eq!((questions(&world), world.look(|table| table.inquiries.len())), (1, 1));
    all[0].path.truncate(1);
    assert_eq!(run(inquiry::ask(&world, &room, &world, &all[0], world.now())), Ok(Asked::TooLong), "no issuer");
}

/// Whoever waits hears of the answer as soon as it is there, and waits two seconds for none.
#[test]
fn nobody_waits_longer_than_two_seconds() {
    let (world, item) = asked();
    let until = world.now() + SignedDuration::from_secs(60);
    // The answer comes in the n-th pause. `pause` has to be callable from anywhere; the test has one thread.
    let waited = |answer_in: usize, until| {
        let world = world.clone();
        let pauses = Mutex::new(Vec::new());
        let pause = |by: Duration| {
            let mut pauses = pauses.lock().expect("one thread");
            pauses.push(by);
            if pauses.len() == answer_in {
                fetch(&world, &item).expect("works");
            }
            std::future::ready(())
        };
        let inquiries = vec![now(&world, &leader())];
        let found = run(inquiry::wait(&world, inquiries, until, || world.now(), pause)).expect("works");
        let slept: Duration = pauses.into_inner().expect("one thread").iter().sum();
        (slept.as_millis(), found[0].question(world.now()).is_none())
    };
    assert_eq!(waited(99, until), (2000, false), "nobody answers");
    assert_eq!(waited(1, until), (50, true));
    assert_eq!(waited(3, until), (200, true));
    assert_eq!(waited(99, world.now()), (0, false), "the time of the request is over");
}
