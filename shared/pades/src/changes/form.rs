//! The interactive form: filling, signing, and signature fields that are created (C9, C10, C11).

use std::collections::{BTreeMap, BTreeSet};

use pdf::{Dict, Document, ObjId, Object};

use super::anew::has_drawing;
use super::appearance::Drawn;
use super::compare::{Stop, Stops};
use super::cover::{has_area, paints, shows};
use super::pages::{all_keys, value};
use super::{Class, DRAWING_UNREADABLE, REACHED, Step};

/// Keys of a field or widget that signing it may set.
const SIGNING_KEYS: &[&[u8]] = &[b"V", b"AP", b"AS", b"F", b"Ff", b"DA", b"Q", b"M", b"Type"];
/// Keys of a field or widget that filling it in may set.
const FILLING_KEYS: &[&[u8]] =
    &[b"V", b"AP", b"AS", b"F", b"Ff", b"DA", b"DS", b"Q", b"M", b"RV", b"I", b"TI", b"Type"];
/// Print and Locked: signing may make a field print, and fix it where it is (ISO 32000-2 table 167).
const SIGNING_FLAGS: i64 = 4 | 128;
/// Locked: filling in may not change whether a field prints or is hidden.
const FILLING_FLAGS: i64 = 128;

/// A node of the field tree, or one of its separate widgets' owner.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) parent: Option<ObjId>,
    /// `/FT`, own or inherited.
    pub(crate) kind: Vec<u8>,
    /// Has no kids that are fields.
    pub(crate) terminal: bool,
    /// Separate widgets; empty when field and widget are one dictionary.
    pub(crate) kids: Vec<ObjId>,
    /// All its widgets.
    pub(crate) widgets: Vec<ObjId>,
    /// The partial name is not a text string, or contains a period.
    pub(crate) odd_name: bool,
}

/// The field tree by object. Direct fields are left out: nothing can be signed in them and a change of them is found in the parent.
pub(crate) fn nodes(document: &Document<'_>) -> Result<BTreeMap<ObjId, Node>, Stop> {
    let mut nodes = BTreeMap::new();
    let Some(form) = document.get(document.catalog()?, b"AcroForm")?.as_plain_dict() else { return Ok(nodes) };
    let roots = document.get(form, b"Fields")?.as_array().unwrap_or_default();
    let mut work: Vec<(ObjId, Option<ObjId>, usize)> =
        roots.iter().rev().filter_map(|root| Some((root.as_ref_id()?, None, 0))).collect();
    while let Some((id, parent, depth)) = work.pop() {
        if nodes.contains_key(&id) || depth > document.limits().depth {
            continue;
        }
        if nodes.len() > document.limits().fields {
            return Err(Stop::Budget);
        }
        let Some(dict) = document.object(id)?.as_plain_dict() else { continue };
        let kids = document.get(dict, b"Kids")?.as_array().unwrap_or_default();
        let mut fields = Vec::new();
        let mut widgets = Vec::new();
        for kid in kids.iter().filter_map(Object::as_ref_id) {
            let named =
                document.object(kid)?.as_plain_dict().is_some_and(|dict| dict.contains(b"T") || dict.contains(b"Kids"));
            if named { fields.push(kid) } else { widgets.push(kid) }
        }
        let above = parent.and_then(|parent| nodes.get(&parent));
        let node = node(document, id, dict, parent, above, (&fields, widgets))?;
        work.extend(fields.iter().rev().map(|kid| (*kid, Some(id), depth + 1)));
        nodes.insert(id, node);
    }
    Ok(nodes)
}

