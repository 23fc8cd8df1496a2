//! Signed and unsigned attributes (RFC 5652 §5.3, §11) and the ESS binding to the signer (RFC 5035).

use const_oid::ObjectIdentifier;

use super::WHAT;
use crate::asn1::{self, INTEGER, OCTET_STRING, OID, Reader, SEQUENCE, SET, Tlv};
use crate::verify::{Scheme, digest_algorithm};
use crate::{Certificate, DigestAlgorithm, Error, digest, name, oids};

/// The most attributes, and values of one attribute.
const MAX_ATTRIBUTES: usize = 64;

/// AlgorithmIdentifiers of a signature, DER.
pub(super) struct Identifiers {
    pub(super) digest: Vec<u8>,
    pub(super) signature: Vec<u8>,
}

/// One attribute with the DER of its values.
#[derive(Clone, Debug)]
pub(super) struct Attribute {
    pub(super) oid: ObjectIdentifier,
    pub(super) values: Vec<Vec<u8>>,
}

/// The attributes that a signature covers.
#[derive(Clone, Debug)]
pub(super) struct SignedAttributes {
    /// As they stand, under the tag SET OF, which is what the signature lies over.
    as_set: Vec<u8>,
    list: Vec<Attribute>,
}

fn is_under(oid: &ObjectIdentifier, arc: &ObjectIdentifier) -> bool {
    oid.as_bytes().starts_with(arc.as_bytes())
}

/// Reads a SET OF Attribute under whatever tag.
pub(super) fn read(set: &Tlv<'_>) -> Result<Vec<Attribute>, Error> {
    let mut list = Vec::new();
    for member in set.members(WHAT, MAX_ATTRIBUTES)? {
        if member.tag != SEQUENCE {
            return Err(Error::Malformed { what: WHAT });
        }
        let mut reader = member.reader();
        let oid = reader.expect(OID, WHAT)?.oid().ok_or(Error::Malformed { what: WHAT })?;
        let values = reader.expect(SET, WHAT)?.members(WHAT, MAX_ATTRIBUTES)?;
        reader.finish(WHAT)?;
        list.push(Attribute { oid, values: values.iter().map(|value| value.full.to_vec()).collect() });
    }
    Ok(list)
}

impl SignedAttributes {
    /// Reads `[0] IMPLICIT` attributes.
    pub(super) fn read(set: &Tlv<'_>) -> Result<Self, Error> {
        Ok(Self { as_set: asn1::tlv(SET, &[set.content]), list: read(set)? })
    }

    /// The only value of the only attribute of this type.
    pub(super) fn single(&self, oid: &ObjectIdentifier) -> Option<&[u8]> {
        let mut found = self.list.iter().filter(|attribute| attribute.oid == *oid);
        match (found.next(), found.next()) {
            (Some(attribute), None) => match attribute.values.as_slice() {
                [value] => Some(value),
                _ => None,
            },
            _ => None,
        }
    }

    /// Attributes of CMS and CAdES have one value each (RFC 5652 §11, EN 319 122-1 §5.2); more would let two readers see two claims.
    /// Content time-stamps are the exception, and the older signer-attributes, which are in use with two.
    pub(super) fn check_single_values(&self) -> Result<(), Error> {
        let counted = |attribute: &&Attribute| {
            let standard = oids::ATTRIBUTE_ARCS.iter().any(|arc| is_under(&attribute.oid, arc));
            standard && ![oids::CONTENT_TIME_STAMP, oids::SIGNER_ATTRIBUTES].contains(&attribute.oid)
        };
        let single = self.list.iter().filter(counted).all(|attribute| attribute.values.len() == 1);
        if single { Ok(()) } else { Err(Error::SignedAttribute { attribute: "with more than one value" }) }
    }

    pub(super) fn has(&self, oid: &ObjectIdentifier) -> bool {
        self.list.iter().any(|attribute| attribute.oid == *oid)
    }

    pub(super) fn has_ess(&self) -> bool {
        self.has(&oids::SIGNING_CERTIFICATE) || self.has(&oids::SIGNING_CERTIFICATE_V2)
    }

    pub(super) fn message_digest(&self) -> Result<&[u8], Error> {
        let missing = Error::SignedAttribute { attribute: "message-digest" };
        let value = self.single(&oids::MESSAGE_DIGEST).ok_or(missing)?;
        Ok(asn1::only(value, OCTET_STRING, WHAT)?.content)
    }

    /// contentType and messageDigest, each present once and right (RFC 5652 §11.1, §11.2).
    pub(super) fn check_content(&self, content_type: &ObjectIdentifier, content_digest: &[u8]) -> Result<(), Error> {
        let wrong = Error::SignedAttribute { attribute: "content-type" };
        let Some(value) = self.single(&oids::CONTENT_TYPE) else { return Err(wrong) };
        if asn1::only(value, OID, WHAT)?.oid().as_ref() != Some(content_type) {
            return Err(wrong);
        }
        if self.message_digest()? == content_digest { Ok(()) } else { Err(Error::DigestMismatch) }
    }

