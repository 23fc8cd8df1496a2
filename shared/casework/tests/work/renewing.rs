//! The next document time-stamp, years after the copy was archived (ETSI EN 319 142-1 §5.5; R64: the copy stays valid).

use casework::{Halt, Outcome};
use domain::copy::CopyState;
use domain::ids::CopyId;
use domain::model::*;
use domain::renewal;
use jiff::{SignedDuration, Timestamp};
use testkit::*;

use super::{archived, done, found, public_of, put_off, step};

/// The authority's X.509 certificate ends with 2030, and it stamps with the next one from 10 July on.
const DUE: &str = "2030-07-05T00:00:00Z";
const CHANGED: &str = "2030-07-10T01:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().expect("literal")
}

fn wait_until(world: &World, when: Timestamp) {
    world.wait(when.duration_since(world.now()));
}

/// An office whose copy is to be renewed, at a time when the authority has its next X.509 certificate.
fn due() -> (World, CopyId) {
    let world = office();
    let id = archived(&world, 1);
    wait_until(&world, at(CHANGED));
    (world, id)
}

/// A renewal from its first run: who stamps now is another authority, which one time-stamp shows; the next run brings its evidence.
fn renewed(world: &World) {
    for (tokens, step) in [(1, put_off as fn(&World, Topic)), (1, done)] {
        world.wait(SignedDuration::from_mins(3));
        world.script(&[]);
        step(world, Topic::Renew);
        let asked = world.calls().iter().filter(|call| call.name == "timestamp").count();
        assert_eq!(asked, tokens, "no run asks for more than one");
    }
}

fn files(world: &World, id: &CopyId) -> (Stored, u32) {
    let CopyState::Sealed { archived: Some(file), renewals, .. } = copy_of(world, id).state else {
        panic!("no archive")
    };
    (file, renewals)
}

#[test]
fn an_archived_copy_knows_when_it_is_due() {
    let world = office();
    archived(&world, 1);
    assert_eq!(the_work(&world, Topic::Renew).due_at, at(DUE), "180 days before the authority's end");
    let too_early = step(&world, Topic::Renew);
    assert_eq!(too_early, Ok(Outcome::Later(at(DUE))));
    assert_eq!(world.paths("numbers/").len(), 2);
}

#[test]
fn a_renewed_copy_is_another_file_beside_the_earlier_ones() {
    let (world, id) = due();
    let (before, _) = files(&world, &id);
    renewed(&world);
    let (after, renewals) = files(&world, &id);
    assert_eq!((renewals, world.paths("numbers/").len()), (1, 3));
    assert!(after.path.ends_with("/00000001-archived-01.pdf"), "{}", after.path);
    let object = |file: &Stored| world.object(&file.path).expect("the file").to_vec();
    assert!(object(&after).starts_with(&object(&before)));
    assert_eq!(public_of(&world, &id).digests.last(), Some(&after.sha256));
    assert_eq!(public_of(&world, &id).digests.len(), 3, "every file that was issued is known");
    assert_eq!(copy_of(&world, &id).state.file(), Some(&after), "downloads serve the newest");
    assert!(the_work(&world, Topic::Renew).due_at > at("2040-01-01T00:00:00Z"), "and the next time is known");
    assert_eq!(found(&world), []);
    testkit::examine(&world);
    // After the first authority's end only the renewed file proves itself.
    wait_until(&world, at("2031-06-01T00:00:00Z"));
    assert_eq!(found(&world), []);
}

/// F11: a wrong authority leaves no file, loses nothing, and is asked again.
#[test]
fn a_wrong_authority_costs_a_renewal_only_time() {
    for habit in Habit::WRONG {
        let (world, id) = due();
        let before = (copy_of(&world, &id), public_of(&world, &id), world.paths(""));
        world.habits(|habits| habits.tsa = habit);
        put_off(&world, Topic::Renew);
        world.habits(|habits| (habits.tsa, habits.ocsp, habits.crl) = (Habit::Right, habit, Habit::Silent));
        put_off(&world, Topic::Renew);
        assert_eq!((copy_of(&world, &id), public_of(&world, &id), world.paths("")), before, "{habit:?}");
        world.habits(|habits| (habits.ocsp, habits.crl) = (Habit::Right, Habit::Right));
        assert_eq!(
            step(&world, Topic::Renew),
            Ok(Outcome::Later(the_work(&world, Topic::Renew).due_at)),
            "not before its time"
        );
        wait_until(&world, the_work(&world, Topic::Renew).due_at);
        renewed(&world);
        assert_eq!(found(&world), [], "{habit:?}");
    }
}

/// A time-stamp that ends with the last one wins nothing and makes no file.
#[test]
fn a_renewal_that_wins_no_time_waits() {
    let world = office();
    let id = archived(&world, 1);
    wait_until(&world, at(DUE));
    put_off(&world, Topic::Renew);
    assert_eq!((files(&world, &id).1, world.paths("numbers/").len()), (0, 2));
    let again = the_work(&world, Topic::Renew).due_at;
    assert!(again > at(CHANGED) && again.duration_since(at(DUE)) < SignedDuration::from_hours(7 * 24), "{again}");
    wait_until(&world, again);
    renewed(&world);
    assert_eq!(files(&world, &id).1, 1);
}

