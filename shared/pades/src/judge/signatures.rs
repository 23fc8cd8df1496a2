//! What each signature says of itself: cryptography, then trust. Of a whole file, or of one whose end alone is held.

use pdf::Document;
use pki::Interner;
use pki::trustlist::TrustList;

use super::crypto::{self, Crypto};
use super::digest::{Digests, Ranges};
use super::find::{self, Found};
use super::permissions::Permissions;
use super::trust::{self, Pool, Store, Trust};
use super::{after_signature, all_permissions, containers, last_brought, steps, store_notes, unreadable_reason};
use crate::changes::{Budget, Stop};
use crate::held::Held;
use crate::policy::Policy;
use crate::report::{Changes, Reason};
use crate::said::Words;

/// What the end of a file says of its signatures.
pub(crate) struct Signatures {
    pub(crate) found: Vec<Found>,
    pub(crate) cryptos: Vec<Crypto>,
    pub(crate) trusts: Vec<Trust>,
    /// As in [`Case`].
    pub(crate) containers: Vec<Vec<Reason>>,
    /// What the revisions in the end changed.
    pub(crate) changes: Vec<(Changes, Vec<Reason>)>,
}

/// The signatures of a certified copy whose end is held, and what came after each. What lies before the end went into the digest and is not
/// looked at.
pub(crate) fn signatures(file: &Held<'_>, policy: &Policy<'_>) -> Result<Signatures, Reason> {
    let look = |error: pdf::Error| unreadable_reason(&error);
    let document = file.open().map_err(look)?;
    let views = find::views(&document).map_err(look)?;
    let found = find::find(&views).map_err(look)?;
    let ranges: Vec<Ranges> = found.iter().filter_map(|one| one.ranges).collect();
    let digests = Digests::of_end(&document, file, &ranges);
    let interner = Interner::default();
    let scene =
        Scene { document: &document, found: &found, digests: &digests, policy, list: None, interner: &interner };
    let Weighed { cryptos, trusts, containers, .. } = scene.weighed(true, |_| Ok(()))?;
    let permissions = all_permissions(&views, &found, true).map_err(look)?;
    let first = found.iter().map(|one| one.revision).min().unwrap_or(views.len());
    let mut steps = steps(&views, first, &Budget::new());
    // What is drawn over a page cannot be told without the page: whoever reads the whole file does.
    let unheld = |step: &Option<Result<_, Stop>>| matches!(step, Some(Err(Stop::Unreadable(pdf::Error::Unread(_)))));
    steps.iter_mut().filter(|step| unheld(step)).for_each(|step| *step = None);
    let later = |(one, permissions): (&Found, &Permissions)| after_signature(one, permissions, &steps);
    let changes = found.iter().zip(&permissions).map(later).collect();
    Ok(Signatures { found, cryptos, trusts, containers, changes })
}

/// What signatures are weighed with.
pub(super) struct Scene<'s> {
    pub(super) document: &'s Document<'s>,
    pub(super) found: &'s [Found],
    pub(super) digests: &'s Digests<'s>,
    pub(super) policy: &'s Policy<'s>,
    pub(super) list: Option<&'s TrustList>,
    pub(super) interner: &'s Interner,
}

/// What was found out about each signature by itself.
pub(super) struct Weighed {
    pub(super) cryptos: Vec<Crypto>,
    pub(super) trusts: Vec<Trust>,
    pub(super) containers: Vec<Vec<Reason>>,
    pub(super) notes: Vec<Reason>,
}

impl Scene<'_> {
    /// Cryptography, then trust; `more` is what else a signature can fail by.
    pub(super) fn weighed(
        &self,
        copy: bool,
        more: impl FnOnce(&mut Vec<Crypto>) -> Result<(), pdf::Error>,
    ) -> Result<Weighed, Reason> {
        let Scene { document, found, digests, policy, list, interner } = *self;
        let look = |error: pdf::Error| unreadable_reason(&error);
        let store = Store::read(document, interner).map_err(look)?;
        let stored = store.evidence.certificates.clone();
        let check = |one: &Found| crypto::check(one, digests, &stored, interner);
        let mut cryptos: Vec<Crypto> = found.iter().map(check).collect();
        more(&mut cryptos).map_err(look)?;
        let notes = store_notes(document, &store, found, &cryptos);
        let pool = Pool::new(store, found, &cryptos, policy, interner).map_err(look)?;
        let trusts = trust::judge(found, &cryptos, &pool, policy, list);
        let known = containers::Known { stored: &stored, policy, last: last_brought(found), interner };
        let containers = if copy { containers::check(found, &cryptos, &known) } else { Vec::new() };
        if interner.is_spent() {
            // What was not checked could have said anything: a revocation too.
            let detail = Words::new("khối lượng chứng thư và bằng chứng", "amount of certificates and evidence");
            return Err(Reason::told("pdf-too-complex", &[("detail", detail)]));
        }
        Ok(Weighed { cryptos, trusts, containers, notes })
    }
}
