//! Batches of verifications over HTTP (api.md §2.4, row 60): a dossier as one archive, a list, a thousand files, and a house whose
//! power fails meanwhile.

use std::io::{Cursor, Write as _};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::{Answer, Call, Client};
use crate::job;
use crate::stack::Stack;

const BATCHES: &str = "/v1/verification-batches";
const NOBODYS: &str = "copy_00000000000000000000000000";

pub(crate) fn ask(body: &Value) -> Call {
    Call::post(BATCHES, body)
}

fn of(id: &str, rest: &str) -> Call {
    Call::get(format!("{BATCHES}/{id}{rest}"))
}

pub(crate) fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    for (name, bytes) in files {
        if name.ends_with('/') {
            writer.add_directory(*name, options).expect("a folder");
        } else {
            writer.start_file(*name, options).expect("a file");
            writer.write_all(bytes).expect("bytes");
        }
    }
    writer.finish().expect("an archive").into_inner()
}

/// An upload that is sent and never completed: for whoever only verifies that is enough.
pub(crate) async fn uploaded(client: &Client, by: &str, media_type: &str, bytes: &[u8]) -> String {
    let upload = client.by(by, Call::post("/v1/uploads", &job::declared(media_type, bytes))).await.is(201);
    job::put(client, &upload, bytes.to_vec()).await.is(200);
    upload.text("/id")
}

/// Asks for a batch and waits for its end.
pub(crate) async fn judged(client: &Client, by: &str, body: &Value) -> Answer {
    let asked = client.by(by, ask(body)).await.is(202);
    assert_eq!(asked.header("location"), format!("{BATCHES}/{}", asked.text("/id")));
    ended(client, by, &asked.text("/id")).await
}

