//! Is there ink of a page in a box (C10, C12)? Bounds of what a content stream paints, not a picture of it.
//!
//! Too large on purpose: a path counts with all of the rectangle around its points, a picture with all of its square, whatever was painted
//! over later counts still. What paints white on the bare page, and text that is not painted, is no ink. The widths of glyphs are believed:
//! a font whose glyphs reach far out of their boxes is bounded too small. Optional content counts as shown. What has no bounds ends no reading:
//! behind it the rest is read, and where nothing is found the answer is that it cannot be told.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use pdf::{Dict, Document, Object, Page, Rect, Stream};

use super::content::{Garbled, Operators, Value};
use super::matrix::Matrix;
use super::metrics::Metrics;

/// Nesting of forms, and of `q` in one stream. ISO 32000-1 table C.1 names 28 for `q`; honest writers go further.
const FORMS: usize = 12;
const STATES: usize = 256;
/// What one operator and one reading of a stream cost beside their bytes.
const STREAM: u64 = 256;

/// Where nothing can be painted.
const NOWHERE: Rect = Rect { x0: 0.0, y0: 0.0, x1: 0.0, y1: 0.0 };

/// The answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Ink {
    Nothing,
    Something,
    /// The content cannot be read, or is too much to read.
    Unknown,
}

/// Looks until something is found in `target`, which is in the page's own coordinates; `fuel` is in bytes of content.
pub(super) fn ink(view: &Document<'_>, page: &Page, target: Rect, fuel: &Cell<u64>) -> Ink {
    Pen { view, target, fuel, letters: false, unclear: false, fonts: BTreeMap::new() }.page(page)
}

/// Does text of a page stand in `target`, in whatever colour? Pictures and lines are not asked for.
pub(crate) fn written_on(view: &Document<'_>, page: &Page, target: &Rect) -> Ink {
    let fuel = Cell::new(super::cover::INK);
    Pen { view, target: *target, fuel: &fuel, letters: true, unclear: false, fonts: BTreeMap::new() }.page(page)
}

/// Why reading ends before the content does.
enum Halt {
    Found,
    Lost,
}

impl From<Garbled> for Halt {
    fn from(_: Garbled) -> Self {
        Halt::Lost
    }
}

impl From<pdf::Error> for Halt {
    fn from(_: pdf::Error) -> Self {
        Halt::Lost
    }
}

/// Colour spaces of which white is known, by their number of components.
#[derive(Clone, Copy, Debug)]
struct Colour {
    /// 1, 3 or 4; 0 where white is not known.
    space: usize,
    white: bool,
}

impl Colour {
    fn set(&mut self, space: usize, values: &[f64]) {
        let full = if space == 4 { 0.0 } else { 1.0 };
        self.space = space;
        self.white = space != 0 && values.len() == space && values.iter().all(|value| (value - full).abs() < 1e-6);
    }
}

#[derive(Clone)]
struct State {
    to_page: Matrix,
    clip: Option<Rect>,
    line: f64,
    fill: Colour,
    stroke: Colour,
    /// A blend mode is in force under which white may paint.
    blends: bool,
    font: Option<Rc<Metrics>>,
    size: f64,
    spacing: f64,
    word_spacing: f64,
    stretch: f64,
    leading: f64,
    rise: f64,
    mode: i64,
}

impl Default for State {
    fn default() -> Self {
        let black = Colour { space: 1, white: false };
        State {
            to_page: Matrix::IDENTITY,
            clip: None,
            line: 1.0,
            fill: black,
            stroke: black,
            blends: false,
            font: None,
            size: 0.0,
            spacing: 0.0,
            word_spacing: 0.0,
            stretch: 1.0,
            leading: 0.0,
            rise: 0.0,
            mode: 0,
        }
    }
}

/// Where a path and a line of text stand; not part of what `q` keeps.
#[derive(Default)]
struct Place {
    path: Option<Rect>,
    clips: bool,
    text: Matrix,
    start: Matrix,
    /// Something of unknown length was shown before on this line.
    lost: bool,
}

struct Pen<'p, 'a> {
    view: &'p Document<'a>,
    target: Rect,
    fuel: &'p Cell<u64>,
    /// Only text counts.
    letters: bool,
    /// Something that has no bounds may be painted in `target`.
    unclear: bool,
    fonts: BTreeMap<pdf::ObjId, Rc<Metrics>>,
}

