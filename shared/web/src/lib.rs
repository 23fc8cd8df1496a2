//! The pages people see: server-rendered, Vietnamese first, no inline script or style.
//!
//! Loads nothing: a page is a pure function of what is shown on it. Works without scripts; the two scripts save a reload and
//! send the samples of the guide. Does not know HTTP: functions send what is made here, with [`HEADERS`].

mod download;
mod guide;
mod layout;
mod pages;
mod qr;
mod result;
mod verify;
mod words;

pub use download::{Download, download};
pub use guide::{Call, Chapter, Guide, Refusal, Takes, Variable, Words, docs};
pub use pages::home;
pub use qr::{Scanned, Seal, scanned};
pub use result::Phrase;
pub use verify::{Printed, Registered, Trouble, dossier, judged, registered, troubled, verify};
pub use words::Lang;

/// How every page looks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Look {
    /// Whether to say that nothing here has legal value (decision 29).
    pub sandbox: bool,
    /// The language.
    pub lang: Lang,
}

/// Most bytes of a file that the verify page sends (decision 44).
pub const FILE_LIMIT: usize = 4 * 1024 * 1024;

/// Headers of every page (pages.md §3.0): nothing from elsewhere, nothing inline, no HTML made by scripts but our own.
pub const HEADERS: &[(&str, &str)] = &[
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types ctdt",
    ),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-store"),
];

/// The name of the header that says what a page may load.
pub const POLICY: &str = "content-security-policy";

/// The policy of a page whose form may lead to another `origin` (`https://host`): browsers hold the redirect after a form
/// to the form's own policy.
pub fn policy_with_form_to(origin: &str) -> String {
    let policy = HEADERS.iter().find(|(name, _)| *name == POLICY).map_or("", |(_, policy)| policy);
    policy.replace("form-action 'self'", &format!("form-action 'self' {origin}"))
}

/// The style of every page.
const STYLE: &str = include_str!("../assets/ctdt.css");
/// The script of the verify page.
const SCRIPT: &str = include_str!("../assets/verify.js");
/// The script of the page for developers.
const CONSOLE: &str = include_str!("../assets/docs.js");
/// The main job as a script of curl, for developers.
const JOB: &str = include_str!("../assets/main-job.sh");
/// The mark in the browser's tab.
const ICON: &str = include_str!("../assets/icon.svg");

/// A file of the pages with its media type.
pub fn asset(name: &str) -> Option<(&'static str, &'static [u8])> {
    match name {
        "ctdt.css" => Some(("text/css; charset=utf-8", STYLE.as_bytes())),
        "verify.js" => Some(("text/javascript; charset=utf-8", SCRIPT.as_bytes())),
        "docs.js" => Some(("text/javascript; charset=utf-8", CONSOLE.as_bytes())),
        "main-job.sh" => Some(("text/plain; charset=utf-8", JOB.as_bytes())),
        "icon.svg" => Some(("image/svg+xml", ICON.as_bytes())),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
