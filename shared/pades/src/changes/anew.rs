//! What viewers draw of a field themselves, where it has no drawing or where they are told to draw all fields anew (ISO 32000-2 §12.7.4.3):
//! its value, in its default appearance. Asks whether a person reads it then; does not know in which font a viewer does so.

use std::collections::BTreeSet;

use pdf::{Dict, Document, ObjId, Object};

use super::appearance::{Drawn, Rich, Text, says};
use super::compare::Stop;
use super::content::{Operators, Value};
use super::cover::{has_area, shows};
use super::fonts::form_fonts;
use super::form::Node;
use super::ground::{PAPER, light, stands_out};
use super::letters::Letters;
use super::{DRAWING_UNREADABLE, Step};

/// `/Ff` of a text field: its letters stand in cells of their own, and of a button: one of several, and one that only acts (tables 229, 231).
const COMB: i64 = 1 << 24;
const RADIO: i64 = 1 << 15;
const PUSH: i64 = 1 << 16;
const PASSWORD: i64 = 1 << 13;
/// Type sizes that a default appearance may name, in points.
const SIZES: std::ops::RangeInclusive<f64> = 4.0..=300.0;
/// Fields above a field.
const ABOVE: usize = 32;

/// What a default appearance chooses.
#[derive(Clone)]
pub(super) struct DefaultLook {
    /// Its font, among those of the form.
    font: Vec<u8>,
    /// In points; 0 leaves it to the viewer.
    pub(super) size: f64,
    /// From black, 0, to white, 1.
    pub(super) light: f64,
}

impl Step<'_, '_> {
    /// C11: where viewers are told to draw all fields anew, those that nobody fills in show their value from now on, whatever they showed.
    pub(super) fn shown_anew(&mut self, id: ObjId, field: &Node) -> Result<(), Stop> {
        if !self.drawn_anew || !field.terminal || field.kind == b"Sig" {
            return Ok(());
        }
        let Some(dict) = self.after.object(id)?.as_plain_dict() else { return Ok(()) };
        // A push button has no value.
        let drawn = match self.drawn_value(&field.kind, dict, &field.widgets)? {
            Drawn::Unknown if field.kind == b"Btn" => Drawn::Same,
            drawn => drawn,
        };
        match drawn {
            Drawn::Other => self.forbid("value-and-appearance-differ", Some(id)),
            Drawn::Nothing | Drawn::Same if self.draws_itself(&field.kind, dict, &field.widgets)? => {}
            _ => self.forbid(DRAWING_UNREADABLE, Some(id)),
        }
        Ok(())
    }

    /// Viewers are told to make the drawings of all fields themselves.
    pub(super) fn is_drawn_anew(&self) -> Result<bool, Stop> {
        let form = self.after.get(self.after.catalog()?, b"AcroForm")?.as_dict();
        let asked = form.map(|form| self.after.get(form, b"NeedAppearances")).transpose()?;
        Ok(asked.is_some_and(|asked| asked.as_bool() == Some(true)))
    }

