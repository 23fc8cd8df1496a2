//! The whole local cloud from outside, with functions that only say that they were asked. Touches contract.md §3 (the
//! sandbox), decisions 35, 36, 42 and 44, and that a killed stack goes on.
//!
//! The program of these tests is also the simulator (`… simpki …`) and a stack that can be killed (`… child DIR`).

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::SdkConfig;
use directory::HttpDirectory;
use domain::ids::{AccountId, UnitId, UserId};
use domain::model::{Counter, Right, Unit, User};
use domain::ports::{Directory as _, Records as _, Write};
use libtest_mimic::{Arguments, Failed, Trial};
use local::functions::{FunctionSpec, Handler};
use local::stack::{BoxError, Options, Stack};
use pki::Certificate;
use pki::path::{Purpose, build};
use reqwest::StatusCode;
use serde_json::{Value, json};
use store::Table;

const LEADER: &str = "+84900000001";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.get(1..).unwrap_or_default() {
        ["simpki", "--port", port, "--dir", dir, "--clock-offset-file", clock, "--token", token, "--callback", url] => {
            let options = simpki::Options {
                port: port.parse().expect("a port"),
                dir: Some(PathBuf::from(dir)),
                clock_offset_file: Some(PathBuf::from(clock)),
                callback: Some(simpki::Callback {
                    url: (*url).to_owned(),
                    secret: std::env::var(local::CALLBACK_SECRET_VARIABLE).expect("a secret"),
                }),
                seed: None,
                token: (*token).to_owned(),
            };
            runtime().block_on(simpki::run(options)).expect("the simulator runs");
            ExitCode::SUCCESS
        }
        ["child", dir] => {
            let dir = PathBuf::from(dir);
            runtime().block_on(async move {
                let stack = start(Some(&dir)).await.stack;
                println!("READY {}", stack.url());
                std::io::stdout().flush().expect("flushes");
                std::future::pending::<()>().await;
            });
            ExitCode::SUCCESS
        }
        _ => libtest_mimic::run(&Arguments::from_args(), trials()).exit_code(),
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime")
}

fn trials() -> Vec<Trial> {
    fn trial<F: Future<Output = ()> + 'static>(name: &'static str, test: fn() -> F) -> Trial {
        let run = move || -> Result<(), Failed> {
            runtime().block_on(test());
            Ok(())
        };
        Trial::test(name, run)
    }
    vec![
        trial("the_sandbox_answers_as_the_contract_says", the_sandbox_answers_as_the_contract_says),
        trial("what_the_sandbox_does_not_have_is_a_problem", what_the_sandbox_does_not_have_is_a_problem),
        trial("the_seed_holds_together", the_seed_holds_together),
        trial("a_prompt_is_shown_refused_and_confirmed", a_prompt_is_shown_refused_and_confirmed),
        trial("faults_are_switched", faults_are_switched),
        trial("moving_the_clock_runs_the_schedules", moving_the_clock_runs_the_schedules),
        trial("a_stopped_stack_goes_on", a_stopped_stack_goes_on),
        trial("a_killed_stack_goes_on", a_killed_stack_goes_on),
        // it finds the simulator in /proc
        trial("a_simulator_that_dies_is_started_again", a_simulator_that_dies_is_started_again)
            .with_ignored_flag(!cfg!(target_os = "linux")),
        trial("a_reset_empties_and_seeds", a_reset_empties_and_seeds),
        trial("without_sample_data_nobody_is_there", without_sample_data_nobody_is_there),
    ]
}

// ---- helpers

/// A stack with functions that record what they are asked.
struct Cloud {
    stack: Stack,
    http: reqwest::Client,
    specs: Vec<FunctionSpec>,
    sdk: SdkConfig,
    asked: Arc<Mutex<Vec<(String, Value)>>>,
}

