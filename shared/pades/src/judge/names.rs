//! When two names are of one agency (R68): written with or without marks, in capitals, short, with the tone on either vowel, and with or
//! without the body above it.
//!
//! Marks tell agencies apart: "xã Mẫu" is not "xã Mậu". They are left out only where one of the names carries none at all, as many X.509
//! certificates do. Knows no register of agencies: two of the same name in two provinces are one to it.

/// What is written short in many certificates; one that is written with its letter đ and one that is not.
const SHORT: [(&str, &str); 3] =
    [("ubnd", "ủy ban nhân dân"), ("hđnd", "hội đồng nhân dân"), ("hdnd", "hội đồng nhân dân")];
/// Kinds of bodies that stand above others (Luật Tổ chức chính quyền địa phương; those of before 01/07/2025 too).
const ABOVE: [&str; 6] = ["tỉnh", "thành phố", "tp", "huyện", "quận", "thị xã"];
/// Letters of the longest name that is looked at for the body above.
const LONGEST: usize = 400;

/// A Vietnamese vowel as it is without a tone, what it is without any mark, and the vowel with each tone: grave, hook, tilde, acute, dot.
const VOWELS: [(char, char, [char; 5]); 12] = [
    ('a', 'a', ['à', 'ả', 'ã', 'á', 'ạ']),
    ('ă', 'a', ['ằ', 'ẳ', 'ẵ', 'ắ', 'ặ']),
    ('â', 'a', ['ầ', 'ẩ', 'ẫ', 'ấ', 'ậ']),
    ('e', 'e', ['è', 'ẻ', 'ẽ', 'é', 'ẹ']),
    ('ê', 'e', ['ề', 'ể', 'ễ', 'ế', 'ệ']),
    ('i', 'i', ['ì', 'ỉ', 'ĩ', 'í', 'ị']),
    ('o', 'o', ['ò', 'ỏ', 'õ', 'ó', 'ọ']),
    ('ô', 'o', ['ồ', 'ổ', 'ỗ', 'ố', 'ộ']),
    ('ơ', 'o', ['ờ', 'ở', 'ỡ', 'ớ', 'ợ']),
    ('u', 'u', ['ù', 'ủ', 'ũ', 'ú', 'ụ']),
    ('ư', 'u', ['ừ', 'ử', 'ữ', 'ứ', 'ự']),
    ('y', 'y', ['ỳ', 'ỷ', 'ỹ', 'ý', 'ỵ']),
];
/// The tones as marks that stand by themselves, in the same order.
const TONES: [char; 5] = ['\u{300}', '\u{309}', '\u{303}', '\u{301}', '\u{323}'];
/// Marks that stand by themselves and make another vowel of the one before.
const SHAPES: [(char, char, char); 6] = [
    ('a', '\u{306}', 'ă'),
    ('a', '\u{302}', 'â'),
    ('e', '\u{302}', 'ê'),
    ('o', '\u{302}', 'ô'),
    ('o', '\u{31b}', 'ơ'),
    ('u', '\u{31b}', 'ư'),
];

/// One letter: its shape, and its tone from 1; 0 is none.
#[derive(Clone, Copy)]
struct Letter {
    shape: char,
    tone: usize,
}

/// The same name, or one of them goes on with the body above.
pub(crate) fn same_agency(one: &str, other: &str) -> bool {
    let marked = is_marked(one) && is_marked(other);
    let (first, second) = (written(one, marked), written(other, marked));
    if first.is_empty() || second.is_empty() {
        return false;
    }
    first == second || goes_on(one, &second, marked) || goes_on(other, &first, marked)
}

/// Does a name begin with these words? With marks, where it has any: "Sơn" does not begin with "Sở".
pub(super) fn begins(name: &str, words: &str) -> bool {
    let marked = is_marked(name);
    let words = written(words, marked);
    let cuts = name.char_indices().filter(|(_, sign)| sign.is_whitespace()).map(|(at, _)| at);
    cuts.take(8).chain([name.len()]).any(|at| name.get(..at).is_some_and(|head| written(head, marked) == words))
}

/// The long name is the short one, and behind it whose body that is.
fn goes_on(long: &str, short: &str, marked: bool) -> bool {
    if long.chars().count() > LONGEST {
        return false;
    }
    let cuts = long.char_indices().filter(|(_, sign)| sign.is_whitespace() || is_bracket(*sign));
    cuts.map(|(at, _)| long.split_at(at)).any(|(own, above)| is_above(above, marked) && written(own, marked) == short)
}

/// A kind of body as a word of its own, and its name: "tỉnh Mẫu" and "TP. Mẫu", not "Tịnh" nor "Quan".
fn is_above(text: &str, marked: bool) -> bool {
    let text = text.trim_start_matches(|sign: char| sign.is_whitespace() || is_bracket(sign)).replace("TP.", "TP ");
    let words: Vec<String> = text.split_whitespace().map(|word| written(word.trim_matches('.'), marked)).collect();
    ABOVE.iter().any(|kind| {
        let kind: Vec<String> = kind.split(' ').map(|word| written(word, marked)).collect();
        words.len() > kind.len() && words.starts_with(&kind)
    })
}

fn is_bracket(sign: char) -> bool {
    matches!(sign, ',' | '-' | '–' | '(')
}

/// Some vowel carries a mark. The letter đ alone is not one: it stands in abbreviations of names without any.
fn is_marked(text: &str) -> bool {
    letters(text).iter().any(|letter| {
        letter.tone > 0 || VOWELS.iter().any(|(shape, plain, _)| *shape == letter.shape && shape != plain)
    })
}

