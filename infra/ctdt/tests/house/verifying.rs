//! Every way in to a verification, what is kept of it, and that whoever verified a copy hears of its annulment.

use std::io::{Cursor, Write as _};
use std::time::Instant;

use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Answer, Call, Client};
use crate::job;
use crate::stack::Stack;

/// What annuls the copy, and why.
const DECISION: &str = "12/QĐ-UBND";
const WHY: &str = "sai bản chính";
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
    let hidden = [zipped(&[("a.png", &scan)]), zipped(&[("a.pdf", file)])].concat();
    let hidden = client.send(send("/v1/verifications", "application/zip", hidden)).await;
    let why = hidden.problem(422, "zip-broken");
    assert!(
        why["detail"].as_str().is_some_and(|why| why.ends_with("mỗi phần mềm có thể thấy những tệp khác nhau.")),
        "{why}"
    );
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
    let record = record(client, &open).await;
    assert_eq!(client.send(at(&open).header("accept", "application/pdf")).await.is(200).body, record);
    client.by("clerk", at(&format!("{mine}/report.pdf"))).await.problem(404, "not-found");
    client.send(at("vrf_00000000000000000000000000")).await.problem(404, "not-found");
    client.send(at("copy_00000000000000000000000000")).await.problem(422, "wrong-id-type");
    let all = send("/v1/verifications?retain=all", "application/pdf", file.to_vec());
    client.send(all).await.problem(422, "validation-failed");
    (mine, open)
}

/// The record of a report: signed by the service, the same whenever it is asked for, and to a judge a signed file that is no copy.
async fn record(client: &Client, id: &str) -> Vec<u8> {
    let ask = || Call::get(format!("/v1/verifications/{id}/report.pdf"));
    let answer = client.send(ask()).await.is(200);
    assert_eq!(answer.header("content-type"), "application/pdf");
    assert_eq!(client.send(ask()).await.is(200).body, answer.body, "asked again, the same bytes");
    let judged = client.send(pdf(answer.body.clone())).await.is(200).json();
    assert_eq!((&judged["verdict"], &judged["kind"]), (&json!("valid"), &json!("signed_pdf")), "{judged}");
    let signature = &judged["signatures"][0];
    assert_eq!((&signature["field"], &signature["level"]), (&json!("Report"), &json!("B-B")), "{judged}");
    let who = signature["signer"]["subject"].as_str().expect("a name");
    assert!(who.contains("Dịch vụ kiểm tra"), "{who}");
    answer.body
}

/// A key that does not sign costs the record and nothing else; a folder without the key, as an earlier version left it, gets one.
#[tokio::test]
async fn without_its_key_the_service_gives_no_record() {
    let folder = tempfile::tempdir().expect("a folder");
    let stack = Stack::with_power_cut(folder.path(), None);
    let client = stack.client().await;
    let id = client
        .send(send("/v1/verifications?retain=report", "application/pdf", vec![b'x'; 9]))
        .await
        .is(200)
        .text("/id");
    let shown = |client: Client| {
        let path = format!("/v1/verifications/{id}");
        async move { client.send(Call::get(path)).await.is(200).json() }
    };
    let (report, before) = (shown(stack.client().await).await, record(&client, &id).await);
    assert_eq!(stack.stop(), 0);

    let key = key_of_records(folder.path());
    let mut kept: Value = serde_json::from_slice(&std::fs::read(&key).expect("a key")).expect("JSON");
    kept["enabled"] = json!(false);
    std::fs::write(&key, kept.to_string()).expect("written");
    let stack = Stack::with_power_cut(folder.path(), None);
    let client = stack.client().await;
    let refused = client.send(Call::get(format!("/v1/verifications/{id}/report.pdf"))).await;
    assert_eq!(refused.header("retry-after"), "5");
    refused.problem(503, "service-unavailable");
    assert_eq!(shown(client).await, report, "the report is there as before");
    assert_eq!(stack.stop(), 0);

    std::fs::remove_file(&key).expect("removed");
    let stack = Stack::with_power_cut(folder.path(), None);
    let after = record(&stack.client().await, &id).await;
    assert_ne!(after, before, "another key");
    assert_eq!(stack.stop(), 0);
}

/// Where a data folder keeps the key that signs records.
fn key_of_records(folder: &std::path::Path) -> std::path::PathBuf {
    let files = std::fs::read_dir(folder.join("kms")).expect("keys").map(|entry| entry.expect("an entry").path());
    let is_it = |path: &std::path::PathBuf| {
        std::fs::read_to_string(path).is_ok_and(|text| text.contains("The key of the verification service"))
    };
    files.into_iter().find(is_it).expect("the key")
}

/// Annuls; a decision that is not yet made, or was made before there was a copy, is refused and changes nothing.
async fn by_a_decision_of_its_time(client: &Client, id: &str, today: &str) {
    let etag = client.by("clerk", Call::get(format!("/v1/copies/{id}"))).await.is(200).etag();
    let annul = async |no: &str, date: &str| {
        let decision = json!({"decision_no": no, "decision_date": date, "reason": WHY});
        client.by("seal_keeper", Call::post(format!("/v1/copies/{id}/annul"), &decision).on(&etag)).await
    };
    let time = format!("{today}T10:00");
    for (no, date, pointer, code) in [
        (DECISION, "2999-12-31", "/decision_date", "in_the_future"),
        (DECISION, "2020-02-29", "/decision_date", "before_sealing"),
        (DECISION, "26/11/2026", "/decision_date", "date"),
        (DECISION, time.as_str(), "/decision_date", "date"),
        ("", today, "/decision_no", "1_to_100_characters"),
        (&"1".repeat(101), today, "/decision_no", "1_to_100_characters"),
        ("12\u{202e}/QĐ", today, "/decision_no", "character_not_allowed"),
    ] {
        let problem = annul(no, date).await.problem(422, "validation-failed");
        let error = &problem["errors"][0];
        assert_eq!((&error["pointer"], &error["code"]), (&json!(pointer), &json!(code)), "{problem}");
    }
    annul(DECISION, today).await.is(200);
}

