//! The same job with every function as its real Lambda program under the Runtime API stand-in, and each program alone
//! with its `event.json`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::job::*;
use crate::stack::Stack;

/// All functions, by folder.
fn names() -> Vec<String> {
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

/// Builds the programs once, with the profile and into the target folder of this test; gives their folder.
fn programs() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let folder = Path::new(env!("CARGO_BIN_EXE_ctdt")).parent().expect("a folder").to_owned();
        let mut cargo = Command::new(env!("CARGO"));
        cargo.arg("build").arg("--quiet").arg("--target-dir").arg(folder.parent().expect("target"));
        cargo.args(names().iter().flat_map(|name| ["--package".to_owned(), name.clone()]));
        if folder.ends_with("release") {
            cargo.arg("--release");
        }
        assert!(cargo.status().expect("cargo").success(), "the functions do not build");
        folder
    })
}

/// contract.md §4 with the real programs, stream and schedule events included.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_main_job_with_real_lambda_programs() {
    let folder = programs();
    let stack = Stack::start(&["--functions", folder.to_str().expect("UTF-8")]);
    crate::contract::main_job(&stack).await;
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
