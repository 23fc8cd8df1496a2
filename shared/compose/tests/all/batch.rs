//! The record of a batch (R69): every file, what is missing, and what was annulled since.

use compose::Signing;
use serde_json::{Value, json};

const SIGNING: Signing<'_> = Signing { signer: "Dịch vụ kiểm tra mẫu", at: "2026-11-23T15:05:31+07:00" };

fn item(n: usize, verdict: &str) -> Value {
    json!({
        "n": n, "name": format!("hồ sơ/{n} \u{202e}fdp.exe.pdf"), "verdict": verdict, "kind": "certified_copy",
        "sha256": "ab".repeat(32), "number_text": "152, quyển số 01/2026 - SCT/BS", "title": "Bằng tốt nghiệp", "type": "diploma",
        "problem": null, "verification": {"id": "vrf_06EXAMPLE"}, "checked_at": "2026-11-23T15:05:31+07:00",
    })
}

fn report(items: Vec<Value>) -> Value {
    let total = items.len();
    json!({
        "id": "vrb_06EXAMPLE", "kind": "batch", "verdict": "invalid", "verdict_text": "KHÔNG HỢP LỆ", "verdict_text_en": "NOT VALID",
        "state": "done", "total": total, "done": total, "valid": total - 1, "invalid": 1, "indeterminate": 0, "unjudged": 0,
        "coverage": {"expected": 2, "found": 1, "missing": 1, "untitled": 1, "papers": [
            {"title": "Bằng tốt nghiệp", "type": null, "found": true, "item": 0},
            {"title": null, "type": "land", "type_text": "Giấy chứng nhận quyền sử dụng đất", "found": false, "item": null},
        ]},
        "created_at": "2026-11-23T15:05:01+07:00", "ended_at": "2026-11-23T15:05:31+07:00", "items": items,
    })
}

fn made(report: &Value) -> Vec<u8> {
    compose::report_to_sign(report, &SIGNING).expect("a record")
}

/// How much is drawn on all pages.
fn drawn(file: &[u8]) -> usize {
    let file = lopdf::Document::load_mem(file).expect("a PDF");
    file.get_pages().values().map(|page| file.get_page_content(*page).len()).sum()
}

#[test]
fn equal_batches_give_equal_bytes() {
    let batch = report(vec![item(0, "valid"), item(1, "invalid")]);
    assert_eq!(made(&batch), made(&batch));
    assert_ne!(made(&batch), made(&report(vec![item(0, "valid"), item(1, "valid")])));
    assert!(compose::report_to_sign(&json!({"kind": "batch"}), &SIGNING).is_err(), "no verdict, no record");
}

/// A thousand files flow over pages, and all of them stand in the attachment.
#[test]
fn a_thousand_files_have_one_record() {
    let batch = report((0..1000).map(|n| item(n, "valid")).collect());
    let file = lopdf::Document::load_mem(&made(&batch)).expect("a PDF");
    assert!((50..150).contains(&file.get_pages().len()), "{} pages", file.get_pages().len());
    let attached: Value = serde_json::from_slice(&compose::attached_report(&batch).expect("JSON")).expect("JSON");
    assert_eq!(attached["items"].as_array().map(Vec::len), Some(1000));
}

/// What speaks against a file, or is missing, is on the page.
#[test]
fn what_is_wrong_is_on_the_page() {
    let plain = report(vec![item(0, "valid"), item(1, "valid")]);
    let before = drawn(&made(&plain));
    let with = |place: &str, value: Value| {
        let mut changed = plain.clone();
        *changed.pointer_mut(place).expect("a place") = value;
        drawn(&made(&changed))
    };
    let problem = json!({"code": "pdf-encrypted", "text": {"vi": "Tệp có mật khẩu.", "en": "The PDF is encrypted."}});
    assert!(with("/items/1/problem", problem) > before);
    assert!(with("/coverage/untitled", json!(0)) < before);
    assert!(with("/coverage/papers", json!([])) < before);
    let mut annulled = plain.clone();
    annulled["items"][1]["register"] = json!({
        "status": "annulled", "annulled_at": "2026-11-24T08:00:00+07:00", "decision_no": "12/QĐ-UBND", "decision_date": "2026-11-24",
    });
    assert!(drawn(&made(&annulled)) > before);
}

/// What goes from hand to hand has no number of a person, wherever it stood (R69).
#[test]
fn a_batch_tells_no_number_of_a_person() {
    let mut batch = report(vec![item(0, "valid")]);
    batch["items"][0]["name"] = json!("cccd 001099000077.pdf");
    batch["coverage"]["papers"][0]["title"] = json!("Căn cước 001099000077");
    let attached = String::from_utf8(compose::attached_report(&batch).expect("JSON")).expect("UTF-8");
    assert!(!attached.contains("001099000077") && attached.contains("•••••••••077"), "{attached}");
}
