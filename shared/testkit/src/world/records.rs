//! The table as a port.

use domain::batch::{Batch, BatchItem, BatchPlan};
use domain::breaker::Breaker;
use domain::copy::CopyState;
use domain::ids::*;
use domain::inquiry::Inquiry;
use domain::model::*;
use domain::pause::Unwanted;
use domain::ports::*;
use jiff::Timestamp;

use super::table::{Refused, items_of};
use super::{Inner, Silence, Table, World, silence};

/// A running request older than this is taken over, in seconds.
const RUNNING_AT_MOST: i64 = 60;

impl From<Silence> for CommitError {
    fn from(Silence(name): Silence) -> Self {
        CommitError::Unknown(silence(name))
    }
}

impl Inner {
    fn commit(&mut self, writes: Vec<Write>) -> Result<(), CommitError> {
        let items = items_of(&writes);
        match self.table.commit(writes) {
            Ok(()) => {
                self.committed.push(items);
                Ok(())
            }
            Err(Refused::Conflict) => Err(CommitError::Conflict),
            Err(Refused::Malformed(what)) => {
                self.complaints.push(what.clone());
                Err(CommitError::Unknown(Fault(what)))
            }
        }
    }

    /// What the index lists: keys as they were when it last followed, and the items as they are.
    fn listed<'a, T: 'a>(
        &'a self,
        keys: impl Fn(&'a Table) -> Vec<&'a T>,
        now: impl Fn(&'a T) -> Option<&'a T>,
    ) -> impl Iterator<Item = &'a T> {
        keys(self.index.as_ref().unwrap_or(&self.table)).into_iter().filter_map(now)
    }
}

impl World {
    /// Stores what must be there before a test begins: no pause, no fate.
    ///
    /// # Panics
    /// When a condition fails.
    pub fn seed(&self, writes: Vec<Write>) {
        let mut table = self.lock();
        let writes = writes.into_iter().map(|write| table.table.following(write)).collect();
        let done = table.commit(writes);
        assert_eq!(done, Ok(()), "a seed must fit");
    }
}

fn cut<T>(mut list: Vec<T>, limit: u32) -> Vec<T> {
    list.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    list
}

/// The queue in which a copy waits: those three are drawn on the console, the rest waits for machines.
fn queue_of(state: &CopyState) -> Option<Queue> {
    match state {
        CopyState::Draft => Some(Queue::Create),
        CopyState::Submitted { .. } => Some(Queue::Sign),
        CopyState::Signed { .. } => Some(Queue::Seal),
        _ => None,
    }
}

impl Records for World {
    async fn commit(&self, writes: Vec<Write>) -> Result<(), CommitError> {
        self.act("commit", |w| w.commit(writes)).await
    }

    async fn unit(&self, id: &UnitId) -> Result<Option<Unit>, Fault> {
        self.ask_standing("unit", |w| w.table.units.get(id).cloned()).await
    }

    async fn units(&self) -> Result<Vec<Unit>, Fault> {
        self.ask_standing("units", |w| w.table.units.values().cloned().collect()).await
    }

    async fn user(&self, id: &UserId) -> Result<Option<User>, Fault> {
        self.ask_standing("user", |w| w.table.users.get(id).cloned()).await
    }

    async fn appointment(&self, id: &AppointmentId) -> Result<Option<Appointment>, Fault> {
        self.ask("appointment", |w| w.table.appointments.get(id).cloned()).await
    }

    async fn slot(&self, unit: &UnitId, start: Timestamp) -> Result<Option<Slot>, Fault> {
        self.ask("slot", |w| w.table.slots.get(&(unit.clone(), start)).cloned()).await
    }

    async fn slots(&self, unit: &UnitId, from: Timestamp, to: Timestamp) -> Result<Vec<Slot>, Fault> {
        let inside = |slot: &&Slot| slot.unit == *unit && slot.start >= from && slot.start < to;
        self.ask("slots", |w| w.table.slots.values().filter(inside).cloned().collect()).await
    }

    async fn upload(&self, id: &UploadId) -> Result<Option<Upload>, Fault> {
        self.ask_standing("upload", |w| w.table.uploads.get(id).cloned()).await
    }

    async fn case(&self, id: &CaseId) -> Result<Option<Case>, Fault> {
        self.ask("case", |w| w.table.cases.get(id).cloned()).await
    }

    async fn copy(&self, id: &CopyId) -> Result<Option<Copy>, Fault> {
        self.ask("copy", |w| w.table.copies.get(id).cloned()).await
    }

    async fn session(&self, id: &SessionId) -> Result<Option<Session>, Fault> {
        self.ask("session", |w| w.table.sessions.get(id).cloned()).await
    }

    async fn prompt(&self, user: &UserId) -> Result<Option<Prompt>, Fault> {
        self.ask("prompt", |w| w.table.prompts.get(user).cloned()).await
    }

