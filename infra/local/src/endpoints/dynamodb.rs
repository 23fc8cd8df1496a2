//! DynamoDB: dynoxide, embedded, on a loopback listener.
//!
//! It does not check signatures, never answers `TransactionConflict` and has one stream shard. It runs on a thread with
//! a runtime of its own because it blocks on SQLite's fsync.

use std::net::TcpListener as StdListener;
use std::path::Path;
use std::thread;
use std::time::Duration;

use dynoxide::Database;
use tokio::net::TcpListener;

use crate::error::{Error, Result};
use crate::serve::{self, Stop};

/// How often expired items are removed. AWS may take days; code filters on the attribute.
const SWEEP: Duration = Duration::from_secs(30);
const SERVICE: &str = "dynamodb";

/// A running endpoint.
#[derive(Debug)]
pub struct DynamoDb {
    url: String,
    thread: Option<thread::JoinHandle<()>>,
}

impl DynamoDb {
    /// Starts the endpoint. `file` is the SQLite database (write-ahead log, survives SIGKILL); `None` keeps it in memory.
    ///
    /// # Errors
    /// [`Error::Service`] when the database cannot be opened, [`Error::Port`] when the listener is unusable.
    pub fn start(listener: StdListener, file: Option<&Path>, stop: Stop) -> Result<Self> {
        let url = serve::base_url(&listener)?;
        let database = open(file)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("local-dynamodb")
            .enable_all()
            .build()
            .map_err(|error| Error::service(SERVICE, error))?;
        let thread = thread::Builder::new()
            .name("local-dynamodb".to_owned())
            .spawn(move || {
                runtime.block_on(serve_until(listener, database, stop));
                runtime.shutdown_timeout(Duration::from_secs(1));
            })
            .map_err(|error| Error::service(SERVICE, error))?;
        Ok(Self { url, thread: Some(thread) })
    }

    /// The endpoint's base URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Waits until the endpoint has ended; the stop must have been asked for.
    pub async fn ended(&mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

/// dynoxide finds a stream's end and a reader's place by going through all its records, images included, at each write
/// and at each read: 40 ms at 10,000 records of 4 KB. With this index both take microseconds.
const STREAM_INDEX: &str = "CREATE INDEX IF NOT EXISTS local_stream_order \
     ON _stream_records (table_name, CAST(sequence_number AS INTEGER))";

fn open(file: Option<&Path>) -> Result<Database> {
    let failed = |error: dynoxide::DynoxideError| Error::service(SERVICE, error);
    if let Some(path) = file {
        let database = Database::new(&path.to_string_lossy()).map_err(failed)?;
        index(path)?;
        return Ok(database);
    }
    // a database in memory is out of reach: it starts as the copy of an empty file that has the index
    let folder = tempfile::tempdir().map_err(|error| Error::service(SERVICE, error))?;
    let path = folder.path().join("empty.sqlite");
    drop(Database::new(&path.to_string_lossy()).map_err(failed)?);
    index(&path)?;
    let database = Database::memory().map_err(failed)?;
    database.restore_from(&path.to_string_lossy()).map_err(failed)?;
    Ok(database)
}

fn index(path: &Path) -> Result<()> {
    let made = rusqlite::Connection::open(path).and_then(|connection| connection.execute_batch(STREAM_INDEX));
    made.map_err(|error| Error::service(SERVICE, error))
}

async fn serve_until(listener: StdListener, database: Database, stop: Stop) {
    let listener = match TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => {
            tracing::error!(%error, "dynamodb: the listener is unusable");
            return;
        }
    };
    let sweeper = tokio::spawn(sweep(database.clone()));
    let mut asked = stop.clone();
    let mut limit = stop;
    let server = dynoxide::server::serve_with_shutdown(listener, database, async move { asked.wait().await });
    tokio::select! {
        result = server => {
            if let Err(error) = result {
                tracing::error!(%error, "dynamodb stopped");
            }
        }
        () = async { limit.wait().await; tokio::time::sleep(serve::GRACE).await } => {}
    }
    sweeper.abort();
}

async fn sweep(database: Database) {
    let mut every = tokio::time::interval(SWEEP);
    loop {
        every.tick().await;
        match database.sweep_ttl() {
            Ok(0) => {}
            Ok(count) => tracing::debug!(count, "dynamodb: expired items removed"),
            Err(error) => tracing::warn!(%error, "dynamodb: the sweep of expired items failed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both kinds of database have the index, and SQLite answers dynoxide's question for the stream's end with it.
    #[test]
    fn the_stream_is_indexed() {
        let folder = tempfile::tempdir().expect("a folder");
        let (kept, copy) = (folder.path().join("kept.sqlite"), folder.path().join("copy.sqlite"));
        drop(open(Some(&kept)).expect("a file"));
        drop(open(Some(&kept)).expect("the same file again"));
        open(None).expect("a database in memory").vacuum_into(&copy.to_string_lossy()).expect("a copy");
        for path in [kept, copy] {
            let connection = rusqlite::Connection::open(path).expect("a database");
            let question = "EXPLAIN QUERY PLAN SELECT COALESCE(MAX(CAST(sequence_number AS INTEGER)), 0) + 1 \
                            FROM _stream_records WHERE table_name = ?1";
            let plan: String = connection.query_row(question, ["t"], |row| row.get("detail")).expect("a plan");
            assert!(plan.contains("local_stream_order"), "{plan}");
        }
    }
}
