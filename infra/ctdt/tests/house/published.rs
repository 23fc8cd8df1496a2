//! The published list of annulled copies (R111, api.md row 62), and the record of a verification in the answer itself.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Answer, Call, Client};
use crate::job;
use crate::stack::Stack;

/// The first unit of the sandbox.
const UNIT: &str = "000.00.01.H99";

/// Copies that are sealed, with what anybody may know of them.
async fn sealed(client: &Client, count: u8) -> Vec<Value> {
    let (_, copies) = job::submitted(client, "mau@example.com", count).await;
    job::signed(client, &copies).await;
    let session = client.by("seal_keeper", job::seal(&copies)).await.is(202).text("/id");
    assert_eq!(job::ended(client, "seal_keeper", &session).await["state"], "done");
    let mut all = Vec::new();
    for copy in &copies {
        all.push(job::archived(client, copy).await);
    }
    all
}

/// Annuls a copy by a decision of its own.
pub(crate) async fn annul(client: &Client, copy: &Value) {
    let id = copy["id"].as_str().expect("an identifier");
    let etag = client.by("clerk", Call::get(format!("/v1/copies/{id}"))).await.is(200).etag();
    let decision = json!({
        "decision_no": format!("{}/QĐ-UBND", copy["number"]), "decision_date": job::today(client).await,
        "reason": "Bản chính của Trần Thị Mẫu bị thu hồi",
    });
    client.by("seal_keeper", Call::post(format!("/v1/copies/{id}/annul"), &decision).on(&etag)).await.is(200);
}

async fn later(client: &Client, seconds: i64) {
    client.send(Call::post("/v1/sandbox/clock", &json!({"advance_s": seconds}))).await.is(200);
}

/// More than the minute in which an annulment settles.
pub(crate) async fn settled(client: &Client) {
    later(client, 62).await;
}

async fn list(client: &Client, query: &str) -> Value {
    client.send(Call::get(format!("/v1/annulments?{query}"))).await.is(200).json()
}

fn numbers(page: &Value) -> Vec<u64> {
    let all = page["data"].as_array().expect("lines").iter();
    all.map(|line| line["number"].as_u64().expect("a number")).collect()
}

/// R111: which number, which file, which decision, for anybody; no name, no title, no reason. A new annulment comes behind what
/// somebody reads page by page.
#[tokio::test]
async fn annulled_copies_are_published() {
    let stack = Stack::in_memory();
    let client = stack.client().await;
    let copies = sealed(&client, 4).await;
    let nothing = list(&client, "").await;
    assert_eq!((&nothing["data"], &nothing["has_more"], &nothing["next"]), (&json!([]), &json!(false), &Value::Null));
    // Not in the order of their numbers.
    for at in [2, 0, 1] {
        annul(&client, &copies[at]).await;
    }
    later(&client, 30).await;
    assert_eq!(list(&client, "").await["data"], json!([]), "it settles first");
    settled(&client).await;
    let all = list(&client, "").await;
    assert_eq!(numbers(&all), [3, 1, 2]);
    told_as_by_number(&client, &copies[2], &all["data"][0]).await;
    paged_while_another_comes(&client, &copies[3]).await;
    asked_again(&client, &all).await;
    spans(&client, &all).await;
    assert_eq!(stack.stop(), 0);
}

async fn told_as_by_number(client: &Client, copy: &Value, line: &Value) {
    let members: BTreeSet<&str> = line.as_object().expect("a line").keys().map(String::as_str).collect();
    let known = ["annulment", "book", "number", "number_text", "sealed_on", "sha256", "suffix", "unit_code", "year"];
    assert_eq!(members, BTreeSet::from(known), "{line}");
    for member in ["year", "book", "number", "number_text", "sha256"] {
        assert_eq!(line[member], copy[member], "{member}: {line} {copy}");
    }
    let found = job::by_number(client, copy["number"].as_u64().expect("a number")).await;
    assert_eq!((&line["annulment"], &line["sealed_on"]), (&found["annulment"], &found["sealed_on"]), "{found}");
    assert_eq!((&line["unit_code"], &line["annulment"]["decision_no"]), (&json!(UNIT), &json!("3/QĐ-UBND")));
    assert!(!line.to_string().contains("Mẫu") && !line.to_string().contains("thu hồi"), "{line}");
}

async fn paged_while_another_comes(client: &Client, fourth: &Value) {
    let first = client.send(Call::get(format!("/v1/annulments?unit_code={UNIT}&limit=2"))).await.is(200);
    let next = first.text("/next");
    assert_eq!(first.header("link"), format!("<{next}>; rel=\"next\""));
    assert_eq!((numbers(&first.json()), &first.json()["has_more"]), (vec![3, 1], &json!(true)));
    annul(client, fourth).await;
    settled(client).await;
    let second = client.send(Call::get(next.clone())).await.is(200).json();
    assert_eq!((numbers(&second), &second["has_more"]), (vec![2, 4], &json!(false)), "{second}");
    let elsewhere = next.replace(&format!("unit_code={}", UNIT.replace('.', "%2E")), "unit_code=000.00.02.H99");
    assert_ne!(elsewhere, next);
    let problem = client.send(Call::get(elsewhere)).await.problem(422, "validation-failed");
    assert_eq!(problem["errors"], json!([{"query": "after", "code": "cursor"}]));
}

