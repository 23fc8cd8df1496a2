//! The whole local cloud: embedded endpoints, test PKI, simulator, directory, functions, one HTTP port.
//!
//! It may be killed at any moment and started again with the same data directory: every step of a start looks first and
//! makes only what is missing. Without a data directory nothing outlives it.

mod services;

use std::collections::BTreeMap;
use std::net::TcpListener as StdListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_s3::error::DisplayErrorContext;
use aws_sdk_s3::primitives::ByteStream;
use futures_util::future::{join_all, try_join_all};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use self::services::{Listeners, Services, open_pki, responder_routes};
use crate::clock::Clock;
use crate::credentials::Credentials;
use crate::endpoints::kms::Keys;
use crate::error::{Error, Result};
use crate::functions::{FunctionSpec, Handler};
use crate::places::Places;
use crate::pump::Pump;
use crate::reset::Reset;
use crate::resources::State;
use crate::responders::Faults;
use crate::runtime_api::Process;
use crate::sandbox::Sandbox;
use crate::serve::{Stop, StopHandle};
use crate::simulator::{Launch, Simulator, SimulatorProcess};
use crate::testpki::TestPki;
use crate::tokens::Issuer;
use crate::{functions, gateway, invoke, resources, sandbox, seed, serve};

/// The installation's name in every resource.
const STAGE: &str = "dev";
/// Alias of a unit's seal key without the unit, as `state.yaml` has it.
const SEAL_ALIAS_PREFIX: &str = "alias/ctdt-seal-";
/// Below this lie objects of the configuration, not of cases.
const TRUST_PREFIX: &str = "trust/";
/// Where the functions read the trusted roots.
const ANCHORS: &str = "trust/anchors.pem";
/// Where `verification` reads the trust list.
const TRUST_LIST: &str = "trust/list.p7m";
/// Sender of notices.
const SENDER: &str = "khong-tra-loi@ctdt.example.vn";
/// The longest that one stage of a stop is waited for.
const PATIENCE: Duration = Duration::from_secs(8);

/// Any error of whoever makes the handlers.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// How to start.
#[derive(Debug, Clone)]
pub struct Options {
    /// The HTTP port on 127.0.0.1; 0 takes the one of the last start with this data directory, or a free one.
    pub port: u16,
    /// Where state is kept; `None` keeps nothing.
    pub data: Option<PathBuf>,
    /// A program whose subcommand `simpki` is the simulator: this program itself.
    pub simpki_program: PathBuf,
    /// A folder with the real Lambda programs, by their names; `None` runs handlers of this process.
    pub functions_dir: Option<PathBuf>,
    /// Whether the synthetic offices, people and personas are put in.
    pub sample_data: bool,
}

/// A running local cloud. Dropping it ends it without waiting; [`Stack::stop`] waits.
#[derive(Debug)]
pub struct Stack {
    url: String,
    front: StopHandle,
    back: StopHandle,
    http: JoinHandle<()>,
    pump: Arc<Mutex<Pump>>,
    processes: Vec<Process>,
    simulator: SimulatorProcess,
    services: Services,
    // the lock and the temporary directory go last
    _places: Places,
}

impl Stack {
    /// Starts everything; when it returns, the HTTP port answers. `make_handlers` is asked for the functions unless they
    /// run as programs.
    ///
    /// # Errors
    /// What did not start, in a sentence for the person at the terminal. Everything that was started ends.
    pub async fn start<F>(options: Options, make_handlers: F) -> Result<Self>
    where
        F: AsyncFnOnce(&[FunctionSpec], &SdkConfig) -> Result<BTreeMap<String, Handler>, BoxError>,
    {
        let places = Places::open(options.data.as_deref())?;
        let (front, front_stop) = Stop::channel();
        let (back, back_stop) = Stop::channel();
        let ground = Ground::start(&options, &places, &back_stop).await?;
        let specs = functions::read(&ground.parameters(), &ground.reset.state.exports, &ground.credentials)?;
        let (handlers, processes) = match &options.functions_dir {
            Some(folder) => ground.processes(folder, &specs).await?,
            None => (make_handlers(&specs, &ground.reset.sdk).await.map_err(Error::Handlers)?, Vec::new()),
        };
        let dynamodb = ground.services.endpoints().dynamodb;
        let pump = Pump::start(&dynamodb, places.data(), &specs, &handlers, front_stop.clone()).await?;
        let pump = Arc::new(Mutex::new(pump));
        let (url, sample_data) = (ground.url.clone(), options.sample_data);
        let (listener, services, simulator, sandbox) = ground.split(Arc::clone(&pump), sample_data);
        let app =
            gateway::router(&specs, handlers.clone())?.merge(sandbox::routes(sandbox)).merge(invoke::routes(handlers));
        let http = serve::spawn(listener, app, front_stop)?;
        Ok(Self { url, front, back, http, pump, processes, simulator, services, _places: places })
    }

