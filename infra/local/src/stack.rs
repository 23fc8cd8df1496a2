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
use futures_util::future::{join_all, try_join_all};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use self::services::{Listeners, Services};
use crate::clock::Clock;
use crate::credentials::Credentials;
use crate::cut::PowerCut;
use crate::endpoints::kms::Keys;
use crate::error::{Error, Result};
use crate::functions::{FunctionSpec, Handler};
use crate::places::Places;
use crate::pump::Pump;
use crate::reset::Reset;
use crate::resources::State;
use crate::runtime_api::Process;
use crate::sandbox::{Own, Sandbox};
use crate::sdk::Endpoints;
use crate::serve::{Stop, StopHandle};
use crate::surroundings::{QrKeys, Running, SEAL_ALIAS_PREFIX, STAGE, Surroundings, TRUST_PREFIX};
use crate::{functions, gateway, invoke, resources, sandbox, seed, serve};

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
    /// Seconds that functions wait for TSA, OCSP, CRL and signing gateway; `None` leaves what the template says.
    pub patience_s: Option<u32>,
    /// What the gateway speaks, as `GatewayProtocol` of the template has it; `None` is the template's.
    pub gateway: Option<String>,
    /// Whether addresses without a token may ask no more than the template says, and not as much as a developer needs.
    pub quotas: bool,
    /// Whether schedules run only at the start and when the clock is moved.
    pub still: bool,
    /// At which request this process ends itself, if at any.
    pub power_cut: Option<PowerCut>,
}

impl Options {
    /// Where the simulator speaks MSS, if that is wanted: in the binding that the protocol names.
    fn mss(&self) -> Option<(&str, &'static str)> {
        let protocol = self.gateway.as_deref()?;
        let bindings = [("mss-soap", "/mss/soap"), ("mss-json", "/mss/json")];
        bindings.into_iter().find(|(name, _)| protocol.starts_with(name)).map(|(_, path)| (protocol, path))
    }

    /// Changes the parameters of the template for what was asked for here.
    fn change(&self, parameters: &mut BTreeMap<String, String>, stop: &Stop) -> Result<()> {
        if let Some(seconds) = self.patience_s {
            let waits = ["TsaTimeout", "TsaPause", "EvidenceTimeout", "GatewayTimeout"];
            parameters.extend(waits.map(|name| (name.to_owned(), seconds.to_string())));
        }
        if let Some((protocol, path)) = self.mss() {
            let own = format!("{}{path}", parameters.get("GatewayUrl").map(String::as_str).unwrap_or_default());
            let all = [
                ("GatewayProtocol", protocol),
                ("GatewayUrl", &own),
                ("GatewayMsspId", MSSP_ID),
                ("GatewayProvider", AP_ID),
                ("GatewayProfile", PROFILE),
            ];
            parameters.extend(all.map(|(name, value)| (name.to_owned(), value.to_owned())));
        }
        if self.quotas {
            parameters.retain(|name, _| !name.starts_with("Quota") && !name.starts_with("Questions"));
        }
        if let (Some(cut), Some(url)) = (&self.power_cut, parameters.get_mut("GatewayUrl")) {
            *url = cut.tap_url("gateway", url, stop)?;
        }
        Ok(())
    }
}

/// Names of the simulator and of ours, and its profile of a SIM's key, where MSS is spoken.
const MSSP_ID: &str = "http://localhost/ae";
const AP_ID: &str = "http://localhost/ctdt";
const PROFILE: &str = "http://alauda.mobi/nonRepudiation";

/// The rate of a schedule that is not wanted; a rate is not zero.
const NEVER: Duration = Duration::from_secs(366 * 24 * 3600);

