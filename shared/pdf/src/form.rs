//! The interactive form: a flat list of fields (ISO 32000-2 clause 12.7), and the signed signature fields among them.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use crate::error::{Error, LimitKind};
use crate::object::{Dict, ObjId, Object};
use crate::reader::Document;
use crate::text::decode_text;
use crate::walk::Rect;

/// What a look at a field or a page costs, in values that could have been parsed meanwhile.
const LOOK: usize = 4;
/// Bytes of a fully qualified name; a longer one is an attack on memory.
const NAME: usize = 8192;

/// A terminal field.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// The field's object.
    pub id: ObjId,
    /// Fully qualified name, partial names joined by `.`.
    pub full_name: String,
    /// `/FT`, own or inherited.
    pub field_type: Option<Vec<u8>>,
    /// `/V` as written (often a reference), own or inherited.
    pub value: Option<Object>,
    /// The node that has `/V`.
    pub value_at: Option<ObjId>,
    /// `/Ff`, own or inherited.
    pub flags: i64,
    /// Widget annotations; the field itself where the two are merged.
    pub widgets: Vec<ObjId>,
    /// `/Lock`, resolved.
    pub lock: Option<Dict>,
    /// `/Rect` of the first widget.
    pub rect: Option<Rect>,
    /// Page of the first widget: from the pages' `/Annots`, else its `/P`.
    pub page: Option<ObjId>,
}

impl Field {
    /// Is it a signature field?
    #[must_use]
    pub fn is_signature(&self) -> bool {
        self.field_type.as_deref() == Some(b"Sig")
    }
}

/// A signature field that has a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Signature {
    /// The field.
    pub field: Field,
    /// The object whose text holds the signature dictionary: the value's object, or the field where the value is direct.
    pub holder: ObjId,
    /// The value is written directly in the field.
    pub direct: bool,
    /// The signature dictionary.
    pub dict: Dict,
}

impl Signature {
    /// `/ByteRange`, strictly four direct non-negative integers; `None` otherwise.
    #[must_use]
    pub fn byte_range(&self) -> Option<[u64; 4]> {
        let [a, b, c, d] = self.dict.array(b"ByteRange")? else { return None };
        let part = |object: &Object| object.as_int().and_then(|v| u64::try_from(v).ok());
        Some([part(a)?, part(b)?, part(c)?, part(d)?])
    }
}

/// Where a signature dictionary stands in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureText {
    /// From `<<` to after `>>`.
    pub dictionary: Range<usize>,
    /// From `<` to after `>`; `None` where it is not a direct hexadecimal string.
    pub contents: Option<Range<usize>>,
    /// The array, or the reference to it.
    pub byte_range: Option<Range<usize>>,
}

/// What a node hands down.
#[derive(Debug, Clone, Default)]
struct Inherited {
    name: String,
    field_type: Option<Vec<u8>>,
    value_at: Option<ObjId>,
    flags: i64,
}

