//! The DynamoDB Streams protocol (API version 2012-08-10), as much of it as one shard needs.

use std::time::Duration;

use reqwest::Client;
use serde_json::{Value, json};

use super::{SERVICE, Sequence};
use crate::error::{Error, Result};

/// The most records of one answer.
const PAGE: u32 = 200;
/// An answer over loopback takes milliseconds; a hanging one must not stop the pump for good.
const PATIENCE: Duration = Duration::from_secs(30);
/// The endpoint wants a signature's shape and checks none.
const AUTHORIZATION: &str =
    "AWS4-HMAC-SHA256 Credential=local/20260101/local/dynamodb/aws4_request, SignedHeaders=host, Signature=0";

/// A record with its place in the stream.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) sequence: Sequence,
    /// The sequence number as it stands in the record.
    pub(super) number: String,
    /// As a function gets it.
    pub(super) event: Value,
}

/// One page and the iterator of the next.
pub(super) struct Page {
    pub(super) records: Vec<Record>,
    pub(super) next: String,
}

/// A connection to the one shard of a stream.
#[derive(Debug)]
pub(super) struct Streams {
    client: Client,
    endpoint: String,
    arn: String,
    shard: String,
}

impl Streams {
    pub(super) async fn connect(endpoint: &str, arn: &str) -> Result<Self> {
        let client = Client::builder().no_proxy().timeout(PATIENCE).build().map_err(failed)?;
        let mut streams = Self { client, endpoint: endpoint.to_owned(), arn: arn.to_owned(), shard: String::new() };
        let answer = streams.call("DescribeStream", &json!({"StreamArn": arn})).await?;
        let shards = answer.pointer("/StreamDescription/Shards").and_then(Value::as_array);
        match shards.map(Vec::as_slice) {
            Some([shard]) => shard["ShardId"].as_str().unwrap_or_default().clone_into(&mut streams.shard),
            _ => return Err(Error::service(SERVICE, format!("{arn} has not exactly one shard"))),
        }
        Ok(streams)
    }

    pub(super) fn shard(&self) -> &str {
        &self.shard
    }

    /// An iterator behind `sequence`; 0 is the beginning.
    pub(super) async fn iterator(&self, sequence: Sequence) -> Result<String> {
        let mut request = json!({"StreamArn": self.arn, "ShardId": self.shard, "ShardIteratorType": "TRIM_HORIZON"});
        if sequence > 0 {
            request["ShardIteratorType"] = json!("AFTER_SEQUENCE_NUMBER");
            request["SequenceNumber"] = json!(sequence.to_string());
        }
        text(&self.call("GetShardIterator", &request).await?, "/ShardIterator")
    }

    pub(super) async fn page(&self, iterator: &str) -> Result<Page> {
        let mut answer = self.call("GetRecords", &json!({"ShardIterator": iterator, "Limit": PAGE})).await?;
        let records = answer.get_mut("Records").map(Value::take).unwrap_or_default();
        let Value::Array(records) = records else { return Err(failed("the answer lists no records")) };
        let records = records.into_iter().map(|record| self.record(record)).collect::<Result<_>>()?;
        Ok(Page { records, next: text(&answer, "/NextShardIterator")? })
    }

    /// Lambda adds the stream's ARN to what the stream holds.
    fn record(&self, mut event: Value) -> Result<Record> {
        let number = text(&event, "/dynamodb/SequenceNumber")?;
        let sequence = number.parse().map_err(failed)?;
        event["eventSourceARN"] = json!(self.arn);
        Ok(Record { sequence, number, event })
    }

    async fn call(&self, operation: &str, request: &Value) -> Result<Value> {
        let call = self
            .client
            .post(&self.endpoint)
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", format!("DynamoDBStreams_20120810.{operation}"))
            .header("x-amz-date", "20260101T000000Z")
            .header("authorization", AUTHORIZATION)
            .body(request.to_string());
        let response = call.send().await.map_err(failed)?;
        let status = response.status();
        let body = response.text().await.map_err(failed)?;
        if !status.is_success() {
            return Err(failed(format!("{operation}: {status} {body}")));
        }
        serde_json::from_str(&body).map_err(failed)
    }
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::service(SERVICE, error)
}

fn text(value: &Value, pointer: &str) -> Result<String> {
    let text = value.pointer(pointer).and_then(Value::as_str);
    text.map(str::to_owned).ok_or_else(|| failed(format!("{pointer} is missing in {value}")))
}
