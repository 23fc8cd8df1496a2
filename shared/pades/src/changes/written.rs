//! What the drawing of a field writes (C11), where all of it is in the forms in which programs fill fields in, and a person sees that text
//! in that order: upright, in one size or near it, inside of the field and not over itself. Anything else has no text here.
//!
//! Knows no glyphs. Does not see what the right edge of the field cuts off, where letters and words follow each other as usual; but a clip is no
//! narrower than the field, text stands out from what it lies on, nothing is pushed aside, and boxes and lines are grounds and borders.

use std::rc::Rc;

use pdf::Rect;

use super::content::Value;
use super::ground::{Ground, PAPER, Path, Tint, stands_out};
use super::letters::Letters;
use super::matrix::Matrix;
use super::metrics::Metrics;

/// Nesting of `q`. Programs that fill fields in use two.
const STATES: usize = 16;
/// Octets of text of one drawing; nobody fills in more.
const TEXT: usize = 1 << 18;
/// The smallest type, in points; below that text is a line of dots.
const SMALLEST: f64 = 4.0;
/// Ratios of width to height of a letter, as drawn to as designed.
const STRETCH: std::ops::RangeInclusive<f64> = 0.4..=2.5;
/// What a letter may be set back by, as a part of the letter before, and what it may be set on by, in ems. Kerning takes a quarter of a letter;
/// combs have cells of three ems.
const BACK: f64 = 0.5;
const APART: f64 = 3.0;
/// Gaps between letters or words may be closed by so much of an em.
const CLOSE: f64 = 0.1;
/// From a letter's foot to its head, in ems from the baseline, and how much of that must be in the window.
const FOOT: f64 = -0.2;
const HEAD: f64 = 0.75;
const VISIBLE: f64 = 0.6;
/// The middle of small letters, in ems from the baseline.
const MIDDLE: f64 = 0.25;
/// A clip may leave out so much of the field at its right edge, in points or as a part of it: borders take two to four points.
const MARGIN: f64 = 8.0;
const MARGIN_PART: f64 = 0.15;
/// Spaces that may stand in a row.
const BLANKS: usize = 8;
/// Wider gaps between letters, and between words, are no usual ones, in ems; a narrower one than the last is none.
const LETTER_GAP: f64 = 0.3;
const WORD_GAP: f64 = 0.6;
const NO_GAP: f64 = 0.1;
/// Borders, bevels and combs stand so near to an edge of the field, in points.
const EDGE: f64 = 4.0;
/// Corners of a path, and what was painted below.
const CORNERS: usize = 16;
/// Areas that were painted below the text of one drawing: a ground, a border, what marks an option of a list.
const GROUNDS: usize = 64;
/// Wider lines than that cover what is beside them, in points; and those around filled letters, in ems.
const LINES: f64 = 4.0;
const OUTLINE: f64 = 0.1;
/// The largest letters of a drawing to its smallest.
const SIZES: f64 = 2.5;
/// A new line begins so far below, in ems.
const LINE: f64 = 0.6;

/// It is drawn otherwise than fields are filled in.
#[derive(Debug)]
pub(super) struct Odd;

type Step = Result<(), Odd>;

/// A font that was named: what its codes say, and how far they reach.
pub(super) type Font = (Rc<Letters>, Rc<Metrics>);

/// What `q` keeps.
#[derive(Clone)]
struct Look {
    font: Option<Font>,
    size: f64,
    spacing: f64,
    word_spacing: f64,
    stretch: f64,
    leading: f64,
    rise: f64,
    mode: f64,
    fill: Tint,
    stroke: Tint,
    line_width: f64,
    to_box: Matrix,
    window: Rect,
}

/// The last string: its baseline, its size, and where it ends at the earliest and at the latest.
#[derive(Clone, Copy)]
struct Shown {
    y: f64,
    size: f64,
    least: f64,
    end: f64,
}