    /// Where the HTTP port answers, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Ends everything: requests and work that run may finish, for some seconds; then the functions, the simulator and
    /// the services go.
    pub async fn stop(self) {
        let Self { front, back, http, pump, processes, simulator, mut services, .. } = self;
        front.stop();
        let ended = async {
            let _ = http.await;
            pump.lock().await.ended().await;
        };
        patiently("functions", ended).await;
        patiently("processes", async { drop(join_all(processes.into_iter().map(Process::ended)).await) }).await;
        back.stop();
        patiently("services", async { tokio::join!(simulator.ended(), services.ended()) }).await;
    }
}

async fn patiently<T>(what: &str, work: impl Future<Output = T>) {
    if tokio::time::timeout(PATIENCE, work).await.is_err() {
        tracing::warn!("{what} did not end within {} s and are left", PATIENCE.as_secs());
    }
}

/// Everything below the functions.
struct Ground {
    url: String,
    http: StdListener,
    clock: Clock,
    credentials: Credentials,
    services: Services,
    pki: Arc<TestPki>,
    faults: Arc<Faults>,
    simulator: Arc<Simulator>,
    child: SimulatorProcess,
    gateway_token: String,
    issuer: Issuer,
    reset: Reset,
}

impl Ground {
    async fn start(options: &Options, places: &Places, stop: &Stop) -> Result<Self> {
        let listeners = Listeners::bind(places, options.port)?;
        let url = serve::base_url(&listeners.http)?;
        let clock = Clock::open(&places.shared("clock-offset"))?;
        let credentials = Credentials::default();
        let (mut services, http, responders) = Services::start(listeners, places, &clock, &credentials, stop)?;
        let sdk = services.endpoints().config(&credentials);
        let launch = Launch {
            program: options.simpki_program.clone(),
            directory: places.shared("simpki"),
            clock_offset_file: clock.file().to_owned(),
            token: secret(),
            port: 0,
        };
        let gateway_token = launch.token.clone();
        // Each of the three makes RSA keys at the first start; they do it at the same time.
        let (state, pki, (simulator, child)) = tokio::try_join!(
            create(sdk.clone(), Arc::clone(services.keys()), credentials.clone(), url.clone(), options.sample_data),
            open_pki(&responders, places, &clock),
            simulate(launch, stop.clone(), options.sample_data),
        )?;
        let faults = Arc::new(Faults::default());
        services.respond(responders, responder_routes(&pki, &clock, &faults), stop)?;
        let bucket = state.output("DocumentsBucket")?;
        put_trust(&sdk, bucket, ANCHORS, "application/x-pem-file", pki.trust_pem().into_bytes()).await?;
        let list = pki.trust_list().map_err(|error| Error::service("test PKI", error))?;
        put_trust(&sdk, bucket, TRUST_LIST, "application/pkcs7-mime", list).await?;
        let reset = Reset {
            sdk,
            state,
            keys: Arc::clone(services.keys()),
            alias_prefix: SEAL_ALIAS_PREFIX.to_owned(),
            trust_prefix: TRUST_PREFIX,
            pki: Arc::clone(&pki),
            simulator: Arc::clone(&simulator),
            seeded: options.sample_data,
            running: Mutex::new(()),
        };
        if options.sample_data {
            reset.plant().await?;
        }
        let issuer = Issuer::open(places.kept("token-key.p8").as_deref())?;
        Ok(Self {
            url,
            http,
            clock,
            credentials,
            services,
            pki,
            faults,
            simulator,
            child,
            gateway_token,
            issuer,
            reset,
        })
    }

