//! The pages people see, and the small documents about the API itself. No data, no rights.

use api::{CODES, Edge, Env, Error, Function, Lang, Problem, Reply, Request, page};
use serde_json::{Value, json};

/// What pages may load: only what this host serves (pages.md §3).
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

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

    fn html(&self, body: String) -> Reply {
        Reply::html(200, body)
            .header("content-security-policy", POLICY)
            .header("referrer-policy", "no-referrer")
            .header("cache-control", "no-store")
    }

    fn root(&self) -> Value {
        json!({"version": env!("CARGO_PKG_VERSION"), "livemode": !self.sandbox, "links": {"units": "/v1/units", "verify": "/v1/verifications", "errors": "/v1/errors", "pages": "/"}})
    }
}

fn asset(name: &str) -> Result<Reply, Problem> {
    let (kind, body) = web::asset(name).ok_or_else(|| Problem::new("not-found"))?;
    let mut reply = Reply::bytes(200, kind, body.to_vec());
    reply.binary = !kind.starts_with("text/");
    Ok(reply)
}

fn error(request: &Request, name: &str) -> Result<Reply, Problem> {
    let code = api::code(name).ok_or_else(|| Problem::new("not-found"))?;
    let english = request.lang() == Lang::En;
    let pick = |pair: (&str, &str)| if english { pair.1.to_owned() } else { pair.0.to_owned() };
    Ok(Reply::json(
        200,
        &json!({"code": code.code, "status": code.status, "title": pick(code.title), "action": pick(code.action)}),
    ))
}

impl Function for Console {
    fn edge(&self) -> &Edge {
        &self.edge
    }

    async fn http(&self, request: &Request) -> Result<Reply, Problem> {
        let (method, path) = request.route();
        match (method, path.as_slice()) {
            ("GET", []) => Ok(self.html(web::home(self.sandbox))),
            ("GET", ["verify"]) => Ok(self.html(web::verify(self.sandbox))),
            ("GET", ["docs"]) => Ok(self.html(web::docs(self.sandbox))),
            ("GET", ["d", _]) => Ok(self.html(web::download(self.sandbox))),
            ("GET", ["assets", name]) => asset(name),
            ("GET", ["health"]) => Ok(Reply::json(200, &json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")}))),
            ("GET", ["v1"]) => Ok(Reply::json(200, &self.root())),
            ("GET", ["v1", "errors"]) => {
                let all = CODES.iter().map(|code| json!({"code": code.code, "status": code.status})).collect();
                Ok(Reply::json(200, &page(all, &self.edge.clock.text())))
            }
            ("GET", ["v1", "errors", name]) => error(request, name),
            _ => Err(Problem::new("not-found")),
        }
    }
}
