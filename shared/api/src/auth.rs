//! Who calls: a bearer token says `sub` and nothing else; rights come from the table (decision 36).

use std::sync::Arc;

use domain::ids::{UnitId, UserId};
use domain::model::{Right, User};
use domain::ports::Records;
use jiff::Timestamp;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;

use crate::{Env, Error, Problem, Request};

/// Tokens live at most this long; a longer `exp` is refused (30 days, sandbox tokens).
const LONGEST_S: i64 = 30 * 86_400;

#[derive(Deserialize)]
struct Claims {
    sub: String,
    exp: i64,
}

/// The keys that may sign tokens, from `TOKEN_JWKS` (a JWK set as text).
#[derive(Clone)]
pub struct Keys(Arc<JwkSet>);

impl Keys {
    /// Reads the setting.
    ///
    /// # Errors
    /// When it is missing or not a JWK set: the start stops.
    pub fn new(env: &Env) -> Result<Self, Error> {
        Ok(Self(Arc::new(serde_json::from_str(&env.required("TOKEN_JWKS")?)?)))
    }

    /// The subject of the request's token.
    ///
    /// # Errors
    /// `unauthenticated` without saying why: a token is right or it is not.
    pub fn subject(&self, request: &Request, now: Timestamp) -> Result<UserId, Problem> {
        let header = request.header("authorization").unwrap_or("");
        let token = header.strip_prefix("Bearer ").ok_or_else(|| Problem::new("unauthenticated"))?;
        self.read(token.trim(), now).ok_or_else(|| Problem::new("unauthenticated"))
    }

    fn read(&self, token: &str, now: Timestamp) -> Option<UserId> {
        let kid = decode_header(token).ok()?.kid?;
        let key = DecodingKey::from_jwk(self.0.find(&kid)?).ok()?;
        let mut rules = Validation::new(Algorithm::ES256);
        // The library would read the system clock; ours may be shifted.
        rules.validate_exp = false;
        rules.validate_aud = false;
        rules.required_spec_claims = ["exp".to_owned(), "sub".to_owned()].into();
        let claims = decode::<Claims>(token, &key, &rules).ok()?.claims;
        let left = claims.exp - now.as_second();
        (0 < left && left <= LONGEST_S).then(|| UserId::parse(&claims.sub).ok())?
    }

    /// The active user behind the request.
    ///
    /// # Errors
    /// `unauthenticated`, or a failure of the table.
    pub async fn caller(&self, request: &Request, now: Timestamp, records: &impl Records) -> Result<User, Problem> {
        let id = self.subject(request, now)?;
        let user = records.user(&id).await?;
        user.filter(|user| user.active).ok_or_else(|| Problem::new("unauthenticated"))
    }
}

/// Demands a right in a unit.
///
/// # Errors
/// `not-found` when the caller has nothing to do with the unit, `forbidden` with `needed` when only the right is missing
/// (decision 37).
pub fn needs(user: &User, right: Right, unit: &UnitId) -> Result<(), Problem> {
    needs_any(user, &[right], unit)
}

/// Demands one of some rights in a unit; the first is named when none is there.
///
/// # Errors
/// As [`needs`].
pub fn needs_any(user: &User, rights: &[Right], unit: &UnitId) -> Result<(), Problem> {
    let here = |of: &Option<UnitId>| of.as_ref().is_none_or(|id| id == unit);
    if user.grants.iter().any(|(right, of)| rights.contains(right) && here(of)) {
        return Ok(());
    }
    if !user.grants.iter().any(|(_, of)| here(of)) {
        return Err(Problem::new("not-found"));
    }
    let needed = serde_json::json!({"right": rights.first().map(|r| right_name(*r)), "unit_id": unit.as_str()});
    Err(Problem::new("forbidden").with("needed", needed))
}

/// The name of a right in the API.
pub fn right_name(right: Right) -> &'static str {
    match right {
        Right::Create => "create",
        Right::Sign => "sign",
        Right::Seal => "seal",
        Right::Portal => "portal",
        Right::Verify => "verify",
        Right::AdminUnit => "admin_unit",
        Right::AdminTop => "admin_top",
        Right::Operate => "operate",
    }
}
