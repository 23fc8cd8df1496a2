//! What a gateway signs, and how: a bare signature over what we have prepared, or a CMS structure of its own (remote-signing.md §2). Whatever it makes,
//! the copy holds our structure around what was signed.

use domain::model::{SessionState, Shape};
use domain::refusal::Reason;
use testkit::*;

use crate::{archived, finish, state};

/// A copy whose leader is asked by a gateway of this shape, and the session.
fn asked(shape: Shape, gateway: Habit) -> (World, domain::ids::CopyId, domain::model::Session) {
    let world = office();
    let copy = receive(&world, 1);
    submit(&world, &copy, base("Ban sao"));
    open(&world, &copy).expect("a preview");
    world.habits(|habits| (habits.shape, habits.gateway) = (shape, gateway));
    let session = ask_leader(&world, std::slice::from_ref(&copy)).expect("a session");
    assert_eq!(session.shape, shape);
    (world, copy, session)
}

/// R43, R46: a copy that was signed by a structure is a copy like any other, to its archive.
#[test]
fn a_structure_of_the_gateways_becomes_a_copy() {
    for shape in [Shape::Raw, Shape::Cms] {
        let (world, copy, _) = asked(shape, Habit::Right);
        sign_until(&world, &copy);
        assert_eq!(state(&world, &copy), "signed", "{shape:?}");
        request_seal(&world, std::slice::from_ref(&copy)).expect("a signed copy");
        finish(&world);
        assert!(archived(&world, &copy).is_some(), "{shape:?}");
    }
}

/// F5: over another digest, by another certificate, or none at all: the session fails, and the copy waits for the next.
#[test]
fn a_wrong_structure_signs_nothing() {
    for habit in [Habit::OtherHash, Habit::OtherCertificate, Habit::Garbage, Habit::Empty] {
        let (world, copy, session) = asked(Shape::Cms, habit);
        let session =
            run(casework::leader::step(&world, &world, &world, &session.id, &|| world.now())).expect("a session");
        let problem = session.items.iter().find_map(|item| item.problem.as_deref());
        assert_eq!(
            (session.state, problem, state(&world, &copy)),
            (SessionState::Failed, Some(Reason::SignatureDoesNotVerify.code()), "submitted"),
            "{habit:?}"
        );
        finish(&world);
    }
}

/// A session keeps the shape in which it has asked: a deployment that changes its gateway meanwhile reads no answer in another way.
#[test]
fn a_session_keeps_its_shape() {
    let (world, copy, session) = asked(Shape::Cms, Habit::Right);
    let kept = world.look(|table| table.sessions[&session.id].shape);
    assert_eq!(kept, Shape::Cms);
    // The other gateway signs other digests; nothing of that is taken for an answer.
    world.habits(|habits| habits.shape = Shape::Raw);
    let session = run(casework::leader::step(&world, &world, &world, &session.id, &|| world.now())).expect("a session");
    assert_eq!((session.state, state(&world, &copy)), (SessionState::Failed, "submitted"));
}
