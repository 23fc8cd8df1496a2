//! Timestamps, embeds, verifies and creates the issued files; adds `/DSS` and the document timestamp (B-LTA). Asks CAs about X.509
//! certificates in files of others, for `verification`, which has no way out.
//!
//! Talks to TSA, OCSP, CRL and AIA hosts; has no key.

use std::time::Duration;

use api::{Edge, Env, Error, Function, Stopwatch};
use casework::trust::{Source, TrustStore};
use casework::{Halt, Outcome, Workbench, augment, inquiry};
use domain::model::{Outbox, Topic};
use domain::ports::{Fault, Records};
use jiff::Timestamp;
use objects::Bucket;
use store::Table;
use trust_services::{HttpServices, Patience, Within};

/// What this function does. In a sweep they take turns: the first of each, then the second of each.
const TOPICS: [Topic; 5] = [Topic::FinishLeader, Topic::FinishSeal, Topic::Archive, Topic::FetchEvidence, Topic::Renew];
/// Items that one sweep takes of each topic.
const SWEEP: u32 = 50;
/// The same of questions: those that the stream lost. Each may take its 60 s, and a sweep has 300.
const SWEEP_QUESTIONS: u32 = 3;
/// The same of renewals, which have months: 7,200 a day, and today's copies never wait for those of years ago.
const SWEEP_RENEWALS: u32 = 5;

/// Work is begun in the first seconds of an event only: what is begun then ends before the function does, after at most
/// [`augment::LEASE`]. Cut off, it would pay for its time-stamp again.
pub const BEGIN_WITHIN: Duration = Duration::from_secs(25);
/// Places of a sweep for what is worked on beside each other: most of it waits for a TSA, for up to 131 s. A place is worth some MB of
/// memory; only a few files are verified at once (`objects`).
const PLACES: usize = 48;
/// Places that the copies of a leader's session take together.
const PLACES_OF_A_SESSION: usize = 4;

/// The function with what it needs.
pub struct Augmentation {
    edge: Edge,
    records: Table,
    objects: Bucket,
    services: HttpServices,
    trust: TrustStore,
}

impl Augmentation {
    /// Reads the settings and makes the clients.
    ///
    /// # Errors
    /// A missing or unreadable setting, by name; no trust list that may be used.
    pub async fn new(env: &Env, aws: &aws_config::SdkConfig) -> Result<Self, Error> {
        let objects = Bucket::new(aws, env.required("BUCKET_NAME")?);
        let edge = Edge::new(env);
        let live = env.required("MODE")? == "live";
        let source = Source::new(&env.required("TRUST_LIST")?, &env.required("TRUST_LIST_PINS")?, live)?;
        let trust = TrustStore::open(&objects, source, api::alarm, edge.clock.now()).await?;
        let patience = Patience {
            timestamp: env.seconds("TSA_TIMEOUT_S")?,
            pause: env.seconds("TSA_PAUSE_S")?,
            evidence: env.seconds("EVIDENCE_TIMEOUT_S")?,
        };
        Ok(Self {
            edge,
            records: Table::new(aws, env.required("TABLE_NAME")?),
            objects,
            services: HttpServices::new(&env.required("TSA_URLS")?, &env.required("TRUST_HOSTS")?, patience)?,
            trust,
        })
    }

    /// The bench with the roots of the trust list in use.
    async fn bench(&self, now: Timestamp) -> Workbench {
        Workbench::new(self.trust.now(&self.objects, now).await.anchors.clone())
    }

    /// Asks about an X.509 certificate in a file of others.
    async fn fetch(&self, item: &Outbox) -> Result<(), Fault> {
        let trust = self.trust.now(&self.objects, self.edge.clock.now()).await;
        let (services, chance, clock) = (&self.services, &self.edge.chance, || self.edge.clock.now());
        let asked = inquiry::fetch(&self.records, &self.objects, services, &trust.anchors, chance, clock, item).await;
        casework::settled(asked)
    }
}

impl Augmentation {
    /// One step of an item, which asks for as long as it is alone with it: its time begins before the moment `now`.
    async fn step(&self, item: &Outbox, services: &Within<'_>, now: Timestamp) -> Result<Outcome, Halt> {
        let bench = &self.bench(now).await;
        let (records, objects, chance) = (&self.records, &self.objects, &self.edge.chance);
        match item.topic {
            Topic::FinishLeader => augment::finish_leader(records, objects, services, bench, chance, item, now).await,
            Topic::FinishSeal => augment::finish_seal(records, objects, services, bench, chance, item, now).await,
            Topic::Archive => augment::archive(records, objects, services, bench, chance, item, now).await,
            Topic::Renew => augment::renew(records, objects, services, bench, chance, item, now).await,
            Topic::Seal
            | Topic::Deliver
            | Topic::Aftercare
            | Topic::JudgeBatch
            | Topic::FetchEvidence
            | Topic::FollowLeader => Ok(Outcome::Done),
        }
    }
}

