//! The table: maps, and the conditions of [`domain::ports::Write`].

use std::collections::{BTreeMap, BTreeSet};

use domain::batch::{Batch, BatchItem, BatchPlan};
use domain::breaker::Breaker;
use domain::ids::*;
use domain::inquiry::Inquiry;
use domain::model::*;
use domain::pause::Unwanted;
use domain::ports::Write;
use jiff::Timestamp;

use super::sha256;

/// The limit of a DynamoDB transaction.
const MOST_WRITES: usize = 100;

/// Unit, suffix and legal year.
pub(crate) type Series = (UnitId, String, i16);

/// What is stored.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Offices.
    pub units: BTreeMap<UnitId, Unit>,
    /// People.
    pub users: BTreeMap<UserId, User>,
    /// Visits.
    pub appointments: BTreeMap<AppointmentId, Appointment>,
    /// Slots.
    pub slots: BTreeMap<(UnitId, Timestamp), Slot>,
    /// Uploads.
    pub uploads: BTreeMap<UploadId, Upload>,
    /// Dossiers.
    pub cases: BTreeMap<CaseId, Case>,
    /// Copies.
    pub copies: BTreeMap<CopyId, Copy>,
    /// Signing sessions.
    pub sessions: BTreeMap<SessionId, Session>,
    /// Phones that show a prompt.
    pub prompts: BTreeMap<UserId, Prompt>,
    /// Gateways that have failed.
    pub breakers: BTreeMap<String, Breaker>,
    /// Prompts that were refused or not answered.
    pub unwanted: BTreeMap<UserId, Unwanted>,
    /// What gateways have said.
    pub delivered: BTreeMap<Sha256, Delivered>,
    /// Heads of series.
    pub counters: BTreeMap<(UnitId, String, i16), Counter>,
    /// Spent numbers.
    pub entries: BTreeMap<(UnitId, String, i16, u32), Entry>,
    /// Public facts.
    pub public: BTreeMap<CopyId, PublicCopy>,
    /// Public facts by unit code, suffix, year and number.
    pub by_number: BTreeMap<(String, String, i16, u32), CopyId>,
    /// Public facts by the digest of a file.
    pub by_digest: BTreeMap<Sha256, CopyId>,
    /// Waiting work.
    pub outbox: BTreeMap<EventId, Outbox>,
    /// Which order was put off, by topic and subject.
    pub put_off: BTreeMap<(&'static str, String), PutOff>,
    /// All work that ever waited, in the order in which it was written: what a stream shows.
    pub stream: Vec<Outbox>,
    /// History.
    pub events: BTreeMap<(String, Version), Event>,
    /// Deliveries.
    pub deliveries: BTreeMap<(CaseId, DeliveryId), Delivery>,
    /// Where the secrets of links lead, by digest.
    pub links: BTreeMap<Sha256, CopyId>,
    /// Who is told of an annulment.
    pub watches: BTreeMap<(CopyId, VerificationId), Watch>,
    /// What sealed copies are copies of.
    pub papers: BTreeMap<CopyId, Paper>,
    /// Batches of verifications.
    pub batches: BTreeMap<BatchId, Batch>,
    /// What their files are.
    pub batch_plans: BTreeMap<BatchId, BatchPlan>,
    /// Their files with the answers.
    pub batch_items: BTreeMap<(BatchId, u32), BatchItem>,
    /// Reports that were kept.
    pub reports: BTreeMap<VerificationId, KeptReport>,
    /// What CAs are asked.
    pub inquiries: BTreeMap<Sha256, Inquiry>,
    /// Answers kept for repeated requests.
    pub idempotency: BTreeMap<Sha256, Idempotency>,
    /// Every step of every copy, as the names of the states before and after.
    pub steps: Vec<(CopyId, &'static str, &'static str)>,
    /// What was written to each item since somebody began to compare worlds.
    marks: Option<BTreeMap<String, Sha256>>,
}

/// Why a commit was not written.
#[derive(Debug)]
pub(crate) enum Refused {
    /// A condition failed.
    Conflict,
    /// No transaction looks like this; the real table would not take it.
    Malformed(String),
}

impl Table {
    /// All or nothing.
    pub(crate) fn commit(&mut self, writes: Vec<Write>) -> Result<(), Refused> {
        well_formed(&writes)?;
        if !writes.iter().all(|write| self.allows(write)) {
            return Err(Refused::Conflict);
        }
        for write in writes {
            self.mark(&write);
            self.apply(write);
        }
        Ok(())
    }

