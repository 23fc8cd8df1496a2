//! The leader's signature: one prompt per session whatever is lost, late answers never applied, a changed file never signed.
//!
//! R39–R45; limits.md F1, F2, F4, F5, F10, F20; I4, I9, I11.

use casework::Halt;
use casework::leader::{GRACE, LIFETIME, OpenSession};
use domain::ids::{CopyId, EventId, SessionId, UserId};
use domain::model::{Actor, Copy, LateAnswer, Learned, Outbox, SessionState, Topic, User};
use domain::ports::{Records as _, Write};
use domain::refusal::{Reason, Refusal};
use domain::session::SKEW;
use jiff::SignedDuration;
use testkit::*;

use crate::{finish, state};

/// A copy with the leader, whose preview was opened.
fn opened() -> (World, CopyId) {
    let world = office();
    let copy = receive(&world, 1);
    submit(&world, &copy, base("Ban sao"));
    open(&world, &copy).expect("a preview");
    (world, copy)
}

fn session_of(world: &World, id: &SessionId) -> domain::model::Session {
    world.look(|table| table.sessions[id].clone())
}

fn follow(world: &World, id: &SessionId) -> SessionState {
    run(casework::leader::step(world, world, world, id, &|| world.now())).expect("a session").state
}

/// F1, F2, I11: one fault, and every pair of faults, anywhere from the preview to the recorded signature. Every session asks
/// the phone at most once (`examine` looks), and a person who asks again when nothing came gets the signature.
#[test]
fn all_singles_and_pairs_up_to_the_signature() {
    let world = office();
    let copy = receive(&world, 1);
    submit(&world, &copy, base("Ban sao"));
    let tried = every_fate(&world, 0..usize::MAX, 2, |world| {
        sign_until(world, &copy);
        finish(world);
        assert_eq!(state(world, &copy), "signed");
    });
    assert!(tried.runs > 500, "{tried:?}");
}

/// F1, F13: killed at every await point between the request and the recorded signature.
#[test]
fn killed_at_every_step() {
    let (world, copy) = opened();
    for steps in 0.. {
        let world = world.clone();
        let ended = run_for(asked_leader(&world, std::slice::from_ref(&copy)), steps);
        sign_until(&world, &copy);
        finish(&world);
        assert_eq!(state(&world, &copy), "signed");
        if ended {
            assert!(steps > 6, "asking ends after {steps} steps");
            break;
        }
    }
}

/// R44: until the grace period is over an answer counts, and not a second longer; what comes later is never applied.
#[test]
fn a_late_answer_is_never_applied() {
    let (world, copy) = opened();
    world.habits(|habits| habits.gateway = Habit::Waiting);
    let session = ask_leader(&world, std::slice::from_ref(&copy)).expect("a prompt").id;
    world.wait(LIFETIME + GRACE);
    let in_time = world.clone();
    in_time.habits(|habits| habits.gateway = Habit::Right);
    assert_eq!(follow(&in_time, &session), SessionState::Timestamping);
    world.wait(SignedDuration::from_secs(1));
    world.habits(|habits| habits.gateway = Habit::Right);
    assert_eq!(follow(&world, &session), SessionState::Expired);
    assert_eq!(follow(&world, &session), SessionState::Expired);
    assert!(waiting(&world).iter().all(|item| watches(&world, item)));
    finish(&world);
    assert_eq!(state(&world, &copy), "submitted");
    assert_eq!(world.fetched(&session), 0, "nobody has a signature made that must not be");
}

/// The lines of a session's history: who, and what.
fn lines(world: &World, id: &SessionId) -> Vec<(Actor, String)> {
    let about = |table: &Table| {
        let lines = table.events.iter().filter(|((subject, _), _)| subject == id.as_str());
        lines.map(|(_, event)| (event.actor.clone(), event.action.clone())).collect()
    };
    world.look(about)
}

