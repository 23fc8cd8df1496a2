//! contract.md §4, call by call.

use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::client::{Call, Client};
use crate::job::*;
use crate::stack::Stack;

/// The main job on an appointment, with every promised member.
#[tokio::test]
async fn the_main_job_call_by_call() {
    let stack = Stack::in_memory();
    main_job(&stack.url).await;
    assert_eq!(stack.stop(), 0);
}

pub(crate) async fn main_job(url: &str) {
    let client = Client::new(url).await;
    let citizen = client.persona("citizen").clone();

    // 1
    let units = client.by("portal", Call::get("/v1/units?q=x%C3%A3%20m%E1%BA%ABu")).await.is(200);
    let unit = units.text("/data/0/id");
    let today = client.send(Call::get("/v1/sandbox/clock")).await.is(200).text("/now")[..10].to_owned();
    let slots = format!("/v1/units/{unit}/slots?from={today}");
    let slots = client.by("portal", Call::get(slots)).await.is(200).json();
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
    assert_eq!(sealed["sha256"], hex::encode(Sha256::digest(&file)), "{sealed}");

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

    let year = archived(&client, &copies[0]).await["year"].clone();
    for (book, status) in [("01", "active"), ("1", "active"), ("2", "unknown"), ("001x", "unknown")] {
        let path = format!("/v1/copies/by-number?unit_code=000.00.01.H99&year={year}&number=01&book={book}");
        assert_eq!(client.send(Call::get(path)).await.is(200).text("/status"), status, "book {book}");
    }

    let all = letters(&client, 2).await;
    assert_eq!(all[0]["to"], "mau@example.com");
    assert!(!json!(all).to_string().contains("001099009999"));
    let sent = client.by("clerk", Call::get(format!("/v1/cases/{case}/deliveries"))).await.is(200).json();
    assert_eq!(sent["data"].as_array().map(Vec::len), Some(2), "{sent}");

    // The letter's link, as a person with a browser follows it.
    let link = all[0]["links"][0].as_str().expect("a link").to_owned();
    let token = link.rsplit('/').next().expect("a token").to_owned();
    let page = client.send(Call::get(&link)).await.is(200);
    let text = String::from_utf8_lossy(&page.body).into_owned();
    assert!(text.contains("m***@example.com") && !text.contains("mau@example.com") && !text.contains(".pdf"), "{text}");
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    let asked = format!("/v1/downloads/{token}/code");
    client.send(browser(&asked, "")).await.is(202);
    let code = code_in(&letters(&client, 3).await[2]);
    let open = format!("/v1/downloads/{token}/open");
    let wrong = format!("{}{}", if code.starts_with('1') { '2' } else { '1' }, &code[1..]);
    client.send(browser(&open, &format!("code={wrong}"))).await.is(422);
    let found = client.send(browser(&open, &format!("code={code}"))).await.is(303);
    let got = client.send(Call::get(found.header("location"))).await.is(200);
    assert!(got.header("content-disposition").contains("ban-sao-"), "{:?}", got.headers);
    assert_eq!(report(&client, got.body).await["verdict"], "valid");

    // As a program: the used code is dead, an unknown link is none, an old one is over.
    let json_open = |token: &str, code: &str| Call::post(format!("/v1/downloads/{token}/open"), &json!({"code": code}));
    client.send(json_open(&token, &code)).await.problem(422, "code-wrong");
    let none = "0".repeat(32);
    client.send(json_open(&none, &code)).await.problem(404, "not-found");
    client.send(Call::get(format!("/d/{none}"))).await.is(404);
    client.send(Call::post("/v1/sandbox/clock", &json!({"advance_s": 31 * 86_400}))).await.is(200);
    let over = client.send(Call::post(asked, &json!({}))).await.problem(410, "link-expired");
    assert_eq!(over["instance"], "/v1/downloads/***/code");
    renewed(&client, &token).await;
}

/// A link that is over orders one new letter to the address of the first (api.md row 70).
async fn renewed(client: &Client, token: &str) {
    let page = client.send(Call::get(format!("/d/{token}"))).await.is(410);
    let text = String::from_utf8_lossy(&page.body).into_owned();
    let order = format!("/v1/downloads/{token}/reissue");
    assert!(text.contains("Gửi liên kết mới") && text.contains(&order), "{text}");
    let before = letters(client, 0).await.len();
    let ordered = client.send(browser(&order, "")).await.is(202);
    let text = String::from_utf8_lossy(&ordered.body).into_owned();
    assert!(text.contains("m***@example.com") && !text.contains("mau@example.com"), "{text}");
    // Once: the old link is no link any more.
    client.send(Call::post(&order, &json!({}))).await.problem(410, "link-revoked");
    client.send(Call::get(format!("/d/{token}"))).await.is(410);

    let all = letters(client, before + 1).await;
    let link = all[before]["links"][0].as_str().expect("a link").to_owned();
    let new = link.rsplit('/').next().expect("a token");
    assert!(new != token && all[before]["to"] == "mau@example.com", "{all:?}");
    client.send(Call::get(&link)).await.is(200);
    client.send(Call::post(format!("/v1/downloads/{new}/reissue"), &json!({}))).await.problem(409, "wrong-state");
    client.send(Call::post(format!("/v1/downloads/{new}/code"), &json!({}))).await.is(202);
    let code = code_in(&letters(client, before + 2).await[before + 1]);
    let found = client.send(Call::post(format!("/v1/downloads/{new}/open"), &json!({"code": code}))).await.is(303);
    client.send(Call::get(found.header("location"))).await.is(200);
}

/// A form that a browser sends.
fn browser(path: &str, form: &str) -> Call {
    let call = Call::new(reqwest::Method::POST, path).without("idempotency-key");
    let call = call.header("content-type", "application/x-www-form-urlencoded").header("accept", "text/html");
    call.bytes(form.as_bytes().to_vec())
}

/// The six digits of a letter.
pub(crate) fn code_in(letter: &serde_json::Value) -> String {
    let text = letter["text"].as_str().expect("a text");
    text.split(|sign: char| !sign.is_ascii_digit()).find(|part| part.len() == 6).expect("a code").to_owned()
}

/// The mailbox when it has at least `count` letters.
pub(crate) async fn letters(client: &crate::client::Client, count: usize) -> Vec<serde_json::Value> {
    let until = std::time::Instant::now() + PATIENCE;
    loop {
        let all = client.send(Call::get("/v1/sandbox/mailbox")).await.is(200).json();
        let all = all["data"].as_array().cloned().unwrap_or_default();
        if all.len() >= count {
            return all;
        }
        assert!(std::time::Instant::now() < until, "{all:?}");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}
