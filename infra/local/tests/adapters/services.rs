//! `trust-services` against the responders of the test PKI, judged by `pki`. Touches stack.md B6 (limits, allow-list).

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use domain::ports::{Evidence, Fault, TrustServices as _};
use local::responders::{FaultChange, Faults, FileFault, OcspFault, TsaFault, routes};
use local::testpki::TestPki;
use pki::Certificate;
use pki::crl::Crl;
use pki::ocsp::{CertStatus, Freshness, Response};
use trust_services::{HttpServices, Patience};

use crate::cloud::{NOW, RUNTIME};
use crate::script::{Line, Script, line};

const IMPRINT: [u8; 32] = [7; 32];
const NONCE: [u8; 8] = [0x11, 2, 3, 4, 5, 6, 7, 8];
const DER: &str = "application/octet-stream";
/// Longer than any responder here takes that answers at all.
const PATIENCE: Patience =
    Patience { timestamp: Duration::from_secs(4), pause: Duration::from_secs(2), evidence: Duration::from_secs(4) };

/// A PKI whose certificates name the first responder, and a leaf of it.
struct Tree {
    pki: Arc<TestPki>,
    host: String,
    leaf: Certificate,
    issuer: Certificate,
}

static TREE: LazyLock<Tree> = LazyLock::new(|| {
    let listener = local::serve::bind("responders", 0).expect("a port");
    let host = listener.local_addr().expect("an address").to_string();
    let pki = Arc::new(TestPki::open(None, &format!("http://{host}"), NOW).expect("a PKI"));
    serve(listener, &pki, Arc::default());
    let key = KeyPair::generate(KeySize::Rsa2048).expect("a key");
    let spki: PublicKeyX509Der<'_> = key.public_key().as_der().expect("an encoding");
    let chain = pki.agency_chain("UBND xã Thử Nghiệm", "UBND tỉnh Thử Nghiệm", spki.as_ref()).expect("a chain");
    let [leaf, issuer] = [0, 1].map(|at| Certificate::from_der(&chain[at]).expect("DER"));
    Tree { pki, host, leaf, issuer }
});

fn serve(listener: std::net::TcpListener, pki: &Arc<TestPki>, faults: Arc<Faults>) {
    let app = routes(Arc::clone(pki), Arc::new(|| NOW), faults);
    RUNTIME.spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
        axum::serve(listener, app).await
    });
}

async fn tree() -> &'static Tree {
    tokio::task::spawn_blocking(|| &*TREE).await.expect("a PKI")
}

/// A second set of responders of the same PKI, with its own switches.
async fn responders(change: FaultChange) -> String {
    let pki = Arc::clone(&tree().await.pki);
    let listener = local::serve::bind("responders", 0).expect("a port");
    let host = listener.local_addr().expect("an address").to_string();
    let faults = Arc::new(Faults::default());
    faults.change(change);
    serve(listener, &pki, faults);
    host
}

fn services(tsas: &[&str], hosts: &[&str]) -> HttpServices {
    let tsas: Vec<_> = tsas.iter().map(|host| format!("http://{host}/tsa")).collect();
    HttpServices::new(&tsas.join(","), &hosts.join(","), PATIENCE).expect("a configuration")
}

fn ocsp_request() -> Vec<u8> {
    pki::ocsp::request(&TREE.leaf, &TREE.issuer, Some(&NONCE)).expect("a request")
}

async fn stamp(services: &HttpServices) -> Result<Vec<u8>, Fault> {
    let usable = |answer: &[u8]| {
        let token = pki::tsp::check_response(answer, &IMPRINT, &NONCE).map_err(|error| Fault(error.to_string()))?;
        token.verify(&|_| IMPRINT.to_vec()).map_err(|error| Fault(error.to_string()))?;
        Ok(answer.to_vec())
    };
    services.timestamp(&pki::tsp::request(&IMPRINT, &NONCE), usable).await
}

fn judge_ocsp(answer: &[u8]) -> Result<CertStatus, pki::Error> {
    let response = Response::parse(answer)?;
    response.check_nonce(&NONCE, true)?;
    response.check(&TREE.leaf, &TREE.issuer, NOW, Freshness::Current).map(|status| status.status)
}

#[tokio::test]
async fn time_stamps_and_evidence_come_as_the_responders_gave_them() {
    let Tree { host, leaf, issuer, .. } = tree().await;
    let services = services(&[host], &[host]);
    let token = pki::tsp::check_response(&stamp(&services).await.expect("an answer"), &IMPRINT, &NONCE);
    assert_eq!(token.expect("a token").gen_time(), NOW);

    let ocsp = services.fetch(Evidence::Ocsp, &leaf.ocsp_urls()[0], Some(&ocsp_request())).await.expect("an answer");
    assert_eq!(judge_ocsp(&ocsp).expect("a status"), CertStatus::Good);

    let list = services.fetch(Evidence::Crl, &leaf.crl_urls()[0], None).await.expect("an answer");
    let list = Crl::parse(&list).expect("a list");
    assert_eq!(list.check(leaf, issuer, NOW, Freshness::Current).expect("a status").status, CertStatus::Good);

    let found = services.fetch(Evidence::Issuer, &leaf.issuer_urls()[0], None).await.expect("an answer");
    assert_eq!(found, issuer.der());
}

