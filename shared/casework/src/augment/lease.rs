//! Who asks takes the work first: the minute's sweep, another delivery of the stream and a run that waits for a slow authority meet at one
//! item, and each of them would pay for a time-stamp of its own.

use domain::model::{Learned, Outbox, PutOff, WaitsFor};
use domain::ports::{CommitError, Records, Write};
use jiff::{SignedDuration, Timestamp};

use super::Run;
use crate::support::{backoff, commit, leave_waiting};
use crate::{Halt, Outcome};

/// So long whoever has taken an item is alone with it. It holds a whole run: evidence, as many silent authorities as may be configured, one
/// after the other, and what is done with the answer. A run that a power cut ended holds its item no longer than that, so three of them still
/// leave an archive made before its copy is delivered without one.
pub const LEASE: SignedDuration = SignedDuration::from_secs(250);
/// So long after its beginning a run may wait for anybody outside; whoever makes its services bounds them by this. What is left of [`LEASE`] is
/// for its own work, so that nobody is asked about a file by two runs at once.
pub const ASKING: SignedDuration = SignedDuration::from_secs(195);
/// Tries to give an item back: what is lost with it is a lease, not the work.
const TRIES: usize = 3;

impl<R: Records, O, S, W, C> Run<'_, R, O, S, W, C> {
    /// Until when this run is alone with what it takes.
    pub(super) fn alone_until(&self) -> Timestamp {
        self.now.checked_add(LEASE).unwrap_or(self.now)
    }

    /// Leaves the item to the sweeper, and says for whose answer it waits.
    pub(super) async fn waits(&self, item: &Outbox, waits: WaitsFor) -> Result<Outcome, Halt> {
        leave_waiting(self.records, item, waits, self.now).await
    }

    /// Leaves the item to the sweeper with what this run has paid for. When that is lost, it is paid for again.
    pub(super) async fn learns(&self, item: &Outbox, learned: Learned) -> Result<Outcome, Halt> {
        let due_at = backoff(item, self.now);
        commit(self.records, vec![Write::OutboxLearned { id: item.id.clone(), due_at, learned }]).await;
        Ok(Outcome::Later(due_at))
    }

    /// Takes the item. `false`: somebody else did, or has done it. No answer is not "no": whoever cannot know goes on, for work that nobody
    /// does is worse than a second time-stamp.
    pub(super) async fn takes(&self, item: &Outbox) -> bool {
        let until = self.alone_until();
        let taken = Write::OutboxTaken { id: item.id.clone(), due_at: item.due_at, until, waits: None };
        !matches!(self.records.commit(vec![taken]).await, Err(CommitError::Conflict))
    }
}

/// Gives back what a run that began at `now` had taken before it failed: it is tried again as if it had not been taken, and whoever looks is told
/// that it is not somebody else's answer that is missing. What it had not taken, or somebody else has taken since, stays.
pub async fn give_back(records: &impl Records, item: &Outbox, now: Timestamp) {
    let taken = now.checked_add(LEASE).unwrap_or(now);
    for _ in 0..TRIES {
        let (id, until, waits) = (item.id.clone(), backoff(item, now), Some(WaitsFor::Repair));
        let later = Write::OutboxTaken { id, due_at: taken, until, waits };
        // Written, or nothing is there any more: both are the end of it.
        if !matches!(
            records.commit(vec![later, Write::PutOff(PutOff::of(item, now))]).await,
            Err(CommitError::Unknown(_))
        ) {
            return;
        }
    }
}
