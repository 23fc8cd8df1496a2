//! contract.md §4 on a cloud that nobody of us wrote: both templates deployed to ministack through CloudFormation, the real
//! Lambda programs behind its HTTP API, its streams, its keys, its bucket, its mail. Beside it stand the test PKI, the
//! simulator and the directory (`local::beside`).
//!
//! Optional: where ministack is not installed the test says so and passes. `cargo xtask test` installs it, with what
//! `ministack.txt` names. Whatever fails, the end of ministack's log is shown.

use std::collections::BTreeMap;
use std::io::{Cursor, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use local::beside::{Api, Beside, Cloud, SealingUnit, sealing_units};
use local::credentials::Credentials;
use local::sdk::Endpoints;
use reqwest::Method;
use serde_json::{Value, json};
use zip::write::SimpleFileOptions;

use crate::client::Client;
use crate::job::*;

/// Longest start, on a machine that is busy with other tests.
const START: Duration = Duration::from_secs(240);
/// Longest creation of a stack.
const DEPLOY: Duration = Duration::from_secs(240);
/// How long it may take to end its functions and itself.
const END: Duration = Duration::from_secs(15);
/// Ends a test that hangs, programs already built. Alone it takes a minute and a half, most of it the wait for the schedules.
const WHOLE: Duration = Duration::from_secs(1200);
const POLL: Duration = Duration::from_millis(200);
/// Tries of a start: another program may take the port that was free a moment ago.
const TRIES: u32 = 3;
/// How many lines of its log are shown when something failed.
const TAIL: usize = 200;
/// Where the programs and the template lie for CloudFormation, as `sam deploy` has it.
const CODE: &str = "code";
const NAME: &str = "ctdt-dev";
/// Functions that read the table's stream.
const STREAMED: [&str; 3] = ["augmentation", "delivery", "numbering"];
/// Functions that are called every minute.
const SCHEDULED: [&str; 4] = ["augmentation", "delivery", "numbering", "signing-callback"];
/// A minute, and much patience with a machine that is busy with other tests.
const SCHEDULE: Duration = Duration::from_secs(400);
/// Who has no account.
const READER: &str = "mau@example.com";

/// The program: what `MINISTACK` names, or what `cargo xtask test` installed, whole and of these versions.
fn installed() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("MINISTACK").map(PathBuf::from) {
        assert!(named.is_file(), "MINISTACK={} is no file", named.display());
        return Some(named);
    }
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tools/ministack");
    let whole =
        std::fs::read_to_string(own.join("requirements.txt")).is_ok_and(|it| it == include_str!("ministack.txt"));
    whole.then(|| own.join("bin/ministack"))
}

/// The main job and a letter, on a deployment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_main_job_deployed_to_ministack() {
    let Some(program) = installed() else {
        // Past the test runner, which keeps what passing tests print to itself.
        let told = "\nSKIPPED: contract.md §4 deployed to ministack (ministack is not installed: cargo xtask test --only tools)\n";
        std::io::stderr().write_all(told.as_bytes()).expect("told");
        return;
    };
    let programs = crate::lambda::programs();
    tokio::time::timeout(WHOLE, on_ministack(&program, programs)).await.expect("the test ends in time");
}

async fn on_ministack(program: &Path, programs: &Path) {
    let ministack = Ministack::start(program).await;
    let beside = Beside::start(Path::new(env!("CARGO_BIN_EXE_ctdt"))).await.expect("the sandbox starts");
    let api = deploy(&ministack, &beside, programs).await;
    beside.lead_to(api);

    crate::contract::main_job(beside.url()).await;
    let client = Client::new(beside.url()).await;
    for address in [beside.parameters()["Sender"].as_str(), READER] {
        ministack.verified(address).await;
    }
    a_letter(&ministack, &client).await;
    ministack.events_came().await;

    beside.stop().await;
    ministack.passed();
}

