//! `ctdt demo`: the main job from the visit to the verified file, through the public HTTP API only (contract.md §4).

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::client::{Answer, Api, Call, Failure};
use crate::verify::short_time;

/// The scan that is used when none is given: a photographed page.
const SAMPLE: &[u8] = include_bytes!("../sample/ban-goc.jpg");
/// Where the second copy's letter goes.
const LETTER_TO: &str = "le.van.mau@example.com";
/// What is written: the copy, the roots, the report, its signed record, and the keys for the QR code in the seal.
const FILES: [&str; 5] = ["ban-sao.pdf", "trust.pem", "bien-ban.json", "bien-ban.pdf", "ma-qr.jwks.json"];
/// Bodies above this go by upload (decision 44).
const BODY_LIMIT: usize = 4 * 1024 * 1024;
/// How long a session or the archive may take before the demonstration gives up.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two polls.
const POLL: Duration = Duration::from_millis(100);

/// The scan to attest.
#[derive(Debug)]
pub(crate) struct Scan {
    name: String,
    media_type: &'static str,
    bytes: Vec<u8>,
}

impl Scan {
    /// Reads a scan; without a path the built-in sample.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) fn read(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else {
            return Ok(Self { name: "ban-goc.jpg".into(), media_type: "image/jpeg", bytes: SAMPLE.to_vec() });
        };
        let bytes = std::fs::read(path).map_err(|error| Failure::Other(format!("{}: {error}", path.display())))?;
        let name = path.file_name().map_or_else(|| "scan".into(), |name| name.to_string_lossy().into_owned());
        Ok(Self { name, media_type: media_type(&bytes), bytes })
    }
}

/// By the first bytes, as every reader does; what is none of the four goes in as PDF and gets its refusal.
fn media_type(bytes: &[u8]) -> &'static str {
    match bytes {
        [0xff, 0xd8, 0xff, ..] => "image/jpeg",
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => "image/tiff",
        _ => "application/pdf",
    }
}

/// Somebody of the sandbox.
struct Persona {
    token: String,
    account: String,
    phone: String,
    pin: String,
}

/// One run: where it talks to, and its progress lines.
struct Run {
    api: Api,
    begun: Instant,
    last: Instant,
    step: u32,
    /// Whether steps are left unsaid.
    quiet: bool,
}

/// Runs the job and writes `ban-sao.pdf`, `trust.pem`, `bien-ban.json`, `bien-ban.pdf`, the record that the service signs, and
/// `ma-qr.jwks.json`, with which the QR code in the seal is checked. Gives the verdict.
///
/// # Errors
/// The first call that failed; what was done before it stays done.
pub(crate) async fn run(base: &str, scan: Scan, out: &Path, begun: Instant) -> Result<String, Failure> {
    let mut run = Run { api: Api::new(base)?, begun, last: begun, step: 0, quiet: false };
    run.say("Khởi động đám mây cục bộ", "local cloud is up");
    let case = receive(&mut run).await?;
    let copy = from_scan_to_seal(&mut run, &case, scan).await?;
    let file = fetch(&mut run, &copy).await?;
    stored(&mut run, &copy).await?;
    by_letter(&mut run).await?;
    let report = verify(&mut run, &file).await?;
    let record = record(&mut run, &copy).await?;
    write(&run, out, &file, &report, &record).await?;
    Ok(conclude(&run, out, &report))
}

impl Run {
    fn say(&mut self, vi: &str, en: &str) {
        if self.quiet {
            return;
        }
        let now = Instant::now();
        self.step += 1;
        let took = now.duration_since(self.last).as_millis();
        println!("{:>3}. {vi} ({en})  {took} ms", self.step);
        self.last = now;
    }

    async fn persona(&self, key: &str) -> Result<Persona, Failure> {
        let all = self.api.send(Call::get("/v1/sandbox/personas")).await?.json();
        let found = all["data"].as_array().into_iter().flatten().find(|one| one["key"] == key);
        let found = found.ok_or_else(|| Failure::Other(format!("no persona {key}")))?;
        let text = |name: &str| found[name].as_str().unwrap_or_default().to_owned();
        Ok(Persona { token: text("token"), account: text("account_id"), phone: text("phone"), pin: text("pin") })
    }
}

