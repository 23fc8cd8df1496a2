//! What one number costs (contract.md §5, limits.md T12): `register::allocate` and its one transaction, by sixteen clients at once, beside
//! the pattern that gives a number first and writes it down later (`ADD` on a counter, then a put), which skips numbers when it fails.
//!
//! Against the embedded DynamoDB over loopback: the figures compare the two patterns, and say nothing about DynamoDB's own speed. CPU is that
//! of the whole process, the endpoint's included. At the end every series is looked at: consecutive from 1.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use domain::copy::CopyState;
use domain::ids::*;
use domain::model::*;
use domain::ports::{CommitError, Records as _, Write};
use domain::register;
use jiff::Timestamp;
use local::credentials::Credentials;
use local::endpoints::dynamodb::DynamoDb;
use local::endpoints::kms::Kms;
use local::endpoints::s3::S3;
use local::resources;
use local::sdk::Endpoints;
use local::serve::{Stop, StopHandle, bind};
use rustix::time::{ClockId, clock_gettime};
use serde_json::json;
use store::Table;

/// Numbers of one run.
const NUMBERS: usize = 1600;
/// Clients at once.
const CLIENTS: usize = 16;
/// 2026-11-23T14:05:31+07:00.
const NOW: i64 = 1_795_417_531;

/// The endpoints, and what keeps them.
struct Cloud {
    table: Table,
    client: Client,
    name: String,
    _kept: (DynamoDb, S3, Kms, StopHandle),
}

async fn cloud() -> Cloud {
    let credentials = Credentials::default();
    let (handle, stop) = Stop::channel();
    let port = |name| bind(name, 0).expect("a port");
    let dynamodb = DynamoDb::start(port("dynamodb"), None, stop.clone()).expect("DynamoDB");
    let s3 = S3::start(port("s3"), None, &credentials, stop.clone()).expect("S3");
    let kms = Kms::start(port("kms"), None, &credentials, stop).expect("KMS");
    let endpoints = Endpoints {
        dynamodb: dynamodb.url().to_owned(),
        s3: s3.url().to_owned(),
        kms: kms.url().to_owned(),
        sesv2: "http://127.0.0.1:1".to_owned(),
    };
    let sdk = endpoints.config(&credentials);
    let state = resources::create(&sdk, kms.keys(), &credentials, &BTreeMap::new()).await.expect("the resources");
    let name = state.output("TableName").expect("a table").to_owned();
    Cloud { table: Table::new(&sdk, &name), client: Client::new(&sdk), name, _kept: (dynamodb, s3, kms, handle) }
}

fn now() -> Timestamp {
    // Unwrap safety: a literal in range.
    Timestamp::from_second(NOW).expect("in range")
}

/// Sixteen bytes: which run, which kind of thing, which one.
fn bytes(run: u8, kind: u8, nth: usize) -> [u8; 16] {
    let mut bytes = [run; 16];
    bytes[1] = kind;
    bytes[8..].copy_from_slice(&(nth as u64).to_be_bytes());
    bytes
}

fn unit(run: u8, nth: usize) -> Unit {
    Unit {
        id: UnitId::new(bytes(run, 1, nth)),
        code: "000.00.01.H54".into(),
        name: "Ủy ban nhân dân xã Mẫu".into(),
        short_name: "MAU".into(),
        address: String::new(),
        place: "Xã Mẫu".into(),
        province: "Tỉnh Mẫu".into(),
        enabled: true,
        first_suffix: "SCT/BS".into(),
        first_book: "01".into(),
        later_series: Vec::new(),
        slot_capacity: 1,
        seal_chain: Vec::new(),
        leaders: Vec::new(),
        seal_picture: None,
        changed: Changed::first(),
    }
}

/// A copy whose seal was asked for.
fn copy(run: u8, nth: usize, unit: &Unit) -> Copy {
    let at = now();
    let signed = Stored { path: "copies/a.pdf".into(), sha256: [0xa1; 32], size: 9, midstate: None, etag: None };
    Copy {
        id: CopyId::new(bytes(run, 2, nth)),
        case: CaseId::new(bytes(run, 3, nth)),
        unit: unit.id.clone(),
        type_id: "diploma".into(),
        title: "Bằng tốt nghiệp".into(),
        issuer: None,
        original_number: None,
        pages: 1,
        uploads: Vec::new(),
        attestation: None,
        leader: None,
        look: None,
        opened: None,
        token_length: 0,
        state: CopyState::SealRequested {
            signed,
            signed_at: at,
            session: SessionId::new(bytes(run, 4, nth)),
            decided_at: at,
        },
        since: at,
        due_at: at,
        changed_by: UserId::new(bytes(run, 5, 0)),
        changed_at: at,
        version: 1,
    }
}

