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
        "evidence": vec![json!({"kind": "ocsp", "sha256": "11".repeat(32), "used_for": [], "proven_at": "2026-11-23T15:05:31+07:00", "proven_by": "签名1"}); 60],
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

/// R64: a record tells which pages a later revision may not have changed, and is silent about what it may.
#[test]
fn a_record_tells_the_changed_pages() {
    let drawn = |judgement: Option<&str>| -> usize {
        let mut report = report("invalid");
        if let Some(judgement) = judgement {
            let text = json!({"vi": "trang 3 đã bị thay đổi", "en": "page 3 was changed"});
            report["revisions"] = json!([{"n": 3, "judgement": judgement, "pages_changed": [3], "text": text}]);
        }
        let file = lopdf::Document::load_mem(&compose::report(&report).expect("a record")).expect("a PDF");
        let operators = |id: &lopdf::ObjectId| {
            let content = file.get_page_content(*id);
            lopdf::content::Content::decode(&content).expect("content").operations.len()
        };
        file.get_pages().values().map(operators).sum()
    };
    let (none, allowed) = (drawn(None), drawn(Some("allowed")));
    assert_eq!(none, allowed);
    for judgement in ["not_allowed", "not_of_a_copy", "unclear"] {
        assert!(drawn(Some(judgement)) > none + 6, "a heading in two languages and two lines: {judgement}");
    }
}

/// No verdict, no record; a bare verdict is enough for one page.
#[test]
fn a_record_needs_a_verdict() {
    assert!(compose::report(&json!({})).is_err());
    assert!(compose::report(&json!({"verdict": "perhaps"})).is_err());
    let bare = compose::report(&json!({"verdict": "indeterminate"})).expect("a record");
    assert_eq!(lopdf::Document::load_mem(&bare).expect("a PDF").get_pages().len(), 1);
}

fn with_a_person() -> Value {
    let mut report = report("valid");
    report["id"] = json!("vrf_06EXAMPLE");
    report["policy"] = json!({"trust_list": 7});
    report["signatures"][0]["signer"]["subject"] = json!("CN=Nguyễn Văn Mẫu,UID=CCCD:001099000077");
    report["evidence"] = json!([{"kind": "ocsp", "about": "UID=001099000077", "sha256": "1234567890".repeat(6)}]);
    report
}

const SIGNING: compose::Signing<'_> =
    compose::Signing { signer: "Dịch vụ kiểm tra mẫu", at: "2026-11-23T15:05:31+07:00" };

/// A record to be signed is as deterministic, has one empty field, and carries the very report whose digest stands at its foot.
#[test]
fn a_record_to_be_signed_carries_its_report() {
    let report = with_a_person();
    let once = compose::report_to_sign(&report, &SIGNING).expect("a record");
    assert_eq!(once, compose::report_to_sign(&report, &SIGNING).expect("a record"));
    assert_ne!(once, compose::report_to_sign(&self::report("valid"), &SIGNING).expect("a record"));
    let file = lopdf::Document::load_mem(&once).expect("a PDF");
    let streams = file.objects.values().filter_map(|object| object.as_stream().ok());
    let attached: Vec<_> = streams.filter(|one| one.dict.has_type(b"EmbeddedFile")).collect();
    let [attached] = attached.as_slice() else { panic!("one attachment") };
    let json = attached.decompressed_content().expect("deflated");
    assert_eq!(json, compose::attached_report(&report).expect("JSON"));
    let fields: Vec<_> = file
        .objects
        .values()
        .filter_map(|object| object.as_dict().ok())
        .filter(|dict| dict.get(b"FT").is_ok())
        .collect();
    assert_eq!(fields.len(), 1);
    assert!(fields[0].get(b"V").is_err(), "it is empty");
    let moved = compose::Signing { at: "yesterday", ..SIGNING };
    assert!(compose::report_to_sign(&report, &moved).is_err());
}

/// What goes from hand to hand has no number of a person, and every digest whole.
#[test]
fn an_attached_report_says_no_more_than_the_pages() {
    let json = compose::attached_report(&with_a_person()).expect("JSON");
    let text = String::from_utf8(json.clone()).expect("UTF-8");
    assert!(!text.contains("001099000077") && text.contains("•••••••••077"), "{text}");
    let attached: Value = serde_json::from_slice(&json).expect("JSON");
    assert_eq!(attached["evidence"][0]["sha256"], json!("1234567890".repeat(6)));
    assert_eq!((&attached["id"], &attached["policy"]["trust_list"]), (&json!("vrf_06EXAMPLE"), &json!(7)));
}

/// Whatever member a number of a person comes in, in whatever depth.
#[test]
fn no_text_of_an_attached_report_holds_a_long_number() {
    const NUMBER: &str = "CCCD 001099000077";
    fn filled(value: &Value) -> Value {
        match value {
            Value::Object(map) => map
                .iter()
                .map(|(name, value)| {
                    (name.clone(), if EXACT.contains(&name.as_str()) { value.clone() } else { filled(value) })
                })
                .collect::<serde_json::Map<String, Value>>()
                .into(),
            Value::Array(all) => all.iter().map(filled).collect::<Vec<Value>>().into(),
            Value::String(_) => json!(NUMBER),
            other => other.clone(),
        }
    }
    const EXACT: [&str; 5] = ["file", "id", "copy_id", "serial", "sha256"];
    let situation = include_str!("../../../../infra/ctdt/tests/situations/hop-le.json");
    let report: Value = serde_json::from_str(situation).expect("JSON");
    let report = filled(&report);
    assert!(report.to_string().matches(NUMBER).count() > 40, "{report}");
    let attached = String::from_utf8(compose::attached_report(&report).expect("JSON")).expect("UTF-8");
    assert!(!attached.contains("001099000077"), "{attached}");
}

/// A report that nobody kept has no identifier, and its record names none.
#[test]
fn a_record_names_its_report_only_when_it_was_kept() {
    let with = with_a_person();
    let mut without = with.clone();
    without.as_object_mut().expect("an object").remove("id");
    let length = |report: &Value| {
        let file =
            lopdf::Document::load_mem(&compose::report_to_sign(report, &SIGNING).expect("a record")).expect("a PDF");
        file.get_pages().values().map(|page| file.get_page_content(*page).len()).sum::<usize>()
    };
    assert!(length(&without) < length(&with));
}

/// A signature under "valid" does not hide what the register says.
#[test]
fn a_record_to_be_signed_says_what_was_annulled() {
    let mut report = with_a_person();
    let before = compose::report_to_sign(&report, &SIGNING).expect("a record");
    report["register"] = json!({"status": "annulled", "annulled_at": "2026-11-24T08:00:00+07:00"});
    let after = compose::report_to_sign(&report, &SIGNING).expect("a record");
    let glyphs = |file: &[u8]| -> usize {
        let file = lopdf::Document::load_mem(file).expect("a PDF");
        file.get_pages().values().map(|page| file.get_page_content(*page).len()).sum()
    };
    assert!(glyphs(&after) > glyphs(&before), "it stands on the page");
    report["register"]["decision_no"] = json!("12/QĐ-UBND");
    report["register"]["decision_date"] = json!("2026-11-24");
    let decided = compose::report_to_sign(&report, &SIGNING).expect("a record");
    assert!(glyphs(&decided) > glyphs(&after), "and by which decision");
}
