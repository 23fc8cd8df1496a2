//! From the port's writes to the parts of one DynamoDB transaction, each with its condition.
//!
//! Does not send anything. The conditions are the whole concurrency control of the house: nothing is locked.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, TransactWriteItem, Update};
use domain::batch::Batch;
use domain::ids::{EventId, SessionId, UserId};
use domain::inquiry::Inquiry;
use domain::model::*;
use domain::pause::Unwanted;
use domain::ports::{Fault, Write};
use jiff::Timestamp;

use crate::items::{self, Item, Kept, Lookup, encode, number, text};
use crate::keys::{self, Key};

/// The limit of a DynamoDB transaction.
const MOST_WRITES: usize = 100;

/// What must be true of the stored item before it is replaced.
enum Condition {
    /// Nothing.
    Always,
    /// There is none.
    Absent,
    /// There is none, or one that was stored before its changes were counted.
    AbsentOrUncounted,
    /// There is none, or it leads to the same copy.
    AbsentOrSameCopy(AttributeValue),
    /// There is none, or its time was over.
    AbsentOrOver(AttributeValue),
    /// There is none, or it is this session's, or its time was over.
    FreeFor(AttributeValue, AttributeValue),
    /// A numeric attribute has this value.
    Was(&'static str, u64),
}

/// The parts of the transaction, in the order of the writes.
pub(crate) fn transaction(table: &str, writes: &[Write]) -> Result<Vec<TransactWriteItem>, Fault> {
    let mut parts = Vec::with_capacity(writes.len());
    for write in writes {
        expand(table, write, &mut parts)?;
    }
    if parts.len() > MOST_WRITES {
        return Err(Fault(format!("a commit of {} writes; a transaction takes {MOST_WRITES}", parts.len())));
    }
    Ok(parts)
}

fn expand(table: &str, write: &Write, parts: &mut Vec<TransactWriteItem>) -> Result<(), Fault> {
    let part = match write {
        Write::Unit(unit) => {
            let place = Some(keys::catalogue(&unit.id));
            put(table, unit, keys::unit(&unit.id), place, counted::<Unit>(&unit.changed)?)
        }
        Write::User(user) => put(table, user, keys::user(&user.id), None, counted::<User>(&user.changed)?),
        Write::Appointment(visit) => versioned(table, visit, keys::appointment(&visit.id), None, visit.version),
        Write::Slot(slot) => versioned(table, slot, keys::slot(&slot.unit, slot.start), None, slot.version),
        Write::Upload(upload) => versioned(table, upload, keys::upload(&upload.id), None, upload.version),
        Write::Case(case) => versioned(table, case, keys::case(&case.id), None, case.version),
        Write::Copy(copy) => versioned(table, copy, keys::copy(&copy.id), queue_place(copy), copy.version),
        Write::Session(session) => {
            versioned(table, session, keys::session(&session.id), session_place(session), session.version)
        }
        Write::PromptTaken(prompt, now) => prompt_taken(table, prompt, *now),
        Write::Breaker(breaker) => versioned(table, breaker, keys::breaker(&breaker.gateway), None, breaker.version),
        Write::Unwanted(unwanted) => put_unwanted(table, unwanted),
        Write::Delivered(delivered, now) => put_delivered(table, delivered, *now),
        Write::PromptGone(user, session) => prompt_gone(table, user, session),
        Write::Counter(counter) => put_counter(table, counter),
        Write::Entry(entry) => {
            let Number { number, year, suffix, .. } = &entry.number;
            put(table, entry, keys::entry(&entry.unit, suffix, *year, *number), None, Condition::Absent)
        }
        Write::PublicCopy(public) => return expand_public(table, public, parts),
        Write::Outbox(work) => {
            let place = keys::due_work(work.topic, work.due_at, &work.id);
            put(table, work, keys::outbox(&work.id), Some(place), Condition::Absent)
        }
        Write::OutboxDone(id) => delete(table, keys::outbox(id)),
        Write::OutboxLater(id, due_at) => later(table, id, *due_at, None),
        Write::OutboxWaits { id, due_at, waits } => waiting(table, id, *due_at, *waits),
        Write::OutboxLearned { id, due_at, learned } => learns(table, id, *due_at, learned),
        Write::OutboxTaken { id, due_at, until, waits } => {
            let taken = later(table, id, *until, Some(*due_at))?;
            Ok(waits.map_or(taken.clone(), |waits| with(taken, "waits", text(waits.name()))))
        }
        Write::PutOff(put_off) => put_until(table, put_off, keys::put_off(put_off), Condition::Always, put_off.until),
        Write::Event(event) => put(table, event, keys::event(&event.subject, event.seq), None, Condition::Absent),
        Write::Delivery(delivery) => {
            let place = account_place(delivery);
            if let Some(secret) = &delivery.link_digest {
                let lookup = Lookup { copy: delivery.copy.clone() };
                let same = Condition::AbsentOrSameCopy(text(delivery.copy.as_str()));
                parts.push(put(table, &lookup, keys::link(secret), None, same)?);
            }
            versioned(table, delivery, keys::delivery(&delivery.case, &delivery.id), place, delivery.version)
        }
        Write::Paper(paper) => put(table, paper, keys::paper(&paper.copy), None, Condition::Absent),
        Write::Batch(batch) => {
            put_until(table, batch, keys::batch(&batch.id), before::<Batch>(batch.version)?, batch.until)
        }
        Write::BatchPlan(plan) => put_until(table, plan, keys::batch_plan(&plan.batch), Condition::Absent, plan.until),
        Write::BatchItem(item) => {
            put_until(table, item, keys::batch_item(&item.batch, item.n), Condition::Absent, item.until)
        }
        Write::KeptReport(report) => {
            put_until(table, report, keys::kept_report(&report.id), Condition::Absent, report.until)
        }
        Write::Inquiry(inquiry) => {
            let condition = before::<Inquiry>(inquiry.version)?;
            put_until(table, inquiry, keys::inquiry(&inquiry.id), condition, inquiry.until)
        }
        Write::Watch(watch) => put_until(table, watch, keys::watch(watch), Condition::Always, watch.until),
    }?;
    parts.push(part);
    Ok(())
}

fn prompt_taken(table: &str, prompt: &Prompt, now: Timestamp) -> Result<TransactWriteItem, Fault> {
    let free = Condition::FreeFor(text(prompt.session.as_str()), number(now.as_second()));
    put_until(table, prompt, keys::prompt(&prompt.user), free, prompt.until)
}

fn put_unwanted(table: &str, unwanted: &Unwanted) -> Result<TransactWriteItem, Fault> {
    let condition = before::<Unwanted>(unwanted.version)?;
    put_until(table, unwanted, keys::unwanted(&unwanted.user), condition, unwanted.forgotten_at())
}

fn put_delivered(table: &str, delivered: &Delivered, now: Timestamp) -> Result<TransactWriteItem, Fault> {
    let new = Condition::AbsentOrOver(number(now.as_second()));
    put_until(table, delivered, keys::delivered(&delivered.id), new, delivered.until)
}

fn queue_place(copy: &Copy) -> Option<Key> {
    let queue = keys::waits_in(&copy.state)?;
    Some(keys::queued(&copy.unit, queue, copy.due_at, &copy.id))
}

fn session_place(session: &Session) -> Option<Key> {
    session.is_swept().then(|| keys::open_session(session.expires_at, &session.id))
}

fn account_place(delivery: &Delivery) -> Option<Key> {
    match &delivery.channel {
        Channel::Account(account) => Some(keys::account_delivery(account, &delivery.id)),
        Channel::Email(_) | Channel::Counter => None,
    }
}

/// The public facts, and one lookup per number and per digest; of an annulled copy also its places in the published lists. A
/// lookup that leads to another copy already fails the transaction: one number, one copy (limits.md I1).
fn expand_public(table: &str, public: &PublicCopy, parts: &mut Vec<TransactWriteItem>) -> Result<(), Fault> {
    parts.push(versioned(table, public, keys::public_copy(&public.copy), None, public.version)?);
    let Number { number, year, suffix, .. } = &public.number;
    let by_number = keys::public_number(&public.unit_code, suffix, *year, *number);
    let mut digests = public.digests.clone();
    digests.sort_unstable();
    // The same file at two levels would be the same item twice, which a transaction refuses.
    digests.dedup();
    let listed = public.annulled_at.into_iter().flat_map(|at| {
        [None, Some(public.unit_code.as_str())].map(|unit_code| keys::annulment(unit_code, at, &public.copy))
    });
    for key in std::iter::once(by_number).chain(digests.iter().map(keys::digest)).chain(listed) {
        let same = Condition::AbsentOrSameCopy(text(public.copy.as_str()));
        parts.push(put(table, &Lookup { copy: public.copy.clone() }, key, None, same)?);
    }
    Ok(())
}

fn versioned<T: Kept>(
    table: &str,
    value: &T,
    key: Key,
    place: Option<Key>,
    version: Version,
) -> Result<TransactWriteItem, Fault> {
    put(table, value, key, place, before::<T>(version)?)
}

/// What a versioned item must have been.
fn before<T: Kept>(version: Version) -> Result<Condition, Fault> {
    Ok(match version {
        0 => return Err(Fault(format!("a {} to be stored has version 0", T::KIND))),
        1 => Condition::Absent,
        _ => Condition::Was("version", version - 1),
    })
}

/// What an office or a person must have been.
fn counted<T: Kept>(changed: &Changed) -> Result<Condition, Fault> {
    match before::<T>(changed.version)? {
        Condition::Absent => Ok(Condition::AbsentOrUncounted),
        other => Ok(other),
    }
}

/// What goes away by itself.
fn put_until<T: Kept>(
    table: &str,
    value: &T,
    key: Key,
    condition: Condition,
    until: Timestamp,
) -> Result<TransactWriteItem, Fault> {
    let mut item = encode(value, key, None)?;
    item.insert(keys::TTL.to_owned(), number(until.as_second()));
    put_item(table, item, condition)
}

fn put_counter(table: &str, counter: &Counter) -> Result<TransactWriteItem, Fault> {
    let condition = match counter.last {
        0 => return Err(Fault("a counter to be stored gives no number".into())),
        1 => Condition::Absent,
        _ => Condition::Was("last", u64::from(counter.last - 1)),
    };
    put(table, counter, keys::counter(&counter.unit, &counter.suffix, counter.year), None, condition)
}

fn put<T: Kept>(
    table: &str,
    value: &T,
    key: Key,
    place: Option<Key>,
    condition: Condition,
) -> Result<TransactWriteItem, Fault> {
    put_item(table, encode(value, key, place)?, condition)
}

fn put_item(table: &str, item: Item, condition: Condition) -> Result<TransactWriteItem, Fault> {
    let put = Put::builder().table_name(table).set_item(Some(item));
    let put = match condition {
        Condition::Always => put,
        Condition::Absent => put.condition_expression("attribute_not_exists(pk)"),
        Condition::AbsentOrUncounted => put
            .condition_expression("attribute_not_exists(pk) OR attribute_not_exists(#swap)")
            .expression_attribute_names("#swap", "version"),
        Condition::AbsentOrSameCopy(copy) => put
            .condition_expression("attribute_not_exists(pk) OR #copy = :copy")
            .expression_attribute_names("#copy", "copy")
            .expression_attribute_values(":copy", copy),
        Condition::AbsentOrOver(now) => put
            .condition_expression("attribute_not_exists(pk) OR #ttl < :now")
            .expression_attribute_names("#ttl", keys::TTL)
            .expression_attribute_values(":now", now),
        // Whole seconds, both cut: a lease whose second is not over is not over.
        Condition::FreeFor(session, now) => put
            .condition_expression("attribute_not_exists(pk) OR #session = :session OR #ttl < :now")
            .expression_attribute_names("#session", "session")
            .expression_attribute_names("#ttl", keys::TTL)
            .expression_attribute_values(":session", session)
            .expression_attribute_values(":now", now),
        Condition::Was(attribute, before) => put
            .condition_expression("#swap = :before")
            .expression_attribute_names("#swap", attribute)
            .expression_attribute_values(":before", number(before)),
    };
    Ok(TransactWriteItem::builder().put(put.build().map_err(unbuilt)?).build())
}

fn delete(table: &str, key: Key) -> Result<TransactWriteItem, Fault> {
    let delete = Delete::builder().table_name(table).set_key(Some(key_item(key))).build().map_err(unbuilt)?;
    Ok(TransactWriteItem::builder().delete(delete).build())
}

/// Only work that still waits is moved: an update without the condition would make an item without contents.
/// Moves work to `due_at`, if it is there and, where `before` says so, was due then.
fn later(table: &str, id: &EventId, due_at: Timestamp, before: Option<Timestamp>) -> Result<TransactWriteItem, Fault> {
    let mut update = Update::builder()
        .table_name(table)
        .set_key(Some(key_item(keys::outbox(id))))
        .update_expression("SET #due = :due, #order = :order")
        .condition_expression("attribute_exists(pk)")
        .expression_attribute_names("#due", "due_at")
        .expression_attribute_names("#order", keys::INDEX_SK)
        .expression_attribute_values(":due", text(due_at.to_string()))
        .expression_attribute_values(":order", text(keys::due_order(due_at, id)));
    if let Some(before) = before {
        update = update
            .condition_expression("attribute_exists(pk) AND #due = :before")
            .expression_attribute_values(":before", text(before.to_string()));
    }
    Ok(TransactWriteItem::builder().update(update.build().map_err(unbuilt)?).build())
}

/// The same, with whose answer it waits for.
fn waiting(table: &str, id: &EventId, due_at: Timestamp, waits: WaitsFor) -> Result<TransactWriteItem, Fault> {
    Ok(with(later(table, id, due_at, None)?, "waits", text(waits.name())))
}

/// The same, with what was paid for.
fn learns(table: &str, id: &EventId, due_at: Timestamp, learned: &Learned) -> Result<TransactWriteItem, Fault> {
    Ok(with(later(table, id, due_at, None)?, "learned", items::learned(learned)?))
}

/// An update that sets one attribute more.
fn with(mut moved: TransactWriteItem, name: &str, value: AttributeValue) -> TransactWriteItem {
    if let Some(update) = &mut moved.update {
        let (placed, valued) = (format!("#{name}"), format!(":{name}"));
        update.update_expression.push_str(&format!(", {placed} = {valued}"));
        update.expression_attribute_names.get_or_insert_default().insert(placed, name.to_owned());
        update.expression_attribute_values.get_or_insert_default().insert(valued, value);
    }
    moved
}

/// Another's prompt stays: then the whole transaction fails, and whoever tries again finds the lease over.
fn prompt_gone(table: &str, user: &UserId, session: &SessionId) -> Result<TransactWriteItem, Fault> {
    let gone = Delete::builder()
        .table_name(table)
        .set_key(Some(key_item(keys::prompt(user))))
        .condition_expression("attribute_not_exists(pk) OR #session = :session")
        .expression_attribute_names("#session", "session")
        .expression_attribute_values(":session", text(session.as_str()));
    Ok(TransactWriteItem::builder().delete(gone.build().map_err(unbuilt)?).build())
}

/// A key as an attribute map.
pub(crate) fn key_item(key: Key) -> Item {
    Item::from([(keys::PK.to_owned(), text(key.pk)), (keys::SK.to_owned(), text(key.sk))])
}

pub(crate) fn unbuilt(error: BuildError) -> Fault {
    Fault(format!("a request could not be built: {error}"))
}

#[cfg(test)]
mod tests;
