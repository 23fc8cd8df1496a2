//! The one form of a SignedData: what is written otherwise comes back to it, and nothing that is signed is lost.

use pki::cms::{SignedData, assemble, signed_attributes};
use pki::tsp::Token;
use pki::{Certificate, Interner, digest};

use crate::edits::{Others, written_otherwise};
use crate::pki::{Holder, Pki, sha256, timestamp_spec};

const CONTENT: &[u8] = b"the octets of a byte range";

fn exact(cms: &[u8], known: &[Certificate]) -> Option<Vec<u8>> {
    SignedData::parse(cms).ok()?.exact(known, &Interner::default()).ok()
}

fn token(pki: &Pki, over: &[u8]) -> Vec<u8> {
    exact(&pki.token(&timestamp_spec(&sha256(over), None)), &[]).expect("a token")
}

fn stamped(pki: &Pki, signer: &Holder) -> Vec<u8> {
    let attributes = signed_attributes(&sha256(CONTENT), &signer.cert).expect("attributes");
    let raw = signer.key.sign(&attributes);
    let chain = [signer.cert.clone(), pki.ca.cert.clone()];
    let cms = assemble(&attributes, &raw, &chain, Some(&token(pki, &raw))).expect("a CMS");
    exact(&cms, &[]).expect("a CMS")
}

/// What we write has the form already, but for the value `s` of a time-stamp; made twice it stays, and it verifies.
#[test]
fn the_form_is_stable_and_verifies() {
    let pki = Pki::new();
    for signer in [&pki.leader, &pki.seal] {
        let cms = stamped(&pki, signer);
        assert_eq!(exact(&cms, &[]).as_ref(), Some(&cms));
        let verified = SignedData::parse(&cms).expect("readable").verify(&|by| digest(by, &[CONTENT]));
        assert_eq!(verified.expect("verifies").signer, signer.cert);
    }
    for _ in 0..16 {
        let token = token(&pki, CONTENT);
        let read = Token::parse(&token).expect("readable");
        read.verify(&|by| digest(by, &[CONTENT])).expect("verifies");
        assert_eq!(exact(&token, &[]), Some(token));
    }
}

/// Whatever is neither signed nor needed has one form only: written otherwise it is read and comes back, or it is not read at all.
#[test]
fn what_is_written_otherwise_comes_back() {
    let pki = Pki::new();
    let known = [pki.ca.cert.clone()];
    let others = Others { foreign: pki.responder.cert.der(), root: pki.root.cert.der() };
    for (what, cms) in [("signature", stamped(&pki, &pki.leader)), ("time-stamp", token(&pki, CONTENT))] {
        let mut back = 0;
        for (how, changed) in written_otherwise(&cms, &others) {
            if let Some(again) = exact(&changed, &known) {
                assert_ne!(again, changed, "{what}: {how} is seen");
                back += usize::from(again == cms);
            }
        }
        assert!(back >= 20, "{what}: {back}");
    }
}

/// A certificate that is known and not embedded is embedded; one that is only embedded stays; the root does not.
#[test]
fn the_chain_is_completed() {
    let pki = Pki::new();
    let attributes = signed_attributes(&sha256(CONTENT), &pki.seal.cert).expect("attributes");
    let raw = pki.seal.key.sign(&attributes);
    let with = |chain: &[&Holder]| {
        let chain: Vec<Certificate> = chain.iter().map(|one| one.cert.clone()).collect();
        assemble(&attributes, &raw, &chain, None).expect("a CMS")
    };
    let whole = with(&[&pki.seal, &pki.ca]);
    let alone = with(&[&pki.seal]);
    let known = [pki.root.cert.clone(), pki.ca.cert.clone(), pki.leader.cert.clone()];
    assert_eq!(exact(&alone, &known).as_ref(), Some(&whole));
    assert_eq!(exact(&alone, &[]).as_ref(), Some(&alone));
    assert_eq!(exact(&with(&[&pki.seal, &pki.ca, &pki.root]), &[]).as_ref(), Some(&whole));
    assert_eq!(exact(&with(&[&pki.seal, &pki.ca, &pki.leader]), &[]).as_ref(), Some(&whole));
}

/// RFC 3161 §2.4.2: what a time-stamp holds is an OCTET STRING. No signature covers the tag, so another one would be a change that nobody sees.
#[test]
fn a_time_stamp_holds_octets_alone() {
    let token = token(&Pki::new(), b"x");
    let named = [0x06, 0x0b, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x04];
    let at = token.windows(named.len()).position(|window| window == named).expect("id-ct-TSTInfo") + named.len();
    let tag = at
        + (at..at + 4)
            .position(|place| token[place..place + 3] == [token[place], token[place + 1], 0x04])
            .expect("a tag")
        + 2;
    for other in [0x0c, 0x14, 0x30] {
        let mut changed = token.clone();
        changed[tag] = other;
        assert!(Token::parse(&changed).is_err(), "{other:#x}");
    }
}
