//! S3: the protocol of s3s (SigV4 in headers and presigned URLs, aws-chunked bodies, XML) over a store of our own.
//!
//! s3s-fs was measured and left: it renames an object into place before it compares the digest, takes key lengths from
//! file name lengths, copies in place, and lets several `If-None-Match: *` writers win. Here nothing is visible before
//! it is whole and checked, and the condition is judged under the lock that makes it visible.
//! Encryption settings are reported, not applied; lifecycle rules are not run.

mod body;
mod cors;
mod disk;
mod meta;
mod multipart;
mod read;
mod service;

use std::convert::Infallible;
use std::net::TcpListener as StdListener;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::{Method, StatusCode, header};
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use tokio::task::JoinHandle;

use self::disk::Disk;
use self::service::Objects;
use crate::credentials::Credentials;
use crate::error::{Error, Result};
use crate::serve::{self, Stop};

/// A running endpoint.
#[derive(Debug)]
pub struct S3 {
    url: String,
    task: Option<JoinHandle<()>>,
    // in memory mode the objects lie in a directory that goes with the endpoint
    _temporary: Option<tempfile::TempDir>,
}

#[derive(Clone)]
struct App {
    service: S3Service,
    disk: Arc<Disk>,
}

impl S3 {
    /// Starts the endpoint. `directory` keeps the objects; `None` puts them in a temporary directory that is removed
    /// at the end and does not synchronise writes.
    ///
    /// # Errors
    /// [`Error::Io`] when the directory cannot be read, [`Error::Port`] when the listener is unusable.
    pub fn start(
        listener: StdListener,
        directory: Option<&Path>,
        credentials: &Credentials,
        stop: Stop,
    ) -> Result<Self> {
        let temporary = match directory {
            Some(_) => None,
            None => Some(tempfile::tempdir().map_err(|error| Error::service("s3", error))?),
        };
        let root = directory.or(temporary.as_ref().map(tempfile::TempDir::path));
        let root = root.ok_or_else(|| Error::service("s3", "no directory"))?;
        let disk = Arc::new(Disk::open(root, directory.is_some())?);
        let objects = Objects { disk: Arc::clone(&disk), region: credentials.region.clone() };
        let mut builder = S3ServiceBuilder::new(objects);
        builder.set_auth(SimpleAuth::from_single(credentials.access_key.clone(), credentials.secret_key.clone()));
        let url = serve::base_url(&listener)?;
        let app = Router::new().fallback(handle).with_state(App { service: builder.build(), disk });
        let task = serve::spawn(listener, app, stop)?;
        Ok(Self { url, task: Some(task), _temporary: temporary })
    }

    /// The endpoint's base URL; buckets are the first path segment.
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

async fn handle(State(app): State<App>, request: Request) -> Result<Response, Infallible> {
    let headers = request.headers().clone();
    let method = request.method().clone();
    let rules = if headers.contains_key(header::ORIGIN) {
        let bucket = request.uri().path().trim_start_matches('/').split('/').next().unwrap_or_default();
        app.disk.config(bucket).map(|config| config.cors).unwrap_or_default()
    } else {
        Vec::new()
    };
    if method == Method::OPTIONS {
        return Ok(cors::preflight(&rules, &headers));
    }
    let answer = app.service.call(request.map(s3s::Body::http_body_unsync)).await;
    let mut response = match answer {
        Ok(response) => response.map(Body::new),
        Err(error) => {
            tracing::error!(error = ?error, "s3: a request failed");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    };
    cors::decorate(&rules, &method, &headers, response.headers_mut());
    Ok(response)
}
