//! What a later revision changed: every difference is explained by a rule or forbidden (validation.md §2.4 C; fails closed).
//!
//! The two states before and after a revision are compared from the trailer down. Each place has a role with its own rule, and everything
//! without a rule must be the same. An object that is reached on several ways is compared on each of them, so the name of a key never
//! excuses what a page draws. Does not render pages: of what an allowed new appearance covers only bounds are known.

mod anew;
mod appearance;
mod bytes;
mod compare;
mod content;
mod cover;
mod fonts;
mod form;
mod ground;
mod ink;
mod letters;
mod matrix;
mod metrics;
mod pages;
mod places;
mod readings;
mod shadow;
mod shown;
mod store;
mod structure;
mod written;
mod xmp;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use pdf::{ChangeKind, Dict, Document, ObjId, Object, Page};

pub(crate) use compare::Stop;
use compare::{Compare, NULL, Stops};
pub(crate) use cover::stands;
pub(crate) use ink::{Ink, overlaps as overlap, written_on};
pub(crate) use readings::{Difference, Readings};
pub(crate) use shadow::{Place, places as shadow_places, places_of_copy};
pub(crate) use shown::Shown;

/// Values that all comparisons of one file may look at together.
const VALUES: u64 = 40_000_000;

/// What it costs to find one object by references, in values that are looked at.
const REACHED: u64 = 8;

/// Operators of drawings that are read as text, in all comparisons of one file.
const DRAWN: u64 = 4_000_000;

/// What all comparisons of one file may spend together. What only says whether a field shows its value has a share of its own, so that it leaves
/// the rest to be compared.
pub(crate) struct Budget {
    values: Cell<u64>,
    drawn: Cell<u64>,
    ink: Cell<u64>,
    places: Cell<u64>,
}

impl Budget {
    pub(crate) fn new() -> Self {
        let (values, drawn) = (Cell::new(VALUES), Cell::new(DRAWN));
        Budget { values, drawn, ink: Cell::new(cover::INK), places: Cell::new(places::LOOKS) }
    }
}

/// Rules about what many writers do beside what they were asked for, and what changes nothing.
pub(crate) const HABITS: [&str; 2] = ["object-written-again", "comment"];

/// The rule of a field whose drawing cannot be read as text (C11).
pub(crate) const DRAWING_UNREADABLE: &str = "drawing-unreadable";

/// What kind of change it is; the permissions in force decide.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Class {
    /// `/DSS` or a document time-stamp: never counts as a change (ISO 32000-2 table 257).
    Material,
    /// Document information, XMP, extensions, version.
    Metadata,
    /// A signature in an existing empty field, or a new signature field.
    Signing {
        /// Fully qualified name.
        field: String,
        /// The field did not exist before.
        created: bool,
        /// It has a rectangle that is drawn.
        visible: bool,
    },
    /// What comes with a signature and is no field: tags of its widget, the entry that makes it a certification.
    BesideSigning,
    /// A form field other than a signature field (name), or the form's defaults (none).
    Filling(Option<String>),
    /// An annotation that is not a widget.
    Annotation,
    /// A new signature or annotation lies over what was there. Beside the change that it belongs to.
    Covering,
    /// Nothing explains it.
    Forbidden,
}

/// One explained or unexplained change.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Change {
    pub(crate) class: Class,
    /// Short name of the rule.
    pub(crate) rule: &'static str,
    pub(crate) object: Option<ObjId>,
    /// Pages on which it shows, as they are numbered after the revision, from 1; of a page that is gone its number before.
    pub(crate) pages: Vec<usize>,
}

