//! Agreement with foreign corpora of signed PDFs (R64). Needs the folder named by the environment variable `CORPORA`.

use std::path::Path;
use std::time::Instant;

use pades::{Changes, Covers, Integrity, Policy, Profile, Report, ReportKind};

fn judge(bytes: &[u8], name: &str) -> Report {
    let extra = pki::path::Evidence::default();
    let policy = Policy {
        anchors: &[],
        at: 1_795_417_531,
        profile: Profile::General,
        extra: &extra,
        register: None,
        test_anchors: false,
    };
    pades::judge(bytes, name, &policy)
}

/// contract.md §2: intact, not partial, no change that is not permitted.
fn accepts(report: &Report) -> bool {
    report.kind != ReportKind::Unreadable
        && !report.signatures.is_empty()
        && report.signatures.iter().all(|one| {
            one.integrity == Integrity::Intact
                && one.covers != Covers::Partial
                && one.changes_after != Changes::NotPermitted
        })
}

fn explain(report: &Report) -> String {
    let fatal = report.reasons.iter().take(3).map(|reason| format!("{}: {}", reason.code, reason.text.vi));
    fatal.collect::<Vec<_>>().join(" | ")
}

/// Every file ends in bounded time; verdicts agree with the manifest except for a few known judgements.
#[test]
fn verdicts_agree_with_the_manifest() {
    let Ok(folder) = std::env::var("CORPORA") else {
        println!("SKIPPED: set CORPORA to the folder of the corpora to compare verdicts");
        return;
    };
    let manifest = std::fs::read_to_string(Path::new(&folder).join("manifest.tsv")).expect("a readable manifest");
    let (mut right, mut false_accept, mut false_reject) = (0, Vec::new(), Vec::new());
    for line in manifest.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let (Some(file), Some(expected)) = (columns.first(), columns.get(4)) else { continue };
        let Ok(bytes) = std::fs::read(Path::new(&folder).join(file)) else { continue };
        let start = Instant::now();
        let report = judge(&bytes, file);
        let elapsed = start.elapsed();
        if elapsed.as_millis() > 1000 {
            println!("SLOW {file}: {} ms, {} bytes", elapsed.as_millis(), bytes.len());
        }
        assert!(elapsed.as_secs() < 30, "{file} took {elapsed:?}");
        let detail = columns.get(5).unwrap_or(&"");
        let row = format!("{file} [{detail}] {}", explain(&report));
        match (*expected, accepts(&report)) {
            ("ACCEPT", true) | ("REJECT", false) => right += 1,
            ("ACCEPT", false) => false_reject.push(row),
            ("REJECT", true) => false_accept.push(row),
            ("NO_SIGNATURE", true) => false_accept.push(row),
            _ => {}
        }
    }
    println!("agree {right}, false accept {}, false reject {}", false_accept.len(), false_reject.len());
    false_accept.iter().for_each(|row| println!("FALSE ACCEPT {row}"));
    false_reject.iter().for_each(|row| println!("FALSE REJECT {row}"));
    let all = right + false_accept.len() + false_reject.len();
    assert!(false_accept.len() * 100 <= all * 4, "too many false accepts");
    assert!(false_reject.len() * 100 <= all * 8, "too many false rejects");
}
