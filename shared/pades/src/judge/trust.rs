//! Trust at the time of signing: which time is proven, paths, revocation, levels (ETSI EN 319 102-1 §5.2 basic, §5.5 with time,
//! §5.6 past validation).
//!
//! Time-stamps are judged from the newest to the oldest: each later document time-stamp proves that what it covers existed by then.
//! What the algorithms and certificates of today no longer carry is believed as far as such proofs reach, and not further.

use pki::path::Purpose;
use pki::trustlist::{self, TrustList};

use super::crypto::{Crypto, Stamp};
use super::find::Found;
pub(crate) use super::pool::{Pool, Store, store};
use super::proof::{Existence, Proof, earliest};
use super::standing::{Control, Limit, Standing, Unproven, Used, standing};
use super::strength::{self, End};
use super::time::DAY;
use super::words;
use crate::policy::Policy;
use crate::report::{Level, PathStatus, Reason, Revocation, TimeSource};
use crate::said::{Words, quoted};
use crate::wanted::Wanted;

/// Clocks of authorities may differ by so many seconds (domain.md §4.1).
const SKEW: i64 = 60;

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
    /// The earliest proof that the signature value existed.
    pub(crate) existence: Option<Existence>,
    /// What was relied on.
    pub(crate) used: Vec<Used>,
    /// What would have told more.
    pub(crate) wanted: Vec<Wanted>,
    /// Tokens by which it is timed, with the earliest proof of each.
    pub(crate) tokens: Vec<(Stamp, Option<Existence>)>,
    /// Until when the same answer can be given without a further time-stamp.
    pub(crate) until: Control,
}

/// What all answers are given from.
struct Court<'c> {
    pool: &'c Pool<'c>,
    policy: &'c Policy<'c>,
    list: Option<&'c TrustList>,
    /// Document time-stamps that passed.
    proofs: Vec<Proof>,
    /// Those whose authority is trusted and whose revocation nobody knows: they prove nothing, and still say what the file was made to be.
    unconfirmed: Vec<Proof>,
}

/// Judges all signatures; the answers stand in the order of `found`.
///
/// `list`: whose licences count; without one every path to an anchor is lawful.
pub(crate) fn judge(
    found: &[Found],
    cryptos: &[Crypto],
    pool: &Pool<'_>,
    policy: &Policy<'_>,
    list: Option<&TrustList>,
) -> Vec<Trust> {
    let mut order: Vec<usize> = (0..found.len()).filter(|at| found.get(*at).is_some_and(Found::is_timestamp)).collect();
    order.sort_by_key(|at| std::cmp::Reverse(found.get(*at).map(|found| found.revision)));
    let mut answers: Vec<Option<Trust>> = found.iter().map(|_| None).collect();
    let mut court = Court { pool, policy, list, proofs: Vec::new(), unconfirmed: Vec::new() };
    for at in order {
        let (Some(found), Some(crypto)) = (found.get(at), cryptos.get(at)) else { continue };
        let trust = court.timestamp(found, crypto);
        court.admit(found, &trust);
        if let Some(slot) = answers.get_mut(at) {
            *slot = Some(trust);
        }
    }
    let answer = |(at, slot): (usize, Option<Trust>)| match (slot, found.get(at), cryptos.get(at)) {
        (Some(trust), _, _) => trust,
        (None, Some(found), Some(crypto)) => court.signature(found, crypto),
        _ => nothing(),
    };
    let mut trusts: Vec<Trust> = answers.into_iter().enumerate().map(answer).collect();
    order_of_time(found, &mut trusts);
    trusts
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
        existence: None,
        used: Vec::new(),
        wanted: Vec::new(),
        tokens: Vec::new(),
        until: Control::endless(),
    }
}

