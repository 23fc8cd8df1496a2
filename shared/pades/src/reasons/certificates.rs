//! X.509 certificates of the signers (R65).

use super::Owner::{Issuer, Nobody, Technician};
use super::Severity::{Fatal, Note, Unknown};
use super::{ASK_ISSUER, EVIDENCE, EXPERT, Explanation, NO_ACCEPT, RESPONDER, STILL_VALID, row};
use crate::report::CheckId::SignerCertificates;

pub(super) const ROWS: &[Explanation] = &[
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
        "certificate-doubted",
        Unknown,
        SignerCertificates,
        Issuer,
        (
            "Chứng thư bị thu hồi sau lúc ký, nhưng tổ chức cấp ghi rằng trước lúc ký nó đã không còn tin được, chẳng hạn khóa đã lộ ({field}: {detail}).",
            "The X.509 certificate was revoked after signing, but its issuer says that it could no longer be trusted before signing, because the key was known to others, for example ({field}: {detail}).",
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
        EVIDENCE,
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
        "certificate-usage",
        Note,
        SignerCertificates,
        Issuer,
        (
            "Chứng thư người ký chỉ cấp cho máy chủ hoặc để đăng nhập, không phải để ký văn bản ({field}).",
            "The signer's X.509 certificate is for a server or for signing in, not for signing documents ({field}).",
        ),
        ("Nên hỏi lại người ký.", "Asking the signer is advisable."),
    ),
];
