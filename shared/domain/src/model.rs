//! What the office keeps: plain facts without behaviour. The rules are in [`crate::copy`], [`crate::casefile`] and
//! [`crate::register`]. Nothing here is a wire or table format: `api` and `store` have their own.

mod changed;
mod kept;
mod look;
mod signing;
mod work;

pub use changed::Changed;
use jiff::Timestamp;
use jiff::civil::Date;
pub use kept::{KeptReport, KeptVerdict, Watch, Watcher};
pub use look::{Look, Mandate};
pub use pades::Midstate;
pub use signing::{
    Delivered, LateAnswer, PreparedRevision, Prompt, Purpose, Session, SessionItem, SessionState, Shape,
};
pub use work::{Learned, Outbox, PutOff, Topic, WaitsFor};

use crate::ids::*;
use crate::series::{Series, Written};

/// The SHA-256 of some bytes.
pub type Sha256 = [u8; 32];

/// Swap token of a stored entity: the number of commits it has seen. 0 means "not stored yet".
pub type Version = u64;

/// An office that attests copies (UBND xã, Phòng Tư pháp, …).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unit {
    /// Our identifier.
    pub id: UnitId,
    /// Identifier in the national catalogue, e.g. `000.00.01.H54`.
    pub code: String,
    /// Full legal name, e.g. `Ủy ban nhân dân xã Mẫu`.
    pub name: String,
    /// Short name for case codes, e.g. `MAU`.
    pub short_name: String,
    /// Postal address.
    pub address: String,
    /// Place in the wording's date line, e.g. `Xã Mẫu`.
    pub place: String,
    /// Province.
    pub province: String,
    /// Whether the unit may take cases.
    pub enabled: bool,
    /// Suffix of its electronic series, e.g. `SCT/BS`, until [`Unit::later_series`] says otherwise; [`Unit::series_on`] knows.
    pub first_suffix: String,
    /// The open book of that series, e.g. `01`.
    pub first_book: String,
    /// How it numbers from a day on, in the order of the days. Rows are added and never changed (decision 18).
    pub later_series: Vec<(Date, Series)>,
    /// Visits that one slot of 30 minutes takes.
    pub slot_capacity: u32,
    /// The agency's signing certificate and its issuers, DER, leaf first. Empty: the unit cannot seal.
    pub seal_chain: Vec<Vec<u8>>,
    /// Leaders who may sign here, first is the default.
    pub leaders: Vec<UserId>,
    /// Digest of the picture of its seal; [`crate::paths::seal_picture`] says where it lies.
    pub seal_picture: Option<Sha256>,
    /// Its last change.
    pub changed: Changed,
}

/// What somebody may do in a unit (quyền).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Right {
    /// Receive cases, scan, submit (tiếp nhận hồ sơ, tạo bản sao).
    Create,
    /// Sign as the competent person (ký số).
    Sign,
    /// Number and seal (đóng dấu, cấp số).
    Seal,
    /// Book, follow and read for citizens: the national portal.
    Portal,
    /// Check copies for a ministry.
    Verify,
    /// Administer users of a unit.
    AdminUnit,
    /// Administer users of a ministry or province.
    AdminTop,
    /// Operate the system.
    Operate,
}

/// A person or system that acts.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct User {
    /// Our identifier; the `sub` of its tokens.
    pub id: UserId,
    /// Full name.
    pub name: String,
    /// As what a leader signs, and on which days.
    pub mandate: Option<Mandate>,
    /// Digest of the picture of a leader's handwritten signature; [`crate::paths::signature_picture`] says where it lies.
    pub signature_picture: Option<Sha256>,
    /// Whether it may act at all.
    pub active: bool,
    /// What it may do and where. `None` as unit: everywhere.
    pub grants: Vec<(Right, Option<UnitId>)>,
    /// The phone with the signing SIM, E.164.
    pub phone: Option<String>,
    /// The signing credential at the gateway, and its certificate chain (DER, leaf first).
    pub credential: Option<Credential>,
    /// The account of a citizen.
    pub account: Option<AccountId>,
    /// Its last change.
    pub changed: Changed,
}

/// A signing credential at a remote signing service (CSC `credentialID`).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Credential {
    /// The service's name for it.
    pub id: String,
    /// Certificates, DER, leaf first.
    pub chain: Vec<Vec<u8>>,
}