fn echo(name: &str, asked: &Arc<Mutex<Vec<(String, Value)>>>) -> Handler {
    let (name, asked) = (name.to_owned(), Arc::clone(asked));
    Arc::new(move |event| {
        asked.lock().expect("no panic").push((name.clone(), event));
        let body = json!({"function": name}).to_string();
        let answer = json!({"statusCode": 200, "headers": {"content-type": "application/json"}, "body": body, "isBase64Encoded": false});
        Box::pin(async move { Ok(answer) })
    })
}

fn options(data: Option<&Path>) -> Options {
    Options {
        port: 0,
        data: data.map(Path::to_owned),
        simpki_program: std::env::current_exe().expect("this program"),
        functions_dir: None,
        sample_data: true,
        patience_s: None,
        quotas: false,
        gateway: None,
        still: false,
        power_cut: None,
    }
}

async fn start(data: Option<&Path>) -> Cloud {
    start_with(options(data)).await
}

async fn start_with(options: Options) -> Cloud {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let mut seen = None;
    let make = async |specs: &[FunctionSpec], sdk: &SdkConfig| {
        seen = Some((specs.to_vec(), sdk.clone()));
        let handlers = specs.iter().map(|spec| (spec.name.clone(), echo(&spec.name, &asked)));
        Ok::<BTreeMap<String, Handler>, BoxError>(handlers.collect())
    };
    let stack = Stack::start(options, make).await.expect("the stack starts");
    let (specs, sdk) = seen.expect("the handlers were made");
    let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build();
    Cloud { stack, http: http.expect("a client"), specs, sdk, asked }
}

impl Cloud {
    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.stack.url())
    }

    async fn get(&self, path: &str) -> Value {
        let sent = self.http.get(self.url(path)).send().await.expect("an answer");
        assert_eq!(sent.status(), StatusCode::OK, "{path}");
        sent.json().await.expect("JSON")
    }

    async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        let sent = self.http.post(self.url(path)).json(body).send().await.expect("an answer");
        (sent.status(), sent.json().await.unwrap_or(Value::Null))
    }

    async fn posted(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.post(path, &body).await;
        assert_eq!(status, StatusCode::OK, "{path}: {answer}");
        answer
    }

    async fn trust(&self) -> String {
        let sent = self.http.get(self.url("/v1/sandbox/trust.pem")).send().await.expect("an answer");
        sent.text().await.expect("text")
    }

    /// A setting of a function.
    fn setting(&self, function: &str, name: &str) -> String {
        let spec = self.specs.iter().find(|spec| spec.name == function).expect("a function");
        spec.environment.get(name).expect("a setting").clone()
    }

    fn table(&self) -> Table {
        Table::new(&self.sdk, self.setting("intake", "TABLE_NAME"))
    }

    async fn persona(&self, key: &str) -> Value {
        let all = self.get("/v1/sandbox/personas").await;
        let mut found = all["data"].as_array().expect("a list").iter().filter(|one| one["key"] == key);
        found.next().expect("a persona").clone()
    }

    async fn user(&self, key: &str) -> User {
        let id = self.persona(key).await["user_id"].as_str().expect("an id").to_owned();
        let id = UserId::parse(&id).expect("an id");
        self.table().user(&id).await.expect("the table answers").expect("a user")
    }

    async fn unit(&self, key: &str) -> Unit {
        let id = self.persona(key).await["unit_id"].as_str().expect("an id").to_owned();
        self.table().unit(&UnitId::parse(&id).expect("an id")).await.expect("the table answers").expect("a unit")
    }

    /// Asks the leader's phone, as `signing-request` will.
    async fn ask_phone(&self, reference: &str) -> StatusCode {
        let credential = self.user("leader").await.credential.expect("a credential");
        let body = json!({"credentialID": credential.id, "numSignatures": 1, "hashes": ["AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="],
            "hashAlgorithmOID": "2.16.840.1.101.3.4.2.1", "authData": [{"id": "PIN"}],
            "description": "MA 4298. Ky BS, 3 trang, UBND xa Mau", "clientData": reference});
        let url = format!("{}/csc/v2/credentials/authorize", self.setting("signing-request", "GATEWAY_URL"));
        let token = self.setting("signing-request", "GATEWAY_TOKEN");
        self.http.post(url).bearer_auth(token).json(&body).send().await.expect("an answer").status()
    }

    async fn letter(&self, to: &str) {
        use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message};
        let text = |data: &str| Content::builder().data(data).build().expect("content");
        let message = Message::builder()
            .subject(text("Bản sao của bạn"))
            .body(Body::builder().text(text("Mở http://127.0.0.1:1/d/abc để xem.")).build())
            .build();
        let client = aws_sdk_sesv2::Client::new(&self.sdk);
        let send = client.send_email().from_email_address(self.setting("delivery", "SENDER"));
        let send = send.destination(Destination::builder().to_addresses(to).build());
        send.content(EmailContent::builder().simple(message).build()).send().await.expect("a letter is sent");
    }

    async fn stop(self) {
        self.stack.stop().await;
    }
}

