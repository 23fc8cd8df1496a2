//! Where the link of a letter leads (decision 22): ask for a one-time code, enter it, get the file.
//!
//! Opening it reveals nothing, because mail scanners follow links: two forms, and the address hardly readable. Works
//! without scripts.

use maud::{Markup, html};

use crate::layout::{Page, frame, with_lang};
use crate::result::{self, Phrase};
use crate::{Look, Trouble};

/// How far somebody with a link is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Download<'a> {
    /// The link is good.
    Open {
        /// Where codes go, hardly readable.
        masked: &'a str,
        /// Whether a code was sent that may still be used.
        sent: bool,
        /// What went wrong with the last step.
        trouble: Option<&'a Trouble>,
    },
    /// The link has had its time; a new one can be sent.
    Over(&'a Trouble),
    /// A new link is on its way.
    Renewed {
        /// Where it goes, hardly readable.
        masked: &'a str,
    },
    /// The link opens nothing.
    Ended(&'a Trouble),
}

/// The page of a link. `token` is its secret, which stands in the forms' addresses and nowhere else.
pub fn download(look: Look, token: &str, state: &Download<'_>) -> String {
    let lang = look.lang;
    let title = lang.pick("Nhận bản sao điện tử", "Receive your electronic copy");
    let body = html! {
        h1 { (title) }
        @match state {
            Download::Open { masked, sent, trouble } => {
                @if let Some(trouble) = trouble { (problem(trouble)) }
                @if *sent { (enter(look, token, masked)) }
                (ask(look, token, masked, *sent))
            }
            Download::Over(trouble) => { (problem(trouble)) (renew(look, token)) }
            Download::Renewed { masked } => {
                p role="status" data-testid="renewed" {
                    (lang.pick("Liên kết mới sẽ tới ", "A new link will come to ")) strong { (masked) } ". "
                    (lang.pick("Liên kết cũ không còn dùng được.", "The old link is no longer good."))
                }
            }
            Download::Ended(trouble) => (problem(trouble)),
        }
    };
    frame(look, &Page { title, path: &format!("/d/{token}"), script: false }, &body)
}

fn renew(look: Look, token: &str) -> Markup {
    let lang = look.lang;
    html! {
        p {
            (lang.pick("Bản sao vẫn được giữ. Liên kết mới được gửi tới đúng địa chỉ của thư trước.", "Your copy is still kept. A new link goes to the address of the letter before."))
        }
        form method="post" action=(with_lang(&format!("/v1/downloads/{token}/reissue"), lang)) {
            button type="submit" data-testid="renew" { (lang.pick("Gửi liên kết mới", "Send a new link")) }
        }
    }
}

fn problem(trouble: &Trouble) -> Markup {
    html! { div data-testid="trouble" { (result::bar(Phrase::Unsure, &trouble.title, &trouble.detail, Some(&trouble.action))) } }
}

fn ask(look: Look, token: &str, masked: &str, sent: bool) -> Markup {
    let lang = look.lang;
    let button = if sent {
        lang.pick("Gửi mã khác", "Send another code")
    } else {
        lang.pick("Gửi mã dùng một lần", "Send the one-time code")
    };
    html! {
        @if !sent {
            p {
                (lang.pick("Bản sao đã sẵn sàng. Mã dùng một lần sẽ được gửi tới ", "Your copy is ready. A one-time code will be sent to "))
                strong { (masked) } "."
            }
        }
        form method="post" action=(with_lang(&format!("/v1/downloads/{token}/code"), lang)) {
            button type="submit" data-testid="send-code" { (button) }
        }
    }
}

fn enter(look: Look, token: &str, masked: &str) -> Markup {
    let lang = look.lang;
    html! {
        p role="status" {
            (lang.pick("Mã gồm 6 chữ số đã được gửi tới ", "A code of six digits was sent to ")) strong { (masked) } ". "
            (lang.pick("Mã có hiệu lực trong 10 phút.", "It is good for 10 minutes."))
        }
        form.notify method="post" action=(with_lang(&format!("/v1/downloads/{token}/open"), lang)) {
            label for="code" { (lang.pick("Mã dùng một lần", "One-time code")) }
            input #code name="code" inputmode="numeric" autocomplete="one-time-code" pattern=" *[0-9]{6} *" maxlength="8" required autofocus data-testid="code";
            button type="submit" data-testid="open" { (lang.pick("Nhận tệp", "Get the file")) }
        }
    }
}
