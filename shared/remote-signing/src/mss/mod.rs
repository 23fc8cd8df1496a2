//! The mobile signature service (MSS) of ETSI TS 102 204, in SOAP 1.2 or JSON, behind [`domain::ports::RemoteSigning`].
//!
//! `MSS_SignatureReq` in the mode `asynchClientServer`, then `MSS_StatusReq`. One digest to a prompt, as a DigestInfo (RFC 8017
//! §9.2), answered by the bare signature value (FiCom's PKCS#1 format), or by a CMS structure with attributes of the gateway's own
//! (decision 27). No registration, profile query or receipt; no batch, which is a vendor's extension. The credential is a phone number (E.164), which stands in the user's item and never in a log, a key or an
//! address. Verifies no signature, and sends nothing twice.
//!
//! A gateway wants to be asked no sooner than 20 s after the start and then every 5 s (FiCom): within that a poll asks nobody
//! and says that nothing has happened. What was asked when is remembered by this process alone; where several ask, the
//! gateway's refusal of a question that comes too soon is no answer about the signature.
//!
//! A handle is `mss:`, the second of the start, the gateway's `MSSP_ID` as its first answer has it, and its `MSSP_TransID`; `no:`
//! and a code as for CSC.

mod binding;
mod code;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::model::Shape;
use domain::ports::{Fault, GatewayAnswer, Grant, RemoteSigning, SignOrder};
use jiff::Timestamp;
use reqwest::{Client, StatusCode, header};

use self::binding::{MsspId, Said, Signature};
use self::code::Meaning;
use crate::protocol::Tls;
use crate::refusal::{Refusal, Stage};
use crate::{SIGNATURE_LIMIT, checked, client, limited, silence, token};

/// Seconds until the first question about a prompt, and between two (FiCom).
const FIRST: i64 = 20;
const NEXT: i64 = 5;
/// Prompts whose last question is remembered: ten times what is open at once (limits.md T3).
const REMEMBERED: usize = 10_000;
/// DER of a DigestInfo of SHA-256 up to the digest (RFC 8017 §9.2, note 1).
const DIGEST_INFO: [u8; 19] = [0x30, 0x31, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20];
/// Digits of a phone number (E.164).
const MSISDN: std::ops::RangeInclusive<usize> = 8..=15;

/// In what a gateway is spoken to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Binding {
    /// SOAP 1.2.
    Soap,
    /// The JSON of Swisscom and Methics.
    Json,
}

/// A gateway with who we are to it. Its `Debug` leaves the password out.
#[derive(Clone, Copy)]
pub struct MssSetup<'a> {
    /// The whole address of the service.
    pub url: &'a str,
    /// In what it is spoken to.
    pub binding: Binding,
    /// `MSSP_ID` of the first request: the gateway's own name, a URI. Later ones carry what its answer has.
    pub gateway: &'a str,
    /// `AP_ID`: our name there, a URI.
    pub provider: &'a str,
    /// `AP_PWD`.
    pub password: &'a str,
    /// `SignatureProfile`: which of the person's keys signs, a URI of the gateway's.
    pub profile: &'a str,
    /// What is asked for: a bare signature over SignedAttributes of ours, or a CMS structure with the gateway's own.
    pub shape: Shape,
    /// The longest that one call may take.
    pub patience: Duration,
}

impl fmt::Debug for MssSetup<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url, binding, gateway, provider, password: _, profile, shape, patience } = self;
        f.debug_struct("MssSetup")
            .field("url", url)
            .field("binding", binding)
            .field("gateway", gateway)
            .field("provider", provider)
            .field("profile", profile)
            .field("shape", shape)
            .field("patience", patience)
            .finish_non_exhaustive()
    }
}

/// A client of one gateway.
pub struct Mss {
    url: String,
    binding: Binding,
    gateway: MsspId,
    provider: String,
    password: String,
    profile: String,
    shape: Shape,
    client: Client,
    now: Box<dyn Fn() -> Timestamp + Send + Sync>,
    /// When each prompt was asked about last, in seconds, by handle.
    asked: Mutex<BTreeMap<String, i64>>,
}

impl Mss {
    /// Does not connect. `now` is the clock of requests and pauses.
    ///
    /// # Errors
    /// When the URL is neither `https` nor loopback, the patience is none or outlives a function, one of the two names, password or
    /// profile are missing, or TLS cannot be set up.
    pub fn new(
        setup: MssSetup<'_>,
        tls: Option<Tls<'_>>,
        now: impl Fn() -> Timestamp + Send + Sync + 'static,
    ) -> Result<Self, Fault> {
        if [setup.gateway, setup.provider, setup.password, setup.profile].iter().any(|text| text.is_empty()) {
            return Err(Fault("MSS needs MSSP_ID, AP_ID, AP_PWD and a profile".to_owned()));
        }
        Ok(Self {
            url: checked(setup.url)?,
            binding: setup.binding,
            gateway: MsspId::uri(setup.gateway),
            provider: setup.provider.to_owned(),
            password: setup.password.to_owned(),
            profile: setup.profile.to_owned(),
            shape: setup.shape,
            client: client(setup.patience, tls)?,
            now: Box::new(now),
            asked: Mutex::new(BTreeMap::new()),
        })
    }

