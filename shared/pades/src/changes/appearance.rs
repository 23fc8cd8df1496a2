//! Does a field's appearance say what its value says (shadow replace, C11)?
//!
//! Reads what is written as fields are filled in (`written.rs`), in fonts that are believed (`fonts.rs`); whatever else is drawn is answered
//! with "unknown".

use std::collections::{BTreeMap, BTreeSet};

use pdf::{Dict, ObjId, Object, Rect};

use super::Step;
use super::anew::{default_look, is_plain_style};
use super::compare::{NULL, Stop, Stops};
use super::content::{Operators, Value};
use super::ground::{PAPER, stands_out};
use super::written::{Font, Odd, Piece, Read, Written};

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

/// Operators of one drawing that are read; a page of text has some thousand.
const OPERATORS: u32 = 100_000;
/// Octets of rich text that are looked at.
const RICH: usize = 1 << 16;

impl Step<'_, '_> {
    pub(super) fn drawn_value(&mut self, kind: &[u8], field: &Dict, widgets: &[ObjId]) -> Result<Drawn, Stop> {
        let after = self.after;
        let mut result =
            if kind == b"Btn" && self.chosen_is_off(field, widgets)? { Drawn::Other } else { Drawn::Nothing };
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
        let Some(text) = self.normal_text(widget)? else {
            // The viewer draws the value, or the rich text if there is one.
            return Ok(if self.after.get(field, b"RV")?.is_null() { Drawn::Nothing } else { Drawn::Unknown });
        };
        let flags = self.after.get(field, b"Ff")?.as_int().unwrap_or(0);
        let value = match self.after.get(field, b"V")? {
            Object::Null => String::new(),
            Object::String(string) => self.decoded(&string.bytes)?,
            _ => return Ok(Drawn::Unknown),
        };
        // A format script draws another text than the value by design.
        if flags & PASSWORD != 0 || field.contains(b"AA") {
            return Ok(Drawn::Unknown);
        }
        match self.rich_text(field)? {
            Rich::None => {}
            Rich::Unknown => return Ok(Drawn::Unknown),
            Rich::Says(rich) if squeeze(&rich) != squeeze(&value) => return Ok(Drawn::Other),
            Rich::Says(_) => {}
        }
        Ok(match text {
            Text::Unreadable => Drawn::Unknown,
            Text::Read(read) if says(&read, &value) => Drawn::Same,
            Text::Read(_) => Drawn::Other,
        })
    }

    /// The letters of `/RV`, which a viewer may draw instead of the value (ISO 32000-2 §12.7.4.4), in a style in which they are read.
    pub(super) fn rich_text(&self, field: &Dict) -> Result<Rich, Stop> {
        let plain = match self.after.get(field, b"DS")? {
            Object::Null => true,
            Object::String(style) => style.bytes.len() <= RICH && is_plain_style(&self.decoded(&style.bytes)?),
            _ => false,
        };
        if !plain {
            return Ok(Rich::Unknown);
        }
        let text = match self.after.get(field, b"RV")? {
            Object::Null => return Ok(Rich::None),
            Object::String(text) if text.bytes.len() <= RICH => self.decoded(&text.bytes)?,
            _ => return Ok(Rich::Unknown),
        };
        Ok(letters_of(&text).map_or(Rich::Unknown, Rich::Says))
    }

