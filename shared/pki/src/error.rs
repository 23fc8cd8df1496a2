//! Everything that can be wrong with bytes, each with a stable code for reports.

use thiserror::Error as ThisError;

use crate::digest::DigestAlgorithm;

/// What is wrong with a structure or with a signature. `code()` is stable; the English text is for operators.
#[derive(Clone, Debug, Eq, Hash, PartialEq, ThisError)]
#[non_exhaustive]
pub enum Error {
    /// The bytes are not the structure they should be.
    #[error("{what} is not well-formed")]
    Malformed {
        /// The structure or field that could not be read.
        what: &'static str,
    },
    /// A bound of this crate was exceeded (size, depth, number of items).
    #[error("{what} exceeds the limit of {limit}")]
    Limit {
        /// What was counted.
        what: &'static str,
        /// The largest accepted value.
        limit: usize,
    },
    /// Two independent readers of the same X.509 structure disagree about a field (or one refuses it).
    #[error("two readers of the X.509 structure disagree about {field}")]
    ReadingsDiffer {
        /// The field that differs.
        field: &'static str,
    },
    /// An algorithm that this crate does not verify.
    #[error("algorithm {oid} is not supported")]
    UnsupportedAlgorithm {
        /// Dotted object identifier.
        oid: String,
    },
    /// A digest of the content that the signature algorithm does not go with (RFC 8419 §3.1, RFC 9882 §3.3).
    #[error("{digest} is not a digest for {scheme}")]
    DigestNotAllowed {
        /// Name of the digest algorithm.
        digest: &'static str,
        /// Name of the signature algorithm.
        scheme: String,
    },
    /// The signature algorithm and the kind of the key do not belong together.
    #[error("the signature algorithm does not belong to the key")]
    KeyMismatch,
    /// A DSA key that inherits its parameters, seen without the path that it inherits them by (RFC 3279 §2.3.2).
    #[error("the parameters of the key stand in another X.509 certificate")]
    KeyParameters,
    /// The cryptographic signature is wrong.
    #[error("the signature value is wrong")]
    SignatureInvalid,
    /// The message-digest attribute differs from the digest of the content (RFC 5652 §11.2).
    #[error("the message digest differs from the content")]
    DigestMismatch,
    /// A signed attribute is missing, repeated or contradictory (RFC 5652 §5.3, §11).
    #[error("signed attribute {attribute} is missing, repeated or contradictory")]
    SignedAttribute {
        /// Name of the attribute.
        attribute: &'static str,
    },
    /// The ESS signing-certificate attribute names another certificate (RFC 5035).
    #[error("the ESS signing-certificate attribute names another certificate")]
    EssMismatch,
    /// The CMS has no SignerInfo or more than one.
    #[error("expected exactly one signer, found {found}")]
    SignerCount {
        /// Number of SignerInfo structures.
        found: usize,
    },
    /// The certificate that the signer identifier names is not in the structure.
    #[error("the signer's X.509 certificate is not embedded")]
    SignerNotFound,
    /// The CMS has an eContent where none may be, or has none where one must be.
    #[error("the encapsulated content does not fit the kind of signature")]
    EncapsulatedContent,
    /// The name of the issuer differs from the subject of the supposed issuer.
    #[error("the issuer's name differs")]
    IssuerMismatch,
    /// The supposed issuer is not a CA, or may not sign what it signed.
    #[error("the issuer may not sign this ({what})")]
    NotAnIssuer {
        /// The rule that fails.
        what: &'static str,
    },
    /// A critical extension that is not processed (RFC 5280 §4.2).
    #[error("critical extension {oid} is not processed")]
    CriticalExtension {
        /// Dotted object identifier.
        oid: String,
    },
    /// Not yet valid, or expired, at the instant asked for.
    #[error("{what} is not valid at the instant asked for")]
    NotValidAt {
        /// What is outside its validity.
        what: &'static str,
    },
    /// The key usage or extended key usage does not allow this use.
    #[error("the key usage does not allow {purpose}")]
    KeyUsage {
        /// The use that was asked for.
        purpose: &'static str,
    },
    /// A path rule of RFC 5280 §6 fails.
    #[error("path validation failed: {rule}")]
    PathRule {
        /// The rule that fails.
        rule: &'static str,
    },
    /// The time-stamping authority refused (RFC 3161 §2.4.2).
    #[error("the time-stamping authority answered status {status}")]
    TimestampRefused {
        /// PKIStatus.
        status: i64,
        /// First PKIFailureInfo bit that is set.
        failure: Option<u8>,
    },
    /// The token's imprint is not the one that was asked for.
    #[error("the time-stamp is about other data")]
    TimestampImprint,
    /// The token's nonce is not the one that was sent, or is missing.
    #[error("the time-stamp carries another nonce")]
    TimestampNonce,
    /// The TSA's X.509 certificate lacks a critical, sole id-kp-timeStamping (RFC 3161 §2.3).
    #[error("the time-stamp signer may not sign time-stamps")]
    TimestampKeyUsage,
    /// The token does not hold a TSTInfo.
    #[error("not a time-stamp token")]
    NotATimestamp,
    /// The OCSP responder answered an error (RFC 6960 §4.2.1).
    #[error("the OCSP responder answered status {status}")]
    OcspRefused {
        /// OCSPResponseStatus.
        status: u8,
    },
    /// No single response of the OCSP response is about this certificate.
    #[error("the OCSP response is about another X.509 certificate")]
    OcspOtherCertificate,
    /// The signer of the OCSP response is neither the issuer nor a responder delegated by it.
    #[error("the OCSP responder is not authorised by the issuer")]
    OcspResponder,
    /// The key that made the signature is not the one that the response names as its responder (RFC 6960 §4.2.1, responderID).
    #[error("the OCSP response names another responder than the one who signed it")]
    OcspResponderId,
    /// The delegated responder has no id-pkix-ocsp-nocheck, and nothing at hand says whether it was itself revoked
    /// (RFC 6960 §4.2.2.2.1).
    #[error("whether the OCSP responder was itself revoked is not known")]
    OcspResponderUnknown,
    /// The nonce of an OCSP response is not the one that was sent.
    #[error("the OCSP response carries another nonce")]
    OcspNonce,
    /// The evidence was not in force at the instant asked for.
    #[error("the {what} is not in force at the instant asked for")]
    NotFresh {
        /// OCSP response or CRL.
        what: &'static str,
    },
    /// The evidence was signed by an algorithm that is not believed any more.
    #[error("the revocation evidence was signed by an algorithm that is not relied on any more")]
    WeakEvidence,
    /// A kind of CRL that is not processed (delta, indirect, partial by reasons or by kind of certificate).
    #[error("this kind of CRL is not processed ({what})")]
    CrlScope {
        /// The property that is not processed.
        what: &'static str,
    },
    /// A value given for building cannot be encoded.
    #[error("{what} cannot be encoded")]
    CannotEncode {
        /// The value that does not fit.
        what: &'static str,
    },
}