    /// One call: what was said, or the code of a fault.
    async fn call(&self, what: &str, body: String) -> Result<Result<Said, u16>, Fault> {
        let kind = match self.binding {
            Binding::Soap => "application/soap+xml; charset=utf-8",
            Binding::Json => "application/json",
        };
        let request = self.client.post(&self.url).header(header::CONTENT_TYPE, kind).body(body);
        let answer = request.send().await.map_err(|error| silence(what, error))?;
        let status = answer.status();
        let body = limited(what, answer).await?;
        let unreadable = || Fault(format!("gateway: {what}: HTTP {status} and no answer of MSS"));
        if status == StatusCode::OK {
            return binding::answer(self.binding, &body).map(Ok).ok_or_else(unreadable);
        }
        binding::fault(self.binding, &body).map(Err).ok_or_else(unreadable)
    }

    /// Whether the pauses allow a question now; then it is remembered.
    fn may_ask(&self, handle: &str, started: i64) -> bool {
        let now = (self.now)().as_second();
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let allowed = match asked.get(handle) {
            Some(last) => now >= last.saturating_add(NEXT),
            None => now >= started.saturating_add(FIRST),
        };
        if allowed {
            if asked.len() >= REMEMBERED {
                asked.clear();
            }
            asked.insert(handle.to_owned(), now);
        }
        allowed
    }
}

impl RemoteSigning for Mss {
    fn name(&self) -> &str {
        &self.url
    }

    fn refused_at_once<'h>(&self, handle: &'h str) -> Option<&'h str> {
        handle.strip_prefix("no:")
    }

    /// `DataToBeSigned` is one (ETSI TS 102 204 §8.3).
    fn shape(&self) -> Shape {
        self.shape
    }

    fn most(&self) -> usize {
        1
    }

    async fn start(&self, order: &SignOrder) -> Result<String, Fault> {
        let [digest] = order.hashes.as_slice() else {
            let refusal = if order.hashes.is_empty() { Refusal::BadRequest } else { Refusal::Unfit };
            return Ok(refusal.handle());
        };
        if !is_msisdn(&order.credential_id) {
            return Ok(Refusal::NotEnrolled.handle());
        }
        let now = (self.now)();
        let body = binding::signature_request(self, order, &[&DIGEST_INFO[..], digest].concat(), now);
        match self.call("MSS_SignatureReq", body).await? {
            Ok(said) if code::meaning(said.code) == Meaning::Open => {
                token("MSSP_TransID", &said.transaction)?;
                // Who does not say is who was called.
                let gateway = said.gateway.as_ref().unwrap_or(&self.gateway);
                Ok(format!("mss:{}:{}:{}", now.as_second(), gateway.packed(), said.transaction))
            }
            Ok(said) => refused_at_start(said.code),
            Err(code) => refused_at_start(code),
        }
    }

    /// The gateway signs when the person consents, whoever asks; so asking has nothing signed.
    async fn ask(&self, order: &SignOrder, handle: &str) -> Result<GatewayAnswer, Fault> {
        if let Some(code) = handle.strip_prefix("no:") {
            return Ok(GatewayAnswer::Refused(code.to_owned()));
        }
        let waited_for = waited_for(handle).ok_or_else(|| Fault("gateway: not a handle of ours".into()))?;
        let WaitedFor { started, gateway, transaction } = waited_for;
        if !self.may_ask(handle, started) {
            return Ok(GatewayAnswer::Pending);
        }
        let body = binding::status_request(self, order, (&gateway, transaction), (self.now)());
        let (code, signature) = match self.call("MSS_StatusReq", body).await? {
            Ok(said) if said.transaction != transaction => {
                return Err(Fault("gateway: MSS_StatusReq: about another transaction".into()));
            }
            Ok(said) => (said.code, said.signature),
            Err(code) => (code, None),
        };
        match code::meaning(code) {
            Meaning::Open => Ok(GatewayAnswer::Pending),
            Meaning::Signed => signed(self.shape, signature).map(|value| GatewayAnswer::Signed(vec![value])),
            Meaning::Refused(refusal) if refusal.counts(Stage::Poll) => {
                Ok(GatewayAnswer::Refused(refusal.code().to_owned()))
            }
            Meaning::Refused(_) | Meaning::Failed => Err(Fault(format!("gateway: MSS_StatusReq: code {code}"))),
        }
    }

    /// Asking has never granted anything here.
    async fn fetch(&self, _order: &SignOrder, _handle: &str, _grant: &Grant) -> Result<GatewayAnswer, Fault> {
        Err(Fault("gateway: MSS gives no grants".into()))
    }
}

