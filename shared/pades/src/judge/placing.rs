//! Where the two fields of a certified copy stand (decision 18): beside each other, on paper that says nothing there. A field that was laid
//! over the wording, or over the other field, hides behind its drawing what the leader signed.
//!
//! A scan is one picture under everything, so pictures and lines below a field are not looked at; how large a field may be is bounded instead.

use pdf::{Document, Field, Page, Rect};

use crate::changes::{is_written_on, overlap, stands};
use crate::error::Error;
use crate::held::Held;
use crate::make;
use crate::plan::{LEADER_FIELD, SEAL_FIELD};
use crate::said::Words;

/// Text that only touches the edge of a field lies beside it: its height is bounded too large. Points.
const EDGE: f64 = 8.0;
/// A field has at most this part of its page. The seal in its real size with its number has a tenth of A4.
const PART: f64 = 0.25;

/// Whether both empty fields of a base stand where a judge of the sealed copy will let them stand: asked before anybody signs, and before a
/// number is spent.
///
/// # Errors
/// [`Error`]: no base that could be signed.
pub fn fields_stand_free(base: &Held<'_>) -> Result<bool, Error> {
    Ok(misplaced(&make::open(base)?).is_empty())
}

/// What is wrong with the places of the fields in a state of the file.
pub(super) fn misplaced(view: &Document<'_>) -> Vec<Words> {
    let (fields, pages) = (view.fields().unwrap_or_default(), view.pages().unwrap_or_default());
    let own = |name: &str| fields.iter().find(|field| field.full_name == name);
    let mut wrong = Vec::new();
    let mut places: Vec<(&Page, Rect)> = Vec::new();
    for (name, vi, en) in [
        (LEADER_FIELD, "ô chữ ký của lãnh đạo", "the leader's field"),
        (SEAL_FIELD, "ô dấu của cơ quan", "the seal's field"),
    ] {
        let Some(field) = own(name) else { continue };
        if field.widgets.len() > 1 {
            wrong.push(Words::new(format!("{vi} hiện ở nhiều chỗ"), format!("{en} shows in several places")));
        }
        let Some((page, rect)) = place(view, field, &pages) else { continue };
        if places.iter().any(|(other, taken)| other.id == page.id && overlap(taken, &rect)) {
            wrong.push(Words::new("ô dấu và ô chữ ký đè lên nhau", "the two fields lie over each other"));
        }
        if rect.width() * rect.height() > PART * page.media_box.width() * page.media_box.height() {
            wrong.push(Words::new(
                format!("{vi} rộng hơn một phần tư trang"),
                format!("{en} takes more than a quarter of its page"),
            ));
        }
        if is_written_on(view, page, &inside(&rect)) {
            wrong.push(Words::new(format!("{vi} đè lên chữ của trang"), format!("{en} lies over text of the page")));
        }
        places.push((page, rect));
    }
    wrong
}

/// Page and area of a field; `None` where it shows nowhere.
fn place<'p>(view: &Document<'_>, field: &Field, pages: &'p [Page]) -> Option<(&'p Page, Rect)> {
    let page = pages.iter().find(|page| Some(page.id) == field.page)?;
    let dict = view.object(*field.widgets.first()?).ok()?.as_dict()?;
    Some((page, stands(view, dict, page)?))
}

fn inside(rect: &Rect) -> Rect {
    let (x, y) = (EDGE.min(rect.width() / 4.0), EDGE.min(rect.height() / 4.0));
    Rect { x0: rect.x0 + x, y0: rect.y0 + y, x1: rect.x1 - x, y1: rect.y1 - y }
}
