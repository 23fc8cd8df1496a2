//! The certified copy and the register (R68).

use super::Owner::{Issuer, Nobody, Technician};
use super::Severity::{Fatal, Note, Unknown};
use super::{ASK_ISSUER, EXPERT, Explanation, LATER, NO_ACCEPT, STILL_VALID, row};
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
        "copy-structure-unclear",
        Unknown,
        Register,
        Issuer,
        (
            "Không xem hết được tệp, nên chưa biết tệp có đúng cấu trúc của bản sao chứng thực không ({detail}).",
            "Not all of the file can be looked at, so whether it has the structure of a certified copy is not known ({detail}).",
        ),
        EXPERT,
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
        Fatal,
        Register,
        Issuer,
        (
            "Cơ quan đóng dấu khác cơ quan trong lời chứng ({wording} / {seal}).",
            "The sealing agency is not the one in the wording of the attestation ({wording} / {seal}).",
        ),
        ("Không tiếp nhận; hỏi lại cơ quan cấp.", "Do not accept it; ask the issuing agency."),
    ),
    row(
        "agency-renamed",
        Note,
        Register,
        Nobody,
        (
            "Cơ quan đã đổi tên hoặc sáp nhập: lời chứng ghi {wording}, chứng thư ghi {seal}, và sổ xác nhận chính tệp này.",
            "The agency was renamed or merged: the wording says {wording}, the X.509 certificate {seal}, and the register confirms this \
             very file.",
        ),
        STILL_VALID,
    ),
    row(
        "leader-agency-differs",
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
        "leader-agency-unknown",
        Note,
        Register,
        Issuer,
        (
            "Chứng thư của lãnh đạo không ghi tổ chức nào, nên không biết người ký có thuộc cơ quan đóng dấu không.",
            "The leader's X.509 certificate names no organisation, so whether the signer belongs to the sealing agency is not known.",
        ),
        ("Nên hỏi lại cơ quan cấp.", "Asking the issuing agency is advisable."),
    ),
    row(
        "leader-certificate-unclear",
        Note,
        Register,
        Issuer,
        (
            "Chữ ký của lãnh đạo dùng chứng thư đứng tên tổ chức ({leader}), nên không biết người nào đã ký.",
            "The leader's signature is by an X.509 certificate in the name of an organisation ({leader}), so which person signed is not known.",
        ),
        ("Nên hỏi lại cơ quan cấp ai đã ký.", "Asking the issuing agency who signed is advisable."),
    ),
    row(
        "agency-certificate-unclear",
        Note,
        Register,
        Issuer,
        (
            "Chứng thư của dấu đứng tên {seal}, không phải tên tổ chức trong chứng thư ấy ({leader}); có thể là chứng thư của một người.",
            "The seal's X.509 certificate is in the name {seal}, which is not its organisation ({leader}); it may be a person's.",
        ),
        (
            "Nên hỏi lại cơ quan cấp về chứng thư của dấu.",
            "Asking the issuing agency about the seal's certificate is advisable.",
        ),
    ),
    row(
        "wording-differs",
        Fatal,
        Register,
        Issuer,
        (
            "Lời chứng in trên dấu khác dữ liệu mà dấu mang cho máy đọc ({detail}).",
            "The wording that the seal shows differs from what the seal carries for machines ({detail}).",
        ),
        ASK_ISSUER,
    ),
    row(
        "wording-unread",
        Note,
        Register,
        Issuer,
        (
            "Không đọc được lời chứng bằng máy ({detail}).",
            "The wording of the attestation cannot be read by a program ({detail}).",
        ),
        (
            "Kết luận không dựa vào lời chứng; người nhận tự xem lời chứng trên trang.",
            "The verdict does not rest on the wording; look at it on the page.",
        ),
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
        "register-not-asked",
        Note,
        Register,
        Nobody,
        (
            "Chưa đối chiếu với sổ của cơ quan, nên chưa biết cơ quan ký có quyền chứng thực, mã đơn vị có đúng của cơ quan ấy và số này có \
             trong sổ không.",
            "The agency's register was not asked, so whether the signing agency may certify, whether the unit's code is its own and whether \
             the number is in the register is not known.",
        ),
        (
            "Đối chiếu số chứng thực với sổ của cơ quan cấp trước khi tiếp nhận.",
            "Look the number up in the issuing agency's register before you accept it.",
        ),
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