/// Who asks for the copy (người yêu cầu chứng thực).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Requester {
    /// `person` or `organisation`.
    pub kind: String,
    /// Full name.
    pub name: String,
    /// `citizen_id`, `passport`, `organisation_code`, `tax_code`.
    pub id_type: String,
    /// The number. Never in a log, key or URL.
    pub id_number: String,
    /// Phone, E.164.
    pub phone: Option<String>,
    /// E-mail for the notice.
    pub email: Option<String>,
    /// The matching account, when there is one.
    pub account: Option<AccountId>,
}

/// A booked visit.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Appointment {
    /// Our identifier.
    pub id: AppointmentId,
    /// The code people read out.
    pub code: String,
    /// Where.
    pub unit: UnitId,
    /// When; slots are 30 minutes.
    pub start: Timestamp,
    /// Whose account.
    pub account: AccountId,
    /// What will be brought.
    pub originals: Vec<Original>,
    /// Free text.
    pub note: Option<String>,
    /// Booked, used, cancelled.
    pub status: AppointmentStatus,
    /// Who booked.
    pub booked_by: UserId,
    /// Who changed it last.
    pub changed_by: UserId,
    /// When.
    pub changed_at: Timestamp,
    /// Swap token.
    pub version: Version,
}

/// Where an appointment stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AppointmentStatus {
    /// Waiting for the day.
    Booked,
    /// A case was received on it.
    Used,
    /// Given back.
    Cancelled,
}

/// A paper original as declared.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Original {
    /// Document type of the catalogue.
    pub type_id: String,
    /// Title.
    pub title: String,
    /// Who issued it.
    pub issuer: Option<String>,
    /// Its number.
    pub number: Option<String>,
    /// Pages.
    pub pages: u32,
}

/// How often a slot is taken.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Slot {
    /// Where.
    pub unit: UnitId,
    /// Begin.
    pub start: Timestamp,
    /// Visits booked.
    pub taken: u32,
    /// Swap token.
    pub version: Version,
}

/// A file on its way in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Upload {
    /// Our identifier.
    pub id: UploadId,
    /// Who uploads.
    pub owner: UserId,
    /// Name as the sender knows it.
    pub filename: String,
    /// Declared media type.
    pub content_type: String,
    /// Declared size in bytes.
    pub size: u64,
    /// Declared digest.
    pub sha256: Sha256,
    /// Where it stands.
    pub state: UploadState,
    /// Swap token.
    pub version: Version,
}

/// Where an upload stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum UploadState {
    /// Waiting for bytes.
    Open,
    /// Read back, hashed, opened: usable.
    Ready {
        /// Pages found.
        pages: u32,
        /// What the official should know, as codes.
        warnings: Vec<String>,
    },
    /// Bound to a copy.
    Used {
        /// The copy.
        copy: CopyId,
        /// Pages found.
        pages: u32,
    },
}

/// A dossier (hồ sơ): one visit, one requester, one or more originals.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Case {
    /// Our identifier.
    pub id: CaseId,
    /// The code people read, e.g. `MAU-261123-0042-K`.
    pub code: String,
    /// Where.
    pub unit: UnitId,
    /// Who asks.
    pub requester: Requester,
    /// `paper_original`; the other bases give no copy.
    pub basis: String,
    /// The visit it came from.
    pub appointment: Option<AppointmentId>,
    /// Who received it.
    pub clerk: UserId,
    /// The legal clock.
    pub received_at: Timestamp,
    /// When it must be done.
    pub due_at: Timestamp,
    /// Why then: `same_day`, `next_working_day`.
    pub due_rule: String,
    /// The six grounds of Article 22, when confirmed: ground and whether it applies.
    pub checklist: Option<Vec<(String, bool)>>,
    /// Its copies.
    pub copies: Vec<CopyId>,
    /// The fee.
    pub fee: Option<Fee>,
    /// Draft, submitted, returned, cancelled. What became of each copy stands on the copy.
    pub status: CaseStatus,
    /// Who will sign.
    pub leader: Option<UserId>,
    /// Who changed it last, and when.
    pub changed_by: UserId,
    /// When it was changed last.
    pub changed_at: Timestamp,
    /// Swap token.
    pub version: Version,
}

/// Where the dossier stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CaseStatus {
    /// At the desk.
    Received,
    /// With the leader or the seal-keeper.
    Submitted,
    /// Sent back to the desk with a reason.
    Returned,
    /// Refused in writing (Article 22).
    Refused,
    /// Withdrawn.
    Cancelled,
}

