//! Whoever issued the X.509 certificates (R67).

use super::Owner::{Issuer, Nobody, Technician};
use super::Severity::{Fatal, Note, Unknown};
use super::{Explanation, NO_ACCEPT, TRUST_LIST, row};
use crate::report::CheckId::TrustService;

pub(super) const ROWS: &[Explanation] = &[
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
        (
            "Chưa kết luận, không có nghĩa là sai; đề nghị gửi tệp có kèm chứng thư trung gian.",
            "No conclusion, which does not mean that it is wrong; ask for a file that brings the intermediate X.509 certificate.",
        ),
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
        "trust-list-absent",
        Note,
        TrustService,
        Technician,
        (
            "Không có danh sách tin cậy để đối chiếu, nên chưa xét tổ chức cấp chứng thư có được cấp phép lúc ký không.",
            "There is no trusted list to look at, so whether the issuing CA was licensed when signing was not checked.",
        ),
        (
            "Vẫn hợp lệ theo gốc tin cậy đã chọn; muốn kiểm tra giấy phép, dùng danh sách tin cậy.",
            "It is valid under the chosen trust anchors; use a trusted list to check the licence.",
        ),
    ),
];