/// R44: evidence needs no lucky moment. Without any hint the gateway is asked again, at growing distances, until it says what became of the prompt,
/// or the day is over; nothing is fetched, and the line tells that the gateway has said so, not that the leader has done it.
#[test]
fn a_session_that_is_over_is_asked_about_for_a_day() {
    let (world, copy) = opened();
    world.habits(|habits| habits.gateway = Habit::Waiting);
    let session = ask_leader(&world, std::slice::from_ref(&copy)).expect("a prompt").id;
    world.wait(LIFETIME + GRACE + SignedDuration::from_secs(1));
    sweep_once(&world);
    let polls = |world: &World| world.calls().iter().filter(|call| call.name == "poll").count();
    let (begun, asked) = (world.now(), polls(&world));
    let until = |world: &World, end: SignedDuration| {
        while world.now().duration_since(begun) < end {
            sweep_once(world);
            world.wait(SignedDuration::from_mins(1));
        }
    };
    let silent = world.clone();
    silent.habits(|habits| habits.gateway = Habit::Silent);
    until(&silent, SignedDuration::from_hours(25));
    let times = polls(&silent) - asked;
    assert!((10..=20).contains(&times), "asked {times} times in a day");
    assert!(waiting(&silent).is_empty() && session_of(&silent, &session).late.is_none());
    // The gateway is back after hours.
    until(&world, SignedDuration::from_hours(9));
    assert!(session_of(&world, &session).late.is_none());
    for (habit, late, line) in [
        (Habit::Right, LateAnswer::Consented, Some("session.late_answer")),
        (Habit::Refusing, LateAnswer::Refused("user_cancel".into()), None),
    ] {
        let world = world.clone();
        world.habits(|habits| habits.gateway = habit);
        until(&world, SignedDuration::from_hours(13));
        let ended = session_of(&world, &session);
        assert_eq!((ended.state, ended.late), (SessionState::Expired, Some(late)));
        let wanted: Vec<_> = line.map(|line| (Actor::Gateway, line.to_owned())).into_iter().collect();
        assert_eq!(lines(&world, &session), wanted);
        assert!(waiting(&world).is_empty(), "it is not asked again");
        assert_eq!((world.fetched(&session), state(&world, &copy)), (0, "submitted"));
    }
}

/// remote-signing.md §4, prompt bombing: three prompts that were refused or not answered within a quarter of an hour, and the phone is left alone
/// until the first of them is that old; also when they were cancelled at once. A token at the desk is not paused.
#[test]
fn a_phone_that_says_no_three_times_is_left_alone() {
    let (world, copy) = opened();
    let other = receive(&world, 2);
    submit(&world, &other, base("Ban sao 2"));
    open(&world, &other).expect("a preview");
    let ask = |world: &World| ask_leader(world, std::slice::from_ref(&copy));
    // Refused; cancelled and refused; not answered.
    world.habits(|habits| habits.gateway = Habit::Refusing);
    let first = world.now();
    ask(&world).expect("a prompt");
    sweep_once(&world);
    world.wait(SignedDuration::from_mins(1));
    let session = ask(&world).expect("a prompt").id;
    run(casework::leader::cancel(&world, &session, world.now())).expect("cancelled");
    sweep_once(&world);
    world.habits(|habits| habits.gateway = Habit::Waiting);
    ask(&world).expect("a prompt");
    world.wait(LIFETIME + GRACE + SKEW + SignedDuration::from_secs(1));
    sweep_once(&world);
    // That nobody has answered is known when the gateway says so.
    ask(&world.clone()).expect("nobody has said no a third time");
    world.habits(|habits| habits.gateway = Habit::Refusing);
    world.wait(SignedDuration::from_mins(2));
    sweep_once(&world);
    world.habits(|habits| habits.gateway = Habit::Waiting);
    let until = first + SignedDuration::from_mins(15);
    let wait_s = u32::try_from(until.duration_since(world.now()).as_secs()).expect("seconds");
    assert_eq!(ask(&world), Err(Halt::Refused(Refusal::Paused { until, wait_s })));
    assert_eq!(world.all_prompts().values().sum::<u32>(), 3);
    assert_eq!(state(&world, &copy), "submitted");
    let (leader, id) = (user_of(&world, &people::leader()), SessionId::new([0x78; 16]));
    let desk = OpenSession {
        id: &id,
        user: &leader,
        copies: std::slice::from_ref(&other),
        method: "usb",
        in_vain: domain::pause::MOST,
    };
    run(casework::leader::open_session(&world, &world, &world, bench(), desk, world.now())).expect("a session");
    world.set_now(until);
    ask(&world).expect("a prompt");
}

