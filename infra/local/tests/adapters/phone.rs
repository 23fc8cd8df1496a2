//! `remote-signing` against the simulator. Touches R25 to R27 (the leader signs with SIM PKI) and remote-signing.md §3.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::ids::SessionId;
use domain::ports::{Fault, GatewayAnswer, Grant, RemoteSigning as _, SignOrder};
use pki::Certificate;
use remote_signing::Gateway;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::cloud::{NOBODY, PKI, RUNTIME};
use crate::script::{Script, line};

pub(crate) const TOKEN: &str = "adapters-client-token";
pub(crate) const MSISDN: &str = "+84900000007";
pub(crate) const PIN: &str = "246810";
const JSON: &str = "application/json";
/// Longer than the simulator is slow.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// A simulator with one SIM.
pub(crate) struct Phone {
    pub(crate) base: String,
    http: reqwest::Client,
    credential: String,
    certificate: Option<Certificate>,
}

impl Phone {
    /// With a certificate, so that it can sign.
    async fn enrolled() -> Phone {
        Phone::bare().await.with_certificate().await
    }

    pub(crate) async fn with_certificate(mut self) -> Phone {
        let phone = &mut self;
        let body = json!({"msisdn": MSISDN, "name": "Nguyễn Văn Thử", "pin": PIN});
        let out = phone.post("/admin/subscribers", body).await.1;
        let spki = STANDARD.decode(out["spki"].as_str().expect("spki")).expect("base64");
        let chain =
            tokio::task::spawn_blocking(move || PKI.person_chain("Nguyễn Văn Thử", "UBND xã Thử Nghiệm", &spki));
        let chain = chain.await.expect("no panic").expect("a chain");
        let certificates: Vec<_> = chain.iter().map(|der| STANDARD.encode(der)).collect();
        let url = format!("{}/admin/subscribers/{MSISDN}/chain", phone.base);
        let put = phone.http.put(url).bearer_auth(TOKEN).json(&json!({ "certificates": certificates }));
        assert_eq!(put.send().await.expect("an answer").status(), StatusCode::OK);
        phone.certificate = Some(Certificate::from_der(&chain[0]).expect("DER"));
        self
    }

    /// With a SIM that has no certificate yet.
    async fn bare() -> Phone {
        Self::with_clock(None).await
    }

    /// Behind no simulator.
    pub(crate) fn nobody() -> Phone {
        Phone { base: String::new(), http: reqwest::Client::new(), credential: "c".into(), certificate: None }
    }

    /// The same, whose clock a file moves.
    pub(crate) async fn with_clock(clock_offset_file: Option<std::path::PathBuf>) -> Phone {
        let (tell, told) = tokio::sync::oneshot::channel();
        let options = simpki::Options {
            port: 0,
            dir: None,
            clock_offset_file,
            callback: None,
            seed: None,
            token: TOKEN.to_owned(),
        };
        RUNTIME.spawn(simpki::serve(options, std::future::pending(), |at| tell.send(at).expect("somebody waits")));
        let base = format!("http://{}", told.await.expect("it starts"));
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        let mut phone = Phone { base, http, credential: String::new(), certificate: None };
        let body = json!({"msisdn": MSISDN, "name": "Nguyễn Văn Thử", "pin": PIN});
        let (status, out) = phone.post("/admin/subscribers", body).await;
        assert_eq!(status, StatusCode::OK, "{out}");
        phone.credential = out["credentialID"].as_str().expect("credentialID").to_owned();
        phone
    }

    fn gateway(&self) -> Gateway {
        Gateway::new(&self.base, TOKEN, PATIENCE).expect("a client")
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        let request = self.http.post(format!("{}{path}", self.base)).bearer_auth(TOKEN).json(&body);
        let answer = request.send().await.expect("an answer");
        (answer.status(), answer.json().await.unwrap_or(Value::Null))
    }

    /// The prompts on the screen.
    pub(crate) async fn prompts(&self) -> Vec<Value> {
        let answer = self.http.get(format!("{}/phones/{MSISDN}", self.base)).send().await.expect("an answer");
        answer.json::<Value>().await.expect("JSON")["data"].as_array().expect("a list").clone()
    }

    pub(crate) async fn confirm(&self, pin: &str) -> StatusCode {
        self.post(&format!("/phones/{MSISDN}/confirm"), json!({ "pin": pin })).await.0
    }

    pub(crate) async fn scenario(&self, name: &str) {
        let (status, out) = self.post(&format!("/phones/{MSISDN}/scenario"), json!({ "name": name })).await;
        assert_eq!(status, StatusCode::OK, "{out}");
    }

