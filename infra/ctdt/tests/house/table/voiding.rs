//! A number that is spent and never sealed (decision 21).

use serde_json::{Value, json};

use crate::client::{Call, Client};
use crate::job::*;
use crate::stack::Stack;

/// Copies that are sealed one after the other; the last one is voided.
const COPIES: u8 = 4;
/// Dossiers until the moment must have been met.
const TRIES: usize = 20;

/// Between number and seal a number can be voided: it stays in the register, belongs to nobody again, and the next copy
/// has the next one. The moment is short, so the seal-keeper asks for a version that is only true then.
#[tokio::test]
async fn a_number_that_was_never_sealed_is_void() {
    let stack = Stack::in_memory();
    let client = stack.client().await;
    for _ in 0..TRIES {
        let (_, copies) = submitted(&client, "mau@example.com", COPIES).await;
        signed(&client, &copies).await;
        let last = copies.last().expect("a copy");
        let session = client.by("seal_keeper", seal(&copies)).await.is(202).text("/id");
        let Some(answer) = voided(&client, last).await else {
            assert_eq!(ended(&client, "seal_keeper", &session).await["state"], "done");
            continue;
        };
        assert_eq!(answer["status"], "void");
        let over = ended(&client, "seal_keeper", &session).await;
        assert_eq!(over["items"][usize::from(COPIES) - 1]["problem"], "session-closed", "{over}");
        return stays_void(&client, last).await;
    }
    panic!("the moment between number and seal was never met");
}

/// Asks until the copy is void, or sealed before that.
async fn voided(client: &Client, copy: &str) -> Option<Value> {
    let asked = client.by("clerk", Call::get(format!("/v1/copies/{copy}"))).await.is(200);
    let number: u64 = asked.etag().trim_matches('"').parse().expect("a version");
    // Seen before it had a number: the version with one is the next.
    let numbered = if asked.json()["status"] == "seal_requested" { number + 1 } else { return None };
    loop {
        let body = json!({"reason": "Không đóng dấu được"});
        let void = Call::post(format!("/v1/copies/{copy}/void"), &body).on(&format!("\"{numbered}\""));
        let answer = client.by("seal_keeper", void).await;
        if answer.status == 200 {
            assert_eq!(answer.etag(), format!("\"{}\"", numbered + 1));
            return Some(answer.json());
        }
        let problem = answer.json();
        let now = problem["current_etag"].as_str().unwrap_or_default().trim_matches('"').parse::<u64>();
        if problem["code"] != "stale" || now.is_ok_and(|now| now > numbered) {
            return None;
        }
    }
}

/// It has no file, keeps its number, cannot be voided or sealed again, and its number is given to nobody else.
async fn stays_void(client: &Client, copy: &str) {
    let shown = client.by("clerk", Call::get(format!("/v1/copies/{copy}"))).await.is(200);
    let (etag, shown) = (shown.etag(), shown.json());
    assert_eq!(shown["status"], "void", "{shown}");
    let number = shown["number"].as_u64().expect("it keeps its number");
    client.by("clerk", Call::get(format!("/v1/copies/{copy}/file"))).await.problem(409, "copy-not-ready");
    let again = Call::post(format!("/v1/copies/{copy}/void"), &json!({"reason": "lần nữa"})).on(&etag);
    client.by("seal_keeper", again).await.problem(409, "wrong-state");
    client.by("seal_keeper", seal(&[copy.to_owned()])).await.problem(409, "wrong-state");
    assert_eq!(by_number(client, number).await["status"], "unknown", "nobody was given such a copy");

    let (_, copies) = submitted(client, "mau@example.com", 1).await;
    signed(client, &copies).await;
    let session = client.by("seal_keeper", seal(&copies)).await.is(202).text("/id");
    assert_eq!(ended(client, "seal_keeper", &session).await["state"], "done");
    assert_eq!(archived(client, &copies[0]).await["number"], number + 1);
}
