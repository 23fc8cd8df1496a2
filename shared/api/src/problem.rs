//! RFC 9457 problems in two languages (api.md §5.6). One table from code to status and words: [`crate::codes`].

use domain::refusal::{Halt, Reason, Refusal};
use domain::time;
use serde_json::{Map, Value, json};

use crate::auth::right_name;
use crate::codes::{Code, code};
use crate::{Lang, Reply, Request};

/// Where the pages of the problem types are.
const TYPE_BASE: &str = "https://docs.ctdt.example.vn/errors/";

/// A refusal or a failure, as the client sees it. Texts of failures are constant: causes go to the log.
#[derive(Clone, Debug)]
pub struct Problem {
    code: &'static Code,
    detail: Option<(String, String)>,
    errors: Vec<Value>,
    members: Map<String, Value>,
    retry_after_s: Option<u32>,
    headers: Vec<(&'static str, String)>,
}

impl Problem {
    /// A problem of the catalogue; a code that is not in it is our own mistake and becomes `internal`.
    pub fn new(name: &str) -> Self {
        let code = code(name).unwrap_or_else(|| {
            tracing::error!(code = name, "a problem code is missing from the catalogue");
            &crate::codes::INTERNAL
        });
        Self {
            code,
            detail: None,
            errors: Vec::new(),
            members: Map::new(),
            retry_after_s: code.retry_after_s,
            headers: Vec::new(),
        }
    }

    /// Something outside failed: the cause goes to the log, the client gets a constant text.
    pub fn failed(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "something outside failed");
        Self::new("service-unavailable")
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.code.code
    }

    /// The places of mistakes, as the answer lists them.
    pub fn errors(&self) -> &[Value] {
        &self.errors
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.code.status
    }

    /// With a sentence about this occurrence, Vietnamese and English.
    #[must_use]
    pub fn detail(mut self, vi: impl Into<String>, en: impl Into<String>) -> Self {
        self.detail = Some((vi.into(), en.into()));
        self
    }

    /// With a further member.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// With the version that the refusal left behind: it was written down, and the next change must name it (decision 38).
    #[must_use]
    pub fn etag(mut self, version: u64) -> Self {
        self.headers.push(("etag", format!("\"{version}\"")));
        self.with("current_etag", format!("\"{version}\""))
    }

    /// With the methods that the address has (RFC 9110 §15.5.6).
    #[must_use]
    pub fn allow(mut self, methods: &str) -> Self {
        self.headers.push(("allow", methods.to_owned()));
        self.with("allow", methods)
    }

    /// With the place of a mistake in the body (JSON Pointer) and what is wrong there.
    #[must_use]
    pub fn pointer(mut self, pointer: &str, what: &str) -> Self {
        self.errors.push(json!({"pointer": pointer, "code": what}));
        self
    }

    /// With the name of a wrong header.
    #[must_use]
    pub fn header(mut self, header: &str, what: &str) -> Self {
        self.errors.push(json!({"header": header, "code": what}));
        self
    }

    /// With the name of a wrong query parameter.
    #[must_use]
    pub fn query(mut self, name: &str, what: &str) -> Self {
        self.errors.push(json!({"query": name, "code": what}));
        self
    }

    /// A body that is well formed but wrong at one place.
    pub fn invalid(pointer: &str, what: &str) -> Self {
        Self::new("validation-failed").pointer(pointer, what)
    }

    /// With the seconds after which a repetition can help.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// The answer.
    pub fn reply(&self, request: &Request) -> Reply {
        self.render(request.lang(), &request.shown_path(), &request.request_id)
    }

