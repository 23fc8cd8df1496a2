//! The responders over loopback HTTP, judged by our own checks: right answers are accepted, each fault is noticed.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pki::Certificate;
use pki::ocsp::{CertStatus, Freshness, Response as OcspResponse};
use serde_json::{Value, json};

use super::{Faults, VALIDITY_SECONDS, routes};
use crate::testpki::{Ca, TestPki};

const NOW: i64 = 1_795_000_000;
const IMPRINT: [u8; 32] = [7; 32];
const NONCE: [u8; 8] = [0x11, 2, 3, 4, 5, 6, 7, 8];

struct Stack {
    base: String,
    pki: Arc<TestPki>,
    clock: Arc<AtomicI64>,
    faults: Arc<Faults>,
    leaf: Certificate,
    issuer: Certificate,
    http: reqwest::Client,
}

impl Stack {
    async fn start() -> Stack {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let pki = Arc::new(TestPki::open(None, &base, NOW).expect("a PKI"));
        let clock = Arc::new(AtomicI64::new(NOW));
        let ticking = Arc::clone(&clock);
        let now: super::Clock = Arc::new(move || ticking.load(Ordering::SeqCst));
        let faults = Arc::new(Faults::default());
        let router = routes(Arc::clone(&pki), now, Arc::clone(&faults));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let key = KeyPair::generate(KeySize::Rsa2048).expect("a key");
        let spki: PublicKeyX509Der<'_> = key.public_key().as_der().expect("an encoding");
        let chain = pki.agency_chain("UBND xã Thử Nghiệm", "UBND tỉnh Thử Nghiệm", spki.as_ref()).expect("a chain");
        let mut chain = chain.iter().map(|der| Certificate::from_der(der).expect("DER"));
        let (leaf, issuer) = (chain.next().expect("a leaf"), chain.next().expect("an issuer"));
        Stack { base, pki, clock, faults, leaf, issuer, http: reqwest::Client::new() }
    }

    async fn post(&self, path: &str, body: Vec<u8>) -> Vec<u8> {
        let sent = self.http.post(format!("{}{path}", self.base)).body(body).send().await.expect("an answer");
        sent.bytes().await.expect("bytes").to_vec()
    }

    async fn get(&self, url: &str) -> Vec<u8> {
        self.http.get(url).send().await.expect("an answer").bytes().await.expect("bytes").to_vec()
    }

    fn switch(&self, change: Value) {
        self.faults.change(serde_json::from_value(change).expect("a change"));
    }

    async fn ocsp(&self) -> Vec<u8> {
        let request = pki::ocsp::request(&self.leaf, &self.issuer, Some(&NONCE)).expect("a request");
        self.post("/ocsp/government", request).await
    }

    /// What our own check makes of an OCSP answer.
    fn judge(&self, answer: &[u8]) -> Result<CertStatus, pki::Error> {
        let response = OcspResponse::parse(answer)?;
        let at = self.clock.load(Ordering::SeqCst);
        response.check(&self.leaf, &self.issuer, at, Freshness::Current).map(|s| s.status)
    }

    async fn stamp(&self) -> Result<pki::tsp::Token, pki::Error> {
        let answer = self.post("/tsa", pki::tsp::request(&IMPRINT, &NONCE)).await;
        pki::tsp::check_response(&answer, &IMPRINT, &NONCE)
    }
}

/// A good answer, by POST and by GET, signed by the delegated responder; a revocation is told at once.
#[tokio::test]
async fn ocsp_tells_good_and_revoked() {
    let stack = Stack::start().await;
    let answer = stack.ocsp().await;
    assert_eq!(stack.judge(&answer).expect("a good answer"), CertStatus::Good);
    let response = OcspResponse::parse(&answer).expect("a response");
    response.check_nonce(&NONCE, true).expect("the nonce comes back");
    let status = response.check(&stack.leaf, &stack.issuer, NOW, Freshness::Current).expect("a status");
    assert!(status.delegated && status.responder.has_ocsp_nocheck());
    assert_eq!(status.next_update, Some(NOW + VALIDITY_SECONDS));

    let request = pki::ocsp::request(&stack.leaf, &stack.issuer, None).expect("a request");
    let path = STANDARD.encode(request).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let answer = stack.get(&format!("{}/ocsp/government/{path}", stack.base)).await;
    assert_eq!(stack.judge(&answer).expect("a good answer"), CertStatus::Good);

    stack.pki.revoke(&stack.leaf.serial_hex(), NOW - 3, Some(1)).expect("written");
    assert_eq!(
        stack.judge(&stack.ocsp().await).expect("an answer"),
        CertStatus::Revoked { at: NOW - 3, reason: Some(1) }
    );
}

