//! The report of a verification: contract.md §2's shape, plus `checks[]` and the texts of api.md §2.4 (decision 28).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::plan::EcopyFacts;
use crate::reasons;
use crate::said::Words;
use crate::wanted::Wanted;

/// The answer. "Cannot tell" is never "valid" (decision 20).
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// HỢP LỆ.
    Valid,
    /// KHÔNG HỢP LỆ.
    Invalid,
    /// CHƯA ĐỦ THÔNG TIN.
    Indeterminate,
}

impl Verdict {
    /// The words for people (R69).
    pub fn text(self) -> Text {
        let (vi, en) = match self {
            Verdict::Valid => ("HỢP LỆ", "VALID"),
            Verdict::Invalid => ("KHÔNG HỢP LỆ", "NOT VALID"),
            Verdict::Indeterminate => ("CHƯA ĐỦ THÔNG TIN", "CANNOT BE TOLD"),
        };
        Text { vi: vi.to_owned(), en: en.to_owned() }
    }
}

/// What the file is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportKind {
    /// A certified electronic copy: leader's signature and agency seal.
    CertifiedCopy,
    /// Another signed PDF.
    SignedPdf,
    /// A PDF without signatures.
    Unsigned,
    /// Not a PDF, broken, encrypted, or beyond a limit.
    Unreadable,
}

/// Signature or document time-stamp.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignatureKind {
    /// A person's or an organisation's signature.
    Signature,
    /// A document time-stamp (ETSI EN 319 142-1 §5.4.3).
    DocTimestamp,
}

/// The part a signature plays in a certified copy.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The leader who attests.
    Leader,
    /// The agency's seal.
    Seal,
    /// A time-stamp over the file.
    Timestamp,
    /// None of these.
    Other,
}

/// Whether the signed bytes and the signature value agree.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Integrity {
    /// They agree.
    Intact,
    /// They do not, or it cannot be shown that they do.
    Broken,
}

/// What the byte range covers.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Covers {
    /// All of the file but `/Contents`.
    WholeFile,
    /// All of a revision but `/Contents`.
    WholeRevision,
    /// Something else: a finding.
    Partial,
}

/// What was changed after the signature, from nothing to the gravest.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Changes {
    /// Nothing.
    None,
    /// Only what the permissions in force allow.
    Permitted,
    /// Something that they do not allow or that nobody can explain.
    NotPermitted,
}

/// Main indication of ETSI EN 319 102-1 §5.1.3.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub enum Indication {
    /// TOTAL-PASSED.
    #[serde(rename = "TOTAL-PASSED")]
    TotalPassed,
    /// TOTAL-FAILED.
    #[serde(rename = "TOTAL-FAILED")]
    TotalFailed,
    /// INDETERMINATE.
    #[serde(rename = "INDETERMINATE")]
    Indeterminate,
}

/// PAdES baseline level that the file shows for a signature.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
pub enum Level {
    /// Not a PAdES baseline signature.
    #[serde(rename = "none")]
    None,
    /// Signature only.
    #[serde(rename = "B-B")]
    BB,
    /// With a trusted time.
    #[serde(rename = "B-T")]
    BT,
    /// With the material to judge it later.
    #[serde(rename = "B-LT")]
    BLT,
    /// With that material time-stamped.
    #[serde(rename = "B-LTA")]
    BLTA,
}

/// Result of path building and RFC 5280 validation.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PathStatus {
    /// Ends in a configured anchor and keeps every rule at the time of signing.
    Trusted,
    /// Complete, but its root is not configured.
    Untrusted,
    /// An issuer is missing.
    Incomplete,
    /// A rule is broken.
    Invalid,
}

/// Result of the revocation check at the time of signing.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Revocation {
    /// Not revoked.
    Good,
    /// Revoked before or at the time of signing.
    Revoked,
    /// No evidence tells.
    Unknown,
    /// Not asked because there is no trusted path.
    NotChecked,
}