    /// The value names a state, and none of the field's buttons that have states shows it.
    fn chosen_is_off(&self, field: &Dict, widgets: &[ObjId]) -> Result<bool, Stop> {
        let after = self.after;
        let Some(value) = after.get(field, b"V")?.as_name().filter(|value| *value != b"Off") else { return Ok(false) };
        let mut off = false;
        for widget in widgets {
            let Some(dict) = after.object(*widget)?.as_dict() else { continue };
            let Some(drawn) = after.get(dict, b"AP")?.as_dict() else { continue };
            let state = after.get(dict, b"AS")?.as_name();
            if state == Some(value) {
                return Ok(false);
            }
            off |= matches!(after.get(drawn, b"N")?, Object::Dict(_));
        }
        Ok(off)
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
        let Text::Read(read) = text else { return Ok(Drawn::Unknown) };
        let Object::String(value) = after.get(field, b"V")? else { return Ok(Drawn::Unknown) };
        let value = self.decoded(&value.bytes)?;
        let options = self.options(field)?;
        let chosen = options.iter().find(|(export, _)| *export == value).map_or(&value, |(_, shown)| shown);
        if !self.marks_chosen(field, &options, &value)? {
            return Ok(Drawn::Other);
        }
        if says(&read, chosen) {
            return Ok(Drawn::Same);
        }
        let (text, chosen) = (squeeze(&read.text), squeeze(chosen));
        if !marks(&read, &chosen) {
            return Ok(Drawn::Unknown);
        }
        let shown: Vec<String> = options.iter().map(|(_, shown)| squeeze(shown)).collect();
        for start in 0..shown.len() {
            let (mut rest, mut seen) = (text.as_str(), false);
            for option in shown.iter().skip(start).filter(|option| !option.is_empty()) {
                self.compare.spend(1 + option.len() as u64 / 16)?;
                let Some(after) = rest.strip_prefix(option.as_str()) else { break };
                (rest, seen) = (after, seen || *option == chosen);
            }
            if rest.is_empty() && seen {
                return Ok(Drawn::Same);
            }
        }
        Ok(Drawn::Other)
    }

