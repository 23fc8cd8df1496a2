//! The signing gateway: the CSC API (Cloud Signature Consortium), 2.0.0.2 or 1.0.4, behind [`domain::ports::RemoteSigning`];
//! and MSS (ETSI TS 102 204), which is [`Mss`].
//!
//! `credentials/info` → `credentials/authorize` (202 with a handle) → `credentials/authorizeCheck` until there is a SAD →
//! `signatures/signHash`. The person's PIN is typed on the phone: a credential that wants a secret from us, or whose SAD is
//! not bound to the digests (SCAL 1), is not used. Verifies no signature (the caller does, once), keeps no state, and sends
//! nothing twice: a repeated `authorize` could be a second prompt.
//!
//! A gateway that asks nobody ([`Consent::AtOnce`]) answers `authorize` with a SAD at once; then both calls are made by the
//! poll, so that no SAD is ever stored, and a poll whose answer was lost may do so again: nobody sees a prompt.
//!
//! A handle is our own text: `csc:` and the gateway's handle (`csc-ecdsa:` or `csc-pss:` when the credential signs otherwise
//! than by RSA with PKCS#1 v1.5), `now:` and how the credential signs, or `no:` and the code of a refusal that came at
//! once, which the next poll tells. So "no" is known after a second, and silence stays a [`Fault`].

