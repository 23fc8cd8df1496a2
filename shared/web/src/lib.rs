//! The pages people see: server-rendered, Vietnamese first, no inline script or style.
//!
//! Knows no data: what a page shows comes through the public API.

use maud::{DOCTYPE, Markup, html};

/// The style of every page.
const STYLE: &str = include_str!("../assets/ctdt.css");
/// The script of the verify page.
const VERIFY: &str = include_str!("../assets/verify.js");
/// The mark in the browser's tab.
const ICON: &str = include_str!("../assets/icon.svg");

/// A file of the pages with its media type.
pub fn asset(name: &str) -> Option<(&'static str, &'static [u8])> {
    match name {
        "ctdt.css" => Some(("text/css; charset=utf-8", STYLE.as_bytes())),
        "verify.js" => Some(("text/javascript; charset=utf-8", VERIFY.as_bytes())),
        "icon.svg" => Some(("image/svg+xml", ICON.as_bytes())),
        _ => None,
    }
}

fn frame(title: &str, sandbox: bool, script: Option<&str>, body: &Markup) -> String {
    html! {
        (DOCTYPE)
        html lang="vi" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · CTDT" }
                link rel="icon" href="/assets/icon.svg" type="image/svg+xml";
                link rel="stylesheet" href="/assets/ctdt.css";
                @if let Some(script) = script { script src=(script) defer {} }
            }
            body {
                @if sandbox { p.strip { "Môi trường thử nghiệm: bản sao tạo ở đây không có giá trị pháp lý." } }
                header { a.home href="/" { "Bản sao điện tử có chứng thực" } }
                main { (body) }
                footer { p { "CTDT: phần mềm nguồn mở chứng thực bản sao điện tử từ bản chính." } }
            }
        }
    }
    .into_string()
}

/// The first page: where to go.
pub fn home(sandbox: bool) -> String {
    let body = html! {
        h1 { "Chứng thực bản sao điện tử từ bản chính" }
        ul.cards {
            li { a href="/verify" { strong { "Kiểm tra bản sao" } span { "Thả tệp PDF, biết ngay có tiếp nhận được không." } } }
            @if sandbox { li { a href="/phone" { strong { "Điện thoại mô phỏng" } span { "Xác nhận ký bằng SIM PKI của người dùng mẫu." } } } }
            li { a href="/docs" { strong { "Tài liệu API" } span { "Gọi thử từ đặt lịch đến kiểm tra." } } }
        }
    };
    frame("Trang đầu", sandbox, None, &body)
}

/// The public verify page (pages.md §3.2).
pub fn verify(sandbox: bool) -> String {
    let body = html! {
        h1 { "Kiểm tra bản sao điện tử có chứng thực" }
        form #drop.drop data-testid="drop" {
            label for="file" { "Thả tệp PDF vào đây, hoặc chọn tệp" }
            input #file type="file" accept="application/pdf,.pdf" data-testid="file";
            p.hint { "Tệp được gửi lên máy chủ để kiểm tra và không được lưu lại. Tối đa 4 MB." }
        }
        noscript { p.notice { "Trang này cần JavaScript. Có thể kiểm tra bằng chương trình ctdt verify." } }
        section #result data-testid="result" aria-live="polite" {}
    };
    frame("Kiểm tra bản sao", sandbox, Some("/assets/verify.js"), &body)
}

/// The steps of the main job for developers.
pub fn docs(sandbox: bool) -> String {
    let steps = [
        ("POST /v1/appointments", "Đặt lịch hẹn"),
        ("POST /v1/cases", "Tiếp nhận hồ sơ"),
        ("PUT /v1/cases/{id}/checklist", "Xác nhận sáu trường hợp không được chứng thực"),
        ("POST /v1/uploads", "Tải bản quét lên"),
        ("POST /v1/cases/{id}/copies", "Thêm bản sao"),
        ("PUT /v1/copies/{id}/attestation", "Chọn lời chứng"),
        ("POST /v1/cases/{id}/fee", "Ghi phí"),
        ("POST /v1/cases/{id}/submit", "Trình lãnh đạo"),
        ("POST /v1/sign-sessions", "Ký và đóng dấu"),
        ("GET /v1/copies/{id}/file", "Lấy tệp"),
        ("POST /v1/verifications", "Kiểm tra"),
    ];
    let body = html! {
        h1 { "API" }
        p { "Mọi yêu cầu gửi Authorization: Bearer; POST có Idempotency-Key; sửa có If-Match. Lỗi là application/problem+json; danh mục mã lỗi ở " a href="/v1/errors" { "/v1/errors" } "." }
        @if sandbox { p { "Người dùng mẫu và mã truy cập: " a href="/v1/sandbox/personas" { "/v1/sandbox/personas" } "." } }
        ol { @for (call, what) in steps { li { code { (call) } " — " (what) } } }
    };
    frame("Tài liệu API", sandbox, None, &body)
}

/// Where the link of a notice leads. Opening it reveals nothing: mail scanners follow links.
pub fn download(sandbox: bool) -> String {
    let body = html! {
        h1 { "Nhận bản sao điện tử" }
        p { "Bản sao của bạn đã sẵn sàng. Đến nơi đã nộp hồ sơ hoặc mở bằng tài khoản Cổng dịch vụ công có cùng số định danh để nhận tệp." }
    };
    frame("Nhận bản sao", sandbox, None, &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_have_no_inline_script_or_style() {
        for page in [home(true), verify(true), docs(true), download(true)] {
            assert!(!page.contains("<style") && !page.contains("style=") && !page.contains("onclick"));
            assert!(page.contains("lang=\"vi\""));
            for script in page.split("<script").skip(1) {
                assert!(script.trim_start().starts_with("src="), "{script}");
            }
        }
        assert!(!home(false).contains("/phone"));
    }
}
