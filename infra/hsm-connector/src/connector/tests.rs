//! The rules of remote-signing.md §6 over a token in memory, with times that the tests choose.

use std::sync::Mutex;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};

use super::*;
use crate::approval::tests::{NOW, claims, pair, signed};
use crate::approval::{OpenToTests, SignedApprovals, TYPE};
use crate::credential::tests::chain;
use crate::token::TokenError;

/// A P-256 key that answers r‖s as PKCS#11 does, or fails as it is told.
struct Soft {
    key: EcdsaKeyPair,
    fate: Mutex<Option<TokenError>>,
    signed: Mutex<usize>,
}

impl Token for Soft {
    async fn sign(&self, task: Task) -> Result<Vec<Vec<u8>>, TokenError> {
        if let Some(error) = self.fate.lock().expect("sound").clone() {
            return Err(error);
        }
        *self.signed.lock().expect("sound") += task.digests.len();
        let one = |digest: &Vec<u8>| {
            let known = &aws_lc_rs::digest::SHA256;
            let digest = aws_lc_rs::digest::Digest::import_less_safe(digest, known).expect("a digest");
            self.key.sign_digest(&digest).expect("signed").as_ref().to_vec()
        };
        Ok(task.digests.iter().map(one).collect())
    }
}

fn soft(key: &rcgen::KeyPair) -> Soft {
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &key.serialize_der()).expect("a key");
    Soft { key, fate: Mutex::new(None), signed: Mutex::new(0) }
}

/// The connector over one key, the key of approvals, and a counter for chance.
struct World {
    connector: Connector<Soft>,
    approver: rcgen::KeyPair,
    chance: Mutex<u8>,
}

impl World {
    fn new() -> Self {
        Self::with(None, 1000)
    }

    fn with(open: Option<Box<dyn Approval>>, rate: u32) -> Self {
        let (key, approver) = (pair(), pair());
        let credential = Credential::new("seal", &[1], chain("CTDT Test A", &key), false).expect("fit");
        let mut other = credential.clone();
        other.id = "other".to_owned();
        let signed = SignedApprovals::new("hsm", &[approver.public_key_pem().into_bytes()]).expect("a key");
        let approval = open.unwrap_or_else(|| Box::new(signed));
        let connector = Connector::new("hsm", vec![credential, other], soft(&key), approval, rate);
        Self { connector, approver, chance: Mutex::new(0) }
    }

    async fn ask(&self, method: &str, who: &str, second: i64, body: &Value) -> Result<Value, Refusal> {
        self.ask_by(Version::V2, method, who, second, body).await
    }

    async fn ask_by(
        &self,
        version: Version,
        method: &str,
        who: &str,
        second: i64,
        body: &Value,
    ) -> Result<Value, Refusal> {
        let chance = {
            let mut chance = self.chance.lock().expect("sound");
            *chance += 1;
            [*chance; 32]
        };
        let now = Timestamp::from_second(NOW + second).expect("a time");
        let moment = Moment { caller: Some(who).filter(|who| !who.is_empty()), now, chance };
        self.connector.answer(version, method, moment, body.to_string().as_bytes()).await
    }

    fn approval(&self, hashes: &[Vec<u8>]) -> String {
        signed(&self.approver, TYPE, &claims("seal", hashes))
    }

    /// A SAD for these digests, as client `ctdt` at the beginning of time.
    async fn sad(&self, hashes: &[Vec<u8>]) -> String {
        let answer = self.ask("credentials/authorize", "ctdt", 0, &authorize(hashes, &self.approval(hashes))).await;
        answer.expect("granted")["SAD"].as_str().expect("a text").to_owned()
    }

    fn signed(&self) -> usize {
        *self.connector.token.signed.lock().expect("sound")
    }
}

fn hashes(number: u8) -> Vec<Vec<u8>> {
    (1..=number).map(|byte| vec![byte; 32]).collect()
}

fn encoded(hashes: &[Vec<u8>]) -> Vec<String> {
    hashes.iter().map(|hash| STANDARD.encode(hash)).collect()
}

fn authorize(hashes: &[Vec<u8>], approval: &str) -> Value {
    json!({"credentialID": "seal", "numSignatures": hashes.len(), "hashes": encoded(hashes),
        "hashAlgorithmOID": Hash::Sha256.oid(), "clientData": approval})
}

fn sign(hashes: &[Vec<u8>], sad: &str) -> Value {
    json!({"credentialID": "seal", "SAD": sad, "hashes": encoded(hashes), "signAlgo": "1.2.840.10045.4.3.2"})
}

fn told(answer: Result<Value, Refusal>) -> (u16, &'static str) {
    answer.map_or_else(|refusal| (refusal.status, refusal.error), |_| (200, ""))
}

const SIGN: &str = "signatures/signHash";
const AUTHORIZE: &str = "credentials/authorize";

