//! Data and rules of one SIM and its prompts. Pure: the time comes in, nothing is stored here.

use serde::{Deserialize, Serialize};

use crate::keys::KeyKind;
use crate::scenario::Scenario;
use crate::{PIN_TRIES, PUK_TRIES, SAD_SECONDS};

/// A SIM with its key, as stored.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Subscriber {
    pub(crate) credential_id: String,
    /// E.164 with a plus sign.
    pub(crate) msisdn: String,
    pub(crate) name: String,
    pub(crate) salt: String,
    pub(crate) pin_hash: String,
    /// Wrong PINs since the last right one.
    pub(crate) wrong_pins: u8,
    /// Salted like the PIN; empty in states from before there was one.
    #[serde(default)]
    pub(crate) puk_hash: String,
    /// Wrong PUKs since the last right one.
    #[serde(default)]
    pub(crate) wrong_puks: u8,
    #[serde(default)]
    pub(crate) kind: KeyKind,
    /// PKCS#8, base64.
    pub(crate) key: String,
    /// DER SubjectPublicKeyInfo, base64.
    pub(crate) spki: String,
    /// X.509 certificates, base64 DER, leaf first. Empty until the sandbox brought them.
    pub(crate) chain: Vec<String>,
    pub(crate) scenario: Scenario,
}

impl Subscriber {
    pub(crate) fn blocked(&self) -> bool {
        self.wrong_pins >= PIN_TRIES
    }

    pub(crate) fn tries_left(&self) -> u8 {
        PIN_TRIES.saturating_sub(self.wrong_pins)
    }

    pub(crate) fn puk_tries_left(&self) -> u8 {
        PUK_TRIES.saturating_sub(self.wrong_puks)
    }
}

/// Where a prompt stands.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum State {
    /// On the screen.
    Pending,
    /// The person confirmed with the PIN; the SAD may be used.
    Confirmed,
    /// The SAD was used.
    Signed,
    /// The person refused.
    Rejected,
    /// Nobody answered in time.
    Expired,
    /// Too many wrong PINs.
    PinBlocked,
    /// It never came to the screen; [`Transaction::refusal`] says why.
    Refused,
}

/// What a face gives to its client.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Format {
    /// The bare signature value over the digest.
    #[default]
    Bare,
    /// Detached CMS SignedData (RFC 5652 §5) whose message digest is the digest.
    Cms,
}

/// One prompt with what it consents to, as stored. Times are Unix seconds of the shared clock.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Transaction {
    /// Known to the phone.
    pub(crate) id: String,
    /// Known to the client.
    pub(crate) handle: String,
    pub(crate) credential_id: String,
    pub(crate) client_data: Option<String>,
    /// SHA-256 values, base64, in order.
    pub(crate) hashes: Vec<String>,
    pub(crate) text: String,
    pub(crate) code: Option<String>,
    pub(crate) created_at: i64,
    pub(crate) expires_at: i64,
    pub(crate) decided_at: Option<i64>,
    pub(crate) state: State,
    pub(crate) sad: String,
    /// Base64, in order; kept so that an exact repeat gets the same answer.
    pub(crate) signatures: Vec<String>,
    pub(crate) start_lost: bool,
    pub(crate) answer_lost: bool,
    #[serde(default)]
    pub(crate) format: Format,
    /// When the phone shows it; later than `created_at` when the way over the air is slow.
    #[serde(default)]
    pub(crate) shown_at: i64,
    /// Answers that were an error of the gateway.
    #[serde(default)]
    pub(crate) faults: u8,
    /// When a client that may not ask too often asked last.
    #[serde(default)]
    pub(crate) polled_at: Option<i64>,
    #[serde(default)]
    pub(crate) refusal: Option<Refusal>,
    /// Base64 DER, when the answer has another X.509 certificate than the SIM.
    #[serde(default)]
    pub(crate) certificate: Option<String>,
    /// Whether nothing is to be said of its end any more; so it is for prompts from before there were hints.
    #[serde(default = "said")]
    pub(crate) hinted: bool,
}

fn said() -> bool {
    true
}

/// What the gateway says about a handle.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Check {
    Waiting,
    /// With the seconds that the SAD is good for.
    Granted(String, i64),
    Refused(Refusal),
}

/// Why there is no signature: the words of remote-signing.md §1a.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Refusal {
    UserRejected,
    UserTimeout,
    PinBlocked,
    Unreachable,
    Busy,
    NotEnrolled,
    CertificateExpired,
    CertificateRevoked,
}

