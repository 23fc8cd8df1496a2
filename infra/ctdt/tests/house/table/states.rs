//! For every route of the table: the state in which it works, a call that works there, and what a refused call could have
//! changed.

use api::{Body, Route};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::client::{Call, Client, fresh_key};
use crate::desk;
use crate::job::*;
use crate::stack::Stack;

/// Pictures as an office has them.
const SEAL: &[u8] = include_bytes!("../../../../../tests/looks/con-dau.png");
const SIGNATURE: &[u8] = include_bytes!("../../../../../tests/looks/chu-ky.png");

/// One running house.
pub(super) struct World {
    _stack: Stack,
    pub(super) client: Client,
    unit: String,
    sealed: OnceCell<Sealed>,
    letter: OnceCell<String>,
}

/// A copy that went the whole way.
struct Sealed {
    case: String,
    copy: String,
}

/// A call that works.
pub(super) struct Ready {
    pub(super) call: Call,
    /// Who may.
    pub(super) by: &'static str,
    /// The status that it gets: the table's, unless the state can only be reached in the middle of a failure.
    pub(super) status: u16,
    /// What a refused or repeated call could have changed, and who sees it.
    pub(super) watched: Vec<(String, &'static str)>,
    /// The session that goes on by itself after the call, until it has ended.
    pub(super) ends: Option<String>,
}

impl Ready {
    fn watching(mut self, paths: &[String], by: &'static str) -> Self {
        self.watched.extend(paths.iter().map(|path| (path.clone(), by)));
        self
    }

    fn on(mut self, etag: &str) -> Self {
        self.call = self.call.on(etag);
        self
    }

    fn gets(self, status: u16) -> Self {
        Self { status, ..self }
    }
}

/// The sample body of a route with its placeholders filled in.
fn sample(route: &Route, values: &[(&str, &str)]) -> Option<Vec<u8>> {
    let (Body::Json(text) | Body::Maybe(text) | Body::File(text)) = route.body else { return None };
    let filled = values.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("<{name}>"), value));
    assert!(!filled.contains('<'), "{}: nothing for a placeholder of {filled}", route.key());
    Some(filled.into_bytes())
}

impl World {
    pub(super) async fn new() -> Self {
        let stack = Stack::in_memory();
        let client = stack.client().await;
        let unit = client.send(Call::get("/v1/units?q=x%C3%A3%20m%E1%BA%ABu")).await.is(200).text("/data/0/id");
        Self { _stack: stack, client, unit, sealed: OnceCell::new(), letter: OnceCell::new() }
    }

    /// A call of `route` with `id` in its path and the table's own sample as its body.
    fn call(&self, route: &Route, id: &str, by: &'static str, values: &[(&str, &str)]) -> Ready {
        let start = route.path.find('{').unwrap_or(route.path.len());
        let end = route.path.find('}').map_or(route.path.len(), |end| end + 1);
        let path = format!("{}{id}{}", &route.path[..start], &route.path[end..]);
        let mut call = Call::new(Method::from_bytes(route.method.as_bytes()).expect("a method"), path);
        if let Some(body) = sample(route, values) {
            call = call.header("content-type", "application/json").bytes(body);
        }
        if route.body == Body::Picture {
            let picture = if route.path.ends_with("seal-picture") { SEAL } else { SIGNATURE };
            call = call.header("content-type", "image/png").bytes(picture.to_vec());
        }
        if route.needs.contains('K') {
            call = call.header("idempotency-key", &fresh_key());
        } else {
            call = call.without("idempotency-key");
        }
        Ready { call, by, status: route.status, watched: Vec::new(), ends: None }
    }

