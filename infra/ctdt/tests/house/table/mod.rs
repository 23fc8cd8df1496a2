//! The whole table of routes over HTTP (api.md §2 and §5): every route gets what it promises, and everything else gets the
//! promised problem in both languages, after which nothing has changed. A route without a case here fails.

mod batches;
mod codes;
mod limits;
mod queries;
mod scenes;
mod states;
mod voiding;

use std::collections::BTreeSet;

use api::{Body, Route, Who};
use reqwest::Method;
use serde_json::Value;

use self::states::{Ready, World};
use crate::client::{Answer, Call, Client, fresh_key};
use crate::job::ended;

/// A body that is larger than any JSON of the API (256 KiB).
const TOO_LARGE: usize = 300 * 1024;

/// All of it, on one house; the table's own sample bodies are what is sent.
#[tokio::test]
async fn every_route_keeps_its_promise() {
    let world = World::new().await;
    for route in api::routes() {
        let ready = world.ready(route).await;
        let before = world.seen(&ready).await;
        let refused = Refused { client: &world.client, route, ready: &ready };
        refused.methods().await;
        refused.places().await;
        refused.people().await;
        refused.bodies().await;
        refused.keys().await;
        refused.versions().await;
        assert_eq!(world.seen(&ready).await, before, "{}: a refused call changed something", route.key());
        works(&world, route, &ready).await;
        world.settle(route, &ready).await;
    }
}

/// The table is the template's: nothing is routed that is not promised, and nothing promised that is not routed.
#[test]
fn the_table_is_the_template() {
    let lines = local::functions::TEMPLATE.lines().filter_map(|line| line.trim().strip_prefix("RouteKey: "));
    let routed: BTreeSet<String> = lines.filter(|key| key.contains(' ')).map(str::to_owned).collect();
    let promised: BTreeSet<String> = api::routes().map(Route::key).collect();
    assert!(routed.len() > 50, "{routed:?}");
    assert_eq!(routed, promised);
}

/// The calls on one route that must be refused.
struct Refused<'a> {
    client: &'a Client,
    route: &'a Route,
    ready: &'a Ready,
}