fn chain(ders: &[Vec<u8>]) -> Vec<Certificate> {
    ders.iter().map(|der| Certificate::from_der(der).expect("DER")).collect()
}

/// Polls until the condition holds; a condition that never holds fails the test after a generous while.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    for _ in 0..600 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("this did not happen: {what}");
}

// ---- contract.md §3

async fn the_sandbox_answers_as_the_contract_says() {
    let cloud = start(None).await;
    let personas = cloud.get("/v1/sandbox/personas").await;
    let personas = personas["data"].as_array().expect("a list");
    let keys: Vec<_> = personas.iter().map(|one| one["key"].as_str().expect("a key")).collect();
    let wanted = "citizen clerk leader seal_keeper officer unit_admin top_admin operator portal clerk_b";
    assert_eq!(keys.join(" "), format!("{wanted} leader_usb leader_usb_b"));
    for one in personas {
        for name in ["name", "user_id", "token"] {
            assert!(one[name].as_str().is_some_and(|text| !text.is_empty()), "{name}: {one}");
        }
    }
    let leader = cloud.persona("leader").await;
    assert_eq!((leader["phone"].as_str(), leader["pin"].as_str()), (Some(LEADER), Some("246810")));
    assert!(cloud.persona("clerk").await.get("pin").is_none());
    let citizen = cloud.persona("citizen").await;
    assert!(AccountId::parse(citizen["account_id"].as_str().expect("an account")).is_ok());

    let now = cloud.get("/v1/sandbox/clock").await["now"].as_str().expect("a time").to_owned();
    assert!(now.ends_with("+07:00"), "{now}");
    let moved = cloud.posted("/v1/sandbox/clock", json!({"now": "2031-05-04T09:00:00+07:00"})).await;
    assert!(moved["now"].as_str().is_some_and(|now| now.starts_with("2031-05-04T09:0")), "{moved}");
    let moved = cloud.posted("/v1/sandbox/clock", json!({"advance_s": 86400})).await;
    assert!(moved["now"].as_str().is_some_and(|now| now.starts_with("2031-05-05T09:0")), "{moved}");

    assert_eq!(cloud.get("/v1/sandbox/mailbox").await, json!({"data": []}));
    cloud.letter("dan@example.vn").await;
    let letters = cloud.get("/v1/sandbox/mailbox").await;
    let letter = &letters["data"][0];
    assert_eq!((letter["to"].as_str(), letter["subject"].as_str()), (Some("dan@example.vn"), Some("Bản sao của bạn")));
    assert_eq!(letter["links"], json!(["http://127.0.0.1:1/d/abc"]));
    assert!(letter["at"].as_str().is_some_and(|at| at.starts_with("2031-05-05")), "{letter}");

    assert_eq!(cloud.get(&format!("/v1/sandbox/phones/{LEADER}")).await["data"], json!([]));
    assert_eq!(Certificate::from_pem_many(&cloud.trust().await).expect("PEM").len(), 2);

    assert_eq!(cloud.get("/v1/units").await, json!({"function": "appointment"}));
    let page = cloud.http.get(cloud.url("/phone")).send().await.expect("an answer");
    assert!(page.headers().contains_key("content-security-policy"));
    assert!(page.text().await.expect("text").contains("Nguyễn Văn Ký"));
    cloud.stop().await;
}

