//! contract.md §4, call by call.

use serde_json::json;

use crate::client::Call;
use crate::job::*;
use crate::stack::Stack;

/// The main job on an appointment, with every promised member.
#[tokio::test]
async fn the_main_job_call_by_call() {
    let stack = Stack::in_memory();
    main_job(&stack).await;
    assert_eq!(stack.stop(), 0);
}

pub(crate) async fn main_job(stack: &Stack) {
    let client = stack.client().await;
    let citizen = client.persona("citizen").clone();

    // 1
    let units = client.by("portal", Call::get("/v1/units?q=x%C3%A3%20m%E1%BA%ABu")).await.is(200);
    let unit = units.text("/data/0/id");
    let slots = client.by("portal", Call::get(format!("/v1/units/{unit}/slots"))).await.is(200).json();
    let free = slots["data"].as_array().expect("slots").iter().find(|slot| slot["free"].as_u64() > Some(0));
    let start = free.expect("a free slot")["start"].clone();
    let body = json!({
        "unit_id": unit, "start": start, "account": {"kind": "person", "id": citizen.account},
        "originals": [{"type_id": "diploma", "title": "Bằng tốt nghiệp", "pages": 1}],
    });
    let visit = client.by("portal", Call::post("/v1/appointments", &body)).await.is(201);
    assert!(!visit.text("/code").is_empty());

    // 2
    let body = json!({"appointment_id": visit.text("/id"), "basis": "paper_original"});
    let case = client.by("clerk", Call::post("/v1/cases", &body)).await.is(201);
    for member in ["/id", "/code", "/received_at", "/due_at", "/due_rule"] {
        assert!(!case.text(member).is_empty());
    }
    let id = case.text("/id");
    let at = |path: &str| format!("/v1/cases/{id}/{path}");
    client.by("clerk", Call::post("/v1/cases", &body)).await.problem(409, "appointment-used");

    // 3
    let checked = client.by("clerk", Call::put(at("checklist"), &no_grounds()).on(&case.etag())).await.is(200);

    // 4
    let bytes = scan(1);
    let upload = client.by("clerk", Call::post("/v1/uploads", &declared("image/png", &bytes))).await.is(201);
    assert_eq!(upload.text("/put/method"), "PUT");
    put(&client, &upload, bytes).await.is(200);
    let done = Call::post(format!("/v1/uploads/{}/complete", upload.text("/id")), &json!({}));
    let done = client.by("clerk", done).await.is(200).json();
    assert_eq!((&done["state"], &done["pages"]), (&json!("ready"), &json!(1)), "{done}");

    // 5
    let copy = Call::post(at("copies"), &original(&upload.text("/id"))).on(&checked.etag());
    let copy = client.by("clerk", copy).await.is(201);
    let copy_id = copy.text("/id");

    // 6
    let body = json!({"template_id": "default", "placement": "auto"});
    let worded = Call::put(format!("/v1/copies/{copy_id}/attestation"), &body).on(&copy.etag());
    client.by("clerk", worded).await.is(200);
    let paid = client.by("clerk", Call::post(at("fee"), &fee(1)).on(&version(&client, &id).await)).await.is(200);
    client.by("clerk", Call::post(at("submit"), &json!({})).on(&paid.etag())).await.is(200);

    // 7
    let queue = client.by("leader", Call::get("/v1/queues/sign")).await.is(200).json();
    assert!(queue.to_string().contains(&copy_id), "{queue}");
    let session = ask_leader(&client, std::slice::from_ref(&copy_id)).await;
    for member in ["/id", "/state", "/verification_code", "/expires_at"] {
        assert!(!session.text(member).is_empty());
    }
    assert!(session.json()["poll_after"].is_u64());
    let leader = client.persona("leader").clone();
    let prompts = client.send(Call::get(format!("/v1/sandbox/phones/{}", leader.phone))).await.is(200).json();
    assert!(prompts.to_string().contains(&session.text("/verification_code")), "{prompts}");
    confirm(&client).await;
    assert_eq!(ended(&client, "leader", &session.text("/id")).await["state"], "done");

    // 8
    let session = client.by("seal_keeper", seal(std::slice::from_ref(&copy_id))).await.is(202);
    assert_eq!(ended(&client, "seal_keeper", &session.text("/id")).await["state"], "done");

    // 9
    let sealed = archived(&client, &copy_id).await;
    assert_eq!(sealed["status"], "sealed");
    assert_eq!(sealed["number"], 1);
    assert_eq!(sealed["book"], "01");
    assert_eq!(sealed["number_text"], format!("1, quyển số 01/{} - SCT/BS", sealed["year"]));
    assert_eq!(sealed["signatures"].as_array().map(Vec::len), Some(2));
    let file = file(&client, &copy_id).await;

    // 10
    let report = report(&client, file).await;
    assert_eq!((&report["verdict"], &report["kind"]), (&json!("valid"), &json!("certified_copy")), "{report}");
    let checks = report["checks"].as_array().expect("checks");
    assert!(checks.len() >= 5 && checks.iter().all(|check| check["result"] == "pass"), "{report}");

    // 11
    let list = Call::get(format!("/v1/accounts/{}/copies", citizen.account));
    let list = client.by("citizen", list).await.is(200).json();
    assert!(list.to_string().contains(&copy_id), "{list}");
}

/// Without an account there is a letter with a link, and no identity number in it.
#[tokio::test]
async fn a_requester_without_an_account_gets_a_letter() {
    let stack = Stack::in_memory();
    let client = stack.client().await;
    let (case, copies) = submitted(&client, "mau@example.com", 2).await;
    signed(&client, &copies).await;
    let session = client.by("seal_keeper", seal(&copies)).await.is(202).text("/id");
    let ended = ended(&client, "seal_keeper", &session).await;
    assert_eq!(ended["state"], "done", "{ended}");
    let numbers: Vec<_> = [archived(&client, &copies[0]).await, archived(&client, &copies[1]).await]
        .iter()
        .map(|copy| copy["number"].as_u64())
        .collect();
    assert_eq!(numbers, [Some(1), Some(2)], "numbers follow the order of the request");

    let until = std::time::Instant::now() + PATIENCE;
    let letters = loop {
        let letters = client.send(Call::get("/v1/sandbox/mailbox")).await.is(200).json();
        if letters["data"].as_array().is_some_and(|all| all.len() >= 2) {
            break letters;
        }
        assert!(std::time::Instant::now() < until, "{letters}");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    };
    let letter = &letters["data"][0];
    assert_eq!(letter["to"], "mau@example.com");
    assert!(letter["links"].as_array().is_some_and(|links| !links.is_empty()), "{letter}");
    assert!(!letters.to_string().contains("001099009999"));
    let sent = client.by("clerk", Call::get(format!("/v1/cases/{case}/deliveries"))).await.is(200).json();
    assert_eq!(sent["data"].as_array().map(Vec::len), Some(2), "{sent}");
}
