//! The guarded door: values that only a successful verification can make (house.md, pair assertions).

use pdf::Document;
use pki::path::Evidence;
use sha2::{Digest as _, Sha256};

use crate::changes::{self, Budget, Change, Class};
use crate::held::Held;
use crate::judge::crypto::Crypto;
use crate::judge::file::{File, Watched};
use crate::judge::find::{self, Found};
use crate::judge::trust::Trust;
use crate::judge::{self, Case, Signatures, ecopy, examine, graph, words};
use crate::policy::{Policy, Profile};
use crate::report::{Changes, Covers, Level, PathStatus, Reason, Revocation, TimeSource};

/// The first bytes of a file, by their number and SHA-256.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Beginning {
    /// How many: up to the end of a revision.
    pub size: u64,
    /// Their digest.
    pub sha256: [u8; 32],
}

impl Beginning {
    /// All of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Beginning {
        Beginning { size: bytes.len() as u64, sha256: Sha256::digest(bytes).into() }
    }
}

/// What a signature must be so that the state machine may accept it.
#[derive(Clone, Debug)]
pub struct Expected<'a> {
    /// Field that must hold the signature.
    pub field: &'a str,
    /// DER of the signer's X.509 certificate, exactly.
    pub signer_der: &'a [u8],
    /// What the file must begin with: what was shown to the signer.
    pub base: Beginning,
    /// The instant of the verification, Unix seconds.
    pub at: i64,
    /// Trust anchors.
    pub anchors: &'a [pki::Certificate],
}

/// Why the door stays closed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{code}: {text}")]
pub struct Rejection {
    /// Stable code of the catalogue.
    pub code: &'static str,
    /// Detail in English, for operators.
    pub text: String,
}

/// A signature that was verified; only [`verify_signature`] makes one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Verified {
    field: String,
    signer_sha256: [u8; 32],
    signed_at: i64,
    level: Level,
    base_sha256: [u8; 32],
    file_sha256: [u8; 32],
    size: u64,
}

impl Verified {
    /// Field that holds the signature.
    pub fn field(&self) -> &str {
        &self.field
    }
    /// SHA-256 of the signer's X.509 certificate.
    pub fn signer_sha256(&self) -> [u8; 32] {
        self.signer_sha256
    }
    /// Time of the signature's time-stamp, Unix seconds.
    pub fn signed_at(&self) -> i64 {
        self.signed_at
    }
    /// Level that the file shows.
    pub fn level(&self) -> Level {
        self.level
    }
    /// SHA-256 of the bytes that the signer was shown.
    pub fn base_sha256(&self) -> [u8; 32] {
        self.base_sha256
    }
    /// SHA-256 of the signed file.
    pub fn file_sha256(&self) -> [u8; 32] {
        self.file_sha256
    }
    /// Bytes of the signed file.
    pub fn size(&self) -> u64 {
        self.size
    }
}

/// What an archived file must be.
#[derive(Clone, Debug)]
pub struct ExpectedArchive<'a> {
    /// The file that it must begin with: the sealed one, or for a renewal the archived one before.
    pub sealed: Beginning,
    /// Field and DER of the signer's X.509 certificate, in the order of signing.
    pub signers: &'a [(&'a str, &'a [u8])],
    /// The instant of the verification, Unix seconds.
    pub at: i64,
    /// Trust anchors.
    pub anchors: &'a [pki::Certificate],
}

/// An archived file that was verified; only [`verify_archive`] makes one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct VerifiedArchive {
    level: Level,
    archived_at: i64,
    until: i64,
    sealed_sha256: [u8; 32],
    file_sha256: [u8; 32],
    size: u64,
}

