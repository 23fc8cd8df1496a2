//! The verdict alone, for whoever asks about very many files.

use pdf::Error;
use pki::Interner;

use super::digest::{Digests, Ranges};
use super::file::File;
use super::find::Found;
use super::{Profile, containers, crypto, ecopy, find, judge, trust};
use crate::policy::Policy;
use crate::reasons::{Severity, severity};
use crate::report::{Reason, Verdict};

/// The verdict that [`judge`] comes to, without its report. The search ends at the first signature whose bytes do not hold together: a file
/// with one is invalid, whatever else there is to be found out. Everything that is not ended so is judged by [`judge`] itself.
pub fn verdict(file: &[u8], policy: &Policy<'_>) -> Verdict {
    match broken(file, policy) {
        Ok(true) => Verdict::Invalid,
        Ok(false) | Err(_) => judge(file, "", policy).verdict,
    }
}

/// Whether a signature, the newest first, is broken by what [`judge`] finds out about it in the same steps.
fn broken(file: &[u8], policy: &Policy<'_>) -> Result<bool, Error> {
    let document = find::open(&File::Bytes(file))?;
    document.pages()?;
    let views = find::views(&document)?;
    let found = find::find(&views)?;
    let copy = match policy.profile {
        Profile::Auto => views.last().is_some_and(ecopy::looks_like_copy),
        Profile::Ecopy => true,
        Profile::General => false,
    };
    if find::condition(&document, &found, copy).is_err() {
        return Ok(false);
    }
    if found.iter().any(|one| !one.problems.is_empty()) {
        return Ok(true);
    }
    let ranges: Vec<Ranges> = found.iter().filter_map(|one| one.ranges).collect();
    if !super::affordable(&ranges, file.len()) {
        return Ok(false);
    }
    let digests = Digests::new(&document, &ranges, &[])?;
    let interner = Interner::default();
    let stored = trust::store(&document)?.certificates;
    let known = containers::Known { stored: &stored, policy, last: super::last_brought(&found), interner: &interner };
    Ok(found.iter().rev().any(|one| is_broken(one, &digests, copy, &known)))
}

fn is_broken(found: &Found, digests: &Digests<'_>, copy: bool, known: &containers::Known<'_>) -> bool {
    let fatal = |reason: &Reason| severity(&reason.code) == Severity::Fatal;
    let crypto = crypto::check(found, digests, known.stored, known.interner);
    if crypto.reasons.iter().any(fatal) {
        return true;
    }
    let (one, crypto) = (std::slice::from_ref(found), std::slice::from_ref(&crypto));
    copy && containers::check(one, crypto, known).iter().flatten().any(fatal)
}