    /// Whether whoever looks reads the value, or sees the mark that stood there, when the viewer has drawn the field.
    pub(super) fn draws_itself(&mut self, kind: &[u8], field: &Dict, widgets: &[ObjId]) -> Result<bool, Stop> {
        let after = self.after;
        let flags = self.inherited(field, b"Ff")?.and_then(Object::as_int).unwrap_or(0);
        for widget in widgets {
            self.compare.spend(1)?;
            let Some(dict) = after.object(*widget)?.as_plain_dict() else { continue };
            if !shows(after.get(dict, b"F")?.as_int().unwrap_or(0)) || !has_area(after, dict)? {
                continue;
            }
            let reads = match kind {
                b"Tx" | b"Ch" => self.writes_value(field, dict, flags)?,
                b"Btn" if flags & PUSH != 0 => self.writes_caption(dict)?,
                b"Btn" => self.marks_state(dict, flags)?,
                _ => false,
            };
            if !reads {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// In letters that fit the field, stand out from its ground, and are all of the value's.
    fn writes_value(&mut self, field: &Dict, widget: &Dict, flags: i64) -> Result<bool, Stop> {
        let after = self.after;
        let value = match self.inherited(field, b"V")? {
            None | Some(Object::Null) => String::new(),
            Some(Object::String(text)) => self.decoded(&text.bytes)?,
            Some(_) => return Ok(false),
        };
        if value.trim().is_empty() {
            return Ok(true);
        }
        if matches!(self.rich_text(field)?, Rich::Unknown) || flags & PASSWORD != 0 {
            return Ok(false);
        }
        let most = self.inherited(field, b"MaxLen")?.and_then(Object::as_int);
        let fits = most.is_none_or(|most| usize::try_from(most).is_ok_and(|most| value.chars().count() <= most));
        let Some(look) = self.default_look(field, widget)? else { return Ok(false) };
        let (Some(rect), marks) = (after.rect(widget, b"Rect")?, after.get(widget, b"MK")?.as_dict()) else {
            return Ok(false);
        };
        let turned = marks.map(|marks| after.get(marks, b"R")).transpose()?.and_then(Object::as_int).unwrap_or(0);
        let height = if turned.rem_euclid(180) == 0 { rect.height() } else { rect.width() };
        let ground = match marks.map(|marks| after.get(marks, b"BG")).transpose()?.and_then(Object::as_array) {
            None | Some([]) => Some(PAPER),
            Some(colour) => light(&colour.iter().filter_map(Object::as_number).collect::<Vec<f64>>()),
        };
        if !self.has_letters(&look.font)? {
            return Ok(false);
        }
        let legible = ground.is_some_and(|ground| stands_out(look.light, ground)) && look.size <= height;
        Ok(legible && fits && (flags & COMB == 0 || most.is_some()))
    }

    /// A font of the form that draws letters, as viewers do or as it was signed; one that is missing is the viewer's.
    fn has_letters(&mut self, name: &[u8]) -> Result<bool, Stop> {
        let Some(font) = form_fonts(self.after)?.and_then(|fonts| fonts.get(name)) else { return Ok(true) };
        Ok(!matches!(*self.letters(font)?, Letters::Unknown))
    }

    /// The letters that a push button shows are its caption.
    fn writes_caption(&mut self, widget: &Dict) -> Result<bool, Stop> {
        let caption = match self.caption(widget)? {
            Some(caption) => self.decoded(&caption)?,
            None => String::new(),
        };
        Ok(match self.normal_text(widget)? {
            None => true,
            Some(Text::Read(read)) => says(&read, &caption),
            Some(Text::Unreadable) => false,
        })
    }

    /// The mark that a button shows is the one that viewers draw, and there is none where they draw none.
    fn marks_state(&mut self, widget: &Dict, flags: i64) -> Result<bool, Stop> {
        let after = self.after;
        let Some(drawings) = after.get(widget, b"AP")?.as_dict() else { return Ok(true) };
        let Object::Dict(states) = after.get(drawings, b"N")? else { return Ok(false) };
        let state = after.get(widget, b"AS")?.as_name().unwrap_or(b"Off");
        let Object::Stream(drawing) = after.get(states, state)? else { return Ok(true) };
        let Some(drawn) = self.mark(drawing)? else { return Ok(false) };
        let usual: &[u8] = if flags & RADIO != 0 { b"l" } else { b"4" };
        let mark = self.caption(widget)?.unwrap_or_else(|| usual.to_vec());
        Ok(drawn == if state == b"Off" { Vec::new() } else { mark })
    }

    fn caption(&self, widget: &Dict) -> Result<Option<Vec<u8>>, Stop> {
        let Some(marks) = self.after.get(widget, b"MK")?.as_dict() else { return Ok(None) };
        Ok(self.after.get(marks, b"CA")?.as_string().map(<[u8]>::to_vec))
    }

    /// The codes of ZapfDingbats that a drawing shows over boxes; `None` where it draws something else.
    fn mark(&self, drawing: &pdf::Stream) -> Result<Option<Vec<u8>>, Stop> {
        let after = self.after;
        let Ok(content) = after.decode(drawing) else { return Ok(None) };
        let resources = after.get(&drawing.dict, b"Resources")?.as_dict();
        let fonts = resources.map(|resources| after.get(resources, b"Font")).transpose()?.and_then(Object::as_dict);
        let (mut mark, mut operators, mut named) = (Vec::new(), Operators::new(&content), BTreeSet::new());
        loop {
            let Ok(operator) = operators.step() else { return Ok(None) };
            self.compare.spend(1)?;
            match (operator, operators.operands()) {
                (None, _) if operators.is_doubtful() => return Ok(None),
                (None, _) => break,
                (Some(b"Tf"), [Value::Name(name), Value::Number(_)]) => drop(named.insert(name.clone())),
                (Some(b"Tj"), [Value::Text(codes)]) => mark.extend_from_slice(codes),
                (Some(operator), operands) if is_of_boxes(operator, operands) => {}
                _ => return Ok(None),
            }
        }
        for name in named.iter().filter(|_| !mark.is_empty()) {
            let Some(font) = fonts.map(|fonts| after.get(fonts, name)).transpose()?.and_then(Object::as_dict) else {
                return Ok(None);
            };
            if after.get(font, b"BaseFont")?.as_name() != Some(b"ZapfDingbats") {
                return Ok(None);
            }
        }
        Ok(Some(mark))
    }

    /// The default appearance in force; `None` where there is none, or one that chooses more than font, size and colour.
    fn default_look(&self, field: &Dict, widget: &Dict) -> Result<Option<DefaultLook>, Stop> {
        let after = self.after;
        let own = after.get(widget, b"DA")?;
        let text = match own.as_string() {
            Some(text) => Some(text),
            None => match self.inherited(field, b"DA")?.and_then(Object::as_string) {
                Some(text) => Some(text),
                None => {
                    let form = after.get(after.catalog()?, b"AcroForm")?.as_dict();
                    form.map(|form| after.get(form, b"DA")).transpose()?.and_then(Object::as_string)
                }
            },
        };
        let Some(text) = text else { return Ok(None) };
        self.compare.spend(text.len() as u64)?;
        Ok(default_look(text))
    }

    /// An attribute of a field, its own or that of a field above.
    fn inherited<'d>(&'d self, field: &'d Dict, key: &[u8]) -> Result<Option<&'d Object>, Stop> {
        let after = self.after;
        let mut at = field;
        for _ in 0..ABOVE {
            self.compare.spend(1)?;
            if at.contains(key) {
                return Ok(Some(after.get(at, key)?));
            }
            let Some(parent) = after.get(at, b"Parent")?.as_dict() else { return Ok(None) };
            at = parent;
        }
        Ok(None)
    }
}

/// All of these widgets have a drawing, so that viewers make none.
pub(super) fn has_drawing(view: &Document<'_>, widgets: &[ObjId]) -> Result<bool, Stop> {
    for widget in widgets {
        let Some(dict) = view.object(*widget)?.as_plain_dict() else { continue };
        let drawn = view.get(dict, b"AP")?.as_dict().map(|drawings| view.get(drawings, b"N")).transpose()?;
        if drawn.is_none_or(Object::is_null) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What grounds and borders are drawn with, and what says where a mark stands.
fn is_of_boxes(operator: &[u8], operands: &[Value<'_>]) -> bool {
    const ONES: [&[u8]; 37] = [
        b"q", b"Q", b"cm", b"re", b"f", b"F", b"f*", b"S", b"s", b"B", b"B*", b"b", b"n", b"W", b"W*", b"w", b"J",
        b"j", b"M", b"i", b"d", b"g", b"G", b"rg", b"RG", b"k", b"K", b"BT", b"ET", b"Td", b"TD", b"Tm", b"TL", b"EMC",
        b"ri", b"Tc", b"Tw",
    ];
    match (operator, operands) {
        (b"BMC" | b"BDC", [Value::Name(tag), ..]) => tag != b"OC",
        _ => ONES.contains(&operator),
    }
}

/// One font and at most one colour. `None` where anything else stands there.
pub(super) fn default_look(text: &[u8]) -> Option<DefaultLook> {
    use Value::{Name, Number};
    let (mut operators, mut chosen, mut light) = (Operators::new(text), None, 0.0);
    loop {
        match (operators.step().ok()?, operators.operands()) {
            (None, _) if operators.is_doubtful() => return None,
            (None, operands) => {
                let (font, size) = chosen.filter(|_| operands.is_empty())?;
                return Some(DefaultLook { font, size, light });
            }
            (Some(b"Tf"), [Name(font), Number(points)])
                if chosen.is_none() && (*points == 0.0 || SIZES.contains(points)) =>
            {
                chosen = Some((font.clone(), *points));
            }
            (Some(b"g"), [Number(_)])
            | (Some(b"rg"), [Number(_), Number(_), Number(_)])
            | (Some(b"k"), [Number(_), Number(_), Number(_), Number(_)]) => light = self::light(&operators.numbers())?,
            (Some(b"G"), [Number(_)])
            | (Some(b"RG"), [Number(_), Number(_), Number(_)])
            | (Some(b"K"), [Number(_), Number(_), Number(_), Number(_)]) => {}
            _ => return None,
        }
    }
}

/// Styles of rich text (ISO 32000-2 table 255) that leave letters to be read: the usual ones, dark, in a size that a person reads.
pub(super) fn is_plain_style(css: &str) -> bool {
    css.split(';').map(str::trim).filter(|one| !one.is_empty()).all(|one| {
        let Some((name, value)) = one.split_once(':') else { return false };
        let value = value.trim().to_ascii_lowercase();
        match name.trim().to_ascii_lowercase().as_str() {
            "font-family" | "font-style" | "font-weight" | "font-stretch" | "text-align" | "text-valign" => true,
            "font-size" => is_readable(&value),
            "font" => value
                .split([' ', ','])
                .filter(|word| word.starts_with(|sign: char| sign.is_ascii_digit()))
                .all(is_readable),
            "color" => is_dark(&value),
            "letter-spacing" | "text-indent" => value.trim_end_matches(|sign: char| sign.is_ascii_alphabetic()) == "0",
            "line-height" => value == "normal",
            "xfa-spacerun" => value == "yes",
            "text-decoration" => value == "none" || value == "underline",
            _ => false,
        }
    })
}

fn is_readable(size: &str) -> bool {
    size.strip_suffix("pt").and_then(|points| points.parse::<f64>().ok()).is_some_and(|points| SIZES.contains(&points))
}

fn is_dark(colour: &str) -> bool {
    let digits = colour.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii());
    let part = |at: usize| u8::from_str_radix(digits?.get(at..at + 2)?, 16).ok().map(|part| f64::from(part) / 255.0);
    let (Some(red), Some(green), Some(blue)) = (part(0), part(2), part(4)) else { return false };
    light(&[red, green, blue]).is_some_and(|light| stands_out(light, PAPER))
}

#[cfg(test)]
mod tests {
    use super::{default_look, is_plain_style};

    /// Viewers copy a default appearance into what they draw, whatever stands in it.
    #[test]
    fn c11_a_default_appearance_names_a_font_and_a_colour() {
        let read = |text: &str| default_look(text.as_bytes()).map(|look| (look.size, look.light));
        for plain in ["/F1 12 Tf", "0 g /Helv 0 Tf", "/F1 9 Tf 0 0 0 rg", "/F1 9 Tf 0 0 0 1 k 0 G"] {
            assert!(matches!(read(plain), Some((_, light)) if light == 0.0), "{plain}");
        }
        assert_eq!(read("/F1 0 Tf 1 g"), Some((0.0, 1.0)));
        for odd in [
            "",
            "/F1 12",
            "0 g",
            "/F1 1 Tf",
            "/F1 12 Tf 50 Tz",
            "/F1 12 Tf /F2 12 Tf",
            "/F1 12 Tf (9) Tj",
            "/F1 12 Tf 0",
        ] {
            assert_eq!(read(odd), None, "{odd}");
        }
    }

    #[test]
    fn c11_styles_of_rich_text_leave_it_readable() {
        for plain in [
            "",
            "font-size:12.0pt;text-align:left;color:#000000;font-weight:normal;font-style:normal;font-family:Helvetica,sans-serif",
            "font: Helvetica,sans-serif 12.0pt; text-align:left; color:#0000FF",
            "text-decoration:underline;letter-spacing:0in",
        ] {
            assert!(is_plain_style(plain), "{plain}");
        }
        for odd in [
            "color:#ffffff",
            "color:#FFFF00",
            "color:white",
            "font-size:0.1pt",
            "font:bold Helvetica 1pt",
            "font-size:50%",
            "text-decoration:line-through",
            "display:none",
            "letter-spacing:-9pt",
            "color",
        ] {
            assert!(!is_plain_style(odd), "{odd}");
        }
    }
}
