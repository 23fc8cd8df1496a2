//! Functions as processes behind the Runtime API.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use local::functions::{self, FunctionSpec, Handler};
use local::runtime_api::Process;
use serde_json::{Value, json};

use crate::{PATIENCE, handler, spec};

fn runtime() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fake-runtime.sh")
}

fn lambda() -> FunctionSpec {
    let mut function = spec("things", &[]);
    function.environment.insert("TABLE_NAME".to_owned(), "ctdt-test".to_owned());
    function.environment.insert("EXTRA".to_owned(), "template".to_owned());
    function
}

fn variables(all: &[(&str, &str)]) -> BTreeMap<String, String> {
    all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// An unmodified runtime gets its invocations, and its environment is Lambda's and the template's, not ours.
#[tokio::test]
async fn a_process_answers() {
    let process = Process::start(&runtime(), &lambda(), &variables(&[("EXTRA", "wins")])).await.expect("it starts");
    let invoke = process.handler();
    let first = invoke(json!({"n": 1})).await.expect("an answer");
    assert_eq!(
        (&first["event"], &first["table"], &first["extra"], &first["inherited"]),
        (&json!({"n": 1}), &json!("ctdt-test"), &json!("wins"), &json!("none"))
    );
    assert!(first["arn"].as_str().is_some_and(|arn| arn.ends_with(":function:things")), "{first}");
    assert!(first["left_ms"].as_i64().is_some_and(|left| (1..=15_000).contains(&left)), "{first}");
    let second = invoke(json!({"n": 2})).await.expect("an answer");
    assert_eq!((&second["event"], &second["pid"]), (&json!({"n": 2}), &first["pid"]), "one process for all");
    assert_eq!(invoke(json!("fail")).await, Err("Broken: it is broken".to_owned()));
    assert_eq!(invoke(json!("stray")).await, Ok(json!({"stray": 400})), "only the running invocation can be answered");
}

/// A crash fails the invocation that ran, with the last words, and the next one finds a new process; so does a timeout.
#[tokio::test]
async fn a_process_that_crashes_is_started_again() {
    let mut function = lambda();
    function.timeout = Duration::from_secs(2);
    let process = Process::start(&runtime(), &function, &BTreeMap::new()).await.expect("it starts");
    let invoke = process.handler();
    let pid = async |invoke: &Handler| invoke(json!({"n": 1})).await.expect("an answer")["pid"].clone();
    let first = pid(&invoke).await;
    let error = invoke(json!("crash")).await.expect_err("it crashed");
    assert!(error.contains("Runtime exited: exit status: 7") && error.contains("dying of"), "{error}");
    let second = pid(&invoke).await;
    assert_ne!(first, second);
    assert_eq!(invoke(json!("hang")).await, Err("Task timed out after 2.00 seconds".to_owned()));
    assert_ne!(pid(&invoke).await, second);
}

/// So many invocations run at once as there are processes: two meet, which one after the other could not.
#[tokio::test]
async fn processes_run_side_by_side() {
    let process = Process::start_many(&runtime(), &lambda(), &BTreeMap::new(), 2).await.expect("they start");
    let folder = tempfile::tempdir().expect("a folder");
    let invoke = process.handler();
    let event = json!({"meet": folder.path().to_string_lossy()});
    let (one, two) = tokio::join!(invoke(event.clone()), invoke(event));
    assert_ne!(one.expect("an answer")["pid"], two.expect("an answer")["pid"]);
}

/// A function that does not come up says why.
#[tokio::test]
async fn errors_at_the_start_are_told() {
    let start = async |binary: &Path, mode: &str| {
        let started = Process::start(binary, &lambda(), &variables(&[("START", mode)])).await;
        started.expect_err("it does not start").to_string()
    };
    assert_eq!(start(&runtime(), "error").await, "function things: Missing: TABLE_NAME is not set");
    let error = start(&runtime(), "exit").await;
    assert!(error.contains("exit status: 3") && error.contains("nothing works today"), "{error}");
    let error = start(Path::new("/nowhere/bootstrap"), "").await;
    assert!(error.contains("/nowhere/bootstrap cannot be started"), "{error}");
}

/// No process outlives its owner.
#[tokio::test]
async fn processes_end_with_their_owner() {
    let alive = |pid: &Value| Path::new("/proc").join(pid.to_string()).exists();
    let process = Process::start(&runtime(), &lambda(), &BTreeMap::new()).await.expect("it starts");
    let pid = process.handler()(json!({})).await.expect("an answer")["pid"].clone();
    assert!(alive(&pid));
    let invoke = process.handler();
    process.ended().await;
    assert!(!alive(&pid));
    assert!(invoke(json!({})).await.is_err());

    let process = Process::start(&runtime(), &lambda(), &BTreeMap::new()).await.expect("it starts");
    let invoke = process.handler();
    let pid = invoke(json!({})).await.expect("an answer")["pid"].clone();
    let working = tokio::spawn(invoke(json!("hang")));
    let command = || std::fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("comm")).unwrap_or_default();
    tokio::time::timeout(PATIENCE, async {
        while command() != "sleep\n" {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("it hangs");
    drop(process);
    assert!(working.await.expect("no panic").is_err());
    let gone = async {
        while alive(&pid) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.expect("killed");
}

/// A panic or an error of a function reaches the caller as a message.
#[tokio::test]
async fn invocations_fail_with_a_message() {
    let calls = Arc::new(Mutex::new(0));
    let function = handler(move |_| {
        *calls.lock().expect("no panic holds it") += 1;
        async { panic!("as the test wants") }
    });
    let failure = functions::invoke(&function, Value::Null, PATIENCE).await.expect_err("it panics");
    assert!(failure.to_string().contains("panic"), "{failure}");
}
