//! Signs the QR codes in seals, and reads and writes the keys that are published for them (decision 16).
//!
//! Draws nothing: `compose` does. Nothing leaves here that the published keys do not verify, so a code that is printed can be
//! checked by anybody who has them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::model::{Number, Sha256};
use domain::ports::{Fault, Objects, QrKey};
use domain::qr::{Code, Key, Standing, Statement, Unsayable};
use jiff::Timestamp;
use serde_json::{Value, json};

/// The most that the set of keys may be, in octets.
const LIMIT: u64 = 64 * 1024;
/// The most keys: a check tries one of them, but somebody has to look through the list.
const MOST: usize = 64;

/// Bytes that are no set of keys.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a set of keys for QR codes: {0}")]
pub struct NoKeys(&'static str);

/// The published keys, a JWK Set (RFC 7517 §5, RFC 8037). The first one signs; the others have signed, and stay for what they
/// have signed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Published {
    keys: Vec<Key>,
}

impl Published {
    /// A set of keys of which the first signs.
    ///
    /// # Errors
    /// [`NoKeys`]: none, more than 64, or two of one name.
    pub fn new(keys: Vec<Key>) -> Result<Self, NoKeys> {
        if keys.is_empty() || keys.len() > MOST {
            return Err(NoKeys("no key, or more than 64"));
        }
        let mut names: Vec<_> = keys.iter().map(|key| key.id).collect();
        names.sort_unstable();
        names.dedup();
        if names.len() == keys.len() { Ok(Self { keys }) } else { Err(NoKeys("two keys of one name")) }
    }

    /// Reads a set. Keys of other kinds are left out (RFC 7517 §5).
    ///
    /// # Errors
    /// [`NoKeys`]: not JSON of this shape, a key with another `kid` than follows from it, a private key, or as for
    /// [`Published::new`].
    pub fn read(json: &[u8]) -> Result<Self, NoKeys> {
        let set: Value = serde_json::from_slice(json).map_err(|_| NoKeys("not JSON"))?;
        let list = set.get("keys").and_then(Value::as_array).ok_or(NoKeys("no member `keys`"))?;
        Self::new(list.iter().filter_map(|jwk| one(jwk).transpose()).collect::<Result<_, _>>()?)
    }

    /// What the operator has put at `path`.
    ///
    /// # Errors
    /// [`Fault`]: there is none, or it cannot be read.
    pub async fn load(objects: &impl Objects, path: &str) -> Result<Self, Fault> {
        let json = objects.read(path, LIMIT).await?.ok_or_else(|| Fault(format!("there is no {path}")))?;
        Self::read(&json).map_err(|error| Fault(format!("{path}: {error}")))
    }

    /// The set as it is published.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let jwk = |key: &Key| {
            json!({
                "kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(key.public),
                "kid": key.id.to_string(), "use": "sig", "alg": "EdDSA",
            })
        };
        json!({"keys": self.keys.iter().map(jwk).collect::<Vec<_>>()})
    }

    /// The keys, the signing one first.
    #[must_use]
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }
}

/// One member of a set; `None` when it is of another kind.
fn one(jwk: &Value) -> Result<Option<Key>, NoKeys> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    if (text("kty"), text("crv")) != (Some("OKP"), Some("Ed25519")) {
        return Ok(None);
    }
    if jwk.get("d").is_some() {
        return Err(NoKeys("a private key"));
    }
    let public = text("x").and_then(|x| URL_SAFE_NO_PAD.decode(x).ok()).and_then(|x| <[u8; 32]>::try_from(x).ok());
    let key = Key::new(public.ok_or(NoKeys("no public key in `x`"))?);
    if text("kid") != Some(key.id.to_string().as_str()) {
        return Err(NoKeys("`kid` is not how the thumbprint begins"));
    }
    Ok(Some(key))
}

/// What makes codes: the key, what is published about it, and where this deployment answers.
#[derive(Clone, Copy, Debug)]
pub struct Press<'a, K> {
    /// The key behind the first of the published ones.
    pub key: &'a K,
    /// Those.
    pub published: &'a Published,
    /// What stands before the payload ([`domain::qr::base`]).
    pub base: &'a str,
}

