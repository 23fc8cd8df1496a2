//! First page and documentation.

use maud::html;

use crate::Look;
use crate::layout::{Page, frame, with_lang};

/// The first page: where to go.
pub fn home(look: Look) -> String {
    let lang = look.lang;
    let verify = with_lang("/verify", lang);
    let body = html! {
        h1 { (lang.pick("Chứng thực bản sao điện tử từ bản chính", "Electronic copies attested from paper originals")) }
        ul.cards {
            li {
                a href=(verify) {
                    strong { (lang.pick("Kiểm tra bản sao", "Check a copy")) }
                    span { (lang.pick("Chọn tệp PDF, biết ngay có tiếp nhận được không.", "Choose a PDF and know at once whether to accept it.")) }
                }
            }
            @if look.sandbox {
                li {
                    a href="/phone" {
                        strong { (lang.pick("Điện thoại mô phỏng", "Simulated phones")) }
                        span { (lang.pick("Xác nhận ký bằng SIM PKI của người dùng mẫu.", "Confirm a signature with the SIM of a sample person.")) }
                    }
                }
            }
            li {
                a href=(with_lang("/docs", lang)) {
                    strong { (lang.pick("Tài liệu API", "API")) }
                    span { (lang.pick("Các bước từ đặt lịch đến kiểm tra.", "The steps from the appointment to the check.")) }
                }
            }
        }
    };
    let title = lang.pick("Trang đầu", "Start");
    frame(look, &Page { title, path: "/", script: false }, &body)
}

/// The steps of the main job: call, Vietnamese, English.
const STEPS: &[(&str, &str, &str)] = &[
    ("GET /v1/units?q=…", "Tìm cơ quan", "Find the office"),
    ("POST /v1/appointments", "Đặt lịch hẹn", "Book a visit"),
    ("POST /v1/cases", "Tiếp nhận hồ sơ", "Receive the case"),
    (
        "PUT /v1/cases/{id}/checklist",
        "Xác nhận sáu trường hợp không được chứng thực",
        "Confirm the six grounds for refusal",
    ),
    ("POST /v1/uploads", "Tải bản quét lên", "Upload the scan"),
    ("POST /v1/cases/{id}/copies", "Thêm bản sao", "Add the copy"),
    ("PUT /v1/copies/{id}/attestation", "Chọn lời chứng", "Choose the wording"),
    ("POST /v1/cases/{id}/fee", "Ghi phí", "Record the fee"),
    ("POST /v1/cases/{id}/submit", "Trình lãnh đạo", "Submit to the leader"),
    ("GET /v1/copies/{id}/preview.pdf", "Lãnh đạo mở xem", "The leader opens it"),
    ("POST /v1/sign-sessions", "Lãnh đạo ký, rồi cấp số và đóng dấu", "The leader signs; then number and seal"),
    ("GET /v1/copies/{id}/file", "Lấy tệp", "Get the file"),
    ("POST /v1/verifications", "Kiểm tra", "Check it"),
];

/// The steps of the main job for developers.
pub fn docs(look: Look) -> String {
    let lang = look.lang;
    let body = html! {
        h1 { "API" }
        p {
            (lang.pick("Mọi yêu cầu gửi ", "Every request sends ")) code { "Authorization: Bearer" } "; "
            (lang.pick("POST tạo mới gửi ", "a POST that makes something sends ")) code { "Idempotency-Key" } "; "
            (lang.pick("sửa gửi ", "a change sends ")) code { "If-Match" } ". "
            (lang.pick("Lỗi là ", "Errors are ")) code { "application/problem+json" } "; "
            a href="/v1/errors" { (lang.pick("danh mục mã lỗi", "list of codes")) } "."
        }
        @if look.sandbox {
            p { a href="/v1/sandbox/personas" { (lang.pick("Người dùng mẫu và mã truy cập", "Sample people and their tokens")) } }
        }
        ol.steps { @for (call, vi, en) in STEPS { li { code { (call) } span { (lang.pick(vi, en)) } } } }
    };
    frame(look, &Page { title: "API", path: "/docs", script: false }, &body)
}
