//! Does a field's appearance say what its value says (shadow replace, C11)?
//!
//! Reads plain text that stands upright and runs on, in fonts that are believed (`fonts.rs`); whatever else is drawn is answered with
//! "unknown". Does not see letters that straight lines make, nor text that the background swallows or the field's edge cuts off.

use std::rc::Rc;

use pdf::{Dict, ObjId, Object};

use super::Step;
use super::compare::{NULL, Stop, Stops};
use super::content::{Operators, Value};
use super::letters::Letters;
use super::matrix::Matrix;

/// The answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Drawn {
    /// No appearance: viewers draw the value themselves.
    Nothing,
    /// The appearance shows the value.
    Same,
    /// It shows something else.
    Other,
    /// It cannot be read here.
    Unknown,
}

/// Multiline, password and comb do not change which letters are drawn, except password.
const PASSWORD: i64 = 1 << 13;

impl Step<'_, '_> {
    pub(super) fn drawn_value(&mut self, kind: &[u8], field: &Dict, widgets: &[ObjId]) -> Result<Drawn, Stop> {
        let after = self.after;
        let mut result = Drawn::Nothing;
        for widget in widgets {
            let Some(dict) = after.object(*widget)?.as_dict() else { continue };
            let drawn = match kind {
                b"Tx" => self.text_field(field, dict)?,
                b"Btn" => self.button(field, *widget, dict, widgets.len() == 1)?,
                b"Ch" => self.choice(field, dict)?,
                _ => Drawn::Unknown,
            };
            result = match (result, drawn) {
                (Drawn::Other, _) | (_, Drawn::Other) => Drawn::Other,
                (Drawn::Unknown, _) | (_, Drawn::Unknown) => Drawn::Unknown,
                (Drawn::Nothing, other) => other,
                (same, _) => same,
            };
        }
        Ok(result)
    }

    fn text_field(&mut self, field: &Dict, widget: &Dict) -> Result<Drawn, Stop> {
        let Some(text) = self.normal_text(widget)? else { return Ok(Drawn::Nothing) };
        let flags = self.after.get(field, b"Ff")?.as_int().unwrap_or(0);
        let value = match self.after.get(field, b"V")? {
            Object::Null => String::new(),
            Object::String(string) => pdf::decode_text(&string.bytes),
            _ => return Ok(Drawn::Unknown),
        };
        // A format script draws another text than the value by design.
        if flags & PASSWORD != 0 || field.contains(b"AA") {
            return Ok(Drawn::Unknown);
        }
        Ok(match text {
            Text::Unreadable => Drawn::Unknown,
            Text::Read(text) if squeeze(&text) == squeeze(&value) => Drawn::Same,
            Text::Read(_) => Drawn::Other,
        })
    }

    /// A button is switched, not drawn anew: its state is one that its appearance has, and the one that the value names. Of several buttons of
    /// one field the others are off.
    fn button(&mut self, field: &Dict, id: ObjId, widget: &Dict, alone: bool) -> Result<Drawn, Stop> {
        let (before, after) = (self.before, self.after);
        let was = before.object(id)?.as_dict().and_then(|dict| dict.get(b"AP")).unwrap_or(&NULL);
        let is = widget.get(b"AP").unwrap_or(&NULL);
        if self.compare.difference(was, is, Stops::All, None)?.is_some() {
            return Ok(Drawn::Unknown);
        }
        let Some(normal) = after.resolve(is)?.as_dict() else { return Ok(Drawn::Nothing) };
        let Object::Dict(states) = after.get(normal, b"N")? else { return Ok(Drawn::Unknown) };
        let state = after.get(widget, b"AS")?.as_name().unwrap_or(b"Off");
        let value = after.get(field, b"V")?.as_name().unwrap_or(b"Off");
        let known = state == b"Off" || states.contains(state);
        Ok(if known && (state == value || state == b"Off" && !alone) { Drawn::Same } else { Drawn::Other })
    }

    /// A list may draw all its options or some that follow each other; the chosen one must be among what is drawn, and nothing else.
    fn choice(&mut self, field: &Dict, widget: &Dict) -> Result<Drawn, Stop> {
        let Some(text) = self.normal_text(widget)? else { return Ok(Drawn::Nothing) };
        let after = self.after;
        let Text::Read(text) = text else { return Ok(Drawn::Unknown) };
        let Object::String(value) = after.get(field, b"V")? else { return Ok(Drawn::Unknown) };
        let value = pdf::decode_text(&value.bytes);
        let options = self.options(field)?;
        let chosen = options.iter().find(|(export, _)| *export == value).map_or(&value, |(_, shown)| shown);
        let (text, chosen) = (squeeze(&text), squeeze(chosen));
        if text == chosen {
            return Ok(Drawn::Same);
        }
        let shown: Vec<String> = options.iter().map(|(_, shown)| squeeze(shown)).collect();
        for start in 0..shown.len() {
            let (mut rest, mut seen) = (text.as_str(), false);
            for option in shown.iter().skip(start).filter(|option| !option.is_empty()) {
                self.compare.spend(1)?;
                let Some(after) = rest.strip_prefix(option.as_str()) else { break };
                (rest, seen) = (after, seen || *option == chosen);
            }
            if rest.is_empty() && seen {
                return Ok(Drawn::Same);
            }
        }
        Ok(Drawn::Other)
    }

