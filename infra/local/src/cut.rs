//! The power cut: this process ends itself with SIGKILL at one chosen request of a function to a service.
//!
//! For tests of restarts (F1, F2), and only where somebody asks for it. A tap stands on the port of every service and
//! passes everything on unchanged; the functions know nothing of it, and the cloud's own calls do not come by. *Before*
//! means that the service never hears of the request, *after* that it has done its work and the answer is never heard.

use std::net::TcpListener as StdListener;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::request::Parts;
use http::{HeaderMap, HeaderName, StatusCode, header};
use reqwest::redirect::Policy;

use crate::error::{Error, Result};
use crate::serve::{self, Stop};

/// The largest body that is passed on: a scan of 100 MB with what stands around it.
const BODY_LIMIT: usize = 128 * 1024 * 1024;
/// What concerns one connection only, and what is set anew.
const OF_ONE_HOP: [HeaderName; 5] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::EXPECT,
    header::TRANSFER_ENCODING,
    HeaderName::from_static("keep-alive"),
];

/// On which side of the work the power goes off.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Side {
    Before,
    After,
}

/// Where the power goes off: at the n-th request that has all the words.
///
/// Words are compared with `service operation path body`: the service is `dynamodb`, `s3`, `kms`, `ses`, `responders` or
/// `gateway`; the operation is that of the AWS protocol or the HTTP method; bodies are known of JSON protocols only.
#[derive(Clone, Debug)]
pub struct PowerCut {
    side: Side,
    nth: u32,
    words: Vec<String>,
    /// How many had the words; one count for all clones.
    seen: Arc<AtomicU32>,
}

impl FromStr for PowerCut {
    type Err = String;

    /// Reads `before|after N WORD…`.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split_whitespace();
        let side = match parts.next() {
            Some("before") => Side::Before,
            Some("after") => Side::After,
            _ => return Err("the first word is neither before nor after".to_owned()),
        };
        let nth = parts.next().and_then(|number| number.parse().ok()).filter(|nth| *nth > 0);
        let nth = nth.ok_or("the second word is no number from 1")?;
        Ok(Self { side, nth, words: parts.map(str::to_owned).collect(), seen: Arc::default() })
    }
}

impl PowerCut {
    /// Puts a tap on a listener's port; gives its base URL. What is to be served gets a listener of its own behind it.
    ///
    /// # Errors
    /// [`Error::Port`] for a listener that cannot be used, [`Error::Service`] without an HTTP client.
    pub(crate) fn tap_port(&self, service: &'static str, kept: &mut StdListener, stop: &Stop) -> Result<String> {
        let front = std::mem::replace(kept, serve::bind(service, 0)?);
        self.tap(service, front, serve::base_url(kept)?, stop)
    }

    /// Puts a tap on a free port before the service at `behind`; gives its base URL.
    ///
    /// # Errors
    /// As [`PowerCut::tap_port`].
    pub(crate) fn tap_url(&self, service: &'static str, behind: &str, stop: &Stop) -> Result<String> {
        self.tap(service, serve::bind(service, 0)?, behind.to_owned(), stop)
    }

    fn tap(&self, service: &'static str, front: StdListener, behind: String, stop: &Stop) -> Result<String> {
        let url = serve::base_url(&front)?;
        let client = reqwest::Client::builder().no_proxy().redirect(Policy::none());
        let http = client.build().map_err(|error| Error::service(service, error))?;
        let tap = Tap { service, behind, cut: self.clone(), http };
        // Ends with the stop; nobody needs to wait for it.
        serve::spawn(front, Router::new().fallback(pass_on).with_state(tap), stop.clone())?;
        Ok(url)
    }

    /// Whether a request is the one.
    fn is_it(&self, label: &str) -> bool {
        self.words.iter().all(|word| label.contains(word.as_str()))
            && self.seen.fetch_add(1, Ordering::Relaxed) + 1 == self.nth
    }
}

/// The end, as `kill -9` brings it: nothing is written, nobody is told.
fn lights_out() -> ! {
    // What can fail here is only that there is no such process or no right to it, and it is this one.
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    std::process::abort()
}

#[derive(Clone)]
struct Tap {
    service: &'static str,
    /// Base URL of the service, without a slash at the end.
    behind: String,
    cut: PowerCut,
    http: reqwest::Client,
}

async fn pass_on(State(tap): State<Tap>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else { return StatusCode::BAD_REQUEST.into_response() };
    let label = label(tap.service, &parts, &body);
    tracing::debug!(label, "passed on");
    let hit = tap.cut.is_it(&label);
    if hit && tap.cut.side == Side::Before {
        lights_out();
    }
    let answer = tap.forward(parts, body.into()).await;
    if hit {
        lights_out();
    }
    answer.unwrap_or_else(|error| {
        tracing::error!(service = tap.service, %error, "a tapped request was not answered");
        StatusCode::BAD_GATEWAY.into_response()
    })
}

/// What the words are looked for in.
fn label(service: &str, parts: &Parts, body: &[u8]) -> String {
    let target = parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    let operation = target.and_then(|target| target.rsplit('.').next()).unwrap_or(parts.method.as_str());
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let text = if kind.contains("json") { String::from_utf8_lossy(body) } else { "".into() };
    format!("{service} {operation} {} {text}", parts.uri)
}

fn passed(headers: &HeaderMap) -> HeaderMap {
    let kept = headers.iter().filter(|(name, _)| !OF_ONE_HOP.contains(name));
    kept.map(|(name, value)| (name.clone(), value.clone())).collect()
}

impl Tap {
    /// Passes a request on as it came, host and signature included.
    async fn forward(&self, parts: Parts, body: Vec<u8>) -> reqwest::Result<Response> {
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let request = self.http.request(parts.method.clone(), format!("{}{path}", self.behind));
        let answer = request.headers(passed(&parts.headers)).body(body).send().await?;
        let (status, mut headers) = (answer.status(), passed(answer.headers()));
        // Of a body that does not come, only the sender knows the length.
        let length = answer.headers().get(header::CONTENT_LENGTH).filter(|_| parts.method == http::Method::HEAD);
        headers.extend(length.map(|length| (header::CONTENT_LENGTH, length.clone())));
        let mut response = Response::new(Body::from(answer.bytes().await?));
        (*response.status_mut(), *response.headers_mut()) = (status, headers);
        Ok(response)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_moment_is_read_strictly() {
        for wrong in ["", "before", "before 0 s3", "before x s3", "during 1 s3", "1 before s3"] {
            assert!(wrong.parse::<PowerCut>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_power_goes_off_once_at_the_request_that_was_named() {
        let cut: PowerCut = "after 2 s3 PUT sealed".parse().expect("a moment");
        let hits: Vec<bool> = [
            "s3 PUT /b/x-sealed.pdf ",
            "s3 GET /b/x-sealed.pdf ",
            "s3 PUT /b/x-sealed.pdf ",
            "s3 PUT /b/x-sealed.pdf ",
        ]
        .into_iter()
        .map(|label| cut.is_it(label))
        .collect();
        assert_eq!(hits, [false, false, true, false]);
    }
}
