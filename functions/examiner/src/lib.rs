//! Re-derives everything every night (đối soát): numbers without gap, objects, digests, signatures.
//!
//! Reads only; an alarm is a log line at level error that the alarm rules count.

use api::{Edge, Env, Error, Function};
use casework::examine;
use domain::ports::{Fault, Records};
use domain::time;
use objects::Bucket;
use pki::Certificate;
use store::Table;

/// The function with what it needs.
pub struct Examiner {
    edge: Edge,
    records: Table,
    objects: Bucket,
    anchors: Vec<Certificate>,
}

impl Examiner {
    /// Reads the settings and makes the clients.
    ///
    /// # Errors
    /// A missing or unreadable setting, by name.
    pub async fn new(env: &Env, aws: &aws_config::SdkConfig) -> Result<Self, Error> {
        let objects = Bucket::new(aws, env.required("BUCKET_NAME")?);
        let anchors = casework::anchors(&objects, &env.required("TRUST_ANCHORS")?).await?;
        Ok(Self { edge: Edge::new(env), records: Table::new(aws, env.required("TABLE_NAME")?), objects, anchors })
    }
}

impl Function for Examiner {
    fn edge(&self) -> &Edge {
        &self.edge
    }

    async fn tick(&self) -> Result<(), Fault> {
        let now = self.edge.clock.now();
        for unit in self.records.units().await? {
            let year = time::civil(now).year();
            let findings =
                examine::series(&self.records, &self.objects, &self.anchors, &unit, &unit.series_suffix, year, now)
                    .await?;
            for finding in &findings {
                tracing::error!(unit = unit.id.as_str(), %finding, "the examiner found a fault");
            }
            tracing::info!(unit = unit.id.as_str(), year, findings = findings.len(), "examined");
        }
        Ok(())
    }
}
