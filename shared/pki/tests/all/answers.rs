//! Several answers about one X.509 certificate, in one list or response and in any order; answers from after the judgement; answers by
//! algorithms that have ended (RFC 5280 §5.3, RFC 6960 §4.4.5, ETSI EN 319 102-1 §5.2.7).

use ::pki::issue::{CertificateSpec, ExtendedKeyUsage, OcspAnswer, OcspAsked, OcspSpec, ocsp_response};
use ::pki::ocsp::{CertStatus, Freshness, Response};
use ::pki::path::{Evidence, LaterRevocation, Question, Revocation, RevocationStatus, revocation, revocation_in};
use ::pki::{Certificate, DigestAlgorithm, Error, Interner, Weakness};
use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use num_bigint::BigUint;

use crate::pki::{DAY, Key, NOW, Pki, issue, signer_spec};
use crate::revocation::{crl_of, ocsp_by};
use crate::rewritten::{Row, Sign, bits, extension, header, listed, members, time, tlv, together};

const COMPROMISED: Option<u8> = Some(1);
const SUPERSEDED: Option<u8> = Some(4);
const HOLD: Option<u8> = Some(6);
const REMOVED: Option<u8> = Some(8);

/// An OCSP response under another algorithm, or the same, with its answers changed.
fn answered(
    ocsp: &[u8],
    algorithm: Option<&[u8]>,
    change: &dyn Fn(Vec<Vec<u8>>) -> Vec<Vec<u8>>,
    sign: Sign<'_>,
) -> Vec<u8> {
    let [status, bytes] = &members(ocsp)[..] else { panic!("an OCSP response") };
    let [kind, basic] = &members(&members(bytes)[0])[..] else { panic!("responseBytes") };
    let (head, _) = header(basic);
    let mut basic = members(&basic[head..]);
    let mut data = members(&basic[0]);
    let place = data.iter().position(|field| field[0] == 0x30).expect("the answers");
    data[place] = together(0x30, &change(members(&data[place])));
    basic[0] = together(0x30, &data);
    basic[1] = algorithm.map_or_else(|| basic[1].clone(), <[u8]>::to_vec);
    basic[2] = bits(&sign(&basic[0]));
    let bytes = tlv(0x30, &[kind, &tlv(4, &[&together(0x30, &basic)])]);
    tlv(0x30, &[status, &tlv(0xa0, &[&bytes])])
}

/// The answer, and since when the certificate is doubted (RFC 6960 §4.4.5).
fn doubted(answer: &[u8], since: i64) -> Vec<u8> {
    let mut fields = members(answer);
    fields.push(tlv(0xa1, &[&tlv(0x30, &[&extension(24, &time(since))])]));
    together(0x30, &fields)
}

/// A CRL under another algorithm.
fn crl_by(crl: &[u8], algorithm: &[u8], sign: Sign<'_>) -> Vec<u8> {
    let mut fields = members(&members(crl)[0]);
    fields[1] = algorithm.to_vec();
    let tbs = together(0x30, &fields);
    tlv(0x30, &[&tbs, algorithm, &bits(&sign(&tbs))])
}

/// AlgorithmIdentifier of RSA PKCS#1 v1.5 with SHA-1.
const SHA1_WITH_RSA: &[u8] = &[0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5, 5, 0];

/// A signature that no library makes any more (RFC 8017 §8.2.1).
fn sha1_with_rsa(pair: &aws_lc_rs::rsa::KeyPair, message: &[u8]) -> Vec<u8> {
    let pkcs8: Pkcs8V1Der<'_> = pair.as_der().expect("exportable");
    let wrapped = &members(pkcs8.as_ref())[2];
    let (head, _) = header(wrapped);
    let numbers = members(&wrapped[head..]);
    let number = |at: usize| BigUint::from_bytes_be(&content(&numbers[at]));
    let (modulus, private) = (number(1), number(3));
    let digest = ::pki::digest(::pki::DigestAlgorithm::Sha1, &[message]);
    let info = tlv(0x30, &[&[0x30, 9, 6, 5, 0x2b, 0x0e, 3, 2, 0x1a, 5, 0], &tlv(4, &[&digest])]);
    let length = modulus.to_bytes_be().len();
    let padding = vec![0xff; length - info.len() - 3];
    let block = [&[0, 1][..], &padding, &[0], &info].concat();
    let signature = BigUint::from_bytes_be(&block).modpow(&private, &modulus).to_bytes_be();
    [vec![0; length - signature.len()], signature].concat()
}

fn content(number: &[u8]) -> Vec<u8> {
    let (head, _) = header(number);
    number[head..].to_vec()
}

