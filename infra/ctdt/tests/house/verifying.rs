//! Every way in to a verification, what is kept of it, and that whoever verified a copy hears of its annulment.

use std::io::{Cursor, Write as _};
use std::time::Instant;

use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Answer, Call, Client};
use crate::job;
use crate::stack::Stack;

const VISITOR: &str = "nguoi-kiem-tra@example.vn";

fn ask(body: &Value) -> Call {
    Call::post("/v1/verifications", body)
}

fn send(path: &str, media_type: &str, body: Vec<u8>) -> Call {
    Call::new(Method::POST, path).header("content-type", media_type).bytes(body)
}

fn pdf(body: Vec<u8>) -> Call {
    send("/v1/verifications", "application/pdf", body)
}

fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    for (name, bytes) in files {
        writer.start_file(*name, options).expect("a file");
        writer.write_all(bytes).expect("bytes");
    }
    writer.finish().expect("an archive").into_inner()
}

fn form(file: &[u8], address: &str) -> Call {
    let mut body = Vec::new();
    body.extend_from_slice(b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\n\r\n");
    body.extend_from_slice(file);
    body.extend_from_slice(b"\r\n--x\r\nContent-Disposition: form-data; name=\"notify_email\"\r\n\r\n");
    body.extend_from_slice(address.as_bytes());
    body.extend_from_slice(b"\r\n--x--\r\n");
    send("/v1/verifications", "multipart/form-data; boundary=x", body)
}

async fn letters(client: &Client, to: &str) -> Vec<Value> {
    let all = client.send(Call::get("/v1/sandbox/mailbox")).await.is(200).json();
    all["data"].as_array().expect("a list").iter().filter(|letter| letter["to"] == to).cloned().collect()
}

async fn letter(client: &Client, to: &str) -> Value {
    let until = Instant::now() + job::PATIENCE;
    loop {
        if let Some(found) = letters(client, to).await.first() {
            return found.clone();
        }
        assert!(Instant::now() < until, "no letter to {to}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

fn says(report: &Value, code: &str) -> bool {
    report["reasons"].as_array().is_some_and(|all| all.iter().any(|reason| reason["code"] == code))
}

fn valid(answer: &Answer, source: &str) {
    let report = answer.json();
    assert_eq!((&report["verdict"], &report["source"]), (&json!("valid"), &json!(source)), "{report}");
}

#[tokio::test]
async fn every_way_in_and_what_is_kept() {
    let stack = Stack::in_memory();
    let client = stack.client().await;
    let requester = "nguoi-yeu-cau@example.vn";
    let (_, copies) = job::submitted(&client, requester, 1).await;
    job::signed(&client, &copies).await;
    let session = client.by("seal_keeper", job::seal(&copies)).await.is(202).text("/id");
    job::ended(&client, "seal_keeper", &session).await;
    let copy = job::archived(&client, &copies[0]).await;
    let id = copies[0].as_str();
    let file = job::file(&client, id).await;

    // a file of ours is judged once; then the register answers
    valid(&client.send(pdf(file.clone())).await.is(200), "file");
    valid(&client.send(pdf(file.clone())).await.is(200), "register");
    let judged_at = "2036-01-01T00:00:00+07:00";
    unusual_questions_are_judged_anew(&client, id, judged_at).await;
    by_identifier(&client, id).await;
    by_link(&client, requester).await;
    by_upload(&client, &file).await;
    by_number(&client, &copy).await;
    as_a_dossier(&client, &file).await;
    trust_list(&client).await;
    let (mine, open) = kept(&client, &file).await;

    // a visitor leaves an address; nothing of it shows
    let answer = client.send(form(&file, VISITOR)).await.is(200);
    assert_eq!(answer.json()["aftercare"], true);
    assert!(!String::from_utf8_lossy(&answer.body).contains(VISITOR));
    client.send(form(&file, "a@b")).await.problem(422, "validation-failed");

    annulled(&client, id, &file, &mine, &open).await;
    assert_eq!(stack.stop(), 0);
}

async fn unusual_questions_are_judged_anew(client: &Client, id: &str, at: &str) {
    let later = client.by("officer", ask(&json!({"copy_id": id, "at": at}))).await.is(200).json();
    assert_eq!(later["source"], "file", "another instant is another question");
    client.by("officer", ask(&json!({"copy_id": id, "at": "tomorrow"}))).await.problem(422, "validation-failed");
    client.by("officer", ask(&json!({"copy_id": id, "policy": "lax"}))).await.problem(422, "validation-failed");
}

async fn by_identifier(client: &Client, id: &str) {
    valid(&client.by("officer", ask(&json!({"copy_id": id}))).await.is(200), "register");
    client.send(ask(&json!({"copy_id": id}))).await.problem(401, "unauthenticated");
    client.by("officer", ask(&json!({"copy_id": "upl_0"}))).await.problem(422, "validation-failed");
    let other = json!({"copy_id": "copy_00000000000000000000000000"});
    client.by("officer", ask(&other)).await.problem(404, "not-found");
    client.by("officer", ask(&json!({"copy_id": id, "share_token": "x"}))).await.problem(422, "validation-failed");
    client.by("officer", ask(&json!({}))).await.problem(422, "validation-failed");
    let bad = Call::post("/v1/verifications", &json!({"copy_id": id})).header("authorization", "Bearer x");
    client.send(bad).await.problem(401, "unauthenticated");
}

async fn by_link(client: &Client, requester: &str) {
    let letter = letter(client, requester).await;
    let link = letter["links"][0].as_str().expect("a link").to_owned();
    valid(&client.send(ask(&json!({"share_token": link}))).await.is(200), "register");
    let token = link.rsplit('/').next().expect("a secret");
    valid(&client.send(ask(&json!({"share_token": token}))).await.is(200), "register");
    client.send(ask(&json!({"share_token": "0".repeat(32)}))).await.problem(404, "not-found");
}

async fn by_upload(client: &Client, file: &[u8]) {
    let upload = uploaded(client, file).await;
    valid(&client.by("clerk", ask(&upload)).await.is(200), "register");
    client.by("clerk_b", ask(&upload)).await.problem(404, "not-found");
    client.send(ask(&upload)).await.problem(401, "unauthenticated");
    in_blocks(client, file).await;
}

async fn uploaded(client: &Client, file: &[u8]) -> Value {
    let upload = client.by("clerk", Call::post("/v1/uploads", &job::declared("application/pdf", file))).await.is(201);
    job::put(client, &upload, file.to_vec()).await.is(200);
    json!({"upload_id": upload.text("/id")})
}

/// What is read in blocks is judged as what was sent: a file of ours that was changed, an archive, and what is longer than a block.
async fn in_blocks(client: &Client, file: &[u8]) {
    let timeless = |answer: Answer| {
        let mut report = answer.json();
        report["checked_at"] = Value::Null;
        report
    };
    let changed = [file, b"\n1 0 obj\n<<>>\nendobj\n"].concat();
    let sent = timeless(client.by("clerk", pdf(changed.clone())).await.is(200));
    let stored = timeless(client.by("clerk", ask(&uploaded(client, &changed).await)).await.is(200));
    assert_eq!((&stored["verdict"], &stored["source"]), (&json!("invalid"), &json!("file")), "{stored}");
    assert_eq!(stored, sent);
    let noise: Vec<u8> = (0..9_u32 << 20).map(|at| (at.wrapping_mul(2_654_435_761) >> 11) as u8).collect();
    let long = [file, &noise].concat();
    let report = client.by("clerk", ask(&uploaded(client, &long).await)).await.is(200).json();
    assert_eq!((&report["verdict"], &report["size"]), (&json!("invalid"), &json!(long.len())), "{report}");
    let dossier = zipped(&[("a.pdf", file), ("b.pdf", &long), ("c.pdf", &changed)]);
    let all = client.by("clerk", ask(&uploaded(client, &dossier).await)).await.is(200).json();
    let verdicts: Vec<&Value> = all["files"].as_array().expect("files").iter().map(|one| &one["verdict"]).collect();
    assert_eq!(verdicts, [&json!("valid"), &json!("invalid"), &json!("invalid")], "{all}");
    let broken = uploaded(client, b"PK\x03\x04 and nothing").await;
    client.by("clerk", ask(&broken)).await.problem(422, "zip-broken");
}

async fn by_number(client: &Client, copy: &Value) {
    let sha256 = copy["sha256"].as_str().expect("a digest");
    let report = client.by("officer", ask(&json!({"copy_id": copy["id"]}))).await.is(200).json();
    let unit = report["number"]["unit_code"].as_str().expect("a unit");
    let (book, year, number) = (&copy["book"], &copy["year"], &copy["number"]);
    let query = format!("unit_code={unit}&book={}&year={year}&number={number}", book.as_str().expect("a book"));
    let found = client.send(Call::get(format!("/v1/copies/by-number?{query}&sha256={sha256}"))).await.is(200).json();
    assert_eq!((&found["status"], &found["matches_hash"]), (&json!("active"), &json!(true)), "{found}");
    let other = query.replace(&format!("number={number}"), "number=9999");
    let found = client.send(Call::get(format!("/v1/copies/by-number?{other}"))).await.is(200).json();
    assert_eq!(found, json!({"status": "unknown"}));
    client.send(Call::get("/v1/copies/by-number?unit_code=a")).await.problem(422, "validation-failed");
}

async fn as_a_dossier(client: &Client, file: &[u8]) {
    let dossier = |files: &[(&str, &[u8])]| send("/v1/verifications", "application/zip", zipped(files));
    let scan = job::scan(9);
    let both = client.send(dossier(&[("ho-so/a.pdf", file), ("ho-so/b.png", &scan)])).await.is(200).json();
    let verdicts: Vec<&Value> = both["files"].as_array().expect("files").iter().map(|one| &one["verdict"]).collect();
    assert_eq!((&both["verdict"], &both["total"]), (&json!("invalid"), &json!(2)), "{both}");
    assert_eq!(verdicts, [&json!("valid"), &json!("invalid")]);
    assert_eq!(both["files"][0]["file"], "ho-so/a.pdf");
    let alone = client.send(dossier(&[("a.pdf", file)])).await.is(200).json();
    assert_eq!(alone["verdict"], "valid");
    let page = client.send(dossier(&[("a.pdf", file)]).header("accept", "text/html")).await.is(200);
    assert!(String::from_utf8_lossy(&page.body).contains("data-testid=\"dossier\""));
    client.send(dossier(&[("a.pdf", &vec![0; 11 << 20])])).await.problem(422, "zip-bomb");
    let broken = send("/v1/verifications", "application/zip", b"PK\x03\x04".to_vec());
    client.send(broken).await.problem(422, "zip-broken");
}

async fn trust_list(client: &Client) {
    let list = client.send(Call::get("/v1/trust-lists/current")).await.is(200).json();
    let rows = list["data"].as_array().expect("rows");
    let granted = |tree: &str, service: &str| {
        rows.iter().any(|row| row["tree"] == tree && row["service"] == service && row["licence_status"] == "granted")
    };
    assert!(granted("government", "root") && granted("national", "signing_ca") && granted("national", "tsa"), "{list}");
    assert_eq!((&list["test"], &list["overdue"]), (&json!(true), &json!(false)));
    let signed = Call::get("/v1/trust-lists/current").header("accept", "application/pkcs7-mime");
    let signed = client.send(signed).await.is(200);
    assert_eq!((signed.header("content-type").as_str(), signed.body.first()), ("application/pkcs7-mime", Some(&0x30)));
}

/// Gives the identifiers of a report of the officer's and of one that has no owner.
async fn kept(client: &Client, file: &[u8]) -> (String, String) {
    let keep = || send("/v1/verifications?retain=report", "application/pdf", file.to_vec());
    let mine = client.by("officer", keep()).await.is(200).text("/id");
    let open = client.send(keep()).await.is(200).text("/id");
    let at = |id: &str| Call::get(format!("/v1/verifications/{id}"));
    let report = client.by("officer", at(&mine)).await.is(200).json();
    assert_eq!((&report["verdict"], &report["register"]["status"]), (&json!("valid"), &json!("active")), "{report}");
    client.by("clerk", at(&mine)).await.problem(404, "not-found");
    client.send(at(&mine)).await.problem(401, "unauthenticated");
    assert_eq!(client.send(at(&open)).await.is(200).json()["id"], json!(open));
    let page = client.send(at(&open).header("accept", "text/html")).await.is(200);
    assert!(String::from_utf8_lossy(&page.body).contains("HỢP LỆ"));
    let record = client.send(at(&format!("{open}/report.pdf"))).await.is(200);
    assert!(record.header("content-type") == "application/pdf" && record.body.starts_with(b"%PDF-"));
    client.by("clerk", at(&format!("{mine}/report.pdf"))).await.problem(404, "not-found");
    client.send(at("vrf_00000000000000000000000000")).await.problem(404, "not-found");
    client.send(at("copy_00000000000000000000000000")).await.problem(422, "wrong-id-type");
    let all = send("/v1/verifications?retain=all", "application/pdf", file.to_vec());
    client.send(all).await.problem(422, "validation-failed");
    (mine, open)
}

/// The stored verdict no longer answers, the report says so, and whoever asked is told once.
async fn annulled(client: &Client, id: &str, file: &[u8], mine: &str, open: &str) {
    let etag = client.by("clerk", Call::get(format!("/v1/copies/{id}"))).await.is(200).etag();
    let decision = json!({"decision_no": "12/QĐ", "decision_date": "2026-11-26", "reason": "sai bản chính"});
    client.by("seal_keeper", Call::post(format!("/v1/copies/{id}/annul"), &decision).on(&etag)).await.is(200);
    for call in [pdf(file.to_vec()), ask(&json!({"copy_id": id}))] {
        let report = client.by("officer", call).await.is(200).json();
        assert!(report["verdict"] == "invalid" && says(&report, "annulled"), "{report}");
    }
    let report = client.by("officer", Call::get(format!("/v1/verifications/{mine}"))).await.is(200).json();
    assert_eq!(report["register"]["status"], "annulled", "{report}");
    let letter = letter(client, VISITOR).await;
    let text = letter["text"].as_str().expect("a text");
    assert!(text.contains("đã bị hủy") && !text.contains("Trần Thị Mẫu"), "{text}");
    assert_eq!(letters(client, VISITOR).await.len(), 1);
    // a report is kept for a month
    client.send(Call::post("/v1/sandbox/clock", &json!({"advance_s": 31 * 86_400}))).await.is(200);
    client.send(Call::get(format!("/v1/verifications/{open}"))).await.problem(410, "report-expired");
}
