//! One cloud for the whole run.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use aws_config::SdkConfig;
use local::clock::Clock;
use local::credentials::Credentials;
use local::endpoints::dynamodb::DynamoDb;
use local::endpoints::kms::Kms;
use local::endpoints::s3::S3;
use local::endpoints::ses::{Mailbox, Ses};
use local::resources::{self, State};
use local::sdk::Endpoints;
use local::serve::{Stop, StopHandle, bind};
use local::testpki::TestPki;
use tokio::runtime::Runtime;

/// An instant in 2046, Unix seconds, for whatever the SDK does not date. Far ahead: the embedded table forgets what has ended by the clock of
/// this machine.
pub(crate) const NOW: i64 = 2_400_000_000;

pub(crate) struct Cloud {
    pub(crate) sdk: SdkConfig,
    pub(crate) state: State,
    pub(crate) kms: Kms,
    pub(crate) mailbox: Arc<Mailbox>,
    _others: (DynamoDb, S3, Ses, StopHandle, tempfile::TempDir),
}

/// Where endpoints and scripted servers run: a test's own runtime ends with the test.
pub(crate) static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
});

static CLOUD: LazyLock<Cloud> = LazyLock::new(|| {
    // A runtime may not be waited for inside another one.
    std::thread::spawn(|| RUNTIME.block_on(start())).join().expect("the cloud starts")
});

/// Keys and certificates whose responders nobody asks.
pub(crate) static PKI: LazyLock<TestPki> = LazyLock::new(|| TestPki::open(None, NOBODY, NOW).expect("a PKI"));

/// Runs `work` on a thread that may wait: the first user starts the cloud.
pub(crate) async fn cloud() -> &'static Cloud {
    tokio::task::spawn_blocking(|| &*CLOUD).await.expect("the cloud starts")
}

async fn start() -> Cloud {
    let credentials = Credentials::default();
    let (handle, stop) = Stop::channel();
    let port = |name| bind(name, 0).expect("a port");
    let folder = tempfile::tempdir().expect("a folder");
    let clock = Clock::open(&folder.path().join("clock")).expect("a clock");
    let mailbox = Arc::new(Mailbox::open(None, clock).expect("a mailbox"));
    let dynamodb = DynamoDb::start(port("dynamodb"), None, stop.clone()).expect("DynamoDB");
    let s3 = S3::start(port("s3"), None, &credentials, stop.clone()).expect("S3");
    let kms = Kms::start(port("kms"), None, &credentials, stop.clone()).expect("KMS");
    let ses = Ses::start(port("ses"), Arc::clone(&mailbox), stop).expect("SES");
    let endpoints = Endpoints {
        dynamodb: dynamodb.url().to_owned(),
        s3: s3.url().to_owned(),
        kms: kms.url().to_owned(),
        sesv2: ses.url().to_owned(),
    };
    let sdk = endpoints.config(&credentials);
    let state = resources::create(&sdk, kms.keys(), &credentials, &BTreeMap::new()).await.expect("the resources");
    Cloud { sdk, state, kms, mailbox, _others: (dynamodb, s3, ses, handle, folder) }
}

/// A configuration whose every service is at `url`.
pub(crate) fn all_at(url: &str) -> SdkConfig {
    let url = url.to_owned();
    Endpoints { dynamodb: url.clone(), s3: url.clone(), kms: url.clone(), sesv2: url }.config(&Credentials::default())
}

/// Where nobody listens.
pub(crate) const NOBODY: &str = "http://127.0.0.1:1";
