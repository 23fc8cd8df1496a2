//! What in a signed file lends itself to a later change of content that nobody would see, or shows something else at another time
//! (validation.md §2.4 E). No violation by itself: it is said, with the objects, so that whoever signs such files can clean them; a certified
//! copy has none of it. Looks at structure only, and runs nothing.

use std::collections::BTreeSet;

use pdf::{Dict, Document, Location, ObjId, Object, XrefKind};

use super::cover::{has_area, shows};

/// Places named in one report.
const NAMED: usize = 8;
/// Objects looked at.
const LOOKED_AT: usize = 20_000;
/// Keys of the catalog that can show something else at another time, run, or hold what only one program reads.
const CATALOG: [&str; 4] = ["OpenAction", "AA", "OCProperties", "PieceInfo"];

/// One such place.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Place {
    /// The cross-reference has entries that only some readers see.
    Hybrid,
    /// An entry of the catalog.
    Catalog(&'static str),
    /// The form is drawn by another description (`/XFA`).
    OtherForm,
    /// Scripts that run when the file is opened (`/Names /JavaScript`).
    Scripts,
    /// An empty signature field that shows, by its name: what comes there draws over the page.
    OpenSignature(String),
    /// A reference to an object that is not there: whoever adds it adds content (C4).
    Missing(ObjId),
    /// An action that runs a script (ISO 32000-2 §12.6.4.17).
    Script(ObjId),
    /// Private data of a program (§14.5), which may draw by it.
    PieceInfo(ObjId),
    /// A widget with an area that is neither seen nor printed, and may be one day.
    HiddenWidget(ObjId),
}

/// What was found in the signed state. What cannot be read is left to the rules that must read it.
pub(crate) fn places(view: &Document<'_>) -> Vec<Place> {
    let mut found = Vec::new();
    if view.revisions().iter().any(|revision| revision.kind == XrefKind::Hybrid) {
        found.push(Place::Hybrid);
    }
    if let Ok(catalog) = view.catalog() {
        found.extend(CATALOG.iter().filter(|key| catalog.contains(key.as_bytes())).map(|key| Place::Catalog(key)));
        let inside = |key: &[u8], wanted: &[u8]| {
            view.get(catalog, key).ok().and_then(Object::as_dict).is_some_and(|dict| dict.contains(wanted))
        };
        found.extend(inside(b"AcroForm", b"XFA").then_some(Place::OtherForm));
        found.extend(inside(b"Names", b"JavaScript").then_some(Place::Scripts));
    }
    found.extend(open_signatures(view));
    found.extend(reached(view));
    found.truncate(NAMED);
    found
}

fn open_signatures(view: &Document<'_>) -> Vec<Place> {
    let all = view.fields().unwrap_or_default();
    let shows = |field: &pdf::Field| field.rect.is_some_and(|rect| rect.width() > 0.0 && rect.height() > 0.0);
    let open = |field: &pdf::Field| field.value.is_none() && field.is_signature() && shows(field);
    all.into_iter().filter(open).map(|field| Place::OpenSignature(field.full_name)).collect()
}

/// What the objects say to which pages, the form and what runs at opening lead.
fn reached(view: &Document<'_>) -> BTreeSet<Place> {
    let mut found = BTreeSet::new();
    let mut seen: BTreeSet<ObjId> = BTreeSet::new();
    let mut work: Vec<ObjId> = view.pages().unwrap_or_default().iter().map(|page| page.id).collect();
    if let Ok(catalog) = view.catalog() {
        let roots = ["AcroForm", "OpenAction", "AA"].iter().filter_map(|key| catalog.get(key.as_bytes()));
        for root in roots {
            look_at(view, view.catalog_id().unwrap_or(ObjId::new(0, 0)), root, &mut found);
            work.extend(pdf::references_of(root));
        }
    }
    while let Some(id) = work.pop() {
        if seen.len() >= LOOKED_AT || !seen.insert(id) {
            continue;
        }
        if matches!(view.location(id), None | Some(Location::Free)) {
            found.insert(Place::Missing(id));
            continue;
        }
        let Ok(object) = view.object(id) else { continue };
        look_at(view, id, object, &mut found);
        work.extend(drawn(object));
    }
    found
}

/// Every dictionary that is written in the object `id`.
fn look_at(view: &Document<'_>, id: ObjId, object: &Object, found: &mut BTreeSet<Place>) {
    let mut work = vec![object];
    while let Some(object) = work.pop() {
        let dict = match object {
            Object::Dict(dict) => dict,
            Object::Stream(stream) => &stream.dict,
            Object::Array(items) => {
                work.extend(items);
                continue;
            }
            _ => continue,
        };
        if runs_a_script(view, dict) {
            found.insert(Place::Script(id));
        }
        if dict.contains(b"PieceInfo") {
            found.insert(Place::PieceInfo(id));
        }
        if dict.name(b"Subtype") == Some(b"Widget") && is_hidden(view, dict) {
            found.insert(Place::HiddenWidget(id));
        }
        work.extend(dict.iter().map(|(_, value)| value));
    }
}

/// A JavaScript action, or a rendition action that has one beside its media (§12.6.4.14).
fn runs_a_script(view: &Document<'_>, action: &Dict) -> bool {
    match view.get(action, b"S").ok().and_then(Object::as_name) {
        Some(b"JavaScript") => true,
        Some(b"Rendition") => action.contains(b"JS"),
        _ => false,
    }
}

fn is_hidden(view: &Document<'_>, widget: &Dict) -> bool {
    let flags = view.get(widget, b"F").ok().and_then(Object::as_int).unwrap_or(0);
    !shows(flags) && has_area(view, widget).unwrap_or(true)
}

/// What a reader follows to draw: everything but the way back.
fn drawn(object: &Object) -> Vec<ObjId> {
    let own = |dict: &Dict| {
        let keys: [&[u8]; 6] = [b"Parent", b"P", b"StructParent", b"StructParents", b"Popup", b"Dest"];
        let values = dict.iter().filter(|(key, _)| !keys.contains(key));
        values.flat_map(|(_, value)| pdf::references_of(value)).collect()
    };
    match object {
        Object::Dict(dict) => own(dict),
        Object::Stream(stream) => own(&stream.dict),
        other => pdf::references_of(other).into_iter().collect(),
    }
}
