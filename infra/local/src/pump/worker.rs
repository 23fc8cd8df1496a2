//! Hands one function its records, batch by batch, in order.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::Ledger;
use super::record::Record;
use crate::functions::{self, FunctionSpec, Handler, StreamSource};
use crate::serve::Stop;

/// The pause before the first retry; it doubles up to [`LONGEST`].
const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(1);

/// The task behind one event source.
pub(super) struct Worker {
    pub(super) function: FunctionSpec,
    pub(super) source: StreamSource,
    pub(super) handler: Handler,
    pub(super) lane: usize,
    pub(super) queue: mpsc::UnboundedReceiver<Record>,
    pub(super) ledger: Arc<Ledger>,
    pub(super) stop: Stop,
}

/// Records that are delivered together, and how often they were.
struct Batch {
    records: VecDeque<Record>,
    attempts: u32,
}

/// What came of one invocation: how many records from the front are done, and why the next one is not.
struct Outcome {
    done: usize,
    trouble: Option<String>,
}

impl Worker {
    pub(super) async fn run(mut self) {
        loop {
            let first = tokio::select! {
                biased;
                () = self.stop.wait() => return,
                record = self.queue.recv() => match record {
                    Some(record) => record,
                    None => return,
                },
            };
            let mut records = VecDeque::from([first]);
            while records.len() < self.source.batch_size
                && let Ok(record) = self.queue.try_recv()
            {
                records.push_back(record);
            }
            if !self.deliver(Batch { records, attempts: 0 }).await {
                return;
            }
        }
    }

    /// Delivers a batch until each of its records is done or given up; false when the stop came first.
    async fn deliver(&mut self, batch: Batch) -> bool {
        let mut left = vec![batch];
        while let Some(mut batch) = left.pop() {
            let outcome = self.invoke(&batch.records).await;
            self.settle(&mut batch, outcome.done).await;
            let Some(trouble) = outcome.trouble else { continue };
            if self.stop.asked() {
                return false;
            }
            tracing::warn!(function = self.function.name, attempts = batch.attempts, trouble, "a batch failed");
            if outcome.done > 0 {
                left.push(Batch { records: batch.records, attempts: 0 });
            } else if self.source.bisect && batch.records.len() > 1 {
                // splitting takes nothing from the retries
                let second = batch.records.split_off(batch.records.len() / 2);
                left.push(Batch { records: second, attempts: batch.attempts });
                left.push(batch);
            } else if batch.attempts >= self.source.max_retries {
                self.ledger.bury(self.obituary(&batch, &trouble)).await;
                let all = batch.records.len();
                self.settle(&mut batch, all).await;
            } else {
                let pause = FIRST.saturating_mul(1 << batch.attempts.min(10)).min(LONGEST);
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = self.stop.wait() => return false,
                }
                left.push(Batch { records: batch.records, attempts: batch.attempts + 1 });
            }
        }
        true
    }

    async fn invoke(&self, records: &VecDeque<Record>) -> Outcome {
        let event = json!({"Records": records.iter().map(|record| &record.event).collect::<Vec<_>>()});
        match functions::invoke(&self.handler, event, self.function.timeout).await {
            Ok(answer) => judge(&answer, records),
            Err(failure) => Outcome { done: 0, trouble: Some(failure.to_string()) },
        }
    }

    /// Takes the first `count` records off the batch and moves the position behind them.
    async fn settle(&self, batch: &mut Batch, count: usize) {
        let done: Vec<Record> = batch.records.drain(..count.min(batch.records.len())).collect();
        if let Some(last) = done.last() {
            self.ledger.done(self.lane, done.len(), last.sequence).await;
        }
    }

    /// The message that Lambda sends to the on-failure destination; the shard and the stream are the ledger's.
    fn obituary(&self, batch: &Batch, trouble: &str) -> Value {
        let number = |record: Option<&Record>| record.map(|record| record.number.clone());
        let arrival = |record: Option<&Record>| {
            let created = record?.event.pointer("/dynamodb/ApproximateCreationDateTime")?.as_f64()?;
            Timestamp::from_millisecond((created * 1000.0) as i64).ok().map(|at| at.to_string())
        };
        let (first, last) = (batch.records.front(), batch.records.back());
        json!({
            "requestContext": {
                "requestId": uuid::Uuid::new_v4().to_string(),
                "functionArn": self.function.name,
                "condition": "RetryAttemptsExhausted",
                "approximateInvokeCount": batch.attempts + 1,
            },
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
            "responsePayload": {"errorMessage": trouble},
            "version": "1.0",
            "timestamp": Timestamp::now().to_string(),
            "DDBStreamBatchInfo": {
                "shardId": null,
                "startSequenceNumber": number(first),
                "endSequenceNumber": number(last),
                "approximateArrivalOfFirstRecord": arrival(first),
                "approximateArrivalOfLastRecord": arrival(last),
                "batchSize": batch.records.len(),
                "streamArn": null,
            },
        })
    }
}

/// Reads `batchItemFailures`: nothing listed is success; the lowest listed number is where to go on; an entry that is
/// empty or names no record of the batch fails the whole batch.
fn judge(answer: &Value, records: &VecDeque<Record>) -> Outcome {
    let failures = match answer.get("batchItemFailures") {
        None | Some(Value::Null) => return Outcome { done: records.len(), trouble: None },
        Some(failures) => failures.as_array(),
    };
    let whole = |trouble: String| Outcome { done: 0, trouble: Some(trouble) };
    let Some(failures) = failures else { return whole(format!("the answer {answer} is malformed")) };
    let mut first = records.len();
    for failure in failures {
        let number = failure.get("itemIdentifier").and_then(Value::as_str);
        let at = records.iter().position(|record| number == Some(record.number.as_str()));
        match at {
            Some(at) => first = first.min(at),
            None => return whole(format!("{failure} names no record of the batch")),
        }
    }
    let trouble = records.get(first).map(|record| format!("the function reported {} as failed", record.number));
    Outcome { done: first, trouble }
}
