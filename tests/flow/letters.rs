//! Letters: a notice with a link, at least once, and the link that is kept is one that was sent.
//!
//! Domain.md R52, R53; decision 22; limits.md F1, F2, F3; I7, I11, I14.

use domain::ids::CopyId;
use domain::model::{Event, Topic};
use domain::ports::Write;
use jiff::SignedDuration;
use testkit::*;

use crate::{archived, examine, finish, house_findings};

/// An archived copy whose requester has an address and no account.
fn for_a_letter() -> (World, CopyId) {
    let world = office();
    let copy = signed(&world, 1);
    let mut case = world.look(|table| table.cases[&people::case(1)].clone());
    case.requester.account = None;
    case.version += 1;
    let (subject, action) = (case.id.to_string(), "case.changed".to_owned());
    let event = Event { subject, seq: case.version, actor: (&people::clerk()).into(), action, at: world.now() };
    world.seed(vec![Write::Case(case), Write::Event(event)]);
    request_seal(&world, std::slice::from_ref(&copy)).expect("a signed copy");
    until_sealed(&world, &copy);
    run(work(&world, &the_work(&world, Topic::Archive))).expect("an archive");
    (world, copy)
}

/// The link that the page will know is one that stands in a letter, and no letter says who the requester is.
fn good_letters(world: &World) -> usize {
    let kept = world.look(|table| table.deliveries.values().cloned().collect::<Vec<_>>());
    let [kept] = kept.as_slice() else { panic!("not one delivery: {kept:?}") };
    assert!(kept.sent_at.is_some(), "{kept:?}");
    let letters = world.letters();
    let secret = |text: &str| text.split_once("/d/").and_then(|(_, rest)| rest.get(..32)).map(str::to_owned);
    let known = letters.iter().filter_map(|letter| secret(&letter.text)).any(|secret| {
        kept.link_digest.map(Vec::from) == Some(pki::digest(pki::DigestAlgorithm::Sha256, &[secret.as_bytes()]))
    });
    assert!(known, "the link that is kept was never sent: {letters:?}");
    let text = format!("{letters:?}");
    assert!(!text.contains("000000000002") && !text.contains("Trần Thị Mẫu"), "{text}");
    letters.len()
}

/// F1, F2: one fault, and every pair of faults: the letter leaves, and more than once only when its answer was lost.
#[test]
fn all_singles_and_pairs_of_a_letter() {
    let (world, _) = for_a_letter();
    let tried = every_fate(&world, 0..usize::MAX, 2, |world| {
        finish(world);
        assert!((1..=3).contains(&good_letters(world)));
    });
    assert!(tried.runs > 100, "{tried:?}");
    finish(&world);
    assert_eq!(good_letters(&world), 1);
}

/// F1, F3: two who send, one fault among them: the kept link was sent whoever is last.
#[test]
fn two_who_send_one_letter() {
    let (world, _) = for_a_letter();
    let item = due_first(&world, Topic::Deliver);
    explore(
        &world,
        2,
        1,
        |world, _| {
            let item = item.clone();
            Box::pin(async move { drop(work(world, &item).await) })
        },
        |world, _| {
            finish(world);
            assert!((1..=3).contains(&good_letters(world)));
        },
    );
}

/// The mail service is away: the copy waits for its letter and for nothing else, and one letter goes out when it is back.
#[test]
fn a_mail_service_that_is_away() {
    let (world, copy) = for_a_letter();
    world.habits(|habits| habits.mail = Habit::Silent);
    for _ in 0..20 {
        sweep_once(&world);
        examine(&world);
        world.wait(SignedDuration::from_mins(1));
    }
    assert!(world.letters().is_empty() && archived(&world, &copy).is_some());
    world.habits(|habits| habits.mail = Habit::Right);
    finish(&world);
    assert_eq!((good_letters(&world), house_findings(&world, 2026)), (1, vec![]));
}
