//! The token in its reader: what a program at the desk would ask it for.

use api::{Problem, Reply, Request};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::json;

use super::{Sandbox, failed, wrong_pin};
use crate::people::{ACTORS, AUTHORITY, Actor};
use crate::usb::Said;

/// Octets of a SHA-256 digest.
const DIGEST: usize = 32;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignIn {
    pin: String,
    digest: String,
}

impl Sandbox {
    /// Whose token, with the X.509 certificate on it.
    fn token_of(&self, owner: &str) -> Result<(&'static Actor, String), Problem> {
        let none =
            || Problem::new("not-found").detail("Không có USB Token thử nghiệm này.", "There is no such test token.");
        let has = |actor: &&Actor| actor.usb_token.is_some() && actor.id().as_str() == owner;
        let actor = ACTORS.iter().find(has).filter(|_| self.seeded).ok_or_else(none)?;
        let organisation = actor.office().map_or(AUTHORITY, |office| office.name);
        let spki = self.pki.token(actor.key).map_err(failed)?;
        let chain = self.pki.person_chain(actor.name, organisation, &spki).map_err(failed)?;
        let leaf = chain.first().ok_or_else(none)?;
        Ok((actor, STANDARD.encode(leaf)))
    }

    /// What stands on a token.
    pub(super) fn usb_token(&self, owner: &str) -> Result<Reply, Problem> {
        let (owner, certificate) = self.token_of(owner)?;
        Ok(Reply::json(200, &json!({"certificate": certificate, "tries_left": self.usb.tries_left(owner)})))
    }

    /// A signature over a SHA-256 digest, for the PIN.
    pub(super) fn usb_sign(&self, owner: &str, request: &Request) -> Result<Reply, Problem> {
        let (owner, certificate) = self.token_of(owner)?;
        let body: SignIn = request.json()?;
        let digest = STANDARD.decode(&body.digest).ok().and_then(|digest| <[u8; DIGEST]>::try_from(digest).ok());
        let digest = digest.ok_or_else(|| Problem::invalid("/digest", "base64_of_32_bytes"))?;
        match self.usb.sign(owner, &body.pin, &digest).map_err(failed)? {
            Some(Said::Signature(value)) => {
                Ok(Reply::json(200, &json!({"signature": STANDARD.encode(value), "certificate": certificate})))
            }
            Some(Said::WrongPin { tries_left }) => Err(wrong_pin(&format!("tries_left={tries_left}"))),
            Some(Said::Blocked) => {
                Err(Problem::new("wrong-state").with("state", "pin-blocked").with("allowed", json!([])).detail(
                    "USB Token đã bị khóa vì nhập sai PIN nhiều lần.",
                    "The token is blocked after too many wrong PINs.",
                ))
            }
            None => Err(Problem::new("not-found")),
        }
    }
}
