//! `Idempotency-Key`: the same key and body give the same answer (api.md §5.4).

use std::future::Future;

use domain::model::{Idempotency, Sha256};
use domain::ports::Records;
use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256 as Hash};

use crate::{Lang, Problem, Reply, Request, code};

/// Seconds after which a client should ask again. A request whose process died is taken over by the next one with the
/// same key when it has been running for a minute (`store`).
const RUNNING: u32 = 5;
/// Seconds between two looks at what a 202 has begun.
const POLL: u32 = 1;

fn digest(parts: &[&[u8]]) -> Sha256 {
    let mut hash = Hash::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// Runs `work` once per key of this client and path. `work` is polled only when the key is new.
///
/// The answer of a refusal (4xx) is frozen like that of a success; a 5xx is not, so that a retry drives the work on.
///
/// # Errors
/// `idempotency-key-missing`, `idempotency-key-reused`, `request-in-progress`, and those of `work`.
pub async fn idempotent(
    records: &impl Records,
    request: &Request,
    client: &str,
    now: Timestamp,
    work: impl Future<Output = Result<Reply, Problem>> + Send,
) -> Result<Reply, Problem> {
    let key = request.idempotency_key()?;
    let mut record = Idempotency {
        key: digest(&[client.as_bytes(), request.path.as_bytes(), key.as_bytes()]),
        fingerprint: digest(&[request.method.as_bytes(), request.path.as_bytes(), &request.body]),
        answer: None,
        etag: None,
        location: None,
        at: now,
    };
    if let Some(known) = records.idempotency_begin(&record).await? {
        return replay(&known, &record);
    }
    let reply = match work.await {
        Ok(reply) => reply,
        Err(problem) => problem.reply(request),
    };
    record.answer = Some((reply.status, String::from_utf8_lossy(&reply.body).into_owned()));
    record.etag = reply.get("etag").map(str::to_owned);
    record.location = reply.get("location").map(str::to_owned);
    records.idempotency_end(&record).await?;
    Ok(reply)
}

/// Headers that follow from what was kept: the language in which a problem was told, and when to ask again.
fn told(status: u16, body: &str) -> Vec<(&'static str, String)> {
    if status == 202 {
        return vec![("retry-after", POLL.to_string())];
    }
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let Some(known) = code(text("code")).filter(|_| status >= 400) else { return Vec::new() };
    let language = if known.title.1 == text("title") { Lang::En } else { Lang::Vi };
    let again = known.retry_after_s.map(|seconds| ("retry-after", seconds.to_string()));
    [("content-language", language.tag().to_owned())].into_iter().chain(again).collect()
}

fn replay(known: &Idempotency, now: &Idempotency) -> Result<Reply, Problem> {
    if known.fingerprint != now.fingerprint {
        return Err(Problem::new("idempotency-key-reused"));
    }
    let Some((status, body)) = &known.answer else {
        return Err(Problem::new("request-in-progress").retry_after(RUNNING));
    };
    let kind =
        if *status >= 400 { "application/problem+json; charset=utf-8" } else { "application/json; charset=utf-8" };
    let mut reply = Reply::bytes(*status, kind, body.clone().into_bytes()).header("idempotency-replayed", "true");
    reply.binary = false;
    for (name, value) in told(*status, body) {
        reply = reply.header(name, &value);
    }
    if let Some(etag) = &known.etag {
        reply = reply.header("etag", etag);
    }
    if let Some(location) = &known.location {
        reply = reply.header("location", location);
    }
    Ok(reply)
}
