//! The leader's signature: one prompt per session whatever is lost, late answers never applied, a changed file never signed.
//!
//! R39–R45; limits.md F1, F2, F4, F5, F10, F20; I4, I9, I11.

use casework::Halt;
use casework::leader::{GRACE, LIFETIME};
use domain::ids::{CopyId, EventId, SessionId};
use domain::model::{Learned, Outbox, SessionState, Topic};
use domain::ports::Write;
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
