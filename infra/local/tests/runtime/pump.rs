//! Streams and schedules: delivered, retried, given up, and continued after a restart.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use local::endpoints::dynamodb::DynamoDb;
use local::endpoints::kms::Kms;
use local::endpoints::s3::S3;
use local::functions::{FunctionSpec, Handler, StreamSource};
use local::pump::{Pattern, Pump};
use local::resources;
use local::sdk::Endpoints;
use local::serve::{self, Stop, StopHandle};
use serde_json::{Value, json};
use tokio::sync::{Notify, mpsc};

use crate::{PATIENCE, credentials, handler, next, recorder, spec};

/// EventBridge's semantics for exact values; anything else is refused.
#[test]
fn filter_patterns() {
    let event = json!({"eventName": "INSERT", "n": 3, "flag": true, "none": null, "tags": ["a", "b"], "dynamodb": {"NewImage": {"kind": {"S": "outbox"}}}});
    let cases = [
        (json!({"eventName": ["INSERT"]}), true),
        (json!({"eventName": ["MODIFY", "INSERT"]}), true),
        (json!({"eventName": ["MODIFY", "REMOVE"]}), false),
        (json!({"eventName": ["insert"]}), false),
        (json!({"eventName": ["INSERT"], "n": [4]}), false),
        (json!({"n": [3]}), true),
        (json!({"n": ["3"]}), false),
        (json!({"flag": [true], "none": [null]}), true),
        (json!({"tags": ["b", "z"]}), true),
        (json!({"tags": ["z"]}), false),
        (json!({"missing": ["x"]}), false),
        (json!({"missing": [null]}), false),
        (json!({"dynamodb": {"NewImage": {"kind": {"S": ["outbox"]}}}}), true),
        (json!({"dynamodb": {"NewImage": {"kind": {"N": ["outbox"]}}}}), false),
        (json!({"dynamodb": {"OldImage": {"kind": {"S": ["outbox"]}}}}), false),
        (json!({"dynamodb": ["x"]}), false),
        (json!({"eventName": {"x": ["y"]}}), false),
    ];
    for (pattern, passes) in cases {
        assert_eq!(Pattern::parse(&pattern).expect("a pattern").matches(&event), passes, "{pattern}");
    }
    for wrong in [
        json!({}),
        json!([]),
        json!({"a": []}),
        json!({"a": "b"}),
        json!({"a": {}}),
        json!({"a": [{"exists": true}]}),
        json!({"a": [["b"]]}),
        json!({"$or": [{"a": ["b"]}]}),
        json!({"a": {"b": [{"anything-but": "c"}]}}),
    ] {
        assert!(Pattern::parse(&wrong).is_err(), "{wrong}");
    }
}

/// The embedded services with what state.yaml declares.
struct Cloud {
    dynamodb: DynamoDb,
    table: aws_sdk_dynamodb::Client,
    name: String,
    stream: String,
    _kept: (Kms, S3, StopHandle),
}

impl Cloud {
    async fn start() -> Self {
        let (handle, stop) = Stop::channel();
        let bind = || serve::bind("test", 0).expect("a port");
        let dynamodb = DynamoDb::start(bind(), None, stop.clone()).expect("DynamoDB");
        let s3 = S3::start(bind(), None, &credentials(), stop.clone()).expect("S3");
        let kms = Kms::start(bind(), None, &credentials(), stop).expect("KMS");
        let endpoints = Endpoints {
            dynamodb: dynamodb.url().to_owned(),
            s3: s3.url().to_owned(),
            kms: kms.url().to_owned(),
            sesv2: String::new(),
        };
        let sdk = endpoints.config(&credentials());
        let state = resources::create(&sdk, kms.keys(), &credentials(), &BTreeMap::new()).await.expect("state.yaml");
        let table = aws_sdk_dynamodb::Client::new(&sdk);
        let output = |name: &str| state.output(name).expect("an output").to_owned();
        Self { table, name: output("TableName"), stream: output("TableStreamArn"), dynamodb, _kept: (kms, s3, handle) }
    }

    async fn put(&self, subject: &str, topic: &str) {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let put = self
            .table
            .put_item()
            .table_name(&self.name)
            .item("pk", text(&format!("OUTBOX#{subject}")))
            .item("sk", text("-"));
        put.item("kind", text("outbox"))
            .item("topic", text(topic))
            .item("subject", text(subject))
            .send()
            .await
            .expect("written");
    }

    fn function(&self, name: &str, topic: &str) -> FunctionSpec {
        let filter = json!({"eventName": ["INSERT"], "dynamodb": {"NewImage": {"kind": {"S": ["outbox"]}, "topic": {"S": [topic]}}}});
        let mut function = spec(name, &[]);
        function.streams = vec![StreamSource {
            arn: self.stream.clone(),
            filters: vec![filter],
            batch_size: 10,
            max_retries: 2,
            bisect: true,
        }];
        function
    }

