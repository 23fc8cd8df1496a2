//! Counting callers without a token (api.md §5.9), on instants that the test names: no clock is read. They lie far ahead, because the
//! endpoint takes away by the machine's clock what is over.

use domain::ports::Fault;
use domain::quota::{Allowance, Spent, Windows};
use jiff::Timestamp;
use store::Table;

use crate::cloud::{all_at, cloud};
use crate::script::{Script, line};

const ALLOWED: Allowance = Allowance { minute: 60, day: 1000 };

async fn table() -> Table {
    let cloud = cloud().await;
    Table::new(&cloud.sdk, cloud.state.output("TableName").expect("a table"))
}

fn at(text: &str) -> Windows {
    Windows::at(text.parse().expect("literal"))
}

#[tokio::test]
async fn the_sixty_first_of_a_minute_is_refused_and_the_next_minute_is_new() {
    let (table, minute) = (table().await, at("2046-11-23T07:05:00Z"));
    for call in 1..=60 {
        let spent = table.spend(&[1; 32], &minute, ALLOWED).await.expect("counted");
        assert_eq!(spent, Spent { granted: true, minute: call, day: call });
    }
    let full = Spent { granted: false, minute: 60, day: 60 };
    for _ in 0..3 {
        let late = at("2046-11-23T07:05:59.999Z");
        assert_eq!(table.spend(&[1; 32], &late, ALLOWED).await, Ok(full), "what is refused uses nothing up");
    }
    let other = table.spend(&[2; 32], &minute, ALLOWED).await.expect("counted");
    assert_eq!(other, Spent { granted: true, minute: 1, day: 1 }, "somebody else");
    let next = table.spend(&[1; 32], &at("2046-11-23T07:06:00Z"), ALLOWED).await.expect("counted");
    assert_eq!(next, Spent { granted: true, minute: 1, day: 61 });
}

#[tokio::test]
async fn the_day_has_a_quota_of_its_own() {
    let (table, allowed) = (table().await, Allowance { minute: 60, day: 3 });
    for (minute, day) in [("07:05", 1), ("07:06", 2), ("09:00", 3)] {
        let spent = table.spend(&[3; 32], &at(&format!("2046-11-23T{minute}:00Z")), allowed).await.expect("counted");
        assert_eq!(spent, Spent { granted: true, minute: 1, day });
    }
    let full = table.spend(&[3; 32], &at("2046-11-23T16:59:59Z"), allowed).await.expect("counted");
    assert_eq!(full, Spent { granted: false, minute: 0, day: 3 });
}

/// However many functions count at once, the sixtieth is the last.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_at_once_get_sixty() {
    let (table, minute) = (table().await, at("2046-11-23T08:00:00Z"));
    let asked = (0..100).map(|_| {
        let table = table.clone();
        tokio::spawn(async move { table.spend(&[4; 32], &minute, ALLOWED).await })
    });
    let mut granted = Vec::new();
    for one in asked.collect::<Vec<_>>() {
        let spent = one.await.expect("no panic").expect("counted");
        granted.extend(spent.granted.then_some(spent.minute));
    }
    granted.sort_unstable();
    assert_eq!(granted, (1..=60).collect::<Vec<_>>());
}

/// One write for a call, with a time to live; what the table does not count is a fault, and nobody's grant.
#[tokio::test]
async fn a_count_is_one_write_or_a_fault() {
    const KIND: &str = "application/x-amz-json-1.0";
    let minute = at("2046-11-23T07:05:00Z");
    let script = Script::new(vec![line(200, KIND, r#"{"Attributes":{"day":{"N":"7"},"m0845":{"N":"2"}}}"#)]);
    let spent = Table::new(&all_at(&script.url()), "t").spend(&[5; 32], &minute, ALLOWED).await;
    assert_eq!(spent, Ok(Spent { granted: true, minute: 2, day: 7 }));
    let asked = script.asked();
    assert_eq!(asked.len(), 1);
    let body: serde_json::Value = serde_json::from_slice(&asked[0].1).expect("JSON");
    let until: Timestamp = "2046-11-23T18:00:00Z".parse().expect("literal");
    assert_eq!(body["ExpressionAttributeValues"][":ttl"]["N"], until.as_second().to_string());
    assert_eq!(body["Key"]["pk"]["S"], format!("QUOTA#{}", "05".repeat(32)));
    for refusal in ["AccessDeniedException", "ValidationException", "ResourceNotFoundException"] {
        let script = Script::new(vec![line(400, KIND, format!(r#"{{"__type":"x#{refusal}"}}"#))]);
        let spent = Table::new(&all_at(&script.url()), "t").spend(&[5; 32], &minute, ALLOWED).await;
        assert!(matches!(spent, Err(Fault(_))), "{refusal}: {spent:?}");
    }
}
