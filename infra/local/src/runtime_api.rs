//! The Lambda Runtime API (2018-06-01) on loopback, in front of unmodified Lambda binaries.
//!
//! Each process of a function has a listener of its own, so that an answer is always that of the process that was asked.
//! Not here: response streaming, extensions, the telemetry API, a limit on memory, freezing between invocations.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path as Parameter, Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use http::{HeaderMap, StatusCode, header};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::credentials::Credentials;
use crate::error::{Error, Result};
use crate::functions::{FunctionSpec, Handler, PAYLOAD_LIMIT};
use crate::serve::{self, Stop, StopHandle};

/// How long a process may take until it asks for its first invocation. Lambda gives 10 s; a loaded machine needs more.
const START_LIMIT: Duration = Duration::from_secs(30);
/// The pause before a process that crashed is started again; it doubles while the process does not come up.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How many of the last lines of output a message about a crash quotes.
const LAST_LINES: usize = 8;

/// A function as running processes. Dropping it kills them.
#[derive(Debug)]
pub struct Process {
    function: String,
    queue: mpsc::UnboundedSender<Invocation>,
    tasks: JoinSet<()>,
    stop: StopHandle,
}

impl Process {
    /// Starts a function's processes, two when it answers requests, one otherwise, and waits until each of them asks
    /// for work. The environment is that of the template and of Lambda, and `extra_env`, which wins; nothing of this
    /// process's own environment is handed on.
    ///
    /// # Errors
    /// [`Error::Function`] with what the function said when it does not come up.
    pub async fn start(binary: &Path, spec: &FunctionSpec, extra_env: &BTreeMap<String, String>) -> Result<Self> {
        let count = if spec.routes.is_empty() { 1 } else { 2 };
        Self::start_many(binary, spec, extra_env, count).await
    }

    /// As [`Process::start`] with a number of processes: so many invocations run at once, the others wait.
    ///
    /// # Errors
    /// As [`Process::start`].
    pub async fn start_many(
        binary: &Path,
        spec: &FunctionSpec,
        extra_env: &BTreeMap<String, String>,
        count: usize,
    ) -> Result<Self> {
        let (queue, receiver) = mpsc::unbounded_channel();
        let receiver = Arc::new(tokio::sync::Mutex::new(receiver));
        let (handle, stop) = Stop::channel();
        let mut process = Self { function: spec.name.clone(), queue, tasks: JoinSet::new(), stop: handle };
        let mut states = Vec::new();
        for number in 0..count.max(1) {
            let listener = serve::bind(&spec.name, 0)?;
            let address = serve::base_url(&listener)?.trim_start_matches("http://").to_owned();
            let environment = Arc::new(Environment::new(spec, Arc::clone(&receiver)));
            states.push(environment.state.subscribe());
            drop(serve::spawn(listener, api(Arc::clone(&environment)), stop.clone())?);
            let launch = Launch { binary: binary.to_owned(), variables: variables(spec, &address, number, extra_env) };
            process.tasks.spawn(supervise(environment, launch, stop.clone()));
        }
        for state in states {
            came_up(state).await.map_err(|message| Error::Function { function: spec.name.clone(), message })?;
        }
        Ok(process)
    }

    /// The function as a value. An invocation waits in line until a process is free.
    #[must_use]
    pub fn handler(&self) -> Handler {
        let queue = self.queue.clone();
        let function = self.function.clone();
        Arc::new(move |event| {
            let (reply, answer) = oneshot::channel();
            let id = uuid::Uuid::new_v4().to_string();
            let sent = queue.send(Invocation { id, event: event.to_string(), reply });
            let function = function.clone();
            Box::pin(async move {
                let gone = || format!("the processes of {function} are gone");
                sent.map_err(|_| gone())?;
                answer.await.map_err(|_| gone())?
            })
        })
    }

    /// Kills the processes and waits until they are gone.
    pub async fn ended(mut self) {
        self.stop.stop();
        while self.tasks.join_next().await.is_some() {}
    }
}

