//! Re-derives everything every night (đối soát): numbers without gap, objects, digests, signatures.
//!
//! Reads only; an alarm is a log line at level error that the alarm rules count.

use api::{Edge, Env, Error, Function};
use casework::examine;
use casework::trust::{InUse, Source, TrustStore};
use domain::model::Unit;
use domain::ports::{Fault, Records};
use jiff::Timestamp;
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

impl Examiner {
    /// All series of an office in a year; how much was found.
    async fn office(&self, trust: &InUse, unit: &Unit, year: i16, now: Timestamp) -> Result<usize, Fault> {
        let mut found = 0;
        for suffix in unit.suffixes() {
            let findings =
                examine::series(&self.records, &self.objects, &trust.anchors, unit, &suffix, year, now).await?;
            for finding in &findings {
                tracing::error!(unit = unit.id.as_str(), year, %finding, "the examiner found a fault");
            }
            found += findings.len();
        }
        Ok(found)
    }
}

impl Function for Examiner {
    fn edge(&self) -> &Edge {
        &self.edge
    }

    async fn tick(&self) -> Result<(), Fault> {
        let now = self.edge.clock.now();
        let trust = self.trust.now(&self.objects, now).await;
        let mut failed = None;
        for unit in self.records.units().await? {
            for year in examine::years(now) {
                // What cannot be read of one office keeps nobody from looking at the others.
                match self.office(&trust, &unit, year, now).await {
                    Ok(findings) => tracing::info!(unit = unit.id.as_str(), year, findings, "examined"),
                    Err(fault) => {
                        tracing::error!(unit = unit.id.as_str(), year, %fault, "not examined");
                        failed = failed.or(Some(fault));
                    }
                }
            }
        }
        failed.map_or(Ok(()), Err)
    }
}