    /// Makes the state in which `route` works. A route that is not here fails the test: it has no case.
    pub(super) async fn ready(&self, route: &Route) -> Ready {
        let plain = |id: &str, by: &'static str| self.call(route, id, by, &[]);
        match (route.method, route.path) {
            ("GET", "/v1/units/{id}" | "/v1/units/{id}/slots") => plain(&self.unit, "portal"),
            ("GET", "/v1/explanations/{code}") => plain("no-signature", "officer"),
            ("GET", "/v1/errors/{code}") => plain("stale", "officer"),
            ("GET", "/assets/{name}") => plain("main-job.sh", "officer"),
            ("GET", "/Q/{payload}") => {
                let payload = crate::qr::VECTOR.trim_end().rsplit('/').next().unwrap_or_default();
                plain(payload, "officer")
            }
            ("POST", "/v1/qr/decode") => self.call(route, "", "officer", &[("qr", crate::qr::VECTOR.trim_end())]),
            ("GET", "/v1/queues/{queue}") => plain("sign", "leader"),
            ("GET", "/v1/copies/by-number") => {
                let mut ready = plain("", "officer");
                ready.call.path.push_str("?unit_code=000.00.01.H99&year=2026&number=1");
                ready
            }
            (_, "/v1/me/signature-picture") => self.picture(route, "/v1/me", "", "leader").await,
            (_, "/v1/units/{id}/settings") => plain(&self.unit, "unit_admin"),
            (_, "/v1/units/{id}/seal-picture") => self.picture(route, &self.settings(), &self.unit, "unit_admin").await,
            ("PUT", "/v1/units/{id}/series") => {
                let (settings, none) = (self.settings(), json!({"later": []}));
                let seen = self.client.by("unit_admin", Call::get(&settings)).await.is(200).etag();
                let set = Call::put(format!("/v1/units/{}/series", self.unit), &none).on(&seen);
                let etag = self.client.by("unit_admin", set).await.is(200).etag();
                let year: i32 = today(&self.client).await[..4].parse().expect("a year");
                let ready = self.call(route, &self.unit, "unit_admin", &[("new_year", &format!("{}-01-01", year + 1))]);
                ready.on(&etag).watching(&[settings], "unit_admin")
            }
            ("GET", path) if !path.contains('{') => plain("", "officer"),
            (_, path) if path.starts_with("/v1/appointments") => self.visit(route).await,
            (_, path) if path.starts_with("/v1/uploads") => self.upload(route).await,
            ("POST", "/v1/gateway-callbacks/{backend}") => {
                let mut ready = plain("simpki", "officer");
                ready.call = crate::hints::signed(ready.call, &self.client, "msg_table", b"{}").await;
                ready
            }
            (_, path) if path.starts_with("/v1/sign-sessions") => self.session(route).await,
            (_, path) if path.starts_with("/v1/downloads") || path == "/d/{token}" => {
                let token = self.letter().await;
                match route.path {
                    // The code is in a letter; a wrong one is refused, and the right one is followed in `contract`.
                    "/v1/downloads/{token}/open" => {
                        self.call(route, &token, "citizen", &[("code", "000000")]).gets(422)
                    }
                    // Only a link that is over is renewed: `contract` waits for that.
                    "/v1/downloads/{token}/reissue" => plain(&token, "citizen").gets(409),
                    _ => plain(&token, "citizen"),
                }
            }
            ("POST", "/v1/verifications") => {
                let copy = &self.sealed().await.copy;
                self.call(route, "", "officer", &[("copy", copy)])
            }
            ("GET", "/v1/verifications/{id}" | "/v1/verifications/{id}/report.pdf") => {
                let ask = json!({"copy_id": self.sealed().await.copy, "retain": "report"});
                let kept = self.client.by("officer", Call::post("/v1/verifications", &ask)).await.is(200);
                plain(&kept.text("/id"), "officer")
            }
            ("POST", "/v1/verification-batches") => {
                let copy = &self.sealed().await.copy;
                self.call(route, "", "officer", &[("copy", copy)])
            }
            ("GET", path) if path.starts_with("/v1/verification-batches/{id}") => {
                let list = json!({"items": [{"copy_id": self.sealed().await.copy}]});
                plain(&crate::batches::judged(&self.client, "officer", &list).await.text("/id"), "officer")
            }
            ("GET", "/v1/accounts/{id}/copies") => plain(&self.client.persona("citizen").account.clone(), "citizen"),
            ("POST", "/v1/accounts/lookup") => {
                let account = self.client.persona("citizen").account.clone();
                self.call(route, "", "clerk", &[("account", &account)])
            }
            ("POST", "/v1/cases") => self.call(route, "", "clerk", &[]),
            (_, path) if path.starts_with("/v1/cases/{id}") => self.case(route).await,
            (_, path) if path.starts_with("/v1/copies/{id}") => self.copy(route).await,
            _ => panic!("{} stands in the table and has no case here", route.key()),
        }
    }

