//! What can go wrong with a phone and its gateway (remote-signing.md §5): one table for every face.
//!
//! A SIM gets its scenario from the last three digits of its number when the number lies in the block of
//! [`SCENARIO_NUMBERS`], as test services elsewhere do it; by name it can be set for any SIM at any time.

use serde::{Deserialize, Serialize};

/// Numbers of this block followed by three digits carry the scenario of that suffix from their enrolment on. The people of
/// the sandbox have numbers outside it.
pub const SCENARIO_NUMBERS: &str = "+84900990";

/// How a phone and its gateway behave. Sticky until changed.
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
    /// One wrong PIN is typed as soon as the prompt is there; then the person decides.
    WrongPinOnce,
    /// What the person presses never reaches the gateway; the prompt runs out.
    Timeout,
    /// The phone is off: no prompt, refused at once (MSS 209).
    Unreachable,
    /// The PIN is blocked: refused at once (MSS 402).
    PinBlocked,
    /// The gateway says after the PIN that the X.509 certificate has expired (MSS 503).
    CertificateExpired,
    /// The gateway says after the PIN that the X.509 certificate is revoked (MSS 501).
    CertificateRevoked,
    /// The answer of the person arrives only after the prompt has run out.
    LateAnswer,
    /// The callback is delivered twice under the same identifier.
    DuplicateCallback,
    /// The phone confirms by itself, and the callback is delivered before the start is answered.
    EarlyCallback,
    /// While the prompt is open: callbacks with another key, with an old time stamp and with a changed body. None that is
    /// sound, then or later.
    ForgedCallback,
    /// Signs with a key of somebody else.
    WrongSignature,
    /// Signs another digest.
    OtherHash,
    /// Signs with a new key; faces that answer with an X.509 certificate give one of that key.
    RotatedCertificate,
    /// Answers with what it answered for an earlier prompt.
    Replay,
    /// Two open sessions under this scenario get each other's answers.
    SwappedReferences,
    /// Answers with bytes that are no JSON.
    Garbage,
    /// Keeps the connection open and never answers.
    Silence,
    /// Shows the prompt, then closes the connection once instead of answering the start.
    LostStart,
    /// Signs, then closes the connection once instead of answering.
    LostAnswer,
    /// Answers five seconds late.
    Slow,
    /// The prompt reaches the phone 30 seconds after the gateway took it.
    SlowDelivery,
    /// Answers with HTTP 500.
    ServerError,
    /// Answers two questions about a session with HTTP 500, then as it should.
    Recovers,
    /// Leaves the last signature out.
    MissingOne,
    /// Gives the signatures in the reverse order.
    Reordered,
    /// ECDSA signatures as r‖s (IEEE P1363) instead of DER.
    EcdsaConcatenated,
    /// CMS without the signing-certificate-v2 attribute (RFC 5035).
    CmsWithoutEss,
    /// CMS with an additional signed attribute that holds a nonce.
    CmsWithNonce,
    /// Signed PDF files come back with another page.
    AlteredPdf,
}