/// A gateway that signs one document at a time: nothing is opened for two, no copy is held, and the words say what to do.
#[test]
fn a_gateway_takes_what_it_takes() {
    let (world, copy) = opened();
    let other = receive(&world, 2);
    submit(&world, &other, base("Ban sao 2"));
    open(&world, &other).expect("a preview");
    world.habits(|habits| habits.most = Some(1));
    let refused = ask_leader(&world, &[copy.clone(), other.clone()]);
    let Err(Halt::Refused(Refusal::Invalid { pointer, code, detail })) = refused else { panic!("{refused:?}") };
    assert_eq!((pointer.as_str(), code), ("/copy_ids", "out-of-range"));
    assert!(detail.0.contains("nhiều nhất 1 bản sao"), "{detail:?}");
    assert_eq!((state(&world, &copy), state(&world, &other)), ("submitted", "submitted"));
    assert!(world.look(|table| table.sessions.is_empty() && table.prompts.is_empty()));
    ask_leader(&world, std::slice::from_ref(&copy)).expect("one at a time");
}

/// The leader has pressed, and the gateway is slow: its answer comes when the time is over. It is kept as evidence, and nothing is signed by it; what
/// was not signed by then is not.
#[test]
fn an_answer_counts_when_it_has_come() {
    for (over_at, fetched) in [(1, 0), (2, 1)] {
        let (world, copy) = opened();
        let session = ask_leader(&world, std::slice::from_ref(&copy)).expect("a prompt").id;
        world.wait(LIFETIME);
        let looks = std::sync::atomic::AtomicU32::new(0);
        // It is in time when it is asked; then it is over.
        let clock = || {
            let look = looks.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            if look < over_at { world.now() } else { world.now() + GRACE + SignedDuration::from_secs(1) }
        };
        let after = run(casework::leader::step(&world, &world, &world, &session, &clock)).expect("a session");
        assert_eq!((after.state, world.fetched(&session)), (SessionState::Expired, fetched));
        assert!(after.late.is_some() && state(&world, &copy) == "submitted", "{:?}", after.late);
        assert!(world.paths(&format!("copies/{copy}/signed-")).is_empty());
    }
}

/// remote-signing.md §3, circuit breaker: five failures in a row, silent or told, and nobody asks any more; no session is opened for it. After a
/// minute one tries, beside whom nobody does, and an answer lets all ask again. A token at the desk needs no gateway.
#[test]
fn a_gateway_that_does_not_work_is_left_alone() {
    let (world, copy) = opened();
    let ask = |world: &World| ask_leader(world, std::slice::from_ref(&copy));
    let away = Err(Halt::Refused(Reason::GatewayUnavailable.into()));
    for failure in [Habit::Silent, Habit::Down, Habit::Down, Habit::Silent, Habit::Down] {
        world.habits(|habits| habits.gateway = failure);
        let session = ask(&world).expect("a session").id;
        follow(&world, &session);
        world.wait(LIFETIME + GRACE + SKEW + SignedDuration::from_secs(1));
        follow(&world, &session);
    }
    // The last one failed when it was asked, 141 s ago: a row of five again, now without a wait behind it.
    let failed_at = world.look(|table| table.breakers["gateway"].failed_at);
    world.set_now(failed_at + SignedDuration::from_secs(59));
    let sessions = |world: &World| world.look(|table| table.sessions.len());
    let before = sessions(&world);
    assert_eq!((ask(&world), sessions(&world)), (away.clone(), before));
    world.wait(SignedDuration::from_secs(1));
    let failing = world.clone();
    let session = ask(&failing).expect("one tries").id;
    assert_eq!(follow(&failing, &session), SessionState::Failed);
    assert_eq!(ask(&failing), away, "and has failed");
    world.habits(|habits| habits.gateway = Habit::Waiting);
    ask(&world).expect("one tries");
    assert_eq!(
        world.look(|table| (table.breakers["gateway"].failures, table.breakers["gateway"].rests_until)),
        (0, None)
    );
}

