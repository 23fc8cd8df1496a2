//! Numbers and seals (cấp số, đóng dấu): the only one that may sign with units' keys. No route, and nothing linked that asks or
//! sends outside AWS: `NEVER_LINKED` in `tests/tidy/arrows.rs`. The network would not stop it.
//!
//! Does not timestamp and does not create the issued file: that is `augmentation`.

use api::{Edge, Env, Error, Function};
use casework::numbering::Keys;
use casework::qr::{Press, Published};
use casework::trust::{Source, TrustStore};
use casework::{Workbench, numbering};
use domain::model::{Outbox, Topic};
use domain::ports::{Fault, Records};
use jiff::Timestamp;
use objects::Bucket;
use seal::{KmsKey, KmsQrKey};
use store::Table;

/// What this function does.
const TOPICS: [Topic; 1] = [Topic::Seal];
/// Items that one sweep takes.
const SWEEP: u32 = 50;

/// The function with what it needs.
pub struct Numbering {
    edge: Edge,
    records: Table,
    objects: Bucket,
    key: KmsKey,
    trust: TrustStore,
    /// Signs QR codes.
    qr_key: KmsQrKey,
    /// Where the keys for QR codes are published.
    qr_keys: String,
    /// What stands before the payload of a code.
    qr_base: String,
}

impl Numbering {
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
        Ok(Self {
            edge,
            records: Table::new(aws, env.required("TABLE_NAME")?),
            objects,
            key: KmsKey::new(aws, env.required("SEAL_KEY_ALIAS_PREFIX")?),
            trust,
            qr_key: KmsQrKey::new(aws, env.required("QR_KEY_ALIAS")?),
            qr_keys: env.required("QR_KEYS")?,
            qr_base: domain::qr::base(&env.required("PUBLIC_URL")?).map_err(|error| format!("PUBLIC_URL: {error}"))?,
        })
    }

    /// The bench with the roots of the trust list in use.
    async fn bench(&self, now: Timestamp) -> Workbench {
        Workbench::new(self.trust.now(&self.objects, now).await.anchors.clone())
    }
}

impl Function for Numbering {
    fn edge(&self) -> &Edge {
        &self.edge
    }

    async fn work(&self, item: &Outbox) -> Result<(), Fault> {
        let now = self.edge.clock.now();
        let bench = self.bench(now).await;
        // Without published keys no number is spent.
        let published = Published::load(&self.objects, &self.qr_keys).await?;
        let qr = Press { key: &self.qr_key, published: &published, base: &self.qr_base };
        let keys = Keys { seal: &self.key, qr };
        let done =
            numbering::number_and_seal(&self.records, &self.objects, &keys, &bench, &self.edge.chance, item, now).await;
        casework::settled(done)
    }

    async fn tick(&self) -> Result<(), Fault> {
        let now = self.edge.clock.now();
        for topic in TOPICS {
            for item in self.records.due(topic, now, SWEEP).await? {
                if let Err(fault) = self.work(&item).await {
                    tracing::warn!(topic = topic.name(), subject = item.subject, %fault, "due work failed; the next sweep tries again");
                }
            }
        }
        Ok(())
    }
}
