//! Pools of evidence, shuffled, doubled, thinned and mixed with another PKI's of the same names: what may change a verdict and
//! what may not.
//!
//! Taking evidence away can make a verdict better where what was taken was itself a revocation, of a member or of whoever
//! signed about it: nobody knows what is not shown. So "less is never better" is asked of pools that tell of no revocation.

use std::sync::OnceLock;

use pki::ocsp::CertStatus;
use pki::path::{Evidence, EvidenceItem, Purpose, RevocationStatus, build, revocation};
use pki::{Certificate, issue::CertificateSpec, issue::ExtendedKeyUsage};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::pki::{DAY, Holder, Key, NOW, Pki, issue, signer_spec};
use crate::revocation::{crl_of, entry, ocsp_by};

/// One thing that a pool may hold.
#[derive(Clone, Debug)]
enum Piece {
    Certificate(Certificate),
    Ocsp(Vec<u8>),
    Crl(Vec<u8>),
}

struct World {
    chain: [Certificate; 3],
    /// Tells of no revocation.
    calm: Vec<Piece>,
    /// Revocations by the issuers themselves, at or before the instant, none of them a hold.
    revocations: Vec<Piece>,
    /// What may say anything about anybody: the responder is not vouched for, or revoked; the revocation is to come.
    doubtful: Vec<Piece>,
    /// The same names and numbers, other keys.
    strangers: Vec<Piece>,
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let (own, other) = (Pki::new(), Pki::new());
        let (bound, twin) = (bound(&own), bound(&other));
        let later = CertStatus::Revoked { at: NOW + DAY, reason: Some(1) };
        let by =
            |pki: &Pki, signer: &Holder, about: &Holder, status| ocsp_by(signer, true, about, &pki.ca, status, NOW);
        let doubtful = vec![
            Piece::Ocsp(by(&own, &bound, &own.leader, CertStatus::Revoked { at: NOW - DAY, reason: Some(1) })),
            Piece::Ocsp(by(&own, &own.responder, &own.leader, later)),
            Piece::Crl(crl_of(&own.ca, vec![entry(&bound, NOW - DAY)], NOW)),
            Piece::Crl(crl_of(&own.ca, vec![entry(&own.leader, NOW + 60)], NOW + DAY)),
        ];
        World {
            chain: [&own.leader, &own.ca, &own.root].map(|holder| holder.cert.clone()),
            calm: calm(&own, &bound),
            revocations: revocations(&own),
            doubtful,
            strangers: [calm(&other, &twin), revocations(&other)].concat(),
        }
    })
}

/// A responder of which something else must say that it was not revoked.
fn bound(pki: &Pki) -> Holder {
    let key = Key::ec();
    let usage = vec![ExtendedKeyUsage::OcspSigning];
    let spec = CertificateSpec { extended_key_usage: usage, ..signer_spec("OCSP không nocheck", 50, &key) };
    issue(&spec, Some(&pki.ca), key)
}

fn calm(pki: &Pki, bound: &Holder) -> Vec<Piece> {
    let good = |signer: &Holder, embed: bool, about: &Holder, at: i64| {
        Piece::Ocsp(ocsp_by(signer, embed, about, &pki.ca, CertStatus::Good, at))
    };
    let mut pieces = vec![
        good(&pki.ca, false, &pki.leader, NOW),
        good(&pki.responder, true, &pki.leader, NOW + 60),
        good(&pki.responder, false, &pki.leader, NOW - 60),
        good(bound, true, &pki.leader, NOW),
        good(bound, false, &pki.leader, NOW + 120),
        good(bound, true, bound, NOW),
        good(&pki.ca, false, bound, NOW),
        good(&pki.responder, true, bound, NOW),
        good(&pki.ca, false, &pki.leader, NOW - 9 * DAY),
        good(&pki.ca, false, &pki.seal, NOW),
        Piece::Crl(crl_of(&pki.root, vec![], NOW)),
        Piece::Crl(crl_of(&pki.root, vec![], NOW - 30 * DAY)),
        Piece::Crl(crl_of(&pki.ca, vec![], NOW - 60)),
        Piece::Crl(crl_of(&pki.ca, vec![], NOW - 30 * DAY)),
    ];
    let certificates = [&pki.root, &pki.ca, &pki.leader, &pki.responder, bound, &pki.seal];
    pieces.extend(certificates.map(|holder| Piece::Certificate(holder.cert.clone())));
    pieces
}