/// A dossier at the desk with its version.
struct Case {
    id: String,
    etag: String,
}

async fn receive(run: &mut Run) -> Result<Case, Failure> {
    let (portal, citizen, clerk) =
        (run.persona("portal").await?, run.persona("citizen").await?, run.persona("clerk").await?);
    let unit = run.api.send(Call::get("/v1/units?q=x%C3%A3%20m%E1%BA%ABu").by(&portal.token)).await?;
    let unit = unit.text("/data/0/id")?;
    let slots = run.api.send(Call::get(format!("/v1/units/{unit}/slots")).by(&portal.token)).await?.json();
    let free = slots["data"].as_array().into_iter().flatten().find(|slot| slot["free"].as_u64() > Some(0));
    let start = free.and_then(|slot| slot["start"].as_str()).unwrap_or_default();
    let body = json!({
        "unit_id": unit, "start": start, "account": {"kind": "person", "id": citizen.account},
        "originals": [{"type_id": "diploma", "title": "Bằng tốt nghiệp cao đẳng nghề", "pages": 1}],
    });
    let visit = run.api.send(Call::post("/v1/appointments", &body).by(&portal.token)).await?;
    run.say(&format!("Đặt lịch hẹn {}", visit.text("/code")?), "appointment booked");

    let body = json!({"appointment_id": visit.text("/id")?, "basis": "paper_original"});
    let case = run.api.send(Call::post("/v1/cases", &body).by(&clerk.token)).await?;
    let due = case.text("/due_at")?;
    let due = short_time(&due).unwrap_or(due);
    run.say(&format!("Tiếp nhận hồ sơ {}, hạn trả {due}", case.text("/code")?), "case received");

    checked(run, &case).await
}

/// The six grounds of Article 22: none applies.
async fn checked(run: &mut Run, case: &Answer) -> Result<Case, Failure> {
    let (clerk, id) = (run.persona("clerk").await?, case.text("/id")?);
    let grounds: serde_json::Map<String, Value> = (1..=6).map(|n| (format!("22.{n}"), json!(false))).collect();
    let body = json!({"grounds": grounds, "confirmed": true});
    let checked = Call::put(format!("/v1/cases/{id}/checklist"), &body).by(&clerk.token).on(&case.etag());
    let etag = run.api.send(checked).await?.etag();
    run.say("Kiểm tra bản chính: không có căn cứ từ chối", "six grounds checked");
    Ok(Case { id, etag })
}

async fn from_scan_to_seal(run: &mut Run, case: &Case, scan: Scan) -> Result<String, Failure> {
    let copy = scan_and_submit(run, case, scan).await?;
    sign(run, &copy).await?;
    seal(run, &copy).await?;
    Ok(copy)
}

/// A second dossier, for somebody without an account, on the built-in scan: its copy goes out by letter.
async fn by_letter(run: &mut Run) -> Result<(), Failure> {
    run.quiet = true;
    let clerk = run.persona("clerk").await?;
    let body = json!({"basis": "paper_original", "requester": {
        "kind": "person", "name": "Lê Văn Mẫu", "id_type": "citizen_id", "id_number": "001099000077", "email": LETTER_TO,
    }});
    let case = run.api.send(Call::post("/v1/cases", &body).by(&clerk.token)).await?;
    let case = checked(run, &case).await?;
    from_scan_to_seal(run, &case, Scan::read(None)?).await?;
    run.quiet = false;
    let until = Instant::now() + PATIENCE;
    loop {
        let mailbox = run.api.send(Call::get("/v1/sandbox/mailbox")).await?.json();
        if mailbox["data"].as_array().into_iter().flatten().any(|letter| letter["to"] == LETTER_TO) {
            run.say(
                "Hồ sơ thứ hai, người không có tài khoản: trả kết quả bằng thư",
                "a second copy went out by e-mail",
            );
            return Ok(());
        }
        if Instant::now() > until {
            return Err(Failure::Other("chưa có thư / no letter came".into()));
        }
        tokio::time::sleep(POLL).await;
    }
}