impl Error {
    /// Stable kebab-case code for reports and problem documents.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "malformed",
            Self::Limit { .. } => "limit-exceeded",
            Self::ReadingsDiffer { .. } => "readings-differ",
            Self::UnsupportedAlgorithm { .. } => "unsupported-algorithm",
            Self::DigestNotAllowed { .. } => "digest-not-allowed",
            Self::KeyMismatch => "key-mismatch",
            Self::KeyParameters => "key-parameters",
            Self::SignatureInvalid => "signature-invalid",
            Self::DigestMismatch => "digest-mismatch",
            Self::SignedAttribute { .. } => "signed-attribute",
            Self::EssMismatch => "ess-mismatch",
            Self::SignerCount { .. } => "signer-count",
            Self::SignerNotFound => "signer-not-found",
            Self::EncapsulatedContent => "encapsulated-content",
            Self::IssuerMismatch => "issuer-mismatch",
            Self::NotAnIssuer { .. } => "not-an-issuer",
            Self::CriticalExtension { .. } => "critical-extension",
            Self::NotValidAt { .. } => "not-valid-at",
            Self::KeyUsage { .. } => "key-usage",
            Self::PathRule { .. } => "path-rule",
            Self::TimestampRefused { .. } => "timestamp-refused",
            Self::TimestampImprint => "timestamp-imprint",
            Self::TimestampNonce => "timestamp-nonce",
            Self::TimestampKeyUsage => "timestamp-key-usage",
            Self::NotATimestamp => "not-a-timestamp",
            Self::OcspRefused { .. } => "ocsp-refused",
            Self::OcspOtherCertificate => "ocsp-other-certificate",
            Self::OcspResponder => "ocsp-responder",
            Self::OcspResponderId => "ocsp-responder-id",
            Self::OcspResponderUnknown => "ocsp-responder-unknown",
            Self::OcspNonce => "ocsp-nonce",
            Self::NotFresh { .. } => "not-fresh",
            Self::WeakEvidence => "weak-evidence",
            Self::CrlScope { .. } => "crl-scope",
            Self::CannotEncode { .. } => "cannot-encode",
        }
    }
}

/// Cryptography that still verifies but should no longer be relied on (ETSI TS 119 312, TT 15/2025/TT-BKHCN).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Weakness {
    /// The digest of the content, or the imprint of a time-stamp, is by MD5, SHA-1 or SHA-224.
    WeakDigest(DigestAlgorithm),
    /// The ESS attribute names the signer's X.509 certificate by such a digest. That alone does not weaken the signature.
    WeakBinding(DigestAlgorithm),
    /// The signature itself is made over such a digest.
    WeakSignatureDigest(DigestAlgorithm),
    /// DSA, of whatever length: withdrawn (FIPS 186-5).
    Dsa {
        /// Length of p; `None` where it stands in another X.509 certificate.
        bits: Option<usize>,
    },
    /// RSA modulus below 2048 bits.
    ShortKey {
        /// Length of the modulus.
        bits: usize,
    },
}

impl Weakness {
    /// Stable kebab-case code for reports.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::WeakDigest(_) => "weak-digest",
            Self::WeakBinding(_) => "weak-binding",
            Self::WeakSignatureDigest(_) => "weak-signature-digest",
            Self::Dsa { .. } => "withdrawn-algorithm",
            Self::ShortKey { .. } => "short-key",
        }
    }
}