#[tokio::test]
async fn approved_digests_are_signed_once_in_their_order() {
    let world = World::new();
    let wanted = hashes(20);
    let sad = world.sad(&wanted).await;
    let answer = world.ask(SIGN, "ctdt", 59, &sign(&wanted, &sad)).await.expect("signed");
    let values = answer["signatures"].as_array().expect("a list");
    assert_eq!(values.len(), 20);
    let credential = &world.connector.credentials[0];
    for (value, hash) in values.iter().zip(&wanted) {
        let value = STANDARD.decode(value.as_str().expect("a text")).expect("base64");
        assert!(credential.verifies(credential.algorithms()[0], hash, &value), "DER, and in order");
    }
    assert_eq!(told(world.ask(SIGN, "ctdt", 59, &sign(&wanted, &sad)).await), (400, "invalid_request"), "replayed");
    assert_eq!(world.signed(), 20);
}

#[tokio::test]
async fn a_sad_is_for_its_digests_its_client_and_its_minute() {
    let world = World::new();
    let wanted = hashes(2);
    let reversed: Vec<_> = wanted.iter().rev().cloned().collect();
    for (what, hashes, who, second, expected) in [
        ("other digests", hashes(3), "ctdt", 0, (403, "invalid_hash")),
        ("other order", reversed, "ctdt", 0, (403, "invalid_hash")),
        ("fewer", hashes(1), "ctdt", 0, (403, "invalid_hash")),
        ("another client", wanted.clone(), "other", 0, (400, "invalid_request")),
        ("too late", wanted.clone(), "ctdt", 60, (400, "expired_token")),
        ("nobody", wanted.clone(), "", 0, (401, "invalid_token")),
    ] {
        let sad = world.sad(&wanted).await;
        assert_eq!(told(world.ask(SIGN, who, second, &sign(&hashes, &sad)).await), expected, "{what}");
    }
    let sad = world.sad(&wanted).await;
    let mut elsewhere = sign(&wanted, &sad);
    elsewhere["credentialID"] = "other".into();
    assert_eq!(told(world.ask(SIGN, "ctdt", 0, &elsewhere).await), (400, "invalid_request"), "another credential");
    assert_eq!(told(world.ask(SIGN, "ctdt", 0, &sign(&wanted, "")).await), (400, "invalid_request"));
    assert_eq!(world.signed(), 0);
}

#[tokio::test]
async fn what_is_not_approved_is_not_authorised() {
    let world = World::new();
    let wanted = hashes(2);
    let good = authorize(&wanted, &world.approval(&wanted));
    for (what, change, expected) in [
        ("no approval", json!({"clientData": null}), (403, "access_denied")),
        ("an approval of others", json!({"clientData": world.approval(&hashes(3))}), (403, "access_denied")),
        ("another credential", json!({"credentialID": "other"}), (403, "access_denied")),
        ("no credential", json!({"credentialID": "none"}), (400, "invalid_request")),
        ("a wrong number", json!({"numSignatures": 1}), (400, "invalid_request")),
        (
            "a short digest",
            json!({"hashes": [STANDARD.encode([1; 31]), STANDARD.encode([2; 31])]}),
            (400, "invalid_request"),
        ),
        (
            "two kinds",
            json!({"hashes": [STANDARD.encode([1; 32]), STANDARD.encode([2; 48])]}),
            (400, "invalid_request"),
        ),
        ("SHA-1", json!({"hashAlgorithmOID": "1.3.14.3.2.26"}), (400, "invalid_request")),
        ("another kind", json!({"hashAlgorithmOID": Hash::Sha384.oid()}), (400, "invalid_request")),
        ("a PIN", json!({"PIN": "123456"}), (400, "invalid_request")),
        ("a name of v1", json!({"hash": encoded(&wanted)}), (400, "invalid_request")),
        ("none", json!({"hashes": [], "numSignatures": 0}), (400, "invalid_request")),
    ] {
        let mut body = good.clone();
        for (name, value) in change.as_object().expect("an object") {
            body[name] = value.clone();
        }
        assert_eq!(told(world.ask(AUTHORIZE, "ctdt", 0, &body).await), expected, "{what}");
    }
    let many = hashes(21);
    assert_eq!(
        told(world.ask(AUTHORIZE, "ctdt", 0, &authorize(&many, &world.approval(&many))).await),
        (400, "invalid_request")
    );
    assert_eq!(told(world.ask(AUTHORIZE, "ctdt", 300, &good).await), (403, "access_denied"), "the approval is over");
    assert_eq!(told(world.ask(AUTHORIZE, "ctdt", 0, &good).await), (200, ""), "and all else was right");
}

#[tokio::test]
async fn an_extension_spends_the_old_sad_and_wants_an_approval() {
    let world = World::new();
    let (first, second) = (hashes(1), hashes(2));
    let extend = |sad: &str, approval: &str| {
        let mut body = authorize(&second, approval);
        body["SAD"] = sad.into();
        body
    };
    let method = "credentials/extendTransaction";
    let sad = world.sad(&first).await;
    assert_eq!(
        told(world.ask(method, "ctdt", 0, &extend(&sad, &world.approval(&first))).await),
        (403, "access_denied")
    );
    let sad = world.sad(&first).await;
    let next = world.ask(method, "ctdt", 0, &extend(&sad, &world.approval(&second))).await.expect("extended");
    assert_eq!(told(world.ask(SIGN, "ctdt", 0, &sign(&first, &sad)).await), (400, "invalid_request"), "spent");
    let next = next["SAD"].as_str().expect("a text");
    assert_eq!(told(world.ask(SIGN, "ctdt", 0, &sign(&second, next)).await), (200, ""));
}

