//! The rules a complete path must keep: certval for RFC 5280 §6.1, and what the leaf is to be used for.

use certval::{
    CertificationPath, CertificationPathResults, CertificationPathSettings, PDVCertificate, PDVTrustAnchorChoice,
    PathValidationStatus, PkiEnvironment, TimeOfInterest, validate_path_rfc5280,
};
use der::Encode as _;
use der::asn1::BitString;

use super::Purpose;
use crate::asn1::{self, SEQUENCE};
use crate::verify::{PublicKey, Scheme};
use crate::{Certificate, Error, oids};

/// Checks a chain leaf..anchor at an instant.
pub(super) fn check(chain: &[Certificate], at: i64, purpose: Purpose) -> Result<(), Error> {
    let (Some((leaf, rest)), Some(anchor)) = (chain.split_first(), chain.last()) else {
        return Err(Error::PathRule { rule: "empty path" });
    };
    // certval reads the instant 0 as "do not check the time".
    if at <= 0 || chain.iter().any(|member| !member.valid_at(at)) {
        return Err(Error::NotValidAt { what: not_valid(chain, at) });
    }
    check_purpose(leaf, purpose)?;
    if rest.is_empty() {
        return Ok(());
    }
    let intermediates = rest.split_last().map_or(&[][..], |(_, before)| before);
    let path = CertificationPath::new(
        PDVTrustAnchorChoice::try_from(anchor.der()).map_err(|_| unreadable())?,
        intermediates.iter().rev().map(typed).collect::<Result<Vec<_>, _>>()?,
        typed(leaf)?,
    );
    validate(&path, at)
}

fn unreadable() -> Error {
    Error::Malformed { what: "X.509 certificate" }
}

fn typed(certificate: &Certificate) -> Result<PDVCertificate, Error> {
    PDVCertificate::try_from(certificate.der()).map_err(|_| unreadable())
}

/// Which member is outside its validity, for people.
fn not_valid(chain: &[Certificate], at: i64) -> &'static str {
    match chain.iter().position(|member| !member.valid_at(at)) {
        Some(0) => "the leaf X.509 certificate",
        Some(index) if index + 1 == chain.len() => "the trust anchor",
        _ => "an intermediate X.509 certificate",
    }
}

fn validate(path: &CertificationPath, at: i64) -> Result<(), Error> {
    let mut environment = PkiEnvironment::new();
    environment.add_verify_signature_message_callback(verify_message);
    let mut settings = CertificationPathSettings::new();
    let seconds = u64::try_from(at).map_err(|_| Error::NotValidAt { what: "path" })?;
    let instant = TimeOfInterest::from_unix_secs(seconds).map_err(|_| Error::NotValidAt { what: "path" })?;
    settings.set_time_of_interest(instant);
    // The search already ended at an anchor, by DER; there is no second store to ask.
    settings.set_require_ta_store(false);
    let mut results = CertificationPathResults::new();
    validate_path_rfc5280(&environment, &settings, path, &mut results).map_err(reason)
}

/// certval's signature checks, done by aws-lc.
fn verify_message(
    _: &PkiEnvironment,
    message: &[u8],
    signature: &BitString,
    algorithm: &x509_cert::spki::AlgorithmIdentifierOwned,
    key: &x509_cert::spki::SubjectPublicKeyInfoOwned,
) -> certval::Result<()> {
    let wrong = certval::Error::PathValidation(PathValidationStatus::SignatureVerificationFailure);
    let check = || -> Option<()> {
        let key = key.to_der().ok()?;
        let key = PublicKey::from_spki(&asn1::only(&key, SEQUENCE, "subject public key").ok()?).ok()?;
        let algorithm = algorithm.to_der().ok()?;
        let scheme = Scheme::read(&asn1::only(&algorithm, SEQUENCE, "signature algorithm").ok()?, None).ok()?;
        key.verify(scheme, message, signature.as_bytes()?).ok()
    };
    check().ok_or(wrong)
}

fn reason(error: certval::Error) -> Error {
    use PathValidationStatus as S;
    let certval::Error::PathValidation(status) = error else {
        return Error::PathRule { rule: "the path could not be processed" };
    };
    let rule = match status {
        S::SignatureVerificationFailure => return Error::SignatureInvalid,
        S::InvalidNotBeforeDate | S::InvalidNotAfterDate => return Error::NotValidAt { what: "a member of the path" },
        S::NameChainingFailure => return Error::IssuerMismatch,
        S::MissingBasicConstraints | S::InvalidBasicConstraints => "basicConstraints: an issuer is not a CA",
        S::InvalidPathLength => "basicConstraints: path length",
        S::InvalidKeyUsage => "keyUsage: an issuer may not sign X.509 certificates",
        S::NullPolicySet | S::InvalidPolicyMapping => "certificatePolicies",
        S::NameConstraintsViolation => "nameConstraints",
        S::UnprocessedCriticalExtension => "unprocessed critical extension",
        S::EncodingError => "encoding",
        S::ProcessingLimitExceeded => "processing limit",
        S::InsufficientKeySize => "key size",
        _ => "other rule of RFC 5280 §6",
    };
    Error::PathRule { rule }
}

fn check_purpose(leaf: &Certificate, purpose: Purpose) -> Result<(), Error> {
    let facts = leaf.facts();
    let may_sign = leaf.allows_digital_signature_or_non_repudiation();
    let (allowed, purpose) = match purpose {
        Purpose::Any => return Ok(()),
        Purpose::Signing => {
            let other = [oids::KP_SERVER_AUTH, oids::KP_CODE_SIGNING, oids::KP_TIME_STAMPING, oids::KP_OCSP_SIGNING];
            let extended = facts.extended.as_ref();
            let elsewhere = extended.is_some_and(|e| e.purposes.iter().all(|purpose| other.contains(purpose)));
            (may_sign && !elsewhere, "signing documents")
        }
        Purpose::Timestamping => (may_sign && leaf.has_timestamping_eku_only_critical(), "time-stamping"),
        Purpose::OcspSigning => (may_sign && leaf.has_ocsp_signing_eku(), "OCSP signing"),
    };
    if allowed { Ok(()) } else { Err(Error::KeyUsage { purpose }) }
}