impl Document<'_> {
    /// All terminal fields of `/AcroForm`, in the order of the tree. A node reached a second time is left out.
    ///
    /// # Errors
    /// Unreadable nodes, too deep, too many fields.
    pub fn fields(&self) -> Result<Vec<Field>, Error> {
        let Some(form) = self.get(self.catalog()?, b"AcroForm")?.as_dict() else { return Ok(Vec::new()) };
        let roots = self.get(form, b"Fields")?.as_array().unwrap_or_default();
        let mut fields = Vec::new();
        let mut seen = HashSet::new();
        let mut stack: Vec<(ObjId, usize, Inherited)> = Vec::new();
        stack.extend(roots.iter().rev().filter_map(Object::as_ref_id).map(|id| (id, 0, Inherited::default())));
        while let Some((id, depth, above)) = stack.pop() {
            if depth > self.limits().depth {
                return Err(Error::Limit(LimitKind::Depth));
            }
            if seen.len() >= self.limits().fields {
                return Err(Error::Limit(LimitKind::Fields));
            }
            // Every view of the file walks the tree again, so the file as a whole pays.
            self.shared().env.budget.take_values(LOOK)?;
            let Some(dict) = self.object(id)?.as_dict().filter(|_| seen.insert(id)) else { continue };
            let here = self.field_inherits(id, dict, above)?;
            let (children, widgets) = self.kids(dict)?;
            if seen.len().saturating_add(widgets.len()).saturating_add(children.len()) > 2 * self.limits().fields {
                return Err(Error::Limit(LimitKind::Fields));
            }
            if children.is_empty() || !widgets.is_empty() {
                fields.push(self.field(id, dict, &here, widgets)?);
            }
            stack.extend(children.into_iter().rev().map(|kid| (kid, depth + 1, here.clone())));
        }
        self.place(&mut fields)?;
        Ok(fields)
    }

    fn field_inherits(&self, id: ObjId, dict: &Dict, above: Inherited) -> Result<Inherited, Error> {
        let mut here = above;
        if let Some(part) = self.get(dict, b"T")?.as_string() {
            if here.name.len().saturating_add(part.len()) > NAME {
                return Err(Error::Limit(LimitKind::Fields));
            }
            if !here.name.is_empty() {
                here.name.push('.');
            }
            here.name.push_str(&decode_text(part));
        }
        if let Some(kind) = self.get(dict, b"FT")?.as_name() {
            here.field_type = Some(kind.to_vec());
        }
        if dict.get(b"V").is_some_and(|v| !v.is_null()) {
            here.value_at = Some(id);
        }
        if let Some(flags) = self.get(dict, b"Ff")?.as_int() {
            here.flags = flags;
        }
        Ok(here)
    }

    /// Kids that are fields, and kids that are only widgets.
    fn kids(&self, dict: &Dict) -> Result<(Vec<ObjId>, Vec<ObjId>), Error> {
        let (mut fields, mut widgets) = (Vec::new(), Vec::new());
        for kid in self.get(dict, b"Kids")?.as_array().unwrap_or_default() {
            let Some(id) = kid.as_ref_id() else { continue };
            let Some(node) = self.object(id)?.as_dict() else { continue };
            if node.contains(b"T") || node.contains(b"Kids") {
                fields.push(id);
            } else {
                widgets.push(id);
            }
        }
        Ok((fields, widgets))
    }

    fn field(&self, id: ObjId, dict: &Dict, here: &Inherited, mut widgets: Vec<ObjId>) -> Result<Field, Error> {
        if widgets.is_empty() && (dict.name(b"Subtype") == Some(b"Widget") || dict.contains(b"Rect")) {
            widgets.push(id);
        }
        let holder = here.value_at.map(|at| self.object(at)).transpose()?;
        let value = holder.and_then(Object::as_dict).and_then(|node| node.get(b"V"));
        let lock = self.get(dict, b"Lock")?.as_dict();
        for copied in value.into_iter().chain(dict.get(b"Lock")) {
            self.charge(self.resolve(copied)?)?;
        }
        Ok(Field {
            id,
            full_name: here.name.clone(),
            field_type: here.field_type.clone(),
            value: value.cloned(),
            value_at: here.value_at,
            flags: here.flags,
            widgets,
            lock: lock.cloned(),
            rect: None,
            page: None,
        })
    }

    /// Fills `rect` and `page`.
    fn place(&self, fields: &mut [Field]) -> Result<(), Error> {
        if fields.is_empty() {
            return Ok(());
        }
        let pages = self.widget_pages()?;
        for field in fields {
            let Some(&widget) = field.widgets.first() else { continue };
            let Some(dict) = self.object(widget)?.as_dict() else { continue };
            field.rect = self.rect(dict, b"Rect")?;
            field.page = pages.get(&widget).copied().or_else(|| dict.reference(b"P"));
        }
        Ok(())
    }

    /// Which page lists an annotation. Where the page tree cannot be read the map is empty, and `/P` has to do.
    fn widget_pages(&self) -> Result<HashMap<ObjId, ObjId>, Error> {
        let mut map = HashMap::new();
        let mut steps = self.limits().steps;
        let budget = &self.shared().env.budget;
        for page in self.pages().unwrap_or_default() {
            budget.take_values(LOOK)?;
            let Ok(Some(dict)) = self.object(page.id).map(Object::as_dict) else { continue };
            let Ok(annotations) = self.get(dict, b"Annots") else { continue };
            budget.take_values(annotations.as_array().map_or(0, <[Object]>::len))?;
            for id in annotations.as_array().unwrap_or_default().iter().filter_map(Object::as_ref_id) {
                if steps == 0 {
                    return Ok(map);
                }
                steps -= 1;
                map.entry(id).or_insert(page.id);
            }
        }
        Ok(map)
    }

    /// The fields with `/FT /Sig` and a dictionary as `/V`, in the order of the tree.
    ///
    /// # Errors
    /// As [`Document::fields`].
    pub fn signatures(&self) -> Result<Vec<Signature>, Error> {
        self.signatures_where(|_| true)
    }

    /// As [`Document::signatures`], of those only whose holder is wanted: a signature dictionary is long, and so is its copy.
    ///
    /// # Errors
    /// As [`Document::fields`].
    pub fn signatures_where(&self, mut wanted: impl FnMut(ObjId) -> bool) -> Result<Vec<Signature>, Error> {
        let mut signatures = Vec::new();
        for field in self.fields()?.into_iter().filter(Field::is_signature) {
            let (Some(value), Some(node)) = (&field.value, field.value_at) else { continue };
            let Object::Dict(dict) = self.resolve(value)? else { continue };
            let (holder, direct) = (value.as_ref_id().unwrap_or(node), value.as_ref_id().is_none());
            if !wanted(holder) {
                continue;
            }
            self.charge(self.resolve(value)?)?;
            let dict = dict.clone();
            signatures.push(Signature { field, holder, direct, dict });
        }
        Ok(signatures)
    }

    /// Where in the file the signature dictionary stands, and within it `/Contents` and `/ByteRange`: read once, because it is long. `None`
    /// where it is in an object stream or cannot be read.
    #[must_use]
    pub fn signature_text(&self, signature: &Signature) -> Option<SignatureText> {
        let start =
            if signature.direct { Some(self.nested_value_span(signature.holder, &[b"V"])?.start) } else { None };
        let (dictionary, spans) = self.dict_spans(signature.holder, start)?;
        let span = |key: &[u8]| spans.iter().rev().find(|(name, _)| name == key).map(|(_, span)| span.clone());
        let contents = span(b"Contents").filter(|span| self.is_hex(span.start));
        Some(SignatureText { dictionary, contents, byte_range: span(b"ByteRange") })
    }
}
