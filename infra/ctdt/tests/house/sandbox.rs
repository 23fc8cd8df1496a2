//! The sandbox's own calls refuse as the API does, and its clock goes both ways (contract.md §3).

use reqwest::Method;
use serde_json::json;

use crate::client::{Call, Client};
use crate::job::*;
use crate::stack::Stack;

#[tokio::test]
async fn the_sandbox_refuses_as_the_api_does() {
    let stack = Stack::in_memory();
    let client = stack.client().await;
    let phone = format!("phones/{}", client.persona("leader").phone);
    methods(&client, &phone).await;
    scenarios(&client, &phone).await;
    for (path, status, code) in
        [("khong-co", 404, "not-found"), ("phones/+84999999999", 404, "not-found"), ("clock/now", 404, "not-found")]
    {
        client.send(Call::get(format!("/v1/sandbox/{path}"))).await.problem(status, code);
    }
    let call = Call::get(format!("/v1/sandbox/{phone}?all=co"));
    let problem = client.send(call).await.problem(422, "validation-failed");
    assert_eq!(problem["errors"], json!([{"query": "all", "code": "true_or_false"}]));
}

/// Every address: another method gets 405 with those that there are.
async fn methods(client: &Client, phone: &str) {
    let (confirm, reject, scenario) =
        (format!("{phone}/confirm"), format!("{phone}/reject"), format!("{phone}/scenario"));
    let token = format!("usb-tokens/{}", client.persona("leader_usb").user);
    let signing = format!("{token}/sign");
    for (path, allow) in [
        ("personas", "GET"),
        ("people", "GET"),
        ("clock", "GET, POST"),
        ("mailbox", "GET"),
        ("trust.pem", "GET"),
        (phone, "GET"),
        (confirm.as_str(), "POST"),
        (reject.as_str(), "POST"),
        (scenario.as_str(), "GET, POST"),
        (&token, "GET"),
        (&signing, "POST"),
        ("faults", "GET, POST"),
        ("revocations", "GET, POST"),
        ("failed-work", "GET"),
        ("reset", "POST"),
    ] {
        for other in
            ["GET", "POST", "PUT", "DELETE"].into_iter().filter(|method| !allow.split(", ").any(|it| it == *method))
        {
            let call =
                Call::new(Method::from_bytes(other.as_bytes()).expect("a method"), format!("/v1/sandbox/{path}"));
            let answer = client.send(call).await;
            assert_eq!(answer.header("allow"), allow, "{other} {path}");
            let problem = answer.problem(405, "method-not-allowed");
            assert!(!problem["instance"].to_string().contains(&client.persona("leader").phone), "{problem}");
        }
    }
}

async fn scenarios(client: &Client, phone: &str) {
    let set = |name: serde_json::Value| Call::post(format!("/v1/sandbox/{phone}/scenario"), &json!({"name": name}));
    for wrong in [json!("khong-co"), json!(7), json!(null)] {
        let problem = client.send(set(wrong)).await.problem(422, "validation-failed");
        assert_eq!(problem["errors"], json!([{"pointer": "/name", "code": "unknown_value"}]), "{problem}");
    }
    let names = client.send(Call::get(format!("/v1/sandbox/{phone}/scenario"))).await.is(200).json();
    let names = names["names"].as_array().expect("names").clone();
    assert!(names.len() > 3, "{names:?}");
    for name in names.iter().chain([&json!("ok")]) {
        client.send(set(name.clone())).await.is(200);
    }
}

/// A day back and a job there: every date is of that day, and the copy is good. Beyond a hundred years it is refused.
#[tokio::test]
async fn the_clock_goes_back_too() {
    let stack = Stack::in_memory();
    let client = stack.client().await;
    let before = client.send(Call::get("/v1/sandbox/clock")).await.is(200);
    assert_eq!(before.json()["offset_s"], 0);
    let moved = client.send(Call::post("/v1/sandbox/clock", &json!({"advance_s": -86_400}))).await.is(200);
    assert_eq!(moved.json()["offset_s"], -86_400);
    let yesterday = moved.text("/now")[..10].to_owned();
    assert!(yesterday.as_str() < &before.text("/now")[..10], "{yesterday}");

    let (case, copies) = submitted(&client, "mau@example.com", 1).await;
    let received = client.by("clerk", Call::get(format!("/v1/cases/{case}"))).await.is(200).text("/received_at");
    assert!(received.starts_with(&yesterday) && received.ends_with("+07:00"), "{received}");
    let session = ask_leader(&client, &copies).await.text("/id");
    let phone = client.persona("leader").phone.clone();
    let prompts = client.send(Call::get(format!("/v1/sandbox/phones/{phone}"))).await.is(200);
    for member in ["/data/0/created_at", "/data/0/expires_at"] {
        let at = prompts.text(member);
        assert!(at.starts_with(&yesterday) && at.ends_with("+07:00"), "{at}");
    }
    confirm(&client).await;
    assert_eq!(ended(&client, "leader", &session).await["state"], "done");
    let session = client.by("seal_keeper", seal(&copies)).await.is(202).text("/id");
    assert_eq!(ended(&client, "seal_keeper", &session).await["state"], "done");
    let sealed = archived(&client, &copies[0]).await;
    assert!(sealed["sealed_at"].as_str().is_some_and(|at| at.starts_with(&yesterday)), "{sealed}");
    assert_eq!(report(&client, file(&client, &copies[0]).await).await["verdict"], "valid");

    for too_far in [i64::MIN, -4_000_000_000, 4_000_000_000, i64::MAX] {
        let call = Call::post("/v1/sandbox/clock", &json!({"advance_s": too_far}));
        let problem = client.send(call).await.problem(422, "validation-failed");
        assert_eq!(problem["errors"], json!([{"pointer": "/advance_s", "code": "at_most_100_years"}]), "{problem}");
    }
    assert_eq!(client.send(Call::get("/v1/sandbox/clock")).await.is(200).json()["offset_s"], -86_400);
}
