//! What the API shows of dossiers and copies. Identity numbers, phones and addresses are masked.

use domain::casefile::{Progress, progress};
use domain::copy::CopyState;
use domain::model::{Annulment, Case, Copy, Event, Number};
use domain::time::rfc3339;
use serde_json::{Value, json};

/// What people read for each progress.
fn progress_text(progress: Progress) -> &'static str {
    match progress {
        Progress::Received => "Đã tiếp nhận",
        Progress::Submitted => "Đã trình lãnh đạo",
        Progress::LeaderSigning => "Lãnh đạo đang ký",
        Progress::LeaderSigned => "Lãnh đạo đã ký",
        Progress::Sealing => "Đang cấp số, đóng dấu",
        Progress::Completed => "Đã hoàn thành",
        Progress::Returned => "Đã trả lại để sửa",
        Progress::Refused => "Đã từ chối",
        Progress::Cancelled => "Đã hủy",
    }
}

pub(crate) fn case(case: &Case, copies: &[Copy]) -> Value {
    let progress = progress(case.status, &copies.iter().map(|copy| &copy.state).collect::<Vec<_>>());
    let (status, status_text) = (progress.name(), progress_text(progress));
    let fee = case.fee.as_ref().map(|fee| match &fee.waived_reason {
        Some(reason) => json!({"waived_reason": reason}),
        None => json!({"receipt_no": fee.receipt_no, "amount_vnd": fee.amount_vnd, "paid_at": rfc3339(fee.paid_at)}),
    });
    json!({
        "id": case.id.as_str(), "code": case.code, "status": status, "status_text": status_text, "unit_id": case.unit.as_str(),
        "received_at": rfc3339(case.received_at), "due_at": rfc3339(case.due_at), "due_rule": case.due_rule, "basis": case.basis,
        "requester": {"kind": case.requester.kind, "name": case.requester.name, "id_type": case.requester.id_type, "id_masked": masked(&case.requester.id_number)},
        "appointment_id": case.appointment.as_ref().map(|id| id.as_str()),
        "checklist_confirmed": case.checklist.is_some(), "fee": fee,
        "copies": case.copies.iter().map(|id| json!({"id": id.as_str(), "status": copies.iter().find(|c| c.id == *id).map(|c| c.state.name())})).collect::<Vec<_>>(),
        "livemode": false, "links": {"self": format!("/v1/cases/{}", case.id)},
    })
}

/// All but the last three signs.
fn masked(number: &str) -> String {
    let length = number.chars().count();
    number.chars().enumerate().map(|(i, c)| if i + 3 < length { '•' } else { c }).collect()
}

pub(crate) fn event(event: &Event) -> Value {
    json!({"seq": event.seq, "subject": event.subject, "at": rfc3339(event.at), "actor": event.actor.as_str(), "action": event.action})
}

fn hex(bytes: &[u8]) -> String {
    hex::encode(bytes)
}

fn number(number: &Number) -> Vec<(&'static str, Value)> {
    vec![
        ("number", json!(number.number)),
        ("book", json!(number.book)),
        ("year", json!(number.year)),
        ("suffix", json!(number.suffix)),
        ("number_text", json!(number.text())),
    ]
}

pub(crate) fn copy(copy: &Copy) -> Value {
    let mut shown = json!({
        "id": copy.id.as_str(), "case_id": copy.case.as_str(), "unit_id": copy.unit.as_str(), "status": copy.state.name(),
        "type_id": copy.type_id, "title": copy.title, "issuer": copy.issuer, "original_number": copy.original_number,
        "pages": copy.pages, "upload_ids": copy.uploads.iter().map(|id| id.as_str()).collect::<Vec<_>>(),
        "attestation": copy.attestation.as_ref().map(|chosen| json!({"template_id": chosen.template_id})),
        "due_at": rfc3339(copy.due_at), "since": rfc3339(copy.since), "livemode": false,
        "links": {"self": format!("/v1/copies/{}", copy.id), "case": format!("/v1/cases/{}", copy.case)},
    });
    let mut more: Vec<(&str, Value)> = Vec::new();
    match &copy.state {
        CopyState::Signed { signed_at, .. } | CopyState::SealRequested { signed_at, .. } => {
            more.push(("signatures", json!([{"role": "leader", "field": "Leader", "signed_at": rfc3339(*signed_at)}])));
        }
        CopyState::Numbered { number: given, signed_at, .. } => {
            more.extend(number(given));
            more.push(("signatures", json!([{"role": "leader", "field": "Leader", "signed_at": rfc3339(*signed_at)}])));
        }
        CopyState::Sealed { number: given, sealed, sealed_at, archived, .. } => {
            let last = archived.as_ref().unwrap_or(sealed);
            more.extend(number(given));
            more.push(("sha256", json!(hex(&last.sha256))));
            more.push(("size", json!(last.size)));
            more.push(("level", json!(if archived.is_some() { "B-LTA" } else { "B-T" })));
            more.push(("sealed_at", json!(rfc3339(*sealed_at))));
            more.push(("signatures", json!([{"role": "leader", "field": "Leader"}, {"role": "agency", "field": "Seal", "signed_at": rfc3339(*sealed_at)}])));
        }
        CopyState::Annulled { number: given, file, at, annulment } => {
            more.extend(number(given));
            more.push(("sha256", json!(hex(&file.sha256))));
            let mut told = json!({"at": rfc3339(*at)});
            if let Some(Annulment { decision, .. }) = annulment {
                told["decision_no"] = json!(decision.number);
                told["decision_date"] = json!(decision.date.to_string());
            }
            more.push(("annulment", told));
        }
        CopyState::Void { number: given, reason, .. } => {
            more.extend(number(given));
            more.push(("void_reason", json!(reason)));
        }
        CopyState::Draft | CopyState::Submitted { .. } | CopyState::AwaitingSignature { .. } | CopyState::Cancelled => {
        }
    }
    if let Value::Object(map) = &mut shown {
        map.extend(more.into_iter().map(|(name, value)| (name.to_owned(), value)));
    }
    shown
}
