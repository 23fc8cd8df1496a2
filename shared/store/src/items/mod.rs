//! What an item holds: the domain's types as attribute maps, through serde_dynamo.
//!
//! Does not spell keys ([`crate::keys`]) and does not talk to the table. Every item carries its schema version `v` and its
//! `kind`; unknown attributes are ignored, so that old code reads what newer code wrote.

mod batch;
mod copy;
mod desk;
mod inquiry;
mod register;
#[cfg(test)]
mod tests;
mod verification;

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::batch::{Batch, BatchItem, BatchPlan};
use domain::breaker::Breaker;
use domain::inquiry::Inquiry;
use domain::model::*;
use domain::pause::Unwanted;
use domain::ports::Fault;

pub(crate) use self::register::{IDEMPOTENCY_KEPT, Lookup};
use crate::keys::{self, Key};
use crate::wire::{In, Out, Wire};

/// Declares that a mirror is the shape of a domain type.
macro_rules! shape {
    ($($mirror:ident => $domain:ty),+) => {$(
        impl crate::wire::Wire<$domain> for $mirror {
            fn put<S: serde::Serializer>(value: &$domain, to: S) -> Result<S::Ok, S::Error> {
                $mirror::serialize(value, to)
            }

            fn take<'de, D: serde::Deserializer<'de>>(from: D) -> Result<$domain, D::Error> {
                $mirror::deserialize(from)
            }
        }
    )+};
}
pub(crate) use shape;

/// An item as the SDK wants it.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// Schema version of every item that this code writes.
pub(crate) const SCHEMA: u32 = 1;
const SCHEMA_ATTRIBUTE: &str = "v";
const KIND_ATTRIBUTE: &str = "kind";

/// A domain type that is an item of its own.
pub(crate) trait Kept: Sized {
    /// The item's `kind`.
    const KIND: &'static str;
    /// How it is written.
    type Shape: Wire<Self>;
}

macro_rules! kept {
    ($($domain:ty, $kind:literal, $shape:ty;)+) => {$(
        impl Kept for $domain {
            const KIND: &'static str = $kind;
            type Shape = $shape;
        }
    )+};
}

kept! {
    Unit, "unit", desk::UnitItem;
    User, "user", desk::UserItem;
    Appointment, "appointment", desk::AppointmentItem;
    Slot, "slot", desk::SlotItem;
    Upload, "upload", desk::UploadItem;
    Case, "case", desk::CaseItem;
    Copy, "copy", copy::CopyItem;
    Session, "session", copy::SessionRow;
    Prompt, "prompt", copy::PromptRow;
    Delivered, "delivered", copy::DeliveredRow;
    Unwanted, "unwanted", copy::UnwantedRow;
    Breaker, "breaker", copy::BreakerRow;
    Counter, "counter", register::CounterItem;
    Entry, "entry", register::EntryItem;
    PublicCopy, "public_copy", register::PublicCopyItem;
    Lookup, "lookup", register::LookupItem;
    Outbox, "outbox", register::OutboxItem;
    PutOff, "put_off", register::PutOffItem;
    Event, "event", register::EventItem;
    Delivery, "delivery", register::DeliveryItem;
    KeptReport, "kept_report", verification::KeptReportItem;
    KeptVerdict, "kept_verdict", verification::KeptVerdictItem;
    Watch, "watch", verification::WatchItem;
    Paper, "paper", batch::PaperItem;
    Batch, "batch", batch::BatchRow;
    BatchPlan, "batch_plan", batch::BatchPlanItem;
    BatchItem, "batch_item", batch::BatchItemRow;
    Inquiry, "inquiry", inquiry::InquiryItem;
    Idempotency, "idempotency", register::IdempotencyItem;
}

/// The whole item: attributes, key, place in the index, version and kind.
pub(crate) fn encode<T: Kept>(value: &T, key: Key, index: Option<Key>) -> Result<Item, Fault> {
    let mut item: Item = serde_dynamo::to_item(Out::<T, T::Shape>::new(value))
        .map_err(|e: serde_dynamo::Error| Fault(format!("a {} does not encode: {}", T::KIND, safe(&e))))?;
    item.insert(SCHEMA_ATTRIBUTE.into(), AttributeValue::N(SCHEMA.to_string()));
    item.insert(KIND_ATTRIBUTE.into(), text(T::KIND));
    item.insert(keys::PK.into(), AttributeValue::S(key.pk));
    item.insert(keys::SK.into(), AttributeValue::S(key.sk));
    if let Some(index) = index {
        item.insert(keys::INDEX_PK.into(), AttributeValue::S(index.pk));
        item.insert(keys::INDEX_SK.into(), AttributeValue::S(index.sk));
    }
    Ok(item)
}

/// Reads an item back; another kind or schema version is a fault, never a guess.
pub(crate) fn decode<T: Kept>(item: Item) -> Result<T, Fault> {
    let kind = item.get(KIND_ATTRIBUTE).and_then(|v| v.as_s().ok());
    if kind.is_none_or(|k| k != T::KIND) {
        return Err(Fault(format!("an item is not a {} but {kind:?}", T::KIND)));
    }
    let version = item.get(SCHEMA_ATTRIBUTE).and_then(|v| v.as_n().ok()).and_then(|n| n.parse::<u32>().ok());
    if version != Some(SCHEMA) {
        return Err(Fault(format!("a {} has schema version {version:?}", T::KIND)));
    }
    serde_dynamo::from_item::<_, In<T, T::Shape>>(item)
        .map(|read| read.0)
        .map_err(|e| Fault(format!("a {} does not decode: {}", T::KIND, safe(&e))))
}

/// What work has learned, as the attribute of its item.
pub(crate) fn learned(learned: &Learned) -> Result<AttributeValue, Fault> {
    serde_dynamo::to_attribute_value(Out::<Learned, register::LearnedItem>::new(learned))
        .map_err(|e: serde_dynamo::Error| Fault(format!("what was learned does not encode: {}", safe(&e))))
}

/// An error without what the item held: serde quotes the offending value, and an item may hold an identity number.
fn safe(error: &serde_dynamo::Error) -> String {
    let error = error.to_string();
    if error.starts_with("missing field") || error.starts_with("expected an identifier") {
        return error;
    }
    error.split([':', '\'', '"', '`']).next().unwrap_or_default().to_owned()
}

/// A text attribute.
pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// A number attribute.
pub(crate) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
