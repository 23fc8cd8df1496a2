//! Every port in one memory, with one fate per call.
//!
//! A call begins with one pause, takes its fate, and only then looks at the memory or changes it. So the order of the
//! steps is the order of the polls, and what a call may have done without telling is the test's choice.

mod judging;
mod outside;
mod records;
mod storage;
mod table;

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Debug;
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::model::Sha256;
use domain::ports::Fault;
use jiff::{SignedDuration, Timestamp};
use pki::{DigestAlgorithm, digest};

use crate::polling::pause;
use outside::Outside;
pub(crate) use outside::qr_keys;
pub use outside::{Habit, Habits};
use storage::Object;
pub use table::Table;

/// Runs that [`crate::explore`] can hold apart.
pub(crate) const RUNS: usize = 4;

/// What becomes of a call.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Fate {
    /// It happens and is answered.
    Works,
    /// It does not happen; no answer comes.
    Lost,
    /// It happens; no answer comes.
    AnswerLost,
}

impl Fate {
    /// Every fate.
    pub const ALL: [Fate; 3] = [Fate::Works, Fate::Lost, Fate::AnswerLost];
}

/// Whether a call changes anything.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// It only looks: for whoever hears nothing it is the same whether the question or the answer was lost.
    Look,
    /// It looks at what nobody changes any more, so that it does not matter when.
    Stand,
    /// It acts.
    Act,
}

impl Kind {
    /// The fates that differ for a call of this kind.
    pub fn fates(self) -> &'static [Fate] {
        match self {
            Kind::Look | Kind::Stand => &[Fate::Works, Fate::Lost],
            Kind::Act => &Fate::ALL,
        }
    }
}

/// One call of a port.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Call {
    /// Port and method.
    pub name: &'static str,
    /// Whether it changes anything.
    pub kind: Kind,
}

/// All ports.
#[derive(Debug)]
pub struct World {
    inner: Mutex<Inner>,
}

#[derive(Clone, Debug)]
pub(crate) struct Inner {
    pub(crate) table: Table,
    /// What the index knows, when it is behind (F15).
    pub(crate) index: Option<Table>,
    pub(crate) objects: BTreeMap<String, Object>,
    pub(crate) outside: Outside,
    pub(crate) now: Timestamp,
    pub(crate) run: usize,
    /// Calls that only a mistake makes.
    pub(crate) complaints: Vec<String>,
    fates: VecDeque<Fate>,
    calls: Vec<Call>,
    /// Items of each commit that was written.
    pub(crate) committed: Vec<usize>,
    /// Octets of objects that went through each method.
    pub(crate) moved: BTreeMap<&'static str, u64>,
    asked: [Option<Call>; RUNS],
    /// Digests of every answer that a run has heard, when somebody explores.
    heard: Option<[Sha256; RUNS]>,
}

impl Clone for World {
    fn clone(&self) -> Self {
        Self { inner: Mutex::new(self.lock().clone()) }
    }
}

impl World {
    /// Nothing in it yet.
    pub fn new(now: Timestamp) -> Self {
        let inner = Inner {
            table: Table::default(),
            index: None,
            objects: BTreeMap::new(),
            outside: Outside::default(),
            now,
            run: 0,
            complaints: Vec::new(),
            fates: VecDeque::new(),
            calls: Vec::new(),
            committed: Vec::new(),
            moved: BTreeMap::new(),
            asked: [None; RUNS],
            heard: None,
        };
        Self { inner: Mutex::new(inner) }
    }

    /// The clock. It stands.
    pub fn now(&self) -> Timestamp {
        self.lock().now
    }

    /// Moves the clock.
    pub fn wait(&self, time: SignedDuration) {
        let mut inner = self.lock();
        inner.now = inner.now.checked_add(time).expect("a time that jiff knows");
    }

    /// Sets the clock, backwards too (F7).
    pub fn set_now(&self, now: Timestamp) {
        self.lock().now = now;
    }

    /// The fates of the next calls, in order; later ones work. Forgets the calls that were made before.
    pub fn script(&self, fates: &[Fate]) {
        let mut inner = self.lock();
        inner.fates = fates.iter().copied().collect();
        inner.calls.clear();
        inner.committed.clear();
        inner.moved.clear();
    }

