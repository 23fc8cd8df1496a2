//! What the answers rest on, as one list: every signature, time-stamp, X.509 certificate, OCSP response and CRL with its digest
//! and the earliest proof that it existed; and how long that carries.

use super::crypto::Crypto;
use super::find::Found;
use super::proof::Existence;
use super::standing::{Control, Limit};
use super::time::rfc3339;
use super::trust::Trust;
use crate::report::{Evidence, EvidenceKind, Origin, Provable, Text};
use crate::said::quoted;

/// How long before the end a further time-stamp should be there, seconds: 180 days.
const LEAD: i64 = 180 * 86_400;

/// The list, in a fixed order: by kind, then by digest.
pub(crate) fn evidence(found: &[Found], cryptos: &[Crypto], trusts: &[Trust]) -> Vec<Evidence> {
    let mut list: Vec<Evidence> = Vec::new();
    for ((found, crypto), trust) in found.iter().zip(cryptos).zip(trusts) {
        let field = found.field.as_str();
        if let Some(sha256) = crypto.sha256.filter(|_| !found.is_timestamp()) {
            let node = node(EvidenceKind::Signature, &sha256, field, trust.existence.as_ref());
            add(&mut list, node, field);
        }
        for (stamp, existence) in &trust.tokens {
            let mut node = node(EvidenceKind::Timestamp, &stamp.sha256, field, existence.as_ref());
            node.time = Some(rfc3339(stamp.gen_time));
            add(&mut list, node, field);
        }
        for used in &trust.used {
            let kind = match used.kind {
                "certificate" => EvidenceKind::Certificate,
                "ocsp" => EvidenceKind::Ocsp,
                _ => EvidenceKind::Crl,
            };
            let mut node = node(kind, &used.sha256, &used.about, used.existence.as_ref());
            let brought = kind != EvidenceKind::Certificate && !used.embedded;
            node.origin = brought.then_some(Origin::Fetched);
            add(&mut list, node, field);
        }
    }
    list.sort_by(|a, b| (a.kind, &a.sha256).cmp(&(b.kind, &b.sha256)));
    list
}

fn node(kind: EvidenceKind, sha256: &[u8; 32], about: &str, existence: Option<&Existence>) -> Evidence {
    Evidence {
        kind,
        sha256: hex::encode(sha256),
        about: about.to_owned(),
        used_for: Vec::new(),
        time: None,
        proven_at: existence.map(|proof| rfc3339(proof.time)),
        proven_by: existence.map(|proof| proof.by.clone()),
        origin: None,
    }
}

fn add(list: &mut Vec<Evidence>, node: Evidence, field: &str) {
    let at = list.iter().position(|known| known.kind == node.kind && known.sha256 == node.sha256);
    let at = at.unwrap_or_else(|| {
        list.push(node);
        list.len() - 1
    });
    if let Some(known) = list.get_mut(at)
        && !known.used_for.iter().any(|name| name == field)
    {
        known.used_for.push(field.to_owned());
    }
}

/// What ends first among everything that no time-stamp proves.
pub(crate) fn limit(trusts: &[Trust]) -> Control {
    let good = trusts.iter().filter(|trust| trust.sub.is_none());
    good.fold(Control::endless(), |first, trust| first.earlier(trust.until.clone()))
}

/// As the report says it.
pub(crate) fn provable(limit: &Control, at: i64) -> Option<Provable> {
    let text = |vi: String, en: String| Text { vi, en };
    let because = match limit.limit.as_ref()? {
        Limit::Expiry(who) => {
            let who = quoted(who);
            text(format!("Chứng thư hết hạn: {who}"), format!("The X.509 certificate expires: {who}"))
        }
        Limit::Revocation(who) => {
            let who = quoted(who);
            text(format!("Chứng thư bị thu hồi: {who}"), format!("The X.509 certificate was revoked: {who}"))
        }
        Limit::Algorithm(end) => text(
            format!("Thuật toán hết thời hạn tin cậy: {}", end.name),
            format!("The algorithm is no longer relied on: {}", end.name),
        ),
    };
    let renew_by = limit.until.saturating_sub(LEAD).max(at);
    Some(Provable { until: rfc3339(limit.until), renew_by: rfc3339(renew_by), because })
}
