//! The routes of template.yaml against the handlers, and the columns K and M of the API's tables.

use std::collections::{BTreeMap, BTreeSet};

use regex_lite::Regex;

use crate::sources::{bodies, functions, no, reached, sources, text};
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

/// Where the API promises what each route needs: K `Idempotency-Key`, M `If-Match`. A new route comes there with its promise.
const PROMISES: &str = "shared/api/src/routes.rs";

/// Key and promise of every row; the first three arguments of `route(…)` are literals.
fn promises() -> BTreeMap<String, String> {
    let row = Regex::new(r#"\broute\(\s*"([A-Z]+)",\s*"([^"]+)",\s*"([KM]*)""#).expect("a pattern");
    let source = text(PROMISES);
    row.captures_iter(&source).map(|found| (format!("{} {}", &found[1], &found[2]), found[3].to_owned())).collect()
}

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
    let routed: BTreeSet<String> = routes().iter().filter(|route| route.method != REST).map(Route::key).collect();
    let promises = promises();
    let promised: BTreeSet<String> = promises.keys().cloned().collect();
    let mut findings: Vec<String> =
        routed.difference(&promised).map(|key| format!("{key} has no row in {PROMISES}")).collect();
    findings.extend(promised.difference(&routed).map(|key| format!("{key} has a row in {PROMISES} and no route")));
    let mut known: BTreeMap<String, (Vec<Arm>, BTreeMap<String, String>)> = BTreeMap::new();
    for route in routes() {
        let key = route.key();
        let Some(promise) = promises.get(&key) else { continue };
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
