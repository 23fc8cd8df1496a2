//! TLS 1.3 with client authentication: the client's chain ends at the configured CA, and its key is a pinned one.
//!
//! Does not look at revocation: a client's pin is taken out of the configuration instead.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::settings::{BadSetting, TlsSettings, file, private};

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How many handshakes may be under way: strangers hold no more than these.
const HANDSHAKES: usize = 32;

/// Who is at the other end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer {
    /// SHA-256 of the key's SubjectPublicKeyInfo, under TLS.
    pub(crate) spki: Option<[u8; 32]>,
}

impl Connected<IncomingStream<'_, TcpListener>> for Peer {
    fn connect_info(_: IncomingStream<'_, TcpListener>) -> Self {
        Self { spki: None }
    }
}

impl Connected<IncomingStream<'_, MutualTls>> for Peer {
    fn connect_info(stream: IncomingStream<'_, MutualTls>) -> Self {
        *stream.remote_addr()
    }
}

/// A connection after its handshake.
type Arrived = (TlsStream<TcpStream>, Peer);

/// What rustls needs.
///
/// # Errors
/// When a file is none, or others may read the key.
pub(crate) fn config(settings: &TlsSettings) -> Result<ServerConfig, BadSetting> {
    let wrong = |what: &str, error: &dyn std::fmt::Display| BadSetting(format!("tls: {what}: {error}"));
    private(&settings.key)?;
    let key = PrivateKeyDer::from_pem_slice(&file(&settings.key)?).map_err(|error| wrong("key", &error))?;
    let mut roots = RootCertStore::empty();
    for ca in pem(&file(&settings.client_ca)?).map_err(|error| wrong("client_ca", &error))? {
        roots.add(ca).map_err(|error| wrong("client_ca", &error))?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
    let verifier = verifier.build().map_err(|error| wrong("client_ca", &error))?;
    let chain = pem(&file(&settings.chain)?).map_err(|error| wrong("chain", &error))?;
    let builder = ServerConfig::builder_with_provider(provider).with_protocol_versions(&[&rustls::version::TLS13]);
    let builder = builder.map_err(|error| wrong("TLS 1.3", &error))?;
    builder
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)
        .map_err(|error| wrong("key and chain", &error))
}

/// The X.509 certificates of a PEM text.
pub(crate) fn pem(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, rustls::pki_types::pem::Error> {
    CertificateDer::pem_slice_iter(text).collect()
}

/// A listener whose connections have ended their handshake. A slow one holds up no other.
pub(crate) struct MutualTls {
    ready: mpsc::Receiver<Arrived>,
}

impl MutualTls {
    /// Accepts on a bound listener.
    pub(crate) fn new(listener: TcpListener, config: ServerConfig) -> Self {
        let (done, ready) = mpsc::channel(HANDSHAKES);
        tokio::spawn(accept(listener, TlsAcceptor::from(Arc::new(config)), done));
        Self { ready }
    }
}

async fn accept(mut listener: TcpListener, acceptor: TlsAcceptor, done: mpsc::Sender<Arrived>) {
    let room = Arc::new(Semaphore::new(HANDSHAKES));
    while !done.is_closed() {
        // The semaphore is never closed.
        let Ok(place) = room.clone().acquire_owned().await else { return };
        let (stream, from) = Listener::accept(&mut listener).await;
        let (acceptor, done) = (acceptor.clone(), done.clone());
        tokio::spawn(async move {
            match tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
                // A receiver that is gone takes no more connections.
                Ok(Ok(stream)) => {
                    let peer = named(&stream);
                    drop(done.send((stream, peer)).await);
                }
                Ok(Err(error)) => tracing::warn!(%from, %error, "handshake"),
                Err(_) => tracing::warn!(%from, "handshake: too slow"),
            }
            drop(place);
        });
    }
}

fn named(stream: &TlsStream<TcpStream>) -> Peer {
    let leaf = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
    Peer { spki: leaf.and_then(|leaf| spki(leaf)) }
}

/// SHA-256 of the SubjectPublicKeyInfo of a certificate (the pin of RFC 7469 §2.4).
fn spki(leaf: &[u8]) -> Option<[u8; 32]> {
    let (_, read) = X509Certificate::from_der(leaf).ok()?;
    digest(&SHA256, read.public_key().raw).as_ref().try_into().ok()
}

impl Listener for MutualTls {
    type Io = TlsStream<TcpStream>;
    type Addr = Peer;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(connected) => connected,
            // The accepting task ends only with us.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Ok(Peer { spki: None })
    }
}
