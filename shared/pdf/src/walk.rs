//! The page tree with its inherited attributes (ISO 32000-2 clause 7.7.3).

use std::collections::HashSet;

use crate::error::{Error, LimitKind};
use crate::object::{Dict, ObjId, Object};
use crate::reader::Document;

/// A rectangle, normalised so that `x0 <= x1` and `y0 <= y1`; in points (default user space).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rect {
    /// Left.
    pub x0: f64,
    /// Bottom.
    pub y0: f64,
    /// Right.
    pub x1: f64,
    /// Top.
    pub y1: f64,
}

impl Rect {
    /// What readers take where no box is given: US Letter.
    const LETTER: Rect = Rect { x0: 0.0, y0: 0.0, x1: 612.0, y1: 792.0 };

    /// Points.
    #[must_use]
    pub fn width(&self) -> f64 {
        self.x1 - self.x0
    }

    /// Points.
    #[must_use]
    pub fn height(&self) -> f64 {
        self.y1 - self.y0
    }

    /// As a PDF array.
    #[must_use]
    pub fn to_object(&self) -> Object {
        Object::Array([self.x0, self.y0, self.x1, self.y1].map(Object::Real).to_vec())
    }
}

/// A page with what it inherits.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The page object.
    pub id: ObjId,
    /// `/MediaBox` (own or inherited; US Letter where there is none).
    pub media_box: Rect,
    /// `/CropBox`, if there is one.
    pub crop_box: Option<Rect>,
    /// `/Rotate`, normalised to 0, 90, 180 or 270.
    pub rotate: u16,
    /// The node whose `/Resources` count: the page or an ancestor. See [`Document::page_resources`].
    pub resources_at: Option<ObjId>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Inherited {
    media_box: Option<Rect>,
    crop_box: Option<Rect>,
    rotate: u16,
    resources_at: Option<ObjId>,
}

impl Document<'_> {
    /// The pages in order. A node without `/Type` is a page unless it has `/Kids`; a kid that does not exist is left out.
    ///
    /// # Errors
    /// A tree with loops or shared inner nodes, too deep, too many pages.
    pub fn pages(&self) -> Result<Vec<Page>, Error> {
        let root = self.catalog()?.reference(b"Pages").ok_or(Error::Structure("no /Pages"))?;
        let mut pages = Vec::new();
        let mut inner = HashSet::new();
        let mut stack = vec![(root, 0usize, Inherited::default())];
        while let Some((id, depth, above)) = stack.pop() {
            if depth > self.limits().depth {
                return Err(Error::Limit(LimitKind::Depth));
            }
            let dict = match self.object(id)? {
                Object::Dict(dict) => dict,
                Object::Null if depth > 0 => continue,
                _ => return Err(Error::Structure("page node is no dictionary")),
            };
            let here = self.inherit(id, dict, above)?;
            if !dict.contains(b"Kids") && !dict.is_type(b"Pages") {
                if pages.len() >= self.limits().pages {
                    return Err(Error::Limit(LimitKind::Pages));
                }
                pages.push(page(id, here));
                continue;
            }
            if !inner.insert(id) {
                return Err(Error::Structure("page node reached twice"));
            }
            let kids = self.get(dict, b"Kids")?.as_array().ok_or(Error::Structure("/Kids is no array"))?;
            for kid in kids.iter().rev() {
                let kid = kid.as_ref_id().ok_or(Error::Structure("kid is no reference"))?;
                stack.push((kid, depth + 1, here));
            }
        }
        Ok(pages)
    }

    fn inherit(&self, id: ObjId, dict: &Dict, above: Inherited) -> Result<Inherited, Error> {
        let mut here = above;
        here.media_box = self.rect(dict, b"MediaBox")?.or(above.media_box);
        here.crop_box = self.rect(dict, b"CropBox")?.or(above.crop_box);
        if let Some(turn) = self.get(dict, b"Rotate")?.as_int() {
            here.rotate = u16::try_from(turn.rem_euclid(360) / 90 * 90).unwrap_or(0);
        }
        if dict.contains(b"Resources") {
            here.resources_at = Some(id);
        }
        Ok(here)
    }

    /// The key's rectangle, normalised; `None` where the key is missing or no rectangle.
    ///
    /// # Errors
    /// As [`Document::object`].
    pub fn rect(&self, dict: &Dict, key: &[u8]) -> Result<Option<Rect>, Error> {
        let Some([a, b, c, d]) = self.get(dict, key)?.as_array() else { return Ok(None) };
        let mut sides = [0.0; 4];
        for (side, value) in sides.iter_mut().zip([a, b, c, d]) {
            let Some(number) = self.resolve(value)?.as_number() else { return Ok(None) };
            *side = number;
        }
        let [a, b, c, d] = sides;
        Ok(Some(Rect { x0: a.min(c), y0: b.min(d), x1: a.max(c), y1: b.max(d) }))
    }

    /// The resources that count for a page.
    ///
    /// # Errors
    /// As [`Document::object`].
    pub fn page_resources(&self, page: &Page) -> Result<Option<&Dict>, Error> {
        let Some(holder) = page.resources_at else { return Ok(None) };
        let Some(dict) = self.object(holder)?.as_dict() else { return Ok(None) };
        Ok(self.get(dict, b"Resources")?.as_dict())
    }

    /// The decoded content of a page; the parts of an array are joined by a line feed (clause 7.8.2).
    ///
    /// # Errors
    /// Unsupported filters, bad data, limits.
    pub fn page_content(&self, page: &Page) -> Result<Vec<u8>, Error> {
        let dict = self.object(page.id)?.as_dict().ok_or(Error::Structure("no page"))?;
        let parts = match self.get(dict, b"Contents")? {
            Object::Null => &[],
            Object::Array(parts) => parts.as_slice(),
            single => std::slice::from_ref(single),
        };
        let mut content: Vec<u8> = Vec::new();
        for part in parts {
            match self.resolve(part)? {
                Object::Null => {}
                Object::Stream(stream) => {
                    let bytes = self.decode(stream)?;
                    if content.len().saturating_add(bytes.len()) > self.limits().decoded_stream {
                        return Err(Error::Limit(LimitKind::DecodedStream));
                    }
                    content.extend_from_slice(&bytes);
                    content.push(b'\n');
                }
                _ => return Err(Error::Structure("content is no stream")),
            }
        }
        Ok(content)
    }
}

fn page(id: ObjId, from: Inherited) -> Page {
    Page {
        id,
        media_box: from.media_box.unwrap_or(Rect::LETTER),
        crop_box: from.crop_box,
        rotate: from.rotate,
        resources_at: from.resources_at,
    }
}
