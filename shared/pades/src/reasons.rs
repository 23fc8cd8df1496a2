//! The catalogue of reasons: code → sentence and action in Vietnamese and English (R69, pages.md §3.5).
//!
//! A sentence says what a clerk can act on; facts go into `{name}` places. Severity decides the verdict, the check says which of the five
//! questions the reason answers.

use crate::report::{CheckId, Reason, Text};

/// How a reason weighs.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    /// Makes the file invalid.
    Fatal,
    /// Makes it impossible to tell.
    Unknown,
    /// Worth knowing, changes nothing.
    Note,
}

/// Who can do something about it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Owner {
    /// Người nộp.
    Requester,
    /// Cơ quan cấp.
    Issuer,
    /// Kỹ thuật.
    Technician,
    /// Không ai.
    Nobody,
}

/// One row of the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct Explanation {
    /// Stable code.
    pub code: &'static str,
    /// Weight.
    pub severity: Severity,
    /// The check that it belongs to.
    pub check: CheckId,
    /// Who must act.
    pub owner: Owner,
    /// Why, in Vietnamese.
    pub vi: &'static str,
    /// Why, in English.
    pub en: &'static str,
    /// What to do, in Vietnamese.
    pub action_vi: &'static str,
    /// What to do, in English.
    pub action_en: &'static str,
}

/// The row of a code.
pub fn explain(code: &str) -> Option<&'static Explanation> {
    ROWS.iter().find(|row| row.code == code)
}

/// All rows.
pub fn explanations() -> &'static [Explanation] {
    ROWS
}

/// Codes that only this crate makes always have a row; a foreign code is treated as a failure of the analysis.
pub(crate) fn severity(code: &str) -> Severity {
    explain(code).map_or(Severity::Unknown, |row| row.severity)
}

pub(crate) fn reason(code: &str, params: &[(&str, String)]) -> Reason {
    let (vi, en) = match explain(code) {
        Some(row) if row.code == "annulled" && params.iter().all(|(name, _)| *name != "decision") => UNDECIDED,
        row => row.map_or(("", ""), |row| (row.vi, row.en)),
    };
    let fill = |template: &str| {
        let mut text = template.to_owned();
        for (name, value) in params {
            text = text.replace(&format!("{{{name}}}"), value);
        }
        text
    };
    let mut params: std::collections::BTreeMap<String, String> =
        params.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    // Of a later change the rule is known more exactly than by its code.
    params.entry("rule".to_owned()).or_insert_with(|| rule(code).to_owned());
    Reason { code: code.to_owned(), text: Text { vi: fill(vi), en: fill(en) }, params }
}

/// What `annulled` says where the register knows no decision: some copies were annulled before decisions were kept.
const UNDECIDED: (&str, &str) = (
    "Bản chứng thực này đã bị huỷ, ghi sổ ngày {entered}.",
    "This certified copy was annulled, entered in the register on {entered}.",
);

/// Where the rule behind a code is written down: a clause of a standard, or a rule (A–F) of this validator.
pub fn rule(code: &str) -> &'static str {
    RULES.iter().find(|(_, codes)| codes.contains(&code)).map_or("", |(rule, _)| rule)
}

