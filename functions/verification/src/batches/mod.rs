//! Many files at once (api.md §2.4, row 60): a batch is asked for, judged by and by, and read by whoever asked.
//!
//! Does not judge otherwise than one file is judged: each item has a report of its own, kept as any other
//! ([`crate::kept`]) and for as long as the batch. Knows no rule of progress; `casework::batch` has them.

mod archive;
mod ask;
mod judging;
mod shown;

use api::{Problem, Reply, Request, idempotent};
use casework::{batch, record, settled};
use domain::batch::{Batch, BatchItem, BatchState, MOST_ITEMS, Tally};
use domain::ids::{BatchId, CopyId, UserId};
use domain::model::{Outbox, PublicCopy, Topic};
use domain::ports::{Batches as _, CommitError, Fault, Records as _};
use domain::time::rfc3339;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use self::judging::Step;
use crate::Verification;
use crate::kept::REPORT_KEPT;

/// Seconds after which a client looks again: a step of a batch takes up to twelve.
const POLL: &str = "2";
/// Items of a page when nobody says how many, and the most (api.md §5.3).
const PAGE: (u32, u32) = (20, 100);
/// How long a cursor lives (api.md §5.3).
const CURSOR_KEPT: SignedDuration = SignedDuration::from_hours(24);
/// Batches that one sweep looks at.
const SWEEP: u32 = 50;
/// After so long a sweep begins no further batch: one step takes up to 24 s, and the function ends after 29 s.
const SWEEPING: SignedDuration = SignedDuration::from_secs(2);

impl Verification {
    /// Asks for a batch: 202, and where to look.
    ///
    /// # Errors
    /// What is wrong with the request or with its archive. A file of a list that cannot be judged is none: it becomes an item
    /// with its problem.
    pub(crate) async fn ask_batch(&self, request: &Request) -> Result<Reply, Problem> {
        let now = self.edge.clock.now();
        let caller = self.keys.subject(request, now)?;
        idempotent(&self.records, request, caller.as_str(), (&self.edge.chance, now), async |attempt| {
            let id = BatchId::new(attempt.born);
            let made = match attempt.made(self.records.batch(&id)).await? {
                Some(made) => made,
                None => self.begin_batch(request, id, &caller, now).await?,
            };
            let place = format!("/v1/verification-batches/{}", made.id);
            Ok(Reply::json(202, &shown::batch(&made))
                .etag(made.version)
                .header("location", &place)
                .header("retry-after", "1"))
        })
        .await
    }

    async fn begin_batch(
        &self,
        request: &Request,
        id: BatchId,
        caller: &UserId,
        now: Timestamp,
    ) -> Result<Batch, Problem> {
        let asked = ask::read(request)?;
        let total = match &asked.archive {
            Some(upload) => self.files_of(upload, caller).await?,
            None => asked.count(),
        };
        let until = now.saturating_add(REPORT_KEPT).unwrap_or(Timestamp::MAX);
        let batch = Batch {
            id,
            owner: caller.clone(),
            at: now,
            until,
            ended_at: None,
            total: u32::try_from(total).unwrap_or(u32::MAX),
            done: 0,
            tally: Tally::default(),
            expected: asked.expected,
            candidates: Vec::new(),
            untitled: 0,
            holder: None,
            crashes: 0,
            faults: 0,
            version: 1,
        };
        match self.records.commit(batch::asked(batch.clone(), asked.source, &self.edge.chance)).await {
            Ok(()) => Ok(batch),
            Err(CommitError::Conflict) => Err(Fault(format!("{} is there already", batch.id)).into()),
            Err(CommitError::Unknown(fault)) => Err(fault.into()),
        }
    }

    /// How far a batch is. `If-None-Match` with its entity tag is answered by 304.
    ///
    /// # Errors
    /// As [`Verification::own_batch`].
    pub(crate) async fn batch(&self, request: &Request, id: &str) -> Result<Reply, Problem> {
        let batch = self.own_batch(request, id).await?;
        let etag = format!("\"{}\"", batch.version);
        let reply = match request.has(&etag) {
            true => Reply::not_modified(&etag, "private, no-cache"),
            false => Reply::json(200, &shown::batch(&batch)).header("etag", &etag),
        };
        Ok(if batch.state() == BatchState::Done { reply } else { reply.header("retry-after", POLL) })
    }