/// A running local cloud. Dropping it ends it without waiting; [`Stack::stop`] waits.
#[derive(Debug)]
pub struct Stack {
    url: String,
    front: StopHandle,
    back: StopHandle,
    http: JoinHandle<()>,
    pump: Arc<Mutex<Pump>>,
    processes: Vec<Process>,
    surroundings: Running,
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
        let mut parameters = ground.surroundings.parameters(&ground.url);
        options.change(&mut parameters, &back_stop)?;
        let mut specs = functions::read(&parameters, &ground.reset.state.exports, &ground.credentials)?;
        if options.still {
            specs.iter_mut().flat_map(|spec| &mut spec.schedules).for_each(|rate| *rate = NEVER);
        }
        let (handlers, processes) = match &options.functions_dir {
            Some(folder) => ground.processes(folder, &specs).await?,
            None => (
                make_handlers(&specs, &ground.endpoints.config(&ground.credentials)).await.map_err(Error::Handlers)?,
                Vec::new(),
            ),
        };
        let dynamodb = ground.services.endpoints().dynamodb;
        let pump = Pump::start(&dynamodb, places.data(), &specs, &handlers, front_stop.clone()).await?;
        let pump = Arc::new(Mutex::new(pump));
        let (url, sample_data) = (ground.url.clone(), options.sample_data);
        let (listener, services, surroundings, sandbox) = ground.split(Arc::clone(&pump), sample_data);
        let app =
            gateway::router(&specs, handlers.clone())?.merge(sandbox::routes(sandbox)).merge(invoke::routes(handlers));
        let http = serve::spawn(listener, app, front_stop)?;
        Ok(Self { url, front, back, http, pump, processes, surroundings, services, _places: places })
    }

    /// Where the HTTP port answers, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Ends everything: requests and work that run may finish, for some seconds; then the functions, the simulator and
    /// the services go.
    pub async fn stop(self) {
        let Self { front, back, http, pump, processes, mut surroundings, mut services, .. } = self;
        front.stop();
        let ended = async {
            let _ = http.await;
            pump.lock().await.ended().await;
        };
        patiently("functions", ended).await;
        patiently("processes", async { drop(join_all(processes.into_iter().map(Process::ended)).await) }).await;
        back.stop();
        patiently("services", async { tokio::join!(surroundings.ended(), services.ended()) }).await;
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
    credentials: Credentials,
    services: Services,
    /// Where the functions reach the services; the stack itself goes to them directly.
    endpoints: Endpoints,
    surroundings: Surroundings,
    reset: Reset,
}

impl Ground {
    async fn start(options: &Options, places: &Places, stop: &Stop) -> Result<Self> {
        let mut listeners = Listeners::bind(places, options.port)?;
        let tapped = options.power_cut.as_ref().map(|cut| listeners.tapped(cut, stop)).transpose()?;
        let url = serve::base_url(&listeners.http)?;
        let clock = Clock::open(&places.shared("clock-offset"))?;
        let credentials = Credentials::default();
        let (services, http, around) = Services::start(listeners, places, &clock, &credentials, stop)?;
        let sdk = services.endpoints().config(&credentials);
        // Both make RSA keys at the first start; they do it at the same time.
        let (state, surroundings) = tokio::try_join!(
            create(sdk.clone(), Arc::clone(services.keys()), credentials.clone(), url.clone(), options.sample_data),
            Surroundings::start(around, places, clock, (&options.simpki_program, &url), options.sample_data, stop),
        )?;
        let bucket = state.output("DocumentsBucket")?;
        surroundings.trust()?.put(&sdk, bucket).await?;
        surroundings.report_signer(&state.report_key(services.keys())?)?.put(&sdk, bucket).await?;
        QrKeys::of(&state.qr_key(services.keys())?)?.put(&sdk, bucket).await?;
        let reset = Reset {
            sdk,
            state,
            keys: Arc::clone(services.keys()),
            alias_prefix: SEAL_ALIAS_PREFIX.to_owned(),
            trust_prefix: TRUST_PREFIX,
            pki: Arc::clone(&surroundings.pki),
            simulator: Arc::clone(&surroundings.simulator),
            seeded: options.sample_data,
            by_number: options.mss().is_some(),
            running: Mutex::new(()),
        };
        if options.sample_data {
            reset.plant().await?;
        }
        let endpoints = tapped.unwrap_or_else(|| services.endpoints());
        Ok(Self { url, http, credentials, services, endpoints, surroundings, reset })
    }

    /// The real Lambda programs of a folder, each behind its own Runtime API.
    async fn processes(
        &self,
        folder: &Path,
        specs: &[FunctionSpec],
    ) -> Result<(BTreeMap<String, Handler>, Vec<Process>)> {
        let environment = self.endpoints.environment(&self.credentials);
        let start = async |spec: &FunctionSpec| Process::start(&folder.join(&spec.name), spec, &environment).await;
        let processes = try_join_all(specs.iter().map(start)).await?;
        let handlers = specs.iter().zip(&processes).map(|(spec, process)| (spec.name.clone(), process.handler()));
        Ok((handlers.collect(), processes))
    }

    /// What the HTTP port needs and what a stop needs.
    fn split(self, pump: Arc<Mutex<Pump>>, seeded: bool) -> (StdListener, Services, Running, Sandbox) {
        let own = Own { mailbox: Arc::clone(self.services.mailbox()), pump, reset: self.reset };
        let (running, sandbox) = self.surroundings.split(Some(own), seeded);
        (self.http, self.services, running, sandbox)
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
