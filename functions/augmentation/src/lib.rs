//! Timestamps, embeds, verifies and creates the issued files; adds `/DSS` and the document timestamp (B-LTA). Asks CAs about X.509
//! certificates in files of others, for `verification`, which has no way out.
//!
//! Talks to TSA, OCSP, CRL and AIA hosts; has no key.

use api::{Edge, Env, Error, Function};
use casework::trust::{Source, TrustStore};
use casework::{Workbench, augment, inquiry};
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

impl Function for Augmentation {
    fn edge(&self) -> &Edge {
        &self.edge
    }

    async fn work(&self, item: &Outbox) -> Result<(), Fault> {
        if item.topic == Topic::FetchEvidence {
            return self.fetch(item).await;
        }
        let now = self.edge.clock.now();
        let bench = &self.bench(now).await;
        let (records, objects, services, chance) = (&self.records, &self.objects, &self.services, &self.edge.chance);
        casework::settled(match item.topic {
            Topic::FinishLeader => augment::finish_leader(records, objects, services, bench, chance, item, now).await,
            Topic::FinishSeal => augment::finish_seal(records, objects, services, bench, chance, item, now).await,
            Topic::Archive => augment::archive(records, objects, services, bench, chance, item, now).await,
            Topic::Renew => augment::renew(records, objects, services, bench, chance, item, now).await,
            Topic::Seal | Topic::Deliver | Topic::Aftercare | Topic::JudgeBatch | Topic::FetchEvidence => return Ok(()),
        })
    }

    async fn tick(&self) -> Result<(), Fault> {
        let now = self.edge.clock.now();
        for topic in TOPICS {
            let most = match topic {
                Topic::FetchEvidence => SWEEP_QUESTIONS,
                Topic::Renew => SWEEP_RENEWALS,
                _ => SWEEP,
            };
            for item in self.records.due(topic, now, most).await? {
                if let Err(fault) = self.work(&item).await {
                    tracing::warn!(topic = topic.name(), subject = item.subject, %fault, "due work failed; the next sweep tries again");
                }
            }
        }
        Ok(())
    }
}
