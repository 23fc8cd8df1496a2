//! The file itself: what could be read of it, and what it holds beside signatures.

use super::Owner::{Issuer, Requester, Technician};
use super::Severity::{Fatal, Note, Unknown};
use super::{EXPERT, Explanation, NO_ACCEPT, ORIGINAL, STILL_VALID, row};
use crate::report::CheckId::Integrity;

pub(super) const ROWS: &[Explanation] = &[
    row("not-a-pdf", Fatal, Integrity, Requester, ("Tệp không phải là PDF.", "The file is not a PDF."), ORIGINAL),
    row(
        "pdf-broken",
        Fatal,
        Integrity,
        Requester,
        (
            "Cấu trúc tệp PDF bị hỏng hoặc không rõ ràng ({detail}).",
            "The structure of the PDF is broken or ambiguous ({detail}).",
        ),
        ORIGINAL,
    ),
    row(
        "pdf-too-complex",
        Unknown,
        Integrity,
        Requester,
        ("Tệp PDF vượt giới hạn xử lý ({detail}).", "The PDF exceeds a processing limit ({detail})."),
        ORIGINAL,
    ),
    row(
        "file-unreadable",
        Unknown,
        Integrity,
        Technician,
        ("Không mở được tệp ({detail}).", "The file cannot be opened ({detail})."),
        (
            "Kiểm tra tên tệp và quyền đọc; nếu là tệp zip, nén lại hồ sơ hoặc đưa từng tệp PDF.",
            "Check the file's name and the right to read it; pack a zip archive again, or give the PDF files one by one.",
        ),
    ),
    row(
        "reader-failed",
        Unknown,
        Integrity,
        Technician,
        (
            "Bộ kiểm tra gặp lỗi khi đọc tệp này; chưa kết luận.",
            "The reader failed on this file; nothing is concluded.",
        ),
        EXPERT,
    ),
    row(
        "pdf-encrypted",
        Unknown,
        Integrity,
        Requester,
        ("Tệp PDF được mã hoá bằng mật khẩu nên không kiểm tra được.", "The PDF is encrypted and cannot be checked."),
        ("Đề nghị người nộp gửi tệp không đặt mật khẩu.", "Ask for the file without a password."),
    ),
    row(
        "pdf-locked",
        Unknown,
        Integrity,
        Requester,
        (
            "Tệp PDF cần mật khẩu để mở: chỉ kiểm tra được mã băm và chữ ký, không xem được nội dung.",
            "The PDF needs a password: only digests and signatures could be checked, not the content.",
        ),
        ("Đề nghị người nộp gửi tệp không đặt mật khẩu.", "Ask for the file without a password."),
    ),
    row(
        "pdf-rebuilt",
        Unknown,
        Integrity,
        Requester,
        (
            "Bảng tham chiếu của tệp PDF bị hỏng; nội dung được dựng lại từ các đối tượng ({detail}).",
            "The cross-reference of the PDF is damaged; it was put together from its objects ({detail}).",
        ),
        ORIGINAL,
    ),
    row(
        "two-readings",
        Unknown,
        Integrity,
        Requester,
        (
            "Phần đã ký có thể hiện ra khác nhau tuỳ phần mềm đọc ({field}: {detail}).",
            "What was signed may look different from one reader to another ({field}: {detail}).",
        ),
        ORIGINAL,
    ),
    row(
        "certification-unclear",
        Unknown,
        Integrity,
        Issuer,
        (
            "Không rõ mức thay đổi được phép: có nhiều chữ ký chứng nhận, hoặc chữ ký chứng nhận không phải chữ ký đầu tiên ({field}).",
            "What may change is unclear: several certifying signatures, or one that is not the first signature ({field}).",
        ),
        EXPERT,
    ),
    row(
        "shadow-capable",
        Note,
        Integrity,
        Technician,
        (
            "Tệp đã ký có chỗ dễ bị lợi dụng để đổi nội dung về sau ({detail}); chưa bị lợi dụng.",
            "The signed file has places that lend themselves to a later change of content ({detail}); none was made.",
        ),
        STILL_VALID,
    ),
    row(
        "no-signature",
        Fatal,
        Integrity,
        Requester,
        (
            "Tệp không có chữ ký số. Có thể đã in rồi quét lại, hoặc \"lưu thành PDF\".",
            "The file has no digital signature. It may have been printed and scanned again, or \"saved as PDF\".",
        ),
        ORIGINAL,
    ),
    row(
        "signature-hidden",
        Fatal,
        Integrity,
        Requester,
        (
            "Trong tệp còn dữ liệu của một chữ ký số, nhưng lần ghi sau đã bỏ hoặc che chữ ký ấy, nên không còn chữ ký nào bảo vệ nội dung.",
            "Data of a digital signature are still in the file, but a later update took that signature away or hides it, so none protects \
             the content any more.",
        ),
        (
            "Không tiếp nhận; đề nghị người nộp gửi đúng tệp gốc đã ký; nếu nghi giả mạo, báo cơ quan cấp.",
            "Do not accept it; ask for the original signed file; if you suspect forgery, tell the issuing agency.",
        ),
    ),
    row(
        "bytes-after-last-signature",
        Fatal,
        Integrity,
        Requester,
        (
            "Có dữ liệu thêm vào sau chữ ký cuối cùng ({bytes} byte từ vị trí {from}).",
            "Data was added after the last signature ({bytes} bytes from offset {from}).",
        ),
        NO_ACCEPT,
    ),
    row(
        "file-reading-note",
        Note,
        Integrity,
        Technician,
        (
            "Tệp không theo chuẩn PDF ở một điểm không ảnh hưởng chữ ký ({detail}).",
            "The file departs from the PDF standard in a point that does not touch the signatures ({detail}).",
        ),
        STILL_VALID,
    ),
    row(
        "store-item-removed",
        Note,
        Integrity,
        Technician,
        (
            "Lần cập nhật sau đã bỏ {count} chứng cứ (chứng thư, OCSP hoặc CRL) khỏi kho chứng cứ của tệp; chúng vẫn được xét tới.",
            "A later update took {count} pieces of evidence (X.509 certificates, OCSP responses or CRLs) out of the file's store; they are considered all the same.",
        ),
        ("Hợp lệ hay không đã tính cả các chứng cứ ấy.", "The verdict counts that evidence too."),
    ),
    row(
        "store-entry-unmatched",
        Note,
        Integrity,
        Technician,
        (
            "Kho chứng cứ của tệp có mục không ứng với chữ ký hay dấu thời gian nào ({detail}).",
            "The file's store of evidence has an entry that belongs to no signature and no time-stamp ({detail}).",
        ),
        STILL_VALID,
    ),
    row(
        "permission-raised",
        Unknown,
        Integrity,
        Issuer,
        (
            "Ô ký {field} cho phép thay đổi nhiều hơn mức mà một chữ ký trước đã cho, nên không rõ mức được phép.",
            "Signature field {field} allows more changes than an earlier signature did, so what may change is unclear.",
        ),
        EXPERT,
    ),
];