fn node(
    document: &Document<'_>,
    id: ObjId,
    dict: &Dict,
    parent: Option<ObjId>,
    above: Option<&Node>,
    (fields, kids): (&[ObjId], Vec<ObjId>),
) -> Result<Node, Stop> {
    let partial = document.get(dict, b"T")?;
    let text = partial.as_string().map(pdf::decode_text);
    let odd_name = text.as_ref().is_none_or(|text| text.contains('.'));
    let name = match (above.map(|node| node.name.as_str()).unwrap_or_default(), text.unwrap_or_default()) {
        ("", own) => own,
        (above, own) => format!("{above}.{own}"),
    };
    let kind = match document.get(dict, b"FT")?.as_name() {
        Some(own) => own.to_vec(),
        None => above.map(|node| node.kind.clone()).unwrap_or_default(),
    };
    let widgets = if kids.is_empty() && fields.is_empty() { vec![id] } else { kids.clone() };
    Ok(Node { name, parent, kind, terminal: fields.is_empty(), kids, widgets, odd_name })
}

impl Step<'_, '_> {
    pub(super) fn form(&mut self) -> Result<(), Stop> {
        let (before, after) = (self.before, self.after);
        let is_form = |view: &Document<'_>| -> Result<bool, Stop> {
            Ok(matches!(view.get(view.catalog()?, b"AcroForm")?, Object::Null | Object::Dict(_)))
        };
        if !is_form(before)? || !is_form(after)? {
            // What is no dictionary is no form; it may be something else that is drawn.
            if self.difference(before.catalog()?, after.catalog()?, b"AcroForm", Stops::Nowhere)?.is_some() {
                self.forbid("form", None);
            }
            return Ok(());
        }
        let empty = Dict::new();
        let old = before.get(before.catalog()?, b"AcroForm")?.as_plain_dict().unwrap_or(&empty);
        let new = after.get(after.catalog()?, b"AcroForm")?.as_plain_dict().unwrap_or(&empty);
        let (was, is) = (nodes(before)?, nodes(after)?);
        self.form_keys(old, new)?;
        self.direct_fields(old, new)?;
        self.field_order(old, new)?;
        let mut names = BTreeSet::new();
        for (id, node) in is.iter().filter(|(_, node)| node.terminal) {
            if !names.insert(&node.name) && was.get(id).is_none_or(|old| old.name != node.name) {
                let from = self.changes.len();
                self.forbid("field-name", Some(*id));
                self.on_widgets_of(from, *id, [&was, &is]);
            }
        }
        for (id, node) in &was {
            let from = self.changes.len();
            match is.get(id) {
                Some(now) => {
                    self.field(*id, node, now)?;
                    self.shown_anew(*id, now)?;
                }
                None => self.forbid("field-removed", Some(*id)),
            }
            self.on_widgets_of(from, *id, [&was, &is]);
        }
        for (id, node) in is.iter().filter(|(id, _)| !was.contains_key(id)) {
            let from = self.changes.len();
            self.new_field(*id, node, &is)?;
            self.on_widgets_of(from, *id, [&was, &is]);
        }
        for (widget, page) in std::mem::take(&mut self.added_widgets) {
            self.push(Class::Forbidden, "widget-added", Some(widget), Some(page));
        }
        Ok(())
    }

    fn form_keys(&mut self, old: &Dict, new: &Dict) -> Result<(), Stop> {
        for key in all_keys(old, new) {
            if key == b"Fields" || self.same(old, new, key, Stops::All)? {
                continue;
            }
            match key {
                b"SigFlags" if self.gained_flags(old, new)? => {}
                // Fields without one of their own are drawn with it, those that nobody may fill in too.
                b"DA" if old.contains(b"DA") || !self.default_is_plain(old, new)? => self.forbid("form-defaults", None),
                b"NeedAppearances" => {
                    self.drawn_anew |= self.after.get(new, key)?.as_bool() != Some(false);
                    self.push(Class::Filling(None), "form-defaults", None, None);
                }
                b"DA" | b"Q" => self.push(Class::Filling(None), "form-defaults", None, None),
                b"DR" => self.default_resources(old, new)?,
                _ => self.forbid("form", None),
            }
        }
        Ok(())
    }

    /// ISO 32000-2 Table 225: a signature added later may say "signatures exist" and "append only"; nothing takes
    /// either back, for a viewer would then let the signed file be rewritten.
    fn gained_flags(&self, old: &Dict, new: &Dict) -> Result<bool, Stop> {
        let was = self.before.get(old, b"SigFlags")?.as_int().unwrap_or(0);
        let is = self.after.get(new, b"SigFlags")?.as_int();
        Ok(is.is_some_and(|flags| (0..=3).contains(&flags) && flags & was == was))
    }

    /// Fields that are written directly in the list have no identity: they must stay as they are.
    fn direct_fields(&mut self, old: &Dict, new: &Dict) -> Result<(), Stop> {
        if !self.same_direct(old, new, b"Fields")? {
            self.forbid("field-direct", None);
        }
        Ok(())
    }

    /// Are the members of a list the same that are written in it? Of members elsewhere nothing is asked here, but what is no list must be the same.
    fn same_direct(&self, old: &Dict, new: &Dict, key: &[u8]) -> Result<bool, Stop> {
        let (was, is) = (self.before.get(old, key)?, self.after.get(new, key)?);
        let direct = |list: &Object| match list {
            Object::Null => Some(Vec::new()),
            Object::Array(list) => Some(list.iter().filter(|one| one.as_ref_id().is_none()).cloned().collect()),
            _ => None,
        };
        let (Some(was), Some(is)) = (direct(was), direct(is)) else { return self.same(old, new, key, Stops::Nowhere) };
        let (was, is) = (Object::Array(was), Object::Array(is));
        Ok(self.compare.difference(&was, &is, Stops::Pages, None)?.is_none())
    }

    /// C10: new fields come behind those that were there; some honest writers put them before.
    fn field_order(&mut self, old: &Dict, new: &Dict) -> Result<(), Stop> {
        let roots = |document: &Document<'_>, form: &Dict| -> Result<Vec<ObjId>, Stop> {
            let list = document.get(form, b"Fields")?.as_array().unwrap_or_default();
            Ok(list.iter().filter_map(Object::as_ref_id).collect())
        };
        let (was, is) = (roots(self.before, old)?, roots(self.after, new)?);
        if !is.starts_with(&was) {
            // No field is lost by it (that is its own rule); in a certified copy no field comes.
            self.push(Class::Metadata, "field-order", None, None);
        }
        Ok(())
    }

    /// New names may come; what a name means stays.
    fn default_resources(&mut self, old: &Dict, new: &Dict) -> Result<(), Stop> {
        let (before, after) = (self.before, self.after);
        let Some(is) = after.get(new, b"DR")?.as_plain_dict() else {
            self.forbid("default-resources", None);
            return Ok(());
        };
        for (category, resources) in before.get(old, b"DR")?.as_plain_dict().into_iter().flatten() {
            let (was, now) = (before.resolve(resources)?, after.get(is, category)?);
            let Some(was) = was.as_plain_dict() else {
                if self.compare.difference(resources, value(is, category), Stops::Pages, None)?.is_some() {
                    self.forbid("default-resources", None);
                }
                continue;
            };
            for (name, resource) in was {
                let now = now.as_plain_dict().and_then(|dict| dict.get(name)).unwrap_or(&Object::Null);
                if let Some(object) = self.compare.difference(resource, now, Stops::Pages, None)? {
                    self.forbid("default-resources", Some(object));
                }
            }
        }
        if !self.adds_usual_fonts(old, new)? {
            self.forbid("default-resources", None);
        }
        self.push(Class::Filling(None), "default-resources", None, None);
        Ok(())
    }

    fn field(&mut self, id: ObjId, was: &Node, is: &Node) -> Result<(), Stop> {
        if was.name != is.name || was.parent != is.parent || was.kind != is.kind {
            self.forbid("field-renamed", Some(id));
            return Ok(());
        }
        let (before, after) = (self.before, self.after);
        let (Some(old), Some(new)) = (before.object(id)?.as_plain_dict(), after.object(id)?.as_plain_dict()) else {
            self.forbid("field", Some(id));
            return Ok(());
        };
        let mut keys: BTreeSet<Vec<u8>> = BTreeSet::new();
        for key in all_keys(old, new).into_iter().filter(|key| *key != b"Kids") {
            if !self.same(old, new, key, Stops::All)? {
                keys.insert(key.to_vec());
            }
        }
        if old.has_duplicates() != new.has_duplicates() {
            self.forbid("field", Some(id));
        }
        let one_field = was.terminal && is.terminal && was.kids == is.kids;
        if one_field && members(before, old)? != members(after, new)? || !self.same_direct(old, new, b"Kids")? {
            self.forbid("field-kids", Some(id));
        }
        if !was.terminal || !is.terminal {
            if !keys.is_empty() || was.terminal != is.terminal || self.widgets_changed(id, was, is)? != Widgets::Same {
                self.forbid("field-group", Some(id));
            }
            return Ok(());
        }
        for widget in &is.widgets {
            self.appearance(*widget)?;
        }
        let signature = was.kind == b"Sig";
        let signed = signature && !before.get(old, b"V")?.is_null();
        let widgets = self.widgets_changed(id, was, is)?;
        if signed {
            let typed = keys.len() == 1 && keys.contains(&b"Type"[..]) && type_is_fine(after, new)?;
            if !(keys.is_empty() || typed) || widgets != Widgets::Same {
                self.forbid("signed-field", Some(id));
            }
            return Ok(());
        }
        match (signature, keys.is_empty() && widgets == Widgets::Same) {
            (_, true) => Ok(()),
            (true, false) => self.signed(id, is, &keys, widgets),
            (false, false) => self.filled(id, is, &keys, widgets),
        }
    }

    /// C10 and C11: what a widget draws otherwise than before is drawn by streams that are new, and whatever else they use is new or a font.
    /// A stream that was there before, and was not what this widget drew, could have been laid ready by whoever prepared the file.
    pub(super) fn appearance(&mut self, widget: ObjId) -> Result<(), Stop> {
        let (before, after) = (self.before, self.after);
        let part = |view: &Document<'_>| -> Result<Object, Stop> {
            let dict = view.object(widget)?.as_plain_dict();
            Ok(dict.and_then(|dict| dict.get(b"AP")).cloned().unwrap_or(Object::Null))
        };
        let (was, is) = (part(before)?, part(after)?);
        if self.compare.difference(&was, &is, Stops::All, None)?.is_none() {
            return Ok(());
        }
        let mut work: Vec<ObjId> = pdf::references_of(&is).into_iter().collect();
        let mut seen: BTreeSet<ObjId> = BTreeSet::new();
        let mut kept: Option<BTreeSet<ObjId>> = None;
        while let Some(id) = work.pop() {
            self.compare.spend(1)?;
            if !seen.insert(id) {
                continue;
            }
            let object = after.object(id)?;
            if self.is_fresh(id) {
                work.extend(pdf::references_of(object));
                continue;
            }
            let same = self.compare.difference(&Object::Ref(id), &Object::Ref(id), Stops::All, None)?.is_none();
            let draws = |dict: &Dict| matches!(dict.name(b"Subtype"), Some(b"Form" | b"Image"));
            let draws = object.as_stream().is_some_and(|stream| draws(&stream.dict));
            if same && !draws {
                continue;
            }
            if kept.is_none() {
                let reached = before.reachable(&was)?;
                self.compare.spend(REACHED * reached.len() as u64)?;
                kept = Some(reached);
            }
            match kept.as_ref().is_some_and(|kept| kept.contains(&id)) {
                false => self.forbid("appearance-not-new", Some(id)),
                // Honest forms are filled in so. Whatever else draws this stream is compared in its own place; in a certified copy nobody does.
                true if !same => self.push(Class::Metadata, "appearance-overwritten", Some(id), None),
                true => {}
            }
        }
        Ok(())
    }

    /// Separate widgets: the same ones, and of each only what may change.
    fn widgets_changed(&mut self, id: ObjId, was: &Node, is: &Node) -> Result<Widgets, Stop> {
        if was.kids != is.kids {
            // C10, exactly one: a field that had no widget at all gets its first.
            let drawn = |dict: &Dict| dict.contains(b"Rect") || dict.contains(b"Subtype");
            let had = !was.kids.is_empty() || self.before.object(id)?.as_plain_dict().is_none_or(drawn);
            return Ok(if !had && is.kids.len() == 1 { Widgets::Added } else { Widgets::Other });
        }
        let mut result = Widgets::Same;
        let harmless = if was.kind == b"Sig" { SIGNING_FLAGS } else { FILLING_FLAGS };
        for kid in &was.kids {
            let (Some(old), Some(new)) =
                (self.before.object(*kid)?.as_plain_dict(), self.after.object(*kid)?.as_plain_dict())
            else {
                return Ok(Widgets::Other);
            };
            for key in all_keys(old, new) {
                if self.same(old, new, key, Stops::All)? {
                    continue;
                }
                let fine = SIGNING_KEYS.contains(&key)
                    && key != b"V"
                    && is_set_right(self, key, old, new, harmless)?
                    && self.default_is_plain(old, new)?;
                if !fine {
                    return Ok(Widgets::Other);
                }
                result = Widgets::Redrawn;
            }
        }
        Ok(result)
    }

    /// An empty signature field that was there before: it may be signed and drawn, nothing else.
    fn signed(&mut self, id: ObjId, is: &Node, keys: &BTreeSet<Vec<u8>>, widgets: Widgets) -> Result<(), Stop> {
        let (before, after) = (self.before, self.after);
        let (Some(old), Some(new)) = (before.object(id)?.as_plain_dict(), after.object(id)?.as_plain_dict()) else {
            return Ok(());
        };
        let mut fine = keys.iter().all(|key| SIGNING_KEYS.contains(&key.as_slice())) && widgets != Widgets::Other;
        for key in keys {
            fine &= is_set_right(self, key, old, new, SIGNING_FLAGS)?;
        }
        fine &= !keys.contains(&b"Type"[..]) || type_is_fine(after, new)?;
        let Some(timestamp) = self.new_signature(new)? else {
            // Nothing was signed: an empty field that is drawn otherwise could hide what the signers saw.
            let drawn = keys.iter().any(|key| key == b"AP" || key == b"V") || widgets != Widgets::Same;
            let harmless = fine && !drawn;
            self.push(
                if harmless { Class::Filling(Some(is.name.clone())) } else { Class::Forbidden },
                "empty-signature-field",
                Some(id),
                None,
            );
            return Ok(());
        };
        let mut added = Vec::new();
        for widget in &is.widgets {
            let page = self.added_widgets.remove(widget);
            if widgets == Widgets::Added && before.location(*widget).is_none() {
                fine &= page.is_some() && self.is_inert(*widget)?;
            }
            added.extend(page.map(|page| (*widget, page)));
        }
        let visible = self.is_visible(is)?;
        let class = signing_class(fine, timestamp, &is.name, false, visible);
        self.push(class, "signing", Some(id), None);
        self.covers(fine, &added);
        Ok(())
    }

    /// Any other field: filled in, and what is drawn says what was filled in.
    fn filled(&mut self, id: ObjId, is: &Node, keys: &BTreeSet<Vec<u8>>, widgets: Widgets) -> Result<(), Stop> {
        let (before, after) = (self.before, self.after);
        let (Some(old), Some(new)) = (before.object(id)?.as_plain_dict(), after.object(id)?.as_plain_dict()) else {
            return Ok(());
        };
        let mut fine = keys.iter().all(|key| FILLING_KEYS.contains(&key.as_slice()));
        fine &= matches!(widgets, Widgets::Same | Widgets::Redrawn);
        for key in keys {
            fine &= is_set_right(self, key, old, new, FILLING_FLAGS)?;
        }
        fine &= !keys.contains(&b"Type"[..]) || type_is_fine(after, new)?;
        fine &= self.default_is_plain(old, new)?;
        if !fine {
            self.forbid("field-filling", Some(id));
            return Ok(());
        }
        let redrawn = [&b"AP"[..], b"AS"].iter().any(|key| keys.contains(*key)) || widgets == Widgets::Redrawn;
        // Viewers that draw the field themselves go by these.
        let revalued = [&b"V"[..], b"RV", b"DS", b"I", b"TI"].iter().any(|key| keys.contains(*key));
        let mut drawn =
            if redrawn || revalued { self.drawn_value(&is.kind, new, &is.widgets)? } else { Drawn::Nothing };
        let has_drawing = has_drawing(after, &is.widgets)?;
        // A button is switched to one of the drawings that it has.
        let by_viewers = is.kind != b"Btn" && (self.is_drawn_anew()? || !has_drawing);
        if !has_drawing && !revalued && self::has_drawing(before, &is.widgets)? {
            // What was drawn there is not what viewers draw, for all that is known.
            drawn = Drawn::Unknown;
        }
        if by_viewers && drawn != Drawn::Other && !self.draws_itself(&is.kind, new, &is.widgets)? {
            drawn = Drawn::Unknown;
        }
        let (class, rule) = match drawn {
            Drawn::Nothing | Drawn::Same => (Class::Filling(Some(is.name.clone())), "filling"),
            Drawn::Other => (Class::Forbidden, "value-and-appearance-differ"),
            // C11: what cannot be read is not shown to say the value.
            Drawn::Unknown => (Class::Forbidden, DRAWING_UNREADABLE),
        };
        self.push(class, rule, Some(id), None);
        Ok(())
    }

    /// `Some(is a time-stamp)` when the field now holds a signature that did not exist before.
    fn new_signature(&self, field: &Dict) -> Result<Option<bool>, Stop> {
        let Some(id) = field.reference(b"V") else { return Ok(None) };
        if !self.is_fresh(id) {
            return Ok(None);
        }
        let Some(dict) = self.after.object(id)?.as_plain_dict() else { return Ok(None) };
        let stamp = self.after.get(dict, b"SubFilter")?.as_name() == Some(b"ETSI.RFC3161");
        let typed = self.after.get(dict, b"Type")?.as_name() != Some(b"Sig");
        Ok(Some(stamp && typed))
    }

    fn new_field(&mut self, id: ObjId, node: &Node, all: &BTreeMap<ObjId, Node>) -> Result<(), Stop> {
        let after = self.after;
        let dict = after.object(id)?.as_plain_dict();
        let parent_fine = node.parent.is_none_or(|parent| all.contains_key(&parent));
        // A field without a name is outside of every list of names, and so of every lock.
        if node.odd_name || node.name.is_empty() || !parent_fine || !self.is_fresh(id) {
            self.forbid("field-added", Some(id));
            return Ok(());
        }
        if !node.terminal {
            return Ok(()); // its terminal fields are judged one by one
        }
        let Some(dict) = dict.filter(|_| node.kind == b"Sig") else {
            self.forbid("field-added", Some(id));
            return Ok(());
        };
        let mut fine = node.widgets.len() <= 1;
        let mut added = Vec::new();
        for widget in &node.widgets {
            added.extend(self.added_widgets.remove(widget).map(|page| (*widget, page)));
            fine &= self.is_fresh(*widget) && self.is_inert(*widget)?;
        }
        fine &= !dict.contains(b"AA") && !dict.contains(b"A");
        let empty = after.get(dict, b"V")?.is_null();
        let signature = self.new_signature(dict)?;
        fine &= empty || signature.is_some();
        let visible = self.is_visible(node)?;
        // Nobody answers for what an empty field draws.
        fine &= !(empty && visible && self.is_painted(node)?);
        let class = signing_class(fine, signature == Some(true), &node.name, true, visible);
        self.push(class, "signature-field-added", Some(id), None);
        self.covers(fine, &added);
        Ok(())
    }

    /// Widgets of signatures that are drawn on a page from now on; of what is forbidden anyway nothing more is asked.
    fn covers(&mut self, fine: bool, added: &[(ObjId, usize)]) {
        for (widget, page) in added.iter().filter(|_| fine) {
            self.cover(&Object::Ref(*widget), *page);
        }
    }

    /// Does nothing and always shows: no action, not optional content.
    fn is_inert(&self, widget: ObjId) -> Result<bool, Stop> {
        let keys: [&[u8]; 3] = [b"A", b"AA", b"OC"];
        let dict = self.after.object(widget)?.as_plain_dict();
        Ok(dict.is_none_or(|dict| !keys.iter().any(|key| dict.contains(key))))
    }

    /// Some widget has an appearance.
    fn is_painted(&self, node: &Node) -> Result<bool, Stop> {
        for widget in &node.widgets {
            let dict = self.after.object(*widget)?.as_plain_dict();
            if dict.map(|dict| paints(self.after, dict)).transpose()?.unwrap_or(false) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A rectangle with an area, not hidden (ISO 32000-2 §12.5.3).
    fn is_visible(&self, node: &Node) -> Result<bool, Stop> {
        let after = self.after;
        for widget in &node.widgets {
            let Some(dict) = after.object(*widget)?.as_plain_dict() else { continue };
            if shows(after.get(dict, b"F")?.as_int().unwrap_or(0)) && has_area(after, dict)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// C9: a time-stamp over the file is nobody's signature, so it draws nothing.
fn signing_class(fine: bool, timestamp: bool, field: &str, created: bool, visible: bool) -> Class {
    match (fine, timestamp, visible) {
        (false, ..) | (true, true, true) => Class::Forbidden,
        (true, true, false) => Class::Material,
        (true, false, _) => Class::Signing { field: field.to_owned(), created, visible },
    }
}

/// `/Kids` as it is written, members by their references only; nothing where there is no list.
fn members(document: &Document<'_>, field: &Dict) -> Result<Option<Vec<Option<ObjId>>>, Stop> {
    let list = document.get(field, b"Kids")?.as_array();
    Ok(list.map(|list| list.iter().map(Object::as_ref_id).collect()))
}

/// How the separate widgets of a field differ.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Widgets {
    Same,
    Redrawn,
    Added,
    Other,
}

/// What was set is of the kind that belongs under the key (ISO 32000-2 tables 166, 167, 226, 228 and 234). Flags may only gain or lose Print
/// and Locked; `/Ff` may not change what kind of field it is.
fn is_set_right(step: &Step<'_, '_>, key: &[u8], old: &Dict, new: &Dict, harmless: i64) -> Result<bool, Stop> {
    if !of_its_kind(key, step.after.get(new, key)?) {
        return Ok(false);
    }
    if key != b"F" && key != b"Ff" {
        return Ok(true);
    }
    let was = step.before.get(old, key)?.as_int().unwrap_or(0);
    let is = step.after.get(new, key)?.as_int().unwrap_or(0);
    // ReadOnly, Required and NoExport are the only field flags that filling in may touch.
    let mask = if key == b"F" { harmless } else { 7 };
    Ok(was & !mask == is & !mask)
}

fn of_its_kind(key: &[u8], value: &Object) -> bool {
    let is_integer = |value: &Object| value.as_int().is_some();
    match key {
        _ if value.is_null() => true,
        b"F" | b"Ff" | b"Q" | b"TI" => is_integer(value),
        b"M" | b"DA" | b"DS" => value.as_string().is_some(),
        b"RV" => value.as_string().is_some() || value.as_stream().is_some(),
        b"AS" | b"Type" => value.as_name().is_some(),
        b"I" => value.as_array().is_some_and(|list| list.iter().all(is_integer)),
        b"AP" => value.as_plain_dict().is_some(),
        // `/V` has rules of its own.
        _ => true,
    }
}

/// `/Type` may be missing or `/Annot`.
fn type_is_fine(document: &Document<'_>, dict: &Dict) -> Result<bool, Stop> {
    Ok(document.get(dict, b"Type")?.as_name() == Some(b"Annot"))
}
