//! Re-derives everything every night (đối soát): numbers without gap, objects, digests, signatures.
//!
//! Reads only; an alarm is a log line at level error that the alarm rules count.

use api::{Edge, Env, Error, Function};
use casework::examine;
use casework::trust::{Source, TrustStore};
use domain::ports::{Fault, Records};
use domain::time;
use objects::Bucket;
use store::Table;

/// The function with what it needs.
pub struct Examiner {
    edge: Edge,
    records: Table,
    objects: Bucket,
    trust: TrustStore,
}

impl Examiner {
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
        Ok(Self { edge, records: Table::new(aws, env.required("TABLE_NAME")?), objects, trust })
    }
}

impl Function for Examiner {
    fn edge(&self) -> &Edge {
        &self.edge
    }

    async fn tick(&self) -> Result<(), Fault> {
        let now = self.edge.clock.now();
        let trust = self.trust.now(&self.objects, now).await;
        for unit in self.records.units().await? {
            let year = time::civil(now).year();
            let mut found = 0;
            for suffix in unit.suffixes() {
                let (records, objects) = (&self.records, &self.objects);
                let findings = examine::series(records, objects, &trust.anchors, &unit, &suffix, year, now).await?;
                for finding in &findings {
                    tracing::error!(unit = unit.id.as_str(), %finding, "the examiner found a fault");
                }
                found += findings.len();
            }
            tracing::info!(unit = unit.id.as_str(), year, findings = found, "examined");
        }
        Ok(())
    }
}
