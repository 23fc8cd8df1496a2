//! The wording of a certified copy (lời chứng, R68) as it is drawn: is it there, and does it say what the seal says for machines and who sealed?
//!
//! The number, the book and the agency stand in the drawing of the seal, the sentence on its page (domain.md §2.3). What cannot be read is told
//! and refuses nothing, since what counts is signed in the seal's `/CTDT`; so is what the seal says beside. Reads text and no pictures, and does not compare persons.

use std::ops::Range;

use pdf::Document;
use pki::Certificate;

use super::names::{begins, same_agency};
use super::time;
use crate::changes::Shown;
use crate::plan::{EcopyFacts, SEAL_FIELD};
use crate::report::Reason;
use crate::said::Words;
use crate::subject::attribute;

/// The sentence of the form (NĐ 23/2015/NĐ-CP, kept by NĐ 280/2025/NĐ-CP).
const SENTENCE: &str = "chứng thực bản sao đúng với bản chính";
/// What stands before the number, the book, and behind the agency, as `compose` draws them.
const NUMBER: &str = "số chứng thực:";
const BOOK: &str = "quyển số:";
const SEALED: &str = "đã ký số";
/// With what that line goes on.
const BY_WHAT: &str = "bằng chứng thư số của cơ quan";

/// What was found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wording {
    pub(crate) reasons: Vec<Reason>,
    /// The agency of the wording and that of the certificate, where they are not the same.
    pub(crate) other_agency: Option<(String, String)>,
    /// The day that the seal shows, in days since 1970-01-01.
    pub(crate) day: Option<i64>,
}

/// Reads the wording of the newest state and compares it.
pub(crate) fn check(view: &Document<'_>, facts: Option<&EcopyFacts>, agency: Option<&Certificate>) -> Wording {
    let (mut wording, mut unread) = (Wording::default(), Vec::new());
    let field = view.fields().unwrap_or_default().into_iter().find(|field| field.full_name == SEAL_FIELD);
    let mut shown = Shown::new(view);
    let page = field.as_ref().and_then(|field| field.page);
    let page = view.pages().unwrap_or_default().into_iter().find(|one| Some(one.id) == page);
    let says = |text: &str| Folded::of(text).find(SENTENCE, 0).is_some();
    if !page.is_some_and(|page| shown.is_on_page(&page, says)) {
        unread.push(Words::new("câu chứng thực trên trang", "the sentence on the page"));
    }
    let drawing = field.and_then(|field| field.widgets.first().copied()).map(|widget| shown.annotation(widget));
    match Seal::read(&Folded::of(&drawing.unwrap_or_default())) {
        None => unread.push(Words::new("số và cơ quan trên dấu", "number and agency in the drawing of the seal")),
        Some(seal) => {
            if seal.agency.trim().is_empty() {
                unread.push(Words::new("tên cơ quan trên dấu", "the agency in the drawing of the seal"));
            }
            if seal.says_more {
                unread.push(Words::new("chữ khác trên dấu", "other text in the drawing of the seal"));
            }
            wording.day = seal.day;
            wording.reasons.extend(facts.and_then(|facts| number_differs(&seal, facts)));
            wording.other_agency = agency.and_then(|agency| other_agency(&seal.agency, agency));
        }
    }
    if !unread.is_empty() {
        wording.reasons.push(Reason::told("wording-unread", &[("detail", Words::list(unread))]));
    }
    if let (Some(facts), Some(agency)) = (facts, agency) {
        wording.other_agency = wording.other_agency.or_else(|| other_unit(&facts.unit_code, &agency.subject()));
    }
    wording
}

/// What the drawing of a seal says.
struct Seal {
    number: String,
    book: String,
    agency: String,
    /// Days since 1970-01-01.
    day: Option<i64>,
    /// There is text before, between or behind what is read, which people take for a part of it.
    says_more: bool,
}

impl Seal {
    fn read(text: &Folded) -> Option<Seal> {
        let Range { start, end: number } = text.find(NUMBER, 0)?;
        let digits = text.signs.iter().skip(number).take_while(|sign| sign.is_ascii_digit()).count();
        let Range { start: behind, end: book } = text.find(BOOK, number)?;
        let (date, agency) = text.date(book)?;
        let Range { start: sealed, end } = text.find(SEALED, agency)?;
        let rest = text.signs.get(end..).unwrap_or_default();
        let ends = rest.is_empty() || rest == Folded::of(BY_WHAT).signs;
        Some(Seal {
            says_more: start > 0
                || !text.is_form_of_number(number + digits..behind)
                || !text.is_plain_date(date..agency)
                || !ends,
            number: text.signs.get(number..number + digits)?.iter().collect(),
            book: text.signs.get(book..date)?.iter().collect(),
            agency: text.written(agency..sealed),
            day: text.day(date),
        })
    }
}

