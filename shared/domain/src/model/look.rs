//! As what a leader signs, and what a copy's signatures therefore show.

use jiff::civil::Date;

use super::{Sha256, Unit, User};
use crate::title::Title;

/// The right to attest, as the directory of people keeps it (NĐ 280/2025/NĐ-CP: the head, or whoever the head authorises).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mandate {
    /// The lines over the name.
    pub title: Title,
    /// Its first day; `None`: always was.
    pub from: Option<Date>,
    /// Its last day; `None`: no end is known.
    pub until: Option<Date>,
}

impl Mandate {
    /// Whether it holds on a day.
    pub fn holds_on(&self, day: Date) -> bool {
        self.from.is_none_or(|from| from <= day) && self.until.is_none_or(|until| day <= until)
    }
}

/// What the two signatures of a copy show of people and offices.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Look {
    /// The leader's name.
    pub name: String,
    /// The lines over it.
    pub title: Title,
    /// Digest of the picture of the handwritten signature.
    pub signature_picture: Option<Sha256>,
    /// Digest of the picture of the seal.
    pub seal_picture: Option<Sha256>,
    /// The office's name. Copies that were submitted before it was kept have none.
    pub unit_name: Option<String>,
}

impl Look {
    /// As directory and unit have it now; `None`: the leader has no mandate.
    pub fn of(leader: &User, unit: &Unit) -> Option<Look> {
        Some(Look {
            name: leader.name.clone(),
            title: leader.mandate.as_ref()?.title.clone(),
            signature_picture: leader.signature_picture,
            seal_picture: unit.seal_picture,
            unit_name: Some(unit.name.clone()),
        })
    }

    /// The office's name as its copy says it; today's where none was kept.
    pub fn unit_name<'a>(look: Option<&'a Look>, unit: &'a Unit) -> &'a str {
        look.and_then(|look| look.unit_name.as_deref()).unwrap_or(&unit.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Q2: a mandate has a first and a last day, and holds on both.
    #[test]
    fn a_mandate_holds_on_its_days() {
        let day = |text: &str| text.parse::<Date>().expect("literal");
        let title = Title::parse("TUQ. CHỦ TỊCH / CHUYÊN VIÊN").expect("a title");
        let mandate = Mandate { title, from: Some(day("2026-01-05")), until: Some(day("2026-12-31")) };
        let held = ["2026-01-04", "2026-01-05", "2026-12-31", "2027-01-01"].map(|on| mandate.holds_on(day(on)));
        assert_eq!(held, [false, true, true, false]);
        let always = Mandate { from: None, until: None, ..mandate };
        assert!(always.holds_on(day("1990-01-01")) && always.holds_on(day("2099-01-01")));
    }
}
