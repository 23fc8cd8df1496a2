use super::*;
use crate::ids::*;
use crate::model::{Purpose, SessionItem};

fn begun() -> Timestamp {
    "2026-11-23T07:05:31Z".parse().expect("literal")
}

fn after(seconds: i64) -> Timestamp {
    begun().checked_add(SignedDuration::from_secs(seconds)).expect("a time")
}

/// As it is committed, before anybody is called: 120 s long.
fn session(method: &str) -> Session {
    let item =
        |n: u8| SessionItem { copy: CopyId::new([n; 16]), prepared: None, signature: None, done: false, problem: None };
    Session {
        id: SessionId::new([1; 16]),
        purpose: Purpose::LeaderSign,
        method: method.into(),
        user: UserId::new([7; 16]),
        unit: UnitId::new([3; 16]),
        items: vec![item(1), item(2)],
        state: SessionState::Sending,
        verification_code: "4298".into(),
        display_text: "MA 4298".into(),
        handle: None,
        created_at: begun(),
        expires_at: after(120),
        version: 1,
    }
}

/// Seconds around everything that the clock decides: sending is given up, the end, the grace.
const TIMES: [i64; 9] = [0, 30, 31, 119, 120, 121, 135, 136, 4_000];

fn all(signatures: &[Vec<u8>]) -> [Happening<'_>; 9] {
    [
        Happening::Accepted("csc:1"),
        Happening::AtTheDesk,
        Happening::Lost,
        Happening::Refused("user-rejected"),
        Happening::Refused("user-timeout"),
        Happening::Answered(signatures),
        Happening::Wrong,
        Happening::Cancel,
        Happening::Tick,
    ]
}

/// What a way has brought so far.
#[derive(Clone, Copy, Default)]
struct Seen {
    given_back: u32,
    finished: u32,
    freed: u32,
    kept: u32,
}

/// What every step must be, wherever it is taken.
fn check(before: &Session, happening: Happening<'_>, at: i64, step: &Step) {
    let (after, in_time) = (&step.after, at <= 135);
    let told = format!("{:?} {happening:?} at {at}: {step:?}", before.state);
    assert_eq!(after.version, before.version + 1, "{told}");
    assert!(before.handle.is_none() || after.handle == before.handle, "{told}");
    assert!(!before.state.is_terminal() || (after.state == before.state && !step.gives_back && !step.frees), "{told}");
    assert!(!(step.gives_back && step.finishes), "{told}");
    assert!(!step.frees || in_time, "the lease is over: {told}");
    let waited = matches!(before.state, SessionState::Sending | SessionState::Waiting | SessionState::Unknown);
    let answered = matches!(happening, Happening::Answered(_));
    assert_eq!(step.finishes, waited && answered && in_time, "{told}");
    assert_eq!(step.line == Some("session.late_answer"), answered && !step.finishes, "{told}");
    assert_eq!(step.gives_back, waited && after.state.is_closed() && !step.finishes, "{told}");
    assert_eq!(after.state == SessionState::Timestamping, step.finishes, "{told}");
}

/// Every sequence of happenings at every time around the deadline, times not going back.
fn explore(session: &Session, from: i64, depth: u32, seen: Seen) -> u64 {
    let signatures = [vec![1; 64], vec![2; 64]];
    // However it went, time ends it, once.
    let ended = reduce(session, Happening::Tick, after(4_000));
    let closed = ended.as_ref().map_or(session.state, |step| step.after.state);
    assert!(closed.is_terminal() || closed == SessionState::Timestamping, "{session:?}");
    let last = ended.map_or(0, |step| u32::from(step.gives_back));
    assert_eq!(seen.given_back + seen.finished + last, 1, "{session:?}");
    assert!(seen.freed <= 1 && seen.kept <= 1, "{session:?}");
    if depth == 0 {
        return 1;
    }
    let mut ways = 0;
    for at in TIMES.into_iter().filter(|at| *at >= from) {
        for happening in all(&signatures) {
            let Some(step) = reduce(session, happening, after(at)) else {
                ways += explore(session, at, depth - 1, seen);
                continue;
            };
            check(session, happening, at, &step);
            let seen = Seen {
                given_back: seen.given_back + u32::from(step.gives_back),
                finished: seen.finished + u32::from(step.finishes),
                freed: seen.freed + u32::from(step.frees),
                kept: seen.kept + u32::from(step.line == Some("session.late_answer")),
            };
            ways += explore(&step.after, at, depth - 1, seen);
        }
    }
    ways
}

/// R44, F4, F9, remote-signing.md §3: all happenings to depth 4 at all times around the deadline, with a phone and with a token. What is
/// over stays as it is, an answer is applied at most once and only in time, copies are given back exactly once, and no step can send.
#[test]
fn r44_every_order_of_four_happenings_around_the_deadline() {
    for method in ["sim", "usb"] {
        let ways = explore(&session(method), 0, 4, Seen::default());
        // 9 happenings to the 4th power, times the ways to choose 4 of 9 times in order with repetition.
        assert_eq!(ways, 9_u64.pow(4) * 495, "{method}");
    }
}

/// remote-signing.md §3, row by row.
#[test]
fn the_table_of_happenings() {
    use SessionState::*;
    let signatures = [vec![1; 64], vec![2; 64]];
    let mut text = String::new();
    for state in [Sending, Waiting, Unknown, Cancelling, Failed, Expired, Cancelled, Superseded, Timestamping, Done] {
        for happening in all(&signatures) {
            for at in [20, 60, 135, 136] {
                let before = Session { state, ..session("sim") };
                let Some(step) = reduce(&before, happening, after(at)) else { continue };
                let marks = [
                    (step.gives_back, " gives back"),
                    (step.finishes, " finishes"),
                    (step.frees, " frees"),
                    (step.line.is_some(), step.line.unwrap_or_default()),
                ];
                let marks: Vec<&str> = marks.iter().filter(|(is, _)| *is).map(|(_, mark)| mark.trim()).collect();
                let name = format!("{happening:?}");
                let name = name
                    .split_inclusive(')')
                    .next()
                    .map_or("", |name| if name.starts_with("Answered") { "Answered" } else { name });
                text.push_str(&format!(
                    "{state:?} · {name} at {at} s: {:?}{}\n",
                    step.after.state,
                    marks.iter().map(|mark| format!(", {mark}")).collect::<String>()
                ));
            }
        }
    }
    assert_eq!(text, include_str!("table.txt"), "read every line of the difference");
}
