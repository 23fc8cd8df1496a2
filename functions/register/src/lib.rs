//! The register's exceptions: annulment of a sealed copy (R111), and void numbers (decision 21).
//!
//! Gives no numbers: that is `numbering`.

use api::{Edge, Env, Error, Function, Keys, Problem, Reply, Request, idempotent, needs};
use casework::numbering;
use domain::ids::CopyId;
use domain::model::{Annulment, AnnulmentDecision, Copy, Right, User};
use domain::ports::Records;
use domain::time::rfc3339;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::json;
use store::Table;

/// The function with what it needs.
pub struct Register {
    edge: Edge,
    keys: Keys,
    records: Table,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Annul {
    decision_no: String,
    decision_date: String,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Void {
    reason: String,
}

impl Register {
    /// Reads the settings and makes the clients.
    ///
    /// # Errors
    /// A missing or unreadable setting, by name.
    pub fn new(env: &Env, aws: &aws_config::SdkConfig) -> Result<Self, Error> {
        Ok(Self { edge: Edge::new(env), keys: Keys::new(env)?, records: Table::new(aws, env.required("TABLE_NAME")?) })
    }

    /// The seal-keeper's copy, unchanged since the caller looked.
    async fn own(&self, request: &Request, id: &str, caller: &User) -> Result<Copy, Problem> {
        let id = request.id(id, CopyId::parse)?;
        let copy = self.records.copy(&id).await?.ok_or_else(|| Problem::new("not-found"))?;
        needs(caller, Right::Seal, &copy.unit)?;
        request.match_version(copy.version, copy.changed_by.as_str(), &rfc3339(copy.changed_at))?;
        Ok(copy)
    }

    async fn annul(&self, request: &Request, id: &str) -> Result<Reply, Problem> {
        let now = self.edge.clock.now();
        let caller = self.keys.caller(request, now, &self.records).await?;
        idempotent(&self.records, request, caller.id.as_str(), (&self.edge.chance, now), |_| async {
            let copy = self.own(request, id, &caller).await?;
            let body: Annul = request.json()?;
            let number = api::text("/decision_no", &body.decision_no, 100)?;
            let reason = api::prose("/reason", &body.reason, 2000)?;
            let annulment =
                Annulment { decision: AnnulmentDecision { number, date: date(&body.decision_date)? }, reason };
            let after = numbering::annul(&self.records, &copy.id, &caller.id, &annulment, now).await?;
            Ok(shown(&after))
        })
        .await
    }

    async fn void(&self, request: &Request, id: &str) -> Result<Reply, Problem> {
        let now = self.edge.clock.now();
        let caller = self.keys.caller(request, now, &self.records).await?;
        idempotent(&self.records, request, caller.id.as_str(), (&self.edge.chance, now), |_| async {
            let copy = self.own(request, id, &caller).await?;
            let body: Void = request.json()?;
            let reason = api::prose("/reason", &body.reason, 2000)?;
            let after = numbering::void(&self.records, &copy.id, &caller.id, &reason, now).await?;
            Ok(shown(&after))
        })
        .await
    }
}

/// A day, `2026-11-26`, and nothing beside it: a time would be dropped without a word.
fn date(text: &str) -> Result<Date, Problem> {
    let read = text.parse::<Date>().ok().filter(|date| date.to_string() == text);
    read.ok_or_else(|| Problem::invalid("/decision_date", "date"))
}

fn shown(copy: &Copy) -> Reply {
    Reply::json(200, &json!({"id": copy.id.as_str(), "status": copy.state.name()})).etag(copy.version)
}

impl Function for Register {
    fn edge(&self) -> &Edge {
        &self.edge
    }

    async fn http(&self, request: &Request) -> Result<Reply, Problem> {
        let (method, path) = request.route();
        match (method, path.as_slice()) {
            ("POST", ["v1", "copies", id, "annul"]) => self.annul(request, id).await,
            ("POST", ["v1", "copies", id, "void"]) => self.void(request, id).await,
            _ => Err(Problem::new("not-found")),
        }
    }
}