    /// Octets of objects that went through each method of the bucket since the last script.
    pub fn moved(&self) -> BTreeMap<&'static str, u64> {
        self.lock().moved.clone()
    }

    /// The calls since the last script.
    pub fn calls(&self) -> Vec<Call> {
        self.lock().calls.clone()
    }

    /// The call that waits, when nobody else has called since.
    pub fn paused(&self) -> Option<Call> {
        let inner = self.lock();
        inner.asked[inner.run]
    }

    /// Items of each commit that was written since the last script.
    pub fn committed(&self) -> Vec<usize> {
        self.lock().committed.clone()
    }

    /// Changes how the others behave.
    pub fn habits(&self, change: impl FnOnce(&mut Habits)) {
        change(&mut self.lock().outside.habits);
    }

    /// Lists from the index show what is stored now, until [`World::index_follows`] (F15).
    pub fn index_stands(&self) {
        let mut inner = self.lock();
        inner.index = Some(inner.table.clone());
    }

    /// The index is up to date again.
    pub fn index_follows(&self) {
        self.lock().index = None;
    }

    /// Looks at what is stored, past the ports.
    pub fn look<T>(&self, at: impl FnOnce(&Table) -> T) -> T {
        at(&self.lock().table)
    }

    /// Changes what is stored, past the ports: as another version would have written it.
    pub fn rewrite<T>(&self, act: impl FnOnce(&mut Table) -> T) -> T {
        act(&mut self.lock().table)
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a call: one pause, then its fate.
    async fn begin(&self, call: Call) -> Fate {
        {
            let mut inner = self.lock();
            let run = inner.run;
            inner.asked[run] = Some(call);
        }
        pause().await;
        let mut inner = self.lock();
        let run = inner.run;
        inner.asked[run] = None;
        inner.calls.push(call);
        inner.fates.pop_front().unwrap_or(Fate::Works)
    }

    /// A call that only looks.
    async fn ask<T: Debug>(&self, name: &'static str, at: impl FnOnce(&Inner) -> T) -> Result<T, Fault> {
        let fate = self.begin(Call { name, kind: Kind::Look }).await;
        let mut inner = self.lock();
        let answer = if fate == Fate::Works { Ok(at(&inner)) } else { Err(silence(name)) };
        inner.hears(name, &answer);
        answer
    }

    /// A call that looks at what no run changes.
    async fn ask_standing<T>(&self, name: &'static str, at: impl FnOnce(&Inner) -> T) -> Result<T, Fault> {
        let fate = self.begin(Call { name, kind: Kind::Stand }).await;
        let mut inner = self.lock();
        let answer = if fate == Fate::Works { Ok(at(&inner)) } else { Err(silence(name)) };
        inner.hears(name, &answer.is_ok());
        answer
    }

    /// A call that acts.
    async fn act<T: Debug, E: Debug + From<Silence>>(
        &self,
        name: &'static str,
        act: impl FnOnce(&mut Inner) -> Result<T, E>,
    ) -> Result<T, E> {
        let fate = self.begin(Call { name, kind: Kind::Act }).await;
        let mut inner = self.lock();
        let happened = if fate == Fate::Lost { None } else { Some(act(&mut inner)) };
        let answer = match happened {
            Some(answer) if fate == Fate::Works => answer,
            _ => Err(Silence(name).into()),
        };
        inner.hears(name, &answer);
        answer
    }
}

/// What [`crate::explore`] needs to steer runs and to recognise where it has been.
impl World {
    /// Whose turn it is.
    pub(crate) fn turn(&self, run: usize) {
        self.lock().run = run;
    }

    /// The call in which a run pauses.
    pub(crate) fn asked(&self, run: usize) -> Option<Call> {
        self.lock().asked[run]
    }

    /// The fate of the next call alone.
    pub(crate) fn next_fate(&self, fate: Fate) {
        self.lock().fates = [fate].into();
    }

    /// Begins to keep what the runs hear.
    pub(crate) fn listen(&self) {
        let mut inner = self.lock();
        inner.heard = Some([[0; 32]; RUNS]);
        inner.table.begin_marks();
    }

    /// Two worlds with the same digest are the same for whatever the runs do next.
    pub(crate) fn digest(&self) -> Sha256 {
        let inner = self.lock();
        let objects: Vec<_> = inner.objects.iter().map(|(path, object)| (path, object.sha256)).collect();
        let text = format!("{:?}{:?}{:?}{:?}", inner.heard, inner.table.marks(), objects, inner.outside.moving());
        sha256(text.as_bytes())
    }
}

impl Inner {
    fn hears<T: Debug>(&mut self, name: &str, answer: &T) {
        if let Some(heard) = &mut self.heard {
            let heard = &mut heard[self.run];
            *heard = sha256(format!("{heard:?}{name}{answer:?}").as_bytes());
        }
    }
}

/// No answer came.
pub(crate) struct Silence(&'static str);

impl From<Silence> for Fault {
    fn from(Silence(name): Silence) -> Self {
        silence(name)
    }
}

fn silence(name: &str) -> Fault {
    Fault(format!("no answer from {name}"))
}

/// SHA-256.
pub(crate) fn sha256(bytes: &[u8]) -> Sha256 {
    digest(DigestAlgorithm::Sha256, &[bytes]).try_into().expect("32 bytes")
}
