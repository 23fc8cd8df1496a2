//! Which fonts are believed when a field is filled in (C11).
//!
//! What an embedded font draws is known only by whoever drew its glyphs: one that comes with the update may say "1" in its maps and show
//! "9". So fonts that the document reached before the update are believed, as they were signed; of new ones only those that are not
//! embedded and whose name every viewer knows, because then the viewer brings the glyphs.

use std::collections::BTreeSet;
use std::rc::Rc;

use pdf::{Dict, Document, Object};

use super::compare::{Stop, Stops};
use super::content::Operators;
use super::form::nodes;
use super::letters::{Letters, Map, encoding};
use super::metrics::Metrics;
use super::written::Font;
use super::{REACHED, Step};

/// Fonts that every viewer brings, under their own names and those of the usual stand-ins (ISO 32000-1 §9.6.2.2).
const COMMON: &[&[u8]] = &[b"Helvetica", b"Times", b"Courier", b"Arial", b"TimesNewRoman", b"CourierNew"];
/// What may follow such a name.
const STYLES: &[&[u8]] = &[b"", b"Bold", b"Italic", b"BoldItalic", b"Oblique", b"BoldOblique", b"Roman", b"PSMT"];

impl Step<'_, '_> {
    /// The font that a drawing names among its own; `None` where it has none. Then one viewer takes a font of its own, and another draws nothing.
    pub(super) fn named_font(&mut self, name: &[u8], own: Option<&Dict>) -> Result<Option<Font>, Stop> {
        let Some(font) = own.and_then(|fonts| fonts.get(name)) else { return Ok(None) };
        Ok(Some((self.letters(font)?, self.metrics(font)?)))
    }

    /// What a viewer takes instead of a font that is missing, if it takes one. Where a page has a font of that name, or the form one without letters,
    /// some take that.
    pub(super) fn stand_in(&mut self, name: &[u8]) -> Result<Font, Stop> {
        let none = Object::Dict(Dict::new());
        let metrics = Rc::new(Metrics::read(self.after, &none)?);
        if let Some(font) = form_fonts(self.after)?.and_then(|fonts| fonts.get(name))
            && matches!(*self.letters(font)?, Letters::Unknown)
        {
            return Ok((Rc::new(Letters::Unknown), metrics));
        }
        for page in self.after.pages()? {
            self.compare.spend(REACHED)?;
            let resources = self.after.page_resources(&page)?;
            let fonts = resources.map(|resources| self.after.get(resources, b"Font")).transpose()?;
            if fonts.and_then(Object::as_dict).is_some_and(|fonts| fonts.contains(name)) {
                return Ok((Rc::new(Letters::Unknown), metrics));
            }
        }
        Ok((Rc::new(by_encoding(self.after, &Dict::new())?), metrics))
    }

    /// Widths of a font of the state after.
    fn metrics(&mut self, font: &Object) -> Result<Rc<Metrics>, Stop> {
        let id = font.as_ref_id();
        if let Some(known) = id.and_then(|id| self.metrics.get(&id)) {
            return Ok(Rc::clone(known));
        }
        let metrics = Metrics::read(self.after, font)?;
        let brought =
            self.after.resolve(font)?.as_dict().map(|dict| brought_by_viewers(self.after, dict)).transpose()?;
        let metrics = Rc::new(if brought == Some(true) { metrics.of_viewers() } else { metrics });
        self.compare.spend(metrics.cost())?;
        if let Some(id) = id {
            self.metrics.insert(id, Rc::clone(&metrics));
        }
        Ok(metrics)
    }

