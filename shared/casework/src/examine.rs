//! Re-derives a series of numbers from everything that is stored (limits.md §4.2): register, copies, files, public facts,
//! history.
//!
//! Changes nothing. What is found names numbers and copies, never people. A copy that moves on while it is looked at is
//! looked at again, so that work in progress is no finding.

mod files;
mod finding;

use std::collections::BTreeMap;

use domain::copy::CopyState;
use domain::ids::CopyId;
use domain::model::*;
use domain::ports::{Fault, Objects, Records};
use domain::register::legal_year;
use jiff::{SignedDuration, Timestamp};
use pki::Certificate;

pub use finding::{Finding, Wrong};

/// I16: within a quarter of an hour everything gets where it belongs, without a person.
const BOUND: SignedDuration = SignedDuration::from_mins(15);
/// Looks at a copy that moves on meanwhile.
const LOOKS: usize = 3;

/// How long into a year the one before is still looked at: its last numbers are sealed, archived and annulled then.
const AFTER_THE_YEAR: SignedDuration = SignedDuration::from_hours(31 * 24);

/// The legal years that are examined every night, newest first.
pub fn years(now: Timestamp) -> Vec<i16> {
    let mut years = vec![legal_year(now), legal_year(now.checked_sub(AFTER_THE_YEAR).unwrap_or(now))];
    years.dedup();
    years
}

/// Examines the numbers 1 to the head of a series: a unit, a suffix, a legal year. `anchors` are the configured roots.
///
/// # Errors
/// [`Fault`]: table or bucket did not answer, so nothing is said about anything.
pub async fn series(
    records: &impl Records,
    objects: &impl Objects,
    anchors: &[Certificate],
    unit: &Unit,
    suffix: &str,
    year: i16,
    now: Timestamp,
) -> Result<Vec<Finding>, Fault> {
    let look = Look { records, objects, anchors, unit, suffix, year, now };
    let last = look.head().await?;
    let mut findings = Vec::new();
    let mut holders: BTreeMap<CopyId, u32> = BTreeMap::new();
    for number in 1..=last {
        let Some(entry) = records.entry(&unit.id, suffix, year, number).await? else {
            findings.push(Finding::new(number, Wrong::NumberMissing, ""));
            continue;
        };
        if let Some(first) = holders.insert(entry.copy.clone(), number) {
            findings.push(Finding::new(number, Wrong::CopyTwice, &format!("{}: {first}", entry.copy)));
        }
        findings.extend(look.number(number, &entry).await?);
    }
    // The counter may have moved since: only a number that it does not know now is beyond it.
    if let Some(beyond) = last.checked_add(1)
        && records.entry(&unit.id, suffix, year, beyond).await?.is_some()
        && look.head().await? == last
    {
        findings.push(Finding::new(beyond, Wrong::NumberBeyondCounter, ""));
    }
    Ok(findings)
}

/// Ports, moment and series of one examination.
struct Look<'a, R, O> {
    records: &'a R,
    objects: &'a O,
    anchors: &'a [Certificate],
    unit: &'a Unit,
    suffix: &'a str,
    year: i16,
    now: Timestamp,
}

/// One number, its copy, and what was found about them.
struct Page<'a> {
    entry: &'a Entry,
    copy: &'a Copy,
    found: Vec<Finding>,
}

impl Page<'_> {
    fn check(&mut self, holds: bool, wrong: Wrong, about: &str) {
        if !holds {
            self.found.push(Finding::new(self.entry.number.number, wrong, about));
        }
    }
}

