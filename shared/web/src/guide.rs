//! The page for developers: how to begin, the rules that hold everywhere, and every call with what it needs, a sample and
//! its refusals. Works without scripts: a call is folded away until it is opened.
//!
//! Knows no route: what is shown comes in as a [`Guide`], which the API makes of its own table.

use maud::{Markup, html};

use crate::layout::{Page, frame};
use crate::{Lang, Look};

/// Vietnamese, English.
pub type Words = (&'static str, &'static str);

/// Everything that the page tells.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Guide {
    /// Where the API is, for the samples: `http://127.0.0.1:8080`.
    pub address: String,
    /// Calls that belong together.
    pub chapters: Vec<Chapter>,
    /// Codes that every call may answer with.
    pub common: Vec<Refusal>,
}

/// Calls that belong together.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Chapter {
    /// Their name.
    pub name: Words,
    /// In the order of the work.
    pub calls: Vec<Call>,
}

/// One call.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Call {
    /// `GET`, `POST`, …
    pub method: &'static str,
    /// The path with its `{variables}`.
    pub path: &'static str,
    /// What it does.
    pub about: Words,
    /// Who may: Vietnamese, English.
    pub who: (String, String),
    /// Whether it needs `Idempotency-Key`.
    pub key: bool,
    /// Whether it needs `If-Match`.
    pub version: bool,
    /// The status of success.
    pub status: u16,
    /// Parameters of the query.
    pub query: &'static [&'static str],
    /// A good body as text, when it takes one.
    pub body: Option<String>,
    /// The call as a line of a shell.
    pub sample: String,
    /// Codes of its own.
    pub refusals: Vec<Refusal>,
}

/// A code that a call may answer with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refusal {
    /// The stable code.
    pub code: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What happened.
    pub title: Words,
}

/// The page.
pub fn docs(look: Look, guide: &Guide) -> String {
    let lang = look.lang;
    let body = html! {
        h1 { "API" }
        (begin(look, &guide.address))
        (rules(lang))
        nav.chapters aria-label=(lang.pick("Các nhóm lời gọi", "Groups of calls")) {
            @for (n, chapter) in guide.chapters.iter().enumerate() {
                a href=(format!("#c{n}")) { (lang.pick(chapter.name.0, chapter.name.1)) }
            }
        }
        @for (n, chapter) in guide.chapters.iter().enumerate() {
            section.chapter #(format!("c{n}")) {
                h2 { (both(lang, chapter.name)) }
                @for call in &chapter.calls { (shown(lang, call)) }
            }
        }
        section.chapter #common {
            h2 { (lang.pick("Mã lỗi chung", "Codes of every call")) }
            (refusals(lang, &guide.common))
        }
    };
    frame(look, &Page { title: "API", path: "/docs", script: false }, &body)
}

/// The page's language, and the other one beside it.
fn both(lang: Lang, words: Words) -> Markup {
    let (first, second, other) = match lang {
        Lang::Vi => (words.0, words.1, Lang::En),
        Lang::En => (words.1, words.0, Lang::Vi),
    };
    html! { (first) " " span.beside lang=(other.tag()) { (second) } }
}

fn begin(look: Look, address: &str) -> Markup {
    let lang = look.lang;
    html! {
        @if look.sandbox {
            p {
                (lang.pick("Cả quy trình, từ đặt lịch đến tệp đã kiểm tra, bằng một kịch bản curl:", "The whole job, from the appointment to the checked file, as one script of curl:"))
            }
            pre tabindex="0" { code { "curl -sS " (address) "/assets/main-job.sh -o main-job.sh\nsh main-job.sh " (address) " ban-quet.png" } }
            p {
                a href="/assets/main-job.sh" { "main-job.sh" } " · "
                a href="/v1/sandbox/personas" { (lang.pick("người dùng mẫu và mã truy cập", "sample people and their tokens")) } " · "
                a href="/phone" { (lang.pick("điện thoại mô phỏng", "simulated phones")) } " · "
                a href="/v1/sandbox/mailbox" { (lang.pick("hộp thư", "mailbox")) }
            }
        }
        p {
            (lang.pick("Trong các mẫu dưới đây, ", "In the samples below, "))
            code { "CTDT=" (address) } (lang.pick(" và ", " and ")) code { "TOKEN" }
            (lang.pick(" là mã truy cập; «<…>» thay bằng giá trị từ câu trả lời trước.", " is your token; <…> stands for a value from an earlier answer."))
        }
    }
}

