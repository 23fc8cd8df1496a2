//! A leader with a USB Token (api.md row 44, remote-signing.md §1g): the page asks the token, and brings what it signed.

use serde_json::{Value, json};

use crate::client::{Answer, Call, Client};
use crate::job::{self, archived, ended, file, report, scan, seal};
use crate::stack::Stack;

/// A dossier that waits for the leader with the token.
pub(crate) async fn submitted(client: &Client, copies: u8) -> (String, Vec<String>) {
    let leader = json!({"leader_id": client.persona("leader_usb").user});
    job::submitted_to(client, "the@example.com", (0..copies).map(scan).collect(), &leader).await
}

/// The leader looks at all copies and opens a session at the desk.
pub(crate) async fn opened(client: &Client, copies: &[String]) -> Answer {
    for copy in copies {
        client.by("leader_usb", Call::get(format!("/v1/copies/{copy}/preview.pdf"))).await.is(200);
    }
    let body = json!({"purpose": "leader_sign", "copy_ids": copies, "method": "usb"});
    client.by("leader_usb", Call::post("/v1/sign-sessions", &body)).await.is(202)
}

/// What somebody's token says to a digest.
async fn token(client: &Client, owner: &str, digest: &Value, pin: &str) -> Answer {
    let path = format!("/v1/sandbox/usb-tokens/{}/sign", client.persona(owner).user);
    client.send(Call::post(path, &json!({"pin": pin, "digest": digest}))).await
}

/// The body that the page brings: each digest of a session, signed by the token.
pub(crate) async fn answers(client: &Client, session: &Value) -> Value {
    answers_of(client, "leader_usb", session).await
}

/// The same, signed by the token of whoever it is, with their own X.509 certificate: nothing in it is made up.
pub(crate) async fn answers_of(client: &Client, owner: &str, session: &Value) -> Value {
    let mut items = Vec::new();
    for item in session["items"].as_array().expect("items") {
        let digest = &item["to_be_signed"]["digest"];
        let said = token(client, owner, digest, &client.persona(owner).pin).await.is(200).json();
        items.push(json!({
            "copy_id": item["copy_id"], "signature": said["signature"], "certificate": said["certificate"],
        }));
    }
    json!({"items": items})
}

pub(crate) async fn bring(client: &Client, session: &str, body: &Value) -> Answer {
    client.by("leader_usb", Call::post(format!("/v1/sign-sessions/{session}/answers"), body)).await
}

/// R40, R42: two copies are signed at the desk, without any phone, and become copies that anybody verifies. What the token has to sign is the
/// same for both of its ways to be asked, and is shown only while it is waited for.
#[tokio::test]
async fn a_token_signs_at_the_desk() {
    let stack = Stack::in_memory();
    let client = &stack.client().await;
    let (_, copies) = submitted(client, 2).await;
    let session = opened(client, &copies).await.json();
    assert_eq!((&session["state"], &session["method"]), (&json!("waiting"), &json!("usb")));
    for item in session["items"].as_array().expect("items") {
        let wanted = &item["to_be_signed"];
        let message = wanted["message"].as_str().map(unbase64).expect("a message");
        let digest = <sha2::Sha256 as sha2::Digest>::digest(message);
        assert_eq!(wanted["digest"], json!(job::base64(&digest)));
    }
    let prompts =
        client.send(Call::get(format!("/v1/sandbox/phones/{}", client.persona("leader").phone))).await.is(200);
    assert_eq!(prompts.json()["data"], json!([]), "no phone is asked");

    let id = session["id"].as_str().expect("an identifier");
    let answers = answers(client, &session).await;
    let taken = bring(client, id, &answers).await.is(202).json();
    assert!(taken["items"][0].get("to_be_signed").is_none(), "{taken}");
    assert_eq!(ended(client, "leader_usb", id).await["state"], "done");
    let sealing = client.by("seal_keeper", seal(&copies)).await.is(202).text("/id");
    assert_eq!(ended(client, "seal_keeper", &sealing).await["state"], "done");
    for copy in &copies {
        archived(client, copy).await;
        let report = report(client, file(client, copy).await).await;
        assert_eq!((&report["verdict"], &report["kind"]), (&json!("valid"), &json!("certified_copy")), "{report}");
        assert!(report["signatures"][0]["signer"]["subject"].to_string().contains("Mai Thị Thẻ"), "{report}");
    }
    bring(client, id, &answers).await.problem(409, "session-closed");
}

