//! A client that looks at everything: status, headers, body.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;

/// Somebody of the sandbox.
#[derive(Clone, Debug)]
pub(crate) struct Persona {
    pub(crate) token: String,
    pub(crate) user: String,
    pub(crate) account: String,
    pub(crate) phone: String,
    pub(crate) pin: String,
}

/// One answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) what: String,
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The status must be this one.
    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}: {}", self.what, String::from_utf8_lossy(&self.body));
        self
    }

    /// The answer must be the promised problem, in Vietnamese, with everything a client needs.
    #[track_caller]
    pub(crate) fn problem(self, status: u16, code: &str) -> Value {
        self.told_in("vi", status, code)
    }

    /// As [`Answer::problem`], in one of the two languages; the title is the catalogue's.
    #[track_caller]
    pub(crate) fn told_in(self, lang: &str, status: u16, code: &str) -> Value {
        let answer = self.is(status);
        let body = answer.json();
        assert_eq!(body["code"], code, "{}: {body}", answer.what);
        let kind = answer.header("content-type");
        assert!(kind.starts_with("application/problem+json"), "{}: {kind}", answer.what);
        assert_eq!(body["status"], status, "{body}");
        for member in ["type", "title", "detail", "action", "instance", "request_id"] {
            assert!(body[member].as_str().is_some_and(|text| !text.is_empty()), "{}: no {member}: {body}", answer.what);
        }
        assert!(body["type"].as_str().is_some_and(|text| text.ends_with(code)), "{body}");
        assert_eq!(answer.header("content-language"), lang, "{}", answer.what);
        let title = api::code(code).unwrap_or_else(|| panic!("{code} is not in the catalogue")).title;
        assert_eq!(body["title"], if lang == "en" { title.1 } else { title.0 }, "{body}");
        body
    }

    pub(crate) fn header(&self, name: &str) -> String {
        self.headers.get(name).cloned().unwrap_or_default()
    }

    pub(crate) fn etag(&self) -> String {
        self.header("etag")
    }

    #[track_caller]
    pub(crate) fn text(&self, pointer: &str) -> String {
        let body = self.json();
        let text = body.pointer(pointer).and_then(Value::as_str);
        text.unwrap_or_else(|| panic!("{}: no {pointer} in {body}", self.what)).to_owned()
    }
}

/// A client of one stack with all its personas.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) url: String,
    http: reqwest::Client,
    personas: BTreeMap<String, Persona>,
}

/// One request.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

static KEYS: AtomicU64 = AtomicU64::new(1);

/// A key that nobody used.
pub(crate) fn fresh_key() -> String {
    format!("key-{}-{}", std::process::id(), KEYS.fetch_add(1, Ordering::Relaxed))
}

impl Call {
    pub(crate) fn new(method: Method, path: impl Into<String>) -> Self {
        let key = (method == Method::POST).then(|| ("idempotency-key".to_owned(), fresh_key()));
        Self { method, path: path.into(), headers: key.into_iter().collect(), body: Vec::new() }
    }

    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    pub(crate) fn post(path: impl Into<String>, body: &Value) -> Self {
        Self::new(Method::POST, path).json(body)
    }

    pub(crate) fn put(path: impl Into<String>, body: &Value) -> Self {
        Self::new(Method::PUT, path).json(body)
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").bytes(body.to_string().into_bytes())
    }

    pub(crate) fn bytes(mut self, body: Vec<u8>) -> Self {
        self.body = body;
        self
    }

    /// Sets or replaces a header.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self
    }

    pub(crate) fn on(self, etag: &str) -> Self {
        self.header("if-match", etag)
    }

    pub(crate) fn by(self, persona: &Persona) -> Self {
        self.header("authorization", &format!("Bearer {}", persona.token))
    }
}

impl Client {
    pub(crate) async fn new(url: &str) -> Self {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(120))
            .no_proxy()
            .build()
            .expect("a client");
        let mut client = Self { url: url.to_owned(), http, personas: BTreeMap::new() };
        let all = client.send(Call::get("/v1/sandbox/personas")).await.is(200).json();
        for one in all["data"].as_array().expect("a list") {
            let text = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
            let persona = Persona {
                token: text("token"),
                user: text("user_id"),
                account: text("account_id"),
                phone: text("phone"),
                pin: text("pin"),
            };
            client.personas.insert(text("key"), persona);
        }
        client
    }

    #[track_caller]
    pub(crate) fn persona(&self, key: &str) -> &Persona {
        self.personas.get(key).unwrap_or_else(|| panic!("no persona {key}"))
    }

    /// Sends; an answer that does not come is an error.
    pub(crate) async fn try_send(&self, call: Call) -> Result<Answer, reqwest::Error> {
        let what = format!("{} {}", call.method, call.path);
        let url = if call.path.starts_with("http") { call.path } else { format!("{}{}", self.url, call.path) };
        let mut request = self.http.request(call.method, url).body(call.body);
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        let response = request.send().await?;
        let status = response.status().as_u16();
        let headers = response.headers().iter();
        let headers =
            headers.map(|(n, v)| (n.as_str().to_owned(), String::from_utf8_lossy(v.as_bytes()).into_owned())).collect();
        Ok(Answer { what, status, headers, body: response.bytes().await?.to_vec() })
    }

    pub(crate) async fn send(&self, call: Call) -> Answer {
        let what = format!("{} {}", call.method, call.path);
        self.try_send(call).await.unwrap_or_else(|error| panic!("{what}: {error}"))
    }

    /// Sends as a persona.
    pub(crate) async fn by(&self, key: &str, call: Call) -> Answer {
        let persona = self.persona(key).clone();
        self.send(call.by(&persona)).await
    }
}