impl Function for Augmentation {
    fn edge(&self) -> &Edge {
        &self.edge
    }

    async fn work(&self, item: &Outbox) -> Result<(), Fault> {
        self.work_since(item, Stopwatch::start()).await
    }

    /// Steps of an item until it is done, waits for its time, or none may be begun any more: then the next sweep goes on.
    async fn work_since(&self, item: &Outbox, begun: Stopwatch) -> Result<(), Fault> {
        if item.topic == Topic::FetchEvidence {
            return self.fetch(item).await;
        }
        let mut item = item.clone();
        while begun.elapsed() < BEGIN_WITHIN {
            let services = self.services.within(augment::ASKING.unsigned_abs());
            let now = self.edge.clock.now();
            let done = self.step(&item, &services, now).await;
            match done {
                Ok(Outcome::Later(due_at)) if due_at <= now => item.due_at = due_at,
                Err(Halt::Failed(_)) => {
                    augment::give_back(&self.records, &item, now).await;
                    return casework::settled(done);
                }
                done => return casework::settled(done),
            }
        }
        Ok(())
    }

    async fn tick(&self) -> Result<(), Fault> {
        let (now, begun) = (self.edge.clock.now(), Stopwatch::start());
        let mut due = Vec::new();
        for topic in TOPICS {
            let most = match topic {
                Topic::FetchEvidence => SWEEP_QUESTIONS,
                Topic::Renew => SWEEP_RENEWALS,
                _ => SWEEP,
            };
            due.push(self.records.due(topic, now, most).await?);
        }
        swept(due, |item| self.swept(item, begun), || begun.elapsed() < BEGIN_WITHIN).await;
        Ok(())
    }
}

impl Augmentation {
    async fn swept(&self, item: Outbox, begun: Stopwatch) {
        if let Err(fault) = self.work_since(&item, begun).await {
            tracing::warn!(topic = item.topic.name(), subject = item.subject, %fault, "due work failed; the next sweep tries again");
        }
    }
}