impl Refusal {
    pub(crate) fn code(self) -> &'static str {
        match self {
            Refusal::UserRejected => "UserRejected",
            Refusal::UserTimeout => "UserTimeout",
            Refusal::PinBlocked => "PinBlocked",
            Refusal::Unreachable => "Unreachable",
            Refusal::Busy => "Busy",
            Refusal::NotEnrolled => "NotEnrolled",
            Refusal::CertificateExpired => "CertExpired",
            Refusal::CertificateRevoked => "CertRevoked",
        }
    }
}

impl Transaction {
    /// Applies what happens by itself (time, a blocked PIN, a scenario). True when something changed.
    pub(crate) fn settle(&mut self, sim: &Subscriber, now: i64) -> bool {
        if self.state != State::Pending {
            return false;
        }
        let next = if now >= self.expires_at {
            State::Expired
        } else if sim.blocked() {
            State::PinBlocked
        } else {
            match sim.scenario {
                Scenario::Reject => State::Rejected,
                Scenario::Auto | Scenario::EarlyCallback => State::Confirmed,
                _ => return false,
            }
        };
        self.decide(next, now);
        true
    }

    /// Whether its client is to be told of it: when it could have an answer, and by a forger at once. Settle first.
    pub(crate) fn has_news(&self, scenario: Scenario, now: i64) -> bool {
        match self.state {
            State::Pending => scenario == Scenario::ForgedCallback,
            State::Confirmed | State::Signed if scenario == Scenario::LateAnswer => now >= self.expires_at,
            _ => true,
        }
    }

    /// Whether the phone shows it.
    pub(crate) fn on_screen(&self, now: i64) -> bool {
        self.state == State::Pending && now >= self.shown_at
    }

    pub(crate) fn decide(&mut self, state: State, now: i64) {
        self.state = state;
        self.decided_at = Some(now);
    }

    /// When the SAD ends.
    pub(crate) fn sad_until(&self, scenario: Scenario) -> i64 {
        let from =
            if scenario == Scenario::LateAnswer { self.expires_at } else { self.decided_at.unwrap_or(self.created_at) };
        from.saturating_add(SAD_SECONDS)
    }

    /// The answer to `authorizeCheck`; settle first.
    pub(crate) fn check(&self, scenario: Scenario, now: i64) -> Check {
        match self.state {
            State::Pending => Check::Waiting,
            State::Rejected => Check::Refused(Refusal::UserRejected),
            State::Expired => Check::Refused(Refusal::UserTimeout),
            State::PinBlocked => Check::Refused(Refusal::PinBlocked),
            State::Refused => Check::Refused(self.refusal.unwrap_or(Refusal::NotEnrolled)),
            State::Confirmed | State::Signed if scenario == Scenario::CertificateExpired => {
                Check::Refused(Refusal::CertificateExpired)
            }
            State::Confirmed | State::Signed if scenario == Scenario::CertificateRevoked => {
                Check::Refused(Refusal::CertificateRevoked)
            }
            State::Confirmed | State::Signed if scenario == Scenario::LateAnswer && now < self.expires_at => {
                Check::Waiting
            }
            State::Confirmed | State::Signed => {
                let left = self.sad_until(scenario).saturating_sub(now);
                if left > 0 { Check::Granted(self.sad.clone(), left) } else { Check::Refused(Refusal::UserTimeout) }
            }
        }
    }
}

/// A phone number as E.164 with a plus sign; a leading 0 means Vietnam. `None` when it is no phone number.
pub(crate) fn normal_msisdn(raw: &str) -> Option<String> {
    let digits = raw.strip_prefix('+').unwrap_or(raw);
    if !(8..=15).contains(&digits.len()) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    match digits.strip_prefix('0') {
        Some(_) if raw.starts_with('+') => None,
        Some(national) => Some(format!("+84{national}")),
        None => Some(format!("+{digits}")),
    }
}

/// Whether this can be a PIN: 4 to 8 digits.
pub(crate) fn is_pin(pin: &str) -> bool {
    (4..=8).contains(&pin.len()) && pin.bytes().all(|b| b.is_ascii_digit())
}

/// Whether this can be a PUK: 8 digits, as on the card that comes with a SIM.
pub(crate) fn is_puk(puk: &str) -> bool {
    puk.len() == 8 && puk.bytes().all(|b| b.is_ascii_digit())
}
