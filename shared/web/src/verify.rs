//! The public verify page (pages.md §3.2): the form, and below it what came of it.

use maud::{Markup, html};
use pades::Report;

use crate::layout::{Page, frame, with_lang};
use crate::result::{self, Phrase};
use crate::words::day;
use crate::{FILE_LIMIT, Lang, Look};

/// What a printed QR code says: where its file is, and what number it has.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Printed {
    /// Code of the unit.
    pub unit_code: String,
    /// Number.
    pub number: String,
    /// Book.
    pub book: String,
    /// Year.
    pub year: String,
    /// Suffix of the series.
    pub suffix: String,
    /// Where the register answers, as an address of ours.
    pub register: String,
}

/// What the register says of a number: no name, no title.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Registered {
    /// It was sealed then (RFC 3339 day) and stands.
    Active(String),
    /// It was annulled, by the decision of this number and day (RFC 3339) where the register has it.
    Annulled(Option<(String, String)>),
    /// It is not there.
    Unknown,
}

/// Why nothing could be checked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Trouble {
    /// What happened.
    pub title: String,
    /// This time.
    pub detail: String,
    /// What to do.
    pub action: String,
}

/// The page before anything was checked; `printed` when a QR code led here.
pub fn verify(look: Look, printed: Option<&Printed>) -> String {
    let first = html! { @if let Some(printed) = printed { (from_print(look.lang, printed)) } };
    page(look, &first, &html! {})
}

/// The page with a report.
pub fn judged(look: Look, report: &Report) -> String {
    page(look, &html! {}, &result::report(look.lang, report))
}

/// The page with the reports of a whole dossier: a table first, the reports behind it (pages.md §3.2).
pub fn dossier(look: Look, reports: &[Report]) -> String {
    let lang = look.lang;
    let result = html! {
        h2 tabindex="-1" autofocus { (lang.pick("Hồ sơ có ", "The dossier has ")) (reports.len()) (lang.pick(" tệp", " files")) }
        div.scroll {
            table data-testid="dossier" {
                caption.hidden { (lang.pick("Kết quả từng tệp", "The result of each file")) }
                thead { tr {
                    th scope="col" { (lang.pick("Tệp", "File")) }
                    th scope="col" { (lang.pick("Kết quả", "Result")) }
                    th scope="col" { (lang.pick("Việc cần làm", "What to do")) }
                } }
                tbody { @for report in reports { (dossier_row(lang, report)) } }
            }
        }
        @for report in reports {
            details {
                summary { bdi { (result::said(&report.file)) } ": " (Phrase::of(report).text(lang)) }
                (result::report(lang, report))
            }
        }
    };
    page(look, &html! {}, &result)
}

fn dossier_row(lang: Lang, report: &Report) -> Markup {
    let action = report.reasons.first().and_then(|reason| pades::explain(&reason.code));
    let action = match (lang, action) {
        (Lang::En, Some(row)) => row.action_en,
        _ => report.action.as_str(),
    };
    html! {
        tr {
            th scope="row" { bdi { (result::said(&report.file)) } }
            td { (Phrase::of(report).text(lang)) }
            td { (action) }
        }
    }
}

/// The page with the register's answer about a number.
pub fn registered(look: Look, printed: &Printed, found: &Registered) -> String {
    page(look, &from_print(look.lang, printed), &register_answer(look.lang, found))
}

/// The page when nothing could be checked. That is never "invalid".
pub fn troubled(look: Look, trouble: &Trouble) -> String {
    let shown = result::bar(Phrase::Unsure, &trouble.title, &trouble.detail, Some(&trouble.action));
    page(look, &html! {}, &shown)
}

fn page(look: Look, first: &Markup, result: &Markup) -> String {
    let lang = look.lang;
    let title = lang.pick("Kiểm tra bản sao điện tử có chứng thực", "Check a certified electronic copy");
    let body = html! {
        h1 { (title) }
        (first)
        (form(lang))
        p #status.status role="status" {}
        section #result data-testid="result" aria-label=(lang.pick("Kết quả", "Result")) { (result) }
    };
    frame(look, &Page { title: lang.pick("Kiểm tra bản sao", "Check a copy"), path: "/verify", script: true }, &body)
}