/// Where the time of signing comes from.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeSource {
    /// A time-stamp on the signature value.
    Timestamp,
    /// A document time-stamp that covers the signature: it existed then at the latest.
    DocTimestamp,
    /// The signer's own clock (`/M` or signing-time): no proof.
    Claimed,
    /// No time at all.
    None,
}

/// A sentence in two languages, Vietnamese first.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Text {
    /// Vietnamese.
    pub vi: String,
    /// English.
    pub en: String,
}

/// One reason, from the catalogue in `reasons.rs`.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// Stable code.
    pub code: String,
    /// The sentence, parameters filled in.
    pub text: Text,
    /// Facts: field, object, page, offsets.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub params: BTreeMap<String, String>,
}

impl Reason {
    /// A reason without facts.
    pub fn new(code: &str) -> Self {
        Self::with(code, &[])
    }

    /// A reason with facts that fill the `{name}` places of its sentence.
    pub fn with(code: &str, params: &[(&str, String)]) -> Self {
        let facts: Vec<(&str, Words)> =
            params.iter().map(|(name, value)| (*name, Words::same(value.as_str()))).collect();
        reasons::reason(code, &facts)
    }

    /// As [`Reason::with`] where a fact has its own words in each language. `params` holds the Vietnamese ones under the name, the
    /// English ones under the name with `_en`.
    pub(crate) fn told(code: &str, facts: &[(&str, Words)]) -> Self {
        reasons::reason(code, facts)
    }

    /// About a signature, with a detail.
    pub(crate) fn of(code: &str, field: &str, detail: Words) -> Self {
        reasons::reason(code, &[("field", Words::same(field)), ("detail", detail)])
    }
}

/// The four outputs of the seed, and the fifth (R64–R68).
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckId {
    /// Nothing was changed (R64).
    Integrity,
    /// Both signers' X.509 certificates were good when they signed (R65).
    SignerCertificates,
    /// Time-stamps (R66).
    Timestamps,
    /// The organisation that issued the X.509 certificates is trusted (R67).
    TrustService,
    /// Number, order, agency, register (R68).
    Register,
}

/// Result of one check.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckResult {
    /// In order.
    Pass,
    /// Not in order.
    Fail,
    /// Not asked.
    NotChecked,
    /// Asked, no answer.
    Unknown,
}

/// One of the five checks.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// Which.
    pub id: CheckId,
    /// Its result.
    pub result: CheckResult,
    /// Why.
    pub reasons: Vec<Reason>,
}

/// Who signed, as the X.509 certificate says.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct SignerReport {
    /// Subject, RFC 4514 order of the structure.
    pub subject: String,
    /// organizationName, when there is one.
    pub organisation: Option<String>,
    /// Serial number in hexadecimal.
    pub serial: String,
    /// Issuer.
    pub issuer: String,
    /// Start of validity, RFC 3339.
    pub valid_from: String,
    /// End of validity, RFC 3339.
    pub valid_to: String,
}

/// One signature or document time-stamp.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct SignatureReport {
    /// Fully qualified field name.
    pub field: String,
    /// Signature or time-stamp.
    pub kind: SignatureKind,
    /// Its part.
    pub role: Role,
    /// Digest, signature value, container.
    pub integrity: Integrity,
    /// Coverage.
    pub covers: Covers,
    /// Later changes.
    pub changes_after: Changes,
    /// ETSI main indication.
    pub indication: Indication,
    /// ETSI sub-indication.
    pub sub_indication: Option<String>,
    /// PAdES level.
    pub level: Level,
    /// Path.
    pub certificate_path: PathStatus,
    /// Revocation.
    pub revocation: Revocation,
    /// Best known time of signing, RFC 3339 at +07:00.
    pub signed_at: Option<String>,
    /// Where that time comes from.
    pub time_source: TimeSource,
    /// The signer, when the X.509 certificate could be read.
    pub signer: Option<SignerReport>,
    /// `/Reason` of the signature dictionary.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
    /// Number of the revision that it covers, from 1.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub revision: Option<usize>,
    /// What speaks about this signature.
    pub reasons: Vec<Reason>,
}