    async fn pump(&self, directory: Option<&Path>, functions: &[(FunctionSpec, Handler)]) -> (Pump, StopHandle) {
        let (handle, stop) = Stop::channel();
        let specs: Vec<FunctionSpec> = functions.iter().map(|(spec, _)| spec.clone()).collect();
        let handlers = functions.iter().map(|(spec, handler)| (spec.name.clone(), Arc::clone(handler))).collect();
        let pump = Pump::start(self.dynamodb.url(), directory, &specs, &handlers, stop).await.expect("a pump");
        (pump, handle)
    }
}

fn subjects(event: &Value) -> Vec<String> {
    let subject =
        |record: &Value| record["dynamodb"]["NewImage"]["subject"]["S"].as_str().unwrap_or_default().to_owned();
    event["Records"].as_array().expect("records").iter().map(subject).collect()
}

/// How a function answers a batch.
type How = fn(&Value) -> Result<Value, String>;

/// A function that does subjects in order, and cannot do those that start with "poison".
fn worker(how: How) -> (Handler, mpsc::UnboundedReceiver<Vec<String>>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let worker = handler(move |event: Value| {
        let _ = sender.send(subjects(&event));
        let answer = how(&event);
        async move { answer }
    });
    (worker, receiver)
}

/// As our functions do: the first failure is named and ends the batch.
fn names_the_first(event: &Value) -> Result<Value, String> {
    let poison = subjects(event).iter().position(|subject| subject.starts_with("poison"));
    let number = poison.map(|at| event["Records"][at]["dynamodb"]["SequenceNumber"].clone());
    Ok(
        json!({"batchItemFailures": number.map(|number| json!({"itemIdentifier": number})).into_iter().collect::<Vec<_>>()}),
    )
}

fn fails_whole(event: &Value) -> Result<Value, String> {
    if subjects(event).iter().any(|subject| subject.starts_with("poison")) {
        Err("poisoned".to_owned())
    } else {
        Ok(Value::Null)
    }
}

fn names_a_stranger(event: &Value) -> Result<Value, String> {
    let poison = subjects(event).iter().any(|subject| subject.starts_with("poison"));
    Ok(if poison {
        json!({"batchItemFailures": [{"itemIdentifier": "1"}]})
    } else {
        json!({"batchItemFailures": null})
    })
}

/// One INSERT is one record, exactly as Lambda delivers it; what the filter does not want never arrives.
#[tokio::test]
async fn an_insert_is_delivered_once() {
    let cloud = Cloud::start().await;
    let (function, mut events) = recorder();
    let (_pump, _stop) = cloud.pump(None, &[(cloud.function("numbering", "seal"), function)]).await;
    cloud.put("other", "deliver").await;
    cloud.put("one", "seal").await;
    cloud
        .table
        .delete_item()
        .table_name(&cloud.name)
        .key("pk", AttributeValue::S("OUTBOX#one".into()))
        .key("sk", AttributeValue::S("-".into()))
        .send()
        .await
        .expect("deleted");
    cloud.put("two", "seal").await;
    cloud.put("two", "seal").await;
    cloud.put("three", "seal").await;
    let first = next(&mut events).await;
    let mut all = subjects(&first);
    while !all.contains(&"three".to_owned()) {
        all.extend(subjects(&next(&mut events).await));
    }
    assert_eq!(all, ["one", "two", "three"]);
    let mut record = first["Records"][0].clone();
    let image = &record["dynamodb"];
    assert_eq!(
        image["NewImage"],
        json!({"pk": {"S": "OUTBOX#one"}, "sk": {"S": "-"}, "kind": {"S": "outbox"}, "topic": {"S": "seal"}, "subject": {"S": "one"}})
    );
    assert_eq!(
        (&image["Keys"], &image["StreamViewType"]),
        (&json!({"pk": {"S": "OUTBOX#one"}, "sk": {"S": "-"}}), &json!("NEW_AND_OLD_IMAGES"))
    );
    assert!(
        image["SequenceNumber"]
            .as_str()
            .is_some_and(|number| number.len() >= 21 && number.bytes().all(|b| b.is_ascii_digit()))
    );
    assert!(
        image["ApproximateCreationDateTime"].as_f64().is_some()
            && image["SizeBytes"].as_i64() > Some(0)
            && image.get("OldImage").is_none()
    );
    assert_eq!(record["eventID"].as_str().map(str::len), Some(32));
    record.as_object_mut().expect("an object").retain(|name, _| name != "eventID" && name != "dynamodb");
    assert_eq!(
        record,
        json!({"eventName": "INSERT", "eventVersion": "1.1", "eventSource": "aws:dynamodb", "awsRegion": "dynoxide", "eventSourceARN": cloud.stream})
    );
    assert_eq!(first.as_object().map(serde_json::Map::len), Some(1));
}

