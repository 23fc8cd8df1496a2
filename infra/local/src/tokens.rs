//! The sandbox's token issuer: ES256 JWTs with `sub` and `exp` and nothing else (decision 36). A deployed stack is given
//! another issuer's keys; nothing else differs.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::ids::UserId;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::error::{Error, Result};
use crate::files;

/// How long a token lives, in seconds: half of the longest that is accepted, so that it survives moves of the sandbox
/// clock by two weeks either way.
pub const LIFETIME_S: i64 = 15 * 86_400;

/// The issuer with its key.
pub struct Issuer {
    key: EncodingKey,
    jwk: Value,
    kid: String,
}

impl Issuer {
    /// Reads the key, or makes it; `None` keeps it in memory.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Key`].
    pub fn open(file: Option<&Path>) -> Result<Self> {
        let pkcs8 = match file {
            None => generate()?,
            Some(path) => match fs::read(path) {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    let made = generate()?;
                    files::replace(path, &made)?;
                    made
                }
                Err(source) => return Err(Error::Io { path: path.to_owned(), source }),
            },
        };
        Self::from_pkcs8(&pkcs8)
    }

    fn from_pkcs8(pkcs8: &[u8]) -> Result<Self> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8)
            .map_err(|_| Error::Key("the token key cannot be read".to_owned()))?;
        // SEC 1 §2.3.3: 0x04, then X and Y of 32 bytes each.
        let point = pair.public_key().as_ref();
        let coordinate = |range: std::ops::Range<usize>| point.get(range).map(|bytes| URL_SAFE_NO_PAD.encode(bytes));
        let (Some(x), Some(y)) = (coordinate(1..33), coordinate(33..65)) else {
            return Err(Error::Key("the token key is not on P-256".to_owned()));
        };
        // RFC 7638 §3: the required members in alphabetical order.
        let thumbprint = json!({"crv": "P-256", "kty": "EC", "x": x, "y": y});
        let kid = URL_SAFE_NO_PAD.encode(Sha256::digest(thumbprint.to_string()));
        let jwk = json!({"kty": "EC", "crv": "P-256", "x": x, "y": y, "use": "sig", "alg": "ES256", "kid": kid});
        Ok(Self { key: EncodingKey::from_ec_der(pkcs8), jwk, kid })
    }

    /// The verifying keys as a JWK set (RFC 7517 §5), for `TOKEN_JWKS`.
    #[must_use]
    pub fn jwks(&self) -> String {
        json!({"keys": [self.jwk]}).to_string()
    }

    /// A token for a user, good for [`LIFETIME_S`] from `now`.
    ///
    /// # Errors
    /// [`Error::Key`] when signing fails.
    pub fn token(&self, user: &UserId, now: Timestamp) -> Result<String> {
        let header = Header { kid: Some(self.kid.clone()), ..Header::new(Algorithm::ES256) };
        let claims = json!({"sub": user.as_str(), "exp": now.as_second().saturating_add(LIFETIME_S)});
        jsonwebtoken::encode(&header, &claims, &self.key).map_err(|error| Error::Key(error.to_string()))
    }
}

fn generate() -> Result<Vec<u8>> {
    let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
    made.map(|der| der.as_ref().to_vec()).map_err(|_| Error::Key("no token key could be made".to_owned()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use api::{Env, Keys, Request};

    use super::*;

    fn request(token: &str) -> Request {
        Request {
            method: "GET".to_owned(),
            path: "/v1/me".to_owned(),
            segments: Vec::new(),
            query: BTreeMap::new(),
            headers: BTreeMap::from([("authorization".to_owned(), format!("Bearer {token}"))]),
            body: Vec::new(),
            source_ip: String::new(),
            request_id: String::new(),
        }
    }

    fn keys(issuer: &Issuer) -> Keys {
        let settings = BTreeMap::from([("TOKEN_JWKS".to_owned(), issuer.jwks())]);
        Keys::new(&Env::from_map(settings)).expect("a JWK set")
    }

    #[test]
    fn functions_accept_our_tokens_for_their_time_and_no_others() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("token-key.p8");
        let issuer = Issuer::open(Some(&file)).expect("an issuer");
        let user = UserId::new([5; 16]);
        let now: Timestamp = "2026-11-23T08:00:00+07:00".parse().expect("literal");
        let token = issuer.token(&user, now).expect("a token");
        // after a restart the key is the same
        let again = Issuer::open(Some(&file)).expect("an issuer");
        assert_eq!(again.jwks(), issuer.jwks());
        let keys = keys(&again);
        assert_eq!(keys.subject(&request(&token), now).ok(), Some(user));
        let later = |seconds| Timestamp::from_second(now.as_second() + seconds).expect("in range");
        assert!(keys.subject(&request(&token), later(LIFETIME_S - 1)).is_ok());
        assert!(keys.subject(&request(&token), later(-LIFETIME_S)).is_ok());
        assert!(keys.subject(&request(&token), later(LIFETIME_S)).is_err());
        let stranger = Issuer::open(None).expect("an issuer").token(&UserId::new([5; 16]), now).expect("a token");
        assert!(keys.subject(&request(&stranger), now).is_err());
    }
}
