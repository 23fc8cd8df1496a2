//! The same answers as pages: who asks with `Accept: text/html` is a person with a browser.
//!
//! Judges nothing and knows no rule. A form sends its file as `multipart/form-data` (RFC 7578), which is read here.

use api::{Problem, Reply, Request};
use futures_util::stream;
use multer::{Multipart, parse_boundary};
use serde_json::Value;
use web::{Lang, Look, Printed, Registered, Trouble};

/// A file that a form has sent.
pub(crate) struct Sent {
    /// Its name, for the page only.
    pub(crate) name: String,
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
}

/// Whether a person asks.
pub(crate) fn is_wanted(request: &Request) -> bool {
    request.header("accept").is_some_and(|accept| accept.contains("text/html"))
}

/// How pages look for this request: Vietnamese unless the address says otherwise.
pub(crate) fn look(request: &Request, sandbox: bool) -> Look {
    Look { sandbox, lang: Lang::of(request.query.get("lang").map(String::as_str)) }
}

/// A page as an answer.
pub(crate) fn html(status: u16, body: String) -> Reply {
    web::HEADERS.iter().fold(Reply::html(status, body), |reply, (name, value)| reply.header(name, value))
}

/// The part `file` of a form.
///
/// # Errors
/// `malformed-request` when the body is no form, `empty-file` when no file was chosen.
pub(crate) async fn sent(request: &Request) -> Result<Sent, Problem> {
    let malformed = |_| Problem::new("malformed-request");
    let boundary = parse_boundary(request.header("content-type").unwrap_or("")).map_err(malformed)?;
    let body = request.body.clone();
    let mut form = Multipart::new(stream::once(async { Ok::<_, std::convert::Infallible>(body) }), boundary);
    while let Some(field) = form.next_field().await.map_err(malformed)? {
        if field.name() == Some("file") {
            let name = field.file_name().unwrap_or("").chars().take(200).collect();
            return Ok(Sent { name, bytes: field.bytes().await.map_err(malformed)?.to_vec() });
        }
    }
    Err(Problem::new("empty-file"))
}

/// A problem as a page: the sentences of its document, in the page's language.
pub(crate) fn troubled(problem: &Problem, request: &Request, look: Look) -> Reply {
    let mut asked = request.clone();
    asked.headers.insert("accept-language".into(), look.lang.tag().into());
    let told = problem.reply(&asked);
    let document: Value = serde_json::from_slice(&told.body).unwrap_or_default();
    let text = |name: &str| document.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let action = match (problem.code(), look.lang) {
        // The document tells a program what to do; a person at the page has another way.
        ("use-upload", Lang::Vi) => "Dùng chương trình ctdt verify trên máy của bạn.".to_owned(),
        ("use-upload", Lang::En) => "Use the program ctdt verify on your machine.".to_owned(),
        _ => text("action"),
    };
    let detail = text("detail");
    let detail = if detail == text("title") { String::new() } else { detail };
    html(told.status, web::troubled(look, &Trouble { title: text("title"), detail, action }))
}

/// The register's answer as a page.
pub(crate) fn registered(request: &Request, look: Look, answer: &Value) -> Reply {
    let text = |name: &str| request.query.get(name).cloned().unwrap_or_default();
    let printed = Printed {
        unit_code: text("unit_code"),
        number: text("number"),
        book: text("book"),
        year: text("year"),
        suffix: text("suffix"),
        register: String::new(),
    };
    let found = match answer.get("status").and_then(Value::as_str) {
        Some("active") => {
            Registered::Active(answer.get("sealed_on").and_then(Value::as_str).unwrap_or_default().to_owned())
        }
        Some("annulled") => Registered::Annulled,
        _ => Registered::Unknown,
    };
    html(200, web::registered(look, &printed, &found))
}
