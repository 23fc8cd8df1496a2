//! Lines, rows and marks that flow over A4 pages.

use lopdf::{Document, Object};

use crate::Unusable;
use crate::block::A4;
use crate::canvas::{Canvas, Down, Line, Signs, typefaces};
use crate::text::{BLACK, Cut, Fonts, GREY, Ink};
use crate::write::{self, dict, name, text};

const LEFT: f32 = 56.0;
const WIDTH: f32 = A4.0 - 2.0 * LEFT;
const TOP: f32 = 50.0;
const BOTTOM: f32 = A4.1 - 54.0;
/// Of the labels' column.
const LABEL: f32 = 118.0;
const PALE: Ink = (205, 205, 205);
const BLUE: Ink = (22, 60, 110);
const LEADING: f32 = 1.26;

/// A sign that is drawn, so that it needs no glyph.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Mark {
    Check,
    Cross,
    Question,
    Dash,
}

/// What stands on a page.
enum Drawn {
    Text(Line),
    Rule((f32, f32), (f32, f32), f32, Ink),
    Ground(Down, Ink),
    Mark(Mark, (f32, f32, f32), Ink),
}

/// Pages that fill from the top.
pub(super) struct Sheet<'f> {
    fonts: &'f Fonts,
    pages: Vec<Vec<Drawn>>,
    y: f32,
    /// Left edge and width of the present column.
    column: (f32, f32),
}

impl<'f> Sheet<'f> {
    pub(super) fn new(fonts: &'f Fonts) -> Self {
        Sheet { fonts, pages: vec![Vec::new()], y: TOP, column: (LEFT, WIDTH) }
    }

    fn draw(&mut self, drawn: Drawn) {
        if let Some(page) = self.pages.last_mut() {
            page.push(drawn);
        }
    }

    /// Begins a new page where `height` does not fit any more.
    fn room(&mut self, height: f32) {
        if self.y + height > BOTTOM {
            self.pages.push(Vec::new());
            self.y = TOP;
        }
    }

    pub(super) fn space(&mut self, height: f32) {
        self.y += height;
    }

    fn put(&mut self, x: f32, cut: Cut, size: f32, ink: Ink, text: String) {
        let y = self.y + size;
        self.draw(Drawn::Text(Line { x, y, cut, size, ink, text }));
    }

    /// A paragraph in the present column.
    pub(super) fn line(&mut self, cut: Cut, size: f32, ink: Ink, text: &str) {
        let text = self.fonts.shown(text);
        for part in self.fonts.wrap(cut, size, &text, self.column.1) {
            self.room(size * LEADING);
            self.put(self.column.0, cut, size, ink, part);
            self.y += size * LEADING;
        }
    }

    pub(super) fn small(&mut self, text: &str) {
        let column = self.column;
        self.column = (LEFT + 12.0, WIDTH - 12.0);
        self.line(Cut::Regular, 8.5, (70, 70, 70), text);
        self.column = column;
    }

    pub(super) fn centred(&mut self, cut: Cut, size: f32, ink: Ink, text: &str) {
        let width = self.fonts.width(cut, size, text);
        self.put(LEFT + (WIDTH - width) / 2.0, cut, size, ink, text.to_owned());
        self.y += size * LEADING;
    }

    /// Two texts on one baseline, the second smaller and grey.
    pub(super) fn pair(&mut self, (cut, size, ink): (Cut, f32, Ink), first: &str, second: &str, small: f32) {
        let first = self.fonts.shown(first);
        let x = self.column.0 + self.fonts.width(cut, size, &first);
        let y = self.y + size;
        self.put(self.column.0, cut, size, ink, first);
        let text = second.to_owned();
        self.draw(Drawn::Text(Line { x: x + small * 0.5, y, cut: Cut::Italic, size: small, ink: GREY, text }));
        self.y += size * LEADING;
    }

