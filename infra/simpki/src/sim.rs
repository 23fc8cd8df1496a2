//! Data and rules of one SIM and its prompts. Pure: the time comes in, nothing is stored here.

use serde::{Deserialize, Serialize};

use crate::{PIN_TRIES, SAD_SECONDS};

/// How a phone and its gateway behave (remote-signing.md §5). Sticky until changed.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scenario {
    /// The person decides on the phone.
    #[default]
    Ok,
    /// The phone confirms by itself with the right PIN.
    Auto,
    /// The phone refuses by itself.
    Reject,
    /// What the person presses never reaches the gateway; the prompt runs out.
    Timeout,
    /// The phone is off: no prompt, refused at once (MSS 209).
    Unreachable,
    /// The PIN is blocked: refused at once (MSS 402).
    PinBlocked,
    /// The answer of the person arrives only after the prompt has run out.
    LateAnswer,
    /// Signs with a key of somebody else.
    WrongSignature,
    /// Signs another digest.
    OtherHash,
    /// Answers `signHash` with what it answered for an earlier prompt.
    Replay,
    /// Answers `signHash` with bytes that are no JSON.
    Garbage,
    /// Keeps the connection open and never answers `authorizeCheck` and `signHash`.
    Silence,
    /// Shows the prompt, then closes the connection once instead of answering `authorize`.
    LostStart,
    /// Signs, then closes the connection once instead of answering `signHash`.
    LostAnswer,
    /// Answers `authorizeCheck` and `signHash` five seconds late.
    Slow,
    /// Answers `authorizeCheck` and `signHash` with HTTP 500.
    ServerError,
    /// Leaves the last signature out.
    MissingOne,
    /// Gives the signatures in the reverse order.
    Reordered,
}

impl Scenario {
    /// All, in the order of the page.
    pub(crate) const ALL: [(Scenario, &'static str); 18] = [
        (Scenario::Ok, "Bình thường: người dùng tự quyết định"),
        (Scenario::Auto, "Tự xác nhận đúng PIN"),
        (Scenario::Reject, "Tự từ chối"),
        (Scenario::Timeout, "Không phản hồi, hết hạn"),
        (Scenario::Unreachable, "Máy tắt, ngoài vùng phủ sóng"),
        (Scenario::PinBlocked, "PIN đã bị khoá"),
        (Scenario::LateAnswer, "Trả lời sau khi hết hạn"),
        (Scenario::WrongSignature, "Ký bằng khoá của người khác"),
        (Scenario::OtherHash, "Ký mã băm khác"),
        (Scenario::Replay, "Trả lại chữ ký của lần trước"),
        (Scenario::Garbage, "Trả lời dữ liệu rác"),
        (Scenario::Silence, "Cổng ký im lặng"),
        (Scenario::LostStart, "Mất câu trả lời khi bắt đầu"),
        (Scenario::LostAnswer, "Mất câu trả lời khi ký"),
        (Scenario::Slow, "Chậm 5 giây"),
        (Scenario::ServerError, "Cổng ký báo lỗi 500"),
        (Scenario::MissingOne, "Thiếu một chữ ký"),
        (Scenario::Reordered, "Đảo thứ tự chữ ký"),
    ];

    /// The name in the API.
    pub(crate) fn name(self) -> String {
        serde_json::to_value(self).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
    }
}

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
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Refusal {
    UserRejected,
    UserTimeout,
    PinBlocked,
    Unreachable,
    Busy,
    NotEnrolled,
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
                Scenario::Auto => State::Confirmed,
                _ => return false,
            }
        };
        self.decide(next, now);
        true
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
