//! What the gateway says by itself when a prompt has ended: calls signed by the Standard Webhooks specification 1.0.
//!
//! A hint names the client's own reference and nothing else: no phone, no person and no outcome, for which the client has to
//! ask. Only prompts of the CSC face have hints; MSS and Mobile-ID are asked. What is not taken is said again under the same
//! identifier, three times in all.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::Error;
use crate::engine::Engine;
use crate::keys::Chance;
use crate::scenario::Scenario;
use crate::sim::Transaction;

/// How often the engine is asked whether a prompt has ended by time alone.
const LOOK: Duration = Duration::from_millis(250);
/// How long the receiver may take; before the start answer of a prompt this is how late that may be.
const PATIENCE: Duration = Duration::from_secs(5);
/// Pauses before a hint is said again.
const AGAIN: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(3)];
/// How old a stale hint is, in seconds: well beyond the 300 of the specification's libraries.
const STALE: i64 = 3_600;
/// Bytes of a secret (specification, "Signature scheme").
const SECRET: std::ops::RangeInclusive<usize> = 24..=64;

/// Where hints go, and with what they are signed.
#[derive(Clone, Debug)]
pub struct Callback {
    /// The whole address.
    pub url: String,
    /// `whsec_` and base64 of 24 to 64 bytes.
    pub secret: String,
}

/// One call that is to be made.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Saying {
    id: String,
    timestamp: i64,
    signature: String,
    body: String,
}

/// Sends what the engine has to say.
pub(crate) struct Messenger {
    url: String,
    key: hmac::Key,
    http: reqwest::Client,
}

impl Messenger {
    /// # Errors
    /// [`Error::State`]: the secret is none, or there is no HTTP client.
    pub(crate) fn new(callback: &Callback) -> Result<Messenger, Error> {
        let told = |why: &str| Error::State(format!("callback: {why}"));
        let bytes = callback.secret.strip_prefix("whsec_").and_then(|text| STANDARD.decode(text).ok());
        let bytes = bytes.filter(|bytes| SECRET.contains(&bytes.len()));
        let bytes = bytes.ok_or_else(|| told("the secret must be whsec_ and base64 of 24 to 64 bytes"))?;
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let http = client.timeout(PATIENCE).build().map_err(|_| told("no HTTP client"))?;
        Ok(Messenger { url: callback.url.clone(), key: hmac::Key::new(hmac::HMAC_SHA256, &bytes), http })
    }

