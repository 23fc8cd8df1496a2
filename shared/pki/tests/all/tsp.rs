//! Time-stamp requests, answers and every way an answer can be wrong.

use pki::issue::{
    CertificateSpec, ExtendedKeyUsage, TimestampRequest, TimestampSpec, timestamp_rejection, timestamp_response,
    timestamp_token,
};
use pki::tsp::{Token, check_response, request};
use pki::{DigestAlgorithm, Error, digest};

use crate::pki::{Key, Pki, issue, sha256, spec, timestamp_spec};
use crate::rewritten::unbound;

const NONCE: &[u8] = &[0x00, 0x9c, 1, 2, 3, 4, 5, 6];

fn answer(pki: &Pki, spec: &TimestampSpec) -> Vec<u8> {
    timestamp_response(&pki.token(spec))
}

/// A responder reads our request and its answer is accepted.
#[test]
fn request_and_answer_meet() {
    let pki = Pki::new();
    let imprint = sha256(b"signature value");
    let asked = TimestampRequest::parse(&request(&imprint, NONCE)).expect("readable");
    assert!(asked.certificate_wanted);
    assert_eq!((asked.imprint_algorithm, asked.imprint.as_slice()), (DigestAlgorithm::Sha256, imprint.as_slice()));
    let response = answer(&pki, &timestamp_spec(&asked.imprint, asked.nonce.as_deref()));
    let token = check_response(&response, &imprint, NONCE).expect("accepted");
    assert_eq!((token.gen_time(), token.serial_hex()), (crate::pki::NOW, "010203".to_owned()));
    assert_eq!(token.signer_certificate(), Some(&pki.tsa.cert));
    let facts = token.verify(&|algorithm| digest(algorithm, &[b"signature value"])).expect("verifies");
    assert_eq!(facts.certificates.len(), 2);
    let mut padded = token.der().to_vec();
    padded.resize(16_384, 0);
    assert_eq!(Token::parse(&padded).expect("readable").der(), token.der());
}

/// Each wrong answer has its own error.
#[test]
fn wrong_answers_are_told_apart() {
    let pki = Pki::new();
    let imprint = sha256(b"signature value");
    let check = |response: &[u8]| check_response(response, &imprint, NONCE).map(|_| ());
    let other_imprint = answer(&pki, &timestamp_spec(&sha256(b"other"), Some(NONCE)));
    assert_eq!(check(&other_imprint), Err(Error::TimestampImprint));
    let other_nonce = answer(&pki, &timestamp_spec(&imprint, Some(&[7; 8])));
    assert_eq!(check(&other_nonce), Err(Error::TimestampNonce));
    let no_nonce = answer(&pki, &timestamp_spec(&imprint, None));
    assert_eq!(check(&no_nonce), Err(Error::TimestampNonce));
    assert_eq!(check(&timestamp_rejection(14)), Err(Error::TimestampRefused { status: 2, failure: Some(14) }));
    assert_eq!(check(b"<html>502</html>"), Err(Error::Malformed { what: "time-stamp" }));
    assert_eq!(check(&[]), Err(Error::Malformed { what: "time-stamp" }));

    let good = answer(&pki, &timestamp_spec(&imprint, Some(NONCE)));
    let mut forged = good.clone();
    *forged.last_mut().expect("not empty") ^= 1;
    assert_eq!(check(&forged), Err(Error::SignatureInvalid));
    assert_eq!(check(&good), Ok(()));
}

/// RFC 3161 §2.4.2, RFC 5816 §2.2.1: a token that does not name its signer verifies by every X.509 certificate on the same key, and says so;
/// of our own authority it is refused.
#[test]
fn a_token_that_names_no_signer_is_not_bound() {
    let pki = Pki::new();
    let imprint = sha256(b"signature value");
    let token = pki.token(&timestamp_spec(&imprint, Some(NONCE)));
    let loose = unbound(&token, &|attributes| pki.tsa.key.sign(attributes));
    let bound =
        |der: &[u8]| Token::parse(der).expect("readable").verify(&|_| imprint.to_vec()).map(|facts| facts.bound);
    assert_eq!((bound(&token), bound(&loose)), (Ok(true), Ok(false)));
    let refused = check_response(&timestamp_response(&loose), &imprint, NONCE).err();
    assert_eq!(refused, Some(Error::SignedAttribute { attribute: "signing-certificate" }));
}

/// RFC 3161 §2.3: the extended key usage must be critical and alone.
#[test]
fn the_signer_must_be_a_tsa() {
    let pki = Pki::new();
    let imprint = sha256(b"signature value");
    let usages = [
        (vec![ExtendedKeyUsage::TimeStamping], false),
        (vec![ExtendedKeyUsage::TimeStamping, ExtendedKeyUsage::EmailProtection], true),
        (vec![], false),
    ];
    for (usage, critical) in usages {
        let key = Key::ec();
        let spec = CertificateSpec {
            extended_key_usage: usage,
            extended_key_usage_critical: critical,
            ..spec("Không phải TSA", 77, &key)
        };
        let holder = issue(&spec, Some(&pki.ca), key);
        let token =
            timestamp_token(&timestamp_spec(&imprint, Some(NONCE)), &[holder.cert], holder.key.algorithm(), &|tbs| {
                holder.key.sign(tbs)
            });
        let response = timestamp_response(&token.expect("a token"));
        assert_eq!(check_response(&response, &imprint, NONCE).err(), Some(Error::TimestampKeyUsage));
    }
    // A document signature is not a token.
    let attributes = pki::cms::signed_attributes(&imprint, &pki.leader.cert).expect("attributes");
    let raw = pki.leader.key.sign(&attributes);
    let cms = pki::cms::assemble(&attributes, &raw, std::slice::from_ref(&pki.leader.cert), None).expect("a CMS");
    assert_eq!(check_response(&timestamp_response(&cms), &imprint, NONCE).err(), Some(Error::NotATimestamp));
}
