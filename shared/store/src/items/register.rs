//! Mirrors of the register, of what the public may read, of waiting work, history, deliveries and stored answers.

use domain::ids::*;
use domain::model::*;
use domain::series::Written;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::copy::{AnnulmentDecisionItem, NumberItem};
use super::shape;
use crate::wire::{As, Bin, Forms, Hex, Id, Many, Opt, Time, Wire};

shape!(CounterItem => Counter, EntryItem => Entry, PublicCopyItem => PublicCopy);
shape!(TopicItem => Topic, WaitsForItem => WaitsFor, LearnedItem => Learned, OutboxItem => Outbox, PutOffItem => PutOff, EventItem => Event, ChannelItem => Channel, DeliveryItem => Delivery, OneTimeCodeItem => OneTimeCode);

#[derive(Deserialize, Serialize)]
#[serde(remote = "Counter")]
pub(crate) struct CounterItem {
    #[serde(with = "As::<Id>")]
    unit: UnitId,
    suffix: String,
    year: i16,
    last: u32,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Entry")]
pub(crate) struct EntryItem {
    #[serde(with = "As::<Id>")]
    unit: UnitId,
    #[serde(with = "As::<NumberItem>")]
    number: Number,
    #[serde(with = "As::<Id>")]
    copy: CopyId,
    #[serde(with = "As::<Id>")]
    case: CaseId,
    /// Numbers that were given before forms were kept have none.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "As::<Opt<Forms>>")]
    written: Option<Written>,
    #[serde(with = "As::<Time>")]
    at: Timestamp,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "PublicCopy")]
pub(crate) struct PublicCopyItem {
    #[serde(with = "As::<Id>")]
    copy: CopyId,
    #[serde(with = "As::<Id>")]
    unit: UnitId,
    unit_code: String,
    #[serde(with = "As::<NumberItem>")]
    number: Number,
    #[serde(with = "As::<Time>")]
    sealed_at: Timestamp,
    #[serde(with = "As::<Many<Hex>>")]
    digests: Vec<Sha256>,
    #[serde(with = "As::<Opt<Time>>")]
    annulled_at: Option<Timestamp>,
    /// Copies that were annulled before decisions were kept have none.
    #[serde(default, with = "As::<Opt<AnnulmentDecisionItem>>")]
    annulled_by: Option<AnnulmentDecision>,
    version: Version,
}

/// Leads from a number or digest to a copy and says nothing else.
#[derive(Debug, PartialEq)]
pub(crate) struct Lookup {
    pub(crate) copy: CopyId,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Lookup")]
pub(crate) struct LookupItem {
    #[serde(with = "As::<Id>")]
    copy: CopyId,
}

shape!(LookupItem => Lookup);

/// The names are those of [`Topic::name`]: stream filters compare them.
#[derive(Deserialize, Serialize)]
#[serde(remote = "Topic", rename_all = "snake_case")]
pub(crate) enum TopicItem {
    FinishLeader,
    Seal,
    FinishSeal,
    Archive,
    Deliver,
    Aftercare,
    JudgeBatch,
    FetchEvidence,
    Renew,
    FollowLeader,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Outbox")]
pub(crate) struct OutboxItem {
    #[serde(with = "As::<Id>")]
    id: EventId,
    #[serde(with = "As::<TopicItem>")]
    topic: Topic,
    subject: String,
    #[serde(with = "As::<Time>")]
    at: Timestamp,
    #[serde(with = "As::<Time>")]
    due_at: Timestamp,
    /// Work that was never put off has none.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "As::<Opt<WaitsForItem>>")]
    waits: Option<WaitsFor>,
    /// Nor has work whose tries have paid for nothing.
    #[serde(default, skip_serializing_if = "nothing", with = "As::<LearnedItem>")]
    learned: Learned,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "PutOff")]
pub(crate) struct PutOffItem {
    #[serde(with = "As::<TopicItem>")]
    topic: Topic,
    subject: String,
    #[serde(with = "As::<Id>")]
    order: EventId,
    #[serde(with = "As::<Time>")]
    until: Timestamp,
}

fn nothing(learned: &Learned) -> bool {
    *learned == Learned::default()
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Learned")]
pub(crate) struct LearnedItem {
    token_length: u32,
    #[serde(with = "As::<Many<Many<Bin>>>")]
    authorities: Vec<Vec<Vec<u8>>>,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "WaitsFor", rename_all = "snake_case")]
pub(crate) enum WaitsForItem {
    Timestamp,
    Revocation,
    Repair,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Event")]
pub(crate) struct EventItem {
    subject: String,
    seq: Version,
    #[serde(with = "As::<ActorItem>")]
    actor: Actor,
    action: String,
    #[serde(with = "As::<Time>")]
    at: Timestamp,
}

/// One text, as [`Actor::as_str`] says.
pub(crate) struct ActorItem;

impl Wire<Actor> for ActorItem {
    fn put<S: Serializer>(value: &Actor, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(value.as_str())
    }

