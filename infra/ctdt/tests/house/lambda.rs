//! The same job with every function as its real Lambda program under the Runtime API stand-in, and each program alone
//! with its `event.json`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::client::Call;
use crate::job::*;
use crate::stack::Stack;

/// All functions, by folder.
pub(crate) fn names() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../functions");
    let entries = std::fs::read_dir(folder).expect("functions/");
    let mut names: Vec<_> = entries
        .map(|entry| entry.expect("readable"))
        .filter(|entry| entry.path().join("Cargo.toml").exists())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Brings the programs up to date with the profile and into the target folder of this test; gives their folder. The
/// selection is that of the test command, so that nothing is built twice.
pub(crate) fn programs() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let folder = Path::new(env!("CARGO_BIN_EXE_ctdt")).parent().expect("a folder").to_owned();
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--workspace", "--bins", "--tests", "--target-dir"]);
        cargo.arg(folder.parent().expect("target"));
        if folder.ends_with("release") {
            cargo.arg("--release");
        }
        assert!(cargo.status().expect("cargo").success(), "the functions do not build");
        folder
    })
}

/// Each program starts under the Runtime API stand-in and answers its `event.json`.
#[tokio::test]
async fn every_program_answers_its_sample_event() {
    let folder = programs();
    let stack = Stack::start(&["--functions", folder.to_str().expect("UTF-8")]);
    let client = stack.client().await;
    for name in names() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../functions").join(&name).join("event.json");
        let event = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let call = Call::new(reqwest::Method::POST, format!("/2015-03-31/functions/{name}/invocations")).bytes(event);
        let answer = client.send(call).await.is(200);
        assert_eq!(answer.header("x-amz-function-error"), "", "{name}: {}", answer.json());
        if let Some(status) = answer.json()["statusCode"].as_u64() {
            assert!(status < 500, "{name}: {}", answer.json());
        }
    }
    assert_eq!(stack.stop(), 0);
}

/// contract.md §4 with the real programs, stream and schedule events included.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_main_job_with_real_lambda_programs() {
    let folder = programs();
    let stack = Stack::start(&["--functions", folder.to_str().expect("UTF-8")]);
    crate::contract::main_job(&stack.url).await;
    let client = stack.client().await;
    let (_, copies) = submitted(&client, "mau@example.com", 2).await;
    signed(&client, &copies).await;
    let session = client.by("seal_keeper", seal(&copies)).await.is(202).text("/id");
    assert_eq!(ended(&client, "seal_keeper", &session).await["state"], "done");
    for copy in &copies {
        archived(&client, copy).await;
    }
    assert_eq!(stack.stop(), 0);
}
