//! The members of requests and answers in both versions of the API (CSC 2.0.0.2 §11; 1.0.4 §11).
//!
//! The versions differ in names: `hash` and `hashAlgo` became `hashes` and `hashAlgorithmOID`, `authMode` became `auth`. The
//! names of one are refused by the other, so that nobody believes to be bound to what was not read.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::credential::{Credential, Kind, P256, P384};
use crate::refusal::Refusal;
use crate::scheme::Hash;

/// The most digests that one SAD covers (remote-signing.md §6).
pub(crate) const MULTISIGN: usize = 20;
/// The longest text member but `clientData`, in characters (CSC §11.6: `description`).
const TEXT: usize = 500;

/// The version whose names are spoken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Version {
    /// 1.0.4.
    V1,
    /// 2.0.0.2.
    V2,
}

impl Version {
    /// By the part of the path.
    #[must_use]
    pub fn by_path(part: &str) -> Option<Self> {
        match part {
            "v1" => Some(Self::V1),
            "v2" => Some(Self::V2),
            _ => None,
        }
    }

    fn hashes(self) -> &'static str {
        if self == Self::V1 { "hash" } else { "hashes" }
    }

    fn algorithm(self) -> &'static str {
        if self == Self::V1 { "hashAlgo" } else { "hashAlgorithmOID" }
    }

    /// Members of the other version, and those in which a secret would travel.
    fn foreign(self) -> &'static [&'static str] {
        match self {
            Self::V1 => &["hashes", "hashAlgorithmOID", "authData", "PIN", "OTP"],
            Self::V2 => &["hash", "hashAlgo", "PIN", "OTP"],
        }
    }
}

/// The members of a request.
pub(crate) struct Asked {
    version: Version,
    members: Map<String, Value>,
}

impl Asked {
    /// Reads a body. serde's words are not passed on: they may quote it.
    pub(crate) fn read(version: Version, body: &[u8]) -> Result<Self, Refusal> {
        let body: &[u8] = if body.is_empty() { b"{}" } else { body };
        let members: Map<String, Value> =
            serde_json::from_slice(body).map_err(|_| Refusal::request("the body is no JSON object"))?;
        match version.foreign().iter().find(|name| members.contains_key(**name)) {
            Some(name) => Err(Refusal::request(format!("{name} is not a member of this version"))),
            None => Ok(Self { version, members }),
        }
    }

    /// A text that may be absent.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>, Refusal> {
        self.bounded(name, TEXT)
    }

    /// `clientData`.
    pub(crate) fn client_data(&self) -> Result<Option<&str>, Refusal> {
        self.bounded("clientData", crate::approval::LONGEST)
    }

    fn bounded(&self, name: &str, most: usize) -> Result<Option<&str>, Refusal> {
        match self.members.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.chars().count() <= most => Ok(Some(text)),
            Some(_) => Err(Refusal::request(format!("Invalid type or length of parameter {name}"))),
        }
    }

    /// A text that must be there.
    pub(crate) fn needed(&self, name: &str) -> Result<&str, Refusal> {
        self.text(name)?.ok_or_else(|| Refusal::request(format!("Missing parameter {name}")))
    }

    /// Whether a switch is on.
    pub(crate) fn switch(&self, name: &str) -> bool {
        self.members.get(name).and_then(Value::as_bool).unwrap_or_default()
    }

    /// `numSignatures`.
    pub(crate) fn number(&self) -> Result<usize, Refusal> {
        let number = self.members.get("numSignatures").and_then(Value::as_u64);
        let number = number.and_then(|number| usize::try_from(number).ok());
        number.ok_or_else(|| Refusal::request("Missing parameter numSignatures"))
    }

    /// The named digest algorithm, if one is named.
    pub(crate) fn hash(&self) -> Result<Option<Hash>, Refusal> {
        let name = self.version.algorithm();
        let Some(oid) = self.text(name)? else { return Ok(None) };
        Hash::by_oid(oid).map(Some).ok_or_else(|| Refusal::request(format!("{name} must be SHA-256, -384 or -512")))
    }

    /// The digests, 1 to 20, all of one length that is a digest's.
    pub(crate) fn hashes(&self) -> Result<Vec<Vec<u8>>, Refusal> {
        let name = self.version.hashes();
        let listed = self.members.get(name).and_then(Value::as_array);
        let listed = listed.ok_or_else(|| Refusal::request(format!("Missing parameter {name}")))?;
        if listed.is_empty() || listed.len() > MULTISIGN {
            return Err(Refusal::request(format!("{name} must have 1 to {MULTISIGN} members")));
        }
        let one = |value: &Value| STANDARD.decode(value.as_str()?).ok().filter(|h| Hash::by_length(h.len()).is_some());
        let hashes: Option<Vec<Vec<u8>>> = listed.iter().map(one).collect();
        let hashes = hashes.filter(|hashes| hashes.iter().all(|hash| hash.len() == hashes[0].len()));
        hashes.ok_or_else(|| Refusal::request(format!("{name} must be base64 of digests of one kind")))
    }
}