/// Compares the state after a revision with the state before it.
pub(crate) struct Step<'s, 'a> {
    signed: &'s Document<'a>,
    pub(crate) before: &'s Document<'a>,
    pub(crate) after: &'s Document<'a>,
    pub(crate) compare: Compare<'s, 'a>,
    pub(crate) changes: Vec<Change>,
    /// Widgets that a page lists now and did not list before, with their page.
    pub(crate) added_widgets: BTreeMap<ObjId, usize>,
    /// Widgets that the form accounts for, before.
    pub(crate) widgets: BTreeSet<ObjId>,
    /// Pages in their order.
    leaves: Vec<ObjId>,
    /// Those that were compared, where the page tree is not what it was.
    compared: BTreeSet<ObjId>,
    /// Where changes show.
    places: places::Places,
    known_pages: Option<BTreeMap<ObjId, Page>>,
    ink: &'s Cell<u64>,
    drawn: &'s Cell<u64>,
    looks: &'s Cell<u64>,
    /// What the whole document reached when it was signed, where it was asked for.
    reached: Option<BTreeSet<ObjId>>,
    /// Viewers make the drawings of all fields anew from now on.
    drawn_anew: bool,
    /// Letters and widths of fonts, where they were asked for.
    letters: BTreeMap<ObjId, Rc<letters::Letters>>,
    metrics: BTreeMap<ObjId, Rc<metrics::Metrics>>,
}

/// Explains revision `index` (from 1: it has a predecessor). `signed` is the oldest state that somebody has signed: what has come since is not
/// believed because it was there before.
///
/// # Errors
/// [`Stop`] when the comparison cannot be finished, and nothing was found until then that nobody may do.
pub(crate) fn explain(
    signed: &Document<'_>,
    (before, after): (&Document<'_>, &Document<'_>),
    index: usize,
    budget: &Budget,
) -> Result<Vec<Change>, Stop> {
    let mut step = Step {
        signed,
        before,
        after,
        compare: Compare::new(before, after, &budget.values),
        changes: Vec::new(),
        added_widgets: BTreeMap::new(),
        widgets: BTreeSet::new(),
        leaves: Vec::new(),
        compared: BTreeSet::new(),
        places: places::Places::default(),
        known_pages: None,
        ink: &budget.ink,
        drawn: &budget.drawn,
        looks: &budget.places,
        reached: None,
        drawn_anew: false,
        letters: BTreeMap::new(),
        metrics: BTreeMap::new(),
    };
    if let Err(stop) = step.all(index) {
        // What was found speaks for itself, however much was not looked at any more.
        let found = stop == Stop::Budget && step.changes.iter().any(|change| change.class == Class::Forbidden);
        return if found { Ok(step.changes) } else { Err(stop) };
    }
    if step.changes.is_empty() {
        // Nobody has a reason to write it; some writers do. In a certified copy nobody does.
        step.push(Class::Metadata, "revision-without-change", None, None);
    }
    step.changes.dedup();
    Ok(step.changes)
}

impl Step<'_, '_> {
    fn all(&mut self, index: usize) -> Result<(), Stop> {
        self.entries(index)?;
        self.bytes(index)?;
        self.trailer()?;
        self.collect_stops()?;
        self.pages()?;
        self.catalog()?;
        self.orphans(index)
    }

    pub(crate) fn push(&mut self, class: Class, rule: &'static str, object: Option<ObjId>, page: Option<usize>) {
        self.changes.push(Change { class, rule, object, pages: page.into_iter().collect() });
    }

    pub(crate) fn forbid(&mut self, rule: &'static str, object: Option<ObjId>) {
        self.push(Class::Forbidden, rule, object, None);
    }

    /// An object that did not exist before: the only safe place for something new.
    pub(crate) fn is_fresh(&self, id: ObjId) -> bool {
        !matches!(self.before.location(id), Some(pdf::Location::Offset(_) | pdf::Location::Compressed { .. }))
    }

    /// Freed objects are gone for every reader, reachable or not (C2).
    fn entries(&mut self, index: usize) -> Result<(), Stop> {
        for entry in self.after.entries(index) {
            if entry.location != pdf::Location::Free {
                continue;
            }
            let live = (0..=1u16).any(|back| {
                let generation = entry.id.generation.checked_sub(back);
                generation.is_some_and(|g| !self.is_fresh(ObjId::new(entry.id.num, g)))
            });
            if live {
                self.forbid("object-freed", Some(entry.id));
            }
        }
        Ok(())
    }

