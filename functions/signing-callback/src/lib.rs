//! Follows signing sessions (nhận chữ ký): asks the gateway, checks the raw signatures, ends what is over.
//!
//! Never sends a prompt twice. Polls of pages, hints of gateways and the minute's sweep take the same idempotent step.

use api::{
    Edge, Env, Error, Function, HINT_LIMIT, Keys, Problem, Reply, Request, Senders, idempotent, needs, session_view,
};
use casework::leader;
use domain::ids::SessionId;
use domain::model::{Outbox, Purpose, Right, Session, Sha256, Topic, User};
use domain::ports::{Fault, Records};
use domain::refusal::Halt;
use remote_signing::{Service, Settings};
use serde_json::{Value, json};
use sha2::Digest as _;
use store::Table;

mod answers;

/// Sessions that one sweep looks at, soonest to end first: 2.25 minutes of 43 copies a second under 6 to a prompt (limits.md T3, api.md row 42).
/// Only those that it can move are listed. What stands before another ends before it, and then leaves the list without asking anybody.
const SWEEP: u32 = 1_000;
/// Hints that the stream lost, of which one sweep follows so many.
const HINTS: u32 = 50;
/// How many the gateway is asked about beside each other.
const BESIDE: usize = 32;
/// When a sweep begins no other: what has begun makes two calls of 12 s at most, and the function has 29.
const BEGINNING: std::time::Duration = std::time::Duration::from_secs(4);

/// The function with what it needs.
pub struct SigningCallback {
    edge: Edge,
    keys: Keys,
    records: Table,
    gateway: Service,
    senders: Senders,
}

impl SigningCallback {
    /// Reads the settings and makes the clients.
    ///
    /// # Errors
    /// A missing or unreadable setting, by name.
    pub fn new(env: &Env, aws: &aws_config::SdkConfig) -> Result<Self, Error> {
        let edge = Edge::new(env);
        let clock = edge.clock.clone();
        Ok(Self {
            edge,
            keys: Keys::new(env)?,
            records: Table::new(aws, env.required("TABLE_NAME")?),
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
            senders: Senders::read(&env.required("GATEWAY_CALLBACKS")?)
                .map_err(|why| format!("GATEWAY_CALLBACKS: {why}"))?,
        })
    }

    /// The caller's own session, or one of the caller's unit.
    async fn visible(&self, request: &Request, id: &str, caller: &User) -> Result<Session, Problem> {
        let id = request.id(id, SessionId::parse)?;
        let session = self.records.session(&id).await?.ok_or_else(|| Problem::new("not-found"))?;
        if session.user != caller.id {
            let right = if session.purpose == Purpose::Seal { Right::Seal } else { Right::Sign };
            needs(caller, right, &session.unit)?;
        }
        Ok(session)
    }

    async fn follow(&self, request: &Request, id: &str) -> Result<Reply, Problem> {
        let now = self.edge.clock.now();
        let caller = self.keys.caller(request, now, &self.records).await?;
        let session = self.visible(request, id, &caller).await?;
        let session = self.step(session).await?;
        let mut shown = session_view(&session, &caller.id, now);
        let order = casework::waiting::of_session(&self.records, &session).await?;
        api::add_waiting(&mut shown, order.as_ref());
        let reply = Reply::json(200, &shown).etag(session.version);
        Ok(if session.state.is_closed() { reply } else { reply.header("retry-after", "1") })
    }

    async fn step(&self, session: Session) -> Result<Session, Halt> {
        if session.purpose == Purpose::Seal || session.state.is_terminal() {
            return Ok(session);
        }
        leader::step(&self.records, &self.gateway, &self.edge.chance, &session.id, &|| self.edge.clock.now()).await
    }

