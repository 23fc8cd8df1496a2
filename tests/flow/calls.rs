//! What one copy costs in calls, step by step, without a fault (limits.md T12, T18). Frozen as text: a call more is a change that is read.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use domain::model::Topic;
use testkit::*;

const FROZEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/flow/calls.txt");

const HEAD: &str = "\
# Số lời gọi cho một bản sao, từng bước: đọc bảng, giao dịch (số mục), đọc tệp, tạo tệp, ký (khóa của cơ quan và của mã QR), bên ngoài.
# Calls for one copy, step by step: reads of the table, transactions (items), reads of objects, objects created, signatures (the keys of agency
# and QR code), others. UPDATE_EXPECT=1 writes this file anew.
";

/// What a call is charged as.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Charge {
    Read,
    Commit,
    ObjectRead,
    ObjectCreated,
    Signature,
    Outside,
}

fn charge(call: &Call) -> Charge {
    match call.name {
        "commit" => Charge::Commit,
        "part" | "with_source" | "read" => Charge::ObjectRead,
        "create" | "extend" => Charge::ObjectCreated,
        "sign" | "sign_qr" => Charge::Signature,
        "timestamp" | "fetch" | "start" | "poll" | "send" | "account" | "lookup" => Charge::Outside,
        _ => Charge::Read,
    }
}

/// Calls of a step by charge, and the items that its transactions wrote.
#[derive(Debug, Default)]
struct Step {
    calls: BTreeMap<Charge, usize>,
    items: Vec<usize>,
}

impl Step {
    fn of(&self, charge: Charge) -> usize {
        self.calls.get(&charge).copied().unwrap_or(0)
    }
}

fn counted(world: &World, act: impl FnOnce()) -> Step {
    world.script(&[]);
    act();
    let mut step = Step { items: world.committed(), ..Step::default() };
    for call in world.calls() {
        *step.calls.entry(charge(&call)).or_default() += 1;
    }
    step
}

/// A copy from the leader's look at it to its delivery.
fn steps() -> Vec<(&'static str, Step)> {
    let world = office();
    let copy = receive(&world, 1);
    let one = std::slice::from_ref(&copy);
    submit(&world, &copy, base("Ban sao 1"));
    let mut all = vec![("open", counted(&world, || drop(open(&world, &copy).expect("a preview"))))];
    all.push(("ask the leader", counted(&world, || drop(ask_leader(&world, one).expect("a prompt")))));
    let asked = world.look(|table| table.sessions.keys().next().cloned()).expect("a session");
    let clock = || world.now();
    let follow = casework::leader::step(&world, &world, &world, &asked, &clock);
    all.push(("follow", counted(&world, || drop(run(follow).expect("an answer")))));
    all.push(("finish the leader's", worked(&world, Topic::FinishLeader)));
    all.push(("ask for the seal", counted(&world, || drop(request_seal(&world, one).expect("a signed copy")))));
    let rest = [
        ("number", Topic::Seal),
        ("seal", Topic::FinishSeal),
        ("archive", Topic::Archive),
        ("deliver", Topic::Deliver),
    ];
    all.extend(rest.map(|(name, topic)| (name, worked(&world, topic))));
    all
}

fn worked(world: &World, topic: Topic) -> Step {
    let item = due_first(world, topic);
    counted(world, || {
        run(work(world, &item)).expect("work without faults");
    })
}

fn table(steps: &[(&str, Step)]) -> String {
    let mut text = HEAD.to_owned();
    for (name, step) in steps {
        let items: Vec<String> = step.items.iter().map(usize::to_string).collect();
        writeln!(
            text,
            "{name:<20} reads {:>2}  transactions {} ({})  objects read {:>2}  created {}  signatures {}  others {}",
            step.of(Charge::Read),
            step.of(Charge::Commit),
            items.join("+"),
            step.of(Charge::ObjectRead),
            step.of(Charge::ObjectCreated),
            step.of(Charge::Signature),
            step.of(Charge::Outside),
        )
        .expect("text");
    }
    let sum = |charge| steps.iter().map(|(_, step)| step.of(charge)).sum::<usize>();
    let items: usize = steps.iter().flat_map(|(_, step)| &step.items).sum();
    writeln!(
        text,
        "{:<20} reads {:>2}  transactions {} ({items})  objects read {:>2}  created {}  signatures {}  others {}",
        "all",
        sum(Charge::Read),
        sum(Charge::Commit),
        sum(Charge::ObjectRead),
        sum(Charge::ObjectCreated),
        sum(Charge::Signature),
        sum(Charge::Outside),
    )
    .expect("text");
    text
}

/// T12, T18: what is frozen, and no more objects than six.
/// The reads and items are beyond T18, which docs/PERFORMANCE.md says.
#[test]
fn the_calls_of_a_copy() {
    let steps = steps();
    let text = table(&steps);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(FROZEN, &text).expect("written");
    }
    assert_eq!(text, std::fs::read_to_string(FROZEN).unwrap_or_default(), "UPDATE_EXPECT=1 writes it anew");
    let created: usize = steps.iter().map(|(_, step)| step.of(Charge::ObjectCreated)).sum();
    assert!(created <= 6, "{created} objects");
}
