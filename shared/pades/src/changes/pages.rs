//! Pages: nothing on them may change but `/Annots`, and there only what has its own rule (C10, C12, C13).

use std::collections::BTreeSet;

use pdf::{Dict, Document, ObjId, Object};

use super::compare::{NULL, Stop, Stops};
use super::cover::paints;
use super::{Class, Step};

/// Markup that may come, go or change under DocMDP P=3 (C12).
const MARKUP: &[&[u8]] =
    &[b"Text", b"Highlight", b"Underline", b"StrikeOut", b"Squiggly", b"FreeText", b"Ink", b"Popup", b"Stamp"];

/// Names of stamps (ISO 32000-2 table 184).
const STAMPS: &[&[u8]] = &[
    b"Approved",
    b"AsIs",
    b"Confidential",
    b"Departmental",
    b"Draft",
    b"Experimental",
    b"Expired",
    b"Final",
    b"ForComment",
    b"ForPublicRelease",
    b"NotApproved",
    b"NotForPublicRelease",
    b"Sold",
    b"TopSecret",
];

/// One node of the page tree in both states.
struct Pair {
    was: ObjId,
    is: ObjId,
    depth: usize,
}

impl Step<'_, '_> {
    /// Pages of the state before, by walking the tree; loops and direct nodes are left out here and found in [`Step::pages`].
    pub(super) fn page_ids(&self) -> Result<BTreeSet<ObjId>, Stop> {
        let before = self.before;
        let mut pages = BTreeSet::new();
        let mut work: Vec<ObjId> = before.catalog()?.reference(b"Pages").into_iter().collect();
        let mut seen = BTreeSet::new();
        while let Some(id) = work.pop() {
            self.compare.spend(1)?;
            if !seen.insert(id) {
                continue;
            }
            let Some(dict) = before.object(id)?.as_plain_dict() else { continue };
            pages.insert(id);
            if let Some(kids) = before.get(dict, b"Kids")?.as_array() {
                work.extend(kids.iter().rev().filter_map(Object::as_ref_id));
            }
        }
        Ok(pages)
    }

    pub(super) fn annotation_ids(&self, pages: &BTreeSet<ObjId>) -> Result<BTreeSet<ObjId>, Stop> {
        let mut ids = BTreeSet::new();
        for page in pages {
            let Some(dict) = self.before.object(*page)?.as_plain_dict() else { continue };
            for id in annotations(self.before, dict)?.iter().filter_map(Object::as_ref_id) {
                // A stream is no annotation, whatever its dictionary says: it is compared wherever it is used.
                if self.before.object(id)?.as_plain_dict().is_some() {
                    ids.insert(id);
                }
            }
        }
        Ok(ids)
    }

    pub(super) fn pages(&mut self) -> Result<(), Stop> {
        let (old, new) = (self.before.catalog()?, self.after.catalog()?);
        let (Some(was), Some(is)) = (old.reference(b"Pages"), new.reference(b"Pages")) else {
            if !self.same(old, new, b"Pages", Stops::None)? {
                self.forbid_tree("page-tree", None);
                self.settle_tree();
            }
            return Ok(());
        };
        let mut work = vec![Pair { was, is, depth: 0 }];
        let mut seen = BTreeSet::new();
        let mut number = 0;
        while let Some(pair) = work.pop() {
            self.compare.spend(1)?;
            if pair.was == pair.is && seen.contains(&pair.was) && self.leaves.contains(&pair.is) {
                // The same page in two places, and compared already.
                number += 1;
                self.leaves.push(pair.is);
                continue;
            }
            if pair.was != pair.is || !seen.insert(pair.was) || pair.depth > self.after.limits().depth {
                self.forbid_tree("page-tree", Some(pair.is));
                continue;
            }
            let (before, after) = (self.before, self.after);
            let (was, is) = (before.object(pair.was)?, after.object(pair.is)?);
            let (Some(was), Some(is)) = (was.as_plain_dict(), is.as_plain_dict()) else {
                if was != is {
                    self.forbid_tree("page-tree", Some(pair.is));
                }
                continue;
            };
            if was.contains(b"Kids") || is.contains(b"Kids") {
                self.tree_node(was, is, &pair, &mut work)?;
            } else {
                number += 1;
                self.leaves.push(pair.is);
                self.page(was, is, pair.is, number)?;
            }
        }
        self.settle_tree();
        Ok(())
    }

