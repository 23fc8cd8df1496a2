//! The whole local cloud with every function in this process, or with the real Lambda programs of a folder.

use std::path::PathBuf;

use api::Error;
use local::cut::PowerCut;
use local::stack::{Options, Stack};

use crate::handlers;

/// How it is started; without anything on a free port, in memory, with every function in this process.
#[derive(Debug, Default)]
pub(crate) struct How {
    /// The HTTP port; 0 takes a free one.
    pub(crate) port: u16,
    /// Where state is kept.
    pub(crate) data: Option<PathBuf>,
    /// The folder of the real Lambda programs.
    pub(crate) functions: Option<PathBuf>,
    /// Seconds that TSA, OCSP, CRL and gateway are waited for.
    pub(crate) patience_s: Option<u32>,
    /// What the gateway speaks.
    pub(crate) gateway: Option<String>,
    /// Whether callers without a token have the template's quotas.
    pub(crate) quotas: bool,
    /// Whether schedules run only at the start and when the clock is moved.
    pub(crate) still: bool,
    /// At which request this process dies.
    pub(crate) power_cut: Option<PowerCut>,
}

/// Starts it.
///
/// # Errors
/// What did not start, in a sentence.
pub(crate) async fn start(how: How) -> Result<Stack, Error> {
    let options = Options {
        port: how.port,
        data: how.data,
        simpki_program: std::env::current_exe()?,
        functions_dir: how.functions,
        sample_data: true,
        patience_s: how.patience_s,
        gateway: how.gateway,
        quotas: how.quotas,
        still: how.still,
        power_cut: how.power_cut,
    };
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
