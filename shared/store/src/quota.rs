//! Counts what callers without a token ask.
//!
//! One item for a caller and a day, one attribute for each minute in which something was asked: a single conditional write is
//! atomic over both windows, whoever else counts at the same time. Does not know who the caller is: it gets a digest. The SDK
//! sends a write again whose answer was lost; such a call may count twice, never not at all.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use domain::model::Sha256;
use domain::ports::Fault;
use domain::quota::{Allowance, Spent, Windows};

use crate::Table;
use crate::errors::fault;
use crate::items::{Item, SCHEMA, number, text};
use crate::keys::{self, QUOTA_DAY};
use crate::writes::key_item;

/// Counted under both windows, or under neither.
const UPDATE: &str = "SET #v = :v, #kind = :kind, #ttl = :ttl ADD #day :one, #minute :one";
/// Both windows have room.
const ROOM: &str =
    "(attribute_not_exists(#day) OR #day < :day) AND (attribute_not_exists(#minute) OR #minute < :minute)";

impl Table {
    /// Counts one call of `caller`, a digest that is another one each day, where both windows have room.
    ///
    /// # Errors
    /// [`Fault`] of the table. The caller decides what an uncounted call gets.
    pub async fn spend(&self, caller: &Sha256, windows: &Windows, allowed: Allowance) -> Result<Spent, Fault> {
        let minute = keys::quota_minute(windows.minute);
        let sent = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(key_item(keys::quota(caller))))
            .update_expression(UPDATE)
            .condition_expression(ROOM)
            .expression_attribute_names("#v", "v")
            .expression_attribute_names("#kind", "kind")
            .expression_attribute_names("#ttl", keys::TTL)
            .expression_attribute_names("#day", QUOTA_DAY)
            .expression_attribute_names("#minute", &minute)
            .expression_attribute_values(":v", number(SCHEMA))
            .expression_attribute_values(":kind", text("quota"))
            .expression_attribute_values(":ttl", number(windows.kept_until().as_second()))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":day", number(allowed.day))
            .expression_attribute_values(":minute", number(allowed.minute))
            .return_values(ReturnValue::UpdatedNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match sent {
            Ok(output) => Ok(spent(true, output.attributes.as_ref(), &minute)),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(full)) => {
                    Ok(spent(false, full.item.as_ref(), &minute))
                }
                _ => Err(fault("count of a quota", &error)),
            },
        }
    }
}

/// What the item says; a window that it does not name was not used.
fn spent(granted: bool, item: Option<&Item>, minute: &str) -> Spent {
    let count = |name: &str| {
        let value = item.and_then(|item| item.get(name)).and_then(|value: &AttributeValue| value.as_n().ok());
        value.and_then(|digits| digits.parse().ok()).unwrap_or(0)
    };
    Spent { granted, minute: count(minute), day: count(QUOTA_DAY) }
}