/// Each code stands in exactly one row.
static RULES: &[(&str, &[&str])] = &[
    ("ISO 32000-2 §7.5.2", &["not-a-pdf"]),
    ("ISO 32000-2 §7.5", &["pdf-broken", "pdf-rebuilt", "file-reading-note"]),
    ("F: limits", &["pdf-too-complex", "reader-failed", "file-unreadable"]),
    ("ISO 32000-2 §7.6", &["pdf-encrypted", "pdf-locked"]),
    ("A9", &["two-readings"]),
    ("E", &["shadow-capable"]),
    ("NĐ 45/2020/NĐ-CP Đ10", &["no-signature", "only-one-signature"]),
    ("B2, B6", &["certification-unclear"]),
    ("A8", &["bytes-after-last-signature"]),
    ("EN 319 102-1 §5.2.7: messageDigest", &["content-changed"]),
    ("EN 319 102-1 §5.2.7: signature", &["signature-wrong"]),
    ("EN 319 102-1 §5.2.2", &["signature-malformed", "signature-unsupported"]),
    ("EN 319 102-1 §5.2.3", &["signer-certificate-missing", "signer-mismatch"]),
    ("A1–A6", &["byte-range-gap"]),
    ("A3", &["padding-not-zero", "copy-padding-used"]),
    ("A8, R68", &["copy-unsigned-update"]),
    ("RFC 5652 §5, X.690 §10", &["copy-container-altered", "copy-certificate-unverified"]),
    (
        "B, C",
        &["later-change-not-allowed", "later-change-allowed", "later-change-not-of-a-copy", "later-change-unclear"],
    ),
    ("ISO 32000-2 §12.7.5.5", &["seed-value-violated"]),
    ("EN 319 102-1 §5.2.6: revocation", &["certificate-revoked-before", "certificate-revoked-unproven", "ca-revoked"]),
    ("EN 319 102-1 §5.5: validity", &["certificate-expired-at-signing", "certificate-not-yet-valid"]),
    ("RFC 5280 §6.1", &["certificate-path-invalid"]),
    ("EN 319 102-1 §5.2.8, TS 119 312", &["weak-algorithm", "weak-algorithm-in-time"]),
    ("EN 319 102-1 §5.2.6: validity", &["certificate-expired-unproven", "certificate-expired-now"]),
    ("EN 319 102-1 §5.2.5", &["revocation-unknown", "tsa-revocation-unknown"]),
    ("RFC 6960 §4.2.2.2.1", &["responder-unvouched", "tsa-responder-unvouched"]),
    ("EN 319 102-1 §5.5: revocation", &["certificate-revoked-after"]),
    ("EN 319 102-1 §5.6.2", &["evidence-unproven", "tsa-expired-unproven"]),
    ("EN 319 102-1 §5.5.4", &["timestamp-order"]),
    ("RFC 3161 §2.4.2", &["timestamp-bad"]),
    ("RFC 3161 §4", &["tsa-revoked"]),
    ("EN 319 102-1 §5.4", &["timestamp-in-future"]),
    ("R66", &["timestamp-missing", "timestamp-required", "time-off-by-7h"]),
    ("R67", &["tsa-untrusted", "ca-not-licensed", "ca-unknown", "chain-incomplete"]),
    ("R62", &["test-certificate"]),
    (
        "R68",
        &[
            "annulled",
            "register-mismatch",
            "register-unknown",
            "wrong-order",
            "copy-structure",
            "number-missing",
            "not-agency-certificate",
            "agency-differs",
            "agency-renamed",
            "signer-without-mandate",
        ],
    ),
];

const NO_ACCEPT: (&str, &str) = ("Không tiếp nhận.", "Do not accept it.");
const STILL_VALID: (&str, &str) = ("Vẫn hợp lệ.", "It stays valid.");
const ASK_ISSUER: (&str, &str) = ("Không tiếp nhận; báo cơ quan cấp.", "Do not accept it; tell the issuing agency.");
const EXPERT: (&str, &str) = ("Chuyển người có chuyên môn xem.", "Let an expert look at it.");
const ORIGINAL: (&str, &str) = (
    "Đề nghị người nộp gửi đúng tệp gốc nhận từ Cổng hoặc thư điện tử.",
    "Ask for the original file as received from the portal or by e-mail.",
);
const LATER: (&str, &str) =
    ("Thử lại sau ít phút; không kết luận là sai.", "Try again in some minutes; do not call it wrong.");
const RESPONDER: (&str, &str) = (
    "Chưa kết luận; kiểm tra lại khi có CRL của CA, và báo CA về máy trả lời OCSP này.",
    "No conclusion; judge again with the CA's CRL, and tell the CA about this OCSP responder.",
);
const TRUST_LIST: (&str, &str) =
    ("Chưa kết luận; cập nhật danh sách tin cậy.", "No conclusion; update the trusted list.");

