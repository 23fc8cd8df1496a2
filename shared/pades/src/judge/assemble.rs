//! From findings to the report: reasons, checks, verdict, summary and what to do.

use super::crypto::Crypto;
use super::find::Found;
use super::standing::Control;
use super::trust::Trust;
use super::{Case, ecopy, graph, time, words};
use crate::plan::EcopyFacts;
use crate::policy::{Policy, RegisterStatus};
use crate::reasons::{Severity, explain, severity};
use crate::report::*;
use crate::said::{self, Words};
use crate::wanted::{self, Wanted};

/// Whoever judges without a register knows who signed a copy, and not whether it was issued.
const NOT_ASKED: &str = "register-not-asked";
/// Reasons in one report.
const REASONS: usize = 200;

pub(crate) fn unreadable(size: usize, sha256: [u8; 32], name: &str, policy: &Policy<'_>, reason: Reason) -> Report {
    let checks = [
        (
            CheckId::Integrity,
            if severity(&reason.code) == Severity::Unknown { CheckResult::Unknown } else { CheckResult::Fail },
        ),
        (CheckId::SignerCertificates, CheckResult::NotChecked),
        (CheckId::Timestamps, CheckResult::NotChecked),
        (CheckId::TrustService, CheckResult::NotChecked),
        (CheckId::Register, CheckResult::NotChecked),
    ];
    let checks = checks
        .map(|(id, result)| {
            let reasons = if id == CheckId::Integrity { vec![reason.clone()] } else { Vec::new() };
            Check { id, result, reasons }
        })
        .to_vec();
    let parts = Parts { reasons: vec![reason], checks, sha256, ..Parts::new(ReportKind::Unreadable) };
    finish(size, name, policy, parts)
}

pub(crate) fn report(size: usize, name: &str, policy: &Policy<'_>, case: Case) -> Report {
    let mut reasons: Vec<Reason> = Vec::new();
    let mut signatures = Vec::new();
    let stamps_alone = case.found.iter().all(Found::is_timestamp);
    for (at, found) in case.found.iter().enumerate() {
        let (Some(crypto), Some(trust), Some((changes, change_reasons))) =
            (case.cryptos.get(at), case.trusts.get(at), case.changes.get(at))
        else {
            continue;
        };
        let one = signature(found, crypto, trust, *changes, change_reasons, case.copy);
        let (counted, left): (Vec<Reason>, Vec<Reason>) =
            one.reasons.iter().cloned().partition(|reason| stamps_alone || counts(&one, reason));
        reasons.extend(counted);
        if left.iter().any(|reason| severity(&reason.code) == Severity::Unknown) {
            reasons.push(Reason::with("timestamp-not-relied-on", &[("field", one.field.clone())]));
        }
        signatures.push(one);
    }
    if signatures.is_empty() {
        reasons.push(Reason::new(if case.hidden { "signature-hidden" } else { "no-signature" }));
    } else if case.copy {
        reasons.extend(copy_reasons(&case, &signatures, policy));
    }
    if policy.test_anchors && signatures.iter().any(|one| one.certificate_path == PathStatus::Trusted) {
        reasons.push(Reason::new("test-certificate"));
    }
    let people = |one: &&SignatureReport| one.kind == SignatureKind::Signature;
    if !case.listed && signatures.iter().filter(people).any(|one| one.certificate_path == PathStatus::Trusted) {
        reasons.push(Reason::new("trust-list-absent"));
    }
    reasons.extend(case.notes);
    sort(&mut reasons);
    let signed = |role: Role| signatures.iter().any(|one| one.role == role);
    let kind = match (signatures.is_empty(), case.copy && signed(Role::Leader) && signed(Role::Seal)) {
        (true, _) => ReportKind::Unsigned,
        (false, true) => ReportKind::CertifiedCopy,
        (false, false) => ReportKind::SignedPdf,
    };
    let checks = checks(&reasons, &signatures, kind, policy, case.listed);
    let evidence = graph::evidence(&case.found, &case.cryptos, &case.trusts);
    let limit = graph::limit(&case.trusts);
    let lacking =
        case.found.iter().zip(&case.trusts).map(|(found, trust)| (found.field.as_str(), trust.wanted.as_slice()));
    let wanted = wanted::gather(lacking);
    let (number, revisions, sha256) = (case.number.map(shown_number), case.revisions, case.sha256);
    let parts = Parts { kind, reasons, checks, signatures, revisions, number, evidence, limit, sha256, wanted };
    finish(size, name, policy, parts)
}