mod approval;
mod mss;
mod protocol;
mod refusal;
mod service;
mod wire;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::ports::{Fault, GatewayAnswer, Grant, RemoteSigning, SignOrder};
use reqwest::redirect::Policy;
use reqwest::{Certificate, ClientBuilder, Identity};
use reqwest::{Client, Response, StatusCode, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use crate::approval::SignedApprover;
pub use crate::mss::{Binding, Mss, MssSetup};
pub use crate::protocol::{Approver, Consent, Padding, Protocol, Tls, Version};
use crate::refusal::{Refusal, Stage};
pub use crate::service::{Service, Settings};
use crate::wire::{AuthorizeCheck, Credential, Fit, Handle, Sad, Scheme, Signatures};

/// Time to connect.
const CONNECT: Duration = Duration::from_secs(3);
/// The longest that one call may take. A poll makes two, and a function has 29 s.
const LONGEST_CALL: Duration = Duration::from_secs(12);
/// The longest answer, in bytes: twenty signatures of RSA-8192 are 28 KiB in base64.
const ANSWER_LIMIT: usize = 64 * 1024;
/// The longest signature, in bytes: RSA-8192.
const SIGNATURE_LIMIT: usize = 1024;
/// The longest handle or SAD, in bytes. Handles are stored with the session.
const TOKEN_LIMIT: usize = 4096;
/// The longest `description`, in characters (CSC §11.6).
const TEXT_LIMIT: usize = 500;

/// A gateway with its base URL and our token.
pub struct Gateway {
    base: String,
    token: String,
    protocol: Protocol,
    client: Client,
}

impl Gateway {
    /// A client of the gateway at `base_url`, with or without `/csc/v2` at its end, that asks the person; `token` is sent as
    /// bearer, and one call takes no longer than `patience`. Does not connect.
    ///
    /// # Errors
    /// When the URL is neither `https` nor loopback, the patience is none or outlives a function that makes two calls, or
    /// the TLS back end cannot be set up.
    pub fn new(base_url: &str, token: &str, patience: Duration) -> Result<Self, Fault> {
        Self::speaking(base_url, token, patience, Protocol::default(), None)
    }

    /// The same with another protocol, and with roots and a key of our own where `tls` is given. No bearer is sent when the
    /// token is empty, as for a gateway that knows us by our key.
    ///
    /// # Errors
    /// As [`Gateway::new`]; and when version 1 shall ask a person, for which it has no way to wait, or the PEM is none.
    pub fn speaking(
        base_url: &str,
        token: &str,
        patience: Duration,
        protocol: Protocol,
        tls: Option<Tls<'_>>,
    ) -> Result<Self, Fault> {
        let base = base(base_url, protocol.version)?;
        if protocol.version == Version::V1 && matches!(protocol.consent, Consent::OutOfBand) {
            return Err(Fault("CSC version 1 cannot wait for a person".to_owned()));
        }
        Ok(Self { base, token: token.to_owned(), protocol, client: client(patience, tls)? })
    }

    /// One call of the API: the status of a success (200 or 202) and the body, or a refusal, or silence.
    async fn call(&self, stage: Stage, method: &str, body: &impl Serialize) -> Result<Answer, Fault> {
        let request = self.client.post(format!("{}/{method}", self.base)).json(body);
        let request = if self.token.is_empty() { request } else { request.bearer_auth(&self.token) };
        let answer = request.send().await.map_err(|error| silence(method, error))?;
        let status = answer.status();
        let body = limited(method, answer).await?;
        match status {
            StatusCode::OK | StatusCode::ACCEPTED => Ok(Answer::Done(status, body)),
            _ => match refusal::read(stage, status, &body) {
                Some(refusal) => Ok(Answer::Refused(refusal)),
                None => Err(Fault(format!("gateway: {method}: HTTP {status}"))),
            },
        }
    }

    /// What the credential demands, judged before anybody is asked: nothing was shown yet, whatever comes back.
    async fn credential(&self, order: &SignOrder) -> Result<Fit, Refusal> {
        let asked = wire::credential_info(self.protocol.version, order);
        match self.call(Stage::Start, "credentials/info", &asked).await {
            Ok(Answer::Done(StatusCode::OK, body)) => {
                let credential: Credential = parse("credentials/info", &body).map_err(|_| Refusal::Backend)?;
                credential.fit(&self.protocol, order.hashes.len()).ok_or(Refusal::Unfit)
            }
            Ok(Answer::Refused(refusal)) => Err(refusal),
            Ok(Answer::Done(..)) | Err(_) => Err(Refusal::Backend),
        }
    }

    /// Asks the person; gives our handle.
    async fn ask(&self, order: &SignOrder, fit: &Fit) -> Result<String, Fault> {
        let asked = wire::authorize(self.protocol.version, order, &fit.objects, order.session.as_str());
        match self.call(Stage::Start, "credentials/authorize", &asked).await? {
            Answer::Refused(refusal) => Ok(refusal.handle()),
            Answer::Done(StatusCode::ACCEPTED, body) => {
                let Handle { handle } = parse("credentials/authorize", &body)?;
                token("handle", &handle)?;
                Ok(format!("{}{handle}", waiting(fit.scheme)))
            }
            Answer::Done(..) => Err(Fault("gateway: credentials/authorize: granted without the person".into())),
        }
    }

    /// Authorises and signs at once, where nobody is asked.
    async fn sign_at_once(&self, order: &SignOrder, scheme: Scheme) -> Result<GatewayAnswer, Fault> {
        let Consent::AtOnce(approver) = &self.protocol.consent else {
            return Err(Fault("gateway: a handle of a gateway that asks nobody".into()));
        };
        let client_data = match approver {
            Some(approver) => approver.approve(order)?,
            None => order.session.as_str().to_owned(),
        };
        let asked = wire::authorize(self.protocol.version, order, &[], &client_data);
        // Nothing was shown to anybody: what is refused now is refused for good.
        match self.call(Stage::Start, "credentials/authorize", &asked).await? {
            Answer::Refused(Refusal::Busy) => Ok(GatewayAnswer::Pending),
            Answer::Refused(refusal) => Ok(GatewayAnswer::Refused(refusal.code().to_owned())),
            Answer::Done(StatusCode::OK, body) => {
                let Sad { sad } = parse("credentials/authorize", &body)?;
                token("SAD", &sad)?;
                self.sign(order, scheme, &sad).await
            }
            Answer::Done(status, _) => Err(Fault(format!("gateway: credentials/authorize: HTTP {status}"))),
        }
    }

    /// Whether the person has consented. Spends nothing.
    async fn check(&self, handle: &str) -> Result<Consented, Fault> {
        match self.call(Stage::Poll, "credentials/authorizeCheck", &AuthorizeCheck { handle }).await? {
            Answer::Refused(refusal) => Ok(Consented::Never(refusal)),
            Answer::Done(StatusCode::ACCEPTED, body) => {
                let waiting: Handle = parse("credentials/authorizeCheck", &body)?;
                if waiting.handle != handle {
                    return Err(Fault("gateway: credentials/authorizeCheck: about another handle".into()));
                }
                Ok(Consented::NotYet)
            }
            Answer::Done(_, body) => {
                let Sad { sad } = parse("credentials/authorizeCheck", &body)?;
                token("SAD", &sad)?;
                Ok(Consented::Granted(sad))
            }
        }
    }

    /// Spends the SAD. A repeat is harmless: the consent is for these digests and no others.
    async fn sign(&self, order: &SignOrder, scheme: Scheme, sad: &str) -> Result<GatewayAnswer, Fault> {
        let asked = wire::sign_hash(self.protocol.version, order, scheme, sad);
        match self.call(Stage::Poll, "signatures/signHash", &asked).await? {
            Answer::Refused(refusal) => Ok(GatewayAnswer::Refused(refusal.code().to_owned())),
            Answer::Done(StatusCode::OK, body) => {
                let answer: Signatures = parse("signatures/signHash", &body)?;
                raw(&answer.signatures, order.hashes.len()).map(GatewayAnswer::Signed)
            }
            Answer::Done(status, _) => Err(Fault(format!("gateway: signatures/signHash: HTTP {status}"))),
        }
    }
}

/// What the person has answered.
enum Consented {
    NotYet,
    Never(Refusal),
    /// With the SAD.
    Granted(String),
}

/// What a call came to.
enum Answer {
    Done(StatusCode, Vec<u8>),
    Refused(Refusal),
}

impl RemoteSigning for Gateway {
    fn name(&self) -> &str {
        &self.base
    }

    fn refused_at_once<'h>(&self, handle: &'h str) -> Option<&'h str> {
        handle.strip_prefix("no:")
    }

    /// What a credential takes (`multisign`) is asked at the start.
    fn most(&self) -> usize {
        usize::MAX
    }

    async fn start(&self, order: &SignOrder) -> Result<String, Fault> {
        if order.hashes.is_empty() || order.display_text.is_empty() || order.display_text.chars().count() > TEXT_LIMIT {
            return Ok(Refusal::BadRequest.handle());
        }
        let fit = match self.credential(order).await {
            Ok(fit) => fit,
            Err(refusal) => return Ok(refusal.handle()),
        };
        match &self.protocol.consent {
            Consent::OutOfBand => self.ask(order, &fit).await,
            Consent::AtOnce(_) => Ok(format!("now:{}", fit.scheme.word())),
        }
    }

    async fn ask(&self, _order: &SignOrder, handle: &str) -> Result<GatewayAnswer, Fault> {
        if let Some(code) = handle.strip_prefix("no:") {
            return Ok(GatewayAnswer::Refused(code.to_owned()));
        }
        // Nobody was asked, so nobody can have consented.
        if handle.starts_with("now:") {
            return Ok(GatewayAnswer::Pending);
        }
        let (_, handle) = waited_for(handle).ok_or_else(not_ours)?;
        Ok(match self.check(handle).await? {
            Consented::NotYet => GatewayAnswer::Pending,
            Consented::Never(refusal) => GatewayAnswer::Refused(refusal.code().to_owned()),
            // A SAD that nobody spends ends by itself.
            Consented::Granted(sad) => GatewayAnswer::Consented(Grant(sad)),
        })
    }

    async fn fetch(&self, order: &SignOrder, handle: &str, grant: &Grant) -> Result<GatewayAnswer, Fault> {
        let (scheme, _) = waited_for(handle).ok_or_else(not_ours)?;
        self.sign(order, scheme, &grant.0).await
    }

    async fn poll(&self, order: &SignOrder, handle: &str) -> Result<GatewayAnswer, Fault> {
        if let Some(word) = handle.strip_prefix("now:") {
            return self.sign_at_once(order, Scheme::by_word(word).ok_or_else(not_ours)?).await;
        }
        match RemoteSigning::ask(self, order, handle).await? {
            GatewayAnswer::Consented(grant) => self.fetch(order, handle, &grant).await,
            answer => Ok(answer),
        }
    }
}

