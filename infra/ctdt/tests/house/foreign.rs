//! Signed files of others, which bring no word of whether their signer was revoked: the house asks the CA (docs/decisions/0015).
//!
//! The file is a record of a verification without the lists behind its signature: somebody's signed PDF, under a root of the trust list.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::batches;
use crate::client::{Answer, Call, Client};
use crate::job;
use crate::stack::Stack;

/// Longer than an answer is used, and than a service is left alone that gave none (`domain::inquiry`).
const AN_HOUR_LATER_S: u32 = 3_601;
const SOME_MINUTES_LATER_S: u32 = 121;

fn pdf(file: &[u8]) -> Call {
    let call = Call::new(Method::POST, "/v1/verifications").header("content-type", "application/pdf");
    call.bytes(file.to_vec())
}

async fn faults(client: &Client, change: Value) {
    client.send(Call::post("/v1/sandbox/faults", &change)).await.is(200);
}

async fn later(client: &Client, seconds: u32) {
    client.send(Call::post("/v1/sandbox/clock", &json!({"advance_s": seconds}))).await.is(200);
}

/// How often an OCSP responder was asked while it answers wrongly.
async fn asked(client: &Client) -> u64 {
    let all = client.send(Call::get("/v1/sandbox/faults")).await.is(200).json();
    all["wrong_answers"]["ocsp"].as_u64().expect("a count")
}

/// A signed file without evidence: the two revisions of a record that its signature covers.
async fn foreign(client: &Client) -> Vec<u8> {
    let keep = Call::new(Method::POST, "/v1/verifications?retain=report").header("content-type", "application/pdf");
    let id = client.send(keep.bytes(vec![b'x'; 9])).await.is(200).text("/id");
    let record = client.send(Call::get(format!("/v1/verifications/{id}/report.pdf"))).await.is(200).body;
    let ends: Vec<usize> =
        record.windows(6).enumerate().filter(|(_, six)| six == b"%%EOF\n").map(|(at, _)| at + 6).collect();
    assert_eq!(ends.len(), 3, "pages, signature, lists");
    record[..ends[1]].to_vec()
}

fn codes(report: &Value) -> Vec<&str> {
    report["reasons"].as_array().expect("reasons").iter().filter_map(|reason| reason["code"].as_str()).collect()
}

/// The evidence of the answer that is not in the file.
fn fetched(report: &Value) -> Vec<&str> {
    let all = report["evidence"].as_array().expect("evidence").iter();
    all.filter(|one| one["origin"] == "fetched").filter_map(|one| one["kind"].as_str()).collect()
}

/// It cannot be told yet, and the answer says so in this state.
fn lacks(answer: &Answer, state: &str) -> Value {
    let report = answer.json();
    assert_eq!(report["verdict"], "indeterminate", "{report}");
    let missing = &report["missing_evidence"];
    assert_eq!(missing["state"], state, "{report}");
    assert_eq!((&report["action"], &report["action_en"]), (&missing["text"]["vi"], &missing["text"]["en"]));
    report
}

fn valid(answer: Answer) -> Value {
    let report = answer.is(200).json();
    assert_eq!((&report["verdict"], &report["missing_evidence"]), (&json!("valid"), &Value::Null), "{report}");
    report
}

