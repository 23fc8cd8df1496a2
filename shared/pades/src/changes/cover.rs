//! What a new visible signature or note lies over (C10, C12): annotations that were there, or ink of the page. Never forbids by itself:
//! the permissions in force weigh it. Empty visible fields that were there before are exempt, since whoever signed saw them.

use pdf::{Dict, Document, Object, Page, Rect};

use super::compare::Stop;
use super::ink::{Ink, ink, overlaps};
use super::{Class, Step};

/// Bytes of page content that are read for one file to find ink: one page of a plan or a map has some megabytes.
pub(crate) const INK: u64 = 8 << 20;
/// What one look at an annotation counts.
const LOOK: u64 = 16;
/// Flags of an annotation (ISO 32000-2 table 167).
const HIDDEN: i64 = 2;
const PRINT: i64 = 4;
const NO_ROTATE: i64 = 16;
const NO_VIEW: i64 = 32;
const TOGGLES: i64 = 256;

/// Kinds of notes that viewers draw themselves over what is below, where no appearance is given.
const DRAWN_WITHOUT_APPEARANCE: &[&[u8]] = &[b"FreeText", b"Stamp", b"Ink"];

/// May be seen on the screen or on paper: not hidden, or only until the pointer comes.
pub(super) fn shows(flags: i64) -> bool {
    flags & HIDDEN == 0 && (flags & NO_VIEW == 0 || flags & (PRINT | TOGGLES) != 0)
}

/// Has an area, as far as can be told: one that is no rectangle is not known to have none.
pub(super) fn has_area(view: &Document<'_>, dict: &Dict) -> Result<bool, Stop> {
    let missing = view.get(dict, b"Rect")?.is_null();
    Ok(view.rect(dict, b"Rect")?.map_or(!missing, |rect| rect.width() > 0.0 && rect.height() > 0.0))
}

/// Paints over what is below it: has an appearance, or gets one from the viewer.
pub(super) fn paints(view: &Document<'_>, dict: &Dict) -> Result<bool, Stop> {
    let normal = match view.get(dict, b"AP")?.as_dict() {
        Some(appearance) => !view.get(appearance, b"N")?.is_null(),
        None => false,
    };
    let subtype = view.get(dict, b"Subtype")?.as_name().unwrap_or_default();
    // Viewers draw ground and border of a field without an appearance (§12.5.6.19).
    let framed = subtype == b"Widget" && [&b"MK"[..], b"BS", b"Border"].iter().any(|key| dict.contains(key));
    Ok(normal || framed || DRAWN_WITHOUT_APPEARANCE.contains(&subtype))
}

impl Step<'_, '_> {
    /// Notes what `annotation`, which is drawn on page `number` from now on, lies over.
    pub(super) fn cover(&mut self, annotation: &Object, number: usize) {
        // What cannot be read here is read where it is compared; that nothing is known is not the same as that nothing is there.
        let rule = self.covered(annotation, number).unwrap_or(Some("covers-unclear"));
        if let Some(rule) = rule {
            self.push(Class::Covering, rule, annotation.as_ref_id(), Some(number));
        }
    }