    /// An office or a person as the next change of what stands there: a seed says what is, whatever was.
    pub(crate) fn following(&self, write: Write) -> Write {
        let next = |old: Option<&Changed>| old.map_or_else(Changed::first, Changed::again);
        match write {
            Write::Unit(new) => {
                let changed = next(self.units.get(&new.id).map(|old| &old.changed));
                Write::Unit(Unit { changed, ..new })
            }
            Write::User(new) => {
                let changed = next(self.users.get(&new.id).map(|old| &old.changed));
                Write::User(User { changed, ..new })
            }
            other => other,
        }
    }

    /// Begins to keep what is written, for comparing.
    pub(crate) fn begin_marks(&mut self) {
        self.marks = Some(BTreeMap::new());
    }

    /// What was written since, for comparing: the last write of each item decides what it is.
    pub(crate) fn marks(&self) -> &impl std::fmt::Debug {
        &self.marks
    }

    fn mark(&mut self, write: &Write) {
        let Some(marks) = &mut self.marks else { return };
        let text = format!("{write:?}");
        for item in items(write) {
            // An item that was moved is what it was before, moved.
            let before = matches!(
                write,
                Write::OutboxLater(..)
                    | Write::OutboxTaken { .. }
                    | Write::OutboxWaits { .. }
                    | Write::OutboxLearned { .. }
            )
            .then(|| marks.get(&item))
            .flatten();
            let mark = sha256(format!("{before:?}{text}").as_bytes());
            marks.insert(item, mark);
        }
    }

    /// The conditions that [`domain::ports::Write`] documents.
    fn allows(&self, write: &Write) -> bool {
        match write {
            Write::OutboxDone(_) | Write::PutOff(_) | Write::Watch(_) => true,
            Write::Unit(new) => follows(self.units.get(&new.id).map(|old| old.changed.version), new.changed.version),
            Write::User(new) => follows(self.users.get(&new.id).map(|old| old.changed.version), new.changed.version),
            Write::Appointment(new) => follows(self.appointments.get(&new.id).map(|old| old.version), new.version),
            Write::Slot(new) => {
                follows(self.slots.get(&(new.unit.clone(), new.start)).map(|old| old.version), new.version)
            }
            Write::Upload(new) => follows(self.uploads.get(&new.id).map(|old| old.version), new.version),
            Write::Case(new) => follows(self.cases.get(&new.id).map(|old| old.version), new.version),
            Write::Copy(new) => follows(self.copies.get(&new.id).map(|old| old.version), new.version),
            Write::Session(new) => follows(self.sessions.get(&new.id).map(|old| old.version), new.version),
            Write::PromptTaken(new, now) => self
                .prompts
                .get(&new.user)
                .is_none_or(|old| old.session == new.session || old.until.as_second() < now.as_second()),
            Write::Breaker(new) => follows(self.breakers.get(&new.gateway).map(|old| old.version), new.version),
            Write::Unwanted(new) => follows(self.unwanted.get(&new.user).map(|old| old.version), new.version),
            Write::Delivered(new, now) => {
                self.delivered.get(&new.id).is_none_or(|old| old.until.as_second() < now.as_second())
            }
            Write::PromptGone(user, session) => self.prompts.get(user).is_none_or(|old| old.session == *session),
            Write::Counter(new) => {
                let last = self.counters.get(&series(&new.unit, &new.suffix, new.year)).map(|old| old.last);
                follows(last.map(u64::from), u64::from(new.last))
            }
            Write::Entry(new) => !self.entries.contains_key(&place(new)),
            Write::PublicCopy(new) => self.allows_public(new),
            Write::Outbox(new) => !self.outbox.contains_key(&new.id),
            Write::OutboxLater(id, _) | Write::OutboxWaits { id, .. } | Write::OutboxLearned { id, .. } => {
                self.outbox.contains_key(id)
            }
            Write::OutboxTaken { id, due_at, .. } => self.outbox.get(id).is_some_and(|work| work.due_at == *due_at),
            Write::Event(new) => !self.events.contains_key(&(new.subject.clone(), new.seq)),
            Write::Delivery(new) => {
                let key = (new.case.clone(), new.id.clone());
                follows(self.deliveries.get(&key).map(|old| old.version), new.version)
            }
            Write::Paper(new) => !self.papers.contains_key(&new.copy),
            Write::Batch(new) => follows(self.batches.get(&new.id).map(|old| old.version), new.version),
            Write::BatchPlan(new) => !self.batch_plans.contains_key(&new.batch),
            Write::BatchItem(new) => !self.batch_items.contains_key(&(new.batch.clone(), new.n)),
            Write::KeptReport(new) => !self.reports.contains_key(&new.id),
            Write::Inquiry(new) => follows(self.inquiries.get(&new.id).map(|old| old.version), new.version),
        }
    }

