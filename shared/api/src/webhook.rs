//! Calls that a machine has signed by the Standard Webhooks specification 1.0: `webhook-id`, `webhook-timestamp`, `webhook-signature`.
//!
//! Says who sent exactly these bytes and when; believes nothing that stands in them, and remembers no identifier. Signs nothing.

use std::collections::BTreeMap;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use crate::Request;

/// How far a sender's clock may be from ours, in seconds: that of the specification's reference libraries.
const TOLERANCE: u64 = 300;
/// The longest body of a hint (remote-signing.md §4).
pub const HINT_LIMIT: usize = 64 * 1024;
/// The longest identifier, in characters.
const ID_LIMIT: usize = 128;
/// How many signatures one call may carry: the old secret's, the new one's, and those of schemes that we do not know.
const SIGNATURES: usize = 8;
/// Bytes of a secret (specification, "Signature scheme").
const SECRET: std::ops::RangeInclusive<usize> = 24..=64;

/// The secrets of each sender that may call.
pub struct Senders(BTreeMap<String, Vec<hmac::Key>>);

/// Somebody sent this, just now.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Delivered<'a> {
    /// The sender's name for it; the same for a repeated delivery.
    pub id: &'a str,
}

impl Senders {
    /// Reads `{"<sender>": ["whsec_…", …]}`; a sender has one secret, or two while they are exchanged.
    ///
    /// # Errors
    /// What is wrong with it; never a secret.
    pub fn read(text: &str) -> Result<Self, String> {
        let listed: BTreeMap<String, Vec<String>> =
            serde_json::from_str(text).map_err(|_| "not an object of lists of secrets".to_owned())?;
        let one = |(sender, secrets): (String, Vec<String>)| {
            let keys: Option<Vec<hmac::Key>> = secrets.iter().map(|secret| key(secret)).collect();
            let keys = keys.filter(|keys| (1..=2).contains(&keys.len()));
            let wrong = format!("{sender}: one or two secrets whsec_… of 24 to 64 bytes");
            keys.map(|keys| (sender, keys)).ok_or(wrong)
        };
        listed.into_iter().map(one).collect::<Result<_, _>>().map(Self)
    }

    /// Whether there is such a sender.
    pub fn knows(&self, sender: &str) -> bool {
        self.0.contains_key(sender)
    }

    /// What a sender has signed. `None`: nobody that we know has sent this body now, for whatever reason.
    pub fn delivered<'a>(&self, sender: &str, request: &'a Request, now: Timestamp) -> Option<Delivered<'a>> {
        let keys = self.0.get(sender)?;
        let id = request.header("webhook-id").filter(|id| (1..=ID_LIMIT).contains(&id.len()))?;
        let sent = request.header("webhook-timestamp")?;
        let seconds: i64 = sent.parse().ok().filter(|seconds: &i64| seconds.to_string() == sent)?;
        if now.as_second().abs_diff(seconds) > TOLERANCE {
            return None;
        }
        let signed = [id.as_bytes(), b".", sent.as_bytes(), b".", &request.body].concat();
        let signatures = request.header("webhook-signature")?.split(' ').take(SIGNATURES);
        let mut values = signatures.filter_map(|one| STANDARD.decode(one.strip_prefix("v1,")?).ok());
        let genuine = values.any(|value| keys.iter().any(|key| hmac::verify(key, &signed, &value).is_ok()));
        genuine.then_some(Delivered { id })
    }
}

