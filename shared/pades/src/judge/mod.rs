//! Judging a file: find, check containers and cryptography, explain later changes, judge trust, conclude.

mod assemble;
mod containers;
pub(crate) mod crypto;
pub(crate) mod digest;
pub(crate) mod ecopy;
pub(crate) mod file;
pub(crate) mod find;
pub(crate) mod graph;
mod names;
mod permissions;
mod placing;
mod pool;
mod proof;
mod revisions;
mod seed;
mod signatures;
mod standing;
mod strength;
pub(crate) mod time;
pub(crate) mod trust;
mod verdict;
mod wording;
pub(crate) mod words;

use std::collections::BTreeSet;

use pdf::{Document, FindingKind, Source, Unread};
use pki::Interner;
use pki::trustlist::TrustList;

use crate::changes::{self, Budget, Change, Class, DRAWING_UNREADABLE, Readings, Stop};
use crate::policy::{Policy, Profile};
use crate::report::{Changes, Reason, Report, RevisionReport, Role};
use crate::said::Words;
use crypto::Crypto;
use digest::{Digests, Ranges};
use file::{File, Watched};
use find::Found;
use permissions::Permissions;
pub use placing::fields_stand_free;
use revisions::Steps;
use sha2::{Digest as _, Sha256};
use signatures::{Scene, Weighed};
pub(crate) use signatures::{Signatures, signatures};
use trust::{Store, Trust};
pub use verdict::verdict;
use wording::Wording;

/// Changes named in one reason.
const NAMED_CHANGES: usize = 3;

/// Judges any bytes; `name` is only shown. Never panics and never hangs: what exceeds a limit is refused with a reason.
pub fn judge(file: &[u8], name: &str, policy: &Policy<'_>) -> Report {
    in_memory(file, name, policy, None, &Interner::default())
}

/// As [`judge`], but whatever comes up again is read and verified again. Gives the same report, more slowly: for comparing.
pub fn judge_afresh(file: &[u8], name: &str, policy: &Policy<'_>) -> Report {
    in_memory(file, name, policy, None, &Interner::forgetful())
}

/// As [`judge`], and the CA that issued has to be licensed on `list` at the time of signing (R67). Paths still end at the policy's
/// anchors; [`pki::trustlist::TrustList::anchors`] gives those of the list.
pub fn judge_listed(file: &[u8], name: &str, policy: &Policy<'_>, list: &TrustList) -> Report {
    in_memory(file, name, policy, Some(list), &Interner::default())
}

/// As [`judge`] and, with a list, [`judge_listed`], for a file that is not in memory: the report is the same. Of the file a few windows are
/// held and one piece of the pass that hashes it, so memory does not grow with its length, which may be 1 GiB.
///
/// # Errors
/// Some of its bytes could not be had, whenever that was: then nothing is said about it.
pub fn judge_source(
    source: &dyn Source,
    name: &str,
    policy: &Policy<'_>,
    list: Option<&TrustList>,
) -> Result<Report, Unread> {
    let watched = Watched::new(source);
    let report = conclude(&File::Source(&watched), name, policy, list, &Interner::default())?;
    // Whatever was concluded without bytes that were asked for may be wrong.
    watched.failure().map_or(Ok(report), Err)
}

/// As [`refuse`] for a file that is not in memory.
///
/// # Errors
/// Its bytes could not be had, so its digest cannot be told.
pub fn refuse_source(
    source: &dyn Source,
    name: &str,
    policy: &Policy<'_>,
    code: &str,
    detail: &str,
) -> Result<Report, Unread> {
    let file = File::Source(source);
    let reason = Reason::with(code, &[("detail", detail.to_owned())]);
    Ok(assemble::unreadable(file.len(), file.sha256()?, name, policy, reason))
}

fn in_memory(file: &[u8], name: &str, policy: &Policy<'_>, list: Option<&TrustList>, interner: &Interner) -> Report {
    let refused = |unread: Unread| refuse(file, name, policy, "reader-failed", &unread.0);
    conclude(&File::Bytes(file), name, policy, list, interner).unwrap_or_else(refused)
}

