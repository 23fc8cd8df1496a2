//! The members of CSC API v2 (2.0.0.2 §11) and v1 (1.0.4 §11) that are used; others are ignored.
//!
//! Version 1 says `hash` and `hashAlgo` where version 2 says `hashes` and `hashAlgorithmOID`, and `authMode` where version 2
//! has `auth`. There is no PIN, no OTP and no other secret in anything that is sent.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::ports::SignOrder;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::protocol::{Consent, Padding, Protocol, Version};

/// SHA-256 (OID arc of NIST's hash functions).
pub(crate) const SHA256: &str = "2.16.840.1.101.3.4.2.1";
/// rsaEncryption (RFC 8017 appendix C).
const RSA: &str = "1.2.840.113549.1.1.1";
/// id-RSASSA-PSS (RFC 8017 appendix C).
const RSA_PSS: &str = "1.2.840.113549.1.1.10";
/// sha256WithRSAEncryption (RFC 8017 appendix C).
const SHA256_WITH_RSA: &str = "1.2.840.113549.1.1.11";
/// id-ecPublicKey (RFC 5480 §2.1.1).
const EC: &str = "1.2.840.10045.2.1";
/// ecdsa-with-SHA256 (RFC 5758 §3.2).
const ECDSA_WITH_SHA256: &str = "1.2.840.10045.4.3.2";
/// `RSASSA-PSS-params` (RFC 4055 §3.1): SHA-256, MGF1 with SHA-256, a salt of 32 bytes.
const PSS_PARAMS: [u8; 54] = [
    0x30, 0x34, 0xa0, 0x0f, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
    0xa1, 0x1c, 0x30, 0x1a, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08, 0x30, 0x0d, 0x06, 0x09,
    0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0xa2, 0x03, 0x02, 0x01, 0x20,
];

/// How a credential signs SHA-256 digests.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Scheme {
    /// RSASSA-PKCS1-v1_5.
    Rsa,
    /// RSASSA-PSS.
    Pss,
    /// ECDSA. The value may come as DER or as r‖s; `pki` takes both.
    Ecdsa,
}

impl Scheme {
    const ALL: [(Self, &'static str); 3] = [(Self::Rsa, "rsa"), (Self::Pss, "pss"), (Self::Ecdsa, "ecdsa")];

    /// As it stands in a handle.
    pub(crate) fn word(self) -> &'static str {
        Self::ALL.into_iter().find(|(scheme, _)| *scheme == self).map_or("", |(_, word)| word)
    }

    /// From a handle.
    pub(crate) fn by_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, own)| *own == word).map(|(scheme, _)| scheme)
    }

    /// `signAlgo`.
    fn oid(self) -> &'static str {
        match self {
            Self::Rsa => SHA256_WITH_RSA,
            Self::Pss => RSA_PSS,
            Self::Ecdsa => ECDSA_WITH_SHA256,
        }
    }
}

/// What the answer of `credentials/info` must be read for.
#[derive(Deserialize)]
pub(crate) struct Credential {
    key: Key,
    /// Version 2.
    auth: Option<Auth>,
    /// Version 1.
    #[serde(rename = "authMode")]
    auth_mode: Option<String>,
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

/// What a credential that will do is asked with.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Fit {
    /// How it signs.
    pub(crate) scheme: Scheme,
    /// The authentication objects to name; each is answered out of band.
    pub(crate) objects: Vec<String>,
}

impl Credential {
    /// What to ask with when `count` digests are to be signed; `None` when this credential will not do: a SAD must be for
    /// exactly these digests (EN 419 241-1, SCAL 2), and whoever decides must do so somewhere else than here.
    pub(crate) fn fit(self, protocol: &Protocol, count: usize) -> Option<Fit> {
        let sound = self.key.status == "enabled" && self.scal.as_deref() == Some("2") && count <= self.multisign;
        let scheme = self.scheme(protocol.padding)?;
        let objects = self.objects(protocol)?;
        sound.then_some(Fit { scheme, objects })
    }

    fn scheme(&self, padding: Padding) -> Option<Scheme> {
        let has = |oids: &[&str]| self.key.algo.iter().any(|algo| oids.contains(&algo.as_str()));
        if has(&[EC, ECDSA_WITH_SHA256]) {
            return Some(Scheme::Ecdsa);
        }
        match padding {
            Padding::Pkcs1 => has(&[RSA, SHA256_WITH_RSA]).then_some(Scheme::Rsa),
            Padding::Pss => has(&[RSA_PSS]).then_some(Scheme::Pss),
        }
    }

    /// The objects that a person answers on a device of their own; none when nobody is asked. `None` when the credential
    /// wants something from us.
    fn objects(self, protocol: &Protocol) -> Option<Vec<String>> {
        let out_of_band = |object: &AuthObject| matches!(object.kind.as_str(), "PasswordOOB" | "ChallengeResponseOOB");
        match (protocol.version, &protocol.consent) {
            (Version::V1, Consent::AtOnce(_)) => (self.auth_mode.as_deref() == Some("implicit")).then(Vec::new),
            (Version::V1, Consent::OutOfBand) => None,
            (Version::V2, consent) => {
                let auth = self.auth.filter(|auth| auth.mode == "explicit")?;
                let objects = auth.objects.unwrap_or_default();
                let asks = matches!(consent, Consent::OutOfBand);
                let fits = objects.is_empty() != asks && objects.iter().all(out_of_band);
                fits.then(|| objects.into_iter().map(|object| object.id).collect())
            }
        }
    }
}

