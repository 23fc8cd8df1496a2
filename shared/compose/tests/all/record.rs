//! The record of a verification: every answer can be shown, whatever a file says about itself.

use serde_json::{Value, json};

fn report(verdict: &str) -> Value {
    let reason = json!({"code": "content-changed", "text": {"vi": "Nội dung đã bị sửa sau khi ký.", "en": "The content was changed."}, "params": {"rule": "A3"}});
    json!({
        "file": "hồ sơ \u{202e}fdp.exe 漢.pdf", "verdict": verdict, "verdict_text": "KHÔNG HỢP LỆ", "verdict_text_en": "NOT VALID",
        "kind": "certified_copy", "summary": "Tóm tắt.", "summary_en": "Summary.", "action": "Không tiếp nhận.", "action_en": "Do not accept it.",
        "sha256": "00".repeat(32), "size": 7, "checked_at": "2026-11-23T15:05:31+07:00",
        "checks": [{"id": "integrity", "result": "fail"}, {"id": "register", "result": "not_checked"}],
        "signatures": [{"field": "Leader", "kind": "signature", "role": "leader", "indication": "TOTAL-FAILED", "sub_indication": "HASH_FAILURE",
            "signer": {"subject": "CN=Nguyễn Văn Mẫu", "serial": "4003", "issuer": "CN=CA", "valid_from": "x", "valid_to": ""}}],
        "reasons": vec![reason; 40],
        "evidence": vec![json!({"kind": "ocsp", "sha256": "11".repeat(32), "used_for": []}); 60],
    })
}

/// Equal reports give equal bytes, other reports others; long ones flow over pages.
#[test]
fn a_record_is_deterministic() {
    let once = compose::report(&report("invalid")).expect("a record");
    assert_eq!(once, compose::report(&report("invalid")).expect("a record"));
    assert_ne!(once, compose::report(&report("valid")).expect("a record"));
    let pages = lopdf::Document::load_mem(&once).expect("a PDF").get_pages().len();
    assert!((2..=4).contains(&pages), "{pages} pages");
}

/// No verdict, no record; a bare verdict is enough for one page.
#[test]
fn a_record_needs_a_verdict() {
    assert!(compose::report(&json!({})).is_err());
    assert!(compose::report(&json!({"verdict": "perhaps"})).is_err());
    let bare = compose::report(&json!({"verdict": "indeterminate"})).expect("a record");
    assert_eq!(lopdf::Document::load_mem(&bare).expect("a PDF").get_pages().len(), 1);
}