/// What is to be thought of a later revision, from nothing to the gravest.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Judgement {
    /// Every signature before it permits what it changed.
    Allowed,
    /// ISO 32000 permits it, the rule of a certified copy does not.
    NotOfACopy,
    /// What it changed cannot be told to the end, so nothing permits it.
    Unclear,
    /// Some signature before it does not permit it.
    NotAllowed,
}

/// One revision behind a signature (api.md §2.4). Shows no picture of what changed.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct RevisionReport {
    /// Its number, from 1.
    pub n: usize,
    /// Number, from 1, of the newest of [`Report::signatures`] that covers an earlier revision.
    pub after_signature: usize,
    /// The judgement.
    pub judgement: Judgement,
    /// The pages that it is about, from 1, as they are numbered in this revision (pages that went: before it); the first 64. Of what is
    /// allowed those where it shows: signatures, fields, notes. Empty where it belongs to no page, or to none that is known.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub pages_changed: Vec<usize>,
    /// How many pages more it is about.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub further_pages: usize,
    /// The same in a sentence.
    pub text: Text,
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// The report of one file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Name as given by the caller.
    pub file: String,
    /// The answer.
    pub verdict: Verdict,
    /// The answer in Vietnamese words.
    pub verdict_text: String,
    /// The answer in English words.
    pub verdict_text_en: String,
    /// What the file is.
    pub kind: ReportKind,
    /// One sentence in Vietnamese.
    pub summary: String,
    /// What to do, in Vietnamese.
    pub action: String,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
    /// Bytes.
    pub size: u64,
    /// Every reason, gravest first.
    pub reasons: Vec<Reason>,
    /// The five checks.
    pub checks: Vec<Check>,
    /// Signatures in the order of their revisions.
    pub signatures: Vec<SignatureReport>,
    /// What was written behind a signature, revision by revision.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub revisions: Vec<RevisionReport>,
    /// The number, for a certified copy that carries one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub number: Option<EcopyFacts>,
    /// The instant that was assumed, RFC 3339.
    pub checked_at: String,
    /// What to do, in English.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub action_en: String,
    /// One sentence in English.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub summary_en: String,
    /// Everything that was relied on, each with the earliest proof that it existed: with these bytes the answer can be found again.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub evidence: Vec<Evidence>,
    /// Until when the same file gives the same answer. Only where the answer is "valid" and something ends.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub provable: Option<Provable>,
    /// What would have told more: for whoever can ask and judge again. No part of the report as it is shown or kept.
    #[serde(skip)]
    pub wanted: Vec<Wanted>,
}

/// What a piece of evidence is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceKind {
    /// CMS structure of a signature.
    Signature,
    /// Token of a time-stamp.
    Timestamp,
    /// X.509 certificate.
    Certificate,
    /// OCSP response.
    Ocsp,
    /// CRL.
    Crl,
}

/// Where a piece of evidence was found that is not in the file.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Whoever judged has brought it: it was fetched from the CA.
    Fetched,
}

/// One node of the graph of proofs (ETSI EN 319 102-1 §5.6.2).
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// What it is.
    pub kind: EvidenceKind,
    /// SHA-256 of its DER, hexadecimal.
    pub sha256: String,
    /// Subject of an X.509 certificate; field of a signature or time-stamp.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub about: String,
    /// Fields whose judgement rests on it.
    pub used_for: Vec<String>,
    /// Time that it tells itself (time-stamps), RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub time: Option<String>,
    /// It existed at this time at the latest, RFC 3339; missing: it exists now, and nothing more is proven.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub proven_at: Option<String>,
    /// Field of the time-stamp that proves it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub proven_by: Option<String>,
    /// Of an OCSP response or a CRL: where it comes from, when that is not the file.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub origin: Option<Origin>,
}

/// Until when a verdict stays provable, and what to do before.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Provable {
    /// Last instant, RFC 3339.
    pub until: String,
    /// When a further document time-stamp should be there, RFC 3339.
    pub renew_by: String,
    /// What ends then.
    pub because: Text,
}

impl Report {
    /// The object of contract.md §2.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or(serde_json::Value::Null)
    }
}
