//! The structure tree of a tagged file: only elements for new signature widgets may come (C10).

use std::collections::BTreeSet;

use pdf::{Dict, ObjId, Object};

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
        let mut fine = true;
        for key in all_keys(was, is) {
            fine &= match key {
                b"K" => self.elements(was, is)?,
                b"ParentTree" | b"IDTree" => self.tree_grows(was, is, key)?,
                b"ParentTreeNextKey" => true,
                _ => self.same(was, is, key, Stops::All)?,
            };
        }
        let class = if fine {
            Class::Signing { field: String::new(), created: true, visible: false }
        } else {
            Class::Forbidden
        };
        self.push(class, "structure-tree", new.reference(b"StructTreeRoot"), None);
        Ok(())
    }

    /// Old elements stay in their order with their content; new ones only hold object references.
    fn elements(&mut self, was: &Dict, is: &Dict) -> Result<bool, Stop> {
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
                        return Ok(false);
                    }
                }
                let (Some(found), Some(id)) = (found, kid.as_ref_id()) else {
                    if found.is_some() { continue } else { return Ok(false) }
                };
                if !seen.insert(id) {
                    return Ok(false);
                }
                let (old, new) = (before.resolve(kid)?, after.resolve(found)?);
                let (Some(old), Some(new)) = (old.as_dict(), new.as_dict()) else { return Ok(old == new) };
                for key in all_keys(old, new).into_iter().filter(|key| *key != b"K" && *key != b"P") {
                    if !self.same(old, new, key, Stops::All)? {
                        return Ok(false);
                    }
                }
                if old.reference(b"P") != new.reference(b"P") {
                    return Ok(false);
                }
                work.push((old, new));
            }
            for candidate in next {
                if !self.is_new_element(candidate)? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
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
        let Some(dict) = self.after.object(id)?.as_dict() else { return Ok(false) };
        for kid in kids(self.after, dict)? {
            let inner = self.after.resolve(kid)?;
            let Some(inner) = inner.as_dict() else { return Ok(false) };
            if !inner.is_type(b"OBJR") {
                return Ok(false);
            }
        }
        Ok(!dict.contains(b"ActualText") && !dict.contains(b"Alt") && !dict.contains(b"E"))
    }

    /// A number or name tree keeps its entries; more may come.
    fn tree_grows(&self, was: &Dict, is: &Dict, key: &[u8]) -> Result<bool, Stop> {
        let old = self.leaves(was.get(key).unwrap_or(&NULL), true)?;
        let new = self.leaves(is.get(key).unwrap_or(&NULL), false)?;
        let mut new = new.into_iter();
        for (name, value) in &old {
            let Some((_, now)) = new.by_ref().find(|(other, _)| other == name) else { return Ok(false) };
            if !self.same_leaf(value, now)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Elements are compared by identity here; their content has been compared in the tree.
    fn same_leaf(&self, was: &Object, is: &Object) -> Result<bool, Stop> {
        if let (Object::Ref(a), Object::Ref(b)) = (was, is)
            && a == b
            && self.before.object(*a)?.as_array().is_none()
        {
            return Ok(true);
        }
        let (was, is) = (self.before.resolve(was)?, self.after.resolve(is)?);
        let (Some(was), Some(is)) = (was.as_array(), is.as_array()) else { return Ok(false) };
        Ok(was.len() == is.len() && was.iter().zip(is).all(|(a, b)| a == b))
    }

    fn leaves(&self, root: &Object, before: bool) -> Result<Vec<(Object, &Object)>, Stop> {
        let document = if before { self.before } else { self.after };
        let mut leaves = Vec::new();
        let Object::Ref(root) = root else { return Ok(leaves) };
        let mut work = vec![*root];
        let mut seen = BTreeSet::new();
        while let Some(id) = work.pop() {
            self.compare.spend(1)?;
            if !seen.insert(id) {
                continue;
            }
            let Some(dict) = document.object(id)?.as_dict() else { continue };
            for list in [&b"Nums"[..], b"Names"] {
                let list = document.get(dict, list)?.as_array().unwrap_or_default();
                for pair in list.chunks_exact(2) {
                    if let [name, value] = pair {
                        leaves.push((name.clone(), value));
                    }
                }
            }
            let kids = document.get(dict, b"Kids")?.as_array().unwrap_or_default();
            work.extend(kids.iter().rev().filter_map(Object::as_ref_id));
        }
        Ok(leaves)
    }
}

/// `/K` as a list.
fn kids<'d>(document: &'d pdf::Document<'_>, dict: &'d Dict) -> Result<Vec<&'d Object>, Stop> {
    let own = dict.get(b"K").unwrap_or(&NULL);
    Ok(match document.resolve(own)? {
        Object::Null => Vec::new(),
        Object::Array(list) => list.iter().collect(),
        _ => vec![own],
    })
}
