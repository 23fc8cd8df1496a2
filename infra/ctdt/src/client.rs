//! A client of the public HTTP API, as the demonstration uses it: no other way in.

use std::time::Duration;

use reqwest::{Client, Method, Response, header::HeaderMap};
use serde_json::Value;

/// Longest wait for one answer.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Why a call did not give what was wanted.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The API said no: problem+json.
    Problem {
        /// Stable code.
        code: String,
        /// Sentence and advice.
        text: String,
    },
    /// Something else.
    Other(String),
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Failure::Problem { code, text } => write!(f, "{code}: {text}"),
            Failure::Other(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Failure {}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        Failure::Other(format!("không gọi được / cannot reach: {error}"))
    }
}

/// One answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    async fn of(response: Response) -> Result<Self, Failure> {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Self { status, headers, body: response.bytes().await?.to_vec() })
    }

    /// The body as JSON, `null` when it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The version for the next `If-Match`.
    pub(crate) fn etag(&self) -> String {
        self.header("etag")
    }

    /// A header, empty when absent.
    pub(crate) fn header(&self, name: &str) -> String {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    }

    /// A member of the JSON body that must be text.
    ///
    /// # Errors
    /// When it is missing.
    pub(crate) fn text(&self, pointer: &str) -> Result<String, Failure> {
        let body = self.json();
        let value = body.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        value.ok_or_else(|| Failure::Other(format!("the answer has no {pointer}: {body}")))
    }
}

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Call<'a> {
    method: Method,
    path: String,
    token: Option<&'a str>,
    body: Option<(String, Vec<u8>)>,
    etag: Option<String>,
}

impl<'a> Call<'a> {
    /// `GET`.
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    /// `POST` with a JSON body.
    pub(crate) fn post(path: impl Into<String>, body: &Value) -> Self {
        Self::new(Method::POST, path).json(body)
    }

    /// `PUT` with a JSON body.
    pub(crate) fn put(path: impl Into<String>, body: &Value) -> Self {
        Self::new(Method::PUT, path).json(body)
    }

    fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), token: None, body: None, etag: None }
    }

    fn json(self, body: &Value) -> Self {
        Self { body: Some(("application/json".into(), body.to_string().into_bytes())), ..self }
    }

    /// With a body of another type.
    pub(crate) fn bytes(self, content_type: &str, body: Vec<u8>) -> Self {
        Self { body: Some((content_type.into(), body)), ..self }
    }

    /// As somebody.
    pub(crate) fn by(self, token: &'a str) -> Self {
        Self { token: Some(token), ..self }
    }

    /// On the version that was seen.
    pub(crate) fn on(self, etag: &str) -> Self {
        Self { etag: Some(etag.to_owned()), ..self }
    }
}

/// The client.
pub(crate) struct Api {
    base: String,
    client: Client,
    keys: std::cell::Cell<u64>,
}

impl Api {
    /// A client of a stack.
    ///
    /// # Errors
    /// When the HTTP client cannot be set up.
    pub(crate) fn new(base: &str) -> Result<Self, Failure> {
        let client =
            Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(TIMEOUT).no_proxy().build()?;
        Ok(Self { base: base.to_owned(), client, keys: std::cell::Cell::new(0) })
    }

    /// Sends a call; every POST has a fresh idempotency key.
    ///
    /// # Errors
    /// [`Failure::Problem`] for any status from 400.
    pub(crate) async fn send(&self, call: Call<'_>) -> Result<Answer, Failure> {
        let mut request = self.client.request(call.method.clone(), format!("{}{}", self.base, call.path));
        if let Some(token) = call.token {
            request = request.bearer_auth(token);
        }
        if call.method == Method::POST {
            self.keys.set(self.keys.get() + 1);
            request = request.header("idempotency-key", format!("demo-{}", self.keys.get()));
        }
        if let Some(etag) = call.etag {
            request = request.header("if-match", etag);
        }
        if let Some((content_type, body)) = call.body {
            request = request.header("content-type", content_type).body(body);
        }
        let answer = Answer::of(request.send().await?).await?;
        if answer.status >= 400 { Err(problem(&answer)) } else { Ok(answer) }
    }

    /// Sends bytes exactly as a presigned request says.
    ///
    /// # Errors
    /// Any status but 2xx.
    pub(crate) async fn put_presigned(&self, put: &Value, bytes: Vec<u8>) -> Result<(), Failure> {
        let url = put.get("url").and_then(Value::as_str).unwrap_or_default();
        let mut request = self.client.put(url).body(bytes);
        for (name, value) in put.get("headers").and_then(Value::as_object).into_iter().flatten() {
            request = request.header(name, value.as_str().unwrap_or_default());
        }
        let answer = Answer::of(request.send().await?).await?;
        if answer.status < 300 { Ok(()) } else { Err(Failure::Other(format!("PUT: HTTP {}", answer.status))) }
    }

    /// Follows a link of ours to bytes.
    ///
    /// # Errors
    /// Any status but 200.
    pub(crate) async fn download(&self, url: &str) -> Result<Vec<u8>, Failure> {
        let answer = Answer::of(self.client.get(url).send().await?).await?;
        if answer.status == 200 { Ok(answer.body) } else { Err(Failure::Other(format!("GET: HTTP {}", answer.status))) }
    }
}

fn problem(answer: &Answer) -> Failure {
    let body = answer.json();
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    match text("code") {
        code if code.is_empty() => Failure::Other(format!("HTTP {}: {body}", answer.status)),
        code => Failure::Problem { text: both(&text("detail"), &text("action"), api::code(&code)), code },
    }
}

/// What happened and what to do, Vietnamese as the answer says it, English beside it.
fn both(detail: &str, action: &str, known: Option<&api::Code>) -> String {
    let vietnamese = format!("{} {}", sentence(detail), sentence(action));
    match known {
        Some(code) => format!("{vietnamese} / {} {}", sentence(code.title.1), sentence(code.action.1)),
        None => vietnamese,
    }
}

/// With the full stop that titles do not have.
fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() || text.ends_with(['.', '!', '?', '…']) { text.to_owned() } else { format!("{text}.") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As a person at the terminal reads it.
    #[test]
    fn refusals_are_sentences_in_both_languages() {
        let text = both("Tệp rỗng", "Quét lại.", api::code("empty-file"));
        assert_eq!(text, "Tệp rỗng. Quét lại. / The file is empty. Scan again.");
        assert_eq!(both("Tệp có 5 trang.", "", None).trim_end(), "Tệp có 5 trang.");
    }
}
