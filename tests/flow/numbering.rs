use testkit::*;
use domain::model::*;

fn sealer<'w>(world: &'w World, item: Outbox) -> Run<'w> {
    Box::pin(async move { let _ = work(world, &item).await; })
}

fn end(world: &World) {
    for _ in 0..100 {
        let items: Vec<_> = waiting(world).into_iter().filter(|i| i.topic == Topic::Seal).collect();
        if items.is_empty() { break }
        for item in items { let _ = run(work(world, &item)); }
        world.wait(jiff::SignedDuration::from_secs(2));
    }
    examine(world);
}

#[test]
fn same_copy() {
    let world = office();
    let copy = signed(&world, 1);
    request_seal(&world, &[copy.clone()]).expect("asked");
    let item = the_work(&world, Topic::Seal);
    for faults in 0..2 {
    let t = std::time::Instant::now();
    let seen = explore(&world, 2, faults, |w, _| sealer(w, item.clone()), |w, _| { end(w); assert_eq!(w.look(|t| t.entries.len()), 1); });
    println!("same copy, {faults} faults: {seen:?} {:?}", t.elapsed());
    }
}
#[test]
fn two_copies() {
    let world = office();
    let a = signed(&world, 1);
    let b = signed(&world, 2);
    request_seal(&world, &[a.clone()]).expect("asked");
    request_seal(&world, &[b.clone()]).expect("asked");
    let items = waiting(&world);
    assert_eq!(items.len(), 2);
    for faults in 0..2 {
    let t = std::time::Instant::now();
    let seen = explore(&world, 2, faults, |w, n| sealer(w, items[n].clone()), |w, _| { end(w); assert_eq!(w.look(|t| t.entries.len()), 2); });
    println!("two copies, {faults} faults: {seen:?} {:?}", t.elapsed());
    }
}
