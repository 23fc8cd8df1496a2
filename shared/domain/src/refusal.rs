//! Answers of the rules that say no. A refusal is not a fault: it is meant for the person who asked, and `api` alone
//! knows how it looks in HTTP.

use jiff::Timestamp;

use crate::ids::UnitId;
use crate::model::Right;
use crate::ports::Fault;

/// Why the rules say no. [`Refusal::code`] is the stable `code` of api.md §5.6.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Refusal {
    /// There is no such thing, or it is not the caller's (decision 37).
    NotFound,
    /// A right is missing on one's own unit.
    Forbidden {
        /// The missing right.
        right: Right,
        /// Where it is missing; `None` means everywhere.
        unit: Option<UnitId>,
    },
    /// The copy, case or session stands where this is not possible.
    WrongState {
        /// Where it stands.
        state: &'static str,
        /// What is possible there.
        allowed: Vec<&'static str>,
    },
    /// The `If-Match` version is not the stored one any more.
    Stale,
    /// One field of the request is not acceptable.
    Invalid {
        /// JSON Pointer to the field.
        pointer: String,
        /// Stable code of this field error.
        code: &'static str,
        /// What is wrong: Vietnamese, English.
        detail: (String, String),
    },
    /// The fee differs from the tariff.
    FeeDiffers {
        /// What the tariff says, in dong.
        expected_vnd: u64,
    },
    /// A phone is left alone for a while (remote-signing.md §4).
    Paused {
        /// Until when.
        until: Timestamp,
        /// Seconds from now to then, at least one.
        wait_s: u32,
    },
    /// Everything that needs no data.
    Because(Reason),
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $code:literal;)+) => {
        /// Reasons without data.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub enum Reason { $($(#[$doc])* $name,)+ }

        impl Reason {
            /// Every reason.
            pub const ALL: &'static [Reason] = &[$(Reason::$name,)+];

            /// The stable code.
            pub fn code(self) -> &'static str {
                match self { $(Reason::$name => $code,)+ }
            }
        }
    };
}

