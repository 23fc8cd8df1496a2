//! The link of a letter over HTTP: a page with forms for people, JSON for programs (api.md row 69).
//!
//! Knows no rule: `casework::download` does. The secret in the address is never logged.

use api::{Lang, Problem, Reply, Request};
use casework::download::{self, Link};
use domain::ports::Objects as _;
use domain::time::rfc3339;
use serde::Deserialize;
use serde_json::{Value, json};
use web::{Download, Look, Trouble};

use crate::Delivery;

/// A secret has 16 bytes in hexadecimal; anything else is no link, and is not looked up.
const SECRET: usize = 32;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CodeIn {
    code: String,
}

impl Delivery {
    /// What the link opens: the first form, or why there is none.
    pub(crate) async fn link(&self, request: &Request, secret: &str) -> Result<Reply, Problem> {
        match self.look(secret).await {
            Ok(link) => self.page(request, 200, secret, &link, None).await,
            Err(problem) => Ok(self.ended(request, secret, &problem)),
        }
    }

    /// Orders a new letter for a link that is over.
    pub(crate) async fn reissue(&self, request: &Request, secret: &str) -> Result<Reply, Problem> {
        let now = self.edge.clock.now();
        nothing(request)?;
        let ordered = match checked(secret) {
            Ok(()) => download::reissue(&self.records, &self.records, &self.edge.chance, secret, now).await,
            Err(problem) => return self.failed(request, secret, problem).await,
        };
        match ordered {
            Ok(link) if is_person(request) => {
                let body = web::download(self.style(request), "", &Download::Renewed { masked: &link.masked });
                Ok(crate::html(202, body))
            }
            Ok(link) => Ok(Reply::json(202, &json!({"sent_to": link.masked}))),
            Err(halt) => self.failed(request, secret, halt.into()).await,
        }
    }

    /// Sends a code.
    pub(crate) async fn code(&self, request: &Request, secret: &str) -> Result<Reply, Problem> {
        let now = self.edge.clock.now();
        nothing(request)?;
        let asked = match checked(secret) {
            Ok(()) => download::ask(&self.records, &self.records, &self.mail, &self.edge.chance, secret, now).await,
            Err(problem) => return self.failed(request, secret, problem).await,
        };
        match asked {
            Ok(link) if is_person(request) => self.page(request, 202, secret, &link, None).await,
            Ok(link) => Ok(Reply::json(202, &sent(&link))),
            Err(halt) => self.failed(request, secret, halt.into()).await,
        }
    }

    /// Takes a code and leads to the file.
    pub(crate) async fn open(&self, request: &Request, secret: &str) -> Result<Reply, Problem> {
        let opened = match checked(secret).and_then(|()| code_of(request)) {
            Ok(code) => download::open(&self.records, &self.records, secret, &code, self.edge.clock.now())
                .await
                .map_err(Problem::from),
            Err(problem) => Err(problem),
        };
        match opened {
            Ok(link) => Ok(Reply::see_other(&self.file_url(&link).await?).header("referrer-policy", "no-referrer")),
            Err(problem) => self.failed(request, secret, problem).await,
        }
    }

    async fn look(&self, secret: &str) -> Result<Link, Problem> {
        checked(secret)?;
        Ok(download::look(&self.records, &self.records, secret, self.edge.clock.now()).await?)
    }

    async fn file_url(&self, link: &Link) -> Result<String, Problem> {
        let name = crate::file_name(&link.number);
        Ok(self.objects.presign_get(&link.file.path, &name).await?.url)
    }

    /// A program hears the problem; a person sees it above the forms that are still of use.
    async fn failed(&self, request: &Request, secret: &str, problem: Problem) -> Result<Reply, Problem> {
        if !is_person(request) {
            return Err(problem);
        }
        match self.look(secret).await {
            Ok(link) => self.page(request, problem.status(), secret, &link, Some(&problem)).await,
            Err(ended) => Ok(self.ended(request, secret, &ended)),
        }
    }

