//! The guarded door: values that only a successful verification can make (house.md, pair assertions).

use pdf::{Document, Limits};
use pki::path::Evidence;
use sha2::{Digest as _, Sha256};

use crate::changes::{self, Budget, Change, Class};
use crate::judge::find::Found;
use crate::judge::trust::Trust;
use crate::judge::{Case, ecopy, examine, graph, words};
use crate::policy::{Policy, Profile};
use crate::report::{Changes, Covers, Level, PathStatus, Revocation, TimeSource};

/// What a signature must be so that the state machine may accept it.
#[derive(Clone, Debug)]
pub struct Expected<'a> {
    /// Field that must hold the signature.
    pub field: &'a str,
    /// DER of the signer's X.509 certificate, exactly.
    pub signer_der: &'a [u8],
    /// Bytes the file must begin with: what was shown to the signer.
    pub base: &'a [u8],
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
    pub sealed: &'a [u8],
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
/// [`Rejection`] with the first rule that fails.
pub fn verify_signature(file: &[u8], expected: &Expected<'_>) -> Result<Verified, Rejection> {
    let extra = Evidence::default();
    let case = open(file, expected.base, &policy(expected.anchors, expected.at, &extra))?;
    let before =
        Document::open(expected.base, &Limits::default()).map_err(|error| unreadable(&error))?.revisions().len();
    let at = position(&case, expected.field)?;
    let found = case.found.get(at).ok_or_else(|| refuse("no-signature", expected.field))?;
    sound(&case, at, expected.signer_der)?;
    let newest = case.found.iter().all(|one| one.brought < before || one.field == found.field);
    if found.covers != Covers::WholeFile || found.brought != before || found.revision != before || !newest {
        return Err(refuse("byte-range-gap", "the signature is not the only and last revision after the base"));
    }
    only_signing(file, before, expected.field)?;
    let trust = case.trusts.get(at).ok_or_else(|| refuse("no-signature", expected.field))?;
    trusted(trust, expected.field)?;
    exact(&case, at)?;
    let time = trust.time.filter(|_| trust.source == TimeSource::Timestamp);
    let signed_at = time.ok_or_else(|| refuse("timestamp-missing", expected.field))?;
    Ok(Verified {
        field: expected.field.to_owned(),
        signer_sha256: Sha256::digest(expected.signer_der).into(),
        signed_at,
        level: trust.level,
        base_sha256: Sha256::digest(expected.base).into(),
        file_sha256: case.sha256,
        size: file.len() as u64,
    })
}

/// Verifies a file that was archived: the given signatures, DSS and document time-stamp (B-LTA).
///
/// # Errors
/// [`Rejection`] with the first rule that fails.
pub fn verify_archive(file: &[u8], expected: &ExpectedArchive<'_>) -> Result<VerifiedArchive, Rejection> {
    let extra = Evidence::default();
    let case = open(file, expected.sealed, &policy(expected.anchors, expected.at, &extra))?;
    let mut level = Level::BLTA;
    for (field, signer) in expected.signers {
        let at = position(&case, field)?;
        sound(&case, at, signer)?;
        let trust = case.trusts.get(at).ok_or_else(|| refuse("no-signature", field))?;
        trusted(trust, field)?;
        exact(&case, at)?;
        level = level.min(trust.level);
    }
    let known = |one: &Found| one.is_timestamp() || expected.signers.iter().any(|(field, _)| *field == one.field);
    if let Some(foreign) = case.found.iter().find(|one| !known(one)) {
        return Err(refuse("copy-structure", &foreign.field));
    }
    let last = (0..case.found.len()).find(|at| case.found.get(*at).is_some_and(|one| one.covers == Covers::WholeFile));
    let last = last.ok_or_else(|| refuse("byte-range-gap", "no time-stamp covers the whole file"))?;
    let (found, trust) =
        case.found.get(last).zip(case.trusts.get(last)).ok_or_else(|| refuse("timestamp-missing", ""))?;
    let signer = case.cryptos.get(last).and_then(|crypto| crypto.signer.as_ref());
    if !found.is_timestamp() {
        return Err(refuse("timestamp-missing", "the last revision is not a document time-stamp"));
    }
    sound(&case, last, signer.map_or(&[][..], |signer| signer.der()))?;
    trusted(trust, &found.field)?;
    exact(&case, last)?;
    if level < Level::BLTA {
        return Err(refuse("revocation-unknown", "the embedded material does not reach B-LTA"));
    }
    let archived_at = trust.time.ok_or_else(|| refuse("timestamp-missing", &found.field))?;
    Ok(VerifiedArchive {
        level,
        archived_at,
        until: graph::limit(&case.trusts).until,
        sealed_sha256: Sha256::digest(expected.sealed).into(),
        file_sha256: case.sha256,
        size: file.len() as u64,
    })
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

fn open(file: &[u8], prefix: &[u8], policy: &Policy<'_>) -> Result<Case, Rejection> {
    if prefix.is_empty() || !file.starts_with(prefix) {
        return Err(refuse("content-changed", "the file does not begin with the bytes that were there before"));
    }
    examine(file, policy).map_err(|reason| refuse(named(&reason.code), &reason.text.en))
}

fn position(case: &Case, field: &str) -> Result<usize, Rejection> {
    let mut at = (0..case.found.len()).filter(|at| case.found.get(*at).is_some_and(|one| one.field == field));
    match (at.next(), at.next()) {
        (Some(at), None) => Ok(at),
        (None, _) => Err(refuse("no-signature", field)),
        (Some(_), Some(_)) => Err(refuse("copy-structure", field)),
    }
}

/// Intact, by this certificate, bound to it, whole, with nothing later that it does not permit.
fn sound(case: &Case, at: usize, signer: &[u8]) -> Result<(), Rejection> {
    let (Some(found), Some(crypto), Some((changes, reasons))) =
        (case.found.get(at), case.cryptos.get(at), case.changes.get(at))
    else {
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
    let of_a_copy = reasons.iter().all(|reason| reason.code != "later-change-not-of-a-copy");
    if *changes == Changes::NotPermitted || !of_a_copy {
        let text = reasons.first().map_or(String::new(), |reason| reason.text.en.clone());
        return Err(refuse("later-change-not-allowed", &text));
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

/// Written as a copy's signatures are: what the judge would refuse is not made.
fn exact(case: &Case, at: usize) -> Result<(), Rejection> {
    match case.containers.get(at).and_then(|reasons| reasons.first()) {
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
fn only_signing(file: &[u8], index: usize, field: &str) -> Result<(), Rejection> {
    let document = Document::open(file, &Limits::default()).map_err(|error| unreadable(&error))?;
    if document.revisions().len() != index + 1 || index == 0 {
        return Err(refuse("later-change-not-allowed", "more than one revision was added"));
    }
    let views = [index - 1, index].map(|at| document.at_revision(at));
    let [Ok(before), Ok(after)] = views else { return Err(refuse("pdf-broken", "no such revision")) };
    let budget = Budget::new();
    let explained = changes::explain(&before, &after, index, &budget);
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
    // E: whoever signs copies can refuse what lends itself to another content later.
    let foreign = if ecopy::looks_like_copy(&after) { ecopy::foreign(&after) } else { Vec::new() };
    match foreign.first() {
        Some(words) => Err(refuse("copy-structure", &words.en)),
        None => Ok(()),
    }
}
