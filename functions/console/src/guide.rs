//! The API's own table as the page for developers shows it.

use api::{Body, GROUPS, Request, Route, Who};
use serde_json::Value;
use web::{Call, Chapter, Guide, Refusal, Takes, Variable};

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
        who: who(route),
        key,
        version,
        open: route.who == Who::Anyone,
        optional: optional(route),
        status: route.status,
        variables: variables(route.path),
        query: route.query.iter().map(|name| parameter(name)).collect(),
        takes: takes(route.body),
        body: body(route.body),
        sample: sample(route, key, version),
        refusals: refusals(route.codes),
    }
}

/// Anybody may have a file judged; whoever is known may also name what is stored, and keep the report for themselves alone.
fn optional(route: &Route) -> bool {
    route.who == Who::Anyone && route.path.starts_with("/v1/verifications")
}

fn who(route: &Route) -> (String, String) {
    if !optional(route) {
        return route.who.words();
    }
    (
        "bất kỳ ai; cần mã truy cập khi nêu copy_id hoặc upload_id, và để xem biên bản giữ cho riêng mình".into(),
        "anybody; copy_id, upload_id and a report kept for oneself alone need a token".into(),
    )
}

/// The variables of a path; the segment before an `{id}` says what it is of.
fn variables(path: &'static str) -> Vec<Variable> {
    let segments: Vec<&str> = path.split('/').collect();
    let named = |segment: &'static str| segment.strip_prefix('{')?.strip_suffix('}');
    let pairs = segments.windows(2).filter_map(|pair| Some((pair[0], named(pair[1])?)));
    pairs.map(|(before, name)| Variable { name, kind: kind(before), sample: known(before) }).collect()
}

/// The prefix of the identifiers behind a segment (`domain::ids`).
fn kind(before: &str) -> Option<&'static str> {
    Some(match before {
        "accounts" => "act",
        "appointments" => "apt",
        "cases" => "case",
        "copies" => "copy",
        "sign-sessions" => "sgn",
        "units" => "unit",
        "uploads" => "upl",
        "verifications" => "vrf",
        "verification-batches" => "vrb",
        _ => return None,
    })
}

/// A value that is there on every machine.
fn known(before: &str) -> &'static str {
    match before {
        "queues" => "create",
        "errors" => "stale",
        "explanations" => "content-changed",
        "assets" => "main-job.sh",
        _ => "",
    }
}

fn parameter(name: &'static str) -> Variable {
    Variable { name, kind: (name == "unit").then_some("unit"), sample: "" }
}

