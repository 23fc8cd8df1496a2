//! Opens signing sessions (trình ký): a leader's on a phone, or the seal-keeper's request for number and seal.
//!
//! Does not follow sessions (that is `signing-callback`) and does not seal (that is `numbering`).

use api::{Edge, Env, Error, Function, Keys, Problem, Reply, Request, Try, idempotent, needs, session_view};
use casework::Workbench;
use casework::leader::{self, OpenSession};
use casework::numbering::{self, RequestSeal};
use casework::trust::{Source, TrustStore};
use domain::ids::{CopyId, SessionId};
use domain::model::{Right, Session, User};
use domain::pause;
use domain::ports::Records;
use jiff::Timestamp;
use objects::Bucket;
use remote_signing::{Service, Settings};
use serde::Deserialize;
use store::Table;

/// Documents of one session (api.md row 42).
const DOCUMENTS: usize = 20;

/// The function with what it needs.
pub struct SigningRequest {
    edge: Edge,
    keys: Keys,
    records: Table,
    objects: Bucket,
    gateway: Service,
    trust: TrustStore,
    /// How often in a quarter of an hour a phone may be asked in vain.
    in_vain: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Open {
    purpose: String,
    copy_ids: Vec<String>,
    method: String,
}

impl SigningRequest {
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
        let clock = edge.clock.clone();
        Ok(Self {
            edge,
            keys: Keys::new(env)?,
            records: Table::new(aws, env.required("TABLE_NAME")?),
            objects,
            gateway: Service::new(
                Settings {
                    protocol: &env.required("GATEWAY_PROTOCOL")?,
                    url: &env.required("GATEWAY_URL")?,
                    token: &env.required("GATEWAY_TOKEN")?,
                    gateway: &env.optional("GATEWAY_MSSP_ID").unwrap_or_default(),
                    provider: &env.optional("GATEWAY_PROVIDER").unwrap_or_default(),
                    profile: &env.optional("GATEWAY_PROFILE").unwrap_or_default(),
                    patience: env.seconds("GATEWAY_TIMEOUT_S")?,
                },
                move || clock.now(),
            )?,
            trust,
            in_vain: in_vain(env)?,
        })
    }

    async fn open(&self, request: &Request) -> Result<Reply, Problem> {
        let now = self.edge.clock.now();
        let caller = self.keys.caller(request, now, &self.records).await?;
        idempotent(&self.records, request, caller.id.as_str(), (&self.edge.chance, now), |this| {
            self.open_once(request, &caller, this, now)
        })
        .await
    }

    async fn open_once(&self, request: &Request, caller: &User, this: Try, now: Timestamp) -> Result<Reply, Problem> {
        let body: Open = request.json()?;
        let copies = copies(&body.copy_ids)?;
        let right = match body.purpose.as_str() {
            "leader_sign" => Right::Sign,
            "seal" => Right::Seal,
            _ => return Err(Problem::invalid("/purpose", "unknown_value")),
        };
        for id in &copies {
            let copy = self.records.copy(id).await?.ok_or_else(|| Problem::new("not-found"))?;
            needs(caller, right, &copy.unit)?;
        }
        let (id, method) = (&SessionId::new(this.born), body.method.as_str());
        let session = match this.made(self.records.session(id)).await? {
            Some(session) => session,
            None if right == Right::Sign => {
                self.leader(OpenSession { id, user: caller, copies: &copies, method, in_vain: self.in_vain }, now)
                    .await?
            }
            None => self.seal(RequestSeal { id, user: caller, copies: &copies, method }, now).await?,
        };
        let location = format!("/v1/sign-sessions/{}", session.id);
        Ok(Reply::json(202, &session_view(&session, &caller.id, now))
            .header("location", &location)
            .header("retry-after", "1"))
    }

    async fn leader(&self, ask: OpenSession<'_>, now: Timestamp) -> Result<Session, Problem> {
        let bench = self.bench(now).await;
        Ok(leader::open_session(&self.records, &self.objects, &self.gateway, &bench, ask, now).await?)
    }

    async fn seal(&self, ask: RequestSeal<'_>, now: Timestamp) -> Result<Session, Problem> {
        Ok(numbering::request(&self.records, &self.edge.chance, ask, now).await?)
    }

    /// The bench with the roots of the trust list in use.
    async fn bench(&self, now: Timestamp) -> Workbench {
        Workbench::new(self.trust.now(&self.objects, now).await.anchors.clone())
    }
}

/// 1 to [`pause::KEPT`].
fn in_vain(env: &Env) -> Result<usize, Error> {
    let most = env.required("PROMPTS_IN_VAIN")?.parse().ok().filter(|most| (1..=pause::KEPT).contains(most));
    most.ok_or_else(|| format!("PROMPTS_IN_VAIN is not 1 to {}", pause::KEPT).into())
}

fn copies(texts: &[String]) -> Result<Vec<CopyId>, Problem> {
    if texts.is_empty() || texts.len() > DOCUMENTS {
        return Err(Problem::invalid("/copy_ids", "1_to_20"));
    }
    let mut ids = Vec::new();
    for (i, text) in texts.iter().enumerate() {
        let id = CopyId::parse(text).map_err(|_| Problem::invalid(&format!("/copy_ids/{i}"), "wrong_id_type"))?;
        if ids.contains(&id) {
            return Err(Problem::invalid(&format!("/copy_ids/{i}"), "twice"));
        }
        ids.push(id);
    }
    Ok(ids)
}

impl Function for SigningRequest {
    fn edge(&self) -> &Edge {
        &self.edge
    }

    async fn http(&self, request: &Request) -> Result<Reply, Problem> {
        let (method, path) = request.route();
        match (method, path.as_slice()) {
            ("POST", ["v1", "sign-sessions"]) => self.open(request).await,
            _ => Err(Problem::new("not-found")),
        }
    }
}
