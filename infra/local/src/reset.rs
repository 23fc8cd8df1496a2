//! Everything as after the first start: the table and the bucket empty but for the seed, phones calm. Keys, X.509
//! certificates and ports stay, for files that were handed out name them.

use std::collections::HashMap;
use std::sync::Arc;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::error::DisplayErrorContext;
use aws_sdk_dynamodb::types::{AttributeValue, DeleteRequest, WriteRequest};
use store::Table;
use tokio::sync::Mutex;

use crate::endpoints::kms::Keys;
use crate::error::{Error, Result};
use crate::people::ACTORS;
use crate::resources::State;
use crate::seed::{self, Ground};
use crate::simulator::Simulator;
use crate::testpki::TestPki;

/// The most deletions of one call (BatchWriteItem).
const BATCH: usize = 25;
/// How often deletions that the service did not get to are sent again.
const ROUNDS: usize = 8;

type Item = HashMap<String, AttributeValue>;

/// What is reset, and what the seed needs.
pub(crate) struct Reset {
    pub(crate) sdk: SdkConfig,
    pub(crate) state: State,
    pub(crate) keys: Arc<Keys>,
    pub(crate) alias_prefix: String,
    /// Objects below this stay: the configured roots.
    pub(crate) trust_prefix: &'static str,
    pub(crate) pki: Arc<TestPki>,
    pub(crate) simulator: Arc<Simulator>,
    pub(crate) seeded: bool,
    /// As [`Ground::by_number`].
    pub(crate) by_number: bool,
    /// One at a time.
    pub(crate) running: Mutex<()>,
}

impl Reset {
    /// Empties and seeds.
    ///
    /// # Errors
    /// What could not be emptied or seeded; then it may be half done, and may be asked for again.
    pub(crate) async fn run(&self) -> Result<()> {
        let _one = self.running.lock().await;
        self.empty_table().await?;
        self.empty_bucket().await?;
        if !self.seeded {
            return Ok(());
        }
        for sim in ACTORS.iter().filter_map(|actor| actor.sim) {
            self.simulator.calm(sim.phone).await?;
        }
        self.plant().await
    }

    /// Puts the seed in.
    ///
    /// # Errors
    /// As [`Ground::plant`].
    pub(crate) async fn plant(&self) -> Result<()> {
        let sims = seed::enrol(&self.simulator).await?;
        let records = Table::new(&self.sdk, self.state.output("TableName")?);
        let ground = Ground {
            records: &records,
            keys: seed::seal_keys(&self.state, &self.keys, &self.alias_prefix).await?,
            pki: &self.pki,
            simulator: &self.simulator,
            by_number: self.by_number,
        };
        ground.plant(&sims).await
    }

    async fn empty_table(&self) -> Result<()> {
        let client = aws_sdk_dynamodb::Client::new(&self.sdk);
        let name = self.state.output("TableName")?;
        let mut pages = client.scan().table_name(name).projection_expression("pk, sk").into_paginator().items().send();
        let mut keys: Vec<Item> = Vec::new();
        while let Some(key) = pages.next().await {
            keys.push(key.map_err(table)?);
        }
        for batch in keys.chunks(BATCH) {
            delete(&client, name, batch).await?;
        }
        Ok(())
    }

    async fn empty_bucket(&self) -> Result<()> {
        let client = aws_sdk_s3::Client::new(&self.sdk);
        let bucket = self.state.output("DocumentsBucket")?;
        let mut pages = client.list_objects_v2().bucket(bucket).into_paginator().send();
        while let Some(page) = pages.next().await {
            for object in page.map_err(objects)?.contents() {
                let key = object.key().unwrap_or_default();
                if !key.starts_with(self.trust_prefix) {
                    client.delete_object().bucket(bucket).key(key).send().await.map_err(objects)?;
                }
            }
        }
        Ok(())
    }
}

async fn delete(client: &aws_sdk_dynamodb::Client, name: &str, keys: &[Item]) -> Result<()> {
    let request = |key: &Item| {
        let delete = DeleteRequest::builder().set_key(Some(key.clone())).build().map_err(table)?;
        Ok(WriteRequest::builder().delete_request(delete).build())
    };
    let mut left = keys.iter().map(request).collect::<Result<Vec<_>>>()?;
    for _ in 0..ROUNDS {
        let answer = client.batch_write_item().request_items(name, left).send().await.map_err(table)?;
        left = answer.unprocessed_items.and_then(|mut all| all.remove(name)).unwrap_or_default();
        if left.is_empty() {
            return Ok(());
        }
    }
    Err(Error::service("dynamodb", "items could not be deleted"))
}

fn table(error: impl std::error::Error) -> Error {
    Error::service("dynamodb", DisplayErrorContext(error))
}

fn objects(error: impl std::error::Error) -> Error {
    Error::service("s3", DisplayErrorContext(error))
}
