//! The methods of the API, for both versions. Knows no HTTP, clock or chance: who asks, `now` and random bytes come in.
//!
//! `credentials/authorize` answers 200 with a SAD at once: nobody is waited for, because the person decided elsewhere and
//! `signing-request` says so in the approval (decision 19). There is no `authorizeCheck`, no asynchronous mode and no
//! `signDoc`.

use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::approval::{Approval, Wanted};
use crate::credential::Credential;
use crate::grants::{Grant, Grants, LIFE, NotGranted, Rates};
pub use crate::members::Version;
use crate::members::{self, Asked};
use crate::refusal::Refusal;
use crate::scheme::{Algorithm, Hash, Scheme, ecdsa_der};
use crate::token::{Task, Token};

/// Who asks, when, and chance for a SAD.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'a> {
    /// The client's configured name; `None` when it is nobody we know.
    pub caller: Option<&'a str>,
    /// The time.
    pub now: Timestamp,
    /// 32 random bytes, used once.
    pub chance: [u8; 32],
}

/// The service.
pub struct Connector<T> {
    name: String,
    credentials: Vec<Credential>,
    token: T,
    approval: Box<dyn Approval>,
    grants: Mutex<Grants>,
    rates: Mutex<Rates>,
}

impl<T: Token> Connector<T> {
    /// Offers `credentials` of a token under a name, with at most `rate` calls a minute for each client.
    pub fn new(name: &str, credentials: Vec<Credential>, token: T, approval: Box<dyn Approval>, rate: u32) -> Self {
        Self {
            name: name.to_owned(),
            credentials,
            token,
            approval,
            grants: Mutex::default(),
            rates: Mutex::new(Rates::new(rate)),
        }
    }

    /// Answers a method, such as `credentials/list`.
    ///
    /// # Errors
    /// What the API says instead of an answer.
    pub async fn answer(
        &self,
        version: Version,
        method: &str,
        moment: Moment<'_>,
        body: &[u8],
    ) -> Result<Value, Refusal> {
        if method == "info" {
            return Ok(members::service(version, &self.name, self.algorithms()));
        }
        let caller = moment.caller.ok_or_else(Refusal::caller)?;
        if !locked(&self.rates).admits(caller, moment.now) {
            return Err(Refusal::too_many());
        }
        let asked = Asked::read(version, body)?;
        match method {
            "credentials/list" => self.list(version, &asked, moment.now),
            "credentials/info" => self.info(version, &asked, moment.now),
            "credentials/authorize" => self.authorize(&asked, caller, moment),
            "credentials/extendTransaction" => self.extend(&asked, caller, moment),
            "signatures/signHash" => self.sign(version, &asked, caller, moment.now).await,
            _ => Err(Refusal::method()),
        }
    }

    fn algorithms(&self) -> Vec<&'static str> {
        let all = self.credentials.iter().flat_map(Credential::algorithms).flat_map(Algorithm::oids);
        let mut all: Vec<_> = all.collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    fn list(&self, version: Version, asked: &Asked, now: Timestamp) -> Result<Value, Refusal> {
        let ids: Vec<&str> = self.credentials.iter().map(|credential| credential.id.as_str()).collect();
        let mut said = json!({ "credentialIDs": ids });
        if version == Version::V2 && asked.switch("credentialInfo") {
            let certificates = asked.text("certificates")?.unwrap_or("single");
            let infos = self.credentials.iter().map(|credential| {
                let mut info = members::shown(version, credential, certificates, now);
                info["credentialID"] = credential.id.as_str().into();
                info
            });
            said["credentialInfos"] = infos.collect();
        }
        Ok(said)
    }

    fn info(&self, version: Version, asked: &Asked, now: Timestamp) -> Result<Value, Refusal> {
        let credential = self.credential(asked)?;
        let certificates = asked.text("certificates")?.unwrap_or("single");
        Ok(members::shown(version, credential, certificates, now))
    }

    fn credential(&self, asked: &Asked) -> Result<&Credential, Refusal> {
        let id = asked.needed("credentialID")?;
        let found = self.credentials.iter().find(|credential| credential.id == id);
        found.ok_or_else(|| Refusal::request("Invalid parameter credentialID"))
    }

    fn authorize(&self, asked: &Asked, caller: &str, moment: Moment<'_>) -> Result<Value, Refusal> {
        let hashes = asked.hashes()?;
        if asked.number()? != hashes.len() {
            return Err(Refusal::request("numSignatures must be the number of digests (SCAL 2)"));
        }
        self.grant(asked, hashes, caller, moment)
    }

    /// A new SAD for an old one that is spent thereby, as nested signatures need it (CSC §11.9).
    fn extend(&self, asked: &Asked, caller: &str, moment: Moment<'_>) -> Result<Value, Refusal> {
        let hashes = asked.hashes()?;
        let credential = self.credential(asked)?;
        self.spend(asked, caller, &credential.id, moment.now)?;
        self.grant(asked, hashes, caller, moment)
    }

