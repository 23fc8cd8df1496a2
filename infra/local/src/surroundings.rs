//! What a sandbox needs around the cloud, whoever's cloud it is: test PKI with responders, SIM-PKI simulator, directory of
//! accounts, token issuer, clock. Nothing here is an AWS service.

use std::collections::BTreeMap;
use std::net::TcpListener as StdListener;
use std::path::Path;
use std::sync::Arc;

use aws_config::SdkConfig;
use aws_sdk_s3::error::DisplayErrorContext;
use aws_sdk_s3::primitives::ByteStream;
use axum::Router;
use casework::qr::Published;
use domain::qr::Key;
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::cut::PowerCut;
use crate::directory::{Directory, Outage};
use crate::error::{Error, Result};
use crate::places::{Keep, Places, Ports};
use crate::responders::{self, Faults};
use crate::sandbox::{Own, Sandbox};
use crate::seed;
use crate::serve::{self, Stop};
use crate::simulator::{Launch, Simulator, SimulatorProcess};
use crate::testpki::TestPki;
use crate::tokens::Issuer;
use crate::usb::UsbTokens;

/// The installation's name in every resource.
pub(crate) const STAGE: &str = "dev";
/// Alias of a unit's seal key without the unit, as `state.yaml` has it.
pub(crate) const SEAL_ALIAS_PREFIX: &str = "alias/ctdt-seal-";
/// Below this lie objects of the configuration, not of cases.
pub(crate) const TRUST_PREFIX: &str = "trust/";
/// With what the sandbox's gateway signs its hints. No secret: whoever reaches the sandbox presses the phones, too.
pub const CALLBACK_SECRET: &str = "whsec_Q1REVCBzYW5kYm94LCBubyBzZWNyZXQgYXQgYWxs";
/// What the simulator is called as a sender of hints.
const BACKEND: &str = "simpki";
/// Where the functions read the trust list.
const TRUST_LIST: &str = "trust/list.p7m";
/// Where `verification` reads who signs its records.
const REPORT_SIGNER: &str = "trust/report-signer.pem";
/// Where `numbering` and `verification` read the published keys for QR codes.
const QR_KEYS: &str = "trust/qr-keys.json";
/// What stands before the 32 bytes of an Ed25519 key in a SubjectPublicKeyInfo (RFC 8410 §4).
const ED25519_SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
/// The name of the verification service in its X.509 certificate.
const SERVICE_NAME: &str = "Dịch vụ kiểm tra bản sao điện tử";
/// Its owner: nobody who attests, so that no record looks like an act of an office.
const SERVICE_OWNER: &str = "Đơn vị vận hành CTDT (thử nghiệm)";
/// What one address may ask without a token, and what all may make the service ask CAs, in a minute and in a day: a developer's programs and tests all have the same.
const QUOTA: &str = "1000000";
/// Prompts that a phone takes in vain before it is left alone: whoever tries every way in which a leader can say no is not stopped at the third.
pub const PROMPTS_IN_VAIN: &str = "30";
/// Sender of notices.
const SENDER: &str = "khong-tra-loi@ctdt.example.vn";

/// Listeners that are bound before anything starts.
pub(crate) struct Listeners {
    responders: StdListener,
    /// Base URL of the responders, as certificates name it.
    responders_url: String,
    directory: StdListener,
}

impl Listeners {
    /// Binds them where they were at the last start.
    ///
    /// # Errors
    /// [`Error::Port`].
    pub(crate) fn bind(ports: &mut Ports) -> Result<Self> {
        let responders = ports.bind("responders", Keep::Must)?;
        let responders_url = serve::base_url(&responders)?;
        Ok(Self { responders, responders_url, directory: ports.bind("directory", Keep::Should)? })
    }

    /// Puts a tap before the responders. The directory has none: asking it changes nothing.
    ///
    /// # Errors
    /// [`Error::Port`], [`Error::Service`].
    pub(crate) fn tapped(&mut self, cut: &PowerCut, stop: &Stop) -> Result<()> {
        cut.tap_port("responders", &mut self.responders, stop).map(drop)
    }
}

/// The running surroundings.
pub(crate) struct Surroundings {
    pub(crate) pki: Arc<TestPki>,
    pub(crate) simulator: Arc<Simulator>,
    clock: Clock,
    faults: Arc<Faults>,
    outage: Arc<Outage>,
    issuer: Issuer,
    gateway_token: String,
    directory_token: String,
    edge_key: String,
    running: Running,
}

/// What a stop waits for.
#[derive(Debug)]
pub(crate) struct Running {
    directory: Directory,
    responders: Option<JoinHandle<()>>,
    simulator: Option<SimulatorProcess>,
}