/// What a list of the CA with these rows, and what else there is, come to for the leader at [`NOW`].
fn by_list(pki: &Pki, rows: &[Row], ocsps: Vec<Vec<u8>>) -> Revocation {
    let crl = listed(&crl_of(&pki.ca, vec![], NOW + 60), rows, &|tbs| pki.ca.key.sign(tbs));
    let chain = [pki.leader.cert.clone(), pki.ca.cert.clone()];
    revocation(&chain, &Evidence { ocsps, crls: vec![crl], ..Evidence::default() }, NOW)
}

fn of_leader(pki: &Pki, at: i64, reason: Option<u8>) -> Row {
    Row { serial: pki.leader.cert.serial(), at, reason, invalid_since: None }
}

fn other_way(rows: Vec<Row>) -> Vec<Row> {
    rows.into_iter().rev().collect()
}

fn revoked(found: &Revocation) -> Option<(i64, Option<u8>)> {
    match found.status {
        RevocationStatus::Revoked { at, reason, .. } => Some((at, reason)),
        _ => None,
    }
}

/// RFC 5280 §5.3: a number that stands in a list twice is revoked since the earliest date and for the gravest reason, in either order.
#[test]
fn a_number_that_is_listed_twice() {
    let pki = Pki::new();
    let row = |at: i64, reason| of_leader(&pki, at, reason);
    for (rows, expected) in [
        (
            |row: &dyn Fn(i64, Option<u8>) -> Row| vec![row(NOW + 30, SUPERSEDED), row(NOW - DAY, COMPROMISED)],
            (NOW - DAY, COMPROMISED),
        ),
        (|row| vec![row(NOW - 9, SUPERSEDED), row(NOW - 5, COMPROMISED)], (NOW - 9, COMPROMISED)),
        // Revoked while it was on hold: that cannot be lifted.
        (|row| vec![row(NOW - DAY, HOLD), row(NOW - 5, COMPROMISED)], (NOW - DAY, COMPROMISED)),
        (|row| vec![row(NOW - DAY, REMOVED), row(NOW - 5, COMPROMISED)], (NOW - 5, COMPROMISED)),
        (|row| vec![row(NOW - DAY, None), row(NOW - DAY, COMPROMISED)], (NOW - DAY, COMPROMISED)),
    ] as [(fn(&dyn Fn(i64, Option<u8>) -> Row) -> Vec<Row>, (i64, Option<u8>)); 5]
    {
        for rows in [rows(&row), other_way(rows(&row))] {
            assert_eq!(revoked(&by_list(&pki, &rows, vec![])), Some(expected));
        }
    }
    let later = by_list(&pki, &[row(NOW + 9, COMPROMISED), row(NOW + 5, SUPERSEDED)], vec![]);
    let certificate = pki.leader.cert.clone();
    let merged = LaterRevocation { certificate, at: NOW + 5, reason: COMPROMISED, invalid_since: None };
    assert_eq!((later.is_good(), later.later), (true, vec![merged]));
}

/// RFC 5280 §5.3.1: removeFromCRL belongs into a delta CRL; a complete one that says so makes nobody good.
#[test]
fn a_complete_list_removes_nothing() {
    let pki = Pki::new();
    let found = by_list(&pki, &[of_leader(&pki, NOW - DAY, REMOVED)], vec![]);
    assert_eq!(found.status, RevocationStatus::Unknown { missing: vec![pki.leader.cert.clone()] });
    let what = "removeFromCRL in a complete CRL";
    assert!(found.refused.iter().any(|(_, error)| *error == Error::CrlScope { what }), "{:?}", found.refused);
}

/// RFC 5280 §5.3.2: whom the issuer doubts since before the instant is neither good nor revoked then, whatever else says "good"; and
/// what such a one vouched for is not vouched for.
#[test]
fn doubt_reaches_back() {
    let pki = Pki::new();
    let doubted_since = |since| vec![Row { invalid_since: Some(since), ..of_leader(&pki, NOW + 30, COMPROMISED) }];
    let good = vec![ocsp_by(&pki.ca, false, &pki.leader, &pki.ca, CertStatus::Good, NOW)];
    let doubt = |since| RevocationStatus::Doubted { certificate: pki.leader.cert.clone(), at: NOW + 30, since };
    for since in [NOW - DAY, NOW] {
        assert_eq!(by_list(&pki, &doubted_since(since), good.clone()).status, doubt(since));
    }
    let later = by_list(&pki, &doubted_since(NOW + 1), good.clone());
    assert!(later.is_good());
    assert_eq!(later.later.first().map(LaterRevocation::stood_until), Some(NOW));
    let second = by_list(&pki, &[of_leader(&pki, NOW + 5, None), doubted_since(NOW - 5).remove(0)], vec![]);
    assert!(matches!(second.status, RevocationStatus::Doubted { since, .. } if since == NOW - 5));
    // RFC 6960 §4.4.5: an OCSP answer may say so too.
    let status = CertStatus::Revoked { at: NOW + 30, reason: COMPROMISED };
    let plain = ocsp_by(&pki.ca, false, &pki.leader, &pki.ca, status, NOW + 60);
    let told = |answers: Vec<Vec<u8>>| answers.iter().map(|answer| doubted(answer, NOW - DAY)).collect();
    let ocsp = answered(&plain, None, &told, &|tbs| pki.ca.key.sign(tbs));
    let chain = [pki.leader.cert.clone(), pki.ca.cert.clone()];
    let by = |ocsp: Vec<u8>| revocation(&chain, &Evidence { ocsps: vec![ocsp], ..Evidence::default() }, NOW).status;
    assert_eq!((by(plain), by(ocsp)), (RevocationStatus::Good, doubt(NOW - DAY)));
}

