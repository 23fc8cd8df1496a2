//! Deep comparison of two values in two states of a file, with a budget and without recursion.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashSet};

use pdf::{Dict, Document, ObjId, Object};

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
    /// Nowhere: what a page draws with is compared to the end, whatever else its objects are.
    Nowhere,
    /// Catalog and form only (a signature reference dictionary names them as its `/Data`).
    None,
    /// Pages too.
    Pages,
    /// Pages, fields, widgets and other annotations.
    All,
}

/// Keys of pages, annotations and fields that hold one number of either kind (ISO 32000-2 tables 31, 166, 168, 172 and 178).
const NUMBERS: [&[u8]; 7] = [b"UserUnit", b"Dur", b"CA", b"ca", b"W", b"LL", b"LLE"];

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

/// A place that is looked at next.
struct Place<'w> {
    was: &'w Object,
    is: &'w Object,
    /// The object that both stand in.
    holder: Option<ObjId>,
    stops: Stops,
    /// Any number will do here: an integer is as good as a real.
    any_number: bool,
}

type Work<'w> = Vec<Place<'w>>;

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
        match stops {
            Stops::Nowhere => false,
            Stops::None => self.anchors.contains(&id),
            Stops::Pages => self.anchors.contains(&id) || self.pages.contains(&id),
            Stops::All => [&self.anchors, &self.pages, &self.backs].iter().any(|known| known.contains(&id)),
        }
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
        let mut work: Work<'_> = vec![Place { was, is, holder, stops, any_number: false }];
        let unknown = ObjId::new(0, 0);
        while let Some(Place { was, is, holder, stops, any_number }) = work.pop() {
            self.spend(1)?;
            let holder_now = is.as_ref_id().or(was.as_ref_id()).or(holder);
            if let (Object::Ref(a), Object::Ref(b)) = (was, is) {
                let pair = (*a, *b, stops);
                if (a == b && self.stops_at(*a, stops)) || self.known.borrow().contains(&pair) || !seen.insert(pair) {
                    continue;
                }
            }
            let (was, is) = (self.before.resolve(was)?, self.after.resolve(is)?);
            if !self.level(Place { was, is, holder: holder_now, stops, any_number }, &mut work)? {
                return Ok(Some(holder_now.unwrap_or(unknown)));
            }
        }
        self.known.borrow_mut().extend(seen);
        Ok(None)
    }

    /// Compares one level and queues what is inside.
    fn level<'w>(&'w self, place: Place<'w>, work: &mut Work<'w>) -> Result<bool, Stop> {
        let Place { holder, stops, any_number, .. } = place;
        Ok(match (place.was, place.is) {
            (Object::Null, Object::Null) => true,
            (Object::Bool(a), Object::Bool(b)) => a == b,
            (Object::Name(a), Object::Name(b)) => a == b,
            (Object::String(a), Object::String(b)) => a.bytes == b.bytes,
            (Object::Array(a), Object::Array(b)) => {
                // Rectangles, matrices, colours, places on a page: writers that write an object again shorten 67.0 to 67.
                let any_number = stops != Stops::Nowhere;
                work.extend(a.iter().zip(b).map(|(was, is)| Place { was, is, holder, stops, any_number }));
                a.len() == b.len()
            }
            (Object::Dict(a), Object::Dict(b)) => dictionaries(a, b, holder, stops, work),
            // C3, same tokens: where an integer belongs some readers take a real for nothing.
            (Object::Integer(a), Object::Integer(b)) => a == b,
            (Object::Real(a), Object::Real(b)) => a == b,
            // C3, same encoded data and the same filters: another encoding may be the same data for one reader only.
            (Object::Stream(a), Object::Stream(b)) => {
                self.before.same_raw(a, self.after, b)? && dictionaries(&a.dict, &b.dict, holder, stops, work)
            }
            (a, b) => any_number && a.as_number().is_some() && a.as_number() == b.as_number(),
        })
    }
}

fn dictionaries<'w>(was: &'w Dict, is: &'w Dict, holder: Option<ObjId>, stops: Stops, work: &mut Work<'w>) -> bool {
    let mut queue = |key: &[u8], was, is| {
        let any_number = stops != Stops::Nowhere && NUMBERS.contains(&key);
        work.push(Place { was, is, holder, stops: beneath(key, stops), any_number });
    };
    for (key, value) in was.iter() {
        queue(key, value, is.get(key).unwrap_or(&NULL));
    }
    for (key, value) in is.iter() {
        if !was.contains(key) {
            queue(key, &NULL, value);
        }
    }
    was.has_duplicates() == is.has_duplicates()
}

/// Nothing that is drawn with leads back to pages, fields or the form in an honest file: it could only be to change it there.
pub(crate) fn beneath(key: &[u8], stops: Stops) -> Stops {
    if key == b"Resources" { Stops::Nowhere } else { stops }
}
