//! KMS: the operations that sealing needs, on aws-lc-rs, in KMS's own JSON protocol.
//!
//! It does not check request signatures, has no grants and no IAM: of a key policy it enforces only what pins the
//! signing algorithm and the message type ([`KeyRules`]). Symmetric keys exist by name only.

mod keys;

use std::net::TcpListener as StdListener;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use self::keys::{Key, MessageType};
pub use self::keys::{KeyRules, KeySpec, Keys};
use crate::credentials::Credentials;
use crate::error::Result;
use crate::serve::{self, Stop};

/// A running endpoint.
#[derive(Debug)]
pub struct Kms {
    url: String,
    keys: Arc<Keys>,
    task: Option<JoinHandle<()>>,
}

impl Kms {
    /// Starts the endpoint. `directory` keeps the keys as PKCS#8; `None` keeps them in memory.
    ///
    /// # Errors
    /// [`crate::Error::Io`] and [`crate::Error::Key`] when the kept keys cannot be read.
    pub fn start(
        listener: StdListener,
        directory: Option<&Path>,
        credentials: &Credentials,
        stop: Stop,
    ) -> Result<Self> {
        let keys = Arc::new(Keys::open(directory, credentials)?);
        let url = serve::base_url(&listener)?;
        let app = Router::new().fallback(handle).with_state(Arc::clone(&keys));
        Ok(Self { url, keys, task: Some(serve::spawn(listener, app, stop)?) })
    }

    /// The endpoint's base URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The keys, to create them with given ids.
    #[must_use]
    pub fn keys(&self) -> &Arc<Keys> {
        &self.keys
    }

    /// Waits until the endpoint has ended; the stop must have been asked for.
    pub async fn ended(&mut self) {
        if let Some(task) = self.task.take() {
            let _ = task.await;
        }
    }
}

/// An error of the service, by its name in the AWS model.
#[derive(Debug)]
struct Fault {
    kind: &'static str,
    message: String,
}

fn fault(kind: &'static str, message: impl Into<String>) -> Fault {
    Fault { kind, message: message.into() }
}

impl Fault {
    fn into_response(self) -> Response {
        let body = json!({"__type": self.kind, "message": self.message});
        let status = if self.kind == "KMSInternalException" {
            StatusCode::INTERNAL_SERVER_ERROR
        } else {
            StatusCode::BAD_REQUEST
        };
        answer(status, &body)
    }
}

fn answer(status: StatusCode, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/x-amz-json-1.1")], body.to_string()).into_response()
}

async fn handle(State(keys): State<Arc<Keys>>, headers: HeaderMap, body: Bytes) -> Response {
    if !headers.contains_key(header::AUTHORIZATION) {
        return fault("MissingAuthenticationTokenException", "Missing Authentication Token").into_response();
    }
    let target = headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let operation = target.strip_prefix("TrentService.").unwrap_or_default().to_owned();
    let input = match serde_json::from_slice::<Value>(&body) {
        Ok(input @ Value::Object(_)) => input,
        _ => return fault("SerializationException", "the body is not a JSON object").into_response(),
    };
    // making an RSA key takes up to a second of computing
    let result = tokio::task::spawn_blocking(move || dispatch(&keys, &operation, &input)).await;
    match result {
        Ok(Ok(output)) => answer(StatusCode::OK, &output),
        Ok(Err(refusal)) => refusal.into_response(),
        Err(error) => fault("KMSInternalException", error.to_string()).into_response(),
    }
}

fn dispatch(keys: &Keys, operation: &str, input: &Value) -> Result<Value, Fault> {
    match operation {
        "CreateKey" => create_key(keys, input),
        "DescribeKey" => Ok(json!({"KeyMetadata": keys.describe(&*wanted(keys, input)?)})),
        "GetPublicKey" => public_key(keys, input),
        "Sign" => sign(keys, input),
        "CreateAlias" | "UpdateAlias" => alias(keys, input, operation == "UpdateAlias"),
        "ListAliases" => Ok(json!({"Aliases": keys.alias_list(), "Truncated": false})),
        "ListKeys" => Ok(json!({"Keys": keys.list(), "Truncated": false})),
        "EnableKey" | "DisableKey" => {
            let key = wanted(keys, input)?;
            keys.enable(&key, operation == "EnableKey")
                .map_err(|error| fault("KMSInternalException", error.to_string()))?;
            Ok(json!({}))
        }
        _ => Err(fault("UnknownOperationException", format!("the local cloud's KMS has no operation {operation}"))),
    }
}

fn text<'a>(input: &'a Value, name: &str) -> Option<&'a str> {
    input.get(name).and_then(Value::as_str)
}

