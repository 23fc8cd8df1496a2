//! OCSP and CRL: asked, answered, aged, forged; and what a chain's status comes to.

use pki::Error;
use pki::crl::Crl;
use pki::issue::{
    CertificateSpec, CrlSpec, ExtendedKeyUsage, OcspAnswer, OcspAsked, OcspRequest, OcspSpec, RevokedEntry, crl,
    ocsp_error, ocsp_response,
};
use pki::ocsp::{CertStatus, Freshness, Response, request};
use pki::path::{Evidence, EvidenceItem, RevocationStatus, revocation};

use crate::pki::{DAY, Holder, Key, NOW, Pki, ca_spec, issue, signer_spec, spec};

const HOUR: i64 = 3_600;

pub(crate) fn ocsp_by(
    signer: &Holder,
    embed: bool,
    about: &Holder,
    issuer: &Holder,
    status: CertStatus,
    at: i64,
) -> Vec<u8> {
    let asked = OcspAsked::new(&about.cert, &issuer.cert).expect("a CertID");
    let answer = OcspAnswer { asked, status, this_update: at, next_update: Some(at + HOUR) };
    let spec = OcspSpec { produced_at: at, answers: vec![answer], nonce: None };
    let embed = if embed { vec![signer.cert.clone()] } else { vec![] };
    ocsp_response(&spec, &signer.cert, &embed, signer.key.algorithm(), &|tbs| signer.key.sign(tbs)).expect("OCSP")
}

pub(crate) fn crl_of(issuer: &Holder, revoked: Vec<RevokedEntry>, at: i64) -> Vec<u8> {
    let spec = CrlSpec { this_update: at, next_update: Some(at + DAY), number: 7, revoked, extra_extensions: vec![] };
    crl(&spec, &issuer.cert, issuer.key.algorithm(), &|tbs| issuer.key.sign(tbs)).expect("a CRL")
}

pub(crate) fn entry(holder: &Holder, at: i64) -> RevokedEntry {
    RevokedEntry { serial: holder.cert.serial(), at, reason: Some(1) }
}

/// A responder reads our request, echoes the nonce, and its answer is accepted.
#[test]
fn ocsp_request_and_answer_meet() {
    let pki = Pki::new();
    let nonce = [9u8; 16];
    let bytes = request(&pki.leader.cert, &pki.ca.cert, Some(&nonce)).expect("a request");
    let asked = OcspRequest::parse(&bytes).expect("readable");
    assert_eq!((asked.nonce.as_deref(), asked.asked.len()), (Some(&nonce[..]), 1));
    let first = asked.asked.first().expect("one").clone();
    assert_eq!(first.serial, pki.leader.cert.serial());
    assert!(first.is_issued_by(&pki.ca.cert) && !first.is_issued_by(&pki.root.cert));
    let answer = OcspAnswer { asked: first, status: CertStatus::Good, this_update: NOW, next_update: Some(NOW + HOUR) };
    let spec = OcspSpec { produced_at: NOW, answers: vec![answer], nonce: asked.nonce };
    let key = &pki.responder.key;
    let embed = [pki.responder.cert.clone()];
    let bytes = ocsp_response(&spec, &pki.responder.cert, &embed, key.algorithm(), &|tbs| key.sign(tbs));
    let response = Response::parse(&bytes.expect("OCSP")).expect("readable");
    response.check_nonce(&nonce, true).expect("echoed");
    assert_eq!(response.check_nonce(&[1; 16], false), Err(Error::OcspNonce));
    let status = response.check(&pki.leader.cert, &pki.ca.cert, NOW + 60, Freshness::Current).expect("good");
    assert_eq!((status.status, status.delegated), (CertStatus::Good, true));
    assert_eq!(status.responder, pki.responder.cert);
    let about_other = response.check(&pki.seal.cert, &pki.ca.cert, NOW, Freshness::Current);
    assert_eq!(about_other, Err(Error::OcspOtherCertificate));
    assert_eq!(request(&pki.leader.cert, &pki.root.cert, None), Err(Error::IssuerMismatch));
    assert_eq!(Response::parse(&ocsp_error(6)).err(), Some(Error::OcspRefused { status: 6 }));
}