async fn came_up(mut state: watch::Receiver<Life>) -> Result<(), String> {
    let waited = tokio::time::timeout(START_LIMIT, state.wait_for(|life| *life != Life::Starting)).await;
    match waited {
        Ok(Ok(life)) => match &*life {
            Life::Failed(message) => Err(message.clone()),
            Life::Starting | Life::Ready => Ok(()),
        },
        Ok(Err(_)) => Err("it was stopped while it started".to_owned()),
        Err(_) => Err(format!("it did not ask for work within {} s", START_LIMIT.as_secs())),
    }
}

/// The environment of a process, as Lambda sets it.
fn variables(
    spec: &FunctionSpec,
    address: &str,
    number: usize,
    extra: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let region = Credentials::default().region;
    let lambda = [
        ("AWS_DEFAULT_REGION", region.clone()),
        ("AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023".to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", spec.memory_mb.to_string()),
        ("AWS_LAMBDA_FUNCTION_NAME", spec.name.clone()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("AWS_LAMBDA_LOG_FORMAT", "JSON".to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{}", spec.name)),
        ("AWS_LAMBDA_LOG_STREAM_NAME", number.to_string()),
        ("AWS_LAMBDA_RUNTIME_API", address.to_owned()),
        ("AWS_REGION", region),
        ("LANG", "en_US.UTF-8".to_owned()),
        ("PATH", "/usr/local/bin:/usr/bin:/bin".to_owned()),
        ("TZ", ":UTC".to_owned()),
        ("_HANDLER", "bootstrap".to_owned()),
    ];
    let mut variables: BTreeMap<String, String> =
        lambda.into_iter().map(|(name, value)| (name.into(), value)).collect();
    variables.extend(spec.environment.clone());
    variables.extend(extra.clone());
    variables
}

#[derive(Debug)]
struct Invocation {
    id: String,
    event: String,
    reply: oneshot::Sender<Result<Value, String>>,
}

/// Whether the process has come up. Only the first start of all may fail for good.
#[derive(Debug, PartialEq, Eq)]
enum Life {
    Starting,
    Ready,
    Failed(String),
}

/// One process's side of the Runtime API.
#[derive(Debug)]
struct Environment {
    function: String,
    arn: String,
    timeout: Duration,
    queue: Arc<tokio::sync::Mutex<mpsc::UnboundedReceiver<Invocation>>>,
    slot: Mutex<Slot>,
    /// Counts the processes that this environment has had.
    generation: watch::Sender<u64>,
    /// When the running invocation must have ended.
    deadline: watch::Sender<Option<Instant>>,
    state: watch::Sender<Life>,
}

#[derive(Debug, Default)]
struct Slot {
    generation: u64,
    running: Option<Invocation>,
    start_error: Option<String>,
}

impl Environment {
    fn new(spec: &FunctionSpec, queue: Arc<tokio::sync::Mutex<mpsc::UnboundedReceiver<Invocation>>>) -> Self {
        let Credentials { region, account, .. } = Credentials::default();
        Self {
            function: spec.name.clone(),
            arn: format!("arn:aws:lambda:{region}:{account}:function:{}", spec.name),
            timeout: spec.timeout,
            queue,
            slot: Mutex::default(),
            generation: watch::Sender::new(0),
            deadline: watch::Sender::new(None),
            state: watch::Sender::new(Life::Starting),
        }
    }

    fn slot(&self) -> std::sync::MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes an invocation the running one. When the process that asked is already gone, the invocation fails as one
    /// that was running when it crashed.
    fn take(&self, invocation: Invocation, generation: u64) -> Option<Response> {
        let mut slot = self.slot();
        if slot.generation != generation {
            let _ = invocation.reply.send(Err("the function's process ended".to_owned()));
            return None;
        }
        let deadline = Timestamp::now().as_millisecond().saturating_add(self.timeout.as_millis() as i64);
        let response = Response::builder()
            .header(header::CONTENT_TYPE, "application/json")
            .header("Lambda-Runtime-Aws-Request-Id", &invocation.id)
            .header("Lambda-Runtime-Deadline-Ms", deadline.to_string())
            .header("Lambda-Runtime-Invoked-Function-Arn", &self.arn)
            .header("Lambda-Runtime-Trace-Id", "Root=1-00000000-000000000000000000000000;Sampled=0")
            .body(Body::from(invocation.event.clone()));
        slot.running = Some(invocation);
        self.deadline.send_replace(Some(Instant::now() + self.timeout));
        response.ok()
    }

    /// Ends the running invocation `id`, or whichever runs. False when there is none such.
    fn finish(&self, id: Option<&str>, answer: Result<Value, String>) -> bool {
        let mut slot = self.slot();
        let wanted = |running: &mut Invocation| id.is_none_or(|id| running.id == id);
        let Some(running) = slot.running.take_if(wanted) else { return false };
        self.deadline.send_replace(None);
        // whoever asked may have stopped waiting
        let _ = running.reply.send(answer);
        true
    }

    /// The process is gone: what ran has failed, and its connections get nothing more.
    fn process_ended(&self, message: &str) {
        let generation = {
            let mut slot = self.slot();
            slot.generation += 1;
            slot.generation
        };
        self.generation.send_replace(generation);
        self.finish(None, Err(message.to_owned()));
    }
}

fn api(environment: Arc<Environment>) -> Router {
    Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
        .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
        .route("/2018-06-01/runtime/init/error", post(start_error))
        .with_state(environment)
}

async fn next(State(environment): State<Arc<Environment>>) -> Response {
    let mut generation = environment.generation.subscribe();
    let mine = *generation.borrow_and_update();
    environment.finish(None, Err("the function asked for more work without an answer".to_owned()));
    environment.state.send_replace(Life::Ready);
    loop {
        let invocation = tokio::select! {
            biased;
            _ = generation.changed() => None,
            invocation = async { environment.queue.lock().await.recv().await } => invocation,
        };
        match invocation {
            // nobody waits for it any longer
            Some(invocation) if invocation.reply.is_closed() => {}
            Some(invocation) => match environment.take(invocation, mine) {
                Some(response) => return response,
                None => return StatusCode::GONE.into_response(),
            },
            None => return StatusCode::GONE.into_response(),
        }
    }
}

async fn response(
    State(environment): State<Arc<Environment>>,
    Parameter(id): Parameter<String>,
    request: Request,
) -> Response {
    let answer = answer(request).await;
    accepted(environment.finish(Some(&id), answer))
}

async fn answer(request: Request) -> Result<Value, String> {
    let mode = request.headers().get("lambda-runtime-function-response-mode");
    if mode.is_some_and(|mode| mode.as_bytes().eq_ignore_ascii_case(b"streaming")) {
        return Err("response streaming is not understood".to_owned());
    }
    let bytes = axum::body::to_bytes(request.into_body(), PAYLOAD_LIMIT).await;
    let bytes = bytes.map_err(|error| format!("the answer is over {PAYLOAD_LIMIT} bytes or was cut off: {error}"))?;
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&bytes).map_err(|error| format!("the answer is not JSON: {error}"))
}

async fn error(
    State(environment): State<Arc<Environment>>,
    Parameter(id): Parameter<String>,
    headers: HeaderMap,
    body: String,
) -> Response {
    accepted(environment.finish(Some(&id), Err(message(&headers, &body))))
}

async fn start_error(State(environment): State<Arc<Environment>>, headers: HeaderMap, body: String) -> Response {
    environment.slot().start_error = Some(message(&headers, &body));
    accepted(true)
}

/// The function's own words about its error.
fn message(headers: &HeaderMap, body: &str) -> String {
    let told: Value = serde_json::from_str(body).unwrap_or_default();
    let text = |name: &str| told.get(name).and_then(Value::as_str);
    let kind = headers.get("lambda-runtime-function-error-type").and_then(|kind| kind.to_str().ok());
    let kind = text("errorType").or(kind).unwrap_or("Error");
    format!("{kind}: {}", text("errorMessage").unwrap_or(body))
}

fn accepted(known: bool) -> Response {
    if known {
        return (StatusCode::ACCEPTED, axum::Json(json!({"status": "OK"}))).into_response();
    }
    let refusal = json!({"errorMessage": "no such invocation is running", "errorType": "InvalidRequestID"});
    (StatusCode::BAD_REQUEST, axum::Json(refusal)).into_response()
}

struct Launch {
    binary: PathBuf,
    variables: BTreeMap<String, String>,
}

/// Keeps one process running.
async fn supervise(environment: Arc<Environment>, launch: Launch, mut stop: Stop) {
    let mut deadline = environment.deadline.subscribe();
    let mut pause = FIRST_PAUSE;
    let mut came_up_once = false;
    loop {
        let message = live(&environment, &launch, &mut deadline, &mut stop).await;
        environment.process_ended(&message);
        if stop.asked() {
            return;
        }
        let came_up = *environment.state.borrow() == Life::Ready;
        came_up_once |= came_up;
        if !came_up_once {
            environment.state.send_replace(Life::Failed(message));
            return;
        }
        tracing::error!(function = environment.function, message, "a function's process ended and is started again");
        environment.state.send_replace(Life::Starting);
        pause = if came_up { FIRST_PAUSE } else { (pause * 2).min(LONGEST_PAUSE) };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.wait() => return,
        }
    }
}

/// Runs a process to its end and says why it ended.
async fn live(
    environment: &Environment,
    launch: &Launch,
    deadline: &mut watch::Receiver<Option<Instant>>,
    stop: &mut Stop,
) -> String {
    let mut child = match spawn(launch) {
        Ok(child) => child,
        Err(error) => return format!("{} cannot be started: {error}", launch.binary.display()),
    };
    let lines = Arc::new(Mutex::new(VecDeque::new()));
    let mut readers = JoinSet::new();
    if let Some(output) = child.stdout.take() {
        readers.spawn(follow(environment.function.clone(), output, Arc::clone(&lines)));
    }
    if let Some(output) = child.stderr.take() {
        readers.spawn(follow(environment.function.clone(), output, Arc::clone(&lines)));
    }
    let status = tokio::select! {
        status = child.wait() => status,
        () = expired(deadline) => {
            let _ = child.kill().await;
            return format!("Task timed out after {:.2} seconds", environment.timeout.as_secs_f64());
        }
        () = stop.wait() => {
            let _ = child.kill().await;
            return "the local cloud stops".to_owned();
        }
    };
    // what it wrote last may still lie in the pipes; a grandchild may hold them open
    let _ =
        tokio::time::timeout(Duration::from_millis(500), async { while readers.join_next().await.is_some() {} }).await;
    if let Some(told) = environment.slot().start_error.take() {
        return told;
    }
    let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
    let lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
    let said: Vec<&str> = lines.iter().map(String::as_str).collect();
    format!("Runtime exited: {status}. {}", said.join(" | "))
}

fn spawn(launch: &Launch) -> std::io::Result<Child> {
    Command::new(&launch.binary)
        .env_clear()
        .envs(&launch.variables)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
}

/// Passes what a process writes to the log, and keeps the last lines.
async fn follow(function: String, output: impl AsyncRead + Unpin, last: Arc<Mutex<VecDeque<String>>>) {
    let mut lines = BufReader::new(output).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        tracing::info!(function, "{line}");
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.len() == LAST_LINES {
            last.pop_front();
        }
        last.push_back(line);
    }
}

/// Returns when a deadline has passed that was not taken back before.
async fn expired(deadline: &mut watch::Receiver<Option<Instant>>) {
    loop {
        let at = *deadline.borrow_and_update();
        tokio::select! {
            () = async { match at {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            } } => return,
            changed = deadline.changed() => if changed.is_err() {
                std::future::pending::<()>().await;
            },
        }
    }
}