/// Reads a drawing operator by operator.
pub(super) struct Written {
    look: Look,
    kept: Vec<Look>,
    /// What the field shows.
    frame: Rect,
    /// Spaces at the end of what was shown.
    blanks: usize,
    in_text: bool,
    path: Path,
    clips: bool,
    line: Matrix,
    /// How far the pen is along the line at most, in text space, letters as wide as they are drawn.
    pen: f64,
    /// How far it is at least.
    least: f64,
    /// How far it was set back from there since the last letter, and how wide that was at least.
    back: f64,
    letter: f64,
    grounds: Vec<Ground>,
    /// The smallest and the largest letters.
    sizes: Option<(f64, f64)>,
    /// The pen was set since something was shown.
    moved: bool,
    last: Option<Shown>,
    read: Read,
}

/// A string of a drawing.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) text: String,
    /// At which its letters stand.
    pub(super) height: f64,
    /// Something lies between it and the string before: a new line, or a gap between words.
    pub(super) apart: bool,
}

/// What a drawing writes.
#[derive(Debug, Default)]
pub(super) struct Read {
    /// All of it, in the order of reading.
    pub(super) text: String,
    pub(super) strings: Vec<Piece>,
    /// Boxes that were filled below it: the ground, and in a list what marks the chosen option.
    pub(super) bars: Vec<Rect>,
}

impl Written {
    /// `frame`: the box that the field shows.
    pub(super) fn new(frame: Rect) -> Self {
        let look = Look {
            font: None,
            size: 0.0,
            spacing: 0.0,
            word_spacing: 0.0,
            stretch: 1.0,
            leading: 0.0,
            rise: 0.0,
            mode: 0.0,
            fill: Tint::BLACK,
            stroke: Tint::BLACK,
            line_width: 1.0,
            to_box: Matrix::IDENTITY,
            window: frame,
        };
        Written {
            look,
            kept: Vec::new(),
            frame,
            blanks: 0,
            in_text: false,
            path: Path::None,
            clips: false,
            line: Matrix::IDENTITY,
            pen: 0.0,
            least: 0.0,
            back: 0.0,
            letter: 0.0,
            grounds: Vec::new(),
            sizes: None,
            moved: true,
            last: None,
            read: Read::default(),
        }
    }

    /// What was read, when the drawing has ended.
    pub(super) fn ended(self) -> Option<Read> {
        (!self.in_text).then_some(self.read)
    }

    /// `Tf`, with the font that it names.
    ///
    /// # Errors
    /// [`Odd`]: no size.
    pub(super) fn set_font(&mut self, font: Font, size: f64) -> Step {
        (self.look.font, self.look.size) = (Some(font), size);
        sound(size > 0.0 && size.is_finite())
    }

