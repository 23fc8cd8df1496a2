//! Lambda's event source mapping and EventBridge's schedules: reads the table's stream and hands the functions the
//! same events as in production (decision 16).
//!
//! One reader follows the stream; each source of each function has a queue, a position and one batch in flight of its
//! own, so that a function that fails holds up nobody else. Delivery is at least once: the position is written after
//! the batch. Not here: parallelisation, windows, maximum record age, more than one shard.

mod pattern;
mod reader;
mod record;
mod schedule;
mod worker;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;

pub use self::pattern::Pattern;
use self::reader::{Lane, Reader};
use self::record::Streams;
use self::worker::Worker;
use crate::error::{Error, Result};
use crate::files;
use crate::functions::{FunctionSpec, Handler};
use crate::serve::{GRACE, Stop};

const SERVICE: &str = "streams";
const POSITIONS: &str = "stream-positions.json";
const FAILED_WORK: &str = "failed-work.jsonl";

/// The running event sources. Dropping it ends them at once.
#[derive(Debug)]
pub struct Pump {
    tasks: JoinSet<()>,
    nudges: Vec<Arc<Notify>>,
    ledger: Option<Arc<Ledger>>,
}

impl Pump {
    /// Starts reading the stream at the DynamoDB endpoint `endpoint`, and the schedules. `directory` keeps positions
    /// and failed work; `None` keeps them in memory. End it before the endpoints that the functions use.
    ///
    /// # Errors
    /// [`Error::Function`] for a function without a handler, [`Error::Service`] when the stream cannot be read,
    /// [`Error::Io`] when the positions cannot.
    pub async fn start(
        endpoint: &str,
        directory: Option<&Path>,
        functions: &[FunctionSpec],
        handlers: &BTreeMap<String, Handler>,
        stop: Stop,
    ) -> Result<Self> {
        let mut pump = Self { tasks: JoinSet::new(), nudges: Vec::new(), ledger: None };
        pump.streams(endpoint, directory, functions, handlers, &stop).await?;
        for function in functions {
            for rate in &function.schedules {
                let handler = handler(function, handlers)?;
                let nudge = Arc::new(Notify::new());
                pump.nudges.push(Arc::clone(&nudge));
                pump.tasks.spawn(schedule::run(function.clone(), *rate, handler, nudge, stop.clone()));
            }
        }
        Ok(pump)
    }

    async fn streams(
        &mut self,
        endpoint: &str,
        directory: Option<&Path>,
        functions: &[FunctionSpec],
        handlers: &BTreeMap<String, Handler>,
        stop: &Stop,
    ) -> Result<()> {
        let sources =
            functions.iter().flat_map(|function| function.streams.iter().map(move |source| (function, source)));
        let sources: Vec<_> = sources.collect();
        let Some((_, first)) = sources.first() else { return Ok(()) };
        if let Some((function, _)) = sources.iter().find(|(_, source)| source.arn != first.arn) {
            let message = "it reads another stream than the first function".to_owned();
            return Err(Error::Function { function: function.name.clone(), message });
        }
        let names = names(&sources.iter().map(|(function, _)| function.name.as_str()).collect::<Vec<_>>());
        let ledger = Arc::new(Ledger::open(&first.arn, directory, &names)?);
        let mut lanes = Vec::new();
        for (index, (function, source)) in sources.iter().enumerate() {
            let patterns = source.filters.iter().map(Pattern::parse).collect::<Result<_, _>>();
            let patterns = patterns.map_err(|message| Error::Function { function: function.name.clone(), message })?;
            let (sender, queue) = mpsc::unbounded_channel();
            lanes.push(Lane { patterns, sender, after: ledger.position(index) });
            let worker = Worker {
                function: (*function).clone(),
                source: (*source).clone(),
                handler: handler(function, handlers)?,
                lane: index,
                queue,
                ledger: Arc::clone(&ledger),
                stop: stop.clone(),
            };
            self.tasks.spawn(worker.run());
        }
        let streams = Streams::connect(endpoint, &first.arn).await?;
        ledger.name_shard(streams.shard());
        let reader = Reader { streams, lanes, ledger: Arc::clone(&ledger), stop: stop.clone() };
        self.tasks.spawn(reader.run());
        self.ledger = Some(ledger);
        Ok(())
    }