impl VerifiedArchive {
    /// Lowest level of the signatures: B-LTA.
    pub fn level(&self) -> Level {
        self.level
    }
    /// Time of the document time-stamp, Unix seconds.
    pub fn archived_at(&self) -> i64 {
        self.archived_at
    }
    /// Until when the file proves itself without a further time-stamp, Unix seconds: the first end among the X.509 certificates
    /// and algorithms that no time-stamp in it carries over (ETSI EN 319 142-1 §5.5).
    pub fn until(&self) -> i64 {
        self.until
    }
    /// SHA-256 of the file inside, that was there before.
    pub fn sealed_sha256(&self) -> [u8; 32] {
        self.sealed_sha256
    }
    /// SHA-256 of the archived file.
    pub fn file_sha256(&self) -> [u8; 32] {
        self.file_sha256
    }
    /// Bytes of the archived file.
    pub fn size(&self) -> u64 {
        self.size
    }
}

/// Verifies one signature as the last thing that happened to a file.
///
/// Signature `field` must be intact, made by exactly `signer_der` under one of `anchors`, be the only thing that the last revision brought,
/// cover the whole file, whose first bytes are `base`, and carry a trusted time-stamp. Revocation is asked for only where the file
/// embeds evidence; an unknown status passes here and not in the report.
///
/// # Errors
/// [`Rejection`] with the first rule that fails; `reader-failed` when bytes of a source could not be had, which says nothing about the file.
pub fn verify_signature<'f>(file: impl Into<File<'f>>, expected: &Expected<'_>) -> Result<Verified, Rejection> {
    whole(file.into(), |file| signature(file, expected))
}

fn signature(file: &File<'_>, expected: &Expected<'_>) -> Result<Verified, Rejection> {
    let extra = Evidence::default();
    let case = open(file, expected.base, &policy(expected.anchors, expected.at, &extra))?;
    let before = case.ends.iter().filter(|end| **end as u64 <= expected.base.size).count();
    let (found, trust) = last_signature(case.seen(), expected)?;
    unchanged(case.seen(), expected.field)?;
    let newest = case.found.iter().all(|one| one.brought < before || one.field == found.field);
    if found.brought != before || found.revision != before || !newest {
        return Err(refuse("byte-range-gap", "the signature is not the only and last revision after the base"));
    }
    let document = find::open(file).map_err(|error| unreadable(&error))?;
    only_signing(&document, before, expected.field)?;
    plain(&document)?;
    let time = trust.time.filter(|_| trust.source == TimeSource::Timestamp);
    let signed_at = time.ok_or_else(|| refuse("timestamp-missing", expected.field))?;
    Ok(Verified {
        field: expected.field.to_owned(),
        signer_sha256: Sha256::digest(expected.signer_der).into(),
        signed_at,
        level: trust.level,
        base_sha256: expected.base.sha256,
        file_sha256: case.sha256,
        size: file.len() as u64,
    })
}

/// Looks at a signature by the end of its file: intact, by exactly `signer_der` under one of `anchors`, over the whole file, with a trusted
/// time-stamp, in a revision that does nothing else. What was there before is not looked at, so this lets nothing through the door.
///
/// # Errors
/// [`Rejection`] with the first rule that fails.
pub fn recheck_signature(file: &Held<'_>, expected: &Expected<'_>) -> Result<(), Rejection> {
    let extra = Evidence::default();
    let signatures = judge::signatures(file, &policy(expected.anchors, expected.at, &extra)).map_err(|r| told(&r))?;
    let (found, trust) = last_signature(signatures.seen(), expected)?;
    all_unchanged(signatures.seen())?;
    only_signing(&file.open().map_err(|error| unreadable(&error))?, found.revision, expected.field)?;
    match trust.source {
        TimeSource::Timestamp if trust.time.is_some() => Ok(()),
        _ => Err(refuse("timestamp-missing", expected.field)),
    }
}

