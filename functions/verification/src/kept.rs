//! What is kept of a verification: the report for whoever asked for it, the verdict about a file of ours, the wish to be told.
//!
//! Nothing is kept unasked of a visitor (pages.md §3.2). A report is read by its owner, or by whoever has its identifier when
//! it has no owner. Everything goes away by itself.

use api::{Problem, Reply, Request};
use casework::record::{self, Signer};
use domain::ids::VerificationId;
use domain::model::{KeptReport, KeptVerdict, PublicCopy, Sha256, Watch, Watcher};
use domain::ports::{Chance as _, Records as _};
use domain::time::rfc3339;
use jiff::{SignedDuration, Timestamp};
use pades::{Profile, Report, Verdict};
use serde_json::{Value, json};

use crate::ways::Asked;
use crate::{Found, Verification, decided, page, with_missing};

/// How long a report is kept.
pub(crate) const REPORT_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How long somebody is told of an annulment.
const WATCH_KEPT: SignedDuration = SignedDuration::from_hours(2 * 365 * 24);

impl Verification {
    /// Keeps what was asked to be kept and says so in the answer.
    ///
    /// # Errors
    /// A failure of the table.
    pub(crate) async fn keep(&self, asked: &Asked, found: &Found, now: Timestamp) -> Result<Value, Problem> {
        let id = VerificationId::new(self.edge.chance.bytes16());
        let mut shown = told(found, asked.profile, asked.at);
        let watched = self.watched(asked, found, &id, now).await?;
        if watched {
            shown["aftercare"] = json!(true);
        }
        if !asked.retain {
            return Ok(shown);
        }
        shown["id"] = json!(id.as_str());
        let report = shown.to_string();
        if report.len() > store::REPORT_LIMIT {
            return Err(Problem::new("pdf-too-complex"));
        }
        let until = now.saturating_add(REPORT_KEPT).unwrap_or(Timestamp::MAX);
        let copy = found.copy.as_ref().map(|copy| copy.copy.clone());
        self.records.keep_report(&KeptReport { id, owner: asked.caller.clone(), copy, at: now, until, report }).await?;
        Ok(shown)
    }

    /// Notes who is to be told: a client unless it declines, a visitor when there is an address.
    async fn watched(
        &self,
        asked: &Asked,
        found: &Found,
        id: &VerificationId,
        now: Timestamp,
    ) -> Result<bool, Problem> {
        let Some(copy) = found.copy.as_ref().filter(|copy| copy.annulled_at.is_none()) else { return Ok(false) };
        let client = asked.caller.clone().filter(|_| !asked.forget).map(Watcher::User);
        let who: Vec<Watcher> = client.into_iter().chain(asked.notify.clone().map(Watcher::Email)).collect();
        let until = now.saturating_add(WATCH_KEPT).unwrap_or(Timestamp::MAX);
        for who in &who {
            let (copy, verification) = (copy.copy.clone(), id.clone());
            self.records.watch(&Watch { copy, verification, who: who.clone(), at: now, until }).await?;
        }
        Ok(!who.is_empty())
    }

    /// A report that was kept, with what the register says today; the record of it with `Accept: application/pdf`.
    ///
    /// # Errors
    /// `not-found` also for somebody else's, `report-expired`.
    pub(crate) async fn kept(&self, request: &Request, id: &str) -> Result<Reply, Problem> {
        if page::is_record_wanted(request) {
            return self.record(request, id).await;
        }
        let now = self.edge.clock.now();
        let (kept, public) = self.recalled(request, id, now).await?;
        let mut shown = parsed(&kept)?;
        if let Some(public) = &public {
            shown["register"] = standing(public, now);
        }
        if page::is_wanted(request) {
            let report: Report = serde_json::from_value(shown).map_err(|_| Problem::new("internal"))?;
            return Ok(page::html(200, web::judged(page::look(request, self.sandbox), &report)));
        }
        Ok(Reply::json(200, &shown))
    }

    /// The record of a report that was kept, as a PDF that the service signs. It is made anew each time and comes out the same
    /// (decision 0012): it says what was found then, and besides only whether the copy was annulled.
    ///
    /// # Errors
    /// As [`Verification::kept`]; `record-not-signed` for a question that was not the service's own; `service-unavailable` when it
    /// cannot be signed, for an unsigned one could be taken for it.
    pub(crate) async fn record(&self, request: &Request, id: &str) -> Result<Reply, Problem> {
        let now = self.edge.clock.now();
        let (kept, public) = self.recalled(request, id, now).await?;
        self.signed(parsed(&kept)?, kept.at, public.as_ref(), now).await
    }

