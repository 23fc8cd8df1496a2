//! Trust at the time of signing: which time is proven, paths, revocation, levels (ETSI EN 319 102-1 §5.2, §5.5, §5.6, shortened).
//!
//! Time-stamps are judged from the newest to the oldest: each later document time-stamp proves that what it covers existed by then.

use pdf::{Document, Object};
use pki::path::{Evidence, Outcome, Purpose, RevocationStatus};
use pki::{Certificate, Weakness};

use super::crypto::{Crypto, Stamp};
use super::find::Found;
use crate::policy::Policy;
use crate::report::{Level, PathStatus, Reason, Revocation, TimeSource};

/// Items read from one `/DSS` list.
const STORE_ITEMS: usize = 2000;

/// Everything that can help to build and judge paths.
pub(crate) struct Pool {
    /// From the file only.
    pub(crate) embedded: Evidence,
    /// From the file and from the caller.
    all: Evidence,
    /// Nothing came from the caller: both lists are the same.
    alone: bool,
    has_store: bool,
}

/// The answer for one signature.
#[derive(Clone, Debug)]
pub(crate) struct Trust {
    pub(crate) path: PathStatus,
    pub(crate) revocation: Revocation,
    pub(crate) level: Level,
    /// Best known time, Unix seconds.
    pub(crate) time: Option<i64>,
    pub(crate) source: TimeSource,
    /// ETSI sub-indication, when it is not in order.
    pub(crate) sub: Option<&'static str>,
    pub(crate) reasons: Vec<Reason>,
}

impl Pool {
    /// Collects what the newest `/DSS` and all signatures embed.
    pub(crate) fn new(view: &Document<'_>, cryptos: &[Crypto], policy: &Policy<'_>) -> Pool {
        let mut embedded = store(view).unwrap_or_default();
        let has_store = !embedded.certificates.is_empty() || !embedded.ocsps.is_empty() || !embedded.crls.is_empty();
        for crypto in cryptos {
            embedded.certificates.extend(crypto.certificates.iter().cloned());
            for stamp in &crypto.stamps {
                embedded.certificates.extend(stamp.certificates.iter().cloned());
            }
            embedded.ocsps.extend(crypto.ocsps.iter().cloned());
            embedded.crls.extend(crypto.crls.iter().cloned());
        }
        dedup(&mut embedded);
        let extra = policy.extra;
        let alone = extra.certificates.is_empty() && extra.ocsps.is_empty() && extra.crls.is_empty();
        let mut all = embedded.clone();
        all.certificates.extend(policy.extra.certificates.iter().cloned());
        all.ocsps.extend(policy.extra.ocsps.iter().cloned());
        all.crls.extend(policy.extra.crls.iter().cloned());
        dedup(&mut all);
        Pool { embedded, all, alone, has_store }
    }
}

fn dedup(evidence: &mut Evidence) {
    let mut seen = std::collections::HashSet::new();
    evidence.certificates.retain(|certificate| seen.insert(certificate.sha256()));
    for list in [&mut evidence.ocsps, &mut evidence.crls] {
        list.sort_unstable();
        list.dedup();
    }
}

/// The document-wide lists of `/DSS`; VRI entries only repeat them.
pub(crate) fn store(view: &Document<'_>) -> Result<Evidence, pdf::Error> {
    let mut evidence = Evidence::default();
    let Some(store) = view.get(view.catalog()?, b"DSS")?.as_dict() else { return Ok(evidence) };
    for key in [&b"Certs"[..], b"OCSPs", b"CRLs"] {
        for item in view.get(store, key)?.as_array().unwrap_or_default().iter().take(STORE_ITEMS) {
            let Object::Stream(stream) = view.resolve(item)? else { continue };
            let Ok(der) = view.decode(stream) else { continue };
            match key {
                b"Certs" => evidence.certificates.extend(Certificate::from_der(&der)),
                b"OCSPs" => evidence.ocsps.push(der),
                _ => evidence.crls.push(der),
            }
        }
    }
    Ok(evidence)
}

/// A trusted document time-stamp: what existed by then.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Proof {
    /// Revision that it covers.
    pub(crate) revision: usize,
    pub(crate) time: i64,
}

