//! HTTP: paths, who asks, statuses. Everything else is [`crate::connector`]'s.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::connector::{Connector, Moment, Version};
use crate::refusal::Refusal;
use crate::settings::{self, BadSetting, ClientSettings};
use crate::tls::Peer;
use crate::token::Token;

/// The longest body, in bytes: twenty digests and an approval take 12 KB.
const BODY: usize = 64 * 1024;
/// The longest that an answer may take; our own client waits 12 s.
const LONGEST: Duration = Duration::from_secs(10);

/// A client and what it must show.
pub(crate) struct Client {
    name: String,
    spki: Option<[u8; 32]>,
    token: Option<[u8; 32]>,
}

impl Client {
    /// From its settings.
    pub(crate) fn new(settings: &ClientSettings) -> Result<Self, BadSetting> {
        let digest = |text: &Option<String>| text.as_deref().map(settings::digest).transpose();
        let (spki, token) = (digest(&settings.spki_sha256)?, digest(&settings.token_sha256)?);
        Ok(Self { name: settings.name.clone(), spki, token })
    }

    /// Whether it shows everything that it must. Only hashes are compared, and in constant time.
    fn is(&self, spki: Option<[u8; 32]>, token: Option<[u8; 32]>) -> bool {
        let shows = |wanted: Option<[u8; 32]>, shown: Option<[u8; 32]>| match (wanted, shown) {
            (None, _) => true,
            (Some(wanted), Some(shown)) => verify_slices_are_equal(&wanted, &shown).is_ok(),
            (Some(_), None) => false,
        };
        (self.spki.is_some() || self.token.is_some()) && shows(self.spki, spki) && shows(self.token, token)
    }
}

/// What a request is answered with.
pub(crate) struct Service<T> {
    /// The methods.
    pub(crate) connector: Connector<T>,
    /// Who may ask.
    pub(crate) clients: Vec<Client>,
}

/// `/csc/v1/…` and `/csc/v2/…`.
pub(crate) fn routes<T: Token>(service: Service<T>) -> Router {
    Router::new()
        .route("/csc/{version}/{*method}", post(answer::<T>))
        .layer(DefaultBodyLimit::max(BODY))
        .with_state(Arc::new(service))
}

async fn answer<T: Token>(
    State(service): State<Arc<Service<T>>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Path((version, method)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let token = bearer(&headers).map(sha256);
    let caller = service.clients.iter().find(|client| client.is(peer.spki, token)).map(|client| client.name.as_str());
    let Some(version) = Version::by_path(&version) else { return sent(Err(Refusal::method())) };
    let mut chance = [0; 32];
    if aws_lc_rs::rand::fill(&mut chance).is_err() {
        return sent(Err(Refusal::broken()));
    }
    let moment = Moment { caller, now: Timestamp::now(), chance };
    let answered = tokio::time::timeout(LONGEST, service.connector.answer(version, &method, moment, &body)).await;
    sent(answered.unwrap_or_else(|_| Err(Refusal::late())))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (kind, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    kind.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn sha256(text: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    bytes
}

fn sent(answer: Result<Value, Refusal>) -> Response {
    let refusal = match answer {
        Ok(value) => return axum::Json(value).into_response(),
        Err(refusal) => refusal,
    };
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = json!({"error": refusal.error, "error_description": refusal.description});
    let mut response = (status, axum::Json(body)).into_response();
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_shows_everything_that_it_must() {
        let client = |spki, token| Client { name: "a".to_owned(), spki, token };
        let (one, two) = (Some([1; 32]), Some([2; 32]));
        assert!(client(one, None).is(one, None));
        assert!(!client(one, None).is(two, None));
        assert!(!client(one, None).is(None, one));
        assert!(client(one, two).is(one, two));
        assert!(!client(one, two).is(one, None));
        assert!(!client(one, two).is(one, one));
        assert!(!client(None, None).is(one, two), "nothing to show is nobody");
    }
}