    /// A number and a digest lead to one copy for ever (I1).
    fn allows_public(&self, new: &PublicCopy) -> bool {
        let free = |found: Option<&CopyId>| found.is_none_or(|copy| *copy == new.copy);
        follows(self.public.get(&new.copy).map(|old| old.version), new.version)
            && free(self.by_number.get(&public_place(new)))
            && new.digests.iter().all(|digest| free(self.by_digest.get(digest)))
    }

    fn apply(&mut self, write: Write) {
        match write {
            Write::Unit(new) => drop(self.units.insert(new.id.clone(), new)),
            Write::User(new) => drop(self.users.insert(new.id.clone(), new)),
            Write::Appointment(new) => drop(self.appointments.insert(new.id.clone(), new)),
            Write::Slot(new) => drop(self.slots.insert((new.unit.clone(), new.start), new)),
            Write::Upload(new) => drop(self.uploads.insert(new.id.clone(), new)),
            Write::Case(new) => drop(self.cases.insert(new.id.clone(), new)),
            Write::Copy(new) => self.apply_copy(new),
            Write::Session(new) => drop(self.sessions.insert(new.id.clone(), new)),
            Write::PromptTaken(new, _) => drop(self.prompts.insert(new.user.clone(), new)),
            Write::Breaker(new) => drop(self.breakers.insert(new.gateway.clone(), new)),
            Write::Unwanted(new) => drop(self.unwanted.insert(new.user.clone(), new)),
            Write::Delivered(new, _) => drop(self.delivered.insert(new.id, new)),
            Write::PromptGone(user, _) => drop(self.prompts.remove(&user)),
            Write::Counter(new) => drop(self.counters.insert(series(&new.unit, &new.suffix, new.year), new)),
            Write::Entry(new) => drop(self.entries.insert(place(&new), new)),
            Write::PublicCopy(new) => self.apply_public(new),
            Write::Outbox(new) => {
                self.stream.push(new.clone());
                self.outbox.insert(new.id.clone(), new);
            }
            Write::OutboxDone(id) => drop(self.outbox.remove(&id)),
            Write::OutboxLater(id, due_at) => {
                if let Some(work) = self.outbox.get_mut(&id) {
                    work.due_at = due_at;
                }
            }
            Write::OutboxTaken { id, until, waits, .. } => {
                if let Some(work) = self.outbox.get_mut(&id) {
                    (work.due_at, work.waits) = (until, waits.or(work.waits));
                }
            }
            Write::OutboxWaits { id, due_at, waits } => {
                if let Some(work) = self.outbox.get_mut(&id) {
                    (work.due_at, work.waits) = (due_at, Some(waits));
                }
            }
            Write::OutboxLearned { id, due_at, learned } => {
                if let Some(work) = self.outbox.get_mut(&id) {
                    (work.due_at, work.learned) = (due_at, learned);
                }
            }
            Write::PutOff(new) => drop(self.put_off.insert((new.topic.name(), new.subject.clone()), new)),
            Write::Event(new) => drop(self.events.insert((new.subject.clone(), new.seq), new)),
            Write::Delivery(new) => {
                self.links.extend(new.link_digest.map(|digest| (digest, new.copy.clone())));
                self.deliveries.insert((new.case.clone(), new.id.clone()), new);
            }
            Write::Paper(new) => drop(self.papers.insert(new.copy.clone(), new)),
            Write::Batch(new) => drop(self.batches.insert(new.id.clone(), new)),
            Write::BatchPlan(new) => drop(self.batch_plans.insert(new.batch.clone(), new)),
            Write::BatchItem(new) => drop(self.batch_items.insert((new.batch.clone(), new.n), new)),
            Write::KeptReport(new) => drop(self.reports.insert(new.id.clone(), new)),
            Write::Inquiry(new) => drop(self.inquiries.insert(new.id, new)),
            Write::Watch(new) => drop(self.watches.insert((new.copy.clone(), new.verification.clone()), new)),
        }
    }

    fn apply_copy(&mut self, new: Copy) {
        let before = self.copies.get(&new.id).map_or("none", |old| old.state.name());
        self.steps.push((new.id.clone(), before, new.state.name()));
        self.copies.insert(new.id.clone(), new);
    }

