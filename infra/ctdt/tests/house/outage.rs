//! A desk whose power fails: every life of `ctdt dev --data DIR` ends with SIGKILL at one request of a function, and the
//! next life goes on with the same folder. The desk repeats what had no answer, with the same `Idempotency-Key`, and looks
//! before it does anything anew.

use std::collections::VecDeque;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::{Answer, Call, Client};
use crate::job::*;
use crate::stack::Stack;

/// Between two looks.
const LOOK: Duration = Duration::from_millis(20);
/// So many looks without an end, and the sandbox clock is moved: what was cut off becomes due.
const LOOKS: u32 = 25;
/// A request that died is taken over after a minute (`store`).
const TAKEN_OVER_S: i64 = 61;
/// A prompt that nobody answers is gone from the phone after five minutes, its session long before.
const PROMPT_S: i64 = 301;

/// Who gets the letter.
const EMAIL: &str = "mau@example.com";

/// The desk, the house behind it, and the moments that are still to come.
pub(crate) struct Desk<'a> {
    folder: &'a Path,
    stack: Option<Stack>,
    client: Client,
    armed: Option<String>,
    moments: VecDeque<String>,
}

impl<'a> Desk<'a> {
    /// The first life; it ends at the first moment.
    pub(crate) async fn open(folder: &'a Path, moments: impl IntoIterator<Item = String>) -> Self {
        let mut moments: VecDeque<String> = moments.into_iter().collect();
        let armed = moments.pop_front();
        let stack = Stack::with_power_cut(folder, armed.as_deref());
        let client = stack.client().await;
        Self { folder, stack: Some(stack), client, armed, moments }
    }

    /// Ends the last life in peace. Every moment must have come.
    pub(crate) fn close(self) {
        let left: Vec<_> = self.armed.into_iter().chain(self.moments).collect();
        assert!(left.is_empty(), "moments that never came: {left:?}");
        assert_eq!(self.stack.map(Stack::stop), Some(0));
    }

    /// Sends until there is an answer, through as many lives as that takes.
    async fn send(&mut self, call: Call) -> Answer {
        loop {
            match self.client.try_send(call.clone()).await {
                Ok(answer) if answer.json()["code"] == "request-in-progress" => self.wait(TAKEN_OVER_S).await,
                Ok(answer) => return answer,
                Err(error) => self.next_life(&format!("{} {}: {error}", call.method, call.path)),
            }
        }
    }

    async fn by(&mut self, who: &str, call: Call) -> Answer {
        let call = call.by(self.client.persona(who));
        self.send(call).await
    }

    async fn see(&mut self, who: &str, path: &str) -> Answer {
        self.by(who, Call::get(path)).await.is(200)
    }

    /// The process must be dead, by SIGKILL; then the next one starts.
    fn next_life(&mut self, what: &str) {
        let moment = self.armed.take();
        assert!(moment.is_some(), "nothing was to happen, but: {what}");
        self.stack.take().expect("a process").died();
        self.armed = self.moments.pop_front();
        let stack = Stack::with_power_cut(self.folder, self.armed.as_deref());
        self.client.url.clone_from(&stack.url);
        self.stack = Some(stack);
    }

    /// Moves the sandbox clock, which also makes due work run.
    async fn wait(&mut self, seconds: i64) {
        let clock = Call::post("/v1/sandbox/clock", &json!({"advance_s": seconds}));
        // Boxed, because sending may wait and waiting sends.
        Box::pin(self.send(clock)).await.is(200);
    }

    /// The whole job, until the copy is archived and its letter has left; gives the copy.
    pub(crate) async fn job(&mut self) -> Value {
        let case = self.by("clerk", Call::post("/v1/cases", &walk_in(EMAIL))).await.is(201).text("/id");
        let copy = self.prepared(&case).await;
        self.signed(&copy).await;
        self.sealed(&copy).await;
        self.delivered(&case).await;
        self.see("clerk", &format!("/v1/copies/{copy}")).await.json()
    }