/// A form that works by itself. The script sends the same request and shows the answer without a reload; its sentences
/// stand here, beside their translations.
fn form(lang: Lang) -> Markup {
    html! {
        form #drop.drop method="post" action=(with_lang("/v1/verifications", lang)) enctype="multipart/form-data" data-testid="drop"
            data-limit=(FILE_LIMIT)
            data-busy=(lang.pick("Đang kiểm tra", "Checking"))
            data-large=(lang.pick("Tệp lớn hơn 4 MB nên không kiểm tra được ở trang này. Dùng chương trình ctdt verify trên máy của bạn.", "The file is larger than 4 MB and cannot be checked on this page. Use the program ctdt verify on your machine."))
            data-unreachable=(lang.pick("Không liên lạc được máy chủ. Kiểm tra mạng rồi thử lại; chưa kết luận gì về tệp.", "The server cannot be reached. Check the network and try again; nothing is concluded about the file."))
            data-failed=(lang.pick("Máy chủ không trả lời được lúc này. Thử lại sau ít phút; chưa kết luận gì về tệp.", "The server cannot answer now. Try again in some minutes; nothing is concluded about the file."))
        {
            label for="file" { (lang.pick("Thả tệp PDF vào đây, hoặc chọn tệp; cả hồ sơ thì dùng tệp .zip", "Drop the PDF here, or choose it; a whole dossier as a .zip")) }
            span.pretend aria-hidden="true" { (lang.pick("Chọn tệp PDF", "Choose a PDF")) }
            div.choose {
                input #file name="file" type="file" accept="application/pdf,.pdf,application/zip,.zip" required aria-describedby="hint" data-testid="file";
                button type="submit" { (lang.pick("Kiểm tra", "Check")) }
            }
            div.notify {
                label for="notify" { (lang.pick("E-mail, nếu muốn được báo khi bản sao này về sau bị huỷ (không bắt buộc)", "E-mail, if you want to hear should this copy be annulled later (optional)")) }
                input #notify name="notify_email" type="email" autocomplete="email" maxlength="254" data-testid="notify";
            }
            p #hint.hint {
                (lang.pick("Dùng đúng tệp đã nhận, không dùng bản in rồi quét lại. Tệp được gửi tới máy chủ này để kiểm tra và không được lưu lại. Tối đa 4 MB.", "Use the very file you received, not a print that was scanned again. It is sent to this server to be checked and is not kept. At most 4 MB."))
            }
        }
    }
}

fn from_print(lang: Lang, printed: &Printed) -> Markup {
    html! {
        section.notice {
            h2 { (lang.pick("Mã QR trên bản in ghi", "The QR code on the print says")) }
            p.number { (number_line(lang, printed)) }
            p {
                (lang.pick("Mã QR chỉ cho biết số, ai cũng in lại được. Muốn biết chắc, kiểm tra chính tệp PDF ở dưới. ", "The code only names a number, and anybody can print it. To be sure, check the PDF itself below. "))
                a href=(printed.register) data-ask { (lang.pick("Tra số này trong sổ chứng thực", "Look this number up in the register")) }
            }
        }
    }
}

pub(crate) fn number_line(lang: Lang, printed: &Printed) -> String {
    let Printed { unit_code, number, book, year, suffix, .. } = printed;
    match lang {
        Lang::Vi => format!("Số {number}, quyển số {book}/{year} - {suffix}, đơn vị {unit_code}"),
        Lang::En => format!("No. {number}, book {book}/{year} - {suffix}, unit {unit_code}"),
    }
}

pub(crate) fn annulled(lang: Lang, by: Option<&(String, String)>) -> String {
    let by = by.map(|(number, date)| (number, day(date).unwrap_or_default()));
    match (lang, by) {
        (Lang::Vi, None) => "Bản sao mang số này đã bị huỷ.".to_owned(),
        (Lang::En, None) => "The copy under this number was annulled.".to_owned(),
        (Lang::Vi, Some((number, on))) => format!("Bản sao mang số này đã bị huỷ theo quyết định {number} ngày {on}."),
        (Lang::En, Some((number, on))) => {
            format!("The copy under this number was annulled by decision {number} of {on}.")
        }
    }
}

fn register_answer(lang: Lang, found: &Registered) -> Markup {
    match found {
        Registered::Active(on) => {
            let on = day(on).unwrap_or_default();
            let (title, detail) = match lang {
                Lang::Vi => ("SỐ CÓ TRONG SỔ", format!("Cơ quan đã đóng dấu bản sao mang số này ngày {on}.")),
                Lang::En => {
                    ("THE NUMBER IS IN THE REGISTER", format!("The agency sealed a copy under this number on {on}."))
                }
            };
            let action = lang.pick(
                "Kiểm tra tệp PDF để biết nội dung có đúng không.",
                "Check the PDF to know whether its content is right.",
            );
            result::bar(Phrase::Unsure, title, &detail, Some(action))
        }
        Registered::Annulled(by) => {
            let detail = annulled(lang, by.as_ref());
            let action = lang.pick("Không tiếp nhận.", "Do not accept it.");
            result::bar(Phrase::Annulled, Phrase::Annulled.text(lang), &detail, Some(action))
        }
        Registered::Unknown => {
            let title = lang.pick("KHÔNG CÓ SỐ NÀY TRONG SỔ", "THE NUMBER IS NOT IN THE REGISTER");
            let detail = lang.pick(
                "Sổ không có số này ở đơn vị và năm đã nêu.",
                "The register has no such number for this unit and year.",
            );
            let action = lang.pick(
                "Hỏi cơ quan ghi trên bản in trước khi tiếp nhận.",
                "Ask the agency named on the print before you accept it.",
            );
            result::bar(Phrase::Unsure, title, detail, Some(action))
        }
    }
}