fn revocations(pki: &Pki) -> Vec<Piece> {
    let revoked = CertStatus::Revoked { at: NOW - 2 * DAY, reason: Some(1) };
    vec![
        Piece::Ocsp(ocsp_by(&pki.ca, false, &pki.leader, &pki.ca, revoked, NOW - DAY)),
        Piece::Ocsp(ocsp_by(&pki.responder, true, &pki.leader, &pki.ca, revoked, NOW + DAY)),
        Piece::Crl(crl_of(&pki.ca, vec![entry(&pki.leader, NOW - 3 * DAY)], NOW)),
        Piece::Crl(crl_of(&pki.ca, vec![entry(&pki.leader, NOW)], NOW + 30 * DAY)),
        Piece::Crl(crl_of(&pki.root, vec![entry(&pki.ca, NOW - DAY)], NOW)),
    ]
}

fn pool<'a>(pieces: impl IntoIterator<Item = &'a Piece>) -> Evidence {
    let mut evidence = Evidence::default();
    for piece in pieces {
        match piece {
            Piece::Certificate(certificate) => evidence.certificates.push(certificate.clone()),
            Piece::Ocsp(der) => evidence.ocsps.push(der.clone()),
            Piece::Crl(der) => evidence.crls.push(der.clone()),
        }
    }
    evidence
}

fn judged(pieces: &[Piece]) -> RevocationStatus {
    revocation(&world().chain, &pool(pieces), NOW).status
}

fn missing(status: &RevocationStatus) -> usize {
    match status {
        RevocationStatus::Good => 0,
        RevocationStatus::Unknown { missing } => missing.len(),
        RevocationStatus::Revoked { .. } | RevocationStatus::Doubted { .. } => panic!("nothing tells of a revocation"),
    }
}

/// Everything that is really about this chain.
fn own() -> Vec<Piece> {
    let World { calm, revocations, doubtful, .. } = world();
    [calm.clone(), revocations.clone(), doubtful.clone()].concat()
}

/// Some of these, in their order.
fn some(pieces: Vec<Piece>) -> impl Strategy<Value = Vec<Piece>> {
    let most = pieces.len();
    proptest::sample::subsequence(pieces, 0..=most)
}

/// Another order, and some of it twice or thrice.
fn shaken(pieces: Vec<Piece>) -> impl Strategy<Value = (Vec<Piece>, Vec<Piece>)> {
    let most = pieces.len();
    let again = proptest::collection::vec(any::<Index>(), 0..=most);
    (Just(pieces), again).prop_flat_map(|(pieces, again)| {
        let doubles = again.iter().filter(|_| !pieces.is_empty()).map(|index| index.get(&pieces).clone());
        let all: Vec<Piece> = pieces.iter().cloned().chain(doubles).collect();
        (Just(pieces), Just(all).prop_shuffle())
    })
}

