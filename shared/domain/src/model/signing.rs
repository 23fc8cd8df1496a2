//! Signing sessions: one act of signing, and what is signed in it.

use jiff::Timestamp;

use super::{Sha256, Stored, Version};
use crate::ids::*;

/// What a signing session is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Purpose {
    /// The leader's signature.
    LeaderSign,
    /// Number and agency seal.
    Seal,
}

/// What a signer is given to sign, and gives back (remote-signing.md §2).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Shape {
    /// SHA-256 of the SignedAttributes that we have prepared; a raw signature value.
    #[default]
    Raw,
    /// SHA-256 of the file without its `/Contents`; a detached CMS structure (RFC 5652) whose SignedAttributes the gateway has made.
    Cms,
}

/// One act of signing: one prompt on one phone, or one seal request.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    /// Our identifier, committed before anybody is called.
    pub id: SessionId,
    /// What for.
    pub purpose: Purpose,
    /// `sim`, `usb`, `remote`, `agency_key`.
    pub method: String,
    /// In which shape; it was the gateway's when the session was opened.
    pub shape: Shape,
    /// Who signs or seals.
    pub user: UserId,
    /// Where.
    pub unit: UnitId,
    /// The documents, in the order shown.
    pub items: Vec<SessionItem>,
    /// Where it stands.
    pub state: SessionState,
    /// Four digits shown on both screens.
    pub verification_code: String,
    /// Text shown on the phone, ASCII.
    pub display_text: String,
    /// Handle of the gateway's transaction, once known.
    pub handle: Option<String>,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// What the gateway said after the end, or with which of its words it has ended, once it is known.
    pub late: Option<LateAnswer>,
    /// Swap token.
    pub version: Version,
}

/// What a gateway says of a session that is over: kept as evidence, and never applied (R44).
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum LateAnswer {
    /// The person has consented. No signature was fetched, so none was made.
    Consented,
    /// Signatures by the enrolled key; they stand at the items.
    Signed,
    /// Signatures that do not verify. They are not kept.
    Wrong,
    /// No signature will come: the gateway's code.
    Refused(String),
}

/// That a gateway has said something: said again while this is remembered, it is not followed again (remote-signing.md §4, replay).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Delivered {
    /// Digest of the gateway's name and of what it calls this one saying.
    pub id: Sha256,
    /// How long it is remembered.
    pub until: Timestamp,
}

impl Session {
    /// Whether a phone shows it. A token at the desk is asked by the page, and no phone.
    pub fn is_on_a_phone(&self) -> bool {
        self.purpose == Purpose::LeaderSign && self.method != "usb"
    }

    /// Whether the minute's sweep can move it: a leader's, of which the gateway has not said the last word. Sessions that wait for time-stamps, and
    /// those of the seal, are brought on by their own orders, however many they are.
    pub fn is_swept(&self) -> bool {
        use SessionState::*;
        self.purpose == Purpose::LeaderSign && matches!(self.state, Sending | Waiting | Unknown | Cancelling)
    }
}

/// A leader's phone with a prompt on it: one at a time (remote-signing.md §3, concurrency).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Prompt {
    /// Whose phone.
    pub user: UserId,
    /// Which session's prompt.
    pub session: SessionId,
    /// Until when at most; after it, the lease ends by itself.
    pub until: Timestamp,
}

/// One document of a session.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionItem {
    /// Which copy.
    pub copy: CopyId,
    /// The prepared revision, for a leader's signature.
    pub prepared: Option<PreparedRevision>,
    /// The raw signature value, once there.
    pub signature: Option<Vec<u8>>,
    /// Whether it is finished.
    pub done: bool,
    /// Problem code when it failed.
    pub problem: Option<String>,
}

/// Everything needed to finish a signature later, in another process.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PreparedRevision {
    /// What is appended to the file before, with an empty `/Contents`.
    pub tail: Stored,
    /// Offset of `<` of `/Contents` in the whole file.
    pub contents_start: u64,
    /// Offset after `>`.
    pub contents_end: u64,
    /// DER of the SignedAttributes, tag SET (0x31): what is signed.
    pub signed_attributes: Vec<u8>,
}

/// Where a session stands (api.md row 43).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SessionState {
    /// Intent committed; the gateway has not answered yet.
    Sending,
    /// The phone shows the prompt.
    Waiting,
    /// The raw signature is there.
    Checking,
    /// Waiting for the timestamp and the verified file.
    Timestamping,
    /// Every item is finished.
    Done,
    /// It ended without a signature.
    Failed,
    /// Nobody answered in time.
    Expired,
    /// Cancelled; the phone may still show the prompt. To people it is over.
    Cancelling,
    /// Cancelled before the answer.
    Cancelled,
    /// A newer session took its place.
    Superseded,
    /// The gateway's answer was lost; never sent again.
    Unknown,
}

impl SessionState {
    /// Whether nothing can change any more.
    pub fn is_terminal(self) -> bool {
        use SessionState::*;
        matches!(self, Done | Failed | Expired | Cancelled | Superseded)
    }

    /// Whether it is over for whoever waits.
    pub fn is_closed(self) -> bool {
        self.is_terminal() || self == SessionState::Cancelling
    }
}

impl SessionItem {
    /// Nothing has come of it yet.
    pub fn waiting(copy: CopyId, prepared: Option<PreparedRevision>) -> Self {
        Self { copy, prepared, signature: None, done: false, problem: None }
    }
}