/// RFC 6960 §4.2.2.2: only the issuer, or whom the issuer delegated.
#[test]
fn ocsp_authority_is_checked() {
    let pki = Pki::new();
    let other = Pki::new();
    let check = |bytes: &[u8]| {
        let response = Response::parse(bytes).expect("readable");
        response.check(&pki.leader.cert, &pki.ca.cert, NOW, Freshness::Current).map(|status| status.delegated)
    };
    let by = |signer: &Holder, embed| ocsp_by(signer, embed, &pki.leader, &pki.ca, CertStatus::Good, NOW);
    assert_eq!(check(&by(&pki.ca, false)), Ok(false));
    assert_eq!(check(&by(&pki.responder, true)), Ok(true));
    assert_eq!(check(&by(&pki.responder, false)), Err(Error::OcspResponder));
    assert_eq!(check(&by(&other.responder, true)), Err(Error::OcspResponder));
    assert_eq!(check(&by(&pki.seal, true)), Err(Error::OcspResponder), "no id-kp-OCSPSigning");
    // The answer says who signed it (RFC 6960 §4.2.2.3); here it names the seal and is the CA's.
    let asked = OcspAsked::new(&pki.leader.cert, &pki.ca.cert).expect("a CertID");
    let answer = OcspAnswer { asked, status: CertStatus::Good, this_update: NOW, next_update: Some(NOW + HOUR) };
    let named = OcspSpec { produced_at: NOW, answers: vec![answer], nonce: None };
    let key = &pki.ca.key;
    let other = ocsp_response(&named, &pki.seal.cert, &[], key.algorithm(), &|tbs| key.sign(tbs)).expect("OCSP");
    assert_eq!(check(&other), Err(Error::OcspResponderId));
    let mut forged = by(&pki.responder, true);
    let signature = Response::parse(&forged).expect("readable").der().len() - pki.responder.cert.der().len() - 20;
    forged[signature] ^= 1;
    assert_eq!(check(&forged), Err(Error::SignatureInvalid));
    let key = Key::ec();
    let expired = CertificateSpec {
        extended_key_usage: vec![ExtendedKeyUsage::OcspSigning],
        not_after: NOW - DAY,
        ..spec("OCSP cũ", 40, &key)
    };
    let expired = issue(&expired, Some(&pki.ca), key);
    assert_eq!(check(&by(&expired, true)), Err(Error::OcspResponder));
}

/// Current means now; historical also takes what was made later; nothing takes what ran out.
#[test]
fn freshness_is_checked() {
    let pki = Pki::new();
    let bytes = ocsp_by(&pki.responder, true, &pki.leader, &pki.ca, CertStatus::Good, NOW);
    let response = Response::parse(&bytes).expect("readable");
    let ok = |at, freshness| response.check(&pki.leader.cert, &pki.ca.cert, at, freshness).is_ok();
    assert!(ok(NOW, Freshness::Current) && ok(NOW + HOUR, Freshness::Current) && ok(NOW - 60, Freshness::Current));
    assert!(!ok(NOW - 2 * HOUR, Freshness::Current) && ok(NOW - 2 * HOUR, Freshness::Historical));
    assert!(!ok(NOW + 2 * HOUR, Freshness::Current) && !ok(NOW + 2 * HOUR, Freshness::Historical));
    // After the end of validity "good" may only mean "forgotten".
    let late = pki.leader.cert.not_after() + DAY;
    let bytes = ocsp_by(&pki.ca, false, &pki.leader, &pki.ca, CertStatus::Good, late);
    let response = Response::parse(&bytes).expect("readable");
    let found = response.check(&pki.leader.cert, &pki.ca.cert, NOW, Freshness::Historical);
    assert_eq!(found, Err(Error::NotFresh { what: "OCSP response" }));
}

