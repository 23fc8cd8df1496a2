//! What in a signed file lends itself to a later change of content that nobody would see (validation.md §2.4 E). Not a violation: it is said,
//! with the objects, so that whoever signs such files can clean them. Looks at structure only.

use std::collections::BTreeSet;

use pdf::{Dict, Document, Location, ObjId, Object, XrefKind};

/// Places named in one report.
const NAMED: usize = 8;
/// Objects looked at.
const LOOKED_AT: usize = 20_000;
/// Keys of the catalog and of its form that can show something else at another time, or run.
const CATALOG: &[&[u8]] = &[b"OpenAction", b"AA", b"OCProperties"];

/// What was found in the signed state, in words. What cannot be read is left to the rules that must read it.
pub(crate) fn places(view: &Document<'_>) -> Vec<String> {
    let mut found = Vec::new();
    if view.revisions().iter().any(|revision| revision.kind == XrefKind::Hybrid) {
        found.push("bảng tham chiếu hỗn hợp".to_owned());
    }
    let catalog = view.catalog().ok();
    for key in CATALOG.iter().filter(|key| catalog.is_some_and(|dict| dict.contains(key))) {
        found.push(format!("/{}", String::from_utf8_lossy(key)));
    }
    let form = catalog.and_then(|dict| view.get(dict, b"AcroForm").ok()?.as_dict());
    if form.is_some_and(|form| form.contains(b"XFA")) {
        found.push("/XFA".to_owned());
    }
    found.extend(fields(view));
    found.extend(dangling(view).into_iter().map(|id| format!("tham chiếu tới đối tượng {id} chưa có")));
    found.truncate(NAMED);
    found
}

/// Empty signature fields that show: what comes there draws over the page.
fn fields(view: &Document<'_>) -> Vec<String> {
    let all = view.fields().unwrap_or_default();
    let shows = |field: &pdf::Field| field.rect.is_some_and(|rect| rect.width() > 0.0 && rect.height() > 0.0);
    let open = |field: &&pdf::Field| field.value.is_none() && field.is_signature() && shows(field);
    all.iter().filter(open).map(|field| format!("ô ký trống {}", field.full_name)).collect()
}

/// References from the pages to objects that are not there: whoever adds them adds content (C4).
fn dangling(view: &Document<'_>) -> BTreeSet<ObjId> {
    let mut missing = BTreeSet::new();
    let mut seen: BTreeSet<ObjId> = BTreeSet::new();
    let mut work: Vec<ObjId> = view.pages().unwrap_or_default().iter().map(|page| page.id).collect();
    while let Some(id) = work.pop() {
        if seen.len() >= LOOKED_AT || !seen.insert(id) {
            continue;
        }
        if matches!(view.location(id), None | Some(Location::Free)) {
            missing.insert(id);
            continue;
        }
        let Ok(object) = view.object(id) else { continue };
        work.extend(drawn(object));
    }
    missing
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
