//! Who says that a digest may be signed: a port, the signed approval of `signing-request`, and a profile for test keys.
//!
//! An approval is a JWS (RFC 7515) in `clientData`: ES256, `typ` `approval+jwt`, by a key whose public half is configured.
//! It names the connector, the session, the credential and the digests in their order, and lives minutes. It may be shown
//! again while it lives (an answer can get lost on its way): that can only sign the same digests again.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm as Jws, DecodingKey, Validation, decode, decode_header};
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::pki_types::pem::PemObject as _;
use serde::{Deserialize, Serialize};
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::credential::P256;
use crate::scheme::Hash;

/// The `typ` of an approval, so that no other token of ours can be taken for one (RFC 8725 §3.11).
pub const TYPE: &str = "approval+jwt";
/// The longest life of an approval, in seconds: three times a session's longest (300 s, remote-signing.md §3).
pub const LONGEST_LIFE: i64 = 900;
/// How far the clocks may differ, in seconds.
const SKEW: i64 = 60;
/// The longest approval, in bytes: twenty digests of SHA-512 take 2.7 KB.
pub(crate) const LONGEST: usize = 8 * 1024;
/// The longest name of a session, in bytes: it goes to the log.
const SESSION: usize = 64;

/// What somebody wants to sign.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// With which credential.
    pub credential_id: &'a str,
    /// Of which kind the digests are.
    pub hash: Hash,
    /// The digests, in order.
    pub hashes: &'a [Vec<u8>],
}

/// The digests are not approved. Why is nobody's business but the log's.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not approved: {0}")]
pub struct NotApproved(&'static str);

/// Says whether these digests, in this order, may be signed with this credential now.
pub trait Approval: Send + Sync {
    /// The session by which they are approved; `evidence` is what came as `clientData`.
    ///
    /// # Errors
    /// When they are not.
    fn session(&self, wanted: &Wanted<'_>, evidence: Option<&str>, now: Timestamp) -> Result<String, NotApproved>;
}

/// The claims of an approval.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Claims {
    /// The connector for which it is.
    pub aud: String,
    /// The signing session.
    pub sub: String,
    /// When it was given, in seconds of Unix.
    pub iat: i64,
    /// When it is over, in seconds of Unix.
    pub exp: i64,
    /// CSC `credentialID`.
    #[serde(rename = "credentialID")]
    pub credential_id: String,
    /// OID of the digests' algorithm.
    #[serde(rename = "hashAlgorithmOID")]
    pub hash_algorithm_oid: String,
    /// The digests in base64, in order.
    pub hashes: Vec<String>,
}

/// Approvals signed by a configured key.
pub struct SignedApprovals {
    keys: Vec<DecodingKey>,
    validation: Validation,
}

impl SignedApprovals {
    /// Takes approvals for `audience` by any of the P-256 public keys in PEM.
    ///
    /// # Errors
    /// When there is no key, or one that is not of P-256.
    pub fn new(audience: &str, keys: &[Vec<u8>]) -> Result<Self, NotApproved> {
        let read: Option<Vec<_>> = keys.iter().map(|pem| key(pem)).collect();
        let keys = read.ok_or(NotApproved("a key that is not of P-256"))?;
        if keys.is_empty() {
            return Err(NotApproved("no key"));
        }
        let mut validation = Validation::new(Jws::ES256);
        validation.set_audience(&[audience]);
        validation.set_required_spec_claims(&["aud"]);
        // Times are judged below, by the `now` that was handed in.
        validation.validate_exp = false;
        Ok(Self { keys, validation })
    }

    fn claims(&self, evidence: &str) -> Result<Claims, NotApproved> {
        if evidence.len() > LONGEST {
            return Err(NotApproved("too long"));
        }
        let header = decode_header(evidence).map_err(|_| NotApproved("no JWS"))?;
        if header.typ.as_deref() != Some(TYPE) {
            return Err(NotApproved("a JWS of another kind"));
        }
        let read = self.keys.iter().find_map(|key| decode::<Claims>(evidence, key, &self.validation).ok());
        read.map(|read| read.claims).ok_or(NotApproved("signed by nobody we know, or for somebody else"))
    }
}

/// A public key in PEM, if it is of P-256.
fn key(pem: &[u8]) -> Option<DecodingKey> {
    let der = SubjectPublicKeyInfoDer::from_pem_slice(pem).ok()?;
    let (_, spki) = SubjectPublicKeyInfo::from_der(&der).ok()?;
    let curve = spki.algorithm.parameters.as_ref()?.as_oid().ok()?;
    (curve.to_id_string() == P256).then(|| DecodingKey::from_ec_der(&spki.subject_public_key.data))
}

impl Approval for SignedApprovals {
    fn session(&self, wanted: &Wanted<'_>, evidence: Option<&str>, now: Timestamp) -> Result<String, NotApproved> {
        let claims = self.claims(evidence.ok_or(NotApproved("without an approval"))?)?;
        let now = now.as_second();
        if claims.exp <= now || claims.iat > now + SKEW || claims.exp.saturating_sub(claims.iat) > LONGEST_LIFE {
            return Err(NotApproved("not at this time"));
        }
        let hashes: Vec<String> = wanted.hashes.iter().map(|hash| STANDARD.encode(hash)).collect();
        if claims.credential_id != wanted.credential_id {
            return Err(NotApproved("another credential"));
        }
        if claims.hash_algorithm_oid != wanted.hash.oid() || claims.hashes != hashes {
            return Err(NotApproved("other digests"));
        }
        let sound = |name: &str| (1..=SESSION).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_graphic());
        if sound(&claims.sub) { Ok(claims.sub) } else { Err(NotApproved("no session")) }
    }
}