/// A gateway that is away is no person who says no.
#[test]
fn who_was_not_asked_has_not_refused() {
    let (world, copy) = opened();
    world.habits(|habits| habits.gateway = Habit::Silent);
    for _ in 0..4 {
        ask_leader(&world, std::slice::from_ref(&copy)).expect("a session");
        world.wait(LIFETIME + GRACE + SKEW + SignedDuration::from_secs(1));
        sweep_once(&world);
    }
    assert!(world.look(|table| table.unwanted.is_empty()));
    // It took the orders, and then was away: the leader may have pressed, and nobody has heard it.
    world.habits(|habits| habits.gateway = Habit::Right);
    for _ in 0..4 {
        world.habits(|habits| habits.gateway = Habit::Waiting);
        ask_leader(&world, std::slice::from_ref(&copy)).expect("a session");
        world.habits(|habits| habits.gateway = Habit::Silent);
        world.wait(LIFETIME + GRACE + SKEW + SignedDuration::from_secs(1));
        sweep_once(&world);
    }
    assert!(world.look(|table| table.unwanted.is_empty()));
}

/// Decision 20: a token at the desk asks no phone, so it holds none, and the phone is no reason to refuse it.
#[test]
fn a_token_at_the_desk_holds_no_phone() {
    let (world, copy) = opened();
    let other = receive(&world, 2);
    submit(&world, &other, base("Ban sao 2"));
    open(&world, &other).expect("a preview");
    world.habits(|habits| habits.gateway = Habit::Waiting);
    let phone = ask_leader(&world, std::slice::from_ref(&copy)).expect("a prompt").id;
    let leader = user_of(&world, &people::leader());
    let id = SessionId::new([0x77; 16]);
    let ask = OpenSession {
        id: &id,
        user: &leader,
        copies: std::slice::from_ref(&other),
        method: "usb",
        in_vain: domain::pause::MOST,
    };
    let desk =
        run(casework::leader::open_session(&world, &world, &world, bench(), ask, world.now())).expect("a session");
    let held = |world: &World| world.look(|table| table.prompts[&people::leader()].session.clone());
    assert_eq!((desk.state, held(&world)), (SessionState::Waiting, phone.clone()));
    run(casework::leader::cancel(&world, &id, world.now())).expect("cancelled");
    assert_eq!((state(&world, &other), held(&world)), ("submitted", phone));
    examine(&world);
}

/// F10: a gateway that is silent for an hour: the session ends by itself, and when the gateway is back the leader signs.
#[test]
fn a_gateway_that_is_away() {
    let (world, copy) = opened();
    world.habits(|habits| habits.gateway = Habit::Silent);
    let session = ask_leader(&world, std::slice::from_ref(&copy)).expect("a session").id;
    assert_eq!(session_of(&world, &session).state, SessionState::Unknown);
    for _ in 0..60 {
        sweep_once(&world);
        world.wait(SignedDuration::from_mins(1));
    }
    assert_eq!((session_of(&world, &session).state, world.prompts(&session)), (SessionState::Expired, 0));
    assert_eq!(state(&world, &copy), "submitted");
    world.habits(|habits| habits.gateway = Habit::Right);
    sign_until(&world, &copy);
    finish(&world);
    assert_eq!(state(&world, &copy), "signed");
}

