//! The power goes off inside running work (F1–F3, F13): at each request of a function that changes something, before the
//! service hears of it and after it has done its work. Started again with the same folder, the job ends with one number
//! and one valid file.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::client::Call;
use crate::job::*;
use crate::outage::Desk;
use crate::stack::Stack;

/// Every kind of request of the job that changes something, in the order of the job: what it is, and the words of the power cut
/// (`ctdt dev --power-cut`). What only reads is not listed: the power that goes off before a reading goes off after what
/// was done before it.
const MOMENTS: [(&str, &str); 35] = [
    ("the key of a request is taken", r#"dynamodb PutItem "idempotency" ":now""#),
    ("the dossier is received", r#"dynamodb TransactWriteItems "case.received""#),
    ("the answer under the key is kept", r#"dynamodb PutItem "idempotency" "status":{"N":"#),
    ("its grounds are confirmed", r#"dynamodb TransactWriteItems "case.checked""#),
    ("the scan is declared", r#"dynamodb TransactWriteItems "upload" "open""#),
    ("the scan arrives", "s3 PUT /uploads/"),
    ("the scan was read", r#"dynamodb TransactWriteItems "upload" "ready""#),
    ("the copy is added", r#"dynamodb TransactWriteItems "case.copy_added""#),
    ("its wording is chosen", r#"dynamodb TransactWriteItems "copy.worded""#),
    ("the fee is recorded", r#"dynamodb TransactWriteItems "case.fee_recorded""#),
    ("the base is stored", "s3 PUT /base-"),
    ("the dossier is submitted", r#"dynamodb TransactWriteItems "case.submitted""#),
    ("the leader opens", r#"dynamodb TransactWriteItems "copy.opened""#),
    ("the leader's revision is stored", "s3 PUT /leader-"),
    ("the intent to ask the phone", r#"dynamodb TransactWriteItems "copy.leader_asked""#),
    ("the prompt", "gateway /credentials/authorize"),
    ("the handle is kept", r#"dynamodb TransactWriteItems "session" "waiting""#),
    ("the phone's signature", "gateway /signatures/signHash"),
    ("the signature is kept", r#"dynamodb TransactWriteItems "finish_leader""#),
    ("the time-stamp of the leader's signature", "responders POST /tsa"),
    ("the leader's file", "s3 PUT /signed-"),
    ("the leader's signature is recorded", r#"dynamodb TransactWriteItems "copy.leader_signed""#),
    ("number and seal are asked for", r#"dynamodb TransactWriteItems "copy.seal_requested""#),
    ("the number is spent", r#"dynamodb TransactWriteItems "copy.numbered""#),
    ("the seal's revision is stored", "s3 PUT /seal-"),
    ("the agency key signs", "kms Sign"),
    ("the seal's signature is kept", r#"dynamodb TransactWriteItems "copy.seal_signed""#),
    ("the time-stamp of the seal", "responders POST /tsa"),
    ("the sealed file", "s3 PUT -sealed.pdf"),
    ("the seal is recorded and public", r#"dynamodb TransactWriteItems "copy.sealed""#),
    ("the time-stamp of the archive", "responders POST /tsa"),
    ("the archive is recorded", r#"dynamodb TransactWriteItems "copy.archived""#),
    ("the intent to send the letter", r#"dynamodb TransactWriteItems "delivery" "Update""#),
    ("the letter", "ses POST /v2/email/outbound-emails"),
    ("the letter is recorded", r#"dynamodb TransactWriteItems "delivery" "LINK" "sent_at":{"S":"#),
];

/// Changes that happen beside other moments, so that no place in the order is theirs; and half of those of the archive, since a copy waits for
/// its archive no longer than three runs that died, one after the other, may hold it up.
const BESIDE: [(&str, &str); 6] = [
    ("a hint of the gateway's is written down", r#"dynamodb TransactWriteItems "follow_leader""#),
    ("a hint was followed", r#"dynamodb TransactWriteItems {"TransactItems":[{"Delete": "OUTBOX#"#),
    ("evidence is fetched", "responders POST /ocsp/"),
    ("the archived file", "s3 PUT -archived.pdf"),
    ("the seal's session waits for the time-stamp", r#"dynamodb TransactWriteItems "Delete" "SESSION" "timestamping""#),
    ("whoever will ask an authority takes the work", r##"dynamodb TransactWriteItems "#due" ":before""##),
];

/// Requests with a body that change nothing: what a credential is, and whether the phone has said something.
const ONLY_READ: [&str; 2] = ["/csc/v2/credentials/info ", "/csc/v2/credentials/authorizeCheck "];

fn moments(side: &str) -> impl Iterator<Item = String> {
    MOMENTS.iter().map(move |(_, words)| format!("{side} 1 {words}"))
}

/// One dossier, and the power goes off before every single request that would change something.
#[tokio::test]
async fn a_job_outlives_a_power_cut_before_every_change() {
    one_dossier(moments("before")).await;
}

/// One dossier, and the power goes off after every single change, before anybody hears of it.
#[tokio::test]
async fn a_job_outlives_a_power_cut_after_every_change() {
    one_dossier(moments("after")).await;
}

/// A dossier for each change that has no place in the order, before and after it.
#[tokio::test]
async fn a_job_outlives_a_power_cut_at_what_happens_beside() {
    let folder = tempfile::tempdir().expect("a folder");
    let all = BESIDE.iter().flat_map(|(_, words)| ["before", "after"].map(|side| format!("{side} 1 {words}")));
    for (nth, moment) in (1..).zip(all) {
        finished(folder.path(), [moment].into_iter(), nth).await;
    }
}

/// What creates something has done it, and the process dies before it says so: the same request under the same key is
/// answered with that thing, and no second one is made.
#[tokio::test]
async fn what_an_earlier_try_made_is_met_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let after = ["\"slot\" \"appointment\"", "\"case.received\"", "\"upload\" \"open\"", "\"case.copy_added\""];
    let after = after.map(|words| format!("after 1 dynamodb TransactWriteItems {words}"));
    let mut desk = Desk::open(folder.path(), after).await;
    desk.each_thing_once().await;
    desk.close();
}

/// Who changes what is there and dies before saying so is told, under the same key, that it has changed. That answer is not
/// kept: the client looks, and the key goes on asking.
#[tokio::test]
async fn a_second_try_that_finds_its_own_change_is_no_answer_for_a_week() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut desk =
        Desk::open(folder.path(), ["after 1 dynamodb TransactWriteItems \"case.cancelled\"".to_owned()]).await;
    desk.refused_twice().await;
    desk.close();
}

/// The list is complete: in a job that nothing disturbs, every request that changes something has the words of a moment.
#[tokio::test]
async fn no_change_is_without_a_moment() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("requests.log");
    let stack = Stack::overheard(&folder.path().join("data"), std::fs::File::create(&log).expect("a file"));
    let client = stack.client().await;
    let (case, copies) = submitted(&client, "mau@example.com", 1).await;
    signed(&client, &copies).await;
    let session = client.by("seal_keeper", seal(&copies)).await.is(202).text("/id");
    assert_eq!(ended(&client, "seal_keeper", &session).await["state"], "done");
    archived(&client, &copies[0]).await;
    let until = Instant::now() + PATIENCE;
    let sent = Call::get(format!("/v1/cases/{case}/deliveries"));
    while client.by("clerk", sent.clone()).await.is(200).json()["data"][0]["state"] != "sent" {
        assert!(Instant::now() < until, "no letter");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(stack.stop(), 0);

    let log = std::fs::read_to_string(&log).expect("a log");
    let changes: Vec<String> = log.lines().filter_map(passed_on).filter(|label| changes(label)).collect();
    let has = |label: &str, words: &str| words.split(' ').all(|word| label.contains(word));
    let listed = |label: &str| MOMENTS.iter().chain(&BESIDE).any(|(_, words)| has(label, words));
    assert!(changes.len() > MOMENTS.len(), "{changes:#?}");
    let without: Vec<&String> = changes.iter().filter(|label| !listed(label)).collect();
    assert!(without.is_empty(), "requests that change something, and no power cut: {without:#?}");
}

/// The label of a request in a line of the log: a quoted text.
fn passed_on(line: &str) -> Option<String> {
    let (_, label) = line.split_once("passed on label=")?;
    Some(serde_json::from_str(label).unwrap_or_else(|error| panic!("{error}: {label}")))
}

/// Whether a request changes something where it goes. What is not known to read only, changes.
fn changes(label: &str) -> bool {
    let (operation, target) = label.split_once(' ').expect("a service").1.split_once(' ').expect("an operation");
    let reads = matches!(operation, "GetItem" | "BatchGetItem" | "Query" | "GET" | "HEAD");
    !reads && !ONLY_READ.iter().any(|path| target.starts_with(path))
}

/// Ten moments, each with a dossier of its own, in one folder: the number of each is the next one.
#[tokio::test]
async fn ten_jobs_outlive_a_power_cut_each() {
    // Of three time-stamps the first comes first.
    let alone = MOMENTS.iter().skip_while(|(what, _)| *what != "the signature is kept");
    let alone =
        alone.filter(|(what, _)| !matches!(*what, "the time-stamp of the seal" | "the time-stamp of the archive"));
    let folder = tempfile::tempdir().expect("a folder");
    for ((nth, side), (_, words)) in (1..=10).zip(["after", "before"].into_iter().cycle()).zip(alone) {
        finished(folder.path(), [format!("{side} 1 {words}")].into_iter(), nth).await;
    }
}

/// All moments hit one dossier; then another dossier gets the next number.
async fn one_dossier(moments: impl Iterator<Item = String>) {
    let folder = tempfile::tempdir().expect("a folder");
    finished(folder.path(), moments, 1).await;
    finished(folder.path(), [].into_iter(), 2).await;
}

/// A job through all the power cuts; the copy must be the `nth` that was ever numbered, and valid.
async fn finished(folder: &Path, moments: impl Iterator<Item = String>, nth: u64) {
    let mut desk = Desk::open(folder, moments).await;
    let copy = desk.job().await;
    assert_eq!(copy["number"], nth, "{copy}");
    let (report, registered) = desk.judged(&copy).await;
    assert_eq!(report["verdict"], "valid", "{report}");
    assert_eq!(report["number"]["number"], nth, "{report}");
    assert_eq!(registered["status"], "active", "{registered}");
    // A letter whose answer was lost is sent again, under another link.
    assert!((nth..=nth + 1).contains(&desk.letters().await));
    assert_eq!(desk.by_number(nth + 1).await["status"], "unknown", "a number that belongs to nobody");
    desk.close();
}
