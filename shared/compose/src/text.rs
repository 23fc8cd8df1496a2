//! Typefaces and lines: cleaning, measuring, wrapping. One typeface family (Liberation Serif, metric twin of Times New Roman).
//!
//! Letters stand beside each other as wide as they are, without kerning and ligatures, as a word processor sets Vietnamese by default: so a
//! text is measured as it will be drawn. Does not hyphenate and does not break inside a word unless the word alone is wider than the line.

use std::sync::LazyLock;

use ttf_parser::Face;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::Unusable;

/// The longest text of a wording, in characters.
pub(crate) const MAX_CHARS: usize = 400;

/// Which cut of the typeface.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Cut {
    Regular,
    Bold,
    Italic,
}

impl Cut {
    pub(crate) const ALL: [Cut; 3] = [Cut::Regular, Cut::Bold, Cut::Italic];

    /// Its place among things of which each cut has one.
    pub(crate) fn of<T>(self, [regular, bold, italic]: &[T; 3]) -> &T {
        match self {
            Cut::Regular => regular,
            Cut::Bold => bold,
            Cut::Italic => italic,
        }
    }

    /// What contents and resources call it.
    pub(crate) fn resource(self) -> &'static str {
        self.of::<&str>(&["CTDT-Regular", "CTDT-Bold", "CTDT-Italic"])
    }

    /// Its PostScript name.
    pub(crate) fn postscript(self) -> &'static str {
        self.of::<&str>(&["LiberationSerif", "LiberationSerif-Bold", "LiberationSerif-Italic"])
    }

    /// The typeface's file.
    pub(crate) fn file(self) -> &'static [u8] {
        match self {
            Cut::Regular => include_bytes!("../fonts/LiberationSerif-Regular.ttf"),
            Cut::Bold => include_bytes!("../fonts/LiberationSerif-Bold.ttf"),
            Cut::Italic => include_bytes!("../fonts/LiberationSerif-Italic.ttf"),
        }
    }
}

/// A colour of ink.
pub(crate) type Ink = (u8, u8, u8);
pub(crate) const BLACK: Ink = (0, 0, 0);
pub(crate) const GREY: Ink = (110, 110, 110);
/// The seal's red.
pub(crate) const RED: Ink = (200, 16, 30);
/// The blue of a person's signature (NĐ 30/2020, Annex I).
pub(crate) const BLUE: Ink = (16, 52, 150);

/// The first sign of a text that no wording can be set with, for it has no glyph in some cut. Blanks count as signs.
///
/// # Errors
/// [`Unusable::Compose`] when the typeface that is built in cannot be read.
pub fn unset_sign(text: &str) -> Result<Option<char>, Unusable> {
    let fonts = Fonts::get()?;
    Ok(text.nfc().find(|sign| !fonts.has(*sign)))
}

/// Signs that stand in every copy, so that its signatures can be drawn with them: all of Vietnamese, the composed letters of Ê Đê, Gia Rai and
/// Ba Na that it lacks, what is set between them. NFC. A few more would make every copy larger: Latin letters of all of Europe take as much again.
pub(crate) fn is_everyday(sign: char) -> bool {
    matches!(sign, ' '..='~' | '\u{1ea0}'..='\u{1ef9}')
        || "ÀÁÂÃÈÉÊÌÍÒÓÔÕÙÚÝàáâãèéêìíòóôõùúýĂăĐđĨĩŨũƠơƯưČčĔĕĬĭÑñŎŏŬŭɃƀ–—‘’“”…₫".contains(sign)
}

/// The three cuts, ready to measure with.
pub(crate) struct Fonts {
    cuts: [Face<'static>; 3],
    /// How wide the signs of [`USUAL`] are, in its order: a line is measured many times before it is set.
    widths: [Vec<u32>; 3],
}

/// Latin up to Ư, and the letters of Vietnamese with two marks.
const USUAL: [std::ops::Range<u32>; 2] = [0..0x1b1, 0x1ea0..0x1efa];

/// The place of a sign in [`USUAL`].
fn usual(sign: char) -> Option<usize> {
    let [first, second] = USUAL;
    let at = match u32::from(sign) {
        number if first.contains(&number) => number,
        number if second.contains(&number) => first.end + number - second.start,
        _ => return None,
    };
    usize::try_from(at).ok()
}

static FONTS: LazyLock<Option<Fonts>> = LazyLock::new(|| {
    let load = |cut: Cut| Face::parse(cut.file(), 0).ok();
    let cuts = [load(Cut::Regular)?, load(Cut::Bold)?, load(Cut::Italic)?];
    let signs = || USUAL.into_iter().flatten().filter_map(char::from_u32);
    let widths = cuts.each_ref().map(|face| signs().map(|sign| wide(face, sign)).collect());
    Some(Fonts { cuts, widths })
});

/// How wide a sign is, in thousandths of the size.
fn wide(face: &Face<'_>, sign: char) -> u32 {
    let units = face.glyph_index(sign).and_then(|glyph| face.glyph_hor_advance(glyph)).unwrap_or_default();
    let em = u32::from(face.units_per_em()).max(1);
    (u32::from(units) * 1000 + em / 2) / em
}

impl Fonts {
    pub(crate) fn get() -> Result<&'static Self, Unusable> {
        FONTS.as_ref().ok_or_else(|| Unusable::Compose("typeface".into()))
    }