fn not_ours() -> Fault {
    Fault("gateway: not a handle of ours".into())
}

/// How the handle of a session begins whose person is asked. RSA has none of its own: so are the stored ones.
fn waiting(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Rsa => "csc:",
        Scheme::Pss => "csc-pss:",
        Scheme::Ecdsa => "csc-ecdsa:",
    }
}

/// How the credential signs, and the gateway's own handle.
fn waited_for(handle: &str) -> Option<(Scheme, &str)> {
    let all = [Scheme::Rsa, Scheme::Pss, Scheme::Ecdsa];
    all.into_iter().find_map(|scheme| handle.strip_prefix(waiting(scheme)).map(|own| (scheme, own)))
}

/// What calls a gateway: once, directly, and not for longer than `patience`.
fn client(patience: Duration, tls: Option<Tls<'_>>) -> Result<Client, Fault> {
    if patience.is_zero() || patience > LONGEST_CALL {
        return Err(Fault(format!("the gateway is waited for 1 to {} s", LONGEST_CALL.as_secs())));
    }
    let client = Client::builder()
        .redirect(Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        // A function is frozen between two calls: a kept connection is a dead one.
        .pool_max_idle_per_host(0)
        .connect_timeout(CONNECT)
        .timeout(patience);
    let client = match tls {
        Some(tls) => trusting(client, tls)?,
        None => client,
    };
    client.build().map_err(|error| Fault(format!("gateway client: {error}")))
}

/// Trusts these roots alone, and shows our key.
fn trusting(client: ClientBuilder, tls: Tls<'_>) -> Result<ClientBuilder, Fault> {
    // The text of an error may quote a private key.
    let roots = Certificate::from_pem_bundle(tls.roots).map_err(|_| Fault("gateway: roots that are none".into()))?;
    let own = Identity::from_pem(tls.identity).map_err(|_| Fault("gateway: a key of our own that is none".into()))?;
    Ok(client.tls_certs_only(roots).identity(own))
}

/// The URL of the API, without a slash at its end.
fn base(url: &str, version: Version) -> Result<String, Fault> {
    let text = checked(url)?;
    let path = version.path();
    Ok(if text.ends_with(path) { text } else { format!("{text}/{path}") })
}

/// A URL that is encrypted or stays on this machine, and holds no secret; without a slash at its end.
fn checked(url: &str) -> Result<String, Fault> {
    let wrong = |why: &str| Fault(format!("the gateway's URL {why}"));
    let url = Url::parse(url).map_err(|_| wrong("is none"))?;
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("may hold scheme, host, port and path only"));
    }
    let loopback = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    if url.scheme() != "https" && !(url.scheme() == "http" && loopback) {
        return Err(wrong("must be https"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// Nobody knows what became of the call.
fn silence(method: &str, error: reqwest::Error) -> Fault {
    Fault(format!("gateway: {method}: {}", error.without_url()))
}

/// The body of an answer, unless it is too long.
async fn limited(method: &str, mut answer: Response) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| silence(method, error))? {
        if bytes.len() + chunk.len() > ANSWER_LIMIT {
            return Err(Fault(format!("gateway: {method}: the answer is longer than {ANSWER_LIMIT} bytes")));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// serde's text may quote the answer, which may hold a SAD: only the fact is told.
fn parse<T: DeserializeOwned>(method: &str, body: &[u8]) -> Result<T, Fault> {
    serde_json::from_slice(body).map_err(|_| Fault(format!("gateway: {method}: the answer is not what CSC says")))
}

fn token(what: &str, value: &str) -> Result<(), Fault> {
    let sound = !value.is_empty() && value.len() <= TOKEN_LIMIT && value.bytes().all(|b| b.is_ascii_graphic());
    if sound { Ok(()) } else { Err(Fault(format!("gateway: a {what} that is none"))) }
}

/// The signature values, exactly as many as were asked for.
fn raw(signatures: &[String], wanted: usize) -> Result<Vec<Vec<u8>>, Fault> {
    if signatures.len() != wanted {
        return Err(Fault(format!("gateway: {} signatures for {wanted} digests", signatures.len())));
    }
    let one = |text: &String| STANDARD.decode(text).ok().filter(|s| (1..=SIGNATURE_LIMIT).contains(&s.len()));
    let all: Option<Vec<_>> = signatures.iter().map(one).collect();
    all.ok_or_else(|| Fault("gateway: a signature that is none".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_travels_encrypted_or_stays_on_this_machine() {
        for (url, expected) in [
            ("https://ky.example.vn", "https://ky.example.vn/csc/v2"),
            ("https://ky.example.vn/csc/v2/", "https://ky.example.vn/csc/v2"),
            ("http://127.0.0.1:4711", "http://127.0.0.1:4711/csc/v2"),
            ("http://[::1]:4711/a/", "http://[::1]:4711/a/csc/v2"),
        ] {
            assert_eq!(base(url, Version::V2).expect(url), expected);
        }
        for url in [
            "http://ky.example.vn",
            "http://127.0.0.1.example.vn",
            "ftp://127.0.0.1",
            "https://u:p@ky.example.vn",
            "https://ky.example.vn/?a=b",
            "ky.example.vn",
        ] {
            assert!(base(url, Version::V2).is_err(), "{url}");
        }
    }

    /// Two silent calls must not outlive the function: 2 × 12 s of 29 s.
    #[test]
    fn patience_is_bounded() {
        for (seconds, taken) in [(0, false), (1, true), (12, true), (13, false)] {
            let made = Gateway::new("http://127.0.0.1:1", "t", Duration::from_secs(seconds));
            assert_eq!(made.is_ok(), taken, "{seconds}");
        }
    }

    #[test]
    fn version_1_asks_no_person() {
        let made = |consent| {
            let protocol = Protocol { version: Version::V1, consent, padding: Padding::Pkcs1 };
            Gateway::speaking("http://127.0.0.1:1", "", Duration::from_secs(1), protocol, None).is_ok()
        };
        assert!(made(Consent::AtOnce(None)));
        assert!(!made(Consent::OutOfBand));
    }

    #[test]
    fn a_handle_tells_how_the_credential_signs() {
        for scheme in [Scheme::Rsa, Scheme::Pss, Scheme::Ecdsa] {
            assert_eq!(waited_for(&format!("{}a:b", waiting(scheme))), Some((scheme, "a:b")));
        }
        assert_eq!(waited_for("now:rsa"), None);
    }

    #[test]
    fn signatures_are_counted_and_measured() {
        let one = STANDARD.encode([7; 256]);
        assert_eq!(raw(&[one.clone(), one.clone()], 2).expect("two"), [[7; 256], [7; 256]]);
        assert!(raw(std::slice::from_ref(&one), 2).is_err());
        assert!(raw(&[one.clone(), one], 1).is_err());
        for wrong in [String::new(), "****".into(), "QQ".into(), STANDARD.encode([0; SIGNATURE_LIMIT + 1])] {
            assert!(raw(&[wrong], 1).is_err());
        }
    }

    #[test]
    fn a_handle_is_stored_so_it_is_measured() {
        assert!(token("handle", "a-1").is_ok());
        for wrong in ["", "a b", "\u{1}", "ữ", &"x".repeat(TOKEN_LIMIT + 1)] {
            assert!(token("handle", wrong).is_err());
        }
    }
}
