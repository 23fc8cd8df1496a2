//! The one form in which a certified copy holds a SignedData. A signature does not cover all of its own structure: the list of digests,
//! who signed, certificates, unsigned attributes and the signature value itself can be written in more than one way. Of all of them
//! this is the one that is written, so that a judge who makes it again from what he reads sees every octet that is otherwise.
//!
//! What is signed stays octet by octet. Nothing is verified here: the form of a wrong signature is a wrong signature in that form.

use num_bigint::BigUint;

use super::attributes::Identifiers;
use super::build::{SignedDataParts, attribute, signed_data};
use super::{SignedData, SignerInfo, WHAT};
use crate::asn1::{self, INTEGER, NULL, SEQUENCE};
use crate::verify::{Pure, SHAKE256_BITS, Scheme};
use crate::{Certificate, DigestAlgorithm, Error, Interner, KeyAlgorithm, name, oids};

/// The longest chain that is embedded.
const MAX_CHAIN: usize = 10;

/// Orders of the groups (SEC 2 §2.4.2, §2.5.1, §2.6.1).
const P256_ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
const P384_ORDER: &str =
    "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973";
const P521_ORDER: &str = "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51\
     868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409";

impl SignedData {
    /// This structure in its one form, DER: versions by RFC 5652 §5.1 and §5.3; the signer by issuer and serial number; of the
    /// certificates the signer's and those above it as far as they are embedded or among `known`, without the root; no revocation
    /// lists; algorithms as RFC 5754, RFC 4055 and RFC 5480 write them, unless the signer signed how they are written (RFC 6211);
    /// attributes in DER order; of the unsigned ones the signature time-stamp alone, in its own one form, and in a time-stamp none.
    /// In a time-stamp by ECDSA the smaller of the two values `s` that verify alike: nothing else binds it.
    ///
    /// # Errors
    /// [`Error::SignerCount`], [`Error::SignerNotFound`], [`Error::SignedAttribute`] (nothing signed beside the content),
    /// [`Error::UnsupportedAlgorithm`], [`Error::Malformed`], [`Error::Limit`].
    pub fn exact(&self, known: &[Certificate], interner: &Interner) -> Result<Vec<u8>, Error> {
        let info = match (&self.signer, self.signers) {
            (Some(info), 1) => info,
            (_, found) => return Err(Error::SignerCount { found }),
        };
        let signer = self.find_signer(known).ok_or(Error::SignerNotFound)?;
        let signed = info.signed.as_ref().ok_or(Error::SignedAttribute { attribute: "message-digest" })?;
        let is_token = self.content_type == oids::TST_INFO;
        let algorithms = self.identifiers(info)?;
        let signature = if is_token { smaller(signer, &info.signature)? } else { info.signature.clone() };
        let unsigned = if is_token { Vec::new() } else { time_stamp(info, known, interner)? };
        signed_data(&SignedDataParts {
            content_type: &self.content_type,
            content: self.content.as_deref(),
            certificates: &needed(signer, &self.certificates, known),
            signer,
            digest_algorithm: &algorithms.digest,
            signed_attributes: &signed.in_order()?,
            signature_algorithm: &algorithms.signature,
            signature: &signature,
            unsigned: &unsigned,
        })
    }

    /// As the signer signed them, else as the standards write them.
    fn identifiers(&self, info: &SignerInfo) -> Result<Identifiers, Error> {
        if let Some(protected) = info.signed.as_ref().map(|signed| signed.protected()).transpose()?.flatten() {
            return Ok(protected);
        }
        let digest = self.digest_algorithm()?;
        let scheme = Scheme::read(&asn1::only(&info.signature_algorithm, SEQUENCE, WHAT)?, Some(digest))?;
        Ok(Identifiers { digest: named(digest, scheme), signature: identifier(scheme)? })
    }
}

/// AlgorithmIdentifier of a digest, parameters absent (RFC 5754 §2), but for SHAKE256 beside Ed448 (RFC 8419 §3.1).
fn named(digest: DigestAlgorithm, scheme: Scheme) -> Vec<u8> {
    match (digest, scheme) {
        (DigestAlgorithm::Shake256, Scheme::Pure(Pure::Ed448)) => {
            asn1::sequence(&[&asn1::oid(&oids::SHAKE256_LEN), &asn1::integer(&SHAKE256_BITS.to_be_bytes())])
        }
        _ => asn1::sequence(&[&asn1::oid(&oids::oid_of(digest))]),
    }
}

/// The signature time-stamp as unsigned attribute (ETSI EN 319 122-1 §5.3); of several the first.
fn time_stamp(info: &SignerInfo, known: &[Certificate], interner: &Interner) -> Result<Vec<u8>, Error> {
    let mut tokens = info.unsigned.iter().filter(|attribute| attribute.oid == oids::TIME_STAMP_TOKEN);
    let Some(token) = tokens.find_map(|attribute| attribute.values.first()) else { return Ok(Vec::new()) };
    let token = SignedData::parse_in(token, interner)?;
    if token.content_type != oids::TST_INFO {
        return Err(Error::NotATimestamp);
    }
    Ok(attribute(&oids::TIME_STAMP_TOKEN, &token.exact(known, interner)?))
}

