//! The lines over a signer's name: what somebody is and in whose place they sign (NĐ 30/2020/NĐ-CP, Annex I, part I, II.7; domain.md §2.3).
//!
//! Knows no person and no unit, and takes no line of its own invention: whoever attests does so as a person, so `TM.` (for a collective body)
//! is none (NĐ 280/2025/NĐ-CP), and neither is `TL.` (by order), which gives no right to attest.

use crate::identity;

/// The longest line, in characters: what two lines of the column over a name hold.
pub const LINE_LIMIT: usize = 60;
/// Signs of an office beside letters, digits and blanks.
const SIGNS: [char; 6] = ['.', ',', '-', '–', '(', ')'];
/// First words of a line that say for whom somebody signs, without their stops.
const FOR_OTHERS: [&str; 4] = ["KT", "TUQ", "TM", "TL"];
/// First words of a body, for which nobody signs.
const BODIES: [&str; 2] = ["ỦY BAN", "UỶ BAN"];

/// Who signs by the lines over the name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Capacity {
    /// The head as such: `CHỦ TỊCH`.
    Own,
    /// A deputy in the head's place (ký thay): `KT. CHỦ TỊCH` over `PHÓ CHỦ TỊCH`.
    InPlace,
    /// Somebody whom the head has authorised in writing (thừa uỷ quyền): `TUQ. CHỦ TỊCH` over the own office.
    Authorised,
}

/// The lines over a signer's name. Only [`Title::parse`] makes one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Title {
    capacity: Capacity,
    head: Option<String>,
    office: String,
}

/// Why lines are no title.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum WrongTitle {
    /// One line for the head, two for whoever signs for the head.
    #[error("one line, or two after KT. and TUQ.")]
    Lines,
    /// `TM.`, `TL.`, or a second line that is for others again.
    #[error("nobody attests for a body, by order, or twice for others")]
    Capacity,
    /// Too long, or signs that no office has.
    #[error("a line is too long or has signs that no office has")]
    Signs,
}

impl Title {
    /// Reads the lines, separated by ` / ` or a line break; capitals whatever was written.
    ///
    /// # Errors
    /// [`WrongTitle`].
    pub fn parse(text: &str) -> Result<Title, WrongTitle> {
        let parts = text.split('\n').flat_map(|line| line.split(" / "));
        let lines: Vec<String> = parts.map(|line| identity::name(line).to_uppercase()).collect();
        let known = |c: char| c.is_alphanumeric() || c == ' ' || SIGNS.contains(&c);
        if lines.iter().any(|line| line.chars().count() > LINE_LIMIT || !line.chars().all(known)) {
            return Err(WrongTitle::Signs);
        }
        let own = |line: &str| line.chars().any(char::is_alphabetic) && !is_for_others(line);
        match lines.as_slice() {
            [office] if own(office) => Ok(Title { capacity: Capacity::Own, head: None, office: office.clone() }),
            [first, office] => {
                let (capacity, head) = for_head(first).ok_or(WrongTitle::Capacity)?;
                if !own(head) || !own(office) {
                    return Err(WrongTitle::Capacity);
                }
                Ok(Title { capacity, head: Some(head.to_owned()), office: office.clone() })
            }
            [line] if !line.is_empty() => Err(WrongTitle::Capacity),
            _ => Err(WrongTitle::Lines),
        }
    }

    /// In what capacity.
    pub fn capacity(&self) -> Capacity {
        self.capacity
    }

    /// What the signer is: the last line.
    pub fn office(&self) -> &str {
        &self.office
    }

    /// The lines as they stand over the name.
    pub fn lines(&self) -> Vec<String> {
        let word = match self.capacity {
            Capacity::Own => "",
            Capacity::InPlace => "KT. ",
            Capacity::Authorised => "TUQ. ",
        };
        let first = self.head.as_ref().map(|head| format!("{word}{head}"));
        first.into_iter().chain([self.office.clone()]).collect()
    }

    /// The lines in one, as they are kept and told: `KT. CHỦ TỊCH / PHÓ CHỦ TỊCH`.
    pub fn text(&self) -> String {
        self.lines().join(" / ")
    }
}

/// Whether a line begins with a word for others, however its stops are set, or with a body.
fn is_for_others(line: &str) -> bool {
    let first: String = line.split(' ').next().unwrap_or_default().chars().filter(|c| c.is_alphanumeric()).collect();
    FOR_OTHERS.contains(&first.as_str())
        || FOR_OTHERS.iter().any(|word| line.starts_with(&format!("{word}.")))
        || BODIES.iter().any(|body| line.starts_with(body))
}

