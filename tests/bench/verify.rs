//! What a judgement costs: of each size beside one SHA-256 pass (limits.md T1 to T3).

use std::hint::black_box;
use std::path::Path;

use pades::{Policy, Profile, Verdict};
use pki::Certificate;
use pki::path::Evidence;
use serde_json::json;

use crate::clock::{best, one_pass, tell};
use crate::copies::made;

/// Names and sizes of the page.
pub(crate) const SIZES: [(&str, usize); 4] =
    [("small", 1_000), ("1MB", 1_000_000), ("20MB", 20_000_000), ("98MB", 98_000_000)];

/// How often a small copy is judged for a profiler: what comes before does not show beside it.
const OFTEN: usize = 3_000;

/// The same small copy, again and again.
pub(crate) fn profile() {
    let (file, at) = made(SIZES[0].1);
    let (anchors, extra) = (testkit::trees().anchors(), Evidence::default());
    let profile = Profile::Ecopy;
    let policy = Policy { anchors: &anchors, at, profile, extra: &extra, register: None, test_anchors: false };
    for _ in 0..OFTEN {
        drop(black_box(pades::judge(black_box(&file), "a.pdf", &policy)));
    }
}

/// Every size. `keep`: a folder for the files, their anchors and our figures, for those who judge them too.
pub(crate) fn verify(keys: &str, keep: Option<&Path>) {
    let mut figures = serde_json::Map::new();
    for (size_name, size) in SIZES {
        let case = format!("{size_name}{keys}");
        let (file, at) = made(size);
        let (anchors, extra) = (testkit::trees().anchors(), Evidence::default());
        let profile = Profile::Ecopy;
        let policy = Policy { anchors: &anchors, at, profile, extra: &extra, register: None, test_anchors: false };
        let report = pades::judge(&file, "a.pdf", &policy);
        assert_eq!(report.verdict, Verdict::Valid, "{:?}", report.reasons);
        let value = best(|| drop(black_box(pades::judge(black_box(&file), "a.pdf", &policy))));
        tell("verify", &case, value, one_pass(&file));
        if let Some(folder) = keep {
            std::fs::write(folder.join(format!("{case}.pdf")), &file).expect("a file that is kept");
            figures.insert(case, json!({"value": value, "at": at}));
        }
    }
    if let Some(folder) = keep {
        let anchors: String = testkit::trees().anchors().iter().map(Certificate::to_pem).collect();
        std::fs::write(folder.join(format!("trust{keys}.pem")), anchors).expect("anchors that are kept");
        let figures = serde_json::Value::Object(figures).to_string();
        std::fs::write(folder.join(format!("figures{keys}.json")), figures).expect("figures that are kept");
    }
}