    /// The parameters of `template.yaml`: what an operator would give a deployment.
    fn parameters(&self) -> BTreeMap<String, String> {
        let (directory, directory_token) = self.services.directory();
        let tsa = self.pki.tsa_url();
        // The responders' host and port, and nothing else on loopback (decision 42).
        let trust_host = tsa.strip_prefix("http://").and_then(|it| it.split('/').next()).unwrap_or_default();
        let all = [
            ("Stage", STAGE),
            ("Mode", "sandbox"),
            ("TokenJwks", &self.issuer.jwks()),
            ("DirectoryUrl", directory),
            ("DirectoryToken", directory_token),
            ("GatewayUrl", self.simulator.url()),
            ("GatewayToken", &self.gateway_token),
            ("SealKeyAliasPrefix", SEAL_ALIAS_PREFIX),
            ("TrustAnchors", ANCHORS),
            ("TrustList", TRUST_LIST),
            ("TrustListPins", &self.pki.trust_list_pin()),
            ("TsaUrls", &tsa),
            ("TrustHosts", trust_host),
            ("PublicUrl", &self.url),
            ("Sender", SENDER),
            ("ClockOffsetFile", &self.clock.file().to_string_lossy()),
        ];
        all.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// The real Lambda programs of a folder, each behind its own Runtime API.
    async fn processes(
        &self,
        folder: &Path,
        specs: &[FunctionSpec],
    ) -> Result<(BTreeMap<String, Handler>, Vec<Process>)> {
        let environment = self.services.endpoints().environment(&self.credentials);
        let start = async |spec: &FunctionSpec| Process::start(&folder.join(&spec.name), spec, &environment).await;
        let processes = try_join_all(specs.iter().map(start)).await?;
        let handlers = specs.iter().zip(&processes).map(|(spec, process)| (spec.name.clone(), process.handler()));
        Ok((handlers.collect(), processes))
    }

    /// What the HTTP port needs and what a stop needs.
    fn split(self, pump: Arc<Mutex<Pump>>, seeded: bool) -> (StdListener, Services, SimulatorProcess, Sandbox) {
        let sandbox = Sandbox {
            clock: self.clock,
            mailbox: Arc::clone(self.services.mailbox()),
            pki: self.pki,
            faults: self.faults,
            outage: Arc::clone(self.services.outage()),
            simulator: self.simulator,
            issuer: self.issuer,
            seeded,
            pump,
            reset: self.reset,
        };
        (self.http, self.services, self.child, sandbox)
    }
}

/// The resources of `state.yaml`, and with sample data every unit's seal key. On a task of its own, because making keys
/// is computing.
async fn create(
    sdk: SdkConfig,
    keys: Arc<Keys>,
    credentials: Credentials,
    url: String,
    sample_data: bool,
) -> Result<State> {
    let parameters = [
        ("Stage", STAGE.to_owned()),
        ("SealUnit", seed::seal_unit()),
        ("WebOrigins", format!("{url},{}", url.replace("127.0.0.1", "localhost"))),
    ];
    let parameters = parameters.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let work = async move {
        let state = resources::create(&sdk, &keys, &credentials, &parameters).await?;
        if sample_data {
            seed::seal_keys(&state, &keys, SEAL_ALIAS_PREFIX).await?;
        }
        Ok(state)
    };
    tokio::spawn(work).await.map_err(|error| Error::service("resources", error))?
}

/// The simulator, and with sample data every SIM.
async fn simulate(launch: Launch, stop: Stop, sample_data: bool) -> Result<(Arc<Simulator>, SimulatorProcess)> {
    let (simulator, child) = Simulator::start(launch, stop).await?;
    if sample_data {
        seed::enrol(&simulator).await?;
    }
    Ok((Arc::new(simulator), child))
}

/// Puts a file of the operator's where the functions read it. A start may repeat it: the test PKI says the same again.
async fn put_trust(sdk: &SdkConfig, bucket: &str, key: &str, media_type: &str, bytes: Vec<u8>) -> Result<()> {
    let client = aws_sdk_s3::Client::new(sdk);
    let put = client.put_object().bucket(bucket).key(key).content_type(media_type).body(ByteStream::from(bytes));
    put.send().await.map(drop).map_err(|error| Error::service("s3", DisplayErrorContext(&error)))
}

/// A fresh token between two parts of this stack.
fn secret() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}
