//! The page for developers: how to begin, the rules that hold everywhere, and every call with what it needs, a sample, its
//! refusals, and a form that sends it.
//!
//! Without scripts it is a guide: a call is folded away until it is opened, and the forms stay hidden, for a browser alone
//! sends neither tokens nor JSON. `assets/docs.js` shows and sends them; its sentences stand here, beside their translations.
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
    /// Whether anybody may call it, so that it needs no token.
    pub open: bool,
    /// Whether an open call takes a token all the same, and does more for whoever has a name.
    pub optional: bool,
    /// The status of success.
    pub status: u16,
    /// Variables of the path, in its order.
    pub variables: Vec<Variable>,
    /// Parameters of the query.
    pub query: Vec<Variable>,
    /// What it takes.
    pub takes: Takes,
    /// A good body as text, when it takes one.
    pub body: Option<String>,
    /// The call as a line of a shell.
    pub sample: String,
    /// Codes of its own.
    pub refusals: Vec<Refusal>,
}

impl Call {
    /// Where the call stands on the page: `post-v1-cases-id-fee`.
    pub fn anchor(&self) -> String {
        let words = self.path.split(|sign: char| !sign.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        std::iter::once(self.method).chain(words).collect::<Vec<_>>().join("-").to_lowercase()
    }
}

/// A part of the address that the caller chooses.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Variable {
    /// Its name in the path or in the query.
    pub name: &'static str,
    /// The prefix of the identifiers that it takes, when it takes one: `case`.
    pub kind: Option<&'static str>,
    /// A value that works everywhere, or nothing.
    pub sample: &'static str,
}

