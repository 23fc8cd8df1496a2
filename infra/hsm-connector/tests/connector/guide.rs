//! The commands of README.md, run as they stand there.

use std::path::Path;
use std::process::Command;

use crate::peer::there;

/// The shell blocks of the guide, one text; those inside a list are indented.
fn script() -> String {
    let guide = include_str!("../../README.md");
    let mut inside = false;
    let mut script = String::from("set -eu\n");
    for line in guide.lines() {
        match line.trim() {
            "```sh" => inside = true,
            "```" => inside = false,
            _ if inside => {
                script.push_str(line.strip_prefix("   ").unwrap_or(line));
                script.push('\n');
            }
            _ => {}
        }
    }
    script
}

#[test]
fn every_command_of_the_guide_works() {
    if !there() {
        return;
    }
    let script = script();
    assert!(script.matches("pkcs11-tool").count() >= 4 && script.contains("hsm-connector bo-noi.yaml"), "{script}");
    let folder = tempfile::tempdir().expect("a folder");
    let built = Path::new(env!("CARGO_BIN_EXE_hsm-connector")).parent().expect("a folder");
    let path = format!("{}:{}", built.display(), std::env::var("PATH").expect("a path"));
    // bash, for `pipefail`: a failure inside a pipe counts.
    let output = Command::new("bash")
        .args(["-o", "pipefail", "-c", &script])
        .current_dir(folder.path())
        .env("PATH", path)
        .output()
        .expect("bash runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("\"credentialIDs\":[\"con-dau\"]"), "{said}");
    assert!(said.contains("Signature Verified Successfully"), "{said}");
}