fn conclude(
    file: &File<'_>,
    name: &str,
    policy: &Policy<'_>,
    list: Option<&TrustList>,
    interner: &Interner,
) -> Result<Report, Unread> {
    match examine_listed(file, policy, list, interner, None) {
        Ok(case) => Ok(assemble::report(file.len(), name, policy, case)),
        Err(reason) => Ok(assemble::unreadable(file.len(), file.sha256()?, name, policy, reason)),
    }
}

/// The report of a file that was not judged: `code` is a row of the catalogue, `detail` fills its sentence. For callers that cannot
/// open a file, or that bound the time of [`judge`] from outside.
pub fn refuse(file: &[u8], name: &str, policy: &Policy<'_>, code: &str, detail: &str) -> Report {
    let reason = Reason::with(code, &[("detail", detail.to_owned())]);
    assemble::unreadable(file.len(), Sha256::digest(file).into(), name, policy, reason)
}

/// Everything that was found out about a file.
pub(crate) struct Case {
    pub(crate) copy: bool,
    pub(crate) found: Vec<Found>,
    pub(crate) cryptos: Vec<Crypto>,
    pub(crate) trusts: Vec<Trust>,
    pub(crate) changes: Vec<(Changes, Vec<Reason>)>,
    pub(crate) revisions: Vec<RevisionReport>,
    pub(crate) copy_reasons: Vec<Reason>,
    /// What is wrong with the containers of a certified copy, for each signature.
    pub(crate) containers: Vec<Vec<Reason>>,
    pub(crate) notes: Vec<Reason>,
    /// No signature is there, and one was.
    pub(crate) hidden: bool,
    pub(crate) number: Option<crate::plan::EcopyFacts>,
    pub(crate) wording: Wording,
    /// Digests of the revisions, whole prefixes of the file, from the seal on.
    pub(crate) prefixes: Vec<[u8; 32]>,
    /// SHA-256 of the file.
    pub(crate) sha256: [u8; 32],
    /// SHA-256 of as many first bytes as were asked for; `None` where it has fewer.
    pub(crate) began: Option<[u8; 32]>,
    /// Where its revisions end.
    pub(crate) ends: Vec<usize>,
    /// A trusted list was looked at.
    pub(crate) listed: bool,
}

/// Opens and examines; the error is the reason why the file has no verdict of its own. The first `began` bytes get a digest of their own.
pub(crate) fn examine(file: &File<'_>, policy: &Policy<'_>, began: usize) -> Result<Case, Reason> {
    examine_listed(file, policy, None, &Interner::default(), Some(began))
}

fn examine_listed(
    file: &File<'_>,
    policy: &Policy<'_>,
    list: Option<&TrustList>,
    interner: &Interner,
    began: Option<usize>,
) -> Result<Case, Reason> {
    let document = find::open(file).map_err(|error| unreadable_reason(&error))?;
    let look = |error: pdf::Error| unreadable_reason(&error);
    document.pages().map_err(look)?;
    let views = find::views(&document).map_err(look)?;
    let found = find::find(&views).map_err(look)?;
    let copy = match policy.profile {
        Profile::Auto => views.last().is_some_and(ecopy::looks_like_copy),
        Profile::Ecopy => true,
        Profile::General => false,
    };
    let mut notes = find::condition(&document, &found, copy)?;
    let ranges: Vec<Ranges> = found.iter().filter_map(|one| one.ranges).collect();
    if !affordable(&ranges, file.len()) {
        let detail = Words::new("khối lượng băm", "amount of hashing");
        return Err(Reason::told("pdf-too-complex", &[("detail", detail)]));
    }
    let ends = sealed_ends(&document, &found, policy.register.is_some() && copy);
    let asked: Vec<usize> = ends.iter().copied().chain(began).collect();
    let digests = Digests::new(&document, &ranges, &asked).map_err(look)?;
    let permissions = all_permissions(&views, &found, copy).map_err(look)?;
    let scene = Scene { document: &document, found: &found, digests: &digests, policy, list, interner };
    let Weighed { cryptos, trusts, containers, notes: of_store } =
        scene.weighed(copy, |cryptos| seeds(&views, &found, &permissions, cryptos))?;
    notes.extend(permissions::raised(&found, &permissions));
    let (changes, revisions) = later_changes(&document, &views, &found, &permissions, copy);
    notes.extend(of_store);
    let mut copy_reasons = if copy { ecopy::check(&views, &found, &cryptos, &permissions) } else { Vec::new() };
    let number = if copy { ecopy::facts(&document, &found) } else { None };
    let wording = if copy { sealed_wording(&views, &found, &cryptos, number.as_ref()) } else { Wording::default() };
    if copy {
        copy_reasons.extend(ecopy::other_days(&found, &cryptos, &trusts, wording.day));
    }
    let hidden = found.is_empty() && find::has_traces(&document).map_err(look)?;
    let prefixes = ends.iter().filter_map(|end| digests.prefix(*end)).collect();
    let sha256 = digests.whole();
    let began = began.and_then(|began| digests.prefix(began));
    let ends = document.revisions().iter().map(|revision| revision.end).collect();
    let listed = list.is_some();
    Ok(Case {
        copy,
        found,
        cryptos,
        trusts,
        changes,
        revisions,
        copy_reasons,
        containers,
        notes,
        hidden,
        number,
        wording,
        prefixes,
        sha256,
        began,
        ends,
        listed,
    })
}