/// F3, F13: each of its two runs is killed at every await point, before and after every effect; whoever comes next makes one file, asks for no
/// time-stamp whose news was written down, and repeats change nothing.
#[test]
fn a_renewal_that_is_killed_is_taken_up() {
    let (world, id) = due();
    let learned = world.clone();
    put_off(&learned, Topic::Renew);
    learned.wait(SignedDuration::from_mins(3));
    for from in [world, learned] {
        let item = the_work(&from, Topic::Renew);
        for steps in 0.. {
            let world = from.clone();
            let ended = run_for(work(&world, &item), steps);
            taken_up(&world, &item);
            assert_eq!((files(&world, &id).1, world.paths("numbers/").len()), (1, 3), "{steps}");
            the_work(&world, Topic::Renew);
            assert_eq!(found(&world), [], "{steps}");
            if ended {
                assert!(steps > 3, "{steps}");
                break;
            }
        }
    }
}

/// What is left of an order is done, each run at its time.
fn taken_up(world: &World, item: &Outbox) {
    // Whoever was killed is left its time.
    world.wait(casework::augment::LEASE);
    for _ in 0..3 {
        let Some(left) = waiting(world).into_iter().find(|left| left.id == item.id) else { break };
        world.wait(SignedDuration::from_mins(3));
        run(work(world, &left)).expect("taken up");
    }
    assert_eq!(run(work(world, item)), Ok(Outcome::Done), "and again");
}

/// F1, F2: every call of both runs is lost, or happened and its answer was lost; and every pair of such faults. One file, and nothing waits but
/// the next renewal.
#[test]
fn every_fate_of_a_renewal_ends_in_one_file() {
    let (world, id) = due();
    let item = the_work(&world, Topic::Renew);
    let tried = every_fate(&world, 0..usize::MAX, 2, |world| {
        for _ in 0..40 {
            let Some(left) = waiting(world).into_iter().find(|left| left.id == item.id) else { break };
            if left.due_at > world.now() {
                world.wait(left.due_at.duration_since(world.now()));
            }
            let _ = run(work(world, &left));
        }
        assert_eq!((files(world, &id).1, world.paths("numbers/").len()), (1, 3));
        the_work(world, Topic::Renew);
    });
    assert!(tried.runs > 200, "{tried:?}");
}

/// I5: bytes of somebody else where the renewal belongs stop it, loudly.
#[test]
fn foreign_bytes_are_no_renewal() {
    let (world, id) = due();
    let (before, _) = files(&world, &id);
    let same = world.object(&before.path).expect("the file").to_vec();
    let path = before.path.replace("-archived", "-archived-01");
    world.put_object(&path, same);
    assert!(matches!(step(&world, Topic::Renew), Err(Halt::Refused(_))), "a file that has not grown is no renewal");
    assert_eq!(files(&world, &id), (before, 0));
}

/// R111: an annulled copy is not renewed; its annulment stands in the register.
#[test]
fn an_annulled_copy_is_not_renewed() {
    let (world, id) = due();
    let now = world.now();
    let annulment = people::annulment(now);
    run(casework::numbering::annul(&world, &id, &people::keeper(), &annulment, now)).expect("annulled");
    done(&world, Topic::Renew);
    assert_eq!(world.paths("numbers/").len(), 2);
    assert!(waiting(&world).iter().all(|item| item.topic != Topic::Renew));
}

/// The examiner says what should have been renewed a month ago, and misses earlier files.
#[test]
fn the_examiner_sees_overdue_renewals_and_lost_generations() {
    let world = office();
    archived(&world, 1);
    wait_until(&world, at("2030-08-03T00:00:00Z"));
    assert_eq!(found(&world), []);
    wait_until(&world, at("2030-08-05T00:00:00Z"));
    assert_eq!(found(&world), [(1, "renewal-overdue")]);
    renewed(&world);
    assert_eq!(found(&world), []);
    let first = world.paths("numbers/").into_iter().find(|path| path.ends_with("-archived.pdf")).expect("the first");
    world.flip(&first, 1000);
    assert_eq!(found(&world), [(1, "object-differs")]);
}

/// The bound of the judge: after the last renewal nothing is made, and nothing is lost.
#[test]
fn there_are_not_more_renewals_than_the_judge_takes() {
    let (world, id) = due();
    let mut copy = copy_of(&world, &id);
    copy.version += 1;
    if let CopyState::Sealed { renewals, .. } = &mut copy.state {
        *renewals = renewal::MOST;
    }
    world.seed(vec![domain::ports::Write::Copy(copy)]);
    put_off(&world, Topic::Renew);
    assert_eq!(world.paths("numbers/").len(), 2);
}
