//! The same answers as pages: who asks with `Accept: text/html` is a person with a browser.
//!
//! Judges nothing and knows no rule. A form sends its file as `multipart/form-data` (RFC 7578), which is read here.

use api::{Problem, QUOTA_HEADERS, Reply, Request};
use domain::time::rfc3339;
use futures_util::stream;
use jiff::Timestamp;
use multer::{Multipart, parse_boundary};
use pki::trustlist::{Kind, Status, Tree, TrustList};
use serde_json::{Value, json};
use web::{Lang, Look, Printed, Registered, Trouble};

use crate::dossier::shown;

/// A file that a form has sent.
pub(crate) struct Sent {
    /// Its name, for the page only.
    pub(crate) name: String,
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
    /// Where the visitor wants to hear of a later annulment.
    pub(crate) notify: Option<String>,
}

/// The media types in which a verification is told; the first when nothing is asked for.
const FORMS: [&str; 3] = ["application/json", "text/html", "application/pdf"];

/// The form in which a verification is told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Form {
    /// The report, for programs.
    Report,
    /// A page, for people.
    Page,
    /// The record that the service signs.
    Record,
}

/// What the client takes best.
///
/// # Errors
/// `not-acceptable`, with what there is.
pub(crate) fn form(request: &Request) -> Result<Form, Problem> {
    match request.preferred(&FORMS) {
        Some("application/json") => Ok(Form::Report),
        Some("text/html") => Ok(Form::Page),
        Some(_) => Ok(Form::Record),
        None => Err(Problem::new("not-acceptable").with("available", json!(FORMS))),
    }
}

/// A dossier has many reports and no record.
pub(crate) fn no_record_of_a_dossier() -> Problem {
    let [report, page, _] = FORMS;
    Problem::new("not-acceptable").with("available", json!([report, page]))
}

/// Whether a person asks.
pub(crate) fn is_wanted(request: &Request) -> bool {
    request.preferred(&["application/json", "text/html"]) == Some("text/html")
}

/// Whether the address is that of a page, whoever asks.
pub(crate) fn is_page(request: &Request) -> bool {
    matches!(request.route().1.as_slice(), ["Q", ..])
}

/// Whether a program asks for the record instead of the report.
pub(crate) fn is_record_wanted(request: &Request) -> bool {
    form(request).is_ok_and(|form| form == Form::Record)
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
    let (mut file, mut notify) = (None, None);
    while let Some(field) = form.next_field().await.map_err(malformed)? {
        match field.name() {
            Some("file") => {
                let name = shown(field.file_name().unwrap_or(""));
                file = Some((name, field.bytes().await.map_err(malformed)?.to_vec()));
            }
            Some("notify_email") => notify = Some(field.text().await.map_err(malformed)?),
            _ => {}
        }
    }
    let (name, bytes) = file.ok_or_else(|| Problem::new("empty-file"))?;
    Ok(Sent { name, bytes, notify: notify.filter(|text| !text.trim().is_empty()) })
}

