//! A server that gives prepared answers in turn and remembers what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};

use crate::cloud::RUNTIME;

/// One answer: status, content type, body, further headers.
#[derive(Clone)]
pub(crate) struct Line {
    pub(crate) status: u16,
    pub(crate) kind: &'static str,
    pub(crate) body: Vec<u8>,
    pub(crate) location: Option<String>,
}

/// An answer without redirection.
pub(crate) fn line(status: u16, kind: &'static str, body: impl Into<Vec<u8>>) -> Line {
    Line { status, kind, body: body.into(), location: None }
}

/// Path and body of a request.
type Asked = (String, Vec<u8>);

#[derive(Clone)]
pub(crate) struct Script {
    lines: Arc<Mutex<VecDeque<Line>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
    pub(crate) address: std::net::SocketAddr,
}

impl Script {
    /// A server with these answers; the last one is repeated.
    pub(crate) fn new(lines: Vec<Line>) -> Script {
        let listener = local::serve::bind("script", 0).expect("a port");
        let address = listener.local_addr().expect("an address");
        let (lines, asked) = (Arc::new(Mutex::new(lines.into())), Arc::default());
        let script = Script { lines, asked, address };
        let app = Router::new().fallback(play).with_state(script.clone());
        RUNTIME.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            axum::serve(listener, app).await
        });
        script
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Paths and bodies, in order.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no panic").clone()
    }
}

async fn play(State(script): State<Script>, uri: Uri, body: Bytes) -> Response {
    script.asked.lock().expect("no panic").push((uri.to_string(), body.to_vec()));
    let mut lines = script.lines.lock().expect("no panic");
    let line = if lines.len() > 1 { lines.pop_front() } else { lines.front().cloned() }.expect("a line");
    let status = StatusCode::from_u16(line.status).expect("a status");
    let mut answer = (status, [(header::CONTENT_TYPE, line.kind)], line.body).into_response();
    if let Some(location) = line.location {
        answer.headers_mut().insert(header::LOCATION, location.parse().expect("a header"));
    }
    answer
}
