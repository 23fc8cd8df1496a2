//! The main job in steps, each usable alone.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::client::{Answer, Call, Client};

/// Longest wait for something that happens by itself: a hang must end well before the stage does, so that it has a name.
pub(crate) const PATIENCE: Duration = Duration::from_secs(600);
/// Between two polls of a test that is alone: sooner than the API advises.
const POLL: Duration = Duration::from_millis(50);

/// A small scan: a grey page of 200 dpi as PNG, different for each `seed`.
pub(crate) fn scan(seed: u8) -> Vec<u8> {
    let mut pixels = vec![0xff_u8; 827 * 1169];
    for (row, line) in pixels.chunks_mut(827).enumerate() {
        if (200..700).contains(&row) && row % 40 < 12 {
            line[120..600].fill(seed / 2);
        }
    }
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, 827, 1169);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_pixel_dims(Some(png::PixelDimensions { xppu: 3937, yppu: 3937, unit: png::Unit::Meter }));
    encoder.write_header().and_then(|mut writer| writer.write_image_data(&pixels)).expect("a PNG");
    out
}

/// Declares, sends and completes a scan; gives the upload's identifier.
pub(crate) async fn upload(client: &Client, by: &str, media_type: &str, bytes: Vec<u8>) -> String {
    let upload = client.by(by, Call::post("/v1/uploads", &declared(media_type, &bytes))).await.is(201);
    put(client, &upload, bytes).await.is(200);
    let id = upload.text("/id");
    let done = client.by(by, Call::post(format!("/v1/uploads/{id}/complete"), &json!({}))).await.is(200);
    assert_eq!(done.text("/state"), "ready");
    id
}

pub(crate) fn declared(media_type: &str, bytes: &[u8]) -> Value {
    json!({
        "filename": "ban-quet", "content_type": media_type, "size": bytes.len(),
        "sha256": hex::encode(Sha256::digest(bytes)),
    })
}

/// Sends the bytes as the presigned request says.
pub(crate) async fn put(client: &Client, upload: &Answer, bytes: Vec<u8>) -> Answer {
    client.send(put_call(upload, bytes)).await
}

/// The presigned request of an upload.
pub(crate) fn put_call(upload: &Answer, bytes: Vec<u8>) -> Call {
    let mut call = Call::new(reqwest::Method::PUT, upload.text("/put/url")).bytes(bytes);
    // The length is the client library's to say.
    let headers = upload.json()["put"]["headers"].as_object().cloned().expect("headers");
    for (name, value) in headers.iter().filter(|(name, _)| *name != "content-length") {
        call = call.header(name, value.as_str().expect("text"));
    }
    call
}

/// A walk-in requester without an account.
pub(crate) fn walk_in(email: &str) -> Value {
    json!({"basis": "paper_original", "requester": {
        "kind": "person", "name": "Trần Thị Mẫu", "id_type": "citizen_id", "id_number": "001099009999", "email": email,
    }})
}

/// Receives a dossier; gives its identifier.
pub(crate) async fn receive(client: &Client, body: &Value) -> String {
    client.by("clerk", Call::post("/v1/cases", body)).await.is(201).text("/id")
}

/// The present version of a dossier.
pub(crate) async fn version(client: &Client, case: &str) -> String {
    client.by("clerk", Call::get(format!("/v1/cases/{case}"))).await.is(200).etag()
}

/// No ground of Article 22 applies.
pub(crate) fn no_grounds() -> Value {
    let grounds: serde_json::Map<String, Value> = (1..=6).map(|n| (format!("22.{n}"), json!(false))).collect();
    json!({"grounds": grounds, "confirmed": true})
}

/// One original of one page.
pub(crate) fn original(upload: &str) -> Value {
    json!({"type_id": "diploma", "title": "Bằng tốt nghiệp", "issuer": "Trường Mẫu", "pages": 1, "upload_ids": [upload]})
}

/// A dossier with `copies` copies, submitted; gives dossier and copies.
pub(crate) async fn submitted(client: &Client, email: &str, copies: u8) -> (String, Vec<String>) {
    submitted_scans(client, email, (0..copies).map(scan).collect()).await
}

/// As [`submitted`], a copy of each of these scans.
pub(crate) async fn submitted_scans(client: &Client, email: &str, scans: Vec<Vec<u8>>) -> (String, Vec<String>) {
    submitted_to(client, email, scans, &json!({})).await
}

/// As [`submitted_scans`], with the body of the submission: which leader.
pub(crate) async fn submitted_to(
    client: &Client,
    email: &str,
    scans: Vec<Vec<u8>>,
    submission: &Value,
) -> (String, Vec<String>) {
    let copies = u8::try_from(scans.len()).expect("few");
    let case = receive(client, &walk_in(email)).await;
    let at = |path: &str| format!("/v1/cases/{case}/{path}");
    let etag = version(client, &case).await;
    client.by("clerk", Call::put(at("checklist"), &no_grounds()).on(&etag)).await.is(200);
    let mut ids = Vec::new();
    for scan in scans {
        let upload = upload(client, "clerk", "image/png", scan).await;
        let etag = version(client, &case).await;
        let copy = client.by("clerk", Call::post(at("copies"), &original(&upload)).on(&etag)).await.is(201);
        let id = copy.text("/id");
        let worded = json!({"template_id": "default", "placement": "auto"});
        client.by("clerk", Call::put(format!("/v1/copies/{id}/attestation"), &worded).on(&copy.etag())).await.is(200);
        ids.push(id);
    }
    client.by("clerk", Call::post(at("fee"), &fee(copies)).on(&version(client, &case).await)).await.is(200);
    client.by("clerk", Call::post(at("submit"), submission).on(&version(client, &case).await)).await.is(200);
    (case, ids)
}