    async fn breaker(&self, gateway: &str) -> Result<Option<Breaker>, Fault> {
        self.ask("breaker", |w| w.table.breakers.get(gateway).cloned()).await
    }

    async fn unwanted(&self, user: &UserId) -> Result<Option<Unwanted>, Fault> {
        self.ask("unwanted", |w| w.table.unwanted.get(user).cloned()).await
    }

    async fn counter(&self, unit: &UnitId, suffix: &str, year: i16) -> Result<Option<Counter>, Fault> {
        let key = (unit.clone(), suffix.to_owned(), year);
        self.ask("counter", |w| w.table.counters.get(&key).cloned()).await
    }

    async fn entry(&self, unit: &UnitId, suffix: &str, year: i16, number: u32) -> Result<Option<Entry>, Fault> {
        let key = (unit.clone(), suffix.to_owned(), year, number);
        self.ask("entry", |w| w.table.entries.get(&key).cloned()).await
    }

    async fn public_copy(&self, id: &CopyId) -> Result<Option<PublicCopy>, Fault> {
        self.ask("public_copy", |w| w.table.public.get(id).cloned()).await
    }

    async fn public_by_number(
        &self,
        unit_code: &str,
        suffix: &str,
        year: i16,
        number: u32,
    ) -> Result<Option<PublicCopy>, Fault> {
        let key = (unit_code.to_owned(), suffix.to_owned(), year, number);
        let find = |w: &Inner| w.table.public.get(w.table.by_number.get(&key)?).cloned();
        self.ask("public_by_number", find).await
    }

    async fn public_by_digest(&self, sha256: &Sha256) -> Result<Option<PublicCopy>, Fault> {
        let find = |w: &Inner| w.table.public.get(w.table.by_digest.get(sha256)?).cloned();
        let found = self.ask("public_by_digest", find).await?;
        Ok(found.filter(|public| public.digests.contains(sha256)))
    }

    async fn queue(&self, unit: &UnitId, queue: Queue, limit: u32) -> Result<Vec<Copy>, Fault> {
        let waits = |copy: &Copy| copy.unit == *unit && queue_of(&copy.state) == Some(queue);
        let list = |w: &Inner| {
            let keys =
                |t: &'_ Table| t.copies.values().filter(|copy| waits(copy)).map(|copy| copy.id.clone()).collect();
            let keys: Vec<CopyId> = keys(w.index.as_ref().unwrap_or(&w.table));
            let mut copies: Vec<Copy> =
                keys.iter().filter_map(|id| w.table.copies.get(id)).filter(|copy| waits(copy)).cloned().collect();
            copies.sort_by(|a, b| (a.due_at, &a.id).cmp(&(b.due_at, &b.id)));
            cut(copies, limit)
        };
        self.ask("queue", list).await
    }

    async fn account_copies(&self, account: &AccountId) -> Result<Vec<(Copy, Delivery)>, Fault> {
        let theirs = |delivery: &&Delivery| delivery.channel == Channel::Account(account.clone());
        let issued = |copy: &&Copy| matches!(copy.state, CopyState::Sealed { .. } | CopyState::Annulled { .. });
        let list = |w: &Inner| {
            let mut found: Vec<(Copy, Delivery)> = w
                .listed(
                    |t| t.deliveries.values().filter(theirs).collect(),
                    |old| w.table.deliveries.get(&(old.case.clone(), old.id.clone())),
                )
                .filter_map(|delivery| {
                    let copy = w.table.copies.get(&delivery.copy).filter(issued)?;
                    Some((copy.clone(), delivery.clone()))
                })
                .collect();
            found.sort_by(|a, b| b.1.id.cmp(&a.1.id));
            found
        };
        self.ask("account_copies", list).await
    }

    async fn deliveries(&self, case: &CaseId) -> Result<Vec<Delivery>, Fault> {
        let theirs = |delivery: &&Delivery| delivery.case == *case;
        self.ask("deliveries", |w| w.table.deliveries.values().filter(theirs).cloned().collect()).await
    }

    async fn due(&self, topic: Topic, now: Timestamp, limit: u32) -> Result<Vec<Outbox>, Fault> {
        let due = |work: &&Outbox| work.topic == topic && work.due_at <= now;
        let list = |w: &Inner| {
            let mut found: Vec<Outbox> = w
                .listed(|t| t.outbox.values().filter(due).collect(), |old| w.table.outbox.get(&old.id))
                .filter(due)
                .cloned()
                .collect();
            found.sort_by(|a, b| (a.due_at, &a.id).cmp(&(b.due_at, &b.id)));
            cut(found, limit)
        };
        self.ask("due", list).await
    }