    fn tree_node(&mut self, was: &Dict, is: &Dict, pair: &Pair, work: &mut Vec<Pair>) -> Result<(), Stop> {
        let keys = all_keys(was, is);
        for key in keys.into_iter().filter(|key| *key != b"Kids") {
            // A widespread library marks the root of the tree with its version.
            let mark = key == b"ITXT" && value(is, key).as_string().is_some();
            if !mark && self.difference(was, is, key, Stops::Pages)?.is_some() {
                self.forbid_tree("page-tree", Some(pair.is));
            }
        }
        let kids = (self.before.get(was, b"Kids")?.as_array(), self.after.get(is, b"Kids")?.as_array());
        let (Some(old), Some(new)) = kids else {
            self.forbid_tree("page-tree", Some(pair.is));
            return Ok(());
        };
        if old.len() != new.len() {
            self.forbid_tree("page-count", Some(pair.is));
        }
        for (was, is) in old.iter().zip(new).rev() {
            match (was.as_ref_id(), is.as_ref_id()) {
                (Some(was), Some(is)) => work.push(Pair { was, is, depth: pair.depth + 1 }),
                _ => {
                    if self.compare.difference(was, is, Stops::Pages, Some(pair.is))?.is_some() {
                        self.forbid_tree("page-tree", Some(pair.is));
                    }
                }
            }
        }
        Ok(())
    }

    pub(super) fn page(&mut self, was: &Dict, is: &Dict, id: ObjId, number: usize) -> Result<(), Stop> {
        for key in all_keys(was, is) {
            match key {
                b"Annots" if is_list(self.before, was)? && is_list(self.after, is)? => {
                    self.annotations(was, is, id, number)?;
                }
                // The tab order changes nothing that is seen; writers set it when they add a signature field, and only then.
                b"Tabs" if self.orders_new_annotations(was, is)? => {}
                _ => {
                    if let Some(object) = self.difference(was, is, key, Stops::Pages)? {
                        let object = if object.num == 0 { id } else { object };
                        self.push(Class::Forbidden, "page", Some(object), Some(number));
                    }
                }
            }
        }
        if is.has_duplicates() != was.has_duplicates() {
            self.push(Class::Forbidden, "page", Some(id), Some(number));
        }
        Ok(())
    }

    fn orders_new_annotations(&self, was: &Dict, is: &Dict) -> Result<bool, Stop> {
        let named = self.after.get(is, b"Tabs")?.as_name().is_some();
        Ok(named && annotations(self.before, was)? != annotations(self.after, is)?)
    }

    fn annotations(&mut self, was: &Dict, is: &Dict, page: ObjId, number: usize) -> Result<(), Stop> {
        let (before, after) = (self.before, self.after);
        let (old, new) = (annotations(before, was)?, annotations(after, is)?);
        let known: BTreeSet<ObjId> = old.iter().filter_map(Object::as_ref_id).collect();
        let now: BTreeSet<ObjId> = new.iter().filter_map(Object::as_ref_id).collect();
        for id in known.union(&now) {
            self.places.lists(*id, number);
        }
        let kept: Vec<&Object> = new.iter().filter(|a| a.as_ref_id().is_none_or(|id| known.contains(&id))).collect();
        let stays = |a: &&Object| a.as_ref_id().is_none_or(|id| now.contains(&id));
        let expected: Vec<&Object> = old.iter().filter(stays).collect();
        for gone in old.iter().filter_map(Object::as_ref_id).filter(|id| !now.contains(id)) {
            let kind = before.object(gone)?.as_dict().is_some_and(is_markup);
            let note = kind && !self.widgets.contains(&gone);
            let class = if note { Class::Annotation } else { Class::Forbidden };
            self.push(class, "annotation-removed", Some(gone), Some(number));
        }
        if kept.len() != expected.len() {
            self.push(Class::Forbidden, "annotation-list", Some(page), Some(number));
        }
        for (was, is) in expected.into_iter().zip(kept) {
            self.annotation(was, is, page, number)?;
        }
        for added in new.iter().filter_map(Object::as_ref_id).filter(|id| !known.contains(id)) {
            self.annotation_added(added, number)?;
        }
        Ok(())
    }

