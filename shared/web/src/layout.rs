//! The frame of every page: skip link, sandbox stripe, language, main, foot.

use maud::{DOCTYPE, Markup, html};

use crate::{Lang, Look};

/// What differs between pages.
pub(crate) struct Page<'a> {
    pub(crate) title: &'a str,
    /// The page's own address without query, for the switch of language.
    pub(crate) path: &'a str,
    /// Whether a script of the page's own name runs here: `/assets/verify.js` on `/verify`.
    pub(crate) script: bool,
}

pub(crate) fn frame(look: Look, page: &Page<'_>, body: &Markup) -> String {
    let lang = look.lang;
    html! {
        (DOCTYPE)
        html lang=(lang.tag()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (page.title) " · CTDT" }
                link rel="icon" href="/assets/icon.svg" type="image/svg+xml";
                link rel="stylesheet" href="/assets/ctdt.css";
                @if page.script { script src=(format!("/assets{}.js", page.path)) defer {} }
            }
            body {
                a.skip href="#main" { (lang.pick("Đến nội dung chính", "Skip to the content")) }
                @if look.sandbox {
                    aside.strip { (lang.pick("Môi trường thử nghiệm: bản sao tạo ở đây không có giá trị pháp lý.", "Test environment: copies made here have no legal value.")) }
                }
                header {
                    a.home href=(with_lang("/", lang)) { (lang.pick("Bản sao điện tử có chứng thực", "Certified electronic copies")) }
                    (switch(lang, page.path))
                }
                main #main { (body) }
                footer { p { (lang.pick("CTDT, phần mềm nguồn mở chứng thực bản sao điện tử từ bản chính.", "CTDT, open software that attests electronic copies of paper originals.")) } }
            }
        }
    }
    .into_string()
}

fn switch(lang: Lang, path: &str) -> Markup {
    html! {
        nav aria-label=(lang.pick("Ngôn ngữ", "Language")) {
            @if lang == Lang::En {
                a href=(path) lang="vi" hreflang="vi" { "Tiếng Việt" }
            } @else {
                a href=(with_lang(path, Lang::En)) lang="en" hreflang="en" { "English" }
            }
        }
    }
}

/// An address of ours that keeps the language.
pub(crate) fn with_lang(path: &str, lang: Lang) -> String {
    match lang {
        Lang::Vi => path.to_owned(),
        Lang::En => format!("{path}?lang=en"),
    }
}