/// F5, I4: whatever the gateway brings that is not the enrolled key's signature over this very file, nothing is signed; the
/// leader can be asked again.
#[test]
fn a_wrong_answer_signs_nothing() {
    for wrong in [Habit::OtherHash, Habit::OtherCertificate, Habit::Garbage, Habit::Empty, Habit::Refusing] {
        let (world, copy) = opened();
        world.habits(|habits| habits.gateway = wrong);
        let session = ask_leader(&world, std::slice::from_ref(&copy)).expect("a prompt").id;
        assert_eq!(follow(&world, &session), SessionState::Failed, "{wrong:?}");
        assert_eq!(state(&world, &copy), "submitted");
        assert!(waiting(&world).is_empty() && world.paths(&format!("copies/{copy}/signed-")).is_empty());
        world.habits(|habits| habits.gateway = Habit::Right);
        sign_until(&world, &copy);
        finish(&world);
        assert_eq!(state(&world, &copy), "signed");
    }
}

/// F4, F5, I4: the copy was taken back and submitted anew with another text. The old session is over, its order to finish,
/// whenever it comes, changes nothing, and the new one signs the new text.
#[test]
fn a_changed_file_is_fenced() {
    let (world, copy) = opened();
    let old = ask_leader(&world, std::slice::from_ref(&copy)).expect("a prompt").id;
    let late = Outbox {
        id: EventId::new([9; 16]),
        topic: Topic::FinishLeader,
        subject: old.to_string(),
        at: world.now(),
        due_at: world.now(),
        waits: None,
        learned: Learned::default(),
    };
    run(casework::leader::cancel(&world, &old, world.now())).expect("cancelled");
    take_back(&world, &copy);
    submit(&world, &copy, base("Ban sao khac"));
    assert!(run(work(&world, &late)).is_ok());
    assert_eq!(ask_leader(&world, std::slice::from_ref(&copy)), Err(Halt::Refused(Reason::SignerBusy.into())));
    assert_eq!(follow(&world, &old), SessionState::Cancelled);
    assert_eq!(ask_leader(&world, std::slice::from_ref(&copy)), Err(Halt::Refused(Reason::CopyNotOpened.into())));
    sign_until(&world, &copy);
    assert!(run(work(&world, &late)).is_ok());
    finish(&world);
    let file = copy_of(&world, &copy).state.file().cloned().expect("a file");
    let bytes = world.object(&file.path).expect("the file");
    assert_eq!(state(&world, &copy), "signed");
    assert!(bytes.windows(13).any(|words| words == b"Ban sao khac)"), "the new text was signed");
}

/// R41, I4: what was opened is what is signed, byte by byte: when the office's name changed since, nobody is asked.
#[test]
fn what_was_not_opened_is_not_signed() {
    let (world, copy) = opened();
    let mut unit = unit_of(&world);
    unit.place = "Xã Khác".into();
    world.seed(vec![Write::Unit(unit)]);
    assert_eq!(ask_leader(&world, std::slice::from_ref(&copy)), Err(Halt::Refused(Reason::CopyChanged.into())));
    assert!(world.all_prompts().is_empty());
    sign_until(&world, &copy);
    finish(&world);
    assert_eq!(state(&world, &copy), "signed");
}

/// One prompt per SIM: while one is open, another copy of the same leader waits.
#[test]
fn a_busy_phone_is_left_alone() {
    let (world, copy) = opened();
    let other = receive(&world, 2);
    submit(&world, &other, base("Ban sao 2"));
    open(&world, &other).expect("a preview");
    world.habits(|habits| habits.gateway = Habit::Waiting);
    ask_leader(&world, std::slice::from_ref(&copy)).expect("a prompt");
    assert_eq!(ask_leader(&world, std::slice::from_ref(&other)), Err(Halt::Refused(Reason::SignerBusy.into())));
    world.habits(|habits| habits.gateway = Habit::Right);
    sign_until(&world, &copy);
    sign_until(&world, &other);
    finish(&world);
    assert_eq!((state(&world, &copy), state(&world, &other)), ("signed", "signed"));
}

