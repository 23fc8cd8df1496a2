//! The gateway tells by itself that a prompt has ended (remote-signing.md §4): signed, without a word about whom or how, and
//! as scenarios 009, 010, 011 and 022 have it.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use axum::Router;
use axum::http::HeaderMap;
use axum::routing::post;
use simpki::Callback;

use super::scenarios::Sim;
use super::*;

const SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
/// Longer than the gateway takes to look whether something has ended.
const SOON: Duration = Duration::from_secs(10);
/// Long enough for something to come that should not.
const WHILE: Duration = Duration::from_millis(800);

/// What was received, in order: headers and body, and whether it was answered that it was taken.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<(HeaderMap, String)>>>);

impl Heard {
    /// A receiver that refuses so many calls with 503 first.
    async fn start(refusing: usize) -> (Heard, Callback) {
        let heard = Heard::default();
        let into = heard.clone();
        let take = move |headers: HeaderMap, body: String| async move {
            let mut all = into.0.lock().expect("no panic");
            all.push((headers, body));
            if all.len() > refusing { StatusCode::ACCEPTED } else { StatusCode::SERVICE_UNAVAILABLE }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/hints", listener.local_addr().expect("an address"));
        tokio::spawn(async { axum::serve(listener, Router::new().route("/hints", post(take))).await });
        (heard, Callback { url, secret: SECRET.to_owned() })
    }

    fn all(&self) -> Vec<(HeaderMap, String)> {
        self.0.lock().expect("no panic").clone()
    }

    /// Waits for so many, and a while for more.
    async fn exactly(&self, count: usize) -> Vec<(HeaderMap, String)> {
        let until = Instant::now() + SOON;
        while self.all().len() < count {
            assert!(Instant::now() < until, "{} of {count} hints", self.all().len());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        tokio::time::sleep(WHILE).await;
        assert_eq!(self.all().len(), count);
        self.all()
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Signed with the secret, and how far its time is from ours.
fn genuine((headers, body): &(HeaderMap, String), now: i64) -> (bool, u64) {
    let (id, at) = (header(headers, "webhook-id"), header(headers, "webhook-timestamp"));
    let key = STANDARD.decode(SECRET.strip_prefix("whsec_").expect("a secret")).expect("base64");
    let signed = format!("{id}.{at}.{body}");
    let value = header(headers, "webhook-signature").strip_prefix("v1,").expect("a scheme");
    let value = STANDARD.decode(value).expect("base64");
    let good = hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, &key), signed.as_bytes(), &value).is_ok();
    (good, now.abs_diff(at.parse().expect("seconds")))
}

fn now() -> i64 {
    let real = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    i64::try_from(real.as_secs()).expect("before the end")
}

/// Nothing while the person decides, one sound hint afterwards, and nothing in it but whose session it was.
#[tokio::test]
async fn the_end_of_a_prompt_is_told_once() {
    let (heard, callback) = Heard::start(0).await;
    let sim = Sim::telling("001", None, Some(callback)).await;
    sim.prompt("session-1", &[hash(b"one")]).await;
    heard.exactly(0).await;
    assert_eq!(sim.press(PIN).await, StatusCode::OK);
    let said = heard.exactly(1).await;
    let (good, apart) = genuine(&said[0], now());
    assert!(good && apart < 60, "{said:?}");
    let body: Value = serde_json::from_str(&said[0].1).expect("JSON");
    let names: std::collections::BTreeSet<&str> =
        body.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(names, ["data", "timestamp", "type"].into());
    assert_eq!(body["data"], json!({"clientData": "session-1"}));
    assert!(!said[0].1.contains(&sim.msisdn[3..]) && !said[0].1.contains(PIN), "{body}");
    sim.gateway.stop().await;
}

/// A prompt that runs out has ended, too; with scenario 009 the answer is there only then, and is told of then.
#[tokio::test]
async fn an_end_by_time_is_told() {
    for (suffix, press) in [("005", false), ("009", true)] {
        let (heard, callback) = Heard::start(0).await;
        let sim = Sim::telling(suffix, None, Some(callback)).await;
        sim.prompt("session-1", &[hash(b"one")]).await;
        if press {
            assert_eq!(sim.press(PIN).await, StatusCode::OK);
        }
        heard.exactly(0).await;
        sim.at(simpki::PROMPT_SECONDS + 1);
        let said = heard.exactly(1).await;
        assert!(genuine(&said[0], now()).0, "{suffix}");
        sim.gateway.stop().await;
    }
}

/// What was not taken is said again, under the same identifier.
#[tokio::test]
async fn a_hint_that_was_not_taken_is_repeated() {
    let (heard, callback) = Heard::start(1).await;
    let sim = Sim::telling("001", None, Some(callback)).await;
    sim.prompt("session-1", &[hash(b"one")]).await;
    sim.press(PIN).await;
    let said = heard.exactly(2).await;
    assert_eq!(header(&said[0].0, "webhook-id"), header(&said[1].0, "webhook-id"));
}

/// 010: twice, and the same both times.
#[tokio::test]
async fn suffix_010_tells_twice_under_one_identifier() {
    let (heard, callback) = Heard::start(0).await;
    let sim = Sim::telling("010", None, Some(callback)).await;
    sim.prompt("session-1", &[hash(b"one")]).await;
    sim.press(PIN).await;
    let said = heard.exactly(2).await;
    let parts = |(headers, body): &(HeaderMap, String)| {
        (["webhook-id", "webhook-signature"].map(|name| header(headers, name).to_owned()), body.clone())
    };
    assert_eq!(parts(&said[0]), parts(&said[1]));
    assert!(genuine(&said[0], now()).0);
}

/// 011: the client has heard of the end before the start is answered.
#[tokio::test]
async fn suffix_011_tells_before_the_start_is_answered() {
    let (heard, callback) = Heard::start(0).await;
    let sim = Sim::telling("011", None, Some(callback)).await;
    let handle = sim.prompt("session-1", &[hash(b"one")]).await;
    assert_eq!(heard.all().len(), 1, "before the answer to the start");
    assert_eq!(sim.gateway.check(&handle).await.0, StatusCode::OK, "the phone confirmed by itself");
    heard.exactly(1).await;
}

/// 022: while nobody has pressed anything, three calls of which none is both signed and fresh; and no sound one later.
#[tokio::test]
async fn suffix_022_forges() {
    let (heard, callback) = Heard::start(0).await;
    let sim = Sim::telling("022", None, Some(callback)).await;
    sim.prompt("session-1", &[hash(b"one")]).await;
    let said = heard.exactly(3).await;
    let judged: Vec<(bool, bool)> =
        said.iter().map(|one| genuine(one, now())).map(|(good, apart)| (good, apart > 300)).collect();
    assert_eq!(judged, [(false, false), (true, true), (false, false)]);
    sim.press(PIN).await;
    heard.exactly(3).await;
}
