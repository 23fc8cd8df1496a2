//! Which trust list is in use: loaded from the bucket, kept, and left in place when an update is bad. The one door to trusted
//! roots: whoever signs, seals, archives, examines or judges takes them from a [`TrustStore`], so a test root that a live
//! stack refuses is refused everywhere.
//!
//! Does not write: publishing is the operator's act, who puts the list that was in use beside the new one. A bad update (wrong
//! signature, older, forked, malformed, empty, for tests on a production stack, or no answer) leaves the last good list in
//! use and is an alarm. A fresh process takes the better of the two files, so that a rollback of one of them gains nothing.

use std::sync::{Arc, Mutex, PoisonError};

use domain::ports::{Fault, Objects};
use jiff::{SignedDuration, Timestamp};
use pki::Certificate;
use pki::trustlist::{Accepted, Rules, TrustList, accept};

use crate::support::unhex;

/// The largest signed list, in octets.
const LIST_LIMIT: u64 = 5 * 1024 * 1024;
/// How long a list is used before the bucket is looked at again.
const LOOK_EVERY: SignedDuration = SignedDuration::from_mins(5);

/// Where lists come from and which are taken.
#[derive(Clone, Debug)]
pub struct Source {
    /// The list in force.
    pub current: String,
    /// The list before it, for a process that starts while the current one is bad.
    pub previous: String,
    /// SHA-256 of the SubjectPublicKeyInfo of each key that may sign.
    pub pins: Vec<[u8; 32]>,
    /// Whether test lists and test certificates are refused.
    pub production: bool,
}

impl Source {
    /// `path` is the current list; the one before it lies beside it. `pins` are hexadecimal, separated by commas.
    ///
    /// # Errors
    /// [`Fault`] for a pin that is no SHA-256, and for none at all: nobody's signature would count.
    pub fn new(path: &str, pins: &str, production: bool) -> Result<Self, Fault> {
        let pins = pins.split(',').map(str::trim).filter(|pin| !pin.is_empty());
        let pins = pins.map(|pin| unhex(pin).ok_or_else(|| Fault(format!("{pin} is no SHA-256"))));
        let pins: Vec<[u8; 32]> = pins.collect::<Result<_, _>>()?;
        if pins.is_empty() {
            return Err(Fault("no key is pinned that may sign trust lists".into()));
        }
        Ok(Self { current: path.to_owned(), previous: format!("{path}.previous"), pins, production })
    }
}

/// A list with the file it came in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Loaded {
    /// The list.
    pub list: TrustList,
    /// The signed file, as it was read.
    pub file: Vec<u8>,
}

/// Something the operator has to look at.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Alarm {
    /// Stable code: those of [`pki::trustlist::Rejected::code`], `trust-list-unreadable`, `trust-list-overdue`.
    pub code: &'static str,
    /// What happened, in English.
    pub text: String,
}

/// What one look at the bucket gave.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Look {
    /// A list that takes the place of the last one.
    pub new: Option<Loaded>,
    /// What was wrong.
    pub alarms: Vec<Alarm>,
}

/// Looks for a list that is better than `last`. Never fails: what fails is an alarm, and the last good list stays.
pub async fn look(objects: &impl Objects, source: &Source, last: Option<&TrustList>, now: Timestamp) -> Look {
    let mut look = Look::default();
    take(objects, source, &source.current, last, now, &mut look).await;
    // Only a process that has no list yet needs the one before.
    if last.is_none() {
        let fresh = look.new.as_ref().map(|loaded| loaded.list.clone());
        let mut before = Look::default();
        take(objects, source, &source.previous, fresh.as_ref(), now, &mut before).await;
        if before.new.is_some() {
            if fresh.is_some() {
                look.alarms.push(alarm("trust-list-older", "the current list is older than the one before it"));
            }
            look.new = before.new;
        } else if fresh.is_none() {
            // A first list has none before it; that rings only where nothing else is there.
            look.alarms.append(&mut before.alarms);
        }
    }
    let used = look.new.as_ref().map(|loaded| &loaded.list).or(last);
    if used.is_some_and(|list| list.is_overdue(now.as_second())) {
        look.alarms.push(alarm("trust-list-overdue", "the next trust list is overdue"));
    }
    look
}

/// A list with what is asked of it all the time.
#[derive(Debug)]
pub struct InUse {
    /// The list and its file.
    pub loaded: Loaded,
    /// Where paths end.
    pub anchors: Vec<Certificate>,
    /// Issuing CAs, for files that embed the signer alone.
    pub issuers: Vec<Certificate>,
}

/// Who hears of alarms: a code and a text for the operator.
pub type Ring = fn(&'static str, &str);

/// The list of a process: looked for at the start and then every few minutes; a bad update rings and changes nothing.
#[derive(Debug)]
pub struct TrustStore {
    source: Source,
    ring: Ring,
    held: Mutex<(Arc<InUse>, Timestamp)>,
}

impl TrustStore {
    /// Reads the first list.
    ///
    /// # Errors
    /// [`Fault`] with the codes of the alarms: no list may be used, so nothing could ever be trusted.
    pub async fn open(objects: &impl Objects, source: Source, ring: Ring, now: Timestamp) -> Result<Self, Fault> {
        let look = look(objects, &source, None, now).await;
        look.alarms.iter().for_each(|alarm| ring(alarm.code, &alarm.text));
        let codes = || look.alarms.iter().map(|alarm| alarm.code).collect::<Vec<_>>().join(", ");
        let first = look.new.ok_or_else(|| Fault(format!("no trust list may be used: {}", codes())))?;
        Ok(Self { source, ring, held: Mutex::new((Arc::new(InUse::new(first)), now)) })
    }

    /// The list, after a look at the bucket when the last one is some minutes ago.
    pub async fn now(&self, objects: &impl Objects, now: Timestamp) -> Arc<InUse> {
        let (held, looked) = self.held.lock().unwrap_or_else(PoisonError::into_inner).clone();
        // A clock that was set back looks at once.
        if (SignedDuration::ZERO..LOOK_EVERY).contains(&now.duration_since(looked)) {
            return held;
        }
        let look = look(objects, &self.source, Some(&held.loaded.list), now).await;
        look.alarms.iter().for_each(|alarm| (self.ring)(alarm.code, &alarm.text));
        let held = look.new.map_or(held, |new| Arc::new(InUse::new(new)));
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = (Arc::clone(&held), now);
        held
    }
}

impl InUse {
    fn new(loaded: Loaded) -> Self {
        Self { anchors: loaded.list.anchors(), issuers: loaded.list.issuers(), loaded }
    }
}

async fn take(
    objects: &impl Objects,
    source: &Source,
    path: &str,
    last: Option<&TrustList>,
    now: Timestamp,
    look: &mut Look,
) {
    let file = match objects.read(path, LIST_LIMIT).await {
        Ok(Some(file)) => file,
        Ok(None) => return look.alarms.push(alarm("trust-list-unreadable", &format!("there is no {path}"))),
        Err(fault) => return look.alarms.push(alarm("trust-list-unreadable", &format!("{path}: {fault}"))),
    };
    let rules = Rules { pins: &source.pins, production: source.production, now: now.as_second() };
    match accept(&file, last, &rules) {
        Ok(Accepted::New(list)) => look.new = Some(Loaded { list, file }),
        Ok(Accepted::Same) => {}
        Err(why) => look.alarms.push(alarm(why.code(), &format!("{path}: {why}"))),
    }
}

fn alarm(code: &'static str, text: &str) -> Alarm {
    Alarm { code, text: text.to_owned() }
}
