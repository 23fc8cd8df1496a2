//! Everybody outside answers wrongly: no bad file is kept, no case is lost, and when they are well again everything ends.
//!
//! Limits.md F6, F9, F10, F11; I4, I5, I6, I11, I13, I16.

use domain::ids::CopyId;
use domain::model::Topic;
use jiff::SignedDuration;
use testkit::*;

use crate::{archived, finish, house_findings, number, state};

/// A copy whose seal was requested.
fn requested() -> (World, CopyId) {
    let world = office();
    let copy = signed(&world, 1);
    request_seal(&world, std::slice::from_ref(&copy)).expect("a signed copy");
    (world, copy)
}

/// Some minutes of sweeping while somebody is not well.
fn endure(world: &World) {
    for _ in 0..6 {
        sweep_once(world);
        examine(world);
        world.wait(SignedDuration::from_secs(30));
    }
}

fn ends_well(world: &World, copy: &CopyId) {
    finish(world);
    assert_eq!((state(world, copy), number(world, copy)), ("sealed", Some(1)));
    assert!(archived(world, copy).is_some());
    assert_eq!(world.look(|table| table.deliveries.len()), 1);
    assert_eq!(house_findings(world, 2026), vec![]);
}

/// F11: while the TSA answers wrongly the seal waits: number spent, no file. Afterwards the case ends.
#[test]
fn a_wrong_tsa_and_the_seal() {
    for wrong in Habit::WRONG {
        let (world, copy) = requested();
        world.habits(|habits| habits.tsa = wrong);
        endure(&world);
        assert_eq!((state(&world, &copy), number(&world, &copy)), ("numbered", Some(1)), "{wrong:?}");
        assert!(world.paths("numbers/").is_empty(), "{wrong:?}");
        world.habits(|habits| habits.tsa = Habit::Right);
        ends_well(&world, &copy);
    }
}

/// F11: while the TSA answers wrongly the leader's signature waits; the leader is not asked again.
#[test]
fn a_wrong_tsa_and_the_leader() {
    for wrong in Habit::WRONG {
        let world = office();
        let copy = receive(&world, 1);
        submit(&world, &copy, base("Ban sao"));
        open(&world, &copy).expect("a preview");
        world.habits(|habits| habits.tsa = wrong);
        ask_leader(&world, std::slice::from_ref(&copy)).expect("a prompt");
        endure(&world);
        assert_eq!(state(&world, &copy), "awaiting_signature", "{wrong:?}");
        assert!(world.paths(&format!("copies/{copy}/signed-")).is_empty(), "{wrong:?}");
        world.habits(|habits| habits.tsa = Habit::Right);
        finish(&world);
        assert_eq!(state(&world, &copy), "signed", "{wrong:?}");
        assert_eq!(world.all_prompts().values().sum::<u32>(), 1);
    }
}

/// F11, I13: while the TSA, the OCSP responders or the CRL hosts answer wrongly, nothing is called archived; afterwards it
/// is, and nothing was delivered twice.
#[test]
fn wrong_evidence_and_the_archive() {
    let cases: [fn(&mut Habits, Habit); 3] = [
        |habits, wrong| habits.tsa = wrong,
        |habits, wrong| habits.ocsp = wrong,
        |habits, wrong| {
            (habits.ocsp, habits.crl) = (wrong, wrong);
        },
    ];
    for set in cases {
        for wrong in Habit::WRONG {
            let (world, copy) = requested();
            until_sealed(&world, &copy);
            world.habits(|habits| set(habits, wrong));
            endure(&world);
            let kept = archived(&world, &copy);
            world.habits(|habits| *habits = Habits::default());
            ends_well(&world, &copy);
            assert!(kept.is_none() || kept == archived(&world, &copy), "{wrong:?}");
        }
    }
}

/// Decision 11: an archive that does not come within a quarter of an hour does not keep the copy from its requester; it is
/// offered later.
#[test]
fn a_copy_does_not_wait_for_its_archive_for_ever() {
    let (world, copy) = requested();
    until_sealed(&world, &copy);
    world.habits(|habits| habits.tsa = Habit::Silent);
    for _ in 0..20 {
        sweep_once(&world);
        world.wait(SignedDuration::from_mins(1));
    }
    examine(&world);
    assert!(archived(&world, &copy).is_none());
    assert_eq!(world.look(|table| table.deliveries.len()), 1);
    world.habits(|habits| habits.tsa = Habit::Right);
    ends_well(&world, &copy);
}

/// F9: the agency's key answers wrongly: the number is spent and kept, nothing is sealed with it, nothing falls back to
/// another key.
#[test]
fn a_wrong_key() {
    let wrong =
        [Habit::OtherHash, Habit::OtherCertificate, Habit::Garbage, Habit::Empty, Habit::Silent, Habit::Refusing];
    for wrong in wrong {
        let (world, copy) = requested();
        world.habits(|habits| habits.key = wrong);
        endure(&world);
        assert_eq!((state(&world, &copy), number(&world, &copy)), ("numbered", Some(1)), "{wrong:?}");
        assert!(waiting(&world).iter().all(|item| item.topic == Topic::Seal), "{wrong:?}");
        world.habits(|habits| habits.key = Habit::Right);
        ends_well(&world, &copy);
    }
}

/// F19, I4: the leader's X.509 certificate is revoked after the signature: the time-stamp is older, so the copy ends valid.
#[test]
fn a_leader_revoked_after_signing() {
    let (world, copy) = requested();
    world.wait(SignedDuration::from_hours(1));
    world.revoke(&trees().ours.leader);
    ends_well(&world, &copy);
}

/// F15: an index that is far behind delays, and decides nothing.
#[test]
fn an_index_that_is_behind() {
    let (world, copy) = requested();
    world.index_stands();
    ends_well(&world, &copy);
    let other = signed(&world, 2);
    request_seal(&world, std::slice::from_ref(&other)).expect("a signed copy");
    finish(&world);
    assert_eq!(number(&world, &other), Some(2));
    let listed = run(domain::ports::Records::queue(&world, &people::unit(), domain::ports::Queue::Seal, 10));
    assert_eq!(listed, Ok(vec![]), "what is listed is what is stored now");
}
