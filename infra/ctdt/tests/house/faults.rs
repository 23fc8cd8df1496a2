//! Services that answer wrongly leave no bad file and no lost case (F5, F9–F11).

use serde_json::json;

use crate::client::Call;
use crate::job::*;
use crate::stack::Stack;

/// A wrong answer of each responder: nothing is sealed with it, the case waits, and goes on when the service heals.
#[tokio::test]
async fn wrong_answers_of_responders_are_waited_out() {
    let stack = Stack::in_memory();
    let client = stack.client().await;
    let faults = async |body| client.send(Call::post("/v1/sandbox/faults", &body)).await.is(200);
    for (fault, healed) in [
        (json!({"tsa": "wrong-nonce"}), json!({"tsa": "none"})),
        (json!({"tsa": "wrong-imprint"}), json!({"tsa": "none"})),
        (json!({"tsa": "wrong-certificate"}), json!({"tsa": "none"})),
        (json!({"tsa": "garbage"}), json!({"tsa": "none"})),
        (json!({"ocsp": "garbage", "crl": "garbage"}), json!({"ocsp": "none", "crl": "none"})),
        (json!({"ocsp": "wrong-cert-id", "crl": "http-500"}), json!({"ocsp": "none", "crl": "none"})),
        (json!({"ocsp": "stranger", "crl": "stranger"}), json!({"ocsp": "none", "crl": "none"})),
    ] {
        let (_, copies) = submitted(&client, "mau@example.com", 1).await;
        let copy = copies[0].clone();
        let session = ask_leader(&client, &copies).await.text("/id");
        let at_once = fault.get("tsa").is_some();
        faults(fault.clone()).await;
        confirm(&client).await;
        if at_once {
            // The leader's signature waits for an honest timestamp.
            for _ in 0..20 {
                let now = client.by("leader", Call::get(format!("/v1/sign-sessions/{session}"))).await.is(200).json();
                assert_ne!(now["state"], "done", "{fault}: {now}");
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
            faults(healed.clone()).await;
        }
        client.send(Call::post("/v1/sandbox/clock", &json!({"advance_s": 60}))).await.is(200);
        let done = ended(&client, "leader", &session).await;
        assert_eq!(done["state"], "done", "{fault}: {done}");
        let session = client.by("seal_keeper", seal(&copies)).await.is(202).text("/id");
        let done = ended(&client, "seal_keeper", &session).await;
        assert_eq!(done["state"], "done", "{fault}: {done}");
        if !at_once {
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            let now = client.by("clerk", Call::get(format!("/v1/copies/{copy}"))).await.is(200).json();
            assert_eq!(now["level"], "B-T", "{fault}: no archive from wrong evidence");
            faults(healed).await;
            client.send(Call::post("/v1/sandbox/clock", &json!({"advance_s": 60}))).await.is(200);
        }
        archived(&client, &copy).await;
        let report = report(&client, file(&client, &copy).await).await;
        assert_eq!(report["verdict"], "valid", "{fault}: {report}");
    }
}

/// A gateway that answers wrongly: the copy is given back unsigned, and can be signed afterwards.
#[tokio::test]
async fn wrong_answers_of_the_gateway_leave_the_copy_unsigned() {
    let stack = Stack::in_memory();
    let client = stack.client().await;
    let phone = client.persona("leader").phone.clone();
    let scenario = async |name: &str| {
        let call = Call::post(format!("/v1/sandbox/phones/{phone}/scenario"), &json!({"name": name}));
        client.send(call).await.is(200);
    };
    let (_, copies) = submitted(&client, "mau@example.com", 1).await;
    for name in ["wrong-signature", "other-hash", "garbage", "missing-one"] {
        scenario(name).await;
        let session = ask_leader(&client, &copies).await.text("/id");
        let leader = client.persona("leader").clone();
        let confirm = Call::post(format!("/v1/sandbox/phones/{phone}/confirm"), &json!({"pin": leader.pin}));
        client.send(confirm).await;
        client.send(Call::post("/v1/sandbox/clock", &json!({"advance_s": 200}))).await.is(200);
        let done = ended(&client, "leader", &session).await;
        assert_ne!(done["state"], "done", "{name}: {done}");
        let now = client.by("clerk", Call::get(format!("/v1/copies/{}", copies[0]))).await.is(200).json();
        assert_eq!(now["status"], "submitted", "{name}: {now}");
    }
    scenario("ok").await;
    signed(&client, &copies).await;
}
