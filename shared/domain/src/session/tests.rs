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
        shape: crate::model::Shape::Raw,
        user: UserId::new([7; 16]),
        unit: UnitId::new([3; 16]),
        items: vec![item(1), item(2)],
        // A token is asked by the page, and nothing is sent.
        state: if method == "usb" { SessionState::Waiting } else { SessionState::Sending },
        verification_code: "4298".into(),
        display_text: "MA 4298".into(),
        handle: None,
        created_at: begun(),
        expires_at: after(120),
        late: None,
        version: 1,
    }
}

/// Seconds around everything that the clock decides: sending is given up, the end, the grace.
const TIMES: [i64; 9] = [0, 30, 31, 119, 120, 121, 135, 136, 4_000];

fn all(signatures: &[Vec<u8>]) -> [Happening<'_>; 9] {
    [
        Happening::Accepted("csc:1"),
        Happening::Lost,
        Happening::Refused("user-rejected"),
        Happening::Refused("user-timeout"),
        Happening::Answered(signatures),
        Happening::Consented,
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
    let consented = answered || matches!(happening, Happening::Consented);
    assert_eq!(step.line == Some("session.late_answer"), consented && !step.finishes, "{told}");
    assert!(before.late.is_none() || after.late == before.late, "{told}");
    assert!(after.late.is_none() || after.state.is_closed(), "{told}");
    assert!(!step.frees || before.method == "sim", "a token holds no phone: {told}");
    assert!(!step.unwanted || (after.state.is_terminal() && before.handle.is_some()), "{told}");
    let silent = matches!(happening, Happening::Tick) && after.state.is_terminal();
    assert_eq!(step.asks_later, silent && before.method == "sim" && before.handle.is_some(), "{told}");
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

/// How the gateway calls a session in a state: what has ended was accepted before.
fn known(state: SessionState) -> Option<String> {
    use SessionState::*;
    (!matches!(state, Sending | Unknown | Cancelling)).then(|| "csc:1".to_owned())
}

/// One prompt on a phone, whoever's clock says so: a machine that is ahead may take the phone only when one that is behind takes no answer any more.
#[test]
fn the_lease_outlasts_the_grace_by_what_clocks_may_differ() {
    let asked = session("sim");
    let until = prompt(&asked).expect("a phone").until;
    let times = (0..200).map(after);
    let takes_an_answer = times.clone().filter(|behind| !is_over(&asked, *behind)).max().expect("a time");
    let gives_the_phone = times.filter(|ahead| until.as_second() < ahead.as_second()).min().expect("a time");
    assert!(gives_the_phone.duration_since(takes_an_answer) > SKEW);
    assert_eq!(prompt(&session("usb")), None);
}

/// Signatures are fetched for what is open and in time, and for nothing else.
#[test]
fn nothing_is_fetched_that_must_not_be() {
    use SessionState::*;
    for state in [Sending, Waiting, Unknown, Cancelling, Failed, Expired, Cancelled, Superseded, Timestamping, Done] {
        let at = |seconds| fetches(&Session { state, ..session("sim") }, after(seconds));
        let open = matches!(state, Sending | Waiting | Unknown);
        assert_eq!([at(0), at(135), at(136), at(4_000)], [open, open, false, false], "{state:?}");
    }
}

/// R44: asked for a day, at growing distances, until the gateway has said what became of it; never about what nobody knows or shows.
#[test]
fn what_is_over_is_asked_about_for_a_day() {
    let over = Session { state: SessionState::Expired, handle: Some("csc:1".into()), ..session("sim") };
    let mut times = vec![136];
    while let Some(next) = asks_next(&over, after(times.last().copied().expect("one"))) {
        times.push(next.duration_since(begun()).as_secs());
    }
    let end = 120 + EVIDENCE.as_secs();
    assert_eq!((times.last(), times.len()), (Some(&end), 17));
    let distances: Vec<i64> = times.windows(2).map(|two| two[1] - two[0]).collect();
    assert!(distances[..times.len() - 2].is_sorted() && distances.iter().all(|one| *one <= 10_800), "{distances:?}");
    let asked = |session: Session| asks_next(&session, after(200)).is_some();
    assert!(asked(over.clone()));
    assert!(!asked(Session { late: Some(LateAnswer::Refused("expired".into())), ..over.clone() }));
    assert!(!asked(Session { handle: None, ..over.clone() }));
    assert!(!asked(Session { method: "usb".into(), ..over.clone() }));
    assert!(!asked(Session { state: SessionState::Done, ..over.clone() }));
    let mut signed = over;
    signed.items[0].signature = Some(vec![1]);
    assert!(!asked(signed), "kept before answers had a name");
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
                let before = Session { state, handle: known(state), ..session("sim") };
                let Some(step) = reduce(&before, happening, after(at)) else { continue };
                let marks = [
                    (step.gives_back, " gives back"),
                    (step.finishes, " finishes"),
                    (step.frees, " frees"),
                    (step.after.late.is_some(), " keeps"),
                    (step.asks_later, " asks later"),
                    (step.unwanted, " unwanted"),
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
