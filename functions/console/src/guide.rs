//! The API's own table as the page for developers shows it.

use api::{Body, GROUPS, Request, Route, Who};
use serde_json::Value;
use web::{Call, Chapter, Guide, Refusal};

/// Where samples go when the request does not say where it came to.
const NOWHERE: &str = "http://127.0.0.1:8080";

/// Everything that the page tells.
pub(crate) fn guide(request: &Request) -> Guide {
    let chapters =
        GROUPS.iter().map(|group| Chapter { name: group.name, calls: group.routes.iter().map(call).collect() });
    Guide { address: address(request), chapters: chapters.collect(), common: refusals(api::COMMON) }
}

/// Scheme and host of this page; a host with other signs than a host has is not repeated.
fn address(request: &Request) -> String {
    let plain =
        |host: &&str| host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b':' | b'-' | b'[' | b']'));
    let scheme = request.header("x-forwarded-proto").filter(|scheme| *scheme == "https").unwrap_or("http");
    request.header("host").filter(plain).map_or_else(|| NOWHERE.to_owned(), |host| format!("{scheme}://{host}"))
}

fn call(route: &Route) -> Call {
    let (key, version) = (route.needs.contains('K'), route.needs.contains('M'));
    Call {
        method: route.method,
        path: route.path,
        about: route.about,
        who: route.who.words(),
        key,
        version,
        status: route.status,
        query: route.query,
        body: body(route.body),
        sample: sample(route, key, version),
        refusals: refusals(route.codes),
    }
}

fn refusals(codes: &'static [&'static str]) -> Vec<Refusal> {
    let known = codes.iter().filter_map(|name| api::code(name));
    known.map(|code| Refusal { code: code.code, status: code.status, title: code.title }).collect()
}

/// Indented when it is JSON as it stands; placeholders without quotes make it none.
fn body(body: Body) -> Option<String> {
    let (Body::Json(text) | Body::Maybe(text) | Body::File(text)) = body else { return None };
    let parsed: Option<Value> = serde_json::from_str(text).ok();
    Some(parsed.and_then(|value| serde_json::to_string_pretty(&value).ok()).unwrap_or_else(|| text.to_owned()))
}

fn sample(route: &Route, key: bool, version: bool) -> String {
    let mut lines = vec![if route.method == "GET" {
        format!("curl -sS \"$CTDT{}\"", shown(route.path))
    } else {
        format!("curl -sS -X {} \"$CTDT{}\"", route.method, shown(route.path))
    }];
    let mut header = |text: &str| lines.push(format!("  -H {text}"));
    if route.who != Who::Anyone {
        header("\"Authorization: Bearer $TOKEN\"");
    }
    if key {
        header("\"Idempotency-Key: $(uuidgen)\"");
    }
    if version {
        header("'If-Match: \"1\"'");
    }
    match route.body {
        Body::None => {}
        Body::Json(text) | Body::Maybe(text) => {
            header("'Content-Type: application/json'");
            lines.push(format!("  -d '{text}'"));
        }
        Body::File(_) => {
            header("'Content-Type: application/pdf'");
            lines.push("  --data-binary @ban-sao.pdf".to_owned());
        }
    }
    lines.join(" \\\n")
}

/// `/v1/cases/{id}` as a shell takes it: `/v1/cases/<id>`.
fn shown(path: &str) -> String {
    path.replace('{', "<").replace('}', ">")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn asked(host: &str) -> Request {
        Request {
            method: "GET".into(),
            path: "/docs".into(),
            segments: vec!["docs".into()],
            query: BTreeMap::new(),
            headers: [("host".to_owned(), host.to_owned())].into(),
            body: Vec::new(),
            source_ip: String::new(),
            request_id: String::new(),
        }
    }

    #[test]
    fn every_route_is_told() {
        let guide = guide(&asked("127.0.0.1:8080"));
        assert_eq!(guide.address, "http://127.0.0.1:8080");
        let calls: Vec<&Call> = guide.chapters.iter().flat_map(|chapter| &chapter.calls).collect();
        assert_eq!(calls.len(), api::routes().count());
        let fee = calls.iter().find(|call| call.path == "/v1/cases/{id}/fee").expect("the fee");
        assert!(fee.key && fee.version && fee.who.0.contains("cán bộ tiếp nhận (create)"), "{fee:?}");
        for part in ["-X POST", "$CTDT/v1/cases/<id>/fee", "Idempotency-Key", "If-Match", "Bearer $TOKEN", "amount_vnd"]
        {
            assert!(fee.sample.contains(part), "{part}: {}", fee.sample);
        }
    }

    #[test]
    fn a_strange_host_is_not_repeated() {
        assert_eq!(guide(&asked("evil\" onload=\"x")).address, NOWHERE);
    }
}
