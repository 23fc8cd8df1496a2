//! What was read before is the same again, only for the same octets; a signature that was once found good is good for its key alone.

use ::pki::ocsp::{CertStatus, Freshness};
use ::pki::path::{self, Evidence, Purpose, Question, RevocationStatus};
use ::pki::{Certificate, Error, Interner};

use crate::pki::{NOW, Pki};
use crate::revocation::{crl_of, entry, ocsp_by};

/// The delegated responder's answer about the leader.
fn answer(pki: &Pki, status: CertStatus, at: i64) -> Vec<u8> {
    ocsp_by(&pki.responder, true, &pki.leader, &pki.ca, status, at)
}

/// One octet further, at every place of a structure.
fn neighbours(der: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (0..der.len()).map(|at| {
        let mut other = der.to_vec();
        other[at] ^= 1;
        other
    })
}

/// The key binds every octet: a structure that differs in one is read anew, with its own answer, good or not.
#[test]
fn every_octet_counts() {
    let pki = Pki::new();
    let interner = Interner::default();
    let der = pki.leader.cert.der();
    assert_eq!(interner.certificate(der).expect("readable").der(), der);
    for other in neighbours(der) {
        let expected = Certificate::from_der(&other);
        assert_eq!(interner.certificate(&other), expected);
        assert_eq!(interner.certificate(&other), expected, "and again");
    }
    assert_eq!(interner.certificate(der).expect("readable").der(), der);
    let ocsp = answer(&pki, CertStatus::Good, NOW);
    for other in std::iter::once(ocsp.clone()).chain(neighbours(&ocsp)) {
        let [known, fresh] = [
            interner.response(&other).map(|one| one.der().to_vec()),
            ::pki::ocsp::Response::parse(&other).map(|one| one.der().to_vec()),
        ];
        assert_eq!(known, fresh);
    }
    let list = crl_of(&pki.ca, vec![entry(&pki.seal, NOW)], NOW);
    for other in std::iter::once(list.clone()).chain(neighbours(&list)) {
        let [known, fresh] = [
            interner.crl(&other).map(|one| one.der().to_vec()),
            ::pki::crl::Crl::parse(&other).map(|one| one.der().to_vec()),
        ];
        assert_eq!(known, fresh);
    }
}

/// The same octets as another kind of structure are no structure of that kind.
#[test]
fn kinds_are_apart() {
    let pki = Pki::new();
    let interner = Interner::default();
    let der = pki.leader.cert.der();
    assert!(interner.certificate(der).is_ok());
    assert!(interner.response(der).is_err() && interner.crl(der).is_err());
    assert!(interner.certificate(der).is_ok());
}

/// Right for one key, a signature stays wrong for every other, before and after: same name, other key.
#[test]
fn a_good_signature_is_good_for_its_key_alone() {
    let (pki, other) = (Pki::new(), Pki::new());
    let interner = Interner::default();
    let leader = interner.certificate(pki.leader.cert.der()).expect("readable");
    let response = interner.response(&answer(&pki, CertStatus::Good, NOW)).expect("readable");
    let list = interner.crl(&crl_of(&pki.ca, vec![], NOW)).expect("readable");
    for _ in 0..2 {
        assert_eq!(leader.verify_issued_by(&other.ca.cert), Err(Error::SignatureInvalid));
        assert_eq!(leader.verify_issued_by(&pki.ca.cert), Ok(()));
        let ask = |issuer: &Certificate| response.check(&leader, issuer, NOW, Freshness::Current).map(|one| one.status);
        assert!(ask(&other.ca.cert).is_err());
        assert_eq!(ask(&pki.ca.cert), Ok(CertStatus::Good));
        let look = |issuer: &Certificate| list.check(&leader, issuer, NOW, Freshness::Current).map(|one| one.status);
        assert_eq!(look(&other.ca.cert), Err(Error::SignatureInvalid));
        assert_eq!(look(&pki.ca.cert), Ok(CertStatus::Good));
    }
}

/// One interner over many questions gives what a new one gives for each: other instants, chains and evidence.
#[test]
fn an_earlier_question_changes_no_later_one() {
    let (pki, other) = (Pki::new(), Pki::new());
    let interner = Interner::default();
    let revoked = CertStatus::Revoked { at: NOW - 5, reason: Some(1) };
    let sets = [
        vec![answer(&pki, CertStatus::Good, NOW)],
        vec![answer(&other, CertStatus::Good, NOW)],
        vec![answer(&pki, CertStatus::Good, NOW), answer(&pki, revoked, NOW + 60)],
        vec![answer(&other, revoked, NOW), answer(&pki, CertStatus::Good, NOW - 9)],
    ];
    let lists = [vec![], vec![crl_of(&pki.root, vec![], NOW)], vec![crl_of(&other.root, vec![], NOW)]];
    let mut told = [0; 3];
    for (ocsps, crls) in sets.iter().flat_map(|ocsps| lists.iter().map(move |crls| (ocsps, crls))) {
        let evidence = Evidence { certificates: vec![pki.ca.cert.clone()], ocsps: ocsps.clone(), crls: crls.clone() };
        for at in [NOW - 100_000_000, NOW - 10, NOW, NOW + 61, NOW + 100_000_000] {
            for tree in [&pki, &other] {
                let chain = path::build(
                    &tree.leader.cert,
                    std::slice::from_ref(&tree.ca.cert),
                    std::slice::from_ref(&tree.root.cert),
                    NOW,
                    Purpose::Signing,
                )
                .chain;
                let fresh = path::revocation_in(&chain, &evidence, Question::of(at), &Interner::forgetful());
                assert_eq!(path::revocation_in(&chain, &evidence, Question::of(at), &interner), fresh);
                told[match fresh.status {
                    RevocationStatus::Good => 0,
                    RevocationStatus::Revoked { .. } => 1,
                    RevocationStatus::Unknown { .. } => 2,
                    RevocationStatus::Doubted { .. } => panic!("nobody is doubted"),
                }] += 1;
            }
        }
    }
    assert!(told.iter().all(|times| *times > 0), "{told:?}");
}