    fn apply_public(&mut self, new: PublicCopy) {
        self.by_number.insert(public_place(&new), new.copy.clone());
        for digest in &new.digests {
            self.by_digest.insert(*digest, new.copy.clone());
        }
        self.public.insert(new.copy.clone(), new);
    }
}

/// The version after the change; the stored one is exactly one less, or there is none.
fn follows(stored: Option<Version>, new: Version) -> bool {
    stored.unwrap_or(0).checked_add(1) == Some(new)
}

fn series(unit: &UnitId, suffix: &str, year: i16) -> Series {
    (unit.clone(), suffix.to_owned(), year)
}

fn place(entry: &Entry) -> (UnitId, String, i16, u32) {
    (entry.unit.clone(), entry.number.suffix.clone(), entry.number.year, entry.number.number)
}

fn public_place(public: &PublicCopy) -> (String, String, i16, u32) {
    let Number { number, year, suffix, .. } = &public.number;
    (public.unit_code.clone(), suffix.clone(), *year, *number)
}

/// A transaction takes at most 100 items, and no item twice. Public facts are stored with one lookup per number and digest.
fn well_formed(writes: &[Write]) -> Result<(), Refused> {
    let items: Vec<String> = writes.iter().flat_map(items).collect();
    let distinct: BTreeSet<&String> = items.iter().collect();
    if items.len() > MOST_WRITES {
        return Err(Refused::Malformed(format!("a commit of {} items", items.len())));
    }
    if distinct.len() != items.len() {
        return Err(Refused::Malformed(format!("an item twice in one commit: {items:?}")));
    }
    Ok(())
}

/// How many items a commit writes.
pub(crate) fn items_of(writes: &[Write]) -> usize {
    writes.iter().map(|write| items(write).len()).sum()
}

fn items(write: &Write) -> Vec<String> {
    match write {
        Write::Unit(it) => vec![it.id.to_string()],
        Write::User(it) => vec![it.id.to_string()],
        Write::Appointment(it) => vec![it.id.to_string()],
        Write::Slot(it) => vec![format!("slot {} {}", it.unit, it.start)],
        Write::Upload(it) => vec![it.id.to_string()],
        Write::Case(it) => vec![it.id.to_string()],
        Write::Copy(it) => vec![it.id.to_string()],
        Write::Session(it) => vec![it.id.to_string()],
        Write::PromptTaken(it, _) => vec![format!("prompt {}", it.user)],
        Write::Breaker(it) => vec![format!("breaker {}", it.gateway)],
        Write::Unwanted(it) => vec![format!("unwanted {}", it.user)],
        Write::Delivered(it, _) => vec![format!("delivered {:?}", it.id)],
        Write::PromptGone(user, _) => vec![format!("prompt {user}")],
        Write::Counter(it) => vec![format!("counter {} {} {}", it.unit, it.suffix, it.year)],
        Write::Entry(it) => vec![format!("entry {:?}", place(it))],
        Write::PublicCopy(it) => {
            let lookups: BTreeSet<String> = it.digests.iter().map(|digest| format!("digest {digest:?}")).collect();
            let mut items = vec![format!("public {}", it.copy), format!("number {:?}", public_place(it))];
            items.extend(lookups);
            items
        }
        Write::Outbox(it) => vec![it.id.to_string()],
        Write::OutboxDone(id)
        | Write::OutboxLater(id, _)
        | Write::OutboxTaken { id, .. }
        | Write::OutboxWaits { id, .. }
        | Write::OutboxLearned { id, .. } => vec![id.to_string()],
        Write::PutOff(it) => vec![format!("put off {} {}", it.topic.name(), it.subject)],
        Write::Event(it) => vec![format!("event {} {}", it.subject, it.seq)],
        Write::Delivery(it) => vec![format!("{} {}", it.case, it.id)],
        Write::Paper(it) => vec![format!("paper {}", it.copy)],
        Write::Batch(it) => vec![it.id.to_string()],
        Write::BatchPlan(it) => vec![format!("plan {}", it.batch)],
        Write::BatchItem(it) => vec![format!("item {} {}", it.batch, it.n)],
        Write::KeptReport(it) => vec![it.id.to_string()],
        Write::Inquiry(it) => vec![format!("inquiry {:?}", it.id)],
        Write::Watch(it) => vec![format!("watch {} {}", it.copy, it.verification)],
    }
}
