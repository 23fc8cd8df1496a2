//! The embedded services of one stack, started on listeners that are already bound and ended together.

use std::net::TcpListener as StdListener;
use std::sync::Arc;

use axum::Router;
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::credentials::Credentials;
use crate::directory::{Directory, Outage};
use crate::endpoints::dynamodb::DynamoDb;
use crate::endpoints::kms::{Keys, Kms};
use crate::endpoints::s3::S3;
use crate::endpoints::ses::{Mailbox, Ses};
use crate::error::{Error, Result};
use crate::places::{Keep, Places, Ports};
use crate::responders::{self, Faults};
use crate::sdk::Endpoints;
use crate::serve::{self, Stop};
use crate::testpki::TestPki;

/// The listeners of a stack. All are bound before anything starts, so that a port that is taken stops nothing halfway.
pub(super) struct Listeners {
    pub(super) http: StdListener,
    pub(super) responders: StdListener,
    dynamodb: StdListener,
    s3: StdListener,
    kms: StdListener,
    sesv2: StdListener,
    directory: StdListener,
}

impl Listeners {
    /// Binds them where they were at the last start; `http` 0 means that, too.
    pub(super) fn bind(places: &Places, http: u16) -> Result<Self> {
        let mut ports = Ports::open(places)?;
        let http = match http {
            0 => ports.bind("http", Keep::Should),
            port => ports.bind_exactly("http", port),
        };
        let listeners = Self {
            http: http?,
            responders: ports.bind("responders", Keep::Must)?,
            dynamodb: ports.bind("dynamodb", Keep::Should)?,
            s3: ports.bind("s3", Keep::Should)?,
            kms: ports.bind("kms", Keep::Should)?,
            sesv2: ports.bind("sesv2", Keep::Should)?,
            directory: ports.bind("directory", Keep::Should)?,
        };
        ports.save()?;
        Ok(listeners)
    }
}

/// The running services.
#[derive(Debug)]
pub(super) struct Services {
    dynamodb: DynamoDb,
    s3: S3,
    kms: Kms,
    sesv2: Ses,
    directory: Directory,
    responders: Option<JoinHandle<()>>,
    mailbox: Arc<Mailbox>,
    outage: Arc<Outage>,
    directory_token: String,
}

impl Services {
    /// Starts them; gives back the listeners that are still to be served: HTTP and the responders.
    pub(super) fn start(
        listeners: Listeners,
        places: &Places,
        clock: &Clock,
        credentials: &Credentials,
        stop: &Stop,
    ) -> Result<(Self, StdListener, StdListener)> {
        let Listeners { http, responders, dynamodb, s3, kms, sesv2, directory } = listeners;
        let kept = |name: &str| places.kept(name);
        let mailbox = Arc::new(Mailbox::open(kept("mailbox").as_deref(), clock.clone())?);
        let outage = Arc::new(Outage::default());
        let directory_token = super::secret();
        let services = Self {
            dynamodb: DynamoDb::start(dynamodb, kept("dynamodb.sqlite").as_deref(), stop.clone())?,
            s3: S3::start(s3, kept("s3").as_deref(), credentials, stop.clone())?,
            kms: Kms::start(kms, kept("kms").as_deref(), credentials, stop.clone())?,
            sesv2: Ses::start(sesv2, Arc::clone(&mailbox), stop.clone())?,
            directory: Directory::start(directory, &directory_token, Arc::clone(&outage), stop.clone())?,
            responders: None,
            mailbox,
            outage,
            directory_token,
        };
        Ok((services, http, responders))
    }

    /// Serves the test PKI's responders.
    pub(super) fn respond(&mut self, listener: StdListener, routes: Router, stop: &Stop) -> Result<()> {
        self.responders = Some(serve::spawn(listener, routes, stop.clone())?);
        Ok(())
    }

    pub(super) fn endpoints(&self) -> Endpoints {
        Endpoints {
            dynamodb: self.dynamodb.url().to_owned(),
            s3: self.s3.url().to_owned(),
            kms: self.kms.url().to_owned(),
            sesv2: self.sesv2.url().to_owned(),
        }
    }

    pub(super) fn keys(&self) -> &Arc<Keys> {
        self.kms.keys()
    }

    pub(super) fn mailbox(&self) -> &Arc<Mailbox> {
        &self.mailbox
    }

    pub(super) fn outage(&self) -> &Arc<Outage> {
        &self.outage
    }

    /// Base URL and token of the directory.
    pub(super) fn directory(&self) -> (&str, &str) {
        (self.directory.url(), &self.directory_token)
    }

    /// Waits until all have ended; the stop must have been asked for.
    pub(super) async fn ended(&mut self) {
        let responders = async {
            if let Some(task) = self.responders.take() {
                let _ = task.await;
            }
        };
        tokio::join!(
            self.dynamodb.ended(),
            self.s3.ended(),
            self.kms.ended(),
            self.sesv2.ended(),
            self.directory.ended(),
            responders,
        );
    }
}

/// The test PKI with its switches. Making its keys takes a moment of computing.
pub(super) async fn open_pki(listener: &StdListener, places: &Places, clock: &Clock) -> Result<Arc<TestPki>> {
    let (base, directory) = (serve::base_url(listener)?, places.data().map(std::path::Path::to_owned));
    let now = clock.now().as_second();
    let open = move || TestPki::open(directory.as_deref(), &base, now);
    let opened = tokio::task::spawn_blocking(open).await.map_err(|error| Error::service("pki", error))?;
    opened.map(Arc::new).map_err(|error| Error::service("pki", error))
}

/// What the responders' port serves, on the sandbox clock.
pub(super) fn responder_routes(pki: &Arc<TestPki>, clock: &Clock, faults: &Arc<Faults>) -> Router {
    let clock = clock.clone();
    responders::routes(Arc::clone(pki), Arc::new(move || clock.now().as_second()), Arc::clone(faults))
}
