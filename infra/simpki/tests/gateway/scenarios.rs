//! One test for each suffix of the table in remote-signing.md §5 that the CSC face carries: the number alone sets the scenario.
//! 010, 011 and 022 are in `hints`; 019 to 021 need faces that answer with CMS or PDF.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED};
use simpki::SCENARIO_NUMBERS;

use super::*;

pub(crate) const ECDSA: &str = "1.2.840.10045.4.3.2";

/// A SIM of the block, behind a gateway with a clock that a test moves.
pub(crate) struct Sim {
    pub(crate) gateway: Gateway,
    folder: tempfile::TempDir,
    pub(crate) msisdn: String,
    pub(crate) credential: String,
    pub(crate) spki: Vec<u8>,
}

impl Sim {
    pub(crate) async fn start(suffix: &str, key: Option<&str>) -> Sim {
        Self::telling(suffix, key, None).await
    }

    /// The same, which tells an address when a prompt has ended.
    pub(crate) async fn telling(suffix: &str, key: Option<&str>, callback: Option<simpki::Callback>) -> Sim {
        let folder = tempfile::tempdir().expect("a folder");
        let gateway = Gateway::telling(None, Some(&folder.path().join("offset")), callback).await;
        let msisdn = format!("{SCENARIO_NUMBERS}{suffix}");
        let (credential, spki) = gateway.enrol_as(&msisdn, key).await;
        Sim { gateway, folder, msisdn, credential, spki }
    }

    /// Sets the clock to so many seconds after the start.
    pub(crate) fn at(&self, seconds: i64) {
        std::fs::write(self.folder.path().join("offset"), seconds.to_string()).expect("written");
    }

    pub(crate) async fn prompt(&self, reference: &str, hashes: &[String]) -> String {
        let (status, out) = self.gateway.authorize(&self.credential, reference, hashes).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{out}");
        text(&out, "handle")
    }

    pub(crate) async fn press(&self, pin: &str) -> StatusCode {
        self.gateway.post(&format!("/phones/{}/confirm", self.msisdn), json!({ "pin": pin })).await.0
    }

    async fn word(&self, handle: &str) -> (StatusCode, Value) {
        let (status, out) = self.gateway.check(handle).await;
        (status, out["error_description"].clone())
    }

    async fn sad(&self, handle: &str) -> String {
        let (status, out) = self.gateway.check(handle).await;
        assert_eq!(status, StatusCode::OK, "{out}");
        text(&out, "SAD")
    }

    /// Prompt, PIN, SAD, signatures.
    async fn signed(&self, hashes: &[String]) -> Value {
        let handle = self.prompt("one", hashes).await;
        assert_eq!(self.press(PIN).await, StatusCode::OK);
        let sad = self.sad(&handle).await;
        let (status, out) = self.gateway.sign(&self.credential, &sad, hashes).await;
        assert_eq!(status, StatusCode::OK, "{out}");
        out["signatures"].clone()
    }
}

#[tokio::test]
async fn s001_ok_with_rsa_of_2048_and_3072_bits() {
    for (key, bits) in [("rsa-2048", 2048), ("rsa-3072", 3072)] {
        let sim = Sim::start("001", Some(key)).await;
        let signed = sim.signed(&[hash(b"x")]).await;
        assert!(verifies(&sim.spki, b"x", &signed[0]));
        let asked = json!({"credentialID": sim.credential});
        assert_eq!(sim.gateway.post("/csc/v2/credentials/info", asked).await.1["key"]["len"], bits);
    }
}

#[tokio::test]
async fn s002_the_person_refuses() {
    let sim = Sim::start("002", None).await;
    let handle = sim.prompt("one", &[hash(b"x")]).await;
    assert_eq!(sim.word(&handle).await, (StatusCode::BAD_REQUEST, json!("UserRejected")));
}

#[tokio::test]
async fn s003_one_wrong_pin_costs_a_try_and_no_more() {
    let sim = Sim::start("003", None).await;
    let handle = sim.prompt("one", &[hash(b"x")]).await;
    assert_eq!(sim.gateway.get(&format!("/phones/{}", sim.msisdn)).await["tries_left"], 2);
    assert_eq!(sim.word(&handle).await.0, StatusCode::ACCEPTED);
    assert_eq!(sim.press(PIN).await, StatusCode::OK);
    assert_eq!(sim.word(&handle).await.0, StatusCode::OK);
    assert_eq!(sim.gateway.get(&format!("/phones/{}", sim.msisdn)).await["tries_left"], 3);
}