impl<K: QrKey> Press<'_, K> {
    /// The text of the code for a number, signed and verified.
    ///
    /// # Errors
    /// [`Fault`]: a text that does not fit, no answer of the key, or a signature that the first published key does not verify.
    pub(crate) async fn text(
        &self,
        unit_code: &str,
        number: &Number,
        decided_at: Timestamp,
        scans: &Sha256,
    ) -> Result<String, Fault> {
        let statement = Statement::new(unit_code, number, decided_at, scans).map_err(fault)?;
        let first = self.published.keys.first().ok_or_else(|| Fault("no key for QR codes is published".into()))?;
        let signature = self.key.sign(&statement.to_be_signed(first.id).map_err(fault)?).await?;
        let signature = <[u8; 64]>::try_from(signature);
        let signature = signature.map_err(|_| Fault("the key for QR codes gave no Ed25519 signature".into()))?;
        let code = statement.signed(first.id, signature).map_err(fault)?;
        match code.check(std::slice::from_ref(first)) {
            Standing::Genuine => Ok(code.text(self.base)),
            _ => Err(Fault(format!("the key for QR codes is not the first published one, {}", first.id))),
        }
    }
}

/// What a code says and what became of its signature, for programs (api.md row 63). "Cannot be told" is never valid.
#[must_use]
pub fn shown(code: &Code, standing: Standing) -> Value {
    let Statement { unit_code, number, day, scans } = &code.statement;
    let mut shown = json!({
        "unit": {"code": unit_code},
        "number": {
            "number": number.number, "book": number.book, "year": number.year, "suffix": number.suffix,
        },
        "number_text": number.text(),
        "sealed_on": day.to_string(),
        "scan_sha256_prefix": scans.iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
        "key_id": code.key.to_string(),
        "valid": standing == Standing::Genuine,
    });
    let reason = match standing {
        Standing::Genuine => None,
        Standing::Forged => Some("wrong-signature"),
        Standing::UnknownKey => Some("unknown-key"),
    };
    if let Some(reason) = reason {
        shown["reason"] = json!(reason);
    }
    shown
}

fn fault(error: Unsayable) -> Fault {
    Fault(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8037, appendix A.2, with our `kid`.
    const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    fn set(keys: &str) -> Result<Published, NoKeys> {
        Published::read(format!(r#"{{"keys":[{keys}]}}"#).as_bytes())
    }

    fn jwk(x: &str, kid: &str, more: &str) -> String {
        format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}","kid":"{kid}"{more}}}"#)
    }

    #[test]
    fn what_is_published_is_read_again() {
        let keys = Published::new(vec![Key::new([1; 32]), Key::new([2; 32])]).expect("two keys");
        assert_eq!(Published::read(keys.to_json().to_string().as_bytes()), Ok(keys));
        let one = set(&jwk(X, "90facafe", "")).expect("the key of RFC 8037");
        let shown = one.to_json();
        assert_eq!(shown["keys"][0]["x"], X);
        assert_eq!((&shown["keys"][0]["kid"], &shown["keys"][0]["alg"]), (&json!("90facafe"), &json!("EdDSA")));
    }

    #[test]
    fn a_set_that_could_mislead_is_refused() {
        let good = jwk(X, "90facafe", "");
        let rsa = r#"{"kty":"RSA","n":"AQAB","e":"AQAB","kid":"x"}"#;
        assert_eq!(set(&format!("{rsa},{good}")).map(|set| set.keys().len()), Ok(1), "other kinds are left out");
        let refused = [
            (String::new(), "no key, or more than 64"),
            (rsa.into(), "no key, or more than 64"),
            (format!("{good},{good}"), "two keys of one name"),
            (jwk(X, "90facaff", ""), "`kid` is not how the thumbprint begins"),
            (jwk(X, "90FACAFE", ""), "`kid` is not how the thumbprint begins"),
            (jwk(&X[1..], "90facafe", ""), "no public key in `x`"),
            (jwk(&format!("{X}="), "90facafe", ""), "no public key in `x`"),
            (jwk(X, "90facafe", r#","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A""#), "a private key"),
        ];
        for (keys, why) in refused {
            assert_eq!(set(&keys), Err(NoKeys(why)), "{keys}");
        }
        let many: Vec<Key> = (0..=64).map(|at| Key::new([at; 32])).collect();
        assert!(Published::new(many[..64].to_vec()).is_ok() && Published::new(many).is_err());
        for json in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":"x"}"#] {
            assert!(Published::read(json.as_bytes()).is_err(), "{json}");
        }
    }
}
