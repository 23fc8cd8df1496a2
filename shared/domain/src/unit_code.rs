//! Codes of offices: the old form of QCVN 102:2016/BTTTT (`000.02.01.H54`, read right to left) and the new one of
//! QĐ 20/2020/QĐ-TTg (`H54.1.2`, read left to right); domain.md §3.5.
//!
//! Does not know which codes were given or closed: that is the catalogue's business.

/// Longest code (QĐ 20/2020).
const LIMIT: usize = 35;

/// The text is not a unit code.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a unit code")]
pub struct WrongUnitCode;

/// A unit code: its text, and the path from the top whatever the form.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UnitCode {
    text: String,
    path: Vec<String>,
    old: bool,
}

fn is_top(group: &str) -> bool {
    let bytes = group.as_bytes();
    matches!(bytes, [letter, a, b] if letter.is_ascii_uppercase() && a.is_ascii_digit() && b.is_ascii_digit())
}

fn is_digits(group: &str, len: usize) -> bool {
    group.len() == len && group.bytes().all(|b| b.is_ascii_digit())
}

fn is_zero(group: &str) -> bool {
    group.bytes().all(|b| b == b'0')
}

/// `NNN.NN.NN.MNN`: the groups above a zero group must be zero too.
fn old_path(groups: &[&str]) -> Option<Vec<String>> {
    let [fourth, third, second, top] = groups else { return None };
    if !(is_digits(fourth, 3) && is_digits(third, 2) && is_digits(second, 2) && is_top(top)) {
        return None;
    }
    let levels = [*second, *third, *fourth];
    let depth = levels.iter().take_while(|group| !is_zero(group)).count();
    if !levels.iter().skip(depth).all(|group| is_zero(group)) {
        return None;
    }
    Some(std::iter::once(*top).chain(levels.into_iter().take(depth)).map(str::to_owned).collect())
}

/// Level 1 is a letter and two digits, or the number of a business.
fn new_path(groups: &[&str]) -> Option<Vec<String>> {
    let (top, rest) = groups.split_first()?;
    let business = (10..=13).contains(&top.len()) && is_digits(top, top.len());
    let group = |g: &&str| !g.is_empty() && g.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
    ((is_top(top) || business) && rest.iter().all(group)).then(|| groups.iter().map(|g| (*g).to_owned()).collect())
}

impl UnitCode {
    /// Reads a code of either form.
    ///
    /// # Errors
    /// [`WrongUnitCode`].
    pub fn parse(text: &str) -> Result<Self, WrongUnitCode> {
        if text.len() > LIMIT {
            return Err(WrongUnitCode);
        }
        let groups: Vec<&str> = text.split('.').collect();
        if let Some(path) = old_path(&groups) {
            return Ok(UnitCode { text: text.to_owned(), path, old: true });
        }
        let path = new_path(&groups).ok_or(WrongUnitCode)?;
        Ok(UnitCode { text: text.to_owned(), path, old: false })
    }

    /// The code as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// From the top: `["H54", "01", "02"]`.
    pub fn path(&self) -> &[String] {
        &self.path
    }

    /// 1 at the top.
    pub fn level(&self) -> usize {
        self.path.len()
    }

    /// The code one level up, in the same form.
    pub fn parent(&self) -> Option<String> {
        let above = self.path.split_last()?.1;
        if above.is_empty() {
            return None;
        }
        if !self.old {
            return Some(above.join("."));
        }
        let group = |i: usize, zero: &str| above.get(i).cloned().unwrap_or_else(|| zero.to_owned());
        Some(format!("000.{}.{}.{}", group(2, "00"), group(1, "00"), group(0, "")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> Vec<String> {
        UnitCode::parse(text).expect(text).path().to_vec()
    }

    /// R97, domain.md §10.
    #[test]
    fn vectors() {
        assert_eq!(path("000.00.00.H54"), ["H54"]);
        assert_eq!(path("000.00.01.H54"), ["H54", "01"]);
        assert_eq!(path("000.02.01.H54"), ["H54", "01", "02"]);
        assert_eq!(path("003.02.01.H54"), ["H54", "01", "02", "003"]);
        assert_eq!(path("H55.242"), ["H55", "242"]);
        assert_eq!(path("H54"), ["H54"]);
        let parent = |text| UnitCode::parse(text).expect("valid").parent();
        assert_eq!(parent("000.00.00.H54"), None);
        assert_eq!(parent("000.00.01.H54").as_deref(), Some("000.00.00.H54"));
        assert_eq!(parent("000.02.01.H54").as_deref(), Some("000.00.01.H54"));
        assert_eq!(parent("003.02.01.H54").as_deref(), Some("000.02.01.H54"));
        assert_eq!(parent("H55.242").as_deref(), Some("H55"));
        assert_eq!(UnitCode::parse("000.00.00.H54").map(|c| c.level()), Ok(1));
        let long = format!("H54.{}", "1".repeat(32));
        for bad in ["", "00.00.01.H54", "000.00.01.h54", "H54.", ".H54", "H54.0 1", "000.02.00.H54", long.as_str()] {
            assert_eq!(UnitCode::parse(bad), Err(WrongUnitCode), "{bad}");
        }
    }
}
