//! The wording block: its layout, and the drawing of it on a page of its own or for the free space of a scan.
//!
//! Does not know where on a page it will stand, and never draws number, book or date (they come with the seal, decision 9).
//! Looks follow NĐ 30/2020/NĐ-CP, Annex I: serif, centred capitals for headings, the signer on the right, the seal on the left.

use crate::canvas::{Canvas, Down, Line};
use crate::template::Template;
use crate::text::{BLACK, Cut, Fonts, GREY};
use crate::{Room, Unusable, Wording};

/// A4 portrait, points.
pub(crate) const A4: (f32, f32) = (595.28, 841.89);
/// The width that the block has when there is room.
pub(crate) const BLOCK_WIDTH: f32 = 482.0;
/// Left, top, right margins of an added page: 30, 20, 20 mm.
const MARGIN: (f32, f32, f32) = (70.0, 57.0, 57.0);
const PAD: f32 = 10.0;
/// What is written in the fields; pictures stand over it.
pub(crate) const LEADER_HEIGHT: f32 = 50.0;
pub(crate) const SEAL_HEIGHT: f32 = 104.0;
/// A handwritten signature over the leader's lines, with what keeps them apart.
const SIGNATURE_ROOM: f32 = 50.0;
/// A seal in its real size, 36 mm across, over the number, with what keeps them apart.
const SEAL_ROOM: f32 = 36.0 / 25.4 * 72.0 + 4.0;
const SANDBOX_TEXT: &str = "BẢN THỬ NGHIỆM – KHÔNG CÓ GIÁ TRỊ";
pub(crate) const MARK_SIZE: f32 = 9.0;

/// The texts, cleaned once. What the signatures will say again has to be set with the letters that stand in every copy.
pub(crate) struct Clean {
    pub(crate) unit: String,
    pub(crate) place: Option<String>,
    titles: Vec<String>,
    pub(crate) leader: String,
    heading: String,
    note: String,
    basis: String,
    pub(crate) document: String,
    room: Room,
}

impl Clean {
    pub(crate) fn new(fonts: &Fonts, wording: &Wording, template: &Template) -> Result<Self, Unusable> {
        let titles = title_lines(fonts, &wording.leader_title_line)?;
        let document = fonts.clean("document_title", &wording.document_title)?;
        if wording.document_pages == 0 {
            return Err(Unusable::TextUnusable("document_pages".into()));
        }
        let pages = format!("{:02}", wording.document_pages);
        let place = wording.place.trim();
        Ok(Self {
            unit: fonts.clean_everyday("unit_name", &wording.unit_name)?,
            place: if place.is_empty() { None } else { Some(fonts.clean("place", place)?) },
            titles,
            leader: fonts.clean_everyday("leader_name", &wording.leader_name)?,
            heading: template.heading.to_owned(),
            note: template.note.replace("{pages}", &pages).replace("{title}", &document),
            basis: template.legal_basis.to_owned(),
            document,
            room: wording.room,
        })
    }
}

/// `KT. CHỦ TỊCH / PHÓ CHỦ TỊCH` or two lines become two cleaned lines; at most three.
pub(crate) fn title_lines(fonts: &Fonts, text: &str) -> Result<Vec<String>, Unusable> {
    let parts = text.split('\n').flat_map(|line| line.split(" / ")).filter(|part| !part.trim().is_empty());
    let lines: Vec<String> =
        parts.map(|part| fonts.clean_everyday("leader_title_line", part)).collect::<Result<_, _>>()?;
    if lines.is_empty() || lines.len() > 3 {
        return Err(Unusable::TextUnusable("leader_title_line".into()));
    }
    Ok(lines)
}

/// Where everything of the block stands, from its upper left corner.
pub(crate) struct Block {
    pub(crate) size: (f32, f32),
    lines: Vec<Line>,
    /// The leader's field.
    pub(crate) leader: Down,
    /// The seal's field.
    pub(crate) seal: Down,
}

/// Lays the block out for a width; the height follows.
pub(crate) fn layout(fonts: &Fonts, text: &Clean, width: f32) -> Result<Block, Unusable> {
    let inner = width - 2.0 * PAD;
    let mut lines = Vec::new();
    let mut y = PAD;
    let size = fonts.fit(Cut::Bold, 13.0, 9.0, &text.heading, inner).ok_or(Unusable::PlacementOutside)?;
    y = centred(fonts, &mut lines, (PAD, y, inner), Cut::Bold, size, &text.heading);
    y += 1.0;
    for line in fonts.wrap_even(Cut::Italic, 10.0, &text.note, inner) {
        y = centred(fonts, &mut lines, (PAD, y, inner), Cut::Italic, 10.0, &line);
    }
    y += 7.0;
    let gap = 14.0;
    let left = (inner - gap) * 0.54;
    let (column, column_width) = (PAD + left + gap, inner - gap - left);
    let top = y;
    for title in &text.titles {
        for line in fonts.wrap_even(Cut::Bold, 11.5, title, column_width) {
            y = centred(fonts, &mut lines, (column, y, column_width), Cut::Bold, 11.5, &line);
        }
    }
    y += 3.0;
    let leader_height = LEADER_HEIGHT + if text.room.signature { SIGNATURE_ROOM } else { 0.0 };
    let seal_height = SEAL_HEIGHT + if text.room.seal { SEAL_ROOM } else { 0.0 };
    let leader = (column, y, column_width, leader_height);
    y += leader_height + 4.0;
    for line in fonts.wrap(Cut::Bold, 11.5, &text.leader, column_width) {
        y = centred(fonts, &mut lines, (column, y, column_width), Cut::Bold, 11.5, &line);
    }
    let height = (y - top).max(seal_height);
    Ok(Block { size: (width, top + height + PAD), lines, leader, seal: (PAD, top, left, seal_height) })
}