/// `credentials/info`.
pub(crate) fn credential_info(version: Version, order: &SignOrder) -> Value {
    let mut asked = json!({"credentialID": order.credential_id, "certificates": "none"});
    // Some servers of version 1 refuse members that they do not know; there, `authMode` always comes.
    if version == Version::V2 {
        asked["authInfo"] = true.into();
    }
    asked
}

/// `credentials/authorize`.
pub(crate) fn authorize(version: Version, order: &SignOrder, objects: &[String], client_data: &str) -> Value {
    let mut asked = json!({
        "credentialID": order.credential_id,
        "numSignatures": order.hashes.len(),
        "description": order.display_text,
        "clientData": client_data,
    });
    match version {
        Version::V1 => asked["hash"] = encoded(order).into(),
        Version::V2 => {
            asked["hashes"] = encoded(order).into();
            asked["hashAlgorithmOID"] = SHA256.into();
            asked["authData"] = objects.iter().map(|id| json!({ "id": id })).collect();
        }
    }
    asked
}

/// `signatures/signHash`.
pub(crate) fn sign_hash(version: Version, order: &SignOrder, scheme: Scheme, sad: &str) -> Value {
    let mut asked = json!({
        "credentialID": order.credential_id,
        "SAD": sad,
        "signAlgo": scheme.oid(),
        "clientData": order.session.as_str(),
    });
    match version {
        Version::V1 => {
            asked["hash"] = encoded(order).into();
            asked["hashAlgo"] = SHA256.into();
        }
        Version::V2 => {
            asked["hashes"] = encoded(order).into();
            asked["hashAlgorithmOID"] = SHA256.into();
            asked["operationMode"] = "S".into();
        }
    }
    if scheme == Scheme::Pss {
        asked["signAlgoParams"] = STANDARD.encode(PSS_PARAMS).into();
    }
    asked
}

fn encoded(order: &SignOrder) -> Vec<String> {
    order.hashes.iter().map(|hash| STANDARD.encode(hash)).collect()
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

/// A 200 of `credentials/authorize` or `credentials/authorizeCheck`: signature activation data.
#[derive(Deserialize)]
pub(crate) struct Sad {
    #[serde(rename = "SAD")]
    pub(crate) sad: String,
}

/// The answer of `signatures/signHash`.
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

    fn good() -> Value {
        json!({"key": {"status": "enabled", "algo": [RSA], "len": 2048}, "SCAL": "2", "multisign": 3,
            "auth": {"mode": "explicit", "objects": [{"type": "PasswordOOB", "id": "PIN"}]}})
    }

    fn fit(protocol: &Protocol, credential: Value, count: usize) -> Option<Fit> {
        serde_json::from_value::<Credential>(credential).expect("a credential").fit(protocol, count)
    }

    fn at_once(version: Version, padding: Padding) -> Protocol {
        Protocol { version, consent: Consent::AtOnce(None), padding }
    }

    #[test]
    fn a_credential_that_the_person_controls_will_do() {
        let expected = Fit { scheme: Scheme::Rsa, objects: vec!["PIN".to_owned()] };
        assert_eq!(fit(&Protocol::default(), good(), 3), Some(expected));
    }

    /// remote-signing.md §4: no SCAL 1, nothing that wants the PIN from us, no more digests than one consent covers.
    #[test]
    fn another_will_not() {
        for (pointer, value) in [
            ("/SCAL", json!("1")),
            ("/SCAL", json!(null)),
            ("/key/status", json!("disabled")),
            ("/key/algo", json!(["1.2.840.10040.4.1"])),
            ("/auth/mode", json!("oauth2code")),
            ("/auth/objects", json!(null)),
            ("/auth/objects", json!([])),
            ("/auth/objects/0/type", json!("Password")),
            ("/multisign", json!(2)),
        ] {
            let mut credential = good();
            *credential.pointer_mut(pointer).expect("a member") = value;
            assert_eq!(fit(&Protocol::default(), credential, 3), None, "{pointer}");
        }
    }

    /// Where an approval stands for the person, nothing else may be wanted: neither a secret from us nor a person.
    #[test]
    fn a_credential_without_a_person_asks_for_nothing() {
        let protocol = at_once(Version::V2, Padding::Pkcs1);
        assert_eq!(fit(&protocol, good(), 1), None);
        let mut silent = good();
        silent["auth"]["objects"] = json!([]);
        assert_eq!(fit(&protocol, silent, 1), Some(Fit { scheme: Scheme::Rsa, objects: vec![] }));
        let old = |mode: &str| {
            let mut old = good();
            (old["auth"], old["authMode"]) = (json!(null), json!(mode));
            fit(&at_once(Version::V1, Padding::Pkcs1), old, 1).is_some()
        };
        assert!(old("implicit"));
        assert!(!old("explicit"), "PIN or OTP in band");
        assert!(!old("oauth2code"));
    }

    #[test]
    fn the_scheme_is_the_key_s() {
        let scheme = |algo: Value, padding| {
            let mut credential = good();
            credential["auth"]["objects"] = json!([]);
            credential["key"]["algo"] = algo;
            fit(&at_once(Version::V2, padding), credential, 1).map(|fit| fit.scheme)
        };
        assert_eq!(scheme(json!([RSA, RSA_PSS]), Padding::Pkcs1), Some(Scheme::Rsa));
        assert_eq!(scheme(json!([RSA, RSA_PSS]), Padding::Pss), Some(Scheme::Pss));
        assert_eq!(scheme(json!([RSA]), Padding::Pss), None);
        assert_eq!(scheme(json!([ECDSA_WITH_SHA256]), Padding::Pkcs1), Some(Scheme::Ecdsa));
        for (scheme, word) in Scheme::ALL {
            assert_eq!(Scheme::by_word(word), Some(scheme));
        }
    }
}
