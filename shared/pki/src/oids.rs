//! Object identifiers, by the names their standards use.

use const_oid::ObjectIdentifier;

use crate::DigestAlgorithm;

macro_rules! oids {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        $($(#[$doc])* pub(crate) const $name: ObjectIdentifier = ObjectIdentifier::new_unwrap($text);)*
    };
}

oids! {
    // digests
    MD5 = "1.2.840.113549.2.5";
    SHA1 = "1.3.14.3.2.26";
    SHA256 = "2.16.840.1.101.3.4.2.1";
    SHA384 = "2.16.840.1.101.3.4.2.2";
    SHA512 = "2.16.840.1.101.3.4.2.3";
    SHA224 = "2.16.840.1.101.3.4.2.4";
    SHA3_256 = "2.16.840.1.101.3.4.2.8";
    SHA3_384 = "2.16.840.1.101.3.4.2.9";
    SHA3_512 = "2.16.840.1.101.3.4.2.10";
    SHAKE256 = "2.16.840.1.101.3.4.2.12";
    SHAKE256_LEN = "2.16.840.1.101.3.4.2.18";
    // keys and signatures
    RSA_ENCRYPTION = "1.2.840.113549.1.1.1";
    MD5_WITH_RSA = "1.2.840.113549.1.1.4";
    SHA1_WITH_RSA = "1.2.840.113549.1.1.5";
    MGF1 = "1.2.840.113549.1.1.8";
    RSASSA_PSS = "1.2.840.113549.1.1.10";
    SHA256_WITH_RSA = "1.2.840.113549.1.1.11";
    SHA384_WITH_RSA = "1.2.840.113549.1.1.12";
    SHA512_WITH_RSA = "1.2.840.113549.1.1.13";
    SHA224_WITH_RSA = "1.2.840.113549.1.1.14";
    SHA3_256_WITH_RSA = "2.16.840.1.101.3.4.3.14";
    SHA3_384_WITH_RSA = "2.16.840.1.101.3.4.3.15";
    SHA3_512_WITH_RSA = "2.16.840.1.101.3.4.3.16";
    EC_PUBLIC_KEY = "1.2.840.10045.2.1";
    P256 = "1.2.840.10045.3.1.7";
    P384 = "1.3.132.0.34";
    P521 = "1.3.132.0.35";
    ECDSA_SHA1 = "1.2.840.10045.4.1";
    ECDSA_SHA256 = "1.2.840.10045.4.3.2";
    ECDSA_SHA384 = "1.2.840.10045.4.3.3";
    ECDSA_SHA512 = "1.2.840.10045.4.3.4";
    ED25519 = "1.3.101.112";
    ED448 = "1.3.101.113";
    ML_DSA_44 = "2.16.840.1.101.3.4.3.17";
    ML_DSA_65 = "2.16.840.1.101.3.4.3.18";
    ML_DSA_87 = "2.16.840.1.101.3.4.3.19";
    DSA = "1.2.840.10040.4.1";
    DSA_SHA1 = "1.2.840.10040.4.3";
    DSA_SHA224 = "2.16.840.1.101.3.4.3.1";
    DSA_SHA256 = "2.16.840.1.101.3.4.3.2";
    DSA_SHA384 = "2.16.840.1.101.3.4.3.3";
    DSA_SHA512 = "2.16.840.1.101.3.4.3.4";
    SHA1_WITH_RSA_OIW = "1.3.14.3.2.29";
    // CMS
    DATA = "1.2.840.113549.1.7.1";
    SIGNED_DATA = "1.2.840.113549.1.7.2";
    CONTENT_TYPE = "1.2.840.113549.1.9.3";
    MESSAGE_DIGEST = "1.2.840.113549.1.9.4";
    SIGNING_TIME = "1.2.840.113549.1.9.5";
    TST_INFO = "1.2.840.113549.1.9.16.1.4";
    SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12";
    SIGNER_ATTRIBUTES = "1.2.840.113549.1.9.16.2.18";
    CONTENT_TIME_STAMP = "1.2.840.113549.1.9.16.2.20";
    TIME_STAMP_TOKEN = "1.2.840.113549.1.9.16.2.14";
    SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47";
    ALGORITHM_PROTECTION = "1.2.840.113549.1.9.52";
    ADBE_REVOCATION = "1.2.840.113583.1.1.8";
    RI_OCSP_RESPONSE = "1.3.6.1.5.5.7.16.2";
    // X.509 extensions
    SUBJECT_KEY_ID = "2.5.29.14";
    KEY_USAGE = "2.5.29.15";
    BASIC_CONSTRAINTS = "2.5.29.19";
    CRL_NUMBER = "2.5.29.20";
    CRL_REASON = "2.5.29.21";
    INVALIDITY_DATE = "2.5.29.24";
    DELTA_CRL = "2.5.29.27";
    ISSUING_DISTRIBUTION_POINT = "2.5.29.28";
    CERTIFICATE_ISSUER = "2.5.29.29";
    CRL_DISTRIBUTION_POINTS = "2.5.29.31";
    CERTIFICATE_POLICIES = "2.5.29.32";
    ANY_POLICY = "2.5.29.32.0";
    POLICY_MAPPINGS = "2.5.29.33";
    POLICY_CONSTRAINTS = "2.5.29.36";
    INHIBIT_ANY_POLICY = "2.5.29.54";
    FRESHEST_CRL = "2.5.29.46";
    SUBJECT_ALT_NAME = "2.5.29.17";
    NAME_CONSTRAINTS = "2.5.29.30";
    AUTHORITY_KEY_ID = "2.5.29.35";
    EXTENDED_KEY_USAGE = "2.5.29.37";
    EXPIRED_CERTS_ON_CRL = "2.5.29.60";
    AUTHORITY_INFO_ACCESS = "1.3.6.1.5.5.7.1.1";
    AD_OCSP = "1.3.6.1.5.5.7.48.1";
    AD_CA_ISSUERS = "1.3.6.1.5.5.7.48.2";
    // extended key usages
    KP_SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
    KP_CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";
    KP_CODE_SIGNING = "1.3.6.1.5.5.7.3.3";
    KP_EMAIL_PROTECTION = "1.3.6.1.5.5.7.3.4";
    KP_TIME_STAMPING = "1.3.6.1.5.5.7.3.8";
    KP_OCSP_SIGNING = "1.3.6.1.5.5.7.3.9";
    KP_DOCUMENT_SIGNING = "1.3.6.1.5.5.7.3.36";
    // OCSP
    OCSP_BASIC = "1.3.6.1.5.5.7.48.1.1";
    OCSP_NONCE = "1.3.6.1.5.5.7.48.1.2";
    QC_STATEMENTS = "1.3.6.1.5.5.7.1.3";
    OCSP_NOCHECK = "1.3.6.1.5.5.7.48.1.5";
    OCSP_ARCHIVE_CUTOFF = "1.3.6.1.5.5.7.48.1.6";
    // attribute types of names
    AT_COMMON_NAME = "2.5.4.3";
    AT_SURNAME = "2.5.4.4";
    AT_SERIAL_NUMBER = "2.5.4.5";
    AT_COUNTRY = "2.5.4.6";
    AT_LOCALITY = "2.5.4.7";
    AT_STATE = "2.5.4.8";
    AT_STREET = "2.5.4.9";
    AT_ORGANISATION = "2.5.4.10";
    AT_ORGANISATIONAL_UNIT = "2.5.4.11";
    AT_TITLE = "2.5.4.12";
    AT_GIVEN_NAME = "2.5.4.42";
    AT_ORGANISATION_IDENTIFIER = "2.5.4.97";
    AT_USER_ID = "0.9.2342.19200300.100.1.1";
    AT_DOMAIN_COMPONENT = "0.9.2342.19200300.100.1.25";
    AT_EMAIL = "1.2.840.113549.1.9.1";
}

/// PKCS#9, S/MIME and CAdES attributes (the first arc holds the second's objects too).
pub(crate) const ATTRIBUTE_ARCS: [ObjectIdentifier; 2] =
    [ObjectIdentifier::new_unwrap("1.2.840.113549.1.9"), ObjectIdentifier::new_unwrap("0.4.0.19122.1")];

/// The digest an identifier names. MD5 and SHAKE256 are understood only as the digest of a CMS signature, never of a time-stamp or a
/// binding.
pub(crate) fn digest_of(oid: &ObjectIdentifier) -> Option<DigestAlgorithm> {
    match *oid {
        SHA1 => Some(DigestAlgorithm::Sha1),
        SHA256 => Some(DigestAlgorithm::Sha256),
        SHA384 => Some(DigestAlgorithm::Sha384),
        SHA512 => Some(DigestAlgorithm::Sha512),
        SHA224 => Some(DigestAlgorithm::Sha224),
        SHA3_256 => Some(DigestAlgorithm::Sha3_256),
        SHA3_384 => Some(DigestAlgorithm::Sha3_384),
        SHA3_512 => Some(DigestAlgorithm::Sha3_512),
        _ => None,
    }
}

/// The identifier of a digest.
pub(crate) fn oid_of(algorithm: DigestAlgorithm) -> ObjectIdentifier {
    match algorithm {
        DigestAlgorithm::Md5 => MD5,
        DigestAlgorithm::Sha1 => SHA1,
        DigestAlgorithm::Sha224 => SHA224,
        DigestAlgorithm::Sha256 => SHA256,
        DigestAlgorithm::Sha384 => SHA384,
        DigestAlgorithm::Sha512 => SHA512,
        DigestAlgorithm::Sha3_256 => SHA3_256,
        DigestAlgorithm::Sha3_384 => SHA3_384,
        DigestAlgorithm::Sha3_512 => SHA3_512,
        DigestAlgorithm::Shake256 => SHAKE256,
    }
}