async fn scan_and_submit(run: &mut Run, case: &Case, scan: Scan) -> Result<String, Failure> {
    let clerk = run.persona("clerk").await?;
    let (upload, pages) = upload(run, &clerk.token, scan).await?;
    run.say(&format!("Tải bản quét lên: {pages} trang"), "scan uploaded and checked");

    let body = json!({
        "type_id": "diploma", "title": "Bằng tốt nghiệp cao đẳng nghề", "issuer": "Trường Cao đẳng nghề Mẫu Sông Hồng", "pages": pages,
        "upload_ids": [upload],
    });
    let added = Call::post(format!("/v1/cases/{}/copies", case.id), &body).by(&clerk.token).on(&case.etag);
    let copy = run.api.send(added).await?;
    let id = copy.text("/id")?;
    let body = json!({"template_id": "default", "placement": "auto"});
    let worded = Call::put(format!("/v1/copies/{id}/attestation"), &body).by(&clerk.token).on(&copy.etag());
    run.api.send(worded).await?;
    run.say("Đặt lời chứng", "wording chosen");

    let fee = run.api.send(Call::get(format!("/v1/fees?pages={pages}"))).await?.json()["fee_vnd"].clone();
    let now = run.api.send(Call::get("/v1/sandbox/clock")).await?.text("/now")?;
    let body = json!({"receipt_no": "BL-0001", "amount_vnd": fee, "paid_at": now});
    let etag = run.api.send(Call::get(format!("/v1/cases/{}", case.id)).by(&clerk.token)).await?.etag();
    let paid = Call::post(format!("/v1/cases/{}/fee", case.id), &body).by(&clerk.token).on(&etag);
    let etag = run.api.send(paid).await?.etag();
    run.say(&format!("Thu phí {} đồng", grouped(fee.as_u64().unwrap_or_default())), "fee recorded");

    let submitted = Call::post(format!("/v1/cases/{}/submit", case.id), &json!({})).by(&clerk.token).on(&etag);
    run.api.send(submitted).await?;
    run.say("Trình lãnh đạo", "submitted to the leader");
    Ok(id)
}

/// Declares, sends and completes one upload; gives its identifier and the pages found.
async fn upload(run: &Run, token: &str, scan: Scan) -> Result<(String, u64), Failure> {
    let declared = json!({
        "filename": scan.name, "content_type": scan.media_type, "size": scan.bytes.len(),
        "sha256": hex::encode(Sha256::digest(&scan.bytes)),
    });
    let upload = run.api.send(Call::post("/v1/uploads", &declared).by(token)).await?;
    let id = upload.text("/id")?;
    run.api.put_presigned(&upload.json()["put"], scan.bytes).await?;
    let done = run.api.send(Call::post(format!("/v1/uploads/{id}/complete"), &json!({})).by(token)).await?;
    Ok((id, done.json()["pages"].as_u64().unwrap_or(0)))
}

async fn sign(run: &mut Run, copy: &str) -> Result<(), Failure> {
    let leader = run.persona("leader").await?;
    run.api.send(Call::get("/v1/queues/sign").by(&leader.token)).await?;
    run.api.send(Call::get(format!("/v1/copies/{copy}/preview.pdf")).by(&leader.token)).await?;
    run.say("Lãnh đạo mở xem bản sao", "leader opened the preview");

    let body = json!({"purpose": "leader_sign", "copy_ids": [copy], "method": "sim"});
    let session = run.api.send(Call::post("/v1/sign-sessions", &body).by(&leader.token)).await?;
    run.say(&format!("Yêu cầu ký gửi tới điện thoại, mã {}", session.text("/verification_code")?), "phone asked");

    let confirm = Call::post(format!("/v1/sandbox/phones/{}/confirm", leader.phone), &json!({"pin": leader.pin}));
    run.api.send(confirm).await?;
    run.say("Điện thoại xác nhận bằng mã PIN", "phone confirmed with its PIN");
    ended(run, &session, &leader.token).await?;
    run.say("Lãnh đạo đã ký, có dấu thời gian", "leader's signature checked and timestamped");
    Ok(())
}