/// A document time-stamp proves time; when it cannot be believed that is its own affair as long as the signatures stand without it.
/// Where nobody signed, nothing else stands, and whoever asks about such a file asks about its time-stamps. One whose own bytes do not
/// hold together is no mere want of trust: somebody may have changed them.
fn counts(one: &SignatureReport, reason: &Reason) -> bool {
    one.kind == SignatureKind::Signature
        || one.integrity == Integrity::Broken
        || severity(&reason.code) == Severity::Fatal
        || matches!(reason.code.as_str(), "padding-not-zero" | "later-change-not-compared")
}

/// A time-stamp at the end that nobody believes may be anybody's: what it covers is not the file that was issued or archived. So is one by a
/// stranger, one whose key others hold, and one that tells a time before what it covers. One whose authority merely expired, or of whose
/// revocation nothing is known, was made by an authority that is trusted; it proves nothing, and the signatures are judged without it.
const ANYBODYS: &[&str] = &["tsa-untrusted", "tsa-revoked", "timestamp-order", "timestamp-unbound"];

fn copy_reasons(case: &Case, signatures: &[SignatureReport], policy: &Policy<'_>) -> Vec<Reason> {
    let mut reasons = case.copy_reasons.clone();
    reasons.extend(case.containers.iter().flatten().cloned());
    let newest = signatures.iter().max_by_key(|one| one.revision);
    if let Some(one) = newest.filter(|one| one.covers == Covers::WholeRevision) {
        reasons.push(Reason::with("copy-unsigned-update", &[("field", one.field.clone())]));
    }
    let last =
        signatures.iter().filter(|one| one.kind == SignatureKind::DocTimestamp && one.covers == Covers::WholeFile);
    let anybodys = |reason: &&Reason| ANYBODYS.contains(&reason.code.as_str());
    reasons.extend(last.flat_map(|one| one.reasons.iter().filter(anybodys).cloned()));
    let both = signatures.iter().filter(|one| matches!(one.role, Role::Leader | Role::Seal));
    // What is broken has graver news than a missing time.
    let untimed =
        |one: &&SignatureReport| one.integrity == Integrity::Intact && one.time_source != TimeSource::Timestamp;
    for one in both.filter(untimed) {
        reasons.push(Reason::with("timestamp-required", &[("field", one.field.clone())]));
    }
    let sealed = signatures.iter().any(|one| one.role == Role::Seal);
    if sealed && case.number.is_none() {
        reasons.push(Reason::new("number-missing"));
    }
    if sealed && policy.register.is_none() {
        reasons.push(Reason::new(NOT_ASKED));
    }
    let register = policy.register.as_ref().filter(|_| sealed);
    let compared =
        register.map_or_else(Vec::new, |one| ecopy::compare_register(one, case.number.as_ref(), &case.prefixes));
    // The register knows the very file: whoever sealed it is the agency of the wording, whatever it is called by now.
    let confirmed = register.is_some_and(|one| !one.sha256.is_empty()) && compared.is_empty();
    reasons.extend(compared);
    reasons.extend(case.wording.reasons.iter().cloned());
    if let Some((wording, seal)) = &case.wording.other_agency {
        let code = if confirmed { "agency-renamed" } else { "agency-differs" };
        reasons.push(Reason::with(code, &[("wording", wording.clone()), ("seal", seal.clone())]));
    }
    reasons
}

