//! What a SIM can show: one message in the GSM 03.38 alphabet (160 septets), otherwise UCS-2 (70 code units).

/// Longest text in the GSM alphabet, in septets.
pub(crate) const GSM_LIMIT: usize = 160;
/// Longest other text, in UTF-16 code units.
pub(crate) const UCS2_LIMIT: usize = 70;

/// The text as a SIM would show it: control characters become spaces, and what does not fit in one message is cut, so
/// that authors of texts see the cut.
pub(crate) fn on_sim(text: &str) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let gsm = clean.chars().all(|c| septets(c).is_some());
    let (limit, cost): (usize, fn(char) -> usize) =
        if gsm { (GSM_LIMIT, |c| septets(c).unwrap_or(1)) } else { (UCS2_LIMIT, char::len_utf16) };
    let mut used = 0_usize;
    clean
        .chars()
        .take_while(|c| {
            used = used.saturating_add(cost(*c));
            used <= limit
        })
        .collect()
}

/// Septets of a text in the GSM alphabet; `None` when it does not fit into it.
pub(crate) fn gsm_length(text: &str) -> Option<usize> {
    text.chars().try_fold(0_usize, |sum, c| Some(sum.saturating_add(septets(c)?)))
}

/// The code that both screens show: the word after a leading `MA`, when it is one of 4 to 8 letters and digits.
pub(crate) fn code(text: &str) -> Option<String> {
    let mut words = text.split_whitespace();
    if !matches!(words.next(), Some("MA" | "Ma" | "MÃ" | "Mã")) {
        return None;
    }
    let word = words.next()?.trim_end_matches(['.', ',', ':', ';']);
    let fits = (4..=8).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_alphanumeric());
    fits.then(|| word.to_owned())
}

/// Septets of a character in the GSM 03.38 basic set (1) or its extension (2); `None` when it is in neither. The Greek
/// capitals are left out: no text of ours needs them.
fn septets(c: char) -> Option<usize> {
    match c {
        '^' | '{' | '}' | '\\' | '[' | '~' | ']' | '|' | '€' => Some(2),
        '`' => None,
        ' '..='_' | 'a'..='z' => Some(1),
        '£' | '¥' | 'è' | 'é' | 'ù' | 'ì' | 'ò' | 'Ç' | 'Ø' | 'ø' | 'Å' | 'å' | 'Æ' | 'æ' | 'ß' | 'É' | '¤' | '¡'
        | 'Ä' | 'Ö' | 'Ñ' | 'Ü' | '§' | '¿' | 'ä' | 'ö' | 'ñ' | 'ü' | 'à' => Some(1),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascii_is_cut_at_160_septets_and_vietnamese_at_70_units() {
        assert_eq!(on_sim(&"a".repeat(200)).len(), 160);
        assert_eq!(on_sim(&"[".repeat(200)).chars().count(), 80);
        assert_eq!(on_sim(&"ữ".repeat(200)).chars().count(), 70);
        assert_eq!(on_sim("MA 4298.\nKy BS"), "MA 4298. Ky BS");
    }

    #[test]
    fn the_code_stands_after_ma() {
        assert_eq!(code("MA 4298. Ky BS 012/2026"), Some("4298".to_owned()));
        assert_eq!(code("MA K7Q2XM Ky BS"), Some("K7Q2XM".to_owned()));
        assert_eq!(code("Ky BS 012/2026"), None);
        assert_eq!(code("MA 42 Ky"), None);
        assert_eq!(code(""), None);
    }
}
