//! `Idempotency-Key`: the same key and body give the same answer (api.md §5.4).

use std::future::Future;

use domain::model::{Idempotency, Sha256};
use domain::ports::{Begun, Chance, Fault, Records};
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

/// One try of a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Try {
    /// The sixteen bytes of a UUIDv7 for what the request creates: the same in every try, so that a thing that an earlier
    /// try made is met again and never made twice.
    pub born: [u8; 16],
    /// An earlier try died or broke, and may have made it.
    pub again: bool,
}

impl Try {
    /// What an earlier try made, by the identifier that it was born with; nobody looks when there was none.
    ///
    /// # Errors
    /// Those of the look.
    pub async fn made<T>(self, look: impl Future<Output = Result<Option<T>, Fault>>) -> Result<Option<T>, Fault> {
        if self.again { look.await } else { Ok(None) }
    }
}

/// Runs `work` once per key of this client and path. `work` is called only when nobody else does it or has done it.
///
/// The answer of a refusal (4xx) is frozen like that of a success; a 5xx is not, so that a retry drives the work on.
/// What died between its commit and its answer is run again after a minute: `work` looks for what it may have made
/// when [`Try::again`] says so. Where it changes what is there, the second try may be told that it has changed (409, 412); that
/// is not kept, and the client looks.
///
/// # Errors
/// `idempotency-key-missing`, `idempotency-key-reused`, `request-in-progress`, and those of `work`.
pub async fn idempotent<W: Future<Output = Result<Reply, Problem>> + Send>(
    records: &impl Records,
    request: &Request,
    client: &str,
    (chance, now): (&impl Chance, Timestamp),
    work: impl FnOnce(Try) -> W,
) -> Result<Reply, Problem> {
    let key = request.idempotency_key()?;
    let mut record = Idempotency {
        key: digest(&[client.as_bytes(), request.path.as_bytes(), key.as_bytes()]),
        fingerprint: digest(&[request.method.as_bytes(), request.path.as_bytes(), &request.body]),
        born: chance.uuid(now),
        answer: None,
        etag: None,
        location: None,
        at: now,
        released: false,
    };
    let again = match records.idempotency_begin(&record).await? {
        Begun::First => false,
        Begun::Again(born) => {
            record.born = born;
            true
        }
        Begun::Known(known) => return replay(&known, &record),
    };
    let reply = match work(Try { born: record.born, again }).await {
        Ok(reply) => reply,
        Err(problem) => problem.reply(request),
    };
    // A second try that finds the world moved on may have moved it itself: that is no answer to keep for a week.
    let kept = if again && matches!(reply.status, 409 | 412) { 503 } else { reply.status };
    record.answer = Some((kept, String::from_utf8_lossy(&reply.body).into_owned()));
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