/// What covers another signature was made later (ETSI EN 319 102-1 §5.5.4: TIMESTAMP_ORDER_FAILURE).
fn order_of_time(found: &[Found], trusts: &mut [Trust]) {
    let times: Vec<(usize, Option<i64>)> = found
        .iter()
        .zip(trusts.iter())
        .map(|(found, trust)| {
            let told = trust.tokens.iter().map(|(stamp, _)| stamp.gen_time).min();
            (found.brought, told)
        })
        .collect();
    for ((found, trust), (brought, own)) in found.iter().zip(trusts).zip(&times) {
        let Some(own) = own else { continue };
        let late =
            |(before, time): &(usize, Option<i64>)| before < brought && time.is_some_and(|time| time > own + SKEW);
        if times.iter().any(late) {
            trust.sub = trust.sub.or(Some("TIMESTAMP_ORDER_FAILURE"));
            trust.reasons.push(Reason::with("timestamp-order", &[("field", found.field.clone())]));
        }
    }
}

/// A time-stamp's worth: why it is not believed, if it is not.
struct Worth {
    standing: Standing,
    existence: Option<Existence>,
    control: Control,
    /// Sub-indication and code.
    refused: Option<(&'static str, &'static str)>,
    notes: Vec<Reason>,
    unknown: bool,
}

/// The best proven time of a signature, and what its own time-stamps are worth.
struct Clock {
    existence: Option<Existence>,
    time: Option<i64>,
    source: TimeSource,
    /// Signature time-stamp present with a trusted authority.
    stamped: bool,
    stamp_in_file: bool,
    sub: Option<&'static str>,
    reasons: Vec<Reason>,
    used: Vec<Used>,
    wanted: Vec<Wanted>,
    tokens: Vec<(Stamp, Option<Existence>)>,
    until: Control,
}

