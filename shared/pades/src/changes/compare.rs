//! Deep comparison of two values in two states of a file, with a budget and without recursion.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashSet};

use pdf::{Dict, Document, ObjId, Object, Stream};

/// What a missing key is.
pub(crate) static NULL: Object = Object::Null;

/// Why a comparison has no result.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Stop {
    /// The budget of the file is used up.
    Budget,
    /// An object cannot be read.
    Unreadable(pdf::Error),
}

impl From<pdf::Error> for Stop {
    fn from(error: pdf::Error) -> Self {
        Stop::Unreadable(error)
    }
}

/// Where the comparison may stop although two references are not followed, because both name the same object and that object is compared
/// in its own role elsewhere.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum Stops {
    /// Catalog and form only (a signature reference dictionary names them as its `/Data`).
    None,
    /// Pages too.
    Pages,
    /// Pages, fields, widgets and other annotations.
    All,
}

/// Ids whose contents are the same, by the stops that were in force.
type Known = HashSet<(ObjId, ObjId, Stops)>;

pub(crate) struct Compare<'s, 'a> {
    before: &'s Document<'a>,
    after: &'s Document<'a>,
    budget: &'s Cell<u64>,
    anchors: BTreeSet<ObjId>,
    pages: BTreeSet<ObjId>,
    backs: BTreeSet<ObjId>,
    known: RefCell<Known>,
}

/// Places that are looked at next: both values and the object that they stand in.
type Work<'w> = Vec<(&'w Object, &'w Object, Option<ObjId>)>;

impl<'s, 'a> Compare<'s, 'a> {
    pub(crate) fn new(before: &'s Document<'a>, after: &'s Document<'a>, budget: &'s Cell<u64>) -> Self {
        let (anchors, pages, backs) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        Compare { before, after, budget, anchors, pages, backs, known: RefCell::default() }
    }

    pub(crate) fn set_stops(&mut self, anchors: BTreeSet<ObjId>, pages: BTreeSet<ObjId>, backs: BTreeSet<ObjId>) {
        (self.anchors, self.pages, self.backs) = (anchors, pages, backs);
    }

    pub(crate) fn spend(&self, steps: u64) -> Result<(), Stop> {
        let left = self.budget.get().checked_sub(steps).ok_or(Stop::Budget)?;
        self.budget.set(left);
        Ok(())
    }

    fn stops_at(&self, id: ObjId, stops: Stops) -> bool {
        self.anchors.contains(&id)
            || (stops != Stops::None && self.pages.contains(&id))
            || (stops == Stops::All && self.backs.contains(&id))
    }

    /// `None` when both are the same; otherwise the innermost object that holds the difference (`holder` where it is in no object).
    pub(crate) fn difference(
        &self,
        was: &Object,
        is: &Object,
        stops: Stops,
        holder: Option<ObjId>,
    ) -> Result<Option<ObjId>, Stop> {
        let mut seen = Known::new();
        let mut work: Work<'_> = vec![(was, is, holder)];
        let unknown = ObjId::new(0, 0);
        while let Some((was, is, holder)) = work.pop() {
            self.spend(1)?;
            let holder_now = is.as_ref_id().or(was.as_ref_id()).or(holder);
            if let (Object::Ref(a), Object::Ref(b)) = (was, is) {
                let pair = (*a, *b, stops);
                if (a == b && self.stops_at(*a, stops)) || self.known.borrow().contains(&pair) || !seen.insert(pair) {
                    continue;
                }
            }
            let (was, is) = (self.before.resolve(was)?, self.after.resolve(is)?);
            if !self.level(was, is, holder_now, &mut work)? {
                return Ok(Some(holder_now.unwrap_or(unknown)));
            }
        }
        self.known.borrow_mut().extend(seen);
        Ok(None)
    }

    /// Compares one level and queues what is inside.
    fn level<'w>(
        &'w self,
        was: &'w Object,
        is: &'w Object,
        holder: Option<ObjId>,
        work: &mut Work<'w>,
    ) -> Result<bool, Stop> {
        Ok(match (was, is) {
            (Object::Null, Object::Null) => true,
            (Object::Bool(a), Object::Bool(b)) => a == b,
            (Object::Name(a), Object::Name(b)) => a == b,
            (Object::String(a), Object::String(b)) => a.bytes == b.bytes,
            (Object::Array(a), Object::Array(b)) => {
                work.extend(a.iter().zip(b).map(|(x, y)| (x, y, holder)));
                a.len() == b.len()
            }
            (Object::Dict(a), Object::Dict(b)) => dictionaries(a, b, &[], holder, work),
            (Object::Stream(a), Object::Stream(b)) => self.streams(a, b, holder, work)?,
            (a, b) => a.as_number().is_some() && a.as_number() == b.as_number(),
        })
    }

    fn streams<'w>(
        &'w self,
        was: &'w Stream,
        is: &'w Stream,
        holder: Option<ObjId>,
        work: &mut Work<'w>,
    ) -> Result<bool, Stop> {
        let encoded = self.before.same_raw(was, self.after, is)?;
        if encoded {
            return Ok(dictionaries(&was.dict, &is.dict, &[b"Length"], holder, work));
        }
        // Another encoding of the same data is no change; what cannot be decoded is one.
        let (Ok(a), Ok(b)) = (self.before.decode(was), self.after.decode(is)) else { return Ok(false) };
        self.spend((a.len() / 64) as u64)?;
        let coding: &[&[u8]] = &[b"Length", b"Filter", b"DecodeParms", b"DL"];
        Ok(a == b && dictionaries(&was.dict, &is.dict, coding, holder, work))
    }
}

fn dictionaries<'w>(was: &'w Dict, is: &'w Dict, skip: &[&[u8]], holder: Option<ObjId>, work: &mut Work<'w>) -> bool {
    for (key, value) in was.iter().filter(|(key, _)| !skip.contains(key)) {
        work.push((value, is.get(key).unwrap_or(&NULL), holder));
    }
    for (key, value) in is.iter().filter(|(key, _)| !skip.contains(key)) {
        if !was.contains(key) {
            work.push((&NULL, value, holder));
        }
    }
    was.has_duplicates() == is.has_duplicates()
}
