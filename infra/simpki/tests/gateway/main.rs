//! The simulator from outside, over HTTP: enrolment, consent on the phone, signatures, and everything that goes wrong.
//! Touches R25 to R27 (the leader signs with SIM PKI) and contract.md §3 (phones of the sandbox).

mod hints;
mod mid;
mod mss;
mod scenarios;

use std::net::SocketAddr;
use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use der::Decode as _;
use reqwest::StatusCode;
use serde_json::{Value, json};
use simpki::{Options, serve};
use tokio::sync::oneshot;

const TOKEN: &str = "test-client-token";
const MSISDN: &str = "+84900000001";
const PIN: &str = "246810";
const OID_SHA256: &str = "2.16.840.1.101.3.4.2.1";

struct Gateway {
    base: String,
    http: reqwest::Client,
    stop: Option<oneshot::Sender<()>>,
    done: tokio::task::JoinHandle<Result<(), simpki::Error>>,
}

impl Gateway {
    async fn start(dir: Option<&Path>, clock: Option<&Path>) -> Gateway {
        Self::telling(dir, clock, None).await
    }

    /// The same, which tells an address when a prompt has ended.
    async fn telling(dir: Option<&Path>, clock: Option<&Path>, callback: Option<simpki::Callback>) -> Gateway {
        let options = Options {
            port: 0,
            dir: dir.map(Path::to_path_buf),
            clock_offset_file: clock.map(Path::to_path_buf),
            callback,
            seed: None,
            token: TOKEN.to_owned(),
        };
        Self::run(options).await
    }

    async fn run(options: Options) -> Gateway {
        let (stop, stopped) = oneshot::channel::<()>();
        let (tell, told) = oneshot::channel::<SocketAddr>();
        let until = async move {
            let _ = stopped.await;
        };
        let done = tokio::spawn(serve(options, until, move |address| {
            tell.send(address).expect("the test waits for the address")
        }));
        let address = told.await.expect("the simulator starts");
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        Gateway { base: format!("http://{address}"), http, stop: Some(stop), done }
    }

    async fn stop(mut self) {
        drop(self.stop.take());
        self.done.await.expect("no panic").expect("a clean end");
    }

    async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        let sent = self
            .http
            .post(format!("{}{path}", self.base))
            .bearer_auth(TOKEN)
            .json(&body)
            .send()
            .await
            .expect("an answer");
        let status = sent.status();
        (status, sent.json().await.unwrap_or(Value::Null))
    }

    async fn get(&self, path: &str) -> Value {
        let sent = self.http.get(format!("{}{path}", self.base)).send().await.expect("an answer");
        sent.json().await.expect("JSON")
    }

    /// A SIM with a chain; gives `credentialID` and SPKI.
    async fn enrol(&self) -> (String, Vec<u8>) {
        self.enrol_as(MSISDN, None).await
    }

    /// The same for any number, with a kind of key.
    async fn enrol_as(&self, msisdn: &str, key: Option<&str>) -> (String, Vec<u8>) {
        let body = json!({"msisdn": msisdn, "name": "Nguyễn Văn Thử", "pin": PIN, "key": key});
        let (status, out) = self.post("/admin/subscribers", body).await;
        assert_eq!(status, StatusCode::OK, "{out}");
        let spki = STANDARD.decode(out["spki"].as_str().expect("spki")).expect("base64");
        let chain = json!({"certificates": [STANDARD.encode(dummy_certificate(&spki))]});
        let url = format!("{}/admin/subscribers/{msisdn}/chain", self.base);
        let put = self.http.put(url).bearer_auth(TOKEN).json(&chain).send().await.expect("an answer");
        assert_eq!(put.status(), StatusCode::OK);
        (out["credentialID"].as_str().expect("credentialID").to_owned(), spki)
    }

    async fn authorize(&self, credential: &str, reference: &str, hashes: &[String]) -> (StatusCode, Value) {
        let body = json!({"credentialID": credential, "numSignatures": hashes.len(), "hashes": hashes, "hashAlgorithmOID": OID_SHA256,
            "authData": [{"id": "PIN"}], "description": "MA 4298. Ky BS, 3 trang, UBND xa Thu", "clientData": reference});
        self.post("/csc/v2/credentials/authorize", body).await
    }

    async fn check(&self, handle: &str) -> (StatusCode, Value) {
        self.post("/csc/v2/credentials/authorizeCheck", json!({ "handle": handle })).await
    }

    async fn sign(&self, credential: &str, sad: &str, hashes: &[String]) -> (StatusCode, Value) {
        let body = json!({"credentialID": credential, "SAD": sad, "hashes": hashes, "hashAlgorithmOID": OID_SHA256, "signAlgo": "1.2.840.113549.1.1.1"});
        self.post("/csc/v2/signatures/signHash", body).await
    }

    async fn confirm(&self, pin: &str) -> (StatusCode, Value) {
        self.post(&format!("/phones/{MSISDN}/confirm"), json!({ "pin": pin })).await
    }

    async fn scenario(&self, name: &str) {
        let (status, out) = self.post(&format!("/phones/{MSISDN}/scenario"), json!({ "name": name })).await;
        assert_eq!(status, StatusCode::OK, "{out}");
    }

    /// Prompt, right PIN, SAD.
    async fn granted(&self, credential: &str, reference: &str, hashes: &[String]) -> String {
        let (status, out) = self.authorize(credential, reference, hashes).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{out}");
        let handle = text(&out, "handle");
        assert_eq!(self.confirm(PIN).await.0, StatusCode::OK);
        let (status, out) = self.check(&handle).await;
        assert_eq!(status, StatusCode::OK, "{out}");
        text(&out, "SAD")
    }
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("{name} is missing in {value}")).to_owned()
}

