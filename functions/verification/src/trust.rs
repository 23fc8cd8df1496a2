//! The trust list in use: looked for at the start and then every few minutes; a bad update rings and changes nothing.

use std::sync::{Arc, Mutex, PoisonError};

use api::{Env, Error};
use casework::trust::{self, Loaded, Source};
use domain::ports::Objects;
use jiff::{SignedDuration, Timestamp};
use objects::Bucket;
use pki::Certificate;

/// How long a list is used before the bucket is looked at again.
const LOOK_EVERY: SignedDuration = SignedDuration::from_mins(5);

/// A list with what is asked of it all the time.
pub(crate) struct InUse {
    /// The list and its file.
    pub(crate) loaded: Loaded,
    /// Where paths end.
    pub(crate) anchors: Vec<Certificate>,
    /// Issuing CAs, for files that embed the signer alone.
    pub(crate) issuers: Vec<Certificate>,
}

/// The list of this process.
pub(crate) struct Trust {
    source: Source,
    held: Mutex<(Arc<InUse>, Timestamp)>,
}

impl Trust {
    /// Reads the settings and the first list.
    ///
    /// # Errors
    /// A missing or unreadable setting; no list that may be used: nothing could ever be trusted.
    pub(crate) async fn new(env: &Env, objects: &Bucket, now: Timestamp) -> Result<Self, Error> {
        let production = env.required("MODE")? == "live";
        let source = Source::new(&env.required("TRUST_LIST")?, &env.required("TRUST_LIST_PINS")?, production)?;
        let first = seen(objects, &source, None, now).await.ok_or("there is no trust list that may be used")?;
        Ok(Self { source, held: Mutex::new((Arc::new(first), now)) })
    }

    /// The list, after a look at the bucket when the last one is some minutes ago.
    pub(crate) async fn now(&self, objects: &Bucket, now: Timestamp) -> Arc<InUse> {
        let (held, looked) = self.held.lock().unwrap_or_else(PoisonError::into_inner).clone();
        // A clock that was set back looks at once.
        if (SignedDuration::ZERO..LOOK_EVERY).contains(&now.duration_since(looked)) {
            return held;
        }
        let new = seen(objects, &self.source, Some(&held), now).await.map(Arc::new);
        let held = new.unwrap_or(held);
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = (Arc::clone(&held), now);
        held
    }
}

async fn seen(objects: &impl Objects, source: &Source, last: Option<&InUse>, now: Timestamp) -> Option<InUse> {
    let look = trust::look(objects, source, last.map(|held| &held.loaded.list), now).await;
    for alarm in &look.alarms {
        // The alarm rules count this field (docs/LOGGING.md).
        tracing::error!(alarm = alarm.code, text = alarm.text, "a trust list needs the operator");
    }
    let loaded = look.new?;
    Some(InUse { anchors: loaded.list.anchors(), issuers: loaded.list.issuers(), loaded })
}