/// The signature of the field: sound, trusted, over the whole file.
fn last_signature<'s>(seen: Seen<'s>, expected: &Expected<'_>) -> Result<(&'s Found, &'s Trust), Rejection> {
    let at = position(seen, expected.field)?;
    sound(seen, at, expected.signer_der)?;
    let missing = || refuse("no-signature", expected.field);
    let (found, trust) = (seen.found.get(at).ok_or_else(missing)?, seen.trusts.get(at).ok_or_else(missing)?);
    if found.covers != Covers::WholeFile {
        return Err(refuse("byte-range-gap", "the signature does not cover the whole file"));
    }
    trusted(trust, expected.field)?;
    exact(seen, at)?;
    Ok((found, trust))
}

/// Verifies a file that was archived: the given signatures, DSS and document time-stamp (B-LTA).
///
/// # Errors
/// As [`verify_signature`].
pub fn verify_archive<'f>(
    file: impl Into<File<'f>>,
    expected: &ExpectedArchive<'_>,
) -> Result<VerifiedArchive, Rejection> {
    whole(file.into(), |file| archive(file, expected))
}

fn archive(file: &File<'_>, expected: &ExpectedArchive<'_>) -> Result<VerifiedArchive, Rejection> {
    let extra = Evidence::default();
    let case = open(file, expected.sealed, &policy(expected.anchors, expected.at, &extra))?;
    let (level, archived_at) = long_term(case.seen(), expected)?;
    all_unchanged(case.seen())?;
    Ok(VerifiedArchive {
        level,
        archived_at,
        until: graph::limit(&case.trusts).until,
        sealed_sha256: expected.sealed.sha256,
        file_sha256: case.sha256,
        size: file.len() as u64,
    })
}

/// Looks at the signatures and time-stamps of an archived file by themselves, as [`recheck_signature`] does, and tells until when they
/// prove themselves, Unix seconds.
///
/// # Errors
/// [`Rejection`] with the first rule that fails.
pub fn recheck_archive(file: &Held<'_>, expected: &ExpectedArchive<'_>) -> Result<i64, Rejection> {
    let extra = Evidence::default();
    let signatures = judge::signatures(file, &policy(expected.anchors, expected.at, &extra)).map_err(|r| told(&r))?;
    long_term(signatures.seen(), expected)?;
    all_unchanged(signatures.seen())?;
    Ok(graph::limit(&signatures.trusts).until)
}

/// Lowest level of the signatures, and the time of the time-stamp over everything.
fn long_term(seen: Seen<'_>, expected: &ExpectedArchive<'_>) -> Result<(Level, i64), Rejection> {
    let mut level = Level::BLTA;
    for (field, signer) in expected.signers {
        let at = position(seen, field)?;
        sound(seen, at, signer)?;
        let trust = seen.trusts.get(at).ok_or_else(|| refuse("no-signature", field))?;
        trusted(trust, field)?;
        exact(seen, at)?;
        level = level.min(trust.level);
    }
    let known = |one: &Found| one.is_timestamp() || expected.signers.iter().any(|(field, _)| *field == one.field);
    if let Some(foreign) = seen.found.iter().find(|one| !known(one)) {
        return Err(refuse("copy-structure", &foreign.field));
    }
    let last = (0..seen.found.len()).find(|at| seen.found.get(*at).is_some_and(|one| one.covers == Covers::WholeFile));
    let last = last.ok_or_else(|| refuse("byte-range-gap", "no time-stamp covers the whole file"))?;
    let (found, trust) =
        seen.found.get(last).zip(seen.trusts.get(last)).ok_or_else(|| refuse("timestamp-missing", ""))?;
    let signer = seen.cryptos.get(last).and_then(|crypto| crypto.signer.as_ref());
    if !found.is_timestamp() {
        return Err(refuse("timestamp-missing", "the last revision is not a document time-stamp"));
    }
    sound(seen, last, signer.map_or(&[][..], |signer| signer.der()))?;
    trusted(trust, &found.field)?;
    exact(seen, last)?;
    if level < Level::BLTA {
        return Err(refuse("revocation-unknown", "the embedded material does not reach B-LTA"));
    }
    Ok((level, trust.time.ok_or_else(|| refuse("timestamp-missing", &found.field))?))
}

