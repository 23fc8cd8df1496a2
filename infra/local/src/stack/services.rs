//! The embedded services of one stack, started on listeners that are already bound and ended together.

use std::net::TcpListener as StdListener;
use std::sync::Arc;

use crate::clock::Clock;
use crate::credentials::Credentials;
use crate::cut::PowerCut;
use crate::endpoints::dynamodb::DynamoDb;
use crate::endpoints::kms::{Keys, Kms};
use crate::endpoints::s3::S3;
use crate::endpoints::ses::{Mailbox, Ses};
use crate::error::Result;
use crate::places::{Keep, Places, Ports};
use crate::sdk::Endpoints;
use crate::serve::Stop;
use crate::surroundings;

/// The listeners of a stack. All are bound before anything starts, so that a port that is taken stops nothing halfway.
pub(super) struct Listeners {
    pub(super) http: StdListener,
    pub(super) surroundings: surroundings::Listeners,
    dynamodb: StdListener,
    s3: StdListener,
    kms: StdListener,
    sesv2: StdListener,
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
            surroundings: surroundings::Listeners::bind(&mut ports)?,
            dynamodb: ports.bind("dynamodb", Keep::Should)?,
            s3: ports.bind("s3", Keep::Should)?,
            kms: ports.bind("kms", Keep::Should)?,
            sesv2: ports.bind("sesv2", Keep::Should)?,
        };
        ports.save()?;
        Ok(listeners)
    }

    /// Puts a tap on the port of every service that functions use; gives where they then reach those of AWS.
    pub(super) fn tapped(&mut self, cut: &PowerCut, stop: &Stop) -> Result<Endpoints> {
        self.surroundings.tapped(cut, stop)?;
        Ok(Endpoints {
            dynamodb: cut.tap_port("dynamodb", &mut self.dynamodb, stop)?,
            s3: cut.tap_port("s3", &mut self.s3, stop)?,
            kms: cut.tap_port("kms", &mut self.kms, stop)?,
            sesv2: cut.tap_port("ses", &mut self.sesv2, stop)?,
        })
    }
}

/// The running services.
#[derive(Debug)]
pub(super) struct Services {
    dynamodb: DynamoDb,
    s3: S3,
    kms: Kms,
    sesv2: Ses,
    mailbox: Arc<Mailbox>,
}

impl Services {
    /// Starts them; gives back the listeners that are still to be served: HTTP and the surroundings'.
    pub(super) fn start(
        listeners: Listeners,
        places: &Places,
        clock: &Clock,
        credentials: &Credentials,
        stop: &Stop,
    ) -> Result<(Self, StdListener, surroundings::Listeners)> {
        let Listeners { http, surroundings, dynamodb, s3, kms, sesv2 } = listeners;
        let kept = |name: &str| places.kept(name);
        let mailbox = Arc::new(Mailbox::open(kept("mailbox").as_deref(), clock.clone())?);
        let services = Self {
            dynamodb: DynamoDb::start(dynamodb, kept("dynamodb.sqlite").as_deref(), stop.clone())?,
            s3: S3::start(s3, kept("s3").as_deref(), credentials, stop.clone())?,
            kms: Kms::start(kms, kept("kms").as_deref(), credentials, stop.clone())?,
            sesv2: Ses::start(sesv2, Arc::clone(&mailbox), stop.clone())?,
            mailbox,
        };
        Ok((services, http, surroundings))
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

    /// Waits until all have ended; the stop must have been asked for.
    pub(super) async fn ended(&mut self) {
        tokio::join!(self.dynamodb.ended(), self.s3.ended(), self.kms.ended(), self.sesv2.ended());
    }
}
