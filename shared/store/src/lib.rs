//! The table: DynamoDB behind [`domain::ports::Records`].
//!
//! Does not know rules and never merges: a commit is one transaction whose conditions either all hold or nothing is
//! written. Every `load` is strongly consistent; lists that come through the index read only keys there and load the
//! items themselves consistently, so they may be a moment behind in *what they list*, never in what they say about it.

mod errors;
mod items;
pub mod keys;
mod reads;
mod reports;
#[cfg(test)]
mod samples;
mod wire;
mod writes;

pub use reports::REPORT_LIMIT;

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use domain::copy::CopyState;
use domain::ids::*;
use domain::model::*;
use domain::ports::{CommitError, Fault, Queue, Records, Write};
use jiff::Timestamp;

use crate::errors::fault;
use crate::items::{IDEMPOTENCY_KEPT, Item, Lookup, encode, number, text};
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

    /// Records a request as running unless it is known and not to be taken over.
    async fn idempotency_record(&self, record: &Idempotency) -> Result<bool, Fault> {
        let began = record.at.as_second();
        let answer = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(running(record)?))
            .condition_expression(
                "attribute_not_exists(pk) OR #ttl < :now \
                 OR (#fingerprint = :fingerprint AND attribute_not_exists(#status) AND #begun < :stale) \
                 OR (#fingerprint = :fingerprint AND #status >= :failed)",
            )
            .expression_attribute_names("#ttl", keys::TTL)
            .expression_attribute_names("#fingerprint", "fingerprint")
            .expression_attribute_names("#status", "status")
            .expression_attribute_names("#begun", "begun")
            .expression_attribute_values(":now", number(began))
            .expression_attribute_values(":stale", number(began.saturating_sub(RUNNING_AT_MOST)))
            .expression_attribute_values(":failed", number(500))
            .expression_attribute_values(":fingerprint", text(keys::hex(&record.fingerprint)))
            .send()
            .await;
        match answer {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(e)) if matches!(e.err(), PutItemError::ConditionalCheckFailedException(_)) => {
                Ok(false)
            }
            Err(e) => Err(fault("idempotency", &e)),
        }
    }

    /// Keeps the answer of a request that is still recorded as running; the first answer stays.
    async fn idempotency_keep(&self, record: &Idempotency) -> Result<(), Fault> {
        let answer = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(encode(record, keys::idempotency(&record.key), None)?))
            .condition_expression(
                "attribute_not_exists(pk) OR (#fingerprint = :fingerprint AND attribute_not_exists(#status))",
            )
            .expression_attribute_names("#fingerprint", "fingerprint")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":fingerprint", text(keys::hex(&record.fingerprint)))
            .send()
            .await;
        match answer {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(e)) if matches!(e.err(), PutItemError::ConditionalCheckFailedException(_)) => {
                Ok(())
            }
            Err(e) => Err(fault("idempotency", &e)),
        }
    }

    /// Forgets a request that ended in a fault, so that the client may try again at once.
    async fn idempotency_forget(&self, record: &Idempotency) -> Result<(), Fault> {
        use aws_sdk_dynamodb::operation::delete_item::DeleteItemError::ConditionalCheckFailedException;
        let answer = self
            .client
            .delete_item()
            .table_name(&self.name)
            .set_key(Some(writes::key_item(keys::idempotency(&record.key))))
            .condition_expression("#fingerprint = :fingerprint AND attribute_not_exists(#status)")
            .expression_attribute_names("#fingerprint", "fingerprint")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":fingerprint", text(keys::hex(&record.fingerprint)))
            .send()
            .await;
        match answer {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(e)) if matches!(e.err(), ConditionalCheckFailedException(_)) => Ok(()),
            Err(e) => Err(fault("idempotency", &e)),
        }
    }
}

/// The item of a request that runs: whatever the record says, it has no answer yet.
fn running(record: &Idempotency) -> Result<Item, Fault> {
    let running = Idempotency { answer: None, etag: None, location: None, ..record.clone() };
    encode(&running, keys::idempotency(&record.key), None)
}

/// Whether [`Table::idempotency_record`] would take a known record over, when it is read later than that was tried.
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

    async fn open_sessions(&self, limit: u32) -> Result<Vec<Session>, Fault> {
        let keys = self.index_keys(keys::OPEN_SESSIONS.into(), None, Range::first(limit)).await?;
        let sessions: Vec<Session> = self.load_many(keys).await?;
        Ok(sessions.into_iter().filter(|session| !session.state.is_terminal()).collect())
    }

    async fn events(&self, subject: &str) -> Result<Vec<Event>, Fault> {
        self.partition(keys::history(subject), Part::All).await
    }

    async fn idempotency_begin(&self, record: &Idempotency) -> Result<Option<Idempotency>, Fault> {
        if self.idempotency_record(record).await? {
            return Ok(None);
        }
        let known: Option<Idempotency> = self.load(keys::idempotency(&record.key)).await?;
        match known.filter(|known| kept_until(known) >= record.at) {
            Some(known) => Ok(Some(known)),
            // It ended in a fault, or ran out, between the two calls: one more try decides.
            None if self.idempotency_record(record).await? => Ok(None),
            None => Err(Fault("a request with this idempotency key keeps coming and going".into())),
        }
    }

    async fn idempotency_end(&self, record: &Idempotency) -> Result<(), Fault> {
        match &record.answer {
            Some((status, _)) if *status >= 500 => self.idempotency_forget(record).await,
            Some(_) => self.idempotency_keep(record).await,
            None => Err(Fault("a request ended without an answer".into())),
        }
    }
}