    fn covered(&mut self, annotation: &Object, number: usize) -> Result<Option<&'static str>, Stop> {
        let (before, after) = (self.before, self.after);
        let Some(dict) = after.resolve(annotation)?.as_dict() else { return Ok(None) };
        let flags = after.get(dict, b"F")?.as_int().unwrap_or(0);
        if !shows(flags) || !has_area(after, dict)? {
            return Ok(None);
        }
        let page = self.page_of(number)?.cloned();
        let (Some(rect), Some(page)) = (after.rect(dict, b"Rect")?, page) else { return Ok(Some("covers-unclear")) };
        let area = standing(rect, flags, page.rotate);
        let known = before.object(page.id)?.as_dict().map(|page| before.get(page, b"Annots")).transpose()?;
        for other in known.and_then(Object::as_array).unwrap_or_default() {
            self.ink.set(self.ink.get().checked_sub(LOOK).ok_or(Stop::Budget)?);
            if other != annotation && self.lies_below(other, &page, &area)? {
                return Ok(Some("covers-annotation"));
            }
        }
        Ok(match ink(before, &page, area, self.ink) {
            Ink::Nothing => None,
            Ink::Something => Some("covers-content"),
            Ink::Unknown => Some("covers-unclear"),
        })
    }

    fn lies_below(&self, other: &Object, page: &Page, area: &Rect) -> Result<bool, Stop> {
        let before = self.before;
        let Some(dict) = before.resolve(other)?.as_dict() else { return Ok(false) };
        let flags = before.get(dict, b"F")?.as_int().unwrap_or(0);
        let Some(rect) = before.rect(dict, b"Rect")? else { return Ok(false) };
        // A pop-up window is drawn by the viewer, beside its note, when somebody opens it.
        let window = before.get(dict, b"Subtype")?.as_name() == Some(b"Popup");
        Ok(shows(flags) && !window && overlaps(&standing(rect, flags, page.rotate), area))
    }

    /// The page as it was, by its number.
    fn page_of(&mut self, number: usize) -> Result<Option<&Page>, Stop> {
        if self.known_pages.is_none() {
            let pages = self.before.pages()?;
            self.known_pages = Some(pages.into_iter().map(|page| (page.id, page)).collect());
        }
        let id = number.checked_sub(1).and_then(|at| self.leaves.get(at));
        Ok(id.and_then(|id| self.known_pages.as_ref()?.get(id)))
    }
}

/// Where the annotation shows on its page; `None` where it does not show.
pub(crate) fn stands(view: &Document<'_>, dict: &Dict, page: &Page) -> Result<Option<Rect>, pdf::Error> {
    let flags = view.get(dict, b"F")?.as_int().unwrap_or(0);
    let rect = view.rect(dict, b"Rect")?.filter(|rect| rect.width() > 0.0 && rect.height() > 0.0);
    Ok(rect.filter(|_| shows(flags)).map(|rect| standing(rect, flags, page.rotate)))
}

/// Where an annotation is drawn, in the page's own coordinates. Turning the page turns it too, and `/UserUnit` stretches both alike; one that
/// does not rotate stands upright below its upper left corner however the page is turned (§12.5.3). Both places count then.
fn standing(rect: Rect, flags: i64, rotate: u16) -> Rect {
    if flags & NO_ROTATE == 0 || rotate == 0 {
        return rect;
    }
    let (wide, high) = (rect.width(), rect.height());
    let (left, top) = (rect.x0, rect.y1);
    let [x0, y0, x1, y1] = match rotate {
        90 => [left, top, left + high, top + wide],
        180 => [left - wide, top, left, top + high],
        _ => [left - high, top - wide, left, top],
    };
    Rect { x0: x0.min(rect.x0), y0: y0.min(rect.y0), x1: x1.max(rect.x1), y1: y1.max(rect.y1) }
}

#[cfg(test)]
mod tests {
    use pdf::Rect;

    use super::{NO_ROTATE, shows, standing};

    #[test]
    fn c12_what_does_not_rotate_stands_beside_its_rectangle() {
        let rect = Rect { x0: 100.0, y0: 200.0, x1: 130.0, y1: 210.0 };
        let sides = |flags, rotate| {
            let area = standing(rect, flags, rotate);
            [area.x0, area.y0, area.x1, area.y1]
        };
        assert_eq!(sides(0, 90), [100.0, 200.0, 130.0, 210.0]);
        assert_eq!(sides(NO_ROTATE, 0), [100.0, 200.0, 130.0, 210.0]);
        assert_eq!(sides(NO_ROTATE, 90), [100.0, 200.0, 130.0, 240.0]);
        assert_eq!(sides(NO_ROTATE, 180), [70.0, 200.0, 130.0, 220.0]);
        assert_eq!(sides(NO_ROTATE, 270), [90.0, 180.0, 130.0, 210.0]);
    }

    #[test]
    fn c9_only_what_is_neither_seen_nor_printed_is_hidden() {
        assert!([2, 2 | 4, 32, 2 | 32, 2 | 256].iter().all(|flags| !shows(*flags)));
        assert!([0, 4, 1, 128, 32 | 4, 32 | 256].iter().all(|flags| shows(*flags)));
    }
}
