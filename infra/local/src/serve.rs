//! Serving an axum router on a listener that is already bound, with a bounded graceful stop.

use std::net::{Ipv4Addr, SocketAddr, TcpListener as StdListener};
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::error::{Error, Result};

/// How long a request that is running may take to finish when the cloud stops.
pub const GRACE: Duration = Duration::from_secs(5);

/// Binds a loopback listener. Port 0 takes any free port.
///
/// # Errors
/// [`Error::Port`], with a sentence for the person at the terminal.
pub fn bind(name: &str, port: u16) -> Result<StdListener> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let listener = StdListener::bind(address).map_err(|error| {
        Error::Port(format!(
            "cannot listen on {address} for {name}: {error}. Another program uses the port; stop it, or remove the port \
             from ports.json in the data directory (certificates made earlier then name a responder that is gone)"
        ))
    })?;
    listener.set_nonblocking(true).map_err(|error| Error::Port(format!("{address}: {error}")))?;
    Ok(listener)
}

/// The address of a listener, as a base URL without a slash at the end.
///
/// # Errors
/// [`Error::Port`] when the system does not tell the address.
pub fn base_url(listener: &StdListener) -> Result<String> {
    let address = listener.local_addr().map_err(|error| Error::Port(error.to_string()))?;
    Ok(format!("http://{address}"))
}

/// A stop signal that many tasks can wait for.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    /// A signal and the handle that gives it.
    #[must_use]
    pub fn channel() -> (StopHandle, Self) {
        let (sender, receiver) = watch::channel(false);
        (StopHandle(sender), Self(receiver))
    }

    /// Returns when the stop was asked for, or when the handle is gone.
    pub async fn wait(&mut self) {
        let _ = self.0.wait_for(|stop| *stop).await;
    }

    /// Whether the stop was asked for.
    #[must_use]
    pub fn asked(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }
}

/// The other end of [`Stop`]. Dropping it stops as well.
#[derive(Debug)]
pub struct StopHandle(watch::Sender<bool>);

impl StopHandle {
    /// Asks everybody to stop.
    pub fn stop(&self) {
        let _ = self.0.send(true);
    }
}

/// Serves `app` until `stop`, then lets running requests finish for at most [`GRACE`].
///
/// # Errors
/// [`Error::Port`] when the listener cannot be handed to the runtime.
pub fn spawn(listener: StdListener, app: Router, stop: Stop) -> Result<JoinHandle<()>> {
    let listener = TcpListener::from_std(listener).map_err(|error| Error::Port(error.to_string()))?;
    Ok(tokio::spawn(async move {
        let service = app.into_make_service_with_connect_info::<SocketAddr>();
        let mut asked = stop.clone();
        let server = axum::serve(listener, service).with_graceful_shutdown(async move { asked.wait().await });
        let mut limit = stop;
        tokio::select! {
            result = async { server.await } => {
                if let Err(error) = result {
                    tracing::error!(%error, "a local endpoint stopped");
                }
            }
            () = async { limit.wait().await; tokio::time::sleep(GRACE).await } => {}
        }
    }))
}
