//! A certified copy whose document time-stamp was renewed, once and often (ETSI EN 319 142-1 §5.5), judged years later from the file alone.

use pades::{Level, PathStatus, Profile, Report, Verdict};
use pki::issue::Attribute;

use crate::common::*;
use crate::past::{DAY, authority, root_crl, short_lived, stored};

/// `domain::renewal::MOST`.
const MOST: u8 = 24;
/// An authority's X.509 certificate lives for 100 days, and its stamp is renewed 20 days before.
const LIFE: i64 = 100 * DAY;
const STEP: i64 = 80 * DAY;

/// The next X.509 certificate of the authority, from `at` on.
fn next_authority(pki: &mut Pki, serial: u8, at: i64) {
    pki.tsa = issue_one(serial, &[(Attribute::CommonName, "TSA kế tiếp")], Some(&pki.root), |spec| {
        authority(spec);
        (spec.not_before, spec.not_after) = (at - DAY, at + LIFE);
    });
}

/// The archived copy and each of its renewals, with the time of its last time-stamp.
fn generations() -> (Pki, Vec<(i64, Vec<u8>)>) {
    let mut pki = short_lived();
    next_authority(&mut pki, 20, NOW);
    let first = archive(&pki, &make(&pki).sealed, NOW + 120);
    let mut files = vec![(NOW + 120, first)];
    for generation in 1..=MOST {
        let at = NOW + STEP * i64::from(generation);
        next_authority(&mut pki, 20 + generation, at);
        let (_, before) = files.last().expect("a file");
        // What the authority before needs: that nobody of its path was revoked.
        let file = stored(&pki, before, &[], &[root_crl(&pki, at - DAY, &[])], at);
        files.push((at, file));
    }
    (pki, files)
}

fn at(pki: &Pki, file: &[u8], at: i64) -> Report {
    judge_as(file, &pki.anchors(), at, Profile::Ecopy)
}

/// R64, R67: five years later every X.509 certificate of the signers and their CA has expired, and the last of 25 time-stamps carries both
/// signatures at B-LTA; a copy that was not renewed in time cannot be told any more, and is not called forged.
#[test]
fn a_renewed_copy_holds_for_years() {
    let (pki, files) = generations();
    for (generation, (made, file)) in files.iter().enumerate().skip(1).filter(|(n, _)| [1, 2, 24].contains(n)) {
        let report = at(&pki, file, made + LIFE - DAY);
        assert_eq!(report.verdict, Verdict::Valid, "{generation}: {:?}", report.reasons);
        assert_eq!(report.signatures.len(), 3 + generation);
        for one in report.signatures.iter().take(2) {
            assert_eq!((one.level, one.certificate_path), (Level::BLTA, PathStatus::Trusted), "{}", one.field);
        }
        let late = at(&pki, file, made + LIFE + DAY);
        assert_eq!(late.verdict, Verdict::Indeterminate, "{generation}: {:?}", late.reasons);
    }
    assert!(files.last().is_some_and(|(made, _)| *made > NOW + 5 * 365 * DAY), "years, not months");
}

/// R64: in the last container nothing may stand that nobody signs, however often the copy was renewed.
#[test]
fn the_last_container_of_a_renewed_copy_is_ours_alone() {
    let (pki, files) = generations();
    let (made, file) = files.get(2).expect("the second renewal");
    let mut altered = file.clone();
    // The padding of the last container holds what nobody signs.
    let last = altered.windows(3).rposition(|three| three == b"00>").expect("a container");
    altered[last] = b'1';
    let report = at(&pki, &altered, made + DAY);
    assert_ne!(report.verdict, Verdict::Valid);
    assert!(codes(&report).contains(&"copy-padding-used"), "{:?}", report.reasons);
}