fn signature(
    found: &Found,
    crypto: &Crypto,
    trust: &Trust,
    changes: Changes,
    change_reasons: &[Reason],
    copy: bool,
) -> SignatureReport {
    let mut reasons = crypto.reasons.clone();
    let mut seen = false;
    for problem in &found.problems {
        seen = true;
        reasons.push(Reason::of("byte-range-gap", &found.field, words::container(*problem)));
    }
    if !crypto.intact && !seen && crypto.reasons.is_empty() {
        let detail = Words::new("không rõ vì sao", "the reason is not known");
        reasons.push(Reason::of("signature-malformed", &found.field, detail));
    }
    reasons.extend(change_reasons.iter().cloned());
    // Behind a signature that is broken "permitted" would calm where nothing is known any more.
    if crypto.intact && changes == Changes::Permitted {
        reasons.push(Reason::with("later-change-allowed", &[("field", found.field.clone())]));
    }
    reasons.extend(trust.reasons.iter().cloned());
    sort(&mut reasons);
    let (indication, sub) = indication(found, crypto, trust, changes, &reasons);
    let role = match (copy, ecopy::role(found)) {
        (_, Role::Timestamp) => Role::Timestamp,
        (true, role) => role,
        (false, _) => Role::Other,
    };
    SignatureReport {
        field: found.field.clone(),
        kind: if found.is_timestamp() { SignatureKind::DocTimestamp } else { SignatureKind::Signature },
        role,
        integrity: if crypto.intact { Integrity::Intact } else { Integrity::Broken },
        covers: found.covers,
        changes_after: changes,
        indication,
        sub_indication: sub.map(str::to_owned),
        level: trust.level,
        certificate_path: trust.path,
        revocation: trust.revocation,
        signed_at: trust.time.map(time::rfc3339),
        time_source: trust.source,
        signer: crypto.signer.as_ref().map(signer),
        reason: found.dict.string(b"Reason").map(|text| said::fact(&pdf::decode_text(text))),
        revision: Some(found.revision + 1),
        reasons,
    }
}

/// Main indication and sub-indication (ETSI EN 319 102-1 tables 5 and 6, validation.md §2.4 F).
fn indication(
    found: &Found,
    crypto: &Crypto,
    trust: &Trust,
    changes: Changes,
    reasons: &[Reason],
) -> (Indication, Option<&'static str>) {
    let says = |code: &str| reasons.iter().any(|reason| reason.code == code);
    // More than is compared, and nothing else that speaks against it.
    let undecided =
        says("later-change-not-compared") && !reasons.iter().any(|one| severity(&one.code) == Severity::Fatal);
    if undecided && found.covers != Covers::Partial {
        return (Indication::Indeterminate, Some("FORMAT_FAILURE"));
    }
    if found.covers == Covers::Partial || changes == Changes::NotPermitted {
        return (Indication::TotalFailed, Some(crypto.failure.unwrap_or("FORMAT_FAILURE")));
    }
    let sub = match (crypto.intact, trust.sub) {
        (false, _) => Some(crypto.failure.unwrap_or("FORMAT_FAILURE")),
        (true, _) if says("later-change-not-of-a-copy") => Some("SIG_CONSTRAINTS_FAILURE"),
        // The value is somebody's; whose is not certain, and will not be later.
        (true, None | Some("TRY_LATER")) if says("signer-binding-missing") => Some("SIG_CONSTRAINTS_FAILURE"),
        // What two readers see differently is not clear, however whole it is.
        (true, None) if says("two-readings") => return (Indication::Indeterminate, Some("FORMAT_FAILURE")),
        (true, sub) => sub,
    };
    let main = match sub {
        None => Indication::TotalPassed,
        Some("FORMAT_FAILURE" | "HASH_FAILURE" | "SIG_CRYPTO_FAILURE" | "REVOKED" | "EXPIRED" | "NOT_YET_VALID") => {
            Indication::TotalFailed
        }
        Some(_) => Indication::Indeterminate,
    };
    (main, sub)
}