/// The same with one octet changed, where it can still be kept in a pool.
fn spoilt(piece: &Piece, at: Index, bit: u8) -> Option<Piece> {
    let change = |der: &[u8]| {
        let mut der = der.to_vec();
        let place = at.index(der.len());
        der[place] ^= 1 << (bit % 8);
        der
    };
    match piece {
        Piece::Certificate(certificate) => {
            Certificate::from_der(&change(certificate.der())).ok().map(Piece::Certificate)
        }
        Piece::Ocsp(der) => Some(Piece::Ocsp(change(der))),
        Piece::Crl(der) => Some(Piece::Crl(change(der))),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    /// Order and repetition say nothing.
    #[test]
    fn order_and_repetition_change_nothing((pieces, shaken) in some(own()).prop_flat_map(shaken)) {
        prop_assert_eq!(judged(&pieces), judged(&shaken));
    }

    /// What others signed under the same names and numbers says nothing; what was spoilt says nothing, or, where no signature covers the
    /// changed octet (the X.509 certificates in an OCSP response), what it said before.
    #[test]
    fn strangers_change_nothing(
        pieces in some(own()),
        strangers in some(world().strangers.clone()),
        spoils in proptest::collection::vec((any::<Index>(), any::<Index>(), any::<u8>()), 0..6),
        first in any::<bool>(),
    ) {
        let all = own();
        let pairs: Vec<(Piece, Piece)> = spoils
            .iter()
            .filter_map(|(which, at, bit)| {
                let whole = which.get(&all);
                Some((whole.clone(), spoilt(whole, *at, *bit)?))
            })
            .collect();
        let foreign: Vec<Piece> = strangers.into_iter().chain(pairs.iter().map(|(_, spoilt)| spoilt.clone())).collect();
        let mixed = judged(&if first { [foreign, pieces.clone()] } else { [pieces.clone(), foreign] }.concat());
        let wholes: Vec<Piece> = pairs.into_iter().map(|(whole, _)| whole).collect();
        prop_assert!(
            (0..1usize << wholes.len()).any(|chosen| {
                let said = wholes.iter().enumerate().filter(|(at, _)| chosen >> at & 1 == 1).map(|(_, whole)| whole.clone());
                judged(&pieces.iter().cloned().chain(said).collect::<Vec<_>>()) == mixed
            }),
            "{mixed:?}"
        );
    }

    /// Where nothing tells of a revocation, more evidence never makes a verdict worse, and less never better.
    #[test]
    fn less_is_never_better((more, less) in some(world().calm.clone()).prop_flat_map(|more| (Just(more.clone()), some(more)))) {
        prop_assert!(missing(&judged(&more)) <= missing(&judged(&less)));
    }

    /// A revocation by an issuer stays, whatever stands beside it; another one can only be earlier or of a member nearer to
    /// the leaf.
    #[test]
    fn a_revocation_stays(
        which in any::<Index>(),
        before in some(own()),
        after in some([own(), world().strangers.clone()].concat()),
    ) {
        let revocation = which.get(&world().revocations).clone();
        let alone = judged(std::slice::from_ref(&revocation));
        let all = judged(&[before, vec![revocation], after].concat());
        let place = |status: &RevocationStatus| match status {
            RevocationStatus::Revoked { certificate, at, .. } => {
                world().chain.iter().position(|member| member == certificate).map(|index| (index, *at))
            }
            _ => None,
        };
        let (alone, all) = (place(&alone).expect("revoked"), place(&all));
        prop_assert!(all.is_some_and(|all| all <= alone), "{all:?} after {alone:?}");
    }

    /// A good verdict stands on what it names: a DSS with nothing else gives it again.
    #[test]
    fn what_is_named_suffices(pieces in some([world().calm.clone(), world().doubtful.clone()].concat())) {
        let evidence = pool(&pieces);
        let found = revocation(&world().chain, &evidence, NOW);
        if found.is_good() {
            let (mut ocsps, mut crls) = (Vec::new(), Vec::new());
            for item in &found.used {
                match item {
                    EvidenceItem::Ocsp(index) => ocsps.push(evidence.ocsps[*index].clone()),
                    EvidenceItem::Crl(index) => crls.push(evidence.crls[*index].clone()),
                }
            }
            let named = Evidence { certificates: found.responders, ocsps, crls };
            prop_assert!(revocation(&world().chain, &named, NOW).is_good());
        }
    }

    /// A path is found in any order, with repetitions and beside certificates of the same names; and not without its issuer.
    #[test]
    fn a_path_is_found_in_any_pool((pieces, shaken) in some([own(), world().strangers.clone()].concat()).prop_flat_map(shaken)) {
        let [leaf, ca, root] = &world().chain;
        let path = |pieces: &[Piece]| {
            build(leaf, &pool(pieces).certificates, std::slice::from_ref(root), NOW, Purpose::Signing)
        };
        let found = path(&pieces);
        prop_assert_eq!(found.is_trusted(), pool(&pieces).certificates.contains(ca));
        prop_assert_eq!(&found.outcome, &path(&shaken).outcome);
        if found.is_trusted() {
            prop_assert_eq!(&found.chain, &world().chain);
        }
    }
}