/// A record that cannot be done is tried again, given up and recorded; those around it are done in order, and another
/// function does not wait meanwhile.
#[tokio::test]
async fn failed_work_is_retried_then_given_up() {
    let cases: [(How, &[&[&str]], &str); 3] = [
        (
            names_the_first,
            &[&["a", "poison", "b", "c"], &["poison", "b", "c"], &["poison"], &["poison"], &["poison"], &["b", "c"]],
            "reported",
        ),
        (
            fails_whole,
            &[&["a", "poison", "b", "c"], &["a", "poison"], &["a"], &["poison"], &["poison"], &["poison"], &["b", "c"]],
            "poisoned",
        ),
        (
            names_a_stranger,
            &[&["a", "poison", "b", "c"], &["a", "poison"], &["a"], &["poison"], &["poison"], &["poison"], &["b", "c"]],
            "names no record",
        ),
    ];
    let cloud = Cloud::start().await;
    for subject in ["a", "poison", "b", "c"] {
        cloud.put(subject, "seal").await;
    }
    cloud.put("mail", "deliver").await;
    for (how, expected, trouble) in cases {
        let (function, mut batches) = worker(how);
        let (other, mut others) = worker(names_the_first);
        let functions =
            [(cloud.function("numbering", "seal"), function), (cloud.function("delivery", "deliver"), other)];
        let folder = tempfile::tempdir().expect("a folder");
        let (mut pump, stop) = cloud.pump(Some(folder.path()), &functions).await;
        for batch in expected {
            assert_eq!(next(&mut batches).await, *batch);
        }
        assert_eq!(next(&mut others).await, ["mail"]);
        stop.stop();
        pump.ended().await;
        let failed = pump.failed_work().expect("readable");
        let [entry] = failed.as_slice() else { panic!("one entry: {failed:?}") };
        assert_eq!(entry["requestContext"]["condition"], "RetryAttemptsExhausted");
        assert_eq!(entry["requestContext"]["approximateInvokeCount"], 3);
        assert!(
            entry["responsePayload"]["errorMessage"].as_str().is_some_and(|message| message.contains(trouble)),
            "{entry}"
        );
        let batch = &entry["DDBStreamBatchInfo"];
        assert_eq!((&batch["batchSize"], &batch["streamArn"]), (&json!(1), &json!(cloud.stream)));
        assert!(batch["startSequenceNumber"].is_string() && batch["startSequenceNumber"] == batch["endSequenceNumber"]);
        assert!(batch["shardId"].as_str().is_some_and(|shard| shard.starts_with("shardId-")));
        assert!(batches.try_recv().is_err());
    }
}

/// Without bisect the batch is given up as one.
#[tokio::test]
async fn without_bisect_the_whole_batch_is_given_up() {
    let cloud = Cloud::start().await;
    for subject in ["a", "poison", "b"] {
        cloud.put(subject, "seal").await;
    }
    let mut function = cloud.function("numbering", "seal");
    function.streams[0].bisect = false;
    let (handler, mut batches) = worker(fails_whole);
    let (mut pump, stop) = cloud.pump(None, &[(function, handler)]).await;
    for _ in 0..3 {
        assert_eq!(next(&mut batches).await, ["a", "poison", "b"]);
    }
    cloud.put("c", "seal").await;
    assert_eq!(next(&mut batches).await, ["c"]);
    stop.stop();
    pump.ended().await;
    let failed = pump.failed_work().expect("kept in memory");
    assert_eq!(
        failed.iter().map(|entry| entry["DDBStreamBatchInfo"]["batchSize"].clone()).collect::<Vec<_>>(),
        [json!(3)]
    );
}

