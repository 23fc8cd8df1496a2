//! Mirrors of batches of verifications, and of what a sealed copy is a copy of.

use domain::batch::*;
use domain::ids::*;
use domain::model::*;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::shape;
use crate::wire::{As, Hex, Id, Many, Opt, Time};

shape!(PaperItem => Paper, ExpectedItem => Expected, CandidateItem => Candidate, TallyItem => Tally, HolderItem => Holder);
shape!(BatchRow => Batch, ReferenceItem => Reference, BatchSourceItem => BatchSource, BatchPlanItem => BatchPlan);
shape!(AnswerItem => Answer, BatchItemRow => BatchItem);

#[derive(Deserialize, Serialize)]
#[serde(remote = "Paper")]
pub(crate) struct PaperItem {
    #[serde(with = "As::<Id>")]
    copy: CopyId,
    type_id: String,
    title: String,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Expected")]
pub(crate) struct ExpectedItem {
    title: Option<String>,
    type_id: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Candidate")]
pub(crate) struct CandidateItem {
    n: u32,
    #[serde(with = "As::<Id>")]
    copy: CopyId,
    fits: Vec<u16>,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Tally")]
pub(crate) struct TallyItem {
    valid: u32,
    invalid: u32,
    indeterminate: u32,
    unjudged: u32,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Holder")]
pub(crate) struct HolderItem {
    #[serde(with = "As::<Hex>")]
    run: [u8; 16],
    #[serde(with = "As::<Time>")]
    until: Timestamp,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Batch")]
pub(crate) struct BatchRow {
    #[serde(with = "As::<Id>")]
    id: BatchId,
    #[serde(with = "As::<Id>")]
    owner: UserId,
    #[serde(with = "As::<Time>")]
    at: Timestamp,
    #[serde(with = "As::<Time>")]
    until: Timestamp,
    #[serde(with = "As::<Opt<Time>>")]
    ended_at: Option<Timestamp>,
    total: u32,
    done: u32,
    #[serde(with = "As::<TallyItem>")]
    tally: Tally,
    #[serde(with = "As::<Many<ExpectedItem>>")]
    expected: Vec<Expected>,
    #[serde(with = "As::<Many<CandidateItem>>")]
    candidates: Vec<Candidate>,
    untitled: u32,
    #[serde(with = "As::<Opt<HolderItem>>")]
    holder: Option<Holder>,
    crashes: u8,
    faults: u8,
    version: Version,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Reference", rename_all = "snake_case")]
pub(crate) enum ReferenceItem {
    Upload(#[serde(with = "As::<Id>")] UploadId),
    Copy(#[serde(with = "As::<Id>")] CopyId),
    Link(#[serde(with = "As::<Hex>")] Sha256),
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "BatchSource", rename_all = "snake_case")]
pub(crate) enum BatchSourceItem {
    Archive(#[serde(with = "As::<Id>")] UploadId),
    List(#[serde(with = "As::<Many<ReferenceItem>>")] Vec<Reference>),
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "BatchPlan")]
pub(crate) struct BatchPlanItem {
    #[serde(with = "As::<Id>")]
    batch: BatchId,
    #[serde(with = "As::<BatchSourceItem>")]
    source: BatchSource,
    #[serde(with = "As::<Time>")]
    until: Timestamp,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Answer", rename_all = "snake_case")]
pub(crate) enum AnswerItem {
    Valid,
    Invalid,
    Indeterminate,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "BatchItem")]
pub(crate) struct BatchItemRow {
    #[serde(with = "As::<Id>")]
    batch: BatchId,
    n: u32,
    name: String,
    #[serde(with = "As::<Opt<AnswerItem>>")]
    answer: Option<Answer>,
    /// The item's own `kind` is another thing.
    #[serde(rename = "file_kind")]
    kind: Option<String>,
    #[serde(with = "As::<Opt<Hex>>")]
    sha256: Option<Sha256>,
    problem: Option<String>,
    #[serde(with = "As::<Opt<Id>>")]
    verification: Option<VerificationId>,
    #[serde(with = "As::<Opt<Id>>")]
    copy: Option<CopyId>,
    number_text: Option<String>,
    #[serde(with = "As::<Opt<PaperItem>>")]
    paper: Option<Paper>,
    #[serde(with = "As::<Time>")]
    at: Timestamp,
    #[serde(with = "As::<Time>")]
    until: Timestamp,
}
