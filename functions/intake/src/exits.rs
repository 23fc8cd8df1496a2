//! Side exits of a dossier before anybody signed: recall, return, refuse, cancel (api.md row 38).

use api::{Problem, Reply, Request, idempotent};
use domain::copy::CopyState;
use domain::decide::{Command, decide};
use domain::model::{Case, CaseStatus, Copy, Right, User};
use domain::ports::{Records, Write};
use jiff::Timestamp;
use serde_json::Value;

use crate::Intake;
use crate::access::{at_desk, event, match_case, touched, wrong_state};

impl Intake {
    pub(crate) async fn exit(&self, request: &Request, id: &str, exit: &str) -> Result<Reply, Problem> {
        let caller = self.caller(request).await?;
        let now = self.now();
        idempotent(&self.records, request, caller.id.as_str(), (&self.edge.chance, now), |_| async {
            let right = if exit == "return" { Right::Sign } else { Right::Create };
            let case = self.load_case(request, id, &caller, &[right]).await?;
            match_case(request, &case)?;
            let reason = reason(request, exit)?;
            let writes = self.leave(case, exit, &reason, &caller, now).await?;
            self.commit(writes.1).await?;
            self.case_reply(&writes.0).await
        })
        .await
    }

    async fn leave(
        &self,
        case: Case,
        exit: &str,
        reason: &str,
        caller: &User,
        now: Timestamp,
    ) -> Result<(Case, Vec<Write>), Problem> {
        let mut copies = Vec::new();
        for id in &case.copies {
            copies.extend(self.records.copy(id).await?);
        }
        let (status, action, back) = match exit {
            "recall" | "return" => {
                (CaseStatus::Returned, if exit == "recall" { "case.recalled" } else { "case.returned" }, true)
            }
            "refuse" => (CaseStatus::Refused, "case.refused", false),
            _ => (CaseStatus::Cancelled, "case.cancelled", false),
        };
        if back {
            with_the_leader(&case)?;
        } else if exit == "refuse" {
            at_desk(&case)?;
        } else if matches!(case.status, CaseStatus::Refused | CaseStatus::Cancelled) {
            return Err(wrong_state(domain::casefile::progress(case.status, &[]).name(), &[]));
        } else if domain::casefile::ground_applies(&case) {
            return Err(Problem::new("ground-applies"));
        }
        let mut writes = Vec::new();
        for copy in &copies {
            writes.extend(moved(copy, back, caller, now)?);
        }
        let mut case = touched(case, caller, now);
        case.status = status;
        tracing::info!(case = case.id.as_str(), action, reason_length = reason.len(), "a dossier left its way");
        writes.push(event(case.id.as_str(), case.version, caller, action, now));
        writes.push(Write::Case(case.clone()));
        Ok((case, writes))
    }
}

fn with_the_leader(case: &Case) -> Result<(), Problem> {
    match case.status {
        CaseStatus::Submitted => Ok(()),
        other => Err(wrong_state(domain::casefile::progress(other, &[]).name(), &["submit", "refuse", "cancel"])),
    }
}

/// Drafts stay drafts; what is with the leader goes back or ends; what is being signed cannot be taken away.
fn moved(copy: &Copy, back: bool, caller: &User, now: Timestamp) -> Result<Vec<Write>, Problem> {
    match copy.state {
        CopyState::AwaitingSignature { .. } => return Err(Problem::new("signing-started")),
        CopyState::Numbered { .. } | CopyState::Sealed { .. } => return Err(Problem::new("already-numbered")),
        CopyState::Draft if back => return Ok(Vec::new()),
        _ => {}
    }
    let command = if back { Command::Return } else { Command::Cancel };
    let decision = decide(copy, command, &caller.id, now)?;
    Ok(vec![Write::Event(decision.event), Write::Copy(decision.copy)])
}

/// The written reason each exit demands; a recall needs none.
fn reason(request: &Request, exit: &str) -> Result<String, Problem> {
    let body = if request.body.is_empty() { Value::Object(serde_json::Map::new()) } else { request.value()? };
    let Value::Object(map) = &body else { return Err(Problem::new("malformed-request")) };
    let (needed, known): (&str, &[&str]) = match exit {
        "return" => ("note", &["reason_code", "note"]),
        "refuse" => ("explanation", &["ground", "explanation"]),
        "cancel" => ("reason", &["reason"]),
        _ => ("", &[]),
    };
    if let Some(unknown) = map.keys().find(|key| !known.contains(&key.as_str())) {
        return Err(Problem::new("unknown-field").pointer(&format!("/{unknown}"), "unknown"));
    }
    if needed.is_empty() {
        return Ok(String::new());
    }
    api::prose(&format!("/{needed}"), map.get(needed).and_then(Value::as_str).unwrap_or(""), 2000)
}
