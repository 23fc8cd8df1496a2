//! The room in `/Contents`: whatever fits the allowance fits the file, with every chain.

use pades::{
    Error, Held, LongTerm, SignaturePlan, TOKEN_ROOM, embed, prepare, prepare_archive_revision, signed_digest,
};
use pki::issue::{self, SignatureAlgorithm};

use crate::common::*;

/// A token of the longest length that is no more than `length`: what makes it long is its serial number, which is signed and cannot be left out.
fn token(pki: &Pki, imprint: [u8; 32], length: usize) -> Vec<u8> {
    let made = |serial: usize| {
        let spec = issue::TimestampSpec {
            policy: "1.3.6.1.4.1.99999.1".to_owned(),
            serial: vec![7; serial],
            gen_time: NOW,
            imprint_algorithm: pki::DigestAlgorithm::Sha256,
            imprint: imprint.to_vec(),
            nonce: None,
            accuracy_seconds: Some(1),
        };
        let sign = |tbs: &[u8]| pki.tsa.key.sign(tbs);
        issue::timestamp_token(&spec, &pki.tsa.chain[..1], SignatureAlgorithm::EcdsaSha256, &sign).expect("a token")
    };
    let mut serial = length - made(1).len();
    loop {
        let token = made(serial);
        if token.len() <= length {
            return token;
        }
        serial -= 1;
    }
}

/// Every length of chain with every allowance: a token within it fits the signature and the document time-stamp, whose reserve is
/// exactly it.
#[test]
fn a_token_within_the_allowance_always_fits() {
    for padding in [0, 3_000, 20_000, 60_000] {
        let url = format!("http://crl.example.invalid/{}", "x".repeat(padding));
        let pki = Pki::with(&|who, spec| {
            if who == "leader" || who == "ca" {
                spec.crl_urls = vec![url.clone()];
            }
        });
        let base = base();
        for room in [0, TOKEN_ROOM, TOKEN_ROOM + 1, 40 * 1024, 64 * 1024] {
            let allowance = room.max(TOKEN_ROOM);
            let chain = &pki.leader.chain;
            let plan = SignaturePlan {
                field: "Leader",
                chain,
                name: "a",
                reason: "",
                location: "",
                signed_at: "D:20261123140531+07'00'",
                appearance: None,
                token_room: room,
                ecopy: None,
            };
            let prepared = prepare(&base, &plan).expect("prepared");
            let raw = pki.leader.key.sign(&prepared.signed_attributes);
            let finished = |token: &[u8]| finished(&prepared, &raw, chain, Some(token));
            let imprint = pades::timestamp_imprint(&raw);
            let fits = finished(&token(&pki, imprint, allowance));
            assert!(fits.is_ok(), "{padding} {room}: {:?}", fits.map(|_| ()));
            // What is kept for the rest is generous, but not without end.
            let longer = finished(&token(&pki, imprint, allowance + 8 * 1024 + chain[0].der().len()));
            assert!(matches!(longer, Err(Error::DoesNotFit { .. })), "{padding} {room}");

            let revision = prepare_archive_revision(&Held::whole(&base), &LongTerm::default(), room);
            let prepared = revision.expect("prepared").behind(&base);
            let imprint = signed_digest(&prepared.file, prepared.contents.clone());
            let stamped = |length| embed(&prepared.file, prepared.contents.clone(), &token(&pki, imprint, length));
            assert!(stamped(allowance).is_ok(), "{padding} {room}");
            let longer = stamped(allowance + 10 * 1024);
            assert!(matches!(longer, Err(Error::DoesNotFit { reserved, .. }) if reserved == allowance), "{room}");
        }
    }
}

/// What is asked for after a token that did not fit holds that token and the next one of the same authority.
#[test]
fn the_next_room_is_larger_than_what_did_not_fit() {
    for length in [0, 1, TOKEN_ROOM, 64 * 1024, usize::MAX] {
        assert!(pades::room_for(length) >= length.saturating_add(512), "{length}");
    }
}
