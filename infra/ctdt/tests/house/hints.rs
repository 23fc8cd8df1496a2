//! What a gateway says by itself (remote-signing.md §4, F5): believed by nobody, and followed by our own question.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::client::{Call, Client};
use crate::job::*;
use crate::overheard::{Overheard, keys};
use crate::stack::Stack;

/// The call with a body that the sandbox's gateway has signed at the house's time.
pub(crate) async fn signed(call: Call, client: &Client, id: &str, body: &[u8]) -> Call {
    let now = client.send(Call::get("/v1/sandbox/clock")).await.is(200).text("/now");
    let now = now.parse::<jiff::Timestamp>().expect("a time").as_second();
    signed_at(call, (id, now), body)
}

fn signed_at(call: Call, (id, now): (&str, i64), body: &[u8]) -> Call {
    let secret = local::CALLBACK_SECRET.strip_prefix("whsec_").expect("a secret");
    let key = hmac::Key::new(hmac::HMAC_SHA256, &STANDARD.decode(secret).expect("base64"));
    let mac = hmac::sign(&key, &[format!("{id}.{now}.").as_bytes(), body].concat());
    let signature = format!("v1,{}", STANDARD.encode(mac));
    let call = call.header("content-type", "application/json").header("webhook-id", id);
    call.header("webhook-timestamp", &now.to_string()).header("webhook-signature", &signature).bytes(body.to_vec())
}

fn callback() -> Call {
    Call::new(reqwest::Method::POST, "/v1/gateway-callbacks/simpki")
}

async fn status(client: &Client, copy: &str) -> String {
    client.by("clerk", Call::get(format!("/v1/copies/{copy}"))).await.is(200).text("/status")
}

/// Nobody asks for the session: only a hint does.
async fn signed_by_a_hint(client: &Client, copy: &str) {
    let until = Instant::now() + PATIENCE;
    while status(client, copy).await != "signed" {
        assert!(Instant::now() < until, "the hint was not followed: {}", status(client, copy).await);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// R44, R45, F5: the person has pressed, nobody polls, nothing sweeps, and the gateway's hint makes the house ask. A hint about a session that still waits,
/// about nothing, forged or stale, changes nothing; nor does one after the end.
#[tokio::test]
async fn a_hint_is_followed_by_our_own_question() {
    let stack = Stack::still();
    let client = &stack.client().await;
    let (_, copies) = submitted(client, "mau@example.com", 1).await;
    let session = ask_leader(client, &copies).await.text("/id");
    let body = json!({"type": "signing.finished", "clientData": session}).to_string().into_bytes();
    scenario(client, "duplicate-callback").await;

    client.send(signed(callback(), client, "msg_early", &body).await).await.is(202);
    for (id, body) in [
        ("msg_nothing", &b"{}"[..]),
        ("msg_text", b"xin chao"),
        ("msg_other", br#"{"clientData":"sgn_00000000000000000000000000"}"#),
    ] {
        client.send(signed(callback(), client, id, body).await).await.is(202);
    }
    let forged = signed(callback(), client, "msg_forged", &body).await.bytes(b"{}".to_vec());
    client.send(forged).await.problem(401, "callback-signature");
    let stale = signed_at(callback(), ("msg_stale", 1_700_000_000), &body);
    client.send(stale).await.problem(401, "callback-signature");
    assert_eq!(status(client, &copies[0]).await, "awaiting_signature");

    confirm(client).await;
    signed_by_a_hint(client, &copies[0]).await;
    // And after the end it changes nothing.
    for _ in 0..2 {
        client.send(signed(callback(), client, "msg_late", &body).await).await.is(202);
    }
    assert_eq!(ended(client, "leader", &session).await["state"], "done");
}

/// Whom the house has asked about a prompt, so far.
const ASKED: [&str; 2] = ["gateway POST ", "/credentials/authorizeCheck "];

/// An order that is done, and nothing else in the same request.
const DONE: [&str; 2] = [r#"dynamodb TransactWriteItems / {\"TransactItems\":[{\"Delete\":{\"Key\":{\"#, "OUTBOX#"];

/// remote-signing.md §4, replay: each saying makes the house ask once. Said again after that, it is taken, and nobody is asked for it.
#[tokio::test]
async fn a_hint_that_is_said_again_is_not_followed_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("requests.log");
    let stack = Stack::still_and_overheard(std::fs::File::create(&log).expect("a file"));
    let client = &stack.client().await;
    let (_, copies) = submitted(client, "mau@example.com", 1).await;
    // So that the gateway itself says nothing that is believed.
    scenario(client, "forged-callback").await;
    let heard = Overheard::from_now(&log);
    let session = ask_leader(client, &copies).await.text("/id");
    let body = json!({"type": "signing.finished", "clientData": session}).to_string().into_bytes();
    let say = async |id: &str| client.send(signed(callback(), client, id, &body).await).await.is(202);

    say("msg_1").await;
    assert_eq!(heard.until(1, &ASKED).await.len(), 1);
    // While its order is there, a second one would find its place taken; what is remembered is for afterwards.
    heard.until(1, &DONE).await;
    for _ in 0..3 {
        say("msg_1").await;
    }
    // The first is written; each other one finds it there, and is tried once more to be certain.
    let tries = heard.until(1 + 3 * 2, &["passed on label=", "TransactWriteItems", "CB#", &session]).await;
    assert!(tries.len() == 7 && tries.windows(2).all(|two| keys(&two[0]) == keys(&two[1])), "{tries:#?}");
    assert_eq!(keys(&tries[0]).len(), 2, "what was said, and the order: {}", tries[0]);
    say("msg_2").await;
    heard.until(2, &ASKED).await;
    confirm(client).await;
    // Orders are carried out in their turn: when this one is, so are all before it.
    say("msg_3").await;
    signed_by_a_hint(client, &copies[0]).await;
    let done = heard.until(3, &DONE).await;
    let orders: BTreeSet<String> = done.iter().flat_map(|line| keys(line)).collect();
    assert_eq!(orders.len(), done.len(), "each order once: {done:#?}");
    assert_eq!(heard.lines(&ASKED).len(), 3, "one question for each of three sayings");
}
