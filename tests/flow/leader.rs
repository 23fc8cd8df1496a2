//! The leader's signature: one prompt per session whatever is lost, late answers never applied, a changed file never signed.
//!
//! R39–R45; limits.md F1, F2, F4, F5, F10, F20; I4, I9, I11.

use casework::Halt;
use casework::leader::{GRACE, LIFETIME, OpenSession};
use domain::ids::{CopyId, EventId, SessionId, UserId};
use domain::model::{Copy, Learned, Outbox, SessionState, Topic, User};
use domain::ports::{Records as _, Write};
use domain::refusal::Reason;
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
    run(casework::leader::step(world, world, world, id, world.now())).expect("a session").state
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
    assert!(waiting(&world).is_empty());
    finish(&world);
    assert_eq!(state(&world, &copy), "submitted");
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
    unit.name = "Ủy ban nhân dân xã Khác".into();
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
    assert_eq!((ended.state, ended.items[0].signature.is_some()), (SessionState::Cancelled, true));
    assert_eq!((state(&pressed, &copy), waiting(&pressed).len()), ("submitted", 0));
    ask(&pressed).expect("a second prompt");
    // Nobody presses anything.
    world.wait(LIFETIME + GRACE);
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
        Event::Hint => drop(run(casework::leader::hinted(world, world, world, session, now))),
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
        let ask = OpenSession { id: &id, user: &user, copies: &copies, method: "sim" };
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
        run(casework::leader::hinted(&world, &world, &world, session, world.now())).expect("a session");
    }
    for (copy, id) in &asked {
        let session = session_of(&world, id);
        assert_eq!((session.state, state(&world, copy)), (SessionState::Expired, "submitted"));
        assert!(session.items[0].signature.is_some(), "kept");
        let lines = world.look(|table| table.events.keys().filter(|(subject, _)| subject == id.as_str()).count());
        assert_eq!((lines, world.prompts(id)), (1, 1));
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
        run(casework::leader::hinted(&world, &world, &world, session, world.now())).expect("a session");
    }
    for (_, id) in &asked {
        assert_eq!((session_of(&world, id).state, world.prompts(id)), (SessionState::Timestamping, 1));
    }
    assert_eq!(waiting(&world).len(), usize::from(LEADERS));
    assert!(world.look(|table| table.prompts.is_empty()), "every phone is free");
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
    }
    hint(&world, 2, &SessionId::new([9; 16])).expect("an order");
    let order = the_work(&world, Topic::FollowLeader);
    run(work(&world, &order)).expect("nothing to follow");
    assert!(waiting(&world).is_empty() && session_of(&world, &session).state == SessionState::Waiting);
}