    pub(crate) fn order(&self, session: u8, messages: &[&[u8]]) -> SignOrder {
        SignOrder {
            session: SessionId::new([session; 16]),
            credential_id: self.credential.clone(),
            display_text: "MA 4298. Ky chung thuc 2 ban sao, 3 trang, UBND xa Thu".into(),
            hashes: messages.iter().map(|m| digest(&SHA256, m).as_ref().try_into().expect("32 bytes")).collect(),
        }
    }

    /// Starts and confirms; gives the handle.
    async fn granted(&self, gateway: &Gateway, order: &SignOrder) -> String {
        let handle = gateway.start(order).await.expect("a handle");
        assert_eq!(self.confirm(PIN).await, StatusCode::OK);
        handle
    }

    /// The certificate that the SIM was given.
    pub(crate) fn leaf(&self) -> &Certificate {
        self.certificate.as_ref().expect("a certificate")
    }

    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let certificate = self.certificate.as_ref().expect("an enrolled phone");
        pki::cms::verify_raw(message, signature, certificate).is_ok()
    }
}

pub(crate) fn refused(code: &str) -> Result<GatewayAnswer, Fault> {
    Ok(GatewayAnswer::Refused(code.to_owned()))
}

/// One prompt, one PIN, two signatures in order, each over its own message.
#[tokio::test]
async fn a_confirmed_prompt_gives_the_signatures_in_order() {
    let phone = Phone::enrolled().await;
    let gateway = phone.gateway();
    let order = phone.order(1, &[b"first", b"second"]);
    let handle = gateway.start(&order).await.expect("a handle");
    let prompts = phone.prompts().await;
    assert_eq!(prompts.len(), 1);
    assert_eq!((&prompts[0]["code"], &prompts[0]["text"]), (&json!("4298"), &json!(order.display_text)));
    assert_eq!(gateway.poll(&order, &handle).await, Ok(GatewayAnswer::Pending));
    assert_eq!(phone.confirm("000000").await, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(gateway.poll(&order, &handle).await, Ok(GatewayAnswer::Pending), "one wrong PIN ends nothing");
    assert_eq!(phone.confirm(PIN).await, StatusCode::OK);
    let answer = gateway.poll(&order, &handle).await;
    let Ok(GatewayAnswer::Signed(signatures)) = answer.clone() else { panic!("{answer:?}") };
    assert_eq!(signatures.len(), 2);
    assert!(phone.verifies(b"first", &signatures[0]) && phone.verifies(b"second", &signatures[1]));
    assert!(!phone.verifies(b"first", &signatures[1]));
    assert_eq!(gateway.poll(&order, &handle).await, answer, "asked again after a lost answer");
    assert_eq!(phone.prompts().await.len(), 0);
}

/// R44: of a session that is over the gateway is asked what it knows, and has nothing signed: the SAD that our own question brings is not spent.
#[tokio::test]
async fn what_is_only_asked_is_not_signed() {
    let handle = json!({"handle": "h-1"}).to_string();
    let sad = json!({"SAD": "s-1", "expiresIn": 60}).to_string();
    let no = json!({"error": "access_denied", "error_description": "user"}).to_string();
    let script = Script::new(vec![line(202, JSON, handle), line(200, JSON, sad), line(401, JSON, no)]);
    let gateway = Gateway::new(&script.url(), TOKEN, PATIENCE).expect("a client");
    let order = SignOrder {
        session: SessionId::new([1; 16]),
        credential_id: "c-1".into(),
        display_text: "MA 4298".into(),
        hashes: vec![[1; 32]],
    };
    assert_eq!(gateway.ask(&order, "csc:h-1").await, Ok(GatewayAnswer::Pending));
    assert_eq!(gateway.ask(&order, "csc:h-1").await, Ok(GatewayAnswer::Consented(Grant("s-1".into()))));
    assert!(matches!(gateway.ask(&order, "csc:h-1").await, Ok(GatewayAnswer::Refused(_))));
    // Neither a refusal that came at once nor a gateway that asks nobody is asked anything.
    assert_eq!(gateway.ask(&order, "no:busy").await, refused("busy"));
    assert_eq!(gateway.ask(&order, "now:rsa").await, Ok(GatewayAnswer::Pending));
    assert!(gateway.ask(&order, "nonsense").await.is_err());
    let asked: Vec<String> = script.asked().into_iter().map(|(path, _)| path).collect();
    assert_eq!(asked, vec!["/csc/v2/credentials/authorizeCheck"; 3]);
}

#[tokio::test]
async fn a_person_who_says_no_is_told() {
    let phone = Phone::enrolled().await;
    let gateway = phone.gateway();
    let order = phone.order(1, &[b"x"]);
    let handle = gateway.start(&order).await.expect("a handle");
    phone.post(&format!("/phones/{MSISDN}/reject"), json!({})).await;
    assert_eq!(gateway.poll(&order, &handle).await, refused("user-rejected"));
}

#[tokio::test]
async fn three_wrong_pins_block() {
    let phone = Phone::enrolled().await;
    let gateway = phone.gateway();
    let order = phone.order(1, &[b"x"]);
    let handle = gateway.start(&order).await.expect("a handle");
    for pin in ["000000", "000001", "000002"] {
        phone.confirm(pin).await;
    }
    assert_eq!(gateway.poll(&order, &handle).await, refused("pin-blocked"));
    let order = phone.order(2, &[b"x"]);
    let handle = gateway.start(&order).await.expect("a handle");
    assert_eq!(gateway.poll(&order, &handle).await, refused("pin-blocked"), "and the next one at once");
}

/// A refusal before anybody was asked is no silence: the session ends at its first poll.
#[tokio::test]
async fn what_is_refused_at_once_is_told_by_the_first_poll() {
    let phone = Phone::enrolled().await;
    let gateway = phone.gateway();
    let first = phone.order(1, &[b"x"]);
    gateway.start(&first).await.expect("a handle");
    let unknown = SignOrder { credential_id: "nobody".into(), ..phone.order(3, &[b"x"]) };
    let too_many: Vec<&[u8]> = vec![b"x"; simpki::MULTISIGN + 1];
    let too_many = phone.order(4, &too_many);
    let nothing = phone.order(5, &[]);
    for (order, code) in [
        (phone.order(2, &[b"y"]), "busy"),
        (unknown, "bad-request"),
        (too_many, "credential-unfit"),
        (nothing, "bad-request"),
        (phone.order(1, &[b"other"]), "bad-request"),
    ] {
        let handle = gateway.start(&order).await.expect("a handle");
        assert_eq!(gateway.poll(&order, &handle).await, refused(code));
    }
    let stranger = Gateway::new(&phone.base, "another-token", PATIENCE).expect("a client");
    let handle = stranger.start(&first).await.expect("a handle");
    assert_eq!(stranger.poll(&first, &handle).await, refused("unauthorized"));
    assert_eq!(phone.prompts().await.len(), 1, "the first prompt only");

    phone.scenario("unreachable").await;
    phone.post(&format!("/phones/{MSISDN}/reject"), json!({})).await;
    let order = phone.order(6, &[b"x"]);
    let handle = gateway.start(&order).await.expect("a handle");
    assert_eq!(gateway.poll(&order, &handle).await, refused("unreachable"));

    let bare = Phone::bare().await;
    let (gateway, order) = (bare.gateway(), bare.order(1, &[b"x"]));
    let handle = gateway.start(&order).await.expect("a handle");
    assert_eq!(gateway.poll(&order, &handle).await, refused("not-enrolled"));
}

/// remote-signing.md §0.4: a lost answer is a fault and never a second prompt.
#[tokio::test]
async fn a_lost_start_is_a_fault_and_one_prompt() {
    let phone = Phone::enrolled().await;
    phone.scenario("lost-start").await;
    let order = phone.order(1, &[b"x"]);
    assert!(phone.gateway().start(&order).await.is_err());
    assert_eq!(phone.prompts().await.len(), 1);
}

#[tokio::test]
async fn a_lost_answer_comes_with_the_next_poll() {
    let phone = Phone::enrolled().await;
    let (gateway, order) = (phone.gateway(), phone.order(1, &[b"x"]));
    let handle = phone.granted(&gateway, &order).await;
    phone.scenario("lost-answer").await;
    assert!(gateway.poll(&order, &handle).await.is_err());
    let answer = gateway.poll(&order, &handle).await;
    let Ok(GatewayAnswer::Signed(signatures)) = answer else { panic!("{answer:?}") };
    assert!(phone.verifies(b"x", &signatures[0]));
}

#[tokio::test]
async fn a_gateway_that_misbehaves_is_a_fault() {
    let phone = Phone::enrolled().await;
    let (gateway, order) = (phone.gateway(), phone.order(1, &[b"1", b"2"]));
    let handle = phone.granted(&gateway, &order).await;
    for scenario in ["server-error", "garbage", "missing-one", "replay"] {
        phone.scenario(scenario).await;
        assert!(gateway.poll(&order, &handle).await.is_err(), "{scenario}");
    }
    // Neither is noticed here: the caller verifies every signature, once.
    phone.scenario("reordered").await;
    let answer = gateway.poll(&order, &handle).await;
    let Ok(GatewayAnswer::Signed(signatures)) = answer else { panic!("{answer:?}") };
    assert!(!phone.verifies(b"1", &signatures[0]));
    phone.scenario("ok").await;
    assert!(matches!(gateway.poll(&order, &handle).await, Ok(GatewayAnswer::Signed(_))), "nothing was spent");
    assert!(gateway.poll(&order, "csc:unknown").await.is_err(), "a handle that the gateway lost");
    assert!(gateway.poll(&order, "unknown").await.is_err(), "not a handle of ours");
}

#[tokio::test]
async fn silence_is_a_fault_in_time() {
    let phone = Phone::enrolled().await;
    let gateway = Gateway::new(&phone.base, TOKEN, Duration::from_secs(1)).expect("a client");
    let order = phone.order(1, &[b"x"]);
    let handle = gateway.start(&order).await.expect("a handle");
    phone.scenario("silence").await;
    let began = std::time::Instant::now();
    assert!(gateway.poll(&order, &handle).await.is_err());
    assert!(began.elapsed().as_secs() < 9, "the patience is the caller's");
    let nobody = Gateway::new(NOBODY, TOKEN, PATIENCE).expect("a client");
    let handle = nobody.start(&order).await.expect("nobody was asked");
    assert_eq!(nobody.poll(&order, &handle).await, refused("backend"));
    assert!(nobody.poll(&order, "csc:x").await.is_err());
}

/// What a gateway answers is not believed to be what CSC says.
#[tokio::test]
async fn answers_are_read_strictly() {
    let order = Phone::nobody().order(1, &[b"x"]);
    let credential = line(
        200,
        JSON,
        r#"{"key":{"status":"enabled","algo":["1.2.840.113549.1.1.1"],"len":2048},"SCAL":"2","multisign":1,
            "auth":{"mode":"explicit","objects":[{"type":"PasswordOOB","id":"PIN"}]}}"#,
    );
    let long = format!(r#"{{"handle":"{}"}}"#, "h".repeat(70_000));
    for answer in [
        line(200, JSON, r#"{"SAD":"granted without the person"}"#),
        line(202, JSON, r#"{"handle":""}"#),
        line(202, JSON, r#"{"handle":"a\u0000b"}"#),
        line(202, JSON, r#"{"responseID":"x"}"#),
        line(202, JSON, "not JSON"),
        line(202, JSON, long),
        line(302, JSON, r#"{"handle":"h"}"#),
        line(403, "text/html", "<html>"),
        line(500, JSON, r#"{"error":"access_denied","error_description":"UserRejected"}"#),
    ] {
        let script = Script::new(vec![credential.clone(), answer.clone()]);
        let started = Gateway::new(&script.url(), TOKEN, PATIENCE).expect("a client").start(&order).await;
        assert!(started.is_err(), "{} {}", answer.status, String::from_utf8_lossy(&answer.body));
        assert_eq!(script.asked().len(), 2, "asked once");
    }
    let script = Script::new(vec![credential, line(202, JSON, r#"{"handle":"h-1"}"#)]);
    let gateway = Gateway::new(&script.url(), TOKEN, PATIENCE).expect("a client");
    let handle = gateway.start(&order).await.expect("a handle");
    let asked = script.asked();
    let paths: Vec<_> = asked.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["/csc/v2/credentials/info", "/csc/v2/credentials/authorize"]);
    let body: Value = serde_json::from_slice(&asked[1].1).expect("JSON");
    assert_eq!(
        body,
        json!({"credentialID": "c", "numSignatures": 1, "hashes": [STANDARD.encode(order.hashes[0])],
            "hashAlgorithmOID": "2.16.840.1.101.3.4.2.1", "authData": [{"id": "PIN"}], "description": order.display_text,
            "clientData": order.session.as_str()})
    );
    assert_eq!(gateway.poll(&order, &handle).await, Ok(GatewayAnswer::Pending));
    let other = Script::new(vec![line(202, JSON, r#"{"handle":"h-2"}"#)]);
    let gateway = Gateway::new(&other.url(), TOKEN, PATIENCE).expect("a client");
    assert!(gateway.poll(&order, &handle).await.is_err(), "an answer about another handle");
}
