//! limits.md §3.4, T7: what a signature moves does not depend on how large the scan is. Whoever verifies reads to the end, and once only.

use domain::model::Topic;
use testkit::*;

/// The most octets that one step may move (issue 4: "a 100 MB scan moves under 300 KB per signature").
const MOST: u64 = 300_000;

/// One step: octets that went through the bucket's port, and octets that those who verify looked at.
#[derive(Debug)]
struct Step {
    name: &'static str,
    moved: u64,
    looked: u64,
}

/// A copy from the leader's look at it to its archive.
fn steps(octets: usize) -> Vec<Step> {
    let world = office();
    let copy = receive(&world, 1);
    submit(&world, &copy, pictured_base(octets));
    let mut steps = Vec::new();
    let mut step = |name, act: &dyn Fn()| {
        world.script(&[]);
        act();
        let moved = world.moved();
        let looked = moved.get("with_source").copied().unwrap_or(0);
        steps.push(Step { name, moved: moved.values().sum::<u64>() - looked, looked });
    };
    step("open", &|| drop(open(&world, &copy).expect("a preview")));
    step("ask", &|| drop(ask_leader(&world, std::slice::from_ref(&copy)).expect("a session")));
    step("leader", &|| sign_until(&world, &copy));
    step("number", &|| {
        request_seal(&world, std::slice::from_ref(&copy)).expect("a signed copy");
        run(work(&world, &the_work(&world, Topic::Seal))).expect("a number");
    });
    step("seal", &|| {
        run(work(&world, &the_work(&world, Topic::FinishSeal))).expect("a seal");
    });
    step("archive", &|| {
        run(work(&world, &due_first(&world, Topic::Archive))).expect("an archive");
    });
    assert!(crate::archived(&world, &copy).is_some());
    steps
}

/// R43, R46, R56.
#[test]
fn a_signature_moves_the_same_whatever_the_scan() {
    let (small, large) = (steps(100_000), steps(4_000_000));
    for (small, large) in small.iter().zip(&large) {
        let name = small.name;
        assert!(large.moved < MOST, "{name} moves {} octets", large.moved);
        // Offsets have more digits, and DER of ECDSA is of several lengths.
        assert!(small.moved.abs_diff(large.moved) < 2_000, "{name}: {} or {} octets", small.moved, large.moved);
        let verifies = ["leader", "seal", "archive"].contains(&name);
        let whole = 4_000_000..4_000_000 + MOST;
        assert!(if verifies { whole.contains(&large.looked) } else { large.looked == 0 }, "{large:?}");
    }
}
