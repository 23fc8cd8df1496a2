//! Whoever verified a copy hears of its annulment: once, and without a word about the requester.

use domain::ports::Records;

use super::*;

const VISITOR: &str = "nguoi-kiem-tra@example.vn";

fn watch(world: &World, copy: &CopyId, n: u8, who: Watcher) -> Watch {
    let until = world.now().saturating_add(jiff::SignedDuration::from_hours(24)).expect("in range");
    Watch { copy: copy.clone(), verification: VerificationId::new([n; 16]), who, at: world.now(), until }
}

fn annulled(world: &World, copy: &CopyId) {
    run(numbering::annul(world, copy, &people::keeper(), &people::annulment(world.now()), world.now()))
        .expect("annulled");
}

fn told(world: &World, n: u8) -> Vec<Event> {
    run(world.events(VerificationId::new([n; 16]).as_str())).expect("events")
}

fn to(world: &World, address: &str) -> Vec<String> {
    world.letters().into_iter().filter(|letter| letter.to == address).map(|letter| letter.text).collect()
}

#[test]
fn officers_get_an_event_and_visitors_a_letter() {
    let world = office();
    let copy = archived(&world, 1);
    world.watch(watch(&world, &copy, 1, Watcher::User(people::clerk())));
    world.watch(watch(&world, &copy, 2, Watcher::Email(VISITOR.into())));
    annulled(&world, &copy);
    done(&world, Topic::Aftercare);
    let events = told(&world, 1);
    assert_eq!(events.iter().map(|event| event.action.as_str()).collect::<Vec<_>>(), ["verification.aftercare"]);
    let letters = to(&world, VISITOR);
    assert_eq!(letters.len(), 1);
    let day = domain::time::shown(domain::time::day(world.now()));
    let said = format!("đã bị hủy theo quyết định 12/QĐ-UBND ngày {day}, ghi sổ ngày {day}, và");
    assert!(letters[0].contains(&said), "{}", letters[0]);
    assert!(letters[0].contains(&format!("annulled by decision 12/QĐ-UBND of {day}, entered")), "{}", letters[0]);
    assert!(!letters[0].contains("thu hồi"), "why is not for everybody: {}", letters[0]);
    world.look(|table| assert!(table.watches.is_empty(), "an address goes with its letter"));
}

/// Annulled before decisions were kept: the letter says so without one.
#[test]
fn a_letter_without_a_decision_is_whole() {
    let world = office();
    let copy = archived(&world, 1);
    world.watch(watch(&world, &copy, 2, Watcher::Email(VISITOR.into())));
    annulled(&world, &copy);
    let public = public_of(&world, &copy);
    let old = PublicCopy { annulled_by: None, version: public.version + 1, ..public };
    world.seed(vec![domain::ports::Write::PublicCopy(old)]);
    done(&world, Topic::Aftercare);
    let day = domain::time::shown(domain::time::day(world.now()));
    let letter = &to(&world, VISITOR)[0];
    assert!(letter.contains(&format!("đã bị hủy, ghi sổ ngày {day}, và không còn giá trị")), "{letter}");
    assert!(letter.contains(&format!("annulled, entered in the register on {day}, and")), "{letter}");
}

/// Nobody asked: nothing is sent, and the work ends.
#[test]
fn without_watchers_nothing_is_told() {
    let world = office();
    let copy = archived(&world, 1);
    let before = world.letters().len();
    annulled(&world, &copy);
    done(&world, Topic::Aftercare);
    assert_eq!(world.letters().len(), before);
}

/// A wish that ran out is none, and a copy that stands is not talked about.
#[test]
fn old_wishes_are_not_followed() {
    let world = office();
    let copy = archived(&world, 1);
    let old = Watch { until: world.now(), ..watch(&world, &copy, 2, Watcher::Email(VISITOR.into())) };
    world.watch(old);
    annulled(&world, &copy);
    done(&world, Topic::Aftercare);
    assert_eq!(to(&world, VISITOR), Vec::<String>::new());
}

/// The mail service is away: the work waits, and whoever was told stays told.
#[test]
fn a_letter_that_cannot_leave_waits() {
    let world = office();
    let copy = archived(&world, 1);
    world.watch(watch(&world, &copy, 1, Watcher::User(people::clerk())));
    world.watch(watch(&world, &copy, 2, Watcher::Email(VISITOR.into())));
    annulled(&world, &copy);
    world.habits(|habits| habits.mail = Habit::Silent);
    put_off(&world, Topic::Aftercare);
    assert_eq!((told(&world, 1).len(), to(&world, VISITOR).len()), (1, 0));
    world.habits(|habits| habits.mail = Habit::Right);
    done(&world, Topic::Aftercare);
    assert_eq!((told(&world, 1).len(), to(&world, VISITOR).len()), (1, 1));
}
