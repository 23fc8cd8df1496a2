//! Puts the parts together and serves until it is told to stop.

use std::future::{Future, IntoFuture as _};
use std::path::Path;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::approval::{Approval, OpenToTests, SignedApprovals};
use crate::connector::Connector;
use crate::credential::{Credential, Unfit};
use crate::http::{Client, Service, routes};
use crate::pkcs11::{self, Queue};
use crate::settings::{BadSetting, Profile, Settings, file};
use crate::tls::{self, MutualTls, Peer};
use crate::token::TokenError;

/// Why the connector does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration.
    #[error(transparent)]
    Setting(#[from] BadSetting),
    /// The token.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// A credential.
    #[error(transparent)]
    Credential(#[from] Unfit),
    /// The profile `open` with a key that is not of a test CA.
    #[error("profile `open`: the chain of {0} does not end at a test CA")]
    OpenWithRealKey(String),
    /// The network.
    #[error(transparent)]
    Network(#[from] std::io::Error),
}

/// Serves by the configuration at `path` until SIGTERM or SIGINT. When it is ready it says `READY` and its address.
///
/// # Errors
/// When it cannot start, or the network fails.
pub async fn run(path: &Path) -> Result<(), StartError> {
    let settings = Settings::load(path)?;
    let service = service(&settings)?;
    let listener = TcpListener::bind(settings.listen).await?;
    let address = listener.local_addr()?;
    let app = routes(service).into_make_service_with_connect_info::<Peer>();
    let stop = stop()?;
    match &settings.tls {
        Some(tls) => {
            let listener = MutualTls::new(listener, tls::config(tls)?);
            println!("READY https://{address}");
            axum::serve(listener, app).with_graceful_shutdown(stop).into_future().await?;
        }
        None => {
            println!("READY http://{address}");
            axum::serve(listener, app).with_graceful_shutdown(stop).into_future().await?;
        }
    }
    Ok(())
}

fn service(settings: &Settings) -> Result<Service<Queue>, StartError> {
    let ids = settings.credentials.iter().map(|one| hex::decode(&one.key_id)).collect::<Result<Vec<_>, _>>();
    let ids = ids.map_err(|_| BadSetting("key_id is hexadecimal".to_owned()))?;
    let (token, held) = pkcs11::open(&settings.token, &ids)?;
    let mut credentials = Vec::new();
    for ((one, key_id), held) in settings.credentials.iter().zip(&ids).zip(held) {
        let mut chain = vec![held.leaf];
        if let Some(above) = &one.chain {
            let above = tls::pem(&file(above)?).map_err(|error| BadSetting(format!("chain: {error}")))?;
            chain.extend(above.into_iter().map(|one| one.to_vec()));
        }
        credentials.push(Credential::new(&one.id, key_id, chain, held.pss)?);
    }
    let approval = approval(settings, &credentials)?;
    let clients = settings.clients.iter().map(Client::new).collect::<Result<Vec<_>, _>>()?;
    let connector = Connector::new(&settings.name, credentials, token, approval, settings.calls_per_minute);
    Ok(Service { connector, clients })
}

/// Profile `open` is refused for keys that could sign anything of worth.
fn approval(settings: &Settings, credentials: &[Credential]) -> Result<Box<dyn Approval>, StartError> {
    match settings.profile {
        Profile::Open => match credentials.iter().find(|credential| !credential.is_for_tests()) {
            Some(real) => Err(StartError::OpenWithRealKey(real.id.clone())),
            None => {
                tracing::warn!("profile `open`: any digest is signed, with test keys");
                Ok(Box::new(OpenToTests))
            }
        },
        Profile::Approved => {
            let keys = settings.approval_keys.iter().map(|path| file(path)).collect::<Result<Vec<_>, _>>()?;
            let approvals = SignedApprovals::new(&settings.name, &keys);
            Ok(Box::new(approvals.map_err(|why| BadSetting(format!("approval_keys: {why}")))?))
        }
    }
}

/// Ends at SIGTERM or SIGINT.
fn stop() -> std::io::Result<impl Future<Output = ()>> {
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
    })
}