impl Court<'_> {
    /// Only a time-stamp that passed proves that something existed (ETSI EN 319 102-1 §5.6.2.3): one whose authority may have been revoked
    /// may be anybody's, of any time. The newest one is judged by the evidence that the file or the caller brings, like all others; where
    /// none tells, what it covers stands by its own time-stamps, or by today.
    fn admit(&mut self, found: &Found, trust: &Trust) {
        let Some(time) = trust.time.filter(|_| trust.path == PathStatus::Trusted) else { return };
        let proof = Proof { field: found.field.clone(), revision: found.revision, time };
        match (trust.sub, trust.revocation) {
            (None, _) => self.proofs.push(proof),
            (Some(_), Revocation::Unknown) => self.unconfirmed.push(proof),
            (Some(_), _) => {}
        }
    }

    fn standing(&self, leaf: &pki::Certificate, at: i64, purpose: Purpose) -> Standing {
        let licensed = |chain: &[pki::Certificate]| self.licence(chain, purpose, at).is_none();
        standing(leaf, self.pool, self.policy, &self.proofs, at, purpose, &licensed)
    }

    /// A time-stamp's authority: good at its own time, and still believed at the instant by which the token is proven to exist.
    fn worth(&self, stamp: &Stamp, from: usize, field: &[(&str, String)]) -> Worth {
        let standing = self.standing(&stamp.signer, stamp.gen_time, Purpose::Timestamping);
        let existence = earliest(&self.proofs, from);
        let needed = existence.as_ref().map_or(self.policy.at, |proof| proof.time);
        let mut control = standing.control.clone();
        if let Some(end) = strength::first_end(stamp.weak.iter(), &[]) {
            control = control.earlier(Control { until: end.at - 1, limit: Some(Limit::Algorithm(end)) });
        }
        let mut worth = Worth { standing, existence, control, refused: None, notes: Vec::new(), unknown: false };
        worth.refused = match (worth.standing.path, worth.standing.revocation) {
            // Anybody may put another X.509 certificate on the same key in the place of the authority's (RFC 3161 §2.4.2, RFC 5816 §2.2.1).
            _ if !stamp.bound => Some(("SIG_CONSTRAINTS_FAILURE", "timestamp-unbound")),
            (PathStatus::Trusted, Revocation::Revoked) => Some(("REVOKED_NO_POE", "tsa-revoked")),
            (PathStatus::Trusted, _) if worth.standing.doubted.is_some() => Some(("REVOKED_NO_POE", "tsa-revoked")),
            // Whoever asks about an earlier instant asks what could be known then.
            (PathStatus::Trusted, _) if stamp.gen_time > self.policy.at.saturating_add(SKEW) => {
                Some(("TIMESTAMP_ORDER_FAILURE", "timestamp-in-future"))
            }
            (PathStatus::Trusted, _) if worth.control.until < needed => Some(past(&worth.control, &stamp.signer)),
            (PathStatus::Trusted, _) if worth.standing.unproven.is_some() => {
                Some((unproven_sub(worth.standing.unproven.as_ref()), "evidence-unproven"))
            }
            (PathStatus::Trusted, _) => self
                .unlicensed(&worth.standing, Purpose::Timestamping, stamp.gen_time)
                .map(|_| ("NO_CERTIFICATE_CHAIN_FOUND", "tsa-untrusted")),
            _ => Some(("NO_CERTIFICATE_CHAIN_FOUND", "tsa-untrusted")),
        };
        worth.unknown = worth.refused.is_none() && worth.standing.revocation == Revocation::Unknown;
        let end = first_end(&worth.standing, &stamp.weak);
        if let Some(end) = end.filter(|end| worth.refused.is_none() && end.at <= self.policy.at) {
            worth.notes.push(proven_in_time(end, field));
        }
        worth
    }

    fn timestamp(&self, found: &Found, crypto: &Crypto) -> Trust {
        let Some(stamp) = crypto.stamps.first().filter(|_| crypto.intact) else { return nothing() };
        let field = [("field", found.field.clone())];
        let worth = self.worth(stamp, found.brought + 1, &field);
        let mut reasons = worth.notes;
        let mut sub = None;
        if let Some((why, code)) = worth.refused {
            sub = Some(why);
            reasons.push(refusal(code, &worth.standing, &worth.control, &field));
        } else if worth.unknown {
            let (why, reason) = unknown(&worth.standing, ["tsa-responder-unvouched", "tsa-revocation-unknown"], &field);
            sub = Some(why);
            reasons.push(reason);
        }
        let refused_in_spite_of_its_path = worth.refused.is_some() && worth.standing.path == PathStatus::Trusted;
        let level = if worth.standing.embedded_good && self.pool.has_store { Level::BLT } else { Level::BT };
        let until = match worth.existence {
            Some(_) => worth.standing.evidence_until.clone(),
            None => worth.control.clone().earlier(worth.standing.evidence_until.clone()),
        };
        Trust {
            path: match refused_in_spite_of_its_path && worth.standing.revocation != Revocation::Revoked {
                true => PathStatus::Incomplete,
                false => worth.standing.path,
            },
            revocation: worth.standing.revocation,
            level,
            time: Some(stamp.gen_time),
            source: TimeSource::Timestamp,
            sub,
            reasons,
            existence: worth.existence.clone(),
            used: worth.standing.used,
            wanted: if worth.unknown { worth.standing.wanted } else { Vec::new() },
            tokens: vec![(stamp.clone(), worth.existence)],
            until,
        }
    }

    fn clock(&self, found: &Found, crypto: &Crypto) -> Clock {
        let field = [("field", found.field.clone())];
        let later = earliest(&self.proofs, found.brought + 1);
        let mut clock = Clock {
            time: later.as_ref().map(|proof| proof.time),
            existence: later.clone(),
            source: TimeSource::DocTimestamp,
            stamped: false,
            stamp_in_file: true,
            sub: None,
            reasons: Vec::new(),
            used: Vec::new(),
            wanted: Vec::new(),
            tokens: Vec::new(),
            until: Control::endless(),
        };
        let mut refused: Option<(&'static str, Reason)> = None;
        for stamp in &crypto.stamps {
            let worth = self.worth(stamp, found.brought + 1, &field);
            if let Some((sub, code)) = worth.refused {
                refused = Some((sub, refusal(code, &worth.standing, &worth.control, &field)));
                continue;
            }
            clock.take(stamp, worth, &field);
        }
        if !clock.stamped {
            clock.reasons.extend(refused.map(|(_, reason)| reason));
            if crypto.intact && crypto.stamps.is_empty() && later.is_none() {
                clock.reasons.push(Reason::with("timestamp-missing", &field));
            }
        }
        if clock.time.is_none() {
            clock.source = if claimed(found, crypto).is_some() { TimeSource::Claimed } else { TimeSource::None };
        }
        clock
    }

    fn signature(&self, found: &Found, crypto: &Crypto) -> Trust {
        let mut clock = self.clock(found, crypto);
        let field = [("field", found.field.clone())];
        // What nobody confirms is a claim, and of two claims the earlier one leaves more open.
        let stamped = earliest(&self.unconfirmed, found.brought + 1).map(|claim| claim.time);
        let said = claimed(found, crypto);
        let word = said.into_iter().chain(stamped).min();
        let Some(signer) = &crypto.signer else {
            return Trust { time: clock.time.or(said), source: clock.source, ..nothing() };
        };
        let at = clock.time.unwrap_or(self.policy.at);
        let mut standing = self.standing(signer, at, Purpose::Signing);
        let mut reasons = Vec::new();
        let mut sub = self.path_reasons(&standing, signer, &clock, &field, &mut reasons);
        if let Some((code, why)) = self.unlicensed(&standing, Purpose::Signing, at) {
            sub = sub.or(Some(why));
            standing.wanted.clear();
            reasons.push(Reason::with(code, &field));
        }
        sub = sub.or(revocation_reasons(&standing, clock.time.is_some(), word, &field, &mut reasons));
        if let Some(unproven) = &standing.unproven {
            sub = sub.or(Some(unproven_sub(Some(unproven))));
            reasons.push(unproven_reason(Some(unproven), &field));
            standing.revocation = Revocation::Unknown;
        }
        sub = sub.or(self.weakness(&standing, crypto, at, clock.time.is_some(), &field, &mut reasons)).or(clock.sub);
        if standing.path == PathStatus::Trusted && signer.not_after() < self.policy.at {
            reasons.push(Reason::with("certificate-expired-now", &field));
        }
        if standing.path == PathStatus::Trusted && !signer.may_sign_documents() {
            reasons.push(Reason::with("certificate-usage", &field));
        }
        reasons.extend(said.zip(clock.time).and_then(|(said, time)| claim(said, time, clock.source, &field)));
        // The signer's own matters come first.
        reasons.append(&mut clock.reasons);
        let level = self.level(found, crypto, &clock, &standing);
        let mut until = clock.until.earlier(standing.evidence_until);
        if clock.time.is_none() {
            until = until.earlier(standing.control);
        }
        clock.used.splice(0..0, standing.used);
        clock.wanted.splice(0..0, standing.wanted);
        Trust {
            path: standing.path,
            revocation: standing.revocation,
            level,
            time: clock.time.or(said),
            source: clock.source,
            sub,
            reasons,
            existence: clock.existence,
            used: clock.used,
            // Of a value that is not good nobody knows who made it.
            wanted: if crypto.intact { clock.wanted } else { Vec::new() },
            tokens: clock.tokens,
            until,
        }
    }

    fn path_reasons(
        &self,
        standing: &Standing,
        signer: &pki::Certificate,
        clock: &Clock,
        field: &[(&str, String)],
        reasons: &mut Vec<Reason>,
    ) -> Option<&'static str> {
        let at = clock.time.unwrap_or(self.policy.at);
        let (code, sub) = match (standing.path, &standing.broken) {
            (PathStatus::Trusted, _) => return None,
            (PathStatus::Untrusted, _) => ("ca-unknown", "NO_CERTIFICATE_CHAIN_FOUND"),
            (PathStatus::Incomplete, _) => ("chain-incomplete", "NO_CERTIFICATE_CHAIN_FOUND"),
            (PathStatus::Invalid, Some(pki::Error::NotValidAt { .. })) if at < signer.not_before() => {
                ("certificate-not-yet-valid", "NOT_YET_VALID")
            }
            (PathStatus::Invalid, Some(pki::Error::NotValidAt { .. })) if clock.time.is_none() => {
                ("certificate-expired-unproven", self.out_of_bounds(signer))
            }
            (PathStatus::Invalid, Some(pki::Error::NotValidAt { .. })) if at > signer.not_after() => {
                ("certificate-expired-at-signing", "EXPIRED")
            }
            (PathStatus::Invalid, Some(pki::Error::SignatureInvalid)) => {
                ("certificate-path-invalid", "CERTIFICATE_CHAIN_GENERAL_FAILURE")
            }
            (PathStatus::Invalid, _) => ("certificate-path-invalid", "CHAIN_CONSTRAINTS_FAILURE"),
        };
        reasons.push(match &standing.broken {
            Some(broken) if code == "certificate-path-invalid" => Reason::of(code, name(field), words::wrong(broken)),
            _ => Reason::with(code, field),
        });
        Some(sub)
    }

    /// The legality of whoever issued (R67): licensed on the trusted list at the instant, by the path and not by a name.
    fn unlicensed(&self, standing: &Standing, purpose: Purpose, at: i64) -> Option<(&'static str, &'static str)> {
        self.licence(&standing.chain, purpose, at).filter(|_| standing.path == PathStatus::Trusted)
    }

    /// What is wrong with the licence on a path; `None` where nothing is, or without a list.
    fn licence(&self, chain: &[pki::Certificate], purpose: Purpose, at: i64) -> Option<(&'static str, &'static str)> {
        match self.list?.standing(chain, purpose, at) {
            trustlist::Standing::Granted(_) => None,
            trustlist::Standing::NotListed => Some(("ca-unknown", "NO_CERTIFICATE_CHAIN_FOUND")),
            trustlist::Standing::Withdrawn { .. } | trustlist::Standing::NotYet(_) => {
                Some(("ca-not-licensed", "CHAIN_CONSTRAINTS_FAILURE"))
            }
        }
    }

    /// Expired by now and nothing proves when it signed: it matters whether it was ever revoked (§5.2.6.4).
    fn out_of_bounds(&self, signer: &pki::Certificate) -> &'static str {
        let last = self.standing(signer, signer.not_after(), Purpose::Signing);
        match (last.path, last.revocation) {
            (PathStatus::Trusted, Revocation::Good) => "OUT_OF_BOUNDS_NOT_REVOKED",
            (PathStatus::Trusted, Revocation::Revoked) => "REVOKED_NO_POE",
            _ => "OUT_OF_BOUNDS_NO_POE",
        }
    }

    /// Whether the algorithms were still strong when the signature is proven to have existed (§5.2.7, §5.6.2.4).
    fn weakness(
        &self,
        standing: &Standing,
        crypto: &Crypto,
        at: i64,
        timed: bool,
        field: &[(&str, String)],
        reasons: &mut Vec<Reason>,
    ) -> Option<&'static str> {
        let end = first_end(standing, &crypto.weak)?;
        if end.at <= at {
            let mut params = field.to_vec();
            params.extend(named(end));
            reasons.push(Reason::with("weak-algorithm", &params));
            return Some(if timed { "CRYPTO_CONSTRAINTS_FAILURE" } else { "CRYPTO_CONSTRAINTS_FAILURE_NO_POE" });
        }
        if end.at <= self.policy.at {
            reasons.push(proven_in_time(end, field));
        }
        None
    }

    /// What the file shows, ETSI EN 319 142-1 §6.
    fn level(&self, found: &Found, crypto: &Crypto, clock: &Clock, standing: &Standing) -> Level {
        if found.sub_filter() != b"ETSI.CAdES.detached" || !crypto.intact || !crypto.bound {
            return Level::None;
        }
        let archives = self.proofs.iter().chain(&self.unconfirmed);
        let archived = archives.into_iter().any(|proof| proof.revision > found.revision);
        if !clock.stamped && !archived {
            return Level::BB;
        }
        let material = match standing.path {
            PathStatus::Trusted => standing.embedded_good && (!clock.stamped || clock.stamp_in_file),
            _ => self.pool.has_store,
        };
        match (material, archived && self.pool.has_store) {
            (false, _) => Level::BT,
            (true, false) => Level::BLT,
            (true, true) => Level::BLTA,
        }
    }
}

