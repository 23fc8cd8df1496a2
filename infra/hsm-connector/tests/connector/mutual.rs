//! TLS 1.3 with client authentication: who is let in, and who is somebody.

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use reqwest::{Certificate, Client, Identity};
use serde_json::{Value, json};

use crate::peer::{Agency, Ca, Running, for_client, for_server, p256, pin, there};

struct House {
    agency: Agency,
    running: Running,
    client: KeyPair,
}

/// A connector with TLS that knows one client's key.
fn house() -> House {
    let agency = Agency::new("CTDT Test Cơ yếu", vec![p256()]);
    let (server, client) = (p256(), p256());
    agency.write("tls.key", server.serialize_pem().as_bytes());
    agency.write("tls.pem", agency.ca.leaf(&server, for_server).pem().as_bytes());
    let mut settings = agency.settings();
    settings["tls"] = json!({"key": "tls.key", "chain": "tls.pem", "client_ca": "ca.pem"});
    settings["clients"] = json!([{"name": "ctdt", "spki_sha256": pin(&client)}]);
    let running = agency.run(&settings);
    House { agency, running, client }
}

impl House {
    /// Asks with this identity; `None` when the connection came to nothing.
    async fn ask(&self, identity: Option<String>) -> Option<(u16, Value)> {
        let root = Certificate::from_pem(self.agency.ca.pem.as_bytes()).expect("a root");
        let builder = Client::builder().no_proxy().tls_certs_only([root]);
        let builder = match &identity {
            Some(pem) => builder.identity(Identity::from_pem(pem.as_bytes()).expect("an identity")),
            None => builder,
        };
        let request = builder.build().expect("a client");
        let request = request.post(format!("{}/csc/v2/credentials/list", self.running.address)).json(&json!({}));
        let answer = request.send().await.ok()?;
        Some((answer.status().as_u16(), answer.json().await.ok()?))
    }

    fn identity(&self, ca: &Ca, key: &KeyPair, change: impl FnOnce(&mut CertificateParams)) -> Option<String> {
        let change = |params: &mut CertificateParams| {
            for_client(params);
            change(params);
        };
        Some(format!("{}{}", ca.leaf(key, change).pem(), key.serialize_pem()))
    }
}

#[tokio::test]
async fn the_right_key_of_the_right_ca_comes_in() {
    if !there() {
        return;
    }
    let house = house();
    let answer = house.ask(house.identity(&house.agency.ca, &house.client, |_| {})).await;
    assert_eq!(answer, Some((200, json!({"credentialIDs": ["key-1"]}))));
}

#[tokio::test]
async fn others_do_not() {
    if !there() {
        return;
    }
    let house = house();
    assert_eq!(house.ask(None).await, None, "no key");
    let foreign = house.identity(&Ca::new("CTDT Test Cơ yếu"), &house.client, |_| {});
    assert_eq!(house.ask(foreign).await, None, "another CA of the same name, even with the right key");
    let expired = |params: &mut CertificateParams| {
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
    };
    assert_eq!(house.ask(house.identity(&house.agency.ca, &house.client, expired)).await, None, "expired");
    let stranger = house.ask(house.identity(&house.agency.ca, &p256(), |_| {})).await;
    assert_eq!(stranger.map(|(status, said)| (status, said["error"].clone())), Some((401, json!("invalid_token"))));
    let plain = house.running.address.replace("https", "http");
    assert!(reqwest::Client::builder().no_proxy().build().expect("a client").post(plain).send().await.is_err());
}

/// A slow or silent connection holds up nobody.
#[tokio::test]
async fn a_silent_stranger_is_not_waited_for() {
    if !there() {
        return;
    }
    let house = house();
    let address = house.running.address.trim_start_matches("https://").to_owned();
    let mut silent = Vec::new();
    for _ in 0..8 {
        silent.push(tokio::net::TcpStream::connect(&address).await.expect("connected"));
    }
    // Each of them may be silent for 10 s; who is behind them does not wait for one.
    let patience = std::time::Duration::from_secs(8);
    let asked = house.ask(house.identity(&house.agency.ca, &house.client, |_| {}));
    let answer = tokio::time::timeout(patience, asked).await.expect("nobody is held up");
    assert_eq!(answer.map(|(status, _)| status), Some(200));
    drop(silent);
}