    /// `/I`, where it is there, names the option that the value names: viewers mark by it.
    fn marks_chosen(&self, field: &Dict, options: &[(String, String)], value: &str) -> Result<bool, Stop> {
        let list = self.after.get(field, b"I")?;
        let Some(list) = list.as_array() else { return Ok(list.is_null()) };
        let named = |one: &Object| options.get(usize::try_from(one.as_int()?).ok()?).map(|(export, _)| export.as_str());
        Ok(list.len() <= 1 && list.iter().all(|one| named(one) == Some(value)))
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
                options.push((self.decoded(export)?, self.decoded(shown)?));
            }
        }
        Ok(options)
    }

    /// A text string that is paid for: by references a file says one as often as it has room for them.
    pub(super) fn decoded(&self, text: &[u8]) -> Result<String, Stop> {
        self.compare.spend(1 + text.len() as u64)?;
        Ok(pdf::decode_text(text))
    }

    /// Text of `/AP /N`; `None` without an appearance.
    pub(super) fn normal_text(&mut self, widget: &Dict) -> Result<Option<Text>, Stop> {
        let after = self.after;
        let Some(appearance) = after.get(widget, b"AP")?.as_dict() else { return Ok(None) };
        let normal = after.get(appearance, b"N")?;
        let Object::Stream(stream) = normal else {
            return Ok(if normal.is_null() { None } else { Some(Text::Unreadable) });
        };
        // What is optional may be hidden, and what shows while a pointer is over the field is drawn like the rest.
        if stream.dict.contains(b"OC") || self.changes_with_pointer(appearance)? {
            return Ok(Some(Text::Unreadable));
        }
        let Ok(content) = after.decode(stream) else { return Ok(Some(Text::Unreadable)) };
        let Some(frame) = self.frame(&stream.dict, widget)? else { return Ok(Some(Text::Unreadable)) };
        let resources = after.get(&stream.dict, b"Resources")?.as_dict();
        // Other colours under the names of those of the device (ISO 32000-2 §8.6.5.6).
        let spaces = resources.map(|resources| after.get(resources, b"ColorSpace")).transpose()?;
        let defaults: [&[u8]; 3] = [b"DefaultGray", b"DefaultRGB", b"DefaultCMYK"];
        if spaces.and_then(Object::as_dict).is_some_and(|spaces| defaults.iter().any(|key| spaces.contains(key))) {
            return Ok(Some(Text::Unreadable));
        }
        let fonts = resources.map(|resources| after.get(resources, b"Font")).transpose()?;
        // Without resources of its own a stream takes those of a page, and which page is the viewer's choice.
        let fonts = fonts.map(|fonts| fonts.as_dict());
        let Some(read) = self.shown_text(&content, fonts, frame)? else { return Ok(Some(Text::Unreadable)) };
        self.compare.spend(read.text.len() as u64)?;
        Ok(Some(Text::Read(read)))
    }

    /// Another drawing than the usual one for a pointer that is over the field or pressed.
    fn changes_with_pointer(&self, appearance: &Dict) -> Result<bool, Stop> {
        let usual = self.after.get(appearance, b"N")?;
        let mut others = [&b"R"[..], b"D"].into_iter().filter(|key| appearance.contains(key));
        others.try_fold(false, |other, key| Ok(other || self.after.get(appearance, key)? != usual))
    }

    /// The box that a drawing shows in the field; `None` where the field shows it turned by odd angles, mirrored, or in another size
    /// (ISO 32000-2 §12.5.5, algorithm 8).
    fn frame(&self, form: &Dict, widget: &Dict) -> Result<Option<Rect>, Stop> {
        let after = self.after;
        let (Some(frame), Some(field)) = (after.rect(form, b"BBox")?, after.rect(widget, b"Rect")?) else {
            return Ok(None);
        };
        let marks = after.get(widget, b"MK")?.as_dict();
        let turn = marks.map(|marks| after.get(marks, b"R")).transpose()?.and_then(Object::as_int).unwrap_or(0);
        let drawn = match after.get(form, b"Matrix")? {
            Object::Null => Some([1.0, 0.0, 0.0, 1.0]),
            matrix => {
                let mut numbers = Vec::new();
                for one in matrix.as_array().unwrap_or_default() {
                    numbers.extend(after.resolve(one)?.as_number());
                }
                let six = matrix.as_array().is_some_and(|list| list.len() == 6) && numbers.len() == 6;
                numbers.get(..4).filter(|_| six).and_then(|turn| <[f64; 4]>::try_from(turn).ok())
            }
        };
        let turned = match drawn {
            Some([1.0, 0.0, 0.0, 1.0]) => false,
            Some([0.0, 1.0, -1.0, 0.0] | [0.0, -1.0, 1.0, 0.0]) => true,
            // Upside down a 6 is a 9, but where the field says that it is so.
            Some([-1.0, 0.0, 0.0, -1.0]) if turn.rem_euclid(360) == 180 => false,
            _ => return Ok(None),
        };
        let (wide, high) = if turned { (field.height(), field.width()) } else { (field.width(), field.height()) };
        let same = |shown: f64, drawn: f64| drawn > 0.0 && (0.5..=2.0).contains(&(shown / drawn));
        Ok(Some(frame).filter(|frame| same(wide, frame.width()) && same(high, frame.height())))
    }

    /// Everything that is shown, in the order in which it is read; `None` where something else is drawn, or otherwise. `fonts`: those of the
    /// drawing's own resources, where it has any.
    fn shown_text(&mut self, content: &[u8], fonts: Option<Option<&Dict>>, frame: Rect) -> Result<Option<Read>, Stop> {
        let mut written = Written::new(frame);
        // A font that stands directly in the resources has no number by which it would be known again.
        let (mut known, mut missing): (BTreeMap<Vec<u8>, Font>, BTreeSet<bool>) = (BTreeMap::new(), BTreeSet::new());
        let (mut operators, mut left) = (Operators::new(content), OPERATORS);
        loop {
            let operator = match operators.step() {
                Ok(Some(operator)) => operator,
                // What does not belong there takes operands from some viewers.
                Ok(None) => return Ok(written.ended().filter(|_| !operators.is_doubtful())),
                Err(_) => return Ok(None),
            };
            self.compare.spend(1)?;
            left -= 1;
            if left == 0 || !self.may_draw() {
                return Ok(None);
            }
            let taken = match (operator, operators.operands()) {
                (b"Tf", [Value::Name(name), Value::Number(size)]) => {
                    let Some(fonts) = fonts else { return Ok(None) };
                    if !known.contains_key(name) {
                        let font = self.named_font(name, fonts)?;
                        missing.insert(font.is_none());
                        known.insert(name.clone(), font.map_or_else(|| self.stand_in(name), Ok)?);
                    }
                    // Of a drawing with a font that is missing beside one that is not, some viewers draw a half.
                    if missing.len() > 1 {
                        return Ok(None);
                    }
                    known.get(name).ok_or(Odd).and_then(|font| written.set_font(font.clone(), *size))
                }
                (operator, operands) => written.take(operator, operands),
            };
            if taken.is_err() {
                return Ok(None);
            }
        }
    }

    /// One operator more, of all that may be read.
    fn may_draw(&self) -> bool {
        let left = self.drawn.get();
        self.drawn.set(left.saturating_sub(1));
        left > 0
    }

    /// A default appearance that was changed chooses font, size and colour and nothing more: viewers copy it into the drawings that they make
    /// for themselves (§12.7.4.3), so whatever else stands in it is drawn.
    pub(super) fn default_is_plain(&self, was: &Dict, is: &Dict) -> Result<bool, Stop> {
        let old = self.before.get(was, b"DA")?;
        match self.after.get(is, b"DA")? {
            Object::Null => Ok(true),
            now if old == now => Ok(true),
            Object::String(text) => {
                self.compare.spend(text.bytes.len() as u64)?;
                Ok(default_look(&text.bytes).is_some_and(|look| stands_out(look.light, PAPER)))
            }
            _ => Ok(false),
        }
    }
}

