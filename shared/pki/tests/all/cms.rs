//! Signatures: made, read by two readers, verified, and broken.

use pki::cms::{SignedData, Trailing, add_timestamp, assemble, signed_attributes, verify_raw};
use pki::{DigestAlgorithm, Error, digest};

use ::pki::issue::CertificateSpec;

use crate::pki::{Holder, Key, Pki, ca_spec, issue, sha256, signer_spec, timestamp_spec};
use crate::rewritten::{members, tlv, together, unbound};

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

/// RFC 5652 §5.3, RFC 5035 §3: another X.509 certificate with the same issuer and serial number, or on the same key, may lie in the same bag
/// or in the pool; the one that ESS names signed, in whichever order they lie.
#[test]
fn namesakes_of_the_signer_do_not_hide_it() {
    use ::pki::issue::certificate;
    let pki = Pki::new();
    // A root of the CA's name with the leader's serial number; and the leader certified again by the same serial number.
    let key = Key::ec();
    let by_name = issue(&ca_spec("CA phục vụ cơ quan Nhà nước", 3, &key), None, key);
    let ca = &pki.ca;
    let again =
        CertificateSpec { not_after: crate::pki::NOW + 7, ..signer_spec("Nguyễn Văn Ký", 3, &pki.leader.key) };
    let again = certificate(&again, Some(&ca.cert), ca.key.algorithm(), &|tbs| ca.key.sign(tbs)).expect("issued");
    let leader = pki.leader.cert.clone();
    let full = sign(&pki.leader, std::slice::from_ref(&leader));
    for namesake in [by_name.cert.clone(), again] {
        for bag in [[namesake.clone(), leader.clone()], [leader.clone(), namesake.clone()]] {
            let parsed = SignedData::parse(&in_bag(&full, &bag)).expect("readable");
            assert_eq!(parsed.certificates(), bag);
            assert_eq!(parsed.verify(&over(CONTENT)).map(|one| one.signer), Ok(leader.clone()));
            assert_eq!((parsed.signer_certificate(), parsed.ess_certificate_ok()), (Some(&leader), Some(true)));
            let beside = SignedData::parse(&in_bag(&full, std::slice::from_ref(&namesake))).expect("readable");
            assert_eq!(beside.verify(&over(CONTENT)), Err(Error::EssMismatch));
            assert_eq!(beside.verify_with(&over(CONTENT), &bag).map(|one| one.signer), Ok(leader.clone()));
        }
    }
    // Where no attribute names it, the key tells.
    let key = &pki.tsa.key;
    let token = unbound(&pki.token(&timestamp_spec(&sha256(CONTENT), None)), &|attributes| key.sign(attributes));
    let other = Key::ec();
    let other = issue(&ca_spec("CA phục vụ cơ quan Nhà nước", 5, &other), None, other).cert;
    for bag in [[other.clone(), pki.tsa.cert.clone()], [pki.tsa.cert.clone(), other.clone()]] {
        let token = ::pki::tsp::Token::parse(&in_bag(&token, &bag)).expect("readable");
        assert_eq!(token.verify(&over(CONTENT)).map(|facts| facts.signer), Ok(pki.tsa.cert.clone()));
    }
}

/// The same structure with other X.509 certificates beside the signature.
fn in_bag(cms: &[u8], bag: &[::pki::Certificate]) -> Vec<u8> {
    let [kind, explicit] = &members(cms)[..] else { panic!("a ContentInfo") };
    let mut body = members(&members(explicit)[0]);
    let place = body.iter().position(|field| field[0] == 0xa0).expect("certificates");
    body[place] = tlv(0xa0, &bag.iter().map(::pki::Certificate::der).collect::<Vec<_>>());
    tlv(0x30, &[kind, &tlv(0xa0, &[&together(0x30, &body)])])
}
