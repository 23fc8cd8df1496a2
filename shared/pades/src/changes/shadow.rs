//! What in a signed file lends itself to a later change of content that nobody would see, or shows something else at another time
//! (validation.md §2.4 E). No violation by itself: it is said, with the objects, so that whoever signs such files can clean them; a certified
//! copy has none of it. Looks at structure only, and runs nothing.

use std::collections::BTreeSet;

use pdf::{Dict, Document, Location, ObjId, Object, XrefKind};

use super::cover::{has_area, shows};

/// Places named in one report.
const NAMED: usize = 8;
/// Values looked at, and what an object costs beside them: a file of some ten thousand pages has fewer.
const LOOKED_AT: usize = 8_000_000;
const OBJECT: usize = 16;
/// Keys of the catalog that can show something else at another time, run, or hold what only one program reads.
const CATALOG: [&str; 4] = ["OpenAction", "AA", "OCProperties", "PieceInfo"];

/// Further ones that a copy does not have: other files, and what shows those first.
const OF_OTHERS: [&str; 2] = ["AF", "Collection"];

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
    /// What acts when the file, a page or an annotation is opened, shown or touched (§12.6). In a copy only.
    Action(ObjId),
    /// A picture with others that may be shown instead (§8.9.5.4). In a copy only.
    Alternate(ObjId),
    /// There is more than is looked at, or it cannot be read.
    Beyond,
}

/// What was found in the signed state. What cannot be read is left to the rules that must read it.
pub(crate) fn places(view: &Document<'_>) -> Vec<Place> {
    found(view, false)
}

/// The same with everything that acts: in a certified copy nothing does.
pub(crate) fn places_of_copy(view: &Document<'_>) -> Vec<Place> {
    found(view, true)
}

fn found(view: &Document<'_>, copy: bool) -> Vec<Place> {
    let mut found = Vec::new();
    if view.revisions().iter().any(|revision| revision.kind == XrefKind::Hybrid) {
        found.push(Place::Hybrid);
    }
    if let Ok(catalog) = view.catalog() {
        found.extend(CATALOG.iter().filter(|key| catalog.contains(key.as_bytes())).map(|key| Place::Catalog(key)));
        let others = OF_OTHERS.iter().filter(|key| copy && catalog.contains(key.as_bytes()));
        found.extend(others.map(|key| Place::Catalog(key)));
        let inside = |key: &[u8], wanted: &[u8]| {
            view.get(catalog, key).ok().and_then(Object::as_dict).is_some_and(|dict| dict.contains(wanted))
        };
        found.extend(inside(b"AcroForm", b"XFA").then_some(Place::OtherForm));
        found.extend(inside(b"Names", b"JavaScript").then_some(Place::Scripts));
        found.extend((copy && inside(b"Names", b"EmbeddedFiles")).then_some(Place::Catalog("EmbeddedFiles")));
    }
    // Neither kind takes the places of the other.
    found.extend(open_signatures(view).into_iter().take(NAMED));
    let (beyond, reached): (Vec<Place>, Vec<Place>) =
        reached(view, copy).into_iter().partition(|place| *place == Place::Beyond);
    found.extend(reached.into_iter().take(NAMED));
    found.extend(beyond);
    found
}

fn open_signatures(view: &Document<'_>) -> Vec<Place> {
    let all = view.fields().unwrap_or_default();
    let shows = |field: &pdf::Field| field.rect.is_some_and(|rect| rect.width() > 0.0 && rect.height() > 0.0);
    let open = |field: &pdf::Field| field.value.is_none() && field.is_signature() && shows(field);
    all.into_iter().filter(open).map(|field| Place::OpenSignature(field.full_name)).collect()
}

/// What the objects say to which pages, the form and what runs at opening lead; in a copy also what else leads somewhere.
fn reached(view: &Document<'_>, copy: bool) -> BTreeSet<Place> {
    let mut look = Look { view, copy, left: LOOKED_AT, found: BTreeSet::new() };
    if !look.walk() {
        look.found.insert(Place::Beyond);
    }
    look.found
}

struct Look<'v, 'a> {
    view: &'v Document<'a>,
    copy: bool,
    /// Values that may still be looked at.
    left: usize,
    found: BTreeSet<Place>,
}