impl Pen<'_, '_> {
    fn page(mut self, page: &Page) -> Ink {
        match self.read(page) {
            Ok(()) if !self.unclear => Ink::Nothing,
            Err(Halt::Found) => Ink::Something,
            Ok(()) | Err(Halt::Lost) => Ink::Unknown,
        }
    }

    fn read(&mut self, page: &Page) -> Result<(), Halt> {
        self.spend(STREAM)?;
        let (content, resources) = (self.view.page_content(page)?, self.view.page_resources(page)?);
        self.run(&content, resources, State::default(), 0)
    }

    /// A picture, a line or a surface is painted within `area`.
    fn cover(&self, area: Rect, state: &State) -> Result<(), Halt> {
        if self.letters { Ok(()) } else { self.paint(area, state) }
    }

    fn spend(&self, bytes: u64) -> Result<(), Halt> {
        let left = self.fuel.get().checked_sub(bytes);
        self.fuel.set(left.unwrap_or(0));
        left.map(|_| ()).ok_or(Halt::Lost)
    }

    /// Something is painted within `area` of the page.
    fn paint(&self, area: Rect, state: &State) -> Result<(), Halt> {
        let sides = [area.x0, area.y0, area.x1, area.y1];
        if !sides.iter().all(|side| side.is_finite()) {
            return Err(Halt::Lost);
        }
        let shown = match &state.clip {
            Some(clip) => shared(&area, clip),
            None => Some(area),
        };
        if shown.is_some_and(|area| overlaps(&area, &self.target)) { Err(Halt::Found) } else { Ok(()) }
    }

    fn run(&mut self, content: &[u8], resources: Option<&Dict>, state: State, depth: usize) -> Result<(), Halt> {
        self.spend(content.len() as u64 + STREAM)?;
        let (mut state, mut kept) = (state, Vec::new());
        let mut place = Place::default();
        let mut operators = Operators::new(content);
        while let Some(operator) = operators.step()? {
            match operator {
                b"q" if kept.len() >= STATES => return Err(Halt::Lost),
                b"q" => kept.push(state.clone()),
                b"Q" => state = kept.pop().unwrap_or(state),
                b"Do" => self.object(operators.name(), resources, &state, depth)?,
                b"gs" => self.parameters(operators.name(), resources, &mut state)?,
                b"Tf" => {
                    state.size = operators.numbers().first().copied().unwrap_or(0.0);
                    state.font = self.font(operators.name(), resources)?;
                }
                b"cs" => state.fill.set(self.space(operators.name(), resources)?, &[]),
                b"CS" => state.stroke.set(self.space(operators.name(), resources)?, &[]),
                b"Tj" | b"TJ" | b"'" | b"\"" => self.show(operator, operators.operands(), &mut state, &mut place)?,
                b"sh" => self.cover(state.clip.unwrap_or(self.target), &state)?,
                b"BI" => {
                    self.cover(state.to_page.bounds([0.0, 0.0, 1.0, 1.0]), &state)?;
                    // Where others end the image earlier, text follows that was passed over here.
                    self.unclear |= self.letters && operators.is_doubtful();
                }
                b"f" | b"F" | b"f*" | b"S" | b"s" | b"B" | b"B*" | b"b" | b"b*" | b"n" => {
                    self.path(operator, &mut state, &mut place)?;
                }
                _ => change(operator, &operators.numbers(), &mut state, &mut place),
            }
        }
        Ok(())
    }

    fn path(&self, operator: &[u8], state: &mut State, place: &mut Place) -> Result<(), Halt> {
        let path = place.path.take();
        let (fills, strokes) = match operator {
            b"n" => (false, false),
            b"S" | b"s" => (false, true),
            b"f" | b"F" | b"f*" => (true, false),
            _ => (true, true),
        };
        let inks = |colour: Colour| !colour.white || state.blends;
        if let Some(path) = path {
            if fills && inks(state.fill) {
                self.cover(wider(path, 0.5), state)?;
            }
            if strokes && inks(state.stroke) {
                // The spikes of corners reach up to the miter limit, 10 unless it is set (§8.4.3.5).
                self.cover(wider(path, 0.5 + 5.0 * state.line * state.to_page.scale()), state)?;
            }
        }
        if let (true, Some(path)) = (std::mem::take(&mut place.clips), path) {
            let within = wider(path, 0.5);
            state.clip = Some(state.clip.map_or(within, |clip| shared(&clip, &within).unwrap_or(NOWHERE)));
        }
        Ok(())
    }