/// A root answers about its issuing CA by itself.
#[tokio::test]
async fn a_root_answers_for_its_issuing_ca() {
    let stack = Stack::start().await;
    let root = stack.pki.authority(Ca::GovernmentRoot).expect("a root");
    let request = pki::ocsp::request(&stack.issuer, &root, None).expect("a request");
    let answer = stack.post("/ocsp/government-root", request).await;
    let response = OcspResponse::parse(&answer).expect("a response");
    let status = response.check(&stack.issuer, &root, NOW, Freshness::Current).expect("a status");
    assert_eq!((status.status, status.delegated), (CertStatus::Good, false));
}

/// Nobody is misled by a wrong OCSP answer.
#[tokio::test]
async fn each_ocsp_fault_is_noticed() {
    let stack = Stack::start().await;
    for fault in ["garbage", "wrong-hash", "wrong-cert-id", "expired", "stranger", "try-later"] {
        stack.switch(json!({ "ocsp": fault }));
        assert!(stack.judge(&stack.ocsp().await).is_err(), "{fault}");
    }
    stack.switch(json!({"ocsp": "wrong-nonce"}));
    let replayed = OcspResponse::parse(&stack.ocsp().await).expect("a response");
    assert!(replayed.check_nonce(&NONCE, false).is_err(), "a nonce that is none of ours");
    assert_eq!(stack.faults.wrong_answers().ocsp, 7);
    stack.switch(json!({"ocsp": "unknown"}));
    assert_eq!(stack.judge(&stack.ocsp().await).expect("an answer"), CertStatus::Unknown);
    stack.switch(json!({"ocsp": "revoked"}));
    assert!(matches!(stack.judge(&stack.ocsp().await).expect("an answer"), CertStatus::Revoked { .. }));
    stack.switch(json!({"ocsp": "none"}));
    assert_eq!(stack.judge(&stack.ocsp().await).expect("an answer"), CertStatus::Good);
    let other =
        stack.post("/ocsp/public", pki::ocsp::request(&stack.leaf, &stack.issuer, None).expect("a request")).await;
    assert!(OcspResponse::parse(&other).is_err(), "a CA does not answer for another one");
}

/// The CRL of the issuer holds what was revoked, follows the clock, and wrong lists are noticed.
#[tokio::test]
async fn crl_and_issuer_files() {
    let stack = Stack::start().await;
    let (crl_url, issuer_url) = (stack.leaf.crl_urls()[0].clone(), stack.leaf.issuer_urls()[0].clone());
    assert_eq!(stack.get(&issuer_url).await, stack.issuer.der());
    let look = |der: Vec<u8>, at: i64| {
        pki::crl::Crl::parse(&der)?.check(&stack.leaf, &stack.issuer, at, Freshness::Current).map(|s| s.status)
    };
    assert_eq!(look(stack.get(&crl_url).await, NOW).expect("a list"), CertStatus::Good);
    stack.pki.revoke(&stack.leaf.serial_hex(), NOW - 3, Some(4)).expect("written");
    stack.clock.store(NOW + 30 * 86_400, Ordering::SeqCst);
    let list = stack.get(&crl_url).await;
    assert!(matches!(look(list, NOW + 30 * 86_400).expect("a list"), CertStatus::Revoked { .. }));
    for fault in ["garbage", "expired", "stranger"] {
        stack.switch(json!({ "crl": fault }));
        assert!(look(stack.get(&crl_url).await, NOW + 30 * 86_400).is_err(), "{fault}");
    }
}

/// A time-stamp by the shared clock that our own check accepts.
#[tokio::test]
async fn the_tsa_stamps_by_the_shared_clock() {
    let stack = Stack::start().await;
    stack.clock.store(NOW + 77, Ordering::SeqCst);
    let token = stack.stamp().await.expect("a token");
    assert_eq!(token.gen_time(), NOW + 77);
    let facts = token.verify(&|_| IMPRINT.to_vec()).expect("it verifies");
    assert_eq!(facts.signer, stack.pki.tsa_certificate());
}

/// No wrong time-stamp is taken.
#[tokio::test]
async fn each_tsa_fault_is_noticed() {
    let stack = Stack::start().await;
    for fault in ["wrong-nonce", "wrong-imprint", "garbage", "rejection", "http-500"] {
        stack.switch(json!({ "tsa": fault }));
        assert!(stack.stamp().await.is_err(), "{fault}");
    }
    stack.switch(json!({"tsa": "wrong-certificate"}));
    let verified = stack.stamp().await.and_then(|token| token.verify(&|_| IMPRINT.to_vec()));
    assert!(verified.is_err(), "a certificate that may not stamp");
    stack.switch(json!({"tsa": "none"}));
    assert!(stack.stamp().await.is_ok());
    let refused = stack.post("/tsa", vec![0x30, 0x00]).await;
    assert!(pki::tsp::check_response(&refused, &IMPRINT, &NONCE).is_err());
}