    fn grant(&self, asked: &Asked, hashes: Vec<Vec<u8>>, caller: &str, moment: Moment<'_>) -> Result<Value, Refusal> {
        let credential = self.credential(asked)?;
        let hash = Hash::by_length(hashes[0].len()).ok_or_else(Refusal::broken)?;
        if asked.hash()?.is_some_and(|named| named != hash) {
            return Err(Refusal::request("the digests are not as long as their algorithm says"));
        }
        if !credential.is_in_time(moment.now.as_second()) {
            return Err(Refusal::out_of_time());
        }
        let wanted = Wanted { credential_id: &credential.id, hash, hashes: &hashes };
        let session = self.approval.session(&wanted, asked.client_data()?, moment.now).map_err(|why| {
            tracing::warn!(caller, credential = credential.id, %why, "refused to authorise");
            Refusal::unapproved()
        })?;
        let sad = URL_SAFE_NO_PAD.encode(moment.chance);
        let grant = Grant { caller: caller.to_owned(), credential_id: credential.id.clone(), hash, hashes, session };
        if !locked(&self.grants).keep(&sad, grant, moment.now) {
            return Err(Refusal::too_many());
        }
        Ok(json!({"SAD": sad, "expiresIn": LIFE.as_secs()}))
    }

    fn spend(&self, asked: &Asked, caller: &str, credential_id: &str, now: Timestamp) -> Result<Grant, Refusal> {
        let sad = asked.needed("SAD")?;
        locked(&self.grants).spend(sad, caller, credential_id, now).map_err(|why| match why {
            NotGranted::Unknown => Refusal::sad(),
            NotGranted::Expired => Refusal::sad_expired(),
        })
    }

    async fn sign(&self, version: Version, asked: &Asked, caller: &str, now: Timestamp) -> Result<Value, Refusal> {
        let credential = self.credential(asked)?;
        let algorithm = algorithm(version, asked, credential)?;
        let hashes = asked.hashes()?;
        let grant = self.spend(asked, caller, &credential.id, now)?;
        if grant.hashes != hashes || grant.hash != algorithm.hash {
            return Err(Refusal::other_hashes());
        }
        let task = Task { key_id: credential.key_id.clone(), algorithm, digests: hashes };
        let digests: Vec<String> = task.digests.iter().map(hex::encode).collect();
        tracing::info!(caller, credential = credential.id, session = grant.session, ?algorithm, ?digests, "signs");
        let raw = self.token.sign(task.clone()).await.map_err(|error| {
            tracing::error!(credential = credential.id, session = grant.session, %error, "did not sign");
            Refusal::from(&error)
        })?;
        let values = checked(credential, &task, raw)?;
        let encoded: Vec<String> = values.iter().map(|value| STANDARD.encode(value)).collect();
        Ok(json!({ "signatures": encoded }))
    }
}

/// What `signAlgo` and its companions ask for, if the credential has it.
fn algorithm(version: Version, asked: &Asked, credential: &Credential) -> Result<Algorithm, Refusal> {
    if version == Version::V2 && asked.text("operationMode")?.is_some_and(|mode| mode != "S") {
        return Err(Refusal::request("operationMode must be S"));
    }
    let algorithm = Algorithm::asked(asked.needed("signAlgo")?, asked.hash()?);
    let algorithm = algorithm.filter(|algorithm| credential.algorithms().contains(algorithm));
    let algorithm = algorithm.ok_or_else(|| Refusal::request("Invalid parameter signAlgo, or its digest"))?;
    if let Some(params) = asked.text("signAlgoParams")? {
        let params = STANDARD.decode(params).unwrap_or_default();
        if algorithm.scheme != Scheme::RsaPss || !algorithm.hash.pss_params().contains(&params) {
            return Err(Refusal::request("signAlgoParams: MGF1 with the same digest and a salt as long, or nothing"));
        }
    }
    Ok(algorithm)
}

/// The signature values as CMS wants them, each verified with the credential's own key before it leaves.
fn checked(credential: &Credential, task: &Task, raw: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>, Refusal> {
    let spelled = raw.into_iter().map(|value| match task.algorithm.scheme {
        Scheme::Ecdsa => ecdsa_der(&value),
        Scheme::RsaPkcs1 | Scheme::RsaPss => Some(value),
    });
    let values: Option<Vec<Vec<u8>>> = spelled.collect();
    let own = |values: &Vec<Vec<u8>>| {
        values.len() == task.digests.len()
            && values.iter().zip(&task.digests).all(|(value, hash)| credential.verifies(task.algorithm, hash, value))
    };
    values.filter(own).ok_or_else(|| {
        tracing::error!(credential = credential.id, "the token's answer is not a signature of this credential");
        Refusal::broken()
    })
}

/// The state is sound between two calls, whoever panicked.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
