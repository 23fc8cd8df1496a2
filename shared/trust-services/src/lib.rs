//! TSA, OCSP, CRL and AIA hosts over HTTP behind [`domain::ports::TrustServices`].
//!
//! Verifies nothing itself: bytes as they came, within limits (stack.md B6); which time-stamp may be used, the caller says. URLs of evidence come out of
//! certificates, so a stranger may have written them: only hosts of the allow-list are asked, a name may not lead into a
//! private network, and nothing is redirected. Content types are not believed.

mod hosts;
mod kept;
mod quiet;
mod race;
mod rest;
mod within;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::model::Sha256;
use domain::ports::{Evidence, Fault, TrustServices};
use jiff::Timestamp;
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, RequestBuilder, StatusCode, Url, header};
use tokio::time::Instant;

use crate::hosts::{Guard, Hosts};
use crate::kept::Kept;
use crate::quiet::Quiet;
use crate::rest::Rest;

pub use crate::within::Within;

/// Time to connect.
const CONNECT: Duration = Duration::from_secs(5);
/// The most TSAs.
pub const MOST_TSAS: usize = 4;
/// The longest that one TSA is waited for: a real one took 2 to 131 s (domain.md §4.1).
pub const LONGEST_TIMESTAMP: Duration = Duration::from_secs(150);
/// The longest until the next TSA is asked beside a silent one.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// The longest that a service for evidence is waited for.
pub const LONGEST_EVIDENCE: Duration = Duration::from_secs(40);
/// The longest that one time-stamp is waited for: the last of four silent TSAs is given up then.
pub const LONGEST_TIMESTAMPS: Duration = Duration::from_secs(3 * 30 + 150);
/// The longest answer of a TSA or an OCSP responder, and the longest certificate, in bytes.
const SMALL_LIMIT: usize = 64 * 1024;
/// The longest CRL, in bytes.
const CRL_LIMIT: usize = 20 * 1024 * 1024;

/// How long a service is waited for, from the first octet that is sent to the last one that comes. Whoever is slower is
/// asked again by the next sweep.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// One TSA. A real one took 2 to 131 s (domain.md §4.1).
    pub timestamp: Duration,
    /// How long the TSAs that were asked may be silent before the next one is asked too. Each that is asked may want to be paid.
    pub pause: Duration,
    /// An OCSP answer, a CRL or a certificate.
    pub evidence: Duration,
}

impl Patience {
    fn check(self) -> Result<Self, Fault> {
        let sound = |wait: Duration, longest: Duration| !wait.is_zero() && wait <= longest;
        if sound(self.timestamp, LONGEST_TIMESTAMP)
            && sound(self.pause, LONGEST_PAUSE)
            && sound(self.evidence, LONGEST_EVIDENCE)
        {
            return Ok(self);
        }
        let longest = [LONGEST_TIMESTAMP, LONGEST_PAUSE, LONGEST_EVIDENCE].map(|wait| wait.as_secs());
        Err(Fault(format!("TSA, pause and evidence: 1 to {longest:?} s")))
    }
}

/// The configured TSAs, and the hosts that may be asked for evidence.
pub struct HttpServices {
    tsas: Vec<Url>,
    hosts: Hosts,
    /// For URLs of the configuration.
    stamper: Client,
    /// For URLs of certificates.
    fetcher: Client,
    /// How long one TSA is waited for, and how long it may be silent before the next one is asked too.
    timestamp: Duration,
    pause: Duration,
    kept: Kept,
    /// Who was silent when asked for evidence.
    quiet: Quiet,
    /// Which TSAs failed lately, by their places; known to this instance alone.
    rests: Mutex<[Rest; MOST_TSAS]>,
}

impl HttpServices {
    /// `tsa_urls_csv`: TSAs in order of preference. `trust_hosts_csv`: `host` (the scheme's usual port) or `host:port`; an
    /// entry that is an address is allowed even when it is private, a name must lead to a public address or to one that
    /// is listed. Does not connect.
    ///
    /// # Errors
    /// An entry that cannot be read, no TSA or more than four, patience for longer than the function lives, or a TLS back
    /// end that cannot be set up.
    pub fn new(tsa_urls_csv: &str, trust_hosts_csv: &str, patience: Patience) -> Result<Self, Fault> {
        let patience = patience.check()?;
        let tsas = entries(tsa_urls_csv).map(tsa).collect::<Result<Vec<_>, _>>()?;
        if tsas.is_empty() || tsas.len() > MOST_TSAS {
            return Err(Fault(format!("{} TSAs are configured; 1 to {MOST_TSAS} are taken", tsas.len())));
        }
        let hosts = entries(trust_hosts_csv).collect::<Vec<_>>();
        let hosts =
            Hosts::parse(&hosts).ok_or_else(|| Fault("an allowed host is neither host nor host:port".into()))?;
        let stamper = build(client().timeout(patience.timestamp))?;
        let fetcher = build(client().timeout(patience.evidence).dns_resolver(Guard::new(&hosts)))?;
        let quiet = Quiet::new(patience.evidence);
        Ok(Self {
            tsas,
            hosts,
            stamper,
            fetcher,
            timestamp: patience.timestamp,
            pause: patience.pause,
            kept: Kept::default(),
            quiet,
            rests: Mutex::default(),
        })
    }