#[tokio::test]
async fn s004_the_pin_is_blocked() {
    let sim = Sim::start("004", None).await;
    let (status, out) = sim.gateway.authorize(&sim.credential, "one", &[hash(b"x")]).await;
    assert_eq!((status, &out["error_description"]), (StatusCode::BAD_REQUEST, &json!("PinBlocked")));
}

#[tokio::test]
async fn s005_nobody_answers() {
    let sim = Sim::start("005", None).await;
    let handle = sim.prompt("one", &[hash(b"x")]).await;
    assert_eq!(sim.press(PIN).await, StatusCode::OK, "the phone believes that it answered");
    assert_eq!(sim.word(&handle).await.0, StatusCode::ACCEPTED);
    sim.at(300);
    assert_eq!(sim.word(&handle).await, (StatusCode::BAD_REQUEST, json!("UserTimeout")));
}

#[tokio::test]
async fn s006_the_phone_is_off() {
    let sim = Sim::start("006", None).await;
    let (status, out) = sim.gateway.authorize(&sim.credential, "one", &[hash(b"x")]).await;
    assert_eq!((status, &out["error_description"]), (StatusCode::BAD_REQUEST, &json!("Unreachable")));
}

#[tokio::test]
async fn s007_and_s008_the_x509_certificate_is_no_longer_good() {
    for (suffix, state, word) in [("007", "expired", "CertExpired"), ("008", "revoked", "CertRevoked")] {
        let sim = Sim::start(suffix, None).await;
        let asked = json!({"credentialID": sim.credential});
        assert_eq!(sim.gateway.post("/csc/v2/credentials/info", asked).await.1["cert"]["status"], state);
        let handle = sim.prompt("one", &[hash(b"x")]).await;
        assert_eq!(sim.word(&handle).await.0, StatusCode::ACCEPTED, "the gateway looks after the PIN");
        assert_eq!(sim.press(PIN).await, StatusCode::OK);
        assert_eq!(sim.word(&handle).await, (StatusCode::BAD_REQUEST, json!(word)));
    }
}

#[tokio::test]
async fn s009_the_answer_comes_after_the_deadline() {
    let sim = Sim::start("009", None).await;
    let handle = sim.prompt("one", &[hash(b"x")]).await;
    assert_eq!(sim.press(PIN).await, StatusCode::OK);
    assert_eq!(sim.word(&handle).await.0, StatusCode::ACCEPTED);
    sim.at(300);
    assert_eq!(sim.word(&handle).await.0, StatusCode::OK);
}

#[tokio::test]
async fn s012_another_digest_is_signed() {
    let sim = Sim::start("012", None).await;
    let signed = sim.signed(&[hash(b"x")]).await;
    assert!(!verifies(&sim.spki, b"x", &signed[0]));
    assert!(verifies(&sim.spki, digest(&SHA256, b"x").as_ref(), &signed[0]), "a sound signature over something else");
}

#[tokio::test]
async fn s013_two_errors_and_then_an_answer() {
    let sim = Sim::start("013", None).await;
    let handle = sim.prompt("one", &[hash(b"x")]).await;
    for expected in [500, 500, 202] {
        assert_eq!(sim.word(&handle).await.0.as_u16(), expected);
    }
}

#[tokio::test]
async fn s014_the_answer_of_the_start_is_lost() {
    let sim = Sim::start("014", None).await;
    let body = json!({"credentialID": sim.credential, "numSignatures": 1, "hashes": [hash(b"x")],
        "hashAlgorithmOID": OID_SHA256, "description": "Ky", "clientData": "one"});
    let url = format!("{}/csc/v2/credentials/authorize", sim.gateway.base);
    assert!(sim.gateway.http.post(url).bearer_auth(TOKEN).json(&body).send().await.is_err());
    assert_eq!(sim.press(PIN).await, StatusCode::OK, "the prompt is there all the same");
}

#[tokio::test]
async fn s015_a_new_key_signs() {
    let sim = Sim::start("015", None).await;
    let signed = sim.signed(&[hash(b"x")]).await;
    assert!(!verifies(&sim.spki, b"x", &signed[0]));
}