/// What was paid.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fee {
    /// Receipt number.
    pub receipt_no: String,
    /// Dong.
    pub amount_vnd: u64,
    /// When.
    pub paid_at: Timestamp,
    /// Why nothing was paid.
    pub waived_reason: Option<String>,
}

/// Bytes that were stored once and are never replaced.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Stored {
    /// Object key, made by `objects::paths`.
    pub path: String,
    /// Digest.
    pub sha256: Sha256,
    /// Bytes.
    pub size: u64,
    /// The digest on its way, where the part begins that has to be read to append to the file; `None`: all of it has to be.
    pub midstate: Option<Midstate>,
    /// What the bucket calls the body that was read to its end and found to have this digest, as the bucket spells it: who names it is
    /// served from that body or not at all. `None`: not known.
    pub etag: Option<String>,
}

/// Where the wording goes.
#[derive(Clone, Debug, PartialEq)]
pub enum Placement {
    /// The last page's free space, else an added page.
    Auto,
    /// A place chosen by the official, in points from the lower left corner of a page (1-based).
    At {
        /// Page.
        page: u32,
        /// Left.
        x: f32,
        /// Bottom.
        y: f32,
        /// Width.
        w: f32,
        /// Height.
        h: f32,
    },
}

/// The wording chosen for a copy (lời chứng).
#[derive(Clone, Debug, PartialEq)]
pub struct Attestation {
    /// Template.
    pub template_id: String,
    /// Where.
    pub placement: Placement,
}

/// One copy of one original: what is true in every state. The state itself is [`crate::copy::CopyState`].
#[derive(Clone, Debug, PartialEq)]
pub struct Copy {
    /// Our identifier.
    pub id: CopyId,
    /// Its dossier.
    pub case: CaseId,
    /// Where.
    pub unit: UnitId,
    /// Document type.
    pub type_id: String,
    /// Title of the original.
    pub title: String,
    /// Issuer of the original.
    pub issuer: Option<String>,
    /// Number of the original.
    pub original_number: Option<String>,
    /// Pages of the original.
    pub pages: u32,
    /// Its scans, in order.
    pub uploads: Vec<UploadId>,
    /// The wording.
    pub attestation: Option<Attestation>,
    /// Who must sign; set at submission.
    pub leader: Option<UserId>,
    /// What its two signatures show of people; fixed at submission, so that a later change of office changes nothing.
    pub look: Option<Look>,
    /// Digest of the preview that the leader opened, and when.
    pub opened: Option<(Sha256, Timestamp)>,
    /// Octets of the longest time-stamp token that a signature on it had no room for; 0: none.
    pub token_length: u32,
    /// Where it stands.
    pub state: crate::copy::CopyState,
    /// Since when.
    pub since: Timestamp,
    /// When it must be done (copied from the case; orders the queues).
    pub due_at: Timestamp,
    /// Who changed it last.
    pub changed_by: UserId,
    /// When it was changed last.
    pub changed_at: Timestamp,
    /// Swap token.
    pub version: Version,
}

impl Copy {
    /// Octets that a signature on it keeps for its time-stamp token; 0: the usual.
    pub fn token_room(&self) -> usize {
        match usize::try_from(self.token_length) {
            Ok(length) if length > 0 => pades::room_for(length),
            _ => 0,
        }
    }
}

/// A number in a register book.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Number {
    /// The number, from 1.
    pub number: u32,
    /// Book, e.g. `01`.
    pub book: String,
    /// Legal year, Vietnamese time.
    pub year: i16,
    /// Suffix, e.g. `SCT/BS`.
    pub suffix: String,
}

impl Number {
    /// The text that is printed and told: `152, quyển số 01/2026 - SCT/BS` (decision 39).
    pub fn text(&self) -> String {
        format!("{}, quyển số {}/{} - {}", self.number, self.book, self.year, self.suffix)
    }
}

/// The head of a series of numbers: one counter per unit, suffix and legal year.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Counter {
    /// Where.
    pub unit: UnitId,
    /// Series.
    pub suffix: String,
    /// Legal year.
    pub year: i16,
    /// The number that was given last; 0 before the first.
    pub last: u32,
}

/// A spent number: written in the transaction that spends it, never changed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entry {
    /// Where.
    pub unit: UnitId,
    /// The number.
    pub number: Number,
    /// Whose.
    pub copy: CopyId,
    /// Its dossier.
    pub case: CaseId,
    /// The forms that it was given by: whatever the office plans, the seal shows it so. Entries that were made before forms were kept have none.
    pub written: Option<Written>,
    /// When it was given.
    pub at: Timestamp,
}

