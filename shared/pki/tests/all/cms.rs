//! Signatures: made, read by two readers, verified, and broken.

use pki::cms::{SignedData, Trailing, add_timestamp, assemble, signed_attributes, verify_raw};
use pki::{DigestAlgorithm, Error, digest};

use crate::pki::{Holder, Pki, sha256, timestamp_spec};

const CONTENT: &[u8] = b"%PDF-1.7 the octets of a byte range";

fn over(content: &'static [u8]) -> impl Fn(DigestAlgorithm) -> Vec<u8> {
    move |algorithm| digest(algorithm, &[content])
}

fn sign(signer: &Holder, chain: &[::pki::Certificate]) -> Vec<u8> {
    let attributes = signed_attributes(&sha256(CONTENT), &signer.cert).expect("attributes");
    let raw = signer.key.sign(&attributes);
    assemble(&attributes, &raw, chain, None).expect("a CMS")
}

/// R46, decision 10: RSA, ECDSA as DER and ECDSA as r‖s all come out as CMS that verify.
#[test]
fn made_signatures_verify() {
    let pki = Pki::new();
    let fixed = Holder { key: pki.seal.key.fixed(), cert: pki.seal.cert.clone() };
    for signer in [&pki.leader, &pki.seal, &fixed] {
        let attributes = signed_attributes(&sha256(CONTENT), &signer.cert).expect("attributes");
        assert!(attributes.len() < 4_096 && attributes.first() == Some(&0x31));
        let raw = signer.key.sign(&attributes);
        verify_raw(&attributes, &raw, &signer.cert).expect("a good signature");
        let cms = sign(signer, &[signer.cert.clone(), pki.ca.cert.clone()]);
        let parsed = SignedData::parse(&cms).expect("readable");
        assert_eq!((parsed.signers(), parsed.trailing(), parsed.der()), (1, Trailing::None, cms.as_slice()));
        assert_eq!(parsed.certificates().len(), 2);
        assert_eq!(parsed.signer_certificate(), Some(&signer.cert));
        assert_eq!(parsed.message_digest(), Some(sha256(CONTENT).as_slice()));
        assert_eq!((parsed.ess_certificate_ok(), parsed.signing_time()), (Some(true), None));
        let verified = parsed.verify(&over(CONTENT)).expect("verifies");
        assert_eq!(verified.signer, signer.cert);
        assert!(verified.weak.is_empty() && verified.has_signed_attributes);
    }
}

/// The strict decoder of another library reads what we write, octet by octet.
#[test]
fn another_decoder_agrees() {
    use der::{Decode as _, Encode as _};
    let pki = Pki::new();
    let bytes = sign(&pki.leader, &[pki.leader.cert.clone(), pki.ca.cert.clone()]);
    let info = ::cms::content_info::ContentInfo::from_der(&bytes).expect("strict DER");
    assert_eq!(info.to_der().expect("encodes"), bytes);
    let data = info.content.decode_as::<::cms::signed_data::SignedData>().expect("SignedData");
    assert_eq!((data.signer_infos.0.len(), data.encap_content_info.econtent.is_none()), (1, true));
}

/// Every wrong thing has its own error.
#[test]
fn wrong_signatures_are_told_apart() {
    let pki = Pki::new();
    let chain = [pki.leader.cert.clone()];
    let cms = sign(&pki.leader, &chain);
    let parsed = SignedData::parse(&cms).expect("readable");
    assert_eq!(parsed.verify(&over(b"other octets")), Err(Error::DigestMismatch));

    let attributes = signed_attributes(&sha256(CONTENT), &pki.leader.cert).expect("attributes");
    let raw = pki.leader.key.sign(&attributes);
    let mut bad = raw.clone();
    bad[40] ^= 1;
    assert_eq!(assemble(&attributes, &bad, &chain, None), Err(Error::SignatureInvalid));
    assert_eq!(verify_raw(&attributes, &raw, &pki.seal.cert), Err(Error::SignatureInvalid));
    assert_eq!(assemble(&attributes, &raw, &[], None), Err(Error::SignerNotFound));

    // The last octet of the CMS belongs to the signature value.
    let mut broken = cms.clone();
    *broken.last_mut().expect("not empty") ^= 1;
    let parsed = SignedData::parse(&broken).expect("readable");
    assert_eq!(parsed.verify(&over(CONTENT)), Err(Error::SignatureInvalid));

    // Attributes that name another certificate, honestly signed by this one.
    let foreign = signed_attributes(&sha256(CONTENT), &pki.seal.cert).expect("attributes");
    let raw = pki.leader.key.sign(&foreign);
    assert_eq!(assemble(&foreign, &raw, &chain, None), Err(Error::EssMismatch));
}

