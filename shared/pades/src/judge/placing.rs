//! Where the two fields of a certified copy stand (decision 18): beside each other, on paper that says nothing there. A field that was laid
//! over the wording, or over the other field, hides behind its drawing what the leader signed. What cannot be read to its end is not known to
//! be free.
//!
//! A scan is one picture under everything, so pictures and lines below a field are not looked at; how large a field may be is bounded instead.

use pdf::{Document, Field, Page, Rect};

use super::ecopy::Departures;
use super::words;
use crate::changes::{Ink, overlap, stands, written_on};
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
/// number is spent. What cannot be told is no "yes".
///
/// # Errors
/// [`Error`]: no base that could be signed.
pub fn fields_stand_free(base: &Held<'_>) -> Result<bool, Error> {
    let Departures { wrong, unclear } = placing(&make::open(base)?);
    Ok(wrong.is_empty() && unclear.is_empty())
}

/// Looks at the places of the fields in a state of the file.
pub(super) fn placing(view: &Document<'_>) -> Departures {
    let mut found = Departures::default();
    if let Err(error) = look(view, &mut found) {
        found.unclear.push(words::unreadable(&error));
    }
    found
}

fn look(view: &Document<'_>, found: &mut Departures) -> Result<(), pdf::Error> {
    let (fields, pages) = (view.fields()?, view.pages()?);
    let own = |name: &str| fields.iter().find(|field| field.full_name == name);
    let Departures { wrong, unclear } = found;
    let mut places: Vec<(&Page, Rect)> = Vec::new();
    for (name, vi, en) in [
        (LEADER_FIELD, "ô chữ ký của lãnh đạo", "the leader's field"),
        (SEAL_FIELD, "ô dấu của cơ quan", "the seal's field"),
    ] {
        let Some(field) = own(name) else { continue };
        if field.widgets.len() > 1 {
            wrong.push(Words::new(format!("{vi} hiện ở nhiều chỗ"), format!("{en} shows in several places")));
        }
        let Some((page, rect)) = place(view, field, &pages)? else { continue };
        if places.iter().any(|(other, taken)| other.id == page.id && overlap(taken, &rect)) {
            wrong.push(Words::new("ô dấu và ô chữ ký đè lên nhau", "the two fields lie over each other"));
        }
        if rect.width() * rect.height() > PART * page.media_box.width() * page.media_box.height() {
            wrong.push(Words::new(
                format!("{vi} rộng hơn một phần tư trang"),
                format!("{en} takes more than a quarter of its page"),
            ));
        }
        match written_on(view, page, &inside(&rect)) {
            Ink::Nothing => {}
            Ink::Something => {
                wrong
                    .push(Words::new(format!("{vi} đè lên chữ của trang"), format!("{en} lies over text of the page")));
            }
            Ink::Unknown => unclear.push(Words::new(format!("chữ ở dưới {vi}"), format!("text under {en}"))),
        }
        places.push((page, rect));
    }
    Ok(())
}

/// Page and area of a field; `None` where it shows nowhere.
fn place<'p>(view: &Document<'_>, field: &Field, pages: &'p [Page]) -> Result<Option<(&'p Page, Rect)>, pdf::Error> {
    let page = pages.iter().find(|page| Some(page.id) == field.page);
    let (Some(page), Some(widget)) = (page, field.widgets.first()) else { return Ok(None) };
    let Some(dict) = view.object(*widget)?.as_dict() else { return Ok(None) };
    Ok(stands(view, dict, page)?.map(|area| (page, area)))
}

fn inside(rect: &Rect) -> Rect {
    let (x, y) = (EDGE.min(rect.width() / 4.0), EDGE.min(rect.height() / 4.0));
    Rect { x0: rect.x0 + x, y0: rect.y0 + y, x1: rect.x1 - x, y1: rect.y1 - y }
}