/// Adds one centred line in a column `(x, y, width)`; returns the y below it.
fn centred(fonts: &Fonts, lines: &mut Vec<Line>, column: (f32, f32, f32), cut: Cut, size: f32, text: &str) -> f32 {
    let (x, y, width) = column;
    let start = x + (width - fonts.width(cut, size, text)) / 2.0;
    lines.push(Line { x: start, y: y + size, cut, size, ink: BLACK, text: text.to_owned() });
    y + size * 1.22
}

/// The page that is added when no page has room: its lines and rules around the block, and where the block stands on it.
pub(crate) struct AddedPage {
    lines: Vec<Line>,
    rules: Vec<(f32, f32, f32)>,
    /// Upper left corner of the block.
    pub(crate) at: (f32, f32),
    pub(crate) block: Block,
}

/// Lays the added page out: the unit, the national name and motto, the block, what the page is.
pub(crate) fn added_page(fonts: &Fonts, text: &Clean) -> Result<AddedPage, Unusable> {
    let width = A4.0 - MARGIN.0 - MARGIN.2;
    let mut lines = Vec::new();
    let mut rules = Vec::new();
    let unit_width = width * 0.40;
    let nation = (MARGIN.0 + unit_width + 10.0, MARGIN.1, width - unit_width - 10.0);
    let mut left = MARGIN.1;
    for line in fonts.wrap_even(Cut::Bold, 12.0, &text.unit, unit_width) {
        left = centred(fonts, &mut lines, (MARGIN.0, left, unit_width), Cut::Bold, 12.0, &line);
    }
    rules.push((MARGIN.0 + unit_width * 0.33, left + 4.0, unit_width * 0.34));
    let mut right = centred(fonts, &mut lines, nation, Cut::Bold, 11.5, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM");
    let motto = "Độc lập - Tự do - Hạnh phúc";
    right = centred(fonts, &mut lines, (nation.0, right, nation.2), Cut::Bold, 12.5, motto);
    let under = fonts.width(Cut::Bold, 12.5, motto);
    rules.push((nation.0 + (nation.2 - under) / 2.0, right + 3.0, under));
    let top = left.max(right) + 34.0;
    let block = layout(fonts, text, BLOCK_WIDTH.min(width))?;
    let at = (MARGIN.0 + (width - block.size.0) / 2.0, top);
    let mut below = top + block.size.1 + 22.0;
    let what = "Trang này được thêm vào sau trang cuối của bản chính để ghi lời chứng và không tách rời bản sao.";
    for line in [what, text.basis.as_str()] {
        for part in fonts.wrap(Cut::Italic, 9.0, line, width) {
            below = centred(fonts, &mut lines, (MARGIN.0, below, width), Cut::Italic, 9.0, &part);
            if let Some(last) = lines.last_mut() {
                last.ink = GREY;
            }
        }
    }
    if below > A4.1 - MARGIN.1 {
        return Err(Unusable::TextUnusable("wording".into()));
    }
    Ok(AddedPage { lines, rules, at, block })
}

/// What is drawn for the wording.
pub(crate) enum Overlay<'a> {
    /// The block alone, framed, for the free space of a scan.
    OnScan(&'a Block),
    /// A whole added page.
    OnAdded(&'a AddedPage),
}

/// Draws the wording in a form of its own.
pub(crate) fn overlay(what: &Overlay<'_>) -> Canvas {
    match what {
        Overlay::OnScan(block) => {
            let mut canvas = Canvas::new(block.size);
            canvas.frame((0.0, 0.0, block.size.0, block.size.1), 0.6, GREY);
            block.lines.iter().for_each(|line| canvas.text(line));
            canvas
        }
        Overlay::OnAdded(added) => {
            let mut canvas = Canvas::new(A4);
            added.lines.iter().for_each(|line| canvas.text(line));
            for (x, y, width) in &added.rules {
                canvas.rule((*x, *y), (x + width, *y), 0.8, BLACK);
            }
            canvas.from(added.at);
            added.block.lines.iter().for_each(|line| canvas.text(line));
            canvas
        }
    }
}

/// Draws the sandbox's mark as a strip of [`mark_size`].
pub(crate) fn mark(fonts: &Fonts) -> Canvas {
    let mut canvas = Canvas::new(mark_size(fonts));
    let text = SANDBOX_TEXT.to_owned();
    canvas.text(&Line { x: 0.0, y: MARK_SIZE, cut: Cut::Regular, size: MARK_SIZE, ink: (170, 0, 0), text });
    canvas
}

/// Width and height of the sandbox mark's strip.
pub(crate) fn mark_size(fonts: &Fonts) -> (f32, f32) {
    (fonts.width(Cut::Regular, MARK_SIZE, SANDBOX_TEXT) + 1.0, MARK_SIZE * 1.4)
}