/// R42: nothing is signed by answers that are not one for each copy, not by this token, not over these bytes, or not from whoever
/// opened the session; and each time the session goes on waiting. A colleague sees that it waits, and not what for.
#[tokio::test]
async fn a_wrong_answer_at_the_desk_signs_nothing() {
    let stack = Stack::in_memory();
    let client = &stack.client().await;
    let (_, copies) = submitted(client, 2).await;
    let session = opened(client, &copies).await.json();
    let id = session["id"].as_str().expect("an identifier");
    let good = answers(client, &session).await;
    let changed = |change: &dyn Fn(&mut Vec<Value>)| {
        let mut body = good.clone();
        change(body["items"].as_array_mut().expect("items"));
        body
    };
    let swapped = changed(&|items| {
        let first = items[0]["signature"].take();
        items[0]["signature"] = items[1]["signature"].take();
        items[1]["signature"] = first;
    });
    let others = json!(submitted(client, 1).await.1[0]);
    let long = json!(job::base64(&[1; 513]));
    for (body, pointer, code) in [
        (changed(&|items| items.truncate(1)), "/items", "one-for-each-copy"),
        (changed(&|items| items.extend_from_within(..1)), "/items", "one-for-each-copy"),
        (changed(&|items| items[1]["copy_id"] = others.clone()), "/items", "one-for-each-copy"),
        (changed(&|items| items[1]["copy_id"] = items[0]["copy_id"].clone()), "/items", "one-for-each-copy"),
        (changed(&|items| items[1]["copy_id"] = json!("case_x")), "/items/1/copy_id", "wrong_id_type"),
        (changed(&|items| items.clear()), "/items", "1_to_20"),
        (changed(&|items| items[0]["signature"] = json!("không phải")), "/items/0/signature", "base64"),
        (changed(&|items| items[0]["signature"] = json!("")), "/items/0/signature", "empty"),
        (changed(&|items| items[1]["signature"] = long.clone()), "/items/1/signature", "too_long"),
        (changed(&|items| items[1]["certificate"] = json!("")), "/items/1/certificate", "empty"),
    ] {
        let said = bring(client, id, &body).await.problem(422, "validation-failed");
        assert_eq!(said["errors"], json!([{"pointer": pointer, "code": code}]), "{said}");
    }
    let genuine = answers_of(client, "leader_usb_b", &session).await;
    let by_another = changed(&|items| items[1]["signature"] = genuine["items"][1]["signature"].clone());
    let one_by_another = changed(&|items| items[1] = genuine["items"][1].clone());
    for (body, code) in [
        (changed(&|items| items[0]["pin"] = json!("314159")), "unknown-field"),
        (genuine, "wrong-certificate"),
        (one_by_another, "wrong-certificate"),
        (by_another, "signature-does-not-verify"),
        (swapped, "signature-does-not-verify"),
    ] {
        bring(client, id, &body).await.problem(422, code);
    }
    let path = format!("/v1/sign-sessions/{id}/answers");
    for other in ["leader", "clerk_b"] {
        client.by(other, Call::post(&path, &good)).await.problem(404, "not-found");
    }
    for (viewer, shown) in [("leader_usb", true), ("leader", false)] {
        let now = client.by(viewer, Call::get(format!("/v1/sign-sessions/{id}"))).await.is(200).json();
        assert_eq!(now["state"], "waiting", "{viewer}");
        let items = now["items"].as_array().expect("items");
        assert!(items.iter().all(|item| item.get("to_be_signed").is_some() == shown), "{viewer}: {now}");
    }

    let digest = &session["items"][0]["to_be_signed"]["digest"];
    for left in ["2", "1", "0"] {
        let said = token(client, "leader_usb", digest, "000000").await.problem(422, "validation-failed");
        assert_eq!(said["tries_left"].to_string(), left);
    }
    let blocked = token(client, "leader_usb", digest, "314159").await;
    assert_eq!(blocked.problem(409, "wrong-state")["state"], "pin-blocked");

    bring(client, id, &good).await.is(202);
    assert_eq!(ended(client, "leader_usb", id).await["state"], "done");
}

fn unbase64(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).expect("base64")
}
