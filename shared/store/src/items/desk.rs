//! Mirrors of what the desk keeps: offices, people, visits, uploads, dossiers.
//!
//! A mirror is compared with the domain type by the compiler (`#[serde(remote)]`): a field that is added there does not
//! compile here until somebody has decided how it is stored.

use domain::ids::*;
use domain::model::*;
use domain::series::{Series, Written};
use domain::title::Title;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::shape;
use crate::wire::{As, Bin, Day, Forms, Hex, Id, Lines, Many, Opt, Pair, Time};

shape!(SeriesItem => Series, MandateItem => Mandate, UnitItem => Unit, CredentialItem => Credential, RightItem => Right, UserItem => User);
shape!(OriginalItem => Original, AppointmentStatusItem => AppointmentStatus, AppointmentItem => Appointment);
shape!(SlotItem => Slot, UploadStateItem => UploadState, UploadItem => Upload);
shape!(RequesterItem => Requester, FeeItem => Fee, CaseStatusItem => CaseStatus, CaseItem => Case);

#[derive(Deserialize, Serialize)]
#[serde(remote = "Unit")]
pub(crate) struct UnitItem {
    #[serde(with = "As::<Id>")]
    id: UnitId,
    code: String,
    name: String,
    short_name: String,
    address: String,
    place: String,
    province: String,
    enabled: bool,
    /// Renamed in the domain, where what holds on a day is asked for.
    #[serde(rename = "series_suffix")]
    first_suffix: String,
    #[serde(rename = "book")]
    first_book: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "As::<Many<Pair<Day, SeriesItem>>>")]
    later_series: Vec<(Date, Series)>,
    slot_capacity: u32,
    #[serde(with = "As::<Many<Bin>>")]
    seal_chain: Vec<Vec<u8>>,
    #[serde(with = "As::<Many<Id>>")]
    leaders: Vec<UserId>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "As::<Opt<Hex>>")]
    seal_picture: Option<Sha256>,
    #[serde(flatten, with = "ChangedItem")]
    changed: Changed,
}