/// Judges all signatures; the answers stand in the order of `found`.
pub(crate) fn judge(found: &[Found], cryptos: &[Crypto], pool: &Pool, policy: &Policy<'_>) -> Vec<Trust> {
    let mut order: Vec<usize> = (0..found.len()).filter(|at| found.get(*at).is_some_and(Found::is_timestamp)).collect();
    order.sort_by_key(|at| std::cmp::Reverse(found.get(*at).map(|found| found.revision)));
    let mut answers: Vec<Option<Trust>> = found.iter().map(|_| None).collect();
    let mut proofs: Vec<Proof> = Vec::new();
    for at in order {
        let (Some(found), Some(crypto)) = (found.get(at), cryptos.get(at)) else { continue };
        let trust = timestamp(found, crypto, pool, policy, &proofs);
        if trust.path == PathStatus::Trusted
            && trust.revocation != Revocation::Revoked
            && let Some(time) = trust.time
        {
            proofs.push(Proof { revision: found.revision, time });
        }
        if let Some(slot) = answers.get_mut(at) {
            *slot = Some(trust);
        }
    }
    let answer = |(at, slot): (usize, Option<Trust>)| match (slot, found.get(at), cryptos.get(at)) {
        (Some(trust), _, _) => trust,
        (None, Some(found), Some(crypto)) => signature(found, crypto, pool, policy, &proofs),
        _ => nothing(),
    };
    answers.into_iter().enumerate().map(answer).collect()
}

fn nothing() -> Trust {
    Trust {
        path: PathStatus::Incomplete,
        revocation: Revocation::NotChecked,
        level: Level::None,
        time: None,
        source: TimeSource::None,
        sub: None,
        reasons: Vec::new(),
    }
}

/// The earliest proof that covers a revision.
fn proven(proofs: &[Proof], revision: usize) -> Option<i64> {
    proofs.iter().filter(|proof| proof.revision > revision).map(|proof| proof.time).min()
}

/// Path and revocation of one X.509 certificate at one instant.
struct Standing {
    path: PathStatus,
    broken: Option<pki::Error>,
    revocation: Revocation,
    revoked_at: Option<i64>,
    later: bool,
    embedded_good: bool,
    weak: Vec<Weakness>,
}

fn standing(certificate: &Certificate, pool: &Pool, policy: &Policy<'_>, at: i64, purpose: Purpose) -> Standing {
    let path = pki::path::build(certificate, &pool.all.certificates, policy.anchors, at, purpose);
    let mut standing = Standing {
        path: PathStatus::Trusted,
        broken: None,
        revocation: Revocation::NotChecked,
        revoked_at: None,
        later: false,
        embedded_good: false,
        weak: path.weak.clone(),
    };
    match path.outcome {
        Outcome::Trusted => {}
        Outcome::Untrusted => standing.path = PathStatus::Untrusted,
        Outcome::Incomplete => standing.path = PathStatus::Incomplete,
        Outcome::Invalid { reason } => {
            standing.path = PathStatus::Invalid;
            standing.broken = Some(reason);
        }
    }
    if standing.path != PathStatus::Trusted {
        return standing;
    }
    let revocation = pki::path::revocation(&path.chain, &pool.all, at);
    standing.later = !revocation.later.is_empty();
    standing.revocation = match revocation.status {
        RevocationStatus::Good => Revocation::Good,
        RevocationStatus::Unknown { .. } => Revocation::Unknown,
        RevocationStatus::Revoked { at, .. } => {
            standing.revoked_at = Some(at);
            Revocation::Revoked
        }
    };
    if standing.revocation == Revocation::Good {
        let by_file = if pool.alone { revocation } else { pki::path::revocation(&path.chain, &pool.embedded, at) };
        let members = path.chain.iter().take(path.chain.len().saturating_sub(1));
        let mut certificates = members;
        standing.embedded_good = by_file.status == RevocationStatus::Good
            && certificates.all(|member| member == certificate || pool.embedded.certificates.contains(member));
    }
    standing
}

/// A time-stamp's authority: good at its own time, and still good at the instant until which it has to be believed.
fn authority(stamp: &Stamp, pool: &Pool, policy: &Policy<'_>, until: i64) -> (Standing, Option<&'static str>) {
    let mut at_time = standing(&stamp.signer, pool, policy, stamp.gen_time, Purpose::Timestamping);
    let mut sub = None;
    if at_time.path == PathStatus::Trusted && !stamp.signer.valid_at(until) {
        at_time.path = PathStatus::Incomplete;
        sub = Some("OUT_OF_BOUNDS_NO_POE");
    }
    (at_time, sub)
}