async fn seal(run: &mut Run, copy: &str) -> Result<(), Failure> {
    let keeper = run.persona("seal_keeper").await?;
    let body = json!({"purpose": "seal", "copy_ids": [copy], "method": "agency_key"});
    let session = run.api.send(Call::post("/v1/sign-sessions", &body).by(&keeper.token)).await?;
    ended(run, &session, &keeper.token).await?;
    let copy = run.api.send(Call::get(format!("/v1/copies/{copy}")).by(&keeper.token)).await?;
    run.say(&format!("Cấp số {} và đóng dấu cơ quan", copy.text("/number_text")?), "numbered and sealed");
    Ok(())
}

/// Follows a session to its end, which must be `done`.
async fn ended(run: &Run, session: &Answer, token: &str) -> Result<(), Failure> {
    let path = format!("/v1/sign-sessions/{}", session.text("/id")?);
    let until = Instant::now() + PATIENCE;
    loop {
        let answer = run.api.send(Call::get(path.as_str()).by(token)).await?;
        match answer.text("/state")?.as_str() {
            "done" => return Ok(()),
            "failed" | "expired" | "cancelled" | "superseded" => {
                return Err(Failure::Other(format!("phiên ký không thành / session ended: {}", answer.json())));
            }
            state if Instant::now() > until => {
                return Err(Failure::Other(format!("phiên ký chưa xong / session still {state}")));
            }
            _ => tokio::time::sleep(POLL).await,
        }
    }
}

/// Waits for the long-term level and takes the file.
async fn fetch(run: &mut Run, copy: &str) -> Result<Vec<u8>, Failure> {
    let clerk = run.persona("clerk").await?;
    let until = Instant::now() + PATIENCE;
    loop {
        let answer = run.api.send(Call::get(format!("/v1/copies/{copy}")).by(&clerk.token)).await?;
        if answer.json()["level"] == "B-LTA" {
            break;
        }
        if Instant::now() > until {
            return Err(Failure::Other("chưa có mức lưu trữ B-LTA / the archive level did not come".into()));
        }
        tokio::time::sleep(POLL).await;
    }
    let link = run.api.send(Call::get(format!("/v1/copies/{copy}/file")).by(&clerk.token)).await?;
    let file = run.api.download(&link.header("location")).await?;
    run.say(
        &format!("Bổ sung bằng chứng lâu dài PAdES B-LTA, {} byte", grouped(file.len() as u64)),
        "long-term evidence added",
    );
    Ok(file)
}

/// The account's store has it.
async fn stored(run: &mut Run, copy: &str) -> Result<(), Failure> {
    let citizen = run.persona("citizen").await?;
    let until = Instant::now() + PATIENCE;
    loop {
        let list = Call::get(format!("/v1/accounts/{}/copies", citizen.account)).by(&citizen.token);
        let list = run.api.send(list).await?.json();
        if list["data"].as_array().into_iter().flatten().any(|one| one["id"] == copy) {
            run.say("Trả kết quả vào Kho dữ liệu của người dân", "delivered to the citizen's data store");
            return Ok(());
        }
        if Instant::now() > until {
            return Err(Failure::Other("chưa trả kết quả / not delivered to the store".into()));
        }
        tokio::time::sleep(POLL).await;
    }
}

async fn verify(run: &mut Run, file: &[u8]) -> Result<Value, Failure> {
    let call = if file.len() <= BODY_LIMIT {
        Call::post("/v1/verifications", &Value::Null).bytes("application/pdf", file.to_vec())
    } else {
        let scan = Scan { name: "ban-sao.pdf".into(), media_type: "application/pdf", bytes: file.to_vec() };
        let officer = run.persona("officer").await?;
        let id = declare(run, &officer.token, scan).await?;
        let report = Call::post("/v1/verifications", &json!({"upload_id": id})).by(&officer.token);
        let report = run.api.send(report).await?.json();
        run.say("Kiểm tra tệp", "file verified");
        return Ok(report);
    };
    let report = run.api.send(call).await?.json();
    run.say("Kiểm tra tệp", "file verified");
    Ok(report)
}

