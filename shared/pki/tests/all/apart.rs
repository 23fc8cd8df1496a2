//! Structures that a gateway has made, taken apart and put together anew (remote-signing.md §2, `DetachedCms`).

use pki::Error;
use pki::cms::{Apart, SignedData, assemble, message_digest, signed_attributes};

use crate::pki::{Holder, Pki, sha256};
use crate::rewritten::{members, tlv, together};

const CONTENT: &[u8] = b"%PDF-1.7 the octets of a byte range";
/// 1.2.840.113549.1.9: 25.3 randomNonce, 5 signingTime.
const NONCE: &[u8] = &[0x06, 0x0a, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 25, 3];
const SIGNING_TIME: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 5];

fn attribute(oid: &[u8], value: &[u8]) -> Vec<u8> {
    tlv(0x30, &[oid, &tlv(0x31, &[value])])
}

/// A detached structure over the content, with the attributes that PAdES wants after a change.
fn made(signer: &Holder, change: impl Fn(&mut Vec<Vec<u8>>)) -> Vec<u8> {
    let attributes = signed_attributes(&sha256(CONTENT), &signer.cert).expect("attributes");
    let whole = assemble(&attributes, &signer.key.sign(&attributes), std::slice::from_ref(&signer.cert), None);
    let [kind, explicit] = &members(&whole.expect("a structure"))[..] else { panic!("a structure") };
    let mut body = members(&members(explicit)[0]);
    let last = body.len() - 1;
    let mut info = members(&members(&body[last])[0]);
    let mut list = members(&attributes);
    change(&mut list);
    list.sort();
    info[3] = together(0xa0, &list);
    info[5] = tlv(0x04, &[&signer.key.sign(&together(0x31, &list))]);
    body[last] = tlv(0x31, &[&together(0x30, &info)]);
    tlv(0x30, &[kind, &tlv(0xa0, &[&together(0x30, &body)])])
}

fn apart(structure: &[u8], signer: &Holder) -> Result<Apart, Error> {
    SignedData::parse(structure).expect("readable").apart(&sha256(CONTENT), &signer.cert)
}

/// R43: what comes apart can be put together by us, with a nonce of the gateway's as without.
#[test]
fn a_good_structure_becomes_ours() {
    let pki = Pki::new();
    for signer in [&pki.leader, &pki.seal] {
        let nonce = attribute(NONCE, &tlv(0x04, &[&[7; 16]]));
        for structure in [made(signer, |_| {}), made(signer, |list| list.push(nonce.clone()))] {
            let Apart { attributes, signature } = apart(&structure, signer).expect("a PAdES signature");
            let ours = assemble(&attributes, &signature, std::slice::from_ref(&signer.cert), None).expect("ours");
            let read = SignedData::parse(&ours).expect("readable");
            assert_eq!(read.ess_certificate_ok(), Some(true));
            read.verify(&|algorithm| pki::digest(algorithm, &[CONTENT])).expect("verifies");
            assert_eq!(message_digest(&attributes), Ok(sha256(CONTENT)));
        }
    }
}

/// remote-signing.md §5, 019: without the ESS attribute it is no PAdES signature; every other fault has its own error.
#[test]
fn what_is_no_pades_signature_is_refused() {
    let pki = Pki::new();
    let (signer, other) = (&pki.leader, &pki.seal);
    let time = attribute(SIGNING_TIME, &tlv(0x17, &[b"261128120000Z"]));
    let long = attribute(NONCE, &tlv(0x04, &[&[7; 2048]]));
    let foreign = members(&signed_attributes(&sha256(CONTENT), &other.cert).expect("attributes"));
    let without = |list: &mut Vec<Vec<u8>>, place: usize| drop(list.remove(place));
    let changed = |place: usize, value: &[u8]| {
        let oid = members(&members(&signed_attributes(&sha256(CONTENT), &signer.cert).expect("attributes"))[place])[0]
            .clone();
        attribute(&oid, value)
    };
    let is_ess = |one: &Vec<u8>| members(one)[0].len() > 12;
    let ess = |list: &[Vec<u8>]| list.iter().position(is_ess).expect("an ESS attribute");
    let digest =
        |list: &[Vec<u8>]| list.iter().position(|one| one.windows(32).any(|w| w == sha256(CONTENT))).expect("a digest");
    let attribute_of = |attribute| Error::SignedAttribute { attribute };
    for (what, structure, wanted) in [
        ("no ESS", made(signer, |list| without(list, ess(list))), Error::EssMismatch),
        (
            "another's ESS",
            made(signer, |list| {
                let at = ess(list);
                list[at] = foreign[ess(&foreign)].clone();
            }),
            Error::EssMismatch,
        ),
        ("a signing time", made(signer, |list| list.push(time.clone())), attribute_of("signing-time")),
        ("no digest", made(signer, |list| without(list, digest(list))), attribute_of("message-digest")),
        (
            "another digest",
            made(signer, |list| {
                let at = digest(list);
                list[at] = changed(at, &tlv(0x04, &[&[1; 32]]));
            }),
            Error::DigestMismatch,
        ),
        ("too long", made(signer, |list| list.push(long.clone())), Error::Limit { what: "CMS", limit: 2048 }),
    ] {
        let error = apart(&structure, signer).expect_err(what);
        assert!(std::mem::discriminant(&error) == std::mem::discriminant(&wanted), "{what}: {error:?}");
        if !matches!(error, Error::Limit { .. }) {
            assert_eq!(error, wanted, "{what}");
        }
    }
    let good = made(signer, |_| {});
    assert_eq!(apart(&good, other), Err(Error::EssMismatch), "by another than was asked");
    let read = SignedData::parse(&good).expect("readable");
    assert_eq!(read.apart(&sha256(b"another file"), &signer.cert), Err(Error::DigestMismatch));
    let mut broken = good;
    *broken.last_mut().expect("not empty") ^= 1;
    assert_eq!(apart(&broken, signer), Err(Error::SignatureInvalid));
}