/// Does what is due of each topic by turns, as far as there are places and time: nobody's many orders go before another's few.
async fn swept<F: Future<Output = ()>>(
    due: Vec<Vec<Outbox>>,
    work: impl Fn(Outbox) -> F,
    may_begin: impl Fn() -> bool,
) {
    let takes = |item: &Outbox| if item.topic == Topic::FinishLeader { PLACES_OF_A_SESSION } else { 1 };
    let all = casework::by_turns(due).into_iter().map(|item| (takes(&item), work(item)));
    casework::in_turn(all, PLACES, may_begin).await;
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::Pin;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::task::{Context, Poll, Waker};

    use domain::ids::EventId;
    use domain::model::Learned;

    use super::*;

    const TEMPLATE: &str = include_str!("../../../template.yaml");
    /// What a run needs besides its time-stamp: bucket, table, waiting for its turn to verify.
    const OWN_WORK: Duration = Duration::from_secs(55);
    /// A TSA's time that was measured (limits.md F11).
    const SLOWEST_KNOWN: Duration = Duration::from_secs(131);

    /// A number of a parameter: `TsaTimeout: {Type: Number, Default: 140, MinValue: 1, MaxValue: 150, …}`.
    fn parameter(name: &str, member: &str) -> Duration {
        let line = TEMPLATE.lines().find(|line| line.trim_start().starts_with(&format!("{name}: {{")));
        let line = line.unwrap_or_else(|| panic!("no parameter {name}"));
        let (_, number) = line.split_once(&format!("{member}: ")).unwrap_or_else(|| panic!("{name} has no {member}"));
        let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
        Duration::from_secs(digits.parse().expect("seconds"))
    }

    /// The time that the platform gives this function.
    fn timeout() -> Duration {
        let (_, own) = TEMPLATE.split_once("BuildProperties: {Binary: augmentation}").expect("the function");
        let (_, number) = own.split_once("Timeout: ").expect("a timeout");
        Duration::from_secs(number.lines().next().and_then(|text| text.trim().parse().ok()).expect("seconds"))
    }

    /// What the template lets an operator set is what the code bears, and what is begun ends before the function does.
    #[test]
    fn the_template_and_the_code_agree_on_time() {
        for (name, longest) in [
            ("TsaTimeout", trust_services::LONGEST_TIMESTAMP),
            ("TsaPause", trust_services::LONGEST_PAUSE),
            ("EvidenceTimeout", trust_services::LONGEST_EVIDENCE),
        ] {
            assert_eq!(parameter(name, "MaxValue"), longest, "{name}");
            assert!(parameter(name, "Default") <= longest, "{name}");
        }
        // Work that was taken is nobody else's for as long as anybody is asked about it; three runs that died hold up no archive for too long.
        let (lease, asking) = (augment::LEASE.unsigned_abs(), augment::ASKING.unsigned_abs());
        assert!(asking + OWN_WORK <= lease && BEGIN_WITHIN + lease < timeout());
        assert!(lease * 3 < augment::ARCHIVE_WAIT.unsigned_abs());
        // As it is set: behind silent ones the last TSA has the time that one is known to take, or the first when evidence was slow as well.
        let behind = u32::try_from(trust_services::MOST_TSAS - 1).expect("a few");
        assert!(parameter("TsaPause", "Default") * behind + SLOWEST_KNOWN <= asking);
        assert!(parameter("EvidenceTimeout", "Default") * 4 + parameter("TsaTimeout", "Default") <= asking);
    }

    /// The table of a busy hour, in seconds, under a TSA that takes 131 s: a sweep each minute, and what is taken is not due.
    #[derive(Default)]
    struct Hour {
        now: AtomicU64,
        open: Mutex<Vec<(Outbox, u64)>>,
        ended: Mutex<Vec<(Topic, u64)>>,
    }

    impl Hour {
        fn second(&self) -> u64 {
            self.now.load(Ordering::Relaxed)
        }

        fn due(&self, topic: Topic) -> Vec<Outbox> {
            let open = self.open.lock().expect("no panic");
            let due = open.iter().filter(|(item, due)| item.topic == topic && *due <= self.second());
            due.take(SWEEP as usize).map(|(item, _)| item.clone()).collect()
        }

        /// Takes an order, waits for the TSA, and is done with it.
        async fn work(&self, item: Outbox, begun: u64) {
            let taken = {
                let mut open = self.open.lock().expect("no panic");
                let one = open.iter_mut().find(|(other, due)| other.id == item.id && *due <= self.second());
                one.map(|one| one.1 = self.second() + augment::LEASE.unsigned_abs().as_secs()).is_some()
            };
            assert!(self.second() < begun + BEGIN_WITHIN.as_secs());
            let until = self.second() + 131;
            while taken && self.second() < until {
                let mut given = false;
                poll_fn(|_| if std::mem::replace(&mut given, true) { Poll::Ready(()) } else { Poll::Pending }).await;
            }
            if taken {
                self.open.lock().expect("no panic").retain(|(other, _)| other.id != item.id);
                self.ended.lock().expect("no panic").push((item.topic, self.second()));
            }
        }

        async fn sweep(&self) {
            let begun = self.second();
            let due = TOPICS.map(|topic| self.due(topic)).into();
            swept(due, |item| self.work(item, begun), || self.second() < begun + BEGIN_WITHIN.as_secs()).await;
        }
    }

    /// Forty sessions of leaders and forty seals wait, and every TSA takes 131 s: both get on from the first minute, and all is done within the
    /// quarter of an hour that an archive is waited for.
    #[test]
    fn seals_and_leaders_both_get_on() {
        let hour = Hour::default();
        let item = |n: u8, topic| {
            let (id, at) = (EventId::new([n; 16]), Timestamp::UNIX_EPOCH);
            let (subject, learned) = (n.to_string(), Learned::default());
            (Outbox { id, topic, subject, at, due_at: at, waits: None, learned }, 0)
        };
        let leaders = (0..40).map(|n| item(n, Topic::FinishLeader));
        *hour.open.lock().expect("no panic") = leaders.chain((40..80).map(|n| item(n, Topic::FinishSeal))).collect();
        let mut sweeps: Vec<Pin<Box<dyn Future<Output = ()> + '_>>> = Vec::new();
        let mut context = Context::from_waker(Waker::noop());
        for second in 0..900 {
            hour.now.store(second, Ordering::Relaxed);
            if second % 60 == 0 {
                sweeps.push(Box::pin(hour.sweep()));
            }
            sweeps.retain_mut(|sweep| sweep.as_mut().poll(&mut context).is_pending());
        }
        let ended = hour.ended.lock().expect("no panic");
        assert_eq!((ended.len(), hour.open.lock().expect("no panic").len()), (80, 0));
        for topic in [Topic::FinishLeader, Topic::FinishSeal] {
            let of = ended.iter().filter(|(other, _)| *other == topic).map(|(_, second)| *second);
            let at: Vec<u64> = of.collect();
            assert!(at[0] <= 131 && at.len() == 40, "{topic:?}: {at:?}");
        }
    }
}