/// A name without capitals, spaces and abbreviations. With marks each group of vowels has its tones behind it: one writer puts the tone of
/// "ủy" on the first of them, another on the second.
fn written(text: &str, marked: bool) -> String {
    let spelled = spelled(&letters(text), marked);
    SHORT.iter().fold(spelled, |text, (short, long)| {
        let (short, long) = (self::spelled(&letters(short), marked), self::spelled(&letters(long), marked));
        text.replace(&short, &long)
    })
}

fn spelled(letters: &[Letter], marked: bool) -> String {
    let (mut out, mut tones) = (String::new(), String::new());
    for letter in letters {
        let vowel = VOWELS.iter().find(|(shape, ..)| *shape == letter.shape);
        if vowel.is_none() {
            out.push_str(&std::mem::take(&mut tones));
        }
        match (marked, vowel, letter.shape) {
            (true, _, shape) => out.push(shape),
            (false, Some((_, plain, _)), _) => out.push(*plain),
            (false, None, 'đ') => out.push('d'),
            (false, None, shape) => out.push(shape),
        }
        if marked && letter.tone > 0 {
            tones.push_str(&letter.tone.to_string());
        }
    }
    out + &tones
}

fn letters(text: &str) -> Vec<Letter> {
    let mut letters: Vec<Letter> = Vec::new();
    for sign in text.chars().flat_map(char::to_lowercase).filter(|sign| !sign.is_whitespace()) {
        let tone = TONES.iter().position(|tone| *tone == sign);
        if ('\u{300}'..='\u{36f}').contains(&sign) {
            // A mark that stands by itself belongs to the letter before.
            let Some(last) = letters.last_mut() else { continue };
            let shape = SHAPES.iter().find(|(plain, mark, _)| *plain == last.shape && *mark == sign);
            last.shape = shape.map_or(last.shape, |(_, _, shape)| *shape);
            last.tone = tone.map_or(last.tone, |tone| tone + 1);
            continue;
        }
        let toned = VOWELS.iter().find_map(|(shape, _, toned)| {
            let tone = toned.iter().position(|one| *one == sign)?;
            Some(Letter { shape: *shape, tone: tone + 1 })
        });
        letters.push(toned.unwrap_or(Letter { shape: sign, tone: 0 }));
    }
    letters
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R68: one agency is written in many ways; another one is not it.
    #[test]
    fn r68_names_of_agencies() {
        let agency = "ỦY BAN NHÂN DÂN XÃ MẪU";
        for same in [
            "Ủy ban nhân dân xã Mẫu",
            "Uỷ ban nhân dân xã Mẫu",
            "UBND xã Mẫu",
            "UBND XA MAU",
            "Ủy ban nhân dân xã Mẫu, tỉnh Thử Nghiệm",
            "UBND xã Mẫu tỉnh Thử Nghiệm",
            "UBND xã Mẫu - Thành phố Thử",
            "UBND xã Mẫu (TP. Thử)",
            "UBND XA MAU, TINH THU",
            "ỦY BAN NHÂN DÂNXÃ MẪU",
            "Uy\u{309} ban nha\u{302}n da\u{302}n xa\u{303} Ma\u{302}\u{303}u",
        ] {
            assert!(same_agency(agency, same) && same_agency(same, agency), "{same}");
        }
        for other in ["UBND xã Mẫu Mới", "UBND xã Mầu Khác", "UBND tỉnh Mẫu", "UBND phường Mẫu", "Bộ Mẫu", ""]
        {
            assert!(!same_agency(agency, other) && !same_agency(other, agency), "{other}");
        }
    }

    #[test]
    fn r68_offices_begin_with_their_kind() {
        for office in ["UBND xã Mẫu", "ỦY BAN NHÂN DÂN XÃ MẪU", "UY BAN NHAN DAN XA MAU", "Uỷ ban nhân dân"]
        {
            assert!(begins(office, "UBND"), "{office}");
        }
        assert!(begins("SO TU PHAP", "Sở") && begins("Sở Tư pháp", "Sở") && !begins("Sơn Văn Mẫu", "Sở"));
        assert!(!begins("Viên Thị Mẫu", "Viện") && !begins("Ủy ban", "UBND"));
    }

    /// R68: marks are letters where both names carry them, and what only begins like the body above is another name.
    #[test]
    fn r68_another_mark_is_another_name() {
        for other in [
            "UBND xã Mậu",
            "UBND xã Mâu",
            "UBND xã Mẫu Tịnh",
            "UBND xã Mẫu Quan",
            "UBND xã Mẫu Quận",
            "UBND xã Mẫu, Khác",
            "UBND xã Mẫu - Công ty TNHH ABC",
            "UBND xã Mẫu Tinhoa",
        ] {
            assert!(!same_agency("UBND xã Mẫu", other) && !same_agency(other, "Ủy ban nhân dân xã Mẫu"), "{other}");
        }
        assert!(!same_agency("UBND xã Mẫu, tỉnh Một", "UBND xã Mẫu, tỉnh Hai"));
        assert!(same_agency("HĐND xã Hoà Mẫu", "Hội đồng nhân dân xã Hòa Mẫu"));
        assert!(same_agency("HĐND XA HOA MAU", "Hội đồng nhân dân xã Hòa Mẫu"));
    }
}