#[tokio::test]
async fn s016_a_batch_comes_out_of_order_or_with_one_missing() {
    let sim = Sim::start("016", None).await;
    let hashes = [hash(b"1"), hash(b"2"), hash(b"3")];
    let signed = sim.signed(&hashes).await;
    assert!(verifies(&sim.spki, b"3", &signed[0]) && verifies(&sim.spki, b"1", &signed[2]));
    let name = json!({"name": "missing-one"});
    sim.gateway.post(&format!("/phones/{}/scenario", sim.msisdn), name).await;
    let handle = sim.prompt("two", &hashes).await;
    sim.press(PIN).await;
    let sad = sim.sad(&handle).await;
    let (_, out) = sim.gateway.sign(&sim.credential, &sad, &hashes).await;
    assert_eq!(out["signatures"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn s017_the_prompt_needs_30_seconds_to_the_phone() {
    let sim = Sim::start("017", None).await;
    let handle = sim.prompt("one", &[hash(b"x")]).await;
    let (status, _) = sim.gateway.authorize(&sim.credential, "two", &[hash(b"y")]).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS, "a prompt on its way is an open prompt");
    sim.at(25);
    assert_eq!(sim.press(PIN).await, StatusCode::CONFLICT);
    sim.at(31);
    assert_eq!(sim.press(PIN).await, StatusCode::OK);
    assert_eq!(sim.word(&handle).await.0, StatusCode::OK);
}

#[tokio::test]
async fn s018_ecdsa_comes_as_two_numbers_and_otherwise_as_der() {
    for (suffix, algorithm) in [("018", &ECDSA_P256_SHA256_FIXED), ("001", &ECDSA_P256_SHA256_ASN1)] {
        let sim = Sim::start(suffix, Some("p-256")).await;
        let hashes = [hash(b"x")];
        let handle = sim.prompt("one", &hashes).await;
        assert_eq!(sim.press(PIN).await, StatusCode::OK);
        let sad = sim.sad(&handle).await;
        assert_eq!(sim.gateway.sign(&sim.credential, &sad, &hashes).await.0, StatusCode::BAD_REQUEST, "no RSA key");
        let body = json!({"credentialID": sim.credential, "SAD": sad, "hashes": hashes, "signAlgo": ECDSA});
        let (status, out) = sim.gateway.post("/csc/v2/signatures/signHash", body).await;
        assert_eq!(status, StatusCode::OK, "{out}");
        assert!(verifies_as(algorithm, &sim.spki, b"x", &out["signatures"][0]), "{suffix}");
    }
}

#[tokio::test]
async fn s023_two_sessions_get_each_others_answers() {
    let sim = Sim::start("023", None).await;
    let other = format!("{SCENARIO_NUMBERS}123");
    let (credential, spki) = sim.gateway.enrol_as(&other, None).await;
    let name = json!({"name": "swapped-references"});
    sim.gateway.post(&format!("/phones/{other}/scenario"), name).await;
    let (mine, theirs) = ([hash(b"mine")], [hash(b"theirs")]);
    let handle = sim.prompt("one", &mine).await;
    let (_, out) = sim.gateway.authorize(&credential, "two", &theirs).await;
    let second = text(&out, "handle");
    assert_eq!(sim.press(PIN).await, StatusCode::OK);
    sim.gateway.post(&format!("/phones/{other}/confirm"), json!({ "pin": PIN })).await;
    let (_, first) = sim.gateway.sign(&sim.credential, &sim.sad(&handle).await, &mine).await;
    let (_, second) = sim.gateway.sign(&credential, &sim.sad(&second).await, &theirs).await;
    assert!(verifies(&spki, b"theirs", &first["signatures"][0]));
    assert!(verifies(&sim.spki, b"mine", &second["signatures"][0]));
}

/// R25: the PUK of the card opens a blocked SIM with a new PIN; wrong PUKs are counted, and ten end it.
#[tokio::test]
async fn the_puk_opens_a_blocked_sim() {
    let sim = Sim::start("001", None).await;
    let path = format!("/phones/{}/puk", sim.msisdn);
    sim.prompt("one", &[hash(b"x")]).await;
    for _ in 0..3 {
        sim.press("000000").await;
    }
    let (status, out) = sim.gateway.post(&path, json!({"puk": "00000000", "pin": "1357"})).await;
    assert_eq!((status, text(&out, "detail")), (StatusCode::UNPROCESSABLE_ENTITY, "tries_left=9".to_owned()));
    assert_eq!(sim.gateway.post(&path, json!({"puk": simpki::TEST_PUK, "pin": "1357"})).await.0, StatusCode::OK);
    sim.prompt("two", &[hash(b"x")]).await;
    assert_eq!(sim.press(PIN).await, StatusCode::UNPROCESSABLE_ENTITY, "the old PIN is gone");
    assert_eq!(sim.press("1357").await, StatusCode::OK);
    for _ in 0..10 {
        sim.gateway.post(&path, json!({"puk": "00000000", "pin": "1357"})).await;
    }
    assert_eq!(sim.gateway.post(&path, json!({"puk": simpki::TEST_PUK, "pin": "1357"})).await.0, StatusCode::CONFLICT);
}