/// The certificate is looked for in the CMS and, only if offered, elsewhere.
#[test]
fn a_missing_signer_is_named() {
    let pki = Pki::new();
    let full = sign(&pki.leader, std::slice::from_ref(&pki.leader.cert));
    // Cut the [0] certificates out by rebuilding around them: swap in another bag of the same shape.
    let at = full.windows(pki.leader.cert.der().len()).position(|part| part == pki.leader.cert.der()).expect("inside");
    let mut damaged = full.clone();
    damaged[at + 20] ^= 0xff;
    if let Ok(parsed) = SignedData::parse(&damaged)
        && parsed.certificates().is_empty()
    {
        assert_eq!(parsed.unreadable_certificates(), 1);
        assert_eq!(parsed.verify(&over(CONTENT)), Err(Error::SignerNotFound));
        parsed.verify_with(&over(CONTENT), std::slice::from_ref(&pki.leader.cert)).expect("found in the pool");
    }
}

/// Zero padding of /Contents is cut; anything else after the CMS is reported (rule A3).
#[test]
fn trailing_octets_are_seen() {
    let pki = Pki::new();
    let mut contents = sign(&pki.seal, std::slice::from_ref(&pki.seal.cert));
    let length = contents.len();
    contents.resize(32_768, 0);
    let parsed = SignedData::parse(&contents).expect("readable");
    assert_eq!((parsed.trailing(), parsed.der().len()), (Trailing::Zeros, length));
    parsed.verify(&over(CONTENT)).expect("verifies");
    *contents.last_mut().expect("not empty") = 7;
    assert_eq!(SignedData::parse(&contents).expect("readable").trailing(), Trailing::Other);
}

/// A CMS rewritten with indefinite lengths and a split octet string is the same signature.
#[test]
fn ber_is_understood() {
    let pki = Pki::new();
    let cms = sign(&pki.leader, &[pki.leader.cert.clone(), pki.ca.cert.clone()]);
    let head = |bytes: &[u8]| if bytes[1] & 0x80 == 0 { 2 } else { 2 + usize::from(bytes[1] & 0x7f) };
    let inner = &cms[head(&cms)..];
    let oid_length = 2 + usize::from(inner[1]);
    let explicit = &inner[oid_length..];
    let body = &explicit[head(explicit)..];
    let body_content = &body[head(body)..];
    let mut ber = vec![0x30, 0x80];
    ber.extend_from_slice(&inner[..oid_length]);
    ber.extend_from_slice(&[0xa0, 0x80, 0x30, 0x80]);
    ber.extend_from_slice(body_content);
    ber.extend_from_slice(&[0; 6]);
    ber.extend_from_slice(&[0; 100]);
    let parsed = SignedData::parse(&ber).expect("readable");
    assert_eq!((parsed.trailing(), parsed.der()), (Trailing::Zeros, cms.as_slice()));
    parsed.verify(&over(CONTENT)).expect("verifies");
}

/// A signature time-stamp is added without touching the signature, at once or later.
#[test]
fn timestamps_ride_along() {
    let pki = Pki::new();
    let cms = sign(&pki.leader, std::slice::from_ref(&pki.leader.cert));
    let value = SignedData::parse(&cms).expect("readable").signature_value().to_vec();
    let token = pki.token(&timestamp_spec(&sha256(&value), None));
    let stamped = add_timestamp(&cms, &token).expect("stamped");
    let twice = add_timestamp(&stamped, &token).expect("stamped twice");
    let attributes = signed_attributes(&sha256(CONTENT), &pki.leader.cert).expect("attributes");
    let at_once = assemble(&attributes, &value, std::slice::from_ref(&pki.leader.cert), Some(&token))
        .expect("the same signature again");
    assert_eq!(at_once, stamped);
    for (bytes, count) in [(stamped, 1), (twice, 2)] {
        let parsed = SignedData::parse(&bytes).expect("readable");
        parsed.verify(&over(CONTENT)).expect("verifies");
        assert_eq!(parsed.timestamp_tokens(), vec![token.clone(); count]);
    }
    let read = ::pki::tsp::Token::parse(&token).expect("a token");
    let facts = read.verify(&|algorithm| digest(algorithm, &[&value])).expect("verifies");
    assert_eq!((facts.gen_time, facts.signer), (crate::pki::NOW, pki.tsa.cert.clone()));
}