/// 2,000 dong for each of the first two pages of a copy (domain.md §1).
pub(crate) fn fee(copies: u8) -> Value {
    json!({"receipt_no": "BL-1", "amount_vnd": 2000 * u32::from(copies), "paid_at": "2026-01-05T09:00:00+07:00"})
}

/// The leader opens all copies and asks for the phone.
pub(crate) async fn ask_leader(client: &Client, copies: &[String]) -> Answer {
    for copy in copies {
        client.by("leader", Call::get(format!("/v1/copies/{copy}/preview.pdf"))).await.is(200);
    }
    let body = json!({"purpose": "leader_sign", "copy_ids": copies, "method": "sim"});
    client.by("leader", Call::post("/v1/sign-sessions", &body)).await.is(202)
}

/// The phone says yes.
pub(crate) async fn confirm(client: &Client) {
    let leader = client.persona("leader").clone();
    let path = format!("/v1/sandbox/phones/{}/confirm", leader.phone);
    client.send(Call::post(path, &json!({"pin": leader.pin}))).await.is(200);
}

/// How the leader's phone and its gateway behave from now on.
pub(crate) async fn scenario(client: &Client, name: &str) {
    let path = format!("/v1/sandbox/phones/{}/scenario", client.persona("leader").phone);
    client.send(Call::post(path, &json!({"name": name}))).await.is(200);
}

/// The phone says no.
pub(crate) async fn reject(client: &Client) {
    let path = format!("/v1/sandbox/phones/{}/reject", client.persona("leader").phone);
    client.send(Call::post(path, &json!({}))).await.is(200);
}

/// Whether nothing more happens to a session.
pub(crate) fn is_over(session: &Value) -> bool {
    matches!(session["state"].as_str(), Some("done" | "failed" | "expired" | "cancelled" | "superseded"))
}

/// Follows a session until it ends.
pub(crate) async fn ended(client: &Client, by: &str, session: &str) -> Value {
    ended_asking_every(client, by, session, POLL).await
}

/// As [`ended`], with another wait between two polls.
pub(crate) async fn ended_asking_every(client: &Client, by: &str, session: &str, wait: Duration) -> Value {
    let until = Instant::now() + PATIENCE;
    loop {
        let now = client.by(by, Call::get(format!("/v1/sign-sessions/{session}"))).await.is(200).json();
        if is_over(&now) {
            return now;
        }
        assert!(Instant::now() < until, "still {now}");
        tokio::time::sleep(wait).await;
    }
}

/// Signed by the leader.
pub(crate) async fn signed(client: &Client, copies: &[String]) {
    let session = ask_leader(client, copies).await.text("/id");
    confirm(client).await;
    assert_eq!(ended(client, "leader", &session).await["state"], "done");
}

/// Number and seal are asked for.
pub(crate) fn seal(copies: &[String]) -> Call {
    Call::post("/v1/sign-sessions", &json!({"purpose": "seal", "copy_ids": copies, "method": "agency_key"}))
}

/// Waits until a copy has the level B-LTA; gives the copy.
pub(crate) async fn archived(client: &Client, copy: &str) -> Value {
    archived_asking_every(client, copy, POLL).await
}

/// As [`archived`], with another wait between two polls.
pub(crate) async fn archived_asking_every(client: &Client, copy: &str, wait: Duration) -> Value {
    let until = Instant::now() + PATIENCE;
    loop {
        let now = client.by("clerk", Call::get(format!("/v1/copies/{copy}"))).await.is(200).json();
        if now["level"] == "B-LTA" {
            return now;
        }
        assert!(Instant::now() < until, "still {now}");
        tokio::time::sleep(wait).await;
    }
}

/// The file of a sealed copy.
pub(crate) async fn file(client: &Client, copy: &str) -> Vec<u8> {
    let link = client.by("clerk", Call::get(format!("/v1/copies/{copy}/file"))).await.is(303);
    let file = client.send(Call::get(link.header("location"))).await.is(200);
    let digest = link.header("repr-digest");
    assert_eq!(digest, format!("sha-256=:{}:", base64(&Sha256::digest(&file.body))));
    file.body
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    use ::base64::Engine as _;
    ::base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// The day of the house's clock.
pub(crate) async fn today(client: &Client) -> String {
    client.send(Call::get("/v1/sandbox/clock")).await.is(200).text("/now")[..10].to_owned()
}

/// What the public register says of a number of the first unit.
pub(crate) async fn by_number(client: &Client, number: u64) -> Value {
    let now = client.send(Call::get("/v1/sandbox/clock")).await.is(200).text("/now");
    let (year, unit) = (&now[..4], "000.00.01.H99");
    let path = format!("/v1/copies/by-number?unit_code={unit}&year={year}&number={number}");
    client.send(Call::get(path)).await.is(200).json()
}

/// What anybody hears about a file.
pub(crate) async fn report(client: &Client, file: Vec<u8>) -> Value {
    let call = Call::new(reqwest::Method::POST, "/v1/verifications").header("content-type", "application/pdf");
    client.send(call.bytes(file)).await.is(200).json()
}
