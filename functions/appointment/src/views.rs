//! What the API shows of units and visits.

use api::Problem;
use domain::document_type;
use domain::model::{Appointment, AppointmentStatus, Original, Unit};
use domain::time::rfc3339;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::slots;

pub(crate) fn unit(unit: &Unit) -> Value {
    json!({
        "id": unit.id.as_str(), "code": unit.code, "name": unit.name, "address": unit.address, "province": unit.province,
        "enabled": unit.enabled, "services": ["certified_copy"], "hours": "08:00–17:00",
        "readiness": {"can_seal": !unit.seal_chain.is_empty(), "has_leader": !unit.leaders.is_empty()},
        "links": {"slots": format!("/v1/units/{}/slots", unit.id)},
    })
}

pub(crate) fn slot(start: Timestamp, free: u32) -> Value {
    json!({"start": rfc3339(start), "end": rfc3339(slots::end(start)), "free": free, "after_cutoff": slots::is_after_cutoff(start)})
}

pub(crate) fn appointment(found: &Appointment, name: &str) -> Value {
    let status = match found.status {
        AppointmentStatus::Booked => "booked",
        AppointmentStatus::Used => "used",
        AppointmentStatus::Cancelled => "cancelled",
    };
    json!({
        "id": found.id.as_str(), "code": found.code, "status": status, "start": rfc3339(found.start),
        "unit": {"id": found.unit.as_str(), "name": name}, "account": {"kind": "person", "id": found.account.as_str()},
        "originals": found.originals.iter().map(original).collect::<Vec<_>>(), "note": found.note,
        "qr_payload": format!("CTDT1:{}", found.code), "livemode": false,
        "links": {"self": format!("/v1/appointments/{}", found.id)},
    })
}

fn original(of: &Original) -> Value {
    json!({"type_id": of.type_id, "title": of.title, "issuer": of.issuer, "number": of.number, "pages": of.pages})
}

/// An original as the caller declares it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OriginalDto {
    type_id: String,
    title: String,
    issuer: Option<String>,
    number: Option<String>,
    pages: u32,
}

/// At most 20 originals of at most 300 pages (decision 32).
pub(crate) fn originals(from: Vec<OriginalDto>) -> Result<Vec<Original>, Problem> {
    if from.is_empty() || from.len() > 20 {
        return Err(Problem::invalid("/originals", "1_to_20"));
    }
    from.into_iter().enumerate().map(|(i, dto)| one(dto, &format!("/originals/{i}"))).collect()
}

fn one(dto: OriginalDto, at: &str) -> Result<Original, Problem> {
    let place = |field: &str| format!("{at}/{field}");
    if !(1..=300).contains(&dto.pages) {
        return Err(Problem::invalid(&place("pages"), "1_to_300"));
    }
    if !document_type::is_known(&dto.type_id) {
        return Err(Problem::invalid(&place("type_id"), "not_in_document_types"));
    }
    let title = api::text(&place("title"), &dto.title, 300)?;
    let issuer = dto.issuer.map(|text| api::text(&place("issuer"), &text, 300)).transpose()?;
    let number = dto.number.map(|text| api::text(&place("number"), &text, 100)).transpose()?;
    Ok(Original { type_id: dto.type_id, title, issuer, number, pages: dto.pages })
}
