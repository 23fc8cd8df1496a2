//! The structure tree of a tagged file: only elements for new signature widgets may come (C10).

use std::collections::BTreeSet;

use pdf::{Dict, Document, ObjId, Object};

use super::compare::{NULL, Stop, Stops};
use super::pages::all_keys;
use super::{Class, Step};

/// Elements that are still walked in one comparison.
const ELEMENTS: usize = 200_000;

impl Step<'_, '_> {
    pub(super) fn structure(&mut self, old: &Dict, new: &Dict) -> Result<(), Stop> {
        let (before, after) = (self.before, self.after);
        let (was, is) = (before.get(old, b"StructTreeRoot")?, after.get(new, b"StructTreeRoot")?);
        let (Some(was), Some(is)) = (was.as_dict(), is.as_dict()) else {
            if was != is {
                self.forbid("structure-tree", new.reference(b"StructTreeRoot"));
            }
            return Ok(());
        };
        if old.reference(b"StructTreeRoot") == new.reference(b"StructTreeRoot")
            && self
                .compare
                .difference(
                    &Object::Dict(was.clone()),
                    &Object::Dict(is.clone()),
                    Stops::All,
                    old.reference(b"StructTreeRoot"),
                )?
                .is_none()
        {
            return Ok(());
        }
        let compared = self.elements(was, is)?;
        let mut fine = compared.is_some();
        let compared = compared.unwrap_or_default();
        for key in all_keys(was, is) {
            fine &= match key {
                b"K" => true,
                b"ParentTree" | b"IDTree" => self.tree_grows(was, is, key, &compared)?,
                b"ParentTreeNextKey" => true,
                _ => self.same(was, is, key, Stops::All)?,
            };
        }
        let class = if fine { Class::BesideSigning } else { Class::Forbidden };
        self.push(class, "structure-tree", new.reference(b"StructTreeRoot"), None);
        Ok(())
    }

    /// Old elements stay in their order with their content; new ones only hold object references. The elements that were compared, or nothing
    /// where there is another change.
    fn elements(&mut self, was: &Dict, is: &Dict) -> Result<Option<BTreeSet<ObjId>>, Stop> {
        let (before, after) = (self.before, self.after);
        let mut work: Vec<(&Dict, &Dict)> = vec![(was, is)];
        let mut seen: BTreeSet<ObjId> = BTreeSet::new();
        let mut count = 0;
        while let Some((was, is)) = work.pop() {
            count += 1;
            self.compare.spend(1)?;
            if count > ELEMENTS {
                return Err(Stop::Budget);
            }
            let (old, new) = (kids(before, was)?, kids(after, is)?);
            let mut next = new.into_iter().peekable();
            for kid in old {
                let mut found = None;
                for candidate in next.by_ref() {
                    if self.same_kid(kid, candidate)? {
                        found = Some(candidate);
                        break;
                    }
                    if !self.is_new_element(candidate)? {
                        return Ok(None);
                    }
                }
                let (Some(found), Some(id)) = (found, kid.as_ref_id()) else {
                    if found.is_some() { continue } else { return Ok(None) }
                };
                if !seen.insert(id) {
                    return Ok(None);
                }
                let (old, new) = (before.resolve(kid)?, after.resolve(found)?);
                let (Some(old), Some(new)) = (old.as_plain_dict(), new.as_plain_dict()) else {
                    // Neither is an element.
                    if self.compare.difference(kid, found, Stops::Nowhere, None)?.is_some() {
                        return Ok(None);
                    }
                    continue;
                };
                for key in all_keys(old, new).into_iter().filter(|key| *key != b"K" && *key != b"P") {
                    if !self.same(old, new, key, Stops::All)? {
                        return Ok(None);
                    }
                }
                if old.reference(b"P") != new.reference(b"P") {
                    return Ok(None);
                }
                work.push((old, new));
            }
            for candidate in next {
                if !self.is_new_element(candidate)? {
                    return Ok(None);
                }
            }
        }
        Ok(Some(seen))
    }

