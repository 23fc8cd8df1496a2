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
/// in its own role elsewhere. Only where a key leads back to that role by its meaning ([`Leads`]): under any other key the object is
/// something else too, and what may change in its role may not change there.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum Stops {
    /// Nowhere: what is drawn, attached or layered with is compared to the end, whatever else its objects are.
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

/// Which roles a key leads back to (ISO 32000-2 clauses 7.7.3, 12.5, 12.6, 12.7 and 14.7).
#[derive(Clone, Copy, Debug, Default)]
struct Leads {
    /// Catalog and form.
    anchors: bool,
    /// Pages and their tree.
    pages: bool,
    /// Fields, widgets and other annotations.
    backs: bool,
}

impl Leads {
    const NONE: Leads = Leads { anchors: false, pages: false, backs: false };
    const PAGES: Leads = Leads { pages: true, ..Leads::NONE };

    fn of(key: &[u8]) -> Leads {
        Leads {
            anchors: key == b"Data",
            pages: matches!(key, b"P" | b"Pg" | b"Parent"),
            backs: matches!(
                key,
                b"Parent" | b"Popup" | b"IRT" | b"Obj" | b"CO" | b"Fields" | b"T" | b"AN" | b"TA" | b"Annotation"
            ),
        }
    }
}

/// How a destination shows its page (ISO 32000-2 table 149).
const FITS: [&[u8]; 8] = [b"XYZ", b"Fit", b"FitH", b"FitV", b"FitR", b"FitB", b"FitBH", b"FitBV"];

/// An explicit destination: a page and how it is shown.
fn is_destination(array: &[Object]) -> bool {
    array.get(1).and_then(Object::as_name).is_some_and(|fit| FITS.contains(&fit))
}

/// Ids whose contents are the same, by the stops that were in force, and by whether any number would do: where only an integer will, an object
/// that passed as a number has still to be looked at.
type Known = HashSet<(ObjId, ObjId, Stops, bool)>;

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
    leads: Leads,
    /// Any number will do here: an integer is as good as a real.
    any_number: bool,
}

type Work<'w> = Vec<Place<'w>>;

impl<'s, 'a> Compare<'s, 'a> {
    pub(crate) fn new(before: &'s Document<'a>, after: &'s Document<'a>, budget: &'s Cell<u64>) -> Self {
        let (anchors, pages, backs) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        Compare { before, after, budget, anchors, pages, backs, known: RefCell::default() }
    }

    /// The same with another state before.
    pub(crate) fn with(&self, before: &'s Document<'a>) -> Compare<'s, 'a> {
        Compare::new(before, self.after, self.budget)
    }

    pub(crate) fn set_stops(&mut self, anchors: BTreeSet<ObjId>, pages: BTreeSet<ObjId>, backs: BTreeSet<ObjId>) {
        (self.anchors, self.pages, self.backs) = (anchors, pages, backs);
    }

    pub(crate) fn spend(&self, steps: u64) -> Result<(), Stop> {
        let left = self.budget.get().checked_sub(steps).ok_or(Stop::Budget)?;
        self.budget.set(left);
        Ok(())
    }

    fn stops_at(&self, id: ObjId, stops: Stops, leads: Leads) -> bool {
        let anchor = leads.anchors && stops >= Stops::None && self.anchors.contains(&id);
        let page = leads.pages && stops >= Stops::Pages && self.pages.contains(&id);
        anchor || page || leads.backs && stops >= Stops::All && self.backs.contains(&id)
    }

    /// `None` when both are the same; otherwise the innermost object that holds the difference (`holder` where it is in no object).
    pub(crate) fn difference(
        &self,
        was: &Object,
        is: &Object,
        stops: Stops,
        holder: Option<ObjId>,
    ) -> Result<Option<ObjId>, Stop> {
        self.walk(Place { was, is, holder, stops, leads: Leads::NONE, any_number: false })
    }

    /// As [`Compare::difference`] for the values of a key.
    pub(crate) fn difference_of(
        &self,
        key: &[u8],
        was: &Object,
        is: &Object,
        stops: Stops,
    ) -> Result<Option<ObjId>, Stop> {
        let (stops, leads) = (beneath(key, stops), Leads::of(key));
        self.walk(Place { was, is, holder: None, stops, leads, any_number: false })
    }

    fn walk(&self, place: Place<'_>) -> Result<Option<ObjId>, Stop> {
        let mut seen = Known::new();
        let mut work: Work<'_> = vec![place];
        let unknown = ObjId::new(0, 0);
        while let Some(Place { was, is, holder, stops, leads, any_number }) = work.pop() {
            self.spend(1)?;
            let holder_now = is.as_ref_id().or(was.as_ref_id()).or(holder);
            if let (Object::Ref(a), Object::Ref(b)) = (was, is) {
                let pair = (*a, *b, stops, any_number);
                if (a == b && self.stops_at(*a, stops, leads))
                    || self.known.borrow().contains(&pair)
                    || !seen.insert(pair)
                {
                    continue;
                }
            }
            // C3, same tokens: what is written directly is no reference, for some readers take only one of them.
            let kinds = was.as_ref_id().is_some() == is.as_ref_id().is_some();
            let (was, is) = (self.before.resolve(was)?, self.after.resolve(is)?);
            if !kinds || !self.level(Place { was, is, holder: holder_now, stops, leads, any_number }, &mut work)? {
                return Ok(Some(holder_now.unwrap_or(unknown)));
            }
        }
        self.known.borrow_mut().extend(seen);
        Ok(None)
    }

    /// Compares one level and queues what is inside.
    fn level<'w>(&'w self, place: Place<'w>, work: &mut Work<'w>) -> Result<bool, Stop> {
        let Place { holder, stops, leads, any_number, .. } = place;
        Ok(match (place.was, place.is) {
            (Object::Null, Object::Null) => true,
            (Object::Bool(a), Object::Bool(b)) => a == b,
            (Object::Name(a), Object::Name(b)) => a == b,
            (Object::String(a), Object::String(b)) => a.bytes == b.bytes,
            (Object::Array(a), Object::Array(b)) => {
                // Rectangles, matrices, colours, places on a page: writers that write an object again shorten 67.0 to 67.
                let any_number = stops != Stops::Nowhere;
                let first = if is_destination(a) { Leads::PAGES } else { leads };
                let leads = std::iter::once(first).chain(std::iter::repeat(leads));
                let places = a.iter().zip(b).zip(leads);
                work.extend(places.map(|((was, is), leads)| Place { was, is, holder, stops, leads, any_number }));
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
        work.push(Place { was, is, holder, stops: beneath(key, stops), leads: Leads::of(key), any_number });
    };
    // A key with `null`, or with a reference to nothing, is a missing key by clause 7.3.9, but not for every reader: least where a page inherits.
    let mut same = was.has_duplicates() == is.has_duplicates() && was.len() == is.len();
    for (key, value) in was.iter() {
        match is.get(key) {
            Some(now) => queue(key, value, now),
            None => same = false,
        }
    }
    same
}

/// Nothing that is drawn, attached or layered with leads back to pages, fields or the form in an honest file, and beneath these keys names are
/// free: it could only be to change it there.
fn beneath(key: &[u8], stops: Stops) -> Stops {
    if matches!(key, b"Resources" | b"AP" | b"EF" | b"OCProperties") { Stops::Nowhere } else { stops }
}
