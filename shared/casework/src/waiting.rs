//! Whose answer a copy or a session waits for, for people to see. It is read from the order that the sweeps try again; no step depends on it.
//!
//! Does not say that somebody is at fault: an order that was not yet put off waits for nobody.

use domain::copy::CopyState;
use domain::model::{Copy, Outbox, Purpose, Session, SessionState, Topic};
use domain::ports::{Fault, Records};

/// What is done next, and with what: an order's topic and its subject.
type Step<'a> = (Topic, &'a str);

/// The order of a copy that was put off, with whom it waits for.
///
/// # Errors
/// [`Fault`] of the table.
pub async fn of_copy(records: &impl Records, copy: &Copy) -> Result<Option<Outbox>, Fault> {
    let orders = of_copies(records, std::slice::from_ref(copy)).await?;
    Ok(orders.into_iter().next().flatten())
}

/// The same of each copy, in their order.
///
/// # Errors
/// [`Fault`] of the table.
pub async fn of_copies(records: &impl Records, copies: &[Copy]) -> Result<Vec<Option<Outbox>>, Fault> {
    let steps: Vec<Option<Step<'_>>> = copies.iter().map(of).collect();
    let orders = put_off(records, &steps.iter().flatten().copied().collect::<Vec<_>>()).await?;
    let order = |step: Step<'_>| orders.iter().find(|order| (order.topic, order.subject.as_str()) == step).cloned();
    Ok(steps.into_iter().map(|step| order(step?)).collect())
}

/// What brings a copy on from where it stands.
fn of(copy: &Copy) -> Option<Step<'_>> {
    match &copy.state {
        CopyState::AwaitingSignature { session, .. } => Some((Topic::FinishLeader, session.as_str())),
        CopyState::SealRequested { session, .. } | CopyState::Numbered { prepared: None, session, .. } => {
            Some((Topic::Seal, session.as_str()))
        }
        CopyState::Numbered { prepared: Some(_), .. } => Some((Topic::FinishSeal, copy.id.as_str())),
        CopyState::Sealed { archived: None, .. } => Some((Topic::Archive, copy.id.as_str())),
        _ => None,
    }
}

/// The same of a session: the order for all of it, or else that of one of its copies, the one that waits longest.
///
/// # Errors
/// [`Fault`] of the table.
pub async fn of_session(records: &impl Records, session: &Session) -> Result<Option<Outbox>, Fault> {
    let own = session.id.as_str();
    let steps: Vec<Step<'_>> = match (session.purpose, session.state) {
        (Purpose::LeaderSign, SessionState::Timestamping) => vec![(Topic::FinishLeader, own)],
        (Purpose::Seal, SessionState::Sending | SessionState::Timestamping) => {
            let open = session.items.iter().filter(|item| !item.done);
            open.map(|item| (Topic::FinishSeal, item.copy.as_str())).chain([(Topic::Seal, own)]).collect()
        }
        _ => Vec::new(),
    };
    let orders = put_off(records, &steps).await?;
    Ok(orders.into_iter().min_by_key(|order| (order.topic != Topic::Seal, order.at)))
}

async fn put_off(records: &impl Records, steps: &[Step<'_>]) -> Result<Vec<Outbox>, Fault> {
    if steps.is_empty() { Ok(Vec::new()) } else { records.put_off(steps).await }
}