/// Who has the page is told so, until there is another.
async fn asked_again(client: &Client, before: &Value) {
    let ask = |tag: &str| Call::get("/v1/annulments").header("if-none-match", tag);
    let page = client.send(Call::get("/v1/annulments")).await.is(200);
    assert_ne!(page.json()["data"], before["data"]);
    let tag = page.etag();
    assert!(tag.starts_with("W/\""), "{tag}");
    assert_eq!(
        (page.header("cache-control").as_str(), page.header("vary").as_str()),
        ("public, max-age=60", "Accept, Accept-Language")
    );
    later(client, 5).await;
    let same = client.send(ask(&tag)).await.is(304);
    assert!(same.body.is_empty() && same.etag() == tag);
    client.send(ask("W/\"0\"")).await.is(200);
}

/// Whoever comes back with the last `as_of` goes on exactly where the list ended.
async fn spans(client: &Client, before: &Value) {
    let as_of = before["as_of"].as_str().expect("an instant").replace('+', "%2B");
    assert_eq!(numbers(&list(client, &format!("since={as_of}")).await), [4]);
    let today = job::today(client).await;
    assert_eq!(numbers(&list(client, &format!("since={today}&limit=100")).await), [3, 1, 2, 4]);
    assert_eq!(numbers(&list(client, "since=2999-01-01").await), [] as [u64; 0]);
    assert_eq!(numbers(&list(client, "unit_code=000.00.02.H99").await), [] as [u64; 0]);
    let year = client.send(Call::get("/v1/annulments?since=2020-13-01")).await.problem(422, "validation-failed");
    assert_eq!(year["errors"], json!([{"query": "since", "code": "date_or_rfc3339"}]));
}

fn judged(query: &str, accept: &str, body: &[u8]) -> Call {
    let call = Call::new(Method::POST, format!("/v1/verifications{query}")).header("accept", accept);
    call.header("content-type", "application/pdf").bytes(body.to_vec())
}

/// R69: the record may be the answer itself. Of a kept report it is the very file that is given out later.
#[tokio::test]
async fn a_verification_answers_in_the_form_that_is_asked_for() {
    let stack = Stack::in_memory();
    let client = stack.client().await;
    let copy = sealed(&client, 1).await.remove(0);
    let file = job::file(&client, copy["id"].as_str().expect("an identifier")).await;
    let ask = async |query: &str, accept: &str| client.send(judged(query, accept, &file)).await;
    let kind = |answer: &Answer| answer.header("content-type");

    let report = ask("", "application/json").await.is(200);
    assert!(kind(&report).starts_with("application/json") && report.json()["verdict"] == "valid");
    assert_eq!(report.header("vary"), "Accept, Accept-Language");
    assert!(kind(&ask("", "*/*").await.is(200)).starts_with("application/json"));
    let page = ask("", "text/html,application/xhtml+xml,*/*;q=0.8").await.is(200);
    assert!(kind(&page).starts_with("text/html") && String::from_utf8_lossy(&page.body).contains("HỢP LỆ"));

    let record = ask("", "application/pdf").await.is(200);
    assert_eq!((kind(&record).as_str(), record.header("content-location").as_str()), ("application/pdf", ""));
    is_a_record(&client, &record.body).await;
    let kept = ask("?retain=report", "application/pdf, application/json;q=0.5").await.is(200);
    let place = kept.header("content-location");
    assert!(place.starts_with("/v1/verifications/vrf_") && place.ends_with("/report.pdf"), "{place}");
    assert_eq!(client.send(Call::get(place)).await.is(200).body, kept.body, "the same file");

    ask("?policy=general", "application/pdf").await.problem(409, "record-not-signed");
    ask("?at=2030-01-01T00:00:00Z", "application/pdf").await.problem(409, "record-not-signed");
    for other in ["application/vnd.etsi.vr+xml", "image/png", "application/json;q=0"] {
        let problem = ask("", other).await.problem(406, "not-acceptable");
        assert_eq!(problem["available"], json!(["application/json", "text/html", "application/pdf"]), "{problem}");
    }
    of_a_dossier_and_an_annulled_copy(&client, &copy, &file).await;
    assert_eq!(stack.stop(), 0);
}

async fn is_a_record(client: &Client, record: &[u8]) {
    let found = client.send(judged("", "application/json", record)).await.is(200).json();
    assert_eq!((&found["verdict"], &found["kind"]), (&json!("valid"), &json!("signed_pdf")), "{found}");
    assert_eq!(found["signatures"][0]["field"], "Report", "{found}");
}

async fn of_a_dossier_and_an_annulled_copy(client: &Client, copy: &Value, file: &[u8]) {
    let zip = judged("", "application/pdf", b"PK\x03\x04").header("content-type", "application/zip");
    let problem = client.send(zip).await.problem(406, "not-acceptable");
    assert_eq!(problem["available"], json!(["application/json", "text/html"]), "{problem}");
    annul(client, copy).await;
    let kept = client.send(judged("?retain=report", "application/pdf", file)).await.is(200);
    let place = kept.header("content-location");
    assert_eq!(client.send(Call::get(place)).await.is(200).body, kept.body, "an annulment stands on both");
    is_a_record(client, &kept.body).await;
}
