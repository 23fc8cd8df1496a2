//! Judges files and prints the reports: `cargo run -p pades --example judge -- [--trust roots.pem] [--at seconds] FILE…`.

use pades::{Policy, Profile};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (mut anchors, mut at, mut files) = (Vec::new(), 1_795_417_531, Vec::new());
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--trust" => {
                let path = arguments.next().unwrap_or_default();
                let pem = std::fs::read_to_string(path).unwrap_or_default();
                anchors.extend(pki::Certificate::from_pem_many(&pem).unwrap_or_default());
            }
            "--at" => at = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(at),
            file => files.push(file.to_owned()),
        }
    }
    let extra = pki::path::Evidence::default();
    let policy =
        Policy { anchors: &anchors, at, profile: Profile::Auto, extra: &extra, register: None, test_anchors: false };
    for file in files {
        let Ok(bytes) = std::fs::read(&file) else { continue };
        let report = pades::judge(&bytes, &file, &policy);
        println!("{}", serde_json::to_string_pretty(&report.to_json()).unwrap_or_default());
    }
}