    /// The same for one run, which begins now and may wait for anybody for so long.
    pub fn within(&self, time: Duration) -> Within<'_> {
        Within::new(self, time, self.timestamp)
    }

    /// What became of the last calls of each TSA.
    fn rests(&self) -> [Rest; MOST_TSAS] {
        *self.rests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers how a call of a TSA ended.
    fn note(&self, at: usize, answered: bool) {
        let mut rests = self.rests.lock().unwrap_or_else(PoisonError::into_inner);
        match rests.get_mut(at) {
            Some(rest) if answered => rest.answered(),
            Some(rest) => rest.failed(Instant::now()),
            None => {}
        }
    }

    /// Asks the TSA at this place of the configuration. An answer that cannot be used is a failure of it.
    async fn stamp<T>(
        &self,
        at: usize,
        request: &[u8],
        usable: &(impl Fn(&[u8]) -> Result<T, Fault> + Sync),
    ) -> Result<T, Fault> {
        let url = self.tsas.get(at).ok_or_else(|| Fault("no such TSA".into()))?;
        let mut call = Call { services: self, at, begun: Instant::now(), ended: false };
        let asked = post(&self.stamper, url.clone(), "application/timestamp-query", request);
        let answer = send(asked, SMALL_LIMIT).await.and_then(|answer| usable(&answer));
        call.end(answer.is_ok());
        answer.map_err(|Fault(why)| Fault(format!("{}: {why}", url.host_str().unwrap_or("?"))))
    }
}

/// A call of a TSA. One that is no longer waited for, because another answered, counts as a failure when it had been silent for the pause:
/// else a dead TSA at the head of the list would cost every time-stamp that pause.
struct Call<'s> {
    services: &'s HttpServices,
    at: usize,
    begun: Instant,
    ended: bool,
}

impl Call<'_> {
    fn end(&mut self, answered: bool) {
        self.ended = true;
        self.services.note(self.at, answered);
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        if !self.ended && self.begun.elapsed() >= self.services.pause {
            self.services.note(self.at, false);
        }
    }
}

fn client() -> ClientBuilder {
    // A proxy would resolve names for us and past the guard.
    Client::builder().redirect(Policy::none()).no_proxy().referer(false).connect_timeout(CONNECT)
}

fn build(builder: ClientBuilder) -> Result<Client, Fault> {
    builder.build().map_err(|error| Fault(format!("trust services client: {error}")))
}

fn entries(csv: &str) -> impl Iterator<Item = &str> {
    csv.split(',').map(str::trim).filter(|entry| !entry.is_empty())
}

fn tsa(url: &str) -> Result<Url, Fault> {
    let url = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    url.ok_or_else(|| Fault("a TSA's URL is none".into()))
}

impl TrustServices for HttpServices {
    async fn timestamp<T: Send>(
        &self,
        request: &[u8],
        usable: impl Fn(&[u8]) -> Result<T, Fault> + Send + Sync,
    ) -> Result<T, Fault> {
        // One that failed lately is asked when nobody else has answered, and never left out: a late time-stamp is better than none.
        let now = Instant::now();
        let resting = self.rests().map(|rest| rest.is_on(now));
        let mut order: Vec<(bool, usize)> = resting.into_iter().zip(0..self.tsas.len()).collect();
        order.sort_unstable();
        let asks = order.into_iter().map(|(_, at)| self.stamp(at, request, &usable));
        race::first(asks, self.pause).await.map_err(|failures| {
            let failures: Vec<String> = failures.into_iter().map(|Fault(why)| why).collect();
            Fault(format!("no TSA gave a usable answer: {}", failures.join("; ")))
        })
    }