fn required<'a>(input: &'a Value, name: &str) -> Result<&'a str, Fault> {
    text(input, name).ok_or_else(|| {
        fault(
            "ValidationException",
            format!("1 validation error detected: Value null at '{name}' failed to satisfy constraint: Member must not be null"),
        )
    })
}

fn wanted(keys: &Keys, input: &Value) -> Result<Arc<Key>, Fault> {
    let name = required(input, "KeyId")?;
    keys.find(name).ok_or_else(|| fault("NotFoundException", format!("Key '{name}' does not exist")))
}

fn create_key(keys: &Keys, input: &Value) -> Result<Value, Fault> {
    let name = text(input, "KeySpec").unwrap_or("SYMMETRIC_DEFAULT");
    let spec = KeySpec::parse(name)
        .ok_or_else(|| fault("UnsupportedOperationException", format!("KeySpec {name} is not supported")))?;
    let usage = text(input, "KeyUsage").unwrap_or("ENCRYPT_DECRYPT");
    if usage != spec.usage() {
        return Err(fault("ValidationException", format!("KeyUsage {usage} is not compatible with KeySpec {name}")));
    }
    let description = text(input, "Description").unwrap_or_default();
    let id = uuid::Uuid::new_v4().to_string();
    let key = keys
        .create(&id, spec, description, KeyRules::default())
        .map_err(|error| fault("KMSInternalException", error.to_string()))?;
    Ok(json!({"KeyMetadata": keys.describe(&key)}))
}

fn public_key(keys: &Keys, input: &Value) -> Result<Value, Fault> {
    let key = wanted(keys, input)?;
    let public = key
        .public_der()
        .ok_or_else(|| fault("UnsupportedOperationException", "GetPublicKey is not valid for symmetric keys"))?;
    Ok(json!({
        "KeyId": keys.arn(&key),
        "PublicKey": STANDARD.encode(public),
        "CustomerMasterKeySpec": key.spec().name(),
        "KeySpec": key.spec().name(),
        "KeyUsage": key.spec().usage(),
        "SigningAlgorithms": key.spec().algorithms(),
    }))
}

fn sign(keys: &Keys, input: &Value) -> Result<Value, Fault> {
    let key = wanted(keys, input)?;
    let algorithm = required(input, "SigningAlgorithm")?;
    let kind = match text(input, "MessageType").unwrap_or("RAW") {
        "RAW" => MessageType::Raw,
        "DIGEST" => MessageType::Digest,
        other => return Err(fault("ValidationException", format!("MessageType {other} is not supported"))),
    };
    let message = STANDARD
        .decode(required(input, "Message")?)
        .map_err(|_| fault("SerializationException", "Message is not base64"))?;
    if message.is_empty() || message.len() > 4096 {
        let bound = if message.is_empty() { "greater than or equal to 1" } else { "less than or equal to 4096" };
        return Err(fault(
            "ValidationException",
            format!(
                "1 validation error detected: Value at 'message' failed to satisfy constraint: Member must have length {bound}"
            ),
        ));
    }
    if !key.enabled() {
        return Err(fault("DisabledException", format!("{} is disabled.", keys.arn(&key))));
    }
    if !KeySpec::knows(algorithm) {
        return Err(fault("ValidationException", format!("SigningAlgorithm {algorithm} is not known")));
    }
    if !key.spec().algorithms().contains(&algorithm) {
        return Err(fault(
            "InvalidKeyUsageException",
            format!("Algorithm {algorithm} is incompatible with key spec {}.", key.spec().name()),
        ));
    }
    if !key.rules().allow(algorithm, kind) {
        return Err(fault(
            "AccessDeniedException",
            format!("not authorized to perform: kms:Sign on resource: {} because of its key policy", keys.arn(&key)),
        ));
    }
    let signature = key.sign(algorithm, kind, &message).map_err(|error| fault("ValidationException", error))?;
    Ok(json!({"KeyId": keys.arn(&key), "Signature": STANDARD.encode(signature), "SigningAlgorithm": algorithm}))
}

fn alias(keys: &Keys, input: &Value, exists: bool) -> Result<Value, Fault> {
    let name = required(input, "AliasName")?;
    let target = required(input, "TargetKeyId")?;
    if !name.starts_with("alias/") || name.starts_with("alias/aws/") {
        return Err(fault("InvalidAliasNameException", "an alias begins with alias/ and not with alias/aws/"));
    }
    let key = keys.find(target).ok_or_else(|| fault("NotFoundException", format!("Key '{target}' does not exist")))?;
    match (keys.find(name), exists) {
        (Some(_), false) => return Err(fault("AlreadyExistsException", format!("alias {name} already exists"))),
        (None, true) => return Err(fault("NotFoundException", format!("alias {name} is not found"))),
        _ => {}
    }
    keys.set_alias(name, &key).map_err(|error| fault("KMSInternalException", error.to_string()))?;
    Ok(json!({}))
}