/// RFC 5280 §5 and §6.3: names, signature, time, serial, scope.
#[test]
fn crls_are_checked() {
    let pki = Pki::new();
    let list = Crl::parse(&crl_of(&pki.ca, vec![entry(&pki.seal, NOW - DAY)], NOW)).expect("readable");
    assert_eq!((list.issuer(), list.number_hex().as_deref()), (pki.ca.cert.subject(), Some("07")));
    let check = |list: &Crl, holder: &Holder, at| {
        list.check(&holder.cert, &pki.ca.cert, at, Freshness::Current).map(|found| found.status)
    };
    assert_eq!(check(&list, &pki.leader, NOW), Ok(CertStatus::Good));
    assert_eq!(check(&list, &pki.seal, NOW), Ok(CertStatus::Revoked { at: NOW - DAY, reason: Some(1) }));
    assert_eq!(check(&list, &pki.leader, NOW + 2 * DAY), Err(Error::NotFresh { what: "CRL" }));
    assert_eq!(check(&list, &pki.ca, NOW), Err(Error::IssuerMismatch));
    let by_other = Crl::parse(&crl_of(&Pki::new().ca, vec![], NOW)).expect("readable");
    assert_eq!(check(&by_other, &pki.leader, NOW), Err(Error::SignatureInvalid));
    let with = |oid: &str, value: &[u8]| {
        let spec = CrlSpec {
            this_update: NOW,
            next_update: Some(NOW + DAY),
            extra_extensions: vec![(oid.to_owned(), true, value.to_vec())],
            ..CrlSpec::default()
        };
        Crl::parse(&crl(&spec, &pki.ca.cert, pki.ca.key.algorithm(), &|tbs| pki.ca.key.sign(tbs)).expect("a CRL"))
    };
    let delta = with("2.5.29.27", &[2, 1, 1]).expect("readable");
    assert_eq!(check(&delta, &pki.leader, NOW), Err(Error::CrlScope { what: "delta" }));
    assert!(delta.is_delta() && !list.is_delta());
    assert_eq!(
        with("1.3.6.1.4.1.32473.99", &[5, 0]).err(),
        Some(Error::CriticalExtension { oid: "1.3.6.1.4.1.32473.99".to_owned() })
    );
    // issuingDistributionPoint: some reasons; only attributes; only CAs; only users.
    let some = with("2.5.29.28", &[0x30, 4, 0x83, 2, 5, 0x60]).expect("readable");
    assert_eq!(check(&some, &pki.leader, NOW), Err(Error::CrlScope { what: "only some reasons" }));
    let attributes = with("2.5.29.28", &[0x30, 3, 0x85, 1, 0xff]).expect("readable");
    assert_eq!(check(&attributes, &pki.leader, NOW), Err(Error::CrlScope { what: "only attribute certificates" }));
    let only_ca = with("2.5.29.28", &[0x30, 3, 0x82, 1, 0xff]).expect("readable");
    assert_eq!(check(&only_ca, &pki.leader, NOW), Err(Error::CrlScope { what: "only CAs" }));
    let only_user = with("2.5.29.28", &[0x30, 3, 0x81, 1, 0xff]).expect("readable");
    assert_eq!(check(&only_user, &pki.leader, NOW), Ok(CertStatus::Good));
}

/// A chain is good only with evidence for each member, and the evidence relied on is named for the DSS.
#[test]
fn the_chain_needs_evidence_for_each_member() {
    let pki = Pki::new();
    let chain = [pki.leader.cert.clone(), pki.ca.cert.clone(), pki.root.cert.clone()];
    let mut evidence = Evidence::default();
    let found = revocation(&chain, &evidence, NOW);
    assert_eq!(found.status, RevocationStatus::Unknown { missing: chain[..2].to_vec() });
    evidence.ocsps.push(b"not an answer".to_vec());
    evidence.ocsps.push(ocsp_by(&pki.responder, true, &pki.leader, &pki.ca, CertStatus::Good, NOW + 5));
    let found = revocation(&chain, &evidence, NOW);
    assert_eq!(found.status, RevocationStatus::Unknown { missing: vec![pki.ca.cert.clone()] });
    evidence.crls.push(crl_of(&pki.ca, vec![], NOW));
    evidence.crls.push(crl_of(&pki.root, vec![], NOW));
    let found = revocation(&chain, &evidence, NOW);
    assert!(found.is_good() && found.later.is_empty());
    assert_eq!(found.refused, [(EvidenceItem::Ocsp(0), Error::Malformed { what: "OCSP response" })]);
    assert_eq!(found.used, [EvidenceItem::Ocsp(1), EvidenceItem::Crl(1)]);
    assert_eq!(found.responders, std::slice::from_ref(&pki.responder.cert));
    let unknown = ocsp_by(&pki.responder, true, &pki.leader, &pki.ca, CertStatus::Unknown, NOW);
    let only = Evidence { ocsps: vec![unknown], crls: evidence.crls[1..].to_vec(), ..Evidence::default() };
    assert!(matches!(revocation(&chain, &only, NOW).status, RevocationStatus::Unknown { .. }));
}

