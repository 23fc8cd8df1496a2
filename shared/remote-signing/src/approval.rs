//! The approval that an HSM connector wants (decision 19): a JWS over connector, session, credential and digests.
//!
//! It says that `signing-request` has checked the order; whoever makes one without checking breaks that, and nothing here
//! can tell. The clock comes as an argument.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::ports::{Fault, SignOrder};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde::Serialize;

use crate::protocol::Approver;
use crate::wire::SHA256;

/// What the connector wants to read as `typ`.
const TYPE: &str = "approval+jwt";
/// How long an approval lives, in seconds: the longest session (remote-signing.md §3); connectors take up to 900.
const LIFE: i64 = 300;

/// Approves every order by an ES256 key.
pub struct SignedApprover {
    key: EncodingKey,
    audience: String,
    now: Box<dyn Fn() -> Timestamp + Send + Sync>,
}

impl SignedApprover {
    /// Approves to the connector named `audience`, with a P-256 key in PKCS#8 DER.
    pub fn new(audience: &str, key: &[u8], now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self { key: EncodingKey::from_ec_der(key), audience: audience.to_owned(), now: Box::new(now) }
    }
}

/// The claims, as the connector's guide lists them.
#[derive(Serialize)]
struct Claims<'a> {
    aud: &'a str,
    sub: &'a str,
    iat: i64,
    exp: i64,
    #[serde(rename = "credentialID")]
    credential_id: &'a str,
    #[serde(rename = "hashAlgorithmOID")]
    hash_algorithm_oid: &'static str,
    hashes: Vec<String>,
}

impl Approver for SignedApprover {
    fn approve(&self, order: &SignOrder) -> Result<String, Fault> {
        let iat = (self.now)().as_second();
        let claims = Claims {
            aud: &self.audience,
            sub: order.session.as_str(),
            iat,
            exp: iat + LIFE,
            credential_id: &order.credential_id,
            hash_algorithm_oid: SHA256,
            hashes: order.hashes.iter().map(|hash| STANDARD.encode(hash)).collect(),
        };
        let header = Header { typ: Some(TYPE.to_owned()), ..Header::new(Algorithm::ES256) };
        encode(&header, &claims, &self.key).map_err(|_| Fault("the approving key cannot be used".to_owned()))
    }
}