    /// A coloured box with a mark, around what `fill` writes.
    pub(super) fn banner(&mut self, ink: Ink, ground: Ink, mark: Mark, fill: impl FnOnce(&mut Self)) {
        let (from, at) = (self.y, self.pages.last().map_or(0, Vec::len));
        self.y += 9.0;
        self.column = (LEFT + 62.0, WIDTH - 74.0);
        fill(self);
        self.y += 8.0;
        self.column = (LEFT, WIDTH);
        let height = self.y - from;
        if let Some(page) = self.pages.last_mut() {
            // The ground lies under what stands on it.
            page.insert(at, Drawn::Ground((LEFT, from, WIDTH, height), ground));
            page.push(Drawn::Ground((LEFT, from, 4.0, height), ink));
            page.push(Drawn::Mark(mark, (LEFT + 18.0, from + (height - 30.0) / 2.0, 30.0), ink));
        }
        self.y += 10.0;
    }

    pub(super) fn heading(&mut self, vi: &str, en: &str) {
        self.room(58.0);
        self.y += 9.0;
        self.put(LEFT, Cut::Bold, 11.5, BLUE, vi.to_owned());
        let x = LEFT + self.fonts.width(Cut::Bold, 11.5, vi) + 7.0;
        let y = self.y + 11.5;
        if x + self.fonts.width(Cut::Italic, 9.0, en) < LEFT + WIDTH {
            self.draw(Drawn::Text(Line { x, y, cut: Cut::Italic, size: 9.0, ink: GREY, text: en.to_owned() }));
        } else {
            self.y += 13.5;
            self.put(LEFT, Cut::Italic, 9.0, GREY, en.to_owned());
        }
        self.y += 17.0;
        self.draw(Drawn::Rule((LEFT, self.y - 1.0), (LEFT + WIDTH, self.y - 1.0), 0.6, PALE));
        self.y += 4.0;
    }

    /// A label in two languages and its value.
    pub(super) fn row(&mut self, vi: &str, en: &str, value: &str) {
        self.room(14.0);
        self.put(LEFT, Cut::Regular, 9.5, BLACK, vi.to_owned());
        let x = LEFT + self.fonts.width(Cut::Regular, 9.5, vi) + 4.0;
        let y = self.y + 9.5;
        self.draw(Drawn::Text(Line { x, y, cut: Cut::Italic, size: 8.0, ink: GREY, text: en.to_owned() }));
        self.column = (LEFT + LABEL, WIDTH - LABEL);
        self.line(Cut::Bold, 9.5, BLACK, value);
        self.column = (LEFT, WIDTH);
        self.y += 1.5;
    }

    /// One of the five checks.
    pub(super) fn check(&mut self, mark: Mark, ink: Ink, (vi, en): (&str, &str), word: &str) {
        self.room(27.0);
        self.draw(Drawn::Mark(mark, (LEFT + 2.0, self.y + 1.5, 11.0), ink));
        self.put(LEFT + 20.0, Cut::Regular, 10.5, BLACK, vi.to_owned());
        let width = self.fonts.width(Cut::Bold, 9.5, word);
        self.put(LEFT + WIDTH - width, Cut::Bold, 9.5, ink, word.to_owned());
        self.y += 12.5;
        self.put(LEFT + 20.0, Cut::Italic, 8.5, GREY, en.to_owned());
        self.y += 13.0;
    }

    /// Head of a signature: what it is, and what came out.
    pub(super) fn entry(&mut self, (what, ink): (&str, Ink), (result, colour): (&str, Ink)) {
        self.room(52.0);
        let width = self.fonts.width(Cut::Bold, 8.5, result);
        self.put(LEFT + WIDTH - width, Cut::Bold, 8.5, colour, result.to_owned());
        self.column = (LEFT, WIDTH - width - 12.0);
        self.line(Cut::Bold, 10.0, ink, what);
        self.column = (LEFT, WIDTH);
    }

    pub(super) fn evidence(&mut self, kind: &str, about: &str, sha256: &str, proven: &str) {
        self.room(22.0);
        let who = if about.is_empty() { kind.to_owned() } else { format!("{kind} · {about}") };
        let shown = self.fonts.shown(&who);
        // A name of a field among it is a stranger's.
        let proven = self.fonts.shown(proven);
        let width = self.fonts.width(Cut::Regular, 8.0, &proven);
        let first =
            self.fonts.wrap(Cut::Regular, 8.0, &shown, WIDTH - width - 14.0).into_iter().next().unwrap_or_default();
        self.put(LEFT, Cut::Regular, 8.0, BLACK, first);
        self.put(LEFT + WIDTH - width, Cut::Regular, 8.0, BLACK, proven);
        self.y += 9.5;
        self.put(LEFT, Cut::Regular, 7.5, GREY, self.fonts.shown(sha256));
        self.y += 11.0;
    }

