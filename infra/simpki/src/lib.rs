//! The SIM-PKI gateway simulator: what a mobile operator's gateway and a person's SIM do, on loopback, with real keys.
//!
//! It is a process of its own (`ctdt simpki`) and links neither `pades` nor `casework` nor any function (decision 35), so
//! that the product cannot lean on it. It knows no documents: it signs the digests that a person confirmed with a PIN, with
//! RSA-2048 or RSA-3072 (RSASSA-PKCS1-v1_5) or P-256 (ECDSA). It issues no X.509 certificates; the sandbox brings them. What
//! can go wrong stands in one table, [`Scenario`].
//!
//! Who asked through the CSC face is told when a prompt has ended ([`hints`]).
//!
//! Faces: CSC API v2 under `/csc/v2` ([`csc`]), Mobile-ID under `/mid-api` ([`mid`]), MSS (ETSI TS 102 204) under
//! `/mss` ([`mss`]), seeding under `/admin`, the phones under `/phones`, the drawn handset under
//! `/phone`. State lies in a folder (a killed process loses nothing) or in memory.

mod answers;
mod asn1;
mod csc;
mod engine;
mod faces;
mod hints;
mod keys;
mod mid;
mod mss;
mod net;
mod page;
mod scenario;
mod sim;
mod store;
mod text;

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;

pub use crate::hints::Callback;
pub use crate::scenario::{SCENARIO_NUMBERS, Scenario};

/// Seconds that a prompt stays open (remote-signing.md §1a: five minutes when nothing is said).
pub const PROMPT_SECONDS: i64 = 300;
/// Seconds that a SAD can be used after the person confirmed.
pub const SAD_SECONDS: i64 = 300;
/// Wrong PINs that block a SIM.
pub const PIN_TRIES: u8 = 3;
/// Wrong PUKs that block a SIM for good.
pub const PUK_TRIES: u8 = 10;
/// The PUK of a SIM that was enrolled without one; synthetic like the SIM.
pub const TEST_PUK: &str = "12345678";
/// The relying party that the Mobile-ID face knows.
pub const RELYING_PARTY: &str = "00000000-0000-4000-8000-000000000001";
/// Its name.
pub const RELYING_PARTY_NAME: &str = "CTDT Test";
/// Seconds until a prompt is on the phone when its way is slow (remote-signing.md §5, scenario 017).
pub const SLOW_DELIVERY_SECONDS: i64 = 30;
/// Digests that one consent may cover (CSC `multisign`).
pub const MULTISIGN: usize = 20;
/// Largest request body, in bytes.
pub const MAX_BODY: usize = 64 * 1024;

/// How to run the simulator.
#[derive(Clone, Debug)]
pub struct Options {
    /// TCP port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// Folder for the state; `None` keeps it in memory.
    pub dir: Option<PathBuf>,
    /// File with a signed decimal number of seconds that is added to the real time (decision 42); read at each use. A
    /// missing file, or one with anything else in it, counts as 0.
    pub clock_offset_file: Option<PathBuf>,
    /// Where clients of the CSC face are told that a prompt has ended; `None` tells nobody.
    pub callback: Option<Callback>,
    /// Makes everything but the keys of SIMs the same in every run; `None` takes the system's chance.
    pub seed: Option<u64>,
    /// Bearer token that `/csc/v2` and `/admin` demand.
    pub token: String,
}

/// Why the simulator could not start or go on.
#[derive(Debug)]
pub enum Error {
    /// Binding the port or serving failed.
    Net(std::io::Error),
    /// The folder could not be read or written, or holds something that is not ours.
    State(String),
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Error::Net(e) => write!(f, "simpki: network: {e}"),
            Error::State(e) => write!(f, "simpki: state: {e}"),
        }
    }
}

impl std::error::Error for Error {}

/// Serves until the standard input closes (the parent holds the other end) or the future is dropped. Prints one line
/// `SIMPKI READY http://127.0.0.1:PORT` to the standard output when it answers.
///
/// # Errors
/// [`Error`] when the state cannot be opened or the port cannot be bound.
pub async fn run(options: Options) -> Result<(), Error> {
    let closed = closed(std::io::stdin());
    serve(options, closed, |address| {
        let mut out = std::io::stdout();
        // A parent that no longer reads is a parent that is gone: the closed input ends us anyway.
        let _ = writeln!(out, "SIMPKI READY http://{address}").and_then(|()| out.flush());
    })
    .await
}

/// Serves until `until` is ready; calls `ready` with the bound address once. [`run`] is this with standard streams.
///
/// # Errors
/// [`Error`] as for [`run`].
pub async fn serve(
    options: Options,
    until: impl Future<Output = ()> + Send + 'static,
    ready: impl FnOnce(SocketAddr),
) -> Result<(), Error> {
    let engine = Arc::new(engine::Engine::open(&options)?);
    let telling = engine.messenger.clone().map(|messenger| messenger.run(Arc::clone(&engine)));
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await.map_err(Error::Net)?;
    ready(listener.local_addr().map_err(Error::Net)?);
    let service = router(engine).into_make_service_with_connect_info::<net::Wire>();
    let server = axum::serve(net::Listener::new(listener), service).into_future();
    tokio::select! {
        ended = server => ended.map_err(Error::Net),
        () = until => Ok(()),
        () = forever(telling) => Ok(()),
    }
}

/// What there is to do besides, which may be nothing; never ready.
async fn forever(work: Option<impl Future<Output = ()>>) {
    match work {
        Some(work) => work.await,
        None => std::future::pending().await,
    }
}

/// Becomes ready when `input` ends or fails. Reads on a thread of its own, so that a runtime can shut down without it.
pub fn closed(mut input: impl std::io::Read + Send + 'static) -> impl Future<Output = ()> + Send {
    let (tell, told) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let mut buffer = [0_u8; 256];
        loop {
            match input.read(&mut buffer) {
                Ok(0) => break,
                Err(e) if e.kind() != std::io::ErrorKind::Interrupted => break,
                _ => {}
            }
        }
        // Nobody waits any more: then there is nothing to end.
        let _ = tell.send(());
    });
    async move {
        // A dropped sender means the thread is gone, which also ends us.
        let _ = told.await;
    }
}

use std::future::{Future, IntoFuture as _};

fn router(engine: Arc<engine::Engine>) -> Router {
    Router::new()
        .merge(csc::routes())
        .merge(mid::routes())
        .merge(mss::routes())
        .merge(faces::routes())
        .merge(page::routes())
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(engine)
}