    /// Any other operator.
    ///
    /// # Errors
    /// [`Odd`]: not one with which fields are filled in, not with these operands, or not here.
    pub(super) fn take(&mut self, operator: &[u8], operands: &[Value<'_>]) -> Step {
        use Value::{Name, Number, Text};
        match (operator, operands) {
            // What is optional may be hidden.
            (b"BMC", [Name(tag)]) | (b"BDC", [Name(tag), _, ..]) => sound(tag != b"OC"),
            (b"EMC", []) => Ok(()),
            (b"w", [Number(width)]) => set(&mut self.look.line_width, *width),
            (b"J" | b"j" | b"M" | b"i", [Number(_)]) | (b"ri", [Name(_)]) => Ok(()),
            (b"g" | b"rg" | b"k" | b"cs" | b"sc" | b"scn", _) => colour(&mut self.look.fill, operator, operands),
            (b"G" | b"RG" | b"K" | b"CS" | b"SC" | b"SCN", _) => colour(&mut self.look.stroke, operator, operands),
            (b"d", [Value::Open, .., Value::Close, Number(_)]) => Ok(()),
            (b"Tc", [Number(by)]) => set(&mut self.look.spacing, *by),
            (b"Tw", [Number(by)]) => set(&mut self.look.word_spacing, *by),
            (b"Tz", [Number(percent)]) => set(&mut self.look.stretch, percent / 100.0),
            (b"TL", [Number(leading)]) => set(&mut self.look.leading, *leading),
            (b"Ts", [Number(rise)]) => set(&mut self.look.rise, *rise),
            (b"Tr", [Number(mode)]) => set(&mut self.look.mode, *mode),
            (b"BT", []) => self.begin(),
            (b"ET", []) => {
                sound(self.in_text)?;
                self.in_text = false;
                Ok(())
            }
            _ if !self.in_text => self.outside(operator, operands),
            (b"Td", [Number(x), Number(y)]) => self.move_by(*x, *y),
            (b"TD", [Number(x), Number(y)]) => {
                self.look.leading = -y;
                self.move_by(*x, *y)
            }
            (b"T*", []) => self.next_line(),
            (b"Tm", _) => {
                let matrix = upright(operands)?;
                self.move_to(matrix)
            }
            (b"Tj", [Text(codes)]) => self.show(codes),
            (b"'", [Text(codes)]) => {
                self.next_line()?;
                self.show(codes)
            }
            (b"\"", [Number(words), Number(letters), Text(codes)]) => {
                (self.look.word_spacing, self.look.spacing) = (*words, *letters);
                self.next_line()?;
                self.show(codes)
            }
            (b"TJ", [Value::Open, pieces @ .., Value::Close]) => self.show_all(pieces),
            _ => Err(Odd),
        }
    }

    fn begin(&mut self) -> Step {
        sound(!self.in_text)?;
        self.in_text = true;
        self.move_to(Matrix::IDENTITY)
    }

    /// What may not stand within a text object (ISO 32000-2 figure 9).
    fn outside(&mut self, operator: &[u8], operands: &[Value<'_>]) -> Step {
        use Value::Number;
        match (operator, operands) {
            (b"q", []) => {
                sound(self.kept.len() < STATES)?;
                self.kept.push(self.look.clone());
                Ok(())
            }
            (b"Q", []) => {
                self.look = self.kept.pop().ok_or(Odd)?;
                Ok(())
            }
            (b"cm", _) => {
                self.look.to_box = upright(operands)?.then(&self.look.to_box);
                Ok(())
            }
            (b"re", [Number(x), Number(y), Number(wide), Number(high)]) => {
                let area = Rect { x0: x.min(x + wide), y0: y.min(y + high), x1: x.max(x + wide), y1: y.max(y + high) };
                self.path = if matches!(self.path, Path::None) { Path::Box(area) } else { Path::Other };
                Ok(())
            }
            (b"m" | b"l", [Number(x), Number(y)]) => {
                self.path = match std::mem::replace(&mut self.path, Path::Other) {
                    Path::None if operator == b"m" => Path::Lines(vec![(*x, *y)]),
                    Path::Lines(mut corners) if operator == b"l" && corners.len() < CORNERS => {
                        corners.push((*x, *y));
                        Path::Lines(corners)
                    }
                    _ => Path::Other,
                };
                Ok(())
            }
            (b"h", []) => {
                if let Path::Lines(corners) = &mut self.path {
                    corners.extend(corners.first().copied());
                }
                Ok(())
            }
            (b"W" | b"W*", []) => {
                self.clips = true;
                Ok(())
            }
            (b"n", []) => self.end_path(),
            // What is painted later covers the text, or crosses it out.
            (b"S" | b"s", []) => {
                self.line_below()?;
                self.end_path()
            }
            (b"f" | b"F" | b"f*", []) => {
                self.fill_below()?;
                self.end_path()
            }
            (b"B" | b"B*" | b"b" | b"b*", []) => {
                self.fill_below()?;
                self.line_below()?;
                self.end_path()
            }
            _ => Err(Odd),
        }
    }

    /// A thin line is a border, or stands between the cells of a comb; a wide one covers.
    fn line_below(&mut self) -> Step {
        let (wide, high) = self.look.to_box.scales();
        let width = self.look.line_width * wide.max(high);
        let light = self.look.stroke.light;
        if width > LINES {
            return self.paint_below(Ground { area: None, light });
        }
        let corners = self.path.corners().ok_or(Odd)?;
        let corners: Vec<(f64, f64)> = corners.iter().map(|(x, y)| self.look.to_box.point(*x, *y)).collect();
        let borders = corners.windows(2).all(|pair| matches!(pair, [from, to] if self.is_border(*from, *to)));
        sound(borders && self.last.is_none())
    }

    /// Along an edge, or from the lower edge to the upper one.
    fn is_border(&self, (a, b): (f64, f64), (c, d): (f64, f64)) -> bool {
        let frame = &self.frame;
        let near = |at: f64, edges: [f64; 2]| edges.iter().any(|edge| (at - edge).abs() <= EDGE);
        let (upright, level) = ((a - c).abs() < 0.5, (b - d).abs() < 0.5);
        let crosses = b.min(d) <= frame.y0 + EDGE && b.max(d) >= frame.y1 - EDGE;
        level && near(b, [frame.y0, frame.y1]) || upright && (near(a, [frame.x0, frame.x1]) || crosses)
    }

    /// A ground, a bar behind a line of text, or a part of a border; no box that might be a part of a letter.
    fn fill_below(&mut self) -> Step {
        let light = self.look.fill.light;
        let frame = self.frame;
        let Some(area) = self.path.as_box() else {
            // Bevels have corners near the edges.
            let corners = self.path.corners().ok_or(Odd)?;
            let mut inside = corners.iter().map(|(x, y)| self.look.to_box.point(*x, *y)).filter(|(x, y)| {
                (frame.x0 + MARGIN..=frame.x1 - MARGIN).contains(x)
                    && (frame.y0 + MARGIN..=frame.y1 - MARGIN).contains(y)
            });
            sound(inside.next().is_none())?;
            return self.paint_below(Ground { area: None, light });
        };
        let bar = self.look.to_box.bounds([area.x0, area.y0, area.x1, area.y1]);
        let margin = MARGIN.max(MARGIN_PART * frame.width());
        let spans = bar.x0 <= frame.x0 + margin && bar.x1 >= frame.x1 - margin;
        let aside = bar.x1 <= frame.x0 + MARGIN || bar.x0 >= frame.x1 - MARGIN;
        sound(spans || aside)?;
        self.read.bars.push(bar);
        let window = &self.look.window;
        let (x0, y0) = (bar.x0.max(window.x0), bar.y0.max(window.y0));
        let seen = Rect { x0, y0, x1: bar.x1.min(window.x1), y1: bar.y1.min(window.y1) };
        self.paint_below(Ground { area: Some(seen), light })
    }

    fn paint_below(&mut self, ground: Ground) -> Step {
        self.grounds.push(ground);
        sound(self.last.is_none() && self.grounds.len() <= GROUNDS)
    }

    fn end_path(&mut self) -> Step {
        let path = std::mem::replace(&mut self.path, Path::None);
        if std::mem::take(&mut self.clips) {
            let Some(area) = path.as_box() else { return Err(Odd) };
            let area = self.look.to_box.bounds([area.x0, area.y0, area.x1, area.y1]);
            let window = &mut self.look.window;
            *window = Rect {
                x0: window.x0.max(area.x0),
                y0: window.y0.max(area.y0),
                x1: window.x1.min(area.x1),
                y1: window.y1.min(area.y1),
            };
            let margin = MARGIN.max(MARGIN_PART * self.frame.width());
            sound(self.look.window.x1 >= self.frame.x1 - margin)?;
        }
        Ok(())
    }

    fn move_to(&mut self, line: Matrix) -> Step {
        (self.line, self.pen, self.least, self.back, self.moved) = (line, 0.0, 0.0, 0.0, true);
        Ok(())
    }

    fn move_by(&mut self, x: f64, y: f64) -> Step {
        self.move_to(Matrix::shift(x, y).then(&self.line))
    }

    fn next_line(&mut self) -> Step {
        self.move_by(0.0, -self.look.leading)
    }

    /// Strings, and between them how far the next one is moved back, in thousandths of an em. An empty string changes nothing of that.
    fn show_all(&mut self, pieces: &[Value<'_>]) -> Step {
        let em = self.look.size * self.look.stretch;
        for piece in pieces {
            match piece {
                Value::Number(by) => {
                    self.back += by / 1000.0 * em;
                    sound(self.back >= -APART * em)?;
                    self.pen -= by.min(0.0) / 1000.0 * em;
                    self.least -= by / 1000.0 * em;
                }
                Value::Text(codes) => self.show(codes)?,
                _ => return Err(Odd),
            }
        }
        Ok(())
    }

    fn show(&mut self, codes: &[u8]) -> Step {
        let Some(last) = codes.last() else { return Ok(()) };
        let (letters, metrics) = self.look.font.clone().ok_or(Odd)?;
        let read = letters.read(codes, TEXT - self.read.text.len().min(TEXT)).ok_or(Odd)?;
        self.leaves_no_gap(&read)?;
        let (look, em) = (&self.look, self.look.size * self.look.stretch);
        let to_box = self.line.then(&look.to_box);
        let (x, y) = to_box.point(self.pen, 0.0);
        let (from, _) = to_box.point(self.least, 0.0);
        let (wide, high) = to_box.scales();
        let size = look.size * high;
        sound(size >= SMALLEST && STRETCH.contains(&(look.stretch * wide / high)))?;
        let count = codes.len() as f64;
        let gaps = count * (look.spacing.max(0.0) + look.word_spacing.max(0.0)) * look.stretch;
        let length = metrics.reach(codes).ok_or(Odd)? * em + gaps;
        let least = metrics.narrow(codes) * em + count * (look.spacing + look.word_spacing.min(0.0)) * look.stretch;
        let ([end, shortest], first) = (
            [self.pen + length, self.least + least].map(|pen| to_box.point(pen, 0.0).0),
            metrics.narrow(codes.get(..1).unwrap_or_default()) * em * wide,
        );
        self.is_plain(high)?;
        self.is_not_set_back(em)?;
        self.is_seen((x, y), size)?;
        self.is_inside(x + first, [shortest, end], y, size)?;
        let apart = self.is_apart((from, y), size);
        self.is_told_from_its_ground(Rect { x0: from.min(x), y0: y + FOOT * size, x1: end, y1: y + HEAD * size })?;
        self.runs_on((x, y), size)?;
        self.is_of_a_size(&read, size)?;
        (self.pen, self.least) = (self.pen + length, self.least + least);
        (self.letter, self.back) = (metrics.least(codes, *last) * em, -self.look.spacing.min(0.0) * self.look.stretch);
        (self.last, self.moved) = (Some(Shown { y, size, least: shortest, end }), false);
        self.read.text.push_str(&read);
        self.read.strings.push(Piece { text: read, height: y + MIDDLE * size, apart });
        Ok(())
    }

    /// The first letter of a place that was chosen is in the window, and so is all that follows in unusual gaps.
    fn is_inside(&self, first: f64, [least, most]: [f64; 2], y: f64, size: f64) -> Step {
        let (look, right) = (&self.look, self.look.window.x1 + CLOSE * size);
        // Not every font has a space that becomes wider.
        let (wide, words) = (look.spacing > LETTER_GAP * look.size, look.word_spacing > WORD_GAP * look.size);
        let beside = self.moved && self.last.is_some_and(|last| (last.y - y).abs() < CLOSE * size);
        let jumped = !self.moved && -self.back > WORD_GAP * look.size * look.stretch;
        let end = if words { most } else { least };
        sound((!self.moved || first <= right) && (!(wide || words || beside || jumped) || end <= right))
    }

    /// A new line, or a gap between the string before and this one.
    fn is_apart(&self, (from, y): (f64, f64), size: f64) -> bool {
        self.last.is_none_or(|last| {
            let middle = f64::midpoint(last.least, last.end);
            let gap = if self.moved { from - middle } else { from - last.least };
            (last.y - y).abs() >= CLOSE * size || gap >= NO_GAP * size
        })
    }

    /// On its line, painted, and neither spread nor pressed together; lines around letters leave them as they are.
    fn is_plain(&self, scale: f64) -> Step {
        let look = &self.look;
        let gap = |by: f64| (-CLOSE * look.size..=APART * look.size).contains(&by);
        let painted = match look.mode {
            0.0 => true,
            2.0 => (0.0..=OUTLINE * look.size * scale).contains(&(look.line_width * scale)),
            _ => false,
        };
        sound(look.rise == 0.0 && painted && gap(look.spacing) && gap(look.word_spacing))
    }

    /// Half of the letter before stays free; nothing is set back from where its line begins.
    fn is_not_set_back(&self, em: f64) -> Step {
        sound(self.back <= if self.moved { CLOSE * em } else { BACK * self.letter })
    }

    /// Lighter or darker than everything that may lie below it.
    fn is_told_from_its_ground(&self, text: Rect) -> Step {
        let window = &self.look.window;
        let seen = |rect: &Rect| {
            let (x0, y0) = (rect.x0.max(window.x0), rect.y0.max(window.y0));
            Rect { x0, y0, x1: rect.x1.min(window.x1), y1: rect.y1.min(window.y1) }
        };
        let text = seen(&text);
        let mut below = vec![Some(PAPER)];
        for ground in &self.grounds {
            match ground.area {
                Some(area) if area.x1 < text.x0 || text.x1 < area.x0 || area.y1 < text.y0 || text.y1 < area.y0 => {}
                Some(area) if area.x0 <= text.x0 && text.x1 <= area.x1 && area.y0 <= text.y0 && text.y1 <= area.y1 => {
                    below = vec![ground.light];
                }
                _ => below.push(ground.light),
            }
        }
        let reads = |tint: &Tint| {
            below
                .iter()
                .all(|ground| matches!((tint.light, ground), (Some(text), Some(ground)) if stands_out(text, *ground)))
        };
        sound(reads(&self.look.fill) && (self.look.mode == 0.0 || reads(&self.look.stroke)))
    }

    /// In one size or near it: what is much smaller is not read.
    fn is_of_a_size(&mut self, read: &str, size: f64) -> Step {
        if read.trim().is_empty() {
            return Ok(());
        }
        let (least, most) = self.sizes.map_or((size, size), |(least, most)| (least.min(size), most.max(size)));
        self.sizes = Some((least, most));
        sound(most <= SIZES * least)
    }

    /// What stands behind a long row of spaces is pushed out of sight.
    fn leaves_no_gap(&mut self, read: &str) -> Step {
        for sign in read.chars() {
            match sign.is_whitespace() {
                true => self.blanks += 1,
                false => sound(std::mem::take(&mut self.blanks) <= BLANKS)?,
            }
        }
        Ok(())
    }

    /// Most of its height is in the window, and it begins there.
    fn is_seen(&self, (x, y): (f64, f64), size: f64) -> Step {
        let window = &self.look.window;
        let (low, high) = (y + FOOT * size, y + HEAD * size);
        let shown = high.min(window.y1) - low.max(window.y0);
        // Behind the first string of a line the pen is known only at most.
        let begins = x >= window.x0 - CLOSE * size && (!self.moved || x < window.x1);
        sound(shown >= VISIBLE * (high - low) && begins)
    }

    /// Behind what was shown on its line, or on a line below.
    fn runs_on(&self, (x, y): (f64, f64), size: f64) -> Step {
        let Some(last) = self.last.filter(|_| self.moved) else { return Ok(()) };
        let (down, em) = (last.y - y, size.max(last.size));
        sound(down >= LINE * em || down.abs() < CLOSE * em && x >= last.end - CLOSE * em)
    }
}

fn sound(fine: bool) -> Step {
    if fine { Ok(()) } else { Err(Odd) }
}

fn colour(tint: &mut Tint, operator: &[u8], operands: &[Value<'_>]) -> Step {
    sound(
        operands.iter().all(|one| one.number().is_some())
            || matches!((operator, operands), (b"cs" | b"CS", [Value::Name(_)])),
    )?;
    *tint = match (operator, operands) {
        (b"g" | b"G", [_]) => Tint::of(1, operands),
        (b"rg" | b"RG", [_, _, _]) => Tint::of(3, operands),
        (b"k" | b"K", [_, _, _, _]) => Tint::of(4, operands),
        (b"cs" | b"CS", [Value::Name(name)]) => Tint::of_space(name),
        (b"sc" | b"SC" | b"scn" | b"SCN", values) if tint.space == 0 || values.len() == tint.space => {
            Tint::of(tint.space, operands)
        }
        _ => return Err(Odd),
    };
    Ok(())
}

fn set(place: &mut f64, value: f64) -> Step {
    *place = value;
    Ok(())
}

fn upright(operands: &[Value<'_>]) -> Result<Matrix, Odd> {
    let numbers = operands.iter().map(Value::number).collect::<Option<Vec<f64>>>().ok_or(Odd)?;
    Matrix::of(&numbers).filter(Matrix::is_upright).ok_or(Odd)
}