    /// Of each option what it is called in the value, and what is shown of it.
    fn options(&self, field: &Dict) -> Result<Vec<(String, String)>, Stop> {
        let after = self.after;
        let mut options = Vec::new();
        for option in after.get(field, b"Opt")?.as_array().unwrap_or_default() {
            let (export, shown) = match after.resolve(option)? {
                Object::Array(pair) => match pair.as_slice() {
                    [export, shown] => (after.resolve(export)?, after.resolve(shown)?),
                    _ => continue,
                },
                single => (single, single),
            };
            if let (Some(export), Some(shown)) = (export.as_string(), shown.as_string()) {
                options.push((pdf::decode_text(export), pdf::decode_text(shown)));
            }
        }
        Ok(options)
    }

    /// Text of `/AP /N`; `None` without an appearance.
    fn normal_text(&mut self, widget: &Dict) -> Result<Option<Text>, Stop> {
        let after = self.after;
        let Some(appearance) = after.get(widget, b"AP")?.as_dict() else { return Ok(None) };
        let normal = after.get(appearance, b"N")?;
        let Object::Stream(stream) = normal else {
            return Ok(if normal.is_null() { None } else { Some(Text::Unreadable) });
        };
        let Ok(content) = after.decode(stream) else { return Ok(Some(Text::Unreadable)) };
        // Without resources of its own a stream takes those of a page, and which page is the viewer's choice.
        let Some(resources) = after.get(&stream.dict, b"Resources")?.as_dict() else {
            return Ok(Some(Text::Unreadable));
        };
        let fonts = after.get(resources, b"Font")?.as_dict();
        Ok(Some(self.shown_text(&content, fonts)?.map_or(Text::Unreadable, Text::Read)))
    }

    /// Everything that Tj, TJ, ' and " show, in the order of the stream; `None` where something else is drawn, or in another order.
    fn shown_text(&mut self, content: &[u8], fonts: Option<&Dict>) -> Result<Option<String>, Stop> {
        let (mut text, mut line) = (String::new(), Line::default());
        let mut font = Rc::new(Letters::Unknown);
        let mut operators = Operators::new(content);
        loop {
            let operator = match operators.step() {
                Ok(Some(operator)) => operator,
                Ok(None) => return Ok(Some(text)),
                Err(_) => return Ok(None),
            };
            self.compare.spend(1)?;
            if !line.goes_on(operator, operators.operands(), &operators.numbers()) {
                return Ok(None);
            }
            if operator == b"Tf" {
                font = self.named_letters(operators.name().unwrap_or_default(), fonts)?;
            }
            if matches!(operator, b"Tj" | b"TJ" | b"'" | b"\"") {
                for operand in operators.operands() {
                    let Value::Text(codes) = operand else { continue };
                    let Some(letters) = font.read(codes) else { return Ok(None) };
                    text.push_str(&letters);
                }
            }
        }
    }
}

fn squeeze(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

enum Text {
    Read(String),
    Unreadable,
}

/// Where text stands: it runs on as it is read, to the right and down.
#[derive(Default)]
struct Line {
    start: Matrix,
    leading: f64,
    /// Where the last string began.
    last: Option<(f64, f64)>,
    /// The page was moved below the text.
    moved: bool,
    /// What was moved is back: nothing that follows can be compared with what stands.
    over: bool,
}

/// Heights that are still on one line.
const ON_LINE: f64 = 0.01;

impl Line {
    /// False where this operator draws what is no text, hides text, or shows it elsewhere than behind the last.
    fn goes_on(&mut self, operator: &[u8], operands: &[Value<'_>], numbers: &[f64]) -> bool {
        let shown = self.last.is_some();
        match (operator, numbers) {
            (b"Do" | b"BI" | b"sh" | b"gs" | b"c" | b"v" | b"y", _) => false,
            (b"f" | b"F" | b"f*" | b"B" | b"B*" | b"b" | b"b*", _) => !shown,
            (b"Tr", [mode]) => (0.0..3.0).contains(mode),
            (b"Tf", [size]) => *size > 0.0,
            (b"Tz", [percent]) => *percent > 0.0,
            (b"cm", _) => {
                self.moved = true;
                !shown && Matrix::of(numbers).is_some_and(|matrix| matrix.is_upright())
            }
            (b"Q", _) => {
                self.over |= shown && self.moved;
                true
            }
            (b"BT", _) => self.move_to(Matrix::IDENTITY),
            (b"Tm", _) => Matrix::of(numbers).is_some_and(|matrix| matrix.is_upright() && self.move_to(matrix)),
            (b"Td", [x, y]) => self.move_by(*x, *y),
            (b"TL", [leading]) => {
                self.leading = *leading;
                true
            }
            (b"TD", [x, y]) => {
                self.leading = -y;
                self.move_by(*x, *y)
            }
            (b"T*", _) => self.move_by(0.0, -self.leading),
            (b"Tj", _) => self.show(),
            (b"'" | b"\"", _) => self.move_by(0.0, -self.leading) && self.show(),
            // A number moves back by thousandths of an em: no letter is kerned by a whole one.
            (b"TJ", _) => operands.iter().filter_map(Value::number).all(|back| back < 1000.0) && self.show(),
            _ => true,
        }
    }

    fn move_to(&mut self, start: Matrix) -> bool {
        self.start = start;
        true
    }

    fn move_by(&mut self, x: f64, y: f64) -> bool {
        self.move_to(Matrix::shift(x, y).then(&self.start))
    }

    fn show(&mut self) -> bool {
        let (x, y) = self.start.point(0.0, 0.0);
        let behind =
            self.last.is_none_or(|(last_x, last_y)| y < last_y - ON_LINE || (y <= last_y + ON_LINE && x >= last_x));
        self.last = Some((x, y));
        behind && !self.over
    }
}