    async fn page(
        &self,
        request: &Request,
        status: u16,
        secret: &str,
        link: &Link,
        problem: Option<&Problem>,
    ) -> Result<Reply, Problem> {
        let look = self.style(request);
        let trouble = problem.map(|problem| trouble(problem, look));
        let state = Download::Open { masked: &link.masked, sent: link.code_until.is_some(), trouble: trouble.as_ref() };
        let policy = web::policy_with_form_to(&origin(&self.file_url(link).await?));
        let page = Reply::html(status, web::download(look, secret, &state));
        let plain = web::HEADERS.iter().filter(|(name, _)| *name != web::POLICY);
        Ok(plain.fold(page, |page, (name, value)| page.header(name, value)).header(web::POLICY, &policy))
    }

    /// A link that is over offers a new one. The secret of a link that opens nothing is not repeated else: it may be anything.
    fn ended(&self, request: &Request, secret: &str, problem: &Problem) -> Reply {
        let look = self.style(request);
        let trouble = trouble(problem, look);
        let body = if problem.code() == "link-expired" {
            web::download(look, secret, &Download::Over(&trouble))
        } else {
            web::download(look, "", &Download::Ended(&trouble))
        };
        crate::html(problem.status(), body)
    }

    /// Vietnamese unless the address says otherwise.
    fn style(&self, request: &Request) -> Look {
        Look { sandbox: self.sandbox, lang: web::Lang::of(request.query.get("lang").map(String::as_str)) }
    }
}

fn checked(secret: &str) -> Result<(), Problem> {
    let right = secret.len() == SECRET && secret.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if right { Ok(()) } else { Err(Problem::new("not-found")) }
}

/// A call that needs no body takes a form too, which is how a button sends it.
fn nothing(request: &Request) -> Result<(), Problem> {
    if request.media_type() == "application/x-www-form-urlencoded" { Ok(()) } else { request.nothing() }
}

/// Whether a person with a browser asks.
fn is_person(request: &Request) -> bool {
    request.header("accept").is_some_and(|accept| accept.contains("text/html"))
}

/// The code, from a form or from JSON.
fn code_of(request: &Request) -> Result<String, Problem> {
    if request.media_type() != "application/x-www-form-urlencoded" {
        return Ok(request.json::<CodeIn>()?.code);
    }
    let mut fields = form_urlencoded::parse(&request.body);
    let code = fields.find(|(name, _)| name == "code").map(|(_, code)| code.into_owned());
    code.ok_or_else(|| Problem::invalid("/code", "required"))
}

fn sent(link: &Link) -> Value {
    json!({"sent_to": link.masked, "expires_at": link.code_until.map(rfc3339)})
}

/// `https://host` of an address.
fn origin(url: &str) -> String {
    url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/")
}

fn trouble(problem: &Problem, look: Look) -> Trouble {
    let lang = if look.lang == web::Lang::En { Lang::En } else { Lang::Vi };
    let (title, action) = api::code(problem.code()).map_or(("", ""), |code| match lang {
        Lang::En => (code.title.1, code.action.1),
        Lang::Vi => (code.title.0, code.action.0),
    });
    Trouble { title: title.to_owned(), detail: String::new(), action: action.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_secrets_are_looked_up() {
        assert!(checked("0123456789abcdef0123456789abcdef").is_ok());
        for wrong in ["", "0123456789ABCDEF0123456789abcdef", "0123", "0123456789abcdef0123456789abcdef0"] {
            assert!(checked(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_origin_is_no_more() {
        assert_eq!(origin("http://127.0.0.1:9000/bucket/key?X-Amz-Signature=1"), "http://127.0.0.1:9000");
        assert_eq!(origin("https://bucket.s3.example/numbers/a.pdf"), "https://bucket.s3.example");
    }
}