fn key(secret: &str) -> Option<hmac::Key> {
    let bytes = STANDARD.decode(secret.strip_prefix("whsec_")?).ok()?;
    SECRET.contains(&bytes.len()).then(|| hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const OTHER: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";
    /// The specification's own example: this secret, identifier, second and body have this signature.
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    const AT: i64 = 1_614_265_330;

    fn sent(headers: &[(&str, &str)], body: &[u8]) -> Request {
        Request {
            method: "POST".into(),
            path: String::new(),
            segments: Vec::new(),
            query: BTreeMap::new(),
            headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            body: body.to_vec(),
            source_ip: String::new(),
            request_id: String::new(),
        }
    }

    fn headers<'a>(id: &'a str, at: &'a str, signature: &'a str) -> [(&'a str, &'a str); 3] {
        [("webhook-id", id), ("webhook-timestamp", at), ("webhook-signature", signature)]
    }

    fn taken(senders: &str, headers: &[(&str, &str)], body: &[u8], now: i64) -> bool {
        let senders = Senders::read(senders).expect("secrets");
        let now = Timestamp::from_second(now).expect("in range");
        senders.delivered("a", &sent(headers, body), now).is_some()
    }

    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";

    /// remote-signing.md §4: the specification's example, with the secret that is going or the one that is coming, and until it is too old.
    #[test]
    fn a_signed_hint_is_taken_for_five_minutes() {
        let at = AT.to_string();
        let good = headers(ID, &at, SIGNATURE);
        for senders in [
            format!(r#"{{"a":["{SECRET}"]}}"#),
            format!(r#"{{"a":["{OTHER}","{SECRET}"]}}"#),
            format!(r#"{{"b":["{OTHER}"],"a":["{SECRET}","{OTHER}"]}}"#),
        ] {
            assert!(taken(&senders, &good, BODY, AT), "{senders}");
        }
        let ours = format!(r#"{{"a":["{SECRET}"]}}"#);
        for (now, is) in [(AT - 301, false), (AT - 300, true), (AT + 300, true), (AT + 301, false)] {
            assert_eq!(taken(&ours, &good, BODY, now), is, "{now}");
        }
        let several = format!("v1a,AAAA v1,AAAA {SIGNATURE}");
        assert!(taken(&ours, &headers(ID, &at, &several), BODY, AT));
    }

    /// F5: forged, for another body, another identifier or second, by another secret or scheme, or behind too many others.
    #[test]
    fn what_is_not_signed_is_from_nobody() {
        let (ours, at) = (format!(r#"{{"a":["{SECRET}"]}}"#), AT.to_string());
        let later = (AT + 1).to_string();
        let padded = format!("0{AT}");
        let hidden = format!("{} {SIGNATURE}", ["v1,AAAA"; 8].join(" "));
        let short = &SIGNATURE[..SIGNATURE.len() - 4];
        let scheme = SIGNATURE.replace("v1,", "v1a,");
        for wrong in [
            headers("msg_1", &at, SIGNATURE),
            headers(ID, &later, SIGNATURE),
            headers(ID, &padded, SIGNATURE),
            headers(ID, "", SIGNATURE),
            headers(ID, &at, ""),
            headers(ID, &at, "v1,"),
            headers(ID, &at, short),
            headers(ID, &at, &scheme),
            headers(ID, &at, &hidden),
        ] {
            assert!(!taken(&ours, &wrong, BODY, AT), "{wrong:?}");
        }
        let good = headers(ID, &at, SIGNATURE);
        assert!(!taken(&ours, &good, br#"{"test": 2432232315}"#, AT));
        assert!(!taken(&ours, &good[..2], BODY, AT) && !taken(&ours, &good[1..], BODY, AT));
        assert!(!taken(&format!(r#"{{"a":["{OTHER}"]}}"#), &good, BODY, AT));
        assert!(!taken(&format!(r#"{{"b":["{SECRET}"]}}"#), &good, BODY, AT));
        assert!(!taken("{}", &good, BODY, AT));
    }

    #[test]
    fn secrets_are_long_enough_and_few() {
        let short = STANDARD.encode([1; 23]);
        let long = STANDARD.encode([1; 65]);
        for wrong in [
            "",
            "[]",
            r#"{"a":"whsec_"}"#,
            r#"{"a":[]}"#,
            r#"{"a":["abc"]}"#,
            &format!(r#"{{"a":["whsec_{short}"]}}"#),
            &format!(r#"{{"a":["whsec_{long}"]}}"#),
            &format!(r#"{{"a":["{SECRET}","{SECRET}","{OTHER}"]}}"#),
        ] {
            let told = Senders::read(wrong).err().expect("refused");
            assert!(!told.contains("whsec_M") && !told.contains(&short), "no secret in {told}");
        }
    }
}