    /// The record of a report of `at`, with what the register says of the copy that it is about.
    ///
    /// # Errors
    /// As [`Verification::record`] once the report is found.
    pub(crate) async fn signed(
        &self,
        mut shown: Value,
        mut at: Timestamp,
        public: Option<&PublicCopy>,
        now: Timestamp,
    ) -> Result<Reply, Problem> {
        if !is_own_question(&shown["policy"]) {
            return Err(Problem::new("record-not-signed"));
        }
        if let Some((annulled, public)) = public.and_then(|public| Some((public.annulled_at?, public))) {
            shown["register"] = withdrawn(public, annulled);
            at = at.max(annulled);
        }
        let signer = Signer::load(&self.objects, &self.signer, now).await?;
        if signer.is_overdue(now) {
            api::alarm("report-signer-lists-overdue", "put newer CRLs beside the chain of the report signer");
        }
        let pdf = record::signed(&self.key, &signer, &shown, at).await?;
        let name = "inline; filename=\"bien-ban-kiem-tra.pdf\"";
        let reply = Reply::bytes(200, "application/pdf", pdf).header("content-disposition", name);
        Ok(match shown["id"].as_str() {
            Some(id) => reply.header("content-location", &format!("/v1/verifications/{id}/report.pdf")),
            None => reply,
        })
    }

    /// A report of the caller's or of nobody's, and the copy of ours that it is about.
    async fn recalled(
        &self,
        request: &Request,
        id: &str,
        now: Timestamp,
    ) -> Result<(KeptReport, Option<PublicCopy>), Problem> {
        let id = request.id(id, VerificationId::parse)?;
        let kept = self.records.kept_report(&id).await?.ok_or_else(|| Problem::new("not-found"))?;
        if let Some(owner) = &kept.owner
            && self.keys.subject(request, now)? != *owner
        {
            return Err(Problem::new("not-found"));
        }
        if kept.until <= now {
            return Err(Problem::new("report-expired"));
        }
        let public = match &kept.copy {
            Some(copy) => self.records.public_copy(copy).await?,
            None => None,
        };
        Ok((kept, public))
    }

    /// The report about a file of ours, when it was judged within the last day under the trust list in use.
    pub(crate) async fn known(
        &self,
        sha256: &Sha256,
        trust_list: u64,
        now: Timestamp,
    ) -> Result<Option<Report>, Problem> {
        let kept = self.records.kept_verdict(sha256, now).await?.filter(|kept| kept.trust_list == trust_list);
        Ok(kept.and_then(|kept| serde_json::from_str(&kept.report).ok()))
    }

    /// Keeps a good verdict about a file of ours. What is not valid may become so when more is known, and is judged again.
    ///
    /// # Errors
    /// A failure of the table.
    pub(crate) async fn learn(&self, sha256: Sha256, found: &Found, now: Timestamp) -> Result<(), Problem> {
        let report = found.report.to_json().to_string();
        if found.report.verdict == Verdict::Valid && report.len() <= store::REPORT_LIMIT {
            self.records.keep_verdict(&KeptVerdict { sha256, trust_list: found.trust_list, at: now, report }).await?;
        }
        Ok(())
    }
}

/// A report as it is told: with where it comes from, and by what the file was judged.
pub(crate) fn told(found: &Found, profile: Profile, at: Option<Timestamp>) -> Value {
    let mut shown = with_missing(&found.report, &found.lacks);
    shown["source"] = json!(if found.kept { "register" } else { "file" });
    shown["policy"] = json!({"trust_list": found.trust_list, "profile": profile.name(), "at": at.map(rfc3339)});
    shown
}

/// Whether the file was judged as it is when nobody wishes anything: now, and as what it says that it is. Under the rules of any
/// signed PDF the register is not asked, and at a time of the asker's choice much was valid: the service signs no such answer.
fn is_own_question(policy: &Value) -> bool {
    policy["profile"] == Profile::Auto.name() && policy["at"].is_null()
}

fn parsed(kept: &KeptReport) -> Result<Value, Problem> {
    serde_json::from_str(&kept.report).map_err(|_| Problem::new("internal"))
}

fn standing(public: &PublicCopy, now: Timestamp) -> Value {
    let mut standing = match public.annulled_at {
        None => json!({"status": "active"}),
        Some(at) => withdrawn(public, at),
    };
    standing["as_of"] = json!(rfc3339(now));
    standing
}

/// An annulled copy: when the register was told, and by which decision where it was kept.
fn withdrawn(public: &PublicCopy, at: Timestamp) -> Value {
    decided(json!({"status": "annulled", "annulled_at": rfc3339(at)}), public.annulled_by.as_ref())
}
