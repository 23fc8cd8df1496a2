//! The whole local cloud with every function in this process, or with the real Lambda programs of a folder.

use std::path::PathBuf;

use api::Error;
use local::stack::{Options, Stack};

use crate::handlers;

/// Starts it.
///
/// # Errors
/// What did not start, in a sentence.
pub(crate) async fn start(port: u16, data: Option<PathBuf>, functions: Option<PathBuf>) -> Result<Stack, Error> {
    let simpki_program = std::env::current_exe()?;
    let options = Options { port, data, simpki_program, functions_dir: functions, sample_data: true };
    Ok(Stack::start(options, async |specs, aws| handlers::in_process(specs, aws).await).await?)
}

/// Returns on SIGINT or SIGTERM.
///
/// # Errors
/// When the signals cannot be watched.
pub(crate) async fn interrupted() -> Result<(), Error> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut int, mut term) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        _ = int.recv() => {}
        _ = term.recv() => {}
    }
    Ok(())
}