/// api.md row 42: twenty copies under one prompt.
#[test]
fn twenty_copies_under_one_prompt() {
    let world = office();
    let copies: Vec<CopyId> = (1..=20).map(|n| receive(&world, n)).collect();
    for (n, copy) in copies.iter().enumerate() {
        submit(&world, copy, base(&format!("Ban sao {n}")));
        open(&world, copy).expect("a preview");
    }
    ask_leader(&world, &copies).expect("a prompt");
    finish(&world);
    assert!(copies.iter().all(|copy| state(&world, copy) == "signed"));
    assert_eq!(world.all_prompts().values().sum::<u32>(), 1);
}

/// F9, remote-signing.md §3 "clerk cancels": the prompt of a cancelled session is still on the phone. Nobody is asked beside it until the gateway
/// says that it is gone, or its time is over; what is pressed there signs nothing and is kept.
#[test]
fn a_cancelled_prompt_is_still_on_the_phone() {
    let (world, copy) = opened();
    world.habits(|habits| habits.gateway = Habit::Waiting);
    let ask = |world: &World| ask_leader(world, std::slice::from_ref(&copy));
    let session = ask(&world).expect("a prompt").id;
    run(casework::leader::cancel(&world, &session, world.now())).expect("cancelled");
    assert_eq!(state(&world, &copy), "submitted");
    let twice = run(casework::leader::cancel(&world, &session, world.now()));
    assert_eq!(twice.expect_err("closed"), Halt::Refused(Reason::SessionClosed.into()));
    let busy = Err(Halt::Refused(Reason::SignerBusy.into()));
    assert_eq!(ask(&world).map(drop), busy);
    // The person presses "yes": that is the end of the prompt, and of nothing else.
    let pressed = world.clone();
    pressed.habits(|habits| habits.gateway = Habit::Right);
    sweep_once(&pressed);
    let ended = session_of(&pressed, &session);
    assert_eq!((ended.state, ended.late), (SessionState::Cancelled, Some(LateAnswer::Consented)));
    assert_eq!(lines(&pressed, &session), [(Actor::Gateway, "session.late_answer".to_owned())]);
    assert_eq!(pressed.fetched(&session), 0, "our own question would have made the late signature");
    assert_eq!((state(&pressed, &copy), waiting(&pressed).len()), ("submitted", 0));
    ask(&pressed).expect("a second prompt");
    // Nobody presses anything.
    world.wait(LIFETIME + GRACE + SKEW);
    assert_eq!(ask(&world).map(drop), busy);
    world.wait(SignedDuration::from_secs(1));
    ask(&world).expect("a second prompt");
    examine(&world);
}

/// What may happen to a session from outside, one after the other.
#[derive(Clone, Copy, Debug)]
enum Event {
    Sweep,
    Hint,
    Cancel,
    Ask,
    Press(Habit),
    Wait(i64),
}

/// R44, F4, F5, F9, issue 5 "all events to depth 4 around the deadline": the real work over the ports, in every order of four events that starts
/// before the deadline. At most one prompt for each session, none beside another, what is over stays over, and a copy is signed only by an
/// answer in time.
#[test]
fn every_order_of_four_events_around_the_deadline() {
    let (world, copy) = opened();
    world.habits(|habits| habits.gateway = Habit::Waiting);
    let session = ask_leader(&world, std::slice::from_ref(&copy)).expect("a prompt").id;
    world.wait(SignedDuration::from_secs(110));
    let events = [
        Event::Sweep,
        Event::Hint,
        Event::Cancel,
        Event::Ask,
        Event::Press(Habit::Right),
        Event::Press(Habit::OtherHash),
        Event::Press(Habit::Refusing),
        Event::Press(Habit::Silent),
        Event::Wait(25),
        Event::Wait(1),
    ];
    let mut ends = std::collections::BTreeMap::<String, u32>::new();
    let mut open = vec![(world, 0)];
    while let Some((world, depth)) = open.pop() {
        let before = session_of(&world, &session);
        if depth == 4 {
            *ends.entry(format!("{:?} {}", before.state, state(&world, &copy))).or_default() += 1;
            continue;
        }
        for event in events {
            let world = world.clone();
            happen(&world, &copy, &session, event);
            examine(&world);
            let after = session_of(&world, &session);
            assert!(!before.state.is_closed() || after.state.is_closed(), "{event:?}: {before:?} {after:?}");
            assert!(!before.state.is_terminal() || after.state == before.state, "{event:?}: {before:?} {after:?}");
            let signed = |state| matches!(state, SessionState::Timestamping | SessionState::Done);
            let signs = signed(after.state) && !signed(before.state);
            let in_time = world.now().duration_since(after.expires_at) <= GRACE;
            assert!(!signs || (in_time && !before.state.is_closed()), "{event:?}: {before:?} {after:?}");
            open.push((world, depth + 1));
        }
    }
    assert_eq!(ends.values().sum::<u32>(), 10_000);
    let reached: Vec<&str> = ends.keys().map(String::as_str).collect();
    let wanted = [
        "Cancelled awaiting_signature",
        "Cancelled submitted",
        "Cancelling awaiting_signature",
        "Cancelling submitted",
        "Done signed",
        "Expired awaiting_signature",
        "Expired submitted",
        "Failed awaiting_signature",
        "Failed submitted",
        "Timestamping awaiting_signature",
        "Waiting awaiting_signature",
    ];
    assert_eq!(reached, wanted);
}

