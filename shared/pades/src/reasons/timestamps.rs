//! Time-stamps (R66).

use super::Owner::{Issuer, Nobody, Requester, Technician};
use super::Severity::{Fatal, Note, Unknown};
use super::{EVIDENCE, EXPERT, Explanation, NO_ACCEPT, RESPONDER, STILL_VALID, row};
use crate::report::CheckId::Timestamps;

pub(super) const ROWS: &[Explanation] = &[
    row(
        "timestamp-bad",
        Fatal,
        Timestamps,
        Issuer,
        (
            "Dấu thời gian không khớp chữ ký ({field}: {detail}).",
            "The time-stamp does not belong to the signature ({field}: {detail}).",
        ),
        NO_ACCEPT,
    ),
    row(
        "timestamp-unbound",
        Unknown,
        Timestamps,
        Technician,
        (
            "Dấu thời gian không ghi chứng thư nào đã ký nó, nên không được dùng làm bằng chứng ({field}).",
            "The time-stamp does not say which X.509 certificate signed it, so it is not used as evidence ({field}).",
        ),
        EXPERT,
    ),
    row(
        "timestamp-order",
        Unknown,
        Timestamps,
        Technician,
        (
            "Các dấu thời gian không theo thứ tự: chữ ký sau lại có giờ sớm hơn ({field}).",
            "The time-stamps are out of order: the later signature tells an earlier time ({field}).",
        ),
        EXPERT,
    ),
    row(
        "tsa-expired-unproven",
        Unknown,
        Timestamps,
        Technician,
        (
            "Chứng thư của máy cấp dấu thời gian đã hết hạn và không có dấu thời gian mới hơn bảo đảm ({field}).",
            "The time-stamping authority's X.509 certificate has expired and no newer time-stamp vouches for it ({field}).",
        ),
        (
            "Chưa kết luận; tìm bản lưu trữ đã gia hạn dấu thời gian.",
            "No conclusion; look for an archived file whose time-stamp was renewed.",
        ),
    ),
    row(
        "tsa-untrusted",
        Unknown,
        Timestamps,
        Technician,
        (
            "Máy cấp dấu thời gian không nằm trong danh sách tin cậy ({field}).",
            "The time-stamping authority is not on the trusted list ({field}).",
        ),
        ("Chuyển kỹ thuật kiểm tra.", "Let a technician look at it."),
    ),
    row(
        "tsa-revoked",
        Unknown,
        Timestamps,
        Technician,
        (
            "Chứng thư của máy cấp dấu thời gian đã bị thu hồi ({field}).",
            "The time-stamping authority's X.509 certificate was revoked ({field}).",
        ),
        EXPERT,
    ),
    row(
        "timestamp-in-future",
        Unknown,
        Timestamps,
        Requester,
        (
            "Dấu thời gian của {field} ghi giờ sau thời điểm kiểm tra.",
            "The time-stamp of {field} is later than the instant of verification.",
        ),
        ("Kiểm tra lại tại một thời điểm sau khi ký.", "Verify at an instant after the signing."),
    ),
    row(
        "tsa-revocation-unknown",
        Unknown,
        Timestamps,
        Technician,
        (
            "Chưa biết chứng thư của máy cấp dấu thời gian có bị thu hồi không ({field}).",
            "It is not known whether the time-stamping authority's X.509 certificate was revoked ({field}).",
        ),
        EVIDENCE,
    ),
    row(
        "tsa-responder-unvouched",
        Unknown,
        Timestamps,
        Technician,
        (
            "Có trả lời OCSP về máy cấp dấu thời gian, nhưng không biết chính máy trả lời đã bị thu hồi chưa ({field}).",
            "An OCSP responder answered about the time-stamping authority, but whether it was itself revoked is not known ({field}).",
        ),
        RESPONDER,
    ),
    row(
        "timestamp-not-relied-on",
        Note,
        Timestamps,
        Technician,
        (
            "Dấu thời gian tài liệu {field} không được dùng làm bằng chứng, vì chưa xác nhận được máy cấp dấu thời gian; các chữ ký được xét không dựa vào nó.",
            "The document time-stamp {field} is not used as evidence, because its time-stamping authority could not be confirmed; the signatures are judged without it.",
        ),
        STILL_VALID,
    ),
    row(
        "timestamp-missing",
        Note,
        Timestamps,
        Issuer,
        (
            "Không có dấu thời gian; chỉ biết giờ máy người ký ({field}).",
            "There is no time-stamp; only the signer's own clock is known ({field}).",
        ),
        (
            "Chấp nhận theo quy định của cơ quan bạn; nên hỏi lại.",
            "Accept it as your agency's rules say; asking back is advisable.",
        ),
    ),
    row(
        "timestamp-required",
        Unknown,
        Timestamps,
        Issuer,
        (
            "Bản sao chứng thực phải có dấu thời gian trên cả hai chữ ký ({field}).",
            "A certified copy needs a time-stamp on both signatures ({field}).",
        ),
        ("Chưa kết luận; hỏi lại cơ quan cấp.", "No conclusion; ask the issuing agency."),
    ),
    row(
        "time-off-by-7h",
        Note,
        Timestamps,
        Nobody,
        (
            "Giờ ghi lệch 7 tiếng so với dấu thời gian (lỗi phần mềm phổ biến) ({field}).",
            "The claimed time is 7 hours off the time-stamp (a common software fault) ({field}).",
        ),
        ("Bỏ qua; dùng giờ của dấu thời gian.", "Ignore it; use the time-stamp's time."),
    ),
    row(
        "copy-day-differs",
        Note,
        Timestamps,
        Issuer,
        (
            "Ngày ghi trên bản sao ({day}) cách ngày của dấu thời gian ({proven}) hơn một tuần; có thể ngày đã bị ghi lùi ({field}).",
            "The day that the copy tells ({day}) is more than a week from that of its time-stamp ({proven}); it may have been backdated \
             ({field}).",
        ),
        (
            "Dùng ngày của dấu thời gian; hỏi cơ quan cấp vì sao ngày ghi khác, trước khi tiếp nhận.",
            "Use the time-stamp's day; ask the issuing agency why the day differs, before you accept it.",
        ),
    ),
    row(
        "time-claimed-later",
        Note,
        Timestamps,
        Issuer,
        (
            "Giờ ký mà người ký khai muộn hơn dấu thời gian, tức là sau khi chữ ký đã có ({field}).",
            "The time of signing that the signer claims is later than the time-stamp, by which the signature existed ({field}).",
        ),
        (
            "Dùng giờ của dấu thời gian; đồng hồ máy người ký có thể sai.",
            "Use the time-stamp's time; the signer's clock may be wrong.",
        ),
    ),
    row(
        "time-claimed-days-later",
        Note,
        Timestamps,
        Issuer,
        (
            "Ngày ký mà người ký khai muộn hơn dấu thời gian hơn một ngày; chữ ký đã có từ trước ngày ấy ({field}).",
            "The date of signing that the signer claims is more than a day later than the time-stamp; the signature is older ({field}).",
        ),
        (
            "Dùng giờ của dấu thời gian; hỏi lại người ký nếu ngày ký là quan trọng.",
            "Use the time-stamp's time; ask the signer if the date of signing matters.",
        ),
    ),
];