/// Number and date of the decision are for anybody, the reason for the unit's people.
async fn annulment_is_told(client: &Client, id: &str, today: &str) {
    let copy = client.by("clerk", Call::get(format!("/v1/copies/{id}"))).await.is(200).json();
    let told = &copy["annulment"];
    let said = |told: &Value| told["decision_no"] == DECISION && told["decision_date"] == today;
    assert!(said(told) && told["reason"] == WHY && told["at"].is_string(), "{copy}");
    let copy = client.by("portal", Call::get(format!("/v1/copies/{id}"))).await.is(200).json();
    assert!(said(&copy["annulment"]) && copy["annulment"]["reason"].is_null(), "{copy}");
    let found = job::by_number(client, copy["number"].as_u64().expect("a number")).await;
    assert!(found["status"] == "annulled" && said(&found["annulment"]), "{found}");
    assert!(found["annulment"]["at"].is_string() && !found.to_string().contains(WHY), "{found}");
    let query = format!("unit_code=000.00.01.H99&year={}&number={}", copy["year"], copy["number"]);
    let page = Call::get(format!("/v1/copies/by-number?{query}")).header("accept", "text/html");
    let page = String::from_utf8(client.send(page).await.is(200).body).expect("text");
    assert!(page.contains(DECISION) && !page.contains(WHY), "{page}");
}

/// Under the rules of any signed file the register is not asked, and another time has other truths: nothing of that is signed.
async fn no_record_by_choice(client: &Client, file: &[u8]) {
    let changed = [file, b"\n"].concat();
    for (wish, file) in [
        ("policy=general", &changed[..]),
        ("policy=general", file),
        ("policy=ecopy", file),
        ("at=2030-01-01T00:00:00Z", file),
    ] {
        let path = format!("/v1/verifications?retain=report&{wish}");
        let report = client.send(send(&path, "application/pdf", file.to_vec())).await.is(200).json();
        let id = report["id"].as_str().expect("an identifier");
        assert!(report["policy"]["profile"] != "auto" || !report["policy"]["at"].is_null(), "{report}");
        let record = Call::get(format!("/v1/verifications/{id}/report.pdf"));
        client.send(record).await.problem(409, "record-not-signed");
    }
    let plain = client.send(send("/v1/verifications?retain=report", "application/pdf", changed)).await.is(200).json();
    assert!(plain["verdict"] == "invalid" && says(&plain, "annulled"), "{plain}");
}

/// The stored verdict no longer answers, the report says so, and whoever asked is told once.
async fn annulled(client: &Client, id: &str, file: &[u8], mine: &str, open: &str) {
    let before = record(client, open).await;
    let today = job::today(client).await;
    by_a_decision_of_its_time(client, id, &today).await;
    let day = format!("{}/{}/{}", &today[8..], &today[5..7], &today[..4]);
    for call in [pdf(file.to_vec()), ask(&json!({"copy_id": id}))] {
        let report = client.by("officer", call).await.is(200).json();
        assert!(report["verdict"] == "invalid" && says(&report, "annulled"), "{report}");
        let reason = &report["reasons"][0];
        let vi = format!("Bản chứng thực này đã bị huỷ theo quyết định {DECISION}, ngày {day}.");
        assert_eq!((&reason["code"], &reason["text"]["vi"]), (&json!("annulled"), &json!(vi)), "{report}");
        let en = format!("This certified copy was annulled by decision {DECISION} of {day}.");
        assert_eq!(reason["text"]["en"], en, "{report}");
        assert_eq!((&reason["params"]["decision"], &reason["params"]["date"]), (&json!(DECISION), &json!(day)));
        assert!(!report.to_string().contains(WHY), "why is not for everybody: {report}");
    }
    annulment_is_told(client, id, &today).await;
    let report = client.by("officer", Call::get(format!("/v1/verifications/{mine}"))).await.is(200).json();
    assert_eq!(report["register"]["status"], "annulled", "{report}");
    assert_ne!(record(client, open).await, before, "no record hides an annulment");
    no_record_by_choice(client, file).await;
    let letter = letter(client, VISITOR).await;
    let text = letter["text"].as_str().expect("a text");
    assert!(text.contains(&format!("đã bị hủy theo quyết định {DECISION} ngày {day}, ghi sổ ngày ")), "{text}");
    assert!(text.contains(&format!("annulled by decision {DECISION} of {day}, entered in the register on ")), "{text}");
    assert!(!text.contains("Trần Thị Mẫu") && !text.contains(WHY), "{text}");
    assert_eq!(letters(client, VISITOR).await.len(), 1);
    // a report is kept for a month
    client.send(Call::post("/v1/sandbox/clock", &json!({"advance_s": 31 * 86_400}))).await.is(200);
    client.send(Call::get(format!("/v1/verifications/{open}"))).await.problem(410, "report-expired");
}