/// Approves everything. Only for keys whose chain ends at a test CA, which [`crate::settings`] demands.
pub struct OpenToTests;

impl Approval for OpenToTests {
    fn session(&self, _: &Wanted<'_>, _: Option<&str>, _: Timestamp) -> Result<String, NotApproved> {
        Ok("open".to_owned())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use jsonwebtoken::{EncodingKey, Header, encode};

    pub(crate) const NOW: i64 = 1_800_000_000;

    pub(crate) fn pair() -> rcgen::KeyPair {
        rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).expect("a key")
    }

    pub(crate) fn claims(credential: &str, hashes: &[Vec<u8>]) -> Claims {
        Claims {
            aud: "hsm".to_owned(),
            sub: "session-1".to_owned(),
            iat: NOW,
            exp: NOW + 300,
            credential_id: credential.to_owned(),
            hash_algorithm_oid: Hash::Sha256.oid(),
            hashes: hashes.iter().map(|hash| STANDARD.encode(hash)).collect(),
        }
    }

    pub(crate) fn signed(pair: &rcgen::KeyPair, kind: &str, claims: &Claims) -> String {
        let header = Header { typ: Some(kind.to_owned()), ..Header::new(Jws::ES256) };
        let key = EncodingKey::from_ec_der(&pair.serialize_der());
        encode(&header, claims, &key).expect("a JWS")
    }

    fn judge(kind: &str, change: impl FnOnce(&mut Claims)) -> Result<String, NotApproved> {
        let pair = pair();
        let hashes = vec![vec![1; 32], vec![2; 32]];
        let mut claims = claims("seal", &hashes);
        change(&mut claims);
        let wanted = Wanted { credential_id: "seal", hash: Hash::Sha256, hashes: &hashes };
        let now = Timestamp::from_second(NOW).expect("a time");
        let approvals = SignedApprovals::new("hsm", &[pair.public_key_pem().into_bytes()]).expect("a key");
        approvals.session(&wanted, Some(&signed(&pair, kind, &claims)), now)
    }

    #[test]
    fn what_is_approved_is_approved() {
        assert_eq!(judge(TYPE, |_| {}), Ok("session-1".to_owned()));
    }

    #[test]
    fn an_approval_is_for_one_thing_and_one_time() {
        type Change = fn(&mut Claims);
        let changes: [(&str, Change); 11] = [
            ("other hash", |c| c.hashes[0] = STANDARD.encode([9; 32])),
            ("other order", |c| c.hashes.reverse()),
            ("one more", |c| c.hashes.push(STANDARD.encode([3; 32]))),
            ("one less", |c| drop(c.hashes.pop())),
            ("other credential", |c| c.credential_id = "other".to_owned()),
            ("other algorithm", |c| c.hash_algorithm_oid = Hash::Sha512.oid()),
            ("other connector", |c| c.aud = "elsewhere".to_owned()),
            ("over", |c| (c.iat, c.exp) = (NOW - 300, NOW)),
            ("too long a life", |c| c.exp = NOW + LONGEST_LIFE + 1),
            ("from the future", |c| (c.iat, c.exp) = (NOW + SKEW + 1, NOW + 300)),
            ("no session", |c| c.sub = String::new()),
        ];
        for (what, change) in changes {
            assert!(judge(TYPE, change).is_err(), "{what}");
        }
        assert!(judge("JWT", |_| {}).is_err(), "another kind of token");
    }

    #[test]
    fn nobody_else_approves() {
        let (pair, other) = (pair(), self::pair());
        let hashes = vec![vec![1; 32]];
        let wanted = Wanted { credential_id: "seal", hash: Hash::Sha256, hashes: &hashes };
        let now = Timestamp::from_second(NOW).expect("a time");
        let approvals = SignedApprovals::new("hsm", &[pair.public_key_pem().into_bytes()]).expect("a key");
        let foreign = signed(&other, TYPE, &claims("seal", &hashes));
        for evidence in [None, Some(""), Some("a.b.c"), Some(foreign.as_str())] {
            assert!(approvals.session(&wanted, evidence, now).is_err(), "{evidence:?}");
        }
        assert!(SignedApprovals::new("hsm", &[]).is_err());
        assert!(SignedApprovals::new("hsm", &[b"no key".to_vec()]).is_err());
    }
}
