//! The certified copy and the register (R68).

use super::Owner::{Issuer, Technician};
use super::Severity::{Fatal, Note, Unknown};
use super::{ASK_ISSUER, EXPERT, Explanation, LATER, NO_ACCEPT, row};
use crate::report::CheckId::Register;

pub(super) const ROWS: &[Explanation] = &[
    row(
        "annulled",
        Fatal,
        Register,
        Issuer,
        (
            "Bản chứng thực này đã bị huỷ theo quyết định {decision}, ngày {date}.",
            "This certified copy was annulled by decision {decision} of {date}.",
        ),
        NO_ACCEPT,
    ),
    row(
        "register-mismatch",
        Fatal,
        Register,
        Issuer,
        (
            "Số trên bản không khớp sổ của cơ quan ({detail}).",
            "The number on the copy does not match the agency's register ({detail}).",
        ),
        ASK_ISSUER,
    ),
    row(
        "only-one-signature",
        Fatal,
        Register,
        Issuer,
        (
            "Mới có một chữ ký; bản sao chứng thực phải có hai.",
            "There is only one signature; a certified copy has two.",
        ),
        ("Hỏi cơ quan cấp; có thể chưa hoàn tất.", "Ask the issuing agency; it may not be finished."),
    ),
    row(
        "wrong-order",
        Fatal,
        Register,
        Issuer,
        ("Dấu cơ quan có trước chữ ký lãnh đạo.", "The agency's seal precedes the leader's signature."),
        EXPERT,
    ),
    row(
        "copy-structure",
        Fatal,
        Register,
        Issuer,
        (
            "Tệp không có cấu trúc của bản sao chứng thực ({detail}).",
            "The file does not have the structure of a certified copy ({detail}).",
        ),
        ASK_ISSUER,
    ),
    row(
        "number-missing",
        Fatal,
        Register,
        Issuer,
        (
            "Dấu cơ quan không mang số chứng thực đọc được bằng máy.",
            "The agency's seal carries no machine-readable number.",
        ),
        ASK_ISSUER,
    ),
    row(
        "not-agency-certificate",
        Fatal,
        Register,
        Issuer,
        (
            "Chữ ký thứ hai không phải chứng thư của cơ quan.",
            "The second signature is not by an agency's X.509 certificate.",
        ),
        NO_ACCEPT,
    ),
    row(
        "agency-differs",
        Note,
        Register,
        Issuer,
        (
            "Tổ chức trong chứng thư của lãnh đạo khác cơ quan đóng dấu ({leader} / {seal}).",
            "The organisation of the leader's X.509 certificate differs from the sealing agency ({leader} / {seal}).",
        ),
        ("Nên hỏi lại cơ quan cấp.", "Asking the issuing agency is advisable."),
    ),
    row(
        "signer-without-mandate",
        Fatal,
        Register,
        Issuer,
        ("Người ký không có uỷ quyền còn hiệu lực tại ngày đó.", "The signer had no mandate in force on that day."),
        ("Báo cơ quan cấp.", "Tell the issuing agency."),
    ),
    row(
        "register-unknown",
        Unknown,
        Register,
        Technician,
        ("Sổ của cơ quan chưa trả lời về số này.", "The agency's register does not know this number yet."),
        LATER,
    ),
    row(
        "copy-signer-unbound",
        Fatal,
        Register,
        Issuer,
        (
            "Chữ ký {field} của bản sao chứng thực không gắn với chứng thư người ký, nên không chắc ai đã ký.",
            "Signature {field} of the certified copy is not bound to the signer's X.509 certificate, so who signed is not certain.",
        ),
        ASK_ISSUER,
    ),
    row(
        "copy-certificate-usage",
        Fatal,
        Register,
        Issuer,
        (
            "Chứng thư của chữ ký {field} chỉ cấp cho máy chủ hoặc để đăng nhập, không phải để ký văn bản.",
            "The X.509 certificate of signature {field} is for a server or for signing in, not for signing documents.",
        ),
        ASK_ISSUER,
    ),
];