    /// A hint of a gateway: who sent it is checked, what it says is not believed. The answer does not wait for anybody.
    async fn hinted(&self, request: &Request, backend: &str) -> Result<Reply, Problem> {
        if request.body.len() > HINT_LIMIT {
            return Err(Problem::new("body-too-large"));
        }
        let now = self.edge.clock.now();
        if !self.senders.knows(backend) {
            return Err(Problem::new("not-found"));
        }
        let delivered =
            self.senders.delivered(backend, request, now).ok_or_else(|| Problem::new("callback-signature"))?;
        match session_named(&request.body) {
            Some(session) => {
                let delivery = digest(backend, delivered.id);
                leader::hint(&self.records, (&delivery, &session), now).await?;
            }
            None => tracing::warn!(backend, "a hint about no session of ours"),
        }
        Ok(Reply::json(202, &json!({"accepted": true})))
    }

    async fn cancel(&self, request: &Request, id: &str) -> Result<Reply, Problem> {
        let now = self.edge.clock.now();
        let caller = self.keys.caller(request, now, &self.records).await?;
        idempotent(&self.records, request, caller.id.as_str(), (&self.edge.chance, now), |_| async {
            let session = self.visible(request, id, &caller).await?;
            request.nothing()?;
            let session = leader::cancel(&self.records, &session.id, now).await?;
            Ok(Reply::json(200, &session_view(&session, &caller.id, now)).etag(session.version))
        })
        .await
    }
}

/// Where gateways repeat what we call the session: CSC and MID-like services, SmartCA, and our own simulator's hints.
const NAMES: [&str; 4] = ["/clientData", "/data/clientData", "/refTranId", "/data/refTranId"];

/// The session that a hint is about.
fn session_named(body: &[u8]) -> Option<SessionId> {
    let body: Value = serde_json::from_slice(body).ok()?;
    NAMES.iter().find_map(|name| SessionId::parse(body.pointer(name)?.as_str()?).ok())
}

/// What one saying of one gateway is called here.
fn digest(backend: &str, id: &str) -> Sha256 {
    sha2::Sha256::digest(format!("{backend}\n{id}").as_bytes()).into()
}

impl Function for SigningCallback {
    fn edge(&self) -> &Edge {
        &self.edge
    }

    async fn http(&self, request: &Request) -> Result<Reply, Problem> {
        let (method, path) = request.route();
        match (method, path.as_slice()) {
            ("GET", ["v1", "sign-sessions", id]) => self.follow(request, id).await,
            ("POST", ["v1", "sign-sessions", id, "cancel"]) => self.cancel(request, id).await,
            ("POST", ["v1", "sign-sessions", id, "answers"]) => self.answered(request, id).await,
            ("POST", ["v1", "gateway-callbacks", backend]) => self.hinted(request, backend).await,
            _ => Err(Problem::new("not-found")),
        }
    }

    async fn work(&self, item: &Outbox) -> Result<(), Fault> {
        let clock = || self.edge.clock.now();
        casework::settled(leader::follow_hint(&self.records, &self.gateway, &self.edge.chance, item, &clock).await)
    }

    async fn tick(&self) -> Result<(), Fault> {
        let (now, begun) = (self.edge.clock.now(), api::Stopwatch::start());
        let follow = async |session: Session| {
            let id = session.id.clone();
            if let Err(halt) = self.step(session).await {
                tracing::warn!(session = id.as_str(), %halt, "a session could not be followed; the next sweep tries again");
            }
        };
        let heed = async |item: Outbox| {
            if let Err(fault) = self.work(&item).await {
                tracing::warn!(subject = item.subject, %fault, "a hint could not be followed; the next sweep tries again");
            }
        };
        // First what ends by itself: a gateway that hints and then is slow keeps nobody waiting.
        let open = self.records.open_sessions(SWEEP).await?;
        let in_time = || begun.elapsed() < BEGINNING;
        casework::in_turn(open.into_iter().map(|session| (1, follow(session))), BESIDE, in_time).await;
        if in_time() {
            let hints = self.records.due(Topic::FollowLeader, now, HINTS).await?;
            casework::in_turn(hints.into_iter().map(|item| (1, heed(item))), BESIDE, in_time).await;
        }
        Ok(())
    }
}