fn takes(body: Body) -> Takes {
    match body {
        Body::None => Takes::Nothing,
        Body::Json(_) => Takes::Json,
        Body::Maybe(_) => Takes::Maybe,
        Body::File(_) => Takes::File,
        Body::Picture => Takes::Picture,
        Body::Signed => Takes::Nothing,
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
    if optional(route) {
        // Nothing at all while there is no token; one word, so that every shell takes it alike.
        lines.push("  ${TOKEN:+-H\"Authorization: Bearer $TOKEN\"}".to_owned());
    }
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
        Body::Signed => {
            header("'webhook-id: msg_1'");
            header("\"webhook-timestamp: $(date +%s)\"");
            header("'webhook-signature: v1,…'");
            lines.push("  -d '{\"clientData\":\"<session>\"}'".to_owned());
        }
        Body::Json(text) | Body::Maybe(text) => {
            header("'Content-Type: application/json'");
            lines.push(format!("  -d '{text}'"));
        }
        Body::File(_) => {
            header("'Content-Type: application/pdf'");
            lines.push("  --data-binary @ban-sao.pdf".to_owned());
        }
        Body::Picture => {
            header("'Content-Type: image/png'");
            lines.push("  --data-binary @con-dau.png".to_owned());
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

    /// A form for every route: an input for each part of its address under its own name, and what it needs.
    #[test]
    fn every_route_can_be_called_from_the_page() {
        let look = web::Look { sandbox: true, lang: web::Lang::Vi };
        let page = web::docs(look, &guide(&asked("127.0.0.1:8080")));
        let forms: Vec<&str> = page.split("<form").skip(1).filter_map(|rest| rest.split("</form>").next()).collect();
        assert_eq!(forms.len(), api::routes().count());
        for (route, form) in api::routes().zip(forms) {
            let told = format!("data-method=\"{}\" data-path=\"{}\"", route.method, route.path);
            let mut parts = vec![told];
            let path = route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
            parts.extend(path.map(|name| format!("name=\"{name}\" data-in=\"path\"")));
            parts.extend(route.query.iter().map(|name| format!("name=\"{name}\" data-in=\"query\"")));
            let needs = |sign, name: &str| route.needs.contains(sign).then(|| format!("name=\"{name}\""));
            parts.extend(needs('K', "Idempotency-Key").into_iter().chain(needs('M', "If-Match")));
            let sent = if matches!(route.body, Body::None | Body::Picture | Body::Signed) {
                None
            } else {
                Some("<textarea name=\"body\"")
            };
            parts.extend(sent.map(str::to_owned));
            for part in &parts {
                assert!(form.contains(part), "{}: {part}: {form}", route.key());
            }
            let inputs = form.matches("data-in=").count();
            let file = usize::from(matches!(route.body, Body::File(_) | Body::Picture));
            assert_eq!(inputs, parts.len() - 1 + file, "{}: {form}", route.key());
            let optional = route.path == "/v1/verifications" || route.path.starts_with("/v1/verifications/");
            let (open, anyone) = (form.contains("data-open"), route.who == Who::Anyone);
            assert_eq!(open, anyone && !optional, "{}", route.key());
            assert_eq!(form.contains("data-caller=\"maybe\""), anyone && optional, "{}", route.key());
        }
    }

    /// A visitor verifies without a token and an officer with one, by the same line.
    #[test]
    fn a_verification_takes_a_token_when_there_is_one() {
        let guide = guide(&asked("127.0.0.1:8080"));
        let calls = guide.chapters.iter().flat_map(|chapter| &chapter.calls);
        let optional: Vec<&Call> = calls.filter(|call| call.optional).collect();
        let keys: Vec<String> = optional.iter().map(|call| format!("{} {}", call.method, call.path)).collect();
        let judged = ["POST /v1/verifications", "GET /v1/verifications/{id}", "GET /v1/verifications/{id}/report.pdf"];
        assert_eq!(keys, judged);
        for call in optional {
            assert!(call.sample.contains("${TOKEN:+-H\"Authorization: Bearer $TOKEN\"}"), "{}", call.sample);
            assert!(call.who.0.contains("cần mã truy cập khi") && call.who.1.starts_with("anybody;"), "{:?}", call.who);
        }
    }

    /// A link to a call leads to that call; what is called `{id}` is offered identifiers of the right kind.
    #[test]
    fn every_call_has_a_place_of_its_own_and_every_id_a_kind() {
        let guide = guide(&asked("127.0.0.1:8080"));
        let page = web::docs(web::Look { sandbox: true, lang: web::Lang::En }, &guide);
        let mut seen = std::collections::BTreeSet::new();
        for id in page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(seen.insert(id.to_owned()), "{id} stands twice");
        }
        assert!(seen.contains("post-v1-cases") && seen.contains("put-v1-copies-id-attestation"), "{seen:?}");
        for call in guide.chapters.iter().flat_map(|chapter| &chapter.calls) {
            assert!(seen.contains(&call.anchor()), "{}", call.path);
            let ids = call.variables.iter().filter(|variable| variable.name == "id");
            assert!(ids.into_iter().all(|variable| variable.kind.is_some()), "{}", call.path);
        }
    }

    #[test]
    fn nothing_on_the_page_is_inline() {
        let page = web::docs(web::Look { sandbox: true, lang: web::Lang::Vi }, &guide(&asked("127.0.0.1:8080")));
        let tags = page.split('<').filter_map(|tag| tag.split('>').next());
        for attribute in tags.flat_map(str::split_whitespace) {
            assert!(!attribute.starts_with("on") || !attribute.contains("=\""), "{attribute}");
        }
        assert!(!page.contains("javascript:") && page.matches("<script").count() == 1);
    }

    #[test]
    fn a_strange_host_is_not_repeated() {
        assert_eq!(guide(&asked("evil\" onload=\"x")).address, NOWHERE);
    }
}
