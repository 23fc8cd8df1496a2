//! A gateway that makes the CMS structure itself (decision 27): scenarios 019 and 020 of remote-signing.md §5 through the public API, over MSS in both
//! bindings, to the state and the words in which a leader's session ends.

use serde_json::{Value, json};

use crate::client::{Call, Client};
use crate::job::*;
use crate::stack::Stack;

/// Behind both pauses of MSS (FiCom: 20 s after the start, then 5).
const LATER_S: i64 = 26;

/// The session of a leader who has confirmed, when it has ended, and what became of the copy.
async fn signed(client: &Client, name: &str) -> (Value, String) {
    let (_, copies) = submitted(client, "nguoi.yeu.cau@example.com", 1).await;
    scenario(client, name).await;
    let session = ask_leader(client, &copies).await.text("/id");
    confirm(client).await;
    client.send(Call::post("/v1/sandbox/clock", &json!({"advance_s": LATER_S}))).await.is(200);
    let over = ended(client, "leader", &session).await;
    scenario(client, "ok").await;
    let copy = client.by("clerk", Call::get(format!("/v1/copies/{}", copies[0]))).await.is(200);
    (over, copy.text("/status"))
}

async fn every_scenario(protocol: &str) {
    let stack = Stack::with_gateway(protocol);
    let client = &stack.client().await;
    for (name, problem) in [
        ("ok", None),
        ("cms-with-nonce", None),
        ("cms-without-ess", Some("signature-does-not-verify")),
        ("other-hash", Some("signature-does-not-verify")),
        ("rotated-certificate", Some("signature-does-not-verify")),
    ] {
        let (session, status) = signed(client, name).await;
        let (state, copy) = if problem.is_none() { ("done", "signed") } else { ("failed", "submitted") };
        assert_eq!((session["state"].as_str(), status.as_str()), (Some(state), copy), "{protocol} {name}: {session}");
        assert_eq!(session["items"][0]["problem"], json!(problem), "{protocol} {name}: {session}");
        let told = session["items"][0]["text"]["vi"].as_str();
        assert_eq!(told.is_some(), problem.is_some(), "{protocol} {name}: {session}");
    }
}

/// R43, R44, R46.
#[tokio::test]
async fn a_structure_of_the_gateways_signs_or_is_told() {
    every_scenario("mss-json-cms").await;
}

/// The same in XML.
#[tokio::test]
async fn a_structure_in_soap_signs_or_is_told() {
    every_scenario("mss-soap-cms").await;
}
