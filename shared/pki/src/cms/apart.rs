//! A detached signature that a gateway has put together itself, taken apart again: what its signer signed, and the signature value.
//!
//! What a gateway writes around them (X.509 certificates, unsigned attributes, its own way to write algorithms) is not taken over.

use super::attributes::SignedAttributes;
use super::{SignedData, WHAT};
use crate::asn1::{self, SET};
use crate::{Certificate, DigestAlgorithm, Error, oids};

/// The longest signed attributes that are taken, in octets: what a revision keeps beside chain and time-stamp is 4 KiB.
const MAX_ATTRIBUTES: usize = 2048;

/// Signed attributes (DER, tag SET OF) and raw signature value: what [`super::assemble`] takes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Apart {
    /// What was signed.
    pub attributes: Vec<u8>,
    /// The signature over it.
    pub signature: Vec<u8>,
}

impl SignedData {
    /// Takes apart a signature by `signer` over a content with this SHA-256, and verifies it.
    ///
    /// It has to be one that is PAdES baseline (ETSI EN 319 142-1 §6.3): one signer; no content inside; SHA-256; the ESS attribute names
    /// `signer`; no signingTime, which stands in the PDF. The attributes have to stand in DER order, as they were signed.
    ///
    /// # Errors
    /// [`Error::EncapsulatedContent`], [`Error::SignedAttribute`], [`Error::EssMismatch`] (also without that attribute),
    /// [`Error::DigestNotAllowed`], [`Error::Limit`]; as [`SignedData::verify`].
    pub fn apart(&self, content: &[u8; 32], signer: &Certificate) -> Result<Apart, Error> {
        if self.content.is_some() || self.content_type != oids::DATA {
            return Err(Error::EncapsulatedContent);
        }
        let (Some(info), 1) = (&self.signer, self.signers) else {
            return Err(Error::SignerCount { found: self.signers });
        };
        let signed = info.signed.as_ref().ok_or(Error::SignedAttribute { attribute: "message-digest" })?;
        let scheme = signer.key().own_scheme()?;
        if self.digest_algorithm()? != DigestAlgorithm::Sha256 {
            return Err(Error::DigestNotAllowed { digest: self.digest_algorithm()?.name(), scheme: scheme.name() });
        }
        about(signed, content, signer)?;
        signed.check_algorithm_protection(&info.digest_algorithm)?;
        let attributes = signed.in_order()?;
        if attributes.len() > MAX_ATTRIBUTES {
            return Err(Error::Limit { what: WHAT, limit: MAX_ATTRIBUTES });
        }
        super::verify_raw(&attributes, &info.signature, signer)?;
        Ok(Apart { attributes, signature: info.signature.clone() })
    }
}

fn about(signed: &SignedAttributes, content: &[u8; 32], signer: &Certificate) -> Result<(), Error> {
    if signed.has(&oids::SIGNING_TIME) {
        return Err(Error::SignedAttribute { attribute: "signing-time" });
    }
    signed.check_single_values()?;
    signed.check_content(&oids::DATA, content)?;
    signed.ess(signer).ok_or(Error::EssMismatch)?.map(|_| ())
}

/// Whether signed attributes (DER, tag SET OF) are those of a PAdES signature by `signer` over a content with this SHA-256, as
/// [`SignedData::apart`] wants them. The signature is not looked at.
///
/// # Errors
/// As [`SignedData::apart`].
pub fn check_attributes(attributes: &[u8], content: &[u8; 32], signer: &Certificate) -> Result<(), Error> {
    about(&SignedAttributes::read(&asn1::only(attributes, SET, WHAT)?)?, content, signer)
}

/// The messageDigest among signed attributes (DER, tag SET OF).
///
/// # Errors
/// [`Error::SignedAttribute`] when there is none of SHA-256; [`Error::Malformed`].
pub fn message_digest(attributes: &[u8]) -> Result<[u8; 32], Error> {
    let attributes = SignedAttributes::read(&asn1::only(attributes, SET, WHAT)?)?;
    let digest = attributes.message_digest()?.try_into();
    digest.map_err(|_| Error::SignedAttribute { attribute: "message-digest" })
}