impl Clock {
    /// A time-stamp that is believed.
    fn take(&mut self, stamp: &Stamp, worth: Worth, field: &[(&str, String)]) {
        let confirmed = !worth.unknown;
        if worth.unknown {
            let (why, reason) = unknown(&worth.standing, ["tsa-responder-unvouched", "tsa-revocation-unknown"], field);
            self.reasons.push(reason);
            self.sub = Some(why);
            self.wanted.extend(worth.standing.wanted);
        }
        self.reasons.extend(worth.notes);
        self.stamped = true;
        self.stamp_in_file &= worth.standing.embedded_good;
        self.used.extend(worth.standing.used);
        let mut until = std::mem::replace(&mut self.until, Control::endless());
        until = until.earlier(worth.standing.evidence_until);
        if worth.existence.is_none() {
            until = until.earlier(worth.control);
        }
        self.until = until;
        self.tokens.push((stamp.clone(), worth.existence));
        // Whole seconds: an archive may bear the same time, and the signature's own time-stamp then tells it as well.
        if self.time.is_none_or(|known| stamp.gen_time <= known) {
            self.time = Some(stamp.gen_time);
            self.source = TimeSource::Timestamp;
            let by = name(field).to_owned();
            self.existence = confirmed.then_some(Existence { time: stamp.gen_time, by }).or(self.existence.take());
        }
    }
}

