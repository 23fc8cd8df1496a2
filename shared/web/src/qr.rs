//! The page behind the QR code of a print: for somebody with a phone in one hand and a paper in the other.

use maud::{Markup, html};

use crate::layout::{Page, frame};
use crate::result::{Phrase, bar};
use crate::verify::{annulled, number_line};
use crate::words::day;
use crate::{Lang, Look, Printed, Registered};

/// What became of a code's signature.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Seal {
    /// It is right; what the register says, where it answers.
    Genuine(Option<Registered>),
    /// It is wrong.
    Forged,
    /// The key is not published here.
    UnknownKey,
}

/// A code that was scanned.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Scanned {
    /// Its number.
    pub printed: Printed,
    /// Its day (RFC 3339).
    pub day: String,
    /// Which key signed.
    pub key: String,
    /// The payload, for the address of this page.
    pub payload: String,
    /// Where files are checked, as an address of ours.
    pub verify: String,
    /// Its signature.
    pub seal: Seal,
}

/// The page about a code.
pub fn scanned(look: Look, scanned: &Scanned) -> String {
    let lang = look.lang;
    let title = lang.pick("Mã QR trên bản sao có chứng thực", "The QR code on a certified copy");
    let body = html! {
        h1 { (title) }
        section data-testid="code" aria-label=(lang.pick("Kết quả", "Result")) { (result(lang, scanned)) }
        (says(lang, scanned))
        (paper(lang, scanned))
    };
    let path = format!("/Q/{}", scanned.payload);
    frame(look, &Page { title: lang.pick("Mã QR", "QR code"), path: &path, script: false }, &body)
}

/// The signature first: without it the code says nothing. A right one is no "valid", for the paper was not checked.
fn result(lang: Lang, scanned: &Scanned) -> Markup {
    let (phrase, title, why, action) = match &scanned.seal {
        Seal::Forged => (
            Phrase::Invalid,
            lang.pick("CHỮ KÝ CỦA MÃ KHÔNG ĐÚNG", "THE SIGNATURE OF THE CODE IS WRONG"),
            lang.pick(
                "Mã này không do hệ thống này ký, hoặc đã bị sửa.",
                "This system has not signed the code, or it was altered.",
            )
            .to_owned(),
            lang.pick(
                "Không dựa vào mã này. Hỏi cơ quan ghi trên bản in.",
                "Do not rely on the code. Ask the agency named on the print.",
            ),
        ),
        Seal::UnknownKey => (
            Phrase::Unsure,
            lang.pick("KHÔNG KIỂM TRA ĐƯỢC CHỮ KÝ CỦA MÃ", "THE SIGNATURE OF THE CODE CANNOT BE CHECKED"),
            lang.pick(
                "Hệ thống này không công bố khóa mà mã nêu. Chưa kết luận gì về mã.",
                "This system publishes no such key as the code names. Nothing is concluded about the code.",
            )
            .to_owned(),
            lang.pick("Kiểm tra chính tệp PDF.", "Check the PDF itself."),
        ),
        Seal::Genuine(Some(Registered::Annulled(by))) => (
            Phrase::Annulled,
            Phrase::Annulled.text(lang),
            format!(
                "{} {}",
                lang.pick("Chữ ký của mã đúng.", "The signature of the code is right."),
                annulled(lang, by.as_ref())
            ),
            lang.pick("Không tiếp nhận.", "Do not accept it."),
        ),
        Seal::Genuine(register) => (
            Phrase::Unsure,
            lang.pick("CHỮ KÝ CỦA MÃ ĐÚNG", "THE SIGNATURE OF THE CODE IS RIGHT"),
            genuine(lang, register.as_ref()),
            lang.pick(
                "Chưa đủ để tin tờ giấy: kiểm tra chính tệp PDF.",
                "Not enough to trust the paper: check the PDF itself.",
            ),
        ),
    };
    bar(phrase, title, &why, Some(action))
}

fn genuine(lang: Lang, register: Option<&Registered>) -> String {
    match register {
        Some(Registered::Active(on)) => {
            let on = day(on).unwrap_or_default();
            match lang {
                Lang::Vi => format!("Số này có trong sổ chứng thực: cơ quan đã đóng dấu ngày {on}, chưa bị huỷ."),
                Lang::En => format!("The number is in the register: the agency sealed it on {on}; it is not annulled."),
            }
        }
        Some(_) => lang
            .pick(
                "Sổ chứng thực chưa có bản sao nào mang số này.",
                "The register has no sealed copy under this number yet.",
            )
            .to_owned(),
        None => lang
            .pick(
                "Lúc này không hỏi được sổ chứng thực, nên chưa biết bản sao có bị huỷ không.",
                "The register cannot be asked now, so it is not known whether the copy was annulled.",
            )
            .to_owned(),
    }
}

fn says(lang: Lang, scanned: &Scanned) -> Markup {
    let title = match scanned.seal {
        Seal::Genuine(_) => lang.pick("Mã ghi", "The code says"),
        Seal::Forged | Seal::UnknownKey => {
            lang.pick("Mã ghi, không ai bảo đảm", "The code says, and nobody vouches for it")
        }
    };
    let on = day(&scanned.day).unwrap_or_default();
    html! {
        section.notice {
            h2 { (title) }
            p.number data-testid="number" { (number_line(lang, &scanned.printed)) }
            p { (lang.pick("Ngày ", "Day ")) (on) (lang.pick(", khóa ", ", key ")) code { (scanned.key) } }
        }
    }
}

fn paper(lang: Lang, scanned: &Scanned) -> Markup {
    html! {
        h2 { (lang.pick("Mã không chứng minh tờ giấy trên tay", "The code does not prove the paper in hand")) }
        p {
            (lang.pick(
                "Ai cũng chép được mã này sang tờ giấy khác. Mã không mở được tệp và không cho biết tên ai. Bản có giá trị là tệp PDF đã ký số.",
                "Anybody can copy the code to another paper. It opens no file and names nobody. What counts is the signed PDF.",
            ))
        }
        ol {
            li { (lang.pick("Xin người nộp gửi đúng tệp PDF đã nhận, không phải bản in hay ảnh chụp.", "Ask for the very PDF that was received, no print and no photo.")) }
            li { a href=(scanned.verify) data-testid="check" { (lang.pick("Kiểm tra tệp PDF", "Check the PDF")) } (lang.pick(", hoặc dùng chương trình ctdt verify trên máy của bạn.", ", or use the program ctdt verify on your machine.")) }
            li { (lang.pick("So số, quyển số và nội dung của tệp với tờ giấy.", "Compare number, book and content of the file with the paper.")) }
        }
    }
}