/// What `/RV` holds.
pub(super) enum Rich {
    None,
    Says(String),
    Unknown,
}

/// The letters of an XHTML text without its elements; `None` where it is not plainly written.
fn letters_of(text: &str) -> Option<String> {
    let (mut letters, mut rest) = (String::new(), text);
    while let Some(at) = rest.find(['<', '&']) {
        let (before, behind) = rest.split_at(at);
        letters.push_str(before);
        let (inside, after) = behind.get(1..)?.split_once(if behind.starts_with('<') { '>' } else { ';' })?;
        match inside {
            // Comments and the like hide text from one reader, and not from another.
            _ if behind.starts_with('<') && inside.starts_with('!') => return None,
            _ if behind.starts_with('<') => is_plain_element(inside).then_some(())?,
            "lt" => letters.push('<'),
            "gt" => letters.push('>'),
            "amp" => letters.push('&'),
            "quot" => letters.push('"'),
            "apos" => letters.push('\''),
            _ => {
                let number = inside.strip_prefix('#')?;
                let code = match number.strip_prefix('x') {
                    Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                    None => number.parse().ok()?,
                };
                letters.push(char::from_u32(code)?);
            }
        }
        rest = after;
    }
    letters.push_str(rest);
    Some(letters)
}

/// An element of rich text that says nothing of colour and size but in a plain style.
fn is_plain_element(element: &str) -> bool {
    let lower = element.to_ascii_lowercase().replace(['\t', '\r', '\n'], " ");
    let style = lower.split_once(" style").map(|(_, behind)| behind.trim_start());
    let style = style.map(|behind| behind.strip_prefix('=').map(str::trim_start));
    let quoted = |text: &str| {
        let quote = text.chars().next().filter(|sign| matches!(sign, '"' | '\''))?;
        text.get(1..)?.split_once(quote).map(|(style, _)| style.to_owned())
    };
    let plain = match style {
        None => true,
        Some(text) => text.and_then(quoted).is_some_and(|style| is_plain_style(&style)),
    };
    plain && lower.matches(" style").count() <= 1 && !lower.starts_with("font")
}

/// What is drawn says the value, sign by sign. Only between two strings white space may come or go: lines are broken there, and programs that
/// set the gaps between words themselves draw none; then there is a gap.
pub(super) fn says(read: &Read, value: &str) -> bool {
    let (mut rest, mut spaced) = (value, true);
    for piece in &read.strings {
        let next = rest.trim_start();
        if next.len() < rest.len() && !(spaced || piece.apart || piece.text.starts_with(char::is_whitespace)) {
            return false;
        }
        rest = next;
        spaced = piece.text.ends_with(char::is_whitespace);
        for sign in piece.text.trim().chars() {
            let mut signs = rest.chars();
            match signs.next() {
                Some(wanted) if wanted == sign || wanted.is_whitespace() && sign.is_whitespace() => {
                    rest = signs.as_str();
                }
                _ => return false,
            }
        }
    }
    rest.trim().is_empty()
}

fn squeeze(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// In a list that draws several options every bar but the ground lies behind the chosen one.
fn marks(read: &Read, chosen: &str) -> bool {
    let behind = |bar: &Rect, piece: &Piece| bar.y0 <= piece.height && piece.height <= bar.y1;
    read.bars
        .iter()
        .filter(|bar| !read.strings.iter().all(|piece| behind(bar, piece)))
        .all(|bar| read.strings.iter().all(|piece| behind(bar, piece) == (squeeze(&piece.text) == chosen)))
}

pub(super) enum Text {
    Read(Read),
    Unreadable,
}