/// RFC 6960 §4.2.1: of several answers about one certificate in one response a newer "good" does not undo a revocation, only a hold.
#[test]
fn a_response_that_answers_twice() {
    let pki = Pki::new();
    let asked = OcspAsked::new(&pki.leader.cert, &pki.ca.cert).expect("a CertID");
    let answer =
        |status, at: i64| OcspAnswer { asked: asked.clone(), status, this_update: at, next_update: Some(NOW + DAY) };
    let response = |answers: Vec<OcspAnswer>| {
        let spec = OcspSpec { produced_at: NOW, answers, nonce: None };
        let key = &pki.ca.key;
        ocsp_response(&spec, &pki.ca.cert, &[], key.algorithm(), &|tbs| key.sign(tbs)).expect("OCSP")
    };
    let chain = [pki.leader.cert.clone(), pki.ca.cert.clone()];
    let revoked = |reason| CertStatus::Revoked { at: NOW - DAY, reason };
    for (status, good) in [(revoked(COMPROMISED), false), (revoked(None), false), (revoked(HOLD), true)] {
        let answers = vec![answer(CertStatus::Good, NOW - 5), answer(status, NOW - 60)];
        for answers in [answers.clone(), answers.into_iter().rev().collect()] {
            let der = response(answers);
            let found = revocation(&chain, &Evidence { ocsps: vec![der.clone()], ..Evidence::default() }, NOW);
            assert_eq!(found.is_good(), good, "{status:?}");
            let checked = Response::parse(&der).expect("readable").check(&chain[0], &chain[1], NOW, Freshness::Current);
            assert_eq!(checked.map(|one| one.status), Ok(if good { CertStatus::Good } else { status }));
        }
    }
}

fn believing(_: &[u8], _: &[Weakness], _: Option<&Certificate>) -> bool {
    true
}

/// EN 319 102-1 §5.2.5: what was made after the instant of the judgement could not be known then; clocks differ by a minute.
#[test]
fn evidence_to_come_is_none() {
    let pki = Pki::new();
    let chain = [pki.leader.cert.clone(), pki.ca.cert.clone()];
    let made = NOW + DAY;
    let row = of_leader(&pki, NOW - DAY, COMPROMISED);
    let revoking = listed(&crl_of(&pki.ca, vec![], made), &[row], &|tbs| pki.ca.key.sign(tbs));
    let good = ocsp_by(&pki.ca, false, &pki.leader, &pki.ca, CertStatus::Good, made);
    let crls = |crl: Vec<u8>| Evidence { crls: vec![crl], ..Evidence::default() };
    let pools =
        [crls(crl_of(&pki.ca, vec![], made)), Evidence { ocsps: vec![good], ..Evidence::default() }, crls(revoking)];
    for (evidence, what) in pools.iter().zip(["CRL", "OCSP response", "CRL"]) {
        let asked = |now: i64| {
            let question = Question { at: NOW, now, believes: &believing };
            revocation_in(&chain, evidence, question, &Interner::default())
        };
        let unknown = RevocationStatus::Unknown { missing: vec![pki.leader.cert.clone()] };
        assert_eq!(asked(made - 61).status, unknown);
        assert_eq!(asked(made - 61).refused.first().map(|(_, error)| error.clone()), Some(Error::NotFresh { what }));
        assert_ne!(asked(made - 60).status, unknown);
    }
}

