//! On which pages a change shows (api.md §2.4, `revisions[].pages_changed`).
//!
//! What a page draws with is compared with the page and has its number, and fields have those of their widgets, which the same walk saw:
//! nothing is walked again but a page tree that is not what it was. Does not draw, and does not say where on a page.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use pdf::{Dict, Document, ObjId, Page};

use super::compare::{Stop, Stops};
use super::form::Node;
use super::{Change, Class, Step};

/// Steps up from fields to their groups in one file, to find the pages of forbidden changes; whoever has more is not told pages.
pub(crate) const LOOKS: u64 = 500_000;
/// What the walk over the pages saw.
#[derive(Default)]
pub(super) struct Places {
    /// Annotations, each with the number of a page that lists it or listed it.
    listed: Vec<(ObjId, usize)>,
    sorted: bool,
    /// Changes of the page tree, by their index.
    tree: Vec<usize>,
}

impl Places {
    pub(super) fn lists(&mut self, annotation: ObjId, page: usize) {
        self.listed.push((annotation, page));
        self.sorted = false;
    }

    fn of(&mut self, widgets: &BTreeSet<ObjId>) -> Vec<usize> {
        if !self.sorted {
            self.listed.sort_unstable();
            self.sorted = true;
        }
        let pages = widgets.iter().flat_map(|widget| {
            let start = self.listed.partition_point(|(id, _)| id < widget);
            let listed = self.listed.get(start..).unwrap_or_default();
            listed.iter().take_while(move |(id, _)| id == widget).map(|(_, page)| *page)
        });
        pages.collect::<BTreeSet<usize>>().into_iter().collect()
    }
}

impl Step<'_, '_> {
    /// Forbids a change of the page tree. Which pages that concerns is known when the whole tree was walked.
    pub(super) fn forbid_tree(&mut self, rule: &'static str, node: Option<ObjId>) {
        self.places.tree.push(self.changes.len());
        self.forbid(rule, node);
    }

    /// Where the page tree is not what it was, pages are numbered as they stand now, those that the walk left out are compared, and the
    /// changes of the tree get the pages that came, went, or take over something else from the nodes above them.
    pub(super) fn settle_tree(&mut self) {
        let tree = std::mem::take(&mut self.places.tree);
        if tree.is_empty() {
            return;
        }
        let (was, is) = (pages(self.before), pages(self.after));
        let (old, new) = (ids(&was), ids(&is));
        self.renumber(&new);
        self.compare_left_out(&old, &new);
        let mut concerned = moved(&old, &new);
        concerned.extend(self.inherit_otherwise(&was, &is));
        for at in tree {
            if let Some(change) = self.changes.get_mut(at) {
                change.pages = concerned.iter().copied().collect();
            }
        }
    }

    /// Numbers of the pages whose box, turn or resources are others than before because nodes above them are.
    fn inherit_otherwise(&self, was: &[Page], is: &[Page]) -> Vec<usize> {
        let before: BTreeMap<ObjId, &Page> = was.iter().map(|page| (page.id, page)).collect();
        let shape = |page: &Page| (page.media_box, page.crop_box, page.rotate);
        let mut known = BTreeMap::new();
        let mut otherwise = |page: &Page| {
            let Some(old) = before.get(&page.id) else { return false };
            let holders = (old.resources_at, page.resources_at);
            shape(old) != shape(page)
                || holders != (Some(page.id), Some(page.id))
                    && *known.entry(holders).or_insert_with(|| self.resources_differ(holders))
        };
        is.iter().zip(1..).filter(|(page, _)| otherwise(page)).map(|(_, number)| number).collect()
    }

    fn resources_differ(&self, (was, is): (Option<ObjId>, Option<ObjId>)) -> bool {
        let empty = Dict::new();
        let old = was.and_then(|id| self.before.object(id).ok()?.as_dict()).unwrap_or(&empty);
        let new = is.and_then(|id| self.after.object(id).ok()?.as_dict()).unwrap_or(&empty);
        // What cannot be compared may be another.
        !self.same(old, new, b"Resources", Stops::Nowhere).unwrap_or(false)
    }

    fn renumber(&mut self, is: &[ObjId]) {
        let walked = std::mem::take(&mut self.leaves);
        let now = numbers(is);
        let renumbered = |page: usize| walked.get(page.checked_sub(1)?).and_then(|id| now.get(id)).copied();
        for change in &mut self.changes {
            change.pages = change.pages.iter().filter_map(|page| renumbered(*page)).collect();
        }
        self.places.listed =
            self.places.listed.iter().filter_map(|(id, page)| Some((*id, renumbered(*page)?))).collect();
        for page in self.added_widgets.values_mut() {
            *page = renumbered(*page).unwrap_or(*page);
        }
        self.places.sorted = false;
        self.compared = walked.into_iter().collect();
        self.leaves = is.to_vec();
    }