    fn render(&self, lang: Lang, instance: &str, request_id: &str) -> Reply {
        let pick = |pair: (&str, &str)| if lang == Lang::En { pair.1.to_owned() } else { pair.0.to_owned() };
        let detail = match &self.detail {
            Some((vi, en)) => pick((vi, en)),
            None => pick(self.code.title),
        };
        let mut body = json!({
            "type": format!("{TYPE_BASE}{}", self.code.code), "code": self.code.code, "title": pick(self.code.title),
            "status": self.code.status, "detail": detail, "action": pick(self.code.action),
            "instance": instance, "request_id": request_id,
        });
        if let Value::Object(map) = &mut body {
            if !self.errors.is_empty() {
                map.insert("errors".into(), Value::Array(self.errors.clone()));
            }
            map.extend(self.members.clone());
        }
        let mut reply = Reply::json(self.code.status, &body).header("content-language", lang.tag());
        reply.headers[0].1 = "application/problem+json; charset=utf-8".into();
        for (name, value) in &self.headers {
            reply = reply.header(name, value);
        }
        match self.retry_after_s {
            Some(seconds) => reply.header("retry-after", &seconds.to_string()),
            None => reply,
        }
    }
}

impl From<domain::ports::Fault> for Problem {
    fn from(fault: domain::ports::Fault) -> Self {
        Self::failed(&fault)
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let problem = Self::new(refusal.code());
        match refusal {
            Refusal::Because(Reason::TooManyCodes) => problem.with("violated-policies", json!(["one-time-codes"])),
            Refusal::NotFound | Refusal::Stale | Refusal::Because(_) => problem,
            Refusal::Forbidden { right, unit } => {
                let unit = unit.map(|id| id.as_str().to_owned());
                problem.with("needed", json!({"right": right_name(right), "unit_id": unit}))
            }
            Refusal::WrongState { state, allowed } => problem.with("state", state).with("allowed", json!(allowed)),
            Refusal::Invalid { pointer, code, detail: (vi, en) } => problem.pointer(&pointer, code).detail(vi, en),
            Refusal::Paused { until, wait_s } => {
                let at = time::civil(until).strftime("%H:%M:%S");
                let problem = problem.with("retry_at", time::rfc3339(until)).retry_after(wait_s);
                problem.detail(
                    format!("Các yêu cầu ký gần đây đã bị từ chối hoặc không được trả lời. Có thể gửi lại từ {at}."),
                    format!("The latest prompts were refused or not answered. Ask again from {at} (UTC+7)."),
                )
            }
            Refusal::FeeDiffers { expected_vnd } => problem.with("expected_vnd", expected_vnd),
        }
    }
}

impl From<Halt> for Problem {
    fn from(halt: Halt) -> Self {
        match halt {
            Halt::Refused(refusal) => refusal.into(),
            Halt::Failed(fault) => fault.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ports::Fault;

    #[test]
    fn a_fault_never_reaches_the_client() {
        let fault = Fault("arn:aws:kms:ap-southeast-1:123456789012:key/abc is throttled".into());
        for lang in [Lang::Vi, Lang::En] {
            let reply = Problem::from(fault.clone()).render(lang, "/v1/cases", "req_1");
            let body = String::from_utf8(reply.body).expect("text");
            assert_eq!(reply.status, 503);
            assert!(!body.contains("arn") && !body.contains("throttled"), "{body}");
        }
    }

    /// Every refusal of the rules has its words here.
    #[test]
    fn every_reason_is_in_the_catalogue() {
        for reason in domain::refusal::Reason::ALL {
            assert!(code(reason.code()).is_some(), "{} has no entry", reason.code());
        }
    }

    /// api.md §5.6: one form of all 429.
    #[test]
    fn every_exceeded_quota_is_named() {
        let problem = Problem::from(Refusal::Because(Reason::TooManyCodes));
        let reply = problem.render(Lang::Vi, "/v1/x", "r");
        assert_eq!(reply.status, 429);
        assert!(reply.get("retry-after").is_some());
        assert!(String::from_utf8(reply.body).expect("text").contains(r#""violated-policies":["one-time-codes"]"#));
    }

    #[test]
    fn both_languages() {
        let problem = Problem::new("stale").with("current_etag", "\"4\"");
        let vi = String::from_utf8(problem.render(Lang::Vi, "/v1/x", "r").body).expect("text");
        let en = String::from_utf8(problem.render(Lang::En, "/v1/x", "r").body).expect("text");
        assert!(vi.contains("người khác") && en.contains("somebody else"), "{vi}\n{en}");
        assert!(vi.contains(r#""current_etag":"\"4\"""#));
    }
}