impl Look<'_, '_> {
    /// `false` where it does not come to an end; in a copy also where something cannot be read.
    fn walk(&mut self) -> bool {
        let view = self.view;
        let mut seen: BTreeSet<ObjId> = BTreeSet::new();
        let pages = view.pages();
        let mut whole = pages.is_ok() || !self.copy;
        let mut work: Vec<ObjId> = pages.unwrap_or_default().iter().map(|page| page.id).collect();
        if let Ok(catalog) = view.catalog() {
            let keys: &[&str] = &["AcroForm", "OpenAction", "AA", "Outlines", "Names"];
            let keys = if self.copy { keys } else { keys.get(..3).unwrap_or_default() };
            for root in keys.iter().filter_map(|key| catalog.get(key.as_bytes())) {
                if !self.look_at(view.catalog_id().unwrap_or(ObjId::new(0, 0)), root) {
                    return false;
                }
                work.extend(pdf::references_of(root));
            }
        }
        while let Some(id) = work.pop() {
            if !seen.insert(id) {
                continue;
            }
            if matches!(view.location(id), None | Some(Location::Free)) {
                self.found.insert(Place::Missing(id));
                continue;
            }
            let Ok(object) = view.object(id) else {
                whole &= !self.copy;
                continue;
            };
            if !self.spend(OBJECT) || !self.look_at(id, object) {
                return false;
            }
            work.extend(drawn(object));
        }
        whole
    }

    fn spend(&mut self, values: usize) -> bool {
        let left = self.left.checked_sub(values);
        self.left = left.unwrap_or(0);
        left.is_some()
    }

    /// Every dictionary that is written in the object `id`; `false` where there is more than may be looked at.
    fn look_at(&mut self, id: ObjId, object: &Object) -> bool {
        let mut work = vec![object];
        while let Some(object) = work.pop() {
            if !self.spend(1) {
                return false;
            }
            let dict = match object {
                Object::Dict(dict) => dict,
                Object::Stream(stream) => &stream.dict,
                Object::Array(items) => {
                    work.extend(items);
                    continue;
                }
                _ => continue,
            };
            self.dictionary(id, dict);
            work.extend(dict.iter().map(|(_, value)| value));
        }
        true
    }

    fn dictionary(&mut self, id: ObjId, dict: &Dict) {
        let view = self.view;
        if runs_a_script(view, dict) {
            self.found.insert(Place::Script(id));
        } else if self.copy && acts(view, dict) {
            self.found.insert(Place::Action(id));
        }
        if self.copy && dict.contains(b"Alternates") {
            self.found.insert(Place::Alternate(id));
        }
        if dict.contains(b"PieceInfo") {
            self.found.insert(Place::PieceInfo(id));
        }
        if dict.name(b"Subtype") == Some(b"Widget") && is_hidden(view, dict) {
            self.found.insert(Place::HiddenWidget(id));
        }
    }
}

/// Names of the actions of ISO 32000-2 table 201.
const ACTIONS: &[&[u8]] = &[
    b"GoTo",
    b"GoToR",
    b"GoToE",
    b"GoToDp",
    b"Launch",
    b"Thread",
    b"URI",
    b"Sound",
    b"Movie",
    b"Hide",
    b"Named",
    b"SubmitForm",
    b"ResetForm",
    b"ImportData",
    b"SetOCGState",
    b"Rendition",
    b"Trans",
    b"GoTo3DView",
    b"RichMediaExecute",
];

/// An action, or something that has one: of a page, an annotation, a field or a bookmark.
fn acts(view: &Document<'_>, dict: &Dict) -> bool {
    let value = |dict: &Dict, key: &[u8]| view.get(dict, key).ok().and_then(Object::as_name).map(<[u8]>::to_vec);
    let action = |dict: &Dict| value(dict, b"S").is_some_and(|kind| ACTIONS.contains(&kind.as_slice()));
    // Attributes of tags are called /A too, and name no kind of action.
    let touched = dict.contains(b"A") && (value(dict, b"Subtype").is_some() || dict.contains(b"FT"));
    action(dict) || touched || dict.contains(b"AA") || dict.contains(b"OpenAction")
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use pdf::{Document, Limits};

    use super::Look;

    #[test]
    fn f_a_look_that_ends_early_says_so() {
        let objects = [
            "<</Type/Catalog/Pages 2 0 R>>",
            "<</Type/Pages/Count 1/Kids[3 0 R]>>",
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>",
        ];
        let (mut file, mut table) = ("%PDF-1.7\n".to_owned(), "xref\n0 4\n0000000000 65535 f \n".to_owned());
        for (object, number) in objects.iter().zip(1..) {
            table += &format!("{:010} 00000 n \n", file.len());
            file += &format!("{number} 0 obj\n{object}\nendobj\n");
        }
        let start = file.len();
        file += &format!("{table}trailer\n<</Size 4/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n");
        let document = Document::open(file.as_bytes(), &Limits::default()).expect("a document");
        for (left, whole) in [(super::LOOKED_AT, true), (20, false), (super::OBJECT - 1, false)] {
            let mut look = Look { view: &document, copy: true, left, found: BTreeSet::new() };
            assert_eq!((look.walk(), look.found.len()), (whole, 0), "{left}");
        }
    }
}