    /// A visit, its dossier, a scan and a copy, each made in a life that ends before the answer.
    pub(crate) async fn each_thing_once(&mut self) {
        let unit = self.see("portal", "/v1/units?q=x%C3%A3%20m%E1%BA%ABu").await.text("/data/0/id");
        let slots = format!("/v1/units/{unit}/slots");
        let account = self.client.persona("citizen").account.clone();
        let slot = self.see("portal", &slots).await.json()["data"][3].clone();
        let visit = json!({
            "unit_id": unit, "start": slot["start"], "account": {"kind": "person", "id": account},
            "originals": [{"type_id": "diploma", "title": "Bằng tốt nghiệp", "pages": 1}],
        });
        let visit = self.by("portal", Call::post("/v1/appointments", &visit)).await.is(201);
        let left = self.see("portal", &slots).await.json()["data"][3]["free"].as_u64();
        assert_eq!(left.map(|left| left + 1), slot["free"].as_u64(), "one place for one visit");
        let receive = json!({"appointment_id": visit.text("/id"), "basis": "paper_original"});
        let case = self.by("clerk", Call::post("/v1/cases", &receive)).await.is(201);
        let upload = self.uploaded(scan(1)).await;
        let checklist = Call::put(format!("/v1/cases/{}/checklist", case.text("/id")), &no_grounds());
        let checked = self.by("clerk", checklist.on(&case.etag())).await.is(200).etag();
        let add = Call::post(format!("/v1/cases/{}/copies", case.text("/id")), &original(&upload));
        let copy = self.by("clerk", add.on(&checked)).await.is(201).text("/id");
        let dossier = self.see("clerk", &format!("/v1/cases/{}", case.text("/id"))).await.json();
        assert_eq!(dossier["copies"].as_array().map(Vec::len), Some(1), "{dossier}");
        assert_eq!(dossier["copies"][0]["id"], copy.as_str(), "{dossier}");
        let next = self.by("clerk", Call::post("/v1/cases", &walk_in(EMAIL))).await.is(201);
        assert!(case.text("/code").contains("-0001-") && next.text("/code").contains("-0002-"), "{dossier}");
    }

    /// The desk hears nothing of its cancelling, and asks for the same again, twice; the dossier is cancelled all the while.
    pub(crate) async fn refused_twice(&mut self) {
        let case = self.by("clerk", Call::post("/v1/cases", &walk_in(EMAIL))).await.is(201);
        let cancel = format!("/v1/cases/{}/cancel", case.text("/id"));
        let cancel = Call::post(cancel, &json!({"reason": "người dân rút hồ sơ"})).on(&case.etag());
        for _ in 0..2 {
            let told = self.by("clerk", cancel.clone()).await.is(412);
            assert!(told.header("idempotency-replayed").is_empty(), "{}", told.json());
        }
        let dossier = self.see("clerk", &format!("/v1/cases/{}", case.text("/id"))).await.json();
        assert_eq!(dossier["status"], "cancelled", "{dossier}");
    }

    /// The desk's part: everything up to the submission. Gives the copy.
    async fn prepared(&mut self, case: &str) -> String {
        let at = |path: &str| format!("/v1/cases/{case}/{path}");
        let dossier = format!("/v1/cases/{case}");
        self.change(&dossier, |case| case["checklist_confirmed"] == true, Call::put(at("checklist"), &no_grounds()))
            .await;
        let upload = self.uploaded(scan(7)).await;
        let has_copy = |case: &Value| case["copies"].as_array().is_some_and(|copies| !copies.is_empty());
        let case_now = self.change(&dossier, has_copy, Call::post(at("copies"), &original(&upload))).await;
        let copy = case_now["copies"][0]["id"].as_str().expect("a copy").to_owned();
        let shown = format!("/v1/copies/{copy}");
        let worded = json!({"template_id": "default", "placement": "auto"});
        let attestation = Call::put(format!("{shown}/attestation"), &worded);
        self.change(&shown, |copy| !copy["attestation"].is_null(), attestation).await;
        self.change(&dossier, |case| !case["fee"].is_null(), Call::post(at("fee"), &fee(1))).await;
        self.change(&shown, |copy| copy["status"] == "submitted", Call::post(at("submit"), &json!({}))).await;
        copy
    }

    /// Looks; while the goal is not reached, acts on what it sees. Gives what it saw last.
    async fn change(&mut self, what: &str, reached: impl Fn(&Value) -> bool, call: Call) -> Value {
        let dossier = call.path.rsplit_once('/').map_or(String::new(), |(dossier, _)| dossier.to_owned());
        for _ in 0..4 {
            let now = self.see("clerk", what).await;
            if reached(&now.json()) {
                return now.json();
            }
            // What is submitted is the dossier, what is looked at may be its copy.
            let etag = if dossier == what { now.etag() } else { self.see("clerk", &dossier).await.etag() };
            let fresh = call.clone().header("idempotency-key", &crate::client::fresh_key());
            let answer = self.by("clerk", fresh.on(&etag)).await;
            assert!(answer.status < 300 || matches!(answer.status, 409 | 412), "{}: {}", answer.what, answer.json());
        }
        panic!("{what} never got there");
    }

