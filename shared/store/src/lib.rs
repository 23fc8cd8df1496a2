//! The table: DynamoDB behind [`domain::ports::Records`].
//!
//! Does not know rules and never merges: a commit is one transaction whose conditions either all hold or nothing is
//! written. Every `load` is strongly consistent; lists that come through the index read only keys there and load the
//! items themselves consistently, so they may be a moment behind in *what they list*, never in what they say about it.

mod annulments;
mod batches;
mod errors;
mod items;
pub mod keys;
#[cfg(test)]
mod model;
mod quota;
mod reads;
mod reports;
#[cfg(test)]
mod samples;
mod wire;
mod writes;

pub use annulments::{Listed, Span};
pub use reports::REPORT_LIMIT;

use std::collections::HashMap;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::breaker::Breaker;
use domain::copy::CopyState;
use domain::ids::*;
use domain::model::*;
use domain::pause::Unwanted;
use domain::ports::{Begun, CommitError, Fault, Queue, Records, Write};
use jiff::Timestamp;

use crate::errors::fault;
use crate::items::{IDEMPOTENCY_KEPT, Lookup, encode, number, text};
use crate::reads::{Part, Range};

/// Time to connect.
const CONNECT: Duration = Duration::from_secs(2);
/// Time for one attempt.
const ATTEMPT: Duration = Duration::from_secs(5);
/// Time for an operation with the SDK's retries.
const OPERATION: Duration = Duration::from_secs(15);
/// A request that has been running for longer is taken over (api.md §5.4), in seconds.
const RUNNING_AT_MOST: i64 = 60;

/// The table of this installation.
#[derive(Clone, Debug)]
pub struct Table {
    client: Client,
    name: String,
}

impl Table {
    /// A client for the table `name`. Does not connect.
    pub fn new(aws: &SdkConfig, name: impl Into<String>) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .operation_attempt_timeout(ATTEMPT)
            .operation_timeout(OPERATION)
            .build();
        let config = aws_sdk_dynamodb::config::Builder::from(aws).timeout_config(timeouts).build();
        Self { client: Client::from_conf(config), name: name.into() }
    }

    /// Leads from a lookup item to the public facts.
    async fn public_through(&self, lookup: keys::Key) -> Result<Option<PublicCopy>, Fault> {
        match self.load::<Lookup>(lookup).await? {
            Some(lookup) => self.public_copy(&lookup.copy).await,
            None => Ok(None),
        }
    }

    /// Writes the record of a request where `condition` holds; `false` where it does not.
    async fn idempotency_put(&self, record: &Idempotency, condition: &Condition) -> Result<bool, Fault> {
        let put = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(encode(record, keys::idempotency(&record.key), None)?))
            .condition_expression(condition.text)
            .set_expression_attribute_names(Some(condition.names()))
            .set_expression_attribute_values(Some(condition.values()));
        match put.send().await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(e)) if matches!(e.err(), PutItemError::ConditionalCheckFailedException(_)) => {
                Ok(false)
            }
            Err(e) => Err(fault("idempotency", &e)),
        }
    }

    /// Begins a request that nobody has begun, or that nobody remembers.
    async fn idempotency_first(&self, record: &Idempotency) -> Result<bool, Fault> {
        let condition = Condition {
            text: "attribute_not_exists(pk) OR #ttl < :now",
            names: &[("#ttl", keys::TTL)],
            values: vec![(":now", number(record.at.as_second()))],
        };
        self.idempotency_put(&running(record), &condition).await
    }

    /// Begins a request again, if it is still as it was seen; the bytes it was born with stay.
    async fn idempotency_again(&self, record: &Idempotency, seen: &Idempotency) -> Result<bool, Fault> {
        let condition = Condition {
            text: "#fingerprint = :fingerprint AND attribute_not_exists(#status) AND #begun = :begun \
                   AND (#released = :yes OR #begun < :stale)",
            names: &[FINGERPRINT, STATUS, ("#begun", "begun"), ("#released", "released")],
            values: vec![
                (":fingerprint", text(keys::hex(&record.fingerprint))),
                (":begun", number(seen.at.as_second())),
                (":yes", AttributeValue::Bool(true)),
                (":stale", number(record.at.as_second().saturating_sub(RUNNING_AT_MOST))),
            ],
        };
        self.idempotency_put(&running(&Idempotency { born: seen.born, ..record.clone() }), &condition).await
    }

    /// Keeps the answer of a request that is still recorded as running; the first answer stays.
    async fn idempotency_keep(&self, record: &Idempotency) -> Result<(), Fault> {
        let condition = Condition {
            text: "attribute_not_exists(pk) OR (#fingerprint = :fingerprint AND attribute_not_exists(#status))",
            names: &[FINGERPRINT, STATUS],
            values: vec![(":fingerprint", text(keys::hex(&record.fingerprint)))],
        };
        self.idempotency_put(record, &condition).await.map(drop)
    }

    /// Lets the next try begin at once, unless another one has begun already.
    async fn idempotency_release(&self, record: &Idempotency) -> Result<(), Fault> {
        let condition = Condition {
            text: "#fingerprint = :fingerprint AND attribute_not_exists(#status) AND #begun = :begun",
            names: &[FINGERPRINT, STATUS, ("#begun", "begun")],
            values: vec![
                (":fingerprint", text(keys::hex(&record.fingerprint))),
                (":begun", number(record.at.as_second())),
            ],
        };
        self.idempotency_put(&Idempotency { released: true, ..running(record) }, &condition).await.map(drop)
    }
}

