//! What is shown of a batch: to programs, and in the record.
//!
//! Looks nothing up. An item tells what was found and where the whole report is.

use domain::batch::{Answer, Batch, BatchItem, BatchState};
use domain::document_type;
use domain::model::PublicCopy;
use domain::time::rfc3339;
use pades::Verdict;
use serde_json::{Value, json};

use crate::decided;

/// How far a batch is, and what it was found to hold of what is expected.
pub(crate) fn batch(batch: &Batch) -> Value {
    let (id, tally) = (&batch.id, &batch.tally);
    json!({
        "id": id.as_str(), "state": batch.state().name(), "total": batch.total, "done": batch.done,
        "valid": tally.valid, "invalid": tally.invalid, "indeterminate": tally.indeterminate, "unjudged": tally.unjudged,
        "coverage": coverage(batch), "created_at": rfc3339(batch.at), "ended_at": batch.ended_at.map(rfc3339),
        "expires_at": rfc3339(batch.until),
        "links": {
            "items": format!("/v1/verification-batches/{id}/items"),
            "report": format!("/v1/verification-batches/{id}/report.pdf"),
        },
    })
}

/// Each expected paper with the item that is it. Before the last file has its answer, what is not found is not yet missing.
fn coverage(batch: &Batch) -> Value {
    let found = batch.coverage();
    let papers = batch.expected.iter().zip(&found).map(|(expected, item)| {
        let name = expected.type_id.as_deref().and_then(document_type::name);
        json!({"title": expected.title, "type": expected.type_id, "type_text": name, "found": item.is_some(), "item": item})
    });
    let count = found.iter().flatten().count();
    let ended = batch.state() == BatchState::Done;
    json!({
        "expected": found.len(), "found": count, "missing": ended.then(|| found.len() - count),
        "papers": papers.collect::<Vec<Value>>(), "untitled": batch.untitled,
    })
}

/// One file with its answer.
pub(crate) fn item(item: &BatchItem) -> Value {
    let verification =
        item.verification.as_ref().map(|id| json!({"id": id.as_str(), "href": format!("/v1/verifications/{id}")}));
    json!({
        "n": item.n, "name": item.name, "verdict": item.answer.map(Answer::name), "kind": item.kind,
        "sha256": item.sha256.map(hex::encode), "number_text": item.number_text,
        "title": item.paper.as_ref().map(|paper| &paper.title), "type": item.paper.as_ref().map(|paper| &paper.type_id),
        "problem": item.problem.as_deref().map(problem), "verification": verification, "checked_at": rfc3339(item.at),
    })
}

/// A code with its sentence: of the API, or of the reasons.
fn problem(code: &str) -> Value {
    let plain = |text: &str| text.replace(" ({detail})", "");
    let (vi, en) = match (pades::explain(code), api::code(code)) {
        (Some(row), _) => (plain(row.vi), plain(row.en)),
        (None, Some(known)) => (known.title.0.to_owned(), known.title.1.to_owned()),
        (None, None) => (code.to_owned(), code.to_owned()),
    };
    json!({"code": code, "text": {"vi": vi, "en": en}})
}

/// What the record of a batch is made from: everything that was found, and which of the copies was annulled since.
pub(crate) fn report(batch: &Batch, items: &[BatchItem], annulled: &[PublicCopy]) -> Value {
    let verdict = gravest(batch);
    let words = verdict.text();
    let mut report = self::batch(batch);
    for (name, value) in [("links", Value::Null), ("kind", json!("batch")), ("verdict", json!(verdict))] {
        report[name] = value;
    }
    report["verdict_text"] = json!(words.vi);
    report["verdict_text_en"] = json!(words.en);
    report["items"] = items.iter().map(|one| with_register(one, annulled)).collect();
    report
}

fn with_register(one: &BatchItem, annulled: &[PublicCopy]) -> Value {
    let mut shown = item(one);
    let withdrawn = annulled.iter().find(|copy| one.copy.as_ref() == Some(&copy.copy));
    if let Some((copy, at)) = withdrawn.and_then(|copy| Some((copy, copy.annulled_at?))) {
        let told = json!({"status": "annulled", "annulled_at": rfc3339(at)});
        shown["register"] = decided(told, copy.annulled_by.as_ref());
    }
    shown
}

/// Invalid before "cannot be told" before valid; a file that was not judged cannot be told.
fn gravest(batch: &Batch) -> Verdict {
    match &batch.tally {
        tally if tally.invalid > 0 => Verdict::Invalid,
        tally if tally.indeterminate + tally.unjudged > 0 => Verdict::Indeterminate,
        _ => Verdict::Valid,
    }
}