fn happen(world: &World, copy: &CopyId, session: &SessionId, event: Event) {
    let now = world.now();
    match event {
        Event::Sweep => sweep_once(world),
        Event::Hint => drop(run(casework::leader::hinted(world, world, world, session, &|| now))),
        Event::Cancel => drop(run(casework::leader::cancel(world, session, now))),
        Event::Ask => drop(ask_leader(world, std::slice::from_ref(copy))),
        Event::Press(habit) => world.habits(|habits| habits.gateway = habit),
        Event::Wait(seconds) => world.wait(SignedDuration::from_secs(seconds)),
    }
}

/// How many leaders are asked at once.
const LEADERS: u16 = 500;

/// An office with many leaders, each with a copy that they have opened, and each asked on a phone of their own.
fn asked_many() -> (World, Vec<(CopyId, SessionId)>) {
    let (world, first) = opened();
    let (copy, leader) = (copy_of(&world, &first), user_of(&world, &people::leader()));
    world.habits(|habits| habits.gateway = Habit::Waiting);
    let ask = |n: u16| {
        let mark = |kind: u8| {
            let [high, low] = n.to_be_bytes();
            [kind, high, low, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]
        };
        let user = User { id: UserId::new(mark(1)), ..leader.clone() };
        let copy = Copy { id: CopyId::new(mark(2)), leader: Some(user.id.clone()), ..copy.clone() };
        let (copies, id) = ([copy.id.clone()], SessionId::new(mark(3)));
        world.rewrite(|table| {
            table.users.insert(user.id.clone(), user.clone());
            table.copies.insert(copy.id.clone(), copy);
        });
        let ask = OpenSession { id: &id, user: &user, copies: &copies, method: "sim", in_vain: domain::pause::MOST };
        run(casework::leader::open_session(&world, &world, &world, bench(), ask, world.now())).expect("a prompt");
        let [copy] = copies;
        (copy, id)
    };
    let asked = (0..LEADERS).map(ask).collect();
    (world, asked)
}

/// What the minute does.
fn minute(world: &World) {
    for session in run(world.open_sessions(u32::from(LEADERS))).expect("a list") {
        follow(world, &session.id);
    }
}

