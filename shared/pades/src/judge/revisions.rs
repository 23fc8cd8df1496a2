//! What each revision behind a signature changed, and on which pages (api.md §2.4): the same judgement as that of the signatures, told by
//! revisions.

use std::collections::BTreeSet;

use super::find::Found;
use super::permissions::Permissions;
use super::words;
use crate::changes::{Change, Class, Stop};
use crate::report::{Judgement, RevisionReport, Text};
use crate::said::Words;

/// Pages that are listed for one revision.
const PAGES: usize = 64;

/// What each revision changed against the one before it, at its own index; nothing for those that no signature precedes.
pub(crate) type Steps = Vec<Option<Result<Vec<Change>, Stop>>>;

/// `states` holds the steps of every face of the file; `unclear` the revisions in which two readers may see different things.
pub(crate) fn reports(
    found: &[Found],
    permissions: &[Permissions],
    states: &[Steps],
    unclear: &BTreeSet<usize>,
) -> Vec<RevisionReport> {
    let count = states.iter().map(Vec::len).max().unwrap_or(0);
    let one = |index| report(index, found, permissions, states, unclear.contains(&index));
    (0..count).filter_map(one).collect()
}

fn report(
    index: usize,
    found: &[Found],
    permissions: &[Permissions],
    states: &[Steps],
    unclear: bool,
) -> Option<RevisionReport> {
    let before = |at: &usize| found.get(*at).is_some_and(|one| one.revision < index);
    let behind: Vec<usize> = (0..found.len()).filter(before).collect();
    let newest = behind.iter().max_by_key(|at| (found.get(**at).map(|one| one.revision), **at))?;
    let bound: Vec<&Permissions> = behind.iter().filter_map(|at| permissions.get(*at)).collect();
    let mut judged = (if unclear { Judgement::Unclear } else { Judgement::Allowed }, BTreeSet::new());
    for step in states.iter().filter_map(|steps| steps.get(index)?.as_ref()) {
        let (judgement, pages) = judge(step, &bound);
        if judgement > judged.0 {
            judged = (judgement, pages);
        } else if judgement == judged.0 {
            judged.1.extend(pages);
        }
    }
    let (judgement, pages) = judged;
    let pages: Vec<usize> = pages.into_iter().collect();
    let Words { vi, en } = sentence(judgement, index + 1, words::pages(&pages));
    Some(RevisionReport {
        n: index + 1,
        after_signature: newest + 1,
        judgement,
        further_pages: pages.len().saturating_sub(PAGES),
        pages_changed: pages.into_iter().take(PAGES).collect(),
        text: Text { vi, en },
    })
}

/// The judgement of one step, and the pages that it is about.
fn judge(step: &Result<Vec<Change>, Stop>, bound: &[&Permissions]) -> (Judgement, BTreeSet<usize>) {
    let Ok(changes) = step else { return (Judgement::Unclear, BTreeSet::new()) };
    let refused = |change: &Change| bound.iter().any(|own| !own.permit(change));
    let foreign = |change: &Change| bound.iter().any(|own| !own.permit_in_copy(change));
    let about = |those: &dyn Fn(&Change) -> bool| {
        changes.iter().filter(|change| those(change)).flat_map(|change| change.pages.iter().copied()).collect()
    };
    if changes.iter().any(refused) {
        (Judgement::NotAllowed, about(&refused))
    } else if changes.iter().any(foreign) {
        (Judgement::NotOfACopy, about(&foreign))
    } else {
        (Judgement::Allowed, about(&shows))
    }
}

fn shows(change: &Change) -> bool {
    match change.class {
        Class::Signing { visible, .. } => visible,
        Class::Filling(_) | Class::Annotation | Class::Covering => true,
        Class::Material | Class::Metadata | Class::BesideSigning | Class::Forbidden => false,
    }
}

fn sentence(judgement: Judgement, n: usize, pages: Option<Words>) -> Words {
    let (vi, en) = match (judgement, &pages) {
        (Judgement::Allowed, None) => ("chỉ có thay đổi được phép", "holds only permitted changes"),
        (Judgement::Allowed, Some(_)) => (
            "có phần mới được phép (chữ ký, ô biểu mẫu hoặc ghi chú)",
            "has something new that is permitted (a signature, a form field or a note)",
        ),
        (Judgement::NotOfACopy, _) => {
            ("có thay đổi mà bản sao chứng thực không được có", "has a change that a certified copy may not have")
        }
        (Judgement::Unclear, _) => ("có thay đổi không giải thích được", "has changes that cannot be explained"),
        (Judgement::NotAllowed, None) => ("có thay đổi không được phép", "has a change that is not permitted"),
        (Judgement::NotAllowed, Some(_)) => ("đã bị thay đổi mà không được phép", "has a change that is not permitted"),
    };
    let version = Words::new(format!("Phiên bản {n} của tệp"), format!("Revision {n} of the file"));
    match pages {
        None => Words::new(format!("{} {vi}.", version.vi), format!("{} {en}.", version.en)),
        Some(pages) => {
            Words::new(format!("{}: {} {vi}.", version.vi, pages.vi), format!("{} {en}, on {}.", version.en, pages.en))
        }
    }
}