impl Scenario {
    /// All with the suffix of the numbers (`None`: by name only), in the order of the page.
    pub(crate) const ALL: [(Scenario, Option<u16>, &'static str); 32] = [
        (Scenario::Ok, Some(1), "Bình thường: người dùng tự quyết định"),
        (Scenario::Auto, None, "Tự xác nhận đúng PIN"),
        (Scenario::Reject, Some(2), "Tự từ chối"),
        (Scenario::WrongPinOnce, Some(3), "Nhập sai PIN một lần"),
        (Scenario::PinBlocked, Some(4), "PIN đã bị khóa"),
        (Scenario::Timeout, Some(5), "Không phản hồi, hết hạn"),
        (Scenario::Unreachable, Some(6), "Máy tắt, ngoài vùng phủ sóng"),
        (Scenario::CertificateExpired, Some(7), "Chứng thư đã hết hạn"),
        (Scenario::CertificateRevoked, Some(8), "Chứng thư đã bị thu hồi"),
        (Scenario::LateAnswer, Some(9), "Trả lời sau khi hết hạn"),
        (Scenario::DuplicateCallback, Some(10), "Thông báo ngược gửi hai lần"),
        (Scenario::EarlyCallback, Some(11), "Thông báo ngược đến trước câu trả lời đầu"),
        (Scenario::OtherHash, Some(12), "Ký mã băm khác"),
        (Scenario::Recovers, Some(13), "Báo lỗi 500 hai lần rồi bình thường"),
        (Scenario::LostStart, Some(14), "Mất câu trả lời khi bắt đầu"),
        (Scenario::RotatedCertificate, Some(15), "Ký bằng khóa và chứng thư mới"),
        (Scenario::Reordered, Some(16), "Đảo thứ tự chữ ký"),
        (Scenario::MissingOne, None, "Thiếu một chữ ký"),
        (Scenario::SlowDelivery, Some(17), "Yêu cầu đến máy chậm 30 giây"),
        (Scenario::EcdsaConcatenated, Some(18), "Chữ ký ECDSA dạng r‖s"),
        (Scenario::CmsWithoutEss, Some(19), "CMS thiếu thuộc tính chứng thư ký"),
        (Scenario::CmsWithNonce, Some(20), "CMS có thêm thuộc tính nonce"),
        (Scenario::AlteredPdf, Some(21), "Tệp PDF trả về bị sửa trang"),
        (Scenario::ForgedCallback, Some(22), "Thông báo ngược giả mạo hoặc cũ"),
        (Scenario::SwappedReferences, Some(23), "Tráo kết quả giữa hai phiên"),
        (Scenario::WrongSignature, None, "Ký bằng khóa của người khác"),
        (Scenario::Replay, None, "Trả lại chữ ký của lần trước"),
        (Scenario::Garbage, None, "Trả lời dữ liệu rác"),
        (Scenario::Silence, None, "Cổng ký im lặng"),
        (Scenario::LostAnswer, None, "Mất câu trả lời khi ký"),
        (Scenario::Slow, None, "Chậm 5 giây"),
        (Scenario::ServerError, None, "Cổng ký báo lỗi 500"),
    ];

    /// Suffix of the numbers and name of all that have a suffix, in the order of the suffixes.
    pub fn numbered() -> Vec<(u16, String)> {
        let numbered = Scenario::ALL.iter().filter_map(|(scenario, suffix, _)| Some(((*suffix)?, scenario.name())));
        let mut all: Vec<_> = numbered.collect();
        all.sort_unstable();
        all
    }

    /// The name in the API.
    pub(crate) fn name(self) -> String {
        serde_json::to_value(self).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// What a number asks for; `Ok` for numbers outside the block and for suffixes without a scenario.
    pub(crate) fn of_number(msisdn: &str) -> Scenario {
        let suffix = msisdn.strip_prefix(SCENARIO_NUMBERS).filter(|rest| rest.len() == 3);
        let suffix = suffix.and_then(|rest| rest.parse::<u16>().ok());
        let known = Scenario::ALL.into_iter().find(|(_, of, _)| suffix.is_some() && *of == suffix);
        known.map_or(Scenario::Ok, |(scenario, ..)| scenario)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_suffix_from_1_to_23_has_one_scenario() {
        let mut suffixes: Vec<u16> = Scenario::ALL.iter().filter_map(|(_, suffix, _)| *suffix).collect();
        suffixes.sort_unstable();
        assert_eq!(suffixes, (1..=23).collect::<Vec<_>>());
        assert_eq!(Scenario::of_number("+84900990023"), Scenario::SwappedReferences);
        assert_eq!(Scenario::of_number("+84900990024"), Scenario::Ok);
        assert_eq!(Scenario::of_number("+84900000002"), Scenario::Ok, "people of the sandbox");
        assert_eq!(Scenario::of_number("+8490099002"), Scenario::Ok);
    }
}
