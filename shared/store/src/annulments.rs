//! The published list of annulled copies (R111), read span by span.
//!
//! A line leads to the public facts of a copy and says nothing itself, so the list never differs from the look-up by number. Lines are
//! written with the annulment ([`domain::ports::Write::PublicCopy`]) and never move.

use domain::model::PublicCopy;
use domain::ports::Fault;
use jiff::Timestamp;

use crate::Table;
use crate::errors::fault;
use crate::items::{Item, Lookup, decode, text};
use crate::keys;

/// A part of the list, oldest first.
#[derive(Clone, Copy, Debug)]
pub struct Span<'a> {
    /// Only copies of this office.
    pub unit_code: Option<&'a str>,
    /// Annulled at this instant or later.
    pub since: Timestamp,
    /// Annulled before this instant.
    pub before: Timestamp,
    /// Only behind this line: [`Listed::place`] of an earlier answer.
    pub after: Option<&'a str>,
    /// At most so many.
    pub limit: u16,
}

/// One line of the list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Listed {
    /// Where it stands.
    pub place: String,
    /// What anybody may know of the copy.
    pub copy: PublicCopy,
}

impl Table {
    /// The lines of a span, strongly consistent.
    ///
    /// # Errors
    /// [`Fault`] of the table; a line that leads to no copy.
    pub async fn annulments(&self, span: &Span<'_>) -> Result<Vec<Listed>, Fault> {
        let (since, end) = (keys::annulments_from(span.since), keys::annulments_from(span.before));
        // A place that was seen is left out by `>`; the beginning of an instant is no place.
        let begin = span.after.filter(|place| **place > *since).map_or(since, str::to_owned);
        if begin >= end || span.limit == 0 {
            return Ok(Vec::new());
        }
        let mut places = Vec::new();
        for item in self.lines(keys::annulments(span.unit_code), begin, end, span.limit).await? {
            let place = item.get(keys::SK).and_then(|sk| sk.as_s().ok()).cloned().unwrap_or_default();
            places.push((place, decode::<Lookup>(item)?.copy));
        }
        let wanted = places.iter().map(|(_, copy)| keys::public_copy(copy)).collect();
        let mut copies: Vec<PublicCopy> = self.load_many(wanted).await?;
        let found = places.into_iter().map(|(place, id)| {
            let at = copies.iter().position(|copy| copy.copy == id);
            let at = at.ok_or_else(|| Fault("a line of the list of annulments leads to no copy".into()))?;
            Ok(Listed { place, copy: copies.swap_remove(at) })
        });
        found.collect()
    }

    /// The items of a partition behind `begin` and before `end`, at most `limit`. One page of the service holds them all: a line is
    /// far below 1 MB divided by the greatest limit.
    async fn lines(&self, pk: String, begin: String, end: String, limit: u16) -> Result<Vec<Item>, Fault> {
        let request = self.client.query().table_name(&self.name).consistent_read(true);
        let request = request
            .key_condition_expression("pk = :pk AND sk BETWEEN :begin AND :end")
            .expression_attribute_values(":pk", text(pk))
            .expression_attribute_values(":begin", text(begin.clone()))
            .expression_attribute_values(":end", text(end))
            // `BETWEEN` has both ends, and of the first one only a line itself may be left out.
            .limit(i32::from(limit) + 1);
        let page = request.send().await.map_err(|error| fault("query of the annulments", &error))?;
        let behind = |item: &Item| item.get(keys::SK).and_then(|sk| sk.as_s().ok()).is_some_and(|sk| *sk > begin);
        Ok(page.items.unwrap_or_default().into_iter().filter(behind).take(limit.into()).collect())
    }
}
