//! Judges the files of a batch one after the other (api.md §2.4, row 60; subject: the batch).
//!
//! Does not judge itself ([`Judging`] does) and does not answer requests. Each answer is one transaction with the report, the item
//! and the step of the batch: what was seen is never seen differently, and whoever comes after a crash goes on at the first file
//! without an answer. A batch has one holder at a time, so that two runs do not judge the same file; where that fails (a run that
//! lives longer than it may), the version of the batch decides, and the later answer is thrown away.

use domain::batch::*;
use domain::ids::*;
use domain::model::*;
use domain::ports::*;
use jiff::{SignedDuration, Timestamp};

use crate::support::{Commit, ROUNDS, commit, contention, finished, later, outbox};
use crate::{Halt, Outcome};

/// After so long a run begins no further file and hands the batch on. A file may take as long again
/// ([`Judging`] sees to that), and the function ends after 29 s.
pub const STEP: SignedDuration = SignedDuration::from_secs(12);
/// How long whoever verified a copy is told of its annulment.
const WATCH_KEPT: SignedDuration = SignedDuration::from_hours(2 * 365 * 24);

/// What came of one file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Judged {
    /// What the file is called.
    pub name: String,
    /// The answer; `None` when there was no file to judge.
    pub answer: Option<Answer>,
    /// What the file is.
    pub kind: Option<String>,
    /// Its digest.
    pub sha256: Option<Sha256>,
    /// Why it could not be judged.
    pub problem: Option<String>,
    /// The report, as JSON with the identifier that was given.
    pub report: Option<String>,
    /// The copy of ours that it is.
    pub copy: Option<CopyId>,
    /// Whether that copy was annulled.
    pub annulled: bool,
    /// The number that it carries.
    pub number_text: Option<String>,
    /// What the register calls it.
    pub paper: Option<Paper>,
}

impl Judged {
    /// A file of which there is nothing to say but why.
    pub fn unjudged(name: String, problem: &str) -> Self {
        Self {
            name,
            answer: None,
            kind: None,
            sha256: None,
            problem: Some(problem.to_owned()),
            report: None,
            copy: None,
            annulled: false,
            number_text: None,
            paper: None,
        }
    }
}

/// What judges a file of a batch.
pub trait Judging: Send + Sync {
    /// The answer about the present file of a batch (number `batch.done`); the report gets this identifier. A fault is no answer:
    /// the same file is asked about again. It is for the adapter to write it into the log.
    fn judge(
        &self,
        batch: &Batch,
        plan: &BatchPlan,
        report: &VerificationId,
    ) -> impl Future<Output = Result<Judged, Fault>> + Send;
    /// What the present file is called, as far as that is known without it.
    fn name(&self, batch: &Batch, plan: &BatchPlan) -> String;
}

/// The ports of a run.
struct Run<'a, R, J, C, T> {
    records: &'a R,
    judging: &'a J,
    chance: &'a C,
    clock: T,
    item: &'a Outbox,
    /// Who this is.
    me: [u8; 16],
    until: Timestamp,
}

/// What is written when a batch is asked for.
pub fn asked(batch: Batch, source: BatchSource, chance: &impl Chance) -> Vec<Write> {
    let plan = BatchPlan { batch: batch.id.clone(), source, until: batch.until };
    let work = outbox(chance, Topic::JudgeBatch, batch.id.as_str(), batch.at);
    vec![Write::Batch(batch), Write::BatchPlan(plan), work]
}

/// Judges the next files: as many as [`STEP`] allows; one is tried in any case.
///
/// # Errors
/// Faults of the table; the item then stays due.
pub async fn step(
    records: &(impl Records + Batches),
    judging: &impl Judging,
    chance: &impl Chance,
    clock: impl Fn() -> Timestamp + Send + Sync,
    item: &Outbox,
) -> Result<Outcome, Halt> {
    let Ok(id) = BatchId::parse(&item.subject) else { return finished(records, item, clock()).await };
    let until = clock().saturating_add(STEP).unwrap_or(Timestamp::MAX);
    let run = Run { records, judging, chance, clock, item, me: chance.bytes16(), until };
    for _ in 0..ROUNDS {
        let Some(batch) = run.open(&id).await? else {
            return finished(records, item, (run.clock)()).await;
        };
        let now = (run.clock)();
        if let Some(holder) = batch.holder.as_ref().filter(|_| batch.is_held(&run.me, now)) {
            return Ok(Outcome::Later(holder.until));
        }
        let taken = batch.taken(run.me, now);
        if commit(records, vec![Write::Batch(taken.clone())]).await == Commit::Written {
            return run.work(taken).await;
        }
    }
    Err(contention())
}