    async fn put_off(&self, steps: &[(Topic, &str)]) -> Result<Vec<Outbox>, Fault> {
        let found = |w: &Inner| {
            let known =
                steps.iter().filter_map(|(topic, subject)| w.table.put_off.get(&(topic.name(), (*subject).to_owned())));
            known
                .filter_map(|one| w.table.outbox.get(&one.order).filter(|order| one.leads_to(order)))
                .cloned()
                .collect()
        };
        self.ask("put_off", found).await
    }

    async fn open_sessions(&self, limit: u32) -> Result<Vec<Session>, Fault> {
        let open = |session: &&Session| session.is_swept();
        let list = |w: &Inner| {
            let mut found: Vec<Session> = w
                .listed(|t| t.sessions.values().filter(open).collect(), |old| w.table.sessions.get(&old.id))
                .filter(open)
                .cloned()
                .collect();
            found.sort_by(|a, b| (a.expires_at, &a.id).cmp(&(b.expires_at, &b.id)));
            cut(found, limit)
        };
        self.ask("open_sessions", list).await
    }

    async fn events(&self, subject: &str) -> Result<Vec<Event>, Fault> {
        let about = |event: &&Event| event.subject == subject;
        self.ask("events", |w| w.table.events.values().filter(about).cloned().collect()).await
    }

    async fn idempotency_begin(&self, record: &Idempotency) -> Result<Begun, Fault> {
        let begin = |w: &mut Inner| {
            let mut running =
                Idempotency { answer: None, etag: None, location: None, released: false, ..record.clone() };
            let begun = match w.table.idempotency.get(&record.key) {
                None => Begun::First,
                Some(known) => {
                    let stale = record.at.duration_since(known.at).as_secs() > RUNNING_AT_MOST;
                    let same = known.fingerprint == record.fingerprint && known.answer.is_none();
                    if !same || !(known.released || stale) {
                        return Ok(Begun::Known(known.clone()));
                    }
                    running.born = known.born;
                    Begun::Again(known.born)
                }
            };
            w.table.idempotency.insert(record.key, running);
            Ok(begun)
        };
        self.act("idempotency_begin", begin).await
    }

    async fn idempotency_end(&self, record: &Idempotency) -> Result<(), Fault> {
        let end = |w: &mut Inner| {
            let ours = w.table.idempotency.get(&record.key);
            let ours = ours.is_none_or(|known| known.fingerprint == record.fingerprint && known.answer.is_none());
            // Who was taken over releases nothing.
            let latest = w.table.idempotency.get(&record.key).is_some_and(|known| known.at == record.at);
            match &record.answer {
                _ if !ours => {}
                Some((status, _)) if *status >= 500 && !latest => {}
                Some((status, _)) if *status >= 500 => {
                    let open =
                        Idempotency { answer: None, etag: None, location: None, released: true, ..record.clone() };
                    drop(w.table.idempotency.insert(record.key, open));
                }
                _ => drop(w.table.idempotency.insert(record.key, record.clone())),
            }
            Ok(())
        };
        self.act("idempotency_end", end).await
    }
}

impl World {
    /// Notes somebody who verified a copy, as `verification` would.
    pub fn watch(&self, watch: Watch) {
        let key = (watch.copy.clone(), watch.verification.clone());
        self.lock().table.watches.insert(key, watch);
    }
}

impl Batches for World {
    async fn batch(&self, id: &BatchId) -> Result<Option<Batch>, Fault> {
        self.ask("batch", |w| w.table.batches.get(id).cloned()).await
    }

    async fn batch_plan(&self, id: &BatchId) -> Result<Option<BatchPlan>, Fault> {
        self.ask("batch_plan", |w| w.table.batch_plans.get(id).cloned()).await
    }

    async fn batch_items(&self, id: &BatchId, from: u32, count: u32) -> Result<Vec<BatchItem>, Fault> {
        let range = (id.clone(), from)..(id.clone(), from.saturating_add(count));
        self.ask("batch_items", |w| w.table.batch_items.range(range).map(|(_, item)| item.clone()).collect()).await
    }
}

impl Inquiries for World {
    async fn inquiry(&self, id: &Sha256) -> Result<Option<Inquiry>, Fault> {
        self.ask("inquiry", |w| w.table.inquiries.get(id).cloned()).await
    }
}

impl Links for World {
    async fn copy_by_link(&self, sha256: &Sha256) -> Result<Option<CopyId>, Fault> {
        self.ask("copy_by_link", |w| w.table.links.get(sha256).cloned()).await
    }
}

impl Watchers for World {
    async fn watchers(&self, copy: &CopyId) -> Result<Vec<Watch>, Fault> {
        let theirs = |watch: &&Watch| watch.copy == *copy;
        self.ask("watchers", |w| w.table.watches.values().filter(theirs).cloned().collect()).await
    }

    async fn told(&self, watch: &Watch) -> Result<(), Fault> {
        let key = (watch.copy.clone(), watch.verification.clone());
        let forget = |w: &mut Inner| {
            w.table.watches.remove(&key);
            Ok(())
        };
        self.act("told", forget).await
    }
}