/// The signatures of a file, whether all of it was examined or its end.
#[derive(Clone, Copy)]
struct Seen<'s> {
    found: &'s [Found],
    cryptos: &'s [Crypto],
    trusts: &'s [Trust],
    containers: &'s [Vec<Reason>],
    changes: &'s [(Changes, Vec<Reason>)],
}

impl Case {
    fn seen(&self) -> Seen<'_> {
        let Case { found, cryptos, trusts, containers, changes, .. } = self;
        Seen { found, cryptos, trusts, containers, changes }
    }
}

impl Signatures {
    fn seen(&self) -> Seen<'_> {
        let Signatures { found, cryptos, trusts, containers, changes } = self;
        Seen { found, cryptos, trusts, containers, changes }
    }
}

fn policy<'p>(anchors: &'p [pki::Certificate], at: i64, extra: &'p Evidence) -> Policy<'p> {
    Policy { anchors, at, profile: Profile::Auto, extra, register: None, test_anchors: false }
}

fn refuse(code: &'static str, text: &str) -> Rejection {
    Rejection { code, text: text.to_owned() }
}

fn unreadable(error: &pdf::Error) -> Rejection {
    refuse("pdf-broken", &error.to_string())
}

fn named(code: &str) -> &'static str {
    crate::reasons::explain(code).map_or("pdf-broken", |row| row.code)
}

fn told(reason: &Reason) -> Rejection {
    refuse(named(&reason.code), &reason.text.en)
}

/// What was concluded, if all that was asked for could be read: who reads tolerantly may have gone on without it.
fn whole<T>(file: File<'_>, look: impl FnOnce(&File<'_>) -> Result<T, Rejection>) -> Result<T, Rejection> {
    let File::Source(source) = file else { return look(&file) };
    let watched = Watched::new(source);
    let concluded = look(&File::Source(&watched));
    watched.failure().map_or(concluded, |unread| Err(refuse("reader-failed", &unread.0)))
}

fn open(file: &File<'_>, beginning: Beginning, policy: &Policy<'_>) -> Result<Case, Rejection> {
    let other = || refuse("content-changed", "the file does not begin with the bytes that were there before");
    let size = usize::try_from(beginning.size).ok().filter(|size| (1..=file.len()).contains(size)).ok_or_else(other)?;
    let case = examine(file, policy, size).map_err(|reason| told(&reason))?;
    if case.began == Some(beginning.sha256) { Ok(case) } else { Err(other()) }
}

fn position(seen: Seen<'_>, field: &str) -> Result<usize, Rejection> {
    let mut at = (0..seen.found.len()).filter(|at| seen.found.get(*at).is_some_and(|one| one.field == field));
    match (at.next(), at.next()) {
        (Some(at), None) => Ok(at),
        (None, _) => Err(refuse("no-signature", field)),
        (Some(_), Some(_)) => Err(refuse("copy-structure", field)),
    }
}

/// Intact, by this certificate, bound to it, whole.
fn sound(seen: Seen<'_>, at: usize, signer: &[u8]) -> Result<(), Rejection> {
    let (Some(found), Some(crypto)) = (seen.found.get(at), seen.cryptos.get(at)) else {
        return Err(refuse("no-signature", ""));
    };
    if !crypto.intact {
        let first = crypto.reasons.first();
        let text = first.map_or(String::new(), |reason| reason.text.en.clone());
        return Err(refuse(first.map_or("signature-malformed", |reason| named(&reason.code)), &text));
    }
    if found.covers == Covers::Partial {
        let why = found.problems.first().map(|fault| words::container(*fault).en).unwrap_or_default();
        return Err(refuse("byte-range-gap", &why));
    }
    if crypto.signer.as_ref().map(pki::Certificate::der) != Some(signer) || !crypto.bound {
        return Err(refuse("signer-mismatch", &found.field));
    }
    if let Some(code) = ecopy::identity(crypto).filter(|_| !found.is_timestamp()) {
        return Err(refuse(code, &found.field));
    }
    if !crypto.weak.is_empty() {
        return Err(refuse("weak-algorithm", &found.field));
    }
    Ok(())
}