fn rules(lang: Lang) -> Markup {
    let rows: [(&str, Words); 6] = [
        (
            "Authorization: Bearer …",
            (
                "Ai gọi. Quyền nằm trong hệ thống, không nằm trong mã truy cập. Của người khác: 404; thiếu quyền: 403 kèm «needed».",
                "Who calls. Rights stand in the system, not in the token. What is another's: 404; a missing right: 403 with `needed`.",
            ),
        ),
        (
            "K  Idempotency-Key: …",
            (
                "Một khóa mới cho mỗi thao tác, giữ 7 ngày. Gửi lại cùng khóa, cùng nội dung: cùng câu trả lời, không làm hai lần.",
                "A fresh key for each operation, kept for 7 days. The same key and body again: the same answer, and nothing is done twice.",
            ),
        ),
        (
            "M  If-Match: \"3\"",
            (
                "ETag đã nhận. Người khác đã sửa: 412 kèm «current_etag», «changed_by», «changed_at».",
                "The ETag you got. Somebody else changed it: 412 with `current_etag`, `changed_by` and `changed_at`.",
            ),
        ),
        (
            "application/problem+json",
            (
                "Mọi lỗi: «code» không bao giờ đổi nghĩa, «action» nói phải làm gì, «errors» chỉ đúng chỗ sai. Tiếng Việt, hoặc tiếng Anh theo Accept-Language.",
                "Every error: `code` never changes its meaning, `action` says what to do, `errors` points to the place. Vietnamese, or English by Accept-Language.",
            ),
        ),
        (
            "2026-11-23T14:05:31+07:00",
            (
                "Thời gian theo RFC 3339 với múi giờ rõ ràng; ngày là ngày Việt Nam; tiền là số nguyên đồng.",
                "Times in RFC 3339 with an explicit offset; days are Vietnamese days; money is whole dong.",
            ),
        ),
        (
            "case_06fz3kq8w5t…",
            (
                "Mã định danh có tiền tố theo loại; sai loại: 422 wrong-id-type.",
                "Identifiers begin with their kind; another kind: 422 wrong-id-type.",
            ),
        ),
    ];
    html! {
        dl.rules {
            @for (sign, words) in rows {
                div { dt { code { (sign) } } dd { (lang.pick(words.0, words.1)) } }
            }
        }
    }
}

fn shown(lang: Lang, call: &Call) -> Markup {
    html! {
        details.call {
            summary {
                span class=(format!("method {}", call.method.to_lowercase())) { (call.method) }
                code { (call.path) }
                span.marks {
                    @if call.key { abbr title="Idempotency-Key" { "K" } }
                    @if call.version { abbr title="If-Match" { "M" } }
                }
                span.about { (both(lang, call.about)) }
            }
            dl {
                div { dt { (lang.pick("Ai được gọi", "Who may")) } dd { (lang.pick(&call.who.0, &call.who.1)) } }
                div { dt { (lang.pick("Thành công", "Success")) } dd { (call.status) } }
                @if !call.query.is_empty() {
                    div { dt { (lang.pick("Tham số", "Query")) } dd { @for name in call.query { code { (name) } " " } } }
                }
            }
            @if let Some(body) = &call.body {
                h3 { (lang.pick("Nội dung mẫu", "Sample body")) }
                pre tabindex="0" { code { (body) } }
            }
            h3 { "curl" }
            pre tabindex="0" { code { (call.sample) } }
            @if !call.refusals.is_empty() {
                h3 { (lang.pick("Mã lỗi riêng", "Codes of its own")) }
                (refusals(lang, &call.refusals))
            }
        }
    }
}

fn refusals(lang: Lang, all: &[Refusal]) -> Markup {
    html! {
        ul.refusals {
            @for one in all {
                li {
                    (one.status) " " a href=(format!("/v1/errors/{}", one.code)) { code { (one.code) } } " "
                    span { (lang.pick(one.title.0, one.title.1)) }
                }
            }
        }
    }
}
