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
use trust_services::{HttpServices, Patience};

/// What this function does, in the order of a sweep: copies of ours before questions of others.
const TOPICS: [Topic; 5] = [Topic::FinishLeader, Topic::FinishSeal, Topic::Archive, Topic::FetchEvidence, Topic::Renew];
/// Items that one sweep takes of each topic.
const SWEEP: u32 = 50;
/// The same of questions: those that the stream lost. Each may take its 60 s, and a sweep has 300.
const SWEEP_QUESTIONS: u32 = 3;
/// The same of renewals, which have months: 7,200 a day, and today's copies never wait for those of years ago.
const SWEEP_RENEWALS: u32 = 5;

/// Work is begun in the first seconds of an event only: what is begun then ends before the function does, after at most
/// [`trust_services::LONGEST_TIMESTAMPS`] for its time-stamp and what is left for everything else. Cut off, it would pay for its time-stamp
/// again.
pub const BEGIN_WITHIN: Duration = Duration::from_secs(25);
/// Copies of a sweep that are worked on beside each other; each holds its file in memory a few times, up to 100 MB of it.
const BESIDE: usize = 2;

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
    /// One step of an item.
    async fn step(&self, item: &Outbox, now: Timestamp) -> Result<Outcome, Halt> {
        let bench = &self.bench(now).await;
        let (records, objects, services, chance) = (&self.records, &self.objects, &self.services, &self.edge.chance);
        match item.topic {
            Topic::FinishLeader => augment::finish_leader(records, objects, services, bench, chance, item, now).await,
            Topic::FinishSeal => augment::finish_seal(records, objects, services, bench, chance, item, now).await,
            Topic::Archive => augment::archive(records, objects, services, bench, chance, item, now).await,
            Topic::Renew => augment::renew(records, objects, services, bench, chance, item, now).await,
            Topic::Seal | Topic::Deliver | Topic::Aftercare | Topic::JudgeBatch | Topic::FetchEvidence => {
                Ok(Outcome::Done)
            }
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
            let now = self.edge.clock.now();
            let done = self.step(&item, now).await;
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
        for topic in TOPICS {
            let most = match topic {
                Topic::FetchEvidence => SWEEP_QUESTIONS,
                Topic::Renew => SWEEP_RENEWALS,
                _ => SWEEP,
            };
            let due = self.records.due(topic, now, most).await?;
            for items in due.chunks(BESIDE) {
                let done = casework::beside(items.iter().map(|item| self.work_since(item, begun))).await;
                for (item, done) in items.iter().zip(done) {
                    if let Err(fault) = done {
                        tracing::warn!(topic = topic.name(), subject = item.subject, %fault, "due work failed; the next sweep tries again");
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = include_str!("../../../template.yaml");
    /// What a run needs besides its time-stamp: bucket, table, verifying.
    const OWN_WORK: Duration = Duration::from_secs(10);

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
        // Work that was taken is nobody else's while the first TSA may still answer; four runs that died hold up no archive for too long.
        assert!((parameter("TsaTimeout", "Default")..timeout()).contains(&augment::LEASE.unsigned_abs()));
        assert!(augment::LEASE.unsigned_abs() * 5 < augment::ARCHIVE_WAIT.unsigned_abs());
        assert!(BEGIN_WITHIN + trust_services::LONGEST_TIMESTAMPS + OWN_WORK < timeout());
        // As it is set: the last TSA is given up, and two hosts that are silent about OCSP and CRL too.
        let behind = u32::try_from(trust_services::MOST_TSAS - 1).expect("a few");
        let stamp = parameter("TsaPause", "Default") * behind + parameter("TsaTimeout", "Default");
        let evidence = parameter("EvidenceTimeout", "Default") * 4;
        assert!(BEGIN_WITHIN + stamp + evidence + OWN_WORK <= timeout());
    }
}