    /// A page of the items that have their answer, in the order of the files.
    ///
    /// # Errors
    /// As [`Verification::own_batch`]; `validation-failed` for a parameter, by name; `cursor-expired`.
    pub(crate) async fn batch_items(&self, request: &Request, id: &str) -> Result<Reply, Problem> {
        let now = self.edge.clock.now();
        let (limit, list) = (limit(request)?, format!("batch {id}"));
        let place = request.query.get("after").map(|cursor| self.secret.place(&list, cursor, now)).transpose()?;
        let from = place.map_or(Ok(0), |place| place.parse::<u32>());
        let from = from.map_err(|_| Problem::new("validation-failed").query("after", "cursor"))?;
        let batch = self.own_batch(request, id).await?;
        let items = self.records.batch_items(&batch.id, from, limit.min(batch.done.saturating_sub(from))).await?;
        let end = from.saturating_add(limit);
        let next = (end < batch.done).then(|| {
            let until = now.saturating_add(CURSOR_KEPT).unwrap_or(Timestamp::MAX);
            let cursor = self.secret.cursor(&list, &end.to_string(), until);
            format!("{}/v1/verification-batches/{id}/items?limit={limit}&after={cursor}", self.public_url)
        });
        let data: Vec<Value> = items.iter().map(shown::item).collect();
        let shown = json!({
            "data": data, "has_more": next.is_some(), "next": next, "as_of": rfc3339(now),
            "state": batch.state().name(), "total": batch.total, "done": batch.done,
        });
        let reply = Reply::json(200, &shown);
        Ok(match next {
            Some(next) => reply.header("link", &format!("<{next}>; rel=\"next\"")),
            None => reply,
        })
    }

    /// The record of the whole batch, as a PDF that the service signs (decision 0012): what was found then, and which of the copies
    /// was annulled since.
    ///
    /// # Errors
    /// As [`Verification::own_batch`]; `wrong-state` before the last file has its answer; `service-unavailable` when it cannot be
    /// signed.
    pub(crate) async fn batch_record(&self, request: &Request, id: &str) -> Result<Reply, Problem> {
        let batch = self.own_batch(request, id).await?;
        let Some(ended) = batch.ended_at else {
            let allowed = [BatchState::Done.name()];
            return Err(Problem::new("wrong-state")
                .with("state", batch.state().name())
                .with("allowed", json!(allowed)));
        };
        let items = self.records.batch_items(&batch.id, 0, batch.total).await?;
        let annulled = self.annulled_of(&items).await?;
        let at = annulled.iter().filter_map(|copy| copy.annulled_at).fold(ended, Timestamp::max);
        let now = self.edge.clock.now();
        let signer = record::Signer::load(&self.objects, &self.signer, now).await?;
        let pdf = record::signed(&self.key, &signer, &shown::report(&batch, &items, &annulled), at).await?;
        let name = "inline; filename=\"bien-ban-kiem-tra-lo.pdf\"";
        Ok(Reply::bytes(200, "application/pdf", pdf).header("content-disposition", name))
    }

    /// Those of the copies that are annulled today.
    async fn annulled_of(&self, items: &[BatchItem]) -> Result<Vec<PublicCopy>, Fault> {
        let copies: Vec<CopyId> = items.iter().filter_map(|item| item.copy.clone()).collect();
        let known = self.records.public_copies(&copies).await?;
        Ok(known.into_iter().filter(|copy| copy.annulled_at.is_some()).collect())
    }

    /// The caller's own batch. Somebody else's is not there (decision 37).
    ///
    /// # Errors
    /// `unauthenticated`, `not-found`, `report-expired`.
    async fn own_batch(&self, request: &Request, id: &str) -> Result<Batch, Problem> {
        let now = self.edge.clock.now();
        let caller = self.keys.subject(request, now)?;
        let id = request.id(id, BatchId::parse)?;
        let batch = self.records.batch(&id).await?.filter(|batch| batch.owner == caller);
        let batch = batch.ok_or_else(|| Problem::new("not-found"))?;
        if batch.until <= now { Err(Problem::new("report-expired")) } else { Ok(batch) }
    }

    /// Judges the next files of a batch.
    ///
    /// # Errors
    /// What makes the stream deliver the item again.
    pub(crate) async fn judge_batch(&self, item: &Outbox) -> Result<(), Fault> {
        let step = Step::begin(self).await;
        let clock = || self.edge.clock.now();
        settled(batch::step(&self.records, &step, &self.edge.chance, clock, item).await)
    }

    /// Goes on with batches that the stream lost.
    ///
    /// # Errors
    /// A failure of the table.
    pub(crate) async fn sweep_batches(&self) -> Result<(), Fault> {
        let begun = self.edge.clock.now();
        let until = begun.saturating_add(SWEEPING).unwrap_or(Timestamp::MAX);
        for item in self.records.due(Topic::JudgeBatch, begun, SWEEP).await? {
            if self.edge.clock.now() > until {
                break;
            }
            if let Err(fault) = self.judge_batch(&item).await {
                tracing::warn!(subject = item.subject, %fault, "a batch was not judged; the next sweep tries again");
            }
        }
        Ok(())
    }
}

fn limit(request: &Request) -> Result<u32, Problem> {
    let (usual, most) = PAGE;
    let Some(text) = request.query.get("limit") else { return Ok(usual) };
    let limit = text.parse().ok().filter(|limit| (1..=most).contains(limit));
    limit.ok_or_else(|| Problem::new("validation-failed").query("limit", "1_to_100"))
}

/// The most items fit into numbers of the table's keys and of a page.
const _: () = assert!(MOST_ITEMS <= 99_999);
