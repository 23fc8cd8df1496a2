//! Signatures: their bytes, and what was changed after them (R64).

use super::Owner::{Issuer, Nobody, Requester, Technician};
use super::Severity::{Fatal, Note, Unknown};
use super::{ASK_ISSUER, EXPERT, Explanation, NO_ACCEPT, STILL_VALID, row};
use crate::report::CheckId::{Integrity, SignerCertificates};

/// What a sentence says where the pages of a later change are known: they fill `{where}`.
pub(super) const PLACED: &[(&str, &str, &str)] = &[
    (
        "later-change-not-allowed",
        "Sau khi ký, {where} đã bị thay đổi mà không được phép (chữ ký {field}; {detail}).",
        "A change that is not allowed was made after signing, on {where} (signature {field}; {detail}).",
    ),
    (
        "later-change-not-of-a-copy",
        "Sau khi ký, {where} đã có thay đổi mà bản sao chứng thực không được có (chữ ký {field}; {detail}).",
        "A change that a certified copy may not have was made after signing, on {where} (signature {field}; {detail}).",
    ),
    (
        "later-change-drawing-unread",
        "Ở {where} có ô biểu mẫu được điền sau khi ký mà không đọc được chữ hiện trên trang, nên không biết chữ đó có đúng với giá \
         trị đã điền hay không (chữ ký {field}; {detail}).",
        "On {where} a form field was filled in after signing and the text that it shows cannot be read, so it may show another text \
         than its value (signature {field}; {detail}).",
    ),
    (
        "later-change-covers",
        "Sau khi ký, ở {where} có chữ ký hoặc ghi chú mới nằm đè lên chỗ có thể đã có nội dung (chữ ký {field}; {detail}).",
        "After signing a signature or a note was added on {where} where there may have been content (signature {field}; {detail}).",
    ),
];