/// EN 319 102-1 §5.2.7: of what an ended algorithm made only a revocation is believed; the asker says which has ended.
#[test]
fn a_weak_algorithm_makes_nobody_good() {
    let pki = Pki::new();
    // The root has an RSA key; it stands for the CA.
    let key = Key::ec();
    let leaf = issue(&signer_spec("Nguyễn Văn Gốc", 61, &key), Some(&pki.root), key);
    let Key::Rsa(pair) = &pki.root.key else { panic!("an RSA key") };
    let sign = |tbs: &[u8]| sha1_with_rsa(pair, tbs);
    let chain = [leaf.cert.clone(), pki.root.cert.clone()];
    let crl = |rows: &[Row]| {
        let plain = crl_of(&pki.root, vec![], NOW);
        let plain = if rows.is_empty() { plain } else { listed(&plain, rows, &sign) };
        crl_by(&plain, SHA1_WITH_RSA, &sign)
    };
    let ocsp = |status| {
        let plain = ocsp_by(&pki.root, false, &leaf, &pki.root, status, NOW);
        answered(&plain, Some(SHA1_WITH_RSA), &|answers| answers, &sign)
    };
    let asked = |ocsps: Vec<Vec<u8>>, crls: Vec<Vec<u8>>, strict: bool| {
        let believes = |_: &[u8], weak: &[Weakness], signer: Option<&Certificate>| {
            assert_eq!(signer, None, "a key of the path");
            !strict || !weak.contains(&Weakness::WeakSignatureDigest(DigestAlgorithm::Sha1))
        };
        let question = Question { at: NOW, now: NOW, believes: &believes };
        revocation_in(&chain, &Evidence { ocsps, crls, ..Evidence::default() }, question, &Interner::default())
    };
    let gone = Row { serial: leaf.cert.serial(), at: NOW - DAY, reason: COMPROMISED, invalid_since: None };
    let rows = std::slice::from_ref(&gone);
    let revoked_status = CertStatus::Revoked { at: NOW - DAY, reason: COMPROMISED };
    for (ocsps, crls) in [(vec![], vec![crl(&[])]), (vec![ocsp(CertStatus::Good)], vec![])] {
        assert!(asked(ocsps.clone(), crls.clone(), false).is_good());
        let strict = asked(ocsps.clone(), crls.clone(), true);
        assert_eq!(strict.status, RevocationStatus::Unknown { missing: vec![leaf.cert.clone()] });
        assert!(strict.refused.iter().any(|(_, error)| *error == Error::WeakEvidence), "{:?}", strict.refused);
        // What is strong beside it suffices, and the weak one is not named.
        let strong = crl_of(&pki.root, vec![], NOW - 60);
        let both = asked(ocsps, [crls, vec![strong]].concat(), true);
        assert!(both.is_good() && both.used.len() == 1);
    }
    assert!(revoked(&asked(vec![], vec![crl(rows)], true)).is_some());
    assert!(revoked(&asked(vec![ocsp(revoked_status)], vec![], true)).is_some());
}

/// RFC 6960 §4.2.2.2: a responder's key that was certified twice: the one that was revoked says nothing, the one that stands answers, in
/// whichever order they are offered.
#[test]
fn a_responder_that_was_renewed() {
    let pki = Pki::new();
    let key = Key::ec();
    let spec = CertificateSpec {
        extended_key_usage: vec![ExtendedKeyUsage::OcspSigning],
        ..signer_spec("OCSP được cấp lại", 50, &key)
    };
    let old = issue(&spec, Some(&pki.ca), key);
    let sign = |tbs: &[u8]| pki.ca.key.sign(tbs);
    let spec = CertificateSpec { serial: vec![0x5a, 51], ..spec };
    let new = ::pki::issue::certificate(&spec, Some(&pki.ca.cert), pki.ca.key.algorithm(), &sign).expect("issued");
    let answer = ocsp_by(&old, false, &pki.leader, &pki.ca, CertStatus::Good, NOW);
    let gone = Row { serial: old.cert.serial(), at: NOW - DAY, reason: SUPERSEDED, invalid_since: None };
    let leader = of_leader(&pki, NOW + DAY, COMPROMISED);
    // A list that says of the responders which stands; of the leader it is too old to say anything.
    let crl = listed(&crl_of(&pki.ca, vec![], NOW), &[gone, leader], &sign);
    let chain = [pki.leader.cert.clone(), pki.ca.cert.clone()];
    let judge = |certificates: Vec<Certificate>| {
        revocation(&chain, &Evidence { certificates, ocsps: vec![answer.clone()], crls: vec![crl.clone()] }, NOW)
    };
    for (pool, refused) in [
        (vec![old.cert.clone(), new.clone()], false),
        (vec![new.clone(), old.cert.clone()], false),
        (vec![new.clone()], false),
        (vec![old.cert.clone()], true),
    ] {
        let found = judge(pool);
        assert_eq!(found.refused.iter().any(|(_, error)| *error == Error::OcspResponder), refused, "{found:?}");
    }
}
