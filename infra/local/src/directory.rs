//! The stub of the national directory of accounts (VNConnect's role): the peer of `shared/directory`.
//!
//! It knows the sandbox's synthetic people and nobody else, and it can be told to fail.

use std::net::TcpListener as StdListener;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use domain::identity;
use http::{HeaderMap, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::error::Result;
use crate::people::{Citizen, PEOPLE};
use crate::serve::{self, Stop};

/// How long "never" is: longer than any client waits.
const SILENCE: Duration = Duration::from_secs(600);
const BODY_LIMIT: usize = 4 * 1024;

/// How the directory answers.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DirectoryFault {
    /// As it should.
    #[default]
    None,
    /// HTTP 503.
    Unavailable,
    /// Never.
    Silence,
    /// Bytes that are no JSON.
    Garbage,
}

/// The switch of a running directory.
#[derive(Debug, Default)]
pub struct Outage(Mutex<DirectoryFault>);

impl Outage {
    /// How it stands.
    #[must_use]
    pub fn get(&self) -> DirectoryFault {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets it.
    pub fn set(&self, fault: DirectoryFault) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }
}

/// A running stub.
#[derive(Debug)]
pub struct Directory {
    url: String,
    task: Option<JoinHandle<()>>,
}

#[derive(Clone)]
struct App {
    token: Arc<str>,
    outage: Arc<Outage>,
}

impl Directory {
    /// Starts the stub; callers must bring `token`.
    ///
    /// # Errors
    /// [`crate::Error::Port`] when the listener is unusable.
    pub fn start(listener: StdListener, token: &str, outage: Arc<Outage>, stop: Stop) -> Result<Self> {
        let url = serve::base_url(&listener)?;
        let app = Router::new()
            .route("/accounts/lookup", post(lookup))
            .layer(DefaultBodyLimit::max(BODY_LIMIT))
            .with_state(App { token: token.into(), outage });
        Ok(Self { url, task: Some(serve::spawn(listener, app, stop)?) })
    }

    /// The base URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Waits until the stub has ended; the stop must have been asked for.
    pub async fn ended(&mut self) {
        if let Some(task) = self.task.take() {
            let _ = task.await;
        }
    }
}

async fn lookup(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
    match app.outage.get() {
        DirectoryFault::None => {}
        DirectoryFault::Unavailable => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        DirectoryFault::Garbage => return "<html>bảo trì</html>".into_response(),
        DirectoryFault::Silence => {
            tokio::time::sleep(SILENCE).await;
            return StatusCode::GATEWAY_TIMEOUT.into_response();
        }
    }
    let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if sent.and_then(|value| value.strip_prefix("Bearer ")) != Some(&*app.token) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    match asked(&body) {
        Some((kind, value)) => axum::Json(json!({"data": find(&kind, &value)})).into_response(),
        None => StatusCode::BAD_REQUEST.into_response(),
    }
}

/// Exactly one identifying value.
fn asked(body: &[u8]) -> Option<(String, String)> {
    let Ok(Value::Object(map)) = serde_json::from_slice(body) else { return None };
    let mut entries = map.into_iter();
    match (entries.next(), entries.next()) {
        (Some((kind, Value::String(value))), None) => Some((kind, value)),
        _ => None,
    }
}

fn find(kind: &str, value: &str) -> Vec<Value> {
    PEOPLE.iter().filter(|person| person.account && matches(person, kind, value)).map(shown).collect()
}

/// Whether the value is this person's, in whatever written form (domain.md §3.6).
fn matches(person: &Citizen, kind: &str, value: &str) -> bool {
    let same_number = || identity::identity(person.id_type, value).is_ok_and(|it| it.number == person.id_number);
    match kind {
        "account_id" => person.account_id().is_some_and(|id| id.as_str() == value),
        "id_number" => same_number(),
        "phone" => person.phone.is_some() && identity::phone(value).ok().as_deref() == person.phone,
        "tax_code" => person.id_type == "tax_code" && same_number(),
        "unit_code" => person.id_type == "organisation_code" && same_number(),
        _ => false,
    }
}

/// A person as the directory, and the sandbox's list of people, tell it.
pub(crate) fn shown(person: &Citizen) -> Value {
    json!({
        "account_id": person.account_id().map(|id| id.as_str().to_owned()), "kind": person.kind, "name": person.name,
        "id_type": person.id_type, "id_number": person.id_number, "phone": person.phone, "email": person.email,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(kind: &str, value: &str) -> Vec<String> {
        find(kind, value).iter().map(|it| it["name"].as_str().unwrap_or_default().to_owned()).collect()
    }

    #[test]
    fn people_are_found_by_each_value_in_any_form() {
        assert_eq!(names("phone", "0900 000 011"), ["Trần Thị Mẫu"]);
        assert_eq!(names("id_number", "0000 8500 0012"), ["Nguyễn Văn An"]);
        assert_eq!(names("tax_code", "0099000014"), ["Công ty TNHH Thử Nghiệm Mẫu"]);
        assert_eq!(names("unit_code", "000.00.02.H99"), ["Ủy ban nhân dân phường Thí Điểm"]);
        let account = PEOPLE.first().and_then(Citizen::account_id).expect("an account");
        assert_eq!(names("account_id", account.as_str()), ["Trần Thị Mẫu"]);
        assert!(names("name", "Trần Thị Mẫu").is_empty());
    }

    /// R33, R54: somebody without an account must be served, too.
    #[test]
    fn who_has_no_account_is_not_found() {
        let without: Vec<_> = PEOPLE.iter().filter(|person| !person.account).collect();
        assert!(without.len() >= 2);
        for person in without {
            assert!(names("id_number", person.id_number).is_empty());
        }
    }

    #[test]
    fn one_value_at_a_time() {
        assert_eq!(asked(br#"{"phone":"1"}"#), Some(("phone".to_owned(), "1".to_owned())));
        for wrong in ["{}", "[]", r#"{"phone":1}"#, r#"{"phone":"1","tax_code":"2"}"#, "x"] {
            assert_eq!(asked(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
