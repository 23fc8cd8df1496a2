//! Lambda's Invoke API on the local port: `POST /2015-03-31/functions/{name}/invocations`, as `aws lambda invoke` calls it.
//!
//! Only the synchronous form; no versions, no signatures. In a deployed stack this path belongs to AWS.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use serde_json::{Value, json};

use crate::functions::Handler;

type Handlers = Arc<BTreeMap<String, Handler>>;

/// The route, over the functions by name.
pub fn routes(handlers: BTreeMap<String, Handler>) -> Router {
    Router::new().route("/2015-03-31/functions/{name}/invocations", post(invoke)).with_state(Arc::new(handlers))
}

async fn invoke(State(handlers): State<Handlers>, Path(name): Path<String>, body: Bytes) -> Response {
    let Some(handler) = handlers.get(&name) else {
        return told(StatusCode::NOT_FOUND, "ResourceNotFoundException", &format!("Function not found: {name}"));
    };
    let event = if body.is_empty() { Ok(json!({})) } else { serde_json::from_slice(&body) };
    let event: Value = match event {
        Ok(event) => event,
        Err(error) => {
            return told(StatusCode::BAD_REQUEST, "InvalidRequestContentException", &error.to_string());
        }
    };
    match handler(event).await {
        Ok(answer) => axum::Json(answer).into_response(),
        Err(message) => {
            let body = axum::Json(json!({"errorMessage": message, "errorType": "Unhandled"}));
            ([("x-amz-function-error", "Unhandled")], body).into_response()
        }
    }
}

fn told(status: StatusCode, kind: &str, message: &str) -> Response {
    (status, [("x-amzn-errortype", kind)], axum::Json(json!({"Message": message}))).into_response()
}