/// A restart goes on where the last run was: what was done is not done again, what was not done is not lost, not even
/// when the process was killed in the middle of a batch.
#[tokio::test]
async fn a_restart_continues_from_the_checkpoint() {
    let cloud = Cloud::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let functions = |handler: Handler| [(cloud.function("numbering", "seal"), handler)];
    cloud.put("one", "seal").await;
    cloud.put("two", "seal").await;
    let (function, mut batches) = worker(names_the_first);
    let (mut pump, stop) = cloud.pump(Some(folder.path()), &functions(function)).await;
    let mut done = next(&mut batches).await;
    while done.len() < 2 {
        done.extend(next(&mut batches).await);
    }
    stop.stop();
    pump.ended().await;
    drop(pump);

    cloud.put("three", "seal").await;
    let started = Arc::new(Notify::new());
    let mark = Arc::clone(&started);
    let hangs = handler(move |event: Value| {
        assert_eq!(subjects(&event), ["three"]);
        mark.notify_one();
        async { std::future::pending().await }
    });
    let (other, mut others) = worker(names_the_first);
    let both = [(cloud.function("numbering", "seal"), hangs), (cloud.function("delivery", "deliver"), other)];
    let (pump, stop) = cloud.pump(Some(folder.path()), &both).await;
    tokio::time::timeout(PATIENCE, started.notified()).await.expect("three alone was delivered");
    // another function's progress is written meanwhile: the second mail comes after the first one's position was
    for mail in ["mail", "more mail"] {
        cloud.put(mail, "deliver").await;
        assert_eq!(next(&mut others).await, [mail]);
    }
    drop((pump, stop));

    let (function, mut batches) = worker(names_the_first);
    let (mut pump, stop) = cloud.pump(Some(folder.path()), &functions(function)).await;
    assert_eq!(next(&mut batches).await, ["three"]);
    cloud.put("four", "seal").await;
    assert_eq!(next(&mut batches).await, ["four"]);
    stop.stop();
    pump.ended().await;

    // the positions of another stream say nothing about this one
    let positions = folder.path().join("stream-positions.json");
    let text = std::fs::read_to_string(&positions).expect("positions");
    std::fs::write(&positions, text.replace(&cloud.stream, "arn:another")).expect("written");
    let (function, mut batches) = worker(names_the_first);
    let (_pump, _stop) = cloud.pump(Some(folder.path()), &functions(function)).await;
    assert_eq!(next(&mut batches).await, ["one", "two", "three", "four"]);
}

/// What a restart need not read again is remembered, though nothing was done.
#[tokio::test]
async fn records_of_no_interest_move_the_position() {
    let cloud = Cloud::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    cloud.put("mail", "deliver").await;
    let (function, _) = worker(names_the_first);
    let (other, mut others) = worker(names_the_first);
    let functions = [(cloud.function("numbering", "seal"), function), (cloud.function("delivery", "deliver"), other)];
    let (mut pump, stop) = cloud.pump(Some(folder.path()), &functions).await;
    assert_eq!(next(&mut others).await, ["mail"]);
    stop.stop();
    pump.ended().await;
    let text = std::fs::read_to_string(folder.path().join("stream-positions.json")).expect("positions");
    let kept: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(kept["positions"]["numbering"], kept["positions"]["delivery"]);
    assert_ne!(kept["positions"]["numbering"], "0");
}

/// Schedules run at the start and when nudged, one run at a time; nudges during a run make one more.
#[tokio::test]
async fn schedules_run_at_once_and_when_nudged() {
    let running = Arc::new(AtomicUsize::new(0));
    let (sender, mut runs) = mpsc::unbounded_channel();
    let gate = Arc::new(Notify::new());
    let (counter, pass) = (Arc::clone(&running), Arc::clone(&gate));
    let sweep = handler(move |event: Value| {
        let (counter, pass, sender) = (Arc::clone(&counter), Arc::clone(&pass), sender.clone());
        async move {
            assert_eq!(counter.fetch_add(1, Ordering::SeqCst), 0, "runs overlap");
            let _ = sender.send(event);
            pass.notified().await;
            counter.fetch_sub(1, Ordering::SeqCst);
            Err("a failure does not end the schedule".to_owned())
        }
    });
    let mut function = spec("delivery", &[]);
    function.schedules = vec![Duration::from_secs(3_600)];
    let (handle, stop) = Stop::channel();
    let handlers = BTreeMap::from([("delivery".to_owned(), sweep)]);
    let mut pump =
        Pump::start("http://127.0.0.1:9", None, &[function], &handlers, stop).await.expect("no stream is read");
    let event = next(&mut runs).await;
    assert_eq!(
        (&event["detail-type"], &event["source"], &event["detail"]),
        (&json!("Scheduled Event"), &json!("aws.events"), &json!({}))
    );
    assert!(event["resources"][0].as_str().is_some_and(|rule| rule.starts_with("arn:aws:events:")));
    for _ in 0..2 {
        pump.nudge();
        pump.nudge();
        assert!(runs.try_recv().is_err(), "the run before is not over");
        gate.notify_one();
        next(&mut runs).await;
    }
    gate.notify_one();
    handle.stop();
    pump.ended().await;
    assert_eq!(running.load(Ordering::SeqCst), 0);
    assert!(runs.try_recv().is_err());
}

#[tokio::test]
async fn event_sources_without_a_handler_are_refused() {
    let mut function = spec("delivery", &[]);
    function.schedules = vec![Duration::from_secs(60)];
    let (_handle, stop) = Stop::channel();
    let refused = Pump::start("http://127.0.0.1:9", None, &[function], &BTreeMap::new(), stop).await;
    assert!(refused.expect_err("no handler").to_string().contains("delivery"));
}