fn signer(certificate: &pki::Certificate) -> SignerReport {
    SignerReport {
        subject: certificate.subject(),
        organisation: certificate.organisation().map(|name| said::fact(&name)),
        serial: certificate.serial_hex(),
        issuer: certificate.issuer(),
        valid_from: time::rfc3339(certificate.not_before()),
        valid_to: time::rfc3339(certificate.not_after()),
    }
}

/// The number as it is shown: the file has chosen its words. It was compared before.
fn shown_number(number: EcopyFacts) -> EcopyFacts {
    EcopyFacts {
        book: said::name(&number.book),
        suffix: said::name(&number.suffix),
        unit_code: said::name(&number.unit_code),
        copy_id: said::name(&number.copy_id),
        ..number
    }
}

/// Gravest first, otherwise in the order found; each only once.
fn sort(reasons: &mut Vec<Reason>) {
    let mut kept: Vec<Reason> = Vec::new();
    for reason in reasons.drain(..) {
        if kept.len() < REASONS && !kept.contains(&reason) {
            kept.push(reason);
        }
    }
    kept.sort_by_key(|reason| severity(&reason.code));
    *reasons = kept;
}

fn checks(
    reasons: &[Reason],
    signatures: &[SignatureReport],
    kind: ReportKind,
    policy: &Policy<'_>,
    listed: bool,
) -> Vec<Check> {
    let ids = [
        CheckId::Integrity,
        CheckId::SignerCertificates,
        CheckId::Timestamps,
        CheckId::TrustService,
        CheckId::Register,
    ];
    let one = |id: CheckId| {
        let own: Vec<Reason> =
            reasons.iter().filter(|reason| explain(&reason.code).is_some_and(|row| row.check == id)).cloned().collect();
        let worst = own.iter().map(|reason| severity(&reason.code)).min();
        let result = match worst {
            Some(Severity::Fatal) => CheckResult::Fail,
            Some(Severity::Unknown) => CheckResult::Unknown,
            _ => quiet(id, signatures, kind, policy, listed),
        };
        Check { id, result, reasons: own }
    };
    ids.map(one).to_vec()
}

/// The result of a check that nothing speaks against.
fn quiet(
    id: CheckId,
    signatures: &[SignatureReport],
    kind: ReportKind,
    policy: &Policy<'_>,
    listed: bool,
) -> CheckResult {
    let people = || signatures.iter().filter(|one| one.kind == SignatureKind::Signature);
    let timed = people().all(|one| matches!(one.time_source, TimeSource::Timestamp | TimeSource::DocTimestamp));
    // Of a signature whose bytes were changed nobody knows what it said: nothing is confirmed about its signer.
    let sound =
        |one: &SignatureReport| one.integrity == Integrity::Intact && one.certificate_path == PathStatus::Trusted;
    let trusted = people().all(sound);
    match id {
        _ if signatures.is_empty() => CheckResult::NotChecked,
        CheckId::Integrity => CheckResult::Pass,
        CheckId::SignerCertificates if trusted => CheckResult::Pass,
        // R67: an anchor that the caller names is trusted by the caller; that it was licensed only a trusted list says.
        CheckId::TrustService if trusted && listed => CheckResult::Pass,
        CheckId::SignerCertificates | CheckId::TrustService => CheckResult::NotChecked,
        CheckId::Timestamps if timed => CheckResult::Pass,
        CheckId::Timestamps => CheckResult::NotChecked,
        CheckId::Register => {
            let active = policy.register.as_ref().is_some_and(|register| register.status == RegisterStatus::Active);
            if active && kind == ReportKind::CertifiedCopy { CheckResult::Pass } else { CheckResult::NotChecked }
        }
    }
}

/// What a report is put together from.
struct Parts {
    kind: ReportKind,
    reasons: Vec<Reason>,
    checks: Vec<Check>,
    signatures: Vec<SignatureReport>,
    revisions: Vec<RevisionReport>,
    number: Option<EcopyFacts>,
    evidence: Vec<Evidence>,
    limit: Control,
    sha256: [u8; 32],
    wanted: Vec<Wanted>,
}

