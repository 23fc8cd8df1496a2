//! The work after the key has signed, over the ports of `testkit`, with real files and signatures.
//!
//! The exhaustive runs (every fate, every order) are in `tests/flow`; here each rule stands once.

mod augmenting;
mod caring;
mod delivering;
mod examining;
mod recording;
mod rehearsing;
mod renewing;
mod trusting;

use casework::{Halt, Outcome, examine, numbering};
use domain::copy::CopyState;
use domain::ids::*;
use domain::model::*;
use domain::ports::Fault;
use domain::refusal::Reason;
use testkit::*;

/// Does the one waiting piece of a kind.
fn step(world: &World, topic: Topic) -> Result<Outcome, Halt> {
    run(work(world, &the_work(world, topic)))
}

/// Does the one waiting piece of a kind, which must end.
fn done(world: &World, topic: Topic) {
    assert_eq!(step(world, topic), Ok(Outcome::Done), "{}", topic.name());
}

/// Does the one waiting piece of a kind, which must wait and say so in the table.
fn put_off(world: &World, topic: Topic) {
    let outcome = step(world, topic);
    let Ok(Outcome::Later(until)) = outcome else { panic!("{}: {outcome:?}", topic.name()) };
    assert!(until > world.now());
    assert_eq!(the_work(world, topic).due_at, until);
}

/// A copy whose seal the key has signed, and its session.
fn key_has_signed(world: &World, n: u8) -> (CopyId, SessionId) {
    let copy = signed(world, n);
    let session = request_seal(world, std::slice::from_ref(&copy)).expect("a session").id;
    done(world, Topic::Seal);
    (copy, session)
}

/// A sealed copy.
fn sealed(world: &World, n: u8) -> CopyId {
    let (copy, _) = key_has_signed(world, n);
    done(world, Topic::FinishSeal);
    copy
}

fn archived(world: &World, n: u8) -> CopyId {
    let copy = sealed(world, n);
    done(world, Topic::Archive);
    copy
}

fn session_of(world: &World, id: &SessionId) -> Session {
    world.look(|table| table.sessions.get(id).cloned()).expect("a session")
}

fn public_of(world: &World, id: &CopyId) -> PublicCopy {
    world.look(|table| table.public.get(id).cloned()).expect("public facts")
}

/// Codes of what the examiner finds in the office's series.
fn found(world: &World) -> Vec<(u32, &'static str)> {
    let unit = unit_of(world);
    let findings =
        run(examine::series(world, world, &trees().anchors(), &unit, "SCT/BS", 2026, world.now())).expect("answers");
    // Shown when a test fails.
    findings.iter().for_each(|finding| println!("{finding}"));
    findings.iter().map(|finding| (finding.number, finding.wrong.texts().0)).collect()
}

/// From the leader's phone to the account: each step once, and nothing left.
#[test]
fn a_copy_goes_all_the_way() {
    let world = office();
    let id = receive(&world, 1);
    submit(&world, &id, base("Ban sao"));
    open(&world, &id).expect("a preview");
    let session = ask_leader(&world, std::slice::from_ref(&id)).expect("a session").id;
    run(casework::leader::step(&world, &world, &world, &session, &|| world.now())).expect("an answer");
    done(&world, Topic::FinishLeader);
    assert_eq!(session_of(&world, &session).state, SessionState::Done);
    assert!(matches!(copy_of(&world, &id).state, CopyState::Signed { .. }));

    let session = request_seal(&world, std::slice::from_ref(&id)).expect("a session").id;
    done(&world, Topic::Seal);
    done(&world, Topic::FinishSeal);
    assert_eq!(session_of(&world, &session).state, SessionState::Done);
    assert_eq!(public_of(&world, &id).digests.len(), 1);
    done(&world, Topic::Archive);
    assert_eq!(public_of(&world, &id).digests.len(), 2);
    done(&world, Topic::Deliver);
    assert!(settled(&world), "{:?}", waiting(&world));
    assert_eq!(found(&world), []);
    testkit::examine(&world);
}

/// Decision 21: a void number ends its copy's part of the session, and nothing is sealed under it.
#[test]
fn a_void_number_ends_the_session() {
    let world = office();
    let copy = signed(&world, 1);
    let session = request_seal(&world, std::slice::from_ref(&copy)).expect("a session").id;
    world.habits(|habits| habits.key = Habit::Silent);
    step(&world, Topic::Seal).expect_err("no key");
    run(numbering::void(&world, &copy, &people::keeper(), "máy hỏng", world.now())).expect("void");
    assert_eq!(session_of(&world, &session).state, SessionState::Failed);
    done(&world, Topic::Seal);
    assert_eq!(found(&world), []);
    testkit::examine(&world);
}

/// Decision 16: only a fault brings the same event again.
#[test]
fn only_faults_are_repeated() {
    let fault = Fault("no table".into());
    let refused = Halt::from(Reason::SessionClosed);
    let later = Outcome::Later(NOW);
    for (work, settled) in [
        (Ok(Outcome::Done), Ok(())),
        (Ok(later), Ok(())),
        (Err(refused), Ok(())),
        (Err(Halt::Failed(fault.clone())), Err(fault)),
    ] {
        assert_eq!(casework::settled(work), settled);
    }
}