const FINGERPRINT: (&str, &str) = ("#fingerprint", "fingerprint");
const STATUS: (&str, &str) = ("#status", "status");

/// A condition on an item, with the names and values that it uses.
struct Condition {
    text: &'static str,
    names: &'static [(&'static str, &'static str)],
    values: Vec<(&'static str, AttributeValue)>,
}

impl Condition {
    fn names(&self) -> HashMap<String, String> {
        self.names.iter().map(|(sign, name)| ((*sign).to_owned(), (*name).to_owned())).collect()
    }

    fn values(&self) -> HashMap<String, AttributeValue> {
        self.values.iter().map(|(sign, value)| ((*sign).to_owned(), value.clone())).collect()
    }
}

/// A request that runs: whatever the record says, it has no answer yet.
fn running(record: &Idempotency) -> Idempotency {
    Idempotency { answer: None, etag: None, location: None, released: false, ..record.clone() }
}

/// Whether a known request may be begun again by `record`.
fn ended_badly(known: &Idempotency, record: &Idempotency) -> bool {
    let stale = known.at.as_second() < record.at.as_second().saturating_sub(RUNNING_AT_MOST);
    known.fingerprint == record.fingerprint && known.answer.is_none() && (known.released || stale)
}

/// Until when a request is remembered.
fn kept_until(record: &Idempotency) -> Timestamp {
    record.at.saturating_add(IDEMPOTENCY_KEPT).unwrap_or(Timestamp::MAX)
}

impl Records for Table {
    async fn commit(&self, writes: Vec<Write>) -> Result<(), CommitError> {
        let parts = writes::transaction(&self.name, &writes).map_err(CommitError::Unknown)?;
        if parts.is_empty() {
            return Ok(());
        }
        let sent = self.client.transact_write_items().set_transact_items(Some(parts)).send().await;
        sent.map(|_| ()).map_err(errors::commit)
    }

    async fn unit(&self, id: &UnitId) -> Result<Option<Unit>, Fault> {
        self.load(keys::unit(id)).await
    }

    async fn units(&self) -> Result<Vec<Unit>, Fault> {
        let keys = self.index_keys(keys::CATALOGUE.into(), None, Range::ALL).await?;
        self.load_many(keys).await
    }

    async fn user(&self, id: &UserId) -> Result<Option<User>, Fault> {
        self.load(keys::user(id)).await
    }

    async fn appointment(&self, id: &AppointmentId) -> Result<Option<Appointment>, Fault> {
        self.load(keys::appointment(id)).await
    }

    async fn slot(&self, unit: &UnitId, start: Timestamp) -> Result<Option<Slot>, Fault> {
        self.load(keys::slot(unit, start)).await
    }

    async fn slots(&self, unit: &UnitId, from: Timestamp, to: Timestamp) -> Result<Vec<Slot>, Fault> {
        if from >= to {
            return Ok(Vec::new());
        }
        let (first, last) = (keys::slot_start(from), keys::slot_start(to));
        let found: Vec<Slot> = self.partition(keys::slots(unit), Part::Between(first, last)).await?;
        Ok(found.into_iter().filter(|slot| slot.start >= from && slot.start < to).collect())
    }

    async fn upload(&self, id: &UploadId) -> Result<Option<Upload>, Fault> {
        self.load(keys::upload(id)).await
    }

    async fn case(&self, id: &CaseId) -> Result<Option<Case>, Fault> {
        self.load(keys::case(id)).await
    }

    async fn copy(&self, id: &CopyId) -> Result<Option<Copy>, Fault> {
        self.load(keys::copy(id)).await
    }

    async fn session(&self, id: &SessionId) -> Result<Option<Session>, Fault> {
        self.load(keys::session(id)).await
    }

    async fn prompt(&self, user: &UserId) -> Result<Option<Prompt>, Fault> {
        self.load(keys::prompt(user)).await
    }

    async fn breaker(&self, gateway: &str) -> Result<Option<Breaker>, Fault> {
        self.load(keys::breaker(gateway)).await
    }

    async fn unwanted(&self, user: &UserId) -> Result<Option<Unwanted>, Fault> {
        self.load(keys::unwanted(user)).await
    }

    async fn counter(&self, unit: &UnitId, suffix: &str, year: i16) -> Result<Option<Counter>, Fault> {
        self.load(keys::counter(unit, suffix, year)).await
    }

    async fn entry(&self, unit: &UnitId, suffix: &str, year: i16, number: u32) -> Result<Option<Entry>, Fault> {
        self.load(keys::entry(unit, suffix, year, number)).await
    }

