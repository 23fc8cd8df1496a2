//! The routes of template.yaml against the handlers, and the columns K and M of the API's tables.

use std::collections::{BTreeMap, BTreeSet};

use regex_lite::Regex;

use crate::sources::{bodies, functions, no, reached, sources};
use crate::template::{resources, words};

/// A route of the template.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    /// Method.
    pub(crate) method: String,
    /// Path with `{parameters}`.
    pub(crate) path: String,
    /// Folder of the function behind it.
    pub(crate) function: String,
}

/// Every route with what the API promises of it: K needs `Idempotency-Key`, M needs `If-Match`. A new route comes here
/// with its promise.
const PROMISES: &[(&str, &str)] = &[
    ("$default", ""),
    ("GET /", ""),
    ("GET /assets/{name}", ""),
    ("GET /d/{token}", ""),
    ("GET /docs", ""),
    ("GET /health", ""),
    ("GET /v1", ""),
    ("GET /v1/accounts/{id}/copies", ""),
    ("GET /v1/appointments/{id}", ""),
    ("GET /v1/calendar", ""),
    ("GET /v1/cases/{id}", ""),
    ("GET /v1/cases/{id}/deliveries", ""),
    ("GET /v1/cases/{id}/events", ""),
    ("GET /v1/copies/by-number", ""),
    ("GET /v1/copies/{id}", ""),
    ("GET /v1/copies/{id}/file", ""),
    ("GET /v1/copies/{id}/preview.pdf", ""),
    ("GET /v1/document-types", ""),
    ("GET /v1/errors", ""),
    ("GET /v1/errors/{code}", ""),
    ("GET /v1/explanations/{code}", ""),
    ("GET /v1/fees", ""),
    ("GET /v1/me", ""),
    ("GET /v1/queues/{queue}", ""),
    ("GET /v1/sign-sessions/{id}", ""),
    ("GET /v1/trust-lists/current", ""),
    ("GET /v1/units", ""),
    ("GET /v1/units/{id}", ""),
    ("GET /v1/units/{id}/slots", ""),
    ("GET /v1/uploads/{id}", ""),
    ("GET /v1/verifications/{id}", ""),
    ("GET /v1/verifications/{id}/report.pdf", ""),
    ("GET /verify", ""),
    ("PATCH /v1/appointments/{id}", "KM"),
    ("POST /v1/accounts/lookup", ""),
    ("POST /v1/appointments", "K"),
    ("POST /v1/appointments/{id}/cancel", "KM"),
    ("POST /v1/cases", "K"),
    ("POST /v1/cases/{id}/cancel", "KM"),
    ("POST /v1/cases/{id}/copies", "KM"),
    ("POST /v1/cases/{id}/fee", "KM"),
    ("POST /v1/cases/{id}/recall", "KM"),
    ("POST /v1/cases/{id}/refuse", "KM"),
    ("POST /v1/cases/{id}/return", "KM"),
    ("POST /v1/cases/{id}/submit", "KM"),
    ("POST /v1/copies/{id}/annul", "KM"),
    ("POST /v1/copies/{id}/void", "KM"),
    // K in api.md: asking again within a minute sends nothing and says the same, so a form needs no key
    ("POST /v1/downloads/{token}/code", ""),
    ("POST /v1/downloads/{token}/open", ""),
    ("POST /v1/sign-sessions", "K"),
    ("POST /v1/sign-sessions/{id}/cancel", "K"),
    ("POST /v1/uploads", "K"),
    ("POST /v1/uploads/{id}/complete", ""),
    ("POST /v1/verifications", ""),
    ("PUT /v1/cases/{id}/checklist", "M"),
    ("PUT /v1/copies/{id}/attestation", "M"),
];

/// The route of everything that has no route.
const REST: &str = "$default";

impl Route {
    /// As the template spells it.
    pub(crate) fn key(&self) -> String {
        format!("{} {}", self.method, self.path).trim_end().to_owned()
    }
}

/// The routes of the template.
pub(crate) fn routes() -> Vec<Route> {
    let functions: BTreeMap<String, String> =
        crate::template::deployed().into_iter().map(|(folder, (logical, _))| (logical, folder)).collect();
    let integrations = resources("AWS::ApiGatewayV2::Integration");
    let mut found = Vec::new();
    for (name, route) in resources("AWS::ApiGatewayV2::Route") {
        let key = words(&route["Properties"]["RouteKey"]);
        let target = words(&route["Properties"]["Target"]);
        let integration = target.trim_start_matches("integrations/${").trim_end_matches('}').to_owned();
        let integration = integrations.get(&integration).unwrap_or_else(|| panic!("{name}: no {integration}"));
        let uri = words(&integration["Properties"]["IntegrationUri"]);
        let logical = uri.trim_end_matches(".Arn");
        let function = functions.get(logical).unwrap_or_else(|| panic!("{name}: {logical} is no function")).clone();
        // `$default` takes what no other route takes.
        let (method, path) = key.split_once(' ').unwrap_or((REST, ""));
        found.push(Route { method: method.to_owned(), path: path.to_owned(), function });
    }
    found
}

/// One part of a path in a `match` arm.
#[derive(Debug)]
enum Part {
    /// Exactly this.
    Is(String),
    /// One of these.
    OneOf(Vec<String>),
    /// Anything.
    Any,
}

/// A `match` arm of a function: method, path, and the first function it calls.
#[derive(Debug)]
struct Arm {
    method: String,
    parts: Vec<Part>,
    handler: String,
}