/// Revoked before, after, by stale evidence, and in the middle of the chain.
#[test]
fn revocations_are_weighed_by_time() {
    let pki = Pki::new();
    let chain = [pki.leader.cert.clone(), pki.ca.cert.clone(), pki.root.cert.clone()];
    let status = |crls: Vec<Vec<u8>>, at| revocation(&chain, &Evidence { crls, ..Evidence::default() }, at);
    let root = crl_of(&pki.root, vec![], NOW);
    let revoked = crl_of(&pki.ca, vec![entry(&pki.leader, NOW)], NOW + HOUR);
    let after = status(vec![root.clone(), revoked.clone()], NOW + 2 * HOUR);
    assert!(matches!(after.status, RevocationStatus::Revoked { at: NOW, reason: Some(1), .. }));
    let before = status(vec![root.clone(), revoked.clone()], NOW - 1);
    assert!(before.is_good());
    assert_eq!(before.later.first().map(|later| (later.at, later.certificate.clone())), Some((NOW, chain[0].clone())));
    // The CRL ran out long ago, but a revocation stays one; good from elsewhere does not undo it.
    let good = crl_of(&pki.ca, vec![], NOW + 50 * DAY);
    let root_later = crl_of(&pki.root, vec![], NOW + 50 * DAY);
    let stale = status(vec![root_later, revoked, good], NOW + 50 * DAY);
    assert!(matches!(stale.status, RevocationStatus::Revoked { at: NOW, .. }));
    let ca_revoked = crl_of(&pki.root, vec![entry(&pki.ca, NOW - DAY)], NOW);
    let found = status(vec![ca_revoked, crl_of(&pki.ca, vec![], NOW)], NOW);
    let RevocationStatus::Revoked { certificate, .. } = found.status else { panic!("{:?}", found.status) };
    assert_eq!(certificate, pki.ca.cert);
    // Evidence that ran out before the instant says nothing.
    let old = status(vec![root, crl_of(&pki.ca, vec![], NOW - 10 * DAY)], NOW);
    assert_eq!(old.status, RevocationStatus::Unknown { missing: vec![chain[0].clone()] });
    assert_eq!(old.refused, [(EvidenceItem::Crl(1), Error::NotFresh { what: "CRL" })]);
}