/// A claimed time that does not go with the proven one (domain.md §4.1, §10). Before it lies only the way to the time-stamp, which may be
/// long: somebody may have stamped the signature later.
fn claim(said: i64, proven: i64, source: TimeSource, field: &[(&str, String)]) -> Option<Reason> {
    let off = said.saturating_sub(proven);
    let local = source == TimeSource::Timestamp && (off.abs() - 7 * 3600).abs() <= 3600;
    if !local && off <= SKEW {
        return None;
    }
    let code = match (local, off > DAY) {
        (true, _) => "time-off-by-7h",
        (false, false) => "time-claimed-later",
        (false, true) => "time-claimed-days-later",
    };
    Some(Reason::with(code, field))
}

/// The signer's own clock: `/M`, else the signing-time attribute.
pub(super) fn claimed(found: &Found, crypto: &Crypto) -> Option<i64> {
    found.dict.string(b"M").and_then(super::time::parse_pdf_date).or(crypto.claimed)
}

fn first_end(standing: &Standing, own: &[pki::Weakness]) -> Option<End> {
    let chain: &[pki::Certificate] = if standing.path == PathStatus::Trusted { &standing.chain } else { &[] };
    strength::first_end(standing.weak.iter().chain(own), chain)
}

/// What ended, and by which document.
fn named(end: End) -> [(&'static str, String); 2] {
    [("algorithm", end.name.to_owned()), ("source", end.source.to_owned())]
}

fn proven_in_time(end: End, field: &[(&str, String)]) -> Reason {
    let mut params = field.to_vec();
    params.extend(named(end));
    Reason::with("weak-algorithm-in-time", &params)
}

/// Sub-indication and code of a time-stamp that nothing carries over the end of its authority.
fn past(control: &Control, signer: &pki::Certificate) -> (&'static str, &'static str) {
    match &control.limit {
        Some(Limit::Revocation(who)) if *who == signer.subject() => ("REVOKED_NO_POE", "tsa-revoked"),
        Some(Limit::Revocation(_)) => ("REVOKED_CA_NO_POE", "tsa-revoked"),
        Some(Limit::Algorithm(_)) => ("CRYPTO_CONSTRAINTS_FAILURE_NO_POE", "weak-algorithm"),
        _ => ("OUT_OF_BOUNDS_NO_POE", "tsa-expired-unproven"),
    }
}

fn refusal(code: &'static str, standing: &Standing, control: &Control, field: &[(&str, String)]) -> Reason {
    let mut params = field.to_vec();
    match (code, &control.limit) {
        ("evidence-unproven", _) => return unproven_reason(standing.unproven.as_ref(), field),
        ("weak-algorithm", Some(Limit::Algorithm(end))) => params.extend(named(*end)),
        _ => {}
    }
    Reason::with(code, &params)
}

fn unproven_sub(unproven: Option<&Unproven>) -> &'static str {
    match unproven {
        Some(Unproven::Evidence(_)) => "REVOCATION_OUT_OF_BOUNDS_NO_POE",
        Some(Unproven::RevokedIssuer(_)) => "REVOKED_CA_NO_POE",
        Some(Unproven::Certificate(_)) | None => "NO_POE",
    }
}