/// For whom a first line is signed.
fn for_head(line: &str) -> Option<(Capacity, &str)> {
    let after = |word: &str| line.strip_prefix(word).map(str::trim_start);
    let in_place = after("KT.").map(|head| (Capacity::InPlace, head));
    in_place.or_else(|| after("TUQ.").map(|head| (Capacity::Authorised, head)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R37: the three forms of the titles over a name, and nothing else.
    #[test]
    fn r37_a_title_is_one_of_three() {
        let read = |text: &str| Title::parse(text).map(|title| (title.capacity(), title.lines(), title.text()));
        let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
        assert_eq!(read("Chủ tịch"), Ok((Capacity::Own, lines(&["CHỦ TỊCH"]), "CHỦ TỊCH".to_owned())));
        let deputy = (Capacity::InPlace, lines(&["KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"]));
        let deputy = Ok((deputy.0, deputy.1, "KT. CHỦ TỊCH / PHÓ CHỦ TỊCH".to_owned()));
        assert_eq!(read("KT. CHỦ TỊCH / PHÓ CHỦ TỊCH"), deputy);
        assert_eq!(read("KT.  Chủ\u{a0}tịch\nPho\u{301} chủ tịch"), deputy, "blanks, letters and marks of any kind");
        let officer = "TUQ. CHỦ TỊCH / GIÁM ĐỐC TRUNG TÂM PHỤC VỤ HÀNH CHÍNH CÔNG";
        assert_eq!(read(officer).map(|it| (it.0, it.2)), Ok((Capacity::Authorised, officer.to_owned())));
        assert_eq!(
            Title::parse(officer).map(|it| it.office().to_owned()),
            Ok("GIÁM ĐỐC TRUNG TÂM PHỤC VỤ HÀNH CHÍNH CÔNG".to_owned())
        );
    }

    /// Q2: nobody attests for the committee; who signs for another says what they are themselves.
    #[test]
    fn q2_nobody_signs_for_a_body() {
        for (text, why) in [
            ("TM. ỦY BAN NHÂN DÂN", WrongTitle::Capacity),
            ("TM. ỦY BAN NHÂN DÂN / CHỦ TỊCH", WrongTitle::Capacity),
            ("TL. CHỦ TỊCH / TRƯỞNG PHÒNG", WrongTitle::Capacity),
            ("TM ỦY BAN NHÂN DÂN", WrongTitle::Capacity),
            ("T.M. ỦY BAN NHÂN DÂN", WrongTitle::Capacity),
            ("TM.ỦY BAN NHÂN DÂN", WrongTitle::Capacity),
            ("TL CHỦ TỊCH", WrongTitle::Capacity),
            ("KT CHỦ TỊCH", WrongTitle::Capacity),
            ("UỶ BAN NHÂN DÂN XÃ MẪU", WrongTitle::Capacity),
            ("KT. ỦY BAN NHÂN DÂN / CHỦ TỊCH", WrongTitle::Capacity),
            ("KT. CHỦ TỊCH", WrongTitle::Capacity),
            ("KT. CHỦ TỊCH, PHÓ CHỦ TỊCH", WrongTitle::Capacity),
            ("KT. / PHÓ CHỦ TỊCH", WrongTitle::Capacity),
            ("KT. CHỦ TỊCH / TM. ỦY BAN NHÂN DÂN", WrongTitle::Capacity),
            ("KT. TUQ. CHỦ TỊCH / PHÓ CHỦ TỊCH", WrongTitle::Capacity),
            ("CHỦ TỊCH / PHÓ CHỦ TỊCH", WrongTitle::Capacity),
            ("KT. CHỦ TỊCH / PHÓ CHỦ TỊCH / ÔNG", WrongTitle::Lines),
            ("", WrongTitle::Lines),
            ("CHỦ TỊCH <b>", WrongTitle::Signs),
            (&"Ủ".repeat(LINE_LIMIT + 1), WrongTitle::Signs),
        ] {
            assert_eq!(Title::parse(text), Err(why), "{text}");
        }
    }

    /// What is kept is read again.
    #[test]
    fn the_text_of_a_title_is_that_title() {
        for text in ["CHỦ TỊCH", "KT. TRƯỞNG PHÒNG / PHÓ TRƯỞNG PHÒNG", "TUQ. CHỦ TỊCH / CHUYÊN VIÊN"]
        {
            let title = Title::parse(text).expect("a title");
            assert_eq!((title.text().as_str(), Title::parse(&title.text())), (text, Ok(title)));
        }
    }
}