impl<R: Records + Batches, J: Judging, C: Chance, T: Fn() -> Timestamp + Send + Sync> Run<'_, R, J, C, T> {
    /// The batch, while there is something to do in it.
    async fn open(&self, id: &BatchId) -> Result<Option<Batch>, Fault> {
        let now = (self.clock)();
        let batch = self.records.batch(id).await?;
        Ok(batch.filter(|batch| batch.state() != BatchState::Done && batch.until > now))
    }

    async fn work(&self, mut batch: Batch) -> Result<Outcome, Halt> {
        let Ok(Some(plan)) = self.records.batch_plan(&batch.id).await else { return self.give_back(&batch).await };
        let mut tried = false;
        while batch.state() != BatchState::Done {
            if std::mem::replace(&mut tried, true) && (self.clock)() > self.until {
                return self.hand_on(&batch).await;
            }
            let report = VerificationId::new(self.chance.bytes16());
            let Ok(judged) = self.judged(&batch, &plan, &report).await else { return self.give_back(&batch).await };
            let Some(after) = self.keep(&batch, judged, report).await? else {
                return Ok(Outcome::Done);
            };
            batch = after;
        }
        Ok(Outcome::Done)
    }

    /// The answer about the present file, or that it is given up.
    async fn judged(&self, batch: &Batch, plan: &BatchPlan, report: &VerificationId) -> Result<Judged, Fault> {
        match batch.given_up() {
            Some(why) => Ok(Judged::unjudged(self.judging.name(batch, plan), why)),
            None => self.judging.judge(batch, plan, report).await,
        }
    }

    /// Keeps an answer. `None`: somebody else goes on with the batch, or has ended it.
    async fn keep(&self, batch: &Batch, judged: Judged, report: VerificationId) -> Result<Option<Batch>, Halt> {
        let now = (self.clock)();
        let (item, mut writes) = found(batch, judged, report, now);
        let after = batch.with(&item);
        writes.extend([Write::BatchItem(item), Write::Batch(after.clone())]);
        if after.state() == BatchState::Done {
            writes.push(Write::OutboxDone(self.item.id.clone()));
        }
        if commit(self.records, writes).await == Commit::Written {
            return Ok(Some(after));
        }
        let there = self.open(&batch.id).await?;
        Ok(there.filter(|there| there.holder.as_ref().is_some_and(|holder| holder.run == self.me)))
    }

    /// Lets the next event go on, so that other batches have their turn.
    async fn hand_on(&self, batch: &Batch) -> Result<Outcome, Halt> {
        let now = (self.clock)();
        let next = outbox(self.chance, Topic::JudgeBatch, batch.id.as_str(), now);
        let writes = vec![Write::Batch(batch.given_back(false)), Write::OutboxDone(self.item.id.clone()), next];
        // Where nobody knows whether it was written, one of the two items of work is there, and the sweep finds it.
        commit(self.records, writes).await;
        Ok(Outcome::Done)
    }

    /// No answer about the present file now. The sweep asks again, and waits longer each time: were this a fault, the stream would
    /// ask again at once, and a file would be given up within seconds.
    async fn give_back(&self, batch: &Batch) -> Result<Outcome, Halt> {
        commit(self.records, vec![Write::Batch(batch.given_back(true))]).await;
        later(self.records, self.item, (self.clock)()).await
    }
}

/// The item of a file, and what is written beside it: the report, and that the owner is told when the copy is annulled.
fn found(batch: &Batch, judged: Judged, report: VerificationId, at: Timestamp) -> (BatchItem, Vec<Write>) {
    let mut writes = Vec::new();
    let verification = judged.report.as_ref().map(|_| report.clone());
    if let Some(text) = judged.report {
        let (owner, copy) = (Some(batch.owner.clone()), judged.copy.clone());
        writes.push(Write::KeptReport(KeptReport {
            id: report.clone(),
            owner,
            copy,
            at,
            until: batch.until,
            report: text,
        }));
        if let Some(copy) = judged.copy.clone().filter(|_| !judged.annulled) {
            let until = at.saturating_add(WATCH_KEPT).unwrap_or(Timestamp::MAX);
            let who = Watcher::User(batch.owner.clone());
            writes.push(Write::Watch(Watch { copy, verification: report, who, at, until }));
        }
    }
    let item = BatchItem {
        batch: batch.id.clone(),
        n: batch.done,
        name: judged.name,
        answer: judged.answer,
        kind: judged.kind,
        sha256: judged.sha256,
        problem: judged.problem,
        verification,
        copy: judged.copy,
        number_text: judged.number_text,
        paper: judged.paper,
        at,
        until: batch.until,
    };
    (item, writes)
}