fn number_differs(seal: &Seal, facts: &EcopyFacts) -> Option<Reason> {
    let book = Folded::of(&format!("{}/{} - {}", facts.book, facts.year, facts.suffix));
    let differs = |vi: &str, en: &str| Some(Reason::told("wording-differs", &[("detail", Words::new(vi, en))]));
    if seal.number.parse() != Ok(facts.number) {
        return differs("số chứng thực", "the number");
    }
    if seal.book != book.signs.iter().collect::<String>() {
        return differs("quyển số, năm hoặc ký hiệu", "book, year or series");
    }
    None
}

/// An agency is named by its certificate's common name; by the organisation, where the common name is no office of its own.
fn other_agency(drawn: &str, certificate: &Certificate) -> Option<(String, String)> {
    let (own, body) = (certificate.common_name(), certificate.organisation());
    let office = own.as_deref().is_some_and(|own| begins(own, "UBND"));
    let names = own.iter().chain(body.iter().filter(|_| !office));
    if drawn.trim().is_empty() || names.clone().any(|one| same_agency(drawn, one)) {
        return None;
    }
    Some((drawn.trim().to_owned(), names.map(String::as_str).next()?.to_owned()))
}

/// The unit's code and that of the certificate (`organizationIdentifier`), where both are codes of units and not of the same one (R75).
fn other_unit(code: &str, subject: &str) -> Option<(String, String)> {
    let named = attribute(subject, "organizationIdentifier")?;
    match (unit_path(code), unit_path(&named)) {
        (Some(own), Some(other)) if own != other => Some((code.to_owned(), named)),
        _ => None,
    }
}

/// The way from the top to a unit, by the old code (`000.02.01.H54`, QCVN 102:2016/BTTTT) or the new one (`H54.1.2`, QĐ 20/2020/QĐ-TTg).
fn unit_path(code: &str) -> Option<Vec<&str>> {
    let mut groups: Vec<&str> = code.split('.').collect();
    let top =
        |group: &&str| matches!(group.as_bytes(), [b'A'..=b'Z', a, b] if a.is_ascii_digit() && b.is_ascii_digit());
    if groups.len() == 4 && groups.last().is_some_and(top) {
        groups.reverse();
        while groups.last().is_some_and(|group| group.bytes().all(|sign| sign == b'0')) {
            groups.pop();
        }
    }
    groups.first().is_some_and(top).then_some(groups)
}

/// A text without marks, capitals and spaces, and where each sign of it stands in what was written.
struct Folded {
    signs: Vec<char>,
    at: Vec<usize>,
    text: Vec<char>,
}

/// Vietnamese vowels and their marks.
const MARKED: [(char, &str); 7] = [
    ('a', "àáảãạăằắẳẵặâầấẩẫậ"),
    ('d', "đ"),
    ('e', "èéẻẽẹêềếểễệ"),
    ('i', "ìíỉĩị"),
    ('o', "òóỏõọôồốổỗộơờớởỡợ"),
    ('u', "ùúủũụưừứửữự"),
    ('y', "ỳýỷỹỵ"),
];

impl Folded {
    fn of(text: &str) -> Folded {
        let text: Vec<char> = text.chars().collect();
        let (mut signs, mut at) = (Vec::new(), Vec::new());
        for (place, sign) in text.iter().enumerate() {
            // Marks that stand by themselves belong to the letter before.
            if sign.is_whitespace() || ('\u{300}'..='\u{36f}').contains(sign) {
                continue;
            }
            for low in sign.to_lowercase() {
                let base = MARKED.iter().find(|(_, marked)| marked.contains(low)).map_or(low, |(base, _)| *base);
                signs.push(base);
                at.push(place);
            }
        }
        Folded { signs, at, text }
    }

    fn find(&self, words: &str, from: usize) -> Option<Range<usize>> {
        let words = Folded::of(words).signs;
        let start = self.signs.get(from..)?.windows(words.len()).position(|window| window == words)?;
        Some(from + start..from + start + words.len())
    }