    fn take<'de, D: Deserializer<'de>>(from: D) -> Result<Actor, D::Error> {
        let text = String::deserialize(from)?;
        if text == Actor::Gateway.as_str() {
            return Ok(Actor::Gateway);
        }
        UserId::parse(&text).map(Actor::User).map_err(|_| serde::de::Error::custom("an actor that is none"))
    }
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Channel", rename_all = "snake_case")]
pub(crate) enum ChannelItem {
    Account(#[serde(with = "As::<Id>")] AccountId),
    Email(String),
    Counter,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Delivery")]
pub(crate) struct DeliveryItem {
    #[serde(with = "As::<Id>")]
    id: DeliveryId,
    #[serde(with = "As::<Id>")]
    copy: CopyId,
    #[serde(with = "As::<Id>")]
    case: CaseId,
    #[serde(with = "As::<ChannelItem>")]
    channel: Channel,
    #[serde(with = "As::<Opt<Time>>")]
    sent_at: Option<Timestamp>,
    #[serde(with = "As::<Opt<Hex>>")]
    link_digest: Option<Sha256>,
    /// Deliveries that were written before there were codes have none.
    #[serde(default, with = "As::<Opt<OneTimeCodeItem>>")]
    code: Option<OneTimeCode>,
    version: Version,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "OneTimeCode")]
pub(crate) struct OneTimeCodeItem {
    #[serde(with = "As::<Hex>")]
    digest: Sha256,
    #[serde(with = "As::<Time>")]
    at: Timestamp,
    tries_left: u8,
    asked: u8,
}

/// How long an answer is kept (api.md §5.4).
pub(crate) const IDEMPOTENCY_KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Not a mirror: conditions on a running request compare single attributes, so the answer is flat, and absent when the
/// request is running.
#[derive(Deserialize, Serialize)]
pub(crate) struct IdempotencyItem {
    #[serde(with = "As::<Hex>")]
    key: Sha256,
    #[serde(with = "As::<Hex>")]
    fingerprint: Sha256,
    #[serde(with = "As::<Hex>")]
    born: [u8; 16],
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    etag: Option<String>,
    location: Option<String>,
    #[serde(with = "As::<Time>")]
    at: Timestamp,
    /// Seconds since 1970, for conditions.
    begun: i64,
    /// Absent unless true, for conditions.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    released: bool,
    /// Seconds since 1970, for the table's time to live.
    ttl: i64,
}

impl Wire<Idempotency> for IdempotencyItem {
    fn put<S: Serializer>(value: &Idempotency, to: S) -> Result<S::Ok, S::Error> {
        let (status, body) = value.answer.clone().unzip();
        let begun = value.at.as_second();
        let item = IdempotencyItem {
            key: value.key,
            fingerprint: value.fingerprint,
            born: value.born,
            status,
            body,
            etag: value.etag.clone(),
            location: value.location.clone(),
            at: value.at,
            begun,
            released: value.released,
            ttl: begun.saturating_add(IDEMPOTENCY_KEPT.as_secs()),
        };
        item.serialize(to)
    }

    fn take<'de, D: Deserializer<'de>>(from: D) -> Result<Idempotency, D::Error> {
        let item = IdempotencyItem::deserialize(from)?;
        Ok(Idempotency {
            key: item.key,
            fingerprint: item.fingerprint,
            born: item.born,
            answer: item.status.zip(item.body),
            etag: item.etag,
            location: item.location,
            at: item.at,
            released: item.released,
        })
    }
}
