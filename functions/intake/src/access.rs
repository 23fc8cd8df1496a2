//! Loading with the rules of decision 37: what is another's does not exist; what is one's own but not allowed is refused
//! with the missing right; what somebody changed meanwhile is stale.

use api::{Problem, Request, needs_any};
use domain::ids::{CaseId, CopyId};
use domain::model::{Case, CaseStatus, Copy, Event, Right, User, Version};
use domain::ports::{CommitError, Records, Write};
use domain::time::rfc3339;
use jiff::Timestamp;
use serde_json::json;

use crate::Intake;

impl Intake {
    pub(crate) fn now(&self) -> Timestamp {
        self.edge.clock.now()
    }

    pub(crate) async fn caller(&self, request: &Request) -> Result<User, Problem> {
        self.keys.caller(request, self.now(), &self.records).await
    }

    pub(crate) async fn load_case(
        &self,
        request: &Request,
        id: &str,
        user: &User,
        rights: &[Right],
    ) -> Result<Case, Problem> {
        let id = request.id(id, CaseId::parse)?;
        let case = self.records.case(&id).await?.ok_or_else(|| Problem::new("not-found"))?;
        needs_any(user, rights, &case.unit)?;
        Ok(case)
    }

    pub(crate) async fn load_copy(
        &self,
        request: &Request,
        id: &str,
        user: &User,
        rights: &[Right],
    ) -> Result<Copy, Problem> {
        let id = request.id(id, CopyId::parse)?;
        let copy = self.records.copy(&id).await?.ok_or_else(|| Problem::new("not-found"))?;
        needs_any(user, rights, &copy.unit)?;
        Ok(copy)
    }

    /// Commits a change of one dossier or copy; when the answer was lost, looks whether it happened.
    pub(crate) async fn commit(&self, writes: Vec<Write>) -> Result<(), Problem> {
        let witness =
            writes.iter().find(|write| matches!(write, Write::Case(_) | Write::Copy(_) | Write::Upload(_))).cloned();
        match self.records.commit(writes).await {
            Ok(()) => Ok(()),
            Err(error) => match (error, self.happened(witness).await?) {
                (_, true) => Ok(()),
                (CommitError::Conflict, _) => Err(Problem::new("stale")),
                (CommitError::Unknown(fault), _) => Err(fault.into()),
            },
        }
    }

    async fn happened(&self, witness: Option<Write>) -> Result<bool, Problem> {
        Ok(match witness {
            Some(Write::Case(case)) => self.records.case(&case.id).await? == Some(case),
            Some(Write::Copy(copy)) => self.records.copy(&copy.id).await? == Some(copy),
            Some(Write::Upload(upload)) => self.records.upload(&upload.id).await? == Some(upload),
            _ => false,
        })
    }
}

/// `If-Match` against a dossier.
pub(crate) fn match_case(request: &Request, case: &Case) -> Result<(), Problem> {
    request.match_version(case.version, case.changed_by.as_str(), &rfc3339(case.changed_at))
}

/// `If-Match` against a copy.
pub(crate) fn match_copy(request: &Request, copy: &Copy) -> Result<(), Problem> {
    request.match_version(copy.version, copy.changed_by.as_str(), &rfc3339(copy.changed_at))
}

/// The dossier must be at the desk.
pub(crate) fn at_desk(case: &Case) -> Result<(), Problem> {
    match case.status {
        CaseStatus::Received | CaseStatus::Returned => Ok(()),
        CaseStatus::Submitted => Err(Problem::new("case-frozen")),
        CaseStatus::Refused | CaseStatus::Cancelled => {
            Err(wrong_state(domain::casefile::progress(case.status, &[]).name(), &[]))
        }
    }
}

/// The dossier must be at the desk, and no ground of Article 22 may apply: then it can only be refused (R27).
pub(crate) fn editable(case: &Case) -> Result<(), Problem> {
    at_desk(case)?;
    if domain::casefile::ground_applies(case) { Err(Problem::new("ground-applies")) } else { Ok(()) }
}

/// `wrong-state` with what is possible.
pub(crate) fn wrong_state(state: &str, allowed: &[&str]) -> Problem {
    Problem::new("wrong-state").with("state", state).with("allowed", json!(allowed))
}

/// The line of history for a change.
pub(crate) fn event(subject: &str, seq: Version, user: &User, action: &str, now: Timestamp) -> Write {
    Write::Event(Event {
        subject: subject.to_owned(),
        seq,
        actor: (&user.id).into(),
        action: action.to_owned(),
        at: now,
    })
}

/// A dossier changed by somebody now.
pub(crate) fn touched(mut case: Case, user: &User, now: Timestamp) -> Case {
    case.version += 1;
    case.changed_by = user.id.clone();
    case.changed_at = now;
    case
}

/// A copy changed by somebody now.
pub(crate) fn touched_copy(mut copy: Copy, user: &User, now: Timestamp) -> Copy {
    copy.version += 1;
    copy.changed_by = user.id.clone();
    copy.changed_at = now;
    copy
}