    fn annotation(&mut self, was: &Object, is: &Object, page: ObjId, number: usize) -> Result<(), Stop> {
        if was.as_ref_id() != is.as_ref_id() {
            self.push(Class::Forbidden, "annotation-order", Some(page), Some(number));
            return Ok(());
        }
        if was.as_ref_id().is_some_and(|id| self.widgets.contains(&id)) {
            return Ok(()); // its field's rule
        }
        let (before, after) = (self.before, self.after);
        let (old, new) = (before.resolve(was)?, after.resolve(is)?);
        let (Some(old), Some(new)) = (old.as_plain_dict(), new.as_plain_dict()) else {
            if self.compare.difference(was, is, Stops::Nowhere, None)?.is_some() {
                self.push(Class::Forbidden, "annotation", was.as_ref_id(), Some(number));
            }
            return Ok(());
        };
        for key in all_keys(old, new) {
            if self.difference(old, new, key, Stops::All)?.is_some() {
                let markup = is_markup(new) && is_markup(old);
                let class = if markup { Class::Annotation } else { Class::Forbidden };
                self.push(class, "annotation-changed", was.as_ref_id().or(Some(page)), Some(number));
                if markup && paints(after, new)? {
                    self.cover(is, number);
                }
                return Ok(());
            }
        }
        Ok(())
    }

    fn annotation_added(&mut self, id: ObjId, number: usize) -> Result<(), Stop> {
        let Some(dict) = self.after.object(id)?.as_plain_dict() else {
            self.push(Class::Forbidden, "annotation-added", Some(id), Some(number));
            return Ok(());
        };
        if dict.name(b"Subtype") == Some(b"Widget") {
            if self.added_widgets.insert(id, number).is_some() {
                self.push(Class::Forbidden, "widget-on-two-pages", Some(id), Some(number));
            }
            return Ok(());
        }
        let markup = is_markup(dict) && self.is_fresh(id);
        let class = if markup { Class::Annotation } else { Class::Forbidden };
        self.push(class, "annotation-added", Some(id), Some(number));
        if markup && paints(self.after, dict)? {
            self.cover(&Object::Ref(id), number);
        }
        Ok(())
    }
}

/// Harmless kinds without actions.
fn is_markup(dict: &Dict) -> bool {
    let subtype = dict.name(b"Subtype").unwrap_or_default();
    let kind = MARKUP.contains(&subtype) && (subtype != b"Stamp" || is_named_stamp(dict));
    kind && !dict.contains(b"A") && !dict.contains(b"AA")
}

/// A stamp that the viewer draws, by a name that every viewer knows; with an appearance of its own it could be any picture.
fn is_named_stamp(dict: &Dict) -> bool {
    let known = match dict.get(b"Name") {
        None => true,
        Some(name) => name.as_name().is_some_and(|name| STAMPS.contains(&name)),
    };
    known && !dict.contains(b"AP")
}

/// Is `/Annots` a list, or missing? Anything else some viewers make a list of.
fn is_list(document: &Document<'_>, page: &Dict) -> Result<bool, Stop> {
    Ok(matches!(document.get(page, b"Annots")?, Object::Null | Object::Array(_)))
}

fn annotations(document: &Document<'_>, page: &Dict) -> Result<Vec<Object>, Stop> {
    Ok(document.get(page, b"Annots")?.as_array().unwrap_or_default().to_vec())
}

pub(super) fn all_keys<'d>(was: &'d Dict, is: &'d Dict) -> BTreeSet<&'d [u8]> {
    was.iter().chain(is.iter()).map(|(key, _)| key).collect()
}

/// The value of a key as written; missing is `null`.
pub(super) fn value<'d>(dict: &'d Dict, key: &[u8]) -> &'d Object {
    dict.get(key).unwrap_or(&NULL)
}