/// Both templates, the keys and the seed; gives where the API answers.
async fn deploy(ministack: &Ministack, beside: &Beside, programs: &Path) -> Api {
    let region = Credentials::default().region;
    let here = format!(
        "<CreateBucketConfiguration><LocationConstraint>{region}</LocationConstraint></CreateBucketConfiguration>"
    );
    ministack.put("", here.into_bytes()).await;
    for name in crate::lambda::names() {
        ministack.put(&format!("/{name}.zip"), package(&programs.join(&name))).await;
    }
    let units = sealing_units();
    let first = units.first().expect("a unit that seals").unit.as_str();
    let state = BTreeMap::from([("Stage".to_owned(), "dev".to_owned()), ("SealUnit".to_owned(), first.to_owned())]);
    let state = ministack.create_stack("ctdt-dev-state", local::resources::STATE_TEMPLATE, &state).await;
    let keys = ministack.seal_keys(&units).await;
    let report_key = ministack.public_key(&state["ReportKeyAlias"]).await;
    let qr_key = ministack.public_key(&state["QrKeyAlias"]).await;
    let cloud = ministack.cloud(&state["TableName"], &state["DocumentsBucket"], report_key, qr_key);
    beside.plant(&cloud, &keys).await.expect("the seed is planted");

    let template = packaged(local::functions::TEMPLATE);
    let outputs = ministack.create_stack(NAME, &template, beside.parameters()).await;
    let host = outputs["ApiUrl"].trim_start_matches("http://").trim_start_matches("https://").trim_end_matches('/');
    Api { url: ministack.url.clone(), host: host.to_owned() }
}

/// The template as `sam package` writes it: code in a bucket instead of in folders.
fn packaged(template: &str) -> String {
    let line = |line: &str| match line.split_once("CodeUri: functions/") {
        Some((before, name)) => format!("{before}CodeUri: s3://{CODE}/{name}.zip\n"),
        None => format!("{line}\n"),
    };
    template.lines().map(line).collect()
}

/// A program as Lambda takes it: `bootstrap` in an archive, without debug information, as `sam build` makes it.
fn package(program: &Path) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    let bare = folder.path().join("bootstrap");
    let status = Command::new("strip").arg("--strip-debug").arg("-o").arg(&bare).arg(program).status();
    assert!(status.expect("strip").success(), "{}", program.display());
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options =
        SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored).unix_permissions(0o755);
    archive.start_file("bootstrap", options).expect("an entry");
    archive.write_all(&std::fs::read(bare).expect("stripped")).expect("written");
    archive.finish().expect("an archive").into_inner()
}

/// contract.md §4, step 11: who has no account gets a letter with a link, and no identity number in it.
async fn a_letter(ministack: &Ministack, client: &Client) {
    let (_, copies) = submitted(client, READER, 1).await;
    signed(client, &copies).await;
    let session = client.by("seal_keeper", seal(&copies)).await.is(202).text("/id");
    assert_eq!(ended(client, "seal_keeper", &session).await["state"], "done");
    let until = Instant::now() + PATIENCE;
    loop {
        let all = ministack.get("/_ministack/ses/messages").await;
        if all.contains(READER) {
            assert!(all.contains(client.url.as_str()), "no link: {all}");
            assert!(!all.contains("001099009999"), "{all}");
            return;
        }
        assert!(Instant::now() < until, "no letter: {all}");
        tokio::time::sleep(POLL).await;
    }
}

fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// How it is started. Its functions inherit what it is given: nothing of this machine.
fn command(program: &Path, port: u16, folder: &Path) -> Command {
    let region = Credentials::default().region;
    let log = std::fs::File::create(folder.join("log")).expect("a log");
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .envs([("HOME", folder), ("TMPDIR", folder), ("STATE_DIR", folder), ("S3_DATA_DIR", folder)])
        .envs([("GATEWAY_PORT", port.to_string().as_str()), ("BIND_HOST", "127.0.0.1")])
        .envs([("MINISTACK_HOST", "localhost"), ("MINISTACK_REGION", region.as_str())])
        .envs([("AWS_DEFAULT_REGION", region.as_str()), ("AWS_ENDPOINT_URL", url(port).as_str())])
        .envs([("IOT_MTLS_ENABLED", "0"), ("SFTP_ENABLED", "0"), ("PYTHONUNBUFFERED", "1")])
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("a second handle"))
        .stderr(log)
        // A group of its own, that its functions can be ended even if it dies.
        .process_group(0);
    command
}

/// A running ministack with nothing in it. It and its functions end when this goes.
struct Ministack {
    child: Child,
    url: String,
    http: reqwest::Client,
    passed: bool,
    // its functions' code and its log; goes last
    folder: tempfile::TempDir,
}

