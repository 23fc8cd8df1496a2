//! The SIM-PKI simulator as a child process, and what the sandbox asks of it.
//!
//! The child ends when its standard input closes (decision 35): the system closes it when this process dies, however it
//! dies. It is started again when it ends by itself; its port stays, because functions know it.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::redirect::Policy;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;

use crate::error::{Error, Result};
use crate::serve::Stop;

const SERVICE: &str = "simpki";
/// Where the child reads with what it signs its hints.
pub const CALLBACK_SECRET_VARIABLE: &str = "CTDT_CALLBACK_SECRET";
/// What the child prints when it answers.
const READY: &str = "SIMPKI READY ";
/// How long a start may take.
const START: Duration = Duration::from_secs(20);
/// How long the child may take to end when its standard input closes.
const END: Duration = Duration::from_secs(2);
/// Pauses before a restart; doubled each time, reset by a start that succeeds.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// A call of the sandbox.
const CALL: Duration = Duration::from_secs(15);
/// The largest answer: a phone with its history.
const ANSWER_LIMIT: usize = 1024 * 1024;

/// How to run the child.
#[derive(Debug, Clone)]
pub(crate) struct Launch {
    /// A program with the subcommand `simpki`.
    pub(crate) program: PathBuf,
    /// Where its state lies.
    pub(crate) directory: PathBuf,
    /// The shared clock.
    pub(crate) clock_offset_file: PathBuf,
    /// What clients must bring.
    pub(crate) token: String,
    /// Where it tells that a prompt has ended.
    pub(crate) callback: String,
    /// With what it signs that.
    pub(crate) callback_secret: &'static str,
    /// 0 takes a free port.
    pub(crate) port: u16,
}

/// A running child. Its pipes are held here: the input keeps it alive, the output keeps its writes from failing.
struct Running {
    child: Child,
    input: Option<ChildStdin>,
    _output: BufReader<ChildStdout>,
}

impl Launch {
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("simpki").arg("--port").arg(self.port.to_string()).arg("--dir").arg(&self.directory);
        command.arg("--clock-offset-file").arg(&self.clock_offset_file).arg("--token").arg(&self.token);
        command.arg("--callback").arg(&self.callback).env(CALLBACK_SECRET_VARIABLE, self.callback_secret);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        // A Ctrl-C at the terminal is for us; we end the child when everything else has ended.
        #[cfg(unix)]
        command.process_group(0);
        command
    }

    /// Starts the child and waits until it answers; gives its base URL.
    async fn run(&self) -> Result<(Running, String)> {
        let told = |message: String| Error::service(SERVICE, message);
        let mut child = self
            .command()
            .spawn()
            .map_err(|error| told(format!("{} cannot be started: {error}", self.program.display())))?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let output = output.ok_or_else(|| told("the child has no standard output".to_owned()))?;
        let mut output = BufReader::new(output);
        let url = match tokio::time::timeout(START, ready(&mut output)).await {
            Ok(Some(url)) => url,
            Ok(None) => return Err(told("the child ended before it was ready".to_owned())),
            Err(_) => return Err(told(format!("the child was not ready after {} s", START.as_secs()))),
        };
        Ok((Running { child, input, _output: output }, url))
    }
}

/// The URL of the ready line; `None` when the output ends without one.
async fn ready(output: &mut BufReader<ChildStdout>) -> Option<String> {
    let mut line = String::new();
    while output.read_line(&mut line).await.ok()? > 0 {
        if let Some(url) = line.strip_prefix(READY) {
            return Some(url.trim().to_owned());
        }
        line.clear();
    }
    None
}

impl Running {
    async fn end(mut self) {
        drop(self.input.take());
        if tokio::time::timeout(END, self.child.wait()).await.is_err() {
            tracing::warn!("simpki did not end when its standard input closed");
            let _ = self.child.kill().await;
        }
    }
}

/// Keeps the child running until the stop.
async fn supervise(launch: Launch, mut running: Running, mut stop: Stop) {
    loop {
        let ended = tokio::select! {
            () = stop.wait() => None,
            status = running.child.wait() => Some(status),
        };
        let Some(status) = ended else { return running.end().await };
        tracing::warn!(?status, "simpki ended by itself and is started again");
        running = match again(&launch, &mut stop).await {
            Some(next) => next,
            None => return,
        };
    }
}

/// Starts the child again, however often that takes; `None` when everything stops meanwhile.
async fn again(launch: &Launch, stop: &mut Stop) -> Option<Running> {
    let mut pause = FIRST_PAUSE;
    loop {
        tokio::select! {
            () = stop.wait() => return None,
            () = tokio::time::sleep(pause) => {}
        }
        tokio::select! {
            () = stop.wait() => return None,
            result = launch.run() => match result {
                Ok((running, _)) => return Some(running),
                Err(error) => tracing::error!(%error, "simpki cannot be started again"),
            },
        }
        pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
    }
}

/// What the simulator said to a call.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Said {
    /// The body as JSON; null when it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}