/// Follows a batch: it never goes back, and never beyond its whole.
async fn ended(client: &Client, by: &str, id: &str) -> Answer {
    let (until, mut before) = (Instant::now() + job::PATIENCE, 0);
    loop {
        let answer = client.by(by, of(id, "")).await.is(200);
        let now = answer.json();
        let (done, total) = (now["done"].as_u64().expect("a number"), now["total"].as_u64().expect("a number"));
        assert!(before <= done && done <= total, "{now} after {before}");
        assert_eq!(now["state"] == "done", done == total, "{now}");
        if now["state"] == "done" {
            assert_eq!(answer.header("retry-after"), "");
            return answer;
        }
        assert_eq!(answer.header("retry-after"), "2");
        before = done;
        assert!(Instant::now() < until, "still {now}");
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

/// Every item, page by page.
async fn items(client: &Client, by: &str, id: &str, limit: u32) -> Vec<Value> {
    let mut all = Vec::new();
    let mut next = Some(format!("{BATCHES}/{id}/items?limit={limit}"));
    while let Some(path) = next {
        let answer = client.by(by, Call::get(path)).await.is(200);
        let page = answer.json();
        let data = page["data"].as_array().expect("a list");
        assert!(data.len() <= limit as usize && !data.is_empty());
        all.extend(data.iter().cloned());
        next = page["next"].as_str().map(str::to_owned);
        assert_eq!(page["has_more"], json!(next.is_some()));
        assert_eq!(answer.header("link").contains("rel=\"next\""), next.is_some());
    }
    let numbers: Vec<u64> = all.iter().map(|item| item["n"].as_u64().expect("a number")).collect();
    assert_eq!(numbers, (0..all.len() as u64).collect::<Vec<_>>());
    all
}

fn encrypted() -> Vec<u8> {
    let path = format!("{}/../../tests/vectors/scans/mat-khau.pdf", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(path).expect("a file")
}

async fn sealed(client: &Client, count: u8) -> Vec<String> {
    let (_, copies) = job::submitted(client, "mau@example.com", count).await;
    job::signed(client, &copies).await;
    let session = client.by("seal_keeper", job::seal(&copies)).await.is(202).text("/id");
    assert_eq!(job::ended(client, "seal_keeper", &session).await["state"], "done");
    for copy in &copies {
        job::archived(client, copy).await;
    }
    copies
}

/// R64–R69: a dossier of good, altered and unreadable files is checked as one; each has its own evidence, and the whole has a record.
#[tokio::test]
async fn a_dossier_is_checked_as_one() {
    let stack = Stack::in_memory();
    let client = stack.client().await;
    let copies = sealed(&client, 2).await;
    let (one, two) = (job::file(&client, &copies[0]).await, job::file(&client, &copies[1]).await);
    let changed = [one.as_slice(), b"\n1 0 obj\n<<>>\nendobj\n"].concat();
    let dossier = zipped(&[
        ("ho-so/", b""),
        ("ho-so/bang.pdf", &one),
        ("ho-so/bang (lan 2).pdf", &one),
        ("ho-so/bi-sua.pdf", &changed),
        ("ho-so/anh.png", &job::scan(9)),
        ("ho-so/mat-khau.pdf", &encrypted()),
        ("ho-so/bang-2.pdf", &two),
    ]);
    let upload = uploaded(&client, "officer", "application/zip", &dossier).await;
    let complete = Call::post(format!("/v1/uploads/{upload}/complete"), &json!({}));
    client.by("officer", complete).await.problem(415, "type-not-accepted");
    let expected = json!([
        {"title": "  BẰNG tốt nghiệp "}, {"title": "Bằng tốt nghiệp", "type": "diploma"}, {"type": "land"},
    ]);
    let answer = judged(&client, "officer", &json!({"upload_id": upload, "expected": expected})).await;
    let batch = answer.json();
    let id = answer.text("/id");
    let counts = ["total", "valid", "invalid", "indeterminate", "unjudged"].map(|name| batch[name].clone());
    assert_eq!(counts, [json!(6), json!(3), json!(2), json!(1), json!(0)], "{batch}");
    found(&batch["coverage"]);
    let known = of(&id, "").header("if-none-match", &answer.etag());
    assert!(client.by("officer", known).await.is(304).body.is_empty());
    let items = items(&client, "officer", &id, 4).await;
    evidence(&client, &items).await;
    strangers(&client, &id, &items).await;
    record(&client, &id, &copies[0]).await;
    assert_eq!(stack.stop(), 0);
}

/// Both diplomas were found, the same one sent twice is one, and nobody sent a title of land.
fn found(coverage: &Value) {
    let count = ["expected", "found", "missing", "untitled"].map(|name| coverage[name].clone());
    assert_eq!(count, [json!(3), json!(2), json!(1), json!(0)], "{coverage}");
    let papers = coverage["papers"].as_array().expect("papers");
    let found: Vec<&Value> = papers.iter().map(|paper| &paper["found"]).collect();
    assert_eq!(found, [&json!(true), &json!(true), &json!(false)], "{coverage}");
    let mut which: Vec<u64> = papers.iter().filter_map(|paper| paper["item"].as_u64()).collect();
    which.sort_unstable();
    assert_eq!(which, [0, 5], "{coverage}");
}

async fn evidence(client: &Client, items: &[Value]) {
    let told: Vec<(&str, &str, Option<&str>)> = items
        .iter()
        .map(|item| {
            let text = |name: &str| item[name].as_str().expect("a text");
            (text("name"), text("verdict"), item["problem"]["code"].as_str())
        })
        .collect();
    let wanted = [
        ("ho-so/bang.pdf", "valid", None),
        ("ho-so/bang (lan 2).pdf", "valid", None),
        ("ho-so/bi-sua.pdf", "invalid", None),
        ("ho-so/anh.png", "invalid", Some("not-a-pdf")),
        ("ho-so/mat-khau.pdf", "indeterminate", Some("pdf-encrypted")),
        ("ho-so/bang-2.pdf", "valid", None),
    ];
    assert_eq!(told, wanted, "{items:?}");
    assert_eq!((&items[0]["title"], &items[0]["type"]), (&json!("Bằng tốt nghiệp"), &json!("diploma")));
    for item in items {
        let href = item["verification"]["href"].as_str().expect("a link");
        let report = client.by("officer", Call::get(href)).await.is(200).json();
        assert_eq!((&report["verdict"], &report["file"]), (&item["verdict"], &item["name"]), "{report}");
        assert_eq!(report["id"], item["verification"]["id"]);
        client.by("clerk", Call::get(href)).await.problem(404, "not-found");
    }
    let record = format!("{}/report.pdf", items[0]["verification"]["href"].as_str().expect("a link"));
    assert!(client.by("officer", Call::get(record)).await.is(200).body.starts_with(b"%PDF-"));
}

/// Nobody else learns anything of a batch, nor opens what it was made of.
async fn strangers(client: &Client, id: &str, items: &[Value]) {
    for rest in ["", "/items", "/report.pdf"] {
        client.by("clerk", of(id, rest)).await.problem(404, "not-found");
        client.by("portal", of(id, rest)).await.problem(404, "not-found");
        client.send(of(id, rest)).await.problem(401, "unauthenticated");
    }
    let other =
        judged(client, "officer", &json!({"items": [{"copy_id": NOBODYS}, {"copy_id": NOBODYS}]})).await.text("/id");
    let page = client.by("officer", of(&other, "/items?limit=1")).await.is(200).text("/next");
    let cursor = page.rsplit("after=").next().expect("a cursor");
    client.by("officer", of(id, &format!("/items?after={cursor}"))).await.problem(422, "validation-failed");
    assert!(!items.is_empty());
}

/// One signed PDF about the whole: the same whenever it is asked for, and it tells what was annulled since.
async fn record(client: &Client, id: &str, copy: &str) {
    let first = client.by("officer", of(id, "/report.pdf")).await.is(200);
    assert_eq!(first.header("content-type"), "application/pdf");
    assert_eq!(
        client.by("officer", of(id, "/report.pdf")).await.is(200).body,
        first.body,
        "asked again, the same bytes"
    );
    let judged = job::report(client, first.body.clone()).await;
    assert_eq!((&judged["verdict"], &judged["kind"]), (&json!("valid"), &json!("signed_pdf")), "{judged}");
    assert_eq!(judged["signatures"][0]["field"], "Report", "{judged}");
    let copy = client.by("clerk", Call::get(format!("/v1/copies/{copy}"))).await.is(200).json();
    crate::published::annul(client, &copy).await;
    let after = client.by("officer", of(id, "/report.pdf")).await.is(200);
    assert!(after.body.len() > first.body.len(), "an annulment stands in the record");
    assert_eq!(job::report(client, after.body).await["verdict"], "valid");
}

/// A list names copies, links and uploads; what is not there, or not the caller's, is an item with its problem.
#[tokio::test]
async fn a_list_is_judged_item_by_item() {
    let stack = Stack::in_memory();
    let client = stack.client().await;
    let copies = sealed(&client, 1).await;
    let file = job::file(&client, &copies[0]).await;
    let mine = uploaded(&client, "officer", "application/pdf", &file).await;
    let theirs = uploaded(&client, "clerk", "application/pdf", &file).await;
    let open = client.by("officer", Call::post("/v1/uploads", &job::declared("application/pdf", &file))).await.is(201);
    let list = json!({"items": [
        {"copy_id": copies[0]}, {"upload_id": mine}, {"upload_id": theirs}, {"upload_id": open.text("/id")},
        {"copy_id": NOBODYS}, {"share_token": "0".repeat(32)},
    ], "expected": [{"type": "diploma"}, {"type": "diploma"}]});
    let batch = judged(&client, "officer", &list).await;
    assert_eq!(batch.json()["coverage"]["found"], 1, "the copy and its file are one paper");
    let told: Vec<(Value, Value)> = items(&client, "officer", &batch.text("/id"), 100)
        .await
        .iter()
        .map(|item| (item["verdict"].clone(), item["problem"]["code"].clone()))
        .collect();
    let none = |code: &str| (Value::Null, json!(code));
    let valid = (json!("valid"), Value::Null);
    let wanted =
        [valid.clone(), valid, none("not-found"), none("upload-not-ready"), none("not-found"), none("not-found")];
    assert_eq!(told, wanted);
    assert_eq!(batch.json()["unjudged"], 4);
    // Without a token there is no batch, and a citizen's batch is the citizen's.
    client.send(ask(&list)).await.problem(401, "unauthenticated");
    assert_eq!(stack.stop(), 0);
}

/// As many files as there may be: each gets its answer, and the record has all.
#[tokio::test]
async fn a_thousand_files_are_one_batch() {
    let stack = Stack::in_memory();
    let client = stack.client().await;
    let names: Vec<String> = (0..1000).map(|n| format!("{n:04}.pdf")).collect();
    let files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b"%PDF-1.7\n"[..])).collect();
    let upload = uploaded(&client, "officer", "application/zip", &zipped(&files)).await;
    let batch = judged(&client, "officer", &json!({"upload_id": upload})).await;
    assert_eq!((&batch.json()["total"], &batch.json()["valid"]), (&json!(1000), &json!(0)));
    let all = items(&client, "officer", &batch.text("/id"), 100).await;
    assert!(all.iter().zip(&names).all(|(item, name)| item["name"] == **name), "in the order of the archive");
    let record = client.by("officer", of(&batch.text("/id"), "/report.pdf")).await.is(200);
    assert!(record.body.starts_with(b"%PDF-"));
    assert_eq!(stack.stop(), 0);
}

/// F1, F3: the power goes off at every kind of step of a batch, before and after it; in its next life the house goes on at the first
/// file without an answer.
#[tokio::test]
async fn a_batch_outlives_power_cuts() {
    for moment in [
        r#"before 1 dynamodb TransactWriteItems "batch_plan""#,
        r#"after 1 dynamodb TransactWriteItems "batch_plan""#,
        r#"before 2 dynamodb TransactWriteItems "batch_item""#,
        r#"after 2 dynamodb TransactWriteItems "batch_item""#,
        r#"after 3 dynamodb TransactWriteItems "batch_item""#,
    ] {
        cut_at(moment).await;
    }
}

async fn cut_at(moment: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let stack = Stack::with_power_cut(folder.path(), Some(moment));
    let client = stack.client().await;
    let dossier = zipped(&[("a.pdf", &encrypted()), ("b.png", &job::scan(1)), ("c.pdf", b"%PDF-1.7\n")]);
    let upload = uploaded(&client, "officer", "application/zip", &dossier).await;
    let call = ask(&json!({"upload_id": upload}));
    drop(client.try_send(call.clone().by(client.persona("officer"))).await);
    stack.died();

    let stack = Stack::with_power_cut(folder.path(), None);
    let client = stack.client().await;
    // Longer than a request is taken for running, and than a dead run holds a batch.
    client.send(Call::post("/v1/sandbox/clock", &json!({"advance_s": 61}))).await.is(200);
    let again = client.by("officer", call).await.is(202);
    let batch = ended(&client, "officer", &again.text("/id")).await.json();
    let verdicts: Vec<Value> =
        items(&client, "officer", &again.text("/id"), 2).await.iter().map(|item| item["name"].clone()).collect();
    assert_eq!(
        (&batch["total"], verdicts),
        (&json!(3), vec![json!("a.pdf"), json!("b.png"), json!("c.pdf")]),
        "{moment}"
    );
    assert_eq!(stack.stop(), 0);
}
