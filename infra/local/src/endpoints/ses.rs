//! SESv2 `SendEmail`: what is sent lies in a mailbox that the sandbox shows. Nothing leaves the machine.
//!
//! It does not check request signatures, identities or quotas, and does not recognise a message sent twice.

mod mailbox;
mod mime;

use std::net::TcpListener as StdListener;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{StatusCode, header};
use serde::Deserialize;
use serde_json::json;
use tokio::task::JoinHandle;

pub use self::mailbox::{Letter, Mailbox};
use crate::error::Result;
use crate::serve::{self, Stop};

/// SESv2's limit for a message: 40 MB after encoding.
const MESSAGE_LIMIT: usize = 40 * 1024 * 1024;
/// SES takes 50 recipients a call.
const RECIPIENT_LIMIT: usize = 50;

/// A running endpoint.
#[derive(Debug)]
pub struct Ses {
    url: String,
    task: Option<JoinHandle<()>>,
}

impl Ses {
    /// Starts the endpoint; letters go to `mailbox`.
    ///
    /// # Errors
    /// [`crate::Error::Port`] when the listener is unusable.
    pub fn start(listener: StdListener, mailbox: Arc<Mailbox>, stop: Stop) -> Result<Self> {
        let url = serve::base_url(&listener)?;
        let app = Router::new()
            .route("/v2/email/outbound-emails", post(send))
            .fallback(unknown)
            .layer(DefaultBodyLimit::max(MESSAGE_LIMIT))
            .with_state(mailbox);
        Ok(Self { url, task: Some(serve::spawn(listener, app, stop)?) })
    }

    /// The endpoint's base URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Waits until the endpoint has ended; the stop must have been asked for.
    pub async fn ended(&mut self) {
        if let Some(task) = self.task.take() {
            let _ = task.await;
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SendEmail {
    from_email_address: Option<String>,
    destination: Option<Destination>,
    content: Content,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Destination {
    to_addresses: Vec<String>,
    cc_addresses: Vec<String>,
    bcc_addresses: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Content {
    simple: Option<Simple>,
    raw: Option<Part>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Simple {
    subject: Part,
    body: SimpleBody,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SimpleBody {
    text: Option<Part>,
    html: Option<Part>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Part {
    data: String,
}

async fn unknown() -> Response {
    fault(StatusCode::NOT_FOUND, "NotFoundException", "the local cloud's SES has only SendEmail")
}

fn fault(status: StatusCode, kind: &'static str, message: &str) -> Response {
    let body = json!({"message": message}).to_string();
    (status, [(header::CONTENT_TYPE.as_str(), "application/json"), ("x-amzn-errortype", kind)], body).into_response()
}

async fn send(State(mailbox): State<Arc<Mailbox>>, body: Bytes) -> Response {
    let bad = |message: &str| fault(StatusCode::BAD_REQUEST, "BadRequestException", message);
    let Ok(message) = serde_json::from_slice::<SendEmail>(&body) else {
        return bad("the body is not a SendEmail request");
    };
    let (recipients, letter) = match read(message) {
        Ok(read) => read,
        Err(reason) => return bad(reason),
    };
    match mailbox.put(&recipients, &letter) {
        Ok(id) => {
            let body = json!({"MessageId": id}).to_string();
            (StatusCode::OK, [(header::CONTENT_TYPE, "application/json")], body).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "ses: a letter could not be kept");
            fault(StatusCode::INTERNAL_SERVER_ERROR, "InternalServiceErrorException", "the mailbox is not writable")
        }
    }
}

/// A letter without recipient and date.
struct Draft {
    from: String,
    subject: String,
    text: String,
    html: Option<String>,
}

fn read(message: SendEmail) -> Result<(Vec<String>, Draft), &'static str> {
    let destination = message.destination.unwrap_or_default();
    let mut recipients = destination.to_addresses;
    recipients.extend(destination.cc_addresses);
    recipients.extend(destination.bcc_addresses);
    let draft = match (message.content.simple, message.content.raw) {
        (Some(simple), None) => Draft {
            from: message.from_email_address.unwrap_or_default(),
            subject: simple.subject.data,
            text: simple.body.text.map(|part| part.data).unwrap_or_default(),
            html: simple.body.html.map(|part| part.data),
        },
        (None, Some(raw)) => {
            let bytes = STANDARD.decode(raw.data).map_err(|_| "Raw.Data is not base64")?;
            let parsed = mime::parse(&bytes);
            if recipients.is_empty() {
                recipients = parsed.to;
            }
            Draft {
                from: message.from_email_address.unwrap_or(parsed.from),
                subject: parsed.subject,
                text: parsed.text,
                html: parsed.html,
            }
        }
        _ => return Err("exactly one of Simple and Raw is needed"),
    };
    if draft.from.is_empty() {
        return Err("FromEmailAddress is missing");
    }
    if draft.text.is_empty() && draft.html.as_deref().unwrap_or_default().is_empty() {
        return Err("the message has no body");
    }
    if recipients.is_empty() || recipients.len() > RECIPIENT_LIMIT {
        return Err("between 1 and 50 recipients are needed");
    }
    if recipients.iter().any(|address| !address.contains('@') || address.contains(['\r', '\n'])) {
        return Err("a recipient is not an address");
    }
    Ok((recipients, draft))
}
