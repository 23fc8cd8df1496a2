//! The Mobile-ID face: sessions, results in its own words, limits. What an independent client says stands in tests/judges/mobile.

use aws_lc_rs::digest::SHA512;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA512};

use super::scenarios::Sim;
use super::*;

fn request(msisdn: &str, kind: &str, hash: &str) -> Value {
    json!({"relyingPartyUUID": simpki::RELYING_PARTY, "relyingPartyName": simpki::RELYING_PARTY_NAME,
        "phoneNumber": msisdn, "nationalIdentityNumber": "60001019906", "hash": hash, "hashType": kind,
        "language": "ENG", "displayText": "Ky BS", "displayTextFormat": "GSM-7"})
}

async fn start(sim: &Sim) -> String {
    let (status, out) = sim.gateway.post("/mid-api/signature", request(&sim.msisdn, "SHA256", &hash(b"x"))).await;
    assert_eq!(status, StatusCode::OK, "{out}");
    text(&out, "sessionID")
}

async fn poll(sim: &Sim, id: &str) -> Value {
    sim.gateway.get(&format!("/mid-api/signature/session/{id}?timeoutMs=1")).await
}

#[tokio::test]
async fn a_session_runs_and_ends_with_a_signature() {
    let sim = Sim::start("001", None).await;
    let id = start(&sim).await;
    let digest = digest(&SHA256, b"x");
    let bits = (u16::from(digest.as_ref()[0] >> 2) << 7) | u16::from(digest.as_ref()[31] & 0x7f);
    let phone = sim.gateway.get(&format!("/phones/{}", sim.msisdn)).await;
    assert_eq!(phone["data"][0]["code"], format!("{bits:04}"));
    assert_eq!(poll(&sim, &id).await, json!({"state": "RUNNING"}));
    assert_eq!(sim.press(PIN).await, StatusCode::OK);
    let out = poll(&sim, &id).await;
    assert_eq!((&out["state"], &out["result"]), (&json!("COMPLETE"), &json!("OK")));
    assert_eq!(out["signature"]["algorithm"], "SHA256WithRSAEncryption");
    assert!(out.get("cert").is_none(), "an answer to a signing carries no X.509 certificate");
    assert!(verifies(&sim.spki, b"x", &out["signature"]["value"]));
    assert_eq!(poll(&sim, &id).await, out, "a repeat gets the same answer");
}

#[tokio::test]
async fn sha_512_and_the_two_numbers_of_ecdsa() {
    let sim = Sim::start("002", None).await;
    sim.gateway.post(&format!("/phones/{}/scenario", sim.msisdn), json!({"name": "auto"})).await;
    let body = request(&sim.msisdn, "SHA512", &STANDARD.encode(aws_lc_rs::digest::digest(&SHA512, b"x")));
    let id = text(&sim.gateway.post("/mid-api/signature", body).await.1, "sessionID");
    let value = poll(&sim, &id).await["signature"]["value"].clone();
    assert!(verifies_as(&RSA_PKCS1_2048_8192_SHA512, &sim.spki, b"x", &value));

    let sim = Sim::start("018", None).await;
    let id = start(&sim).await;
    sim.press(PIN).await;
    let out = poll(&sim, &id).await;
    assert_eq!(out["signature"]["algorithm"], "SHA256WithECEncryption");
    assert!(verifies_as(&ECDSA_P256_SHA256_FIXED, &sim.spki, b"x", &out["signature"]["value"]));
}

/// Every refusal of a phone is the result of a session.
#[tokio::test]
async fn refusals_are_results() {
    for (suffix, pressed, at, result) in [
        ("002", false, 0, "USER_CANCELLED"),
        ("004", false, 0, "SIM_ERROR"),
        ("005", true, 120, "TIMEOUT"),
        ("006", false, 0, "PHONE_ABSENT"),
        ("007", true, 0, "NOT_MID_CLIENT"),
        ("008", true, 0, "NOT_MID_CLIENT"),
    ] {
        let sim = Sim::start(suffix, None).await;
        let id = start(&sim).await;
        if pressed {
            assert_eq!(sim.press(PIN).await, StatusCode::OK);
        }
        sim.at(at);
        assert_eq!(poll(&sim, &id).await, json!({"state": "COMPLETE", "result": result}), "{suffix}");
    }
    let sim = Sim::start("001", None).await;
    let first = start(&sim).await;
    let second = start(&sim).await;
    assert_eq!(poll(&sim, &second).await["result"], "DELIVERY_ERROR", "one prompt for each SIM");
    assert_eq!(poll(&sim, &first).await["state"], "RUNNING");
    let stranger = request("+84900990999", "SHA256", &hash(b"x"));
    let id = text(&sim.gateway.post("/mid-api/signature", stranger).await.1, "sessionID");
    assert_eq!(poll(&sim, &id).await["result"], "NOT_MID_CLIENT");
    let unknown = format!("{}/mid-api/signature/session/unknown", sim.gateway.base);
    assert_eq!(sim.gateway.http.get(unknown).send().await.expect("an answer").status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn wrong_requests_are_refused() {
    let sim = Sim::start("001", None).await;
    let good = request(&sim.msisdn, "SHA256", &hash(b"x"));
    for (name, value, status) in [
        ("hash", json!(STANDARD.encode([0_u8; 20])), 400),
        ("hashType", json!("SHA384"), 400),
        ("hashType", json!("SHA1"), 400),
        ("language", json!("VIE"), 400),
        ("displayText", json!("a".repeat(101)), 400),
        ("displayText", json!("Ký"), 400),
        ("nationalIdentityNumber", json!("x"), 400),
        ("relyingPartyName", json!("somebody"), 401),
    ] {
        let mut body = good.clone();
        body[name] = value;
        assert_eq!(sim.gateway.post("/mid-api/signature", body).await.0.as_u16(), status, "{name}");
    }
    let mut body = good;
    (body["displayText"], body["displayTextFormat"]) = (json!("ữ".repeat(51)), json!("UCS-2"));
    assert_eq!(sim.gateway.post("/mid-api/signature", body.clone()).await.0, StatusCode::BAD_REQUEST);
    body["displayText"] = json!("ữ".repeat(50));
    assert_eq!(sim.gateway.post("/mid-api/signature", body).await.0, StatusCode::OK);
}
