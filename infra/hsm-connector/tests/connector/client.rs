//! Our own gateway client signs through the connector over mutual TLS, with approvals of its own making.

use std::time::Duration;

use aws_lc_rs::digest::{Digest, SHA256};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey,
    VerificationAlgorithm,
};
use domain::ids::SessionId;
use domain::ports::{Fault, GatewayAnswer, RemoteSigning as _, SignOrder};
use jiff::{Timestamp, ToSpan as _};
use rcgen::{KeyPair, PublicKeyData as _};
use remote_signing::{Approver, Consent, Gateway, Padding, Protocol, SignedApprover, Tls, Version};
use serde_json::json;

use crate::peer::{Agency, Ca, Running, for_client, for_server, p256, pin, rsa, there};

const PATIENCE: Duration = Duration::from_secs(10);

/// A connector with an RSA and an EC key, and one pinned client.
struct House {
    agency: Agency,
    running: Running,
    client: KeyPair,
}

impl House {
    fn new() -> Self {
        let agency = Agency::new("CTDT Test Cơ yếu", vec![rsa(rcgen::RsaKeySize::_2048), p256()]);
        let (server, client) = (p256(), p256());
        agency.write("tls.key", server.serialize_pem().as_bytes());
        agency.write("tls.pem", agency.ca.leaf(&server, for_server).pem().as_bytes());
        let mut settings = agency.settings();
        settings["tls"] = json!({"key": "tls.key", "chain": "tls.pem", "client_ca": "ca.pem"});
        settings["clients"] = json!([{"name": "ctdt", "spki_sha256": pin(&client)}]);
        let running = agency.run(&settings);
        Self { agency, running, client }
    }

    fn approver(&self, key: &KeyPair, now: fn() -> Timestamp) -> Option<Box<dyn Approver>> {
        assert!(!self.running.address.is_empty());
        Some(Box::new(SignedApprover::new("hsm", &key.serialize_der(), now)))
    }

    fn gateway(&self, version: Version, padding: Padding, approver: Option<Box<dyn Approver>>) -> Gateway {
        self.shown(&self.agency.ca, version, padding, approver)
    }

    /// A client whose key the given CA has issued for.
    fn shown(&self, ca: &Ca, version: Version, padding: Padding, approver: Option<Box<dyn Approver>>) -> Gateway {
        let identity = format!("{}{}", ca.leaf(&self.client, for_client).pem(), self.client.serialize_pem());
        let protocol = Protocol { version, consent: Consent::AtOnce(approver), padding };
        let tls = Tls { roots: self.agency.ca.pem.as_bytes(), identity: identity.as_bytes() };
        Gateway::speaking(&self.running.address, "", PATIENCE, protocol, Some(tls)).expect("a client")
    }
}

fn order(credential: &str, number: u8) -> SignOrder {
    SignOrder {
        session: SessionId::new([7; 16]),
        credential_id: credential.to_owned(),
        display_text: "MA 4298. Dong dau".to_owned(),
        hashes: (1..=number).map(|byte| [byte; 32]).collect(),
    }
}

fn verifies(key: &KeyPair, padding: Padding, hash: &[u8], value: &[u8]) -> bool {
    let by: &dyn VerificationAlgorithm = match padding {
        _ if key.is_compatible(&rcgen::PKCS_ECDSA_P256_SHA256) => &ECDSA_P256_SHA256_ASN1,
        Padding::Pkcs1 => &RSA_PKCS1_2048_8192_SHA256,
        Padding::Pss => &RSA_PSS_2048_8192_SHA256,
    };
    let hash = Digest::import_less_safe(hash, &SHA256).expect("a digest");
    UnparsedPublicKey::new(by, key.der_bytes()).verify_digest(&hash, value).is_ok()
}

async fn outcome(gateway: &Gateway, order: &SignOrder) -> Result<GatewayAnswer, Fault> {
    let handle = gateway.start(order).await?;
    gateway.poll(order, &handle).await
}

fn now() -> Timestamp {
    Timestamp::now()
}

fn yesterday() -> Timestamp {
    Timestamp::now() - 24.hours()
}

#[tokio::test]
async fn our_client_seals_by_both_versions_and_all_schemes() {
    if !there() {
        return;
    }
    let house = House::new();
    for version in [Version::V1, Version::V2] {
        for (credential, padding) in [("key-1", Padding::Pkcs1), ("key-1", Padding::Pss), ("key-2", Padding::Pkcs1)] {
            let gateway = house.gateway(version, padding, house.approver(&house.agency.approver, now));
            let order = order(credential, 20);
            let answer = outcome(&gateway, &order).await;
            let Ok(GatewayAnswer::Signed(values)) = answer else {
                panic!("{version:?} {credential}: {answer:?} {}", house.agency.log())
            };
            assert_eq!(values.len(), 20);
            let key = &house.agency.keys[if credential == "key-1" { 0 } else { 1 }];
            for (hash, value) in order.hashes.iter().zip(&values) {
                assert!(verifies(key, padding, hash, value), "{version:?} {credential} {padding:?}");
            }
            let again = outcome(&gateway, &order).await;
            assert!(matches!(again, Ok(GatewayAnswer::Signed(_))), "an answer that was lost can be asked for again");
        }
    }
}

#[tokio::test]
async fn without_a_right_approval_the_answer_is_no() {
    if !there() {
        return;
    }
    let house = House::new();
    let refused = Ok(GatewayAnswer::Refused("unauthorized".to_owned()));
    for (what, approver) in [
        ("none", None),
        ("another key", house.approver(&p256(), now)),
        ("yesterday's", house.approver(&house.agency.approver, yesterday)),
    ] {
        let gateway = house.gateway(Version::V2, Padding::Pkcs1, approver);
        assert_eq!(outcome(&gateway, &order("key-2", 1)).await, refused, "{what}");
    }
    let gateway = house.gateway(Version::V2, Padding::Pkcs1, house.approver(&house.agency.approver, now));
    let many = outcome(&gateway, &order("key-2", 21)).await;
    assert_eq!(many, Ok(GatewayAnswer::Refused("credential-unfit".to_owned())), "more than multisign");
    let unknown = outcome(&gateway, &order("key-9", 1)).await;
    assert_eq!(unknown, Ok(GatewayAnswer::Refused("bad-request".to_owned())));
    let ec_by_pss = house.gateway(Version::V2, Padding::Pss, house.approver(&house.agency.approver, now));
    assert!(matches!(outcome(&ec_by_pss, &order("key-2", 1)).await, Ok(GatewayAnswer::Signed(_))), "EC has no padding");
}

#[tokio::test]
async fn with_a_key_of_another_ca_nothing_is_known() {
    if !there() {
        return;
    }
    let house = House::new();
    let other = Ca::new("CTDT Test Cơ yếu");
    let approver = house.approver(&house.agency.approver, now);
    let gateway = house.shown(&other, Version::V2, Padding::Pkcs1, approver);
    // `credentials/info` is asked before anybody could see a prompt: its silence is a "no" of the backend.
    assert_eq!(gateway.start(&order("key-2", 1)).await, Ok("no:backend".to_owned()));
    assert!(gateway.poll(&order("key-2", 1), "now:ecdsa").await.is_err());
}