/// What anybody may read of a sealed copy: no name, no title.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PublicCopy {
    /// Which.
    pub copy: CopyId,
    /// Where; the issued files lie under it.
    pub unit: UnitId,
    /// Code of the unit.
    pub unit_code: String,
    /// The number.
    pub number: Number,
    /// When it was sealed.
    pub sealed_at: Timestamp,
    /// Digests of the issued files, one per level: B-T, then B-LTA (decision 11).
    pub digests: Vec<Sha256>,
    /// When it was annulled.
    pub annulled_at: Option<Timestamp>,
    /// By which decision; copies that were annulled before decisions were kept have none.
    pub annulled_by: Option<AnnulmentDecision>,
    /// Swap token.
    pub version: Version,
}

/// What a sealed copy is a copy of. Not public: only whoever has the copy is told.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Paper {
    /// Which copy.
    pub copy: CopyId,
    /// Code of the type of document.
    pub type_id: String,
    /// Title of the original.
    pub title: String,
}

/// The decision that takes a copy's value away, as it is published (TT 01/2020 Art. 7, R111).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AnnulmentDecision {
    /// Its number, e.g. `12/QĐ-UBND`.
    pub number: String,
    /// Its date.
    pub date: Date,
}

/// Why a copy lost its value (R111): the decision, which anybody hears of, and its reason, which the unit's people read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Annulment {
    /// The decision.
    pub decision: AnnulmentDecision,
    /// Why it was made.
    pub reason: String,
}

/// One line of a dossier's history, chained by digest.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Event {
    /// Which copy or case.
    pub subject: String,
    /// Position: the version after the change.
    pub seq: Version,
    /// Who.
    pub actor: Actor,
    /// What, as `copy.sealed`.
    pub action: String,
    /// When.
    pub at: Timestamp,
}

/// Who has done what a line of history tells.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Actor {
    /// A person, or a client of the API.
    User(UserId),
    /// The signing gateway, by its own answer: nobody of ours has done that.
    Gateway,
}

impl Actor {
    /// How it is told and stored. An identifier of a user has another beginning, so that nobody can be called so.
    pub fn as_str(&self) -> &str {
        match self {
            Actor::User(id) => id.as_str(),
            Actor::Gateway => "service:signing-gateway",
        }
    }
}

impl From<&UserId> for Actor {
    fn from(id: &UserId) -> Self {
        Actor::User(id.clone())
    }
}

/// A copy's way to its requester.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Delivery {
    /// Our identifier.
    pub id: DeliveryId,
    /// Which copy.
    pub copy: CopyId,
    /// Its dossier.
    pub case: CaseId,
    /// How.
    pub channel: Channel,
    /// Whether it has left.
    pub sent_at: Option<Timestamp>,
    /// SHA-256 of the secret in the e-mail's link; the secret itself is only in the message.
    pub link_digest: Option<Sha256>,
    /// The last one-time code that was asked for through the link.
    pub code: Option<OneTimeCode>,
    /// Swap token.
    pub version: Version,
}

/// A one-time code as it is kept: the code itself is only in the message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OneTimeCode {
    /// Digest of the code under the link's secret, which is kept nowhere: the table alone gives no code away.
    pub digest: Sha256,
    /// When it was asked for.
    pub at: Timestamp,
    /// How often it may still be tried; 0 when it was used.
    pub tries_left: u8,
    /// How many codes were asked for since the link last rested for a day.
    pub asked: u8,
}

/// How a copy reaches its requester.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Channel {
    /// The account's store of copies.
    Account(AccountId),
    /// A notice with a link and a code.
    Email(String),
    /// At the counter.
    Counter,
}

/// A stored answer to a request with an `Idempotency-Key` (api.md §5.4).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Idempotency {
    /// Digest of client, path and key.
    pub key: Sha256,
    /// Digest of method, path and body.
    pub fingerprint: Sha256,
    /// The sixteen bytes of a UUIDv7 that the first try made: what the request creates carries them in every try.
    pub born: [u8; 16],
    /// Status and body when the request has ended.
    pub answer: Option<(u16, String)>,
    /// ETag header of the answer.
    pub etag: Option<String>,
    /// Location header of the answer.
    pub location: Option<String>,
    /// When the last try was begun.
    pub at: Timestamp,
    /// The last try ended in a fault (5xx): the next may begin at once.
    pub released: bool,
}
