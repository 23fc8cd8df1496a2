//! The sandbox beside a cloud that is not ours: what stands around it (test PKI, simulator, directory), the sandbox's calls,
//! and a port that passes every other request on to the deployed API.
//!
//! No table, bucket, key, mail, stream or schedule is here: those are the other cloud's, and so the mailbox, the failed work
//! and the reset are not among the calls. Nothing is kept.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_config::SdkConfig;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use reqwest::redirect::Policy;
use store::Table;
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::gateway::BODY_LIMIT;
use crate::people::Office;
use crate::places::{Places, Ports};
use crate::sandbox;
use crate::seed::{self, Ground};
use crate::serve::{self, Stop, StopHandle};
use crate::simulator::Simulator;
use crate::surroundings::{Listeners, QrKeys, ReportSigner, Running, SEAL_ALIAS_PREFIX, Surroundings, Trust};
use crate::testpki::TestPki;

const SERVICE: &str = "beside";
/// A little longer than the functions may take, so that it is the cloud that gives up.
const PATIENCE: Duration = Duration::from_secs(40);
/// Said hop by hop (RFC 9110 §7.6.1), or made anew.
const NOT_PASSED_ON: [HeaderName; 5] =
    [header::HOST, header::CONNECTION, header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::UPGRADE];

/// A running sandbox beside another cloud. Dropping it ends it without waiting; [`Beside::stop`] waits.
pub struct Beside {
    url: String,
    parameters: BTreeMap<String, String>,
    clock: Clock,
    pki: Arc<TestPki>,
    simulator: Arc<Simulator>,
    trust: Trust,
    api: Arc<OnceLock<Api>>,
    stop: StopHandle,
    http: JoinHandle<()>,
    running: Running,
    // the temporary directory goes last
    _places: Places,
}

/// The deployed HTTP API.
#[derive(Debug, Clone)]
pub struct Api {
    /// Where it answers, without a slash at the end.
    pub url: String,
    /// What it wants to read as `Host`.
    pub host: String,
}

/// What the deployed stack keeps its data in.
#[derive(Debug, Clone)]
pub struct Cloud {
    /// How it is reached.
    pub sdk: SdkConfig,
    /// The table's name.
    pub table: String,
    /// The bucket's name.
    pub bucket: String,
    /// The key that signs records of verifications, as a SubjectPublicKeyInfo.
    pub report_key: Vec<u8>,
    /// The key for QR codes, as a SubjectPublicKeyInfo.
    pub qr_key: Vec<u8>,
}

/// A unit that needs a key to seal with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealingUnit {
    /// The unit's identifier.
    pub unit: String,
    /// The alias that its key must have.
    pub alias: String,
}

/// The units that seal; the key of the first is the `SealKey` of `state.yaml`.
#[must_use]
pub fn sealing_units() -> Vec<SealingUnit> {
    let unit = seed::sealing().map(|office| office.id().to_string());
    unit.map(|unit| SealingUnit { alias: format!("{SEAL_ALIAS_PREFIX}{unit}"), unit }).collect()
}

impl Beside {
    /// Starts everything; `simpki_program` is a program whose subcommand `simpki` is the simulator. Until
    /// [`Beside::lead_to`] there is no API behind the port.
    ///
    /// # Errors
    /// What did not start.
    pub async fn start(simpki_program: &Path) -> Result<Self> {
        let places = Places::open(None)?;
        let mut ports = Ports::open(&places)?;
        let (listener, listeners) = (serve::bind("http", 0)?, Listeners::bind(&mut ports)?);
        let (handle, stop) = Stop::channel();
        let clock = Clock::open(&places.shared("clock-offset"))?;
        let url = serve::base_url(&listener)?;
        let program = (simpki_program, url.as_str());
        let around = Surroundings::start(listeners, &places, clock.clone(), program, true, &stop).await?;
        let (parameters, trust) = (around.parameters(&url), around.trust()?);
        let (pki, simulator) = (Arc::clone(&around.pki), Arc::clone(&around.simulator));
        let (running, sandbox) = around.split(None, true);
        let api = Arc::new(OnceLock::new());
        let app = sandbox::routes(sandbox).merge(passing(Arc::clone(&api))?);
        let http = serve::spawn(listener, app, stop)?;
        Ok(Self { url, parameters, clock, pki, simulator, trust, api, stop: handle, http, running, _places: places })
    }

