//! What a signer is given of a prepared revision, and what its answer is worth: by the shape of the session (remote-signing.md §2).
//!
//! Reads no file and embeds nothing. What comes out of here was verified against the revision that is kept, and is put into it by us.

use domain::model::{PreparedRevision, Sha256, Shape};
use domain::ports::Fault;
use pki::Certificate;
use pki::cms::{Apart, SignedData};

use crate::support::sha256;

/// The digest that is sent.
///
/// # Errors
/// Attributes that were not prepared by us.
pub(crate) fn to_sign(shape: Shape, prepared: &PreparedRevision) -> Result<Sha256, Fault> {
    match shape {
        Shape::Raw => Ok(sha256(&[&prepared.signed_attributes])),
        Shape::Cms => {
            pki::cms::message_digest(&prepared.signed_attributes).map_err(|error| Fault(format!("attributes: {error}")))
        }
    }
}

/// What was signed and the signature over it, by this X.509 certificate. `None`: it is anything else.
pub(crate) fn signed(shape: Shape, prepared: &PreparedRevision, answer: &[u8], leaf: &Certificate) -> Option<Apart> {
    let attributes = &prepared.signed_attributes;
    match shape {
        Shape::Raw => {
            pki::cms::verify_raw(attributes, answer, leaf).ok()?;
            Some(Apart { attributes: attributes.clone(), signature: answer.to_vec() })
        }
        Shape::Cms => {
            let content = pki::cms::message_digest(attributes).ok()?;
            SignedData::parse(answer).and_then(|structure| structure.apart(&content, leaf)).ok()
        }
    }
}