    fn settings(&self) -> String {
        format!("/v1/units/{}/settings", self.unit)
    }

    /// Where a picture was brought before; `of` has its version.
    async fn picture(&self, route: &Route, of: &str, id: &str, by: &'static str) -> Ready {
        let etag = self.client.by(by, Call::get(of)).await.is(200).etag();
        let put = api::routes().find(|one| one.path == route.path && one.method == "PUT").expect("a row");
        let etag = self.client.by(by, self.call(put, id, by, &[]).call.on(&etag)).await.is(200).etag();
        let ready = self.call(route, id, by, &[]);
        let ready = if route.method == "GET" { ready } else { ready.on(&etag) };
        ready.watching(&[self.settings()], "unit_admin")
    }

    async fn book(&self) -> crate::client::Answer {
        let route = api::routes().find(|route| route.key() == "POST /v1/appointments").expect("a row");
        self.client.by("portal", self.visit_call(route).await.call).await.is(201)
    }

    async fn visit_call(&self, route: &Route) -> Ready {
        let slots = format!("/v1/units/{}/slots", self.unit);
        let free = self.client.send(Call::get(&slots)).await.is(200).json();
        let open = |slot: &&Value| slot["free"].as_u64() > Some(0);
        let start =
            free["data"].as_array().and_then(|all| all.iter().find(open)).expect("a free slot")["start"].clone();
        let account = self.client.persona("citizen").account.clone();
        let start = start.as_str().expect("a time");
        let values = [("unit", self.unit.as_str()), ("start", start), ("account", &account)];
        self.call(route, "", "portal", &values).watching(&[slots], "portal")
    }

    async fn visit(&self, route: &Route) -> Ready {
        if route.path == "/v1/appointments" {
            return self.visit_call(route).await;
        }
        let visit = self.book().await;
        let id = visit.text("/id");
        let watched = [format!("/v1/appointments/{id}"), format!("/v1/units/{}/slots", self.unit)];
        self.call(route, &id, "portal", &[]).on(&visit.etag()).watching(&watched, "portal")
    }

    async fn upload(&self, route: &Route) -> Ready {
        let bytes = scan(7);
        let declared = declared("image/png", &bytes);
        let (size, sha256) = (declared["size"].to_string(), declared["sha256"].as_str().expect("a digest").to_owned());
        if route.path == "/v1/uploads" {
            return self.call(route, "", "clerk", &[("size", &size), ("sha256", &sha256)]);
        }
        let open = self.client.by("clerk", Call::post("/v1/uploads", &declared)).await.is(201);
        put(&self.client, &open, bytes).await.is(200);
        let id = open.text("/id");
        self.call(route, &id, "clerk", &[]).watching(&[format!("/v1/uploads/{id}")], "clerk")
    }

    async fn session(&self, route: &Route) -> Ready {
        if route.path.ends_with("/answers") {
            return self.answers(route).await;
        }
        let (case, copies) = submitted(&self.client, "mau@example.com", 1).await;
        let watched = [format!("/v1/cases/{case}"), format!("/v1/copies/{}", copies[0])];
        if route.path == "/v1/sign-sessions" {
            let preview = format!("/v1/copies/{}/preview.pdf", copies[0]);
            self.client.by("leader", Call::get(preview)).await.is(200);
            return self.call(route, "", "leader", &[("copy", &copies[0])]).watching(&watched, "clerk");
        }
        let id = ask_leader(&self.client, &copies).await.text("/id");
        self.call(route, &id, "leader", &[]).watching(&watched, "clerk")
    }