/// F10, issue 5: the gateway is away for an hour with 500 prompts on 500 phones; then all answers come at once, twice each, in another order. All
/// sessions have ended, all copies are with their leaders again, every answer is kept once, nothing is signed, nobody was asked twice.
#[test]
fn five_hundred_sessions_and_a_gateway_that_is_away_for_an_hour() {
    let (world, asked) = asked_many();
    world.habits(|habits| habits.gateway = Habit::Silent);
    for _ in 0..60 {
        minute(&world);
        world.wait(SignedDuration::from_mins(1));
    }
    world.habits(|habits| habits.gateway = Habit::Right);
    // Steps of 7 go through all of them in another order, and then again.
    for hint in 0..2 * usize::from(LEADERS) {
        let (_, session) = &asked[hint * 7 % asked.len()];
        run(casework::leader::hinted(&world, &world, &world, session, &|| world.now())).expect("a session");
    }
    for (copy, id) in &asked {
        let session = session_of(&world, id);
        assert_eq!((session.state, state(&world, copy)), (SessionState::Expired, "submitted"));
        assert_eq!((&session.late, world.fetched(id)), (&Some(LateAnswer::Consented), 0), "kept, and not fetched");
        let lines = world.look(|table| table.events.keys().filter(|(subject, _)| subject == id.as_str()).count());
        assert_eq!((lines, world.prompts(id)), (1, 1));
    }
    let left = waiting(&world);
    assert!(left.iter().all(|item| watches(&world, item)));
    for item in left {
        let late = Outbox { due_at: world.now(), ..item };
        run(work(&world, &late)).expect("nothing more to ask");
    }
    assert!(waiting(&world).is_empty());
}

/// The same, away for the minute in which everybody presses: all 500 answers count, each once.
#[test]
fn five_hundred_sessions_and_a_gateway_that_is_away_for_a_minute() {
    let (world, asked) = asked_many();
    world.habits(|habits| habits.gateway = Habit::Silent);
    minute(&world);
    world.wait(SignedDuration::from_secs(100));
    minute(&world);
    world.habits(|habits| habits.gateway = Habit::Right);
    for hint in 0..2 * usize::from(LEADERS) {
        let (_, session) = &asked[hint * 7 % asked.len()];
        run(casework::leader::hinted(&world, &world, &world, session, &|| world.now())).expect("a session");
    }
    for (_, id) in &asked {
        assert_eq!((session_of(&world, id).state, world.prompts(id)), (SessionState::Timestamping, 1));
    }
    assert_eq!(waiting(&world).len(), usize::from(LEADERS));
    assert!(world.look(|table| table.prompts.is_empty()), "every phone is free");
}

fn waits_to_follow(world: &World) -> usize {
    waiting(world).iter().filter(|item| item.topic == Topic::FollowLeader).count()
}

/// R45, remote-signing.md §4: what a gateway says makes one order however often it is said, whatever becomes of the call, and the order asks the
/// gateway by our own call; what is said of a session that is not there is no trouble.
#[test]
fn a_hint_is_one_order() {
    let (world, copy) = opened();
    let session = ask_leader(&world, std::slice::from_ref(&copy)).expect("a prompt").id;
    let hint = |world: &World, delivery: u8, session: &SessionId| {
        run(casework::leader::hint(world, (&[delivery; 32], session), world.now()))
    };
    for fate in Fate::ALL {
        let world = world.clone();
        world.script(&[fate]);
        assert_eq!(hint(&world, 1, &session).is_ok(), fate == Fate::Works);
        assert_eq!((hint(&world, 1, &session), hint(&world, 1, &session)), (Ok(()), Ok(())));
        assert_eq!(waiting(&world).len(), 1);
        sweep_once(&world);
        assert_eq!(state(&world, &copy), "signed");
        // Said again after its order is done, and until the day is over: nobody is asked.
        for later in [SignedDuration::ZERO, SignedDuration::from_hours(24)] {
            let world = world.clone();
            world.wait(later);
            assert_eq!((hint(&world, 1, &session), waits_to_follow(&world)), (Ok(()), 0));
        }
        world.wait(SignedDuration::from_hours(24) + SignedDuration::from_secs(1));
        assert_eq!((hint(&world, 1, &session), waits_to_follow(&world)), (Ok(()), 1));
    }
    hint(&world, 2, &SessionId::new([9; 16])).expect("an order");
    let order = the_work(&world, Topic::FollowLeader);
    run(work(&world, &order)).expect("nothing to follow");
    assert!(waiting(&world).is_empty() && session_of(&world, &session).state == SessionState::Waiting);
}