impl Running {
    /// Waits until all have ended; the stop must have been asked for.
    pub(crate) async fn ended(&mut self) {
        let responders = async {
            if let Some(task) = self.responders.take() {
                let _ = task.await;
            }
        };
        let simulator = async {
            if let Some(child) = self.simulator.take() {
                child.ended().await;
            }
        };
        tokio::join!(self.directory.ended(), responders, simulator);
    }
}

impl Surroundings {
    /// Starts them; the API will answer at `public_url`. With `enrol` every SIM of the sample data is made.
    ///
    /// # Errors
    /// What did not start.
    pub(crate) async fn start(
        listeners: Listeners,
        places: &Places,
        clock: Clock,
        (simpki_program, public_url): (&Path, &str),
        enrol: bool,
        stop: &Stop,
    ) -> Result<Self> {
        let launch = Launch {
            program: simpki_program.to_owned(),
            directory: places.shared("simpki"),
            clock_offset_file: clock.file().to_owned(),
            token: secret(),
            callback: format!("{public_url}/v1/gateway-callbacks/{BACKEND}"),
            callback_secret: CALLBACK_SECRET,
            port: 0,
        };
        let gateway_token = launch.token.clone();
        let (outage, directory_token) = (Arc::new(Outage::default()), secret());
        let directory = Directory::start(listeners.directory, &directory_token, Arc::clone(&outage), stop.clone())?;
        // Both make keys at the first start; they do it at the same time.
        let (pki, (simulator, child)) = tokio::try_join!(
            open_pki(listeners.responders_url, places, &clock),
            simulate(launch, stop.clone(), enrol)
        )?;
        let faults = Arc::new(Faults::default());
        let routes = responder_routes(&pki, &clock, &faults);
        let responders = Some(serve::spawn(listeners.responders, routes, stop.clone())?);
        let issuer = Issuer::open(places.kept("token-key.p8").as_deref())?;
        let running = Running { directory, responders, simulator: Some(child) };
        let edge_key = secret();
        Ok(Self { pki, simulator, clock, faults, outage, issuer, gateway_token, directory_token, edge_key, running })
    }