fn hash(message: &[u8]) -> String {
    STANDARD.encode(digest(&SHA256, message))
}

fn verifies(spki: &[u8], message: &[u8], signature: &Value) -> bool {
    verifies_as(&RSA_PKCS1_2048_8192_SHA256, spki, message, signature)
}

fn verifies_as(algorithm: &'static dyn VerificationAlgorithm, spki: &[u8], message: &[u8], signature: &Value) -> bool {
    let signature = STANDARD.decode(signature.as_str().expect("a string")).expect("base64");
    UnparsedPublicKey::new(algorithm, raw_key(spki)).verify(message, &signature).is_ok()
}

/// The RSAPublicKey or the point inside a SubjectPublicKeyInfo.
fn raw_key(spki: &[u8]) -> Vec<u8> {
    let info = x509_cert::spki::SubjectPublicKeyInfoOwned::from_der(spki).expect("SPKI");
    info.subject_public_key.raw_bytes().to_vec()
}

fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let mut out = vec![tag];
    match body.len() {
        n @ 0..=127 => out.push(u8::try_from(n).expect("short")),
        n @ 128..=255 => out.extend([0x81, u8::try_from(n).expect("short")]),
        n => {
            out.push(0x82);
            out.extend(u16::try_from(n).expect("below 64 KiB").to_be_bytes());
        }
    }
    out.extend(body);
    out
}

/// A certificate with this key; its signature is empty, because the simulator is no judge of chains.
fn dummy_certificate(spki: &[u8]) -> Vec<u8> {
    let algorithm = tlv(0x30, &[&[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b], &[0x05, 0x00]]);
    let cn = tlv(0x30, &[&[0x06, 0x03, 0x55, 0x04, 0x03], &tlv(0x0c, &["CTDT Test Nguyễn Văn Thử".as_bytes()])]);
    let name = tlv(0x30, &[&tlv(0x31, &[&cn])]);
    let validity = tlv(0x30, &[&tlv(0x17, &[b"250101000000Z"]), &tlv(0x17, &[b"350101000000Z"])]);
    let tbs = tlv(0x30, &[&tlv(0xa0, &[&[2, 1, 2]]), &[2, 1, 7], &algorithm, &name, &validity, &name, spki]);
    tlv(0x30, &[&tbs, &algorithm, &tlv(0x03, &[&[0, 0]])])
}