/// RFC 6960 §4.2.2.2.1: a delegated responder without nocheck is believed only when something else says that it was not
/// revoked itself; one that stands on the CRL beside it says nothing at all.
#[test]
fn a_revoked_responder_is_not_believed() {
    let pki = Pki::new();
    let key = Key::ec();
    let checked = CertificateSpec {
        extended_key_usage: vec![ExtendedKeyUsage::OcspSigning],
        ..signer_spec("OCSP không nocheck", 50, &key)
    };
    let responder = issue(&checked, Some(&pki.ca), key);
    let chain = [pki.leader.cert.clone(), pki.ca.cert.clone()];
    let ocsps = vec![ocsp_by(&responder, true, &pki.leader, &pki.ca, CertStatus::Good, NOW)];
    let judge = |ocsps: &[Vec<u8>], crls: Vec<Vec<u8>>| {
        revocation(&chain, &Evidence { ocsps: ocsps.to_vec(), crls, ..Evidence::default() }, NOW)
    };
    let revoked = CertStatus::Revoked { at: NOW - DAY, reason: Some(1) };
    let revoked = ocsp_by(&responder, true, &pki.leader, &pki.ca, revoked, NOW);
    assert!(matches!(judge(&[revoked], vec![]).status, RevocationStatus::Revoked { .. }), "a revocation is believed");
    let unvouched = judge(&ocsps, vec![]);
    assert_eq!(unvouched.status, RevocationStatus::Unknown { missing: vec![chain[0].clone()] });
    assert_eq!(unvouched.refused, [(EvidenceItem::Ocsp(0), Error::OcspResponderUnknown)]);
    let later = CertStatus::Revoked { at: NOW + 60, reason: Some(1) };
    let later = judge(&[ocsp_by(&responder, true, &pki.leader, &pki.ca, later, NOW)], vec![]);
    assert!(matches!(later.status, RevocationStatus::Unknown { .. }), "nor good until it was revoked");
    // Evidence that ran out does not make good either, though it knows of a revocation to come.
    let stale = judge(&[], vec![crl_of(&pki.ca, vec![entry(&pki.leader, NOW + 60)], NOW - 20 * DAY)]);
    assert_eq!(stale.status, RevocationStatus::Unknown { missing: vec![chain[0].clone()] });
    let fresh = judge(&[], vec![crl_of(&pki.ca, vec![entry(&pki.leader, NOW + 60)], NOW)]);
    assert!(fresh.is_good() && fresh.later.len() == 1);
    assert_eq!(later.later.len(), 1, "but it is shown");
    // Nobody vouches for himself, nor two for each other.
    let key = Key::ec();
    let twin =
        issue(&CertificateSpec { spki_der: key.spki(), serial: vec![52], ..checked.clone() }, Some(&pki.ca), key);
    let by = |who: &Holder, about: &Holder| ocsp_by(who, true, about, &pki.ca, CertStatus::Good, NOW);
    assert!(!judge(&[ocsps[0].clone(), by(&responder, &responder)], vec![]).is_good());
    assert!(!judge(&[ocsps[0].clone(), by(&responder, &twin), by(&twin, &responder)], vec![]).is_good());
    // Another responder that need not be checked may, and so may a list in force.
    assert!(judge(&[ocsps[0].clone(), by(&pki.responder, &responder)], vec![]).is_good());
    let listed = judge(&ocsps, vec![crl_of(&pki.ca, vec![], NOW)]);
    assert_eq!((listed.is_good(), listed.used), (true, vec![EvidenceItem::Ocsp(0), EvidenceItem::Crl(0)]));
    // The CA itself answers for its responder, and a DSS must hold that answer too.
    let about = ocsp_by(&pki.ca, false, &responder, &pki.ca, CertStatus::Good, NOW);
    let good = judge(&[ocsps[0].clone(), about], vec![]);
    assert!(good.is_good());
    assert_eq!(good.used, [EvidenceItem::Ocsp(0), EvidenceItem::Ocsp(1)]);
    assert_eq!(good.responders, std::slice::from_ref(&responder.cert));
    // A stale CRL, which alone would say nothing about the leader.
    let crls = vec![crl_of(&pki.ca, vec![entry(&responder, NOW - 30 * DAY)], NOW - 20 * DAY)];
    let found = revocation(&chain, &Evidence { ocsps, crls, ..Evidence::default() }, NOW);
    assert!(!found.is_good() && found.refused.contains(&(EvidenceItem::Ocsp(0), Error::OcspResponder)));
}

/// RFC 6960 §4.2.2.2.1: nocheck frees the certificate of a responder that is asked about itself, and nobody else.
#[test]
fn nocheck_frees_responders_only() {
    let pki = Pki::new();
    let alone = |leaf: &Holder| revocation(&[leaf.cert.clone(), pki.ca.cert.clone()], &Evidence::default(), NOW).status;
    assert_eq!(alone(&pki.responder), RevocationStatus::Good);
    let key = Key::ec();
    let spec = CertificateSpec { ocsp_nocheck: true, ..signer_spec("Nguyễn Văn Miễn", 70, &key) };
    let signer = issue(&spec, Some(&pki.ca), key);
    assert_eq!(alone(&signer), RevocationStatus::Unknown { missing: vec![signer.cert.clone()] });
    let key = Key::ec();
    let usage = vec![ExtendedKeyUsage::OcspSigning];
    let spec = CertificateSpec { ocsp_nocheck: true, extended_key_usage: usage, ..ca_spec("CA miễn", 71, &key) };
    let ca = issue(&spec, Some(&pki.root), key);
    let key = Key::ec();
    let leaf = issue(&signer_spec("Nguyễn Văn Ký", 72, &key), Some(&ca), key);
    let ocsps = vec![ocsp_by(&ca, false, &leaf, &ca, CertStatus::Good, NOW)];
    let chain = [&leaf, &ca, &pki.root].map(|holder| holder.cert.clone());
    let found = revocation(&chain, &Evidence { ocsps, ..Evidence::default() }, NOW);
    assert_eq!(found.status, RevocationStatus::Unknown { missing: vec![ca.cert] });
}