fn timestamp(found: &Found, crypto: &Crypto, pool: &Pool, policy: &Policy<'_>, proofs: &[Proof]) -> Trust {
    let Some(stamp) = crypto.stamps.first().filter(|_| crypto.intact) else { return nothing() };
    let until = proven(proofs, found.revision).unwrap_or(policy.at);
    let (standing, expired) = authority(stamp, pool, policy, until);
    let field = [("field", found.field.clone())];
    let mut reasons = Vec::new();
    let mut sub = expired;
    if standing.path != PathStatus::Trusted {
        sub = sub.or(Some("NO_CERTIFICATE_CHAIN_FOUND"));
        reasons.push(Reason::with("tsa-untrusted", &field));
    } else if standing.revocation == Revocation::Revoked {
        sub = Some("REVOKED_NO_POE");
        reasons.push(Reason::with("tsa-revoked", &field));
    } else if standing.revocation == Revocation::Unknown {
        sub = Some("TRY_LATER");
        reasons.push(Reason::with("tsa-revocation-unknown", &field));
    }
    weakness(&standing.weak, &crypto.weak, &field, &mut sub, &mut reasons);
    let level = if standing.embedded_good && pool.has_store { Level::BLT } else { Level::BT };
    Trust {
        path: standing.path,
        revocation: standing.revocation,
        level,
        time: Some(stamp.gen_time),
        source: TimeSource::Timestamp,
        sub,
        reasons,
    }
}

fn weakness(
    path: &[Weakness],
    own: &[Weakness],
    field: &[(&str, String)],
    sub: &mut Option<&'static str>,
    reasons: &mut Vec<Reason>,
) {
    if !path.is_empty() || !own.is_empty() {
        *sub = sub.or(Some("CRYPTO_CONSTRAINTS_FAILURE_NO_POE"));
        reasons.push(Reason::with("weak-algorithm", field));
    }
}

/// The best proven time of a signature, and what its own time-stamps are worth.
struct Clock {
    time: Option<i64>,
    source: TimeSource,
    /// Signature time-stamp present with a trusted authority.
    stamped: bool,
    stamp_in_file: bool,
    reasons: Vec<Reason>,
}

fn clock(found: &Found, crypto: &Crypto, pool: &Pool, policy: &Policy<'_>, proofs: &[Proof]) -> Clock {
    let field = [("field", found.field.clone())];
    let later = proven(proofs, found.revision.saturating_sub(1));
    let mut clock = Clock {
        time: later,
        source: TimeSource::DocTimestamp,
        stamped: false,
        stamp_in_file: true,
        reasons: Vec::new(),
    };
    let mut untrusted: Option<Reason> = None;
    for stamp in &crypto.stamps {
        let (standing, _) = authority(stamp, pool, policy, later.unwrap_or(policy.at));
        if standing.path != PathStatus::Trusted {
            untrusted = Some(Reason::with("tsa-untrusted", &field));
            continue;
        }
        match standing.revocation {
            Revocation::Revoked => {
                untrusted = Some(Reason::with("tsa-revoked", &field));
                continue;
            }
            Revocation::Unknown => clock.reasons.push(Reason::with("tsa-revocation-unknown", &field)),
            Revocation::Good | Revocation::NotChecked => {}
        }
        weakness(&standing.weak, &stamp.weak, &field, &mut None, &mut clock.reasons);
        clock.stamped = true;
        clock.stamp_in_file &= standing.embedded_good;
        // Whole seconds: an archive may bear the same time, and the signature's own time-stamp then tells it as well.
        if clock.time.is_none_or(|known| stamp.gen_time <= known) {
            clock.time = Some(stamp.gen_time);
            clock.source = TimeSource::Timestamp;
        }
    }
    if !clock.stamped {
        clock.reasons.extend(untrusted);
        if crypto.stamps.is_empty() && later.is_none() {
            clock.reasons.push(Reason::with("timestamp-missing", &field));
        }
    }
    if clock.time.is_none() {
        clock.source = if claimed(found, crypto).is_some() { TimeSource::Claimed } else { TimeSource::None };
    }
    clock
}

/// The signer's own clock: `/M`, else the signing-time attribute.
fn claimed(found: &Found, crypto: &Crypto) -> Option<i64> {
    found.dict.string(b"M").and_then(super::time::parse_pdf_date).or(crypto.claimed)
}