    /// A session at the desk, and what the token signed for it.
    async fn answers(&self, route: &Route) -> Ready {
        let (case, copies) = desk::submitted(&self.client, 1).await;
        let watched = [format!("/v1/cases/{case}"), format!("/v1/copies/{}", copies[0])];
        let session = desk::opened(&self.client, &copies).await.json();
        let answers = desk::answers(&self.client, &session).await;
        let text = |member: &str| answers["items"][0][member].as_str().expect("a text").to_owned();
        let (signature, certificate) = (text("signature"), text("certificate"));
        let values: [(&str, &str); 3] =
            [("copy", &copies[0]), ("signature", &signature), ("certificate", &certificate)];
        let id = session["id"].as_str().expect("an identifier");
        let ready = self.call(route, id, "leader_usb", &values).watching(&watched, "clerk");
        Ready { ends: Some(id.to_owned()), ..ready }
    }

    /// What a call on a dossier could change.
    fn of_case(case: &str, copies: &[String]) -> Vec<String> {
        let mut all = vec![format!("/v1/cases/{case}"), format!("/v1/cases/{case}/events")];
        all.extend(copies.iter().map(|copy| format!("/v1/copies/{copy}")));
        all
    }

    async fn case(&self, route: &Route) -> Ready {
        let with_the_leader = route.path.ends_with("/recall") || route.path.ends_with("/return");
        if with_the_leader || route.method == "GET" {
            let (case, copies) = submitted(&self.client, "mau@example.com", 1).await;
            let by = if route.path.ends_with("/return") { "leader" } else { "clerk" };
            let etag = version(&self.client, &case).await;
            return self.call(route, &case, by, &[]).on(&etag).watching(&Self::of_case(&case, &copies), "clerk");
        }
        let (case, copy) = self.worded().await;
        let mut values: Vec<(&str, String)> = Vec::new();
        match route.path {
            "/v1/cases/{id}/copies" => {
                values.push(("upload", upload(&self.client, "clerk", "image/png", scan(9)).await));
            }
            "/v1/cases/{id}/fee" => {
                values.push(("now", self.client.send(Call::get("/v1/sandbox/clock")).await.is(200).text("/now")));
            }
            "/v1/cases/{id}/submit" => {
                let pay = Call::post(format!("/v1/cases/{case}/fee"), &fee(1)).on(&version(&self.client, &case).await);
                self.client.by("clerk", pay).await.is(200);
            }
            _ => {}
        }
        let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let etag = version(&self.client, &case).await;
        self.call(route, &case, "clerk", &values).on(&etag).watching(&Self::of_case(&case, &[copy]), "clerk")
    }

    /// A dossier at the desk that lacks only its fee.
    async fn worded(&self) -> (String, String) {
        let case = receive(&self.client, &walk_in("mau@example.com")).await;
        let at = |path: &str| format!("/v1/cases/{case}/{path}");
        let etag = version(&self.client, &case).await;
        let by_clerk = async |call: Call| self.client.by("clerk", call).await;
        by_clerk(Call::put(at("checklist"), &no_grounds()).on(&etag)).await.is(200);
        let scanned = upload(&self.client, "clerk", "image/png", scan(8)).await;
        let etag = version(&self.client, &case).await;
        let copy = by_clerk(Call::post(at("copies"), &original(&scanned)).on(&etag)).await.is(201);
        let id = copy.text("/id");
        let wording = json!({"template_id": "default", "placement": "auto"});
        by_clerk(Call::put(format!("/v1/copies/{id}/attestation"), &wording).on(&copy.etag())).await.is(200);
        (case, id)
    }

