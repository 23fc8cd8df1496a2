//! PAdES signatures in PDF files (ETSI EN 319 142-1): prepare, embed, archive, judge.
//!
//! What this crate does NOT do: it fetches nothing (time-stamps, OCSP, CRL and missing X.509 certificates come in as bytes), holds no
//! key, reads no clock and draws no random bytes. It does not repair files: what the strict reader of `pdf` refuses has no verdict
//! but "unreadable". It does not compose pages: what a signature shows comes in as a finished content stream.
//!
//! Three faces: **making** ([`prepare`], [`finish`], [`prepare_archive`]) is deterministic; **judging** ([`judge`]) ends in a
//! [`Report`] for any bytes; the **guarded door** ([`verify_signature`], [`verify_archive`]) gives a value that only this crate can make.

mod archive;
mod changes;
mod door;
mod error;
mod evidence;
mod held;
mod judge;
mod make;
mod plan;
mod policy;
mod reasons;
mod report;
mod reserve;
mod said;
mod subject;
mod wanted;

pub use archive::{LongTerm, Material, add_material, prepare_archive, prepare_archive_revision};
pub use door::{
    Beginning, Expected, ExpectedArchive, Rejection, Verified, VerifiedArchive, recheck_archive, recheck_signature,
    verify_archive, verify_signature,
};
pub use error::Error;
pub use evidence::{Chain, ChainPurpose, evidence_wanted, signer_named};
pub use held::{HEAD, Held, Midstate, freeze};
pub use judge::file::File;
pub use judge::{fields_stand_free, judge, judge_afresh, judge_listed, judge_source, refuse, refuse_source, verdict};
pub use make::{
    Signed, embed, embed_revision, field_size, finish, finish_revision, prepare, prepare_revision, signed_digest,
    timestamp_imprint,
};
pub use pdf::{Source, Unread};
pub use pki::is_deceptive;
pub use plan::{Appearance, EcopyFacts, LEADER_FIELD, Pixels, Prepared, Revision, SEAL_FIELD, SignaturePlan};
pub use policy::{Policy, Profile, RegisterFacts, RegisterStatus};
pub use reasons::{Explanation, Owner, Severity, explain, explanations, rule};
pub use report::{
    Changes, Check, CheckId, CheckResult, Covers, Evidence, EvidenceKind, Indication, Integrity, Judgement, Level,
    Origin, PathStatus, Provable, Reason, Report, ReportKind, RevisionReport, Revocation, Role, SignatureKind,
    SignatureReport, SignerReport, Text, TimeSource, Verdict,
};
pub use reserve::{TOKEN_ROOM, room_for};
pub use said::{cleaned, quoted};
pub use subject::attribute;
pub use wanted::{Wanted, is_web};