/// A TSA that fails, refuses, stamps something else or is gone does not keep the next one from being asked.
#[tokio::test]
async fn the_next_tsa_is_asked_after_a_wrong_answer() {
    let good = &tree().await.host;
    for fault in [
        TsaFault::WrongNonce,
        TsaFault::WrongImprint,
        TsaFault::WrongCertificate,
        TsaFault::Garbage,
        TsaFault::Rejection,
        TsaFault::Http500,
        TsaFault::Silence,
    ] {
        let bad = responders(FaultChange { tsa: Some(fault), ..FaultChange::default() }).await;
        let Fault(why) = stamp(&services(&[&bad], &[])).await.expect_err("a wrong answer");
        assert!(why.starts_with("no TSA gave a usable answer: 127.0.0.1: "), "{why}");
        let answer = stamp(&services(&[&bad, good], &[])).await.expect("the second answers");
        assert!(pki::tsp::check_response(&answer, &IMPRINT, &NONCE).is_ok(), "{fault:?}");
    }
    assert!(stamp(&services(&["127.0.0.1:1", good], &[])).await.is_ok());
}

#[tokio::test]
async fn the_first_tsa_that_answers_is_the_last_that_is_asked() {
    let second = Script::new(vec![line(500, DER, "")]);
    let services = services(&[&tree().await.host, &second.address.to_string()], &[]);
    stamp(&services).await.expect("an answer");
    assert!(second.asked().is_empty());
}

/// A TSA that is silent costs the pause a few times; then the one behind it is asked first.
#[tokio::test]
async fn a_silent_tsa_is_asked_last() {
    let good = &tree().await.host;
    let silent = responders(FaultChange { tsa: Some(TsaFault::Silence), ..FaultChange::default() }).await;
    let services = services(&[&silent, good], &[]);
    let mut took = Vec::new();
    for _ in 0..4 {
        let begun = std::time::Instant::now();
        stamp(&services).await.expect("the second answers");
        took.push(begun.elapsed());
    }
    assert!(took.iter().take(3).all(|one| *one >= PATIENCE.pause), "{took:?}");
    assert!(took.last().is_some_and(|last| *last < PATIENCE.pause), "{took:?}");
}

/// What the responders say wrongly comes through, and is noticed where it is judged.
#[tokio::test]
async fn wrong_evidence_is_not_judged_here() {
    let tree = tree().await;
    for fault in [
        OcspFault::Garbage,
        OcspFault::WrongNonce,
        OcspFault::WrongHash,
        OcspFault::WrongCertId,
        OcspFault::Expired,
        OcspFault::Stranger,
        OcspFault::TryLater,
    ] {
        let host = responders(FaultChange { ocsp: Some(fault), ..FaultChange::default() }).await;
        let url = format!("http://{host}/ocsp/government");
        let answer = services(&[&host], &[&host]).fetch(Evidence::Ocsp, &url, Some(&ocsp_request())).await;
        assert!(judge_ocsp(&answer.expect("bytes")).is_err(), "{fault:?}");
    }
    for fault in [FileFault::Garbage, FileFault::Expired, FileFault::Stranger] {
        let change = FaultChange { crl: Some(fault), aia: Some(fault), ..FaultChange::default() };
        let host = responders(change).await;
        let services = services(&[&host], &[&host]);
        let list =
            services.fetch(Evidence::Crl, &format!("http://{host}/crl/government.crl"), None).await.expect("bytes");
        let judged = Crl::parse(&list).and_then(|l| l.check(&tree.leaf, &tree.issuer, NOW, Freshness::Current));
        assert!(judged.is_err(), "{fault:?}");
        let aia =
            services.fetch(Evidence::Issuer, &format!("http://{host}/aia/government.cer"), None).await.expect("bytes");
        assert_eq!(aia == tree.issuer.der(), fault == FileFault::Expired, "{fault:?}");
    }
}

