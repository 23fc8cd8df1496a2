//! The power goes off inside running work (F1–F3, F13): at each request of a function that changes something, before the
//! service hears of it and after it has done its work. Started again with the same folder, the job ends with one number
//! and one valid file.

use std::path::Path;

use crate::outage::Desk;

/// Every request of the job that changes something, in the order of the job: what it is, and the words of the power cut
/// (`ctdt dev --power-cut`). What only reads is not listed: the power that goes off before a reading goes off after what
/// was done before it.
const MOMENTS: [(&str, &str); 34] = [
    ("the dossier is received", r#"dynamodb TransactWriteItems "case.received""#),
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
    ("evidence is fetched", "responders POST /ocsp/"),
    ("the time-stamp of the archive", "responders POST /tsa"),
    ("the archived file", "s3 PUT -archived.pdf"),
    ("the archive is recorded", r#"dynamodb TransactWriteItems "copy.archived""#),
    ("the intent to send the letter", r#"dynamodb TransactWriteItems "delivery" "Update""#),
    ("the letter", "ses POST /v2/email/outbound-emails"),
];

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