/// The whole way: enrol, prompt, PIN, SAD, signature that verifies under the enrolled key.
#[tokio::test]
async fn a_confirmed_digest_is_signed_with_the_enrolled_key() {
    let gateway = Gateway::start(None, None).await;
    let (credential, spki) = gateway.enrol().await;
    let (_, info) =
        gateway.post("/csc/v2/credentials/info", json!({"credentialID": credential, "certificates": "chain"})).await;
    assert_eq!(info["SCAL"], "2");
    assert_eq!(info["auth"]["objects"][0]["type"], "PasswordOOB");
    assert_eq!(info["cert"]["validFrom"], "20250101000000Z");

    let hashes = [hash(b"first"), hash(b"second")];
    let (status, out) = gateway.authorize(&credential, "session-1", &hashes).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{out}");
    let handle = text(&out, "handle");
    assert_eq!(
        gateway.authorize(&credential, "session-1", &hashes).await.1["handle"],
        handle,
        "the same reference, the same prompt"
    );
    let prompts = gateway.get(&format!("/phones/{MSISDN}")).await;
    assert_eq!(prompts["data"][0]["code"], "4298");
    assert_eq!(prompts["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(gateway.check(&handle).await.0, StatusCode::ACCEPTED);

    assert_eq!(gateway.confirm(PIN).await.0, StatusCode::OK);
    let (status, out) = gateway.check(&handle).await;
    assert_eq!(status, StatusCode::OK);
    let (status, signed) = gateway.sign(&credential, &text(&out, "SAD"), &hashes).await;
    assert_eq!(status, StatusCode::OK, "{signed}");
    assert!(verifies(&spki, b"first", &signed["signatures"][0]));
    assert!(verifies(&spki, b"second", &signed["signatures"][1]));
    assert!(!verifies(&spki, b"first", &signed["signatures"][1]));
    gateway.stop().await;
}

/// R25: three wrong PINs block the SIM, and the gateway says so.
#[tokio::test]
async fn three_wrong_pins_block() {
    let gateway = Gateway::start(None, None).await;
    let (credential, _) = gateway.enrol().await;
    let (_, out) = gateway.authorize(&credential, "s", &[hash(b"x")]).await;
    assert_eq!(gateway.confirm("000000").await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(gateway.confirm("000001").await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(gateway.check(&text(&out, "handle")).await.0, StatusCode::ACCEPTED, "still open after two");
    assert_eq!(gateway.confirm("000002").await.0, StatusCode::CONFLICT);
    let (status, refused) = gateway.check(&text(&out, "handle")).await;
    assert_eq!((status, refused["error_description"].as_str()), (StatusCode::BAD_REQUEST, Some("PinBlocked")));
    let (status, refused) = gateway.authorize(&credential, "again", &[hash(b"x")]).await;
    assert_eq!((status, refused["error_description"].as_str()), (StatusCode::BAD_REQUEST, Some("PinBlocked")));
    assert_eq!(gateway.confirm(PIN).await.0, StatusCode::CONFLICT, "the right PIN comes too late");
    gateway.stop().await;
}

/// A right PIN forgets earlier wrong ones.
#[tokio::test]
async fn a_right_pin_resets_the_tries() {
    let gateway = Gateway::start(None, None).await;
    let (credential, _) = gateway.enrol().await;
    for reference in ["a", "b", "c"] {
        gateway.authorize(&credential, reference, &[hash(b"x")]).await;
        assert_eq!(gateway.confirm("111111").await.0, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(gateway.confirm("111111").await.0, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(gateway.confirm(PIN).await.0, StatusCode::OK);
    }
    gateway.stop().await;
}

/// A refusal, a busy SIM, and that a refused prompt makes room for the next.
#[tokio::test]
async fn refusal_and_busy() {
    let gateway = Gateway::start(None, None).await;
    let (credential, _) = gateway.enrol().await;
    let (_, first) = gateway.authorize(&credential, "a", &[hash(b"x")]).await;
    let (status, busy) = gateway.authorize(&credential, "b", &[hash(b"y")]).await;
    assert_eq!((status, busy["error_description"].as_str()), (StatusCode::TOO_MANY_REQUESTS, Some("Busy")));
    let (status, _) = gateway.authorize(&credential, "a", &[hash(b"y")]).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "a reference is never used for other digests");
    assert_eq!(gateway.post(&format!("/phones/{MSISDN}/reject"), json!({})).await.0, StatusCode::OK);
    let (status, refused) = gateway.check(&text(&first, "handle")).await;
    assert_eq!((status, refused["error_description"].as_str()), (StatusCode::BAD_REQUEST, Some("UserRejected")));
    assert_eq!(gateway.authorize(&credential, "b", &[hash(b"y")]).await.0, StatusCode::ACCEPTED);
    gateway.stop().await;
}

/// The shared clock ends a prompt after five minutes, and a SAD five minutes after the PIN.
#[tokio::test]
async fn the_shared_clock_ends_prompts_and_sads() {
    let folder = tempfile::tempdir().expect("a folder");
    let clock = folder.path().join("offset");
    let gateway = Gateway::start(None, Some(&clock)).await;
    let (credential, _) = gateway.enrol().await;
    let hashes = [hash(b"x")];
    let (_, out) = gateway.authorize(&credential, "a", &hashes).await;
    std::fs::write(&clock, "290").expect("written");
    assert_eq!(gateway.check(&text(&out, "handle")).await.0, StatusCode::ACCEPTED);
    std::fs::write(&clock, "300").expect("written");
    let (status, late) = gateway.check(&text(&out, "handle")).await;
    assert_eq!((status, late["error_description"].as_str()), (StatusCode::BAD_REQUEST, Some("UserTimeout")));
    assert_eq!(gateway.confirm(PIN).await.0, StatusCode::CONFLICT, "nothing is on the screen any more");

    let sad = gateway.granted(&credential, "b", &hashes).await;
    std::fs::write(&clock, "700").expect("written");
    let (status, late) = gateway.sign(&credential, &sad, &hashes).await;
    assert_eq!((status, late["error"].as_str()), (StatusCode::BAD_REQUEST, Some("expired_token")));
    gateway.stop().await;
}

/// SCAL 2: a SAD is bound to its digests, their order and its credential, and used up by one signing; the handle then gives
/// another, for the same signatures.
#[tokio::test]
async fn a_sad_is_bound_to_what_was_confirmed() {
    let gateway = Gateway::start(None, None).await;
    let (credential, _) = gateway.enrol().await;
    let (one, two) = (hash(b"1"), hash(b"2"));
    let both = [one.clone(), two.clone()];
    let sad = gateway.granted(&credential, "a", &both).await;
    for wrong in [vec![two.clone(), one.clone()], vec![one.clone()], vec![one.clone(), hash(b"3")]] {
        let (status, out) = gateway.sign(&credential, &sad, &wrong).await;
        assert_eq!((status, out["error"].as_str()), (StatusCode::FORBIDDEN, Some("invalid_hash")));
    }
    assert_eq!(gateway.sign("sim-unknown", &sad, &[one.clone(), two.clone()]).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(
        gateway.sign(&credential, &"0".repeat(64), &[one.clone(), two.clone()]).await.0,
        StatusCode::BAD_REQUEST
    );
    let (status, signed) = gateway.sign(&credential, &sad, &[one.clone(), two.clone()]).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(gateway.sign(&credential, &sad, &both).await.0, StatusCode::BAD_REQUEST, "it is used up");
    let handle = text(&gateway.authorize(&credential, "a", &both).await.1, "handle");
    let again = text(&gateway.check(&handle).await.1, "SAD");
    assert_ne!(again, sad);
    assert_eq!(gateway.sign(&credential, &again, &both).await, (StatusCode::OK, signed));
    gateway.stop().await;
}

/// Wrong requests are refused with the standard's error names.
#[tokio::test]
async fn requests_are_judged_strictly() {
    let gateway = Gateway::start(None, None).await;
    let (credential, _) = gateway.enrol().await;
    let good = json!({"credentialID": credential, "numSignatures": 1, "hashes": [hash(b"x")], "hashAlgorithmOID": OID_SHA256, "description": "Ky"});
    let changes = [
        ("hashes", json!([STANDARD.encode([0_u8; 20])])),
        ("hashes", json!([])),
        ("hashes", json!(vec![hash(b"x"); 21])),
        ("numSignatures", json!(2)),
        ("hashAlgorithmOID", json!("1.3.14.3.2.26")),
        ("description", json!("a".repeat(501))),
        ("authData", json!([{"id": "PIN", "value": PIN}])),
        ("credentialID", json!("nobody")),
    ];
    for (name, value) in changes {
        let mut body = good.clone();
        body[name] = value;
        let (status, out) = gateway.post("/csc/v2/credentials/authorize", body).await;
        assert_eq!((status, out["error"].as_str()), (StatusCode::BAD_REQUEST, Some("invalid_request")), "{name}");
    }
    let url = format!("{}/csc/v2/credentials/authorize", gateway.base);
    let anonymous = gateway.http.post(url).json(&good).send().await.expect("an answer");
    assert_eq!(anonymous.status(), StatusCode::UNAUTHORIZED);
    gateway.stop().await;
}

/// A killed and restarted simulator keeps SIMs, open prompts, wrong PINs and consents; enrolling again changes nothing.
#[tokio::test]
async fn a_restart_loses_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let gateway = Gateway::start(Some(folder.path()), None).await;
    let (credential, spki) = gateway.enrol().await;
    let hashes = [hash(b"x")];
    let (_, out) = gateway.authorize(&credential, "a", &hashes).await;
    gateway.confirm("999999").await;
    gateway.done.abort();

    let gateway = Gateway::start(Some(folder.path()), None).await;
    assert_eq!(gateway.enrol().await, (credential.clone(), spki.clone()));
    let phone = gateway.get(&format!("/phones/{MSISDN}")).await;
    assert_eq!(phone["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(phone["tries_left"], 2);
    assert_eq!(gateway.confirm(PIN).await.0, StatusCode::OK);
    gateway.stop().await;

    let gateway = Gateway::start(Some(folder.path()), None).await;
    let (status, granted) = gateway.check(&text(&out, "handle")).await;
    assert_eq!(status, StatusCode::OK);
    let (_, signed) = gateway.sign(&credential, &text(&granted, "SAD"), &hashes).await;
    assert!(verifies(&spki, b"x", &signed["signatures"][0]));
    gateway.stop().await;
}

/// The scenarios that a client must survive.
#[tokio::test]
async fn scenarios_misbehave_as_named() {
    let gateway = Gateway::start(None, None).await;
    let (credential, spki) = gateway.enrol().await;
    let hashes = [hash(b"1"), hash(b"2")];
    for (name, first_fits) in
        [("wrong-signature", false), ("other-hash", false), ("reordered", false), ("missing-one", true)]
    {
        gateway.scenario(name).await;
        let sad = gateway.granted(&credential, name, &hashes).await;
        let (_, signed) = gateway.sign(&credential, &sad, &hashes).await;
        assert_eq!(verifies(&spki, b"1", &signed["signatures"][0]), first_fits, "{name}");
        assert_eq!(
            signed["signatures"].as_array().map(Vec::len),
            Some(if name == "missing-one" { 1 } else { 2 }),
            "{name}"
        );
    }
    gateway.scenario("replay").await;
    let others = [hash(b"3"), hash(b"4")];
    let sad = gateway.granted(&credential, "replay", &others).await;
    let (_, signed) = gateway.sign(&credential, &sad, &others).await;
    assert_eq!(signed["signatures"].as_array().map(Vec::len), Some(2), "those of the prompt before");
    assert!(!verifies(&spki, b"3", &signed["signatures"][0]));
    gateway.scenario("garbage").await;
    let sad = gateway.granted(&credential, "g", &hashes).await;
    assert_eq!(gateway.sign(&credential, &sad, &hashes).await, (StatusCode::OK, Value::Null));
    gateway.scenario("reject").await;
    let (_, out) = gateway.authorize(&credential, "r", &hashes).await;
    assert_eq!(gateway.check(&text(&out, "handle")).await.1["error_description"], "UserRejected");
    gateway.scenario("unreachable").await;
    assert_eq!(gateway.authorize(&credential, "u", &hashes).await.1["error_description"], "Unreachable");
    gateway.scenario("timeout").await;
    let (_, out) = gateway.authorize(&credential, "t", &hashes).await;
    assert_eq!(gateway.confirm(PIN).await.0, StatusCode::OK);
    assert_eq!(gateway.check(&text(&out, "handle")).await.0, StatusCode::ACCEPTED, "the gateway never hears of it");
    gateway.stop().await;
}

/// Lost answers: the work was done, the connection closes, and a repeat finds it.
#[tokio::test]
async fn lost_answers_can_be_asked_again() {
    let gateway = Gateway::start(None, None).await;
    let (credential, spki) = gateway.enrol().await;
    let hashes = [hash(b"1")];
    gateway.scenario("lost-start").await;
    let body = json!({"credentialID": credential, "numSignatures": 1, "hashes": hashes, "hashAlgorithmOID": OID_SHA256, "description": "Ky", "clientData": "s"});
    let url = |path: &str| format!("{}/csc/v2/{path}", gateway.base);
    let lost = gateway.http.post(url("credentials/authorize")).bearer_auth(TOKEN).json(&body).send().await;
    assert!(lost.is_err(), "no answer may come");
    assert_eq!(gateway.get(&format!("/phones/{MSISDN}")).await["data"].as_array().map(Vec::len), Some(1));
    let (status, out) = gateway.post("/csc/v2/credentials/authorize", body).await;
    assert_eq!(status, StatusCode::ACCEPTED);

    gateway.scenario("lost-answer").await;
    assert_eq!(gateway.confirm(PIN).await.0, StatusCode::OK);
    let (_, granted) = gateway.check(&text(&out, "handle")).await;
    let sad = text(&granted, "SAD");
    let body = json!({"credentialID": credential, "SAD": sad, "hashes": hashes, "signAlgo": "1.2.840.113549.1.1.11"});
    let lost = gateway.http.post(url("signatures/signHash")).bearer_auth(TOKEN).json(&body).send().await;
    assert!(lost.is_err(), "no answer may come");
    assert_eq!(gateway.sign(&credential, &sad, &hashes).await.0, StatusCode::BAD_REQUEST, "it was used all the same");
    let sad = text(&gateway.check(&text(&out, "handle")).await.1, "SAD");
    let (_, signed) = gateway.sign(&credential, &sad, &hashes).await;
    assert!(verifies(&spki, b"1", &signed["signatures"][0]));
    gateway.stop().await;
}

/// The page works without scripts: prompt, PIN form, 303 back; its policy allows no script; other sites are refused.
#[tokio::test]
async fn the_phone_page_signs_without_scripts() {
    let gateway = Gateway::start(None, None).await;
    let (credential, _) = gateway.enrol().await;
    let (_, out) = gateway.authorize(&credential, "s", &[hash(b"1")]).await;
    let url = format!("{}/phone/{MSISDN}", gateway.base);
    let page = gateway.http.get(&url).send().await.expect("a page");
    let policy = page.headers()["content-security-policy"].to_str().expect("text").to_owned();
    assert!(
        policy.contains("default-src 'none'") && !policy.contains("unsafe") && !policy.contains("script"),
        "{policy}"
    );
    let html = page.text().await.expect("text");
    assert!(
        html.contains("4298") && html.contains("Đồng ý") && html.contains("Từ chối") && !html.contains("<script"),
        "{html}"
    );

    let form = |site: &str| {
        let request = gateway.http.post(format!("{url}/confirm")).header("sec-fetch-site", site);
        request.header("content-type", "application/x-www-form-urlencoded").body(format!("pin={PIN}"))
    };
    assert_eq!(form("cross-site").send().await.expect("an answer").status(), StatusCode::FORBIDDEN);
    assert_eq!(gateway.check(&text(&out, "handle")).await.0, StatusCode::ACCEPTED);
    assert_eq!(form("same-origin").send().await.expect("an answer").status(), StatusCode::SEE_OTHER);
    assert_eq!(gateway.check(&text(&out, "handle")).await.0, StatusCode::OK);
    gateway.stop().await;
}

/// A blocked SIM is opened on its page: a wrong PUK counts, the right one sets a new PIN, and other sites are refused.
#[tokio::test]
async fn the_phone_page_takes_the_puk() {
    let gateway = Gateway::start(None, None).await;
    let (credential, _) = gateway.enrol().await;
    gateway.authorize(&credential, "s", &[hash(b"1")]).await;
    for pin in ["000000", "000001", "000002"] {
        gateway.confirm(pin).await;
    }
    let url = format!("{}/phone/{MSISDN}", gateway.base);
    let page = async || gateway.http.get(&url).send().await.expect("a page").text().await.expect("text");
    assert!(page().await.contains(&format!("Còn {} lần nhập PUK", simpki::PUK_TRIES)));
    let form = async |site: &str, puk: &str| {
        let request = gateway.http.post(format!("{url}/puk")).header("sec-fetch-site", site);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let said = request.body(format!("puk={puk}&pin=135791")).send().await.expect("an answer");
        let to = said.headers().get("location").and_then(|to| to.to_str().ok()).unwrap_or_default().to_owned();
        (said.status(), to.rsplit('=').next().unwrap_or_default().to_owned())
    };
    assert_eq!(form("cross-site", simpki::TEST_PUK).await.0, StatusCode::FORBIDDEN);
    assert_eq!(form("same-origin", "00000000").await, (StatusCode::SEE_OTHER, "wrong-puk".to_owned()));
    assert!(page().await.contains(&format!("Còn {} lần nhập PUK", simpki::PUK_TRIES - 1)));
    assert_eq!(form("same-origin", simpki::TEST_PUK).await, (StatusCode::SEE_OTHER, "unblocked".to_owned()));
    gateway.authorize(&credential, "t", &[hash(b"2")]).await;
    assert_eq!(gateway.confirm(PIN).await.0, StatusCode::UNPROCESSABLE_ENTITY, "the old PIN");
    assert_eq!(gateway.confirm("135791").await.0, StatusCode::OK);
}

/// With a seed everything but the keys is the same in every run; with another, or none, nothing is.
#[tokio::test]
async fn a_seed_makes_runs_alike() {
    let run = async |seed: Option<u64>| {
        let options =
            Options { port: 0, dir: None, clock_offset_file: None, callback: None, seed, token: TOKEN.to_owned() };
        let gateway = Gateway::run(options).await;
        let (credential, _) = gateway.enrol().await;
        let handle = text(&gateway.authorize(&credential, "a", &[hash(b"x")]).await.1, "handle");
        gateway.confirm(PIN).await;
        let sad = text(&gateway.check(&handle).await.1, "SAD");
        [credential, handle, sad]
    };
    let first = run(Some(7)).await;
    assert_eq!(first, run(Some(7)).await);
    for other in [run(Some(8)).await, run(None).await] {
        assert!(first.iter().zip(&other).all(|(a, b)| a != b), "{other:?}");
    }
}

/// Decision 35: the simulator ends when its standard input closes.
#[tokio::test]
async fn the_end_of_the_input_ends_it() {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    let options =
        Options { port: 0, dir: None, clock_offset_file: None, callback: None, seed: None, token: TOKEN.to_owned() };
    let running = tokio::spawn(serve(options, simpki::closed(reader), |_| {}));
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    assert!(!running.is_finished(), "it runs while the parent holds the pipe");
    drop(writer);
    let ended = tokio::time::timeout(std::time::Duration::from_secs(5), running).await.expect("it ends in time");
    ended.expect("no panic").expect("a clean end");
}