fn arms(source: &str) -> Vec<Arm> {
    let arm = Regex::new(r#"(?m)^\s*\("([A-Z]+)", \[([^\]]*)\]\) =>"#).expect("a pattern");
    let call = Regex::new(r"\b([a-z_0-9]+)\(").expect("a pattern");
    let mut found = Vec::new();
    for matched in arm.captures_iter(source) {
        let rest = &source[matched.get(0).map_or(0, |all| all.end())..];
        let handler = call.captures(rest).map(|call| call[1].to_owned()).unwrap_or_default();
        found.push(Arm { method: matched[1].to_owned(), parts: parts(&matched[2]), handler });
    }
    found
}

fn parts(pattern: &str) -> Vec<Part> {
    let quoted = Regex::new(r#""([^"]+)""#).expect("a pattern");
    let pieces = pattern.split(',').map(str::trim).filter(|piece| !piece.is_empty());
    pieces
        .map(|piece| {
            let mut texts: Vec<String> = quoted.captures_iter(piece).map(|found| found[1].to_owned()).collect();
            match (piece.starts_with('"'), texts.len()) {
                (true, 1) => Part::Is(texts.remove(0)),
                (false, 0) => Part::Any,
                _ => Part::OneOf(texts),
            }
        })
        .collect()
}

/// Whether an arm takes a path; a `{parameter}` is taken only by a part that takes anything.
fn takes(arm: &Arm, method: &str, path: &str) -> bool {
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let one = |(part, segment): (&Part, &&str)| match part {
        Part::Any => true,
        Part::Is(text) => text == segment,
        Part::OneOf(texts) => texts.iter().any(|text| text == segment),
    };
    arm.method == method && arm.parts.len() == segments.len() && arm.parts.iter().zip(&segments).all(one)
}

#[test]
fn every_route_has_a_handler_and_the_other_way_round() {
    let routes = routes();
    let mut findings = Vec::new();
    for function in functions() {
        let arms = arms(&sources(&format!("functions/{function}")));
        let own: Vec<&Route> = routes.iter().filter(|r| r.function == function && r.method != REST).collect();
        let unanswered = own.iter().filter(|route| !arms.iter().any(|arm| takes(arm, &route.method, &route.path)));
        findings.extend(unanswered.map(|route| format!("{function}: nothing answers {} {}", route.method, route.path)));
        let unreachable = arms.iter().filter(|arm| !own.iter().any(|route| takes(arm, &route.method, &route.path)));
        findings.extend(unreachable.map(|arm| format!("{function}: no route leads to {arm:?}")));
        let choices = arms.iter().flat_map(|arm| &arm.parts).filter_map(|part| match part {
            Part::OneOf(texts) => Some(texts),
            _ => None,
        });
        for text in choices.flatten() {
            if !own.iter().any(|route| route.path.ends_with(&format!("/{text}"))) {
                findings.push(format!("{function}: no route ends with /{text}"));
            }
        }
    }
    no(findings);
}

#[test]
fn no_route_twice() {
    let mut seen = BTreeSet::new();
    let twice: Vec<String> =
        routes().into_iter().map(|route| route.key()).filter(|key| !seen.insert(key.clone())).collect();
    no(twice);
}

#[test]
fn every_route_makes_its_promise() {
    let routed: BTreeSet<String> = routes().iter().map(Route::key).collect();
    let promised: BTreeSet<String> = PROMISES.iter().map(|(key, _)| (*key).to_owned()).collect();
    let mut findings: Vec<String> =
        routed.difference(&promised).map(|key| format!("{key} has no row in PROMISES")).collect();
    findings.extend(promised.difference(&routed).map(|key| format!("{key} has a row in PROMISES and no route")));
    let mut known: BTreeMap<String, (Vec<Arm>, BTreeMap<String, String>)> = BTreeMap::new();
    for route in routes() {
        let key = route.key();
        let Some((_, promise)) = PROMISES.iter().find(|(known, _)| *known == key) else { continue };
        let (arms, bodies) = known.entry(route.function.clone()).or_insert_with(|| {
            let source = sources(&format!("functions/{}", route.function));
            (arms(&source), bodies(&source))
        });
        let Some(arm) = arms.iter().find(|arm| takes(arm, &route.method, &route.path)) else { continue };
        let work = reached(bodies, &arm.handler);
        for (letter, call) in [('K', "idempotent("), ('M', ".match_version(")] {
            if promise.contains(letter) != work.contains(call) {
                let does = if work.contains(call) { "calls" } else { "does not call" };
                findings.push(format!("{key}: `{}` {does} {call}, promised is `{promise}`", arm.handler));
            }
        }
    }
    no(findings);
}

/// A function is invoked only by the API that it stands behind.
#[test]
fn every_function_with_routes_may_be_invoked_by_the_api() {
    let permissions = resources("AWS::Lambda::Permission");
    let allowed: BTreeSet<String> = permissions.values().map(|p| words(&p["Properties"]["FunctionName"])).collect();
    let mut needed = BTreeSet::new();
    for (folder, (logical, _)) in crate::template::deployed() {
        if routes().iter().any(|route| route.function == folder) {
            needed.insert(logical);
        }
    }
    assert_eq!(allowed, needed);
    for (name, permission) in permissions {
        assert_eq!(words(&permission["Properties"]["Principal"]), "apigateway.amazonaws.com", "{name}");
        assert!(words(&permission["Properties"]["SourceArn"]).contains("${Api}"), "{name}: any API may invoke");
    }
}
