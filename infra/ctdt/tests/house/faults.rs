//! Services that answer wrongly, or not at all, leave no bad file and no lost case (F5, F9–F11, issue 2): every kind of
//! wrong answer at every place of the job where somebody outside is asked.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::{Call, Client};
use crate::job::*;
use crate::stack::Stack;

/// How an answer is wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Wrong {
    /// It answers somebody else's question: another nonce, or the signatures of an earlier prompt.
    BadNonce,
    /// It is over other bytes than were sent.
    OtherHash,
    /// It is by somebody who has no right to it.
    OtherCertificate,
    /// It is no answer.
    Garbage,
    /// It never comes.
    Silence,
    /// It is a refusal, or a failure of the service.
    Refusal,
}

const WRONG: [Wrong; 6] =
    [Wrong::BadNonce, Wrong::OtherHash, Wrong::OtherCertificate, Wrong::Garbage, Wrong::Silence, Wrong::Refusal];

impl Wrong {
    /// The TSA's switch.
    fn tsa(self) -> &'static str {
        match self {
            Self::BadNonce => "wrong-nonce",
            Self::OtherHash => "wrong-imprint",
            Self::OtherCertificate => "wrong-certificate",
            Self::Garbage => "garbage",
            Self::Silence => "silence",
            Self::Refusal => "rejection",
        }
    }

    /// The switch of the OCSP responders.
    fn ocsp(self) -> &'static str {
        match self {
            Self::BadNonce => "wrong-nonce",
            Self::OtherHash => "wrong-hash",
            Self::OtherCertificate => "stranger",
            Self::Garbage => "garbage",
            Self::Silence => "silence",
            Self::Refusal => "try-later",
        }
    }

    /// The scenario of the phone and its gateway.
    fn gateway(self) -> &'static str {
        match self {
            Self::BadNonce => "replay",
            Self::OtherHash => "other-hash",
            Self::OtherCertificate => "wrong-signature",
            Self::Garbage => "garbage",
            Self::Silence => "silence",
            Self::Refusal => "server-error",
        }
    }
}

/// What functions wait for an answer here; the template's own limits are ten times as long.
const IMPATIENT_S: u32 = 1;
/// What is said of a good file without evidence, the seal after the leader's signature and the test PKI included.
const SAID_OF_A_SEALED_FILE: [&str; 4] =
    ["revocation-unknown", "tsa-revocation-unknown", "later-change-allowed", "test-certificate"];
/// Longer than the wait between two tries of due work (`casework::support::backoff`).
const NEXT_TRY_S: i64 = 125;
/// Longer than fetched evidence is used (`domain::inquiry`).
const EVIDENCE_S: i64 = 3_601;
/// Eight o'clock.
const MORNING_S: i64 = 8 * 3600;
/// Longer than a session lives, its grace included (remote-signing.md §3).
const SESSION_S: i64 = 140;

/// Every wrong answer at every place, one dossier for each kind: it goes through all places, is held up at each, and ends
/// with the next number and one valid file.
#[tokio::test]
async fn every_wrong_answer_at_every_place_is_waited_out() {
    let house = House::start().await;
    // So that an earlier prompt has signatures that can be answered again.
    house.undisturbed(1).await;
    for (wrong, number) in WRONG.into_iter().zip(2..) {
        let began = Instant::now();
        house.through_all_places(wrong, number).await;
        eprintln!("{wrong:?}: {:?}", began.elapsed());
    }
    let last = WRONG.len() as u64 + 1;
    assert_eq!(house.letters().await, last, "one letter for each copy");
    assert_eq!(by_number(&house.client, last + 1).await["status"], "unknown", "a number that belongs to nobody");
}