/// The record of a verification that an officer keeps, signed by the service.
async fn record(run: &mut Run, copy: &str) -> Result<Vec<u8>, Failure> {
    let officer = run.persona("officer").await?;
    let kept = Call::post("/v1/verifications", &json!({"copy_id": copy, "retain": "report"})).by(&officer.token);
    let id = run.api.send(kept).await?.text("/id")?;
    let record = Call::get(format!("/v1/verifications/{id}/report.pdf")).by(&officer.token);
    let record = run.api.send(record).await?.body;
    run.say("Biên bản kiểm tra có chữ ký số của dịch vụ", "record of the verification signed by the service");
    Ok(record)
}

/// Sends a file to be verified; it is no scan, so it is not completed.
async fn declare(run: &Run, token: &str, file: Scan) -> Result<String, Failure> {
    let declared = json!({
        "filename": file.name, "content_type": file.media_type, "size": file.bytes.len(),
        "sha256": hex::encode(Sha256::digest(&file.bytes)),
    });
    let upload = run.api.send(Call::post("/v1/uploads", &declared).by(token)).await?;
    run.api.put_presigned(&upload.json()["put"], file.bytes).await?;
    upload.text("/id")
}

/// Whether files can be made in `out`; makes the folder. Asked before the first step, for an answer after the last one
/// would be too late.
///
/// # Errors
/// When they cannot.
pub(crate) fn can_write(out: &Path) -> Result<(), Failure> {
    let told = |error: std::io::Error| {
        Failure::Other(format!("--out {}: không ghi được / cannot be written: {error}", out.display()))
    };
    std::fs::create_dir_all(out).map_err(told)?;
    let probe = out.join(format!(".ctdt-{}", std::process::id()));
    std::fs::write(&probe, b"").and_then(|()| std::fs::remove_file(&probe)).map_err(told)
}

async fn write(run: &Run, out: &Path, file: &[u8], report: &Value, record: &[u8]) -> Result<(), Failure> {
    let trust = run.api.send(Call::get("/v1/sandbox/trust.pem")).await?.body;
    let keys = run.api.send(Call::get("/v1/qr/keys")).await?.body;
    let told = |error: std::io::Error| Failure::Other(format!("{}: {error}", out.display()));
    std::fs::create_dir_all(out).map_err(told)?;
    let pretty = serde_json::to_vec_pretty(report).map_err(|error| Failure::Other(error.to_string()))?;
    let all = [file, &trust, &pretty, record, &keys];
    FILES.iter().zip(all).try_for_each(|(name, bytes)| std::fs::write(out.join(name), bytes)).map_err(told)
}

/// The last lines; gives the verdict.
fn conclude(run: &Run, out: &Path, report: &Value) -> String {
    let verdict = report["verdict"].as_str().unwrap_or_default().to_owned();
    let number = report["number"]["number"].as_u64().unwrap_or(0);
    for name in FILES {
        println!("     {}", PathBuf::from(out).join(name).display());
    }
    let seconds = run.begun.elapsed().as_secs_f32();
    let words = match verdict.as_str() {
        "valid" => "HỢP LỆ / VALID",
        "invalid" => "KHÔNG HỢP LỆ / INVALID",
        _ => "CHƯA ĐỦ THÔNG TIN / INDETERMINATE",
    };
    let comma = format!("{seconds:.1}").replace('.', ",");
    println!("\n{words}: bản sao số {number}, {comma} giây / copy no. {number}, {seconds:.1} s");
    verdict
}

/// As Vietnamese writes it: `2.000`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let first = digits.len() % 3;
    let parts = (first..digits.len()).step_by(3).map(|at| &digits[at..at + 3]);
    let parts: Vec<&str> = std::iter::once(&digits[..first]).filter(|part| !part.is_empty()).chain(parts).collect();
    parts.join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        for (number, text) in [(0, "0"), (999, "999"), (2000, "2.000"), (469_419, "469.419"), (1_000_000, "1.000.000")]
        {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn an_unwritable_folder_is_told_first() {
        let folder = tempfile::tempdir().expect("a folder");
        let new = folder.path().join("a/b");
        can_write(&new).expect("made");
        assert_eq!(std::fs::read_dir(&new).expect("a folder").count(), 0, "nothing is left");
        let file = folder.path().join("file");
        std::fs::write(&file, b"").expect("written");
        let refused = can_write(&file).expect_err("a file is no folder").to_string();
        assert!(refused.contains("--out") && refused.contains("không ghi được / cannot be written"), "{refused}");
    }
}