impl Refused<'_> {
    /// Sends a call in both languages, as who may; both answers are the promised problem. Gives the Vietnamese one.
    async fn with(&self, call: Call, status: u16, code: &str) -> Value {
        let token = &self.client.persona(self.ready.by).clone();
        self.as_it_is(call.by(token), status, code).await
    }

    /// As [`Refused::with`], with whatever token the call has.
    async fn as_it_is(&self, call: Call, status: u16, code: &str) -> Value {
        let english = fresh(&call).header("accept-language", "en-GB,en;q=0.8,vi;q=0.1");
        self.client.send(english).await.told_in("en", status, code);
        self.client.send(call).await.problem(status, code)
    }

    /// Another method gets 405 and the methods there are; OPTIONS tells the same.
    async fn methods(&self) {
        let all = methods(self.route.path);
        let path = &self.ready.call.path;
        let wanted: BTreeSet<&str> = all.iter().copied().chain(["OPTIONS"]).collect();
        for other in ["DELETE", "PATCH", "PUT", "POST", "GET"].into_iter().filter(|method| !all.contains(method)) {
            let call = Call::new(Method::from_bytes(other.as_bytes()).expect("a method"), path);
            let answer = self.client.send(call.clone()).await;
            let allow = answer.header("allow");
            let named: BTreeSet<&str> = allow.split(", ").collect();
            assert_eq!(named, wanted, "{other} {path}");
            self.as_it_is(call, 405, "method-not-allowed").await;
        }
        let told = self.client.send(Call::new(Method::OPTIONS, path)).await.is(204);
        assert_eq!(told.header("allow").split(", ").collect::<BTreeSet<_>>(), wanted, "OPTIONS {path}");
    }

    /// Identifiers of another kind, of no kind, and of nothing.
    async fn places(&self) {
        let Some(begin) = self.route.path.find('{') else { return };
        let end = self.route.path.find('}').expect("closed");
        let at = |place: &str| {
            let mut call = fresh(&self.ready.call);
            call.path = format!("{}{place}{}", &self.route.path[..begin], &self.route.path[end + 1..]);
            call
        };
        let variable = &self.route.path[begin + 1..end];
        if self.route.path == "/d/{token}" {
            // A page for people: its problem is a page, too.
            self.client.send(at(&"0".repeat(32))).await.is(404);
            return;
        }
        if self.route.path == "/Q/{payload}" {
            // Always a page, and what is no code says so.
            self.client.send(at("khong-co")).await.is(422);
            return;
        }
        if variable != "id" {
            let unknown = if variable == "token" { "0".repeat(32) } else { "khong-co".to_owned() };
            let problem = self.with(at(&unknown), 404, "not-found").await;
            let shown = problem["instance"].as_str().expect("a path");
            assert!(variable != "token" || !shown.contains(&unknown), "the secret of a link stands in {problem}");
            return;
        }
        let id = self.ready.call.path[begin..].split('/').next().expect("an identifier");
        let (prefix, _) = id.split_once('_').expect("a prefix");
        let other = if prefix == "book" { "case" } else { "book" };
        for wrong in
            [format!("{other}_{}", "0".repeat(26)), format!("{prefix}_123"), format!("{prefix}_{}", "z".repeat(26))]
        {
            let problem = self.with(at(&wrong), 422, "wrong-id-type").await;
            let detail = problem["detail"].as_str().expect("a sentence");
            assert!(detail.contains(&format!("{prefix}_")) && detail.contains("26"), "{problem}");
        }
        self.with(at("079085001234"), 422, "wrong-id-type").await["instance"]
            .as_str()
            .filter(|shown| !shown.contains("079085001234"))
            .expect("no number of a person in a problem");
        let unknown = format!("{prefix}_{}", "0".repeat(26));
        self.with(at(&unknown), 404, "not-found").await;
    }

    /// Nobody, a token that is none, a person without the right, another unit's person.
    async fn people(&self) {
        if self.route.who == Who::Anyone {
            return;
        }
        let call = || fresh(&self.ready.call);
        self.as_it_is(call(), 401, "unauthenticated").await;
        self.as_it_is(call().header("authorization", "Bearer abc.def.ghi"), 401, "unauthenticated").await;
        let (other, status, code) = match self.route.who {
            Who::Anyone | Who::Signed => return,
            Who::Owner([]) => ("unit_admin", 404, "not-found"),
            _ if self.route.path.starts_with("/v1/accounts/{id}") => ("unit_admin", 404, "not-found"),
            // The usual stranger is no stranger here.
            Who::Rights(list) if list.iter().any(|right| api::right_name(*right) == "admin_unit") => {
                ("portal", 403, "forbidden")
            }
            Who::Rights(_) | Who::Owner(_) => ("unit_admin", 403, "forbidden"),
        };
        let problem = self.as_it_is(call().by(self.client.persona(other)), status, code).await;
        assert!(status != 403 || problem["needed"]["right"].is_string(), "{problem}");
        if self.route.path.contains("{id}") {
            self.as_it_is(call().by(self.client.persona("clerk_b")), 404, "not-found").await;
        }
    }

    /// What is no JSON, no object, not known, not announced, too large, or said twice.
    async fn bodies(&self) {
        if self.route.body == Body::None || self.route.method == "GET" {
            return;
        }
        if self.route.body == Body::Signed {
            for body in ["", "{ }", "{\"a\":", "x"] {
                let call = fresh(&self.ready.call).bytes(body.as_bytes().to_vec());
                self.with(call, 401, "callback-signature").await;
            }
            self.with(fresh(&self.ready.call).without("webhook-id"), 401, "callback-signature").await;
            self.with(fresh(&self.ready.call).bytes(vec![b' '; TOO_LARGE]), 413, "body-too-large").await;
            return;
        }
        if self.route.body == Body::Picture {
            let with =
                |kind: &str, body: &[u8]| fresh(&self.ready.call).header("content-type", kind).bytes(body.to_vec());
            self.with(with("application/json", b"{}"), 415, "unsupported-media-type").await;
            self.with(with("image/png", &[0x89; TOO_LARGE]), 413, "body-too-large").await;
            for wrong in [&b""[..], b"\x89PNG\r\n\x1a\n", b"GIF89a"] {
                let problem = self.with(with("image/png", wrong), 422, "validation-failed").await;
                assert_eq!(problem["errors"][0]["code"], "picture-unusable", "{problem}");
            }
            return;
        }
        let with = |body: &str| {
            let call = fresh(&self.ready.call).header("content-type", "application/json");
            call.bytes(body.as_bytes().to_vec())
        };
        for (body, status, code) in [
            ("{\"a\":", 400, "malformed-request"),
            ("[1]", 400, "malformed-request"),
            ("\"a\"", 400, "malformed-request"),
            ("{\"khong_co\":1,\"khong_co\":2}", 400, "malformed-request"),
            ("{\"khong_co\":1}", 422, "unknown-field"),
        ] {
            let problem = self.with(with(body), status, code).await;
            if code == "unknown-field" {
                assert_eq!(problem["errors"][0]["pointer"], "/khong_co", "{problem}");
            }
        }
        self.with(with("{}").header("content-type", "text/plain"), 415, "unsupported-media-type").await;
        self.with(with(&format!("{{\"note\":\"{}\"}}", "x".repeat(TOO_LARGE))), 413, "body-too-large").await;
    }

    /// K: no key, an empty one, one that is too long.
    async fn keys(&self) {
        if !self.route.needs.contains('K') {
            return;
        }
        let bare = self.ready.call.clone().without("idempotency-key");
        self.with(bare, 400, "idempotency-key-missing").await;
        for wrong in [String::new(), "\"\"".to_owned(), "k".repeat(256)] {
            let call = self.ready.call.clone().header("idempotency-key", &wrong);
            let token = self.client.persona(self.ready.by).clone();
            let problem = self.client.send(call.by(&token)).await.problem(400, "malformed-request");
            assert_eq!(problem["errors"][0]["header"], "Idempotency-Key", "{problem}");
        }
    }

    /// M: no version, what is no version, another version.
    async fn versions(&self) {
        if !self.route.needs.contains('M') {
            return;
        }
        let call = || fresh(&self.ready.call);
        self.with(call().without("if-match"), 428, "if-match-missing").await;
        for wrong in ["*", "W/\"1\"", "\"1\", \"2\"", "abc", "\"-1\""] {
            let problem = self.with(call().on(wrong), 400, "malformed-request").await;
            assert_eq!(problem["errors"][0]["header"], "If-Match", "{problem}");
        }
        let stale = self.with(call().on("\"999\""), 412, "stale").await;
        let version = self.ready.call.headers.iter().find(|(name, _)| name == "if-match").expect("a version");
        assert_eq!(stale["current_etag"], version.1, "{stale}");
        assert!(stale["changed_by"].as_str().is_some_and(|by| by.starts_with("usr_")), "{stale}");
        assert!(stale["changed_at"].as_str().is_some_and(|at| at.ends_with("+07:00")), "{stale}");
    }
}