async fn what_the_sandbox_does_not_have_is_a_problem() {
    let cloud = start(None).await;
    for (lang, title) in [("vi", "Không tìm thấy"), ("en", "Not found")] {
        for path in ["/v1/sandbox/nothing", "/v1/sandbox", "/v1/sandbox/phones/+84999999999"] {
            let sent = cloud.http.get(cloud.url(path)).header("accept-language", lang).send().await.expect("an answer");
            assert_eq!(sent.status(), StatusCode::NOT_FOUND, "{path}");
            let kind = sent.headers()["content-type"].to_str().expect("text").to_owned();
            assert!(kind.starts_with("application/problem+json"), "{kind}");
            assert_eq!(sent.headers()["content-language"], lang);
            let problem: Value = sent.json().await.expect("JSON");
            assert_eq!((problem["code"].as_str(), problem["title"].as_str()), (Some("not-found"), Some(title)));
        }
    }
    for (path, body, code) in [
        ("/v1/sandbox/clock", json!({}), "validation-failed"),
        ("/v1/sandbox/clock", json!({"now": "2031-05-04T09:00:00+07:00", "advance_s": 1}), "validation-failed"),
        ("/v1/sandbox/clock", json!({"now": "hôm nay"}), "validation-failed"),
        ("/v1/sandbox/clock", json!({"advance_s": 1_000_000_000_000_i64}), "validation-failed"),
        ("/v1/sandbox/clock", json!({"advance": 1}), "unknown-field"),
        ("/v1/sandbox/faults", json!({"tsa": "sometimes"}), "validation-failed"),
        ("/v1/sandbox/reset", json!({"all": true}), "unknown-field"),
    ] {
        let (status, problem) = cloud.post(path, &body).await;
        assert!(status.is_client_error(), "{path} {body}");
        assert_eq!(problem["code"], code, "{path} {body}: {problem}");
    }
    let plain = cloud.http.post(cloud.url("/v1/sandbox/reset")).body("x").send().await.expect("an answer");
    assert_eq!(plain.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let long = vec![b' '; 100_000];
    let long = cloud.http.post(cloud.url("/v1/sandbox/clock")).body(long).send().await.expect("an answer");
    assert_eq!(long.status(), StatusCode::PAYLOAD_TOO_LARGE);
    // no deployed stack has any of this
    let routes = cloud.specs.iter().flat_map(|spec| &spec.routes);
    assert!(
        routes.map(|route| &route.path_pattern).all(|path| !path.contains("sandbox") && !path.starts_with("/phone"))
    );
    cloud.stop().await;
}

// ---- the seed

async fn the_seed_holds_together() {
    let cloud = start(None).await;
    let anchors = Certificate::from_pem_many(&cloud.trust().await).expect("PEM");
    let leader = cloud.user("leader").await;
    let unit = cloud.unit("leader").await;
    assert!(unit.enabled && unit.leaders.first() == Some(&leader.id) && unit.leaders.len() > 1);
    assert_eq!(leader.grants, [(Right::Sign, Some(unit.id.clone()))]);
    assert_eq!(cloud.unit("clerk").await.id, unit.id);
    assert_ne!(cloud.unit("clerk_b").await.id, unit.id);
    assert_eq!(cloud.user("portal").await.grants, [(Right::Portal, None)]);
    assert_eq!(
        cloud.user("citizen").await.account.map(|id| id.to_string()),
        cloud.persona("citizen").await["account_id"].as_str().map(str::to_owned)
    );

    // both signatures of a copy will chain to the roots, at the sandbox's time
    let now = jiff_now(&cloud).await;
    let personal = chain(&leader.credential.expect("a credential").chain);
    for chain in [&personal, &chain(&unit.seal_chain), &chain(&cloud.unit("clerk_b").await.seal_chain)] {
        let leaf = chain.first().expect("a leaf");
        assert!(build(leaf, chain, &anchors, now, Purpose::Signing).is_trusted(), "{}", leaf.subject());
    }
    assert_eq!(personal[0].common_name().as_deref(), Some("Nguyễn Văn Ký"));
    assert_eq!(chain(&unit.seal_chain)[0].common_name().as_deref(), Some(unit.name.as_str()));

    // the key behind each unit's alias is the one that was attested for it
    let kms = aws_sdk_kms::Client::new(&cloud.sdk);
    for unit in [&unit, &cloud.unit("clerk_b").await] {
        let alias = format!("{}{}", cloud.setting("numbering", "SEAL_KEY_ALIAS_PREFIX"), unit.id);
        let key = kms.get_public_key().key_id(alias).send().await.expect("a key");
        assert_eq!(key.public_key().map(|it| it.as_ref()), Some(chain(&unit.seal_chain)[0].spki_der().as_slice()));
    }

    // functions find the trust list where they are told to, and in it the roots
    let s3 = aws_sdk_s3::Client::new(&cloud.sdk);
    let key = cloud.setting("numbering", "TRUST_LIST");
    let object = s3.get_object().bucket(cloud.setting("verification", "BUCKET_NAME")).key(key).send().await;
    let bytes = object.expect("an object").body.collect().await.expect("bytes").into_bytes();
    let signed = pki::cms::SignedData::parse(&bytes).expect("a CMS structure");
    let pins = [pki::trustlist::pin(signed.signer_certificate().expect("a signer"))];
    assert_eq!(cloud.setting("numbering", "TRUST_LIST_PINS"), hex::encode(pins[0]));
    let rules = pki::trustlist::Rules { pins: &pins, production: false, now };
    assert_eq!(pki::trustlist::open(&bytes, &rules).expect("a list").anchors(), anchors);

    let closed = cloud.table().units().await.expect("the table answers");
    assert!(closed.iter().any(|unit| !unit.enabled && unit.seal_chain.is_empty()));
    cloud.stop().await;
}

async fn jiff_now(cloud: &Cloud) -> i64 {
    let now = cloud.get("/v1/sandbox/clock").await["now"].as_str().expect("a time").to_owned();
    now.parse::<jiff::Timestamp>().expect("RFC 3339").as_second()
}

// ---- phones, faults, clock

async fn a_prompt_is_shown_refused_and_confirmed() {
    let cloud = start(None).await;
    let phone = format!("/v1/sandbox/phones/{LEADER}");
    let (status, problem) = cloud.post(&format!("{phone}/confirm"), &json!({"pin": "246810"})).await;
    assert_eq!((status, problem["code"].as_str()), (StatusCode::CONFLICT, Some("wrong-state")), "{problem}");

    assert_eq!(cloud.ask_phone("s1").await, StatusCode::ACCEPTED);
    let shown = cloud.get(&phone).await;
    assert_eq!(shown["data"][0]["text"], "MA 4298. Ky BS, 3 trang, UBND xa Mau");
    assert_eq!(shown["data"][0]["code"], "4298");
    let (status, problem) = cloud.post(&format!("{phone}/confirm"), &json!({"pin": "000000"})).await;
    assert_eq!((status, problem["code"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some("validation-failed")));
    assert_eq!((&problem["errors"][0]["code"], &problem["tries_left"]), (&json!("wrong-pin"), &json!(2)), "{problem}");
    assert_eq!(cloud.posted(&format!("{phone}/confirm"), json!({"pin": "246810"})).await["state"], "confirmed");
    assert_eq!(cloud.get(&phone).await["data"], json!([]));
    assert_eq!(cloud.get(&format!("{phone}?all=true")).await["data"].as_array().map(Vec::len), Some(1));

    assert_eq!(cloud.ask_phone("s2").await, StatusCode::ACCEPTED);
    assert_eq!(cloud.posted(&format!("{phone}/reject"), json!({})).await["state"], "rejected");

    assert_eq!(cloud.posted(&format!("{phone}/scenario"), json!({"name": "unreachable"})).await["name"], "unreachable");
    assert!(cloud.ask_phone("s3").await.is_client_error());
    let (status, problem) = cloud.post(&format!("{phone}/scenario"), &json!({"name": "?"})).await;
    assert_eq!((status, problem["code"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some("validation-failed")));
    cloud.posted(&format!("{phone}/scenario"), json!({"name": "ok"})).await;

    // the drawn handset does the same through the same port
    assert_eq!(cloud.ask_phone("s4").await, StatusCode::ACCEPTED);
    let page = cloud.http.get(cloud.url(&format!("/phone/{LEADER}"))).send().await.expect("an answer");
    assert!(page.text().await.expect("text").contains("4298"));
    let form = cloud.http.post(cloud.url(&format!("/phone/{LEADER}/confirm")));
    let form = form.header("content-type", "application/x-www-form-urlencoded").body("pin=246810");
    let pressed = form.send().await.expect("an answer");
    assert_eq!(pressed.status(), StatusCode::SEE_OTHER);
    assert_eq!(pressed.headers()["location"], format!("/phone/{LEADER}?note=signed"));
    let foreign = cloud.http.post(cloud.url(&format!("/phone/{LEADER}/reject"))).header("sec-fetch-site", "cross-site");
    let foreign = foreign.header("content-type", "application/x-www-form-urlencoded").body("").send().await;
    assert_eq!(foreign.expect("an answer").status(), StatusCode::FORBIDDEN);
    cloud.stop().await;
}

async fn faults_are_switched() {
    let cloud = start(None).await;
    let (url, token) = (cloud.setting("intake", "DIRECTORY_URL"), cloud.setting("intake", "DIRECTORY_TOKEN"));
    let directory = HttpDirectory::new(&url, &token).expect("a client");
    let account = cloud.user("citizen").await.account.expect("an account");
    let found = directory.account(&account).await.expect("an answer").expect("a person");
    assert_eq!(found.name, "Trần Thị Mẫu");
    assert_eq!(directory.lookup("phone", "0900000011").await.expect("an answer"), [found]);
    let stranger = HttpDirectory::new(&url, "another token").expect("a client");
    assert!(stranger.account(&account).await.is_err());

    let all = cloud.posted("/v1/sandbox/faults", json!({"directory": "unavailable", "tsa": "http-500"})).await;
    assert_eq!(
        (&all["directory"], &all["tsa"], &all["ocsp"]),
        (&json!("unavailable"), &json!("http-500"), &json!("none"))
    );
    assert!(directory.account(&account).await.is_err());
    let tsas = cloud.setting("augmentation", "TSA_URLS");
    let first = tsas.split(',').next().expect("a TSA");
    let tsa = cloud.http.post(first).body(vec![0x30]).send().await;
    assert_eq!(tsa.expect("an answer").status(), StatusCode::INTERNAL_SERVER_ERROR);

    let all = cloud.posted("/v1/sandbox/faults", json!({"directory": "none"})).await;
    assert_eq!((&all["directory"], &all["tsa"]), (&json!("none"), &json!("http-500")));
    assert!(directory.account(&account).await.is_ok());

    let issued = cloud.get("/v1/sandbox/revocations").await;
    let leaf = chain(&cloud.user("leader").await.credential.expect("a credential").chain)[0].serial_hex();
    assert!(issued["data"].as_array().expect("a list").iter().any(|one| one["serial"] == leaf.as_str()), "{issued}");
    cloud.posted("/v1/sandbox/revocations", json!({"serial": leaf, "reason": 1})).await;
    let (status, _) = cloud.post("/v1/sandbox/revocations", &json!({"serial": "00ff"})).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    cloud.stop().await;
}

async fn moving_the_clock_runs_the_schedules() {
    let cloud = start(None).await;
    let daily = || {
        let asked = cloud.asked.lock().expect("no panic");
        asked.iter().filter(|(name, event)| name == "examiner" && event["detail-type"] == "Scheduled Event").count()
    };
    let before = daily();
    cloud.posted("/v1/sandbox/clock", json!({"advance_s": 90_000})).await;
    until("the examiner is called", async || daily() > before).await;
    cloud.stop().await;
}

// ---- restarts

/// What must be the same after a restart.
async fn identity(cloud: &Cloud) -> (String, String, Vec<Vec<u8>>, Vec<Vec<u8>>, Value) {
    let leader = cloud.user("leader").await;
    let prompts = cloud.get(&format!("/v1/sandbox/phones/{LEADER}?all=true")).await;
    let keys = cloud.setting("intake", "TOKEN_JWKS");
    let chains = (leader.credential.expect("a credential").chain, cloud.unit("leader").await.seal_chain);
    (cloud.trust().await, keys, chains.0, chains.1, prompts)
}

async fn a_stopped_stack_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let first = start(Some(&data)).await;
    first.letter("dan@example.vn").await;
    first.ask_phone("s1").await;
    first.posted("/v1/sandbox/clock", json!({"advance_s": 3_600})).await;
    let (url, offset) = (first.stack.url().to_owned(), first.get("/v1/sandbox/clock").await["offset_s"].clone());
    let before = identity(&first).await;

    // somebody deactivates the deputy, and that stays
    let unit = first.unit("leader").await;
    let deputy = first.table().user(&unit.leaders[1]).await.expect("the table answers").expect("a deputy");
    first
        .table()
        .commit(vec![Write::User(User { active: false, changed: deputy.changed.again(), ..deputy.clone() })])
        .await
        .expect("written");

    let busy = Stack::start(options(Some(&data)), async |_, _| Ok(BTreeMap::new())).await;
    let message = busy.expect_err("one stack per directory").to_string();
    assert!(message.contains("in use by another process"), "{message}");
    first.stop().await;

    let second = start(Some(&data)).await;
    assert_eq!(second.stack.url(), url);
    assert_eq!(second.get("/v1/sandbox/clock").await["offset_s"], offset);
    assert_eq!(second.get("/v1/sandbox/mailbox").await["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(identity(&second).await, before);
    let deputy = second.table().user(&deputy.id).await.expect("the table answers").expect("a deputy");
    assert!(!deputy.active);
    assert_eq!(second.get("/v1/units").await, json!({"function": "appointment"}));
    second.stop().await;
}

/// A stack in a process of its own.
fn child(data: &Path) -> (Child, String) {
    let program = std::env::current_exe().expect("this program");
    let mut child = Command::new(program).arg("child").arg(data).stdout(Stdio::piped()).spawn().expect("a child");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
    let url = line.trim().strip_prefix("READY ").expect("ready").to_owned();
    (child, url)
}

async fn a_killed_stack_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().to_owned();
    let (mut process, url) = child(&data);
    let get =
        async |path: &str| reqwest::get(format!("{url}{path}")).await.expect("an answer").text().await.expect("text");
    let trust = get("/v1/sandbox/trust.pem").await;
    process.kill().expect("killed");
    process.wait().expect("gone");

    let cloud = start(Some(&data)).await;
    assert_eq!(cloud.stack.url(), url);
    assert_eq!(cloud.trust().await, trust);
    assert_eq!(cloud.ask_phone("s1").await, StatusCode::ACCEPTED);
    cloud.stop().await;

    // killed while it starts for the first time, at several moments
    for moment in [5, 40, 150, 400] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        let mut process = command.arg("child").arg(folder.path()).stdout(Stdio::null()).spawn().expect("a child");
        tokio::time::sleep(Duration::from_millis(moment)).await;
        process.kill().expect("killed");
        process.wait().expect("gone");
        let cloud = start(Some(folder.path())).await;
        assert_eq!(cloud.ask_phone("s1").await, StatusCode::ACCEPTED, "killed after {moment} ms");
        cloud.stop().await;
    }
}

/// The simulators that this process started, by their process ids.
fn simulators(directory: &Path) -> Vec<u32> {
    let ours = |id: &u32| {
        let line = std::fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).into_owned();
        line.contains("simpki") && line.contains(&*directory.to_string_lossy())
    };
    let entries = std::fs::read_dir("/proc").expect("Linux").flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(ours).collect()
}

async fn a_simulator_that_dies_is_started_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().canonicalize().expect("a path");
    let cloud = start(Some(&data)).await;
    let before = identity(&cloud).await;
    let [id] = simulators(&data)[..] else { panic!("one simulator") };
    let killed = Command::new("kill").arg("-9").arg(id.to_string()).status().expect("kill runs");
    assert!(killed.success());
    until("another simulator runs", async || simulators(&data).iter().any(|other| *other != id)).await;
    until("it answers", async || {
        let sent = cloud.http.get(cloud.url(&format!("/v1/sandbox/phones/{LEADER}"))).send().await.expect("an answer");
        sent.status() == StatusCode::OK
    })
    .await;
    assert_eq!(identity(&cloud).await, before);
    assert_eq!(cloud.ask_phone("s1").await, StatusCode::ACCEPTED);
    cloud.stop().await;
    assert!(simulators(&data).is_empty(), "the simulator ends with the stack");
}