    /// Pages that are there before and after, under nodes that are not the same.
    fn compare_left_out(&mut self, was: &[ObjId], is: &[ObjId]) {
        let (before, after) = (self.before, self.after);
        let known: BTreeSet<&ObjId> = was.iter().collect();
        for (id, number) in is.iter().zip(1..).filter(|(id, _)| known.contains(id)) {
            if !self.compared.insert(*id) {
                continue;
            }
            let both = before.object(*id).and_then(|old| Ok((old.as_dict(), after.object(*id)?.as_dict())));
            // The tree is forbidden already: what cannot be read or costs too much adds nothing to that.
            let Ok((Some(old), Some(new))) = both else { continue };
            if self.page(old, new, *id, number).is_err() {
                return;
            }
        }
    }

    /// Gives the changes since `from` the pages of a field's widgets; of a group of fields, of those below it.
    pub(super) fn on_widgets_of(&mut self, from: usize, field: ObjId, states: [&BTreeMap<ObjId, Node>; 2]) {
        let homeless = |change: &Change| change.pages.is_empty() && change.class != Class::Material;
        if !self.changes.iter().skip(from).any(homeless) {
            return;
        }
        let mut widgets = BTreeSet::new();
        for nodes in states {
            match nodes.get(&field) {
                Some(node) if node.terminal => widgets.extend(node.widgets.iter().copied()),
                Some(_) => widgets.extend(self.widgets_below(field, nodes)),
                None => {}
            }
        }
        let pages = self.places.of(&widgets);
        for change in self.changes.iter_mut().skip(from).filter(|change| homeless(change)) {
            change.pages.clone_from(&pages);
        }
    }

    fn widgets_below(&self, group: ObjId, nodes: &BTreeMap<ObjId, Node>) -> BTreeSet<ObjId> {
        let below = |node: &Node| {
            let mut above = node.parent;
            // A way up that is longer than what is read leads nowhere.
            while let Some(id) = above.filter(|_| spend(self.looks).is_ok()) {
                if id == group {
                    return true;
                }
                above = nodes.get(&id).and_then(|node| node.parent);
            }
            false
        };
        nodes.values().filter(|node| node.terminal && below(node)).flat_map(|node| node.widgets.clone()).collect()
    }
}

fn spend(looks: &Cell<u64>) -> Result<(), Stop> {
    looks.set(looks.get().checked_sub(1).ok_or(Stop::Budget)?);
    Ok(())
}

/// Pages in order; none where the tree cannot be read.
fn pages(view: &Document<'_>) -> Vec<Page> {
    view.pages().unwrap_or_default()
}

fn ids(pages: &[Page]) -> Vec<ObjId> {
    pages.iter().map(|page| page.id).collect()
}

/// The first number of each page, from 1.
fn numbers(pages: &[ObjId]) -> BTreeMap<ObjId, usize> {
    pages.iter().enumerate().rev().map(|(at, id)| (*id, at + 1)).collect()
}

/// Numbers of the pages that came or were put elsewhere; where pages only went, the numbers that those had.
fn moved(was: &[ObjId], is: &[ObjId]) -> BTreeSet<usize> {
    let front = was.iter().zip(is).take_while(|(a, b)| a == b).count();
    let back = was.iter().skip(front).rev().zip(is.iter().skip(front).rev()).take_while(|(a, b)| a == b).count();
    let between = |pages: &[ObjId]| front + 1..pages.len() - back + 1;
    match between(is).is_empty() {
        false => between(is).collect(),
        true => between(was).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pages that came are named by their new numbers, pages that went by their old ones.
    #[test]
    fn c13_pages_that_came_or_went_have_numbers() {
        let pages = |ids: &[u32]| -> Vec<ObjId> { ids.iter().map(|id| ObjId::new(*id, 0)).collect() };
        let found = |was: &[u32], is: &[u32]| moved(&pages(was), &pages(is)).into_iter().collect::<Vec<usize>>();
        assert_eq!(found(&[1, 2, 3], &[1, 9, 2, 3]), [2], "one came");
        assert_eq!(found(&[1, 2, 3], &[1, 3]), [2], "one went");
        assert_eq!(found(&[1, 2, 3], &[1, 9, 3]), [2], "one for another");
        assert_eq!(found(&[1, 2, 3], &[3, 2, 1]), [1, 2, 3], "turned round");
        assert_eq!(found(&[1, 1], &[1, 1, 1]), [3], "one twice more");
        assert_eq!(found(&[1, 2], &[1, 2]), [0; 0]);
        assert_eq!(found(&[1, 2], &[]), [1, 2]);
        assert_eq!(numbers(&pages(&[7, 8, 7])).get(&ObjId::new(7, 0)), Some(&1), "the first");
    }
}