/// Nothing was shown to anybody, if the gateway says why; whether something was, if it has failed, nobody knows.
fn refused_at_start(code: u16) -> Result<String, Fault> {
    match code::meaning(code) {
        Meaning::Refused(refusal) if refusal.counts(Stage::Start) => Ok(refusal.handle()),
        _ => Err(Fault(format!("gateway: MSS_SignatureReq: code {code}"))),
    }
}

fn signed(shape: Shape, signature: Option<Signature>) -> Result<Vec<u8>, Fault> {
    match (shape, signature) {
        (Shape::Raw, Some(Signature::Bare(value))) if (1..=SIGNATURE_LIMIT).contains(&value.len()) => Ok(value),
        // As long as an answer may be.
        (Shape::Cms, Some(Signature::Cms(structure))) if !structure.is_empty() => Ok(structure),
        (Shape::Raw, Some(Signature::Bare(_))) | (Shape::Cms, Some(Signature::Cms(_))) => {
            Err(Fault("gateway: a signature that is none".into()))
        }
        (_, Some(_)) => Err(Fault("gateway: a signature in another format than was asked for".into())),
        (_, None) => Err(Fault("gateway: a signature that does not come".into())),
    }
}

/// What a handle says.
#[derive(Debug, Eq, PartialEq)]
struct WaitedFor<'a> {
    /// The second of the start.
    started: i64,
    /// Who answered it.
    gateway: MsspId,
    /// The gateway's name for the transaction.
    transaction: &'a str,
}

fn waited_for(handle: &str) -> Option<WaitedFor<'_>> {
    let (started, rest) = handle.strip_prefix("mss:")?.split_once(':')?;
    let (gateway, transaction) = rest.split_once(':')?;
    Some(WaitedFor { started: started.parse().ok()?, gateway: MsspId::unpacked(gateway)?, transaction })
}

fn is_msisdn(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or_default();
    MSISDN.contains(&digits.len()) && !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setup() -> MssSetup<'static> {
        MssSetup {
            shape: Shape::Raw,
            url: "http://127.0.0.1:1/mss/soap",
            binding: Binding::Soap,
            gateway: "http://localhost/ae",
            provider: "http://localhost/ctdt",
            password: "mat-khau-cua-ta",
            profile: "http://alauda.mobi/nonRepudiation",
            patience: Duration::from_secs(5),
        }
    }

    fn made(setup: MssSetup<'_>) -> Option<Mss> {
        Mss::new(setup, None, || Timestamp::UNIX_EPOCH).ok()
    }

    #[test]
    fn nothing_goes_unencrypted_or_nameless() {
        assert!(made(setup()).is_some());
        for wrong in [
            MssSetup { url: "http://mss.example.vn/soap", ..setup() },
            MssSetup { gateway: "", ..setup() },
            MssSetup { provider: "", ..setup() },
            MssSetup { password: "", ..setup() },
            MssSetup { profile: "", ..setup() },
            MssSetup { patience: Duration::from_secs(13), ..setup() },
        ] {
            assert!(made(wrong).is_none(), "{wrong:?}");
        }
    }

    /// FiCom: 20 s after the start, then 5 s after the last question.
    #[test]
    fn questions_keep_their_pauses() {
        let clock = std::sync::Arc::new(std::sync::atomic::AtomicI64::new(0));
        let hands = std::sync::Arc::clone(&clock);
        let now = move || Timestamp::from_second(hands.load(std::sync::atomic::Ordering::SeqCst)).expect("in range");
        let mss = Mss::new(setup(), None, now).expect("a client");
        let asks: Vec<i64> = (100..140)
            .filter(|second| {
                clock.store(*second, std::sync::atomic::Ordering::SeqCst);
                mss.may_ask("mss:100:a", 100)
            })
            .collect();
        assert_eq!(asks, [120, 125, 130, 135]);
    }

    #[test]
    fn a_credential_is_a_phone_number() {
        for (text, is) in
            [("+84900000001", true), ("84900000001", false), ("+0900000001", false), ("+84a", false), ("", false)]
        {
            assert_eq!(is_msisdn(text), is, "{text}");
        }
    }

    #[test]
    fn a_handle_is_read_back() {
        let gateway = MsspId::uri("http://localhost/ae");
        let handle = format!("mss:12:{}:a:b", gateway.packed());
        assert_eq!(waited_for(&handle), Some(WaitedFor { started: 12, gateway, transaction: "a:b" }));
        for other in ["csc:a", "mss:a", "mss:12:a", "mss:12:a:b", &handle.replace("12", "x")] {
            assert_eq!(waited_for(other), None, "{other}");
        }
    }

    /// Setups are written into logs by whoever looks for a mistake.
    #[test]
    fn a_setup_is_told_without_its_password() {
        let told = format!("{:?} {:#?}", setup(), setup());
        assert!(told.contains("http://localhost/ae") && !told.contains("mat-khau-cua-ta"), "{told}");
    }
}