    async fn copy(&self, route: &Route) -> Ready {
        let (case, copy, by) = match route.path {
            "/v1/copies/{id}/attestation" => {
                let (case, copy) = self.worded().await;
                (case, copy, "clerk")
            }
            "/v1/copies/{id}/annul" => {
                let sealed = self.through("mau@example.com").await;
                (sealed.case, sealed.copy, "seal_keeper")
            }
            _ => {
                let sealed = self.sealed().await;
                let by = if route.path.ends_with("/void") { "seal_keeper" } else { "clerk" };
                (sealed.case.clone(), sealed.copy.clone(), by)
            }
        };
        let etag = self.client.by("clerk", Call::get(format!("/v1/copies/{copy}"))).await.is(200).etag();
        let watched = Self::of_case(&case, std::slice::from_ref(&copy));
        let today = today(&self.client).await;
        let ready = self.call(route, &copy, by, &[("today", &today)]).on(&etag).watching(&watched, "clerk");
        // A sealed copy has nothing to be voided; the moment between number and seal is met in `voiding`.
        if route.path.ends_with("/void") { ready.gets(409) } else { ready }
    }

    async fn through(&self, email: &str) -> Sealed {
        let (case, copies) = submitted(&self.client, email, 1).await;
        signed(&self.client, &copies).await;
        let session = self.client.by("seal_keeper", seal(&copies)).await.is(202).text("/id");
        assert_eq!(ended(&self.client, "seal_keeper", &session).await["state"], "done");
        archived(&self.client, &copies[0]).await;
        Sealed { case, copy: copies[0].clone() }
    }

    async fn sealed(&self) -> &Sealed {
        self.sealed.get_or_init(|| self.through("thu@example.com")).await
    }

    /// The secret of the link in the letter about the sealed copy.
    async fn letter(&self) -> String {
        let find = async || {
            self.sealed().await;
            let until = std::time::Instant::now() + PATIENCE;
            loop {
                let all = self.client.send(Call::get("/v1/sandbox/mailbox")).await.is(200).json();
                let mine = |letter: &&Value| letter["to"] == "thu@example.com" && letter["links"][0].is_string();
                if let Some(letter) = all["data"].as_array().and_then(|all| all.iter().find(mine)) {
                    let link = letter["links"][0].as_str().expect("a link");
                    return link.rsplit('/').next().expect("a secret").to_owned();
                }
                assert!(std::time::Instant::now() < until, "no letter: {all}");
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        };
        self.letter.get_or_init(find).await.clone()
    }

    /// Takes a prompt that is still on the leader's phone away, and waits until that is known: there is one phone for all
    /// cases, and a session that was cancelled leaves its prompt there.
    pub(super) async fn settle(&self, route: &Route, ready: &Ready) {
        if !route.path.starts_with("/v1/sign-sessions") {
            return;
        }
        if route.path.ends_with("/answers") {
            let session = ready.call.path.trim_end_matches("/answers").rsplit('/').next().expect("an identifier");
            ended(&self.client, "leader_usb", session).await;
            return;
        }
        // A third prompt that is refused would pause the phone; of a session that is cancelled "yes" is no answer either.
        if route.path.ends_with("/cancel") {
            confirm(&self.client).await;
        } else {
            reject(&self.client).await;
        }
        let path = if route.path == "/v1/sign-sessions" {
            let again = ready.call.clone().by(self.client.persona(ready.by));
            self.client.send(again).await.is(202).header("location")
        } else {
            ready.call.path.trim_end_matches("/cancel").to_owned()
        };
        ended(&self.client, "leader", path.rsplit('/').next().expect("an identifier")).await;
    }

    /// What everybody sees now of what a call could have changed.
    pub(super) async fn seen(&self, ready: &Ready) -> Vec<Value> {
        let mut all = Vec::new();
        for (path, by) in &ready.watched {
            let mut answer = self.client.by(by, Call::get(path)).await.is(200).json();
            if let Value::Object(map) = &mut answer {
                map.remove("as_of");
            }
            all.push(answer);
        }
        all
    }
}

/// What a developer copies is JSON once the placeholders are filled in.
#[test]
fn every_sample_is_json() {
    for route in api::routes() {
        let (Body::Json(text) | Body::Maybe(text) | Body::File(text)) = route.body else { continue };
        let filled = text.replace("<size>", "1");
        assert!(serde_json::from_str::<Value>(&filled).is_ok_and(|value| value.is_object()), "{}", route.key());
    }
}
