//! What the expressions of our transactions say about an item.
//!
//! Knows the words that our own expressions use; any other word stops the model, so that it can never be easier to please than DynamoDB.

use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};

use crate::items::Item;
use crate::keys;

/// A condition by the kind of its item and its expression; two transactions that ask the same of the same kind have one.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Condition {
    /// What the keys of the item begin with.
    pub(super) kind: String,
    /// With names filled in.
    pub(super) expression: String,
}

impl Condition {
    /// What guards a file (`If-None-Match: *`).
    pub(super) fn of_objects() -> Self {
        Self { kind: "object".to_owned(), expression: "If-None-Match: *".to_owned() }
    }

    /// What a part of a transaction asks for.
    pub(super) fn of(part: &TransactWriteItem) -> Option<Self> {
        if let Some(update) = &part.update {
            panic!("the model knows no updates: {update:?}");
        }
        if let Some(delete) = &part.delete {
            assert_eq!(delete.condition_expression, None, "the model knows no conditions of deletes");
        }
        let put = part.put.as_ref()?;
        let mut expression = put.condition_expression.clone()?;
        for (placed, name) in put.expression_attribute_names.iter().flatten() {
            expression = expression.replace(placed, name);
        }
        Some(Self { kind: kind(&put.item), expression })
    }
}

/// `REG/NEXT` for the head of a series, `REG/NO` for a number.
pub(super) fn kind(item: &Item) -> String {
    let first = |name: &str| text(item.get(name)).split('#').next().unwrap_or_default().to_owned();
    let (pk, sk) = (first(keys::PK), first(keys::SK));
    if pk == sk { pk } else { format!("{pk}/{sk}") }
}

/// A text attribute; nothing where there is none.
pub(super) fn text(value: Option<&AttributeValue>) -> &str {
    value.and_then(|value| value.as_s().ok()).map(String::as_str).unwrap_or_default()
}

/// Whether what stands there allows the put.
pub(super) fn allows(put: &Put, there: Option<&Item>) -> bool {
    let Some(expression) = &put.condition_expression else { return true };
    expression.split(" OR ").any(|all| all.split(" AND ").all(|term| holds(put, term.trim(), there)))
}

fn holds(put: &Put, term: &str, there: Option<&Item>) -> bool {
    let attribute = |placed: &str| {
        let names = put.expression_attribute_names.as_ref();
        let name = names.and_then(|names| names.get(placed)).map_or(placed, String::as_str);
        there.and_then(|item| item.get(name)).cloned()
    };
    if let Some(name) = term.strip_prefix("attribute_not_exists(").and_then(|rest| rest.strip_suffix(')')) {
        return attribute(name).is_none();
    }
    let (name, value) = term.split_once(" = ").unwrap_or_else(|| panic!("the model does not know `{term}`"));
    let values = put.expression_attribute_values.as_ref().expect("values");
    attribute(name).as_ref() == Some(values.get(value).expect("a value"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(expression: &str) -> Put {
        let number = |text: &str| AttributeValue::N(text.to_owned());
        Put::builder()
            .table_name("t")
            .item("pk", AttributeValue::S("A#1".into()))
            .condition_expression(expression)
            .expression_attribute_names("#swap", "version")
            .expression_attribute_values(":before", number("2"))
            .build()
            .expect("a put")
    }

    fn item(version: &str) -> Item {
        Item::from([
            ("pk".to_owned(), AttributeValue::S("A#1".into())),
            ("version".to_owned(), AttributeValue::N(version.to_owned())),
        ])
    }

    /// As DynamoDB reads them: an attribute that is not there equals nothing.
    #[test]
    fn expressions_are_read_as_by_dynamodb() {
        let answers = |expression| {
            let put = put(expression);
            [None, Some(&item("2")), Some(&item("3"))].map(|there| allows(&put, there))
        };
        assert_eq!(answers("attribute_not_exists(pk)"), [true, false, false]);
        assert_eq!(answers("#swap = :before"), [false, true, false]);
        assert_eq!(answers("attribute_not_exists(pk) OR #swap = :before"), [true, true, false]);
        assert_eq!(answers("attribute_not_exists(pk) AND #swap = :before"), [false, false, false]);
    }

    #[test]
    #[should_panic(expected = "the model does not know")]
    fn an_unknown_word_stops_the_model() {
        allows(&put("size(pk) > :before"), None);
    }
}