/// A SIM as it was enrolled.
#[derive(Debug, Clone)]
pub(crate) struct Enrolled {
    /// CSC `credentialID`.
    pub(crate) credential: String,
    /// DER SubjectPublicKeyInfo.
    pub(crate) spki: Vec<u8>,
}

/// The client side.
#[derive(Debug)]
pub(crate) struct Simulator {
    url: String,
    token: String,
    http: reqwest::Client,
}

/// The process side.
#[derive(Debug)]
pub(crate) struct SimulatorProcess(JoinHandle<()>);

impl SimulatorProcess {
    /// Waits until the child has ended; the stop must have been asked for.
    pub(crate) async fn ended(self) {
        let _ = self.0.await;
    }
}

impl Simulator {
    /// Starts the child.
    ///
    /// # Errors
    /// [`Error::Service`] when it cannot be started or does not answer.
    pub(crate) async fn start(launch: Launch, stop: Stop) -> Result<(Self, SimulatorProcess)> {
        let (running, url) = launch.run().await?;
        let port = url.rsplit(':').next().and_then(|port| port.parse().ok());
        let port = port.ok_or_else(|| Error::service(SERVICE, format!("{url} has no port")))?;
        let http = reqwest::Client::builder().no_proxy().redirect(Policy::none()).timeout(CALL).build();
        let http = http.map_err(|error| Error::service(SERVICE, error))?;
        let token = launch.token.clone();
        let task = tokio::spawn(supervise(Launch { port, ..launch }, running, stop));
        Ok((Self { url, token, http }, SimulatorProcess(task)))
    }

    /// Where the gateway's API answers.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Makes a SIM, or finds the one that the number has.
    ///
    /// # Errors
    /// [`Error::Service`].
    pub(crate) async fn enrol(&self, msisdn: &str, name: &str, pin: &str) -> Result<Enrolled> {
        let body = json!({"msisdn": msisdn, "name": name, "pin": pin});
        let said = self.admin(Method::POST, "/admin/subscribers", body).await?;
        let text = |name: &str| said.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let spki = STANDARD.decode(text("spki")).map_err(|error| Error::service(SERVICE, error))?;
        Ok(Enrolled { credential: text("credentialID"), spki })
    }

    /// Brings a SIM its X.509 certificates, leaf first.
    ///
    /// # Errors
    /// [`Error::Service`].
    pub(crate) async fn install(&self, msisdn: &str, chain: &[Vec<u8>]) -> Result<()> {
        let body = json!({"certificates": chain.iter().map(|der| STANDARD.encode(der)).collect::<Vec<_>>()});
        self.admin(Method::PUT, &format!("/admin/subscribers/{}/chain", encoded(msisdn)), body).await.map(drop)
    }

    /// A SIM as it was at the beginning: its PIN not blocked, nothing on the screen, the person decides.
    ///
    /// # Errors
    /// [`Error::Service`].
    pub(crate) async fn calm(&self, msisdn: &str) -> Result<()> {
        let phone = format!("/phones/{}", encoded(msisdn));
        self.admin(Method::POST, &format!("/admin/subscribers/{}/unblock", encoded(msisdn)), json!({})).await?;
        self.json(Method::POST, &format!("{phone}/scenario"), &json!({"name": "ok"})).await?;
        // Nothing to refuse is what is wanted.
        self.json(Method::POST, &format!("{phone}/reject"), &json!({})).await.map(drop)
    }

    async fn admin(&self, method: Method, path: &str, body: Value) -> Result<Value> {
        let said = self.json(method, path, &body).await?;
        if said.status.is_success() {
            Ok(said.json())
        } else {
            Err(Error::service(SERVICE, format!("{path} answered {}: {}", said.status, said.json())))
        }
    }

    /// A call with a JSON body.
    ///
    /// # Errors
    /// [`Error::Service`] when the simulator does not answer.
    pub(crate) async fn json(&self, method: Method, path: &str, body: &Value) -> Result<Said> {
        let headers =
            HeaderMap::from_iter([(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"))]);
        let body = if method == Method::GET { Bytes::new() } else { Bytes::from(body.to_string()) };
        self.call(method, path, headers, body).await
    }

    /// Any call; `path` with its query, already encoded.
    ///
    /// # Errors
    /// [`Error::Service`] when the simulator does not answer, or says more than it may.
    pub(crate) async fn call(&self, method: Method, path: &str, headers: HeaderMap, body: Bytes) -> Result<Said> {
        let failed = |error: reqwest::Error| Error::service(SERVICE, error.without_url());
        let request =
            self.http.request(method, format!("{}{path}", self.url)).headers(headers).bearer_auth(&self.token);
        let mut answer = request.body(body).send().await.map_err(failed)?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            body.extend_from_slice(&chunk);
            if body.len() > ANSWER_LIMIT {
                return Err(Error::service(SERVICE, "the answer is too long"));
            }
        }
        Ok(Said { status, headers, body: body.into() })
    }
}

/// One segment of a path.
pub(crate) fn encoded(segment: &str) -> String {
    utf8_percent_encode(segment, NON_ALPHANUMERIC).to_string()
}
