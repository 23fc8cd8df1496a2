//! What is refused, over the wire and at the start; and a token that goes away.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::peer::{Agency, OTHER_TOKEN, PIN, TOKEN, authorize, hashes, p256, sign, there};

const EC_SHA256: &str = "1.2.840.10045.4.3.2";
const AUTHORIZE: &str = "v2/credentials/authorize";
const SIGN: &str = "v2/signatures/signHash";

#[tokio::test]
async fn a_sad_is_spent_once_by_its_client_for_its_digests() {
    if !there() {
        return;
    }
    let agency = Agency::new("CTDT Test Cơ yếu", vec![p256()]);
    let running = agency.run(&agency.settings());
    let wanted = hashes(2);
    let sad = running.sad(&agency, "key-1", &wanted).await;
    let body = sign("key-1", &wanted, &sad, EC_SHA256);
    assert_eq!(running.ask("none", SIGN, &body).await.0, 401, "nobody");
    assert_eq!(running.ask(OTHER_TOKEN, SIGN, &body).await.0, 400, "another client's");
    assert_eq!(running.ask(TOKEN, SIGN, &body).await.0, 200);
    assert_eq!(running.ask(TOKEN, SIGN, &body).await.0, 400, "replayed");
    let sad = running.sad(&agency, "key-1", &wanted).await;
    let (status, said) = running.ask(TOKEN, SIGN, &sign("key-1", &hashes(1), &sad, EC_SHA256)).await;
    assert_eq!((status, &said["error"]), (403, &json!("invalid_hash")), "other digests");
}

#[tokio::test]
async fn what_nobody_approved_is_not_authorised() {
    if !there() {
        return;
    }
    let agency = Agency::new("CTDT Test Cơ yếu", vec![p256()]);
    let running = agency.run(&agency.settings());
    let wanted = hashes(1);
    let many = hashes(21);
    let short = vec![vec![1; 20]];
    for (what, hashes, approval, expected) in [
        ("approved", &wanted, agency.approval("key-1", &wanted), 200),
        ("without", &wanted, String::new(), 403),
        ("for others", &wanted, agency.approval("key-1", &hashes(2)), 403),
        ("21", &many, agency.approval("key-1", &many), 400),
        ("20 bytes", &short, agency.approval("key-1", &short), 400),
    ] {
        let (status, said) = running.ask(TOKEN, AUTHORIZE, &authorize("key-1", hashes, &approval)).await;
        assert_eq!(status, expected, "{what}: {said}");
    }
    let long = json!({"clientData": "x".repeat(70_000)});
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let request = client.post(format!("{}/csc/{AUTHORIZE}", running.address)).bearer_auth(TOKEN).json(&long);
    assert_eq!(request.send().await.expect("an answer").status().as_u16(), 413);
}

#[tokio::test]
async fn a_token_that_was_taken_out_works_again_when_it_is_back() {
    if !there() {
        return;
    }
    let agency = Agency::new("CTDT Test Cơ yếu", vec![p256()]);
    let running = agency.run(&agency.settings());
    let wanted = hashes(1);
    for (there, expected) in [(true, 200), (false, 503), (false, 503), (true, 200)] {
        let (from, to) = if there { ("away", "tokens") } else { ("tokens", "away") };
        if agency.path(from).exists() {
            std::fs::rename(agency.path(from), agency.path(to)).expect("moved");
        }
        let sad = running.sad(&agency, "key-1", &wanted).await;
        let (status, said) = running.ask(TOKEN, SIGN, &sign("key-1", &wanted, &sad, EC_SHA256)).await;
        assert_eq!(status, expected, "{said} {}", agency.log());
    }
}

/// Three tries lock a token: a PIN that was refused is not tried again, though it may be right by now.
#[tokio::test]
async fn a_refused_pin_is_not_tried_again() {
    if !there() {
        return;
    }
    let agency = Agency::new("CTDT Test Cơ yếu", vec![p256()]);
    let running = agency.run(&agency.settings());
    let wanted = hashes(1);
    // The token goes away, so that the connector has to log in again; it comes back when the PIN is another one, then the old.
    for (tokens, pin, expected) in [("away", PIN, 503), ("tokens", "999999", 500), ("tokens", PIN, 500)] {
        for name in ["tokens", "away"] {
            if agency.path(name).exists() && name != tokens {
                std::fs::rename(agency.path(name), agency.path(tokens)).expect("moved");
                break;
            }
        }
        agency.write("pin", pin.as_bytes());
        let sad = running.sad(&agency, "key-1", &wanted).await;
        let (status, said) = running.ask(TOKEN, SIGN, &sign("key-1", &wanted, &sad, EC_SHA256)).await;
        assert_eq!(status, expected, "{tokens} {said} {}", agency.log());
    }
}

#[test]
fn it_does_not_start_with_what_is_wrong() {
    if !there() {
        return;
    }
    let agency = Agency::new("CTDT Test Cơ yếu", vec![p256()]);
    let good = agency.settings();
    agency.write("wrong-pin", b"999999");
    for (pointer, value, told) in [
        ("/token/pin_file", json!("wrong-pin"), "refused the PIN"),
        ("/token/pin_file", json!("nowhere"), "nowhere"),
        ("/token/label", json!("another"), "not present"),
        ("/credentials/0/key_id", json!("0f"), "session with the token"),
        ("/listen", json!("0.0.0.0:0"), "loopback"),
    ] {
        let mut settings = good.clone();
        *settings.pointer_mut(pointer).expect("a member") = value;
        let said = agency.refused(&settings);
        assert!(said.contains(told), "{pointer}: {said}");
        assert!(!said.contains("999999") && !said.contains(PIN), "the PIN is told");
    }
}

/// The profile that signs everything exists for test keys alone.
#[tokio::test]
async fn open_is_for_test_keys() {
    if !there() {
        return;
    }
    for (organisation, starts) in [("CTDT Test Cơ yếu", true), ("Ban Cơ yếu Chính phủ", false)] {
        let agency = Agency::new(organisation, vec![p256()]);
        let mut settings = agency.settings();
        settings["profile"] = "open".into();
        settings["approval_keys"] = json!([]);
        if !starts {
            assert!(agency.refused(&settings).contains("test CA"), "{organisation}");
            continue;
        }
        let running = agency.run(&settings);
        let (status, _) = running.ask(TOKEN, AUTHORIZE, &authorize("key-1", &hashes(1), "")).await;
        assert_eq!(status, 200);
    }
}

/// No PIN, SAD or token in the log, whatever happens.
#[tokio::test]
async fn secrets_stay_out_of_the_log() {
    if !there() {
        return;
    }
    let agency = Agency::new("CTDT Test Cơ yếu", vec![p256()]);
    let running = agency.run(&agency.settings());
    let wanted = hashes(1);
    let sad = running.sad(&agency, "key-1", &wanted).await;
    for _ in 0..2 {
        running.ask(TOKEN, SIGN, &sign("key-1", &wanted, &sad, EC_SHA256)).await;
    }
    running.ask(TOKEN, AUTHORIZE, &authorize("key-1", &wanted, &sad)).await;
    let log = agency.log();
    assert!(log.contains(&hex::encode(&wanted[0])), "digests are told: {log}");
    for secret in [PIN, TOKEN, &sad, &STANDARD.encode(TOKEN)] {
        assert!(!log.contains(secret), "{log}");
    }
}
