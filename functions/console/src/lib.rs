//! The pages people see, and the small documents about the API itself. No data, no rights. Takes what no other route
//! takes, so it is the one who says 404 and 405.

mod guide;
mod methods;

use api::{CODES, Edge, Env, Error, Function, Problem, Reply, Request, page};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use web::{Look, Printed};

/// The function with what it needs.
pub struct Console {
    edge: Edge,
    sandbox: bool,
}

impl Console {
    /// Reads the settings.
    ///
    /// # Errors
    /// A missing setting, by name.
    pub fn new(env: &Env) -> Result<Self, Error> {
        Ok(Self { edge: Edge::new(env), sandbox: env.required("MODE")? != "live" })
    }

    /// Pages are Vietnamese unless the address says otherwise: a browser that was never set up sends English.
    fn look(&self, request: &Request) -> Look {
        Look { sandbox: self.sandbox, lang: web::Lang::of(request.query.get("lang").map(String::as_str)) }
    }

    fn root(&self) -> Value {
        json!({"version": env!("CARGO_PKG_VERSION"), "livemode": !self.sandbox, "docs": "/docs", "status": "/health", "links": {"units": "/v1/units", "verify": "/v1/verifications", "errors": "/v1/errors", "pages": "/"}})
    }
}

fn html(body: String) -> Reply {
    web::HEADERS.iter().fold(Reply::html(200, body), |reply, (name, value)| reply.header(name, value))
}

/// What a printed QR code put into the address (decision 9): `u` unit, `n` number, `q` book, `y` year, `s` suffix.
fn printed(request: &Request) -> Option<Printed> {
    let text = |name: &str| request.query.get(name).filter(|v| !v.is_empty() && v.len() <= 60).cloned();
    let (unit_code, number, book, year) = (text("u")?, text("n")?, text("q")?, text("y")?);
    let suffix = text("s")?;
    let query = [("unit_code", &unit_code), ("year", &year), ("book", &book), ("number", &number), ("suffix", &suffix)];
    let query: Vec<String> =
        query.iter().map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC))).collect();
    let lang = if request.query.get("lang").is_some_and(|lang| lang == "en") { "&lang=en" } else { "" };
    let register = format!("/v1/copies/by-number?{}{lang}", query.join("&"));
    Some(Printed { unit_code, number, book, year, suffix, register })
}

fn asset(name: &str) -> Result<Reply, Problem> {
    let (kind, body) = web::asset(name).ok_or_else(|| Problem::new("not-found"))?;
    let mut reply = Reply::bytes(200, kind, body.to_vec());
    reply.binary = !kind.starts_with("text/");
    Ok(reply)
}

/// A code of the catalogue, always in both languages (api.md row 2).
fn error(name: &str) -> Result<Reply, Problem> {
    let code = api::code(name).ok_or_else(|| Problem::new("not-found"))?;
    let both = |pair: (&str, &str)| json!({"vi": pair.0, "en": pair.1});
    let told =
        json!({"code": code.code, "status": code.status, "title": both(code.title), "action": both(code.action)});
    Ok(Reply::json(200, &told))
}

impl Function for Console {
    fn edge(&self) -> &Edge {
        &self.edge
    }

    async fn http(&self, request: &Request) -> Result<Reply, Problem> {
        let (method, path) = request.route();
        match (method, path.as_slice()) {
            ("GET", []) => Ok(html(web::home(self.look(request)))),
            ("GET", ["verify"]) => Ok(html(web::verify(self.look(request), printed(request).as_ref()))),
            ("GET", ["docs"]) => Ok(html(web::docs(self.look(request), &guide::guide(request)))),
            ("GET", ["assets", name]) => asset(name),
            ("GET", ["health"]) => Ok(Reply::json(200, &json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")}))),
            ("GET", ["v1"]) => Ok(Reply::json(200, &self.root())),
            ("GET", ["v1", "errors"]) => {
                let all = CODES.iter().map(|code| json!({"code": code.code, "status": code.status})).collect();
                Ok(Reply::json(200, &page(all, &self.edge.clock.text())))
            }
            ("GET", ["v1", "errors", name]) => error(name),
            _ => methods::other(request),
        }
    }
}