    /// Where the port answers, without a slash at the end: the `PublicUrl` of the deployment.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The parameters of `template.yaml` for a deployment that this stands beside.
    #[must_use]
    pub fn parameters(&self) -> &BTreeMap<String, String> {
        &self.parameters
    }

    /// Puts the roots, the trust list and the synthetic offices and people into a deployed stack. `keys` has each sealing
    /// unit's key as a SubjectPublicKeyInfo.
    ///
    /// # Errors
    /// What could not be made, read or written; a unit without a key.
    pub async fn plant(&self, cloud: &Cloud, keys: &BTreeMap<String, Vec<u8>>) -> Result<()> {
        self.trust.put(&cloud.sdk, &cloud.bucket).await?;
        let signer = ReportSigner::of(&self.pki, &cloud.report_key, self.clock.now().as_second())?;
        signer.put(&cloud.sdk, &cloud.bucket).await?;
        QrKeys::of(&cloud.qr_key)?.put(&cloud.sdk, &cloud.bucket).await?;
        let key = |office: &'static Office| {
            let key = keys.get(office.id().as_str()).cloned();
            Ok((office, key.ok_or_else(|| Error::Key(format!("{} has no key to seal with", office.id())))?))
        };
        let records = Table::new(&cloud.sdk, &cloud.table);
        let keys = seed::sealing().map(key).collect::<Result<_>>()?;
        let ground = Ground { records: &records, keys, pki: &self.pki, simulator: &self.simulator, by_number: false };
        ground.plant(&seed::enrol(&self.simulator).await?).await
    }

    /// From now on the port passes requests on to `api`; only the first call counts.
    pub fn lead_to(&self, api: Api) {
        let _ = self.api.set(api);
    }

    /// Ends everything.
    pub async fn stop(mut self) {
        self.stop.stop();
        let _ = self.http.await;
        self.running.ended().await;
    }
}

#[derive(Clone)]
struct Passing {
    api: Arc<OnceLock<Api>>,
    http: reqwest::Client,
}

fn passing(api: Arc<OnceLock<Api>>) -> Result<Router> {
    let http = reqwest::Client::builder().no_proxy().redirect(Policy::none()).timeout(PATIENCE).build();
    let http = http.map_err(|error| Error::service(SERVICE, error))?;
    Ok(Router::new().fallback(pass).with_state(Passing { api, http }))
}

async fn pass(State(passing): State<Passing>, request: Request) -> Response {
    let Some(api) = passing.api.get() else { return StatusCode::SERVICE_UNAVAILABLE.into_response() };
    match passed(api, &passing.http, request).await {
        Ok(response) => response,
        Err(error) => {
            tracing::error!(%error, "the deployed API cannot be reached");
            StatusCode::BAD_GATEWAY.into_response()
        }
    }
}

async fn passed(api: &Api, client: &reqwest::Client, request: Request) -> Result<Response> {
    let failed = |error: reqwest::Error| Error::service(SERVICE, error.without_url());
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else { return Ok(StatusCode::PAYLOAD_TOO_LARGE.into_response()) };
    let path = parts.uri.path_and_query().map_or("/", |it| it.as_str());
    let mut headers = without(&parts.headers);
    headers.insert(header::HOST, HeaderValue::from_str(&api.host).map_err(|error| Error::service(SERVICE, error))?);
    let sent = client.request(parts.method, format!("{}{path}", api.url)).headers(headers).body(body).send();
    let answer = sent.await.map_err(failed)?;
    let (status, headers) = (answer.status(), without(answer.headers()));
    let mut response = Response::new(Body::from(answer.bytes().await.map_err(failed)?));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}

fn without(headers: &HeaderMap) -> HeaderMap {
    let passed = headers.iter().filter(|(name, _)| !NOT_PASSED_ON.contains(name));
    passed.map(|(name, value)| (name.clone(), value.clone())).collect()
}
