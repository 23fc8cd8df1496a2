//! The DER that a gateway writes: a detached CMS SignedData (RFC 5652 §5) and a self-issued X.509 certificate (RFC 5280 §4.1).
//!
//! Written by hand and not with the product's library, so that the product's reader meets another writer. Reads nothing
//! from outside except through `x509-cert`. Neither checks nor times anything.

use der::{Decode as _, Encode as _};
use x509_cert::Certificate;

use crate::Error;
use crate::keys::{SimKey, sha256};

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OCTETS: u8 = 0x04;
const OID: u8 = 0x06;
/// 1.2.840.113549.1.7.1 and .2: id-data, id-signedData (RFC 5652 §4, §5.1).
const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
/// 1.2.840.113549.1.9.3 and .4: contentType, messageDigest (RFC 5652 §11).
const CONTENT_TYPE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 3];
const MESSAGE_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 4];
/// 1.2.840.113549.1.9.25.3: randomNonce (RFC 2985 §5.4).
const RANDOM_NONCE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 25, 3];
/// 1.2.840.113549.1.9.16.2.47: signing-certificate-v2 (RFC 5035 §3).
const SIGNING_CERTIFICATE_V2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 2, 47];
/// 2.16.840.1.101.3.4.2.1: SHA-256.
const SHA256: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
/// 1.2.840.113549.1.1.11: sha256WithRSAEncryption.
const RSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11];
/// 1.2.840.10045.4.3.2: ecdsa-with-SHA256.
const ECDSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];

/// What a CMS carries besides the two attributes that RFC 5652 demands.
#[derive(Clone, Copy)]
pub(crate) struct Extras {
    /// The signing-certificate-v2 attribute that PAdES demands (EN 319 142-1 §6.3).
    pub(crate) ess: bool,
    /// A randomNonce attribute of 16 bytes.
    pub(crate) nonce: Option<[u8; 16]>,
}

/// Tag, length, value (X.690 §8.1).
fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut out = vec![tag];
    let bytes = length.to_be_bytes();
    let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len().saturating_sub(1));
    let short = bytes.get(first..).unwrap_or_default();
    if length >= 0x80 {
        out.push(0x80 | u8::try_from(short.len()).unwrap_or(8));
    }
    out.extend_from_slice(short);
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}

fn oid(value: &[u8]) -> Vec<u8> {
    tlv(OID, &[value])
}

fn algorithm(key: &SimKey) -> Vec<u8> {
    if key.is_rsa() { tlv(SEQUENCE, &[&oid(RSA_SHA256), &[5, 0]]) } else { tlv(SEQUENCE, &[&oid(ECDSA_SHA256)]) }
}

/// `SET OF` in DER: the members sorted by their encoding (X.690 §11.6).
fn set_of(tag: u8, mut members: Vec<Vec<u8>>) -> Vec<u8> {
    members.sort();
    tlv(tag, &[&members.concat()])
}

fn attribute(kind: &[u8], value: &[u8]) -> Vec<u8> {
    tlv(SEQUENCE, &[&oid(kind), &tlv(SET, &[value])])
}

/// A detached SignedData over a content whose SHA-256 is `digest`, with the chain inside, leaf first.
///
/// # Errors
/// [`Error::State`] when the leaf is no X.509 certificate or signing fails.
pub(crate) fn signed_data(key: &SimKey, chain: &[Vec<u8>], digest: &[u8], extras: Extras) -> Result<Vec<u8>, Error> {
    let broken = || Error::State("the leaf of a SIM is no X.509 certificate".to_owned());
    let leaf = chain.first().ok_or_else(broken)?;
    let parsed = Certificate::from_der(leaf).map_err(|_| broken())?;
    let issuer = parsed.tbs_certificate().issuer().to_der().map_err(|_| broken())?;
    let serial = parsed.tbs_certificate().serial_number().to_der().map_err(|_| broken())?;

    let mut attributes = vec![attribute(CONTENT_TYPE, &oid(DATA)), attribute(MESSAGE_DIGEST, &tlv(OCTETS, &[digest]))];
    if extras.ess {
        // ESSCertIDv2 with the default SHA-256, which DER leaves out.
        let identifier = tlv(SEQUENCE, &[&tlv(OCTETS, &[&sha256(leaf)])]);
        attributes.push(attribute(SIGNING_CERTIFICATE_V2, &tlv(SEQUENCE, &[&tlv(SEQUENCE, &[&identifier])])));
    }
    attributes.extend(extras.nonce.map(|nonce| attribute(RANDOM_NONCE, &tlv(OCTETS, &[&nonce]))));
    // What is signed has the tag of a SET, what is sent that of the field (RFC 5652 §5.4).
    let signature = key.sign(&sha256(&set_of(SET, attributes.clone())))?;
    let sha = tlv(SEQUENCE, &[&oid(SHA256)]);
    let signer = tlv(
        SEQUENCE,
        &[
            &[2, 1, 1],
            &tlv(SEQUENCE, &[&issuer, &serial]),
            &sha,
            &set_of(0xa0, attributes),
            &algorithm(key),
            &tlv(OCTETS, &[&signature]),
        ],
    );
    let body = tlv(
        SEQUENCE,
        &[
            &[2, 1, 1],
            &tlv(SET, &[&sha]),
            &tlv(SEQUENCE, &[&oid(DATA)]),
            &set_of(0xa0, chain.to_vec()),
            &tlv(SET, &[&signer]),
        ],
    );
    Ok(tlv(SEQUENCE, &[&oid(SIGNED_DATA), &tlv(0xa0, &[&body])]))
}

/// A self-issued X.509 certificate of a test key, good from 2025 to 2034; nobody trusts it.
///
/// # Errors
/// [`Error::State`] when signing fails.
pub(crate) fn self_issued(key: &SimKey) -> Result<Vec<u8>, Error> {
    let common_name = tlv(SEQUENCE, &[&oid(&[0x55, 4, 3]), &tlv(0x0c, &[b"CTDT Test rotated key"])]);
    let name = tlv(SEQUENCE, &[&tlv(SET, &[&common_name])]);
    let validity = tlv(SEQUENCE, &[&tlv(0x17, &[b"250101000000Z"]), &tlv(0x17, &[b"350101000000Z"])]);
    let tbs =
        tlv(SEQUENCE, &[&tlv(0xa0, &[&[2, 1, 2]]), &[2, 1, 1], &algorithm(key), &name, &validity, &name, &key.spki()?]);
    let signature = key.sign(&sha256(&tbs))?;
    Ok(tlv(SEQUENCE, &[&tbs, &algorithm(key), &tlv(0x03, &[&[0], &signature])]))
}