    /// CMSAlgorithmProtection (RFC 6211), where present, must name the digest algorithm that is used.
    pub(super) fn check_algorithm_protection(&self, used: &[u8]) -> Result<(), Error> {
        if !self.has(&oids::ALGORITHM_PROTECTION) {
            return Ok(());
        }
        let wrong = Error::SignedAttribute { attribute: "cms-algorithm-protection" };
        let Some(value) = self.single(&oids::ALGORITHM_PROTECTION) else { return Err(wrong) };
        let named = asn1::only(value, SEQUENCE, WHAT)?.reader().expect(SEQUENCE, WHAT)?;
        let used = asn1::only(used, SEQUENCE, WHAT)?;
        let name = |algorithm: &Tlv<'_>| algorithm.reader().any(WHAT).map(|first| first.oid());
        if name(&named)? == name(&used)? { Ok(()) } else { Err(wrong) }
    }

    /// The attributes under the tag SET OF, in DER order.
    pub(super) fn in_order(&self) -> Result<Vec<u8>, Error> {
        let members = asn1::only(&self.as_set, SET, WHAT)?.members(WHAT, MAX_ATTRIBUTES)?;
        let sorted = asn1::sorted(members.iter().map(|member| member.full.to_vec()).collect());
        Ok(asn1::tlv(SET, &[&sorted]))
    }

    /// AlgorithmIdentifiers of digest and signature as CMSAlgorithmProtection names them (RFC 6211), where it is present.
    pub(super) fn protected(&self) -> Result<Option<Identifiers>, Error> {
        if !self.has(&oids::ALGORITHM_PROTECTION) {
            return Ok(None);
        }
        let wrong = Error::SignedAttribute { attribute: "cms-algorithm-protection" };
        let Some(value) = self.single(&oids::ALGORITHM_PROTECTION) else { return Err(wrong) };
        let mut reader = asn1::only(value, SEQUENCE, WHAT)?.reader();
        let digest = reader.expect(SEQUENCE, WHAT)?.full.to_vec();
        let signature = reader.expect(0xa1, WHAT)?.content;
        Ok(Some(Identifiers { digest, signature: asn1::tlv(SEQUENCE, &[signature]) }))
    }

    /// The signature lies over the attributes as they stand; some signers store them unsorted but sign them sorted.
    pub(super) fn verify(&self, signer: &Certificate, scheme: Scheme, signature: &[u8]) -> Result<(), Error> {
        let first = signer.key().verify(scheme, &self.as_set, signature);
        if first != Err(Error::SignatureInvalid) {
            return first;
        }
        let sorted = self.in_order()?;
        if sorted == self.as_set {
            return first;
        }
        signer.key().verify(scheme, &sorted, signature)
    }

    /// The ESS binding: absent, wrong, or right by this digest.
    pub(super) fn ess(&self, signer: &Certificate) -> Option<Result<DigestAlgorithm, Error>> {
        let second = self.has(&oids::SIGNING_CERTIFICATE_V2);
        if !second && !self.has(&oids::SIGNING_CERTIFICATE) {
            return None;
        }
        let mut by = Err(Error::EssMismatch);
        for (oid, version2) in [(oids::SIGNING_CERTIFICATE, false), (oids::SIGNING_CERTIFICATE_V2, true)] {
            if !self.has(&oid) {
                continue;
            }
            let wrong = Error::SignedAttribute { attribute: "signing-certificate" };
            let checked = self.single(&oid).ok_or(wrong).and_then(|value| check_ess(value, version2, signer));
            if checked.is_err() {
                return Some(checked);
            }
            by = checked;
        }
        Some(by)
    }
}

/// The first ESSCertID must be the signer's; the others may name its issuers (RFC 5035 §3).
fn check_ess(value: &[u8], version2: bool, signer: &Certificate) -> Result<DigestAlgorithm, Error> {
    let what = "signing-certificate attribute";
    let list = asn1::only(value, SEQUENCE, what)?.reader().expect(SEQUENCE, what)?;
    let mut entry = list.reader().expect(SEQUENCE, what)?.reader();
    let mut algorithm = if version2 { DigestAlgorithm::Sha256 } else { DigestAlgorithm::Sha1 };
    if version2 && let Some(named) = entry.optional(SEQUENCE, what)? {
        algorithm = digest_algorithm(&named)?;
    }
    let hash = entry.expect(OCTET_STRING, what)?.content;
    if hash != digest(algorithm, &[signer.der()]) {
        return Err(Error::EssMismatch);
    }
    if let Some(pair) = entry.optional(SEQUENCE, what)? {
        check_issuer_serial(&pair, signer)?;
    }
    Ok(algorithm)
}

fn check_issuer_serial(pair: &Tlv<'_>, signer: &Certificate) -> Result<(), Error> {
    let what = "signing-certificate attribute";
    let mut reader = pair.reader();
    let names = reader.expect(SEQUENCE, what)?;
    let serial = reader.expect(INTEGER, what)?;
    if !asn1::same_integer(serial.content, signer.raw_serial()) {
        return Err(Error::EssMismatch);
    }
    let mut names = Reader::new(names.content);
    let directory = names.expect(0xa4, what)?;
    if name::same(directory.content, signer.issuer_der()) { Ok(()) } else { Err(Error::EssMismatch) }
}