#[tokio::test]
async fn version_one_has_its_names_and_no_others() {
    let world = World::new();
    let wanted = hashes(1);
    let body = json!({"credentialID": "seal", "numSignatures": 1, "hash": encoded(&wanted),
        "clientData": world.approval(&wanted)});
    for secret in ["PIN", "OTP", "authData"] {
        let mut told_too_much = body.clone();
        told_too_much[secret] = "123456".into();
        let answer = world.ask_by(Version::V1, AUTHORIZE, "ctdt", 0, &told_too_much).await;
        assert_eq!(told(answer), (400, "invalid_request"), "{secret}");
    }
    let granted = world.ask_by(Version::V1, AUTHORIZE, "ctdt", 0, &body).await.expect("granted");
    assert_eq!(told(world.ask(AUTHORIZE, "ctdt", 0, &body).await), (400, "invalid_request"), "not in version 2");
    let body = json!({"credentialID": "seal", "SAD": granted["SAD"], "hash": encoded(&wanted),
        "hashAlgo": Hash::Sha256.oid(), "signAlgo": "1.2.840.10045.2.1"});
    assert_eq!(told(world.ask_by(Version::V1, SIGN, "ctdt", 0, &body).await), (200, ""));
    let info = world.ask_by(Version::V1, "credentials/info", "ctdt", 0, &json!({"credentialID": "seal"})).await;
    let info = info.expect("known");
    assert_eq!((&info["authMode"], &info["SCAL"], &info["multisign"]), (&json!("implicit"), &json!("2"), &json!(20)));
    assert_eq!(info["auth"], Value::Null);
}

#[tokio::test]
async fn a_token_that_fails_or_lies_signs_nothing() {
    let world = World::new();
    let wanted = hashes(1);
    for (fate, expected) in [
        (TokenError::Absent, (503, "temporarily_unavailable")),
        (TokenError::Busy, (429, "temporarily_unavailable")),
        (TokenError::PinIncorrect, (500, "server_error")),
    ] {
        *world.connector.token.fate.lock().expect("sound") = Some(fate);
        let sad = world.sad(&wanted).await;
        assert_eq!(told(world.ask(SIGN, "ctdt", 0, &sign(&wanted, &sad)).await), expected);
    }
    let mut world = World::new();
    world.connector.token = soft(&pair());
    let sad = world.sad(&wanted).await;
    assert_eq!(told(world.ask(SIGN, "ctdt", 0, &sign(&wanted, &sad)).await), (500, "server_error"), "another key");
}

#[tokio::test]
async fn times_rates_and_methods_are_bounded() {
    let world = World::with(Some(Box::new(OpenToTests)), 3);
    let wanted = hashes(1);
    let far = 400 * 365 * 86_400;
    let late = world.ask(AUTHORIZE, "ctdt", -far / 5, &authorize(&wanted, "")).await;
    assert_eq!(told(late), (400, "access_denied"), "before the credential's time");
    assert_eq!(told(world.ask("signatures/signDoc", "ctdt", 0, &json!({})).await), (404, "invalid_request"));
    for expected in [200, 200, 429] {
        // The first call of this minute was the unknown method.
        let answer = world.ask("credentials/list", "ctdt", 0, &json!({})).await;
        assert_eq!(told(answer).0, expected);
    }
    assert_eq!(told(world.ask("credentials/list", "other", 0, &json!({})).await).0, 200);
    assert_eq!(told(world.ask("credentials/list", "", 0, &json!({})).await).0, 401);
    assert_eq!(told(world.ask("info", "", 0, &json!({})).await).0, 200);
}

/// Whatever the body is, there is an answer.
#[tokio::test]
async fn a_body_that_is_none_is_refused() {
    let world = World::new();
    let deep = "[".repeat(10_000);
    let long = json!({"credentialID": "x".repeat(501)}).to_string();
    let number = json!({"credentialID": 7, "hashes": "AAAA", "numSignatures": -1}).to_string();
    let huge = r#"{"credentialID":"none","numSignatures":99999999999999999999,"hashes":["AA=="]}"#;
    for body in ["", "{", "[]", "null", "\u{fffd}", deep.as_str(), long.as_str(), number.as_str(), huge] {
        for method in [AUTHORIZE, SIGN, "credentials/info", "credentials/extendTransaction"] {
            for version in [Version::V1, Version::V2] {
                let now = Timestamp::from_second(NOW).expect("a time");
                let moment = Moment { caller: Some("ctdt"), now, chance: [0; 32] };
                let answer = world.connector.answer(version, method, moment, body.as_bytes()).await;
                assert_eq!(told(answer), (400, "invalid_request"), "{method}: {body:.40}");
            }
        }
    }
}
