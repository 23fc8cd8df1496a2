//! The files of a number: where they belong, their digests, their signatures.

use domain::model::*;
use domain::paths;
use domain::ports::{Fault, Objects, Records};
use domain::renewal;
use jiff::{SignedDuration, Timestamp};
use pades::{
    EcopyFacts, Integrity, PathStatus, Policy, Profile, RegisterFacts, RegisterStatus, Report, SignatureReport, Verdict,
};

use super::{BOUND, Look, Page, Wrong};
use crate::support::{FILE_LIMIT, sha256};

/// How long a renewal may be overdue: a silent authority is asked again for that long.
const PATIENCE: SignedDuration = SignedDuration::from_hours(30 * 24);

impl<R: Records, O: Objects> Look<'_, R, O> {
    pub(super) async fn sealed(
        &self,
        page: &mut Page<'_>,
        sealed: &Stored,
        archived: Option<(&Stored, u32)>,
    ) -> Result<(), Fault> {
        let number = &page.entry.number;
        page.check(sealed.path == paths::sealed(&self.unit.id, number), Wrong::ObjectMisplaced, &sealed.path);
        let first = self.stored(page, sealed).await?;
        let Some((archived, renewals)) = archived else {
            let waited = self.now.duration_since(page.copy.since);
            page.check(waited <= BOUND, Wrong::ArchiveWaits, page.copy.id.as_str());
            if let Some(file) = first {
                self.judged(page, &file, &[sealed.sha256], is_sound);
            }
            return Ok(());
        };
        let place = paths::renewed(&self.unit.id, number, renewals);
        page.check(archived.path == place, Wrong::ObjectMisplaced, &archived.path);
        if let (Some(first), Some(file)) = (first, self.stored(page, archived).await?) {
            page.check(file.starts_with(&first), Wrong::ObjectDiffers, &archived.path);
            self.earlier(page, &file, renewals).await?;
            let report = self.judged(page, &file, &[sealed.sha256, archived.sha256], is_valid);
            let overdue = report.is_some_and(|report| self.overdue(page.copy.changed_at, &report));
            page.check(!overdue, Wrong::RenewalOverdue, page.copy.id.as_str());
        }
        Ok(())
    }

    /// The files before each renewal are still there, and the newest begins with each.
    async fn earlier(&self, page: &mut Page<'_>, newest: &[u8], renewals: u32) -> Result<(), Fault> {
        for generation in 0..renewals {
            let path = paths::renewed(&self.unit.id, &page.entry.number, generation);
            match self.objects.read(&path, FILE_LIMIT).await? {
                None => page.check(false, Wrong::ObjectMissing, &path),
                Some(file) => page.check(newest.starts_with(&file), Wrong::ObjectDiffers, &path),
            }
        }
        Ok(())
    }

    /// Whether a copy whose last file is of `made` should have been renewed long ago.
    fn overdue(&self, made: Timestamp, report: &Report) -> bool {
        let until = report.provable.as_ref().and_then(|provable| provable.until.parse::<Timestamp>().ok());
        let due = until.map(|until| renewal::due(made, until.as_second()));
        due.is_some_and(|due| self.now.duration_since(due) > PATIENCE)
    }

    /// The last file of an annulled copy: whatever its level, it is still the one that was issued.
    pub(super) async fn issued(&self, page: &mut Page<'_>, file: &Stored) -> Result<(), Fault> {
        let (number, unit) = (&page.entry.number, &self.unit.id);
        let mut archives = (0..=renewal::MOST).map(|renewals| paths::renewed(unit, number, renewals));
        let placed = file.path == paths::sealed(unit, number) || archives.any(|path| path == file.path);
        page.check(placed, Wrong::ObjectMisplaced, &file.path);
        if let Some(bytes) = self.stored(page, file).await? {
            self.judged(page, &bytes, &[file.sha256], is_sound);
        }
        Ok(())
    }

    /// Decision 21: a number is void only when nothing was sealed under it.
    pub(super) async fn nothing_sealed(&self, page: &mut Page<'_>) -> Result<(), Fault> {
        let path = paths::sealed(&self.unit.id, &page.entry.number);
        let found = self.objects.read(&path, FILE_LIMIT).await?;
        page.check(found.is_none(), Wrong::ObjectUnrecorded, &path);
        Ok(())
    }

    async fn stored(&self, page: &mut Page<'_>, file: &Stored) -> Result<Option<Vec<u8>>, Fault> {
        let Some(bytes) = self.objects.read(&file.path, FILE_LIMIT).await? else {
            page.check(false, Wrong::ObjectMissing, &file.path);
            return Ok(None);
        };
        let same = bytes.len() as u64 == file.size && sha256(&[&bytes]) == file.sha256;
        page.check(same, Wrong::ObjectDiffers, &file.path);
        Ok(same.then_some(bytes))
    }

    /// The verifier's own report, with the register's facts, must be as good as the level allows.
    fn judged(
        &self,
        page: &mut Page<'_>,
        file: &[u8],
        digests: &[Sha256],
        good: fn(&Report) -> bool,
    ) -> Option<Report> {
        let Ok(year) = u32::try_from(page.entry.number.year) else {
            page.check(false, Wrong::EntryDiffers, "year");
            return None;
        };
        let Number { number, book, suffix, .. } = page.entry.number.clone();
        let facts = EcopyFacts {
            number: u64::from(number),
            book,
            year,
            suffix,
            unit_code: self.unit.code.clone(),
            copy_id: page.copy.id.to_string(),
        };
        // That a copy was annulled is no fault of its file.
        let register = RegisterFacts { status: RegisterStatus::Active, facts: Some(facts), sha256: digests.to_vec() };
        let policy = Policy {
            anchors: self.anchors,
            at: self.now.as_second(),
            profile: Profile::Ecopy,
            extra: &pki::path::Evidence::default(),
            register: Some(register),
            test_anchors: false,
        };
        let report = pades::judge(file, page.copy.id.as_str(), &policy);
        let codes: Vec<&str> = report.reasons.iter().map(|reason| reason.code.as_str()).collect();
        page.check(good(&report), Wrong::FileNotValid, &codes.join(", "));
        Some(report)
    }
}

/// At the long-term level a file proves itself.
fn is_valid(report: &Report) -> bool {
    report.verdict == Verdict::Valid
}

/// Before that, revocation may be unknown, and nothing else.
fn is_sound(report: &Report) -> bool {
    let sound =
        |one: &SignatureReport| one.integrity == Integrity::Intact && one.certificate_path == PathStatus::Trusted;
    report.verdict != Verdict::Invalid && !report.signatures.is_empty() && report.signatures.iter().all(sound)
}
