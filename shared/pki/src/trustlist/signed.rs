//! The signed file: CMS SignedData (RFC 5652) with the JSON inside, as `openssl cms -sign -nodetach -binary` makes it too.
//!
//! Whose signature counts is configuration: the SHA-256 of the operator's SubjectPublicKeyInfo is pinned. The operator's own
//! certificate only carries the key; its validity and issuer are not looked at, because the pin is what is trusted.

use super::{TrustList, read, wire};
use crate::cms::{self, SignedData};
use crate::{Certificate, DigestAlgorithm, Error, digest, oids};

/// Tolerance for lists that were made by a clock ahead of ours, seconds.
const AHEAD: i64 = 300;
/// What a signature adds to a list, at most, octets.
const AROUND: usize = 64 * 1024;

/// Under which rules a list is taken.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// SHA-256 of the SubjectPublicKeyInfo of each key that may sign lists.
    pub pins: &'a [[u8; 32]],
    /// A production stack takes no list for tests and no test certificate.
    pub production: bool,
    /// The instant, Unix seconds.
    pub now: i64,
}

/// Why a list was not taken. `code()` is stable; the text is for the operator.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Rejected {
    /// The file or the list in it cannot be read.
    #[error("the list cannot be read: {0}")]
    Malformed(Error),
    /// The signature is wrong or made with weak cryptography.
    #[error("the list's signature is not good: {0}")]
    Signature(Error),
    /// The signature is right, and made with a key that is not pinned.
    #[error("the list is signed with a key that is not pinned")]
    Signer,
    /// It is older than the list in use.
    #[error("the list has sequence {found}, and {last} is in use")]
    Older {
        /// Sequence of the list.
        found: u64,
        /// Sequence of the list in use.
        last: u64,
    },
    /// Another list was published under the sequence in use.
    #[error("another list is in use under the same sequence {0}")]
    Forked(u64),
    /// It says that it was made in the future.
    #[error("the list was made in the future")]
    NotYet,
    /// A list for tests, or a test certificate, on a production stack.
    #[error("a production stack takes no test list and no test certificate: {0}")]
    Test(String),
}

impl Rejected {
    /// A stable code for alarms.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "trust-list-malformed",
            Self::Signature(_) => "trust-list-signature",
            Self::Signer => "trust-list-signer",
            Self::Older { .. } => "trust-list-older",
            Self::Forked(_) => "trust-list-forked",
            Self::NotYet => "trust-list-not-yet",
            Self::Test(_) => "trust-list-test",
        }
    }
}

/// What came of a list that may be used.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Accepted {
    /// It takes the place of the last one.
    New(TrustList),
    /// It is the list in use.
    Same,
}

/// Reads a signed list and checks it against the rules; nothing about what was in use before.
///
/// # Errors
/// [`Rejected`], except `Older` and `Forked`.
pub fn open(file: &[u8], rules: &Rules<'_>) -> Result<TrustList, Rejected> {
    if file.len() > wire::MAX_LENGTH + AROUND {
        return Err(Rejected::Malformed(Error::Limit { what: "trust list", limit: wire::MAX_LENGTH }));
    }
    let signed = SignedData::parse(file).map_err(Rejected::Malformed)?;
    if signed.trailing() != cms::Trailing::None || !signed.content_type_is(&oids::DATA) {
        return Err(Rejected::Malformed(Error::EncapsulatedContent));
    }
    let content = signed.encapsulated_content().ok_or(Rejected::Malformed(Error::EncapsulatedContent))?;
    let verified =
        signed.verify_content(&|algorithm| digest(algorithm, &[content]), &[]).map_err(Rejected::Signature)?;
    if !verified.weak.is_empty() || !verified.has_signed_attributes {
        return Err(Rejected::Signature(Error::SignatureInvalid));
    }
    if !rules.pins.contains(&pin(&verified.signer)) {
        return Err(Rejected::Signer);
    }
    let list = read(content).map_err(Rejected::Malformed)?;
    if list.issued_at > rules.now.saturating_add(AHEAD) {
        return Err(Rejected::NotYet);
    }
    match list.test_certificate() {
        Some(certificate) if rules.production => Err(Rejected::Test(certificate.subject())),
        None if rules.production && list.test => Err(Rejected::Test(list.operator)),
        _ => Ok(list),
    }
}

/// As [`open`], and the list must not go back behind the one in use.
///
/// # Errors
/// [`Rejected`]; the list in use then stays.
pub fn accept(file: &[u8], last: Option<&TrustList>, rules: &Rules<'_>) -> Result<Accepted, Rejected> {
    let list = open(file, rules)?;
    match last {
        Some(last) if *last == list => Ok(Accepted::Same),
        Some(last) if list.sequence < last.sequence => {
            Err(Rejected::Older { found: list.sequence, last: last.sequence })
        }
        Some(last) if list.sequence == last.sequence => Err(Rejected::Forked(last.sequence)),
        _ => Ok(Accepted::New(list)),
    }
}

/// The pin of a signer's key: SHA-256 of its SubjectPublicKeyInfo.
#[must_use]
pub fn pin(signer: &Certificate) -> [u8; 32] {
    let spki = signer.spki_der();
    let mut pin = [0; 32];
    pin.iter_mut().zip(digest(DigestAlgorithm::Sha256, &[&spki])).for_each(|(to, from)| *to = from);
    pin
}

/// The bytes that the operator's key signs: DER SignedAttributes over the list's JSON.
///
/// # Errors
/// [`Error::UnsupportedAlgorithm`] for a key that this crate does not write.
pub fn to_be_signed(json: &[u8], signer: &Certificate) -> Result<Vec<u8>, Error> {
    let mut sha256 = [0; 32];
    sha256.iter_mut().zip(digest(DigestAlgorithm::Sha256, &[json])).for_each(|(to, from)| *to = from);
    cms::signed_attributes(&sha256, signer)
}

/// The signed file. The raw signature over [`to_be_signed`] is verified first.
///
/// # Errors
/// As [`to_be_signed`]; [`Error::SignatureInvalid`].
pub fn assemble(json: &[u8], signer: &Certificate, raw_signature: &[u8]) -> Result<Vec<u8>, Error> {
    let attributes = to_be_signed(json, signer)?;
    cms::verify_raw(&attributes, raw_signature, signer)?;
    cms::signed_data(&cms::SignedDataParts {
        content_type: &oids::DATA,
        content: Some(json),
        certificates: std::slice::from_ref(signer),
        signer,
        digest_algorithm: &cms::sha256_identifier(),
        signed_attributes: &attributes,
        signature_algorithm: &cms::signature_identifier(&signer.key_algorithm())?,
        signature: &cms::signature_value(raw_signature, signer),
        unsigned: &[],
    })
}