    /// Fonts that come into the form's default resources are those that every viewer brings, with the letters of ASCII for ASCII and usual widths;
    /// or nothing that is filled in names them. A field that nobody touches may name one that was missing, and the viewer draws with it.
    pub(super) fn adds_usual_fonts(&mut self, old: &Dict, new: &Dict) -> Result<bool, Stop> {
        let fonts = |view: &Document<'_>, form: &Dict| -> Result<Dict, Stop> {
            let resources = view.get(form, b"DR")?.as_dict();
            let fonts = resources.map(|resources| view.get(resources, b"Font")).transpose()?;
            Ok(fonts.and_then(Object::as_dict).cloned().unwrap_or_default())
        };
        let (was, is) = (fonts(self.before, old)?, fonts(self.after, new)?);
        let mut named: Option<BTreeSet<Vec<u8>>> = None;
        for (name, font) in is.iter().filter(|(name, _)| !was.contains(name)) {
            let usual = match self.after.resolve(font)?.as_dict() {
                Some(dict) => {
                    let metrics = self.metrics(font)?;
                    self.is_usual(name, dict, &metrics)?
                }
                None => false,
            };
            if usual {
                continue;
            }
            if named.is_none() {
                named = Some(self.default_fonts(new)?);
            }
            if named.as_ref().is_none_or(|named| named.contains(name)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Names in the default appearances of the form and of all fields that are no signatures.
    fn default_fonts(&self, form: &Dict) -> Result<BTreeSet<Vec<u8>>, Stop> {
        let mut names = BTreeSet::new();
        let mut collect = |dict: &Dict| -> Result<(), Stop> {
            let Some(text) = self.after.get(dict, b"DA")?.as_string() else { return Ok(()) };
            self.compare.spend(text.len() as u64)?;
            let mut operators = Operators::new(text);
            while let Ok(Some(_)) = operators.step() {
                names.extend(operators.name().map(<[u8]>::to_vec));
            }
            Ok(())
        };
        collect(form)?;
        for (id, node) in nodes(self.after)?.into_iter().filter(|(_, node)| node.kind != b"Sig") {
            for part in std::iter::once(id).chain(node.widgets) {
                self.compare.spend(1)?;
                self.after.object(part)?.as_dict().map(&mut collect).transpose()?;
            }
        }
        Ok(names)
    }

    fn is_usual(&self, name: &[u8], font: &Dict, metrics: &Metrics) -> Result<bool, Stop> {
        let after = self.after;
        if font.contains(b"ToUnicode") {
            return Ok(false);
        }
        if !brought_by_viewers(after, font)? {
            // The marks of buttons, under the name that forms have for them.
            let base = after.get(font, b"BaseFont")?.as_name();
            let marks = name == b"ZaDb" && base == Some(b"ZapfDingbats") && is_simple(after, font)?;
            return Ok(marks && !font.contains(b"Encoding") && !is_embedded(after, font)?);
        }
        let printable: Vec<u8> = (b' '..=b'~').collect();
        let plain = |read: String| {
            let quotes = |sign: char| if matches!(sign, '\u{2018}' | '\u{2019}') { '\'' } else { sign };
            read.chars().map(quotes).zip(&printable).all(|(sign, byte)| sign == char::from(*byte) || *byte == b'`')
        };
        Ok(by_encoding(after, font)?.read(&printable, 1_000).is_some_and(plain) && metrics.reach(&printable).is_some())
    }

    /// Letters of a font of the state after; unknown where it is not to be believed.
    pub(super) fn letters(&mut self, font: &Object) -> Result<Rc<Letters>, Stop> {
        let id = font.as_ref_id();
        if let Some(known) = id.and_then(|id| self.letters.get(&id)) {
            return Ok(Rc::clone(known));
        }
        let after = self.after;
        let letters = match after.resolve(font)?.as_dict() {
            Some(dict) if brought_by_viewers(after, dict)? => by_encoding(after, dict)?,
            Some(dict) if self.is_old(font)? => old(after, dict)?,
            _ => Letters::Unknown,
        };
        self.compare.spend(letters.cost())?;
        let letters = Rc::new(letters);
        if let Some(id) = id {
            self.letters.insert(id, Rc::clone(&letters));
        }
        Ok(letters)
    }

    /// The document reached the font when it was signed, and it is the same. What came later is whoever's who brought it.
    fn is_old(&mut self, font: &Object) -> Result<bool, Stop> {
        let signed = self.signed;
        let Some(id) = font.as_ref_id().filter(|id| signed.location(*id).is_some()) else { return Ok(false) };
        if self.compare.with(signed).difference(font, font, Stops::All, None)?.is_some() {
            return Ok(false);
        }
        // Fonts of the form are the usual ones, and to look for others is to read the whole file.
        if form_fonts(signed)?.is_some_and(|fonts| fonts.iter().any(|(_, one)| one == font)) {
            return Ok(true);
        }
        if self.reached.is_none() {
            self.reached = Some(signed.reachable(&Object::Dict(signed.trailer().clone()))?);
        }
        Ok(self.reached.as_ref().is_some_and(|reached| reached.contains(&id)))
    }
}

/// Fonts in the default resources of the form.
pub(super) fn form_fonts<'d>(view: &'d Document<'_>) -> Result<Option<&'d Dict>, pdf::Error> {
    let form = view.get(view.catalog()?, b"AcroForm")?.as_dict();
    let resources = form.map(|form| view.get(form, b"DR")).transpose()?.and_then(Object::as_dict);
    Ok(resources.map(|resources| view.get(resources, b"Font")).transpose()?.and_then(Object::as_dict))
}

/// A font that was there: its map, where there is one, or the encoding of a simple font, which one that is embedded must name.
pub(super) fn old(view: &Document<'_>, font: &Dict) -> Result<Letters, pdf::Error> {
    let pictures = matches!(view.get(font, b"BaseFont")?.as_name(), Some(b"Symbol" | b"ZapfDingbats"));
    let (simple, embedded) = (is_simple(view, font)? && !pictures, is_embedded(view, font)?);
    let map = view.get(font, b"ToUnicode")?.as_stream().filter(|_| embedded || !simple);
    match map {
        Some(stream) => {
            let map = view.decode(stream).ok().and_then(|text| Map::parse(&text));
            Ok(map.map_or(Letters::Unknown, Letters::Codes))
        }
        None if simple && (!embedded || !view.get(font, b"Encoding")?.is_null()) => by_encoding(view, font),
        None => Ok(Letters::Unknown),
    }
}

fn by_encoding(view: &Document<'_>, font: &Dict) -> Result<Letters, pdf::Error> {
    Ok(encoding(view, font)?.map_or(Letters::Unknown, Letters::Bytes))
}

/// Simple, not embedded, and of a name that every viewer knows.
fn brought_by_viewers(view: &Document<'_>, font: &Dict) -> Result<bool, pdf::Error> {
    let name = view.get(font, b"BaseFont")?.as_name().unwrap_or_default();
    Ok(is_simple(view, font)? && is_common(name) && !is_embedded(view, font)?)
}

fn is_simple(view: &Document<'_>, font: &Dict) -> Result<bool, pdf::Error> {
    Ok(matches!(view.get(font, b"Subtype")?.as_name(), Some(b"Type1" | b"TrueType" | b"MMType1")))
}

fn is_embedded(view: &Document<'_>, font: &Dict) -> Result<bool, pdf::Error> {
    let programs: [&[u8]; 3] = [b"FontFile", b"FontFile2", b"FontFile3"];
    let descriptor = view.get(font, b"FontDescriptor")?.as_dict();
    Ok(descriptor.is_some_and(|dict| programs.iter().any(|key| dict.contains(key))))
}

fn is_common(name: &[u8]) -> bool {
    COMMON.iter().filter_map(|family| name.strip_prefix(*family)).any(|rest| {
        let style = rest.strip_prefix(b"PS").filter(|rest| !rest.starts_with(b"MT")).unwrap_or(rest);
        let style = style.strip_prefix(b"-").or_else(|| style.strip_prefix(b",")).unwrap_or(style);
        let style = if STYLES.contains(&style) { style } else { style.strip_suffix(b"MT").unwrap_or(style) };
        STYLES.contains(&style)
    })
}

#[cfg(test)]
mod tests {
    use super::is_common;

    #[test]
    fn c11_common_fonts_are_known_by_their_names() {
        for name in [
            "Helvetica",
            "Helvetica-BoldOblique",
            "Times-Roman",
            "Times-BoldItalic",
            "Courier",
            "ArialMT",
            "Arial,Bold",
            "Arial-BoldMT",
            "TimesNewRomanPSMT",
            "TimesNewRomanPS-BoldMT",
            "TimesNewRoman",
            "CourierNewPS-ItalicMT",
        ] {
            assert!(is_common(name.as_bytes()), "{name}");
        }
        for name in ["", "Symbol", "ABCDEF+Helvetica", "HelveticaX", "Arial-Shuffled", "Wingdings", "TimesTen"] {
            assert!(!is_common(name.as_bytes()), "{name}");
        }
    }
}