/// The signer's certificate and those above it, the root left out. Where the same step can be made twice, by what is embedded and known
/// before what is only known, and that before what is only embedded.
fn needed(signer: &Certificate, embedded: &[Certificate], known: &[Certificate]) -> Vec<Certificate> {
    let mut chain = vec![signer.clone()];
    while let Some(last) = chain.last().filter(|_| chain.len() < MAX_CHAIN) {
        let above = |one: &&Certificate| !one.is_self_issued() && !chain.contains(one) && may_issue(one, last);
        let both = || embedded.iter().filter(|one| known.contains(one)).find(above);
        match both().or_else(|| known.iter().find(above)).or_else(|| embedded.iter().find(above)).cloned() {
            Some(above) => chain.push(above),
            None => break,
        }
    }
    chain
}

/// By name and key identifier, or by signature where there is none.
fn may_issue(above: &Certificate, below: &Certificate) -> bool {
    name::same(below.issuer_der(), above.subject_der()) && below.verify_issued_by(above).is_ok()
}

/// AlgorithmIdentifier of a signature: NULL for RSA PKCS#1 (RFC 4055 §5), nothing for ECDSA, EdDSA, ML-DSA and DSA (RFC 5754 §3, RFC 8419 §2.2,
/// RFC 9882 §3.3).
fn identifier(scheme: Scheme) -> Result<Vec<u8>, Error> {
    use DigestAlgorithm::{Sha1, Sha256, Sha384, Sha512};
    let refused = || Error::UnsupportedAlgorithm { oid: scheme.name() };
    let (oid, null) = match scheme {
        Scheme::Pkcs1(Sha1) => (oids::SHA1_WITH_RSA, true),
        Scheme::Pkcs1(Sha256) => (oids::SHA256_WITH_RSA, true),
        Scheme::Pkcs1(Sha384) => (oids::SHA384_WITH_RSA, true),
        Scheme::Pkcs1(Sha512) => (oids::SHA512_WITH_RSA, true),
        Scheme::Ecdsa(Sha1) => (oids::ECDSA_SHA1, false),
        Scheme::Ecdsa(Sha256) => (oids::ECDSA_SHA256, false),
        Scheme::Ecdsa(Sha384) => (oids::ECDSA_SHA384, false),
        Scheme::Ecdsa(Sha512) => (oids::ECDSA_SHA512, false),
        Scheme::Pure(pure) => (pure.oid(), false),
        Scheme::Pss { digest, salt } => return Ok(pss(digest, salt)),
        Scheme::Pkcs1(_) | Scheme::Ecdsa(_) | Scheme::Dsa(_) => return Err(refused()),
    };
    let null = if null { asn1::tlv(NULL, &[]) } else { Vec::new() };
    Ok(asn1::sequence(&[&asn1::oid(&oid), &null]))
}

/// RSASSA-PSS-params (RFC 4055 §3.1): defaults left out, as DER wants; the digests with NULL (§2.1).
fn pss(digest: DigestAlgorithm, salt: u16) -> Vec<u8> {
    let hash = asn1::sequence(&[&asn1::oid(&oids::oid_of(digest)), &asn1::tlv(NULL, &[])]);
    let mut parameters = Vec::new();
    if digest != DigestAlgorithm::Sha1 {
        parameters.extend(asn1::tlv(0xa0, &[&hash]));
        parameters.extend(asn1::tlv(0xa1, &[&asn1::sequence(&[&asn1::oid(&oids::MGF1), &hash])]));
    }
    if salt != 20 {
        parameters.extend(asn1::tlv(0xa2, &[&asn1::integer(&salt.to_be_bytes())]));
    }
    asn1::sequence(&[&asn1::oid(&oids::RSASSA_PSS), &asn1::sequence(&[&parameters])])
}

/// An ECDSA value in DER with the smaller `s`: with `s` also the order less `s` verifies, for anybody to write. Others as they are.
fn smaller(signer: &Certificate, signature: &[u8]) -> Result<Vec<u8>, Error> {
    let order = match signer.key_algorithm() {
        KeyAlgorithm::P256 => P256_ORDER,
        KeyAlgorithm::P384 => P384_ORDER,
        KeyAlgorithm::P521 => P521_ORDER,
        _ => return Ok(signature.to_vec()),
    };
    let what = "ECDSA signature";
    let order = BigUint::parse_bytes(order.as_bytes(), 16).ok_or(Error::Malformed { what })?;
    let mut reader = asn1::only(signature, SEQUENCE, what)?.reader();
    let r = reader.expect(INTEGER, what)?.content;
    let s = BigUint::from_bytes_be(reader.expect(INTEGER, what)?.content);
    reader.finish(what)?;
    if s >= order {
        return Err(Error::Malformed { what });
    }
    let other = &order - &s;
    let s = if other < s { other } else { s };
    Ok(asn1::sequence(&[&asn1::integer(r), &asn1::integer(&s.to_bytes_be())]))
}
