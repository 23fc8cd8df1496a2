//! Who asks takes the work first: the minute's sweep, another delivery of the stream and a run that waits for a slow authority meet at one
//! item, and each of them would pay for a time-stamp of its own.

use domain::model::{Outbox, WaitsFor};
use domain::ports::{CommitError, Records, Write};
use jiff::{SignedDuration, Timestamp};

use super::Run;
use crate::support::{backoff, commit};
use crate::{Halt, Outcome};

/// So long whoever has taken an item is alone with it: as long as the first authority may take for its answer. A run that a power cut ended
/// holds its item no longer than that, so four of them still leave an archive made before its copy is delivered without one; a run that has
/// to go on to a third authority may meet the sweep, which costs a time-stamp and nothing else.
pub const LEASE: SignedDuration = SignedDuration::from_secs(150);
/// Tries to give an item back: what is lost with it is a lease, not the work.
const TRIES: usize = 3;

impl<R: Records, O, S, W, C> Run<'_, R, O, S, W, C> {
    /// Until when this run is alone with what it takes.
    pub(super) fn alone_until(&self) -> Timestamp {
        self.now.checked_add(LEASE).unwrap_or(self.now)
    }

    /// Leaves the item to the sweeper, and says for whose answer it waits. Whether that was written makes no difference to what is right.
    pub(super) async fn waits(&self, item: &Outbox, waits: WaitsFor) -> Result<Outcome, Halt> {
        let due_at = backoff(item, self.now);
        commit(self.records, vec![Write::OutboxWaits { id: item.id.clone(), due_at, waits }]).await;
        Ok(Outcome::Later(due_at))
    }

    /// Takes the item. `false`: somebody else did, or has done it. No answer is not "no": whoever cannot know goes on, for work that nobody
    /// does is worse than a second time-stamp.
    pub(super) async fn takes(&self, item: &Outbox) -> bool {
        let until = self.alone_until();
        let taken = Write::OutboxTaken { id: item.id.clone(), due_at: item.due_at, until };
        !matches!(self.records.commit(vec![taken]).await, Err(CommitError::Conflict))
    }
}

/// Gives back what a run that began at `now` had taken before it failed: it is tried again as if it had not been taken. What it had not
/// taken, or somebody else has taken since, stays.
pub async fn give_back(records: &impl Records, item: &Outbox, now: Timestamp) {
    let taken = now.checked_add(LEASE).unwrap_or(now);
    for _ in 0..TRIES {
        let later = Write::OutboxTaken { id: item.id.clone(), due_at: taken, until: backoff(item, now) };
        // Written, or nothing is there any more: both are the end of it.
        if !matches!(records.commit(vec![later]).await, Err(CommitError::Unknown(_))) {
            return;
        }
    }
}
