//! The members of CSC API v2 that are used, by §11 of the standard; others are ignored.

use serde::{Deserialize, Serialize};

/// SHA-256 (OID arc of NIST's hash functions).
pub(crate) const SHA256: &str = "2.16.840.1.101.3.4.2.1";
/// rsaEncryption (RFC 8017 appendix C).
const RSA: &str = "1.2.840.113549.1.1.1";
/// sha256WithRSAEncryption (RFC 8017 appendix C).
pub(crate) const SHA256_WITH_RSA: &str = "1.2.840.113549.1.1.11";

/// `credentials/info`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CredentialInfo<'a> {
    #[serde(rename = "credentialID")]
    pub(crate) credential_id: &'a str,
    pub(crate) certificates: &'static str,
    pub(crate) auth_info: bool,
}

/// Its answer.
#[derive(Deserialize)]
pub(crate) struct Credential {
    key: Key,
    auth: Auth,
    #[serde(rename = "SCAL")]
    scal: Option<String>,
    multisign: usize,
}

#[derive(Deserialize)]
struct Key {
    status: String,
    algo: Vec<String>,
}

#[derive(Deserialize)]
struct Auth {
    mode: String,
    #[serde(default)]
    objects: Option<Vec<AuthObject>>,
}

#[derive(Deserialize)]
struct AuthObject {
    #[serde(rename = "type")]
    kind: String,
    id: String,
}

impl Credential {
    /// The authentication objects to name when `count` digests are to be signed; `None` when this credential will not
    /// do: the person must decide on a device of their own, about exactly these digests (EN 419 241-1, SCAL 2).
    pub(crate) fn fit(self, count: usize) -> Option<Vec<String>> {
        let objects = self.auth.objects.unwrap_or_default();
        let out_of_band = |object: &AuthObject| matches!(object.kind.as_str(), "PasswordOOB" | "ChallengeResponseOOB");
        let fits = self.key.status == "enabled"
            && self.key.algo.iter().any(|algo| algo == RSA || algo == SHA256_WITH_RSA)
            && self.auth.mode == "explicit"
            && !objects.is_empty()
            && objects.iter().all(out_of_band)
            && self.scal.as_deref() == Some("2")
            && count <= self.multisign;
        fits.then(|| objects.into_iter().map(|object| object.id).collect())
    }
}

/// `credentials/authorize`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Authorize<'a> {
    #[serde(rename = "credentialID")]
    pub(crate) credential_id: &'a str,
    pub(crate) num_signatures: usize,
    pub(crate) hashes: Vec<String>,
    #[serde(rename = "hashAlgorithmOID")]
    pub(crate) hash_algorithm_oid: &'static str,
    pub(crate) auth_data: Vec<AuthData>,
    pub(crate) description: &'a str,
    pub(crate) client_data: &'a str,
}

/// An authentication object that is answered out of band: an identifier and never a value.
#[derive(Serialize)]
pub(crate) struct AuthData {
    pub(crate) id: String,
}

/// The 202 of `credentials/authorize` and `credentials/authorizeCheck`.
#[derive(Deserialize)]
pub(crate) struct Handle {
    pub(crate) handle: String,
}

/// `credentials/authorizeCheck`.
#[derive(Serialize)]
pub(crate) struct AuthorizeCheck<'a> {
    pub(crate) handle: &'a str,
}

/// Its 200: signature activation data.
#[derive(Deserialize)]
pub(crate) struct Sad {
    #[serde(rename = "SAD")]
    pub(crate) sad: String,
}

/// `signatures/signHash`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SignHash<'a> {
    #[serde(rename = "credentialID")]
    pub(crate) credential_id: &'a str,
    #[serde(rename = "SAD")]
    pub(crate) sad: &'a str,
    pub(crate) hashes: Vec<String>,
    #[serde(rename = "hashAlgorithmOID")]
    pub(crate) hash_algorithm_oid: &'static str,
    pub(crate) sign_algo: &'static str,
    pub(crate) operation_mode: &'static str,
    pub(crate) client_data: &'a str,
}

/// Its answer.
#[derive(Deserialize)]
pub(crate) struct Signatures {
    pub(crate) signatures: Vec<String>,
}

/// An error of any call.
#[derive(Deserialize)]
pub(crate) struct CscError {
    pub(crate) error: String,
    #[serde(default)]
    pub(crate) error_description: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn good() -> Value {
        json!({"key": {"status": "enabled", "algo": [RSA], "len": 2048}, "SCAL": "2", "multisign": 3,
            "auth": {"mode": "explicit", "objects": [{"type": "PasswordOOB", "id": "PIN"}]}})
    }

    fn fit(credential: Value, count: usize) -> Option<Vec<String>> {
        serde_json::from_value::<Credential>(credential).expect("a credential").fit(count)
    }

    #[test]
    fn a_credential_that_the_person_controls_will_do() {
        assert_eq!(fit(good(), 3), Some(vec!["PIN".to_owned()]));
    }

    /// remote-signing.md §4: no SCAL 1, nothing that wants the PIN from us, no more digests than one consent covers.
    #[test]
    fn another_will_not() {
        for (pointer, value) in [
            ("/SCAL", json!("1")),
            ("/SCAL", json!(null)),
            ("/key/status", json!("disabled")),
            ("/key/algo", json!(["1.2.840.10045.2.1"])),
            ("/auth/mode", json!("oauth2code")),
            ("/auth/objects", json!(null)),
            ("/auth/objects", json!([])),
            ("/auth/objects/0/type", json!("Password")),
            ("/multisign", json!(2)),
        ] {
            let mut credential = good();
            *credential.pointer_mut(pointer).expect("a member") = value;
            assert_eq!(fit(credential, 3), None, "{pointer}");
        }
    }
}