/// The body that a call takes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Takes {
    /// None.
    Nothing,
    /// JSON.
    Json,
    /// JSON that may be left out.
    Maybe,
    /// A file, or JSON that names one.
    File,
    /// A picture (PNG) and nothing else.
    Picture,
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
        (intro(look))
        (console(look))
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
    frame(look, &Page { title: "API", path: "/docs", script: true }, &body)
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
        details.call #(call.anchor()) {
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
                    div { dt { (lang.pick("Tham số", "Query")) } dd { @for one in &call.query { code { (one.name) } " " } } }
                }
                div { dt { (lang.pick("Liên kết", "Link")) } dd { a href=(format!("#{}", call.anchor())) { "#" (call.anchor()) } } }
            }
            (form(lang, call))
            @if let Some(body) = &call.body {
                div.sample {
                    h3 { (lang.pick("Nội dung mẫu", "Sample body")) }
                    pre tabindex="0" { code { (body) } }
                }
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

fn intro(look: Look) -> Markup {
    let lang = look.lang;
    html! {
        div.intro hidden data-scripted {
            h2 { (lang.pick("Gọi thử ngay trên trang", "Call from this page")) }
            p {
                @if !look.sandbox {
                    strong { (lang.pick("Đây là hệ thống thật: việc gửi từ đây có hiệu lực thật.", "This is the live system: what is sent from here takes real effect.")) } " "
                }
                (lang.pick("Mở một lời gọi, sửa mẫu, bấm Gửi. Định danh và ETag của câu trả lời tự điền vào các mẫu sau. Mã truy cập chỉ nằm trong bộ nhớ của trang này; không lưu lại, không vào địa chỉ.", "Open a call, change the sample, press Send. Identifiers and ETags of the answers fill the forms that follow. The token stays in the memory of this page; it is neither stored nor put into an address."))
            }
        }
    }
}

/// Who calls, and which calls are shown. `data-…` are the script's sentences.
fn console(look: Look) -> Markup {
    let lang = look.lang;
    html! {
        section #console.console hidden data-scripted aria-label=(lang.pick("Gọi thử", "Try it")) data-testid="console"
            data-personas=[look.sandbox.then_some("/v1/sandbox/personas")]
            data-clock=[look.sandbox.then_some("/v1/sandbox/clock")]
            data-200=(lang.pick("Thành công", "Done"))
            data-201=(lang.pick("Đã tạo", "Created"))
            data-202=(lang.pick("Đã nhận, đang xử lý", "Accepted, under way"))
            data-204=(lang.pick("Xong, không có nội dung", "Done, no content"))
            data-sending=(lang.pick("Đang gửi…", "Sending…"))
            data-unreachable=(lang.pick("Không liên lạc được máy chủ. Kiểm tra mạng và máy chủ, rồi gửi lại.", "The server cannot be reached. Check the network and the server, then send again."))
            data-late=(lang.pick("Sau 60 giây vẫn chưa có câu trả lời. Gửi lại: cùng Idempotency-Key thì không làm hai lần.", "No answer after 60 seconds. Send again: under the same Idempotency-Key nothing is done twice."))
            data-unsent=(lang.pick("Chưa gửi: nội dung không phải JSON.", "Not sent: the body is not JSON."))
            data-nofile=(lang.pick("Chưa gửi: hãy chọn một tệp.", "Not sent: choose a file."))
            data-unread=(lang.pick("Câu trả lời tự xưng là JSON nhưng không đọc được; nguyên văn ở dưới.", "The answer calls itself JSON but cannot be read; it stands below as it came."))
            data-redirect=(lang.pick("Chuyển tới địa chỉ khác. Trình duyệt không cho trang đọc địa chỉ đó: chạy dòng curl dưới đây, thêm -L -o tep.pdf.", "Leads to another address. A browser does not let the page read it: run the line of curl below with -L -o file.pdf."))
            data-action=(lang.pick("Việc cần làm:", "What to do:"))
            data-body=(lang.pick("Nội dung", "Body"))
            data-sent=(lang.pick("Đã gửi", "What was sent"))
            data-store=(lang.pick("Gửi tệp vào kho bằng dòng này", "Send the file to the store with this line"))
            data-copy=(lang.pick("Sao chép", "Copy"))
            data-copied=(lang.pick("Đã sao chép", "Copied"))
            data-download=(lang.pick("Tải về", "Download"))
            data-as=(lang.pick("Gửi với tư cách", "Send as"))
            data-pasted=(lang.pick("mã đã dán", "the token you pasted"))
            data-nobody=(lang.pick("Chưa có mã truy cập", "No token yet"))
            data-maybeas=(lang.pick("Mã truy cập không bắt buộc; gửi với tư cách", "Token optional; sent as"))
            data-maybenobody=(lang.pick("Mã truy cập không bắt buộc; gửi không kèm mã", "Token optional; sent without one"))
            data-renewed=(lang.pick("Mã truy cập của người dùng mẫu đã hết hiệu lực; trang vừa lấy mã mới. Hãy gửi lại.", "The sample person's token was no longer good; the page has fetched fresh ones. Send again."))
            data-nopersonas=(lang.pick("Không lấy được người dùng mẫu; hãy dán một mã truy cập.", "The sample people cannot be fetched; paste a token."))
            data-found=(lang.pick("lời gọi", "calls"))
        {
            div.fields {
                @if look.sandbox {
                    label.field {
                        span { (lang.pick("Gửi với tư cách", "Send as")) }
                        select #as data-testid="as" autocomplete="off" {
                            option value="" { (lang.pick("không ai, không gửi mã", "nobody, without a token")) }
                        }
                    }
                }
                label.field {
                    span { (if look.sandbox { lang.pick("hoặc dán mã truy cập", "or paste a token") } else { lang.pick("Mã truy cập", "Token") }) }
                    input #token type="password" autocomplete="off" spellcheck="false" data-testid="token";
                }
                label.field {
                    span { (lang.pick("Lọc lời gọi", "Filter the calls")) " " small #found aria-live="polite" {} }
                    input #filter type="search" autocomplete="off" placeholder=(lang.pick("hồ sơ, ký, POST…", "case, sign, POST…")) data-testid="filter";
                }
            }
        }
    }
}

/// One input for each part of the request; `data-in` says where it goes.
fn form(lang: Lang, call: &Call) -> Markup {
    html! {
        form.try hidden data-scripted data-method=(call.method) data-path=(call.path) data-open[call.open && !call.optional] data-status=(call.status) data-testid="try" {
            h3 { (lang.pick("Gọi thử", "Try it")) }
            div.fields {
                @for one in &call.variables { (input(one, "path", lang.pick("trong đường dẫn", "in the path"))) }
                @for one in &call.query { (input(one, "query", lang.pick("tham số", "query"))) }
                @if call.key {
                    label.field { span { code { "Idempotency-Key" } } input name="Idempotency-Key" data-in="key" autocomplete="off" spellcheck="false"; }
                }
                @if call.version {
                    label.field {
                        span { code { "If-Match" } }
                        input name="If-Match" data-in="version" autocomplete="off" spellcheck="false" placeholder=(lang.pick("ETag, GET để biết", "the ETag, GET tells it"));
                    }
                }
            }
            (content(lang, call))
            div.send {
                button type="submit" { (lang.pick("Gửi", "Send")) }
                span.as {
                    @if call.open && !call.optional {
                        (lang.pick("Không cần mã truy cập", "No token needed"))
                    } @else {
                        a href="#console" data-caller=(if call.optional { "maybe" } else { "" }) {}
                    }
                }
            }
            div.said aria-live="polite" data-testid="said" {}
            div.got data-testid="got" {}
        }
    }
}

fn input(one: &Variable, place: &str, where_: &str) -> Markup {
    html! {
        label.field {
            span { code { (one.name) } " " small { (where_) } }
            input name=(one.name) data-in=(place) required[place == "path"] value=[(!one.sample.is_empty()).then_some(one.sample)]
                list=[one.kind.map(|kind| format!("known-{kind}"))] autocomplete="off" spellcheck="false" autocapitalize="none";
        }
    }
}

/// The body: JSON, a file, or the caller's choice of the two.
fn content(lang: Lang, call: &Call) -> Markup {
    let sample = call.body.as_deref().unwrap_or_default();
    let label = match call.takes {
        Takes::Nothing => return html! {},
        Takes::Picture => {
            return html! {
                label.field {
                    span { (lang.pick("Ảnh PNG, không quá 256 KB", "PNG picture of at most 256 KB")) }
                    input type="file" name="file" data-in="file" accept="image/png";
                }
            };
        }
        Takes::Maybe => lang.pick("Nội dung JSON, có thể bỏ trống", "JSON body, may be empty"),
        Takes::Json | Takes::File => lang.pick("Nội dung JSON", "JSON body"),
    };
    let rows = sample.lines().count().clamp(2, 14);
    let file = call.takes == Takes::File;
    html! {
        @if file {
            fieldset.kind {
                legend { (lang.pick("Gửi gì", "What to send")) }
                label { input type="radio" name="kind" value="file" checked; (lang.pick("một tệp", "a file")) }
                label { input type="radio" name="kind" value="json"; "JSON" }
            }
            label.field {
                span { (lang.pick("Tệp", "File")) }
                input type="file" name="file" data-in="file";
            }
        }
        label.field hidden[file] {
            span { (label) }
            textarea name="body" data-in="json" rows=(rows) spellcheck="false" autocomplete="off" autocapitalize="none" { (sample) }
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