/// The wording as it was sealed; a later state of it is a later change.
fn sealed_wording(
    views: &[Document<'_>],
    found: &[Found],
    cryptos: &[Crypto],
    number: Option<&crate::plan::EcopyFacts>,
) -> Wording {
    let seal = found.iter().zip(cryptos).find(|(one, crypto)| ecopy::role(one) == Role::Seal && crypto.intact);
    let sealed = seal.and_then(|(one, crypto)| Some((views.get(one.revision)?, crypto.signer.as_ref())));
    sealed.map_or_else(Wording::default, |(view, agency)| wording::check(view, number, agency))
}

/// C8: what later updates took out of `/DSS`, and entries in it that belong to nothing.
fn store_notes(document: &Document<'_>, store: &Store, found: &[Found], cryptos: &[Crypto]) -> Vec<Reason> {
    let mut notes = Vec::new();
    if store.removed > 0 {
        notes.push(Reason::with("store-item-removed", &[("count", store.removed.to_string())]));
    }
    let strangers = pool::strangers(document, found, cryptos, &store.evidence);
    if !strangers.is_empty() {
        let named = strangers.iter().take(NAMED_CHANGES).cloned().collect::<Vec<_>>().join("; ");
        notes.push(Reason::with("store-entry-unmatched", &[("detail", named)]));
    }
    notes
}

/// The revision that brought the newest signature.
fn last_brought(found: &[Found]) -> usize {
    found.iter().map(|one| one.brought).max().unwrap_or(0)
}

/// Whether the bytes that hashing costs when the prefixes are shared are in proportion to the file.
fn affordable(ranges: &[Ranges], file: usize) -> bool {
    let work: u64 = ranges.iter().map(|range| (range.end - range.gap_end) as u64).sum();
    work <= 16 * file as u64 + (64 << 20)
}

pub(crate) fn unreadable_reason(error: &pdf::Error) -> Reason {
    let code = match error {
        pdf::Error::NoHeader => "not-a-pdf",
        pdf::Error::Limit(_) => "pdf-too-complex",
        pdf::Error::Encrypted => "pdf-encrypted",
        _ => "pdf-broken",
    };
    Reason::told(code, &[("detail", words::unreadable(error))])
}

fn all_permissions(views: &[Document<'_>], found: &[Found], copy: bool) -> Result<Vec<Permissions>, pdf::Error> {
    let mut all = Vec::new();
    for one in found {
        let mut permissions = match views.get(one.brought) {
            Some(view) => Permissions::read(view, one)?,
            None => Permissions::default(),
        };
        if copy {
            let role = ecopy::role(one);
            permissions = permissions.for_copy(if role == Role::Leader { role } else { Role::Seal });
        }
        all.push(permissions);
    }
    Ok(all)
}

fn seeds(
    views: &[Document<'_>],
    found: &[Found],
    permissions: &[Permissions],
    cryptos: &mut [Crypto],
) -> Result<(), pdf::Error> {
    for ((one, permissions), crypto) in found.iter().zip(permissions).zip(cryptos) {
        let Some(view) = views.get(one.brought).filter(|_| crypto.intact && !one.is_timestamp()) else { continue };
        let shown = seed::Shown {
            digest: crypto.digest,
            revocation: !crypto.ocsps.is_empty() || !crypto.crls.is_empty(),
            timestamp: !crypto.stamps.is_empty(),
        };
        if let Some(broken) = seed::violation(view, one, permissions, &shown)? {
            crypto.intact = false;
            crypto.failure = Some("SIG_CONSTRAINTS_FAILURE");
            let params = [("field", one.field.clone()), ("detail", broken.to_owned())];
            crypto.reasons.push(Reason::with("seed-value-violated", &params));
        }
    }
    Ok(())
}

/// What was changed after each signature, as every reader sees it: a hybrid file has two states (rule A9), and both must be in order.
/// Behind the end of line of the last end mark a certified copy has nothing (A8), other files one further end of line.
fn later_changes(
    document: &Document<'_>,
    views: &[Document<'_>],
    found: &[Found],
    permissions: &[Permissions],
    copy: bool,
) -> (Vec<(Changes, Vec<Reason>)>, Vec<RevisionReport>) {
    let first = found.iter().map(|one| one.revision).min().unwrap_or(views.len());
    let budget = Budget::new();
    let mut states = vec![steps(views, first, &budget)];
    if document.without_hidden().is_some() {
        let shown: Vec<Document<'_>> = views.iter().filter_map(Document::without_hidden).collect();
        states.push(steps(&shown, first, &budget));
    }
    let tail = document.trailing_bytes();
    let garbage = if copy { !tail.is_empty() } else { !is_end_of_line(document, found, tail.clone()) };
    let readings = Readings::of(document);
    // Last, for whatever is read can show more of them.
    let ambiguous = ambiguities(document);
    let judged = found.iter().zip(permissions).map(|(one, permissions)| {
        let (mut changes, mut reasons) = (Changes::None, Vec::new());
        for steps in &states {
            let (seen, why) = after_signature(one, permissions, steps);
            changes = changes.max(seen);
            reasons.extend(why);
        }
        if garbage {
            changes = Changes::NotPermitted;
            let params = [("bytes", tail.len().to_string()), ("from", tail.start.to_string())];
            reasons.push(Reason::with("bytes-after-last-signature", &params));
        }
        if let Some(finding) = ambiguous.iter().find(|finding| is_later(document, one, finding)) {
            changes = Changes::NotPermitted;
            reasons.push(unclear(one, words::ambiguity(finding)));
        }
        if let Some(detail) = readings.later(one.revision) {
            changes = Changes::NotPermitted;
            reasons.push(unclear(one, words::reading(&detail)));
        }
        reasons.extend(
            readings.signed(one.revision).map(|detail| Reason::of("two-readings", &one.field, words::reading(&detail))),
        );
        (changes, reasons)
    });
    let judged = judged.collect();
    let mut unclear: BTreeSet<usize> = ambiguous.iter().filter_map(|finding| written_in(document, finding)).collect();
    unclear.extend(readings.differ_from());
    (judged, revisions::reports(found, permissions, &states, &unclear))
}

/// Nothing, or one end of line: some writers close the file with one of their own. What a signature covers was there when it was made.
fn is_end_of_line(document: &Document<'_>, found: &[Found], tail: std::ops::Range<usize>) -> bool {
    let signed = found.iter().filter_map(|one| Some(one.ranges?.end)).max().unwrap_or(0);
    let unsigned = tail.start.max(signed)..tail.end;
    unsigned.is_empty()
        || unsigned.len() <= 2
            && document.bytes(unsigned).is_ok_and(|bytes| matches!(bytes.as_ref(), b"\n" | b"\r" | b"\r\n"))
}

/// What each revision after `first` changed against the one before it, at its own index.
fn steps(views: &[Document<'_>], first: usize, budget: &Budget) -> Steps {
    let mut steps: Steps = (0..views.len()).map(|_| None).collect();
    let Some(signed) = views.get(first) else { return steps };
    for pair in views.windows(2).enumerate().skip(first) {
        let (index, [before, after]) = pair else { continue };
        if let Some(slot) = steps.get_mut(index + 1) {
            *slot = Some(changes::explain(signed, (before, after), index + 1, budget));
        }
    }
    steps
}

fn after_signature(one: &Found, permissions: &Permissions, steps: &Steps) -> (Changes, Vec<Reason>) {
    let mut result = Changes::None;
    let mut reasons = Vec::new();
    let mut forbidden: Vec<&Change> = Vec::new();
    let mut foreign: Vec<&Change> = Vec::new();
    let mut covering: Vec<&Change> = Vec::new();
    for step in steps.iter().skip(one.revision + 1) {
        match step {
            None => {}
            Some(Err(stop)) => {
                result = Changes::NotPermitted;
                reasons.push(match stop {
                    // Validation that cannot be finished is no finding (validation.md §2.4 F).
                    Stop::Budget => {
                        let detail = Words::new("vượt giới hạn so sánh", "more than is compared");
                        Reason::of("later-change-not-compared", &one.field, detail)
                    }
                    Stop::Unreadable(error) => unclear(one, words::unreadable(error)),
                });
            }
            Some(Ok(changes)) => {
                result = if result == Changes::None { Changes::Permitted } else { result };
                forbidden.extend(changes.iter().filter(|change| !permissions.permit(change)));
                foreign.extend(changes.iter().filter(|change| !permissions.permit_in_copy(change)));
                covering.extend(changes.iter().filter(|change| change.class == Class::Covering));
            }
        }
    }
    if !forbidden.is_empty() {
        result = Changes::NotPermitted;
        let (unread, known): (Vec<&Change>, Vec<&Change>) =
            forbidden.into_iter().partition(|change| change.rule == DRAWING_UNREADABLE);
        let both = [("later-change-not-allowed", known), ("later-change-drawing-unread", unread)];
        let said = both.iter().filter(|(_, changes)| !changes.is_empty());
        reasons.extend(said.map(|(code, changes)| named(code, one, changes)));
    } else if !foreign.is_empty() {
        // ISO 32000 permits it, a certified copy does not: the file is no valid copy, the signature is not broken.
        reasons.push(named("later-change-not-of-a-copy", one, &foreign));
    } else if !covering.is_empty() {
        reasons.push(named("later-change-covers", one, &covering));
    }
    (result, reasons)
}

/// A reason that names changes.
fn named(code: &str, one: &Found, changes: &[&Change]) -> Reason {
    let mut named: Vec<Words> = changes.iter().take(NAMED_CHANGES).map(|change| words::change(change)).collect();
    if changes.len() > NAMED_CHANGES {
        named.push(words::others(changes.len() - NAMED_CHANGES));
    }
    let mut facts = vec![("field", Words::same(one.field.as_str())), ("detail", Words::list(named))];
    let pages: BTreeSet<usize> = changes.iter().flat_map(|change| change.pages.iter().copied()).collect();
    let pages: Vec<usize> = pages.into_iter().collect();
    facts.extend(pages.first().map(|page| ("page", Words::same(page.to_string()))));
    facts.extend(words::pages(&pages).map(|pages| ("where", pages)));
    facts.extend(changes.first().map(|change| ("rule", Words::same(change.rule))));
    let object = changes.iter().find_map(|change| change.object).filter(|object| object.num != 0);
    facts.extend(object.map(|object| ("object", Words::same(object.to_string()))));
    Reason::told(code, &facts)
}

fn unclear(one: &Found, detail: Words) -> Reason {
    Reason::of("later-change-unclear", &one.field, detail)
}

/// Places where two readers may see different things. Two states of a hybrid file are not among them: both are judged.
fn ambiguities(document: &Document<'_>) -> Vec<pdf::Finding> {
    use FindingKind as K;
    let counts = |kind: FindingKind| {
        matches!(
            kind,
            K::MissingEof
                | K::StartxrefOff
                | K::XrefForm
                | K::TwoBases
                | K::LinearizedLength
                | K::XrefEntryType
                | K::DuplicateMember
                | K::StartxrefDiffers
                | K::BytesBeforeStartxref
                | K::DuplicateXrefEntry
                | K::ForwardPrev
                | K::BadPrev
                | K::WrongLength
                | K::GenerationMismatch
                | K::ObjectStreamIndex
                | K::DuplicateKey
                | K::MissingObject
                | K::TooMany
        )
    };
    document.findings().into_iter().filter(|finding| counts(finding.kind)).chain(other_first_page(document)).collect()
}

/// While a file is as long as its linearization dictionary says, viewers may show the page that this one names; later the first of the tree.
fn other_first_page(document: &Document<'_>) -> Option<pdf::Finding> {
    let named = document.linearized_page()?;
    let first = document.at_revision(0).and_then(|first| first.pages()).ok()?.first().map(|page| page.id.num);
    let end = document.revisions().first()?.end;
    (first != Some(named)).then_some(pdf::Finding { kind: FindingKind::LinearizedPage, offset: end, object: None })
}

/// The revision that wrote what a finding is about.
fn written_in(document: &Document<'_>, finding: &pdf::Finding) -> Option<usize> {
    match finding.object {
        Some(object) if finding.offset == 0 => document.defined_in(object),
        _ => document.revisions().iter().position(|one| (one.start..one.end).contains(&finding.offset)),
    }
}

/// Before the end of its range a signer has signed the ambiguity; later nobody has. In an object stream the object tells where it is.
fn is_later(document: &Document<'_>, one: &Found, finding: &pdf::Finding) -> bool {
    match finding.object {
        _ if finding.kind == FindingKind::TooMany => true,
        Some(object) if finding.offset == 0 => {
            document.defined_in(object).is_none_or(|revision| revision > one.revision)
        }
        _ => one.ranges.is_none_or(|ranges| finding.offset >= ranges.end),
    }
}

/// Ends of the revisions from the seal on, and of the file.
fn sealed_ends(document: &Document<'_>, found: &[Found], wanted: bool) -> Vec<usize> {
    let seal = found.iter().find(|one| ecopy::role(one) == Role::Seal);
    let Some(seal) = seal.filter(|_| wanted) else { return Vec::new() };
    let ends = document.revisions().iter().skip(seal.revision).map(|revision| revision.end).take(32);
    ends.chain([document.file_len()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a9_the_first_page_is_that_of_the_tree() {
        let told = |page: u32| {
            let objects = format!(
                "%PDF-1.4\n9 0 obj\n<</Linearized 1/L 900/O {page}>>\nendobj\n1 0 obj\n<</Pages 2 0 R>>\nendobj\n\
                2 0 obj\n<</Kids[3 0 R]/Count 1>>\nendobj\n3 0 obj\n<</Type/Page/MediaBox[0 0 9 9]>>\nendobj\n"
            );
            let place = |number: u32| objects.find(&format!("\n{number} 0 obj")).expect("an object") + 1;
            let rows: String = (1..=3).map(|number| format!("{:010} 00000 n \n", place(number))).collect();
            let file = format!(
                "{objects}xref\n0 4\n0000000000 65535 f \n{rows}trailer\n<</Size 4/Root 1 0 R>>\nstartxref\n{}\n%%EOF\n",
                objects.len()
            );
            let document = Document::open(file.as_bytes(), &pdf::Limits::default()).expect("a file");
            let end = document.revisions().first().expect("a revision").end;
            other_first_page(&document).map(|finding| finding.offset == end)
        };
        assert_eq!(told(3), None);
        assert_eq!(told(4), Some(true), "behind whoever signed this revision");
    }
}
