//! The next document time-stamp of an archived copy, before the last one ends (ETSI EN 319 142-1 §5.5): evidence for the last one into
//! `/DSS`, then a further one over everything.
//!
//! The signers are not asked about again: what was said of them lies in the file, under the time-stamps before. An annulled copy is
//! not renewed, for nothing is proven with it any more but its annulment, which stands in the register.
//!
//! Years later the authority has another X.509 certificate, and a verifier believes the new time-stamp only when the file says that this one
//! is not revoked. Who stamps now is learned from a time-stamp that cannot be used yet: the order remembers its chain, and the next run brings
//! the evidence. No run asks for more than one.

use domain::copy::CopyState;
use domain::decide::{Command, decide};
use domain::model::*;
use domain::paths;
use domain::ports::*;
use domain::renewal;
use jiff::Timestamp;
use pades::{Chain, VerifiedArchive};

use super::archive::{NotYet, Stamping};
use super::{Run, subject};
use crate::support::{Commit, ROUNDS, commit, contention, finished, held, writes};
use crate::{Halt, Outcome, Workshop};

/// Renews an archived copy (subject: the copy) when its time has come: the further file, its public digest, the order for the next time,
/// together. The files before stay. While no authority gives a time-stamp that lasts longer than the last one, no file is made and it
/// is tried again.
///
/// # Errors
/// Faults of table and bucket, an archive that does not verify; the item then stays due.
pub async fn renew(
    records: &impl Records,
    objects: &impl Objects,
    services: &impl TrustServices,
    workshop: &impl Workshop,
    chance: &impl Chance,
    item: &Outbox,
    now: Timestamp,
) -> Result<Outcome, Halt> {
    let run = Run { records, objects, services, workshop, chance, now };
    if item.due_at > now {
        return Ok(Outcome::Later(item.due_at));
    }
    for round in 0..ROUNDS {
        let Some(copy) = subject(records, item).await? else { return finished(records, item, now).await };
        let CopyState::Sealed { number, sealed_at: since, archived: Some(archived), renewals, .. } = &copy.state else {
            return finished(records, item, now).await;
        };
        // An order is as old as the file that it renews; one from before has been carried out.
        if item.at < copy.changed_at {
            return finished(records, item, now).await;
        }
        let Some(next) = renewals.checked_add(1).filter(|next| *next <= renewal::MOST) else {
            return run.put_off(item, i64::MAX).await;
        };
        if round == 0 && !run.takes(item).await {
            return Ok(Outcome::Later(run.alone_until()));
        }
        let held = held(objects, archived).await?;
        let chains = pades::evidence_wanted(&held).map_err(|error| Fault(format!("an archived file: {error}")))?;
        let wanted = last_stamp(&chains);
        let path = paths::renewed(&copy.unit, number, next);
        let learned = &item.learned;
        let (base, since) = (archived, *since);
        let mut job = Stamping { path, base, since, held: &held, chains: &chains, wanted, learned, beyond: None };
        let until = run.proves_itself(&job, &held);
        let until = until.map_err(|rejection| Fault(format!("an archive that cannot be renewed: {rejection}")))?;
        job.beyond = Some(until);
        let (verified, renewed) = match run.stamped(job).await? {
            Ok(made) => made,
            Err(NotYet::Waits(_)) => return run.put_off(item, until).await,
            Err(NotYet::Learned(learned)) => return run.learns(item, learned).await,
        };
        let all = run.recorded_renewal(&copy, &verified, renewed, item).await?;
        if commit(records, all).await == Commit::Written {
            return Ok(Outcome::Done);
        }
    }
    Err(contention())
}

/// The chain of the last document time-stamp: revisions come in their order, and nothing is behind it.
fn last_stamp(chains: &[Chain]) -> &[Chain] {
    chains.split_last_chunk::<1>().map_or(&[], |(_, last)| last)
}

impl<R: Records, O: Objects, S: TrustServices, W: Workshop, C: Chance> Run<'_, R, O, S, W, C> {
    /// Whether the new time was written makes no difference to what is right, only to when.
    async fn put_off(&self, item: &Outbox, until: i64) -> Result<Outcome, Halt> {
        let due_at = renewal::again(self.now, until);
        commit(self.records, vec![Write::OutboxLater(item.id.clone(), due_at)]).await;
        Ok(Outcome::Later(due_at))
    }

    async fn recorded_renewal(
        &self,
        copy: &Copy,
        verified: &VerifiedArchive,
        renewed: Stored,
        item: &Outbox,
    ) -> Result<Vec<Write>, Halt> {
        let public = self.records.public_copy(&copy.id).await?;
        let mut public = public.ok_or_else(|| Fault(format!("{} has no public facts", copy.id)))?;
        public.digests.push(renewed.sha256);
        public.version += 1;
        let next = self.renewal(&copy.id, renewal::due(self.now, verified.until()));
        let command = Command::RecordRenewal { verified, renewed };
        let decision = decide(copy, command, &copy.changed_by, self.now)?;
        let [changed, event] = writes(decision);
        Ok(vec![Write::PublicCopy(public), next, Write::OutboxDone(item.id.clone()), changed, event])
    }
}