fn unproven_reason(unproven: Option<&Unproven>, field: &[(&str, String)]) -> Reason {
    let who = match unproven {
        Some(Unproven::Evidence(who) | Unproven::RevokedIssuer(who) | Unproven::Certificate(who)) => who.clone(),
        None => String::new(),
    };
    Reason::of("evidence-unproven", name(field), Words::same(quoted(&who)))
}

/// The value of the only fact that all reasons about a signature have.
fn name<'f>(field: &'f [(&str, String)]) -> &'f str {
    field.first().map_or("", |(_, name)| name)
}

/// Why it is not known whether somebody was revoked: by the code for a responder that nobody vouches for, the code for no evidence, or
/// the algorithm of the evidence (§5.2.7).
fn unknown(
    standing: &Standing,
    [unvouched, nothing]: [&'static str; 2],
    field: &[(&str, String)],
) -> (&'static str, Reason) {
    if let Some(end) = standing.outworn {
        let mut params = field.to_vec();
        params.extend(named(end));
        params.push(("evidence", "revocation".to_owned()));
        return ("CRYPTO_CONSTRAINTS_FAILURE_NO_POE", Reason::with("weak-algorithm", &params));
    }
    ("TRY_LATER", Reason::with(if standing.unvouched { unvouched } else { nothing }, field))
}

fn revocation_reasons(
    standing: &Standing,
    timed: bool,
    said: Option<i64>,
    field: &[(&str, String)],
    reasons: &mut Vec<Reason>,
) -> Option<&'static str> {
    if let Some(doubted) = &standing.doubted {
        let who = Words::same(quoted(&doubted.subject()));
        reasons.push(Reason::of("certificate-doubted", name(field), who));
        return Some(if standing.chain.first() == Some(doubted) { "REVOKED_NO_POE" } else { "REVOKED_CA_NO_POE" });
    }
    if !standing.later.is_empty() {
        reasons.push(Reason::with("certificate-revoked-after", field));
    }
    match (standing.revocation, standing.revoked) {
        (Revocation::Good | Revocation::NotChecked, _) => None,
        (Revocation::Unknown, _) => {
            let (why, reason) = unknown(standing, ["responder-unvouched", "revocation-unknown"], field);
            reasons.push(reason);
            Some(why)
        }
        (Revocation::Revoked, Some((_, false))) => {
            reasons.push(Reason::with("ca-revoked", field));
            Some("REVOKED_CA_NO_POE")
        }
        (Revocation::Revoked, revoked) => {
            // Without a proven time only the signer's word stands against the revocation: enough to doubt, not to accept.
            let before = !timed && matches!((said, revoked), (Some(said), Some((at, _))) if said < at);
            let code = if before { "certificate-revoked-unproven" } else { "certificate-revoked-before" };
            reasons.push(Reason::with(code, field));
            Some(if before { "REVOKED_NO_POE" } else { "REVOKED" })
        }
    }
}