impl<R: Records, O: Objects> Look<'_, R, O> {
    async fn head(&self) -> Result<u32, Fault> {
        Ok(self.records.counter(&self.unit.id, self.suffix, self.year).await?.map_or(0, |counter| counter.last))
    }

    async fn number(&self, number: u32, entry: &Entry) -> Result<Vec<Finding>, Fault> {
        let Number { number: says, year, suffix, .. } = &entry.number;
        if *says != number || *year != self.year || suffix != self.suffix || entry.unit != self.unit.id {
            return Ok(vec![Finding::new(number, Wrong::EntryDiffers, &entry.number.text())]);
        }
        let missing = || vec![Finding::new(number, Wrong::CopyMissing, entry.copy.as_str())];
        let mut found = Vec::new();
        for _ in 0..LOOKS {
            let Some(copy) = self.records.copy(&entry.copy).await? else { return Ok(missing()) };
            found = self.copy(entry, &copy).await?;
            if found.is_empty() {
                break;
            }
            let still = self.records.copy(&entry.copy).await?;
            if still.is_some_and(|still| still.version == copy.version) {
                break;
            }
        }
        Ok(found)
    }

    async fn copy(&self, entry: &Entry, copy: &Copy) -> Result<Vec<Finding>, Fault> {
        let mut page = Page { entry, copy, found: Vec::new() };
        let agrees = copy.state.number() == Some(&entry.number) && copy.unit == entry.unit && copy.case == entry.case;
        if !agrees {
            // Everything else about this copy belongs to another number.
            page.check(false, Wrong::CopyDiffers, copy.id.as_str());
            return Ok(page.found);
        }
        let public = self.records.public_copy(&copy.id).await?;
        match &copy.state {
            CopyState::Sealed { sealed, archived, sealed_at, renewals, .. } => {
                let archived = archived.as_ref().map(|file| (file, *renewals));
                self.sealed(&mut page, sealed, archived).await?;
                self.public(&mut page, public, Some(*sealed_at), (None, None)).await?;
            }
            CopyState::Annulled { file, at, annulment, .. } => {
                self.issued(&mut page, file).await?;
                let decision = annulment.as_ref().map(|annulment| &annulment.decision);
                self.public(&mut page, public, None, (Some(*at), decision)).await?;
            }
            CopyState::Void { .. } => {
                page.check(public.is_none(), Wrong::PublicTooEarly, copy.id.as_str());
                self.nothing_sealed(&mut page).await?;
            }
            _ => {
                page.check(public.is_none(), Wrong::PublicTooEarly, copy.id.as_str());
                page.check(self.now.duration_since(entry.at) <= BOUND, Wrong::NumberWaits, copy.state.name());
            }
        }
        self.history(&mut page).await?;
        Ok(page.found)
    }

    /// What anybody may read is what is stored, and the number leads to it.
    async fn public(
        &self,
        page: &mut Page<'_>,
        public: Option<PublicCopy>,
        sealed_at: Option<Timestamp>,
        (annulled_at, annulled_by): (Option<Timestamp>, Option<&AnnulmentDecision>),
    ) -> Result<(), Fault> {
        let id = page.copy.id.as_str();
        let Some(public) = public else {
            page.check(false, Wrong::PublicMissing, id);
            return Ok(());
        };
        let issued: Vec<Sha256> = match &page.copy.state {
            CopyState::Sealed { sealed, archived, renewals, .. } => generations(&public, sealed, archived, *renewals),
            // Which levels there were before is not kept: the last one is the last one.
            state => {
                public.digests.iter().copied().filter(|one| state.file().is_some_and(|f| f.sha256 == *one)).collect()
            }
        };
        let levels =
            if annulled_at.is_some() { public.digests.last() == issued.last() } else { public.digests == issued };
        page.check(levels && !issued.is_empty(), Wrong::PublicDiffers, "sha256");
        page.check(public.number == page.entry.number, Wrong::PublicDiffers, "number");
        page.check(public.annulled_at == annulled_at, Wrong::PublicDiffers, "annulled_at");
        page.check(public.annulled_by.as_ref() == annulled_by, Wrong::PublicDiffers, "annulled_by");
        page.check(sealed_at.is_none_or(|at| public.sealed_at == at), Wrong::PublicDiffers, "sealed_at");
        let number = page.entry.number.number;
        let led = self.records.public_by_number(&public.unit_code, self.suffix, self.year, number).await?;
        page.check(led.is_some_and(|led| led.copy == page.copy.id), Wrong::PublicDiffers, "by number");
        Ok(())
    }

    /// I8: one line of history for each version, no more and no less.
    async fn history(&self, page: &mut Page<'_>) -> Result<(), Fault> {
        let mut lines: Vec<Version> =
            self.records.events(page.copy.id.as_str()).await?.into_iter().map(|event| event.seq).collect();
        lines.sort_unstable();
        let wanted: Vec<Version> = (1..=page.copy.version).collect();
        page.check(lines == wanted, Wrong::HistoryDiffers, page.copy.id.as_str());
        Ok(())
    }
}

/// The digests that the public facts must have: those of the first and the newest file are recorded with the copy, those between
/// only there.
fn generations(public: &PublicCopy, sealed: &Stored, archived: &Option<Stored>, renewals: u32) -> Vec<Sha256> {
    let between = public.digests.iter().skip(1).take(usize::try_from(renewals).unwrap_or(usize::MAX)).copied();
    std::iter::once(sealed.sha256).chain(between).chain(archived.iter().map(|file| file.sha256)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was decided on the last evening of a year, by Vietnam's clock, is looked at through the whole of January.
    #[test]
    fn a_year_is_examined_beyond_its_end() {
        for (now, wanted) in [
            ("2026-12-31T16:59:59Z", vec![2026]),
            ("2026-12-31T17:00:00Z", vec![2027, 2026]),
            ("2027-01-31T16:59:59Z", vec![2027, 2026]),
            ("2027-01-31T17:00:00Z", vec![2027]),
        ] {
            assert_eq!(years(now.parse().expect("literal")), wanted, "{now}");
        }
    }
}