/// Nothing came later that the signature of the field does not permit.
fn unchanged(seen: Seen<'_>, field: &str) -> Result<(), Rejection> {
    let at = position(seen, field)?;
    let Some((changes, reasons)) = seen.changes.get(at) else { return Err(refuse("no-signature", field)) };
    let of_a_copy = reasons.iter().all(|reason| reason.code != "later-change-not-of-a-copy");
    if *changes == Changes::NotPermitted || !of_a_copy {
        let text = reasons.first().map_or(String::new(), |reason| reason.text.en.clone());
        return Err(refuse("later-change-not-allowed", &text));
    }
    Ok(())
}

/// Nothing came later that any of them does not permit.
fn all_unchanged(seen: Seen<'_>) -> Result<(), Rejection> {
    seen.found.iter().try_for_each(|one| unchanged(seen, &one.field))
}

/// Written as a copy's signatures are: what the judge would refuse is not made.
fn exact(seen: Seen<'_>, at: usize) -> Result<(), Rejection> {
    match seen.containers.get(at).and_then(|reasons| reasons.first()) {
        Some(reason) => Err(refuse(named(&reason.code), &reason.text.en)),
        None => Ok(()),
    }
}

fn trusted(trust: &Trust, field: &str) -> Result<(), Rejection> {
    match (trust.path, trust.revocation) {
        (PathStatus::Trusted, Revocation::Revoked) => Err(refuse("certificate-revoked-before", field)),
        (PathStatus::Trusted, _) => Ok(()),
        (PathStatus::Untrusted, _) => Err(refuse("ca-unknown", field)),
        (PathStatus::Incomplete, _) => Err(refuse("chain-incomplete", field)),
        (PathStatus::Invalid, _) => {
            let text = trust.reasons.first().map_or(String::new(), |reason| reason.text.en.clone());
            Err(refuse("certificate-path-invalid", &text))
        }
    }
}

/// The last revision may only fill this one field.
fn only_signing(document: &Document<'_>, index: usize, field: &str) -> Result<(), Rejection> {
    if document.revisions().len() != index + 1 || index == 0 {
        return Err(refuse("later-change-not-allowed", "more than one revision was added"));
    }
    let views = [index - 1, index].map(|at| document.at_revision(at));
    let [Ok(before), Ok(after)] = views else { return Err(refuse("pdf-broken", "no such revision")) };
    let budget = Budget::new();
    let explained = changes::explain(&before, (&before, &after), index, &budget);
    if matches!(explained, Err(changes::Stop::Unreadable(pdf::Error::Unread(_)))) {
        // Only where no more than the end of the file is held: what it is drawn over lies before. Whoever reads all of it asks again.
        return Ok(());
    }
    let explained = explained.map_err(|stop| refuse("later-change-unclear", &format!("{stop:?}")))?;
    let fine = |change: &Change| match &change.class {
        Class::Signing { field: signed, created: false, .. } => signed == field,
        // Services that return whole files have habits of their own.
        Class::Metadata => changes::HABITS.contains(&change.rule),
        _ => false,
    };
    if let Some(change) = explained.iter().find(|change| !fine(change)) {
        return Err(refuse("later-change-not-allowed", change.rule));
    }
    Ok(())
}

/// E: whoever signs copies can refuse what lends itself to another content later.
fn plain(document: &Document<'_>) -> Result<(), Rejection> {
    let found = if ecopy::looks_like_copy(document) { ecopy::foreign(document) } else { ecopy::Departures::default() };
    match found.wrong.first().or(found.unclear.first()) {
        Some(words) => Err(refuse("copy-structure", &words.en)),
        None => Ok(()),
    }
}
