//! What a copy costs (TT 226/2016/TT-BTC; domain.md §1.6). Tariffs are data with dates.

use jiff::civil::{Date, date};

/// A tariff in force from a day on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Tariff {
    /// First day.
    pub from: Date,
    /// Dong for each of the first pages.
    pub first_vnd: u64,
    /// How many pages are first.
    pub first_pages: u64,
    /// Dong for each further page.
    pub further_vnd: u64,
    /// The most that one copy costs.
    pub cap_vnd: u64,
}

/// The tariffs of the country, oldest first. A province may lower them: then pass another list.
pub const TARIFFS: &[Tariff] =
    &[Tariff { from: date(2017, 1, 1), first_vnd: 2_000, first_pages: 2, further_vnd: 1_000, cap_vnd: 200_000 }];

/// There is no fee for this.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum FeeError {
    /// An original has at least one page.
    #[error("an original has at least one page")]
    NoPages,
    /// No tariff is in force on that day.
    #[error("no tariff is in force on that day")]
    NoTariff,
}

impl Tariff {
    /// The tariff in force on a day.
    ///
    /// # Errors
    /// [`FeeError::NoTariff`] before the first one.
    pub fn on(tariffs: &[Tariff], day: Date) -> Result<Tariff, FeeError> {
        tariffs.iter().rfind(|tariff| tariff.from <= day).copied().ok_or(FeeError::NoTariff)
    }

    /// Dong for one copy of an original of so many pages.
    ///
    /// # Errors
    /// [`FeeError::NoPages`] for zero.
    pub fn copy(&self, pages: u32) -> Result<u64, FeeError> {
        if pages == 0 {
            return Err(FeeError::NoPages);
        }
        let pages = u64::from(pages);
        let first = pages.min(self.first_pages) * self.first_vnd;
        let further = pages.saturating_sub(self.first_pages) * self.further_vnd;
        Ok((first + further).min(self.cap_vnd))
    }
}

/// Dong for a dossier on a day: one electronic copy per original.
///
/// # Errors
/// [`FeeError`].
pub fn total(pages: &[u32], day: Date) -> Result<u64, FeeError> {
    let tariff = Tariff::on(TARIFFS, day)?;
    pages.iter().map(|pages| tariff.copy(*pages)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R26, domain.md §10.
    #[test]
    fn vectors() {
        let today = date(2026, 11, 23);
        let vectors: [(u32, u64); 9] = [
            (1, 2_000),
            (2, 4_000),
            (3, 5_000),
            (10, 12_000),
            (50, 52_000),
            (197, 199_000),
            (198, 200_000),
            (199, 200_000),
            (1000, 200_000),
        ];
        for (pages, vnd) in vectors {
            assert_eq!(total(&[pages], today), Ok(vnd), "{pages} pages");
        }
        assert_eq!(total(&[10, 10, 10], today), Ok(36_000));
        assert_eq!(total(&[0], today), Err(FeeError::NoPages));
        assert_eq!(total(&[3, 0], today), Err(FeeError::NoPages));
        assert_eq!(total(&[u32::MAX], today), Ok(200_000));
        assert_eq!(total(&[1], date(2016, 12, 31)), Err(FeeError::NoTariff));
    }
}
