//! Whose answer a copy or a session waits for, for people to see. It is read from the order that the sweeps try again; no step depends on it.
//!
//! Does not say that somebody is at fault: an order that was not yet put off waits for nobody. When more orders than [`MOST`] are put off, the
//! later ones are not looked through, and their copies show their state alone.

use domain::copy::CopyState;
use domain::model::{Copy, Outbox, Purpose, Session, SessionState, Topic};
use domain::ports::{Fault, Records};
use jiff::{SignedDuration, Timestamp};

/// Orders of one kind that are looked through.
const MOST: u32 = 200;
/// Longer than any order of these kinds is put off or taken.
const AHEAD: SignedDuration = SignedDuration::from_mins(15);

/// The order of a copy that was put off, with whom it waits for.
///
/// # Errors
/// [`Fault`] of the table.
pub async fn of_copy(records: &impl Records, copy: &Copy, now: Timestamp) -> Result<Option<Outbox>, Fault> {
    let orders = of_copies(records, std::slice::from_ref(copy), now).await?;
    Ok(orders.into_iter().next().flatten())
}

/// The same of each copy, in their order; orders of one kind are looked through once for all of them.
///
/// # Errors
/// [`Fault`] of the table.
pub async fn of_copies(records: &impl Records, copies: &[Copy], now: Timestamp) -> Result<Vec<Option<Outbox>>, Fault> {
    let steps: Vec<Option<(Topic, &str)>> = copies.iter().map(step).collect();
    let mut found = vec![None; copies.len()];
    for topic in [Topic::FinishLeader, Topic::FinishSeal, Topic::Archive] {
        if !steps.iter().flatten().any(|(other, _)| *other == topic) {
            continue;
        }
        let orders = waiting(records, topic, now).await?;
        for (found, step) in found.iter_mut().zip(&steps) {
            let Some((_, subject)) = step.filter(|(other, _)| *other == topic) else { continue };
            *found = orders.iter().find(|order| order.subject == subject).cloned();
        }
    }
    Ok(found)
}

/// What brings a copy on from where it stands, and the subject of that order.
fn step(copy: &Copy) -> Option<(Topic, &str)> {
    match &copy.state {
        CopyState::AwaitingSignature { session, .. } => Some((Topic::FinishLeader, session.as_str())),
        CopyState::Numbered { prepared: Some(_), .. } => Some((Topic::FinishSeal, copy.id.as_str())),
        CopyState::Sealed { archived: None, .. } => Some((Topic::Archive, copy.id.as_str())),
        _ => None,
    }
}

/// The same of a session: the order for all of it, or the first one of its copies.
///
/// # Errors
/// [`Fault`] of the table.
pub async fn of_session(records: &impl Records, session: &Session, now: Timestamp) -> Result<Option<Outbox>, Fault> {
    if session.state != SessionState::Timestamping {
        return Ok(None);
    }
    match session.purpose {
        Purpose::LeaderSign => put_off(records, Topic::FinishLeader, &[session.id.as_str()], now).await,
        Purpose::Seal => {
            let open = session.items.iter().filter(|item| !item.done);
            let copies: Vec<&str> = open.map(|item| item.copy.as_str()).collect();
            put_off(records, Topic::FinishSeal, &copies, now).await
        }
    }
}

async fn put_off(
    records: &impl Records,
    topic: Topic,
    subjects: &[&str],
    now: Timestamp,
) -> Result<Option<Outbox>, Fault> {
    let orders = waiting(records, topic, now).await?;
    Ok(orders.into_iter().find(|order| subjects.contains(&order.subject.as_str())))
}

/// Orders of a kind that were put off.
async fn waiting(records: &impl Records, topic: Topic, now: Timestamp) -> Result<Vec<Outbox>, Fault> {
    let until = now.checked_add(AHEAD).unwrap_or(now);
    let mut orders = records.due(topic, until, MOST).await?;
    orders.retain(|order| order.waits.is_some());
    Ok(orders)
}