    /// Makes every schedule run as soon as it can: for when the sandbox clock was moved.
    pub fn nudge(&self) {
        self.nudges.iter().for_each(|nudge| nudge.notify_one());
    }

    /// What was given up, oldest first, as it would lie in the on-failure queue.
    ///
    /// # Errors
    /// [`Error::Io`] when the file cannot be read.
    pub fn failed_work(&self) -> Result<Vec<Value>> {
        self.ledger.as_ref().map_or(Ok(Vec::new()), |ledger| ledger.failed_work())
    }

    /// Waits until everything has ended; the stop must have been asked for. What runs may finish for [`GRACE`]; what
    /// is cut off is delivered again at the next start.
    pub async fn ended(&mut self) {
        let tasks = &mut self.tasks;
        if tokio::time::timeout(GRACE, async { while tasks.join_next().await.is_some() {} }).await.is_err() {
            tracing::warn!("streams: a function did not end in time");
            tasks.shutdown().await;
        }
        if let Some(ledger) = &self.ledger {
            ledger.save().await;
        }
    }
}

fn handler(function: &FunctionSpec, handlers: &BTreeMap<String, Handler>) -> Result<Handler> {
    handlers.get(&function.name).cloned().ok_or_else(|| Error::Function {
        function: function.name.clone(),
        message: "it has event sources and no handler".to_owned(),
    })
}

/// A name for each source: the function's, numbered from its second source on.
fn names(functions: &[&str]) -> Vec<String> {
    let name = |(index, function): (usize, &&str)| {
        let before = functions.iter().take(index).filter(|other| *other == function).count();
        if before == 0 { (*function).to_owned() } else { format!("{function}#{}", before + 1) }
    };
    functions.iter().enumerate().map(name).collect()
}

/// A number in the stream; it only grows.
type Sequence = u128;