impl Parts {
    fn new(kind: ReportKind) -> Parts {
        Parts {
            kind,
            reasons: Vec::new(),
            checks: Vec::new(),
            signatures: Vec::new(),
            revisions: Vec::new(),
            number: None,
            evidence: Vec::new(),
            limit: Control::endless(),
            sha256: [0; 32],
            wanted: Vec::new(),
        }
    }
}

fn finish(size: usize, name: &str, policy: &Policy<'_>, parts: Parts) -> Report {
    let Parts { kind, reasons, checks, signatures, revisions, number, evidence, limit, sha256, wanted } = parts;
    let verdict = match reasons.iter().map(|reason| severity(&reason.code)).min() {
        Some(Severity::Fatal) => Verdict::Invalid,
        Some(Severity::Unknown) => Verdict::Indeterminate,
        _ => Verdict::Valid,
    };
    let text = verdict.text();
    let (summary, action) = summary(verdict, kind, &reasons);
    let provable = if verdict == Verdict::Valid { graph::provable(&limit, policy.at) } else { None };
    Report {
        file: name.to_owned(),
        verdict,
        verdict_text: text.vi,
        verdict_text_en: text.en,
        kind,
        summary: summary.vi,
        action: action.vi,
        sha256: hex::encode(sha256),
        size: size as u64,
        reasons,
        checks,
        signatures,
        revisions,
        number,
        checked_at: time::rfc3339(policy.at),
        action_en: action.en,
        summary_en: summary.en,
        evidence,
        provable,
        wanted,
    }
}

fn summary(verdict: Verdict, kind: ReportKind, reasons: &[Reason]) -> (Text, Text) {
    let text = |vi: &str, en: &str| Text { vi: vi.to_owned(), en: en.to_owned() };
    let first = reasons.first();
    let says = |code: &str| reasons.iter().any(|reason| reason.code == code);
    match (verdict, first, kind) {
        // Anybody's two certificates can make this form: who may certify, and which numbers there are, only a register knows (R68).
        (Verdict::Valid, _, ReportKind::CertifiedCopy) if says(NOT_ASKED) => (
            text(
                "Hai chữ ký nguyên vẹn theo hình thức bản sao chứng thực, không có thay đổi trái phép; chưa đối chiếu sổ, nên chưa biết \
                 cơ quan ký có quyền chứng thực và số này có thật không.",
                "Two intact signatures in the form of a certified copy, and nothing was changed without permission; the register was not \
                 asked, so whether the signing agency may certify and whether the number exists is not known.",
            ),
            text(
                "Đối chiếu số chứng thực với sổ của cơ quan cấp trước khi tiếp nhận.",
                "Look the number up in the issuing agency's register before you accept it.",
            ),
        ),
        (Verdict::Valid, _, ReportKind::CertifiedCopy) => (
            text(
                "Bản sao chứng thực hợp lệ: hai chữ ký nguyên vẹn, đúng người ký, không có thay đổi trái phép.",
                "A valid certified copy: both signatures are intact and by the right signers; nothing was changed without permission.",
            ),
            text("Có thể tiếp nhận.", "You may accept it."),
        ),
        (Verdict::Valid, _, _) => (
            text(
                "Chữ ký số trên tệp hợp lệ; tệp không phải là bản sao chứng thực.",
                "The file's digital signature is valid; it is not a certified copy.",
            ),
            text("Có thể tiếp nhận như tệp đã ký số.", "You may accept it as a signed file."),
        ),
        (_, Some(reason), _) => {
            let action = explain(&reason.code)
                .map_or(text("Chuyển người có chuyên môn xem.", "Let an expert look at it."), |row| {
                    text(row.action_vi, row.action_en)
                });
            (reason.text.clone(), action)
        }
        (_, None, _) => (
            text("Chưa đủ thông tin để kết luận.", "There is not enough information."),
            text("Thử lại sau.", "Try again later."),
        ),
    }
}