/// domain.md §4.1: a real TSA took 131 s. The API answers at once meanwhile, the case waits where everybody sees it, and the time-stamp
/// comes without anybody's doing. Nothing else in the house is as slow: the test mostly sleeps.
#[tokio::test]
async fn a_time_stamp_that_takes_131_seconds_comes() {
    const SLOW: Duration = Duration::from_secs(131);
    let stack = Stack::in_memory();
    let client = stack.client().await;
    let (_, copies) = submitted(&client, "mau@example.com", 1).await;
    client.send(Call::post("/v1/sandbox/faults", &json!({"delay_ms": SLOW.as_millis() as u64}))).await.is(200);
    let session = ask_leader(&client, &copies).await.text("/id");
    confirm(&client).await;
    let (began, path) = (Instant::now(), format!("/v1/sign-sessions/{session}"));
    let mut waited = 0;
    loop {
        let now = client.by("leader", Call::get(path.as_str())).await.is(200).json();
        if now["state"] == "done" {
            break;
        }
        waited += 1;
        assert!(began.elapsed() < PATIENCE, "{now}");
        assert_ne!(now["state"], "failed", "{now}");
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    assert!(began.elapsed() >= SLOW, "it was not slow: {:?}", began.elapsed());
    assert!(waited > 5, "the API waits with it: {waited} answers in {SLOW:?}");
    client.send(Call::post("/v1/sandbox/faults", &json!({"delay_ms": 0}))).await.is(200);
    let sealing = client.by("seal_keeper", seal(&copies)).await.is(202).text("/id");
    assert_eq!(ended(&client, "seal_keeper", &sealing).await["state"], "done");
    let now = archived(&client, &copies[0]).await;
    assert_eq!(now["number"], 1, "one number: {now}");
    assert_eq!(by_number(&client, 2).await["status"], "unknown", "and no other");
    assert_eq!(report(&client, file(&client, &copies[0]).await).await["verdict"], "valid");
}

/// F11: the first usable time-stamp counts, not the first answer. The first TSA answers wrongly all the while, in every way, and the job goes
/// through by the one behind it without a retry.
#[tokio::test]
async fn a_wrong_tsa_does_not_keep_the_one_behind_it_away() {
    let house = House::start().await;
    for (wrong, number) in WRONG.into_iter().zip(1..) {
        house.faults(json!({"tsa": wrong.tsa(), "tsa_behind": true})).await;
        let before = house.wrong_answers("tsa").await;
        house.undisturbed(number).await;
        assert!(house.wrong_answers("tsa").await > before || number > 1, "{wrong:?}: it was never asked");
    }
}

/// An hour without TSA, then without OCSP and CRL: everybody who looks sees what is waited for; then it goes on by itself, with one number and
/// one file.
#[tokio::test]
async fn an_hour_without_a_service_is_seen_and_passes() {
    let house = House::start().await;
    let (_, copies) = submitted(&house.client, "mau@example.com", 1).await;
    let copy = copies[0].as_str();
    house.faults(json!({"tsa": "http-500"})).await;
    let session = ask_leader(&house.client, &copies).await.text("/id");
    confirm(&house.client).await;
    let session = format!("/v1/sign-sessions/{session}");
    house.client.by("leader", Call::get(session.as_str())).await.is(200);
    house.an_hour_without("tsa", copy, "timestamp").await;
    let told = house.client.by("leader", Call::get(session.as_str())).await.is(200).json();
    assert_eq!(told["waiting"]["for"], "timestamp", "{told}");
    house.faults(json!({"tsa": "none"})).await;
    house.later(NEXT_TRY_S).await;
    let session = session.rsplit('/').next().expect("an identifier");
    let over = ended(&house.client, "leader", session).await;
    assert_eq!((&over["state"], &over["waiting"]), (&json!("done"), &Value::Null));

    house.faults(json!({"tsa": "http-500"})).await;
    let session = house.client.by("seal_keeper", seal(&copies)).await.is(202).text("/id");
    house.an_hour_without("tsa", copy, "timestamp").await;
    house.faults(json!({"tsa": "none", "ocsp": "http-500", "crl": "http-500"})).await;
    house.later(NEXT_TRY_S).await;
    assert_eq!(ended(&house.client, "seal_keeper", &session).await["state"], "done");

    house.an_hour_without("ocsp", copy, "revocation").await;
    house.faults(json!({"ocsp": "none", "crl": "none"})).await;
    house.is_archived(copy, 1, "after three hours").await;
    let now = house.copy(copy).await;
    assert_eq!(now["waiting"], Value::Null, "{now}");
    assert_eq!(by_number(&house.client, 2).await["status"], "unknown", "one number");
    assert_eq!(house.letters().await, 1);
}

/// Further answers that say nothing: none of them becomes evidence, and none holds the archive up when the list is good.
#[tokio::test]
async fn evidence_that_says_nothing_is_none() {
    let house = House::start().await;
    for (ocsp, number) in ["unknown", "expired", "wrong-cert-id", "http-500"].into_iter().zip(1..) {
        // What CAs have said about the signers of the last dossier is used no longer.
        house.later(EVIDENCE_S).await;
        let copy = house.sealed_under(json!({"ocsp": ocsp, "crl": "stranger"}), number).await;
        house.misled("ocsp", &copy).await;
        house.is_sealed_only(&copy, ocsp).await;
        house.faults(json!({"ocsp": ocsp, "crl": "none"})).await;
        house.is_archived(&copy, number, ocsp).await;
        house.faults(json!({"ocsp": "none"})).await;
    }
}

/// The stack with the desk's view of it.
struct House {
    stack: Stack,
    client: Client,
}

impl House {
    async fn start() -> Self {
        let stack = Stack::impatient(IMPATIENT_S);
        let client = stack.client().await;
        let house = Self { stack, client };
        // The clock is moved by hours: the day, and with it the year of the numbers, must not end meanwhile.
        let now = house.client.send(Call::get("/v1/sandbox/clock")).await.is(200).text("/now");
        let of = |at: std::ops::Range<usize>| now[at].parse::<i64>().expect("RFC 3339");
        let since_midnight = of(11..13) * 3600 + of(14..16) * 60 + of(17..19);
        house.later(86_400 - since_midnight + MORNING_S).await;
        let client = house.stack.client().await;
        Self { client, ..house }
    }

    /// Turns switches of TSA, OCSP and CRL.
    async fn faults(&self, change: Value) {
        self.client.send(Call::post("/v1/sandbox/faults", &change)).await.is(200);
    }

    async fn scenario(&self, name: &str) {
        let phone = &self.client.persona("leader").phone;
        let call = Call::post(format!("/v1/sandbox/phones/{phone}/scenario"), &json!({"name": name}));
        self.client.send(call).await.is(200);
    }

    /// Moves the sandbox clock; what is due then runs at once.
    async fn later(&self, seconds: i64) {
        self.client.send(Call::post("/v1/sandbox/clock", &json!({"advance_s": seconds}))).await.is(200);
    }

    async fn copy(&self, copy: &str) -> Value {
        self.client.by("clerk", Call::get(format!("/v1/copies/{copy}"))).await.is(200).json()
    }

    async fn letters(&self) -> u64 {
        let mailbox = self.client.send(Call::get("/v1/sandbox/mailbox")).await.is(200).json();
        mailbox["data"].as_array().map_or(0, |letters| letters.len() as u64)
    }

    /// Wrong answers of a responder so far.
    async fn wrong_answers(&self, responder: &str) -> u64 {
        let all = self.client.send(Call::get("/v1/sandbox/faults")).await.is(200).json();
        all["wrong_answers"][responder].as_u64().expect("a count")
    }

    /// Waits until a responder has misled two tries: when the second one asks, the first has ended, and whatever it made of
    /// the wrong answer is there.
    async fn misled(&self, responder: &str, copy: &str) {
        let (before, until) = (self.wrong_answers(responder).await, Instant::now() + PATIENCE);
        for look in 0.. {
            if self.wrong_answers(responder).await >= before + 2 {
                return;
            }
            assert!(Instant::now() < until, "nobody asks the {responder}: {}", self.copy(copy).await);
            if look % 50 == 0 {
                self.later(NEXT_TRY_S).await;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// A responder is down for an hour, and the copy says what it waits for, at its beginning and at its end.
    async fn an_hour_without(&self, responder: &str, copy: &str, waits: &str) {
        for hour in [0, 3600] {
            self.later(hour).await;
            self.misled(responder, copy).await;
            let now = self.copy(copy).await;
            assert_eq!(now["waiting"]["for"], waits, "{now}");
            let dossier = format!("/v1/cases/{}", now["case_id"].as_str().expect("a dossier"));
            let dossier = self.client.by("clerk", Call::get(dossier.as_str())).await.is(200).json();
            assert_eq!(dossier["copies"][0]["waiting"]["for"], waits, "{dossier}");
            assert!(now["waiting"]["since"].is_string() && now["waiting"]["next_try_at"].is_string(), "{now}");
            assert!(now["waiting"]["text"]["vi"].as_str().is_some_and(|text| text.starts_with("Đang chờ ")), "{now}");
        }
    }

    /// Nobody gets a file of this copy, nobody is told of it, and the register knows no such number.
    async fn nothing_is_out(&self, copy: &str, number: u64, at: &str) {
        let file = self.client.by("clerk", Call::get(format!("/v1/copies/{copy}/file"))).await;
        file.problem(409, "copy-not-ready");
        assert_eq!(by_number(&self.client, number).await["status"], "unknown", "{at}");
        assert_eq!(self.letters().await, number - 1, "{at}");
    }

    /// A dossier up to the seal, while nothing is wrong.
    async fn undisturbed(&self, number: u64) {
        let (_, copies) = submitted(&self.client, "mau@example.com", 1).await;
        signed(&self.client, &copies).await;
        let session = self.client.by("seal_keeper", seal(&copies)).await.is(202).text("/id");
        assert_eq!(ended(&self.client, "seal_keeper", &session).await["state"], "done");
        self.is_archived(&copies[0], number, "nothing wrong").await;
    }

    async fn through_all_places(&self, wrong: Wrong, number: u64) {
        // What CAs have said about the signers of the last dossier is used no longer.
        self.later(EVIDENCE_S).await;
        let (_, copies) = submitted(&self.client, "mau@example.com", 1).await;
        let copy = copies[0].as_str();
        self.gateway(wrong, &copies, number).await;
        self.leader_stamp(wrong, &copies, number).await;
        self.seal_stamp(wrong, &copies, number).await;
        self.evidence(wrong, copy, number).await;
        self.archive_stamp(wrong, copy).await;
        self.evidence_with_a_good_list(wrong, copy, number).await;
    }

    /// The signing gateway answers wrongly: the session ends without a signature, with a reason, and the copy is given back.
    async fn gateway(&self, wrong: Wrong, copies: &[String], number: u64) {
        self.scenario(wrong.gateway()).await;
        let session = ask_leader(&self.client, copies).await.text("/id");
        confirm(&self.client).await;
        let path = format!("/v1/sign-sessions/{session}");
        let asked = self.client.by("leader", Call::get(path)).await.is(200).json();
        assert_ne!(asked["state"], "done", "{wrong:?}: {asked}");
        self.later(SESSION_S).await;
        let over = ended(&self.client, "leader", &session).await;
        let signed_wrongly = matches!(wrong, Wrong::BadNonce | Wrong::OtherHash | Wrong::OtherCertificate);
        let (state, problem) =
            if signed_wrongly { ("failed", "signature-does-not-verify") } else { ("expired", "expired") };
        assert_eq!(
            (&over["state"], &over["items"][0]["problem"]),
            (&json!(state), &json!(problem)),
            "{wrong:?}: {over}"
        );
        assert_eq!(self.copy(&copies[0]).await["status"], "submitted", "{wrong:?}");
        self.nothing_is_out(&copies[0], number, "gateway").await;
        self.scenario("ok").await;
    }

    /// The TSA answers wrongly for the leader's signature: it waits.
    async fn leader_stamp(&self, wrong: Wrong, copies: &[String], number: u64) {
        self.faults(json!({"tsa": wrong.tsa()})).await;
        let session = ask_leader(&self.client, copies).await.text("/id");
        confirm(&self.client).await;
        let path = format!("/v1/sign-sessions/{session}");
        self.client.by("leader", Call::get(path.as_str())).await.is(200);
        self.misled("tsa", &copies[0]).await;
        let now = self.client.by("leader", Call::get(path)).await.is(200).json();
        assert_eq!((&now["state"], &now["items"][0]["problem"]), (&json!("timestamping"), &Value::Null), "{wrong:?}");
        assert_eq!(self.copy(&copies[0]).await["status"], "awaiting_signature", "{wrong:?}");
        self.nothing_is_out(&copies[0], number, "leader's time-stamp").await;
        self.faults(json!({"tsa": "none"})).await;
        self.later(NEXT_TRY_S).await;
        assert_eq!(ended(&self.client, "leader", &session).await["state"], "done", "{wrong:?}");
    }

    /// The TSA answers wrongly for the seal: the number is spent and waits for its file.
    async fn seal_stamp(&self, wrong: Wrong, copies: &[String], number: u64) {
        self.faults(json!({"tsa": wrong.tsa()})).await;
        let session = self.client.by("seal_keeper", seal(copies)).await.is(202).text("/id");
        self.misled("tsa", &copies[0]).await;
        let now = self.client.by("seal_keeper", Call::get(format!("/v1/sign-sessions/{session}"))).await.is(200).json();
        assert_eq!((&now["state"], &now["items"][0]["problem"]), (&json!("timestamping"), &Value::Null), "{wrong:?}");
        let copy = self.copy(&copies[0]).await;
        assert_eq!((&copy["status"], &copy["number"]), (&json!("numbered"), &json!(number)), "{wrong:?}: {copy}");
        self.nothing_is_out(&copies[0], number, "seal's time-stamp").await;
        // What the archive will ask is wrong before it can ask.
        self.faults(json!({"tsa": "none", "ocsp": wrong.ocsp(), "crl": "http-500"})).await;
        self.later(NEXT_TRY_S).await;
        assert_eq!(ended(&self.client, "seal_keeper", &session).await["state"], "done", "{wrong:?}");
    }

    /// OCSP answers wrongly and there is no list: no archive.
    async fn evidence(&self, wrong: Wrong, copy: &str, number: u64) {
        self.misled("ocsp", copy).await;
        self.is_sealed_only(copy, wrong.ocsp()).await;
        assert_eq!(by_number(&self.client, number).await["status"], "active", "{wrong:?}");
        self.faults(json!({"tsa": wrong.tsa(), "ocsp": "none", "crl": "none"})).await;
    }

    /// The TSA answers wrongly for the archive: no archive.
    async fn archive_stamp(&self, wrong: Wrong, copy: &str) {
        self.misled("tsa", copy).await;
        self.is_sealed_and_vouched_for(copy, wrong.tsa()).await;
        self.faults(json!({"tsa": "none", "ocsp": wrong.ocsp()})).await;
    }

    /// OCSP answers wrongly and the list is good: the list is the evidence.
    async fn evidence_with_a_good_list(&self, wrong: Wrong, copy: &str, number: u64) {
        self.is_archived(copy, number, wrong.ocsp()).await;
        self.faults(json!({"ocsp": "none"})).await;
    }

    /// The sealed file is there and whole, and has no evidence: that nobody was revoked cannot be told yet, and nothing else
    /// is held against it.
    async fn is_sealed_only(&self, copy: &str, at: &str) {
        let now = self.copy(copy).await;
        assert_eq!((&now["status"], &now["level"]), (&json!("sealed"), &json!("B-T")), "{at}: {now}");
        let report = report(&self.client, file(&self.client, copy).await).await;
        assert_eq!(report["verdict"], "indeterminate", "{at}: {report}");
        let reasons = report["reasons"].as_array().expect("reasons");
        let codes = reasons.iter().map(|reason| reason["code"].as_str().expect("a code"));
        let others: Vec<_> = codes.filter(|code| !SAID_OF_A_SEALED_FILE.contains(code)).collect();
        assert!(others.is_empty(), "{at}: {others:?}");
    }

    /// The sealed file is there and has no evidence; the CA answers whoever asks, so it is known that nobody was revoked.
    async fn is_sealed_and_vouched_for(&self, copy: &str, at: &str) {
        let now = self.copy(copy).await;
        assert_eq!((&now["status"], &now["level"]), (&json!("sealed"), &json!("B-T")), "{at}: {now}");
        let report = report(&self.client, file(&self.client, copy).await).await;
        assert_eq!(report["verdict"], "valid", "{at}: {report}");
        let evidence = report["evidence"].as_array().expect("evidence").iter();
        let brought = evidence.filter(|one| one["kind"] == "ocsp" || one["kind"] == "crl");
        assert!(brought.clone().count() > 0 && brought.clone().all(|one| one["origin"] == "fetched"), "{at}: {report}");
    }

    /// The end of the job: archived, valid, with this number.
    async fn is_archived(&self, copy: &str, number: u64, at: &str) {
        self.later(NEXT_TRY_S).await;
        let now = archived(&self.client, copy).await;
        assert_eq!(now["number"], number, "{at}: {now}");
        let report = report(&self.client, file(&self.client, copy).await).await;
        assert_eq!(report["verdict"], "valid", "{at}: {report}");
        assert_eq!(report["number"]["number"], number, "{at}: {report}");
        let until = Instant::now() + PATIENCE;
        // A letter that is out and not yet written down goes out again when the clock jumps over the minute that it is left alone for.
        let path = format!("/v1/cases/{}/deliveries", now["case_id"].as_str().expect("a dossier"));
        loop {
            let known = self.client.by("clerk", Call::get(path.as_str())).await.is(200).json();
            let sent = known["data"].as_array().is_some_and(|all| all.iter().all(|one| one["state"] == "sent"));
            if self.letters().await >= number && sent {
                break;
            }
            assert!(Instant::now() < until, "{at}: no letter, or not written down: {known}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// A copy that was sealed while switches of the archive's evidence stood wrong.
    async fn sealed_under(&self, faults: Value, number: u64) -> String {
        let (_, copies) = submitted(&self.client, "mau@example.com", 1).await;
        signed(&self.client, &copies).await;
        self.faults(faults).await;
        let session = self.client.by("seal_keeper", seal(&copies)).await.is(202).text("/id");
        assert_eq!(ended(&self.client, "seal_keeper", &session).await["state"], "done");
        assert_eq!(self.copy(&copies[0]).await["number"], number);
        copies[0].clone()
    }
}