const fn row(
    code: &'static str,
    severity: Severity,
    check: CheckId,
    owner: Owner,
    text: (&'static str, &'static str),
    action: (&'static str, &'static str),
) -> Explanation {
    Explanation { code, severity, check, owner, vi: text.0, en: text.1, action_vi: action.0, action_en: action.1 }
}

use CheckId::{Integrity, Register, SignerCertificates, Timestamps, TrustService};
use Owner::{Issuer, Nobody, Requester, Technician};
use Severity::{Fatal, Note, Unknown};

/// Gravest first within each check; the first fatal row found gives the summary.
static ROWS: &[Explanation] = &[
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
        ("Kiểm tra tên tệp và quyền đọc.", "Check the file's name and the right to read it."),
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
            "Không rõ mức thay đổi được phép: có nhiều chữ ký chứng nhận, hoặc chữ ký chứng nhận không phải chữ ký đầu tiên ({detail}).",
            "What may change is unclear: several certifying signatures, or one that is not the first signature ({detail}).",
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
        ("Không tiếp nhận; xem trang bị khoanh.", "Do not accept it; look at the marked page."),
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
            "Cấu trúc chứa chữ ký {field} khác với cấu trúc mà hệ thống cấp bản sao ghi ra ({detail}).",
            "The structure that holds signature {field} is not as the issuing system writes it ({detail}).",
        ),
        NO_ACCEPT,
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
        "certificate-revoked-before",
        Fatal,
        SignerCertificates,
        Issuer,
        ("Chứng thư bị thu hồi trước lúc ký ({field}).", "The X.509 certificate was revoked before signing ({field})."),
        NO_ACCEPT,
    ),
    row(
        "certificate-expired-at-signing",
        Fatal,
        SignerCertificates,
        Issuer,
        (
            "Chứng thư đã hết hạn hoặc chưa có hiệu lực lúc ký ({field}).",
            "The X.509 certificate had expired or was not yet valid when signing ({field}).",
        ),
        ("Không tiếp nhận; báo cơ quan cấp làm lại.", "Do not accept it; ask the issuing agency to redo it."),
    ),
    row(
        "certificate-not-yet-valid",
        Fatal,
        SignerCertificates,
        Issuer,
        (
            "Chứng thư chưa có hiệu lực lúc ký ({field}).",
            "The X.509 certificate was not yet valid when signing ({field}).",
        ),
        ASK_ISSUER,
    ),
    row(
        "ca-revoked",
        Unknown,
        SignerCertificates,
        Technician,
        (
            "Chứng thư của tổ chức cấp đã bị thu hồi và không có bằng chứng là ký trước đó ({field}).",
            "The issuing CA's X.509 certificate was revoked, and nothing proves that the signature is older ({field}).",
        ),
        EXPERT,
    ),
    row(
        "evidence-unproven",
        Unknown,
        SignerCertificates,
        Technician,
        (
            "Chứng cứ thu hồi không được chứng minh là có từ trước khi chứng thư ký ra nó hết hiệu lực ({field}: {detail}).",
            "The revocation evidence is not proven to be older than the end of the X.509 certificate that signed it ({field}: {detail}).",
        ),
        (
            "Chưa kết luận; tìm bản lưu trữ có dấu thời gian mới hơn.",
            "No conclusion; look for an archived file with a newer time-stamp.",
        ),
    ),
    row(
        "weak-algorithm-in-time",
        Note,
        SignerCertificates,
        Nobody,
        (
            "Thuật toán {algorithm} nay đã yếu, nhưng có bằng chứng là ký khi còn đủ mạnh ({field}).",
            "The algorithm {algorithm} is weak by now, but the signature is proven to be older ({field}).",
        ),
        STILL_VALID,
    ),
    row(
        "certificate-path-invalid",
        Fatal,
        SignerCertificates,
        Issuer,
        (
            "Đường dẫn chứng thư vi phạm quy tắc ({field}: {detail}).",
            "The certification path breaks a rule ({field}: {detail}).",
        ),
        ASK_ISSUER,
    ),
    row(
        "weak-algorithm",
        Unknown,
        SignerCertificates,
        Issuer,
        (
            "Thuật toán ký quá yếu ({algorithm}) ({field}).",
            "The signature algorithm is too weak ({algorithm}) ({field}).",
        ),
        ("Không tiếp nhận với bản mới.", "Do not accept it for a new document."),
    ),
    row(
        "certificate-expired-unproven",
        Unknown,
        SignerCertificates,
        Issuer,
        (
            "Chứng thư nay đã hết hạn và không có dấu thời gian chứng minh lúc ký còn hiệu lực ({field}).",
            "The X.509 certificate has expired and no time-stamp proves that it was valid when signing ({field}).",
        ),
        ("Chưa kết luận; hỏi lại cơ quan cấp.", "No conclusion; ask the issuing agency."),
    ),
    row(
        "certificate-revoked-unproven",
        Unknown,
        SignerCertificates,
        Issuer,
        (
            "Chứng thư đã bị thu hồi và không có dấu thời gian chứng minh ký trước khi thu hồi ({field}).",
            "The X.509 certificate was revoked and no time-stamp proves that the signature is older ({field}).",
        ),
        ("Chưa kết luận; hỏi lại cơ quan cấp.", "No conclusion; ask the issuing agency."),
    ),
    row(
        "revocation-unknown",
        Unknown,
        SignerCertificates,
        Technician,
        (
            "Chưa biết chứng thư có bị thu hồi không ({field}).",
            "It is not known whether the X.509 certificate was revoked ({field}).",
        ),
        LATER,
    ),
    row(
        "responder-unvouched",
        Unknown,
        SignerCertificates,
        Technician,
        (
            "Có trả lời OCSP về chứng thư, nhưng không biết chính máy trả lời đã bị thu hồi chưa ({field}).",
            "An OCSP responder answered about the X.509 certificate, but whether it was itself revoked is not known ({field}).",
        ),
        RESPONDER,
    ),
    row(
        "certificate-expired-now",
        Note,
        SignerCertificates,
        Nobody,
        (
            "Chứng thư nay đã hết hạn nhưng còn hiệu lực lúc ký ({field}).",
            "The X.509 certificate has expired by now but was valid when signing ({field}).",
        ),
        STILL_VALID,
    ),
    row(
        "certificate-revoked-after",
        Note,
        SignerCertificates,
        Nobody,
        ("Chứng thư bị thu hồi sau lúc ký ({field}).", "The X.509 certificate was revoked after signing ({field})."),
        ("Vẫn hợp lệ vì ký trước khi thu hồi.", "It stays valid: it was signed before the revocation."),
    ),
    row(
        "agency-renamed",
        Note,
        SignerCertificates,
        Nobody,
        (
            "Cơ quan đã đổi tên hoặc sáp nhập; chứng thư cũ hợp lệ lúc ký.",
            "The agency was renamed or merged; its X.509 certificate was valid when signing.",
        ),
        STILL_VALID,
    ),
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
        LATER,
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
        "ca-not-licensed",
        Fatal,
        TrustService,
        Issuer,
        (
            "Tổ chức cấp chứng thư không có hoặc không còn giấy phép lúc ký ({field}).",
            "The issuing CA had no licence when signing ({field}).",
        ),
        NO_ACCEPT,
    ),
    row(
        "ca-unknown",
        Unknown,
        TrustService,
        Technician,
        (
            "Không nhận ra tổ chức cấp chứng thư ({field}).",
            "The CA that issued the X.509 certificate is not recognised ({field}).",
        ),
        TRUST_LIST,
    ),
    row(
        "chain-incomplete",
        Unknown,
        TrustService,
        Technician,
        (
            "Thiếu chứng thư trung gian nên chưa nối được tới gốc tin cậy ({field}).",
            "An intermediate X.509 certificate is missing, no path to a trusted root ({field}).",
        ),
        LATER,
    ),
    row(
        "test-certificate",
        Note,
        TrustService,
        Nobody,
        ("Ký bằng chứng thư thử nghiệm.", "Signed with a test X.509 certificate."),
        ("Không có giá trị ngoài môi trường thử nghiệm.", "Without value outside the test environment."),
    ),
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
];