    fn object(
        &mut self,
        name: Option<&[u8]>,
        resources: Option<&Dict>,
        state: &State,
        depth: usize,
    ) -> Result<(), Halt> {
        let Object::Stream(stream) = resource(self.view, b"XObject", name, resources)? else { return Ok(()) };
        if self.view.get(&stream.dict, b"Subtype")?.as_name() != Some(b"Form") {
            return self.cover(state.to_page.bounds([0.0, 0.0, 1.0, 1.0]), state);
        }
        self.form(stream, resources, state, depth)
    }

    fn form(&mut self, stream: &Stream, above: Option<&Dict>, state: &State, depth: usize) -> Result<(), Halt> {
        let mut inside = state.clone();
        let numbers = self.view.get(&stream.dict, b"Matrix")?.as_array().unwrap_or_default();
        let numbers: Vec<f64> = numbers.iter().filter_map(|one| self.view.resolve(one).ok()?.as_number()).collect();
        if let Some(matrix) = Matrix::of(&numbers) {
            inside.to_page = matrix.then(&state.to_page);
        }
        // Nothing of a form shows outside of its box (§8.10.1).
        if let Some(bounds) = self.view.rect(&stream.dict, b"BBox")? {
            let within = inside.to_page.bounds([bounds.x0, bounds.y0, bounds.x1, bounds.y1]);
            let shown = state.clip.as_ref().map_or(Some(within), |clip| shared(clip, &within));
            match shown {
                Some(shown) if overlaps(&wider(shown, 0.5), &self.target) => inside.clip = Some(wider(shown, 0.5)),
                _ => return Ok(()),
            }
        }
        if depth >= FORMS {
            return Err(Halt::Lost);
        }
        self.spend(STREAM)?;
        let content = self.view.decode(stream)?;
        let own = self.view.get(&stream.dict, b"Resources")?.as_dict();
        self.run(&content, own.or(above), inside, depth + 1)
    }

    fn parameters(&mut self, name: Option<&[u8]>, resources: Option<&Dict>, state: &mut State) -> Result<(), Halt> {
        let Some(dict) = resource(self.view, b"ExtGState", name, resources)?.as_dict() else { return Ok(()) };
        let mode = self.view.get(dict, b"BM")?;
        let mode = mode.as_array().and_then(<[Object]>::first).unwrap_or(mode);
        if !mode.is_null() {
            state.blends = !matches!(self.view.resolve(mode)?.as_name(), Some(b"Normal" | b"Compatible"));
        }
        if let Some(line) = self.view.get(dict, b"LW")?.as_number() {
            state.line = line;
        }
        if let Some([font, size]) = self.view.get(dict, b"Font")?.as_array() {
            state.size = self.view.resolve(size)?.as_number().unwrap_or(0.0);
            state.font = Some(self.metrics(font)?);
        }
        Ok(())
    }

    fn font(&mut self, name: Option<&[u8]>, resources: Option<&Dict>) -> Result<Option<Rc<Metrics>>, Halt> {
        let (Some(name), Some(resources)) = (name, resources) else { return Ok(None) };
        let Some(fonts) = self.view.get(resources, b"Font")?.as_dict() else { return Ok(None) };
        let Some(font) = fonts.get(name) else { return Ok(None) };
        self.metrics(font).map(Some)
    }

    fn metrics(&mut self, font: &Object) -> Result<Rc<Metrics>, Halt> {
        if let Some(known) = font.as_ref_id().and_then(|id| self.fonts.get(&id)) {
            return Ok(Rc::clone(known));
        }
        let metrics = Rc::new(Metrics::read(self.view, font)?);
        self.spend(metrics.cost())?;
        if let Some(id) = font.as_ref_id() {
            self.fonts.insert(id, Rc::clone(&metrics));
        }
        Ok(metrics)
    }