/// The methods of a path in the table.
fn methods(path: &str) -> Vec<&'static str> {
    api::routes().filter(|route| route.path == path).map(|route| route.method).collect()
}

/// The same call under a key of its own, when it has one.
fn fresh(call: &Call) -> Call {
    let keyed = call.headers.iter().any(|(name, _)| name == "idempotency-key");
    if keyed { call.clone().header("idempotency-key", &fresh_key()) } else { call.clone() }
}

/// It works; with a key it works once: the same again gives the same answer and does nothing, another body is refused.
async fn works(world: &World, route: &Route, ready: &Ready) {
    let token = world.client.persona(ready.by).clone();
    let call = ready.call.clone().by(&token);
    let first = world.client.send(call.clone()).await.is(ready.status);
    assert!(first.header("idempotency-replayed").is_empty(), "{}", first.what);
    assert_eq!(first.header("x-content-type-options"), "nosniff", "{}", first.what);
    assert!(!first.header("request-id").is_empty(), "{}", first.what);
    assert_eq!(first.header("vary"), "Accept, Accept-Language", "{}", first.what);
    if route.status == 201 {
        let made = first.header("location");
        world.client.send(Call::get(made).by(&token)).await.is(200);
    }
    if route.needs.contains('K') {
        once(world, ready, &call, &first).await;
    }
    if route.needs.contains('M') && ready.status < 400 {
        let again = fresh(&call);
        world.client.send(again).await.problem(412, "stale");
    }
}

async fn once(world: &World, ready: &Ready, call: &Call, first: &Answer) {
    if let Some(session) = &ready.ends {
        ended(&world.client, ready.by, session).await;
    }
    let after = world.seen(ready).await;
    let key = call.headers.iter().find(|(name, _)| name == "idempotency-key").expect("a key").1.clone();
    // The draft's structured string is the same key.
    for spelt in [key.clone(), format!("\"{key}\"")] {
        let again = world.client.send(call.clone().header("idempotency-key", &spelt)).await;
        assert_eq!((again.status, &again.body), (first.status, &first.body), "{}", first.what);
        assert_eq!(again.header("idempotency-replayed"), "true", "{}", first.what);
        for name in ["etag", "location", "content-type", "content-language", "retry-after"] {
            assert_eq!(again.header(name), first.header(name), "{name} of {}", first.what);
        }
    }
    for body in ["{\"khac\":1}", ""] {
        let other = call.clone().bytes(body.as_bytes().to_vec());
        if other.body != call.body {
            world.client.send(other).await.problem(422, "idempotency-key-reused");
        }
    }
    assert_eq!(world.seen(ready).await, after, "{}: the same key did it twice", first.what);
}