/// What `info` says.
pub(crate) fn service(version: Version, name: &str, algorithms: Vec<&'static str>) -> Value {
    let mut said = json!({
        "specs": if version == Version::V1 { "1.0.4.0" } else { "2.0.0.2" },
        "name": name,
        "logo": "https://example.invalid/logo.png",
        "region": "VN",
        "lang": "vi-VN",
        "description": "Bộ nối HSM của cơ quan: chỉ ký những giá trị băm đã được duyệt / Agency HSM connector",
        "authType": ["TLS", "external"],
        "methods": ["info", "credentials/list", "credentials/info", "credentials/authorize",
            "credentials/extendTransaction", "signatures/signHash"],
    });
    if version == Version::V2 {
        said["asynchronousOperationMode"] = false.into();
        said["signAlgorithms"] = json!({ "algos": algorithms });
        said["signature_formats"] = json!({"formats": ["P"]});
        said["conformance_levels"] = json!(["Ades-B-B"]);
    }
    said
}

/// A credential as `credentials/info` shows it; `certificates` is `none`, `single` or `chain`.
pub(crate) fn shown(version: Version, credential: &Credential, certificates: &str, now: Timestamp) -> Value {
    let in_time = credential.is_in_time(now.as_second());
    let (len, curve) = match credential.kind {
        Kind::Rsa { bits, .. } => (bits, None),
        Kind::P256 => (256, Some(P256)),
        Kind::P384 => (384, Some(P384)),
    };
    let mut algorithms: Vec<_> = credential.algorithms().into_iter().flat_map(|one| one.oids()).collect();
    algorithms.sort_unstable();
    algorithms.dedup();
    let mut key = json!({"status": if in_time { "enabled" } else { "disabled" }, "algo": algorithms, "len": len});
    if let Some(curve) = curve {
        key["curve"] = curve.into();
    }
    let mut said = json!({
        "description": "Khóa của cơ quan trong HSM",
        "key": key,
        "cert": held(credential, certificates, in_time),
        "SCAL": "2",
        "multisign": MULTISIGN,
        "lang": "vi-VN",
    });
    // Nobody is asked for anything: the approval in `clientData` is what authorises (CSC 2.0.0.2 §8.5, seals).
    match version {
        Version::V1 => said["authMode"] = "implicit".into(),
        Version::V2 => said["auth"] = json!({"mode": "explicit", "objects": []}),
    }
    said
}

fn held(credential: &Credential, certificates: &str, in_time: bool) -> Value {
    let time = |second: i64| {
        let at = Timestamp::from_second(second).unwrap_or(Timestamp::MAX);
        at.strftime("%Y%m%d%H%M%SZ").to_string()
    };
    let (from, to) = credential.times();
    let mut said = json!({
        "status": if in_time { "valid" } else { "expired" },
        "issuerDN": credential.shown.issuer,
        "serialNumber": credential.shown.serial,
        "subjectDN": credential.shown.subject,
        "validFrom": time(from),
        "validTo": time(to),
    });
    let members = match certificates {
        "none" => 0,
        "chain" => credential.chain.len(),
        _ => 1,
    };
    if members > 0 {
        let encoded: Vec<String> = credential.chain.iter().take(members).map(|der| STANDARD.encode(der)).collect();
        said["certificates"] = encoded.into();
    }
    said
}
