//! The first page.

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
                    span { (lang.pick("Mọi lời gọi, ai được gọi, mẫu và mã lỗi.", "Every call, who may, samples and codes.")) }
                }
            }
        }
    };
    let title = lang.pick("Trang đầu", "Start");
    frame(look, &Page { title, path: "/", script: false }, &body)
}