    pub(crate) fn face(&self, cut: Cut) -> &Face<'static> {
        cut.of(&self.cuts)
    }

    /// Whether every cut has a glyph. A sign is its own number in a file, which has two octets for it.
    fn has(&self, sign: char) -> bool {
        // A mark that composes with no letter would stand beside it, or over the next: another name.
        u32::from(sign) <= 0xffff
            && !is_combining_mark(sign)
            && self.cuts.iter().all(|face| face.glyph_index(sign).is_some())
    }

    /// How wide a sign is, in thousandths of the size; as it stands in the file.
    pub(crate) fn advance(&self, cut: Cut, sign: char) -> u32 {
        let known = usual(sign).and_then(|at| cut.of(&self.widths).get(at));
        known.copied().unwrap_or_else(|| wide(self.face(cut), sign))
    }

    /// Width of one line in points.
    pub(crate) fn width(&self, cut: Cut, size: f32, text: &str) -> f32 {
        let thousandths: u32 = text.chars().map(|sign| self.advance(cut, sign)).sum();
        thousandths as f32 * size / 1000.0
    }

    /// NFC, single spaces, no control characters; refused when empty, too long, or a sign has no glyph in every cut.
    pub(crate) fn clean(&self, field: &str, text: &str) -> Result<String, Unusable> {
        self.clean_of(field, text, |sign| self.has(sign))
    }

    /// As [`Fonts::clean`], of signs that stand in every copy.
    pub(crate) fn clean_everyday(&self, field: &str, text: &str) -> Result<String, Unusable> {
        self.clean_of(field, text, is_everyday)
    }

    fn clean_of(&self, field: &str, text: &str, known: impl Fn(char) -> bool) -> Result<String, Unusable> {
        let refuse = || Unusable::TextUnusable(field.to_owned());
        if text.len() > MAX_CHARS.saturating_mul(16) {
            return Err(refuse());
        }
        let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let clean: String = joined.nfc().filter(|sign| !sign.is_control()).collect();
        if clean.is_empty() || clean.chars().count() > MAX_CHARS {
            return Err(refuse());
        }
        if clean.chars().all(known) { Ok(clean) } else { Err(refuse()) }
    }

    /// As it can be shown: NFC, single spaces, at most [`MAX_CHARS`] signs; what steers or has no glyph becomes `?`.
    pub(crate) fn shown(&self, text: &str) -> String {
        let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
        // Marks of direction have glyphs in this typeface and would turn a line around; others would be drawn as nothing. These are all
        // of which it has a glyph: of the rest of `pki::is_deceptive` it has none.
        let steers = |sign: char| {
            sign.is_control()
                || matches!(sign, '\u{ad}' | '\u{34f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        };
        joined.nfc().take(MAX_CHARS).map(|sign| if self.has(sign) && !steers(sign) { sign } else { '?' }).collect()
    }

    /// Breaks a text into lines not wider than `width` points.
    pub(crate) fn wrap(&self, cut: Cut, size: f32, text: &str, width: f32) -> Vec<String> {
        let mut lines = Vec::new();
        let mut line = String::new();
        for word in text.split(' ') {
            let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
            if self.width(cut, size, &longer) <= width {
                line = longer;
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            line = self.split_word(cut, size, word, width, &mut lines);
        }
        if !line.is_empty() {
            lines.push(line);
        }
        lines
    }

    /// As [`Fonts::wrap`], with lines of about the same length: no single word left over on the last one.
    pub(crate) fn wrap_even(&self, cut: Cut, size: f32, text: &str, width: f32) -> Vec<String> {
        let mut best = self.wrap(cut, size, text, width);
        let mut narrower = width - 4.0;
        while best.len() > 1 && narrower > width * 0.4 {
            let lines = self.wrap(cut, size, text, narrower);
            if lines.len() != best.len() {
                break;
            }
            best = lines;
            narrower -= 4.0;
        }
        best
    }

    /// Gives whole lines of a word that is wider than a line to `lines`; returns what is left of it.
    fn split_word(&self, cut: Cut, size: f32, word: &str, width: f32, lines: &mut Vec<String>) -> String {
        let mut rest = String::new();
        for sign in word.chars() {
            rest.push(sign);
            if rest.chars().count() > 1 && self.width(cut, size, &rest) > width {
                rest.pop();
                lines.push(std::mem::take(&mut rest));
                rest.push(sign);
            }
        }
        rest
    }

    /// The largest size from `from` down to `least` (steps of half a point) at which the text is one line of `width` points.
    pub(crate) fn fit(&self, cut: Cut, from: f32, least: f32, text: &str, width: f32) -> Option<f32> {
        let mut size = from;
        while size >= least {
            if self.width(cut, size, text) <= width {
                return Some(size);
            }
            size -= 0.5;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R37: what the clerk types arrives composed, whatever the keyboard sent.
    #[test]
    fn text_is_composed_and_spaces_are_single() {
        let fonts = Fonts::get().expect("vendored typefaces load");
        let decomposed = "Nguye\u{302}\u{303}n   Thi\u{323} \u{1100}".replace('\u{1100}', "Ánh");
        assert_eq!(fonts.clean("name", &decomposed), Ok("Nguyễn Thị Ánh".to_owned()));
        assert_eq!(fonts.clean("name", " \t"), Err(Unusable::TextUnusable("name".into())));
        assert_eq!(fonts.clean("name", "漢"), Err(Unusable::TextUnusable("name".into())));
    }

    /// What the desk asks before it takes a text.
    #[test]
    fn signs_without_a_glyph_are_named() {
        assert_eq!(unset_sign("Bằng “cao đẳng” – số 12/Đ, 2.000 ₫").expect("a typeface"), None);
        assert_eq!(unset_sign("Giấy ☃ tuyết").expect("a typeface"), Some('☃'));
        assert_eq!(unset_sign("卒業証書").expect("a typeface"), Some('卒'));
    }

    /// What steers a line, or is drawn as nothing, is seen to be there.
    #[test]
    fn nothing_is_set_that_is_not_seen() {
        let fonts = Fonts::get().expect("vendored typefaces load");
        for sign in "\u{1b}\u{ad}\u{34f}\u{61c}\u{115f}\u{17b4}\u{180e}\u{200b}\u{202e}\u{2066}\u{2800}\u{3164}\u{fe0f}\u{feff}\u{ffa0}\u{fff9}\u{e0041}".chars() {
            assert_eq!(fonts.shown(&format!("a{sign}b")), "a?b", "{sign:?}");
        }
    }

    /// The breve over ê has no letter of its own in Unicode, and nothing here could place it.
    #[test]
    fn a_mark_that_composes_with_nothing_is_refused() {
        let fonts = Fonts::get().expect("vendored typefaces load");
        for text in ["Nie\u{302}\u{306}", "Bo\u{31b}\u{306}n", "x\u{303}y"] {
            assert_eq!(fonts.clean("name", text), Err(Unusable::TextUnusable("name".into())), "{text}");
            assert!(unset_sign(text).expect("a typeface").is_some() && fonts.shown(text).contains('?'), "{text}");
        }
    }

    /// Capitals and small letters are in every copy together: titles are written in both.
    #[test]
    fn usual_letters_have_usual_capitals() {
        let both = |sign: char| sign.to_uppercase().chain(sign.to_lowercase()).all(is_everyday);
        assert!(('\0'..='\u{ffff}').filter(|sign| is_everyday(*sign)).all(both));
    }

    /// What is kept of widths is what the typeface says, on both sides of every edge.
    #[test]
    fn widths_are_those_of_the_typeface() {
        let fonts = Fonts::get().expect("vendored typefaces load");
        for cut in Cut::ALL {
            let differs = ('\0'..='\u{2100}').find(|sign| fonts.advance(cut, *sign) != wide(fonts.face(cut), *sign));
            assert_eq!(differs, None, "{cut:?}");
        }
    }

    /// Every letter of Vietnamese has a glyph in every cut.
    #[test]
    fn the_whole_alphabet_can_be_set() {
        let fonts = Fonts::get().expect("vendored typefaces load");
        let mut letters = String::from("ĐđĂăÂâÊêÔôƠơƯư–“”0123456789/.,:;()-");
        for base in ["a", "ă", "â", "e", "ê", "i", "o", "ô", "ơ", "u", "ư", "y"] {
            for mark in ["", "\u{300}", "\u{301}", "\u{303}", "\u{309}", "\u{323}"] {
                letters.push_str(&format!("{base}{mark}{}{mark}", base.to_uppercase()));
            }
        }
        let clean = fonts.clean("letters", &letters).expect("all glyphs");
        assert!(clean.chars().all(|sign| !('\u{300}'..'\u{330}').contains(&sign)), "everything composes");
    }

    #[test]
    fn lines_never_exceed_the_width() {
        let fonts = Fonts::get().expect("vendored typefaces load");
        let text = "Giấy chứng nhận quyền sử dụng đất, quyền sở hữu nhà ở và tài sản khác gắn liền với đất ".repeat(3);
        let lines = fonts.wrap(Cut::Italic, 10.0, text.trim(), 200.0);
        assert!(lines.len() > 5);
        assert!(lines.iter().all(|line| fonts.width(Cut::Italic, 10.0, line) <= 200.0));
        assert_eq!(lines.join(" "), text.trim());
        let long = fonts.wrap(Cut::Bold, 10.0, &"W".repeat(80), 100.0);
        assert!(long.len() > 3 && long.iter().all(|line| fonts.width(Cut::Bold, 10.0, line) <= 100.0));
    }
}