/// How far everybody is, and what was given up.
#[derive(Debug)]
struct Ledger {
    stream: String,
    directory: Option<PathBuf>,
    progress: Mutex<Progress>,
    shard: Mutex<String>,
    failed: Mutex<Vec<Value>>,
    saving: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Progress {
    /// What the reader has seen and put into the queues.
    scanned: Sequence,
    lanes: Vec<LaneProgress>,
}

#[derive(Debug)]
struct LaneProgress {
    name: String,
    done: Sequence,
    pending: usize,
}

impl Progress {
    /// Where a restart goes on: with nothing to do, everything that was looked at needs no second look.
    fn position(&self, lane: &LaneProgress) -> Sequence {
        if lane.pending == 0 { lane.done.max(self.scanned) } else { lane.done }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Ledger {
    fn open(stream: &str, directory: Option<&Path>, names: &[String]) -> Result<Self> {
        if let Some(directory) = directory {
            files::directory(directory)?;
        }
        let kept = directory.map(|directory| kept(directory, stream)).transpose()?.unwrap_or_default();
        let lane = |name: &String| LaneProgress {
            name: name.clone(),
            done: kept.get(name).copied().unwrap_or_default(),
            pending: 0,
        };
        let lanes: Vec<LaneProgress> = names.iter().map(lane).collect();
        let scanned = lanes.iter().map(|lane| lane.done).min().unwrap_or_default();
        Ok(Self {
            stream: stream.to_owned(),
            directory: directory.map(Path::to_owned),
            progress: Mutex::new(Progress { scanned, lanes }),
            shard: Mutex::default(),
            failed: Mutex::default(),
            saving: tokio::sync::Mutex::default(),
        })
    }

    fn position(&self, lane: usize) -> Sequence {
        locked(&self.progress).lanes.get(lane).map(|lane| lane.done).unwrap_or_default()
    }

    fn scanned(&self) -> Sequence {
        locked(&self.progress).scanned
    }

    fn name_shard(&self, shard: &str) {
        shard.clone_into(&mut locked(&self.shard));
    }

    /// The reader has put `counts[lane]` records into each queue and has seen everything up to `scanned`.
    fn queued(&self, counts: &[usize], scanned: Sequence) {
        let mut progress = locked(&self.progress);
        for (lane, count) in progress.lanes.iter_mut().zip(counts) {
            lane.pending += count;
        }
        progress.scanned = scanned;
    }

    /// `count` records of a lane, the last of them `sequence`, need nothing more.
    async fn done(&self, lane: usize, count: usize, sequence: Sequence) {
        if let Some(lane) = locked(&self.progress).lanes.get_mut(lane) {
            lane.pending = lane.pending.saturating_sub(count);
            lane.done = sequence;
        }
        self.save().await;
    }

    /// Writes the positions; when that fails, a restart repeats work, which functions bear.
    async fn save(&self) {
        let Some(directory) = &self.directory else { return };
        let _turn = self.saving.lock().await;
        let text = {
            let progress = locked(&self.progress);
            let positions = progress.lanes.iter().map(|lane| (lane.name.clone(), progress.position(lane).to_string()));
            json!({"stream": self.stream, "positions": positions.collect::<BTreeMap<_, _>>()}).to_string()
        };
        let path = directory.join(POSITIONS);
        let written = tokio::task::spawn_blocking(move || files::replace(&path, text.as_bytes())).await;
        match written {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "streams: the positions were not written"),
            Err(error) => tracing::error!(%error, "streams: the positions were not written"),
        }
    }

    /// Records a batch that is given up, before its position moves.
    async fn bury(&self, mut entry: Value) {
        if let Some(batch) = entry.get_mut("DDBStreamBatchInfo") {
            batch["shardId"] = json!(*locked(&self.shard));
            batch["streamArn"] = json!(self.stream);
        }
        let Some(directory) = &self.directory else {
            locked(&self.failed).push(entry);
            return;
        };
        let path = directory.join(FAILED_WORK);
        let _turn = self.saving.lock().await;
        let written = tokio::task::spawn_blocking(move || append(&path, &entry)).await;
        if !matches!(written, Ok(Ok(()))) {
            tracing::error!(?written, "streams: failed work was not recorded");
        }
    }

    fn failed_work(&self) -> Result<Vec<Value>> {
        let Some(directory) = &self.directory else { return Ok(locked(&self.failed).clone()) };
        let path = directory.join(FAILED_WORK);
        match std::fs::read_to_string(&path) {
            // a line that a crash cut short is none
            Ok(text) => Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(source) => Err(Error::Io { path, source }),
        }
    }
}

fn append(path: &Path, entry: &Value) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
    file.write_all(format!("{entry}\n").as_bytes())?;
    file.sync_data()
}

/// The positions that an earlier start wrote, when they belong to the same stream.
fn kept(directory: &Path, stream: &str) -> Result<BTreeMap<String, Sequence>> {
    let path = directory.join(POSITIONS);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(source) => return Err(Error::Io { path, source }),
    };
    let unreadable = |message: String| Error::service(SERVICE, format!("{}: {message}", path.display()));
    let kept: Value = serde_json::from_str(&text).map_err(|error| unreadable(error.to_string()))?;
    if kept.get("stream").and_then(Value::as_str) != Some(stream) {
        return Ok(BTreeMap::new());
    }
    let mut positions = BTreeMap::new();
    for (name, position) in kept.get("positions").and_then(Value::as_object).into_iter().flatten() {
        let position = position.as_str().and_then(|position| position.parse().ok());
        positions.insert(name.clone(), position.ok_or_else(|| unreadable(format!("{name} has no position")))?);
    }
    Ok(positions)
}
