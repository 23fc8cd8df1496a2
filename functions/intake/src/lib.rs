//! The desk (tiếp nhận): uploads, dossiers, copies, wording, fee, submission, queues.
//!
//! Does not sign, number or deliver, and has no key.

mod access;
mod cases;
mod copies;
mod exits;
mod submit;
mod uploads;
mod views;

use api::{Edge, Env, Error, Function, Keys, Problem, Reply, Request};
use casework::Workbench;
use casework::trust::{Source, TrustStore};
use directory::HttpDirectory;
use jiff::Timestamp;
use objects::Bucket;
use store::Table;

/// The function with what it needs.
pub struct Intake {
    edge: Edge,
    keys: Keys,
    records: Table,
    objects: Bucket,
    directory: HttpDirectory,
    trust: TrustStore,
    /// Whether pages bear the mark of a sandbox (decision 29); a deployed stack says `live`.
    sandbox: bool,
}

impl Intake {
    /// Reads the settings and makes the clients.
    ///
    /// # Errors
    /// A missing or unreadable setting, by name; no trust list that may be used.
    pub async fn new(env: &Env, aws: &aws_config::SdkConfig) -> Result<Self, Error> {
        let objects = Bucket::new(aws, env.required("BUCKET_NAME")?);
        let edge = Edge::new(env);
        let sandbox = env.required("MODE")? != "live";
        let source = Source::new(&env.required("TRUST_LIST")?, &env.required("TRUST_LIST_PINS")?, !sandbox)?;
        let trust = TrustStore::open(&objects, source, api::alarm, edge.clock.now()).await?;
        Ok(Self {
            edge,
            keys: Keys::new(env)?,
            records: Table::new(aws, env.required("TABLE_NAME")?),
            objects,
            trust,
            directory: HttpDirectory::new(&env.required("DIRECTORY_URL")?, &env.required("DIRECTORY_TOKEN")?)?,
            sandbox,
        })
    }

    /// The bench with the roots of the trust list in use.
    async fn bench(&self, now: Timestamp) -> Workbench {
        Workbench::new(self.trust.now(&self.objects, now).await.anchors.clone())
    }
}

impl Function for Intake {
    fn edge(&self) -> &Edge {
        &self.edge
    }

    async fn http(&self, request: &Request) -> Result<Reply, Problem> {
        let (method, path) = request.route();
        match (method, path.as_slice()) {
            ("POST", ["v1", "uploads"]) => self.start_upload(request).await,
            ("POST", ["v1", "uploads", id, "complete"]) => self.complete_upload(request, id).await,
            ("GET", ["v1", "uploads", id]) => self.upload(request, id).await,
            ("POST", ["v1", "cases"]) => self.receive(request).await,
            ("GET", ["v1", "cases", id]) => self.case(request, id).await,
            ("GET", ["v1", "cases", id, "events"]) => self.events(request, id).await,
            ("PUT", ["v1", "cases", id, "checklist"]) => self.checklist(request, id).await,
            ("POST", ["v1", "cases", id, "copies"]) => self.add_copy(request, id).await,
            ("POST", ["v1", "cases", id, "fee"]) => self.fee(request, id).await,
            ("POST", ["v1", "cases", id, "submit"]) => self.submit(request, id).await,
            ("POST", ["v1", "cases", id, exit @ ("recall" | "return" | "refuse" | "cancel")]) => {
                self.exit(request, id, exit).await
            }
            ("GET", ["v1", "copies", id]) => self.copy(request, id).await,
            ("GET", ["v1", "copies", id, "preview.pdf"]) => self.preview(request, id).await,
            ("PUT", ["v1", "copies", id, "attestation"]) => self.attestation(request, id).await,
            ("GET", ["v1", "queues", queue]) => self.queue(request, queue).await,
            _ => Err(Problem::new("not-found")),
        }
    }
}