/// What cannot be read, and what somebody else signed, is named with the reason.
#[test]
fn refused_evidence_is_named() {
    let pki = Pki::new();
    let chain = [pki.leader.cert.clone(), pki.ca.cert.clone()];
    let mut forged = crl_of(&pki.ca, vec![], NOW);
    *forged.last_mut().expect("octets") ^= 1;
    let evidence = Evidence { crls: vec![vec![0x30, 0], forged], ..Evidence::default() };
    let found = revocation(&chain, &evidence, NOW);
    assert!(!found.is_good());
    let (unreadable, wrong) = (Error::Malformed { what: "CRL" }, Error::SignatureInvalid);
    assert_eq!(found.refused, [(EvidenceItem::Crl(0), unreadable), (EvidenceItem::Crl(1), wrong)]);
    let many = Evidence { crls: vec![crl_of(&pki.ca, vec![], NOW); 513], ..Evidence::default() };
    let limit = Error::Limit { what: "items of evidence", limit: 512 };
    assert!(revocation(&chain, &many, NOW).refused.contains(&(EvidenceItem::Crl(512), limit)));
}

/// freshestCRL of an X.509 certificate and of a list (RFC 5280 §4.2.1.15, §5.2.6), for whoever fetches deltas.
#[test]
fn places_of_deltas_are_shown() {
    let pki = Pki::new();
    let url = "http://127.0.0.1:9/d.crl";
    let octets = u8::try_from(url.len()).expect("short");
    let nest = [0x30, octets + 8, 0x30, octets + 6, 0xa0, octets + 4, 0xa0, octets + 2, 0x86, octets];
    let points = ("2.5.29.46".to_owned(), false, [&nest[..], url.as_bytes()].concat());
    let key = Key::ec();
    let spec =
        CertificateSpec { extra_extensions: vec![points.clone()], ..signer_spec("Nguyễn Văn Delta", 60, &key) };
    assert_eq!(issue(&spec, Some(&pki.ca), key).cert.delta_crl_urls(), [url]);
    assert!(pki.leader.cert.delta_crl_urls().is_empty());
    let spec = CrlSpec { this_update: NOW, extra_extensions: vec![points], ..CrlSpec::default() };
    let list = crl(&spec, &pki.ca.cert, pki.ca.key.algorithm(), &|tbs| pki.ca.key.sign(tbs)).expect("a CRL");
    assert_eq!(Crl::parse(&list).expect("readable").delta_urls(), [url]);
}

/// A list, or an answer, from before there was the certificate says nothing of it; that it was revoked it says all the same.
#[test]
fn what_is_older_than_the_certificate_says_nothing() {
    let pki = Pki::new();
    let (cert, ca) = (&pki.leader.cert, &pki.ca.cert);
    let list = |at: i64, revoked: Vec<RevokedEntry>| {
        let next_update = Some(NOW + DAY);
        let spec = CrlSpec { this_update: at, next_update, number: 7, revoked, extra_extensions: vec![] };
        let der = crl(&spec, ca, pki.ca.key.algorithm(), &|tbs| pki.ca.key.sign(tbs)).expect("a CRL");
        let list = Crl::parse(&der).expect("readable");
        list.check(cert, ca, NOW, Freshness::Historical).map(|status| status.status == CertStatus::Good)
    };
    let begin = cert.not_before();
    assert_eq!(list(begin, vec![]), Ok(true));
    assert_eq!(list(begin - 60, vec![]), Ok(true), "clocks differ");
    assert_eq!(list(begin - DAY, vec![]), Err(Error::NotFresh { what: "CRL" }));
    assert_eq!(list(begin - DAY, vec![entry(&pki.leader, begin - DAY)]), Ok(false));
    let answer = |at: i64| {
        let asked = OcspAsked::new(cert, ca).expect("a CertID");
        let answer = OcspAnswer { asked, status: CertStatus::Good, this_update: at, next_update: Some(NOW + DAY) };
        let spec = OcspSpec { produced_at: at, answers: vec![answer], nonce: None };
        let der = ocsp_response(&spec, ca, &[], pki.ca.key.algorithm(), &|tbs| pki.ca.key.sign(tbs)).expect("OCSP");
        Response::parse(&der).expect("readable").check(cert, ca, NOW, Freshness::Historical).is_ok()
    };
    assert!(answer(begin) && !answer(begin - DAY));
}