    /// Says what is new, for as long as it is polled.
    pub(crate) async fn run(self: Arc<Self>, engine: Arc<Engine>) {
        loop {
            let news = engine.news().unwrap_or_else(|error| {
                eprintln!("{error}");
                Vec::new()
            });
            for (transaction, scenario) in news {
                let (this, engine) = (Arc::clone(&self), Arc::clone(&engine));
                tokio::spawn(async move { this.say(&engine, &transaction, scenario).await });
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Says that a prompt has ended, as its scenario has it; comes back when all is said or given up.
    pub(crate) async fn say(&self, engine: &Engine, transaction: &Transaction, scenario: Scenario) {
        let Some(reference) = &transaction.client_data else { return };
        let sayings = match self.sayings((&transaction.id, reference), scenario, (engine.now(), &engine.chance)) {
            Ok(sayings) => sayings,
            Err(error) => return eprintln!("{error}"),
        };
        for saying in sayings {
            self.deliver(&saying).await;
        }
    }

    async fn deliver(&self, saying: &Saying) {
        for pause in AGAIN.into_iter().map(Some).chain([None]) {
            match self.post(saying).await {
                // Whoever refuses a call for what it is does so again.
                Ok(status) if !status.is_server_error() => return,
                _ => {}
            }
            if let Some(pause) = pause {
                tokio::time::sleep(pause).await;
            }
        }
    }

    async fn post(&self, saying: &Saying) -> Result<reqwest::StatusCode, reqwest::Error> {
        let call = self.http.post(&self.url).header("content-type", "application/json");
        let call = call.header("webhook-id", &saying.id).header("webhook-timestamp", saying.timestamp.to_string());
        let call = call.header("webhook-signature", &saying.signature).body(saying.body.clone());
        Ok(call.send().await?.status())
    }

    fn sayings(
        &self,
        (prompt, reference): (&str, &str),
        scenario: Scenario,
        (now, chance): (i64, &Chance),
    ) -> Result<Vec<Saying>, Error> {
        let id = format!("msg_{prompt}");
        let body = body(reference, now);
        let sound = signed(&self.key, id.clone(), now, body.clone());
        Ok(match scenario {
            Scenario::DuplicateCallback => vec![sound.clone(), sound],
            Scenario::ForgedCallback => {
                let other = hmac::Key::new(hmac::HMAC_SHA256, &chance.bytes::<32>()?);
                let stale = signed(&self.key, format!("{id}-stale"), now.saturating_sub(STALE), body.clone());
                let changed = Saying { body: body.replace("signing.finished", "signing.changed"), ..sound };
                vec![signed(&other, format!("{id}-forged"), now, body), stale, changed]
            }
            _ => vec![sound],
        })
    }
}

/// A thin payload as the specification advises: what kind of thing happened, when, and whose.
fn body(reference: &str, now: i64) -> String {
    let at = jiff::Timestamp::from_second(now).map(|at| at.to_string()).unwrap_or_default();
    json!({"type": "signing.finished", "timestamp": at, "data": {"clientData": reference}}).to_string()
}

fn signed(key: &hmac::Key, id: String, timestamp: i64, body: String) -> Saying {
    let mac = hmac::sign(key, format!("{id}.{timestamp}.{body}").as_bytes());
    Saying { signature: format!("v1,{}", STANDARD.encode(mac)), id, timestamp, body }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messenger(secret: &str) -> Result<Messenger, Error> {
        Messenger::new(&Callback { url: "http://127.0.0.1:1/".to_owned(), secret: secret.to_owned() })
    }

    /// The specification's own example: this secret, identifier, second and body have this signature.
    #[test]
    fn a_hint_is_signed_as_the_specification_has_it() {
        let messenger = messenger("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("a secret");
        let body = r#"{"test": 2432232314}"#.to_owned();
        let saying = signed(&messenger.key, "msg_p5jXN8AQM9LWM0D4loKWxJek".to_owned(), 1_614_265_330, body);
        assert_eq!(saying.signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_scenario_says_it_once_or_twice_or_never_soundly() {
        let messenger = messenger("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("a secret");
        let said = |scenario| {
            messenger.sayings(("p1", "sgn_1"), scenario, (1_000_000, &Chance::new(None, 0))).expect("chance")
        };
        let one = said(Scenario::Ok);
        let sound = |s: &Saying| {
            let again = signed(&messenger.key, s.id.clone(), s.timestamp, s.body.clone());
            s.timestamp == 1_000_000 && again == *s
        };
        assert!(one.len() == 1 && one.iter().all(sound), "{one:?}");
        let body: serde_json::Value = serde_json::from_str(&one[0].body).expect("JSON");
        let data = json!({"clientData": "sgn_1"});
        assert_eq!(body, json!({"type": "signing.finished", "timestamp": "1970-01-12T13:46:40Z", "data": data}));
        assert_eq!(said(Scenario::DuplicateCallback), [one.clone(), one].concat());
        let forged = said(Scenario::ForgedCallback);
        assert!(forged.len() == 3 && !forged.iter().any(sound), "{forged:?}");
    }

    #[test]
    fn a_secret_is_one() {
        for wrong in [
            "",
            "whsec_",
            "whsec_****",
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            &format!("whsec_{}", STANDARD.encode([1; 23])),
        ] {
            assert!(messenger(wrong).is_err(), "{wrong}");
        }
    }
}