/// Asks until the answer is there, as whoever is told to come again.
async fn until_valid(client: &Client, file: &[u8]) -> Value {
    let until = Instant::now() + job::PATIENCE;
    loop {
        let answer = client.send(pdf(file)).await.is(200);
        if answer.json()["verdict"] == "valid" {
            return valid(answer);
        }
        lacks(&answer, "being_fetched");
        assert!(Instant::now() < until, "still {}", answer.json());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// R64–R67: what takes the CA a while is not waited for: it is told as under way, with when to come again; then the file is valid by evidence that the
/// report names; everybody who shows it at once has it asked about once.
#[tokio::test]
async fn what_a_file_does_not_bring_is_fetched() {
    let stack = Stack::in_memory();
    let client = stack.client().await;
    let file = foreign(&client).await;

    faults(&client, json!({"delay_ms": 6_000})).await;
    let first = client.send(pdf(&file)).await.is(200);
    let report = lacks(&first, "being_fetched");
    assert_eq!(first.header("retry-after"), "5");
    assert!(report["action"].as_str().is_some_and(|text| text.contains("đang hỏi")), "{report}");
    assert_eq!(codes(&report)[0], "revocation-unknown");
    let wanted = report["missing_evidence"]["certificates"].as_array().expect("a list");
    assert_eq!(wanted.len(), 2, "the signer and its CA: {report}");
    assert!(wanted.iter().all(|one| one["addresses"].as_array().is_some_and(|urls| !urls.is_empty())), "{report}");
    told_on_the_page(&client, &file).await;
    faults(&client, json!({"delay_ms": 0})).await;
    let report = until_valid(&client, &file).await;
    assert_eq!(fetched(&report), ["ocsp", "crl"], "{report}");
    assert_eq!(report["signatures"][0]["level"], "B-B", "the file shows no more than before");

    // An hour later it is asked anew, once for all: the responder fails, and the list answers.
    later(&client, AN_HOUR_LATER_S).await;
    faults(&client, json!({"ocsp": "http-500"})).await;
    let before = asked(&client).await;
    let all = (0..8).map(|_| {
        let (client, call) = (client.clone(), pdf(&file));
        tokio::spawn(async move { client.send(call).await })
    });
    for one in all.collect::<Vec<_>>() {
        assert_eq!(fetched(&valid(one.await.expect("no panic"))), ["crl", "crl"]);
    }
    assert_eq!(asked(&client).await, before + 1, "eight files, one question");

    // A batch and a dossier wait for it as one file does.
    later(&client, AN_HOUR_LATER_S).await;
    faults(&client, json!({"ocsp": "none"})).await;
    let upload = batches::uploaded(&client, "officer", "application/pdf", &file).await;
    let batch = batches::judged(&client, "officer", &json!({"items": [{"upload_id": upload}]})).await.json();
    assert_eq!(batch["valid"], 1, "{batch}");
    later(&client, AN_HOUR_LATER_S).await;
    let dossier = Call::new(Method::POST, "/v1/verifications").header("content-type", "application/zip");
    let dossier = dossier.bytes(batches::zipped(&[("a.pdf", &file), ("b.pdf", &file)]));
    assert_eq!(client.send(dossier).await.is(200).json()["verdict"], "valid");
    assert_eq!(stack.stop(), 0);
}

/// A person reads on the page what a program reads in the document, in both languages; the record says it too.
async fn told_on_the_page(client: &Client, file: &[u8]) {
    for (query, words) in
        [("", "đang hỏi tổ chức cấp chứng thư"), ("?lang=en", "is being asked whether it was revoked")]
    {
        let call = Call::new(Method::POST, format!("/v1/verifications{query}")).header("accept", "text/html");
        let page = client.send(call.header("content-type", "application/pdf").bytes(file.to_vec())).await.is(200);
        assert!(String::from_utf8_lossy(&page.body).contains(words), "{query}");
        assert_eq!(page.header("retry-after"), "5");
    }
    let record = client.send(pdf(file).header("accept", "application/pdf")).await.is(200);
    assert_eq!(
        (record.header("content-type").as_str(), record.header("retry-after").as_str()),
        ("application/pdf", "5")
    );
}

/// A signer who was revoked before it signed: while no evidence says so it cannot be told, and then it is invalid.
#[tokio::test]
async fn a_revocation_is_heard_of() {
    let stack = Stack::in_memory();
    let client = stack.client().await;
    let file = foreign(&client).await;
    let report = valid(client.send(pdf(&file)).await);
    let serial = report["signatures"][0]["signer"]["serial"].as_str().expect("a serial number").to_owned();
    let revoked = json!({"serial": serial, "at": "2026-01-01T00:00:00+07:00", "reason": 1});
    client.send(Call::post("/v1/sandbox/revocations", &revoked)).await.is(200);
    later(&client, AN_HOUR_LATER_S).await;
    let report = client.send(pdf(&file)).await.is(200).json();
    assert_eq!(report["verdict"], "invalid", "{report}");
    assert_eq!(report["signatures"][0]["revocation"], "revoked");
    assert_eq!(codes(&report)[0], "certificate-revoked-before");
    assert!(fetched(&report).contains(&"ocsp"), "{report}");
    assert_eq!(stack.stop(), 0);
}

/// F11, I13: services that fail or lie leave the answer undetermined, with the reason, at once; they are left alone for some minutes.
#[tokio::test]
async fn what_cannot_be_had_is_told() {
    let stack = Stack::in_memory();
    let client = stack.client().await;
    let file = foreign(&client).await;
    for (ocsp, crl, cause, words) in [
        ("http-500", "http-500", "no-answer", "không trả lời"),
        ("stranger", "stranger", "answer-unusable", "không dùng được"),
        ("wrong-cert-id", "expired", "answer-unusable", "không dùng được"),
        ("garbage", "garbage", "answer-unusable", "không dùng được"),
    ] {
        later(&client, SOME_MINUTES_LATER_S).await;
        faults(&client, json!({"ocsp": ocsp, "crl": crl})).await;
        let answer = client.send(pdf(&file)).await.is(200);
        let report = lacks(&answer, "not_available");
        let causes = report["missing_evidence"]["certificates"].as_array().expect("a list").iter();
        assert!(causes.clone().all(|one| one["cause"] == cause && !one["again_at"].is_null()), "{ocsp}: {report}");
        assert!(report["action"].as_str().is_some_and(|text| text.contains(words)), "{ocsp}: {report}");
        assert_eq!(answer.header("retry-after"), "", "nothing changes in seconds");
        let before = asked(&client).await;
        lacks(&client.send(pdf(&file)).await.is(200), "not_available");
        assert_eq!(asked(&client).await, before, "{ocsp}: asked again at once");
    }
    faults(&client, json!({"ocsp": "none", "crl": "none"})).await;
    lacks(&client.send(pdf(&file)).await.is(200), "not_available");
    later(&client, SOME_MINUTES_LATER_S).await;
    valid(client.send(pdf(&file)).await);
    assert_eq!(stack.stop(), 0);
}
