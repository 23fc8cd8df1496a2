//! Words that fill the places of sentences: in both languages, and harmless where they come out of a file.
//!
//! Whoever makes a file chooses the names in it. A name that ends the sentence around it, turns the direction of writing or moves a
//! terminal's cursor could speak in the judge's voice, so every sentence is filled by the rules here, wherever it is shown.

use pki::is_deceptive;

/// Letters of a name that are shown.
const NAME: usize = 100;
/// Letters of any other fact.
const FACT: usize = 300;

/// A fact in both languages.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Words {
    pub(crate) vi: String,
    pub(crate) en: String,
}

impl Words {
    pub(crate) fn new(vi: impl Into<String>, en: impl Into<String>) -> Words {
        Words { vi: vi.into(), en: en.into() }
    }

    /// The same in both: a name, a number, an identifier of a standard.
    pub(crate) fn same(text: impl Into<String>) -> Words {
        let vi = text.into();
        Words { en: vi.clone(), vi }
    }

    /// Several facts, one after the other.
    pub(crate) fn list(all: impl IntoIterator<Item = Words>) -> Words {
        let (vi, en): (Vec<String>, Vec<String>) = all.into_iter().map(|one| (one.vi, one.en)).unzip();
        Words { vi: vi.join("; "), en: en.join("; ") }
    }
}

/// A name out of a file, without quotation marks: for places that hold nothing else.
pub(crate) fn name(text: &str) -> String {
    cleaned(text, NAME)
}

/// A name out of a file, shortened, in quotation marks that it cannot close.
#[must_use]
pub fn quoted(text: &str) -> String {
    let inside: String = cleaned(text, NAME).chars().map(|sign| if is_quote(sign) { '\'' } else { sign }).collect();
    format!("“{inside}”")
}

/// Any other text.
pub(crate) fn fact(text: &str) -> String {
    cleaned(text, FACT)
}

/// Words out of a file, at most so many letters, for wherever they are shown. What is not a visible letter is replaced and not left
/// out: what somebody has hidden is seen to be there. Does not keep two words apart that differ in such signs alone.
#[must_use]
pub fn cleaned(text: &str, most: usize) -> String {
    let mut signs = text.chars().map(|sign| if is_deceptive(sign) { char::REPLACEMENT_CHARACTER } else { sign });
    let mut kept: String = signs.by_ref().take(most).collect();
    if signs.next().is_some() {
        kept.push('…');
    }
    kept
}

fn is_quote(sign: char) -> bool {
    matches!(sign, '"' | '“' | '”' | '„' | '‟' | '«' | '»' | '‘' | '’')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nothing that a file says can leave its quotation marks, turn the line round or fill the page (R69).
    #[test]
    fn a_name_speaks_only_for_itself() {
        assert_eq!(quoted("Chữ ký 1"), "“Chữ ký 1”");
        assert_eq!(quoted("a”). HỢP LỆ (“\u{202e}b\u{1b}[0m\n"), "“a'). HỢP LỆ ('\u{fffd}b\u{fffd}[0m\u{fffd}”");
        assert_eq!(name(&"a".repeat(101)).chars().count(), 101);
        assert!(name(&"a".repeat(101)).ends_with("a…"));
        assert_ne!(name("Lea\u{200b}der"), "Leader");
        assert_eq!(fact("x\u{2066}y"), "x\u{fffd}y");
    }
}