    /// The parameters of `template.yaml`: what an operator would give a deployment whose pages are at `public_url`.
    pub(crate) fn parameters(&self, public_url: &str) -> BTreeMap<String, String> {
        let tsa = self.pki.tsa_url();
        // The responders' host and port, and nothing else on loopback (decision 42).
        let trust_host = tsa.strip_prefix("http://").and_then(|it| it.split('/').next()).unwrap_or_default();
        let all = [
            ("Stage", STAGE),
            ("Mode", "sandbox"),
            ("TokenJwks", &self.issuer.jwks()),
            ("DirectoryUrl", self.running.directory.url()),
            ("DirectoryToken", &self.directory_token),
            ("GatewayUrl", self.simulator.url()),
            ("GatewayToken", &self.gateway_token),
            ("GatewayCallbacks", &format!(r#"{{"{BACKEND}":["{CALLBACK_SECRET}"]}}"#)),
            ("SealKeyAliasPrefix", SEAL_ALIAS_PREFIX),
            ("TrustList", TRUST_LIST),
            ("TrustListPins", &self.pki.trust_list_pin()),
            ("ReportSigner", REPORT_SIGNER),
            ("QrKeys", QR_KEYS),
            ("TsaUrls", &self.pki.tsa_urls()),
            ("TrustHosts", trust_host),
            ("PublicUrl", public_url),
            ("Sender", SENDER),
            ("EdgeKey", &self.edge_key),
            ("QuotaMinute", QUOTA),
            ("QuotaDay", QUOTA),
            ("QuestionsMinute", QUOTA),
            ("QuestionsDay", QUOTA),
            ("PromptsInVain", PROMPTS_IN_VAIN),
            ("ClockOffsetFile", &self.clock.file().to_string_lossy()),
        ];
        all.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// What an operator would bring: the trust list.
    ///
    /// # Errors
    /// When the list cannot be made.
    pub(crate) fn trust(&self) -> Result<Trust> {
        let list = self.pki.trust_list().map_err(|error| Error::service("test PKI", error))?;
        Ok(Trust { list })
    }

    /// What an operator would bring besides: who signs records of verifications with the key `spki`.
    ///
    /// # Errors
    /// When the certificate or a list cannot be made.
    pub(crate) fn report_signer(&self, spki: &[u8]) -> Result<ReportSigner> {
        ReportSigner::of(&self.pki, spki, self.clock.now().as_second())
    }

    /// What a stop waits for, and the sandbox's calls; `own` is the embedded cloud's part of them.
    pub(crate) fn split(self, own: Option<Own>, seeded: bool) -> (Running, Sandbox) {
        let sandbox = Sandbox {
            clock: self.clock,
            usb: UsbTokens::new(Arc::clone(&self.pki)),
            pki: self.pki,
            faults: self.faults,
            outage: self.outage,
            simulator: self.simulator,
            issuer: self.issuer,
            seeded,
            own,
        };
        (self.running, sandbox)
    }
}

/// The trust list as a file.
pub(crate) struct Trust {
    list: Vec<u8>,
}

impl Trust {
    /// Puts it where the functions read it. A start may repeat it; the test PKI says the same again.
    ///
    /// # Errors
    /// [`Error::Service`].
    pub(crate) async fn put(&self, sdk: &SdkConfig, bucket: &str) -> Result<()> {
        put(sdk, bucket, TRUST_LIST, "application/pkcs7-mime", self.list.clone()).await
    }
}

/// Certificates and lists of the service's key as a file.
pub(crate) struct ReportSigner {
    pem: String,
}

impl ReportSigner {
    /// Has the test PKI certify the key.
    ///
    /// # Errors
    /// As for [`TestPki::report_signer`].
    pub(crate) fn of(pki: &TestPki, spki: &[u8], now: i64) -> Result<Self> {
        let pem = pki.report_signer(SERVICE_NAME, SERVICE_OWNER, spki, now);
        Ok(Self { pem: pem.map_err(|error| Error::service("test PKI", error))? })
    }

    /// Puts it where `verification` reads it; each start brings newer lists, to a folder of an earlier version too.
    ///
    /// # Errors
    /// [`Error::Service`].
    pub(crate) async fn put(self, sdk: &SdkConfig, bucket: &str) -> Result<()> {
        put(sdk, bucket, REPORT_SIGNER, "application/x-pem-file", self.pem.into_bytes()).await
    }
}

/// The published key for QR codes as a file.
pub(crate) struct QrKeys {
    json: String,
}

impl QrKeys {
    /// The set of one key.
    ///
    /// # Errors
    /// [`Error::Key`]: `spki` is no Ed25519 key.
    pub(crate) fn of(spki: &[u8]) -> Result<Self> {
        let public = spki.strip_prefix(&ED25519_SPKI).and_then(|public| <[u8; 32]>::try_from(public).ok());
        let public = public.ok_or_else(|| Error::Key("the key for QR codes is not Ed25519".to_owned()))?;
        let set = Published::new(vec![Key::new(public)]).map_err(|error| Error::Key(error.to_string()))?;
        Ok(Self { json: format!("{:#}\n", set.to_json()) })
    }

    /// Puts it where the functions read it; to a folder of an earlier version too.
    ///
    /// # Errors
    /// [`Error::Service`].
    pub(crate) async fn put(self, sdk: &SdkConfig, bucket: &str) -> Result<()> {
        put(sdk, bucket, QR_KEYS, "application/jwk-set+json", self.json.into_bytes()).await
    }
}

/// The test PKI, whose certificates name responders at `base`. Making its keys takes a moment of computing.
async fn open_pki(base: String, places: &Places, clock: &Clock) -> Result<Arc<TestPki>> {
    let directory = places.data().map(Path::to_owned);
    let now = clock.now().as_second();
    let open = move || TestPki::open(directory.as_deref(), &base, now);
    let opened = tokio::task::spawn_blocking(open).await.map_err(|error| Error::service("pki", error))?;
    opened.map(Arc::new).map_err(|error| Error::service("pki", error))
}

/// What the responders' port serves, on the sandbox clock.
fn responder_routes(pki: &Arc<TestPki>, clock: &Clock, faults: &Arc<Faults>) -> Router {
    let clock = clock.clone();
    responders::routes(Arc::clone(pki), Arc::new(move || clock.now().as_second()), Arc::clone(faults))
}

/// The simulator, and with sample data every SIM.
async fn simulate(launch: Launch, stop: Stop, enrol: bool) -> Result<(Arc<Simulator>, SimulatorProcess)> {
    let (simulator, child) = Simulator::start(launch, stop).await?;
    if enrol {
        seed::enrol(&simulator).await?;
    }
    Ok((Arc::new(simulator), child))
}

async fn put(sdk: &SdkConfig, bucket: &str, key: &str, media_type: &str, bytes: Vec<u8>) -> Result<()> {
    let client = aws_sdk_s3::Client::new(sdk);
    let put = client.put_object().bucket(bucket).key(key).content_type(media_type).body(ByteStream::from(bytes));
    put.send().await.map(drop).map_err(|error| Error::service("s3", DisplayErrorContext(&error)))
}

/// A fresh token between two parts of this stack.
fn secret() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}