/// What was stored before changes were counted has none of the three.
#[derive(Deserialize, Serialize)]
#[serde(remote = "Changed")]
pub(crate) struct ChangedItem {
    #[serde(default)]
    version: Version,
    #[serde(rename = "changed_by", default, skip_serializing_if = "Option::is_none", with = "As::<Opt<Id>>")]
    by: Option<UserId>,
    #[serde(rename = "changed_at", default, skip_serializing_if = "Option::is_none", with = "As::<Opt<Time>>")]
    at: Option<Timestamp>,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Series")]
pub(crate) struct SeriesItem {
    suffix: String,
    book: String,
    #[serde(with = "As::<Forms>")]
    written: Written,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Mandate")]
pub(crate) struct MandateItem {
    #[serde(with = "As::<Lines>")]
    title: Title,
    #[serde(with = "As::<Opt<Day>>")]
    from: Option<Date>,
    #[serde(with = "As::<Opt<Day>>")]
    until: Option<Date>,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Right", rename_all = "snake_case")]
pub(crate) enum RightItem {
    Create,
    Sign,
    Seal,
    Portal,
    Verify,
    AdminUnit,
    AdminTop,
    Operate,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Credential")]
pub(crate) struct CredentialItem {
    id: String,
    #[serde(with = "As::<Many<Bin>>")]
    chain: Vec<Vec<u8>>,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "User")]
pub(crate) struct UserItem {
    #[serde(with = "As::<Id>")]
    id: UserId,
    name: String,
    /// People that were stored before mandates were kept have none.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "As::<Opt<MandateItem>>")]
    mandate: Option<Mandate>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "As::<Opt<Hex>>")]
    signature_picture: Option<Sha256>,
    active: bool,
    #[serde(with = "As::<Many<Pair<RightItem, Opt<Id>>>>")]
    grants: Vec<(Right, Option<UnitId>)>,
    phone: Option<String>,
    #[serde(with = "As::<Opt<CredentialItem>>")]
    credential: Option<Credential>,
    #[serde(with = "As::<Opt<Id>>")]
    account: Option<AccountId>,
    #[serde(flatten, with = "ChangedItem")]
    changed: Changed,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Original")]
pub(crate) struct OriginalItem {
    type_id: String,
    title: String,
    issuer: Option<String>,
    number: Option<String>,
    pages: u32,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "AppointmentStatus", rename_all = "snake_case")]
pub(crate) enum AppointmentStatusItem {
    Booked,
    Used,
    Cancelled,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Appointment")]
pub(crate) struct AppointmentItem {
    #[serde(with = "As::<Id>")]
    id: AppointmentId,
    code: String,
    #[serde(with = "As::<Id>")]
    unit: UnitId,
    #[serde(with = "As::<Time>")]
    start: Timestamp,
    #[serde(with = "As::<Id>")]
    account: AccountId,
    #[serde(with = "As::<Many<OriginalItem>>")]
    originals: Vec<Original>,
    note: Option<String>,
    #[serde(with = "As::<AppointmentStatusItem>")]
    status: AppointmentStatus,
    #[serde(with = "As::<Id>")]
    booked_by: UserId,
    #[serde(with = "As::<Id>")]
    changed_by: UserId,
    #[serde(with = "As::<Time>")]
    changed_at: Timestamp,
    version: Version,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Slot")]
pub(crate) struct SlotItem {
    #[serde(with = "As::<Id>")]
    unit: UnitId,
    #[serde(with = "As::<Time>")]
    start: Timestamp,
    taken: u32,
    version: Version,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "UploadState", rename_all = "snake_case")]
pub(crate) enum UploadStateItem {
    Open,
    Ready {
        pages: u32,
        warnings: Vec<String>,
    },
    Used {
        #[serde(with = "As::<Id>")]
        copy: CopyId,
        pages: u32,
    },
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Upload")]
pub(crate) struct UploadItem {
    #[serde(with = "As::<Id>")]
    id: UploadId,
    #[serde(with = "As::<Id>")]
    owner: UserId,
    filename: String,
    content_type: String,
    size: u64,
    #[serde(with = "As::<Hex>")]
    sha256: Sha256,
    #[serde(with = "As::<UploadStateItem>")]
    state: UploadState,
    version: Version,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Requester")]
pub(crate) struct RequesterItem {
    kind: String,
    name: String,
    id_type: String,
    id_number: String,
    phone: Option<String>,
    email: Option<String>,
    #[serde(with = "As::<Opt<Id>>")]
    account: Option<AccountId>,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Fee")]
pub(crate) struct FeeItem {
    receipt_no: String,
    amount_vnd: u64,
    #[serde(with = "As::<Time>")]
    paid_at: Timestamp,
    waived_reason: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "CaseStatus", rename_all = "snake_case")]
pub(crate) enum CaseStatusItem {
    Received,
    Submitted,
    Returned,
    Refused,
    Cancelled,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Case")]
pub(crate) struct CaseItem {
    #[serde(with = "As::<Id>")]
    id: CaseId,
    code: String,
    #[serde(with = "As::<Id>")]
    unit: UnitId,
    #[serde(with = "As::<RequesterItem>")]
    requester: Requester,
    basis: String,
    #[serde(with = "As::<Opt<Id>>")]
    appointment: Option<AppointmentId>,
    #[serde(with = "As::<Id>")]
    clerk: UserId,
    #[serde(with = "As::<Time>")]
    received_at: Timestamp,
    #[serde(with = "As::<Time>")]
    due_at: Timestamp,
    due_rule: String,
    checklist: Option<Vec<(String, bool)>>,
    #[serde(with = "As::<Many<Id>>")]
    copies: Vec<CopyId>,
    #[serde(with = "As::<Opt<FeeItem>>")]
    fee: Option<Fee>,
    #[serde(with = "As::<CaseStatusItem>")]
    status: CaseStatus,
    #[serde(with = "As::<Opt<Id>>")]
    leader: Option<UserId>,
    #[serde(with = "As::<Id>")]
    changed_by: UserId,
    #[serde(with = "As::<Time>")]
    changed_at: Timestamp,
    version: Version,
}