reasons! {
    /// A later link took this one's place, or the copy lost its value.
    LinkRevoked = "link-revoked";
    /// Not the one-time code, or one that was used, guessed at too often or is too old.
    CodeWrong = "code-wrong";
    /// Too many one-time codes were asked for.
    TooManyCodes = "quota-exceeded";
    /// All places of the slot are taken.
    SlotFull = "slot-full";
    /// The office has no such slot.
    SlotNotOffered = "slot-not-working-day";
    /// The slot lies in the past.
    SlotPast = "slot-in-past";
    /// The visit was used or cancelled.
    AppointmentUsed = "appointment-used";
    /// The office takes no cases.
    UnitNotEnabled = "unit-not-enabled";
    /// Only a paper original gives an electronic copy.
    BasisGivesNoCopy = "basis-gives-no-copy";
    /// The register book is closed.
    BookClosed = "book-closed";
    /// Without an account an e-mail address is needed.
    EmailRequired = "email-required";
    /// The case was submitted.
    CaseFrozen = "case-frozen";
    /// The copy was submitted.
    CopyFrozen = "copy-frozen";
    /// A ground of Article 22 applies: refusal is the only way.
    GroundApplies = "ground-applies";
    /// The six grounds were not confirmed.
    ChecklistMissing = "checklist-missing";
    /// No receipt of the fee.
    FeeMissing = "fee-missing";
    /// No wording was chosen.
    AttestationMissing = "attestation-missing";
    /// The wording template is not in force.
    TemplateExpired = "template-expired";
    /// The wording would cover content.
    PlacementCoversContent = "placement-covers-content";
    /// Nobody can sign.
    NoLeaderAvailable = "no-leader-available";
    /// The case has no copy.
    NoCopy = "no-copy";
    /// The leader is signing.
    SigningStarted = "signing-started";
    /// The number is spent.
    AlreadyNumbered = "already-numbered";
    /// More than two working days without an agreement.
    ExtensionTooLong = "extension-too-long";
    /// Larger than the limit.
    FileTooLarge = "file-too-large";
    /// More pages than the limit.
    TooManyPages = "too-many-pages";
    /// Not PDF, JPEG, PNG or TIFF.
    TypeNotAccepted = "type-not-accepted";
    /// The bytes are not the declared ones.
    HashMismatch = "hash-mismatch";
    /// Nothing arrived.
    EmptyFile = "empty-file";
    /// Nothing was uploaded yet.
    UploadNotReady = "upload-not-ready";
    /// Bound to a copy.
    UploadInUse = "upload-in-use";
    /// The PDF is encrypted.
    PdfEncrypted = "pdf-encrypted";
    /// The PDF can act.
    PdfActiveContent = "pdf-active-content";
    /// The PDF has signatures.
    PdfAlreadySigned = "pdf-already-signed";
    /// The file cannot be opened.
    ScanUnusable = "scan-unusable";
    /// Fewer than 200 dots per inch.
    ScanBelow200Dpi = "scan-below-200dpi";
    /// One prompt per SIM: another one is open.
    SignerBusy = "signer-busy";
    /// The copy is not what was opened.
    CopyChanged = "copy-changed";
    /// The leader has not opened the copy.
    CopyNotOpened = "copy-not-opened";
    /// The mandate to sign is over.
    MandateExpired = "mandate-expired";
    /// No signing credential that may be used now.
    CertificateNotUsable = "certificate-not-usable";
    /// The gateway cannot be reached.
    GatewayUnavailable = "gateway-unavailable";
    /// The way of signing does not fit the purpose or is not offered.
    MethodNotAvailable = "method-not-available";
    /// The session has ended.
    SessionClosed = "session-closed";
    /// The signature does not verify.
    SignatureDoesNotVerify = "signature-does-not-verify";
    /// What the office has settled makes no seal that could stand on the copy.
    SealNotMade = "seal-not-made";
    /// No authority gave a time-stamp that fits what was signed.
    TimestampTooLong = "timestamp-too-long";
    /// Not the enrolled certificate.
    WrongCertificate = "wrong-certificate";
    /// No issued file yet.
    CopyNotReady = "copy-not-ready";
    /// The file was erased.
    CopyErased = "copy-erased";
    /// The copy was annulled before.
    AlreadyAnnulled = "already-annulled";
    /// The copy was annulled.
    CopyAnnulled = "copy-annulled";
    /// The delivery has ended.
    DeliveryFinal = "delivery-final";
    /// The link is over or was used.
    LinkExpired = "link-expired";
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Refusal::Because(reason)
    }
}

impl Refusal {
    /// The stable code of api.md §5.6.
    pub fn code(&self) -> &'static str {
        match self {
            Refusal::NotFound => "not-found",
            Refusal::Forbidden { .. } => "forbidden",
            Refusal::WrongState { .. } => "wrong-state",
            Refusal::Stale => "stale",
            Refusal::Invalid { .. } => "validation-failed",
            Refusal::FeeDiffers { .. } => "fee-differs",
            Refusal::Paused { .. } => "prompts-paused",
            Refusal::Because(reason) => reason.code(),
        }
    }

    /// Where the thing stands, for `wrong-state`.
    pub fn state(&self) -> Option<&'static str> {
        match self {
            Refusal::WrongState { state, .. } => Some(state),
            _ => None,
        }
    }

    /// What is possible instead, for `wrong-state`.
    pub fn allowed(&self) -> &[&'static str] {
        match self {
            Refusal::WrongState { allowed, .. } => allowed,
            _ => &[],
        }
    }
}

/// Why a piece of work stopped.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Halt {
    /// The rules say no: an answer for whoever asked.
    #[error("refused: {}", .0.code())]
    Refused(Refusal),
    /// Something outside failed: try again later; the text is for operators only.
    #[error("failed: {0}")]
    Failed(Fault),
}

impl From<Refusal> for Halt {
    fn from(refusal: Refusal) -> Self {
        Halt::Refused(refusal)
    }
}

impl From<Reason> for Halt {
    fn from(reason: Reason) -> Self {
        Halt::Refused(reason.into())
    }
}

impl From<Fault> for Halt {
    fn from(fault: Fault) -> Self {
        Halt::Failed(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_and_lower_kebab() {
        let mut seen = std::collections::HashSet::new();
        for reason in Reason::ALL {
            assert!(seen.insert(reason.code()), "{}", reason.code());
            assert!(reason.code().bytes().all(|b| b == b'-' || b.is_ascii_lowercase() || b.is_ascii_digit()));
        }
    }
}