/// The trust list for people and machines (api.md row 64): every period of every service.
pub(crate) fn trust_list(list: &TrustList, now: Timestamp) -> Value {
    let instant = |second: i64| Timestamp::from_second(second).map(rfc3339).unwrap_or_default();
    let mut data = Vec::new();
    for (provider, service) in list.services() {
        for (at, period) in service.history.iter().enumerate() {
            let certificate = &service.certificate;
            data.push(json!({
                "ca": provider.name,
                "tree": match provider.tree {
                    Tree::Government => "government",
                    Tree::National => "national",
                    Tree::Foreign => "foreign",
                },
                "service": match service.kind {
                    Kind::Root => "root",
                    Kind::SigningCa => "signing_ca",
                    Kind::Tsa => "tsa",
                    Kind::Ocsp => "ocsp",
                },
                "subject": certificate.subject(),
                "valid": {"from": instant(certificate.not_before()), "to": instant(certificate.not_after())},
                "licence_status": match period.status {
                    Status::Granted => "granted",
                    Status::Withdrawn => "withdrawn",
                },
                "from": instant(period.from),
                "to": service.history.get(at + 1).map(|next| instant(next.from)),
                "sha256": hex::encode(certificate.sha256()),
            }));
        }
    }
    json!({
        "sequence": list.sequence, "operator": list.operator, "test": list.test, "issued_at": instant(list.issued_at),
        "next_update": instant(list.next_update), "overdue": list.is_overdue(now.as_second()), "data": data,
        "as_of": rfc3339(now),
    })
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
        ("empty-file", Lang::Vi) => "Chọn lại đúng tệp PDF đã nhận.".to_owned(),
        ("empty-file", Lang::En) => "Choose the PDF that you received.".to_owned(),
        _ => text("action"),
    };
    let detail = text("detail");
    let detail = if detail == text("title") { String::new() } else { detail };
    let page = html(told.status, web::troubled(look, &Trouble { title: text("title"), detail, action }));
    let kept = told.headers.iter().filter(|(name, _)| QUOTA_HEADERS.contains(&name.as_str()));
    kept.fold(page, |page, (name, value)| page.header(name, value))
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
        Some("annulled") => {
            let of = |name: &str| answer["annulment"][name].as_str().map(str::to_owned);
            Registered::Annulled(of("decision_no").zip(of("decision_date")))
        }
        _ => Registered::Unknown,
    };
    html(200, web::registered(look, &printed, &found))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn request(headers: &[(&str, &str)], query: &[(&str, &str)], body: &[u8]) -> Request {
        let map = |pairs: &[(&str, &str)]| pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        Request {
            method: "POST".into(),
            path: "/v1/verifications".into(),
            segments: vec!["v1".into(), "verifications".into()],
            query: map(query),
            headers: map(headers),
            body: body.to_vec(),
            source_ip: String::new(),
            request_id: "req_12345678".into(),
        }
    }

    fn form(parts: &str) -> Request {
        request(&[("content-type", "multipart/form-data; boundary=x")], &[], parts.replace('\n', "\r\n").as_bytes())
    }

    const SENT: &str = "--x\nContent-Disposition: form-data; name=\"other\"\n\n1\n\
        --x\nContent-Disposition: form-data; name=\"file\"; filename=\"bản sao.pdf\"\nContent-Type: application/pdf\n\n%PDF-1.7\n--x--\n";

    #[tokio::test]
    async fn a_form_brings_a_file_and_its_name() {
        let sent = sent(&form(SENT)).await.expect("a file");
        assert_eq!((sent.name.as_str(), sent.bytes.as_slice()), ("bản sao.pdf", &b"%PDF-1.7"[..]));
    }

    /// F12: what somebody calls a file does not turn the line around that shows it.
    #[tokio::test]
    async fn the_name_of_a_file_does_not_steer() {
        let asked = form(&SENT.replace("bản sao.pdf", &format!("b\u{202e}\u{61c}\u{e0041}.pdf{}", "a".repeat(300))));
        let name = sent(&asked).await.expect("a file").name;
        assert!(name.starts_with("b\u{fffd}\u{fffd}\u{fffd}.pdfaaa") && name.ends_with("a…"), "{name}");
        assert_eq!(name.chars().count(), 201);
    }

    #[tokio::test]
    async fn a_form_without_a_file_is_told_so() {
        let without = "--x\nContent-Disposition: form-data; name=\"other\"\n\n1\n--x--\n";
        assert_eq!(sent(&form(without)).await.err().map(|problem| problem.code()), Some("empty-file"));
        for broken in ["", "--x\nContent-Disposition: form-data; name=\"file\"\n\nno end"] {
            let code = sent(&form(broken)).await.err().map(|problem| problem.code());
            assert_eq!(code, Some("malformed-request"), "{broken:?}");
        }
        let unbounded = request(&[("content-type", "multipart/form-data")], &[], b"");
        assert_eq!(sent(&unbounded).await.err().map(|problem| problem.code()), Some("malformed-request"));
    }

    /// What a program can do is not what a person at the page can do.
    #[test]
    fn a_problem_is_a_sentence_in_the_language_of_the_page() {
        let (vietnamese, english) = (request(&[], &[], b""), request(&[], &[("lang", "en")], b""));
        for (asked, words) in
            [(&vietnamese, "Dùng chương trình ctdt verify"), (&english, "Use the program ctdt verify")]
        {
            let reply = troubled(&Problem::new("use-upload"), asked, look(asked, false));
            let page = String::from_utf8(reply.body.clone()).expect("text");
            assert_eq!(reply.status, 413);
            assert!(page.contains(words) && !page.contains("upload_id"), "{page}");
            assert!(reply.get("content-security-policy").is_some_and(|policy| policy.contains("default-src 'none'")));
        }
    }

    /// A browser that is told to wait is told how long.
    #[test]
    fn a_page_of_a_problem_says_when_to_come_back() {
        let asked = request(&[], &[], b"");
        let reply = troubled(&Problem::new("quota-exceeded").retry_after(7), &asked, look(&asked, false));
        assert_eq!((reply.status, reply.get("retry-after")), (429, Some("7")));
    }

    #[test]
    fn only_browsers_get_pages() {
        let asks = |accept: &str| is_wanted(&request(&[("accept", accept)], &[], b""));
        assert!(asks("text/html,application/xhtml+xml,*/*;q=0.8") && asks("text/html"));
        assert!(!asks("*/*") && !asks("application/json"));
        assert!(!is_wanted(&Request { headers: BTreeMap::new(), ..request(&[], &[], b"") }));
    }
}