/// Reads the head of the series and commits the next number, until nobody was first. Gives the calls that it took.
async fn numbered(table: &Table, copy: &Copy, unit: &Unit) -> u64 {
    let by = UserId::new(bytes(0, 5, 0));
    for round in 1.. {
        let head = table.counter(&unit.id, &unit.first_suffix, 2026).await.expect("a head");
        let allocation = register::allocate(copy, unit, head.as_ref(), &by, now()).expect("waits for a number");
        let writes = vec![
            Write::Counter(allocation.counter),
            Write::Entry(allocation.entry),
            Write::Copy(allocation.decision.copy),
            Write::Event(allocation.decision.event),
        ];
        match table.commit(writes).await {
            Ok(()) => return 2 * round,
            Err(CommitError::Conflict) => {}
            Err(CommitError::Unknown(fault)) => panic!("{fault}"),
        }
    }
    unreachable!("rounds do not end")
}

/// The other pattern: a number by `ADD`, and a put that may never come.
async fn added(cloud: &Cloud, run: u8, nth: usize, series: usize) {
    let key = |pk: String| {
        [("pk", pk), ("sk", "X".to_owned())].map(|(name, value)| (name.to_owned(), AttributeValue::S(value)))
    };
    let counter =
        cloud.client.update_item().table_name(&cloud.name).set_key(Some(key(format!("ADD#{run}#{series}")).into()));
    let counter =
        counter.update_expression("ADD n :one").expression_attribute_values(":one", AttributeValue::N("1".into()));
    let answer = counter.return_values(ReturnValue::UpdatedNew).send().await.expect("a number");
    let number = answer.attributes.and_then(|mut all| all.remove("n")).expect("a number");
    let put = cloud.client.put_item().table_name(&cloud.name).set_item(Some(key(format!("PUT#{run}#{nth}")).into()));
    put.item("n", number).send().await.expect("written");
}

/// What all numbers took.
struct Took {
    seconds: f64,
    /// CPU of this process, clients and endpoint, milliseconds.
    cpu_ms: f64,
}

fn cpu_ms() -> f64 {
    let told = clock_gettime(ClockId::ProcessCPUTime);
    told.tv_sec as f64 * 1e3 + told.tv_nsec as f64 / 1e6
}

/// What `work` takes for all numbers, by all clients.
async fn timed<F: Future<Output = ()> + Send + 'static>(work: impl Fn(usize) -> F) -> Took {
    let (begun, cpu) = (Instant::now(), cpu_ms());
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let mine: Vec<F> = (client..NUMBERS).step_by(CLIENTS).map(&work).collect();
            tokio::spawn(async move {
                for one in mine {
                    one.await;
                }
            })
        })
        .collect();
    for client in clients {
        client.await.expect("a client");
    }
    Took { seconds: begun.elapsed().as_secs_f64(), cpu_ms: cpu_ms() - cpu }
}

async fn case(cloud: &Arc<Cloud>, run: u8, name: &str, units: usize) {
    let offices: Arc<Vec<Unit>> = Arc::new((0..units).map(|nth| unit(run, nth)).collect());
    let copies: Arc<Vec<Copy>> = Arc::new((0..NUMBERS).map(|nth| copy(run, nth, &offices[nth % units])).collect());
    for copy in copies.iter() {
        cloud.table.commit(vec![Write::Copy(copy.clone())]).await.expect("written");
    }
    let calls = Arc::new(AtomicU64::new(0));
    let safe = timed(|nth| {
        let (cloud, copies, offices, calls) = (cloud.clone(), copies.clone(), offices.clone(), calls.clone());
        async move {
            let made = numbered(&cloud.table, &copies[nth], &offices[nth % offices.len()]).await;
            calls.fetch_add(made, Ordering::Relaxed);
        }
    })
    .await;
    let unsafe_add = timed(|nth| {
        let cloud = cloud.clone();
        async move { added(&cloud, run, nth, nth % units).await }
    })
    .await;
    consecutive(cloud, &offices).await;
    let count = NUMBERS as f64;
    tell(name, count / safe.seconds, "numbers_per_s", count / unsafe_add.seconds);
    tell(name, safe.cpu_ms / count, "ms_cpu", unsafe_add.cpu_ms / count);
    tell(name, calls.load(Ordering::Relaxed) as f64 / count, "calls_per_number", 2.0);
}

/// No gap, no repeat: each series ends where it has as many numbers.
async fn consecutive(cloud: &Cloud, offices: &[Unit]) {
    let mut last = 0;
    for office in offices {
        let head = cloud.table.counter(&office.id, &office.first_suffix, 2026).await.expect("a head");
        last += head.map_or(0, |head| head.last);
    }
    assert_eq!(last as usize, NUMBERS, "every copy has one number, and no number is without");
}

fn tell(case: &str, value: f64, unit: &str, baseline: f64) {
    let rounded = |number: f64| (number * 1000.0).round() / 1000.0;
    println!(
        "{}",
        json!({"bench": "numbering", "case": case, "value": rounded(value), "unit": unit, "baseline": "unsafe_add",
            "baseline_value": rounded(baseline), "ratio": rounded(value / baseline)})
    );
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let cloud = Arc::new(cloud().await);
        case(&cloud, 1, "one-unit", 1).await;
        case(&cloud, 2, "100-units", 100).await;
    });
}
