//! Mirrors of a copy, its states, and of signing sessions.

use domain::breaker::Breaker;
use domain::copy::CopyState;
use domain::ids::*;
use domain::model::*;
use domain::pause::Unwanted;
use domain::title::Title;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::shape;
use crate::wire::{As, Bin, Day, Hex, Id, Lines, Many, Opt, Pair, Time};

shape!(MidstateItem => Midstate, StoredItem => Stored, PlacementItem => Placement, AttestationItem => Attestation, NumberItem => Number);
shape!(PreparedItem => PreparedRevision, CopyStateItem => CopyState, LookItem => Look, CopyItem => Copy);
shape!(AnnulmentDecisionItem => AnnulmentDecision, AnnulmentItem => Annulment);
shape!(PurposeItem => Purpose, SessionStateItem => SessionState, SessionPartItem => SessionItem, SessionRow => Session, PromptRow => Prompt);
shape!(ShapeItem => Shape, LateAnswerItem => LateAnswer, DeliveredRow => Delivered, UnwantedRow => Unwanted, BreakerRow => Breaker);

#[derive(Deserialize, Serialize)]
#[serde(remote = "Stored")]
pub(crate) struct StoredItem {
    path: String,
    #[serde(with = "As::<Hex>")]
    sha256: Sha256,
    size: u64,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "As::<Opt<MidstateItem>>")]
    midstate: Option<Midstate>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Midstate")]
pub(crate) struct MidstateItem {
    at: u64,
    #[serde(with = "As::<Hex>")]
    words: Sha256,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Placement", rename_all = "snake_case")]
pub(crate) enum PlacementItem {
    Auto,
    At { page: u32, x: f32, y: f32, w: f32, h: f32 },
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Attestation")]
pub(crate) struct AttestationItem {
    template_id: String,
    #[serde(with = "As::<PlacementItem>")]
    placement: Placement,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Number")]
pub(crate) struct NumberItem {
    number: u32,
    book: String,
    year: i16,
    suffix: String,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "PreparedRevision")]
pub(crate) struct PreparedItem {
    // `file`, of earlier versions, held the whole file. That is no revision behind the base, so whoever meets one prepares anew.
    #[serde(alias = "file", with = "As::<StoredItem>")]
    tail: Stored,
    contents_start: u64,
    contents_end: u64,
    #[serde(with = "As::<Bin>")]
    signed_attributes: Vec<u8>,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "AnnulmentDecision")]
pub(crate) struct AnnulmentDecisionItem {
    number: String,
    #[serde(with = "As::<Day>")]
    date: Date,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Annulment")]
pub(crate) struct AnnulmentItem {
    #[serde(with = "As::<AnnulmentDecisionItem>")]
    decision: AnnulmentDecision,
    reason: String,
}

/// What nobody wrote down may have been.
fn unknown_is_used() -> bool {
    true
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "CopyState", rename_all = "snake_case")]
pub(crate) enum CopyStateItem {
    Draft,
    Submitted {
        #[serde(with = "As::<StoredItem>")]
        base: Stored,
    },
    AwaitingSignature {
        #[serde(with = "As::<StoredItem>")]
        base: Stored,
        #[serde(with = "As::<Id>")]
        session: SessionId,
    },
    Signed {
        #[serde(with = "As::<StoredItem>")]
        signed: Stored,
        #[serde(with = "As::<Time>")]
        signed_at: Timestamp,
    },
    SealRequested {
        #[serde(with = "As::<StoredItem>")]
        signed: Stored,
        #[serde(with = "As::<Time>")]
        signed_at: Timestamp,
        #[serde(with = "As::<Id>")]
        session: SessionId,
        #[serde(with = "As::<Time>")]
        decided_at: Timestamp,
    },
    Numbered {
        #[serde(with = "As::<StoredItem>")]
        signed: Stored,
        #[serde(with = "As::<Time>")]
        signed_at: Timestamp,
        #[serde(with = "As::<Id>")]
        session: SessionId,
        #[serde(with = "As::<Time>")]
        decided_at: Timestamp,
        #[serde(with = "As::<NumberItem>")]
        number: Number,
        #[serde(with = "As::<Opt<Pair<PreparedItem, Bin>>>")]
        prepared: Option<(PreparedRevision, Vec<u8>)>,
        /// Absent in what was written before it was kept: then nobody knows, and it is as if.
        #[serde(default = "unknown_is_used")]
        key_used: bool,
    },
    Sealed {
        #[serde(with = "As::<NumberItem>")]
        number: Number,
        #[serde(with = "As::<StoredItem>")]
        sealed: Stored,
        #[serde(with = "As::<Time>")]
        sealed_at: Timestamp,
        #[serde(with = "As::<Id>")]
        session: SessionId,
        #[serde(with = "As::<Opt<StoredItem>>")]
        archived: Option<Stored>,
        /// Copies that were archived before renewals were counted have none.
        #[serde(default, skip_serializing_if = "is_zero")]
        renewals: u32,
    },
    Annulled {
        #[serde(with = "As::<NumberItem>")]
        number: Number,
        #[serde(with = "As::<StoredItem>")]
        file: Stored,
        #[serde(with = "As::<Time>")]
        at: Timestamp,
        /// Copies that were annulled before decisions were kept have none.
        #[serde(default, with = "As::<Opt<AnnulmentItem>>")]
        annulment: Option<Annulment>,
    },
    Void {
        #[serde(with = "As::<NumberItem>")]
        number: Number,
        #[serde(with = "As::<Id>")]
        by: UserId,
        reason: String,
    },
    Cancelled,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Look")]
pub(crate) struct LookItem {
    name: String,
    #[serde(with = "As::<Lines>")]
    title: Title,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "As::<Opt<Hex>>")]
    signature_picture: Option<Sha256>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "As::<Opt<Hex>>")]
    seal_picture: Option<Sha256>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unit_name: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Copy")]