    fn may_ask(&self, url: &str) -> bool {
        self.hosts.admit(url).is_some()
    }

    async fn fetch(&self, kind: Evidence, url: &str, body: Option<&[u8]>) -> Result<Vec<u8>, Fault> {
        let url = self.hosts.admit(url).ok_or_else(|| Fault("evidence from a host that is not allowed".into()))?;
        let host = format!("{}:{}", url.host_str().unwrap_or("?"), url.port_or_known_default().unwrap_or(0));
        let (asked, limit) = match (kind, body) {
            (Evidence::Ocsp, Some(body)) => (post(&self.fetcher, url, "application/ocsp-request", body), SMALL_LIMIT),
            (Evidence::Crl, None) => (self.fetcher.get(url), CRL_LIMIT),
            (Evidence::Issuer, None) => (self.fetcher.get(url), SMALL_LIMIT),
            (Evidence::Ocsp, None) | (Evidence::Crl | Evidence::Issuer, Some(_)) => {
                return Err(Fault(format!("{kind:?} is not asked like this")));
            }
        };
        let begun = Instant::now();
        if self.quiet.is_on(kind, &host, begun) {
            return Err(Fault(format!("{kind:?}: {host} was silent a moment ago")));
        }
        let answer = send(asked, limit).await;
        self.quiet.ended(kind, &host, begun, Instant::now(), answer.is_ok());
        answer.map_err(|Fault(why)| Fault(format!("{kind:?}: {why}")))
    }

    fn kept(&self, key: &Sha256, now: Timestamp) -> Option<Vec<u8>> {
        self.kept.get(key, now)
    }

    fn keep(&self, key: Sha256, answer: &[u8], until: Timestamp) {
        self.kept.put(key, answer, until);
    }
}

fn post(client: &Client, url: Url, kind: &'static str, body: &[u8]) -> RequestBuilder {
    client.post(url).header(header::CONTENT_TYPE, kind).body(body.to_vec())
}

/// One call: 200 and a body within the limit, or nothing.
async fn send(request: RequestBuilder, limit: usize) -> Result<Vec<u8>, Fault> {
    let mut answer = request.send().await.map_err(silence)?;
    if answer.status() != StatusCode::OK {
        return Err(Fault(format!("HTTP {}", answer.status().as_u16())));
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(silence)? {
        if bytes.len() + chunk.len() > limit {
            return Err(Fault(format!("longer than {limit} bytes")));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// What failed, with its causes; the URL may carry an OCSP request or a key.
fn silence(error: reqwest::Error) -> Fault {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    Fault(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patience(timestamp_s: u64, pause_s: u64, evidence_s: u64) -> Patience {
        let [timestamp, pause, evidence] = [timestamp_s, pause_s, evidence_s].map(Duration::from_secs);
        Patience { timestamp, pause, evidence }
    }

    #[test]
    fn the_configuration_is_read_strictly() {
        let new = |tsas, hosts| HttpServices::new(tsas, hosts, patience(140, 20, 10));
        assert!(new("http://tsa.example.vn/tsa, https://tsa2.example.vn", "ocsp.example.vn:8080, ").is_ok());
        let five = ["http://a.vn"; MOST_TSAS + 1].join(",");
        for (tsas, hosts) in [
            ("", "a.vn"),
            (" , ", "a.vn"),
            (five.as_str(), "a.vn"),
            ("ldap://a.vn", "a.vn"),
            ("a.vn/tsa", "a.vn"),
            ("http://a.vn", "http://a.vn"),
            ("http://a.vn", "a.vn/x"),
            ("http://a.vn", "a.vn:99999"),
        ] {
            assert!(new(tsas, hosts).is_err(), "{tsas} {hosts}");
        }
    }

    /// Four silent TSAs must not outlive the function.
    #[test]
    fn patience_is_bounded() {
        for (timestamp, pause, evidence, taken) in [
            (1, 1, 1, true),
            (150, 30, 40, true),
            (0, 20, 10, false),
            (140, 0, 10, false),
            (140, 20, 0, false),
            (151, 20, 10, false),
            (140, 31, 10, false),
            (140, 20, 41, false),
        ] {
            let made = HttpServices::new("http://a.vn", "a.vn", patience(timestamp, pause, evidence));
            assert_eq!(made.is_ok(), taken, "{timestamp} {pause} {evidence}");
        }
        assert_eq!(LONGEST_PAUSE * (MOST_TSAS as u32 - 1) + LONGEST_TIMESTAMP, LONGEST_TIMESTAMPS);
    }
}