    async fn uploaded(&mut self, bytes: Vec<u8>) -> String {
        let upload = self.by("clerk", Call::post("/v1/uploads", &declared("image/png", &bytes))).await.is(201);
        let sent = self.send(put_call(&upload, bytes)).await;
        // The second sending of what has already arrived is refused by the store: an object is created once.
        assert!(matches!(sent.status, 200 | 412), "{}", sent.status);
        let complete = format!("/v1/uploads/{}/complete", upload.text("/id"));
        let done = self.by("clerk", Call::post(complete, &json!({}))).await.is(200);
        assert_eq!(done.text("/state"), "ready");
        upload.text("/id")
    }

    async fn status(&mut self, copy: &str) -> String {
        self.see("clerk", &format!("/v1/copies/{copy}")).await.text("/status")
    }

    /// The leader opens, asks and confirms, as often as it takes.
    async fn signed(&mut self, copy: &str) {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            match self.status(copy).await.as_str() {
                "submitted" => self.ask_leader(copy).await,
                // A session that nobody follows any more: it has to run out.
                "awaiting_signature" => self.wait(PROMPT_S).await,
                _ => return,
            }
        }
        panic!("never signed");
    }

    async fn ask_leader(&mut self, copy: &str) {
        self.see("leader", &format!("/v1/copies/{copy}/preview.pdf")).await;
        let body = json!({"purpose": "leader_sign", "copy_ids": [copy], "method": "sim"});
        let asked = self.by("leader", Call::post("/v1/sign-sessions", &body)).await.is(202);
        let leader = self.client.persona("leader").clone();
        let confirm = Call::post(format!("/v1/sandbox/phones/{}/confirm", leader.phone), &json!({"pin": leader.pin}));
        // 409 without a prompt: it was confirmed in an earlier life, or never shown.
        let confirmed = self.send(confirm).await.status;
        assert!(matches!(confirmed, 200 | 409), "{confirmed}");
        let session = format!("/v1/sign-sessions/{}", asked.text("/id"));
        for look in 1.. {
            let now = self.see("leader", &session).await.json();
            if is_over(&now) {
                return;
            }
            self.look_again(look, &now).await;
        }
    }

    /// Waits a moment, and now and then a minute on the sandbox clock.
    async fn look_again(&mut self, look: u32, now: &Value) {
        assert!(look < LOOKS * 40, "still {now}");
        tokio::time::sleep(LOOK).await;
        if look.is_multiple_of(LOOKS) {
            self.wait(TAKEN_OVER_S).await;
        }
    }

    /// Number and seal are asked for, and waited for up to the archive.
    async fn sealed(&mut self, copy: &str) {
        for look in 1.. {
            let now = self.see("clerk", &format!("/v1/copies/{copy}")).await.json();
            if now["level"] == "B-LTA" {
                return;
            }
            if now["status"] == "signed" {
                self.by("seal_keeper", seal(&[copy.to_owned()])).await.is(202);
            }
            self.look_again(look, &now).await;
        }
    }

    async fn delivered(&mut self, case: &str) {
        for look in 1.. {
            let sent = self.see("clerk", &format!("/v1/cases/{case}/deliveries")).await.json();
            if sent["data"][0]["state"] == "sent" {
                return;
            }
            self.look_again(look, &sent).await;
        }
    }

    /// What anybody hears about the copy's file, and about its number.
    pub(crate) async fn judged(&mut self, copy: &Value) -> (Value, Value) {
        let id = copy["id"].as_str().expect("an identifier");
        let report = report(&self.client, file(&self.client, id).await).await;
        let number = copy["number"].as_u64().expect("a number");
        (report, self.by_number(number).await)
    }

    /// What the public register says of a number.
    pub(crate) async fn by_number(&mut self, number: u64) -> Value {
        by_number(&self.client, number).await
    }

    /// Letters that have left.
    pub(crate) async fn letters(&mut self) -> u64 {
        let mailbox = self.send(Call::get("/v1/sandbox/mailbox")).await.is(200).json();
        mailbox["data"].as_array().map_or(0, |letters| letters.len() as u64)
    }
}
