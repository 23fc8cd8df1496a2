//! What the drawing of a field writes (C11), where all of it is in the forms in which programs fill fields in, and a person sees that text
//! in that order: upright, in one size or near it, inside of the field and not over itself. Anything else has no text here.
//!
//! Knows no glyphs. Does not see letters that straight lines make, nor what the right edge of the field cuts off; but a clip is no narrower
//! than the field, text is darker than paper, and nothing is pushed aside by a row of spaces.

use std::rc::Rc;

use pdf::Rect;

use super::content::Value;
use super::letters::Letters;
use super::matrix::Matrix;
use super::metrics::Metrics;

/// Nesting of `q`. Programs that fill fields in use two.
const STATES: usize = 16;
/// Octets of text of one drawing; nobody fills in more.
const TEXT: usize = 1 << 18;
/// The smallest type, in points; below that text is a line of dots.
const SMALLEST: f64 = 2.0;
/// Ratios of width to height of a letter, as drawn to as designed.
const STRETCH: std::ops::RangeInclusive<f64> = 0.4..=2.5;
/// What a letter may be set back by, and what it may be set on by, in ems. Kerning takes a quarter; combs have cells of three.
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
/// Lighter than that is paper: of grey, red, green and blue, and of inks.
const PAPER: f64 = 0.75;
const INK: f64 = 0.25;
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
    to_box: Matrix,
    window: Rect,
}

/// A colour, as far as it is told from paper.
#[derive(Clone, Copy)]
struct Tint {
    /// Components of its space; 0 where that is not one of the device.
    space: usize,
    pale: bool,
}

impl Tint {
    const BLACK: Tint = Tint { space: 1, pale: false };

    /// A colour space begins with its black (ISO 32000-2 §8.6.5); of one that is not of the device nothing is known.
    fn of_space(name: &[u8]) -> Tint {
        let space = match name {
            b"DeviceGray" | b"G" => 1,
            b"DeviceRGB" | b"RGB" => 3,
            b"DeviceCMYK" | b"CMYK" => 4,
            _ => 0,
        };
        Tint { space, pale: space == 0 }
    }

    fn of(space: usize, values: &[Value<'_>]) -> Tint {
        let mut values = values.iter().filter_map(Value::number);
        let pale = match space {
            1 | 3 => values.all(|value| value >= PAPER),
            4 => values.all(|ink| ink <= INK),
            _ => true,
        };
        Tint { space, pale }
    }
}

/// The path that is being drawn.
#[derive(Clone, Copy)]
enum Path {
    None,
    /// One rectangle, in the drawing's coordinates.
    Box(Rect),
    Other,
}

/// The last string: its baseline, its size, and where it ends at the latest.
#[derive(Clone, Copy)]
struct Shown {
    y: f64,
    size: f64,
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
    /// How far the pen is along the line at most, in text space.
    pen: f64,
    /// The pen was set since something was shown.
    moved: bool,
    last: Option<Shown>,
    read: Read,
}

/// What a drawing writes.
#[derive(Debug, Default)]
pub(super) struct Read {
    /// All of it, in the order of reading.
    pub(super) text: String,
    /// Each string with the height at which its letters stand.
    pub(super) strings: Vec<(String, f64)>,
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
            (b"BMC", [Name(_)]) | (b"BDC", [Name(_), _, ..]) | (b"EMC", []) => Ok(()),
            (b"w" | b"J" | b"j" | b"M" | b"i", [Number(_)]) | (b"ri", [Name(_)]) => Ok(()),
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
            (b"m" | b"l", [Number(_), Number(_)]) | (b"h", []) => {
                self.path = Path::Other;
                Ok(())
            }
            (b"W" | b"W*", []) => {
                self.clips = true;
                Ok(())
            }
            (b"n", []) => self.end_path(),
            // What is painted later covers the text, or crosses it out.
            (b"S" | b"s", []) => {
                sound(self.last.is_none())?;
                self.end_path()
            }
            (b"f" | b"F" | b"f*" | b"B" | b"B*" | b"b" | b"b*", []) => {
                sound(self.last.is_none())?;
                if let Path::Box(area) = self.path {
                    self.read.bars.push(self.look.to_box.bounds([area.x0, area.y0, area.x1, area.y1]));
                }
                self.end_path()
            }
            _ => Err(Odd),
        }
    }

    fn end_path(&mut self) -> Step {
        let path = std::mem::replace(&mut self.path, Path::None);
        if std::mem::take(&mut self.clips) {
            let Path::Box(area) = path else { return Err(Odd) };
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
        (self.line, self.pen, self.moved) = (line, 0.0, true);
        Ok(())
    }

    fn move_by(&mut self, x: f64, y: f64) -> Step {
        self.move_to(Matrix::shift(x, y).then(&self.line))
    }

    fn next_line(&mut self) -> Step {
        self.move_by(0.0, -self.look.leading)
    }

    /// Strings, and between them how far the next one is moved back, in thousandths of an em.
    fn show_all(&mut self, pieces: &[Value<'_>]) -> Step {
        let mut back = 0.0;
        for piece in pieces {
            match piece {
                Value::Number(by) => {
                    back += by / 1000.0;
                    sound((-APART..=BACK).contains(&back))?;
                    self.pen -= by.min(0.0) / 1000.0 * self.look.size;
                }
                Value::Text(codes) => {
                    self.show(codes)?;
                    back = 0.0;
                }
                _ => return Err(Odd),
            }
        }
        Ok(())
    }

    fn show(&mut self, codes: &[u8]) -> Step {
        if codes.is_empty() {
            return Ok(());
        }
        let (letters, metrics) = self.look.font.clone().ok_or(Odd)?;
        let read = letters.read(codes, TEXT - self.read.text.len().min(TEXT)).ok_or(Odd)?;
        self.is_plain()?;
        self.leaves_no_gap(&read)?;
        let to_box = self.line.then(&self.look.to_box);
        let (x, y) = to_box.point(self.pen * self.look.stretch, 0.0);
        let (wide, high) = to_box.scales();
        let size = self.look.size * high;
        sound(size >= SMALLEST && STRETCH.contains(&(self.look.stretch * wide / high)))?;
        let ems = metrics.reach(codes).ok_or(Odd)?;
        let count = codes.len() as f64;
        let gaps = count * (self.look.spacing.max(0.0) + self.look.word_spacing.max(0.0));
        let length = ems * self.look.size + gaps;
        self.is_seen((x, y), size)?;
        self.runs_on((x, y), size)?;
        self.pen += length;
        let (end, _) = to_box.point(self.pen * self.look.stretch, 0.0);
        (self.last, self.moved) = (Some(Shown { y, size, end }), false);
        self.read.text.push_str(&read);
        self.read.strings.push((read, y + MIDDLE * size));
        Ok(())
    }

    /// On its line, painted, and neither spread nor pressed together.
    fn is_plain(&self) -> Step {
        let look = &self.look;
        let gap = |by: f64| (-CLOSE * look.size..=APART * look.size).contains(&by);
        let painted = match look.mode {
            0.0 => !look.fill.pale,
            1.0 => !look.stroke.pale,
            2.0 => !look.fill.pale || !look.stroke.pale,
            _ => false,
        };
        sound(look.rise == 0.0 && painted && gap(look.spacing) && gap(look.word_spacing))
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
