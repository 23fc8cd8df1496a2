//! Many at once for one unit.

use std::collections::BTreeSet;

use crate::client::Client;
use crate::job::*;
use crate::stack::Stack;

/// Copies that are sealed at the same time.
const COPIES: usize = 200;
/// Between two polls, as `poll_after` says.
const ADVISED: std::time::Duration = std::time::Duration::from_secs(1);
/// Copies under one prompt.
const BATCH: u8 = 20;

/// I1, I2, T13: 200 seal requests at once give 200 consecutive numbers and 200 valid files.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_seals_at_once() {
    let stack = Stack::in_memory();
    let client = stack.client().await;
    let mut copies = Vec::new();
    while copies.len() < COPIES {
        let (_, batch) = submitted(&client, "mau@example.com", BATCH).await;
        signed(&client, &batch).await;
        copies.extend(batch);
    }
    let all: Vec<_> = copies.iter().map(|copy| tokio::spawn(sealed(client.clone(), copy.clone()))).collect();
    let mut numbers = BTreeSet::new();
    for one in all {
        assert!(numbers.insert(one.await.expect("a sealed copy")), "a number twice");
    }
    assert_eq!(numbers, (1..=COPIES as u64).collect());
}

async fn sealed(client: Client, copy: String) -> u64 {
    let asked = client.by("seal_keeper", seal(std::slice::from_ref(&copy))).await.is(202).text("/id");
    assert_eq!(ended_asking_every(&client, "seal_keeper", &asked, ADVISED).await["state"], "done");
    let number = archived_asking_every(&client, &copy, ADVISED).await["number"].as_u64().expect("a number");
    let report = report(&client, file(&client, &copy).await).await;
    assert_eq!(report["verdict"], "valid", "{report}");
    assert_eq!(report["number"]["number"].as_u64(), Some(number));
    number
}
