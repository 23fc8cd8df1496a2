//! Loads, partitions and the index.
//!
//! Does not cache. The index gives keys only, whatever it projects: its attributes lag behind the table.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use domain::ports::Fault;

use crate::Table;
use crate::errors::fault;
use crate::items::{Item, Kept, decode, text};
use crate::keys::{self, Key};
use crate::writes::{key_item, unbuilt};

/// The limit of a BatchGetItem.
const BATCH: usize = 100;
/// How often a batch is sent again for keys that were not read for want of throughput; the SDK waits between its own.
const BATCH_TRIES: usize = 8;
/// Most keys that one call reads from the index, and most items of one partition. More is a fault and no silent cut.
const MOST: usize = 10_000;

/// How much of a partition of the index.
#[derive(Clone, Copy)]
pub(crate) struct Range {
    limit: Option<u32>,
    forward: bool,
}

impl Range {
    /// Everything, in order.
    pub(crate) const ALL: Range = Range { limit: None, forward: true };
    /// Everything, last first.
    pub(crate) const ALL_BACKWARDS: Range = Range { limit: None, forward: false };

    /// The first `limit`.
    pub(crate) fn first(limit: u32) -> Range {
        Range { limit: Some(limit), forward: true }
    }
}

/// Which sort keys of a partition.
pub(crate) enum Part {
    /// Every one.
    All,
    /// From the first to the second, both included.
    Between(String, String),
    /// Those that begin so.
    Begins(String),
}

impl Table {
    /// One item, strongly consistent.
    pub(crate) async fn load<T: Kept>(&self, key: Key) -> Result<Option<T>, Fault> {
        let request = self.client.get_item().table_name(&self.name).set_key(Some(key_item(key))).consistent_read(true);
        let found = request.send().await.map_err(|e| fault(&format!("load of a {}", T::KIND), &e))?;
        found.item.map(decode).transpose()
    }

    /// Items by key, strongly consistent, in the order of the keys; those that are gone are left out.
    pub(crate) async fn load_many<T: Kept>(&self, keys: Vec<Key>) -> Result<Vec<T>, Fault> {
        let mut found = HashMap::with_capacity(keys.len());
        let mut unique = keys.clone();
        unique.sort_unstable_by(|a, b| (&a.pk, &a.sk).cmp(&(&b.pk, &b.sk)));
        // A batch refuses the same key twice.
        unique.dedup();
        for batch in unique.chunks(BATCH) {
            self.load_batch(batch.iter().cloned().map(key_item).collect(), &mut found).await?;
        }
        let mut items = Vec::with_capacity(keys.len());
        for key in keys {
            if let Some(item) = found.get(&key) {
                items.push(decode(item.clone())?);
            }
        }
        Ok(items)
    }

    async fn load_batch(&self, keys: Vec<Item>, found: &mut HashMap<Key, Item>) -> Result<(), Fault> {
        let mut wanted =
            Some(KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true).build().map_err(unbuilt)?);
        for _ in 0..BATCH_TRIES {
            let Some(keys) = wanted.take() else { return Ok(()) };
            let request = self.client.batch_get_item().request_items(&self.name, keys);
            let answer = request.send().await.map_err(|e| fault("load of a batch", &e))?;
            for item in answer.responses.and_then(|mut tables| tables.remove(&self.name)).unwrap_or_default() {
                found.insert(key_of(&item)?, item);
            }
            wanted = answer
                .unprocessed_keys
                .and_then(|mut tables| tables.remove(&self.name))
                .filter(|k| !k.keys().is_empty());
        }
        if wanted.is_some() { Err(Fault("a batch was not read to its end".into())) } else { Ok(()) }
    }

    /// The items of a partition, strongly consistent, in the order of their sort keys.
    pub(crate) async fn partition<T: Kept>(&self, pk: String, part: Part) -> Result<Vec<T>, Fault> {
        let request = self.client.query().table_name(&self.name).consistent_read(true);
        let request = request.expression_attribute_values(":pk", text(pk));
        let request = match part {
            Part::All => request.key_condition_expression("pk = :pk"),
            Part::Between(from, to) => request
                .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
                .expression_attribute_values(":from", text(from))
                .expression_attribute_values(":to", text(to)),
            Part::Begins(prefix) => request
                .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
                .expression_attribute_values(":prefix", text(prefix)),
        };
        let mut items = Vec::new();
        let mut start: Option<Item> = None;
        loop {
            let page = request.clone().set_exclusive_start_key(start).send().await;
            let page = page.map_err(|e| fault(&format!("query of {}s", T::KIND), &e))?;
            for item in page.items.unwrap_or_default() {
                items.push(decode(item)?);
            }
            start = page.last_evaluated_key.filter(|key| !key.is_empty());
            if start.is_none() {
                return Ok(items);
            }
            if items.len() >= MOST {
                return Err(Fault(format!("more than {MOST} {}s in one partition", T::KIND)));
            }
        }
    }

    /// Primary keys in a partition of the index, up to and including the sort key `until`.
    pub(crate) async fn index_keys(&self, pk: String, until: Option<String>, range: Range) -> Result<Vec<Key>, Fault> {
        let request =
            self.client.query().table_name(&self.name).index_name(keys::INDEX).scan_index_forward(range.forward);
        let request = request.projection_expression("pk, sk").expression_attribute_values(":pk", text(pk));
        let request = match until {
            None => request.key_condition_expression("gsi1pk = :pk"),
            Some(until) => request
                .key_condition_expression("gsi1pk = :pk AND gsi1sk <= :until")
                .expression_attribute_values(":until", text(until)),
        };
        let most = range.limit.map_or(MOST, |limit| usize::try_from(limit).unwrap_or(MOST).min(MOST));
        let page_size = i32::try_from(most.clamp(1, 1_000)).unwrap_or(1_000);
        let mut found = Vec::new();
        let mut start: Option<Item> = None;
        loop {
            let page = request.clone().limit(page_size).set_exclusive_start_key(start).send().await;
            let page = page.map_err(|e| fault("query of the index", &e))?;
            for item in page.items.unwrap_or_default() {
                found.push(key_of(&item)?);
            }
            start = page.last_evaluated_key.filter(|key| !key.is_empty());
            if found.len() >= most || start.is_none() {
                break;
            }
        }
        if range.limit.is_none() && start.is_some() {
            return Err(Fault(format!("more than {MOST} entries in one partition of the index")));
        }
        found.truncate(most);
        Ok(found)
    }
}

fn key_of(item: &Item) -> Result<Key, Fault> {
    let part = |name: &str| item.get(name).and_then(|v: &AttributeValue| v.as_s().ok()).cloned();
    match (part(keys::PK), part(keys::SK)) {
        (Some(pk), Some(sk)) => Ok(Key { pk, sk }),
        _ => Err(Fault("an item without a key".into())),
    }
}