pub(crate) struct CopyItem {
    #[serde(with = "As::<Id>")]
    id: CopyId,
    #[serde(with = "As::<Id>")]
    case: CaseId,
    #[serde(with = "As::<Id>")]
    unit: UnitId,
    type_id: String,
    title: String,
    issuer: Option<String>,
    original_number: Option<String>,
    pages: u32,
    #[serde(with = "As::<Many<Id>>")]
    uploads: Vec<UploadId>,
    #[serde(with = "As::<Opt<AttestationItem>>")]
    attestation: Option<Attestation>,
    #[serde(with = "As::<Opt<Id>>")]
    leader: Option<UserId>,
    /// Copies that were submitted before looks were kept have none.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "As::<Opt<LookItem>>")]
    look: Option<Look>,
    #[serde(with = "As::<Opt<Pair<Hex, Time>>>")]
    opened: Option<(Sha256, Timestamp)>,
    /// Nearly every copy has none.
    #[serde(default, skip_serializing_if = "is_zero")]
    token_length: u32,
    #[serde(with = "As::<CopyStateItem>")]
    state: CopyState,
    #[serde(with = "As::<Time>")]
    since: Timestamp,
    #[serde(with = "As::<Time>")]
    due_at: Timestamp,
    #[serde(with = "As::<Id>")]
    changed_by: UserId,
    #[serde(with = "As::<Time>")]
    changed_at: Timestamp,
    version: Version,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Purpose", rename_all = "snake_case")]
pub(crate) enum PurposeItem {
    LeaderSign,
    Seal,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "SessionState", rename_all = "snake_case")]
pub(crate) enum SessionStateItem {
    Sending,
    Waiting,
    Checking,
    Timestamping,
    Done,
    Failed,
    Expired,
    Cancelling,
    Cancelled,
    Superseded,
    Unknown,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Prompt")]
pub(crate) struct PromptRow {
    #[serde(with = "As::<Id>")]
    user: UserId,
    #[serde(with = "As::<Id>")]
    session: SessionId,
    #[serde(with = "As::<Time>")]
    until: Timestamp,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "SessionItem")]
pub(crate) struct SessionPartItem {
    #[serde(with = "As::<Id>")]
    copy: CopyId,
    #[serde(with = "As::<Opt<PreparedItem>>")]
    prepared: Option<PreparedRevision>,
    #[serde(with = "As::<Opt<Bin>>")]
    signature: Option<Vec<u8>>,
    done: bool,
    problem: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Session")]
pub(crate) struct SessionRow {
    #[serde(with = "As::<Id>")]
    id: SessionId,
    #[serde(with = "As::<PurposeItem>")]
    purpose: Purpose,
    method: String,
    /// Sessions of before there were several have none.
    #[serde(default, with = "As::<ShapeItem>")]
    shape: Shape,
    #[serde(with = "As::<Id>")]
    user: UserId,
    #[serde(with = "As::<Id>")]
    unit: UnitId,
    #[serde(with = "As::<Many<SessionPartItem>>")]
    items: Vec<SessionItem>,
    #[serde(with = "As::<SessionStateItem>")]
    state: SessionState,
    verification_code: String,
    display_text: String,
    handle: Option<String>,
    #[serde(with = "As::<Time>")]
    created_at: Timestamp,
    #[serde(with = "As::<Time>")]
    expires_at: Timestamp,
    /// Sessions of which nothing came late have none.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "As::<Opt<LateAnswerItem>>")]
    late: Option<LateAnswer>,
    version: Version,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Shape", rename_all = "snake_case")]
pub(crate) enum ShapeItem {
    Raw,
    Cms,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "LateAnswer", rename_all = "snake_case")]
pub(crate) enum LateAnswerItem {
    Consented,
    Signed,
    Wrong,
    Refused(String),
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Breaker")]
pub(crate) struct BreakerRow {
    gateway: String,
    failures: u32,
    #[serde(with = "As::<Time>")]
    failed_at: Timestamp,
    #[serde(with = "As::<Opt<Time>>")]
    rests_until: Option<Timestamp>,
    version: Version,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Unwanted")]
pub(crate) struct UnwantedRow {
    #[serde(with = "As::<Id>")]
    user: UserId,
    #[serde(with = "As::<Many<Time>>")]
    at: Vec<Timestamp>,
    version: Version,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Delivered")]
pub(crate) struct DeliveredRow {
    #[serde(with = "As::<Hex>")]
    id: Sha256,
    #[serde(with = "As::<Time>")]
    until: Timestamp,
}