    /// C6 and C7. `/Prev` is what the chain of revisions was read by.
    fn trailer(&mut self) -> Result<(), Stop> {
        let (old, new) = (self.before.trailer(), self.after.trailer());
        self.size(old, new)?;
        if old.reference(b"Root") != new.reference(b"Root") {
            // Honest writers do it, and every place below is compared; in a certified copy nobody does.
            self.push(Class::Metadata, "trailer-root", new.reference(b"Root"), None);
        }
        let first = |view: &Document<'_>, trailer: &Dict| -> Result<Option<Vec<u8>>, Stop> {
            let id = view.get(trailer, b"ID")?.as_array().and_then(<[Object]>::first);
            Ok(id.map(|id| view.resolve(id)).transpose()?.and_then(Object::as_string).map(<[u8]>::to_vec))
        };
        let (was, is) = (first(self.before, old)?, first(self.after, new)?);
        if was.is_some() && was != is {
            // Honest writers give a new one; only an encrypted file is read by it.
            let class = if self.before.is_encrypted() { Class::Forbidden } else { Class::Metadata };
            self.push(class, "trailer-id", None, None);
        }
        if !self.same(old, new, b"Encrypt", Stops::None)? {
            self.forbid("trailer-encrypt", None);
        }
        if !self.same(old, new, b"Info", Stops::None)? {
            self.information(new)?;
        }
        Ok(())
    }

    /// A reader may take what is numbered beyond `/Size` for null (clause 7.5.5). Writers that count only their own objects cut off what is in
    /// use, and readers in use show it all the same; in a certified copy nobody does that.
    fn size(&mut self, old: &Dict, new: &Dict) -> Result<(), Stop> {
        let size = |trailer: &Dict| trailer.int(b"Size").and_then(|size| u32::try_from(size).ok()).unwrap_or(0);
        for num in size(new)..size(old).min(self.before.next_number()) {
            self.compare.spend(1)?;
            let id = ObjId::new(num, 0);
            if !self.is_fresh(id) {
                self.push(Class::Metadata, "trailer-size", Some(id), None);
                break;
            }
        }
        Ok(())
    }

    fn information(&mut self, trailer: &Dict) -> Result<(), Stop> {
        let after = self.after;
        let info = after.get(trailer, b"Info")?;
        let simple = match info {
            Object::Null => true,
            Object::Dict(dict) => {
                let mut simple = true;
                for (_, value) in dict {
                    let value = after.resolve(value)?;
                    simple &= !matches!(value, Object::Dict(_) | Object::Stream(_) | Object::Array(_));
                }
                simple
            }
            _ => false,
        };
        let class = if simple { Class::Metadata } else { Class::Forbidden };
        self.push(class, "information", trailer.reference(b"Info"), None);
        Ok(())
    }

    /// Objects that lead back to places which are compared in their own role.
    fn collect_stops(&mut self) -> Result<(), Stop> {
        let mut anchors = BTreeSet::from([self.before.catalog_id()?]);
        if let Some(form) = self.before.catalog()?.reference(b"AcroForm") {
            anchors.insert(form);
        }
        let pages = self.page_ids()?;
        let nodes = form::nodes(self.before)?;
        let mut backs: BTreeSet<ObjId> = self.annotation_ids(&pages)?;
        for node in nodes.values() {
            self.widgets.extend(node.widgets.iter().copied());
        }
        backs.extend(nodes.keys().copied());
        backs.extend(self.widgets.iter().copied());
        self.compare.set_stops(anchors, pages, backs);
        Ok(())
    }

    /// C5.
    fn catalog(&mut self) -> Result<(), Stop> {
        let (old, new) = (self.before.catalog()?, self.after.catalog()?);
        let keys: BTreeSet<&[u8]> = old.iter().chain(new.iter()).map(|(key, _)| key).collect();
        for key in keys {
            match key {
                b"Pages" => {}
                b"AcroForm" => self.form()?,
                b"DSS" => self.store(old, new)?,
                b"Metadata" => self.metadata(old, new)?,
                b"StructTreeRoot" => self.structure(old, new)?,
                b"Extensions" => self.extensions(old, new)?,
                b"Version" => self.version(old, new)?,
                b"MarkInfo" => self.mark_info(old, new)?,
                b"Perms" => self.perms(old, new)?,
                _ => {
                    if let Some(object) = self.difference(old, new, key, Stops::All)? {
                        self.forbid("catalog", Some(object));
                    }
                }
            }
        }
        if new.has_duplicates() && !old.has_duplicates() {
            self.forbid("catalog", Some(self.after.catalog_id()?));
        }
        Ok(())
    }

    fn extensions(&mut self, old: &Dict, new: &Dict) -> Result<(), Stop> {
        if self.same(old, new, b"Extensions", Stops::None)? {
            return Ok(());
        }
        let (before, after) = (self.before, self.after);
        let (was, is) = (before.get(old, b"Extensions")?, after.get(new, b"Extensions")?);
        let mut grown = is.as_dict().is_some() && (was.is_null() || was.as_dict().is_some());
        for (key, value) in was.as_dict().into_iter().flatten() {
            let now = is.as_dict().and_then(|dict| dict.get(key)).unwrap_or(&NULL);
            if key != b"Type" && self.compare.difference(value, now, Stops::None, None)?.is_some() {
                grown &= self.level_rises(value, now)?;
            }
        }
        let class = if grown { Class::Metadata } else { Class::Forbidden };
        self.push(class, "extensions", None, None);
        Ok(())
    }

    fn level_rises(&self, was: &Object, is: &Object) -> Result<bool, Stop> {
        let level = |document: &Document<'_>, value: &Object| -> Result<Option<i64>, Stop> {
            let value = document.resolve(value)?;
            match value.as_dict() {
                Some(dict) => Ok(document.get(dict, b"ExtensionLevel")?.as_int()),
                None => Ok(None),
            }
        };
        Ok(matches!((level(self.before, was)?, level(self.after, is)?), (Some(a), Some(b)) if b >= a))
    }

    fn version(&mut self, old: &Dict, new: &Dict) -> Result<(), Stop> {
        let (was, is) = (self.before.get(old, b"Version")?, self.after.get(new, b"Version")?);
        let (was, is) = (was.as_name().unwrap_or_default(), is.as_name().unwrap_or_default());
        if was != is {
            let class = if is > was { Class::Metadata } else { Class::Forbidden };
            self.push(class, "version", None, None);
        }
        Ok(())
    }

    /// `/Perms` may come with a certification that is the first signature, and says nothing but which one that is.
    fn perms(&mut self, old: &Dict, new: &Dict) -> Result<(), Stop> {
        if self.same(old, new, b"Perms", Stops::None)? {
            return Ok(());
        }
        let (was, is) = (self.before.get(old, b"Perms")?, self.after.get(new, b"Perms")?);
        let named = is.as_dict().filter(|dict| dict.len() == 1).and_then(|dict| dict.reference(b"DocMDP"));
        let stamp = |one: &pdf::Signature| one.dict.name(b"SubFilter") == Some(b"ETSI.RFC3161");
        let first = self.before.signatures()?.iter().all(stamp);
        let fine = was.is_null() && first && named.is_some_and(|id| self.is_fresh(id));
        let class = if fine { Class::BesideSigning } else { Class::Forbidden };
        self.push(class, "certification", new.reference(b"Perms"), None);
        Ok(())
    }

    fn mark_info(&mut self, old: &Dict, new: &Dict) -> Result<(), Stop> {
        if self.same(old, new, b"MarkInfo", Stops::None)? {
            return Ok(());
        }
        let value = self.after.get(new, b"MarkInfo")?;
        let flags = value.as_dict().is_some_and(|dict| dict.iter().all(|(_, value)| value.as_bool().is_some()));
        let class = if flags { Class::Metadata } else { Class::Forbidden };
        self.push(class, "mark-info", None, None);
        Ok(())
    }

    fn metadata(&mut self, old: &Dict, new: &Dict) -> Result<(), Stop> {
        if self.same(old, new, b"Metadata", Stops::None)? {
            return Ok(());
        }
        let after = self.after;
        let stream = match new.get(b"Metadata") {
            Some(reference @ Object::Ref(_)) => after.resolve(reference)?.as_stream(),
            _ => None,
        };
        let fine = stream.is_some_and(|stream| after.decode(stream).is_ok_and(|bytes| xmp::is_harmless(&bytes)));
        let class = if fine { Class::Metadata } else { Class::Forbidden };
        self.push(class, "metadata", new.reference(b"Metadata"), None);
        Ok(())
    }

    /// An object that was in use, that nothing reaches and that was given another value has no explanation (C4).
    fn orphans(&mut self, index: usize) -> Result<(), Stop> {
        let changed = self.after.changed_objects(index)?;
        self.written_again(index, &changed);
        let modified: Vec<ObjId> =
            changed.into_iter().filter(|change| change.kind == ChangeKind::Modified).map(|change| change.id).collect();
        if modified.is_empty() {
            return Ok(());
        }
        let all = |view: &Document<'_>| view.reachable(&Object::Dict(view.trailer().clone()));
        let (was_reached, is_reached) = (all(self.before)?, all(self.after)?);
        self.compare.spend(REACHED * (was_reached.len() + is_reached.len()) as u64)?;
        for id in modified {
            // C1: a section may take the number of an older one, which nothing refers to; an object stream may not.
            let section = |view: &Document<'_>| -> Result<bool, Stop> {
                Ok(view.object(id)?.as_dict().is_some_and(|dict| dict.is_type(b"XRef")))
            };
            let container = section(self.before)? && section(self.after)?;
            // Only what is reached before and after has been compared.
            if !(was_reached.contains(&id) && is_reached.contains(&id) || container) {
                self.forbid("unused-object-overwritten", Some(id));
            }
        }
        Ok(())
    }

    /// Objects that are written once more as they were: many writers do so, but by other tokens another reader could be told something else.
    fn written_again(&mut self, index: usize, changed: &[pdf::Change]) {
        let changed: BTreeSet<u32> = changed.iter().map(|change| change.id.num).collect();
        let again = self.after.entries(index).into_iter().find(|entry| {
            entry.location != pdf::Location::Free && !changed.contains(&entry.id.num) && !self.is_fresh(entry.id)
        });
        if let Some(entry) = again {
            self.push(Class::Metadata, "object-written-again", Some(entry.id), None);
        }
    }

    pub(crate) fn same(&self, old: &Dict, new: &Dict, key: &[u8], stops: Stops) -> Result<bool, Stop> {
        Ok(self.difference(old, new, key, stops)?.is_none())
    }

    pub(crate) fn difference(&self, old: &Dict, new: &Dict, key: &[u8], stops: Stops) -> Result<Option<ObjId>, Stop> {
        match (old.get(key), new.get(key)) {
            (Some(was), Some(is)) => self.compare.difference_of(key, was, is, stops),
            (None, None) => Ok(None),
            // `null` is not the same: see [`Compare`].
            _ => Ok(Some(ObjId::new(0, 0))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What cannot be compared to its end is not explained: whoever asks is told that nothing is known.
    #[test]
    fn f_a_spent_budget_explains_nothing() {
        let first = b"%PDF-1.4\n1 0 obj\n<</Pages 2 0 R>>\nendobj\n2 0 obj\n<</Kids[]/Count 0>>\nendobj\nxref\n0 3\n\
            0000000000 65535 f \n0000000009 00000 n \n0000000043 00000 n \ntrailer\n<</Size 3/Root 1 0 R>>\nstartxref\n82\n%%EOF\n";
        let second = "xref\n0 0\ntrailer\n<</Size 3/Root 1 0 R/Prev 82>>\nstartxref\n";
        let file = [&first[..], format!("{second}{}\n%%EOF\n", first.len()).as_bytes()].concat();
        let document = Document::open(&file, &pdf::Limits::default()).expect("a file of two revisions");
        let (before, after) = (document.at_revision(0).expect("one"), document.at_revision(1).expect("two"));
        let with = |values| {
            let budget = Budget { values: Cell::new(values), ..Budget::new() };
            explain(&before, (&before, &after), 1, &budget)
        };
        let rules = |changes: Vec<Change>| changes.into_iter().map(|change| change.rule).collect::<Vec<_>>();
        assert_eq!(with(VALUES).map(rules), Ok(vec!["revision-without-change"]));
        assert_eq!(with(1), Err(Stop::Budget));
    }
}