async fn a_reset_empties_and_seeds() {
    let cloud = start(None).await;
    let table = cloud.table();
    let unit = cloud.unit("clerk").await;
    let counter = Counter { unit: unit.id.clone(), suffix: "SCT/BS".to_owned(), year: 2026, last: 1 };
    let closed = Write::Unit(Unit { enabled: false, changed: unit.changed.again(), ..unit.clone() });
    table.commit(vec![Write::Counter(counter), closed]).await.expect("written");
    let (s3, bucket) = (aws_sdk_s3::Client::new(&cloud.sdk), cloud.setting("intake", "BUCKET_NAME"));
    let create = async || {
        let put = s3.put_object().bucket(&bucket).key("numbers/x/1-sealed.pdf").if_none_match("*");
        put.body(b"%PDF".to_vec().into()).send().await
    };
    create().await.expect("created");
    assert!(create().await.is_err());
    cloud.letter("dan@example.vn").await;
    cloud.ask_phone("s1").await;
    let phone = format!("/v1/sandbox/phones/{LEADER}");
    for _ in 0..3 {
        cloud.post(&format!("{phone}/confirm"), &json!({"pin": "000000"})).await;
    }
    assert_eq!(cloud.get(&phone).await["tries_left"], 0);
    cloud.posted("/v1/sandbox/clock", json!({"advance_s": 3_600})).await;
    cloud.posted("/v1/sandbox/faults", json!({"ocsp": "unknown", "directory": "unavailable"})).await;
    let (trust, leader) = (cloud.trust().await, cloud.user("leader").await);

    let sent = cloud.http.post(cloud.url("/v1/sandbox/reset")).send().await.expect("an answer");
    assert_eq!(sent.status(), StatusCode::OK, "{:?}", sent.text().await);

    assert_eq!(table.unit(&unit.id).await.expect("the table answers"), Some(unit.clone()));
    assert_eq!(table.counter(&unit.id, "SCT/BS", 2026).await.expect("the table answers"), None);
    create().await.expect("a number that is given again can be sealed again");
    assert_eq!(cloud.get("/v1/sandbox/mailbox").await, json!({"data": []}));
    assert_eq!(cloud.get("/v1/sandbox/clock").await["offset_s"], 0);
    let faults = cloud.get("/v1/sandbox/faults").await;
    assert_eq!((&faults["ocsp"], &faults["directory"]), (&json!("none"), &json!("none")));
    assert_eq!(cloud.get(&phone).await["tries_left"], 3);
    assert_eq!((cloud.trust().await, cloud.user("leader").await), (trust, leader));
    assert_eq!(cloud.ask_phone("s2").await, StatusCode::ACCEPTED);
    cloud.stop().await;
}

async fn without_sample_data_nobody_is_there() {
    let cloud = start_with(Options { sample_data: false, ..options(None) }).await;
    assert_eq!(cloud.get("/v1/sandbox/personas").await, json!({"data": []}));
    assert!(cloud.table().units().await.expect("the table answers").is_empty());
    assert_eq!(cloud.get("/v1/units").await, json!({"function": "appointment"}));
    cloud.stop().await;
}