impl Ministack {
    async fn start(program: &Path) -> Self {
        for _ in 1..TRIES {
            if let Ok(ministack) = Self::try_start(program).await {
                return ministack;
            }
        }
        Self::try_start(program).await.unwrap_or_else(|status| panic!("ministack ended with {status}"))
    }

    /// Waits until it answers; gives its status if it ended instead.
    async fn try_start(program: &Path) -> Result<Self, ExitStatus> {
        let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a port").port();
        let folder = tempfile::tempdir().expect("a folder");
        let child = command(program, port, folder.path()).spawn().expect("ministack starts");
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60)).build().expect("a client");
        let mut ministack = Self { child, url: url(port), http, passed: false, folder };
        let until = Instant::now() + START;
        while !ministack.answers().await {
            if let Some(status) = ministack.child.try_wait().expect("a child") {
                return Err(status);
            }
            assert!(Instant::now() < until, "ministack does not answer");
            tokio::time::sleep(POLL).await;
        }
        Ok(ministack)
    }

    async fn answers(&self) -> bool {
        let answer = self.http.get(format!("{}/_ministack/ready", self.url)).send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.folder.path().join("log")).unwrap_or_default()).into_owned()
    }

    /// The cloud for our own clients.
    fn cloud(&self, table: &str, bucket: &str, report_key: Vec<u8>, qr_key: Vec<u8>) -> Cloud {
        let url = || self.url.clone();
        let endpoints = Endpoints { dynamodb: url(), s3: url(), kms: url(), sesv2: url() };
        let sdk = endpoints.config(&Credentials::default());
        Cloud { sdk, table: table.to_owned(), bucket: bucket.to_owned(), report_key, qr_key }
    }

    /// A request for one of its services. It reads the service's name in the signature, which it does not check.
    async fn call(&self, service: &str, method: Method, path: &str, header: (&str, &str), body: Vec<u8>) -> String {
        let Credentials { access_key, region, .. } = Credentials::default();
        let scope = format!("{access_key}/20260101/{region}/{service}/aws4_request");
        let signature = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00");
        let request = self.http.request(method, format!("{}{path}", self.url)).header("authorization", signature);
        let answer = request.header(header.0, header.1).body(body).send().await.expect("ministack answers");
        let (status, text) = (answer.status(), answer.text().await.expect("text"));
        assert!(status.is_success(), "{service} {path}: {status} {text}");
        text
    }

    /// Waits until each function with a stream took records of it, and each with a schedule was called by it: a minute after
    /// the deployment. Without this a schedule could hide that no stream works.
    async fn events_came(&self) {
        let streams = STREAMED.map(|name| format!("ESM: Lambda {NAME}-{name} processed "));
        let schedules = SCHEDULED.map(|name| format!("EventBridge → Lambda {NAME}-{name}: dispatched"));
        let until = Instant::now() + SCHEDULE;
        loop {
            let log = self.log();
            let missing: Vec<_> = streams.iter().chain(&schedules).filter(|line| !log.contains(*line)).collect();
            if missing.is_empty() {
                return;
            }
            assert!(Instant::now() < until, "not in ministack's log: {missing:?}");
            tokio::time::sleep(POLL).await;
        }
    }

    /// What an operator does in SES once: the sender's address is verified, and, as in SES's own sandbox, the reader's.
    async fn verified(&self, address: &str) {
        let body = json!({"EmailIdentity": address}).to_string().into_bytes();
        let kind = ("content-type", "application/json");
        self.call("ses", Method::POST, "/v2/email/identities", kind, body).await;
    }

    async fn get(&self, path: &str) -> String {
        self.call("s3", Method::GET, path, ("accept", "*/*"), Vec::new()).await
    }

    /// Into the bucket of code; without a path, the bucket itself.
    async fn put(&self, path: &str, bytes: Vec<u8>) {
        let kind = ("content-type", "application/octet-stream");
        self.call("s3", Method::PUT, &format!("/{CODE}{path}"), kind, bytes).await;
    }

    async fn cloudformation(&self, parameters: &[(String, String)]) -> String {
        let version = [("Version".to_owned(), "2010-05-15".to_owned())];
        let url = reqwest::Url::parse_with_params("http://x/", version.iter().chain(parameters)).expect("a form");
        let kind = ("content-type", "application/x-www-form-urlencoded");
        let form = url.query().unwrap_or_default().as_bytes().to_vec();
        self.call("cloudformation", Method::POST, "/", kind, form).await
    }

    /// Creates a stack and waits for it; gives its outputs.
    async fn create_stack(
        &self,
        name: &str,
        template: &str,
        parameters: &BTreeMap<String, String>,
    ) -> BTreeMap<String, String> {
        self.put(&format!("/{name}"), template.as_bytes().to_vec()).await;
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let named = pair("StackName", name);
        let mut form = vec![pair("Action", "CreateStack"), named.clone()];
        form.push(pair("TemplateURL", &format!("{}/{CODE}/{name}", self.url)));
        for (index, capability) in (1..).zip(["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]) {
            form.push(pair(&format!("Capabilities.member.{index}"), capability));
        }
        for (index, (key, value)) in (1..).zip(parameters) {
            form.push(pair(&format!("Parameters.member.{index}.ParameterKey"), key));
            form.push(pair(&format!("Parameters.member.{index}.ParameterValue"), value));
        }
        self.cloudformation(&form).await;
        let until = Instant::now() + DEPLOY;
        loop {
            let told = self.cloudformation(&[pair("Action", "DescribeStacks"), named.clone()]).await;
            if told.contains("<StackStatus>CREATE_COMPLETE<") {
                return outputs(&told);
            }
            if !told.contains("<StackStatus>CREATE_IN_PROGRESS<") || Instant::now() > until {
                let events = self.cloudformation(&[pair("Action", "DescribeStackEvents"), named.clone()]).await;
                panic!("{name} is not created: {told}\n{}", events.replace("</member>", "</member>\n"));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    async fn kms(&self, action: &str, body: Value) -> Value {
        let target = format!("TrentService.{action}");
        let told = self.call("kms", Method::POST, "/", ("x-amz-target", &target), body.to_string().into_bytes()).await;
        serde_json::from_str(&told).unwrap_or(Value::Null)
    }

    /// Each unit's public key by unit; all keys but the first, which `state.yaml` made, are made here.
    async fn seal_keys(&self, units: &[SealingUnit]) -> BTreeMap<String, Vec<u8>> {
        let mut keys = BTreeMap::new();
        for (index, unit) in units.iter().enumerate() {
            if index > 0 {
                let key = self.kms("CreateKey", json!({"KeySpec": "RSA_3072", "KeyUsage": "SIGN_VERIFY"})).await;
                let target = &key["KeyMetadata"]["KeyId"];
                self.kms("CreateAlias", json!({"AliasName": unit.alias, "TargetKeyId": target})).await;
            }
            keys.insert(unit.unit.clone(), self.public_key(&unit.alias).await);
        }
        keys
    }

    /// A key's SubjectPublicKeyInfo.
    async fn public_key(&self, alias: &str) -> Vec<u8> {
        let key = self.kms("GetPublicKey", json!({"KeyId": alias})).await;
        STANDARD.decode(key["PublicKey"].as_str().unwrap_or_default()).expect("a public key")
    }

    /// SIGTERM to it; what is left of its group after that is killed.
    fn end(&mut self) {
        let pid = self.child.id();
        let signal = |name: &str, whom: String| {
            let quiet = Command::new("kill").args([name, "--", &whom]).stderr(Stdio::null()).status();
            quiet.is_ok_and(|status| status.success())
        };
        signal("-TERM", pid.to_string());
        let until = Instant::now() + END;
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < until {
            std::thread::sleep(POLL);
        }
        signal("-KILL", format!("-{pid}"));
        let _ = self.child.wait();
    }

    /// Nothing more to tell; ends it.
    fn passed(mut self) {
        self.passed = true;
    }
}

impl Drop for Ministack {
    fn drop(&mut self) {
        self.end();
        if !self.passed {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            eprintln!("ministack's log ends with:\n{}", lines[lines.len().saturating_sub(TAIL)..].join("\n"));
        }
    }
}

/// The outputs in an answer of DescribeStacks.
fn outputs(told: &str) -> BTreeMap<String, String> {
    let document = roxmltree::Document::parse(told).expect("XML");
    let keys = document.descendants().filter(|node| node.tag_name().name() == "OutputKey");
    let value = |key: roxmltree::Node<'_, '_>| {
        let value = key.parent()?.children().find(|node| node.tag_name().name() == "OutputValue")?;
        Some((key.text()?.to_owned(), value.text()?.to_owned()))
    };
    keys.filter_map(value).collect()
}