    async fn public_copy(&self, id: &CopyId) -> Result<Option<PublicCopy>, Fault> {
        self.load(keys::public_copy(id)).await
    }

    async fn public_by_number(
        &self,
        unit_code: &str,
        suffix: &str,
        year: i16,
        number: u32,
    ) -> Result<Option<PublicCopy>, Fault> {
        self.public_through(keys::public_number(unit_code, suffix, year, number)).await
    }

    async fn public_by_digest(&self, sha256: &Sha256) -> Result<Option<PublicCopy>, Fault> {
        let found = self.public_through(keys::digest(sha256)).await?;
        // The copy decides, not the lookup: only a digest that stands on it is one of its files.
        Ok(found.filter(|public| public.digests.contains(sha256)))
    }

    async fn queue(&self, unit: &UnitId, queue: Queue, limit: u32) -> Result<Vec<Copy>, Fault> {
        let keys = self.index_keys(keys::queue(unit, queue), None, Range::first(limit)).await?;
        let copies: Vec<Copy> = self.load_many(keys).await?;
        Ok(copies.into_iter().filter(|copy| copy.unit == *unit && keys::waits_in(&copy.state) == Some(queue)).collect())
    }

    async fn account_copies(&self, account: &AccountId) -> Result<Vec<(Copy, Delivery)>, Fault> {
        let keys = self.index_keys(keys::account(account), None, Range::ALL_BACKWARDS).await?;
        let deliveries: Vec<Delivery> = self.load_many(keys).await?;
        let ours = |d: &Delivery| matches!(&d.channel, Channel::Account(a) if a == account);
        let deliveries: Vec<_> = deliveries.into_iter().filter(ours).collect();
        let copies: Vec<Copy> = self.load_many(deliveries.iter().map(|d| keys::copy(&d.copy)).collect()).await?;
        let issued = |c: &&Copy| matches!(c.state, CopyState::Sealed { .. } | CopyState::Annulled { .. });
        let of = |d: Delivery| copies.iter().filter(issued).find(|c| c.id == d.copy).cloned().map(|c| (c, d));
        Ok(deliveries.into_iter().filter_map(of).collect())
    }

    async fn deliveries(&self, case: &CaseId) -> Result<Vec<Delivery>, Fault> {
        self.partition(keys::case_partition(case), Part::Begins(keys::DELIVERY_PREFIX.to_owned())).await
    }

    async fn due(&self, topic: Topic, now: Timestamp, limit: u32) -> Result<Vec<Outbox>, Fault> {
        let keys = self.index_keys(keys::due(topic), Some(keys::due_until(now)), Range::first(limit)).await?;
        let waiting: Vec<Outbox> = self.load_many(keys).await?;
        Ok(waiting.into_iter().filter(|work| work.topic == topic && work.due_at <= now).collect())
    }

    async fn put_off(&self, steps: &[(Topic, &str)]) -> Result<Vec<Outbox>, Fault> {
        let keys = steps.iter().map(|(topic, subject)| keys::waits(*topic, subject)).collect();
        let known: Vec<PutOff> = self.load_many(keys).await?;
        let orders: Vec<Outbox> = self.load_many(known.iter().map(|one| keys::outbox(&one.order)).collect()).await?;
        Ok(orders.into_iter().filter(|order| known.iter().any(|one| one.leads_to(order))).collect())
    }

    async fn open_sessions(&self, limit: u32) -> Result<Vec<Session>, Fault> {
        let keys = self.index_keys(keys::OPEN_SESSIONS.into(), None, Range::first(limit)).await?;
        let sessions: Vec<Session> = self.load_many(keys).await?;
        Ok(sessions.into_iter().filter(Session::is_swept).collect())
    }

    async fn events(&self, subject: &str) -> Result<Vec<Event>, Fault> {
        self.partition(keys::history(subject), Part::All).await
    }

    async fn idempotency_begin(&self, record: &Idempotency) -> Result<Begun, Fault> {
        // What is read between two writes of others is out of date: one more look decides.
        for _ in 0..2 {
            if self.idempotency_first(record).await? {
                return Ok(Begun::First);
            }
            let known: Option<Idempotency> = self.load(keys::idempotency(&record.key)).await?;
            let Some(known) = known.filter(|known| kept_until(known) >= record.at) else { continue };
            // Our own: the SDK has sent it again after a reply that was lost.
            if known.born == record.born && known.answer.is_none() && !known.released {
                return Ok(Begun::First);
            }
            if !ended_badly(&known, record) {
                return Ok(Begun::Known(known));
            }
            if self.idempotency_again(record, &known).await? {
                return Ok(Begun::Again(known.born));
            }
        }
        Err(Fault("a request with this idempotency key keeps coming and going".into()))
    }

    async fn idempotency_end(&self, record: &Idempotency) -> Result<(), Fault> {
        match &record.answer {
            Some((status, _)) if *status >= 500 => self.idempotency_release(record).await,
            Some(_) => self.idempotency_keep(record).await,
            None => Err(Fault("a request ended without an answer".into())),
        }
    }
}