pub(super) const ROWS: &[Explanation] = &[
    row(
        "content-changed",
        Fatal,
        Integrity,
        Requester,
        (
            "Nội dung đã bị sửa sau khi ký; mã băm không khớp ({field}).",
            "The content was changed after signing; the digest differs ({field}).",
        ),
        (
            "Không tiếp nhận; nếu nghi giả mạo, báo cơ quan cấp.",
            "Do not accept it; if you suspect forgery, tell the issuing agency.",
        ),
    ),
    row(
        "signature-wrong",
        Fatal,
        Integrity,
        Requester,
        ("Giá trị chữ ký số sai ({field}).", "The signature value is wrong ({field})."),
        (
            "Không tiếp nhận; nếu nghi giả mạo, báo cơ quan cấp.",
            "Do not accept it; if you suspect forgery, tell the issuing agency.",
        ),
    ),
    row(
        "signature-malformed",
        Fatal,
        Integrity,
        Issuer,
        (
            "Chữ ký số không đúng cấu trúc ({field}: {detail}).",
            "The signature's structure is wrong ({field}: {detail}).",
        ),
        ASK_ISSUER,
    ),
    row(
        "signature-unsupported",
        Fatal,
        Integrity,
        Technician,
        (
            "Chữ ký dùng định dạng hoặc thuật toán không được hỗ trợ ({field}: {detail}).",
            "The signature uses a format or an algorithm that is not supported ({field}: {detail}).",
        ),
        EXPERT,
    ),
    row(
        "byte-range-gap",
        Fatal,
        Integrity,
        Requester,
        (
            "Chữ ký không phủ toàn bộ phần nó tuyên bố ({field}: {detail}).",
            "The signature does not cover what it claims ({field}: {detail}).",
        ),
        NO_ACCEPT,
    ),
    row(
        "signer-mismatch",
        Fatal,
        Integrity,
        Issuer,
        (
            "Chữ ký gắn với một chứng thư khác ({field}).",
            "The signature is bound to another X.509 certificate ({field}).",
        ),
        ASK_ISSUER,
    ),
    row(
        "later-change-not-allowed",
        Fatal,
        Integrity,
        Requester,
        (
            "Sau khi ký có thay đổi không được phép (chữ ký {field}; {detail}).",
            "A change that is not allowed was made after signing (signature {field}; {detail}).",
        ),
        (
            "Không tiếp nhận; xem trang được nêu, nếu có.",
            "Do not accept it; look at the page that is named, if one is.",
        ),
    ),
    row(
        "later-change-not-of-a-copy",
        Fatal,
        Integrity,
        Requester,
        (
            "Sau khi ký có thay đổi mà bản sao chứng thực không được có (chữ ký {field}; {detail}).",
            "A change that a certified copy may not have was made after signing (signature {field}; {detail}).",
        ),
        NO_ACCEPT,
    ),
    row(
        "later-change-unclear",
        Fatal,
        Integrity,
        Requester,
        (
            "Không giải thích được hết các thay đổi sau khi ký (chữ ký {field}; {detail}).",
            "The changes after signing cannot all be explained (signature {field}; {detail}).",
        ),
        NO_ACCEPT,
    ),
    row(
        "later-change-not-compared",
        Unknown,
        Integrity,
        Requester,
        (
            "Có quá nhiều thứ phải so sánh với bản lúc ký nên không biết thay đổi sau khi ký có được phép hay không (chữ ký {field}; {detail}).",
            "There is more to compare with what was signed than is compared, so it is not known whether the changes after signing are allowed \
             (signature {field}; {detail}).",
        ),
        (
            "Chưa tiếp nhận; đề nghị người nộp gửi tệp gọn hơn hoặc bản gốc chưa bị sửa sau khi ký.",
            "Do not accept it yet; ask for a smaller file, or for the one that was not changed after signing.",
        ),
    ),
    row(
        "later-change-drawing-unread",
        Fatal,
        Integrity,
        Requester,
        (
            "Có ô biểu mẫu được điền sau khi ký mà không đọc được chữ hiện trên trang, nên không biết chữ đó có đúng với giá trị \
             đã điền hay không (chữ ký {field}; {detail}).",
            "A form field was filled in after signing and the text that it shows cannot be read, so it may show another text than its \
             value (signature {field}; {detail}).",
        ),
        (
            "Không tiếp nhận; đề nghị người nộp gửi bản ký sau khi đã điền xong biểu mẫu.",
            "Do not accept it; ask for a file that was signed after the form was filled in.",
        ),
    ),
    row(
        "later-change-covers",
        Note,
        Integrity,
        Requester,
        (
            "Sau khi ký có chữ ký hoặc ghi chú mới nằm đè lên chỗ có thể đã có nội dung (chữ ký {field}; {detail}).",
            "A signature or a note that was added after signing lies where there may have been content (signature {field}; {detail}).",
        ),
        (
            "Vẫn hợp lệ; xem trang được nêu có bị che nội dung không, nếu nghi ngờ thì xem bản tại thời điểm ký.",
            "It stays valid; see whether something on that page is hidden, and in doubt look at the file as it was signed.",
        ),
    ),
    row(
        "signer-certificate-missing",
        Unknown,
        Integrity,
        Issuer,
        (
            "Tệp không chứa chứng thư của người ký nên không kiểm tra được chữ ký ({field}).",
            "The file lacks the signer's X.509 certificate, so the signature cannot be checked ({field}).",
        ),
        ASK_ISSUER,
    ),
    row(
        "seed-value-violated",
        Fatal,
        Integrity,
        Issuer,
        (
            "Chữ ký không theo ràng buộc đặt sẵn của ô ký ({field}: {detail}).",
            "The signature breaks the constraints of its field ({field}: {detail}).",
        ),
        ASK_ISSUER,
    ),
    row(
        "later-change-allowed",
        Note,
        Integrity,
        Nobody,
        (
            "Sau chữ ký {field} chỉ có các thay đổi được phép.",
            "Only permitted changes were made after signature {field}.",
        ),
        STILL_VALID,
    ),
    row(
        "padding-not-zero",
        Note,
        Integrity,
        Technician,
        ("Phần đệm của chữ ký {field} chứa dữ liệu lạ.", "The padding of signature {field} holds foreign data."),
        STILL_VALID,
    ),
    row(
        "copy-padding-used",
        Fatal,
        Integrity,
        Requester,
        (
            "Phần đệm của chữ ký {field} trong bản sao không còn toàn số không ({detail}).",
            "The padding of signature {field} in the copy is no longer all zeros ({detail}).",
        ),
        NO_ACCEPT,
    ),
    row(
        "copy-container-altered",
        Fatal,
        Integrity,
        Requester,
        (
            "Phần dữ liệu chứa chữ ký cuối cùng ({field}) đã bị ghi lại sau khi cấp: chữ ký vẫn khớp, nhưng tệp không còn y nguyên như khi \
             cơ quan cấp.",
            "The data that hold the last signature ({field}) were rewritten after issue: the signature still verifies, but the file is no \
             longer the very one that was issued.",
        ),
        (
            "Không tiếp nhận; xin lại tệp từ cơ quan cấp.",
            "Do not accept it; ask the issuing agency for the file again.",
        ),
    ),
    row(
        "copy-timestamp-foreign",
        Unknown,
        Integrity,
        Issuer,
        (
            "Dấu thời gian cuối cùng của tệp ({field}) do nơi khác đóng thêm, không phải hệ thống cấp bản sao.",
            "The last time-stamp of the file ({field}) was added by somebody else, not by the system that issued the copy.",
        ),
        ("Chưa kết luận; xin lại tệp từ cơ quan cấp.", "No conclusion; ask the issuing agency for the file again."),
    ),
    row(
        "copy-certificate-unverified",
        Unknown,
        Integrity,
        Technician,
        (
            "Chứng thư kèm theo chữ ký {field} không xác minh được bằng CA nào đã biết ({detail}).",
            "A certificate that comes with signature {field} verifies under no known CA ({detail}).",
        ),
        EXPERT,
    ),
    row(
        "copy-unsigned-update",
        Unknown,
        Integrity,
        Issuer,
        (
            "Sau chữ ký {field} bản sao còn bị ghi thêm một phần không có chữ ký hay dấu thời gian nào bảo vệ.",
            "After signature {field} something was appended to the copy that no signature or time-stamp covers.",
        ),
        ("Chưa kết luận; xin lại tệp từ cơ quan cấp.", "No conclusion; ask the issuing agency for the file again."),
    ),
    row(
        "signer-binding-missing",
        Unknown,
        SignerCertificates,
        Issuer,
        (
            "Chữ ký {field} thiếu thuộc tính gắn nó với chứng thư người ký, nên không chắc ai đã ký.",
            "Signature {field} lacks the attribute that binds it to the signer's X.509 certificate, so who signed is not certain.",
        ),
        ASK_ISSUER,
    ),
    row(
        "signer-unbound",
        Note,
        Integrity,
        Issuer,
        (
            "Chữ ký {field} không gắn với riêng chứng thư nào: tên người ký đúng chỉ khi khóa ấy không có chứng thư khác.",
            "Signature {field} is not bound to one X.509 certificate: the signer's name is right only if no other certificate has that key.",
        ),
        (
            "Hợp lệ; khi cần biết chắc ai ký, hỏi lại người ký.",
            "It is valid; where it matters who signed, ask the signer.",
        ),
    ),
];
