//! Comparison: of values across two views, and of what a revision really changes.

use std::collections::BTreeSet;

use crate::error::{Error, LimitKind};
use crate::object::{Dict, ObjId, Object, Stream};
use crate::reader::Document;
use crate::revision::Location;

/// How a revision changed an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// A number that the earlier view did not have.
    Added,
    /// A number that the earlier view had, with another value.
    Modified,
    /// In use before, free now.
    Freed,
}

/// An object that a revision changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Change {
    /// The object, with the generation it has now.
    pub id: ObjId,
    /// How.
    pub kind: ChangeKind,
}

/// Are two values of one file the same as they are written? References compare by id, strings by bytes, however they are written; streams by
/// their encoded data and how they are encoded, since readers decode differently; an integer is no real, since some readers take only one
/// of them; `null` and a missing key are the same.
pub(crate) fn same_without_following(document: &Document<'_>, first: &Object, second: &Object) -> Result<bool, Error> {
    Comparer::new(document, document).equal(first, second)
}

struct Comparer<'d, 'a, 'b> {
    before: &'d Document<'a>,
    after: &'d Document<'b>,
    steps: usize,
    work: Vec<(&'d Object, &'d Object)>,
}

impl<'d, 'a, 'b> Comparer<'d, 'a, 'b> {
    fn new(before: &'d Document<'a>, after: &'d Document<'b>) -> Self {
        let steps = before.limits().steps;
        Comparer { before, after, steps, work: Vec::new() }
    }

    fn step(&mut self, n: usize) -> Result<(), Error> {
        self.steps = self.steps.checked_sub(n).ok_or(Error::Limit(LimitKind::Steps))?;
        Ok(())
    }

    fn equal(mut self, first: &'d Object, second: &'d Object) -> Result<bool, Error> {
        self.work.push((first, second));
        while let Some((first, second)) = self.work.pop() {
            self.step(1)?;
            if !self.pair(first, second)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn pair(&mut self, first: &'d Object, second: &'d Object) -> Result<bool, Error> {
        Ok(match (first, second) {
            (Object::Ref(a), Object::Ref(b)) => a == b,
            (Object::Null, Object::Null) => true,
            (Object::Bool(a), Object::Bool(b)) => a == b,
            (Object::Integer(a), Object::Integer(b)) => a == b,
            (Object::Name(a), Object::Name(b)) => a == b,
            (Object::String(a), Object::String(b)) => a.bytes == b.bytes,
            (Object::Array(a), Object::Array(b)) => {
                self.work.extend(a.iter().zip(b));
                a.len() == b.len()
            }
            (Object::Real(a), Object::Real(b)) => a == b,
            (Object::Dict(a), Object::Dict(b)) => self.dicts(a, b)?,
            (Object::Stream(a), Object::Stream(b)) => self.streams(a, b)?,
            _ => false,
        })
    }

    fn dicts(&mut self, first: &'d Dict, second: &'d Dict) -> Result<bool, Error> {
        if first.has_duplicates() != second.has_duplicates() {
            return Ok(false);
        }
        self.step(first.len() + second.len())?;
        for (key, value) in first.iter() {
            self.work.push((value, second.get(key).unwrap_or(&Object::Null)));
        }
        for (key, value) in second.iter() {
            if !first.contains(key) {
                self.work.push((&Object::Null, value));
            }
        }
        Ok(true)
    }

    fn streams(&mut self, first: &'d Stream, second: &'d Stream) -> Result<bool, Error> {
        let (before, after) = (self.before, self.after);
        if !before.same_place(first, after, second) && first.data.len() == second.data.len() {
            self.step(first.data.len() / 64)?;
        }
        Ok(before.same_raw(first, after, second)? && self.dicts(&first.dict, &second.dict)?)
    }
}

/// The references written in a value, not following them, without repetition.
#[must_use]
pub fn references_of(object: &Object) -> BTreeSet<ObjId> {
    let mut found = BTreeSet::new();
    let mut work = vec![object];
    while let Some(object) = work.pop() {
        match object {
            Object::Ref(id) => {
                found.insert(*id);
            }
            Object::Array(items) => work.extend(items),
            Object::Dict(dict) => work.extend(dict.iter().map(|(_, value)| value)),
            Object::Stream(stream) => work.extend(stream.dict.iter().map(|(_, value)| value)),
            _ => {}
        }
    }
    found
}

impl Document<'_> {
    /// What revision `n` really changes against the view before it: rewrites of the same value are left out, references compare by
    /// id (not followed). An object that cannot be read before or after counts as modified.
    ///
    /// # Errors
    /// No such revision, limits.
    pub fn changed_objects(&self, n: usize) -> Result<Vec<Change>, Error> {
        let after = self.at_revision(n)?;
        let before = n.checked_sub(1).map(|earlier| self.at_revision(earlier)).transpose()?;
        let mut changes = Vec::new();
        for entry in self.entries(n) {
            let num = entry.id.num;
            let Some((now, _)) = after.definition_at(num) else { continue };
            let old = before.as_ref().and_then(|view| view.definition_at(num));
            let was_used = old.is_some_and(|(_, d)| d.location != Location::Free);
            let kind = match (&before, entry.location) {
                (_, Location::Free) if was_used => ChangeKind::Freed,
                (_, Location::Free) => continue,
                (Some(before), _) if was_used => {
                    let same_id = old.is_some_and(|(_, d)| d.generation == entry.id.generation);
                    let listed_again = old.is_some_and(|(n, _)| n == now);
                    if listed_again || (same_id && same_value(before, &after, num)?) {
                        continue;
                    }
                    ChangeKind::Modified
                }
                _ => ChangeKind::Added,
            };
            changes.push(Change { id: entry.id, kind });
        }
        Ok(changes)
    }

    /// Everything reachable from a value by references, in this view. References to nothing are in the result too.
    ///
    /// # Errors
    /// Limits, unreadable objects.
    pub fn reachable(&self, from: &Object) -> Result<BTreeSet<ObjId>, Error> {
        let mut found = references_of(from);
        let mut work: Vec<ObjId> = found.iter().copied().collect();
        let mut steps = self.limits().steps;
        while let Some(id) = work.pop() {
            let next = references_of(self.object(id)?);
            steps = steps.checked_sub(1 + next.len()).ok_or(Error::Limit(LimitKind::Steps))?;
            work.extend(next.into_iter().filter(|id| found.insert(*id)));
        }
        Ok(found)
    }
}

fn same_value(before: &Document<'_>, after: &Document<'_>, num: u32) -> Result<bool, Error> {
    match (before.value_of(num), after.value_of(num)) {
        (Ok(old), Ok(new)) => Comparer::new(before, after).equal(old, new),
        (Err(limit @ Error::Limit(_)), _) | (_, Err(limit @ Error::Limit(_))) => Err(limit),
        _ => Ok(false),
    }
}