#[tokio::test]
async fn a_responder_that_fails_or_says_nothing_is_a_fault() {
    let failing = FaultChange {
        ocsp: Some(OcspFault::Http500),
        crl: Some(FileFault::Http500),
        aia: Some(FileFault::Http500),
        ..FaultChange::default()
    };
    let silent = FaultChange { crl: Some(FileFault::Silence), ..FaultChange::default() };
    let (failing, silent) = (responders(failing).await, responders(silent).await);
    let services = services(&[&failing], &[&failing, &silent]);
    let at = |path: &str| format!("http://{failing}/{path}");
    assert!(services.fetch(Evidence::Ocsp, &at("ocsp/government"), Some(&ocsp_request())).await.is_err());
    assert!(services.fetch(Evidence::Crl, &at("crl/government.crl"), None).await.is_err());
    assert!(services.fetch(Evidence::Issuer, &at("aia/government.cer"), None).await.is_err());
    assert!(services.fetch(Evidence::Crl, &at("crl/unknown.crl"), None).await.is_err(), "404");
    let began = std::time::Instant::now();
    assert!(services.fetch(Evidence::Crl, &format!("http://{silent}/crl/government.crl"), None).await.is_err());
    assert!(began.elapsed().as_secs() < 20, "the caller has other work");
    let again = std::time::Instant::now();
    let Fault(why) =
        services.fetch(Evidence::Crl, &format!("http://{silent}/crl/other.crl"), None).await.expect_err("it rests");
    assert!(why.contains("was silent a moment ago") && again.elapsed() < PATIENCE.evidence / 2, "{why}");
    // What it is not silent about it is asked for.
    services
        .fetch(Evidence::Issuer, &format!("http://{silent}/aia/government.cer"), None)
        .await
        .expect("a certificate");
}

/// stack.md B6: nobody but the listed hosts is asked, and nobody is followed.
#[tokio::test]
async fn strangers_are_not_asked() {
    let target = Script::new(vec![line(200, DER, "secret")]);
    let moved = Line { location: Some(format!("{}/x", target.url())), ..line(302, DER, "") };
    let redirecting = Script::new(vec![moved]);
    let port = target.address.port();
    let host = redirecting.address.to_string();

    let services_ = services(&[&host], &[&host, "127.0.0.1:1", &format!("localhost:{port}")]);
    assert!(services_.fetch(Evidence::Crl, &format!("{}/a.crl", redirecting.url()), None).await.is_err());
    assert_eq!(redirecting.asked().len(), 1);
    assert!(stamp(&services_).await.is_err(), "a TSA's redirection is not followed either");
    for url in [format!("{}/a.crl", target.url()), format!("http://x@{}/a.crl", target.address), "ldap://a/b".into()] {
        assert!(services_.fetch(Evidence::Crl, &url, None).await.is_err(), "{url}");
        assert!(!services_.may_ask(&url), "{url}");
    }
    assert!(target.asked().is_empty(), "nothing went there");

    // A listed name that leads to this machine, whose address is on the list for one port only: a name is not an address.
    let unlisted = services(&[&host], &[&format!("localhost:{port}")]);
    let inside = format!("http://localhost:{port}/a.crl");
    let Fault(why) = unlisted.fetch(Evidence::Crl, &inside, None).await.expect_err("a private address");
    assert!(why.contains("no public address"), "{why}");
    assert!(target.asked().is_empty(), "nothing went there");
    assert!(services_.may_ask(&inside));
    assert_eq!(services_.fetch(Evidence::Crl, &inside, None).await, Ok(b"secret".to_vec()), "both are listed");
}

#[tokio::test]
async fn bodies_have_limits() {
    let limit = 64 * 1024;
    let fits = Script::new(vec![line(200, DER, vec![0; limit])]);
    let long = Script::new(vec![line(200, DER, vec![0; limit + 1])]);
    let huge = Script::new(vec![line(200, DER, vec![0; 20 * 1024 * 1024 + 1])]);
    let all = [&fits, &long, &huge].map(|script| script.address.to_string());
    let services = services(&[&all[1]], &[&all[0], &all[1], &all[2]]);
    let fetch = |kind, script: &Script| {
        let (services, url) = (&services, format!("{}/x", script.url()));
        async move { services.fetch(kind, &url, (kind == Evidence::Ocsp).then_some(&b"r"[..])).await }
    };
    for kind in [Evidence::Ocsp, Evidence::Issuer] {
        assert_eq!(fetch(kind, &fits).await.expect("fits").len(), limit);
        assert!(fetch(kind, &long).await.is_err(), "{kind:?}");
    }
    assert_eq!(fetch(Evidence::Crl, &long).await.expect("a CRL may be longer").len(), limit + 1);
    assert!(fetch(Evidence::Crl, &huge).await.is_err());
    let Fault(why) = stamp(&services).await.expect_err("too long");
    assert!(why.contains("longer than 65536 bytes"), "{why}");
}

#[tokio::test]
async fn evidence_is_asked_for_in_its_own_way() {
    let host = &tree().await.host;
    let services = services(&[host], &[host]);
    let url = format!("http://{host}/crl/government.crl");
    assert!(services.fetch(Evidence::Ocsp, &url, None).await.is_err());
    assert!(services.fetch(Evidence::Crl, &url, Some(b"x")).await.is_err());
    assert!(services.fetch(Evidence::Issuer, &url, Some(b"x")).await.is_err());
}