    /// The file; the foot of each page says `foot` and the page's number.
    pub(super) fn finish(self, title: &str, foot: &str) -> Result<Document, Unusable> {
        let count = self.pages.len();
        let canvases: Vec<Canvas> = self
            .pages
            .iter()
            .zip(1..)
            .map(|(drawn, number)| self.page(drawn, foot, &format!("{number}/{count}")))
            .collect();
        let mut target = Document::with_version("1.7");
        let mut signs = Signs::default();
        canvases.iter().for_each(|canvas| canvas.tell(&mut signs));
        let typefaces = typefaces(&mut target, self.fonts, &signs)?;
        let tree = target.new_object_id();
        let pages: Vec<_> = canvases.into_iter().map(|canvas| canvas.page(&mut target, tree, &typefaces)).collect();
        target.objects.insert(tree, Object::Dictionary(write::tree(&pages)));
        let catalog = target.add_object(dict([
            ("Type", name("Catalog")),
            ("Pages", tree.into()),
            ("Lang", Object::string_literal("vi-VN")),
            ("ViewerPreferences", Object::Dictionary(dict([("DisplayDocTitle", true.into())]))),
        ]));
        let info = target.add_object(dict([("Title", text(title)), ("Producer", Object::string_literal("ctdt"))]));
        target.trailer = dict([("Root", catalog.into()), ("Info", info.into())]);
        Ok(target)
    }

    fn page(&self, drawn: &[Drawn], foot: &str, number: &str) -> Canvas {
        let mut canvas = Canvas::new(A4);
        drawn.iter().for_each(|one| draw(&mut canvas, self.fonts, one));
        let y = A4.1 - 34.0;
        canvas.rule((LEFT, y - 11.0), (LEFT + WIDTH, y - 11.0), 0.5, PALE);
        let line = |x: f32, text: &str| Line { x, y, cut: Cut::Regular, size: 7.5, ink: GREY, text: text.to_owned() };
        canvas.text(&line(LEFT, foot));
        canvas.text(&line(LEFT + WIDTH - self.fonts.width(Cut::Regular, 7.5, number), number));
        canvas
    }
}

fn draw(canvas: &mut Canvas, fonts: &Fonts, drawn: &Drawn) {
    match drawn {
        Drawn::Text(line) => canvas.text(line),
        Drawn::Rule(from, to, width, ink) => canvas.rule(*from, *to, *width, *ink),
        Drawn::Ground(place, ink) => canvas.ground(*place, *ink),
        Drawn::Mark(mark, place, ink) => draw_mark(canvas, fonts, *mark, *place, *ink),
    }
}

/// A mark in a square `(x, y, side)`.
fn draw_mark(canvas: &mut Canvas, fonts: &Fonts, mark: Mark, (x, y, side): (f32, f32, f32), ink: Ink) {
    let width = side * 0.13;
    let at = |across: f32, down: f32| (x + side * across, y + side * down);
    match mark {
        Mark::Check => {
            canvas.rule(at(0.08, 0.55), at(0.38, 0.86), width, ink);
            canvas.rule(at(0.34, 0.86), at(0.92, 0.16), width, ink);
        }
        Mark::Cross => {
            canvas.rule(at(0.12, 0.12), at(0.88, 0.88), width, ink);
            canvas.rule(at(0.88, 0.12), at(0.12, 0.88), width, ink);
        }
        Mark::Dash => canvas.rule(at(0.15, 0.5), at(0.85, 0.5), width, ink),
        Mark::Question => {
            let size = side * 1.15;
            let left = x + (side - fonts.width(Cut::Bold, size, "?")) / 2.0;
            canvas.text(&Line { x: left, y: y + side * 0.9, cut: Cut::Bold, size, ink, text: "?".to_owned() });
        }
    }
}
