//! Parsers never panic and never accept a changed structure as verified: seeded mutations of real structures.

use pki::cms::SignedData;
use pki::crl::Crl;
use pki::issue::{CrlSpec, OcspAnswer, OcspAsked, OcspRequest, OcspSpec, TimestampRequest, crl, ocsp_response};
use pki::ocsp::{CertStatus, Freshness, Response};
use pki::tsp::Token;
use pki::{Certificate, digest};

use crate::pki::{NOW, Pki, sha256, timestamp_spec};

/// xorshift64*: small, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let value = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16;
        usize::try_from(value).unwrap_or(0) % below.max(1)
    }

    fn mutate(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut out = bytes.to_vec();
        for _ in 0..=self.roll(3) {
            let at = self.roll(out.len());
            match self.roll(5) {
                0 => out[at] ^= 1 << self.roll(8),
                1 => out[at] = [0x00, 0x80, 0xff, 0x30, 0x7f][self.roll(5)],
                2 => out.truncate(at.max(1)),
                3 => {
                    let end = (at + 1 + self.roll(40)).min(out.len());
                    out.drain(at..end);
                    out.push(0);
                }
                _ => {
                    let end = (at + 1 + self.roll(40)).min(out.len());
                    let part = out[at..end].to_vec();
                    out.splice(at..at, part);
                }
            }
        }
        out
    }
}

const ROUNDS: usize = 3_000;

/// Mutated certificates are refused or read without panic, and never verify unless unchanged.
#[test]
fn certificates() {
    let pki = Pki::new();
    let mut dice = Dice(0x1234_5678_9abc_def1);
    for _ in 0..ROUNDS {
        let bytes = dice.mutate(pki.leader.cert.der());
        if let Ok(read) = Certificate::from_der(&bytes) {
            let _ = (read.subject(), read.user_ids(), read.to_pem(), read.is_self_signed());
            let verified = read.verify_issued_by(&pki.ca.cert).is_ok();
            assert!(!verified || bytes == pki.leader.cert.der(), "a changed X.509 certificate verified");
        }
    }
}

/// Mutated signatures: no panic; where one still verifies, what is signed is unchanged.
#[test]
fn signatures() {
    let pki = Pki::new();
    let content = b"octets";
    let attributes = pki::cms::signed_attributes(&sha256(content), &pki.leader.cert).expect("attributes");
    let raw = pki.leader.key.sign(&attributes);
    let token = pki.token(&timestamp_spec(&sha256(&raw), None));
    let chain = [pki.leader.cert.clone()];
    let cms = pki::cms::assemble(&attributes, &raw, &chain, Some(&token)).expect("a CMS");
    let mut dice = Dice(0xfeed_beef_0000_0001);
    for _ in 0..ROUNDS {
        let bytes = dice.mutate(&cms);
        let Ok(read) = SignedData::parse(&bytes) else { continue };
        let _ = (read.embedded_crls(), read.embedded_ocsps(), read.signing_time(), read.ess_certificate_ok());
        for token in read.timestamp_tokens() {
            let _ = Token::parse(&token);
        }
        if let Ok(verified) = read.verify(&|algorithm| digest(algorithm, &[content])) {
            assert_eq!(verified.signer, pki.leader.cert);
            assert_eq!((read.signature_value(), read.ess_certificate_ok()), (raw.as_slice(), Some(true)));
        }
        assert!(read.verify(&|algorithm| digest(algorithm, &[b"other"])).is_err());
    }
}

/// Mutated tokens, OCSP responses, CRLs and requests.
#[test]
fn evidence() {
    let pki = Pki::new();
    let imprint = sha256(b"x");
    let token = pki.token(&timestamp_spec(&imprint, Some(&[1; 8])));
    let response = pki::issue::timestamp_response(&token);
    let asked = OcspAsked::new(&pki.leader.cert, &pki.ca.cert).expect("a CertID");
    let answer = OcspAnswer { asked, status: CertStatus::Good, this_update: NOW, next_update: Some(NOW + 9) };
    let spec = OcspSpec { produced_at: NOW, answers: vec![answer], nonce: Some(vec![1; 8]) };
    let key = &pki.responder.key;
    let embed = [pki.responder.cert.clone()];
    let ocsp = ocsp_response(&spec, &pki.responder.cert, &embed, key.algorithm(), &|tbs| key.sign(tbs));
    let ocsp = ocsp.expect("OCSP");
    let list = CrlSpec { this_update: NOW, next_update: Some(NOW + 9), ..CrlSpec::default() };
    let list = crl(&list, &pki.ca.cert, pki.ca.key.algorithm(), &|tbs| pki.ca.key.sign(tbs)).expect("a CRL");
    let ask = pki::ocsp::request(&pki.leader.cert, &pki.ca.cert, Some(&[1; 8])).expect("a request");
    let stamp = pki::tsp::request(&imprint, &[1; 8]);
    let mut dice = Dice(0x0dd_ba11);
    for _ in 0..ROUNDS {
        let _ = pki::tsp::check_response(&dice.mutate(&response), &imprint, &[1; 8]);
        if let Ok(token) = Token::parse(&dice.mutate(&token)) {
            assert!(token.verify(&|_| vec![0; 32]).is_err());
        }
        if let Ok(read) = Response::parse(&dice.mutate(&ocsp))
            && let Ok(status) = read.check(&pki.leader.cert, &pki.ca.cert, NOW, Freshness::Current)
        {
            assert_eq!(status.status, CertStatus::Good);
        }
        if let Ok(read) = Crl::parse(&dice.mutate(&list)) {
            let _ = read.check(&pki.leader.cert, &pki.ca.cert, NOW, Freshness::Historical);
        }
        let _ = OcspRequest::parse(&dice.mutate(&ask));
        let _ = TimestampRequest::parse(&dice.mutate(&stamp));
        let _ = pki::cms::add_timestamp(&dice.mutate(&token), &dice.mutate(&token));
    }
}

/// Deep nesting and endless lengths end with an error, not with the stack.
#[test]
fn bombs() {
    let deep: Vec<u8> = std::iter::repeat_n([0x30u8, 0x80], 200_000).flatten().collect();
    assert!(SignedData::parse(&deep).is_err());
    assert!(Token::parse(&deep).is_err());
    assert!(SignedData::parse(&vec![0x30; 17 * 1024 * 1024]).is_err());
    assert!(Certificate::from_der(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]).is_err());
    assert!(Certificate::from_der(&vec![0x30; 70_000]).is_err());
    assert!(Crl::parse(&[0x30, 0x80]).is_err() && Response::parse(&[0x30, 0x80, 0x0a]).is_err());
}
