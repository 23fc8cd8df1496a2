//! The wording templates (lời chứng) as dated data (R37, decision 18). The printed form of an annex changes: add a row, never edit one.
//!
//! `{title}` and `{pages}` are replaced. The number, the book and the date are not here: they are drawn with the seal (decision 9).

use crate::Unusable;

/// A calendar day: year, month, day.
pub type Day = (u16, u8, u8);

/// One wording in force from a day on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Template {
    /// Its name; several rows share a name, one is in force on a day.
    pub id: &'static str,
    /// First day in force.
    pub valid_from: Day,
    /// Last day in force; `None` when no end is known.
    pub valid_to: Option<Day>,
    /// The heading, capitals.
    pub heading: &'static str,
    /// The distinguishing mark that the copy was converted from paper (Law 20/2023/QH15, Art. 12).
    pub note: &'static str,
    /// The acts that give the form.
    pub legal_basis: &'static str,
}

const ROWS: &[Template] = &[
    Template {
        id: "default",
        valid_from: (2015, 4, 10),
        valid_to: Some((2025, 10, 31)),
        heading: "CHỨNG THỰC BẢN SAO ĐÚNG VỚI BẢN CHÍNH",
        note: "Bản sao điện tử được chuyển đổi từ bản chính dạng văn bản giấy: {title} ({pages} trang).",
        legal_basis: "Nghị định số 23/2015/NĐ-CP và Nghị định số 45/2020/NĐ-CP",
    },
    Template {
        id: "default",
        valid_from: (2025, 11, 1),
        valid_to: None,
        heading: "CHỨNG THỰC BẢN SAO ĐÚNG VỚI BẢN CHÍNH",
        note: "Bản sao điện tử được chuyển đổi từ bản chính dạng văn bản giấy: {title} ({pages} trang).",
        legal_basis: "Nghị định số 23/2015/NĐ-CP (sửa đổi bởi Nghị định số 280/2025/NĐ-CP) và Nghị định số 45/2020/NĐ-CP",
    },
];

/// All templates, in the order of their validity.
#[must_use]
pub fn templates() -> &'static [Template] {
    ROWS
}

/// The template of a name that is in force on a day.
///
/// # Errors
/// [`Unusable::TemplateExpired`] when there is none.
pub fn template(id: &str, on: Day) -> Result<&'static Template, Unusable> {
    let in_force = |row: &&Template| row.id == id && row.valid_from <= on && row.valid_to.is_none_or(|last| on <= last);
    ROWS.iter().find(in_force).ok_or_else(|| {
        let id = id.chars().take(64).collect();
        Unusable::TemplateExpired { id, on: format!("{:04}-{:02}-{:02}", on.0, on.1, on.2) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R37, Q3: the form changes with NĐ 280/2025 on 01/11/2025, not a day earlier or later.
    #[test]
    fn the_day_chooses_the_form() {
        let old = template("default", (2025, 10, 31)).expect("in force");
        let new = template("default", (2025, 11, 1)).expect("in force");
        assert_eq!(old.valid_to, Some((2025, 10, 31)));
        assert_eq!(new.valid_from, (2025, 11, 1));
        assert!(new.legal_basis.contains("280/2025") && !old.legal_basis.contains("280/2025"));
        assert_eq!(template("default", (2015, 4, 9)).expect_err("too early").code(), "template-expired");
        assert_eq!(template("other", (2026, 1, 1)).expect_err("unknown").code(), "template-expired");
    }

    /// Rows of one name never overlap and leave no gap.
    #[test]
    fn rows_follow_each_other() {
        for pair in ROWS.windows(2) {
            let [first, second] = pair else { continue };
            let last = first.valid_to.expect("only the newest row is open");
            assert!(last < second.valid_from);
        }
    }
}