fn signature(found: &Found, crypto: &Crypto, pool: &Pool, policy: &Policy<'_>, proofs: &[Proof]) -> Trust {
    let mut clock = clock(found, crypto, pool, policy, proofs);
    let field = [("field", found.field.clone())];
    let said = claimed(found, crypto);
    let Some(signer) = &crypto.signer else {
        return Trust { time: clock.time.or(said), source: clock.source, ..nothing() };
    };
    let at = clock.time.unwrap_or(policy.at);
    let standing = standing(signer, pool, policy, at, Purpose::Signing);
    let mut reasons = std::mem::take(&mut clock.reasons);
    let mut sub = path_reasons(&standing, clock.time.is_some(), &field, &mut reasons);
    sub = sub.or(revocation_reasons(&standing, clock.time.is_some(), said, &field, &mut reasons));
    weakness(&standing.weak, &crypto.weak, &field, &mut sub, &mut reasons);
    if standing.path == PathStatus::Trusted && !signer.valid_at(policy.at) {
        reasons.push(Reason::with("certificate-expired-now", &field));
    }
    if let (Some(said), Some(time)) = (said, clock.time)
        && ((said - time).abs() - 7 * 3600).abs() <= 3600
        && clock.source == TimeSource::Timestamp
    {
        reasons.push(Reason::with("time-off-by-7h", &field));
    }
    let level = level(found, crypto, &clock, &standing, pool, proofs);
    Trust {
        path: standing.path,
        revocation: standing.revocation,
        level,
        time: clock.time.or(said),
        source: clock.source,
        sub,
        reasons,
    }
}

fn path_reasons(
    standing: &Standing,
    timed: bool,
    field: &[(&str, String)],
    reasons: &mut Vec<Reason>,
) -> Option<&'static str> {
    let (code, sub) = match (standing.path, &standing.broken) {
        (PathStatus::Trusted, _) => return None,
        (PathStatus::Untrusted, _) => ("ca-unknown", "NO_CERTIFICATE_CHAIN_FOUND"),
        (PathStatus::Incomplete, _) => ("chain-incomplete", "NO_CERTIFICATE_CHAIN_FOUND"),
        (PathStatus::Invalid, Some(pki::Error::NotValidAt { .. })) if timed => {
            ("certificate-expired-at-signing", "EXPIRED")
        }
        (PathStatus::Invalid, Some(pki::Error::NotValidAt { .. })) => {
            ("certificate-expired-unproven", "OUT_OF_BOUNDS_NO_POE")
        }
        (PathStatus::Invalid, _) => ("certificate-path-invalid", "CHAIN_CONSTRAINTS_FAILURE"),
    };
    let mut params = field.to_vec();
    params.push(("detail", standing.broken.as_ref().map(ToString::to_string).unwrap_or_default()));
    reasons.push(Reason::with(code, if code == "certificate-path-invalid" { &params } else { field }));
    Some(sub)
}

fn revocation_reasons(
    standing: &Standing,
    timed: bool,
    said: Option<i64>,
    field: &[(&str, String)],
    reasons: &mut Vec<Reason>,
) -> Option<&'static str> {
    if standing.later {
        reasons.push(Reason::with("certificate-revoked-after", field));
    }
    match standing.revocation {
        Revocation::Good | Revocation::NotChecked => None,
        Revocation::Unknown => {
            reasons.push(Reason::with("revocation-unknown", field));
            Some("TRY_LATER")
        }
        Revocation::Revoked => {
            // Without a proven time only the signer's word stands against the revocation: enough to doubt, not to accept.
            let before = !timed && matches!((said, standing.revoked_at), (Some(said), Some(at)) if said < at);
            let code = if before { "certificate-revoked-unproven" } else { "certificate-revoked-before" };
            reasons.push(Reason::with(code, field));
            Some(if before { "REVOKED_NO_POE" } else { "REVOKED" })
        }
    }
}

/// What the file shows, ETSI EN 319 142-1 §6.
fn level(found: &Found, crypto: &Crypto, clock: &Clock, standing: &Standing, pool: &Pool, proofs: &[Proof]) -> Level {
    if found.sub_filter() != b"ETSI.CAdES.detached" || !crypto.intact || !crypto.bound {
        return Level::None;
    }
    let archived = proofs.iter().any(|proof| proof.revision > found.revision);
    if !clock.stamped && !archived {
        return Level::BB;
    }
    let material = match standing.path {
        PathStatus::Trusted => standing.embedded_good && (!clock.stamped || clock.stamp_in_file),
        _ => pool.has_store,
    };
    match (material, archived && pool.has_store) {
        (false, _) => Level::BT,
        (true, false) => Level::BLT,
        (true, true) => Level::BLTA,
    }
}