    fn same_kid(&self, was: &Object, is: &Object) -> Result<bool, Stop> {
        match (was, is) {
            (Object::Ref(a), Object::Ref(b)) => Ok(a == b),
            (Object::Ref(_), _) | (_, Object::Ref(_)) => Ok(false),
            _ => Ok(self.compare.difference(was, is, Stops::All, None)?.is_none()),
        }
    }

    /// A fresh element whose content is object references only: it can tag a widget, not page content.
    fn is_new_element(&self, kid: &Object) -> Result<bool, Stop> {
        let Some(id) = kid.as_ref_id().filter(|id| self.is_fresh(*id)) else { return Ok(false) };
        let Some(dict) = self.after.object(id)?.as_plain_dict() else { return Ok(false) };
        for kid in kids(self.after, dict)? {
            let inner = self.after.resolve(kid)?;
            let Some(inner) = inner.as_dict() else { return Ok(false) };
            if !inner.is_type(b"OBJR") {
                return Ok(false);
            }
        }
        Ok(!dict.contains(b"ActualText") && !dict.contains(b"Alt") && !dict.contains(b"E"))
    }

    /// A number or name tree keeps its entries; what comes is new elements.
    fn tree_grows(&self, was: &Dict, is: &Dict, key: &[u8], compared: &BTreeSet<ObjId>) -> Result<bool, Stop> {
        let old = self.leaves(was.get(key).unwrap_or(&NULL), self.before)?;
        let new = self.leaves(is.get(key).unwrap_or(&NULL), self.after)?;
        let (Some(old), Some(new)) = (old, new) else { return self.same(was, is, key, Stops::All) };
        let mut old = old.iter().peekable();
        for (name, now) in &new {
            match old.next_if(|(known, _)| known == name) {
                Some((_, value)) if !self.same_leaf(value, now, compared)? => return Ok(false),
                None if !self.is_new_element(now)? => return Ok(false),
                _ => {}
            }
        }
        Ok(old.next().is_none())
    }

    /// Elements are compared by identity where their content has been compared in the tree.
    fn same_leaf(&self, was: &Object, is: &Object, compared: &BTreeSet<ObjId>) -> Result<bool, Stop> {
        let known = |a: &Object, b: &Object| a == b && a.as_ref_id().is_some_and(|id| compared.contains(&id));
        if known(was, is) {
            return Ok(true);
        }
        if let (Some(was), Some(is)) = (self.before.resolve(was)?.as_array(), self.after.resolve(is)?.as_array()) {
            for (was, is) in was.iter().zip(is) {
                if !known(was, is) && self.compare.difference(was, is, Stops::All, None)?.is_some() {
                    return Ok(false);
                }
            }
            return Ok(was.len() == is.len());
        }
        Ok(self.compare.difference(was, is, Stops::All, None)?.is_none())
    }

    /// The leaves of a tree in their order; nothing where a node is none.
    fn leaves<'d>(
        &self,
        root: &'d Object,
        document: &'d Document<'_>,
    ) -> Result<Option<Vec<(Object, &'d Object)>>, Stop> {
        let mut leaves = Vec::new();
        let mut work = vec![root];
        let mut seen = BTreeSet::new();
        while let Some(node) = work.pop() {
            self.compare.spend(1)?;
            if node.as_ref_id().is_some_and(|id| !seen.insert(id)) {
                continue;
            }
            let dict = match document.resolve(node)? {
                Object::Null => continue,
                Object::Dict(dict) => dict,
                _ => return Ok(None),
            };
            for list in [&b"Nums"[..], b"Names"] {
                let list = document.get(dict, list)?.as_array().unwrap_or_default();
                for pair in list.chunks_exact(2) {
                    if let [name, value] = pair {
                        leaves.push((name.clone(), value));
                    }
                }
            }
            let kids = document.get(dict, b"Kids")?.as_array().unwrap_or_default();
            work.extend(kids.iter().rev());
        }
        Ok(Some(leaves))
    }
}

/// `/K` as a list.
fn kids<'d>(document: &'d Document<'_>, dict: &'d Dict) -> Result<Vec<&'d Object>, Stop> {
    let own = dict.get(b"K").unwrap_or(&NULL);
    Ok(match document.resolve(own)? {
        Object::Null => Vec::new(),
        Object::Array(list) => list.iter().collect(),
        _ => vec![own],
    })
}