    /// Where a date begins and where it ends: `Ngày 25 tháng 11 năm 2026`.
    fn date(&self, from: usize) -> Option<(usize, usize)> {
        let start = self.find("ngày", from)?;
        let year = self.find("năm", self.find("tháng", start.end)?.end)?.end;
        let digits = self.signs.get(year..)?.iter().take_while(|sign| sign.is_ascii_digit()).count();
        Some((start.start, year + digits))
    }

    /// What an office's own form writes behind a number, if anything: `152/ĐT`.
    fn is_form_of_number(&self, part: Range<usize>) -> bool {
        const LONGEST: usize = 10;
        let signs = self.signs.get(part).unwrap_or_default();
        let written = |sign: &char| sign.is_alphanumeric() || matches!(sign, '/' | '-' | '.');
        signs.is_empty() || matches!(signs, ['/' | '-', ..]) && signs.len() <= LONGEST && signs.iter().all(written)
    }

    /// A date and nothing between its words and numbers.
    fn is_plain_date(&self, part: Range<usize>) -> bool {
        let signs = self.signs.get(part).unwrap_or_default();
        let words = signs.split(char::is_ascii_digit).filter(|word| !word.is_empty()).map(String::from_iter);
        words.eq(["ngày", "tháng", "năm"].map(|word| String::from_iter(Folded::of(word).signs)))
    }

    /// The day of a date that begins here; `None` where it is none of the calendar.
    fn day(&self, from: usize) -> Option<i64> {
        let number = |words: &str, from: usize| -> Option<(i64, usize)> {
            let start = self.find(words, from)?.end;
            let digits = self.signs.get(start..)?.iter().take_while(|sign| sign.is_ascii_digit()).count();
            let number: String = self.signs.get(start..start + digits.min(4))?.iter().collect();
            Some((number.parse().ok()?, start + digits))
        };
        let (day, rest) = number("ngày", from)?;
        let (month, rest) = number("tháng", rest)?;
        let (year, _) = number("năm", rest)?;
        let exists = (1..=31).contains(&day) && (1..=12).contains(&month);
        exists.then(|| time::days(year, month, day))
    }

    /// A part as it was written.
    fn written(&self, part: Range<usize>) -> String {
        let place = |sign: usize| self.at.get(sign).copied();
        let from = place(part.start).unwrap_or(self.text.len());
        let to = place(part.end).unwrap_or(self.text.len());
        self.text.get(from..to).unwrap_or_default().iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r68_a_seal_is_read_as_it_is_drawn() {
        let text =
            "Số chứng thực: 0152Quyển số: 01/2026 - SCT/BSNgày 25 tháng 11 năm 2026ỦY BAN NHÂN DÂNXÃ MẪUĐã ký số bằng";
        let seal = Seal::read(&Folded::of(text)).expect("a seal");
        assert_eq!((seal.number.as_str(), seal.book.as_str()), ("0152", "01/2026-sct/bs"));
        assert_eq!(seal.agency, "ỦY BAN NHÂN DÂNXÃ MẪU");
        assert_eq!(seal.day, Some(time::days(2026, 11, 25)));
        for less in
            ["Số chứng thực: 152", "Quyển số: 01/2026 - SCT/BS", "", "Số chứng thực: 1 Quyển số: 2 Ngày 1 tháng 2"]
        {
            assert!(Seal::read(&Folded::of(less)).is_none(), "{less}");
        }
    }

    /// R75: codes of both kinds name one unit; a number that is no code of a unit says nothing.
    #[test]
    fn r68_codes_of_units() {
        let differs = |code: &str, named: &str| {
            other_unit(code, &format!("CN=UBND xã Mẫu,organizationIdentifier={named},C=VN")).is_some()
        };
        assert!(differs("000.00.01.H54", "000.00.02.H54") && differs("H54.1", "H54.2") && differs("H54.1", "H55.1"));
        for same in ["000.00.01.H54", "H54.01"] {
            assert!(!differs("000.00.01.H54", same), "{same}");
        }
        assert!(!differs("000.00.01.H54", "VATVN-0123456789") && !differs("000.00.01.H54", "0123456789"));
        assert_eq!(other_unit("000.00.01.H54", "CN=UBND xã Mẫu,C=VN"), None);
    }
}
