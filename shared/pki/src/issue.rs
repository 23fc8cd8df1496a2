//! Issuing what a test PKI and its responders need: X.509 certificates, time-stamps, OCSP responses and CRLs.
//!
//! Pure: serials, instants and nonces are arguments, and every signature is asked for through a closure. Nothing here
//! decides who may have what, and nothing keeps state; it is no CA. Wrong answers are made by giving wrong values.

mod certificate;
mod revocation;
mod timestamp;

pub use certificate::{Attribute, CertificateSpec, ExtendedKeyUsage, KeyUsage, certificate};
pub use revocation::{
    CrlSpec, OcspAnswer, OcspAsked, OcspRequest, OcspSpec, RevokedEntry, crl, ocsp_error, ocsp_response,
};
pub use timestamp::{TimestampRequest, TimestampSpec, timestamp_rejection, timestamp_response, timestamp_token};

use crate::verify::ecdsa_der;
use crate::{Certificate, Error, asn1, oids};

/// Bytes to be signed → signature: RSA PKCS#1 v1.5 with SHA-256, or ECDSA with SHA-256 as DER or as raw r‖s (P-256).
pub type Sign<'a> = &'a dyn Fn(&[u8]) -> Vec<u8>;

/// The algorithm with which the closure signs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SignatureAlgorithm {
    /// RSA PKCS#1 v1.5 with SHA-256.
    RsaSha256,
    /// ECDSA with SHA-256.
    EcdsaSha256,
}

impl SignatureAlgorithm {
    fn identifier(self) -> Vec<u8> {
        match self {
            Self::RsaSha256 => asn1::sequence(&[&asn1::oid(&oids::SHA256_WITH_RSA), &asn1::tlv(asn1::NULL, &[])]),
            Self::EcdsaSha256 => asn1::sequence(&[&asn1::oid(&oids::ECDSA_SHA256)]),
        }
    }

    fn signature(self, to_be_signed: &[u8], sign: Sign<'_>) -> Vec<u8> {
        let signature = sign(to_be_signed);
        match self {
            Self::RsaSha256 => signature,
            Self::EcdsaSha256 => ecdsa_der(&signature, 32),
        }
    }

    /// SEQUENCE { tbs, algorithm, signature }, the shape of certificates and CRLs.
    fn signed(self, tbs: &[u8], sign: Sign<'_>) -> Vec<u8> {
        asn1::sequence(&[tbs, &self.identifier(), &asn1::bits(&self.signature(tbs, sign))])
    }
}

/// One Extension.
fn extension(oid: &const_oid::ObjectIdentifier, critical: bool, value: &[u8]) -> Vec<u8> {
    extension_of(&asn1::oid(oid), critical, value)
}

fn extension_of(oid: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    // FALSE is the default and may not be written in DER.
    let critical = if critical { asn1::tlv(asn1::BOOLEAN, &[&[0xff]]) } else { Vec::new() };
    asn1::sequence(&[oid, &critical, &asn1::octets(value)])
}

/// Extensions with dotted identifiers.
fn extra(extensions: &[(String, bool, Vec<u8>)]) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    for (oid, critical, value) in extensions {
        out.extend(extension_of(&asn1::dotted(oid)?, *critical, value));
    }
    Ok(out)
}

/// The key identifier by which this certificate's key is named: its own, or SHA-1 of the key (RFC 5280 §4.2.1.2).
fn key_id(issuer: &Certificate) -> Result<Vec<u8>, Error> {
    match &issuer.facts().subject_key_id {
        Some(id) => Ok(id.clone()),
        None => Ok(crate::digest(crate::DigestAlgorithm::Sha1, &[issuer.key_octets()?])),
    }
}

/// authorityKeyIdentifier with the key identifier alone.
fn authority_key_id(id: &[u8]) -> Vec<u8> {
    extension(&oids::AUTHORITY_KEY_ID, false, &asn1::sequence(&[&asn1::tlv(0x80, &[id])]))
}