    /// Components of a colour space whose white is known.
    fn space(&self, name: Option<&[u8]>, resources: Option<&Dict>) -> Result<usize, Halt> {
        Ok(match name {
            Some(b"DeviceGray") => 1,
            Some(b"DeviceRGB") => 3,
            Some(b"DeviceCMYK") => 4,
            _ => match resource(self.view, b"ColorSpace", name, resources)?.as_array() {
                Some([kind, profile]) => match self.view.resolve(kind)?.as_name() {
                    Some(b"ICCBased") => {
                        let profile = self.view.resolve(profile)?.as_stream();
                        let count = profile.and_then(|stream| stream.dict.int(b"N"));
                        count.and_then(|count| usize::try_from(count).ok()).unwrap_or(0)
                    }
                    Some(b"CalGray") => 1,
                    Some(b"CalRGB") => 3,
                    _ => 0,
                },
                _ => 0,
            },
        })
    }

    fn show(
        &mut self,
        operator: &[u8],
        operands: &[Value<'_>],
        state: &mut State,
        place: &mut Place,
    ) -> Result<(), Halt> {
        if operator == b"\"" {
            let mut numbers = operands.iter().filter_map(Value::number);
            state.word_spacing = numbers.next().unwrap_or(state.word_spacing);
            state.spacing = numbers.next().unwrap_or(state.spacing);
        }
        if operator != b"Tj" && operator != b"TJ" {
            next_line(0.0, -state.leading, place);
        }
        for operand in operands {
            match operand {
                Value::Number(number) if operator == b"TJ" => {
                    let back = number / 1000.0 * state.size;
                    let vertical = state.font.as_ref().is_some_and(|font| font.is_vertical());
                    let (x, y) = if vertical { (0.0, -back) } else { (-back * state.stretch, 0.0) };
                    place.text = Matrix::shift(x, y).then(&place.text);
                }
                Value::Text(text) => self.text(text, state, place)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// One string: the box of its glyphs, and where the next one begins.
    fn text(&mut self, text: &[u8], state: &State, place: &mut Place) -> Result<(), Halt> {
        let Some(run) = state.font.as_ref().and_then(|font| font.measure(text)).filter(|_| !place.lost) else {
            self.unmeasured(text, state, place);
            return Ok(());
        };
        let gaps = run.glyphs * state.spacing + run.spaces * state.word_spacing;
        let length = run.advance * state.size + gaps;
        let (across, down) = if run.vertical { (0.0, -length) } else { (length * state.stretch, 0.0) };
        if self.shows(state) && run.glyphs > run.blanks {
            let em = state.size.abs() * state.stretch.abs().max(1.0);
            let (low, high) = (state.rise - 0.3 * state.size, state.rise + 1.1 * state.size);
            let area = if run.vertical {
                [-em, down.min(0.0) - em, em, down.max(0.0) + em]
            } else {
                [across.min(0.0) - 0.2 * em, low.min(high), across.max(0.0) + 0.2 * em, low.max(high)]
            };
            self.paint(place.text.then(&state.to_page).bounds(area), state)?;
        }
        place.text = Matrix::shift(across, down).then(&place.text);
        Ok(())
    }

    /// Are letters painted? White ones are letters all the same, since what lies below them may be dark.
    fn shows(&self, state: &State) -> bool {
        let white = state.mode == 0 && state.fill.white && !state.blends && !self.letters;
        !matches!(state.mode, 3 | 7) && !white
    }

    /// A string whose place or length nobody knows: without a font, in a font whose glyphs are drawings, or behind another such string.
    fn unmeasured(&mut self, text: &[u8], state: &State, place: &mut Place) {
        if text.is_empty() {
            return;
        }
        place.lost = true;
        let run = state.font.as_ref().and_then(|font| font.measure(text));
        let paints = match (&state.font, run) {
            (_, Some(run)) => self.shows(state) && run.glyphs > run.blanks,
            // Glyphs that are drawings are painted in any mode and may have colours of their own (§9.3.6, §9.6.4).
            (Some(_), None) => true,
            (None, None) => self.shows(state),
        };
        let reaches = state.clip.as_ref().is_none_or(|clip| overlaps(clip, &self.target));
        self.unclear |= paints && reaches;
    }
}

fn resource<'v>(
    view: &'v Document<'_>,
    category: &[u8],
    name: Option<&[u8]>,
    resources: Option<&'v Dict>,
) -> Result<&'v Object, pdf::Error> {
    static NULL: Object = Object::Null;
    let (Some(name), Some(resources)) = (name, resources) else { return Ok(&NULL) };
    let Some(category) = view.get(resources, category)?.as_dict() else { return Ok(&NULL) };
    view.get(category, name)
}

/// Operators that only change what is in force.
fn change(operator: &[u8], numbers: &[f64], state: &mut State, place: &mut Place) {
    match (operator, numbers) {
        (b"cm", _) => {
            if let Some(matrix) = Matrix::of(numbers) {
                state.to_page = matrix.then(&state.to_page);
            }
        }
        (b"w", [line]) => state.line = *line,
        (b"m" | b"l" | b"c" | b"v" | b"y", points) => {
            points.chunks_exact(2).for_each(|point| place.reach(point, &state.to_page));
        }
        (b"re", [x, y, wide, high]) => {
            for point in [[*x, *y], [x + wide, *y], [*x, y + high], [x + wide, y + high]] {
                place.reach(&point, &state.to_page);
            }
        }
        (b"W" | b"W*", _) => place.clips = true,
        (b"g", values) => state.fill.set(1, values),
        (b"rg", values) => state.fill.set(3, values),
        (b"k", values) => state.fill.set(4, values),
        (b"G", values) => state.stroke.set(1, values),
        (b"RG", values) => state.stroke.set(3, values),
        (b"K", values) => state.stroke.set(4, values),
        (b"sc" | b"scn", values) => state.fill.set(state.fill.space, values),
        (b"SC" | b"SCN", values) => state.stroke.set(state.stroke.space, values),
        (b"BT", _) => (place.text, place.start, place.lost) = (Matrix::IDENTITY, Matrix::IDENTITY, false),
        (b"Td", [x, y]) => next_line(*x, *y, place),
        (b"TD", [x, y]) => {
            state.leading = -y;
            next_line(*x, *y, place);
        }
        (b"T*", _) => next_line(0.0, -state.leading, place),
        (b"Tm", _) => {
            if let Some(matrix) = Matrix::of(numbers) {
                (place.text, place.start, place.lost) = (matrix, matrix, false);
            }
        }
        (b"Tc", [spacing]) => state.spacing = *spacing,
        (b"Tw", [spacing]) => state.word_spacing = *spacing,
        (b"Tz", [percent]) => state.stretch = percent / 100.0,
        (b"TL", [leading]) => state.leading = *leading,
        (b"Ts", [rise]) => state.rise = *rise,
        (b"Tr", [mode]) => state.mode = *mode as i64,
        _ => {}
    }
}

fn next_line(x: f64, y: f64, place: &mut Place) {
    place.start = Matrix::shift(x, y).then(&place.start);
    (place.text, place.lost) = (place.start, false);
}

impl Place {
    fn reach(&mut self, point: &[f64], to_page: &Matrix) {
        let [x, y] = point else { return };
        let point = to_page.bounds([*x, *y, *x, *y]);
        self.path = Some(self.path.map_or(point, |path| around(&path, &point)));
    }
}

fn around(one: &Rect, other: &Rect) -> Rect {
    Rect { x0: one.x0.min(other.x0), y0: one.y0.min(other.y0), x1: one.x1.max(other.x1), y1: one.y1.max(other.y1) }
}

fn wider(area: Rect, by: f64) -> Rect {
    let by = by.abs();
    Rect { x0: area.x0 - by, y0: area.y0 - by, x1: area.x1 + by, y1: area.y1 + by }
}

/// The part that both have.
fn shared(one: &Rect, other: &Rect) -> Option<Rect> {
    let both =
        Rect { x0: one.x0.max(other.x0), y0: one.y0.max(other.y0), x1: one.x1.min(other.x1), y1: one.y1.min(other.y1) };
    (both.x0 <= both.x1 && both.y0 <= both.y1).then_some(both)
}

/// They have an area in common, not only an edge.
pub(crate) fn overlaps(one: &Rect, other: &Rect) -> bool {
    shared(one, other).is_some_and(|both| both.width() > 1e-3 && both.height() > 1e-3)
}
